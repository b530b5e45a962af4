#!/usr/bin/env bash
# A step of ./dev test --long: runs the tests of both testkits in a JVM for arm64, with the embedded server and the library for
# linux-arm64. QEMU emulates the JVM and the server. The kernel starts QEMU for programs for arm64 (binfmt_misc), only in a namespace
# of the tests. Programs of the system, such as unshare and sh, are not emulated.
# Usage: arm64-testkit.sh TREE, a directory to create
# SPDX-License-Identifier: MIT
PROGRAM=arm64-testkit.sh
# shellcheck source=scripts/ci/testkit-platform.sh
. "$(dirname "${BASH_SOURCE[0]}")/../testkit-platform.sh"

PLATFORM_TESTED=linux-arm64
JRE=$CACHE/jre/17-$PLATFORM_TESTED

# fetch_jre FOLDER: unpacks a JRE for arm64 with its libraries.
fetch_jre() {
  local deb link
  say "Fetching a JRE for arm64 (some seconds)"
  debian_download deb-libs bookworm openjdk-17-jre-headless:arm64 "$1/../debs" || return
  mkdir -p "$1/usr/lib" && ln -s usr/lib "$1/lib" || return
  for deb in "$1"/../debs/*_{arm64,all}.deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$1" --keep-directory-symlink || return
  done
  # The JRE's configuration files are links to /etc.
  find "$1" -lname '/*' | while IFS= read -r link; do
    ln -sfnr "$1$(readlink "$link")" "$link" || return
  done
}

[ "$(platform)" = linux-amd64 ] || skip "the emulator is for linux-amd64"
{ command -v unshare && command -v dpkg-deb; } >/dev/null || skip 'needs unshare, apt and dpkg, as Debian has them'
need qemu-aarch64 qemu-user
QEMU=$(command -v qemu-aarch64)
# The kernel recognises 64-bit ELF files for arm64, and passes their original name (P).
# shellcheck disable=SC2016
EMULATION='mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc &&
  printf %s ":arm64:M::\\x7fELF\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\xb7\\x00:\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff\\xff:'$QEMU':P" \
  >/proc/sys/fs/binfmt_misc/register'
in_namespaces bash -c "$EMULATION" || skip 'the kernel has no binfmt_misc for namespaces (Linux 6.7), or does not allow namespaces'
keep_once "$JRE" fetch_jre || skip "Debian's packages of a JRE for arm64 are unavailable"
# The libraries for arm64 are next to the machine's, as on a Debian with both architectures.
SETUP="$EMULATION && mount -t overlay -o lowerdir='$JRE/usr/lib:/usr/lib' overlay /usr/lib"
in_namespaces bash -c "$SETUP" || skip 'the kernel does not allow overlays in namespaces'

"$ROOT/scripts/native.sh" "$DEFAULT_MAJOR"
"$ROOT/scripts/native.sh" --platform "$PLATFORM_TESTED" "$DEFAULT_MAJOR"
copy_tree "$1"
# SVE and pointer authentication, which neoverse-n1 does not have, are slow under emulation.
export QEMU_CPU=neoverse-n1
options=(-Dembedded-postgres.platform=linux-arm64v8 -Djvm="$JRE/usr/lib/jvm/java-17-openjdk-arm64/bin/java"
  -DargLine="-XX:+UseSerialGC -XX:TieredStopAtLevel=1")
all_tests "$1" "$SETUP" ld-linux-aarch64 '' "${options[@]}"
other=$(testkit_reports "$1" | xargs grep -L 'name="os.arch" value="aarch64"') || true
[ -z "$other" ] || die "tests did not run on arm64: $other"
reject_wrong_library "$1" "$SETUP" "$PLATFORM_TESTED" "${options[@]}"
