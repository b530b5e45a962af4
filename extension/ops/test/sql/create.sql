-- the role owns the database and is not a superuser
CREATE ROLE regress_hello_owner;
CREATE ROLE regress_hello_guest;
CREATE DATABASE regress_hello_ops OWNER regress_hello_owner;
SELECT current_database() AS main \gset
\c regress_hello_ops
SET SESSION AUTHORIZATION regress_hello_owner;

-- CASCADE also creates the required extension
CREATE EXTENSION pg_hello_ops;
CREATE EXTENSION pg_hello_ops CASCADE;
SELECT e.extname, e.extowner::regrole, n.nspname, e.extrelocatable, obj_description(e.oid, 'pg_extension') AS description
FROM pg_extension e
  JOIN pg_namespace n ON e.extnamespace = n.oid
WHERE e.extname LIKE 'pg\_hello%'
ORDER BY e.extname;
SELECT name, version, superuser, trusted, relocatable, schema, requires
FROM pg_available_extension_versions
WHERE name = 'pg_hello_ops';

-- its objects: all belong to the owner, and all have a comment
SELECT pg_describe_object(d.classid, d.objid, 0) AS object,
  coalesce(c.relowner, p.proowner)::regrole AS owner, obj_description(d.objid, d.classid::regclass::name) IS NOT NULL AS described
FROM pg_extension e
  JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
  LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
  LEFT JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
WHERE e.extname = 'pg_hello_ops' AND d.classid <> 'pg_type'::regclass
ORDER BY pg_describe_object(d.classid, d.objid, 0) COLLATE "C";
SELECT p.oid::regprocedure AS function, l.lanname, p.provolatile, p.proisstrict, p.proparallel, p.prosecdef, p.proconfig, p.proacl
FROM pg_proc p
  JOIN pg_language l ON p.prolang = l.oid
WHERE p.pronamespace = 'hello_ops'::regnamespace
ORDER BY p.proname COLLATE "C";
SELECT c.oid::regclass AS dumped, x.condition
FROM pg_extension e, unnest(e.extconfig, e.extcondition) x (oid, condition)
  JOIN pg_class c ON x.oid = c.oid
WHERE e.extname = 'pg_hello_ops'
ORDER BY c.relname;
SELECT * FROM pg_extension_update_paths('pg_hello_ops');

-- nothing depends on a function of pg_hello, so pg_hello remains relocatable
SELECT count(*)
FROM hello_ops.members m
  JOIN pg_depend d ON d.refclassid = 'pg_proc'::regclass AND d.refobjid = m.funcid;

-- other roles have no access
SET SESSION AUTHORIZATION regress_hello_guest;
\set VERBOSITY terse
SELECT * FROM hello_ops.pg_hello_usage;
SELECT hello_ops.take_snapshot();
RESET SESSION AUTHORIZATION;
GRANT USAGE ON SCHEMA hello_ops TO regress_hello_guest;
SET SESSION AUTHORIZATION regress_hello_guest;
SELECT * FROM hello_ops.pg_hello_usage;
SELECT * FROM hello_ops.snapshot;
SELECT hello_ops.take_snapshot();
SELECT * FROM hello_ops.pg_hello_performance_report();
SELECT hello_ops.baseline();
SELECT * FROM hello_ops.compare_with_baseline();
SELECT * FROM hello_ops.compliance_report();
SELECT hello_ops.member_pattern();
SELECT * FROM hello_ops.statements_by_user();
-- other roles cannot create or drop the extension
CREATE EXTENSION pg_hello_ops;
DROP EXTENSION pg_hello_ops;
\set VERBOSITY default

-- the extension uses its own schema, which cannot be changed
SET SESSION AUTHORIZATION regress_hello_owner;
ALTER EXTENSION pg_hello_ops SET SCHEMA public;
DROP EXTENSION pg_hello_ops;
CREATE EXTENSION pg_hello_ops SCHEMA public;

-- objects that already exist in the schema are not used
CREATE FUNCTION hello_ops.format(text, name, text) RETURNS text LANGUAGE sql AS $$SELECT 'trapped'$$;
CREATE FUNCTION hello_ops.alike(name, text) RETURNS boolean LANGUAGE sql AS $$SELECT false$$;
CREATE OPERATOR hello_ops.= (LEFTARG = name, RIGHTARG = text, PROCEDURE = hello_ops.alike);
CREATE TABLE hello_ops.pg_extension (oid oid, extname name);
CREATE TEMPORARY TABLE pg_proc (oid oid);
CREATE EXTENSION pg_hello_ops;
SELECT count(*) >= 5 AND count(*) = (
  SELECT count(*) FROM pg_catalog.pg_depend d
    JOIN pg_catalog.pg_extension e ON d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
  WHERE e.extname = 'pg_hello' AND d.classid = 'pg_catalog.pg_proc'::regclass
) AS members FROM hello_ops.members;
DROP EXTENSION pg_hello_ops;
-- existing objects are not replaced
CREATE VIEW hello_ops.members AS SELECT 1 AS funcid;
\set VERBOSITY sqlstate
CREATE EXTENSION pg_hello_ops;
-- pg_hello cannot be dropped without pg_hello_ops
DROP VIEW hello_ops.members;
CREATE EXTENSION pg_hello_ops;
DROP EXTENSION pg_hello;
\set VERBOSITY default

\c :main
DROP DATABASE regress_hello_ops;
DROP ROLE regress_hello_owner, regress_hello_guest;
