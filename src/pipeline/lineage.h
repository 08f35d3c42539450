/* SPDX-License-Identifier: Apache-2.0 */
/* lineage.h — which tables a statement really reads, as the engine's own parser sees it. */
#ifndef FIRN_LINEAGE_H
#define FIRN_LINEAGE_H

#include "pipeline/context.h"
#include "pipeline/graph.h"

/* A table in the FROM of a statement. */
typedef struct firn_table_ref {
    firn_str catalog; /* "" if it was not named */
    firn_str ns;      /* "" if it was not named: a common table expression, a file, or a mistake */
    firn_str name;
    size_t offset; /* in the statement, bytes */
} firn_table_ref;

/* Parses one SELECT and returns its tables; names of common table expressions are left out.
 * FIRN_E_SQL with err->where "line L…" for what does not parse, FIRN_E_CONFIG if it is no SELECT or
 * more than one. */
FIRN_NODISCARD firn_code firn_lineage_tables(firn_context *run, firn_session *s, firn_str sql,
                                             const firn_sql_origin *origin, firn_arena *a,
                                             firn_table_ref **ret, size_t *ret_count,
                                             firn_err *err);

/* Parses all models of a graph: wrong SQL and tables that neither the project nor the catalog has
 * are told with file, line and column. */
FIRN_NODISCARD firn_code firn_lineage_check(firn_context *run, const firn_project *project,
                                            const firn_graph *graph, firn_err *err);

#endif
