CREATE EXTENSION hypopg;

CREATE TABLE item AS SELECT n AS id FROM generate_series(1, 10000) n;

ANALYZE item;

SELECT count(*) = 1 FROM hypopg_create_index('CREATE INDEX ON item (id)');

CREATE FUNCTION plan(query text) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
  answer json;
BEGIN
  EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO answer;
  RETURN answer;
END
$$;

SELECT plan('SELECT * FROM item WHERE id = 1')::text LIKE '%<%>btree_item_id%';
