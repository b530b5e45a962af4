pg_catalog.setseed(%s), pg_catalog.pg_advisory_unlock_all(),
NOT EXISTS (SELECT FROM pg_catalog.pg_prepared_statement() p WHERE p.from_sql)
