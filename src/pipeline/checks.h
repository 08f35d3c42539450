/* SPDX-License-Identifier: Apache-2.0 */
/* checks.h — conditions on a table's rows: looked at before they are committed, or as they are.
 *
 * Which rows a check looks at: conditions, not_null, accepted_values and relationships at the new
 * ones (those that were there passed before), unique, row_count and freshness at all of them.  Null
 * is no value: not_null refuses it, everything else passes it over.  docs/reference/checks.md. */
#ifndef FIRN_CHECKS_H
#define FIRN_CHECKS_H

#include "pipeline/context.h"
#include "pipeline/project.h"

typedef struct firn_check_input {
    const firn_project *project; /* how the table of failing rows is written */
    const firn_ingest *ingest;   /* the entry that lands in the table; NULL: a model */
    firn_ident ident;
    const firn_check *checks;
    size_t check_count;

    /* an audit before a commit */
    const firn_type *schema;
    const firn_data_file *files; /* new ones, published, not committed */
    size_t file_count;
    const firn_metadata *before; /* the table they are added to; NULL: they are all there is */

    /* instead: the table or view as whoever reads it now sees it */
    bool committed;
} firn_check_input;

typedef struct firn_check_counts {
    size_t passed;
    size_t warnings;
    size_t errors;
} firn_check_counts;

/* Runs the checks.  Each sends an event with the number of failing rows and a few of them; up to
 * 100 of each go to the table NS.TABLE__failures, which is replaced when some are found or were
 * there before.  With severity error a check also fails the call with FIRN_E_CHECK, after all
 * checks were looked at.  *ret is set in that case too. */
FIRN_NODISCARD firn_code firn_checks_run(firn_context *run, const firn_check_input *in,
                                         firn_check_counts *ret, firn_err *err);

/* Appends what the outcome of a check depends on beside the data, for fingerprints. */
FIRN_NODISCARD firn_code firn_check_print(const firn_check *k, firn_buf *out, firn_err *err);

/* The tables that the checks of a table look into, beside itself; in `a`. */
FIRN_NODISCARD firn_code firn_checks_needs(const firn_table_conf *table, firn_arena *a,
                                           firn_ident **ret, size_t *ret_count, firn_err *err);

/* Whether there is a table or view for every relationships check: one that the project makes or the
 * catalog has.  FIRN_E_CONFIG at the check, with the nearest name. */
struct firn_graph;
FIRN_NODISCARD firn_code firn_checks_targets(firn_context *run, const struct firn_graph *g,
                                             firn_err *err);

#endif
