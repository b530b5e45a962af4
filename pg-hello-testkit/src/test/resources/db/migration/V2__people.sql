INSERT INTO person VALUES ('Ada', pg_hello('Ada'));
