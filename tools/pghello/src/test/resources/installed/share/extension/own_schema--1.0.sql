-- SPDX-License-Identifier: MIT
CREATE SCHEMA own_tools;
CREATE FUNCTION own_tools.one() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE TYPE own_tools.mark AS (at integer);
REVOKE USAGE ON TYPE own_tools.mark FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION own_tools.one() FROM PUBLIC;
