#!/usr/bin/env bash
# packages.sh MAJOR PACKAGE...: fetches packages of Debian's suite for that PostgreSQL, once, and prints the folder that they are in.
# With :arm64 behind its name, a package is that platform's. What the suite does not have is said, and left out; where nothing can
# be had, nothing is printed: packages come and go, and mirrors are not always there.
# SPDX-License-Identifier: MIT
PROGRAM=packages.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/debian.sh
. "$ROOT/scripts/debian.sh"

[ $# -ge 2 ] || misuse "takes a major and packages, as in: packages.sh 17 postgresql-17-pgvector libc6"
known_major "$1"
folder=$CACHE/packages/$1-$(printf '%s\n' "${@:2}" | sort | sha256sum | cut -c1-16)
if [ ! -e "$folder" ]; then
  say "Fetching $(($# - 1)) packages of Debian's suite ${HEADER_SUITE[$1]} (some seconds, once)"
  mkdir -p "$CACHE/packages"
  tmp=$(mktemp -d "$CACHE/packages/.tmp.XXXXXX")
  trap 'rm -rf "$tmp"' EXIT
  if ! debian_download deb-known "${HEADER_SUITE[$1]}" "${*:2}" "$tmp/deb" &&
    ! { sleep 5 && debian_download deb-known "${HEADER_SUITE[$1]}" "${*:2}" "$tmp/deb"; }; then
    say "skipped: no packages can be had from here"
    exit 0
  fi
  mv -T "$tmp/deb" "$folder" 2>/dev/null || [ -e "$folder" ]
fi
printf '%s\n' "$folder"
