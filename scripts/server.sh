#!/usr/bin/env bash
# server.sh MAJOR [PLATFORM]: creates an archive of the server in Debian's packages, of the same minor version as the headers of
# headers.sh, and prints its path. The archive is in the testkit's cache, in a directory with the file PACKAGES, which
# has the versions and hashes of all packages, and with their licences. Debian's programs need newer libraries than some machines have.
# Therefore, the archive contains the libraries of the same suite, including its C library, and a script starts each program with them.
# Usage with other scripts: sourced after headers.sh and debian.sh. pg-extension-maven-plugin runs it from its jar.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  set -euo pipefail
  shopt -s inherit_errexit
  # shellcheck source=scripts/headers.sh
  . "$(dirname "${BASH_SOURCE[0]}")/headers.sh"
  # shellcheck source=scripts/debian.sh
  . "$(dirname "${BASH_SOURCE[0]}")/debian.sh"
fi

# Programs that the testkit and the Maven plugin run, and the tests' programs.
SERVER_PROGRAMS=(bin/postgres bin/initdb bin/pg_ctl lib/pgxs/src/test/regress/pg_regress
  lib/pgxs/src/test/isolation/pg_isolation_regress lib/pgxs/src/test/isolation/isolationtester)
# Packages of libraries for other languages and for JIT compilation, which tests do not need.
SERVER_WITHOUT='libllvm* libclang* libperl* libpython* libtcl*'
# Libraries of the C library that the server, or another library, needs.
SERVER_LIBC='ld-linux-* libc.so.6 libm.so.6 libmvec.so.1 libdl.so.2 libpthread.so.0 librt.so.1 libresolv.so.2 libutil.so.1'

# server_archive MAJOR PLATFORM: prints the path of the archive. If it cannot be created, prints the reason and returns 1. An archive with
# another version replaces none, because running tests may use it. Runs in $(...).
server_archive() {
  local major=$1 architecture=${2#linux-} suite=${HEADER_SUITE[$1]:-} status=0 tmp version deb folder
  if [ -z "$suite" ] || [[ ! $2 =~ ^linux-(amd64|arm64)$ ]]; then
    say "PostgreSQL $major: no suite of Debian has a server for $2"
    return 1
  fi
  tmp=$(temporary_in "$CACHE/postgresql") || return
  # shellcheck disable=SC2064
  trap "rm -rf '$tmp'" EXIT
  say "PostgreSQL $major: fetching the server for $2 from $(suite_of "$major") (half a minute)"
  debian_download deb-needed "$suite" \
    "postgresql-$major:$architecture postgresql-client-$major:$architecture libc6:$architecture" "$tmp/deb" "$SERVER_WITHOUT" || status=$?
  deb=$(printf '%s\n' "$tmp/deb/postgresql-$major"_*.deb)
  if [ "$status" != 0 ] || [ ! -e "$deb" ]; then
    say "PostgreSQL $major: the server for $2 cannot be fetched from $(suite_of "$major"). Remedy: check the connection to the mirror"
    return 1
  fi
  version=$(dpkg-deb -f "$deb" Version)
  folder=$CACHE/postgresql/$major-$version-$2
  # The archive may have been deleted because it was damaged.
  if [ -e "$folder/server.txz" ]; then
    touch "$folder/server.txz" || return
  else
    mkdir "$tmp/folder" || return
    write_server "$major" "$architecture" "$version" "$tmp/deb" "$tmp" "$tmp/folder" || return
    # Another process may have been faster.
    [ -e "$folder/server.txz" ] || rm -rf "$folder"
    mv -T "$tmp/folder" "$folder" 2>/dev/null || [ -e "$folder/server.txz" ] || return
  fi
  printf '%s/server.txz' "$folder"
}

# write_server MAJOR ARCHITECTURE VERSION PACKAGES SCRATCH TO: creates the archive and the files next to it.
write_server() {
  local major=$1 triplet=x86_64-linux-gnu tree=$5/tree unpacked=$5/unpacked to=$6 loader=/lib64/ld-linux-x86-64.so.2 deb package program library
  if [ "$2" = arm64 ]; then
    triplet=aarch64-linux-gnu loader=/lib/ld-linux-aarch64.so.1
  fi
  local own=usr/lib/postgresql/$major shared=usr/share/postgresql/$major
  mkdir -p "$tree/$own/bin" "$tree/usr/share/postgresql" "$tree/lib/glibc" "$tree/libexec" "$tree/share" "$to/licences" || return
  for deb in "$4"/*.deb; do
    package=$(dpkg-deb -f "$deb" Package) || return
    printf '%s sha256=%s\n' "$(dpkg-deb -f "$deb" Package Version Architecture | sed 's/^[^:]*: //' | paste -sd ' ')" \
      "$(sha256sum "$deb" | cut -d' ' -f1)" >>"$to/PACKAGES"
    rm -rf "$unpacked"
    dpkg-deb -x "$deb" "$unpacked" || return
    [ ! -e "$unpacked/usr/share/doc/$package/copyright" ] ||
      cp -L "$unpacked/usr/share/doc/$package/copyright" "$to/licences/$package" || return
    case $package in
      postgresql-*)
        # The bitcode is only for JIT compilation.
        rm -rf "$unpacked/$own/lib/bitcode" "$unpacked/$own/lib"/llvmjit* "$unpacked/$shared/man" || return
        mkdir -p "$unpacked/$own/lib" "$unpacked/$shared"
        cp -R "$unpacked/$own/lib" "$tree/$own" && cp -R "$unpacked/$shared" "$tree/usr/share/postgresql" || return
        for program in "${SERVER_PROGRAMS[@]}"; do
          [ ! -e "$unpacked/$own/$program" ] || cp "$unpacked/$own/$program" "$tree/libexec" || return
        done
        ;;
      libc6)
        for library in $SERVER_LIBC; do
          # shellcheck disable=SC2086
          find "$unpacked" -path "*/$triplet/*" -name "$library" -exec cp -L {} "$tree/lib/glibc/" \; || return
        done
        ;;
      *)
        find "$unpacked" -path "*/lib/$triplet/lib*.so.*" -printf '%f\n' | while read -r library; do
          # under its soname: the target of a link has another name
          [ -n "$(find "$unpacked" -lname "$library")" ] || cp -L "$(find "$unpacked" -name "$library" -print -quit)" "$tree/lib"
        done
        ;;
    esac
  done
  # Only the tests' programs are needed.
  find "$tree/$own/lib/pgxs" -type f ! -path '*/src/test/*' -delete || return
  rm -f "$tree/$own/lib"/*.a
  remove_unneeded "$tree/lib" "$tree/libexec" "$tree/$own/lib" || return
  for program in "${SERVER_PROGRAMS[@]}"; do
    [ -e "$tree/libexec/${program##*/}" ] || continue
    server_launcher "$loader" >"$tree/$own/$program" && chmod 755 "$tree/$own/$program" || return
  done
  # the paths in other unpacked servers
  ln -s "$own/bin" "$tree/bin" && ln -s "../$own/lib" "$tree/lib/postgresql" && ln -s "../$shared" "$tree/share/postgresql" || return
  {
    # 0+deb13u1 and 3 are Debian's revisions; 19~rc1 is PostgreSQL 19rc1
    printf 'version = %s\n' "$(sed -E 's/^([0-9]+)(\.[0-9]+|~?(beta|rc)[0-9]+).*/\1\2/; s/~//' <<<"$3")"
    printf 'glibc = %s\n' "$(grep -aoE 'GLIBC_2\.[0-9]+' "$tree/lib/glibc/libc.so.6" | sort -uV | sed -n '$ s/GLIBC_//p')"
  } >"$to/server.properties" || return
  # the catalog first, because readers look for the version; links last, because readers need their targets
  (cd "$tree" && { printf '%s\n' "$shared/postgres.bki" && find . -type f ! -name postgres.bki -printf '%P\n' | sort && find . -type l -printf '%P\n' | sort; } |
    tar --owner=0 --group=0 --numeric-owner --mtime=@0 -cf - -T - | xz -T 0 -0 >"$to/server.txz")
}

# remove_unneeded LIBRARIES FOLDER...: removes the libraries that neither the files in the folders nor the libraries that they need name.
remove_unneeded() {
  local libraries=$1 level name needed=' '
  # A file contains the names of the libraries that it needs.
  level=$(needed_names "${@:2}") || return
  while [ -n "$level" ]; do
    local -a files=()
    for name in $level; do
      if [ -e "$libraries/$name" ] && [[ $needed != *" $name "* ]]; then
        needed+="$name "
        files+=("$libraries/$name")
      fi
    done
    [ ${#files[@]} -gt 0 ] || break
    level=$(needed_names "${files[@]}") || return
  done
  for name in "$libraries"/lib*; do
    [[ $needed = *" ${name##*/} "* ]] || rm "$name" || return
  done
}

# needed_names FILE_OR_FOLDER...: prints the names of libraries in these files.
needed_names() {
  find "$@" -type f -exec env LC_ALL=C grep -ohaE 'lib[A-Za-z0-9_+.-]+\.so\.[0-9.]+' {} + | sort -u
}

# server_launcher LOADER: prints the script that starts a program with the libraries in the archive. A newer C library of an extension
# takes precedence. If the directory has no C library, this machine's loader is new enough.
server_launcher() {
  cat <<END
#!/bin/sh
self=\$0
case \$self in /*) ;; *) self=\$PWD/\$self ;; esac
for folder in "\${self%/bin/*}" "\${self%/lib/postgresql/*}" "\${self%/usr/lib/postgresql/*}"; do
  program=\$folder/libexec/\${self##*/}
  [ ! -e "\$program" ] || break
done
loader=$1
for libc in "\$folder/lib/libc" "\$folder/lib/glibc"; do
  if [ -e "\$libc/\${loader##*/}" ]; then
    loader=\$libc/\${loader##*/}
    break
  fi
done
libraries=\$folder/lib/needed:\$libc:\$folder/lib
if [ -e "\$folder/lib/preloaded" ] && [ "\${self##*/}" = postgres ]; then
  read -r preloaded <"\$folder/lib/preloaded" || [ -n "\$preloaded" ] || exit
  exec "\$loader" --argv0 "\$self" --library-path "\$libraries" --preload "\$preloaded" "\$program" "\$@"
fi
exec "\$loader" --argv0 "\$self" --library-path "\$libraries" "\$program" "\$@"
END
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  server_archive "$1" "${2:-linux-$(dpkg --print-architecture)}"
fi
