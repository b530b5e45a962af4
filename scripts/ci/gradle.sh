#!/usr/bin/env bash
# Resolves the dependencies of examples/*/build.gradle.kts with Gradle's own classes, from the artifacts of ./dev install, and runs
# the test of docs/pg-hello/testkit.md with the resolved jars. Maven Central has Gradle's classes, but not its distribution.
# Usage: gradle.sh [REPOSITORY PROJECT CLASS]
#        With arguments, resolves the dependencies of this project from a local Maven repository, and runs this test of it.
# SPDX-License-Identifier: MIT
PROGRAM=gradle
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
# This version of Gradle supports JDKs up to 23.
JDK=$(find_jdk 17 23) || die "needs a JDK from 17 to 23 in JAVA_HOME or under /usr/lib/jvm"

# class_path ARGUMENT...: prints the class path of the project that these Maven arguments select.
class_path() {
  maven -q -B -ntp "$@" "org.apache.maven.plugins:maven-dependency-plugin:$(pom_property maven-dependency-plugin.version):build-classpath" \
    -Dmdep.outputFile="$WORK/path" >&2
  printf '%s' "$(<"$WORK/path")"
}

cat >"$WORK/pom.xml" <<END
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>com.example</groupId>
  <artifactId>gradle</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>dev.gradleplugins</groupId>
      <artifactId>gradle-api</artifactId>
      <version>$(pom_property gradle-api.version)</version>
    </dependency>
  </dependencies>
</project>
END
gradle=$(class_path -f "$WORK/pom.xml")

# resolve REPOSITORY PROJECT: resolves the dependencies of the project's build file, and writes their paths to WORK/jars.
resolve() {
  "$JDK/bin/java" "${START_FAST[@]}" --add-opens java.base/java.lang=ALL-UNNAMED -Dmaven.repo.local="$1" -cp "$gradle" \
    "$ROOT/scripts/ci/GradleDependencies.java" "$2/build.gradle.kts" "$WORK" >"$WORK/jars"
  echo "Gradle $(pom_property gradle-api.version) resolves the dependencies of ${2##*/}: $(wc -l <"$WORK/jars") jars"
}

# run PROJECT CLASS: compiles and runs the test with the resolved jars.
run() {
  local path
  path=$(paste -sd : "$WORK/jars")
  "$JDK/bin/javac" -cp "$path" -d "$WORK/classes" "$1/src/test/java/${2//.//}.java"
  "$JDK/bin/java" "${START_FAST[@]}" -cp "$WORK/classes:$path" "$ROOT/scripts/ci/RunTests.java" "$2"
}

if [ $# = 3 ]; then
  resolve "$1" "$2"
  run "$2" "$3"
  exit
fi
[ $# = 0 ] || misuse "accepts no arguments, or a local repository, a project and a class, but got: $*"

foreign_repository "$WORK/repository"
export MAVEN_OPTS="${MAVEN_OPTS-} -Dmaven.repo.local=$WORK/repository"
"$ROOT/dev" install
# Gradle uses the files that Maven has downloaded.
cp -r "$ROOT/examples/first-test" "$WORK/first-test"
maven -q -B -ntp -f "$WORK/first-test/pom.xml" test >&2
class_path -f "$ROOT/pom.xml" -Pframeworks -pl :pg-hello-example-kotlin >/dev/null

for file in "$ROOT"/examples/*/build.gradle.kts; do
  resolve "$WORK/repository" "$(dirname "$file")"
  grep -q '/pg-hello-core-' "$WORK/jars" || die "the class path of $file lacks the client"
done
resolve "$WORK/repository" "$WORK/first-test"
run "$WORK/first-test" com.example.GreetingTest
