/* SPDX-License-Identifier: Apache-2.0 */
/* tables.h — the tables of a statement as an engine session sees them.
 *
 * A session gets a catalog of its own in the engine, so that statements running side by side may
 * see the same table at different snapshots, and one statement the same table at several; both
 * `raw.orders` and `lake.raw.orders` resolve. */
#ifndef FIRN_TABLES_H
#define FIRN_TABLES_H

#include "engine/sql_refs.h"
#include "engine/view.h"
#include "iceberg/metadata_table.h"
#include "iceberg/scan.h"
#include "pipeline/context.h"
#include "pipeline/located.h"

/* What stands for a table or view in the engine. */
typedef struct firn_in_engine {
    firn_ident name;
    firn_str prefix; /* of its namespace, where the same table is read in several states */
} firn_in_engine;

/* A table that a statement reads, in one state. */
typedef struct firn_input {
    firn_ident ident; /* of iceberg('…'): no namespace, the place as its name */
    const firn_metadata *metadata;
    const firn_snapshot *snapshot; /* NULL: it has none */
    const firn_schema *schema;     /* to be read with */
    const firn_io *io;
    const firn_located *located;               /* NULL: it is in the catalog */
    const firn_metadata_table *metadata_table; /* NULL: its rows are read, not its metadata */
    firn_str metadata_word;                    /* "files"; .p == NULL: the same */
    const firn_expr *filter;                   /* what the statement needs of it; NULL: all */
    firn_scan_plan plan;
    unsigned meta_columns; /* FIRN_META_… that are asked for */
    firn_in_engine in_engine;
} firn_input;

/* What a reference of a statement means. */
typedef enum firn_ref_kind {
    FIRN_REF_NONE, /* a column of a table that is not read */
    FIRN_REF_INPUT,
    FIRN_REF_VIEW,
} firn_ref_kind;

typedef struct firn_ref_target {
    firn_ref_kind kind;
    size_t index; /* among the inputs or the views */
} firn_ref_target;

/* A statement and what it names. */
typedef struct firn_refs {
    firn_str sql;
    firn_sql_ref *refs;
    firn_ref_target *targets; /* one each */
    size_t count;
} firn_refs;

/* A view that a statement names, itself or through another view. */
typedef struct firn_used_view {
    const firn_view_def *def;
    firn_refs refs;
    firn_in_engine in_engine;
} firn_used_view;

/* What a statement reads. */
typedef struct firn_inputs {
    firn_refs statement;
    firn_input *v; /* its own tables and those of its views */
    size_t n;
    firn_used_view *views; /* each behind those that it names */
    size_t view_count;
} firn_inputs;

typedef struct firn_tables {
    firn_context *run;
    firn_session *session;
    firn_arena *a;
    firn_inputs *inputs;
    char alias[32];      /* of the session's catalog in the engine */
    firn_view_keep keep; /* what the views have in the engine */
    FIRN_VEC(int64_t) sources;
} firn_tables;

/* Finds the tables that a statement mentions: every dotted name that is a table of the catalog, and
 * iceberg('…'); of views, those of the context and of the catalog, the tables that they mention.
 * Metadata is loaded once, now: that is the state that the statement sees.  Times that have to be
 * computed are computed by the engine.  FIRN_E_SQL with a place; FIRN_E_CONFIG for views that need
 * each other in a circle. */
FIRN_NODISCARD firn_code firn_tables_find(firn_context *run, firn_str sql,
                                          const firn_sql_origin *origin, firn_arena *a,
                                          firn_inputs *ret, firn_err *err);

/* Attaches a catalog to the session for these inputs.  Close with firn_tables_close. */
FIRN_NODISCARD firn_code firn_tables_open(firn_context *run, firn_session *s, firn_inputs *inputs,
                                          firn_arena *a, firn_tables *ret, firn_err *err);

/* Copies the statement so that it runs in the session: lake.raw.x → ALIAS.raw.x. */
FIRN_NODISCARD firn_code firn_tables_rewrite(const firn_tables *t, firn_buf *out, firn_err *err);

/* Describes a statement over empty tables: what `describe` of the engine gives, without a look at
 * any file.  Errors are those of firn_tables_prune, their columns not moved. */
FIRN_NODISCARD firn_code firn_tables_describe(firn_tables *t, firn_str rewritten,
                                              firn_statement_kind *ret_kind,
                                              firn_result_column **ret, size_t *ret_count,
                                              firn_err *err);

/* Tries whether a statement can be a view's: some can be run and not be kept (a PIVOT that looks
 * for its values).  Errors are told FIRN_TRIED_COLUMNS to the right on the first line. */
#define FIRN_TRIED         "CREATE VIEW main._firn_tried AS "
#define FIRN_TRIED_COLUMNS ((int)sizeof FIRN_TRIED - 1)
FIRN_NODISCARD firn_code firn_tables_try_view(firn_tables *t, firn_str rewritten, firn_err *err);

/* Explains the (rewritten) statement over empty tables and sets the inputs' filters; those of a
 * PIVOT, which reads its tables ahead, stay as they are.  Errors are
 * those of the statement, on its first line FIRN_EXPLAIN_COLUMNS to the right. */
#define FIRN_EXPLAIN         "EXPLAIN (FORMAT json) "
#define FIRN_EXPLAIN_COLUMNS ((int)sizeof FIRN_EXPLAIN - 1)
FIRN_NODISCARD firn_code firn_tables_prune(firn_tables *t, firn_str rewritten, firn_err *err);

/* Plans the scans and makes the views; with no filter set, of all files. */
FIRN_NODISCARD firn_code firn_tables_views(firn_tables *t, firn_err *err);

void firn_tables_close(firn_tables *t);

/* What a view returns and reads. */
typedef struct firn_bound_view {
    firn_inputs inputs;
    firn_statement_kind kind;
    firn_result_column *columns;
    size_t column_count;
} firn_bound_view;

/* Binds a view's statement over empty tables, in a session of its own; no file is opened.
 * Everything lives in `a`.  Errors have places of v->origin. */
FIRN_NODISCARD firn_code firn_view_bind(firn_context *run, const firn_view_def *v, firn_arena *a,
                                        firn_bound_view *ret, firn_err *err);

/* Where an error says that a table is not there: says it in our words, with the nearest table of
 * the catalog.  Other errors stay as they are. */
void firn_tables_advise(firn_context *run, firn_err *err);

#endif
