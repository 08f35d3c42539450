/* SPDX-License-Identifier: Apache-2.0 */
/* model_int.h — what models that become tables and models that become views share. */
#ifndef FIRN_MODEL_INT_H
#define FIRN_MODEL_INT_H

#include "pipeline/model_run.h"
#include "pipeline/tables.h"

/* --- model_columns.c ----------------------------------------------------------------------- */

/* Makes the fields of a model's result, without ids, with the docs of its header.  FIRN_E_SQL with
 * the model's place for a column without a name, one that is there twice, and one of a type that no
 * table can keep. */
FIRN_NODISCARD firn_code firn_model_fields(const firn_model *m, const firn_result_column *columns,
                                           size_t count, firn_arena *a, firn_field **ret,
                                           firn_err *err);

/* Tells an error of the engine about a model's statement at its place in the file: `sql` as the
 * engine had it, the statement `before` characters from its beginning. */
firn_code firn_model_engine_error(firn_context *run, const firn_model *m, firn_str sql, int before,
                                  firn_err *err);

/* Fails if the model's table is among what it reads. */
FIRN_NODISCARD firn_code firn_model_refuse_itself(const firn_model *m, const firn_inputs *inputs,
                                                  firn_err *err);

/* --- view_run.c ---------------------------------------------------------------------------- */

/* Binds a view over what it reads, keeps it in the catalog where that keeps views, and runs its
 * checks if what it reads changed.  FIRN_E_CONFLICT: it changed meanwhile, try again. */
FIRN_NODISCARD firn_code firn_view_run(firn_context *run, const firn_project *project,
                                       const firn_model *model, bool full_refresh, firn_arena *a,
                                       firn_model_result *ret, firn_err *err);

/* A view that a table of the same name takes the place of. */
typedef struct firn_replaced_view {
    bool there;
    firn_str metadata_location;
    firn_ident kept; /* the table that it once took the place of; .name.p == NULL: none */
} firn_replaced_view;

/* Finds out whether a name is a view of the catalog. */
FIRN_NODISCARD firn_code firn_view_find_replaced(firn_context *run, firn_ident ident, firn_arena *a,
                                                 firn_replaced_view *ret, firn_err *err);

/* Takes the view away and gives the table that was kept its name again; says so. */
FIRN_NODISCARD firn_code firn_view_give_way(firn_context *run, firn_ident ident,
                                            const firn_replaced_view *v, firn_err *err);

#endif
