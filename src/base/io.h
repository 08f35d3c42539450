/* SPDX-License-Identifier: Apache-2.0 */
/* io.h — everything the Iceberg core asks of the world outside; env/ makes the real one, tests
 * make others.  All functions may be called from any thread. */
#ifndef FIRN_IO_H
#define FIRN_IO_H

#include "base/arena.h"

typedef struct firn_io {
    void *ctx;

    /* Reads a whole object into `a`.  FIRN_E_NOTFOUND, FIRN_E_LIMIT beyond max_bytes. */
    firn_code (*read)(void *ctx, firn_str uri, uint64_t max_bytes, firn_arena *a, firn_slice *ret,
                      firn_err *err);

    /* Writes a new object, whole and durable once flush() has returned; never replaces one:
     * FIRN_E_EXISTS. */
    firn_code (*write_new)(void *ctx, firn_str uri, firn_slice bytes, firn_err *err);

    /* Makes everything written or published so far durable, names included. */
    firn_code (*flush)(void *ctx, firn_err *err);

    /* Removes an object; one that is not there is no error. */
    firn_code (*remove)(void *ctx, firn_str uri, firn_err *err);

    int64_t (*now_ms)(void *ctx); /* wall clock, milliseconds since 1970 */
    firn_code (*random)(void *ctx, void *p, size_t n, firn_err *err);
    void (*sleep_ms)(void *ctx, int64_t ms);

    /* Somebody else's functions, for the thread that calls the core: none is started then. */
    bool one_thread;
} firn_io;

#endif
