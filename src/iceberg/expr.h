/* SPDX-License-Identifier: Apache-2.0 */
/* expr.h — predicates over a table's columns that can leave files out of a scan.
 *
 * A file may be left out only if no row of it can satisfy the predicate; what is not understood is
 * FIRN_EXPR_TRUE and prunes nothing.  Immutable once built; any thread. */
#ifndef FIRN_EXPR_H
#define FIRN_EXPR_H

#include "iceberg/manifest.h"

typedef enum firn_expr_op {
    FIRN_EXPR_TRUE,
    FIRN_EXPR_FALSE,
    FIRN_EXPR_AND,
    FIRN_EXPR_OR,
    FIRN_EXPR_EQ,
    FIRN_EXPR_NE,
    FIRN_EXPR_LT,
    FIRN_EXPR_LE,
    FIRN_EXPR_GT,
    FIRN_EXPR_GE,
    FIRN_EXPR_IN,
    FIRN_EXPR_IS_NULL,
    FIRN_EXPR_NOT_NULL,
    FIRN_EXPR_STARTS_WITH,
} firn_expr_op;

typedef struct firn_expr firn_expr;
struct firn_expr {
    firn_expr_op op;
    int32_t field_id;         /* of predicates */
    const firn_type *type;    /* of the column in the current schema */
    const firn_value *values; /* 1; IN: value_count */
    size_t value_count;
    const firn_expr *const *parts; /* AND, OR */
    size_t part_count;
};

/* Whether a manifest with these summaries can hold a file with a matching row. */
bool firn_expr_manifest_may_match(const firn_expr *e, const firn_spec *spec, const firn_type *types,
                                  const firn_manifest_file *mf);

/* Whether a file can hold a matching row, by its partition and by its metrics. */
bool firn_expr_file_may_match(const firn_expr *e, const firn_spec *spec, const firn_type *types,
                              const firn_data_file *f);

#endif
