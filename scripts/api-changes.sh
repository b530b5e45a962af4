#!/usr/bin/env bash
# Prints the changes of a jar's public API that break code compiled with, or written for, an earlier version of the jar, and exits with 1
# if there are any. Packages named "internal" are not part of the API.
# Usage: api-changes.sh EARLIER.jar LATER.jar
# SPDX-License-Identifier: MIT
PROGRAM=api-changes.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ $# = 2 ] || misuse "needs two jars: pass the jar of the earlier release, and the jar of the later one"
for jar in "$@"; do
  [ -f "$jar" ] || misuse "there is no jar $jar; pass the paths of two jars"
done
new_scratch
trap drop_scratch EXIT
# escapes a path for XML
path() { realpath -- "$1" | sed 's/&/\&amp;/g; s/</\&lt;/g'; }
cat >"$SCRATCH/pom.xml" <<XML
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>com.example</groupId>
  <artifactId>api-changes</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <build>
    <plugins>
      <plugin>
        <groupId>com.github.siom79.japicmp</groupId>
        <artifactId>japicmp-maven-plugin</artifactId>
        <version>$(pom_property japicmp.version)</version>
        <configuration>
          <oldVersion><file><path>$(path "$1")</path></file></oldVersion>
          <newVersion><file><path>$(path "$2")</path></file></newVersion>
          <parameter>
            <onlyModified>true</onlyModified>
            <accessModifier>protected</accessModifier>
            <excludes><exclude>*.internal</exclude></excludes>
            <ignoreMissingClasses>true</ignoreMissingClasses>
            <breakBuildOnBinaryIncompatibleModifications>true</breakBuildOnBinaryIncompatibleModifications>
            <breakBuildOnSourceIncompatibleModifications>true</breakBuildOnSourceIncompatibleModifications>
            <skipPomModules>false</skipPomModules>
          </parameter>
          <skipPomModules>false</skipPomModules>
        </configuration>
      </plugin>
    </plugins>
  </build>
</project>
XML
if ! maven -q -B -ntp -f "$SCRATCH/pom.xml" japicmp:cmp >"$SCRATCH/log" 2>&1; then
  # lines with "!" are incompatible
  grep '!' "$SCRATCH"/target/japicmp/*.diff 2>/dev/null || cat "$SCRATCH/log"
  exit 1
fi
