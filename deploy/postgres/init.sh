#!/bin/bash
# Run by the postgres image after it has created a new database. Creates the role of the applications, which is not a superuser.
# It owns the database and can create the extension in it, because the extension is trusted.
# SPDX-License-Identifier: MIT
set -eu
psql -X -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --no-password <<'SQL'
\set password `cat "${APP_PASSWORD_FILE:-/run/secrets/app-password}"`
CREATE ROLE app LOGIN PASSWORD :'password';
ALTER DATABASE :"DBNAME" OWNER TO app;
REVOKE CONNECT ON DATABASE :"DBNAME" FROM PUBLIC;
SQL
