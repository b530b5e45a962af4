#!/usr/bin/env bash
# bundle.sh BUNDLE VERSION: checks the bundle that release.sh has written for Maven Central, and the program pghello next to it. First, it
# checks the requirements of https://central.sonatype.org/publish/requirements and publish-portal-upload:
#
#   the archive has at most 1 GB and the layout of a Maven repository, without other files       check_layout
#   coordinates match the path; no snapshots; a valid packaging; no other repositories           check_artifact
#   the POM or its parent has name, description, URL, licence, developers and SCM                check_artifact
#   every artifact except POMs has sources and Javadoc                                           check_artifact
#   every file has an MD5 checksum, an SHA-1 checksum and a signature                            check_file
#   every dependency has a version, and can be resolved                                          resolve_all
#
# Only Central can check the owner of the namespace, the key server, and that the version is new.
#
# Then it builds and tests five projects with an empty Maven repository and an empty home directory. Gradle resolves two of them.
# SPDX-License-Identifier: MIT
PROGRAM=bundle.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ $# = 2 ] || misuse "needs a bundle and a version"
bundle=$1 version=$2
need unzip unzip gpg gnupg zip zip
new_scratch
trap 'GNUPGHOME=$SCRATCH/own/gnupg gpgconf --kill all 2>/dev/null; drop_scratch' EXIT
mkdir "$SCRATCH/bundle" "$SCRATCH/home"

# wrong WORD...: reports a problem that Maven Central or a user would not accept.
faults=0
wrong() {
  say "$*"
  faults=$((faults + 1))
}

# finish_if_wrong: ends the script if a problem was found.
finish_if_wrong() {
  [ "$faults" = 0 ] || die "$faults problems found; version $version cannot be released"
}

# check_layout: checks the archive, and the names of the files in it.
check_layout() {
  local file
  [ "$(stat -c %s "$bundle")" -lt 1073741824 ] || wrong "${bundle##*/} is larger than 1 GB"
  unzip -q "$bundle" -d "$SCRATCH/bundle"
  while IFS= read -r file; do
    [[ $file =~ ^io/github/pg-hello/([^/]+)/([^/]+)/([^/]+)$ && ${BASH_REMATCH[3]} == "${BASH_REMATCH[1]}-${BASH_REMATCH[2]}"[.-]* ]] ||
      wrong "the bundle contains $file"
  done < <(find "$SCRATCH/bundle" -type f -printf '%P\n')
}

# check_file FILE: checks the checksums and the signature of a file.
check_file() {
  local part sum
  for part in md5 sha1; do
    read -r sum _ < <("${part}sum" "$1")
    [ "$sum" = "$(<"$1.$part")" ] || wrong "the $part of ${1##*/} is wrong"
  done
  grep -q 'BEGIN PGP SIGNATURE' "$1.asc" || wrong "${1##*/} has no signature"
}

# check_artifact POM: checks the files of an artifact.
check_artifact() {
  local pom=$1 stem=${1%.pom} element file elements=(name description) packaging
  local version=${1%/*} artifact=${1%/*/*}
  grep -q '^  <parent>' "$pom" || elements+=(groupId url licenses developers scm)
  for element in "${elements[@]}"; do
    grep -qE "^  <$element( .*)?>" "$pom" || wrong "${pom##*/} has no $element"
  done
  ! grep -q SNAPSHOT "$pom" || wrong "${pom##*/} names a snapshot"
  ! grep -qE '<(repositories|pluginRepositories)>' "$pom" || wrong "${pom##*/} names another repository"
  grep -q "^  <artifactId>${artifact##*/}<" "$pom" || wrong "${pom##*/} is not at the path of its artifactId"
  grep -qE "^  (  )?<version>${version##*/}<" "$pom" || wrong "${pom##*/} is not at the path of its version"
  packaging=$(sed -n 's:^  <packaging>\(.*\)</packaging>:\1:p' "$pom")
  [[ ' jar pom maven-plugin maven-archetype ' == *" ${packaging:-jar} "* ]] || wrong "${pom##*/} has the packaging $packaging"
  if [ "$packaging" != pom ]; then
    for file in "$stem.jar" "$stem-sources.jar" "$stem-javadoc.jar"; do
      grep -qvE '^META-INF/(MANIFEST|$)' < <(unzip -Z1 "$file" 2>>"$SCRATCH/log") || wrong "${file##*/} is missing or empty"
    done
  fi
  for file in "$stem"*; do
    [[ $file == *.@(md5|sha1|sha256|sha512|asc) ]] || check_file "$file"
  done
}

# foreign JDK ARGUMENT...: runs Maven in an empty home directory. Only the bundle and Maven Central are repositories.
foreign() {
  HOME=$SCRATCH/home XDG_CACHE_HOME=$SCRATCH/home/.cache MAVEN_OPTS=-Duser.home=$SCRATCH/home JAVA_HOME=$1 \
    maven -q -B -ntp -llr -s "$SCRATCH/settings.xml" -Dmaven.repo.local="$SCRATCH/repository" "${@:2}" >"$SCRATCH/log" 2>&1 ||
    { cat "$SCRATCH/log" >&2; wrong "a project does not build on $1: ${*:2}"; }
}

# resolve_all: resolves each artifact with its dependencies.
resolve_all() {
  {
    printf '<project><modelVersion>4.0.0</modelVersion><groupId>com.example</groupId><artifactId>all</artifactId><version>1</version><dependencies>\n'
    printf '%s\n' "${poms[@]}" | sed -nE '/pg-hello-(bom|parent)/!s|.*/([^/]*)/([^/]*)/[^/]*|<dependency><groupId>io.github.pg-hello</groupId><artifactId>\1</artifactId><version>\2</version></dependency>|p'
    printf '</dependencies></project>\n'
  } >"$SCRATCH/all.xml"
  foreign "$(java_home)" -f "$SCRATCH/all.xml" "$(plugin dependency resolve)"
}

# check_program: checks the checksum of the program pghello, and starts it.
check_program() {
  local jar=pghello-$version.jar home found
  (cd "$(dirname "$bundle")" && sha256sum --quiet -c "$jar.sha256") || wrong "the checksum of $jar is wrong"
  for home in "${homes[@]}"; do
    found=$("$home/bin/java" -jar "$(dirname "$bundle")/$jar" --version 2>>"$SCRATCH/log") || true
    [ "$found" = "pghello $version" ] || wrong "$jar does not run on $home: $found"
  done
}

# is_staged ARTIFACT...: succeeds if the bundle contains these artifacts.
is_staged() {
  local artifact
  for artifact in "$@"; do
    [ -d "$SCRATCH/bundle/io/github/pg-hello/$artifact" ] || return
  done
}

# example NAME [DIRECTORY]: copies an example that uses this version.
example() {
  local project=$SCRATCH/${2-$1}
  cp -r "$ROOT/examples/$1" "$project"
  rm -rf "$project/target"
  find "$project" \( -name pom.xml -o -name '*.kts' \) -exec sed -i "s:$(project_version):$version:" {} +
}

# add_dependency PROJECT SCOPE GROUP:ARTIFACT[:VERSION]...: adds dependencies to a project, and the BOM.
add_dependency() {
  local project=$1 scope=$2 coordinates group artifact release added=''
  shift 2
  for coordinates in "$@"; do
    IFS=: read -r group artifact release <<<"$coordinates"
    added+="<dependency><groupId>$group</groupId><artifactId>$artifact</artifactId>${release:+<version>$release</version>}<scope>$scope</scope></dependency>"
  done
  sed -i -e "s:^  <dependencies>:&$added:" "$SCRATCH/$project/pom.xml"
  grep -q pg-hello-bom "$SCRATCH/$project/pom.xml" ||
    sed -i "s:^  <dependencies>:  <dependencyManagement><dependencies>$bom</dependencies></dependencyManagement>\n&:" "$SCRATCH/$project/pom.xml"
}

# test_project NAME JDK...: tests a project, and prints the time.
test_project() {
  local name=$1 home started before
  for home in "${@:2}"; do
    started=$SECONDS before=$faults
    foreign "$home" -f "$SCRATCH/$name/pom.xml" clean test
    grep -qs 'errors="0".* failures="0"' "$SCRATCH/$name"/target/surefire-reports/*.xml || wrong "the project $name has no test that passes"
    [ "$faults" != "$before" ] ||
      say "The project $name is green with JDK $(jdk_version "$home"): $((SECONDS - started)) s, $(du -sm "$SCRATCH/repository" | cut -f1) MB downloaded so far"
  done
}

# postgis_project: the README's project, with the class of docs/postgis.md.
postgis_project() {
  local test=$SCRATCH/postgis/src/test/java/com/example
  example first-extension-test postgis
  rm "$test"/*
  add_dependency postgis test io.github.pg-hello:pg-extension-postgis "org.assertj:assertj-core:$(pom_property assertj.version)"
  {
    printf 'package com.example;\n'
    sed -n '/^\/\/ region class/,/^\/\/ endregion/p' "$ROOT/any-extension/recipes/tests/src/test/java/io/pghello/extensions/PlacesIT.java"
  } | sed 's/PlacesIT/PlacesTest/' >"$test/PlacesTest.java"
  cat >"$SCRATCH/postgis/build.gradle.kts" <<KTS
dependencies {
  testImplementation(platform("io.github.pg-hello:pg-hello-bom:$version"))
  testImplementation("io.github.pg-hello:pg-extension-testkit")
  testImplementation("io.github.pg-hello:pg-extension-postgis")
  testImplementation("org.assertj:assertj-core:$(pom_property assertj.version)")
  testImplementation("org.junit.jupiter:junit-jupiter:$(pom_property junit.version)")
  testRuntimeOnly("org.junit.platform:junit-platform-launcher:$(pom_property junit.version)")
}
KTS
}

# jooq_project: the project of docs/pg-hello/testkit.md, with a query of docs/pg-hello/jooq.md.
jooq_project() {
  example first-test jooq
  add_dependency jooq test io.github.pg-hello:pg-hello-jooq "org.jooq:jooq:$(pom_property jooq.version)"
  cat >"$SCRATCH/jooq/src/test/java/com/example/RoutinesTest.java" <<'JAVA'
package com.example;

import static io.pghello.jooq.PgHello.pgHello;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.pghello.testkit.PgHelloTest;
import java.sql.Connection;
import org.jooq.SQLDialect;
import org.jooq.impl.DSL;
import org.junit.jupiter.api.Test;

@PgHelloTest
class RoutinesTest {
  @Test
  void greets(Connection connection) {
    var ctx = DSL.using(connection, SQLDialect.POSTGRES);
    assertEquals("Hello, Ada!", ctx.select(pgHello("Ada")).fetchSingle().value1());
  }
}
JAVA
}

# quarkus_project: the classes of examples/quarkus, in a project that does not belong to this build.
quarkus_project() {
  mkdir "$SCRATCH/quarkus"
  cp -r "$ROOT/examples/quarkus/src" "$SCRATCH/quarkus"
  cat >"$SCRATCH/quarkus/pom.xml" <<XML
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>com.example</groupId>
  <artifactId>greetings</artifactId>
  <version>1</version>
  <properties>
    <maven.compiler.release>17</maven.compiler.release>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
  </properties>
  <dependencyManagement>
    <dependencies>
      <dependency>
        <groupId>io.quarkus</groupId>
        <artifactId>quarkus-bom</artifactId>
        <version>$(pom_property quarkus.version)</version>
        <type>pom</type>
        <scope>import</scope>
      </dependency>
      $bom
    </dependencies>
  </dependencyManagement>
  <dependencies>
$(sed -n '/region dependencies/,/endregion/p' "$ROOT/examples/quarkus/pom.xml")
    <dependency>
      <groupId>org.assertj</groupId>
      <artifactId>assertj-core</artifactId>
      <version>$(pom_property assertj.version)</version>
      <scope>test</scope>
    </dependency>
  </dependencies>
  <build>
    <plugins>
      <plugin>
        <artifactId>maven-compiler-plugin</artifactId>
        <version>$(pom_property maven-compiler-plugin.version)</version>
        <configuration>
          <parameters>true</parameters>
        </configuration>
      </plugin>
      <plugin>
        <artifactId>maven-surefire-plugin</artifactId>
        <version>$(pom_property maven-surefire-plugin.version)</version>
        <configuration>
          <includes>
            <include>**/*IT.java</include>
          </includes>
          <systemPropertyVariables>
            <java.util.logging.manager>org.jboss.logmanager.LogManager</java.util.logging.manager>
          </systemPropertyVariables>
        </configuration>
      </plugin>
      <plugin>
        <groupId>io.quarkus</groupId>
        <artifactId>quarkus-maven-plugin</artifactId>
        <version>$(pom_property quarkus.version)</version>
        <extensions>true</extensions>
        <executions>
          <execution>
            <goals>
              <goal>build</goal>
              <goal>generate-code</goal>
              <goal>generate-code-tests</goal>
            </goals>
          </execution>
        </executions>
      </plugin>
    </plugins>
  </build>
</project>
XML
}

# own_extension: generates a project with an extension, and builds and tests it. Then runs the commands of its release, and checks the
# bundle.
own_extension() {
  local started=$SECONDS before=$faults project=$SCRATCH/own/acme-geo workflow pom own
  mkdir "$SCRATCH/own" "$SCRATCH/own/gnupg"
  (cd "$SCRATCH/own" && foreign "$(java_home)" "org.apache.maven.plugins:maven-archetype-plugin:$(pom_property maven-archetype-plugin.version):generate" \
    -DarchetypeGroupId=io.github.pg-hello -DarchetypeArtifactId=pg-extension-archetype "-DarchetypeVersion=$version" -DarchetypeCatalog=local \
    -DgroupId=io.github.acme -DartifactId=acme-geo -DextensionName=acme_geo -Dpackage=io.github.acme.geo)
  foreign "$(java_home)" -f "$project/pom.xml" verify
  [ "$faults" = "$before" ] || return 0
  say "The project of the archetype is green: $((SECONDS - started)) s"
  workflow=$project/.github/workflows/release.yml
  (
    export VERSION=v1.0
    cd "$project"
    # shellcheck disable=SC2016
    eval "$(commands stage "$workflow" | sed 's/^mvn /foreign "$(java_home)" /')"
  )
  (
    export GNUPGHOME=$SCRATCH/own/gnupg
    chmod 700 "$GNUPGHOME"
    gpg --batch --quiet --passphrase '' --quick-generate-key 'a test <test@pg-hello.invalid>' default default 1d
    # shellcheck disable=SC2034
    SIGNING_KEY=$(gpg --batch --armor --export-secret-keys)
    cd "$project"
    eval "$(commands sign "$workflow")"
    gpgconf --kill all
  ) 2>>"$SCRATCH/log" || true
  [ -e "$project/bundle.zip" ] || { cat "$SCRATCH/log" >&2; die "the project of the archetype does not release itself"; }
  own=$SCRATCH/own/bundle
  unzip -q "$project/bundle.zip" -d "$own"
  for pom in "$own"/io/github/acme/*/1.0/*.pom; do
    check_artifact "$pom"
  done
  [ "$(find "$own" -name '*.pom' | wc -l)" = 3 ] || wrong "the release of the archetype's project lacks an artifact"
  grep -q '<repository>https://github.com/acme/acme-geo</repository>' "$own"/io/github/acme/acme-geo/1.0/*.pom ||
    wrong "the archetype does not set the address of the repository"
  [ -e "$project/extension/target/oci/index.json" ] || wrong "the release of the archetype's project lacks an image"
  [ "$faults" != "$before" ] || say "The project of the archetype releases itself: $((SECONDS - started)) s"
}

# commands STEP WORKFLOW: prints the commands of a step.
commands() {
  awk -v step="      - name: $1" '$0 == step { found = 1 } found && /^        run: \|$/ { inside = 1; next }
    inside && !/^          / { exit } inside { print substr($0, 11) }' "$2"
}

# resolve_by_gradle PROJECT CLASS: resolves a project's dependencies with Gradle's classes, and runs a test with them.
resolve_by_gradle() {
  [ ! -d "$SCRATCH/$1" ] || "$ROOT/scripts/ci/gradle.sh" "$SCRATCH/repository" "$SCRATCH/$1" "$2" >&2 ||
    wrong "the project $1 does not work with Gradle"
}

mapfile -t homes < <({ find_jdk 17 17 || true; echo; find_jdk 25 || true; echo; } | grep . || java_home)
check_layout
check_program
mapfile -t poms < <(find "$SCRATCH/bundle" -name '*.pom' | sort)
for pom in "${poms[@]}"; do
  check_artifact "$pom"
  grep -q '<packaging>pom</packaging>' "$pom" || [ -e "${pom%.pom}-cyclonedx.json" ] || wrong "${pom##*/} has no bill of materials"
done
finish_if_wrong
say "${#poms[@]} artifacts fulfil the rules of Maven Central"

plugin() { printf 'org.apache.maven.plugins:maven-%s-plugin:%s:%s' "$1" "$(pom_property "maven-$1-plugin.version")" "$2"; }
bom="<dependency><groupId>io.github.pg-hello</groupId><artifactId>pg-hello-bom</artifactId><version>$version</version><type>pom</type><scope>import</scope></dependency>"
cat >"$SCRATCH/settings.xml" <<XML
<settings><profiles><profile><id>bundle</id><repositories><repository><id>bundle</id><url>file://$SCRATCH/bundle</url></repository></repositories>
<pluginRepositories><pluginRepository><id>bundle</id><url>file://$SCRATCH/bundle</url></pluginRepository></pluginRepositories></profile></profiles>
<activeProfiles><activeProfile>bundle</activeProfile></activeProfiles></settings>
XML
if is_staged pg-extension-postgis; then
  postgis_project
  test_project postgis "${homes[@]}"
fi
if is_staged pg-extension-postgis pg-extension-pgvector; then
  example spring-boot-pgvector
  test_project spring-boot-pgvector "$(java_home)"
fi
jooq_project
test_project jooq "${homes[@]}"
quarkus_project
test_project quarkus "$(java_home)"
own_extension
resolve_all
resolve_by_gradle postgis com.example.PlacesTest
resolve_by_gradle jooq com.example.GreetingTest
finish_if_wrong
