-- compliance_report() checks the configuration for an auditor
CREATE ROLE regress_hello_owner;
CREATE ROLE regress_hello_user;
CREATE ROLE regress_hello_monitor;
CREATE DATABASE regress_hello_ops_compliance;
SELECT current_database() AS main \gset
\c regress_hello_ops_compliance
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
-- a fixed version, so that the number of functions does not depend on the newest version
CREATE EXTENSION pg_hello VERSION '1.1';
CREATE EXTENSION pg_hello_ops;
SELECT check_name, status, count(*) FROM hello_ops.compliance_report() WHERE check_name NOT IN ('setting', 'version') GROUP BY 1, 2 ORDER BY 1, 2;
SELECT check_name, object, detail, remedy FROM hello_ops.compliance_report()
WHERE status <> 'ok' AND check_name NOT IN ('setting', 'version');
SELECT count(*) FROM hello_ops.compliance_report() WHERE status NOT IN ('ok', 'warning', 'unknown') OR object IS NULL OR detail IS NULL;

-- the remedies fix the warnings
SELECT remedy FROM hello_ops.compliance_report() WHERE check_name = 'public' AND status = 'warning' \gexec
SELECT count(*) FROM hello_ops.compliance_report() WHERE check_name = 'public' AND status = 'warning';
GRANT EXECUTE ON FUNCTION now_ms() TO regress_hello_user;
GRANT EXECUTE ON FUNCTION now_ms() TO regress_hello_monitor WITH GRANT OPTION;
SELECT object, detail LIKE '%regress_hello_monitor with grant option%, regress_hello_user%' AS listed, detail LIKE '%PUBLIC%' AS public
FROM hello_ops.compliance_report()
WHERE check_name = 'privileges' AND object LIKE '%now\_ms%';

-- possible problems: an owner who is not a superuser, another library, a schema in which all roles can create objects, a function that uses its caller's search_path
ALTER FUNCTION pg_hello(text) OWNER TO regress_hello_owner;
CREATE FUNCTION other(oid) RETURNS void AS '$libdir/plpgsql', 'plpgsql_validator' LANGUAGE C;
ALTER EXTENSION pg_hello ADD FUNCTION other(oid);
GRANT CREATE ON SCHEMA public TO PUBLIC;
CREATE FUNCTION wrapper(name text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN pg_hello(name); END';
CREATE FUNCTION atomic(name text) RETURNS text LANGUAGE sql SECURITY DEFINER BEGIN ATOMIC SELECT pg_hello(name); END;
CREATE FUNCTION safe(name text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS 'BEGIN RETURN pg_hello(name); END';
CREATE FUNCTION another(name text) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT name';
ALTER FUNCTION hello_ops.baseline(text, interval) RESET search_path;
ALTER FUNCTION hello_ops.take_snapshot(interval) OWNER TO regress_hello_owner;
ALTER VIEW hello_ops.pg_hello_stats OWNER TO regress_hello_owner;
CREATE TABLE app_config (key text);
CREATE POLICY hello_read ON app_config FOR SELECT TO regress_hello_user USING (true);
CREATE POLICY others ON app_config FOR SELECT TO PUBLIC USING (key LIKE 'pg_hello%');
CREATE POLICY less ON app_config AS RESTRICTIVE FOR SELECT TO PUBLIC USING (key <> 'x');
SELECT check_name, object, detail, remedy FROM hello_ops.compliance_report()
WHERE status = 'warning' AND check_name NOT IN ('setting', 'version', 'public');
ALTER TABLE app_config ENABLE ROW LEVEL SECURITY;
SELECT status, detail FROM hello_ops.compliance_report() WHERE check_name = 'row_security' AND object LIKE 'table%';
ALTER TABLE app_config FORCE ROW LEVEL SECURITY;
SELECT status, detail FROM hello_ops.compliance_report() WHERE check_name = 'row_security' AND object LIKE 'table%';
SELECT object, status, detail FROM hello_ops.compliance_report() WHERE object LIKE '%public.safe%' OR object LIKE '%another%';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
SELECT object, status, detail FROM hello_ops.compliance_report() WHERE object LIKE '%public.safe%';
GRANT CREATE ON SCHEMA public TO regress_hello_user;
SELECT object, status, detail FROM hello_ops.compliance_report() WHERE object LIKE '%public.safe%';
ALTER FUNCTION safe(text) OWNER TO regress_hello_user;
SELECT object, status, detail FROM hello_ops.compliance_report() WHERE object LIKE '%public.safe%';

-- an old version
DROP FUNCTION wrapper(text), atomic(text), safe(text);
DROP EXTENSION pg_hello CASCADE;
CREATE EXTENSION pg_hello VERSION '1.0';
CREATE EXTENSION pg_hello_ops;
SELECT object, status, replace(detail, 'have ' || a.default_version, 'have the newest') AS detail, remedy
FROM hello_ops.compliance_report()
  JOIN pg_available_extensions a ON object = 'extension ' || a.name
WHERE check_name = 'version'
ORDER BY object;
ALTER EXTENSION pg_hello UPDATE;
SELECT object, status FROM hello_ops.compliance_report() WHERE check_name = 'version' ORDER BY object;

-- acceptable and unacceptable settings
SELECT object FROM hello_ops.compliance_report() WHERE check_name = 'setting' ORDER BY object COLLATE "C";
SET track_functions = 'all';
SET log_min_duration_statement = 250;
SET log_statement = ddl;
SET password_encryption = 'scram-sha-256';
SELECT object, status, detail, remedy FROM hello_ops.compliance_report()
WHERE object IN ('track_functions', 'log_min_duration_statement', 'log_statement', 'password_encryption');
SET track_functions = pl;
SET log_min_duration_statement = 0;
SET log_statement = 'mod';
SET password_encryption = md5;
SELECT object, status, detail, remedy FROM hello_ops.compliance_report()
WHERE object IN ('track_functions', 'log_min_duration_statement', 'log_statement', 'password_encryption');

-- settings that the role cannot read are not reported as ok
GRANT USAGE ON SCHEMA hello_ops TO regress_hello_monitor;
GRANT EXECUTE ON FUNCTION hello_ops.compliance_report(), hello_ops.member_pattern() TO regress_hello_monitor;
GRANT SELECT ON hello_ops.members TO regress_hello_monitor;
SET SESSION AUTHORIZATION regress_hello_monitor;
SELECT object, status FROM hello_ops.compliance_report() WHERE object LIKE '%preload%';
RESET SESSION AUTHORIZATION;

\c :main
DROP DATABASE regress_hello_ops_compliance;
DROP ROLE regress_hello_owner, regress_hello_user, regress_hello_monitor;
