-- SPDX-License-Identifier: MIT
-- Users who are welcomed when they sign up, and a setting that outlives sessions and servers.

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

COMMENT ON FUNCTION greeting_repeat() IS 'How often new users are greeted';

-- A session's setting would be lost with its connection, and others would not see it.
CREATE FUNCTION update_greeting_config(repeat_count integer) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
  before integer := greeting_repeat();
BEGIN
  INSERT INTO app_config (key, value) VALUES ('greeting_repeat', repeat_count::text)
  ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = now_ms();
  PERFORM pg_notify('app_config', 'greeting_repeat');
  RETURN format('%s -> %s, as in: %s', before, repeat_count, pg_hello('World', repeat_count));
END
$$;

COMMENT ON FUNCTION update_greeting_config(integer) IS
'Changes how often new users are greeted, for all connections, and tells who listens to app_config';

CREATE TABLE users (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  username varchar(50) NOT NULL UNIQUE,
  email varchar(100) NOT NULL,
  created_at bigint NOT NULL DEFAULT now_ms(),
  welcome_message text
);

CREATE FUNCTION welcome_user() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  NEW.welcome_message := pg_hello(NEW.username, greeting_repeat());
  RETURN NEW;
END
$$;

CREATE TRIGGER welcome_user BEFORE INSERT ON users
FOR EACH ROW EXECUTE FUNCTION welcome_user();
