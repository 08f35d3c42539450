/* SPDX-License-Identifier: Apache-2.0 */
/* Writing manifests and manifest lists of format versions 2 and 3. */
#include "iceberg/manifest.h"
#include "iceberg/manifest_schema.h"

#include "base/str.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MAX_OUTPUT_BYTES ((size_t)1 << 30)

/* --- small makers of values ---------------------------------------------------------------- */

static firn_avro_value null_value(void)
{
    return (firn_avro_value){.kind = FIRN_AVRO_NULL};
}

static firn_avro_value long_value(int64_t v)
{
    return (firn_avro_value){.kind = FIRN_AVRO_LONG, .u.i = v};
}

/* A long that is null when it is negative: unknown, inherited. */
static firn_avro_value opt_long(int64_t v)
{
    return v < 0 ? null_value() : long_value(v);
}

static firn_avro_value bytes_value(firn_slice b)
{
    return (firn_avro_value){.kind = FIRN_AVRO_BYTES, .u.bytes = b};
}

static firn_avro_value opt_bytes(firn_slice b)
{
    return b.p ? bytes_value(b) : null_value();
}

static firn_avro_value str_value(firn_str s)
{
    return bytes_value((firn_slice){(const uint8_t *)s.p, s.n});
}

static firn_avro_value bool_value(bool b)
{
    return (firn_avro_value){.kind = FIRN_AVRO_BOOLEAN, .u.b = b};
}

static firn_avro_value items_value(firn_avro_kind kind, firn_avro_value *v, size_t n)
{
    return (firn_avro_value){.kind = kind, .u.items = {v, n}};
}

/* --- partition values ---------------------------------------------------------------------- */

static firn_code fixed_decimal(const firn_type *t, firn_i128 v, firn_arena *a, firn_avro_value *ret,
                               firn_err *err)
{
    size_t n = (size_t)firn_dec_min_bytes(t->precision);
    uint8_t *be = firn_arena_alloc(a, n);
    if (!be)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < n; i++)
        be[i] = (uint8_t)(v >> (8 * (n - 1 - i)) & 0xff);
    *ret = bytes_value((firn_slice){be, n});
    return FIRN_OK;
}

static firn_code partition_to_avro(const firn_type *t, const firn_value *v, firn_arena *a,
                                   firn_avro_value *ret, firn_err *err)
{
    if (v->is_null) {
        *ret = null_value();
        return FIRN_OK;
    }
    switch (t->kind) {
    case FIRN_T_BOOLEAN:
        *ret = bool_value(v->u.b);
        return FIRN_OK;
    case FIRN_T_FLOAT:
        *ret = (firn_avro_value){.kind = FIRN_AVRO_FLOAT, .u.f = v->u.f};
        return FIRN_OK;
    case FIRN_T_DOUBLE:
        *ret = (firn_avro_value){.kind = FIRN_AVRO_DOUBLE, .u.d = v->u.d};
        return FIRN_OK;
    case FIRN_T_DECIMAL:
        return fixed_decimal(t, v->u.dec, a, ret, err);
    case FIRN_T_STRING:
    case FIRN_T_BINARY:
    case FIRN_T_FIXED:
    case FIRN_T_UUID:
        *ret = bytes_value(v->u.bytes);
        return FIRN_OK;
    case FIRN_T_INT:
    case FIRN_T_LONG:
    case FIRN_T_DATE:
    case FIRN_T_TIME:
    case FIRN_T_TIMESTAMP:
    case FIRN_T_TIMESTAMPTZ:
    case FIRN_T_TIMESTAMP_NS:
    case FIRN_T_TIMESTAMPTZ_NS:
    case FIRN_T_UNKNOWN:
    case FIRN_T_FOREIGN:
    case FIRN_T_STRUCT:
    case FIRN_T_LIST:
    case FIRN_T_MAP:
    case FIRN_TYPE_KIND_COUNT:
        break;
    }
    *ret = long_value(v->u.i);
    return FIRN_OK;
}

/* --- entries ------------------------------------------------------------------------------- */

/* Makes one int-keyed map out of the metrics; null when no column has the value. */
static firn_code metric_map(const firn_data_file *f,
                            bool (*get)(const firn_column_metrics *c, firn_avro_value *ret),
                            firn_arena *a, firn_avro_value *ret, firn_err *err)
{
    firn_avro_value *records = firn_arena_array(a, f->metrics_count, sizeof *records);
    firn_avro_value *pairs = firn_arena_array(a, f->metrics_count * 2, sizeof *pairs);
    if (!records || !pairs)
        return firn_arena_raise(a, err);
    size_t n = 0;
    for (size_t i = 0; i < f->metrics_count; i++) {
        firn_avro_value *pair = &pairs[2 * n];
        if (!get(&f->metrics[i], &pair[1]))
            continue;
        pair[0] = long_value(f->metrics[i].field_id);
        records[n++] = items_value(FIRN_AVRO_RECORD, pair, 2);
    }
    *ret = n ? items_value(FIRN_AVRO_ARRAY, records, n) : null_value();
    return FIRN_OK;
}

static bool get_column_size(const firn_column_metrics *c, firn_avro_value *ret)
{
    *ret = opt_long(c->column_size);
    return c->column_size >= 0;
}

static bool get_value_count(const firn_column_metrics *c, firn_avro_value *ret)
{
    *ret = opt_long(c->value_count);
    return c->value_count >= 0;
}

static bool get_null_count(const firn_column_metrics *c, firn_avro_value *ret)
{
    *ret = opt_long(c->null_value_count);
    return c->null_value_count >= 0;
}

static bool get_nan_count(const firn_column_metrics *c, firn_avro_value *ret)
{
    *ret = opt_long(c->nan_value_count);
    return c->nan_value_count >= 0;
}

static bool get_lower(const firn_column_metrics *c, firn_avro_value *ret)
{
    *ret = bytes_value(c->lower_bound);
    return c->lower_bound.p != NULL;
}

static bool get_upper(const firn_column_metrics *c, firn_avro_value *ret)
{
    *ret = bytes_value(c->upper_bound);
    return c->upper_bound.p != NULL;
}

static firn_code long_array(const int64_t *v, size_t n, firn_arena *a, firn_avro_value *ret,
                            firn_err *err)
{
    firn_avro_value *items = firn_arena_array(a, n, sizeof *items);
    if (!items)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < n; i++)
        items[i] = long_value(v[i]);
    *ret = n ? items_value(FIRN_AVRO_ARRAY, items, n) : null_value();
    return FIRN_OK;
}

static firn_code id_array(const int32_t *v, size_t n, firn_arena *a, firn_avro_value *ret,
                          firn_err *err)
{
    int64_t *wide = firn_arena_array(a, n, sizeof *wide);
    if (!wide)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < n; i++)
        wide[i] = v[i];
    return long_array(wide, n, a, ret, err);
}

/* Those of version 3; version 2 has fewer. */
enum { DATA_FILE_FIELDS = 20, ENTRY_FIELDS = 5, LIST_FIELDS = 16 };

/* What a manifest being written is of. */
typedef struct manifest_kind {
    int32_t version;
    bool deletes;
    const firn_spec *spec;
    const firn_type *types; /* of the spec's fields */
} manifest_kind;

/* A data file in the order of the schema. */
static firn_code file_to_avro(const firn_data_file *f, const manifest_kind *k, firn_arena *a,
                              firn_avro_value *ret, firn_err *err)
{
    const firn_spec *spec = k->spec;
    size_t n = 16;
    firn_avro_value *x = firn_arena_array(a, DATA_FILE_FIELDS, sizeof *x);
    firn_avro_value *partition = firn_arena_array(a, spec->field_count, sizeof *partition);
    if (!x || !partition)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < spec->field_count; i++)
        FIRN_TRY(partition_to_avro(&k->types[i], &f->partition[i], a, &partition[i], err));
    x[0] = long_value(f->content);
    x[1] = str_value(f->file_path);
    x[2] = str_value(f->file_format);
    x[3] = items_value(FIRN_AVRO_RECORD, partition, spec->field_count);
    x[4] = long_value(f->record_count);
    x[5] = long_value(f->file_size_in_bytes);
    FIRN_TRY(metric_map(f, get_column_size, a, &x[6], err));
    FIRN_TRY(metric_map(f, get_value_count, a, &x[7], err));
    FIRN_TRY(metric_map(f, get_null_count, a, &x[8], err));
    FIRN_TRY(metric_map(f, get_nan_count, a, &x[9], err));
    FIRN_TRY(metric_map(f, get_lower, a, &x[10], err));
    FIRN_TRY(metric_map(f, get_upper, a, &x[11], err));
    x[12] = opt_bytes(f->key_metadata);
    FIRN_TRY(long_array(f->split_offsets, f->split_offset_count, a, &x[13], err));
    FIRN_TRY(id_array(f->equality_ids, f->equality_id_count, a, &x[14], err));
    x[15] = opt_long(f->sort_order_id);
    if (k->version >= 3) /* one that is not given is inherited */
        x[n++] = f->content == FIRN_CONTENT_DATA ? opt_long(f->first_row_id) : null_value();
    x[n++] = f->referenced_data_file.p ? str_value(f->referenced_data_file) : null_value();
    if (k->version >= 3) {
        bool vector = f->content_size_in_bytes > 0;
        x[n++] = vector ? opt_long(f->content_offset) : null_value();
        x[n++] = vector ? opt_long(f->content_size_in_bytes) : null_value();
    }
    *ret = items_value(FIRN_AVRO_RECORD, x, n);
    return FIRN_OK;
}

static firn_code write_entry(firn_avro_writer *w, const firn_manifest_entry *e,
                             const manifest_kind *k, firn_arena *a, firn_err *err)
{
    firn_avro_value x[ENTRY_FIELDS];
    x[0] = long_value(e->status);
    x[1] = opt_long(e->snapshot_id);
    x[2] = opt_long(e->sequence_number);
    x[3] = opt_long(e->file_sequence_number);
    FIRN_TRY(file_to_avro(&e->file, k, a, &x[4], err));
    firn_avro_value record = items_value(FIRN_AVRO_RECORD, x, ENTRY_FIELDS);
    return firn_avro_write(w, &record, err);
}

/* --- summaries of a manifest --------------------------------------------------------------- */

static void count_entry(firn_manifest_file *mf, const firn_manifest_entry *e)
{
    switch (e->status) {
    case FIRN_ENTRY_ADDED:
        mf->added_files_count++;
        mf->added_rows_count += e->file.record_count;
        break;
    case FIRN_ENTRY_EXISTING:
        mf->existing_files_count++;
        mf->existing_rows_count += e->file.record_count;
        break;
    case FIRN_ENTRY_DELETED:
        mf->deleted_files_count++;
        mf->deleted_rows_count += e->file.record_count;
        break;
    }
    /* entries that inherit get the snapshot's number, which is the highest there is */
    if (e->status != FIRN_ENTRY_DELETED && e->sequence_number >= 0 &&
        (mf->min_sequence_number < 0 || e->sequence_number < mf->min_sequence_number))
        mf->min_sequence_number = e->sequence_number;
}

static bool is_nan(const firn_type *t, const firn_value *v)
{
    return (t->kind == FIRN_T_FLOAT && isnan(v->u.f)) ||
           (t->kind == FIRN_T_DOUBLE && isnan(v->u.d));
}

/* What stands in one partition field so far. */
typedef struct field_range {
    bool has_null;
    bool has_nan;
    bool has_value;
    firn_value low;
    firn_value high;
} field_range;

static firn_code widen(field_range *r, const firn_type *t, const firn_value *v, firn_arena *a,
                       firn_err *err)
{
    if (v->is_null) {
        r->has_null = true;
        return FIRN_OK;
    }
    if (is_nan(t, v)) {
        r->has_nan = true;
        return FIRN_OK;
    }
    bool lower = !r->has_value || firn_value_cmp(t, v, &r->low) < 0;
    bool higher = !r->has_value || firn_value_cmp(t, v, &r->high) > 0;
    r->has_value = true;
    bool ok = (!lower || firn_value_copy(t, v, a, &r->low)) &&
              (!higher || firn_value_copy(t, v, a, &r->high));
    return ok ? FIRN_OK : firn_arena_raise(a, err);
}

static firn_code summary_of(const field_range *r, const firn_type *t, firn_arena *a,
                            firn_field_summary *ret, firn_err *err)
{
    bool floating = t->kind == FIRN_T_FLOAT || t->kind == FIRN_T_DOUBLE;
    *ret = (firn_field_summary){.contains_null = r->has_null,
                                .contains_nan = floating ? (int)r->has_nan : -1};
    if (!r->has_value)
        return FIRN_OK;
    FIRN_AUTO(firn_buf_free) firn_buf b = FIRN_BUF(MAX_OUTPUT_BYTES);
    FIRN_TRY(firn_value_to_bytes(t, &r->low, &b, err));
    size_t low_n = b.n;
    FIRN_TRY(firn_value_to_bytes(t, &r->high, &b, err));
    firn_slice both = firn_arena_copy(a, firn_buf_slice(&b));
    if (!both.p)
        return firn_arena_raise(a, err);
    ret->lower_bound = (firn_slice){both.p, low_n};
    ret->upper_bound = (firn_slice){both.p + low_n, both.n - low_n};
    return FIRN_OK;
}

/* --- files --------------------------------------------------------------------------------- */

/* The codec that the table asks for, in Iceberg's words. */
static firn_avro_codec codec_of(const firn_metadata *m)
{
    static const struct {
        const char *word;
        firn_avro_codec codec;
    } words[] = {{"uncompressed", FIRN_AVRO_CODEC_NULL},
                 {"none", FIRN_AVRO_CODEC_NULL},
                 {"zstd", FIRN_AVRO_CODEC_ZSTD},
                 {"snappy", FIRN_AVRO_CODEC_SNAPPY}};
    firn_str text = {NULL, 0};
    if (m)
        text = firn_metadata_property(m, "write.manifest.compression-codec");
    for (size_t i = 0; text.p && i < FIRN_COUNT_OF(words); i++)
        if (firn_str_ieq(text, firn_str_of(words[i].word)))
            return words[i].codec;
    return FIRN_AVRO_CODEC_DEFLATE;
}

static firn_code random_sync(const firn_io *io, uint8_t sync[16], firn_err *err)
{
    return io->random(io->ctx, sync, 16, err);
}

static firn_code manifest_header(const firn_metadata *m, const manifest_kind *k, firn_arena *a,
                                 firn_avro_meta_entry meta[6], firn_err *err)
{
    const firn_spec *spec = k->spec;
    FIRN_AUTO(firn_buf_free) firn_buf schema_text = FIRN_BUF(MAX_OUTPUT_BYTES);
    FIRN_AUTO(firn_buf_free) firn_buf spec_text = FIRN_BUF(MAX_OUTPUT_BYTES);
    FIRN_AUTO(firn_json_unref) json_t *schema = NULL;
    FIRN_AUTO(firn_json_unref) json_t *fields = NULL;
    FIRN_TRY(firn_schema_to_json(m->schema, &schema, err));
    FIRN_TRY(firn_json_print(schema, 0, &schema_text, err));
    FIRN_TRY(firn_spec_fields_to_json(spec, &fields, err));
    FIRN_TRY(firn_json_print(fields, 0, &spec_text, err));
    const char *texts[6] = {
        firn_arena_strndup(a, firn_buf_cstr(&schema_text), schema_text.n),
        firn_arena_printf(a, "%d", (int)m->schema->schema_id),
        firn_arena_strndup(a, firn_buf_cstr(&spec_text), spec_text.n),
        firn_arena_printf(a, "%d", (int)spec->spec_id),
        k->version < 3 ? "2" : "3",
        k->deletes ? "deletes" : "data",
    };
    static const char *const keys[6] = {
        "schema", "schema-id", "partition-spec", "partition-spec-id", "format-version", "content"};
    for (size_t i = 0; i < 6; i++) {
        if (!texts[i])
            return firn_arena_raise(a, err);
        meta[i] = (firn_avro_meta_entry){keys[i], {(const uint8_t *)texts[i], strlen(texts[i])}};
    }
    return FIRN_OK;
}

struct firn_manifest_writer {
    const firn_io *io;
    manifest_kind kind;
    firn_arena *arena;
    firn_arena *entry; /* reset for each */
    firn_buf out;
    firn_avro_writer *avro;
    field_range *ranges; /* one a field of the spec */
    firn_manifest_file file;
};

static firn_code begin_manifest(firn_manifest_writer *w, const firn_metadata *m, firn_err *err)
{
    const manifest_kind *k = &w->kind;
    FIRN_AUTO(firn_buf_free) firn_buf schema = FIRN_BUF((size_t)16 << 20);
    firn_avro_meta_entry meta[6];
    uint8_t sync[16];
    w->entry = firn_arena_new("an entry of a manifest", 0);
    if (!w->entry)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_manifest_avro_schema(k->version, k->spec, k->types, &schema, err));
    FIRN_TRY(manifest_header(m, k, w->arena, meta, err));
    FIRN_TRY(random_sync(w->io, sync, err));
    return firn_avro_writer_new(firn_buf_str(&schema), meta, FIRN_COUNT_OF(meta), codec_of(m), sync,
                                &w->out, w->arena, &w->avro, err);
}

firn_code firn_manifest_writer_new(const firn_io *io, const firn_metadata *m, const firn_spec *spec,
                                   bool deletes, firn_arena *a, firn_manifest_writer **ret,
                                   firn_err *err)
{
    firn_type *types;
    if (!firn_spec_is_known(spec))
        return firn_raise(
            err, FIRN_E_UNSUPPORTED,
            "the table is partitioned by a transform that this version does not know");
    FIRN_TRY(firn_metadata_partition_types(m, spec, a, &types, err));
    firn_manifest_writer *w = firn_arena_zalloc(a, sizeof *w);
    field_range *ranges = firn_arena_zalloc(a, (spec->field_count + 1) * sizeof *ranges);
    if (!w || !ranges)
        return firn_arena_raise(a, err);
    *w = (firn_manifest_writer){
        .io = io,
        .kind = {.version = m->format_version, .deletes = deletes, .spec = spec, .types = types},
        .arena = a,
        .out = FIRN_BUF(MAX_OUTPUT_BYTES),
        .ranges = ranges,
        .file = {.partition_spec_id = spec->spec_id,
                 .deletes = deletes,
                 .sequence_number = -1,
                 .min_sequence_number = -1,
                 .first_row_id = -1}};
    firn_code code = begin_manifest(w, m, err);
    if (code == FIRN_OK)
        *ret = w;
    else
        firn_manifest_writer_free(w);
    return code;
}

firn_code firn_manifest_writer_add(firn_manifest_writer *w, const firn_manifest_entry *e,
                                   firn_err *err)
{
    firn_arena_reset(w->entry);
    FIRN_TRY(write_entry(w->avro, e, &w->kind, w->entry, err));
    count_entry(&w->file, e);
    for (size_t i = 0; i < w->kind.spec->field_count; i++)
        FIRN_TRY(widen(&w->ranges[i], &w->kind.types[i], &e->file.partition[i], w->arena, err));
    return FIRN_OK;
}

firn_code firn_manifest_writer_finish(firn_manifest_writer *w, firn_str path, int64_t snapshot_id,
                                      firn_manifest_file *ret, firn_err *err)
{
    firn_manifest_file mf = w->file;
    size_t n = w->kind.spec->field_count;
    mf.partitions = firn_arena_array(w->arena, n, sizeof *mf.partitions);
    if (!mf.partitions)
        return firn_arena_raise(w->arena, err);
    for (size_t i = 0; i < n; i++)
        FIRN_TRY(summary_of(&w->ranges[i], &w->kind.types[i], w->arena, &mf.partitions[i], err));
    FIRN_TRY(firn_avro_finish(w->avro, err));
    FIRN_TRY(w->io->write_new(w->io->ctx, path, firn_buf_slice(&w->out), err));
    mf.manifest_path = path;
    mf.manifest_length = (int64_t)w->out.n;
    mf.added_snapshot_id = snapshot_id;
    mf.partition_count = n;
    *ret = mf;
    return FIRN_OK;
}

void firn_manifest_writer_free(firn_manifest_writer *w)
{
    if (!w)
        return;
    firn_arena_free(w->entry);
    firn_buf_free(&w->out);
}

static void free_writer(firn_manifest_writer **w)
{
    firn_manifest_writer_free(*w);
}

firn_code firn_manifest_write(const firn_io *io, const firn_metadata *m, const firn_spec *spec,
                              firn_str path, int64_t snapshot_id,
                              const firn_manifest_entry *entries, size_t count, firn_arena *a,
                              firn_manifest_file *ret, firn_err *err)
{
    FIRN_AUTO(free_writer) firn_manifest_writer *w = NULL;
    bool deletes = count && entries[0].file.content != FIRN_CONTENT_DATA;
    FIRN_TRY(firn_manifest_writer_new(io, m, spec, deletes, a, &w, err));
    for (size_t i = 0; i < count; i++)
        FIRN_TRY(firn_manifest_writer_add(w, &entries[i], err));
    return firn_manifest_writer_finish(w, path, snapshot_id, ret, err);
}

static firn_code summaries_to_avro(const firn_manifest_file *mf, firn_arena *a,
                                   firn_avro_value *ret, firn_err *err)
{
    size_t n = mf->partition_count;
    firn_avro_value *records = firn_arena_array(a, n, sizeof *records);
    firn_avro_value *fields = firn_arena_array(a, n * 4, sizeof *fields);
    if (!records || !fields)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < n; i++) {
        const firn_field_summary *s = &mf->partitions[i];
        firn_avro_value *x = &fields[4 * i];
        x[0] = bool_value(s->contains_null);
        x[1] = s->contains_nan < 0 ? null_value() : bool_value(s->contains_nan != 0);
        x[2] = opt_bytes(s->lower_bound);
        x[3] = opt_bytes(s->upper_bound);
        records[i] = items_value(FIRN_AVRO_RECORD, x, 4);
    }
    *ret = items_value(FIRN_AVRO_ARRAY, records, n);
    return FIRN_OK;
}

static firn_code write_manifest_file(firn_avro_writer *w, const firn_manifest_list_head *head,
                                     const firn_manifest_file *mf, firn_arena *a, firn_err *err)
{
    int32_t version = head->metadata ? head->metadata->format_version : 2;
    int64_t seq = mf->sequence_number < 0 ? head->sequence_number : mf->sequence_number;
    int64_t min = mf->min_sequence_number < 0 ? seq : mf->min_sequence_number;
    firn_avro_value x[LIST_FIELDS];
    x[0] = str_value(mf->manifest_path);
    x[1] = long_value(mf->manifest_length);
    x[2] = long_value(mf->partition_spec_id);
    x[3] = long_value(mf->deletes);
    x[4] = long_value(seq);
    x[5] = long_value(min);
    x[6] = long_value(mf->added_snapshot_id);
    x[7] = long_value(FIRN_MAX(mf->added_files_count, 0));
    x[8] = long_value(FIRN_MAX(mf->existing_files_count, 0));
    x[9] = long_value(FIRN_MAX(mf->deleted_files_count, 0));
    x[10] = long_value(FIRN_MAX(mf->added_rows_count, 0));
    x[11] = long_value(FIRN_MAX(mf->existing_rows_count, 0));
    x[12] = long_value(FIRN_MAX(mf->deleted_rows_count, 0));
    x[13] = null_value();
    if (mf->partition_count)
        FIRN_TRY(summaries_to_avro(mf, a, &x[13], err));
    x[14] = opt_bytes(mf->key_metadata);
    x[15] = mf->deletes ? null_value() : opt_long(mf->first_row_id);
    firn_avro_value record = items_value(FIRN_AVRO_RECORD, x, version < 3 ? 15 : LIST_FIELDS);
    return firn_avro_write(w, &record, err);
}

firn_code firn_manifest_list_write(const firn_io *io, firn_str path,
                                   const firn_manifest_list_head *head,
                                   const firn_manifest_file *manifests, size_t count, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(MAX_OUTPUT_BYTES);
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a manifest list", 0);
    char id[24];
    char parent[24];
    char sequence[24];
    char first_row[24];
    uint8_t sync[16];
    firn_avro_writer *w;
    int32_t version = head->metadata ? head->metadata->format_version : 2;
    if (!a)
        return firn_raise_nomem(err);
    snprintf(id, sizeof id, "%lld", (long long)head->snapshot_id);
    snprintf(parent, sizeof parent, "%lld", (long long)head->parent_id);
    snprintf(sequence, sizeof sequence, "%lld", (long long)head->sequence_number);
    const char *parent_text = head->parent_id == FIRN_NO_SNAPSHOT ? "null" : parent;
    snprintf(first_row, sizeof first_row, "%lld", (long long)head->first_row_id);
    size_t n = 4;
    firn_avro_meta_entry meta[6] = {
        {"snapshot-id", {(const uint8_t *)id, strlen(id)}},
        {"parent-snapshot-id", {(const uint8_t *)parent_text, strlen(parent_text)}},
        {"sequence-number", {(const uint8_t *)sequence, strlen(sequence)}},
        {"format-version", {(const uint8_t *)(version < 3 ? "2" : "3"), 1}},
    };
    if (version >= 3)
        meta[n++] =
            (firn_avro_meta_entry){"first-row-id", {(const uint8_t *)first_row, strlen(first_row)}};
    if (head->meta_key)
        meta[n++] = (firn_avro_meta_entry){head->meta_key, head->meta_value};
    FIRN_TRY(random_sync(io, sync, err));
    FIRN_TRY(firn_avro_writer_new(firn_str_of(firn_manifest_list_avro_schema(version)), meta, n,
                                  codec_of(head->metadata), sync, &out, a, &w, err));
    for (size_t i = 0; i < count; i++)
        FIRN_TRY(write_manifest_file(w, head, &manifests[i], a, err));
    FIRN_TRY(firn_avro_finish(w, err));
    return io->write_new(io->ctx, path, firn_buf_slice(&out), err);
}
