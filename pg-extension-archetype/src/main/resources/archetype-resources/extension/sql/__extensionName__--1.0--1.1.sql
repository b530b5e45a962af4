\echo Use "ALTER EXTENSION ${extensionName} UPDATE" to load this file. \quit

CREATE OPERATOR <-> (
  LEFTARG = double precision, RIGHTARG = double precision, COMMUTATOR = <->, FUNCTION = ${extensionName}_distance
);
COMMENT ON OPERATOR <-> (double precision, double precision) IS 'how far two numbers are apart';
