-- SPDX-License-Identifier: MIT
-- Does nothing if a DBA or another application has already created the extension.
SELECT pg_advisory_xact_lock(pg_catalog.hashtextextended('pg_hello', 0));
SET LOCAL client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_hello;
