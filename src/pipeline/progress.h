/* SPDX-License-Identifier: Apache-2.0 */
/* progress.h — the event "progress" of a landing, several times a second, from a thread of its
 * own. */
#ifndef FIRN_PROGRESS_H
#define FIRN_PROGRESS_H

#include "pipeline/context.h"
#include "pipeline/feed.h"

typedef struct firn_progress {
    firn_events *events;
    firn_feed *feed;
    firn_str stream;
    firn_ident ident;
    uint64_t stored_total; /* bytes of all files */
    int64_t started_us;
    pthread_t thread;
    bool running;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stop;
} firn_progress;

/* Begins to send events, once the command has run for a second.  The feed and the texts must
 * outlive firn_progress_end.  Without a thread there are no events. */
void firn_progress_begin(firn_progress *p, firn_events *events, firn_feed *feed,
                         const firn_feed_conf *conf, firn_str stream, firn_ident ident);
void firn_progress_end(firn_progress *p);

#endif
