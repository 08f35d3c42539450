/* SPDX-License-Identifier: Apache-2.0 */
/* Walks over the words of a statement and follows, level by level of parentheses, whether a table
 * is expected next: only there the words behind a table's name are more than columns. */
#include "engine/sql_refs.h"

#include "base/str.h"
#include "engine/sql.h"
#include "iceberg/metadata_table.h"

#include <string.h>

/* One level of parentheses. */
typedef struct level {
    bool first;  /* nothing was read of it yet */
    bool query;  /* it holds a query, so that FROM begins a list of tables */
    bool tables; /* in such a list */
    bool expect; /* a table comes next */
} level;

typedef struct walk {
    firn_str sql;
    const firn_sql_origin *origin;
    const firn_sql_known *known;
    firn_arena *a;
    FIRN_VEC(level) levels;
    FIRN_VEC(firn_sql_ref) refs;
    firn_sql_token before; /* the token last read */
} walk;

static level *top(walk *w)
{
    return &w->levels.v[w->levels.n - 1];
}

static firn_sql_token after(const walk *w, firn_sql_token t)
{
    return firn_sql_next(w->sql, t.offset + t.length);
}

static bool is_any(firn_str sql, firn_sql_token t, const char *const *words)
{
    for (; *words; words++)
        if (firn_sql_is_word(sql, t, *words))
            return true;
    return false;
}

/* --- what is not there --------------------------------------------------------------------- */

firn_code firn_sql_no_table(firn_str sql, const firn_sql_origin *origin,
                            const firn_sql_known *known, const firn_sql_name *n, firn_arena *a,
                            firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_SQL_BUF;
    firn_str names[512];
    int near = -1;
    size_t count = FIRN_MIN(known->count, FIRN_COUNT_OF(names));
    for (size_t i = 0; i < n->part_count; i++) {
        FIRN_TRY(firn_buf_adds(&text, i ? "." : "", err));
        FIRN_TRY(firn_buf_addstr(&text, n->parts[i], err));
    }
    for (size_t i = 0; i < count; i++) {
        const firn_ident *t = &known->tables[i];
        names[i] = firn_str_of(
            firn_arena_printf(a, "%.*s.%.*s", FIRN_STR_ARG(t->ns), FIRN_STR_ARG(t->name)));
        if (n->part_count == 1 && firn_str_ieq(t->name, n->parts[0]))
            near = (int)i; /* named without its namespace */
    }
    bool catalog = n->part_count > 2 && firn_str_ieq(n->parts[0], known->catalog);
    size_t skip = catalog ? n->parts[0].n + 1 : 0;
    firn_str name = {(const char *)text.p + skip, text.n - skip};
    near = near < 0 ? firn_str_nearest(name, names, count) : near;
    firn_raise(err, FIRN_E_SQL, "there is no table %s", firn_quote(firn_buf_str(&text)).s);
    if (near >= 0)
        firn_err_advise(err, "did you mean %.*s?", FIRN_STR_ARG(names[near]));
    else
        firn_err_advise(err, "tables are named namespace.table; `firn tables` lists them");
    return firn_sql_place(err, sql, n->starts[0], origin);
}

static firn_code no_table(walk *w, const firn_sql_name *n, firn_err *err)
{
    return firn_sql_no_table(w->sql, w->origin, w->known, n, w->a, err);
}

static firn_code ambiguous(walk *w, const firn_sql_name *n, firn_ident x, firn_ident y,
                           firn_err *err)
{
    firn_raise(err, FIRN_E_SQL, "%.*s.%.*s and %.*s.%.*s differ only in case", FIRN_STR_ARG(x.ns),
               FIRN_STR_ARG(x.name), FIRN_STR_ARG(y.ns), FIRN_STR_ARG(y.name));
    firn_err_advise(err, "write the name of the one you mean exactly as it is");
    return firn_sql_place(err, w->sql, n->starts[0], w->origin);
}

/* --- which table --------------------------------------------------------------------------- */

/* How a name fits a known table. */
typedef struct fit {
    bool found;
    size_t table;
    size_t first;
    size_t ns_parts;
    size_t used; /* parts of the name */
    int exact;   /* 2: the table has the very letters; 1: the namespace has */
    bool twice;  /* another one fits as well */
    size_t other;
} fit;

/* Whether the parts are the namespace in the very letters. */
static bool exact_namespace(const firn_str *parts, size_t count, firn_str ns)
{
    for (size_t i = 0; i < count; i++) {
        if (ns.n < parts[i].n || memcmp(ns.p, parts[i].p, parts[i].n) != 0)
            return false;
        size_t skip = parts[i].n + (i + 1 < count);
        ns = (firn_str){ns.p + skip, ns.n - skip};
    }
    return true;
}

static bool is_better(const fit *x, const fit *y)
{
    if (!y->found || x->used != y->used)
        return !y->found || x->used > y->used;
    if (x->exact != y->exact)
        return x->exact > y->exact;
    return x->first > y->first;
}

static void try_fit(const walk *w, const firn_sql_name *n, size_t first, size_t place, fit *best)
{
    firn_ident t = w->known->tables[place];
    const firn_str *parts = n->parts + first;
    size_t count = n->part_count - first;
    size_t k = firn_sql_namespace_parts(parts, count, t.ns);
    if (!k || k >= count || !firn_str_ieq(parts[k], t.name))
        return;
    fit f = {.found = true, .table = place, .first = first, .ns_parts = k, .used = first + k + 1};
    f.exact = exact_namespace(parts, k, t.ns) + 2 * firn_str_eq(parts[k], t.name);
    bool equal =
        best->found && f.used == best->used && f.first == best->first && f.exact == best->exact;
    if (equal && !firn_ident_eq(w->known->tables[best->table], t)) {
        best->twice = true;
        best->other = place;
    } else if (is_better(&f, best)) {
        *best = f;
    }
}

static fit find_table(const walk *w, const firn_sql_name *n)
{
    fit best = {0};
    bool catalog =
        w->known->catalog.p && n->part_count > 2 && firn_str_ieq(n->parts[0], w->known->catalog);
    for (size_t i = 0; i < w->known->count; i++) {
        if (catalog)
            try_fit(w, n, 1, i, &best);
        try_fit(w, n, 0, i, &best);
    }
    return best;
}

/* t$files: the table t, if there is none of the whole name.  *ret_word is "files". */
static fit find_base(const walk *w, const firn_sql_name *n, firn_str *ret_word)
{
    fit best = {0};
    for (size_t i = 1; i < n->part_count; i++) {
        firn_str part = n->parts[i];
        const char *dollar = part.n ? memrchr(part.p, '$', part.n) : NULL;
        if (!dollar || dollar == part.p)
            continue;
        firn_str word = {dollar + 1, part.n - (size_t)(dollar + 1 - part.p)};
        n->parts[i].n = (size_t)(dollar - part.p);
        fit f = find_table(w, n);
        n->parts[i] = part;
        if (!f.found || f.used != i + 1)
            continue;
        *ret_word = word;
        return f;
    }
    return best;
}

/* --- references ---------------------------------------------------------------------------- */

static bool is_reserved(firn_str sql, firn_sql_token t)
{
    static const char *const words[] = {
        "where",  "on",          "using",     "group",   "having",  "order",      "limit", "union",
        "except", "join",        "inner",     "left",    "right",   "full",       "cross", "select",
        "window", "qualify",     "intersect", "natural", "asof",    "positional", "semi",  "anti",
        "offset", "tablesample", "pivot",     "unpivot", "lateral", "from",       "set",   "when",
        "then",   "end",         "and",       "or",      "as",      NULL};
    return is_any(sql, t, words);
}

/* Returns the offset behind an alias, "AS o (a, b)"; `at` itself if there is none. */
static size_t skip_alias(const walk *w, size_t at)
{
    firn_sql_token t = firn_sql_next(w->sql, at);
    if (firn_sql_is_word(w->sql, t, "as"))
        t = after(w, t);
    bool alias = firn_sql_is_identifier(t) && !is_reserved(w->sql, t);
    if (!alias)
        return at;
    size_t end = t.offset + t.length;
    firn_sql_token open = after(w, t);
    if (!firn_sql_is_sign(w->sql, open, '('))
        return end;
    for (t = after(w, open); t.kind != FIRN_SQL_END; t = after(w, t)) {
        if (firn_sql_is_sign(w->sql, t, ')'))
            return t.offset + 1;
        if (!firn_sql_is_identifier(t) && !firn_sql_is_sign(w->sql, t, ','))
            return end;
    }
    return end;
}

static firn_code said_twice(walk *w, size_t offset, firn_err *err)
{
    firn_raise(err, FIRN_E_SQL, "the table's state is said twice");
    firn_err_advise(err, "leave one of the two out");
    return firn_sql_place(err, w->sql, offset, w->origin);
}

/* The clause behind a table, or behind its alias. */
static firn_code find_clause(walk *w, size_t end, firn_sql_at *ret, firn_err *err)
{
    firn_sql_at second;
    FIRN_TRY(firn_sql_travel(w->sql, end, w->origin, w->a, ret, err));
    if (ret->at.kind)
        end = ret->end;
    FIRN_TRY(firn_sql_travel(w->sql, end, w->origin, w->a, &second, err));
    if (!second.at.kind)
        FIRN_TRY(firn_sql_travel(w->sql, skip_alias(w, end), w->origin, w->a, &second, err));
    if (second.at.kind && ret->at.kind)
        return said_twice(w, second.offset, err);
    if (second.at.kind)
        *ret = second;
    return FIRN_OK;
}

static firn_code push(walk *w, firn_sql_ref ref, firn_err *err)
{
    return firn_vec_push(w->a, &w->refs, ref) ? FIRN_OK : firn_arena_raise(w->a, err);
}

/* What stands behind the name of a table where a table is expected: ns.t.files, ns.t.branch_b. */
static firn_code read_tail(walk *w, firn_sql_ref *ref, const fit *f, firn_err *err)
{
    firn_metadata_table_kind kind;
    firn_at at;
    firn_str word = ref->name.parts[f->used];
    if (f->used + 1 < ref->name.part_count)
        return no_table(w, &ref->name, err);
    ref->end = ref->name.ends[f->used];
    ref->column = false;
    if (firn_sql_travel_selector(word, &at)) {
        if (ref->at.at.kind)
            return said_twice(w, ref->at.offset, err);
        ref->at.at = at; /* a part of the name, not a clause */
        ref->at.offset = ref->at.end = ref->name.starts[f->used];
        return FIRN_OK;
    }
    if (!firn_metadata_table_find(word, &kind))
        return no_table(w, &ref->name, err);
    ref->metadata = word;
    return FIRN_OK;
}

static firn_code unknown_metadata(walk *w, const firn_sql_ref *ref, firn_err *err)
{
    firn_code code = firn_metadata_table_unknown(ref->metadata, err);
    firn_sql_place(err, w->sql, ref->name.starts[0], w->origin);
    return code;
}

/* A name that is a table of the catalog, or begins with one. */
static firn_code add_table(walk *w, firn_sql_ref *ref, const fit *f, bool expected, firn_err *err)
{
    firn_metadata_table_kind kind;
    bool whole = f->used == ref->name.part_count;
    firn_sql_token next = firn_sql_next(w->sql, ref->name.ends[ref->name.part_count - 1]);
    ref->table = f->table;
    ref->first = f->first;
    ref->ns_parts = f->ns_parts;
    ref->end = ref->name.ends[f->used - 1];
    ref->column = !whole || firn_sql_is_sign(w->sql, next, '.'); /* raw.orders.* */
    if (!whole && expected)
        FIRN_TRY(read_tail(w, ref, f, err));
    if (f->twice && !ref->column)
        return ambiguous(w, &ref->name, w->known->tables[f->table], w->known->tables[f->other],
                         err);
    if (ref->metadata.p && !ref->column && !firn_metadata_table_find(ref->metadata, &kind))
        return unknown_metadata(w, ref, err);
    return push(w, *ref, err);
}

/* curated.shared.nothing: the engine would look for a catalog curated. */
static bool is_in_known_namespace(const walk *w, const firn_sql_name *n)
{
    if (n->part_count < 3)
        return false;
    size_t first = w->known->catalog.p && firn_str_ieq(n->parts[0], w->known->catalog);
    for (size_t i = 0; i < w->known->count; i++)
        if (firn_sql_namespace_parts(n->parts + first, n->part_count - first,
                                     w->known->tables[i].ns) == n->part_count - first - 1)
            return true;
    return false;
}

static firn_code add_name(walk *w, const firn_sql_name *n, bool expected, size_t *ret_end,
                          firn_err *err)
{
    firn_sql_ref ref = {.name = *n};
    size_t last = n->ends[n->part_count - 1];
    *ret_end = last;
    fit f = n->part_count > 1 ? find_table(w, n) : (fit){0};
    if (n->part_count > 1 && (!f.found || (expected && f.used < n->part_count))) {
        fit base = find_base(w, n, &ref.metadata);
        f = base.found ? base : f;
    }
    if (f.found || expected)
        FIRN_TRY(find_clause(w, last, &ref.at, err));
    if (ref.at.at.kind)
        *ret_end = ref.at.end;
    if (f.found)
        return add_table(w, &ref, &f, expected, err);
    if (expected && (ref.at.at.kind || n->part_count > 3 || is_in_known_namespace(w, n)))
        return no_table(w, n, err);
    return FIRN_OK;
}

/* --- iceberg('…') -------------------------------------------------------------------------- */

static firn_code wrong_call(walk *w, size_t offset, const char *what, firn_err *err)
{
    firn_raise(err, FIRN_E_SQL, "%s", what);
    firn_err_advise(err, "write iceberg('FOLDER'), iceberg('….metadata.json'), and for a table "
                         "that was moved iceberg('FOLDER', moved => true)");
    return firn_sql_place(err, w->sql, offset, w->origin);
}

static bool read_bool(firn_str text, bool *ret)
{
    *ret = firn_str_ieq(text, FIRN_STR_LIT("true"));
    return *ret || firn_str_ieq(text, FIRN_STR_LIT("false"));
}

static firn_code set_argument(walk *w, firn_sql_call *c, firn_sql_token name, firn_str value,
                              firn_err *err)
{
    static const char *const versions[] = {"version", NULL};
    static const char *const snapshots[] = {"snapshot", "snapshot_id", "snapshot_from_id", NULL};
    static const char *const moved[] = {"moved", "allow_moved_paths", NULL};
    bool ok;
    if (is_any(w->sql, name, moved)) {
        ok = read_bool(value, &c->moved);
    } else if (firn_sql_is_word(w->sql, name, "moved_from")) {
        c->moved_from = value;
        ok = c->moved = value.n > 0;
    } else if (is_any(w->sql, name, versions)) {
        firn_str digits =
            value.n && value.p[0] == 'v' ? (firn_str){value.p + 1, value.n - 1} : value;
        ok = firn_str_i64(digits, &c->version) && c->version >= 0;
    } else if (is_any(w->sql, name, snapshots)) {
        ok = firn_str_i64(value, &c->snapshot) && c->snapshot >= 0;
    } else {
        return wrong_call(w, name.offset,
                          "iceberg takes moved, moved_from, version and snapshot besides the place",
                          err);
    }
    return ok ? FIRN_OK : wrong_call(w, name.offset, "the value of this is not right", err);
}

/* Reads "=> value" behind a name; *at is then behind it. */
static firn_code read_argument(walk *w, firn_sql_call *c, firn_sql_token name, size_t *at,
                               firn_err *err)
{
    firn_str value;
    firn_sql_token t = after(w, name);
    bool arrow = false;
    while (firn_sql_is_sign(w->sql, t, '=') || firn_sql_is_sign(w->sql, t, '>') ||
           firn_sql_is_sign(w->sql, t, ':')) {
        arrow = true;
        t = after(w, t);
    }
    if (!arrow || t.kind == FIRN_SQL_END || t.kind == FIRN_SQL_SIGN)
        return wrong_call(w, name.offset, "arguments behind the place are written name => value",
                          err);
    FIRN_TRY(firn_sql_unquote(w->sql, t, w->a, &value, err));
    *at = t.offset + t.length;
    return set_argument(w, c, name, value, err);
}

/* Behind the opening parenthesis. */
static firn_code read_call(walk *w, firn_sql_token open, firn_sql_call *c, size_t *ret_end,
                           firn_err *err)
{
    firn_sql_token t = after(w, open);
    if (t.kind != FIRN_SQL_TEXT)
        return wrong_call(w, t.offset, "iceberg takes the place of a table as a text", err);
    FIRN_TRY(firn_sql_unquote(w->sql, t, w->a, &c->where, err));
    if (c->where.n == 0)
        return wrong_call(w, t.offset, "the place of the table is empty", err);
    t = after(w, t);
    while (firn_sql_is_sign(w->sql, t, ',')) {
        firn_sql_token name = after(w, t);
        size_t at = 0;
        if (!firn_sql_is_identifier(name))
            return wrong_call(w, name.offset,
                              "arguments behind the place are written name => value", err);
        FIRN_TRY(read_argument(w, c, name, &at, err));
        t = firn_sql_next(w->sql, at);
    }
    if (!firn_sql_is_sign(w->sql, t, ')'))
        return wrong_call(w, t.offset, "a ')' or ',' is missing here", err);
    *ret_end = t.offset + 1;
    return FIRN_OK;
}

static bool is_call(walk *w, const firn_sql_name *n, firn_sql_token *ret_open)
{
    if (n->part_count != 1 || (!firn_str_ieq(n->parts[0], FIRN_STR_LIT("iceberg")) &&
                               !firn_str_ieq(n->parts[0], FIRN_STR_LIT("iceberg_scan"))))
        return false;
    *ret_open = firn_sql_next(w->sql, n->ends[0]);
    return firn_sql_is_sign(w->sql, *ret_open, '(');
}

static firn_code add_call(walk *w, const firn_sql_name *n, firn_sql_token open, size_t *ret_end,
                          firn_err *err)
{
    firn_sql_ref ref = {.name = *n};
    firn_sql_call *c = firn_arena_zalloc(w->a, sizeof *c);
    if (!c)
        return firn_arena_raise(w->a, err);
    c->version = -1;
    c->snapshot = -1;
    FIRN_TRY(read_call(w, open, c, &ref.end, err));
    FIRN_TRY(find_clause(w, ref.end, &ref.at, err));
    if (c->snapshot >= 0 && ref.at.at.kind)
        return said_twice(w, ref.at.offset, err);
    if (c->snapshot >= 0)
        ref.at = (firn_sql_at){.at = {.kind = FIRN_AT_VERSION, .snapshot_id = c->snapshot},
                               .offset = n->starts[0],
                               .end = n->starts[0]};
    ref.call = c;
    *ret_end = FIRN_MAX(ref.end, ref.at.end);
    return push(w, ref, err);
}

/* --- walking ------------------------------------------------------------------------------- */

static firn_code open_level(walk *w, firn_err *err)
{
    level *now = top(w);
    level inner = {
        .first = true, .query = now->expect, .tables = now->expect, .expect = now->expect};
    now->expect = false;
    now->first = false;
    if (w->levels.n > 10000)
        return firn_raise(err, FIRN_E_LIMIT, "a statement nested deeper than 10000 levels");
    return firn_vec_push(w->a, &w->levels, inner) ? FIRN_OK : firn_arena_raise(w->a, err);
}

/* Takes a word that says what comes next; false if it is none of these. */
static bool take_word(walk *w, firn_sql_token t)
{
    static const char *const queries[] = {"select", "values", "with", NULL};
    static const char *const ends[] = {"where",  "group",   "having", "order",  "limit",
                                       "window", "qualify", "union",  "except", "intersect",
                                       "set",    "offset",  NULL};
    static const char *const begins[] = {"describe", "desc",  "summarize", "pivot",
                                         "unpivot",  "table", "show",      NULL};
    level *now = top(w);
    bool first = now->first;
    now->first = false;
    if (is_any(w->sql, t, queries)) {
        *now = (level){.query = true};
    } else if (firn_sql_is_word(w->sql, t, "from")) {
        bool list = (now->query || first) && !firn_sql_is_word(w->sql, w->before, "distinct");
        now->query |= first;
        now->tables |= list;
        now->expect |= list;
    } else if (firn_sql_is_word(w->sql, t, "join") && now->tables) {
        now->expect = true;
    } else if (is_any(w->sql, t, ends)) {
        now->tables = now->expect = false;
    } else if (first && is_any(w->sql, t, begins)) {
        now->expect = true;
    } else {
        return (firn_sql_is_word(w->sql, t, "lateral") || firn_sql_is_word(w->sql, t, "only")) &&
               now->expect;
    }
    return true;
}

static firn_code take_sign(walk *w, firn_sql_token t, firn_err *err)
{
    if (firn_sql_is_sign(w->sql, t, '('))
        return open_level(w, err);
    if (firn_sql_is_sign(w->sql, t, ')') && w->levels.n > 1)
        w->levels.n--;
    level *now = top(w);
    now->expect = now->tables && firn_sql_is_sign(w->sql, t, ',');
    now->first = firn_sql_is_sign(w->sql, t, ';');
    return FIRN_OK;
}

static firn_code take_name(walk *w, firn_sql_token t, size_t *at, firn_err *err)
{
    firn_sql_name n;
    firn_sql_token open;
    bool expected = top(w)->expect;
    FIRN_TRY(firn_sql_chain(w->sql, t, w->a, &n, err));
    top(w)->expect = top(w)->first = false;
    if (expected && is_call(w, &n, &open))
        return add_call(w, &n, open, at, err);
    return add_name(w, &n, expected, at, err);
}

static firn_code walk_over(walk *w, firn_err *err)
{
    size_t at = 0;
    for (;;) {
        firn_sql_token t = firn_sql_next(w->sql, at);
        bool field = firn_sql_is_sign(w->sql, w->before, '.'); /* (expression).a.b */
        if (t.kind == FIRN_SQL_END)
            return FIRN_OK;
        at = t.offset + t.length;
        if (t.kind == FIRN_SQL_SIGN)
            FIRN_TRY(take_sign(w, t, err));
        else if (!firn_sql_is_identifier(t))
            top(w)->expect = top(w)->first = false;
        else if (!field && (t.kind == FIRN_SQL_QUOTED || !take_word(w, t)))
            FIRN_TRY(take_name(w, t, &at, err));
        w->before = t;
    }
}

firn_code firn_sql_refs(firn_str sql, const firn_sql_origin *origin, const firn_sql_known *known,
                        firn_arena *a, firn_sql_ref **ret, size_t *ret_count, firn_err *err)
{
    walk w = {.sql = sql, .origin = origin, .known = known, .a = a};
    level bottom = {.first = true, .query = true};
    if (!firn_vec_push(a, &w.levels, bottom))
        return firn_arena_raise(a, err);
    FIRN_TRY(walk_over(&w, err));
    *ret = w.refs.v;
    *ret_count = w.refs.n;
    return FIRN_OK;
}
