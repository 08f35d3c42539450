/* SPDX-License-Identifier: Apache-2.0 */
/* scalar_int.h — numbers and times of scalar.h, each as its own function.  Texts come trimmed.
 * Not for callers of scalar.h. */
#ifndef FIRN_SCALAR_INT_H
#define FIRN_SCALAR_INT_H

#include "base/str.h"
#include "format/scalar.h"

#include <string.h>

/* Any integral value between low and high; negative zero is FIRN_FIT_INEXACT. */
firn_fit firn_scalar_int(firn_str s, int64_t low, int64_t high, int64_t *ret);

firn_fit firn_scalar_dec(firn_str s, int precision, int scale, firn_i128 *ret);

/* Finite numbers; without may_round only those that print back as the same number. */
firn_fit firn_scalar_double(firn_str s, bool may_round, double *ret);
firn_fit firn_scalar_float(firn_str s, bool may_round, float *ret);

/* True for "+5", "007", "-01": the spelling says more than the number. */
bool firn_number_is_padded(firn_str s);

firn_fit firn_scalar_date(firn_str s, const firn_scalar_opt *opt, int32_t *ret_days);
firn_fit firn_scalar_time(firn_str s, int64_t *ret_us);
firn_fit firn_scalar_timestamp(firn_str s, const firn_scalar_opt *opt, int64_t *ret_us);
firn_fit firn_scalar_timestamptz(firn_str s, const firn_scalar_opt *opt, int64_t *ret_us);

/* The four bytes at p and the four at q, the first one lowest. */
static inline uint64_t firn_load4x2(const char *p, const char *q)
{
    char both[8];
    memcpy(both, p, 4);
    memcpy(both + 4, q, 4);
    return firn_load8(both);
}

#endif
