-- SPDX-License-Identifier: MIT
-- Users, with a trigger that creates a welcome message with the configured repeat count. Run this script after
-- db/greeting/V2__greeting_config.sql (examples/shared), which creates the configuration.

CREATE TABLE users (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  username varchar(50) NOT NULL UNIQUE,
  email varchar(100) NOT NULL,
  created_at bigint NOT NULL DEFAULT current_millis(),
  welcome_message text
);

CREATE FUNCTION welcome_user() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  NEW.welcome_message := greet(NEW.username);
  RETURN NEW;
END
$$;

CREATE TRIGGER welcome_user BEFORE INSERT ON users
FOR EACH ROW EXECUTE FUNCTION welcome_user();
