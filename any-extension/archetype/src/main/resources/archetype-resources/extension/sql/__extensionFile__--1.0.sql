\echo Use "CREATE EXTENSION ${extensionName}" to load this file. \quit

CREATE FUNCTION ${extensionName}_distance(a double precision, b double precision) RETURNS double precision
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ${extensionName}_distance(double precision, double precision) IS 'distance between a and b';
