/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/writer.h"

#include "base/mem.h"
#include "base/str.h"
#include "engine/partition_sql.h"
#include "engine/sql.h"
#include "env/fail.h"
#include "pipeline/sorted.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* --- publishing ---------------------------------------------------------------------------- */

typedef struct publication {
    struct publication *next;
    const char *scratch_path;
    firn_str uri;
} publication;

struct firn_publisher {
    firn_env *env;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    publication *head;
    publication *tail;
    bool busy;
    bool closing;
    firn_err err;
};

static void *publish(void *arg)
{
    firn_publisher *p = arg;
    pthread_mutex_lock(&p->lock);
    for (;;) {
        while (!p->head && !p->closing)
            pthread_cond_wait(&p->changed, &p->lock);
        publication *x = p->head;
        if (!x)
            break;
        p->head = x->next;
        if (!p->head)
            p->tail = NULL;
        p->busy = true;
        bool skip = p->err.code != FIRN_OK;
        pthread_mutex_unlock(&p->lock);

        firn_err err = {0};
        firn_code code = skip ? FIRN_OK : firn_env_publish(p->env, x->scratch_path, x->uri, &err);
        firn_mem_free(x);

        pthread_mutex_lock(&p->lock);
        p->busy = false;
        if (code != FIRN_OK)
            p->err = err;
        pthread_cond_broadcast(&p->changed);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

firn_code firn_publisher_open(firn_env *env, firn_publisher **ret, firn_err *err)
{
    firn_publisher *p = firn_mem_alloc(sizeof *p);
    if (!p)
        return firn_raise_nomem(err);
    memset(p, 0, sizeof *p);
    p->env = env;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    int rc = pthread_create(&p->thread, NULL, publish, p);
    if (rc != 0) {
        pthread_cond_destroy(&p->changed);
        pthread_mutex_destroy(&p->lock);
        firn_mem_free(p);
        return firn_raise_errno(err, rc, "a thread to publish files");
    }
    *ret = p;
    return FIRN_OK;
}

firn_code firn_publisher_add(firn_publisher *p, const char *scratch_path, firn_str uri,
                             firn_err *err)
{
    publication *x = scratch_path ? firn_mem_alloc(sizeof *x) : NULL;
    if (!scratch_path)
        return FIRN_OK;
    if (!x)
        return firn_raise_nomem(err);
    *x = (publication){.scratch_path = scratch_path, .uri = uri};
    pthread_mutex_lock(&p->lock);
    if (p->tail)
        p->tail->next = x;
    else
        p->head = x;
    p->tail = x;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    return FIRN_OK;
}

firn_code firn_publisher_wait(firn_publisher *p, firn_err *err)
{
    pthread_mutex_lock(&p->lock);
    while (p->head || p->busy)
        pthread_cond_wait(&p->changed, &p->lock);
    firn_code code = p->err.code;
    if (code != FIRN_OK && err)
        *err = p->err;
    pthread_mutex_unlock(&p->lock);
    return code;
}

void firn_publisher_close(firn_publisher *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->closing = true;
    if (p->err.code == FIRN_OK && p->head)
        firn_raise(&p->err, FIRN_E_CANCELLED, "cancelled"); /* what is left is not wanted */
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    firn_mem_free(p);
}

/* --- writing ------------------------------------------------------------------------------- */

static firn_code partition_values(const firn_write_target *t, const firn_type *types,
                                  const firn_copied_file *f, firn_arena *a, firn_data_file *ret,
                                  firn_err *err)
{
    size_t n = t->spec->field_count;
    ret->partition = firn_arena_array(a, n, sizeof *ret->partition);
    if (!ret->partition)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < n; i++) {
        ret->partition[i] = FIRN_VALUE_NULL;
        if (!f->partition[i].p)
            continue;
        if (!firn_value_from_engine(&types[i], f->partition[i], a, &ret->partition[i]))
            return firn_raise(err, FIRN_E_DATA, "%s is no value of partition %s",
                              firn_quote(f->partition[i]).s, firn_quote(t->spec->fields[i].name).s);
    }
    return FIRN_OK;
}

static firn_code name_file(firn_context *run, const firn_write_target *t, const firn_type *types,
                           size_t n, firn_arena *a, firn_data_file *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf path = FIRN_BUF((size_t)1 << 20);
    char uuid[FIRN_RUN_UUID_TEXT];
    char name[FIRN_RUN_UUID_TEXT + 64];
    firn_run_names_next(&run->names, uuid);
    snprintf(name, sizeof name, "%05zu-%lld-%s.parquet", n, (long long)t->seq, uuid);
    FIRN_TRY(firn_data_layout_path(&t->layout, t->spec, types, ret->partition, firn_str_of(name),
                                   &path, err));
    ret->file_path = firn_arena_str(a, firn_buf_str(&path));
    return ret->file_path.p ? FIRN_OK : firn_arena_raise(a, err);
}

static firn_code describe_file(firn_context *run, const firn_write_target *t,
                               const firn_type *types, const firn_copied_file *f, size_t n,
                               firn_arena *a, firn_data_file *ret, firn_err *err)
{
    *ret = (firn_data_file){
        .content = FIRN_CONTENT_DATA,
        .file_format = FIRN_STR_LIT("PARQUET"),
        .spec_id = t->spec->spec_id,
        .record_count = f->rows,
        .file_size_in_bytes = f->bytes,
        .sort_order_id = t->sort.order_id,
    };
    FIRN_TRY(partition_values(t, types, f, a, ret, err));
    FIRN_TRY(name_file(run, t, types, n, a, ret, err));
    return firn_metrics_fill(t->metadata, t->schema, f->columns, f->column_count, a, ret, err);
}

static firn_copy_job copy_job(const firn_write_target *t, firn_str select)
{
    return (firn_copy_job){
        .select = select,
        .schema = t->schema,
        .compression = t->format.compression,
        .compression_level = t->format.compression_level,
        .row_group_rows = t->format.row_group_rows,
        .file_bytes = t->format.target_file_bytes,
        .keep_signs = t->keep_signs,
    };
}

static firn_code copy_rows(firn_context *run, firn_session *s, const firn_write_target *t,
                           firn_str select, firn_arena *a, firn_copied_file **ret,
                           size_t *ret_count, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    firn_copy_job job = copy_job(t, select);
    FIRN_TRY(firn_partition_functions(run->ops, run->engine, t->schema, t->spec, err));
    FIRN_TRY(firn_context_scratch(run, a, &job.folder, err));
    if (t->spec->field_count)
        FIRN_TRY(firn_partition_select(t->schema, t->spec, select, &sql, err));
    job.partition_count = t->spec->field_count;
    if (job.partition_count)
        job.select = firn_buf_str(&sql);
    return firn_sorted_copy(run, s, &job, t->spread, &t->sort, a, ret, ret_count, err);
}

static firn_shadow_job shadow_job(const firn_context *run, const firn_write_target *t,
                                  firn_str select)
{
    return (firn_shadow_job){.copy = copy_job(t, select),
                             .spec = t->spec,
                             .sort = &t->sort,
                             .sample = t->sample,
                             .may_lose = t->may_lose,
                             .ops = run->ops,
                             .engine = run->engine,
                             .threads = run->threads};
}

int64_t firn_write_file_count(const firn_context *run, const firn_write_target *t, int64_t rows,
                              int64_t bytes)
{
    const firn_shadow_job job = shadow_job(run, t, FIRN_STR_LIT(""));
    return firn_shadow_file_count(&job, rows, bytes);
}

static firn_code count_rows(firn_context *run, firn_session *s, const firn_write_target *t,
                            firn_str select, firn_arena *a, firn_copied_file **ret,
                            size_t *ret_count, firn_shadow_rows *ret_rows, firn_err *err)
{
    const firn_shadow_job job = shadow_job(run, t, select);
    if (t->sort.field_count)
        FIRN_TRY(firn_sort_functions(run, t->schema, &t->sort, a, err));
    return firn_shadow_copy(run->shadow, s, &job, a, ret, ret_count, ret_rows, err);
}

firn_code firn_write_rows(firn_context *run, firn_session *s, const firn_write_target *target,
                          firn_str select, firn_arena *a, firn_data_files *files,
                          firn_scratch_paths *scratch, firn_err *err)
{
    firn_copied_file *copied;
    size_t count;
    firn_type *types;
    firn_shadow_rows kept;
    FIRN_TRY(firn_context_check(run, err));
    FIRN_TRY(FIRN_FAIL("write.before_copy", err));
    FIRN_TRY(firn_spec_types(target->schema, target->spec, a, &types, err));
    FIRN_TRY(run->shadow ? count_rows(run, s, target, select, a, &copied, &count, &kept, err)
                         : copy_rows(run, s, target, select, a, &copied, &count, err));
    for (size_t i = 0; i < count; i++) {
        firn_data_file f;
        FIRN_TRY(describe_file(run, target, types, &copied[i], files->n, a, &f, err));
        if (run->shadow) {
            f.metrics_count = 0; /* they are those of all files together */
            FIRN_TRY(firn_shadow_note_file(run->shadow, f.file_path, &kept, err));
        }
        if (!firn_vec_push(a, files, f) || !firn_vec_push(a, scratch, copied[i].path.p))
            return firn_arena_raise(a, err);
    }
    return FIRN_FAIL("write.after_copy", err);
}

firn_code firn_written_publish(firn_context *run, const char *scratch_path, firn_str uri,
                               firn_err *err)
{
    return scratch_path ? firn_env_publish(run->env, scratch_path, uri, err) : FIRN_OK;
}

/* --- reading them back --------------------------------------------------------------------- */

/* The files of one copy have one table. */
static firn_code select_kept(firn_context *run, const firn_type *schema,
                             const firn_data_file *files, size_t count, firn_buf *out,
                             firn_err *err)
{
    const firn_view_memory *memory = firn_shadow_memory(run->shadow);
    firn_str last = {NULL, 0};
    for (size_t i = 0; i < count; i++) {
        const firn_type *type = schema;
        firn_str table = memory->table(memory->arg, files[i].file_path, &type);
        if (last.p && firn_str_eq(table, last))
            continue;
        FIRN_TRY(firn_buf_adds(out, last.p ? " UNION ALL " : "", err));
        FIRN_TRY(firn_view_select_memory(schema, 0, table, type, out, err));
        last = table;
    }
    return FIRN_OK;
}

firn_code firn_written_select(firn_context *run, const firn_type *schema,
                              const firn_data_file *files, size_t count, firn_arena *a,
                              firn_buf *out, firn_err *err)
{
    if (run->shadow && count)
        return select_kept(run, schema, files, count, out, err);
    firn_str *paths = firn_arena_array(a, count, sizeof *paths);
    if (!paths)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < count; i++)
        paths[i] = files[i].file_path;
    return firn_view_select_paths(schema, paths, count, out, err);
}
