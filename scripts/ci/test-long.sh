#!/usr/bin/env bash
# ./dev test --long: tests that take too long for ./dev test --all. See docs/contributing/testing.md for how to add one.
# SPDX-License-Identifier: MIT
PROGRAM='dev test --long'
# shellcheck source=scripts/ci/steps.sh
. "$(dirname "${BASH_SOURCE[0]}")/steps.sh"

# shellcheck disable=SC2034 # used in steps.sh
SCRIPT=scripts/ci/test-long.sh RUN=long
options "$@"
[ ${#REST[@]} = 0 ] || misuse "test --long accepts --only STEP... and --limit MINUTES, but got: ${REST[*]}"

JDK25=$(find_jdk 25) || die "needs JDK 25 or newer in JAVA_HOME or under /usr/lib/jvm"
SHORT_LIVED_JVM=${START_FAST[*]}
export JDK25 SHORT_LIVED_JVM
echo "Running the long tests: takes almost two hours"

PATH=$PATH:/usr/sbin
need pgbouncer pgbouncer
step native "$ROOT/scripts/native.sh"
step servers fetch_servers
step programs "$ROOT/scripts/ci/all-programs.sh" "$WORK/programs"
# all tests with the tag long, and no others
PG_HELLO_POOLERS=$("$ROOT/scripts/ci/poolers.sh") PG_HELLO_PROGRAMS=$WORK/programs \
  axis postgres17-jdk25 17 "$JDK25" -Dgroups=long -DexcludedGroups= '-P!checks' -Dmaven.javadoc.skip -Dmaven.source.skip
# Tests that ./dev test --all runs only on two majors, or skips on the newest major.
axis postgres18-jdk25 18 "$JDK25" '-P!checks' -pl :pg-hello-cli,:pg-hello-core,:pg-hello-spring-boot-starter,:pg-hello-plugin -am -Dtest=NoTest \
  -Dsurefire.failIfNoSpecifiedTests=false -DexcludedGroups=long,container -Dit.test='io/pghello/**/*IT' -Dfailsafe.failIfNoSpecifiedTests=false \
  -Dmaven.javadoc.skip -Dmaven.source.skip
# Tests that ./dev test --all runs only on one major and one JDK.
axis postgres15-jdk17 15 "$(find_jdk 17 17)" -pl :pg-hello-spring-boot-starter,:pg-hello-cli -am -DexcludedGroups=long,container -Dtest=NoTest -Dsurefire.failIfNoSpecifiedTests=false \
  -Dit.test='io/pghello/spring/**/*IT,io/pghello/cli/InstallIT,io/pghello/cli/load/*IT' -Dfailsafe.failIfNoSpecifiedTests=false -Dmaven.javadoc.skip -Dmaven.source.skip
step frameworks:1 env JAVA_HOME="$(find_jdk 17 17)" "$ROOT/scripts/ci/checks/frameworks.sh" "$WORK/postgres15-jdk17" -Dpostgres.major=15 -Dquarkus.lts
for line in 7.0 7.2 7.3; do
  step "hibernate-$line:1" "$ROOT/scripts/ci/checks/other-line.sh" "$WORK/postgres17-jdk25" pg-hello-hibernate hibernate "$(pom_property "hibernate.$line.version")" LinesIT
done
for major in "${MAJORS[@]}"; do
  step "recipes-$major:1" recipes "$WORK/postgres17-jdk25" "$major" '' '-P!checks'
done
step regress "$ROOT/scripts/regress.sh" --settings
step native-platforms:9 "$ROOT/scripts/native.sh" --check --all-platforms
step native-others "$ROOT/scripts/native.sh" --all-platforms
step dev "$ROOT/scripts/ci/dev-test.sh"
step wrong-libraries:1 "$ROOT/scripts/ci/checks/wrong-libraries.sh" "$WORK/wrong-libraries"
for platform in linux-arm64 darwin-amd64 darwin-arm64 windows-amd64; do
  step "$platform:2" "$ROOT/scripts/regress.sh" --platform "$platform" 17
done
step desktop "$ROOT/scripts/ci/offline/containers.sh" run "$ROOT/scripts/ci/desktop.sh" "$WORK/desktop"
step recipe-platforms:1 "$ROOT/scripts/ci/checks/recipe-platforms.sh" "$WORK/recipe-platforms"
step arm64-testkit:2 "$ROOT/scripts/ci/checks/arm64-testkit.sh" "$WORK/arm64-testkit"
step musl-testkit:2 "$ROOT/scripts/ci/checks/musl-testkit.sh" "$WORK/musl-testkit"
step gradle:3 "$ROOT/scripts/ci/gradle.sh"
step release:2 "$ROOT/dev" release --dry-run
step faults "$ROOT/dev" test --repeat 20 faults
step failover:5 "$ROOT/scripts/ci/failover.sh"
copy_tree "$WORK/pooler-suites"
for pooler in pgbouncer old-pgbouncer odyssey pgpool; do
  step "pooler-suites-$pooler:3" env JAVA_HOME="$JDK25" "$ROOT/scripts/ci/pooler-suites.sh" "$pooler" "$WORK/pooler-suites"
done
step postgres-suite:1 "$ROOT/scripts/ci/postgres-suite.sh"
step random-queries:1 "$ROOT/scripts/sanitize.sh" 600
step fuzzing "$ROOT/scripts/fuzz.sh" 600 s390x i686
step upgrade:2 "$ROOT/scripts/ci/upgrade.sh"

summary
