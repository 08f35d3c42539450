/* SPDX-License-Identifier: Apache-2.0 */
/* dec.h — decimals as a 128-bit unscaled integer: value = unscaled × 10^-scale, exactly.
 * All functions are pure. */
#ifndef FIRN_DEC_H
#define FIRN_DEC_H

#include "base/base.h"

__extension__ typedef __int128 firn_i128;
__extension__ typedef unsigned __int128 firn_u128;

#define FIRN_DEC_MAX_PRECISION 38

typedef enum firn_dec_result {
    FIRN_DEC_OK = 0,
    FIRN_DEC_SYNTAX,  /* not a number */
    FIRN_DEC_RANGE,   /* more digits before the point than the precision has */
    FIRN_DEC_INEXACT, /* digits would be lost behind the point */
} firn_dec_result;

/* Reads "-12.50", "1e3", "+.5": the whole text, into a decimal(precision, scale); trailing zeros
 * beyond the scale are no loss.  *ret is untouched unless FIRN_DEC_OK. */
firn_dec_result firn_dec_parse(firn_str s, int precision, int scale, firn_i128 *ret);

/* What a number in text needs: digits before the point (without leading zeros) and behind it
 * (without trailing zeros), exponent applied.  False if it is not a number.  Either may be large
 * ("1e400" needs 401 and 0). */
typedef struct firn_dec_shape {
    int64_t int_digits;
    int64_t scale;
    int64_t written_scale; /* as scale, with the trailing zeros: 2 of "1.50" */
    bool negative;
    bool zero;
    bool has_point; /* a '.' or an exponent stands in the text */
} firn_dec_shape;
bool firn_dec_shape_of(firn_str s, firn_dec_shape *ret);

/* Largest "40-digit minus sign and point" text: 42 bytes with NUL is always enough. */
#define FIRN_DEC_TEXT_MAX 44
/* Writes "-12.50" and returns its length. */
size_t firn_dec_print(firn_i128 v, int scale, char out[FIRN_DEC_TEXT_MAX]);

firn_i128 firn_dec_pow10(int n);                      /* 0 ≤ n ≤ 38 */
int firn_dec_digits(firn_i128 v);                     /* decimal digits of |v|; 1 for 0 */
int firn_dec_min_bytes(int precision);                /* Iceberg's minBytes: 1..16 */
size_t firn_dec_to_be(firn_i128 v, uint8_t out[16]);  /* minimal two's complement, big endian */
bool firn_dec_from_be(firn_slice be, firn_i128 *ret); /* 1..16 bytes */

#endif
