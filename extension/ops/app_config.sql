-- SPDX-License-Identifier: MIT
-- Enables row-level security for the table app_config on the search_path: hello_user can read the table, and hello_admin can
-- change it. These policies allow no other role, not even the table's owner, to read or change rows. Superusers and roles with
-- BYPASSRLS are not subject to policies, and neither is TRUNCATE. Existing policies and grants are kept. Run this script after
-- roles.sql, as the owner of the table or as a superuser. You can run it again.

DO LANGUAGE plpgsql
$$
DECLARE
  old_path pg_catalog.text := pg_catalog.current_setting('search_path');
  config pg_catalog.regclass := pg_catalog.to_regclass('app_config');
  change pg_catalog.regprocedure := pg_catalog.to_regprocedure('update_greeting_config(integer)');
BEGIN
  PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);

  IF config IS NULL THEN
    RAISE EXCEPTION 'there is no table app_config on the search_path'
      USING ERRCODE = 'undefined_table',
        HINT = 'Run this script in the database of the service, with the schema of its tables on the search_path.';
  END IF;

  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', config);
  EXECUTE format('REVOKE ALL ON TABLE %s FROM PUBLIC', config);
  EXECUTE format('GRANT SELECT ON TABLE %s TO hello_user', config);
  EXECUTE format('GRANT INSERT, UPDATE, DELETE ON TABLE %s TO hello_admin', config);
  IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = config AND polname = 'hello_read') THEN
    EXECUTE format('CREATE POLICY hello_read ON %s FOR SELECT TO hello_user USING (true)', config);
  END IF;
  IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = config AND polname = 'hello_change') THEN
    EXECUTE format('CREATE POLICY hello_change ON %s FOR ALL TO hello_admin USING (true) WITH CHECK (true)', config);
  END IF;

  IF change IS NOT NULL THEN
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', change);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO hello_admin', change);
  END IF;

  PERFORM pg_catalog.set_config('search_path', old_path, true);
END
$$;
