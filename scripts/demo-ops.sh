#!/usr/bin/env bash
# ./dev demo ops: runs pghello's health, load, report, backup and verify on a temporary server.
# SPDX-License-Identifier: MIT
PROGRAM='dev demo ops'
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case ${1-} in
  -h | --help)
    printf '%s\n' 'Usage: ./dev demo ops' '' \
      'Starts a server, and runs ./dev pghello health, load, report, backup and verify on it. Takes less than a minute.'
    exit
    ;;
esac
[ $# = 0 ] || misuse "demo ops accepts no further arguments, but got: $*"
need psql postgresql-client

# Backups need the programs of the server's version.
major=$DEFAULT_MAJOR
for candidate in "${MAJORS[@]}"; do
  [ ! -x "/usr/lib/postgresql/$candidate/bin/postgres" ] || major=$candidate
done

work=$(mktemp -d)
server=''
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; wait; rm -rf "$work"' EXIT
say "Starting a PostgreSQL $major"
"$ROOT/dev" server --major "$major" >"$work/server" &
server=$!
until grep -q '^ready' "$work/server"; do
  kill -0 "$server" 2>/dev/null || die "the server did not start"
  sleep 0.1
done
read -r PGPASSWORD PGPORT PGDATABASE < <(sed -n 's/^ *PGPASSWORD=\([^ ]*\) psql .* -p \([0-9]*\) -U postgres \(.*\)/\1 \2 \3/p' "$work/server")
export PGPASSWORD PGPORT PGDATABASE PGHOST=127.0.0.1 PGUSER=postgres

sql() { PGOPTIONS='-c client_min_messages=warning' psql -X -q -v ON_ERROR_STOP=1 -o /dev/null -c "$1"; }
pghello() {
  printf '\n$ ./dev pghello %s\n' "$*"
  "$ROOT/dev" pghello "$@"
}

sql "ALTER DATABASE $PGDATABASE SET track_functions = 'all'"
sql 'CREATE EXTENSION pg_hello_ops'
sql "CREATE TABLE people (name text, greeting text GENERATED ALWAYS AS (pg_hello(name, 2)) STORED)"
sql "INSERT INTO people SELECT 'person ' || i FROM generate_series(1, 10000) i"
pghello health
sql 'SELECT hello_ops.take_snapshot()'
pghello load --rate 1000 --time 3s
sleep 1 # a session reports its counters once a second
sql 'SELECT hello_ops.take_snapshot()'
pghello report performance
if [ -x "/usr/lib/postgresql/$major/bin/postgres" ]; then
  pghello backup --to "$work/backups" "$PGDATABASE"
  # The user of the demo owns everything in the backup.
  pghello verify --trust-owners --from "$work/backups"
else
  printf '\nNo backup: this machine has no PostgreSQL of version %s (Debian: postgresql-%s)\n' "$major" "$major"
fi
