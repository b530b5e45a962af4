#!/usr/bin/env bash
# Tests ./dev release --sign in a separate tree, with a test set of artifacts and a test key, and the comparison of APIs.
# SPDX-License-Identifier: MIT
PROGRAM=release-test
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

need gpg gnupg unzip unzip
new_scratch
trap 'trap "" HUP INT TERM; GNUPGHOME=$SCRATCH/own gpgconf --kill all; drop_scratch' EXIT
tree=$SCRATCH/tree
bom=$tree/target/release/io/github/pg-hello/pg-hello-bom/1.2.3
mkdir -p "$bom"
mkdir -m 700 "$SCRATCH/own"
tar -C "$ROOT" -c dev scripts pom.xml | tar -C "$tree" -x
printf '## 1.2.3\n' >"$tree/CHANGELOG.md"

# signs STATUS WORDS: ./dev release --sign must exit with this status and these words in the last line of standard error.
signs() {
  local status=0
  PG_HELLO_SIGNING_KEY=$key "$tree/dev" release --sign >"$SCRATCH/out" 2>"$SCRATCH/err" </dev/null || status=$?
  [ "$status" = "$1" ] && tail -1 "$SCRATCH/err" | grep -qF -- "$2" && return
  cat "$SCRATCH/out" "$SCRATCH/err" >&2
  die "release --sign ended with $status, not with $1 and: $2"
}

key=none
signs 1 'target/release contains no staged release'
for file in pom jar jar.sha1 jar.asc; do
  echo "$file" >"$bom/pg-hello-bom-1.2.3.$file"
done
program=$tree/target/release/pghello-1.2.3.jar
echo jar >"$program"
signs 1 'PG_HELLO_SIGNING_KEY is not a secret key'
export GNUPGHOME=$SCRATCH/own
gpg --batch --quiet --passphrase '' --quick-generate-key 'a test <test@pg-hello.invalid>' default default 1d 2>/dev/null
key=$(gpg --batch --armor --export-secret-keys)
signs 0 'Every file of version 1.2.3 is signed'
for file in pom jar; do
  gpg --batch --quiet --verify "$bom/pg-hello-bom-1.2.3.$file.asc" "$bom/pg-hello-bom-1.2.3.$file" 2>/dev/null || die "the $file is not signed by the key"
done
gpg --batch --quiet --verify "$program.asc" "$program" 2>/dev/null || die "the program is not signed by the key"
unzip -Z1 "$tree/target/release/pg-hello-1.2.3-bundle.zip" >"$SCRATCH/bundle"
[ "$(grep -cE '/pg-hello-bom-1\.2\.3\.(pom|jar|pom\.asc|jar\.asc|jar\.sha1)$' "$SCRATCH/bundle") $(wc -l <"$SCRATCH/bundle")" = '5 5' ] ||
  die "the bundle contains $(<"$SCRATCH/bundle")"
[ ! -e "$bom/pg-hello-bom-1.2.3.jar.sha1.asc" ] || die "a checksum is signed"
printf '## 1.2.2\n' >"$tree/CHANGELOG.md"
signs 1 '1 problems found; version 1.2.3 cannot be released'

# precedes VERSION EXPECTED HEADING...: the API of the version is compared with the expected release of a changelog with these headings.
precedes() {
  local found ROOT=$tree version=$1
  printf '## %s\n' "${@:3}" >"$tree/CHANGELOG.md"
  found=$(previous_release)
  [ "$found" = "$2" ] || die "the release before $1 is $found, not $2"
}
eval "$(sed -n '/^previous_release() {$/,/^}$/p' "$ROOT/scripts/release.sh")"
precedes 1.0.1 1.0.0 Unreleased '1.1.0 (2026-12-01)' 1.0.1 1.0.0
precedes 1.2.0 1.1.0 Unreleased '1.1.0 (2026-12-01)' 1.0.1 1.0.0
precedes 1.0.0-rc.2 0.9.0 1.0.0-rc.2 1.0.0-rc.1 0.9.0
precedes 1.0.0 '' 1.0.0

# jar NAME SOURCE: compiles a public class and a class in an internal package, which is different in each jar.
jar() {
  mkdir -p "$SCRATCH/$1/classes"
  echo "package p; public class A { $2 }" >"$SCRATCH/$1/A.java"
  echo "package p.internal; public class I { public void of_$1() {} }" >"$SCRATCH/$1/I.java"
  "$(java_home)/bin/javac" -d "$SCRATCH/$1/classes" "$SCRATCH/$1"/*.java
  "$(java_home)/bin/jar" -c -f "$SCRATCH/$1.jar" -C "$SCRATCH/$1/classes" .
}
jar earlier 'public void stays() {}'
jar later 'public void stays() {} public void added() {}'
"$ROOT/scripts/api-changes.sh" "$SCRATCH/earlier.jar" "$SCRATCH/later.jar" || die "an added method breaks no code"
! "$ROOT/scripts/api-changes.sh" "$SCRATCH/later.jar" "$SCRATCH/earlier.jar" >"$SCRATCH/out" || die "a removed method is not found"
if ! grep -q 'REMOVED METHOD: .* added()' "$SCRATCH/out" || grep -q of_later "$SCRATCH/out"; then
  die "the changes of the API are $(<"$SCRATCH/out")"
fi
