# Draws what ./dev test --landing leaves out; sourced by test-all.sh and its test. The same SEED draws the same.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash

# Tests of servers, schemas, catalogs, preflights and updates, and tests that mention the version, run on each version, because others rarely
# fail on one version only. One in SHARE of the others is drawn, and runs on the oldest version, on 18, and on a server in a container.
# If most modules are affected, each of the others runs on one version: half of them on the first, half on the oldest; and a quarter of the slow
# steps run. Half of the expensive tests are left out. On a slow machine, the tests that only the first version runs are drawn, too.
# If fewer modules are affected, the first version runs all of their tests, on a slow machine, too.
SENSITIVE_NAME='Preflight|Installation|Schema|Catalog|Version|Server|S(ql|QL)|Extension|Major|Upgrade|Update|Ddl|Envers|GeneratedSources'
SENSITIVE='server_version|[mM]ajor\(|serverMajor|postgres\.major|ServerVersion|MAJORS|information_schema'
# 2 if most modules are affected, and two, four or eight times as much on a slow machine, because the limit would end the run otherwise. The
# shares of drawn tests and slow steps are divided by this number; of these steps, one in two runs at level 1.
LEVEL=1 SHARE=3
# The microseconds that the computation of measure_speed takes on a machine with two fast CPUs, and how much longer it takes here, in percent.
FAST_MACHINE=500000 SLOWNESS=100
# The directories of the modules that the oldest version tests.
OLDEST_MODULES=()
# The integration tests that take most of the time.
EXPENSIVE=$ROOT/scripts/ci/expensive-tests.txt
# The names of changed classes of tests, one per line. They are never left out.
CHANGED_TESTS=''

# tests [-v] PATTERN...: prints the files of tests that depend on the version, or with -v the others.
tests() {
  local invert=()
  if [ "$1" = -v ]; then
    invert=(-v)
    shift
  fi
  git -C "$ROOT" ls-files "$@" |
    grep -xF "${invert[@]}" -f <(git -C "$ROOT" ls-files "$@" | grep -E "/[^/]*($SENSITIVE_NAME)[^/]*$"; git -C "$ROOT" grep -lE "$SENSITIVE" -- "$@")
}

# affects_most: whether the change can affect at least half of the modules.
affects_most() { [ "$AFFECTED" = everything ] || [ $((2 * $(grep -c '^module ' <<<"$AFFECTED"))) -ge "$(modules | wc -l)" ]; }

# draw N WORD...: sets NUMBER to one of the numbers from 0 to N - 1. Without processes, because there are hundreds of draws.
draw() {
  local n=$1 words="$SEED ${*:2}" hash=0 code i
  for ((i = 0; i < ${#words}; i++)); do
    printf -v code %d "'${words:i:1}"
    hash=$(((hash * 31 + code) % 1000003))
  done
  NUMBER=$((hash % n))
}

# one_in N WORD...: whether the draw of one in N selects the words.
one_in() {
  draw "$@"
  [ "$NUMBER" = 0 ]
}

# classes: reads files, and prints the names of their classes.
classes() { sed 's:.*/::; s:\.[^.]*$::'; }

# drawn PATTERN N NUMBER: prints the names of the tests for which the draw of N is another number. Changed tests, and tests that depend on the
# version, are not drawn.
drawn() {
  local file class kept
  # Maven excludes all classes of a name, so a name stays if one of its classes does.
  kept=$(tests "$1" | classes || true; printf '%s\n' "$CHANGED_TESTS")
  while IFS= read -r file; do
    class=${file##*/}
    class=${class%.*}
    if [[ $'\n'$kept$'\n' != *$'\n'$class$'\n'* ]]; then
      draw "$2" "$class"
      [ "$NUMBER" = "$3" ] || printf '%s\n' "$class"
    fi
  done < <(tests -v "$1")
}

# first_only: prints the names of the integration tests that a landing runs only on the first version.
first_only() {
  {
    git -C "$ROOT" ls-files '*IT.java' "${OLDEST_MODULES[@]/#/:!}"
    git -C "$ROOT" grep -lE '^@Tag\("(slow|long|container)"' -- '*IT.java'
  } | classes
}

# draw_tests: writes the names of the tests that this landing leaves out to files: integration tests on the first version, on the oldest one, and
# elsewhere, and unit tests on the oldest version.
draw_tests() {
  SHARE=$((3 * LEVEL))
  drawn '*IT.java' "$SHARE" 0 >"$WORK/drawn"
  drawn '*/src/test/*Test.java' "$SHARE" 0 >"$WORK/drawn-units"
  if affects_most; then
    first_only >"$WORK/first-only"
    grep -v '^#' "$EXPENSIVE" >"$WORK/expensive"
    [ "$LEVEL" -gt 1 ] || : >"$WORK/expensive"
    {
      {
        drawn '*IT.java' "$LEVEL" 0
        drawn '*IT.java' $((2 * LEVEL)) 0 | grep -xFf "$WORK/expensive" || true
      } | grep -vxFf "$WORK/first-only" || true
      {
        drawn '*IT.java' $(((LEVEL + 1) / 2)) 0
        drawn '*IT.java' "$LEVEL" 0 | grep -xFf "$WORK/expensive" || true
      } | grep -xFf "$WORK/first-only" || true
    } | sort -u >"$WORK/drawn-first"
    {
      drawn '*IT.java' "$LEVEL" $((LEVEL > 1))
      drawn '*IT.java' $((2 * LEVEL)) $((LEVEL > 1)) | grep -xFf "$WORK/expensive" || true
    } | sort -u >"$WORK/drawn-oldest"
  else
    : >"$WORK/drawn-first"
    cp "$WORK/drawn" "$WORK/drawn-oldest"
  fi
}

# say_drawn: prints how many classes of tests are left out.
say_drawn() {
  printf 'classes of tests left out on the first version: %d, on the oldest version: %d, elsewhere: %d\n' "$(wc -l <"$WORK/drawn-first")" \
    "$(cat "$WORK/drawn-oldest" "$WORK/drawn-units" | wc -l)" "$(wc -l <"$WORK/drawn")"
}

# read_affected: reads the changed tests, and the slow steps without changed own files, from the output of affected.sh. If the changes are
# unknown, these are all slow steps. A large change, e.g. a new name in all tests, is drawn like the rest, or the run would not end in time.
read_affected() {
  local half own
  CHANGED_TESTS=$(sed -n 's/^test //p' <<<"$AFFECTED")
  [ "$(wc -l <<<"$CHANGED_TESTS")" -le 20 ] || CHANGED_TESTS=''
  half=$(sed -n 's/^half //p' <<<"$AFFECTED")
  own=$(grep -cvxF "$half" <<<"$HALF" || true)
  [[ $AFFECTED = everything* && ($AFFECTED = everything || $own -gt 3) ]] || HALF=$half
}

# exclusions FILE: prints the path of a file with patterns that exclude the test classes in FILE in Surefire and Failsafe. Such a list replaces
# their own exclusion of nested classes, which are often fixtures that fail on purpose.
exclusions() {
  {
    sed 's:.*:**/&.*:' "$WORK/$1"
    # shellcheck disable=SC2016
    echo '**/*$*'
  } >"$WORK/excluded-$1"
  printf '%s' "$WORK/excluded-$1"
}

# measure_speed: sets SLOWNESS to how much longer a computation takes than on a fast machine, in percent. It runs on two CPUs at the same time,
# because virtual machines may share them.
measure_speed() {
  local started=${EPOCHREALTIME/[.,]/} i
  (
    for i in 1 2; do
      for ((n = 0; n < 400000; n++)); do :; done &
    done
    wait
  )
  SLOWNESS=$(((${EPOCHREALTIME/[.,]/} - started) * 100 / FAST_MACHINE))
}

# draw_less [PERCENT]: if most modules are affected, or on a slow machine, draws fewer tests, and fewer of the slow steps in HALF. The machine is slow
# if PERCENT of the limit have passed, and slower if a third or a half more has passed; without PERCENT, the measured speed counts.
draw_less() {
  local level=1 name kept='' without=()
  if [ -n "${1-}" ]; then
    [ $((SECONDS * 100)) -lt $((LIMIT * $1)) ] || level=2
    [ $((SECONDS * 300)) -lt $((LIMIT * $1 * 4)) ] || level=4
    [ $((SECONDS * 200)) -lt $((LIMIT * $1 * 3)) ] || level=8
  else
    [ "$SLOWNESS" -lt 130 ] || level=2
    [ "$SLOWNESS" -lt 160 ] || level=4
    [ "$SLOWNESS" -lt 220 ] || level=8
  fi
  ! affects_most || level=$((2 * level))
  if [ "$level" -le "$LEVEL" ] || [ "$RUN" != landing ] || [ -n "$STOPPED" ]; then
    return 0
  fi
  LEVEL=$level
  for name in $SELECTED; do
    if ! grep -qx "$name" <<<"$HALF" || [[ " ${RAN[*]-} " = *" $name "* ]] || one_in $((2 * LEVEL)) slow "$name"; then
      kept+="$name "
    else
      without+=("$name")
    fi
  done
  SELECTED=$kept
  draw_tests
  printf '\nMost modules are affected, or this machine is slow: %d s have passed, a computation takes %d %% of the usual time\nnot drawn: %s\n' \
    "$SECONDS" "$SLOWNESS" "${without[*]:-no step}"
  say_drawn
}

# record_passed FILE: writes the tested commit to a file. The next landing on this machine compares with it. Not if the tree has changed since
# the start, or if the user has chosen the base, because the changes before a chosen base may not have been tested.
record_passed() {
  if [ "$RUN" = all ] || { [ "$RUN" = landing ] && [ -z "$CHOSEN_BASE" ]; } &&
    [ "$(git -C "$ROOT" rev-parse HEAD 2>&1)" = "$COMMIT" ] && [ -z "$(git -C "$ROOT" status --porcelain 2>&1)" ]; then
    mkdir -p "${1%/*}"
    printf '%s\n' "$COMMIT" >"$1"
  fi
}
