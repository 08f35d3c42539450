/* SPDX-License-Identifier: Apache-2.0 */
/* summary.h — what a snapshot says of itself.  Source: ICEBERG.md §8. */
#ifndef FIRN_SUMMARY_H
#define FIRN_SUMMARY_H

#include "base/map.h"
#include "iceberg/manifest.h"

/* What a commit adds and removes; filled file by file. */
typedef struct firn_summary {
    int64_t added_data_files;
    int64_t deleted_data_files;
    int64_t added_records;
    int64_t deleted_records;
    int64_t added_files_size;
    int64_t removed_files_size;
    int64_t removed_position_files; /* files of deletes; deletion vectors count apart */
    int64_t removed_vectors;
    int64_t removed_equality_files;
    int64_t removed_position_deletes; /* rows of them */
    int64_t removed_equality_deletes;
    bool whole;          /* the table is replaced: what is added is all there is afterwards */
    firn_map partitions; /* keys of those touched; set .arena first */
} firn_summary;

FIRN_NODISCARD firn_code firn_summary_add(firn_summary *s, const firn_data_file *f, bool deleted,
                                          const firn_spec *spec, const firn_type *types,
                                          firn_err *err);

/* Sets operation, counts and totals (previous + added − removed; a total whose previous value is
 * not known is left out) in `out`.  `previous` is NULL for the first snapshot. */
FIRN_NODISCARD firn_code firn_summary_write(const firn_summary *s, const char *operation,
                                            const firn_snapshot *previous, json_t *out,
                                            firn_err *err);

#endif
