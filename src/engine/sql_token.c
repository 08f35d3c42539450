/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sql_token.h"

#include "base/str.h"

#include <ctype.h>
#include <string.h>

/* The spaces of Unicode that the engine takes for blanks, in ranges of UTF-8 bytes. */
static const struct {
    const char *first;
    const char *last;
} wide_blanks[] = {
    {"\xC2\xA0", "\xC2\xA0"},         /* U+00A0 */
    {"\xE2\x80\x80", "\xE2\x80\x8B"}, /* U+2000 … U+200B */
    {"\xE2\x80\xAF", "\xE2\x80\xAF"}, /* U+202F */
    {"\xE2\x81\x9F", "\xE2\x81\xA0"}, /* U+205F, U+2060 */
    {"\xE3\x80\x80", "\xE3\x80\x80"}, /* U+3000 */
    {"\xEF\xBB\xBF", "\xEF\xBB\xBF"}, /* U+FEFF, the byte order mark */
};

/* Returns the length of the blank at `i`, 0 if there is none. */
static size_t blank_at(firn_str s, size_t i)
{
    char c = s.p[i];
    if (c == ' ' || (c >= '\t' && c <= '\r' && c != '\v'))
        return 1;
    if ((unsigned char)c < 0x80)
        return 0;
    for (size_t k = 0; k < FIRN_COUNT_OF(wide_blanks); k++) {
        size_t n = strlen(wide_blanks[k].first);
        if (s.n - i >= n && memcmp(s.p + i, wide_blanks[k].first, n) >= 0 &&
            memcmp(s.p + i, wide_blanks[k].last, n) <= 0)
            return n;
    }
    return 0;
}

static bool is_name_start(char c)
{
    return isalpha((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_name_char(char c)
{
    return is_name_start(c) || isdigit((unsigned char)c) || c == '$';
}

static size_t skip_name(firn_str s, size_t i)
{
    while (i < s.n && is_name_char(s.p[i]) && !blank_at(s, i))
        i++;
    return i;
}

/* Returns the offset behind a quoted run that starts at `at`; a doubled mark belongs to it. */
static size_t skip_quoted(firn_str s, size_t at, char mark, bool backslash)
{
    size_t i = at + 1;
    while (i < s.n) {
        if (backslash && s.p[i] == '\\' && i + 1 < s.n) {
            i += 2;
            continue;
        }
        if (s.p[i] != mark) {
            i++;
            continue;
        }
        if (i + 1 < s.n && s.p[i + 1] == mark) {
            i += 2;
            continue;
        }
        return i + 1;
    }
    return s.n;
}

static size_t skip_block_comment(firn_str s, size_t at)
{
    int depth = 0;
    size_t i = at;
    while (i + 1 < s.n) {
        if (s.p[i] == '/' && s.p[i + 1] == '*') {
            depth++;
            i += 2;
        } else if (s.p[i] == '*' && s.p[i + 1] == '/') {
            i += 2;
            if (--depth == 0)
                return i;
        } else {
            i++;
        }
    }
    return s.n;
}

static size_t skip_line(firn_str s, size_t i)
{
    while (i < s.n && s.p[i] != '\n' && s.p[i] != '\r')
        i++;
    return i;
}

static size_t skip_blanks(firn_str s, size_t i)
{
    while (i < s.n) {
        size_t blank = blank_at(s, i);
        if (blank) {
            i += blank;
        } else if (s.p[i] == '-' && i + 1 < s.n && s.p[i + 1] == '-') {
            i = skip_line(s, i);
        } else if (s.p[i] == '/' && i + 1 < s.n && s.p[i + 1] == '*') {
            i = skip_block_comment(s, i);
        } else {
            break;
        }
    }
    return i;
}

/* Returns the offset behind $tag$…$tag$, or `at` if it is no dollar quote. */
static size_t skip_dollar(firn_str s, size_t at)
{
    size_t i = at + 1;
    if (i < s.n && isdigit((unsigned char)s.p[i]))
        return at; /* a parameter, $1 */
    while (i < s.n && is_name_char(s.p[i]) && s.p[i] != '$')
        i++;
    if (i >= s.n || s.p[i] != '$')
        return at;
    size_t tag = i - at + 1;
    for (size_t k = i + 1; k + tag <= s.n; k++)
        if (memcmp(s.p + k, s.p + at, tag) == 0)
            return k + tag;
    return s.n;
}

static size_t skip_number(firn_str s, size_t i)
{
    while (i < s.n && (isalnum((unsigned char)s.p[i]) || s.p[i] == '.' || s.p[i] == '_'))
        i++;
    return i;
}

firn_sql_token firn_sql_next(firn_str s, size_t from)
{
    size_t i = skip_blanks(s, from);
    firn_sql_token t = {FIRN_SQL_END, i, 0};
    if (i >= s.n)
        return t;
    char c = s.p[i];
    char next = i + 1 < s.n ? s.p[i + 1] : '\0';
    size_t end = i + 1;
    t.kind = FIRN_SQL_SIGN;
    if (c == '\'') {
        t.kind = FIRN_SQL_TEXT;
        end = skip_quoted(s, i, '\'', false);
    } else if ((c == 'e' || c == 'E') && next == '\'') {
        t.kind = FIRN_SQL_TEXT;
        end = skip_quoted(s, i + 1, '\'', true);
    } else if (c == '"') {
        t.kind = FIRN_SQL_QUOTED;
        end = skip_quoted(s, i, '"', false);
    } else if (is_name_start(c)) {
        t.kind = FIRN_SQL_NAME;
        end = skip_name(s, end);
    } else if (isdigit((unsigned char)c) || (c == '.' && isdigit((unsigned char)next))) {
        t.kind = FIRN_SQL_NUMBER;
        end = skip_number(s, i);
    } else if (c == '$') {
        end = skip_dollar(s, i);
        t.kind = end > i ? FIRN_SQL_TEXT : FIRN_SQL_SIGN;
        end = FIRN_MAX(end, i + 1);
    }
    t.length = end - i;
    return t;
}

firn_str firn_sql_text_of(firn_str sql, firn_sql_token t)
{
    return (firn_str){sql.p + t.offset, t.length};
}

bool firn_sql_is_sign(firn_str sql, firn_sql_token t, char c)
{
    return t.kind == FIRN_SQL_SIGN && sql.p[t.offset] == c;
}

bool firn_sql_is_word(firn_str sql, firn_sql_token t, const char *word)
{
    return t.kind == FIRN_SQL_NAME && firn_str_ieq(firn_sql_text_of(sql, t), firn_str_of(word));
}

bool firn_sql_is_identifier(firn_sql_token t)
{
    return t.kind == FIRN_SQL_NAME || t.kind == FIRN_SQL_QUOTED;
}

/* E'…': where its quote is, and what stands for a character behind a backslash. */
static char unescaped(char c)
{
    switch (c) {
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case 'r':
        return '\r';
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    default:
        return c;
    }
}

static size_t copy_quoted(firn_str raw, size_t from, char mark, bool backslash, char *out)
{
    size_t n = 0;
    for (size_t i = from; i + 1 < raw.n; i++) {
        if (backslash && raw.p[i] == '\\' && i + 2 < raw.n) {
            out[n++] = unescaped(raw.p[++i]);
            continue;
        }
        out[n++] = raw.p[i];
        if (raw.p[i] == mark)
            i++;
    }
    return n;
}

/* $tag$…$tag$ without its marks. */
static firn_str inside_dollars(firn_str raw)
{
    const char *second = raw.n > 1 ? memchr(raw.p + 1, '$', raw.n - 1) : NULL;
    size_t tag = second ? (size_t)(second - raw.p) + 1 : raw.n;
    return raw.n >= 2 * tag ? (firn_str){raw.p + tag, raw.n - 2 * tag} : (firn_str){raw.p, 0};
}

firn_code firn_sql_unquote(firn_str sql, firn_sql_token t, firn_arena *a, firn_str *ret,
                           firn_err *err)
{
    firn_str raw = firn_sql_text_of(sql, t);
    bool escapes = t.kind == FIRN_SQL_TEXT && raw.n > 1 && raw.p[1] == '\'';
    bool quoted = t.kind == FIRN_SQL_TEXT || t.kind == FIRN_SQL_QUOTED;
    if (!quoted || raw.p[0] == '$') {
        *ret = firn_arena_str(a, quoted ? inside_dollars(raw) : raw);
        return ret->p ? FIRN_OK : firn_arena_raise(a, err);
    }
    char *out = firn_arena_alloc(a, raw.n + 1);
    if (!out)
        return firn_arena_raise(a, err);
    char mark = t.kind == FIRN_SQL_QUOTED ? '"' : '\'';
    /* E'x' has its first quote at 1; an empty text '' too, but then nothing is in it */
    escapes = escapes && raw.p[0] != '\'';
    size_t n = copy_quoted(raw, escapes ? 2 : 1, mark, escapes, out);
    out[n] = '\0';
    *ret = (firn_str){out, n};
    return FIRN_OK;
}
