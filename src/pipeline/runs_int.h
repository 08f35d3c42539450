/* SPDX-License-Identifier: Apache-2.0 */
/* runs_int.h — what writing and reading the run record share. */
#ifndef FIRN_RUNS_INT_H
#define FIRN_RUNS_INT_H

#include "pipeline/runs.h"

#include <sqlite3.h>

#define FIRN_RUNS_VERSION 2
#define FIRN_RUNS_BUSY_MS 2000

struct firn_runs {
    firn_env *env;
    sqlite3 *db;
    char *warehouse;
    int64_t keep_ms;
    int64_t progress_us; /* when progress was last written; by the monotonic clock */
    bool given_up;       /* somebody holds the file: what is not vital is not tried any more */
    bool missed_one;     /* of the event that is written now something was not */
    json_t *missed;      /* it and those behind it, in order, for firn_runs_finish; NULL: none */
};

/* For FIRN_AUTO. */
void firn_runs_finalize(sqlite3_stmt **st);

FIRN_NODISCARD firn_code firn_runs_fail(firn_runs *r, const char *path, firn_err *err);
FIRN_NODISCARD firn_code firn_runs_version(firn_runs *r, const char *path, int *ret, firn_err *err);

/* A record without a database; `path` gets that of the database. */
FIRN_NODISCARD firn_code firn_runs_new(firn_env *env, const char *warehouse, firn_runs **ret,
                                       firn_buf *path, firn_err *err);

#endif
