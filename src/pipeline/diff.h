/* SPDX-License-Identifier: Apache-2.0 */
/* diff.h — what differs between two states of a table, or between two tables: columns, then rows.
 *
 * Rows are compared as multisets, in the columns of the new state: those that are newer than the
 * old state are null in it (or their initial default); columns that either state has dropped are a
 * difference of the columns only.  Null equals null, NaN equals NaN, -0.0 equals 0.0, a map equals
 * one with its entries in another order. */
#ifndef FIRN_DIFF_H
#define FIRN_DIFF_H

#include "iceberg/scan.h"
#include "iceberg/schema_diff.h"
#include "pipeline/context.h"

/* A table at one state. */
typedef struct firn_diff_side {
    firn_ident ident;
    const firn_metadata *metadata;
    const firn_snapshot *snapshot; /* NULL: no rows */
    const firn_schema *schema;     /* to read it with */
} firn_diff_side;

typedef struct firn_diff_conf {
    firn_diff_side was;
    firn_diff_side now;
    const firn_str
        *keys; /* dotted paths of columns that identify a row; NULL: those of the schema */
    size_t key_count;
} firn_diff_conf;

typedef struct firn_diff {
    firn_schema_change *changes;
    size_t change_count;
    firn_str *keys; /* by which changed rows are told; none: a changed row is removed and added */
    size_t key_count;
    int64_t added;
    int64_t removed;
    int64_t changed;
    int64_t files_shared;   /* data files that both have, with the same deletes: not read */
    int64_t files_compared; /* of both sides */
    /* the rest is firn_diff's own */
    firn_context *run;
    firn_session *session;
    const char *select; /* of the rows that differ */
} firn_diff;

/* Compares.  Everything lives in `a` and in the session, which is nobody else's and is closed
 * afterwards.  FIRN_E_USAGE for a key that is no column; FIRN_E_UNSUPPORTED names columns of two
 * tables whose types cannot be compared. */
FIRN_NODISCARD firn_code firn_diff_make(firn_context *run, firn_session *session,
                                        const firn_diff_conf *conf, firn_arena *a, firn_diff *ret,
                                        firn_err *err);

static inline bool firn_diff_is_equal(const firn_diff *d)
{
    return d->change_count == 0 && d->added == 0 && d->removed == 0 && d->changed == 0;
}

/* The rows that differ, ordered by key (without one by all columns): _change_type (INSERT, DELETE,
 * UPDATE_BEFORE, UPDATE_AFTER), then the columns.  At most `limit` of them (< 0: all).  To be
 * closed with result_close. */
FIRN_NODISCARD firn_code firn_diff_rows(const firn_diff *d, int64_t limit, firn_result **ret,
                                        firn_err *err);

#endif
