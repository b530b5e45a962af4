#!/bin/bash
# Run by the postgres image when it has made a new database: the applications get a role of their own, which is no
# superuser. They own the database, and create the extension in it, as it is trusted.
# SPDX-License-Identifier: MIT
set -eu
psql -X -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --no-password <<'SQL'
\set password `cat "${APP_PASSWORD_FILE:-/run/secrets/app-password}"`
CREATE ROLE app LOGIN PASSWORD :'password';
ALTER DATABASE :"DBNAME" OWNER TO app;
REVOKE CONNECT ON DATABASE :"DBNAME" FROM PUBLIC;
SQL
