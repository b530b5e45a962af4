-- the values of the counters
CREATE DATABASE regress_hello_ops_stats;
SELECT current_database() AS main \gset
\c regress_hello_ops_stats
CREATE EXTENSION pg_hello VERSION '1.1';
CREATE EXTENSION pg_hello_ops;
CREATE TABLE names AS SELECT 'n' || i AS name FROM generate_series(1, 100) i;

-- nothing is counted
SET track_functions = none;
SELECT count(pg_hello(name)) FROM names;
SET track_functions = pl;
SELECT count(pg_hello(name)) FROM names;
SELECT pg_stat_force_next_flush();
SELECT calls, total_time, self_time, mean_time, avg_time_ms FROM hello_ops.pg_hello_stats WHERE function = 'pg_hello(text)';
SELECT missing, effect, remedy FROM hello_ops.pg_hello_missing WHERE missing LIKE 'track%';

-- each function has its own counters; a failed call is not counted
SET track_functions = 'all';
SELECT missing FROM hello_ops.pg_hello_missing WHERE missing LIKE 'track%';
SELECT count(pg_hello(name)), count(pg_hello(name, 2)) FROM names;
SELECT count(pg_hello(name, 2)) FROM names;
SELECT count(now_ms()) FROM names;
\set SHOW_CONTEXT never
SELECT pg_hello(name, 11) FROM names;
\set SHOW_CONTEXT errors
SELECT pg_stat_force_next_flush();
SELECT schemaname, funcname, function, calls, total_time > 0 AS time, self_time > 0 AS self,
  mean_time = total_time / nullif(calls, 0) AS mean, avg_time_ms = mean_time AS same
FROM hello_ops.pg_hello_stats
ORDER BY function COLLATE "C";
SELECT funcname, function, calls, total_time > 0 AS time, avg_time_ms > 0 AS average, call_percentage FROM hello_ops.pg_hello_usage;

-- settings
SELECT name, setting, unit, context, source, pending_restart FROM hello_ops.pg_hello_config
WHERE name IN ('pg_hello.repeat', 'track_functions') ORDER BY name;
SET pg_hello.repeat = 3;
SELECT setting, source FROM hello_ops.pg_hello_config WHERE name = 'pg_hello.repeat';
RESET pg_hello.repeat;
-- some settings are hidden from roles that are not superusers
SELECT count(*) FROM hello_ops.pg_hello_config WHERE name LIKE '%preload%';
CREATE ROLE regress_hello_user;
GRANT USAGE ON SCHEMA hello_ops TO regress_hello_user;
GRANT SELECT ON ALL TABLES IN SCHEMA hello_ops TO regress_hello_user;
SET SESSION AUTHORIZATION regress_hello_user;
SELECT count(*) FROM hello_ops.pg_hello_config WHERE name LIKE '%preload%';
SELECT missing, remedy FROM hello_ops.pg_hello_missing WHERE missing LIKE 'membership%' ORDER BY missing;
RESET SESSION AUTHORIZATION;

-- missing items in a session that has not loaded the library; the remedy keeps the existing value of the setting
ALTER DATABASE regress_hello_ops_stats SET session_preload_libraries = 'plpgsql';
\c
SELECT missing, remedy FROM hello_ops.pg_hello_missing WHERE missing LIKE 'library pg_hello%';
SELECT remedy AS command FROM hello_ops.pg_hello_missing WHERE missing LIKE 'library pg_hello%' \gset
:command;
\c
SHOW session_preload_libraries;
SELECT missing FROM hello_ops.pg_hello_missing WHERE missing LIKE 'library pg_hello%';
SELECT name, setting FROM hello_ops.pg_hello_config WHERE name = 'pg_hello.repeat';
SET SESSION AUTHORIZATION regress_hello_user;
SELECT count(*) FROM hello_ops.pg_hello_missing WHERE remedy IS NULL OR effect IS NULL;
RESET SESSION AUTHORIZATION;

-- sessions whose current statement names a function
SELECT now_ms() > 0 AS now_ms, count(*) AS own FROM hello_ops.pg_hello_access_audit WHERE pid = pg_backend_pid();

REVOKE ALL ON SCHEMA hello_ops FROM regress_hello_user;
REVOKE ALL ON ALL TABLES IN SCHEMA hello_ops FROM regress_hello_user;
\c :main
DROP DATABASE regress_hello_ops_stats;
DROP ROLE regress_hello_user;
