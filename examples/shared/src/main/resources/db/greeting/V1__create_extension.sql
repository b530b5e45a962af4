-- SPDX-License-Identifier: MIT
-- Does nothing where the DBA, or another application, has already done so.
SELECT pg_advisory_xact_lock(pg_catalog.hashtextextended('pg_hello', 0));
SET LOCAL client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_hello;
