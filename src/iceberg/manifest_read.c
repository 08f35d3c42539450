/* SPDX-License-Identifier: Apache-2.0 */
/* Reading manifests by field id, whatever their writer called the fields. */
#include "iceberg/manifest.h"
#include "iceberg/manifest_int.h"
#include "iceberg/manifest_schema.h"

#include "base/str.h"

#include <string.h>

/* Key and value of the int-keyed maps. */
static const firn_avro_want column_sizes_wants[] = {{117, NULL, 0}, {118, NULL, 0}};
static const firn_avro_want value_counts_wants[] = {{119, NULL, 0}, {120, NULL, 0}};
static const firn_avro_want null_counts_wants[] = {{121, NULL, 0}, {122, NULL, 0}};
static const firn_avro_want nan_counts_wants[] = {{138, NULL, 0}, {139, NULL, 0}};
static const firn_avro_want lower_wants[] = {{126, NULL, 0}, {127, NULL, 0}};
static const firn_avro_want upper_wants[] = {{129, NULL, 0}, {130, NULL, 0}};

enum { /* places of a data file's values: those of FIRN_DETAIL_FILES, of _STATS, of _ALL */
       F_CONTENT,
       F_PATH,
       F_FORMAT,
       F_PARTITION,
       F_RECORDS,
       F_SIZE,
       F_KEY_METADATA,
       F_REFERENCED,
       F_EQUALITY_IDS,
       F_SORT_ORDER,
       F_FIRST_ROW_ID,
       F_CONTENT_OFFSET,
       F_CONTENT_SIZE,
       F_FILES_END,
       F_VALUE_COUNTS = F_FILES_END,
       F_NULL_COUNTS,
       F_NAN_COUNTS,
       F_LOWER,
       F_UPPER,
       F_STATS_END,
       F_COLUMN_SIZES = F_STATS_END,
       F_SPLIT_OFFSETS,
       F_ALL_END
};

enum { E_STATUS, E_SNAPSHOT, E_SEQUENCE, E_FILE_SEQUENCE, E_FILE, E_END };

/* One manifest being read. */
typedef struct reading {
    const firn_metadata *m;
    const firn_manifest_file *mf;
    const firn_spec *spec;
    const firn_type *types; /* of the spec's fields */
    const bool *known;      /* whether that is so; other values are taken for null */
    size_t wanted;          /* of F_… */
    int64_t next_row_id;    /* of the next file without one; -1: none is given */
    firn_arena *entry;      /* reset for each entry */
} reading;

static firn_code make_wants(const reading *rd, firn_arena *a, firn_avro_want **ret, firn_err *err)
{
    firn_avro_want *partition = firn_arena_array(a, rd->spec->field_count, sizeof *partition);
    firn_avro_want *file = firn_arena_array(a, F_ALL_END, sizeof *file);
    firn_avro_want *entry = firn_arena_array(a, E_END, sizeof *entry);
    if (!partition || !file || !entry)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < rd->spec->field_count; i++)
        partition[i].id = rd->spec->fields[i].field_id;
    const firn_avro_want all[F_ALL_END] = {
        [F_CONTENT] = {ID_CONTENT, NULL, 0},
        [F_PATH] = {ID_FILE_PATH, NULL, 0},
        [F_FORMAT] = {ID_FILE_FORMAT, NULL, 0},
        [F_PARTITION] = {ID_PARTITION, partition, rd->spec->field_count},
        [F_RECORDS] = {ID_RECORD_COUNT, NULL, 0},
        [F_SIZE] = {ID_FILE_SIZE, NULL, 0},
        [F_KEY_METADATA] = {ID_KEY_METADATA, NULL, 0},
        [F_REFERENCED] = {ID_REFERENCED_DATA_FILE, NULL, 0},
        [F_VALUE_COUNTS] = {ID_VALUE_COUNTS, value_counts_wants, 2},
        [F_NULL_COUNTS] = {ID_NULL_VALUE_COUNTS, null_counts_wants, 2},
        [F_NAN_COUNTS] = {ID_NAN_VALUE_COUNTS, nan_counts_wants, 2},
        [F_LOWER] = {ID_LOWER_BOUNDS, lower_wants, 2},
        [F_UPPER] = {ID_UPPER_BOUNDS, upper_wants, 2},
        [F_COLUMN_SIZES] = {ID_COLUMN_SIZES, column_sizes_wants, 2},
        [F_SPLIT_OFFSETS] = {ID_SPLIT_OFFSETS, NULL, 0},
        [F_EQUALITY_IDS] = {ID_EQUALITY_IDS, NULL, 0},
        [F_SORT_ORDER] = {ID_SORT_ORDER_ID, NULL, 0},
        [F_FIRST_ROW_ID] = {ID_FIRST_ROW_ID, NULL, 0},
        [F_CONTENT_OFFSET] = {ID_CONTENT_OFFSET, NULL, 0},
        [F_CONTENT_SIZE] = {ID_CONTENT_SIZE, NULL, 0},
    };
    memcpy(file, all, sizeof all);
    entry[E_STATUS].id = ID_STATUS;
    entry[E_SNAPSHOT].id = ID_SNAPSHOT_ID;
    entry[E_SEQUENCE].id = ID_SEQUENCE_NUMBER;
    entry[E_FILE_SEQUENCE].id = ID_FILE_SEQUENCE_NUMBER;
    entry[E_FILE] = (firn_avro_want){ID_DATA_FILE, file, rd->wanted};
    *ret = entry;
    return FIRN_OK;
}

static bool is_integral(firn_type_kind k)
{
    return k == FIRN_T_INT || k == FIRN_T_LONG || k == FIRN_T_DATE || k == FIRN_T_TIME ||
           k == FIRN_T_TIMESTAMP || k == FIRN_T_TIMESTAMPTZ || k == FIRN_T_TIMESTAMP_NS ||
           k == FIRN_T_TIMESTAMPTZ_NS;
}

static bool bytes_value(firn_slice b, const firn_type *t, firn_value *ret)
{
    ret->u.bytes = b;
    if (t->kind == FIRN_T_DECIMAL)
        return firn_dec_from_be(b, &ret->u.dec);
    if (t->kind == FIRN_T_UUID)
        return b.n == 16;
    if (t->kind == FIRN_T_FIXED)
        return (int64_t)b.n == t->length;
    return t->kind == FIRN_T_STRING || t->kind == FIRN_T_BINARY;
}

/* An Avro value of a partition field as a value of the field's type. */
static firn_code partition_value(const firn_avro_value *v, const firn_type *t, firn_value *ret,
                                 firn_err *err)
{
    *ret = FIRN_VALUE_NULL;
    firn_value got = {0};
    bool ok = true;
    switch (v->kind) {
    case FIRN_AVRO_NULL:
        return FIRN_OK;
    case FIRN_AVRO_BOOLEAN:
        got.u.b = v->u.b;
        ok = t->kind == FIRN_T_BOOLEAN;
        break;
    case FIRN_AVRO_LONG:
        got.u.i = v->u.i;
        ok = is_integral(t->kind);
        break;
    case FIRN_AVRO_FLOAT:
        if (t->kind == FIRN_T_DOUBLE)
            got.u.d = (double)v->u.f;
        else
            got.u.f = v->u.f;
        ok = t->kind == FIRN_T_FLOAT || t->kind == FIRN_T_DOUBLE;
        break;
    case FIRN_AVRO_DOUBLE:
        got.u.d = v->u.d;
        ok = t->kind == FIRN_T_DOUBLE;
        break;
    case FIRN_AVRO_BYTES:
        ok = bytes_value(v->u.bytes, t, &got);
        break;
    case FIRN_AVRO_RECORD:
    case FIRN_AVRO_ARRAY:
    case FIRN_AVRO_MAP:
        ok = false;
        break;
    }
    if (!ok)
        return firn_raise(err, FIRN_E_DATA, "a partition value is no %s",
                          firn_type_kind_name(t->kind));
    *ret = got;
    return FIRN_OK;
}

static firn_code read_partition(const reading *rd, const firn_avro_value *v, firn_data_file *f,
                                firn_err *err)
{
    size_t n = rd->spec->field_count;
    f->partition = firn_arena_array(rd->entry, n, sizeof *f->partition);
    if (!f->partition)
        return firn_arena_raise(rd->entry, err);
    for (size_t i = 0; i < n; i++) {
        f->partition[i] = FIRN_VALUE_NULL;
        if (v->kind == FIRN_AVRO_RECORD && rd->known[i])
            FIRN_TRY(partition_value(&v->u.items.v[i], &rd->types[i], &f->partition[i], err));
    }
    return FIRN_OK;
}

/* A file's metrics while its maps are merged into them. */
typedef struct merging {
    firn_data_file *f;
    size_t cap;
    size_t at;      /* where the last id was found */
    int64_t max_id; /* so far */
} merging;

/* Finds or adds the metrics of a field.  The maps of one file list their ids in one order, mostly
 * the ascending one, and some leave ids out: the search goes on where the last one ended. */
static firn_column_metrics *metrics_of(merging *g, firn_arena *a, int32_t id)
{
    firn_data_file *f = g->f;
    for (size_t i = 0; i < f->metrics_count && id <= g->max_id; i++) {
        g->at = g->at + 1 < f->metrics_count ? g->at + 1 : 0;
        if (f->metrics[g->at].field_id == id)
            return &f->metrics[g->at];
    }
    if (!firn_vec_room(a, (void **)&f->metrics, &g->cap, f->metrics_count + 1, sizeof *f->metrics))
        return NULL;
    g->at = f->metrics_count++;
    g->max_id = FIRN_MAX(g->max_id, id);
    firn_column_metrics *c = &f->metrics[g->at];
    *c = (firn_column_metrics){.field_id = id,
                               .column_size = -1,
                               .value_count = -1,
                               .null_value_count = -1,
                               .nan_value_count = -1};
    return c;
}

static void set_metric(firn_column_metrics *c, int place, const firn_avro_value *v)
{
    switch (place) {
    case F_VALUE_COUNTS:
        c->value_count = as_i64(v, -1);
        break;
    case F_NULL_COUNTS:
        c->null_value_count = as_i64(v, -1);
        break;
    case F_NAN_COUNTS:
        c->nan_value_count = as_i64(v, -1);
        break;
    case F_COLUMN_SIZES:
        c->column_size = as_i64(v, -1);
        break;
    case F_LOWER:
        c->lower_bound = as_bytes(v);
        break;
    default:
        c->upper_bound = as_bytes(v);
        break;
    }
}

static firn_code read_metric_map(const reading *rd, const firn_avro_value *v, int place, merging *g,
                                 firn_err *err)
{
    if (v->kind != FIRN_AVRO_ARRAY)
        return FIRN_OK;
    for (size_t i = 0; i < v->u.items.n; i++) {
        const firn_avro_value *pair = v->u.items.v[i].u.items.v;
        if (v->u.items.v[i].kind != FIRN_AVRO_RECORD || pair[0].kind != FIRN_AVRO_LONG)
            return firn_raise(err, FIRN_E_DATA, "a map of column metrics has no keys");
        firn_column_metrics *c = metrics_of(g, rd->entry, (int32_t)pair[0].u.i);
        if (!c)
            return firn_arena_raise(rd->entry, err);
        set_metric(c, place, &pair[1]);
    }
    return FIRN_OK;
}

static int by_field_id(const void *a, const void *b)
{
    int32_t x = ((const firn_column_metrics *)a)->field_id;
    int32_t y = ((const firn_column_metrics *)b)->field_id;
    return (x > y) - (x < y);
}

static firn_code read_metrics(const reading *rd, const firn_avro_value *v, firn_data_file *f,
                              firn_err *err)
{
    merging g = {.f = f, .max_id = INT64_MIN};
    for (int place = F_VALUE_COUNTS; place <= F_UPPER; place++)
        FIRN_TRY(read_metric_map(rd, &v[place], place, &g, err));
    if (rd->wanted > F_COLUMN_SIZES)
        FIRN_TRY(read_metric_map(rd, &v[F_COLUMN_SIZES], F_COLUMN_SIZES, &g, err));
    if (f->metrics_count > 1)
        qsort(f->metrics, f->metrics_count, sizeof *f->metrics, by_field_id);
    return FIRN_OK;
}

static firn_code read_split_offsets(const reading *rd, const firn_avro_value *v, firn_data_file *f,
                                    firn_err *err)
{
    if (v->kind != FIRN_AVRO_ARRAY)
        return FIRN_OK;
    f->split_offsets = firn_arena_array(rd->entry, v->u.items.n, sizeof *f->split_offsets);
    if (!f->split_offsets)
        return firn_arena_raise(rd->entry, err);
    f->split_offset_count = v->u.items.n;
    for (size_t i = 0; i < v->u.items.n; i++)
        f->split_offsets[i] = as_i64(&v->u.items.v[i], 0);
    return FIRN_OK;
}

static firn_code read_equality_ids(const reading *rd, const firn_avro_value *v, firn_data_file *f,
                                   firn_err *err)
{
    if (v->kind != FIRN_AVRO_ARRAY)
        return FIRN_OK;
    f->equality_ids = firn_arena_array(rd->entry, v->u.items.n, sizeof *f->equality_ids);
    if (!f->equality_ids)
        return firn_arena_raise(rd->entry, err);
    f->equality_id_count = v->u.items.n;
    for (size_t i = 0; i < v->u.items.n; i++)
        f->equality_ids[i] = (int32_t)as_i64(&v->u.items.v[i], 0);
    return FIRN_OK;
}

static firn_code read_data_file(const reading *rd, const firn_avro_value *v, firn_data_file *f,
                                firn_err *err)
{
    if (v->kind != FIRN_AVRO_RECORD)
        return firn_raise(err, FIRN_E_DATA, "data_file is missing");
    const firn_avro_value *x = v->u.items.v;
    int64_t content = as_i64(&x[F_CONTENT], FIRN_CONTENT_DATA);
    if (content < FIRN_CONTENT_DATA || content > FIRN_CONTENT_EQUALITY_DELETES ||
        (content != FIRN_CONTENT_DATA) != rd->mf->deletes)
        return firn_raise(err, FIRN_E_DATA, "a file of content %lld in a manifest of %s",
                          (long long)content, rd->mf->deletes ? "delete files" : "data files");
    *f = (firn_data_file){.content = (firn_content)content,
                          .spec_id = rd->spec->spec_id,
                          .sort_order_id = (int32_t)as_i64(&x[F_SORT_ORDER], -1),
                          .first_row_id = as_i64(&x[F_FIRST_ROW_ID], -1),
                          .content_offset = as_i64(&x[F_CONTENT_OFFSET], -1),
                          .content_size_in_bytes = as_i64(&x[F_CONTENT_SIZE], -1)};
    FIRN_TRY(need_str(&x[F_PATH], "file_path", &f->file_path, err));
    FIRN_TRY(need_str(&x[F_FORMAT], "file_format", &f->file_format, err));
    FIRN_TRY(read_partition(rd, &x[F_PARTITION], f, err));
    FIRN_TRY(need_i64(&x[F_RECORDS], "record_count", &f->record_count, err));
    FIRN_TRY(need_i64(&x[F_SIZE], "file_size_in_bytes", &f->file_size_in_bytes, err));
    if (f->record_count < 0 || f->file_size_in_bytes < 0)
        return firn_raise(err, FIRN_E_DATA, "a count or size of file %s is negative",
                          firn_quote(f->file_path).s);
    f->key_metadata = as_bytes(&x[F_KEY_METADATA]);
    f->referenced_data_file = as_str(&x[F_REFERENCED]);
    FIRN_TRY(read_equality_ids(rd, &x[F_EQUALITY_IDS], f, err));
    if (rd->wanted <= F_FILES_END)
        return FIRN_OK;
    FIRN_TRY(read_metrics(rd, x, f, err));
    if (rd->wanted <= F_STATS_END)
        return FIRN_OK;
    return read_split_offsets(rd, &x[F_SPLIT_OFFSETS], f, err);
}

/* Fills in what an entry inherits from its manifest. */
static firn_code inherit(const reading *rd, const firn_avro_value *x, firn_manifest_entry *e,
                         firn_err *err)
{
    e->snapshot_id = as_i64(&x[E_SNAPSHOT], rd->mf->added_snapshot_id);
    e->sequence_number = as_i64(&x[E_SEQUENCE], -1);
    e->file_sequence_number = as_i64(&x[E_FILE_SEQUENCE], -1);
    bool added = e->status == FIRN_ENTRY_ADDED;
    bool v1 = rd->mf->sequence_number == 0;
    if (e->sequence_number < 0 && !added && !v1)
        return firn_raise(err, FIRN_E_DATA, "an entry that was not added has no sequence number");
    if (e->sequence_number < 0)
        e->sequence_number = rd->mf->sequence_number;
    if (e->file_sequence_number < 0)
        e->file_sequence_number = added ? rd->mf->sequence_number : e->sequence_number;
    return FIRN_OK;
}

/* A file without an id for its first row has the next one of its manifest; in a manifest that has
 * none itself no file has.  Source: ICEBERG.md §4.2. */
static firn_code inherit_row_id(reading *rd, firn_manifest_entry *e, firn_err *err)
{
    firn_data_file *f = &e->file;
    if (e->status == FIRN_ENTRY_DELETED)
        return FIRN_OK;
    if (rd->next_row_id < 0) {
        f->first_row_id = -1;
        return FIRN_OK;
    }
    if (f->first_row_id >= 0)
        return FIRN_OK;
    f->first_row_id = rd->next_row_id;
    if (__builtin_add_overflow(rd->next_row_id, f->record_count, &rd->next_row_id))
        return firn_raise(err, FIRN_E_DATA, "row ids beyond 64 bits");
    return FIRN_OK;
}

static firn_code read_entry(reading *rd, const firn_avro_value *record, firn_manifest_entry *e,
                            firn_err *err)
{
    const firn_avro_value *x = record->u.items.v;
    int64_t status = 0;
    FIRN_TRY(need_i64(&x[E_STATUS], "status", &status, err));
    if (status < FIRN_ENTRY_EXISTING || status > FIRN_ENTRY_DELETED)
        return firn_raise(err, FIRN_E_DATA, "status %lld of an entry", (long long)status);
    e->status = (firn_entry_status)status;
    FIRN_TRY(inherit(rd, x, e, err));
    FIRN_TRY(read_data_file(rd, &x[E_FILE], &e->file, err));
    return inherit_row_id(rd, e, err);
}

/* The spec is named by the list, or (version 1 without a list) by the manifest's own header. */
static firn_code find_spec(reading *rd, const firn_avro_reader *r, firn_err *err)
{
    int64_t id = rd->mf->partition_spec_id;
    firn_slice meta = firn_avro_meta(r, "partition-spec-id");
    firn_str text = {(const char *)meta.p, meta.n};
    if (id < 0 && !text.p)
        id = 0;
    if (id < 0 && !firn_str_i64(text, &id))
        return firn_raise(err, FIRN_E_DATA, "partition-spec-id is %s, which is no number",
                          firn_quote(text).s);
    return firn_metadata_need_spec(rd->m, id, &rd->spec, err);
}

static firn_code partition_types(reading *rd, firn_arena *a, firn_err *err)
{
    size_t n = rd->spec->field_count;
    firn_type *types = firn_arena_array(a, n, sizeof *types);
    bool *known = firn_arena_array(a, n, sizeof *known);
    if (!types || !known)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < n; i++)
        known[i] = firn_metadata_partition_type(rd->m, &rd->spec->fields[i], &types[i]);
    rd->types = types;
    rd->known = known;
    return FIRN_OK;
}

struct firn_manifest_reader {
    reading rd;
    firn_avro_reader *avro;
    firn_arena *arena; /* of the file */
    firn_manifest_entry entry;
};

static firn_code open_manifest(const firn_io *io, firn_manifest_reader *r, firn_err *err)
{
    firn_slice file;
    firn_avro_want *wants = NULL;
    reading *rd = &r->rd;
    firn_arena *a = r->arena;
    FIRN_TRY(io->read(io->ctx, rd->mf->manifest_path, MAX_MANIFEST_BYTES, a, &file, err));
    FIRN_TRY(firn_avro_open(file, MAX_BLOCK_BYTES, a, &r->avro, err));
    FIRN_TRY(find_spec(rd, r->avro, err));
    FIRN_TRY(partition_types(rd, a, err));
    FIRN_TRY(make_wants(rd, a, &wants, err));
    return firn_avro_project(r->avro, wants, E_END, err);
}

static firn_code wrap_manifest(const firn_manifest_file *mf, firn_err *err)
{
    return firn_wrap(err, "manifest %s", firn_quote(mf->manifest_path).s);
}

firn_code firn_manifest_open(const firn_io *io, const firn_metadata *m,
                             const firn_manifest_file *mf, firn_manifest_detail detail,
                             firn_manifest_reader **ret, firn_err *err)
{
    static const size_t wanted[] = {F_FILES_END, F_STATS_END, F_ALL_END};
    firn_arena *a = firn_arena_new("a manifest", 0);
    firn_manifest_reader *r = a ? firn_arena_zalloc(a, sizeof *r) : NULL;
    firn_arena *entry = r ? firn_arena_new("an entry of a manifest", 0) : NULL;
    if (!entry) {
        firn_arena_free(a);
        return firn_raise_nomem(err);
    }
    r->arena = a;
    r->rd = (reading){.m = m,
                      .mf = mf,
                      .wanted = wanted[detail],
                      .next_row_id = mf->deletes ? -1 : mf->first_row_id,
                      .entry = entry};
    if (open_manifest(io, r, err) != FIRN_OK) {
        firn_manifest_close(r);
        return wrap_manifest(mf, err);
    }
    *ret = r;
    return FIRN_OK;
}

static firn_code next_entry(firn_manifest_reader *r, bool *end, firn_err *err)
{
    firn_avro_value record;
    firn_arena_reset(r->rd.entry);
    FIRN_TRY(firn_avro_next(r->avro, r->rd.entry, &record, end, err));
    return *end ? FIRN_OK : read_entry(&r->rd, &record, &r->entry, err);
}

firn_code firn_manifest_next(firn_manifest_reader *r, const firn_manifest_entry **ret,
                             firn_err *err)
{
    bool end;
    if (next_entry(r, &end, err) != FIRN_OK)
        return wrap_manifest(r->rd.mf, err);
    *ret = end ? NULL : &r->entry;
    return FIRN_OK;
}

void firn_manifest_only_columns(firn_manifest_reader *r, const int32_t *ids, size_t count)
{
    firn_avro_only_keys(r->avro, ids, count);
}

void firn_manifest_close(firn_manifest_reader *r)
{
    if (!r)
        return;
    firn_avro_close(r->avro);
    firn_arena_free(r->rd.entry);
    firn_arena_free(r->arena);
}

static void close_manifest(firn_manifest_reader **r)
{
    firn_manifest_close(*r);
}

firn_code firn_manifest_read(const firn_io *io, const firn_metadata *m,
                             const firn_manifest_file *mf, firn_manifest_detail detail,
                             firn_entry_fn fn, void *arg, firn_err *err)
{
    FIRN_AUTO(close_manifest) firn_manifest_reader *r = NULL;
    bool stop = false;
    FIRN_TRY(firn_manifest_open(io, m, mf, detail, &r, err));
    while (!stop) {
        const firn_manifest_entry *e;
        FIRN_TRY(firn_manifest_next(r, &e, err));
        if (!e)
            break;
        if (fn(arg, e, &stop, err) != FIRN_OK)
            return wrap_manifest(mf, err);
    }
    return FIRN_OK;
}

/* --- copying ------------------------------------------------------------------------------- */

static bool copy_metrics(const firn_data_file *f, firn_arena *a, firn_data_file *ret)
{
    ret->metrics = firn_arena_array(a, f->metrics_count, sizeof *ret->metrics);
    if (!ret->metrics)
        return false;
    for (size_t i = 0; i < f->metrics_count; i++) {
        firn_column_metrics *c = &ret->metrics[i];
        *c = f->metrics[i];
        if (c->lower_bound.p)
            c->lower_bound = firn_arena_copy(a, c->lower_bound);
        if (c->upper_bound.p)
            c->upper_bound = firn_arena_copy(a, c->upper_bound);
        if ((f->metrics[i].lower_bound.p && !c->lower_bound.p) ||
            (f->metrics[i].upper_bound.p && !c->upper_bound.p))
            return false;
    }
    return true;
}

static bool copy_arrays(const firn_data_file *f, firn_arena *a, firn_data_file *ret)
{
    ret->split_offsets = firn_arena_array(a, f->split_offset_count, sizeof *ret->split_offsets);
    ret->equality_ids = firn_arena_array(a, f->equality_id_count, sizeof *ret->equality_ids);
    if (!ret->split_offsets || !ret->equality_ids)
        return false;
    if (f->split_offset_count)
        memcpy(ret->split_offsets, f->split_offsets,
               f->split_offset_count * sizeof *f->split_offsets);
    if (f->equality_id_count)
        memcpy(ret->equality_ids, f->equality_ids, f->equality_id_count * sizeof *f->equality_ids);
    return true;
}

firn_code firn_data_file_copy(const firn_data_file *f, const firn_type *types, size_t type_count,
                              firn_arena *a, firn_data_file *ret, firn_err *err)
{
    firn_data_file copy = *f;
    copy.file_path = firn_arena_str(a, f->file_path);
    copy.file_format = firn_arena_str(a, f->file_format);
    copy.partition = firn_arena_array(a, type_count, sizeof *copy.partition);
    bool ok = copy.file_path.p && copy.file_format.p && copy.partition &&
              copy_metrics(f, a, &copy) && copy_arrays(f, a, &copy);
    for (size_t i = 0; ok && i < type_count; i++)
        ok = firn_value_copy(&types[i], &f->partition[i], a, &copy.partition[i]);
    if (ok && f->key_metadata.p) {
        copy.key_metadata = firn_arena_copy(a, f->key_metadata);
        ok = copy.key_metadata.p != NULL;
    }
    if (ok && f->referenced_data_file.p) {
        copy.referenced_data_file = firn_arena_str(a, f->referenced_data_file);
        ok = copy.referenced_data_file.p != NULL;
    }
    if (!ok)
        return firn_arena_raise(a, err);
    *ret = copy;
    return FIRN_OK;
}
