#!/usr/bin/env bash
# Where the headers of a PostgreSQL server are, and PGXS for it: installed, or else unpacked out of Debian's packages into the
# cache. Sourced by lib.sh; pg-extension-maven-plugin runs it as a program, from its jar, with debian.sh beside it.
# Usage: headers.sh MAJOR    prints the path of a pg_config that knows both
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034

HOME=${HOME:-$(eval echo ~)}
CACHE=${PG_HELLO_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/pg-hello}

# The distribution's suite that has a major's packages.
declare -A HEADER_SUITE=([13]=bullseye [15]=bookworm [17]=trixie [18]=forky [19]=experimental)

say() { printf '%s\n' "$*" >&2; }

# installed_config MAJOR: prints an installed pg_config of that major, which has its headers.
installed_config() {
  local config
  for config in "${PG_CONFIG:-pg_config}" pg_config \
    "/usr/lib/postgresql/$1/bin/pg_config" "/usr/pgsql-$1/bin/pg_config"; do
    command -v "$config" >/dev/null || continue
    [[ $("$config" --version) =~ ^PostgreSQL\ $1([^0-9]|$) ]] || continue
    if [ -e "$("$config" --includedir-server)/postgres.h" ]; then
      command -v "$config"
      return
    fi
  done
  return 1
}

# newest FILE...: prints the folder of the file that has the newest version in its path.
newest() {
  local file
  file=$(printf '%s\n' "$@" | sort -V | tail -1)
  [ -e "$file" ] && printf '%s' "${file%/*}"
}

# fetch MAJOR PACKAGE KIND FOLDER: unpacks one folder of Debian's package into the cache, as KIND/MAJOR-VERSION; says why it cannot,
# and returns 1. Runs in $(...).
fetch() {
  local major=$1 package=$2 kind=$3 folder=$4 suite=${HEADER_SUITE[$1]:-} status=0 tmp deb version why
  if [ -z "$suite" ]; then
    why='no suite of Debian has its headers'
  else
    say "PostgreSQL $major: fetching the server's $kind out of Debian's suite $suite (3 seconds)"
    mkdir -p "$CACHE/$kind"
    tmp=$(mktemp -d "$CACHE/$kind/.tmp.XXXXXX")
    # shellcheck disable=SC2064
    trap "rm -rf '$tmp'" EXIT
    debian_download deb "$suite" "$package" "$tmp" || status=$?
    case $status in
      0)
        deb=$(printf '%s\n' "$tmp"/*.deb)
        version=$(dpkg-deb -f "$deb" Version)
        dpkg -x "$deb" "$tmp/package"
        # what it was compiled with may be newer than the compiler here
        [ ! -e "$tmp/package/$folder/src/Makefile.global" ] ||
          sed -i -E -e '/^(CFLAGS|CXXFLAGS) = /s/ -W[^ ]*//g' -e 's/^CC = .*/CC = gcc/' -e 's/^CXX = .*/CXX = g++/' \
            "$tmp/package/$folder/src/Makefile.global"
        # somebody else may have been faster
        mv -T "$tmp/package/$folder" "$CACHE/$kind/$major-$version" 2>/dev/null || true
        [ ! -e "$CACHE/$kind/$major-$version" ] || return 0
        why="$package has no $folder"
        ;;
      2) why="Debian's suite $suite has moved on to another major" ;;
      *) why="no $kind installed, and Debian's suite $suite cannot be read from here" ;;
    esac
  fi
  say "PostgreSQL $major: $why. Remedy: install postgresql-server-dev-$major, or set PG_CONFIG"
  return 1
}

# headers MAJOR: prints the folder of the server's headers, and fetches them if there are none; says why it cannot, and returns 1.
# Runs in $(...).
headers() {
  local config
  if config=$(installed_config "$1"); then
    "$config" --includedir-server
    return
  fi
  newest "$CACHE/headers/$1"-*/postgres.h && return
  fetch "$1" "postgresql-server-dev-$1" headers "usr/include/postgresql/$1/server" && newest "$CACHE/headers/$1"-*/postgres.h
}

# pg_config_of MAJOR: prints the path of one, and fetches what it knows if nothing is installed. Runs in $(...).
pg_config_of() {
  local major=$1 config include tree version
  if config=$(installed_config "$major") && [ -e "$("$config" --pgxs)" ]; then
    printf '%s' "$config"
    return
  fi
  include=$(headers "$major") || return
  if ! tree=$(newest "$CACHE/pgxs/$major"-*/src); then
    fetch "$major" "postgresql-client-$major" pgxs "usr/lib/postgresql/$major/lib/pgxs" || return
    tree=$(newest "$CACHE/pgxs/$major"-*/src)
  fi
  version=$(sed -n 's/^#define PG_VERSION "\(.*\)"/\1/p' "$include/pg_config.h")
  # PGXS takes the headers from PKGINCLUDEDIR/MAJOR/server, whatever pg_config says of includedir-server
  mkdir -p "$tree/include/$major" "$tree/bin"
  [ "$(readlink "$tree/include/$major/server")" = "$include" ] || ln -sfn "$include" "$tree/include/$major/server"
  cat >"$tree/bin/pg_config.$$" <<END
#!/bin/sh
# Answers as Debian's, but for headers and PGXS, which are beside it.
tree='$tree'
for option in "\$@"; do
  case \$option in
    --version) echo 'PostgreSQL $version' ;;
    --pgxs) echo "\$tree/src/makefiles/pgxs.mk" ;;
    --includedir | --pkgincludedir) echo "\$tree/include" ;;
    --includedir-server) echo "\$tree/include/$major/server" ;;
    --bindir) echo /usr/lib/postgresql/$major/bin ;;
    --libdir) echo /usr/lib ;;
    --pkglibdir) echo /usr/lib/postgresql/$major/lib ;;
    --sharedir) echo /usr/share/postgresql/$major ;;
    --docdir | --htmldir) echo /usr/share/doc/postgresql-$major ;;
    --mandir) echo /usr/share/postgresql/$major/man ;;
    --localedir) echo /usr/share/locale ;;
    --sysconfdir) echo /etc/postgresql-common ;;
    --cc) echo gcc ;;
    *) echo ;;
  esac
done
END
  chmod +x "$tree/bin/pg_config.$$"
  mv "$tree/bin/pg_config.$$" "$tree/bin/pg_config"
  printf '%s' "$tree/bin/pg_config"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  set -euo pipefail
  shopt -s inherit_errexit
  # shellcheck source=/dev/null
  . "$(dirname "${BASH_SOURCE[0]}")/debian.sh"
  config=$(pg_config_of "$1")
  printf '%s\n' "$config"
fi
