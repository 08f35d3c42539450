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

/* Returns how many allocations were refused since the last firn_mem_fail_nth. */
uint64_t firn_mem_failed(void);

#endif
