CREATE TABLE person (name text PRIMARY KEY, tags hstore);
INSERT INTO person VALUES ('Ada', 'role=>author'), ('Grace', 'role=>admin');
