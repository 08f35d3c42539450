/* SPDX-License-Identifier: Apache-2.0 */
/* progress.h — the event "progress" of a landing, several times a second, from a thread of its
 * own. */
#ifndef FIRN_PROGRESS_H
#define FIRN_PROGRESS_H

#include "pipeline/context.h"
#include "pipeline/feed.h"

/* Who knows how far a landing is; `total` is called by the thread of the progress. */
typedef struct firn_progress_source {
    firn_feed_totals (*total)(void *arg);
    void *arg;
    uint64_t stored_total; /* bytes of all files */
} firn_progress_source;

/* A landing through a feed. */
firn_progress_source firn_progress_of_feed(firn_feed *feed, const firn_feed_conf *conf);

typedef struct firn_progress {
    firn_events *events;
    const firn_progress_source *source;
    firn_str stream;
    firn_ident ident;
    int64_t started_us;
    pthread_t thread;
    bool running;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stop;
} firn_progress;

/* Begins to send events, once the command has run for a second.  The source and the texts must
 * outlive firn_progress_end.  Without a thread there are no events. */
void firn_progress_begin(firn_progress *p, firn_events *events, const firn_progress_source *source,
                         firn_str stream, firn_ident ident);
void firn_progress_end(firn_progress *p);

#endif
