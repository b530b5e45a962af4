#!/usr/bin/env bash
# A step of ./dev test --all: runs the class files of an axis with another release line of a library.
# Usage: other-line.sh TREE ARTIFACT_ID LIBRARY VERSION TESTS
# SPDX-License-Identifier: MIT
PROGRAM=other-line.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../lib.sh"

tree=$1 module=$2 library=$3 version=$4 tests=$5
JAVA_HOME=$JDK25 maven -B -ntp -f "$tree/pom.xml" -pl ":$module" -am "-D$library.run=$version" \
  -Dit.test="$tests" -Dfailsafe.failIfNoSpecifiedTests=false -DargLine="$SHORT_LIVED_JVM" -Dmaven.compiler.useIncrementalCompilation=false \
  test-compile failsafe:integration-test@it failsafe:verify@it
find "$tree/$(module_directory "$module")/target/failsafe-reports-$version" -name 'TEST-*.xml' | test_reports outcome "$module on $library $version"
