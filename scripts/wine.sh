#!/usr/bin/env bash
# Runs Windows programs on Linux with Wine 10 from Debian 13, which is unpacked but not installed. Wine from Debian 12 lacks
# functions that PostgreSQL 17 uses. Needs root or user namespaces; for root, the programs run as an ordinary user. Start servers
# with pg_ctl, because PostgreSQL regards the user of Wine as an administrator.
# Usage: wine.sh setup SCRATCH                      prepares a directory for the programs' files, and prints the directory of Wine, which is
#                                                   fetched the first time (115 MB)
#        wine.sh run FOLDER SCRATCH PROGRAM ARG...  runs a program, which sees SCRATCH under the same path on drive Z:
# SPDX-License-Identifier: MIT
PROGRAM=wine.sh

WINE_USER=0
[ "$(id -u)" != 0 ] || WINE_USER=5011

# in_root FOLDER SCRATCH COMMAND ARG...: runs a command that sees Wine, FOLDER/prefix and SCRATCH only.
in_root() {
  local namespaces=(-m)
  [ "$(id -u)" = 0 ] || namespaces=(-U -r -m)
  # shellcheck disable=SC2016
  exec unshare "${namespaces[@]}" --propagation private bash -c '
    folder=$1 scratch=$2 user=$3 root=$1/root
    shift 3
    mount --rbind /proc "$root/proc" && mount --rbind /dev "$root/dev" && mount --bind "$scratch/tmp" "$root/tmp" || exit
    for path in "$folder/prefix" "$scratch"; do
      [ -e "$root$path" ] || mkdir -p "$root$path" || exit
      mount --bind "$path" "$root$path" || exit
    done
    export HOME=$scratch/home WINEPREFIX=$scratch/home/prefix WINEARCH=win64 WINEDEBUG=-all USER=wine LC_ALL=C.UTF-8
    export WINESERVER=/usr/lib/wine/wineserver64 WINEDLLOVERRIDES="mscoree=d;mshtml=d;winemenubuilder.exe=d"
    unset DISPLAY
    cd "$scratch" || exit
    # a namespace of an ordinary user has no other users
    options=()
    [ "$user" = 0 ] || options=(--userspec="$user:$user")
    exec chroot "${options[@]}" "$root" "$@"' in_root "$1" "$2" "$WINE_USER" "${@:3}"
}

# fetch_wine FOLDER: unpacks Wine, and creates the contents of drive C.
fetch_wine() {
  local folder=$1 root=$1/root scratch=$1/../scratch deb link
  say "Fetching Wine (115 MB, 1.5 GB unpacked; half a minute)"
  need unshare util-linux
  debian_download deb trixie 'libc6 libgcc-s1 libunwind8 liblzma5 libz-mingw-w64 libwine wine64' "$folder/../debs" || return
  mkdir -p "$root"/{proc,dev,etc,tmp} "$folder/prefix" "$scratch"/{home,tmp} || return
  for deb in "$folder"/../debs/*.deb; do
    dpkg -x "$deb" "$root" || return
  done
  rm -rf "$root"/usr/share/{doc,man} "$root/usr/lib/x86_64-linux-gnu/wine/i386-windows"
  for link in bin lib lib64 sbin; do
    ln -sfn "usr/$link" "$root/$link" || return
  done
  echo "wine:x:$WINE_USER:$WINE_USER::/:/bin/sh" >"$root/etc/passwd"
  scratch=$(realpath "$scratch")
  # The package's installation script does the same. user32.dll needs this library.
  cp "$root/usr/x86_64-w64-mingw32/lib/zlib1.dll" "$root/usr/lib/x86_64-linux-gnu/wine/x86_64-windows" &&
    { [ "$WINE_USER" = 0 ] || chown -R "$WINE_USER:$WINE_USER" "$scratch"; } &&
    chmod 755 "$folder/.." "$folder" || return
  # ignore the status, which reports that there are no 32-bit programs
  (in_root "$folder" "$scratch" /usr/lib/wine/wine64 wineboot -i) >/dev/null 2>&1 || true
  (in_root "$folder" "$scratch" /usr/lib/wine/wineserver64 -w) || return
  # wineserver is the name of a directory in tmp
  cp -a "$scratch/home/prefix/." "$folder/prefix" &&
    rm -f "$folder/prefix/wineserver" &&
    cp "$root/usr/x86_64-w64-mingw32/lib/zlib1.dll" "$folder/prefix/drive_c/windows/system32" &&
    { [ "$WINE_USER" = 0 ] || chown -Rh 0:0 "$folder/prefix"; }
}

# prepare FOLDER SCRATCH: creates drive C in SCRATCH, so that programs write only to SCRATCH. Links replace 772 MB of the files.
prepare() {
  local prefix=$2/home/prefix
  mkdir -p "$2/home" "$2/tmp"
  cp -as "$1/prefix" "$prefix"
  rm -rf "$prefix"/*.reg "$prefix/dosdevices"
  cp -a "$1/prefix"/*.reg "$1/prefix/dosdevices" "$prefix"
  [ "$WINE_USER" = 0 ] || chown -Rh "$WINE_USER:$WINE_USER" "$2"
}

command=$1
shift
case $command in
  setup)
    # shellcheck source=scripts/lib.sh
    . "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
    # shellcheck source=scripts/debian.sh
    . "$ROOT/scripts/debian.sh"
    # shellcheck source=scripts/platforms.sh
    . "$ROOT/scripts/platforms.sh"
    keep_once "$CACHE/wine/10" fetch_wine || die 'could not set up Wine'
    prepare "$CACHE/wine/10" "$1"
    printf '%s\n' "$CACHE/wine/10"
    ;;
  run) in_root "$1" "$2" /usr/lib/wine/wine64 "${@:3}" ;;
esac
