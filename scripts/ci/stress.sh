#!/usr/bin/env bash
# Runs the races of pg-extension-batching-stress with jcstress, to find lost wake-ups and calls that end twice. Takes 12 seconds,
# plus about 30 seconds to compile and to start jcstress. Fails if there is a forbidden result.
# Usage: scripts/ci/stress.sh [SECONDS]
# SPDX-License-Identifier: MIT
PROGRAM=stress
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

seconds=${1:-12}
[[ $# -le 1 && $seconds =~ ^[1-9][0-9]*$ ]] || misuse "accepts a number of seconds, but got: $*"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

home=$(find_jdk 25 || java_home)
export JAVA_HOME=$home
path=$(classpath pg-extension-batching-stress "$DEFAULT_MAJOR")
# compile all sources in each run, so that the tested classes match the tree
mkdir "$tmp/classes"
# except metrics, because their dependencies are not on the class path of the races
batching=$ROOT/$(module_directory pg-extension-batching)
find "$batching/src/main/java" "$batching-stress/src/main/java" -name '*.java' \
  -not -path '*/micrometer/*' >"$tmp/sources"
"$home/bin/javac" -nowarn -d "$tmp/classes" -cp "$path" -processorpath "$path" "@$tmp/sources" >"$tmp/log" 2>&1 ||
  {
    cat "$tmp/log" >&2
    die 'the races do not compile'
  }

# Use small strides, because jcstress checks the time only after each stride, and each lost wake-up costs a timeout.
# JDKs before 18 have two lock implementations, and jcstress tests both.
runs=$(($(grep -c . "$tmp/classes/META-INF/TestList") * ($(jdk_version "$home") < 18 ? 2 : 1)))
say "Running the races ($seconds seconds, plus about 30)"
cd "$tmp"
status=0
timeout $((seconds * 4 + 300)) "$home/bin/java" -cp "$tmp/classes:$path" org.openjdk.jcstress.Main \
  -m quick -f 1 -iters 1 -time $((seconds * 1000 / runs)) -sc false -af NONE -jvmArgs -Xmx256m \
  -strideSize 32 -strideCount 2 -r "$tmp/results" >"$tmp/log" 2>&1 || status=$?
if [ "$status" != 0 ] || ! grep -q 'Failed tests: No matches' "$tmp/log" || ! grep -q 'Error tests: No matches' "$tmp/log" ||
  ! grep -q "All remaining tests: $runs matching" "$tmp/log"; then
  grep -v -e '^(' -e '^-----' "$tmp/log" | sed '1,/Test results:/d' | head -200 >&2
  die "a race failed or was not run (status $status)"
fi
printf '%s races passed, with %s results per second\n' "$runs" \
  "$(sed -n 's/^(Sampling Rate: \(.*\)\/sec)/\1/p' "$tmp/log" | tail -1)"
