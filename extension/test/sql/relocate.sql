CREATE ROLE regress_hello_user;
CREATE DATABASE regress_hello_relocate OWNER regress_hello_user;
SELECT current_database() AS main \gset
\c regress_hello_relocate
SET SESSION AUTHORIZATION regress_hello_user;
CREATE SCHEMA first;
CREATE SCHEMA "Second ""schema""";

-- the extension is created in a schema that is not on the search_path
CREATE EXTENSION pg_hello SCHEMA first;
SELECT first.pg_hello('x'), first.pg_hello('x', 2), first.pg_hello_all('{x}'), first.now_ms() > 0 AS now_ms,
  first.spi_version() = version() AS spi_version;
\set VERBOSITY sqlstate
SELECT pg_hello('x');
\set VERBOSITY default
SET search_path = first;
SELECT pg_hello('x');
RESET search_path;

-- objects that depend on the extension remain valid after the move
CREATE TABLE users (
  name text,
  greeting text GENERATED ALWAYS AS (first.pg_hello(name, 2)) STORED,
  at bigint DEFAULT first.now_ms()
);
CREATE INDEX users_greeting ON users (first.pg_hello(name, 3));
CREATE VIEW versions AS SELECT first.spi_version() = version() AS equal, first.pg_hello_all('{x}') AS greetings;
INSERT INTO users VALUES ('before');

-- only a superuser can move the extension, because the functions of a trusted extension belong to a superuser
\set VERBOSITY sqlstate
ALTER EXTENSION pg_hello SET SCHEMA "Second ""schema""";
\set VERBOSITY default
RESET SESSION AUTHORIZATION;
ALTER EXTENSION pg_hello SET SCHEMA "Second ""schema""";
SET SESSION AUTHORIZATION regress_hello_user;
SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON e.extnamespace = n.oid WHERE e.extname = 'pg_hello';
SELECT DISTINCT n.nspname FROM pg_proc p JOIN pg_namespace n ON p.pronamespace = n.oid WHERE p.probin LIKE '%pg_hello%';
SELECT "Second ""schema""".pg_hello('x'), "Second ""schema""".pg_hello('x', 2), "Second ""schema""".pg_hello_all('{x}'),
  "Second ""schema""".now_ms() > 0 AS now_ms, "Second ""schema""".spi_version() = version() AS spi_version;
\set VERBOSITY sqlstate
SELECT first.pg_hello('x');
SELECT pg_hello('x');
\set VERBOSITY default
INSERT INTO users VALUES ('after');
SELECT name, greeting, at > 0 AS at FROM users ORDER BY name;
SELECT * FROM versions;
SELECT pg_get_indexdef('users_greeting'::regclass);
SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 'users'::regclass ORDER BY adnum;

-- a move fails if the schema has a function with the same signature or does not exist, or if an ordinary user chooses pg_catalog
CREATE FUNCTION first.pg_hello(name text) RETURNS text LANGUAGE sql AS 'SELECT name';
RESET SESSION AUTHORIZATION;
\set VERBOSITY sqlstate
ALTER EXTENSION pg_hello SET SCHEMA first;
ALTER EXTENSION pg_hello SET SCHEMA nowhere;
CREATE EXTENSION pg_hello SCHEMA nowhere;
SET SESSION AUTHORIZATION regress_hello_user;
ALTER EXTENSION pg_hello SET SCHEMA pg_catalog;
\set VERBOSITY default
SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON e.extnamespace = n.oid WHERE e.extname = 'pg_hello';
SELECT first.pg_hello('x'), "Second ""schema""".pg_hello('x');

-- the update also works in a schema that is not on the search_path
SET client_min_messages = warning;
DROP EXTENSION pg_hello CASCADE;
RESET client_min_messages;
CREATE EXTENSION pg_hello VERSION '1.0' SCHEMA "Second ""schema""";
ALTER EXTENSION pg_hello UPDATE;
SELECT "Second ""schema""".pg_hello('x', 2);
SHOW search_path;

\c :main
DROP DATABASE regress_hello_relocate;
DROP ROLE regress_hello_user;
