# Runs steps one after the other, shows what came of each, and sums up at the end; sourced by test-all.sh and test-long.sh.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

ALLOWED_SKIPS=$ROOT/scripts/ci/allowed-skips.txt
WORK=$(mktemp -d)
trap cleanup EXIT

# The processes of the steps that run beside others, by name.
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

# step NAME COMMAND...: runs it, shows its last lines, and goes on if it fails, so that one run shows
# all that is wrong.  Status 77, and a line that begins with "skipped:", say that it was not run.
step() {
  local name=$1 started=$SECONDS status
  shift
  printf '\n== %s\n' "$name"
  # not "|| status=$?", which would switch errexit off inside
  set +e
  (
    set -e
    "$@"
  ) >"$WORK/$name.log" 2>&1
  status=$?
  set -e
  show "$name" "$status" $((SECONDS - started))
}

# begin NAME COMMAND...: starts a step beside those that follow, until finish NAME. It needs one CPU at most, and what runs beside
# it uses neither its folders nor a Maven that fetches what it fetches as well.
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

# finish NAME: waits for it, and shows it, with the time that it has taken itself.
finish() {
  local status=0
  printf '\n== %s\n' "$1"
  wait "${BESIDE[$1]}" || status=$?
  unset "BESIDE[$1]"
  show "$1" "$status" "$(cat "$WORK/$1.seconds" || echo 0)"
}

# show NAME STATUS SECONDS: what came of a step.
show() {
  local name=$1 status=$2 seconds=$3 log=$WORK/$1.log line
  while IFS= read -r line; do
    skipped+=("$name: ${line#*skipped: }")
  done < <(grep '^skipped: ' "$log")
  case $status in
    0) tail -n "${LINES_SHOWN:-6}" "$log" ;;
    77) printf 'skipped, as said below\n' ;;
    *)
      cat "$log"
      failed+=("$name")
      ;;
  esac
  durations+=("$name $seconds")
  printf -- '-- %s: %s, %d s\n' "$name" "$([ "$status" = 0 ] && echo passed || echo "status $status")" "$seconds"
}

# copy_tree FOLDER: the tree and the libraries, without what Maven built.
copy_tree() {
  mkdir "$1"
  tar -C "$ROOT" --exclude=./.git --exclude=target -c . | tar -C "$1" -x
}

# Servers of all majors, which Maven fetches: of two that do so at once, one spoils what the other writes.
fetch_servers() {
  local major
  for major in "${MAJORS[@]}"; do
    embedded_tree "$major" >/dev/null
  done
  PLATFORM=linux-amd64-musl embedded_tree "$DEFAULT_MAJOR" >/dev/null
}

# axis NAME MAJOR JDK ARGUMENT...: Maven in a copy of the tree, so that the axes' jars can be compared.
axis() {
  local name=$1 major=$2 home=$3
  shift 3
  copy_tree "$WORK/$name"
  JAVA_HOME=$home LINES_SHOWN=0 step "$name" maven -B -ntp -T 2 -fae -f "$WORK/$name/pom.xml" \
    -Dpostgres.major="$major" "$@" verify
  grep -E 'Tests run:.*[0-9]$' "$WORK/$name.log" || true
}

# recipes COPY MAJOR ARGUMENT...: the extensions of others on a major, in a copy of the tree that Maven has built.
recipes() {
  local copy=$1 major=$2 tests=RecipesIT,PgvectorIT
  shift 2
  "$copy/scripts/recipes.sh" "$major" || return
  [ -e "$copy/any-extension/recipes/pgvector/build/vector.properties" ] || tests=RecipesIT
  JAVA_HOME=$JDK25 maven -B -ntp -f "$copy/pom.xml" -Precipes -pl :pg-extension-recipes-tests -am -Dpostgres.major="$major" \
    -Dtest=NoTest -Dsurefire.failIfNoSpecifiedTests=false -Dit.test="$tests" -Dfailsafe.failIfNoSpecifiedTests=false \
    -Dmaven.javadoc.skip -Dmaven.source.skip "$@" verify || return
  find "$copy/any-extension/recipes/tests/target/failsafe-reports" -name 'TEST-*.xml' | test_reports outcome "extensions on PostgreSQL $major"
}

# summary: what was skipped, how long each step took and what failed; its status is the whole run's.
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
  # once more, for who sees the end of a long report only
  for name in "${failed[@]}"; do
    [ ! -e "$WORK/$name.log" ] || tail -n 40 "$WORK/$name.log" | cut -c 1-300 | sed "s/^/$name: /"
  done
  printf 'seconds: %s; together %d\n' "${durations[*]}" "$SECONDS"
  [ ${#failed[@]} = 0 ] || printf 'failed: %s\n' "${failed[@]}"
  find "$WORK" -name 'TEST-*.xml' | test_reports summary
  [ ${#failed[@]} = 0 ]
}
