/* pg_hello--1.0--1.1.sql */

-- complain if script is sourced in psql, rather than via ALTER EXTENSION
\echo Use "ALTER EXTENSION pg_hello UPDATE TO '1.1'" to load this file. \quit

-- There are other builds of version 1.0: they label pg_hello(text) IMMUTABLE
-- although it reads a setting, and their now_ms() counts from the year 2000.
-- The label of a function could be changed even if a generated column or an
-- index uses the function, but a dump of the database could then not be
-- restored.  Therefore, the update fails, and lists the differences and the
-- dependent objects.
DO LANGUAGE plpgsql
$$
DECLARE
  old_path pg_catalog.text := pg_catalog.current_setting('search_path');
  lines pg_catalog.text[];
  differs pg_catalog.bool;
BEGIN
  -- for safety, transiently set search_path to just pg_catalog+pg_temp
  PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);

  WITH expected (name, argument_types, arguments, result, volatility) AS (
    VALUES ('now_ms', '', '', 'bigint', 'VOLATILE'),
      ('pg_hello', 'text', 'name text', 'text', 'STABLE'),
      ('spi_version', '', '', 'text', 'STABLE')
  ),
  members AS (
    SELECT d.classid, d.objid, pg_describe_object(d.classid, d.objid, d.objsubid) AS member, e.extnamespace
    FROM pg_extension e
      JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
    WHERE e.extname = 'pg_hello' AND d.deptype = 'e'
  ),
  compared AS (
    SELECT x.*, p.*, m.member
    FROM members m
      LEFT JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid AND m.extnamespace = p.pronamespace
      FULL JOIN expected x ON p.proname = x.name AND oidvectortypes(p.proargtypes) = x.argument_types
  )
  SELECT array_agg(line ORDER BY difference DESC, line COLLATE "C"), bool_or(difference)
  INTO lines, differs
  FROM (
    SELECT true, format('function %s(%s) is missing', name, argument_types)
    FROM compared
    WHERE member IS NULL
    UNION ALL
    SELECT true, format('%s does not belong to version 1.0', member)
    FROM compared
    WHERE name IS NULL
    UNION ALL
    SELECT true, format('%s has %s %s instead of %s', member, what, coalesce(nullif(actual, ''), 'none'),
      coalesce(nullif(wanted, ''), 'none'))
    FROM compared
      JOIN pg_language l ON prolang = l.oid,
      LATERAL (VALUES
        ('arguments', pg_get_function_arguments(compared.oid), arguments),
        ('result', pg_get_function_result(compared.oid), result),
        ('language', lanname, 'c'),
        ('symbol', prosrc, name),
        ('library', probin, 'MODULE_PATHNAME'),
        ('volatility', CASE provolatile WHEN 'i' THEN 'IMMUTABLE' WHEN 's' THEN 'STABLE' ELSE 'VOLATILE' END,
          volatility),
        ('null handling', CASE WHEN proisstrict THEN 'STRICT' ELSE 'CALLED ON NULL INPUT' END, 'STRICT')
      ) v (what, actual, wanted)
    WHERE member IS NOT NULL AND name IS NOT NULL AND actual IS DISTINCT FROM wanted
      AND (lanname = 'c' OR what NOT IN ('symbol', 'library'))
    UNION ALL
    SELECT false, format('%s depends on %s', pg_describe_object(d.classid, d.objid, d.objsubid), member)
    FROM members m
      JOIN pg_depend d ON d.refclassid = m.classid AND d.refobjid = m.objid
  ) u (difference, line);

  IF differs THEN
    RAISE EXCEPTION 'cannot update extension "pg_hello" because its version 1.0 in this database is from a different build'
      USING ERRCODE = 'object_not_in_prerequisite_state',
        DETAIL = array_to_string(lines[:100], E'\n')
          || CASE WHEN cardinality(lines) > 100 THEN format(E'\nand %s more', cardinality(lines) - 100) ELSE '' END,
        HINT = 'Drop the dependent objects, then run DROP EXTENSION pg_hello and CREATE EXTENSION pg_hello.'
          ' Stored values of now_ms() may count from 2000-01-01.';
  END IF;

  PERFORM pg_catalog.set_config('search_path', old_path, true);
END
$$;

-- After this check, the functions are known to be from this version 1.0, but
-- their other attributes may have been altered: cost, parallel safety,
-- leakproofness, security, settings, support function.  Replacing a function
-- resets all of these.
CREATE OR REPLACE FUNCTION pg_hello(name text) RETURNS text
AS 'MODULE_PATHNAME', 'pg_hello'
LANGUAGE C STABLE STRICT PARALLEL SAFE;

CREATE OR REPLACE FUNCTION now_ms() RETURNS bigint
AS 'MODULE_PATHNAME', 'now_ms'
LANGUAGE C VOLATILE STRICT PARALLEL SAFE;

-- A call takes as long as about fifty calls of pg_hello().  The cost makes the
-- planner evaluate cheaper conditions first.
CREATE OR REPLACE FUNCTION spi_version() RETURNS text
AS 'MODULE_PATHNAME', 'spi_version'
LANGUAGE C STABLE STRICT PARALLEL SAFE COST 50;

CREATE FUNCTION pg_hello(name text, repeat integer) RETURNS text
AS 'MODULE_PATHNAME', 'pg_hello_repeat'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION pg_hello(text, integer) IS
'Returns a greeting, repeated 1 to 10 times and separated by spaces';

-- The cost is for an array of about fifty names, each of which takes a third of
-- the time of a pg_hello() call.
CREATE FUNCTION pg_hello_all(names text[], repeats integer[] DEFAULT NULL) RETURNS text[]
AS 'MODULE_PATHNAME', 'pg_hello_all'
LANGUAGE C STABLE PARALLEL SAFE COST 20;

COMMENT ON FUNCTION pg_hello_all(text[], integer[]) IS
'Returns a greeting for each name, in order; if repeats is NULL, the setting pg_hello.repeat applies';
