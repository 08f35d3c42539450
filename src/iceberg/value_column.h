/* SPDX-License-Identifier: Apache-2.0 */
/* value_column.h — single values out of columns of the engine. */
#ifndef FIRN_VALUE_COLUMN_H
#define FIRN_VALUE_COLUMN_H

#include "base/column.h"
#include "iceberg/value.h"

/* Reads a value of a primitive type that is not null; texts point into the column, and `uuid` is
 * memory for the bytes of one. */
firn_value firn_value_of_column(const firn_column *col, size_t row, uint8_t uuid[16]);

#endif
