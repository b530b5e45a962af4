#!/usr/bin/env bash
# A step of ./dev test --all: the extension's SQL tests on each major and on musl; on the newest major also with changed settings.
# SPDX-License-Identifier: MIT
PROGRAM=regress-all.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../lib.sh"

"$ROOT/scripts/regress.sh" "${MAJORS[@]:0:${#MAJORS[@]}-1}"
"$ROOT/scripts/regress.sh" --settings "${MAJORS[-1]}"
"$ROOT/scripts/regress.sh" --platform linux-amd64-musl "$DEFAULT_MAJOR"
