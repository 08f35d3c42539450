/* SPDX-License-Identifier: Apache-2.0 */
/* file.h — one data or delete file of a table: given to a transaction, or found by a scan. */
#ifndef FIRN_API_FILE_H
#define FIRN_API_FILE_H

#include <firn/literal.h>

FIRN_BEGIN_C

typedef enum firn_file_content {
    FIRN_FILE_DATA = 0,
    FIRN_FILE_POSITION_DELETES = 1, /* also deletion vectors: format "puffin" */
    FIRN_FILE_EQUALITY_DELETES = 2
} firn_file_content;

/* What is known of one primitive column in a file.  Never grows. */
typedef struct firn_column_stats {
    int32_t field_id;
    uint32_t reserved;   /* 0 */
    int64_t size_bytes;  /* in the file; -1: not known, as in the next three */
    int64_t value_count; /* nulls and NaNs included */
    int64_t null_count;
    int64_t nan_count;
    firn_literal lower; /* no value is less, none greater; NULL: not known */
    firn_literal upper;
} firn_column_stats;

/* A file.  To give one: zero it, set `size`, fill in what is known; texts and arrays need live only
 * as long as the call.  When one is returned, everything belongs to whatever returned it, and
 * `size` says how much of it the library knew. */
typedef struct firn_file {
    uint32_t size;
    firn_file_content content;
    const char *path;   /* its location, whole: "/…" or "scheme://…" */
    const char *format; /* NULL: "PARQUET", the only one that can be added */
    int64_t record_count;
    int64_t file_size_bytes;

    /* One value a field of the spec.  Given: of the table's default spec, 0 values for an
     * unpartitioned table; each in any form that literal.h allows for the type of the transform's
     * result: day TEXT or INTEGER days, year INTEGER years since 1970, month months, hour hours. */
    const firn_literal *partition;
    size_t partition_count;

    const firn_column_stats *columns; /* given only: scans do not keep them */
    size_t column_count;

    const int64_t *split_offsets; /* where row groups begin, ascending; given only */
    size_t split_offset_count;

    const int32_t *equality_ids; /* of equality deletes: the columns compared */
    size_t equality_id_count;

    int32_t spec_id;       /* returned only */
    int32_t sort_order_id; /* 0: none */

    const char *referenced_data_file; /* of deletes for one file; NULL: none */
    int64_t content_offset;           /* of a deletion vector within its file; -1: none */
    int64_t content_size_bytes;
    int64_t first_row_id; /* format version 3; -1: none */
} firn_file;

FIRN_END_C

#endif
