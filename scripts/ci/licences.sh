#!/usr/bin/env bash
# Compares the licences of all dependencies, read from the CycloneDX SBOMs in a directory, with licences.txt.
# The Debian packages in recipes are left out: their licences are in the jars.
# SPDX-License-Identifier: MIT
PROGRAM=licences
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

allowed=$(grep -vE '^(#|$)' "$ROOT/scripts/ci/licences.txt")
parts=0 faults=0
need jq jq
while IFS=$'\t' read -r -a part; do
  parts=$((parts + 1))
  # If a component has several licences, one is chosen.
  grep -qxFf <(printf '%s\n' "$allowed") <(printf '%s\n' "${part[@]:1}") || {
    say "${part[0]} has no licence that licences.txt lists, but: ${part[*]:1}"
    faults=$((faults + 1))
  }
done < <(find "$1" -name '*-cyclonedx.json' -exec jq -r '.components // [] | .[] | select(.purl // "" | startswith("pkg:deb/") | not) |
  [.purl, (.licenses // [] | map(.license.id // .license.name // .expression) | .[])] | @tsv' {} + | sort -u)
[ "$parts" -gt 50 ] || die "only $parts dependencies were found in $1"
[ "$faults" = 0 ] || die "$faults of $parts dependencies have a licence that is not listed"
echo "all $parts dependencies have a listed licence"
