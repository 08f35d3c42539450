/* SPDX-License-Identifier: Apache-2.0 */
/* arena.h — memory with a lifetime: everything allocated from an arena goes with it.
 *
 * One arena per lifetime (process, run, batch), each with a byte limit.  Not thread-safe: an arena
 * belongs to one thread at a time. */
#ifndef FIRN_ARENA_H
#define FIRN_ARENA_H

#include "base/base.h"
#include "base/err.h"

typedef struct firn_arena firn_arena;

/* Creates an arena; `name` must outlive it (a literal).  limit_bytes == 0: no limit.
 * NULL when memory is out. */
firn_arena *firn_arena_new(const char *name, size_t limit_bytes);

/* Runs the deferred closers, newest first, and frees everything.  Accepts NULL. */
void firn_arena_free(firn_arena *a);
void firn_arena_freep(firn_arena **a); /* for FIRN_AUTO */

/* As firn_arena_free, but the arena stays usable and keeps its first block. */
void firn_arena_reset(firn_arena *a);

/* Returns n bytes aligned to 16, not zeroed (zalloc: zeroed).  NULL when memory is out or the
 * limit is reached; a NULL that reaches the user is FIRN_E_NOMEM or FIRN_E_LIMIT, see
 * firn_arena_raise. */
void *firn_arena_alloc(firn_arena *a, size_t n);
void *firn_arena_zalloc(firn_arena *a, size_t n);

/* Returns count × size zeroed bytes; NULL also on overflow. */
void *firn_arena_array(firn_arena *a, size_t count, size_t size);

/* Copies; the result is NUL-terminated.  NULL as above. */
char *firn_arena_strndup(firn_arena *a, const char *s, size_t n);
char *firn_arena_strdup(firn_arena *a, const char *s);
char *firn_arena_printf(firn_arena *a, const char *fmt, ...) FIRN_PRINTF(2, 3);
firn_slice firn_arena_copy(firn_arena *a, firn_slice s); /* .p == NULL on failure */
firn_str firn_arena_str(firn_arena *a, firn_str s);      /* .p == NULL on failure */

/* Calls fn(arg) when the arena is reset or freed. */
FIRN_NODISCARD firn_code firn_arena_defer(firn_arena *a, void (*fn)(void *), void *arg,
                                          firn_err *err);

/* Raises what a NULL from this arena means: FIRN_E_LIMIT if the limit refused it. */
firn_code firn_arena_raise(firn_arena *a, firn_err *err);

size_t firn_arena_used(const firn_arena *a); /* bytes in blocks now */

/* A growing array in an arena: FIRN_VEC(int) v = {0}; if (!firn_vec_push(a, &v, 3)) … */
#define FIRN_VEC(T)                                                                                \
    struct {                                                                                       \
        T *v;                                                                                      \
        size_t n;                                                                                  \
        size_t cap;                                                                                \
    }
#define firn_vec_push(a, vec, ...)                                                                 \
    (firn_vec_room((a), (void **)&(vec)->v, &(vec)->cap, (vec)->n + 1, sizeof *(vec)->v) &&        \
     ((vec)->v[(vec)->n++] = (__VA_ARGS__), true))
bool firn_vec_room(firn_arena *a, void **items, size_t *cap, size_t want, size_t item_bytes);

#endif
