-- SPDX-License-Identifier: MIT
-- Run once, when the database is new. A database's setting needs the library at once, so that a wrong count fails early.
CREATE EXTENSION pg_hello;
DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET session_preload_libraries = pg_hello', current_database());
END
$$;
