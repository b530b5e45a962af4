#!/usr/bin/env bash
# Tests ./dev itself: its output on each stream, and its exit status.
# Usage: dev-test.sh [SEED [SHARE]]
#        With a seed, which a landing passes, a drawn third (or one in SHARE) of the cases about arguments, help and caches runs.
# SPDX-License-Identifier: MIT
PROGRAM=dev-test
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

SEED=${1-} ONE_IN=${2:-3}
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cases=0 failures=0 left_out=0

# leave_out CASE: whether the draw leaves out the case.
leave_out() {
  [ -n "$SEED" ] && [ $(($(cksum <<<"$SEED $1" | cut -d ' ' -f 1) % ONE_IN)) != 0 ] && left_out=$((left_out + 1))
}

# ends STATUS WORDS ARGUMENT...: ./dev must exit with this status and print these words: in the last line of standard error if
# it fails, otherwise on standard output. The other stream must be empty.
ends() {
  local expected=$1 words=$2 status=0 wrong=''
  shift 2
  ! leave_out "$*" || return 0
  cases=$((cases + 1))
  timeout 600 "$ROOT/dev" "$@" >"$WORK/out" 2>"$WORK/err" </dev/null || status=$?
  [ "$status" = "$expected" ] || wrong+=" status $status;"
  if [ "$expected" = 0 ]; then
    grep -qF -- "$words" "$WORK/out" || wrong+=' other words;'
    [ ! -s "$WORK/err" ] || wrong+=' errors;'
  else
    tail -1 "$WORK/err" | grep -qF -- "$words" || wrong+=' other words;'
    [ ! -s "$WORK/out" ] || wrong+=' output;'
    ! grep -qE '^\s+at |Exception' "$WORK/err" || wrong+=' a stack trace;'
  fi
  if [ -n "$wrong" ]; then
    printf './dev %s: expected status %s and "%s", but found:%s\n' "$*" "$expected" "$words" "$wrong"
    cat "$WORK/out" "$WORK/err"
    failures=$((failures + 1))
  fi
}

# One Maven run compiles all programs in a fraction of the time of one run for each.
compile_modules "$DEFAULT_MAJOR" pg-hello-{benchmarks,cli,mcp} pg-hello-example-{events,hibernate,jooq,mcp,plugin,quickstart,service,spring-boot} >/dev/null 2>&1 || true
# Start each program once, because the first start may compile the program and report the compilation.
for command in demo 'demo hibernate' 'demo jooq' 'demo spring' 'demo service' 'demo events' 'demo plugin' 'demo ops' 'demo mcp' server bench pghello mcp; do
  # shellcheck disable=SC2086
  "$ROOT/dev" $command --unknown >/dev/null 2>&1 </dev/null || true
done

# Each help text is a file with the program's output, which ./dev generate writes.
for file in "$ROOT"/scripts/help/*.txt; do
  cases=$((cases + 1))
  words=${file##*/}
  words=${words%.txt}
  # shellcheck disable=SC2086
  if ! PG_HELLO_HELP=program "$ROOT/dev" ${words/-/ } --help 2>&1 </dev/null | diff "$file" -; then
    printf './dev %s --help prints a text that differs from the file: run ./dev generate\n' "${words/-/ }"
    failures=$((failures + 1))
  fi
done

# Help must not download or build anything. This is tested in a tree without libraries and classes, and without a compiler, Java
# and Maven.
cases=$((cases + 1))
mkdir "$WORK/tree" "$WORK/path"
tar -C "$ROOT" --exclude=target --exclude=.git --exclude=extension/build -c dev scripts pom.xml benchmarks/help.txt | tar -C "$WORK/tree" -x
for program in bash cat dirname readlink sed tr uname id locale env; do
  ln -s "$(command -v "$program")" "$WORK/path"
done
for command in test install images format generate native bench docs release server mcp pghello demo 'demo hibernate' 'demo jooq' 'demo spring' \
  'demo service' 'demo events' 'demo plugin' 'demo ops' 'demo mcp'; do
  for help in -h --help; do
    if [[ "$command $help" =~ ^(pghello|mcp)\ -h$ ]] || leave_out "$command $help without programs"; then
      continue
    fi
    # shellcheck disable=SC2086
    if ! (cd "$WORK/tree" && env -i "PATH=$WORK/path" "HOME=$WORK/home" ./dev $command $help) >"$WORK/out" 2>"$WORK/err" </dev/null ||
      ! grep -q Usage "$WORK/out" || [ -s "$WORK/err" ] || [ -e "$WORK/home" ]; then
      printf './dev %s %s builds something or needs a program\n' "$command" "$help"
      cat "$WORK/err"
      failures=$((failures + 1))
    fi
  done
done
rm -rf "$WORK/tree" "$WORK/path"

ends 0 'Usage: ./dev COMMAND'
for help in -h --help; do
  ends 0 'Usage: ./dev COMMAND' "$help"
  for command in test install images format generate; do
    ends 0 'Usage: ./dev COMMAND' "$command" "$help"
  done
  for command in native bench docs release server demo 'demo hibernate' 'demo jooq' 'demo service' 'demo events' 'demo plugin' 'demo ops' 'demo mcp'; do
    # shellcheck disable=SC2086
    ends 0 "Usage: ./dev $command" $command "$help"
  done
done

ends 2 'no such command: unheard-of' unheard-of
ends 2 'no such command: --unknown' --unknown
for command in help install images format generate test native bench docs release server demo 'demo hibernate' 'demo jooq' 'demo service' 'demo events' 'demo plugin' 'demo ops' 'demo mcp'; do
  # shellcheck disable=SC2086
  ends 2 --unknown $command --unknown
done
for command in help install images format generate 'test --all' 'test --long' 'native --sanitize' 'native --fuzz 5' \
  'native --check' 'native --headers 17' docs release server; do
  # shellcheck disable=SC2086
  ends 2 unheard-of $command unheard-of
done

# The exit status follows the monitoring plugin format.
ends 0 'Usage: pghello' pghello --help
ends 0 'Usage: pghello health' pghello health --help
ends 0 'Usage: pghello backup' pghello backup --help
ends 0 'Usage: pghello install' pghello install --help
ends 3 'no command given' pghello
ends 3 "'--to=DIR'" pghello install
# the next case needs this one
SEED='' ends 0 "Installed $WORK/a folder/bin/pghello" pghello install --to "$WORK/a folder"
cases=$((cases + 1))
if [[ $("$WORK/a folder/bin/pghello" --version) != 'pghello '[0-9]* ]]; then
  printf 'the installed program does not print its version\n'
  failures=$((failures + 1))
fi
ends 3 unheard-of pghello unheard-of
ends 3 --unknown pghello health --unknown

# An MCP client usually starts this server. Here, no connection is configured.
unset PGDATABASE PGUSER PG_HELLO_MCP_CONFIG
ends 0 'Usage: pg-hello-mcp' mcp --help
ends 0 'pg-hello-mcp' mcp --version
ends 2 --unknown mcp --unknown
ends 2 'unexpected argument' mcp postgresql://user:secret@localhost/db
ends 2 'no connection is configured' mcp

# missing values
for option in 'test --repeat' 'native --headers' 'native --compile' 'bench --major' 'bench --row' 'bench --json' \
  'docs --base' 'docs --port' 'server --major' 'server --port' 'demo --url' 'demo --repeat'; do
  # shellcheck disable=SC2086
  ends 2 "${option#* }" $option
done

# invalid values
ends 2 'no module unheard-of has tests' test unheard-of
ends 2 'no module unheard-of has tests' test pg-hello-core unheard-of
ends 2 'no module docs has tests' test docs
ends 2 'the number of runs is 0' test --repeat 0 faults
ends 2 'test --repeat needs' test --repeat 2 everything
ends 2 'no module everything has tests' test --repeat 2 everything FaultsIT
ends 2 'pg-hello-core has no test class Unknown' test --repeat 2 pg-hello-core Unknown
ends 2 '--limit needs a number of minutes' test --all --limit soon
ends 2 '--only needs the names of steps' test --only
ends 2 '--test needs --only with one step' test --landing --test pg-hello-core FaultsIT
ends 2 '--test needs --only with one step' test --only deploy --test pg-hello-core FaultsIT
ends 2 '--only and --landing exclude each other' test --landing --only dev
ends 2 '--only and --all exclude each other' test --all --only unheard-of
ends 2 'but got: 9' native 9
ends 2 'unknown argument seventeen' native seventeen
ends 2 'accepts one of: linux-arm64 linux-amd64-musl linux-arm64-musl darwin-arm64 darwin-amd64 windows-amd64, but got: linux-riscv64' \
  native --platform linux-riscv64 17
ends 2 'but got: linux-arm46; did you mean linux-arm64?' native --platform linux-arm46 17
ends 2 'accepts one of:' native --check --platform
ends 2 'install accepts only --all-platforms, but got: --platform linux-arm64' install --platform linux-arm64
ends 2 'unknown argument --platform' native --headers --platform darwin-arm64
ends 2 'a number of seconds, but got: 0' native --fuzz 0
ends 2 '--major must be one of 15 16 17 18 19, but is 99' server --major 99
ends 2 '--major must be one of 15 16 17 18 19, but is 99' bench --major=99
ends 2 'no such benchmark: unheard-of; the benchmarks are extension, client, start' bench unheard-of
ends 2 'no such benchmark: unheard-of' bench --row TEXT --quick client unheard-of
ends 2 'no option --unknown' bench client --unknown=client
ends 2 '--base must begin and end with /, but is pg-hello' docs --base pg-hello
ends 2 '--port must be between 0 and 65535, but is 65536' docs --port=65536
ends 2 'release needs --dry-run' release
for version in '' 1.0 v1.0.0 1.0.0-SNAPSHOT; do
  ends 2 "the version must have the form 1.2.3 or 1.2.3-rc.1, without -SNAPSHOT, but is $version" release --dry-run "$version"
done
ends 2 'release accepts one version, but got: 1.0.0 1.0.1' release --dry-run 1.0.0 1.0.1
ends 2 'release --sign accepts no further arguments' release --sign 1.0.0
ends 2 'release --sign accepts no further arguments' release --dry-run --sign
ends 2 'release --sign accepts no further arguments' release --sign --recipes=pgvector
ends 2 'release --sign needs a secret key in PG_HELLO_SIGNING_KEY' release --sign
PG_HELLO_SIGNING_KEY=none ends 2 'PG_HELLO_SIGNING_KEY is set, and the build could read it' release --dry-run
"$ROOT/scripts/ci/release-test.sh" || failures=$((failures + 1))
cases=$((cases + 1))
ends 2 '--port must be between 0 and 65535, but is 65536' server --port 65536
ends 2 '--repeat must be between 1 and 10, but is 11' demo --repeat 11
ends 2 '--url must begin with jdbc:postgresql:' demo --url jdbc:mysql://x

# The path of the tree does not affect libraries for other platforms: Jenkins, for example, creates directories such as feature%2Fa.
folder="$WORK/it's a%2Fb = \$x"
mkdir "$folder"
tar -C "$ROOT" --exclude=target --exclude=extension/build -c dev scripts pom.xml extension | tar -C "$folder" -x
for platform in darwin-arm64 windows-amd64 linux-amd64-musl; do
  if [ ! -e "$BUILD/$platform/$DEFAULT_MAJOR" ]; then
    echo "skipped: there is no library for $platform to compare with"
    continue
  fi
  cases=$((cases + 1))
  "$ROOT/scripts/native.sh" --platform $platform "$DEFAULT_MAJOR" >"$WORK/err" 2>&1
  # as scripts/native.sh, because a relative path must work, too
  if ! (cd "$folder" && scripts/native.sh --platform $platform "$DEFAULT_MAJOR") >"$WORK/err" 2>&1 ||
    ! diff -r "$BUILD/$platform/$DEFAULT_MAJOR" "$folder/extension/build/$platform/$DEFAULT_MAJOR"; then
    printf './dev native --platform %s fails in %s\n' $platform "$folder"
    cat "$WORK/err"
    failures=$((failures + 1))
  fi
done

# An empty library is not up to date: a copy of the tree may have been interrupted.
cases=$((cases + 1))
library=$folder/extension/build/$(platform)/$DEFAULT_MAJOR/pg_hello.so
mkdir -p "${library%/*}"
: >"$library"
"$folder/scripts/native.sh" "$DEFAULT_MAJOR" >"$WORK/err" 2>&1 || true
if ! cmp "$library" "$BUILD/$(platform)/$DEFAULT_MAJOR/pg_hello.so"; then
  printf './dev native does not replace an empty library\n'
  cat "$WORK/err"
  failures=$((failures + 1))
fi

# A failed build leaves nothing.
cases=$((cases + 1))
echo '#error wrong' >>"$folder/extension/src/pg_hello.c"
if "$folder/scripts/native.sh" "$DEFAULT_MAJOR" >"$WORK/err" 2>&1 || ! grep -q 'the compiler failed' "$WORK/err" ||
  [ -n "$(find "$folder/extension/build" -name '.new.*')" ]; then
  printf './dev native leaves files if the compiler fails\n'
  cat "$WORK/err"
  ls -A "$folder/extension/build"
  failures=$((failures + 1))
fi

# On macOS, invalid arguments are reported before a container is started, which takes minutes.
# on_mac WORDS ARGUMENT...: ./dev of macOS must exit with 2, print these words, and call no program.
on_mac() {
  local words=$1 status=0
  shift
  cases=$((cases + 1))
  sh "$WORK/mac/tree/scripts/macos.sh" "$@" >"$WORK/out" 2>&1 </dev/null || status=$?
  if [ "$status" != 2 ] || [ "$(<"$WORK/out")" != "dev: $words" ]; then
    printf './dev %s on macOS: expected status 2 and "%s", but found status %s and:\n' "$*" "$words" "$status"
    cat "$WORK/out"
    failures=$((failures + 1))
  fi
}

# without libraries, so that a container would be needed
mkdir -p "$WORK/mac/bin" "$WORK/mac/tree"
tar -C "$ROOT" --exclude=target --exclude=extension/build -c scripts/macos.sh extension pg-hello-core any-extension/testkit/pom.xml | tar -C "$WORK/mac/tree" -x
for program in docker mvn; do
  printf '#!/bin/sh\necho %s was called\nexit 1\n' $program >"$WORK/mac/bin/$program"
  chmod +x "$WORK/mac/bin/$program"
done
PATH=$WORK/mac/bin:$PATH on_mac 'no module unheard-of has tests' test unheard-of
PATH=$WORK/mac/bin:$PATH on_mac 'no module unheard-of has tests' test pg-extension-testkit unheard-of pg-hello-core
PATH=$WORK/mac/bin:$PATH on_mac 'no module  has tests' test ''
PATH=$WORK/mac/bin:$PATH on_mac '--major needs a value' server --port 0 --major

# recipe_ends WORDS ARGUMENT...: scripts/recipes.sh must reject the arguments with these words, before it downloads anything.
recipe_ends() {
  local status=0
  ! leave_out "recipes.sh $*" || return 0
  cases=$((cases + 1))
  timeout 60 "$ROOT/scripts/recipes.sh" "${@:2}" >"$WORK/out" 2>&1 </dev/null || status=$?
  if [ "$status" != 2 ] || [ "$(wc -l <"$WORK/out")" != 1 ] || ! grep -qF -- "$1" "$WORK/out"; then
    printf 'scripts/recipes.sh %s: expected status 2 and "%s", but found: status %s\n' "${*:2}" "$1" "$status"
    cat "$WORK/out"
    failures=$((failures + 1))
  fi
}
recipe_ends 'no recipe or platform postgsi; did you mean postgis?' 17 linux-amd64 postgsi
recipe_ends 'no recipe or platform linux-amd46; did you mean linux-amd64?' 17 linux-amd46 pgvector
recipe_ends 'no recipe or platform citus Use' citus
recipe_ends 'or of the platforms linux-amd64' 17 linux-arm64v8 pgvector
recipe_ends 'PostgreSQL 14 is not supported: use one of 15 16 17 18 19' 14 pgvector

# Everything that is missing is reported with one command, before anything is built. The tree has no libraries, and the path no JDK, Maven
# or compiler.
cases=$((cases + 1)) status=0
mkdir "$WORK/tree" "$WORK/path" "$WORK/jdk11"
tar -C "$ROOT" --exclude=target --exclude=.git --exclude=extension/build -c . | tar -C "$WORK/tree" -x
ln -s /usr/bin/* "$WORK/path"
rm -f "$WORK"/path/{java*,mvn*,*gcc*,apt-get,sudo}
echo 'JAVA_VERSION="11.0.2"' >"$WORK/jdk11/release"
# shellcheck disable=SC2016
sed -i 's:^    /usr/lib/jvm/\*; do:    /nonexistent; do:' "$WORK/tree/scripts/lib.sh"
began=$(date +%s%N)
(cd "$WORK/tree" && env -i "PATH=$WORK/path" "HOME=$WORK/home" "JAVA_HOME=$WORK/jdk11" ./dev install) >"$WORK/out" 2>"$WORK/err" </dev/null || status=$?
took=$((($(date +%s%N) - began) / 1000000))
if [ "$status" != 1 ] || [ -s "$WORK/out" ] || [ "$took" -gt 15000 ] ||
  ! grep -qF "no JDK 17 or newer in JAVA_HOME ($WORK/jdk11)" "$WORK/err" ||
  ! tail -1 "$WORK/err" | grep -qF 'sudo apt-get install default-jdk-headless maven gcc'; then
  printf './dev install does not report what is missing: status %s after %s ms\n' "$status" "$took"
  cat "$WORK/out" "$WORK/err"
  failures=$((failures + 1))
fi
# without a connection to the Maven repository
cases=$((cases + 1))
mkdir -p "$WORK/home/.m2"
printf '<settings><mirrors>\n<mirror><id>m</id>\n<url>http://127.0.0.1:1/maven</url></mirror></mirrors></settings>\n' >"$WORK/home/.m2/settings.xml"
if HOME=$WORK/home https_proxy='' HTTPS_PROXY='' bash -c ". '$ROOT/scripts/lib.sh' && maven_repository_reachable" ||
  ! HOME=$WORK/home https_proxy=http://proxy bash -c ". '$ROOT/scripts/lib.sh' && maven_repository_reachable"; then
  printf 'a Maven repository without a connection is not noticed\n'
  failures=$((failures + 1))
fi
rm -rf "${WORK:?}"/{tree,path,home,jdk11}

# On macOS, a JDK is found if only the path contains it. Homebrew installs such a JDK.
cases=$((cases + 1))
java_home=$(java_home)
printf '#!/bin/sh\necho "    java.home = %s" >&2\n' "$java_home" >"$WORK/mac/bin/java"
chmod +x "$WORK/mac/bin/java"
for processor in amd64 arm64; do
  mkdir -p "$WORK/mac/tree/extension/build/darwin-$processor/$DEFAULT_MAJOR"
  touch "$WORK/mac/tree/extension/build/darwin-$processor/$DEFAULT_MAJOR/pg_hello.dylib"
done
env -u JAVA_HOME "PATH=$WORK/mac/bin:$PATH" sh "$WORK/mac/tree/scripts/macos.sh" demo Ada >"$WORK/out" 2>&1 </dev/null || true
if ! grep -q 'mvn was called' "$WORK/out"; then
  printf './dev demo on macOS does not find the JDK of the program java:\n'
  cat "$WORK/out"
  failures=$((failures + 1))
fi

# A demo that is a script has no other test.
cases=$((cases + 1))
if ! timeout 600 "$ROOT/dev" demo ops >"$WORK/out" 2>&1 </dev/null || ! grep -q '^OK - ' "$WORK/out" ||
  ! grep -q '^3000 calls' "$WORK/out" || ! grep -qE 'can be restored$|^No backup: ' "$WORK/out"; then
  printf './dev demo ops does not show the expected output\n'
  cat "$WORK/out"
  failures=$((failures + 1))
fi

# report DIRECTORY TEST...: writes a report of Surefire in a module's directory, like the tests of a step. The tests are in XML.
report() {
  mkdir -p "$1/target/surefire-reports"
  printf '<testsuite name="XTest" time="1">%s</testsuite>' "${*:2}" >"$1/target/surefire-reports/TEST-XTest.xml"
}
PASSED_TEST='<testcase classname="a.XTest" name="passes"/>'

# simulated STATUS EXPECTED LINES ARGUMENT...: runs the functions and steps in LINES through steps.sh. The output must end with EXPECTED.
# Sends the signal TERM when the process SIGNAL_AT runs.
simulated() {
  local expected_status=$1 expected=$2 lines=$3 status=0 tree=$WORK/simulated
  shift 3
  cases=$((cases + 1))
  cp -a "$WORK/steps" "$tree"
  {
    # shellcheck disable=SC2016
    printf '. "%s/scripts/ci/steps.sh"\nSCRIPT=run.sh RUN=simulated\noptions "$@"\n' "$tree"
    declare -f report
    printf '%s\n' "PASSED_TEST='$PASSED_TEST'" "$lines" summary
  } >"$tree/run.sh"
  mkdir "$tree/tmp"
  TMPDIR=$tree/tmp timeout 300 bash "$tree/run.sh" "$@" >"$WORK/out" 2>"$WORK/err" </dev/null &
  if [ -n "${SIGNAL_AT-}" ]; then
    until pgrep -f "^$SIGNAL_AT\$" >/dev/null || ! kill -0 $! 2>/dev/null; do sleep 0.2; done
    kill -TERM $! 2>/dev/null || true
  fi
  wait $! || status=$?
  if [ "$status" != "$expected_status" ] || [ "$(grep -v '^seconds/CPU' "$WORK/out" | tail -n "$(wc -l <<<"$expected")")" != "$expected" ]; then
    printf 'simulated steps end with status %s and\n' "$status"
    tail -n 30 "$WORK/out" "$WORK/err"
    failures=$((failures + 1))
  fi
  rm -rf "$tree"
}

mkdir "$WORK/steps"
(cd "$ROOT" && tar -c scripts/{lib.sh,headers.sh,TestReports.java} scripts/ci/{steps.sh,allowed-skips.txt} pom.xml) | tar -C "$WORK/steps" -x
while read -r _ directory; do
  mkdir -p "$WORK/steps/$directory"
  cp "$ROOT/$directory/pom.xml" "$WORK/steps/$directory"
done < <(modules)
# compiles the program that reads reports
ROOT=$WORK/steps test_reports counts </dev/null >/dev/null

# The summary of ./dev test --all names each failure with the command that repeats it, and its last line is true.
# shellcheck disable=SC2016
{
  # a copied tree does not count its tests twice
  simulated 0 'simulated: 3 passed, 0 failed, 1 skipped' 'axis() {
  report "$WORK/postgres17-jdk25/tools/pghello" "$PASSED_TEST" \
    "<testcase classname=\"io.pghello.cli.backup.directory.BackupTest\" name=\"x\"><skipped message=\"root enters all folders\"/></testcase>"
}
step postgres17-jdk25 axis
cp -a "$WORK/postgres17-jdk25" "$WORK/postgres18"
step postgres18 true
begin parallel sleep 1
finish parallel'
  simulated 1 "FAILED in postgres17-jdk25: a.XTest#fails: wrong
  repeat: run.sh --only postgres17-jdk25 --test pg-hello-core 'a.XTest#fails'
simulated: 2 passed, 1 failed, 0 skipped" 'axis() {
  report "$WORK/postgres17-jdk25/pg-hello-core" "$PASSED_TEST" "<testcase classname=\"a.XTest\" name=\"fails(int)[1]\"><failure message=\"wrong\"/></testcase>"
  return 1
}
step postgres17-jdk25 axis
step script true'
  simulated 1 'compose: [ERROR] a file is not formatted
compose: why
FAILED: compose (status 3), see target/ci/compose.log
  repeat: run.sh --only compose
FAILED: killed (status 137), see target/ci/killed.log
  repeat: run.sh --only killed
simulated: 1 passed, 2 failed, 0 skipped' 'step compose eval "printf \"%s\n\" \"[ERROR] a file is not formatted\" \"[ERROR] -> [Help 1]\" why; exit 3"
step killed eval "kill -9 \$BASHPID"
step script true'
  # a warning of the compiler, which Maven does not repeat at its end
  simulated 1 "compile: [WARNING] a/X.java:[1,2] a warning
$(printf 'compile: [INFO] %d\n' {12..30})
compile: [ERROR] error: warnings found and -Werror specified
FAILED: compile (status 1), see target/ci/compile.log
  repeat: run.sh --only compile
simulated: 1 passed, 1 failed, 0 skipped" 'compiles() {
  printf "%s\n" "[WARNING] a/X.java:[1,2] a warning" "[ERROR] COMPILATION ERROR : " [INFO]\ {1..30} "[ERROR] error: warnings found and -Werror specified"
  return 1
}
step compile compiles
step script true'
  # a warning of the compiler without a file, and a failed test of another module
  simulated 1 "compile: [WARNING] no file
compile: [ERROR] COMPILATION ERROR : 
FAILED in compile: a.XTest#fails: wrong
  repeat: run.sh --only compile
FAILED: compile (status 1), see target/ci/compile.log
  repeat: run.sh --only compile
simulated: 1 passed, 2 failed, 0 skipped" 'compiles() {
  report "$WORK/compile/pg-hello-core" "<testcase classname=\"a.XTest\" name=\"fails\"><failure message=\"wrong\"/></testcase>"
  printf "%s\n" "[WARNING] no file" "[ERROR] COMPILATION ERROR : "
  return 1
}
step compile compiles
step script true'
  simulated 1 "failed first, passed when repeated: postgres18: a.XTest.late(int)[1]: late
  repeat: run.sh --only postgres18 --test pg-hello-core 'a.XTest#late'
skipped, which scripts/ci/allowed-skips.txt does not allow: postgres18: a.XTest.skips: why
  repeat: run.sh --only postgres18 --test pg-hello-core 'a.XTest#skips'
simulated: 1 passed, 1 failed, 0 skipped" 'skips() {
  report "$WORK/postgres18/pg-hello-core" "<testcase classname=\"a.XTest\" name=\"skips\"><skipped message=\"why\"/></testcase>" \
    "<testcase classname=\"a.XTest\" name=\"late(int)[1]\"><flakyFailure message=\"late\"/></testcase>"
}
step postgres18 skips'
  simulated 1 'skipped, which scripts/ci/allowed-skips.txt does not allow: mcp: a: b
  repeat: run.sh --only mcp
simulated: 1 passed, 1 failed, 0 skipped' 'skips() { echo "skipped: a: b" && exit 77; }
step mcp skips
step script true'
  # a step that hides its failure
  simulated 1 "FAILED in postgres18: a.XTest#fails: wrong
  repeat: run.sh --only postgres18 --test pg-hello-core 'a.XTest#fails'
simulated: 1 passed, 1 failed, 0 skipped" 'hides() {
  report "$WORK/postgres18/pg-hello-core" "$PASSED_TEST" "<testcase classname=\"a.XTest\" name=\"fails\"><error message=\"wrong\"/></testcase>"
}
step postgres18 hides'
  simulated 0 'left in the temporary directory: tomcat.8080.1
simulated: 1 passed, 0 failed, 0 skipped' 'step script mkdir "$TMPDIR"/{tomcat.8080.1,hsperfdata_root}'
  # Maven fails if three tests of a module passed only when repeated
  simulated 1 'postgres18: too many flakes
FAILED: postgres18 (status 1), see target/ci/postgres18.log
  repeat: run.sh --only postgres18
simulated: 1 passed, 1 failed, 0 skipped' 'flaky() {
  report "$WORK/postgres18/pg-hello-core" "<testcase classname=\"a.XTest\" name=\"late\"><flakyFailure message=\"late\"/></testcase>"
  echo "too many flakes"
  return 1
}
step postgres18 flaky'
  simulated 1 'only: 0 passed, 1 failed, 0 skipped' 'step script false
step other true' --only script
  # an exit status that a program within the step returned
  simulated 1 'FAILED: mcp (status 77 without a reason), see target/ci/mcp.log
  repeat: run.sh --only mcp
simulated: 1 passed, 1 failed, 0 skipped' 'step mcp eval "exit 77"
step script true'
  SIGNAL_AT='sleep 91.5' simulated 1 'FAILED: slow (status 143), see target/ci/slow.log
  repeat: run.sh --only slow
NOT RUN because of a signal: script
  repeat: run.sh --only script
ended early because of a signal
simulated: 1 passed, 2 failed, 0 skipped' 'step first true
step slow sleep 91.5
step script true'
  simulated 1 'FAILED: slow (status 143), see target/ci/slow.log
  repeat: run.sh --only slow
NOT RUN because of the limit of 0 minutes: script
  repeat: run.sh --only script
ended early because of the limit of 0 minutes
simulated: 1 passed, 2 failed, 0 skipped' 'step first true
LIMIT=$((SECONDS + 1))
step slow sleep 91.5
step script true'
}
cases=$((cases + 1))
if pgrep -f '^sleep 91.5$' >/dev/null; then
  printf 'a process of an ended step still runs\n'
  failures=$((failures + 1))
fi

# Each step of the table can be selected by path.
cases=$((cases + 1))
if ! diff <("$ROOT/scripts/ci/affected.sh" --steps | sort) \
  <({ sed -nE 's/^(step|begin) +([^ :]+).*/\2/p' "$ROOT/scripts/ci/test-all.sh" && sed -nE 's/^[^#]*\baxis +(postgres[^ ]+).*/\1/p' "$ROOT/scripts/ci/test-all.sh"; } | sort); then
  printf 'scripts/ci/affected.sh has other steps than scripts/ci/test-all.sh\n'
  failures=$((failures + 1))
fi

# affects FILE PATTERN... [not PATTERN...]: the changed file must affect what matches the patterns, and nothing that matches a pattern after
# "not".
affects() {
  local file=$1 pattern wanted=yes found
  cases=$((cases + 1))
  shift
  AFFECTED_FILES=$file "$ROOT/scripts/ci/affected.sh" HEAD >"$WORK/out"
  for pattern in "$@"; do
    if [ "$pattern" = not ]; then
      wanted=no
      continue
    fi
    found=no
    ! grep -qxE "$pattern" "$WORK/out" || found=yes
    if [ "$found" != "$wanted" ]; then
      printf '%s affects "%s": %s, but should be: %s\n' "$file" "$pattern" "$found" "$wanted"
      failures=$((failures + 1))
    fi
  done
}
affects docs/pg-hello/client.md 'step site' 'reader pg-hello-docs' not 'module .*' 'step (guard|sanitizers|postgres18|postgres15-jdk17|compose)'
affects tools/mcp/src/main/java/X.java 'module pg-hello-mcp' 'half mcp' not 'step (postgres18|sanitizers|compose|jooq-sources)' 'module pg-hello-core'
affects pg-hello-core/src/main/java/X.java 'module pg-hello-core' 'module pg-hello-hibernate' 'step postgres15-jdk17' 'half guard' not 'step sanitizers' 'module pg-extension-testkit'
affects pg-hello-jooq/src/test/java/X.java 'module pg-hello-jooq' 'step postgres18' 'step postgres15-jdk17' not 'module pg-hello-spring-boot-starter' 'step guard'
affects extension/src/pg_hello.c 'step sanitizers' 'step fuzzing' 'step regress' 'step installcheck' 'module pg-hello-core'
affects deploy/compose.yaml 'step compose' 'step deploy' not 'step postgres18'
affects scripts/ci/steps.sh everything
affects scripts/programs.sh 'step regress' 'step first-run' not everything
affects scripts/ci/draw.sh everything
affects $'pom.xml\nscripts/ci/stress.sh' everything 'half guard' 'half recipes' not 'half (races|dev|postgres.*)'
affects pom.xml everything 'without sanitizers' 'without fuzzing' 'without installcheck' 'half (regress|first-run)' not 'without (compose|guard|regress)'
affects $'pom.xml\nextension/sql/pg_hello--1.0.sql' everything not 'without (sanitizers|installcheck)'
affects $'pom.xml\nextension/src/pg_hello.c' everything not 'without .*'
affects .ci/landed not everything
affects scripts/ci/checks/reproducible-jars.sh 'step reproducible-jars' not everything
affects $'\n' 'step native' not everything 'module .*' 'step (guard|postgres18|site)'
affects scripts/platforms/windows-gcc.sh 'module pg-extension-maven-plugin' 'step recipes|half recipes'
# a test puts the names of these files together
affects deploy/systemd/pghello-daily.timer 'reader pg-hello-cli' not 'module .*'
affects examples/spring-boot/src/main/java/X.java 'module pg-hello-example-spring-boot' 'step consumer'
affects pg-hello-spring-boot-starter/src/test/java/XIT.java 'step consumer' 'test XIT' not 'step site'
affects pg-hello-spring-boot-starter/src/main/java/X.java 'half site' not 'test .*'
affects extension/ops/roles.sql 'step deploy' 'step monitoring'
affects $'pom.xml\npg-hello-core/src/test/java/io/pghello/XTest.java' everything 'test XTest'

# changes COMMAND PATTERN...: the changes of a command in a small repository must affect parts that match the patterns.
changes() {
  local pattern
  cases=$((cases + 1))
  git -C "$WORK/steps" reset -q --hard
  git -C "$WORK/steps" clean -qfd
  (cd "$WORK/steps" && eval "$1")
  bash "$WORK/steps/scripts/ci/affected.sh" "${BASE-HEAD}" >"$WORK/out"
  for pattern in "${@:2}"; do
    if ! grep -qxE "$pattern" "$WORK/out"; then
      printf '%s does not affect "%s", but:\n' "$1" "$pattern"
      cat "$WORK/out"
      failures=$((failures + 1))
    fi
  done
}
cp "$ROOT/scripts/ci/affected.sh" "$WORK/steps/scripts/ci"
mkdir -p "$WORK"/steps/{docs,pg-hello-{core,jooq}/src/main}
seq 50 | tee "$WORK"/steps/{docs/x.md,pg-hello-{core,jooq}/src/main/Y.java} >"$WORK/steps/pg-hello-core/src/main/X.java"
git -C "$WORK/steps" init -q
git -C "$WORK/steps" add .
git -C "$WORK/steps" -c user.name=x -c user.email=x@pg-hello.invalid commit -q -m x
changes 'git mv pg-hello-core/src/main/X.java pg-hello-jooq/src/main/X.java' 'module pg-hello-core' 'module pg-hello-hibernate' 'module pg-hello-jooq'
changes 'git rm -q pg-hello-core/src/main/X.java' 'module pg-hello-hibernate'
changes "touch 'docs/größe \"x\".svg' 'pg-hello-jooq/src/main/ü.java'" 'step site' 'module pg-hello-jooq'
BASE=$(git -C "$WORK/steps" -c user.name=x -c user.email=x@pg-hello.invalid commit-tree 'HEAD^{tree}' -m 'no ancestor') changes true everything
cases=$((cases + 1))
if [ "$("$ROOT/scripts/ci/affected.sh" 0000000000000000000000000000000000000000)" != everything ]; then
  printf 'an unknown commit does not affect everything\n'
  failures=$((failures + 1))
fi

affects pg-hello-spring-boot-starter/src/test/java/io/pghello/spring/boot/app/ContainerIT.java 'step containers'
affects any-extension/testkit/src/test/java/io/pghello/extension/testkit/ExtensionContainerIT.java 'step containers'
affects pg-hello-core/src/test/java/io/pghello/NoSuchIT.java 'step dev'
affects pg-hello-core/src/test/java/io/pghello/SessionsIT.java 'half containers' not 'step dev'
affects examples/spring-boot/src/main/java/X.java 'step dev' 'half monitoring'
affects pg-hello-spring-boot-starter/lines/pom.xml 'step consumer'
affects benchmarks/peer/peer.c 'step guard'
affects extension/pom.xml 'step deploy'
affects any-extension/batching/src/test/java/io/pghello/extension/batching/api/BatchedFunctionIT.java 'module pg-extension-batching-vertx' not 'module pg-hello-core'

# The oldest axis has no profile with this module, so Maven would fail.
cases=$((cases + 1))
oldest=$(
  # shellcheck disable=SC2034
  AFFECTED=$'module pg-hello-core\nmodule pg-hello-example-shardingsphere'
  eval "$(sed -n '/^limit_to() {/,/^}/p' "$ROOT/scripts/ci/test-all.sh")"
  eval "limit_to $(sed -n '/^oldest_axis() {/,/^}/s/.*< <(limit_to \(.*\))$/\1/p' "$ROOT/scripts/ci/test-all.sh")"
)
if [[ $oldest != *$'\n:pg-hello-core\n'* ]]; then
  printf 'the oldest axis selects other modules than :pg-hello-core:\n%s\n' "$oldest"
  failures=$((failures + 1))
fi

# draws NAME EXPECTED COMMANDS: the output of commands that use draw.sh, on a machine with a first axis that ends after 300 of 1,000 seconds.
draws() {
  cases=$((cases + 1))
  local out
  out=$(
    export ROOT
    export -f modules
    WORK=$WORK/draws SEED=1 AFFECTED='' RUN=landing STOPPED='' LIMIT=1000 HALF=$'races\nguard\nsystem' SELECTED='native races guard system' \
      bash -uc ". \"\$ROOT/scripts/ci/draw.sh\"; draw_tests; SECONDS=300; $3; echo end"
  ) || true
  if [ "$out" != "${2:+$2$'\n'}end" ]; then
    printf '%s: expected:\n%s\nbut got:\n%s\n' "$1" "$2" "$out"
    failures=$((failures + 1))
  fi
}
mkdir "$WORK/draws"
# shellcheck disable=SC2016
{
  draws 'nested classes are excluded' $'**/XTest.*\n**/*$*' 'echo XTest >"$WORK/x"; cat "$(exclusions x)"'
  draws 'a slow machine leaves out slow steps' yes 'draw_less 30 >/dev/null; [ "$SELECTED" != "native races guard system" ] && [[ $SELECTED = native\ * ]] && echo yes'
  draws 'a fast machine runs all steps' 'native races guard system' 'SECONDS=299; draw_less 30; echo "$SELECTED"'
  draws 'a stopped run draws nothing' 'native races guard system' 'STOPPED=yes; draw_less 30; echo "$SELECTED"'
  draws '--all draws nothing' 'native races guard system' 'RUN=all; draw_less 30; echo "$SELECTED"'
  draws 'a slow machine draws fewer of the same tests' '' \
    'cp "$WORK/drawn" "$WORK/before"; draw_less 30 >/dev/null; grep -vxFf "$WORK/drawn" "$WORK/before"; cmp -s "$WORK/drawn" "$WORK/before" && echo same'
  draws 'a slow computation shows a slow machine' $'100 3\n150 6\n200 12\n300 24' 'for SLOWNESS in 100 150 200 300; do draw_less >/dev/null; echo "$SLOWNESS $SHARE"; done'
  draws 'a very slow machine draws fewer of the same tests and steps' 'fewer fewer' \
    'draw_less 30 >/dev/null; before=$SELECTED; cp "$WORK/drawn" "$WORK/before"; SECONDS=400; SELECTED=$(printf "%s " {1..40}) HALF=$(printf "%s\n" {1..40})
     draw_less 30 >/dev/null; [ "$(wc -w <<<"$SELECTED")" -lt 20 ] && printf "fewer "; grep -vxFf "$WORK/drawn" "$WORK/before"; cmp -s "$WORK/drawn" "$WORK/before" || echo fewer'
  draws 'if everything is affected, each test runs on one version' 'all once' \
    'AFFECTED=everything; OLDEST_MODULES=(pg-hello-core); EXPENSIVE=/dev/null; draw_less >/dev/null; first=$(sort "$WORK/drawn-first"); oldest=$(sort "$WORK/drawn-oldest")
     [ "$(comm -12 <(echo "$first") <(echo "$oldest"))" = "" ] && comm -13 <(echo "$oldest") <(drawn "pg-hello-core/*IT.java" 1 1 | grep -vxFf <(first_only) | sort) | diff - <(echo "$first") && echo all once'
  draws 'a test that only the first version runs is not left out there, unless it is expensive' '' \
    'AFFECTED=everything; OLDEST_MODULES=(pg-hello-core any-extension/testkit); LEVEL=2; draw_tests; grep -xFf "$WORK/first-only" "$WORK/drawn-first" | grep -vxFf "$EXPENSIVE"'
  draws 'half of the expensive tests run, on one version' 'some' \
    'AFFECTED=everything; OLDEST_MODULES=(pg-hello-core); LEVEL=2; draw_tests; left=$(sort -u "$WORK/first-only" "$WORK/drawn-oldest" | comm -12 "$WORK/drawn-first" - | grep -cxFf "$EXPENSIVE")
     all=$(grep -vc "^#" "$EXPENSIVE"); [ "$left" -gt $((all / 4)) ] && [ "$left" -lt $((all * 3 / 4)) ] && echo some'
  draws 'a slow machine leaves out some of the tests that only the first version runs' 'some' \
    'AFFECTED=everything; OLDEST_MODULES=(pg-hello-core any-extension/testkit); LEVEL=4; draw_tests; left=$(grep -cxFf "$WORK/first-only" "$WORK/drawn-first")
     [ "$left" -gt 0 ] && [ "$left" -lt "$(wc -l <"$WORK/first-only")" ] && echo some'
  draws 'tests of versions are never left out' '' \
    'LEVEL=333331; draw_tests; grep -E "Preflight|Upgrade|BackupIT|RolesIT|StandbyIT" "$WORK"/drawn* | grep -v NewBackupIT'
  draws 'changed tests are never left out' 'LinesIT' \
    'LEVEL=333331; AFFECTED="test FaultsIT"; read_affected; draw_tests; grep -hxE "FaultsIT|LinesIT" "$WORK"/drawn* | sort -u'
  draws 'a test tagged slow is not left out on the only version that runs it' '' \
    'AFFECTED=everything; OLDEST_MODULES=(pg-hello-core); EXPENSIVE=/dev/null; LEVEL=2; draw_tests; grep -xE "AnySplitIT|SecureLogInIT" "$WORK/drawn-first"'
  draws 'a test that the POM excludes on other versions is never left out' '' \
    'LEVEL=333331; draw_tests; grep -hxE "EnversIT|GeneratedSourcesIT" "$WORK"/drawn* | sort -u'
  draws 'half of the modules are drawn like all of them, fewer are not' $'0 3\nsome 6' \
    'OLDEST_MODULES=(pg-hello-core) half=$((($(modules | wc -l) + 1) / 2))
     for count in $((half - 1)) $half; do AFFECTED=$(printf "module m%s\n" $(seq "$count")); draw_less >/dev/null; left=$(wc -l <"$WORK/drawn-first"); echo "${left/[1-9]*/some} $SHARE"; done'
  draws 'the draw before the measurement leaves out nothing' 0 'AFFECTED=everything; draw_tests 2>&1; cat "$WORK/drawn-first" "$WORK/drawn-oldest" | wc -l'
  draws 'a step that ran is not reported as left out' 'not drawn: no step' 'RAN=(races guard system); draw_less 30 | grep "^not drawn"'
  draws 'steps of a higher level are among those of a lower one' 'nested' \
    'HALF=$(printf "%s\n" {1..40}); SELECTED=$(printf "%s " {1..40}); LEVEL=1; draw_less 30 >/dev/null; before=$SELECTED; [ "$LEVEL" = 2 ] || echo "level $LEVEL"
     SECONDS=400; draw_less 30 >/dev/null; for name in $SELECTED; do [[ " $before" = *" $name "* ]] || echo "$name"; done
     for name in $before; do one_in 2 slow "$name" || echo "$name"; done; echo nested'
  draws 'large changes of tests are drawn' '' \
    'LEVEL=333331; AFFECTED=$(printf "test %s\n" FaultsIT {1..20}); read_affected; draw_tests; grep -hxE FaultsIT "$WORK"/drawn* | grep -v FaultsIT'
  draws 'large changes of slow steps are drawn' $'1\n2\n3\n4\nsystem' 'HALF=$(printf "%s\n" {1..4} system); AFFECTED=$(printf "%s\n" everything "half system"); read_affected; echo "$HALF"'
  draws 'a slow machine runs steps whose own files have changed' 'native guard system ' \
    'SEED=2; AFFECTED=$(printf "%s\n" everything "half races"); read_affected; draw_less 30 >/dev/null; echo "$SELECTED"'
  draws 'all slow steps are drawn if the changes are unknown' $'races\nguard\nsystem' 'AFFECTED=everything; read_affected; echo "$HALF"'
  passed='git -C "$WORK" init -q; git() { command git -c user.name=x -c user.email=x@pg-hello.invalid "$@"; }; ROOT=$WORK CHOSEN_BASE="" COMMIT=""
    git -C "$ROOT" add .; git -C "$ROOT" commit -q --allow-empty -m x; COMMIT=$(git -C "$ROOT" rev-parse HEAD)'
  draws 'a passed landing is recorded' yes "$passed"'; record_passed "$WORK/.git/p"; [ "$(<"$WORK/.git/p")" = "$COMMIT" ] && echo yes'
  for change in CHOSEN_BASE=HEAD RUN=only 'touch "$WORK/changed"' 'git -C "$ROOT" commit -q --allow-empty -m y'; do
    draws "no landing is recorded after $change" '' "$passed; $change"'; record_passed "$WORK/.git/q"; cat "$WORK/.git/q" 2>/dev/null; rm -f "$WORK/changed"'
  done
}

# The draw may leave out all tests of the changed modules.
cases=$((cases + 1))
find "$ROOT/any-extension/batching/src/test" -name '*IT.java' -printf '%f\n' | sed 's:\.java$::' >"$WORK/excluded"
if [[ $(JDK25=none SHORT_LIVED_JVM='' "$ROOT/scripts/ci/checks/other-major.sh" 18 "$ROOT" "$WORK/excluded" pg-extension-batching 2>&1) != *'the draw leaves out all tests of pg-extension-batching' ]]; then
  printf 'a module without drawn tests fails on another major\n'
  failures=$((failures + 1))
fi
# Only the changed modules are tested, but not the modules that they need.
cases=$((cases + 1))
mkdir "$WORK/printed"
printf '#!/bin/sh\nprintf "%%s\\n" "$@"\n' >"$WORK/printed/mvn"
chmod +x "$WORK/printed/mvn"
PATH=$WORK/printed:$PATH JDK25=$(find_jdk 17) SHORT_LIVED_JVM='' "$ROOT/scripts/ci/checks/other-major.sh" 18 "$ROOT" /dev/null pg-extension-batching >"$WORK/out" 2>&1 || true
if ! grep -qx -- '-Dpg-extension-testkit.skipTests=true' "$WORK/out" || grep -q 'pg-extension-batching.skipTests' "$WORK/out"; then
  printf 'another major tests other modules than the changed one:\n%s\n' "$(<"$WORK/out")"
  failures=$((failures + 1))
fi
cases=$((cases + 1))
if "$ROOT/scripts/ci/consumer.sh" --landin >"$WORK/out" 2>&1 || ! grep -q 'accepts only --landing, but got: --landin' "$WORK/out"; then
  printf 'consumer.sh accepts --landin\n'
  failures=$((failures + 1))
fi

# The lists of allowed skips and of tests in containers name existing classes.
cases=$((cases + 1))
while IFS= read -r class; do
  if ! compgen -G "$ROOT/*/src/test/java/$class.java" >/dev/null && ! compgen -G "$ROOT/*/*/src/test/java/$class.java" >/dev/null; then
    printf 'there is no class %s, which a list in scripts/ci names\n' "$class"
    failures=$((failures + 1))
  fi
done < <(
  {
    grep -v '^#' "$ROOT/scripts/ci/allowed-skips.txt" | grep -oE 'io(\\\.[a-z]+)*\\\.(\([A-Za-z|]+\)IT|[A-Z][A-Za-z]+)' | sed 's:[\\]::g; s:[.]:/:g'
    (eval "$(grep -A1 '^TESTS=' "$ROOT/scripts/ci/checks/container-tests.sh")" && printf '%s\n' "${TESTS[@]}" | grep -v '[*]')
  } | sed -E 's/(.*)\(([A-Za-z]+)\|([A-Za-z]+)\)IT/\1\2IT\n\1\3IT/' | sort -u
)

# Each class of tests runs in some run.
cases=$((cases + 1))
if ! diff <(cd "$ROOT" && find . \( -name target -o -name resources \) -prune -o -path '*/src/test/*' \( -name '*Test.java' -o -name '*IT.java' \) -print | sed 's:^./::' | sort) \
  <("$ROOT/scripts/ci/test-all.sh" --list | sed -n '/^step /!s/: .*//p' | sort); then
  printf 'scripts/ci/test-all.sh --list has other classes than the tree\n'
  failures=$((failures + 1))
fi

# ./dev test shows failures in full and errors of the build. Everything else is in the log.
cases=$((cases + 1))
cat >"$WORK/maven" <<'EOF'
[INFO] Building pg-hello: client 0.1.0-SNAPSHOT                          [2/30]
[main] ERROR io.pghello.Other - a test logs this
[INFO] Tests run: 7, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 1 s -- in io.pghello.ATest
[ERROR] Tests run: 2, Failures: 1, Errors: 1, Skipped: 0, Time elapsed: 1.8 s <<< FAILURE! -- in io.pghello.BTest
[ERROR] io.pghello.BTest.greets -- Time elapsed: 0.1 s <<< FAILURE!
java.lang.AssertionError:
[Hello]

  at io.pghello.BTest.greets(BTest.java:1)

[WARNING] Tests run: 1, Failures: 0, Errors: 0, Skipped: 1, Time elapsed: 0 s -- in io.pghello.CTest
not shown
[ERROR] Failures:
[ERROR]   BTest.greets:1
[ERROR] Tests run: 10, Failures: 1, Errors: 1, Skipped: 1
[INFO] Building jar: a.jar
[INFO] Building pg-hello: jOOQ 0.1.0-SNAPSHOT                          [12/30]
[ERROR] /src/A.java:[1,2] cannot find symbol
  symbol: class B
[ERROR] -> [Help 1]
EOF
if [ "$(maven_errors <"$WORK/maven")" != '[ERROR] io.pghello.BTest.greets -- Time elapsed: 0.1 s <<< FAILURE!
java.lang.AssertionError:
[Hello]

  at io.pghello.BTest.greets(BTest.java:1)

[ERROR] /src/A.java:[1,2] cannot find symbol
  symbol: class B' ]; then
  printf 'the errors of Maven are shown as\n'
  maven_errors <"$WORK/maven"
  failures=$((failures + 1))
fi

# A download removes the files of killed downloads, but keeps the files of downloads that may be running.
cases=$((cases + 1))
mkdir -p "$WORK/downloads/.tmp.killed/folder" "$WORK/downloads/.tmp.running" "$WORK/downloads/17"
touch -d '2 days ago' "$WORK"/downloads/{17,.tmp.killed}
made=$(temporary_in "$WORK/downloads")
rmdir "$made"
if [ "$(cd "$WORK/downloads" && echo * .[!.]*)" != '17 .tmp.running' ]; then
  printf 'a download leaves other files than expected:\n'
  ls -A "$WORK/downloads"
  failures=$((failures + 1))
fi

# A download works even if such remains cannot be removed.
cases=$((cases + 1))
mkdir "$WORK/no-rm" "$WORK/downloads/.tmp.killed"
printf '#!/bin/sh\nexit 1\n' >"$WORK/no-rm/rm"
chmod +x "$WORK/no-rm/rm"
touch -d '2 days ago' "$WORK/downloads/.tmp.killed"
made=$(PATH=$WORK/no-rm:$PATH temporary_in "$WORK/downloads") || made=
if [ ! -d "$made" ]; then
  printf 'a download fails because of the remains of another one\n'
  failures=$((failures + 1))
fi

# caches STATUS WORDS FOLDER [VARIABLE=VALUE...]: with each umask, headers.sh must exit with this status, print these words, and
# print no path. No suite has a PostgreSQL 99, so a path would come from a planted cache.
caches() {
  local expected=$1 words=$2 folder=$3 mask status
  for mask in 000 022 077; do
    ! leave_out "$(basename "$folder") $mask" || continue
    cases=$((cases + 1)) status=0
    (umask $mask && env PG_EXTENSION_CACHE="$folder" "${@:4}" bash "$ROOT/scripts/headers.sh" 99) >"$WORK/out" 2>"$WORK/err" || status=$?
    if [ "$status" != "$expected" ] || ! grep -qF -- "$words" "$WORK/err" || [ -s "$WORK/out" ]; then
      printf 'the cache %s with the mask %s: expected status %s and "%s", but the status is %s:\n' "$folder" $mask "$expected" "$words" $status
      cat "$WORK/out" "$WORK/err"
      failures=$((failures + 1))
    fi
  done
}

# plant FOLDER: creates headers and PGXS of a PostgreSQL 99 as in the cache.
plant() {
  mkdir -p "$1/headers/99-1" "$1/pgxs/99-1/src/makefiles" "$1/pgxs/99-1/include" "$1/pgxs/99-1/bin"
  echo '#define PG_VERSION "99.1"' | tee "$1/headers/99-1/postgres.h" >"$1/headers/99-1/pg_config.h"
  # shellcheck disable=SC2016
  echo '$(shell touch planted)' >"$1/pgxs/99-1/src/makefiles/pgxs.mk"
}

me=$(id -un) home=$WORK/home none='no suite of Debian has its headers'
mkdir "$WORK/sticky" "$WORK/open" "$WORK/old" "$WORK/older" "$WORK/linked" "$WORK/closed" "$home"
chmod 1777 "$WORK/sticky" "$WORK/linked" "$WORK/closed"
chmod 777 "$WORK/open"
plant "$WORK/sticky"
# a later case needs this one, like the last one with this home
SEED='' caches 1 "$none" "$WORK/sticky"
caches 1 "$WORK/open, or can rename its contents" "$WORK/open"
# another user could replace a directory above the cache
mkdir -p "$WORK/open/below/cache" && ln -s "$WORK/open/below" "$WORK/link-below"
for folder in "$WORK/open/below/cache" "$WORK/open/below/new" "$WORK/link-below/cache"; do
  caches 1 "$WORK/open, or can rename its contents" "$folder"
done
# Simulates a cache that was created with a umask of 000 before headers.sh checked permissions.
plant "$WORK/old" && chmod 777 "$WORK/old/pgxs/99-1/bin"
caches 1 "$none" "$WORK/old"
plant "$WORK/older" && chmod 775 "$WORK/older/headers"
caches 1 "$none" "$WORK/older"
# Other users may have changed such files before the cache was closed.
chmod 700 "$WORK/old" "$WORK/older"
caches 1 "$none" "$WORK/old"
caches 1 "$none" "$WORK/older"
mkdir "$WORK/reopened" && chmod 1777 "$WORK/reopened"
plant "$WORK/reopened/$me" && chmod 777 "$WORK/reopened/$me/headers" && chmod 700 "$WORK/reopened/$me"
caches 1 'other users own, or can change, ' "$WORK/reopened"
ln -s "$WORK/old" "$WORK/linked/$me"
caches 1 'is a link' "$WORK/linked"
mkdir "$WORK/closed/$me" && chmod 755 "$WORK/closed/$me"
caches 1 'others may enter it' "$WORK/closed"
caches 1 "$none" '' HOME="$home" XDG_CACHE_HOME=
mkdir "$WORK/renamed" && chmod 1777 "$WORK/renamed" && rm -rf "$home/.cache" && plant "$home/.cache/pg-hello"
for folder in "$home/.cache" "$home"; do
  chmod 777 "$folder"
  caches 1 "$none" '' HOME="$home" XDG_CACHE_HOME= TMPDIR="$WORK/renamed"
  chmod 777 "$WORK/renamed"
  caches 1 "$WORK/renamed, or can rename its contents" '' HOME="$home" XDG_CACHE_HOME= TMPDIR="$WORK/renamed"
  chmod 755 "$folder" && chmod 1777 "$WORK/renamed"
done
rm -rf "$home/.cache"
SEED='' caches 1 "$none" '' HOME="$home" XDG_CACHE_HOME=
cases=$((cases + 1))
if [ -n "$(find "$home/.cache" "$WORK/sticky/$me" -perm /077)" ] || [ ! -d "$home/.cache/pg-hello" ]; then
  printf 'others may enter a cache:\n'
  ls -lRd "$home/.cache" "$home/.cache/pg-hello" "$WORK/sticky/$me"
  failures=$((failures + 1))
fi
# a cache that only this user can write to is used regardless of its name, and other users cannot write to added files
for folder in "$WORK/mine" "$WORK/o'brien \$(touch planted)"; do
  plant "$folder"
  cases=$((cases + 1))
  config=$(umask 000 && PG_EXTENSION_CACHE=$folder "$ROOT/scripts/headers.sh" 99 2>/dev/null) || true
  if [ "$config" != "$folder/pgxs/99-1/bin/pg_config" ] || [ "$("$config" --pgxs)" != "$folder/pgxs/99-1/src/makefiles/pgxs.mk" ] ||
    [ -n "$(find "$folder" ! -type l -perm /022)" ]; then
    printf 'the cache %s is not used\n' "$folder"
    failures=$((failures + 1))
  fi
done
# attacks by another user, who may do everything that a shared directory allows
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null && setpriv --reuid=65534 --regid=65534 --clear-groups true 2>/dev/null; then
  other() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
  chmod 755 "$WORK"
  rm -rf "$WORK/sticky" && mkdir "$WORK/sticky" "$WORK/taken" "$WORK/theirs" && chmod 1777 "$WORK/sticky" "$WORK/taken" "$WORK/theirs"
  export -f plant
  other bash -c "plant '$WORK/sticky'"
  caches 1 "$none" "$WORK/sticky"
  other bash -c "umask 0 && plant '$WORK/taken/$me'"
  caches 1 'it belongs to another user' "$WORK/taken"
  # The owner closes the directory after another user has put files into it.
  mkdir "$WORK/late" "$WORK/late-shared" && mkdir "$WORK/late-shared/$me" && chmod 1777 "$WORK/late-shared"
  chmod 777 "$WORK/late" "$WORK/late-shared/$me"
  other bash -c "plant '$WORK/late'; plant '$WORK/late-shared/$me'"
  chmod 700 "$WORK/late" "$WORK/late-shared/$me"
  caches 1 "$none" "$WORK/late"
  caches 1 'other users own, or can change, ' "$WORK/late-shared"
  # A cache that has been checked may contain unpacked files of other users, until others can enter it.
  plant "$WORK/checked" && chmod 700 "$WORK/checked"
  for _ in once again; do
    cases=$((cases + 1))
    if [ "$(PG_EXTENSION_CACHE=$WORK/checked "$ROOT/scripts/headers.sh" 99 2>/dev/null)" != "$WORK/checked/pgxs/99-1/bin/pg_config" ]; then
      printf 'the checked cache is not used\n'
      failures=$((failures + 1))
    fi
    chown 65534 "$WORK/checked/pgxs/99-1/src/makefiles/pgxs.mk"
  done
  chmod 777 "$WORK/checked"
  caches 1 "$WORK/checked, or can rename its contents" "$WORK/checked"
  chmod 700 "$WORK/checked"
  caches 1 "$none" "$WORK/checked"
  other bash -c "plant '$WORK/theirs/cache'"
  caches 1 "other users own $WORK/theirs/cache" "$WORK/theirs/cache"
  # The home of another user cannot contain this user's cache.
  rm -rf "$home" && mkdir -p "$home" "$WORK/tmp" && chmod 1777 "$WORK/tmp" && chown 65534 "$home"
  other bash -c "plant '$home/.cache/pg-hello'"
  caches 1 "$none" '' HOME="$home" XDG_CACHE_HOME= TMPDIR="$WORK/tmp"
  rm -rf "$WORK/tmp/pg-hello-cache-$me"
  other bash -c "plant '$WORK/tmp/pg-hello-cache-$me'"
  caches 1 'it belongs to another user' '' HOME="$home" XDG_CACHE_HOME= TMPDIR="$WORK/tmp"
else
  echo 'skipped: only root can put something into a cache as another user'
fi

# an unsupported major
cases=$((cases + 1))
status=0
"$ROOT/scripts/regress.sh" 14 >"$WORK/out" 2>&1 || status=$?
if [ "$status" != 2 ] || ! grep -q 'majors of 15 16 17 18 19, but got: 14' "$WORK/out"; then
  printf 'scripts/regress.sh 14 ends with %s\n' "$status"
  cat "$WORK/out"
  failures=$((failures + 1))
fi

[ "$failures" = 0 ] || die "$failures of $cases cases failed"
echo "$cases cases of ./dev passed; the draw left out $left_out"
