CREATE ROLE regress_hello_user;
GRANT CREATE ON DATABASE :"DBNAME" TO regress_hello_user;
SET SESSION AUTHORIZATION regress_hello_user;
CREATE SCHEMA hello;
SET search_path = hello;
CREATE EXTENSION pg_hello;

SELECT pg_typeof(now_ms());
-- each result is between two readings of the server's clock, in whole milliseconds, rounded down
DO $$
DECLARE
  before bigint;
  ms bigint;
  after bigint;
BEGIN
  FOR i IN 1..1000 LOOP
    before := floor(extract(epoch FROM clock_timestamp()) * 1000);
    ms := now_ms();
    after := floor(extract(epoch FROM clock_timestamp()) * 1000);
    IF ms NOT BETWEEN before AND after THEN
      RAISE EXCEPTION '% is not between % and %', ms, before, after;
    END IF;
  END LOOP;
END
$$;
SELECT abs(extract(epoch FROM clock_timestamp()) * 1000 - now_ms()) < 1000 AS close;
SELECT abs(extract(epoch FROM clock_timestamp() - to_timestamp(now_ms() / 1000.0))) < 1 AS close;

-- since 1970, not 2000: later than 2024-01-01
SELECT now_ms() > 1704067200000 AS later;

-- the clock advances within a transaction and within a statement (pg_sleep() may end slightly early)
BEGIN;
SELECT now_ms() AS before \gset
SELECT pg_sleep(0.02);
SELECT now_ms() - :before BETWEEN 19 AND 20000 AS goes_on;
SELECT now_ms() - floor(extract(epoch FROM now()) * 1000) >= 19 AS later_than_now;
COMMIT;
SELECT b - a BETWEEN 19 AND 20000 AS goes_on
FROM (SELECT now_ms() AS a, pg_sleep(0.02)::text AS slept, now_ms() AS b OFFSET 0) v;
SELECT bool_and(ms >= previous) AS in_order
FROM (SELECT ms, lag(ms, 1, ms) OVER (ORDER BY i) FROM (SELECT i, now_ms() FROM generate_series(1, 10000) i OFFSET 0) v(i, ms)) w(ms, previous);

-- the result does not depend on the time zone
SET TimeZone = 'Pacific/Kiritimati';
SELECT abs(extract(epoch FROM clock_timestamp()) * 1000 - now_ms()) < 1000 AS close;
SET TimeZone = 'America/St_Johns';
SELECT abs(extract(epoch FROM clock_timestamp()) * 1000 - now_ms()) < 1000 AS close;
RESET TimeZone;

-- as the default of a column
CREATE TABLE visits (id integer, at bigint NOT NULL DEFAULT now_ms());
INSERT INTO visits (id) VALUES (1);
SELECT pg_sleep(0.01);
INSERT INTO visits (id) VALUES (2);
INSERT INTO visits VALUES (3, DEFAULT), (4, 0);
SELECT id, abs(now_ms() - at) < 20000 AS recent FROM visits ORDER BY id;
SELECT b.at > a.at AS later FROM visits a, visits b WHERE a.id = 1 AND b.id = 2;

-- not in generated columns or indexes, which require immutable functions
\set VERBOSITY sqlstate
CREATE INDEX ON visits ((at - now_ms()));
CREATE INDEX ON visits (id) WHERE at < now_ms();
CREATE TABLE refused (id integer, at bigint GENERATED ALWAYS AS (now_ms()) STORED);

-- calls with arguments, and a type that is too narrow
SELECT now_ms(1);
SELECT now_ms(NULL);
SELECT now_ms()::integer;
\set VERBOSITY default

SET client_min_messages = warning;
DROP SCHEMA hello CASCADE;
RESET client_min_messages;
RESET SESSION AUTHORIZATION;
DROP OWNED BY regress_hello_user;
DROP ROLE regress_hello_user;
