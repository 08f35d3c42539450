/* SPDX-License-Identifier: Apache-2.0 */
/* bson_slow.h — what happens to documents that the fast loop of BSON does not take. */
#ifndef FIRN_BSON_SLOW_H
#define FIRN_BSON_SLOW_H

#include "format/bson.h"

/* Checks a document and writes it as canonical Extended JSON, with FIRN_JSON_SLACK readable bytes
 * behind it, in `a`.  ret->p == NULL: it cannot be read, *why says why. */
FIRN_NODISCARD firn_code firn_bson_to_json(firn_str document, firn_arena *a, firn_str *ret,
                                           firn_bson_why *why, firn_err *err);

/* Records all that a checked document holds. */
FIRN_NODISCARD firn_code firn_bson_see(firn_slice document, firn_shape *seen, firn_arena *a,
                                       firn_err *err);

#endif
