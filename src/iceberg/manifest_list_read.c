/* SPDX-License-Identifier: Apache-2.0 */
/* Reading manifest lists by field id, whatever their writer called the fields. */
#include "iceberg/manifest.h"
#include "iceberg/manifest_int.h"
#include "iceberg/manifest_schema.h"

#include "base/str.h"

static void close_reader(firn_avro_reader **r)
{
    firn_avro_close(*r);
    *r = NULL;
}

static const firn_avro_want summary_wants[] = {
    {ID_CONTAINS_NULL, NULL, 0},
    {ID_CONTAINS_NAN, NULL, 0},
    {ID_SUMMARY_LOWER, NULL, 0},
    {ID_SUMMARY_UPPER, NULL, 0},
};

static const firn_avro_want list_wants[] = {
    {ID_MANIFEST_PATH, NULL, 0},     {ID_MANIFEST_LENGTH, NULL, 0},
    {ID_SPEC_ID, NULL, 0},           {ID_LIST_CONTENT, NULL, 0},
    {ID_LIST_SEQUENCE, NULL, 0},     {ID_LIST_MIN_SEQUENCE, NULL, 0},
    {ID_ADDED_SNAPSHOT_ID, NULL, 0}, {ID_ADDED_FILES, NULL, 0},
    {ID_EXISTING_FILES, NULL, 0},    {ID_DELETED_FILES, NULL, 0},
    {ID_ADDED_ROWS, NULL, 0},        {ID_EXISTING_ROWS, NULL, 0},
    {ID_DELETED_ROWS, NULL, 0},      {ID_PARTITIONS, summary_wants, FIRN_COUNT_OF(summary_wants)},
    {ID_LIST_KEY_METADATA, NULL, 0}, {ID_LIST_FIRST_ROW_ID, NULL, 0},
};

static firn_code read_summaries(const firn_avro_value *v, firn_arena *a, firn_manifest_file *mf,
                                firn_err *err)
{
    if (v->kind != FIRN_AVRO_ARRAY)
        return FIRN_OK;
    mf->partitions = firn_arena_array(a, v->u.items.n, sizeof *mf->partitions);
    if (!mf->partitions)
        return firn_arena_raise(a, err);
    mf->partition_count = v->u.items.n;
    for (size_t i = 0; i < v->u.items.n; i++) {
        if (v->u.items.v[i].kind != FIRN_AVRO_RECORD)
            return firn_raise(err, FIRN_E_DATA, "a partition summary is no record");
        const firn_avro_value *f = v->u.items.v[i].u.items.v;
        mf->partitions[i] = (firn_field_summary){
            .contains_null = f[0].kind != FIRN_AVRO_BOOLEAN || f[0].u.b,
            .contains_nan = f[1].kind == FIRN_AVRO_BOOLEAN ? (int)f[1].u.b : -1,
            .lower_bound = as_bytes(&f[2]),
            .upper_bound = as_bytes(&f[3]),
        };
    }
    return FIRN_OK;
}

/* A count that some writers give 64 bits; -1: unknown. */
static int32_t as_count(const firn_avro_value *v)
{
    return (int32_t)FIRN_MIN(FIRN_MAX(as_i64(v, -1), -1), INT32_MAX);
}

static firn_code check_manifest_file(const firn_manifest_file *mf, int64_t content, int64_t spec_id,
                                     firn_err *err)
{
    if (mf->manifest_length < 0 || mf->sequence_number < 0 || mf->min_sequence_number < 0)
        return firn_raise(err, FIRN_E_DATA, "a length or sequence number of %s is negative",
                          firn_quote(mf->manifest_path).s);
    if (spec_id < 0 || spec_id > INT32_MAX)
        return firn_raise(err, FIRN_E_DATA, "%s has the partition spec %lld",
                          firn_quote(mf->manifest_path).s, (long long)spec_id);
    if (content != 0 && content != 1)
        return firn_raise(err, FIRN_E_UNSUPPORTED, "%s holds files of the kind %lld",
                          firn_quote(mf->manifest_path).s, (long long)content);
    return FIRN_OK;
}

static firn_code read_manifest_file(const firn_avro_value *record, firn_arena *a,
                                    firn_manifest_file *mf, firn_err *err)
{
    const firn_avro_value *f = record->u.items.v;
    int64_t spec_id = 0;
    *mf = (firn_manifest_file){0};
    FIRN_TRY(need_str(&f[0], "manifest_path", &mf->manifest_path, err));
    FIRN_TRY(need_i64(&f[1], "manifest_length", &mf->manifest_length, err));
    FIRN_TRY(need_i64(&f[2], "partition_spec_id", &spec_id, err));
    mf->partition_spec_id = (int32_t)spec_id;
    int64_t content = as_i64(&f[3], 0);
    mf->deletes = content == 1;
    mf->sequence_number = as_i64(&f[4], 0); /* version 1 has none: 0 */
    mf->min_sequence_number = as_i64(&f[5], 0);
    mf->added_snapshot_id = as_i64(&f[6], FIRN_NO_SNAPSHOT);
    mf->added_files_count = as_count(&f[7]);
    mf->existing_files_count = as_count(&f[8]);
    mf->deleted_files_count = as_count(&f[9]);
    mf->added_rows_count = as_i64(&f[10], -1);
    mf->existing_rows_count = as_i64(&f[11], -1);
    mf->deleted_rows_count = as_i64(&f[12], -1);
    mf->key_metadata = as_bytes(&f[14]);
    mf->first_row_id = mf->deletes ? -1 : as_i64(&f[15], -1);
    FIRN_TRY(check_manifest_file(mf, content, spec_id, err));
    return read_summaries(&f[13], a, mf, err);
}

typedef FIRN_VEC(firn_manifest_file) manifest_files;

static firn_code read_list_records(firn_avro_reader *r, firn_arena *a, manifest_files *out,
                                   firn_err *err)
{
    FIRN_TRY(firn_avro_project(r, list_wants, FIRN_COUNT_OF(list_wants), err));
    for (;;) {
        firn_avro_value record;
        bool end;
        firn_manifest_file mf;
        FIRN_TRY(firn_avro_next(r, a, &record, &end, err));
        if (end)
            return FIRN_OK;
        FIRN_TRY(read_manifest_file(&record, a, &mf, err));
        if (!firn_vec_push(a, out, mf))
            return firn_arena_raise(a, err);
    }
}

/* Version 1 snapshots may list their manifests in the metadata itself. */
static firn_code manifests_of_v1(const firn_snapshot *s, firn_arena *a, firn_manifest_file **ret,
                                 size_t *ret_count, firn_err *err)
{
    size_t n = json_array_size(s->manifests);
    firn_manifest_file *list = firn_arena_array(a, n, sizeof *list);
    if (!list)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < n; i++) {
        const json_t *path = json_array_get(s->manifests, i);
        if (!json_is_string(path))
            return firn_raise(err, FIRN_E_DATA, "a manifest of snapshot %lld is no path",
                              (long long)s->snapshot_id);
        list[i] = (firn_manifest_file){.manifest_path = firn_json_text(path),
                                       .partition_spec_id = -1, /* the manifest says */
                                       .added_snapshot_id = s->snapshot_id,
                                       .added_files_count = -1,
                                       .existing_files_count = -1,
                                       .deleted_files_count = -1,
                                       .added_rows_count = -1,
                                       .existing_rows_count = -1,
                                       .deleted_rows_count = -1,
                                       .first_row_id = -1};
    }
    *ret = list;
    *ret_count = n;
    return FIRN_OK;
}

static firn_code read_list(const firn_io *io, firn_str path, const char *meta_key, firn_arena *a,
                           manifest_files *out, firn_slice *ret_meta, firn_err *err)
{
    firn_slice file;
    FIRN_AUTO(close_reader) firn_avro_reader *r = NULL;
    FIRN_TRY(io->read(io->ctx, path, MAX_MANIFEST_BYTES, a, &file, err));
    FIRN_TRY(firn_avro_open(file, MAX_BLOCK_BYTES, a, &r, err));
    if (ret_meta)
        *ret_meta = firn_avro_meta(r, meta_key);
    return read_list_records(r, a, out, err);
}

firn_code firn_manifest_list_read(const firn_io *io, const firn_snapshot *s, const char *meta_key,
                                  firn_arena *a, firn_manifest_file **ret, size_t *ret_count,
                                  firn_slice *ret_meta, firn_err *err)
{
    if (ret_meta)
        *ret_meta = (firn_slice){NULL, 0};
    if (!s->manifest_list.p)
        return manifests_of_v1(s, a, ret, ret_count, err);
    manifest_files list = {0};
    if (read_list(io, s->manifest_list, meta_key, a, &list, ret_meta, err) != FIRN_OK)
        return firn_wrap(err, "manifest list %s", firn_quote(s->manifest_list).s);
    *ret = list.v;
    *ret_count = list.n;
    return FIRN_OK;
}
