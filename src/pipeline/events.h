/* SPDX-License-Identifier: Apache-2.0 */
/* events.h — what happens in a run, as it happens: a versioned interface (docs/formats/events.md)
 * from which the progress line, --json, the run record and the page are made. */
#ifndef FIRN_EVENTS_H
#define FIRN_EVENTS_H

#include "base/json.h"
#include "env/env.h"

#include <pthread.h>

#define FIRN_EVENTS_VERSION 1

/* Called with each event, one at a time; the event is borrowed. */
typedef void (*firn_event_fn)(void *arg, const json_t *event);

typedef struct firn_events {
    firn_env *env;
    const char *run_id;
    firn_event_fn fn; /* NULL: nobody listens */
    void *arg;
    int64_t started_us; /* by the monotonic clock */
    pthread_mutex_t lock;
} firn_events;

/* Sends an event: `fields` (taken over; NULL is a failed allocation and drops the event) with
 * "v", "event", "at" (UTC, microseconds) and "run" in front.  Events never fail a run. */
void firn_event(firn_events *e, const char *name, json_t *fields);

/* Sends the event "note": something worth saying that is no error.  `stream` is empty for a model.
 */
void firn_event_note(firn_events *e, firn_str stream, firn_str ns, firn_str table,
                     firn_str message);

/* A text of an event; bytes that are not UTF-8 become "?". */
json_t *firn_event_text(firn_str s);

/* The error as a JSON object {"id", "code", "where", "text", "advice"}; NULL when out of memory. */
json_t *firn_event_error(const firn_err *err);

#endif
