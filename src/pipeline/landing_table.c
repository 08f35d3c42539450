/* SPDX-License-Identifier: Apache-2.0 */
/* The table a stream lands in: found or to be created, its position, its schema as the layout
 * grows. */
#include "pipeline/landing_int.h"

#include "base/str.h"
#include "pipeline/replace_schema.h"
#include "pipeline/sorted.h"

#include <string.h>

#define BINDINGS "firn.columns" /* table property: keys and formats that the schema cannot hold */

/* --- finding it ---------------------------------------------------------------------------- */

static firn_code find_position(landing *l, firn_err *err)
{
    l->position = (firn_position){.state = FIRN_POSITION_NONE};
    bool forget = l->opt->full_refresh || !l->metadata;
    if (forget)
        return FIRN_OK;
    if (!l->opt->accept_position)
        return firn_position_find(l->run->io, l->metadata, l->a, &l->position, err);
    const firn_snapshot *s = firn_metadata_snapshot(l->metadata, l->opt->accept_position);
    json_t *root = NULL;
    if (s)
        FIRN_TRY(firn_position_of(l->run->io, s, l->a, &root, err));
    if (!root) {
        firn_raise(err, FIRN_E_USAGE, "snapshot %lld of the table has no position",
                   (long long)l->opt->accept_position);
        return firn_err_advise(err, "firn history %.*s.%.*s lists the snapshots that have one",
                               FIRN_STR_ARG(l->ingest->table.ident.ns),
                               FIRN_STR_ARG(l->ingest->table.ident.name));
    }
    l->position = (firn_position){FIRN_POSITION_FOUND, root, l->opt->accept_position};
    return FIRN_OK;
}

/* What the property remembers for this stream, NULL if nothing. */
static firn_code saved_bindings(landing *l, const json_t **ret, firn_err *err)
{
    *ret = NULL;
    firn_str text = firn_metadata_property(l->metadata, BINDINGS);
    if (!text.p)
        return FIRN_OK;
    json_t *root = NULL;
    FIRN_TRY(firn_json_parse((firn_slice){(const uint8_t *)text.p, text.n}, &root, err));
    FIRN_TRY(firn_arena_defer(l->a, (void (*)(void *))json_decref, root, err));
    const char *key;
    json_t *value;
    json_object_foreach(root, key, value)
    {
        if (firn_str_eqc(l->stream, key))
            *ret = value;
    }
    return FIRN_OK;
}

static bool is_closed(firn_contract c)
{
    return c != FIRN_CONTRACT_UNSAID && c != FIRN_CONTRACT_EVOLVE;
}

/* Whether something is said about what may change in the table. */
static bool has_contract(const landing *l)
{
    bool closed = is_closed(l->policy.columns) || is_closed(l->policy.data_type);
    for (size_t i = 0; i < l->ingest->column_count; i++)
        closed |= is_closed(l->ingest->columns[i].contract);
    return closed;
}

firn_code firn_landing_old_layout(landing *l, firn_err *err)
{
    const json_t *saved;
    const firn_str skip[] = {FIRN_STR_LIT(FIRN_LOADED_AT)};
    const firn_layout *old;
    if (!l->metadata && is_closed(l->policy.tables)) {
        firn_raise(err, FIRN_E_CONFIG,
                   "there is no table %.*s.%.*s, and its contract lets none be "
                   "made",
                   FIRN_STR_ARG(l->ingest->table.ident.ns),
                   FIRN_STR_ARG(l->ingest->table.ident.name));
        firn_err_advise(err, "land it once with contract: {tables: evolve}");
        return firn_err_place(err, l->ingest->place);
    }
    if (!l->metadata || (l->replace && !has_contract(l)))
        return FIRN_OK;
    FIRN_TRY(saved_bindings(l, &saved, err));
    firn_type type = l->metadata->schema->type;
    bool nested = false;
    if (l->policy.nested == FIRN_NESTED_FLATTEN)
        FIRN_TRY(firn_landing_nested_type(l, &type, &nested, err));
    FIRN_TRY(firn_layout_of_type(&type, skip, nested ? 0 : 1, saved, l->a, &old, err));
    const firn_layout_in in = {.old = old,
                               .given = l->ingest->columns,
                               .given_count = l->ingest->column_count,
                               .limits = &l->limits,
                               .policy = &l->policy,
                               .exists = true,
                               .reserved = skip,
                               .reserved_count = 1};
    firn_layout_out out;
    FIRN_TRY(firn_layout_make(&in, l->a, &out, err));
    l->layout = out.layout;
    return FIRN_OK;
}

firn_code firn_landing_load_table(landing *l, firn_err *err)
{
    firn_err local = {0};
    firn_ident ident = l->ingest->table.ident;
    firn_code code =
        firn_table_load(l->run->catalog, l->run->io, ident, l->a, &l->metadata, &local);
    if (code != FIRN_OK && code != FIRN_E_NOTFOUND) {
        if (err)
            *err = local;
        return code;
    }
    FIRN_TRY(find_position(l, err));
    l->part = firn_position_part(&l->position, l->stream, FIRN_STR_LIT("files"));
    FIRN_TRY(firn_landed_parse(l->part, l->a, &l->landed, err));
    l->seq = firn_position_seq(&l->position, l->stream) + 1;
    if (!l->metadata)
        return FIRN_OK;
    if (l->metadata->format_version < 2) {
        firn_raise(err, FIRN_E_UNSUPPORTED,
                   "the table has format version 1; versions 2 and 3 are written");
        return firn_err_advise(err, "firn alter %.*s.%.*s set format-version=2 upgrades it",
                               FIRN_STR_ARG(l->ingest->table.ident.ns),
                               FIRN_STR_ARG(l->ingest->table.ident.name));
    }
    FIRN_TRY(firn_schema_refuse_unwritable(&l->metadata->schema->type, err));
    return FIRN_OK;
}

/* --- its schema ---------------------------------------------------------------------------- */

/* The layout's columns and x_loaded_at behind them. */
static firn_code wanted_columns(landing *l, firn_type *ret, firn_err *err)
{
    const firn_type *type = l->flat ? &l->flat[0].type : &l->layout->type;
    size_t n = type->field_count;
    firn_field *fields = firn_arena_array(l->a, n + 1, sizeof *fields);
    firn_type copy = firn_type_copy(type, l->a);
    if (!fields || copy.kind == FIRN_TYPE_KIND_COUNT)
        return firn_arena_raise(l->a, err);
    if (n) /* records without a value have no columns */
        memcpy(fields, copy.fields, n * sizeof *fields);
    fields[n] = (firn_field){.name = FIRN_STR_LIT(FIRN_LOADED_AT),
                             .type = {.kind = FIRN_T_TIMESTAMPTZ},
                             .required = true};
    *ret = (firn_type){.kind = FIRN_T_STRUCT, .fields = fields, .field_count = n + 1};
    return FIRN_OK;
}

static firn_code make_spec(landing *l, firn_err *err)
{
    if (l->metadata)
        return firn_spec_of_table(l->metadata, &l->schema, &l->spec, err);
    int32_t last = FIRN_PARTITION_FIRST_ID - 1;
    firn_code code = firn_spec_make(&l->schema, l->ingest->table.partition,
                                    l->ingest->table.partition_count, &last, l->a, &l->spec, err);
    if (code != FIRN_OK)
        firn_err_place(err, l->ingest->table.partition_place);
    return code;
}

/* The order of the table's columns may differ from the layout's: the SELECT follows the table.
 * Files of earlier units hold the ids of their time, so a column keeps the id that it has got. */
firn_code firn_landing_schema(landing *l, firn_err *err)
{
    firn_type want;
    firn_type have = l->schema;
    bool changed;
    if (l->policy.nested == FIRN_NESTED_FLATTEN)
        FIRN_TRY(firn_flatten(l->layout, l->a, &l->flat, &l->flat_count, err));
    FIRN_TRY(wanted_columns(l, &want, err));
    if (have.field_count == 0 && l->metadata) {
        have = l->metadata->schema->type;
        l->last_column_id = l->metadata->last_column_id;
    }
    if (l->metadata && !l->replace) {
        FIRN_TRY(
            firn_schema_merge(&have, &want, &l->last_column_id, l->a, &l->schema, &changed, err));
    } else {
        firn_replace_schema(&have, &want, &l->last_column_id, l->a);
        l->schema = want;
    }
    l->schema_changed = l->metadata && !firn_schema_same(&l->metadata->schema->type, &l->schema);
    FIRN_TRY(make_spec(l, err));
    FIRN_TRY(
        firn_sort_of_table(l->metadata, &l->ingest->table, &l->schema, l->a, &l->target.sort, err));
    l->target.schema = &l->schema;
    l->target.spec = &l->spec;
    l->target.seq = l->seq;
    return FIRN_OK;
}
