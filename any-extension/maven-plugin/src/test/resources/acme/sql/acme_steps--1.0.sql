\echo Use "CREATE EXTENSION acme_steps" to load this file. \quit

CREATE FUNCTION acme_step(value integer) RETURNS integer
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
