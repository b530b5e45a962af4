#!/usr/bin/env bash
# ./dev native --fuzz: fuzzes extension/src/greeting.h, which computes sizes and writes bytes, with libFuzzer and sanitizers.
# Compares the results with a naive implementation, and fails on the first wrong byte or size. Prints the line coverage. Also runs
# the corpus on emulated big-endian and 32-bit machines.
# Usage: scripts/fuzz.sh SECONDS [MACHINE...] e.g. scripts/fuzz.sh 600 s390x i686
# SPDX-License-Identifier: MIT
PROGRAM='dev native --fuzz'
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

seconds=$1
harness=$ROOT/extension/test/fuzz/greeting_fuzz.c
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

need clang clang gcc gcc
[ -e /usr/include/stdio.h ] || install_packages libc6-dev

fuzzer() {
  clang -std=gnu11 -O1 -g -Wall -Wextra -Werror -fsanitize=fuzzer,address,undefined \
    -fno-sanitize-recover=undefined -fno-omit-frame-pointer -o "$tmp/fuzzer" "$harness"
}
# The sanitizers' libraries are in a separate package. Its name contains clang's version.
fuzzer 2>"$tmp/log" || {
  if ! grep -q libclang_rt "$tmp/log"; then
    cat "$tmp/log" >&2
    die 'the harness does not compile'
  fi
  install_packages "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev"
  fuzzer
}

# seed NAME COUNT NUMBERS NAME-BYTES
seed() {
  printf '%b%b%s' "$2" "$3" "$4" >"$tmp/corpus/$1"
}
zeros='\0000\0000\0000\0000\0000\0000\0000\0000'
ones='\0377\0377\0377\0377\0377\0377\0377\0377'
mkdir "$tmp/corpus"
seed empty '\0000' "$zeros$zeros" ''
seed one '\0000' "$zeros$ones" World
seed ten '\0011' "$ones$zeros" "O'Brien"
seed utf8 '\0004' "$ones$ones" 'Zoë 世界'
seed long '\0011' "$zeros$zeros" "$(printf 'x%.0s' {1..1000})"

say "Fuzzing the greeting ($seconds seconds)"
status=0
"$tmp/fuzzer" -max_total_time="$seconds" -max_len=4096 -timeout=5 -rss_limit_mb=1024 -print_final_stats=1 \
  -artifact_prefix="$tmp/" "$tmp/corpus" >"$tmp/log" 2>&1 || status=$?
if [ "$status" != 0 ]; then
  sed -n '/CHECK failed\|ERROR: \|runtime error:/,$p' "$tmp/log" | head -60 >&2
  die "an input breaks the greeting; the output above contains this input in Base64"
fi

stat_of() { sed -n "s/^stat::$1: *//p" "$tmp/log"; }
printf '%s executions, %s per second, %s inputs kept\n' \
  "$(stat_of number_of_executed_units)" "$(stat_of average_exec_per_sec)" "$(find "$tmp/corpus" -type f | wc -l)"

cd "$tmp"
gcc -std=gnu11 -O0 --coverage -DREPLAY -o replay "$harness"
./replay corpus/*
gcov ./*.gcda >/dev/null 2>&1
print_coverage src/greeting.h greeting.h.gcov

# replay_on MACHINE: runs the fuzzer's corpus on an emulated machine.
replay_on() {
  local cc=$1-linux-gnu-gcc emulator=qemu-${1/i686/i386}
  need "$cc" "gcc-$1-linux-gnu" "$emulator" qemu-user
  # The compiler's package recommends the C library's headers, but does not depend on them.
  printf '#include <stdio.h>\n' | "$cc" -E - >/dev/null 2>&1 || install_packages "libc6-dev-${1/i686/i386}-cross"
  "$cc" -static -std=gnu11 -O2 -Wall -Werror -DREPLAY -o "replay-$1" "$harness"
  find corpus -type f -exec "$emulator" "./replay-$1" {} +
  printf '%s: %s inputs replayed\n' "$1" "$(find corpus -type f | wc -l)"
}

for machine in "${@:2}"; do
  replay_on "$machine"
done
