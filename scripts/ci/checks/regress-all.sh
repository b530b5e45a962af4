#!/usr/bin/env bash
# A step of ./dev test --all: the extension's SQL tests on each major and on musl. The largest values are tested only on the newest
# major. ./dev test --long tests them on each major, and repeats the other tests with changed settings.
# SPDX-License-Identifier: MIT
PROGRAM=regress-all.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../lib.sh"

"$ROOT/scripts/regress.sh" --quick "${MAJORS[@]:0:${#MAJORS[@]}-1}"
"$ROOT/scripts/regress.sh" "${MAJORS[-1]}"
"$ROOT/scripts/regress.sh" --quick --platform linux-amd64-musl "$DEFAULT_MAJOR"
