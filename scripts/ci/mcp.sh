#!/usr/bin/env bash
# Runs the conformance tests of the Model Context Protocol that apply to a server with tools. The other tests need
# features that this server lacks, such as prompts, or call tools with names defined by the tests.
# SPDX-License-Identifier: MIT
PROGRAM=mcp
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

WORK=$(mktemp -d)
RELAY=
cleanup() {
  if [ -n "$RELAY" ]; then
    kill "$RELAY" 2>/dev/null || true
    wait "$RELAY" 2>/dev/null || true
  fi
  rm -rf "$WORK"
}
trap cleanup EXIT

need node nodejs npm npm
packages=$(npm_packages "$ROOT/scripts/ci/mcp") || {
  echo "SKIPPED: npm cannot get the conformance cases"
  exit 0
}
: >"$WORK/url"
classes=$(classpath pg-hello-mcp "$DEFAULT_MAJOR")
# There is no database, and none is needed until a tool is called.
PGHOST=127.0.0.1 PGPORT=1 PGUSER=agent node "$packages/relay.mjs" "$(java_home)/bin/java" -cp "$classes" \
  io.pghello.mcp.PgHelloMcp >"$WORK/url" 2>"$WORK/relay.log" &
RELAY=$!
until url=$(grep '^http' "$WORK/url"); do
  kill -0 "$RELAY" 2>/dev/null || die "the relay did not start: $(<"$WORK/relay.log")"
  sleep 0.1
done

# passes CASE: whether the server passes it; the output is in $WORK/log.
passes() {
  (cd "$WORK" && timeout 120 node "$packages/node_modules/@modelcontextprotocol/conformance/dist/index.js" server \
    --url "$url" --scenario "$1") >"$WORK/log" 2>&1
}

for case in server-initialize ping tools-list; do
  passes "$case" || {
    cat "$WORK/log" "$WORK/relay.log"
    die "the server does not pass the case $case"
  }
done
passes tools-call-simple-text && die "a case passes although it requires a tool that does not exist"
echo "The server passes the protocol's conformance cases for a server with tools"
