-- SPDX-License-Identifier: MIT
-- A configuration that outlives sessions and servers, and that all applications of a database see, with functions of
-- their own around those of the extension. May be run again, and by several at the same time; in one transaction, as Flyway and
-- psql -1 do it.

SELECT pg_advisory_xact_lock(pg_catalog.hashtextextended('pg_hello', 0));
-- waits no longer for who uses the tables, as all others wait behind it
SET LOCAL lock_timeout = '5s';

-- What the functions mean by a name, whoever calls them and whatever is in that session's search_path: what is in this
-- schema and in the extension's. Temporary tables come last; unnamed, they would come first. Where PostgreSQL would take what
-- somebody else has put into this schema for a better match of the types, pg_catalog is named.
SELECT set_config('search_path', pg_catalog.format('%I, %I, pg_temp', current_schema(), extnamespace::regnamespace), true)
FROM pg_extension WHERE extname = 'pg_hello';

-- The body of such a function is a text, on which nothing depends. So a column's default that calls it, and not the
-- extension's function, outlives DROP EXTENSION ... CASCADE.
CREATE OR REPLACE FUNCTION current_millis() RETURNS bigint
LANGUAGE sql VOLATILE PARALLEL SAFE SET search_path FROM CURRENT
AS $$
  SELECT now_ms()
$$;

COMMENT ON FUNCTION current_millis() IS 'The time in milliseconds since 1970, for defaults of columns';

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

COMMENT ON FUNCTION greeting_repeat() IS 'How many times a greeting is repeated where none says it';

CREATE OR REPLACE FUNCTION greet(name text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path FROM CURRENT
AS $$
  SELECT pg_hello(name, greeting_repeat())
$$;

COMMENT ON FUNCTION greet(text) IS 'A greeting, repeated as often as it is configured';

-- A session's setting would be lost with its connection, and others would not see it.
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

-- Whoever changes the table, by the function or not. An application's own TRUNCATE names no key.
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
