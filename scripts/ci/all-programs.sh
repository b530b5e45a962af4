#!/usr/bin/env bash
# all-programs.sh DIRECTORY: creates the launchers DIRECTORY/MAJOR/bin/NAME for all supported majors. The programs are the servers of the
# tests, and pg_dump, pg_dumpall and pg_restore of the system or of Debian's packages. Reports and omits majors without these programs.
# SPDX-License-Identifier: MIT
PROGRAM=all-programs.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
# shellcheck source=scripts/programs.sh
. "$ROOT/scripts/programs.sh"

# launcher FILE COMMAND...: writes a program that starts another one, with all arguments.
launcher() {
  printf '#!/bin/bash\nexec %s "$@"\n' "${*:2}" >"$1"
  chmod +x "$1"
}

# add_programs MAJOR DIRECTORY: creates the directory with the programs of this major.
add_programs() {
  local tree client=/usr/lib/postgresql/$1/bin program
  tree=$(embedded_tree "$1") || return
  if [ ! -x "$client/pg_restore" ]; then
    client=$(provide_client "$1") || return
  fi
  mkdir -p "$2"
  for program in pg_dump pg_dumpall pg_restore; do
    launcher "$2/$program" "'$client/$program'"
  done
  for program in postgres initdb; do
    # The server finds its files relative to the first argument, and its libraries relative to the program.
    # shellcheck disable=SC2016
    launcher "$2/$program" '-a "$0"' "'$tree/bin/$program'"
  done
  cat >"$2/pg_config" <<END
#!/bin/sh
case \$1 in
  --bindir) echo '$tree/bin' ;;
  --sharedir) echo '$tree/share/postgresql' ;;
  --pkglibdir) echo '$tree/lib/postgresql' ;;
esac
END
  chmod +x "$2/pg_config"
}

[ $# = 1 ] || misuse "needs a directory"
for major in "${SUPPORTED_MAJORS[@]}"; do
  (add_programs "$major" "$1/$major/bin") || {
    say "skipped: the programs of PostgreSQL $major cannot be fetched"
    rm -rf "${1:?}/$major"
  }
done
compgen -G "$1/*/bin/postgres" >/dev/null || die "the programs of no version can be fetched"
