/* SPDX-License-Identifier: Apache-2.0 */
/* value_text.h — values of a result as text for people, for CSV and for JSON. */
#ifndef FIRN_VALUE_TEXT_H
#define FIRN_VALUE_TEXT_H

#include "base/buf.h"
#include "base/column.h"

/* Appends a value as a person reads it: dates in ISO form, decimals with their point, structs as
 * {a: 1, b: x}, lists as [1, 2], null as NULL inside of nested values and as nothing outside
 * (the caller says what a null is). */
FIRN_NODISCARD firn_code firn_value_text(const firn_column *col, size_t row, firn_buf *out,
                                         firn_err *err);

/* Appends a value as JSON: numbers (decimals with all digits) as numbers, NaN and infinities as
 * text, binaries in base64, maps as objects if their keys are text, else as a list of pairs. */
FIRN_NODISCARD firn_code firn_value_json(const firn_column *col, size_t row, firn_buf *out,
                                         firn_err *err);

/* Whether values of the type are aligned to the right. */
bool firn_value_is_number(const firn_type *t);

#endif
