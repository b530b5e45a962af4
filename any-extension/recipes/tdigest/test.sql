CREATE EXTENSION tdigest;

SELECT abs(tdigest_percentile(n, 100, 0.9) - 900) < 5 FROM generate_series(1, 1000) n;
