CREATE EXTENSION pg_hint_plan;

CREATE TABLE item AS SELECT n AS id FROM generate_series(1, 10) n;

CREATE INDEX ON item (id);

ANALYZE item;

CREATE FUNCTION plan(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  answer text;
BEGIN
  EXECUTE 'EXPLAIN ' || query INTO answer;
  RETURN answer;
END
$$;

SELECT plan('SELECT * FROM item WHERE id = 1') LIKE 'Seq Scan%';

SELECT plan('/*+ IndexScan(item) */ SELECT * FROM item WHERE id = 1') LIKE 'Index Scan%';
