#!/usr/bin/env bash
# Runs the extension's SQL tests on embedded servers, from the libraries in extension/build.
# Usage: scripts/regress.sh [--settings] [MAJOR...]
#   --settings   once more with the library preloaded, in parallel workers, and in LATIN1
# SPDX-License-Identifier: MIT
set -euo pipefail
PROGRAM=regress.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

EXTENSION=$ROOT/extension
SCRATCH=
RUNNING=

library() {
  printf '%s/%s/%s/pg_hello.so' "$BUILD" "$(platform)" "$1"
}

cleanup() {
  if [ -n "$RUNNING" ]; then
    stop_server "$RUNNING" "$SCRATCH/data"
  fi
  if [ -n "$SCRATCH" ]; then
    rm -rf "$SCRATCH"
  fi
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# sql DATABASE ARGUMENT...: psql that stops at the first error and prints bare values.
sql() {
  local database=$1
  shift
  psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$database" "$@"
}

# install_library TREE FILE: by rename, as a session may have the old one mapped.
install_library() {
  cp "$2" "$1/lib/postgresql/pg_hello.so.new"
  mv "$1/lib/postgresql/pg_hello.so.new" "$1/lib/postgresql/pg_hello.so"
}

check_log() {
  local trouble='problem in alloc set|detected write past chunk end|was terminated by signal|TRAP:|PANIC:'
  if grep -E "$trouble" "$SCRATCH/data.log" >&2; then
    die "$1: the server's log says so"
  fi
}

# run_tests TREE NAME [WITHOUT [OPTION...]]: all tests but one, with more options for pg_regress.
run_tests() {
  local tree=$1 name=$2 without=${3-} tests=() file started ended
  for file in "$EXTENSION"/test/sql/*.sql; do
    file=${file##*/}
    [ "$file" = "$without.sql" ] || tests+=("${file%.sql}")
  done

  started=${EPOCHREALTIME/[.,]/}
  if ! "$tree/lib/postgresql/pgxs/src/test/regress/pg_regress" \
    --inputdir="$EXTENSION/test" --outputdir="$SCRATCH/output" --bindir="$(dirname "$PSQL")" \
    --host="$PGHOST" --port="$PGPORT" --user="$PGUSER" --dbname=contrib_regression \
    --encoding=UTF8 --no-locale "${@:4}" "${tests[@]}" >"$SCRATCH/regress.log" 2>&1; then
    cat "$SCRATCH/regress.log" >&2
    if [ -e "$SCRATCH/output/regression.diffs" ]; then
      cat "$SCRATCH/output/regression.diffs"
    fi
    check_log "$name"
    die "$name: tests failed"
  fi
  ended=${EPOCHREALTIME/[.,]/}
  check_log "$name"
  local tenths=$(((ended - started + 50000) / 100000))
  printf '%s: %d tests passed (%d.%d s)\n' "$name" "${#tests[@]}" $((tenths / 10)) $((tenths % 10))
}

# set_for_all NAME VALUE, or set_for_all NAME: for all sessions that begin from now on.
set_for_all() {
  local before answer
  before=$(sql postgres -c "SHOW $1")
  if [ $# = 2 ]; then
    sql postgres -c "ALTER SYSTEM SET $1 = $2"
  else
    sql postgres -c "ALTER SYSTEM RESET $1"
  fi
  sql postgres -c 'SELECT pg_reload_conf()' >/dev/null
  for _ in {1..600}; do
    answer=$(sql postgres -c "SHOW $1")
    [ "$answer" = "$before" ] || return 0
    sleep 0.1
  done
  die "the server did not take over $1"
}

# The tests again with what some servers have for all databases. The largest values are tried
# once, as they take some gigabytes of memory to be written.
run_tests_with_settings() {
  local tree=$1 name=$2 parallel
  run_tests "$tree" "$name, database in LATIN1" limits --encoding=LATIN1
  set_for_all session_preload_libraries pg_hello
  run_tests "$tree" "$name, session_preload_libraries = pg_hello" limits
  set_for_all session_preload_libraries
  parallel=$(sql postgres -c "SELECT name FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query')")
  set_for_all "$parallel" on
  run_tests "$tree" "$name, $parallel = on" limits
  set_for_all "$parallel"
}

# reported SQL: the values of pg_hello.repeat that the server reports to a client which runs this
# SQL, told from the bytes on the connection, as psql does not show them.
reported() {
  local startup="user"$'\n'"$PGUSER"$'\n'"database"$'\n'"reported"$'\n' query=$1
  exec 3<>"/dev/tcp/$PGHOST/$PGPORT"
  # the length, protocol 3.0, and strings that end with a zero byte; then one query, and the end
  { printf '%b' "$(int32 $((${#startup} + 9)))$(int32 196608)"
    printf '%s\n' "$startup" | tr '\n' '\0'
    printf '%b%s%b' "Q$(int32 $((${#query} + 5)))" "$query" '\0000'
    printf '%b' "X$(int32 4)"; } >&3
  # ParameterStatus: S, four bytes of length, name, value
  tr '\0' '\n' <&3 | LC_ALL=C grep -a -A1 '^.pg_hello\.repeat$' | LC_ALL=C grep -av '^.pg_hello\.repeat$\|^--$' |
    tr '\n' ' ' || true
  exec 3>&-
}

# int32 NUMBER: its four bytes, for printf %b.
int32() {
  printf '\\0%03o\\0%03o\\0%03o\\0%03o' $(($1 >> 24 & 255)) $(($1 >> 16 & 255)) $(($1 >> 8 & 255)) $(($1 & 255))
}

# Drivers learn of the setting's changes (GUC_REPORT).
setting_is_reported() {
  local name=$1 answer
  sql postgres -c 'CREATE DATABASE reported'
  sql reported -c 'CREATE EXTENSION pg_hello'
  answer=$(reported "SELECT pg_hello('x'); SET pg_hello.repeat = 3")
  [ "$answer" = '3 ' ] || die "$name: a client that sets pg_hello.repeat is told: $answer"
  sql postgres -c "ALTER DATABASE reported SET session_preload_libraries = 'pg_hello'" \
    -c 'ALTER DATABASE reported SET pg_hello.repeat = 4'
  answer=$(reported 'SET pg_hello.repeat = 5')
  [ "$answer" = '4 5 ' ] || die "$name: a client that finds the library loaded is told: $answer"
  sql postgres -c 'DROP DATABASE reported'
  printf '%s: changes of pg_hello.repeat are reported to clients\n' "$name"
}

# dump_command MAJOR: a pg_dump of that major or a later one.
dump_command() {
  local command version
  for command in "$(command -v pg_dump || true)" /usr/lib/postgresql/*/bin/pg_dump; do
    if [ -x "$command" ]; then
      version=$("$command" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
      if [ "$version" -ge "$1" ]; then
        printf '%s' "$command"
        return
      fi
    fi
  done
}

# What the database answers, with and without stored values.
CHECKSUM="
  SELECT md5(string_agg(u::text, ',' ORDER BY id)) FROM data.users u
  UNION ALL
  SELECT md5(string_agg(g::text, ',' ORDER BY id)) FROM data.greetings g
  UNION ALL
  SELECT md5(string_agg(pg_get_indexdef(indexrelid), ',' ORDER BY indexrelid::regclass::text))
  FROM pg_index WHERE indrelid = 'data.users'::regclass
  UNION ALL
  SELECT extversion || ' ' || nspname FROM pg_extension e JOIN pg_namespace n ON e.extnamespace = n.oid
  WHERE extname = 'pg_hello'
  UNION ALL
  SELECT format('%s functions', count(*)) FROM pg_proc WHERE probin = '\$libdir/pg_hello'
  UNION ALL
  SELECT setconfig::text FROM pg_db_role_setting s JOIN pg_database d ON s.setdatabase = d.oid
  WHERE d.datname = current_database()"

# restore PG_DUMP: what was dumped, by the psql beside it.
restore() {
  "$(dirname "$1")/psql" -X -q -v ON_ERROR_STOP=1 -d postgres -f "$SCRATCH/dump.sql" >"$SCRATCH/restore.log" 2>&1
}

dump_and_restore() {
  local name=$1 major=$2 dump version before after
  dump=$(dump_command "$major")
  if [ -z "$dump" ]; then
    printf '%s: dump and restore skipped: there is no pg_dump of %s or later\n' "$name" "$major"
    return
  fi

  # an ordinary role, which may create databases, and set in them what the dump says about the database
  sql postgres -c 'CREATE ROLE keeper LOGIN CREATEDB' -c 'CREATE DATABASE dumped OWNER keeper'
  sql postgres -c 'ALTER DATABASE dumped SET pg_hello.repeat = 2'
  PGUSER=keeper sql dumped <<'SQL'
CREATE SCHEMA "The ""hello"" schema";
CREATE EXTENSION pg_hello SCHEMA "The ""hello"" schema";
CREATE SCHEMA data;
SET search_path = data, "The ""hello"" schema";
CREATE TABLE users (
  id integer PRIMARY KEY,
  name text CHECK (pg_hello(name, 1) <> 'Hello, nobody!'),
  at bigint NOT NULL DEFAULT now_ms(),
  greeting text GENERATED ALWAYS AS (pg_hello(name, 2)) STORED
);
INSERT INTO users (id, name) SELECT i, nullif('Zoë O''Brien ' || i, 'Zoë O''Brien 7') FROM generate_series(1, 1000) i;
CREATE INDEX users_greeting ON users (pg_hello(name, 3));
CREATE VIEW greetings AS
SELECT id, pg_hello(name, 4) AS greeting, pg_hello_all(ARRAY[name, NULL], ARRAY[1, 2]) AS greetings,
  spi_version() = version() AS version
FROM users;
SQL
  before=$(sql dumped -c "$CHECKSUM")
  "$dump" --create dumped >"$SCRATCH/dump.sql"
  sql postgres -c 'DROP DATABASE dumped'
  if PGUSER=keeper restore "$dump"; then
    die "$name: restored a setting that the owner was not granted"
  fi
  grep -q 'permission denied to set parameter "pg_hello.repeat"' "$SCRATCH/restore.log" ||
    { cat "$SCRATCH/restore.log" >&2; die "$name: restoring failed, but not for the setting"; }
  sql postgres -c 'DROP DATABASE dumped' -c 'GRANT SET ON PARAMETER pg_hello.repeat TO keeper'
  PGUSER=keeper restore "$dump" || { cat "$SCRATCH/restore.log" >&2; die "$name: restoring failed"; }
  after=$(sql dumped -c "$CHECKSUM")
  [ "$before" = "$after" ] || die "$name: the restored database differs: $(diff <(echo "$before") <(echo "$after"))"
  # defaults and generated columns work on
  after=$(sql dumped -c "INSERT INTO data.users (id, name) VALUES (0, 'new')
    RETURNING greeting, abs(at - extract(epoch FROM clock_timestamp()) * 1000) < 10000")
  [ "$after" = 'Hello, new! Hello, new!|t' ] || die "$name: the restored table takes a row as $after"
  check_log "$name"
  version=$("$dump" --version | sed 's/[^0-9]*\([0-9.]*\).*/\1/')
  printf '%s: dump and restore passed (pg_dump %s)\n' "$name" "$version"
}

# A library that was built for another major must be refused, and say why.
refuse_library_of() {
  local tree=$1 name=$2 major=$3 other=$4 answer
  install_library "$tree" "$(library "$other")"
  sql postgres -c 'CREATE DATABASE refused'
  if answer=$(sql refused -c 'CREATE EXTENSION pg_hello' 2>&1); then
    die "$name: loads the library of $other"
  fi
  if [[ $answer != *'incompatible library'*"Server is version $major, library is version $other."* ]]; then
    die "$name: refuses the library of $other with: $answer"
  fi
  [ "$(sql refused -c "SELECT count(*) FROM pg_extension WHERE extname = 'pg_hello'")" = 0 ] ||
    die "$name: kept a part of an extension that it refused"
  check_log "$name"
  printf '%s: the library of %s is refused\n' "$name" "$other"
}

regress() {
  local major=$1 cached tree number name other
  [ -e "$(library "$major")" ] || die "there is no library for PostgreSQL $major in $(dirname "$(library "$major")")"
  cached=$(embedded_tree "$major")
  SCRATCH=$(scratch_dir)
  tree=$SCRATCH/tree
  say "PostgreSQL $major: running"
  cp -a "$cached" "$tree"
  cp "$EXTENSION/pg_hello.control" "$EXTENSION"/sql/*--*.sql "$tree/share/postgresql/extension/"
  install_library "$tree" "$(library "$major")"

  PGPORT=$(free_port)
  export PGHOST=127.0.0.1 PGPORT PGUSER=postgres
  RUNNING=$tree
  start_server "$tree" "$SCRATCH/data" "$PGPORT"

  number=$(sql postgres -c 'SHOW server_version_num')
  name="PostgreSQL $(sql postgres -c 'SHOW server_version')"
  [ $((number / 10000)) = "$major" ] || die "asked for PostgreSQL $major, but the server is $name"

  run_tests "$tree" "$name"
  setting_is_reported "$name"
  [ -z "$with_settings" ] || run_tests_with_settings "$tree" "$name"
  dump_and_restore "$name" "$major"
  for other in "${MAJORS[@]}"; do
    if [ "$other" != "$major" ] && [ -e "$(library "$other")" ]; then
      refuse_library_of "$tree" "$name" "$major" "$other"
      break
    fi
  done

  stop_server "$tree" "$SCRATCH/data"
  RUNNING=
  rm -rf "$SCRATCH"
  SCRATCH=
}

with_settings=''
if [ "${1-}" = --settings ]; then
  with_settings=1
  shift
fi
majors=("$@")
if [ ${#majors[@]} = 0 ]; then
  for major in "${MAJORS[@]}"; do
    if [ -e "$(library "$major")" ]; then
      majors+=("$major")
    fi
  done
fi
[ ${#majors[@]} -gt 0 ] || die "there are no libraries in $BUILD/$(platform)"

need psql postgresql-client
for variable in "${!PG@}"; do
  case $variable in
    PG_HELLO_*) ;;
    *) unset "$variable" ;;
  esac
done
PSQL=$(command -v psql)

for major in "${majors[@]}"; do
  regress "$major"
done
