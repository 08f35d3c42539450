/* SPDX-License-Identifier: Apache-2.0 */
/* scan.h — which files a reader must open: a snapshot, a predicate, a list. */
#ifndef FIRN_SCAN_H
#define FIRN_SCAN_H

#include "iceberg/expr.h"

/* A file of deletes: positions, a deletion vector (file_format "puffin") or keys. */
typedef struct firn_scan_delete {
    firn_data_file file; /* without metrics */
    int64_t sequence_number;
    int64_t snapshot_id; /* that added it */
    size_t place;        /* in the plan's list */
} firn_scan_delete;

typedef struct firn_scan_file {
    firn_data_file file; /* without metrics unless asked for */
    int64_t sequence_number;
    int64_t snapshot_id; /* that added it */
    /* What may delete rows of the file, by sequence number, partition, spec and path; with a
     * deletion vector there are no position deletes beside it.  Several files may share a list. */
    const firn_scan_delete *const *deletes;
    size_t delete_count;
    /* Another program wrote the file, and it is partitioned by the very values of a column: it may
     * lack that column, as files of Hive do, whatever its metrics say. */
    bool partition_column_unproven;
} firn_scan_file;

typedef struct firn_scan_plan {
    firn_scan_file *files;
    size_t count;
    const firn_scan_delete *const *deletes; /* those that apply to any of the files */
    size_t delete_count;
    int64_t rows; /* in these files, before deletes */
    int64_t bytes;
    int64_t files_total; /* live data files of the snapshot, as its summary or manifests say */
    size_t manifests_total;
    size_t manifests_read;
} firn_scan_plan;

/* Plans a scan of a snapshot (NULL: an empty table).  `filter` may be NULL.  Everything in `a`.
 * The filter leaves out data files, never deletes that apply to a file that stays.
 * FIRN_E_UNSUPPORTED when a file is not Parquet, or encrypted. */
FIRN_NODISCARD firn_code firn_scan_plan_make(const firn_io *io, const firn_metadata *m,
                                             const firn_snapshot *s, const firn_expr *filter,
                                             firn_arena *a, firn_scan_plan *ret, firn_err *err);

#endif
