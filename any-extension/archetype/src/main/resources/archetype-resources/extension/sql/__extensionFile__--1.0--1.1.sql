\echo Use "ALTER EXTENSION ${extensionName} UPDATE" to load this file. \quit

CREATE OPERATOR <-> (
  LEFTARG = double precision, RIGHTARG = double precision, COMMUTATOR = <->, FUNCTION = ${extensionName}_distance
);
COMMENT ON OPERATOR <-> (double precision, double precision) IS 'distance between two numbers';

CREATE FUNCTION ${extensionName}_distance_all(a double precision[], b double precision[]) RETURNS double precision[]
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ${extensionName}_distance_all(double precision[], double precision[]) IS 'distances between the elements of a and b';
