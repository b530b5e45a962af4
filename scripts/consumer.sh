#!/usr/bin/env bash
# Builds the project that docs/testkit.md shows, as its reader would: from what ./dev install has
# just installed into a local Maven repository in which nothing of ours was before.
# SPDX-License-Identifier: MIT
PROGRAM=consumer
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# link_all FROM TO: what is in one folder, as links in another, which is created.
link_all() {
  mkdir "$2"
  [ -z "$(ls "$1")" ] || ln -s "$1"/* "$2"
}

# The user's repository, whatever the settings say, without our folder in it.
repository=$(classpath examples/quickstart "$DEFAULT_MAJOR" | tr ':' '\n' | sed -n 's:/org/jspecify/.*::p')
[ -d "$repository/io" ] || die "there is no local Maven repository in '$repository'"
link_all "$repository" "$WORK/repository"
rm "$WORK/repository/io"
link_all "$repository/io" "$WORK/repository/io"
rm -f "$WORK/repository/io/pghello"
export MAVEN_OPTS="${MAVEN_OPTS-} -Dmaven.repo.local=$WORK/repository"

"$ROOT/scripts/install.sh"

for property in junit.version slf4j.version maven-compiler-plugin.version maven-surefire-plugin.version; do
  grep -qF "<version>$(pom_property "$property")</version>" "$ROOT/examples/first-test/pom.xml" ||
    die "examples/first-test/pom.xml has another version than the $property of this build"
done
cp -r "$ROOT/examples/first-test" "$WORK/project"
rm -rf "$WORK/project/target"
log=$WORK/log
maven -B -ntp -f "$WORK/project/pom.xml" test >"$log" 2>&1 || {
  cat "$log"
  die "the project of the page does not build"
}
grep -q 'Tests run: 1, Failures: 0, Errors: 0, Skipped: 0' "$log" || {
  cat "$log"
  die "the test of the page was not run"
}
if grep SLF4J "$log"; then
  die "it warns of a missing logger"
fi

echo "The project of docs/testkit.md builds from the installed artifacts, and its test is run"
