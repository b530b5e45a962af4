-- no call leaks memory
CREATE SCHEMA hello;
SET search_path = hello;
CREATE EXTENSION pg_hello;

-- run the functions in this session, not in a parallel worker
SELECT set_config(name, 'off', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');

-- the growth of the session's memory in bytes during 20,000 calls, after the same number of calls
CREATE FUNCTION growth(call text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  query text := format('SELECT count(%s) FROM generate_series(1, 20000) i, names', call);
  used text := 'SELECT sum(used_bytes) FROM pg_backend_memory_contexts';
  before bigint;
  after bigint;
BEGIN
  FOR i IN 1..2 LOOP
    EXECUTE used INTO before;
    EXECUTE query;
    EXECUTE used INTO after;
  END LOOP;
  RETURN after - before;
END
$$;
CREATE TABLE names AS
SELECT string_agg(md5(i::text), '') AS long, array_agg(md5(i::text)) AS many FROM generate_series(1, 100) i;

SELECT call, growth(call) < 20000 AS stays
FROM (VALUES
  ($$pg_hello('Name' || i)$$),
  ($$pg_hello(long)$$),
  ($$pg_hello('Name' || i, i % 10 + 1)$$),
  ($$pg_hello(long, i % 2 + 1)$$),
  ($$pg_hello_all(ARRAY['Name' || i, NULL], ARRAY[i % 10 + 1, 0])$$),
  ($$pg_hello_all(many)$$),
  ($$pg_hello_all('{}')$$),
  ($$now_ms()$$),
  ($$spi_version()$$)
) c(call);
-- errors do not leak memory either
CREATE FUNCTION failed(call text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE 'SELECT ' || call;
  RETURN false;
EXCEPTION WHEN invalid_parameter_value THEN
  RETURN true;
END
$$;
CREATE FUNCTION growth_with_errors(call text) RETURNS bigint LANGUAGE sql AS $$
  SELECT hello.growth(format('CASE WHEN i > 19000 THEN hello.failed(%L) END', call))
$$;
SELECT call, growth_with_errors(call) < 20000 AS stays
FROM (VALUES
  ($$hello.pg_hello('x', 11)$$),
  ($$hello.pg_hello_all('{x}', '{11}')$$),
  ($$hello.pg_hello_all('{x}', '{1,2}')$$)
) c(call);

SET client_min_messages = warning;
DROP SCHEMA hello CASCADE;
RESET client_min_messages;
