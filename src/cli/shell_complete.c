/* SPDX-License-Identifier: Apache-2.0 */
/* What Tab offers: words of SQL, tables, the columns of the tables that the statement names,
 * functions, files, and what lines with a dot take. */
#include "cli/sql_run.h"

#include "base/str.h"
#include "engine/sql.h"
#include "engine/sql_front.h"
#include "pipeline/query.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

static const char *const keywords[] = {
    "all",           "alter",      "and",       "anti",       "as",       "asc",
    "asof",          "at",         "between",   "branch",     "by",       "call",
    "case",          "cast",       "comment",   "copy",       "create",   "cross",
    "date",          "desc",       "describe",  "distinct",   "else",     "end",
    "except",        "exclude",    "exists",    "explain",    "extended", "false",
    "filter",        "for",        "from",      "full",       "group",    "having",
    "ilike",         "in",         "inner",     "intersect",  "interval", "is",
    "join",          "lateral",    "left",      "like",       "limit",    "namespace",
    "namespaces",    "natural",    "not",       "null",       "nulls",    "of",
    "offset",        "on",         "or",        "order",      "outer",    "over",
    "partition",     "partitions", "pivot",     "positional", "qualify",  "recursive",
    "replace",       "right",      "sample",    "schemas",    "select",   "semi",
    "set",           "show",       "summarize", "table",      "tables",   "tag",
    "tblproperties", "then",       "timestamp", "true",       "union",    "unnest",
    "unpivot",       "using",      "values",    "version",    "when",     "where",
    "window",        "with"};

/* Words of the keywords above that must be quoted as names. */
static const char *const reserved[] = {
    "all",       "and",    "as",      "asc",    "case", "cast",  "create", "desc",   "distinct",
    "else",      "end",    "except",  "false",  "for",  "from",  "group",  "having", "in",
    "intersect", "into",   "lateral", "limit",  "not",  "null",  "offset", "on",     "or",
    "order",     "pivot",  "qualify", "select", "show", "table", "then",   "to",     "true",
    "union",     "unique", "unpivot", "using",  "when", "where", "window", "with"};

/* What a statement begins with. */
static const char *const beginnings[] = {"alter",     "call",   "comment", "copy",   "describe",
                                         "explain",   "from",   "pivot",   "select", "show",
                                         "summarize", "values", "with"};

static const char *const metadata_words[] = {
    "all_data_files", "all_delete_files", "all_entries",  "all_files",
    "all_manifests",  "data_files",       "delete_files", "entries",
    "files",          "history",          "manifests",    "metadata_log_entries",
    "partitions",     "properties",       "refs",         "snapshots"};

/* --- where the cursor is ------------------------------------------------------------------- */

typedef struct spot {
    firn_sql_run *q;
    firn_arena *a;
    firn_str all; /* the whole text */
    size_t cursor;
    size_t start;             /* of the last part */
    firn_str prefix;          /* the last part, as far as it is there, without quotes */
    bool quoted;              /* it begins with a quote */
    bool in_text;             /* in a '…' */
    FIRN_VEC(firn_str) parts; /* before it */
    firn_str before;          /* the word before all of them */
    bool first;               /* nothing stands before them */
    FIRN_VEC(firn_completion) found;
} spot;

/* The text of a token without its quotes, closed or not. */
static firn_code plain_text(spot *s, firn_str sql, firn_sql_token t, firn_str *ret, firn_err *err)
{
    firn_str raw = firn_sql_text_of(sql, t);
    char mark = raw.n && (raw.p[0] == '"' || raw.p[0] == '\'') ? raw.p[0] : '\0';
    char *out = firn_arena_strndup(s->a, raw.p, raw.n);
    size_t n = 0;
    if (!out)
        return firn_arena_raise(s->a, err);
    for (size_t i = mark ? 1 : 0; i < raw.n; i++) {
        if (mark && raw.p[i] == mark && !(++i < raw.n && raw.p[i] == mark))
            break;
        out[n++] = raw.p[i];
    }
    *ret = (firn_str){out, n};
    return FIRN_OK;
}

/* Takes the next token up to the cursor in. */
static firn_code take(spot *s, firn_str sql, firn_sql_token t, bool *dotted, firn_err *err)
{
    bool dot = firn_sql_is_sign(sql, t, '.');
    if (firn_sql_is_identifier(t)) {
        s->start = t.offset;
        FIRN_TRY(plain_text(s, sql, t, &s->prefix, err));
        if (!firn_vec_push(s->a, &s->parts, s->prefix))
            return firn_arena_raise(s->a, err);
    }
    *dotted = dot && s->parts.n;
    return FIRN_OK;
}

static firn_code find_spot(spot *s, firn_err *err)
{
    firn_str sql = {s->all.p, s->cursor};
    firn_sql_token last = {FIRN_SQL_END, 0, 0};
    firn_str word = {NULL, 0}; /* the last word that is no part of a name yet */
    bool dotted = false;
    bool begun = false;
    s->start = s->cursor;
    s->first = true;
    for (firn_sql_token t = firn_sql_next(sql, 0); t.kind != FIRN_SQL_END;
         t = firn_sql_next(sql, t.offset + t.length)) {
        bool name = firn_sql_is_identifier(t);
        if (firn_sql_is_sign(sql, t, ';')) {
            begun = dotted = false;
            s->parts.n = 0;
            word = (firn_str){NULL, 0};
            last = t;
            continue;
        }
        if (name && !dotted) {
            s->parts.n = 0;
            s->first = !begun;
            s->before = word;
            word = firn_sql_text_of(sql, t);
        } else if (!name && !firn_sql_is_sign(sql, t, '.')) {
            s->parts.n = 0;
            word = firn_sql_text_of(sql, t);
        }
        begun = true;
        FIRN_TRY(take(s, sql, t, &dotted, err));
        last = t;
    }
    size_t end = last.offset + last.length;
    bool touches = last.kind != FIRN_SQL_END && end == s->cursor;
    s->in_text = touches && last.kind == FIRN_SQL_TEXT;
    if (touches && firn_sql_is_identifier(last)) {
        s->quoted = last.kind == FIRN_SQL_QUOTED;
        s->parts.n--;
        return FIRN_OK;
    }
    if (!(touches && dotted)) { /* a word is about to begin */
        s->parts.n = 0;
        s->before = word;
        s->first = !begun;
    }
    s->start = s->in_text ? last.offset + 1 : s->cursor;
    s->prefix = (firn_str){s->all.p + s->start, s->cursor - s->start};
    return FIRN_OK;
}

/* --- candidates ---------------------------------------------------------------------------- */

static bool begins(firn_str s, firn_str prefix)
{
    return s.n >= prefix.n && firn_str_ieq((firn_str){s.p, prefix.n}, prefix);
}

static firn_code offer(spot *s, firn_str text, firn_str shown, firn_err *err)
{
    for (size_t i = 0; i < s->found.n; i++)
        if (firn_str_eq(s->found.v[i].shown, shown))
            return FIRN_OK;
    if (!firn_vec_push(s->a, &s->found, (firn_completion){text, shown}))
        return firn_arena_raise(s->a, err);
    return FIRN_OK;
}

static bool is_listed(firn_str word, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (firn_str_ieq(word, firn_str_of(list[i])))
            return true;
    return false;
}

static bool needs_quotes(firn_str name)
{
    bool plain = name.n && !isdigit((unsigned char)name.p[0]);
    for (size_t i = 0; i < name.n; i++)
        plain = plain && (isalnum((unsigned char)name.p[i]) || name.p[i] == '_');
    return !plain || is_listed(name, reserved, FIRN_COUNT_OF(reserved));
}

static firn_code add_name(firn_str name, bool quoted, firn_buf *out, firn_err *err)
{
    if (quoted || needs_quotes(name))
        return firn_sql_ident(out, name, err);
    return firn_buf_addstr(out, name, err);
}

static firn_code offer_built(spot *s, const firn_buf *text, const char *behind, firn_err *err)
{
    firn_str shown = firn_arena_str(s->a, firn_buf_str(text));
    const char *full = firn_arena_printf(s->a, "%.*s%s", FIRN_STR_ARG(firn_buf_str(text)), behind);
    if (!shown.p || !full)
        return firn_arena_raise(s->a, err);
    return offer(s, firn_str_of(full), shown, err);
}

static firn_code offer_words(spot *s, const char *const *words, size_t n, const char *behind,
                             firn_err *err)
{
    bool upper = s->prefix.n > 0;
    for (size_t i = 0; i < s->prefix.n; i++)
        upper = upper && !islower((unsigned char)s->prefix.p[i]);
    for (size_t i = 0; i < n; i++) {
        FIRN_AUTO(firn_buf_free) firn_buf word = FIRN_SQL_BUF;
        if (!begins(firn_str_of(words[i]), s->prefix))
            continue;
        for (const char *p = words[i]; *p; p++)
            FIRN_TRY(firn_buf_addc(&word, upper ? (char)toupper((unsigned char)*p) : *p, err));
        FIRN_TRY(offer_built(s, &word, behind, err));
    }
    return FIRN_OK;
}

/* --- tables -------------------------------------------------------------------------------- */

/* The levels of a namespace and the table, each quoted where it must be. */
static firn_code add_path(firn_str ns, firn_str name, firn_buf *out, firn_err *err)
{
    for (firn_str rest = ns; rest.p && rest.n;) {
        FIRN_TRY(add_name(firn_str_cut(&rest, '.'), false, out, err));
        FIRN_TRY(firn_buf_addc(out, '.', err));
    }
    return add_name(name, false, out, err);
}

/* The parts from `first` on, joined by dots. */
static firn_code joined(const spot *s, size_t first, firn_buf *out, firn_err *err)
{
    for (size_t i = first; i < s->parts.n; i++) {
        FIRN_TRY(firn_buf_adds(out, i > first ? "." : "", err));
        FIRN_TRY(firn_buf_addstr(out, s->parts.v[i], err));
    }
    return FIRN_OK;
}

/* raw."orders$files" where raw.orders$f is typed. */
static firn_code offer_metadata(spot *s, firn_str table, firn_err *err)
{
    const char *mark = s->prefix.n ? memchr(s->prefix.p, '$', s->prefix.n) : NULL;
    if (!mark || !firn_str_ieq((firn_str){s->prefix.p, (size_t)(mark - s->prefix.p)}, table))
        return FIRN_OK;
    for (size_t i = 0; i < FIRN_COUNT_OF(metadata_words); i++) {
        FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_SQL_BUF;
        const char *name =
            firn_arena_printf(s->a, "%.*s$%s", FIRN_STR_ARG(table), metadata_words[i]);
        if (!name)
            return firn_arena_raise(s->a, err);
        if (!begins(firn_str_of(name), s->prefix))
            continue;
        FIRN_TRY(firn_sql_ident(&text, firn_str_of(name), err));
        FIRN_TRY(offer_built(s, &text, " ", err));
    }
    return FIRN_OK;
}

/* The table in the very namespace that is typed. */
static firn_code offer_inside(spot *s, firn_str table, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_SQL_BUF;
    FIRN_TRY(offer_metadata(s, table, err));
    if (!begins(table, s->prefix))
        return FIRN_OK;
    FIRN_TRY(add_name(table, s->quoted, &text, err));
    return offer_built(s, &text, " ", err);
}

/* The table in a namespace below what is typed; with nothing typed above it, also by its own
 * name. */
static firn_code offer_below(spot *s, firn_str above, firn_ident t, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_SQL_BUF;
    if (above.n && !(begins(t.ns, above) && t.ns.p[above.n] == '.'))
        return FIRN_OK;
    size_t cut = above.n ? above.n + 1 : 0;
    firn_str ns = {t.ns.p + cut, t.ns.n - cut};
    const char *full = firn_arena_printf(s->a, "%.*s.%.*s", FIRN_STR_ARG(ns), FIRN_STR_ARG(t.name));
    if (!full)
        return firn_arena_raise(s->a, err);
    bool by_name = above.n == 0 && s->prefix.n && begins(t.name, s->prefix);
    if (!by_name && !begins(firn_str_of(full), s->prefix))
        return FIRN_OK;
    FIRN_TRY(add_path(ns, t.name, &text, err));
    return offer_built(s, &text, " ", err);
}

/* `skip`: how many of the parts name the catalog. */
static firn_code offer_from(spot *s, firn_ident t, size_t skip, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf path = FIRN_SQL_BUF;
    FIRN_TRY(joined(s, skip, &path, err));
    firn_str above = firn_buf_str(&path);
    if (above.n && firn_str_ieq(above, t.ns))
        return offer_inside(s, t.name, err);
    return offer_below(s, above, t, err);
}

static firn_code offer_table(spot *s, firn_ident t, firn_err *err)
{
    const firn_catalog *c = s->q->c->run->catalog;
    FIRN_TRY(offer_from(s, t, 0, err));
    bool catalog = c && s->parts.n && firn_str_ieq(s->parts.v[0], c->name);
    return catalog ? offer_from(s, t, 1, err) : FIRN_OK;
}

static firn_code list_tables(spot *s, firn_ident **ret, size_t *ret_count, firn_err *err)
{
    firn_catalog *c = s->q->c->run->catalog;
    *ret = NULL;
    *ret_count = 0;
    return c ? c->ops->list_tables(c, s->a, ret, ret_count, err) : FIRN_OK;
}

static firn_code offer_tables(spot *s, firn_err *err)
{
    firn_ident *tables;
    size_t count;
    const firn_context *run = s->q->c->run;
    FIRN_TRY(list_tables(s, &tables, &count, err));
    for (size_t i = 0; i < count; i++)
        FIRN_TRY(offer_table(s, tables[i], err));
    for (size_t i = 0; i < run->view_count; i++)
        FIRN_TRY(offer_table(s, run->views[i].ident, err));
    return FIRN_OK;
}

/* --- columns ------------------------------------------------------------------------------- */

/* The word behind a name that stands for it: FROM raw.orders o, FROM raw.orders AS o. */
static firn_str alias_behind(const spot *s, size_t end)
{
    firn_sql_token t = firn_sql_next(s->all, end);
    if (firn_sql_is_word(s->all, t, "as"))
        t = firn_sql_next(s->all, t.offset + t.length);
    bool word = t.kind == FIRN_SQL_NAME &&
                !is_listed(firn_sql_text_of(s->all, t), keywords, FIRN_COUNT_OF(keywords));
    return word ? firn_sql_text_of(s->all, t) : (firn_str){NULL, 0};
}

static firn_code offer_column(spot *s, firn_str name, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_SQL_BUF;
    if (!begins(name, s->prefix))
        return FIRN_OK;
    FIRN_TRY(add_name(name, s->quoted, &text, err));
    return offer_built(s, &text, "", err);
}

static firn_code offer_columns_of(spot *s, firn_ident table, firn_err *err)
{
    const firn_metadata *m;
    firn_err ignored = {0};
    const firn_context *run = s->q->c->run;
    if (firn_table_load(run->catalog, run->io, table, s->a, &m, &ignored) != FIRN_OK)
        return FIRN_OK;
    for (size_t i = 0; i < m->schema->type.field_count; i++)
        FIRN_TRY(offer_column(s, m->schema->type.fields[i].name, err));
    return FIRN_OK;
}

static firn_code take_columns(void *arg, const firn_engine_ops *ops, firn_result *r,
                              const firn_query_table *tables FIRN_UNUSED, size_t count FIRN_UNUSED,
                              firn_err *err)
{
    spot *s = arg;
    const firn_type *t = ops->result_type(r);
    for (size_t i = 0; i < t->field_count; i++)
        FIRN_TRY(offer_column(s, t->fields[i].name, err));
    return FIRN_OK;
}

/* A view has the columns that its statement returns. */
static firn_code offer_columns_of_view(spot *s, firn_ident view, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    firn_err ignored = {0};
    firn_session *session;
    FIRN_TRY(firn_buf_adds(&sql, "FROM ", err));
    FIRN_TRY(firn_sql_ident(&sql, view.ns, err));
    FIRN_TRY(firn_buf_addc(&sql, '.', err));
    FIRN_TRY(firn_sql_ident(&sql, view.name, err));
    FIRN_TRY(firn_buf_adds(&sql, " LIMIT 0", err));
    FIRN_TRY(firn_sql_session(s->q, &session, err));
    const firn_query_conf conf = {.sql = firn_buf_str(&sql), .line = 1, .column = 1, .prune = true};
    firn_code code = firn_query(s->q->c->run, session, &conf, take_columns, s, &ignored);
    return code == FIRN_E_NOMEM ? firn_raise_nomem(err) : FIRN_OK;
}

/* The one of the names that stands for this table; NULL: none does, or the cursor is in it. */
static const firn_sql_name *meant(const spot *s, const firn_sql_name *names, size_t count,
                                  firn_ident t)
{
    firn_str catalog = s->q->c->run->catalog ? s->q->c->run->catalog->name : FIRN_STR_LIT("");
    for (size_t i = 0; i < count; i++) {
        const firn_sql_name *n = &names[i];
        bool here = n->starts[0] <= s->start && n->ends[n->part_count - 1] >= s->start;
        if (here || !firn_sql_name_is(n, catalog, t.ns, t.name))
            continue;
        firn_str alias = alias_behind(s, n->ends[n->part_count - 1]);
        if (s->parts.n == 0 || firn_str_ieq(s->parts.v[0], t.name) ||
            (alias.n && firn_str_ieq(s->parts.v[0], alias)))
            return n;
    }
    return NULL;
}

/* Columns of the tables in the statement; with a qualifier, of the one that it stands for. */
static firn_code offer_columns(spot *s, firn_err *err)
{
    firn_ident *tables;
    firn_sql_name *names;
    size_t count;
    size_t name_count;
    const firn_context *run = s->q->c->run;
    if (s->parts.n > 1)
        return FIRN_OK;
    FIRN_TRY(list_tables(s, &tables, &count, err));
    FIRN_TRY(firn_sql_names(s->all, s->a, &names, &name_count, err));
    for (size_t t = 0; t < count; t++)
        if (meant(s, names, name_count, tables[t]))
            FIRN_TRY(offer_columns_of(s, tables[t], err));
    for (size_t v = 0; v < run->view_count; v++)
        if (meant(s, names, name_count, run->views[v].ident))
            FIRN_TRY(offer_columns_of_view(s, run->views[v].ident, err));
    return FIRN_OK;
}

/* --- functions ----------------------------------------------------------------------------- */

static firn_code read_functions(firn_sql_run *q, const firn_engine_ops *ops, firn_result *r,
                                firn_err *err)
{
    FIRN_VEC(firn_function_name) list = {0};
    firn_arena *a = q->c->arena;
    for (;;) {
        const firn_column *root;
        size_t rows;
        FIRN_TRY(ops->next(r, &root, &rows, err));
        if (rows == 0)
            break;
        for (size_t i = 0; i < rows; i++) {
            const firn_strview *v = &((const firn_strview *)root->children[0].data)[i];
            firn_str name = firn_arena_str(a, firn_strview_str(v));
            bool table = ((const uint8_t *)root->children[1].data)[i] != 0;
            if (!name.p || !firn_vec_push(a, &list, (firn_function_name){name, table}))
                return firn_arena_raise(a, err);
        }
    }
    q->functions = list.v;
    q->function_count = list.n;
    return FIRN_OK;
}

static firn_code load_functions(firn_sql_run *q, firn_err *err)
{
    firn_session *s;
    firn_result *r;
    FIRN_TRY(firn_sql_session(q, &s, err));
    const firn_engine_ops *ops = q->c->run->ops;
    FIRN_TRY(ops->query(s,
                        FIRN_STR_LIT("SELECT DISTINCT function_name, function_type LIKE 'table%' "
                                     "FROM duckdb_functions() WHERE "
                                     "regexp_full_match(function_name, '[a-z][a-z0-9_]*') AND "
                                     "function_name NOT LIKE 'firn\\_%' ESCAPE '\\' AND "
                                     "function_type <> 'pragma' ORDER BY 1"),
                        &r, err));
    firn_code code = read_functions(q, ops, r, err);
    ops->result_close(r);
    return code;
}

static firn_code offer_functions(spot *s, bool table, firn_err *err)
{
    firn_sql_run *q = s->q;
    if (s->prefix.n == 0 || s->quoted)
        return FIRN_OK;
    if (!q->functions)
        FIRN_TRY(load_functions(q, err));
    for (size_t i = 0; i < q->function_count; i++) {
        FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_SQL_BUF;
        if (q->functions[i].table != table || !begins(q->functions[i].name, s->prefix))
            continue;
        FIRN_TRY(firn_buf_addstr(&text, q->functions[i].name, err));
        FIRN_TRY(firn_buf_addc(&text, '(', err));
        FIRN_TRY(offer_built(s, &text, "", err));
    }
    return FIRN_OK;
}

/* --- files --------------------------------------------------------------------------------- */

static firn_code offer_file(spot *s, const char *folder, firn_str prefix, const struct dirent *d,
                            const char *behind, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_SQL_BUF;
    firn_str name = firn_str_of(d->d_name);
    bool hidden = d->d_name[0] == '.' && !(prefix.n && prefix.p[0] == '.');
    if (hidden || name.n < prefix.n || memcmp(name.p, prefix.p, prefix.n) != 0)
        return FIRN_OK;
    const char *path = firn_arena_printf(s->a, "%s/%s", folder, d->d_name);
    firn_stat st;
    bool is_dir = path && firn_fs_stat(s->q->c->env, path, &st, NULL) == FIRN_OK && st.is_dir;
    FIRN_TRY(firn_buf_addstr(&text, name, err));
    FIRN_TRY(firn_buf_adds(&text, is_dir ? "/" : "", err));
    return offer_built(s, &text, is_dir ? "" : behind, err);
}

static firn_code offer_files(spot *s, const char *behind, firn_err *err)
{
    const char *slash = s->prefix.n ? memrchr(s->prefix.p, '/', s->prefix.n) : NULL;
    size_t cut = slash ? (size_t)(slash - s->prefix.p) + 1 : 0;
    const char *folder = cut ? firn_arena_strndup(s->a, s->prefix.p, cut) : ".";
    firn_str prefix = {s->prefix.p + cut, s->prefix.n - cut};
    firn_code code = FIRN_OK;
    DIR *dir = folder ? opendir(folder) : NULL;
    if (!dir)
        return FIRN_OK;
    s->start += cut;
    for (struct dirent *d = readdir(dir); d && code == FIRN_OK; d = readdir(dir))
        code = offer_file(s, folder, prefix, d, behind, err);
    closedir(dir);
    return code;
}

/* --- all of it ----------------------------------------------------------------------------- */

static bool wants_table(const spot *s)
{
    static const char *const words[] = {"from",    "join",       "into",          "update",
                                        "table",   "describe",   "summarize",     "desc",
                                        "columns", "partitions", "tblproperties", "extended"};
    return is_listed(s->before, words, FIRN_COUNT_OF(words));
}

static firn_code offer_sql(spot *s, firn_err *err)
{
    FIRN_TRY(find_spot(s, err));
    if (s->in_text)
        return offer_files(s, "'", err);
    if (s->first && !s->parts.n && !s->quoted)
        return offer_words(s, beginnings, FIRN_COUNT_OF(beginnings), " ", err);
    if (wants_table(s) && !s->parts.n) {
        FIRN_TRY(offer_tables(s, err));
        return offer_functions(s, true, err);
    }
    FIRN_TRY(offer_columns(s, err));
    bool known = s->found.n > 0;
    if (s->parts.n || s->prefix.n || !known)
        FIRN_TRY(offer_tables(s, err));
    if (s->parts.n)
        return FIRN_OK;
    FIRN_TRY(offer_functions(s, false, err));
    if (s->quoted || (known && !s->prefix.n))
        return FIRN_OK;
    return offer_words(s, keywords, FIRN_COUNT_OF(keywords), " ", err);
}

static bool dot_is(firn_str line, const char *name)
{
    return firn_str_starts(line, name) && line.n > strlen(name) && line.p[strlen(name)] == ' ';
}

static firn_code offer_dot_names(spot *s, firn_err *err)
{
    firn_code code = FIRN_OK;
    for (size_t i = 0; firn_dot_name(i) && code == FIRN_OK; i++) {
        const char *name = firn_dot_name(i);
        code = offer_words(s, &name, 1, " ", err);
    }
    return code;
}

static firn_code offer_dot(spot *s, firn_err *err)
{
    static const char *const modes[] = {"box",  "csv",      "json",    "jsonl",
                                        "line", "markdown", "parquet", "table"};
    static const char *const switches[] = {"off", "on"};
    firn_str line = {s->all.p, s->cursor};
    const char *blank = line.n ? memrchr(line.p, ' ', line.n) : NULL;
    s->start = blank ? (size_t)(blank - line.p) + 1 : 0;
    s->prefix = (firn_str){line.p + s->start, s->cursor - s->start};
    if (!blank)
        return offer_dot_names(s, err);
    if (dot_is(line, ".mode"))
        return offer_words(s, modes, FIRN_COUNT_OF(modes), "", err);
    if (dot_is(line, ".timer") || dot_is(line, ".pager"))
        return offer_words(s, switches, FIRN_COUNT_OF(switches), "", err);
    if (dot_is(line, ".read") || dot_is(line, ".output"))
        return offer_files(s, "", err);
    if (!dot_is(line, ".schema") && !dot_is(line, ".tables"))
        return FIRN_OK;
    FIRN_TRY(find_spot(s, err));
    return offer_tables(s, err);
}

static int by_text(const void *x, const void *y)
{
    return firn_str_cmp(((const firn_completion *)x)->shown, ((const firn_completion *)y)->shown);
}

firn_code firn_shell_complete(void *arg, firn_str text, size_t cursor, firn_arena *a,
                              firn_completions *ret, firn_err *err)
{
    spot s = {.q = arg, .a = a, .all = text, .cursor = cursor};
    bool dot = text.n && text.p[0] == '.';
    FIRN_TRY(dot ? offer_dot(&s, err) : offer_sql(&s, err));
    if (s.found.n)
        qsort(s.found.v, s.found.n, sizeof *s.found.v, by_text);
    *ret = (firn_completions){s.found.v, s.found.n, cursor - s.start};
    return FIRN_OK;
}
