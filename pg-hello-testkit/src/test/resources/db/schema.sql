CREATE TABLE person (name text PRIMARY KEY, greeting text);
INSERT INTO person VALUES ('Ada', pg_hello('Ada'));
