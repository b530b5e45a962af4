# Unpacks programs of Debian's packages into the cache; sourced after lib.sh, not run.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# shellcheck source=scripts/debian.sh
. "$ROOT/scripts/debian.sh"

CLIENT_PROGRAMS=(pg_dump pg_dumpall pg_restore psql)

# provide_client MAJOR: prints the directory of the client programs of that major, unpacked from its suite's package, with the
# libraries of that suite, because this machine's libraries may be older. Fails if the suite does not have the package.
provide_client() {
  local folder=$CACHE/clients/$1 tmp package program
  if [ ! -e "$folder" ]; then
    [ -n "${HEADER_SUITE[$1]-}" ] || return 1
    say "PostgreSQL $1: fetching the client programs from $(suite_of "$1") (a few seconds, once)"
    tmp=$(temporary_in "$CACHE/clients")
    if ! debian_download deb-libs "${HEADER_SUITE[$1]}" "postgresql-client-$1" "$tmp/deb"; then
      rm -rf "$tmp"
      return 1
    fi
    mkdir "$tmp/tree" "$tmp/tree/bin"
    for package in "$tmp"/deb/*.deb; do
      dpkg-deb --fsys-tarfile "$package" | tar -x -C "$tmp/tree" --keep-directory-symlink
    done
    for program in "${CLIENT_PROGRAMS[@]}"; do
      cat >"$tmp/tree/bin/$program" <<END
#!/bin/sh
tree=\$(dirname "\$(dirname "\$0")")
libraries=\$(printf '%s:' "\$tree"/lib/*-linux-gnu* "\$tree"/usr/lib/*-linux-gnu*)
for loader in "\$tree"/lib*/ld-linux*.so.* "\$tree"/usr/lib*/ld-linux*.so.* "\$tree"/usr/lib/*/ld-linux*.so.*; do
  [ ! -e "\$loader" ] ||
    exec "\$loader" --argv0 "\$0" --library-path "\$libraries" "\$tree/usr/lib/postgresql/$1/bin/$program" "\$@"
done
END
      chmod +x "$tmp/tree/bin/$program"
    done
    for program in "${CLIENT_PROGRAMS[@]}"; do
      if ! "$tmp/tree/bin/$program" --version >/dev/null; then
        rm -rf "$tmp"
        return 1
      fi
    done
    mv -T "$tmp/tree" "$folder" 2>/dev/null || [ -e "$folder" ]
    rm -rf "$tmp"
  fi
  printf '%s' "$folder/bin"
}

DOCKER_COMPOSE=$CACHE/debian/docker-compose

# provide_docker_compose: unpacks Debian's docker-compose with its libraries.
provide_docker_compose() {
  local tmp wanted=docker-compose library package
  need /usr/bin/python3 python3
  [ ! -e "$DOCKER_COMPOSE" ] || return 0
  say "Fetching docker-compose (a few seconds, once)"
  for library in attr cached-property certifi chardet distro distutils docker dockerpty docopt dotenv idna jsonschema packaging \
    pkg-resources pyrsistent requests six texttable urllib3 websocket yaml; do
    wanted+=" python3-$library"
  done
  tmp=$(temporary_in "$CACHE/debian")
  if ! debian_download deb bookworm "$wanted" "$tmp/deb"; then
    rm -rf "$tmp"
    return 1
  fi
  for package in "$tmp"/deb/*.deb; do
    dpkg -x "$package" "$tmp/tree"
  done
  mv -T "$tmp/tree" "$DOCKER_COMPOSE" 2>/dev/null || [ -e "$DOCKER_COMPOSE" ]
  rm -rf "$tmp"
}

# docker_compose ARGUMENT...: runs docker-compose.
docker_compose() {
  PYTHONPATH=$DOCKER_COMPOSE/usr/lib/python3/dist-packages:$DOCKER_COMPOSE/usr/lib/python3.11 /usr/bin/python3 \
    "$DOCKER_COMPOSE/usr/bin/docker-compose" "$@"
}
