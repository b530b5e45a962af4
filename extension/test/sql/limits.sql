-- the largest possible value, and values next to this limit; each result uses 1 GB of memory
CREATE ROLE regress_hello_user;
GRANT CREATE ON DATABASE :"DBNAME" TO regress_hello_user;
SET SESSION AUTHORIZATION regress_hello_user;
CREATE SCHEMA hello;
SET search_path = hello;
CREATE EXTENSION pg_hello;
\set SHOW_CONTEXT never

CREATE FUNCTION xs(bytes integer) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT repeat(repeat('x', 1000), bytes / 1000) || repeat('x', bytes % 1000)
$$;
-- a greeting of 1073741819 bytes, with four more bytes for its length
SELECT octet_length(pg_hello(xs(107374173), 10));
SELECT octet_length(pg_hello(xs(107374174), 10));

-- the result for a small name after a large one, whose greeting has 1073741692 bytes
CREATE FUNCTION size_of(names text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text;
  hint text;
BEGIN
  RETURN pg_column_size(pg_hello_all(names, array_prepend(10, array_fill(1, ARRAY[cardinality(names) - 1]))));
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' ', SQLSTATE, SQLERRM, detail, hint);
END
$$;
-- an array with a null has a larger header; the last case has a name after the name that fills the array
WITH large AS MATERIALIZED (SELECT xs(107374160) AS name)
SELECT small, what, size_of(names)
FROM large, LATERAL (
  SELECT small, 'last' AS what, ARRAY[name, repeat('y', small)] FROM unnest('{88,89,91,92}'::integer[]) small
  UNION ALL
  SELECT small, 'null', ARRAY[name, NULL, repeat('y', small)] FROM unnest('{80,81,84}'::integer[]) small
  UNION ALL
  SELECT 88, 'next', ARRAY[name, repeat('y', 88), '']
) v(small, what, names)
ORDER BY what, small;

-- the error distinguishes one name that is too large from many names that are too large together
SELECT cardinality(pg_hello_all(ARRAY['a', xs(107374170)], '{1,10}'));
SELECT cardinality(pg_hello_all(ARRAY['a', xs(107374171)], '{1,10}'));
SELECT cardinality(pg_hello_all(ARRAY['a', NULL, xs(60000000), xs(60000001)], '{1,1,9,9}'));
SELECT cardinality(pg_hello_all(array_fill(repeat('x', 1000), ARRAY[110000], ARRAY[-5]), array_fill(10, ARRAY[110000])));
SET pg_hello.repeat = 10;
SELECT cardinality(pg_hello_all(ARRAY[xs(110000000)]));
RESET pg_hello.repeat;
SELECT pg_hello_all('{again}');

SET client_min_messages = warning;
DROP SCHEMA hello CASCADE;
RESET client_min_messages;
RESET SESSION AUTHORIZATION;
DROP OWNED BY regress_hello_user;
DROP ROLE regress_hello_user;
