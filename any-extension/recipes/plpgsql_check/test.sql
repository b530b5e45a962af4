CREATE EXTENSION plpgsql_check;

CREATE FUNCTION wrong() RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
  RETURN unheard_of;
END
$$;

SELECT string_agg(line, ' ') LIKE '%"unheard_of" does not exist%' FROM plpgsql_check_function('wrong()') line;
