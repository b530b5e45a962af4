-- the role owns the database and is not a superuser
CREATE ROLE regress_hello_owner;
CREATE ROLE regress_hello_guest;
CREATE DATABASE regress_hello_create OWNER regress_hello_owner;
SELECT current_database() AS main \gset
\c regress_hello_create
SELECT default_version AS newest FROM pg_available_extensions WHERE name = 'pg_hello' \gset
SET SESSION AUTHORIZATION regress_hello_owner;
CREATE EXTENSION pg_hello;
SELECT extname, extversion = :'newest' AS newest, extowner::regrole, extrelocatable FROM pg_extension WHERE extname = 'pg_hello';
SELECT obj_description(oid, 'pg_extension') FROM pg_extension WHERE extname = 'pg_hello';
SELECT pg_hello('World'), pg_hello('World', 2), pg_hello_all('{World}');

-- a second CREATE EXTENSION
CREATE EXTENSION pg_hello;
CREATE EXTENSION IF NOT EXISTS pg_hello;

-- the members of the extension
SELECT p.proname, pg_get_function_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS result
FROM pg_depend d
  JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
  JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
WHERE e.extname = 'pg_hello'
ORDER BY p.proname, p.pronargs;
SELECT p.oid::regprocedure AS function, l.lanname, p.prokind, p.provolatile, p.proisstrict, p.proparallel,
  p.proretset, p.prosecdef, p.proleakproof, p.procost, p.prosrc, p.probin
FROM pg_depend d
  JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
  JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
  JOIN pg_language l ON p.prolang = l.oid
WHERE e.extname = 'pg_hello'
ORDER BY p.proname, p.pronargs;
SELECT p.oid::regprocedure AS function, obj_description(p.oid, 'pg_proc')
FROM pg_depend d
  JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
  JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
WHERE e.extname = 'pg_hello'
ORDER BY p.proname, p.pronargs;
-- all members are functions
SELECT count(*) FROM pg_depend d
  JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
WHERE e.extname = 'pg_hello' AND d.classid <> 'pg_proc'::regclass;

-- a member cannot be dropped separately
\set VERBOSITY sqlstate
RESET SESSION AUTHORIZATION;
DROP FUNCTION pg_hello(text);
SET SESSION AUTHORIZATION regress_hello_owner;
\set VERBOSITY default

-- DROP EXTENSION fails if other objects depend on the extension
CREATE TABLE visits (at bigint DEFAULT now_ms());
\set VERBOSITY sqlstate
DROP EXTENSION pg_hello;
\set VERBOSITY default
DROP TABLE visits;
DROP EXTENSION pg_hello;
SELECT count(*) FROM pg_proc WHERE probin LIKE '%pg_hello%';
\set VERBOSITY sqlstate
SELECT pg_hello('World');
SELECT now_ms();
\set VERBOSITY default

-- create the extension again in the same session, which has already loaded the library
CREATE EXTENSION pg_hello;
SELECT pg_hello('World');
DROP EXTENSION pg_hello;

-- versions that do not exist
\set VERBOSITY sqlstate
CREATE EXTENSION pg_hello VERSION '0.9';
CREATE EXTENSION pg_hello VERSION '2.0';
\set VERBOSITY default

-- without the CREATE privilege on the database
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_hello_guest;
CREATE EXTENSION pg_hello;

-- the CREATE privilege is sufficient, but does not allow dropping another role's extension
RESET SESSION AUTHORIZATION;
GRANT CREATE ON DATABASE regress_hello_create TO regress_hello_guest;
SET SESSION AUTHORIZATION regress_hello_guest;
CREATE SCHEMA guest;
CREATE EXTENSION pg_hello SCHEMA guest;
SELECT guest.pg_hello('Guest');
RESET SESSION AUTHORIZATION;
DROP EXTENSION pg_hello;
SET SESSION AUTHORIZATION regress_hello_owner;
CREATE EXTENSION pg_hello;
SET SESSION AUTHORIZATION regress_hello_guest;
\set VERBOSITY sqlstate
DROP EXTENSION pg_hello;
\set VERBOSITY default

\c :main
DROP DATABASE regress_hello_create;
DROP ROLE regress_hello_owner, regress_hello_guest;
