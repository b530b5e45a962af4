CREATE ROLE regress_hello_owner;
CREATE DATABASE regress_hello_setting OWNER regress_hello_owner;
SELECT current_database() AS main \gset
\c regress_hello_setting
-- override the server's settings: the first call loads the library (an empty list cannot be set), and no parallel worker repeats the warnings
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

-- the setting does not exist in a new session until the library is loaded
\c
SHOW pg_hello.repeat;
SELECT current_setting('pg_hello.repeat', true) IS NULL AS unknown;
SELECT pg_hello('x');
SHOW pg_hello.repeat;

-- a value that was set before the library is loaded is kept if it is valid
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

-- the library is loaded
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

-- invalid values are rejected, and the previous value is kept
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

-- misspelled names are rejected since version 15
DO $$
BEGIN
  SET pg_hello.repat = 2;
  RAISE NOTICE 'refused: %', current_setting('server_version_num')::integer < 150000;
EXCEPTION WHEN invalid_name THEN
  RAISE NOTICE 'refused: t';
END
$$;

-- the setting of a transaction and of a subtransaction
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

-- the setting of a function
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

-- the setting of a database: the owner can change it after the library is loaded
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
-- the setting of a role
ALTER ROLE CURRENT_USER IN DATABASE regress_hello_setting SET pg_hello.repeat = 4;
\set VERBOSITY sqlstate
ALTER ROLE CURRENT_USER IN DATABASE regress_hello_setting SET pg_hello.repeat = 0;
\set VERBOSITY default
\c
SELECT pg_hello('x');
ALTER ROLE CURRENT_USER IN DATABASE regress_hello_setting RESET pg_hello.repeat;
-- a superuser can change it before the library is loaded, and the value is not checked until then
\c
ALTER DATABASE regress_hello_setting SET pg_hello.repeat = 11;
\c
SHOW pg_hello.repeat;
SELECT pg_hello('x');
SHOW pg_hello.repeat;
ALTER DATABASE regress_hello_setting RESET pg_hello.repeat;

-- a dump contains the setting of the database: without the library, its owner can restore the setting only with a privilege (15 and later)
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

-- the library is loaded in every session, so errors are reported immediately
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
-- the setting exists even if the extension does not
DROP EXTENSION pg_hello;
\c
SHOW pg_hello.repeat;

\c :main
DROP DATABASE regress_hello_setting;
DROP ROLE regress_hello_owner;
