/* SPDX-License-Identifier: Apache-2.0 */
/* What the metadata tables of files share: partitions of all specs as one struct, the columns that
 * have metrics, and how values get into columns. */
#include "iceberg/metadata_table_int.h"

#include "base/datetime.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

/* --- partitions of all specs --------------------------------------------------------------- */

static bool same_field(const firn_partition_field *a, const firn_partition_field *b)
{
    if (a->source_id != b->source_id)
        return false;
    return a->transform.kind == FIRN_TRANSFORM_VOID || b->transform.kind == FIRN_TRANSFORM_VOID ||
           firn_str_eq(a->transform.text, b->transform.text);
}

/* Adds a field, or makes sure that it is the one with this id; a field that a table of version 1
 * dropped has become void and hides what it was. */
static firn_code add_field(firn_spec *u, const firn_partition_field *f, firn_err *err)
{
    size_t i = 0;
    while (i < u->field_count && u->fields[i].field_id != f->field_id)
        i++;
    if (i == u->field_count) {
        u->fields[u->field_count++] = *f;
        return FIRN_OK;
    }
    firn_partition_field *have = &u->fields[i];
    if (!same_field(have, f))
        return firn_raise(err, FIRN_E_UNSUPPORTED,
                          "partition fields %s and %s of two specs have one id, %d",
                          firn_quote(have->name).s, firn_quote(f->name).s, (int)f->field_id);
    if (have->transform.kind == FIRN_TRANSFORM_VOID)
        have->transform = f->transform;
    return FIRN_OK;
}

static int by_spec_id_desc(const void *a, const void *b)
{
    int32_t x = (*(const firn_spec *const *)a)->spec_id;
    int32_t y = (*(const firn_spec *const *)b)->spec_id;
    return (x < y) - (x > y);
}

static int by_field_id(const void *a, const void *b)
{
    int32_t x = ((const firn_partition_field *)a)->field_id;
    int32_t y = ((const firn_partition_field *)b)->field_id;
    return (x > y) - (x < y);
}

/* Newest specs first: names are the latest. */
static firn_code collect_fields(const firn_metadata *m, firn_arena *a, firn_spec *ret,
                                firn_err *err)
{
    const firn_spec **specs = firn_arena_array(a, m->spec_count, sizeof(const firn_spec *));
    size_t most = 0;
    for (size_t i = 0; specs && i < m->spec_count; i++) {
        specs[i] = &m->specs[i];
        most += m->specs[i].field_count;
    }
    firn_spec u = {.spec_id = -1, .fields = firn_arena_array(a, most, sizeof *u.fields)};
    if (!specs || !u.fields)
        return firn_arena_raise(a, err);
    if (m->spec_count > 1)
        qsort(specs, m->spec_count, sizeof(const firn_spec *), by_spec_id_desc);
    for (size_t i = 0; i < m->spec_count; i++) {
        for (size_t k = 0; k < specs[i]->field_count; k++) {
            const firn_partition_field *f = &specs[i]->fields[k];
            if (firn_schema_field(&m->schema->type, f->source_id))
                FIRN_TRY(add_field(&u, f, err));
        }
    }
    if (u.field_count > 1)
        qsort(u.fields, u.field_count, sizeof *u.fields, by_field_id);
    *ret = u;
    return FIRN_OK;
}

static firn_code find_places(const firn_metadata *m, firn_arena *a, firn_mt_union *u, firn_err *err)
{
    u->places = firn_arena_array(a, m->spec_count, sizeof(int32_t *));
    u->projected = firn_arena_array(a, m->spec_count, sizeof *u->projected);
    if (!u->places || !u->projected)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < m->spec_count; i++) {
        int32_t *places = firn_arena_array(a, u->spec.field_count, sizeof *places);
        if (!places)
            return firn_arena_raise(a, err);
        u->places[i] = places;
        for (size_t k = 0; k < u->spec.field_count; k++) {
            places[k] = -1;
            for (size_t n = 0; n < m->specs[i].field_count; n++)
                if (m->specs[i].fields[n].field_id == u->spec.fields[k].field_id)
                    places[k] = (int32_t)n;
            u->projected[i] += places[k] >= 0;
        }
    }
    return FIRN_OK;
}

firn_code firn_mt_union_make(const firn_metadata *m, firn_arena *a, firn_mt_union *ret,
                             firn_err *err)
{
    firn_mt_union u = {0};
    FIRN_TRY(collect_fields(m, a, &u.spec, err));
    FIRN_TRY(firn_metadata_partition_types(m, &u.spec, a, &u.types, err));
    FIRN_TRY(find_places(m, a, &u, err));
    u.shown = (firn_type){.kind = FIRN_T_STRUCT, .field_count = u.spec.field_count};
    u.shown.fields = firn_arena_array(a, u.spec.field_count, sizeof *u.shown.fields);
    if (!u.shown.fields)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < u.spec.field_count; i++) {
        firn_str name = firn_arena_str(a, u.spec.fields[i].name);
        if (!name.p)
            return firn_arena_raise(a, err);
        u.shown.fields[i] =
            (firn_field){.id = u.spec.fields[i].field_id, .name = name, .type = u.types[i]};
    }
    *ret = u;
    return FIRN_OK;
}

/* --- columns with metrics ------------------------------------------------------------------ */

typedef FIRN_VEC(firn_mt_leaf) leaf_list;

static firn_code collect_leaves(const firn_type *t, firn_str prefix, firn_arena *a, leaf_list *out,
                                firn_err *err)
{
    for (size_t i = 0; i < t->field_count; i++) {
        const firn_field *f = &t->fields[i];
        const char *name = firn_arena_printf(a, "%.*s%s%.*s", FIRN_STR_ARG(prefix),
                                             prefix.n ? "." : "", FIRN_STR_ARG(f->name));
        if (!name)
            return firn_arena_raise(a, err);
        firn_mt_leaf leaf = {.id = f->id, .name = firn_str_of(name), .type = &f->type};
        if (firn_type_is_nested(f->type.kind)) /* schemas are at most 64 levels deep */
            FIRN_TRY(collect_leaves(&f->type, leaf.name, a, out, err));
        else if (f->type.kind != FIRN_T_FOREIGN || !firn_str_starts(f->type.text, "variant"))
            if (!firn_vec_push(a, out, leaf))
                return firn_arena_raise(a, err);
    }
    return FIRN_OK;
}

static int by_name(const void *a, const void *b)
{
    return firn_str_cmp(((const firn_mt_leaf *)a)->name, ((const firn_mt_leaf *)b)->name);
}

static int by_id(const void *a, const void *b)
{
    const firn_mt_leaf *x = *(const firn_mt_leaf *const *)a;
    const firn_mt_leaf *y = *(const firn_mt_leaf *const *)b;
    return (x->id > y->id) - (x->id < y->id);
}

firn_code firn_mt_leaves_make(const firn_type *schema, firn_arena *a, firn_metadata_table *t,
                              firn_err *err)
{
    leaf_list leaves = {0};
    FIRN_TRY(collect_leaves(schema, (firn_str){"", 0}, a, &leaves, err));
    if (leaves.n > 1)
        qsort(leaves.v, leaves.n, sizeof *leaves.v, by_name);
    const firn_mt_leaf **sorted = firn_arena_array(a, leaves.n, sizeof(const firn_mt_leaf *));
    t->leaves_by_id = firn_arena_array(a, leaves.n, sizeof *t->leaves_by_id);
    if (!sorted || !t->leaves_by_id)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < leaves.n; i++)
        sorted[i] = &leaves.v[i];
    if (leaves.n > 1)
        qsort(sorted, leaves.n, sizeof(const firn_mt_leaf *), by_id);
    for (size_t i = 0; i < leaves.n; i++)
        t->leaves_by_id[i] = (uint32_t)(sorted[i] - leaves.v);
    t->leaves = leaves.v;
    t->leaf_count = leaves.n;
    return FIRN_OK;
}

/* --- values into columns ------------------------------------------------------------------- */

firn_code firn_put_opt_i64(firn_column *col, size_t row, int64_t v, firn_err *err)
{
    if (v < 0)
        return firn_column_set_null(col, row, err);
    firn_put_i64(col, row, v);
    return FIRN_OK;
}

firn_code firn_put_opt_i32(firn_column *col, size_t row, int64_t v, firn_err *err)
{
    if (v < 0)
        return firn_column_set_null(col, row, err);
    firn_put_i32(col, row, (int32_t)v);
    return FIRN_OK;
}

firn_code firn_put_text(firn_column *col, size_t row, firn_str s, firn_arena *a, firn_err *err)
{
    if (!s.p)
        return firn_column_set_null(col, row, err);
    if (s.n > UINT32_MAX)
        return firn_raise(err, FIRN_E_LIMIT, "a text of more than 4 GB");
    firn_strview v = firn_strview_of(s.p, s.n);
    if (s.n > sizeof v.near.inlined) {
        firn_str kept = firn_arena_str(a, s);
        if (!kept.p)
            return firn_arena_raise(a, err);
        v.far.p = kept.p;
    }
    ((firn_strview *)col->data)[row] = v;
    return FIRN_OK;
}

firn_code firn_put_bytes(firn_column *col, size_t row, firn_slice s, firn_arena *a, firn_err *err)
{
    return firn_put_text(col, row, (firn_str){(const char *)s.p, s.n}, a, err);
}

firn_code firn_put_value(firn_column *col, size_t row, const firn_type *t, const firn_value *v,
                         firn_arena *a, firn_err *err)
{
    if (v->is_null)
        return firn_column_set_null(col, row, err);
    switch (t->kind) {
    case FIRN_T_BOOLEAN:
        firn_put_bool(col, row, v->u.b);
        return FIRN_OK;
    case FIRN_T_INT:
    case FIRN_T_DATE:
        firn_put_i32(col, row, (int32_t)v->u.i);
        return FIRN_OK;
    case FIRN_T_LONG:
    case FIRN_T_TIME:
    case FIRN_T_TIMESTAMP:
    case FIRN_T_TIMESTAMPTZ:
    case FIRN_T_TIMESTAMP_NS:
        firn_put_i64(col, row, v->u.i);
        return FIRN_OK;
    case FIRN_T_TIMESTAMPTZ_NS: /* in microseconds */
        firn_put_i64(col, row, firn_floor_div(v->u.i, 1000));
        return FIRN_OK;
    case FIRN_T_FLOAT:
        ((float *)col->data)[row] = v->u.f;
        return FIRN_OK;
    case FIRN_T_DOUBLE:
        ((double *)col->data)[row] = v->u.d;
        return FIRN_OK;
    case FIRN_T_DECIMAL:
        firn_column_put_dec(col, row, v->u.dec);
        return FIRN_OK;
    case FIRN_T_UUID:
        if (v->u.bytes.n != 16)
            return firn_column_set_null(col, row, err);
        firn_column_put_uuid(col, row, v->u.bytes.p);
        return FIRN_OK;
    case FIRN_T_STRING:
    case FIRN_T_FIXED:
    case FIRN_T_BINARY:
        return firn_put_bytes(col, row, v->u.bytes, a, err);
    case FIRN_T_UNKNOWN:
    case FIRN_T_FOREIGN:
    case FIRN_T_STRUCT:
    case FIRN_T_LIST:
    case FIRN_T_MAP:
    case FIRN_TYPE_KIND_COUNT:
        break;
    }
    return firn_column_set_null(col, row, err);
}

firn_code firn_put_list(firn_column *col, size_t row, size_t n, size_t *ret_first, firn_err *err)
{
    firn_column *child = &col->children[0];
    size_t first = child->length;
    FIRN_TRY(firn_column_reserve(child, first + n, err));
    child->length = first + n;
    ((firn_listview *)col->data)[row] = (firn_listview){first, n};
    *ret_first = first;
    return FIRN_OK;
}
