/* SPDX-License-Identifier: Apache-2.0 */
/* scalar.h — one text becomes one value of a primitive type, or says why it cannot.
 *
 * Used for CSV cells and for the tokens of JSON.  Nothing is ever rounded, clipped or defaulted:
 * what does not fit exactly is not stored.  Pure; any thread. */
#ifndef FIRN_SCALAR_H
#define FIRN_SCALAR_H

#include "base/column.h"
#include "format/datefmt.h"

typedef enum firn_fit {
    FIRN_FIT_OK = 0,
    FIRN_FIT_SYNTAX,  /* not a value of this type at all */
    FIRN_FIT_RANGE,   /* too large, too small, a year outside of 0001–9999 */
    FIRN_FIT_INEXACT, /* digits or a clock would be lost */
    FIRN_FIT_UTF8,    /* not UTF-8 */
    FIRN_FIT_COUNT
} firn_fit;

/* "is not a number", "has more digits than decimal(9,2) keeps", … for messages: continues
 * "value 'x' ". */
const char *firn_fit_text(firn_fit fit);

/* How a text is to be read beside its type. */
typedef struct firn_scalar_opt {
    const firn_datefmt *format; /* date, timestamp, timestamptz; NULL: ISO */
    bool given; /* the type was given by the user: a double may round, a date may come with a
                 * midnight clock, a timestamptz without an offset is UTC */
} firn_scalar_opt;

/* Reads `text` into row `row` of a column of a primitive type and marks it valid.
 * string: the text itself, which must be UTF-8 and stay alive as long as the batch (the view
 * points to it); uuid: 36 characters, any case; boolean: true/false, any case; binary: base64,
 * decoded into `a`; int and long: integral values in any spelling ("5", "5.0", "5e0"), but not
 * "-0"; decimal: exact; float, double: finite; inferred ones (not given) must print back as the
 * same number.  fixed and nested types: FIRN_FIT_SYNTAX.
 * FIRN_FIT_OK only if the value was stored. */
firn_fit firn_scalar_put(firn_column *col, size_t row, firn_str text, const firn_scalar_opt *opt,
                         firn_arena *a);

/* Answers whether the text would be stored, without storing it. */
firn_fit firn_scalar_fits(const firn_type *type, firn_str text, const firn_scalar_opt *opt);

/* Marks a row valid; a no-op for columns that have no nulls so far. */
static inline void firn_column_set_valid(firn_column *col, size_t row)
{
    if (col->validity)
        col->validity[row / 64] |= UINT64_C(1) << (row % 64);
}

/* Fast paths, exposed for the decoders' inner loops.  Each reads the whole text. */
bool firn_fast_i64(const char *p, size_t n, int64_t *ret); /* -?[0-9]{1,18}; not "-0" */
bool firn_fast_dec64(const char *p, size_t n, int scale, int64_t *ret); /* plain digits and point,
                                                                           ≤ 18 digits; exact */

#endif
