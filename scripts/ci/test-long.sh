#!/usr/bin/env bash
# ./dev test --long: what takes too long for ./dev test --all.  See docs/testing.md for how to add to it.
# SPDX-License-Identifier: MIT
PROGRAM='dev test --long'
# shellcheck source=scripts/ci/steps.sh
. "$(dirname "${BASH_SOURCE[0]}")/steps.sh"

JDK25=$(find_jdk 25) || die "needs a JDK 25 or newer, in JAVA_HOME or under /usr/lib/jvm"
echo "The long tests: the better part of two hours"

PATH=$PATH:/usr/sbin
need pgbouncer pgbouncer
step native "$ROOT/scripts/native.sh"
step servers fetch_servers
# all tests with the tag long, and no others
PG_HELLO_POOLERS=$("$ROOT/scripts/ci/poolers.sh") \
  axis postgres17-jdk25 17 "$JDK25" -Dgroups=long -DexcludedGroups= '-P!checks' -Dmaven.javadoc.skip -Dmaven.source.skip
# what ./dev test --all has on two majors alone, and in no other language
axis postgres18-jdk25-turkish 18 "$JDK25" '-P!checks' -pl :pg-hello-cli -am -Dtest=NoTest -Dsurefire.failIfNoSpecifiedTests=false \
  -DexcludedGroups=long,container -Dit.test='io/pghello/cli/**/*IT' -DargLine='-Duser.language=tr -Duser.country=TR -Duser.timezone=Asia/Kathmandu' -Dfailsafe.failIfNoSpecifiedTests=false -Dmaven.javadoc.skip -Dmaven.source.skip
# what it has on one major and one JDK alone
axis postgres15-jdk17 15 "$(find_jdk 17 17)" -pl :pg-hello-spring-boot-starter,:pg-hello-cli -am -DexcludedGroups=long,container -Dtest=NoTest -Dsurefire.failIfNoSpecifiedTests=false \
  -Dit.test='io/pghello/spring/**/*IT,io/pghello/cli/InstallIT,io/pghello/cli/load/*IT' -Dfailsafe.failIfNoSpecifiedTests=false -Dmaven.javadoc.skip -Dmaven.source.skip
for major in "${MAJORS[@]}"; do
  LINES_SHOWN=1 step "recipes-$major" recipes "$WORK/postgres17-jdk25" "$major" '-P!checks'
done
step regress "$ROOT/scripts/regress.sh" --settings
LINES_SHOWN=1 step arm64 "$ROOT/scripts/regress.sh" --platform linux-arm64 17
LINES_SHOWN=2 step release "$ROOT/dev" release --dry-run
step faults "$ROOT/dev" test --repeat 20 faults
LINES_SHOWN=5 step failover "$ROOT/scripts/ci/failover.sh"
copy_tree "$WORK/pooler-suites"
for pooler in pgbouncer old-pgbouncer odyssey pgpool; do
  LINES_SHOWN=3 step "pooler-suites-$pooler" env JAVA_HOME="$JDK25" "$ROOT/scripts/ci/pooler-suites.sh" "$pooler" "$WORK/pooler-suites"
done
LINES_SHOWN=1 step postgres-suite "$ROOT/scripts/ci/postgres-suite.sh"
LINES_SHOWN=1 step random-queries "$ROOT/scripts/sanitize.sh" 600
step fuzzing "$ROOT/scripts/fuzz.sh" 600 s390x i686
LINES_SHOWN=2 step upgrade "$ROOT/scripts/ci/upgrade.sh"

summary
