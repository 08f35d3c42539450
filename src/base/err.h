/* SPDX-License-Identifier: Apache-2.0 */
/* err.h — how firn fails: a code for the caller to branch on, a text for the person.
 *
 * Every fallible function returns a firn_code and takes a firn_err as its last parameter.  An error
 * is raised once, where it happens; callers add context with firn_wrap while it passes up; cli,
 * pipeline and serve print it.  Fixed buffers, so that reporting FIRN_E_NOMEM needs no memory.
 * A firn_err belongs to one thread at a time.  All functions accept err == NULL. */
#ifndef FIRN_ERR_H
#define FIRN_ERR_H

#include "base/base.h"

typedef enum firn_code {
    FIRN_OK = 0,
    FIRN_E_NOMEM,
    FIRN_E_INVAL,  /* the caller's arguments */
    FIRN_E_USAGE,  /* the command line */
    FIRN_E_CONFIG, /* the project file or a model */
    FIRN_E_IO,
    FIRN_E_NOSPC,
    FIRN_E_NET,
    FIRN_E_TIMEOUT,
    FIRN_E_AUTH,
    FIRN_E_NOTFOUND,
    FIRN_E_EXISTS,
    FIRN_E_CONFLICT,       /* somebody else committed first: rebase and retry */
    FIRN_E_COMMIT_UNKNOWN, /* may or may not be committed: delete nothing, check the status */
    FIRN_E_DATA,           /* bytes that do not mean what they should */
    FIRN_E_LIMIT,          /* a configured maximum was reached */
    FIRN_E_SOURCE_LOST,    /* the position is gone: the operator must choose */
    FIRN_E_CHECK,          /* a check with severity error failed */
    FIRN_E_SQL,            /* the engine refused the statement */
    FIRN_E_CANCELLED,
    FIRN_E_UNSUPPORTED,
    FIRN_E_BUG,
    FIRN_CODE_COUNT
} firn_code;

typedef struct firn_err {
    firn_code code;
    int sys;                 /* errno or HTTP status; 0 if none */
    uint32_t retry_after_ms; /* from Retry-After; 0 if none */
    const char *file;        /* source file and line where it was raised */
    int line;
    uint16_t id;      /* stable: printed as E1234, explained by `firn help E1234` */
    char where[240];  /* file:line:column, table or object; "" if none */
    char text[1024];  /* outermost context first */
    char advice[400]; /* what to do; "" if nothing can be said */
} firn_err;

/* What follows from a code; the only place where policy lives. */
typedef struct firn_code_policy {
    const char *name;     /* "conflict" */
    uint16_t generic_id;  /* id of an error raised without one of its own */
    bool retryable;       /* the same call may succeed later */
    uint8_t exit_status;  /* of the program */
    uint16_t http_status; /* of the server */
} firn_code_policy;

/* Returns the policy of a code; never NULL.  Any thread. */
const firn_code_policy *firn_code_policy_of(firn_code code);

/* Records an error and returns its code, so that `return firn_raise(…)` reads well.
 * The text is lower case, without a newline; foreign strings go through firn_quote(). */
#define firn_raise(err, code, ...) firn_raise_at((err), (code), __FILE__, __LINE__, __VA_ARGS__)
firn_code firn_raise_at(firn_err *err, firn_code code, const char *file, int line, const char *fmt,
                        ...) FIRN_PRINTF(5, 6);

/* As firn_raise, with errno's text appended; FIRN_E_IO becomes FIRN_E_NOSPC, FIRN_E_NOTFOUND,
 * FIRN_E_EXISTS or FIRN_E_NOMEM where errno says so. */
#define firn_raise_errno(err, errnum, ...)                                                         \
    firn_raise_errno_at((err), (errnum), __FILE__, __LINE__, __VA_ARGS__)
firn_code firn_raise_errno_at(firn_err *err, int errnum, const char *file, int line,
                              const char *fmt, ...) FIRN_PRINTF(5, 6);

/* Raises FIRN_E_NOMEM. */
#define firn_raise_nomem(err) firn_raise((err), FIRN_E_NOMEM, "out of memory")

/* Each adds to the error already raised and returns its code. */
firn_code firn_wrap(firn_err *err, const char *fmt, ...) FIRN_PRINTF(2, 3);      /* "ctx: text" */
firn_code firn_err_where(firn_err *err, const char *fmt, ...) FIRN_PRINTF(2, 3); /* once */
firn_code firn_err_advise(firn_err *err, const char *fmt, ...) FIRN_PRINTF(2, 3);
firn_code firn_err_id(firn_err *err, uint16_t id);

void firn_err_clear(firn_err *err);

/* Returns at once when expr fails; the only macro that returns. */
#define FIRN_TRY(expr)                                                                             \
    do {                                                                                           \
        firn_code try_code_ = (expr);                                                              \
        if (FIRN_UNLIKELY(try_code_ != FIRN_OK))                                                   \
            return try_code_;                                                                      \
    } while (0)

/* One explained error id; `firn help E1234` prints it. */
typedef struct firn_errid {
    uint16_t id;
    const char *title; /* what happened, in a few words */
    const char *text;  /* why, and what to do; may hold several lines */
} firn_errid;

/* Returns the row of an id, or NULL.  All rows, ascending, are firn_errids[0..firn_errid_count). */
const firn_errid *firn_errid_find(uint16_t id);
/* What causes the error and what mends it, in a few lines to be typed or written; NULL: none. */
const char *firn_errid_example(uint16_t id);
extern const firn_errid firn_errids[];
extern const size_t firn_errid_count;

#endif
