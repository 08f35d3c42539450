/* SPDX-License-Identifier: Apache-2.0 */
/* prune.h — which rows of a table a statement can need, as the engine's own optimizer says.
 *
 * The statement is explained over empty tables of the same names and types; the plan shows, for
 * each scan, the conditions that were pushed down to it, constants folded.  What is understood
 * becomes a predicate; anything else prunes nothing.
 *
 * The statement is explained with SET disabled_optimizers = FIRN_PRUNE_OPTIMIZERS and in UTC.
 * Source: LIBRARIES.md §12, and tried on 1.5.5. */
#ifndef FIRN_PRUNE_H
#define FIRN_PRUNE_H

#include "base/json.h"
#include "iceberg/expr.h"

/* The first would optimize an empty table away; the others would read a table twice, once without
 * conditions, for ORDER BY … LIMIT and for the first row of each group. */
#define FIRN_PRUNE_OPTIMIZERS "statistics_propagation,late_materialization,top_n_window_elimination"

/* Makes the predicate of one table (its names joined by dots, without quotes: "alias.ns.table")
 * from a plan: the union over all scans of it, of the conjunction of the conditions of each.
 * *ret == NULL: all rows. */
FIRN_NODISCARD firn_code firn_prune_filter(const json_t *plan, firn_str table,
                                           const firn_type *schema, firn_arena *a,
                                           const firn_expr **ret, firn_err *err);

/* One condition as the plan prints it, for tests: "d>='2024-05-01'::DATE AND d<'2024-05-02'::DATE",
 * "(name IS NULL)", "optional: id IN (1, 2)", "(CAST(ts AS DATE) = '2024-05-01'::DATE)".
 * FIRN_EXPR_TRUE if it is not understood. */
FIRN_NODISCARD firn_code firn_prune_condition(firn_str text, const firn_type *schema, firn_arena *a,
                                              const firn_expr **ret, firn_err *err);

#endif
