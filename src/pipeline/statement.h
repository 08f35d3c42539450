/* SPDX-License-Identifier: Apache-2.0 */
/* statement.h — one statement of `firn sql`, whoever answers it.
 *
 * SELECT and the engine's other statements go to firn_query.  SHOW …, DESCRIBE … of tables and
 * namespaces are answered from the catalog; ALTER TABLE and CALL go to alter.h. */
#ifndef FIRN_STATEMENT_H
#define FIRN_STATEMENT_H

#include "pipeline/query.h"

/* Whether a statement of a script changes a table's metadata (ALTER TABLE, COMMENT ON, CALL): the
 * catalog must then be open for writing.  By their first words only. */
FIRN_NODISCARD firn_code firn_statement_script_changes(firn_str script, firn_arena *a, bool *ret,
                                                       firn_err *err);

/* Runs a statement; `fn` gets its result as from firn_query, also those that firn makes itself.
 *
 * ALTER TABLE and CALL are given to
 *     firn_code firn_alter_statement(firn_context *run, const firn_query_conf *conf,
 *                                    firn_arena *a, firn_str *ret_sql, firn_err *err);
 * of alter.h, which changes the table and returns in `a` the SELECT that says what was done (one
 * row or more, as "SELECT 'raw.orders' AS \"table\", 12 AS \"schema\"").  It raises FIRN_E_SQL with
 * firn_err_where "FILE:LINE:COLUMN" for what it does not understand. */
FIRN_NODISCARD firn_code firn_statement_run(firn_context *run, firn_session *s,
                                            const firn_query_conf *conf, firn_query_fn fn,
                                            void *arg, firn_err *err);

#endif
