/* SPDX-License-Identifier: Apache-2.0 */
/* convert.h — values of one type as values of another, in SQL, and whether they lose something. */
#ifndef FIRN_CONVERT_H
#define FIRN_CONVERT_H

#include "base/buf.h"
#include "base/type.h"

/* Whether there is a way at all: FIRN_CONVERT_EXACT: every value comes through as it is;
 * FIRN_CONVERT_CHECKED: some may not, which a condition tells. */
typedef enum firn_convert_kind {
    FIRN_CONVERT_NONE,
    FIRN_CONVERT_EXACT,
    FIRN_CONVERT_CHECKED,
} firn_convert_kind;

/* `from` may be FIRN_T_TIMESTAMP_NS.  Structs are matched by the names of their fields, without
 * case; a field that `to` has not must be null, or is left out (`cuts`). */
firn_convert_kind firn_convert_kind_of(const firn_type *from, const firn_type *to);

/* One conversion; `format` of dates in texts, "" for none. */
typedef struct firn_convert {
    const firn_type *from;
    const firn_type *to;
    firn_str format;
    bool cuts; /* fields that `to` has not are left out, whatever they hold */
} firn_convert;

/* Appends the value of the expression `x`, null where it cannot be converted. */
FIRN_NODISCARD firn_code firn_convert_value(const firn_convert *c, firn_str x, firn_buf *out,
                                            firn_err *err);

/* Appends a condition that is true where the value of `x` came through whole; never null.
 * For FIRN_CONVERT_CHECKED, or where `to` has required fields inside. */
FIRN_NODISCARD firn_code firn_convert_fits(const firn_convert *c, firn_str x, firn_buf *out,
                                           firn_err *err);

/* Whether a type has a field below it that is required. */
bool firn_convert_requires(const firn_type *to);

/* Appends a condition that is true where the value of `x` holds a negative zero; false: a value of
 * this type has none. */
FIRN_NODISCARD firn_code firn_convert_negative_zero(const firn_type *t, firn_str x, firn_buf *out,
                                                    bool *ret_possible, firn_err *err);

#endif
