-- the tables of an application
CREATE TABLE person (
  name text PRIMARY KEY, -- it's a name; not "a person"
  tags text[] NOT NULL DEFAULT '{a,b}'
);
CREATE FUNCTION twice(i int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  RETURN 2 * i; -- ? is no parameter
END $$;
CREATE FUNCTION thrice(i int) RETURNS int BEGIN ATOMIC SELECT 3 * i; END;
