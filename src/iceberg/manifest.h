/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.h — manifests (which files, with what in them) and manifest lists (which manifests).
 * Source: Iceberg table spec, "Manifests", "Snapshots"; ICEBERG.md §4. */
#ifndef FIRN_MANIFEST_H
#define FIRN_MANIFEST_H

#include "base/io.h"
#include "iceberg/metadata.h"

typedef enum firn_content {
    FIRN_CONTENT_DATA = 0,
    FIRN_CONTENT_POSITION_DELETES = 1,
    FIRN_CONTENT_EQUALITY_DELETES = 2,
} firn_content;

typedef enum firn_entry_status {
    FIRN_ENTRY_EXISTING = 0,
    FIRN_ENTRY_ADDED = 1,
    FIRN_ENTRY_DELETED = 2,
} firn_entry_status;

/* What is known of one column in one file; -1 and .p == NULL mean unknown. */
typedef struct firn_column_metrics {
    int32_t field_id;
    int64_t column_size; /* bytes */
    int64_t value_count; /* nulls and NaN included */
    int64_t null_value_count;
    int64_t nan_value_count;
    firn_slice lower_bound; /* single-value form of the type at write time */
    firn_slice upper_bound;
} firn_column_metrics;

typedef struct firn_data_file {
    firn_content content;
    firn_str file_path;
    firn_str file_format; /* "PARQUET" */
    int32_t spec_id;
    firn_value *partition; /* one a field of the spec, of the transforms' result types */
    int64_t record_count;
    int64_t file_size_in_bytes;
    firn_column_metrics *metrics; /* ascending field ids */
    size_t metrics_count;
    firn_slice key_metadata;
    int64_t *split_offsets;
    size_t split_offset_count;
    int32_t *equality_ids;
    size_t equality_id_count;
    int32_t sort_order_id;         /* -1: none */
    int64_t first_row_id;          /* -1: none; inherited from the manifest when read */
    firn_str referenced_data_file; /* of deletes for one file; .p == NULL: none */
    int64_t content_offset;        /* of a deletion vector in its file; -1: none */
    int64_t content_size_in_bytes; /* -1: none */
} firn_data_file;

typedef struct firn_manifest_entry {
    firn_entry_status status;
    int64_t snapshot_id;          /* that added, or deleted, the file */
    int64_t sequence_number;      /* of the data; -1 when written: inherited */
    int64_t file_sequence_number; /* of the file; -1 when written: inherited */
    firn_data_file file;
} firn_manifest_entry;

/* Partition summary of a manifest: what stands in one partition field. */
typedef struct firn_field_summary {
    bool contains_null;
    int contains_nan; /* -1: unknown */
    firn_slice lower_bound;
    firn_slice upper_bound;
} firn_field_summary;

/* One entry of a manifest list. */
typedef struct firn_manifest_file {
    firn_str manifest_path;
    int64_t manifest_length;
    int32_t partition_spec_id;
    bool deletes;                /* content: delete files */
    int64_t sequence_number;     /* -1 when written: the snapshot's */
    int64_t min_sequence_number; /* -1 when written: the snapshot's */
    int64_t added_snapshot_id;
    int32_t added_files_count; /* -1: unknown (version 1) */
    int32_t existing_files_count;
    int32_t deleted_files_count;
    int64_t added_rows_count;
    int64_t existing_rows_count;
    int64_t deleted_rows_count;
    firn_field_summary *partitions;
    size_t partition_count; /* 0: not said */
    firn_slice key_metadata;
    int64_t first_row_id; /* -1: none, or when written to a table of version 3: given now */
} firn_manifest_file;

/* --- reading ------------------------------------------------------------------------------- */

/* Reads a snapshot's manifests.  *ret_meta, if not NULL, gets the value of `meta_key` in the
 * Avro header (.p == NULL: absent). */
FIRN_NODISCARD firn_code firn_manifest_list_read(const firn_io *io, const firn_snapshot *s,
                                                 const char *meta_key, firn_arena *a,
                                                 firn_manifest_file **ret, size_t *ret_count,
                                                 firn_slice *ret_meta, firn_err *err);

/* How much of the data files is wanted. */
typedef enum firn_manifest_detail {
    FIRN_DETAIL_FILES, /* paths, partitions, counts, sizes */
    FIRN_DETAIL_STATS, /* and null counts and bounds */
    FIRN_DETAIL_ALL,   /* everything, to be written again */
} firn_manifest_detail;

/* Called for each entry, inherited values filled in.  The entry lives until the next call: copy
 * what stays (firn_data_file_copy).  Sets *stop to end early. */
typedef firn_code (*firn_entry_fn)(void *arg, const firn_manifest_entry *e, bool *stop,
                                   firn_err *err);

/* Reads one manifest, entry by entry, as the caller asks for them; `io`, `m` and `mf` must outlive
 * the reader.  Memory is bounded by the file and one entry. */
typedef struct firn_manifest_reader firn_manifest_reader;
FIRN_NODISCARD firn_code firn_manifest_open(const firn_io *io, const firn_metadata *m,
                                            const firn_manifest_file *mf,
                                            firn_manifest_detail detail, firn_manifest_reader **ret,
                                            firn_err *err);
/* The next entry, inherited values filled in, which lives until the next call; NULL: no more. */
FIRN_NODISCARD firn_code firn_manifest_next(firn_manifest_reader *r,
                                            const firn_manifest_entry **ret, firn_err *err);
/* Metrics of other columns than these may be left out; before the first entry.  `ids` must outlive
 * the reader. */
void firn_manifest_only_columns(firn_manifest_reader *r, const int32_t *ids, size_t count);
void firn_manifest_close(firn_manifest_reader *r); /* accepts NULL */

/* The same with a call for each entry. */
FIRN_NODISCARD firn_code firn_manifest_read(const firn_io *io, const firn_metadata *m,
                                            const firn_manifest_file *mf,
                                            firn_manifest_detail detail, firn_entry_fn fn,
                                            void *arg, firn_err *err);

/* Deep copy into `a`. */
FIRN_NODISCARD firn_code firn_data_file_copy(const firn_data_file *f, const firn_type *types,
                                             size_t type_count, firn_arena *a, firn_data_file *ret,
                                             firn_err *err);

/* --- writing ------------------------------------------------------------------------------- */

/* Writes a manifest of the table's version (2 or 3) for one spec and returns its entry for the
 * list, with counts and partition summary.  Entries with sequence_number -1 inherit.  The files are
 * all data or all deletes.  `path` must not exist. */
FIRN_NODISCARD firn_code firn_manifest_write(const firn_io *io, const firn_metadata *m,
                                             const firn_spec *spec, firn_str path,
                                             int64_t snapshot_id,
                                             const firn_manifest_entry *entries, size_t count,
                                             firn_arena *a, firn_manifest_file *ret, firn_err *err);

/* The same entry by entry, in memory of the compressed file and one entry.  What is made lives in
 * `a`, but must be freed; `deletes`: of delete files. */
typedef struct firn_manifest_writer firn_manifest_writer;
FIRN_NODISCARD firn_code firn_manifest_writer_new(const firn_io *io, const firn_metadata *m,
                                                  const firn_spec *spec, bool deletes,
                                                  firn_arena *a, firn_manifest_writer **ret,
                                                  firn_err *err);
FIRN_NODISCARD firn_code firn_manifest_writer_add(firn_manifest_writer *w,
                                                  const firn_manifest_entry *e, firn_err *err);
FIRN_NODISCARD firn_code firn_manifest_writer_finish(firn_manifest_writer *w, firn_str path,
                                                     int64_t snapshot_id, firn_manifest_file *ret,
                                                     firn_err *err);
void firn_manifest_writer_free(firn_manifest_writer *w); /* accepts NULL */

typedef struct firn_manifest_list_head {
    int64_t snapshot_id;
    int64_t parent_id; /* FIRN_NO_SNAPSHOT: none */
    int64_t sequence_number;
    int64_t first_row_id;          /* of the snapshot, in version 3 */
    const firn_metadata *metadata; /* says the version and how to compress; NULL: 2, deflate */
    const char *meta_key;          /* one more header entry; NULL: none */
    firn_slice meta_value;
} firn_manifest_list_head;

FIRN_NODISCARD firn_code firn_manifest_list_write(const firn_io *io, firn_str path,
                                                  const firn_manifest_list_head *head,
                                                  const firn_manifest_file *manifests, size_t count,
                                                  firn_err *err);

#endif
