-- the catalog determines the members of pg_hello, regardless of their names and schemas
CREATE DATABASE regress_hello_ops_members;
SELECT current_database() AS main \gset
\c regress_hello_ops_members
CREATE SCHEMA "A ""schema""";
CREATE EXTENSION pg_hello SCHEMA "A ""schema""" VERSION '1.0';
CREATE EXTENSION pg_hello_ops;
-- functions that are not members
CREATE FUNCTION pg_hello(text) RETURNS text LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION now_ms() RETURNS bigint LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION dependent() RETURNS bigint LANGUAGE sql AS 'SELECT 1';
ALTER FUNCTION dependent() DEPENDS ON EXTENSION pg_hello;
SELECT schemaname, funcname, function FROM hello_ops.members ORDER BY function COLLATE "C";
SELECT hello_ops.member_pattern();
SELECT hello_ops.take_snapshot() IS NOT NULL AS taken;

-- an update adds members
ALTER EXTENSION pg_hello UPDATE TO '1.1';
SELECT schemaname, function FROM hello_ops.members ORDER BY function COLLATE "C";
SELECT hello_ops.take_snapshot() IS NOT NULL AS taken;
SELECT function_name, total_calls, note LIKE 'it is not in%' AS new FROM hello_ops.pg_hello_performance_report()
ORDER BY function_name COLLATE "C";

-- a change of the schema has no effect on the members
ALTER EXTENSION pg_hello SET SCHEMA hello_ops;
SELECT schemaname, function FROM hello_ops.members ORDER BY function COLLATE "C";
SELECT hello_ops.take_snapshot() IS NOT NULL AS taken;
SELECT function, count(*), max(resets) AS resets FROM hello_ops.snapshot GROUP BY function ORDER BY function COLLATE "C";

-- a member can have any name
CREATE FUNCTION "a.b|c (d)"() RETURNS integer LANGUAGE sql AS 'SELECT 1';
ALTER EXTENSION pg_hello ADD FUNCTION "a.b|c (d)"();
SELECT function FROM hello_ops.members WHERE schemaname = 'public';
SELECT hello_ops.member_pattern();
SELECT text, text ~* hello_ops.member_pattern() AS names
FROM (VALUES ('SELECT "a.b|c (d)"()'), ('SELECT axb'), ('SELECT PG_HELLO (''x'')'), ('SELECT pg_hello_ops'), ('SELECT x.now_ms()'),
  ('SELECT snow_ms()'), ('SELECT c'), ('SET pg_hello.repeat = 2'), ('SET "pg_hello" . repeat TO 2'),
  ('SELECT pg_hello.now_ms()')) v (text);
ALTER EXTENSION pg_hello DROP FUNCTION "a.b|c (d)"();

-- the totals of a function continue after it is removed and added again
ALTER EXTENSION pg_hello DROP FUNCTION hello_ops.now_ms();
SELECT hello_ops.take_snapshot() IS NOT NULL AS taken;
ALTER EXTENSION pg_hello ADD FUNCTION hello_ops.now_ms();
UPDATE hello_ops.snapshot SET counted_calls = 7, resets = 3 WHERE function = 'now_ms()';
SELECT hello_ops.take_snapshot() IS NOT NULL AS taken;
SELECT counted_calls, resets FROM hello_ops.snapshot WHERE function = 'now_ms()' ORDER BY taken_at DESC LIMIT 1;

\c :main
DROP DATABASE regress_hello_ops_members;
