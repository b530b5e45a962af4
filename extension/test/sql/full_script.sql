-- the full script of the newest version creates the same objects as version 1.0 with the update scripts
CREATE DATABASE regress_hello_full_script;
SELECT current_database() AS main \gset
\c regress_hello_full_script
CREATE SCHEMA hello;
SET search_path = hello;

-- all catalog rows of the extension, of its members, and of the members' dependencies, except for object identifiers
-- and for the positions in a script that the expression tree of a default contains
CREATE VIEW public.catalog_rows AS
SELECT pg_describe_object('pg_extension'::regclass, e.oid, 0) AS object, 'pg_extension' AS what,
  to_jsonb(e) - 'oid' AS row
FROM pg_extension e
WHERE e.extname = 'pg_hello'
UNION ALL
SELECT pg_describe_object(m.classid, m.objid, m.objsubid), catalog, row
FROM (
  SELECT 'pg_extension'::regclass::oid AS classid, oid AS objid, 0 AS objsubid
  FROM pg_extension
  WHERE extname = 'pg_hello'
  UNION ALL
  SELECT d.classid, d.objid, d.objsubid
  FROM pg_extension e
    JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
  WHERE e.extname = 'pg_hello'
) m, LATERAL (
  SELECT 'pg_proc', to_jsonb(p) - 'oid' - 'proargdefaults' || jsonb_build_object(
    'definition', pg_get_functiondef(p.oid), 'arguments', pg_get_function_arguments(p.oid))
  FROM pg_proc p
  WHERE m.classid = 'pg_proc'::regclass AND p.oid = m.objid
  UNION ALL
  SELECT 'pg_description', to_jsonb(d.description)
  FROM pg_description d
  WHERE d.classoid = m.classid AND d.objoid = m.objid
  UNION ALL
  SELECT 'pg_init_privs', to_jsonb(i.initprivs)
  FROM pg_init_privs i
  WHERE i.classoid = m.classid AND i.objoid = m.objid
  UNION ALL
  SELECT 'pg_seclabel', to_jsonb(l.label)
  FROM pg_seclabel l
  WHERE l.classoid = m.classid AND l.objoid = m.objid
  UNION ALL
  SELECT 'pg_depend', jsonb_build_object('on', pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid), 'type', d.deptype)
  FROM pg_depend d
  WHERE d.classid = m.classid AND d.objid = m.objid
  UNION ALL
  SELECT 'pg_shdepend', jsonb_build_object('on', s.refobjid, 'type', s.deptype)
  FROM pg_shdepend s
    JOIN pg_database b ON s.dbid = b.oid AND b.datname = current_database()
  WHERE s.classid = m.classid AND s.objid = m.objid
) r (catalog, row);

CREATE EXTENSION pg_hello;
CREATE TABLE public.created AS TABLE public.catalog_rows;
DROP EXTENSION pg_hello;
SELECT what, count(DISTINCT object) >= CASE what WHEN 'pg_extension' THEN 1 ELSE 5 END AS enough FROM public.created GROUP BY what ORDER BY what;

-- rows that only one of the two ways creates
CREATE VIEW public.differences AS
(SELECT 'created' AS by, * FROM public.created EXCEPT ALL SELECT 'created', * FROM public.catalog_rows)
UNION ALL
(SELECT 'updated', * FROM public.catalog_rows EXCEPT ALL SELECT 'updated', * FROM public.created);
CREATE EXTENSION pg_hello VERSION '1.0';
SELECT count(*) > 0 AS differ FROM public.differences;
ALTER EXTENSION pg_hello UPDATE;
SELECT * FROM public.differences;
DROP EXTENSION pg_hello;

-- the update resets attributes of the functions of version 1.0 that were changed later
CREATE FUNCTION public.altered(change text) RETURNS TABLE (before boolean, after jsonb) LANGUAGE plpgsql AS $$
BEGIN
  CREATE EXTENSION pg_hello VERSION '1.0';
  EXECUTE change;
  before := EXISTS (
    SELECT FROM public.catalog_rows r
    WHERE what = 'pg_proc' AND NOT EXISTS (SELECT FROM public.created c WHERE c.row = r.row));
  ALTER EXTENSION pg_hello UPDATE;
  after := (SELECT jsonb_agg(to_jsonb(d)) FROM public.differences d);
  DROP EXTENSION pg_hello;
  RETURN NEXT;
END
$$;
SELECT change, function, altered.*
FROM (VALUES ('COST 7'), ('PARALLEL UNSAFE'), ('LEAKPROOF'), ('SECURITY DEFINER'), ('SET search_path = public'),
    ('SUPPORT pg_catalog.textlike_support')) c (change),
  (VALUES ('pg_hello(text)'), ('now_ms()'), ('spi_version()')) f (function),
  LATERAL public.altered(format('ALTER FUNCTION hello.%s %s', function, change))
ORDER BY change, function;
-- the update does not reset privileges
CREATE EXTENSION pg_hello VERSION '1.0';
REVOKE EXECUTE ON FUNCTION now_ms() FROM PUBLIC;
ALTER EXTENSION pg_hello UPDATE;
SELECT object, what FROM public.differences WHERE by = 'updated';
SELECT has_function_privilege('pg_monitor', 'now_ms()', 'EXECUTE') AS now_ms,
  has_function_privilege('pg_monitor', 'pg_hello(text)', 'EXECUTE') AS pg_hello;
DROP EXTENSION pg_hello;

-- installing the extension does not require plpgsql, but updating it does
DROP FUNCTION public.altered(text);
DROP EXTENSION plpgsql;
CREATE EXTENSION pg_hello;
SELECT * FROM public.differences;
SELECT pg_hello('x', 2), pg_hello_all('{x}');
DROP EXTENSION pg_hello;
CREATE EXTENSION pg_hello VERSION '1.0';
SELECT pg_hello('x');
\set VERBOSITY sqlstate
ALTER EXTENSION pg_hello UPDATE;
\set VERBOSITY default
SELECT extversion FROM pg_extension WHERE extname = 'pg_hello';

\c :main
DROP DATABASE regress_hello_full_script;
