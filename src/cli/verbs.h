/* SPDX-License-Identifier: Apache-2.0 */
/* verbs.h — one file a verb; the list is in main.c. */
#ifndef FIRN_VERBS_H
#define FIRN_VERBS_H

#include "cli/common.h"
#include "cli/events_print.h"
#include "pipeline/run.h"

extern const firn_verb firn_verb_init;
extern const firn_verb firn_verb_demo;
extern const firn_verb firn_verb_peek;
extern const firn_verb firn_verb_load;
extern const firn_verb firn_verb_check;
extern const firn_verb firn_verb_plan;
extern const firn_verb firn_verb_run;
extern const firn_verb firn_verb_test;
extern const firn_verb firn_verb_graph;
extern const firn_verb firn_verb_sql;
extern const firn_verb firn_verb_tables;
extern const firn_verb firn_verb_show;
extern const firn_verb firn_verb_history;
extern const firn_verb firn_verb_status;
extern const firn_verb firn_verb_diff;
extern const firn_verb firn_verb_alter;
extern const firn_verb firn_verb_register;
extern const firn_verb firn_verb_completion;
extern const firn_verb firn_verb_version;
extern const firn_verb firn_verb_help;

/* verb_run.c, for verb_load.c too: opens the context, runs the graph, prints how it went. */
FIRN_NODISCARD firn_code firn_run_command(firn_command *c, const firn_args *args, firn_graph *graph,
                                          const firn_run_opt *opt, const char *sql, int *ret_status,
                                          firn_err *err);

/* verb_run.c, for other verbs too: the project's graph, of which SELECT, --exclude and --only
 * choose; and the rest. */
FIRN_NODISCARD firn_code firn_run_chosen(firn_command *c, const firn_args *args, firn_graph *ret,
                                         firn_err *err);
FIRN_NODISCARD firn_code firn_run_options(const char *verb, const firn_args *args, firn_arena *a,
                                          firn_run_opt *ret, firn_err *err);

/* Prints the help of a verb. */
void firn_print_verb_help(const firn_verb *v);

/* The name of the table that a file is loaded into: "data/Journal Entries.json.gz" gives
 * journal_entries. */
FIRN_NODISCARD firn_code firn_table_name_of(firn_str path, firn_arena *a, const char **ret,
                                            firn_err *err);

/* A table by its name, "raw.orders" or "lake.raw.orders"; FIRN_E_NOTFOUND with the nearest one. */
FIRN_NODISCARD firn_code firn_command_table(firn_command *c, const char *name, firn_ident *ident,
                                            const firn_metadata **ret, firn_err *err);

#endif
