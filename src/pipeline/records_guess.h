/* SPDX-License-Identifier: Apache-2.0 */
/* records_guess.h — where in a JSON document its records are: the `records` path of {"data":
 * {"invoices": [{…}, {…}]}} is data.invoices. */
#ifndef FIRN_RECORDS_GUESS_H
#define FIRN_RECORDS_GUESS_H

#include "source/files.h"

/* Looks at the first megabyte of a file that is one object.  *ret: "" when its records are at the
 * top level, when they are not found, or when the object looks like a record itself (it has an id).
 */
FIRN_NODISCARD firn_code firn_records_guess(firn_env *env, const firn_source_file *file,
                                            firn_arena *a, firn_str *ret, firn_err *err);

#endif
