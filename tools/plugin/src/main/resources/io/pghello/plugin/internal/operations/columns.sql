SELECT pg_catalog.json_build_object(
  'copy', c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p}')
    AND NOT (c.relrowsecurity OR c.relhasrules),
  'columns', (SELECT pg_catalog.json_object_agg(
      a.attname, CASE WHEN t.typnamespace OPERATOR(pg_catalog.=) 11
        THEN pg_catalog.format_type(a.atttypid, -1)
        ELSE pg_catalog.format('%I.%I', n.nspname, t.typname) END)
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) a.atttypid
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) t.typnamespace
    WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid
    AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped
    AND a.attgenerated OPERATOR(pg_catalog.=) '' AND a.attidentity OPERATOR(pg_catalog.<>) 'a'),
  'types', (SELECT pg_catalog.json_object_agg(a.attname, a.atttypid::pg_catalog.int8)
    FROM pg_catalog.pg_attribute a WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid
    AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped),
  'categories', (SELECT pg_catalog.json_object_agg(a.attname, t.typcategory)
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) a.atttypid
    WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid
    AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped),
  'delimiters', (SELECT pg_catalog.json_object_agg(a.attname, t.typdelim)
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) a.atttypid
    WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid
    AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped),
  'key', (SELECT pg_catalog.json_agg(a.attname ORDER BY k.place)
    FROM pg_catalog.pg_index i
    CROSS JOIN pg_catalog.unnest(i.indkey::pg_catalog.int2[])
      WITH ORDINALITY AS k(attnum, place)
    JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) i.indrelid
      AND a.attnum OPERATOR(pg_catalog.=) k.attnum
    WHERE i.indrelid OPERATOR(pg_catalog.=) c.oid AND i.indisprimary
      AND k.place OPERATOR(pg_catalog.<=) i.indnkeyatts)) AS info
FROM pg_catalog.pg_class c
WHERE c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass($1)
  AND c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,v,m,f}')
