/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/spread.h"

#include "base/str.h"
#include "engine/sql.h"

#define ROW_GROUP_MIN    20480  /* smaller ones make files that are slow to read */
#define ROW_GROUP_MAX    122880 /* the engine's own */
#define MAX_OPEN         200    /* partitions at once: below the engine's limit of open files */
#define SCRATCH_GROUP    8192   /* of files that are read once */
#define GUESSED_ROW      128    /* bytes */
#define SEEN_ENOUGH_ROWS 8      /* in a partition, on average, for their number to be believed */

/* --- planning ------------------------------------------------------------------------------ */

/* How many partitions can be open, each with a row group of the smallest size. */
static uint64_t max_open(uint64_t row_bytes, uint64_t engine_bytes)
{
    uint64_t fit = engine_bytes / 2 / (ROW_GROUP_MIN * row_bytes);
    return FIRN_MIN(FIRN_MAX(fit, (uint64_t)1), (uint64_t)MAX_OPEN);
}

static int64_t row_group(uint64_t open, uint64_t row_bytes, uint64_t engine_bytes)
{
    uint64_t fit = engine_bytes / 2 / (open * row_bytes);
    return (int64_t)FIRN_MIN(FIRN_MAX(fit, (uint64_t)ROW_GROUP_MIN), (uint64_t)ROW_GROUP_MAX);
}

firn_spread firn_spread_plan(const firn_spread_sample *sample, uint64_t engine_bytes)
{
    uint64_t row_bytes = sample->row_bytes ? sample->row_bytes : GUESSED_ROW;
    uint64_t most = max_open(row_bytes, engine_bytes);
    uint64_t partitions = FIRN_MAX(sample->partitions, (uint64_t)1);
    bool many = sample->partitions > most;
    if (!many)
        return (firn_spread){1, row_group(partitions, row_bytes, engine_bytes)};
    uint64_t buckets = (partitions + most - 1) / most;
    if (sample->rows < partitions * SEEN_ENOUGH_ROWS || buckets > FIRN_SPREAD_MAX)
        buckets = FIRN_SPREAD_MAX;
    uint64_t open = (partitions + buckets - 1) / buckets;
    return (firn_spread){(unsigned)FIRN_MAX(buckets, (uint64_t)2),
                         row_group(open, row_bytes, engine_bytes)};
}

/* --- copying ------------------------------------------------------------------------------- */

typedef FIRN_VEC(firn_copied_file) copied_files;

/* One copy in progress. */
typedef struct spreading {
    firn_context *run;
    firn_session *s;
    const firn_copy_job *job;
    const char *parted; /* folder of the buckets */
    firn_arena *a;
    copied_files files;
} spreading;

static firn_code select_bucket(const char *folder, const firn_str *names, size_t count,
                               firn_arena *a, firn_buf *out, firn_err *err)
{
    firn_str *paths = firn_arena_array(a, count, sizeof *paths);
    if (!paths)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < count; i++) {
        const char *path = firn_arena_printf(a, "%s/%.*s", folder, FIRN_STR_ARG(names[i]));
        if (!path)
            return firn_arena_raise(a, err);
        paths[i] = firn_str_of(path);
    }
    return firn_bucket_select(paths, count, out, err);
}

static firn_code copy_files(spreading *sp, firn_str select, firn_err *err)
{
    firn_copied_file *copied;
    size_t count;
    firn_copy_job job = *sp->job;
    job.select = select;
    FIRN_TRY(firn_context_scratch(sp->run, sp->a, &job.folder, err));
    FIRN_TRY(firn_copy_run(sp->run->ops, sp->s, &job, sp->a, &copied, &count, err));
    for (size_t i = 0; i < count; i++)
        if (!firn_vec_push(sp->a, &sp->files, copied[i]))
            return firn_arena_raise(sp->a, err);
    return FIRN_OK;
}

/* The bucket's folder is removed at once: its rows take their place a second time. */
static firn_code copy_bucket(spreading *sp, unsigned bucket, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a bucket", 0);
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    char name[FIRN_BUCKET_NAME_MAX];
    firn_str *names;
    size_t count;
    firn_bucket_name(bucket, name);
    const char *folder = a ? firn_arena_printf(a, "%s/%s", sp->parted, name) : NULL;
    if (!folder)
        return firn_raise_nomem(err);
    if (!firn_fs_exists(sp->run->env, folder))
        return FIRN_OK;
    FIRN_TRY(firn_context_check(sp->run, err));
    FIRN_TRY(firn_fs_list(sp->run->env, folder, a, &names, &count, err));
    FIRN_TRY(select_bucket(folder, names, count, a, &sql, err));
    FIRN_TRY(copy_files(sp, firn_buf_str(&sql), err));
    return firn_fs_remove_tree(sp->run->env, folder, sp->parted, err);
}

static firn_code fill_buckets(spreading *sp, unsigned buckets, firn_err *err)
{
    FIRN_TRY(firn_context_scratch(sp->run, sp->a, &sp->parted, err));
    const firn_bucket_job fill = {.select = sp->job->select,
                                  .partition_count = sp->job->partition_count,
                                  .folder = sp->parted,
                                  .buckets = buckets,
                                  .row_group_rows = SCRATCH_GROUP,
                                  .keep_signs = sp->job->keep_signs};
    return firn_buckets_fill(sp->run->ops, sp->s, &fill, err);
}

static firn_code copy_parted(spreading *sp, unsigned buckets, firn_err *err)
{
    FIRN_TRY(fill_buckets(sp, buckets, err));
    for (unsigned i = 0; i < buckets; i++)
        FIRN_TRY(copy_bucket(sp, i, err));
    return FIRN_OK;
}

/* --- without a plan ------------------------------------------------------------------------ */

/* Files come ordered by their partition. */
static firn_spread_sample look_at(const firn_copied_file *files, size_t count, size_t parts)
{
    firn_spread_sample seen = {0};
    for (size_t i = 0; i < count; i++) {
        seen.rows += (uint64_t)files[i].rows;
        seen.partitions += i == 0 || !firn_copied_same_partition(&files[i - 1], &files[i], parts);
    }
    return seen;
}

/* `buckets` stays 0 when the copy is good. */
static firn_code try_copy(spreading *sp, unsigned *buckets, firn_err *err)
{
    firn_copied_file *files;
    size_t count;
    firn_err local = {0};
    firn_code code = firn_copy_run(sp->run->ops, sp->s, sp->job, sp->a, &files, &count, &local);
    if (code == FIRN_E_NOMEM) {
        *buckets = FIRN_SPREAD_MAX;
    } else if (code != FIRN_OK) {
        *err = local;
        return code;
    } else {
        firn_spread_sample seen = look_at(files, count, sp->job->partition_count);
        if (count <= 2 * seen.partitions + sp->run->threads) {
            sp->files.v = files;
            sp->files.n = count;
            return FIRN_OK;
        }
        *buckets = FIRN_MAX(firn_spread_plan(&seen, sp->run->memory.engine).buckets, 2u);
    }
    return firn_fs_remove_tree(sp->run->env, sp->job->folder, sp->run->scratch, err);
}

firn_code firn_spread_copy(firn_context *run, firn_session *s, const firn_copy_job *job,
                           firn_spread spread, firn_arena *a, firn_copied_file **ret,
                           size_t *ret_count, firn_err *err)
{
    firn_copy_job planned = *job;
    spreading sp = {.run = run, .s = s, .job = &planned, .a = a};
    int64_t fit = spread.row_group_rows ? spread.row_group_rows : ROW_GROUP_MIN;
    if (job->partition_count == 0)
        return firn_copy_run(run->ops, s, job, a, ret, ret_count, err);
    if (job->row_group_rows == 0 || job->row_group_rows > fit)
        planned.row_group_rows = fit;
    if (spread.buckets == 1)
        return firn_copy_run(run->ops, s, &planned, a, ret, ret_count, err);
    if (spread.buckets == 0)
        FIRN_TRY(try_copy(&sp, &spread.buckets, err));
    if (spread.buckets > 1)
        FIRN_TRY(copy_parted(&sp, spread.buckets, err));
    *ret = sp.files.v;
    *ret_count = sp.files.n;
    return FIRN_OK;
}
