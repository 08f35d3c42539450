/* SPDX-License-Identifier: Apache-2.0 */
/* error.h — how a call fails: a status for the program, a text for the person.
 *
 * Every function that can fail returns a firn_status and takes a firn_error as its last parameter,
 * which may be NULL.  Output parameters are untouched when a call fails.  A firn_error is plain
 * memory of the caller with room for its texts: nothing is to be freed, and reporting that memory
 * is out needs none. */
#ifndef FIRN_API_ERROR_H
#define FIRN_API_ERROR_H

#include <firn/export.h>

FIRN_BEGIN_C

/* The numbers are part of the interface; new ones are added at the end: take one that you do not
 * know for an error that is not worth trying again. */
typedef enum firn_status {
    FIRN_STATUS_OK = 0,
    FIRN_STATUS_NO_MEMORY = 1,
    FIRN_STATUS_INVALID = 2,   /* an argument, or a call in the wrong order */
    FIRN_STATUS_NOT_FOUND = 3, /* table, column, snapshot, ref or file */
    FIRN_STATUS_EXISTS = 4,
    /* Somebody else changed the table in a way that this change does not survive.  Nothing of it
     * is visible: refresh the table and begin a new transaction. */
    FIRN_STATUS_CONFLICT = 5,
    /* The change may or may not be visible.  Delete nothing that it wrote; look again later
     * (firn_table_refresh, firn_table_snapshot_by_id). */
    FIRN_STATUS_COMMIT_UNKNOWN = 6,
    FIRN_STATUS_IO = 7,
    FIRN_STATUS_NO_SPACE = 8,
    FIRN_STATUS_NETWORK = 9,
    FIRN_STATUS_TIMEOUT = 10,
    FIRN_STATUS_DENIED = 11,      /* credentials or permissions */
    FIRN_STATUS_DATA = 12,        /* bytes that do not mean what they should */
    FIRN_STATUS_LIMIT = 13,       /* a maximum was reached */
    FIRN_STATUS_UNSUPPORTED = 14, /* right, but not done by this version; the text names it */
    FIRN_STATUS_CANCELLED = 15,
    FIRN_STATUS_INTERNAL = 16 /* a mistake of the library: please report it */
} firn_status;

/* What went wrong.  Begin with FIRN_ERROR_INIT: `size` says how much of it the caller's compiler
 * knew, and the library writes no further.  One thread at a time. */
typedef struct firn_error {
    uint32_t size;
    firn_status status;
    int32_t system_error;    /* errno or an HTTP status; 0: none */
    uint32_t retry_after_ms; /* the least time to wait before trying again; 0: not said */
    char message[1024];      /* one line without a newline, outermost context first */
    char advice[400];        /* what to do about it; "" if nothing can be said */
    char where[240];         /* table, object or position; "" if the message says it */
} firn_error;

#define FIRN_ERROR_INIT                                                                            \
    {                                                                                              \
        sizeof(firn_error), FIRN_STATUS_OK, 0, 0, "", "", ""                                       \
    }

/* Returns the name of a status: "conflict"; "unknown status" for one of a later version. */
FIRN_API const char *firn_status_name(firn_status status);

/* Whether the same thing, begun anew, may succeed later without any change: network, timeouts,
 * conflicts; never FIRN_STATUS_COMMIT_UNKNOWN. */
FIRN_API bool firn_status_is_retryable(firn_status status);

/* Fills an error as printf does and returns `status`, so that callbacks (firn_storage,
 * firn_catalog_functions) can `return firn_error_set(error, FIRN_STATUS_IO, "…")`.
 * error == NULL: only returns. */
FIRN_API firn_status firn_error_set(firn_error *error, firn_status status, const char *format, ...)
    FIRN_FORMAT(3, 4);

/* Makes an error as FIRN_ERROR_INIT does, keeping its size. */
FIRN_API void firn_error_clear(firn_error *error);

FIRN_END_C

#endif
