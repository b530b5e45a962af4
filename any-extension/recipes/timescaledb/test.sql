CREATE EXTENSION timescaledb;

CREATE TABLE reading (at timestamptz NOT NULL, value double precision);

SELECT (create_hypertable('reading', by_range('at', INTERVAL '1 day'))).created;

INSERT INTO reading SELECT '2026-01-01 00:00Z'::timestamptz + n * INTERVAL '1 hour', n FROM generate_series(0, 71) n;

SELECT count(*) = 3 FROM timescaledb_information.chunks WHERE hypertable_name = 'reading';

SELECT array_agg(mean ORDER BY day) = ARRAY[11.5, 35.5, 59.5]::double precision[]
FROM (SELECT time_bucket('1 day', at, 'UTC') AS day, avg(value) AS mean FROM reading GROUP BY day) days;

SELECT current_setting('timescaledb.license') = 'apache';
