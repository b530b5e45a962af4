CREATE ROLE regress_hello_user;
GRANT CREATE ON DATABASE :"DBNAME" TO regress_hello_user;
SET SESSION AUTHORIZATION regress_hello_user;
CREATE SCHEMA hello;
SET search_path = hello;
CREATE EXTENSION pg_hello;

SELECT n, pg_hello('x', n) FROM generate_series(1, 10) n;
SELECT '[' || pg_hello('', 1) || ']', '[' || pg_hello('', 2) || ']', '[' || pg_hello(' ', 2) || ']';
SELECT pg_hello('O''Brien', 2);
SELECT pg_hello(name => 'named', repeat => 2), pg_hello(repeat => 2, name => 'turned');
SELECT pg_hello('small', 2::smallint);

-- out of range
SELECT pg_hello('x', 0);
\set VERBOSITY terse
SELECT pg_hello('x', 11);
SELECT pg_hello('x', -1);
SELECT pg_hello('x', 2147483647);
SELECT pg_hello('x', -2147483648);
SELECT pg_hello(name, n) FROM (VALUES ('a', 10), ('b', 11)) v(name, n);
\set VERBOSITY sqlstate
SELECT pg_hello('x', 0);
SELECT pg_hello('', 0);
SELECT pg_hello('x', 2147483648);
SELECT pg_hello('x', '11');
SELECT pg_hello('x', 'two');
SELECT pg_hello('x', '');

-- other types of counts do not match
SELECT pg_hello('x', 2::bigint);
SELECT pg_hello('x', 2.0);
SELECT pg_hello('x', 2::numeric);
SELECT pg_hello('x', 2::double precision);
SELECT pg_hello('x', true);
SELECT pg_hello('x', '2'::text);
SELECT pg_hello(2, 'x');
SELECT pg_hello(2, 2);
\set VERBOSITY default

-- a null argument gives null, even if the count is out of range
SELECT pg_hello(NULL, 2) IS NULL AS a, pg_hello('x', NULL) IS NULL AS b, pg_hello(NULL, NULL) IS NULL AS c,
  pg_hello(NULL, 11) IS NULL AS d;

-- independent of the setting
SET pg_hello.repeat = 7;
SELECT pg_hello('x', 1), pg_hello('x', 2);
SELECT pg_hello('x', current_setting('pg_hello.repeat')::integer) = pg_hello('x') AS equal;
RESET pg_hello.repeat;

-- all lengths and counts
SELECT count(*), bool_and(pg_hello(name, n) = left(repeat('Hello, ' || name || '! ', n), -1)) AS equal
FROM (SELECT repeat('é', i) FROM generate_series(0, 140) i) v(name), generate_series(1, 10) n;

-- greetings that exceed the maximum size of a value by far, and by one byte
SELECT octet_length(pg_hello(repeat(repeat('x', 1000), 110000), 10));
\set VERBOSITY sqlstate
SELECT octet_length(pg_hello(repeat(repeat('x', 1000), 107374) || repeat('x', 174), 10));
-- the count is checked first
SELECT octet_length(pg_hello(repeat(repeat('x', 1000), 110000), 11));
\set VERBOSITY default

-- generated columns and indexes, which require an immutable function
CREATE TABLE users (
  id integer,
  name text,
  greeting text GENERATED ALWAYS AS (pg_hello(name, 2)) STORED
);
CREATE INDEX users_greeting ON users (pg_hello(name, 3));
INSERT INTO users SELECT i, 'user ' || i FROM generate_series(1, 100) i;
INSERT INTO users VALUES (101, NULL), (102, '');
UPDATE users SET name = 'renamed' WHERE id = 2;
SELECT * FROM users WHERE id IN (1, 2, 101, 102) ORDER BY id;
SELECT set_config(name, 'off', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT id FROM users WHERE pg_hello(name, 3) = pg_hello('user 7', 3);
SELECT id FROM users WHERE pg_hello(name, 3) = pg_hello('user 7', 3);
RESET enable_seqscan;
RESET enable_bitmapscan;
CREATE INDEX ON users (id) WHERE pg_hello(name, 1) <> '';
ALTER TABLE users ADD CHECK (pg_hello(name, 1) <> 'Hello, nobody!');
CREATE TABLE by_greeting (name text) PARTITION BY HASH (pg_hello(name, 1));

-- an invalid count fails when a row with this count is written
CREATE TABLE counted (name text, n integer, greeting text GENERATED ALWAYS AS (pg_hello(name, n)) STORED);
INSERT INTO counted VALUES ('a', 2), ('b', NULL), (NULL, 11);
\set VERBOSITY sqlstate
INSERT INTO counted VALUES ('c', 11);
UPDATE counted SET n = 0 WHERE name = 'a';
INSERT INTO users VALUES (103, 'nobody');
\set VERBOSITY default
SELECT * FROM counted ORDER BY name;

-- generated columns and indexes reject functions that read the setting
CREATE TABLE refused (name text, greeting text GENERATED ALWAYS AS (pg_hello(name)) STORED);
-- PostgreSQL 19 adds the position, so only the message is printed
DO $$
BEGIN
  CREATE INDEX ON users (pg_hello(name));
EXCEPTION WHEN invalid_object_definition THEN
  RAISE NOTICE '%', SQLERRM;
END
$$;
\set VERBOSITY sqlstate
CREATE TABLE refused (name text, greeting text[] GENERATED ALWAYS AS (pg_hello_all(ARRAY[name], ARRAY[1])) STORED);
CREATE INDEX ON users (pg_hello_all(ARRAY[name], ARRAY[1]));
CREATE INDEX ON users (id) WHERE pg_hello(name) <> '';
CREATE TABLE refused (name text) PARTITION BY HASH (pg_hello(name));
CREATE TABLE refused (name text, version text GENERATED ALWAYS AS (spi_version()) STORED);
\set VERBOSITY default

SET client_min_messages = warning;
DROP SCHEMA hello CASCADE;
RESET client_min_messages;
RESET SESSION AUTHORIZATION;
DROP OWNED BY regress_hello_user;
DROP ROLE regress_hello_user;
