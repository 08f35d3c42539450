/* SPDX-License-Identifier: Apache-2.0 */
/* watch.h — signals of the shell: a thread of its own waits for them, all others have them
 * blocked. */
#ifndef FIRN_WATCH_H
#define FIRN_WATCH_H

#include "cli/pager.h"
#include "pipeline/context.h"

typedef struct firn_watch {
    pthread_mutex_t lock;
    firn_context *run; /* whose statements are at work; NULL: none.  Guarded by lock */
    firn_pager *pager;
    const firn_terminal *terminal;
    int told[2]; /* a pipe: 'i' Ctrl-C, 'w' size changed, 'q' leave */
    pthread_t thread;
    atomic_bool over;    /* the thread is to end */
    atomic_bool leave;   /* the terminal is gone, or the process is asked to end */
    atomic_bool stopped; /* the statement was ended by Ctrl-C */
    sigset_t signals;
} firn_watch;

/* Blocks the signals in the calling thread, whose children inherit that, and starts the thread. */
FIRN_NODISCARD firn_code firn_watch_start(firn_watch *w, firn_err *err);
void firn_watch_stop(firn_watch *w);

/* Around the statements of a text: Ctrl-C ends them, also one that came since the text was read. */
void firn_watch_begin(firn_watch *w, firn_context *run);
void firn_watch_end(firn_watch *w);
/* Between the two: a statement works in another context, or in the first one again. */
void firn_watch_swap(firn_watch *w, firn_context *run);

#endif
