/* SPDX-License-Identifier: Apache-2.0 */
/* The real environment: clock, random numbers, and the io table over local files. */
#include "env/env_int.h"

#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static int64_t clock_us(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t firn_env_now_us(firn_env *env FIRN_UNUSED)
{
    return clock_us(CLOCK_REALTIME);
}

int64_t firn_env_mono_us(firn_env *env FIRN_UNUSED)
{
    return clock_us(CLOCK_MONOTONIC);
}

bool firn_env_wait(pthread_cond_t *changed, pthread_mutex_t *lock, int64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    return pthread_cond_timedwait(changed, lock, &until) == 0;
}

firn_code firn_env_random(firn_env *env FIRN_UNUSED, void *p, size_t n, firn_err *err)
{
    uint8_t *out = p;
    while (n) {
        ssize_t got = getrandom(out, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return firn_raise_errno(err, errno, "no random numbers");
        out += got;
        n -= (size_t)got;
    }
    return FIRN_OK;
}

firn_code firn_env_uuid(firn_env *env, char out[FIRN_UUID_TEXT], firn_err *err)
{
    uint8_t b[16];
    FIRN_TRY(firn_env_random(env, b, sizeof b, err));
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    snprintf(out, FIRN_UUID_TEXT,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
    return FIRN_OK;
}

firn_env_counters firn_env_count(firn_env *env)
{
    pthread_mutex_lock(&env->lock);
    firn_env_counters c = env->counters;
    pthread_mutex_unlock(&env->lock);
    return c;
}

static int64_t io_now_ms(void *ctx)
{
    return firn_env_now_us(ctx) / 1000;
}

static firn_code io_random(void *ctx, void *p, size_t n, firn_err *err)
{
    return firn_env_random(ctx, p, n, err);
}

static void io_sleep_ms(void *ctx FIRN_UNUSED, int64_t ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    while (nanosleep(&t, &t) != 0 && errno == EINTR)
        ;
}

static firn_code io_flush(void *ctx, firn_err *err)
{
    return firn_env_flush(ctx, err);
}

void firn_env_stop(firn_env *env, bool stop)
{
    atomic_store(&env->stopped, stop);
}

static firn_code io_read(void *ctx, firn_str uri, uint64_t max_bytes, firn_arena *a,
                         firn_slice *ret, firn_err *err)
{
    const firn_env *env = ctx;
    const char *path;
    if (atomic_load(&env->stopped))
        return firn_raise(err, FIRN_E_CANCELLED, "interrupted");
    FIRN_TRY(firn_local_cpath(uri, a, &path, err));
    return firn_fs_read(ctx, path, max_bytes, a, ret, err);
}

const firn_io *firn_env_io(firn_env *env)
{
    return &env->io;
}

firn_code firn_env_new(firn_env **ret, firn_err *err)
{
    firn_env *env = firn_mem_alloc(sizeof *env);
    if (!env)
        return firn_raise_nomem(err);
    memset(env, 0, sizeof *env);
    env->arena = firn_arena_new("the list of changed folders", 0);
    if (!env->arena) {
        firn_mem_free(env);
        return firn_raise_nomem(err);
    }
    pthread_mutex_init(&env->folders, NULL);
    pthread_mutex_init(&env->lock, NULL);
    env->dirty = FIRN_MAP(env->arena);
    env->io = (firn_io){
        .ctx = env,
        .read = io_read,
        .write_new = firn_local_write_new,
        .flush = io_flush,
        .remove = firn_local_remove,
        .now_ms = io_now_ms,
        .random = io_random,
        .sleep_ms = io_sleep_ms,
    };
    *ret = env;
    return FIRN_OK;
}

void firn_env_free(firn_env *env)
{
    if (!env)
        return;
    firn_arena_free(env->arena);
    pthread_mutex_destroy(&env->lock);
    pthread_mutex_destroy(&env->folders);
    firn_mem_free(env);
}
