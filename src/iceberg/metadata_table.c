/* SPDX-License-Identifier: Apache-2.0 */
/* Which metadata tables there are, and their columns.
 * Source: Iceberg's Java library, core/…/SnapshotsTable and its siblings. */
#include "iceberg/metadata_table_int.h"

#include "base/str.h"

#include <stdio.h>

/* --- which --------------------------------------------------------------------------------- */

static const char *const words[FIRN_MT_KIND_COUNT] = {
    [FIRN_MT_SNAPSHOTS] = "snapshots",
    [FIRN_MT_HISTORY] = "history",
    [FIRN_MT_REFS] = "refs",
    [FIRN_MT_METADATA_LOG_ENTRIES] = "metadata_log_entries",
    [FIRN_MT_PROPERTIES] = "properties",
    [FIRN_MT_MANIFESTS] = "manifests",
    [FIRN_MT_PARTITIONS] = "partitions",
    [FIRN_MT_FILES] = "files",
    [FIRN_MT_DATA_FILES] = "data_files",
    [FIRN_MT_DELETE_FILES] = "delete_files",
    [FIRN_MT_ENTRIES] = "entries",
    [FIRN_MT_ALL_MANIFESTS] = "all_manifests",
    [FIRN_MT_ALL_FILES] = "all_files",
    [FIRN_MT_ALL_DATA_FILES] = "all_data_files",
    [FIRN_MT_ALL_DELETE_FILES] = "all_delete_files",
    [FIRN_MT_ALL_ENTRIES] = "all_entries",
};

bool firn_metadata_table_find(firn_str word, firn_metadata_table_kind *ret)
{
    for (int i = 0; i < FIRN_MT_KIND_COUNT; i++) {
        if (!firn_str_ieq(word, firn_str_of(words[i])))
            continue;
        *ret = (firn_metadata_table_kind)i;
        return true;
    }
    return false;
}

const char *firn_metadata_table_word(firn_metadata_table_kind kind)
{
    return words[kind];
}

firn_code firn_metadata_table_unknown(firn_str word, firn_err *err)
{
    firn_str names[FIRN_MT_KIND_COUNT];
    char all[256] = "";
    size_t n = 0;
    for (int i = 0; i < FIRN_MT_KIND_COUNT; i++) {
        names[i] = firn_str_of(words[i]);
        int len = snprintf(all + n, sizeof all - n, "%s%s", i ? ", " : "", words[i]);
        n += (size_t)len;
    }
    firn_raise(err, FIRN_E_SQL, "there is no metadata table %s", firn_quote(word).s);
    int near = firn_str_nearest(word, names, FIRN_COUNT_OF(names));
    if (near >= 0)
        return firn_err_advise(err, "did you mean $%s? There are %s", words[near], all);
    return firn_err_advise(err, "there are %s", all);
}

bool firn_metadata_table_takes_at(firn_metadata_table_kind kind)
{
    return kind >= FIRN_MT_MANIFESTS && kind <= FIRN_MT_ENTRIES;
}

bool firn_mt_is_all(firn_metadata_table_kind kind)
{
    return kind >= FIRN_MT_ALL_MANIFESTS;
}

/* --- columns ------------------------------------------------------------------------------- */

typedef enum shape {
    BOOLEAN,
    INT,
    LONG,
    STRING,
    BINARY,
    TIME,
    TEXTS,     /* map of texts */
    COUNTS,    /* map of field ids to numbers */
    BOUNDS,    /* map of field ids to bytes */
    LONGS,     /* list */
    INTS,      /* list */
    SUMMARIES, /* list of partition summaries */
    PARTITION,
    DATA_FILE,
    METRICS, /* one struct a column of the table */
} shape;

typedef struct column_def {
    const char *name;
    shape shape;
    bool optional;
    const char *doc;
} column_def;

static const column_def snapshots_columns[] = {
    {"committed_at", TIME, false, NULL},   {"snapshot_id", LONG, false, NULL},
    {"parent_id", LONG, true, NULL},       {"operation", STRING, true, NULL},
    {"manifest_list", STRING, true, NULL}, {"summary", TEXTS, true, NULL},
};

static const column_def history_columns[] = {
    {"made_current_at", TIME, false, NULL},
    {"snapshot_id", LONG, false, NULL},
    {"parent_id", LONG, true, NULL},
    {"is_current_ancestor", BOOLEAN, false, NULL},
};

static const column_def refs_columns[] = {
    {"name", STRING, false, NULL},
    {"type", STRING, false, NULL},
    {"snapshot_id", LONG, false, NULL},
    {"max_reference_age_in_ms", LONG, true, NULL},
    {"min_snapshots_to_keep", INT, true, NULL},
    {"max_snapshot_age_in_ms", LONG, true, NULL},
};

static const column_def log_columns[] = {
    {"timestamp", TIME, false, NULL},
    {"file", STRING, false, NULL},
    {"latest_snapshot_id", LONG, true, NULL},
    {"latest_schema_id", INT, true, NULL},
    {"latest_sequence_number", LONG, true, NULL},
};

static const column_def properties_columns[] = {
    {"key", STRING, false, NULL},
    {"value", STRING, false, NULL},
};

/* The last two only of all_manifests. */
static const column_def manifests_columns[] = {
    {"content", INT, false, NULL},
    {"path", STRING, false, NULL},
    {"length", LONG, false, NULL},
    {"partition_spec_id", INT, false, NULL},
    {"added_snapshot_id", LONG, false, NULL},
    {"added_data_files_count", INT, false, NULL},
    {"existing_data_files_count", INT, false, NULL},
    {"deleted_data_files_count", INT, false, NULL},
    {"added_delete_files_count", INT, false, NULL},
    {"existing_delete_files_count", INT, false, NULL},
    {"deleted_delete_files_count", INT, false, NULL},
    {"partition_summaries", SUMMARIES, false, NULL},
    {"reference_snapshot_id", LONG, false, NULL},
    {"key_metadata", BINARY, true, NULL},
};

static const column_def summary_columns[] = {
    {"contains_null", BOOLEAN, false, NULL},
    {"contains_nan", BOOLEAN, true, NULL},
    {"lower_bound", STRING, true, NULL},
    {"upper_bound", STRING, true, NULL},
};

static const column_def partitions_columns[] = {
    {"partition", PARTITION, false, NULL},
    {"spec_id", INT, false, NULL},
    {"record_count", LONG, false, "Count of records in data files"},
    {"file_count", INT, false, "Count of data files"},
    {"total_data_file_size_in_bytes", LONG, false, "Total size in bytes of data files"},
    {"position_delete_record_count", LONG, false, "Count of records in position delete files"},
    {"position_delete_file_count", INT, false, "Count of position delete files"},
    {"equality_delete_record_count", LONG, false, "Count of records in equality delete files"},
    {"equality_delete_file_count", INT, false, "Count of equality delete files"},
    {"last_updated_at", TIME, true, "Commit time of snapshot that last updated this partition"},
    {"last_updated_snapshot_id", LONG, true, "Id of snapshot that last updated this partition"},
};

static const column_def data_file_columns[] = {
    {"content", INT, true, "Contents of the file: 0=data, 1=position deletes, 2=equality deletes"},
    {"file_path", STRING, false, "Location URI with FS scheme"},
    {"file_format", STRING, false, "File format name: avro, orc, or parquet"},
    {"spec_id", INT, true, "Partition spec ID"},
    {"partition", PARTITION, false, "Partition data tuple, schema based on the partition spec"},
    {"record_count", LONG, false, "Number of records in the file"},
    {"file_size_in_bytes", LONG, false, "Total file size in bytes"},
    {"column_sizes", COUNTS, true, "Map of column id to total size on disk"},
    {"value_counts", COUNTS, true, "Map of column id to total count, including null and NaN"},
    {"null_value_counts", COUNTS, true, "Map of column id to null value count"},
    {"nan_value_counts", COUNTS, true, "Map of column id to number of NaN values in the column"},
    {"lower_bounds", BOUNDS, true, "Map of column id to lower bound"},
    {"upper_bounds", BOUNDS, true, "Map of column id to upper bound"},
    {"key_metadata", BINARY, true, "Encryption key metadata blob"},
    {"split_offsets", LONGS, true, "Splittable offsets"},
    {"equality_ids", INTS, true, "Equality comparison field IDs"},
    {"sort_order_id", INT, true, "Sort order ID"},
    {"first_row_id", LONG, true, "The first row ID assigned to the first row in the data file"},
    {"referenced_data_file", STRING, true,
     "Fully qualified location (URI with FS scheme) of a data file that all deletes reference"},
    {"content_offset", LONG, true, "The offset in the file where the content starts"},
    {"content_size_in_bytes", LONG, true, "The length of referenced content stored in the file"},
    /* not of the struct in entries */
    {"readable_metrics", METRICS, true, "Column metrics in readable form"},
};

static const column_def entries_columns[] = {
    {"status", INT, false, NULL},
    {"snapshot_id", LONG, true, NULL},
    {"sequence_number", LONG, true, NULL},
    {"file_sequence_number", LONG, true, NULL},
    {"data_file", DATA_FILE, false, NULL},
    {"readable_metrics", METRICS, true, "Column metrics in readable form"},
};

typedef struct columns_def {
    const column_def *v;
    size_t n;
} columns_def;

#define COLUMNS(c)                                                                                 \
    {                                                                                              \
        (c), FIRN_COUNT_OF(c)                                                                      \
    }

static columns_def columns_of(firn_metadata_table_kind kind)
{
    static const columns_def defs[FIRN_MT_KIND_COUNT] = {
        [FIRN_MT_SNAPSHOTS] = COLUMNS(snapshots_columns),
        [FIRN_MT_HISTORY] = COLUMNS(history_columns),
        [FIRN_MT_REFS] = COLUMNS(refs_columns),
        [FIRN_MT_METADATA_LOG_ENTRIES] = COLUMNS(log_columns),
        [FIRN_MT_PROPERTIES] = COLUMNS(properties_columns),
        [FIRN_MT_MANIFESTS] = {manifests_columns, FIRN_COUNT_OF(manifests_columns) - 2},
        [FIRN_MT_PARTITIONS] = COLUMNS(partitions_columns),
        [FIRN_MT_FILES] = COLUMNS(data_file_columns),
        [FIRN_MT_DATA_FILES] = COLUMNS(data_file_columns),
        [FIRN_MT_DELETE_FILES] = COLUMNS(data_file_columns),
        [FIRN_MT_ENTRIES] = COLUMNS(entries_columns),
        [FIRN_MT_ALL_MANIFESTS] = COLUMNS(manifests_columns),
        [FIRN_MT_ALL_FILES] = COLUMNS(data_file_columns),
        [FIRN_MT_ALL_DATA_FILES] = COLUMNS(data_file_columns),
        [FIRN_MT_ALL_DELETE_FILES] = COLUMNS(data_file_columns),
        [FIRN_MT_ALL_ENTRIES] = COLUMNS(entries_columns),
    };
    return defs[kind];
}

static firn_code make_struct(const firn_metadata_table *t, columns_def c, firn_arena *a,
                             firn_type *ret, firn_err *err);

/* A list (one kind) or a map (key and value). */
static firn_code make_items(firn_type_kind kind, const firn_type *items, firn_arena *a,
                            firn_type *ret, firn_err *err)
{
    static const char *const names[] = {"element", "key", "value"};
    size_t n = kind == FIRN_T_MAP ? 2 : 1;
    firn_field *fields = firn_arena_array(a, n, sizeof *fields);
    if (!fields)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < n; i++)
        fields[i] =
            (firn_field){.name = firn_str_of(names[i + n - 1]), .type = items[i], .required = true};
    *ret = (firn_type){.kind = kind, .fields = fields, .field_count = n};
    return FIRN_OK;
}

/* The engine has no fixed, no nanoseconds with a zone, and nothing for types that are known by name
 * only. */
static firn_type shown_type(const firn_type *t)
{
    if (t->kind == FIRN_T_FIXED || t->kind == FIRN_T_FOREIGN)
        return (firn_type){.kind = FIRN_T_BINARY};
    if (t->kind == FIRN_T_TIMESTAMPTZ_NS)
        return (firn_type){.kind = FIRN_T_TIMESTAMPTZ};
    if (t->kind == FIRN_T_UNKNOWN)
        return (firn_type){.kind = FIRN_T_STRING};
    return *t;
}

static firn_code make_metric(const firn_mt_leaf *leaf, firn_arena *a, firn_field *ret,
                             firn_err *err)
{
    static const char *const names[] = {"column_size",     "value_count", "null_value_count",
                                        "nan_value_count", "lower_bound", "upper_bound"};
    static const char *const docs[] = {"Total size on disk", "Total count, including null and NaN",
                                       "Null value count",   "NaN value count",
                                       "Lower bound",        "Upper bound"};
    firn_field *fields = firn_arena_array(a, FIRN_COUNT_OF(names), sizeof *fields);
    if (!fields)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < FIRN_COUNT_OF(names); i++)
        fields[i] =
            (firn_field){.name = firn_str_of(names[i]),
                         .doc = firn_str_of(docs[i]),
                         .type = i < 4 ? (firn_type){.kind = FIRN_T_LONG} : shown_type(leaf->type)};
    *ret = (firn_field){
        .name = leaf->name,
        .type = {.kind = FIRN_T_STRUCT, .fields = fields, .field_count = FIRN_COUNT_OF(names)}};
    return FIRN_OK;
}

static firn_code make_metrics(const firn_metadata_table *t, firn_arena *a, firn_type *ret,
                              firn_err *err)
{
    firn_field *fields = firn_arena_array(a, t->leaf_count, sizeof *fields);
    if (!fields)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < t->leaf_count; i++)
        FIRN_TRY(make_metric(&t->leaves[i], a, &fields[i], err));
    *ret = (firn_type){.kind = FIRN_T_STRUCT, .fields = fields, .field_count = t->leaf_count};
    return FIRN_OK;
}

static firn_code make_type(const firn_metadata_table *t, shape s, firn_arena *a, firn_type *ret,
                           firn_err *err)
{
    static const firn_type_kind simple[] = {
        [BOOLEAN] = FIRN_T_BOOLEAN, [INT] = FIRN_T_INT,       [LONG] = FIRN_T_LONG,
        [STRING] = FIRN_T_STRING,   [BINARY] = FIRN_T_BINARY, [TIME] = FIRN_T_TIMESTAMPTZ,
    };
    const firn_type integer = {.kind = FIRN_T_INT};
    const firn_type number = {.kind = FIRN_T_LONG};
    const firn_type text = {.kind = FIRN_T_STRING};
    const firn_type bytes = {.kind = FIRN_T_BINARY};
    firn_type summary;
    switch (s) {
    case TEXTS:
        return make_items(FIRN_T_MAP, (firn_type[]){text, text}, a, ret, err);
    case COUNTS:
        return make_items(FIRN_T_MAP, (firn_type[]){integer, number}, a, ret, err);
    case BOUNDS:
        return make_items(FIRN_T_MAP, (firn_type[]){integer, bytes}, a, ret, err);
    case LONGS:
        return make_items(FIRN_T_LIST, &number, a, ret, err);
    case INTS:
        return make_items(FIRN_T_LIST, &integer, a, ret, err);
    case SUMMARIES:
        FIRN_TRY(make_struct(t, (columns_def)COLUMNS(summary_columns), a, &summary, err));
        return make_items(FIRN_T_LIST, &summary, a, ret, err);
    case PARTITION:
        *ret = t->parts.shown;
        return FIRN_OK;
    case DATA_FILE:
        return make_struct(
            t, (columns_def){data_file_columns, FIRN_COUNT_OF(data_file_columns) - 1}, a, ret, err);
    case METRICS:
        return make_metrics(t, a, ret, err);
    case BOOLEAN:
    case INT:
    case LONG:
    case STRING:
    case BINARY:
    case TIME:
        break;
    }
    *ret = (firn_type){.kind = simple[s]};
    return FIRN_OK;
}

/* Empty structs are left out, as SQL has none: the partition of tables that never had any, with
 * the spec of the partition; metrics of a table without columns. */
static bool is_left_out(const firn_metadata_table *t, const column_def *c)
{
    if (c->shape == METRICS)
        return t->leaf_count == 0;
    if (t->parts.spec.field_count)
        return false;
    return c->shape == PARTITION || c == &partitions_columns[1];
}

static firn_code make_struct(const firn_metadata_table *t, columns_def c, firn_arena *a,
                             firn_type *ret, firn_err *err)
{
    firn_field *fields = firn_arena_array(a, c.n, sizeof *fields);
    size_t n = 0;
    if (!fields)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < c.n; i++) {
        if (is_left_out(t, &c.v[i]))
            continue;
        firn_field *f = &fields[n++];
        *f = (firn_field){.name = firn_str_of(c.v[i].name), .required = !c.v[i].optional};
        if (c.v[i].doc)
            f->doc = firn_str_of(c.v[i].doc);
        FIRN_TRY(make_type(t, c.v[i].shape, a, &f->type, err));
    }
    *ret = (firn_type){.kind = FIRN_T_STRUCT, .fields = fields, .field_count = n};
    return FIRN_OK;
}

firn_code firn_metadata_table_open(const firn_io *io, const firn_metadata *m,
                                   const firn_snapshot *s, firn_metadata_table_kind kind,
                                   firn_arena *a, const firn_metadata_table **ret, firn_err *err)
{
    firn_metadata_table *t = firn_arena_zalloc(a, sizeof *t);
    if (!t)
        return firn_arena_raise(a, err);
    *t = (firn_metadata_table){.io = io, .m = m, .s = s, .kind = kind};
    FIRN_TRY(firn_mt_union_make(m, a, &t->parts, err));
    for (size_t i = 0; i < t->parts.spec.field_count; i++)
        t->parts.shown.fields[i].type = shown_type(&t->parts.types[i]);
    FIRN_TRY(firn_mt_leaves_make(&m->schema->type, a, t, err));
    FIRN_TRY(make_struct(t, columns_of(kind), a, &t->type, err));
    *ret = t;
    return FIRN_OK;
}

const firn_type *firn_metadata_table_type(const firn_metadata_table *t)
{
    return &t->type;
}
