#!/usr/bin/env bash
# A step of ./dev test --all: fetches headers and packages of PostgreSQL 16 from a local repository that has the form of the PostgreSQL project's
# repository, and checks that a repository with another key is rejected. The local packages contain the headers of another major.
# SPDX-License-Identifier: MIT
PROGRAM=pgdg.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../lib.sh"
# shellcheck source=scripts/debian.sh
. "$ROOT/scripts/debian.sh"

command -v apt-get >/dev/null || {
  echo 'skipped: needs the apt and dpkg of Debian'
  exit 77
}
need gpg gnupg
WORK=$(mktemp -d)
trap 'GNUPGHOME=$WORK/gpg gpgconf --kill all; rm -rf "$WORK"' EXIT
export GNUPGHOME=$WORK/gpg
mkdir -m 700 "$GNUPGHOME"
REPOSITORY=$WORK/repository
INDEX=$REPOSITORY/dists/$(. /etc/os-release && echo "$VERSION_CODENAME")-pgdg
PACKAGES=$INDEX/main/binary-$(dpkg --print-architecture)
mkdir -p "$PACKAGES"

# package NAME FOLDER: adds a package with the files in a directory.
package() {
  local file
  file=$1_16.15-1.pgdg_$(dpkg --print-architecture).deb
  mkdir "$2/DEBIAN"
  printf 'Package: %s\nVersion: 16.15-1.pgdg\nArchitecture: %s\nMaintainer: Test <test@example.com>\nDescription: test\n' "$1" \
    "$(dpkg --print-architecture)" >"$2/DEBIAN/control"
  dpkg-deb -b "$2" "$REPOSITORY/$file" >/dev/null
  {
    dpkg-deb -f "$REPOSITORY/$file"
    printf 'Filename: %s\nSize: %s\nSHA256: %s\n\n' "$file" "$(stat -c %s "$REPOSITORY/$file")" "$(sha256sum "$REPOSITORY/$file" | cut -d' ' -f1)"
  } >>"$PACKAGES/Packages"
}

# sign KEY: signs the repository.
sign() {
  local path=${PACKAGES#"$INDEX/"}/Packages
  printf 'Origin: apt.postgresql.org\nSuite: %s\nCodename: %s\nDate: %s\nArchitectures: %s\nComponents: main\nSHA256:\n %s %s %s\n' "${INDEX##*/}" "${INDEX##*/}" \
    "$(LC_ALL=C date -Ru | sed 's/+0000/UTC/')" "$(dpkg --print-architecture)" "$(sha256sum "$INDEX/$path" | cut -d' ' -f1)" \
    "$(stat -c %s "$INDEX/$path")" "$path" | gpg -q --batch --yes --local-user "$1" --clearsign -o "$INDEX/InRelease"
}

# new_key NAME: creates a key, and prints its fingerprint.
new_key() {
  gpg -q --batch --passphrase '' --quick-generate-key "$1@example.com" rsa2048 sign never
  gpg -q --batch --no-auto-check-trustdb --with-colons --list-keys "$1@example.com" | awk -F: '$1 == "fpr" { print $10; exit }'
}

# rejected WHAT: fails if the headers are found.
rejected() {
  if (CACHE=$WORK/rejected && headers 16) >"$WORK/out" 2>&1; then
    die "$1 is accepted"
  fi
  grep -q "^PostgreSQL 16: no headers installed, and PostgreSQL's package repository cannot be read from here. Remedy: install postgresql-server-dev-16, or set PG_CONFIG$" "$WORK/out" ||
    die "$1 is rejected without the reason: $(cat "$WORK/out")"
  echo "$1 is rejected"
}

# Headers of another major with the version of 16.
server=$WORK/server/usr/include/postgresql/16/server client=$WORK/client/usr/lib/postgresql/16/lib/pgxs other=$(pg_config_of "$DEFAULT_MAJOR")
mkdir -p "$server" "$client"
cp -RL "$("$other" --includedir-server)/." "$server"
sed -i 's/^#define PG_VERSION .*/#define PG_VERSION "16.15 (test)"/' "$server/pg_config.h"
rm -f "$server"/pg_config.h.*
cp -RL "$(dirname "$("$other" --pgxs)")/../../." "$client"
package postgresql-server-dev-16 "$WORK/server"
package postgresql-client-16 "$WORK/client"
mkdir "$WORK/acme"
package postgresql-16-acme "$WORK/acme"

APT_PGDG=file://$REPOSITORY
APT_PGDG_FINGERPRINT=$(new_key owner)
other=$(new_key other)
gpg --batch --armor --export >"$WORK/keys.asc"
pgdg_key() { printf '%s/keys.asc' "$WORK"; }
# installed headers would be used instead
installed_config() { return 1; }

rejected 'a repository without a signature'
sign "$other"
rejected 'a repository that another known key has signed'
sign "$APT_PGDG_FINGERPRINT"
config=$(CACHE=$WORK/cache pg_config_of 16)
[ "$("$config" --version)" = 'PostgreSQL 16.15 (test)' ] || die "the version is $("$config" --version)"
[ -e "$("$config" --includedir-server)/postgres.h" ] || die 'there are no headers'
[ -e "$("$config" --pgxs)" ] || die 'there are no makefiles'
echo 'the headers of a signed repository are used'
# Libraries come from the machine's suite.
debian_download deb-known pgdg 'postgresql-16-acme postgresql-16-unknown libc6' "$WORK/downloaded" 2>"$WORK/out" || die "cannot be downloaded: $(cat "$WORK/out")"
[ "$(cd "$WORK/downloaded" && printf '%s\n' *.deb | cut -d_ -f1 | paste -sd ' ')" = 'libc6 postgresql-16-acme' ] ||
  die "the downloaded packages are $(ls "$WORK/downloaded")"
grep -q 'skipped: the suite has no postgresql-16-unknown' "$WORK/out" || die "the missing package is not reported: $(cat "$WORK/out")"
echo "packages come from this repository and the machine's suite"
