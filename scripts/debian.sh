# Downloads packages of any Debian suite from the machine's mirrors, without installing them; sourced, not run. Also included in
# the jar of pg-extension-maven-plugin.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash

# The package repository of the PostgreSQL project, which also has the majors that Debian leaves out, and the fingerprint of its key.
APT_PGDG=${PG_HELLO_PGDG:-https://apt.postgresql.org/pub/repos/apt}
APT_PGDG_FINGERPRINT=B97B0AFCAA1A47F044F244A07FCC7D46ACCC4CF8

# pgdg_key DIR: prints the path of the file with this key: the installed file of the package postgresql-common, or one unpacked into DIR.
pgdg_key() {
  local files='/usr/share/postgresql-common/pgdg/apt.postgresql.org.[ag]*' VERSION_CODENAME=''
  if ! compgen -G "$files" >/dev/null; then
    # shellcheck source=/dev/null
    . /etc/os-release
    debian_download deb "$VERSION_CODENAME" postgresql-common "$1/common" && dpkg -x "$1"/common/*.deb "$1/common" || return
    files=$1/common$files
  fi
  compgen -G "$files" | sort | sed -n 1p
}

# pgdg_source TYPE DIR: writes this repository for the machine's distribution to DIR/pgdg.sources, and adds its key to DIR/apt.conf. apt accepts
# the repository only if the key with this fingerprint has signed it.
pgdg_source() {
  local VERSION_CODENAME='' key targets=Packages
  # shellcheck source=/dev/null
  . /etc/os-release
  key=$(pgdg_key "$2") && [ -n "$key" ] || return 1
  [ "$1" = deb ] || targets=Sources
  printf 'Dir::Etc::Trusted "%s";\n' "$key" >>"$2/apt.conf"
  printf 'Types: %s\nURIs: %s\nSuites: %s-pgdg\nComponents: main\nTargets: %s\nSigned-By: %s\n' "$1" "$APT_PGDG" "$VERSION_CODENAME" "$targets" \
    "$APT_PGDG_FINGERPRINT" >"$2/pgdg.sources"
}

# debian_sources TYPE SUITES DIR: writes the machine's Debian mirrors, changed to the main section of these suites, to DIR/N.sources
# and DIR/N.list. The mirror that most likely has the suites is first.
debian_sources() {
  local type=$1 suites_wanted=$2 dir=$3 ID='' VERSION_CODENAME='' list=/etc/apt/sources.list parts=/etc/apt/sources.list.d
  local file line key stanza types comps suites suite uris enabled number=0 options
  if [ -r /etc/os-release ]; then
    # shellcheck source=/dev/null
    . /etc/os-release
  fi
  [ "$ID" = debian ] && command -v apt-get >/dev/null || return 0
  eval "$(apt-config shell list Dir::Etc::sourcelist/f parts Dir::Etc::sourceparts/d)"
  local known=" $VERSION_CODENAME stable oldstable testing unstable sid "

  # next_source URIS SUITES COMPONENTS: if this is a Debian archive, sets $file to the path of a list. Lists of likely mirrors sort first.
  next_source() {
    local name found=''
    for name in $2; do
      [[ $known != *" ${name%/} "* ]] || found=1
    done
    [ -n "$found" ] && [[ " $3 " == *' main '* ]] || return 1
    number=$((number + 1))
    file=$dir/2$number
    [[ ! $1 =~ /debian/?( |$) ]] || file=$dir/1$number
  }

  for file in "${parts%/}"/*.sources; do
    [ -r "$file" ] || continue
    stanza='' types='' comps='' suites='' uris='' enabled=yes key=''
    while IFS= read -r line; do
      line=${line%"${line##*[![:space:]]}"}
      case $line in
        '#'*) continue ;;
        '')
          if [[ $enabled != no && " $types " == *' deb '* ]] && next_source "$uris" "$suites" "$comps"; then
            printf 'Types: %s\nSuites: %s\nComponents: main\nTargets: %s\n%s' "$type" "$suites_wanted" \
              "$([ "$type" = deb ] && echo Packages || echo Sources)" "$stanza" >"$file.sources"
          fi
          stanza='' types='' comps='' suites='' uris='' enabled=yes key=''
          continue
          ;;
        [![:space:]]*)
          key=${line%%:*} key=${key,,}
          options=${line#*:}
          ;;
        *) options=$line ;;
      esac
      case $key in
        types) types+=$options ;;
        suites) suites+=$options ;;
        components) comps+=$options ;;
        enabled) enabled=${options// /} enabled=${enabled,,} ;;
        targets) ;;
        *)
          [ "$key" != uris ] || uris+=$options
          stanza+=$line$'\n'
          ;;
      esac
    done < <(cat "$file" && printf '\n\n')
  done

  for file in "$list" "${parts%/}"/*.list; do
    [ -r "$file" ] || continue
    while IFS= read -r line; do
      if [[ ${line%%#*} =~ ^[[:space:]]*deb[[:space:]]+(\[[^]]*\][[:space:]]+)?([^[:space:]]+)[[:space:]]+([^[:space:]]+)[[:space:]]+(.+)$ ]]; then
        options=${BASH_REMATCH[1]} uris=${BASH_REMATCH[2]} suites=${BASH_REMATCH[3]} comps=${BASH_REMATCH[4]}
        if next_source "$uris" "$suites" "$comps"; then
          for suite in $suites_wanted; do
            printf '%s %s%s %s main\n' "$type" "$options" "$uris" "$suite"
          done >"$file.list"
        fi
      fi
    done <"$file"
  done
  unset -f next_source
}

# debian_download TYPE SUITE PACKAGES DIR [WITHOUT]: downloads the newest packages of a suite, separated by blanks, into DIR,
# with separate lists: nothing is installed, and root is not required. The suite "pgdg" is the repository of the PostgreSQL project for this
# machine's distribution. TYPE is one of
#   deb         binary packages
#   deb-src     source packages
#   deb-src-known  source packages, each in the directory DIR/PACKAGE; of an incomplete source package, only the upstream archive;
#               reports and leaves out source packages that are unavailable
#   deb-libs    like deb, plus all required libraries
#   deb-known   like deb, but ignores packages that the suite does not have
#   deb-needed  like deb-known, plus required libraries, except packages that match one of the patterns WITHOUT, and packages that
#               only the excluded packages require
# Returns 1 if the suite cannot be read, and 2 if a package is missing, except for the types deb-known, deb-src-known and deb-needed.
debian_download() (
  read -ra packages <<<"$3"
  type=${1%-libs} type=${type%-known} type=${type%-needed}
  tmp=$(mktemp -d)
  trap 'rm -rf "$tmp"' EXIT
  mkdir -p "$tmp/sources" "$tmp/parts" "$tmp/lists/partial" "$tmp/cache/archives/partial" "$4"
  # Experimental contains only what differs from unstable. Releases replace release candidates in unstable, so the newer package is used.
  suites=$2
  if [ "$2" = experimental ]; then
    suites='experimental sid'
    printf 'Package: postgresql-* libpq*\nPin: release a=experimental\nPin-Priority: 500\n' >"$tmp/preferences"
  fi
  # Disable the machine's hooks and additional indexes, which are for its own lists.
  cat >"$tmp/apt.conf" <<END
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Update::Error-Mode "any";
APT::Sandbox::User "$(id -un)";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "15";
Acquire::https::Timeout "15";
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "$tmp/parts";
Dir::Etc::Preferences "$tmp/preferences";
Dir::Etc::PreferencesParts "$tmp/cache";
Dir::State::Lists "$tmp/lists";
Dir::State::status "/dev/null";
Dir::Cache "$tmp/cache";
END
  added=()
  if [ "$2" = pgdg ]; then
    pgdg_source "$type" "$tmp" || return 1
    if [[ $1 = deb-* && $1 != deb-src* ]]; then
      # shellcheck source=/dev/null
      suites=$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")
      added=("$tmp/pgdg.sources")
    else
      suites=''
      cp "$tmp/pgdg.sources" "$tmp/sources"
    fi
  fi
  [ -z "$suites" ] || debian_sources "$type" "$suites" "$tmp/sources"
  for package in "${packages[@]}"; do
    # Other platforms.
    [[ $package != *:* ]] || printf 'APT::Architectures:: "%s";\n' "${package##*:}" >>"$tmp/apt.conf"
  done
  for source in "$tmp"/sources/*; do
    [ -e "$source" ] || continue
    rm -f "$tmp"/parts/*
    cp "$source" "${added[@]}" "$tmp/parts"
    apt-get -qq -c "$tmp/apt.conf" update >"$tmp/log" 2>&1 || continue
    cd "$4" || return 1
    if [ "$type" = deb ]; then
      if [[ $1 = deb-known || $1 = deb-needed ]]; then
        mapfile -t packages < <(debian_known "$tmp/apt.conf" "${packages[@]}")
      fi
      apt-cache -c "$tmp/apt.conf" show "${packages[@]}" >/dev/null 2>&1 || return 2
      if [ "$1" = deb-needed ]; then
        mapfile -O "${#packages[@]}" -t packages < <(debian_needed "$tmp/apt.conf" "${5-}" "${packages[@]}")
      fi
      if [ "$1" = deb-libs ]; then
        mapfile -O "${#packages[@]}" -t packages < <(apt-cache -c "$tmp/apt.conf" depends --recurse --no-recommends \
          --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances "${packages[@]}" | grep -E '^(lib|zlib)' | sort -u)
      fi
      apt-get -qq -c "$tmp/apt.conf" download "${packages[@]}" >"$tmp/log" 2>&1 && return 0
    elif [ "$1" = deb-src-known ]; then
      for package in "${packages[@]}"; do
        mkdir "$package" && cd "$package" || return 1
        if ! apt-get -qq -c "$tmp/apt.conf" source --download-only "$package" >"$tmp/log" 2>&1; then
          # apt has verified each file that it has kept
          find . -type f ! -name '*.orig.tar.?z' ! -name '*.orig.tar.bz2' -delete
          if compgen -G '*.orig.tar.*' >/dev/null; then
            say "the suite $2 has only the upstream archive of the source $package, without Debian's changes"
          else
            say "skipped: the suite $2 has no source of $package"
          fi
        fi
        cd "$4" || return 1
      done
      return 0
    else
      [ -n "$(apt-cache -c "$tmp/apt.conf" showsrc "${packages[@]}" 2>/dev/null)" ] || return 2
      apt-get -qq -c "$tmp/apt.conf" source --download-only "${packages[@]}" >"$tmp/log" 2>&1 && return 0
    fi
  done
  # Does not print the mirror's address.
  [ ! -s "$tmp/log" ] || sed -n 's#\(https\?://\)[^/ ]*#\1...#g; /^[EW]:/p' "$tmp/log" >&2
  return 1
)

# debian_needed CONFIGURATION WITHOUT PACKAGE...: prints the packages of libraries that these packages require, directly or not.
# Leaves out the C library, packages that match one of the patterns WITHOUT, and packages that only the excluded packages require.
# Includes gcc-NN-base, which contains the licence of gcc's libraries.
debian_needed() {
  local configuration=$1 pattern package
  local -a left_out=() level=("${@:3}") next
  local -A seen=()
  read -ra left_out <<<"$2 libc6 libcrypt1"
  for package in "${level[@]}"; do
    seen[$package]=1
  done
  while [ ${#level[@]} -gt 0 ]; do
    next=()
    while IFS= read -r package; do
      [ -z "${seen[$package]-}" ] || continue
      seen[$package]=1
      for pattern in "${left_out[@]}"; do
        # shellcheck disable=SC2053
        [[ ${package%:*} != $pattern ]] || continue 2
      done
      next+=("$package")
      printf '%s\n' "$package"
    done < <(apt-cache -c "$configuration" depends --important "${level[@]}" |
      sed -n 's/^ |\?\( *\)Depends: \(\(lib\|zlib\|gcc-[0-9]*-base\)[^ ]*\)$/\2/p' | sort -u)
    level=("${next[@]}")
  done
}

# debian_known CONFIGURATION PACKAGE...: prints the packages that the lists contain, and reports the others. A package for all
# platforms counts as a package for this platform.
debian_known() {
  local package name known
  known=" $({ apt-cache -c "$1" --no-all-versions show "${@:2}" 2>/dev/null || true; } |
    awk '/^Package: / { name = $2 } /^Architecture: / { print name ":" $2 }' | tr '\n' ' ')"
  for package in "${@:2}"; do
    name=$package
    [[ $package = *:* ]] || name=$package:$(dpkg --print-architecture)
    if [[ $known = *" $name "* ]]; then
      printf '%s\n' "$package"
    elif [[ $known = *" ${name%:*}:all "* ]]; then
      printf '%s\n' "${name%:*}"
    else
      say "skipped: the suite has no $package"
    fi
  done
}
