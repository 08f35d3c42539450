/* SPDX-License-Identifier: Apache-2.0 */
/* Types and literals as Spark, Trino and DuckDB spell them. */
#include "pipeline/alter_int.h"

#include "base/str.h"

#define MAX_DEPTH 32

static firn_code read_type(alter_reader *r, int depth, firn_type *ret, firn_err *err);

/* --- nested -------------------------------------------------------------------------------- */

/* The bracket behind struct, list, map: '<' or '('; the one that closes it. */
static firn_code open_bracket(alter_reader *r, char *ret_close, firn_err *err)
{
    *ret_close = '>';
    if (firn_alter_take_sign(r, '<'))
        return FIRN_OK;
    *ret_close = ')';
    return firn_alter_take_sign(r, '(') ? FIRN_OK : firn_alter_expected(r, "'<' or '('", err);
}

static firn_code read_field(alter_reader *r, int depth, firn_field *ret, firn_err *err)
{
    *ret = (firn_field){0};
    FIRN_TRY(firn_alter_name(r, "the name of a part", &ret->name, err));
    firn_alter_take_sign(r, ':');
    FIRN_TRY(read_type(r, depth, &ret->type, err));
    ret->required = firn_alter_take2(r, "not", "null");
    if (!ret->required)
        firn_alter_take(r, "null");
    if (firn_alter_take(r, "comment"))
        FIRN_TRY(firn_alter_string(r, "a text in quotes", &ret->doc, err));
    return FIRN_OK;
}

static firn_code read_struct(alter_reader *r, int depth, firn_type *ret, firn_err *err)
{
    char close;
    FIRN_VEC(firn_field) fields = {0};
    FIRN_TRY(open_bracket(r, &close, err));
    do {
        firn_field f;
        FIRN_TRY(read_field(r, depth, &f, err));
        if (!firn_vec_push(r->a, &fields, f))
            return firn_arena_raise(r->a, err);
    } while (firn_alter_take_sign(r, ','));
    *ret = (firn_type){.kind = FIRN_T_STRUCT, .fields = fields.v, .field_count = fields.n};
    return firn_alter_need_sign(r, close, err);
}

static firn_code make_list(alter_reader *r, firn_type element, firn_type *ret, firn_err *err)
{
    firn_field *f = firn_arena_zalloc(r->a, sizeof *f);
    if (!f)
        return firn_arena_raise(r->a, err);
    *f = (firn_field){.name = FIRN_STR_LIT("element"), .type = element};
    *ret = (firn_type){.kind = FIRN_T_LIST, .fields = f, .field_count = 1};
    return FIRN_OK;
}

static firn_code read_list(alter_reader *r, int depth, firn_type *ret, firn_err *err)
{
    char close;
    firn_type element;
    FIRN_TRY(open_bracket(r, &close, err));
    FIRN_TRY(read_type(r, depth, &element, err));
    FIRN_TRY(firn_alter_need_sign(r, close, err));
    return make_list(r, element, ret, err);
}

static firn_code read_map(alter_reader *r, int depth, firn_type *ret, firn_err *err)
{
    char close;
    firn_field *f = firn_arena_array(r->a, 2, sizeof *f);
    if (!f)
        return firn_arena_raise(r->a, err);
    f[0] = (firn_field){.name = FIRN_STR_LIT("key"), .required = true};
    f[1] = (firn_field){.name = FIRN_STR_LIT("value")};
    FIRN_TRY(open_bracket(r, &close, err));
    FIRN_TRY(read_type(r, depth, &f[0].type, err));
    FIRN_TRY(firn_alter_need_sign(r, ',', err));
    FIRN_TRY(read_type(r, depth, &f[1].type, err));
    *ret = (firn_type){.kind = FIRN_T_MAP, .fields = f, .field_count = 2};
    return firn_alter_need_sign(r, close, err);
}

/* --- primitives ---------------------------------------------------------------------------- */

/* (6), (18, 2), [16]: how many numbers there were. */
static firn_code read_numbers(alter_reader *r, int64_t values[2], int *ret_count, firn_err *err)
{
    *ret_count = 0;
    char close = ')';
    bool is_open = firn_alter_take_sign(r, '(');
    const alter_token *next = firn_alter_peek(r, 1);
    if (!is_open && next->kind == ALTER_NUMBER && firn_alter_take_sign(r, '[')) {
        is_open = true;
        close = ']';
    }
    if (!is_open)
        return FIRN_OK;
    do {
        if (*ret_count == 2)
            return firn_alter_need_sign(r, close, err);
        FIRN_TRY(firn_alter_number(r, "a number", &values[(*ret_count)++], err));
    } while (firn_alter_take_sign(r, ','));
    return firn_alter_need_sign(r, close, err);
}

static bool is_word(firn_str word, const char *const *list)
{
    for (; *list; list++)
        if (firn_str_ieq(word, firn_str_of(*list)))
            return true;
    return false;
}

/* timestamp [(6)] [with|without time zone]; nanoseconds with (7), (8), (9). */
static firn_code read_timestamp(alter_reader *r, firn_str word, firn_type *ret, firn_err *err)
{
    int64_t digits[2] = {6, 0};
    int count;
    bool zoned = firn_str_ieq(word, FIRN_STR_LIT("timestamptz")) ||
                 firn_str_ieq(word, FIRN_STR_LIT("timestamp_ltz"));
    FIRN_TRY(read_numbers(r, digits, &count, err));
    if (firn_alter_take(r, "with")) {
        FIRN_TRY(firn_alter_need(r, "TIME", err));
        FIRN_TRY(firn_alter_need(r, "ZONE", err));
        zoned = true;
    } else if (firn_alter_take(r, "without")) {
        FIRN_TRY(firn_alter_need(r, "TIME", err));
        FIRN_TRY(firn_alter_need(r, "ZONE", err));
    }
    if (count > 1 || digits[0] > 9) {
        firn_raise(err, FIRN_E_SQL, "a timestamp has at most 9 digits behind the second");
        return firn_alter_where(r, firn_alter_peek(r, 0)->offset, err);
    }
    bool ns = digits[0] > 6;
    firn_type_kind plain = ns ? FIRN_T_TIMESTAMP_NS : FIRN_T_TIMESTAMP;
    firn_type_kind with_zone = ns ? FIRN_T_TIMESTAMPTZ_NS : FIRN_T_TIMESTAMPTZ;
    *ret = (firn_type){.kind = zoned ? with_zone : plain};
    return FIRN_OK;
}

/* The type in the words of firn_type_parse; NULL when memory is out. */
static const char *spelled(alter_reader *r, firn_str word, const int64_t n[2], int count)
{
    static const char *const small[] = {"smallint", "tinyint", "short", "byte", "int2", NULL};
    if (is_word(word, small))
        return "int";
    if (count == 0)
        return firn_arena_printf(r->a, "%.*s", FIRN_STR_ARG(word));
    if (firn_str_ieq(word, FIRN_STR_LIT("fixed")))
        return firn_arena_printf(r->a, "fixed[%lld]", (long long)n[0]);
    if (firn_str_ieq(word, FIRN_STR_LIT("time"))) /* a precision of 6 is all */
        return "time";
    if (firn_str_ieq(word, FIRN_STR_LIT("dec")))
        word = FIRN_STR_LIT("decimal");
    return firn_arena_printf(r->a, "%.*s(%lld,%lld)", FIRN_STR_ARG(word), (long long)n[0],
                             (long long)n[1]);
}

static firn_code read_primitive(alter_reader *r, firn_str word, size_t offset, firn_type *ret,
                                firn_err *err)
{
    static const char *const texts[] = {"varchar", "char",   "character", "string",
                                        "text",    "bpchar", NULL};
    static const char *const times[] = {"timestamp",     "timestamptz", "timestamp_ntz",
                                        "timestamp_ltz", "datetime",    NULL};
    int64_t n[2] = {0, 0};
    int count;
    if (is_word(word, times))
        return read_timestamp(r, word, ret, err);
    if (firn_str_ieq(word, FIRN_STR_LIT("double")))
        firn_alter_take(r, "precision");
    if (firn_str_ieq(word, FIRN_STR_LIT("character")))
        firn_alter_take(r, "varying");
    FIRN_TRY(read_numbers(r, n, &count, err));
    if (is_word(word, texts) && count < 2) { /* a length is not kept: Iceberg has none */
        *ret = (firn_type){.kind = FIRN_T_STRING};
        return FIRN_OK;
    }
    const char *text = spelled(r, word, n, count);
    if (!text)
        return firn_arena_raise(r->a, err);
    firn_code code = firn_type_parse(firn_str_of(text), r->a, ret, err);
    return code == FIRN_E_CONFIG ? firn_alter_as_sql(r, offset, err) : code;
}

/* --- both ---------------------------------------------------------------------------------- */

static firn_code read_one(alter_reader *r, int depth, firn_type *ret, firn_err *err)
{
    const alter_token *t = firn_alter_peek(r, 0);
    firn_str word = firn_alter_text(r, t);
    if (t->kind != ALTER_WORD)
        return firn_alter_expected(r, "a type", err);
    r->at++;
    if (firn_str_ieq(word, FIRN_STR_LIT("struct")) || firn_str_ieq(word, FIRN_STR_LIT("row")))
        return read_struct(r, depth, ret, err);
    if (firn_str_ieq(word, FIRN_STR_LIT("list")) || firn_str_ieq(word, FIRN_STR_LIT("array")))
        return read_list(r, depth, ret, err);
    if (firn_str_ieq(word, FIRN_STR_LIT("map")))
        return read_map(r, depth, ret, err);
    return read_primitive(r, word, t->offset, ret, err);
}

static firn_code read_type(alter_reader *r, int depth, firn_type *ret, firn_err *err)
{
    if (depth >= MAX_DEPTH)
        return firn_raise(err, FIRN_E_LIMIT, "types nest to %d levels", MAX_DEPTH);
    FIRN_TRY(read_one(r, depth + 1, ret, err));
    for (int i = 0; firn_alter_take_sign(r, '['); i++) { /* int[][] */
        FIRN_TRY(firn_alter_need_sign(r, ']', err));
        if (i >= MAX_DEPTH)
            return firn_raise(err, FIRN_E_LIMIT, "types nest to %d levels", MAX_DEPTH);
        FIRN_TRY(make_list(r, *ret, ret, err));
    }
    return FIRN_OK;
}

firn_code firn_alter_type(alter_reader *r, firn_type *ret, firn_err *err)
{
    firn_type t;
    FIRN_TRY(read_type(r, 0, &t, err));
    *ret = t;
    return FIRN_OK;
}

/* --- literals ------------------------------------------------------------------------------ */

static firn_code signed_number(alter_reader *r, firn_str *ret, firn_err *err)
{
    bool minus = firn_alter_take_sign(r, '-');
    if (!minus)
        firn_alter_take_sign(r, '+');
    bool point = firn_alter_take_sign(r, '.');
    const alter_token *t = firn_alter_peek(r, 0);
    if (t->kind != ALTER_NUMBER)
        return firn_alter_expected(r, "a literal", err);
    r->at++;
    const char *text = firn_arena_printf(r->a, "%s%s%.*s", minus ? "-" : "", point ? "0." : "",
                                         FIRN_STR_ARG(firn_alter_text(r, t)));
    /* "1e-5": the sign ends a number for the tokenizer */
    char last = t->length ? r->sql.p[t->offset + t->length - 1] : '0';
    bool exponent = last == 'e' || last == 'E';
    const alter_token *next = firn_alter_peek(r, 1);
    if (text && exponent && next->kind == ALTER_NUMBER &&
        (firn_alter_take_sign(r, '-') || firn_alter_take_sign(r, '+'))) {
        text = firn_arena_printf(r->a, "%s%c%.*s", text, r->sql.p[next->offset - 1],
                                 FIRN_STR_ARG(firn_alter_text(r, next)));
        r->at++;
    }
    *ret = firn_str_of(text);
    return text ? FIRN_OK : firn_arena_raise(r->a, err);
}

firn_code firn_alter_literal(alter_reader *r, firn_str *ret, firn_err *err)
{
    static const char *const kinds[] = {"date",    "time",   "timestamp", "timestamptz", "uuid",
                                        "decimal", "binary", "x",         "b",           NULL};
    const alter_token *t = firn_alter_peek(r, 0);
    if (t->kind == ALTER_TEXT)
        return firn_alter_string(r, "a literal", ret, err);
    if (t->kind == ALTER_NUMBER || t->kind == ALTER_SIGN)
        return signed_number(r, ret, err);
    if (firn_alter_take(r, "null")) {
        *ret = (firn_str){NULL, 0};
        return FIRN_OK;
    }
    bool is_bool = firn_alter_is(r, 0, "true") || firn_alter_is(r, 0, "false");
    if (is_bool) {
        r->at++;
        *ret = firn_alter_text(r, t);
        return FIRN_OK;
    }
    bool typed = t->kind == ALTER_WORD && is_word(firn_alter_text(r, t), kinds) &&
                 firn_alter_peek(r, 1)->kind == ALTER_TEXT;
    if (!typed)
        return firn_alter_expected(r, "a literal (a default is one value, no expression)", err);
    r->at++;
    return firn_alter_string(r, "a literal", ret, err);
}
