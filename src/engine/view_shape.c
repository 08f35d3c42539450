/* SPDX-License-Identifier: Apache-2.0 */
/* Two ways to read by field id.  The engine's own (`schema` of read_parquet) finds top-level
 * columns by id and fields inside of them by name: right as long as no nested field was ever
 * renamed or replaced.  Otherwise the files are read with the names they have, and each column is
 * rebuilt by id with an expression made from the file's schema. */
#include "engine/view_int.h"

#include "base/str.h"

/* Looks for nested fields of `now` that `then` knows by another name, or whose name `then` gives to
 * another field; the engine also refuses structs that have no field in common. */
static bool nested_differs(const firn_type *now, const firn_type *then)
{
    bool common = false;
    for (size_t i = 0; i < now->field_count; i++) {
        for (size_t k = 0; k < then->field_count; k++) {
            const firn_field *x = &now->fields[i];
            const firn_field *y = &then->fields[k];
            bool same_id = x->id == y->id;
            if (same_id != firn_str_eq(x->name, y->name))
                return true;
            if (same_id && nested_differs(&x->type, &y->type))
                return true;
            common = common || same_id;
        }
    }
    return !common && now->field_count && then->field_count;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Other writers put "a_x20b" into a file for "a b": names that Avro does not allow. */
static bool written_as_it_is(firn_str name)
{
    for (size_t i = 0; i < name.n; i++) {
        bool digit = i > 0 && name.p[i] >= '0' && name.p[i] <= '9';
        if (!is_letter(name.p[i]) && !digit)
            return false;
    }
    return name.n > 0;
}

static bool nested_names_plain(const firn_type *t)
{
    for (size_t i = 0; i < t->field_count; i++)
        if (!written_as_it_is(t->fields[i].name) || !nested_names_plain(&t->fields[i].type))
            return false;
    return true;
}

static bool has_nested(const firn_type *want)
{
    for (size_t i = 0; i < want->field_count; i++)
        if (firn_type_is_nested(want->fields[i].type.kind))
            return true;
    return false;
}

/* The engine's own way knows defaults, but not of all types. */
static bool has_default(const firn_type *want)
{
    for (size_t i = 0; i < want->field_count; i++)
        if (want->fields[i].initial_default.p || has_default(&want->fields[i].type))
            return true;
    return false;
}

/* Schemas that the metadata no longer lists may have had any names; version 1 need not list any but
 * the current one. */
static bool schemas_missing(const firn_metadata *m)
{
    int32_t max = 0;
    if (json_array_size(json_object_get(m->root, "schemas")) == 0)
        return true;
    for (size_t i = 0; i < m->schema_count; i++)
        max = FIRN_MAX(max, m->schemas[i].schema_id);
    return (size_t)max + 1 != m->schema_count;
}

/* Where the engine itself widens a column it compares in the narrower type: a float is found equal
 * to 0.1, and a date to noon.  Whole numbers and decimals it gets right.  Tried on 1.5.5. */
static bool widens_wrongly(const firn_type *then, const firn_type *now)
{
    if (then->kind == FIRN_T_FLOAT)
        return now->kind == FIRN_T_DOUBLE;
    return then->kind == FIRN_T_DATE &&
           (now->kind == FIRN_T_TIMESTAMP || now->kind == FIRN_T_TIMESTAMP_NS);
}

static bool was_widened_wrongly(const firn_type *then, const firn_type *now)
{
    for (size_t i = 0; i < now->field_count; i++)
        for (size_t k = 0; k < then->field_count; k++)
            if (now->fields[i].id == then->fields[k].id &&
                (widens_wrongly(&then->fields[k].type, &now->fields[i].type) ||
                 was_widened_wrongly(&then->fields[k].type, &now->fields[i].type)))
                return true;
    return false;
}

static bool has_widened(const firn_type *t)
{
    for (size_t i = 0; i < t->field_count; i++) {
        firn_type_kind k = t->fields[i].type.kind;
        if (k == FIRN_T_DOUBLE || k == FIRN_T_TIMESTAMP || k == FIRN_T_TIMESTAMP_NS ||
            has_widened(&t->fields[i].type))
            return true;
    }
    return false;
}

static bool needs_own_casts(const firn_metadata *m, const firn_type *want)
{
    if (schemas_missing(m))
        return has_widened(want);
    for (size_t s = 0; s < m->schema_count; s++)
        if (was_widened_wrongly(&m->schemas[s].type, want))
            return true;
    return false;
}

static bool differs_from_any(const firn_metadata *m, const firn_field *want)
{
    for (size_t s = 0; s < m->schema_count; s++) {
        const firn_type *then = &m->schemas[s].type;
        for (size_t k = 0; k < then->field_count; k++)
            if (want->id == then->fields[k].id &&
                nested_differs(&want->type, &then->fields[k].type))
                return true;
    }
    return false;
}

bool firn_view_needs_footers(const firn_metadata *m, const firn_type *want)
{
    /* with a name mapping there may be files without ids, which must not be read as nulls */
    if (firn_metadata_property(m, "schema.name-mapping.default").p || has_default(want))
        return true;
    if (needs_own_casts(m, want))
        return true;
    if (!has_nested(want))
        return false;
    if (schemas_missing(m))
        return true;
    for (size_t i = 0; i < want->field_count; i++)
        if (!nested_names_plain(&want->fields[i].type) || differs_from_any(m, &want->fields[i]))
            return true;
    return false;
}

static firn_code refuse_types(const firn_type *t, int depth, firn_err *err)
{
    for (size_t i = 0; i < t->field_count && depth < 100; i++) {
        const firn_field *f = &t->fields[i];
        if (f->type.kind == FIRN_T_FOREIGN)
            return firn_raise(err, FIRN_E_UNSUPPORTED, "column %s is of type %s, which is not read",
                              firn_quote(f->name).s, firn_quote(f->type.text).s);
        if (f->type.kind == FIRN_T_TIMESTAMPTZ_NS)
            return firn_raise(err, FIRN_E_UNSUPPORTED,
                              "column %s is of type timestamptz_ns, which is not read: the engine "
                              "knows moments by the microsecond, and digits would be lost",
                              firn_quote(f->name).s);
        if (refuse_types(&f->type, depth + 1, err) != FIRN_OK)
            return firn_wrap(err, "column %s", firn_quote(f->name).s);
    }
    return FIRN_OK;
}

firn_code firn_view_refuse_types(const firn_type *t, firn_err *err)
{
    return refuse_types(t, 0, err);
}
