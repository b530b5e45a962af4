#!/bin/sh
# monitoring.sh [FOLDER]: prepares a database for monitoring. Creates the extension pg_hello_ops, its roles, and the exporter's
# role with a password from a file. The role app may still call the functions. Safe to run again.
# SPDX-License-Identifier: MIT
set -eu
cd "${1:-/monitoring}"
PGPASSWORD=$(cat "${POSTGRES_PASSWORD_FILE:-/run/secrets/postgres-password}")
export PGPASSWORD
psql -X -q -v ON_ERROR_STOP=1 --no-password <<'SQL'
\set password `cat "${EXPORTER_PASSWORD_FILE:-/run/secrets/exporter-password}"`
SET client_min_messages = warning;
BEGIN;
SET LOCAL ROLE app;
CREATE EXTENSION IF NOT EXISTS pg_hello;
RESET ROLE;
CREATE EXTENSION IF NOT EXISTS pg_hello_ops;
\i roles.sql
GRANT hello_user TO app;
\i exporter.sql
ALTER ROLE hello_exporter PASSWORD :'password';
GRANT CONNECT ON DATABASE :"DBNAME" TO hello_exporter;
ALTER DATABASE :"DBNAME" SET track_functions = 'all';
COMMIT;
SQL
