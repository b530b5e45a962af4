#!/usr/bin/env bash
# make, make install and make installcheck with a copy of the system's own PostgreSQL, as an
# administrator runs them, from a folder that is not the source's; and the tests once more with JIT
# for every query, where there is the clang that the server's bitcode was made with.
# SPDX-License-Identifier: MIT
PROGRAM=installcheck.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

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
    if [ -e "$SCRATCH/build/regression.diffs" ]; then
      cat "$SCRATCH/build/regression.diffs"
    fi
    die "$name: make installcheck failed"
  fi
  printf '%s: make installcheck passed (%d s)\n' "$name" $((SECONDS - started))
}

# clang_of PG_CONFIG: the clang that makes bitcode for this server, if it compiles with JIT and can be had.
clang_of() {
  local global clang
  global=$(dirname "$("$1" --pgxs)")/../Makefile.global
  [ -e "$("$1" --pkglibdir)/llvmjit.so" ] && grep -q '^with_llvm[[:space:]]*= yes' "$global" || return 0
  clang=$(sed -n 's/^CLANG *= *//p' "$global")
  if (need "$clang" "$(basename "$clang")") >&2; then
    printf '%s' "$clang"
  fi
}

# installcheck PG_CONFIG MAJOR
installcheck() {
  local config=$1 major=$2 headers='' build log name clang libdir sharedir make answer
  new_scratch
  build=$SCRATCH/build log=$SCRATCH/log
  # a server finds its files beside its program, so a copy is a server of its own
  libdir=$(dirname "$("$config" --pkglibdir)") sharedir=$("$config" --sharedir)
  mkdir -p "$build" "$SCRATCH$libdir" "$SCRATCH$(dirname "$sharedir")"
  cp -R "$libdir/." "$SCRATCH$libdir"
  cp -R "$sharedir" "$SCRATCH$sharedir"
  config=$SCRATCH$config

  clang=$(clang_of "$config")
  make=(make -s -C "$build" -f "$ROOT/extension/Makefile" "PG_CONFIG=$config")
  [ -n "$clang" ] || make+=(with_llvm=no)
  if [ ! -e "$("$config" --includedir-server)/postgres.h" ]; then
    if ! headers=$("$ROOT/scripts/native.sh" --headers "$major"); then
      printf 'skipped: PostgreSQL %s: no headers of the server\n' "$major"
      return
    fi
    # PG_CPPFLAGS is the Makefile's own; what is compiled by clang takes no COPT
    make+=("COPT=-I$headers" "CPPFLAGS=-I$headers -D_GNU_SOURCE")
  fi

  say "PostgreSQL $major: running"
  # from a build folder that has nothing of the source
  if ! { "${make[@]}" && "${make[@]}" install; } >"$log" 2>&1; then
    cat "$log" >&2
    die "PostgreSQL $major: make failed"
  fi
  # a changed header makes everything again that was compiled with it
  for answer in src/pg_hello.o ${clang:+src/pg_hello.bc}; do
    "${make[@]}" -q "$answer" || die "PostgreSQL $major: $answer is made again for no reason"
    if "${make[@]}" -q -W "$ROOT/extension/src/greeting.h" "$answer"; then
      die "PostgreSQL $major: $answer does not depend on greeting.h"
    fi
  done

  start_server "$(dirname "$("$config" --bindir)")"
  answer=$(psql -X -A -t -c 'SHOW server_version' template1)
  name="PostgreSQL $answer"
  [[ $answer =~ ^${major}[^0-9] ]] || die "asked for PostgreSQL $major, but the server is $answer"
  run_installcheck "$name" "$log" "${make[@]}"

  if [ -n "$clang" ]; then
    [ -e "$("$config" --pkglibdir)/bitcode/pg_hello/src/pg_hello.bc" ] || die "$name: make install left no bitcode"
    # compiled once for each statement, inlined, optimised; the largest values have been tried above
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
    # not those that run thousands of queries, each of which would be compiled
    run_installcheck "$name, JIT for every query" "$log" "${make[@]}" \
      REGRESS='hello repeat utf8'
  else
    printf 'skipped: %s: no clang for its bitcode, so the tests were not run with JIT\n' "$name"
  fi
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
  [[ $("$config" --version) =~ ^PostgreSQL\ ([0-9]+) ]] || die "cannot tell the version of $config"
  installcheck "$config" "${BASH_REMATCH[1]}"
done
