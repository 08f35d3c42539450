/* SPDX-License-Identifier: Apache-2.0 */
/* filter.h — predicates over a table's columns.
 *
 *   firn_filter *f = firn_filter_and(
 *       firn_filter_compare("ts", FIRN_GREATER_EQUAL, firn_literal_text("2024-05-01")),
 *       firn_filter_is_null("deleted_at"));
 *
 * Functions that make filters return NULL when memory is out; those that combine filters take
 * theirs over and accept NULL, so that only the whole need be checked (firn_scanner_filter does).
 * Names and values are checked when the filter meets a table.  Values are copied.
 *
 * Meaning: SQL's, with three values: a comparison with null is not true, and a row is taken only
 * where the filter is true.  NaN equals itself and is greater than everything else; texts and
 * bytes compare by bytes.  One thread at a time until it is built; then any. */
#ifndef FIRN_API_FILTER_H
#define FIRN_API_FILTER_H

#include <firn/literal.h>

FIRN_BEGIN_C

typedef struct firn_filter firn_filter;

typedef enum firn_comparison {
    FIRN_EQUAL = 0,
    FIRN_NOT_EQUAL = 1,
    FIRN_LESS = 2,
    FIRN_LESS_EQUAL = 3,
    FIRN_GREATER = 4,
    FIRN_GREATER_EQUAL = 5,
    FIRN_STARTS_WITH = 6 /* strings */
} firn_comparison;

/* `column` is a dotted path. */
FIRN_API firn_filter *firn_filter_compare(const char *column, firn_comparison comparison,
                                          firn_literal value);
/* Whether the column equals one of the values; none of them: never true. */
FIRN_API firn_filter *firn_filter_in(const char *column, const firn_literal *values, size_t count);
FIRN_API firn_filter *firn_filter_is_null(const char *column);
FIRN_API firn_filter *firn_filter_is_not_null(const char *column);

/* Each takes over what it is given. */
FIRN_API firn_filter *firn_filter_and(firn_filter *left, firn_filter *right);
FIRN_API firn_filter *firn_filter_or(firn_filter *left, firn_filter *right);
FIRN_API firn_filter *firn_filter_not(firn_filter *filter);

/* Prints a filter as SQL, `"ts" >= '2024-05-01' AND …`, as firn_type_format does. */
FIRN_API size_t firn_filter_format(const firn_filter *filter, char *out, size_t capacity);

/* Frees a filter and all it was made of.  Accepts NULL. */
FIRN_API void firn_filter_free(firn_filter *filter);

FIRN_END_C

#endif
