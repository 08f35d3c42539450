/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a statement, and where they stand. */
#include "pipeline/alter_int.h"

#include "base/str.h"

#include <ctype.h>
#include <string.h>

/* --- splitting ----------------------------------------------------------------------------- */

static bool is_name_start(char c)
{
    return isalpha((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_name_char(char c)
{
    return is_name_start(c) || isdigit((unsigned char)c) || c == '$';
}

static size_t skip_blanks(firn_str s, size_t i)
{
    while (i < s.n) {
        bool two = i + 1 < s.n;
        if (isspace((unsigned char)s.p[i])) {
            i++;
        } else if (two && s.p[i] == '-' && s.p[i + 1] == '-') {
            while (i < s.n && s.p[i] != '\n')
                i++;
        } else if (two && s.p[i] == '/' && s.p[i + 1] == '*') {
            const char *end = memmem(s.p + i + 2, s.n - i - 2, "*/", 2);
            i = end ? (size_t)(end - s.p) + 2 : s.n;
        } else {
            break;
        }
    }
    return i;
}

/* The offset behind the quotes that begin at i; 0 if they are not closed. */
static size_t skip_quoted(firn_str s, size_t i)
{
    char mark = s.p[i++];
    while (i < s.n) {
        if (s.p[i] != mark)
            i++;
        else if (i + 1 < s.n && s.p[i + 1] == mark)
            i += 2;
        else
            return i + 1;
    }
    return 0;
}

static size_t skip_number(firn_str s, size_t i)
{
    while (i < s.n && (isalnum((unsigned char)s.p[i]) || s.p[i] == '.' || s.p[i] == '_'))
        i++;
    return i;
}

static size_t skip_word(firn_str s, size_t i)
{
    while (i < s.n && is_name_char(s.p[i]))
        i++;
    return i;
}

static alter_token token_at(firn_str s, size_t i)
{
    char c = s.p[i];
    alter_token t = {.kind = ALTER_SIGN, .offset = i, .length = 1};
    if (c == '\'' || c == '"' || c == '`') {
        size_t end = skip_quoted(s, i);
        t.kind = c == '\'' ? ALTER_TEXT : ALTER_QUOTED;
        t.length = end ? end - i : 0;
    } else if (isdigit((unsigned char)c)) {
        t.kind = ALTER_NUMBER;
        t.length = skip_number(s, i) - i;
    } else if (is_name_start(c)) {
        t.kind = ALTER_WORD;
        t.length = skip_word(s, i) - i;
    }
    return t;
}

firn_code firn_alter_lex(const firn_query_conf *conf, firn_arena *a, alter_reader *ret,
                         firn_err *err)
{
    FIRN_VEC(alter_token) tokens = {0};
    alter_reader r = {.sql = conf->sql, .conf = conf, .a = a};
    size_t i = 0;
    while ((i = skip_blanks(r.sql, i)) < r.sql.n) {
        alter_token t = token_at(r.sql, i);
        if (t.length == 0) {
            firn_raise(err, FIRN_E_SQL, "the quotes that begin here are not closed");
            return firn_alter_where(&r, i, err);
        }
        if (!firn_vec_push(a, &tokens, t))
            return firn_arena_raise(a, err);
        i += t.length;
    }
    while (tokens.n && r.sql.p[tokens.v[tokens.n - 1].offset] == ';')
        tokens.n--;
    if (!firn_vec_push(a, &tokens, (alter_token){.kind = ALTER_END, .offset = r.sql.n}))
        return firn_arena_raise(a, err);
    r.tokens = tokens.v;
    r.count = tokens.n;
    *ret = r;
    return FIRN_OK;
}

/* --- places -------------------------------------------------------------------------------- */

firn_code firn_alter_where(const alter_reader *r, size_t offset, firn_err *err)
{
    int line = FIRN_MAX(r->conf->line, 1);
    int column = FIRN_MAX(r->conf->column, 1);
    if (!err || err->where[0])
        return err ? err->code : FIRN_E_SQL;
    for (size_t i = 0; i < offset && i < r->sql.n; i++) {
        bool continues = ((unsigned char)r->sql.p[i] & 0xc0) == 0x80;
        column = r->sql.p[i] == '\n' ? 1 : column + !continues;
        line += r->sql.p[i] == '\n';
    }
    if (r->conf->file)
        return firn_err_where(err, "%s:%d:%d", r->conf->file, line, column);
    return firn_err_where(err, "line %d, column %d", line, column);
}

firn_code firn_alter_as_sql(const alter_reader *r, size_t offset, firn_err *err)
{
    if (err) {
        err->code = FIRN_E_SQL;
        firn_err_id(err, firn_code_policy_of(FIRN_E_SQL)->generic_id);
    }
    firn_alter_where(r, offset, err);
    return FIRN_E_SQL;
}

firn_code firn_alter_expected(const alter_reader *r, const char *what, firn_err *err)
{
    const alter_token *t = firn_alter_peek(r, 0);
    if (t->kind == ALTER_END)
        firn_raise(err, FIRN_E_SQL, "%s is expected at the end", what);
    else
        firn_raise(err, FIRN_E_SQL, "%s is expected, not %s", what,
                   firn_quote(firn_alter_text(r, t)).s);
    firn_err_advise(err, "`firn help alter` has an example of each change");
    return firn_alter_where(r, t->offset, err);
}

/* --- stepping ------------------------------------------------------------------------------ */

firn_str firn_alter_text(const alter_reader *r, const alter_token *t)
{
    return (firn_str){r->sql.p + t->offset, t->length};
}

const alter_token *firn_alter_peek(const alter_reader *r, size_t ahead)
{
    return &r->tokens[FIRN_MIN(r->at + ahead, r->count - 1)];
}

bool firn_alter_is(const alter_reader *r, size_t ahead, const char *word)
{
    const alter_token *t = firn_alter_peek(r, ahead);
    return t->kind == ALTER_WORD && firn_str_ieq(firn_alter_text(r, t), firn_str_of(word));
}

bool firn_alter_take(alter_reader *r, const char *word)
{
    bool found = firn_alter_is(r, 0, word);
    r->at += found;
    return found;
}

bool firn_alter_take2(alter_reader *r, const char *first, const char *second)
{
    bool found = firn_alter_is(r, 0, first) && firn_alter_is(r, 1, second);
    r->at += found ? 2 : 0;
    return found;
}

static bool is_sign(const alter_reader *r, char sign)
{
    const alter_token *t = firn_alter_peek(r, 0);
    return t->kind == ALTER_SIGN && r->sql.p[t->offset] == sign;
}

bool firn_alter_take_sign(alter_reader *r, char sign)
{
    bool found = is_sign(r, sign);
    r->at += found;
    return found;
}

firn_code firn_alter_need(alter_reader *r, const char *word, firn_err *err)
{
    return firn_alter_take(r, word) ? FIRN_OK : firn_alter_expected(r, word, err);
}

firn_code firn_alter_need_sign(alter_reader *r, char sign, firn_err *err)
{
    const char what[] = {'\'', sign, '\'', '\0'};
    return firn_alter_take_sign(r, sign) ? FIRN_OK : firn_alter_expected(r, what, err);
}

/* --- names and texts ----------------------------------------------------------------------- */

/* What is in the quotes, doubled ones made single. */
static firn_code unquote(const alter_reader *r, const alter_token *t, firn_str *ret, firn_err *err)
{
    firn_str s = firn_alter_text(r, t);
    char *out = firn_arena_alloc(r->a, s.n + 1);
    size_t n = 0;
    if (!out)
        return firn_arena_raise(r->a, err);
    for (size_t i = 1; i + 1 < s.n; i++) {
        out[n++] = s.p[i];
        i += s.p[i] == s.p[0];
    }
    out[n] = '\0';
    *ret = (firn_str){out, n};
    return FIRN_OK;
}

firn_code firn_alter_name(alter_reader *r, const char *what, firn_str *ret, firn_err *err)
{
    const alter_token *t = firn_alter_peek(r, 0);
    if (t->kind != ALTER_WORD && t->kind != ALTER_QUOTED)
        return firn_alter_expected(r, what, err);
    r->at++;
    if (t->kind == ALTER_QUOTED)
        return unquote(r, t, ret, err);
    *ret = firn_alter_text(r, t);
    return FIRN_OK;
}

firn_code firn_alter_path(alter_reader *r, const char *what, firn_str *ret, firn_err *err)
{
    firn_str path;
    FIRN_TRY(firn_alter_name(r, what, &path, err));
    while (firn_alter_take_sign(r, '.')) {
        firn_str part;
        FIRN_TRY(firn_alter_name(r, "a name", &part, err));
        const char *joined =
            firn_arena_printf(r->a, "%.*s.%.*s", FIRN_STR_ARG(path), FIRN_STR_ARG(part));
        if (!joined)
            return firn_arena_raise(r->a, err);
        path = firn_str_of(joined);
    }
    *ret = path;
    return FIRN_OK;
}

firn_code firn_alter_string(alter_reader *r, const char *what, firn_str *ret, firn_err *err)
{
    const alter_token *t = firn_alter_peek(r, 0);
    if (t->kind != ALTER_TEXT)
        return firn_alter_expected(r, what, err);
    r->at++;
    return unquote(r, t, ret, err);
}

firn_code firn_alter_number(alter_reader *r, const char *what, int64_t *ret, firn_err *err)
{
    const alter_token *t = firn_alter_peek(r, 0);
    if (t->kind != ALTER_NUMBER || !firn_str_i64(firn_alter_text(r, t), ret))
        return firn_alter_expected(r, what, err);
    r->at++;
    return FIRN_OK;
}
