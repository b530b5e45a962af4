#!/usr/bin/env bash
# pooler-suites.sh [TREE [MODULE...]]: runs the integration tests of client, Hibernate and jOOQ, or of the modules, through the newest PgBouncer
# in transaction mode, in this tree or another. All clients of a database share three sessions. Tests with the tag "session" are left out:
# they need a session to themselves.
# SPDX-License-Identifier: MIT
PROGRAM=pooler-suites.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

SESSIONS=3
# as -am has Maven look for tests in the modules that they depend on, too
declare -A TESTS=([pg-hello-core]='io/pghello/*IT,io/pghello/internal/**/*IT,io/pghello/micrometer/*IT'
  [pg-hello-hibernate]='io/pghello/hibernate/**/*IT' [pg-hello-jooq]='io/pghello/jooq/**/*IT')

tree=${1-$ROOT}
modules=("${@:2}")
[ ${#modules[@]} != 0 ] || modules=("${!TESTS[@]}")
tests=()
for module in "${modules[@]}"; do
  tests+=("${TESTS[$module]-}")
  [ -n "${TESTS[$module]-}" ] || misuse "no such module: $module; there are ${!TESTS[*]}"
done
poolers=$("$ROOT/scripts/ci/poolers.sh")
[ -x "$poolers/bin/pgbouncer" ] || {
  echo "skipped: there is no newest pgbouncer"
  exit 77
}
work=$(mktemp -d)
processes=()
# shellcheck disable=SC2317 # the trap calls it
finish() {
  [ ${#processes[@]} = 0 ] || kill "${processes[@]}" 2>/dev/null || true
  wait
  rm -rf "$work"
}
trap finish EXIT

# await FILE PATTERN: waits until a process has written so.
await() {
  local i
  for ((i = 0; i < 6000; i++)); do
    ! grep -q "$2" "$1" 2>/dev/null || return 0
    sleep 0.1
  done
  cat "$1"
  die "no '$2' after ten minutes"
}

"$ROOT/dev" server >"$work/server" 2>"$work/server.log" &
processes+=($!)
await "$work/server" '^ready'
url=$(sed -n 's/^superuser  *//p' "$work/server")
password=${url##*password=}
port=${url#*127.0.0.1:}
port=${port%%/*}

pooler_port=$(free_port)
printf '"postgres" "%s"\n' "$password" >"$work/users"
# sessions that nobody uses end soon, as a database that is copied must have none
cat >"$work/pgbouncer.ini" <<END
[databases]
* = host=127.0.0.1 port=$port
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $pooler_port
unix_socket_dir =
auth_type = scram-sha-256
auth_file = $work/users
auth_user = postgres
auth_dbname = postgres
auth_query = SELECT usename, passwd FROM pg_catalog.pg_shadow WHERE usename = \$1
pool_mode = transaction
default_pool_size = $SESSIONS
server_idle_timeout = 1
query_wait_timeout = 30
max_client_conn = 1000
ignore_startup_parameters = extra_float_digits
END
bouncer=("$poolers/bin/pgbouncer" "$work/pgbouncer.ini")
# which refuses to run as root; in there it has no name, and its files stay root's
[ "$(id -u)" != 0 ] || bouncer=(unshare -U "${bouncer[@]}")
"${bouncer[@]}" >"$work/pgbouncer.log" 2>&1 &
processes+=($!)
await "$work/pgbouncer.log" 'process up'

# joined WORD...: with commas
joined() { (IFS=, && printf '%s' "$*"); }

status=0
maven -B -ntp -fae -f "$tree/pom.xml" -pl "$(joined "${modules[@]}")" -am '-P!checks' \
  -Dpghello.server="jdbc:postgresql://127.0.0.1:$pooler_port/postgres?user=postgres&password=$password" \
  -DexcludedGroups=slow,long,container,session -Dtest=NoTest -Dsurefire.failIfNoSpecifiedTests=false \
  -Dit.test="$(joined "${tests[@]}")" -Dfailsafe.failIfNoSpecifiedTests=false -Dmaven.javadoc.skip -Dmaven.source.skip verify || status=$?
for module in "${modules[@]}"; do
  find "$tree/$module/target/failsafe-reports" -name 'TEST-*.xml' | test_reports outcome "$module through the newest PgBouncer"
done
exit "$status"
