#!/usr/bin/env bash
# ./dev test --all: every PostgreSQL major, every JDK, the checkers, sanitizers and containers. The steps are the table below.
# ./dev test --landing: the steps and modules that the changes since a commit can affect, partly by draw (see draw.sh).
# Usage: test-all.sh [--all | --landing [--base COMMIT] [--seed SEED] | --only STEP... [--test MODULE TEST]] [--limit MINUTES]
#        test-all.sh --list      prints when each step and each test class runs
# SPDX-License-Identifier: MIT
PROGRAM='dev test --all'
# shellcheck source=scripts/ci/steps.sh
. "$(dirname "${BASH_SOURCE[0]}")/steps.sh"
# shellcheck source=scripts/ci/draw.sh
. "$(dirname "${BASH_SOURCE[0]}")/draw.sh"

CI=$ROOT/scripts/ci
CHECKS=$CI/checks
# The last commit that passed on this machine, and the last commit of the main branch that is known to have passed.
PASSED=$CACHE/ci/passed LANDED=$ROOT/.ci/landed
COMMIT=$(git -C "$ROOT" rev-parse HEAD 2>/dev/null || true)
SCRIPT=scripts/ci/test-all.sh RUN=all BASE=${PG_HELLO_CI_BASE-} SEED=''
options "$@"
set -- "${REST[@]}"
while [ $# -gt 0 ]; do
  case $1 in
    --all) RUN=all ;;
    --landing)
      RUN=landing
      [ "$LIMIT" != 0 ] || LIMIT=4800
      ;;
    --base | --seed)
      [ -n "${2-}" ] || misuse "$1 needs a value"
      [ "$1" != --seed ] || SEED=$2
      [ "$1" != --base ] || BASE=$2
      shift
      ;;
    --list) RUN=list ;;
    *) misuse "test accepts --all, --landing, --base COMMIT, --seed SEED, --only STEP..., --test MODULE TEST, --limit MINUTES, and --list, but got: $1" ;;
  esac
  shift
done
# shellcheck disable=SC2034 # used in draw.sh
CHOSEN_BASE=$BASE
[[ $RUN != @(all|landing) ]] || [ ${#ONLY[@]} = 0 ] || misuse "--only and --$RUN exclude each other"

# list: prints when each step and each file of tests runs.
list() {
  local step file when
  while IFS= read -r step; do
    when='every night'
    grep -qx "$step" <<<"$nightly" || when='each landing that can affect it'
    ! grep -qx "$step" <<<"$half" || when+=', half of them by draw if none of their own files has changed'
    printf 'step %s: %s\n' "$step" "$when"
  done < <("$CI/affected.sh" --steps)
  while IFS= read -r file; do
    when='each landing that can affect it'
    grep -qxF "$file" <<<"$sensitive" || when+=', on one or more versions by draw'
    ! grep -qxF "$(classes <<<"$file")" "$EXPENSIVE" || when+='; if most modules are affected, half of the landings'
    ! grep -q '^@Tag("long")' "$ROOT/$file" || when='every night, in --long'
    printf '%s: %s\n' "$file" "$when"
  done < <(git -C "$ROOT" ls-files '*/src/test/*Test.java' '*/src/test/*IT.java' ':!*/resources/*')
}

if [ "$RUN" = list ]; then
  nightly=$("$CI/affected.sh" --nightly) half=$("$CI/affected.sh" --half) sensitive=$(tests '*IT.java' '*/src/test/*Test.java')
  list
  exit
fi

JDK17=$(find_jdk 17 17) || die "needs JDK 17 in JAVA_HOME or under /usr/lib/jvm"
JDK25=$(find_jdk 25) || die "needs JDK 25 or newer in JAVA_HOME or under /usr/lib/jvm"
# The JVMs of most tests run only for seconds. With the C2 compiler, they would need twice the CPU time.
SHORT_LIVED_JVM=${START_FAST[*]}
export JDK17 JDK25 SHORT_LIVED_JVM
PATH=$PATH:/usr/sbin
need chromium chromium chromedriver chromium-driver envsubst gettext-base faketime faketime gpg gnupg nginx nginx-light curl curl jq jq node nodejs npm npm pgbackrest pgbackrest pgbouncer pgbouncer \
  psql postgresql-client redis-server redis-server shellcheck shellcheck unzip unzip xz xz-utils
AFFECTED=everything NOT_DRAWN=()
HALF=$("$CI/affected.sh" --half)
if [ "$RUN" = landing ]; then
  for file in "$PASSED" "$LANDED"; do
    [ -n "$BASE" ] || [ ! -e "$file" ] || BASE=$(<"$file")
  done
  # The seed is the base, so a landing that has failed is repeated with the same draw, and the next one draws others.
  [ -n "$SEED" ] || SEED=${BASE:-$COMMIT} SEED=${SEED:0:12}
  AFFECTED=$("$CI/affected.sh" "${BASE:-unknown}")
  read_affected
  while read -r name; do
    if one_in 2 slow "$name"; then
      AFFECTED+=$'\n'"step $name"
    else
      NOT_DRAWN+=("$name")
    fi
  done < <(sed -n 's/^half //p' <<<"$AFFECTED")
  if [[ $AFFECTED = everything* ]]; then
    SELECTED=$("$CI/affected.sh" --steps |
      grep -vxFf <("$CI/affected.sh" --nightly && sed -n 's/^without //p' <<<"$AFFECTED" && printf '%s\n' "${NOT_DRAWN[@]}") | tr '\n' ' ')
    AFFECTED=everything
    echo "Running the tests of all modules, because the changes are unknown, or affect everything: 30 to 70 minutes"
  else
    SELECTED=$(sed -n 's/^step //p' <<<"$AFFECTED" | tr '\n' ' ')
    echo "Running the tests that the changes since $BASE can affect"
  fi
  while read -r name; do
    OLDEST_MODULES+=("$(module_directory "$name")")
  done < <(sed -n 's/^postgres15-jdk17 *test://p' "$CI/affected.sh" | tr ',' '\n')
  draw_tests
  echo "drawn with --seed $SEED; not drawn: ${NOT_DRAWN[*]:-no step}"
  say_drawn
  measure_speed
  draw_less
elif [ ${#ONLY[@]} = 0 ]; then
  echo "Running all tests on PostgreSQL ${MAJORS[*]} and two JDKs: 40 to 90 minutes, plus about 10 minutes the first time"
fi
FIRST=$WORK/postgres17-jdk25 OLDEST=$WORK/postgres15-jdk17
WITH_JDK17=(env "JAVA_HOME=$JDK17")
WITH_JDK25=(env "JAVA_HOME=$JDK25")

# limit_to KIND [|EXAMPLE]: prints the arguments that limit Maven to the modules that the change can affect, one per line. KIND is a regular
# expression for the words "module" and "reader" of affected.sh; |EXAMPLE leaves out this example. Prints nothing if the change can affect all
# modules.
limit_to() {
  local module list
  [ "$AFFECTED" != everything ] || return 0
  mapfile -t list < <(grep -oP "^($1) \K(?!pg-hello-example-(kotlin|quarkus|micronaut|reactive|webflux${2-})|pg-extension-recipes).*" <<<"$AFFECTED" | sort -u)
  printf '%s\n' -am -pl "$(module_list "${list[@]}")"
  while read -r module _; do
    contains "$module" "${list[@]}" || printf '%s\n' "-D$module.skipTests=true"
  done < <(modules)
}

# Tests that the first axis runs, but the oldest axis does not: applications of JDBC and the client, the examples, the MCP server and the pages.
ONCE=(-Dpg-hello-docs.skipTests=true -Dpg-hello-benchmarks.skipITs=true -Dpg-extension-binding.skipTests=true -Dpg-hello-mcp.skipTests=true)
for example in events hibernate jooq mcp plugin quickstart service shared shared-web spring-boot users; do
  ONCE+=("-Dpg-hello-example-$example.skipTests=true")
done

# A landing builds no jars of Javadoc and sources: "site" tests Javadoc, and --all compares these jars.
FEWER_JARS=() LANDING=() DRAW=()
[ "$RUN" != landing ] || FEWER_JARS=(-Dmaven.javadoc.skip -Dmaven.source.skip) LANDING=(--landing) DRAW=("$SEED" "$SHARE")
# All cases of ./dev run if it or their file has changed, and little else.
[ "$AFFECTED" = everything ] || [ -z "$(git -C "$ROOT" diff --name-only "${BASE:-HEAD}" -- dev scripts/ci/dev-test.sh 2>/dev/null || true)" ] || DRAW=()

# All tests, with the formatter, Error Prone and NullAway, in the Turkish locale, because there, toLowerCase() of I is not i.
first_axis() {
  local limits
  mapfile -t limits < <(limit_to 'module|reader')
  [ "$RUN" != landing ] || limits+=("-Dfailsafe.excludesFile=$(exclusions drawn-first)")
  PG_EXTENSION_PACKAGES=$("$ROOT/scripts/packages.sh" 17 postgresql-17-{pgvector,cron,semver} libc6) \
    axis postgres17-jdk25 17 "$JDK25" -Pshardingsphere -DexcludedGroups=long,container \
    -DargLine="$SHORT_LIVED_JVM -Duser.language=tr -Duser.country=TR -Duser.timezone=Asia/Kathmandu" \
    -Djooq.run="$(pom_property jooq.3.21.version)" -Dhibernate.run="$(pom_property hibernate.7.4.version)" "${FEWER_JARS[@]}" "${limits[@]}"
}

# The oldest server and JDK, in the POSIX locale, which cron, su - and many containers use. The step "consumer" tests the starter
# on the oldest server and JDK. A landing tests the class files of the first axis; --all compiles with the oldest JDK.
oldest_axis() {
  local limits
  mapfile -t limits < <(limit_to module '|shardingsphere')
  if [ "$RUN" = landing ]; then
    limits+=("-Dfailsafe.excludesFile=$(exclusions drawn-oldest)" "-Dsurefire.excludesFile=$(exclusions drawn-units)")
    copy_of "$FIRST" "$OLDEST"
    # the tests of the first version have written other files
    [ ! -d "$OLDEST" ] || find "$OLDEST" -path '*/target/*' -prune ! -name '*classes' ! -name 'generated*' ! -name maven-status -exec rm -rf {} +
    limits+=(-Dmaven.compiler.useIncrementalCompilation=false)
  fi
  LC_ALL=POSIX axis postgres15-jdk17 15 "$JDK17" "${ONCE[@]}" '-P!checks' -Dpg-hello-spring-boot-starter.skipTests=true \
    -Dmaven.javadoc.skip -Dmaven.source.skip -DargLine="$SHORT_LIVED_JVM" -Dhibernate.run="$(pom_property hibernate.7.1.version)" "${limits[@]}"
}

# drawn_file: prints the file with the names of the integration tests that run on the first version only.
drawn_file() { [ "$RUN" = landing ] && printf '%s\n' "$WORK/drawn" || echo /dev/null; }

# other_major MAJOR: runs the tests that depend on the server on this PostgreSQL.
other_major() {
  local modules=''
  [ "$AFFECTED" = everything ] || modules=$(sed -n 's/^module //p' <<<"$AFFECTED")
  "$CHECKS/other-major.sh" "$1" "$WORK/postgres$1" "$(drawn_file)" "${TEST_MODULE:-$modules}" "$TEST"
}

# compare_jars CHECK SCRATCH ARGUMENT...: compares the first axis' jars with the jars of another build. Builds them if the axis did not run.
compare_jars() {
  [ -d "$FIRST/pg-hello-core/target" ] ||
    JAVA_HOME=$JDK25 maven -q -B -ntp -T 2 -f "$FIRST/pom.xml" '-P!checks' -Dpostgres.major=17 -DskipTests "${@:3}" package
  "$CHECKS/$1.sh" "$FIRST" "${@:2}"
}

# copy_of AXIS DIRECTORY: copies the class files of an axis, or only the sources if the axis did not run.
copy_of() {
  is_selected "${2##*/}" && [ -z "$STOPPED" ] || return 0
  if [ -d "$1" ]; then
    cp -a "$1" "$2"
    # otherwise, Failsafe would report old results for a module whose tests are all left out
    find "$2" -path '*/target/*-reports*' -prune -exec rm -rf {} +
  else
    copy_tree "$2"
  fi
}

# tree_for STEP...: provides the sources in the directory of the first axis, if the axis did not run and one of the steps does.
tree_for() {
  local name
  for name in "$@"; do
    if is_selected "$name" && [ -z "$STOPPED" ] && [ ! -d "$FIRST" ]; then copy_tree "$FIRST"; fi
  done
}

# ---- kind, name and lines shown, command
step native                "$ROOT/scripts/native.sh"
step native-musl           "$ROOT/scripts/native.sh" --platform linux-amd64-musl "$DEFAULT_MAJOR"
step native-arm64          "$ROOT/scripts/native.sh" --platform linux-arm64 18
step native-check          "$ROOT/scripts/native.sh" --check
step pgdg:6                "$CHECKS/pgdg.sh"
begin shellcheck           shellcheck -x -P "$ROOT" "$ROOT"/{dev,.ci/run,scripts/*.sh,scripts/platforms/*.sh,scripts/ci/*.sh,scripts/ci/*/*.sh,deploy/*.sh,deploy/*/*.sh}
step servers               fetch_servers
begin regress              "$CHECKS/regress-all.sh"
# Its builds end before the first axis begins, so the two do not download the same files.
begin dev                  "$CI/dev-test.sh" "${DRAW[@]}"
step first-run:1           "$CI/first-run.sh"
finish shellcheck
first_axis
finish dev
finish regress:30
draw_less 30
begin sanitizers           nice "$ROOT/dev" native --sanitize
oldest_axis
finish sanitizers:20
draw_less 54
tree_for                   reproducible-jars other-users-jars hibernate-6.6 hibernate-next jooq-3.20 frameworks recipes recipes-19 spring-boot-pgvector
begin reproducible-jars    compare_jars reproducible-jars "$WORK/again" "${FEWER_JARS[@]}"
copy_of "$FIRST"           "$WORK/postgres18"
step postgres18:1          other_major 18
copy_of "$FIRST"           "$WORK/postgres19"
step postgres19:1          other_major 19
copy_of "$FIRST"           "$WORK/postgres16"
step postgres16:1          other_major 16
finish reproducible-jars
step other-users-jars      compare_jars other-users-jars "$WORK/other-user"
# ./dev test --long tests the other release lines.
step hibernate-6.6:1       "$CHECKS/other-line.sh" "$FIRST" pg-hello-hibernate hibernate "$(pom_property hibernate.6.6.version)" LinesIT
step hibernate-next:20     "$CHECKS/hibernate-next.sh" "$FIRST"
step jooq-3.20:1           "$CHECKS/other-line.sh" "$FIRST" pg-hello-jooq jooq "$(pom_property jooq.3.20.version)" 'io/pghello/jooq/**,!GeneratedSourcesIT'
step frameworks:1          "${WITH_JDK25[@]}" "$CHECKS/frameworks.sh" "$FIRST"
# ./dev test --long tests all recipes.
step recipes:1             recipes "$FIRST" "$DEFAULT_MAJOR" 'pgvector postgis semver' '-P!checks'
# Of 19, Debian has packages of few extensions, and sources of more. The second step tests sources without Debian's mirror.
step recipes-19:1          recipes "$FIRST" 19 'pgvector pgaudit pg_hint_plan' '-P!checks'
step recipe-sources        "$CHECKS/recipe-sources.sh" "$WORK/recipe-sources"
step spring-boot-pgvector  "${WITH_JDK17[@]}" "$CHECKS/spring-boot-pgvector.sh" "$FIRST" "$WORK/spring-boot-pgvector"
step jooq-sources          "$CHECKS/jooq-sources.sh" "$WORK/jooq-sources"
step seeded-null-error     "$CHECKS/seeded-null-error.sh" "$WORK/seeded-null-error"
step ordinary-user         "$CHECKS/ordinary-user.sh" "$WORK/ordinary-user"
draw_less 58
copy_of "$OLDEST"          "$WORK/containers"
begin containers           "$CHECKS/container-tests.sh" "$WORK/containers" "$(drawn_file)"
step consumer:3            "${WITH_JDK17[@]}" "$CI/consumer.sh" "${LANDING[@]}"
step system:8              "${WITH_JDK25[@]}" "$CI/system.sh"
finish containers
# deploy, site, mcp and monitoring compile in the tree, so only one of them runs at a time; compose uses a separate tree.
step deploy                "$CI/deploy.sh"
! is_selected compose || [ -n "$STOPPED" ] || copy_tree "$WORK/compose"
begin compose              "${WITH_JDK25[@]}" "$CI/offline/containers.sh" run "$WORK/compose/scripts/ci/offline/compose.sh"
step site                  "${WITH_JDK17[@]}" "$CI/site.sh"
step mcp                   "${WITH_JDK17[@]}" "$CI/mcp.sh"
begin monitoring           "${WITH_JDK17[@]}" "$CI/monitoring.sh"
step installcheck          "$CI/installcheck.sh"
step fuzzing               "$ROOT/dev" native --fuzz 20
step races                 "$CI/stress.sh"
finish monitoring:25
finish compose:8
# Measures performance, so nothing runs in parallel.
step guard:45              "$ROOT/dev" bench --guard

summary || exit
record_passed "$PASSED"
