CREATE TABLE orders (name text, price text);
INSERT INTO orders VALUES ('tea', '3 ${currency}');
