/* SPDX-License-Identifier: Apache-2.0 */
/* runs_print.h — what the run record says, for people. */
#ifndef FIRN_RUNS_PRINT_H
#define FIRN_RUNS_PRINT_H

#include "cli/common.h"
#include "pipeline/runs.h"

/* Opens the record of the warehouse that the first argument names, or of the project; *ret is NULL
 * where nothing was recorded.  *ret_rest is the first argument behind the warehouse. */
FIRN_NODISCARD firn_code firn_command_runs(firn_command *c, const firn_args *args, size_t *ret_rest,
                                           firn_runs **ret, firn_err *err);

/* `firn history --runs`: the newest first. */
FIRN_NODISCARD firn_code firn_print_runs(firn_command *c, const json_t *runs, firn_err *err);

/* `firn history RUN`: as firn_runs_find returns it. */
FIRN_NODISCARD firn_code firn_print_run(firn_command *c, const json_t *run, firn_err *err);

/* Members of a row: "" and 0 where there is nothing. */
const char *firn_row_text(const json_t *row, const char *key);
int64_t firn_row_num(const json_t *row, const char *key);
bool firn_row_has(const json_t *row, const char *key); /* neither absent nor null */
/* "raw.orders" */
const char *firn_row_table(const json_t *row, firn_arena *a);

/* Prints an error that is kept as JSON (docs/formats/events.md), as it was printed first. */
void firn_print_kept_error(const json_t *error, const char *table, FILE *f);

#endif
