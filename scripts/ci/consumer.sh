#!/usr/bin/env bash
# Uses the artifacts like a user's project. First, ./dev install installs them into a local Maven repository that contained no
# artifacts of this project. Then this script
# - builds the projects shown in docs/testkit.md, docs/own-extension.md and docs/jooq-codegen.md
# - copies the MCP server as described in docs/mcp.md
# - runs the tests of the starter on other release lines of Spring Boot, and builds and runs an application with each line
# SPDX-License-Identifier: MIT
PROGRAM=consumer
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

WORK=$(mktemp -d)
SERVER=
APPLICATION=

# end PROCESS: stops it and waits until it has ended.
end() {
  if [ -n "$1" ]; then
    kill "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
  fi
}

cleanup() {
  end "$APPLICATION"
  end "$SERVER"
  rm -rf "$WORK"
}
trap cleanup EXIT

foreign_repository "$WORK/repository"
# The class path is cached for other scripts, so do not use this repository for it.
tested=$(classpath pg-hello-mcp "$DEFAULT_MAJOR")
export MAVEN_OPTS="${MAVEN_OPTS-} -Dmaven.repo.local=$WORK/repository"

"$ROOT/dev" install

for property in junit.version slf4j.version maven-compiler-plugin.version maven-surefire-plugin.version; do
  grep -qF "<version>$(pom_property "$property")</version>" "$ROOT/examples/first-test/pom.xml" ||
    die "examples/first-test/pom.xml has another version than the $property of this build"
done
# copy_project EXAMPLE: copies it without Maven's output, and prints the copy's directory.
copy_project() {
  cp -r "$ROOT/examples/$1" "$WORK/$1"
  rm -rf "$WORK/$1/target"
  printf '%s' "$WORK/$1"
}

project=$(copy_project first-test)
log=$WORK/log
maven -B -ntp -f "$project/pom.xml" test >"$log" 2>&1 || {
  cat "$log"
  die "the project of docs/testkit.md does not build"
}
grep -q 'Tests run: 1, Failures: 0, Errors: 0, Skipped: 0' "$log" || {
  cat "$log"
  die "the test of docs/testkit.md was not run"
}
if grep -E 'SLF4J|WARN' "$log"; then
  die "it warns of something"
fi
echo "The project of docs/testkit.md builds from the installed artifacts, and its test is run"

page=$ROOT/docs/own-extension.md
grep -qF "maven-archetype-plugin:$(pom_property maven-archetype-plugin.version):generate" "$page" ||
  die "docs/own-extension.md has another version than the maven-archetype-plugin.version of this build"
# Run exactly the commands of the page.
commands=$(awk '/^```/ { if (block ~ /archetype/) printf "%s", block; inside = $0 == "```sh"; block = ""; next }
  inside { block = block $0 "\n" }' "$page")
mkdir "$WORK/own"
started=$SECONDS
(cd "$WORK/own" && bash -e -c "$commands") 2>&1 | sed 's/\x1b\[[0-9;]*m//g' >"$log" || {
  cat "$log"
  die "the project that the archetype makes does not build"
}
grep -q 'Tests run: 6, Failures: 0, Errors: 0, Skipped: 0' "$log" || {
  cat "$log"
  die "the tests of the project that the archetype makes were not run"
}
"$(java_home)/bin/java" -jar "$WORK"/own/*/extension/target/*.jar --help | grep -q '^Usage: java -jar' ||
  die "the jar of the project that the archetype makes does not install itself"
echo "The project that the archetype makes builds, and its tests pass ($((SECONDS - started)) s)"

# Checks that the files that docs/mcp.md copies are the tested files, and that the server runs with only these files.
mkdir "$WORK/mcp"
cat >"$WORK/mcp/pom.xml" <<END
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>com.example</groupId>
  <artifactId>mcp</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>io.pghello</groupId>
      <artifactId>pg-hello-mcp</artifactId>
      <version>$(project_version)</version>
    </dependency>
  </dependencies>
  <build>
    <plugins>
      <plugin>
        <artifactId>maven-dependency-plugin</artifactId>
        <version>$(pom_property maven-dependency-plugin.version)</version>
      </plugin>
    </plugins>
  </build>
</project>
END
goals=$(sed -n 's:^mvn \(dependency\:copy-dependencies .*=\)/opt/pg-hello-mcp$:\1:p' "$ROOT/docs/mcp.md")
[ -n "$goals" ] || die "docs/mcp.md tells no more how to copy the server"
# shellcheck disable=SC2086
maven -q -B -ntp -f "$WORK/mcp/pom.xml" ${goals}"$WORK/pg-hello-mcp"
tr ':' '\n' <<<"$tested" | sed -n 's:.*/\([^/]*\.jar\)$:\1:p' |
  grep -v '^pg-hello-' | sort >"$WORK/tested"
find "$WORK/pg-hello-mcp" -name '*.jar' -printf '%f\n' | grep -v '^pg-hello-' | sort >"$WORK/copied"
diff "$WORK/tested" "$WORK/copied" >"$log" || {
  cat "$log"
  die "what docs/mcp.md copies (>) is not what the server is tested with (<)"
}
request='{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25",'
request+='"capabilities":{},"clientInfo":{"name":"consumer","version":"1"}}}'
said=$(PGPORT=1 PGUSER=agent "$(java_home)/bin/java" -cp "$WORK/pg-hello-mcp/*" io.pghello.mcp.PgHelloMcp \
  2>"$log" <<<"$request")
grep -qF "\"version\":\"$(project_version)\"" <<<"$said" || {
  cat "$log"
  die "the server that docs/mcp.md copies says: $said"
}
echo "The server that docs/mcp.md copies runs, with the $(wc -l <"$WORK/copied") libraries that it is tested with"

need psql postgresql-client
"$ROOT/dev" server >"$WORK/server.log" &
SERVER=$!
until grep -qx ready "$WORK/server.log"; do
  kill -0 "$SERVER" 2>/dev/null || die "the server did not start"
  sleep 0.2
done
url=$(awk '$1 == "owner" { print $2 }' "$WORK/server.log")
# libpq accepts all of it except the prefix and the driver's last parameter.
login=${url#jdbc:}
psql -X -q -1 -v ON_ERROR_STOP=1 -o /dev/null "${login%&requireAuth=*}" \
  -f "$ROOT/examples/shared/src/main/resources/db/greeting/V2__greeting_config.sql" \
  -f "$ROOT/examples/jooq/src/main/resources/io/pghello/examples/jooq/schema.sql"
project=$(copy_project jooq-codegen)
maven -q -B -ntp -f "$project/pom.xml" -Ddb.url="$url" compile dependency:build-classpath \
  -Dmdep.outputFile="$WORK/classpath"
said=$("$(java_home)/bin/java" -cp "$project/target/classes:$(<"$WORK/classpath")" \
  com.example.Greetings "$url" 2>/dev/null)
[[ $said == 'Hello, Ada! 20'* ]] || die "the program of docs/jooq-codegen.md said: $said"
echo "The project of docs/jooq-codegen.md generates code and runs: $said"

cp -r "$ROOT/pg-hello-spring-boot-starter" "$WORK/starter"
# spring_boot VERSION JDK ARGUMENT...: runs the starter's tests with the installed jar, and with all other dependencies in the
# versions that this version of Spring Boot manages.
spring_boot() {
  local version=$1 feature=$2 result
  JAVA_HOME=$(find_jdk "$feature" "$feature") maven -B -ntp -f "$WORK/starter/lines/pom.xml" \
    -Dspring-boot.version="$version" -DargLine="${START_FAST[*]}" "${@:3}" clean verify >"$log" 2>&1 || {
    cat "$log"
    die "the starter's tests fail on Spring Boot $version with Java $feature"
  }
  result=$(grep -o 'Tests run:.*[0-9]$' "$log" | tail -n 1)
  echo "Spring Boot $version, Java $feature: $result"
}

# The module is built with Spring Boot 3.5. jOOQ 3.21, managed by 4.1, needs Java 21.
oldest_jooq=-Djooq.version=$(pom_property jooq.version)
spring_boot "$(pom_property spring-boot.4.1.version)" 25
spring_boot "$(pom_property spring-boot.4.1.version)" 17 -Dit.test=ApplicationIT "$oldest_jooq"
spring_boot "$(pom_property spring-boot.4.0.version)" 17 -Dit.test=ApplicationIT

need curl curl
# Keeps the password out of the process list.
SPRING_DATASOURCE_URL=$url
export SPRING_DATASOURCE_URL SERVER_PORT=0 SERVER_ADDRESS=127.0.0.1 PGHELLO_PREFLIGHT=fail
# greets MODE ARGUMENT...: starts the application in the directory application, requests a greeting and its health, and stops
# it.
greets() {
  local mode=$1 port greeting
  shift
  (cd "$WORK/application" && exec "$java" "$@" -jar greetings.jar) >"$log" 2>&1 &
  APPLICATION=$!
  until port=$(sed -n 's/.*Tomcat started on port \([0-9]*\).*/\1/p' "$log") && [ -n "$port" ] &&
    greeting=$(curl -sf "http://127.0.0.1:$port/api/greeting/Ada"); do
    kill -0 "$APPLICATION" 2>/dev/null || {
      cat "$log"
      die "the application did not start: $mode"
    }
    sleep 0.2
  done
  [ "$greeting" = '{"greeting":"Hello, Ada!"}' ] || die "the application said: $greeting ($mode)"
  curl -sf "http://127.0.0.1:$port/actuator/health/readiness" | grep -qF "\"extensionVersion\":\"$(extension_version)\"" ||
    die "the application's health does not know the extension ($mode)"
  end "$APPLICATION"
  APPLICATION=
  echo "$mode: $greeting; $(grep -o 'Started GreetingApplication in .*' "$log")"
}

# application VERSION JDK: builds an application with this version of Spring Boot as its parent, and requests greetings from it:
# as built, and with Spring's AOT processing. On JDK 25, also runs a test with Spring's AOT processing, and then requests greetings
# with the JDK's AOT cache, which is trained without a database.
application() {
  local version=$1 feature=$2 project=$WORK/application-$1 untested=false home java
  home=$(find_jdk "$feature" "$feature")
  java=$home/bin/java
  mkdir "$project"
  cp -r "$ROOT/examples/spring-boot/src" "$project"
  rm "$project"/src/{main/java/io/pghello/examples/spring/Demo,test/java/io/pghello/examples/spring/{Demo,GreetingService,WebFlux}IT}.java
  sed "/spring-boot-starter-parent/{n;s:<version>.*</version>:<version>$version</version>:;}" \
    "$WORK/starter/lines/application/pom.xml" >"$project/pom.xml"
  [ "$feature" -ge 25 ] || untested=true
  JAVA_HOME=$home maven -B -ntp -f "$project/pom.xml" -Dmaven.test.skip="$untested" package >"$log" 2>&1 || {
    cat "$log"
    die "the application does not build with Spring Boot $version"
  }
  if [ "$untested" = false ]; then
    grep -q 'Tests run: 1, Failures: 0, Errors: 0, Skipped: 0' "$log" || {
      cat "$log"
      die "the application's test was not run ($version)"
    }
    [ -n "$(find "$project/target/spring-aot/test/classes" -name 'GreetingApplicationIT__*.class')" ] ||
      die "the application's test was not prepared ahead of time ($version)"
  fi
  rm -rf "$WORK/application"
  "$java" -Djarmode=tools -jar "$project/target/greetings.jar" extract --destination "$WORK/application" >"$log"
  greets "Spring Boot $version, Java $feature"
  greets "  prepared ahead of time" -Dspring.aot.enabled=true
  if [ "$feature" -ge 25 ]; then
    (cd "$WORK/application" && SPRING_DATASOURCE_URL=jdbc:postgresql://127.0.0.1:1/none \
      "$java" -XX:AOTCacheOutput=greetings.aot -Dspring.aot.enabled=true -Dspring.context.exit=onRefresh \
      -jar greetings.jar) >"$log" 2>&1 || {
      cat "$log"
      die "no AOT cache could be trained"
    }
    greets "  with the JDK's AOT cache" -XX:AOTCache=greetings.aot -XX:AOTMode=on -Dspring.aot.enabled=true
  fi
}

application "$(pom_property spring-boot.3.5.version)" 17
application "$(pom_property spring-boot.4.0.version)" 17
application "$(pom_property spring-boot.4.1.version)" 25
