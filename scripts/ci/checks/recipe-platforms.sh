#!/usr/bin/env bash
# A step of ./dev test --long: builds recipes' libraries for other platforms from Debian's source packages, with recipes.sh, and runs the
# regression tests of the extensions on servers for these platforms; see regress.sh. Tests in Perl do not run, because they start
# servers. With a library that differs in one letter, a test must fail. If there is no source of a recipe's version, pgvector is built
# from the source of another version, which tests the compilers.
# Usage: recipe-platforms.sh SCRATCH [RECIPE/PLATFORM/MAJOR...]
# SPDX-License-Identifier: MIT
PROGRAM='recipe-platforms.sh'
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../lib.sh"
# shellcheck source=scripts/debian.sh
. "$ROOT/scripts/debian.sh"
# shellcheck source=scripts/platforms.sh
. "$ROOT/scripts/platforms.sh"
# shellcheck source=scripts/cross.sh
. "$ROOT/scripts/cross.sh"

mkdir -p "$1"
WORK=$(realpath "$1")
shift
if [ $# = 0 ]; then
  set -- pgvector/{linux-arm64/17,linux-amd64-musl/17,darwin-arm64/17,darwin-amd64/17,windows-amd64/15,windows-amd64/17,windows-amd64/18}
  # the others on one major
  set -- "$@" {hll,hypopg,ip4r,orafce,pg_rational,plpgsql_check,prefix,semver,tdigest}/{linux-amd64-musl,darwin-arm64,darwin-amd64,windows-amd64}/17 \
    {pgaudit,rum}/{linux-amd64-musl,darwin-arm64,darwin-amd64,windows-amd64}/18
fi

# build_recipes MAJOR TARGET...: creates the contents of the recipes' jars for this major, in a copy of the tree.
build_recipes() {
  local major=$1 target words=()
  shift
  rm -rf "$WORK/tree/any-extension/recipes"/*/build
  for target in "$@"; do
    # Debian's package has the library for linux-arm64
    [[ ${target#*/} != */$major || $target = */linux-arm64/* ]] || words+=("${target%%/*}" "$(cut -d/ -f2 <<<"$target")")
  done
  [ ${#words[@]} != 0 ] || return 0
  mapfile -t words < <(printf '%s\n' "${words[@]}" | sort -u)
  # if a build fails, its library is missing below
  "$WORK/tree/scripts/recipes.sh" "$major" "${words[@]}" || true
}

# find_source NAME MAJOR TO: unpacks the source of the recipe's version for this major. Fails if it is unavailable.
find_source() {
  local package folder file
  file=$(sed -n "s/^Source: \([^ ]*\) Version: [^ ]* Major: $2 File: \([^ ]*\) .*/\1 \2/p" \
    "$WORK/tree/any-extension/recipes/$1/build"/*/PACKAGES 2>/dev/null) || return
  [ -n "$file" ] || return 1
  package=${file% *} file=${file#* }
  folder=$("$ROOT/scripts/packages.sh" --source "$2" "$package")
  unpack_source "$folder/$package/$file" "$3"
}

# other_source TO: unpacks the source of the newest available pgvector, and makes it compatible with PostgreSQL 18.
other_source() {
  local major folder file
  for major in 18 17; do
    folder=$("$ROOT/scripts/packages.sh" --source "$major" pgvector)
    file=$(compgen -G "$folder/pgvector/*.dsc") || continue
    unpack_source "$file" "$1" || return
    # The changes for PostgreSQL 18 that pgvector 0.8.1 has: a new argument, and a structure with other members.
    grep -rqF 'vacuum_delay_point(false)' "$1/src" ||
      sed -i '/#include "commands\/vacuum.h"/a #if PG_VERSION_NUM >= 180000\n#define vacuum_delay_point() vacuum_delay_point(false)\n#endif' \
        "$1"/src/{hnsw,ivf}vacuum.c
    sed -i 's/buildstate->tupdesc->attrs\[0\]\.atttypid/TupleDescAttr(buildstate->tupdesc, 0)->atttypid/' "$1/src/ivfbuild.c"
    return
  done
  return 1
}

# prepare NAME PLATFORM MAJOR TREE: creates TREE/source with the tests, TREE/share with the files for the server, and sets LIBRARY.
# Fails if there is no source.
prepare() {
  local extension packed
  extension=$(property "$1" extension)
  packed=$WORK/tree/any-extension/recipes/$1/build/$extension
  mkdir -p "$4"
  LIBRARY=$(compgen -G "$packed/$2/$3/*" | sed -n 1p) || true
  if [ -n "$LIBRARY" ] && [ "$2" != linux-arm64 ] && find_source "$1" "$3" "$4/source"; then
    cp -R "$packed/share/$3" "$4/share"
    cp "$LIBRARY" "$4"
    LIBRARY=$4/${LIBRARY##*/}
  elif [ "$1" = pgvector ] && other_source "$4/original"; then
    build_source "$2" "$3" "$4/original" "$4/source" || {
      tail -n 20 "$4/source/build.log" >&2
      die "pgvector cannot be built for PostgreSQL $3 on $2"
    }
    LIBRARY=$(built_library "$2" "$3" "$4/source" vector)
    mkdir -p "$4/share/extension"
    cp "$4/source"/*.control "$4/source"/sql/*--*.sql "$4/share/extension"
  else
    return 1
  fi
  cp "$ROOT/any-extension/recipes/$1/extension.properties" "$4/source" 2>/dev/null || true
}

# regress PLATFORM MAJOR TREE LIBRARY [TEST...]
regress() {
  "$ROOT/scripts/regress.sh" --platform "$1" --extension "$3/source" "$3/share" "$4" "$2" "${@:5}"
}

# fails PLATFORM MAJOR TREE LIBRARY EXPECTED [TEST...]: the tests must fail with a wrong library, for the expected reason.
fails() {
  if regress "$1" "$2" "$3" "$4" "${@:6}" >"$WORK/wrong.log" 2>&1; then
    die "the tests pass on $1 with a wrong library: $4"
  fi
  grep -qE -- "$5" "$WORK/wrong.log" || {
    cat "$WORK/wrong.log"
    die "the tests fail on $1 with a wrong library, but without the reason '$5'"
  }
  echo "$1/$2: the tests fail with a wrong library: $5"
}

# change_letter TREE LIBRARY MAJOR: writes a copy of the library with another letter in a message that a test compares, or, if there is
# no such message, with another separator in a format. Sets WRONG to the copy, REASON to a regular expression for the failure, and TESTS
# to the tests to run: the first, which may create the extension, and the one with the message. Fails if nothing can be changed.
change_letter() {
  local phrase wrong='' test tests
  read -ra tests < <(makefile_variable "$1/source" "$3" REGRESS)
  REASON='' TESTS=("${tests[@]}")
  for test in "${tests[@]}"; do
    while IFS= read -r phrase; do
      grep -aqF -- "$phrase" "$2" || continue
      wrong=${phrase%?}$([ "${phrase: -1}" = x ] && echo y || echo x)
      REASON="^\\+.*(ERROR|NOTICE|WARNING|INFO|DETAIL|HINT): .*$wrong"
      TESTS=("${tests[0]}")
      [ "$test" = "${tests[0]}" ] || TESTS+=("$test")
      break 2
    done < <(find "$1/source" -path "*expected/$test.out" -exec sed -nE 's/^(.*:)?(ERROR|NOTICE|WARNING|INFO|DETAIL|HINT):  //p' {} + |
      grep -oE '[a-z ]{12,}[a-z]' | sort -u)
  done
  if [ -z "$REASON" ]; then
    phrase=$(grep -aoE '%[cds][.:/-]%[cds]' "$2" | sed -n 1p)
    [ -n "$phrase" ] || return 1
    wrong=${phrase//[.:\/-]/_} REASON='^\+[^+]'
  fi
  mkdir -p "$1/wrong"
  WRONG=$1/wrong/${2##*/}
  LC_ALL=C sed "s|${phrase//./[.]}|$wrong|g" "$2" >"$WRONG"
  ! cmp -s "$2" "$WRONG" || die "$WRONG is not changed"
}

need make make psql postgresql-client
copy_tree "$WORK/tree"
mapfile -t targets < <(printf '%s\n' "$@" | sort -t / -k 3,3 -s)

declare -A BUILT=()
passed=() failed=() before=''
for target in "${targets[@]}"; do
  IFS=/ read -r name platform major <<<"$target"
  [ "$major" = "$before" ] || build_recipes "$major" "$@"
  before=$major
  tree=$WORK/$name-$platform-$major
  if ! prepare "$name" "$platform" "$major" "$tree"; then
    reason=$(sed -n "s:^$platform/$major ::p" "$WORK/tree/any-extension/recipes/$name/build"/*/NOT_BUILT 2>/dev/null) || true
    if [ "$reason" = 'the build failed' ]; then
      failed+=("$target: $reason")
      continue
    fi
    say "skipped: there is no library of $name for $platform/$major: ${reason:-unknown reason}"
    continue
  fi
  BUILT[$target]=$LIBRARY
  if regress "$platform" "$major" "$tree" "$LIBRARY"; then
    passed+=("$target")
  else
    failed+=("$target")
  fi
  if change_letter "$tree" "$LIBRARY" "$major"; then
    fails "$platform" "$major" "$tree" "$WRONG" "$REASON" "${TESTS[@]}"
  else
    failed+=("$target: no test compares a message of the library")
  fi
done
# libraries for another major or another processor
[ -z "${BUILT[pgvector/windows-amd64/17]-}" ] || [ -z "${BUILT[pgvector/windows-amd64/18]-}" ] ||
  fails windows-amd64 18 "$WORK/pgvector-windows-amd64-18" "${BUILT[pgvector/windows-amd64/17]}" 'incompatible library' vector_type
[ -z "${BUILT[pgvector/darwin-arm64/17]-}" ] || [ -z "${BUILT[pgvector/darwin-amd64/17]-}" ] ||
  fails darwin-arm64 17 "$WORK/pgvector-darwin-arm64-17" "${BUILT[pgvector/darwin-amd64/17]}" 'is not for arm64' vector_type
[ ${#failed[@]} = 0 ] || die "tests failed: $(printf '%s; ' "${failed[@]}")"
[ ${#passed[@]} != 0 ] || {
  say 'skipped: no source is available'
  exit 77
}
echo "the tests of these recipes pass: ${passed[*]}"
