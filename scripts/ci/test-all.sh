#!/usr/bin/env bash
# ./dev test --all: each PostgreSQL major, each JDK, the checkers, sanitizers, containers.
# SPDX-License-Identifier: MIT
PROGRAM='dev test --all'
# shellcheck source=scripts/ci/steps.sh
. "$(dirname "${BASH_SOURCE[0]}")/steps.sh"

# The JVMs of tests run for seconds, in which the second compiler does not pay: with it, they take twice the processor time.
# Those of the steps containers and races have it.
SHORT_LIVED_JVM=${START_FAST[*]}

# other_line MODULE LIBRARY VERSION TESTS: the class files of the axis postgres17-jdk25, on another line
# of a library.
other_line() {
  JAVA_HOME=$JDK25 maven -B -ntp -f "$WORK/postgres17-jdk25/pom.xml" -pl ":$1" -am "-D$2.run=$3" \
    -Dit.test="$4" -Dfailsafe.failIfNoSpecifiedTests=false -DargLine="$SHORT_LIVED_JVM" -Dmaven.compiler.useIncrementalCompilation=false \
    test-compile failsafe:integration-test@it failsafe:verify@it
  find "$WORK/postgres17-jdk25/$(module_directory "$1")/target/failsafe-reports-$3" -name 'TEST-*.xml' | test_reports outcome "$1 on $2 $3"
}

# The next Hibernate is for information: it fails nothing, and its tests are not in the sum.
next_hibernate() {
  local version reports log=$WORK/next-hibernate.log module=pg-hello-hibernate
  version=$(pom_property hibernate.next.version)
  (other_line "$module" hibernate "$version" LinesIT) >"$log" 2>&1 || true
  reports=$WORK/postgres17-jdk25/$(module_directory "$module")/target/failsafe-reports-$version
  find "$reports" -name 'TEST-*.xml' | test_reports outcome "Hibernate $version" ||
    grep -m 1 '^\[ERROR\]' "$log" || true
  rm -rf "$reports"
}

# The newest line of jOOQ still takes our sources, though it says that some calls of those it
# generated will go; its tests, in postgres17-jdk25, take the classes.
sources_compile_on_newest_jooq() {
  local copy=$WORK/jooq-sources
  copy_tree "$copy"
  JAVA_HOME=$JDK25 maven -B -ntp -f "$copy/pom.xml" '-P!checks' \
    -pl :pg-hello-jooq -am -Djooq.version="$(pom_property jooq.3.21.version)" \
    -Djooq.failOnWarning=false test-compile
}

# The checkers must see a mistake that is planted for them.
null_error_is_seen() {
  local copy=$WORK/seeded
  copy_tree "$copy"
  cat >"$copy/$(module_directory pg-hello-core)/src/main/java/io/pghello/Seeded.java" <<'JAVA'
// SPDX-License-Identifier: MIT
package io.pghello;

final class Seeded {
  private Seeded() {}

  static String name() {
    return null;
  }
}
JAVA
  if JAVA_HOME=$JDK25 maven -B -ntp -f "$copy/pom.xml" -pl "$(module_list pg-hello-parent pg-hello-bom pg-extension-client pg-hello-core)" compile >"$WORK/seeded.log"; then
    die "the checkers let a null through"
  fi
  if ! grep -q 'NullAway.*returning @Nullable expression' "$WORK/seeded.log"; then
    cat "$WORK/seeded.log"
    die "it failed, but not for the null"
  fi
  echo "NullAway refuses the planted null"
}

# Built in two folders, under two locales and time zones, on one JDK.
jars_are_reproducible() {
  local jar count=0
  while IFS= read -r jar; do
    cmp "$WORK/postgres17-jdk25/$jar" "$WORK/postgres18-jdk25-turkish/$jar"
    count=$((count + 1))
  done < <(cd "$WORK/postgres17-jdk25" && find . -path '*/target/*.jar' -not -path '*/examples/*')
  [ "$count" -ge 6 ] || die "only $count jars"
  echo "$count jars are the same, byte for byte"
}

# And by another user, in a third folder, without the network, of which that user has no settings.
jars_of_another_user_are_the_same() {
  local folder=$WORK/another-user repository jar count=0
  [ "$(id -u)" = 0 ] || {
    echo "nothing here runs as another user than $(id -un)"
    return
  }
  repository=$(JAVA_HOME=$JDK17 classpath pg-hello-example-quickstart "$DEFAULT_MAJOR" | tr ':' '\n' |
    sed -n 's:/org/postgresql/postgresql/.*::p')
  mkdir -m 755 "$folder"
  chmod 755 "$WORK"
  copy_tree "$folder/tree"
  # its folders may be closed to others, and what Maven notes in it names mirrors that the user does not know
  cp -r "$repository" "$folder/repository"
  mkdir "$folder/home"
  chmod -R a+rX "$folder/repository"
  chown -R 65534 "$folder/tree" "$folder/home"
  setpriv --reuid=65534 --regid=65534 --clear-groups env -i PATH="$PATH" HOME="$folder/home" JAVA_HOME="$JDK25" LC_ALL=C.UTF-8 \
    mvn -q -B -o -llr -Duser.home="$folder/home" -Dmaven.repo.local="$folder/repository" \
    -f "$folder/tree/pom.xml" -pl :pg-hello-core -am '-P!checks' -DskipTests -Dmaven.javadoc.skip package
  while IFS= read -r jar; do
    cmp "$folder/tree/$jar" "$WORK/postgres17-jdk25/$jar"
    count=$((count + 1))
  done < <(cd "$folder/tree" && find . -path '*/target/*.jar')
  rm -rf "$folder"
  [ "$count" -ge 6 ] || die "only $count jars"
  echo "$count jars of the user nobody are the same, byte for byte"
}

# What a newcomer who is not root does, from the jars alone.
ordinary_user_can() {
  local folder=$WORK/ordinary classes part number=0 greeting
  [ "$(id -u)" = 0 ] || {
    echo "everything above ran as an ordinary user"
    return
  }
  mkdir -p "$folder/lib"
  classes=$(JAVA_HOME=$JDK17 classpath pg-hello-example-quickstart "$DEFAULT_MAJOR")
  while IFS= read -r part; do
    number=$((number + 1))
    cp -r "$part" "$folder/lib/$number$([ -d "$part" ] || echo .jar)"
  done < <(tr ':' '\n' <<<"$classes")
  classes=$(printf '%s:' "$folder"/lib/*)
  chmod 755 "$WORK"
  chmod -R a+rX "$folder"
  mkdir -m 777 "$folder/home"
  greeting=$(setpriv --reuid=65534 --regid=65534 --clear-groups \
    env -i HOME="$folder/home" "$JDK17/bin/java" -Duser.home="$folder/home" -cp "$classes" \
    io.pghello.examples.quickstart.Greet Ada)
  [ "$greeting" = 'Hello, Ada!' ] || die "said: $greeting"
  echo "an ordinary user is greeted: $greeting"
}

# The extension's tests in SQL, on each major and on the other C library, and on the newest major with settings.
regress_all() {
  "$ROOT/scripts/regress.sh" "${MAJORS[@]:0:${#MAJORS[@]}-1}"
  "$ROOT/scripts/regress.sh" --settings "${MAJORS[-1]}"
  "$ROOT/scripts/regress.sh" --platform linux-amd64-musl "$DEFAULT_MAJOR"
}

# Tests on a server in a container, with the class files of the axis postgres15-jdk17: all of the testkit, which starts it, those of the testkit for any extension and of the starter which
# need one, and those of the client whose outcome is a matter of the machine that the server runs on: its clock, its files, its encoding,
# its sessions.
tests_in_containers() {
  # in place of this shell, so that a signal reaches it
  exec env JAVA_HOME="$JDK17" PG_HELLO_SERVER=container:postgres:15 "$ROOT/scripts/ci/offline/containers.sh" run \
    mvn -B -ntp -Dstyle.color=never -f "$WORK/containers/pom.xml" \
    -pl :pg-extension-testkit,:pg-hello-testkit,:pg-hello-core,:pg-hello-spring-boot-starter -am -DexcludedGroups=long,slow \
    -Dit.test="$(IFS=, && printf '%s' "${IN_CONTAINERS[*]}")" -Dfailsafe.failIfNoSpecifiedTests=false \
    -Dmaven.compiler.useIncrementalCompilation=false test-compile failsafe:integration-test@it failsafe:verify@it
}
IN_CONTAINERS=('io/pghello/testkit/*IT' io/pghello/{PgHelloClientIT,PreflightIT,SessionsIT,internal/jdbc/ServerEncodingIT,extension/testkit/{ExtensionContainerIT,ServerPlaceIT}}
  io/pghello/spring/boot/app/ContainerIT)

JDK17=$(find_jdk 17 17) || die "needs a JDK 17, in JAVA_HOME or under /usr/lib/jvm"
JDK25=$(find_jdk 25) || die "needs a JDK 25 or newer, in JAVA_HOME or under /usr/lib/jvm"
PATH=$PATH:/usr/sbin
need chromium chromium chromedriver chromium-driver envsubst gettext-base faketime faketime gpg gnupg nginx nginx-light curl curl jq jq node nodejs npm npm pgbackrest pgbackrest pgbouncer pgbouncer \
  psql postgresql-client redis-server redis-server shellcheck shellcheck unzip unzip xz xz-utils
echo "Everything on PostgreSQL ${MAJORS[*]} and two JDKs: the better part of an hour, and some 10 minutes more the first time"

step native "$ROOT/scripts/native.sh"
# the other C library, whose image a container of the tests has
step native-musl "$ROOT/scripts/native.sh" --platform linux-amd64-musl "$DEFAULT_MAJOR"
step native-check "$ROOT/scripts/native.sh" --check
step shellcheck shellcheck -x -P "$ROOT" "$ROOT"/{dev,.ci/run,scripts/*.sh,scripts/ci/*.sh,scripts/ci/*/*.sh,deploy/*.sh,deploy/*/*.sh}
step servers fetch_servers
begin regress regress_all
begin first-run "$ROOT/scripts/ci/first-run.sh"
step dev "$ROOT/scripts/ci/dev-test.sh"
LINES_SHOWN=1 finish first-run
PG_EXTENSION_PACKAGES=$("$ROOT/scripts/packages.sh" 17 postgresql-17-{pgvector,cron,semver} libc6) \
  axis postgres17-jdk25 17 "$JDK25" -Pshardingsphere -DexcludedGroups=long,container -DargLine="$SHORT_LIVED_JVM" \
  -Djooq.run="$(pom_property jooq.3.21.version)" -Dhibernate.run="$(pom_property hibernate.7.4.version)"
LINES_SHOWN=30 finish regress
# applications that stand on JDBC and the client, examples and the MCP server are tested on the first axis alone: it takes minutes,
# and says little on one more; what else is published on JDBC alone, also on the oldest server and JDK
ONCE=(-Dpg-hello-benchmarks.skipITs=true -Dpg-extension-client.skipTests=true -Dpg-hello-mcp.skipTests=true)
for example in events hibernate jooq mcp plugin quickstart service shared shared-web spring-boot users; do
  ONCE+=("-Dpg-hello-example-$example.skipTests=true")
done
# the checkers have seen all sources; the starter asks the server nothing itself, and ./dev test --long has pghello on this server
axis postgres18-jdk25-turkish 18 "$JDK25" "${ONCE[@]}" '-P!checks' \
  -Dpg-hello-plugin.skipTests=true -Dpg-hello-cli.skipTests=true -Dpg-hello-spring-boot-starter.skipTests=true \
  -DargLine="$SHORT_LIVED_JVM -Duser.language=tr -Duser.country=TR -Duser.timezone=Asia/Kathmandu"
# nor has it a locale, as for cron, su - and many containers; its jars are compared with no others; consumer has the starter on this JDK
LC_ALL=POSIX axis postgres15-jdk17 15 "$JDK17" "${ONCE[@]}" -Dpg-hello-spring-boot-starter.skipTests=true -Dmaven.javadoc.skip -Dmaven.source.skip \
  -DargLine="$SHORT_LIVED_JVM" -Dhibernate.run="$(pom_property hibernate.7.1.version)"
step reproducible-jars jars_are_reproducible
step another-users-jars jars_of_another_user_are_the_same
for line in 6.6 7.0 7.2 7.3; do
  LINES_SHOWN=1 step "hibernate-$line" \
    other_line pg-hello-hibernate hibernate "$(pom_property "hibernate.$line.version")" LinesIT
done
LINES_SHOWN=20 step hibernate-next next_hibernate
LINES_SHOWN=1 step jooq-3.20 \
  other_line pg-hello-jooq jooq "$(pom_property jooq.3.20.version)" 'io/pghello/jooq/**,!GeneratedSourcesIT'
step jooq-sources sources_compile_on_newest_jooq
step seeded-null-error null_error_is_seen
step ordinary-user ordinary_user_can
cp -a "$WORK/postgres15-jdk17" "$WORK/containers"
find "$WORK/containers" -path '*/target/*-reports/*' -delete
begin containers tests_in_containers
LINES_SHOWN=3 step consumer env JAVA_HOME="$JDK17" "$ROOT/scripts/ci/consumer.sh"
LINES_SHOWN=8 step system env JAVA_HOME="$JDK25" "$ROOT/scripts/ci/system.sh"
finish containers
# not beside monitoring, as all compile in the tree, at their beginning
step deploy "$ROOT/scripts/ci/deploy.sh"
step site env JAVA_HOME="$JDK17" "$ROOT/scripts/ci/site.sh"
step mcp env JAVA_HOME="$JDK17" "$ROOT/scripts/ci/mcp.sh"
begin monitoring env JAVA_HOME="$JDK17" "$ROOT/scripts/ci/monitoring.sh"
# in a tree of its own, as it compiles, too; it waits more than it works
copy_tree "$WORK/compose"
begin compose env JAVA_HOME="$JDK25" "$ROOT/scripts/ci/offline/containers.sh" run "$WORK/compose/scripts/ci/offline/compose.sh"
step installcheck "$ROOT/scripts/ci/installcheck.sh"
LINES_SHOWN=20 step sanitizers "$ROOT/dev" native --sanitize
step fuzzing "$ROOT/dev" native --fuzz 20
# the last of them, when monitoring has compiled
step races "$ROOT/scripts/ci/stress.sh"
LINES_SHOWN=25 finish monitoring
LINES_SHOWN=8 finish compose
# judges performance, so alone
LINES_SHOWN=45 step guard "$ROOT/dev" bench --guard

summary
