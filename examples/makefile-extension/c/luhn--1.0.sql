-- region script
CREATE FUNCTION luhn_is_valid(digits text) RETURNS boolean
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
-- endregion
