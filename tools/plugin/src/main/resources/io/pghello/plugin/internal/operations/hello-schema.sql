SELECT n.nspname AS name FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace
WHERE p.proname OPERATOR(pg_catalog.=) 'now_ms' AND p.pronargs OPERATOR(pg_catalog.=) 0
  AND p.prolang OPERATOR(pg_catalog.=) 13
  AND p.probin OPERATOR(pg_catalog.=) '$libdir/pg_hello'
