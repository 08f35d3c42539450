/* SPDX-License-Identifier: Apache-2.0 */
#include "iceberg/manifest_merge.h"

#include "base/str.h"
#include "env/fail.h"

#define DEFAULT_TARGET_BYTES ((int64_t)8 << 20)
#define DEFAULT_MIN_COUNT    100

/* Neighbours of one group that become one manifest. */
typedef struct bin {
    const firn_manifest_file *v;
    size_t n;
} bin;

typedef struct merging {
    firn_merge_job *job;
    int64_t target_bytes;
    int64_t min_count;
    const char *newest; /* path of the first of its content */
    FIRN_VEC(firn_manifest_file) out;
} merging;

static firn_code push(merging *g, firn_manifest_file mf, firn_err *err)
{
    if (!firn_vec_push(g->job->arena, &g->out, mf))
        return firn_arena_raise(g->job->arena, err);
    return FIRN_OK;
}

/* --- one bin ------------------------------------------------------------------------------- */

typedef struct copying {
    const firn_merge_job *job;
    firn_manifest_writer *w;
} copying;

static firn_code copy_entry(void *arg, const firn_manifest_entry *e, bool *stop FIRN_UNUSED,
                            firn_err *err)
{
    copying *c = arg;
    bool own = e->snapshot_id == c->job->snapshot_id;
    firn_manifest_entry copy = *e;
    if (e->status == FIRN_ENTRY_DELETED && !own)
        return FIRN_OK; /* told by the snapshot that deleted it */
    if (e->status == FIRN_ENTRY_ADDED && !own)
        copy.status = FIRN_ENTRY_EXISTING;
    return firn_manifest_writer_add(c->w, &copy, err);
}

static void free_writer(firn_manifest_writer **w)
{
    firn_manifest_writer_free(*w);
}

static firn_code write_bin(const firn_merge_job *job, bin b, firn_manifest_file *ret, firn_err *err)
{
    FIRN_AUTO(free_writer) firn_manifest_writer *w = NULL;
    firn_str path;
    const firn_spec *spec = firn_metadata_spec(job->m, b.v[0].partition_spec_id);
    FIRN_TRY(firn_manifest_writer_new(job->io, job->m, spec, b.v[0].deletes, job->arena, &w, err));
    copying c = {job, w};
    for (size_t i = 0; i < b.n; i++)
        FIRN_TRY(
            firn_manifest_read(job->io, job->m, &b.v[i], FIRN_DETAIL_ALL, copy_entry, &c, err));
    FIRN_TRY(job->new_path(job->arg, &path, err));
    FIRN_TRY(firn_manifest_writer_finish(w, path, job->snapshot_id, ret, err));
    return FIRN_FAIL("commit.after_merge", err);
}

/* The paths of a bin: manifests never change. */
static firn_code key_of(bin b, firn_arena *a, firn_str *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf key = FIRN_BUF((size_t)1 << 30);
    for (size_t i = 0; i < b.n; i++) {
        FIRN_TRY(firn_buf_addstr(&key, b.v[i].manifest_path, err));
        FIRN_TRY(firn_buf_addc(&key, '\n', err));
    }
    *ret = firn_arena_str(a, firn_buf_str(&key));
    return ret->p ? FIRN_OK : firn_arena_raise(a, err);
}

static firn_code merge_bin(merging *g, bin b, firn_err *err)
{
    firn_str key;
    FIRN_TRY(key_of(b, g->job->arena, &key, err));
    firn_manifest_file *made = firn_map_get(g->job->done, key);
    if (!made) {
        made = firn_arena_alloc(g->job->arena, sizeof *made);
        if (!made)
            return firn_arena_raise(g->job->arena, err);
        FIRN_TRY(write_bin(g->job, b, made, err));
        if (!firn_map_put(g->job->done, key, made))
            return firn_arena_raise(g->job->arena, err);
    }
    for (size_t i = 0; i < b.n; i++)
        g->job->replaced += b.v[i].added_snapshot_id != g->job->snapshot_id;
    return push(g, *made, err);
}

static bool has_newest(const merging *g, bin b)
{
    for (size_t i = 0; i < b.n; i++)
        if (b.v[i].manifest_path.p == g->newest)
            return true;
    return false;
}

static firn_code place_bin(merging *g, bin b, firn_err *err)
{
    bool waits = has_newest(g, b) && (int64_t)b.n < g->min_count;
    if (b.n > 1 && !waits)
        return merge_bin(g, b, err);
    for (size_t i = 0; i < b.n; i++)
        FIRN_TRY(push(g, b.v[i], err));
    return FIRN_OK;
}

/* --- groups -------------------------------------------------------------------------------- */

/* Where the bin ends that begins at `end` and grows towards the newest. */
static size_t bin_start(const merging *g, const firn_manifest_file *v, size_t end)
{
    int64_t bytes = v[end - 1].manifest_length;
    size_t start = end - 1;
    while (start > 0 && v[start - 1].manifest_length <= g->target_bytes - bytes)
        bytes += v[--start].manifest_length;
    return start;
}

static firn_code merge_group(merging *g, const firn_manifest_file *v, size_t n, firn_err *err)
{
    size_t *starts = firn_arena_array(g->job->arena, n + 1, sizeof *starts);
    size_t bins = 0;
    if (!starts)
        return firn_arena_raise(g->job->arena, err);
    for (size_t end = n; end > 0; end = starts[bins++])
        starts[bins] = bin_start(g, v, end);
    for (size_t end = 0; bins > 0; bins--) { /* newest bin first */
        size_t start = starts[bins - 1];
        end = bins > 1 ? starts[bins - 2] : n;
        FIRN_TRY(place_bin(g, (bin){v + start, end - start}, err));
    }
    return FIRN_OK;
}

static bool is_mergeable(const merging *g, const firn_manifest_file *mf)
{
    const firn_spec *spec = firn_metadata_spec(g->job->m, mf->partition_spec_id);
    return spec && firn_spec_is_known(spec) && !mf->key_metadata.p;
}

/* All manifests of one content: those of the newest spec first, as Java orders them. */
static firn_code merge_content(merging *g, const firn_manifest_file *list, size_t count,
                               bool deletes, firn_err *err)
{
    firn_manifest_file *group = firn_arena_array(g->job->arena, count, sizeof *group);
    if (!group)
        return firn_arena_raise(g->job->arena, err);
    g->newest = NULL;
    int64_t below = INT64_MAX;
    for (;;) {
        int64_t spec = INT64_MIN;
        size_t n = 0;
        for (size_t i = 0; i < count; i++)
            if (list[i].deletes == deletes && list[i].partition_spec_id < below)
                spec = FIRN_MAX(spec, list[i].partition_spec_id);
        if (spec == INT64_MIN)
            return FIRN_OK;
        for (size_t i = 0; i < count; i++) {
            if (list[i].deletes != deletes)
                continue;
            g->newest = g->newest ? g->newest : list[i].manifest_path.p;
            if (list[i].partition_spec_id == spec && is_mergeable(g, &list[i]))
                group[n++] = list[i];
            else if (list[i].partition_spec_id == spec)
                FIRN_TRY(push(g, list[i], err));
        }
        FIRN_TRY(merge_group(g, group, n, err));
        below = spec;
    }
}

static bool is_enabled(const firn_metadata *m)
{
    firn_str v = firn_metadata_property(m, "commit.manifest-merge.enabled");
    return !v.p || firn_str_ieq(v, FIRN_STR_LIT("true"));
}

firn_code firn_manifests_merge(firn_merge_job *job, firn_manifest_file *list, size_t *count,
                               firn_err *err)
{
    job->replaced = 0;
    if (!is_enabled(job->m))
        return FIRN_OK;
    merging g = {.job = job,
                 .target_bytes = firn_metadata_property_i64(
                     job->m, "commit.manifest.target-size-bytes", DEFAULT_TARGET_BYTES),
                 .min_count = firn_metadata_property_i64(
                     job->m, "commit.manifest.min-count-to-merge", DEFAULT_MIN_COUNT)};
    FIRN_TRY(merge_content(&g, list, *count, false, err));
    FIRN_TRY(merge_content(&g, list, *count, true, err));
    for (size_t i = 0; i < g.out.n; i++)
        list[i] = g.out.v[i];
    *count = g.out.n;
    return FIRN_OK;
}
