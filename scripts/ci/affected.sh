#!/usr/bin/env bash
# Prints the parts that a change can affect, one per line: "module ARTIFACT_ID" for a module, if its tests may now fail, "reader ARTIFACT_ID"
# for a module with tests that read changed pages or scripts, "step NAME" for a step of ./dev test --landing, "half NAME" for a step that a
# landing draws with a probability of one half, or "everything"; and "test NAME" for each changed class of tests. The change is the
# difference between the commit BASE and the working tree.
#   - src/test of a module affects this module, every other file of it except pages also the modules that depend on it
#   - pages, Javadoc and messages are tested in pg-hello-docs, which therefore reads every change
#   - files that each step uses affect everything, except the steps below with "only"; the output then has a line "without NAME" for each of
#     these steps that is not affected, and a line "half NAME" for each step below with "half" if its own files have not changed
#   - if BASE is unknown or no ancestor, everything is affected
# Usage: affected.sh BASE
#        affected.sh --steps | --nightly | --half    prints the names of all steps, of those that do not run in a landing, or of the slow
#                                                   steps below with "half"
# SPDX-License-Identifier: MIT
PROGRAM=affected.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

EVERYTHING='^(pom\.xml|\.ci/run|scripts/(lib|native|headers)\.sh|scripts/TestReports\.java|scripts/ci/(test-all|steps|draw|affected)\.sh|scripts/ci/allowed-skips\.txt)'
# Each step, and the paths that affect it. "test:MODULES" stands for these modules, if their tests are affected, "main:MODULES" for the
# modules' files outside of src/test, and for such files of the modules that they depend on. "only:" stands for slow steps that test C code,
# which no other files affect. "half:" stands for slow steps that a landing draws if only the modules, or files that affect everything, have
# changed. Without a path: "always", and "nightly" steps, which only ./dev test --all runs.
STEPS='
native              always
native-musl         ^(extension/|scripts/)|main:pg-hello-extension
native-arm64        nightly
native-check        ^(extension/|scripts/)
pgdg                ^scripts/((debian|headers)\.sh|ci/checks/pgdg)
shellcheck          ^(dev$|\.ci/|scripts/|deploy/)
servers             always
regress             half:^(extension/(src|sql|test|ops|Makefile|[^/]*\.control)|scripts/(regress|debian|platforms|programs)\.sh|scripts/ci/checks/regress-all)|main:pg-hello-extension
first-run           half:^(dev$|scripts/[^/]*$|scripts/help/|scripts/ci/first-run)|main:pg-hello-cli,pg-hello-mcp,pg-hello-example-quickstart
dev                 ^(dev$|scripts/[^/]*$|scripts/help/|scripts/ci/)|main:pg-hello-cli,pg-hello-mcp,pg-hello-benchmarks,pg-hello-example-quickstart,pg-hello-example-hibernate,pg-hello-example-jooq,pg-hello-example-spring-boot,pg-hello-example-service,pg-hello-example-events,pg-hello-example-plugin,pg-hello-example-mcp
postgres17-jdk25    always
sanitizers          only:^(extension/(src|sql|Makefile|[^/]*\.control)|scripts/sanitize\.sh)
postgres15-jdk17    test:pg-extension-installer,pg-hello-extension,pg-extension-batching,pg-extension-batching-vertx,pg-extension-testkit,pg-extension-maven-plugin,pg-hello-testkit,pg-hello-core,pg-hello-hibernate,pg-hello-jooq,pg-hello-plugin,pg-hello-cli
reproducible-jars   half:^scripts/ci/checks/reproducible-jars
postgres18          ^scripts/ci/checks/other-major|test:pg-extension-binding,pg-extension-batching,pg-extension-batching-vertx,pg-extension-testkit,pg-extension-maven-plugin,pg-hello-core,pg-hello-hibernate,pg-hello-jooq,pg-hello-testkit,pg-hello-plugin
postgres19          nightly
postgres16          nightly
other-users-jars    nightly
hibernate-6.6       half:^scripts/ci/checks/other-line|test:pg-hello-hibernate
hibernate-next      nightly
jooq-3.20           nightly
frameworks          half:^(examples/(quarkus|micronaut|kotlin|reactive|webflux)/|scripts/ci/checks/frameworks)|main:pg-extension-batching-vertx,pg-hello-core,pg-hello-hibernate,pg-hello-testkit
recipes             half:^(any-extension/recipes/|scripts/(recipes|packages|debian)\.sh)|main:pg-extension-testkit,pg-extension-maven-plugin
recipes-19          nightly
recipe-sources      nightly
spring-boot-pgvector half:^(examples/spring-boot-pgvector/|docs/guide-spring-boot|any-extension/recipes/(pgvector|postgis)/|scripts/(recipes|ci/checks/spring-boot-pgvector)\.sh)
jooq-sources        half:^scripts/ci/checks/jooq-sources|test:pg-hello-jooq
seeded-null-error   ^(pg-hello-core/pom\.xml|scripts/ci/checks/seeded-null-error)
ordinary-user       ^scripts/ci/checks/ordinary-user|main:pg-extension-testkit,pg-hello-testkit
containers          half:^scripts/ci/(offline/|checks/container-tests)|/(Extension|)ContainerIT\.java$|test:pg-extension-testkit,pg-hello-testkit,pg-hello-core,pg-hello-spring-boot-starter
consumer            half:^(README\.md|examples/((first-(extension-)?test|makefile-extension|batched-function|mcp-server|jooq-codegen|jooq-trigrams|spring-boot)/|(shared|jooq)/src/main/resources/)|pg-hello-spring-boot-starter/(src/test|lines)/|any-extension/archetype/|docs/(guide-c-extension|guide-java-calls|mcp|own-extension|pg-hello/testkit|jooq-codegen)\.md|scripts/ci/consumer)|main:pg-hello-spring-boot-starter,pg-extension-maven-plugin,pg-extension-testkit,pg-hello-mcp
system              half:^(deploy/gateway|scripts/ci/system|docs/pg-hello/service\.md)|main:pg-hello-example-service,pg-hello-example-users
deploy              ^(deploy/|extension/(ops/|sql/|pom\.xml|[^/]*\.control)|scripts/(programs\.sh|ci/(deploy|kubernetes)))
compose             half:^(deploy/|scripts/(programs\.sh|ci/offline/))|main:pg-hello-example-service,pg-hello-example-users
site                half:^(docs/([^/]*$|pg-hello/|contributing/|\.vitepress/)|README|CONTRIBUTING|CHANGELOG|.*\.md$|benchmarks/results|scripts/docs\.sh|scripts/ci/site)|main:pg-hello-core,pg-hello-hibernate,pg-hello-jooq,pg-hello-plugin,pg-hello-mcp,pg-hello-testkit,pg-hello-spring-boot-starter,pg-extension-testkit,pg-extension-maven-plugin
mcp                 half:^(scripts/ci/mcp)|main:pg-hello-mcp
monitoring          half:^(deploy/monitoring|docs/pg-hello/monitoring|extension/ops/|scripts/ci/(monitoring|MonitoringPeers))|main:pg-hello-example-spring-boot
installcheck        only:^(extension/(src|sql|test|ops|Makefile|[^/]*\.control)|docs/pg-hello/operations\.md|scripts/ci/installcheck)
fuzzing             only:^(extension/(src|test/fuzz)|scripts/fuzz\.sh)
races               half:^(any-extension/batching-stress/|scripts/ci/stress)|main:pg-extension-batching
guard               half:^(extension/src|benchmarks/(src/main|peer))|main:pg-hello-core,pg-hello-hibernate,pg-hello-jooq,pg-hello-plugin
'

[ $# = 1 ] || misuse "needs a commit, but got: $*"
case $1 in
  --steps) awk 'NF { print $1 }' <<<"$STEPS" ;;
  --nightly) awk '$2 == "nightly" { print $1 }' <<<"$STEPS" ;;
  --half) awk '$2 ~ /^half:/ { print $1 }' <<<"$STEPS" ;;
  -*) misuse "accepts a commit, --steps, --nightly, or --half, but got: $1" ;;
esac
[[ $1 != --* ]] || exit 0

# everything LINE...: all is affected, with these exceptions.
everything() {
  printf '%s\n' everything "$@"
  exit
}

lines=()
shopt -s extglob
if [ -z "${AFFECTED_FILES-}" ]; then
  git -C "$ROOT" merge-base --is-ancestor "$1" HEAD 2>/dev/null || everything
  # The old path of a renamed file also has an effect. Git quotes some names without -z.
  AFFECTED_FILES=$({ git -C "$ROOT" diff -z --no-renames --name-only "$1" -- && git -C "$ROOT" ls-files -z --others --exclude-standard; } | tr '\0' '\n')
fi
mapfile -t lines < <(sed -nE 's:^(.*/)?src/test/(.*/)?([^/]*(Test|IT))\.java$:test \3:p' <<<"$AFFECTED_FILES")
if grep -qE "$EVERYTHING" <<<"$AFFECTED_FILES"; then
  while read -r name condition; do
    pattern=${condition#*:}
    if [[ $condition != @(only|half):* ]] || grep -qE "${pattern%%|@(main|test):*}" <<<"$AFFECTED_FILES"; then
      continue
    elif [[ $condition = only:* ]]; then
      lines+=("without $name")
    else
      lines+=("half $name")
    fi
  done <<<"$STEPS"
  everything "${lines[@]}"
fi

declare -A DIRECTORY=() DOWN=() MAIN=() AFFECTED=() READERS=()
while read -r module directory; do DIRECTORY[$module]=$directory; done < <(modules)
# the modules that directly depend on a module, from the POMs of all profiles
while read -r up down; do DOWN[$up]+=" $down"; done < <(
  cd "$ROOT" && awk -F '[<>]' '
    FNR == 1 { own = ""; managed = 0 }
    /<dependencyManagement>/ { managed = 1 } /<\/dependencyManagement>/ { managed = 0 }
    $2 == "artifactId" {
      if (own == "" && /^  <artifactId>/) own = $3
      else if (own != "" && !managed && $3 ~ /^pg-(hello|extension)-/ && $3 != own) print $3, own
    }' "${DIRECTORY[@]/%//pom.xml}" | sort -u
)

# add MODULE: adds a module and all modules that depend on it.
add() {
  local down
  [ -z "${MAIN[$1]-}" ] || return 0
  MAIN[$1]=1 AFFECTED[$1]=1
  for down in ${DOWN[$1]-}; do add "$down"; done
}

# owner FILE: sets OWNER to the module that contains the file, or to nothing. The longest directory wins.
owner() {
  local module
  OWNER=''
  for module in "${!DIRECTORY[@]}"; do
    if [[ $1 = "${DIRECTORY[$module]}"/* ]] && { [ -z "$OWNER" ] || [ ${#DIRECTORY[$module]} -gt ${#DIRECTORY[$OWNER]} ]; }; then
      OWNER=$module
    fi
  done
}

names=()
while IFS= read -r file; do
  owner "$file"
  if [ -n "$OWNER" ]; then
    case $file in
      "${DIRECTORY[$OWNER]}"/src/test/*) AFFECTED[$OWNER]=1 ;;
      *.md) ;;
      *) add "$OWNER" ;;
    esac
  fi
  # These POMs include files by directory.
  [[ $file != scripts/platforms/* ]] || add pg-extension-maven-plugin
  [[ $file != any-extension/batching/src/test/* ]] || AFFECTED[pg-extension-batching-vertx]=1
  # Tests of other modules read pages, deployment files and scripts. Their results do not depend on the version, so no step needs them
  # but the first axis. Some tests put a file's name together, after its directory.
  if [ -n "$file" ] && [[ $file != */src/* ]]; then
    names+=("${file##*/}")
    [[ $file != */*/* ]] || names+=("${file%/*}\"")
  fi
done <<<"$AFFECTED_FILES"
READERS[pg-hello-docs]=1
if [ ${#names[@]} -gt 0 ]; then
  while IFS= read -r file; do
    owner "$file"
    [ -z "$OWNER" ] || case $file in
      */pom.xml) add "$OWNER" ;;
      *) READERS[$OWNER]=1 ;;
    esac
  done < <(git -C "$ROOT" grep -lFf <(printf '%s\n' "${names[@]}" | grep -vx 'pom.xml\|README.md\|CHANGELOG.md' | sort -u) -- '*/src/test/*' '*/pom.xml')
fi
[ ${#lines[@]} = 0 ] || printf '%s\n' "${lines[@]}"
for module in "${!AFFECTED[@]}"; do printf 'module %s\n' "$module"; done
for module in "${!READERS[@]}"; do printf 'reader %s\n' "$module"; done

# hits CONDITION: whether the change fulfils the condition of a step.
hits() {
  local pattern=${1%%|@(main|test):*} list module
  pattern=${pattern#@(only|half):}
  case $1 in
    always) return ;;
    nightly) return 1 ;;
    main:* | test:*) ;;
    *) ! grep -qE "$pattern" <<<"$AFFECTED_FILES" || return 0 ;;
  esac
  case $1 in
    *main:*)
      list=${1##*main:}
      for module in ${list//,/ }; do [ -z "${MAIN[$module]-}" ] || return 0; done
      ;;
    *test:*)
      list=${1##*test:}
      for module in ${list//,/ }; do [ -z "${AFFECTED[$module]-}" ] || return 0; done
      ;;
  esac
  return 1
}

# dev-test.sh rejects lists of tests with classes that no longer exist.
gone=$(while IFS= read -r file; do [[ $file != */src/test/*.java ]] || [ -e "$ROOT/$file" ] || echo "$file"; done <<<"$AFFECTED_FILES")
while read -r name condition; do
  if [ -n "$name" ] && { hits "$condition" || { [ "$name" = dev ] && [ -n "$gone" ]; }; }; then
    pattern=${condition#half:}
    if [[ $condition = half:* ]] && ! grep -qE "${pattern%%|@(main|test):*}" <<<"$AFFECTED_FILES"; then
      printf 'half %s\n' "$name"
    else
      printf 'step %s\n' "$name"
    fi
  fi
done <<<"$STEPS"
