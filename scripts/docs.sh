#!/usr/bin/env bash
# ./dev docs: see --help.
# SPDX-License-Identifier: MIT
PROGRAM='dev docs'
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

SITE=$ROOT/target/site

usage() {
  cat <<TEXT
Usage: ./dev docs [OPTIONS]

Build the site in target/site, a folder of static files: the guide with search, the Javadoc of the
published artifacts, the report of the benchmarks, and pictures of what some demos print.

  --base=PATH  The path of the site on its host, as in /pg-hello/. Default: /
  --check      Check every link and anchor, and look at each page in a browser: three widths, light
               and dark. Needs chromium.
  --serve      Show the site on this machine, until Ctrl-C ends it.
  --port=N     The port of --serve. Default: 8000.
  -h, --help   Show this text.
TEXT
}

base=/ port=8000 check='' serve=''
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      usage
      exit
      ;;
    --check) check=1 ;;
    --serve) serve=1 ;;
    --base=* | --port=*) declare "${1:2}" ;;
    --base | --port)
      [ $# -gt 1 ] || misuse "$1 lacks its value"
      declare "${1:2}=$2"
      shift
      ;;
    *) misuse "docs takes --base, --check, --serve and --port, not: $1" ;;
  esac
  shift
done
[[ $base =~ ^/([A-Za-z0-9._~/-]+/)?$ ]] || misuse "--base must begin and end with /, but is $base"
[[ $port =~ ^[0-9]{1,5}$ && $((10#$port)) -le 65535 ]] || misuse "--port must be between 0 and 65535, but is $port"
if [ -n "$serve" ] && (exec 3<>"/dev/tcp/127.0.0.1/$((10#$port))") 2>/dev/null; then
  die "the port $port is in use; --port names another"
fi
[ -z "$check" ] || need chromium chromium

packages=$(npm_packages "$ROOT/docs/.vitepress/npm") || die "npm cannot get the packages of docs/.vitepress/npm"
"$ROOT/scripts/native.sh" "$DEFAULT_MAJOR"
# where Node.js finds the packages, which the tree has not
work=$ROOT/target/site-work
rm -rf "$work" "$SITE" "$ROOT/target/reports/apidocs"
mkdir -p "$work"
cp -R "$ROOT/docs/.vitepress" "$work"
ln -s "$packages/node_modules" "$work/node_modules"
export PG_HELLO_ROOT=$ROOT PG_HELLO_SITE=$SITE PG_HELLO_SITE_BASE=$base PG_HELLO_VERSION
PG_HELLO_VERSION=$(project_version)
vitepress=$packages/node_modules/vitepress/bin/vitepress.js

say "Building the site (some 30 seconds; a minute more the first time)"
# beside Maven
node "$vitepress" build "$work" >"$work/log" 2>&1 &
pages=$!
trap 'kill "$pages" 2>/dev/null || true; wait "$pages" || true' EXIT
maven -q -B -ntp -f "$ROOT/pom.xml" -pl "$(module_list pg-hello-parent "${PUBLISHED[@]}")" compile \
  "org.apache.maven.plugins:maven-javadoc-plugin:$(pom_property maven-javadoc-plugin.version):aggregate" >&2
wait "$pages" || {
  cat "$work/log" >&2
  die "the pages cannot be built"
}
trap - EXIT
mkdir -p "$SITE/mermaid/chunks/mermaid.esm.min"
for file in mermaid.esm.min.mjs chunks/mermaid.esm.min; do
  find "$packages/node_modules/mermaid/dist/$file" -name '*.mjs' -exec cp -t "$SITE/mermaid/${file%mermaid.esm.min.mjs}" {} +
done
cp -R "$ROOT/target/reports/apidocs" "$SITE/javadoc"
# the demos start a server, which not every platform has
demos=() sessions=() programs=()
if [ "$(platform)" = linux-amd64 ]; then
  demos=(Ada hibernate jooq plugin events)
  programs=(pg-hello-example-{quickstart,hibernate,jooq,plugin,events})
fi
compile_modules "$DEFAULT_MAJOR" pg-hello-benchmarks "${programs[@]}"
classes=$(classpath pg-hello-benchmarks "$DEFAULT_MAJOR")
"$(java_home)/bin/java" "${START_FAST[@]}" -cp "$classes" "$ROOT/scripts/BenchmarkPage.java" \
  "$ROOT/benchmarks/results.json" "$SITE/benchmarks.html"
say "Running the demos"
for demo in "${demos[@]}"; do
  { printf '$ ./dev demo %s\n' "$demo" && "$ROOT/dev" demo "$demo" 2>"$work/log"; } >"$work/$demo.txt" || {
    cat "$work/log" >&2
    die "the demo $demo fails"
  }
  sessions+=("$work/$demo.txt")
done
"$(java_home)/bin/java" "${START_FAST[@]}" "$ROOT/scripts/SessionPage.java" "$SITE" "${sessions[@]}"

if [ -n "$check" ]; then
  PG_HELLO_CHROMIUM=$(command -v chromium) node "$work/.vitepress/check.mjs"
fi
printf '%s\n' "$SITE"
[ -z "$serve" ] || exec node "$work/.vitepress/serve.mjs" "$((10#$port))"
