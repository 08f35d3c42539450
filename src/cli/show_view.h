/* SPDX-License-Identifier: Apache-2.0 */
/* show_view.h — a view, as firn show prints it. */
#ifndef FIRN_SHOW_VIEW_H
#define FIRN_SHOW_VIEW_H

#include "cli/common.h"
#include "pipeline/tables.h"

/* The view that the last argument names, of the project or the catalog; *ret == NULL: it is none.
 * c->run is open. */
FIRN_NODISCARD firn_code firn_command_view(firn_command *c, const firn_args *args,
                                           const firn_view_def **ret, firn_err *err);

/* Prints it as text or, with --json, as a document. */
FIRN_NODISCARD firn_code firn_show_view(firn_command *c, const firn_args *args,
                                        const firn_view_def *v, firn_err *err);

#endif
