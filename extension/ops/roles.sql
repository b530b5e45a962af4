-- SPDX-License-Identifier: MIT
-- Creates three roles for pg_hello, and sets their privileges in this database. First revokes the default privileges of PUBLIC,
-- then grants each role the privileges that it needs. Run this script as a superuser, because a superuser owns the functions of
-- pg_hello. Run it again after each update, because PUBLIC may execute functions that the update adds.
--
--   hello_user     calls the functions
--   hello_admin    calls the functions, and changes the table app_config (see app_config.sql)
--   hello_monitor  calls the functions to check that they work, reads hello_ops, takes snapshots and baselines

DO LANGUAGE plpgsql
$$
DECLARE
  old_path pg_catalog.text := pg_catalog.current_setting('search_path');
  role_name pg_catalog.text;
  member record;
BEGIN
  PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);

  FOREACH role_name IN ARRAY ARRAY['hello_user', 'hello_admin', 'hello_monitor'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
      EXECUTE format('CREATE ROLE %I', role_name);
    END IF;
  END LOOP;
  IF NOT pg_has_role('hello_admin', 'hello_user', 'MEMBER') THEN
    GRANT hello_user TO hello_admin;
  END IF;
  IF NOT pg_has_role('hello_monitor', 'pg_monitor', 'MEMBER') THEN
    GRANT pg_monitor TO hello_monitor;
  END IF;

  FOR member IN
    SELECT p.oid::regprocedure AS function, p.pronamespace::regnamespace AS namespace
    FROM pg_extension e
      JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
      JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
    WHERE e.extname = 'pg_hello'
  LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', member.function);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO hello_user, hello_monitor', member.function);
    EXECUTE format('GRANT USAGE ON SCHEMA %s TO hello_user, hello_monitor', member.namespace);
  END LOOP;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'extension "pg_hello" is not created in this database'
      USING ERRCODE = 'object_not_in_prerequisite_state',
        HINT = 'Run CREATE EXTENSION pg_hello in this database first.';
  END IF;

  IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_hello_ops') THEN
    REVOKE ALL ON SCHEMA hello_ops FROM PUBLIC;
    GRANT USAGE ON SCHEMA hello_ops TO hello_monitor;
    GRANT SELECT ON ALL TABLES IN SCHEMA hello_ops TO hello_monitor;
    GRANT INSERT, DELETE ON hello_ops.snapshot, hello_ops.pg_hello_performance_baseline TO hello_monitor;
    GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA hello_ops TO hello_monitor;
  END IF;

  PERFORM pg_catalog.set_config('search_path', old_path, true);
END
$$;
