/* SPDX-License-Identifier: Apache-2.0 */
/* Files of metadata in memory, and the list of data files whose rows are in the engine. */
#include "pipeline/shadow_int.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

/* --- the io table -------------------------------------------------------------------------- */

/* "file:///a" and "/a" are one. */
static firn_str key_of(firn_str uri)
{
    firn_str local = firn_local_path(uri);
    return local.p ? local : uri;
}

static firn_code read_object(void *ctx, firn_str uri, uint64_t max_bytes, firn_arena *a,
                             firn_slice *ret, firn_err *err)
{
    firn_shadow *sh = ctx;
    pthread_mutex_lock(&sh->lock);
    const firn_slice *kept = firn_map_get(&sh->objects, key_of(uri));
    pthread_mutex_unlock(&sh->lock);
    if (!kept || !kept->p)
        return sh->base->read(sh->base->ctx, uri, max_bytes, a, ret, err);
    if (kept->n > max_bytes)
        return firn_raise(err, FIRN_E_LIMIT, "%s has %zu bytes", firn_quote(uri).s, kept->n);
    uint8_t *copy = firn_arena_alloc(a, kept->n + 1);
    if (!copy)
        return firn_arena_raise(a, err);
    memcpy(copy, kept->p, kept->n);
    copy[kept->n] = 0; /* as the real one: a NUL that does not count */
    *ret = (firn_slice){copy, kept->n};
    return FIRN_OK;
}

static firn_code put(firn_shadow *sh, firn_map *m, firn_str key, void *value, firn_err *err)
{
    firn_str kept = firn_arena_str(sh->a, key);
    if (!kept.p || !firn_map_put(m, kept, value))
        return firn_arena_raise(sh->a, err);
    return FIRN_OK;
}

static firn_code keep_object(firn_shadow *sh, firn_str uri, firn_slice bytes, firn_err *err)
{
    firn_slice *kept = firn_arena_alloc(sh->a, sizeof *kept);
    uint8_t *copy = firn_arena_alloc(sh->a, bytes.n + 1);
    if (!kept || !copy)
        return firn_arena_raise(sh->a, err);
    if (bytes.n)
        memcpy(copy, bytes.p, bytes.n);
    *kept = (firn_slice){copy, bytes.n};
    return put(sh, &sh->objects, key_of(uri), kept, err);
}

static firn_code write_new(void *ctx, firn_str uri, firn_slice bytes, firn_err *err)
{
    firn_shadow *sh = ctx;
    pthread_mutex_lock(&sh->lock);
    const firn_slice *kept = firn_map_get(&sh->objects, key_of(uri));
    firn_code code = kept && kept->p
                         ? firn_raise(err, FIRN_E_EXISTS, "%s is there", firn_quote(uri).s)
                         : keep_object(sh, uri, bytes, err);
    pthread_mutex_unlock(&sh->lock);
    return code;
}

static firn_code flush(void *ctx FIRN_UNUSED, firn_err *err FIRN_UNUSED)
{
    return FIRN_OK;
}

/* Only what the plan itself wrote is ever removed. */
static firn_code remove_object(void *ctx, firn_str uri, firn_err *err FIRN_UNUSED)
{
    firn_shadow *sh = ctx;
    pthread_mutex_lock(&sh->lock);
    firn_slice *kept = firn_map_get(&sh->objects, key_of(uri));
    if (kept)
        kept->p = NULL;
    pthread_mutex_unlock(&sh->lock);
    return FIRN_OK;
}

static int64_t now_ms(void *ctx)
{
    const firn_shadow *sh = ctx;
    return sh->base->now_ms(sh->base->ctx);
}

static firn_code random_bytes(void *ctx, void *p, size_t n, firn_err *err)
{
    const firn_shadow *sh = ctx;
    return sh->base->random(sh->base->ctx, p, n, err);
}

static void sleep_ms(void *ctx, int64_t ms)
{
    const firn_shadow *sh = ctx;
    sh->base->sleep_ms(sh->base->ctx, ms);
}

const firn_io *firn_shadow_io(firn_shadow *sh)
{
    return &sh->io;
}

/* --- data files ---------------------------------------------------------------------------- */

static firn_str table_of(void *arg, firn_str file_path, const firn_type **ret_type)
{
    firn_shadow *sh = arg;
    pthread_mutex_lock(&sh->lock);
    const firn_shadow_rows *rows = firn_map_get(&sh->files, key_of(file_path));
    pthread_mutex_unlock(&sh->lock);
    if (!rows)
        return (firn_str){NULL, 0};
    *ret_type = rows->type;
    return rows->table;
}

const firn_view_memory *firn_shadow_memory(firn_shadow *sh)
{
    return sh ? &sh->memory : NULL;
}

firn_code firn_shadow_note_file(firn_shadow *sh, firn_str file_path, const firn_shadow_rows *rows,
                                firn_err *err)
{
    pthread_mutex_lock(&sh->lock);
    firn_shadow_rows *kept = firn_arena_alloc(sh->a, sizeof *kept);
    firn_code code =
        kept ? put(sh, &sh->files, key_of(file_path), kept, err) : firn_arena_raise(sh->a, err);
    if (code == FIRN_OK)
        *kept = *rows;
    pthread_mutex_unlock(&sh->lock);
    return code;
}

/* --- samples ------------------------------------------------------------------------------- */

#define EXACT_BYTES  ((uint64_t)256 << 20)
#define SAMPLE_BYTES ((uint64_t)64 << 20)

/* Rows take about twice their raw bytes in the engine, which needs room to work. */
firn_shadow_budget firn_shadow_budget_of(firn_shadow *sh, uint64_t engine_bytes)
{
    uint64_t room = FIRN_MIN(EXACT_BYTES, engine_bytes / 4);
    uint64_t taken = atomic_load(&sh->taken);
    return (firn_shadow_budget){.exact = room > taken ? room - taken : 0,
                                .sample = FIRN_MIN(SAMPLE_BYTES, engine_bytes / 8)};
}

void firn_shadow_take(firn_shadow *sh, uint64_t raw_bytes)
{
    atomic_fetch_add(&sh->taken, raw_bytes);
}

static firn_code limit_table(firn_shadow *sh, firn_shadow_rows *rows, double scale, firn_err *err)
{
    const char *part = firn_arena_printf(
        sh->a, "(SELECT * FROM %.*s WHERE rowid < %lld * coalesce(getvariable('firn_part'), 1))",
        FIRN_STR_ARG(rows->table), (long long)rows->rows);
    if (!part)
        return firn_arena_raise(sh->a, err);
    if (rows->scale == 0 && scale > 1)
        rows->table = firn_str_of(part);
    rows->scale = scale;
    return FIRN_OK;
}

firn_code firn_shadow_set_scale(firn_shadow *sh, firn_str file_path, double scale, firn_err *err)
{
    pthread_mutex_lock(&sh->lock);
    firn_shadow_rows *rows = firn_map_get(&sh->files, key_of(file_path));
    firn_code code = rows ? limit_table(sh, rows, scale, err) : FIRN_OK;
    pthread_mutex_unlock(&sh->lock);
    return code;
}

double firn_shadow_scale(firn_shadow *sh, firn_str file_path)
{
    pthread_mutex_lock(&sh->lock);
    const firn_shadow_rows *rows = firn_map_get(&sh->files, key_of(file_path));
    double scale = !rows ? 1 : rows->scale < 0 ? FIRN_SHADOW_LOST : FIRN_MAX(rows->scale, 1.0);
    pthread_mutex_unlock(&sh->lock);
    return scale;
}

/* --- opening ------------------------------------------------------------------------------- */

firn_code firn_shadow_open(firn_env *env, firn_shadow **ret, firn_err *err)
{
    firn_arena *a = firn_arena_new("the lake as it would be", 0);
    firn_shadow *sh = a ? firn_arena_zalloc(a, sizeof *sh) : NULL;
    if (!sh) {
        firn_arena_free(a);
        return firn_raise_nomem(err);
    }
    sh->a = a;
    sh->base = firn_env_io(env);
    sh->objects = FIRN_MAP(a);
    sh->files = FIRN_MAP(a);
    sh->memory = (firn_view_memory){.arg = sh, .table = table_of};
    sh->io = (firn_io){.ctx = sh,
                       .read = read_object,
                       .write_new = write_new,
                       .flush = flush,
                       .remove = remove_object,
                       .now_ms = now_ms,
                       .random = random_bytes,
                       .sleep_ms = sleep_ms};
    pthread_mutex_init(&sh->lock, NULL);
    *ret = sh;
    return FIRN_OK;
}

void firn_shadow_close(firn_shadow *sh)
{
    if (!sh)
        return;
    pthread_mutex_destroy(&sh->lock);
    firn_arena_free(sh->a);
}
