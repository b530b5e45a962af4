#!/usr/bin/env bash
# Builds the extension's library for each PostgreSQL major.
# SPDX-License-Identifier: MIT
PROGRAM='dev native'
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/debian.sh
. "$(dirname "${BASH_SOURCE[0]}")/debian.sh"

SOURCE=$ROOT/extension
CC=${CC:-gcc}
CC_PACKAGES=(gcc libc6-dev)
# other platforms that libraries can be built for here
OTHERS=()
[ "$(platform)" != linux-amd64 ] || OTHERS=(linux-amd64-musl linux-arm64)

usage() {
  cat <<END
Usage: ./dev native [--check | --platform PLATFORM | --all-platforms] [MAJOR...]
       ./dev native --headers MAJOR
       ./dev native --compile FILE LIBRARY MAJOR
       ./dev native --sanitize
       ./dev native --fuzz [SECONDS]

Builds extension/build/PLATFORM/MAJOR/pg_hello.so for the named majors (by
default ${MAJORS[*]}), and extension/build/SHA256SUMS, the list of all libraries
there. The server's headers come from an installed postgresql-server-dev-MAJOR
(\$PG_CONFIG, pg_config, or where the distributions put it), or else out of
Debian's package, which is only unpacked, into the cache.

  --check       compile strictly against every major whose headers can be had,
                and check that a library is reproducible and what it links to
  --platform    build for another platform:$(printf ' %s' "${OTHERS[@]-none from here}")
  --all-platforms
                build for this machine's platform and those
  --headers     print the folder of that major's headers, fetched if need be
  --compile     compile another C file in the same way, unless the library is newer
  --sanitize    run the regression suite on a server with assertions and sanitizers, and print
                which lines of the extension it reached; the server is built once out of
                Debian's source package, in 3 to 5 minutes
  --fuzz        fuzz the greeting (20 seconds)
END
}

mode=build platforms=('')
case ${1-} in
  --sanitize)
    [ $# = 1 ] || misuse "--sanitize takes nothing else, not: ${*:2}"
    exec "$ROOT/scripts/sanitize.sh"
    ;;
  --fuzz)
    [[ $# -le 2 && ${2-20} =~ ^[1-9][0-9]*$ ]] || misuse "--fuzz takes a number of seconds, not: ${*:2}"
    exec "$ROOT/scripts/fuzz.sh" "${2-20}"
    ;;
  --compile)
    [ $# = 4 ] || misuse "--compile takes a file, a library and a major, not: ${*:2}"
    mode=$1 file=$2 library=$3
    shift 3
    ;;
  --check | --headers)
    mode=$1
    shift
    ;;
  --platform)
    contains "${2-}" "${OTHERS[@]}" || misuse "--platform takes one of:$(printf ' %s' "${OTHERS[@]-none from here}"), not: ${2-}"
    platforms=("$2")
    shift 2
    ;;
  --all-platforms)
    platforms+=("${OTHERS[@]}")
    shift
    ;;
esac
majors=()
for major in "$@"; do
  case $major in
    -h | --help)
      usage
      exit
      ;;
    1[4-9] | [2-9][0-9]) majors+=("$major") ;;
    [0-9] | 1[0-3]) misuse "PostgreSQL 14 is the oldest that the extension supports, not: $major" ;;
    *) misuse "unknown argument $major; see --help" ;;
  esac
done
case $mode in
  build) [ ${#majors[@]} -gt 0 ] || majors=("${MAJORS[@]}") ;;
  # 13 and 19 bracket the majors that no suite has
  --check) [ ${#majors[@]} -gt 0 ] || majors=(13 15 17 18 19) ;;
  *) [ ${#majors[@]} = 1 ] || misuse "$mode takes one major, not: ${majors[*]}" ;;
esac

[ "$(uname -s)" = Linux ] || die 'libraries are built on Linux; use a container or a virtual machine'

compiler() {
  need "$CC" "${CC_PACKAGES[0]}"
  # a compiler does not depend on the C library's headers, it only recommends them
  if [ -z "${compiler_ready-}" ]; then
    printf '#include <stdio.h>\n' | "$CC" -E - >/dev/null 2>&1 || install_packages "${CC_PACKAGES[1]}"
    compiler_ready=1
  fi
}

# use_platform PLATFORM: builds for that one; for this machine's if it is empty.
use_platform() {
  PLATFORM=$1 compiler_ready=''
  case $PLATFORM in
    '') return ;;
    *-musl) CC=musl-gcc CC_PACKAGES=(musl-tools musl-dev) ;;
    linux-arm64) CC=aarch64-linux-gnu-gcc CC_PACKAGES=(gcc-aarch64-linux-gnu libc6-dev-arm64-cross) ;;
  esac
}

# compile MAJOR HEADERS SOURCE ARGUMENT...: with the options that change the code;
# paths are mapped away, so that a library is the same wherever it is built.
compile() {
  local major=$1 headers=$2 source=$3 flags
  shift 3
  # the server is compiled with the first two, and its headers rely on that
  flags=(-std=gnu11 -O2 -fno-strict-aliasing -fwrapv -fPIC
    -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
    "-ffile-prefix-map=$source=." "-ffile-prefix-map=$headers=server"
    "-DPG_HELLO_VERSION=\"$(extension_version)\"" -D_GNU_SOURCE -isystem "$headers")
  # up to 15 the server's headers do not mark what must stay visible
  [ "$major" -lt 16 ] || flags+=(-fvisibility=hidden)
  (cd "$source" && "$CC" "${flags[@]}" "$@")
}

# build MAJOR HEADERS SOURCE LIBRARY [FILE]
build() {
  compile "$1" "$2" "$3" -shared -Wall -Werror=implicit-function-declaration \
    -Wl,-z,relro,-z,now -Wl,--build-id=sha1 -o "$4" "${5:-src/pg_hello.c}"
}

# Libraries of platforms other than this one may lie there as well.
write_sums() {
  local sums=$BUILD/SHA256SUMS
  (cd "$BUILD" && shopt -s nullglob && set -- */*/pg_hello.so && { [ $# = 0 ] || sha256sum "$@"; }) |
    LC_ALL=C sort -k2 >"$sums.tmp"
  if cmp -s "$sums.tmp" "$sums"; then
    rm "$sums.tmp"
  else
    mv "$sums.tmp" "$sums"
  fi
}

# up_to_date LIBRARY
up_to_date() {
  local file
  for file in "$SOURCE"/src/* "$SOURCE/pg_hello.control" "$ROOT/scripts/native.sh"; do
    [ "$1" -nt "$file" ] || return 1
  done
}

build_all() {
  local platform library
  mkdir -p "$BUILD"
  exec 9<"$BUILD"
  flock 9
  # or a jar would have older code for one platform than for another
  for platform in "${OTHERS[@]}"; do
    for library in "$BUILD/$platform"/*/pg_hello.so; do
      if [ -e "$library" ] && ! up_to_date "$library"; then
        rm "$library"
        say "Removed ${library#"$ROOT/"}, which is older than its sources; --platform $platform builds it"
      fi
    done
  done
  for platform in "${platforms[@]}"; do
    use_platform "$platform"
    build_platform
  done
}

build_platform() {
  local major dir library built=() unbuilt=() platform
  platform=$(platform)
  for major in "${majors[@]}"; do
    library=$BUILD/$platform/$major/pg_hello.so
    if up_to_date "$library"; then
      built+=("$major")
      continue
    fi
    compiler
    dir=$(headers "$major") || {
      unbuilt+=("$major")
      continue
    }
    mkdir -p "$(dirname "$library")"
    build "$major" "$dir" "$SOURCE" "$library.tmp" || die "PostgreSQL $major: the compiler failed"
    mv "$library.tmp" "$library"
    built+=("$major")
    say "Built extension/build/$platform/$major/pg_hello.so ($(stat -c %s "$library") bytes)"
  done
  write_sums
  for major in "${unbuilt[@]}"; do
    if [ "$major" = "$DEFAULT_MAJOR" ] || [ ${#built[@]} = 0 ]; then
      die "no library for PostgreSQL $major. Install its headers: sudo apt-get install postgresql-server-dev-$major" \
        "(or the distribution's own package of them), or set PG_CONFIG to its pg_config"
    fi
  done
}

STRICT=(-Wall -Wextra -Werror -Wno-unused-parameter -Wmissing-prototypes -Wdeclaration-after-statement
  -Wshadow=compatible-local -Wvla -Wundef -Wformat-security -Wpointer-arith
  -Werror=implicit-function-declaration)

check_all() {
  local major dir tmp checked=() failed=() names one two
  compiler
  tmp=$(mktemp -d)
  # shellcheck disable=SC2064
  trap "rm -rf '$tmp'" EXIT
  mkdir "$tmp/one" "$tmp/another folder"
  cp -R "$SOURCE/src" "$SOURCE/pg_hello.control" "$tmp/one"
  cp -R "$SOURCE/src" "$SOURCE/pg_hello.control" "$tmp/another folder"
  for major in "${majors[@]}"; do
    dir=$(headers "$major") || continue
    checked+=("$major")
    compile "$major" "$dir" "$SOURCE" -fsyntax-only "${STRICT[@]}" src/pg_hello.c || failed+=("$major: strict")
    compile "$major" "$dir" "$SOURCE" -fsyntax-only "${STRICT[@]}" -DUSE_ASSERT_CHECKING src/pg_hello.c ||
      failed+=("$major: strict, with assertions")
    one=$tmp/one/pg_hello.so two=$tmp/two.so
    if ! build "$major" "$dir" "$tmp/one" "$one" || ! build "$major" "$dir" "$tmp/another folder" "$two"; then
      failed+=("$major: link")
      continue
    fi
    cmp "$one" "$two" >&2 || failed+=("$major: differs from one folder to another")
    names=$(nm -D --undefined-only "$one" | awk '{ sub(/@.*/, "", $NF); print $NF }')
    ! grep -Ex 'strlcpy|strlcat' <<<"$names" >&2 || failed+=("$major: a function that older C libraries lack")
    names=$(readelf -d "$one" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p')
    [ "$names" = libc.so.6 ] || failed+=("$major: linked with ${names//$'\n'/, }")
  done
  [ ${#failed[@]} = 0 ] || die "failed: $(printf '%s; ' "${failed[@]}")"
  [ ${#checked[@]} -gt 0 ] || die 'no headers of any major; install postgresql-server-dev-'"$DEFAULT_MAJOR"
  say "Strict, reproducible and linked with libc only: PostgreSQL ${checked[*]}"
}

# compile_one MAJOR FILE LIBRARY
compile_one() {
  local dir
  if [ "$3" -nt "$2" ] && [ "$3" -nt "$ROOT/scripts/native.sh" ]; then
    return
  fi
  compiler
  dir=$(headers "$1") || die "no headers of PostgreSQL $1"
  mkdir -p "$(dirname "$3")"
  build "$1" "$dir" "$(dirname "$2")" "$3.tmp" "$(basename "$2")" || die "PostgreSQL $1: the compiler failed"
  mv "$3.tmp" "$3"
}

case $mode in
  build) build_all ;;
  --check) check_all ;;
  --compile) compile_one "${majors[0]}" "$file" "$library" ;;
  --headers) headers "${majors[0]}" && echo ;;
esac
