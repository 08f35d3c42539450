/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sql_front.h"

#include "base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

typedef enum token_kind {
    TOK_END,
    TOK_NAME,
    TOK_QUOTED,
    TOK_TEXT,
    TOK_NUMBER,
    TOK_SIGN
} token_kind;

typedef struct token {
    token_kind kind;
    size_t offset;
    size_t length;
} token;

static bool is_name_start(char c)
{
    return isalpha((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_name_char(char c)
{
    return is_name_start(c) || isdigit((unsigned char)c) || c == '$';
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

static size_t skip_blanks(firn_str s, size_t i)
{
    while (i < s.n) {
        if (isspace((unsigned char)s.p[i])) {
            i++;
        } else if (s.p[i] == '-' && i + 1 < s.n && s.p[i + 1] == '-') {
            const char *newline = memchr(s.p + i, '\n', s.n - i);
            i = newline ? (size_t)(newline - s.p) + 1 : s.n;
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

static token next_token(firn_str s, size_t from)
{
    size_t i = skip_blanks(s, from);
    token t = {TOK_END, i, 0};
    if (i >= s.n)
        return t;
    char c = s.p[i];
    char next = i + 1 < s.n ? s.p[i + 1] : '\0';
    size_t end = i + 1;
    t.kind = TOK_SIGN;
    if (c == '\'') {
        t.kind = TOK_TEXT;
        end = skip_quoted(s, i, '\'', false);
    } else if ((c == 'e' || c == 'E') && next == '\'') {
        t.kind = TOK_TEXT;
        end = skip_quoted(s, i + 1, '\'', true);
    } else if (c == '"') {
        t.kind = TOK_QUOTED;
        end = skip_quoted(s, i, '"', false);
    } else if (is_name_start(c)) {
        t.kind = TOK_NAME;
        while (end < s.n && is_name_char(s.p[end]))
            end++;
    } else if (isdigit((unsigned char)c) || (c == '.' && isdigit((unsigned char)next))) {
        t.kind = TOK_NUMBER;
        end = skip_number(s, i);
    } else if (c == '$') {
        end = skip_dollar(s, i);
        t.kind = end > i ? TOK_TEXT : TOK_SIGN;
        end = FIRN_MAX(end, i + 1);
    }
    t.length = end - i;
    return t;
}

static firn_str text_of(firn_str s, token t)
{
    return (firn_str){s.p + t.offset, t.length};
}

static bool is_sign(firn_str s, token t, char c)
{
    return t.kind == TOK_SIGN && s.p[t.offset] == c;
}

static bool is_identifier(token t)
{
    return t.kind == TOK_NAME || t.kind == TOK_QUOTED;
}

/* --- names --------------------------------------------------------------------------------- */

static bool unquote(firn_str s, token t, firn_arena *a, firn_str *ret)
{
    firn_str raw = text_of(s, t);
    if (t.kind == TOK_NAME) {
        *ret = firn_arena_str(a, raw);
        return ret->p != NULL;
    }
    char *out = firn_arena_alloc(a, raw.n + 1);
    if (!out)
        return false;
    size_t n = 0;
    for (size_t i = 1; i + 1 < raw.n; i++) {
        out[n++] = raw.p[i];
        if (raw.p[i] == '"')
            i++;
    }
    out[n] = '\0';
    *ret = (firn_str){out, n};
    return true;
}

/* Reads a chain of identifiers joined by dots that starts at `first`; *ret_end is behind it. */
static bool read_chain(firn_str s, token first, firn_arena *a, firn_sql_name *ret, size_t *ret_end)
{
    FIRN_VEC(firn_str) parts = {0};
    token t = first;
    *ret_end = first.offset + first.length;
    for (;;) {
        firn_str part;
        if (!unquote(s, t, a, &part) || !firn_vec_push(a, &parts, part))
            return false;
        *ret_end = t.offset + t.length;
        token dot = next_token(s, *ret_end);
        if (!is_sign(s, dot, '.'))
            break;
        t = next_token(s, dot.offset + 1);
        if (!is_identifier(t))
            break;
    }
    *ret = (firn_sql_name){parts.v, parts.n, first.offset, first.length};
    return true;
}

firn_code firn_sql_names(firn_str sql, firn_arena *a, firn_sql_name **ret, size_t *ret_count,
                         firn_err *err)
{
    FIRN_VEC(firn_sql_name) names = {0};
    size_t at = 0;
    for (;;) {
        token t = next_token(sql, at);
        if (t.kind == TOK_END)
            break;
        at = t.offset + t.length;
        if (!is_identifier(t))
            continue;
        firn_sql_name name;
        if (!read_chain(sql, t, a, &name, &at))
            return firn_arena_raise(a, err);
        if (name.part_count > 1 && !firn_vec_push(a, &names, name))
            return firn_arena_raise(a, err);
    }
    *ret = names.v;
    *ret_count = names.n;
    return FIRN_OK;
}

firn_code firn_sql_rename_catalog(firn_str sql, firn_str catalog, firn_str alias, firn_buf *out,
                                  firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("names of a statement", 0);
    firn_sql_name *names;
    size_t count;
    size_t done = 0;
    if (!a)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_sql_names(sql, a, &names, &count, err));
    for (size_t i = 0; i < count; i++) {
        const firn_sql_name *n = &names[i];
        if (n->part_count < 3 || !firn_str_ieq(n->parts[0], catalog))
            continue;
        FIRN_TRY(firn_buf_add(out, sql.p + done, n->offset - done, err));
        FIRN_TRY(firn_buf_addstr(out, alias, err));
        for (size_t k = alias.n; k < n->first_length; k++)
            FIRN_TRY(firn_buf_addc(out, ' ', err));
        done = n->offset + n->first_length;
    }
    return firn_buf_add(out, sql.p + done, sql.n - done, err);
}

/* --- what kind of statement ---------------------------------------------------------------- */

/* Functions whose value is not a function of the tables, and ways to read something else. */
static const char *const volatile_words[] = {
    "now",
    "today",
    "current_date",
    "current_time",
    "current_timestamp",
    "localtime",
    "localtimestamp",
    "get_current_timestamp",
    "get_current_time",
    "transaction_timestamp",
    "random",
    "uuid",
    "gen_random_uuid",
    "uuidv4",
    "uuidv7",
    "nextval",
    "currval",
    "setseed",
    "txid_current",
    "getenv",
    "getvariable",
    "glob",
    "read_csv",
    "read_csv_auto",
    "read_json",
    "read_json_auto",
    "read_json_objects",
    "read_ndjson",
    "read_ndjson_auto",
    "read_ndjson_objects",
    "read_parquet",
    "parquet_scan",
    "read_text",
    "read_blob",
    "sniff_csv",
    "tablesample",
    "duckdb_tables",
    "duckdb_settings",
    "pragma_version",
    "version",
};

static bool is_volatile_word(firn_str word)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(volatile_words); i++)
        if (firn_str_ieq(word, firn_str_of(volatile_words[i])))
            return true;
    return false;
}

static bool opens_a_file(firn_str before)
{
    return firn_str_ieq(before, FIRN_STR_LIT("from")) || firn_str_ieq(before, FIRN_STR_LIT("join"));
}

bool firn_sql_is_volatile(firn_str sql)
{
    firn_str before = {NULL, 0};
    for (token t = next_token(sql, 0); t.kind != TOK_END;
         t = next_token(sql, t.offset + t.length)) {
        firn_str text = text_of(sql, t);
        if (t.kind == TOK_NAME && is_volatile_word(text))
            return true;
        /* FROM 'file.csv', and the same after a comma */
        bool text_as_table = t.kind == TOK_TEXT && before.n && opens_a_file(before);
        if (text_as_table)
            return true;
        before = t.kind == TOK_NAME ? text : (firn_str){NULL, 0};
    }
    return false;
}

bool firn_sql_is_empty(firn_str sql)
{
    size_t at = 0;
    for (;;) {
        token t = next_token(sql, at);
        if (t.kind == TOK_END)
            return true;
        if (!is_sign(sql, t, ';'))
            return false;
        at = t.offset + t.length;
    }
}

firn_code firn_sql_split(firn_str script, firn_arena *a, firn_str **ret, size_t *ret_count,
                         firn_err *err)
{
    FIRN_VEC(firn_str) list = {0};
    size_t start = 0;
    size_t at = 0;
    bool more = true;
    while (more) {
        token t = next_token(script, at);
        at = t.offset + t.length;
        more = t.kind != TOK_END;
        if (more && !is_sign(script, t, ';'))
            continue;
        firn_str statement = firn_str_trim((firn_str){script.p + start, t.offset - start});
        start = at;
        if (!firn_sql_is_empty(statement) && !firn_vec_push(a, &list, statement))
            return firn_arena_raise(a, err);
    }
    *ret = list.v;
    *ret_count = list.n;
    return FIRN_OK;
}

/* --- places of errors ---------------------------------------------------------------------- */

/* Reads "LINE 12: excerpt" at p; returns where the excerpt begins, NULL if it is something else. */
static const char *read_line_mark(const char *p, int *ret_line)
{
    int n = 0;
    if (sscanf(p, "LINE %d: %n", ret_line, &n) < 1 || n == 0)
        return NULL;
    return p + n;
}

void firn_sql_locate(firn_err *err, const char *file, int first_line, int first_column)
{
    int line;
    char *mark = strstr(err->text, "\n\nLINE ");
    const char *excerpt = mark ? read_line_mark(mark + 2, &line) : NULL;
    if (!excerpt)
        return;
    const char *caret_line = strchr(excerpt, '\n');
    const char *caret = caret_line ? strchr(caret_line, '^') : NULL;
    /* a long line is shown from its middle on: the column is not known then */
    bool cut = strncmp(excerpt, "...", 3) == 0;
    int column =
        caret && !cut ? (int)(caret - caret_line - 1) - (int)(excerpt - (mark + 2)) + 1 : 0;
    if (line == 1 && column)
        column += first_column - 1;
    line += first_line - 1;
    *mark = '\0';
    char place[64];
    if (column > 0)
        snprintf(place, sizeof place, "%d:%d", line, column);
    else
        snprintf(place, sizeof place, "%d", line);
    err->where[0] = '\0';
    if (file)
        firn_err_where(err, "%.160s:%s", file, place);
    else
        firn_err_where(err, "line %s", place);
}
