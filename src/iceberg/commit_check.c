/* SPDX-License-Identifier: Apache-2.0 */
/* Does a change survive what others did to its table since it was prepared? */
#include "iceberg/commit_int.h"

#include "base/str.h"

static firn_code conflict(const firn_pending *p, const char *what, firn_err *err)
{
    return firn_raise(err, FIRN_E_CONFLICT, "table %.100s.%.100s %s while this change was prepared",
                      firn_quote(p->change->ident.ns).s, firn_quote(p->change->ident.name).s, what);
}

/* Everything between the change's start and now only reorganised files (compaction). */
static bool only_reorganised(const firn_metadata *start, const firn_metadata *now)
{
    int64_t id = now->current_snapshot_id;
    while (id != start->current_snapshot_id) {
        const firn_snapshot *s = firn_metadata_snapshot(now, id);
        if (!s || !firn_str_eqc(firn_snapshot_summary(s, "operation"), "replace"))
            return false;
        id = s->parent_id;
    }
    return true;
}

static bool has_field(const firn_type *type, int32_t id)
{
    for (size_t i = 0; i < type->field_count; i++)
        if (type->fields[i].id == id)
            return true;
    return false;
}

/* Every column the files have must still be there, of a type that can read them, and none may have
 * become required that was not. */
static bool columns_fit(const firn_type *files, const firn_type *table, int32_t version)
{
    for (size_t i = 0; i < files->field_count; i++) {
        const firn_field *f = &files->fields[i];
        const firn_field *t = NULL;
        for (size_t k = 0; k < table->field_count && !t; k++)
            if (table->fields[k].id == f->id)
                t = &table->fields[k];
        if (!t)
            return false;
        bool fits = firn_type_is_nested(f->type.kind)
                        ? t->type.kind == f->type.kind && columns_fit(&f->type, &t->type, version)
                        : firn_schema_may_become(&f->type, &t->type, version);
        if (!fits || (t->required && !f->required))
            return false;
    }
    for (size_t i = 0; i < table->field_count; i++)
        if (table->fields[i].required && !has_field(files, table->fields[i].id))
            return false;
    return true;
}

/* The schema and the partition spec that the change was made for still serve. */
static firn_code check_shape(const firn_pending *p, firn_err *err)
{
    const firn_table_change *c = p->change;
    const firn_metadata *start = c->start;
    const firn_metadata *now = p->base;
    bool same_schema = firn_schema_same(&start->schema->type, &now->schema->type);
    /* new columns were given ids that somebody else may have given away, and dropped, since */
    if (c->schema && (!same_schema || start->last_column_id != now->last_column_id))
        return conflict(p, "got another schema", err);
    if (c->operation == FIRN_OP_NONE)
        return FIRN_OK;
    if (!same_schema && !columns_fit(&start->schema->type, &now->schema->type, now->format_version))
        return conflict(p, "lost or changed a column", err);
    if (c->file_count && !firn_spec_same(start->spec, now->spec))
        return conflict(p, "got another partition spec", err);
    return FIRN_OK;
}

static firn_code refuse_unwritable(const firn_table_change *c, const firn_metadata *now,
                                   firn_err *err)
{
    if (now->format_version < 2) {
        firn_raise(err, FIRN_E_UNSUPPORTED,
                   "table %s has format version %d; only versions 2 and 3 are written",
                   firn_quote(c->ident.name).s, now->format_version);
        return firn_err_advise(err, "upgrade it: `firn alter TABLE set format-version=2`");
    }
    const json_t *keys = json_object_get(now->root, "encryption-keys");
    if (json_array_size(keys) || firn_metadata_property(now, "encryption.key-id").p)
        return firn_raise(err, FIRN_E_UNSUPPORTED,
                          "table %s is encrypted (encryption-keys), which is not written",
                          firn_quote(c->ident.name).s);
    return FIRN_OK;
}

firn_code firn_commit_rebase_check(const firn_pending *p, firn_err *err)
{
    const firn_table_change *c = p->change;
    const firn_metadata *start = c->start;
    const firn_metadata *now = p->base;
    if (!start)
        return now ? conflict(p, "was created", err) : FIRN_OK;
    if (!firn_str_eq(start->uuid, now->uuid))
        return conflict(p, "was dropped and made anew", err);
    if (c->evolve && c->operation == FIRN_OP_NONE)
        return FIRN_OK;
    FIRN_TRY(refuse_unwritable(c, now, err));
    if (now == start)
        return FIRN_OK;
    FIRN_TRY(check_shape(p, err));
    bool replaces = c->operation != FIRN_OP_NONE && c->operation != FIRN_OP_APPEND;
    if (replaces && !only_reorganised(start, now))
        return conflict(p, "got or lost rows", err);
    return FIRN_OK;
}
