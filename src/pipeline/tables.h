/* SPDX-License-Identifier: Apache-2.0 */
/* tables.h — the tables of a catalog as an engine session sees them.
 *
 * A session gets a catalog of its own in the engine, so that statements running side by side may
 * see the same table at different snapshots; `raw.orders` and `lake.raw.orders` both resolve. */
#ifndef FIRN_TABLES_H
#define FIRN_TABLES_H

#include "base/map.h"
#include "iceberg/scan.h"
#include "pipeline/context.h"

/* A table that a statement reads, at one snapshot. */
typedef struct firn_input {
    firn_ident ident;
    const firn_metadata *metadata;
    const firn_snapshot *snapshot; /* NULL: it has none */
    const firn_expr *filter;       /* what the statement needs of it; NULL: all */
    firn_scan_plan plan;
} firn_input;

typedef struct firn_tables {
    firn_context *run;
    firn_session *session;
    firn_arena *a;
    char alias[32]; /* of the session's catalog in the engine */
    firn_input *inputs;
    size_t input_count;
} firn_tables;

/* Finds the tables that a statement mentions: every dotted name that is a table of the catalog.
 * Metadata is loaded once, now: that is the snapshot the statement sees. */
FIRN_NODISCARD firn_code firn_tables_find(firn_context *run, firn_str sql, firn_arena *a,
                                          firn_input **ret, size_t *ret_count, firn_err *err);

/* Attaches a catalog to the session for these inputs.  Close with firn_tables_close. */
FIRN_NODISCARD firn_code firn_tables_open(firn_context *run, firn_session *s, firn_input *inputs,
                                          size_t count, firn_arena *a, firn_tables *ret,
                                          firn_err *err);

/* Copies a statement so that it runs in the session: lake.raw.x → ALIAS.raw.x. */
FIRN_NODISCARD firn_code firn_tables_rewrite(const firn_tables *t, firn_str sql, firn_buf *out,
                                             firn_err *err);

/* Explains the (rewritten) statement over empty tables and sets the inputs' filters.  Errors are
 * those of the statement, on its first line FIRN_EXPLAIN_COLUMNS to the right. */
#define FIRN_EXPLAIN         "EXPLAIN (FORMAT json) "
#define FIRN_EXPLAIN_COLUMNS ((int)sizeof FIRN_EXPLAIN - 1)
FIRN_NODISCARD firn_code firn_tables_prune(firn_tables *t, firn_str rewritten, firn_err *err);

/* Plans the scans and makes the views; with no filter set, of all files. */
FIRN_NODISCARD firn_code firn_tables_views(firn_tables *t, firn_err *err);

void firn_tables_close(firn_tables *t);

/* Where an error says that a table is not there: says it in our words, with the nearest table of
 * the catalog.  Other errors stay as they are. */
void firn_tables_advise(firn_context *run, firn_err *err);

#endif
