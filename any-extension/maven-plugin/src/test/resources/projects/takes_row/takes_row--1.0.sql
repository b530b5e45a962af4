CREATE FUNCTION attributes(record) RETURNS integer AS '$libdir/takes_row' LANGUAGE C STRICT IMMUTABLE;
