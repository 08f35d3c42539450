/* SPDX-License-Identifier: Apache-2.0 */
/* decimal128.h — IEEE 754 decimal128 as BSON has it (binary integer significand): the value is
 * coefficient × 10^exponent.  All functions are pure. */
#ifndef FIRN_DECIMAL128_H
#define FIRN_DECIMAL128_H

#include "base/dec.h"
#include "base/str.h"
#include "format/scalar.h"

#define FIRN_D128_DIGITS       34
#define FIRN_D128_MAX_EXPONENT 6111
#define FIRN_D128_MIN_EXPONENT (-6176)

typedef enum firn_d128_kind { FIRN_D128_FINITE, FIRN_D128_INFINITE, FIRN_D128_NAN } firn_d128_kind;

typedef struct firn_d128 {
    firn_d128_kind kind;
    bool negative;
    int exponent;
    firn_u128 coefficient; /* < 10^34 */
} firn_d128;

/* Reads the 16 bytes of BSON, the lowest first.  A coefficient beyond 34 digits is 0, as IEEE 754
 * says of encodings that are not canonical. */
firn_d128 firn_d128_read(const uint8_t *bytes);

/* The usual decimal, quickly: the unscaled value of one with just this scale (0 to 18), if it is
 * below `limit`. */
static inline bool firn_d128_usual(const uint8_t *bytes, unsigned scale, uint64_t limit,
                                   int64_t *ret)
{
    uint64_t low = firn_load8((const char *)bytes);
    uint64_t high = firn_load8((const char *)bytes + 8);
    uint64_t wanted = (uint64_t)(-FIRN_D128_MIN_EXPONENT - (int)scale) << 49;
    if ((high & INT64_MAX) != wanted || low >= limit)
        return false;
    *ret = high >> 63 ? -(int64_t)low : (int64_t)low;
    return true;
}

/* Reads "-1.50E+3", "Infinity", "NaN" (any case): the whole text.  False for anything else and for
 * what does not fit exactly. */
bool firn_d128_parse(firn_str s, firn_d128 *ret);

/* Writes the canonical text ("1.50", "1E+3", "-Infinity"); returns its length. */
#define FIRN_D128_TEXT_MAX 48
size_t firn_d128_print(const firn_d128 *d, char out[FIRN_D128_TEXT_MAX]);

/* Makes a decimal(precision, scale) of it, exactly or not at all.  The sign of a zero is not kept:
 * no decimal has it. */
firn_fit firn_d128_to_dec(const firn_d128 *d, int precision, int scale, firn_i128 *ret);

#endif
