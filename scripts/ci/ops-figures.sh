#!/usr/bin/env bash
# Compares pghello with manual procedures: startup, logs, update, restore and report, on a temporary server, in about two
# minutes. Run it on an otherwise idle machine. For the cost of monitoring, see monitoring.sh --cost.
# SPDX-License-Identifier: MIT
# Functions are called by name.
# shellcheck disable=SC2317
PROGRAM=scripts/ci/ops-figures.sh
# shellcheck source=scripts/lib.sh
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../lib.sh"
[ $# = 0 ] || misuse "accepts no arguments, but got: $*"
need psql postgresql-client
major=$DEFAULT_MAJOR
for candidate in "${MAJORS[@]}"; do
  [ ! -x "/usr/lib/postgresql/$candidate/bin/pg_restore" ] || major=$candidate
done
bin=/usr/lib/postgresql/$major/bin
[ -x "$bin/pg_restore" ] || die "needs the programs of PostgreSQL $DEFAULT_MAJOR or of another supported version"

work=$(mktemp -d)
server=''
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; wait; rm -rf "$work"' EXIT
say "Starting a PostgreSQL $major"
"$ROOT/dev" server --major="$major" >"$work/server" &
server=$!
until grep -q '^ready' "$work/server"; do
  kill -0 "$server" 2>/dev/null || die "the server did not start"
  sleep 0.1
done
read -r PGPASSWORD PGPORT PGDATABASE < <(sed -n 's/^ *PGPASSWORD=\([^ ]*\) psql .* -p \([0-9]*\) -U postgres \(.*\)/\1 \2 \3/p' "$work/server")
export PGPASSWORD PGPORT PGDATABASE PGHOST=127.0.0.1 PGUSER=postgres PGOPTIONS='-c client_min_messages=warning'
"$ROOT/dev" pghello install --to "$work/installed" >"$work/install"
pghello=$work/installed/bin/pghello
java=$(sed -n "s/^java='\(.*\)'$/\1/p" "$pghello")
jar=$work/installed/lib/pghello/pghello.jar

sql() { psql -X -q -v ON_ERROR_STOP=1 -o /dev/null "$@"; }

# median RUNS COMMAND...: prints the median duration in milliseconds, after a warm-up run. The command must succeed.
median() {
  local runs=$1 begin i
  shift
  "$@" >"$work/out" 2>&1 || { cat "$work/out" >&2; die "failed: $*"; }
  for ((i = 0; i < runs; i++)); do
    begin=$(date +%s%N)
    "$@" >"$work/out" 2>&1 || { cat "$work/out" >&2; die "failed: $*"; }
    printf '%s\n' "$((($(date +%s%N) - begin) / 10000))"
  done | sort -n | awk '{ v[NR] = $1 } END { printf "%.1f\n", v[int((NR + 1) / 2)] / 100 }'
}

missed=0
# figure WHAT OURS THEIRS RELATION MUST: prints one line; the relation is <= or >=.
figure() {
  local verdict
  verdict=$(awk -v a="$2" -v b="$3" -v r="$4" -v m="$5" \
    'BEGIN { q = a / b; ok = r == "<=" ? q <= m : q >= m; printf "%.3f %s", q, ok ? "ok" : "MISSED" }')
  printf '%-52s %10s / %-10s = %s (must be %s %s)\n' "$1" "$2" "$3" "$verdict" "$4" "$5"
  [[ $verdict != *MISSED ]] || missed=1
}

# 1. startup
figure 'start: pghello health / java -jar, ms' \
  "$(median 15 "$pghello" health --warning 20000 --critical 20000)" \
  "$(median 15 "$java" -jar "$jar" health --warning 20000 --critical 20000)" '<=' 0.7

# 2. logs: a million lines, one in a thousand from the extension
awk 'BEGIN {
  for (i = 1; i <= 1000000; i++) {
    p = sprintf("2026-11-22 04:%02d:%02d.%03d UTC [%d] app@shop 00000 ", i / 60000 % 60, i / 1000 % 60, i % 1000, 1000 + i % 97)
    if (i % 1000 == 0)
      print "2026-11-22 04:00:00.000 UTC [77] app@shop 42501 ERROR:  permission denied for function pg_hello"
    else if (i % 10 == 0)
      print p "ERROR:  duplicate key value violates unique constraint \"orders_" i "\""
    else
      print p "LOG:  duration: " i % 13 ".25 ms  execute S_1: SELECT pg_hello(name, 2) FROM people WHERE id = $1"
  }
}' >"$work/million.log"
head -n 2000 "$work/million.log" >"$work/short.log"
logs() { "$pghello" logs --summary "$1" || [ $? = 1 ]; }
ours=$(median 5 logs "$work/million.log")
# The patterns and the loop of the guide, but without sending mail.
guide() {
  local line pattern
  while read -r line; do
    for pattern in 'ERROR.*pg_hello' 'FATAL.*pg_hello' 'could not load.*pg_hello' 'extension.*pg_hello.*failed'; do
      ! echo "$line" | grep -E "$pattern" >/dev/null || echo "ALERT: pg_hello issue detected: $line"
    done
  done <"$work/short.log"
}
script=$(median 1 guide)
count() { grep -cE 'ERROR.*pg_hello|FATAL.*pg_hello|could not load.*pg_hello|extension.*pg_hello.*failed' "$work/million.log"; }
rate() { awk -v n="$1" -v ms="$2" 'BEGIN { printf "%.0f\n", n / ms }'; }
figure "logs: pghello / the guide's script, lines per ms" "$(rate 1000000 "$ours")" "$(awk -v ms="$script" 'BEGIN { printf "%.3f\n", 2000 / ms }')" '>=' 5
figure 'logs: pghello / grep -cE, lines per ms' "$(rate 1000000 "$ours")" "$(rate 1000000 "$(median 5 count)")" '>=' 0.2

# 3. update: twenty databases with version 1.0
databases=()
for i in {1..20}; do databases+=("figure_$i"); done
sql -d postgres -c 'CREATE DATABASE figure TEMPLATE template0'
sql -d figure -c "CREATE EXTENSION pg_hello VERSION '1.0'"
for database in "${databases[@]}"; do sql -d postgres -c "CREATE DATABASE $database TEMPLATE figure"; done
again() {
  for database in "${databases[@]}"; do
    sql -d "$database" -c 'DROP EXTENSION pg_hello' -c "CREATE EXTENSION pg_hello VERSION '1.0'"
  done
}
# The guide's loop for each database. Its BEGIN and COMMIT run in separate sessions.
by_hand() {
  for database in "${databases[@]}"; do
    sql -d "$database" -c 'BEGIN; SAVEPOINT pre_update;'
    sql -d "$database" -c 'ALTER EXTENSION pg_hello UPDATE'
    sql -d "$database" -c "SELECT pg_hello('Update Test')"
    sql -d "$database" -c 'COMMIT;'
  done
}
# once NAME COMMAND...: prints the duration of one run in milliseconds, then resets all databases to version 1.0
once() {
  local begin
  begin=$(date +%s%N)
  "$@" >"$work/out" 2>&1 || { cat "$work/out" >&2; die "failed: $*"; }
  printf '%s\n' "$((($(date +%s%N) - begin) / 1000000))"
  again
}
middle() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

for _ in 1 2 3; do
  once "$pghello" update "${databases[@]}" >>"$work/update"
  once by_hand >>"$work/loop"
done
figure 'update: pghello / a loop of psql, 20 databases, ms' "$(middle <"$work/update")" "$(middle <"$work/loop")" '<=' 0.7

# 4. restore: a million rows with generated values
sql -c "CREATE TABLE big (id int PRIMARY KEY, name text, greeting text GENERATED ALWAYS AS (pg_hello(name, 2)) STORED)" \
  -c "INSERT INTO big SELECT i, 'person ' || i FROM generate_series(1, 1000000) i" \
  -c "CREATE INDEX ON big (pg_hello(name, 3))"
"$pghello" backup --to "$work/backups" "$PGDATABASE" >"$work/backup"
dump=$(echo "$work"/backups/2*/*.dump)
ours() { "$pghello" restore --from "$work/backups" --as figure_copy "$PGDATABASE"; }
hand() {
  sql -d postgres -c 'CREATE DATABASE figure_hand TEMPLATE template0'
  "$bin/pg_restore" -j2 -e -d figure_hand "$dump"
}

# Disables background activity of the server that would distort single runs.
sql -c 'ALTER SYSTEM SET autovacuum = off' -c 'SELECT pg_reload_conf()'
again() { sql -c CHECKPOINT; }
again
one() {
  if [ "$1" = ours ]; then
    once ours >>"$work/ours"
    right=$(psql -X -A -t -d figure_copy -c 'SELECT count(*) FROM big WHERE greeting = pg_hello(name, 2)')
    [ "$right" = 1000000 ] || die "only $right values are correct"
    sql -d postgres -c 'DROP DATABASE figure_copy'
  else
    once hand >>"$work/hand"
    sql -d postgres -c 'DROP DATABASE figure_hand'
  fi
}
# Each variant runs after itself as often as after the other variant, because the server's caches keep data of the previous run.
for _ in 1 2 3; do
  one ours
  one hand
  one hand
  one ours
done
echo "restore: $(sort -n "$work/ours" | paste -sd ' ') / $(sort -n "$work/hand" | paste -sd ' ')"
figure 'restore: pghello / pg_restore -j2, 10^6 rows, ms' "$(middle <"$work/ours")" "$(middle <"$work/hand")" '<=' 1.15

# 5. report over thirty days with one snapshot per minute
sql -c 'CREATE EXTENSION pg_hello_ops' -c 'SELECT hello_ops.take_snapshot()' -c "
  INSERT INTO hello_ops.snapshot
  SELECT (jsonb_populate_record(s, jsonb_build_object('taken_at', s.taken_at - i * interval '1 minute'))).*
  FROM hello_ops.snapshot s, generate_series(1, 43199) i" -c 'ANALYZE hello_ops.snapshot'
report() { psql -X -q -A -t -c "SELECT count(*) FROM hello_ops.pg_hello_performance_report('30 days')"; }
figure 'report: 30 days with a snapshot per minute, ms / 1' "$(median 9 report)" 1 '<=' 300
exit $missed
