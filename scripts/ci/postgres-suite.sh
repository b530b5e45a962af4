#!/usr/bin/env bash
# Runs PostgreSQL's regression and isolation tests, from Debian's source package, on a copy of the system's server: unchanged,
# and with pg_hello in every session. Both results must be equal.
# SPDX-License-Identifier: MIT
PROGRAM=postgres-suite.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
# shellcheck source=scripts/debian.sh
. "$ROOT/scripts/debian.sh"

MAJOR=15
CONFIG=/usr/lib/postgresql/$MAJOR/bin/pg_config

skip() {
  printf 'skipped: %s\n' "$*"
  exit 77
}

# copy_server: copies the system's server. A server locates its files relative to its program, so the copy is independent.
copy_server() {
  local libdir sharedir
  libdir=$(dirname "$("$CONFIG" --pkglibdir)") sharedir=$("$CONFIG" --sharedir)
  mkdir -p "$SCRATCH$libdir" "$SCRATCH$(dirname "$sharedir")"
  cp -R "$libdir/." "$SCRATCH$libdir"
  cp -R "$sharedir" "$SCRATCH$sharedir"
  cp "$ROOT"/extension/*.control "$ROOT"/extension/sql/*--*.sql "$SCRATCH$sharedir/extension/"
  cp "$(library "$MAJOR")" "$SCRATCH$("$CONFIG" --pkglibdir)/pg_hello.so"
}

# run NAME LOADED [OPTION...]: runs both suites on a new server, with or without the library in its sessions. Writes the results
# to SCRATCH/NAME.outcome and the differences to SCRATCH/NAME.diffs.
run() {
  local name=$1 suite folder
  start_server "$SCRATCH$(dirname "$(dirname "$CONFIG")")" -c max_connections=100 "${@:3}"
  [ "$(psql -X -A -t -c "SELECT count(*) FROM pg_settings WHERE name = 'pg_hello.repeat'" postgres)" = "$2" ] ||
    die "$name: the library is loaded unexpectedly, or is not loaded"
  : >"$SCRATCH/$name.diffs"
  for suite in regress isolation; do
    folder=$SCRATCH/source/src/test/$suite
    # Failures are compared below. A crash of the server would fail all following tests.
    make -s -C "$folder" installcheck EXTRA_REGRESS_OPTS="--bindir=$SCRATCH$("$CONFIG" --bindir)" >"$SCRATCH/$name.$suite.log" 2>&1 || true
    find "$folder" -name regression.diffs -exec cat {} + >>"$SCRATCH/$name.diffs"
    find "$folder" -name 'regression.*' -delete
  done
  # The outcome must not contain durations.
  cat "$SCRATCH/$name".{regress,isolation}.log | grep -oE '^( +|test +|parallel group.*)?[a-zA-Z0-9_.-]+ +\.\.\. +(ok|FAILED|failed)' | tr -s ' ' | sort >"$SCRATCH/$name.outcome"
  ! grep -E 'terminated by signal|PANIC' "$SCRATCH/data.log" || die "$name: the server has crashed"
  server_user "$RUNNING/bin/pg_ctl" -D "$SCRATCH/data" -m fast -w stop >/dev/null
  mv "$SCRATCH/data.log" "$SCRATCH/$name.log"
  rm -rf "$SCRATCH/data"
  RUNNING=
}

if [ ! -x "$CONFIG" ] || [ ! -x "$("$CONFIG" --bindir)/postgres" ]; then
  skip "the system has no server of PostgreSQL $MAJOR"
fi
need make make gcc gcc psql postgresql-client bzip2 bzip2 perl perl
"$ROOT/scripts/native.sh" "$MAJOR" >/dev/null
new_scratch
debian_download deb-src "${HEADER_SUITE[$MAJOR]}" "postgresql-$MAJOR" "$SCRATCH/download" || skip "the source of PostgreSQL $MAJOR cannot be downloaded"
mkdir "$SCRATCH/source"
tar -xf "$SCRATCH"/download/*.orig.tar.* -C "$SCRATCH/source" --strip-components=1
say "Building the tests of $("$CONFIG" --version) (a minute)"
(
  cd "$SCRATCH/source"
  ./configure --without-readline --without-zlib
  make -s -j2 -C src/test/regress all
  make -s -j2 -C src/test/isolation all
) >"$SCRATCH/build.log" 2>&1 || {
  tail -n 20 "$SCRATCH/build.log" >&2
  die 'the tests could not be built'
}
copy_server
say 'Running the tests without pg_hello'
run without 0
say 'Running the tests with pg_hello in every session'
run with 1 -c session_preload_libraries=pg_hello
count=$(grep -cw ok "$SCRATCH/without.outcome") || true
[ "$count" -ge 280 ] || die "only $count tests have passed without pg_hello: $(head -n 40 "$SCRATCH/without.diffs")"
diff "$SCRATCH/without.outcome" "$SCRATCH/with.outcome" || die "pg_hello changes the results: $(head -n 100 "$SCRATCH/with.diffs")"
printf "%d of PostgreSQL's own tests pass both with pg_hello in every session and without it" "$count"
printf ', and %d fail in both\n' "$(grep -cvw ok "$SCRATCH/with.outcome" || true)"
