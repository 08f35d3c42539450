/* SPDX-License-Identifier: Apache-2.0 */
/* sorted.h — files whose rows are sorted, as the table's sort order asks. */
#ifndef FIRN_SORTED_H
#define FIRN_SORTED_H

#include "iceberg/sort_order.h"
#include "pipeline/project.h"
#include "pipeline/spread.h"

/* Copies as firn_spread_copy does, the rows of each file sorted; without fields in `order` it is
 * that.  Not partitioned: all rows are sorted, so that files hardly overlap, and cut at
 * job->file_bytes.  Partitioned: the files of each partition are sorted after they were written,
 * and made one. */
FIRN_NODISCARD firn_code firn_sorted_copy(firn_context *run, firn_session *s,
                                          const firn_copy_job *job, firn_spread spread,
                                          const firn_sort_order *order, firn_arena *a,
                                          firn_copied_file **ret, size_t *ret_count, firn_err *err);

/* Makes the functions callable that an order needs: buckets are computed. */
FIRN_NODISCARD firn_code firn_sort_functions(firn_context *run, const firn_type *schema,
                                             const firn_sort_order *order, firn_arena *a,
                                             firn_err *err);

/* The order in which rows of the table are to be written: its own, or for a new one (m == NULL) the
 * one that `conf` (may be NULL) asks for.  Without fields when there is none, or its columns are
 * gone.  FIRN_E_CONFIG with the place in the project when the wish cannot be met. */
FIRN_NODISCARD firn_code firn_sort_of_table(const firn_metadata *m, const firn_table_conf *conf,
                                            const firn_type *schema, firn_arena *a,
                                            firn_sort_order *ret, firn_err *err);

/* Says in an event that the table that is there is sorted in another way than the project asks. */
FIRN_NODISCARD firn_code firn_sort_note(firn_context *run, const firn_table_conf *asked,
                                        firn_str stream, const firn_metadata *table, firn_arena *a,
                                        firn_err *err);

#endif
