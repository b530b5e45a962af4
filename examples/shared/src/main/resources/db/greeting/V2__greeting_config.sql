-- SPDX-License-Identifier: MIT
-- A configuration that outlives sessions and servers, and that all applications of a database see, with functions of
-- their own around those of the extension. May be run again, and by several at the same time.

SELECT pg_advisory_xact_lock(hashtextextended('pg_hello', 0));

-- The body of such a function is a text, on which nothing depends. So a column's default that calls it, and not the
-- extension's function, outlives DROP EXTENSION ... CASCADE.
CREATE OR REPLACE FUNCTION current_millis() RETURNS bigint
LANGUAGE sql VOLATILE PARALLEL SAFE
AS $$
  SELECT now_ms()
$$;

COMMENT ON FUNCTION current_millis() IS 'The time in milliseconds since 1970, for defaults of columns';

CREATE TABLE IF NOT EXISTS app_config (
  key varchar(50) PRIMARY KEY,
  value text NOT NULL,
  updated_at bigint NOT NULL DEFAULT current_millis(),
  CONSTRAINT greeting_repeat_from_1_to_10 CHECK (key <> 'greeting_repeat' OR value ~ '^([1-9]|10)$')
);

CREATE OR REPLACE FUNCTION greeting_repeat() RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT coalesce((SELECT value::integer FROM app_config WHERE key = 'greeting_repeat'), 1)
$$;

COMMENT ON FUNCTION greeting_repeat() IS 'How many times a greeting is repeated where none says it';

CREATE OR REPLACE FUNCTION greet(name text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
AS $$
  SELECT pg_hello(name, greeting_repeat())
$$;

COMMENT ON FUNCTION greet(text) IS 'A greeting, repeated as often as it is configured';

-- A session's setting would be lost with its connection, and others would not see it.
CREATE OR REPLACE FUNCTION update_greeting_config(repeat_count integer) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
  before integer := greeting_repeat();
BEGIN
  INSERT INTO app_config (key, value) VALUES ('greeting_repeat', repeat_count::text)
  ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = current_millis();
  RETURN format('Updated from %s to %s. Test: %s', before, repeat_count, greet('Config Test'));
END
$$;

COMMENT ON FUNCTION update_greeting_config(integer) IS
'Changes how many times a greeting is repeated, for all connections';

-- whoever changes the table, by the function or not
CREATE OR REPLACE FUNCTION notify_app_config() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM pg_notify('app_config', coalesce(NEW.key, OLD.key));
  RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER notify_app_config AFTER INSERT OR UPDATE OR DELETE ON app_config
FOR EACH ROW EXECUTE FUNCTION notify_app_config();
