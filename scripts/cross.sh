# Installs compilers for other platforms, builds extensions from Debian's source packages, and checks the libraries. Do not run this
# file: other scripts source it after lib.sh and platforms.sh.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash

# install_compiler PLATFORM: installs the compiler for PLATFORM if it is missing. An empty PLATFORM means this machine.
install_compiler() {
  case $1 in
    darwin-*) need clang-19 clang-19 ld64.lld-19 lld-19 python3 python3 ;;
    windows-*) need x86_64-w64-mingw32-gcc gcc-mingw-w64-x86-64-win32 python3 python3 ;;
    linux-arm64-musl) need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu ;;
    linux-arm64) need_compiler aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu libc6-dev-arm64-cross ;;
    *-musl) need_compiler musl-gcc musl-tools musl-dev ;;
    *) need_compiler "${CC:-gcc}" gcc libc6-dev ;;
  esac
}

# need_compiler COMMAND PACKAGE LIBC_PACKAGE: installs a compiler and the C library's headers, which the compiler's package only
# recommends.
need_compiler() {
  need "$1" "$2"
  printf '#include <stdio.h>\n' | "$1" -E - >/dev/null 2>&1 || install_packages "$3"
}

# check_library MAJOR LIBRARY: checks a library for macOS or Windows against the server that loads it. Ignores other platforms.
check_library() {
  local checks tree arch=x86_64 checker
  case $PLATFORM in
    darwin-*)
      [ "$PLATFORM" != darwin-arm64 ] || arch=arm64
      tree=$(embedded_tree "$1")
      checker=(macho.py "$2" "$tree/bin/postgres" "$tree/lib/postgresql/plpgsql$(library_suffix "$PLATFORM" "$1")" \
        "$(macos_sdk)/usr/lib/libSystem.tbd" "$arch")
      ;;
    windows-*) checker=(pe.py "$2" "$(windows_exports "$1")") ;;
    *) return 0 ;;
  esac
  if ! checks=$(python3 -B "$PLATFORM_FILES/${checker[0]}" "${checker[@]:1}"); then
    say "$checks"
    return 1
  fi
}

# property NAME KEY: prints a property of a recipe's POM. A property that contains patterns must not be expanded: use read -a.
property() { sed -n "s:.*<$2>\(.*\)</$2>.*:\1:p" "$ROOT/any-extension/recipes/$1/pom.xml"; }

# source_name PACKAGE: prints the name of the source package that a binary package was built from.
source_name() {
  local name
  name=$(dpkg-deb -f "$1" Source)
  [ -n "$name" ] || name=$(dpkg-deb -f "$1" Package)
  printf '%s' "${name%% *}"
}

# source_version PACKAGE: prints the version of the source that a binary package was built from.
source_version() {
  local version
  version=$(dpkg-deb -f "$1" Source | sed -n 's/.*(\(.*\))/\1/p')
  printf '%s' "${version:-$(dpkg-deb -f "$1" Version)}"
}

# file_version FILE: prints the version of a .dsc file, or of an upstream archive.
file_version() {
  local version=${1##*_}
  [[ $1 != *.dsc ]] || version=$(sed -n 's/^Version: //p' "$1" | sed -n 1p)
  printf '%s' "${version%.orig.tar.*}"
}

# source_file DIRECTORY SOURCE [VERSION]: prints the path of a source package's .dsc file, or of its upstream archive if there is no
# .dsc file. DIRECTORY is the output of packages.sh --source. If there is no source, or only another version, prints the reason
# instead and returns 1.
source_file() {
  local file found version=${3-}
  if ! file=$(compgen -G "$1/$2/*.dsc"); then
    file=$(compgen -G "$1/$2/*.orig.tar.*") || {
      printf 'the Debian mirror had no source'
      return 1
    }
    # without epoch and revision
    version=${version#*:} version=${version%-*}
  fi
  found=$(file_version "$file")
  if [ -n "$version" ] && [ "$found" != "$version" ]; then
    printf 'the source has version %s, but the package %s' "$found" "$version"
    return 1
  fi
  printf '%s' "$file"
}

# unpack_source FILE FOLDER: unpacks the result of source_file, with Debian's changes, if there are any.
unpack_source() {
  if [[ $1 != *.dsc ]]; then
    mkdir -p "$2" && tar -xf "$1" -C "$2" --strip-components=1
    return
  fi
  need dpkg-source dpkg-dev patch patch
  dpkg-source --no-copy --no-check -x "$1" "$2" >/dev/null 2>"$2.log" || {
    cat "$2.log" >&2
    return 1
  }
}

# build_source PLATFORM MAJOR SOURCE TREE [DESTDIR]: builds an extension for a platform with its own Makefile, in the directory TREE, a copy
# of the source, and installs it to DESTDIR. The output of make is in TREE/build.log. The libraries do not depend on the path of the directory.
build_source() {
  local PLATFORM=$1 major=$2 tree=$4 program='' config options server target
  install_compiler "$PLATFORM"
  cp -R "$3" "$tree"
  case $PLATFORM in
    darwin-*) program=bin/postgres ;;
    windows-*) program=bin/postgres.exe ;;
  esac
  if [ -n "$program" ]; then
    server=$(embedded_tree "$major") || return
    program=$server/$program
  fi
  if [ "$PLATFORM" = linux-amd64 ]; then
    # this machine
    config=$(pg_config_of "$major") || return
  else
    config=$(platform_config "$major" "$PLATFORM" "$program") || return
  fi
  # without debug information, which would contain paths
  options="-Werror=implicit-function-declaration -g0 -ffile-prefix-map=$tree=. -ffile-prefix-map=$("$config" --includedir-server)=server"
  [[ $PLATFORM != linux-* ]] || options+=' -s'
  # a function of POSIX that MinGW's headers do not declare, but gcc compiles inline
  [[ $PLATFORM != windows-* ]] || options+=' -Dffs=__builtin_ffs'
  # OPTFLAGS is an option of pgvector's Makefile for this machine's processor.
  # A separate run of make installs the files, because some Makefiles list them before the build has created them.
  for target in all ${5+install}; do
    make -C "$tree" -j2 PG_CONFIG="$config" USE_PGXS=1 with_llvm=no OPTFLAGS= PROGRAM= COPT="$options" DESTDIR="${5-}" "$target" \
      >>"$tree/build.log" 2>&1 || return
  done
}

# built_library PLATFORM MAJOR TREE NAME: prints the path of the library NAME that build_source built in TREE. Renames the library for
# the platform if necessary, and checks it. If a check fails, prints the reason to standard error and returns 1.
built_library() {
  local PLATFORM=$1 library needed
  library=$(find "$3" -name "$4.so" -o -name "$4$(library_suffix "$PLATFORM" "$2")" | sed -n 1p)
  [ -n "$library" ] || {
    say "The Makefile did not build $4.so"
    return 1
  }
  if [ "$library" != "${library%/*}/$4$(library_suffix "$PLATFORM" "$2")" ]; then
    mv "$library" "${library%/*}/$4$(library_suffix "$PLATFORM" "$2")"
    library=${library%/*}/$4$(library_suffix "$PLATFORM" "$2")
  fi
  case $PLATFORM in
    linux-*)
      needed=$(readelf -d "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p' | paste -sd ' ')
      [[ $PLATFORM != *-musl || $needed = libc.so ]] || {
        say "$4.so is linked with $needed"
        return 1
      }
      ;;
    *) check_library "$2" "$library" || return ;;
  esac
  printf '%s' "$library"
}
