/* SPDX-License-Identifier: Apache-2.0 */
/* Tables: opening, creating, refreshing. */
#include "lib/lib_int.h"

/* --- handles ------------------------------------------------------------------------------- */

void firn_table_close(firn_table *table)
{
    if (!table)
        return;
    firn_arena_free(table->arena);
    firn_lib_storage_close(table->storage);
    firn_arena_free(table->own);
}

static firn_code new_table(firn_catalog *catalog, const firn_storage *storage, firn_table **ret,
                           firn_err *err)
{
    firn_arena *own = firn_arena_new("a table", 0);
    firn_table *t = own ? firn_arena_zalloc(own, sizeof *t) : NULL;
    if (!t) {
        firn_arena_free(own);
        return firn_raise_nomem(err);
    }
    t->own = own;
    t->catalog = catalog;
    firn_code code = firn_lib_storage_open(storage, &t->storage, err);
    if (code == FIRN_OK) {
        t->arena = firn_arena_new("a table's metadata", 0);
        code = t->arena ? FIRN_OK : firn_raise_nomem(err);
    }
    if (code != FIRN_OK) {
        firn_table_close(t);
        return code;
    }
    *ret = t;
    return FIRN_OK;
}

void firn_lib_table_become(firn_table *t, firn_arena *arena, const firn_metadata *m)
{
    if (arena != t->arena)
        firn_arena_free(t->arena);
    t->arena = arena;
    t->m = m;
}

const char *firn_table_location(const firn_table *table)
{
    return table->location;
}

/* The metadata has it without a slash at the end, and so without a NUL there. */
static firn_code keep_location(firn_table *t, firn_err *err)
{
    firn_str location = firn_arena_str(t->own, t->m->location);
    t->location = location.p;
    return location.p ? FIRN_OK : firn_arena_raise(t->own, err);
}

/* --- opening ------------------------------------------------------------------------------- */

static firn_code load(firn_table *t, const char *name_space, const char *name, firn_err *err)
{
    FIRN_TRY(firn_lib_need(t->catalog, "catalog", err));
    FIRN_TRY(firn_lib_ident(name_space, name, t->own, &t->ident, err));
    FIRN_TRY(firn_table_load(t->catalog, &t->storage->io, t->ident, t->arena, &t->m, err));
    return keep_location(t, err);
}

static firn_status finish(firn_table *t, firn_code code, const firn_err *err, firn_table **ret,
                          firn_error *error)
{
    if (code == FIRN_OK) {
        *ret = t;
        return FIRN_STATUS_OK;
    }
    firn_table_close(t);
    return firn_lib_fail(code, err, error);
}

firn_status firn_table_open(firn_catalog *catalog, const firn_storage *storage,
                            const char *name_space, const char *name, firn_table **ret,
                            firn_error *error)
{
    firn_err err = {0};
    firn_table *t = NULL;
    firn_code code = new_table(catalog, storage, &t, &err);
    if (code == FIRN_OK)
        code = load(t, name_space, name, &err);
    return finish(t, code, &err, ret, error);
}

static firn_code load_file(firn_table *t, const char *metadata_location, firn_err *err)
{
    firn_str location;
    FIRN_TRY(firn_lib_text(metadata_location, "metadata_location", &location, err));
    location = firn_arena_str(t->own, location);
    if (!location.p)
        return firn_arena_raise(t->own, err);
    FIRN_TRY(firn_metadata_load(&t->storage->io, location, t->arena, &t->m, err));
    return keep_location(t, err);
}

firn_status firn_table_open_metadata(const firn_storage *storage, const char *metadata_location,
                                     firn_table **ret, firn_error *error)
{
    firn_err err = {0};
    firn_table *t = NULL;
    firn_code code = new_table(NULL, storage, &t, &err);
    if (code == FIRN_OK)
        code = load_file(t, metadata_location, &err);
    return finish(t, code, &err, ret, error);
}

static firn_code refresh(firn_table *t, firn_arena *a, firn_err *err)
{
    const firn_metadata *m;
    if (!t->catalog)
        return firn_raise(err, FIRN_E_UNSUPPORTED,
                          "a table opened by its metadata file has nothing to refresh");
    FIRN_TRY(firn_table_load(t->catalog, &t->storage->io, t->ident, a, &m, err));
    firn_lib_table_become(t, a, m);
    return FIRN_OK;
}

firn_status firn_table_refresh(firn_table *table, firn_error *error)
{
    firn_err err = {0};
    firn_arena *a = firn_arena_new("a table's metadata", 0);
    firn_code code = a ? firn_lib_need(table, "table", &err) : firn_raise_nomem(&err);
    if (code == FIRN_OK)
        code = refresh(table, a, &err);
    if (code != FIRN_OK)
        firn_arena_free(a);
    return firn_lib_end(code, &err, error);
}

/* --- creating ------------------------------------------------------------------------------ */

/* "/lake/t" or "scheme:…". */
firn_code firn_lib_absolute(firn_str location, firn_err *err)
{
    size_t scheme = 0;
    while (scheme < location.n && location.p[scheme] != ':' && location.p[scheme] != '/')
        scheme++;
    bool good = location.n && (location.p[0] == '/' ||
                               (scheme > 0 && scheme < location.n && location.p[scheme] == ':'));
    return good ? FIRN_OK
                : firn_raise(err, FIRN_E_INVAL,
                             "the location %s is not absolute: write /folder or scheme://…",
                             firn_quote(location).s);
}

static void forget_ids(firn_type *t)
{
    for (size_t i = 0; i < t->field_count; i++) {
        t->fields[i].id = 0;
        forget_ids(&t->fields[i].type);
    }
}

/* The id in `now` of what has the id `id` in `then`, the same tree with other ids; 0: none. */
static int32_t new_id(const firn_type *then, const firn_type *now, int32_t id)
{
    for (size_t i = 0; i < then->field_count; i++) {
        if (then->fields[i].id == id)
            return now->fields[i].id;
        int32_t below = new_id(&then->fields[i].type, &now->fields[i].type, id);
        if (below)
            return below;
    }
    return 0;
}

/* The columns with the ids that other writers give too. */
static firn_code number_columns(const firn_schema *given, firn_arena *a, firn_table_change *c,
                                firn_err *err)
{
    firn_type *type = firn_arena_zalloc(a, sizeof *type);
    if (!type)
        return firn_arena_raise(a, err);
    *type = firn_type_copy(&given->type, a);
    if (type->kind == FIRN_TYPE_KIND_COUNT)
        return firn_arena_raise(a, err);
    forget_ids(type);
    firn_schema_assign_ids(type, &c->last_column_id);
    c->schema = type;
    c->identifier_ids = firn_arena_array(a, given->identifier_count, sizeof(int32_t));
    if (!c->identifier_ids)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < given->identifier_count; i++) {
        int32_t id = new_id(&given->type, type, given->identifier_ids[i]);
        if (id == 0)
            return firn_raise(err, FIRN_E_INVAL, "identifier field %d is not in the schema",
                              (int)given->identifier_ids[i]);
        c->identifier_ids[c->identifier_count++] = id;
    }
    return FIRN_OK;
}

static firn_code take_properties(const firn_table_definition *d, firn_arena *a,
                                 firn_table_change *c, firn_err *err)
{
    firn_property *p = firn_arena_array(a, d->property_count, sizeof *p);
    if (!p)
        return firn_arena_raise(a, err);
    if (d->property_count)
        FIRN_TRY(firn_lib_need(d->properties, "properties", err));
    for (size_t i = 0; i < d->property_count; i++) {
        firn_str key;
        FIRN_TRY(firn_lib_text(d->properties[i].key, "a property's key", &key, err));
        FIRN_TRY(firn_lib_text(d->properties[i].value, "a property's value", &p[i].value, err));
        p[i].key = d->properties[i].key;
    }
    c->properties = p;
    c->property_count = d->property_count;
    return FIRN_OK;
}

static firn_code take_spec(const firn_table_definition *d, firn_arena *a, firn_table_change *c,
                           firn_err *err)
{
    firn_partition_term *terms;
    int32_t last = FIRN_PARTITION_FIRST_ID - 1;
    firn_spec *spec = firn_arena_zalloc(a, sizeof *spec);
    if (!spec)
        return firn_arena_raise(a, err);
    FIRN_TRY(firn_lib_partition_terms(d->partition_by, d->partition_by_count, a, &terms, err));
    FIRN_TRY(firn_spec_make(c->schema, terms, d->partition_by_count, &last, a, spec, err));
    c->spec = spec;
    return FIRN_OK;
}

static firn_code take_order(const firn_table_definition *d, firn_arena *a, firn_table_change *c,
                            firn_err *err)
{
    firn_sort_term *terms;
    if (d->sort_by_count == 0)
        return FIRN_OK;
    firn_sort_order *order = firn_arena_zalloc(a, sizeof *order);
    if (!order)
        return firn_arena_raise(a, err);
    FIRN_TRY(firn_lib_sort_terms(d->sort_by, d->sort_by_count, a, &terms, err));
    FIRN_TRY(firn_sort_order_make(c->schema, terms, d->sort_by_count, a, order, err));
    c->sort_order = order;
    return FIRN_OK;
}

/* The first field of a type that only version 3 has; NULL: none. */
static const firn_field *needs_v3(const firn_type *t)
{
    for (size_t i = 0; i < t->field_count; i++) {
        const firn_field *f = &t->fields[i];
        firn_type_kind k = f->type.kind;
        if (k == FIRN_T_TIMESTAMP_NS || k == FIRN_T_TIMESTAMPTZ_NS || k == FIRN_T_UNKNOWN ||
            k == FIRN_T_FOREIGN || f->initial_default.p || f->write_default.p)
            return f;
        f = needs_v3(&f->type);
        if (f)
            return f;
    }
    return NULL;
}

static firn_code take_version(const firn_table_definition *d, firn_table_change *c, firn_err *err)
{
    const firn_field *f = needs_v3(c->schema);
    c->format_version = d->format_version ? d->format_version : 2;
    if (c->format_version < 2 || c->format_version > 3)
        return firn_raise(err, FIRN_E_UNSUPPORTED, "tables of format version %d are not made",
                          (int)c->format_version);
    if (f && c->format_version < 3) {
        firn_raise(err, FIRN_E_UNSUPPORTED, "column %s has a type or default of format version 3",
                   firn_quote(f->name).s);
        return firn_err_advise(err, "set format_version = 3 in the definition");
    }
    return FIRN_OK;
}

static firn_code take_definition(const firn_table_definition *d, firn_arena *a,
                                 firn_table_change *c, firn_err *err)
{
    FIRN_TRY(firn_lib_need(d->schema, "the definition's schema", err));
    FIRN_TRY(firn_lib_text(d->location, "the definition's location", &c->location, err));
    FIRN_TRY(firn_lib_absolute(c->location, err));
    FIRN_TRY(number_columns(d->schema, a, c, err));
    FIRN_TRY(take_version(d, c, err));
    FIRN_TRY(take_properties(d, a, c, err));
    FIRN_TRY(take_spec(d, a, c, err));
    return take_order(d, a, c, err);
}

static firn_code commit_new(firn_table *t, const firn_table_change *c, firn_err *err)
{
    firn_run_names names;
    firn_table_result result;
    firn_commit_ctx ctx = {.catalog = t->catalog,
                           .io = &t->storage->io,
                           .names = &names,
                           .engine_version = firn_version()};
    FIRN_TRY(firn_run_names_new(ctx.io, &names, err));
    firn_code code = firn_commit(&ctx, c, 1, t->arena, &result, err);
    if (code == FIRN_E_CONFLICT) /* there is nothing else that it could conflict with */
        return firn_raise(err, FIRN_E_EXISTS, "there is a table %s.%s already",
                          firn_quote(t->ident.ns).s, firn_quote(t->ident.name).s);
    FIRN_TRY(code);
    t->m = result.metadata;
    return keep_location(t, err);
}

static firn_code create(firn_table *t, const char *name_space, const char *name,
                        const firn_table_definition *definition, firn_err *err)
{
    firn_table_definition d;
    firn_table_change c = {.operation = FIRN_OP_NONE};
    firn_str there;
    FIRN_TRY(firn_lib_need(t->catalog, "catalog", err));
    FIRN_TRY(firn_lib_need(definition, "definition", err));
    FIRN_TRY(firn_lib_take(&d, sizeof d, definition, "firn_table_definition", err));
    FIRN_TRY(firn_lib_ident(name_space, name, t->own, &t->ident, err));
    c.ident = t->ident;
    if (!firn_lib_catalog_writable(t->catalog))
        return firn_raise(err, FIRN_E_UNSUPPORTED, "the catalog cannot be written to");
    FIRN_TRY(take_definition(&d, t->arena, &c, err));
    firn_code code = t->catalog->ops->load(t->catalog, t->ident, t->arena, &there, err);
    if (code == FIRN_OK)
        return firn_raise(err, FIRN_E_EXISTS, "there is a table %s.%s already",
                          firn_quote(t->ident.ns).s, firn_quote(t->ident.name).s);
    if (code != FIRN_E_NOTFOUND)
        return code;
    firn_err_clear(err);
    return commit_new(t, &c, err);
}

firn_status firn_table_create(firn_catalog *catalog, const firn_storage *storage,
                              const char *name_space, const char *name,
                              const firn_table_definition *definition, firn_table **ret,
                              firn_error *error)
{
    firn_err err = {0};
    firn_table *t = NULL;
    firn_code code = new_table(catalog, storage, &t, &err);
    if (code == FIRN_OK)
        code = create(t, name_space, name, definition, &err);
    return finish(t, code, &err, ret, error);
}
