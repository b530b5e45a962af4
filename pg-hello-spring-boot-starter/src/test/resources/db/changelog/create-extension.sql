--liquibase formatted sql

--changeset test:1
CREATE EXTENSION IF NOT EXISTS pg_hello;
