/* SPDX-License-Identifier: Apache-2.0 */
/* query.h — one statement over the tables of a catalog, each at one snapshot. */
#ifndef FIRN_QUERY_H
#define FIRN_QUERY_H

#include "pipeline/tables.h"

/* What a statement read of one table. */
typedef struct firn_query_table {
    firn_ident ident;
    int64_t snapshot_id; /* FIRN_NO_SNAPSHOT: the table is empty */
    int64_t files_total;
    int64_t files_opened;
    size_t manifests_total;
    size_t manifests_read;
} firn_query_table;

/* Called with the result of the statement before it is closed. */
typedef firn_code (*firn_query_fn)(void *arg, const firn_engine_ops *ops, firn_result *r,
                                   const firn_query_table *tables, size_t count, firn_err *err);

typedef struct firn_query_conf {
    firn_str sql;     /* one statement */
    const char *file; /* for places in messages; NULL: typed */
    int line;         /* where the statement begins in it */
    int column;
    bool prune;          /* leave out files that cannot matter (the tests switch it off) */
    const char *copy_to; /* the engine writes the rows there, as Parquet, and returns their number;
                            NULL: it returns the rows */
} firn_query_conf;

/* Appends the COPY that writes the rows of a SELECT as conf->copy_to wants it. */
FIRN_NODISCARD firn_code firn_query_copy(const firn_query_conf *conf, firn_str sql, firn_buf *out,
                                         firn_err *err);

/* Runs a statement.  Statements that change tables are refused by name.  FIRN_E_SQL with a place.
 */
FIRN_NODISCARD firn_code firn_query(firn_context *run, firn_session *s, const firn_query_conf *conf,
                                    firn_query_fn fn, void *arg, firn_err *err);

#endif
