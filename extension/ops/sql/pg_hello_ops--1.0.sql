/* pg_hello_ops--1.0.sql */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION pg_hello_ops" to load this file. \quit

-- Prevents names from referring to objects that already exist in the schema.
-- The extension's own objects are schema-qualified.
SET LOCAL search_path TO pg_catalog, pg_temp;

-- Queries the catalog for the members of pg_hello, so that this extension need
-- not change if pg_hello is updated or moved to another schema.
CREATE VIEW @extschema@.members AS
SELECT p.oid AS funcid, n.nspname AS schemaname, p.proname AS funcname,
  format('%I(%s)', p.proname, oidvectortypes(p.proargtypes)) AS function
FROM pg_extension e
  JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
  JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
  JOIN pg_namespace n ON p.pronamespace = n.oid
WHERE e.extname = 'pg_hello' AND d.deptype = 'e';

COMMENT ON VIEW @extschema@.members IS
'The functions of the extension pg_hello in this database';

CREATE VIEW @extschema@.pg_hello_stats AS
SELECT m.schemaname, m.funcname, m.function, m.funcid,
  coalesce(s.calls, 0) AS calls,
  coalesce(s.total_time, 0) AS total_time,
  coalesce(s.self_time, 0) AS self_time,
  s.total_time / nullif(s.calls, 0) AS mean_time,
  s.total_time / nullif(s.calls, 0) AS avg_time_ms
FROM @extschema@.members m
  LEFT JOIN pg_stat_user_functions s ON s.funcid = m.funcid;

COMMENT ON VIEW @extschema@.pg_hello_stats IS
'Successful calls and their time in milliseconds, since the counters of this database were last reset; requires track_functions = all';

CREATE VIEW @extschema@.pg_hello_usage AS
SELECT s.funcname, s.function, s.calls, s.total_time, s.avg_time_ms,
  round(100.0 * s.calls / nullif(sum(s.calls) OVER (), 0), 2) AS call_percentage
FROM @extschema@.pg_hello_stats s
ORDER BY s.calls DESC, s.function;

COMMENT ON VIEW @extschema@.pg_hello_usage IS
'The share of each function in all calls of pg_hello functions';

-- The names may contain any character, so they are escaped in the pattern. A name before a dot is excluded, because it is the
-- name of a setting or a schema.
CREATE FUNCTION @extschema@.member_pattern() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT '(?<![[:alnum:]_])('
    || string_agg(DISTINCT regexp_replace(m.funcname, '([^[:alnum:]_])', E'\\\\\\1', 'g'), '|')
    || ')(?![[:alnum:]_]|"?[[:space:]]*[.])'
  FROM @extschema@.members m;
END;

COMMENT ON FUNCTION @extschema@.member_pattern() IS
'A regular expression for statements that name a function of pg_hello';

CREATE FUNCTION @extschema@.statements_by_user(OUT usename name, OUT statements bigint, OUT executions bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 10
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  statements_schema name;
BEGIN
  SELECT n.nspname INTO statements_schema
  FROM pg_extension e
    JOIN pg_namespace n ON e.extnamespace = n.oid
  WHERE e.extname = 'pg_stat_statements'
    AND EXISTS (SELECT FROM pg_settings g WHERE g.name = 'pg_stat_statements.max');
  IF NOT FOUND THEN
    RAISE NOTICE 'extension "pg_stat_statements" is not available in this database'
      USING HINT = 'The view @extschema@.pg_hello_missing contains the remedy.';
    RETURN;
  END IF;

  RETURN QUERY EXECUTE format('
    SELECT pg_get_userbyid(s.userid), count(*), sum(s.calls)::bigint
    FROM %I.pg_stat_statements s
      JOIN pg_database d ON s.dbid = d.oid
    WHERE d.datname = current_database() AND s.query ~* $1
    GROUP BY s.userid', statements_schema)
  USING @extschema@.member_pattern();
END
$$;

COMMENT ON FUNCTION @extschema@.statements_by_user() IS
'For each user, the number of statements that name a function of pg_hello, and of their executions; from pg_stat_statements';

CREATE VIEW @extschema@.pg_hello_usage_by_user AS
SELECT s.usename, s.statements, s.executions
FROM @extschema@.statements_by_user() s
ORDER BY s.executions DESC, s.usename;

COMMENT ON VIEW @extschema@.pg_hello_usage_by_user IS
'For each user, the number of statements that name a function of pg_hello, and of their executions; from pg_stat_statements';

CREATE VIEW @extschema@.pg_hello_access_audit AS
SELECT a.usename, a.datname, a.query, a.query_start, a.state, a.client_addr, a.application_name, a.pid
FROM pg_stat_activity a
WHERE a.pid <> pg_backend_pid() AND a.query ~* (SELECT @extschema@.member_pattern());

COMMENT ON VIEW @extschema@.pg_hello_access_audit IS
'Open sessions in all databases that name a function of pg_hello in their current or last statement; not a history';

CREATE VIEW @extschema@.pg_hello_usage_by_application AS
SELECT a.application_name, a.usename,
  count(*) AS sessions,
  count(*) FILTER (WHERE a.state = 'active') AS active,
  max(a.query_start) AS last_query_start
FROM @extschema@.pg_hello_access_audit a
WHERE a.datname = current_database()
GROUP BY a.application_name, a.usename;

COMMENT ON VIEW @extschema@.pg_hello_usage_by_application IS
'Open sessions in this database that name a function of pg_hello in their current or last statement, by application and user';

CREATE VIEW @extschema@.pg_hello_config AS
SELECT g.name, g.setting, g.unit, g.context, g.source, g.pending_restart
FROM pg_settings g
WHERE starts_with(g.name, 'pg_hello.')
  OR g.name IN ('track_functions', 'session_preload_libraries', 'shared_preload_libraries', 'pg_stat_statements.track');

COMMENT ON VIEW @extschema@.pg_hello_config IS
'The settings of pg_hello, if this session has loaded the library, and the settings that affect its statistics';

-- The totals continue after a reset of the counters, so that the difference of
-- any two rows of a function is correct.
CREATE TABLE @extschema@.snapshot (
  taken_at timestamptz NOT NULL,
  function text NOT NULL,
  funcid oid NOT NULL,
  calls bigint NOT NULL,
  total_time double precision NOT NULL,
  counted_calls bigint NOT NULL,
  counted_time double precision NOT NULL,
  resets integer NOT NULL,
  track_functions text NOT NULL,
  server_started timestamptz NOT NULL,
  PRIMARY KEY (taken_at, function)
);

SELECT pg_extension_config_dump('@extschema@.snapshot', '');

COMMENT ON TABLE @extschema@.snapshot IS
'The counters of each function at the times when take_snapshot() was called';
COMMENT ON COLUMN @extschema@.snapshot.funcid IS
'The identifier of the function; a function that is created again has new counters';
COMMENT ON COLUMN @extschema@.snapshot.calls IS
'The value of the counter at the time of the snapshot';
COMMENT ON COLUMN @extschema@.snapshot.total_time IS
'The value of the counter at the time of the snapshot, in milliseconds';
COMMENT ON COLUMN @extschema@.snapshot.counted_calls IS
'Calls since the first snapshot of the function, including calls before resets of the counters';
COMMENT ON COLUMN @extschema@.snapshot.counted_time IS
'Milliseconds of calls since the first snapshot of the function, including calls before resets of the counters';
COMMENT ON COLUMN @extschema@.snapshot.resets IS
'The number of detected resets of the counters since the first snapshot of the function';

CREATE FUNCTION @extschema@.take_snapshot(retention interval DEFAULT '30 days') RETURNS timestamptz
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  newest timestamptz;
  instant timestamptz;
BEGIN
  IF retention <= interval '0' THEN
    RAISE EXCEPTION 'retention must be greater than zero, but is %', retention
      USING ERRCODE = 'invalid_parameter_value',
        HINT = 'NULL keeps all snapshots.';
  END IF;

  -- take one snapshot at a time, because its totals continue from the newest snapshot
  LOCK TABLE @extschema@.snapshot IN SHARE ROW EXCLUSIVE MODE;
  -- this transaction may have cached the counters before another transaction took a snapshot
  PERFORM pg_stat_clear_snapshot();
  SELECT max(s.taken_at) INTO newest FROM @extschema@.snapshot s;
  instant := clock_timestamp();
  IF instant <= newest THEN
    RAISE EXCEPTION 'the newest snapshot is of %, and it is %', newest, instant
      USING ERRCODE = 'object_not_in_prerequisite_state',
        HINT = 'The clock was set back. Delete the snapshots that are newer than the current time.';
  END IF;

  INSERT INTO @extschema@.snapshot (taken_at, function, funcid, calls, total_time, counted_calls, counted_time, resets,
    track_functions, server_started)
  SELECT instant, c.function, c.funcid, c.calls, c.total_time,
    CASE WHEN p.function IS NULL THEN 0 WHEN r.reset THEN p.counted_calls + c.calls
      ELSE p.counted_calls + c.calls - p.calls END,
    CASE WHEN p.function IS NULL THEN 0 WHEN r.reset THEN p.counted_time + c.total_time
      ELSE p.counted_time + c.total_time - p.total_time END,
    coalesce(p.resets + r.reset::integer, 0),
    current_setting('track_functions'), pg_postmaster_start_time()
  FROM @extschema@.pg_hello_stats c
    LEFT JOIN LATERAL (
      SELECT * FROM @extschema@.snapshot s WHERE s.function = c.function ORDER BY s.taken_at DESC LIMIT 1
    ) p ON true
    CROSS JOIN LATERAL (
      SELECT c.funcid <> p.funcid OR c.calls < p.calls OR c.total_time < p.total_time
    ) r (reset);

  DELETE FROM @extschema@.snapshot s WHERE s.taken_at < instant - retention;
  RETURN instant;
END
$$;

COMMENT ON FUNCTION @extschema@.take_snapshot(interval) IS
'Stores the current counters of each function, deletes snapshots that are older than the retention, and returns the current time';

CREATE FUNCTION @extschema@.pg_hello_performance_report(since interval DEFAULT '1 hour')
RETURNS TABLE (function_name text, from_at timestamptz, to_at timestamptz, total_calls bigint,
  calls_per_second numeric, avg_time_ms numeric, note text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT m.function, b.taken_at, e.taken_at, d.calls,
    round(d.calls / extract(epoch FROM e.taken_at - b.taken_at), 3),
    round((d.time / nullif(d.calls, 0))::numeric, 6),
    nullif(concat_ws('; ',
      CASE
        WHEN t.from_at IS NULL OR t.from_at = t.to_at THEN 'there are fewer than two snapshots in this interval'
        WHEN b.function IS NULL THEN 'it is not in the first and the last snapshot of this interval'
      END,
      CASE WHEN e.resets > b.resets
        THEN 'counters were reset, and calls between a reset and the snapshot before it are not known' END,
      CASE WHEN e.server_started <> b.server_started THEN 'the server was restarted' END,
      CASE WHEN b.track_functions <> 'all' OR e.track_functions <> 'all'
        THEN format('track_functions was %s at first and %s at last: functions in C are counted with all only',
          b.track_functions, e.track_functions) END), '')
  FROM @extschema@.members m
    CROSS JOIN (
      SELECT min(s.taken_at), max(s.taken_at) FROM @extschema@.snapshot s WHERE s.taken_at >= now() - since
    ) t (from_at, to_at)
    LEFT JOIN (@extschema@.snapshot b JOIN @extschema@.snapshot e ON b.function = e.function AND b.taken_at < e.taken_at)
      ON b.taken_at = t.from_at AND e.taken_at = t.to_at AND b.function = m.function
    CROSS JOIN LATERAL (
      SELECT e.counted_calls - b.counted_calls, e.counted_time - b.counted_time
    ) d (calls, time)
  ORDER BY d.calls DESC NULLS LAST, m.function;
END;

COMMENT ON FUNCTION @extschema@.pg_hello_performance_report(interval) IS
'Calls and their mean time between the first and the last snapshot in the given interval until now';

CREATE TABLE @extschema@.pg_hello_performance_baseline (
  label text NOT NULL,
  recorded_at timestamptz NOT NULL,
  function_name text NOT NULL,
  from_at timestamptz NOT NULL,
  to_at timestamptz NOT NULL,
  calls_total bigint NOT NULL,
  mean_time_ms numeric,
  calls_per_second numeric NOT NULL,
  PRIMARY KEY (label, function_name)
);

SELECT pg_extension_config_dump('@extschema@.pg_hello_performance_baseline', '');

COMMENT ON TABLE @extschema@.pg_hello_performance_baseline IS
'Reports that baseline() has stored for later comparisons';

CREATE FUNCTION @extschema@.baseline(label text DEFAULT 'default', since interval DEFAULT '1 hour') RETURNS timestamptz
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  LOCK TABLE @extschema@.pg_hello_performance_baseline IN SHARE ROW EXCLUSIVE MODE;
  DELETE FROM @extschema@.pg_hello_performance_baseline b WHERE b.label = baseline.label;
  INSERT INTO @extschema@.pg_hello_performance_baseline (label, recorded_at, function_name, from_at, to_at, calls_total,
    mean_time_ms, calls_per_second)
  SELECT baseline.label, now(), r.function_name, r.from_at, r.to_at, r.total_calls, r.avg_time_ms, r.calls_per_second
  FROM @extschema@.pg_hello_performance_report(since) r
  WHERE r.total_calls IS NOT NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there are fewer than two snapshots in the last %', since
      USING ERRCODE = 'object_not_in_prerequisite_state',
        HINT = 'Call @extschema@.take_snapshot(), once before and once after the calls to be measured.';
  END IF;
  RETURN now();
END
$$;

COMMENT ON FUNCTION @extschema@.baseline(text, interval) IS
'Stores the report of an interval under a label, replaces the previous report with this label, and returns the current time';

CREATE FUNCTION @extschema@.compare_with_baseline(label text DEFAULT 'default', since interval DEFAULT '1 hour')
RETURNS TABLE (function_name text, baseline_mean_time_ms numeric, mean_time_ms numeric, mean_time_ratio numeric,
  baseline_calls_per_second numeric, calls_per_second numeric, calls_per_second_ratio numeric, note text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT r.function_name, b.mean_time_ms, r.avg_time_ms, round(r.avg_time_ms / nullif(b.mean_time_ms, 0), 2),
    b.calls_per_second, r.calls_per_second, round(r.calls_per_second / nullif(b.calls_per_second, 0), 2),
    nullif(concat_ws('; ',
      r.note,
      CASE WHEN b.function_name IS NULL THEN format('it is not in the baseline "%s"', compare_with_baseline.label) END), '')
  FROM @extschema@.pg_hello_performance_report(since) r
    LEFT JOIN @extschema@.pg_hello_performance_baseline b
      ON b.label = compare_with_baseline.label AND b.function_name = r.function_name
  ORDER BY r.total_calls DESC NULLS LAST, r.function_name;
END;

COMMENT ON FUNCTION @extschema@.compare_with_baseline(text, interval) IS
'Compares the report of an interval with a baseline; a ratio above 1 means slower calls, or more calls per second';

CREATE VIEW @extschema@.pg_hello_missing AS
SELECT v.missing, v.effect, v.remedy
FROM (VALUES
  ('track_functions = all',
    'calls of functions in C are not counted: pg_hello_stats, pg_hello_usage, pg_hello_performance_report',
    format('ALTER DATABASE %I SET track_functions = ''all''', current_database()),
    current_setting('track_functions') <> 'all'),
  ('library pg_hello in this session',
    'until a function is called, pg_hello_config does not contain pg_hello.repeat, and invalid values of it are accepted',
    coalesce((
      SELECT format('ALTER DATABASE %I SET session_preload_libraries = %s', current_database(),
        string_agg(quote_literal(l.name), ', ' ORDER BY l.position))
      FROM pg_settings g,
        LATERAL unnest(string_to_array(concat_ws(',', nullif(g.setting, ''), 'pg_hello'), ','))
          WITH ORDINALITY u (item, position),
        LATERAL (SELECT btrim(u.item, ' "'), u.position) l (name, position)
      WHERE g.name = 'session_preload_libraries'),
      'a superuser appends pg_hello to session_preload_libraries'),
    NOT EXISTS (SELECT FROM pg_settings g WHERE g.name = 'pg_hello.repeat')),
  ('library pg_stat_statements',
    'pg_hello_usage_by_user is empty',
    'append pg_stat_statements to shared_preload_libraries, and restart the server',
    NOT EXISTS (SELECT FROM pg_settings g WHERE g.name = 'pg_stat_statements.max')),
  ('extension pg_stat_statements in this database',
    'pg_hello_usage_by_user is empty',
    'CREATE EXTENSION pg_stat_statements',
    NOT EXISTS (SELECT FROM pg_extension e WHERE e.extname = 'pg_stat_statements')),
  ('membership in pg_read_all_stats',
    'statements of other users are hidden: pg_hello_access_audit, pg_hello_usage_by_user, pg_hello_usage_by_application',
    format('GRANT pg_read_all_stats TO %I', current_user),
    NOT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')),
  ('membership in pg_read_all_settings',
    'some settings are hidden: pg_hello_config, compliance_report',
    format('GRANT pg_read_all_settings TO %I', current_user),
    NOT pg_has_role(current_user, 'pg_read_all_settings', 'USAGE')),
  ('a snapshot of the last hour',
    'there is nothing to compare: pg_hello_performance_report, baseline, compare_with_baseline',
    'SELECT @extschema@.take_snapshot(), each minute',
    NOT EXISTS (SELECT FROM @extschema@.snapshot s WHERE s.taken_at >= now() - interval '1 hour'))
) v (missing, effect, remedy, is_missing)
WHERE v.is_missing;

COMMENT ON VIEW @extschema@.pg_hello_missing IS
'Items that are missing for this database or this user, their effect on the views, and the remedies';

CREATE FUNCTION @extschema@.compliance_report()
RETURNS TABLE (check_name text, object text, status text, detail text, remedy text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 50
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH extension AS (
    SELECT e.oid, e.extname, e.extversion, e.extnamespace, e.extowner, a.default_version
    FROM pg_extension e
      LEFT JOIN pg_available_extensions a ON e.extname = a.name
    WHERE e.extname IN ('pg_hello', 'pg_hello_ops')
  ),
  function AS (
    SELECT e.extname, p.oid, l.lanname, p.prosecdef, p.proconfig, p.probin, p.proowner,
      format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) AS name,
      coalesce(p.proacl, acldefault('f', p.proowner)) AS acl
    FROM extension e
      JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
      JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
      JOIN pg_namespace n ON p.pronamespace = n.oid
      JOIN pg_language l ON p.prolang = l.oid
  )
  SELECT c.check_name, c.object, c.status, c.detail, CASE WHEN c.status = 'warning' THEN c.remedy END
  FROM (
    SELECT 1, 'version', format('extension %I', e.extname),
      CASE WHEN e.extversion = e.default_version THEN 'ok' ELSE 'warning' END,
      format('version %s; the files on the server have %s', e.extversion, coalesce(e.default_version, 'none')),
      CASE WHEN e.default_version IS NULL THEN 'install the files of the extension'
        ELSE format('ALTER EXTENSION %I UPDATE', e.extname) END
    FROM extension e

    UNION ALL
    SELECT 2, 'owner', 'function ' || f.name,
      CASE WHEN r.rolsuper THEN 'ok' ELSE 'warning' END,
      format('written in C, owned by %I, who is %s superuser', r.rolname, CASE WHEN r.rolsuper THEN 'a' ELSE 'no' END),
      'make a superuser its owner, because its owner can replace what everybody calls'
    FROM function f
      JOIN pg_roles r ON f.proowner = r.oid
    WHERE f.lanname = 'c'

    UNION ALL
    SELECT 2, 'owner', format('%s %s', o.kind, o.name),
      CASE WHEN o.owner = e.extowner OR r.rolsuper THEN 'ok' ELSE 'warning' END,
      format('owned by %I, the extension by %I', r.rolname, pg_get_userbyid(e.extowner)),
      format('ALTER %s %s OWNER TO %I', upper(o.kind), o.name, pg_get_userbyid(e.extowner))
    FROM extension e
      CROSS JOIN LATERAL (
        SELECT CASE t.relkind WHEN 'v' THEN 'view' ELSE 'table' END, format('%I.%I', n.nspname, t.relname), t.relowner
        FROM pg_depend d
          JOIN pg_class t ON d.classid = 'pg_class'::regclass AND d.objid = t.oid
          JOIN pg_namespace n ON t.relnamespace = n.oid
        WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
          AND t.relkind IN ('r', 'v')
        UNION ALL
        SELECT 'function', f.name, f.proowner
        FROM function f
        WHERE f.extname = e.extname AND f.lanname <> 'c'
      ) o (kind, name, owner)
      JOIN pg_roles r ON o.owner = r.oid
    WHERE e.extname = 'pg_hello_ops'

    UNION ALL
    SELECT 3, 'library', 'function ' || f.name,
      CASE WHEN f.probin = '$libdir/pg_hello' THEN 'ok' ELSE 'warning' END,
      'library ' || f.probin,
      'it is not the extension''s own: find out where it comes from'
    FROM function f
    WHERE f.lanname = 'c'

    UNION ALL
    SELECT 4, 'public', 'function ' || f.name,
      CASE WHEN p.may THEN 'warning' ELSE 'ok' END,
      CASE WHEN p.may THEN 'everybody may execute it' ELSE 'not everybody may execute it' END,
      format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f.name)
    FROM function f
      CROSS JOIN LATERAL (
        SELECT EXISTS (SELECT FROM aclexplode(f.acl) a WHERE a.grantee = 0 AND a.privilege_type = 'EXECUTE')
      ) p (may)

    UNION ALL
    SELECT 5, 'privileges', 'function ' || f.name, 'ok',
      'EXECUTE: ' || string_agg(CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END
        || CASE WHEN a.is_grantable THEN ' with grant option' ELSE '' END, ', '
        ORDER BY a.grantee <> 0, pg_get_userbyid(a.grantee) COLLATE "C"),
      NULL
    FROM function f
      CROSS JOIN LATERAL aclexplode(f.acl) a
    GROUP BY f.name

    UNION ALL
    SELECT 6, 'search_path', 'function ' || s.name,
      CASE WHEN s.fixed AND s.open IS NULL THEN 'ok' ELSE 'warning' END,
      CASE WHEN NOT s.fixed THEN 'the caller''s' || CASE WHEN s.prosecdef THEN ', with the rights of its owner' ELSE '' END
        WHEN s.open IS NULL THEN 'fixed'
        ELSE format('fixed, but others than its owner may create objects in %s', s.open) END,
      CASE WHEN s.fixed AND s.open IS NOT NULL
        THEN format('let nobody else create there, or leave it out: REVOKE CREATE ON SCHEMA %s FROM ...', s.open)
        ELSE format('set what it needs, and pg_temp last: ALTER FUNCTION %s SET search_path = ...', s.name) END
    FROM (
      SELECT f.name, f.prosecdef, f.proconfig, f.proowner
      FROM function f
      WHERE f.lanname NOT IN ('c', 'internal')
      UNION ALL
      SELECT format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)), true, p.proconfig, p.proowner
      FROM pg_proc p
        JOIN pg_namespace n ON p.pronamespace = n.oid
      WHERE p.prosecdef AND NOT EXISTS (SELECT FROM function f WHERE f.oid = p.oid)
        AND coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) ~* (SELECT @extschema@.member_pattern())
    ) o (name, prosecdef, proconfig, owner)
      CROSS JOIN LATERAL (
        SELECT o.name, o.prosecdef, EXISTS (SELECT FROM unnest(o.proconfig) c WHERE starts_with(c, 'search_path=')),
          (SELECT string_agg(DISTINCT quote_ident(n.nspname), ', ')
           FROM unnest(o.proconfig) c
             CROSS JOIN regexp_split_to_table(substr(c, length('search_path=') + 1), ' *, *') item
             JOIN pg_namespace n ON n.nspname = btrim(item, '"')
             CROSS JOIN LATERAL aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
             LEFT JOIN pg_database d ON d.datname = current_database() AND pg_get_userbyid(a.grantee) = 'pg_database_owner'
             LEFT JOIN pg_roles r ON r.oid = coalesce(d.datdba, a.grantee)
           WHERE starts_with(c, 'search_path=') AND a.privilege_type = 'CREATE'
             AND (a.grantee = 0 OR NOT r.rolsuper AND r.oid <> o.owner))
      ) s (name, prosecdef, fixed, open)

    UNION ALL
    SELECT 7, 'schema', format('schema %I', n.nspname),
      CASE WHEN p.may THEN 'warning' ELSE 'ok' END,
      format('owned by %I; %s may create objects in it', pg_get_userbyid(n.nspowner),
        CASE WHEN p.may THEN 'everybody' ELSE 'not everybody' END),
      format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', n.nspname)
    FROM pg_namespace n
      CROSS JOIN LATERAL (
        SELECT EXISTS (
          SELECT FROM aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
          WHERE a.grantee = 0 AND a.privilege_type = 'CREATE')
      ) p (may)
    WHERE n.oid IN (SELECT e.extnamespace FROM extension e)

    UNION ALL
    SELECT 8, 'row_security', format('table %I.%I', n.nspname, t.relname),
      CASE WHEN t.relrowsecurity AND t.relforcerowsecurity THEN 'ok' ELSE 'warning' END,
      format('row-level security is %s, and %s for the owner', CASE WHEN t.relrowsecurity THEN 'on' ELSE 'off' END,
        CASE WHEN t.relforcerowsecurity THEN 'forced' ELSE 'not forced' END),
      'run extension/ops/app_config.sql'
    FROM pg_class t
      JOIN pg_namespace n ON t.relnamespace = n.oid
    WHERE t.relname = 'app_config' AND t.relkind IN ('r', 'p')

    UNION ALL
    SELECT 8, 'row_security', format('policy %I on table %I.%I', p.polname, n.nspname, t.relname), 'warning',
      format('it is not of app_config.sql, and allows more: %s', coalesce(pg_get_expr(p.polqual, p.polrelid),
        pg_get_expr(p.polwithcheck, p.polrelid))),
      format('if nobody needs it: DROP POLICY %I ON %I.%I', p.polname, n.nspname, t.relname)
    FROM pg_policy p
      JOIN pg_class t ON p.polrelid = t.oid
      JOIN pg_namespace n ON t.relnamespace = n.oid
    WHERE t.relname = 'app_config' AND t.relkind IN ('r', 'p') AND p.polpermissive
      AND p.polname NOT IN ('hello_read', 'hello_change')

    UNION ALL
    SELECT 9, 'setting', v.name,
      CASE WHEN g.setting IS NULL THEN 'unknown' WHEN g.setting ~ v.expected THEN 'ok' ELSE 'warning' END,
      coalesce(format('"%s"', g.setting), 'hidden from this user, or not known here'),
      v.remedy
    FROM (VALUES
      ('track_functions', '^all$', 'all: functions in C are not counted otherwise'),
      ('password_encryption', '^scram-sha-256$', 'scram-sha-256: what is stored otherwise can be used to log in'),
      ('log_line_prefix', '%e', 'add %e: without the SQLSTATE errors cannot be told apart'),
      ('log_statement', '^(none|ddl)$', 'ddl: names in statements are written to the log otherwise'),
      ('log_min_duration_statement', '^(-1|[1-9][0-9]*)$', 'a threshold: with 0 every name is written to the log'),
      ('shared_preload_libraries', '(^|[ ,"])pgaudit($|[ ,"])', 'append pgaudit: there is no record of who called what otherwise'),
      ('pgaudit.log', '(?i)^(?!.*-(function|all))(.*[ ,])?(function|all)($|[ ,])', 'function, role, ddl: calls are not recorded otherwise')
    ) v (name, expected, remedy)
      LEFT JOIN pg_settings g ON v.name = g.name

    UNION ALL
    SELECT 10, 'files', 'control file, scripts, library', 'unknown',
      'SQL cannot see who owns the files and who may write them; they should be root''s, and nobody else should write them',
      NULL
  ) c (position, check_name, object, status, detail, remedy)
  ORDER BY c.position, c.object COLLATE "C";
END;

COMMENT ON FUNCTION @extschema@.compliance_report() IS
'Checks of versions, owners, privileges, search paths and settings of pg_hello: ok, warning, or unknown if the user cannot see the value';

-- Only the owner has access, unless the owner grants it to other roles.
REVOKE EXECUTE ON FUNCTION @extschema@.member_pattern(), @extschema@.statements_by_user(),
  @extschema@.take_snapshot(interval), @extschema@.pg_hello_performance_report(interval),
  @extschema@.baseline(text, interval), @extschema@.compare_with_baseline(text, interval),
  @extschema@.compliance_report() FROM PUBLIC;
