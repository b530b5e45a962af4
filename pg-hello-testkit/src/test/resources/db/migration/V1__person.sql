CREATE TABLE person (name text PRIMARY KEY, greeting text);
