#!/usr/bin/env bash
# A step of ./dev test --all: runs tests of the libraries, the testkits and the plugins on a PostgreSQL without an axis, with the class
# files of an axis. Runs only tests that send statements to a server. Tests of connections, logins and builds do not depend on the
# server's version and do not run. ./dev test --long runs the plugin's tests with hostile roles, and the tests of pghello, on 18. If there are
# no headers of this major, which can happen with 16, only the tests of the testkit that do not use pg_hello run.
# Usage: other-major.sh MAJOR TREE EXCLUDED MODULES [TEST]
#        EXCLUDED is a file with the names of further tests to leave out; MODULES limits the run to those of its modules, unless it is empty;
#        TEST limits it to one test
# SPDX-License-Identifier: MIT
PROGRAM=other-major.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../lib.sh"

major=$1 tree=$2
shift
modules=(pg-extension-{binding,batching,testkit,maven-plugin} pg-hello-{core,hibernate,jooq,testkit,plugin})
excluded=({Pools,Faults,ServerFaults,LostConnections,DamagedAnswers,DriverLimits,LogIn,SecureLogIn,ColdStart,Tls}IT {Projects,Build}IT
  {HostileOwner,ReadOnly}IT)
mapfile -t -O ${#excluded[@]} excluded <"$2"
tests='io/pghello/**/*IT'
if ! "$tree/scripts/native.sh" "$major"; then
  echo "without a library of pg_hello: only tests of the testkit"
  modules=(pg-extension-testkit)
  tests=$(cd "$tree" && grep -rL 'pg_hello\|PgHello' any-extension/testkit/src/test/java --include='*IT.java' | sed 's:.*/::; s:\.java::' | paste -sd ,)
fi
tests+=$(printf ',!%s' "${excluded[@]}")
if [ -n "$3" ]; then
  mapfile -t modules < <(printf '%s\n' "${modules[@]}" | grep -xFf <(printf '%s' "$3"))
  # the script itself has changed
  [ ${#modules[@]} -gt 0 ] || modules=(pg-extension-binding)
fi
if [ -n "${4-}" ]; then
  tests=$4
# not grep -q, because it ends the pipe early
elif [ -z "$(for module in "${modules[@]}"; do grep -rLE '^@Tag\("(long|container|slow)"' --include='*IT.java' "$ROOT/$(module_directory "$module")/src/test" || true; done |
  sed 's:.*/::; s:\.java$::' | grep -vxFf <(printf '%s\n' "${excluded[@]}") || true)" ]; then
  echo "PostgreSQL $major: the draw leaves out all tests of ${modules[*]}"
  exit
fi
skipped=()
while read -r module _; do
  contains "$module" "${modules[@]}" || skipped+=("-D$module.skipTests=true")
done < <(modules)
JAVA_HOME=$JDK25 maven -B -ntp -T 2 -fae -f "$tree/pom.xml" -pl "$(module_list "${modules[@]}")" -am -Dpostgres.major="$major" \
  -Dit.test="$tests" -Dfailsafe.failIfNoSpecifiedTests=false -DexcludedGroups=long,container,slow -DargLine="$SHORT_LIVED_JVM" "${skipped[@]}" \
  -Dmaven.compiler.useIncrementalCompilation=false test-compile failsafe:integration-test@it failsafe:verify@it
for module in "${modules[@]}"; do
  # the draw may leave out all tests of a module
  find "$tree/$(module_directory "$module")/target/failsafe-reports" -name 'TEST-*.xml' 2>/dev/null || true
done | test_reports outcome "PostgreSQL $major"
