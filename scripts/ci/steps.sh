# Runs the steps of test-all.sh and test-long.sh, shows their results, and prints a summary; sourced by these scripts.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

ALLOWED_SKIPS=$ROOT/scripts/ci/allowed-skips.txt
# On a slow or busy machine, one of 5,000 tests may fail by chance. A failed one is repeated once, after the others of its module; the
# summary lists those that then passed. Three of them in a module fail the step.
export MAVEN_OPTS="${MAVEN_OPTS-} -Dfailsafe.rerunFailingTestsCount=1 -Dfailsafe.failOnFlakeCount=3 -Dsurefire.rerunFailingTestsCount=1 -Dsurefire.failOnFlakeCount=3"
WORK=$(mktemp -d)
# The whole output of each step, also after the run.
LOGS=$ROOT/target/ci
# The reports of the tests, in a directory for each step that ran them.
REPORTS=$WORK/reports
# The command of these steps, and the word before the last line's numbers.
SCRIPT='' RUN=''
# The steps that other steps need, so they run with each of them.
NEEDED=(native native-musl servers programs)
# The steps to run, or all of them if it is empty. The steps' tests may be limited to one test of one module.
ONLY=() TEST_MODULE='' TEST=''
# The steps of the table that run, if not all of them do.
SELECTED='' LEFT_OUT=()
# The number of seconds after which no step starts, and running steps are ended; 0 for no limit.
LIMIT=0
# Lines without a reason, which Maven prints after one.
MAVEN_ADVICE='^\[ERROR\] ($|-> \[|To see the full stack|Re-run Maven|For more information|\[Help|After correcting|  mvn )'
# The line that Maven prints if a module does not compile.
NOT_COMPILED='^\[ERROR\] COMPILATION ERROR'
# Why the run has ended early.
STOPPED=''

# Names of files and directories that programs of this project, and the frameworks that they use, create in the temporary directory.
TEMPORARY_NAMES='(tomcat|undertow|vertx|quarkus|micronaut|embedded-pg|pg-|pg_|pghello|junit|tmp\.|[0-9]+$).*'
temporary_entries() { find "${TMPDIR:-/tmp}" -mindepth 1 -maxdepth 1 -printf '%f\n' | grep -xE "$TEMPORARY_NAMES" | sort; }

# The processes of running steps, by name.
declare -A RUNNING_STEPS=() BEGUN=()
# The names of the steps that ran, and the status of each; the steps that did not run.
RAN=() NOT_RUN=()
declare -A STATUS=()
skipped=() durations=()

mkdir "$REPORTS"
temporary_entries >"$WORK/temporary" || true
# A step can only be interrupted while this script waits for it, so the signal is only noted here.
trap 'STOPPED="a signal"' INT TERM HUP
trap 'end_steps; rm -rf "$WORK"' EXIT

# options ARGUMENT...: reads the options that these scripts share; the others are left in REST.
REST=()
options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --limit)
        [[ ${2-} =~ ^[1-9][0-9]{0,3}$ ]] || misuse "--limit needs a number of minutes from 1 to 9999, but got: ${2-nothing}"
        LIMIT=$((60 * $2))
        shift
        ;;
      --only)
        RUN=only
        while [[ ${2-} = [!-]* ]]; do
          ONLY+=("$2")
          shift
        done
        [ ${#ONLY[@]} -gt 0 ] || misuse "--only needs the names of steps"
        ;;
      --test)
        { [ -n "${2-}" ] && [ -n "${3-}" ]; } || misuse "--test needs a module and a test, e.g. --test pg-hello-core 'FaultsIT#outlivesAKilledServer'"
        module_directory "$2" >/dev/null
        TEST_MODULE=$2 TEST=$3
        shift 2
        ;;
      *) REST+=("$1") ;;
    esac
    shift
  done
  [ -z "$TEST" ] || [[ ${#ONLY[@]}${ONLY[0]-} = 1postgres* ]] ||
    misuse "--test needs --only with one step that tests modules, e.g. --only postgres18"
}

# is_selected NAME: whether the step runs.
is_selected() {
  if [ ${#ONLY[@]} -gt 0 ]; then
    contains "$1" "${ONLY[@]}" "${NEEDED[@]}"
  elif [ -n "$SELECTED" ]; then
    [[ " $SELECTED " = *" $1 "* ]]
  fi
}

# begin NAME COMMAND...: starts a step in the background; finish NAME waits for it. The step may use one CPU. Steps that run at
# the same time must not use the same directories. Maven locks its downloads; fetch_servers does the downloads of scripts.
begin() {
  local name=$1
  shift
  if ! is_selected "$name"; then
    LEFT_OUT+=("$name")
    return
  elif [ -n "$STOPPED" ]; then
    NOT_RUN+=("$name")
    return
  fi
  # not earlier, because a wrong command line must not delete the output of a run in this tree
  if [ ${#RAN[@]} = 0 ] && [ ${#RUNNING_STEPS[@]} = 0 ]; then
    rm -rf "$LOGS"
    mkdir -p "$LOGS"
  fi
  : >"$LOGS/$name.log"
  # in a separate process group, so that all of its processes can be ended
  set -m
  (
    set +em
    started=$SECONDS
    (
      set -e
      "$@"
    ) >"$LOGS/$name.log" 2>&1
    status=$?
    times >"$WORK/$name.times"
    printf '%d %d %s\n' "$status" $((SECONDS - started)) "$(awk 'END { gsub(",", "."); split($0, t, /[ms ]+/); print int(60 * (t[1] + t[3]) + t[2] + t[4]) }' "$WORK/$name.times")" >"$WORK/$name.result"
  ) </dev/null &
  RUNNING_STEPS[$name]=$! BEGUN[$name]=$SECONDS
  set +m
}

# finish NAME[:LINES]: waits for a step, and shows its result, its last lines (6 by default), and its duration. If it has failed, the
# run continues, so that one run shows all failures.
finish() {
  local name=${1%:*} lines=${1#"${1%:*}"} spoken=$SECONDS
  [ -n "${RUNNING_STEPS[$name]-}" ] || return 0
  printf '\n== %s\n' "$name"
  # the number of an ended process may belong to another one
  while [ ! -s "$WORK/$name.result" ] && kill -0 "${RUNNING_STEPS[$name]}" 2>/dev/null; do
    if [ "$LIMIT" != 0 ] && [ "$SECONDS" -ge "$LIMIT" ] && [ -z "$STOPPED" ]; then
      STOPPED="the limit of $((LIMIT / 60)) minutes"
    fi
    [ -z "$STOPPED" ] || end_steps
    if [ $((SECONDS - spoken)) -ge 60 ]; then
      spoken=$SECONDS
      printf '%d:%02d still running: %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "${!RUNNING_STEPS[*]}"
    fi
    # a signal to the process group ends this sleep, too
    sleep 0.3 || true
  done
  show "$name" "${lines#:}"
}

# step NAME[:LINES] COMMAND...: runs a command and waits for it. A command that is skipped exits with 77 and prints a line that begins
# with "skipped:".
step() {
  begin "${1%:*}" "${@:2}"
  finish "$1"
}

# end_steps: ends all running steps with all of their processes.
end_steps() {
  local name waited=0
  for name in "${!RUNNING_STEPS[@]}"; do
    kill -TERM -- "-${RUNNING_STEPS[$name]}" 2>/dev/null || true
  done
  for name in "${!RUNNING_STEPS[@]}"; do
    while [ "$waited" -lt 100 ] && kill -0 -- "-${RUNNING_STEPS[$name]}" 2>/dev/null; do
      waited=$((waited + 1))
      sleep 0.2 || true
    done
    kill -KILL -- "-${RUNNING_STEPS[$name]}" 2>/dev/null || true
  done
}

# show NAME [LINES]: prints the result of a step that has ended, and collects its reports.
show() {
  local name=$1 lines=${2:-6} status=143 seconds=$((SECONDS - BEGUN[$1])) cpu='?' log=$LOGS/$1.log line
  [ ! -e "$WORK/$name.result" ] || read -r status seconds cpu <"$WORK/$name.result"
  unset "RUNNING_STEPS[$name]"
  collect_reports "$name"
  while IFS= read -r line; do
    skipped+=("$name: ${line#*skipped: }")
  done < <(grep -a '^skipped: ' "$log")
  # curl, for example, exits with 77 if it cannot read certificates
  [ "$status" != 77 ] || grep -aq '^skipped: ' "$log" || status='77 without a reason'
  case $status in
    0) tail -n "$lines" "$log" ;;
    77) printf 'skipped for the reason below\n' ;;
    *)
      tail -n 100 "$log" | cut -c 1-1000
      printf 'the whole output is in %s\n' "target/ci/$name.log"
      ;;
  esac
  RAN+=("$name")
  STATUS[$name]=$status
  durations+=("$name $seconds/$cpu")
  printf -- '-- %s: %s, %d s, %s s of CPU time\n' "$name" "$([ "$status" = 0 ] && echo passed || echo "status $status")" "$seconds" "$cpu"
}

# collect_reports NAME: moves the reports of a step's tests out of the trees that no other running step uses, and prints their numbers.
collect_reports() {
  local tree report path
  for tree in "$WORK"/*/; do
    tree=${tree%/}
    { [ "$tree" != "$REPORTS" ] && [ -z "${RUNNING_STEPS[${tree##*/}]-}" ]; } || continue
    while IFS= read -r report; do
      path=$REPORTS/$1/${report#"$tree/"}
      mkdir -p "${path%/*}"
      mv "$report" "$path"
    done < <(find "$tree" -path '*/target/*-reports*/TEST-*.xml')
  done
  [ ! -e "$REPORTS/$1" ] || (cd "$REPORTS" && find "./$1" -name 'TEST-*.xml' | test_reports summary)
}

# Downloads the servers of all majors with Maven before steps run in parallel, because two simultaneous downloads would corrupt each
# other.
fetch_servers() {
  local major
  for major in "${SUPPORTED_MAJORS[@]}"; do
    embedded_tree "$major" >/dev/null
  done
  PLATFORM=linux-amd64-musl embedded_tree "$DEFAULT_MAJOR" >/dev/null
}

# axis NAME MAJOR JDK ARGUMENT...: runs Maven in a copy of the tree, so that the jars of several axes can be compared. The copy may already exist.
axis() {
  local name=$1 major=$2 home=$3
  shift 3
  ! is_selected "$name" || [ -n "$STOPPED" ] || [ -d "$WORK/$name" ] || copy_tree "$WORK/$name"
  if [ -n "$TEST" ]; then
    set -- "$@" -pl ":$TEST_MODULE" -am "-Dtest=$TEST" "-Dit.test=$TEST" -Dsurefire.failIfNoSpecifiedTests=false -Dfailsafe.failIfNoSpecifiedTests=false
  fi
  JAVA_HOME=$home step "$name:0" maven -B -ntp -T 3 -fae -f "$WORK/$name/pom.xml" \
    -Dpostgres.major="$major" "$@" verify
}

# recipes COPY MAJOR NAMES ARGUMENT...: tests third-party extensions on a major, in a built copy of the tree. NAMES are recipes,
# separated by blanks; if it is empty, all recipes are tested.
recipes() {
  local copy=$1 major=$2 tests=RecipesIT test names
  read -ra names <<<"$3"
  shift 3
  "$copy/scripts/recipes.sh" "$major" "${names[@]}" || return
  # The jars of the other recipes are empty.
  for test in "$copy"/any-extension/recipes/*/test.sql; do
    mkdir -p "${test%/*}/build"
  done
  # Debian does not have these extensions for all majors.
  for test in postgis:PlacesIT,PostgisIT,PostgisProgramsIT pgvector:PgvectorIT,NearestItemIT,SpringAiIT,LangChain4jIT \
    semver:SemverTypeIT timescaledb:TimescaledbIT age:AgeIT; do
    ! compgen -G "$copy/any-extension/recipes/${test%:*}/build/*.properties" >/dev/null || tests+=,${test#*:}
  done
  JAVA_HOME=$JDK25 maven -B -ntp -f "$copy/pom.xml" -Precipes -pl :pg-extension-recipes-tests -am -Dpostgres.major="$major" \
    -Dtest=NoTest -Dsurefire.failIfNoSpecifiedTests=false -Dit.test="$tests" -Dfailsafe.failIfNoSpecifiedTests=false \
    -Dmaven.javadoc.skip -Dmaven.source.skip "$@" verify || return
  find "$copy/any-extension/recipes/tests/target/failsafe-reports" -name 'TEST-*.xml' | test_reports outcome "extensions on PostgreSQL $major"
}

# repeat_step NAME: prints the command that repeats a step.
repeat_step() { printf '  repeat: %s --only %s\n' "$SCRIPT" "$1"; }

# repeat_test STEP MODULE TEST: prints the command that repeats a test, or the step if it cannot run a single one.
repeat_test() {
  case $1 in
    postgres*) printf "  repeat: %s --only %s --test %s '%s'\n" "$SCRIPT" "$1" "$2" "$3" ;;
    *) repeat_step "$1" ;;
  esac
}

# reasons LOG: prints up to five warnings and errors of the compiler, and the last lines. Warnings fail the build, but Maven's summary at the end
# contains only errors.
reasons() {
  if grep -aq "$NOT_COMPILED" "$1"; then
    { grep -aE '^\[(WARNING|ERROR)\] [^ ]+\.(java|kt):' "$1" || true; } | sort -u | sed -n 1,5p
  fi
  sed -E "/$MAVEN_ADVICE/d" "$1" | tail -n 20
}

# summary: prints skipped and repeated tests, the end of failed steps without failed tests, each failure with the command that repeats it, and
# durations. The last line has the number of tests and of steps without tests; a step that did not run, and a skip that is not allowed, are
# failures. Exits with the status of the whole run.
summary() {
  local name line passed failed skips failures step module directory test reason
  local -A artifacts=() with_failures=() commands=()
  # A second signal must not prevent the summary.
  trap '' INT TERM HUP
  end_steps
  for name in "${!RUNNING_STEPS[@]}"; do show "$name"; done
  for name in "${ONLY[@]}"; do
    contains "$name" "${RAN[@]}" "${NOT_RUN[@]}" || die "there is no step $name"
  done
  printf '\n== summary\n'
  [ ${#LEFT_OUT[@]} = 0 ] || [ ${#ONLY[@]} -gt 0 ] || printf 'left out: %s\n' "${LEFT_OUT[*]}"
  while read -r module directory; do artifacts[$directory]=$module; done < <(modules)
  while IFS=$'\t' read -r step directory test reason; do
    skipped+=("$step: $reason")
    commands[$step: $reason]=$(repeat_test "$step" "${artifacts[$directory]-}" "$test")
  done < <(cd "$REPORTS" && find . -name 'TEST-*.xml' | test_reports skipped)
  read -r passed failed skips < <(cd "$REPORTS" && find . -name 'TEST-*.xml' | test_reports counts)
  failures=()
  for line in "${skipped[@]}"; do
    if grep -vE '^(#|$)' "$ALLOWED_SKIPS" | grep -qxE -f - <(printf '%s\n' "$line"); then
      printf 'skipped (allowed): %s\n' "$line"
    else
      failures+=("skipped, which scripts/ci/allowed-skips.txt does not allow: $line" "${commands[$line]-$(repeat_step "${line%%:*}")}")
      failed=$((failed + 1))
      skips=$((skips - 1))
    fi
  done
  # The long list of skips comes first, because a server may keep only the end of the output.
  while IFS=$'\t' read -r step directory test reason; do
    printf 'failed first, passed when repeated: %s: %s\n' "$step" "$reason"
    repeat_test "$step" "${artifacts[$directory]-}" "$test"
  done < <(cd "$REPORTS" && find . -name 'TEST-*.xml' | test_reports repeated)
  while IFS=$'\t' read -r step directory test reason; do
    with_failures[$step]=yes
    failures+=("FAILED in $step: $test: $reason" "$(repeat_test "$step" "${artifacts[$directory]-}" "$test")")
  done < <(cd "$REPORTS" && find . -name 'TEST-*.xml' | test_reports failing)
  for name in "${RAN[@]}"; do
    case ${STATUS[$name]} in
      0) [ -e "$REPORTS/$name" ] || passed=$((passed + 1)) ;;
      77) skips=$((skips + 1)) ;;
      *)
        # no test of the step failed, or it has no tests, or a module does not compile
        if [ -z "${with_failures[$name]-}" ] || grep -aq "$NOT_COMPILED" "$LOGS/$name.log"; then
          reasons "$LOGS/$name.log" | cut -c 1-300 | sed "s/^/$name: /"
          failures+=("FAILED: $name (status ${STATUS[$name]}), see target/ci/$name.log" "$(repeat_step "$name")")
          failed=$((failed + 1))
        fi
        ;;
    esac
  done
  for name in "${NOT_RUN[@]}"; do
    failures+=("NOT RUN because of $STOPPED: $name" "$(repeat_step "$name")")
    failed=$((failed + 1))
  done
  if [ "$RUN" != only ] && [ -z "$STOPPED" ]; then
    temporary_entries | comm -13 "$WORK/temporary" - | sed 's/^/left in the temporary directory: /'
  fi
  [ ${#failures[@]} = 0 ] || printf '%s\n' "${failures[@]}"
  [ -z "$STOPPED" ] || printf 'ended early because of %s\n' "$STOPPED"
  printf 'seconds/CPU seconds: %s; together %d s\n' "${durations[*]}" "$SECONDS"
  printf '%s: %d passed, %d failed, %d skipped\n' "$RUN" "$passed" "$failed" "$skips"
  [ "$failed" = 0 ] && [ -z "$STOPPED" ] && [ "$passed" -gt 0 ]
}
