-- SPDX-License-Identifier: MIT
-- What clients have left of their requests, for all instances (greeting.rate-limit.store=postgresql).
-- After a crash of the server it is empty, and all begin anew.
CREATE UNLOGGED TABLE rate_limit_bucket (
  id text PRIMARY KEY,
  state bytea,
  expires_at bigint,
  explicit_lock bigint
);
