\echo Use "CREATE EXTENSION acme_geo" to load this file. \quit

CREATE FUNCTION acme_distance(a cube, b cube) RETURNS float8
    IMMUTABLE STRICT PARALLEL SAFE RETURN a <-> b;
