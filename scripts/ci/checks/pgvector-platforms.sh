#!/usr/bin/env bash
# A step of ./dev test --long: builds pgvector from Debian's source package for other platforms, with its own Makefile, and runs its
# regression tests on servers for these platforms; see regress.sh. Its tests in Perl do not run, because they start servers. With a
# library that differs in one letter, a test must fail.
# Usage: pgvector-platforms.sh SCRATCH [PLATFORM/MAJOR...]
# SPDX-License-Identifier: MIT
PROGRAM=pgvector-platforms.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../lib.sh"
# shellcheck source=scripts/debian.sh
. "$ROOT/scripts/debian.sh"
# shellcheck source=scripts/platforms.sh
. "$ROOT/scripts/platforms.sh"

mkdir -p "$1"
SCRATCH_TREES=$(realpath "$1")
shift
[ $# != 0 ] || set -- linux-arm64/17 linux-amd64-musl/17 darwin-arm64/17 darwin-amd64/17 windows-amd64/15 windows-amd64/17 windows-amd64/18
SOURCE=$SCRATCH_TREES/source

# fetch_source: unpacks the source of the newest suite that has it.
fetch_source() {
  local suite
  for suite in forky trixie; do
    rm -rf "$SCRATCH_TREES/download"
    if debian_download deb-src "$suite" pgvector "$SCRATCH_TREES/download" 2>>"$SCRATCH_TREES/messages"; then
      mkdir "$SOURCE"
      tar -xf "$SCRATCH_TREES"/download/*.orig.tar.* -C "$SOURCE" --strip-components=1
      # The changes for PostgreSQL 18 that pgvector 0.8.1 has: a new argument, and a structure with other members.
      grep -rqF 'vacuum_delay_point(false)' "$SOURCE/src" ||
        sed -i '/#include "commands\/vacuum.h"/a #if PG_VERSION_NUM >= 180000\n#define vacuum_delay_point() vacuum_delay_point(false)\n#endif' \
          "$SOURCE"/src/{hnsw,ivf}vacuum.c
      sed -i 's/buildstate->tupdesc->attrs\[0\]\.atttypid/TupleDescAttr(buildstate->tupdesc, 0)->atttypid/' "$SOURCE/src/ivfbuild.c"
      return
    fi
  done
  cat "$SCRATCH_TREES/messages" >&2
  return 1
}

# build_vector PLATFORM MAJOR TREE: builds the library, in a copy of the source. Prints its path.
build_vector() {
  local PLATFORM=$1 major=$2 tree=$3 program='' config server library
  cp -R "$SOURCE" "$tree"
  case $PLATFORM in
    darwin-*) program=bin/postgres ;;
    windows-*) program=bin/postgres.exe ;;
  esac
  if [ -n "$program" ]; then
    server=$(embedded_tree "$major")
    program=$server/$program
  fi
  config=$(platform_config "$major" "$PLATFORM" "$program")
  # The option of the Makefile is for this machine's processor.
  make -C "$tree" -j2 PG_CONFIG="$config" with_llvm=no OPTFLAGS= all >"$tree/build.log" 2>&1 || {
    tail -n 20 "$tree/build.log" >&2
    die "pgvector cannot be built for PostgreSQL $major on $PLATFORM"
  }
  library=$tree/vector$(library_suffix "$PLATFORM" "$major")
  [ "$library" = "$tree/vector.so" ] || mv "$tree/vector.so" "$library"
  printf '%s' "$library"
}

# fails PLATFORM MAJOR SOURCE LIBRARY EXPECTED: the tests must fail with a wrong library, for the expected reason.
fails() {
  if "$ROOT/scripts/regress.sh" --platform "$1" --extension "$3" "$4" "$2" >"$SCRATCH_TREES/wrong.log" 2>&1; then
    die "the tests pass on $1 with a wrong library: $4"
  fi
  grep -qF -- "$5" "$SCRATCH_TREES/wrong.log" || {
    cat "$SCRATCH_TREES/wrong.log"
    die "the tests fail on $1 with a wrong library, but without the reason '$5'"
  }
  echo "$1/$2: the tests fail with a wrong library: $5"
}

need make make psql postgresql-client
fetch_source || {
  say "skipped: the source of pgvector is unavailable"
  exit 77
}
# one test, for wrong libraries
ONE=$SCRATCH_TREES/one
mkdir -p "$ONE/sql" "$ONE"/test/{sql,expected}
cp "$SOURCE/test/sql/vector_type.sql" "$ONE/test/sql"
cp "$SOURCE/test/expected/vector_type.out" "$ONE/test/expected"
cp "$SOURCE/vector.control" "$ONE"

declare -A BUILT=()
failed=()
for target in "$@"; do
  platform=${target%/*} major=${target#*/}
  # also installs the compilers
  "$ROOT/scripts/native.sh" --platform "$platform" "$major"
  tree=$SCRATCH_TREES/$platform-$major
  library=$(build_vector "$platform" "$major" "$tree")
  BUILT[$target]=$library
  "$ROOT/scripts/regress.sh" --platform "$platform" --extension "$tree" "$library" "$major" || failed+=("$target")

  cp "$tree"/sql/vector--*.sql "$ONE/sql"
  mkdir "$tree/wrong"
  wrong=$tree/wrong/${library##*/}
  LC_ALL=C sed 's/different vector dimensions/different vector dimensionz/' "$library" >"$wrong"
  ! cmp -s "$library" "$wrong" || die "$wrong is not changed"
  fails "$platform" "$major" "$ONE" "$wrong" '+ERROR:  different vector dimensionz'
done
# libraries for another major or another processor
[ -z "${BUILT[windows-amd64/17]-}" ] || [ -z "${BUILT[windows-amd64/18]-}" ] ||
  fails windows-amd64 18 "$ONE" "${BUILT[windows-amd64/17]}" 'incompatible library'
[ -z "${BUILT[darwin-arm64/17]-}" ] || [ -z "${BUILT[darwin-amd64/17]-}" ] ||
  fails darwin-arm64 17 "$ONE" "${BUILT[darwin-amd64/17]}" 'is not for arm64'
[ ${#failed[@]} = 0 ] || die "tests of pgvector failed: ${failed[*]}"
echo "the tests of pgvector $(sed -n "s/^default_version = '\(.*\)'/\1/p" "$SOURCE/vector.control") pass: $*"
