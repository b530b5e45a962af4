# A compiler for Makefiles that use PGXS, which sets options for this machine. Drops options that refer to directories or to the
# architecture of this machine, and links libraries for macOS in the format that its servers load. Sourced by bin/cc and bin/c++
# in the tree of platform_config of platforms.sh, which set these variables:
#   name, platform, compiler, cxx_compiler, suffix of libraries, program of the server, PG_WINDOWS_HEADERS
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
set -euo pipefail
bin=$(dirname "${BASH_SOURCE[0]}")
if [ "$name" = c++ ]; then
  compiler=("${cxx_compiler[@]-}")
  if [ -z "${compiler[0]}" ]; then
    printf 'There is no C++ compiler for %s here: only C can be compiled for it.\n' "$platform" >&2
    exit 1
  fi
fi
if [[ $platform = windows-* ]]; then
  export PG_WINDOWS_HEADERS PG_WINDOWS_EXPORTS=${bin%/*}/postgres.def
  exec "$bin/${compiler[0]}" "$@"
fi

args=() output='' library='' next=''
for arg in "$@"; do
  if [ -n "$next" ]; then
    output=$arg next=''
    continue
  fi
  case $arg in
    -o) next=output ;;
    -I/usr/* | -L/usr/* | -march=native | -mtune=native | -mcpu=native | -flto* | -ffat-lto-objects | -specs=*) ;;
    *)
      case $platform in
        darwin-*)
          case $arg in
            -shared) library=1 ;;
            -Wl,* | -fPIC | -fpic | -D_FORTIFY_SOURCE=* | -D_GNU_SOURCE) ;;
            -fexcess-precision=* | -fstack-clash-protection | -fcf-protection*) ;;
            *) args+=("$arg") ;;
          esac
          ;;
        *) args+=("$arg") ;;
      esac
      ;;
  esac
done

if [ -z "$library" ]; then
  exec "${compiler[@]}" "${args[@]}" ${output:+-o "$output"}
fi
# the signature contains the name of the file
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
linked=$tmp/$(basename "${output%.*}")$suffix
"${compiler[@]}" "${args[@]}" -bundle -bundle_loader "$program" -Wl,-adhoc_codesign -o "$linked"
mv "$linked" "$output"
