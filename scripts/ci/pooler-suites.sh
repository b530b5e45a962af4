#!/usr/bin/env bash
# pooler-suites.sh [POOLER [TREE [MODULE...]]]: runs the integration tests of clients, Hibernate and jOOQ, or of the given
# modules, through a pooler in transaction mode, in this tree or another. POOLER is pgbouncer (the newest; the default),
# old-pgbouncer (the system's, with prepareThreshold=0), odyssey or pgpool. All clients of a database share three sessions,
# except with pgpool, which has a session for each client. Excludes tests with the tag "session", which need a dedicated
# session, and tests that a pooler does not support, with tags such as "not-odyssey".
# SPDX-License-Identifier: MIT
PROGRAM=pooler-suites.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

SESSIONS=3
# With -am, Maven would search for tests in the dependencies as well.
declare -A TESTS=([pg-hello-core]='io/pghello/*IT,io/pghello/micrometer/*IT'
  [pg-extension-batching]='io/pghello/extension/batching/api/*IT'
  [pg-hello-hibernate]='io/pghello/hibernate/**/*IT' [pg-hello-jooq]='io/pghello/jooq/**/*IT')

name=${1-pgbouncer}
tree=${2-$ROOT}
modules=("${@:3}")
[ ${#modules[@]} != 0 ] || modules=("${!TESTS[@]}")
tests=()
for module in "${modules[@]}"; do
  tests+=("${TESTS[$module]-}")
  [ -n "${TESTS[$module]-}" ] || misuse "no such module: $module; the modules are ${!TESTS[*]}"
done
case $name in
  old-pgbouncer) program=$(PATH=$PATH:/usr/sbin command -v pgbouncer || true) ;;
  pgbouncer | odyssey | pgpool)
    poolers=$("$ROOT/scripts/ci/poolers.sh")
    program=$poolers/bin/$name
    ;;
  *) misuse "no such pooler: $name; the poolers are pgbouncer, old-pgbouncer, odyssey and pgpool" ;;
esac
[ -x "$program" ] || {
  echo "skipped: there is no ${name#old-}"
  exit 77
}
need psql postgresql-client
work=$(mktemp -d)
processes=()
# shellcheck disable=SC2317 # the trap calls it
finish() {
  [ ${#processes[@]} = 0 ] || kill "${processes[@]}" 2>/dev/null || true
  wait
  rm -rf "$work"
}
trap finish EXIT

# await FILE PATTERN: waits until a process has written text that matches the pattern to the file.
await() {
  local i
  for ((i = 0; i < 6000; i++)); do
    ! grep -q "$2" "$1" 2>/dev/null || return 0
    sleep 0.1
  done
  cat "$1"
  die "no output that matches '$2' after ten minutes"
}

"$ROOT/dev" server >"$work/server" 2>"$work/server.log" &
processes+=($!)
await "$work/server" '^ready'
url=$(sed -n 's/^superuser  *//p' "$work/server")
password=${url##*password=}
port=${url#*127.0.0.1:}
port=${port%%/*}

pooler_port=$(free_port)

# The configuration of each pooler. Idle sessions end soon, because a database cannot be copied while it has sessions.
pgbouncer_settings() {
  printf '"postgres" "%s"\n' "$password" >"$work/users"
  cat <<END
[databases]
* = host=127.0.0.1 port=$port
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $pooler_port
unix_socket_dir =
auth_type = scram-sha-256
auth_file = $work/users
auth_user = postgres
auth_query = SELECT usename, passwd FROM pg_catalog.pg_shadow WHERE usename = \$1
pool_mode = transaction
default_pool_size = $SESSIONS
server_idle_timeout = 1
query_wait_timeout = 30
max_client_conn = 1000
ignore_startup_parameters = extra_float_digits
END
}
odyssey_settings() {
  cat <<END
daemonize no
log_to_stdout yes
log_format "%p %l %m\n"
listen {
  host "127.0.0.1"
  port $pooler_port
}
storage "server" {
  type "remote"
  host "127.0.0.1"
  port $port
}
database default {
  user default {
    authentication "none"
    storage "server"
    pool "transaction"
    pool_size $SESSIONS
    pool_timeout 30000
    pool_ttl 1
    pool_discard no
    pool_smart_discard yes
    pool_reserve_prepared_statement yes
  }
}
END
}
pgpool_settings() {
  echo 'host all all 127.0.0.1/32 trust' >"$work/pool_hba.conf"
  touch "$work/pcp.conf" "$work/pool_passwd"
  cat <<END
listen_addresses = '127.0.0.1'
port = $pooler_port
unix_socket_directories = '$work'
pcp_listen_addresses = ''
pcp_socket_dir = '$work'
backend_clustering_mode = 'raw'
backend_hostname0 = '127.0.0.1'
backend_port0 = $port
backend_flag0 = 'DISALLOW_TO_FAILOVER'
enable_pool_hba = on
pool_passwd = 'pool_passwd'
num_init_children = 90
max_pool = 1
connection_cache = off
pid_file_name = '$work/pgpool.pid'
work_dir = '$work'
END
}

# Odyssey and pgpool-II do not forward unknown passwords, so the server accepts any password.
trust() {
  local hba
  hba=$(psql "$postgres" -XAtc 'SHOW hba_file')
  printf 'host all all 127.0.0.1/32 trust\n' >"$work/hba"
  cat "$work/hba" >"$hba"
  psql "$postgres" -XAtqc 'SELECT pg_catalog.pg_reload_conf()' >"$work/reload"
}
postgres="host=127.0.0.1 port=$port user=postgres password=$password dbname=postgres"
settings=$work/$name.conf
more=()
case $name in
  pgbouncer)
    pgbouncer_settings >"$settings"
    echo 'auth_dbname = postgres' >>"$settings"
    started='process up'
    ;;
  old-pgbouncer)
    pgbouncer_settings >"$settings"
    started='process up'
    # The driver's defaults for all connections of the tests.
    mkdir -p "$work/defaults/org/postgresql"
    echo 'prepareThreshold=0' >"$work/defaults/org/postgresql/driverconfig.properties"
    more=("-Dmaven.test.additionalClasspath=$work/defaults")
    ;;
  odyssey)
    trust
    odyssey_settings >"$settings"
    started='listening on'
    ;;
  pgpool)
    trust
    pgpool_settings >"$settings"
    started='successfully started'
    ;;
esac
command=("$program")
[ "$name" != pgpool ] || command+=(-n -a "$work/pool_hba.conf" -F "$work/pcp.conf" -f)
command+=("$settings")
# Poolers refuse to run as root. This namespace does not map root, but the files still belong to root.
[ "$(id -u)" != 0 ] || command=(unshare -U "${command[@]}")
"${command[@]}" >"$work/pooler.log" 2>&1 &
processes+=($!)
await "$work/pooler.log" "$started"

# Odyssey keeps sessions longer than the tests wait for a database without sessions.
if [ "$name" = odyssey ]; then
  psql "$postgres" -XAtq >"$work/ended" 2>&1 <<'END' &
SELECT count(pg_catalog.pg_terminate_backend(pid)) FROM pg_catalog.pg_stat_activity
WHERE datname LIKE '%template%' AND state = 'idle' AND state_change < pg_catalog.now() - interval '1 second' \watch 1
END
  processes+=($!)
fi

# joined WORD...: joins words with commas.
joined() { (IFS=, && printf '%s' "$*"); }

for module in "${modules[@]}"; do
  rm -rf "$tree/$(module_directory "$module")/target/failsafe-reports"
done
status=0
maven -B -ntp -fae -f "$tree/pom.xml" -pl "$(module_list "${modules[@]}")" -am '-P!checks' \
  -Dpg-extension.server="jdbc:postgresql://127.0.0.1:$pooler_port/postgres?user=postgres&password=$password" \
  -DexcludedGroups="slow,long,container,session,not-$name" -Dtest=NoTest -Dsurefire.failIfNoSpecifiedTests=false \
  -Dit.test="$(joined "${tests[@]}")" -Dfailsafe.failIfNoSpecifiedTests=false -Dmaven.javadoc.skip -Dmaven.source.skip "${more[@]}" verify || status=$?
for module in "${modules[@]}"; do
  find "$tree/$(module_directory "$module")/target/failsafe-reports" -name 'TEST-*.xml' | test_reports outcome "$module through $name"
done
exit "$status"
