CREATE EXTENSION prefix;

CREATE TABLE operator (prefix prefix_range PRIMARY KEY, name text);

INSERT INTO operator VALUES ('33', 'France'), ('336', 'mobile'), ('49', 'Germany');

SELECT name = 'mobile' FROM operator WHERE prefix @> '33612345678' ORDER BY length(prefix) DESC LIMIT 1;
