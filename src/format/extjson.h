/* SPDX-License-Identifier: Apache-2.0 */
/* extjson.h — the values that JSON has no words for, as MongoDB's Extended JSON v2 spells them:
 * {"$oid": "…"}, {"$date": …}, {"$numberDecimal": "1.50"}.
 *
 * An object is such a value when it has exactly the keys of one and they hold what they must;
 * everything else is an object like others.  Pure; any thread. */
#ifndef FIRN_EXTJSON_H
#define FIRN_EXTJSON_H

#include "base/buf.h"
#include "format/decimal128.h"
#include "format/decoder.h"

typedef enum firn_typed_kind {
    FIRN_TYPED_NULL, /* $undefined */
    FIRN_TYPED_TEXT, /* $oid, $symbol, $code without a scope */
    FIRN_TYPED_INT,
    FIRN_TYPED_LONG,
    FIRN_TYPED_DOUBLE,
    FIRN_TYPED_DECIMAL,
    FIRN_TYPED_DATE,
    FIRN_TYPED_UUID,
    FIRN_TYPED_BINARY,
    FIRN_TYPED_NOMEM, /* the arena refused */
} firn_typed_kind;

typedef struct firn_typed {
    firn_typed_kind kind;
    firn_str text;    /* the value as text: of a TEXT itself, of others as a string column has it
                       * (numbers plain, dates in ISO 8601, binaries in base64) */
    double d;         /* DOUBLE */
    firn_d128 dec;    /* DECIMAL */
    int64_t ms;       /* DATE: since 1970 */
    int32_t us;       /* DATE: microseconds behind that */
    firn_slice bytes; /* UUID: 16; BINARY */
} firn_typed;

/* Reads the object at p (an opening brace; up to FIRN_JSON_SLACK bytes behind `end` are read, as in
 * json_lex.h) as a value; returns what is behind it, NULL if it is none (or *ret is NOMEM).  Texts
 * live in the source or in `a`. */
const char *firn_extjson_read(const char *p, const char *end, firn_extended mode, firn_arena *a,
                              firn_typed *ret);

/* What stands for a value of checked JSON: of {"$timestamp": {…}}, {"$regularExpression": {…}} and
 * {"$dbPointer": {…}} the object inside, of others p itself. */
const char *firn_extjson_inside(const char *p, const char *end, firn_extended mode);

/* Whether an object may be one of the above: a cheap look. */
static inline bool firn_extjson_maybe(const char *p)
{
    return p[0] == '{' && ((p[1] == '"' && p[2] == '$') || (unsigned char)p[1] <= ' ');
}

/* Writes a value into a row as firn_scalar_put does, and like it answers with FIRN_FIT_OK only if
 * it is stored.  Of a column of texts it takes all. */
firn_fit firn_typed_put(firn_column *col, size_t row, const firn_typed *v,
                        const firn_scalar_opt *opt, firn_arena *a);
firn_fit firn_typed_fits(const firn_type *type, const firn_typed *v, const firn_scalar_opt *opt);

/* Records a value in a shape. */
void firn_typed_see(firn_shape *s, const firn_typed *v);

/* --- texts --------------------------------------------------------------------------------- */

#define FIRN_F64_TEXT_MAX 32
/* The shortest decimal that reads as d, with a point or exponent: "4.0", "1E+300", "NaN",
 * "-Infinity".  Returns its length. */
size_t firn_f64_print(double d, char out[FIRN_F64_TEXT_MAX]);

#define FIRN_MS_TEXT_MAX 48
/* A date of BSON: "2012-12-24T12:15:30.501Z", the fraction only if there is one; outside of the
 * years 0001 to 9999 its milliseconds.  Returns its length. */
size_t firn_ms_print(int64_t ms, char out[FIRN_MS_TEXT_MAX]);

/* Microseconds of a date of BSON; false outside of the years 0001 to 9999. */
bool firn_ms_to_us(int64_t ms, int64_t *ret_us);

#define FIRN_UUID_TEXT 36
void firn_uuid_print(const uint8_t bytes[16], char out[FIRN_UUID_TEXT]);

/* Appends a JSON string; bytes that are no UTF-8 become U+FFFD. */
FIRN_NODISCARD firn_code firn_json_add_string(firn_buf *out, firn_str s, firn_err *err);

/* Appends the checked JSON value at p, without blanks, with the values of Extended JSON in their
 * relaxed spelling: numbers bare, dates in ISO 8601.  *ret_any: there were some.  Uses `a` for
 * scratch. */
FIRN_NODISCARD firn_code firn_extjson_relax(const char *p, const char *end, firn_extended mode,
                                            firn_arena *a, firn_buf *out, bool *ret_any,
                                            firn_err *err);

#endif
