-- SPDX-License-Identifier: MIT
CREATE TABLE a_first (id integer PRIMARY KEY, kind integer REFERENCES own_config.z_kind, parent integer REFERENCES a_first);
CREATE TABLE b_second (id integer PRIMARY KEY, rule integer REFERENCES own_config.a_rule, first integer REFERENCES a_first, word text);
CREATE TABLE a_third (second integer REFERENCES b_second);
CREATE SEQUENCE numbers;
CREATE VIEW words AS SELECT word FROM b_second;
CREATE FUNCTION two() RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT 2';
CREATE DOMAIN even AS integer CHECK (VALUE % 2 = 0);
INSERT INTO b_second VALUES (-1, NULL, NULL, 'of the extension');
SELECT pg_catalog.pg_extension_config_dump('a_first', '');
SELECT pg_catalog.pg_extension_config_dump('b_second', 'WHERE id > 0');
SELECT pg_catalog.pg_extension_config_dump('a_third', 'WHERE true');
SELECT pg_catalog.pg_extension_config_dump('numbers', '');
