#!/usr/bin/env bash
# ./dev test [MODULE...]: compiles and packs the modules once, then tests them in parallel, without waiting for the tests of the modules
# that they depend on.
# Usage: scripts/tests.sh MODULE...
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2317 # the functions are called through begin and a trap
PROGRAM='dev test'
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

LOG=$ROOT/target/dev-test.log
WORK=$(mktemp -d)
trap 'end_tests; rm -rf "$WORK"' EXIT
TESTED=("$@")
# The number of JVMs at a time. Each one starts a server, which works while the JVM waits.
JVMS=$((2 * $(nproc)))
# These modules' JVMs are too short-lived to benefit from C2. Benchmarks need C2.
ARGUMENTS=("-DargLine=${START_FAST[*]}")
! contains pg-hello-benchmarks "${TESTED[@]}" || ARGUMENTS=()
# The processes of running tests, and the number of JVMs of each.
declare -A RUNNING_TESTS=() SLOTS=()
status=0 spoken=0 clear=''
[ ! -t 1 ] || clear=$'\r\033[K'

end_tests() {
  local name
  for name in "${!RUNNING_TESTS[@]}"; do
    kill -TERM -- "-${RUNNING_TESTS[$name]}" 2>/dev/null || true
  done
  wait
}

# local_repository DIRECTORY: creates a local Maven repository for this tree's artifacts, with links to the user's repository for all others.
local_repository() {
  local user
  # in a directory without a POM
  user=$(cd "$WORK" && maven -q -B help:evaluate -Dexpression=settings.localRepository -DforceStdout) || die "Maven does not start: $user"
  mkdir -p "$user"/{org,com}
  link_repository "$user" "$1"
}

clock() { printf '%d:%02d' $((SECONDS / 60)) $((SECONDS % 60)); }

# fits JVMS: whether as many JVMs may start.
fits() {
  local running used=0
  for running in "${!RUNNING_TESTS[@]}"; do used=$((used + SLOTS[$running])); done
  [ "$used" = 0 ] || [ $((used + $1)) -le "$JVMS" ]
}

# begin NAME JVMS COMMAND...: starts tests in the background, in a separate process group.
begin() {
  local name=$1
  SLOTS[$name]=$2
  shift 2
  set -m
  (
    set +m
    started=$SECONDS
    "$@" >"$WORK/$name.log" 2>&1 || echo "$?" >"$WORK/$name.failed"
    echo $((SECONDS - started)) >"$WORK/$name.seconds"
  ) </dev/null &
  RUNNING_TESTS[$name]=$!
  set +m
}

# watch: prints the results of tests that have ended, and once a minute those that are running.
watch() {
  local name
  sleep 0.3
  for name in "${!RUNNING_TESTS[@]}"; do
    if ! kill -0 "${RUNNING_TESTS[$name]}" 2>/dev/null; then
      unset "RUNNING_TESTS[$name]"
      show "$name"
    fi
  done
  if [ -n "$clear" ]; then
    printf '%s%s  %s' "$clear" "$(clock)" "${!RUNNING_TESTS[*]}"
  elif [ $((SECONDS - spoken)) -ge 60 ] && [ ${#RUNNING_TESTS[@]} -gt 0 ]; then
    spoken=$SECONDS
    printf '%s  still running: %s\n' "$(clock)" "$(running_classes)"
  fi
}

# running_classes: prints the running modules, each with its running test classes.
running_classes() {
  local name classes
  for name in "${!RUNNING_TESTS[@]}"; do
    classes=$(awk '/^\[INFO\] Running / { running[$3] = 1 } / -- in / { delete running[$NF] } END { for (class in running) { sub(/.*\./, "", class); printf " %s", class } }' \
      "$WORK/$name.log")
    printf '%s%s; ' "$name" "${classes:+ ($(sed 's/^ //; s/ /, /g' <<<"$classes"))}"
  done | sed 's/; $//'
}

# show NAME: prints the result of tests that have ended: failures in full, then one line.
show() {
  local name=$1 seconds directory
  seconds=$(cat "$WORK/$name.seconds" 2>/dev/null || echo 0)
  cat "$WORK/$name.log" >>"$LOG"
  if [ "$name" = SQL ]; then
    printf '%s' "$clear"
    cat "$WORK/SQL.log"
    [ ! -e "$WORK/SQL.failed" ] || status=1
    return
  fi
  printf '%s' "$clear"
  maven_errors <"$WORK/$name.log"
  directory=$(module_directory "$name")
  (cd "$ROOT" && find "./$directory/target" -path '*-reports*/TEST-*.xml' -newer "$WORK/begun") >"$WORK/$name.reports"
  [ ! -s "$WORK/$name.reports" ] ||
    printf '%s  %s: %s, %d s\n' "$(clock)" "$name" "$(cd "$ROOT" && test_reports summary <"$WORK/$name.reports")" "$seconds"
  cat "$WORK/$name.reports" >>"$WORK/reports"
  # a crashed JVM leaves no test report
  if [ -e "$WORK/$name.failed" ] || [ ! -s "$WORK/$name.reports" ] ||
    grep -qE 'The forked VM terminated without|There was an error in the forked process' "$WORK/$name.log"; then
    printf '%s  %s: its tests did not run, or not to their end; see %s\n' "$(clock)" "$name" "${LOG#"$ROOT/"}"
    status=1
  fi
}

# test_module MODULE ARGUMENT...: runs the tests of a packed module with arguments for Maven.
test_module() {
  local goals=(surefire:test failsafe:integration-test@it)
  [ "$1" != pg-hello-hibernate ] || goals+=(failsafe:integration-test@eclipselink)
  maven -B -ntp -f "$ROOT/pom.xml" -pl ":$1" "-Dmaven.repo.local=$REPOSITORY" -Dmaven.test.failure.ignore=true "${@:2}" "${ARGUMENTS[@]}" \
    "${goals[@]}" failsafe:verify@it
}

"$ROOT/scripts/native.sh"
mkdir -p "${LOG%/*}"
: >"$LOG"
touch "$WORK/begun" "$WORK/reports"
java_modules=()
for module in "${TESTED[@]}"; do [ "$module" = pg-hello-extension ] || java_modules+=("$module"); done

if contains pg-hello-extension "${TESTED[@]}"; then
  # Maven downloads the server the first time. Two simultaneous downloads would corrupt its local repository.
  embedded_tree "$DEFAULT_MAJOR" >"$WORK/tree"
  begin SQL 0 "$ROOT/scripts/regress.sh" "$DEFAULT_MAJOR"
fi
if [ ${#java_modules[@]} -gt 0 ]; then
  REPOSITORY=$ROOT/target/repository
  local_repository "$REPOSITORY"
  forget_test_results
  say "Compiling ${#java_modules[@]} modules and those that they depend on; details are in ${LOG#"$PWD"/}"
  # the goal install puts jars into the tree's own repository, from which each module's tests take the jars of the other modules
  if ! maven -B -ntp -T "$(nproc)" -f "$ROOT/pom.xml" -pl "$(module_list pg-hello-bom "${java_modules[@]}")" -am "-Dmaven.repo.local=$REPOSITORY" -DskipTests \
    -Dmaven.javadoc.skip -Dmaven.source.skip install >"$LOG" 2>&1; then
    maven_errors <"$LOG"
    die "nothing was tested, because the build failed; see ${LOG#"$PWD"/}"
  fi
  printf '%s  compiled\n' "$(clock)"
  spoken=$SECONDS
fi

# the first modules have the longest tests; a later one starts earlier if only its JVMs fit
waiting=("${java_modules[@]}")
while [ ${#waiting[@]} -gt 0 ] || [ ${#RUNNING_TESTS[@]} -gt 0 ]; do
  for i in "${!waiting[@]}"; do
    module=${waiting[$i]} forks=1
    # On few processors, more JVMs cost more time than they save, except in the modules with the longest tests.
    case $module in
      pg-hello-hibernate | pg-hello-core | pg-hello-cli) forks=2 ;;
    esac
    [ "$(nproc)" -lt 4 ] || forks=2
    if fits "$forks"; then
      begin "$module" "$forks" test_module "$module" "-DforkCount=$forks"
      unset "waiting[$i]"
    fi
  done
  watch
done

printf '%sThe slowest classes:\n' "$clear"
cd "$ROOT"
test_reports slowest <"$WORK/reports"
test_reports reasons <"$WORK/reports"
name=${ROOT##*/}
declare -A artifacts=()
while read -r module directory; do artifacts[$directory]=$module; done < <(modules)
while IFS=$'\t' read -r _ directory test reason; do
  printf 'FAILED: %s: %s: %s\n  repeat: ./dev test --repeat 1 %s '\''%s'\''\n' "${artifacts[$directory]}" "$test" "$reason" "${artifacts[$directory]}" "$test"
  status=1
done < <(cd .. && sed "s:^\.:$name:" "$WORK/reports" | test_reports failing)
[ ${#java_modules[@]} = 0 ] || test_reports summary <"$WORK/reports"
exit "$status"
