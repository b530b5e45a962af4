#!/usr/bin/env bash
# Starts everything as processes: PostgreSQL, two greeting services, the user service, the gateway. Calls every documented path
# through the gateway, kills processes under load, and stops everything at the end.
# SPDX-License-Identifier: MIT
PROGRAM=scripts/ci/system.sh
# shellcheck source=scripts/lib.sh
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../lib.sh"

PATH=$PATH:/usr/sbin
need nginx nginx-light curl curl
WORK=$(mktemp -d)
TOKEN=token-of-this-run
declare -A PIDS=()

stop_all() {
  local name
  for name in "${!PIDS[@]}"; do
    kill "${PIDS[$name]}" 2>/dev/null || true
  done
  for name in "${!PIDS[@]}"; do
    wait "${PIDS[$name]}" 2>/dev/null || true
  done
  rm -rf "$WORK"
}
trap stop_all EXIT

# fail WORD...: fails with the logs of all processes.
fail() {
  tail -n 40 "$WORK"/*.log >&2
  die "$@"
}

# passed WORD...: prints a passed check with its time.
passed() { printf '%3d s  %s\n' "$SECONDS" "$*"; }

# await NAME URL: waits until a process responds.
await() {
  local i
  for ((i = 0; i < 1500; i++)); do
    ! curl -sf -o /dev/null "$2" || return 0
    kill -0 "${PIDS[$1]}" 2>/dev/null || fail "$1 has ended"
    sleep 0.2
  done
  fail "$1 does not respond at $2"
}

# start NAME MODULE CLASS PORT VARIABLE=VALUE...: starts a Java program. A killed one leaves Tomcat's directories in the temporary directory.
start() {
  env "SPRING_DATASOURCE_URL=$URL" "SERVER_PORT=$4" SERVER_ADDRESS=127.0.0.1 SPRING_MAIN_BANNER_MODE=off "${@:5}" \
    "$JAVA" "${START_FAST[@]}" "-Djava.io.tmpdir=$WORK" -cp "${CLASSES[$2]}" "$3" >"$WORK/$1.log" 2>&1 &
  PIDS[$1]=$!
}

start_greeting() {
  start "$1" pg-hello-example-service io.pghello.examples.service.GreetingServiceApplication "$2" \
    GREETING_ADMIN_TOKEN=$TOKEN GREETING_RATE_LIMIT_STORE=postgresql SERVER_FORWARD_HEADERS_STRATEGY=native \
    'GREETING_RATE_LIMIT_PATHS=/api/greeting/**' \
    'SERVER_TOMCAT_REMOTEIP_INTERNAL_PROXIES=127\.0\.0\.1'
}

# kill_part NAME: kills a program with SIGKILL.
kill_part() {
  kill -9 "${PIDS[$1]}"
  wait "${PIDS[$1]}" 2>/dev/null || true
  unset "PIDS[$1]"
}

# call METHOD PATTERN PATH STATUS WORDS [ARGUMENT...]: sends a request to PATH, which is documented as METHOD PATTERN, and checks
# the response.
called=()
call() {
  local method=$1 pattern=$2 path=$3 expected=$4 words=$5 status
  shift 5
  called+=("$method $pattern")
  status=$(curl -sS -o "$WORK/answer" -D "$WORK/headers" -w '%{http_code}' -X "$method" "$@" "$GATEWAY$path") || true
  [ "$status" = "$expected" ] || fail "$method $path: status $status: $(<"$WORK/answer")"
  [ -z "$words" ] || grep -qF -- "$words" "$WORK/answer" || fail "$method $path: no $words in: $(<"$WORK/answer")"
}

# json BODY: prints arguments for curl.
json() { ARGUMENTS=(-H 'Content-Type: application/json' -d "$1"); }

# load FILE COUNT URL [ARGUMENT...]: sends the requests, 16 at a time, and writes their statuses.
load() {
  curl -sS -Z --parallel-max 16 -o /dev/null -w '%{http_code}\n' "${@:4}" "$3[1-$2]" >"$1" 2>"$1.log" || true
}

# await_lines FILE COUNT: waits until this number of responses has arrived.
await_lines() {
  local i
  for ((i = 0; i < 1200; i++)); do
    [ "$(wc -l <"$1" 2>/dev/null || echo 0)" -lt "$2" ] || return 0
    sleep 0.05
  done
  fail "the load makes no progress"
}

# all_answered FILE COUNT WHAT
all_answered() {
  local other
  other=$(grep -vcx 200 "$1") || true
  [ "$(wc -l <"$1") $other" = "$2 0" ] || fail "not all of the $2 $3 succeeded: $(sort "$1" | uniq -c | paste -sd ,)"
}

"$ROOT/scripts/native.sh" "$DEFAULT_MAJOR"
declare -A CLASSES=(
  [pg-hello-example-service]=$(classpath pg-hello-example-service "$DEFAULT_MAJOR")
  [pg-hello-example-users]=$(classpath pg-hello-example-users "$DEFAULT_MAJOR")
)
JAVA=$(java_home)/bin/java
SECONDS=0

"$ROOT/dev" server >"$WORK/server.log" 2>&1 &
PIDS[server]=$!
ONE=$(free_port) TWO=$(free_port) USERS=$(free_port) LISTEN=$(free_port)
GATEWAY=http://127.0.0.1:$LISTEN
until grep -qx ready "$WORK/server.log"; do
  kill -0 "${PIDS[server]}" 2>/dev/null || fail "the server did not start"
  sleep 0.1
done
URL=$(awk '$1 == "owner" { print $2 }' "$WORK/server.log")
passed "PostgreSQL runs"

# start all applications in parallel, on an empty database
start_greeting greeting-1 "$ONE"
start_greeting greeting-2 "$TWO"
start users pg-hello-example-users io.pghello.examples.users.UserServiceApplication "$USERS" \
  GREETING_SERVICE_URL="$GATEWAY" GREETING_SERVICE_OPENFOR=1s USERS_ADMIN_TOKEN=$TOKEN
sed -e "s#\${GATEWAY_FOLDER}#$WORK#" -e "s#\${GATEWAY_LISTEN}#127.0.0.1:$LISTEN#" \
  -e "s#\${GREETING_SERVERS}#server 127.0.0.1:$ONE max_fails=0; server 127.0.0.1:$TWO max_fails=0;#" \
  -e "s#\${USER_SERVERS}#server 127.0.0.1:$USERS;#" "$ROOT/deploy/gateway/nginx.conf.template" >"$WORK/nginx.conf"
AS=()
[ "$(id -u)" != 0 ] || AS=(-g 'user root root;')
nginx -e stderr -c "$WORK/nginx.conf" "${AS[@]}" >"$WORK/nginx.log" 2>&1 &
PIDS[nginx]=$!
await nginx "$GATEWAY/gateway/health"
await greeting-1 "http://127.0.0.1:$ONE/health"
await greeting-2 "http://127.0.0.1:$TWO/health"
await users "http://127.0.0.1:$USERS/actuator/health/readiness"
passed "two greeting services, the user service and the gateway run"

bearer=(-H "Authorization: Bearer $TOKEN")
call GET / / 200 '<html'
call GET '/api/greeting/{name}' "/api/greeting/O'Brien%2F?repeat=2" 200 "Hello, O'Brien/! Hello, O'Brien/!"
grep -qi '^RateLimit-Remaining: 99' "$WORK/headers" || fail "the rate limit counts incorrectly: $(<"$WORK/headers")"
# A client that pretends to be another one, on the other instance, is recognised as the same client.
call GET '/api/greeting/{name}' /api/greeting/Ada 200 'Hello, Ada!' -H 'X-Forwarded-For: 10.9.8.7'
grep -qi '^RateLimit-Remaining: 98' "$WORK/headers" || fail "the rate limit counts incorrectly: $(<"$WORK/headers")"
json '{"names":["Ada","Bob"]}'
call POST /api/bulk-greetings /api/bulk-greetings 200 '"greeting":"Hello, Bob!"' "${ARGUMENTS[@]}"
call POST /greetings/batch /greetings/batch 200 '"count":2' "${ARGUMENTS[@]}"
call GET /api/timestamp /api/timestamp 200 '"timestamp_ms":'
call GET /api/info /api/info 200 "\"extension_version\":\"$(extension_version)\""
call GET '/greeting/{name}' /greeting/Ada?repeat=2 200 'Hello, Ada! Hello, Ada!'
call GET /health /health 200 '{"status":"healthy","service":"greeting-service"}'
json '{"query":"{bulkGreetings(names:[\"Ada\",\"Bob\"]){greeting} systemInfo{extension_version}}"}'
call POST /graphql /graphql 200 '"Hello, Bob!"' "${ARGUMENTS[@]}"
call GET /v3/api-docs /v3/api-docs 200 '/api/bulk-greetings'
call DELETE '/greeting/{name}' /greeting/Ada 204 '' "${bearer[@]}"
call DELETE '/greeting/{name}' /greeting/Ada 401 UNAUTHORIZED
json '{"repeat":2}'
call POST /api/config/greeting /api/config/greeting 401 UNAUTHORIZED "${ARGUMENTS[@]}"
call POST /api/config/greeting /api/config/greeting 200 'Hello, Config! Hello, Config!' "${ARGUMENTS[@]}" "${bearer[@]}"
json '{"username":"Ada","email":"ada@example.com"}'
call POST /users /users 201 '"welcome_message":"Hello, Ada!"' "${ARGUMENTS[@]}"
call POST /users /users 409 USERNAME_TAKEN "${ARGUMENTS[@]}"
call GET /users /users 401 UNAUTHORIZED
call GET /users /users 200 '"username":"Ada"' "${bearer[@]}"
call GET '/users/{id}' /users/1 200 '"email":"ada@example.com"' "${bearer[@]}"
call GET '/users/{id}' /users/2 404 NOT_FOUND "${bearer[@]}"
for port in "$ONE" "$TWO"; do
  until curl -sS "http://127.0.0.1:$port/greeting/Ada" | grep -qF 'Hello, Ada! Hello, Ada!'; do
    [ $SECONDS -lt 300 ] || fail "an instance does not use the new configuration"
    sleep 0.05
  done
done
call GET '/users/{id}/greeting' /users/1/greeting 200 '{"greeting":"Hello, Ada! Hello, Ada!","source":"greeting-service"}'
call GET /actuator/health /actuator/health 404 NOT_FOUND

# shellcheck disable=SC2016
uncalled=$(comm -23 \
  <(grep -ohE '`(GET|POST|PUT|PATCH|DELETE) /[^` ?]*' "$ROOT"/docs/pg-hello/service.md | tr -d '`' | sort -u) \
  <(printf '%s\n' "${called[@]}" | sort -u))
[ -z "$uncalled" ] || fail "documented paths that were not called: $uncalled"
passed "every documented path responds through the gateway"

load "$WORK/gets" 4000 "$GATEWAY/greeting/load" &
GETS=$!
PIDS[gets]=$GETS
json '{"names":["Ada","Bob"]}'
load "$WORK/posts" 4000 "$GATEWAY/greetings/batch?load=" "${ARGUMENTS[@]}" &
POSTS=$!
PIDS[posts]=$POSTS
await_lines "$WORK/gets" 300
await_lines "$WORK/posts" 100
kill_part greeting-1
for part in gets posts; do
  kill -0 "${PIDS[$part]}" 2>/dev/null || fail "the $part ended before the instance was killed"
done
wait "$GETS" "$POSTS"
unset "PIDS[gets]" "PIDS[posts]"
all_answered "$WORK/gets" 4000 GETs
all_answered "$WORK/posts" 4000 POSTs
passed "one instance was killed under load, and all 8,000 requests succeeded"

json '{"repeat":3}'
call POST /api/config/greeting /api/config/greeting 200 'Hello, Config! Hello, Config! Hello, Config!' \
  "${ARGUMENTS[@]}" "${bearer[@]}"
start_greeting greeting-1 "$ONE"
await greeting-1 "http://127.0.0.1:$ONE/health"
curl -sS "http://127.0.0.1:$ONE/greeting/Ada" | grep -qF 'Hello, Ada! Hello, Ada! Hello, Ada!' ||
  fail "a restarted instance does not use the configuration"
passed "the restarted instance uses the configuration that was changed in the meantime"

kill_part greeting-1
kill_part greeting-2
call GET '/greeting/{name}' /greeting/Ada 503 SERVICE_UNAVAILABLE
grep -qi '^Retry-After: 5' "$WORK/headers" || fail "the response has no Retry-After: 5"
call GET '/users/{id}/greeting' /users/1/greeting 200 '{"greeting":"Hello, Ada! Hello, Ada! Hello, Ada!","source":"database"}'
passed "without a greeting service, the database computes the greetings"

kill_part users
call GET /users /users 503 SERVICE_UNAVAILABLE
kill "${PIDS[nginx]}" "${PIDS[server]}"
for name in nginx server; do
  wait "${PIDS[$name]}" || true
  unset "PIDS[$name]"
done
passed "all processes have ended"
