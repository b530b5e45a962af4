CREATE ROLE regress_hello_user;
GRANT CREATE ON DATABASE :"DBNAME" TO regress_hello_user;
SET SESSION AUTHORIZATION regress_hello_user;
CREATE SCHEMA hello;
SET search_path = hello;
CREATE EXTENSION pg_hello;

SELECT pg_hello('World');
SELECT pg_hello(name => 'World');
SELECT pg_typeof(pg_hello('World'));

-- null, empty, blank
SELECT pg_hello(NULL) IS NULL AS is_null;
SELECT pg_hello(NULL::text) IS NULL AS is_null;
SELECT '[' || pg_hello('') || ']';
SELECT '[' || pg_hello('   ') || ']';
SELECT pg_hello(E' \t') = E'Hello,  \t!' AS kept;
SELECT pg_hello(E'two\nlines') = E'Hello, two\nlines!' AS kept;

-- nothing is escaped, folded or interpreted
SELECT pg_hello('O''Brien'), pg_hello('"; DROP TABLE users; --');
SELECT pg_hello('C:\temp\new') = 'Hello, C:\temp\new!' AS kept;
SELECT pg_hello('%s %d %n %%'), pg_hello('$1 ${name} {0}'), pg_hello('<b>&amp;</b>');

-- the result is correct in any encoding (utf8.sql has more cases)
SELECT pg_hello(chr(235)) = 'Hello, ' || chr(235) || '!' AS equal, octet_length(pg_hello(chr(235))) - octet_length(chr(235)) AS more;

-- all lengths around the limits of headers and alignment
SELECT count(*) AS lengths, bool_and(pg_hello(n) = 'Hello, ' || n || '!') AS equal
FROM (SELECT repeat('x', i) FROM generate_series(0, 300) i) v(n);

-- a long name
SELECT length(g), left(g, 10), right(g, 4), md5(g) = md5('Hello, ' || repeat('x', 1048576) || '!') AS equal
FROM pg_hello(repeat('x', 1048576)) g;

-- stored names: with a short header, compressed inline, out of line, compressed out of line
CREATE TABLE stored (id integer, name text);
INSERT INTO stored VALUES (1, 'short');
INSERT INTO stored VALUES (2, repeat('y', 5000));
CREATE TABLE external (LIKE stored);
ALTER TABLE external ALTER name SET STORAGE EXTERNAL;
INSERT INTO external VALUES (3, repeat('z', 100000));
INSERT INTO stored SELECT 4, string_agg(repeat(md5(i::text), 3), '') FROM generate_series(1, 2000) i;
SELECT pg_column_size(name) < 10 AS small FROM stored WHERE id = 1;
SELECT pg_column_size(name) < 5000 AS compressed FROM stored WHERE id = 2;
SELECT id, pg_hello(name) = 'Hello, ' || name || '!' AS equal FROM stored
UNION ALL
SELECT id, pg_hello(name) = 'Hello, ' || name || '!' FROM external
ORDER BY id;

-- other types of strings
CREATE DOMAIN short_name AS text CHECK (char_length(VALUE) < 5);
SELECT pg_hello('dom'::short_name), pg_hello('var'::varchar), pg_hello('var'::varchar(2)),
  pg_hello('nam'::name), pg_hello('bp'::char(5));
\set VERBOSITY sqlstate
SELECT pg_hello('domain'::short_name);

-- other types do not match
SELECT pg_hello(1);
SELECT pg_hello(1.5);
SELECT pg_hello(true);
SELECT pg_hello('\x00'::bytea);
SELECT pg_hello('{}'::json);
SELECT pg_hello(ARRAY['a', 'b']);
SELECT pg_hello();
SELECT pg_hello('a', 'b');
SELECT pg_hello('a', 1, 1);
SELECT pg_hello(greeting => 'a');
SELECT pg_hello(DISTINCT 'a');
SELECT pg_hello(*);
\set VERBOSITY default

-- the setting
SET pg_hello.repeat = 3;
SELECT pg_hello('World'), '[' || pg_hello('') || ']', pg_hello(NULL);
SET pg_hello.repeat = 10;
SELECT pg_hello('é') = rtrim(repeat('Hello, é! ', 10)) AS equal;
SELECT bool_and(pg_hello(name) = left(repeat('Hello, ' || name || '! ', 10), -1)) AS equal FROM stored;

-- greetings that exceed the maximum size of a value by far, and by one byte
\set SHOW_CONTEXT never
SELECT octet_length(pg_hello(repeat(repeat('x', 1000), 110000)));
SELECT octet_length(pg_hello(repeat(repeat('x', 1000), 107374) || repeat('x', 174)));
RESET pg_hello.repeat;
SELECT pg_hello('again');

-- in a table function, a subquery, a window and a trigger
SELECT * FROM pg_hello('FROM') AS greeting;
SELECT id, (SELECT pg_hello('row ' || id)) FROM stored ORDER BY id;
SELECT id, string_agg(pg_hello(id::text), ' ') OVER (ORDER BY id) FROM stored ORDER BY id;
CREATE FUNCTION welcome() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.name := hello.pg_hello(NEW.name); RETURN NEW; END';
CREATE TRIGGER welcome BEFORE INSERT ON stored FOR EACH ROW EXECUTE FUNCTION welcome();
INSERT INTO stored VALUES (5, 'new'), (6, NULL);
SELECT id, name FROM stored WHERE id > 4 ORDER BY id;

SET client_min_messages = warning;
DROP SCHEMA hello CASCADE;
RESET client_min_messages;
RESET SESSION AUTHORIZATION;
DROP OWNED BY regress_hello_user;
DROP ROLE regress_hello_user;
