#!/usr/bin/env bash
# A step of ./dev test --all: builds, tests and runs the project of docs/guide-spring-boot.md with artifacts that are installed from
# a compiled tree, like a user's project. Then runs the tests of docs/pgvector.md.
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

# failed MESSAGE: prints the log, and ends the script.
failed() {
  cat "$scratch/log"
  die "$1"
}

maven -B -ntp -f "$scratch/project/pom.xml" test >"$scratch/log" 2>&1 || failed "the project of docs/guide-spring-boot.md does not build"
grep -q 'Tests run: 3, Failures: 0, Errors: 0, Skipped: 0' "$scratch/log" || failed "the tests of docs/guide-spring-boot.md were not run"
echo "The project of docs/guide-spring-boot.md builds from installed artifacts, and its 3 tests pass"

# The application has no web server, so it ends after its startup. It must use the database of TestNotesApplication, even if its
# configuration contains the credentials of another one.
JAVA_HOME=$(java_home) SPRING_DATASOURCE_USERNAME=notes SPRING_DATASOURCE_PASSWORD=notes timeout -k 30 300 \
  mvn -B -ntp -Dstyle.color=never -f "$scratch/project/pom.xml" spring-boot:test-run >"$scratch/log" 2>&1 ||
  failed "the application does not run with spring-boot:test-run"
port=$(sed -n 's|.* Database: jdbc:postgresql://127\.0\.0\.1:\([0-9]*\)/app_test_.*|\1|p' "$scratch/log")
[ -n "$port" ] || failed "Flyway did not use a test database"
grep -q 'Successfully applied 1 migration to schema "public"' "$scratch/log" || failed "Flyway did not run the migration"
grep -q 'Started NotesApplication in ' "$scratch/log" || failed "the application did not start"
! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || failed "the test server still runs after the application has ended"
echo "The application runs with a test database in spring-boot:test-run"

for recipe in "$tree"/any-extension/recipes/*/test.sql; do
  mkdir -p "${recipe%/*}/build"
done
maven -B -ntp -f "$tree/pom.xml" '-P!checks' -Precipes -pl :pg-extension-recipes-tests -am -Dtest=NoTest -Dsurefire.failIfNoSpecifiedTests=false \
  -Dit.test=PgvectorIT,NearestItemIT,SpringAiIT,LangChain4jIT -Dfailsafe.failIfNoSpecifiedTests=false -Dmaven.javadoc.skip -Dmaven.source.skip \
  verify >"$scratch/log" 2>&1 || failed "the tests of docs/pgvector.md fail"
tests=$(sed -n 's/^\[INFO\] Tests run: \([0-9]*\), Failures: 0, Errors: 0, Skipped: 0$/\1/p' "$scratch/log" | tail -1)
[ "${tests:-0}" -ge 4 ] || failed "the tests of docs/pgvector.md were not run"
echo "The $tests tests of docs/pgvector.md pass"
rm -rf "$scratch"
