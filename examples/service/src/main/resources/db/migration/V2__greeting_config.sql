-- SPDX-License-Identifier: MIT
-- A setting that outlives sessions and servers, and that all connections see.

CREATE TABLE app_config (
  key varchar(50) PRIMARY KEY,
  value text NOT NULL,
  updated_at bigint NOT NULL DEFAULT now_ms(),
  CONSTRAINT greeting_repeat_from_1_to_10 CHECK (key <> 'greeting_repeat' OR value ~ '^([1-9]|10)$')
);

CREATE FUNCTION greeting_repeat() RETURNS integer
LANGUAGE sql STABLE
AS $$
  SELECT coalesce((SELECT value::integer FROM app_config WHERE key = 'greeting_repeat'), 1)
$$;

COMMENT ON FUNCTION greeting_repeat() IS 'How many times a greeting is repeated where none says it';

CREATE FUNCTION update_greeting_config(repeat_count integer) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
  before integer := greeting_repeat();
BEGIN
  -- not by the column's default, which DROP EXTENSION ... CASCADE takes along
  INSERT INTO app_config (key, value, updated_at) VALUES ('greeting_repeat', repeat_count::text, now_ms())
  ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = now_ms();
  RETURN format('Updated from %s to %s. Test: %s', before, repeat_count, pg_hello('Config Test', repeat_count));
END
$$;

COMMENT ON FUNCTION update_greeting_config(integer) IS
'Changes how many times a greeting is repeated, for all connections';

-- whoever changes the table, by the function or not
CREATE FUNCTION notify_app_config() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM pg_notify('app_config', coalesce(NEW.key, OLD.key));
  RETURN NULL;
END
$$;

CREATE TRIGGER notify_app_config AFTER INSERT OR UPDATE OR DELETE ON app_config
FOR EACH ROW EXECUTE FUNCTION notify_app_config();
