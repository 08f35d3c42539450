/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/partition_sql.h"
#include "engine/sql.h"

#include "base/str.h"
#include "iceberg/bucket.h"
#include "iceberg/value_column.h"

#include <inttypes.h>
#include <stdio.h>

/* --- buckets ------------------------------------------------------------------------------- */

enum { NAME_MAX_BYTES = 96 };

static int32_t bucket_of(int64_t count, const firn_column *col, size_t row)
{
    uint8_t uuid[16];
    firn_value v = firn_value_of_column(col, row, uuid);
    return firn_bucket_of(col->type, &v, count);
}

/* One for each type and number of buckets. */
static void bucket_name(const firn_type *t, int64_t count, char ret[NAME_MAX_BYTES])
{
    snprintf(ret, NAME_MAX_BYTES, "firn_bucket_%" PRId64 "_%d_%d_%d", count, (int)t->kind,
             (int)t->precision, (int)t->scale);
}

firn_code firn_partition_functions(const firn_engine_ops *ops, firn_engine *e,
                                   const firn_type *schema, const firn_spec *spec, firn_err *err)
{
    for (size_t i = 0; i < spec->field_count; i++) {
        const firn_partition_field *f = &spec->fields[i];
        const firn_field *source = firn_schema_field(schema, f->source_id);
        char name[NAME_MAX_BYTES];
        if (!source || f->transform.kind != FIRN_TRANSFORM_BUCKET)
            continue;
        bucket_name(&source->type, f->transform.width, name);
        const firn_int_function fn = {name, source->type, f->transform.width, bucket_of};
        FIRN_TRY(ops->function_add(e, &fn, err));
    }
    return FIRN_OK;
}

static firn_code add_bucket(const firn_type *t, int64_t count, const char *column, firn_buf *out,
                            firn_err *err)
{
    char name[NAME_MAX_BYTES];
    bucket_name(t, count, name);
    return firn_buf_addf(out, err, "%s(%s)", name, column);
}

/* --- truncation ---------------------------------------------------------------------------- */

/* x - ((x % w) + w) % w in 128 bits, and then down to the column's: below its smallest value the
 * result wraps, as in Java.  The type is the column's too: in files on the way (engine/buckets.c)
 * the engine has no integers of 128 bits. */
static firn_code truncate_integer(const firn_type *t, int64_t width, const char *column,
                                  firn_buf *out, firn_err *err)
{
    bool narrow = t->kind == FIRN_T_INT;
    const char *half = narrow ? "2147483648" : "9223372036854775808";
    const char *all = narrow ? "4294967295" : "18446744073709551615";
    return firn_buf_addf(out, err,
                         "CAST(((%s::HUGEINT - ((%s::HUGEINT %% %" PRId64 ") + %" PRId64
                         ") %% %" PRId64 " + %s::HUGEINT) & %s::HUGEINT) - %s::HUGEINT AS %s)",
                         column, column, width, width, width, half, all, half,
                         narrow ? "INTEGER" : "BIGINT");
}

static firn_code truncate_decimal(const firn_type *t, int64_t width, const char *column,
                                  firn_buf *out, firn_err *err)
{
    char w[FIRN_DEC_TEXT_MAX];
    char wide[32];
    firn_dec_print(width, t->scale, w);
    snprintf(wide, sizeof wide, "DECIMAL(38,%d)", (int)t->scale);
    return firn_buf_addf(out, err, "%s::%s - ((%s::%s %% %s::%s) + %s::%s) %% %s::%s", column, wide,
                         column, wide, w, wide, w, wide, w, wide);
}

static firn_code add_truncate(const firn_type *t, int64_t width, const char *column, firn_buf *out,
                              firn_err *err)
{
    if (t->kind == FIRN_T_STRING)
        return firn_buf_addf(out, err, "left(%s, %" PRId64 ")", column, width);
    if (t->kind == FIRN_T_BINARY)
        return firn_buf_addf(out, err, "lower(left(hex(%s), %" PRId64 "))", column, 2 * width);
    if (t->kind == FIRN_T_DECIMAL)
        return truncate_decimal(t, width, column, out, err);
    return truncate_integer(t, width, column, out, err);
}

/* --- all of them --------------------------------------------------------------------------- */

/* "a"."b" for a column inside of structs. */
static firn_code add_path(const firn_type *t, int32_t id, firn_buf *out, firn_err *err)
{
    for (size_t i = 0; i < t->field_count; i++) {
        const firn_field *f = &t->fields[i];
        bool here = f->id == id;
        if (!here && !firn_schema_field(&f->type, id))
            continue;
        FIRN_TRY(firn_sql_ident(out, f->name, err));
        if (here)
            return FIRN_OK;
        FIRN_TRY(firn_buf_addc(out, '.', err));
        return add_path(&f->type, id, out, err);
    }
    return firn_raise(err, FIRN_E_BUG, "no column with id %d", (int)id);
}

/* The transform of a column, in a form whose text firn_value_from_engine reads for the transform's
 * result type. */
static firn_code add_expr(const firn_type *schema, const firn_partition_field *f, firn_buf *out,
                          firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf path = FIRN_BUF((size_t)1 << 20);
    if (f->transform.kind == FIRN_TRANSFORM_VOID) /* its source may be gone */
        return firn_buf_adds(out, "CAST(NULL AS VARCHAR)", err);
    FIRN_TRY(add_path(schema, f->source_id, &path, err));
    const char *column = firn_buf_cstr(&path);
    const firn_field *source = firn_schema_field(schema, f->source_id);
    const char *unit = source->type.kind == FIRN_T_DATE ? "DATE" : "TIMESTAMP";
    switch (f->transform.kind) {
    case FIRN_TRANSFORM_YEAR:
    case FIRN_TRANSFORM_MONTH:
    case FIRN_TRANSFORM_HOUR:
        /* counts the boundaries between, which is what floor division gives */
        return firn_buf_addf(out, err, "datediff('%.*s', %s '1970-01-01', CAST(%s AS %s))",
                             FIRN_STR_ARG(f->transform.text), unit, column, unit);
    case FIRN_TRANSFORM_DAY:
        return firn_buf_addf(out, err, "CAST(CAST(%s AS %s) AS DATE)", column, unit);
    case FIRN_TRANSFORM_IDENTITY:
        if (source->type.kind == FIRN_T_BINARY)
            return firn_buf_addf(out, err, "lower(hex(%s))", column);
        return firn_buf_adds(out, column, err);
    case FIRN_TRANSFORM_BUCKET:
        return add_bucket(&source->type, f->transform.width, column, out, err);
    case FIRN_TRANSFORM_TRUNCATE:
        return add_truncate(&source->type, f->transform.width, column, out, err);
    case FIRN_TRANSFORM_VOID:
    case FIRN_TRANSFORM_UNKNOWN:
        break;
    }
    return firn_raise(err, FIRN_E_UNSUPPORTED,
                      "the table is partitioned by %s of %s, a transform that firn does not know",
                      firn_quote(f->transform.text).s, column);
}

firn_code firn_partition_select(const firn_type *schema, const firn_spec *spec, firn_str select,
                                firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, "SELECT *", err));
    for (size_t i = 0; i < spec->field_count; i++) {
        FIRN_TRY(firn_buf_adds(out, ", ", err));
        FIRN_TRY(add_expr(schema, &spec->fields[i], out, err));
        FIRN_TRY(firn_buf_addf(out, err, " AS __p%zu", i));
    }
    FIRN_TRY(firn_buf_adds(out, " FROM (", err));
    FIRN_TRY(firn_buf_addstr(out, select, err));
    /* on a line of its own: the SELECT may end in a comment */
    return firn_buf_adds(out, "\n) AS firn_source", err);
}

firn_code firn_partition_names(size_t count, firn_buf *out, firn_err *err)
{
    for (size_t i = 0; i < count; i++)
        FIRN_TRY(firn_buf_addf(out, err, "%s__p%zu", i ? ", " : "", i));
    return FIRN_OK;
}

firn_code firn_order_by(const firn_type *schema, const firn_sort_order *order, firn_buf *out,
                        firn_err *err)
{
    for (size_t i = 0; i < order->field_count; i++) {
        const firn_sort_field *f = &order->fields[i];
        const firn_partition_field key = {.source_id = f->source_id, .transform = f->transform};
        FIRN_TRY(firn_buf_adds(out, i ? ", " : " ORDER BY ", err));
        FIRN_TRY(add_expr(schema, &key, out, err));
        FIRN_TRY(firn_buf_addf(out, err, " %s NULLS %s", f->descending ? "DESC" : "ASC",
                               f->nulls_last ? "LAST" : "FIRST"));
    }
    return FIRN_OK;
}
