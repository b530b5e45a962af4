#!/usr/bin/env bash
# A step of ./dev test --all: compares the jars of two axes, which were built in two directories, locales and time zones on one JDK.
# Usage: reproducible-jars.sh TREE OTHER_TREE
# SPDX-License-Identifier: MIT
PROGRAM=reproducible-jars.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../lib.sh"

count=0
while IFS= read -r jar; do
  cmp "$1/$jar" "$2/$jar"
  count=$((count + 1))
done < <(cd "$1" && find . -path '*/target/*.jar' -not -path '*/examples/*')
[ "$count" -ge 6 ] || die "only $count jars"
echo "$count jars are the same, byte for byte"
