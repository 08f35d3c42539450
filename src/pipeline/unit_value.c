/* SPDX-License-Identifier: Apache-2.0 */
/* Values of unit tests: what they look like, and what they are in a column of a type. */
#include "pipeline/unit_int.h"

#include "base/datetime.h"
#include "base/dec.h"
#include "base/json.h"
#include "base/str.h"
#include "engine/sql.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* --- what it looks like -------------------------------------------------------------------- */

static firn_var_kind kind_of(const firn_conf *c)
{
    return firn_conf_is_null(c) ? FIRN_VAR_NULL
                                : firn_var_of((firn_str){"", 0}, c->text, c->plain).kind;
}

const char *firn_unit_looks(const firn_conf *c)
{
    if (c->kind != FIRN_CONF_TEXT)
        return firn_conf_kind_name(c->kind);
    switch (kind_of(c)) {
    case FIRN_VAR_NUMBER:
        return "a number";
    case FIRN_VAR_BOOL:
        return "true or false";
    case FIRN_VAR_DATE:
        return "a date";
    case FIRN_VAR_TIMESTAMP:
        return "a timestamp";
    case FIRN_VAR_NULL:
        return "null";
    case FIRN_VAR_TEXT:
    case FIRN_VAR_LIST:
        break;
    }
    return "a text";
}

static firn_type_kind number_kind(firn_str s)
{
    int64_t whole;
    return firn_str_i64(s, &whole) ? FIRN_T_LONG : FIRN_T_DOUBLE;
}

static firn_type_kind timestamp_kind(firn_str s)
{
    int64_t us;
    bool zoned = false;
    return firn_timestamp_parse(s, &us, &zoned) && zoned ? FIRN_T_TIMESTAMPTZ : FIRN_T_TIMESTAMP;
}

static firn_type_kind scalar_kind(const firn_conf *c)
{
    switch (kind_of(c)) {
    case FIRN_VAR_NUMBER:
        return number_kind(c->text);
    case FIRN_VAR_BOOL:
        return FIRN_T_BOOLEAN;
    case FIRN_VAR_DATE:
        return FIRN_T_DATE;
    case FIRN_VAR_TIMESTAMP:
        return timestamp_kind(c->text);
    case FIRN_VAR_NULL:
        return FIRN_T_UNKNOWN;
    case FIRN_VAR_TEXT:
    case FIRN_VAR_LIST:
        break;
    }
    return FIRN_T_STRING;
}

/* Numbers become doubles, dates timestamps; of what does not go together everything is text. */
static firn_type_kind join_kinds(firn_type_kind x, firn_type_kind y)
{
    if (x == y || y == FIRN_T_UNKNOWN)
        return x;
    if (x == FIRN_T_UNKNOWN)
        return y;
    bool numbers =
        (x == FIRN_T_LONG || x == FIRN_T_DOUBLE) && (y == FIRN_T_LONG || y == FIRN_T_DOUBLE);
    if (numbers)
        return FIRN_T_DOUBLE;
    if (x == FIRN_T_DATE && (y == FIRN_T_TIMESTAMP || y == FIRN_T_TIMESTAMPTZ))
        return y;
    if (y == FIRN_T_DATE && (x == FIRN_T_TIMESTAMP || x == FIRN_T_TIMESTAMPTZ))
        return x;
    return FIRN_T_STRING;
}

static firn_code infer_list(const firn_conf *c, firn_arena *a, firn_type *type, firn_err *err)
{
    if (type->kind == FIRN_T_UNKNOWN) {
        firn_field *element = firn_arena_zalloc(a, sizeof *element);
        if (!element)
            return firn_arena_raise(a, err);
        *element = (firn_field){.name = FIRN_STR_LIT("element"), .type = {.kind = FIRN_T_UNKNOWN}};
        *type = (firn_type){.kind = FIRN_T_LIST, .fields = element, .field_count = 1};
    }
    if (type->kind != FIRN_T_LIST) {
        *type = (firn_type){.kind = FIRN_T_STRING};
        return FIRN_OK;
    }
    for (size_t i = 0; i < c->count; i++)
        FIRN_TRY(firn_unit_infer(&c->items[i], a, &type->fields[0].type, err));
    return FIRN_OK;
}

static firn_field *find_field(const firn_type *t, firn_str name)
{
    for (size_t i = 0; i < t->field_count; i++)
        if (firn_str_ieq(t->fields[i].name, name))
            return &t->fields[i];
    return NULL;
}

static firn_code infer_map(const firn_conf *c, firn_arena *a, firn_type *type, firn_err *err)
{
    if (type->kind == FIRN_T_UNKNOWN)
        *type = (firn_type){.kind = FIRN_T_STRUCT};
    if (type->kind != FIRN_T_STRUCT) {
        *type = (firn_type){.kind = FIRN_T_STRING};
        return FIRN_OK;
    }
    firn_field *fields = firn_arena_array(a, type->field_count + c->count, sizeof *fields);
    if (!fields)
        return firn_arena_raise(a, err);
    if (type->field_count)
        memcpy(fields, type->fields, type->field_count * sizeof *fields);
    type->fields = fields;
    for (size_t i = 0; i < c->count; i++) {
        firn_field *f = find_field(type, c->items[i].key);
        if (!f) {
            f = &fields[type->field_count++];
            *f = (firn_field){.name = c->items[i].key, .type = {.kind = FIRN_T_UNKNOWN}};
        }
        FIRN_TRY(firn_unit_infer(&c->items[i], a, &f->type, err));
    }
    return FIRN_OK;
}

/* Recursion is bounded by the depth of the YAML. */
firn_code firn_unit_infer(const firn_conf *c, firn_arena *a, firn_type *type, firn_err *err)
{
    if (c->kind == FIRN_CONF_LIST)
        return infer_list(c, a, type, err);
    if (c->kind == FIRN_CONF_MAP)
        return infer_map(c, a, type, err);
    firn_type_kind kind = scalar_kind(c);
    if (firn_type_is_nested(type->kind))
        *type = kind == FIRN_T_UNKNOWN ? *type : (firn_type){.kind = FIRN_T_STRING};
    else
        type->kind = join_kinds(type->kind, kind);
    return FIRN_OK;
}

/* --- literals ------------------------------------------------------------------------------ */

static firn_code is_not(const firn_conf *c, const firn_type *t, const char *hint, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf type = FIRN_BUF((size_t)1 << 16);
    const char *name = firn_type_print(t, &type, NULL) == FIRN_OK ? firn_buf_cstr(&type) : "?";
    if (c->kind == FIRN_CONF_TEXT)
        firn_raise_conf(err, c->place, FIRN_ID_UNIT_TEST, "%s is no %s", firn_conf_quote(c).s,
                        name);
    else
        firn_raise_conf(err, c->place, FIRN_ID_UNIT_TEST, "%s is no %s",
                        firn_conf_kind_name(c->kind), name);
    firn_err_advise(err, "%s", hint);
    return FIRN_E_CONFIG;
}

static firn_code put_cast(const char *text, size_t n, const firn_type *t, firn_buf *out,
                          firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, "CAST(", err));
    FIRN_TRY(firn_sql_text(out, (firn_str){text, n}, err));
    FIRN_TRY(firn_buf_adds(out, " AS ", err));
    FIRN_TRY(firn_sql_type(out, t, err));
    return firn_buf_addc(out, ')', err);
}

static firn_code put_text(firn_str s, const firn_type *t, firn_buf *out, firn_err *err)
{
    return put_cast(s.p, s.n, t, out, err);
}

static firn_code put_bool(const firn_conf *c, const firn_type *t, firn_buf *out, firn_err *err)
{
    bool yes = firn_str_ieq(c->text, FIRN_STR_LIT("true"));
    if (!yes && !firn_str_ieq(c->text, FIRN_STR_LIT("false")))
        return is_not(c, t, "write true or false", err);
    return firn_buf_adds(out, yes ? "true" : "false", err);
}

static firn_code put_whole(const firn_conf *c, const firn_type *t, firn_buf *out, firn_err *err)
{
    int64_t v;
    bool good = firn_str_i64(c->text, &v);
    bool fits = good && (t->kind == FIRN_T_LONG || (v >= INT32_MIN && v <= INT32_MAX));
    if (!fits)
        return is_not(c, t, good ? "it is too large for the column" : "write a whole number", err);
    return put_text(c->text, t, out, err);
}

static firn_code put_float(const firn_conf *c, const firn_type *t, firn_buf *out, firn_err *err)
{
    static const char *const words[][2] = {{".nan", "nan"}, {".inf", "inf"}, {"-.inf", "-inf"}};
    double v;
    for (size_t i = 0; i < FIRN_COUNT_OF(words); i++)
        if (firn_str_ieq(c->text, firn_str_of(words[i][0])))
            return put_text(firn_str_of(words[i][1]), t, out, err);
    if (!firn_str_f64(c->text, &v))
        return is_not(c, t, "write a number, like 0.25 or 1e-3", err);
    return put_text(c->text, t, out, err);
}

static firn_code put_decimal(const firn_conf *c, const firn_type *t, firn_buf *out, firn_err *err)
{
    firn_i128 v;
    char text[FIRN_DEC_TEXT_MAX];
    switch (firn_dec_parse(c->text, t->precision, t->scale, &v)) {
    case FIRN_DEC_OK:
        return put_cast(text, firn_dec_print(v, t->scale, text), t, out, err);
    case FIRN_DEC_SYNTAX:
        return is_not(c, t, "write a number, like 12.50", err);
    case FIRN_DEC_RANGE:
        return is_not(c, t, "it has more digits before the point than the column keeps", err);
    case FIRN_DEC_INEXACT:
        break;
    }
    return is_not(c, t, "it has more digits behind the point than the column keeps", err);
}

static firn_code put_date(const firn_conf *c, const firn_type *t, firn_buf *out, firn_err *err)
{
    int32_t days;
    if (!firn_date_parse(c->text, &days))
        return is_not(c, t, "write it like this: 2025-05-31", err);
    return put_text(c->text, t, out, err);
}

static firn_code put_time(const firn_conf *c, const firn_type *t, firn_buf *out, firn_err *err)
{
    int64_t us;
    if (!firn_time_parse(c->text, &us))
        return is_not(c, t, "write it like this: \"22:31:08\"", err);
    return put_text(c->text, t, out, err);
}

/* A day is its beginning; without a zone a timestamptz is UTC, as all data is. */
static firn_code put_timestamp(const firn_conf *c, const firn_type *t, firn_buf *out, firn_err *err)
{
    bool tz = t->kind == FIRN_T_TIMESTAMPTZ || t->kind == FIRN_T_TIMESTAMPTZ_NS;
    int32_t days;
    int64_t us;
    bool zoned = false;
    char text[FIRN_TIME_TEXT_MAX];
    if (firn_date_parse(c->text, &days))
        us = days * FIRN_US_PER_DAY;
    else if (!firn_timestamp_parse(c->text, &us, &zoned))
        return is_not(c, t,
                      tz ? "write it like this: 2025-05-31T22:31:08Z"
                         : "write it like this: 2025-05-31T22:31:08",
                      err);
    if (zoned && !tz)
        return is_not(c, t, "the column has no time zone: leave it out", err);
    return put_cast(text, firn_timestamp_print(us, tz, text), t, out, err);
}

static bool is_hex(firn_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!strchr("0123456789abcdefABCDEF", s.p[i]))
            return false;
    return s.n % 2 == 0;
}

/* 0x6869, or the text whose bytes it is. */
static firn_code put_binary(const firn_conf *c, firn_buf *out, firn_err *err)
{
    firn_str s = c->text;
    firn_str digits = {s.p + 2, s.n > 2 ? s.n - 2 : 0};
    if (c->plain && firn_str_starts(s, "0x") && is_hex(digits))
        return firn_buf_addf(out, err, "unhex('%.*s')", FIRN_STR_ARG(digits));
    FIRN_TRY(firn_buf_adds(out, "encode(", err));
    FIRN_TRY(firn_sql_text(out, s, err));
    return firn_buf_addc(out, ')', err);
}

static firn_code put_uuid(const firn_conf *c, const firn_type *t, firn_buf *out, firn_err *err)
{
    bool good = c->text.n == 36;
    for (size_t i = 0; good && i < c->text.n; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        good = dash ? c->text.p[i] == '-'
                    : strchr("0123456789abcdefABCDEF", c->text.p[i]) && c->text.p[i];
    }
    if (!good)
        return is_not(c, t, "write it like this: 8f14e45f-ceea-467f-a8a8-2b1f1e1f3c9a", err);
    return put_text(c->text, t, out, err);
}

/* --- nested ones --------------------------------------------------------------------------- */

static firn_code no_field(const firn_conf *c, const firn_type *t, firn_err *err)
{
    firn_str names[128];
    size_t n = FIRN_MIN(t->field_count, FIRN_COUNT_OF(names));
    for (size_t i = 0; i < n; i++)
        names[i] = t->fields[i].name;
    firn_raise_conf(err, c->key_place, FIRN_ID_UNIT_TEST, "there is no field %s",
                    firn_quote(c->key).s);
    int near = firn_str_nearest(c->key, names, n);
    if (near >= 0)
        firn_err_advise(err, "did you mean %.*s?", FIRN_STR_ARG(names[near]));
    else
        firn_err_advise(err, "the column's type has no such field");
    return FIRN_E_CONFIG;
}

static firn_code put_struct(const firn_conf *c, const firn_type *t, bool strict, firn_buf *out,
                            firn_err *err)
{
    for (size_t i = 0; i < c->count; i++)
        if (!find_field(t, c->items[i].key))
            return no_field(&c->items[i], t, err);
    FIRN_TRY(firn_buf_adds(out, "struct_pack(", err));
    for (size_t i = 0; i < t->field_count; i++) {
        const firn_conf *item = NULL;
        for (size_t k = 0; k < c->count; k++)
            if (firn_str_ieq(c->items[k].key, t->fields[i].name))
                item = &c->items[k];
        FIRN_TRY(firn_buf_adds(out, i ? ", " : "", err));
        FIRN_TRY(firn_sql_ident(out, t->fields[i].name, err));
        FIRN_TRY(firn_buf_adds(out, " := ", err));
        if (item)
            FIRN_TRY(firn_unit_literal(item, &t->fields[i].type, strict, out, err));
        else
            FIRN_TRY(firn_buf_adds(out, "NULL", err));
    }
    return firn_buf_addc(out, ')', err);
}

static firn_code put_list(const firn_conf *c, const firn_type *t, bool strict, firn_buf *out,
                          firn_err *err)
{
    FIRN_TRY(firn_buf_addc(out, '[', err));
    for (size_t i = 0; i < c->count; i++) {
        FIRN_TRY(firn_buf_adds(out, i ? ", " : "", err));
        FIRN_TRY(firn_unit_literal(&c->items[i], &t->fields[0].type, strict, out, err));
    }
    return firn_buf_addc(out, ']', err);
}

static firn_code put_map(const firn_conf *c, const firn_type *t, bool strict, firn_buf *out,
                         firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, "MAP {", err));
    for (size_t i = 0; i < c->count; i++) {
        const firn_conf key = {.kind = FIRN_CONF_TEXT,
                               .plain = true,
                               .place = c->items[i].key_place,
                               .text = c->items[i].key,
                               .written = c->items[i].key};
        FIRN_TRY(firn_buf_adds(out, i ? ", " : "", err));
        FIRN_TRY(firn_unit_literal(&key, &t->fields[0].type, false, out, err));
        FIRN_TRY(firn_buf_adds(out, ": ", err));
        FIRN_TRY(firn_unit_literal(&c->items[i], &t->fields[1].type, strict, out, err));
    }
    return firn_buf_addc(out, '}', err);
}

/* {a: 1}, [1, 2], or JSON in a text (a cell of CSV can hold nothing else). */
static firn_code put_nested(const firn_conf *c, const firn_type *t, bool strict, firn_buf *out,
                            firn_err *err)
{
    firn_conf_kind want = t->kind == FIRN_T_LIST ? FIRN_CONF_LIST : FIRN_CONF_MAP;
    char opens = want == FIRN_CONF_LIST ? '[' : '{';
    firn_str text = firn_str_trim(c->text);
    bool json = c->kind == FIRN_CONF_TEXT && text.n && text.p[0] == opens;
    FIRN_TRY(firn_buf_adds(out, "CAST(", err));
    if (json) {
        FIRN_TRY(firn_buf_adds(out, "CAST(", err));
        FIRN_TRY(firn_sql_text(out, c->text, err));
        FIRN_TRY(firn_buf_adds(out, " AS JSON)", err));
    } else if (c->kind != want) {
        return is_not(c, t, want == FIRN_CONF_LIST ? "write a list: [1, 2]" : "write a map: {a: 1}",
                      err);
    } else if (t->kind == FIRN_T_STRUCT) {
        FIRN_TRY(put_struct(c, t, strict, out, err));
    } else if (t->kind == FIRN_T_LIST) {
        FIRN_TRY(put_list(c, t, strict, out, err));
    } else {
        FIRN_TRY(put_map(c, t, strict, out, err));
    }
    FIRN_TRY(firn_buf_adds(out, " AS ", err));
    FIRN_TRY(firn_sql_type(out, t, err));
    return firn_buf_addc(out, ')', err);
}

/* Recursion is bounded by the depth of the YAML. */
static firn_code put_json(const firn_conf *c, firn_buf *out, firn_err *err)
{
    firn_var_kind kind = c->kind == FIRN_CONF_TEXT ? kind_of(c) : FIRN_VAR_LIST;
    if (kind == FIRN_VAR_NULL)
        return firn_buf_adds(out, "null", err);
    if (kind == FIRN_VAR_NUMBER || kind == FIRN_VAR_BOOL)
        return firn_buf_addstr(out, c->text, err);
    if (c->kind == FIRN_CONF_TEXT)
        return firn_json_escape(c->text, out, err);
    FIRN_TRY(firn_buf_addc(out, c->kind == FIRN_CONF_LIST ? '[' : '{', err));
    for (size_t i = 0; i < c->count; i++) {
        FIRN_TRY(firn_buf_adds(out, i ? ", " : "", err));
        if (c->kind == FIRN_CONF_MAP) {
            FIRN_TRY(firn_json_escape(c->items[i].key, out, err));
            FIRN_TRY(firn_buf_adds(out, ": ", err));
        }
        FIRN_TRY(put_json(&c->items[i], out, err));
    }
    return firn_buf_addc(out, c->kind == FIRN_CONF_LIST ? ']' : '}', err);
}

/* A list or map in a column of texts: the JSON that a source would have sent. */
static firn_code put_json_text(const firn_conf *c, firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf json = FIRN_BUF((size_t)16 << 20);
    FIRN_TRY(put_json(c, &json, err));
    return firn_sql_text(out, firn_buf_str(&json), err);
}

static firn_code put_scalar(const firn_conf *c, const firn_type *t, firn_buf *out, firn_err *err)
{
    switch (t->kind) {
    case FIRN_T_BOOLEAN:
        return put_bool(c, t, out, err);
    case FIRN_T_INT:
    case FIRN_T_LONG:
        return put_whole(c, t, out, err);
    case FIRN_T_FLOAT:
    case FIRN_T_DOUBLE:
        return put_float(c, t, out, err);
    case FIRN_T_DECIMAL:
        return put_decimal(c, t, out, err);
    case FIRN_T_DATE:
        return put_date(c, t, out, err);
    case FIRN_T_TIME:
        return put_time(c, t, out, err);
    case FIRN_T_TIMESTAMP:
    case FIRN_T_TIMESTAMPTZ:
    case FIRN_T_TIMESTAMP_NS:
    case FIRN_T_TIMESTAMPTZ_NS:
        return put_timestamp(c, t, out, err);
    case FIRN_T_UUID:
        return put_uuid(c, t, out, err);
    case FIRN_T_FIXED:
    case FIRN_T_BINARY:
        return put_binary(c, out, err);
    case FIRN_T_STRING:
    case FIRN_T_UNKNOWN:
    case FIRN_T_FOREIGN:
    case FIRN_T_STRUCT:
    case FIRN_T_LIST:
    case FIRN_T_MAP:
    case FIRN_TYPE_KIND_COUNT:
        break;
    }
    return firn_sql_text(out, c->text, err);
}

firn_code firn_unit_literal(const firn_conf *c, const firn_type *t, bool strict, firn_buf *out,
                            firn_err *err)
{
    bool number = t->kind == FIRN_T_BOOLEAN || t->kind == FIRN_T_INT || t->kind == FIRN_T_LONG ||
                  t->kind == FIRN_T_FLOAT || t->kind == FIRN_T_DOUBLE;
    if (c->kind == FIRN_CONF_TEXT && firn_conf_is_null(c))
        return firn_buf_adds(out, "NULL", err);
    if (firn_type_is_nested(t->kind))
        return put_nested(c, t, strict, out, err);
    if (c->kind != FIRN_CONF_TEXT && t->kind == FIRN_T_STRING)
        return put_json_text(c, out, err);
    if (c->kind != FIRN_CONF_TEXT)
        return is_not(c, t, "write one value", err);
    if (strict && number && !c->plain)
        return is_not(c, t, "leave the quotes out", err);
    return put_scalar(c, t, out, err);
}
