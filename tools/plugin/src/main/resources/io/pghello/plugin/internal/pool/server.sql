SELECT pg_catalog.current_setting('max_connections')::pg_catalog.int4
    OPERATOR(pg_catalog.-)
    pg_catalog.current_setting('superuser_reserved_connections')::pg_catalog.int4,
  pg_catalog.current_setting('default_transaction_isolation')
    OPERATOR(pg_catalog.=) 'read committed',
  (SELECT CASE WHEN pg_catalog.bool_or(r.rolsuper) THEN 'SUPERUSER'
      ELSE pg_catalog.string_agg(
        CASE WHEN r.rolreplication THEN 'REPLICATION' ELSE r.rolname::pg_catalog.text END,
        ', ' ORDER BY r.rolname) END
    FROM pg_catalog.pg_roles r
    WHERE (r.rolsuper OR r.rolreplication OR r.rolname OPERATOR(pg_catalog.=) ANY
      ('{pg_write_server_files,pg_execute_server_program,pg_signal_backend,pg_maintain}'))
    AND pg_catalog.pg_has_role(session_user, r.oid, 'MEMBER')),
  EXISTS (SELECT FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
    WHERE c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,v,m,f}')
    AND n.nspname OPERATOR(pg_catalog.!~) '^pg_|^information_schema$'
    AND pg_catalog.pg_has_role(session_user, c.relowner, 'MEMBER'))
