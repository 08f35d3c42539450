/* SPDX-License-Identifier: Apache-2.0 */
/* Nested values are taken apart and put together again; lists and maps by lambdas. */
#include "engine/convert.h"

#include "base/str.h"
#include "engine/sql.h"

#define PARTS (size_t)64 << 20

/* --- what is possible ---------------------------------------------------------------------- */

static bool is_number(firn_type_kind k)
{
    return k == FIRN_T_INT || k == FIRN_T_LONG || k == FIRN_T_FLOAT || k == FIRN_T_DOUBLE ||
           k == FIRN_T_DECIMAL;
}

static bool is_time(firn_type_kind k)
{
    return k == FIRN_T_DATE || k == FIRN_T_TIMESTAMP || k == FIRN_T_TIMESTAMPTZ ||
           k == FIRN_T_TIMESTAMP_NS;
}

static int whole_digits(const firn_type *t)
{
    return t->kind == FIRN_T_INT ? 10 : t->kind == FIRN_T_LONG ? 19 : t->precision - t->scale;
}

static bool is_exact_number(const firn_type *from, const firn_type *to)
{
    firn_type_kind f = from->kind;
    if (to->kind == FIRN_T_LONG)
        return f == FIRN_T_INT;
    if (to->kind == FIRN_T_DOUBLE)
        return f == FIRN_T_FLOAT || f == FIRN_T_INT;
    if (to->kind != FIRN_T_DECIMAL || f == FIRN_T_FLOAT || f == FIRN_T_DOUBLE)
        return false;
    int scale = f == FIRN_T_DECIMAL ? from->scale : 0;
    return scale <= to->scale && whole_digits(from) <= whole_digits(to);
}

static firn_convert_kind kind_of_primitive(const firn_type *from, const firn_type *to)
{
    firn_type_kind f = from->kind;
    firn_type_kind t = to->kind;
    if (is_number(f) && is_number(t))
        return is_exact_number(from, to) ? FIRN_CONVERT_EXACT : FIRN_CONVERT_CHECKED;
    if (is_time(f) && is_time(t))
        return t == FIRN_T_TIMESTAMP_NS ? FIRN_CONVERT_NONE : FIRN_CONVERT_CHECKED;
    if (f == FIRN_T_STRING)
        return t == FIRN_T_BINARY ? FIRN_CONVERT_EXACT : FIRN_CONVERT_CHECKED;
    if (t == FIRN_T_STRING)
        return f == FIRN_T_BINARY ? FIRN_CONVERT_CHECKED : FIRN_CONVERT_EXACT;
    return FIRN_CONVERT_NONE;
}

static const firn_field *field_named(const firn_type *t, firn_str name)
{
    for (size_t i = 0; i < t->field_count; i++)
        if (firn_str_ieq(t->fields[i].name, name))
            return &t->fields[i];
    return NULL;
}

static firn_convert_kind kind_of_nested(const firn_type *from, const firn_type *to)
{
    firn_convert_kind all = FIRN_CONVERT_EXACT;
    for (size_t i = 0; from->kind == FIRN_T_STRUCT && i < from->field_count; i++)
        if (!field_named(to, from->fields[i].name))
            all = FIRN_CONVERT_CHECKED;
    for (size_t i = 0; i < to->field_count; i++) {
        const firn_field *f =
            from->kind == FIRN_T_STRUCT ? field_named(from, to->fields[i].name) : &from->fields[i];
        if (!f)
            continue;
        firn_convert_kind k = firn_convert_kind_of(&f->type, &to->fields[i].type);
        if (k == FIRN_CONVERT_NONE)
            return k;
        all = FIRN_MAX(all, k);
    }
    return all;
}

firn_convert_kind firn_convert_kind_of(const firn_type *from, const firn_type *to)
{
    bool nested = firn_type_is_nested(from->kind);
    if (firn_type_eq(from, to))
        return FIRN_CONVERT_EXACT;
    if (nested && to->kind == FIRN_T_STRING)
        return FIRN_CONVERT_EXACT; /* as JSON */
    if (nested != firn_type_is_nested(to->kind))
        return FIRN_CONVERT_NONE;
    if (!nested)
        return kind_of_primitive(from, to);
    return from->kind == to->kind ? kind_of_nested(from, to) : FIRN_CONVERT_NONE;
}

bool firn_convert_requires(const firn_type *to)
{
    if (to->kind == FIRN_T_MAP)
        return firn_convert_requires(&to->fields[1].type);
    for (size_t i = 0; i < to->field_count; i++)
        if (to->fields[i].required || firn_convert_requires(&to->fields[i].type))
            return true;
    return false;
}

/* --- values -------------------------------------------------------------------------------- */

/* TRY_CAST(x AS T) */
static firn_code add_cast(const char *word, firn_str x, const firn_type *t, firn_buf *out,
                          firn_err *err)
{
    FIRN_TRY(firn_buf_addf(out, err, "%s(%.*s AS ", word, FIRN_STR_ARG(x)));
    FIRN_TRY(firn_sql_type(out, t, err));
    return firn_buf_addc(out, ')', err);
}

static firn_code value_of_text(const firn_convert *c, firn_str x, firn_buf *out, firn_err *err)
{
    if (c->to->kind == FIRN_T_BINARY)
        return firn_buf_addf(out, err, "encode(%.*s)", FIRN_STR_ARG(x));
    if (!c->format.n)
        return add_cast("TRY_CAST", x, c->to, out, err);
    FIRN_AUTO(firn_buf_free) firn_buf inner = FIRN_BUF(PARTS);
    FIRN_TRY(firn_buf_addf(&inner, err, "TRY(strptime(%.*s, ", FIRN_STR_ARG(x)));
    FIRN_TRY(firn_sql_text(&inner, c->format, err));
    FIRN_TRY(firn_buf_adds(&inner, "))", err));
    return add_cast("TRY_CAST", firn_buf_str(&inner), c->to, out, err);
}

/* {'a': …, 'b': …}, null where x is. */
static firn_code value_of_struct(const firn_convert *c, firn_str x, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_addf(out, err, "CASE WHEN %.*s IS NOT NULL THEN {", FIRN_STR_ARG(x)));
    for (size_t i = 0; i < c->to->field_count; i++) {
        FIRN_AUTO(firn_buf_free) firn_buf part = FIRN_BUF(PARTS);
        const firn_field *to = &c->to->fields[i];
        const firn_field *from = field_named(c->from, to->name);
        FIRN_TRY(firn_buf_adds(out, i ? ", " : "", err));
        FIRN_TRY(firn_sql_ident(out, to->name, err));
        FIRN_TRY(firn_buf_adds(out, ": ", err));
        if (!from) {
            FIRN_TRY(add_cast("CAST", FIRN_STR_LIT("NULL"), &to->type, out, err));
            continue;
        }
        const firn_convert inner = {&from->type, &to->type, {NULL, 0}, c->cuts};
        FIRN_TRY(firn_buf_addf(&part, err, "struct_extract(%.*s, ", FIRN_STR_ARG(x)));
        FIRN_TRY(firn_sql_text(&part, from->name, err));
        FIRN_TRY(firn_buf_addc(&part, ')', err));
        FIRN_TRY(firn_convert_value(&inner, firn_buf_str(&part), out, err));
    }
    return firn_buf_adds(out, "} END", err);
}

/* The name of a lambda's argument, which those inside of it must not have. */
static firn_code add_argument(firn_str x, firn_buf *out, firn_err *err)
{
    return firn_buf_addf(out, err, "e%zu", x.n);
}

static firn_code value_of_list(const firn_convert *c, firn_str x, firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf e = FIRN_BUF(64);
    const firn_convert inner = {
        &c->from->fields[0].type, &c->to->fields[0].type, {NULL, 0}, c->cuts};
    FIRN_TRY(add_argument(x, &e, err));
    FIRN_TRY(firn_buf_addf(out, err, "list_transform(%.*s, lambda %s: ", FIRN_STR_ARG(x),
                           firn_buf_cstr(&e)));
    FIRN_TRY(firn_convert_value(&inner, firn_buf_str(&e), out, err));
    return firn_buf_addc(out, ')', err);
}

static firn_code value_of_map(const firn_convert *c, firn_str x, firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf e = FIRN_BUF(64);
    FIRN_TRY(add_argument(x, &e, err));
    FIRN_TRY(firn_buf_addf(out, err,
                           "map_from_entries(list_transform(map_entries(%.*s), lambda %s: {",
                           FIRN_STR_ARG(x), firn_buf_cstr(&e)));
    for (size_t i = 0; i < 2; i++) {
        FIRN_AUTO(firn_buf_free) firn_buf part = FIRN_BUF(PARTS);
        const firn_convert inner = {
            &c->from->fields[i].type, &c->to->fields[i].type, {NULL, 0}, c->cuts};
        const char *name = i ? "value" : "key";
        FIRN_TRY(firn_buf_addf(&part, err, "%s.\"%s\"", firn_buf_cstr(&e), name));
        FIRN_TRY(firn_buf_addf(out, err, "%s\"%s\": ", i ? ", " : "", name));
        FIRN_TRY(firn_convert_value(&inner, firn_buf_str(&part), out, err));
    }
    return firn_buf_adds(out, "}))", err);
}

firn_code firn_convert_value(const firn_convert *c, firn_str x, firn_buf *out, firn_err *err)
{
    firn_type_kind f = c->from->kind;
    firn_type_kind t = c->to->kind;
    if (firn_type_eq(c->from, c->to))
        return firn_buf_addstr(out, x, err);
    if (firn_type_is_nested(f) && t == FIRN_T_STRING)
        return firn_buf_addf(out, err, "CAST(to_json(%.*s) AS VARCHAR)", FIRN_STR_ARG(x));
    if (f == FIRN_T_STRUCT)
        return value_of_struct(c, x, out, err);
    if (f == FIRN_T_LIST)
        return value_of_list(c, x, out, err);
    if (f == FIRN_T_MAP)
        return value_of_map(c, x, out, err);
    if (f == FIRN_T_BINARY && t == FIRN_T_STRING)
        return firn_buf_addf(out, err, "TRY(decode(%.*s))", FIRN_STR_ARG(x));
    if (f == FIRN_T_STRING)
        return value_of_text(c, x, out, err);
    bool exact = firn_convert_kind_of(c->from, c->to) == FIRN_CONVERT_EXACT;
    return add_cast(exact ? "CAST" : "TRY_CAST", x, c->to, out, err);
}

/* --- conditions ---------------------------------------------------------------------------- */

/* Digits that the cast would round, parts of a time that it would cut. */
static firn_code text_is_whole(const firn_convert *c, firn_str x, firn_str value, firn_buf *out,
                               firn_err *err)
{
    int scale = c->to->kind == FIRN_T_DECIMAL ? c->to->scale : 0;
    switch (c->to->kind) { /* NOLINT: the others lose nothing */
    case FIRN_T_INT:
    case FIRN_T_LONG:
    case FIRN_T_DECIMAL:
        return firn_buf_addf(out, err,
                             " AND regexp_full_match(trim(%.*s), "
                             "'[-+]?[0-9]*([.][0-9]{0,%d}0*)?')",
                             FIRN_STR_ARG(x), scale);
    case FIRN_T_DATE:
        return c->format.n ? FIRN_OK
                           : firn_buf_addf(out, err,
                                           " AND coalesce(TRY_CAST(%.*s AS TIMESTAMP) = "
                                           "CAST(%.*s AS TIMESTAMP), true)",
                                           FIRN_STR_ARG(x), FIRN_STR_ARG(value));
    case FIRN_T_TIMESTAMP:
    case FIRN_T_TIMESTAMPTZ:
        return firn_buf_addf(out, err, " AND NOT regexp_matches(%.*s, '[.][0-9]{6}[0-9]*[1-9]')",
                             FIRN_STR_ARG(x));
    case FIRN_T_BOOLEAN:
    case FIRN_T_FLOAT:
    case FIRN_T_DOUBLE:
    case FIRN_T_TIME:
    case FIRN_T_TIMESTAMP_NS:
    case FIRN_T_TIMESTAMPTZ_NS:
    case FIRN_T_STRING:
    case FIRN_T_UUID:
    case FIRN_T_FIXED:
    case FIRN_T_BINARY:
    case FIRN_T_UNKNOWN:
    case FIRN_T_FOREIGN:
    case FIRN_T_STRUCT:
    case FIRN_T_LIST:
    case FIRN_T_MAP:
    case FIRN_TYPE_KIND_COUNT:
    default:
        return FIRN_OK;
    }
}

static firn_code primitive_fits(const firn_convert *c, firn_str x, firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf value = FIRN_BUF(PARTS);
    FIRN_TRY(firn_convert_value(c, x, &value, err));
    firn_str v = firn_buf_str(&value);
    bool text = c->from->kind == FIRN_T_STRING || c->from->kind == FIRN_T_BINARY;
    if (!text) {
        FIRN_TRY(add_cast("TRY_CAST", v, c->from, out, err));
        return firn_buf_addf(out, err, " IS NOT DISTINCT FROM %.*s", FIRN_STR_ARG(x));
    }
    FIRN_TRY(firn_buf_addf(out, err, "(%.*s IS NULL OR (%.*s IS NOT NULL", FIRN_STR_ARG(x),
                           FIRN_STR_ARG(v)));
    if (c->from->kind == FIRN_T_STRING)
        FIRN_TRY(text_is_whole(c, x, v, out, err));
    return firn_buf_adds(out, "))", err);
}

static firn_code field_fits(const firn_convert *c, const firn_field *from, const firn_field *to,
                            firn_str x, firn_buf *out, firn_err *err)
{
    const firn_convert inner = {&from->type, &to->type, {NULL, 0}, c->cuts};
    FIRN_TRY(firn_buf_adds(out, " AND ", err));
    if (to->required)
        FIRN_TRY(firn_buf_addf(out, err, "%.*s IS NOT NULL AND ", FIRN_STR_ARG(x)));
    return firn_convert_fits(&inner, x, out, err);
}

/* x.name */
static firn_code add_extract(firn_str x, firn_str name, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_addf(out, err, "struct_extract(%.*s, ", FIRN_STR_ARG(x)));
    FIRN_TRY(firn_sql_text(out, name, err));
    return firn_buf_addc(out, ')', err);
}

/* Fields without a place hold nothing. */
static firn_code rest_is_null(const firn_convert *c, firn_str x, firn_buf *out, firn_err *err)
{
    for (size_t i = 0; !c->cuts && i < c->from->field_count; i++) {
        if (field_named(c->to, c->from->fields[i].name))
            continue;
        FIRN_TRY(firn_buf_adds(out, " AND ", err));
        FIRN_TRY(add_extract(x, c->from->fields[i].name, out, err));
        FIRN_TRY(firn_buf_adds(out, " IS NULL", err));
    }
    return FIRN_OK;
}

static firn_code struct_fits(const firn_convert *c, firn_str x, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_addf(out, err, "(%.*s IS NULL OR (true", FIRN_STR_ARG(x)));
    for (size_t i = 0; i < c->to->field_count; i++) {
        FIRN_AUTO(firn_buf_free) firn_buf part = FIRN_BUF(PARTS);
        const firn_field *to = &c->to->fields[i];
        const firn_field *from = field_named(c->from, to->name);
        if (!from) {
            FIRN_TRY(firn_buf_adds(out, to->required ? " AND false" : "", err));
            continue;
        }
        FIRN_TRY(add_extract(x, from->name, &part, err));
        FIRN_TRY(field_fits(c, from, to, firn_buf_str(&part), out, err));
    }
    FIRN_TRY(rest_is_null(c, x, out, err));
    return firn_buf_adds(out, "))", err);
}

/* No element (or value of a map) that does not fit. */
static firn_code repeated_fits(const firn_convert *c, firn_str x, firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf e = FIRN_BUF(64);
    bool map = c->from->kind == FIRN_T_MAP;
    size_t i = map ? 1 : 0;
    FIRN_TRY(add_argument(x, &e, err));
    FIRN_TRY(firn_buf_addf(out, err,
                           map ? "coalesce(len(list_filter(map_values(%.*s), lambda %s: NOT (true"
                               : "coalesce(len(list_filter(%.*s, lambda %s: NOT (true",
                           FIRN_STR_ARG(x), firn_buf_cstr(&e)));
    FIRN_TRY(field_fits(c, &c->from->fields[i], &c->to->fields[i], firn_buf_str(&e), out, err));
    return firn_buf_adds(out, "))) = 0, true)", err);
}

firn_code firn_convert_fits(const firn_convert *c, firn_str x, firn_buf *out, firn_err *err)
{
    bool exact = firn_convert_kind_of(c->from, c->to) == FIRN_CONVERT_EXACT;
    if (exact && !firn_convert_requires(c->to))
        return firn_buf_adds(out, "true", err);
    if (c->to->kind == FIRN_T_STRUCT)
        return struct_fits(c, x, out, err);
    if (c->to->kind == FIRN_T_LIST || c->to->kind == FIRN_T_MAP)
        return repeated_fits(c, x, out, err);
    return primitive_fits(c, x, out, err);
}

/* --- negative zeros ------------------------------------------------------------------------ */

static firn_code zero_in_struct(const firn_type *t, firn_str x, firn_buf *out, bool *ret_possible,
                                firn_err *err)
{
    for (size_t i = 0; i < t->field_count; i++) {
        FIRN_AUTO(firn_buf_free) firn_buf part = FIRN_BUF(PARTS);
        FIRN_AUTO(firn_buf_free) firn_buf inner = FIRN_BUF(PARTS);
        bool possible = false;
        FIRN_TRY(firn_buf_addf(&part, err, "struct_extract(%.*s, ", FIRN_STR_ARG(x)));
        FIRN_TRY(firn_sql_text(&part, t->fields[i].name, err));
        FIRN_TRY(firn_buf_addc(&part, ')', err));
        FIRN_TRY(firn_convert_negative_zero(&t->fields[i].type, firn_buf_str(&part), &inner,
                                            &possible, err));
        if (!possible)
            continue;
        FIRN_TRY(firn_buf_adds(out, *ret_possible ? " OR " : "(", err));
        FIRN_TRY(firn_buf_addstr(out, firn_buf_str(&inner), err));
        *ret_possible = true;
    }
    return *ret_possible ? firn_buf_addc(out, ')', err) : FIRN_OK;
}

static firn_code zero_in_list(const firn_type *element, firn_str list, firn_buf *out,
                              bool *ret_possible, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf e = FIRN_BUF(64);
    FIRN_AUTO(firn_buf_free) firn_buf inner = FIRN_BUF(PARTS);
    FIRN_TRY(add_argument(list, &e, err));
    FIRN_TRY(firn_convert_negative_zero(element, firn_buf_str(&e), &inner, ret_possible, err));
    if (!*ret_possible)
        return FIRN_OK;
    return firn_buf_addf(out, err, "len(list_filter(%.*s, lambda %s: %s)) > 0", FIRN_STR_ARG(list),
                         firn_buf_cstr(&e), firn_buf_cstr(&inner));
}

firn_code firn_convert_negative_zero(const firn_type *t, firn_str x, firn_buf *out,
                                     bool *ret_possible, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf list = FIRN_BUF(PARTS);
    *ret_possible = t->kind == FIRN_T_FLOAT || t->kind == FIRN_T_DOUBLE;
    if (*ret_possible)
        return firn_buf_addf(out, err, "(%.*s = 0 AND signbit(%.*s))", FIRN_STR_ARG(x),
                             FIRN_STR_ARG(x));
    if (t->kind == FIRN_T_STRUCT)
        return zero_in_struct(t, x, out, ret_possible, err);
    if (t->kind == FIRN_T_LIST)
        return zero_in_list(&t->fields[0].type, x, out, ret_possible, err);
    if (t->kind != FIRN_T_MAP)
        return FIRN_OK;
    FIRN_TRY(firn_buf_addf(&list, err, "map_values(%.*s)", FIRN_STR_ARG(x)));
    return zero_in_list(&t->fields[1].type, firn_buf_str(&list), out, ret_possible, err);
}
