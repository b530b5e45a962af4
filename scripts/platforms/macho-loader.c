/*
 * SPDX-License-Identifier: MIT
 *
 * Runs the machine code of a macOS library in a server for Linux, to test it: maps its segments, applies its fixups, and exports its
 * functions. tables.h is written by macho_tables.py.
 */
#define _GNU_SOURCE
#include <ctype.h>
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

/* The classes of characters that the macros of macOS read from a table, see its runetype.h. load() fills the table. */
static struct
{
  char unused[60];
  uint32_t classes[256];
  int32_t lower[256], upper[256];
} _DefaultRuneLocale[1];

/* macOS calls this function for characters that are not in the table */
__attribute__((unused)) static int
__maskrune(int character, unsigned long mask)
{
  return character >= 0 && character < 256 ? (int) (_DefaultRuneLocale->classes[character] & mask) : 0;
}

/* macOS passes variadic arguments on the stack on arm64, in slots of 8 bytes, and Linux in registers. */
#ifdef __aarch64__
static void
list_of_stack(va_list *arguments, void *stack)
{
  struct { void *stack, *general, *vector; int general_offset, vector_offset; } list = {stack, 0, 0, 0, 0};

  memcpy(arguments, &list, sizeof(*arguments));
}

__attribute__((unused)) static char *
formatted(const char *format, void *stack)
{
  va_list arguments;
  char *text;

  list_of_stack(&arguments, stack);
  if (vasprintf(&text, format, arguments) < 0)
    abort();
  return text;
}

/* calls a C function with a pointer to the variadic arguments, which follow COUNT other arguments */
#define THUNK(name, count) \
  extern char thunk_##name[] __attribute__((visibility("hidden"))); \
  __asm__(".text\n.balign 4\nthunk_" #name ": mov x" #count ", sp\nb format_" #name "\n");
/* a function with the arguments (parameters, format, ...) */
#define FORMATTING_THUNK(name, count, parameters, arguments, declaration) \
  extern void *name declaration; \
  __attribute__((used)) static void *format_##name parameters \
  { \
    char *text = formatted(format, stack); \
    void *result = name arguments; \
    free(text); \
    return result; \
  } \
  THUNK(name, count)
#define FORMATTING(name) FORMATTING_THUNK(name, 1, (const char *format, void *stack), ("%s", text), (const char *, ...))
#define FORMATTING_AFTER_1(name) \
  FORMATTING_THUNK(name, 2, (void *first, const char *format, void *stack), (first, "%s", text), (void *, const char *, ...))
#define FORMATTING_AFTER_2(name) \
  FORMATTING_THUNK(name, 3, (void *first, size_t second, const char *format, void *stack), (first, second, "%s", text), \
                   (void *, size_t, const char *, ...))
#define SCANNING(name) \
  __attribute__((used)) static int format_##name(const char *input, const char *format, void *stack) \
  { \
    va_list arguments; \
    list_of_stack(&arguments, stack); \
    return v##name(input, format, arguments); \
  } \
  THUNK(name, 2)
/* the function ignores numbers that follow its arguments */
#define NUMBERS_AFTER_5(name) \
  extern int name(uint32_t, uint32_t, int, int, int, ...); \
  __attribute__((used)) static int format_##name(uint32_t first, uint32_t second, int third, int fourth, int fifth, uint64_t *stack) \
  { \
    return name(first, second, third, fourth, fifth, (uint32_t) stack[0], (uint32_t) stack[1], (uint32_t) stack[2], \
                (uint32_t) stack[3], (uint32_t) stack[4], (uint32_t) stack[5], (uint32_t) stack[6], (uint32_t) stack[7], \
                (uint32_t) stack[8], (uint32_t) stack[9], (uint32_t) stack[10], (uint32_t) stack[11]); \
  } \
  THUNK(name, 5)
#define SYMBOL(name)
#define GUARD(name)
#define OWN(name)
NAMES
#undef FORMATTING
#undef FORMATTING_AFTER_1
#undef FORMATTING_AFTER_2
#undef SCANNING
#undef NUMBERS_AFTER_5
#undef SYMBOL
#undef GUARD
#undef OWN
#define FORMATTING(name) {#name, thunk_##name},
#else
#define FORMATTING(name) {#name, 0},
#endif
#define FORMATTING_AFTER_1 FORMATTING
#define FORMATTING_AFTER_2 FORMATTING
#define SCANNING FORMATTING
#define NUMBERS_AFTER_5 FORMATTING
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
  for (int i = 0; i < 128; i++)
  {
    _DefaultRuneLocale->classes[i] = (isalpha(i) ? 0x100 : 0) | (iscntrl(i) ? 0x200 : 0) | (isdigit(i) ? 0x400 : 0) |
      (isgraph(i) ? 0x800 : 0) | (islower(i) ? 0x1000 : 0) | (ispunct(i) ? 0x2000 : 0) | (isspace(i) ? 0x4000 : 0) |
      (isupper(i) ? 0x8000 : 0) | (isxdigit(i) ? 0x10000 : 0) | (isblank(i) ? 0x20000 : 0) | (isprint(i) ? 0x40000 : 0);
    _DefaultRuneLocale->lower[i] = tolower(i);
    _DefaultRuneLocale->upper[i] = toupper(i);
  }
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
