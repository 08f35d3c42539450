/* SPDX-License-Identifier: Apache-2.0 */
/* term.h — terms of partitions and sort orders as people write them. */
#ifndef FIRN_TERM_H
#define FIRN_TERM_H

#include "iceberg/sort_order.h"

/* Reads "country", "day(ts)", "bucket(16, id)", "truncate(4, name)", and what Spark and Trino
 * write: "days(ts)", "truncate(name, 4)", "bucket[16](id)".  Columns may be quoted with " or `.
 * FIRN_E_CONFIG says what is wrong, with the nearest transform.  The column lives in `a`. */
FIRN_NODISCARD firn_code firn_partition_term_parse(firn_str text, firn_arena *a,
                                                   firn_partition_term *ret, firn_err *err);

/* Reads such a term followed by [ASC|DESC] [NULLS FIRST|LAST]. */
FIRN_NODISCARD firn_code firn_sort_term_parse(firn_str text, firn_arena *a, firn_sort_term *ret,
                                              firn_err *err);

/* Makes the word "bucket[16]" into "bucket" and returns "16"; "" if no width stands in it. */
firn_str firn_term_cut_width(firn_str *word);

/* A name without its quotes: "a b"."c" becomes a b.c; names without quotes stay. */
FIRN_NODISCARD firn_code firn_name_unquote(firn_str text, firn_arena *a, firn_str *ret,
                                           firn_err *err);

/* Cuts the next item of a list off at a comma that is in no bracket and no quotes; an empty text
 * with p == NULL behind the last one. */
firn_str firn_list_cut(firn_str *rest);

#endif
