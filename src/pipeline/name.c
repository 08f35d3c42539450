/* SPDX-License-Identifier: Apache-2.0 */
/* Names of tables and namespaces: what is one, and which of them clash. */
#include "pipeline/project_int.h"

#include <string.h>

#define MAX_NAME_BYTES ((size_t)255)

const char *firn_name_fault(firn_str part)
{
    if (part.n == 0)
        return "a part of it is empty";
    if (part.n > MAX_NAME_BYTES)
        return "a part of it is longer than 255 bytes";
    if (!firn_utf8_valid(part.p, part.n))
        return "it is not UTF-8";
    if (firn_str_trim(part).n != part.n)
        return "a part of it begins or ends with a blank";
    if (firn_str_eqc(part, ".") || firn_str_eqc(part, ".."))
        return "'.' and '..' are folders";
    for (size_t i = 0; i < part.n; i++) {
        unsigned char c = (unsigned char)part.p[i];
        if (c < ' ' || c == 0x7f)
            return "it holds a control character";
        if (c == '/')
            return "it holds a '/'";
    }
    return NULL;
}

firn_ident firn_ident_of(firn_str text)
{
    size_t dot = text.n;
    while (dot > 0 && text.p[dot - 1] != '.')
        dot--;
    firn_assert(dot > 0);
    return (firn_ident){.ns = {text.p, dot - 1}, .name = {text.p + dot, text.n - dot}};
}

const char *firn_ident_fault(firn_str text)
{
    if (text.n == 0 || !memchr(text.p, '.', text.n))
        return "it has no namespace";
    firn_str rest = text;
    while (rest.p) {
        const char *fault = firn_name_fault(firn_str_cut(&rest, '.'));
        if (fault)
            return fault;
    }
    firn_ident ident = firn_ident_of(text);
    if (ident.ns.n > MAX_NAME_BYTES)
        return "its namespace is longer than 255 bytes";
    if (firn_str_ends(ident.name, FIRN_REJECTS_SUFFIX))
        return "names that end with " FIRN_REJECTS_SUFFIX " are kept for bad records";
    if (firn_str_ends(ident.name, FIRN_FAILURES_SUFFIX))
        return "names that end with " FIRN_FAILURES_SUFFIX " are kept for what checks find";
    return NULL;
}

static const char advice[] = "write it as NAMESPACE.TABLE, like raw.orders";

firn_code firn_conf_ident(const firn_conf *c, firn_ident *ret, firn_err *err)
{
    const char *fault = firn_ident_fault(c->text);
    if (fault) {
        firn_raise_conf(err, c->place, FIRN_ID_NAME, "%s is not the name of a table: %s",
                        firn_conf_quote(c).s, fault);
        firn_err_advise(err, "%s", advice);
        return FIRN_E_CONFIG;
    }
    *ret = firn_ident_of(c->text);
    return FIRN_OK;
}

firn_code firn_ident_parse(firn_str text, firn_arena *a, firn_ident *ret, firn_err *err)
{
    const char *fault = firn_ident_fault(text);
    if (fault) {
        firn_raise(err, FIRN_E_CONFIG, "%s is not the name of a table: %s", firn_quote(text).s,
                   fault);
        firn_err_id(err, FIRN_ID_NAME);
        firn_err_advise(err, "%s", advice);
        return FIRN_E_CONFIG;
    }
    firn_str copy = firn_arena_str(a, text);
    if (!copy.p)
        return firn_arena_raise(a, err);
    *ret = firn_ident_of(copy);
    return FIRN_OK;
}

/* --- clashes ------------------------------------------------------------------------------- */

typedef struct firn_named {
    firn_str name; /* as written */
    firn_name_owner owner;
    firn_place place;
} firn_named;

static firn_str small_letters(firn_str s, firn_arena *a)
{
    char *p = firn_arena_strndup(a, s.p, s.n);
    for (size_t i = 0; p && i < s.n; i++)
        if (p[i] >= 'A' && p[i] <= 'Z')
            p[i] = (char)(p[i] + 32);
    return (firn_str){p, s.n};
}

/* "firn.yml:3" for a message about the other place; file alone for a model. */
typedef struct other {
    char s[200];
} other;

static other other_place(firn_place p)
{
    other o;
    if (p.line == 0)
        snprintf(o.s, sizeof o.s, "%.180s", p.file);
    else
        snprintf(o.s, sizeof o.s, "%.180s:%u", p.file, p.line);
    return o;
}

static firn_code clash(firn_place place, firn_str name, const firn_named *first, const char *what,
                       const char *do_this, firn_err *err)
{
    firn_raise_conf(err, place, FIRN_ID_CLASH, "%s %s (%s)", firn_quote(name).s, what,
                    other_place(first->place).s);
    firn_err_advise(err, "%s", do_this);
    return FIRN_E_CONFIG;
}

static firn_code check_case(firn_place place, firn_str name, const firn_named *first, firn_err *err)
{
    if (firn_str_eq(first->name, name))
        return FIRN_OK;
    firn_raise_conf(err, place, FIRN_ID_CLASH, "%s differs from %s (%s) only in case",
                    firn_quote(name).s, firn_quote(first->name).s, other_place(first->place).s);
    firn_err_advise(err, "SQL does not tell them apart: write both alike, or rename one");
    return FIRN_E_CONFIG;
}

static firn_code put(firn_names *names, firn_map *map, firn_str key, firn_named named,
                     firn_err *err)
{
    firn_named *copy = firn_arena_alloc(names->a, sizeof *copy);
    if (!copy)
        return firn_arena_raise(names->a, err);
    *copy = named;
    return firn_map_put(map, key, copy) ? FIRN_OK : firn_arena_raise(names->a, err);
}

/* A namespace and those above it. */
static firn_code add_namespaces(firn_names *names, firn_str ns, firn_str lower, firn_place place,
                                firn_err *err)
{
    for (size_t n = 1; n <= ns.n; n++) {
        if (n < ns.n && ns.p[n] != '.')
            continue;
        firn_str key = {lower.p, n};
        firn_named named = {.name = {ns.p, n}, .place = place};
        const firn_named *table = firn_map_get(&names->tables, key);
        if (table)
            return clash(place, named.name, table, "is a namespace here and a table there",
                         "the files of one would lie inside of the other's folder: rename one",
                         err);
        const firn_named *first = firn_map_get(&names->namespaces, key);
        if (first)
            FIRN_TRY(check_case(place, named.name, first, err));
        else
            FIRN_TRY(put(names, &names->namespaces, key, named, err));
    }
    return FIRN_OK;
}

static firn_code same_table(const firn_named *first, const firn_named *second, firn_err *err)
{
    FIRN_TRY(check_case(second->place, second->name, first, err));
    if (first->owner == FIRN_OWNER_INGEST && second->owner == FIRN_OWNER_INGEST)
        return FIRN_OK; /* project_ingest.c looks at these */
    if (first->owner == FIRN_OWNER_MODEL)
        return clash(second->place, second->name, first, "is a model already",
                     "give one of the two files another name", err);
    return clash(second->place, second->name, first, "is a table that an ingest entry lands",
                 "a table has one owner: rename the model, or the entry's into", err);
}

firn_code firn_names_add(firn_names *names, firn_ident ident, firn_name_owner owner,
                         firn_place place, firn_err *err)
{
    firn_str full = {ident.ns.p, ident.ns.n + 1 + ident.name.n};
    firn_str lower = small_letters(full, names->a);
    if (!lower.p)
        return firn_arena_raise(names->a, err);
    firn_named named = {.name = full, .owner = owner, .place = place};
    FIRN_TRY(add_namespaces(names, ident.ns, (firn_str){lower.p, ident.ns.n}, place, err));
    const firn_named *ns = firn_map_get(&names->namespaces, lower);
    if (ns)
        return clash(place, full, ns, "is a table here and a namespace there",
                     "the files of one would lie inside of the other's folder: rename one", err);
    const firn_named *first = firn_map_get(&names->tables, lower);
    if (first)
        return same_table(first, &named, err);
    return put(names, &names->tables, lower, named, err);
}
