--liquibase formatted sql

--changeset shop:1
CREATE TABLE orders (name text, price text);

--changeset shop:2 context:test
INSERT INTO orders VALUES ('coffee', '4 EUR');

--changeset shop:3 context:production
INSERT INTO orders VALUES ('cocoa', '5 EUR');
