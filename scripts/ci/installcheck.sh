#!/usr/bin/env bash
# Runs make, make install and make installcheck for pg_hello and pg_hello_ops with a copy of the system's PostgreSQL. Runs the
# administrator's commands, but from a directory other than the source directory. Repeats the tests with JIT for every query if
# the clang for the server's bitcode is available. Then checks the output of pgaudit with the settings of docs/pg-hello/operations.md if a
# package of pgaudit is available.
# SPDX-License-Identifier: MIT
PROGRAM=installcheck.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
# shellcheck source=scripts/debian.sh
. "$ROOT/scripts/debian.sh"

skip() {
  printf 'skipped: %s\n' "$*"
  exit 0
}

# run_installcheck NAME LOG COMMAND...
run_installcheck() {
  local name=$1 log=$2 started=$SECONDS
  shift 2
  if ! "$@" installcheck >"$log" 2>&1; then
    cat "$log" >&2
    find "$SCRATCH/build" -name regression.diffs -exec cat {} +
    die "$name: make installcheck failed"
  fi
  printf '%s: make installcheck passed (%d s)\n' "$name" $((SECONDS - started))
}

# clang_of PG_CONFIG: prints the clang that produces bitcode for this server, if the server supports JIT and the clang is
# available.
clang_of() {
  local global clang
  global=$(dirname "$("$1" --pgxs)")/../Makefile.global
  [ -e "$("$1" --pkglibdir)/llvmjit.so" ] && grep -q '^with_llvm[[:space:]]*= yes' "$global" || return 0
  clang=$(sed -n 's/^CLANG *= *//p' "$global")
  if (need "$clang" "$(basename "$clang")") >&2; then
    printf '%s' "$clang"
  fi
}

# audit NAME MAJOR: checks that each call is in the server's log with its role, once for each statement, and without the names.
audit() {
  local name=$1 major=$2 package=postgresql-$2-pgaudit download=$SCRATCH/pgaudit settings lines
  mkdir "$download"
  if ! debian_download deb "${HEADER_SUITE[$major]-none}" "$package" "$download" || ! dpkg -x "$download"/*.deb "$SCRATCH"; then
    printf 'skipped: %s: there is no package %s\n' "$name" "$package"
    return
  fi
  psql -X -q -c "ALTER SYSTEM SET shared_preload_libraries = 'pgaudit'" -c 'CREATE DATABASE app' postgres
  server_user "$RUNNING/bin/pg_ctl" -D "$SCRATCH/data" -l "$SCRATCH/data.log" -m fast -w -t 60 restart >/dev/null ||
    die "$name: the server does not start with pgaudit"
  settings=$(grep '^ALTER DATABASE app SET pgaudit' "$ROOT/docs/pg-hello/operations.md")
  psql -X -q -v ON_ERROR_STOP=1 -c 'CREATE EXTENSION pg_hello' -c 'CREATE EXTENSION pgaudit' app
  psql -X -q -v ON_ERROR_STOP=1 app <<<"$settings"
  : >"$SCRATCH/data.log"
  psql -X -q -c "SELECT pg_hello('Ada'), pg_hello(name, 2), upper(name) FROM (VALUES ('Bob'), ('Cid')) v (name)" app >/dev/null
  lines=$(grep 'AUDIT:' "$SCRATCH/data.log") || die "$name: pgaudit logs nothing"
  [ "$(grep -c ',FUNCTION,EXECUTE,FUNCTION,public.pg_hello,' <<<"$lines")" = 2 ] ||
    die "$name: pgaudit logs unexpected lines: $lines"
  ! grep -E 'Ada|Bob|Cid|upper' <<<"$lines" || die "$name: pgaudit logs more than the functions"
  psql -X -q -v ON_ERROR_STOP=1 -c 'CREATE EXTENSION pg_hello_ops' app
  for settings in "'role'" "'all, -function'" "'function, role, ddl'"; do
    lines+=" $(psql -X -q -A -t -c "SET pgaudit.log = $settings" \
      -c "SELECT status FROM hello_ops.compliance_report() WHERE object = 'pgaudit.log'" app)"
  done
  [ "${lines: -19}" = ' warning warning ok' ] || die "$name: the compliance report contains for pgaudit.log: $lines"
  printf '%s: pgaudit logs the called functions\n' "$name"
}

# installcheck PG_CONFIG MAJOR
installcheck() {
  local config=$1 major=$2 headers='' build log name clang libdir sharedir make ops answer
  new_scratch
  build=$SCRATCH/build log=$SCRATCH/log
  # A server locates its files relative to its program, so a copy is an independent server.
  libdir=$(dirname "$("$config" --pkglibdir)") sharedir=$("$config" --sharedir)
  mkdir -p "$build/ops" "$SCRATCH$libdir" "$SCRATCH$(dirname "$sharedir")"
  cp -R "$libdir/." "$SCRATCH$libdir"
  cp -R "$sharedir" "$SCRATCH$sharedir"
  config=$SCRATCH$config

  clang=$(clang_of "$config")
  make=(make -s -C "$build" -f "$ROOT/extension/Makefile" "PG_CONFIG=$config")
  [ -n "$clang" ] || make+=(with_llvm=no)
  ops=(make -s -C "$build/ops" -f "$ROOT/extension/ops/Makefile" "PG_CONFIG=$config")
  if [ ! -e "$("$config" --includedir-server)/postgres.h" ]; then
    if ! headers=$("$ROOT/scripts/native.sh" --headers "$major"); then
      printf 'skipped: PostgreSQL %s: no headers of the server\n' "$major"
      return
    fi
    # The Makefile reserves PG_CPPFLAGS; code compiled by clang does not use COPT.
    make+=("COPT=-I$headers" "CPPFLAGS=-I$headers -D_GNU_SOURCE")
  fi

  say "PostgreSQL $major: running"
  # Builds in a directory without source files.
  if ! { "${make[@]}" && "${make[@]}" install && "${ops[@]}" install; } >"$log" 2>&1; then
    cat "$log" >&2
    die "PostgreSQL $major: make failed"
  fi
  # A changed header recompiles all files that include it.
  for answer in src/pg_hello.o ${clang:+src/pg_hello.bc}; do
    "${make[@]}" -q "$answer" || die "PostgreSQL $major: $answer is built again for no reason"
    if "${make[@]}" -q -W "$ROOT/extension/src/greeting.h" "$answer"; then
      die "PostgreSQL $major: $answer does not depend on greeting.h"
    fi
  done

  start_server "$(dirname "$("$config" --bindir)")"
  answer=$(psql -X -A -t -c 'SHOW server_version' template1)
  name="PostgreSQL $answer"
  [[ $answer =~ ^${major}[^0-9] ]] || die "asked for PostgreSQL $major, but the server is $answer"
  run_installcheck "$name" "$log" "${make[@]}"
  run_installcheck "$name, pg_hello_ops" "$log" "${ops[@]}"

  if [ -n "$clang" ]; then
    [ -e "$("$config" --pkglibdir)/bitcode/pg_hello/src/pg_hello.bc" ] || die "$name: make install did not install the bitcode"
    # Each statement is compiled, inlined and optimised once. The largest values were tested above.
    for answer in jit=on jit_above_cost=0 jit_inline_above_cost=0 jit_optimize_above_cost=0; do
      psql -X -q -c "ALTER SYSTEM SET ${answer%=*} = ${answer#*=}" postgres
    done
    psql -X -q -A -t -c 'SELECT pg_reload_conf()' postgres >/dev/null
    for _ in {1..600}; do
      answer=$(psql -X -A -t -c 'SHOW jit_optimize_above_cost' postgres)
      [ "$answer" != 0 ] || break
      sleep 0.1
    done
    [ "$(psql -X -A -t -c 'SELECT pg_jit_available()' postgres)" = t ] || die "$name: JIT is not available"
    # Omit tests with thousands of queries, because each query would be compiled.
    run_installcheck "$name, JIT for every query" "$log" "${make[@]}" \
      REGRESS='hello repeat utf8'
  else
    printf 'skipped: %s: no clang for its bitcode, so the tests were not run with JIT\n' "$name"
  fi
  audit "$name" "$major"
  drop_scratch
}

configs=()
for config in /usr/lib/postgresql/*/bin/pg_config; do
  if [ -x "$config" ] && [ -x "$("$config" --bindir)/postgres" ]; then
    configs+=("$config")
  fi
done
[ ${#configs[@]} -gt 0 ] || skip 'the system has no PostgreSQL server'

need make make gcc gcc psql postgresql-client
for config in "${configs[@]}"; do
  [[ $("$config" --version) =~ ^PostgreSQL\ ([0-9]+) ]] || die "cannot determine the version of $config"
  installcheck "$config" "${BASH_REMATCH[1]}"
done
