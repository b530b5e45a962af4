#!/usr/bin/env bash
# recipes.sh [--all-platforms] [MAJOR...] [PLATFORM...] [NAME...]: writes the jar contents of each recipe to its directory
# any-extension/recipes/NAME/build, from Debian's packages for the given majors and platforms. Libraries for Alpine, macOS and Windows,
# and for majors without packages yet, are built from Debian's source packages. A Debian suite has only one version of each package, so a
# recipe contains only the package's name. apt verifies the downloads. In the jar, PACKAGES lists versions and hashes, and NOT_BUILT lists
# the platforms for which a library could not be built. Exits with status 77 if dpkg is missing, or if Debian has none of the packages. With
# --page, generates the tables in docs/extensions.md from the results.
# SPDX-License-Identifier: MIT
PROGRAM=recipes.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/debian.sh
. "$ROOT/scripts/debian.sh"
# shellcheck source=scripts/platforms.sh
. "$ROOT/scripts/platforms.sh"
# shellcheck source=scripts/cross.sh
. "$ROOT/scripts/cross.sh"

# The platforms of Debian's packages.
PACKAGED=(linux-amd64 linux-arm64)
# The platforms for which libraries are built from source packages.
CROSS_BUILT=()
for platform in "${PLATFORMS[@]}"; do
  contains "$platform" "${PACKAGED[@]}" || CROSS_BUILT+=("$platform")
done
# Packages of the GNU C library needed by the server and by libraries of extensions.
LIBC='ld-linux-* libc.so.6 libm.so.6 libmvec.so.1 libdl.so.2 libpthread.so.0 librt.so.1 libresolv.so.2 libutil.so.1'

# page: generates the tables in docs/extensions.md: one row for each recipe, and one for each reason for missing libraries.
page() {
  local file=$ROOT/docs/extensions.md recipe version major build having
  {
    sed '/^<!-- recipes -->$/q' "$file"
    printf '| recipe | extension |%s libraries | jar | licence | purpose |\n|---|---|%s---|---|---|---|\n' \
      "$(printf ' %s |' "${MAJORS[@]}")" "$(printf -- '---|%.0s' "${MAJORS[@]}")"
    for recipe in $(recipes); do
      build=$ROOT/any-extension/recipes/$recipe/build
      # shellcheck disable=SC2016
      printf '| [%s](../any-extension/recipes/%s) | `%s` |' "$recipe" "$recipe" "$(property "$recipe" extension)"
      having=()
      for major in "${MAJORS[@]}"; do
        version=$(sed -n -e "s/^Package: postgresql-$major-[^ ]* Version: \([0-9]*:\)\?\([^ ]*\)-[^ -]* .*/\2/p" \
          -e "s/^Source: [^ ]* Version: \([0-9]*:\)\?\([^ -]*\).* Major: $major .*/\2/p" "$build"/*/PACKAGES | head -n 1 | sed "s/+dfsg.*//")
        printf ' %s |' "${version:-–}"
        [ -z "$version" ] || having+=("$major")
      done
      printf ' %s | %s |' "$(systems "$build" "${having[*]}")" \
        "$(tar -C "$build" -c . | gzip | wc -c | awk '{ if ($1 < 1e6) printf "%d kB", ($1 + 999) / 1e3; else printf "%.0f MB", $1 / 1e6 }')"
      printf ' %s | %s |\n' "$(property "$recipe" licence)" "$(property "$recipe" description | sed 's/.*: //')"
    done
    missing_libraries
    sed -n '/^<!-- recipes -->$/,$ { /^<!-- end -->$/,$ p }' "$file"
  } >"$file.new"
  mv "$file.new" "$file"
}

# systems BUILD MAJORS: prints the systems for which a recipe has libraries, and the majors if a system does not have all MAJORS. If
# a system's two platforms have different majors, prints the platforms instead.
systems() {
  local system platforms platform majors found='' each
  while read -r system platforms; do
    majors=() each=''
    for platform in $platforms; do
      mapfile -O ${#majors[@]} -t majors < <(find "$1"/*/"$platform" -mindepth 1 -maxdepth 1 -printf '%f\n' 2>/dev/null |
        sort | paste -sd ' ')
      [ -z "${majors[-1]}" ] || each+=", $platform$(with_majors "${majors[-1]}" "$2")"
    done
    if [ "$(printf '%s\n' "${majors[@]}" | sort -u | wc -l)" != 1 ]; then
      found+=$each
    elif [ -n "${majors[0]}" ]; then
      found+=", $system$(with_majors "${majors[0]}" "$2")"
    fi
  done <<<"$SYSTEMS"
  found=${found#, }
  printf '%s' "${found:-SQL only}"
}

# with_majors MAJORS ALL: prints the majors in parentheses, unless they are all majors.
with_majors() { [ "$1" = "$2" ] || printf ' (%s)' "${1// /, }"; }

# The names of the systems on the page, and their platforms.
SYSTEMS='Linux linux-amd64 linux-arm64
Alpine linux-amd64-musl linux-arm64-musl
macOS darwin-arm64 darwin-amd64
Windows windows-amd64'

# missing_libraries: prints a table of the libraries that could not be built from sources, and the reasons.
missing_libraries() {
  local recipe rows
  rows=$(for recipe in $(recipes); do
    # one row for each reason
    sed "s/^/$recipe /" "$ROOT/any-extension/recipes/$recipe/build"/*/NOT_BUILT 2>/dev/null || true
  done | awk -v systems="$SYSTEMS" '
    BEGIN {
      count = split(systems, line, "\n")
      for (i = 1; i <= count; i++) {
        words = split(line[i], word, " ")
        for (j = 2; j <= words; j++) name[word[j]] = word[1]
      }
    }
    {
      split($2, target, "/")
      reason = $0
      sub(/^[^ ]+ [^ ]+ /, "", reason)
      key = $1 " | " name[target[1]] " | " reason
      if (!(key in majors)) keys[++rows] = key
      if (index(" " majors[key] ",", " " target[2] ",") == 0) majors[key] = majors[key] (majors[key] == "" ? "" : ", ") target[2]
    }
    END {
      # one row for all systems with the same majors and reason
      for (i = 1; i <= rows; i++) {
        split(keys[i], cell, " [|] ")
        key = cell[1] " | " majors[keys[i]] " | " cell[3]
        if (!(key in named)) row[++printed] = key
        named[key] = named[key] (named[key] == "" ? "" : ", ") cell[2]
      }
      for (i = 1; i <= printed; i++) {
        split(row[i], cell, " [|] ")
        printf "| %s | %s | %s | %s |\n", cell[1], named[row[i]], cell[2], cell[3]
      }
    }')
  [ -z "$rows" ] || printf '\n| recipe | no library for | PostgreSQL | reason |\n|---|---|---|---|\n%s\n' "$rows"
}

# recipes: prints the name of each recipe.
recipes() { (cd "$ROOT/any-extension/recipes" && printf '%s\n' */test.sql | cut -d/ -f1); }

case ${1-} in
  --page)
    page
    exit
    ;;
  -h | --help)
    cat <<TEXT
Usage: scripts/recipes.sh [--all-platforms] [MAJOR...] [PLATFORM...] [NAME...]
       scripts/recipes.sh --page
Creates the contents of the jars of any-extension/recipes/NAME from Debian's packages, for ${MAJORS[-1]} also from its sources.
Majors: ${SUPPORTED_MAJORS[*]}. Default: ${MAJORS[*]}, all recipes, and the platforms ${PACKAGED[*]}.

  --all-platforms  also build libraries for the platforms
                   ${CROSS_BUILT[*]}
                   from Debian's source packages; takes 10 to 20 minutes for all recipes
  --page           generate the tables in docs/extensions.md from the results for all majors,
                   recipes and platforms

Recipes that can be built from sources:
$(recipes | while read -r name; do [ "$(property "$name" sources)" != yes ] || echo "$name"; done | paste -sd ' ' | fold -s -w 100)
Other recipes:
$(recipes | while read -r name; do [ "$(property "$name" sources)" = yes ] || echo "$name"; done | paste -sd ' ' | fold -s -w 100)
TEXT
    exit
    ;;
esac

# The architectures of the packages to unpack, and the platforms to build libraries for.
majors=() names=() architectures=() cross=()
for argument in "$@"; do
  if [[ $argument =~ ^[0-9]+$ ]]; then
    contains "$argument" "${SUPPORTED_MAJORS[@]}" || misuse "PostgreSQL $argument is not supported: use one of ${SUPPORTED_MAJORS[*]}"
    majors+=("$argument")
  elif [ "$argument" = --all-platforms ]; then
    architectures=("${PACKAGED[@]#linux-}") cross=("${CROSS_BUILT[@]}")
  elif contains "$argument" "${PACKAGED[@]}"; then
    architectures+=("${argument#linux-}")
  elif contains "$argument" "${CROSS_BUILT[@]}"; then
    cross+=("$argument")
  else
    mapfile -t known < <(recipes)
    contains "$argument" "${known[@]}" ||
      misuse "no recipe or platform $argument$(suggestion "$argument" "${known[@]}" "${PLATFORMS[@]}")" \
        "Use one of the recipes ${known[*]}, or of the platforms ${PLATFORMS[*]}"
    names+=("$argument")
  fi
done
[ ${#majors[@]} -gt 0 ] || majors=("${MAJORS[@]}")
chosen=${names[*]}
[ ${#architectures[@]} -gt 0 ] || [ ${#cross[@]} -gt 0 ] || architectures=("${PACKAGED[@]#linux-}")
[ ${#names[@]} -gt 0 ] || mapfile -t names < <(recipes)
[ ${#cross[@]} = 0 ] || [ "$(platform)" = linux-amd64 ] || misuse "libraries for ${cross[*]} can be built on linux-amd64 only"
command -v dpkg-deb >/dev/null || {
  say 'skipped: recipes need the apt and dpkg of Debian'
  exit 77
}

# for_platforms PACKAGE: prints the package's name for each architecture. The scripts come from a package, too.
for_platforms() { printf "$1:%s\n" "${architectures[@]-amd64}"; }

# record PACKAGE FOLDER [LICENCE]: records the package's version, and copies its licence to the file LICENCE. The default is
# copyright, or copyright-MAJOR if another version has a different licence.
record() {
  mkdir -p "$2"
  printf '%s sha256=%s\n' "$(dpkg-deb -f "$1" Package Version Architecture Source | tr '\n' ' ')" "$(sha256sum "$1" | cut -d' ' -f1)" \
    >>"$2/PACKAGES"
  add_licence "$work/x/usr/share/doc/$(dpkg-deb -f "$1" Package)/copyright" "${@:2}"
}

# add_licence FILE FOLDER [LICENCE]: see record.
add_licence() {
  # Libraries of gcc link to the text of the package gcc-NN-base, which is recorded as well.
  [ -e "$1" ] || return 0
  local licence=$2/${3-copyright}
  if [ $# = 2 ] && [ -e "$licence" ] && ! cmp -s "$1" "$licence"; then
    licence+=-$major
  fi
  cp "$1" "$licence"
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

# unpack PACKAGE: unpacks a package into $work/x.
unpack() {
  rm -rf "$work/x"
  dpkg-deb -x "$1" "$work/x"
}

# needed_libraries TRIPLET FOLDER: copies the unpacked shared libraries under their sonames.
needed_libraries() {
  local folder library
  mkdir -p "$2"
  # In older suites, some libraries are in /lib.
  for folder in "$work/x/usr/lib/$1" "$work/x/lib/$1"; do
    for library in "$folder"/lib*.so.*; do
      # The target of a link has another name.
      if [ -L "$library" ] || { [ -e "$library" ] && [ -z "$(find "$folder" -lname "$(basename "$library")")" ]; }; then
        cp -L "$library" "$2/"
      fi
    done
  done
}

# not_built FOLDER PLATFORM/MAJOR REASON: records that there is no library.
not_built() {
  printf '%s %s\n' "$2" "$3" >>"$1/NOT_BUILT"
  say "$(basename "$1"): no library for $2: $3"
}

# add_built NAME MAJOR FOLDER SOURCE VERSION PLATFORMS [LIBRARY...]: adds the libraries for the platforms, built from the source package of
# that version. Without LIBRARY, there is no binary package: adds all libraries and the other files that the source's Makefile installs.
add_built() {
  local name=$1 major=$2 folder=$3 source=$4 version=$5 platforms platform file licence library installed built reason install=()
  read -ra platforms <<<"$6"
  shift 6
  [ ${#platforms[@]} -gt 0 ] || return 0
  if ! file=$(source_file "${sources[$major]-}" "$source" "$version"); then
    for platform in "${platforms[@]}"; do
      not_built "$folder" "$platform/$major" "$file"
    done
    return
  fi
  rm -rf "$work/source"* "$work/tree" "$work/x"
  unpack_source "$file" "$work/source" || die "cannot unpack $file; delete the directory ${file%/*/*}, so that the sources are downloaded again"
  printf 'Source: %s Version: %s Major: %s File: %s sha256=%s\n' "$(cut -d_ -f1 <<<"${file##*/}")" "${version:-$(file_version "$file")}" "$major" \
    "${file##*/}" "$(sha256sum "$file" | cut -d' ' -f1)" >>"$folder/PACKAGES"
  if [ $# = 0 ]; then
    install=("$work/x")
    licence=$(compgen -G "$work/source/debian/copyright" || compgen -G "$work/source/LICEN[CS]E*" || compgen -G "$work/source/COPY*") ||
      die "the source of $name contains no licence"
    add_licence "${licence%%$'\n'*}" "$folder"
  fi
  for platform in "${platforms[@]}"; do
    reason=$(unsupported "$name" "$platform/$major")
    [ -n "$reason" ] || has_server "$platform" "$major" || reason="there is no server of PostgreSQL $major"
    if [ -n "$reason" ]; then
      not_built "$folder" "$platform/$major" "$reason"
      continue
    fi
    rm -rf "$work/tree"
    mkdir -p "$folder/$platform/$major"
    if ! build_source "$platform" "$major" "$work/source" "$work/tree" "${install[@]}"; then
      tail -n 20 "$work/tree/build.log" >&2 || true
      built=failed
    else
      built=''
      if [ $# = 0 ]; then
        mapfile -t installed < <(cd "$work/x/usr/lib/postgresql/$major/lib" && printf '%s\n' *.so)
        set -- "${installed[@]}"
        install=()
        add_shared
      fi
      for library in "$@"; do
        library=$(built_library "$platform" "$major" "$work/tree" "$(basename "$library" .so)") &&
          install -m 644 "$library" "$folder/$platform/$major" || built=failed
      done
    fi
    if [ -n "$built" ]; then
      rm -r "${folder:?}/$platform/$major"
      rmdir --ignore-fail-on-non-empty "$folder/$platform"
      not_built "$folder" "$platform/$major" 'the build failed'
      # extensions without a package may not support the major yet
      [ -z "$version$chosen" ] || failed+=("$name for $platform/$major")
    fi
  done
}

# add_shared: adds the files in $work/x that are the same for all platforms to $into.
add_shared() {
  [ -d "$work/x/usr/share/postgresql/$major" ] || return 0
  mkdir -p "$into/share"
  cp -rL "$work/x/usr/share/postgresql/$major" "$into/share/"
}

# unsupported NAME PLATFORM/MAJOR: prints the reason why a recipe's libraries cannot be built, as in its POM: PATTERN: REASON; ...
unsupported() {
  local pattern reason
  while IFS=: read -r pattern reason; do
    # shellcheck disable=SC2053
    if [ -n "$pattern" ] && [[ $2 = $pattern ]]; then
      printf '%s' "${reason# }"
      return
    fi
  done < <(property "$1" unsupported | sed 's/; */\n/g')
}

# seal FOLDER RECIPE: lists the files with their hashes, and moves everything into place.
seal() {
  (cd "$1" && find . -mindepth 2 -type f -printf '%P\0' | sort -z | xargs -0r sha256sum >SHA256SUMS)
  rm -rf "$ROOT/any-extension/recipes/$2/build"
  mv "$work/build" "$ROOT/any-extension/recipes/$2/build"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Libraries that could not be built, for an unexpected reason.
failed=()
# Use the newest C library of all packages, because it works for all of them, regardless of the packages processed in this run.
mapfile -t packages < <(for_platforms libc6)
libc=$("$ROOT/scripts/packages.sh" "${MAJORS[-1]}" "${packages[@]}")
any=
# Packages of a recipe with needed = * are in a separate directory, because all libraries in that directory belong to the recipe.
# unpackaged: for recipes without a package, the name that apt needs to find the source.
declare -A fetched=() sources=() unpackaged=()
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
  wanted=()
  for name in "${names[@]}"; do
    [ "$(property "$name" sources)" = yes ] || continue
    binary=$(property "$name" package)
    if compgen -G "${fetched[$major]}/postgresql-$major-${binary}_*.deb" >/dev/null; then
      for package in "${fetched[$major]}/postgresql-$major-${binary}"_*.deb; do
        [ ${#cross[@]} = 0 ] || wanted+=("$(source_name "$package")")
      done
    elif [ "${HEADER_SUITE[$major]}" = experimental ] && [ "$(platform)" = linux-amd64 ]; then
      # apt finds the source package with the name of its binary package for the previous major.
      unpackaged[$major-$name]=postgresql-$((major - 1))-$binary
      wanted+=("${unpackaged[$major-$name]}")
    fi
  done
  if [ ${#wanted[@]} -gt 0 ]; then
    mapfile -t wanted < <(printf '%s\n' "${wanted[@]}" | sort -u)
    sources[$major]=$("$ROOT/scripts/packages.sh" --source "$major" "${wanted[@]}")
    any+=$(compgen -G "${sources[$major]}/*/*" || true)
  fi
done
[ -n "$libc" ] && [ -n "$any" ] || exit 77

mkdir "$work/build"
for package in "$libc"/libc6_*.deb; do
  unpack "$package"
  platform=linux-$(dpkg-deb -f "$package" Architecture)
  record "$package" "$work/build/glibc"
  mkdir -p "$work/build/glibc/$platform"
  for library in $LIBC; do
    # shellcheck disable=SC2086
    find "$work/x" -path '*-linux-gnu/*' -name "$library" -exec cp -L {} "$work/build/glibc/$platform/" \;
  done
done
seal "$work/build/glibc" glibc

for name in "${names[@]}"; do
  extension=$(property "$name" extension)
  into=$work/build/$extension
  mkdir -p "$into"
  having=() absent='package'
  read -ra without <<<"$(property "$name" without)"
  read -ra needed <<<"$(property "$name" needed)"
  for major in "${majors[@]}"; do
    folder=${fetched[$major-$name]-${fetched[$major]-}}
    declare -A shared=()
    native=() source='' version=''
    for own in $(property "$name" package); do
      for package in "$folder/postgresql-$major-$own"_*.deb; do
        [ -e "$package" ] || continue
        unpack "$package"
        record "$package" "$into"
        [ -n "${shared[$own]-}" ] || add_shared
        shared[$own]=yes
        libraries=$work/x/usr/lib/postgresql/$major/lib
        if [ -d "$libraries" ]; then
          mapfile -t native < <(cd "$libraries" && find . -name bitcode -prune -o -name '*.so' -printf '%P\n' | sort)
          source=$(source_name "$package") version=$(source_version "$package")
          architecture=$(dpkg-deb -f "$package" Architecture)
          if contains "$architecture" "${architectures[@]}"; then
            mkdir -p "$into/linux-$architecture/$major"
            (cd "$libraries" && cp --parents -t "$into/linux-$architecture/$major" "${native[@]}")
          fi
        fi
      done
    done
    if [ -n "${unpackaged[$major-$name]-}" ]; then
      add_built "$name" "$major" "$into" "${unpackaged[$major-$name]}" '' "${architectures[*]/#/linux-} ${cross[*]}"
    elif [ ${#native[@]} -gt 0 ]; then
      [ "$(property "$name" sources)" != yes ] || add_built "$name" "$major" "$into" "$source" "$version" "${cross[*]}" "${native[@]}"
    fi
    # Without any library, the jar would look like the jar of an extension in SQL.
    [ "${#native[@]}${unpackaged[$major-$name]-}" = 0 ] ||
      [ -n "$(find "$into" -path "*-*/$major/*" ! -path '*/needed/*' -type f -print -quit)" ] || {
      [ ${#cross[@]} = 0 ] || absent="library for ${cross[*]}"
      rm -rf "$into/share/$major"
    }
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
            if [ -d "$work/x/usr/share/proj" ]; then
              mkdir -p "$into/needed/share/$major"
              cp -rL "$work/x/usr/share/proj" "$into/needed/share/$major/"
            fi
            ;;
        esac
      done
    done
    if [ "${needed[*]}" = '*' ]; then
      for platform in "${architectures[@]}"; do
        remove_unused "$into/linux-$platform/$major" "$into/needed/linux-$platform/$major"
      done
      for pattern in "${without[@]}"; do
        find "$into/needed" -name "$pattern" -prune -exec rm -rf {} +
      done
    fi
  done
  if [ ${#having[@]} = 0 ]; then
    say "skipped: $name has no $absent for PostgreSQL ${majors[*]}"
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
    sed "1i folder = META-INF/pg-extension/$extension" "$into.properties" >"$work/build/$other.properties"
  done
  seal "$into" "$name"
  say "any-extension/recipes/$name: $extension for PostgreSQL ${having[*]}"
done
[ ${#failed[@]} = 0 ] || die "the build failed, see above: $(printf '%s; ' "${failed[@]}")"
