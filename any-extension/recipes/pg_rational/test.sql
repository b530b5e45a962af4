CREATE EXTENSION pg_rational;

SELECT '1/3'::rational + '1/6'::rational = '1/2'::rational;
