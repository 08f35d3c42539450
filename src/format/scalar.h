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
    FIRN_FIT_INEXACT, /* digits, a sign, a clock or an offset would be lost */
    FIRN_FIT_UTF8,    /* not UTF-8 */
    FIRN_FIT_NOMEM,   /* the arena refused: firn_arena_raise says what to return */
    FIRN_FIT_COUNT
} firn_fit;

/* "is not a value of this type", "is out of range", … for messages: continues "value 'x' "; the
 * caller adds the type. */
const char *firn_fit_text(firn_fit fit);

/* How a text is to be read beside its type. */
typedef struct firn_scalar_opt {
    const firn_datefmt *format; /* date, timestamp, timestamptz; NULL: ISO */
    bool given; /* the type was given by the user: a double may round, a number may have a plus or
                 * leading zeros, a date may come with a midnight clock, a timestamp as a date
                 * (midnight), a timestamptz without an offset (UTC) */
} firn_scalar_opt;

/* Reads `text` into row `row` of a column of a primitive type and marks it valid.
 * string: the text itself, which must be UTF-8 and stay alive as long as the batch (the view
 * points to it); uuid: 36 characters, any case; boolean: true/false, any case; binary: base64,
 * decoded into `a`; int and long: integral values in any spelling ("5", "5.0", "5e0"), but not
 * "-0"; decimal: exact; float, double: finite; inferred ones (not given) must print back as the
 * same number.  A timestamp with an offset is no timestamp without one, unless a format with %z
 * was given: it is then stored as UTC.  ASCII white space around the text is not looked at, but
 * for string and binary.  fixed and nested types: FIRN_FIT_SYNTAX.
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

/* Answers whether a number is what its nearest double prints back as (the shortest decimal that
 * reads as that double, rounded half to even): 0.1, 1e22 and -0 are; 9007199254740993 and
 * 0.12345678901234567890 are not; what is no finite number is not. */
bool firn_double_is_exact(firn_str token);

/* ISO 8601 in its usual lengths: "2025-05-31"; "2025-05-31T22:31:08[.123456][Z]", a blank for the
 * T allowed.  False also for rarer spellings, which firn_date_parse and firn_timestamp_parse
 * read. */
bool firn_fast_date(const char *p, size_t n, int32_t *ret_days);
bool firn_fast_timestamp(const char *p, size_t n, int64_t *ret_us, bool *ret_zoned);

#endif
