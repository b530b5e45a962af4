#!/usr/bin/env bash
# Uses the client, Hibernate, jOOQ and the plugin for minutes, with a fault in each round. Fails if the use of a resource grows.
# Usage: scripts/ci/soak.sh MINUTES
# SPDX-License-Identifier: MIT
PROGRAM=soak.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

[[ $# = 1 && $1 =~ ^[1-9][0-9]{0,2}$ ]] || misuse "needs a number of minutes, e.g. soak.sh 30"
"$ROOT/scripts/native.sh" "$DEFAULT_MAJOR" >/dev/null
forget_test_results
maven -B -ntp -f "$ROOT/pom.xml" -pl :pg-hello-benchmarks -am '-P!checks' -Dmaven.javadoc.skip -Dmaven.source.skip \
  -Dtest=NoTest -Dsurefire.failIfNoSpecifiedTests=false -Dit.test=SoakIT -Dfailsafe.failIfNoSpecifiedTests=false \
  -DexcludedGroups= -Dpg-hello.soak.minutes="$1" verify | grep -E '^soak: |ERROR|Tests run:.*SoakIT'
