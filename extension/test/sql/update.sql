CREATE ROLE regress_hello_owner;
CREATE ROLE regress_hello_guest;
CREATE DATABASE regress_hello_update OWNER regress_hello_owner;
SELECT current_database() AS main \gset
\c regress_hello_update
SELECT default_version AS newest FROM pg_available_extensions WHERE name = 'pg_hello' \gset
SET SESSION AUTHORIZATION regress_hello_owner;
CREATE SCHEMA hello;
SET search_path = hello;

-- version 1.0
CREATE EXTENSION pg_hello VERSION '1.0';
SELECT p.oid::regprocedure AS function, pg_get_function_result(p.oid) AS result, p.provolatile, p.proisstrict, p.proparallel,
  p.procost, p.prosrc
FROM pg_depend d
  JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
  JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
WHERE e.extname = 'pg_hello'
ORDER BY p.proname, p.pronargs;
SELECT pg_hello('x'), abs(extract(epoch FROM clock_timestamp()) * 1000 - now_ms()) < 1000 AS now_ms, spi_version() = version() AS spi_version;
SET pg_hello.repeat = 2;
SELECT pg_hello('x');
RESET pg_hello.repeat;
\set VERBOSITY sqlstate
SELECT pg_hello('x', 2);
SELECT pg_hello_all('{x}');
CREATE TABLE refused (name text, greeting text GENERATED ALWAYS AS (pg_hello(name)) STORED);
\set VERBOSITY default
SELECT path LIKE '1.0--%' AS found FROM pg_extension_update_paths('pg_hello') WHERE source = '1.0' AND target = :'newest';
SELECT source, target, path FROM pg_extension_update_paths('pg_hello')
WHERE path IS NOT NULL AND string_to_array(source, '.')::integer[] > string_to_array(target, '.')::integer[];

-- objects that depend on the extension
CREATE TABLE users (name text, at bigint DEFAULT now_ms(), CHECK (pg_hello(name) <> ''));
INSERT INTO users VALUES ('before');
SELECT at AS before FROM users \gset
CREATE VIEW greetings AS SELECT name, pg_hello(name) AS greeting FROM users;
CREATE FUNCTION server() RETURNS boolean LANGUAGE sql AS 'SELECT hello.spi_version() = version()';
CREATE FUNCTION welcome() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.name := hello.pg_hello(NEW.name); RETURN NEW; END';
CREATE TRIGGER welcome BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION welcome();
PREPARE waiting AS SELECT pg_hello('prepared');
EXECUTE waiting;

-- other roles cannot update the extension
SET SESSION AUTHORIZATION regress_hello_guest;
\set VERBOSITY sqlstate
ALTER EXTENSION pg_hello UPDATE;
\set VERBOSITY default
SET SESSION AUTHORIZATION regress_hello_owner;

-- the owner of the database updates the extension
ALTER EXTENSION pg_hello UPDATE;
SELECT extversion = :'newest' AS newest, extowner::regrole FROM pg_extension WHERE extname = 'pg_hello';
SHOW search_path;
SELECT pg_hello('x', 2), pg_hello_all('{x,NULL}', '{2,1}');
EXECUTE waiting;
INSERT INTO users VALUES ('after');
UPDATE users SET name = 'updated' WHERE name = 'before';
SELECT name, at >= :before AS at, at = :before AS kept FROM users ORDER BY name;
SELECT * FROM greetings ORDER BY name;
SELECT server();
\set VERBOSITY sqlstate
ALTER EXTENSION pg_hello UPDATE;
ALTER EXTENSION pg_hello UPDATE TO :'newest';
ALTER EXTENSION pg_hello UPDATE TO '1.0';
ALTER EXTENSION pg_hello UPDATE TO '2.0';
\set VERBOSITY default

SET client_min_messages = warning;
DROP TABLE users CASCADE;
RESET client_min_messages;
DROP FUNCTION server(), welcome();
DROP EXTENSION pg_hello;

-- the user has created a function with the signature of a new function
CREATE EXTENSION pg_hello VERSION '1.0';
CREATE FUNCTION pg_hello(name text, repeat integer) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT name || repeat';
CREATE TABLE own (name text, greeting text GENERATED ALWAYS AS (pg_hello(name, 3)) STORED);
INSERT INTO own VALUES ('own');
\set VERBOSITY sqlstate
ALTER EXTENSION pg_hello UPDATE;
SELECT pg_hello_all('{x}');
\set VERBOSITY default
SELECT extversion FROM pg_extension WHERE extname = 'pg_hello';
SELECT pg_hello('x', 3), own.* FROM own;
SHOW search_path;
DROP TABLE own;
DROP FUNCTION pg_hello(text, integer);
CREATE FUNCTION pg_hello_all(names text[], repeats integer[]) RETURNS text[] LANGUAGE sql AS 'SELECT names';
\set VERBOSITY sqlstate
ALTER EXTENSION pg_hello UPDATE;
SELECT pg_hello('x', 2);
\set VERBOSITY default
SELECT extversion FROM pg_extension WHERE extname = 'pg_hello';
DROP FUNCTION pg_hello_all(text[], integer[]);
ALTER EXTENSION pg_hello UPDATE;
SELECT pg_hello('x', 2);
DROP EXTENSION pg_hello;

-- another build of version 1.0, without dependent objects
CREATE EXTENSION pg_hello VERSION '1.0';
RESET SESSION AUTHORIZATION;
ALTER FUNCTION hello.pg_hello(text) IMMUTABLE;
ALTER FUNCTION hello.now_ms() STABLE;
SET SESSION AUTHORIZATION regress_hello_owner;
SET search_path = hello;
\set SHOW_CONTEXT never
ALTER EXTENSION pg_hello UPDATE;
\set SHOW_CONTEXT errors
SELECT extversion FROM pg_extension WHERE extname = 'pg_hello';
SHOW search_path;

-- another build of version 1.0, with dependent objects
CREATE TABLE users (name text, greeting text GENERATED ALWAYS AS (pg_hello(name)) STORED);
CREATE INDEX users_greeting ON users (pg_hello(name));
CREATE VIEW greetings AS SELECT pg_hello(name), pg_hello(name || name) AS again, spi_version() FROM users;
INSERT INTO users VALUES ('x');
DO $$
DECLARE
  detail text;
BEGIN
  ALTER EXTENSION pg_hello UPDATE;
EXCEPTION WHEN object_not_in_prerequisite_state THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  -- before version 15, the dependency is recorded for the generated column instead of its expression
  RAISE NOTICE '%', replace(detail, 'default value for column greeting', 'column greeting');
END
$$;
\set VERBOSITY sqlstate
ALTER EXTENSION pg_hello UPDATE;
ALTER EXTENSION pg_hello UPDATE TO '1.1';
SELECT pg_hello('x', 2);
\set VERBOSITY default
SELECT extversion FROM pg_extension WHERE extname = 'pg_hello';
SELECT provolatile FROM pg_proc WHERE oid = 'pg_hello(text)'::regprocedure;
SELECT greeting FROM users;

-- a function with the same name in another schema does not matter
SET client_min_messages = warning;
DROP EXTENSION pg_hello CASCADE;
RESET client_min_messages;
CREATE EXTENSION pg_hello VERSION '1.0';
RESET SESSION AUTHORIZATION;
CREATE FUNCTION public.pg_hello(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1';
ALTER EXTENSION pg_hello UPDATE;
SELECT extversion = :'newest' AS newest FROM pg_extension WHERE extname = 'pg_hello';
DROP FUNCTION public.pg_hello(text);
DROP EXTENSION pg_hello;

-- the script runs as superuser, so it must not use objects in the schema or temporary objects
SET SESSION AUTHORIZATION regress_hello_owner;
SET search_path = hello;
CREATE EXTENSION pg_hello VERSION '1.0';
CREATE FUNCTION trap() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  RAISE WARNING 'trapped as superuser: %', (SELECT rolsuper FROM pg_roles WHERE rolname = current_user);
  RETURN true;
END
$$;
CREATE FUNCTION format(text, text, text) RETURNS text LANGUAGE sql AS $$SELECT 'trapped' WHERE hello.trap()$$;
CREATE FUNCTION current_setting(varchar) RETURNS text LANGUAGE sql AS $$SELECT 'trapped' WHERE hello.trap()$$;
CREATE FUNCTION set_config(text, varchar, boolean) RETURNS text LANGUAGE sql AS $$SELECT 'trapped' WHERE hello.trap()$$;
CREATE FUNCTION unnest(oid[]) RETURNS SETOF oid LANGUAGE sql AS $$SELECT 1::oid WHERE hello.trap()$$;
CREATE FUNCTION step(oid[], oid) RETURNS oid[] LANGUAGE sql AS $$SELECT $1 || $2 WHERE hello.trap()$$;
CREATE AGGREGATE array_agg(oid) (SFUNC = step, STYPE = oid[]);
CREATE FUNCTION unlike("char", text) RETURNS boolean LANGUAGE sql AS $$SELECT hello.trap()$$;
CREATE OPERATOR <> (LEFTARG = "char", RIGHTARG = text, PROCEDURE = unlike);
CREATE FUNCTION alike(name, text) RETURNS boolean LANGUAGE sql AS $$SELECT hello.trap()$$;
CREATE OPERATOR = (LEFTARG = name, RIGHTARG = text, PROCEDURE = alike);
CREATE DOMAIN text AS varchar CHECK (hello.trap());
CREATE DOMAIN "integer" AS pg_catalog.int4 CHECK (hello.trap());
CREATE TEMPORARY TABLE pg_extension (oid oid, extname name);
CREATE TEMPORARY TABLE pg_depend (classid oid);
CREATE TEMPORARY VIEW pg_proc AS SELECT 1::oid AS oid, 'pg_hello'::name AS proname, 'i'::"char" AS provolatile WHERE hello.trap();
ALTER EXTENSION pg_hello UPDATE;
SELECT pg_hello('x', 2);
DROP EXTENSION pg_hello;
-- the same if the script fails with an error
CREATE EXTENSION pg_hello VERSION '1.0';
RESET SESSION AUTHORIZATION;
ALTER FUNCTION hello.pg_hello(pg_catalog.text) IMMUTABLE;
SET SESSION AUTHORIZATION regress_hello_owner;
\set SHOW_CONTEXT never
ALTER EXTENSION pg_hello UPDATE;
\set SHOW_CONTEXT errors

\c :main
DROP DATABASE regress_hello_update;
DROP ROLE regress_hello_owner, regress_hello_guest;
