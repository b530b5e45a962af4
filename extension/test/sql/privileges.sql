CREATE ROLE regress_hello_owner;
CREATE ROLE regress_hello_user;
CREATE DATABASE regress_hello_privileges OWNER regress_hello_owner;
SELECT current_database() AS main \gset
\c regress_hello_privileges
SET SESSION AUTHORIZATION regress_hello_owner;
CREATE EXTENSION pg_hello;

-- by default, all roles can call the functions
SET SESSION AUTHORIZATION regress_hello_user;
SELECT pg_hello('x'), pg_hello('x', 2), pg_hello_all('{x}'), now_ms() > 0 AS now_ms, spi_version() = version() AS spi_version;

-- the functions of a trusted extension belong to a superuser, so the owner of the extension cannot revoke privileges
SET SESSION AUTHORIZATION regress_hello_owner;
SELECT count(*) FROM pg_proc WHERE probin LIKE '%pg_hello%' AND proowner = 'regress_hello_owner'::regrole;
\set VERBOSITY sqlstate
REVOKE EXECUTE ON FUNCTION pg_hello(text) FROM PUBLIC;
ALTER FUNCTION pg_hello(text) IMMUTABLE;
CREATE OR REPLACE FUNCTION pg_hello(name text) RETURNS text LANGUAGE sql AS 'SELECT name';
SELECT pg_hello('x');

-- a superuser can revoke privileges
RESET SESSION AUTHORIZATION;
REVOKE EXECUTE ON FUNCTION pg_hello(text), pg_hello(text, integer), pg_hello_all(text[], integer[]), now_ms(), spi_version()
  FROM PUBLIC;
SET SESSION AUTHORIZATION regress_hello_user;
SELECT pg_hello('x');
SELECT pg_hello('x', 2);
SELECT pg_hello_all('{x}');
SELECT pg_hello_all('{x}', '{2}');
SELECT now_ms();
SELECT spi_version();
\set VERBOSITY terse
SELECT pg_hello('x');

-- the functions have separate privileges
RESET SESSION AUTHORIZATION;
GRANT EXECUTE ON FUNCTION pg_hello(text, integer) TO regress_hello_user;
SET SESSION AUTHORIZATION regress_hello_user;
SELECT pg_hello('x', 2);
SELECT pg_hello('x');
RESET SESSION AUTHORIZATION;
GRANT EXECUTE ON FUNCTION pg_hello(text), pg_hello_all(text[], integer[]), now_ms(), spi_version() TO regress_hello_user;
SET SESSION AUTHORIZATION regress_hello_user;
SELECT pg_hello('x'), pg_hello('x', 2), pg_hello_all('{x}'), now_ms() > 0 AS now_ms, spi_version() = version() AS spi_version;

-- spi_version() runs its query with the caller's privileges
RESET SESSION AUTHORIZATION;
REVOKE EXECUTE ON FUNCTION pg_catalog.version() FROM PUBLIC;
SET SESSION AUTHORIZATION regress_hello_user;
SELECT spi_version();
RESET SESSION AUTHORIZATION;
GRANT EXECUTE ON FUNCTION pg_catalog.version() TO PUBLIC;
SET SESSION AUTHORIZATION regress_hello_user;
SELECT spi_version() = version() AS equal;

-- all roles can change the setting
SET pg_hello.repeat = 2;
SELECT pg_hello('x');

\c :main
DROP DATABASE regress_hello_privileges;
DROP ROLE regress_hello_owner, regress_hello_user;
