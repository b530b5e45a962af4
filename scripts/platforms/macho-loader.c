/*
 * SPDX-License-Identifier: MIT
 *
 * Runs the machine code of a macOS library in a server for Linux, to test it: maps its segments, applies its fixups, and exports its
 * functions. tables.h is written by macho_tables.py.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tables.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

__asm__(".section .rodata\n.balign 16\nmacho_file: .incbin \"" FILE_NAME "\"\n.previous");
extern const char macho_file[] __attribute__((visibility("hidden")));

static uintptr_t guard = 0x5eed0ff1ce;

/* clang calls this function of macOS to fill arrays */
__attribute__((unused)) static void
memset_pattern16(void *to, const void *pattern, size_t size)
{
  for (size_t at = 0; at < size; at += 16)
    memcpy((char *) to + at, pattern, size - at < 16 ? size - at : 16);
}

/* macOS passes variadic arguments on the stack on arm64, in slots of 8 bytes, and Linux in registers. */
#ifdef __aarch64__
#define FORMATTING_THUNK(name) \
  extern int name(const char *format, ...); \
  __attribute__((used)) static int format_##name(const char *format, void *stack) \
  { \
    char text[8192]; \
    va_list arguments; \
    struct { void *stack, *general, *vector; int general_offset, vector_offset; } list = {stack, 0, 0, 0, 0}; \
    memcpy(&arguments, &list, sizeof(arguments)); \
    vsnprintf(text, sizeof(text), format, arguments); \
    return name("%s", text); \
  } \
  extern char thunk_##name[] __attribute__((visibility("hidden"))); \
  __asm__(".text\n.balign 4\nthunk_" #name ": mov x1, sp\nb format_" #name "\n");
#define SYMBOL(name)
#define GUARD(name)
#define OWN(name)
#define FORMATTING FORMATTING_THUNK
NAMES
#undef FORMATTING
#undef SYMBOL
#undef GUARD
#undef OWN
#define FORMATTING(name) {#name, thunk_##name},
#else
#define FORMATTING(name) {#name, 0},
#endif
#define SYMBOL(name) {#name, 0},
#define GUARD(name) {#name, &guard},
#define OWN(name) {#name, name},

static struct { const char *name; void *address; } names[] = {NAMES};
static const struct { uint64_t at; int32_t name; int64_t value; } fixups[] = {FIXUPS};
static const struct { uint64_t address, size, offset, length; int protection; } segments[] = {SEGMENTS};

#define EXPORT(i, name, address) address,
static const uint64_t exports[] = {EXPORTS};
#undef EXPORT
uintptr_t macho_exported[COUNT(exports)] __attribute__((visibility("hidden")));

/* each exported function is a jump, which leaves all arguments unchanged */
#ifdef __aarch64__
#define JUMP(i) "adrp x16, macho_exported+8*" #i "\nldr x16, [x16, #:lo12:macho_exported+8*" #i "]\nbr x16\n"
#else
#define JUMP(i) "jmp *macho_exported+8*" #i "(%rip)\n"
#endif
#define EXPORT(i, name, address) \
  __asm__(".text\n.globl " #name "\n.type " #name ", %function\n" #name ": " JUMP(i) ".size " #name ", .-" #name "\n");
EXPORTS

__attribute__((constructor)) static void
load(void)
{
  char *base = mmap(0, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (base == MAP_FAILED)
    abort();
  for (size_t i = 0; i < COUNT(segments); i++)
    memcpy(base + segments[i].address, macho_file + segments[i].offset, segments[i].length);
  for (size_t i = 0; i < COUNT(names); i++)
    if (!names[i].address && !(names[i].address = dlsym(RTLD_DEFAULT, names[i].name)))
    {
      fprintf(stderr, "the server has no symbol %s\n", names[i].name);
      abort();
    }
  for (size_t i = 0; i < COUNT(fixups); i++)
  {
    uint64_t value = (uint64_t) (fixups[i].name < 0 ? (void *) base : names[fixups[i].name].address) + fixups[i].value;

    memcpy(base + fixups[i].at, &value, sizeof(value));
  }
  for (size_t i = 0; i < COUNT(segments); i++)
    if (mprotect(base + segments[i].address, segments[i].size, segments[i].protection))
      abort();
  __builtin___clear_cache(base, base + SIZE);
  for (size_t i = 0; i < COUNT(exports); i++)
    macho_exported[i] = (uintptr_t) base + exports[i];
}
