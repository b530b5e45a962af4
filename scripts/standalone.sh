#!/usr/bin/env bash
# Builds and runs the example that generates code with jOOQ, which is a project of its own: as a user
# does, with what "mvn install" puts into the local repository, and a database that has the extension.
# SPDX-License-Identifier: MIT
PROGRAM=standalone.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

SERVER=
WORK=$(mktemp -d)

cleanup() {
  if [ -n "$SERVER" ]; then
    kill "$SERVER" 2>/dev/null || true
    wait "$SERVER" 2>/dev/null || true
  fi
  rm -rf "$WORK"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

need psql postgresql-client
"$ROOT/scripts/native.sh" "$DEFAULT_MAJOR"
maven -q -B -ntp -f "$ROOT/pom.xml" -pl pg-hello-bom,pg-hello-jooq -am -DskipTests install

"$ROOT/dev" server >"$WORK/server.log" &
SERVER=$!
until grep -qx ready "$WORK/server.log"; do
  kill -0 "$SERVER" 2>/dev/null || die "the server did not start"
  sleep 0.2
done
url=$(awk '$1 == "owner" { print $2 }' "$WORK/server.log")
# without the JDBC prefix, libpq knows it as well
psql -X -q -v ON_ERROR_STOP=1 -f "$ROOT/examples/jooq/src/main/resources/io/pghello/examples/jooq/schema.sql" \
  "${url#jdbc:}"

cp -r "$ROOT/examples/jooq-codegen/src" "$ROOT/examples/jooq-codegen/pom.xml" "$WORK"
(cd "$WORK" && maven -q -B -ntp -Ddb.url="$url" compile dependency:build-classpath -Dmdep.outputFile=classpath)
said=$("$(java_home)/bin/java" -cp "$WORK/target/classes:$(<"$WORK/classpath")" com.example.Greetings "$url" 2>/dev/null)
[[ $said = 'Hello, Ada! '20* ]] || die "the program said: $said"
printf '%s\n' "$said"
