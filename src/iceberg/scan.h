/* SPDX-License-Identifier: Apache-2.0 */
/* scan.h — which files a reader must open: a snapshot, a predicate, a list. */
#ifndef FIRN_SCAN_H
#define FIRN_SCAN_H

#include "iceberg/expr.h"

typedef struct firn_scan_file {
    firn_data_file file; /* without metrics unless asked for */
    int64_t sequence_number;
    int64_t snapshot_id; /* that added it */
    /* Another program wrote the file, and it is partitioned by the very values of a column: it may
     * lack that column, as files of Hive do, whatever its metrics say. */
    bool partition_column_unproven;
} firn_scan_file;

typedef struct firn_scan_plan {
    firn_scan_file *files;
    size_t count;
    int64_t rows; /* in these files */
    int64_t bytes;
    int64_t files_total; /* live data files of the snapshot, as its summary or manifests say */
    size_t manifests_total;
    size_t manifests_read;
} firn_scan_plan;

/* Plans a scan of a snapshot (NULL: an empty table).  `filter` may be NULL.  Everything in `a`.
 * FIRN_E_UNSUPPORTED when rows are deleted by delete files, or a file is not Parquet. */
FIRN_NODISCARD firn_code firn_scan_plan_make(const firn_io *io, const firn_metadata *m,
                                             const firn_snapshot *s, const firn_expr *filter,
                                             firn_arena *a, firn_scan_plan *ret, firn_err *err);

#endif
