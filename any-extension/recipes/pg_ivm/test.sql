CREATE EXTENSION pg_ivm;

CREATE TABLE sale (product text, amount integer);

INSERT INTO sale VALUES ('apple', 1), ('pear', 2);

SELECT pgivm.create_immv('total', 'SELECT product, sum(amount) AS amount FROM sale GROUP BY product') = 2;

INSERT INTO sale VALUES ('apple', 10);

SELECT amount = 11 FROM total WHERE product = 'apple';
