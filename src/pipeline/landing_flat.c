/* SPDX-License-Identifier: Apache-2.0 */
/* nested: flatten: the rows of a unit wait in a temporary table of the engine; from there the main
 * table is copied, and one table for each array.  All of them are committed together. */
#include "pipeline/landing_int.h"

#include "base/str.h"
#include "engine/sql.h"
#include "iceberg/schema.h"
#include "pipeline/replace_schema.h"

#include <string.h>

#define NESTED "firn.nested" /* property: the type that records of a stream have before */
#define PARENT "firn.parent" /* property of a table of arrays: the table it belongs to */

/* --- the records' own type ----------------------------------------------------------------- */

static firn_code parse_property(landing *l, json_t **ret, firn_err *err)
{
    firn_str text = l->metadata ? firn_metadata_property(l->metadata, NESTED) : (firn_str){0};
    *ret = NULL;
    if (!text.p)
        return FIRN_OK;
    FIRN_TRY(firn_json_parse((firn_slice){(const uint8_t *)text.p, text.n}, ret, err));
    return firn_arena_defer(l->a, (void (*)(void *))json_decref, *ret, err);
}

firn_code firn_landing_nested_type(landing *l, firn_type *ret, bool *ret_known, firn_err *err)
{
    json_t *root;
    FIRN_TRY(parse_property(l, &root, err));
    const char *name = firn_arena_strndup(l->a, l->stream.p, l->stream.n);
    if (!name)
        return firn_arena_raise(l->a, err);
    const json_t *mine = json_object_get(root, name);
    *ret_known = json_is_object(mine);
    if (!*ret_known)
        return FIRN_OK;
    firn_schema schema;
    FIRN_TRY(firn_schema_parse(mine, l->a, &schema, err));
    *ret = schema.type;
    return FIRN_OK;
}

/* Replaced by records as they are: there are no arrays any more. */
static firn_code forget_nested(landing *l, firn_str *ret, firn_err *err)
{
    firn_type type;
    bool known = false;
    if (l->replace)
        FIRN_TRY(firn_landing_nested_type(l, &type, &known, err));
    return known ? firn_landing_stream_property(l, NESTED, json_null(), ret, err) : FIRN_OK;
}

firn_code firn_landing_nested_property(landing *l, firn_str *ret, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *mine = NULL;
    *ret = (firn_str){NULL, 0};
    if (!l->flat)
        return forget_nested(l, ret, err);
    firn_schema schema = {.type = firn_type_copy(&l->layout->type, l->a)};
    int32_t last = firn_schema_max_id(&schema.type);
    if (schema.type.kind == FIRN_TYPE_KIND_COUNT)
        return firn_arena_raise(l->a, err);
    firn_schema_assign_ids(&schema.type, &last);
    FIRN_TRY(firn_schema_to_json(&schema, &mine, err));
    return firn_landing_stream_property(l, NESTED, mine, ret, err);
}

/* --- the tables of arrays ------------------------------------------------------------------ */

static firn_code parent_name(const landing *l, firn_str *ret, firn_err *err)
{
    const firn_ident *i = &l->ingest->table.ident;
    const char *name =
        firn_arena_printf(l->a, "%.*s.%.*s", FIRN_STR_ARG(i->ns), FIRN_STR_ARG(i->name));
    if (!name)
        return firn_arena_raise(l->a, err);
    *ret = firn_str_of(name);
    return FIRN_OK;
}

/* A table of this name that belongs to nobody, or to another one, is not written to. */
static firn_code check_owner(const landing_child *c, firn_err *err)
{
    if (!c->start || firn_str_eq(firn_metadata_property(c->start, PARENT), c->property.value))
        return FIRN_OK;
    firn_raise(err, FIRN_E_CONFIG,
               "nested: flatten would write to table %.*s.%.*s, which is not "
               "one of its own",
               FIRN_STR_ARG(c->ident.ns), FIRN_STR_ARG(c->ident.name));
    return firn_err_advise(err, "drop or rename that table, or land the stream in another one");
}

/* A table of arrays is a new table: the contract for tables is about it as well. */
static firn_code check_contract(const landing *l, const landing_child *c, firn_err *err)
{
    firn_contract t = l->policy.tables;
    if (c->start || !l->metadata || t == FIRN_CONTRACT_UNSAID || t == FIRN_CONTRACT_EVOLVE)
        return FIRN_OK;
    firn_raise(err, FIRN_E_DATA,
               "an array needs the new table %.*s.%.*s, and the contract for "
               "tables lets none be made",
               FIRN_STR_ARG(c->ident.ns), FIRN_STR_ARG(c->ident.name));
    firn_err_id(err, FIRN_ID_BREACH);
    return firn_err_advise(err, "land it once with contract: {tables: evolve}");
}

static firn_code load_child(landing *l, landing_child *c, firn_err *err)
{
    firn_err local = {0};
    const firn_ident *main_table = &l->ingest->table.ident;
    const char *name = firn_arena_printf(l->a, "%.*s%.*s", FIRN_STR_ARG(main_table->name),
                                         FIRN_STR_ARG(c->suffix));
    if (!name)
        return firn_arena_raise(l->a, err);
    c->ident = (firn_ident){main_table->ns, firn_str_of(name)};
    c->property.key = PARENT;
    FIRN_TRY(parent_name(l, &c->property.value, err));
    firn_code code =
        firn_table_load(l->run->catalog, l->run->io, c->ident, l->a, &c->start, &local);
    if (code != FIRN_OK && code != FIRN_E_NOTFOUND) {
        if (err)
            *err = local;
        return code;
    }
    FIRN_TRY(check_owner(c, err));
    if (c->start) {
        c->schema = c->start->schema->type;
        c->last_column_id = c->start->last_column_id;
    }
    FIRN_TRY(firn_write_target_make(l->project, c->ident, l->ingest, NULL, c->start, l->a,
                                    &c->target, err));
    return firn_write_target_note(l->run, &c->target, c->ident, err);
}

static landing_child *find_child(const landing *l, firn_str suffix)
{
    for (size_t i = 0; i < l->children.n; i++)
        if (firn_str_eq(l->children.v[i]->suffix, suffix))
            return l->children.v[i];
    return NULL;
}

static firn_code child_of(landing *l, firn_str suffix, landing_child **ret, firn_err *err)
{
    *ret = find_child(l, suffix);
    if (*ret)
        return FIRN_OK;
    landing_child *c = firn_arena_zalloc(l->a, sizeof *c);
    if (!c)
        return firn_arena_raise(l->a, err);
    c->suffix = suffix;
    FIRN_TRY(load_child(l, c, err));
    if (!firn_vec_push(l->a, &l->children, c))
        return firn_arena_raise(l->a, err);
    *ret = c;
    return FIRN_OK;
}

/* The columns of a table of arrays, and x_loaded_at behind them. */
static firn_code wanted(landing *l, const firn_flat_table *t, firn_type *ret, firn_err *err)
{
    size_t n = t->type.field_count;
    firn_field *fields = firn_arena_array(l->a, n + 1, sizeof *fields);
    firn_type copy = firn_type_copy(&t->type, l->a);
    if (!fields || copy.kind == FIRN_TYPE_KIND_COUNT)
        return firn_arena_raise(l->a, err);
    memcpy(fields, copy.fields, n * sizeof *fields);
    fields[n] = (firn_field){.name = FIRN_STR_LIT(FIRN_LOADED_AT),
                             .type = {.kind = FIRN_T_TIMESTAMPTZ},
                             .required = true};
    *ret = (firn_type){.kind = FIRN_T_STRUCT, .fields = fields, .field_count = n + 1};
    return FIRN_OK;
}

/* Brings the schema up to what the unit has, as firn_landing_schema does. */
static firn_code evolve_child(landing *l, landing_child *c, const firn_flat_table *t, firn_err *err)
{
    firn_type want;
    firn_type merged;
    bool changed;
    FIRN_TRY(wanted(l, t, &want, err));
    if (c->start && !l->replace) {
        FIRN_TRY(
            firn_schema_merge(&c->schema, &want, &c->last_column_id, l->a, &merged, &changed, err));
        c->schema = merged;
    } else {
        firn_type have = c->schema;
        firn_replace_schema(&have, &want, &c->last_column_id, l->a);
        c->schema = want;
    }
    c->schema_changed = c->start && !firn_schema_same(&c->start->schema->type, &c->schema);
    return FIRN_OK;
}

static firn_code publish(landing *l, landing_child *c, firn_err *err)
{
    while (c->published < c->data.n) {
        size_t i = c->published++;
        FIRN_TRY(firn_publisher_add(l->publisher, c->scratch.v[i], c->data.v[i].file_path, err));
    }
    return FIRN_OK;
}

static firn_code copy_child(landing *l, firn_session *s, const firn_flat_table *t, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    landing_child *c;
    FIRN_TRY(child_of(l, t->suffix, &c, err));
    FIRN_TRY(evolve_child(l, c, t, err));
    c->target.schema = &c->schema;
    c->target.spec = &c->spec;
    c->target.seq = l->seq;
    c->target.keep_signs = l->way->keep_signs;
    const char *from = firn_arena_printf(l->a, "(%.*s)", FIRN_STR_ARG(t->select));
    if (!from)
        return firn_arena_raise(l->a, err);
    FIRN_TRY(firn_landing_select_as(l, &t->type, &c->schema, from, &sql, err));
    FIRN_TRY(firn_write_rows(l->run, s, &c->target, firn_buf_str(&sql), l->a, &c->data, &c->scratch,
                             err));
    if (c->data.n)
        FIRN_TRY(check_contract(l, c, err));
    return publish(l, c, err);
}

/* --- a unit -------------------------------------------------------------------------------- */

static firn_code keep_rows(landing *l, firn_session *s, uint64_t *ret_bytes, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    char from[FIRN_FED_MAX];
    int64_t id;
    FIRN_TRY(firn_landing_open_fed(l, &id, from, err));
    firn_code code =
        firn_buf_addf(&sql, err, "CREATE TEMP TABLE " FIRN_FLAT_ROWS " AS FROM %s", from);
    if (code == FIRN_OK)
        code = l->run->ops->exec(s, firn_buf_str(&sql), err);
    l->run->ops->source_remove(l->run->engine, id);
    FIRN_TRY(code);
    FIRN_TRY(firn_feed_end_unit(l->feed, ret_bytes, err));
    l->raw_bytes += *ret_bytes;
    return FIRN_OK;
}

static firn_code copy_main(landing *l, firn_session *s, uint64_t bytes, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    const char *from = firn_arena_printf(l->a, "(%.*s)", FIRN_STR_ARG(l->flat[0].select));
    if (!from)
        return firn_arena_raise(l->a, err);
    FIRN_TRY(firn_landing_select_as(l, &l->flat[0].type, &l->schema, from, &sql, err));
    if (l->spec.field_count)
        FIRN_TRY(firn_landing_spread(l, s, firn_buf_str(&sql), bytes, err));
    return firn_write_rows(l->run, s, &l->target, firn_buf_str(&sql), l->a, &l->data, &l->scratch,
                           err);
}

firn_code firn_landing_copy_flat(landing *l, firn_session *s, firn_err *err)
{
    uint64_t bytes;
    l->target.keep_signs = l->way->keep_signs;
    l->loaded_us = firn_env_now_us(l->run->env);
    FIRN_TRY(keep_rows(l, s, &bytes, err));
    if (firn_feed_has_negative_zeros(l->feed) && !l->way->keep_signs) {
        l->way->keep_signs = true;
        return firn_raise(err, FIRN_E_CONFLICT, "a negative zero: the landing begins again");
    }
    FIRN_TRY(copy_main(l, s, bytes, err));
    for (size_t i = 1; i < l->flat_count; i++)
        FIRN_TRY(copy_child(l, s, &l->flat[i], err));
    return l->run->ops->exec(s, FIRN_STR_LIT("DROP TABLE " FIRN_FLAT_ROWS), err);
}

/* --- the commit ---------------------------------------------------------------------------- */

firn_code firn_landing_gone_children(landing *l, firn_err *err)
{
    firn_type type;
    bool known = false;
    const firn_layout *old;
    firn_flat_table *tables;
    size_t count;
    if (!l->replace || !l->metadata)
        return FIRN_OK;
    FIRN_TRY(firn_landing_nested_type(l, &type, &known, err));
    if (!known)
        return FIRN_OK;
    FIRN_TRY(firn_layout_of_type(&type, NULL, 0, NULL, l->a, &old, err));
    FIRN_TRY(firn_flatten(old, l->a, &tables, &count, err));
    for (size_t i = 1; i < count; i++) {
        landing_child *c;
        if (find_child(l, tables[i].suffix))
            continue;
        FIRN_TRY(child_of(l, tables[i].suffix, &c, err));
        c->gone = true;
    }
    return FIRN_OK;
}

void firn_landing_child_changes(landing *l, const firn_property *summary, size_t summary_count,
                                firn_table_change *changes, size_t *count)
{
    for (size_t i = 0; i < l->children.n; i++) {
        landing_child *c = l->children.v[i];
        bool replaces = l->replace && c->start;
        if (!c->data.n && !replaces && !c->schema_changed)
            continue; /* no element was ever seen, or none is new */
        changes[(*count)++] = (firn_table_change){
            .ident = c->ident,
            .start = c->start,
            .location = c->target.location,
            .schema = !c->start || (c->schema_changed && !c->gone) ? &c->schema : NULL,
            .last_column_id = c->last_column_id,
            .spec = &c->spec,
            .format_version = c->target.format_version,
            .properties = &c->property,
            .property_count = c->start ? 0 : 1,
            .summary = summary,
            .summary_count = summary_count,
            .operation = replaces    ? FIRN_OP_REPLACE
                         : c->data.n ? FIRN_OP_APPEND
                                     : FIRN_OP_NONE,
            .files = c->data.v,
            .file_count = c->data.n,
        };
    }
}
