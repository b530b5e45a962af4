-- SPDX-License-Identifier: MIT
-- Users, and a table of what happened: after db/greeting/V2__greeting_config.sql of examples/shared. May be run
-- again; in one transaction.

SELECT pg_advisory_xact_lock(pg_catalog.hashtextextended('pg_hello', 0));
-- waits no longer for who delivers, as all who write wait behind it
SET LOCAL lock_timeout = '5s';

-- As there: what the functions mean by a name, whoever calls them.
SELECT set_config('search_path', pg_catalog.format('%I, %I, pg_temp', current_schema(), extnamespace::regnamespace), true)
FROM pg_extension WHERE extname = 'pg_hello';

CREATE TABLE IF NOT EXISTS users (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  username varchar(50) NOT NULL UNIQUE,
  created_at bigint NOT NULL DEFAULT current_millis()
);

-- An event is in this table from the commit of its transaction until it has been handled.
CREATE TABLE IF NOT EXISTS outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  topic text NOT NULL,
  payload jsonb NOT NULL,
  created_at bigint NOT NULL DEFAULT current_millis(),
  failures integer NOT NULL DEFAULT 0,
  due_at bigint DEFAULT 0
);

-- In the order of those who write, who would otherwise be the other half of a deadlock. Not at the top level, as it is not
-- known there that this is a transaction.
DO $$
BEGIN
  LOCK TABLE users, app_config, outbox IN SHARE ROW EXCLUSIVE MODE;
END
$$;

COMMENT ON COLUMN outbox.failures IS 'How many attempts to handle it have begun and not succeeded';
COMMENT ON COLUMN outbox.due_at IS
'When it may be handled next, in milliseconds since 1970; NULL if it is set aside until an operator sets a time';

-- Many that have failed, or are set aside, do not slow down the look for new ones.
CREATE INDEX IF NOT EXISTS outbox_new ON outbox (id) WHERE failures = 0;
CREATE INDEX IF NOT EXISTS outbox_failed ON outbox (due_at) WHERE failures > 0;

CREATE OR REPLACE VIEW outbox_state AS
SELECT
  count(*) FILTER (WHERE due_at IS NOT NULL) AS waiting,
  coalesce(max(now_ms() - created_at) FILTER (WHERE due_at IS NOT NULL), 0) AS oldest_millis,
  count(*) FILTER (WHERE failures > 0 AND due_at IS NOT NULL) AS failing,
  count(*) FILTER (WHERE due_at IS NULL) AS set_aside
FROM outbox;

COMMENT ON VIEW outbox_state IS 'For alerts: events that wait, the age of the oldest, those that failed, and those set aside';

-- The triggers write with the rights of the owner of these tables, so that who may add users needs none on the outbox,
-- and can write no event that has not happened. Nobody else may put these functions behind a trigger of their own.

CREATE OR REPLACE FUNCTION user_signed_up() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
  INSERT INTO outbox (topic, payload)
  VALUES ('user.signed_up', pg_catalog.jsonb_build_object('id', NEW.id, 'username', NEW.username, 'greeting', greet(NEW.username::text)));
  RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER user_signed_up AFTER INSERT ON users
FOR EACH ROW EXECUTE FUNCTION user_signed_up();

-- TRUNCATE has no rows to tell of: then the key is null
CREATE OR REPLACE FUNCTION config_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
  INSERT INTO outbox (topic, payload)
  VALUES ('config.changed', CASE TG_OP WHEN 'TRUNCATE'
    THEN pg_catalog.jsonb_build_object('key', NULL, 'before', NULL, 'after', NULL)
    ELSE pg_catalog.jsonb_build_object('key', coalesce(NEW.key, OLD.key), 'before', OLD.value, 'after', NEW.value) END);
  RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER config_changed AFTER INSERT OR UPDATE OR DELETE ON app_config
FOR EACH ROW EXECUTE FUNCTION config_changed();

CREATE OR REPLACE TRIGGER config_truncated AFTER TRUNCATE ON app_config
FOR EACH STATEMENT EXECUTE FUNCTION config_changed();

-- When somebody was last notified, in milliseconds since 1970. A sequence, because all transactions see its value at
-- once, none waits for another to change it, and nothing of it can fail to be serialized.
CREATE SEQUENCE IF NOT EXISTS outbox_notified MINVALUE 0 START 0;

-- The notification says that there is something, and not what: it may be lost, the table may not. NOTIFY holds a lock of
-- the whole server while its transaction commits, so that transactions with one commit one by one. So at most one in
-- 100 milliseconds has one; who delivers looks a second time after twice that, and at the end of each interval.
CREATE OR REPLACE FUNCTION notify_outbox() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
DECLARE
  now bigint := now_ms();
BEGIN
  -- a clock that was set back must not silence it
  IF now - (SELECT last_value FROM outbox_notified) NOT BETWEEN 0 AND 99 THEN
    PERFORM pg_catalog.setval('outbox_notified', now);
    NOTIFY outbox;
  END IF;
  RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER notify_outbox AFTER INSERT ON outbox
FOR EACH STATEMENT EXECUTE FUNCTION notify_outbox();

REVOKE EXECUTE ON FUNCTION user_signed_up(), config_changed(), notify_outbox() FROM PUBLIC;
