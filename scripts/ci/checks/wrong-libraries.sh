#!/usr/bin/env bash
# A step of ./dev test --long: tests that the checks of libraries for macOS and Windows reject invalid libraries, each with the
# right reason.
# Usage: wrong-libraries.sh SCRATCH
# SPDX-License-Identifier: MIT
PROGRAM=wrong-libraries.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../lib.sh"
# shellcheck source=scripts/debian.sh
. "$ROOT/scripts/debian.sh"
# shellcheck source=scripts/platforms.sh
. "$ROOT/scripts/platforms.sh"

for platform in darwin-arm64 darwin-amd64 windows-amd64; do
  "$ROOT/scripts/native.sh" --platform "$platform" 15 17
done
MAC=$BUILD/darwin-arm64/17/pg_hello.dylib
INTEL_MAC=$BUILD/darwin-amd64/17/pg_hello.dylib
WINDOWS=$BUILD/windows-amd64/17/pg_hello.dll
SDK=$(macos_sdk)/usr/lib/libSystem.tbd
EXPORTS=$(windows_exports 17)
TREE=$(PLATFORM=darwin-arm64 embedded_tree 17)
mkdir -p "$1"
cd "$1"
cases=0 failures=0

# refused EXPECTED COMMAND ARGUMENT...: the command must fail. Its output must contain a failed check that begins with the expected
# words, or an error that contains them.
refused() {
  local expected=$1 status=0
  shift
  cases=$((cases + 1))
  "$@" >out 2>err || status=$?
  if [ "$status" = 0 ] || ! { grep -q "^FAIL $expected" out || grep -q "$expected" err; } || grep -q Traceback err; then
    printf 'expected status 1 and "%s", but the status is %d: %s\n' "$expected" "$status" "$*"
    cat out err
    failures=$((failures + 1))
  fi
}

# changed FILE EXPRESSION NAME: creates a copy of a library, changed by sed; prints its path.
changed() {
  mkdir -p "$3"
  LC_ALL=C sed "$2" "$1" >"$3/${1##*/}"
  ! cmp -s "$1" "$3/${1##*/}" || die "$3 is not changed"
  printf '%s' "$3/${1##*/}"
}

# with_bytes FILE OFFSET BYTES NAME: creates a copy of a library with other bytes at an offset; prints its path.
with_bytes() {
  mkdir -p "$4"
  cp "$1" "$4/${1##*/}"
  # shellcheck disable=SC2059
  printf "$3" | dd of="$4/${1##*/}" bs=1 seek="$2" conv=notrunc status=none
  ! cmp -s "$1" "$4/${1##*/}" || die "$4 is not changed"
  printf '%s' "$4/${1##*/}"
}

macho() { python3 -B "$PLATFORM_FILES/macho.py" "$1" "$TREE/bin/postgres" "$TREE/lib/postgresql/plpgsql.dylib" "$SDK" "${2-arm64}"; }
pe() { python3 -B "$PLATFORM_FILES/pe.py" "$1" "$EXPORTS"; }

# compiled NAME TARGET OPTION...: compiles a library for macOS that uses only one function of the server; prints its path.
compiled() {
  mkdir -p "$1"
  printf '%s\n' 'extern void *palloc(long); static const int magic[16] = {56};' 'const int *Pg_magic_func(void) { return magic; }' \
    'void *function(void) { return palloc(1); }' >"$1/wrong.c"
  clang-19 --target="$2" -isysroot "${SDK%/usr/lib/*}" -fuse-ld=lld -Wno-unused-command-line-argument -O1 -bundle -bundle_loader "$TREE/bin/postgres" \
    "${@:3}" -o "$1/wrong.dylib" "$1/wrong.c"
  printf '%s' "$1/wrong.dylib"
}

macho "$MAC" >/dev/null
macho "$INTEL_MAC" x86_64 >/dev/null
pe "$WINDOWS" >/dev/null

refused 'is for arm64' macho "$INTEL_MAC"
refused 'is for x86_64' macho "$MAC" x86_64
refused "has the magic block of the server's modules" macho "$BUILD/darwin-arm64/15/pg_hello.so"
refused 'is not a Mach-O file' macho "$WINDOWS"
refused 'is not a Mach-O file' macho "$BUILD/SHA256SUMS"
head -c 20000 "$MAC" >short.dylib
refused 'is damaged' macho short.dylib
refused 'is signed page 0 is not what was signed' macho "$(with_bytes "$MAC" 200 x page)"
refused 'uses only symbols of the server and of libSystem .*_pallox' macho "$(changed "$MAC" 's/_palloc\x00/_pallox\x00/g' symbol)"
refused 'needs libSystem only' macho "$(changed "$MAC" 's/libSystem\.B/libSystem.X/' library)"
refused 'is signed' macho "$(compiled unsigned arm64-apple-macos12.0 -Wl,-no_adhoc_codesign)"
refused 'requires no later macOS than the server' macho "$(compiled newer arm64-apple-macos15.0 -Wl,-adhoc_codesign)"
refused "has the magic block of the server's modules" macho "$(compiled magic arm64-apple-macos12.0 -Wl,-adhoc_codesign)"
refused 'pallox is not among the symbols' python3 -B "$PLATFORM_FILES/macho_tables.py" symbol/pg_hello.dylib arm64 "$PWD"

refused 'is not a library of Windows' pe "$MAC"
head -c 3000 "$WINDOWS" >short.dll
refused 'short.dll: ' pe short.dll
header=$(od -An -t u4 -j 60 -N 4 "$WINDOWS" | tr -d ' ')
refused 'is a library for x64' pe "$(with_bytes "$WINDOWS" $((header + 4)) '\x64\xaa' processor)"
refused 'has no timestamp and no entry point' pe "$(with_bytes "$WINDOWS" $((header + 8)) x timestamp)"
refused 'runs on Windows 10' pe "$(with_bytes "$WINDOWS" $((header + 24 + 48)) '\x0b' system)"
refused 'can be moved' pe "$(with_bytes "$WINDOWS" $((header + 24 + 70)) '\x00\x00' moved)"
refused 'imports only symbols that the server exports .*pallox' pe "$(changed "$WINDOWS" 's/palloc\x00/pallox\x00/g' import)"
refused 'needs no other library' pe "$(changed "$WINDOWS" 's/api-ms-win-crt-string/api-my-win-crt-string/' runtime)"
refused 'exports its magic block' pe "$(changed "$WINDOWS" 's/Pg_magic_func/Pg_mugic_func/' magic-name)"
cp "$WINDOWS" renamed.dll
refused "has its file's name" pe renamed.dll

[ "$failures" = 0 ] || die "$failures of $cases invalid libraries were not rejected with the expected reason"
echo "$cases invalid libraries are rejected"
