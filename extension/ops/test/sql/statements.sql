-- requires a server that has loaded the library pg_stat_statements (on other servers, the output is statements_1.out)
SELECT NOT EXISTS (SELECT FROM pg_settings WHERE name = 'pg_stat_statements.max') AS missing \gset
CREATE DATABASE regress_hello_ops_statements;
SELECT current_database() AS main \gset
\c regress_hello_ops_statements
CREATE EXTENSION pg_hello_ops CASCADE;
SELECT missing, remedy FROM hello_ops.pg_hello_missing WHERE missing LIKE '%statements%' ORDER BY missing;
SELECT * FROM hello_ops.pg_hello_usage_by_user;
\if :missing
\c :main
DROP DATABASE regress_hello_ops_statements;
\quit
\endif
CREATE SCHEMA "Of the ""statements""";
CREATE EXTENSION pg_stat_statements SCHEMA "Of the ""statements""";
SELECT missing FROM hello_ops.pg_hello_missing WHERE missing LIKE '%statements%';
CREATE ROLE regress_hello_user;
CREATE ROLE regress_hello_guest;
GRANT USAGE ON SCHEMA hello_ops, "Of the ""statements""" TO regress_hello_guest;
GRANT SELECT ON hello_ops.pg_hello_usage_by_user, hello_ops.members TO regress_hello_guest;
GRANT EXECUTE ON FUNCTION hello_ops.statements_by_user(), hello_ops.member_pattern() TO regress_hello_guest;
SET SESSION AUTHORIZATION regress_hello_user;
SELECT pg_hello('x');
SELECT pg_hello('y');
SELECT NOW_MS() > 0 AS now_ms;
SELECT 'pg_hello' AS no_call;
SELECT 1 AS pg_hello_ops;
SET SESSION AUTHORIZATION regress_hello_guest;
SELECT pg_hello('x', 2);
-- the role sees only its own statements
SELECT * FROM hello_ops.pg_hello_usage_by_user;
RESET SESSION AUTHORIZATION;
SELECT * FROM hello_ops.pg_hello_usage_by_user WHERE usename LIKE 'regress%';
-- statements in other databases are not counted
\c :main
SET SESSION AUTHORIZATION regress_hello_user;
SELECT 1 AS pg_hello;
\c regress_hello_ops_statements
SELECT * FROM hello_ops.pg_hello_usage_by_user WHERE usename LIKE 'regress%';

\c :main
DROP DATABASE regress_hello_ops_statements;
DROP ROLE regress_hello_user, regress_hello_guest;
