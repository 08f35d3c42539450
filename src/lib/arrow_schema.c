/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas from Arrow. */
#include "lib/arrow_int.h"

#include <stdlib.h>
#include <string.h>

/* --- format strings ------------------------------------------------------------------------ */

static const struct {
    const char *text;
    firn_arrow_format format;
} plain[] = {
    {"n", {.kind = FIRN_ARROW_NULL}},
    {"b", {.kind = FIRN_ARROW_BOOL}},
    {"c", {.kind = FIRN_ARROW_INT, .width = 1, .is_signed = true}},
    {"C", {.kind = FIRN_ARROW_INT, .width = 1}},
    {"s", {.kind = FIRN_ARROW_INT, .width = 2, .is_signed = true}},
    {"S", {.kind = FIRN_ARROW_INT, .width = 2}},
    {"i", {.kind = FIRN_ARROW_INT, .width = 4, .is_signed = true}},
    {"I", {.kind = FIRN_ARROW_INT, .width = 4}},
    {"l", {.kind = FIRN_ARROW_INT, .width = 8, .is_signed = true}},
    {"L", {.kind = FIRN_ARROW_INT, .width = 8}},
    {"e", {.kind = FIRN_ARROW_FLOAT, .width = 2}},
    {"f", {.kind = FIRN_ARROW_FLOAT, .width = 4}},
    {"g", {.kind = FIRN_ARROW_FLOAT, .width = 8}},
    {"u", {.kind = FIRN_ARROW_TEXT, .width = 4}},
    {"U", {.kind = FIRN_ARROW_TEXT, .width = 8}},
    {"vu", {.kind = FIRN_ARROW_TEXT}},
    {"z", {.kind = FIRN_ARROW_BYTES, .width = 4}},
    {"Z", {.kind = FIRN_ARROW_BYTES, .width = 8}},
    {"vz", {.kind = FIRN_ARROW_BYTES}},
    {"tdD", {.kind = FIRN_ARROW_DATE, .width = 4}},
    {"tdm", {.kind = FIRN_ARROW_DATE, .width = 8}},
    {"tts", {.kind = FIRN_ARROW_TIME, .width = 4, .unit = 0}},
    {"ttm", {.kind = FIRN_ARROW_TIME, .width = 4, .unit = 3}},
    {"ttu", {.kind = FIRN_ARROW_TIME, .width = 8, .unit = 6}},
    {"ttn", {.kind = FIRN_ARROW_TIME, .width = 8, .unit = 9}},
    {"+l", {.kind = FIRN_ARROW_LIST, .width = 4}},
    {"+L", {.kind = FIRN_ARROW_LIST, .width = 8}},
    {"+vl", {.kind = FIRN_ARROW_LIST_VIEW, .width = 4}},
    {"+vL", {.kind = FIRN_ARROW_LIST_VIEW, .width = 8}},
    {"+s", {.kind = FIRN_ARROW_STRUCT}},
    {"+m", {.kind = FIRN_ARROW_MAP, .width = 4}},
};

static bool read_numbers(firn_str text, int64_t *numbers, size_t max, size_t *ret)
{
    for (*ret = 0; text.p; (*ret)++)
        if (*ret == max || !firn_str_i64(firn_str_cut(&text, ','), &numbers[*ret]))
            return false;
    return true;
}

static bool read_decimal(firn_str text, firn_arrow_format *ret)
{
    int64_t n[3] = {0, 0, 128};
    size_t count;
    if (!read_numbers(text, n, 3, &count) || count < 2)
        return false;
    bool known = n[2] == 32 || n[2] == 64 || n[2] == 128 || n[2] == 256;
    if (!known || n[0] < 1 || n[0] > 76 || n[1] < -76 || n[1] > 76)
        return false;
    *ret = (firn_arrow_format){.kind = FIRN_ARROW_DECIMAL,
                               .width = (int)(n[2] / 8),
                               .precision = (int)n[0],
                               .scale = (int)n[1]};
    return true;
}

static bool read_timestamp(const char *format, firn_arrow_format *ret)
{
    static const char units[] = "smun";
    const char *unit = format[2] ? strchr(units, format[2]) : NULL;
    if (!unit || format[3] != ':')
        return false;
    *ret = (firn_arrow_format){.kind = FIRN_ARROW_TIMESTAMP,
                               .width = 8,
                               .unit = 3 * (int)(unit - units),
                               .zoned = format[4] != '\0'};
    return true;
}

bool firn_arrow_format_read(const char *format, firn_arrow_format *ret)
{
    if (!format)
        return false;
    firn_str text = firn_str_of(format);
    for (size_t i = 0; i < FIRN_COUNT_OF(plain); i++) {
        if (strcmp(format, plain[i].text) != 0)
            continue;
        *ret = plain[i].format;
        return true;
    }
    if (firn_str_starts(text, "d:"))
        return read_decimal((firn_str){text.p + 2, text.n - 2}, ret);
    if (firn_str_starts(text, "ts"))
        return read_timestamp(format, ret);
    bool list = firn_str_starts(text, "+w:");
    if (!list && !firn_str_starts(text, "w:"))
        return false;
    size_t skip = list ? 3 : 2;
    *ret = (firn_arrow_format){.kind = list ? FIRN_ARROW_FIXED_LIST : FIRN_ARROW_FIXED};
    return firn_str_i64((firn_str){text.p + skip, text.n - skip}, &ret->fixed) && ret->fixed >= 0 &&
           ret->fixed <= INT32_MAX;
}

/* --- metadata ------------------------------------------------------------------------------ */

static firn_str next_text(const char **p)
{
    int32_t n;
    memcpy(&n, *p, sizeof n);
    firn_str s = {*p + sizeof n, n > 0 ? (size_t)n : 0};
    *p = s.p + s.n;
    return s;
}

/* A value of the metadata of a schema; .p == NULL: absent. */
static firn_str metadata_value(const char *metadata, const char *key)
{
    int32_t count = 0;
    if (metadata)
        memcpy(&count, metadata, sizeof count);
    const char *p = metadata ? metadata + sizeof count : NULL;
    for (int32_t i = 0; i < count; i++) {
        firn_str k = next_text(&p);
        firn_str v = next_text(&p);
        if (firn_str_eqc(k, key))
            return v;
    }
    return (firn_str){NULL, 0};
}

int32_t firn_arrow_field_id(const struct ArrowSchema *s)
{
    int64_t id;
    firn_str text = metadata_value(s->metadata, "PARQUET:field_id");
    if (!text.p || !firn_str_i64(text, &id) || id < 1 || id > INT32_MAX)
        return 0;
    return (int32_t)id;
}

/* Whether a field is the extension type arrow.uuid. */
static bool is_uuid(const struct ArrowSchema *s)
{
    return firn_str_eqc(metadata_value(s->metadata, "ARROW:extension:name"), "arrow.uuid");
}

/* --- types --------------------------------------------------------------------------------- */

static firn_code no_type(const struct ArrowSchema *s, firn_err *err)
{
    return firn_raise(err, FIRN_E_UNSUPPORTED, "column %s: Iceberg has no type for Arrow's %s",
                      firn_quotec(s->name ? s->name : "").s,
                      firn_quotec(s->format ? s->format : "").s);
}

static firn_type_kind timestamp_kind(const firn_arrow_format *f)
{
    if (f->unit == 9)
        return f->zoned ? FIRN_T_TIMESTAMPTZ_NS : FIRN_T_TIMESTAMP_NS;
    return f->zoned ? FIRN_T_TIMESTAMPTZ : FIRN_T_TIMESTAMP;
}

/* The narrowest type that has all values; numbers beyond 2^63 become decimals. */
static bool primitive_type(const struct ArrowSchema *s, const firn_arrow_format *f, firn_type *ret)
{
    *ret = (firn_type){.kind = FIRN_T_BOOLEAN};
    switch (f->kind) {
    case FIRN_ARROW_BOOL:
        return true;
    case FIRN_ARROW_INT:
        ret->kind = f->width < 4 || (f->width == 4 && f->is_signed) ? FIRN_T_INT : FIRN_T_LONG;
        if (f->width == 8 && !f->is_signed)
            *ret = (firn_type){.kind = FIRN_T_DECIMAL, .precision = 20};
        return true;
    case FIRN_ARROW_FLOAT:
        ret->kind = f->width == 8 ? FIRN_T_DOUBLE : FIRN_T_FLOAT;
        return true;
    case FIRN_ARROW_DECIMAL:
        *ret = (firn_type){.kind = FIRN_T_DECIMAL, .precision = f->precision, .scale = f->scale};
        return f->precision <= FIRN_DEC_MAX_PRECISION && f->scale >= 0 && f->scale <= f->precision;
    case FIRN_ARROW_DATE:
        ret->kind = FIRN_T_DATE;
        return true;
    case FIRN_ARROW_TIME:
        ret->kind = FIRN_T_TIME;
        return true;
    case FIRN_ARROW_TIMESTAMP:
        ret->kind = timestamp_kind(f);
        return true;
    case FIRN_ARROW_TEXT:
        ret->kind = FIRN_T_STRING;
        return true;
    case FIRN_ARROW_BYTES:
        ret->kind = FIRN_T_BINARY;
        return true;
    case FIRN_ARROW_FIXED:
        *ret = (firn_type){.kind = FIRN_T_FIXED, .length = f->fixed};
        if (f->fixed == 16 && is_uuid(s))
            *ret = (firn_type){.kind = FIRN_T_UUID};
        return f->fixed > 0;
    case FIRN_ARROW_NULL:
    case FIRN_ARROW_LIST:
    case FIRN_ARROW_LIST_VIEW:
    case FIRN_ARROW_FIXED_LIST:
    case FIRN_ARROW_STRUCT:
    case FIRN_ARROW_MAP:
        break;
    }
    return false;
}

static firn_code import_children(const struct ArrowSchema *s, int depth, firn_arena *a,
                                 firn_type *ret, firn_err *err)
{
    size_t n = (size_t)s->n_children;
    ret->fields = firn_arena_array(a, n, sizeof *ret->fields);
    if (!ret->fields)
        return firn_arena_raise(a, err);
    ret->field_count = n;
    for (size_t i = 0; i < n; i++)
        FIRN_TRY(firn_arrow_import_field(s->children[i], depth + 1, a, &ret->fields[i], err));
    return FIRN_OK;
}

static firn_code import_nested(const struct ArrowSchema *s, const firn_arrow_format *f, int depth,
                               firn_arena *a, firn_type *ret, firn_err *err)
{
    bool is_struct = f->kind == FIRN_ARROW_STRUCT;
    bool is_map = f->kind == FIRN_ARROW_MAP;
    *ret = (firn_type){.kind = is_struct ? FIRN_T_STRUCT : is_map ? FIRN_T_MAP : FIRN_T_LIST};
    if (is_map && (s->n_children != 1 || s->children[0]->n_children != 2))
        return firn_raise(err, FIRN_E_INVAL, "column %s: a map without key and value",
                          firn_quotec(s->name ? s->name : "").s);
    if (!is_struct && s->n_children != 1)
        return firn_raise(err, FIRN_E_INVAL, "column %s: a list without its element",
                          firn_quotec(s->name ? s->name : "").s);
    FIRN_TRY(import_children(is_map ? s->children[0] : s, depth, a, ret, err));
    if (is_map) {
        ret->fields[0].name = FIRN_STR_LIT("key");
        ret->fields[0].required = true;
        ret->fields[1].name = FIRN_STR_LIT("value");
    } else if (!is_struct) {
        ret->fields[0].name = FIRN_STR_LIT("element");
    }
    return FIRN_OK;
}

static firn_code import_type(const struct ArrowSchema *s, int depth, firn_arena *a, firn_type *ret,
                             firn_err *err)
{
    firn_arrow_format f;
    const struct ArrowSchema *of = s->dictionary ? s->dictionary : s;
    if (depth > FIRN_ARROW_MAX_DEPTH)
        return firn_raise(err, FIRN_E_LIMIT, "an Arrow schema nested more than %d levels deep",
                          FIRN_ARROW_MAX_DEPTH);
    if (!firn_arrow_format_read(of->format, &f))
        return no_type(s, err);
    bool nested = f.kind == FIRN_ARROW_STRUCT || f.kind == FIRN_ARROW_MAP ||
                  f.kind == FIRN_ARROW_LIST || f.kind == FIRN_ARROW_LIST_VIEW ||
                  f.kind == FIRN_ARROW_FIXED_LIST;
    if (nested)
        return import_nested(of, &f, depth, a, ret, err);
    return primitive_type(of, &f, ret) ? FIRN_OK : no_type(s, err);
}

firn_code firn_arrow_import_field(const struct ArrowSchema *s, int depth, firn_arena *a,
                                  firn_field *ret, firn_err *err)
{
    firn_field f = {.id = firn_arrow_field_id(s)};
    firn_str doc = metadata_value(s->metadata, "doc");
    f.required = !(s->flags & ARROW_FLAG_NULLABLE);
    firn_str name = firn_str_of(s->name);
    if (!firn_utf8_valid(name.p, name.n))
        return firn_raise(err, FIRN_E_INVAL, "a column's name is not UTF-8: %s",
                          firn_quote(name).s);
    f.name = firn_arena_str(a, name);
    if (doc.p && firn_utf8_valid(doc.p, doc.n))
        f.doc = firn_arena_str(a, doc);
    if (!f.name.p)
        return firn_arena_raise(a, err);
    FIRN_TRY(import_type(s, depth, a, &f.type, err));
    *ret = f;
    return FIRN_OK;
}

/* Ids are used only if all fields have one, each its own. */
static bool all_have_ids(const firn_type *t)
{
    for (size_t i = 0; i < t->field_count; i++)
        if (t->fields[i].id == 0 || !all_have_ids(&t->fields[i].type))
            return false;
    return true;
}

static void forget_ids(firn_type *t)
{
    for (size_t i = 0; i < t->field_count; i++) {
        t->fields[i].id = 0;
        forget_ids(&t->fields[i].type);
    }
}

static firn_code import_schema(const struct ArrowSchema *arrow, firn_schema **ret, firn_err *err)
{
    firn_type type = {.kind = FIRN_T_STRUCT};
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a schema", 0);
    if (!a)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_lib_need(arrow, "arrow", err));
    if (!arrow->release || !arrow->format || strcmp(arrow->format, "+s") != 0)
        return firn_raise(err, FIRN_E_INVAL, "an Arrow schema that is no struct of columns");
    FIRN_TRY(import_children(arrow, 0, a, &type, err));
    for (size_t i = 0; i < type.field_count; i++)
        for (size_t k = 0; k < i; k++)
            if (firn_str_eq(type.fields[i].name, type.fields[k].name))
                return firn_raise(err, FIRN_E_INVAL, "two columns have the name %s",
                                  firn_quote(type.fields[i].name).s);
    if (!all_have_ids(&type))
        forget_ids(&type);
    return firn_lib_schema_make(&type, NULL, 0, ret, err);
}

firn_status firn_schema_import_arrow(const struct ArrowSchema *arrow, firn_schema **ret,
                                     firn_error *error)
{
    firn_err err = {0};
    return firn_lib_end(import_schema(arrow, ret, &err), &err, error);
}
