/* SPDX-License-Identifier: Apache-2.0 */
/* storage.h — everything the library asks of the world: objects by location, a clock, random
 * numbers.  Supply a table of functions of your own, or NULL wherever one is asked for: local
 * files, the system's clock and random numbers.
 *
 * A location is what stands in Iceberg's metadata: "s3://bucket/t/data/f.parquet",
 * "file:///lake/t", "/lake/t".  The library compares locations as bytes and never lists folders.
 *
 * A function that fails returns any status that says why, with a text by firn_error_set();
 * FIRN_STATUS_CONFLICT and _COMMIT_UNKNOWN are for catalogs and count as FIRN_STATUS_IO here. */
#ifndef FIRN_API_STORAGE_H
#define FIRN_API_STORAGE_H

#include <firn/error.h>

FIRN_BEGIN_C

/* Where `read` puts an object's bytes; belongs to the library. */
typedef struct firn_buffer firn_buffer;

/* Makes the buffer `bytes` long and returns its memory, which the caller fills; calling it again
 * keeps what was there.  NULL: memory is out, or the object is larger than `read` was told to
 * accept; then `read` returns FIRN_STATUS_NO_MEMORY or FIRN_STATUS_LIMIT. */
FIRN_API void *firn_buffer_resize(firn_buffer *buffer, size_t bytes);

enum {
    /* The functions may be called by several threads at once, also by ones that the library starts
     * while it plans a scan (they have ended when the call returns). */
    FIRN_STORAGE_THREAD_SAFE = 1 << 0
};

/* A storage.  Zero it, set `size`, fill in what you have.  Functions are called by the thread that
 * calls the library, and with FIRN_STORAGE_THREAD_SAFE by others; they must not call the library
 * with the table that is being worked on.  The struct is copied, `context` is not: it must stay
 * until the last table, scanner and transaction made with it is closed. */
typedef struct firn_storage {
    uint32_t size;  /* sizeof(firn_storage) */
    uint32_t flags; /* FIRN_STORAGE_… */
    void *context;  /* first argument of all functions */

    /* Reads a whole object.  FIRN_STATUS_NOT_FOUND if it is not there, FIRN_STATUS_LIMIT if it has
     * more than max_bytes.  Required. */
    firn_status (*read)(void *context, const char *location, uint64_t max_bytes, firn_buffer *out,
                        firn_error *error);

    /* Writes a new object, whole or not at all, and never replaces one: FIRN_STATUS_EXISTS.
     * Required for tables that are written. */
    firn_status (*write)(void *context, const char *location, const void *bytes, size_t size,
                         firn_error *error);

    /* Makes everything written so far survive a power cut; called before the catalog is told.
     * NULL: `write` does so itself. */
    firn_status (*flush)(void *context, firn_error *error);

    /* Removes an object that the library wrote and nobody needs; one that is not there is no error.
     * NULL: such objects stay. */
    firn_status (*remove)(void *context, const char *location, firn_error *error);

    /* Wall clock, milliseconds since 1970 UTC.  NULL: the system's. */
    int64_t (*now_ms)(void *context);

    /* Fills `out` with bytes that nobody can guess.  NULL: the system's. */
    firn_status (*random)(void *context, void *out, size_t size, firn_error *error);

    /* Waits between two attempts of a commit.  NULL: the system's. */
    void (*sleep_ms)(void *context, int64_t milliseconds);

    /* Used by firn.h only: takes a finished local file into the storage under a new location
     * (moving or copying it), as `write` does.  NULL: the file is read and given to `write`. */
    firn_status (*publish)(void *context, const char *local_file, const char *location,
                           firn_error *error);

    /* Used by firn.h only: writes the path, with its NUL, of the folder in which the SQL engine
     * finds what lies below the table's location; folders above it that are called the same are
     * taken to have moved along ("s3://lake/db/t" at "/mnt/lake/db/t": all of s3://lake is at
     * /mnt/lake).  FIRN_STATUS_LIMIT if it does not fit.  NULL: the engine opens the locations
     * themselves, without "file:". */
    firn_status (*local_path)(void *context, const char *table_location, char *out, size_t capacity,
                              firn_error *error);
} firn_storage;

/* Opens the storage of local files, to be wrapped by functions of your own; whoever only wants
 * local files passes NULL instead.  Zero *ret and set its size before.  Free it with
 * firn_storage_local_free. */
FIRN_CHECKED FIRN_API firn_status firn_storage_local_open(firn_storage *ret, firn_error *error);
FIRN_API void firn_storage_local_free(firn_storage *storage);

FIRN_END_C

#endif
