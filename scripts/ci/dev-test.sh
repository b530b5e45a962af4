#!/usr/bin/env bash
# Checks that each command of ./dev refuses what it does not know, and names it.
# SPDX-License-Identifier: MIT
PROGRAM=options
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

count=0

# refuses ARGUMENT...: the last one must be refused.
refuses() {
  local said
  if said=$(timeout 600 "$ROOT/dev" "$@" 2>&1 </dev/null); then
    die "./dev $* did not fail, and said: $said"
  fi
  grep -qF -- "${*: -1}" <<<"$said" || die "./dev $* does not name what it refuses, but says: $said"
  count=$((count + 1))
}

refuses unheard-of
refuses --unknown
for command in help format generate install native test demo 'demo hibernate' 'demo jooq' server bench; do
  # shellcheck disable=SC2086
  refuses $command --unknown
done
refuses test --all --unknown
refuses test --repeat 2 faults --unknown
refuses test pg-hello-core unheard-of
refuses native --sanitize --unknown
refuses native --fuzz 5 --unknown
refuses native --check --unknown
refuses server --major 99
echo "$count commands refuse what they do not know"
