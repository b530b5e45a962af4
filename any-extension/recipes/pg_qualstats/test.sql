CREATE EXTENSION pg_qualstats;

CREATE TABLE fruit AS SELECT n AS id, 'fruit ' || n AS name FROM generate_series(1, 5000) n;

SELECT count(*) = 1 FROM fruit WHERE name = 'fruit 7';

SELECT count(*) > 0 FROM pg_qualstats WHERE lrelid = 'fruit'::regclass AND lattnum = 2;
