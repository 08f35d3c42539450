/* SPDX-License-Identifier: Apache-2.0 */
/* partition_sql.h — the values of a table's partition as columns of a SELECT. */
#ifndef FIRN_PARTITION_SQL_H
#define FIRN_PARTITION_SQL_H

#include "engine/engine.h"
#include "iceberg/sort_order.h"

/* Makes the functions callable that the expressions of a spec need. */
FIRN_NODISCARD firn_code firn_partition_functions(const firn_engine_ops *ops, firn_engine *e,
                                                  const firn_type *schema, const firn_spec *spec,
                                                  firn_err *err);

/* Appends `select` with the partition's values behind its columns, called __p0, … . */
FIRN_NODISCARD firn_code firn_partition_select(const firn_type *schema, const firn_spec *spec,
                                               firn_str select, firn_buf *out, firn_err *err);

/* Appends " ORDER BY …" for an order with fields, which the schema has. */
FIRN_NODISCARD firn_code firn_order_by(const firn_type *schema, const firn_sort_order *order,
                                       firn_buf *out, firn_err *err);

/* Appends the names of `count` partition columns: __p0, __p1. */
FIRN_NODISCARD firn_code firn_partition_names(size_t count, firn_buf *out, firn_err *err);

#endif
