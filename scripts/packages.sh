#!/usr/bin/env bash
# packages.sh [--needed WITHOUT] MAJOR PACKAGE...: downloads packages of the Debian suite for a PostgreSQL major, at most once a
# month, and prints their directory. The suffix :arm64 selects the package for that platform. Reports and omits packages that the
# suite does not have. With --needed, also downloads the packages of libraries that these packages require, except packages that
# match one of the patterns WITHOUT, and the packages that only the excluded packages require. With --source, downloads source
# packages, each to a subdirectory with its name. If the suite cannot be read, uses packages of an earlier month; if there are none,
# prints nothing. Packages change, and mirrors are not always available.
# SPDX-License-Identifier: MIT
PROGRAM=packages.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/debian.sh
. "$ROOT/scripts/debian.sh"

type=deb-known except=
if [ "${1-}" = --needed ]; then
  type=deb-needed except=$2
  shift 2
elif [ "${1-}" = --source ]; then
  type='deb-src-known'
  shift
fi
[ $# -ge 2 ] || misuse "needs a major and packages, e.g. packages.sh 17 postgresql-17-pgvector libc6"
known_major "$1"
key=$({ [ "$type" = deb-known ] || printf '%s %s\n' "$type" "$except"; printf '%s\n' "${@:2}" | sort; } | sha256sum | cut -c1-16)
folder=$CACHE/packages/$1-$(date +%Y-%m)-$key
if [ ! -e "$folder" ]; then
  say "Fetching $(($# - 1)) packages from $(suite_of "$1") (usually seconds, once a month)"
  tmp=$(temporary_in "$CACHE/packages")
  trap 'rm -rf "$tmp"' EXIT
  download() { debian_download "$type" "${HEADER_SUITE[$1]}" "${*:2}" "$tmp/deb" "$except" 2>"$tmp/messages"; }
  if download "$@" || { sleep 5 && download "$@"; }; then
    mv "$tmp/messages" "$tmp/deb"
    mv -T "$tmp/deb" "$folder" 2>/dev/null || [ -e "$folder" ]
  else
    cat "$tmp/messages" >&2
    folder=$(printf '%s\n' "$CACHE/packages/$1-"????-??-"$key" | sort | tail -n 1)
    [ -e "$folder" ] || {
      say "skipped: $(suite_of "$1") has none of ${*:2}. If this is unexpected, check the connection to the mirror"
      exit 0
    }
    say "Packages cannot be downloaded: using older ones in $folder"
  fi
fi
cat "$folder/messages" >&2
printf '%s\n' "$folder"
