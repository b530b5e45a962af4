WITH RECURSIVE c(name, type) AS (
  SELECT a.attname, a.atttypid FROM pg_catalog.pg_attribute a
  WHERE a.attrelid OPERATOR(pg_catalog.=) pg_catalog.to_regclass($1)
    AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped
  UNION ALL
  SELECT c.name, t.typbasetype FROM c
  JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) c.type
  WHERE t.typtype OPERATOR(pg_catalog.=) 'd')
SELECT coalesce(pg_catalog.json_object_agg(c.name, n.nspname), '{}') AS info FROM c
JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) c.type
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) t.typnamespace
WHERE t.typtype OPERATOR(pg_catalog.=) 'b' AND t.typcategory OPERATOR(pg_catalog.<>) 'A'
  AND n.nspname OPERATOR(pg_catalog.<>) 'pg_catalog'
