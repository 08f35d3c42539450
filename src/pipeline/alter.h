/* SPDX-License-Identifier: Apache-2.0 */
/* alter.h — ALTER TABLE and CALL: what a table is, changed by a statement.
 *
 * The grammar is what Spark, Trino and DuckDB have in common, with each one's own words accepted
 * (docs/EVOLUTION.md).  A statement may hold several changes; they are one commit, all or none.
 * When somebody else commits meanwhile, the changes are made again on what is there then: they
 * succeed if they still make sense, or fail with what is wrong now. */
#ifndef FIRN_ALTER_H
#define FIRN_ALTER_H

#include "pipeline/query.h"

/* What a statement did to a table. */
typedef struct firn_altered {
    firn_ident ident; /* as it is called now */
    firn_str diff;    /* a line a change, as of firn_evolve_print; "": nothing was to be changed */
    firn_str hint;    /* what is to be done in the project now; "": nothing */
    int32_t schema_id;
    bool missing; /* IF EXISTS, and there is no such table */
} firn_altered;

/* Runs ALTER TABLE … or CALL …, everything in `a`.  dry_run: nothing is committed.
 * FIRN_E_SQL with a place for what is not understood; else the codes of evolve.h, with the place
 * of the part that failed; FIRN_E_NOTFOUND names the nearest table. */
FIRN_NODISCARD firn_code firn_alter_run(firn_context *run, const firn_query_conf *conf,
                                        bool dry_run, firn_arena *a, firn_altered *ret,
                                        firn_err *err);

/* The same for the dispatcher of `firn sql`: *ret_sql is a SELECT, in `a`, of what was done, a row
 * a change, columns "table" and "change". */
FIRN_NODISCARD firn_code firn_alter_statement(firn_context *run, const firn_query_conf *conf,
                                              firn_arena *a, firn_str *ret_sql, firn_err *err);

#endif
