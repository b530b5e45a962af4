#!/usr/bin/env bash
# Runs pg_upgrade from 15 to 17 and then to 18 on a cluster with databases that use pg_hello in columns, defaults, checks,
# indexes and views. Checks that rows, indexes and versions are unchanged, and that writing still works. Servers and pg_upgrade are
# unpacked from Debian's packages, and use the C library of their suite.
# SPDX-License-Identifier: MIT
PROGRAM=upgrade.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

# Dependencies of the servers in all suites. Each suite has only some of these names.
LIBRARIES=(libc6 libgcc-s1 libstdc++6 libpq5 libssl3 libssl3t64 libgssapi-krb5-2 libkrb5-3 libk5crypto3 libkrb5support0 libcom-err2
  libkeyutils1 libldap-2.5-0 libldap2 libsasl2-2 libpam0g libaudit1 libcap-ng0 libcap2 libselinux1 libpcre2-8-0 libsystemd0 liblzma5
  libgcrypt20 libgpg-error0 libuuid1 libxml2 libxml2-16 libxslt1.1 libzstd1 liblz4-1 zlib1g libicu72 libicu76 libicu77 libicu78 libnuma1 liburing2
  libcrypt1)

skip() {
  printf 'skipped: %s\n' "$*"
  exit 77
}

# programs MAJOR: prints the directory of the server's programs.
programs() {
  printf '%s/%s/usr/lib/postgresql/%s/bin' "$SCRATCH" "$1" "$1"
}

# unpack MAJOR: unpacks the server with the extension into SCRATCH/MAJOR.
unpack() {
  local tree=$SCRATCH/$1 debs deb loader file folder
  debs=$("$ROOT/scripts/packages.sh" "$1" "postgresql-$1" "postgresql-client-$1" "${LIBRARIES[@]}" 2>/dev/null)
  if [ -z "$debs" ] || [ -z "$(find "$debs" -name "postgresql-$1_*.deb")" ]; then
    skip "there are no packages of PostgreSQL $1"
  fi
  mkdir "$tree"
  for deb in "$debs"/*.deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$tree" --keep-directory-symlink
  done
  loader=$(find "$tree" -name 'ld-linux*.so.*' -path '*-linux-gnu/*' | head -n 1)
  folder=$(uname -m)-linux-gnu
  for file in "$(programs "$1")"/*; do
    # With --force-rpath, the path also applies to the libraries' own dependencies.
    patchelf --force-rpath --set-rpath "$tree/lib/$folder:$tree/usr/lib/$folder" --set-interpreter "$loader" "$file"
  done
  "$(programs "$1")/postgres" --version >/dev/null || skip "PostgreSQL $1 of its suite does not run here"
  cp "$ROOT"/extension/{,ops/}*.control "$ROOT"/extension/{,ops/}sql/*--*.sql "$tree/usr/share/postgresql/$1/extension/"
  cp "$(library "$1")" "$(dirname "$(programs "$1")")/lib/pg_hello.so"
}

# initialize MAJOR: creates an empty cluster in SCRATCH/data-MAJOR.
initialize() {
  server_user "$(programs "$1")/initdb" -D "$SCRATCH/data-$1" -A trust -U postgres -E UTF8 --locale=C -k >"$SCRATCH/log" 2>&1 ||
    { cat "$SCRATCH/log" >&2; die "initdb of PostgreSQL $1 failed"; }
}

start() {
  RUNNING=$(dirname "$(programs "$1")")
  # drop_scratch expects the data in this directory.
  ln -sfn "data-$1" "$SCRATCH/data"
  PGPORT=$(free_port)
  export PGHOST=127.0.0.1 PGPORT PGUSER=postgres
  server_user "$RUNNING/bin/pg_ctl" -D "$SCRATCH/data" -l "$SCRATCH/data.log" -w -t 60 -o "-p $PGPORT -c fsync=off \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories=" start >/dev/null ||
    { tail -20 "$SCRATCH/data.log" >&2; die "PostgreSQL $1 did not start"; }
}

stop() {
  server_user "$RUNNING/bin/pg_ctl" -D "$SCRATCH/data" -m fast -w stop >/dev/null
  RUNNING=
}

sql() {
  psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$@"
}

# fill: creates a database with the newest version of the extension in a separate schema, and a database with the first version.
fill() {
  sql postgres -c 'CREATE DATABASE app' -c 'CREATE DATABASE first'
  sql first -c "CREATE EXTENSION pg_hello VERSION '1.0'" \
    -c 'CREATE TABLE visits (name text, at bigint DEFAULT now_ms())' -c "INSERT INTO visits VALUES ('Ada')" >/dev/null
  sql app >/dev/null <<'SQL'
CREATE SCHEMA "The ""hello"" schema";
CREATE EXTENSION pg_hello SCHEMA "The ""hello"" schema";
CREATE EXTENSION pg_hello_ops;
CREATE SCHEMA data;
SET search_path = data, "The ""hello"" schema";
CREATE DOMAIN guest AS text CHECK (pg_hello(VALUE, 1) <> 'Hello, nobody!');
CREATE TABLE users (
  id integer PRIMARY KEY,
  name guest,
  at bigint NOT NULL DEFAULT now_ms(),
  greeting text GENERATED ALWAYS AS (pg_hello(name, 2)) STORED
);
INSERT INTO users (id, name) SELECT i, nullif('Zoë O''Brien ' || i, 'Zoë O''Brien 7') FROM generate_series(1, 1000) i;
CREATE INDEX users_greeting ON users (pg_hello(name, 3));
CREATE UNIQUE INDEX users_some ON users (pg_hello(name, 1)) WHERE pg_hello(name, 1) > 'Hello, Z';
CREATE TABLE days (name text, greeting text DEFAULT pg_hello('day', 1)) PARTITION BY LIST (pg_hello(name, 1));
CREATE TABLE monday PARTITION OF days FOR VALUES IN ('Hello, Monday!');
INSERT INTO days VALUES ('Monday');
CREATE STATISTICS users_statistics ON pg_hello(name, 4), at FROM users;
CREATE MATERIALIZED VIEW stored AS SELECT id, pg_hello(name, 5) AS greeting FROM users;
CREATE VIEW greetings AS
SELECT id, pg_hello(name, 4) AS greeting, pg_hello_all(ARRAY[name, NULL], ARRAY[1, 2]) AS greetings,
  spi_version() = version() AS version
FROM users;
SQL
}

# Prints the state that must not change.
STATE="
  SET search_path = data, \"The \"\"hello\"\" schema\";
  SELECT count(*), md5(string_agg(u::text, ',' ORDER BY id)) FROM users u;
  SELECT count(*), md5(string_agg(g::text, ',' ORDER BY id)) FROM greetings g;
  SELECT count(*), md5(string_agg(s::text, ',' ORDER BY id)) FROM stored s;
  SELECT tableoid::regclass, days.* FROM days;
  SELECT indexrelid::regclass, pg_get_indexdef(indexrelid), indisvalid FROM pg_index
    WHERE indrelid = 'users'::regclass ORDER BY 1;
  SELECT extname, extversion, nspname FROM pg_extension e JOIN pg_namespace n ON e.extnamespace = n.oid ORDER BY 1;
  SELECT count(*), count(DISTINCT pg_get_functiondef(oid)) FROM pg_proc WHERE probin = '\$libdir/pg_hello';
  SET enable_seqscan = off;
  SELECT id FROM users WHERE pg_hello(name, 3) = pg_hello('Zoë O''Brien 42', 3);
  EXPLAIN (COSTS off) SELECT id FROM users WHERE pg_hello(name, 3) = pg_hello('Zoë O''Brien 42', 3)"

# upgrade OLD NEW: upgrades, and checks the rows before and after.
upgrade() {
  local before after
  unpack "$2"
  initialize "$2"
  start "$1"
  before=$(sql app -c "$STATE")
  [[ $before = *$'\n42\n'*users_greeting* ]] || die "PostgreSQL $1: the index is not used: $before"
  stop
  (cd "$SCRATCH" && server_user "$(programs "$2")/pg_upgrade" -U postgres -b "$(programs "$1")" -B "$(programs "$2")" \
    -d "$SCRATCH/data-$1" -D "$SCRATCH/data-$2" -s "$SCRATCH" >log 2>&1) || {
    cat "$SCRATCH/log" >&2
    find "$SCRATCH/data-$2/pg_upgrade_output.d" -type f -exec tail -n 20 {} + >&2
    die "pg_upgrade from $1 to $2 failed"
  }
  start "$2"
  after=$(sql app -c "$STATE")
  [ "$before" = "$after" ] || die "the upgrade from $1 to $2 changed the database: $(diff <(echo "$before") <(echo "$after"))"
  # Defaults, checks and generated columns still work.
  after=$(sql app -c "SET search_path = data, \"The \"\"hello\"\" schema\"" -c "INSERT INTO users (id, name) VALUES (1000 + $2, 'new $2')
    RETURNING greeting, abs(at - extract(epoch FROM clock_timestamp()) * 1000) < 10000")
  [ "$after" = "Hello, new $2! Hello, new $2!|t" ] || die "PostgreSQL $2: the table stores a new row as $after"
  if sql app -c 'SET search_path = data' -c "INSERT INTO users (id, name) VALUES (0, 'nobody')" 2>/dev/null; then
    die "PostgreSQL $2: the domain accepts an invalid value"
  fi
  after=$(sql first -c "INSERT INTO visits VALUES ('Bob') RETURNING pg_hello(name), at > 1500000000000" \
    -c "SELECT extversion FROM pg_extension WHERE extname = 'pg_hello'")
  [ "$after" = $'Hello, Bob!|t\n1.0' ] || die "PostgreSQL $2: the database with the first version returned: $after"
  stop
  printf 'PostgreSQL %s to %s: rows, indexes and versions are unchanged\n' "$1" "$2"
}

need psql postgresql-client patchelf patchelf
"$ROOT/scripts/native.sh" >/dev/null
new_scratch
unpack 15
initialize 15
start 15
fill
stop
upgrade 15 17
upgrade 17 18
start 18
sql first -c 'ALTER EXTENSION pg_hello UPDATE'
[ "$(sql first -c "SELECT pg_hello(name, 2) FROM visits WHERE name = 'Ada'")" = 'Hello, Ada! Hello, Ada!' ] ||
  die 'the first version cannot be updated after two upgrades'
