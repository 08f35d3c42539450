/* SPDX-License-Identifier: Apache-2.0 */
/* SHOW TABLES, SHOW SCHEMAS, DESCRIBE NAMESPACE: what is in the catalog. */
#include "pipeline/statement_int.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

/* --- patterns ------------------------------------------------------------------------------ */

/* How a name is matched: SQL's % and _, or Spark's * with | between patterns; letters in any case.
 */
typedef struct pattern {
    firn_str text; /* .p == NULL: everything */
    bool spark;
} pattern;

static bool same_letter(char x, char y)
{
    return firn_str_ieq((firn_str){&x, 1}, (firn_str){&y, 1});
}

/* `many` stands for any run of characters, `one` for any single one. */
static bool matches_one(firn_str p, firn_str s, char many, char one)
{
    size_t i = 0;
    size_t k = 0;
    size_t star = SIZE_MAX; /* the last `many`, and where its run ends so far */
    size_t from = 0;
    while (k < s.n) {
        if (i < p.n && p.p[i] == many) {
            star = i++;
            from = k;
        } else if (i < p.n && (p.p[i] == one || same_letter(p.p[i], s.p[k]))) {
            i++;
            k++;
        } else if (star != SIZE_MAX) {
            i = star + 1;
            k = ++from;
        } else {
            return false;
        }
    }
    while (i < p.n && p.p[i] == many)
        i++;
    return i == p.n;
}

static bool matches(const pattern *p, firn_str name)
{
    firn_str rest = p->text;
    if (!rest.p)
        return true;
    if (!p->spark)
        return matches_one(rest, name, '%', '_');
    while (rest.p)
        if (matches_one(firn_str_trim(firn_str_cut(&rest, '|')), name, '*', '*'))
            return true;
    return false;
}

/* [LIKE] 'x%' */
static firn_code read_pattern(firn_showing *w, pattern *ret, firn_err *err)
{
    bool like = firn_showing_word(w, "like");
    firn_sql_token t = firn_showing_next(w);
    *ret = (pattern){0};
    if (t.kind != FIRN_SQL_TEXT && like)
        return firn_showing_fail(w, t.offset, err, "behind LIKE stands a text, like 'raw%%'");
    if (t.kind != FIRN_SQL_TEXT)
        return FIRN_OK;
    FIRN_TRY(firn_sql_unquote(w->conf->sql, t, w->a, &ret->text, err));
    w->at = t.offset + t.length;
    ret->spark = memchr(ret->text.p, '*', ret->text.n) || memchr(ret->text.p, '|', ret->text.n);
    return FIRN_OK;
}

/* --- namespaces ---------------------------------------------------------------------------- */

typedef FIRN_VEC(firn_str) name_list;

static bool is_listed(const name_list *l, firn_str ns)
{
    for (size_t i = 0; i < l->n; i++)
        if (firn_str_eq(l->v[i], ns))
            return true;
    return false;
}

/* Those of the catalog, each behind the levels above it, which need not be in the catalog
 * themselves. */
static firn_code list_namespaces(const firn_showing *w, firn_str **ret, size_t *ret_count,
                                 firn_err *err)
{
    firn_catalog *c = w->run->catalog;
    firn_str *list;
    size_t count;
    name_list all = {0};
    FIRN_TRY(c->ops->list_namespaces(c, w->a, &list, &count, err));
    for (size_t i = 0; i < count; i++) {
        for (size_t n = 1; n <= list[i].n; n++) {
            firn_str ns = {list[i].p, n};
            bool level = n == list[i].n || list[i].p[n] == '.';
            if (level && !is_listed(&all, ns) && !firn_vec_push(w->a, &all, ns))
                return firn_arena_raise(w->a, err);
        }
    }
    *ret = all.v;
    *ret_count = all.n;
    return FIRN_OK;
}

static bool is_below(firn_str ns, firn_str above)
{
    return ns.n > above.n && firn_str_ieq((firn_str){ns.p, above.n}, above) && ns.p[above.n] == '.';
}

/* The namespace as the catalog spells it. */
static firn_code check_namespace(firn_showing *w, firn_str *ns, size_t offset, firn_err *err)
{
    firn_str *list;
    size_t count;
    FIRN_TRY(list_namespaces(w, &list, &count, err));
    for (size_t i = 0; i < count; i++) /* exact letters first */
        if (firn_str_eq(list[i], *ns))
            return FIRN_OK;
    for (size_t i = 0; i < count; i++) {
        if (!firn_str_ieq(list[i], *ns))
            continue;
        *ns = list[i];
        return FIRN_OK;
    }
    firn_code code =
        firn_showing_fail(w, offset, err, "there is no namespace %s", firn_quote(*ns).s);
    int near = firn_str_nearest(*ns, list, count);
    if (near >= 0)
        firn_err_advise(err, "did you mean %.*s?", FIRN_STR_ARG(list[near]));
    else
        firn_err_advise(err, "SHOW SCHEMAS lists those there are");
    return code;
}

/* [FROM|IN name] */
static firn_code read_within(firn_showing *w, firn_str *ret, firn_err *err)
{
    *ret = (firn_str){NULL, 0};
    if (!firn_showing_word(w, "from") && !firn_showing_word(w, "in"))
        return FIRN_OK;
    size_t offset = firn_showing_next(w).offset;
    FIRN_TRY(firn_showing_namespace(w, ret, err));
    if (firn_str_ieq(*ret, w->run->catalog->name)) { /* SHOW SCHEMAS FROM lake */
        firn_str *list;
        size_t count;
        FIRN_TRY(list_namespaces(w, &list, &count, err));
        for (size_t i = 0; i < count; i++)
            if (firn_str_ieq(list[i], *ret))
                return FIRN_OK;
        *ret = (firn_str){NULL, 0};
        return FIRN_OK;
    }
    return check_namespace(w, ret, offset, err);
}

firn_code firn_show_namespaces(firn_showing *w, firn_err *err)
{
    firn_str within;
    pattern like;
    firn_str *list;
    size_t count;
    FIRN_TRY(read_within(w, &within, err));
    FIRN_TRY(read_pattern(w, &like, err));
    FIRN_TRY(firn_showing_end(w, err));
    FIRN_TRY(list_namespaces(w, &list, &count, err));
    w->out.columns[0] = "namespace";
    w->out.column_count = 1;
    for (size_t i = 0; i < count; i++) {
        bool inside = !within.p || is_below(list[i], within);
        if (inside && matches(&like, list[i]))
            FIRN_TRY(firn_listing_add(&w->out, &list[i], err));
    }
    return FIRN_OK;
}

/* --- tables -------------------------------------------------------------------------------- */

static firn_code show_names(firn_showing *w, bool views, firn_err *err)
{
    firn_str within;
    pattern like;
    firn_ident *list;
    size_t count;
    firn_catalog *c = w->run->catalog;
    FIRN_TRY(read_within(w, &within, err));
    FIRN_TRY(read_pattern(w, &like, err));
    FIRN_TRY(firn_showing_end(w, err));
    if (views)
        FIRN_TRY(firn_views_list(w->run->views, w->run->view_count, c, w->a, &list, &count, err));
    else
        FIRN_TRY(c->ops->list_tables(c, w->a, &list, &count, err));
    w->out.columns[0] = "namespace";
    w->out.columns[1] = views ? "view_name" : "table_name";
    w->out.column_count = 2;
    for (size_t i = 0; i < count; i++) {
        const firn_str row[] = {list[i].ns, list[i].name};
        bool inside = !within.p || firn_str_eq(list[i].ns, within);
        if (inside && matches(&like, list[i].name))
            FIRN_TRY(firn_listing_add(&w->out, row, err));
    }
    return FIRN_OK;
}

firn_code firn_show_tables(firn_showing *w, firn_err *err)
{
    return show_names(w, false, err);
}

firn_code firn_show_views(firn_showing *w, firn_err *err)
{
    return show_names(w, true, err);
}

static firn_code add_info(firn_showing *w, const char *name, firn_str value, firn_err *err)
{
    const firn_str row[] = {firn_str_of(name), value};
    return firn_listing_add(&w->out, row, err);
}

firn_code firn_describe_namespace(firn_showing *w, firn_err *err)
{
    firn_str ns;
    firn_ident *tables;
    size_t count;
    size_t own = 0;
    char number[24];
    firn_catalog *c = w->run->catalog;
    if (!firn_showing_word(w, "extended"))
        firn_showing_word(w, "formatted");
    size_t offset = firn_showing_next(w).offset;
    FIRN_TRY(firn_showing_namespace(w, &ns, err));
    FIRN_TRY(firn_showing_end(w, err));
    FIRN_TRY(check_namespace(w, &ns, offset, err));
    FIRN_TRY(c->ops->list_tables(c, w->a, &tables, &count, err));
    for (size_t i = 0; i < count; i++)
        own += firn_str_eq(tables[i].ns, ns);
    snprintf(number, sizeof number, "%zu", own);
    w->out.columns[0] = "info_name";
    w->out.columns[1] = "info_value";
    w->out.column_count = 2;
    FIRN_TRY(add_info(w, "Catalog Name", c->name, err));
    FIRN_TRY(add_info(w, "Namespace Name", ns, err));
    return add_info(w, "Tables", firn_str_of(number), err);
}
