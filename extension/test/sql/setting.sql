CREATE ROLE regress_hello_owner;
CREATE DATABASE regress_hello_setting OWNER regress_hello_owner;
SELECT current_database() AS main \gset
\c regress_hello_setting
-- whatever the server has for all databases: the library comes with the first call (an empty list cannot be set), and no worker warns as well
DO $$
BEGIN
  ALTER DATABASE regress_hello_setting SET session_preload_libraries = 'plpgsql';
  EXECUTE (
    SELECT format('ALTER DATABASE regress_hello_setting SET %I = off', name)
    FROM pg_settings
    WHERE name IN ('force_parallel_mode', 'debug_parallel_query'));
END
$$;
SET SESSION AUTHORIZATION regress_hello_owner;
CREATE EXTENSION pg_hello;

-- a fresh session does not know it until the library is loaded
\c
SHOW pg_hello.repeat;
SELECT current_setting('pg_hello.repeat', true) IS NULL AS unknown;
SELECT pg_hello('x');
SHOW pg_hello.repeat;

-- what was set before is taken over if it is valid
\c
SET pg_hello.repeat = 3;
SHOW pg_hello.repeat;
SELECT pg_hello('x');
SHOW pg_hello.repeat;
RESET pg_hello.repeat;
SHOW pg_hello.repeat;
\c
SET pg_hello.repeat = 99;
SHOW pg_hello.repeat;
SELECT pg_hello('x');
SHOW pg_hello.repeat;
\c
SET pg_hello.repeat = 'abc';
SELECT pg_hello('x');
\c
SET pg_hello.repeat = 0;
SELECT pg_hello('x', 2);
SELECT pg_hello('x');
-- within a transaction
\c
SET pg_hello.repeat = 2;
BEGIN;
SET LOCAL pg_hello.repeat = 3;
SELECT pg_hello('x');
COMMIT;
SELECT pg_hello('x');
\c
SET pg_hello.repeat = 2;
BEGIN;
SET LOCAL pg_hello.repeat = 99;
SELECT pg_hello('x');
ROLLBACK;
SELECT pg_hello('x');

-- loaded
\c
SET SESSION AUTHORIZATION regress_hello_owner;
SELECT pg_hello('x');
SELECT * FROM pg_settings WHERE name = 'pg_hello.repeat' \gx
SELECT count(*) FROM pg_settings WHERE name LIKE 'pg\_hello%';
SET pg_hello.repeat = 10;
SELECT pg_hello('');
SET pg_hello.repeat TO 1;
SET PG_Hello.Repeat = 2;
SELECT pg_hello('x');
SET pg_hello.repeat = '3';
SELECT pg_hello('x');
SET pg_hello.repeat = DEFAULT;
SHOW pg_hello.repeat;

-- refused, and what was set stays
SET pg_hello.repeat = 5;
SET pg_hello.repeat = 0;
SET pg_hello.repeat = 11;
SET pg_hello.repeat = 'abc';
SET pg_hello.repeat = '';
\set VERBOSITY sqlstate
SET pg_hello.repeat = -1;
SET pg_hello.repeat = 2147483648;
SET pg_hello.repeat = '2 3';
SET pg_hello.repeat = 2, 3;
SET pg_hello.repeat = on;
SET pg_hello.repeat = '2kB';
SELECT set_config('pg_hello.repeat', '11', false);
SELECT set_config('pg_hello.repeat', '', false);
SELECT set_config('pg_hello.repeat', NULL, false);
PREPARE p AS SELECT set_config('pg_hello.repeat', $1, false);
EXECUTE p ('12');
EXECUTE p ('6');
\set VERBOSITY default
SHOW pg_hello.repeat;
SET pg_hello.repeat = 5;

-- misspelt: refused from 15 on
DO $$
BEGIN
  SET pg_hello.repat = 2;
  RAISE NOTICE 'refused: %', current_setting('server_version_num')::integer < 150000;
EXCEPTION WHEN invalid_name THEN
  RAISE NOTICE 'refused: t';
END
$$;

-- for a transaction, for a subtransaction
BEGIN;
SET LOCAL pg_hello.repeat = 2;
SELECT pg_hello('x');
SAVEPOINT a;
SET LOCAL pg_hello.repeat = 3;
SELECT pg_hello('x');
ROLLBACK TO a;
SELECT pg_hello('x');
COMMIT;
SHOW pg_hello.repeat;
BEGIN;
SET pg_hello.repeat = 2;
ROLLBACK;
SHOW pg_hello.repeat;
BEGIN;
SELECT set_config('pg_hello.repeat', '2', true);
COMMIT;
SHOW pg_hello.repeat;

-- for a function
CREATE FUNCTION twice(name text) RETURNS text LANGUAGE plpgsql SET pg_hello.repeat = 2 AS 'BEGIN RETURN pg_hello(name); END';
SELECT twice('x'), pg_hello('y') = pg_hello('y', 5) AS five;
\set VERBOSITY sqlstate
CREATE FUNCTION too_often(name text) RETURNS text LANGUAGE plpgsql SET pg_hello.repeat = 11 AS 'BEGIN RETURN pg_hello(name); END';
ALTER FUNCTION twice SET pg_hello.repeat = 0;
\set VERBOSITY default
SELECT twice('x');
RESET ALL;
SHOW pg_hello.repeat;
SET pg_hello.repeat = 5;
DISCARD ALL;
SHOW pg_hello.repeat;

-- for a database: its owner can once the library is loaded
\c
SET SESSION AUTHORIZATION regress_hello_owner;
\set VERBOSITY sqlstate
ALTER DATABASE regress_hello_setting SET pg_hello.repeat = 3;
SELECT pg_hello('x');
ALTER DATABASE regress_hello_setting SET pg_hello.repeat = 11;
ALTER DATABASE regress_hello_setting SET pg_hello.repeat = 3;
\set VERBOSITY default
\c
SELECT pg_hello('x');
SET pg_hello.repeat = 2;
RESET pg_hello.repeat;
SELECT pg_hello('x');
-- for a role
ALTER ROLE CURRENT_USER IN DATABASE regress_hello_setting SET pg_hello.repeat = 4;
\set VERBOSITY sqlstate
ALTER ROLE CURRENT_USER IN DATABASE regress_hello_setting SET pg_hello.repeat = 0;
\set VERBOSITY default
\c
SELECT pg_hello('x');
ALTER ROLE CURRENT_USER IN DATABASE regress_hello_setting RESET pg_hello.repeat;
-- the superuser can before, and then nobody checks until it is loaded
\c
ALTER DATABASE regress_hello_setting SET pg_hello.repeat = 11;
\c
SHOW pg_hello.repeat;
SELECT pg_hello('x');
SHOW pg_hello.repeat;
ALTER DATABASE regress_hello_setting RESET pg_hello.repeat;

-- what a dump says about the database: its owner may restore that where the library is not loaded, if granted (15 and later)
\c
SET SESSION AUTHORIZATION regress_hello_owner;
\set VERBOSITY sqlstate
ALTER DATABASE regress_hello_setting SET "pg_hello.repeat" TO '3';
RESET SESSION AUTHORIZATION;
SELECT current_setting('server_version_num')::integer >= 150000 AS grantable \gset
\if :grantable
GRANT SET ON PARAMETER pg_hello.repeat TO regress_hello_owner;
SET SESSION AUTHORIZATION regress_hello_owner;
ALTER DATABASE regress_hello_setting SET "pg_hello.repeat" TO '3';
\set VERBOSITY default
\c
SELECT pg_hello('x');
REVOKE SET ON PARAMETER pg_hello.repeat FROM regress_hello_owner;
\endif
ALTER DATABASE regress_hello_setting RESET pg_hello.repeat;

-- loaded with every session: errors at once
\set VERBOSITY sqlstate
SET SESSION AUTHORIZATION regress_hello_owner;
ALTER DATABASE regress_hello_setting SET session_preload_libraries = 'pg_hello';
RESET SESSION AUTHORIZATION;
ALTER DATABASE regress_hello_setting SET session_preload_libraries = 'pg_hello';
\c
SET SESSION AUTHORIZATION regress_hello_owner;
SHOW pg_hello.repeat;
SET pg_hello.repeat = 99;
SET pg_hello.repeat = 'abc';
SHOW pg_hello.repeat;
ALTER DATABASE regress_hello_setting SET pg_hello.repeat = 99;
ALTER DATABASE regress_hello_setting SET pg_hello.repeat = 6;
\set VERBOSITY default
\c
SHOW pg_hello.repeat;
SELECT source FROM pg_settings WHERE name = 'pg_hello.repeat';
SELECT pg_hello('') = pg_hello('', 6) AS six;
-- also where the extension does not exist
DROP EXTENSION pg_hello;
\c
SHOW pg_hello.repeat;

\c :main
DROP DATABASE regress_hello_setting;
DROP ROLE regress_hello_owner;
