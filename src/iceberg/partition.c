/* SPDX-License-Identifier: Apache-2.0 */
#include "iceberg/partition.h"

#include "base/datetime.h"
#include "base/str.h"
#include "iceberg/bucket.h"

#include <math.h>
#include <string.h>

static const char *const words[] = {
    [FIRN_TRANSFORM_IDENTITY] = "identity", [FIRN_TRANSFORM_YEAR] = "year",
    [FIRN_TRANSFORM_MONTH] = "month",       [FIRN_TRANSFORM_DAY] = "day",
    [FIRN_TRANSFORM_HOUR] = "hour",         [FIRN_TRANSFORM_VOID] = "void",
    [FIRN_TRANSFORM_BUCKET] = "bucket",     [FIRN_TRANSFORM_TRUNCATE] = "truncate",
};

/* Reads the width of "bucket[16]"; false if it is another transform. */
static bool parse_width(firn_str text, const char *word, int64_t *ret)
{
    size_t n = strlen(word);
    if (!firn_str_starts(text, word) || !firn_str_ends(text, "]") || text.n < n + 3 ||
        text.p[n] != '[')
        return false;
    return firn_str_i64((firn_str){text.p + n + 1, text.n - n - 2}, ret) && *ret > 0;
}

firn_transform firn_transform_parse(firn_str text)
{
    firn_transform tr = {.kind = FIRN_TRANSFORM_UNKNOWN, .text = text};
    for (size_t i = 0; i <= FIRN_TRANSFORM_VOID; i++)
        if (firn_str_eqc(text, words[i]))
            tr.kind = (firn_transform_kind)i;
    if (parse_width(text, "bucket", &tr.width))
        tr.kind = FIRN_TRANSFORM_BUCKET;
    else if (parse_width(text, "truncate", &tr.width))
        tr.kind = FIRN_TRANSFORM_TRUNCATE;
    return tr;
}

static bool is_timestamp(firn_type_kind k)
{
    return k == FIRN_T_TIMESTAMP || k == FIRN_T_TIMESTAMPTZ || k == FIRN_T_TIMESTAMP_NS ||
           k == FIRN_T_TIMESTAMPTZ_NS;
}

static int64_t microseconds_of(const firn_type *t, int64_t v)
{
    bool ns = t->kind == FIRN_T_TIMESTAMP_NS || t->kind == FIRN_T_TIMESTAMPTZ_NS;
    return ns ? firn_floor_div(v, 1000) : v;
}

bool firn_transform_result(firn_transform tr, const firn_type *source, firn_type *ret)
{
    if (firn_type_is_nested(source->kind) || source->kind == FIRN_T_FOREIGN)
        return false;
    switch (tr.kind) {
    case FIRN_TRANSFORM_IDENTITY:
        *ret = *source;
        return true;
    case FIRN_TRANSFORM_YEAR:
    case FIRN_TRANSFORM_MONTH:
        *ret = (firn_type){.kind = FIRN_T_INT};
        return source->kind == FIRN_T_DATE || is_timestamp(source->kind);
    case FIRN_TRANSFORM_DAY:
        *ret = (firn_type){.kind = FIRN_T_DATE};
        return source->kind == FIRN_T_DATE || is_timestamp(source->kind);
    case FIRN_TRANSFORM_HOUR:
        *ret = (firn_type){.kind = FIRN_T_INT};
        return is_timestamp(source->kind);
    case FIRN_TRANSFORM_BUCKET:
        *ret = (firn_type){.kind = FIRN_T_INT};
        return source->kind != FIRN_T_FLOAT && source->kind != FIRN_T_DOUBLE &&
               source->kind != FIRN_T_BOOLEAN;
    case FIRN_TRANSFORM_TRUNCATE:
        *ret = *source;
        return source->kind == FIRN_T_INT || source->kind == FIRN_T_LONG ||
               source->kind == FIRN_T_DECIMAL || source->kind == FIRN_T_STRING ||
               source->kind == FIRN_T_BINARY;
    case FIRN_TRANSFORM_VOID:
        *ret = *source;
        return true;
    case FIRN_TRANSFORM_UNKNOWN:
        break;
    }
    return false;
}

static firn_slice prefix_of(firn_slice text, int64_t code_points)
{
    size_t at = 0;
    for (; at < text.n; at++) {
        bool begins = (text.p[at] & 0xc0) != 0x80;
        if (begins && code_points-- == 0)
            break;
    }
    return (firn_slice){text.p, at};
}

static firn_i128 floor_to(firn_i128 v, int64_t width)
{
    return v - ((v % width) + width) % width;
}

static firn_value truncate_value(const firn_type *source, const firn_value *v, int64_t width)
{
    firn_value r = *v;
    if (source->kind == FIRN_T_STRING)
        r.u.bytes = prefix_of(v->u.bytes, width);
    else if (source->kind == FIRN_T_BINARY)
        r.u.bytes.n = FIRN_MIN(v->u.bytes.n, (size_t)width);
    else if (source->kind == FIRN_T_DECIMAL)
        r.u.dec = floor_to(v->u.dec, width);
    else if (source->kind == FIRN_T_INT)
        r.u.i = (int32_t)floor_to(v->u.i, width); /* wraps below the smallest, as in Java */
    else
        r.u.i = (int64_t)floor_to(v->u.i, width);
    return r;
}

firn_value firn_transform_apply(firn_transform tr, const firn_type *source, const firn_value *v)
{
    if (v->is_null || tr.kind == FIRN_TRANSFORM_VOID)
        return FIRN_VALUE_NULL;
    if (tr.kind == FIRN_TRANSFORM_IDENTITY)
        return *v;
    if (tr.kind == FIRN_TRANSFORM_BUCKET)
        return (firn_value){.u.i = firn_bucket_of(source, v, tr.width)};
    if (tr.kind == FIRN_TRANSFORM_TRUNCATE)
        return truncate_value(source, v, tr.width);
    firn_assert(tr.kind >= FIRN_TRANSFORM_YEAR && tr.kind <= FIRN_TRANSFORM_HOUR);
    int64_t us = microseconds_of(source, v->u.i);
    if (tr.kind == FIRN_TRANSFORM_HOUR)
        return (firn_value){.u.i = firn_floor_div(us, FIRN_US_PER_HOUR)};
    int64_t days = is_timestamp(source->kind) ? firn_floor_div(us, FIRN_US_PER_DAY) : v->u.i;
    if (tr.kind == FIRN_TRANSFORM_DAY)
        return (firn_value){.u.i = days};
    firn_civil c = firn_civil_from_days((int32_t)days);
    int64_t years = c.year - 1970;
    return (firn_value){.u.i = tr.kind == FIRN_TRANSFORM_YEAR ? years : years * 12 + c.month - 1};
}

/* --- JSON ---------------------------------------------------------------------------------- */

static firn_code parse_field(const json_t *j, size_t index, firn_arena *a,
                             firn_partition_field *ret, firn_err *err)
{
    firn_str name;
    firn_str transform;
    int64_t field_id;
    FIRN_TRY(firn_json_i32(j, "source-id", &ret->source_id, err));
    /* v1 tables may lack the id: it is then the place in the list */
    FIRN_TRY(
        firn_json_opt_i64(j, "field-id", FIRN_PARTITION_FIRST_ID + (int64_t)index, &field_id, err));
    FIRN_TRY(firn_json_str(j, "name", &name, err));
    FIRN_TRY(firn_json_str(j, "transform", &transform, err));
    ret->field_id = (int32_t)field_id;
    ret->name = firn_arena_str(a, name);
    ret->transform = firn_transform_parse(firn_arena_str(a, transform));
    if (!ret->name.p || !ret->transform.text.p)
        return firn_arena_raise(a, err);
    return FIRN_OK;
}

firn_code firn_spec_parse(const json_t *j, int32_t spec_id_if_bare, firn_arena *a, firn_spec *ret,
                          firn_err *err)
{
    firn_spec s = {.spec_id = spec_id_if_bare};
    const json_t *fields = j;
    if (!json_is_array(j)) {
        FIRN_TRY(firn_json_i32(j, "spec-id", &s.spec_id, err));
        fields = json_object_get(j, "fields");
    }
    if (!json_is_array(fields))
        return firn_raise(err, FIRN_E_DATA, "a partition spec without 'fields'");
    s.field_count = json_array_size(fields);
    s.fields = firn_arena_array(a, s.field_count, sizeof *s.fields);
    if (!s.fields)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < s.field_count; i++)
        FIRN_TRY(parse_field(json_array_get(fields, i), i, a, &s.fields[i], err));
    *ret = s;
    return FIRN_OK;
}

firn_code firn_spec_fields_to_json(const firn_spec *s, json_t **ret, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *fields = json_array();
    for (size_t i = 0; i < s->field_count; i++) {
        const firn_partition_field *f = &s->fields[i];
        json_t *obj = json_object();
        FIRN_TRY(firn_json_append(fields, obj, err));
        FIRN_TRY(firn_json_set(obj, "source-id", json_integer(f->source_id), err));
        FIRN_TRY(firn_json_set(obj, "field-id", json_integer(f->field_id), err));
        FIRN_TRY(firn_json_set(obj, "name", firn_json_new_str(f->name), err));
        FIRN_TRY(firn_json_set(obj, "transform", firn_json_new_str(f->transform.text), err));
    }
    *ret = json_incref(fields);
    return FIRN_OK;
}

/* --- making a spec ------------------------------------------------------------------------- */

static firn_code source_of_term(const firn_type *schema, const firn_partition_term *term,
                                const firn_field **ret, firn_err *err)
{
    const firn_field *f = firn_schema_find(schema, term->column);
    if (!f) {
        firn_raise(err, FIRN_E_CONFIG, "partition column %s is not in the table",
                   firn_quote(term->column).s);
        return firn_schema_advise(schema, term->column, err);
    }
    if (firn_schema_is_repeated(schema, f->id))
        return firn_raise(err, FIRN_E_CONFIG,
                          "partition column %s lies in a list or map; only single values can "
                          "partition a table",
                          firn_quote(term->column).s);
    *ret = f;
    return FIRN_OK;
}

static const char *const suffixes[] = {
    [FIRN_TRANSFORM_IDENTITY] = "",      [FIRN_TRANSFORM_YEAR] = "_year",
    [FIRN_TRANSFORM_MONTH] = "_month",   [FIRN_TRANSFORM_DAY] = "_day",
    [FIRN_TRANSFORM_HOUR] = "_hour",     [FIRN_TRANSFORM_VOID] = "_null",
    [FIRN_TRANSFORM_BUCKET] = "_bucket", [FIRN_TRANSFORM_TRUNCATE] = "_trunc",
};

firn_code firn_transform_of_term(const firn_partition_term *term, firn_arena *a,
                                 firn_transform *ret, firn_err *err)
{
    const char *word = words[term->kind];
    bool wide = term->kind == FIRN_TRANSFORM_BUCKET || term->kind == FIRN_TRANSFORM_TRUNCATE;
    if (wide)
        word = firn_arena_printf(a, "%s[%lld]", word, (long long)term->width);
    if (!word)
        return firn_arena_raise(a, err);
    *ret = (firn_transform){.kind = term->kind, .width = term->width, .text = firn_str_of(word)};
    return FIRN_OK;
}

static firn_code make_field(const firn_type *schema, const firn_partition_term *term,
                            int32_t *last_id, firn_arena *a, firn_partition_field *ret,
                            firn_err *err)
{
    const firn_field *source = NULL;
    firn_type result;
    FIRN_TRY(source_of_term(schema, term, &source, err));
    firn_transform tr;
    FIRN_TRY(firn_transform_of_term(term, a, &tr, err));
    if (!firn_transform_result(tr, &source->type, &result))
        return firn_raise(err, FIRN_E_CONFIG, "%s(%s) does not work: the column is %s",
                          words[term->kind], firn_quote(term->column).s,
                          firn_type_text(&source->type, a));
    const char *name =
        firn_arena_printf(a, "%.*s%s", FIRN_STR_ARG(term->column), suffixes[term->kind]);
    if (!name)
        return firn_arena_raise(a, err);
    *ret = (firn_partition_field){.source_id = source->id,
                                  .field_id = ++*last_id,
                                  .name = firn_str_of(name),
                                  .transform = tr};
    return FIRN_OK;
}

static firn_code refuse_clashes(const firn_type *schema, const firn_spec *s, firn_err *err)
{
    for (size_t i = 0; i < s->field_count; i++) {
        const firn_partition_field *f = &s->fields[i];
        const firn_field *column = firn_type_field(schema, f->name);
        bool own =
            column && f->transform.kind == FIRN_TRANSFORM_IDENTITY && column->id == f->source_id;
        if (column && !own)
            return firn_raise(err, FIRN_E_CONFIG,
                              "the partition would be called %s like a column of the table",
                              firn_quote(f->name).s);
        for (size_t k = 0; k < i; k++)
            if (firn_str_eq(s->fields[k].name, f->name))
                return firn_raise(err, FIRN_E_CONFIG, "partition %s stands twice",
                                  firn_quote(f->name).s);
    }
    return FIRN_OK;
}

firn_code firn_spec_make(const firn_type *schema, const firn_partition_term *terms, size_t count,
                         int32_t *last_partition_id, firn_arena *a, firn_spec *ret, firn_err *err)
{
    firn_spec s = {.field_count = count};
    s.fields = firn_arena_array(a, count, sizeof *s.fields);
    if (!s.fields)
        return firn_arena_raise(a, err);
    int32_t last = *last_partition_id;
    for (size_t i = 0; i < count; i++)
        FIRN_TRY(make_field(schema, &terms[i], &last, a, &s.fields[i], err));
    FIRN_TRY(refuse_clashes(schema, &s, err));
    *last_partition_id = last;
    *ret = s;
    return FIRN_OK;
}

bool firn_spec_is_known(const firn_spec *s)
{
    for (size_t i = 0; i < s->field_count; i++)
        if (s->fields[i].transform.kind == FIRN_TRANSFORM_UNKNOWN)
            return false;
    return true;
}

bool firn_spec_same(const firn_spec *a, const firn_spec *b)
{
    if (a->field_count != b->field_count)
        return false;
    for (size_t i = 0; i < a->field_count; i++) {
        const firn_partition_field *x = &a->fields[i];
        const firn_partition_field *y = &b->fields[i];
        if (x->source_id != y->source_id || !firn_str_eq(x->name, y->name) ||
            !firn_str_eq(x->transform.text, y->transform.text))
            return false;
    }
    return true;
}

const firn_field *firn_spec_source(const firn_type *schema, const firn_partition_field *f)
{
    return firn_schema_field(schema, f->source_id);
}

firn_code firn_spec_types(const firn_type *schema, const firn_spec *spec, firn_arena *a,
                          firn_type **ret, firn_err *err)
{
    firn_type *types = firn_arena_array(a, spec->field_count, sizeof *types);
    if (!types)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < spec->field_count; i++) {
        const firn_field *source = firn_spec_source(schema, &spec->fields[i]);
        if (!source || !firn_transform_result(spec->fields[i].transform, &source->type, &types[i]))
            types[i] = (firn_type){.kind = FIRN_T_STRING};
    }
    *ret = types;
    return FIRN_OK;
}

/* --- keys ---------------------------------------------------------------------------------- */

/* One NaN stands for all. */
static firn_value canonical(const firn_type *t, const firn_value *v)
{
    if (t->kind == FIRN_T_FLOAT && isnan(v->u.f))
        return (firn_value){.u.f = NAN};
    if (t->kind == FIRN_T_DOUBLE && isnan(v->u.d))
        return (firn_value){.u.d = (double)NAN};
    return *v;
}

firn_code firn_partition_key(const firn_spec *spec, const firn_type *types,
                             const firn_value *values, firn_buf *out, firn_err *err)
{
    for (size_t i = 0; i < spec->field_count; i++) {
        if (values[i].is_null) {
            FIRN_TRY(firn_buf_addc(out, 'n', err));
            continue;
        }
        firn_value v = canonical(&types[i], &values[i]);
        uint32_t length = 0;
        FIRN_TRY(firn_buf_addc(out, 'v', err));
        size_t at = out->n;
        FIRN_TRY(firn_buf_add(out, &length, sizeof length, err));
        FIRN_TRY(firn_value_to_bytes(&types[i], &v, out, err));
        length = (uint32_t)(out->n - at - sizeof length);
        memcpy(out->p + at, &length, sizeof length);
    }
    return FIRN_OK;
}
