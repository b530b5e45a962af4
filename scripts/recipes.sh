#!/usr/bin/env bash
# recipes.sh [MAJOR...] [PLATFORM...] [NAME...]: creates the contents of the jar of any-extension/recipes/NAME in its directory
# build, from Debian's packages for these majors and platforms (default: all). Exits with 77 if there are none. A suite has only
# the current version of a package. Therefore, a recipe contains only the package's name. apt verifies the download, and the file
# PACKAGES in the jar lists versions and hashes. With --page, the table in docs/extensions.md is generated from the result.
# SPDX-License-Identifier: MIT
PROGRAM=recipes.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

PLATFORMS=()
# Packages of the GNU C library needed by the server and by libraries of extensions.
LIBC='ld-linux-* libc.so.6 libm.so.6 libmvec.so.1 libdl.so.2 libpthread.so.0 librt.so.1 libresolv.so.2 libutil.so.1'

# page: prints a row for each recipe, with its version for each major, the platforms of its libraries, and the size of its jar.
page() {
  local file=$ROOT/docs/extensions.md recipe version major build
  {
    sed '/^<!-- recipes -->$/q' "$file"
    printf '| recipe | extension |%s libraries for Linux | jar | licence | what it is for |\n|---|---|%s---|---|---|---|\n' \
      "$(printf ' %s |' "${MAJORS[@]}")" "$(printf -- '---|%.0s' "${MAJORS[@]}")"
    for recipe in "$ROOT"/any-extension/recipes/*/test.sql; do
      recipe=$(basename "$(dirname "$recipe")")
      build=$ROOT/any-extension/recipes/$recipe/build
      # shellcheck disable=SC2016
      printf '| [%s](../any-extension/recipes/%s) | `%s` |' "$recipe" "$recipe" "$(property "$recipe" extension)"
      for major in "${MAJORS[@]}"; do
        version=$(sed -n "s/^Package: postgresql-$major-[^ ]* Version: \([0-9]*:\)\?\([^ ]*\)-[^ -]* .*/\2/p" \
          "$build"/*/PACKAGES | head -n 1 | sed "s/+dfsg.*//")
        printf ' %s |' "${version:-–}"
      done
      printf ' %s | %s |' "$(find "$build" -maxdepth 2 -name 'linux-*' -printf '%f\n' | sed 's/linux-//' | sort -u | paste -sd , | sed 's/,/, /; s/^$/SQL only/')" \
        "$(tar -C "$build" -c . | gzip | wc -c | awk '{ if ($1 < 1e6) printf "%d kB", ($1 + 999) / 1e3; else printf "%.0f MB", $1 / 1e6 }')"
      printf ' %s | %s |\n' "$(property "$recipe" licence)" "$(property "$recipe" description | sed 's/.*: //')"
    done
    sed -n '/^<!-- recipes -->$/,$ { /^<!-- end -->$/,$ p }' "$file"
  } >"$file.new"
  mv "$file.new" "$file"
}

# property NAME KEY: prints a property of a recipe's POM.
# A property that contains patterns must not be expanded: use read -a.
property() { sed -n "s:.*<$2>\(.*\)</$2>.*:\1:p" "$ROOT/any-extension/recipes/$1/pom.xml"; }

# recipes: prints the name of each recipe.
recipes() { (cd "$ROOT/any-extension/recipes" && printf '%s\n' */test.sql | cut -d/ -f1); }

case ${1-} in
  --page)
    page
    exit
    ;;
  -h | --help)
    cat <<TEXT
Usage: scripts/recipes.sh [MAJOR...] [PLATFORM...] [NAME...]
Creates the contents of the jars of any-extension/recipes/NAME from Debian's packages.
Majors: ${MAJORS[*]}. Platforms: linux-amd64 linux-arm64. Default: all majors, platforms and recipes:
$(recipes | paste -sd ' ' | fold -s -w 100)
TEXT
    exit
    ;;
esac

majors=() names=()
for argument in "$@"; do
  if [[ $argument =~ ^[0-9]+$ ]]; then
    known_major "$argument"
    majors+=("$argument")
  elif [[ $argument =~ ^linux-(amd64|arm64)$ ]]; then
    PLATFORMS+=("${BASH_REMATCH[1]}")
  else
    [ -e "$ROOT/any-extension/recipes/$argument/test.sql" ] || misuse "no recipe any-extension/recipes/$argument"
    names+=("$argument")
  fi
done
[ ${#majors[@]} -gt 0 ] || majors=("${MAJORS[@]}")
[ ${#PLATFORMS[@]} -gt 0 ] || PLATFORMS=(amd64 arm64)
[ ${#names[@]} -gt 0 ] || mapfile -t names < <(recipes)
command -v dpkg-deb >/dev/null || {
  say 'skipped: recipes need the apt and dpkg of Debian'
  exit 77
}

# for_platforms PACKAGE: prints the package's name for each platform.
for_platforms() { printf "$1:%s\n" "${PLATFORMS[@]}"; }

# record PACKAGE FOLDER [LICENCE]: records the package's version, and copies its licence to the file LICENCE. The default is
# copyright, or copyright-MAJOR if another version has a different licence.
record() {
  mkdir -p "$2"
  printf '%s sha256=%s\n' "$(dpkg-deb -f "$1" Package Version Architecture Source | tr '\n' ' ')" "$(sha256sum "$1" | cut -d' ' -f1)" \
    >>"$2/PACKAGES"
  local text
  text=$tmp/x/usr/share/doc/$(dpkg-deb -f "$1" Package)/copyright
  # Libraries of gcc link to the text of the package gcc-NN-base, which is recorded as well.
  [ -e "$text" ] || return 0
  local licence=$2/${3-copyright}
  if [ $# = 2 ] && [ -e "$licence" ] && ! cmp -s "$text" "$licence"; then
    licence+=-$major
  fi
  cp "$text" "$licence"
}

# remove_unused FOLDER...: removes shared libraries from the last folder that no file in the folders needs.
remove_unused() {
  local library removed=yes
  while [ -n "$removed" ]; do
    removed=
    for library in "${@: -1}"/*; do
      # A file contains the names of the libraries that it needs.
      if ! find "$@" -type f ! -path "$library" -exec grep -qaF -- "$(basename "$library")" {} +; then
        rm "$library"
        removed=yes
      fi
    done
  done
}

# rename_control_files FOLDER: gives control files such as postgis-3.control the name of their extension.
rename_control_files() {
  local file name
  for file in "$1"/*-[0-9]*.control; do
    name=$(basename "$file" | sed 's/-[0-9]*\.control$//')
    if [ -e "$file" ] && [ ! -e "$1/$name.control" ] && compgen -G "$1/$name--*.sql" >/dev/null; then
      mv "$file" "$1/$name.control"
    fi
  done
}

# remove_old_updates FOLDER: removes update scripts from versions that cannot be created with the files in the folder.
remove_old_updates() {
  local file name from
  for file in "$1"/*--*--*.sql; do
    name=$(basename "$file") from=${file##*/}
    name=${name%%--*} from=${from#*--} from=${from%%--*}
    # PostGIS calls all old versions ANY.
    [ "$from" = ANY ] || [ -e "$1/$name--$from.sql" ] || compgen -G "$1/$name--*--$from.sql" >/dev/null || rm "$file"
  done
}

# unpack PACKAGE: unpacks a package into $tmp/x.
unpack() {
  rm -rf "$tmp/x"
  dpkg-deb -x "$1" "$tmp/x"
}

# needed_libraries TRIPLET FOLDER: copies the unpacked shared libraries under their sonames.
needed_libraries() {
  local folder library
  mkdir -p "$2"
  # In older suites, some libraries are in /lib.
  for folder in "$tmp/x/usr/lib/$1" "$tmp/x/lib/$1"; do
    for library in "$folder"/lib*.so.*; do
      # The target of a link has another name.
      if [ -L "$library" ] || { [ -e "$library" ] && [ -z "$(find "$folder" -lname "$(basename "$library")")" ]; }; then
        cp -L "$library" "$2/"
      fi
    done
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
# Use the newest C library of all packages, because it works for all of them, regardless of the packages processed in this run.
mapfile -t packages < <(for_platforms libc6)
libc=$("$ROOT/scripts/packages.sh" "${MAJORS[-1]}" "${packages[@]}")
any=
# Packages of a recipe with needed = * are in a separate directory, because all libraries in that directory belong to the recipe.
declare -A fetched=()
for major in "${majors[@]}"; do
  packages=()
  for name in "${names[@]}"; do
    own=()
    for package in $(property "$name" package); do
      mapfile -O ${#own[@]} -t own < <(for_platforms "postgresql-$major-$package")
    done
    read -ra needed <<<"$(property "$name" needed)"
    if [ "${needed[*]}" = '*' ]; then
      for package in $(property "$name" data); do
        mapfile -O ${#own[@]} -t own < <(for_platforms "$package")
      done
      fetched[$major-$name]=$("$ROOT/scripts/packages.sh" --needed "$(property "$name" without)" "$major" "${own[@]}")
      any+=${fetched[$major-$name]}
    else
      for package in "${needed[@]}"; do
        mapfile -O ${#own[@]} -t own < <(for_platforms "$package")
      done
      packages+=("${own[@]}")
    fi
  done
  if [ ${#packages[@]} -gt 0 ]; then
    fetched[$major]=$("$ROOT/scripts/packages.sh" "$major" "${packages[@]}")
    any+=${fetched[$major]}
  fi
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
  read -ra without <<<"$(property "$name" without)"
  read -ra needed <<<"$(property "$name" needed)"
  for major in "${majors[@]}"; do
    folder=${fetched[$major-$name]-${fetched[$major]-}}
    declare -A shared=()
    for own in $(property "$name" package); do
      for package in "$folder/postgresql-$major-$own"_*.deb; do
        [ -e "$package" ] || continue
        unpack "$package"
        record "$package" "$into"
        # These files are the same for all platforms.
        if [ -d "$tmp/x/usr/share/postgresql/$major" ] && [ -z "${shared[$own]-}" ]; then
          shared[$own]=yes
          mkdir -p "$into/share"
          cp -rL "$tmp/x/usr/share/postgresql/$major" "$into/share/"
        fi
        libraries=$tmp/x/usr/lib/postgresql/$major/lib
        if [ -d "$libraries" ]; then
          platform=linux-$(dpkg-deb -f "$package" Architecture)/$major
          mkdir -p "$into/$platform"
          (cd "$libraries" && find . -name bitcode -prune -o -name '*.so' -print0 | xargs -0 cp --parents -t "$into/$platform")
        fi
      done
    done
    [ -e "$into/share/$major" ] || continue
    having+=("$major")
    # A script may contain its installation path, for example in COPY.
    find "$into/share/$major" -name '*.sql' -exec sed -i "s#'/usr/share/postgresql/$major/#'@PG_EXTENSION_SHARED_FOLDER@/#g" {} +
    rename_control_files "$into/share/$major/extension"
    for pattern in "${without[@]}"; do
      find "$into" -mindepth 2 -name "$pattern" -prune -exec rm -rf {} +
    done
    [ "$(property "$name" updates)" != no ] || remove_old_updates "$into/share/$major/extension"
    libraries=("${needed[@]}")
    if [ "${needed[*]}" = '*' ]; then
      mapfile -t libraries < <(cd "$folder" && printf '%s\n' *.deb | sed 's/_.*//' | sort -u | grep -v '^postgresql-')
    fi
    for library in "${libraries[@]}"; do
      for package in "$folder/$library"_*.deb; do
        [ -e "$package" ] || continue
        unpack "$package"
        record "$package" "$into" "copyright-$library"
        case $(dpkg-deb -f "$package" Architecture) in
          amd64) needed_libraries x86_64-linux-gnu "$into/needed/linux-amd64/$major" ;;
          arm64) needed_libraries aarch64-linux-gnu "$into/needed/linux-arm64/$major" ;;
          all)
            if [ -d "$tmp/x/usr/share/proj" ]; then
              mkdir -p "$into/needed/share/$major"
              cp -rL "$tmp/x/usr/share/proj" "$into/needed/share/$major/"
            fi
            ;;
        esac
      done
    done
    if [ "${needed[*]}" = '*' ]; then
      for platform in "${PLATFORMS[@]}"; do
        remove_unused "$into/linux-$platform/$major" "$into/needed/linux-$platform/$major"
      done
      for pattern in "${without[@]}"; do
        find "$into/needed" -name "$pattern" -prune -exec rm -rf {} +
      done
    fi
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
  # Each further extension of the same packages needs a separate descriptor.
  for other in $(property "$name" also); do
    sed "1i folder = META-INF/pg-extension/$extension" "$into.properties" >"$tmp/build/$other.properties"
  done
  seal "$into" "$name"
  say "any-extension/recipes/$name: $extension for PostgreSQL ${having[*]}"
done
