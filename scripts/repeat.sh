#!/usr/bin/env bash
# ./dev test --repeat: runs one test class or method repeatedly, to find rare failures.
# Usage: scripts/repeat.sh N MODULE CLASS[#METHOD]
# SPDX-License-Identifier: MIT
PROGRAM='dev test --repeat'
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ ${1-} =~ ^[1-9][0-9]{0,3}$ ]] || misuse "the number of runs is ${1:-missing}; it must be 1 to 9999"
runs=$1 module=$2 test=$3
directory=$(module_directory "$module")
class=${test%%#*}
class=${class##*.}
[ -n "$(find "$ROOT/$directory/src/test" \( -name "${class%%\$*}.java" -o -name "${class%%\$*}.kt" \) 2>/dev/null)" ] || misuse "$module has no test class $class"
# Failsafe runs classes with names that end in IT, Surefire all others. The pattern "none" excludes the tests of the other plugin.
selection=(-Dtest="$test" -Dit.test=none)
[[ ${class%%\$*} != *IT ]] || selection=(-Dtest=none -Dit.test="$test")

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

# run_maven ARGUMENT...: runs Maven for the module and its dependencies.
run_maven() {
  maven -B -ntp -f "$ROOT/pom.xml" -pl ":$module" -am '-P!checks' \
    -Dmaven.javadoc.skip -Dmaven.source.skip "$@"
}

# one_run LOG: runs only this test, in a separate JVM, with any tag.
one_run() {
  run_maven "${selection[@]}" -DexcludedGroups= -DforkCount=1 \
    -Dsurefire.failIfNoSpecifiedTests=false -Dfailsafe.failIfNoSpecifiedTests=false verify >"$1" 2>&1 &&
    # A run without tests does not count.
    grep -qE "Tests run: [1-9].*[ .]${class//\$/\\\$}\$" "$1"
}

"$ROOT/scripts/native.sh"
say "Compiling"
run_maven -q test-compile >"$WORK/compile.log" 2>&1 || {
  cat "$WORK/compile.log" >&2
  die "the tests do not compile"
}

forget_test_results
kept=()
for ((run = 1; run <= runs; run++)); do
  started=$SECONDS
  log=$WORK/run.log
  if one_run "$log"; then
    printf 'run %d: passed, %d s\n' "$run" $((SECONDS - started))
  else
    printf 'run %d: failed, %d s\n' "$run" $((SECONDS - started))
    maven_errors <"$log"
    mkdir -p "$ROOT/target"
    cp "$log" "$ROOT/target/$class-run-$run.log"
    kept+=("target/$class-run-$run.log")
  fi
done

printf '%d of %d runs passed\n' $((runs - ${#kept[@]})) "$runs"
if [ ${#kept[@]} -gt 0 ]; then
  printf 'the log of a failed run is kept: %s\n' "${kept[@]}"
  exit 1
fi
