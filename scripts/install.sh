#!/usr/bin/env bash
# ./dev install: the libraries of all majors and the artifacts that users depend on, without tests.
# SPDX-License-Identifier: MIT
PROGRAM='dev install'
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

PUBLISHED=(pg-hello-bom extension pg-hello-testkit pg-hello-core pg-hello-hibernate pg-hello-jooq)

usage() {
  cat <<TEXT
Usage: ./dev install

Builds the extension's libraries for PostgreSQL ${MAJORS[*]}, and installs the artifacts of
io.pghello into the local Maven repository. No test is run. It takes some seconds once Maven has
fetched what it needs, and a minute or two the first time.

A major whose server headers cannot be had is left out; the last line says which are in.
TEXT
}

case ${1-} in
  '') ;;
  -h | --help)
    usage
    exit
    ;;
  *) die "install takes nothing else, not: $*" ;;
esac

"$ROOT/scripts/native.sh"
say "Building and installing ${#PUBLISHED[@]} artifacts (a minute the first time, when Maven fetches what it needs)"
maven -q -B -ntp -f "$ROOT/pom.xml" -pl ".,$(
  IFS=,
  printf '%s' "${PUBLISHED[*]}"
)" -Dmaven.test.skip=true -Dmaven.javadoc.skip=true -Dspotless.check.skip=true install
printf 'Installed io.pghello %s into the local Maven repository, with libraries for %s\n' \
  "$(sed -n 's:^  <version>\(.*\)</version>$:\1:p' "$ROOT/pg-hello-bom/pom.xml")" \
  "$(sed -n 's:.* \(.*\)/pg_hello.so$:\1:p' "$BUILD/SHA256SUMS" | paste -sd ' ')"
