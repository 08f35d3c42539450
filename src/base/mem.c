/* SPDX-License-Identifier: Apache-2.0 */
/* malloc with fault injection; one relaxed load on the fast path. */
#include "base/mem.h"

#include <stdatomic.h>
#include <stdlib.h>

static _Atomic uint64_t fail_at;
static _Atomic uint64_t counter;
static _Atomic uint64_t failed;
static _Atomic bool fail_sticky;

void firn_mem_fail_nth(uint64_t n, bool sticky)
{
    atomic_store(&fail_at, 0);
    atomic_store(&counter, 0);
    atomic_store(&failed, 0);
    atomic_store(&fail_sticky, sticky);
    atomic_store(&fail_at, n);
}

void firn_mem_fail_from(const char *text)
{
    char *end = NULL;
    unsigned long long n = text ? strtoull(text, &end, 10) : 0;
    firn_mem_fail_nth(n, n && *end == '+');
}

uint64_t firn_mem_failed(void)
{
    return atomic_load(&failed);
}

uint64_t firn_mem_counted(void)
{
    return atomic_load(&counter);
}

static bool refused(void)
{
    uint64_t at = atomic_load_explicit(&fail_at, memory_order_relaxed);
    if (FIRN_LIKELY(at == 0))
        return false;
    uint64_t now = atomic_fetch_add(&counter, 1) + 1;
    if (now < at || (now > at && !atomic_load(&fail_sticky)))
        return false;
    atomic_fetch_add(&failed, 1);
    return true;
}

void *firn_mem_alloc(size_t n)
{
    return refused() ? NULL : malloc(n ? n : 1);
}

void *firn_mem_realloc(void *p, size_t n)
{
    return refused() ? NULL : realloc(p, n ? n : 1);
}

void firn_mem_free(void *p)
{
    free(p);
}
