/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/interpolate.h"

#include "base/buf.h"
#include "pipeline/yaml.h"

#include <stdlib.h>
#include <string.h>

#define MAX_TEXT ((size_t)1 << 20)

static bool is_name(firn_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
        if (!letter && !(i && c >= '0' && c <= '9'))
            return false;
    }
    return s.n > 0;
}

bool firn_vars_get(const firn_vars *vars, firn_str name, firn_str *ret)
{
    char key[256];
    if (name.n >= sizeof key)
        return false;
    memcpy(key, name.p, name.n);
    key[name.n] = '\0';
    const char *real = getenv(key);
    if (real) {
        *ret = firn_str_of(real);
        return true;
    }
    const firn_str *from_file = firn_map_get(&vars->file, name);
    if (from_file)
        *ret = *from_file;
    return from_file != NULL;
}

/* --- ${…} ---------------------------------------------------------------------------------- */

static firn_code malformed(const firn_conf *c, firn_str expr, firn_err *err)
{
    firn_raise_conf(err, c->place, FIRN_ID_VARIABLE, "%s is not a variable", firn_quote(expr).s);
    firn_err_advise(err, "write ${NAME}, ${NAME:-default} or ${NAME:?why it is needed}; "
                         "for the characters themselves $${");
    return FIRN_E_CONFIG;
}

static firn_code not_set(const firn_conf *c, firn_str name, firn_str why, firn_err *err)
{
    firn_raise_conf(err, c->place, FIRN_ID_VARIABLE, "the variable %.*s is not set%s%s",
                    FIRN_STR_ARG(name), why.n ? ": " : "", why.n ? firn_quote(why).s : "");
    firn_err_advise(err,
                    "export it, put a line %.*s=… into .env beside the project file, or write a "
                    "default: ${%.*s:-…}",
                    FIRN_STR_ARG(name), FIRN_STR_ARG(name));
    return FIRN_E_CONFIG;
}

/* Appends the value of what stands between the braces. */
static firn_code put_variable(const firn_conf *c, firn_str inside, firn_str expr,
                              const firn_vars *vars, firn_buf *out, firn_err *err)
{
    firn_str rest = inside;
    firn_str name = firn_str_cut(&rest, ':');
    char op = rest.n ? rest.p[0] : '\0';
    if (!is_name(name) || name.n > 200 || (rest.p && op != '-' && op != '?'))
        return malformed(c, expr, err);
    firn_str behind = op ? (firn_str){rest.p + 1, rest.n - 1} : (firn_str){"", 0};
    firn_str value = {"", 0};
    bool set = firn_vars_get(vars, name, &value);
    if (op && value.n == 0)
        set = false;
    if (!set && op == '-')
        value = behind;
    else if (!set)
        return not_set(c, name, behind, err);
    if (!firn_utf8_valid(value.p, value.n)) {
        firn_raise_conf(err, c->place, FIRN_ID_VARIABLE, "the variable %.*s is not UTF-8",
                        FIRN_STR_ARG(name));
        firn_err_advise(err, "set it again in a terminal whose locale is UTF-8");
        return FIRN_E_CONFIG;
    }
    return firn_buf_addstr(out, value, err);
}

static size_t find_brace(firn_str s, size_t from)
{
    while (from + 1 < s.n && !(s.p[from] == '$' && s.p[from + 1] == '{'))
        from++;
    return from + 1 < s.n ? from : s.n;
}

/* Handles the "${" at `at`; returns behind its end. */
static firn_code put_expression(const firn_conf *c, size_t at, const firn_vars *vars, firn_buf *out,
                                size_t *ret, firn_err *err)
{
    firn_str s = c->text;
    const char *close = memchr(s.p + at, '}', s.n - at);
    firn_str expr = {s.p + at, close ? (size_t)(close - s.p) + 1 - at : s.n - at};
    if (!close)
        return malformed(c, expr, err);
    firn_str inside = {expr.p + 2, expr.n - 3};
    if (find_brace(inside, 0) < inside.n) {
        firn_raise_conf(err, c->place, FIRN_ID_VARIABLE, "%s holds another variable",
                        firn_quote(expr).s);
        firn_err_advise(err, "a default is a text without variables");
        return FIRN_E_CONFIG;
    }
    FIRN_TRY(put_variable(c, inside, expr, vars, out, err));
    *ret = at + expr.n;
    return FIRN_OK;
}

static firn_code replace_text(firn_conf *c, const firn_vars *vars, firn_arena *a, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(MAX_TEXT);
    firn_str s = c->text;
    size_t done = 0;
    bool replaced = false;
    for (size_t at = find_brace(s, 0); at < s.n; at = find_brace(s, done)) {
        bool escaped = at > done && s.p[at - 1] == '$';
        FIRN_TRY(firn_buf_add(&out, s.p + done, at - done - escaped, err));
        done = at + 2;
        if (escaped) {
            FIRN_TRY(firn_buf_adds(&out, "${", err));
            continue;
        }
        FIRN_TRY(put_expression(c, at, vars, &out, &done, err));
        replaced = true;
    }
    FIRN_TRY(firn_buf_add(&out, s.p + done, s.n - done, err));
    c->text = firn_arena_str(a, firn_buf_str(&out));
    c->replaced = replaced;
    return c->text.p ? FIRN_OK : firn_arena_raise(a, err);
}

static firn_code in_key(const firn_conf *c, firn_err *err)
{
    firn_raise_conf(err, c->key_place, FIRN_ID_VARIABLE, "the key %s holds a variable",
                    firn_quote(c->key).s);
    firn_err_advise(err, "variables are replaced in values only");
    return FIRN_E_CONFIG;
}

static firn_code refused(const firn_conf *c, firn_err *err)
{
    firn_raise_conf(err, c->place, FIRN_ID_VARIABLE, "variables are not replaced in a header");
    firn_err_advise(err, "write the value itself; ${…} works in the statement and in checks");
    return FIRN_E_CONFIG;
}

/* Recursion is bounded by the depth of the tree (FIRN_YAML_MAX_DEPTH). */
firn_code firn_conf_replace(firn_conf *c, const firn_vars *vars, firn_arena *a, firn_err *err)
{
    if (c->key.p && find_brace(c->key, 0) < c->key.n)
        return in_key(c, err);
    if (c->kind == FIRN_CONF_TEXT && find_brace(c->text, 0) < c->text.n)
        return vars ? replace_text(c, vars, a, err) : refused(c, err);
    for (size_t i = 0; i < c->count; i++)
        FIRN_TRY(firn_conf_replace(&c->items[i], vars, a, err));
    return FIRN_OK;
}

/* --- .env ---------------------------------------------------------------------------------- */

typedef struct dotenv {
    firn_str line;
    firn_place place;
    firn_arena *a;
} dotenv;

static firn_code bad_line(const dotenv *d, const char *what, firn_err *err)
{
    firn_raise_conf(err, d->place, FIRN_ID_DOTENV, "%s", what);
    firn_err_advise(err, "a line is KEY=value, KEY=\"value\", KEY='value', a comment (#) or empty");
    return FIRN_E_CONFIG;
}

/* Only blanks and a comment may follow a closing quote. */
static bool is_rest_empty(firn_str rest)
{
    firn_str s = firn_str_trim(rest);
    return s.n == 0 || s.p[0] == '#';
}

static firn_code read_single(const dotenv *d, firn_str raw, firn_str *ret, firn_err *err)
{
    firn_str rest = {raw.p + 1, raw.n - 1};
    firn_str value = firn_str_cut(&rest, '\'');
    if (!rest.p || !is_rest_empty(rest))
        return bad_line(d, "the text in quotes does not end with its quote", err);
    *ret = firn_arena_str(d->a, value);
    return ret->p ? FIRN_OK : firn_arena_raise(d->a, err);
}

static char escape_of(char c)
{
    switch (c) {
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case 'r':
        return '\r';
    case '"':
    case '\\':
    case '$':
        return c;
    default:
        return '\0';
    }
}

static firn_code read_double(const dotenv *d, firn_str raw, firn_str *ret, firn_err *err)
{
    char *out = firn_arena_alloc(d->a, raw.n + 1);
    if (!out)
        return firn_arena_raise(d->a, err);
    size_t n = 0;
    size_t i = 1;
    for (; i < raw.n && raw.p[i] != '"'; i++) {
        char c = raw.p[i];
        if (c == '\\' && i + 1 < raw.n) {
            c = escape_of(raw.p[++i]);
            if (!c)
                return bad_line(d,
                                "a backslash in double quotes is followed by n, t, r, \", $ or "
                                "another backslash",
                                err);
        } else if (c == '$' && i + 1 < raw.n && raw.p[i + 1] == '{') {
            return bad_line(d, "variables are not replaced in .env", err);
        }
        out[n++] = c;
    }
    if (i == raw.n || !is_rest_empty((firn_str){raw.p + i + 1, raw.n - i - 1}))
        return bad_line(d, "the text in quotes does not end with its quote", err);
    *ret = (firn_str){out, n};
    return FIRN_OK;
}

static firn_code read_bare(const dotenv *d, firn_str raw, firn_str *ret, firn_err *err)
{
    size_t n = 0;
    while (n < raw.n &&
           !(raw.p[n] == '#' && (n == 0 || raw.p[n - 1] == ' ' || raw.p[n - 1] == '\t')))
        n++;
    firn_str value = firn_str_trim((firn_str){raw.p, n});
    if (find_brace(value, 0) < value.n)
        return bad_line(d, "variables are not replaced in .env", err);
    *ret = firn_arena_str(d->a, value);
    return ret->p ? FIRN_OK : firn_arena_raise(d->a, err);
}

static firn_code read_line(const dotenv *d, firn_vars *vars, firn_err *err)
{
    firn_str rest = d->line;
    if (firn_str_starts(rest, "export ") || firn_str_starts(rest, "export\t"))
        rest = firn_str_trim((firn_str){rest.p + 7, rest.n - 7});
    firn_str name = firn_str_trim(firn_str_cut(&rest, '='));
    if (!rest.p)
        return bad_line(d, "there is no '=' in this line", err);
    if (!is_name(name))
        return bad_line(d, "what stands before '=' is not a name (letters, digits and _)", err);
    firn_str raw = firn_str_trim(rest);
    char quote = raw.n ? raw.p[0] : '\0';
    firn_str *value = firn_arena_alloc(d->a, sizeof *value);
    if (!value)
        return firn_arena_raise(d->a, err);
    if (quote == '\'')
        FIRN_TRY(read_single(d, raw, value, err));
    else if (quote == '"')
        FIRN_TRY(read_double(d, raw, value, err));
    else
        FIRN_TRY(read_bare(d, raw, value, err));
    firn_str key = firn_arena_str(d->a, name);
    if (!key.p || !firn_map_put(&vars->file, key, value))
        return firn_arena_raise(d->a, err);
    return FIRN_OK;
}

firn_code firn_vars_parse(firn_str text, const char *shown, firn_arena *a, firn_vars *ret,
                          firn_err *err)
{
    firn_vars vars = {.file = FIRN_MAP(a)};
    dotenv d = {.place = {shown, 0, 1}, .a = a};
    if (firn_str_starts(text, "\xef\xbb\xbf"))
        text = (firn_str){text.p + 3, text.n - 3};
    while (text.p) {
        d.line = firn_str_trim(firn_str_cut(&text, '\n'));
        d.place.line++;
        if (memchr(d.line.p, '\0', d.line.n))
            return bad_line(&d, "there is a NUL in this line", err);
        if (d.line.n && d.line.p[0] != '#')
            FIRN_TRY(read_line(&d, &vars, err));
    }
    *ret = vars;
    return FIRN_OK;
}

firn_code firn_vars_load(firn_env *env, const char *path, const char *shown, firn_arena *a,
                         firn_vars *ret, firn_err *err)
{
    firn_slice bytes = {(const uint8_t *)"", 0};
    if (firn_fs_exists(env, path)) {
        firn_code code = firn_fs_read(env, path, FIRN_YAML_MAX_BYTES, a, &bytes, err);
        if (code != FIRN_OK) {
            firn_err_place(err, firn_place_in(shown, 0, 0));
            firn_err_id(err, FIRN_ID_DOTENV);
            return code;
        }
    }
    return firn_vars_parse((firn_str){(const char *)bytes.p, bytes.n}, shown, a, ret, err);
}
