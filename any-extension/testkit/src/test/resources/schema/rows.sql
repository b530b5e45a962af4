INSERT INTO person VALUES ('Zoë', '{"{d}"}');
INSERT INTO person (name) SELECT 'Ada' WHERE twice(1) = 2 AND thrice(1) = 3;
