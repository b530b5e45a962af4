-- SPDX-License-Identifier: MIT
-- Users, and an outbox, which is a table of events. Run this script after db/greeting/V2__greeting_config.sql (examples/shared),
-- in one transaction. You can run it again.

SELECT pg_advisory_xact_lock(pg_catalog.hashtextextended('pg_hello', 0));
-- limits the time to wait for a running delivery, because all writers wait as well
SET LOCAL lock_timeout = '5s';

-- The search_path of the functions below: see V2__greeting_config.sql.
SELECT set_config('search_path', pg_catalog.format('%I, %I, pg_temp', current_schema(), extnamespace::regnamespace), true)
FROM pg_extension WHERE extname = 'pg_hello';

CREATE TABLE IF NOT EXISTS users (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  username varchar(50) NOT NULL UNIQUE,
  created_at bigint NOT NULL DEFAULT current_millis()
);

-- An event is in this table from the commit of its transaction until it is handled.
CREATE TABLE IF NOT EXISTS outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  topic text NOT NULL,
  payload jsonb NOT NULL,
  created_at bigint NOT NULL DEFAULT current_millis(),
  failures integer NOT NULL DEFAULT 0,
  due_at bigint DEFAULT 0
);

-- Locks the tables in the order in which writers lock them, to avoid deadlocks. This is a DO block, because LOCK TABLE alone can
-- fail if the transaction was not started with BEGIN.
DO $$
BEGIN
  LOCK TABLE users, app_config, outbox IN SHARE ROW EXCLUSIVE MODE;
END
$$;

COMMENT ON COLUMN outbox.failures IS 'Number of attempts to handle the event that were started but did not succeed';
COMMENT ON COLUMN outbox.due_at IS
'Earliest time of the next attempt, in milliseconds since 1970; NULL if the event is set aside until an operator sets a time';

-- Two indexes, so that many failed or set-aside events do not slow down the search for new events.
CREATE INDEX IF NOT EXISTS outbox_new ON outbox (id) WHERE failures = 0;
CREATE INDEX IF NOT EXISTS outbox_failed ON outbox (due_at) WHERE failures > 0;

CREATE OR REPLACE VIEW outbox_state AS
SELECT
  count(*) FILTER (WHERE due_at IS NOT NULL) AS waiting,
  coalesce(max(now_ms() - created_at) FILTER (WHERE due_at IS NOT NULL), 0) AS oldest_millis,
  count(*) FILTER (WHERE failures > 0 AND due_at IS NOT NULL) AS failing,
  count(*) FILTER (WHERE due_at IS NULL) AS set_aside
FROM outbox;

COMMENT ON VIEW outbox_state IS 'For alerts: numbers of waiting, failing and set-aside events; age of the oldest waiting event';

-- The triggers write with the privileges of the tables' owner. Therefore, roles that add users need no privileges on the outbox,
-- and cannot insert false events. The REVOKE below prevents other roles from using these functions in their own triggers.

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

-- TRUNCATE passes no rows to its trigger, so the key is null
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

-- The time of the last notification, in milliseconds since 1970. This is a sequence, because all transactions see its new value
-- immediately, changing it never waits for another transaction, and it cannot cause serialization failures.
CREATE SEQUENCE IF NOT EXISTS outbox_notified MINVALUE 0 START 0;

-- The notification has no payload, because notifications can be lost; the events are in the table. NOTIFY holds a server-wide
-- lock during the commit, so transactions with NOTIFY commit one at a time. Therefore, at most one transaction per 100
-- milliseconds sends a notification. The delivery thread reads the table when a notification arrives, 200 milliseconds later, and
-- at the end of each interval.
CREATE OR REPLACE FUNCTION notify_outbox() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
DECLARE
  now bigint := now_ms();
BEGIN
  -- a negative difference means that the clock was set back
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
