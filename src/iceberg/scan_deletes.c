/* SPDX-License-Identifier: Apache-2.0 */
/* Matching deletes to data files, as the specification's "Scan Planning" has it: by sequence
 * number, by partition and spec, by path.  What is not sure to miss a file applies to it. */
#include "iceberg/scan_int.h"

#include "base/map.h"
#include "base/str.h"

#include <string.h>

#define MAX_KEY_BYTES ((size_t)64 << 20)

/* The column of position deletes that names the data file. */
#define FILE_PATH_ID 2147483546

/* Paths cut to this many bytes may be equal without being one (write.metadata.metrics.default). */
#define TRUNCATED_BYTES 64

/* A delete file on its way into the plan. */
typedef struct candidate {
    firn_scan_delete d;
    bool used;
    bool has_bounds; /* of the paths in it */
    firn_str lower;
    firn_str upper;
} candidate;

/* Candidates that apply alike, ascending by sequence number once all are there. */
typedef struct group {
    FIRN_VEC(candidate *) v;
    bool bounded; /* some have bounds: each file must be compared with them */
} group;

typedef FIRN_VEC(const firn_scan_delete *) delete_list;

typedef struct matching {
    const firn_metadata *m;
    firn_scan_plan *plan;
    firn_arena *a;
    firn_spec_use use;
    FIRN_VEC(group *) groups;
    firn_map positions;              /* by spec and partition */
    firn_map keys;                   /* equality deletes, the same */
    group everywhere;                /* equality deletes of unpartitioned specs */
    firn_map positions_of;           /* by path of the data file */
    firn_map vectors_of;             /* candidate * by path */
    delete_list used;                /* what the plan will list */
    const group *last[3];            /* groups, */
    int64_t last_sequence;           /* sequence number */
    const firn_scan_file *last_file; /* and list of a file that others may share; NULL: none */
} matching;

/* --- gathering ----------------------------------------------------------------------------- */

static bool is_unpartitioned(const firn_spec *spec)
{
    for (size_t i = 0; i < spec->field_count; i++)
        if (spec->fields[i].transform.kind != FIRN_TRANSFORM_VOID)
            return false;
    return true;
}

static firn_code new_group(matching *g, firn_map *map, firn_str key, group **ret, firn_err *err)
{
    group *made = firn_arena_zalloc(g->a, sizeof *made);
    firn_str kept = firn_arena_str(g->a, key);
    if (!made || !kept.p || !firn_map_put(map, kept, made) ||
        !firn_vec_push(g->a, &g->groups, made))
        return firn_arena_raise(g->a, err);
    *ret = made;
    return FIRN_OK;
}

static firn_code push(matching *g, group *to, candidate *c, firn_err *err)
{
    to->bounded |= c->has_bounds;
    return firn_vec_push(g->a, &to->v, c) ? FIRN_OK : firn_arena_raise(g->a, err);
}

static firn_code push_at(matching *g, firn_map *map, firn_str key, candidate *c, firn_err *err)
{
    group *to = firn_map_get(map, key);
    if (!to)
        FIRN_TRY(new_group(g, map, key, &to, err));
    return push(g, to, c, err);
}

/* Spec and partition of a file as bytes. */
static firn_code place_of(matching *g, const firn_data_file *f, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_metadata_use_spec(g->m, f->spec_id, g->a, &g->use, err));
    FIRN_TRY(firn_buf_addf(out, err, "%d:", (int)f->spec_id));
    return firn_partition_key(g->use.spec, g->use.types, f->partition, out, err);
}

static bool is_vector(const firn_data_file *f)
{
    return firn_str_ieq(f->file_format, FIRN_STR_LIT("puffin"));
}

static firn_code add_vector(matching *g, candidate *c, firn_err *err)
{
    const firn_data_file *f = &c->d.file;
    if (!f->referenced_data_file.p || f->content_offset < 0 || f->content_size_in_bytes < 0)
        return firn_raise(err, FIRN_E_DATA, "deletion vector in %s: no data file, offset or size",
                          firn_quote(f->file_path).s);
    if (firn_map_get(&g->vectors_of, f->referenced_data_file))
        return firn_raise(err, FIRN_E_DATA, "two deletion vectors for %s",
                          firn_quote(f->referenced_data_file).s);
    return firn_map_put(&g->vectors_of, f->referenced_data_file, c) ? FIRN_OK
                                                                    : firn_arena_raise(g->a, err);
}

/* Bounds that are one path name the only data file there is. */
static bool names_one_file(const candidate *c)
{
    return c->has_bounds && c->lower.n > TRUNCATED_BYTES && firn_str_eq(c->lower, c->upper);
}

/* Values of a transform of a later version are not known: nobody can say whose partition it is. */
static firn_code refuse_unknown_place(const matching *g, const firn_data_file *f, firn_err *err)
{
    for (size_t i = 0; i < g->use.spec->field_count; i++) {
        const firn_partition_field *p = &g->use.spec->fields[i];
        firn_type type;
        if (p->transform.kind != FIRN_TRANSFORM_VOID &&
            !firn_metadata_partition_type(g->m, p, &type))
            return firn_raise(err, FIRN_E_UNSUPPORTED,
                              "equality deletes %s in a partition by %s, which is not known",
                              firn_quote(f->file_path).s, firn_quote(p->transform.text).s);
    }
    return FIRN_OK;
}

static firn_code add_candidate(matching *g, candidate *c, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf key = FIRN_BUF(MAX_KEY_BYTES);
    const firn_data_file *f = &c->d.file;
    if (f->content == FIRN_CONTENT_POSITION_DELETES && is_vector(f))
        return add_vector(g, c, err);
    if (f->content == FIRN_CONTENT_POSITION_DELETES && f->referenced_data_file.p)
        return push_at(g, &g->positions_of, f->referenced_data_file, c, err);
    if (f->content == FIRN_CONTENT_POSITION_DELETES && names_one_file(c))
        return push_at(g, &g->positions_of, c->lower, c, err);
    FIRN_TRY(place_of(g, f, &key, err));
    if (f->content == FIRN_CONTENT_POSITION_DELETES)
        return push_at(g, &g->positions, firn_buf_str(&key), c, err);
    if (is_unpartitioned(g->use.spec))
        return push(g, &g->everywhere, c, err);
    FIRN_TRY(refuse_unknown_place(g, f, err));
    return push_at(g, &g->keys, firn_buf_str(&key), c, err);
}

/* Keeps the bounds of the paths in a file of position deletes. */
static firn_code keep_bounds(matching *g, const firn_data_file *f, candidate *c, firn_err *err)
{
    for (size_t i = 0; i < f->metrics_count; i++) {
        const firn_column_metrics *x = &f->metrics[i];
        if (x->field_id != FILE_PATH_ID || !x->lower_bound.p || !x->upper_bound.p)
            continue;
        c->lower =
            firn_arena_str(g->a, (firn_str){(const char *)x->lower_bound.p, x->lower_bound.n});
        c->upper =
            firn_arena_str(g->a, (firn_str){(const char *)x->upper_bound.p, x->upper_bound.n});
        if (!c->lower.p || !c->upper.p)
            return firn_arena_raise(g->a, err);
        c->has_bounds = true;
    }
    return FIRN_OK;
}

static firn_code take_delete(void *arg, const firn_manifest_entry *e, bool *stop FIRN_UNUSED,
                             firn_err *err)
{
    matching *g = arg;
    if (e->status == FIRN_ENTRY_DELETED)
        return FIRN_OK;
    candidate *c = firn_arena_zalloc(g->a, sizeof *c);
    if (!c)
        return firn_arena_raise(g->a, err);
    c->d.sequence_number = e->sequence_number;
    c->d.snapshot_id = e->snapshot_id;
    if (e->file.content == FIRN_CONTENT_POSITION_DELETES)
        FIRN_TRY(keep_bounds(g, &e->file, c, err));
    if (e->file.content == FIRN_CONTENT_EQUALITY_DELETES && e->file.equality_id_count == 0)
        return firn_raise(err, FIRN_E_DATA, "equality deletes %s without equality_ids",
                          firn_quote(e->file.file_path).s);
    FIRN_TRY(firn_metadata_use_spec(g->m, e->file.spec_id, g->a, &g->use, err));
    firn_data_file bare = e->file;
    bare.metrics_count = 0;
    FIRN_TRY(
        firn_data_file_copy(&bare, g->use.types, g->use.spec->field_count, g->a, &c->d.file, err));
    return add_candidate(g, c, err);
}

static int by_sequence(const void *a, const void *b)
{
    int64_t x = (*(candidate *const *)a)->d.sequence_number;
    int64_t y = (*(candidate *const *)b)->d.sequence_number;
    return (x > y) - (x < y);
}

static void sort_group(group *to)
{
    if (to->v.n > 1)
        qsort(to->v.v, to->v.n, sizeof *to->v.v, by_sequence);
}

/* --- matching ------------------------------------------------------------------------------ */

/* Place of the first candidate with at least this sequence number. */
static size_t from_sequence(const group *from, int64_t sequence)
{
    size_t lo = 0;
    size_t hi = from->v.n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (from->v.v[mid]->d.sequence_number < sequence)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Upper bounds may be cut short without having been raised, by writers that do not know better. */
static bool may_name(const candidate *c, firn_str path)
{
    if (!c->has_bounds)
        return true;
    if (firn_str_cmp(path, c->lower) < 0)
        return false;
    return firn_str_cmp(path, c->upper) <= 0 ||
           (path.n >= c->upper.n && memcmp(path.p, c->upper.p, c->upper.n) == 0);
}

static firn_code refuse_format(const firn_data_file *f, firn_err *err)
{
    if (firn_str_ieq(f->file_format, FIRN_STR_LIT("parquet")) || is_vector(f))
        return FIRN_OK;
    return firn_raise(err, FIRN_E_UNSUPPORTED, "delete file %s is %s; only Parquet is read",
                      firn_quote(f->file_path).s, firn_quote(f->file_format).s);
}

static firn_code apply(matching *g, candidate *c, delete_list *to, firn_err *err)
{
    if (!c->used) {
        FIRN_TRY(refuse_format(&c->d.file, err));
        FIRN_TRY(firn_scan_refuse_encrypted(&c->d.file, err));
        c->used = true;
        c->d.place = g->used.n;
        if (!firn_vec_push(g->a, &g->used, &c->d))
            return firn_arena_raise(g->a, err);
    }
    return firn_vec_push(g->a, to, &c->d) ? FIRN_OK : firn_arena_raise(g->a, err);
}

static firn_code apply_group(matching *g, const group *from, int64_t sequence, firn_str path,
                             delete_list *to, firn_err *err)
{
    for (size_t i = from ? from_sequence(from, sequence) : 0; from && i < from->v.n; i++)
        if (may_name(from->v.v[i], path))
            FIRN_TRY(apply(g, from->v.v[i], to, err));
    return FIRN_OK;
}

static firn_code apply_vector(matching *g, candidate *c, const firn_scan_file *f, delete_list *to,
                              firn_err *err)
{
    if (c->d.sequence_number < f->sequence_number)
        return firn_raise(err, FIRN_E_DATA, "the deletion vector of %s is older than the file",
                          firn_quote(f->file.file_path).s);
    return apply(g, c, to, err);
}

/* Files of one partition and commit have the same deletes, unless these name paths. */
static bool same_as_last(matching *g, const group *now[3], int64_t sequence)
{
    return g->last_file && g->last_sequence == sequence &&
           memcmp(g->last, now, sizeof g->last) == 0;
}

static firn_code match_file(matching *g, firn_scan_file *f, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf key = FIRN_BUF(MAX_KEY_BYTES);
    firn_str path = f->file.file_path;
    delete_list list = {0};
    FIRN_TRY(place_of(g, &f->file, &key, err));
    candidate *vector = firn_map_get(&g->vectors_of, path);
    const group *own = vector ? NULL : firn_map_get(&g->positions_of, path);
    const group *now[3] = {&g->everywhere, firn_map_get(&g->keys, firn_buf_str(&key)),
                           vector ? NULL : firn_map_get(&g->positions, firn_buf_str(&key))};
    bool alone = vector || own || (now[2] && now[2]->bounded);
    if (!alone && same_as_last(g, now, f->sequence_number)) {
        f->deletes = g->last_file->deletes;
        f->delete_count = g->last_file->delete_count;
        return FIRN_OK;
    }
    /* a damaged manifest may hold the last number there is */
    int64_t later = f->sequence_number + (f->sequence_number < INT64_MAX);
    FIRN_TRY(apply_group(g, now[0], later, path, &list, err));
    FIRN_TRY(apply_group(g, now[1], later, path, &list, err));
    FIRN_TRY(apply_group(g, now[2], f->sequence_number, path, &list, err));
    /* what is for this path was found by it: its bounds have nothing to add */
    FIRN_TRY(apply_group(g, own, f->sequence_number, path, &list, err));
    if (vector)
        FIRN_TRY(apply_vector(g, vector, f, &list, err));
    f->deletes = list.v;
    f->delete_count = list.n;
    if (!alone) {
        memcpy(g->last, now, sizeof g->last);
        g->last_sequence = f->sequence_number;
        g->last_file = f;
    }
    return FIRN_OK;
}

/* --- manifests ----------------------------------------------------------------------------- */

static int64_t oldest_file(const firn_scan_plan *plan)
{
    int64_t min = INT64_MAX;
    for (size_t i = 0; i < plan->count; i++)
        min = FIRN_MIN(min, plan->files[i].sequence_number);
    return min;
}

/* Data files of other partitions are not in the plan: their deletes need not be either. */
static firn_code may_apply(matching *g, const firn_expr *filter, const firn_manifest_file *mf,
                           int64_t oldest, bool *ret, firn_err *err)
{
    *ret = false;
    bool live = mf->added_files_count != 0 || mf->existing_files_count != 0;
    if (!mf->deletes || !live || mf->sequence_number < oldest)
        return FIRN_OK;
    *ret = true;
    if (!filter || mf->partition_spec_id < 0)
        return FIRN_OK;
    FIRN_TRY(firn_metadata_use_spec(g->m, mf->partition_spec_id, g->a, &g->use, err));
    *ret = firn_expr_manifest_may_match(filter, g->use.spec, g->use.types, mf);
    return FIRN_OK;
}

static firn_code match_all(matching *g, firn_err *err)
{
    sort_group(&g->everywhere);
    for (size_t i = 0; i < g->groups.n; i++)
        sort_group(g->groups.v[i]);
    for (size_t i = 0; i < g->plan->count; i++)
        FIRN_TRY(match_file(g, &g->plan->files[i], err));
    g->plan->deletes = g->used.v;
    g->plan->delete_count = g->used.n;
    return FIRN_OK;
}

firn_code firn_scan_attach_deletes(const firn_io *io, const firn_metadata *m,
                                   const firn_expr *filter, const firn_manifest_file *manifests,
                                   size_t count, firn_arena *a, firn_scan_plan *plan, firn_err *err)
{
    matching g = {.m = m,
                  .plan = plan,
                  .a = a,
                  .positions = FIRN_MAP(a),
                  .keys = FIRN_MAP(a),
                  .positions_of = FIRN_MAP(a),
                  .vectors_of = FIRN_MAP(a)};
    int64_t oldest = oldest_file(plan);
    bool any = false;
    for (size_t i = 0; i < count && plan->count; i++) {
        bool wanted;
        FIRN_TRY(may_apply(&g, filter, &manifests[i], oldest, &wanted, err));
        if (!wanted)
            continue;
        any = true;
        plan->manifests_read++;
        FIRN_TRY(firn_manifest_read(io, m, &manifests[i], FIRN_DETAIL_STATS, take_delete, &g, err));
    }
    return any ? match_all(&g, err) : FIRN_OK;
}
