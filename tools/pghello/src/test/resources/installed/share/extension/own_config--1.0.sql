-- SPDX-License-Identifier: MIT
CREATE TABLE z_kind (id integer PRIMARY KEY);
CREATE TABLE a_rule (id integer PRIMARY KEY, kind integer REFERENCES z_kind);
CREATE SEQUENCE counter;
SELECT pg_catalog.pg_extension_config_dump('z_kind', '');
SELECT pg_catalog.pg_extension_config_dump('a_rule', '');
SELECT pg_catalog.pg_extension_config_dump('counter', '');
