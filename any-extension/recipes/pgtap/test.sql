CREATE EXTENSION pgtap;

SELECT plan(2) = '1..2';

SELECT has_function('pg_catalog', 'now', 'there is now()') LIKE 'ok 1 - there is now()%';

SELECT is(1, 2, 'one is two') LIKE 'not ok 2 - one is two%';
