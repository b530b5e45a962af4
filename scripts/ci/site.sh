#!/usr/bin/env bash
# Builds the site, and checks its links and how its pages look.
# SPDX-License-Identifier: MIT
PROGRAM=site
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

npm_packages "$ROOT/docs/.vitepress/npm" >/dev/null || {
  echo "skipped: npm cannot get the packages of docs/.vitepress/npm"
  exit 77
}
exec "$ROOT/dev" docs --check
