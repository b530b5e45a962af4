-- SPDX-License-Identifier: MIT
-- The remaining requests of each client, shared by all instances (greeting.rate-limit.store=postgresql).
-- A crash of the server empties the table, and all limits start again.
CREATE UNLOGGED TABLE rate_limit_bucket (
  id text PRIMARY KEY,
  state bytea,
  expires_at bigint,
  explicit_lock bigint
);
