/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of diff. */
#ifndef FIRN_DIFF_INT_H
#define FIRN_DIFF_INT_H

#include "pipeline/diff.h"

/* Whether there is a map in a type. */
bool firn_diff_has_map(const firn_type *t);

/* Appends an expression that is equal for equal values of the expression `e`: maps become lists of
 * their entries in the order of the keys.  `depth` numbers the variables of lambdas, 1 outside of
 * any.  Types are of limited depth. */
FIRN_NODISCARD firn_code firn_diff_canonical(const firn_type *t, firn_str e, int depth,
                                             firn_buf *out, firn_err *err);

#endif
