/* SPDX-License-Identifier: Apache-2.0 */
/* sort_order.h — the order in which a table wants its rows within each file.
 * Source: Iceberg table spec, "Sorting"; ICEBERG.md §3. */
#ifndef FIRN_SORT_ORDER_H
#define FIRN_SORT_ORDER_H

#include "iceberg/metadata.h"

/* The order of tables that have none; it is always there. */
#define FIRN_UNSORTED_ID 0

typedef struct firn_sort_field {
    int32_t source_id; /* 0: a transform of several columns, of a later version */
    firn_transform transform;
    bool descending;
    bool nulls_last;
} firn_sort_field;

typedef struct firn_sort_order {
    int32_t order_id;
    firn_sort_field *fields;
    size_t field_count;
} firn_sort_order;

/* A term as people write it: "amount desc nulls last", "day(ts)"; without the words ascending,
 * nulls first when ascending and last when descending. */
typedef struct firn_sort_term {
    firn_transform_kind kind;
    int64_t width;   /* of bucket and truncate */
    firn_str column; /* dotted path */
    bool descending;
    bool nulls_last;
} firn_sort_term;

/* The table's default order; one without fields if it has none. */
FIRN_NODISCARD firn_code firn_metadata_sort_order(const firn_metadata *m, firn_arena *a,
                                                  firn_sort_order *ret, firn_err *err);

/* Makes an order for a schema, order-id 1 (0 without terms).  FIRN_E_CONFIG names a column that is
 * not there, lies in a list or map, or whose type the transform does not take. */
FIRN_NODISCARD firn_code firn_sort_order_make(const firn_type *schema, const firn_sort_term *terms,
                                              size_t count, firn_arena *a, firn_sort_order *ret,
                                              firn_err *err);

/* Adds an order and makes it the default. */
FIRN_NODISCARD firn_code firn_update_sort_order(firn_updates *u, const firn_sort_order *s,
                                                firn_err *err);

/* Same columns, transforms, directions and places of nulls. */
bool firn_sort_order_same(const firn_sort_order *a, const firn_sort_order *b);

/* Whether rows can be sorted by it: every transform is known and every column is in the schema. */
bool firn_sort_order_is_usable(const firn_sort_order *s, const firn_type *schema);

/* Appends "day(ts) DESC NULLS LAST, id ASC NULLS FIRST"; "unsorted" for none. */
FIRN_NODISCARD firn_code firn_sort_order_print(const firn_sort_order *s, const firn_type *schema,
                                               firn_buf *out, firn_err *err);

#endif
