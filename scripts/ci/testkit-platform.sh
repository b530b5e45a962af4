# Runs the tests of both testkits with the embedded server for another platform; sourced by checks/arm64-testkit.sh and
# checks/musl-testkit.sh.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
# shellcheck source=scripts/debian.sh
. "$ROOT/scripts/debian.sh"
# shellcheck source=scripts/platforms.sh
. "$ROOT/scripts/platforms.sh"

TESTKITS=(any-extension/testkit pg-hello-testkit)

skip() {
  printf 'skipped: %s\n' "$*"
  exit 77
}

# in_namespaces COMMAND ARGUMENT...: runs a command that may mount file systems, in separate user, mount and process namespaces.
# User IDs are the same as outside. When the command ends, the kernel ends its processes and removes its mounts.
in_namespaces() (
  own=$(readlink /proc/self/ns/user) options=(-m -p --fork --kill-child --mount-proc)
  # bash, because the first process must wait for orphans
  if [ "$(id -u)" != 0 ]; then
    # shellcheck disable=SC2016
    exec unshare --map-current-user --keep-caps "${options[@]}" bash -c '"$@"; exit $?' in_namespaces "$@"
  fi
  # bash waits for the IDs without privileges. The command is then started as root of the namespace.
  # shellcheck disable=SC2016
  unshare -U "${options[@]}" bash -c 'until read -r _ </proc/self/gid_map; do sleep 0.1; done; "$@"; exit $?' in_namespaces "$@" </dev/null &
  child=$!
  trap 'kill -KILL "$child" 2>/dev/null; wait "$child"; exit 143' HUP INT TERM
  while kill -0 "$child" 2>/dev/null && [ "$(readlink "/proc/$child/ns/user")" = "$own" ]; do
    sleep 0.1
  done
  for map in uid_map gid_map; do
    awk '{ print $1, $1, $3 }' "/proc/self/$map" >"/proc/$child/$map" || kill -KILL "$child"
  done
  wait "$child"
)

# testkit_tests TREE SETUP ARGUMENT...: runs Maven in a copy of the tree, in namespaces, after the bash command SETUP. Servers are
# unpacked to TREE/cache, and their data is in a file system of the namespace.
testkit_tests() {
  local tree=$1 setup=$2 home
  shift 2
  need mvn maven
  home=$(java_home)
  # shellcheck disable=SC2016
  in_namespaces bash -c "$setup"' && mount -t tmpfs -o mode=1777 tmpfs /dev/shm && exec "$@"' setup \
    timeout -k 30 2700 env JAVA_HOME="$home" PG_EXTENSION_CACHE="$tree/cache" \
    mvn -B -ntp -Dstyle.color=never -f "$tree/pom.xml" '-P!checks' -Dpostgres.major="$DEFAULT_MAJOR" -pl :pg-extension-testkit,:pg-hello-testkit -am \
    -Dmaven.javadoc.skip -Dmaven.source.skip -Dsurefire.failIfNoSpecifiedTests=false -Dfailsafe.failIfNoSpecifiedTests=false "$@" verify
}

# testkit_reports TREE: prints the paths of the tests' reports.
testkit_reports() {
  (cd "$1" && find "${TESTKITS[@]/%//target}" -path '*-reports/TEST-*.xml' -printf "$1/%p\n")
}

# all_tests TREE SETUP LOADER WITHOUT ARGUMENT...: runs all unit tests and integration tests of both testkits, except the class
# WITHOUT, and checks that all servers that they started are for the platform with this dynamic loader.
all_tests() {
  local tree=$1 loader=$3 program count=0
  testkit_tests "$tree" "$2" -Dtest='io/pghello/extension/testkit/**/*Test,io/pghello/testkit/**/*Test'"${4:+,!$4}" \
    -Dit.test='io/pghello/extension/testkit/**/*IT,io/pghello/testkit/**/*IT' "${@:5}"
  for program in "$tree"/cache/server/postgresql-*/bin/postgres; do
    grep -qaF "$loader" "$program" || die "$program is not for this platform"
    count=$((count + 1))
  done
  [ "$count" -ge 10 ] || die "the tests created only $count servers"
  testkit_reports "$tree" | test_reports outcome "$(basename "$tree"), with $count different servers"
}

# reject_wrong_library TREE SETUP PLATFORM ARGUMENT...: builds a library that differs in one letter. A test must fail because of this
# letter.
reject_wrong_library() {
  local tree=$1 platform=$3 log=$1/wrong.log suite
  for suite in "${TESTKITS[@]}"; do
    mv "$tree/$suite/target/failsafe-reports" "$tree/$suite/target/kept-reports"
  done
  sed -i 's/PREFIX "Hello/PREFIX "Hullo/' "$tree/extension/src/greeting.h"
  ! cmp -s "$ROOT/extension/src/greeting.h" "$tree/extension/src/greeting.h" || die 'the greeting is not changed'
  "$tree/scripts/native.sh" --platform "$platform" "$DEFAULT_MAJOR"
  if testkit_tests "$tree" "$2" -Dtest=NoTest -Dit.test='PgHelloTestIT#greets' "${@:4}" >"$log" 2>&1; then
    die 'a test passes with a wrong library'
  fi
  grep -q 'but was: "Hullo, Ada!"' "$log" || {
    cat "$log"
    die 'a test fails with a wrong library, but not because of the library'
  }
  for suite in "${TESTKITS[@]}"; do
    rm -rf "$tree/$suite/target/failsafe-reports"
    mv "$tree/$suite/target/kept-reports" "$tree/$suite/target/failsafe-reports"
  done
  echo "a test fails with a library for $platform that differs in one letter"
}
