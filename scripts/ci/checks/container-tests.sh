#!/usr/bin/env bash
# A step of ./dev test --all: runs tests on a server in a container, with the class files of TREE: all tests of pg-hello-testkit, the
# tests of pg-extension-testkit for containers and server locations, and the tests of the client and the starter that depend on
# the server's machine (its clock, files, encoding and sessions).
# Usage: container-tests.sh TREE EXCLUDED
#        EXCLUDED is a file with the names of tests to leave out
# SPDX-License-Identifier: MIT
PROGRAM=container-tests.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../lib.sh"

TESTS=('io/pghello/testkit/*IT' io/pghello/{PgHelloClientIT,PreflightIT,SessionsIT,ServerEncodingIT,extension/testkit/{ComposedAnnotationIT,ExtensionContainerIT,ServerLocationIT,WireProxyIT}}
  io/pghello/spring/boot/app/ContainerIT)
while IFS= read -r name; do
  # this test exists only for containers
  [ "$name" = ExtensionContainerIT ] || [ "$name" = ContainerIT ] || TESTS+=("!$name")
done <"$2"

# use exec, so that signals reach containers.sh
exec env JAVA_HOME="$JDK17" PG_EXTENSION_SERVER=container:postgres:15 "$ROOT/scripts/ci/offline/containers.sh" run \
  mvn -B -ntp -Dstyle.color=never -f "$1/pom.xml" \
  -pl :pg-extension-testkit,:pg-hello-testkit,:pg-hello-core,:pg-hello-spring-boot-starter -am -DexcludedGroups=long,slow \
  -Dit.test="$(IFS=, && printf '%s' "${TESTS[*]}")" -Dfailsafe.failIfNoSpecifiedTests=false \
  -Dmaven.compiler.useIncrementalCompilation=false test-compile failsafe:integration-test@it failsafe:verify@it
