/* pg_hello--1.0--1.1.sql */

-- complain if script is sourced in psql, rather than via ALTER EXTENSION
\echo Use "ALTER EXTENSION pg_hello UPDATE TO '1.1'" to load this file. \quit

-- There are builds of a version 1.0 that are not this one: they label
-- pg_hello(text) IMMUTABLE although it reads a setting, and their now_ms()
-- counts from the year 2000.  To relabel the functions under a generated
-- column or an index succeeds, but a dump of that database cannot be restored
-- afterwards, so stop and say what depends on them.
DO LANGUAGE plpgsql
$$
DECLARE
  old_path pg_catalog.text := pg_catalog.current_setting('search_path');
  members pg_catalog.oid[];
  differing pg_catalog.text;
  dependents pg_catalog.text;
BEGIN
  -- for safety, transiently set search_path to just pg_catalog+pg_temp
  PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);

  SELECT array_agg(d.objid) INTO members
  FROM pg_extension e
    JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
      AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
  WHERE e.extname = 'pg_hello';

  SELECT string_agg(p.oid::regprocedure::text, ', ' ORDER BY p.proname) INTO differing
  FROM pg_proc p
  WHERE p.oid = ANY (members)
    AND (p.provolatile <> CASE p.proname WHEN 'now_ms' THEN 'v' ELSE 's' END
      OR p.prorettype <> CASE p.proname WHEN 'now_ms' THEN 'bigint'::regtype ELSE 'text'::regtype END
      OR p.pronargs > 0 AND NOT p.proisstrict);

  IF differing IS NOT NULL THEN
    SELECT string_agg(DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid), ', ') INTO dependents
    FROM pg_depend d
    WHERE d.refclassid = 'pg_proc'::regclass AND d.refobjid = ANY (members);

    RAISE EXCEPTION 'version 1.0 of extension "pg_hello" in this database is another build, which cannot be updated'
      USING ERRCODE = 'object_not_in_prerequisite_state',
        DETAIL = format('It declares %s differently. What depends on the extension: %s.',
          differing, coalesce(dependents, 'nothing')),
        HINT = 'Drop what depends on it, then use DROP EXTENSION pg_hello and CREATE EXTENSION pg_hello.'
          ' Values of now_ms() that were stored may count from 2000-01-01.';
  END IF;

  PERFORM pg_catalog.set_config('search_path', old_path, true);
END
$$;

CREATE FUNCTION pg_hello(name text, repeat integer) RETURNS text
AS 'MODULE_PATHNAME', 'pg_hello_repeat'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION pg_hello(text, integer) IS
'Greets a name repeat times (1 to 10), with one space between the greetings';

-- The cost is that of an array of some fifty names, each a third of a call.
CREATE FUNCTION pg_hello_all(names text[], repeats integer[] DEFAULT NULL) RETURNS text[]
AS 'MODULE_PATHNAME', 'pg_hello_all'
LANGUAGE C STABLE PARALLEL SAFE COST 20;

COMMENT ON FUNCTION pg_hello_all(text[], integer[]) IS
'Greets many names in order; a null name gives null, and without a count the setting pg_hello.repeat counts';
