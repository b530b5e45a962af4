SELECT CASE WHEN pg_catalog.pg_table_is_visible(c.oid) THEN ''
  ELSE s.name OPERATOR(pg_catalog.||) '.' END OPERATOR(pg_catalog.||) t.name AS name
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
CROSS JOIN LATERAL (SELECT CASE WHEN n.nspname OPERATOR(pg_catalog.~) '[.]|^"'
  THEN '"' OPERATOR(pg_catalog.||) pg_catalog.replace(n.nspname::pg_catalog.text, '"', '""')
    OPERATOR(pg_catalog.||) '"' ELSE n.nspname::pg_catalog.text END) AS s(name)
CROSS JOIN LATERAL (SELECT CASE WHEN c.relname OPERATOR(pg_catalog.~) '[.]|^"'
  THEN '"' OPERATOR(pg_catalog.||) pg_catalog.replace(c.relname::pg_catalog.text, '"', '""')
    OPERATOR(pg_catalog.||) '"' ELSE c.relname::pg_catalog.text END) AS t(name)
WHERE c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,v,m,f}')
  AND n.nspname OPERATOR(pg_catalog.<>) 'information_schema'
  AND n.nspname OPERATOR(pg_catalog.!~~) 'pg\_%'
  AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
  AND pg_catalog.has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE')
ORDER BY 1
