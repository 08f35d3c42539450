/* SPDX-License-Identifier: Apache-2.0 */
/* Rows deleted by key: an anti join with the delete files.  Those that have the same key and the
 * same reach (a partition, or everything) are one join: a row goes if a newer delete of its
 * partition has its key, null for null. */
#include "engine/view_int.h"

#include "base/str.h"

#include <string.h>

/* Deletes that one join applies. */
typedef struct key_group {
    int32_t *ids; /* ascending */
    size_t id_count;
    bool everywhere;   /* written by an unpartitioned spec */
    firn_str *columns; /* one an id: the row's value, "c3"."city" */
    FIRN_VEC(firn_view_file) files;
} key_group;

struct firn_view_keys {
    FIRN_VEC(key_group *) groups;
    firn_map places; /* int64_t * by spec and partition */
    int64_t place_count;
    firn_spec_use use;
};

/* From a top-level column down to the field with an id. */
typedef struct field_path {
    const firn_field *v[32];
    size_t n;
} field_path;

static bool find_path(const firn_type *t, int32_t id, field_path *p)
{
    for (size_t i = 0; i < t->field_count && p->n < FIRN_COUNT_OF(p->v); i++) {
        p->v[p->n++] = &t->fields[i];
        if (t->fields[i].id == id || find_path(&t->fields[i].type, id, p))
            return true;
        p->n--;
    }
    return false;
}

static firn_code check_path(const field_path *p, firn_err *err)
{
    const firn_field *f = p->v[p->n - 1];
    for (size_t i = 0; i + 1 < p->n; i++)
        if (p->v[i]->type.kind != FIRN_T_STRUCT)
            return firn_raise(err, FIRN_E_DATA, "deletes by a key inside of lists or maps: %s",
                              firn_quote(f->name).s);
    if (firn_type_is_nested(f->type.kind) || f->type.kind == FIRN_T_FOREIGN)
        return firn_raise(err, FIRN_E_UNSUPPORTED, "deletes by key %s of type %s",
                          firn_quote(f->name).s, firn_type_kind_name(f->type.kind));
    if (f->type.kind == FIRN_T_TIMESTAMPTZ_NS)
        return firn_raise(err, FIRN_E_UNSUPPORTED,
                          "deletes by key %s of type timestamptz_ns: the engine knows such moments "
                          "by the microsecond",
                          firn_quote(f->name).s);
    return FIRN_OK;
}

/* Looks in the schema that is read, then in the others, the newest first: deletes may be keyed by
 * what was dropped since. */
static firn_code locate(const firn_view_work *w, int32_t id, field_path *ret, firn_err *err)
{
    const firn_metadata *m = w->rq->metadata;
    *ret = (field_path){.n = 0};
    bool found = find_path(&w->rq->schema->type, id, ret) || find_path(&m->schema->type, id, ret);
    for (size_t i = m->schema_count; i > 0 && !found; i--)
        found = find_path(&m->schemas[i - 1].type, id, ret);
    if (!found)
        return firn_raise(err, FIRN_E_DATA, "deletes by field %d, which is in no schema", (int)id);
    return check_path(ret, err);
}

/* The top-level column with nothing in it but the way to the field. */
static firn_code narrow(const field_path *p, firn_arena *a, firn_field *ret, firn_err *err)
{
    firn_field below = *p->v[p->n - 1];
    for (size_t i = p->n - 1; i > 0; i--) {
        firn_field *only = firn_arena_alloc(a, sizeof *only);
        if (!only)
            return firn_arena_raise(a, err);
        *only = below;
        below = *p->v[i - 1];
        below.type.fields = only;
        below.type.field_count = 1;
    }
    *ret = below;
    return FIRN_OK;
}

/* "c3"."city" */
static firn_code column_sql(size_t column, const field_path *p, firn_arena *a, firn_str *ret,
                            firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    FIRN_TRY(firn_buf_addf(&sql, err, "c%zu", column));
    for (size_t i = 1; i < p->n; i++) {
        FIRN_TRY(firn_buf_addc(&sql, '.', err));
        FIRN_TRY(firn_sql_ident(&sql, p->v[i]->name, err));
    }
    *ret = firn_arena_str(a, firn_buf_str(&sql));
    return ret->p ? FIRN_OK : firn_arena_raise(a, err);
}

static firn_code append_field(firn_arena *a, firn_type *to, firn_field f, firn_err *err)
{
    firn_field *grown = firn_arena_array(a, to->field_count + 1, sizeof *grown);
    if (!grown)
        return firn_arena_raise(a, err);
    if (to->field_count)
        memcpy(grown, to->fields, to->field_count * sizeof *grown);
    grown[to->field_count] = f;
    to->fields = grown;
    to->field_count++;
    return FIRN_OK;
}

/* Makes sure that the wanted columns have a key's field, and says how it is written. */
static firn_code want_key(firn_view_work *w, int32_t id, firn_type *want, bool *footers,
                          firn_str *ret, firn_err *err)
{
    field_path p = {.n = 0};
    firn_field hidden = {0};
    for (size_t i = 0; i < want->field_count; i++) {
        firn_type one = {.kind = FIRN_T_STRUCT, .fields = &want->fields[i], .field_count = 1};
        if (!find_path(&one, id, &p))
            continue;
        FIRN_TRY(check_path(&p, err));
        return column_sql(i, &p, w->a, ret, err);
    }
    FIRN_TRY(locate(w, id, &p, err));
    FIRN_TRY(narrow(&p, w->a, &hidden, err));
    for (size_t i = 0; i < want->field_count; i++)
        *footers |= want->fields[i].id == hidden.id; /* the engine reads no column twice */
    *footers |= p.n > 1;
    FIRN_TRY(append_field(w->a, want, hidden, err));
    return column_sql(want->field_count - 1, &p, w->a, ret, err);
}

/* --- groups -------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a;
    int32_t y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static bool is_everywhere(const firn_spec *spec)
{
    for (size_t i = 0; i < spec->field_count; i++)
        if (spec->fields[i].transform.kind != FIRN_TRANSFORM_VOID)
            return false;
    return true;
}

/* The spec is then k->use's. */
static firn_code place_key(firn_view_work *w, firn_view_keys *k, const firn_data_file *f,
                           firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_metadata_use_spec(w->rq->metadata, f->spec_id, w->a, &k->use, err));
    FIRN_TRY(firn_buf_addf(out, err, "%d:", (int)f->spec_id));
    return firn_partition_key(k->use.spec, k->use.types, f->partition, out, err);
}

/* Numbers the partition that a delete file is in. */
static firn_code number_place(firn_view_work *w, firn_view_keys *k, const firn_data_file *f,
                              bool *everywhere, int64_t *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf key = FIRN_SQL_BUF;
    FIRN_TRY(place_key(w, k, f, &key, err));
    *everywhere = is_everywhere(k->use.spec);
    *ret = -1;
    if (*everywhere)
        return FIRN_OK;
    int64_t *number = firn_map_get(&k->places, firn_buf_str(&key));
    if (!number) {
        number = firn_arena_alloc(w->a, sizeof *number);
        firn_str kept = firn_arena_str(w->a, firn_buf_str(&key));
        if (!number || !kept.p || !firn_map_put(&k->places, kept, number))
            return firn_arena_raise(w->a, err);
        *number = k->place_count++;
    }
    *ret = *number;
    return FIRN_OK;
}

static key_group *find_group(const firn_view_keys *k, const int32_t *ids, size_t n, bool everywhere)
{
    for (size_t i = 0; i < k->groups.n; i++) {
        key_group *g = k->groups.v[i];
        if (g->id_count == n && g->everywhere == everywhere &&
            memcmp(g->ids, ids, n * sizeof *ids) == 0)
            return g;
    }
    return NULL;
}

static firn_code new_group(firn_view_work *w, firn_view_keys *k, int32_t *ids, size_t n,
                           bool everywhere, key_group **ret, firn_err *err)
{
    key_group *g = firn_arena_zalloc(w->a, sizeof *g);
    if (!g || !firn_vec_push(w->a, &k->groups, g))
        return firn_arena_raise(w->a, err);
    g->ids = ids;
    g->id_count = n;
    g->everywhere = everywhere;
    g->columns = firn_arena_array(w->a, n, sizeof *g->columns);
    *ret = g;
    return g->columns ? FIRN_OK : firn_arena_raise(w->a, err);
}

static firn_code take_delete(firn_view_work *w, firn_view_keys *k, const firn_scan_delete *d,
                             firn_err *err)
{
    bool everywhere;
    firn_view_file f = {.file = &d->file, .sequence_number = d->sequence_number};
    size_t n = d->file.equality_id_count;
    int32_t *ids = firn_arena_array(w->a, n, sizeof *ids);
    if (!ids)
        return firn_arena_raise(w->a, err);
    memcpy(ids, d->file.equality_ids, n * sizeof *ids);
    qsort(ids, n, sizeof *ids, by_value);
    FIRN_TRY(number_place(w, k, &d->file, &everywhere, &f.place, err));
    key_group *g = find_group(k, ids, n, everywhere);
    if (!g)
        FIRN_TRY(new_group(w, k, ids, n, everywhere, &g, err));
    return firn_vec_push(w->a, &g->files, f) ? FIRN_OK : firn_arena_raise(w->a, err);
}

firn_code firn_view_keys_make(firn_view_work *w, firn_type *want, bool *ret_footers,
                              firn_view_keys **ret, firn_err *err)
{
    const firn_scan_plan *plan = w->rq->plan;
    firn_view_keys *k = firn_arena_zalloc(w->a, sizeof *k);
    if (!k)
        return firn_arena_raise(w->a, err);
    k->places = FIRN_MAP(w->a);
    for (size_t i = 0; i < plan->delete_count; i++)
        if (plan->deletes[i]->file.content == FIRN_CONTENT_EQUALITY_DELETES)
            FIRN_TRY(take_delete(w, k, plan->deletes[i], err));
    for (size_t i = 0; i < k->groups.n; i++)
        for (size_t j = 0; j < k->groups.v[i]->id_count; j++)
            FIRN_TRY(want_key(w, k->groups.v[i]->ids[j], want, ret_footers,
                              &k->groups.v[i]->columns[j], err));
    *ret = k->groups.n ? k : NULL;
    return FIRN_OK;
}

firn_code firn_view_keys_place(firn_view_work *w, firn_view_keys *k, const firn_data_file *f,
                               int64_t *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf key = FIRN_SQL_BUF;
    *ret = -1;
    if (k->places.n == 0)
        return FIRN_OK;
    FIRN_TRY(place_key(w, k, f, &key, err));
    const int64_t *number = firn_map_get(&k->places, firn_buf_str(&key));
    if (number)
        *ret = *number;
    return FIRN_OK;
}

/* --- joins --------------------------------------------------------------------------------- */

/* The keys of a group's files as a SELECT, and how each is written in it. */
static firn_code add_keys(firn_view_work *w, const key_group *g, firn_str *keys, firn_buf *out,
                          firn_err *err)
{
    firn_type want = {.kind = FIRN_T_STRUCT};
    bool rebuild = false;
    for (size_t i = 0; i < g->id_count; i++)
        FIRN_TRY(want_key(w, g->ids[i], &want, &rebuild, &keys[i], err));
    rebuild = rebuild || firn_view_needs_footers(w->rq->metadata, &want);
    /* a file that lacks its key would delete nothing, or the rows whose key is null */
    firn_view_extra x = {.numbers = 1u << FIRN_FILE_SEQUENCE, .complete = true, .plain = !rebuild};
    if (!g->everywhere)
        x.numbers |= 1u << FIRN_FILE_PLACE;
    return firn_view_source(w, &want, g->files.v, g->files.n, &x, true, out, err);
}

static firn_code add_join(firn_view_work *w, const key_group *g, size_t number, firn_buf *out,
                          firn_err *err)
{
    firn_str *keys = firn_arena_array(w->a, g->id_count, sizeof *keys);
    if (!keys)
        return firn_arena_raise(w->a, err);
    FIRN_TRY(firn_buf_adds(out, " ANTI JOIN (", err));
    FIRN_TRY(add_keys(w, g, keys, out, err));
    FIRN_TRY(firn_buf_addf(out, err, ") AS e%zu ON e%zu.n0 > d.n0", number, number));
    if (!g->everywhere)
        FIRN_TRY(firn_buf_addf(out, err, " AND e%zu.n3 = d.n3", number));
    for (size_t i = 0; i < g->id_count; i++)
        FIRN_TRY(firn_buf_addf(out, err, " AND e%zu.%.*s IS NOT DISTINCT FROM d.%.*s", number,
                               FIRN_STR_ARG(keys[i]), FIRN_STR_ARG(g->columns[i])));
    return FIRN_OK;
}

firn_code firn_view_keys_joins(firn_view_work *w, const firn_view_keys *k, firn_buf *out,
                               firn_err *err)
{
    for (size_t i = 0; i < k->groups.n; i++)
        if (add_join(w, k->groups.v[i], i, out, err) != FIRN_OK)
            return firn_wrap(err, "equality deletes");
    return FIRN_OK;
}
