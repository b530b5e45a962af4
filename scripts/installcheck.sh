#!/usr/bin/env bash
# make, make install and make installcheck with the system's own PostgreSQL, as
# an administrator runs them, but staged: nothing is written outside a scratch folder.
# Usage: scripts/installcheck.sh
# SPDX-License-Identifier: MIT
set -euo pipefail
PROGRAM=installcheck.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

SCRATCH=
cleanup() {
  if [ -n "$SCRATCH" ]; then
    rm -rf "$SCRATCH"
  fi
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

skip() {
  printf 'skipped: %s\n' "$*"
  exit 0
}

# installcheck PG_CONFIG MAJOR
installcheck() {
  local config=$1 major=$2 headers='' source stage log options started ended tenths
  local make=(make with_llvm=no "PG_CONFIG=$config")
  if [ ! -e "$("$config" --includedir-server)/postgres.h" ]; then
    if ! headers=$("$ROOT/scripts/native.sh" --headers "$major"); then
      printf 'skipped: PostgreSQL %s: no headers of the server\n' "$major"
      return
    fi
    # PG_CPPFLAGS is the Makefile's own
    make+=("COPT=-I$headers")
  fi

  SCRATCH=$(scratch_dir)
  # the server is another user's
  chmod 755 "$SCRATCH"
  source=$SCRATCH/extension stage=$SCRATCH/stage log=$SCRATCH/log
  mkdir "$source" "$stage"
  cp -R "$ROOT"/extension/{Makefile,pg_hello.control,sql,src,test} "$source"

  say "PostgreSQL $major: running"
  started=${EPOCHREALTIME/[.,]/}
  if ! { "${make[@]}" -C "$source" && "${make[@]}" -C "$source" install DESTDIR="$stage"; } >"$log" 2>&1; then
    cat "$log" >&2
    die "PostgreSQL $major: make failed"
  fi
  options=(-o "dynamic_library_path=$stage$("$config" --pkglibdir):\$libdir")
  if [ "$major" -ge 18 ]; then
    options+=(-o "extension_control_path=$stage$("$config" --sharedir):\$system")
  else
    options+=(-o "extension_destdir=$stage")
  fi
  # shellcheck disable=SC2016
  if ! pg_virtualenv -v "$major" "${options[@]}" sh -ec '
    psql -X -A -t -c "SHOW server_version" template1 >"$1"
    shift
    "$@"' sh "$SCRATCH/version" "${make[@]}" -C "$source" installcheck >"$log" 2>&1; then
    cat "$log" >&2
    if [ -e "$source/regression.diffs" ]; then
      cat "$source/regression.diffs"
    fi
    die "PostgreSQL $major: make installcheck failed"
  fi
  ended=${EPOCHREALTIME/[.,]/}
  [[ $(<"$SCRATCH/version") =~ ^${major}[^0-9] ]] ||
    die "asked for PostgreSQL $major, but the server is $(<"$SCRATCH/version")"
  tenths=$(((ended - started + 50000) / 100000))
  printf 'PostgreSQL %s: make installcheck passed (%d.%d s)\n' "$(<"$SCRATCH/version")" $((tenths / 10)) $((tenths % 10))

  rm -rf "$SCRATCH"
  SCRATCH=
}

configs=()
for config in /usr/lib/postgresql/*/bin/pg_config; do
  if [ -x "$config" ] && [ -x "$("$config" --bindir)/postgres" ]; then
    configs+=("$config")
  fi
done
[ ${#configs[@]} -gt 0 ] || skip 'the system has no PostgreSQL server'
command -v pg_virtualenv >/dev/null || skip 'there is no pg_virtualenv (package postgresql-common)'

need make make gcc gcc
for config in "${configs[@]}"; do
  [[ $("$config" --version) =~ ^PostgreSQL\ ([0-9]+) ]] || die "cannot tell the version of $config"
  installcheck "$config" "${BASH_REMATCH[1]}"
done
