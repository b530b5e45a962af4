-- SPDX-License-Identifier: MIT
-- The role that exporters of metrics log in as, in a database where extension/ops/roles.sql has run. It has nothing but
-- hello_monitor. A statement that hangs is an error after five seconds, so that it is seen as one.

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
