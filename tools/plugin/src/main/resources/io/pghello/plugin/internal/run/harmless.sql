WITH RECURSIVE known(oid, above) AS (
  SELECT n.oid, d.above FROM pg_catalog.pg_class n
  CROSS JOIN (VALUES (true), (false)) AS d(above)
  CROSS JOIN query
  WHERE n.relname OPERATOR(pg_catalog.=) ANY (query.names)
  UNION
  SELECT CASE WHEN k.above THEN h.inhparent ELSE h.inhrelid END, k.above
  FROM known k
  JOIN pg_catalog.pg_inherits h ON k.above AND h.inhrelid OPERATOR(pg_catalog.=) k.oid
    OR NOT k.above AND h.inhparent OPERATOR(pg_catalog.=) k.oid),
query AS (SELECT ?::pg_catalog.name[] AS names),
trusted AS (
  SELECT r.oid FROM pg_catalog.pg_roles r
  WHERE r.rolsuper OR r.rolname OPERATOR(pg_catalog.=) current_user),
database AS (
  SELECT d.datdba AS owner, d.datacl AS acl FROM pg_catalog.pg_database d
  WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()),
owners AS (
  SELECT oid FROM trusted
  UNION ALL
  SELECT r.oid FROM pg_catalog.pg_roles r
  JOIN database ON database.owner OPERATOR(pg_catalog.=) ANY (SELECT t.oid FROM trusted t)
  WHERE r.rolname OPERATOR(pg_catalog.=) 'pg_database_owner'),
places AS (
  SELECT owner, acl FROM database
  UNION ALL
  SELECT n.nspowner, n.nspacl FROM pg_catalog.pg_namespace n
  CROSS JOIN query
  WHERE pg_catalog.strpos(
    pg_catalog.replace(pg_catalog.current_setting('search_path'), '"', ''),
    pg_catalog.replace(n.nspname, '"', '')) OPERATOR(pg_catalog.>) 0
  OR n.nspname OPERATOR(pg_catalog.=) current_user
  OR n.nspname OPERATOR(pg_catalog.=) ANY (pg_catalog.current_schemas(true))
  OR n.nspname OPERATOR(pg_catalog.=) ANY (query.names))
SELECT NOT EXISTS (
    SELECT FROM pg_catalog.pg_proc p
    CROSS JOIN query
    WHERE p.proname OPERATOR(pg_catalog.=) ANY (query.names)
    AND (p.oid OPERATOR(pg_catalog.>=) 16384
      OR p.provolatile OPERATOR(pg_catalog.=) 'v' AND p.proname OPERATOR(pg_catalog.<>) ALL
        ('{clock_timestamp,gen_random_uuid,pg_sleep,random,timeofday}'::pg_catalog.name[])
      OR p.proname OPERATOR(pg_catalog.~) '_to_xml|^pg_input_'))
  AND NOT EXISTS (
    SELECT FROM known
    JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) known.oid
    WHERE (c.relkind OPERATOR(pg_catalog.<>) ALL ('{r,p,m,i,I,S,t}')
      OR c.relrowsecurity
      OR EXISTS (
        SELECT FROM pg_catalog.pg_attribute a
        JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) a.atttypid
        LEFT JOIN pg_catalog.pg_type e ON e.oid OPERATOR(pg_catalog.=) t.typelem
        WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid
        AND a.atttypid OPERATOR(pg_catalog.>=) 16384
        AND (t.typtype OPERATOR(pg_catalog.<>) ALL ('{b,e}')
          OR e.typtype OPERATOR(pg_catalog.<>) ALL ('{b,e}')))
      OR EXISTS (
        SELECT FROM (
          SELECT 1259::pg_catalog.oid AS class, c.oid AS object
          UNION ALL
          SELECT 1259, i.indexrelid FROM pg_catalog.pg_index i
          WHERE i.indrelid OPERATOR(pg_catalog.=) c.oid
          UNION ALL
          SELECT 2606, k.oid FROM pg_catalog.pg_constraint k
          WHERE k.conrelid OPERATOR(pg_catalog.=) c.oid
          UNION ALL
          SELECT 3381, s.oid FROM pg_catalog.pg_statistic_ext s
          WHERE s.stxrelid OPERATOR(pg_catalog.=) c.oid) planned
        JOIN pg_catalog.pg_depend d ON d.classid OPERATOR(pg_catalog.=) planned.class
        AND d.objid OPERATOR(pg_catalog.=) planned.object
        WHERE d.refclassid OPERATOR(pg_catalog.=) 1255)))
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_type t
    CROSS JOIN query
    WHERE t.typname OPERATOR(pg_catalog.=) ANY (query.names)
    AND t.oid OPERATOR(pg_catalog.>=) 16384
    AND (t.typtype OPERATOR(pg_catalog.=) ANY ('{d,r,m}') OR EXISTS (
      SELECT FROM pg_catalog.pg_type e WHERE e.oid OPERATOR(pg_catalog.=) t.typelem
      AND e.typtype OPERATOR(pg_catalog.=) 'd')))
  AND NOT EXISTS (
    SELECT FROM (
      SELECT o.oid, o.oprcode AS function FROM pg_catalog.pg_operator o
      UNION ALL
      SELECT k.oid, k.castfunc FROM pg_catalog.pg_cast k) hidden
    JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) hidden.function
    WHERE hidden.oid OPERATOR(pg_catalog.>=) 16384
    AND (p.provolatile OPERATOR(pg_catalog.=) 'v'
      OR p.oid OPERATOR(pg_catalog.>=) 16384
        AND p.prolang OPERATOR(pg_catalog.<>) ALL ('{12,13}'))),
  NOT EXISTS (
    SELECT FROM pg_catalog.pg_proc p
    CROSS JOIN query
    WHERE p.proname OPERATOR(pg_catalog.=) ANY (query.names)
    AND p.provolatile OPERATOR(pg_catalog.=) 'v')
  AND NOT EXISTS (
    SELECT FROM places
    LEFT JOIN pg_catalog.aclexplode(places.acl) a
      ON a.privilege_type OPERATOR(pg_catalog.=) 'CREATE'
    WHERE places.owner OPERATOR(pg_catalog.<>) ALL (SELECT o.oid FROM owners o)
    OR a.grantee OPERATOR(pg_catalog.<>) ALL (SELECT o.oid FROM owners o))
  AND NOT EXISTS (
    SELECT FROM known
    JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) known.oid
    LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) c.oid
    LEFT JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) a.atttypid
    WHERE c.relowner OPERATOR(pg_catalog.<>) ALL (SELECT o.oid FROM owners o)
    OR t.typowner OPERATOR(pg_catalog.<>) ALL (SELECT o.oid FROM owners o))
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_type t
    CROSS JOIN query
    WHERE t.typname OPERATOR(pg_catalog.=) ANY (query.names)
    AND t.typowner OPERATOR(pg_catalog.<>) ALL (SELECT o.oid FROM owners o))
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_proc p
    WHERE p.prolang OPERATOR(pg_catalog.=) ANY ('{12,13}')
    AND p.proowner OPERATOR(pg_catalog.<>) ALL (SELECT o.oid FROM owners o))
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_amproc f
    JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) f.amproc
    WHERE p.prolang OPERATOR(pg_catalog.<>) ALL ('{12,13}'))
