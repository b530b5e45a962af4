# Runs steps one after the other, shows their results, and prints a summary; sourced by test-all.sh and test-long.sh.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

ALLOWED_SKIPS=$ROOT/scripts/ci/allowed-skips.txt
# On a slow or busy machine, one of 5,000 integration tests may fail by chance. A failed one is repeated once, after the others of
# its module; the summary lists those that then passed. Three of them in a module fail the step.
export MAVEN_OPTS="${MAVEN_OPTS-} -Dfailsafe.rerunFailingTestsCount=1 -Dfailsafe.failOnFlakeCount=3"
WORK=$(mktemp -d)
trap cleanup EXIT

# The processes of background steps, by name.
declare -A BESIDE=()

cleanup() {
  local name
  for name in "${!BESIDE[@]}"; do
    kill "${BESIDE[$name]}" 2>/dev/null || true
    wait "${BESIDE[$name]}" || true
  done
  rm -rf "$WORK"
}

failed=()
skipped=()
durations=()

# step NAME[:LINES] COMMAND...: runs a command and shows its last lines (6 by default). If it fails, the run continues, so that one
# run shows all failures. A command that is skipped exits with 77 and prints a line that begins with "skipped:".
step() {
  local name=${1%:*} lines=${1#"${1%:*}"} started=$SECONDS status
  shift
  printf '\n== %s\n' "$name"
  # Not "|| status=$?", which would disable errexit inside.
  set +e
  (
    set -e
    "$@"
  ) >"$WORK/$name.log" 2>&1
  status=$?
  set -e
  show "$name" "${lines#:}" "$status" $((SECONDS - started))
}

# begin NAME COMMAND...: starts a step in the background; finish NAME waits for it. The step may use one CPU. Steps that run at
# the same time must not use its directories, or run Maven if both would download the same files.
begin() {
  (
    started=$SECONDS status=0
    "${@:2}" >"$WORK/$1.log" 2>&1 &
    trap 'kill $!; wait $!; exit 143' TERM
    wait $! || status=$?
    printf '%d\n' $((SECONDS - started)) >"$WORK/$1.seconds"
    exit "$status"
  ) &
  BESIDE[$1]=$!
}

# finish NAME[:LINES]: waits for a background step and shows its result and duration.
finish() {
  local name=${1%:*} lines=${1#"${1%:*}"} status=0
  printf '\n== %s\n' "$name"
  wait "${BESIDE[$name]}" || status=$?
  unset "BESIDE[$name]"
  show "$name" "${lines#:}" "$status" "$(cat "$WORK/$name.seconds" || echo 0)"
}

# show NAME LINES STATUS SECONDS: prints the result of a step.
show() {
  local name=$1 lines=${2:-6} status=$3 seconds=$4 log=$WORK/$1.log line
  while IFS= read -r line; do
    skipped+=("$name: ${line#*skipped: }")
  done < <(grep '^skipped: ' "$log")
  case $status in
    0) tail -n "$lines" "$log" ;;
    77) printf 'skipped for the reason below\n' ;;
    *)
      cat "$log"
      failed+=("$name")
      ;;
  esac
  durations+=("$name $seconds")
  printf -- '-- %s: %s, %d s\n' "$name" "$([ "$status" = 0 ] && echo passed || echo "status $status")" "$seconds"
}

# Downloads the servers of all majors with Maven before steps run in parallel, because two simultaneous downloads would corrupt each
# other.
fetch_servers() {
  local major
  for major in "${MAJORS[@]}"; do
    embedded_tree "$major" >/dev/null
  done
  PLATFORM=linux-amd64-musl embedded_tree "$DEFAULT_MAJOR" >/dev/null
}

# axis NAME MAJOR JDK ARGUMENT...: runs Maven in a copy of the tree, so that the jars of several axes can be compared.
axis() {
  local name=$1 major=$2 home=$3
  shift 3
  copy_tree "$WORK/$name"
  JAVA_HOME=$home step "$name:0" maven -B -ntp -T 3 -fae -f "$WORK/$name/pom.xml" \
    -Dpostgres.major="$major" "$@" verify
  grep -E 'Tests run:.*[0-9]$' "$WORK/$name.log" || true
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
  for test in postgis:PlacesIT,PostgisIT,PostgisProgramsIT semver:SemverTypeIT pgvector:PgvectorIT,VectorStoresIT \
    timescaledb:TimescaledbIT age:AgeIT; do
    ! compgen -G "$copy/any-extension/recipes/${test%:*}/build/*.properties" >/dev/null || tests+=,${test#*:}
  done
  JAVA_HOME=$JDK25 maven -B -ntp -f "$copy/pom.xml" -Precipes -pl :pg-extension-recipes-tests -am -Dpostgres.major="$major" \
    -Dtest=NoTest -Dsurefire.failIfNoSpecifiedTests=false -Dit.test="$tests" -Dfailsafe.failIfNoSpecifiedTests=false \
    -Dmaven.javadoc.skip -Dmaven.source.skip "$@" verify || return
  find "$copy/any-extension/recipes/tests/target/failsafe-reports" -name 'TEST-*.xml' | test_reports outcome "extensions on PostgreSQL $major"
}

# summary: prints skipped and repeated tests, durations and failures; exits with the status of the whole run.
summary() {
  local name line
  printf '\n== summary\n'
  while IFS= read -r line; do
    skipped+=("$line")
  done < <(cd "$WORK" && find . -name 'TEST-*.xml' | test_reports skipped)
  for line in "${skipped[@]}"; do
    if grep -vE '^(#|$)' "$ALLOWED_SKIPS" | grep -qxE -f - <(printf '%s\n' "$line"); then
      printf 'skipped (allowed): %s\n' "$line"
    else
      printf 'skipped (NOT allowed, see scripts/ci/allowed-skips.txt): %s\n' "$line"
      failed+=("a skip that is not allowed")
    fi
  done
  while IFS= read -r line; do
    printf 'failed first, passed when repeated: %s\n' "$line"
  done < <(cd "$WORK" && find . -name 'TEST-*.xml' | test_reports repeated)
  # Repeated for readers who only see the end of a long report.
  for name in "${failed[@]}"; do
    [ ! -e "$WORK/$name.log" ] || tail -n 40 "$WORK/$name.log" | cut -c 1-300 | sed "s/^/$name: /"
  done
  printf 'seconds: %s; together %d\n' "${durations[*]}" "$SECONDS"
  [ ${#failed[@]} = 0 ] || printf 'failed: %s\n' "${failed[@]}"
  find "$WORK" -name 'TEST-*.xml' | test_reports summary
  [ ${#failed[@]} = 0 ]
}
