#!/usr/bin/env bash
# A step of ./dev test --all: inserts a null error into the source, and fails unless the checkers report it.
# Usage: seeded-null-error.sh SCRATCH
# SPDX-License-Identifier: MIT
PROGRAM=seeded-null-error.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../lib.sh"

copy_tree "$1"
cat >"$1/$(module_directory pg-hello-core)/src/main/java/io/pghello/Seeded.java" <<'JAVA'
// SPDX-License-Identifier: MIT
package io.pghello;

final class Seeded {
  private Seeded() {}

  static String name() {
    return null;
  }
}
JAVA
if JAVA_HOME=$JDK25 maven -B -ntp -f "$1/pom.xml" \
  -pl "$(module_list pg-hello-parent pg-hello-bom pg-extension-binding pg-extension-batching pg-hello-core)" compile >"$1/seeded.log"; then
  die "the checkers accept the planted null"
fi
if ! grep -q 'NullAway.*returning @Nullable expression' "$1/seeded.log"; then
  cat "$1/seeded.log"
  die "the build failed, but not because of the planted null"
fi
echo "NullAway reports the planted null"
