# Draws what ./dev test --landing leaves out; sourced by test-all.sh and its test. The same SEED draws the same.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash

# Tests of servers, schemas, catalogs, preflights and updates, and tests that mention the version, run on each version. One in SHARE of the
# other tests is drawn, and runs on the second and third version and on a server in a container, because they rarely fail on one version only.
SENSITIVE_NAME='Preflight|Installation|Schema|Catalog|Version|Server|S(ql|QL)|Extension|Major|Upgrade|Update|Ddl'
SENSITIVE='server_version|[mM]ajor\(|serverMajor|postgres\.major|ServerVersion|MAJORS|information_schema'
SHARE=3
# The microseconds that the computation of measure_speed takes on a machine with two fast CPUs, and how much longer it takes here, in percent.
FAST_MACHINE=500000 SLOWNESS=100
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

# one_in N WORD...: whether the draw of one in N selects the words. Without processes, because there are hundreds of draws.
one_in() {
  local n=$1 words="$SEED ${*:2}" hash=0 code i
  for ((i = 0; i < ${#words}; i++)); do
    printf -v code %d "'${words:i:1}"
    hash=$(((hash * 31 + code) % 1000003))
  done
  [ $((hash % n)) = 0 ]
}

# drawn PATTERN: prints the names of the tests that this landing does not run on the second and third version.
drawn() {
  local file class kept
  # Maven excludes all classes of a name, so a name stays if one of its classes does.
  kept=$(tests "$1" | sed 's:.*/::; s:\.[^.]*$::' || true; printf '%s\n' "$CHANGED_TESTS")
  while IFS= read -r file; do
    class=${file##*/}
    class=${class%.*}
    [[ $'\n'$kept$'\n' = *$'\n'$class$'\n'* ]] || one_in "$SHARE" "$class" || printf '%s\n' "$class"
  done < <(tests -v "$1")
}

# draw_tests: writes these names to files.
draw_tests() {
  drawn '*IT.java' >"$WORK/drawn"
  drawn '*/src/test/*Test.java' >"$WORK/drawn-units"
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

# draw_major: a landing runs only one of the steps for the newest two majors.
draw_major() {
  local without=postgres18
  one_in 2 newest || without=postgres19
  SELECTED=" $SELECTED"
  SELECTED=${SELECTED/ $without / }
  SELECTED=${SELECTED# }
}

# exclusions: reads names of test classes, and prints patterns that exclude them in Surefire and Failsafe. Such a list replaces their own
# exclusion of nested classes, which are often fixtures that fail on purpose.
exclusions() {
  sed 's:.*:**/&.*:'
  # shellcheck disable=SC2016
  echo '**/*$*'
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

# draw_if_slow [PERCENT]: on a slow machine, a landing runs only half of the slow steps in HALF, and one in six of the tests that are drawn. On a
# very slow one, a quarter of these steps, and one in 24 of the tests. Otherwise the limit would end it. The machine is slow if PERCENT of the
# limit have passed, and very slow if a third more has passed; without PERCENT, the measured speed counts.
draw_if_slow() {
  local n=1 name kept='' without=()
  if [ -n "${1-}" ]; then
    [ $((SECONDS * 100)) -lt $((LIMIT * $1)) ] || n=2
    [ $((SECONDS * 300)) -lt $((LIMIT * $1 * 4)) ] || n=4
  else
    [ "$SLOWNESS" -lt 140 ] || n=2
    [ "$SLOWNESS" -lt 180 ] || n=4
  fi
  if [ "$n" = 1 ] || [ "$RUN" != landing ] || [ -n "$STOPPED" ]; then
    return 0
  fi
  for name in $SELECTED; do
    if ! grep -qx "$name" <<<"$HALF" || one_in "$n" slow "$name"; then
      kept+="$name "
    else
      without+=("$name")
    fi
  done
  SELECTED=$kept
  [ "$SHARE" -ge $((n == 2 ? 6 : 24)) ] || SHARE=$((n == 2 ? 6 : 24))
  draw_tests
  printf '\nThis machine is slow (%d s have passed, a computation takes %d %% of the usual time): another draw leaves out: %s; %d classes of tests run on the first version only\n' \
    "$SECONDS" "$SLOWNESS" "${without[*]:-no step}" "$(cat "$WORK"/drawn* | wc -l)"
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
