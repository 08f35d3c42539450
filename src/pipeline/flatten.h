/* SPDX-License-Identifier: Apache-2.0 */
/* flatten.h — nested records as flat tables: objects become columns a__b of the table around them,
 * arrays tables of their own with the id of the row they belong to and their place in the array.
 *
 *   orders          x_row_id, id, customer__name
 *   orders__lines   x_row_id (where it has tables of its own), x_parent_id, x_index, article, price
 *   orders__tags    x_parent_id, x_index, value */
#ifndef FIRN_FLATTEN_H
#define FIRN_FLATTEN_H

#include "format/layout.h"

/* The rows of the records as they are, for the statements below. */
#define FIRN_FLAT_ROWS "firn_flat"

#define FIRN_ROW_ID    FIRN_ROW_ID_NAME
#define FIRN_PARENT_ID "x_parent_id"
#define FIRN_INDEX     "x_index"

typedef struct firn_flat_table {
    firn_str suffix; /* behind the main table's name: "", "__lines", "__lines__taxes" */
    firn_type type;  /* its columns, in their order, without ids */
    firn_str select; /* the SELECT of these columns from FIRN_FLAT_ROWS */
} firn_flat_table;

/* The tables of a layout whose root has a column x_row_id; the main one first, parents before their
 * children.  FIRN_E_CONFIG when two paths would make one column or table.  Everything in `a`. */
FIRN_NODISCARD firn_code firn_flatten(const firn_layout *nested, firn_arena *a,
                                      firn_flat_table **ret, size_t *ret_count, firn_err *err);

#endif
