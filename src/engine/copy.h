/* SPDX-License-Identifier: Apache-2.0 */
/* copy.h — rows of a SELECT become Parquet files in a scratch folder, with Iceberg's field ids. */
#ifndef FIRN_COPY_H
#define FIRN_COPY_H

#include "engine/engine.h"
#include "iceberg/metrics.h"

typedef struct firn_copy_job {
    firn_str select;         /* columns of `schema` in order, then __p0 … of the partition */
    const firn_type *schema; /* with field ids */
    size_t partition_count;  /* how many __p columns; they are not written */
    const char *folder;      /* absolute, empty */
    firn_str compression;    /* "snappy", "zstd", "uncompressed" */
    int compression_level;   /* of zstd; 0: its default */
    int64_t row_group_rows;  /* 0: the engine's default */
    int64_t file_bytes;      /* a new file when one is larger; 0: never; not with partitions */
    bool keep_signs;         /* of zeros, at the price of larger files */
} firn_copy_job;

typedef struct firn_copied_file {
    firn_str path; /* absolute, in the scratch folder */
    int64_t rows;
    int64_t bytes;
    firn_engine_column *columns;
    size_t column_count;
    firn_str *partition; /* values as text; .p == NULL: null */
} firn_copied_file;

/* Runs the copy and returns the files it made, in `a`, ordered by the texts of their partition
 * values (null first) and by path.  A file without rows, which an empty result leaves in the
 * folder, is not among them. */
FIRN_NODISCARD firn_code firn_copy_run(const firn_engine_ops *ops, firn_session *s,
                                       const firn_copy_job *job, firn_arena *a,
                                       firn_copied_file **ret, size_t *ret_count, firn_err *err);

/* Encodes the rows into nothing (/dev/null, or a pipe): what one file of all of them would be,
 * without a path. `folder`, partitions and file_bytes of the job do not matter. */
FIRN_NODISCARD firn_code firn_copy_measure(const firn_engine_ops *ops, firn_session *s,
                                           const firn_copy_job *job, firn_arena *a,
                                           firn_copied_file *ret, firn_err *err);

/* Whether two files of one copy hold rows of one partition, which has `count` values. */
bool firn_copied_same_partition(const firn_copied_file *x, const firn_copied_file *y, size_t count);

/* The rows of a partitioned copy parted by the hash of their partition into folders of scratch
 * files, so that each part can be copied with few partitions open at a time. */
typedef struct firn_bucket_job {
    firn_str select;        /* as of firn_copy_job */
    size_t partition_count; /* 1 or more */
    const char *folder;     /* absolute, empty */
    unsigned buckets;
    int64_t row_group_rows; /* of the scratch files */
    bool keep_signs;
} firn_bucket_job;

/* Fills the buckets.  One that gets no rows has no folder. */
FIRN_NODISCARD firn_code firn_buckets_fill(const firn_engine_ops *ops, firn_session *s,
                                           const firn_bucket_job *job, firn_err *err);

/* The name of a bucket's folder. */
#define FIRN_BUCKET_NAME_MAX 32
void firn_bucket_name(unsigned bucket, char ret[FIRN_BUCKET_NAME_MAX]);

/* Appends a SELECT of the rows of a bucket's files, with the columns as they were. */
FIRN_NODISCARD firn_code firn_bucket_select(const firn_str *paths, size_t count, firn_buf *out,
                                            firn_err *err);

#endif
