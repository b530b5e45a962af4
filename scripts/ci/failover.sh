#!/usr/bin/env bash
# Tests the client and Hibernate on a cluster that fails over: Patroni with three members on PostgreSQL 15, three etcd
# instances, and HAProxy, from unpacked Debian packages. Runs FailoverIT, which breaks the leader under load with this script's
# FAULT commands.
# Usage: scripts/ci/failover.sh
#        scripts/ci/failover.sh FAULT FOLDER called by the test: kill, crash, stop, switch; settle waits for a complete cluster
# SPDX-License-Identifier: MIT
PROGRAM=failover.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

MAJOR=15
PACKAGES=(etcd-server haproxy patroni "postgresql-$MAJOR" "postgresql-client-$MAJOR" libpq5 liblua5.3-0 libopentracing1
  libopentracing-c-wrapper0 python3-{psycopg2,psutil,yaml,dateutil,click,urllib3,prettytable,etcd,dnspython,cdiff,six,wcwidth,pkg-resources})
# Seconds for which an unreachable leader stays the leader. This is the lowest value that Patroni accepts.
TTL=20

# start NAME COMMAND...: runs a command in the background, with its output in FOLDER/NAME.log and its process id in
# FOLDER/NAME.pid.
start() {
  local name=$1
  shift
  "$@" >>"$FOLDER/$name.log" 2>&1 </dev/null &
  printf '%d' $! >"$FOLDER/$name.pid"
  # Otherwise, the shell would report that the process was killed.
  disown
}

# in_tree COMMAND...: runs the command with the unpacked libraries and modules, and not as root.
in_tree() {
  server_user env HOME="$FOLDER" LD_LIBRARY_PATH="$FOLDER/tree/usr/lib/$(uname -m)-linux-gnu" \
    PYTHONPATH="$FOLDER/tree/usr/lib/python3/dist-packages" "$@"
}

patroni() {
  start "patroni$1" in_tree python3 "$FOLDER/tree/usr/bin/patroni" "$FOLDER/member$1.yml"
}

# is MEMBER ROLE: whether the member has the role, according to Patroni's health check for HAProxy.
is() {
  [ "$(curl -s -m 1 -o /dev/null -w '%{http_code}' "http://127.0.0.1:$((PORT + 20 + $1))/$2")" = 200 ]
}

leader() {
  local member
  for member in 1 2 3; do
    if is "$member" primary; then
      printf '%d' "$member"
      return
    fi
  done
  return 1
}

replicas() {
  local member count=0
  for member in 1 2 3; do
    ! is "$member" replica || count=$((count + 1))
  done
  [ "$count" = 2 ]
}

# has_synchronous: whether the leader waits for another member. Otherwise, acknowledged changes can be lost.
has_synchronous() {
  local member
  for member in 1 2 3; do
    ! is "$member" synchronous || return 0
  done
  return 1
}

# wait_until SECONDS WHAT COMMAND...: waits until the command succeeds.
wait_until() {
  local limit=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$limit" ] || {
      tail -n 15 "$FOLDER"/*.log >&2
      die "timed out waiting for: $what"
    }
    sleep 0.1
  done
}

# settle: waits for a leader and two replicas, one of them synchronous; restarts killed members.
settle() {
  local member
  for member in 1 2 3; do
    kill -0 "$(<"$FOLDER/patroni$member.pid")" 2>/dev/null || patroni "$member"
  done
  wait_until 90 'a leader' leader
  wait_until 90 'two replicas' replicas
  wait_until 30 'a synchronous one' has_synchronous
}

# children PID: prints the process and its descendants.
children() {
  local child started
  started=$(cat "/proc/$1/task/$1/children" 2>/dev/null || true)
  printf '%d\n' "$1"
  for child in $started; do
    children "$child"
  done
}

# fault KIND: breaks the leader. First waits for a synchronous replica, because without one, no member may take over. The cluster
# may have no synchronous replica for a while.
fault() {
  local member server processes
  wait_until 30 'a synchronous one' has_synchronous
  member=$(leader)
  server=$(head -n 1 "$FOLDER/data$member/postmaster.pid")
  case $1 in
    # Kills only the server. Patroni detects this.
    crash) kill -KILL "$server" ;;
    # Kills the whole machine.
    kill)
      mapfile -t processes < <(children "$(<"$FOLDER/patroni$member.pid")" && children "$server")
      kill -KILL "${processes[@]}" 2>/dev/null || true
      ;;
    # The whole machine stops responding and is reset by a watchdog. If Patroni 3.0.2 resumes on the old leader after another
    # member has taken over, it can overwrite the leadership of that member. Changes that the new leader has acknowledged are then
    # lost.
    stop)
      mapfile -t processes < <(children "$(<"$FOLDER/patroni$member.pid")" && children "$server")
      kill -STOP "${processes[@]}"
      wait_until 90 'another leader' other_leader "$member"
      kill -KILL "${processes[@]}" 2>/dev/null || true
      ;;
    switch) in_tree python3 "$FOLDER/tree/usr/bin/patronictl" -c "$FOLDER/member$member.yml" switchover hello --force ;;
    *) misuse "there is no fault $1" ;;
  esac
  wait_until 90 'another leader' other_leader "$member"
}

other_leader() {
  local member
  member=$(leader) && [ "$member" != "$1" ]
}

write_configuration() {
  local member cluster='' hosts=''
  for member in 1 2 3; do
    cluster+="${cluster:+,}e$member=http://127.0.0.1:$((PORT + 10 + member))"
    hosts+="${hosts:+,}127.0.0.1:$((PORT + member))"
  done
  printf '%s' "$cluster" >"$FOLDER/cluster"
  for member in 1 2 3; do
    cat >"$FOLDER/member$member.yml" <<END
scope: hello
name: m$member
restapi: {listen: "127.0.0.1:$((PORT + 20 + member))", connect_address: "127.0.0.1:$((PORT + 20 + member))"}
etcd3: {hosts: "$hosts"}
bootstrap:
  dcs:
    ttl: $TTL
    loop_wait: 1
    retry_timeout: 3
    primary_start_timeout: 0
    master_start_timeout: 0
    synchronous_mode: true
    postgresql:
      use_pg_rewind: true
      use_slots: true
      parameters: {max_connections: 200, wal_level: replica, hot_standby: "on", max_wal_senders: 8, max_replication_slots: 8, wal_log_hints: "on", fsync: "off"}
  initdb: [{encoding: UTF8}, {locale: C}, {auth: trust}, "no-sync"]
  pg_hba: ["local all all trust", "host replication all 127.0.0.1/32 trust", "host all all 127.0.0.1/32 trust"]
postgresql:
  listen: 127.0.0.1:$((PORT + 30 + member))
  connect_address: 127.0.0.1:$((PORT + 30 + member))
  data_dir: $FOLDER/data$member
  bin_dir: $FOLDER/tree/usr/lib/postgresql/$MAJOR/bin
  pgpass: $FOLDER/pgpass$member
  authentication: {superuser: {username: postgres, password: x}, replication: {username: replicator, password: x}, rewind: {username: rewinder, password: x}}
  parameters: {unix_socket_directories: "", listen_addresses: "127.0.0.1"}
END
  done
  cat >"$FOLDER/haproxy.cfg" <<END
global
  maxconn 500
defaults
  mode tcp
  timeout connect 1s
  timeout client 30m
  timeout server 30m
  timeout check 1s
listen primary
  bind 127.0.0.1:$PORT
  option httpchk OPTIONS /primary
  http-check expect status 200
  default-server inter 200ms fastinter 100ms fall 2 rise 1 on-marked-down shutdown-sessions
$(for member in 1 2 3; do printf '  server m%d 127.0.0.1:%d check port %d\n' "$member" $((PORT + 30 + member)) $((PORT + 20 + member)); done)
END
}

start_cluster() {
  local member file
  for file in "$1"/*.deb; do
    dpkg -x "$file" "$FOLDER/tree"
  done
  local share=$FOLDER/tree/usr/share/postgresql/$MAJOR/extension
  cp "$ROOT"/extension/*.control "$ROOT"/extension/sql/*--*.sql "$share"
  cp "$(library "$MAJOR")" "$FOLDER/tree/usr/lib/postgresql/$MAJOR/lib/pg_hello.so"
  "$FOLDER/tree/usr/lib/postgresql/$MAJOR/bin/postgres" --version >/dev/null 2>&1 || {
    say "skipped: Debian's PostgreSQL $MAJOR does not run on this machine"
    exit 77
  }
  write_configuration
  for member in 1 2 3; do
    mkdir -m 700 "$FOLDER/etcd$member"
    start "etcd$member" in_tree "$FOLDER/tree/usr/bin/etcd" --name "e$member" --data-dir "$FOLDER/etcd$member" \
      --listen-client-urls "http://127.0.0.1:$((PORT + member))" --advertise-client-urls "http://127.0.0.1:$((PORT + member))" \
      --listen-peer-urls "http://127.0.0.1:$((PORT + 10 + member))" --initial-advertise-peer-urls "http://127.0.0.1:$((PORT + 10 + member))" \
      --initial-cluster "$(<"$FOLDER/cluster")" --initial-cluster-state new --heartbeat-interval 100 --election-timeout 1000 --unsafe-no-fsync
  done
  for member in 1 2 3; do
    patroni "$member"
  done
  start haproxy in_tree "$FOLDER/tree/usr/sbin/haproxy" -f "$FOLDER/haproxy.cfg" -db
  settle
}

end_cluster() {
  local file processes=()
  for file in "$FOLDER"/{patroni,haproxy,etcd}*.pid "$FOLDER"/data*/postmaster.pid; do
    [ ! -e "$file" ] || mapfile -t -O ${#processes[@]} processes < <(children "$(head -n 1 "$file")")
  done
  [ ${#processes[@]} = 0 ] || kill -KILL "${processes[@]}" 2>/dev/null || true
  drop_scratch
}

if [ $# = 2 ]; then
  FOLDER=$2
  PORT=$(<"$FOLDER/port")
  if [ "$1" = settle ]; then
    settle
  else
    fault "$1"
  fi
  exit
fi

need curl curl
debs=$("$ROOT/scripts/packages.sh" "$MAJOR" "${PACKAGES[@]}")
[ -n "$debs" ] || {
  say "skipped: the packages of Patroni, etcd and HAProxy cannot be downloaded"
  exit 77
}
"$ROOT/scripts/native.sh" "$MAJOR" >/dev/null
new_scratch
trap 'trap "" HUP INT TERM; end_cluster' EXIT
FOLDER=$SCRATCH
# Adjacent ports, below the range of ephemeral ports.
PORT=$((10000 + RANDOM % 200 * 50))
printf '%d' "$PORT" >"$FOLDER/port"
start_cluster "$debs"
psql() { in_tree "$FOLDER/tree/usr/lib/postgresql/$MAJOR/bin/psql" -X -q -h 127.0.0.1 -p "$PORT" -U postgres "$@"; }
psql -c 'CREATE DATABASE app'
psql -d app -c 'CREATE EXTENSION pg_hello'
maven -B -ntp -f "$ROOT/pom.xml" -pl :pg-hello-hibernate -am '-P!checks' -Dspotless.check.skip=true -Dmaven.javadoc.skip -Dmaven.source.skip \
  -Dtest=NoTest -Dsurefire.failIfNoSpecifiedTests=false -Dit.test=FailoverIT -Dfailsafe.failIfNoSpecifiedTests=false -DexcludedGroups= \
  -Dpg-hello.failover.url="jdbc:postgresql://127.0.0.1:$PORT/app?user=postgres" -Dpg-hello.failover.folder="$FOLDER" verify >"$FOLDER/maven.out" 2>&1 || {
  grep -E -A 6 '^\[ERROR\] .*FailoverIT|^failover:' "$FOLDER/maven.out" | head -n 60 || tail -n 40 "$FOLDER/maven.out"
  tail -n 60 "$FOLDER/control.out" >&2 || true
  die "FailoverIT failed"
}
grep -E '^failover:|Tests run:.*FailoverIT' "$FOLDER/maven.out"
