/* SPDX-License-Identifier: Apache-2.0 */
#include "base/type.h"

#include "base/str.h"

#include <string.h>

#define MAX_DEPTH 32

static const char *const kind_names[FIRN_TYPE_KIND_COUNT] = {
    "boolean", "int",       "long",        "float",        "double",         "decimal", "date",
    "time",    "timestamp", "timestamptz", "timestamp_ns", "timestamptz_ns", "string",  "uuid",
    "fixed",   "binary",    "unknown",     "foreign",      "struct",         "list",    "map",
};

/* Spellings of SQL dialects that mean exactly one Iceberg type. */
static const struct {
    const char *word;
    firn_type_kind kind;
} synonyms[] = {
    {"bool", FIRN_T_BOOLEAN},
    {"integer", FIRN_T_INT},
    {"int4", FIRN_T_INT},
    {"int32", FIRN_T_INT},
    {"bigint", FIRN_T_LONG},
    {"int8", FIRN_T_LONG},
    {"int64", FIRN_T_LONG},
    {"real", FIRN_T_FLOAT},
    {"float4", FIRN_T_FLOAT},
    {"float8", FIRN_T_DOUBLE},
    {"double precision", FIRN_T_DOUBLE},
    {"text", FIRN_T_STRING},
    {"varchar", FIRN_T_STRING},
    {"timestamp with time zone", FIRN_T_TIMESTAMPTZ},
    {"timestamp without time zone", FIRN_T_TIMESTAMP},
    {"bytea", FIRN_T_BINARY},
    {"blob", FIRN_T_BINARY},
    {"varbinary", FIRN_T_BINARY},
};

bool firn_type_is_nested(firn_type_kind kind)
{
    return kind == FIRN_T_STRUCT || kind == FIRN_T_LIST || kind == FIRN_T_MAP;
}

const char *firn_type_kind_name(firn_type_kind kind)
{
    return kind_names[kind];
}

bool firn_type_eq(const firn_type *a, const firn_type *b)
{
    if (a->kind != b->kind || a->precision != b->precision || a->scale != b->scale ||
        a->length != b->length || a->field_count != b->field_count ||
        !firn_str_eq(a->text, b->text))
        return false;
    for (size_t i = 0; i < a->field_count; i++) {
        const firn_field *x = &a->fields[i];
        const firn_field *y = &b->fields[i];
        if (!firn_str_eq(x->name, y->name) || x->required != y->required ||
            !firn_type_eq(&x->type, &y->type))
            return false;
    }
    return true;
}

const firn_field *firn_type_field(const firn_type *t, firn_str name)
{
    for (size_t i = 0; i < t->field_count; i++)
        if (firn_str_eq(t->fields[i].name, name))
            return &t->fields[i];
    return NULL;
}

/* Splits "name(a, b)" into the name and up to two numbers; returns how many there were, -1 if the
 * form is wrong. */
static int split_parameters(firn_str text, firn_str *ret_name, int64_t values[2])
{
    text = firn_str_trim(text);
    firn_str rest = text;
    *ret_name = firn_str_trim(firn_str_cut(&rest, '('));
    char close = ')';
    if (!rest.p) {
        rest = text;
        *ret_name = firn_str_trim(firn_str_cut(&rest, '['));
        close = ']';
    }
    if (!rest.p)
        return 0;
    if (rest.n == 0 || rest.p[rest.n - 1] != close)
        return -1;
    rest.n--;
    int count = 0;
    while (rest.p && count < 2) {
        firn_str number = firn_str_trim(firn_str_cut(&rest, ','));
        if (!firn_str_i64(number, &values[count++]))
            return -1;
    }
    return rest.p ? -1 : count;
}

static bool set_decimal(firn_type *ret, int count, const int64_t values[2])
{
    int64_t precision = values[0];
    int64_t scale = count > 1 ? values[1] : 0;
    if (count < 1 || precision < 1 || precision > 38 || scale < 0 || scale > precision)
        return false;
    *ret = (firn_type){.kind = FIRN_T_DECIMAL, .precision = (int)precision, .scale = (int)scale};
    return true;
}

bool firn_type_parse_primitive(firn_str text, firn_type *ret)
{
    firn_str name;
    int64_t values[2];
    int count = split_parameters(text, &name, values);
    if (count < 0)
        return false;
    if (firn_str_eqc(name, "decimal"))
        return set_decimal(ret, count, values);
    if (firn_str_eqc(name, "fixed")) {
        if (count != 1 || values[0] < 1 || values[0] > INT32_MAX)
            return false;
        *ret = (firn_type){.kind = FIRN_T_FIXED, .length = values[0]};
        return true;
    }
    if (count)
        return false;
    for (int k = 0; k < FIRN_T_FOREIGN; k++) {
        if (!firn_str_eqc(name, kind_names[k]))
            continue;
        *ret = (firn_type){.kind = (firn_type_kind)k};
        return true;
    }
    return false;
}

static firn_code no_type(firn_str text, firn_err *err)
{
    firn_raise(err, FIRN_E_CONFIG, "%s is not a type", firn_quote(firn_str_trim(text)).s);
    firn_str words[FIRN_TYPE_KIND_COUNT];
    for (int i = 0; i < FIRN_TYPE_KIND_COUNT; i++)
        words[i] = firn_str_of(kind_names[i]);
    firn_str head = text;
    head = firn_str_trim(firn_str_cut(&head, '('));
    int near = firn_str_nearest(head, words, FIRN_TYPE_KIND_COUNT);
    if (near == FIRN_T_DECIMAL)
        return firn_err_advise(err, "write it as decimal(18,2): total digits, digits behind the "
                                    "point, at most 38");
    if (near >= 0)
        return firn_err_advise(err, "did you mean %s?", kind_names[near]);
    return firn_err_advise(err, "types are boolean, int, long, float, double, decimal(p,s), date, "
                                "time, timestamp, timestamptz, string, uuid, binary, "
                                "struct<name: type, …>, list<type>, map<type, type>");
}

static firn_code parse_word(firn_str text, firn_type *ret, firn_err *err)
{
    char word[64];
    firn_str t = firn_str_trim(text);
    if (t.n >= sizeof word)
        return no_type(text, err);
    for (size_t i = 0; i < t.n; i++)
        word[i] = t.p[i] >= 'A' && t.p[i] <= 'Z' ? (char)(t.p[i] + 32) : t.p[i];
    firn_str lower = {word, t.n};
    if (firn_type_parse_primitive(lower, ret))
        return FIRN_OK;
    if (firn_str_starts(lower, "numeric(")) {
        firn_str name;
        int64_t values[2];
        if (set_decimal(ret, split_parameters(lower, &name, values), values))
            return FIRN_OK;
    }
    for (size_t i = 0; i < FIRN_COUNT_OF(synonyms); i++) {
        if (!firn_str_eqc(lower, synonyms[i].word))
            continue;
        *ret = (firn_type){.kind = synonyms[i].kind};
        return FIRN_OK;
    }
    return no_type(text, err);
}

/* Cuts the next piece at a comma that is not inside brackets. */
static firn_str cut_piece(firn_str *rest)
{
    int depth = 0;
    for (size_t i = 0; i < rest->n; i++) {
        char c = rest->p[i];
        if (c == '<' || c == '(')
            depth++;
        if (c == '>' || c == ')')
            depth--;
        if (c != ',' || depth)
            continue;
        firn_str piece = {rest->p, i};
        *rest = (firn_str){rest->p + i + 1, rest->n - i - 1};
        return piece;
    }
    firn_str piece = *rest;
    *rest = (firn_str){NULL, 0};
    return piece;
}

static firn_code parse_at(firn_str text, int depth, firn_arena *a, firn_type *ret, firn_err *err);

static firn_code parse_fields(firn_str inside, int depth, firn_arena *a, firn_type *ret,
                              firn_err *err)
{
    FIRN_VEC(firn_field) fields = {0};
    firn_str rest = inside;
    while (rest.p) {
        firn_str type_text = cut_piece(&rest);
        firn_str name = firn_str_trim(firn_str_cut(&type_text, ':'));
        if (!type_text.p || name.n == 0)
            return firn_raise(err, FIRN_E_CONFIG, "%s is not 'name: type'",
                              firn_quote(firn_str_trim(name)).s);
        firn_field f = {.name = firn_arena_str(a, name)};
        FIRN_TRY(parse_at(type_text, depth + 1, a, &f.type, err));
        if (!f.name.p || !firn_vec_push(a, &fields, f))
            return firn_arena_raise(a, err);
    }
    ret->fields = fields.v;
    ret->field_count = fields.n;
    return FIRN_OK;
}

static firn_code parse_elements(firn_str inside, size_t count, int depth, firn_arena *a,
                                firn_type *ret, firn_err *err)
{
    static const char *const names[2][2] = {{"element", ""}, {"key", "value"}};
    ret->fields = firn_arena_array(a, count, sizeof *ret->fields);
    if (!ret->fields)
        return firn_arena_raise(a, err);
    ret->field_count = count;
    firn_str rest = inside;
    for (size_t i = 0; i < count; i++) {
        if (!rest.p)
            return no_type(inside, err);
        ret->fields[i].name = firn_str_of(names[count - 1][i]);
        ret->fields[i].required = count == 2 && i == 0; /* keys of a map */
        FIRN_TRY(parse_at(cut_piece(&rest), depth + 1, a, &ret->fields[i].type, err));
    }
    return rest.p ? no_type(inside, err) : FIRN_OK;
}

static firn_code parse_at(firn_str text, int depth, firn_arena *a, firn_type *ret, firn_err *err)
{
    if (depth > MAX_DEPTH)
        return firn_raise(err, FIRN_E_LIMIT, "types nest to %d levels", MAX_DEPTH);
    firn_str t = firn_str_trim(text);
    firn_str inside = t;
    firn_str head = firn_str_trim(firn_str_cut(&inside, '<'));
    if (!inside.p)
        return parse_word(t, ret, err);
    if (inside.n == 0 || inside.p[inside.n - 1] != '>')
        return no_type(t, err);
    inside.n--;
    *ret = (firn_type){0};
    if (firn_str_ieq(head, FIRN_STR_LIT("struct"))) {
        ret->kind = FIRN_T_STRUCT;
        return parse_fields(inside, depth, a, ret, err);
    }
    if (firn_str_ieq(head, FIRN_STR_LIT("map"))) {
        ret->kind = FIRN_T_MAP;
        return parse_elements(inside, 2, depth, a, ret, err);
    }
    if (firn_str_ieq(head, FIRN_STR_LIT("list")) || firn_str_ieq(head, FIRN_STR_LIT("array"))) {
        ret->kind = FIRN_T_LIST;
        return parse_elements(inside, 1, depth, a, ret, err);
    }
    return no_type(t, err);
}

firn_code firn_type_parse(firn_str text, firn_arena *a, firn_type *ret, firn_err *err)
{
    firn_type t = {0};
    FIRN_TRY(parse_at(text, 0, a, &t, err));
    *ret = t;
    return FIRN_OK;
}

static firn_code print_struct(const firn_type *t, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, "struct<", err));
    for (size_t i = 0; i < t->field_count; i++) {
        if (i)
            FIRN_TRY(firn_buf_adds(out, ", ", err));
        FIRN_TRY(firn_buf_addstr(out, t->fields[i].name, err));
        FIRN_TRY(firn_buf_adds(out, ": ", err));
        FIRN_TRY(firn_type_print(&t->fields[i].type, out, err));
    }
    return firn_buf_addc(out, '>', err);
}

firn_code firn_type_print(const firn_type *t, firn_buf *out, firn_err *err)
{
    switch (t->kind) {
    case FIRN_T_FOREIGN:
        return firn_buf_addstr(out, t->text, err);
    case FIRN_T_DECIMAL:
        return firn_buf_addf(out, err, "decimal(%d,%d)", t->precision, t->scale);
    case FIRN_T_FIXED:
        return firn_buf_addf(out, err, "fixed[%lld]", (long long)t->length);
    case FIRN_T_STRUCT:
        return print_struct(t, out, err);
    case FIRN_T_LIST:
        FIRN_TRY(firn_buf_adds(out, "list<", err));
        FIRN_TRY(firn_type_print(&t->fields[0].type, out, err));
        return firn_buf_addc(out, '>', err);
    case FIRN_T_MAP:
        FIRN_TRY(firn_buf_adds(out, "map<", err));
        FIRN_TRY(firn_type_print(&t->fields[0].type, out, err));
        FIRN_TRY(firn_buf_adds(out, ", ", err));
        FIRN_TRY(firn_type_print(&t->fields[1].type, out, err));
        return firn_buf_addc(out, '>', err);
    case FIRN_T_BOOLEAN:
    case FIRN_T_INT:
    case FIRN_T_LONG:
    case FIRN_T_FLOAT:
    case FIRN_T_DOUBLE:
    case FIRN_T_DATE:
    case FIRN_T_TIME:
    case FIRN_T_TIMESTAMP:
    case FIRN_T_TIMESTAMPTZ:
    case FIRN_T_TIMESTAMP_NS:
    case FIRN_T_TIMESTAMPTZ_NS:
    case FIRN_T_STRING:
    case FIRN_T_UUID:
    case FIRN_T_BINARY:
    case FIRN_T_UNKNOWN:
    case FIRN_TYPE_KIND_COUNT:
        break;
    }
    firn_assert(t->kind < FIRN_TYPE_KIND_COUNT);
    return firn_buf_adds(out, kind_names[t->kind], err);
}

const char *firn_type_text(const firn_type *t, firn_arena *a)
{
    FIRN_AUTO(firn_buf_free) firn_buf b = FIRN_BUF((size_t)1 << 20);
    if (firn_type_print(t, &b, NULL) != FIRN_OK)
        return "?";
    const char *text = firn_arena_strndup(a, firn_buf_cstr(&b), b.n);
    return text ? text : "?";
}

static bool copy_text(firn_str *s, firn_arena *a)
{
    if (s->p)
        *s = firn_arena_str(a, *s);
    return s->p != NULL;
}

/* Texts that may be absent. */
static bool copy_texts(const firn_field *from, firn_arena *a, firn_field *to)
{
    return (!from->doc.p || copy_text(&to->doc, a)) &&
           (!from->initial_default.p || copy_text(&to->initial_default, a)) &&
           (!from->write_default.p || copy_text(&to->write_default, a));
}

static bool copy_into(const firn_type *t, firn_arena *a, firn_type *ret)
{
    *ret = *t;
    if (t->text.p && !copy_text(&ret->text, a))
        return false;
    if (t->field_count == 0)
        return true;
    ret->fields = firn_arena_array(a, t->field_count, sizeof *ret->fields);
    if (!ret->fields)
        return false;
    for (size_t i = 0; i < t->field_count; i++) {
        const firn_field *from = &t->fields[i];
        firn_field *to = &ret->fields[i];
        *to = *from;
        to->name = firn_arena_str(a, from->name);
        if (!to->name.p || !copy_texts(from, a, to) || !copy_into(&from->type, a, &to->type))
            return false;
    }
    return true;
}

firn_type firn_type_copy(const firn_type *t, firn_arena *a)
{
    firn_type copy;
    if (!copy_into(t, a, &copy))
        copy = (firn_type){.kind = FIRN_TYPE_KIND_COUNT};
    return copy;
}
