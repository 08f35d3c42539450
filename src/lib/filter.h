/* SPDX-License-Identifier: Apache-2.0 */
/* filter.h — the nodes of a filter.  AND and OR hold any number of parts, so that long chains stay
 * flat; what is nested more deeply than FILTER_MAX_DEPTH is replaced by a node that says so. */
#ifndef FIRN_LIB_FILTER_H
#define FIRN_LIB_FILTER_H

#include "lib/lib_int.h"

enum { FILTER_MAX_DEPTH = 200 };

typedef enum filter_kind {
    FILTER_AND,
    FILTER_OR,
    FILTER_NOT, /* one part */
    FILTER_COMPARE,
    FILTER_IN,
    FILTER_IS_NULL,
    FILTER_NOT_NULL,
    FILTER_NEVER, /* of residuals: no row */
    FILTER_TOO_DEEP,
} filter_kind;

struct firn_filter {
    filter_kind kind;
    firn_comparison comparison;
    int depth;
    char *column;
    firn_literal *values;
    size_t value_count;
    firn_filter **parts;
    size_t part_count;
    size_t part_cap;
};

/* Looks a leaf's column up: it must be a primitive one outside of lists and maps. */
FIRN_NODISCARD firn_code firn_filter_column(const firn_filter *f, const firn_schema *schema,
                                            const firn_field **ret, firn_err *err);
/* The values of a leaf as values of its column, in `a`. */
FIRN_NODISCARD firn_code firn_filter_values(const firn_filter *f, const firn_field *column,
                                            firn_arena *a, firn_value **ret, firn_err *err);

#endif
