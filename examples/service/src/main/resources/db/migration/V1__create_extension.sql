-- SPDX-License-Identifier: MIT
-- Does nothing where the DBA has already done so.
SET LOCAL client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_hello;
