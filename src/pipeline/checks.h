/* SPDX-License-Identifier: Apache-2.0 */
/* checks.h — conditions on a table's rows, looked at before they are committed. */
#ifndef FIRN_CHECKS_H
#define FIRN_CHECKS_H

#include "pipeline/context.h"
#include "pipeline/project.h"

typedef struct firn_check_input {
    firn_ident ident;
    const firn_check *checks;
    size_t check_count;
    const firn_type *schema;
    const firn_data_file *files; /* new ones, published, not committed */
    size_t file_count;
    const firn_metadata *before; /* the table they are added to; NULL: they are all there is */
} firn_check_input;

/* Runs the checks: not_null and conditions over the new rows, unique over all of them.  A check
 * that finds rows sends an event with their number and a few of them; with severity error it also
 * fails the call with FIRN_E_CHECK (after all checks were looked at).  *ret_warnings counts the
 * others. */
FIRN_NODISCARD firn_code firn_checks_run(firn_context *run, const firn_check_input *in,
                                         size_t *ret_warnings, firn_err *err);

#endif
