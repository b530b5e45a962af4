#!/usr/bin/env bash
# Runs each command of ./dev help in its shortest form right after a clone: as an ordinary user, with only HOME and PATH in the
# environment.
# SPDX-License-Identifier: MIT
PROGRAM=first-run
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
CLONE=$WORK/clone
NEWCOMER=()
failures=0 commands=0

# linked FROM TO: links the machine's files into the newcomer's directories, so that they are not downloaded again.
linked() {
  [ -d "$1" ] || return 0
  mkdir -p "$(dirname "$2")"
  cp -al "$1" "$2" 2>/dev/null || { rm -rf "$2" && cp -a "$1" "$2"; }
}

# newcomer: sets NEWCOMER to a command prefix that runs a command as an ordinary user with a separate home. For root, this is a
# user that exists only in these commands, because Java and initdb look up the user.
newcomer() {
  local home=$WORK/home id=54321
  if [ "$(id -u)" != 0 ]; then
    NEWCOMER=(env -i "HOME=$HOME" "PATH=$PATH")
    return
  fi
  linked "$HOME/.m2/repository" "$home/.m2/repository"
  rm -rf "$home/.m2/repository/io/github/pg-hello"
  # The server's headers, but nothing that was built or unpacked.
  linked "$CACHE/headers" "$home/.cache/pg-hello/headers"
  [ ! -e "$HOME/.m2/settings.xml" ] || install -m 644 "$HOME/.m2/settings.xml" "$home/.m2"
  chmod 755 "$WORK"
  find "$home" -type d -exec chown $id:$id {} +
  chown -R $id:$id "$CLONE"
  { cat /etc/passwd && echo "newcomer:x:$id:$id::$home:/bin/bash"; } >"$WORK/passwd"
  # shellcheck disable=SC2016
  NEWCOMER=(unshare -m sh -c 'mount --bind "$0" /etc/passwd && exec "$@"' "$WORK/passwd"
    setpriv "--reuid=$id" "--regid=$id" --clear-groups env -i "HOME=$home" "PATH=$PATH")
  if ! "${NEWCOMER[@]}" true 2>/dev/null; then
    echo "skipped: root cannot become an ordinary user with a home directory here"
    exit 77
  fi
}

# says STATUS WORDS ARGUMENT...: ./dev must exit with this status, and print these words to standard output, or to standard
# error if it fails.
says() {
  local expected=$1 words=$2 status=0 heard=$WORK/out
  shift 2
  commands=$((commands + 1))
  (cd "$CLONE" && timeout 900 "${NEWCOMER[@]}" ./dev "$@") >"$WORK/out" 2>"$WORK/err" </dev/null || status=$?
  [ "$expected" = 0 ] || heard=$WORK/err
  if [ "$status" != "$expected" ] || ! grep -qF -- "$words" "$heard"; then
    printf './dev %s: expected status %s and "%s", but the status is %s:\n' "$*" "$expected" "$words" "$status"
    cat "$WORK/out" "$WORK/err"
    failures=$((failures + 1))
  fi
}

# unbuilt COMMAND...: removes the libraries first, so that the command has to build them.
unbuilt() {
  rm -rf "$CLONE/extension/build"
  "$@"
}

mkdir "$CLONE"
# The state after git clone, plus uncommitted changes.
git -C "$ROOT" ls-files -z --cached --others --exclude-standard | tar -C "$ROOT" --null --ignore-failed-read -T - -c | tar -C "$CLONE" -x
newcomer

says 0 'Usage: ./dev COMMAND'
says 0 'Usage: ./dev COMMAND' help
for command in test install images format generate; do
  says 0 'Usage: ./dev COMMAND' "$command" --help
done
says 0 'Usage: ./dev bench' bench --help
says 2 'no such benchmark: nope; the benchmarks are extension, ' bench nope
says 0 'Usage: ./dev native' native --help
says 0 'Usage: ./dev docs' docs --help
says 0 'Usage: ./dev release' release --help
says 2 'no module nope has tests' test nope
says 0 ' passed, 0 failed, ' test pg-extension-binding

unbuilt says 0 'Usage: pghello' pghello --help
unbuilt says 0 'Usage: pg-hello-mcp' mcp --help
# Standard output is reserved for the protocol, even if the first start builds.
rm -f "$CLONE"/tools/mcp/target/classpath-*
says 2 'no connection is configured' mcp
if [ -s "$WORK/out" ]; then
  echo './dev mcp writes text that is not part of the protocol to standard output:'
  cat "$WORK/out"
  failures=$((failures + 1))
fi
says 0 'Hello, Ada!' demo Ada
for demo in hibernate jooq spring service events plugin ops mcp; do
  says 0 "Usage: ./dev demo $demo" demo "$demo" --help
done
# Run ./dev server until it reports that it is ready.
commands=$((commands + 1))
(cd "$CLONE" && exec timeout 300 "${NEWCOMER[@]}" ./dev server) >"$WORK/server" 2>&1 </dev/null &
server=$!
until grep -qx ready "$WORK/server"; do
  if ! kill -0 "$server" 2>/dev/null; then
    echo './dev server does not start:'
    cat "$WORK/server"
    failures=$((failures + 1))
    break
  fi
  sleep 0.1
done
kill "$server" 2>/dev/null || true
wait "$server" || true

[ "$failures" = 0 ] || die "$failures of $commands commands failed"
echo "$commands commands work in a fresh clone, as an ordinary user without an environment"
