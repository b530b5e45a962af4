#!/usr/bin/env bash
# A step of ./dev test --all and --long: builds and tests the applications with other frameworks, in a compiled
# tree.
# Usage: frameworks.sh TREE [MAVEN-ARGUMENT...]
# SPDX-License-Identifier: MIT
PROGRAM=frameworks.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../lib.sh"

tree=$1
shift
maven -B -ntp -T 2 -f "$tree/pom.xml" -Pframeworks -pl :pg-hello-example-quarkus,:pg-hello-example-micronaut,:pg-hello-example-kotlin,:pg-hello-example-reactive,:pg-hello-example-webflux -am \
  -Dtest=NoTest -Dsurefire.failIfNoSpecifiedTests=false \
  -Dit.test='io/pghello/examples/quarkus/*IT,io/pghello/examples/micronaut/*IT,io/pghello/examples/kotlin/*IT,io/pghello/examples/reactive/*IT,io/pghello/examples/webflux/*IT' -Dfailsafe.failIfNoSpecifiedTests=false \
  -DargLine=-XX:TieredStopAtLevel=1 -Dmaven.javadoc.skip -Dmaven.source.skip -Dmaven.compiler.useIncrementalCompilation=false \
  "$@" verify
find "$tree"/examples/{kotlin,quarkus,micronaut,reactive,webflux}/target -path '*/failsafe-reports*/TEST-*.xml' | test_reports outcome 'applications with other frameworks'
