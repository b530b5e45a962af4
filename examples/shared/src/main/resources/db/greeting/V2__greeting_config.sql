-- SPDX-License-Identifier: MIT
-- A configuration that is stored in the database and shared by all its applications, and wrappers of the extension's functions
-- that use it. You can run this script again, and several applications can run it at the same time. Run it in one transaction,
-- for example with Flyway or psql -1.

SELECT pg_advisory_xact_lock(pg_catalog.hashtextextended('pg_hello', 0));
-- limits the time to wait for locks, because all later users of a table wait as well
SET LOCAL lock_timeout = '5s';

-- The search_path of the functions below: they use the objects in this schema and in the extension's schema, regardless of the
-- caller's search_path. pg_temp is last, because a path without it would search temporary tables first. Built-in functions and
-- operators are qualified with pg_catalog if an overload in this schema could be a better match.
SELECT set_config('search_path', pg_catalog.format('%I, %I, pg_temp', current_schema(), extnamespace::regnamespace), true)
FROM pg_extension WHERE extname = 'pg_hello';

-- The body is a string literal, so PostgreSQL does not track its dependencies. Therefore, DROP EXTENSION ... CASCADE keeps column
-- defaults that call this function, but drops column defaults that call now_ms() directly.
CREATE OR REPLACE FUNCTION current_millis() RETURNS bigint
LANGUAGE sql VOLATILE PARALLEL SAFE SET search_path FROM CURRENT
AS $$
  SELECT now_ms()
$$;

COMMENT ON FUNCTION current_millis() IS 'Current time in milliseconds since 1970, for column defaults';

CREATE TABLE IF NOT EXISTS app_config (
  key varchar(50) PRIMARY KEY,
  value text NOT NULL,
  updated_at bigint NOT NULL DEFAULT current_millis(),
  CONSTRAINT greeting_repeat_from_1_to_10 CHECK (key OPERATOR(pg_catalog.<>) 'greeting_repeat' OR value ~ '^([1-9]|10)$')
);

CREATE OR REPLACE FUNCTION greeting_repeat() RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE SET search_path FROM CURRENT
AS $$
  SELECT coalesce((SELECT value::integer FROM app_config WHERE key OPERATOR(pg_catalog.=) 'greeting_repeat'), 1)
$$;

COMMENT ON FUNCTION greeting_repeat() IS 'Configured number of times that a greeting is repeated; 1 if none is configured';

CREATE OR REPLACE FUNCTION greet(name text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path FROM CURRENT
AS $$
  SELECT pg_hello(name, greeting_repeat())
$$;

COMMENT ON FUNCTION greet(text) IS 'Greeting for a name, repeated the configured number of times';

-- Changes the table, because a setting of this session would end with its connection, and would not apply to other sessions.
CREATE OR REPLACE FUNCTION update_greeting_config(repeat_count integer) RETURNS text
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
  before text := (SELECT value FROM app_config WHERE key OPERATOR(pg_catalog.=) 'greeting_repeat');
BEGIN
  INSERT INTO app_config (key, value) VALUES ('greeting_repeat', repeat_count::text)
  ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = current_millis();
  RETURN pg_catalog.format('Updated from %s to %s. Test: %s', coalesce(before, 'default'), repeat_count, greet('Config Test'));
END
$$;

COMMENT ON FUNCTION update_greeting_config(integer) IS
'Changes how many times a greeting is repeated, for all connections';

-- Notifies of all changes to the table, also without update_greeting_config(). After TRUNCATE, the key is empty.
CREATE OR REPLACE FUNCTION notify_app_config() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
BEGIN
  PERFORM pg_catalog.pg_notify('app_config', CASE TG_OP WHEN 'TRUNCATE' THEN '' ELSE coalesce(NEW.key, OLD.key) END);
  RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER notify_app_config AFTER INSERT OR UPDATE OR DELETE ON app_config
FOR EACH ROW EXECUTE FUNCTION notify_app_config();

CREATE OR REPLACE TRIGGER notify_app_config_truncated AFTER TRUNCATE ON app_config
FOR EACH STATEMENT EXECUTE FUNCTION notify_app_config();
