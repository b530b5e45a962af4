#!/usr/bin/env bash
# ./dev release: see --help.
# SPDX-License-Identifier: MIT
PROGRAM='dev release'
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

STAGE=$ROOT/target/release

usage() {
  cat <<TEXT
Usage: ./dev release --dry-run [--recipes=NAME,...] [VERSION]
       ./dev release --sign

Stage a release in target/release: a Maven repository, the bundle to upload to Maven Central, the
program pghello as one jar, and notes. Nothing is published. Check the licences of all dependencies,
and that the public API breaks no code that uses the release before it in CHANGELOG.md. Sign every
file with a temporary key. Then check the bundle (scripts/bundle.sh): the rules of Maven Central, and
five projects that are tested with an empty Maven repository, on JDK 17 and 25, if they are
installed. Takes 10 to 25 minutes.

  --dry-run   Required, because nothing is published yet.
  --recipes   Recipes to stage: names separated by commas, to build from the packages of Debian's
              current suites; built, for the recipes that scripts/recipes.sh has built in this tree;
              or none. Default: pgvector,postgis.
  --sign      Sign the artifacts in target/release again, with the secret key in
              PG_HELLO_SIGNING_KEY: the output of gpg --armor --export-secret-keys, without a
              passphrase, and write the bundle again. Nothing is built. Uncommitted changes, or a
              changelog without the version, are errors.
  VERSION     The version to stage. Default: the version in pom.xml without -SNAPSHOT
  -h, --help  Show this text.

PG_HELLO_SIGNING_KEY must not be set for --dry-run: every plugin and test of the build could read it.
Sign on a machine on which nothing was built, after copying the directory target/release to it.
TEXT
}

dry_run='' sign='' recipes='' versions=()
for argument in "$@"; do
  case $argument in
    -h | --help) usage && exit ;;
    --dry-run) dry_run=1 ;;
    --sign) sign=1 ;;
    --recipes=?*) recipes=${argument#*=} ;;
    -*) misuse "release accepts --dry-run, --recipes=NAME,... and a version, or --sign, but got: $argument" ;;
    *) versions+=("$argument") ;;
  esac
done
[ ${#versions[@]} -le 1 ] || misuse "release accepts one version, but got: ${versions[*]}"
[ -z "$sign" ] || [ -z "$dry_run$recipes${versions[*]-}" ] || misuse "release --sign accepts no further arguments"
version=$(project_version)
version=${versions[0]-${version%-SNAPSHOT}}
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[A-Za-z0-9.]+)?$ && $version != *-SNAPSHOT ]] ||
  misuse "the version must have the form 1.2.3 or 1.2.3-rc.1, without -SNAPSHOT, but is $version"
[ -n "$dry_run$sign" ] || misuse "release needs --dry-run, because nothing is published yet"
if [ -n "$sign" ]; then
  [ -n "${PG_HELLO_SIGNING_KEY-}" ] || misuse "release --sign needs a secret key in PG_HELLO_SIGNING_KEY"
else
  [ -z "${PG_HELLO_SIGNING_KEY-}" ] ||
    misuse "PG_HELLO_SIGNING_KEY is set, and the build could read it. First run release --dry-run without it, then release --sign"
fi

# wrong WORD...: reports a problem that Maven Central or a user would not accept.
faults=0
wrong() {
  say "$*"
  faults=$((faults + 1))
}

# stage_program: stages the program pghello, which is not an artifact of Maven Central, with its bill of materials and checksum.
stage_program() {
  local jar=pghello-$version.jar
  cp "$copy/tools/pghello/target/pg-hello-cli-$version-all.jar" "$STAGE/$jar"
  cp "$copy/tools/pghello/target/bom.json" "$STAGE/pghello-$version-cyclonedx.json"
  (cd "$STAGE" && sha256sum "$jar" >"$jar.sha256")
}

# stage_notes: stages the notes of the release: the section of the version in the changelog, or the unreleased changes.
stage_notes() {
  local heading=$version
  grep -qF "## $version" "$ROOT/CHANGELOG.md" || heading=Unreleased
  awk -v heading="## $heading" '/^## / { inside = $0 == heading || index($0, heading " ") == 1; next } inside' "$ROOT/CHANGELOG.md" >"$STAGE/NOTES.md"
  grep -q . "$STAGE/NOTES.md" || wrong "CHANGELOG.md has no section $heading"
}

# stage_recipes NAMES: stages recipes: names separated by commas, built, or none.
stage_recipes() {
  local names=() folder=$copy/any-extension/recipes
  case $1 in
    none) ;;
    built)
      folder=$ROOT/any-extension/recipes
      mapfile -t names < <(cd "$folder" && compgen -G '*/build/*.properties' | cut -d/ -f1 | sort -u)
      [ ${#names[@]} -gt 0 ] || die "no recipe is built in this tree. Remedy: run scripts/recipes.sh"
      ;;
    *)
      IFS=, read -ra names <<<"$1"
      "$copy/scripts/recipes.sh" "${names[@]}" >&2 || die "the recipes cannot be built. Remedy: add --recipes=none to stage a release without recipes"
      ;;
  esac
  "$(java_home)/bin/java" "${START_FAST[@]}" "$ROOT/scripts/RecipeArtifacts.java" "$STAGE" \
    "$STAGE/io/github/pg-hello/pg-extension-installer/$version/pg-extension-installer-$version.jar" \
    "$(pom_property project.build.outputTimestamp)" "$folder" "$DEFAULT_MAJOR" "${names[@]}" >&2
}

# unready WORD...: reports a reason not to release. A dry run only prints it.
unready() {
  if [ -n "$sign" ]; then
    wrong "$*"
  else
    say "Note: $*"
  fi
}

# sign_set: signs every staged file with the key in GNUPGHOME, verifies each signature, and writes the bundle for Maven Central.
sign_set() {
  local file
  find "$STAGE" \( -name '*.asc*' -o -name '*-bundle.zip' \) -delete
  while IFS= read -r -d '' file; do
    if ! { gpg --batch --quiet --pinentry-mode error --armor --detach-sign --output "$file.asc" "$file" &&
      gpg --batch --quiet --verify "$file.asc" "$file"; } 2>>"$SCRATCH/log"; then
      wrong "${file##*/} cannot be signed"
    fi
  done < <(find "$STAGE" -type f ! -name '*.md5' ! -name '*.sha1' ! -name '*.sha256' ! -name '*.sha512' ! -name 'maven-metadata*' -print0)
  (cd "$STAGE" && find io -type f ! -name 'maven-metadata*' | LC_ALL=C sort | zip -qX -@ "$bundle")
}

# previous_release: prints the release that the changelog lists before this version, or the newest one if it does not list this version.
previous_release() {
  sed -nE 's/^## ([0-9]+\.[0-9]+\.[0-9]+)(-[A-Za-z0-9.]+)?( .*)?$/\1\2/p' "$ROOT/CHANGELOG.md" |
    awk -v version="$version" '$0 == version { release = ""; next } !/-/ && release == "" { release = $0 } END { print release }'
}

# compare_apis: compares the public API of each staged jar with the release that the changelog lists before this one.
compare_apis() {
  local previous pom name compared=0
  previous=$(previous_release)
  if [ -z "$previous" ]; then
    say "Note: CHANGELOG.md lists no earlier release, so the API is not compared"
    return
  fi
  for pom in "${poms[@]}"; do
    name=${pom##*/}
    name=${name%"-$version.pom"}
    if [ ! -e "${pom%.pom}.jar" ] || ! contains "$name" "${PUBLISHED[@]}"; then
      continue
    elif maven -q -B -ntp -f "$copy/pom.xml" -N "$(plugin dependency copy)" "-Dartifact=io.github.pg-hello:$name:$previous" \
      "-DoutputDirectory=$SCRATCH/previous" >"$SCRATCH/log" 2>&1; then
      compared=$((compared + 1))
      "$ROOT/scripts/api-changes.sh" "$SCRATCH/previous/$name-$previous.jar" "${pom%.pom}.jar" >&2 || wrong "$name breaks code that uses $previous"
    elif grep -q "Could not find artifact io.github.pg-hello:$name:" "$SCRATCH/log"; then
      say "Note: there is no $name $previous, so its API is not compared"
    else
      cat "$SCRATCH/log" >&2
      wrong "$name $previous cannot be downloaded"
    fi
  done
  [ "$compared" != 0 ] || wrong "no artifact of $previous, which CHANGELOG.md lists, can be downloaded, so no API is compared"
}

# key_home: creates a directory for the key in SCRATCH. Only commands after this call use the directory.
key_home() {
  export GNUPGHOME=$SCRATCH/gnupg
  trap 'trap "" HUP INT TERM; gpgconf --kill all; drop_scratch' EXIT
  mkdir -m 700 "$GNUPGHOME"
}

if [ -n "$sign" ]; then
  need gpg gnupg zip zip
  mapfile -t boms < <(find "$STAGE" -name 'pg-hello-bom-*.pom' 2>/dev/null)
  [ ${#boms[@]} = 1 ] || die "target/release contains no staged release; run ./dev release --dry-run, or copy a staged release into it"
  version=${boms[0]##*/pg-hello-bom-}
  version=${version%.pom}
fi
[ -z "$(git -C "$ROOT" status --porcelain 2>/dev/null)" ] || unready "the tree has changes that are not committed"
bundle=$STAGE/pg-hello-$version-bundle.zip
grep -qF "## $version" "$ROOT/CHANGELOG.md" || unready "CHANGELOG.md has no heading $version"
new_scratch
if [ -n "$sign" ]; then
  key_home
  # The import of a public key succeeds as well, so sign a test.
  if ! { gpg --batch --quiet --import <<<"$PG_HELLO_SIGNING_KEY" &&
    gpg --batch --quiet --pinentry-mode error --detach-sign <<<"a test" >"$SCRATCH/signature"; } 2>"$SCRATCH/log"; then
    cat "$SCRATCH/log" >&2
    die "PG_HELLO_SIGNING_KEY is not a secret key, or the key needs a passphrase"
  fi
  sign_set
  [ "$faults" = 0 ] || die "$faults problems found; version $version cannot be released"
  say "Every file of version $version is signed"
  printf '%s\n' "$STAGE"
  exit
fi

need gpg gnupg jq jq zip zip
# Build in a copy of the tree, because the POMs may need another version.
copy=$SCRATCH/tree
mkdir -m 700 "$copy"
"$ROOT/scripts/native.sh" --all-platforms
tar -C "$ROOT" --exclude=./.git --exclude=target --exclude='./any-extension/recipes/*/build' -c . | tar -C "$copy" -x
find "$copy" -name pom.xml -exec sed -i "s:<version>$(project_version)</version>:<version>$version</version>:" {} +
rm -rf "$STAGE"
say "Building $version (a minute or two)"
plugin() { printf 'org.apache.maven.plugins:maven-%s-plugin:%s:%s' "$1" "$(pom_property "maven-$1-plugin.version")" "$2"; }
# The BOM has no parent, so the plugins and the time of the build are set here.
maven -q -B -ntp -f "$copy/pom.xml" '-Prelease,!checks' -pl "$(module_list pg-hello-parent "${PUBLISHED[@]}" pg-hello-cli)" -Dmaven.test.skip=true \
  "-DaltDeploymentRepository=staged::file://$STAGE" "-Dproject.build.outputTimestamp=$(pom_property project.build.outputTimestamp)" -DoutputFormat=json -Dcyclonedx.skipNotDeployed=false package \
  "org.cyclonedx:cyclonedx-maven-plugin:$(pom_property cyclonedx-maven-plugin.version):makeBom" "$(plugin deploy deploy)" >&2
stage_program
stage_notes
stage_recipes "${recipes:-pgvector,postgis}"
mapfile -t poms < <(find "$STAGE" -name '*.pom' | sort)
[ ${#poms[@]} -gt ${#PUBLISHED[@]} ] || die "only ${#poms[@]} artifacts are staged"
compare_apis
"$ROOT/scripts/ci/licences.sh" "$STAGE" >&2 || faults=$((faults + 1))

# Creates the key only after everything was built, and removes it before the projects are built.
key_home
gpg --batch --quiet --passphrase '' --quick-generate-key 'pg-hello dry run <dry-run@pg-hello.invalid>' default default 1d 2>"$SCRATCH/log"
sign_set
gpgconf --kill all
rm -rf "$GNUPGHOME"
[ "$faults" = 0 ] || die "$faults problems found; version $version cannot be released"
"$ROOT/scripts/bundle.sh" "$bundle" "$version" >&2 || die "version $version cannot be released"
say "${#poms[@]} artifacts of version $version passed all checks, and projects build with them"
printf '%s\n' "$STAGE"
