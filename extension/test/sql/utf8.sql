-- multibyte characters, which other encodings may not have (with other encodings, the output is utf8_1.out)
SELECT getdatabaseencoding() <> 'UTF8' AS skip_test \gset
\if :skip_test
\quit
\endif
SET client_encoding = UTF8;
CREATE ROLE regress_hello_user;
GRANT CREATE ON DATABASE :"DBNAME" TO regress_hello_user;
SET SESSION AUTHORIZATION regress_hello_user;
CREATE SCHEMA hello;
SET search_path = hello;
CREATE EXTENSION pg_hello;

SELECT pg_hello('Zoë'), pg_hello('José'), pg_hello('世界'), pg_hello('Владимир'), pg_hello('مرحبا');
SELECT char_length(pg_hello('世界')), octet_length(pg_hello('世界'));
SELECT pg_hello(U&'e\0301') = U&'Hello, e\0301!' AS combining, pg_hello(U&'e\0301') = pg_hello('é') AS composed;
SELECT char_length(pg_hello(U&'\+01F44B\+01F3FD')), octet_length(pg_hello(U&'\+01F44B\+01F3FD'));
SELECT pg_hello(U&'\+01F469\200D\+01F4BB') = U&'Hello, \+01F469\200D\+01F4BB!' AS joined;
SELECT pg_hello(U&'\FEFFx\00A0') = U&'Hello, \FEFFx\00A0!' AS invisible;
SELECT pg_hello('世界', 2), pg_hello('Zoë', 2);
SELECT pg_hello_all('{Zoë,世界,"O''Brien",NULL}', '{1,2,1,1}');
SELECT count(*), bool_and(pg_hello(name, n) = left(repeat('Hello, ' || name || '! ', n), -1)) AS equal
FROM (SELECT repeat('界', i) FROM generate_series(0, 70) i) v(name), generate_series(1, 10) n;

SET client_min_messages = warning;
DROP SCHEMA hello CASCADE;
RESET client_min_messages;
RESET SESSION AUTHORIZATION;
DROP OWNED BY regress_hello_user;
DROP ROLE regress_hello_user;
