/* SPDX-License-Identifier: Apache-2.0 */
/* Files given by callers: checked against the table, and made the core's. */
#include "lib/transaction.h"

#include <math.h>
#include <stdlib.h>

/* One file on its way in. */
typedef struct taking {
    const firn_metadata *m;
    const firn_file *given;
    firn_arena *arena;
    firn_data_file *out;
} taking;

static firn_code not_right(const taking *t, const char *what, firn_err *err)
{
    return firn_raise(err, FIRN_E_INVAL, "file %s: %s", firn_quotec(t->given->path).s, what);
}

/* --- partition ----------------------------------------------------------------------------- */

static firn_code take_partition(const taking *t, firn_err *err)
{
    firn_type *types;
    const firn_spec *spec = t->m->spec;
    if (!firn_spec_is_known(spec))
        return firn_raise(
            err, FIRN_E_UNSUPPORTED,
            "the table is partitioned by a transform that this version does not know");
    if (t->given->partition_count != spec->field_count)
        return firn_raise(err, FIRN_E_INVAL, "file %s: %zu partition values for %zu fields",
                          firn_quotec(t->given->path).s, t->given->partition_count,
                          spec->field_count);
    FIRN_TRY(firn_metadata_partition_types(t->m, spec, t->arena, &types, err));
    t->out->partition = firn_arena_array(t->arena, spec->field_count, sizeof(firn_value));
    if (!t->out->partition)
        return firn_arena_raise(t->arena, err);
    for (size_t i = 0; i < spec->field_count; i++) {
        const firn_partition_field *f = &spec->fields[i];
        firn_value *v = &t->out->partition[i];
        FIRN_TRY(firn_lib_value(&types[i], &t->given->partition[i], t->arena, f->name.p, v, err));
        bool bucket = f->transform.kind == FIRN_TRANSFORM_BUCKET && !v->is_null;
        if (bucket && (v->u.i < 0 || v->u.i >= f->transform.width))
            return not_right(t, "a bucket that there is not", err);
        if (f->transform.kind == FIRN_TRANSFORM_VOID && !v->is_null)
            return not_right(t, "the value of a void partition field is always null", err);
    }
    t->out->spec_id = spec->spec_id;
    return FIRN_OK;
}

/* --- columns ------------------------------------------------------------------------------- */

static bool is_nan(const firn_type *t, const firn_value *v)
{
    return (t->kind == FIRN_T_FLOAT && isnan(v->u.f)) ||
           (t->kind == FIRN_T_DOUBLE && isnan(v->u.d));
}

static firn_code take_bound(const taking *t, const firn_field *f, const firn_literal *given,
                            firn_value *v, firn_slice *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf bytes = FIRN_BUF((size_t)1 << 30);
    *ret = (firn_slice){NULL, 0};
    FIRN_TRY(firn_lib_value(&f->type, given, t->arena, f->name.p, v, err));
    if (v->is_null)
        return FIRN_OK;
    if (is_nan(&f->type, v))
        return not_right(t, "NaN is no bound", err);
    FIRN_TRY(firn_value_to_bytes(&f->type, v, &bytes, err));
    *ret = firn_arena_copy(t->arena, firn_buf_slice(&bytes));
    return ret->p ? FIRN_OK : firn_arena_raise(t->arena, err);
}

static bool is_count(int64_t n)
{
    return n >= -1;
}

static firn_code check_counts(const taking *t, const firn_field *f, const firn_column_stats *c,
                              bool repeated, firn_err *err)
{
    if (!is_count(c->size_bytes) || !is_count(c->value_count) || !is_count(c->null_count) ||
        !is_count(c->nan_count))
        return not_right(t, "a count below -1", err);
    if (c->value_count >= 0 && (c->null_count > c->value_count || c->nan_count > c->value_count))
        return not_right(t, "more nulls or NaNs than values", err);
    if (!repeated && c->value_count >= 0 && c->value_count != t->given->record_count)
        return not_right(t, "a column with more or fewer values than there are records", err);
    bool top = false;
    for (size_t i = 0; i < t->m->schema->type.field_count; i++)
        top |= &t->m->schema->type.fields[i] == f;
    if (top && f->required && c->null_count > 0)
        return not_right(t, "nulls in a required column", err);
    return FIRN_OK;
}

static firn_code take_column(const taking *t, const firn_column_stats *c, firn_column_metrics *ret,
                             firn_err *err)
{
    firn_value lower = FIRN_VALUE_NULL;
    firn_value upper = FIRN_VALUE_NULL;
    const firn_type *schema = &t->m->schema->type;
    const firn_field *f = firn_schema_field(schema, c->field_id);
    if (!f || firn_type_is_nested(f->type.kind))
        return firn_raise(err, FIRN_E_INVAL, "file %s: %d is the id of no primitive column",
                          firn_quotec(t->given->path).s, (int)c->field_id);
    bool repeated = firn_schema_is_repeated(schema, f->id);
    FIRN_TRY(check_counts(t, f, c, repeated, err));
    *ret = (firn_column_metrics){.field_id = f->id,
                                 .column_size = c->size_bytes,
                                 .value_count = c->value_count,
                                 .null_value_count = c->null_count,
                                 .nan_value_count = c->nan_count};
    bool bounds = c->lower.kind != FIRN_LITERAL_NULL || c->upper.kind != FIRN_LITERAL_NULL;
    if (repeated && bounds)
        return not_right(t, "bounds of a column in a list or map", err);
    FIRN_TRY(take_bound(t, f, &c->lower, &lower, &ret->lower_bound, err));
    FIRN_TRY(take_bound(t, f, &c->upper, &upper, &ret->upper_bound, err));
    if (!lower.is_null && !upper.is_null && firn_value_cmp(&f->type, &lower, &upper) > 0)
        return not_right(t, "a lower bound above the upper one", err);
    return FIRN_OK;
}

static int by_id(const void *a, const void *b)
{
    int32_t x = ((const firn_column_metrics *)a)->field_id;
    int32_t y = ((const firn_column_metrics *)b)->field_id;
    return (x > y) - (x < y);
}

static firn_code take_columns(const taking *t, firn_err *err)
{
    size_t n = t->given->column_count;
    firn_column_metrics *metrics = firn_arena_array(t->arena, n, sizeof *metrics);
    if (!metrics)
        return firn_arena_raise(t->arena, err);
    for (size_t i = 0; i < n; i++)
        FIRN_TRY(take_column(t, &t->given->columns[i], &metrics[i], err));
    if (n > 1)
        qsort(metrics, n, sizeof *metrics, by_id);
    for (size_t i = 1; i < n; i++)
        if (metrics[i].field_id == metrics[i - 1].field_id)
            return not_right(t, "a column is given twice", err);
    t->out->metrics = metrics;
    t->out->metrics_count = n;
    return FIRN_OK;
}

static firn_code take_offsets(const taking *t, firn_err *err)
{
    size_t n = t->given->split_offset_count;
    int64_t last = -1;
    t->out->split_offsets = firn_arena_array(t->arena, n, sizeof(int64_t));
    if (!t->out->split_offsets)
        return firn_arena_raise(t->arena, err);
    for (size_t i = 0; i < n; i++) {
        int64_t at = t->given->split_offsets[i];
        if (at <= last || at >= t->given->file_size_bytes)
            return not_right(t, "split offsets that do not ascend within the file", err);
        last = t->out->split_offsets[i] = at;
    }
    t->out->split_offset_count = n;
    return FIRN_OK;
}

/* --- the file ------------------------------------------------------------------------------ */

static firn_code check_plain(const taking *t, firn_err *err)
{
    const firn_file *g = t->given;
    firn_str format = firn_str_of(g->format ? g->format : "PARQUET");
    if (g->content != FIRN_FILE_DATA)
        return firn_raise(err, FIRN_E_UNSUPPORTED, "file %s: only data files can be added",
                          firn_quotec(g->path).s);
    if (!firn_str_ieq(format, FIRN_STR_LIT("parquet")))
        return firn_raise(err, FIRN_E_UNSUPPORTED, "file %s is %s; only Parquet can be added",
                          firn_quotec(g->path).s, firn_quote(format).s);
    if (g->record_count < 0)
        return not_right(t, "a negative number of records", err);
    if (g->file_size_bytes <= 0)
        return not_right(t, "it has no size", err);
    if (g->sort_order_id && g->sort_order_id != t->m->default_sort_order_id)
        return not_right(t, "a sort order that is not the table's", err);
    if ((g->partition_count && !g->partition) || (g->column_count && !g->columns) ||
        (g->split_offset_count && !g->split_offsets))
        return not_right(t, "a count without its array", err);
    return FIRN_OK;
}

firn_code firn_tx_add(firn_transaction *tx, const firn_data_file *f, firn_err *err)
{
    static int present;
    if (firn_map_get(&tx->paths, f->file_path))
        return firn_raise(err, FIRN_E_EXISTS, "file %s was added already",
                          firn_quote(f->file_path).s);
    if (!firn_vec_push(tx->arena, &tx->files, *f))
        return firn_arena_raise(tx->arena, err);
    if (firn_map_put(&tx->paths, f->file_path, &present))
        return FIRN_OK;
    tx->files.n--;
    return firn_arena_raise(tx->arena, err);
}

/* Adds all of a checked public file. */
static firn_code add_given(firn_transaction *tx, const firn_file *file, firn_err *err)
{
    firn_file given;
    firn_data_file out = {.content = FIRN_CONTENT_DATA,
                          .file_format = FIRN_STR_LIT("PARQUET"),
                          .first_row_id = -1,
                          .content_offset = -1,
                          .content_size_in_bytes = -1};
    taking t = {.m = tx->table->m, .given = &given, .arena = tx->arena, .out = &out};
    FIRN_TRY(firn_lib_need(file, "file", err));
    FIRN_TRY(firn_lib_take(&given, sizeof given, file, "firn_file", err));
    FIRN_TRY(firn_lib_text(given.path, "a file's path", &out.file_path, err));
    if (out.file_path.n == 0)
        return firn_raise(err, FIRN_E_INVAL, "a file without a path");
    FIRN_TRY(firn_lib_absolute(out.file_path, err));
    if (tx->reshaped)
        return firn_raise(
            err, FIRN_E_INVAL,
            "the transaction changes partitions or format version: add files in the next one");
    out.file_path = firn_arena_str(tx->arena, out.file_path);
    if (!out.file_path.p)
        return firn_arena_raise(tx->arena, err);
    FIRN_TRY(check_plain(&t, err));
    out.record_count = given.record_count;
    out.file_size_in_bytes = given.file_size_bytes;
    out.sort_order_id = given.sort_order_id;
    FIRN_TRY(take_partition(&t, err));
    FIRN_TRY(take_columns(&t, err));
    FIRN_TRY(take_offsets(&t, err));
    return firn_tx_add(tx, &out, err);
}

firn_status firn_transaction_add_file(firn_transaction *tx, const firn_file *file,
                                      firn_error *error)
{
    firn_err err = {0};
    firn_code code = firn_tx_check(tx, &err);
    if (code == FIRN_OK)
        code = add_given(tx, file, &err);
    return firn_lib_end(code, &err, error);
}
