#!/usr/bin/env bash
# Builds the site, and checks its links and the appearance of its pages.
# SPDX-License-Identifier: MIT
PROGRAM=site
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

npm_packages "$ROOT/docs/.vitepress/npm" >/dev/null || {
  echo "skipped: npm cannot get the packages of docs/.vitepress/npm"
  exit 77
}
site=$("$ROOT/dev" docs --check)
node --test "$ROOT/target/site-work/.vitepress/charts.test.mjs"

need curl curl
log=$(mktemp)
# the server started by --serve
PG_HELLO_SITE=$site PG_HELLO_SITE_BASE=/ node "$ROOT/target/site-work/.vitepress/serve.mjs" 0 >"$log" 2>&1 &
server=$!
end=$((SECONDS + 120))
trap 'kill "$server" 2>/dev/null || true; wait "$server" || true; rm -f "$log"' EXIT
until port=$(sed 's/\x1b\[[0-9;]*m//g' "$log" | sed -n 's|.*http://127.0.0.1:\([0-9]*\)/.*|\1|p') && [ -n "$port" ]; do
  kill -0 "$server" 2>/dev/null || die "the site is not served: $(cat "$log")"
  [ "$SECONDS" -lt "$end" ] || die "the site is not served after two minutes: $(cat "$log")"
  sleep 0.1
done
[[ $(curl -sf "http://127.0.0.1:$port/docs/") = *'<title>All pages'* ]] || die "the index is not served"
! (exec 3<>"/dev/tcp/127.0.0.2/$port") 2>/dev/null || die "other machines can access the site, too"
echo "--serve serves the site, only to this machine"
