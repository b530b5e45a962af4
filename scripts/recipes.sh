#!/usr/bin/env bash
# recipes.sh [MAJOR...] [NAME...]: creates the contents of the jar of any-extension/recipes/NAME in its directory build, from
# Debian's packages for these majors (default: all) and all platforms. Exits with 77 if there are none. A suite has only the
# current version of a package. Therefore a recipe contains only the package's name, apt verifies the download, and PACKAGES in
# the jar lists versions and hashes. With --page, the table in docs/extensions.md is generated from the result.
# SPDX-License-Identifier: MIT
PROGRAM=recipes.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

PLATFORMS=(amd64 arm64)
# Packages of the GNU C library needed by the server and by libraries of extensions.
LIBC='ld-linux-* libc.so.6 libm.so.6 libmvec.so.1 libdl.so.2 libpthread.so.0 librt.so.1 libresolv.so.2 libutil.so.1'

# page: prints a row for each recipe, with its version for each major.
page() {
  local file=$ROOT/docs/extensions.md recipe version major
  {
    sed '/^<!-- recipes -->$/q' "$file"
    printf '| recipe | extension |%s licence | what it is for |\n|---|---|%s---|---|\n' "$(printf ' %s |' "${MAJORS[@]}")" "$(printf -- '---|%.0s' "${MAJORS[@]}")"
    for recipe in "$ROOT"/any-extension/recipes/*/test.sql; do
      recipe=$(basename "$(dirname "$recipe")")
      # shellcheck disable=SC2016
      printf '| [%s](../any-extension/recipes/%s) | `%s` |' "$recipe" "$recipe" "$(property "$recipe" extension)"
      for major in "${MAJORS[@]}"; do
        version=$(sed -n "s/^Package: postgresql-$major-[^ ]* Version: \([0-9]*:\)\?\([^ ]*\)-[^ -]* .*/\2/p" \
          "$ROOT/any-extension/recipes/$recipe"/build/*/PACKAGES | head -n 1)
        printf ' %s |' "${version:-–}"
      done
      printf ' %s | %s |\n' "$(property "$recipe" licence)" "$(property "$recipe" description | sed 's/.*: //')"
    done
    sed -n '/^<!-- recipes -->$/,$ { /^<!-- end -->$/,$ p }' "$file"
  } >"$file.new"
  mv "$file.new" "$file"
}

# property NAME KEY: prints a property of a recipe's POM.
property() { sed -n "s:.*<$2>\(.*\)</$2>.*:\1:p" "$ROOT/any-extension/recipes/$1/pom.xml"; }

case ${1-} in
  --page)
    page
    exit
    ;;
  -h | --help)
    cat <<TEXT
Usage: scripts/recipes.sh [MAJOR...] [NAME...]
Lays out the jars of any-extension/recipes/NAME, out of Debian's packages for these majors. Default: ${MAJORS[*]}, and all recipes:
$(cd "$ROOT/extensions" && printf '%s\n' */test.sql | cut -d/ -f1 | paste -sd ' ' | fold -s -w 100)
TEXT
    exit
    ;;
esac

majors=() names=()
for argument in "$@"; do
  if [[ $argument =~ ^[0-9]+$ ]]; then
    known_major "$argument"
    majors+=("$argument")
  else
    [ -e "$ROOT/any-extension/recipes/$argument/test.sql" ] || misuse "no recipe any-extension/recipes/$argument"
    names+=("$argument")
  fi
done
[ ${#majors[@]} -gt 0 ] || majors=("${MAJORS[@]}")
if [ ${#names[@]} = 0 ]; then
  mapfile -t names < <(cd "$ROOT/extensions" && printf '%s\n' */test.sql | cut -d/ -f1)
fi
command -v dpkg-deb >/dev/null || {
  say 'skipped: recipes need apt and dpkg, as Debian has them'
  exit 77
}

# for_platforms PACKAGE: prints its name for each platform.
for_platforms() { printf "$1:%s\n" "${PLATFORMS[@]}"; }

# record PACKAGE FOLDER [LICENCE]: records its version and its licence, by default from the file copyright.
record() {
  mkdir -p "$2"
  printf '%s sha256=%s\n' "$(dpkg-deb -f "$1" Package Version Architecture Source | tr '\n' ' ')" "$(sha256sum "$1" | cut -d' ' -f1)" \
    >>"$2/PACKAGES"
  cp "$tmp"/x/usr/share/doc/*/copyright "$2/${3-copyright}"
}

# unpack PACKAGE: into $tmp/x.
unpack() {
  rm -rf "$tmp/x"
  dpkg-deb -x "$1" "$tmp/x"
}

# needed_libraries TRIPLET FOLDER: copies the unpacked shared libraries under their sonames.
needed_libraries() {
  local library
  mkdir -p "$2"
  for library in "$tmp"/x/usr/lib/"$1"/lib*.so.*; do
    # The target of a link has another name.
    if [ -L "$library" ] || [ -z "$(find "$tmp/x/usr/lib/$1" -lname "$(basename "$library")")" ]; then
      cp -L "$library" "$2/"
    fi
  done
}

# seal FOLDER RECIPE: lists the files with their hashes, and moves everything into place.
seal() {
  (cd "$1" && find . -mindepth 2 -type f -printf '%P\0' | sort -z | xargs -0r sha256sum >SHA256SUMS)
  rm -rf "$ROOT/any-extension/recipes/$2/build"
  mv "$tmp/build" "$ROOT/any-extension/recipes/$2/build"
}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# A C library newer than those of all packages works for all of them, whichever are processed now.
mapfile -t packages < <(for_platforms libc6)
libc=$("$ROOT/scripts/packages.sh" "${MAJORS[-1]}" "${packages[@]}")
any=
declare -A fetched=()
for major in "${majors[@]}"; do
  packages=()
  for name in "${names[@]}"; do
    for package in "postgresql-$major-$(property "$name" package)" $(property "$name" needed); do
      mapfile -O ${#packages[@]} -t packages < <(for_platforms "$package")
    done
  done
  fetched[$major]=$("$ROOT/scripts/packages.sh" "$major" "${packages[@]}")
  any+=${fetched[$major]}
done
[ -n "$libc" ] && [ -n "$any" ] || exit 77

mkdir "$tmp/build"
for package in "$libc"/libc6_*.deb; do
  unpack "$package"
  platform=linux-$(dpkg-deb -f "$package" Architecture)
  record "$package" "$tmp/build/glibc"
  mkdir -p "$tmp/build/glibc/$platform"
  for library in $LIBC; do
    # shellcheck disable=SC2086
    find "$tmp/x" -path '*-linux-gnu/*' -name "$library" -exec cp -L {} "$tmp/build/glibc/$platform/" \;
  done
done
seal "$tmp/build/glibc" glibc

for name in "${names[@]}"; do
  extension=$(property "$name" extension)
  into=$tmp/build/$extension
  mkdir -p "$into"
  having=()
  for major in "${majors[@]}"; do
    for package in "${fetched[$major]}/postgresql-$major-$(property "$name" package)"_*.deb; do
      [ -e "$package" ] || continue
      unpack "$package"
      record "$package" "$into"
      if [ ! -e "$into/share/$major" ]; then
        having+=("$major")
        mkdir -p "$into/share"
        cp -rL "$tmp/x/usr/share/postgresql/$major" "$into/share/"
        # A script may contain its installation path, for example in COPY.
        find "$into/share/$major" -name '*.sql' -exec sed -i "s#'/usr/share/postgresql/$major/#'@PG_EXTENSION_SHARED_FOLDER@/#g" {} +
      fi
      libraries=$tmp/x/usr/lib/postgresql/$major/lib
      if [ -d "$libraries" ]; then
        platform=linux-$(dpkg-deb -f "$package" Architecture)/$major
        mkdir -p "$into/$platform"
        (cd "$libraries" && find . -name bitcode -prune -o -name '*.so' -print0 | xargs -0 cp --parents -t "$into/$platform")
      fi
    done
    for needed in $(property "$name" needed); do
      for package in "${fetched[$major]}/$needed"_*.deb; do
        if [ ! -e "$package" ] || [ ! -e "$into/share/$major" ]; then
          continue
        fi
        unpack "$package"
        record "$package" "$into" "copyright-$needed"
        case $(dpkg-deb -f "$package" Architecture) in
          amd64) needed_libraries x86_64-linux-gnu "$into/needed/linux-amd64/$major" ;;
          arm64) needed_libraries aarch64-linux-gnu "$into/needed/linux-arm64/$major" ;;
        esac
      done
    done
  done
  if [ ${#having[@]} = 0 ]; then
    say "skipped: $name has no package for PostgreSQL ${majors[*]}"
    # An empty jar.
    seal "$into" "$name"
    continue
  fi
  {
    printf 'majors = %s\nlibc = META-INF/pg-extension/glibc\n' "$(IFS=, && printf '%s' "${having[*]}")"
    cat "$ROOT/any-extension/recipes/$name/extension.properties" 2>/dev/null || true
  } >"$into.properties"
  seal "$into" "$name"
  say "any-extension/recipes/$name: $extension for PostgreSQL ${having[*]}"
done
