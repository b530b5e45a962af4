#!/usr/bin/env bash
# A step of ./dev test --all: builds the published jars and pghello in another directory, language and time zone, and compares
# them with the jars of TREE.
# Usage: reproducible-jars.sh TREE SCRATCH [MAVEN-ARGUMENT...]
# SPDX-License-Identifier: MIT
PROGRAM=reproducible-jars.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../lib.sh"

tree=$1 scratch=$2 count=0
shift 2
copy_tree "$scratch"
MAVEN_OPTS="${MAVEN_OPTS-} -Duser.language=tr -Duser.country=TR -Duser.timezone=Asia/Kathmandu" JAVA_HOME=$JDK25 \
  maven -q -B -ntp -f "$scratch/pom.xml" -pl "$(module_list "${PUBLISHED[@]}" pg-hello-cli)" -am '-P!checks' -Dmaven.test.skip "$@" package
while IFS= read -r jar; do
  cmp "$scratch/$jar" "$tree/$jar"
  count=$((count + 1))
done < <(cd "$scratch" && find . -path '*/target/*.jar')
# with arguments, there are no jars of sources and Javadoc
[ "$count" -ge $(($# > 0 ? 14 : 30)) ] || die "only $count jars were compared"
rm -rf "$scratch"
echo "$count jars are identical, byte for byte"
