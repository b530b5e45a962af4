#!/usr/bin/env bash
# ./dev native --sanitize: runs the extension's regression suite on a server with assertions, AddressSanitizer and
# UndefinedBehaviorSanitizer, and prints the suite's line coverage. Fails if a test result differs, if a sanitizer reports an error
# in the extension, or if memory is damaged.
# Usage: scripts/sanitize.sh [SECONDS]   SECONDS: how long to run SQLsmith's random queries after the suite; default: not at all
# SPDX-License-Identifier: MIT
PROGRAM='dev native --sanitize'
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/debian.sh
. "$(dirname "${BASH_SOURCE[0]}")/debian.sh"

MAJOR=15
SUITE=${HEADER_SUITE[$MAJOR]}
# Compiling takes 40% of the time that -O1 -g needs, but the suite takes a minute longer. Reports only need line numbers.
SERVER_CFLAGS='-O0 -g1 -fsanitize=address,undefined'
# fills the memory of palloc() with random bytes, which makes uninitialized bytes visible
SERVER_CPPFLAGS=-DRANDOMIZE_ALLOCATED_MEMORY
CONFIGURE=(--enable-cassert --without-readline --without-zlib)
# The parts of the source that the suite needs. Building all parts would take twice as long.
PARTS=(src/port src/common src/timezone src/backend src/backend/snowball
  src/backend/utils/mb/conversion_procs src/include src/interfaces/libpq src/fe_utils
  src/bin/initdb src/bin/pg_ctl src/bin/psql src/bin/pg_dump src/bin/pg_config
  src/bin/scripts src/pl/plpgsql/src src/makefiles src/test/regress)

# The server leaks by design when a process ends, and measures its own stack.
export ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=0:abort_on_error=1:disable_coredump=1
export UBSAN_OPTIONS=print_stacktrace=1:abort_on_error=1

tmp=$(mktemp -d)
tree=''
copy=$tmp/extension
cleanup() {
  drop_scratch
  if [ -n "$tree" ] && [ -d "$copy" ]; then
    make -s -C "$copy" uninstall "PG_CONFIG=$tree/bin/pg_config" >/dev/null 2>&1 || true
  fi
  rm -rf "$tmp"
}
new_scratch
trap cleanup EXIT

# run_logged WHAT COMMAND...: shows the command's output only if it fails.
run_logged() {
  local what=$1
  shift
  "$@" >"$tmp/log" 2>&1 || {
    tail -30 "$tmp/log" >&2
    die "$what failed"
  }
}

# build_server: unpacks, builds and installs the server as $tree.
build_server() {
  local version source part stage=$tmp/stage status=0
  say "Building PostgreSQL $MAJOR with sanitizers from Debian's source (3 to 5 minutes, once)"
  need bzip2 bzip2 perl perl
  debian_download deb-src "$SUITE" "postgresql-$MAJOR" "$tmp/download" || status=$?
  [ "$status" = 0 ] ||
    die "could not download the source of postgresql-$MAJOR in Debian's suite $SUITE; this check needs a Debian machine with access to its mirror"
  set -- "$tmp"/download/*.orig.tar.*
  version=${1##*/postgresql-"$MAJOR"}
  version=${version#_}
  version=${version%.orig.tar.*}
  tree=$store/$version-$flags
  mkdir "$tmp/source"
  tar -xf "$1" -C "$tmp/source" --strip-components=1
  source=$tmp/source
  cd "$source"
  # UBSan reads its options when it reports the first error. By then, the server has overwritten its environment with the process
  # title.
  printf 'const char *__ubsan_default_options(void);\nconst char *__ubsan_default_options(void) { return "%s"; }\n' \
    "$UBSAN_OPTIONS" >ubsan_options.c
  "$CC" -c ubsan_options.c
  run_logged configure nice ./configure --prefix="$tree" "${CONFIGURE[@]}" CC="$CC" MAKE=make \
    CFLAGS="$SERVER_CFLAGS" CPPFLAGS="$SERVER_CPPFLAGS" LDFLAGS_EX="$source/ubsan_options.o"
  run_logged make nice make -s -j2 -C src/backend generated-headers
  for part in "${PARTS[@]}"; do
    run_logged "make in $part" nice make -s -j2 -C "$part" all
    run_logged "make install in $part" make -s -C "$part" install "DESTDIR=$stage"
  done
  run_logged 'make install of the build rules' make -s -C src install-local "DESTDIR=$stage"
  run_logged 'make install of the build tools' make -s -C config install "DESTDIR=$stage"
  cd "$ROOT"
  rm -rf "$source" "$tree"
  mv -T "$stage$tree" "$tree"
}

CC=${CC:-gcc}
need gcc gcc make make
[ -e /usr/include/stdio.h ] || install_packages libc6-dev
store=$CACHE/sanitize
flags=$(printf '%s\n' "$SERVER_CFLAGS" "$SERVER_CPPFLAGS" "${CONFIGURE[@]}" "${PARTS[@]}" "$UBSAN_OPTIONS" "$("$CC" -dumpfullversion)" |
  sha256sum | cut -c1-12)
mkdir -p "$store"
exec 9<"$store"
flock 9
for found in "$store"/*-"$flags"; do
  [ ! -x "$found/bin/postgres" ] || tree=$found
done
[ -n "$tree" ] || build_server

mkdir "$copy"
cp -R "$ROOT"/extension/{Makefile,pg_hello.control,src,sql,test} "$copy"
tests=("$copy"/test/sql/*.sql)
[ -e "${tests[0]}" ] || die "there are no tests in extension/test/sql"
say "Running ${#tests[@]} tests on $(basename "$tree") (two minutes)"

extension_make() {
  make -s -C "$copy" "PG_CONFIG=$tree/bin/pg_config" with_llvm=no "$@"
}

# random_queries SECONDS: runs random queries of an ordinary role on tables and views that call the extension. The queries are
# reproducible if the results are.
random_queries() {
  local seconds=$1 status=0 random called psql=("$tree/bin/psql" -X -q -A -t -v ON_ERROR_STOP=1)
  need sqlsmith sqlsmith
  "${psql[@]}" postgres <<'END'
CREATE ROLE plain LOGIN;
ALTER ROLE plain SET statement_timeout = '1s';
CREATE DATABASE smith OWNER plain;
ALTER DATABASE smith SET track_functions = 'all';
END
  PGUSER=plain "${psql[@]}" smith <<'END'
CREATE EXTENSION pg_hello;
CREATE TABLE guests (id integer PRIMARY KEY, name text CHECK (pg_hello(name, 1) <> 'Hello, nobody!'), times integer,
  at bigint DEFAULT now_ms(), greeting text GENERATED ALWAYS AS (pg_hello(name, 2)) STORED);
INSERT INTO guests SELECT i, nullif(repeat('Zoë', i % 50), ''), i % 12 - 1 FROM generate_series(1, 100) i;
CREATE INDEX ON guests (pg_hello(name, 3));
CREATE VIEW greetings AS
SELECT id, pg_hello(name) AS one, pg_hello(name, greatest(1, least(10, times))) AS some,
  pg_hello_all(ARRAY[name, greeting, NULL], ARRAY[1, NULL, 10]) AS many, now_ms() - at AS age, spi_version() AS version
FROM guests;
CREATE VIEW refused AS SELECT id, pg_hello(name, times) AS greeting FROM guests;
END
  timeout "$seconds" sqlsmith --target="host=$PGHOST port=$PGPORT dbname=smith user=plain" --exclude-catalog --seed=1 --verbose \
    >"$tmp/sqlsmith.log" 2>&1 || status=$?
  [ "$status" = 124 ] || { tail -20 "$tmp/sqlsmith.log" >&2; die "SQLsmith ended with status $status"; }
  random=$(grep -o 'queries: [0-9]*' "$tmp/sqlsmith.log" | tail -1 | grep -o '[0-9]*') || true
  called=$("${psql[@]}" -c "SELECT sum(calls) FROM pg_stat_user_functions WHERE funcname ~ '^(pg_hello|now_ms|spi_version)'" smith)
  if [ "${random:-0}" -le "$seconds" ] || [ "${called:-0}" -le "$seconds" ]; then
    die "SQLsmith made ${random:-no} queries, which called the extension ${called:-0} times"
  fi
  say "$random random queries called the extension $called times"
}

# An error in the extension must end the process, whereas errors of the server itself are only logged.
run_logged 'building the extension' extension_make \
  "COPT=-fno-sanitize-recover=undefined --coverage -O0 -Wall -Werror" SHLIB_LINK=--coverage
run_logged 'installing the extension' extension_make install

start_server "$tree"
status=0
extension_make installcheck >"$tmp/installcheck" 2>&1 || status=1
[ $# = 0 ] || [ "$status" != 0 ] || random_queries "$1"
# the processes write their coverage when they end
server_user "$tree/bin/pg_ctl" -D "$SCRATCH/data" -m fast -w stop >/dev/null || status=1
RUNNING=''

if [ "$status" != 0 ]; then
  cat "$tmp/installcheck" >&2
  ! [ -s "$copy/regression.diffs" ] || head -200 "$copy/regression.diffs" >&2
fi

# A report consists of a line and the lines below it, up to the next log line. A report about the server's own code counts only if
# the extension called this code.
reports=$(awk '
  function flush() {
    if (report != "" && (memory || report ~ /pg_hello\.(c|so)|greeting\.h/))
      print report
    report = ""
  }
  /ERROR: AddressSanitizer|AddressSanitizer:DEADLYSIGNAL/ { flush(); memory = 1; report = $0; next }
  /runtime error:/ { flush(); memory = 0; report = $0; next }
  report != "" && !/^[0-9]+-[0-9]+-[0-9]+ / { report = report "\n" $0; next }
  { flush() }
  /problem in alloc |detected write past chunk end|^TRAP:|was terminated by signal/ { print }
  END { flush() }
' "$SCRATCH/data.log")
if [ -n "$reports" ]; then
  sed -n '1,200p' <<<"$reports" >&2
  status=1
fi

[ "$status" = 0 ] || die 'the extension failed'

cd "$copy"
gcov -o src src/pg_hello.c >"$tmp/gcov.log" 2>&1 || die 'gcov failed'
for file in pg_hello.c greeting.h; do
  print_coverage "src/$file" "$file.gcov"
done

say "No sanitizer reported an error, and all tests passed"
