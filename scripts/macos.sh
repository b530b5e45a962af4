#!/bin/sh
# ./dev on macOS, in POSIX shell without GNU tools, because the other scripts need bash 4.4. Debian in a container builds the
# libraries; Maven and Java run on this machine.
# SPDX-License-Identifier: MIT
set -eu

ROOT=$(CDPATH='' cd "$(dirname "$0")/.." && pwd -P)
BUILD=$ROOT/extension/build
MAJOR=17

# The modules that CI tests on macOS.
TESTED='pg-extension-installer pg-extension-testkit pg-extension-binding pg-extension-batching pg-hello-testkit pg-hello-core
  pg-hello-hibernate pg-hello-jooq pg-hello-spring-boot-starter pg-hello-plugin pg-hello-mcp'

usage() {
  cat <<'TEXT'
Usage: ./dev COMMAND [OPTIONS]

On macOS, these commands are available:

  demo [NAME...]     start a PostgreSQL server with the extension, and greet the names (demo --help)
  demo hibernate, demo jooq, demo spring, demo service, demo events, demo plugin
                     run this example (demo hibernate --help)
  server             run a PostgreSQL server with the extension for psql, an IDE or a program (server --help)
  test [MODULE...]   run the tests of the libraries, or only the tests of these modules, named by artifactId
  install            build the artifacts for all platforms, and install them into the local Maven repository ~/.m2
  debian COMMAND     run any other ./dev command in a container, with Debian on amd64, e.g.: debian native --help
  help               print this text

The libraries are built in a container, so Docker must be running. The first build takes several minutes. demo, server and test
also need Maven and JDK 17 or newer: the JDK in JAVA_HOME, or the newest installed JDK.
The exit status is 0 on success, 1 on failure, or 2 if the command line is invalid.
TEXT
}

say() { printf '%s\n' "$*" >&2; }

die() {
  say "dev: $*"
  exit 1
}

misuse() {
  say "dev: $*"
  exit 2
}

# need COMMAND REMEDY: exits with the remedy if there is no such command.
need() { command -v "$1" >/dev/null || die "needs the command $1; $2"; }

# in_debian COMMAND...: runs ./dev in a container, with this machine's local Maven repository.
in_debian() {
  need docker 'install Docker Desktop, or another program that provides it'
  docker version >/dev/null 2>&1 || die 'Docker is not running; start it'
  mkdir -p "$HOME/.m2"
  terminal=
  [ ! -t 1 ] || terminal=--tty
  docker run --rm --init $terminal --platform linux/amd64 -v "$ROOT:/src" -v "$HOME/.m2:/root/.m2" \
    -v pg-hello-cache:/root/.cache -w /src debian:13 ./dev "$@"
}

# libraries: builds the extension's libraries for all platforms, unless its sources are older than the libraries.
libraries() {
  processor=amd64 suffix=dylib
  [ "$(uname -m)" != arm64 ] || processor=arm64
  [ "$MAJOR" -gt 15 ] || suffix=so
  library=$BUILD/darwin-$processor/$MAJOR/pg_hello.$suffix
  if [ ! -e "$library" ] || [ -n "$(find "$ROOT/extension/src" "$ROOT/extension/pg_hello.control" -newer "$library")" ]; then
    say 'Building the libraries in a container (several minutes the first time)'
    in_debian native --all-platforms
    [ -e "$library" ] || die "the container has built no $library"
  fi
}

# jdk: sets JAVA_HOME to a JDK 17 or newer: the one of JAVA_HOME, of the system, of the program java, or of Homebrew, which does not register
# its JDK with the system.
jdk() {
  if [ -z "${JAVA_HOME-}" ]; then
    for JAVA_HOME in "$(/usr/libexec/java_home -v 17+ 2>/dev/null)" \
      "$(java -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java\.home = //p')" \
      "$(brew --prefix openjdk 2>/dev/null)/libexec/openjdk.jdk/Contents/Home"; do
      [ "$(jdk_version)" -lt 17 ] || break
    done
  fi
  [ "$(jdk_version)" -ge 17 ] ||
    die "needs JDK 17 or newer, but JAVA_HOME is '$JAVA_HOME'; set it to the directory of a JDK, or install one: brew install --cask temurin"
  export JAVA_HOME
}

# jdk_version: prints the feature version of the JDK in JAVA_HOME, or 0.
jdk_version() {
  version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$JAVA_HOME/release" 2>/dev/null) || version=
  printf '%s' "${version:-0}"
}

# run_maven ARGUMENT...
run_maven() {
  need mvn 'install Maven, for example with: brew install maven'
  (cd "$ROOT" && mvn -B -ntp "$@")
}

# run_example NAME CLASS ARGUMENT...: replaces this shell with the program, so that it receives signals.
run_example() {
  name=$1 class=$2
  shift 2
  target=$ROOT/examples/$name/target
  paths=$target/classpath-$MAJOR
  libraries
  jdk
  if [ ! -e "$paths" ] || [ -n "$(find "$ROOT" \( -name target -o -name .git \) -prune -o \
    \( -path '*/src/main/*' -o -name pom.xml -o -name '*.sql' -o -name '*.control' -o -name SHA256SUMS \) -newer "$paths" -print)" ]; then
    say 'Compiling (a minute the first time, when Maven fetches what it needs)'
    run_maven -q "-Dpostgres.major=$MAJOR" -pl ":pg-hello-example-$name" -am compile \
      dependency:build-classpath -DincludeScope=runtime "-Dmdep.outputFile=target/classpath-$MAJOR" >&2
  fi
  exec "$JAVA_HOME/bin/java" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$target/classes:$(cat "$paths")" "$class" "$@"
}

# print_help NAME: prints the help text of a program.
print_help() { cat "$ROOT/scripts/help/$1.txt"; }

demo() {
  example=${1-}
  case $example in
    hibernate | jooq | events | plugin | spring | service) shift ;;
    mcp | ops) misuse "demo $example is not available on macOS; to run it in a container: ./dev debian demo $example" ;;
    *) example= ;;
  esac
  case "$#${1-}" in
    1--help | 1-h) print_help "demo${example:+-$example}" ;;
    *)
      case $example in
        '') run_example quickstart io.pghello.examples.quickstart.Greet "$@" ;;
        spring) run_example spring-boot io.pghello.examples.spring.Demo "$@" ;;
        service) run_example service io.pghello.examples.service.demo.Demo "$@" ;;
        *) run_example "$example" "io.pghello.examples.$example.Demo" "$@" ;;
      esac
      ;;
  esac
}

server() {
  case "$#${1-}" in
    1--help | 1-h)
      print_help server
      return
      ;;
  esac
  before=
  for argument in "$@"; do
    case $before$argument in
      --major=*) MAJOR=${argument#--major=} ;;
      --major[!=]*) MAJOR=$argument ;;
    esac
    before=
    [ "$argument" != --major ] || before=--major
  done
  [ -z "$before" ] || misuse '--major needs a value'
  case $MAJOR in
    15 | 17 | 18) run_example quickstart io.pghello.examples.quickstart.Serve "$@" ;;
    *) misuse "--major is $MAJOR; there are 15 17 18" ;;
  esac
}

run_tests() {
  # shellcheck disable=SC2086
  [ $# -gt 0 ] || set -- $TESTED
  list=
  for module in "$@"; do
    case $module in
      -*) misuse "test accepts modules, but got: $module; to run all tests in a container: ./dev debian test $module" ;;
    esac
    grep -Fqsx "  <artifactId>$module</artifactId>" "$ROOT"/*/pom.xml "$ROOT"/*/*/pom.xml || misuse "no module $module has tests"
    list=$list,:$module
  done
  chosen=" $* "
  set --
  for module in $TESTED; do
    case $chosen in
      *" $module "*) ;;
      *) set -- "$@" "-D$module.skipTests=true" ;;
    esac
  done
  libraries
  jdk
  run_maven -fae -DexcludedGroups=long,slow,container -Dmaven.javadoc.skip -Dmaven.source.skip -pl "${list#,}" -am "$@" verify
}

install_artifacts() {
  case "$*" in
    '' | --all-platforms) in_debian install --all-platforms ;;
    *) misuse "install accepts only --all-platforms, but got: $*" ;;
  esac
}

command=${1-help}
[ $# = 0 ] || shift
case $command in
  demo) demo "$@" ;;
  server) server "$@" ;;
  test) run_tests "$@" ;;
  install) install_artifacts "$@" ;;
  debian) in_debian "$@" ;;
  help | -h | --help) usage ;;
  *) misuse "no command $command on macOS (see ./dev help); to run it in a container: ./dev debian $command" ;;
esac
