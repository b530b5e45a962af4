-- SPDX-License-Identifier: MIT
-- Creates the login role for exporters of metrics. Run extension/ops/roles.sql in the database first. The role has only the
-- privileges of hello_monitor. A statement that hangs fails after five seconds, so that monitoring reports an error.

DO LANGUAGE plpgsql
$$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'hello_exporter') THEN
    CREATE ROLE hello_exporter;
  END IF;
END
$$;
ALTER ROLE hello_exporter LOGIN CONNECTION LIMIT 5;
GRANT hello_monitor TO hello_exporter;
ALTER ROLE hello_exporter SET statement_timeout = '5s';
ALTER ROLE hello_exporter SET lock_timeout = '2s';
