#!/usr/bin/env bash
# A step of ./dev test --all: runs the greeting program as an ordinary user, with only the jars.
# Usage: ordinary-user.sh SCRATCH
# SPDX-License-Identifier: MIT
PROGRAM=ordinary-user.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../lib.sh"

[ "$(id -u)" = 0 ] || {
  echo "everything above ran as an ordinary user"
  exit
}
number=0
mkdir -p "$1/lib"
classes=$(JAVA_HOME=$JDK17 classpath pg-hello-example-quickstart "$DEFAULT_MAJOR")
while IFS= read -r part; do
  number=$((number + 1))
  cp -r "$part" "$1/lib/$number$([ -d "$part" ] || echo .jar)"
done < <(tr ':' '\n' <<<"$classes")
classes=$(printf '%s:' "$1"/lib/*)
chmod 755 "$(dirname "$1")"
chmod -R a+rX "$1"
mkdir -m 777 "$1/home"
greeting=$(setpriv --reuid=65534 --regid=65534 --clear-groups \
  env -i HOME="$1/home" "$JDK17/bin/java" -Duser.home="$1/home" -cp "$classes" \
  io.pghello.examples.quickstart.Greet Ada)
[ "$greeting" = 'Hello, Ada!' ] || die "the greeting was: $greeting"
echo "an ordinary user is greeted: $greeting"
