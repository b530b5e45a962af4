-- SPDX-License-Identifier: MIT
-- Runs once in a new database. Makes each session load the library at login, so that an invalid count is rejected immediately.
CREATE EXTENSION pg_hello;
DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET session_preload_libraries = pg_hello', current_database());
END
$$;
