/* SPDX-License-Identifier: Apache-2.0 */
/* The columns of the tables of a unit test, and their types: from the catalog, the project, the
 * test, or what the rows look like. */
#include "pipeline/unit_int.h"

#include "base/str.h"

#include <string.h>

#define LOADED_AT "x_loaded_at"

/* --- columns that are known ---------------------------------------------------------------- */

const firn_field *firn_unit_find_field(const firn_unit_fields *fields, firn_str name)
{
    for (size_t i = 0; i < fields->n; i++)
        if (firn_str_ieq(fields->v[i].name, name))
            return &fields->v[i];
    return NULL;
}

firn_code firn_unit_add_field(const firn_unit_work *w, firn_unit_fields *fields, firn_str name,
                              const firn_type *type, firn_err *err)
{
    firn_field *have = (firn_field *)(uintptr_t)firn_unit_find_field(fields, name);
    const firn_field f = {.name = name, .type = *type};
    if (have) {
        have->type = *type;
        return FIRN_OK;
    }
    return firn_vec_push(w->a, fields, f) ? FIRN_OK : firn_arena_raise(w->a, err);
}

firn_code firn_unit_catalog_columns(firn_unit_work *w, firn_unit_source *s,
                                    firn_unit_fields *fields, firn_err *err)
{
    firn_unit_bench *b = w->bench;
    if (!s->metadata)
        FIRN_TRY(firn_table_load(b->run->catalog, b->run->io, s->ident, b->a, &s->metadata, err));
    const firn_type *t = &s->metadata->schema->type;
    for (size_t i = 0; i < t->field_count; i++)
        FIRN_TRY(firn_unit_add_field(w, fields, t->fields[i].name, &t->fields[i].type, err));
    return FIRN_OK;
}

/* What `columns:` of the entries that land in it says; nested paths are found out from values. */
firn_code firn_unit_ingest_columns(firn_unit_work *w, firn_ident ident, firn_unit_fields *fields,
                                   firn_err *err)
{
    static const firn_type at = {.kind = FIRN_T_TIMESTAMPTZ};
    const firn_project *p = w->bench->project;
    for (size_t i = 0; i < p->ingest_count; i++) {
        const firn_ingest *in = &p->ingest[i];
        if (!firn_ident_eq(in->table.ident, ident))
            continue;
        for (size_t k = 0; k < in->column_count; k++) {
            const firn_given *g = &in->columns[k];
            bool path = g->name.n && (memchr(g->name.p, '.', g->name.n) ||
                                      memmem(g->name.p, g->name.n, "[]", 2));
            if (g->has_type && !path)
                FIRN_TRY(firn_unit_add_field(w, fields, g->name, &g->type, err));
        }
        FIRN_TRY(firn_unit_add_field(w, fields, FIRN_STR_LIT(LOADED_AT), &at, err));
    }
    return FIRN_OK;
}

/* --- columns of given rows ----------------------------------------------------------------- */

firn_code firn_unit_no_column(const firn_conf *c, firn_ident ident, const firn_unit_fields *known,
                              firn_err *err)
{
    firn_str names[256];
    size_t n = FIRN_MIN(known->n, FIRN_COUNT_OF(names));
    for (size_t i = 0; i < n; i++)
        names[i] = known->v[i].name;
    firn_raise_conf(err, c->key_place, FIRN_ID_UNIT_TEST, "table %.*s.%.*s has no column %s",
                    FIRN_STR_ARG(ident.ns), FIRN_STR_ARG(ident.name), firn_quote(c->key).s);
    int near = firn_str_nearest(c->key, names, n);
    if (near >= 0)
        firn_err_advise(err, "did you mean %.*s?", FIRN_STR_ARG(names[near]));
    else
        firn_err_advise(err,
                        "take it out; if the table will have it, say its type: {columns: "
                        "{%.*s: string}, rows: […]}",
                        FIRN_STR_ARG(c->key));
    return FIRN_E_CONFIG;
}

firn_code firn_unit_given_types(firn_unit_work *w, const firn_conf *map, firn_unit_fields *fields,
                                firn_err *err)
{
    for (size_t i = 0; map && i < map->count; i++) {
        const firn_conf *c = &map->items[i];
        firn_type type;
        if (c->kind != FIRN_CONF_TEXT) {
            firn_raise_conf(err, c->place, FIRN_ID_SHAPE, "a type is a text, not %s",
                            firn_conf_kind_name(c->kind));
            firn_err_advise(err, "write it like this: columns: {amount: decimal(18,2)}");
            return FIRN_E_CONFIG;
        }
        if (firn_type_parse(c->text, w->a, &type, err) != FIRN_OK) {
            firn_err_place(err, c->place);
            if (err)
                err->code = FIRN_E_CONFIG;
            return FIRN_E_CONFIG;
        }
        FIRN_TRY(firn_unit_add_field(w, fields, c->key, &type, err));
    }
    return FIRN_OK;
}

/* The columns of rows, by their first mention, with the types that their values look like. */
firn_code firn_unit_columns_of(const firn_unit_rows *rows, firn_arena *a, firn_unit_fields *ret,
                               firn_err *err)
{
    for (size_t i = 0; i < rows->count; i++)
        for (size_t k = 0; k < rows->items[i].count; k++) {
            const firn_conf *c = &rows->items[i].items[k];
            firn_field *f = (firn_field *)(uintptr_t)firn_unit_find_field(ret, c->key);
            const firn_field fresh = {.name = c->key, .type = {.kind = FIRN_T_UNKNOWN}};
            if (!f && !firn_vec_push(a, ret, fresh))
                return firn_arena_raise(a, err);
            FIRN_TRY(firn_unit_infer(c, a, f ? &f->type : &ret->v[ret->n - 1].type, err));
        }
    return FIRN_OK;
}

/* What nobody gave a value is text.  Recursion is bounded by the depth of the YAML. */
static void settle(firn_type *t)
{
    if (t->kind == FIRN_T_UNKNOWN)
        *t = (firn_type){.kind = FIRN_T_STRING};
    for (size_t i = 0; i < t->field_count; i++)
        settle(&t->fields[i].type);
}

firn_code firn_unit_refuse_unknown(const firn_unit_rows *rows, firn_ident ident,
                                   const firn_unit_fields *known, firn_err *err)
{
    for (size_t i = 0; i < rows->count; i++)
        for (size_t k = 0; k < rows->items[i].count; k++)
            if (!firn_unit_find_field(known, rows->items[i].items[k].key))
                return firn_unit_no_column(&rows->items[i].items[k], ident, known, err);
    return FIRN_OK;
}

/* Columns that the rows of any test of the project name, with the types that fit all of them. */
static firn_code told_columns(firn_unit_bench *b, firn_unit_source *s, firn_err *err)
{
    s->told.n = 0;
    for (size_t i = 0; i < b->tests->n; i++)
        for (size_t k = 0; k < b->tests->v[i].given_count; k++) {
            const firn_unit_given *g = &b->tests->v[i].given[k];
            if (firn_ident_eq(g->ident, s->ident))
                FIRN_TRY(firn_unit_columns_of(&g->rows, b->a, &s->told, err));
        }
    for (size_t i = 0; i < s->told.n; i++)
        settle(&s->told.v[i].type);
    s->was_told = true;
    return FIRN_OK;
}

firn_code firn_unit_add_told(firn_unit_work *w, size_t i, firn_unit_fields *fields, firn_err *err)
{
    firn_unit_source *s = &w->bench->sources[i];
    if (!s->was_told)
        FIRN_TRY(told_columns(w->bench, s, err));
    for (size_t k = 0; k < s->told.n; k++)
        if (!firn_unit_find_field(fields, s->told.v[k].name))
            FIRN_TRY(firn_unit_add_field(w, fields, s->told.v[k].name, &s->told.v[k].type, err));
    w->open_ended[i] = true;
    return FIRN_OK;
}
