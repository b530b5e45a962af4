#!/usr/bin/env bash
# Tests deploy/monitoring and docs/pg-hello/monitoring.md: starts Prometheus, Alertmanager, both exporters, a server and an application
# with the commands of the page and the files of deploy/monitoring, but with other addresses and shorter times. Then it puts a load
# on the application, evaluates every expression of the rules and the dashboard, and triggers one page and one ticket, which must
# reach their receivers. promtool tests the rules with rules*.test.yml.
# Usage: scripts/ci/monitoring.sh
#        scripts/ci/monitoring.sh --cost SECONDS measures the cost of monitoring, as a share of the monitored load
# SPDX-License-Identifier: MIT
PROGRAM=monitoring.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
# shellcheck source=scripts/debian.sh
. "$ROOT/scripts/debian.sh"

FILES=$ROOT/deploy/monitoring
PAGE=$ROOT/docs/pg-hello/monitoring.md
RUNBOOK=https://github.com/pg-hello/pg-hello/blob/main/docs/pg-hello/monitoring.md

# The ids of the running processes, by name.
declare -A PIDS=()
# The ports of this run. The index is the port in the files.
declare -A PORTS=()

cleanup() {
  local name
  for name in "${!PIDS[@]}"; do
    end "$name"
  done
  drop_scratch
}

# start NAME COMMAND...: runs a command in the background, with its output in SCRATCH/NAME.log.
start() {
  local name=$1
  shift
  "$@" >"$SCRATCH/$name.log" 2>&1 </dev/null &
  PIDS[$name]=$!
}

# end NAME: stops a process and waits until it has ended.
end() {
  kill "${PIDS[$1]}" 2>/dev/null || true
  wait "${PIDS[$1]}" 2>/dev/null || true
  unset "PIDS[$1]"
}

# give_up WORD...: fails with the logs of all processes, and the active alerts.
give_up() {
  tail -n 15 "$SCRATCH"/*.log >&2
  if [ -n "${PORTS[9090]-}" ]; then
    api alerts | jq -r '.data.alerts[] | "\(.labels.alertname) \(.state) since \(.activeAt)"' >&2 || true
  fi
  die "$@"
}

# wait_until SECONDS WHAT COMMAND...: waits until the command succeeds.
wait_until() {
  local limit=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" 2>/dev/null; do
    [ "$SECONDS" -lt "$limit" ] || give_up "timed out waiting for: $what"
    sleep 0.2
  done
}

# use COMMAND PACKAGE: finds a command on the path, or in Debian's package, which is only unpacked, because installing it would
# start a service.
use() {
  local folder=$CACHE/debian/$2 tmp
  if ! command -v "$1" >/dev/null; then
    if [ ! -e "$folder" ]; then
      say "Fetching $2 (a few seconds, once)"
      mkdir -p "$CACHE/debian"
      tmp=$(mktemp -d "$CACHE/debian/.tmp.XXXXXX")
      if ! { debian_download deb bookworm "$2" "$tmp/deb" && dpkg -x "$tmp"/deb/*.deb "$tmp/tree"; }; then
        rm -rf "$tmp"
        die "there is no $1; install it, for example: sudo apt-get install $2"
      fi
      mv -T "$tmp/tree" "$folder" 2>/dev/null || [ -e "$folder" ]
      rm -rf "$tmp"
    fi
    PATH=$PATH:$folder/usr/bin
  fi
  command -v "$1" >/dev/null || die "the package $2 has no $1"
}

# own_ports PORT...: assigns a free port to each of these ports, for use in this run.
own_ports() {
  local port free
  for port in "$@"; do
    free=$(free_port)
    while [[ " ${PORTS[*]} " == *" $free "* ]]; do
      free=$(free_port)
    done
    PORTS[$port]=$free
  done
}

# placed: prints standard input, with addresses and directories replaced for this run.
placed() {
  local port edits=()
  for port in "${!PORTS[@]}"; do
    edits+=(-e "s#127\.0\.0\.1:$port\b#127.0.0.1:own-${PORTS[$port]}#g")
  done
  sed "${edits[@]}" -e 's#:own-#:#g' -e "s#deploy/monitoring/#$SCRATCH/files/#g" \
    -e "s#storage\.tsdb\.path=data#storage.tsdb.path=$SCRATCH/data-prometheus#" \
    -e "s#storage\.path=alerts#storage.path=$SCRATCH/data-alertmanager#"
}

# page_commands PROGRAM: prints the lines of the page's shell blocks that begin with this program, with continuation lines joined.
page_commands() {
  # shellcheck disable=SC2016
  sed -n '/^```sh$/,/^```$/p' "$PAGE" | sed -e ':a' -e '/\\$/{N;s/ *\\\n */ /;ba' -e '}' | grep "^$1 " | placed
}

# start_as_page NAME PROGRAM: starts a program with the command of the page.
start_as_page() {
  local command
  command=$(page_commands "$2") || die "the page has no command $2"
  start "$1" bash -c "exec $command"
}

# start_alertmanager: provides the templates of an unpacked package at their installed location, visible only to this process.
start_alertmanager() {
  local templates=/usr/share/prometheus/alertmanager
  if [ -e "$templates" ]; then
    start_as_page alertmanager prometheus-alertmanager
  else
    start alertmanager unshare -rm bash -c "mount --bind '$CACHE/debian/prometheus-alertmanager/usr/share' /usr/share &&
      exec $(page_commands prometheus-alertmanager)"
  fi
}

sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 -d app "$@"; }

# start_database OPTION...: starts a server with both extensions, and creates the roles and users for the application and for
# monitoring.
start_database() {
  new_tree "$DEFAULT_MAJOR"
  start_server "$SCRATCH/tree" -c autovacuum=off "$@"
  psql -X -q -d postgres -c 'CREATE DATABASE app'
  psql -X -q -d postgres -c "ALTER DATABASE app SET track_functions = 'all'"
  sql -c 'CREATE EXTENSION pg_hello' -c 'CREATE EXTENSION pg_hello_ops'
  sql --single-transaction -f "$ROOT/extension/ops/roles.sql"
  sql -c 'CREATE ROLE shop LOGIN' -c 'GRANT hello_user TO shop'
  PORTS[5432]=$PGPORT
  mkdir "$SCRATCH/files"
  cp "$FILES"/*.* "$SCRATCH/files"
  bash -c "$(page_commands psql)"
  eval "$(page_commands export)"
}

get() { curl -sf "$@"; }

# api PATH ARGUMENT...: prints the response of Prometheus.
api() { get -G "http://127.0.0.1:${PORTS[9090]}/api/v1/$1" "${@:2}"; }

# has_values EXPRESSION: whether the expression can be evaluated and returns a number.
has_values() {
  api query --data-urlencode "query=$1" | jq -e '.data.result | any(.value[1] != "NaN")' >/dev/null
}

# expressions: prints the expressions of the dashboard, as sent by Grafana with all services selected, and of the recording rules.
expressions() {
  # shellcheck disable=SC2016
  jq -r '.panels[].targets[].expr' "$FILES/grafana/pg_hello.json" |
    sed -e 's/\$service/.+/g' -e "s/\\\$__rate_interval/1m/g"
  api rules -d type=record | jq -r '.data.groups[].rules[] | .query | gsub("\\s+"; " ")'
}

# has_fired ALERT RECEIVER: whether the receiver was notified of the alert.
has_fired() {
  # Not grep -q, which would stop jq early.
  jq -r '.alerts[] | select(.status == "firing") | .labels.alertname' "$SCRATCH/received/$2" | grep -x "$1" >/dev/null
}

start_application() {
  local path
  path=$(classpath pg-hello-example-spring-boot "$DEFAULT_MAJOR")
  start application env SPRING_DATASOURCE_URL="jdbc:postgresql://127.0.0.1:$PGPORT/app?user=shop" \
    SERVER_ADDRESS=127.0.0.1 SERVER_PORT="${PORTS[8080]}" \
    "$(java_home)/bin/java" "${START_FAST[@]}" -cp "$path" io.pghello.examples.spring.GreetingApplication
  wait_until 120 'the application' get -o /dev/null "http://127.0.0.1:${PORTS[8080]}/api/timestamp"
}

# Checks that the programs accept the files, and that the files are consistent.
check_files() {
  local alert
  promtool check config "$FILES/prometheus.yml" || die "promtool rejects prometheus.yml"
  # In the same directory as the rules, as mounted by the compose file.
  mkdir "$SCRATCH/compose"
  cp "$FILES/compose/prometheus.yml" "$FILES/rules.yml" "$SCRATCH/compose"
  promtool check config "$SCRATCH/compose/prometheus.yml" || die "promtool rejects the compose file's prometheus.yml"
  promtool test rules "$FILES/rules.test.yml" || die "the rules fail rules.test.yml"
  # This step takes longest, and needs one CPU.
  start days promtool test rules "$FILES/rules.days.test.yml" "$FILES/rules.month.test.yml"
  amtool check-config "$FILES/alertmanager.yml" || die "amtool rejects alertmanager.yml"
  while IFS= read -r alert; do
    grep -qF "| <a id=\"${alert,,}\"></a>\`$alert\` | " "$PAGE" || die "docs/pg-hello/monitoring.md has no row for $alert"
    grep -qF "alertname: $alert" "$FILES"/rules*.test.yml || die "there is no test for $alert"
    [ "$alert" = Watchdog ] || grep -qxF "          runbook_url: $RUNBOOK#${alert,,}" "$FILES/rules.yml" ||
      die "$alert has no link to its page"
  done < <(sed -n 's/ *- alert: //p' "$FILES/rules.yml")
  jq -e '
    def once: length == (unique | length);
    ["timeseries", "stat"] as $types
    | (.schemaVersion >= 36) and (.uid | length > 0 and length <= 40)
    and ([.panels[].id] | once) and ([.panels[].title] | once)
    and ([.templating.list[].name] == ["datasource", "service"])
    and ([.panels[] | select(.type | IN($types[]) | not)] == [])
    and ([.panels[] | .gridPos | range(.x; .x + .w) as $x | range(.y; .y + .h) as $y | [$x, $y]] | once and all(.[0] < 24))
    and all(.panels[]; (.description | length > 0) and (.fieldConfig.defaults.unit | type == "string")
      and ([.targets[].refId] | once) and (.targets | length > 0)
      and all(.datasource, .targets[].datasource; . == {type: "prometheus", uid: "${datasource}"}))
    and ([.panels[].title] | contains(["Function Call Rate", "Function Latency", "Extension Status"]))
  ' "$FILES/grafana/pg_hello.json" >/dev/null || die "the dashboard is not valid for Grafana"
}

# Writes the files to SCRATCH, with addresses and times of this run. Minutes and days become seconds.
place_files() {
  local file
  for file in "$FILES"/*.*; do
    placed <"$file" >"$SCRATCH/files/${file##*/}"
  done
  cd "$SCRATCH/files"
  sed -n '/^  - job_name/,$p' prometheus-sql_exporter.yml >>prometheus.yml
  sed -Ei 's/(scrape|evaluation)_interval: 15s/\1_interval: 1s/' prometheus.yml
  # The exporter takes a second to report that the server is down.
  sed -i 's/^  - job_name: pg_hello_database/&\n    scrape_interval: 3s\n    scrape_timeout: 3s/' prometheus.yml
  # Do not shorten the ranges of expressions over the last day or week.
  sed -Ei -e '/(last|max|quantile)_over_time/!s/\[[0-9]+[mhd]\]/[7s]/g' \
    -e 's/for: [0-9]+[mh]/for: 1s/; s/interval: 5m/interval: 1s/; s/> 3600/> 5/' rules.yml
  sed -Ei 's/group_wait: 30s/group_wait: 0s/; s/group_interval: [0-9]+m/group_interval: 1s/' alertmanager.yml
  sed -i 's/interval: 15s/interval: 1s/' sql_exporter.yml
  cd "$ROOT"
}

test_monitoring() {
  local web mail answer expression count=0
  check_files

  start_database -c archive_mode=on
  # The guide queries this column. The page explains that it does not exist.
  ! answer=$(sql -c 'SELECT mean_time FROM pg_stat_user_functions' 2>&1) || die "the view has a column mean_time"
  [[ $answer == *'column "mean_time" does not exist'* ]] || die "the guide's query returned $answer"
  own_ports 8080 9090 9093 9187 9237
  mkdir "$SCRATCH/received"
  start peers "$(java_home)/bin/java" "${START_FAST[@]}" "$ROOT/scripts/ci/MonitoringPeers.java" "$SCRATCH/received" "${PORTS[8080]}"
  wait_until 60 'receivers' grep -qE '^[0-9]+ [0-9]+$' "$SCRATCH/peers.log"
  read -r web mail < <(grep -E '^[0-9]+ [0-9]+$' "$SCRATCH/peers.log")
  PORTS[9095]=$web PORTS[9100]=$web PORTS[25]=$mail
  place_files
  archive
  verified
  start_as_page exporter prometheus-postgres-exporter
  start_as_page sql_exporter prometheus-sql-exporter
  start_alertmanager
  start_as_page prometheus prometheus
  start_application
  wait_until 60 'Prometheus' api query -d query=up -o /dev/null
  wait_until 60 'all targets' has_values 'count(up == 1) == 4'

  while IFS= read -r expression; do
    wait_until 60 "a value of $expression" has_values "$expression"
    count=$((count + 1))
  done < <(expressions)
  [ "$count" -ge 30 ] || die "only $count expressions were evaluated"
  printf 'all %d expressions in the rules and the dashboard have values\n' "$count"
  same_series

  # The calls of the application fail.
  sql -c 'REVOKE hello_user FROM shop'
  wait_until 60 'a page' has_fired PgHelloErrorsFast page
  wait_until 60 'a ticket' has_fired PgHelloErrorsSlow ticket
  wait_until 60 'the heartbeat' has_fired Watchdog heartbeat
  wait_until 30 'a mail to each receiver' has_mails
  printf 'a page, a ticket and the heartbeat reached their webhooks, and the page and the ticket were also sent by mail\n'

  wait "${PIDS[days]}" || give_up "the rules fail rules.days.test.yml or rules.month.test.yml"
  unset 'PIDS[days]'
}

# verified: prints the metrics that pghello verify and maintain write after a backup of app was restored.
verified() {
  local now
  now=$(date +%s)
  {
    printf 'pg_hello_backup_verified_timestamp_seconds{database="app"} %d\n' "$now"
    printf 'pg_hello_restore_seconds{database="app"} 600\n'
    printf 'pg_hello_base_backup_verified_timestamp_seconds %d\n' "$now"
    printf 'pg_hello_maintain_success_timestamp_seconds{rhythm="daily"} %d\n' "$now"
  } >"$SCRATCH/received/pg_hello.prom"
}

# archive: makes the server archive the current WAL segment and all later segments.
archive() {
  psql -X -q -d postgres -o /dev/null -c "ALTER SYSTEM SET archive_command = 'true'" -c "ALTER SYSTEM SET archive_timeout = 2" \
    -c 'SELECT pg_reload_conf()'
  sql -o /dev/null -c 'CREATE TABLE written AS SELECT generate_series(1, 10000) AS i' -c 'SELECT pg_switch_wal()'
}

# Both exporters export the same series.
same_series() {
  local names=() port
  for port in 9187 9237; do
    names+=("$(api query --data-urlencode "query=group by (__name__, function, version) (
      {__name__=~\"pg_hello_.+\", instance=\"127.0.0.1:${PORTS[$port]}\"})" | jq -c '[.data.result[].metric] | sort')")
  done
  [ "${names[0]}" = "${names[1]}" ] || die "sql_exporter exports ${names[1]}, but postgres_exporter exports ${names[0]}"
  [ "$(jq length <<<"${names[0]}")" -ge 15 ] || die "the exporters export only ${names[0]}"
  printf 'postgres_exporter and sql_exporter export the same %d series\n' "$(jq length <<<"${names[0]}")"
}

has_mails() {
  local mail
  mail=$(sed -e ':a' -e '/=$/{N;s/=\n//;ba' -e '}' "$SCRATCH/received/mail")
  grep -q '^RCPT TO:<on-call@example.com>' <<<"$mail" && grep -q PgHelloErrorsFast <<<"$mail" &&
    grep -q '^RCPT TO:<dba@example.com>' <<<"$mail" && grep -q PgHelloErrorsSlow <<<"$mail"
}

# cpu PID...: prints the CPU time of these processes, in milliseconds.
cpu() {
  local pid sum=0 stat
  for pid in "$@"; do
    # The CPU time of an ended process is included in the children's time of its parent.
    stat=$(cat "/proc/$pid/stat" 2>/dev/null) || continue
    # shellcheck disable=SC2086
    set -- ${stat##*) }
    sum=$((sum + (${12} + ${13}) * 1000 / TICKS))
  done
  printf '%d' "$sum"
}

# children_cpu PID: prints the CPU time of this process's ended children, in milliseconds.
children_cpu() {
  local stat
  stat=$(<"/proc/$1/stat")
  # shellcheck disable=SC2086
  set -- ${stat##*) }
  printf '%d' $(((${14} + ${15}) * 1000 / TICKS))
}

# sessions USER: prints the process ids of a user's sessions.
sessions() { sql -c "SELECT pid FROM pg_stat_activity WHERE usename = '$1'"; }

has_clients() { [ "$(sessions shop | wc -l)" = 4 ]; }

# cost SECONDS: measures the cost of monitoring. pgbench is still running when the CPU times are read, so the server's ended
# processes are only sessions that took snapshots.
cost() {
  local seconds=$1 clients watchers postmaster before=() after=() watched watching
  TICKS=$(getconf CLK_TCK)
  command -v pgbench >/dev/null || die "needs pgbench; install PostgreSQL's client programs"
  start_database
  sql -c 'CREATE ROLE keeper LOGIN' -c 'GRANT hello_monitor TO keeper'
  own_ports 9187
  start_as_page exporter prometheus-postgres-exporter
  wait_until 30 'the exporter' get -o /dev/null "http://127.0.0.1:${PORTS[9187]}/metrics"
  # shellcheck disable=SC2016
  printf '%s\n' '\set n random(1, 1000000)' "SELECT pg_hello('name ' || :n);" >"$SCRATCH/load.sql"
  start load pgbench -n -M prepared -c 4 -j 1 -T $((seconds + 60)) -f "$SCRATCH/load.sql" -U shop app
  wait_until 30 'four clients' has_clients
  postmaster=$(head -1 "$SCRATCH/data/postmaster.pid")
  mapfile -t clients < <(sessions shop)
  mapfile -t watchers < <(sessions hello_exporter)
  before=("$(cpu "${clients[@]}")" "$(cpu "${PIDS[exporter]}" "${watchers[@]}")" "$(children_cpu "$postmaster")")
  start snapshots bash -c 'trap "kill \$!; exit" TERM
    while :; do
      psql -X -q -o /dev/null -U keeper -d app -c "SELECT hello_ops.take_snapshot()"
      sleep 60 & wait $!
    done'
  start scrapes bash -c "trap 'kill \$!; exit' TERM
    while :; do
      curl -sf -o /dev/null http://127.0.0.1:${PORTS[9187]}/metrics
      sleep 15 & wait \$!
    done"
  sleep "$seconds"
  after=("$(cpu "${clients[@]}")" "$(cpu "${PIDS[exporter]}" "${watchers[@]}")" "$(children_cpu "$postmaster")")
  watched=$((after[0] - before[0]))
  watching=$((after[1] - before[1] + after[2] - before[2] + $(children_cpu "${PIDS[snapshots]}")))
  printf 'in %d s: exporter and its sessions %d ms, sessions of snapshots %d ms, their psql %d ms; 4 clients %d ms of CPU\n' \
    "$seconds" $((after[1] - before[1])) $((after[2] - before[2])) "$(children_cpu "${PIDS[snapshots]}")" "$watched"
  awk -v watching="$watching" -v watched="$watched" \
    'BEGIN { printf "monitoring costs %.2f %% of the monitored load\n", 100 * watching / watched }'
}

need psql postgresql-client curl curl jq jq
use prometheus-postgres-exporter prometheus-postgres-exporter
for variable in "${!PG@}"; do
  case $variable in
    PG_HELLO_*) ;;
    *) unset "$variable" ;;
  esac
done
case ${1-} in
  --cost)
    [[ ${2-} =~ ^[1-9][0-9]{1,3}$ ]] || misuse "--cost needs a number of seconds, 10 to 9999, but got: ${2-nothing}"
    new_scratch
    trap cleanup EXIT
    cost "$2"
    ;;
  '')
    use prometheus prometheus
    use promtool prometheus
    use prometheus-alertmanager prometheus-alertmanager
    use amtool prometheus-alertmanager
    use prometheus-sql-exporter prometheus-sql-exporter
    new_scratch
    trap cleanup EXIT
    test_monitoring
    ;;
  *) misuse "accepts only --cost SECONDS, but got: $*" ;;
esac
