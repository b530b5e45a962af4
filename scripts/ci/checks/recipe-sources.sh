#!/usr/bin/env bash
# A step of ./dev test --all: builds a recipe for PostgreSQL 19 without a binary package, from a signed local repository with the source
# package, and runs the extension's regression tests on a server of 19. Without the source, or with changed files, there is no library.
# Usage: recipe-sources.sh SCRATCH [RECIPE UPSTREAM_ARCHIVE], the archive named SOURCE_VERSION.orig.tar.gz. Default: Debian's semver for 17.
# SPDX-License-Identifier: MIT
PROGRAM=recipe-sources.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../lib.sh"
# shellcheck source=scripts/debian.sh
. "$ROOT/scripts/debian.sh"
# shellcheck source=scripts/cross.sh
. "$ROOT/scripts/cross.sh"

MAJOR=19
mkdir -p "$1"
WORK=$(realpath "$1") NAME=${2-semver} ARCHIVE=${3-}
if [ "$(platform)" != linux-amd64 ] || ! command -v apt-get >/dev/null; then
  echo 'skipped: needs linux-amd64, and the apt and dpkg of Debian'
  exit 77
fi
[ -n "$ARCHIVE" ] || ARCHIVE=$(compgen -G "$("$ROOT/scripts/packages.sh" --source 17 postgresql-17-semver)/*/*.orig.tar.gz") || {
  echo 'skipped: the suite trixie has no source of semver'
  exit 77
}
need gpg gnupg dpkg-source dpkg-dev patch patch
export GNUPGHOME=$WORK/gpg
trap 'gpgconf --kill all' EXIT
mkdir -m 700 "$GNUPGHOME"

# The source package, with the files that dpkg-source needs.
archive=${ARCHIVE##*/} source=${archive%_*} version=$(file_version "$ARCHIVE") binary=postgresql-$((MAJOR - 1))-$(property "$NAME" package)
repository=$WORK/debian
mkdir -p "$repository"/pool "$WORK/source/debian/source"
cp "$ARCHIVE" "$repository/pool"
tar -xf "$ARCHIVE" -C "$WORK/source" --strip-components=1
echo '3.0 (quilt)' >"$WORK/source/debian/source/format"
printf 'Source: %s\nMaintainer: Test <test@example.com>\n\nPackage: %s\nArchitecture: any\nDescription: test\n' "$source" "$binary" >"$WORK/source/debian/control"
printf '%s (%s-1) sid; urgency=low\n\n  * Test.\n\n -- Test <test@example.com>  %s\n' "$source" "$version" "$(LC_ALL=C date -R)" >"$WORK/source/debian/changelog"
echo 'Licence: PostgreSQL: for any purpose, without fee, and without a written agreement' >"$WORK/source/debian/copyright"
(cd "$repository/pool" && dpkg-source -b "$WORK/source" >/dev/null)

# publish: writes and signs the index, with one suite that has the source, and one that has none.
publish() {
  local dsc suite index sum
  dsc=$(compgen -G "$repository/pool/*.dsc")
  for suite in experimental sid; do
    index=$repository/dists/$suite/main/source/Sources
    mkdir -p "${index%/*}"
    : >"$index"
    [ "$suite" != sid ] || {
      sed 's/^Source: /Package: /' "$dsc"
      printf 'Directory: pool\n'
    } | sed -e "/^Checksums-Sha256:/a \ $(sha256sum "$dsc" | cut -d' ' -f1) $(stat -c %s "$dsc") ${dsc##*/}" \
      -e "/^Checksums-Sha1:/a \ $(sha1sum "$dsc" | cut -d' ' -f1) $(stat -c %s "$dsc") ${dsc##*/}" \
      -e "/^Files:/a \ $(md5sum "$dsc" | cut -d' ' -f1) $(stat -c %s "$dsc") ${dsc##*/}" >"$index"
    sum=$(sha256sum "$index" | cut -d' ' -f1)
    printf 'Origin: Test\nSuite: %s\nCodename: %s\nDate: %s\nComponents: main\nSHA256:\n %s %s main/source/Sources\n' "$suite" "$suite" \
      "$(LC_ALL=C date -Ru | sed 's/+0000/UTC/')" "$sum" "$(stat -c %s "$index")" |
      gpg -q --batch --yes --clearsign -o "$repository/dists/$suite/InRelease"
  done
}
gpg -q --batch --passphrase '' --quick-generate-key test@example.com rsa2048 sign never
gpg -q --batch --armor --export >"$WORK/key.asc"
publish

# Only the source comes from this repository: the packages of the C library have been fetched before, and the other directories of the cache
# are shared.
libc=$("$ROOT/scripts/packages.sh" $MAJOR libc6:amd64 libc6:arm64)
cache=$WORK/cache
mkdir -m 700 "$cache"
mkdir "$cache/packages" "$WORK/parts"
cp -a "$libc" "$cache/packages"
find "$CACHE" -mindepth 1 -maxdepth 1 -type d ! -name packages -exec ln -s -t "$cache" {} +
copy_tree "$WORK/tree"
printf 'Types: deb\nURIs: copy://%s\nSuites: sid\nComponents: main\nSigned-By: %s/key.asc\n' "$repository" "$WORK" >"$WORK/parts/test.sources"
printf 'Dir::Etc::SourceParts "%s/parts";\nDir::Etc::SourceList "/dev/null";\n' "$WORK" >"$WORK/apt.conf"

# build: runs recipes.sh with this repository.
build() {
  find "$cache/packages" -mindepth 1 -maxdepth 1 ! -name "${libc##*/}" -exec rm -rf {} +
  APT_CONFIG=$WORK/apt.conf PG_EXTENSION_CACHE=$cache "$WORK/tree/scripts/recipes.sh" $MAJOR "$NAME"
}

archive=$repository/pool/${ARCHIVE##*/}
mv "$archive" "$WORK/archive"
{ cat "$WORK/archive" && echo; } >"$archive"
status=0
build >"$WORK/out" 2>&1 || status=$?
{ [ $status = 77 ] && grep -q "the suite experimental has no source of $binary" "$WORK/out"; } || die "a source with another hash than in the index: status $status, $(cat "$WORK/out")"
echo 'a source with another hash than in the index is rejected'
mv "$WORK/archive" "$archive"

build
built=$WORK/tree/any-extension/recipes/$NAME/build
folder=$built/$(property "$NAME" extension)
grep -qx "Source: $source Version: $version-1 Major: $MAJOR File: ${source}_$version-1.dsc sha256=[0-9a-f]*" "$folder/PACKAGES" ||
  die "PACKAGES does not have the source: $(cat "$folder/PACKAGES")"
cmp "$WORK/source/debian/copyright" "$folder/copyright"
grep -qx "majors = $MAJOR" "$built"/*.properties || die "the descriptor does not have the major"
for platform in linux-amd64:x86-64 linux-arm64:AArch64; do
  library=$(compgen -G "$folder/${platform%:*}/$MAJOR/*.so") || die "there is no library for ${platform%:*}"
  readelf -h "$library" | grep -qi "machine: .*${platform#*:}" || die "$library is not for ${platform%:*}"
done
"$ROOT/scripts/regress.sh" --platform linux-amd64 --extension "$WORK/source" "$folder/share/$MAJOR" "$(compgen -G "$folder/linux-amd64/$MAJOR/*.so")" $MAJOR
