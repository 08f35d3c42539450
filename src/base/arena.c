/* SPDX-License-Identifier: Apache-2.0 */
/* Bump allocation in doubling blocks; a block larger than asked for is never moved. */
#include "base/arena.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIRST_BLOCK_BYTES ((size_t)8 << 10)
#define MAX_BLOCK_BYTES   ((size_t)1 << 20)
#define ALIGNMENT         ((size_t)16)

typedef struct block {
    struct block *next;
    size_t size; /* of data */
    size_t used;
    size_t pad; /* keeps data aligned to 16 */
    uint8_t data[];
} block;

typedef struct closer {
    struct closer *next;
    void (*fn)(void *);
    void *arg;
} closer;

struct firn_arena {
    const char *name;
    size_t limit;
    size_t total;
    size_t next_size;
    bool limit_hit;
    block *head;
    block *first;
    closer *closers;
};

firn_arena *firn_arena_new(const char *name, size_t limit_bytes)
{
    firn_arena *a = firn_mem_alloc(sizeof *a);
    if (!a)
        return NULL;
    *a = (firn_arena){.name = name, .limit = limit_bytes, .next_size = FIRST_BLOCK_BYTES};
    return a;
}

static void run_closers(firn_arena *a)
{
    while (a->closers) {
        closer *c = a->closers;
        a->closers = c->next;
        c->fn(c->arg);
    }
}

void firn_arena_reset(firn_arena *a)
{
    run_closers(a);
    block *b = a->head;
    while (b && b != a->first) {
        block *next = b->next;
        a->total -= b->size;
        firn_mem_free(b);
        b = next;
    }
    a->head = a->first;
    a->next_size = FIRST_BLOCK_BYTES;
    a->limit_hit = false;
    if (a->first)
        a->first->used = 0;
}

void firn_arena_free(firn_arena *a)
{
    if (!a)
        return;
    firn_arena_reset(a);
    firn_mem_free(a->first);
    firn_mem_free(a);
}

void firn_arena_freep(firn_arena **a)
{
    firn_arena_free(*a);
    *a = NULL;
}

static block *add_block(firn_arena *a, size_t want)
{
    size_t size = FIRN_MAX(want, a->next_size);
    if (a->limit && a->total + size > a->limit) {
        size = want; /* close to the limit: only what is needed */
        if (a->total + size > a->limit) {
            a->limit_hit = true;
            return NULL;
        }
    }
    block *b = firn_mem_alloc(sizeof *b + size);
    if (!b)
        return NULL;
    *b = (block){.next = a->head, .size = size};
    if (!a->first)
        a->first = b;
    a->head = b;
    a->total += size;
    a->next_size = FIRN_MIN(a->next_size * 2, MAX_BLOCK_BYTES);
    return b;
}

void *firn_arena_alloc(firn_arena *a, size_t n)
{
    if (n > SIZE_MAX / 2)
        return NULL;
    size_t want = FIRN_MAX((n + ALIGNMENT - 1) & ~(ALIGNMENT - 1), ALIGNMENT);
    block *b = a->head;
    if (!b || b->size - b->used < want) {
        b = add_block(a, want);
        if (!b)
            return NULL;
    }
    void *p = b->data + b->used;
    b->used += want;
    return p;
}

void *firn_arena_zalloc(firn_arena *a, size_t n)
{
    void *p = firn_arena_alloc(a, n);
    if (p)
        memset(p, 0, n);
    return p;
}

void *firn_arena_array(firn_arena *a, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    return firn_arena_zalloc(a, bytes);
}

char *firn_arena_strndup(firn_arena *a, const char *s, size_t n)
{
    char *p = firn_arena_alloc(a, n + 1);
    if (!p)
        return NULL;
    if (n)
        memcpy(p, s, n);
    p[n] = '\0';
    return p;
}

char *firn_arena_strdup(firn_arena *a, const char *s)
{
    return firn_arena_strndup(a, s, strlen(s));
}

char *firn_arena_printf(firn_arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        return NULL;
    char *p = firn_arena_alloc(a, (size_t)n + 1);
    if (!p)
        return NULL;
    va_start(ap, fmt);
    vsnprintf(p, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return p;
}

firn_slice firn_arena_copy(firn_arena *a, firn_slice s)
{
    return (firn_slice){(const uint8_t *)firn_arena_strndup(a, (const char *)s.p, s.n), s.n};
}

firn_str firn_arena_str(firn_arena *a, firn_str s)
{
    return (firn_str){firn_arena_strndup(a, s.p, s.n), s.n};
}

firn_code firn_arena_defer(firn_arena *a, void (*fn)(void *), void *arg, firn_err *err)
{
    closer *c = firn_arena_alloc(a, sizeof *c);
    if (!c)
        return firn_arena_raise(a, err);
    *c = (closer){.next = a->closers, .fn = fn, .arg = arg};
    a->closers = c;
    return FIRN_OK;
}

firn_code firn_arena_raise(firn_arena *a, firn_err *err)
{
    if (!a->limit_hit)
        return firn_raise_nomem(err);
    return firn_raise(err, FIRN_E_LIMIT, "%s needs more than its %zu bytes of memory", a->name,
                      a->limit);
}

size_t firn_arena_used(const firn_arena *a)
{
    return a->total;
}

bool firn_vec_room(firn_arena *a, void **items, size_t *cap, size_t want, size_t item_bytes)
{
    if (want <= *cap)
        return true;
    size_t new_cap = FIRN_MAX(want, *cap ? *cap * 2 : 8);
    void *grown = firn_arena_array(a, new_cap, item_bytes);
    if (!grown)
        return false;
    if (*cap)
        memcpy(grown, *items, *cap * item_bytes);
    *items = grown;
    *cap = new_cap;
    return true;
}
