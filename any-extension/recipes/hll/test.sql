CREATE EXTENSION hll;

SELECT abs(hll_cardinality(hll_add_agg(hll_hash_integer(n % 1000))) - 1000) < 50 FROM generate_series(1, 5000) n;
