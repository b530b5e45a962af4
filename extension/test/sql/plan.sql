-- a server with pg_stat_statements would show an identifier in each plan
SET compute_query_id = off;
CREATE ROLE regress_hello_user;
GRANT CREATE ON DATABASE :"DBNAME" TO regress_hello_user;
SET SESSION AUTHORIZATION regress_hello_user;
CREATE SCHEMA hello;
SET search_path = hello;
CREATE EXTENSION pg_hello;
SELECT pg_hello('loaded');

-- use the plans that users see, without forced parallel workers
SELECT set_config(name, 'off', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');

-- an immutable call is folded to a constant, but a stable or volatile call is not
EXPLAIN (COSTS OFF, VERBOSE) SELECT pg_hello('x', 2);
EXPLAIN (COSTS OFF, VERBOSE) SELECT pg_hello('x');
EXPLAIN (COSTS OFF, VERBOSE) SELECT pg_hello_all('{x}', '{1}');
EXPLAIN (COSTS OFF, VERBOSE) SELECT now_ms(), spi_version();
EXPLAIN (COSTS OFF, VERBOSE) SELECT pg_hello(NULL), pg_hello(NULL, 2), pg_hello('x', NULL);

-- a folded call with an invalid count fails even if it is never reached
\set VERBOSITY terse
SELECT CASE WHEN n < 11 THEN pg_hello('x', 11) END FROM (VALUES (12), (13)) v(n);
EXPLAIN (COSTS OFF) SELECT pg_hello('x', 0);
\set VERBOSITY default
SELECT CASE WHEN n < 11 THEN pg_hello('x', n) ELSE 'too often' END FROM (VALUES (2), (11)) v(n);

-- a prepared statement uses the current value of the setting
PREPARE literal AS SELECT pg_hello('x');
PREPARE list AS SELECT pg_hello_all('{x,NULL}');
PREPARE counted(integer) AS SELECT pg_hello('x', $1);
EXECUTE literal;
EXECUTE list;
SET pg_hello.repeat = 2;
EXECUTE literal;
EXECUTE list;
SET plan_cache_mode = force_generic_plan;
EXECUTE literal;
SET pg_hello.repeat = 3;
EXECUTE literal;
EXECUTE list;
EXECUTE counted(2);
EXECUTE counted(1);
\set VERBOSITY sqlstate
EXECUTE counted(11);
\set VERBOSITY default
EXECUTE counted(NULL);
RESET plan_cache_mode;
RESET pg_hello.repeat;
CREATE FUNCTION cached() RETURNS text LANGUAGE plpgsql AS $$BEGIN RETURN hello.pg_hello('x'); END$$;
SELECT cached();
SET pg_hello.repeat = 2;
SELECT cached();
RESET pg_hello.repeat;
-- the setting can change within a statement
SELECT pg_hello('x') AS before, set_config('pg_hello.repeat', '2', false), pg_hello('x') AS after;
RESET pg_hello.repeat;

-- cheaper conditions are evaluated first
CREATE TABLE people (id integer, name text);
INSERT INTO people SELECT i, 'name ' || i FROM generate_series(1, 5000) i;
ANALYZE people;
SET max_parallel_workers_per_gather = 0;
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE spi_version() <> name AND id < 10;
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE cardinality(pg_hello_all(ARRAY[name])) = 1 AND pg_hello(name) <> '' AND id < 10;
-- a stable call without a column is evaluated once
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE spi_version() <> '';
EXPLAIN (COSTS OFF) SELECT id FROM people WHERE now_ms() > id;

-- in parallel, without participation of the leader
CREATE TABLE serial AS
SELECT id, pg_hello(name) AS one, pg_hello(name, id % 10 + 1) AS two, pg_hello_all(ARRAY[name, NULL, name], ARRAY[1, 1, id % 10 + 1]) AS "all",
  spi_version() AS version
FROM people;
RESET max_parallel_workers_per_gather;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET parallel_leader_participation = off;
ALTER TABLE people SET (parallel_workers = 2);
EXPLAIN (COSTS OFF)
SELECT count(*) FROM people
WHERE pg_hello(name) <> '' AND pg_hello(name, 2) <> '' AND pg_hello_all(ARRAY[name]) <> '{}' AND now_ms() > id AND spi_version() <> name;
SELECT count(*) FROM people
WHERE pg_hello(name) <> '' AND pg_hello(name, 2) <> '' AND pg_hello_all(ARRAY[name]) <> '{}' AND now_ms() > id AND spi_version() <> name;
EXPLAIN (COSTS OFF)
SELECT id, pg_hello(name), pg_hello(name, id % 10 + 1), pg_hello_all(ARRAY[name, NULL, name], ARRAY[1, 1, id % 10 + 1]), spi_version()
FROM people;
SELECT count(*) AS differ FROM (
  (SELECT id, pg_hello(name), pg_hello(name, id % 10 + 1), pg_hello_all(ARRAY[name, NULL, name], ARRAY[1, 1, id % 10 + 1]), spi_version()
   FROM people)
  EXCEPT ALL
  SELECT * FROM serial
) v;
-- the workers use the setting of the session
SET pg_hello.repeat = 3;
SELECT count(*) FROM people WHERE pg_hello(name) = pg_hello(name, 3) AND pg_hello_all(ARRAY[name]) = ARRAY[pg_hello(name, 3)];
BEGIN;
SET LOCAL pg_hello.repeat = 4;
SELECT count(*) FROM people WHERE pg_hello(name) = pg_hello(name, 4);
COMMIT;
SELECT count(*) FROM people WHERE pg_hello(name) = pg_hello(name, 3);
-- an error in a worker
\set VERBOSITY sqlstate
SELECT count(pg_hello(name, id)) FROM people;
SELECT count(pg_hello_all(ARRAY[name], ARRAY[id])) FROM people;
\set VERBOSITY default
-- each function in a worker, as forced by the setting for tests
SELECT set_config(name, 'on', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT pg_hello('x'), pg_hello('x', 2), pg_hello_all('{x,NULL}', '{2,1}'), now_ms() > 0 AS now_ms, spi_version() = version() AS spi_version;
EXPLAIN (COSTS OFF) SELECT pg_hello('x');

SET client_min_messages = warning;
DROP SCHEMA hello CASCADE;
RESET client_min_messages;
RESET SESSION AUTHORIZATION;
DROP OWNED BY regress_hello_user;
DROP ROLE regress_hello_user;
