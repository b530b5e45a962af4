#!/usr/bin/env bash
# A step of ./dev test --long: runs the tests of both testkits with the embedded server and the library for Alpine. Debian has no JVM
# for musl, so the tests run in a JVM for the GNU C library, on a system that has /etc/alpine-release. Maven and the testkit
# recognise Alpine by this file, which exists only in a namespace of the tests.
# Usage: musl-testkit.sh TREE, a directory to create
# SPDX-License-Identifier: MIT
PROGRAM='musl-testkit.sh'
# shellcheck source=scripts/ci/testkit-platform.sh
. "$(dirname "${BASH_SOURCE[0]}")/../testkit-platform.sh"

PLATFORM_TESTED=linux-amd64-musl

[ "$(platform)" = linux-amd64 ] || skip "the server is for linux-amd64"
command -v unshare >/dev/null || skip 'needs unshare'
[ -e /lib/ld-musl-x86_64.so.1 ] || install_packages musl
"$ROOT/scripts/native.sh" "$DEFAULT_MAJOR"
"$ROOT/scripts/native.sh" --platform "$PLATFORM_TESTED" "$DEFAULT_MAJOR"
copy_tree "$1"
mkdir "$1/etc"
echo 'not Alpine, but with its server' >"$1/etc/alpine-release"
SETUP="mount -t overlay -o lowerdir='$1/etc:/etc' overlay /etc"
in_namespaces bash -c "$SETUP" || skip 'the kernel does not allow overlays in namespaces'
# InstalledDistributionTest is left out, because it uses the JVM's own program as a server for this platform.
options=(-DargLine="${START_FAST[*]}")
all_tests "$1" "$SETUP" ld-musl-x86_64 InstalledDistributionTest "${options[@]}"
reject_wrong_library "$1" "$SETUP" "$PLATFORM_TESTED" "${options[@]}"
