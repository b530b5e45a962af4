#!/usr/bin/env bash
# Rebuilds the extension's libraries if they are out of date, and runs its SQL tests on embedded servers. All tests run, even if
# some fail; the results are kept in extension/target/regress.
# Usage: scripts/regress.sh [--quick] [--settings | --accept | --platform PLATFORM] [MAJOR...]
#        scripts/regress.sh --platform PLATFORM --extension SOURCE SHARE LIBRARY MAJOR [TEST...]
#   --quick      skip the test of the largest values, which takes a minute and 4 GB of memory
#   --settings   repeat the tests with the library preloaded, in parallel workers, and in LATIN1
#   --accept     replace the expected results with the actual results; check the changes with git diff
#   --platform   run only the tests, with the library for another platform: linux-amd64-musl; linux-arm64, emulated; windows-amd64, on
#                a server for Windows under Wine; darwin-arm64 and darwin-amd64, on a server for Linux that runs the library's machine
#                code (macho-loader.c)
#   --extension  run the tests of another extension. SOURCE is its source directory: the tests that its Makefile lists run there, or only
#                these TESTs. SHARE contains its files for the server's directory share, and LIBRARY is its library for the platform and
#                the major. If SOURCE contains a file extension.properties, its key preload lists the libraries to preload.
# Exit status: 0 if all tests passed, 1 if a test failed, 2 if the command line is invalid, 3 if no test failed, but a test could
# not run.
# SPDX-License-Identifier: MIT
PROGRAM=regress.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/programs.sh
. "$(dirname "${BASH_SOURCE[0]}")/programs.sh"
# shellcheck source=scripts/platforms.sh
. "$(dirname "${BASH_SOURCE[0]}")/platforms.sh"

EXTENSION=$ROOT/extension
# the directories of the tested extensions
SUITES=("$EXTENSION" "$EXTENSION/ops")
ANSWERS=$EXTENSION/target/regress
# With --extension: the source directory, the files for the server, the library, the tests, and libraries to preload.
OTHER='' OTHER_SHARE='' OTHER_LIBRARY='' OTHER_TESTS=() OTHER_PRELOAD=''

# Failures, and tests that could not run, as text.
FAILED=() SKIPPED=()

# failed WHAT: reports a failure, and lets the other tests run.
failed() {
  say "$1"
  FAILED+=("$1")
}

# sql DATABASE ARGUMENT...: runs psql, which stops at the first error and prints plain values.
sql() {
  local database=$1
  shift
  psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$database" "$@"
}

check_log() {
  local trouble='problem in alloc set|detected write past chunk end|was terminated by signal|TRAP:|PANIC:'
  if grep -E "$trouble" "$SCRATCH/data.log" >&2; then
    failed "$1: the server's log contains an error (see above)"
  fi
}

# run_tests TREE NAME [WITHOUT [OPTION...]]: runs all tests except WITHOUT, with additional options for pg_regress.
run_tests() {
  local tree=$1 name=$2 without=${3-} suite tests file answers count=0 started=$SECONDS
  for suite in "${SUITES[@]}"; do
    tests=()
    for file in "$suite"/test/sql/*.sql; do
      file=${file##*/}
      [ "$file" = "$without.sql" ] || tests+=("${file%.sql}")
    done

    answers=$ANSWERS/${name//[^A-Za-z0-9.]/_}/$(basename "$suite")
    rm -rf "$answers"
    mkdir -p "$answers"
    # Tests write files to the directory results.
    if ! (cd "$answers" && "$tree/lib/postgresql/pgxs/src/test/regress/pg_regress" \
      --inputdir="$suite/test" --outputdir="$answers" --bindir="$(dirname "$PSQL")" \
      --host="$PGHOST" --port="$PGPORT" --user="$PGUSER" --dbname=contrib_regression \
      --encoding=UTF8 --no-locale "${@:4}" "${tests[@]}") >"$SCRATCH/regress.log" 2>&1; then
      cat "$SCRATCH/regress.log" >&2
      if [ -e "$answers/regression.diffs" ]; then
        cat "$answers/regression.diffs"
      fi
      if [ -n "$accept" ]; then
        accept_answers "$suite" "$answers" "${tests[@]}"
      else
        failed "$name: tests of ${suite#"$ROOT/"} failed; see ${answers#"$ROOT/"}"
      fi
    fi
    check_log "$name"
    count=$((count + ${#tests[@]}))
  done
  printf '%s: %d tests ran (%d s)\n' "$name" "$count" $((SECONDS - started))
}

# run_other_tests TREE NAME MAJOR: runs the tests of another extension, as its target installcheck does.
run_other_tests() {
  local tree=$1 name=$2 tests words started=$SECONDS
  read -ra words < <(makefile_variable "$OTHER" "$3" REGRESS_OPTS)
  tests=("${OTHER_TESTS[@]}")
  [ ${#tests[@]} != 0 ] || read -ra tests < <(makefile_variable "$OTHER" "$3" REGRESS)
  [ ${#tests[@]} != 0 ] || die "the Makefile in $OTHER lists no tests"
  if ! (cd "$OTHER" && "$tree/lib/postgresql/pgxs/src/test/regress/pg_regress" "${words[@]}" --bindir="$(dirname "$PSQL")" \
    --host="$PGHOST" --port="$PGPORT" --user="$PGUSER" --dbname=contrib_regression --encoding=UTF8 --no-locale "${tests[@]}") >"$SCRATCH/regress.log" 2>&1; then
    cat "$SCRATCH/regress.log" >&2
    [ ! -e "$OTHER/regression.diffs" ] || cat "$OTHER/regression.diffs"
    failed "$name: tests failed; see $OTHER/regression.diffs"
  fi
  check_log "$name"
  printf '%s: %d tests ran (%d s)\n' "$name" "${#tests[@]}" $((SECONDS - started))
}

# accept_answers SUITE ANSWERS TEST...: stores the results of these tests as expected results, if they differ from all existing
# expected results.
accept_answers() {
  local suite=$1 answers=$2 test expected same
  for test in "${@:3}"; do
    same=''
    for expected in "$suite/test/expected/$test"{,_[0-9]}.out; do
      ! cmp -s "$expected" "$answers/results/$test.out" || same=1
    done
    if [ -z "$same" ]; then
      cp "$answers/results/$test.out" "$suite/test/expected/$test.out"
      say "Accepted ${suite#"$ROOT/"}/test/expected/$test.out"
    fi
  done
}

# set_for_all NAME VALUE, or set_for_all NAME: sets or resets a setting for all future sessions.
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
  die "the server did not apply the setting $1"
}

# Repeats the tests with settings that some servers have for all databases. The largest values are tested once, because writing
# them takes gigabytes of memory.
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

# dump_command MAJOR: prints a pg_dump of that major or a later one, next to a psql.
dump_command() {
  local command version
  for command in "$(command -v pg_dump || true)" /usr/lib/postgresql/*/bin/pg_dump; do
    if [ -x "$command" ] && [ -x "$(dirname "$command")/psql" ]; then
      version=$("$command" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
      if [ "$version" -ge "$1" ]; then
        printf '%s' "$command"
        return
      fi
    fi
  done
  command=$(provide_client "$1") && printf '%s/pg_dump' "$command"
}

# Prints the results of the database, with and without stored values.
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
  SELECT md5(string_agg(s::text, ',' ORDER BY s::text)) FROM hello_ops.snapshot s
  UNION ALL
  SELECT md5(string_agg(b::text, ',' ORDER BY b::text)) FROM hello_ops.pg_hello_performance_baseline b
  UNION ALL
  SELECT extversion || ' ' || extowner::regrole FROM pg_extension WHERE extname = 'pg_hello_ops'
  UNION ALL
  SELECT setconfig::text FROM pg_db_role_setting s JOIN pg_database d ON s.setdatabase = d.oid
  WHERE d.datname = current_database()"

# restore PG_DUMP: restores the dump with the psql next to it.
restore() {
  "$(dirname "$1")/psql" -X -q -v ON_ERROR_STOP=1 -d postgres -f "$SCRATCH/dump.sql" >"$SCRATCH/restore.log" 2>&1
}

dump_and_restore() {
  local name=$1 major=$2 dump version before after
  if ! dump=$(dump_command "$major"); then
    SKIPPED+=("$name: dump and restore skipped: there is no pg_dump of $major or later; install postgresql-client-$major")
    return
  fi

  # Create an ordinary role that can create databases and apply the database settings in the dump.
  sql postgres -c 'CREATE ROLE keeper LOGIN CREATEDB' -c 'CREATE ROLE reader LOGIN' -c 'CREATE DATABASE dumped OWNER keeper'
  sql postgres -c 'ALTER DATABASE dumped SET pg_hello.repeat = 2'
  PGUSER=keeper sql dumped >/dev/null <<'SQL'
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
CREATE EXTENSION pg_hello_ops;
SELECT hello_ops.take_snapshot();
SELECT hello_ops.take_snapshot();
SELECT hello_ops.baseline();
GRANT USAGE ON SCHEMA hello_ops TO reader;
GRANT EXECUTE ON FUNCTION hello_ops.pg_hello_performance_report(interval) TO reader;
GRANT SELECT ON hello_ops.members, hello_ops.snapshot TO reader;
SQL
  before=$(sql dumped -c "$CHECKSUM")
  "$dump" --create dumped >"$SCRATCH/dump.sql"
  sql postgres -c 'DROP DATABASE dumped'
  if PGUSER=keeper restore "$dump"; then
    die "$name: the owner restored a setting without the privilege"
  fi
  grep -q 'permission denied to set parameter "pg_hello.repeat"' "$SCRATCH/restore.log" ||
    { cat "$SCRATCH/restore.log" >&2; die "$name: the restore failed, but not because of the setting"; }
  sql postgres -c 'DROP DATABASE dumped' -c 'GRANT SET ON PARAMETER pg_hello.repeat TO keeper'
  PGUSER=keeper restore "$dump" || { cat "$SCRATCH/restore.log" >&2; die "$name: the restore failed"; }
  after=$(sql dumped -c "$CHECKSUM")
  [ "$before" = "$after" ] || die "$name: the restored database differs: $(diff <(echo "$before") <(echo "$after"))"
  # Defaults and generated columns still work.
  after=$(sql dumped -c "INSERT INTO data.users (id, name) VALUES (0, 'new')
    RETURNING greeting, abs(at - extract(epoch FROM clock_timestamp()) * 1000) < 10000")
  [ "$after" = 'Hello, new! Hello, new!|t' ] || die "$name: the restored table stores a new row as $after"
  # New snapshots continue after the restored ones, and privileges to read them are kept.
  PGUSER=keeper sql dumped -c 'SELECT hello_ops.take_snapshot()' >/dev/null
  after=$(PGUSER=reader sql dumped -c "SELECT count(DISTINCT s.taken_at), max(s.resets),
      count(DISTINCT r.function_name) = (SELECT count(*) FROM hello_ops.members)
    FROM hello_ops.snapshot s, hello_ops.pg_hello_performance_report() r WHERE r.total_calls >= 0")
  [ "$after" = '3|1|t' ] || die "$name: the snapshots after the restore are $after"
  check_log "$name"
  version=$("$dump" --version | sed 's/[^0-9]*\([0-9.]*\).*/\1/')
  printf '%s: dump and restore passed (pg_dump %s)\n' "$name" "$version"
}

# converse OPTIONS COMMAND...: sends commands with the wire protocol, in a session with these options. Prints all values of
# pg_hello.repeat that the server reports, on one line. psql does not show reported values.
converse() {
  local options=$1 command
  shift
  exec 3<>"/dev/tcp/$PGHOST/$PGPORT"
  send_message '' "\\0\\3\\0\\0user\\0$PGUSER\\0database\\0postgres\\0options\\0$options\\0\\0" >&3
  for command; do
    send_message Q "$command\\0" >&3
  done
  send_message X '' >&3
  timeout 60 cat <&3 | tr '\0' '\n' | grep -a -A1 'pg_hello\.repeat$' | grep -aE '^[0-9]+$' | paste -sd ' ' || true
  exec 3<&-
}

# send_message TYPE BODY: sends a protocol message; the body is a printf format.
send_message() {
  local length
  # shellcheck disable=SC2059
  length=$(printf "$2" | wc -c)
  # shellcheck disable=SC2059
  printf "$1\\x00\\x00\\x$(printf %02x $(((length + 4) / 256)))\\x$(printf %02x $(((length + 4) % 256)))$2"
}

# The server reports the setting to clients without a request (GUC_REPORT): when the setting changes, and at the beginning of a
# session that preloads the library. A rejected value is not reported.
report_setting() {
  local name=$1 before=${#FAILED[@]} reported commands=("SELECT pg_hello('x')" 'SET pg_hello.repeat = 3' 'SET pg_hello.repeat = 99' 'RESET pg_hello.repeat')
  sql postgres -c 'CREATE EXTENSION pg_hello'
  reported=$(converse '' "${commands[@]}")
  [ "$reported" = '3 1' ] || failed "$name: reports of the setting: $reported instead of 3 1"
  reported=$(converse '-c session_preload_libraries=pg_hello' "${commands[@]}")
  [ "$reported" = '1 3 1' ] || failed "$name: reports of the setting with the library preloaded: $reported instead of 1 3 1"
  sql postgres -c 'DROP EXTENSION pg_hello'
  check_log "$name"
  [ ${#FAILED[@]} != "$before" ] || printf '%s: the setting is reported\n' "$name"
}

# A library built for another major must be rejected, with the reason.
refuse_library_of() {
  local tree=$1 name=$2 major=$3 other=$4 answer
  install_library "$tree" "$(library "$other")"
  sql postgres -c 'CREATE DATABASE refused'
  if answer=$(sql refused -c 'CREATE EXTENSION pg_hello' 2>&1); then
    die "$name: the server loads the library for PostgreSQL $other"
  fi
  if [[ $answer != *'incompatible library'*"Server is version $major, library is version $other."* ]]; then
    die "$name: the error for the library for PostgreSQL $other is wrong: $answer"
  fi
  [ "$(sql refused -c "SELECT count(*) FROM pg_extension WHERE extname = 'pg_hello'")" = 0 ] ||
    die "$name: the rejected extension exists in the database"
  check_log "$name"
  printf '%s: the library for PostgreSQL %s is rejected\n' "$name" "$other"
}

# server_for_code PLATFORM: prints the platform of the server that runs the machine code of a library for macOS, or nothing if it is
# this machine's platform.
server_for_code() {
  local server=linux-${1#darwin-}
  [ "$server" = "$(PLATFORM='' platform)" ] || printf '%s' "$server"
}

# run_macho LIBRARY: wraps a library for macOS in SCRATCH/macho/NAME.so, which a server for PLATFORM can load.
run_macho() {
  local arch=x86_64 cc=gcc
  [[ $PLATFORM != linux-arm64 ]] || arch=arm64 cc=aarch64-linux-gnu-gcc
  need "$cc" "gcc$([ "$cc" = gcc ] || echo -aarch64-linux-gnu)" python3 python3
  mkdir "$SCRATCH/macho"
  python3 -B "$PLATFORM_FILES/macho_tables.py" "$1" "$arch" "$SCRATCH/macho"
  "$cc" -shared -fPIC -O1 -Wall -I "$SCRATCH/macho" -o "$SCRATCH/macho/$(basename "${1%.*}").so" "$PLATFORM_FILES/macho-loader.c"
}

# probe_windows TREE MAJOR NAME: compares structures, jumps and the C library of the server with the headers that libraries are compiled with.
probe_windows() {
  local tree=$1 major=$2 name=$3 probe=$EXTENSION/test/windows/winprobe
  "$ROOT/scripts/native.sh" --compile "$probe.c" "$SCRATCH/winprobe.dll" --platform windows-amd64 "$major"
  install_library "$tree" "$SCRATCH/winprobe.dll"
  sql postgres -c 'CREATE DATABASE probe'
  PGAPPNAME=probe psql -X -q -A -t -v VERBOSITY=terse -d probe <"$probe.sql" >"$SCRATCH/winprobe.out" 2>&1 || true
  if diff "$probe.out" "$SCRATCH/winprobe.out"; then
    printf '%s: the probe passed\n' "$name"
  else
    failed "$name: the probe differs"
  fi
  check_log "$name"
}

regress() {
  local major=$1 tree number name other without=$quick library platform=$PLATFORM PLATFORM=$PLATFORM options=()
  new_scratch
  tree=$SCRATCH/tree
  say "PostgreSQL $major${platform:+ on $platform}: running"
  library=${OTHER_LIBRARY:-$(library "$major")}
  if [[ $platform = darwin-* ]]; then
    PLATFORM=$(server_for_code "$platform")
    run_macho "$library"
    library=$SCRATCH/macho/$(basename "${library%.*}").so
  fi
  new_tree "$major" "$library" "${SUITES[@]}"

  # Wine does not support VACUUM with parallel workers on PostgreSQL 17, with or without an extension
  [ "$platform" != windows-amd64 ] || options=(-c min_parallel_index_scan_size=1GB)
  start_server "$tree" -c "shared_preload_libraries=pg_stat_statements$OTHER_PRELOAD" "${options[@]}"
  number=$(sql postgres -c 'SHOW server_version_num')
  name="PostgreSQL $(sql postgres -c 'SHOW server_version')"
  [ $((number / 10000)) = "$major" ] || die "asked for PostgreSQL $major, but the server is $name"

  if [ -n "$platform" ]; then
    # under emulation, a loop over a gigabyte takes minutes
    [[ $platform != *-arm64* ]] || without=limits
    # pg_regress is a program for this machine's platform
    other=$(PLATFORM='' embedded_tree "$major")
    if [ -n "$OTHER" ]; then
      run_other_tests "$other" "$name on $platform" "$major"
    else
      run_tests "$other" "$name on $platform" "$without"
      [ "$platform" != windows-amd64 ] || probe_windows "$tree" "$major" "$name on $platform"
    fi
    drop_scratch
    return
  fi
  run_tests "$tree" "$name" "$without"
  [ -z "$with_settings" ] || run_tests_with_settings "$tree" "$name"
  report_setting "$name"
  dump_and_restore "$name" "$major"
  for other in "${MAJORS[@]}"; do
    if [ "$other" != "$major" ] && [ -e "$(library "$other")" ]; then
      refuse_library_of "$tree" "$name" "$major" "$other"
      break
    fi
  done
  drop_scratch
}

with_settings='' accept='' quick='' platform=()
if [ "${1-}" = --quick ]; then
  quick=limits
  shift
fi
case ${1-} in
  --settings) with_settings=1 && shift ;;
  --accept) accept=1 && shift ;;
  --platform)
    [ $# -gt 1 ] || misuse '--platform needs a platform'
    [ "$2" != linux-arm64-musl ] || misuse 'there is no embedded PostgreSQL for linux-arm64-musl'
    platform=(--platform "$2")
    shift 2
    if [ "${1-}" = --extension ]; then
      contains "${platform[1]}" "${PLATFORMS[@]}" || misuse "--platform accepts one of ${PLATFORMS[*]}, but got: ${platform[1]}"
      [ $# -ge 5 ] || misuse "--extension needs two directories, a library and a major, but got: ${*:2}"
      [ -e "$2/Makefile" ] || misuse "$2 has no Makefile"
      compgen -G "$3/extension/*.control" >/dev/null || misuse "$3/extension has no control file"
      [ -e "$4" ] || misuse "there is no library $4"
      OTHER=$(realpath "$2") OTHER_SHARE=$(realpath "$3") OTHER_LIBRARY=$(realpath "$4") OTHER_TESTS=("${@:6}")
      SUITES=("$OTHER_SHARE")
      OTHER_PRELOAD=$(sed -n 's/^preload *= */,/p' "$OTHER/extension.properties" 2>/dev/null) || true
      set -- "$5"
    fi
    ;;
esac
majors=("$@")
for major in "${majors[@]}"; do
  contains "$major" "${SUPPORTED_MAJORS[@]}" || misuse "accepts --quick, --settings, --accept or --platform, and majors of ${SUPPORTED_MAJORS[*]}, but got: $major"
done
[ -n "$OTHER_LIBRARY" ] || "$ROOT/scripts/native.sh" "${platform[@]}" "${majors[@]}"
PLATFORM=${platform[1]-}
if [ ${#majors[@]} = 0 ]; then
  for major in $(majors_for "$(platform)"); do
    if [ -e "$(library "$major")" ]; then
      majors+=("$major")
    else
      SKIPPED+=("PostgreSQL $major: there is no library for it")
    fi
  done
fi

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

for what in "${SKIPPED[@]}" "${FAILED[@]}"; do
  say "$what"
done
[ ${#FAILED[@]} = 0 ] || exit 1
[ ${#SKIPPED[@]} = 0 ] || exit 3
