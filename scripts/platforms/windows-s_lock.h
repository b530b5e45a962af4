/* SPDX-License-Identifier: MIT */
/* Spinlocks of Visual C++'s size, a long, because structures of the server contain them. */
#ifndef WINDOWS_S_LOCK_H
#define WINDOWS_S_LOCK_H
#define HAS_TEST_AND_SET
typedef long slock_t;
#define TAS(lock) __sync_lock_test_and_set((lock), 1)
#define S_UNLOCK(lock) __sync_lock_release(lock)
#define SPIN_DELAY() __builtin_ia32_pause()
#pragma push_macro("__GNUC__")
#undef __GNUC__
#include "storage/s_lock_gnu.h"
#pragma pop_macro("__GNUC__")
#endif
