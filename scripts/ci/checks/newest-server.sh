#!/usr/bin/env bash
# A step of ./dev test --all: runs the tests of each module that sends statements to a server, with the class files of an axis,
# on the newest PostgreSQL. Excludes the tests of pools, lost connections and damaged responses, because they do not depend on the
# server's version, and run on two other versions.
# Usage: newest-server.sh TREE
# SPDX-License-Identifier: MIT
PROGRAM=newest-server.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../lib.sh"

tree=$1 major=${MAJORS[-1]}
modules=(pg-extension-{binding,batching,testkit,maven-plugin} pg-hello-{core,hibernate,jooq,testkit,plugin})
left_out=(PoolsIT FaultsIT ServerFaultsIT LostConnectionsIT DamagedAnswersIT DriverLimitsIT LogInIT SecureLogInIT OutOfMemoryIT ColdStartIT \
  NamesIT ForeignFunctionsIT ProjectsIT BuildIT HostileOwnerIT ReadOnlyIT TlsIT)
tests=$(printf ',!%s' "${left_out[@]}")
JAVA_HOME=$JDK25 maven -B -ntp -T 2 -fae -f "$tree/pom.xml" -pl "$(module_list "${modules[@]}")" -am -Dpostgres.major="$major" \
  -Dit.test="io/pghello/**/*IT$tests" -Dfailsafe.failIfNoSpecifiedTests=false -DexcludedGroups=long,container,slow -DargLine="$SHORT_LIVED_JVM" \
  -Dmaven.compiler.useIncrementalCompilation=false test-compile failsafe:integration-test@it failsafe:verify@it
for module in "${modules[@]}"; do
  find "$tree/$(module_directory "$module")/target/failsafe-reports" -name 'TEST-*.xml'
done | test_reports outcome "PostgreSQL $major"
