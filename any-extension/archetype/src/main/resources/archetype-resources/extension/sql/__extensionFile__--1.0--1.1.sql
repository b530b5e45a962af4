\echo Use "ALTER EXTENSION ${extensionName} UPDATE" to load this file. \quit

CREATE OPERATOR <-> (
  LEFTARG = double precision, RIGHTARG = double precision, COMMUTATOR = <->, FUNCTION = ${extensionName}_distance
);
COMMENT ON OPERATOR <-> (double precision, double precision) IS 'distance between two numbers';

CREATE FUNCTION ${extensionName}_distance_all(a double precision[], b double precision[]) RETURNS double precision[]
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ${extensionName}_distance_all(double precision[], double precision[]) IS 'distances between the elements of a and b';

CREATE TYPE ${extensionName}_point;

CREATE FUNCTION ${extensionName}_point_in(cstring) RETURNS ${extensionName}_point
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION ${extensionName}_point_out(${extensionName}_point) RETURNS cstring
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION ${extensionName}_point_recv(internal) RETURNS ${extensionName}_point
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION ${extensionName}_point_send(${extensionName}_point) RETURNS bytea
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ${extensionName}_point_in(cstring) IS 'I/O';
COMMENT ON FUNCTION ${extensionName}_point_out(${extensionName}_point) IS 'I/O';
COMMENT ON FUNCTION ${extensionName}_point_recv(internal) IS 'I/O';
COMMENT ON FUNCTION ${extensionName}_point_send(${extensionName}_point) IS 'I/O';

CREATE TYPE ${extensionName}_point (
  INPUT = ${extensionName}_point_in, OUTPUT = ${extensionName}_point_out,
  RECEIVE = ${extensionName}_point_recv, SEND = ${extensionName}_point_send,
  INTERNALLENGTH = 16, ALIGNMENT = double
);
COMMENT ON TYPE ${extensionName}_point IS 'coordinates of a point: (x,y)';

CREATE FUNCTION ${extensionName}_point_lt(a ${extensionName}_point, b ${extensionName}_point) RETURNS boolean
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION ${extensionName}_point_le(a ${extensionName}_point, b ${extensionName}_point) RETURNS boolean
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION ${extensionName}_point_eq(a ${extensionName}_point, b ${extensionName}_point) RETURNS boolean
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION ${extensionName}_point_ne(a ${extensionName}_point, b ${extensionName}_point) RETURNS boolean
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION ${extensionName}_point_ge(a ${extensionName}_point, b ${extensionName}_point) RETURNS boolean
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION ${extensionName}_point_gt(a ${extensionName}_point, b ${extensionName}_point) RETURNS boolean
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION ${extensionName}_point_cmp(a ${extensionName}_point, b ${extensionName}_point) RETURNS integer
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION ${extensionName}_point_hash(${extensionName}_point) RETURNS integer
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ${extensionName}_point_lt(${extensionName}_point, ${extensionName}_point) IS 'implementation of the operator <';
COMMENT ON FUNCTION ${extensionName}_point_le(${extensionName}_point, ${extensionName}_point) IS 'implementation of the operator <=';
COMMENT ON FUNCTION ${extensionName}_point_eq(${extensionName}_point, ${extensionName}_point) IS 'implementation of the operator =';
COMMENT ON FUNCTION ${extensionName}_point_ne(${extensionName}_point, ${extensionName}_point) IS 'implementation of the operator <>';
COMMENT ON FUNCTION ${extensionName}_point_ge(${extensionName}_point, ${extensionName}_point) IS 'implementation of the operator >=';
COMMENT ON FUNCTION ${extensionName}_point_gt(${extensionName}_point, ${extensionName}_point) IS 'implementation of the operator >';
COMMENT ON FUNCTION ${extensionName}_point_cmp(${extensionName}_point, ${extensionName}_point) IS 'less-equal-greater: -1, 0 or 1';
COMMENT ON FUNCTION ${extensionName}_point_hash(${extensionName}_point) IS 'hash';

CREATE OPERATOR < (
  LEFTARG = ${extensionName}_point, RIGHTARG = ${extensionName}_point, FUNCTION = ${extensionName}_point_lt,
  COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
CREATE OPERATOR <= (
  LEFTARG = ${extensionName}_point, RIGHTARG = ${extensionName}_point, FUNCTION = ${extensionName}_point_le,
  COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
CREATE OPERATOR = (
  LEFTARG = ${extensionName}_point, RIGHTARG = ${extensionName}_point, FUNCTION = ${extensionName}_point_eq,
  COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
CREATE OPERATOR <> (
  LEFTARG = ${extensionName}_point, RIGHTARG = ${extensionName}_point, FUNCTION = ${extensionName}_point_ne,
  COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
CREATE OPERATOR >= (
  LEFTARG = ${extensionName}_point, RIGHTARG = ${extensionName}_point, FUNCTION = ${extensionName}_point_ge,
  COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel
);
CREATE OPERATOR > (
  LEFTARG = ${extensionName}_point, RIGHTARG = ${extensionName}_point, FUNCTION = ${extensionName}_point_gt,
  COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);

## region classes
CREATE OPERATOR CLASS ${extensionName}_point_ops DEFAULT FOR TYPE ${extensionName}_point USING btree AS
  OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
  FUNCTION 1 ${extensionName}_point_cmp(${extensionName}_point, ${extensionName}_point);
CREATE OPERATOR CLASS ${extensionName}_point_ops DEFAULT FOR TYPE ${extensionName}_point USING hash AS
  OPERATOR 1 =,
  FUNCTION 1 ${extensionName}_point_hash(${extensionName}_point);
## endregion

CREATE FUNCTION ${extensionName}_point_distance(a ${extensionName}_point, b ${extensionName}_point) RETURNS double precision
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ${extensionName}_point_distance(${extensionName}_point, ${extensionName}_point) IS 'distance between a and b';
