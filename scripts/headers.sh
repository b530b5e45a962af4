#!/usr/bin/env bash
# Finds the headers and PGXS of a PostgreSQL server: installed, or unpacked from Debian's packages into the cache. Sourced by
# lib.sh; pg-extension-maven-plugin runs it as a program, from its jar, next to debian.sh and platforms.sh.
# Usage: headers.sh MAJOR [PLATFORM [PROGRAM]] prints the path of a pg_config that locates both. For macOS and Windows, PROGRAM is the
# server's program for that platform.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034

HOME=${HOME:-$(eval echo ~)}
# Other users must not write to anything that the scripts create, because much of it is run later.
umask "$(printf '%04o' $((0$(umask) | 0022)))"

# The distribution's suite that has the packages of a major. No suite has 16, so its packages come from the PostgreSQL project (pgdg).
declare -A HEADER_SUITE=([13]=bullseye [15]=bookworm [16]=pgdg [17]=trixie [18]=forky [19]=experimental)

# suite_of MAJOR: prints the name of the suite for messages.
suite_of() { [ "${HEADER_SUITE[$1]}" = pgdg ] && printf "PostgreSQL's package repository" || printf "Debian's suite %s" "${HEADER_SUITE[$1]}"; }

say() { printf '%s\n' "$*" >&2; }

# The tests of find for a directory that other users cannot enter.
CLOSED=(! -perm -040 ! -perm -020 ! -perm -010 ! -perm -004 ! -perm -002 ! -perm -001)

# is_own FOLDER [TEST...]: succeeds if FOLDER is a directory, not a link, belongs to this user, and passes these tests of find.
is_own() { [ -n "$(find "$1" -maxdepth 0 -type d -user "$(id -u)" "${@:2}" 2>/dev/null)" ]; }

# refuse_cache REASON: exits with the reason and the fix.
refuse_cache() {
  say "The cache cannot be in $CACHE: $1. Set PG_EXTENSION_CACHE to a directory that you own."
  exit 1
}

# unsafe FOLDER: prints the directory, or the first of its parents, if a user other than this one and root can rename its contents.
# Resolves links. Prints nothing if all are safe. Fails if the directory does not exist.
unsafe() {
  local each folders=()
  each=$(CDPATH='' cd "$1" 2>/dev/null && pwd -P) || return 1
  while [ -n "$each" ]; do
    folders+=("$each")
    each=${each%/*}
  done
  find "${folders[@]}" / -maxdepth 0 \( ! -user "$(id -u)" ! -user 0 -o ! -perm -1000 \
    \( -perm -002 -o -perm -020 ! -user "$(id -u)" \) \) 2>/dev/null | sed -n 1p
}

# is_safe FOLDER: succeeds if only this user and root can rename the contents of this directory and its parents.
is_safe() {
  local found
  found=$(unsafe "$1") && [ -z "$found" ]
}

# refuse_unsafe FOLDER: exits if the cache cannot be in this directory.
refuse_unsafe() {
  local found
  found=$(unsafe "$1") || refuse_cache "$1 is not a directory"
  [ -z "$found" ] || refuse_cache "other users own $found, or can rename its contents, because it has no sticky bit"
}

# own_cache: sets CACHE to a directory that only this user can write to, because programs in it are run. Exits if there is no such
# directory. See the rule in docs/test-servers.md, section Cache, which InstallationCache.java applies to the servers of the testkit.
own_cache() {
  local user caches
  user=$(id -un 2>/dev/null) || user=$(id -u)
  if [ -n "${PG_EXTENSION_CACHE-}" ]; then
    CACHE=$PG_EXTENSION_CACHE
  else
    caches=${XDG_CACHE_HOME:-$HOME/.cache}
    [ -d "$caches" ] || caches=$HOME
    if [ -w "$caches" ] && is_safe "$caches" && { [ -n "${XDG_CACHE_HOME-}" ] || is_safe "$HOME"; }; then
      CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/pg-hello
    else
      CACHE=${TMPDIR:-/tmp}/pg-hello-cache-$user
      refuse_unsafe "${TMPDIR:-/tmp}"
      mkdir -m 700 "$CACHE" 2>/dev/null || is_own "$CACHE" || refuse_cache 'it belongs to another user, or is a link'
    fi
  fi
  [[ $CACHE = /* ]] || CACHE=$PWD/$CACHE
  (umask 077 && mkdir -p "$CACHE") 2>/dev/null || refuse_cache 'it cannot be created'
  # The owner of the link is trusted, like the variable.
  CACHE=$(CDPATH='' cd "$CACHE" && pwd -P)
  is_own "$CACHE" "${CLOSED[@]}" || rm -f "$CACHE/$CHECKED" 2>/dev/null || true
  refuse_unsafe "$CACHE"
  if ! is_own "$CACHE" ! -perm -002 ! -perm -020 || ! has_own_files "$CACHE"; then
    CACHE=$CACHE/$user
    mkdir -m 700 "$CACHE" 2>/dev/null || is_own "$CACHE" "${CLOSED[@]}" ||
      refuse_cache 'it belongs to another user, is a link, or others may enter it'
    has_own_files "$CACHE" || refuse_cache "other users own, or can change, $(foreign "$CACHE")"
  fi
}

# The name of the file that marks a checked directory. It contains the directory's inode number, so that it cannot be moved to
# another directory.
CHECKED=.checked

# has_own_files FOLDER: succeeds if other users have not changed the files in a directory of this user. If other users cannot enter
# the directory, they may have put files into it before it was closed. Therefore, such a directory is checked once, and then marked.
# It is not checked again, because the scripts unpack archives, which may contain files of other users.
has_own_files() {
  local mark=$1/$CHECKED inode
  inode=$(find "$1" -maxdepth 0 -printf %i)
  if is_own "$1" "${CLOSED[@]}" && [ -O "$mark" ] && [ ! -L "$mark" ] && [ "$(cat "$mark")" = "$inode" ]; then
    return
  fi
  [ -z "$(foreign "$1")" ] || return
  ! is_own "$1" "${CLOSED[@]}" || (umask 077 && printf %s "$inode" >"$mark") 2>/dev/null || true
}

# foreign FOLDER: looks in FOLDER for files that belong to a user other than this user and root, and for files that other users
# can write to. Prints the path of the first one. Ignores the servers of the testkit, which have a separate check.
foreign() {
  find "$1" -mindepth 1 \( -path "$1/server*" -prune \) -o \( ! \( -user "$(id -u)" -o -user 0 \) -o \
    ! -type l \( -perm -002 -o -perm -020 \) \) -print | sed -n 1p
}

# ./dev calls own_cache later, because printing help does not need a cache.
case ${BASH_SOURCE[-1]##*/}-${1-} in
  dev-* | *---help | *--h) ;;
  *) own_cache ;;
esac

# installed_config MAJOR: prints an installed pg_config of that major with headers.
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

# newest FILE...: prints the directory of the file with the newest version in its path.
newest() {
  local file
  file=$(printf '%s\n' "$@" | sort -V | tail -1)
  [ -e "$file" ] && printf '%s' "${file%/*}"
}

# temporary_in FOLDER: creates a directory in a directory of the cache, and prints its path. Removes directories that killed
# processes left there at least a day ago, if possible.
temporary_in() {
  mkdir -p "$1" || return
  find "$1" -maxdepth 1 -name '.tmp.*' -mtime +0 -exec rm -rf {} + || true
  mktemp -d "$1/.tmp.XXXXXX"
}

# fetch MAJOR PACKAGE KIND FOLDER: unpacks one directory of the suite's package into KIND/MAJOR-VERSION in the cache; if that is
# not possible, prints the reason and returns 1. Runs in $(...).
fetch() {
  local major=$1 package=$2 kind=$3 folder=$4 suite=${HEADER_SUITE[$1]:-} status=0 tmp deb version why
  if [ -z "$suite" ]; then
    why='no suite of Debian has its headers'
  else
    say "PostgreSQL $major: fetching the server's $kind from $(suite_of "$major") (3 seconds)"
    tmp=$(temporary_in "$CACHE/$kind")
    # shellcheck disable=SC2064
    trap "rm -rf '$tmp'" EXIT
    debian_download deb "$suite" "$package" "$tmp" || status=$?
    case $status in
      0)
        deb=$(printf '%s\n' "$tmp"/*.deb)
        version=$(dpkg-deb -f "$deb" Version)
        dpkg -x "$deb" "$tmp/package"
        # The package may have been built with a newer compiler than this machine's compiler.
        [ ! -e "$tmp/package/$folder/src/Makefile.global" ] ||
          sed -i -E -e '/^(CFLAGS|CXXFLAGS) = /s/ -W[^ ]*//g' -e 's/^CC = .*/CC = gcc/' -e 's/^CXX = .*/CXX = g++/' \
            "$tmp/package/$folder/src/Makefile.global"
        # Another process may have been faster.
        mv -T "$tmp/package/$folder" "$CACHE/$kind/$major-$version" 2>/dev/null || true
        [ ! -e "$CACHE/$kind/$major-$version" ] || return 0
        why="$package has no $folder"
        ;;
      2) why="$(suite_of "$major") has moved on to another major" ;;
      *) why="no $kind installed, and $(suite_of "$major") cannot be read from here" ;;
    esac
  fi
  say "PostgreSQL $major: $why. Remedy: install postgresql-server-dev-$major, or set PG_CONFIG"
  return 1
}

# machine: prints the versions of this machine's compilers and C library.
machine() {
  printf '%s ' "$(gcc -dumpfullversion 2>/dev/null)" "$(g++ -dumpfullversion 2>/dev/null)" \
    "$(printf '#include <features.h>\n__GLIBC__ __GLIBC_MINOR__\n' | gcc -E -P - 2>/dev/null | tail -1)"
}

# fit FOLDER FILE FUNCTION: replaces a file of a package with the output of FUNCTION, which reads the packaged file. Does nothing
# if the file was already replaced on a machine with the same versions.
fit() {
  local file=$1/$2 tmp machine
  machine=$(machine)
  if [ -z "${machine// /}" ] || [ "$(cat "$file.fits" 2>/dev/null)" = "$machine" ]; then
    return 0
  fi
  # Another process may do the same; the link is created only once.
  ln "$file" "$file.packaged" 2>/dev/null || true
  tmp=$(mktemp -d "$1/.tmp.XXXXXX")
  if "$3" "$tmp" <"$file.packaged" >"$tmp/fitted" && [ -s "$tmp/fitted" ]; then
    chmod 644 "$tmp/fitted"
    printf '%s' "$machine" >"$tmp/fits"
    mv "$tmp/fitted" "$file"
    mv "$tmp/fits" "$file.fits"
  fi
  rm -rf "$tmp"
}

# fitted_config FOLDER: prints pg_config.h with the macros for functions and declarations as configure would set them on this
# machine, because the packaged file is for the C library of its suite. Macros for functions of other libraries are not changed.
# FOLDER is for scratch files.
fitted_config() {
  local config
  config=$(cat)
  # The comment before each macro contains its subject.
  awk '
    /^(#define|\/\* #undef) HAVE_/ {
      kind = text ~ /if you have the declaration of/ ? "declaration" : text ~ /if you have the .* function\./ ? "function" : ""
      split(text, part, /[`\047]/)
      if (kind != "" && part[2] !~ /^(SSL_|BIO_|X509|OPENSSL_|CRYPTO_|ASN1_|HMAC_|LLVM|ldap_|pam_|rl_|append_history|history_|io_uring_|uuid_)/)
        print kind, part[2]
    }
    /^\/\*/ { text = "" }
    { text = text " " $0 }' <<<"$config" >"$1/names"
  {
    printf '#define _GNU_SOURCE\n'
    printf '#include <%s>\n' dlfcn.h fcntl.h signal.h stdio.h stdlib.h string.h sys/uio.h time.h unistd.h
    printf 'void probe(void) {\n'
    sed -n 's/^declaration \(.*\)/#ifndef \1\n(void) \1;\n#endif/p' "$1/names"
    printf '}\n'
  } >"$1/declarations.c"
  {
    sed -n 's/^function \(.*\)/char \1(void);/p' "$1/names"
    printf 'int main(void) { return 0\n'
    sed -n 's/^function \(.*\)/+ \1()/p' "$1/names"
    printf '; }\n'
  } >"$1/functions.c"
  # The output is parsed: use English, and report each missing name once.
  LC_ALL=C gcc -w -fmax-errors=0 -fsyntax-only "$1/declarations.c" 2>"$1/undeclared" ||
    grep -q "' undeclared" "$1/undeclared" || return 1
  LC_ALL=C gcc -w -fno-builtin "$1/functions.c" -o "$1/functions" -lm -lpthread -lrt -ldl 2>"$1/undefined" ||
    grep -q 'undefined ' "$1/undefined" || return 1
  {
    sed -n "s/.*error: '\([A-Za-z0-9_]*\)' undeclared.*/declaration \1/p" "$1/undeclared"
    sed -n "s/.*undefined \(reference to\|symbol:\) [\`']*\([A-Za-z0-9_]*\).*/function \2/p" "$1/undefined"
  } | sort -u >"$1/missing"
  awk -v missing="$1/missing" -v names="$1/names" '
    BEGIN {
      while ((getline line < names) > 0) known[line] = 1
      while ((getline line < missing) > 0) lacks[line] = 1
    }
    /^(#define|\/\* #undef) HAVE_/ {
      kind = text ~ /if you have the declaration of/ ? "declaration" : "function"
      split(text, part, /[`\047]/)
      name = kind " " part[2]
      if (name in known) {
        match($0, /HAVE_[A-Za-z0-9_]+/)
        macro = substr($0, RSTART, RLENGTH)
        if (kind == "declaration") $0 = "#define " macro " " (name in lacks ? 0 : 1)
        else if (name in lacks) $0 = "/* #undef " macro " */"
        # configure may not have checked other functions.
        else if (("declaration " part[2]) in known) $0 = "#define " macro " 1"
      }
    }
    /^\/\*/ { text = "" }
    { text = text " " $0; print }' <<<"$config"
}

# fitted_makefile: prints Makefile.global without options that this machine's compilers, or FIT_CC and FIT_CXX, do not support.
fitted_makefile() {
  local line compiler language option kept
  while IFS= read -r line; do
    if [[ $line =~ ^(CFLAGS|CXXFLAGS)[A-Z0-9_]*\ =\  ]]; then
      compiler=${FIT_CC:-gcc} language=c
      [[ $line != CXX* ]] || compiler=${FIT_CXX:-g++} language=c++
      if command -v "$compiler" >/dev/null; then
        kept=" ${line#"${BASH_REMATCH[0]}"} "
        for option in $kept; do
          [[ $option != -* ]] || "$compiler" -Werror "$option" -fsyntax-only -x "$language" /dev/null 2>/dev/null ||
            kept=${kept// $option / }
        done
        kept=${kept# }
        line=${BASH_REMATCH[0]}${kept% }
      fi
    fi
    printf '%s\n' "$line"
  done
}

# library_suffix PLATFORM MAJOR: prints the suffix of the libraries that this server loads.
library_suffix() {
  case $1 in
    windows*) printf .dll ;;
    darwin*) [ "$2" -ge 16 ] && printf .dylib || printf .so ;;
    *) printf .so ;;
  esac
}

# headers MAJOR: prints the directory of the server's headers, and downloads them if necessary; if that is not possible, prints
# the reason and returns 1. Runs in $(...).
headers() {
  local config folder
  if config=$(installed_config "$1"); then
    "$config" --includedir-server
    return
  fi
  if ! folder=$(newest "$CACHE/headers/$1"-*/postgres.h); then
    fetch "$1" "postgresql-server-dev-$1" headers "usr/include/postgresql/$1/server" || return
    folder=$(newest "$CACHE/headers/$1"-*/postgres.h)
  fi
  fit "$folder" pg_config.h fitted_config
  printf '%s' "$folder"
}

# pg_config_of MAJOR: prints the path of a pg_config. Downloads the headers if none are installed. Runs in $(...).
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
  fit "$tree/src" Makefile.global fitted_makefile
  version=$(sed -n 's/^#define PG_VERSION "\(.*\)"/\1/p' "$include/pg_config.h")
  # PGXS uses the headers in PKGINCLUDEDIR/MAJOR/server, regardless of pg_config's includedir-server.
  mkdir -p "$tree/include/$major" "$tree/bin"
  [ "$(readlink "$tree/include/$major/server")" = "$include" ] || ln -sfn "$include" "$tree/include/$major/server"
  cat >"$tree/bin/pg_config.$$" <<END
#!/bin/sh
# Prints the same values as Debian's, except the paths of headers and PGXS, which are next to it.
tree=\$(CDPATH='' cd "\$(dirname "\$0")/.." && pwd)
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
  if [ $# = 1 ]; then
    config=$(pg_config_of "$1")
  else
    # replacements for the functions of lib.sh, which install nothing
    die() { say "$*" && exit 1; }
    need() {
      while [ $# -gt 0 ]; do
        command -v "$1" >/dev/null || die "Not on the path: $1. Remedy: install it, for example: sudo apt-get install $2"
        shift 2
      done
    }
    # shellcheck source=/dev/null
    . "$(dirname "${BASH_SOURCE[0]}")/platforms.sh"
    config=$(platform_config "$@")
  fi
  printf '%s\n' "$config"
fi
