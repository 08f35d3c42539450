/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the metadata tables: their columns, and one worker that reads their rows. */
#ifndef FIRN_METADATA_TABLE_INT_H
#define FIRN_METADATA_TABLE_INT_H

#include "base/map.h"
#include "iceberg/metadata_table.h"

/* All specs of a table as one struct, "partition": each field of each spec whose column is still
 * there, by field id. */
typedef struct firn_mt_union {
    firn_spec spec; /* its fields, as in the newest spec that has them */
    firn_type *types;
    firn_type shown; /* the struct */
    int32_t *
        *places; /* by place of a spec in the metadata: the union's field → the spec's, or -1 */
    size_t *projected; /* by the same: how many of the union's fields it has */
} firn_mt_union;

/* A column that has metrics of its own. */
typedef struct firn_mt_leaf {
    int32_t id;
    firn_str name; /* dotted */
    const firn_type *type;
} firn_mt_leaf;

struct firn_metadata_table {
    const firn_io *io;
    const firn_metadata *m;
    const firn_snapshot *s; /* NULL: none */
    firn_metadata_table_kind kind;
    firn_type type;
    firn_mt_union parts;
    firn_mt_leaf *leaves; /* by name, as the columns are */
    size_t leaf_count;
    uint32_t *leaves_by_id; /* places in `leaves` */
};

typedef struct firn_mt_group firn_mt_group; /* what is known of one partition */

typedef struct firn_mt_worker {
    const firn_metadata_table *t;
    firn_arena *arena; /* as long as the worker */
    firn_arena *batch; /* texts of the rows of one call */
    size_t next;       /* of the rows that stand in the metadata or in memory */
    bool *ancestors;   /* history: by place of a snapshot, whether the current one stems from it */
    /* manifests, of one snapshot after the other */
    size_t next_snapshot;
    const firn_snapshot *snapshot;
    firn_arena *list;
    firn_manifest_file *manifests;
    size_t manifest_count;
    size_t next_manifest;
    firn_map seen; /* paths of manifests, where each is read once */
    firn_manifest_reader *reader;
    /* partitions */
    bool grouped;
    firn_map groups;
} firn_mt_worker;

/* Writes the next row, or says that there is none. */
typedef firn_code (*firn_mt_row_fn)(firn_mt_worker *w, firn_column *root, size_t row, bool *end,
                                    firn_err *err);

/* Whether the rows come from the manifests of all snapshots. */
bool firn_mt_is_all(firn_metadata_table_kind kind);

/* The next manifest of what the table is about; *ret == NULL: no more. */
FIRN_NODISCARD firn_code firn_mt_next_manifest(firn_mt_worker *w, const firn_manifest_file **ret,
                                               firn_err *err);

/* Rows of files, entries and partitions. */
FIRN_NODISCARD firn_code firn_mt_file_row(firn_mt_worker *w, firn_column *root, size_t row,
                                          bool *end, firn_err *err);
FIRN_NODISCARD firn_code firn_mt_partition_row(firn_mt_worker *w, firn_column *root, size_t row,
                                               bool *end, firn_err *err);

/* The type "partition" has, and the columns with metrics; part of opening. */
FIRN_NODISCARD firn_code firn_mt_union_make(const firn_metadata *m, firn_arena *a,
                                            firn_mt_union *ret, firn_err *err);
FIRN_NODISCARD firn_code firn_mt_leaves_make(const firn_type *schema, firn_arena *a,
                                             firn_metadata_table *t, firn_err *err);

/* --- values into columns ------------------------------------------------------------------- */

static inline void firn_put_i64(firn_column *col, size_t row, int64_t v)
{
    ((int64_t *)col->data)[row] = v;
}

static inline void firn_put_i32(firn_column *col, size_t row, int32_t v)
{
    ((int32_t *)col->data)[row] = v;
}

static inline void firn_put_bool(firn_column *col, size_t row, bool v)
{
    ((uint8_t *)col->data)[row] = v;
}

/* Negative: null. */
FIRN_NODISCARD firn_code firn_put_opt_i64(firn_column *col, size_t row, int64_t v, firn_err *err);
FIRN_NODISCARD firn_code firn_put_opt_i32(firn_column *col, size_t row, int64_t v, firn_err *err);
/* .p == NULL: null; else a copy of the text in `a`. */
FIRN_NODISCARD firn_code firn_put_text(firn_column *col, size_t row, firn_str s, firn_arena *a,
                                       firn_err *err);
FIRN_NODISCARD firn_code firn_put_bytes(firn_column *col, size_t row, firn_slice s, firn_arena *a,
                                        firn_err *err);
/* A value of a primitive type; the column's own type may be the one it is shown as. */
FIRN_NODISCARD firn_code firn_put_value(firn_column *col, size_t row, const firn_type *t,
                                        const firn_value *v, firn_arena *a, firn_err *err);
/* Makes the row's list `n` items long and returns the place of the first in its child. */
FIRN_NODISCARD firn_code firn_put_list(firn_column *col, size_t row, size_t n, size_t *ret_first,
                                       firn_err *err);

#endif
