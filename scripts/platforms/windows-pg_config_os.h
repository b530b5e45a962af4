/* SPDX-License-Identifier: MIT */
#include "port/win32.h"

/* Process IDs have 32 bits in the structures of a server built by Visual C++. MinGW's pid_t has 64. */
#define _PID_T_
typedef int _pid_t;
typedef int pid_t;

/*
 * The server jumps into buffers that this library has filled, and the other way round, so both must use the C library's functions.
 * c.h would use the compiler's builtins if it recognized MinGW, hence -U__MINGW64__ on the command line.  Without a frame
 * pointer, a jump restores the registers and unwinds nothing.
 */
#include <setjmp.h>
#ifndef __cplusplus
#undef setjmp
#define setjmp(buffer) _setjmp((buffer), NULL)
#endif
