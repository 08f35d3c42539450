/* SPDX-License-Identifier: Apache-2.0 */
/* mem.h — the one door to malloc, so that a test can make the n-th allocation fail. */
#ifndef FIRN_MEM_H
#define FIRN_MEM_H

#include "base/base.h"

/* As malloc, realloc and free; n == 0 gives a unique pointer.  NULL when memory is out or a test
 * says so.  Any thread. */
void *firn_mem_alloc(size_t n);
void *firn_mem_realloc(void *p, size_t n);
void firn_mem_free(void *p);

/* Makes the n-th allocation from now fail (1 = the next); `sticky` makes all later ones fail too.
 * n == 0 switches the injection off.  For tests; not to be called while other threads allocate. */
void firn_mem_fail_nth(uint64_t n, bool sticky);

/* The same from a text as tests put it into the environment: "12", "12+" (sticky); NULL: nothing
 * fails. */
void firn_mem_fail_from(const char *text);

/* Return how many allocations were refused, and how many were counted, since the last call of
 * these; only while the injection is on. */
uint64_t firn_mem_failed(void);
uint64_t firn_mem_counted(void);

#endif
