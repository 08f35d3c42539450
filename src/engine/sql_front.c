/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sql_front.h"

#include "base/str.h"
#include "engine/sql.h"

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
        end = skip_name(s, end);
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
    FIRN_VEC(size_t) ends = {0};
    token t = first;
    *ret_end = first.offset + first.length;
    for (;;) {
        firn_str part;
        *ret_end = t.offset + t.length;
        if (!unquote(s, t, a, &part) || !firn_vec_push(a, &parts, part) ||
            !firn_vec_push(a, &ends, *ret_end))
            return false;
        token dot = next_token(s, *ret_end);
        if (!is_sign(s, dot, '.'))
            break;
        t = next_token(s, dot.offset + 1);
        if (!is_identifier(t))
            break;
    }
    *ret = (firn_sql_name){parts.v, ends.v, parts.n, first.offset, first.length};
    return true;
}

firn_code firn_sql_names(firn_str sql, firn_arena *a, firn_sql_name **ret, size_t *ret_count,
                         firn_err *err)
{
    FIRN_VEC(firn_sql_name) names = {0};
    size_t at = 0;
    bool after_dot = false; /* (expression).a.b names fields */
    for (;;) {
        token t = next_token(sql, at);
        if (t.kind == TOK_END)
            break;
        at = t.offset + t.length;
        bool starts = is_identifier(t) && !after_dot;
        after_dot = is_sign(sql, t, '.');
        if (!starts)
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

/* How many of the parts, joined by dots, are the namespace; 0: they are another one. */
static size_t parts_of_namespace(const firn_str *parts, size_t count, firn_str ns)
{
    for (size_t k = 0; k < count; k++) {
        firn_str part = parts[k];
        if (ns.n < part.n || !firn_str_ieq((firn_str){ns.p, part.n}, part))
            return 0;
        if (ns.n == part.n)
            return k + 1;
        if (ns.p[part.n] != '.')
            return 0;
        ns = (firn_str){ns.p + part.n + 1, ns.n - part.n - 1};
    }
    return 0;
}

static bool names_from(const firn_sql_name *n, size_t first, firn_str ns, firn_str table)
{
    size_t k = parts_of_namespace(n->parts + first, n->part_count - first, ns);
    return k && first + k < n->part_count && firn_str_ieq(n->parts[first + k], table);
}

bool firn_sql_name_is(const firn_sql_name *n, firn_str catalog, firn_str ns, firn_str table)
{
    return names_from(n, 0, ns, table) ||
           (firn_str_ieq(n->parts[0], catalog) && names_from(n, 1, ns, table));
}

/* Writes the beginning of a name anew; *ret_end is behind what was replaced, 0: nothing was. */
static firn_code rename_one(const firn_sql_name *n, firn_str catalog, firn_str alias,
                            const firn_str *nested, size_t nested_count, firn_buf *out,
                            size_t *ret_end, firn_err *err)
{
    size_t first = n->part_count > 2 && firn_str_ieq(n->parts[0], catalog);
    *ret_end = 0;
    if (first) {
        FIRN_TRY(firn_buf_addstr(out, alias, err));
        for (size_t k = alias.n; k < n->first_length; k++)
            FIRN_TRY(firn_buf_addc(out, ' ', err));
        *ret_end = n->ends[0];
    }
    for (size_t i = 0; i < nested_count; i++) {
        size_t k = parts_of_namespace(n->parts + first, n->part_count - first, nested[i]);
        if (k < 2 || first + k >= n->part_count)
            continue;
        *ret_end = n->ends[first + k - 1];
        if (first)
            FIRN_TRY(firn_buf_addc(out, '.', err));
        return firn_sql_ident(out, nested[i], err);
    }
    return FIRN_OK;
}

firn_code firn_sql_rename_tables(firn_str sql, firn_str catalog, firn_str alias,
                                 const firn_str *nested, size_t nested_count, firn_buf *out,
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
        FIRN_AUTO(firn_buf_free) firn_buf begin = FIRN_SQL_BUF;
        size_t end;
        FIRN_TRY(rename_one(&names[i], catalog, alias, nested, nested_count, &begin, &end, err));
        if (!end)
            continue;
        FIRN_TRY(firn_buf_add(out, sql.p + done, names[i].offset - done, err));
        FIRN_TRY(firn_buf_addstr(out, firn_buf_str(&begin), err));
        done = end;
    }
    return done < sql.n ? firn_buf_add(out, sql.p + done, sql.n - done, err) : FIRN_OK;
}

firn_code firn_sql_rename_catalog(firn_str sql, firn_str catalog, firn_str alias, firn_buf *out,
                                  firn_err *err)
{
    return firn_sql_rename_tables(sql, catalog, alias, NULL, 0, out, err);
}

/* --- what kind of statement ---------------------------------------------------------------- */

/* Words that ask for the time, the session or a sample without parentheses. */
static const char *const volatile_words[] = {
    "current_date", "current_time",       "current_timestamp", "localtime",       "localtimestamp",
    "current_user", "session_user",       "current_role",      "current_catalog", "current_schema",
    "tablesample",  "information_schema", "pg_catalog",
};

/* Functions whose value is not a function of the tables, and ways to read something else. */
static const char *const volatile_functions[] = {
    "now",
    "today",
    "age",
    "get_current_time",
    "get_current_timestamp",
    "transaction_timestamp",
    "random",
    "setseed",
    "uuid",
    "uuidv4",
    "uuidv7",
    "gen_random_uuid",
    "nextval",
    "currval",
    "txid_current",
    "in_search_path",
    "getenv",
    "getvariable",
    "version",
    "glob",
    "query",
    "query_table",
    "sniff_csv",
    "which_secret",
    "json_execute_serialized_sql",
};

static const char *const volatile_prefixes[] = {"read_",   "current_", "parquet_",
                                                "duckdb_", "pragma_",  "iceberg_"};

static bool is_one_of(firn_str word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (firn_str_ieq(word, firn_str_of(words[i])))
            return true;
    return false;
}

static bool is_volatile_function(firn_str name)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(volatile_prefixes); i++) {
        size_t n = strlen(volatile_prefixes[i]);
        if (name.n > n && firn_str_ieq((firn_str){name.p, n}, firn_str_of(volatile_prefixes[i])))
            return true;
    }
    return is_one_of(name, volatile_functions, FIRN_COUNT_OF(volatile_functions));
}

/* Whether a text or name could be a file to read: FROM t, 'x.csv' and FROM x.csv. */
static bool looks_like_file(firn_str text)
{
    static const char *const endings[] = {".csv",     ".tsv",   ".json",  ".jsonl", ".ndjson",
                                          ".parquet", ".arrow", ".xlsx",  ".txt",   ".gz",
                                          ".zst",     ".db",    ".duckdb"};
    for (size_t i = 0; i < FIRN_COUNT_OF(endings); i++) {
        size_t n = strlen(endings[i]);
        if (text.n >= n &&
            firn_str_ieq((firn_str){text.p + text.n - n, n}, firn_str_of(endings[i])))
            return true;
    }
    return text.n && (memchr(text.p, '*', text.n) || memchr(text.p, '/', text.n));
}

static firn_str without_quotes(firn_str s, token t)
{
    firn_str text = text_of(s, t);
    bool quoted = t.kind != TOK_NAME && text.n >= 2;
    return quoted ? (firn_str){text.p + 1, text.n - 2} : text;
}

static bool opens_a_file(firn_str s, token before, token t)
{
    firn_str word = before.kind == TOK_NAME ? text_of(s, before) : (firn_str){NULL, 0};
    bool table =
        firn_str_ieq(word, FIRN_STR_LIT("from")) || firn_str_ieq(word, FIRN_STR_LIT("join"));
    if (t.kind == TOK_TEXT && table)
        return true;
    if (t.kind == TOK_TEXT || t.kind == TOK_QUOTED)
        return (table || is_sign(s, before, ',')) && looks_like_file(without_quotes(s, t));
    /* x.csv: the parser sees a table csv in a schema x */
    return t.kind == TOK_NAME && is_sign(s, before, '.') && t.offset > 0 &&
           looks_like_file((firn_str){s.p + t.offset - 1, t.length + 1});
}

static bool is_volatile_token(firn_str s, token before, token t, token next)
{
    bool sample = before.kind == TOK_NAME &&
                  firn_str_ieq(text_of(s, before), FIRN_STR_LIT("using")) &&
                  firn_str_ieq(text_of(s, t), FIRN_STR_LIT("sample"));
    if (sample || opens_a_file(s, before, t))
        return true;
    if (!is_identifier(t))
        return false;
    if (is_sign(s, next, '(') && is_volatile_function(without_quotes(s, t)))
        return true;
    return t.kind == TOK_NAME &&
           is_one_of(text_of(s, t), volatile_words, FIRN_COUNT_OF(volatile_words));
}

bool firn_sql_is_volatile(firn_str sql)
{
    token before = {TOK_END, 0, 0};
    token t = next_token(sql, 0);
    while (t.kind != TOK_END) {
        token next = next_token(sql, t.offset + t.length);
        if (is_volatile_token(sql, before, t, next))
            return true;
        before = t;
        t = next;
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

/* The engine's last "LINE n: excerpt" with the line of its caret below. */
typedef struct mark {
    char *start; /* of the blank line before it */
    int line;
    firn_str excerpt;
    size_t place; /* of the caret, counted in the excerpt's width on a terminal */
} mark;

static bool parse_mark(char *start, mark *ret)
{
    int prefix = 0;
    char *line = start + 2;
    if (sscanf(line, "LINE %d:%n", &ret->line, &prefix) < 1 || !prefix || line[prefix] != ' ')
        return false;
    const char *excerpt = line + prefix + 1;
    const char *end = strchr(excerpt, '\n');
    if (!end)
        return false;
    size_t caret = strspn(end + 1, " ");
    if (end[1 + caret] != '^' || caret < (size_t)prefix + 1)
        return false;
    ret->start = start;
    ret->excerpt = (firn_str){excerpt, (size_t)(end - excerpt)};
    ret->place = caret - (size_t)prefix - 1;
    return true;
}

static bool find_mark(char *text, mark *ret)
{
    bool found = false;
    for (char *at = strstr(text, "\n\nLINE "); at; at = strstr(at + 1, "\n\nLINE "))
        found = parse_mark(at, ret) || found;
    return found;
}

/* How wide the engine takes a character to be when it places the caret. */
static size_t width_of(uint32_t cp)
{
    static const struct {
        uint32_t first;
        uint32_t last;
    } wide[] = {{0x1100, 0x115F},   {0x2E80, 0xA4CF},  {0xAC00, 0xD7A3}, {0xF900, 0xFAFF},
                {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},  {0xFFE0, 0xFFE6}, {0x1F300, 0x1F64F},
                {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
    if (cp < 0x20 || (cp >= 0x300 && cp < 0x370))
        return 0;
    for (size_t i = 0; i < FIRN_COUNT_OF(wide); i++)
        if (cp >= wide[i].first && cp <= wide[i].last)
            return 2;
    return 1;
}

/* The column of the caret in characters from 1; 0 when the excerpt begins in the middle of a long
 * line. */
static int column_of(const mark *m)
{
    size_t width = 0;
    int column = 1;
    if (firn_str_starts(m->excerpt, "..."))
        return 0;
    for (size_t i = 0; i < m->excerpt.n; column++) {
        uint32_t cp;
        size_t n = firn_utf8_decode(m->excerpt.p + i, m->excerpt.n - i, &cp);
        size_t w = n ? width_of(cp) : 1;
        if (width >= m->place && w)
            break;
        width += w;
        i += n ? n : 1;
    }
    return column;
}

void firn_sql_locate(firn_err *err, const char *file, int first_line, int first_column)
{
    mark m;
    if (!err || !find_mark(err->text, &m))
        return;
    int column = column_of(&m);
    int line = m.line + first_line - 1;
    if (m.line == 1 && column)
        column += first_column - 1;
    *m.start = '\0';
    err->where[0] = '\0';
    if (file && column)
        firn_err_where(err, "%.200s:%d:%d", file, line, column);
    else if (file)
        firn_err_where(err, "%.200s:%d", file, line);
    else if (column)
        firn_err_where(err, "line %d, column %d", line, column);
    else
        firn_err_where(err, "line %d", line);
}
