/* SPDX-License-Identifier: Apache-2.0 */
/* partition_sql.h — the values of a table's partition as columns of a SELECT. */
#ifndef FIRN_PARTITION_SQL_H
#define FIRN_PARTITION_SQL_H

#include "engine/engine.h"
#include "iceberg/partition.h"

/* Makes the functions callable that the expressions of a spec need. */
FIRN_NODISCARD firn_code firn_partition_functions(const firn_engine_ops *ops, firn_engine *e,
                                                  const firn_type *schema, const firn_spec *spec,
                                                  firn_err *err);

/* Appends `, <expression> AS __p0, …`. */
FIRN_NODISCARD firn_code firn_partition_columns(const firn_type *schema, const firn_spec *spec,
                                                firn_buf *out, firn_err *err);

/* Appends the expression of a partition value: the transform of a column, in a form whose text
 * firn_value_from_engine reads for the transform's result type. */
FIRN_NODISCARD firn_code firn_partition_expr(const firn_type *schema, const firn_partition_field *f,
                                             firn_buf *out, firn_err *err);

#endif
