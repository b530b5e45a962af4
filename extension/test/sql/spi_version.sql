CREATE ROLE regress_hello_user;
GRANT CREATE ON DATABASE :"DBNAME" TO regress_hello_user;
SET SESSION AUTHORIZATION regress_hello_user;
CREATE SCHEMA hello;
SET search_path = hello;
CREATE EXTENSION pg_hello;

SELECT spi_version() = version() AS equal, pg_typeof(spi_version());
SELECT spi_version() LIKE 'PostgreSQL ' || split_part(current_setting('server_version'), ' ', 1) || '%' AS server;
-- later calls use the plan of the first call
SELECT spi_version() = version() AS equal;
SELECT count(*), bool_and(spi_version() = version()) AS equal FROM generate_series(1, 10000);

-- other functions with the name version are not called, regardless of the search_path when the plan is created
CREATE SCHEMA hostile;
CREATE FUNCTION hostile.version() RETURNS text LANGUAGE sql AS $$SELECT 'hostile'::text$$;
CREATE FUNCTION hostile.version(VARIADIC text[]) RETURNS text LANGUAGE sql AS $$SELECT 'hostile'::text$$;
SET search_path = hostile, pg_catalog;
SELECT version(), hello.spi_version() = pg_catalog.version() AS equal;
\c
SET SESSION AUTHORIZATION regress_hello_user;
SET search_path = hostile, pg_catalog;
SELECT version(), hello.spi_version() = pg_catalog.version() AS equal;
\c
SET SESSION AUTHORIZATION regress_hello_user;
SET search_path = '';
SELECT hello.spi_version() = version() AS equal;
SET search_path = hello;
DISCARD ALL;
SET SESSION AUTHORIZATION regress_hello_user;
SET search_path = hello;
SELECT spi_version() = version() AS equal;

-- the first call is in a subtransaction that is rolled back
\c
SET SESSION AUTHORIZATION regress_hello_user;
SET search_path = hello;
DO $$
BEGIN
  BEGIN
    RAISE EXCEPTION USING ERRCODE = 'P0001', MESSAGE = spi_version();
  EXCEPTION WHEN raise_exception THEN
    RAISE NOTICE 'equal: %', SQLERRM = version();
  END;
  FOR i IN 1..3 LOOP
    BEGIN
      RAISE NOTICE 'equal: %', spi_version() = version();
      PERFORM 1 / (i - 2);
    EXCEPTION WHEN division_by_zero THEN
      RAISE NOTICE 'equal: %', spi_version() = version();
    END;
  END LOOP;
END
$$;
\c
SET SESSION AUTHORIZATION regress_hello_user;
SET search_path = hello;
BEGIN;
SAVEPOINT a;
SELECT spi_version() = version() AS equal;
\set VERBOSITY sqlstate
SELECT 1 / 0;
SELECT spi_version();
\set VERBOSITY default
ROLLBACK TO a;
SELECT spi_version() = version() AS equal;
ROLLBACK;
SELECT spi_version() = version() AS equal;

-- the first call has no privilege for version(), and a later call has it
RESET SESSION AUTHORIZATION;
\c
BEGIN;
REVOKE EXECUTE ON FUNCTION pg_catalog.version() FROM PUBLIC;
SET LOCAL SESSION AUTHORIZATION regress_hello_user;
SAVEPOINT a;
\set VERBOSITY sqlstate
SELECT hello.spi_version();
\set VERBOSITY default
ROLLBACK TO a;
ROLLBACK;
SET SESSION AUTHORIZATION regress_hello_user;
SET search_path = hello;
SELECT spi_version() = version() AS equal;

-- in functions, queries and commands that also use SPI
CREATE FUNCTION nested(depth integer) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  IF depth > 0 THEN
    RETURN (SELECT hello.nested(depth - 1));
  END IF;
  RETURN hello.spi_version();
END
$$;
SELECT nested(5) = version() AS equal;
CREATE FUNCTION each() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  r record;
BEGIN
  FOR r IN SELECT i, hello.spi_version() AS v FROM generate_series(1, 3) i LOOP
    RETURN NEXT r.i || ' ' || (r.v = hello.spi_version());
  END LOOP;
END
$$;
SELECT * FROM each();
CREATE TABLE versions (id integer, version text DEFAULT spi_version());
INSERT INTO versions VALUES (1), (2);
SELECT id, version = version() AS equal FROM versions ORDER BY id;
BEGIN READ ONLY;
SELECT spi_version() = version() AS equal;
COMMIT;
BEGIN;
DECLARE v CURSOR FOR SELECT spi_version() = version() FROM generate_series(1, 3);
FETCH v;
SELECT spi_version() = version() AS equal;
FETCH v;
COMMIT;

-- in a command that writes in parallel mode, in which the command counter must not be incremented
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers = 0;
CREATE TABLE parallel_versions AS SELECT spi_version() = version() AS equal FROM versions;
SELECT equal, count(*) FROM parallel_versions GROUP BY equal;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers;

-- calls with arguments fail
\set VERBOSITY sqlstate
SELECT spi_version(1);
SELECT spi_version(NULL);
\set VERBOSITY default

SET client_min_messages = warning;
DROP SCHEMA hello CASCADE;
DROP SCHEMA hostile CASCADE;
RESET client_min_messages;
RESET SESSION AUTHORIZATION;
DROP OWNED BY regress_hello_user;
DROP ROLE regress_hello_user;
