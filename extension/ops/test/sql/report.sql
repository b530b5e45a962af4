-- reports show the differences between snapshots
CREATE DATABASE regress_hello_ops_report;
SELECT current_database() AS main \gset
\c regress_hello_ops_report
CREATE EXTENSION pg_hello VERSION '1.1';
CREATE EXTENSION pg_hello_ops;
CREATE TABLE names AS SELECT 'n' || i AS name FROM generate_series(1, 100) i;
SET track_functions = 'all';

SELECT count(*), count(total_calls), min(note), max(note) FROM hello_ops.pg_hello_performance_report();
SELECT missing FROM hello_ops.pg_hello_missing WHERE missing LIKE '%snapshot%';
\set VERBOSITY terse
SELECT hello_ops.baseline();
\set VERBOSITY default
SELECT extract(epoch FROM hello_ops.take_snapshot() - now()) < 60 AS taken;
SELECT missing FROM hello_ops.pg_hello_missing WHERE missing LIKE '%snapshot%';
SELECT count(*), count(total_calls), min(note), max(note) FROM hello_ops.pg_hello_performance_report();
\set VERBOSITY terse
SELECT hello_ops.baseline();
\set VERBOSITY default

-- the difference between two snapshots
SELECT count(pg_hello(name)), count(now_ms()) FROM names;
SELECT count(pg_hello(name)) FROM names;
SELECT pg_stat_force_next_flush();
SELECT hello_ops.take_snapshot() IS NOT NULL AS taken;
SELECT r.function_name, r.total_calls, r.from_at = s.first AS from, r.to_at = s.last AS to,
  abs(r.calls_per_second - r.total_calls / extract(epoch FROM s.last - s.first)) < 0.001 AS per_second, r.avg_time_ms > 0 AS time, r.note
FROM hello_ops.pg_hello_performance_report() r, (SELECT min(taken_at), max(taken_at) FROM hello_ops.snapshot) s (first, last);

-- the totals continue after each of two resets of the counters
SELECT pg_stat_reset();
SELECT count(now_ms()) FROM names WHERE name < 'n2';
SELECT pg_stat_force_next_flush();
SELECT hello_ops.take_snapshot() IS NOT NULL AS taken;
SELECT count(now_ms()) FROM names;
SELECT pg_stat_force_next_flush();
SELECT hello_ops.take_snapshot() IS NOT NULL AS taken;
SELECT pg_stat_reset();
SELECT hello_ops.take_snapshot() IS NOT NULL AS taken;
SELECT calls, counted_calls, resets FROM hello_ops.snapshot WHERE function = 'now_ms()' ORDER BY taken_at;
SELECT function_name, total_calls, avg_time_ms > 0 AS time, note FROM hello_ops.pg_hello_performance_report();

-- a new function with the same name starts from zero, even if its counters are higher
UPDATE hello_ops.snapshot SET funcid = 1 WHERE function = 'pg_hello(text)';
SELECT count(pg_hello(name)) FROM names;
SELECT pg_stat_force_next_flush();
SELECT hello_ops.take_snapshot() IS NOT NULL AS taken;
SELECT calls, counted_calls, resets FROM hello_ops.snapshot WHERE function = 'pg_hello(text)' ORDER BY taken_at DESC LIMIT 1;

-- notes
CREATE TABLE kept AS TABLE hello_ops.snapshot;
DELETE FROM hello_ops.snapshot WHERE taken_at <> (SELECT max(taken_at) FROM hello_ops.snapshot);
UPDATE hello_ops.snapshot SET server_started = '2020-01-01';
SET track_functions = pl;
SELECT hello_ops.take_snapshot() IS NOT NULL AS taken;
SELECT DISTINCT note FROM hello_ops.pg_hello_performance_report();
SET track_functions = 'all';

-- intervals: older snapshots are ignored
TRUNCATE hello_ops.snapshot;
INSERT INTO hello_ops.snapshot
SELECT now() - age, 'now_ms()', 'now_ms()'::regprocedure, 0, 0, calls, time, 0, 'all', pg_postmaster_start_time()
FROM (VALUES (interval '25 hours', 100, 1.0), ('23 hours', 300, 2.0), ('30 min', 400, 2.5), ('10 min', 640, 2.74)) v (age, calls, time);
SELECT since, total_calls, calls_per_second, avg_time_ms, note
FROM unnest('{1 hour,1 day,30 days}'::interval[]) since, hello_ops.pg_hello_performance_report(since)
WHERE function_name = 'now_ms()';
SELECT since, total_calls, note
FROM unnest('{15 min,0,-1 hour,NULL}'::interval[]) since, hello_ops.pg_hello_performance_report(since)
WHERE function_name = 'now_ms()';

-- a baseline, and a comparison with it
SELECT hello_ops.baseline() = now() AS recorded;
SELECT hello_ops.baseline(label => 'a "day"', since => '1 day') = now() AS recorded;
SELECT hello_ops.baseline('a "day"', '1 day') = now() AS again;
SELECT label, function_name, calls_total, mean_time_ms, calls_per_second FROM hello_ops.pg_hello_performance_baseline ORDER BY label;
SELECT label, c.*
FROM unnest('{default,"a \"day\"",none}'::text[]) label, hello_ops.compare_with_baseline(label) c
WHERE function_name = 'now_ms()';
SELECT function_name, note FROM hello_ops.compare_with_baseline() WHERE function_name = 'spi_version()';
-- a baseline that cannot be recorded does not replace the previous one
\set VERBOSITY terse
SELECT hello_ops.baseline('a "day"', '1 min');
\set VERBOSITY default
SELECT count(*) FROM hello_ops.pg_hello_performance_baseline WHERE label = 'a "day"';

-- retention
SELECT hello_ops.take_snapshot(NULL) IS NOT NULL AS taken;
SELECT count(DISTINCT taken_at) FROM hello_ops.snapshot;
SELECT hello_ops.take_snapshot() IS NOT NULL AS taken;
SELECT count(DISTINCT taken_at) FROM hello_ops.snapshot;
SELECT hello_ops.take_snapshot(retention => '20 min') IS NOT NULL AS taken;
SELECT count(DISTINCT taken_at) FROM hello_ops.snapshot;
\set VERBOSITY terse
SELECT hello_ops.take_snapshot('0');
SELECT hello_ops.take_snapshot('-1 day');
\set VERBOSITY sqlstate
SELECT hello_ops.take_snapshot('0');
-- the system clock was set back
UPDATE hello_ops.snapshot SET taken_at = taken_at + interval '1 day';
SELECT hello_ops.take_snapshot();
\set VERBOSITY default
SELECT count(DISTINCT taken_at) FROM hello_ops.snapshot;

-- the functions do not depend on the caller's search_path
DELETE FROM hello_ops.snapshot;
CREATE SCHEMA hostile;
CREATE FUNCTION hostile.now() RETURNS timestamptz LANGUAGE sql AS $$SELECT '2020-01-01'::timestamptz$$;
CREATE FUNCTION hostile.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$SELECT '2020-01-01'::timestamptz$$;
CREATE TABLE hostile.pg_extension (oid oid, extname name);
CREATE TABLE hostile.snapshot (taken_at timestamptz);
SET search_path = hostile, pg_catalog;
SELECT hello_ops.take_snapshot() > '2021-01-01' AS taken;
SELECT count(*) FROM hello_ops.pg_hello_performance_report();
RESET search_path;

\c :main
DROP DATABASE regress_hello_ops_report;
