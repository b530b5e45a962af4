-- SPDX-License-Identifier: MIT
-- Users, and a table of what happened: after db/greeting/V2__greeting_config.sql of examples/shared.

CREATE TABLE users (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  username varchar(50) NOT NULL UNIQUE,
  created_at bigint NOT NULL DEFAULT current_millis()
);

-- An event is here from the commit of what it tells of until somebody has handled it.
CREATE TABLE outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  topic text NOT NULL,
  payload jsonb NOT NULL,
  created_at bigint NOT NULL DEFAULT current_millis(),
  failures integer NOT NULL DEFAULT 0,
  due_at bigint NOT NULL DEFAULT 0
);

COMMENT ON COLUMN outbox.failures IS 'How many times it could not be handled';
COMMENT ON COLUMN outbox.due_at IS 'When it may be handled next, in milliseconds since 1970';

CREATE FUNCTION user_signed_up() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  INSERT INTO outbox (topic, payload)
  VALUES ('user.signed_up', jsonb_build_object('id', NEW.id, 'username', NEW.username, 'greeting', greet(NEW.username)));
  RETURN NULL;
END
$$;

CREATE TRIGGER user_signed_up AFTER INSERT ON users
FOR EACH ROW EXECUTE FUNCTION user_signed_up();

CREATE FUNCTION config_changed() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  INSERT INTO outbox (topic, payload)
  VALUES ('config.changed', jsonb_build_object('key', coalesce(NEW.key, OLD.key), 'before', OLD.value, 'after', NEW.value));
  RETURN NULL;
END
$$;

CREATE TRIGGER config_changed AFTER INSERT OR UPDATE OR DELETE ON app_config
FOR EACH ROW EXECUTE FUNCTION config_changed();

-- The notification says that there is something, and not what: it may be lost, the table may not.
CREATE FUNCTION notify_outbox() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  NOTIFY outbox;
  RETURN NULL;
END
$$;

CREATE TRIGGER notify_outbox AFTER INSERT ON outbox
FOR EACH STATEMENT EXECUTE FUNCTION notify_outbox();
