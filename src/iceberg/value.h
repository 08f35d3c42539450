/* SPDX-License-Identifier: Apache-2.0 */
/* value.h — single values of primitive types: bounds, partition values, literals.
 * Source: Iceberg table spec, Appendix D ("Single-value serialization"); ICEBERG.md §6.1. */
#ifndef FIRN_VALUE_H
#define FIRN_VALUE_H

#include "base/buf.h"
#include "base/dec.h"
#include "base/type.h"

/* The type is known from where the value stands.  int, long, date, time and timestamps are in i,
 * texts, binaries, uuids (16 bytes, big endian) and fixed in bytes. */
typedef struct firn_value {
    bool is_null;
    union {
        bool b;
        int64_t i;
        float f;
        double d;
        firn_i128 dec;
        firn_slice bytes;
    } u;
} firn_value;

#define FIRN_VALUE_NULL ((firn_value){.is_null = true})

/* Orders two values of one type, neither null: <0, 0, >0.  Floats: −0.0 < +0.0, NaN last; texts and
 * binaries by unsigned bytes.  Pure. */
int firn_value_cmp(const firn_type *t, const firn_value *a, const firn_value *b);

/* Equal, nulls included. */
bool firn_value_eq(const firn_type *t, const firn_value *a, const firn_value *b);

/* The binary form of bounds and partition summaries. */
FIRN_NODISCARD firn_code firn_value_to_bytes(const firn_type *t, const firn_value *v, firn_buf *out,
                                             firn_err *err);

/* Reads it back; bytes of the narrower type a column once had are accepted (int for long, float
 * for double).  False if the length is wrong; slices point into `bytes`. */
bool firn_value_from_bytes(const firn_type *t, firn_slice bytes, firn_value *ret);

/* Reads what the engine prints in its file statistics: numbers, ISO dates and times, booleans as
 * 0/1 or words, binaries as hex.  False if the text is not a finite value of the type ("infinity",
 * years before 1).  Bytes live in `a`. */
bool firn_value_from_engine(const firn_type *t, firn_str text, firn_arena *a, firn_value *ret);

/* Appends a form for people and for paths: dates as 2017-11-16, decimals with their point,
 * binaries in base64, null as "null". */
FIRN_NODISCARD firn_code firn_value_print(const firn_type *t, const firn_value *v, firn_buf *out,
                                          firn_err *err);

/* Copies bytes of a value into `a`; false when memory is out. */
bool firn_value_copy(const firn_type *t, const firn_value *v, firn_arena *a, firn_value *ret);

/* Truncated bounds (ICEBERG.md §6.3): at most `length` code points or bytes.  The upper one is
 * incremented at its last place that can be; *ret_has is false if there is no such bound. */
firn_slice firn_bound_lower(const firn_type *t, firn_slice bytes, size_t length);
FIRN_NODISCARD firn_code firn_bound_upper(const firn_type *t, firn_slice bytes, size_t length,
                                          firn_arena *a, firn_slice *ret, bool *ret_has,
                                          firn_err *err);

#endif
