#!/usr/bin/env bash
# A step of ./dev test --all: compiles this project's jOOQ sources with the newest jOOQ, which deprecates some of the generated
# calls. The first axis runs the tests with the newest jOOQ, but with class files compiled with the oldest supported jOOQ.
# Usage: jooq-sources.sh SCRATCH
# SPDX-License-Identifier: MIT
PROGRAM=jooq-sources.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../lib.sh"

copy_tree "$1"
JAVA_HOME=$JDK25 maven -B -ntp -f "$1/pom.xml" '-P!checks' -pl :pg-hello-jooq -am \
  -Djooq.version="$(pom_property jooq.3.21.version)" -Djooq.failOnWarning=false test-compile
