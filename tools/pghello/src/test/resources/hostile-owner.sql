-- SPDX-License-Identifier: MIT
-- Objects with which the owner of a database, who is not a superuser, could make other roles run the owner's code. The function
-- public.strike(what) must already exist.
SET search_path = pg_catalog, pg_temp;

DROP EXTENSION IF EXISTS pg_hello;
CREATE EXTENSION pg_hello VERSION '1.0' SCHEMA public;
CREATE SCHEMA evil;

-- tables with casts, generated columns, indexes, statistics, constraints, policies and defaults that call the owner's functions
CREATE FUNCTION evil.computed(what text) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS
  'BEGIN PERFORM public.strike(what); RETURN 1; END';
CREATE DOMAIN evil.checked AS integer CHECK (public.strike('domain'));
CREATE TABLE public.planned (x integer, y integer DEFAULT evil.computed('default'), z evil.checked);
INSERT INTO public.planned VALUES (1, 2, 3);
CREATE INDEX ON public.planned ((x + evil.computed('index expression')));
CREATE INDEX ON public.planned (x) WHERE y > evil.computed('index predicate');
CREATE STATISTICS evil.planned ON (x + evil.computed('statistics')), y FROM public.planned;
ALTER TABLE public.planned ADD CHECK (x >= evil.computed('check'));
CREATE TABLE public.generated (x integer, y integer GENERATED ALWAYS AS (x + evil.computed('generated column')) STORED);
INSERT INTO public.generated VALUES (1);
CREATE TABLE public.parent (x integer);
CREATE TABLE public.child (CHECK (x >= evil.computed('inherited check'))) INHERITS (public.parent);
CREATE TABLE public.part (x integer) PARTITION BY RANGE ((x + evil.computed('partition key')));
CREATE TABLE public.part_one PARTITION OF public.part FOR VALUES FROM (0) TO (10);
CREATE TABLE public.secured (x integer);
ALTER TABLE public.secured ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY secured ON public.secured USING (public.strike('policy'));
CREATE FUNCTION evil.as_text(public.planned) RETURNS text LANGUAGE plpgsql AS
  'BEGIN PERFORM public.strike(''cast of a row''); RETURN NULL; END';
CREATE CAST (public.planned AS text) WITH FUNCTION evil.as_text(public.planned) AS IMPLICIT;
CREATE CAST (public.generated AS text) WITH INOUT AS IMPLICIT;
CREATE VIEW public.shown AS SELECT public.strike('view') AS shown;
CREATE TABLE public.app_config (key text DEFAULT evil.computed('default'));
CREATE FUNCTION evil.fired() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN PERFORM public.strike(''trigger''); RETURN NEW; END';
CREATE TRIGGER fired BEFORE INSERT OR UPDATE OR DELETE ON public.planned FOR EACH ROW EXECUTE FUNCTION evil.fired();
CREATE RULE ruled AS ON DELETE TO public.planned DO ALSO SELECT public.strike('rule');

-- functions with the names of the extension's functions
CREATE FUNCTION public.now_ms(integer) RETURNS bigint LANGUAGE plpgsql AS
  'BEGIN PERFORM public.strike(''overload now_ms''); RETURN 0; END';
CREATE FUNCTION public.pg_hello(varchar) RETURNS text LANGUAGE plpgsql AS
  'BEGIN PERFORM public.strike(''overload pg_hello''); RETURN NULL; END';
CREATE FUNCTION public.pg_hello(varchar, integer) RETURNS text LANGUAGE plpgsql AS
  'BEGIN PERFORM public.strike(''overload pg_hello''); RETURN NULL; END';
CREATE FUNCTION public.pg_hello_all(varchar[], bigint[]) RETURNS text[] LANGUAGE plpgsql AS
  'BEGIN PERFORM public.strike(''overload pg_hello_all''); RETURN NULL; END';

-- the objects of pg_hello_ops that the program uses
CREATE SCHEMA hello_ops;
CREATE VIEW hello_ops.snapshot AS SELECT now() AS taken_at, 'now_ms()' AS function, 1 AS counted_calls
  WHERE public.strike('view hello_ops.snapshot');
CREATE FUNCTION hello_ops.take_snapshot(interval) RETURNS timestamptz LANGUAGE plpgsql AS
  'BEGIN PERFORM public.strike(''take_snapshot''); RETURN now(); END';
CREATE FUNCTION hello_ops.baseline(text, interval) RETURNS timestamptz LANGUAGE plpgsql AS
  'BEGIN PERFORM public.strike(''baseline''); RETURN now(); END';
CREATE FUNCTION hello_ops.pg_hello_performance_report(interval) RETURNS TABLE (a text) LANGUAGE plpgsql AS
  'BEGIN PERFORM public.strike(''performance''); END';
CREATE FUNCTION hello_ops.compare_with_baseline(label text, since interval) RETURNS TABLE (a text) LANGUAGE plpgsql AS
  'BEGIN PERFORM public.strike(''compare''); END';
CREATE FUNCTION hello_ops.compliance_report() RETURNS TABLE (a text) LANGUAGE plpgsql AS
  'BEGIN PERFORM public.strike(''compliance''); END';

-- all functions, operators and tables of the catalog, and some types, in a schema that is first on the database's search_path
DO LANGUAGE plpgsql
$$
DECLARE
  it record;
  type_name text;
BEGIN
  FOR it IN
    SELECT p.proname, oidvectortypes(p.proargtypes) AS arguments, format_type(p.prorettype, NULL) AS result
    FROM pg_proc p
    WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND NOT p.proretset AND p.provariadic = 0
      AND NOT EXISTS (SELECT FROM pg_type t WHERE t.typtype = 'p' AND t.oid = ANY (p.prorettype || p.proargtypes::oid[]))
  LOOP
    EXECUTE format('CREATE FUNCTION evil.%I(%s) RETURNS %s LANGUAGE plpgsql AS %L', it.proname, it.arguments, it.result,
      format('BEGIN PERFORM public.strike(%L); RETURN NULL; END', 'function ' || it.proname));
  END LOOP;
  FOR it IN
    SELECT o.oid, o.oprname, o.oprleft::regtype AS l, o.oprright::regtype AS r, o.oprresult::regtype AS result
    FROM pg_operator o
    WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprkind = 'b'
      AND o.oprname IN ('=', '<>', '<', '>', '<=', '>=', '||', '~', '!~', '~~', '+', '-', '*', '/')
      AND NOT EXISTS (SELECT FROM pg_type t WHERE t.typtype = 'p' AND t.oid IN (o.oprleft, o.oprright, o.oprresult))
  LOOP
    EXECUTE format('CREATE FUNCTION evil.operator_%s(%s, %s) RETURNS %s LANGUAGE plpgsql AS %L', it.oid, it.l, it.r, it.result,
      format('BEGIN PERFORM public.strike(%L); RETURN NULL; END', 'operator ' || it.oid));
    EXECUTE format('CREATE OPERATOR evil.%s (FUNCTION = evil.operator_%s, LEFTARG = %s, RIGHTARG = %s)', it.oprname, it.oid,
      it.l, it.r);
  END LOOP;
  FOR it IN
    SELECT c.relname, (
        SELECT string_agg(quote_ident(a.attname), ', ') FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT EXISTS (SELECT FROM pg_type t WHERE t.typtype = 'p' AND t.oid = a.atttypid)
      ) AS columns
    FROM pg_class c
    WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind IN ('r', 'v') AND has_table_privilege(c.oid, 'SELECT')
  LOOP
    EXECUTE format('CREATE VIEW evil.%1$I AS SELECT %3$s FROM pg_catalog.%1$I WHERE public.strike(%2$L)', it.relname,
      'relation ' || it.relname, it.columns);
  END LOOP;
  FOREACH type_name IN ARRAY ARRAY['text', 'name', 'oid', 'regclass', 'regprocedure', 'int4', 'int8', 'interval', 'bool'] LOOP
    EXECUTE format('CREATE DOMAIN evil.%1$I AS pg_catalog.%1$I CHECK (public.strike(%2$L))', type_name,
      'type ' || type_name);
  END LOOP;
  EXECUTE format('ALTER DATABASE %I SET search_path = evil, pg_catalog, public', current_database());
  EXECUTE format('ALTER DATABASE %I SET constraint_exclusion = on', current_database());
  -- always on since PostgreSQL 19
  IF pg_catalog.current_setting('server_version_num')::pg_catalog.int4 < 190000 THEN
    EXECUTE format('ALTER DATABASE %I SET standard_conforming_strings = off', current_database());
  END IF;
  EXECUTE format('ALTER DATABASE %I SET transform_null_equals = on', current_database());
END
$$;
