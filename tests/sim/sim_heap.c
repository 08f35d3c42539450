/* SPDX-License-Identifier: Apache-2.0 */
/* malloc in one piece of memory: blocks of powers of two with lists of free ones.  It stands before
 * libc's for the whole program, so that the libraries' memory goes with the interleaving as well.
 */
#include "sim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OWN_HEAP 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define OWN_HEAP 0
#endif
#endif
#ifndef OWN_HEAP
#define OWN_HEAP 1
#endif

#if OWN_HEAP

#define HEAP_BYTES ((size_t)512 << 20)
#define CLASSES    32

/* Before each block; 16 bytes keep it aligned. */
typedef struct head {
    size_t size_class;
    size_t unused;
} head;

typedef struct free_block {
    struct free_block *next;
} free_block;

static _Alignas(16) uint8_t heap[HEAP_BYTES];
static size_t top;
static size_t mark;
static free_block *lists[CLASSES];

static size_t class_of(size_t n)
{
    size_t c = 5;
    while (((size_t)1 << c) < n + sizeof(head))
        c++;
    return c;
}

/* The build hides symbols; these must be seen by the libraries. */
#define SEEN __attribute__((visibility("default")))

SEEN void *malloc(size_t n)
{
    if (n > HEAP_BYTES / 4)
        return NULL;
    size_t c = class_of(n);
    free_block *b = lists[c];
    if (b) {
        lists[c] = b->next;
        return b;
    }
    if (top + ((size_t)1 << c) > HEAP_BYTES)
        return NULL;
    head *h = (head *)(void *)(heap + top);
    top += (size_t)1 << c;
    h->size_class = c;
    return h + 1;
}

SEEN void free(void *p)
{
    if (!p)
        return;
    size_t c = ((head *)p - 1)->size_class;
    free_block *b = p;
    b->next = lists[c];
    lists[c] = b;
}

SEEN void *calloc(size_t count, size_t size)
{
    size_t n;
    if (__builtin_mul_overflow(count, size, &n))
        return NULL;
    void *p = malloc(n);
    if (p)
        memset(p, 0, n);
    return p;
}

SEEN void *realloc(void *p, size_t n)
{
    if (!p)
        return malloc(n);
    size_t room = ((size_t)1 << ((head *)p - 1)->size_class) - sizeof(head);
    if (n <= room)
        return p;
    void *grown = malloc(n);
    if (grown) {
        memcpy(grown, p, room);
        free(p);
    }
    return grown;
}

SEEN void *aligned_alloc(size_t alignment, size_t n)
{
    if (alignment > 16) {
        errno = ENOMEM;
        return NULL;
    }
    return malloc(n);
}

SEEN int posix_memalign(void **ret, size_t alignment, size_t n)
{
    *ret = aligned_alloc(alignment, n);
    return *ret ? 0 : ENOMEM;
}

void heap_mark(void)
{
    memset(lists, 0, sizeof lists);
    mark = top;
}

void heap_reset(void)
{
    memset(lists, 0, sizeof lists);
    top = mark;
}

#else

void heap_mark(void)
{
}

void heap_reset(void)
{
}

#endif
