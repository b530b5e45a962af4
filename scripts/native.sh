#!/usr/bin/env bash
# Builds the extension's library for each PostgreSQL major.
# SPDX-License-Identifier: MIT
PROGRAM='dev native'
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/debian.sh
. "$(dirname "${BASH_SOURCE[0]}")/debian.sh"
# shellcheck source=scripts/platforms.sh
. "$(dirname "${BASH_SOURCE[0]}")/platforms.sh"
# shellcheck source=scripts/cross.sh
. "$(dirname "${BASH_SOURCE[0]}")/cross.sh"

SOURCE=$ROOT/extension
CC=${CC:-gcc}
# the other platforms for which this machine can build libraries
OTHERS=()
[ "$(platform)" != linux-amd64 ] || OTHERS=("${PLATFORMS[@]:1}")

usage() {
  cat <<END
Usage: ./dev native [--check] [--platform PLATFORM | --all-platforms] [MAJOR...]
       ./dev native --headers MAJOR
       ./dev native --compile FILE LIBRARY [--platform PLATFORM] MAJOR
       ./dev native --sanitize
       ./dev native --fuzz [SECONDS]

Builds extension/build/PLATFORM/MAJOR/pg_hello.so (.dylib on macOS from 16 on,
.dll on Windows) for the named majors (by default those of ${MAJORS[*]} with a
server for the platform), and extension/build/SHA256SUMS with the hashes of all
libraries there. Uses the server's headers from an installed postgresql-server-dev-MAJOR (found with \$PG_CONFIG, with
pg_config, or in the distributions' directories). If none is installed, Debian's
package is unpacked into the cache, but not installed.

  --check       compile strictly, build in two directories, and compare the libraries and
                their dependencies; for this platform, with every major whose headers
                are available
  --platform    build for another platform:
$(printf '                %s\n' "${OTHERS[@]-none on this machine}")
                Libraries for macOS and Windows are linked with the server that loads
                them, and checked against it: the first build fetches 340 MB
  --all-platforms
                build for this machine's platform and all other platforms listed above
  --headers     print the directory of the major's headers; fetch them if necessary
  --compile     compile another C file in the same way, unless the library is newer
  --sanitize    run the regression suite on a server with assertions and sanitizers, and print
                which lines of the extension it reached; the server is built once from
                Debian's source package, in 3 to 5 minutes
  --fuzz        fuzz the greeting (20 seconds)
END
}

# takes_platform ARGUMENT...: sets platforms to the platforms of --platform or --all-platforms, and platform_words to the number of
# words of this option.
takes_platform() {
  platforms=('') platform_words=0
  case ${1-} in
    --platform)
      contains "${2-}" "${OTHERS[@]}" ||
        misuse "--platform accepts one of:$(printf ' %s' "${OTHERS[@]-none on this machine}"), but got: ${2-}$(suggestion "${2-}" "${OTHERS[@]-none}")"
      platforms=("$2") platform_words=2
      ;;
    --all-platforms) platforms=('' "${OTHERS[@]}") platform_words=1 ;;
  esac
}

mode=build
case ${1-} in
  --sanitize)
    [ $# = 1 ] || misuse "--sanitize accepts no further arguments, but got: ${*:2}"
    exec "$ROOT/scripts/sanitize.sh"
    ;;
  --fuzz)
    [[ $# -le 2 && ${2-20} =~ ^[1-9][0-9]*$ ]] || misuse "--fuzz accepts a number of seconds, but got: ${*:2}"
    exec "$ROOT/scripts/fuzz.sh" "${2-20}"
    ;;
  --compile)
    [ $# -ge 4 ] || misuse "--compile needs a file, a library and a major, but got: ${*:2}"
    mode=$1 file=$2 library=$3
    shift 3
    ;;
  --check | --headers)
    mode=$1
    shift
    ;;
esac
case $mode in
  build | --check | --compile)
    takes_platform "$@"
    shift "$platform_words"
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
    [0-9] | 1[0-3]) misuse "PostgreSQL 14 is the oldest version that the extension supports, but got: $major" ;;
    *) misuse "unknown argument $major; see --help" ;;
  esac
done
case $mode in
  build | --check) ;;
  *) [ ${#majors[@]} = 1 ] || misuse "$mode accepts one major, but got: ${majors[*]}" ;;
esac

[ "$(uname -s)" = Linux ] || die 'libraries are built on Linux; use a container or a virtual machine'

# compiler: installs the compiler for PLATFORM if it is missing.
compiler() {
  [ -n "${compiler_ready-}" ] || install_compiler "$PLATFORM"
  compiler_ready=1
}

# use_platform PLATFORM: makes the following builds use this platform, or this machine's platform if it is empty.
use_platform() {
  PLATFORM=$1 compiler_ready=''
}

# target MAJOR HEADERS: sets TARGET to the compiler for PLATFORM and its options.
target() {
  local found
  case $PLATFORM in
    darwin-*)
      found=$(darwin_flags "$PLATFORM" "$1") || return
      mapfile -t TARGET <<<"$found"
      TARGET=(clang-19 "${TARGET[@]}" -fstack-protector-strong)
      return
      ;;
    windows-*)
      found=$(windows_exports "$1") || return
      TARGET=(env "PG_WINDOWS_HEADERS=$2" "PG_WINDOWS_EXPORTS=$found" bash "$PLATFORM_FILES/windows-gcc.sh")
      return
      ;;
    linux-arm64 | *-musl)
      found=$(linux_compiler "$PLATFORM") || return
      mapfile -t TARGET <<<"$found"
      ;;
    *) TARGET=("$CC") ;;
  esac
  TARGET+=(-fPIC -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -D_GNU_SOURCE)
}

# compile MAJOR HEADERS SOURCE ARGUMENT...: runs the compiler with all options that affect the code. Paths are mapped, so that the
# library does not depend on the directory of the build.
compile() {
  local major=$1 headers=$2 source=$3 flags TARGET
  shift 3
  target "$major" "$headers" || return
  # the server is compiled with -fno-strict-aliasing and -fwrapv, and its headers rely on them
  flags=(-std=gnu11 -O2 -fno-strict-aliasing -fwrapv
    "-ffile-prefix-map=$source=." "-ffile-prefix-map=$headers=server"
    "-DPG_HELLO_VERSION=\"$(extension_version)\"" -isystem "$headers")
  # up to 15, the server's headers do not mark the symbols that must stay visible
  [ "$major" -lt 16 ] || flags+=(-fvisibility=hidden)
  (cd "$source" && "${TARGET[@]}" "${flags[@]}" "$@")
}

# build MAJOR HEADERS SOURCE LIBRARY [FILE]: builds a library from a source file. Libraries for macOS and Windows contain their
# own file name.
build() {
  local options=(-Wall -Werror=implicit-function-declaration) file=${5:-src/pg_hello.c} tree output
  case $PLATFORM in
    darwin-*)
      tree=$(embedded_tree "$1") || return
      # the linker replaces each % in the path of its output
      output=$(realpath -m --relative-to="$3" "$4") || return
      compile "$1" "$2" "$3" "${options[@]}" -bundle -bundle_loader "$tree/bin/postgres" -Wl,-adhoc_codesign -o "$output" "$file"
      ;;
    windows-*)
      compile "$1" "$2" "$3" "${options[@]}" -c -o "$4.o" "$file" && compile "$1" "$2" "$3" -o "$4" "$4.o" && rm "$4.o"
      ;;
    *)
      compile "$1" "$2" "$3" -shared "${options[@]}" -Wl,-z,relro,-z,now -Wl,--build-id=sha1 -o "$4" "$file"
      ;;
  esac
}

# The directory may also contain libraries for other platforms.
write_sums() {
  local sums=$BUILD/SHA256SUMS
  (cd "$BUILD" && shopt -s nullglob && set -- */*/pg_hello.{so,dylib,dll} && { [ $# = 0 ] || sha256sum "$@"; }) |
    LC_ALL=C sort -k2 >"$sums.tmp"
  if cmp -s "$sums.tmp" "$sums"; then
    rm "$sums.tmp"
  else
    mv "$sums.tmp" "$sums"
  fi
}

# up_to_date LIBRARY
up_to_date() {
  local file platform_sources=()
  # an interrupted copy
  [ -s "$1" ] || return 1
  case $1 in
    */darwin-* | */windows-*) platform_sources=("$ROOT/scripts/platforms.sh" "$PLATFORM_FILES"/{darwin,windows}*) ;;
  esac
  for file in "$SOURCE"/src/* "$SOURCE/pg_hello.control" "$ROOT/scripts/native.sh" "${platform_sources[@]}"; do
    [ "$1" -nt "$file" ] || return 1
  done
}

# choose_majors: sets wanted to the majors to build or check for PLATFORM.
choose_majors() {
  local major
  wanted=("${majors[@]}")
  if [ ${#majors[@]} = 0 ]; then
    read -ra wanted < <(majors_for "$(platform)" && echo)
    # A library that was built because its major was named must not become older than the others.
    for major in "${SUPPORTED_MAJORS[@]}"; do
      [ "$mode" != build ] || contains "$major" "${wanted[@]}" || [ ! -e "$(library "$major")" ] || wanted+=("$major")
    done
    # also 13, the oldest major with headers in a suite, to cover the majors without a suite
    [ "$mode$PLATFORM" != --check ] || wanted=(13 "${wanted[@]}")
  fi
}

build_all() {
  local platform library stale
  mkdir -p "$BUILD"
  exec 9<"$BUILD"
  flock 9
  # leftovers of a run that was killed, and of this one
  rm -rf "$BUILD"/.new.*
  trap 'rm -rf "$BUILD"/.new.*' EXIT
  # Otherwise, a jar would contain older code for one platform than for another.
  for platform in "${OTHERS[@]}"; do
    ! contains "$platform" "${platforms[@]}" || continue
    stale=()
    for library in "$BUILD/$platform"/*/pg_hello.{so,dylib,dll}; do
      if [ -e "$library" ] && ! up_to_date "$library"; then
        stale+=("$library")
      fi
    done
    if [ ${#stale[@]} -gt 0 ]; then
      rm "${stale[@]}"
      say "Removed outdated libraries of $platform (${#stale[@]}); --platform $platform builds them again"
    fi
  done
  for platform in "${platforms[@]}"; do
    use_platform "$platform"
    choose_majors
    build_platform
  done
}

build_platform() {
  local major dir library built=() unbuilt=() platform new
  platform=$(platform)
  for major in "${wanted[@]}"; do
    library=$(library "$major")
    if up_to_date "$library"; then
      built+=("$major")
      continue
    fi
    compiler
    dir=$(platform_headers "$major" "$platform") || {
      # outdated
      rm -f "$library"
      unbuilt+=("$major")
      continue
    }
    new=$(mktemp -d "$BUILD/.new.XXXXXX")/${library##*/}
    build "$major" "$dir" "$SOURCE" "$new" || die "PostgreSQL $major on $platform: the compiler failed"
    check_library "$major" "$new" || die "PostgreSQL $major on $platform: the library failed a check"
    mkdir -p "$(dirname "$library")"
    mv "$new" "$library"
    rmdir "${new%/*}"
    built+=("$major")
    say "Built ${library#"$ROOT/"} ($(stat -c %s "$library") bytes)"
  done
  write_sums
  for major in "${unbuilt[@]}"; do
    if [ "$major" = "$DEFAULT_MAJOR" ] || [ ${#built[@]} = 0 ]; then
      die "no library for PostgreSQL $major. Install the server's headers: sudo apt-get install postgresql-server-dev-$major" \
        "(or your distribution's package), or set PG_CONFIG to the server's pg_config"
    fi
  done
}

STRICT=(-Wall -Wextra -Werror -Wno-unused-parameter -Wmissing-prototypes -Wdeclaration-after-statement
  -Wshadow=compatible-local -Wvla -Wundef -Wformat-security -Wpointer-arith
  -Werror=implicit-function-declaration)

check_all() {
  local platform tmp failed=()
  tmp=$(mktemp -d)
  # shellcheck disable=SC2064
  trap "rm -rf '$tmp'" EXIT
  mkdir "$tmp/one" "$tmp/another folder"
  cp -R "$SOURCE/src" "$SOURCE/pg_hello.control" "$tmp/one"
  cp -R "$SOURCE/src" "$SOURCE/pg_hello.control" "$tmp/another folder"
  for platform in "${platforms[@]}"; do
    use_platform "$platform"
    choose_majors
    check_platform "$tmp"
  done
  [ ${#failed[@]} = 0 ] || die "failed: $(printf '%s; ' "${failed[@]}")"
}

# check_platform FOLDER: adds failed checks to failed.
check_platform() {
  local tmp=$1 platform name major dir one two checked=() before=${#failed[@]} strict=("${STRICT[@]}")
  compiler
  platform=$(platform)
  [[ $platform != darwin-* ]] || strict=("${STRICT[@]/-Wshadow=compatible-local/-Wshadow}")
  for major in "${wanted[@]}"; do
    name="$platform, $major"
    dir=$(platform_headers "$major" "$platform") || continue
    checked+=("$major")
    compile "$major" "$dir" "$SOURCE" -fsyntax-only "${strict[@]}" src/pg_hello.c || failed+=("$name: strict")
    compile "$major" "$dir" "$SOURCE" -fsyntax-only "${strict[@]}" -DUSE_ASSERT_CHECKING src/pg_hello.c ||
      failed+=("$name: strict, with assertions")
    one=$(library "$major")
    one=$tmp/${one##*/} two="$tmp/another folder/${one##*/}"
    if ! build "$major" "$dir" "$tmp/one" "$one" || ! build "$major" "$dir" "$tmp/another folder" "$two"; then
      failed+=("$name: link")
      continue
    fi
    cmp "$one" "$two" >&2 || failed+=("$name: differs from one folder to another")
    case $platform in
      linux-*) check_elf "$name" "$one" ;;
      *) check_library "$major" "$one" || failed+=("$name: the checks above") ;;
    esac
  done
  [ ${#checked[@]} -gt 0 ] || die 'no headers of any major; install postgresql-server-dev-'"$DEFAULT_MAJOR"
  [ ${#failed[@]} != "$before" ] ||
    say "Strict, reproducible and linked with the C library only: PostgreSQL ${checked[*]} on $platform"
}

# check_elf NAME LIBRARY: adds failed checks to failed.
check_elf() {
  local names libc='^libc\.so\.6( ld-linux-aarch64\.so\.1)?$'
  [[ $1 != *-musl,* ]] || libc='^libc\.so$'
  names=$(nm -D --undefined-only "$2" | awk '{ sub(/@.*/, "", $NF); print $NF }')
  ! grep -Ex 'strlcpy|strlcat' <<<"$names" >&2 || failed+=("$1: a function that older C libraries lack")
  names=$(readelf -d "$2" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p' | paste -sd ' ')
  [[ $names =~ $libc ]] || failed+=("$1: linked with '$names'")
}

# compile_one MAJOR FILE LIBRARY
compile_one() {
  local major=$1 file=$2 library=$3 dir new
  if [ "$library" -nt "$file" ] && [ "$library" -nt "$ROOT/scripts/native.sh" ]; then
    return
  fi
  use_platform "${platforms[0]}"
  compiler
  dir=$(platform_headers "$major" "$(platform)") || die "no headers of PostgreSQL $major; install postgresql-server-dev-$major"
  mkdir -p "$(dirname "$library")"
  new=$(mktemp -d "$(dirname "$library")/.new.XXXXXX")
  # shellcheck disable=SC2064
  trap "rm -rf '$new'" EXIT
  build "$major" "$dir" "$(dirname "$file")" "$new/${library##*/}" "$(basename "$file")" || die "PostgreSQL $major: the compiler failed"
  mv "$new/${library##*/}" "$library"
}

case $mode in
  build) build_all ;;
  --check) check_all ;;
  --compile) compile_one "${majors[0]}" "$file" "$library" ;;
  --headers) headers "${majors[0]}" && echo ;;
esac
