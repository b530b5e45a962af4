/* pg_hello--1.0.sql */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION pg_hello VERSION '1.0'" to load this file. \quit

CREATE FUNCTION pg_hello(name text) RETURNS text
AS 'MODULE_PATHNAME', 'pg_hello'
LANGUAGE C STABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION pg_hello(text) IS
'Returns a greeting, repeated as specified by the setting pg_hello.repeat';

CREATE FUNCTION now_ms() RETURNS bigint
AS 'MODULE_PATHNAME', 'now_ms'
LANGUAGE C VOLATILE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION now_ms() IS
'Returns the current time in milliseconds since 1970-01-01 00:00:00 UTC';

-- A call takes as long as about fifty calls of pg_hello().  The cost makes the
-- planner evaluate cheaper conditions first.
CREATE FUNCTION spi_version() RETURNS text
AS 'MODULE_PATHNAME', 'spi_version'
LANGUAGE C STABLE STRICT PARALLEL SAFE COST 50;

COMMENT ON FUNCTION spi_version() IS
'Returns the result of version(), queried through SPI';
