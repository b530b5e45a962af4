SELECT pg_catalog.json_build_object(
  'name', c.relname,
  'schema', n.nspname,
  'kind', CASE WHEN c.relkind OPERATOR(pg_catalog.=) 'v' THEN 'view'
    WHEN c.relkind OPERATOR(pg_catalog.=) 'm' THEN 'materializedView'
    WHEN c.relkind OPERATOR(pg_catalog.=) 'f' THEN 'foreignTable' ELSE 'table' END,
  'comment', pg_catalog.obj_description(c.oid, 'pg_class'),
  'columns', (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', a.attname,
      'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
      'nullable', NOT a.attnotnull,
      'default', CASE WHEN a.attgenerated OPERATOR(pg_catalog.=) ''
        THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END,
      'identity', CASE WHEN a.attidentity OPERATOR(pg_catalog.=) 'a' THEN 'always'
        WHEN a.attidentity OPERATOR(pg_catalog.=) 'd' THEN 'byDefault' END,
      'generated', CASE WHEN a.attgenerated OPERATOR(pg_catalog.<>) ''
        THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END,
      'comment', pg_catalog.col_description(c.oid, a.attnum)) ORDER BY a.attnum), '[]')
    FROM pg_catalog.pg_attribute a
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid OPERATOR(pg_catalog.=) a.attrelid
      AND d.adnum OPERATOR(pg_catalog.=) a.attnum
    WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.>) 0
      AND NOT a.attisdropped),
  'constraints', (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', k.conname,
      'kind', CASE WHEN k.contype OPERATOR(pg_catalog.=) 'p' THEN 'primaryKey'
        WHEN k.contype OPERATOR(pg_catalog.=) 'u' THEN 'unique'
        WHEN k.contype OPERATOR(pg_catalog.=) 'f' THEN 'foreignKey'
        WHEN k.contype OPERATOR(pg_catalog.=) 'c' THEN 'check'
        WHEN k.contype OPERATOR(pg_catalog.=) 'x' THEN 'exclusion' ELSE 'other' END,
      'columns', (SELECT coalesce(pg_catalog.json_agg(a.attname ORDER BY u.place), '[]')
        FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u(attnum, place)
        JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) k.conrelid
          AND a.attnum OPERATOR(pg_catalog.=) u.attnum),
      'definition', pg_catalog.pg_get_constraintdef(k.oid)) ORDER BY k.conname), '[]')
    FROM pg_catalog.pg_constraint k WHERE k.conrelid OPERATOR(pg_catalog.=) c.oid
      AND k.contype OPERATOR(pg_catalog.<>) 'n'),
  'indexes', (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', x.relname, 'unique', i.indisunique,
      'definition', pg_catalog.pg_get_indexdef(i.indexrelid)) ORDER BY x.relname), '[]')
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class x ON x.oid OPERATOR(pg_catalog.=) i.indexrelid
    WHERE i.indrelid OPERATOR(pg_catalog.=) c.oid)) AS info
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
WHERE c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass($1)
  AND c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,v,m,f}')
