-- the update from version 1.0 rejects another build of this version, and lists the differences
CREATE DATABASE regress_hello_update_guard;
SELECT current_database() AS main \gset
\c regress_hello_update_guard
CREATE SCHEMA hello;
CREATE SCHEMA elsewhere;
SET search_path = hello;
\pset format unaligned
\pset tuples_only on

-- returns the error detail of the update after a change, and rolls back the change
CREATE FUNCTION elsewhere.refusal(change text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text;
BEGIN
  EXECUTE change;
  ALTER EXTENSION pg_hello UPDATE;
  RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = 'updated';
EXCEPTION WHEN object_not_in_prerequisite_state THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RETURN detail;
END
$$;
-- does the same with other functions in place of a member
CREATE FUNCTION elsewhere.instead(member text, VARIADIC functions text[]) RETURNS text LANGUAGE sql AS $$
  SELECT elsewhere.refusal(format('ALTER EXTENSION pg_hello DROP FUNCTION hello.%s; DROP FUNCTION hello.%1$s;', member)
    || string_agg(format('CREATE FUNCTION hello.%s; ALTER EXTENSION pg_hello ADD FUNCTION hello.%s;', f,
      regexp_replace(f, ' (RETURNS|AS) .*', '')), ''))
  FROM unnest(functions) f
$$;

CREATE EXTENSION pg_hello VERSION '1.0';
SELECT elsewhere.refusal('SELECT 1');
SELECT elsewhere.instead('pg_hello(text)',
  $$pg_hello(name text) RETURNS text AS '$libdir/pg_hello', 'pg_hello' LANGUAGE C STABLE STRICT$$);

-- signature
SELECT elsewhere.instead('pg_hello(text)',
  $$pg_hello(word text) RETURNS text AS '$libdir/pg_hello', 'pg_hello' LANGUAGE C STABLE STRICT$$);
SELECT elsewhere.instead('pg_hello(text)',
  $$pg_hello(text) RETURNS text AS '$libdir/pg_hello', 'pg_hello' LANGUAGE C STABLE STRICT$$);
SELECT elsewhere.refusal($$CREATE OR REPLACE FUNCTION hello.pg_hello(name text DEFAULT 'x') RETURNS text
  AS '$libdir/pg_hello', 'pg_hello' LANGUAGE C STABLE STRICT$$);
SELECT elsewhere.instead('pg_hello(text)',
  $$pg_hello(name varchar) RETURNS text AS '$libdir/pg_hello', 'pg_hello' LANGUAGE C STABLE STRICT$$);
SELECT elsewhere.instead('now_ms()',
  $$now_ms(zone text) RETURNS bigint AS '$libdir/pg_hello', 'now_ms' LANGUAGE C VOLATILE STRICT$$);
CREATE DOMAIN elsewhere.text AS pg_catalog.text;
SELECT elsewhere.instead('pg_hello(text)',
  $$pg_hello(name elsewhere.text) RETURNS text AS '$libdir/pg_hello', 'pg_hello' LANGUAGE C STABLE STRICT$$);
-- result
SELECT elsewhere.instead('now_ms()',
  $$now_ms() RETURNS double precision AS '$libdir/pg_hello', 'now_ms' LANGUAGE C VOLATILE STRICT$$);
SELECT elsewhere.instead('now_ms()',
  $$now_ms() RETURNS SETOF bigint AS '$libdir/pg_hello', 'now_ms' LANGUAGE C VOLATILE STRICT ROWS 7$$);
SELECT elsewhere.instead('spi_version()',
  $$spi_version() RETURNS elsewhere.text AS '$libdir/pg_hello', 'spi_version' LANGUAGE C STABLE STRICT$$);
SELECT elsewhere.refusal('ALTER EXTENSION pg_hello DROP FUNCTION hello.pg_hello(text); DROP FUNCTION hello.pg_hello(text);
  CREATE PROCEDURE hello.pg_hello(name text) LANGUAGE sql AS ''''; ALTER EXTENSION pg_hello ADD PROCEDURE hello.pg_hello(text)');
-- language, symbol and library
SELECT elsewhere.refusal($$CREATE OR REPLACE FUNCTION hello.pg_hello(name text) RETURNS text LANGUAGE sql STABLE STRICT
  AS 'SELECT name'$$);
SELECT elsewhere.refusal($$CREATE OR REPLACE FUNCTION hello.pg_hello(name text) RETURNS text LANGUAGE C STABLE STRICT
  AS '$libdir/pg_hello', 'pg_hello_repeat'$$);
SELECT elsewhere.refusal($$CREATE OR REPLACE FUNCTION hello.spi_version() RETURNS text LANGUAGE C STABLE STRICT
  AS 'pg_hello', 'spi_version'$$);
-- volatility and strictness of each function
SELECT elsewhere.refusal(format('ALTER FUNCTION hello.%s %s', function, label))
FROM (VALUES ('IMMUTABLE'), ('STABLE'), ('VOLATILE'), ('CALLED ON NULL INPUT')) l (label),
  (VALUES ('now_ms()'), ('pg_hello(text)'), ('spi_version()')) f (function)
ORDER BY label, function;
-- missing members
SELECT elsewhere.refusal('ALTER EXTENSION pg_hello DROP FUNCTION hello.now_ms()');
SELECT elsewhere.refusal('ALTER FUNCTION hello.spi_version() SET SCHEMA elsewhere');
-- unexpected members
CREATE FUNCTION pg_hello(name integer) RETURNS text LANGUAGE sql AS 'SELECT ''''';
CREATE COLLATION bytes FROM "C";
SELECT elsewhere.refusal('ALTER EXTENSION pg_hello ADD FUNCTION hello.pg_hello(integer)');
SELECT elsewhere.refusal('ALTER EXTENSION pg_hello ADD COLLATION hello.bytes');
-- several differences
SELECT elsewhere.refusal('ALTER EXTENSION pg_hello ADD COLLATION hello.bytes; ALTER EXTENSION pg_hello DROP FUNCTION hello.now_ms();
  ALTER FUNCTION hello.pg_hello(text) IMMUTABLE; ALTER FUNCTION hello.pg_hello(text) CALLED ON NULL INPUT');

-- objects that depend on the extension are not members, and members of an extension with a similar name are not members either
CREATE FUNCTION own(text) RETURNS text LANGUAGE sql AS 'SELECT $1';
ALTER FUNCTION own(text) DEPENDS ON EXTENSION pg_hello;
CREATE FUNCTION elsewhere.pg_hello(name text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT name';
CREATE VIEW elsewhere.similar AS SELECT elsewhere.pg_hello('x');
INSERT INTO pg_extension SELECT 16000, 'pgxhello', extowner, extnamespace, extrelocatable, extversion, NULL, NULL
FROM pg_extension WHERE extname = 'pg_hello';
ALTER EXTENSION pgxhello ADD FUNCTION elsewhere.pg_hello(text);
SELECT elsewhere.refusal('SELECT 1');
CREATE VIEW versions AS SELECT spi_version(), now_ms();
SELECT elsewhere.refusal('ALTER FUNCTION hello.pg_hello(text) IMMUTABLE');

-- the detail has at most a hundred lines
DO $$
BEGIN
  FOR i IN 1..98 LOOP
    EXECUTE format('CREATE VIEW hello.v%s AS SELECT hello.pg_hello(''x'')', to_char(i, 'FM000'));
  END LOOP;
END
$$;
SELECT cardinality(lines), lines[98:]
FROM string_to_array(elsewhere.refusal('DROP VIEW hello.versions; ALTER FUNCTION hello.pg_hello(text) IMMUTABLE'), E'\n') lines;
SELECT cardinality(lines), lines[98:]
FROM string_to_array(elsewhere.refusal('ALTER FUNCTION hello.pg_hello(text) IMMUTABLE'), E'\n') lines;
SELECT cardinality(lines), lines[98:]
FROM string_to_array(elsewhere.refusal('ALTER FUNCTION hello.pg_hello(text) IMMUTABLE;
  ALTER FUNCTION hello.now_ms() IMMUTABLE; DROP VIEW hello.versions'), E'\n') lines;

\c :main
DROP DATABASE regress_hello_update_guard;
