-- SPDX-License-Identifier: MIT
-- A database in which a superuser and three other roles own objects. The objects depend on each other in all ways that the
-- privileges of the roles allow.
CREATE ROLE alice;
CREATE ROLE "x bob";
CREATE EXTENSION pg_hello_ops;
SELECT hello_ops.take_snapshot();
CREATE SCHEMA shop;
GRANT USAGE, CREATE ON SCHEMA shop TO alice, "x bob";
CREATE TABLE shop.kinds (kind text PRIMARY KEY);
INSERT INTO shop.kinds VALUES ('book'), ('toy');
GRANT SELECT, REFERENCES ON shop.kinds TO alice;
CREATE TABLE shop.audit (at timestamptz DEFAULT now(), what text);
COMMENT ON TABLE shop.audit IS 'the audit''s';
INSERT INTO shop.audit VALUES (now(), 'begun');
CREATE FUNCTION shop.greet(name text) RETURNS text IMMUTABLE SECURITY DEFINER LANGUAGE plpgsql AS 'BEGIN RETURN name; END';
REVOKE EXECUTE ON FUNCTION shop.greet(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION shop.greet(text) TO alice;
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
GRANT USAGE ON FOREIGN SERVER nowhere TO alice;
-- objects in schemas in which the owner must not create objects
CREATE TABLE public.given (id serial PRIMARY KEY, name text UNIQUE);
INSERT INTO public.given (name) VALUES ('a'), ('b');
CREATE INDEX ON public.given (lower(name));
ALTER TABLE public.given OWNER TO alice;
CREATE SCHEMA closed;
GRANT USAGE ON SCHEMA closed TO "x bob";
CREATE VIEW closed.given AS SELECT 1 AS one;
ALTER VIEW closed.given OWNER TO "x bob";

SET ROLE alice;
CREATE DOMAIN shop.positive AS integer CHECK (VALUE > 0);
CREATE FUNCTION shop.twice(i integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN 2 * i; END';
REVOKE EXECUTE ON FUNCTION shop.twice(integer) FROM PUBLIC;
CREATE TABLE shop.things (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text REFERENCES shop.kinds,
  price shop.positive,
  twice integer GENERATED ALWAYS AS (shop.twice(price)) STORED,
  CHECK (shop.twice(price) > 0)
);
INSERT INTO shop.things (kind, price) SELECT CASE WHEN i % 3 = 0 THEN 'toy' ELSE 'book' END, i FROM generate_series(1, 1000) i;
CREATE INDEX ON shop.things (shop.twice(price));
CREATE STATISTICS shop.kinds_and_prices ON kind, price FROM shop.things;
CREATE MATERIALIZED VIEW shop.sums AS SELECT kind, sum(shop.twice(price)) FROM shop.things GROUP BY kind ORDER BY kind;
ALTER TABLE shop.things ENABLE ROW LEVEL SECURITY;
CREATE POLICY cheap ON shop.things USING (price < 500);
COMMENT ON POLICY cheap ON shop.things IS 'of alice';
CREATE TABLE shop.tenants (kind text REFERENCES shop.kinds, name text);
INSERT INTO shop.tenants VALUES ('toy', 'a');
ALTER TABLE shop.tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE shop.tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY all_of_it ON shop.tenants USING (name = 'a');
CREATE TABLE shop."a b" (i integer);
CREATE TABLE shop.sales (day date, number integer) PARTITION BY RANGE (day);
CREATE TABLE shop.sales_2026 PARTITION OF shop.sales FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO shop.sales VALUES ('2026-11-23', 7);
GRANT SELECT, REFERENCES ON shop.things TO "x bob";
GRANT SELECT (day) ON shop.sales TO "x bob";
COMMENT ON COLUMN shop.things.price IS 'of alice';
CREATE INDEX ON shop.things (shop.greet(kind));
CREATE FOREIGN TABLE shop.far (i integer) SERVER nowhere;
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO "x bob";

SET ROLE "x bob";
CREATE TABLE shop.reviews (thing integer REFERENCES shop.things, stars integer, text text);
INSERT INTO shop.reviews SELECT i, i % 5, E'a\\b\nc' FROM generate_series(1, 100) i;
CREATE FUNCTION shop.no_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';
CREATE TRIGGER no_change BEFORE UPDATE ON shop.reviews FOR EACH ROW EXECUTE FUNCTION shop.no_change();
CREATE VIEW shop.stars AS SELECT thing, avg(stars) FROM shop.reviews GROUP BY thing;
SELECT lo_from_bytea(0, 'large');

SET ROLE app;
CREATE SCHEMA own;
CREATE TABLE own.numbers (i serial PRIMARY KEY, name text DEFAULT pg_hello('x'));
INSERT INTO own.numbers (name) VALUES ('one'), (NULL);
RESET ROLE;

-- an event trigger that logs DDL: the restored table must not contain the restore's own statements
CREATE TABLE shop.done (tag text);
CREATE FUNCTION shop.log() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO shop.done VALUES (tg_tag); END';
CREATE EVENT TRIGGER log ON ddl_command_end EXECUTE FUNCTION shop.log();
