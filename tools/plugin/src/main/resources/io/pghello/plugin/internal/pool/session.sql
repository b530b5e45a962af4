pg_catalog.set_config('TimeZone', 'UTC', false),
pg_catalog.set_config('IntervalStyle', 'iso_8601', false),
pg_catalog.set_config('bytea_output', 'hex', false),
pg_catalog.set_config('standard_conforming_strings', 'on', false),
pg_catalog.set_config('idle_in_transaction_session_timeout', '%s', false),
pg_catalog.set_config('statement_timeout', '%s', false)
