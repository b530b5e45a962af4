#!/usr/bin/env bash
# Prints a directory with the newest connection poolers as bin/NAME: pgbouncer, odyssey and pgpool, unpacked from Debian's
# newest suite. They use the C library of that suite. Reports and omits poolers that are unavailable or do not run here. Prints
# nothing if there are no packages.
# SPDX-License-Identifier: MIT
PROGRAM=poolers.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

declare -A POOLERS=([pgbouncer]=usr/sbin/pgbouncer [odyssey]=usr/bin/odyssey [pgpool]=usr/sbin/pgpool)
LIBRARIES=(libc6 libevent-2.1-7t64 libssl3t64 libcares2 libldap2 libpam0g libsystemd0 libpq5 libgssapi-krb5-2 libkrb5-3 libk5crypto3
  libkrb5support0 libcom-err2 libkeyutils1 libsasl2-2 libcap2 libaudit1 libcap-ng0 libzstd1 zlib1g libgcc-s1 libpgpoolpcp3 libmemcached11t64 libhashkit2t64
  libcrypt1)

# The suite of 19 is experimental.
debs=$("$ROOT/scripts/packages.sh" 18 pgbouncer odyssey pgpool2 "${LIBRARIES[@]}")
[ -n "$debs" ] || exit 0
folder=$CACHE/poolers/$(basename "$debs")
if [ ! -e "$folder" ]; then
  mkdir -p "$CACHE/poolers"
  tmp=$(mktemp -d "$CACHE/poolers/.tmp.XXXXXX")
  trap 'rm -rf "$tmp"' EXIT
  for deb in "$debs"/*.deb; do
    dpkg-deb -x "$deb" "$tmp"
  done
  mkdir -p "$tmp/bin"
  for name in "${!POOLERS[@]}"; do
    cat >"$tmp/bin/$name" <<'END'
#!/bin/sh
tree=$(dirname "$(dirname "$(readlink -f "$0")")")
libraries=$tree/usr/lib/$(uname -m)-linux-gnu
END
    # shellcheck disable=SC2016
    printf 'exec "$libraries"/ld-linux-*.so.* --library-path "$libraries" "$tree/%s" "$@"\n' "${POOLERS[$name]}" >>"$tmp/bin/$name"
    chmod +x "$tmp/bin/$name"
  done
  mv -T "$tmp" "$folder" 2>/dev/null || [ -e "$folder" ]
fi
for name in "${!POOLERS[@]}"; do
  "$folder/bin/$name" --version >/dev/null 2>&1 || {
    say "skipped: the newest $name does not run here"
    rm -f "$folder/bin/$name"
  }
done
printf '%s\n' "$folder"
