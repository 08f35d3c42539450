/* SPDX-License-Identifier: Apache-2.0 */
/* model_why.h — why a model is made again, for people: what its table was made from stands in the
 * snapshot's summary beside the fingerprint that decides. */
#ifndef FIRN_MODEL_WHY_H
#define FIRN_MODEL_WHY_H

#include "pipeline/tables.h"

#define FIRN_MODEL_PARTS "firn.model.parts" /* in the summary */

/* What a model is made from, in a few words: "0.1.0 9f86d081 raw.orders=123 raw.x=-".  `statement`
 * is a hash of everything but version and inputs.  In `a`. */
FIRN_NODISCARD firn_code firn_model_parts(firn_str statement, const firn_inputs *inputs,
                                          firn_arena *a, firn_str *ret, firn_err *err);

#define FIRN_MODEL_WHY_MAX 256

/* What differs between two of them: "raw.orders changed", "the statement changed".  `was` may be
 * empty: the snapshot does not say. */
void firn_model_why(firn_str was, firn_str now, char ret[FIRN_MODEL_WHY_MAX]);

#endif
