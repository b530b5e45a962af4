#!/usr/bin/env bash
# Provides a container engine with a postgres image, even on a bare Debian without access to an image registry.
# SPDX-License-Identifier: MIT
PROGRAM=scripts/ci/offline/containers.sh
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../lib.sh"
# shellcheck source=scripts/debian.sh
source "$ROOT/scripts/debian.sh"

MAJOR=${PG_HELLO_CONTAINER_MAJOR:-15}
IMAGE=postgres:$MAJOR
ALPINE_IMAGE=postgres:$DEFAULT_MAJOR-alpine
STATE=$CACHE/containers
ENGINE=$STATE/engine
OWN_HOST=unix://$STATE/docker.sock

usage() {
  cat <<END
Usage: scripts/ci/offline/containers.sh up
       scripts/ci/offline/containers.sh run COMMAND...
       scripts/ci/offline/containers.sh down

  up    provide a container engine with the image $IMAGE, and print the variables to set for it
  run   provide the engine, run the command with these variables, and stop the engine if it was
        started for this command
  down  stop the engine that up started

If a running engine has the image or can pull it, that engine is used, and not stopped afterwards.
Otherwise, on Debian and as root, a separate engine is started, with an image built from the
distribution's packages (a minute the first time, seconds afterwards). To use a major other than 15,
set PG_HELLO_CONTAINER_MAJOR=N. $ALPINE_IMAGE is provided as well, if it can be pulled or built. If
no engine can be provided, one line on standard output contains the reason, and the exit status is
77.
END
}

skip() {
  printf 'skipped: %s\n' "$*"
  exit 77
}

# CI logs must not contain the machine's mirrors.
show_end() { tail -"$1" "$2" | sed 's#\(https\?://\)[^/ ]*#\1...#g' >&2; }

answers() { timeout 10 docker version -f '{{.Server.Version}}' >/dev/null 2>&1; }

# has_image [IMAGE]
has_image() { [ -n "$(docker image inspect -f ok "${1-$IMAGE}" 2>/dev/null)" ]; }

# own_pid: prints the process id of the engine started by this script, if it is running.
own_pid() {
  local pid
  pid=$(cat "$STATE/dockerd.pid" 2>/dev/null) || return 1
  grep -qzxF -- "--data-root=$ENGINE" "/proc/$pid/cmdline" 2>/dev/null || return 1
  printf '%s' "$pid"
}

# Two engines would modify the same bridge. An ended engine may still be listed, without a command line.
dockerd_runs() {
  local process
  for process in /proc/[0-9]*; do
    ! grep -qsx dockerd "$process/comm" || ! grep -qs . "$process/cmdline" || return 0
  done
  return 1
}

# build_root MAJOR DIR: creates the files of an image with the distribution's PostgreSQL.
build_root() {
  local major=$1 dir=$2 suite=${HEADER_SUITE[$1]} sources=$2.sources source mirror keyring http_proxy=${http_proxy-}
  mkdir "$sources"
  debian_sources deb "$suite" "$sources"
  [ -n "$http_proxy" ] || eval "$(apt-config shell http_proxy Acquire::http::Proxy)"
  export http_proxy
  for source in "$sources"/*; do
    mirror=$(sed -n 's#.*\(https\?://[^ ]*\).*#\1#p' "$source" | head -1)
    keyring=$(sed -En 's#.*[Ss]igned-[Bb]y[:=] *(/[^] ,]+).*#\1#p' "$source" | head -1)
    [ -n "$mirror" ] || continue
    rm -rf "$dir"
    # In separate namespaces, so that no mounts or processes remain.
    if timeout --foreground -k 10 600 unshare --mount-proc --pid --fork --kill-child \
      debootstrap --variant=minbase --include="postgresql-$major" ${keyring:+"--keyring=$keyring"} \
      "$suite" "$dir" "$mirror" >"$dir.log" 2>&1 </dev/null; then
      break
    fi
  done
  if [ ! -x "$dir/usr/lib/postgresql/$major/bin/postgres" ]; then
    [ ! -e "$dir.log" ] || show_end 5 "$dir.log"
    return 1
  fi
  # The package creates a cluster, but the image's entrypoint creates another one.
  rm -rf "$dir/etc/postgresql/$major" "$dir/var/lib/postgresql/$major" "$dir/etc/apt/sources.list"
  sed -Ei "s/^#?listen_addresses = .*/listen_addresses = '*'/" "$dir/usr/share/postgresql/$major/postgresql.conf.sample"
  mkdir -p "$dir/docker-entrypoint-initdb.d" "$dir/var/lib/postgresql/data" &&
    chroot "$dir" chown -R postgres:postgres /var/lib/postgresql &&
    install -m 755 "$ROOT/scripts/ci/offline/docker-entrypoint.sh" "$dir/usr/local/bin/docker-entrypoint.sh"
}

# image_archive: prints the path of the image file. Builds it unless a file built with this recipe exists.
image_archive() (
  recipe=$({ declare -f build_root && cat "$ROOT/scripts/ci/offline/docker-entrypoint.sh"; } | sha256sum)
  file=$STATE/postgres-$MAJOR-${recipe:0:12}.tar.zst
  if [ ! -e "$file" ]; then
    say "Building the image $IMAGE from Debian's packages (a minute)"
    tmp=$(mktemp -d "$STATE/.tmp.XXXXXX")
    trap 'rm -rf --one-file-system "$tmp"' EXIT
    build_root "$MAJOR" "$tmp/root" &&
      tar -C "$tmp/root" --numeric-owner --exclude='./var/cache/apt/*' --exclude='./var/lib/apt/lists/*' \
        --exclude='./var/log/*' --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' \
        --exclude='./usr/share/locale/*' -c . | zstd -q -3 -T0 >"$tmp/image" || return 1
    rm -f "$STATE/postgres-$MAJOR"-*.tar.zst
    mv "$tmp/image" "$file"
  fi
  printf '%s' "$file"
)

load_image() {
  local archive
  archive=$(image_archive) || return 1
  zstd -dc "$archive" | timeout 120 docker import \
    -c "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/$MAJOR/bin" \
    -c 'ENV LANG=C.UTF-8' -c "ENV PG_MAJOR=$MAJOR" -c 'ENV PGDATA=/var/lib/postgresql/data' \
    -c 'VOLUME /var/lib/postgresql/data' -c 'EXPOSE 5432' \
    -c 'ENTRYPOINT ["docker-entrypoint.sh"]' -c 'CMD ["postgres"]' - "$IMAGE" >/dev/null
}

# load_alpine: loads an image with the file layout of the official Alpine image, based on the embedded server for musl.
load_alpine() (
  [ "$(platform)" = linux-amd64 ] || return 1
  PLATFORM=linux-amd64-musl
  tree=$(embedded_tree "$DEFAULT_MAJOR") || return 1
  tmp=$(mktemp -d "$STATE/.tmp.XXXXXX")
  trap 'rm -rf --one-file-system "$tmp"' EXIT
  debian_download deb bookworm 'musl busybox-static' "$tmp/deb" || return 1
  for package in "$tmp"/deb/*.deb; do
    dpkg -x "$package" "$tmp/debian" || return 1
  done
  mkdir -p "$tmp"/root/{bin,dev,etc,home,lib,proc,root,run,sys,tmp,usr/local/bin,var/lib/postgresql}
  chmod 1777 "$tmp/root/tmp"
  cp "$tmp/debian/bin/busybox" "$tmp/root/bin"
  for name in $("$tmp/root/bin/busybox" --list); do
    [ -e "$tmp/root/bin/$name" ] || ln -s busybox "$tmp/root/bin/$name"
  done
  cp "$(find "$tmp/debian" -name libc.so -type f)" "$tmp/root/lib/ld-musl-x86_64.so.1" || return 1
  cp -a "$tree/." "$tmp/root/usr/local"
  cp "$ROOT/scripts/ci/offline/alpine-entrypoint.sh" "$tmp/root/usr/local/bin/docker-entrypoint.sh"
  echo 'not Alpine, but with its C library' >"$tmp/root/etc/alpine-release"
  printf 'root:x:0:0::/root:/bin/sh\npostgres:x:70:70::/var/lib/postgresql:/bin/sh\n' >"$tmp/root/etc/passwd"
  printf 'root:x:0:\npostgres:x:70:\n' >"$tmp/root/etc/group"
  tar -C "$tmp/root" --owner=0 --group=0 -c . | timeout 120 docker import \
    -c 'ENV PATH=/usr/local/bin:/bin' -c 'ENV LANG=C.UTF-8' -c "ENV PG_MAJOR=$DEFAULT_MAJOR" -c 'ENV PGDATA=/var/lib/postgresql/data' \
    -c 'VOLUME /var/lib/postgresql/data' -c 'EXPOSE 5432' \
    -c 'ENTRYPOINT ["docker-entrypoint.sh"]' -c 'CMD ["postgres"]' - "$ALPINE_IMAGE" >/dev/null
)

# A killed engine leaves the bridges of its networks, and their routes take precedence over the network of the next engine. These
# bridges can be removed, because an engine creates its bridges at startup.
remove_bridges() {
  local bridge table rule
  ! dockerd_runs || return 0
  for bridge in /sys/class/net/br-????????????/brif; do
    bridge=$(basename "$(dirname "$bridge")")
    [[ $bridge =~ ^br-[0-9a-f]{12}$ ]] || continue
    [ -z "$(ls "/sys/class/net/$bridge/brif")" ] || continue
    for table in filter nat; do
      { iptables-save -t "$table" | grep -E "^-A .*-[io] $bridge( |$)" || true; } | while read -r rule; do
        # shellcheck disable=SC2086
        eval iptables -t "$table" "-D ${rule#-A }"
      done
    done
    ip link delete "$bridge" || true
  done
}

# Also stops processes and unmounts file systems left by a killed engine.
remove_engine_files() {
  local process pid
  for process in /proc/[0-9]*; do
    pid=${process#/proc/}
    if grep -qs '^containerd' "$process/comm" && grep -qszF -- "$ENGINE/exec" "$process/cmdline"; then
      # Kill the container first, because it is the child process.
      xargs -r kill -KILL <"$process/task/$pid/children" 2>/dev/null || true
      kill -KILL "$pid" 2>/dev/null || true
    fi
  done
  awk -v dir="$ENGINE" '$2 == dir || index($2, dir "/") == 1 { print $2 }' /proc/mounts | sort -r | xargs -r umount -l
  rm -rf --one-file-system "$ENGINE" "$STATE/docker.sock" "$STATE/dockerd.pid" "$STATE/keep"
  remove_bridges
}

start_engine() {
  local pid
  say "Starting a container engine"
  remove_engine_files
  # The command down restores the saved state.
  [ -e "$STATE/network" ] || {
    iptables -S FORWARD | head -1
    cat /proc/sys/net/ipv4/ip_forward
    ip link show docker0 2>/dev/null || true
  } >"$STATE/network"
  setsid dockerd --data-root="$ENGINE" --exec-root="$ENGINE/exec" --pidfile="$ENGINE/pid" --host="$OWN_HOST" \
    >"$STATE/dockerd.log" 2>&1 </dev/null 7>&- 8>&- &
  pid=$!
  printf '%s\n' "$pid" >"$STATE/dockerd.pid"
  for _ in {1..150}; do
    ! answers || return 0
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.2
  done
  show_end 5 "$STATE/dockerd.log"
  return 1
}

# The engine never reverts its changes to the machine's network.
restore_network() {
  local before table rule chain
  [ -e "$STATE/network" ] || return 0
  mapfile -t before <"$STATE/network"
  if [ -z "${before[2]-}" ]; then
    for table in filter nat; do
      iptables-save -t "$table" | grep -E '^-A [A-Z]+ .*(DOCKER|docker0)' | while read -r rule; do
        # shellcheck disable=SC2086
        eval iptables -t "$table" "-D ${rule#-A }"
      done
      for chain in $(iptables-save -t "$table" | sed -n 's/^:\(DOCKER[^ ]*\) .*/\1/p'); do
        iptables -t "$table" -F "$chain"
      done
      for chain in $(iptables-save -t "$table" | sed -n 's/^:\(DOCKER[^ ]*\) .*/\1/p'); do
        iptables -t "$table" -X "$chain"
      done
    done
    ip link delete docker0 2>/dev/null || true
  fi
  # shellcheck disable=SC2086
  [[ ${before[0]} != '-P FORWARD '* ]] || iptables ${before[0]}
  printf '%s\n' "${before[1]}" >/proc/sys/net/ipv4/ip_forward
  rm -f "$STATE/network"
}

stop_engine() {
  local pid
  if pid=$(own_pid); then
    DOCKER_HOST=$OWN_HOST timeout 30 docker ps -aq |
      DOCKER_HOST=$OWN_HOST timeout 30 xargs -r docker rm -fv >/dev/null || true
    DOCKER_HOST=$OWN_HOST timeout 30 docker network prune -f >/dev/null || true
    kill -TERM "$pid"
    for _ in {1..150}; do
      own_pid >/dev/null || break
      sleep 0.2
    done
    ! own_pid >/dev/null || kill -KILL "$pid"
  fi
  restore_network
  remove_engine_files
}

# use_engine: loads the image into an engine that is not managed by this script.
use_engine() {
  has_image || timeout 300 docker pull -q "$IMAGE" >/dev/null 2>&1 ||
    skip "the container engine has no image $IMAGE and cannot pull it"
}

own_engine() {
  [ -z "${DOCKER_HOST-}" ] || skip 'the container engine at DOCKER_HOST does not respond'
  [ "$(id -u)" = 0 ] || skip 'no container engine responds, and only root can start one'
  grep -qsx 'ID=debian' /etc/os-release || skip 'no container engine responds, and this script can start one on Debian only'
  [ "${HEADER_SUITE[$MAJOR]-pgdg}" != pgdg ] || skip "no suite of Debian has PostgreSQL $MAJOR"
  (need dockerd docker.io debootstrap debootstrap iptables iptables zstd zstd ip iproute2) ||
    skip 'no container engine can be installed'
  # The package starts services when it is installed.
  if answers; then
    use_engine
    return
  fi
  ! dockerd_runs || skip 'a container engine is running here, but does not respond'
  image_archive >/dev/null || skip "the image $IMAGE cannot be built here"
  export DOCKER_HOST=$OWN_HOST
  start_engine || skip 'the container engine did not start'
  load_image || skip "the image $IMAGE cannot be loaded"
}

# provide: starts an engine with the image, and sets its variables.
provide() {
  say "Providing a container engine with the image $IMAGE (a minute the first time, then seconds)"
  mkdir -p "$STATE"
  exec 7>"$STATE/lock" 8>"$STATE/users"
  flock -w 900 7 || skip 'timed out waiting for another run of this script'
  flock -s 8
  if own_pid >/dev/null; then
    export DOCKER_HOST=$OWN_HOST
    has_image || load_image || skip "the image $IMAGE cannot be built here"
  elif answers; then
    use_engine
  else
    own_engine
  fi
  # This image must not be loaded into an engine that this script did not start.
  if has_image "$ALPINE_IMAGE" ||
    if [ "${DOCKER_HOST-}" = "$OWN_HOST" ]; then load_alpine; else timeout 300 docker pull -q "$ALPINE_IMAGE" >/dev/null 2>&1; fi; then
    export PG_HELLO_TEST_ALPINE_IMAGE=$ALPINE_IMAGE
  fi
  flock -u 7
  export PG_HELLO_TEST_IMAGE=$IMAGE
  # The registry may not have the helper image of Testcontainers.
  export TESTCONTAINERS_RYUK_DISABLED=${TESTCONTAINERS_RYUK_DISABLED:-true}
  # Testcontainers uses a helper image to find the host's address if it believes that it runs in a container.
  if [[ ${DOCKER_HOST:-unix:} == unix:* ]]; then
    export TESTCONTAINERS_HOST_OVERRIDE=${TESTCONTAINERS_HOST_OVERRIDE:-localhost}
  fi
}

# Stops the engine, unless another run uses it or the command up has started it.
release() {
  flock -u 8 2>/dev/null || return 0
  flock -w 60 7
  if [ ! -e "$STATE/keep" ] && flock -n 8 && { own_pid >/dev/null || [ -e "$STATE/network" ]; }; then
    say "Stopping the container engine"
    stop_engine
  fi
}

up() {
  trap release EXIT
  provide
  if own_pid >/dev/null; then
    touch "$STATE/keep"
  fi
  local name
  for name in DOCKER_HOST PG_HELLO_TEST_IMAGE PG_HELLO_TEST_ALPINE_IMAGE TESTCONTAINERS_RYUK_DISABLED TESTCONTAINERS_HOST_OVERRIDE; do
    [ -z "${!name-}" ] || printf 'export %s=%q\n' "$name" "${!name}"
  done
}

run() {
  local child status=0 signal=''
  trap release EXIT
  trap 'exit 143' HUP
  provide
  # A separate process group, so that it can be ended as a whole.
  set -m
  "$@" 7>&- 8>&- <&0 &
  child=$!
  set +m
  trap 'signal=130' INT
  trap 'signal=143' TERM HUP
  wait "$child" || status=$?
  if [ -n "$signal" ]; then
    kill -TERM -- "-$child" 2>/dev/null || true
    for _ in {1..150}; do
      kill -0 -- "-$child" 2>/dev/null || break
      sleep 0.2
    done
    kill -KILL -- "-$child" 2>/dev/null || true
    status=$signal
  fi
  exit "$status"
}

down() {
  mkdir -p "$STATE"
  exec 7>"$STATE/lock" 8>"$STATE/users"
  flock -w 60 7 || die 'another run of this script is using the engine'
  rm -f "$STATE/keep"
  if ! flock -n 8; then
    say "The container engine is in use; the last run stops it"
  elif own_pid >/dev/null || [ -e "$STATE/network" ]; then
    stop_engine
  else
    say "No container engine was started here"
  fi
}

command=${1-help}
[ $# = 0 ] || shift
case $command in
  up) up ;;
  run)
    [ $# -gt 0 ] || misuse 'run needs a command'
    run "$@"
    ;;
  down) down ;;
  help | -h | --help) usage ;;
  *) misuse "unknown argument $command; see --help" ;;
esac
