/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sql_front.h"

#include "base/str.h"
#include "engine/sql_token.h"

#include <string.h>

/* --- names
 * ---------------------------------------------------------------------------------
 */

firn_code firn_sql_chain(firn_str sql, firn_sql_token first, firn_arena *a, firn_sql_name *ret,
                         firn_err *err)
{
    FIRN_VEC(firn_str) parts = {0};
    FIRN_VEC(size_t) starts = {0};
    FIRN_VEC(size_t) ends = {0};
    firn_sql_token t = first;
    for (;;) {
        firn_str part;
        size_t end = t.offset + t.length;
        FIRN_TRY(firn_sql_unquote(sql, t, a, &part, err));
        if (!firn_vec_push(a, &parts, part) || !firn_vec_push(a, &starts, t.offset) ||
            !firn_vec_push(a, &ends, end))
            return firn_arena_raise(a, err);
        firn_sql_token dot = firn_sql_next(sql, end);
        if (!firn_sql_is_sign(sql, dot, '.'))
            break;
        t = firn_sql_next(sql, dot.offset + 1);
        if (!firn_sql_is_identifier(t))
            break;
    }
    *ret = (firn_sql_name){parts.v, starts.v, ends.v, parts.n};
    return FIRN_OK;
}

firn_code firn_sql_names(firn_str sql, firn_arena *a, firn_sql_name **ret, size_t *ret_count,
                         firn_err *err)
{
    FIRN_VEC(firn_sql_name) names = {0};
    size_t at = 0;
    bool after_dot = false; /* (expression).a.b names fields */
    for (;;) {
        firn_sql_token t = firn_sql_next(sql, at);
        if (t.kind == FIRN_SQL_END)
            break;
        at = t.offset + t.length;
        bool starts = firn_sql_is_identifier(t) && !after_dot;
        after_dot = firn_sql_is_sign(sql, t, '.');
        if (!starts)
            continue;
        firn_sql_name name;
        FIRN_TRY(firn_sql_chain(sql, t, a, &name, err));
        at = name.ends[name.part_count - 1];
        if (name.part_count > 1 && !firn_vec_push(a, &names, name))
            return firn_arena_raise(a, err);
    }
    *ret = names.v;
    *ret_count = names.n;
    return FIRN_OK;
}

size_t firn_sql_namespace_parts(const firn_str *parts, size_t count, firn_str ns)
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

/* t, or t$files */
static bool is_table_or_its_metadata(firn_str part, firn_str table)
{
    if (firn_str_ieq(part, table))
        return true;
    return part.n > table.n && part.p[table.n] == '$' &&
           firn_str_ieq((firn_str){part.p, table.n}, table);
}

static bool names_from(const firn_sql_name *n, size_t first, firn_str ns, firn_str table)
{
    size_t k = firn_sql_namespace_parts(n->parts + first, n->part_count - first, ns);
    return k && first + k < n->part_count && is_table_or_its_metadata(n->parts[first + k], table);
}

bool firn_sql_name_is(const firn_sql_name *n, firn_str catalog, firn_str ns, firn_str table)
{
    return names_from(n, 0, ns, table) ||
           (firn_str_ieq(n->parts[0], catalog) && names_from(n, 1, ns, table));
}

/* --- what kind of statement
 * ---------------------------------------------------------------- */

/* Words that ask for the time, the session or a sample without parentheses. */
static const char *const volatile_words[] = {
    "current_date", "current_time",       "current_timestamp", "localtime",       "localtimestamp",
    "current_user", "session_user",       "current_role",      "current_catalog", "current_schema",
    "tablesample",  "information_schema", "pg_catalog",
};

/* Functions whose value is not a function of the tables, and ways to read
 * something else. */
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

/* Whether a text or name could be a file to read: FROM t, 'x.csv' and FROM
 * x.csv. */
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

static firn_str without_quotes(firn_str s, firn_sql_token t)
{
    firn_str text = firn_sql_text_of(s, t);
    bool quoted = t.kind != FIRN_SQL_NAME && text.n >= 2;
    return quoted ? (firn_str){text.p + 1, text.n - 2} : text;
}

static bool opens_a_file(firn_str s, firn_sql_token before, firn_sql_token t)
{
    firn_str word =
        before.kind == FIRN_SQL_NAME ? firn_sql_text_of(s, before) : (firn_str){NULL, 0};
    bool table =
        firn_str_ieq(word, FIRN_STR_LIT("from")) || firn_str_ieq(word, FIRN_STR_LIT("join"));
    if (t.kind == FIRN_SQL_TEXT && table)
        return true;
    if (t.kind == FIRN_SQL_TEXT || t.kind == FIRN_SQL_QUOTED)
        return (table || firn_sql_is_sign(s, before, ',')) && looks_like_file(without_quotes(s, t));
    /* x.csv: the parser sees a table csv in a schema x */
    return t.kind == FIRN_SQL_NAME && firn_sql_is_sign(s, before, '.') && t.offset > 0 &&
           looks_like_file((firn_str){s.p + t.offset - 1, t.length + 1});
}

static bool is_volatile_token(firn_str s, firn_sql_token before, firn_sql_token t,
                              firn_sql_token next)
{
    bool sample = before.kind == FIRN_SQL_NAME &&
                  firn_str_ieq(firn_sql_text_of(s, before), FIRN_STR_LIT("using")) &&
                  firn_str_ieq(firn_sql_text_of(s, t), FIRN_STR_LIT("sample"));
    if (sample || opens_a_file(s, before, t))
        return true;
    if (!firn_sql_is_identifier(t))
        return false;
    if (firn_sql_is_sign(s, next, '(') && is_volatile_function(without_quotes(s, t)))
        return true;
    return t.kind == FIRN_SQL_NAME &&
           is_one_of(firn_sql_text_of(s, t), volatile_words, FIRN_COUNT_OF(volatile_words));
}

bool firn_sql_is_volatile(firn_str sql)
{
    firn_sql_token before = {FIRN_SQL_END, 0, 0};
    firn_sql_token t = firn_sql_next(sql, 0);
    while (t.kind != FIRN_SQL_END) {
        firn_sql_token next = firn_sql_next(sql, t.offset + t.length);
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
        firn_sql_token t = firn_sql_next(sql, at);
        if (t.kind == FIRN_SQL_END)
            return true;
        if (!firn_sql_is_sign(sql, t, ';'))
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
        firn_sql_token t = firn_sql_next(script, at);
        at = t.offset + t.length;
        more = t.kind != FIRN_SQL_END;
        if (more && !firn_sql_is_sign(script, t, ';'))
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
