#!/usr/bin/env bash
# Runs the commands for macOS and Windows in docs/compatibility.md: installs the artifacts in a container of Debian, and runs ./dev
# with a simulated macOS: /bin/sh is dash, uname prints Darwin, and the tools are BusyBox. Fetches 1 GB. Needs containers.sh:
#   scripts/ci/offline/containers.sh run scripts/ci/desktop.sh DIRECTORY
# SPDX-License-Identifier: MIT
PROGRAM=scripts/ci/desktop.sh
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
# shellcheck source=scripts/debian.sh
source "$ROOT/scripts/debian.sh"

WORK=${1:?"the directory to create"}
TREE=$WORK/tree
IMAGE=debian:13
: "${PG_HELLO_TEST_IMAGE:?"run it by scripts/ci/offline/containers.sh run"}"
PATH=$PATH:/usr/sbin
need busybox busybox dash dash debootstrap debootstrap unzip unzip
mkdir "$WORK"

passed() { printf '%3d s  %s\n' "$SECONDS" "$*"; }

# build_image: creates the image from the mirrors of this machine. Unlike the real image, the created image contains the addresses
# and certificates of these mirrors.
build_image() {
  local root=$WORK/root suite=trixie source mirror keyring
  mkdir "$WORK/sources"
  debian_sources deb "$suite" "$WORK/sources"
  for source in "$WORK/sources"/*; do
    mirror=$(sed -n 's#.*\(https\?://[^ ]*\).*#\1#p' "$source" | head -1)
    keyring=$(sed -En 's#.*[Ss]igned-[Bb]y[:=] *(/[^] ,]+).*#\1#p' "$source" | head -1)
    [ -n "$mirror" ] || continue
    rm -rf "$root"
    ! timeout --foreground -k 10 600 unshare --mount-proc --pid --fork --kill-child debootstrap --variant=minbase \
      --include=ca-certificates ${keyring:+"--keyring=$keyring"} "$suite" "$root" "$mirror" >"$WORK/root.log" 2>&1 </dev/null || break
  done
  [ -x "$root/usr/sbin/update-ca-certificates" ] || return 1
  rm -f "$root/etc/apt/sources.list"
  cp "$source" "$root/etc/apt/sources.list.d/"
  [ -z "$keyring" ] || install -D -m 644 "$keyring" "$root$keyring"
  apt-config dump | grep -E '^Acquire::(https?::Proxy|Check-Valid-Until)' >"$root/etc/apt/apt.conf.d/proxy" || true
  cp -r /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates"
  chroot "$root" update-ca-certificates >/dev/null 2>&1
  tar -C "$root" --numeric-owner -c . | docker import - "$IMAGE" >/dev/null
  rm -rf --one-file-system "$root"
}

if ! docker image inspect "$IMAGE" >/dev/null 2>&1 && ! timeout 120 docker pull -q "$IMAGE" >/dev/null 2>&1; then
  build_image || die "the image $IMAGE cannot be built: $(tail -3 "$WORK/root.log" | sed 's#\(https\?://\)[^/ ]*#\1...#g')"
  # shellcheck disable=SC2064
  trap "docker image rm -f '$IMAGE' >/dev/null 2>&1 || true" EXIT
fi
passed "the image $IMAGE"

copy_tree "$TREE"
rm -rf "$TREE/extension/build"
mkdir -p "$WORK/home" "$WORK/mac"
cp -a ~/.m2 "$WORK/home"
rm -rf "$WORK/home/.m2/repository/io/github/pg-hello"
# use this machine's network in the container, because the mirrors may not be reachable otherwise
cat >"$WORK/mac/docker" <<END
#!/bin/sh
echo "\$@" >>'$WORK/docker.log'
case \$1 in
  run) shift && exec '$(command -v docker)' run --network host "\$@" ;;
esac
exec '$(command -v docker)' "\$@"
END
chmod +x "$WORK/mac/docker"

# the command of the page, in the directory of the tree
command=$(grep '^docker run ' "$ROOT/docs/compatibility.md")
[ "$(grep -c . <<<"$command")" = 1 ] || die "docs/compatibility.md must have one command that begins with docker run"
(cd "$TREE" && HOME=$WORK/home PATH=$WORK/mac:$PATH bash -c "$command") >"$WORK/install.log" 2>&1 </dev/null ||
  die "the page's command failed: $(tail -20 "$WORK/install.log" | sed 's#\(https\?://\)[^/ ]*#\1...#g')"
jar=$(find "$WORK/home/.m2/repository/io/github/pg-hello/pg-hello-extension" -name '*.jar')
libraries=$(unzip -Z1 "$jar" | grep -c '^io/pghello/extension/.*/pg_hello\.\(so\|dylib\|dll\)$')
[ "$libraries" = "$(for platform in "${PLATFORMS[@]}"; do majors_for "$platform" && echo; done | wc -w)" ] || die "the installed jar has $libraries libraries"
passed "the page's command installed a jar with $libraries libraries"

# ---- a simulated macOS
for tool in $(busybox --list); do
  [ -e "$WORK/mac/$tool" ] || ln -s "$(command -v busybox)" "$WORK/mac/$tool"
done
rm -f "$WORK/mac/"{uname,sh,ash,bash}
cat >"$WORK/mac/uname" <<'END'
#!/bin/sh
case ${1-} in -m) echo arm64 ;; *) echo Darwin ;; esac
END
chmod +x "$WORK/mac/uname"
for tool in bash mvn; do
  ln -s "$(command -v "$tool")" "$WORK/mac/$tool"
done
ln -s "$(command -v dash)" "$WORK/mac/sh"
JDK=$(java_home)
cases=0

# mac STATUS WORDS ARGUMENT...: ./dev must exit with this status and print these words.
mac() {
  local expected=$1 words=$2 status=0
  shift 2
  cases=$((cases + 1))
  (cd "$WORK" && env -i "HOME=$WORK/home" "PATH=$WORK/mac" "DOCKER_HOST=${DOCKER_HOST-}" \
    "JAVA_HOME=${MAC_JDK-$JDK}" "$TREE/dev" "$@") >"$WORK/out" 2>&1 </dev/null || status=$?
  if [ "$status" != "$expected" ] || ! grep -qF -- "$words" "$WORK/out"; then
    tail -20 "$WORK/out" >&2
    die "./dev $*: expected the status $expected and '$words', but the status is $status"
  fi
}

# same_help FILE ARGUMENT...: ./dev must print this help text.
same_help() {
  mac 0 '' "${@:2}"
  cmp "$WORK/out" "$ROOT/scripts/help/$1.txt" || die "./dev ${*:2}: not the help text of $1"
}

calls=$(wc -l <"$WORK/docker.log")
mac 0 'Hello, Ada!' demo Ada
mac 0 'Hello, Bo!' demo Ada Bo
mac 0 'Usage: ./dev COMMAND' help
mac 0 'Usage: ./dev COMMAND'
same_help demo demo --help
same_help demo-hibernate demo hibernate -h
same_help server server --help
mac 2 '--major is 16; there are 15 17 18' server --major 16
mac 2 '--major is 14; there are 15 17 18' server --major=14
mac 2 'to run it in a container: ./dev debian bench' bench client
mac 2 './dev debian demo mcp' demo mcp
mac 2 'test accepts modules, but got: --all' test --all
mac 2 'install accepts only --all-platforms, but got: here' install here
MAC_JDK='' mac 1 "needs JDK 17 or newer, but JAVA_HOME is ''" demo Ada
MAC_JDK=$WORK mac 1 'needs JDK 17 or newer' demo Ada
mac 0 'BUILD SUCCESS' test pg-extension-binding
grep -q 'Tests run: [1-9]' "$WORK/out" || die 'no test ran'
[ "$(wc -l <"$WORK/docker.log")" = "$calls" ] || die "a container was started although the libraries are up to date"
# a changed source needs a container
touch "$TREE/extension/src/pg_hello.c"
mv "$WORK/mac/docker" "$WORK/docker"
mac 1 'needs the command docker' demo Ada
printf '#!/bin/sh\nexit 1\n' >"$WORK/mac/docker"
chmod +x "$WORK/mac/docker"
mac 1 'Docker is not running; start it' demo Ada
mv "$WORK/docker" "$WORK/mac/docker"
mac 0 'pg_hello.dylib' debian native --platform darwin-arm64 17
mac 0 'Hello, Ada!' demo Ada
passed "$cases commands of ./dev with a simulated macOS"
