#!/usr/bin/env bash
# A step of ./dev test --all: reports whether the tests pass on the next Hibernate. It never fails, and its tests are not counted.
# Usage: hibernate-next.sh TREE
# SPDX-License-Identifier: MIT
PROGRAM=hibernate-next.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../lib.sh"

module=pg-hello-hibernate
version=$(pom_property hibernate.next.version)
log=$(mktemp)
"$ROOT/scripts/ci/checks/other-line.sh" "$1" "$module" hibernate "$version" LinesIT >"$log" 2>&1 || true
reports=$1/$(module_directory "$module")/target/failsafe-reports-$version
find "$reports" -name 'TEST-*.xml' | test_reports outcome "Hibernate $version" || grep -m 1 '^\[ERROR\]' "$log" || true
rm -rf "$reports" "$log"
