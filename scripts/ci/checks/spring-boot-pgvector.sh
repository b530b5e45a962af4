#!/usr/bin/env bash
# A step of ./dev test --all: builds and tests the project of docs/guide-spring-boot.md with artifacts that are installed from a
# compiled tree, like a user's project.
# Usage: spring-boot-pgvector.sh TREE SCRATCH
# SPDX-License-Identifier: MIT
PROGRAM=spring-boot-pgvector.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../lib.sh"

tree=$1 scratch=$2
foreign_repository "$scratch/repository"
export MAVEN_OPTS="${MAVEN_OPTS-} -Dmaven.repo.local=$scratch/repository"
"$tree/scripts/recipes.sh" "$DEFAULT_MAJOR" linux-amd64 pgvector postgis
maven -q -B -ntp -f "$tree/pom.xml" '-P!checks' -Precipes -pl :pg-hello-bom,:pg-extension-testkit,:pg-extension-pgvector,:pg-extension-postgis -am -DskipTests \
  -Dmaven.javadoc.skip -Dmaven.source.skip install
cp -r "$ROOT/examples/spring-boot-pgvector" "$scratch/project"
rm -rf "$scratch/project/target"
grep -qF "<version>$(pom_property spring-boot.4.1.version)</version>" "$scratch/project/pom.xml" ||
  die "examples/spring-boot-pgvector/pom.xml has a version other than the spring-boot.4.1.version of this build"
maven -B -ntp -f "$scratch/project/pom.xml" test >"$scratch/log" 2>&1 || {
  cat "$scratch/log"
  die "the project of docs/guide-spring-boot.md does not build"
}
grep -q 'Tests run: 3, Failures: 0, Errors: 0, Skipped: 0' "$scratch/log" || {
  cat "$scratch/log"
  die "the tests of docs/guide-spring-boot.md were not run"
}
echo "The project of docs/guide-spring-boot.md builds from installed artifacts, and its 3 tests pass"
rm -rf "$scratch"
