/* SPDX-License-Identifier: Apache-2.0 */
/* Variables of models: their values, and statements with the values in them. */
#include "pipeline/vars.h"

#include "base/buf.h"
#include "base/datetime.h"
#include "base/str.h"

#include <string.h>

#define MAX_SQL ((size_t)16 << 20)

static const firn_str built_in[] = {{"today", 5}, {"now", 3}, {"run_id", 6}};

/* --- values -------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t skip_digits(firn_str s, size_t i)
{
    while (i < s.n && is_digit(s.p[i]))
        i++;
    return i;
}

/* -12, 0.06, 1e-3; not 007, .5 or 1. */
static bool is_number(firn_str s)
{
    size_t from = s.n && s.p[0] == '-';
    size_t i = skip_digits(s, from);
    if (i == from || (s.p[from] == '0' && i > from + 1))
        return false;
    if (i < s.n && s.p[i] == '.') {
        size_t fraction = i + 1;
        i = skip_digits(s, fraction);
        if (i == fraction)
            return false;
    }
    if (i < s.n && (s.p[i] == 'e' || s.p[i] == 'E')) {
        size_t exponent = i + 1 + (i + 1 < s.n && (s.p[i + 1] == '-' || s.p[i + 1] == '+'));
        i = skip_digits(s, exponent);
        if (i == exponent)
            return false;
    }
    return i == s.n;
}

static firn_var_kind kind_of(firn_str s)
{
    int32_t days;
    int64_t us;
    bool zoned;
    if (firn_str_eqc(s, "true") || firn_str_eqc(s, "false"))
        return FIRN_VAR_BOOL;
    if (s.n == 0 || firn_str_eqc(s, "null") || firn_str_eqc(s, "~"))
        return FIRN_VAR_NULL;
    if (is_number(s))
        return FIRN_VAR_NUMBER;
    if (firn_date_parse(s, &days))
        return FIRN_VAR_DATE;
    return firn_timestamp_parse(s, &us, &zoned) ? FIRN_VAR_TIMESTAMP : FIRN_VAR_TEXT;
}

firn_var firn_var_of(firn_str name, firn_str text, bool plain)
{
    firn_var v = {.name = name, .kind = plain ? kind_of(text) : FIRN_VAR_TEXT, .text = text};
    if (v.kind == FIRN_VAR_NULL)
        v.text = FIRN_STR_LIT("");
    return v;
}

static bool is_name(firn_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
        if (!letter && !(i && is_digit(c)))
            return false;
    }
    return s.n > 0 && s.n <= 200;
}

/* What a built-in variable must be, whoever gives it; NULL: as it is. */
static const char *built_in_fault(const firn_var *v)
{
    if (firn_str_eqc(v->name, "today") && v->kind != FIRN_VAR_DATE)
        return "today is a date, as 2025-01-31";
    if (firn_str_eqc(v->name, "now") && v->kind != FIRN_VAR_TIMESTAMP)
        return "now is a time, as 2025-01-31T10:00:00Z";
    return NULL;
}

static firn_code push(firn_variables *vars, firn_var v, firn_err *err)
{
    return firn_vec_push(vars->a, &vars->list, v) ? FIRN_OK : firn_arena_raise(vars->a, err);
}

const firn_var *firn_variables_get(const firn_variables *vars, firn_str name)
{
    for (size_t i = vars ? vars->list.n : 0; i > 0; i--)
        if (firn_str_eq(vars->list.v[i - 1].name, name))
            return &vars->list.v[i - 1];
    return NULL;
}

firn_code firn_variables_add_built_in(firn_variables *vars, int64_t now_us, firn_str run_id,
                                      firn_err *err)
{
    char text[FIRN_TIME_TEXT_MAX];
    size_t n = firn_date_print((int32_t)firn_floor_div(now_us, FIRN_US_PER_DAY), text);
    firn_str today = firn_arena_str(vars->a, (firn_str){text, n});
    n = firn_timestamp_print(now_us, true, text);
    firn_str now = firn_arena_str(vars->a, (firn_str){text, n});
    if (!today.p || !now.p)
        return firn_arena_raise(vars->a, err);
    const firn_var list[] = {
        {.name = built_in[0], .kind = FIRN_VAR_DATE, .text = today, .from = "built in"},
        {.name = built_in[1], .kind = FIRN_VAR_TIMESTAMP, .text = now, .from = "built in"},
        {.name = built_in[2], .kind = FIRN_VAR_TEXT, .text = run_id, .from = "built in"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(list); i++)
        FIRN_TRY(push(vars, list[i], err));
    return FIRN_OK;
}

/* --- values of a file ---------------------------------------------------------------------- */

static firn_code wrong_name(const firn_conf *c, firn_err *err)
{
    firn_raise_conf(err, c->key_place, FIRN_ID_VARIABLE, "%s is not the name of a variable",
                    firn_quote(c->key).s);
    firn_err_advise(err, "a name is letters, digits and _, and does not begin with a digit");
    return FIRN_E_CONFIG;
}

static firn_code wrong_shape(const firn_conf *c, firn_err *err)
{
    firn_raise_conf(err, c->place, FIRN_ID_SHAPE,
                    "a variable is a value or a list of values, not %s",
                    firn_conf_kind_name(c->kind));
    firn_err_advise(err,
                    "write it like this: vars: {rate: 0.06, start: 2025-01-01, kinds: [a, b]}");
    return FIRN_E_CONFIG;
}

static firn_code read_list(const firn_conf *c, firn_arena *a, firn_var *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf joined = FIRN_BUF(MAX_SQL);
    firn_var *items = firn_arena_array(a, c->count, sizeof *items);
    if (!items)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < c->count; i++) {
        const firn_conf *item = &c->items[i];
        if (item->kind != FIRN_CONF_TEXT)
            return wrong_shape(item, err);
        items[i] = firn_var_of(ret->name, item->text, item->plain);
        FIRN_TRY(firn_buf_adds(&joined, i ? ", " : "", err));
        FIRN_TRY(firn_buf_addstr(&joined, items[i].text, err));
    }
    ret->kind = FIRN_VAR_LIST;
    ret->items = items;
    ret->count = c->count;
    ret->text = firn_arena_str(a, firn_buf_str(&joined));
    return ret->text.p ? FIRN_OK : firn_arena_raise(a, err);
}

static firn_code read_value(const firn_conf *c, firn_arena *a, firn_var *ret, firn_err *err)
{
    if (c->kind == FIRN_CONF_MAP)
        return wrong_shape(c, err);
    *ret = firn_var_of(c->key, c->text, c->plain);
    ret->from = firn_arena_printf(a, "%s:%u:%u", c->key_place.file ? c->key_place.file : "",
                                  c->key_place.line, c->key_place.column);
    if (!ret->from)
        return firn_arena_raise(a, err);
    return c->kind == FIRN_CONF_LIST ? read_list(c, a, ret, err) : FIRN_OK;
}

firn_code firn_variables_add_conf(firn_variables *vars, const firn_conf *map, bool built_in_too,
                                  firn_err *err)
{
    for (size_t i = 0; map && i < map->count; i++) {
        const firn_conf *c = &map->items[i];
        firn_var v;
        if (!is_name(c->key))
            return wrong_name(c, err);
        FIRN_TRY(read_value(c, vars->a, &v, err));
        const char *fault = built_in_fault(&v);
        if (firn_str_eqc(c->key, "run_id") && !built_in_too) {
            firn_raise_conf(err, c->key_place, FIRN_ID_CLASH, "the variable %.*s is built in",
                            FIRN_STR_ARG(c->key));
            firn_err_advise(err, "give yours another name; for one run: --var %.*s=…",
                            FIRN_STR_ARG(c->key));
            return FIRN_E_CONFIG;
        }
        if (fault) {
            firn_raise_conf(err, c->place, FIRN_ID_VALUE, "%s", fault);
            firn_err_advise(err, "write it without quotes");
            return FIRN_E_CONFIG;
        }
        FIRN_TRY(push(vars, v, err));
    }
    return FIRN_OK;
}

firn_code firn_variables_add_word(firn_variables *vars, const char *word, firn_err *err)
{
    firn_str rest = firn_str_of(word);
    firn_str name = firn_str_cut(&rest, '=');
    if (!rest.p || !is_name(name)) {
        firn_raise(err, FIRN_E_USAGE, "--var takes name=value, not %s", firn_quotec(word).s);
        return firn_err_advise(err, "for example: --var today=2025-01-31");
    }
    if (!firn_utf8_valid(rest.p, rest.n))
        return firn_raise(err, FIRN_E_USAGE, "the value of --var %.*s is not UTF-8",
                          FIRN_STR_ARG(name));
    bool quoted = rest.n > 1 && rest.p[0] == '\'' && rest.p[rest.n - 1] == '\'';
    firn_str text = quoted ? (firn_str){rest.p + 1, rest.n - 2} : rest;
    firn_var v = firn_var_of(name, text, !quoted && rest.n > 0);
    v.from = "--var";
    const char *fault = built_in_fault(&v);
    if (!fault)
        return push(vars, v, err);
    firn_raise(err, FIRN_E_USAGE, "--var %s: %s", firn_quotec(word).s, fault);
    return firn_err_advise(err, "for example: --var today=2025-01-31");
}

/* --- literals ------------------------------------------------------------------------------ */

static bool has_line_end(firn_str s)
{
    return s.n && (memchr(s.p, '\n', s.n) || memchr(s.p, '\r', s.n));
}

/* E'…': a line end would move the lines behind it. */
static firn_code add_escaped(firn_buf *out, firn_str s, firn_err *err)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        const char *escape = c == '\n' ? "\\n" : c == '\r' ? "\\r" : c == '\\' ? "\\\\" : NULL;
        if (c == '\'')
            escape = "''";
        FIRN_TRY(escape ? firn_buf_adds(out, escape, err) : firn_buf_addc(out, c, err));
    }
    return FIRN_OK;
}

static firn_code add_doubled(firn_buf *out, firn_str s, char mark, firn_err *err)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == mark)
            FIRN_TRY(firn_buf_addc(out, mark, err));
        FIRN_TRY(firn_buf_addc(out, s.p[i], err));
    }
    return FIRN_OK;
}

static firn_code add_text(firn_buf *out, firn_str s, firn_err *err)
{
    bool escape = has_line_end(s);
    FIRN_TRY(firn_buf_adds(out, escape ? "E'" : "'", err));
    FIRN_TRY(escape ? add_escaped(out, s, err) : add_doubled(out, s, '\'', err));
    return firn_buf_addc(out, '\'', err);
}

static const char *prefix_of(const firn_var *v)
{
    int64_t us;
    bool zoned = false;
    if (v->kind == FIRN_VAR_DATE)
        return "DATE ";
    if (v->kind != FIRN_VAR_TIMESTAMP)
        return "";
    return firn_timestamp_parse(v->text, &us, &zoned) && zoned ? "TIMESTAMPTZ " : "TIMESTAMP ";
}

static firn_code add_scalar(firn_buf *out, const firn_var *v, firn_err *err)
{
    bool negative = v->kind == FIRN_VAR_NUMBER && v->text.p[0] == '-';
    if (v->kind == FIRN_VAR_NULL)
        return firn_buf_adds(out, "NULL", err);
    if (negative) /* two minus signs would be a comment */
        return firn_buf_addf(out, err, "(%.*s)", FIRN_STR_ARG(v->text));
    if (v->kind == FIRN_VAR_NUMBER || v->kind == FIRN_VAR_BOOL)
        return firn_buf_addstr(out, v->text, err);
    FIRN_TRY(firn_buf_adds(out, prefix_of(v), err));
    return add_text(out, v->text, err);
}

static firn_code add_literal(firn_buf *out, const firn_var *v, firn_err *err)
{
    if (v->kind != FIRN_VAR_LIST)
        return add_scalar(out, v, err);
    FIRN_TRY(firn_buf_addc(out, '(', err));
    for (size_t i = 0; i < v->count; i++) {
        FIRN_TRY(firn_buf_adds(out, i ? ", " : "", err));
        FIRN_TRY(add_scalar(out, &v->items[i], err));
    }
    return firn_buf_adds(out, v->count ? ")" : "NULL)", err);
}

/* --- statements ---------------------------------------------------------------------------- */

typedef struct filling {
    const firn_variables *vars;
    firn_str sql;
    firn_place place;
    firn_arena *a;
    firn_buf out;
    size_t done; /* of the statement, copied */
    FIRN_VEC(firn_sql_shift) shifts;
    FIRN_VEC(firn_str) used;
    bool changes; /* another value each time */
} filling;

static size_t find_brace(firn_str s, size_t from, size_t end)
{
    while (from + 1 < end && !(s.p[from] == '$' && s.p[from + 1] == '{'))
        from++;
    return from + 1 < end ? from : end;
}

static int count_chars(const uint8_t *p, size_t n)
{
    int count = 0;
    for (size_t i = 0; i < n; i++)
        count += (p[i] & 0xc0) != 0x80;
    return count;
}

static firn_place place_at(const filling *f, size_t offset)
{
    firn_place p = f->place;
    for (size_t i = 0; i < offset; i++) {
        bool continues = ((unsigned char)f->sql.p[i] & 0xc0) == 0x80;
        p.column = f->sql.p[i] == '\n' ? 1 : p.column + !continues;
        p.line += f->sql.p[i] == '\n';
    }
    return p;
}

static firn_code malformed(const filling *f, size_t at, firn_str expr, firn_err *err)
{
    firn_raise_conf(err, place_at(f, at), FIRN_ID_VARIABLE, "%s is not a variable",
                    firn_quote(expr).s);
    firn_err_advise(err, "write ${name} or ${name:-default}, apart from other words; in quotes "
                         "$${ stands for the characters themselves");
    return FIRN_E_CONFIG;
}

static firn_code unknown(const filling *f, size_t at, firn_str name, firn_err *err)
{
    firn_str names[256];
    size_t n = FIRN_MIN(f->vars ? f->vars->list.n : 0, FIRN_COUNT_OF(names));
    for (size_t i = 0; i < n; i++)
        names[i] = f->vars->list.v[i].name;
    firn_raise_conf(err, place_at(f, at), FIRN_ID_VARIABLE, "there is no variable %.*s",
                    FIRN_STR_ARG(name));
    int near = firn_str_nearest(name, names, n);
    if (near >= 0)
        firn_err_advise(err, "did you mean ${%.*s}?", FIRN_STR_ARG(names[near]));
    else
        firn_err_advise(err,
                        "write it under vars: in the project file (%.*s: \"${%.*s}\" takes an "
                        "environment variable), give --var %.*s=…, or a default: ${%.*s:-…}",
                        FIRN_STR_ARG(name), FIRN_STR_ARG(name), FIRN_STR_ARG(name),
                        FIRN_STR_ARG(name));
    return FIRN_E_CONFIG;
}

static firn_code note_used(filling *f, firn_str name, firn_err *err)
{
    f->changes = f->changes || firn_str_eqc(name, "now") || firn_str_eqc(name, "run_id");
    for (size_t i = 0; i < f->used.n; i++)
        if (firn_str_eq(f->used.v[i], name))
            return FIRN_OK;
    return firn_vec_push(f->a, &f->used, name) ? FIRN_OK : firn_arena_raise(f->a, err);
}

/* Reads the "${…}" at `at`; its value, and the offset behind it. */
static firn_code read_expression(filling *f, size_t at, firn_var *ret, size_t *ret_end,
                                 firn_err *err)
{
    firn_str s = f->sql;
    const char *close = memchr(s.p + at, '}', s.n - at);
    const char *line = memchr(s.p + at, '\n', s.n - at);
    bool open = !close || (line && line < close);
    size_t end = close ? (size_t)(close - s.p) + 1 : s.n;
    firn_str expr = {s.p + at, open ? FIRN_MIN(s.n - at, 2) : end - at};
    if (open)
        return malformed(f, at, expr, err);
    firn_str rest = {expr.p + 2, expr.n - 3};
    firn_str name = firn_str_cut(&rest, ':');
    bool otherwise = rest.p && rest.n && rest.p[0] == '-';
    if (!is_name(name) || (rest.p && !otherwise))
        return malformed(f, at, expr, err);
    const firn_var *v = firn_variables_get(f->vars, name);
    if (!v && !otherwise)
        return unknown(f, at, name, err);
    if (!v) {
        firn_str text = {rest.p + 1, rest.n - 1};
        *ret = firn_var_of(name, text, text.n > 0);
    } else {
        *ret = *v;
    }
    *ret_end = end;
    return note_used(f, name, err);
}

static firn_code copy_until(filling *f, size_t at, firn_err *err)
{
    FIRN_TRY(firn_buf_add(&f->out, f->sql.p + f->done, at - f->done, err));
    f->done = at;
    return FIRN_OK;
}

/* Notes where the output stands apart from what was written: [from, end) became what is in the
 * output since `was`. */
static firn_code note_shift(filling *f, size_t from, size_t end, size_t was, firn_err *err)
{
    const uint8_t *out = f->out.p;
    size_t start = was;
    firn_sql_shift s = {.line = 1};
    while (start > 0 && out[start - 1] != '\n')
        start--;
    for (size_t i = 0; i < was; i++)
        s.line += out[i] == '\n';
    s.column = count_chars(out + start, was - start) + 1;
    s.length = count_chars(out + was, f->out.n - was);
    s.written = count_chars((const uint8_t *)f->sql.p + from, end - from);
    f->done = end;
    return firn_vec_push(f->a, &f->shifts, s) ? FIRN_OK : firn_arena_raise(f->a, err);
}

static bool joins(char c)
{
    return c == '_' || c == '\'' || c == '"' || c == '$' || is_digit(c) || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

/* A literal where a value stands; returns behind the variable. */
static firn_code fill_value(filling *f, size_t at, size_t *ret_end, firn_err *err)
{
    firn_var v;
    FIRN_TRY(read_expression(f, at, &v, ret_end, err));
    FIRN_TRY(copy_until(f, at, err));
    size_t was = f->out.n;
    if (was && joins((char)f->out.p[was - 1]))
        FIRN_TRY(firn_buf_addc(&f->out, ' ', err));
    FIRN_TRY(add_literal(&f->out, &v, err));
    if (*ret_end < f->sql.n && joins(f->sql.p[*ret_end]))
        FIRN_TRY(firn_buf_addc(&f->out, ' ', err));
    return note_shift(f, at, *ret_end, was, err);
}

/* `t` is the text or quoted name around it. */
static firn_code fill_quoted_one(filling *f, firn_sql_token t, size_t at, bool escaped,
                                 size_t *ret_end, firn_err *err)
{
    firn_var v;
    char mark = escaped ? '\'' : f->sql.p[t.offset];
    size_t end = t.offset + t.length;
    if (at > f->done && f->sql.p[at - 1] == '$') { /* $${ */
        FIRN_TRY(copy_until(f, at - 1, err));
        f->done = at; /* one '$' is left out */
        *ret_end = at + 2;
        return FIRN_OK;
    }
    FIRN_TRY(read_expression(f, at, &v, ret_end, err));
    if (*ret_end >= end) /* its brace stands behind the quote */
        return malformed(f, at, (firn_str){f->sql.p + at, end - at}, err);
    FIRN_TRY(copy_until(f, at, err));
    size_t was = f->out.n;
    if (has_line_end(v.text) && !escaped) {
        firn_raise_conf(err, place_at(f, at), FIRN_ID_VARIABLE,
                        "the value of %.*s has several lines", FIRN_STR_ARG(v.name));
        firn_err_advise(err, "write ${%.*s} without quotes around it", FIRN_STR_ARG(v.name));
        return FIRN_E_CONFIG;
    }
    FIRN_TRY(escaped ? add_escaped(&f->out, v.text, err) : add_doubled(&f->out, v.text, mark, err));
    return note_shift(f, at, *ret_end, was, err);
}

static firn_code fill_quoted(filling *f, firn_sql_token t, firn_err *err)
{
    size_t end = t.offset + t.length;
    char first = f->sql.p[t.offset];
    bool escaped = first == 'e' || first == 'E';
    if (first == '$')
        return FIRN_OK;
    for (size_t at = find_brace(f->sql, t.offset, end); at < end;) {
        size_t behind;
        FIRN_TRY(fill_quoted_one(f, t, at, escaped, &behind, err));
        at = find_brace(f->sql, behind, end);
    }
    return FIRN_OK;
}

/* a_${x}: the tokenizer takes the '$' for a part of the name. */
static bool is_cut_name(const filling *f, firn_sql_token t)
{
    size_t end = t.offset + t.length;
    return t.kind == FIRN_SQL_NAME && f->sql.p[end - 1] == '$' && end < f->sql.n &&
           f->sql.p[end] == '{';
}

static firn_code fill(filling *f, firn_err *err)
{
    for (size_t at = 0;;) {
        firn_sql_token t = firn_sql_next(f->sql, at);
        at = t.offset + t.length;
        if (t.kind == FIRN_SQL_END)
            break;
        if (t.kind == FIRN_SQL_TEXT || t.kind == FIRN_SQL_QUOTED)
            FIRN_TRY(fill_quoted(f, t, err));
        else if (is_cut_name(f, t))
            return malformed(f, t.offset, (firn_str){f->sql.p + t.offset, t.length + 1}, err);
        else if (firn_sql_is_sign(f->sql, t, '$') && at < f->sql.n && f->sql.p[at] == '{')
            FIRN_TRY(fill_value(f, t.offset, &at, err));
    }
    return copy_until(f, f->sql.n, err);
}

firn_code firn_variables_fill(const firn_variables *vars, firn_str sql, firn_place place,
                              firn_arena *a, firn_filled *ret, firn_err *err)
{
    filling f = {.vars = vars, .sql = sql, .place = place, .a = a, .out = FIRN_BUF(MAX_SQL)};
    *ret = (firn_filled){.sql = sql};
    if (find_brace(sql, 0, sql.n) == sql.n)
        return FIRN_OK;
    firn_code code = fill(&f, err);
    firn_str text = code == FIRN_OK ? firn_arena_str(a, firn_buf_str(&f.out)) : sql;
    firn_buf_free(&f.out);
    if (!text.p)
        return firn_arena_raise(a, err);
    *ret = (firn_filled){.sql = text,
                         .shifts = f.shifts.v,
                         .shift_count = f.shifts.n,
                         .used = f.used.v,
                         .used_count = f.used.n,
                         .volatile_ = f.changes};
    return code;
}
