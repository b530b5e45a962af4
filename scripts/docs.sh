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

Build the site in target/site, a directory of static files: the guide with search and charts of the
benchmarks, the Javadoc of the published artifacts, and the output of some demos.

  --base=PATH  Path of the site on its host, e.g. /pg-hello/. Default: /
  --check      Check every link and anchor, and open each page in a browser: three widths, light and
               dark, and some searches. Check that docs/ratios.svg is up to date. Needs chromium.
  --image      Write docs/ratios.svg from benchmarks/results.json, and build nothing else.
  --serve      Serve the site on this machine until you press Ctrl-C.
  --port=N     Port of --serve. Default: 8000.
  -h, --help   Show this text.
TEXT
}

base=/ port=8000 check='' image='' serve=''
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      usage
      exit
      ;;
    --check) check=1 ;;
    --image) image=1 ;;
    --serve) serve=1 ;;
    --base=* | --port=*) declare "${1:2}" ;;
    --base | --port)
      [ $# -gt 1 ] || misuse "$1 needs a value"
      declare "${1:2}=$2"
      shift
      ;;
    *) misuse "docs accepts --base, --check, --image, --serve and --port, but got: $1" ;;
  esac
  shift
done
[[ $base =~ ^/([A-Za-z0-9._~/-]+/)?$ ]] || misuse "--base must begin and end with /, but is $base"
[[ $port =~ ^[0-9]{1,5}$ && $((10#$port)) -le 65535 ]] || misuse "--port must be between 0 and 65535, but is $port"
if [ -n "$serve" ] && (exec 3<>"/dev/tcp/127.0.0.1/$((10#$port))") 2>/dev/null; then
  die "the port $port is in use; pass another port with --port"
fi
[ -z "$check" ] || need chromium chromium

packages=$(npm_packages "$ROOT/docs/.vitepress/npm") || die "npm cannot get the packages of docs/.vitepress/npm"
work=$ROOT/target/site-work
rm -rf "$work"
mkdir -p "$work"
cp -R "$ROOT/docs/.vitepress" "$work"
# Node.js searches for packages in the directories above the importing file, and the tree contains no packages
ln -s "$packages/node_modules" "$work/node_modules"
results=$ROOT/benchmarks/results.json
if [ -n "$image" ]; then
  exec node "$work/.vitepress/charts.mjs" "$results" "$ROOT/docs/ratios.svg"
fi
if [ -n "$check" ]; then
  node "$work/.vitepress/charts.mjs" "$results" "$work/ratios.svg"
  cmp "$work/ratios.svg" "$ROOT/docs/ratios.svg" || die "docs/ratios.svg is not up to date: run ./dev docs --image"
fi
"$ROOT/scripts/native.sh" "$DEFAULT_MAJOR"
rm -rf "$SITE" "$ROOT/target/reports/apidocs"
export PG_HELLO_ROOT=$ROOT PG_HELLO_SITE=$SITE PG_HELLO_SITE_BASE=$base PG_HELLO_VERSION
PG_HELLO_VERSION=$(project_version)
vitepress=$packages/node_modules/vitepress/bin/vitepress.js

say "Building the site (about 30 seconds, plus a minute the first time)"
# Runs in parallel with Maven.
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
# skip the demos if there is no embedded server for this platform, because they start one
demos=() programs=()
if [ "$(platform)" = linux-amd64 ]; then
  demos=(Ada hibernate jooq plugin events)
  programs=(pg-hello-example-{quickstart,hibernate,jooq,plugin,events})
fi
[ "${#programs[@]}" = 0 ] || compile_modules "$DEFAULT_MAJOR" "${programs[@]}"
# redirect from the former page of charts
printf '<!doctype html><meta charset="utf-8"><title>Benchmarks</title><meta http-equiv="refresh" content="0; url=docs/pg-hello/benchmarks.html"><a href="docs/pg-hello/benchmarks.html">Benchmarks</a>\n' \
  >"$SITE/benchmarks.html"
say "Running the demos"
{
  cat <<'END'
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>pg-hello: demos</title>
<link rel="icon" href="data:,">
<style>
  body { margin: 0 auto; max-width: 70rem; padding: 1rem; font: 16px/1.5 system-ui, sans-serif; color: #3c3c43; background: #fff; }
  a { color: #3451b2; }
  pre { overflow-x: auto; padding: 1rem; border-radius: 8px; font-size: 14px; color: #dfdfd6; background: #1b1b1f; }
  @media (prefers-color-scheme: dark) {
    body { color: #dfdfd6; background: #202127; }
    a { color: #a8b1ff; }
  }
</style>
<main>
<h1>Demos</h1>
<p>The output of the demos, from the build of this site. Run <code>./dev help</code> in a clone for a list of demos, and read
<a href="docs/">the pages</a> for explanations.</p>
END
  for demo in "${demos[@]}"; do
    "$ROOT/dev" demo "$demo" >"$work/$demo.txt" 2>"$work/log" || {
      cat "$work/log" >&2
      die "the demo $demo failed"
    }
    printf '<h2>./dev demo %s</h2>\n<pre>' "$demo"
    sed 's/&/\&amp;/g; s/</\&lt;/g' "$work/$demo.txt"
    printf '</pre>\n'
  done
  printf '</main>\n'
} >"$SITE/demos.html"

if [ -n "$check" ]; then
  PG_HELLO_CHROMIUM=$(command -v chromium) node "$work/.vitepress/check.mjs"
fi
printf '%s\n' "$SITE"
[ -z "$serve" ] || exec node "$work/.vitepress/serve.mjs" "$((10#$port))"
