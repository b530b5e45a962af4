#!/usr/bin/env bash
# ./dev test --all: every PostgreSQL major, every JDK, the checkers, sanitizers and containers. The steps are the table below.
# SPDX-License-Identifier: MIT
PROGRAM='dev test --all'
# shellcheck source=scripts/ci/steps.sh
. "$(dirname "${BASH_SOURCE[0]}")/steps.sh"

JDK17=$(find_jdk 17 17) || die "needs JDK 17 in JAVA_HOME or under /usr/lib/jvm"
JDK25=$(find_jdk 25) || die "needs JDK 25 or newer in JAVA_HOME or under /usr/lib/jvm"
# The JVMs of most tests run only for seconds. With the C2 compiler, they would need twice the CPU time.
SHORT_LIVED_JVM=${START_FAST[*]}
export JDK17 JDK25 SHORT_LIVED_JVM
PATH=$PATH:/usr/sbin
need chromium chromium chromedriver chromium-driver envsubst gettext-base faketime faketime gpg gnupg nginx nginx-light curl curl jq jq node nodejs npm npm pgbackrest pgbackrest pgbouncer pgbouncer \
  psql postgresql-client redis-server redis-server shellcheck shellcheck unzip unzip xz xz-utils
echo "Running all tests on PostgreSQL ${MAJORS[*]} and two JDKs: takes most of an hour, plus about 10 minutes the first time"

CI=$ROOT/scripts/ci
CHECKS=$CI/checks
FIRST=$WORK/postgres17-jdk25 OLDEST=$WORK/postgres15-jdk17
WITH_JDK17=(env "JAVA_HOME=$JDK17")
WITH_JDK25=(env "JAVA_HOME=$JDK25")

# Tests that the first axis runs, but the oldest axis does not: applications of JDBC and the client, the examples and the MCP server.
ONCE=(-Dpg-hello-benchmarks.skipITs=true -Dpg-extension-binding.skipTests=true -Dpg-hello-mcp.skipTests=true)
for example in events hibernate jooq mcp plugin quickstart service shared shared-web spring-boot users; do
  ONCE+=("-Dpg-hello-example-$example.skipTests=true")
done

# All tests, with the formatter, Error Prone and NullAway, in the Turkish locale, in which toLowerCase() of I is not i.
first_axis() {
  PG_EXTENSION_PACKAGES=$("$ROOT/scripts/packages.sh" 17 postgresql-17-{pgvector,cron,semver} libc6) \
    axis postgres17-jdk25 17 "$JDK25" -Pshardingsphere -DexcludedGroups=long,container \
    -DargLine="$SHORT_LIVED_JVM -Duser.language=tr -Duser.country=TR -Duser.timezone=Asia/Kathmandu" \
    -Djooq.run="$(pom_property jooq.3.21.version)" -Dhibernate.run="$(pom_property hibernate.7.4.version)"
}

# The oldest server and JDK, in the POSIX locale, which cron, su - and many containers use. The step "consumer" tests the starter
# on the oldest server and JDK.
oldest_axis() {
  LC_ALL=POSIX axis postgres15-jdk17 15 "$JDK17" "${ONCE[@]}" '-P!checks' -Dpg-hello-spring-boot-starter.skipTests=true \
    -Dmaven.javadoc.skip -Dmaven.source.skip -DargLine="$SHORT_LIVED_JVM" -Dhibernate.run="$(pom_property hibernate.7.1.version)"
}

# copy_of AXIS DIRECTORY: copies the class files of an axis, without its test reports.
copy_of() {
  cp -a "$1" "$2"
  find "$2" -path '*/target/*-reports/*' -delete
}

# ---- kind, name and lines shown, command
step native                "$ROOT/scripts/native.sh"
step native-musl           "$ROOT/scripts/native.sh" --platform linux-amd64-musl "$DEFAULT_MAJOR"
step native-check          "$ROOT/scripts/native.sh" --check
begin shellcheck           shellcheck -x -P "$ROOT" "$ROOT"/{dev,.ci/run,scripts/*.sh,scripts/platforms/*.sh,scripts/ci/*.sh,scripts/ci/*/*.sh,deploy/*.sh,deploy/*/*.sh}
step servers               fetch_servers
begin regress              "$CHECKS/regress-all.sh"
begin first-run            "$CI/first-run.sh"
step dev                   "$CI/dev-test.sh"
finish shellcheck
finish first-run:1
first_axis
finish regress:30
begin sanitizers           nice "$ROOT/dev" native --sanitize
oldest_axis
finish sanitizers:20
begin reproducible-jars    "$CHECKS/reproducible-jars.sh" "$FIRST" "$WORK/again"
copy_of "$FIRST"           "$WORK/postgres18"
step postgres18:1          "$CHECKS/newest-server.sh" "$WORK/postgres18"
finish reproducible-jars
step other-users-jars      "$CHECKS/other-users-jars.sh" "$FIRST" "$WORK/other-user"
# ./dev test --long tests the other release lines.
step hibernate-6.6:1       "$CHECKS/other-line.sh" "$FIRST" pg-hello-hibernate hibernate "$(pom_property hibernate.6.6.version)" LinesIT
step hibernate-next:20     "$CHECKS/hibernate-next.sh" "$FIRST"
step jooq-3.20:1           "$CHECKS/other-line.sh" "$FIRST" pg-hello-jooq jooq "$(pom_property jooq.3.20.version)" 'io/pghello/jooq/**,!GeneratedSourcesIT'
step frameworks:1          "${WITH_JDK25[@]}" "$CHECKS/frameworks.sh" "$FIRST"
# ./dev test --long tests all recipes.
step recipes:1             recipes "$FIRST" "$DEFAULT_MAJOR" 'pgvector postgis semver' '-P!checks'
step jooq-sources          "$CHECKS/jooq-sources.sh" "$WORK/jooq-sources"
step seeded-null-error     "$CHECKS/seeded-null-error.sh" "$WORK/seeded-null-error"
step ordinary-user         "$CHECKS/ordinary-user.sh" "$WORK/ordinary-user"
copy_of "$OLDEST"          "$WORK/containers"
begin containers           "$CHECKS/container-tests.sh" "$WORK/containers"
step consumer:3            "${WITH_JDK17[@]}" "$CI/consumer.sh"
step system:8              "${WITH_JDK25[@]}" "$CI/system.sh"
finish containers
# deploy, site, mcp and monitoring compile in the tree, so only one of them runs at a time; compose uses a separate tree.
step deploy                "$CI/deploy.sh"
copy_tree                  "$WORK/compose"
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

summary
