pg_catalog.setseed(pg_catalog.hashtextextended(pg_catalog.gen_random_uuid()::pg_catalog.text, 0)::pg_catalog.float8
  OPERATOR(pg_catalog./) 9223372036854775808::pg_catalog.float8),
pg_catalog.pg_advisory_unlock_all(),
NOT EXISTS (SELECT FROM pg_catalog.pg_prepared_statement() p WHERE p.from_sql)
