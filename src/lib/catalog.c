/* SPDX-License-Identifier: Apache-2.0 */
/* Catalogs: the one that is included, and functions of the caller's as one of the core's. */
#include "lib/lib_int.h"

#include "base/mem.h"
#include "catalog/catalogs.h"

#include <string.h>

#define LOCATION_MAX 4096

typedef struct given_catalog {
    firn_catalog head;
    firn_catalog_ops ops;
    firn_catalog_functions f;
    firn_arena *arena;
} given_catalog;

/* --- functions of the caller's ------------------------------------------------------------- */

/* The names of a table with their NULs. */
typedef struct names {
    const char *ns;
    const char *table;
} names;

static firn_code terminate(firn_ident ident, firn_arena *a, names *ret, firn_err *err)
{
    if (!a)
        return firn_raise_nomem(err);
    ret->ns = firn_arena_strndup(a, ident.ns.p, ident.ns.n);
    ret->table = firn_arena_strndup(a, ident.name.p, ident.name.n);
    return ret->ns && ret->table ? FIRN_OK : firn_arena_raise(a, err);
}

typedef firn_code raise_function(firn_err *err, firn_status status, const firn_error *from,
                                 const char *what);

static firn_code raise_for(raise_function *raise, firn_err *err, firn_status status,
                           const firn_error *from, firn_ident ident)
{
    char what[160];
    size_t n = firn_lib_print(FIRN_STR_LIT("the catalog, for table "), what, sizeof what);
    firn_lib_print(firn_str_of(firn_quote(ident.name).s), what + n, sizeof what - n);
    return raise(err, status, from, what);
}

static firn_code given_load(firn_catalog *head, firn_ident ident, firn_arena *a,
                            firn_str *ret_location, firn_err *err)
{
    const given_catalog *c = (const given_catalog *)head;
    firn_error error = FIRN_ERROR_INIT;
    names n;
    FIRN_TRY(terminate(ident, a, &n, err));
    char *location = firn_arena_zalloc(a, LOCATION_MAX);
    if (!location)
        return firn_arena_raise(a, err);
    firn_status status = c->f.load(c->f.context, n.ns, n.table, location, LOCATION_MAX, &error);
    if (status != FIRN_STATUS_OK)
        return raise_for(firn_lib_raise, err, status, &error, ident);
    if (!memchr(location, '\0', LOCATION_MAX))
        return firn_raise(err, FIRN_E_INVAL, "the catalog's load() wrote no NUL");
    *ret_location = firn_str_of(location);
    return FIRN_OK;
}

static firn_code swap(const given_catalog *c, const firn_catalog_change *x, firn_arena *a,
                      firn_err *err)
{
    firn_error error = FIRN_ERROR_INIT;
    const char *current = NULL;
    names n;
    FIRN_TRY(terminate(x->ident, a, &n, err));
    const char *next = firn_arena_strndup(a, x->new_location.p, x->new_location.n);
    if (x->base)
        current = firn_arena_strndup(a, x->base->location_of_file.p, x->base->location_of_file.n);
    if (!next || (x->base && !current))
        return firn_arena_raise(a, err);
    firn_status status = c->f.swap(c->f.context, n.ns, n.table, current, next, &error);
    return status == FIRN_STATUS_OK ? FIRN_OK
                                    : raise_for(firn_lib_raise_swap, err, status, &error, x->ident);
}

static firn_code given_commit(firn_catalog *head, const firn_catalog_change *changes, size_t count,
                              firn_err *err)
{
    const given_catalog *c = (const given_catalog *)head;
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("names of a table", 0);
    firn_assert(count == 1); /* it does not say that it can do several */
    return swap(c, &changes[0], a, err);
}

static firn_code given_drop(firn_catalog *head, firn_ident ident, firn_err *err)
{
    const given_catalog *c = (const given_catalog *)head;
    firn_error error = FIRN_ERROR_INIT;
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("names of a table", 0);
    names n;
    if (!c->f.drop)
        return firn_raise(err, FIRN_E_UNSUPPORTED, "the catalog has no drop()");
    FIRN_TRY(terminate(ident, a, &n, err));
    firn_status status = c->f.drop(c->f.context, n.ns, n.table, &error);
    return status == FIRN_STATUS_OK ? FIRN_OK
                                    : raise_for(firn_lib_raise, err, status, &error, ident);
}

static firn_code given_list_namespaces(firn_catalog *c, firn_arena *a FIRN_UNUSED, firn_str **ret,
                                       size_t *ret_count, firn_err *err)
{
    (void)c, (void)ret, (void)ret_count;
    return firn_raise(err, FIRN_E_UNSUPPORTED, "catalogs of functions cannot be listed");
}

static firn_code given_create_namespace(firn_catalog *c, firn_str ns, firn_err *err)
{
    (void)c, (void)ns, (void)err;
    return FIRN_OK;
}

static firn_code given_list_tables(firn_catalog *c, firn_arena *a FIRN_UNUSED, firn_ident **ret,
                                   size_t *ret_count, firn_err *err)
{
    (void)c, (void)ret, (void)ret_count;
    return firn_raise(err, FIRN_E_UNSUPPORTED, "catalogs of functions cannot be listed");
}

static void given_close(firn_catalog *head)
{
    firn_arena_free(((given_catalog *)head)->arena);
}

static firn_code open_given(const firn_catalog_functions *functions, firn_arena *a,
                            firn_catalog **ret, firn_err *err)
{
    given_catalog *c = firn_arena_zalloc(a, sizeof *c);
    if (!c)
        return firn_arena_raise(a, err);
    FIRN_TRY(firn_lib_take(&c->f, sizeof c->f, functions, "firn_catalog_functions", err));
    if (!c->f.load)
        return firn_raise(err, FIRN_E_INVAL, "a firn_catalog_functions without .load");
    c->arena = a;
    c->ops = (firn_catalog_ops){
        .name = "functions",
        .caps = c->f.flags & FIRN_CATALOG_IS_DEFINITE ? FIRN_CATALOG_DEFINITE : 0u,
        .close = given_close,
        .list_namespaces = given_list_namespaces,
        .create_namespace = given_create_namespace,
        .list_tables = given_list_tables,
        .load = given_load,
        .commit = c->f.swap ? given_commit : NULL,
        .drop = given_drop};
    c->head.ops = &c->ops;
    c->head.name = firn_arena_str(a, firn_str_of(c->f.name ? c->f.name : "functions"));
    if (!c->head.name.p)
        return firn_arena_raise(a, err);
    *ret = &c->head;
    return FIRN_OK;
}

firn_status firn_catalog_open_functions(const firn_catalog_functions *functions, firn_catalog **ret,
                                        firn_error *error)
{
    firn_err err = {0};
    firn_arena *a = firn_arena_new("a catalog", 0);
    firn_code code = a ? firn_lib_need(functions, "functions", &err) : firn_raise_nomem(&err);
    if (code == FIRN_OK)
        code = open_given(functions, a, ret, &err);
    if (code != FIRN_OK)
        firn_arena_free(a);
    return firn_lib_end(code, &err, error);
}

bool firn_lib_catalog_writable(const firn_catalog *c)
{
    return c && c->ops->commit && !(c->ops->caps & FIRN_CATALOG_REFUSES);
}

/* --- the one that is included -------------------------------------------------------------- */

firn_status firn_catalog_open_sqlite(const char *path, const char *name, uint32_t flags,
                                     firn_catalog **ret, firn_error *error)
{
    firn_err err = {0};
    firn_str file;
    firn_code code = firn_lib_text(path, "path", &file, &err);
    if (code == FIRN_OK && flags & ~(uint32_t)FIRN_CATALOG_READ_ONLY)
        code = firn_raise(&err, FIRN_E_UNSUPPORTED, "flags that this version does not know");
    if (code == FIRN_OK)
        code = firn_catalog_sqlite_open(file, firn_str_of(name), flags & FIRN_CATALOG_READ_ONLY,
                                        ret, &err);
    return firn_lib_end(code, &err, error);
}

/* --- all of them --------------------------------------------------------------------------- */

void firn_catalog_close(firn_catalog *catalog)
{
    if (catalog)
        catalog->ops->close(catalog);
}

firn_code firn_lib_ident(const char *ns, const char *name, firn_arena *a, firn_ident *ret,
                         firn_err *err)
{
    firn_str n;
    firn_str t;
    FIRN_TRY(firn_lib_text(ns, "name_space", &n, err));
    FIRN_TRY(firn_lib_text(name, "the table's name", &t, err));
    if (t.n == 0 || n.n == 0)
        return firn_raise(err, FIRN_E_INVAL, "a table needs a namespace and a name");
    ret->ns = firn_arena_str(a, n);
    ret->name = firn_arena_str(a, t);
    return ret->ns.p && ret->name.p ? FIRN_OK : firn_arena_raise(a, err);
}

static firn_code create_namespace(firn_catalog *c, const char *name_space, firn_err *err)
{
    firn_str ns;
    FIRN_TRY(firn_lib_need(c, "catalog", err));
    FIRN_TRY(firn_lib_text(name_space, "name_space", &ns, err));
    if (ns.n == 0)
        return firn_raise(err, FIRN_E_INVAL, "a namespace needs a name");
    return c->ops->create_namespace(c, ns, err);
}

firn_status firn_catalog_create_namespace(firn_catalog *catalog, const char *name_space,
                                          firn_error *error)
{
    firn_err err = {0};
    return firn_lib_end(create_namespace(catalog, name_space, &err), &err, error);
}

firn_status firn_catalog_list_tables(firn_catalog *catalog, firn_table_name_function each,
                                     void *argument, firn_error *error)
{
    firn_err err = {0};
    firn_ident *tables = NULL;
    size_t count = 0;
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a list of tables", 0);
    firn_code code = a ? firn_lib_need(catalog, "catalog", &err) : firn_raise_nomem(&err);
    if (code == FIRN_OK)
        code = firn_lib_need((const void *)(uintptr_t)each, "each", &err);
    if (code == FIRN_OK)
        code = catalog->ops->list_tables(catalog, a, &tables, &count, &err);
    if (code != FIRN_OK)
        return firn_lib_fail(code, &err, error);
    for (size_t i = 0; i < count; i++) {
        /* names of catalogs end in NUL, see firn_arena_str */
        firn_status status = each(argument, tables[i].ns.p, tables[i].name.p, error);
        if (status != FIRN_STATUS_OK)
            return status;
    }
    return FIRN_STATUS_OK;
}

static firn_code drop_table(firn_catalog *c, const char *name_space, const char *table,
                            firn_err *err)
{
    firn_ident ident;
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a table's name", 0);
    if (!a)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_lib_need(c, "catalog", err));
    FIRN_TRY(firn_lib_ident(name_space, table, a, &ident, err));
    return c->ops->drop(c, ident, err);
}

firn_status firn_catalog_drop_table(firn_catalog *catalog, const char *name_space,
                                    const char *table, firn_error *error)
{
    firn_err err = {0};
    return firn_lib_end(drop_table(catalog, name_space, table, &err), &err, error);
}
