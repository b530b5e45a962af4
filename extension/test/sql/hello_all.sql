CREATE ROLE regress_hello_user;
GRANT CREATE ON DATABASE :"DBNAME" TO regress_hello_user;
SET SESSION AUTHORIZATION regress_hello_user;
CREATE SCHEMA hello;
SET search_path = hello;
CREATE EXTENSION pg_hello;
-- the context would name the parallel worker in which an error occurred
\set SHOW_CONTEXT never

-- order and duplicates are kept
SELECT pg_hello_all(ARRAY['b', 'a', 'b', 'c', 'a']);
SELECT pg_hello_all('{Zoe,"O''Brien","with, comma","with \"quote\"",""," "}');
SELECT pg_typeof(pg_hello_all('{a}'));

-- null and empty
SELECT pg_hello_all(ARRAY['a', NULL, 'c', NULL]);
SELECT pg_hello_all(ARRAY[NULL, 'b']);
SELECT pg_hello_all(ARRAY[NULL, NULL]::text[]), pg_hello_all(ARRAY[NULL]::text[]);
SELECT pg_hello_all('{NULL,"NULL",null}');
SELECT pg_hello_all(NULL) IS NULL AS is_null;
SELECT pg_hello_all(NULL, '{1,2}') IS NULL AS is_null;
SELECT pg_hello_all(NULL, '{99}') IS NULL AS is_null;
SELECT pg_hello_all(NULL, NULL) IS NULL AS is_null;
SELECT pg_hello_all('{}'), pg_hello_all('{}', '{}'), pg_hello_all('{}', NULL), array_ndims(pg_hello_all('{}')) IS NULL AS no_dimension;

-- counts, and the setting for names without a count
SELECT pg_hello_all('{a,b,c}', '{1,2,3}');
SELECT pg_hello_all('{a,b,c}', '{3,NULL,2}');
SELECT pg_hello_all('{a,NULL,c}', '{2,2,NULL}');
SELECT pg_hello_all('{a,b}', NULL), pg_hello_all('{a,b}', '{NULL,NULL}');
SET pg_hello.repeat = 2;
SELECT pg_hello_all('{a,b,NULL}');
SELECT pg_hello_all('{a,b}', NULL), pg_hello_all('{a,b}', '{NULL,1}');
RESET pg_hello.repeat;
SELECT pg_hello_all('{a,b}', '{2,NULL}');

-- named arguments
SELECT pg_hello_all(names => '{a,b}');
SELECT pg_hello_all(names => '{a,b}', repeats => '{2,1}'), pg_hello_all(repeats => '{2,1}', names => '{a,b}');

-- the result keeps the lower bounds of the names, and the lower bounds of the counts are ignored
SELECT pg_hello_all('[5:6]={a,b}'), pg_hello_all('[-1:1]={a,NULL,c}', '{1,2,3}');
SELECT pg_hello_all('{a,b}', '[0:1]={1,2}'), pg_hello_all('[7:8]={a,b}', '[-3:-2]={1,2}');
SELECT pg_hello_all('[-2147483648:-2147483647]={a,b}');
SELECT (pg_hello_all('[5:6]={a,b}'))[6], (pg_hello_all('[5:6]={a,b}'))[1] IS NULL AS nothing;

-- other types of arrays
SELECT pg_hello_all('{a,b}'::varchar[]), pg_hello_all('{a,b}'::varchar(1)[]), pg_hello_all('{a,b}'::name[]);
-- varchar elements have the same layout as text elements, so only the array header contains the element type
SELECT kind, array_send(pg_hello_all(names::varchar[])) = array_send(pg_hello_all(names::text[])) AS sent,
  pg_hello_all(names::varchar[]) = pg_hello_all(names::text[]) AS equal
FROM (VALUES ('one', '{a}'), ('null', '{a,NULL}'), ('empty', '{}')) v(kind, names)
ORDER BY kind;
SELECT pg_hello_all('{a,b}', '{1,2}'::smallint[]);
CREATE DOMAIN few_names AS text[] CHECK (cardinality(VALUE) < 3);
SELECT pg_hello_all('{a,b}'::few_names);

-- out of range
SELECT pg_hello_all('{a,b}', '{1,11}');
\set VERBOSITY terse
SELECT pg_hello_all('{a,b}', '{0,1}');
SELECT pg_hello_all('{a,b}', '{1,-1}');
SELECT pg_hello_all('{a}', '{2147483647}');
SELECT pg_hello_all('{a}', '{-2147483648}');
SELECT pg_hello_all('{""}', '{0}');
-- counts that follow a null count and a null name
SELECT pg_hello_all('{a,NULL,c}', '{NULL,1,12}');
-- the error names the subscript of the count
\set VERBOSITY default
SELECT pg_hello_all('{a,NULL,c}', '{NULL,1,12}');
SELECT pg_hello_all('[5:7]={a,b,c}', '[-1:1]={1,2,11}');
\set VERBOSITY terse
-- the count of a null name is not checked
SELECT pg_hello_all('{a,NULL,c}', '{1,11,2}'), pg_hello_all('{NULL,NULL}', '{0,-5}');
\set VERBOSITY default

-- lengths that differ
SELECT pg_hello_all('{a,b}', '{1}');
\set VERBOSITY terse
SELECT pg_hello_all('{a}', '{1,2}');
SELECT pg_hello_all('{a,b}', '{}');
SELECT pg_hello_all('{}', '{1}');
SELECT pg_hello_all('{}', '{NULL}');
SELECT pg_hello_all('[2:3]={a,b}', '[2:2]={1}');
\set VERBOSITY default

-- more than one dimension
SELECT pg_hello_all('{{a,b},{c,d}}');
SELECT pg_hello_all('{a,b}', '{{1},{2}}');
\set VERBOSITY sqlstate
SELECT pg_hello_all('{{a}}');
SELECT pg_hello_all('{{{a,b}}}');
SELECT pg_hello_all('{{a,b}}', '{{1,2}}');
SELECT pg_hello_all('{NULL}', '{{1}}');
SELECT pg_hello_all('{}', '{{1}}');
SELECT pg_hello_all('{{NULL}}');

-- arguments of other types do not match
SELECT pg_hello_all('a');
SELECT pg_hello_all('a'::text);
SELECT pg_hello_all(ARRAY[1, 2]);
SELECT pg_hello_all('{a}', 1);
SELECT pg_hello_all('{a}', '{1}'::bigint[]);
SELECT pg_hello_all('{a}', '{1}'::text[]);
SELECT pg_hello_all('{a}', '{one}');
SELECT pg_hello_all(repeats => '{1}');
SELECT pg_hello_all('{a}', '{1}', 1);
SELECT pg_hello_all();
\set VERBOSITY default

-- byte for byte the same as array() of single calls, with a null at each position of lists of up to 33 names
CREATE FUNCTION one_by_one(names text[], repeats integer[]) RETURNS text[] LANGUAGE sql STABLE
SET search_path = hello AS $$
  SELECT array(
    SELECT pg_hello(name, coalesce(n, current_setting('pg_hello.repeat')::integer))
    FROM unnest(names, repeats) WITH ORDINALITY u(name, n, position) ORDER BY position)
$$;
SELECT count(*), bool_and(same) AS same
FROM (
  SELECT record_image_eq(ROW(pg_hello_all(names)), ROW(one_by_one(names, NULL)))
  FROM generate_series(1, 33) length, generate_series(0, length) hole,
    LATERAL (SELECT array(SELECT CASE WHEN i <> hole THEN repeat('x', i % 5) END FROM generate_series(1, length) i)) v(names)
) w(same);
-- only nulls, and all nulls except one
SELECT count(*), bool_and(same) AS same
FROM (
  SELECT record_image_eq(ROW(pg_hello_all(names)), ROW(one_by_one(names, NULL)))
  FROM generate_series(1, 33) length, generate_series(0, length) one,
    LATERAL (SELECT array(SELECT CASE WHEN i = one THEN repeat('x', i % 5) END FROM generate_series(1, length) i)) v(names)
) w(same);
-- counts with a null at each position
SELECT count(*), bool_and(same) AS same
FROM (
  SELECT record_image_eq(ROW(pg_hello_all(names, repeats)), ROW(one_by_one(names, repeats)))
  FROM generate_series(1, 33) length, generate_series(0, length) hole,
    LATERAL (SELECT array(SELECT repeat('x', i % 5) FROM generate_series(1, length) i),
      array(SELECT CASE WHEN i <> hole THEN i % 10 + 1 END FROM generate_series(1, length) i)) v(names, repeats)
) w(same);

-- 10,000 names of different lengths, with and without nulls and counts
CREATE TABLE names AS
SELECT i AS position,
  CASE WHEN i % 7 <> 0 THEN repeat('x', i % 19) || repeat('é', i % 5) || i END AS name,
  CASE WHEN i % 11 <> 0 THEN i % 10 + 1 END AS n
FROM generate_series(1, 10000) i;
SET pg_hello.repeat = 4;
SELECT what, cardinality(all_at_once) AS length, all_at_once = one_by_one AS equal,
  pg_column_size(all_at_once) = pg_column_size(one_by_one) AS size,
  array_send(all_at_once) = array_send(one_by_one) AS sent,
  record_image_eq(ROW(all_at_once), ROW(one_by_one)) AS image
FROM (
  SELECT 'all' AS what, pg_hello_all(array_agg(name ORDER BY position), array_agg(n ORDER BY position)) AS all_at_once,
    array_agg(pg_hello(name, coalesce(n, 4)) ORDER BY position) AS one_by_one FROM names
  UNION ALL
  SELECT 'no counts', pg_hello_all(array_agg(name ORDER BY position)), array_agg(pg_hello(name) ORDER BY position) FROM names
  UNION ALL
  SELECT 'no nulls', pg_hello_all(array_agg(name ORDER BY position), array_agg(n ORDER BY position)),
    array_agg(pg_hello(name, n) ORDER BY position) FROM names WHERE name IS NOT NULL AND n IS NOT NULL
  UNION ALL
  SELECT 'only nulls', pg_hello_all(array_agg(name ORDER BY position)), array_agg(pg_hello(name) ORDER BY position)
  FROM names WHERE name IS NULL
) v ORDER BY what;

-- the result is a valid array that can be unnested, sliced, extended, stored and compressed
SELECT count(*) = 10000 AS complete, bool_and(greeting IS NOT DISTINCT FROM pg_hello(name, coalesce(n, 4))) AS equal
FROM unnest((SELECT pg_hello_all(array_agg(name ORDER BY position), array_agg(n ORDER BY position)) FROM names))
  WITH ORDINALITY u(greeting, position) JOIN names USING (position);
RESET pg_hello.repeat;
SELECT g[2:3], g || 'd'::text, array_remove(g, NULL), array_position(g, 'Hello, c!'), array_replace(g, NULL, 'none')
FROM pg_hello_all('{a,NULL,c}') g;
CREATE TABLE lists (id integer, names text[], repeats integer[]);
INSERT INTO lists SELECT 1, array_agg(name ORDER BY position), array_agg(n ORDER BY position) FROM names;
INSERT INTO lists VALUES (2, '{short,NULL}', '{1,2}');
SELECT pg_column_size(names) < pg_column_size(names || '{}'::text[]) AS compressed FROM lists WHERE id = 1;
SELECT id, record_image_eq(ROW(pg_hello_all(names, repeats)), ROW(one_by_one(names, repeats))) AS same FROM lists ORDER BY id;
CREATE TABLE greetings AS SELECT id, pg_hello_all(names, repeats) AS greetings FROM lists;
SELECT id, greetings = one_by_one(names, repeats) AS equal FROM greetings JOIN lists USING (id) ORDER BY id;

-- a list that once contained a null, and a list that plpgsql keeps in expanded form
UPDATE lists SET names[2] = 'filled' WHERE id = 2;
SELECT pg_hello_all(names, repeats) FROM lists WHERE id = 2;
DO $$
DECLARE
  names text[] := '{a}';
BEGIN
  names[3] := 'c';
  RAISE NOTICE '%', pg_hello_all(names);
  names := pg_hello_all(names);
  names[2] := 'b';
  RAISE NOTICE '%', names;
END
$$;

-- the call can be cancelled while it adds up the sizes: it does not reach the last count, which is out of range
BEGIN;
SET LOCAL work_mem = '256MB';
DECLARE long CURSOR FOR
  WITH arrays AS MATERIALIZED (
    SELECT array_fill('x'::text, ARRAY[5000000]) AS names, array_fill(1, ARRAY[4999999]) || 11 AS repeats)
  SELECT CASE i WHEN 1 THEN cardinality(names) ELSE cardinality(pg_hello_all(names, repeats)) END
  FROM arrays, generate_series(1, 2) i;
FETCH long;
SET LOCAL statement_timeout = '1ms';
\set VERBOSITY sqlstate
FETCH long;
\set VERBOSITY default
ROLLBACK;
-- the call can be cancelled while it writes, which takes much longer with long names: nextval() is not reached
CREATE SEQUENCE reached;
BEGIN;
SET LOCAL work_mem = '256MB';
DECLARE long CURSOR FOR
  WITH arrays AS MATERIALIZED (
    SELECT array_fill(repeat('x', 1000), ARRAY[100000]) AS names, array_fill(10, ARRAY[100000]) AS repeats)
  SELECT CASE i WHEN 1 THEN cardinality(names) ELSE cardinality(pg_hello_all(names, repeats)) + nextval('reached') END
  FROM arrays, generate_series(1, 2) i;
FETCH long;
SET LOCAL statement_timeout = '50ms';
\set VERBOSITY sqlstate
FETCH long;
\set VERBOSITY default
ROLLBACK;
SELECT is_called FROM reached;
SELECT pg_hello_all('{again}');

SET client_min_messages = warning;
DROP SCHEMA hello CASCADE;
RESET client_min_messages;
RESET SESSION AUTHORIZATION;
DROP OWNED BY regress_hello_user;
DROP ROLE regress_hello_user;
