#!/usr/bin/env bash
# ./dev release: see --help.
# SPDX-License-Identifier: MIT
PROGRAM='dev release'
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

STAGE=$ROOT/target/release

usage() {
  cat <<TEXT
Usage: ./dev release --dry-run [VERSION]
       ./dev release --sign

Stage a release in target/release, which is a Maven repository. Nothing is published. Check the
requirements of Maven Central and the licences of all dependencies. Build projects from the staged
artifacts on JDK 17 and 25, if they are installed. Then sign every file with a temporary key.

  --dry-run   Required, because nothing is published yet.
  --sign      Sign the artifacts in target/release again, with the secret key in
              PG_HELLO_SIGNING_KEY: the output of gpg --armor --export-secret-keys, without a
              passphrase. Nothing is built. Uncommitted changes, or a changelog without the version,
              are errors.
  VERSION     The version to stage. Default: the version in pom.xml without -SNAPSHOT
  -h, --help  Show this text.

PG_HELLO_SIGNING_KEY must not be set for --dry-run: every plugin and test of the build could read it.
Sign on a machine on which nothing was built, after copying the directory target/release to it.
TEXT
}

dry_run='' sign='' versions=()
for argument in "$@"; do
  case $argument in
    -h | --help) usage && exit ;;
    --dry-run) dry_run=1 ;;
    --sign) sign=1 ;;
    -*) misuse "release accepts --dry-run and a version, or --sign, but got: $argument" ;;
    *) versions+=("$argument") ;;
  esac
done
[ ${#versions[@]} -le 1 ] || misuse "release accepts one version, but got: ${versions[*]}"
[ -z "$sign" ] || [ -z "$dry_run${versions[*]-}" ] || misuse "release --sign accepts no further arguments"
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

# of_one_artifact POM: checks the files of an artifact.
of_one_artifact() {
  local pom=$1 stem=${1%.pom} element part file elements=(name description)
  files=("$pom")
  grep -q '^  <parent>' "$pom" || elements+=(url licenses developers scm)
  for element in "${elements[@]}"; do
    grep -q "^  <$element>" "$pom" || wrong "${pom##*/} has no $element"
  done
  ! grep -q SNAPSHOT "$pom" || wrong "${pom##*/} names a snapshot"
  if ! grep -q '<packaging>pom</packaging>' "$pom"; then
    for part in .jar -sources.jar -javadoc.jar; do
      file=$stem$part
      files+=("$file")
      grep -qvE '^META-INF/(MANIFEST|$)' < <(unzip -Z1 "$file" 2>>"$SCRATCH/log") || wrong "${file##*/} is missing or empty"
    done
    files+=("$stem-cyclonedx.json")
  fi
  for file in "${files[@]}"; do
    for part in md5 sha1; do
      [ "$("${part}sum" <"$file" | cut -d ' ' -f 1)" = "$(cat "$file.$part")" ] || wrong "the $part of ${file##*/} is wrong"
    done
  done
}

# unready WORD...: reports a reason not to release. A dry run only prints it.
unready() {
  if [ -n "$sign" ]; then
    wrong "$*"
  else
    say "Note: $*"
  fi
}

# sign_set: signs every staged file with the key in GNUPGHOME, and verifies each signature.
sign_set() {
  local file
  find "$STAGE" -name '*.asc*' -delete
  while IFS= read -r -d '' file; do
    if ! { gpg --batch --quiet --pinentry-mode error --armor --detach-sign --output "$file.asc" "$file" &&
      gpg --batch --quiet --verify "$file.asc" "$file"; } 2>>"$SCRATCH/log"; then
      wrong "${file##*/} cannot be signed"
    fi
  done < <(find "$STAGE" -type f ! -name '*.md5' ! -name '*.sha1' ! -name '*.sha256' ! -name '*.sha512' ! -name 'maven-metadata*' -print0)
}

# key_home: creates a directory for the key in SCRATCH. Only commands after this call use the directory.
key_home() {
  export GNUPGHOME=$SCRATCH/gnupg
  trap 'trap "" HUP INT TERM; gpgconf --kill all; drop_scratch' EXIT
  mkdir -m 700 "$GNUPGHOME"
}

if [ -n "$sign" ]; then
  need gpg gnupg
  mapfile -t boms < <(find "$STAGE" -name 'pg-hello-bom-*.pom' 2>/dev/null)
  [ ${#boms[@]} = 1 ] || die "target/release contains no staged release; run ./dev release --dry-run, or copy a staged release into it"
  version=${boms[0]##*/pg-hello-bom-}
  version=${version%.pom}
fi
[ -z "$(git -C "$ROOT" status --porcelain 2>/dev/null)" ] || unready "the tree has changes that are not committed"
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

need gpg gnupg jq jq unzip unzip
# Build in a copy of the tree, because the POMs may need another version.
copy=$SCRATCH/tree
mkdir -m 700 "$copy"
"$ROOT/scripts/native.sh" --all-platforms
tar -C "$ROOT" --exclude=./.git --exclude=target -c . | tar -C "$copy" -x
find "$copy" -name pom.xml -exec sed -i "s:<version>$(project_version)</version>:<version>$version</version>:" {} +
rm -rf "$STAGE"
say "Building $version (a minute or two)"
plugin() { printf 'org.apache.maven.plugins:maven-%s-plugin:%s:%s' "$1" "$(pom_property "maven-$1-plugin.version")" "$2"; }
# The BOM has no parent, so the plugins are listed here.
maven -q -B -ntp -f "$copy/pom.xml" '-Prelease,!checks' -pl "$(module_list pg-hello-parent "${PUBLISHED[@]}")" -Dmaven.test.skip=true \
  "-DaltDeploymentRepository=staged::file://$STAGE" -DoutputFormat=json package \
  "org.cyclonedx:cyclonedx-maven-plugin:$(pom_property cyclonedx-maven-plugin.version):makeBom" "$(plugin deploy deploy)" >&2
mapfile -t poms < <(find "$STAGE" -name '*.pom' | sort)
[ ${#poms[@]} -gt ${#PUBLISHED[@]} ] || die "only ${#poms[@]} artifacts are staged"
for pom in "${poms[@]}"; do
  of_one_artifact "$pom"
done
"$ROOT/scripts/ci/licences.sh" "$STAGE" >&2 || faults=$((faults + 1))

# Contains only the staged artifacts of this project.
foreign_repository "$SCRATCH/repository"
cat >"$SCRATCH/settings.xml" <<XML
<settings><profiles><profile><id>staged</id><repositories><repository><id>staged</id><url>file://$STAGE</url></repository></repositories></profile></profiles>
<activeProfiles><activeProfile>staged</activeProfile></activeProfiles></settings>
XML
foreign() {
  JAVA_HOME=$1 maven -q -B -ntp -llr -s "$SCRATCH/settings.xml" -Dmaven.repo.local="$SCRATCH/repository" "${@:2}" >"$SCRATCH/log" 2>&1 ||
    { cat "$SCRATCH/log" >&2; wrong "a project does not build on $1: ${*:2}"; }
}
mkdir "$SCRATCH/project" && cp -r "$ROOT"/examples/first-test/{pom.xml,src} "$SCRATCH/project"
sed -i "s:$(project_version):$version:" "$SCRATCH/project/pom.xml"
{
  printf '<project><modelVersion>4.0.0</modelVersion><groupId>com.example</groupId><artifactId>all</artifactId><version>1</version><dependencies>\n'
  printf '%s\n' "${poms[@]}" | sed -nE "/pg-hello-(bom|parent)/!s|.*/([^/]*)/[^/]*/[^/]*|<dependency><groupId>io.github.pg-hello</groupId><artifactId>\1</artifactId><version>$version</version></dependency>|p"
  printf '</dependencies></project>\n'
} >"$SCRATCH/all.xml"
foreign "$(java_home)" -f "$SCRATCH/all.xml" "$(plugin dependency resolve)"
homes=$(find_jdk 17 17 || true; echo; find_jdk 25 || true)
[ -n "$homes" ] || homes=$(java_home)
for home in $homes; do
  say "Building a project with JDK $(jdk_version "$home")"
  foreign "$home" -f "$SCRATCH/project/pom.xml" test
done

# Creates the key only after everything was built.
key_home
gpg --batch --quiet --passphrase '' --quick-generate-key 'pg-hello dry run <dry-run@pg-hello.invalid>' default default 1d 2>"$SCRATCH/log"
sign_set
[ "$faults" = 0 ] || die "$faults problems found; version $version cannot be released"
say "${#poms[@]} artifacts of version $version passed all checks, and projects build with them"
printf '%s\n' "$STAGE"
