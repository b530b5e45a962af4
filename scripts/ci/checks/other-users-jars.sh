#!/usr/bin/env bash
# A step of ./dev test --all: builds jars as another user, in another directory and offline, and compares them with the jars of
# TREE.
# Usage: other-users-jars.sh TREE SCRATCH
# SPDX-License-Identifier: MIT
PROGRAM=other-users-jars.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../lib.sh"

tree=$1 scratch=$2 count=0
[ "$(id -u)" = 0 ] || {
  echo "needs root to run as a user other than $(id -un)"
  exit
}
repository=$(JAVA_HOME=$JDK17 classpath pg-hello-example-quickstart "$DEFAULT_MAJOR" | tr ':' '\n' |
  sed -n 's:/org/postgresql/postgresql/.*::p')
mkdir -m 755 "$scratch"
chmod 755 "$(dirname "$scratch")"
copy_tree "$scratch/tree"
# Use a copy, because the other user may not be able to read the repository, and because Maven records the mirrors that it has
# used. The other user does not have these mirrors.
cp -r "$repository" "$scratch/repository"
mkdir "$scratch/home"
chmod -R a+rX "$scratch/repository"
chown -R 65534 "$scratch/tree" "$scratch/home"
setpriv --reuid=65534 --regid=65534 --clear-groups env -i PATH="$PATH" HOME="$scratch/home" JAVA_HOME="$JDK25" LC_ALL=C.UTF-8 \
  mvn -q -B -o -llr -Duser.home="$scratch/home" -Dmaven.repo.local="$scratch/repository" \
  -f "$scratch/tree/pom.xml" -pl :pg-hello-core -am '-P!checks' -DskipTests -Dmaven.javadoc.skip package
while IFS= read -r jar; do
  cmp "$scratch/tree/$jar" "$tree/$jar"
  count=$((count + 1))
done < <(cd "$scratch/tree" && find . -path '*/target/*.jar')
rm -rf "$scratch"
[ "$count" -ge 6 ] || die "only $count jars were compared"
echo "$count jars that the user nobody built are identical, byte for byte"
