#!/usr/bin/env bash
# A compiler for PostgreSQL extensions on Windows x64. Used by native.sh, and by Makefiles with PGXS. Drops the options for Linux
# that PGXS passes. PG_WINDOWS_HEADERS is the directory printed by platform_headers of platforms.sh, and PG_WINDOWS_EXPORTS the file printed by
# windows_exports. Compile sources with -c before linking.
# SPDX-License-Identifier: MIT
set -euo pipefail
TARGET=x86_64-w64-mingw32
args=() objects=() output=a.out link=1 next=''
for arg in "$@"; do
  case $next in
    output) output=$arg ;;
    keep) args+=("$arg") ;;
  esac
  if [ -n "$next" ]; then
    next=''
    continue
  fi
  case $arg in
    -o) next=output ;;
    # dropped, because the headers below are used instead
    -isystem) next=drop ;;
    -c | -E | -S | -fsyntax-only | -M | -MM) link='' args+=("$arg") ;;
    -MF | -MT | -MQ | -include) args+=("$arg") next=keep ;;
    # dropped: headers and libraries of this machine, and options for its linker and processor
    -I/usr/* | -L* | -l* | -Wl,* | -fPIC | -fpic | -shared | -march=native | -flto* | -specs=*) ;;
    # dropped: options that need a runtime library, or have no effect on Windows
    -fstack-protector* | -fstack-clash-protection | -fcf-protection* | -D_FORTIFY_SOURCE=* | -fvisibility=hidden) ;;
    *.o | *.a) objects+=("$arg") ;;
    *) args+=("$arg") ;;
  esac
done

if [ -z "$link" ]; then
  [ "$output" = a.out ] || args+=(-o "$output")
  # the servers use UCRT as the C library, whereas MinGW's default is MSVCRT; a long has 32 bits, which would cut a pointer
  exec "$TARGET-gcc" -Werror=pointer-to-int-cast -Werror=int-to-pointer-cast -Werror=shift-count-overflow -D_UCRT -D__MSVCRT_VERSION__=0xE00 -D__USE_MINGW_ANSI_STDIO=0 -U__MINGW64__ -D_GNU_SOURCE \
    -isystem "$PG_WINDOWS_HEADERS" -isystem "$PG_WINDOWS_HEADERS/port/win32" "${args[@]}"
fi

# Such functions are called by the startup code of a C library, which is not linked.
if "$TARGET-objdump" -h "${objects[@]}" | grep -qE ' \.(ctors|dtors|init_array|fini_array)'; then
  echo 'functions with the attribute constructor or destructor do not run on Windows: call them in _PG_init' >&2
  exit 1
fi
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# MinGW has its own versions of these functions, which compute other numbers. The server uses the functions of the C library.
{
  printf 'LIBRARY api-ms-win-crt-math-l1-1-0.dll\nEXPORTS\n'
  printf '%s\n' acosf asinf atan2 atan2f atanf ceil ceilf cos cosf coshf exp expf floor floorf fmod fmodf ldexp lgamma lgammaf log log10f logf \
    modf modff pow powf sin sinf sinhf sqrt sqrtf tanf
} >"$tmp/math.def"
"$TARGET-dlltool" -d "$tmp/math.def" -l "$tmp/libmath.a"
# include only the exports that these objects need, because dlltool takes up to a minute for all 11,000 exports, and ld cannot
# read the output of LLVM's dlltool
"$TARGET-nm" --undefined-only "${objects[@]}" |
  awk 'NF == 2 && $1 == "U" { sub(/^__imp_/, "", $2); sub(/^\.refptr\./, "", $2); print $2 }' | sort -u >"$tmp/needed"
awk 'NR == FNR { needed[$1] = 1; next } FNR <= 2 || $1 in needed' "$tmp/needed" "$PG_WINDOWS_EXPORTS" >"$tmp/server.def"
"$TARGET-dlltool" -d "$tmp/server.def" -l "$tmp/libserver.a"
# Windows relocates libraries. This pointer ensures that the relocation table is never empty.
printf 'static void *const volatile relocated __attribute__((used)) = (void *) &relocated;\n' >"$tmp/relocated.c"
(cd "$tmp" && "$TARGET-gcc" -O2 -c relocated.c)
# the library contains its own name, so it must not be the name of a temporary file
dll=$tmp/$(basename "${output%.*}").dll
# Fixed timestamp and address: the same bytes in each build. Variables that the server does not export for extensions are an error.
"$TARGET-gcc" "${args[@]}" -shared -s -nostdlib -o "$dll" "${objects[@]}" "$tmp/relocated.o" "$tmp/libserver.a" \
  -Wl,--entry=0,--disable-auto-import,--no-insert-timestamp,--image-base=0x180000000 \
  "$tmp/libmath.a" -lucrt -lmingwex -lmingw32 "$tmp/libmath.a" -lucrt -lgcc -lkernel32
mv "$dll" "$output"
