/* SPDX-License-Identifier: Apache-2.0 */
/* feed_int.h — what feed.c (queue, sequencer), feed_read.c (readers) and feed_fill.c (the engine's
 * side) share.  Everything in a feed is guarded by its lock unless said otherwise. */
#ifndef FIRN_FEED_INT_H
#define FIRN_FEED_INT_H

#include "pipeline/feed.h"

#include <pthread.h>
#include <stdatomic.h>

typedef enum slot_state {
    SLOT_RAW,     /* read; nobody has looked at it under the current layout */
    SLOT_WALKING, /* a thread looks at it, without the lock */
    SLOT_WALKED,
    SLOT_READY,   /* released by the sequencer */
    SLOT_FILLING, /* a worker takes rows from it, without the lock */
    SLOT_DONE,
} slot_state;

typedef struct feed_slot {
    firn_raw_batch *raw;
    size_t bytes;
    size_t cost; /* memory it takes, about: a batch of one record takes more than its bytes */
    size_t file;
    slot_state state;
    bool misfit;       /* holds what the layout cannot take */
    firn_shape *shape; /* of what misfits, in `arena` */
    firn_arena *arena;
    struct feed_slot *next_ready;
} feed_slot;

typedef struct feed_file {
    firn_arena *arena; /* the framer and the slots; freed with the last batch */
    FIRN_VEC(feed_slot *) slots;
    size_t released;
    size_t queued; /* sum of costs */
    bool read_done;
    firn_shape *header; /* columns of a file without records; in the feed's arena */
    firn_feed_file result;
} feed_file;

typedef struct feed_cursor {
    size_t file;
    size_t slot;
} feed_cursor;

struct firn_feed {
    const firn_feed_conf *conf;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t *threads;
    size_t thread_count;
    firn_arena *arena;

    feed_file *files;
    firn_feed_file *results; /* copies of files[i].result for the caller */
    size_t next_file;        /* for the next reader */
    size_t queued_cost;
    feed_cursor ahead; /* where looking ahead has come to */
    bool looking;
    bool stop;
    firn_err err;

    const firn_layout *layout;
    const firn_shape *survey; /* infer_full */
    bool looked_ahead;
    bool header_seen;
    FIRN_VEC(firn_layout_note) notes;
    firn_shape *seen;   /* by looking ahead; NULL: nothing */
    uint64_t looked_at; /* records, to find the types of a new stream */
    firn_conflicts_seen conflicts;

    feed_cursor head; /* the next batch to be released */
    feed_slot *ready_head;
    feed_slot *ready_tail;
    uint64_t unit_bytes;
    uint64_t unit_max;
    bool closed;    /* the unit: nothing more is released */
    bool exhausted; /* everything was released */

    firn_arena *reject_arena;
    FIRN_VEC(firn_feed_reject) rejects;
    firn_feed_totals totals;
    _Atomic bool negative_zeros;
};

void firn_feed_drop_file(feed_file *file);              /* with the lock */
void firn_feed_wait(firn_feed *f);                      /* with the lock */
void firn_feed_fail(firn_feed *f, const firn_err *err); /* with the lock */

FIRN_NODISCARD firn_code firn_feed_take(firn_feed *f, bool may_wait, feed_slot **ret,
                                        firn_err *err);
void firn_feed_release(firn_feed *f, feed_slot *s);
FIRN_NODISCARD firn_code firn_feed_account(firn_feed *f, const feed_slot *s, uint64_t records,
                                           const firn_rejects *rejects, firn_err *err);

FIRN_NODISCARD firn_code firn_feed_start_readers(firn_feed *f, firn_err *err);
/* Looks at all files once, one after the other, before any reader runs. */
FIRN_NODISCARD firn_code firn_feed_survey(firn_feed *f, firn_err *err);

#endif
