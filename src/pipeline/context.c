/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/context.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "catalog/catalogs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MB ((uint64_t)1 << 20)

/* total_bytes ≥ FIRN_MEMORY_MIN. */
static firn_memory_plan memory_split(uint64_t total_bytes)
{
    firn_memory_plan m = {.total = total_bytes, .base = 64 * MB};
    m.queue = FIRN_MIN(FIRN_MAX(total_bytes / 6, 40 * MB), 96 * MB);
    m.arenas = FIRN_MIN(total_bytes / 16, 64 * MB);
    m.engine = total_bytes - m.base - m.queue - m.arenas;
    return m;
}

/* --- scratch ------------------------------------------------------------------------------- */

#define LOCK_TRIES 100

static bool is_file(int fd, const char *path)
{
    struct stat open_one;
    struct stat named;
    return fstat(fd, &open_one) == 0 && stat(path, &named) == 0 &&
           open_one.st_ino == named.st_ino && open_one.st_dev == named.st_dev;
}

/* One try; *ret_fd stays -1 if the folder or the file was taken away meanwhile. */
static firn_code try_lock(firn_context *c, const char *name, int *ret_fd, firn_err *err)
{
    if (firn_fs_mkdirs(c->env, c->scratch, err) != FIRN_OK)
        return firn_wrap(err, "scratch space");
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 && errno == ENOENT)
        return FIRN_OK;
    if (fd < 0)
        return firn_raise_errno(err, errno, "the scratch folder %s", firn_quotec(c->scratch).s);
    int wrong = flock(fd, LOCK_EX) == 0 ? 0 : errno;
    if (wrong == 0 && is_file(fd, name)) {
        *ret_fd = fd;
        return FIRN_OK;
    }
    close(fd);
    if (wrong == 0 || wrong == EINTR)
        return FIRN_OK;
    firn_raise_errno(err, wrong, "cannot lock %s", firn_quotec(name).s);
    return firn_err_advise(err,
                           "the file system must know flock: put the warehouse on one that does");
}

/* The scratch folder is locked as long as the process lives: a folder that can be locked belongs
 * to a run that died.  Another run may take a folder for dead before it is locked, and remove it:
 * then it is made again. */
static firn_code lock_scratch(firn_context *c, firn_err *err)
{
    const char *name = firn_arena_printf(c->arena, "%s/" FIRN_SCRATCH_LOCK, c->scratch);
    if (!name)
        return firn_arena_raise(c->arena, err);
    for (int i = 0; c->scratch_lock < 0; i++) {
        if (i == LOCK_TRIES) {
            firn_raise(err, FIRN_E_CONFLICT, "the scratch folder %s is taken away again and again",
                       firn_quotec(c->scratch).s);
            return firn_err_advise(err, "see who removes files there, and run again");
        }
        FIRN_TRY(try_lock(c, name, &c->scratch_lock, err));
    }
    return FIRN_OK;
}

static firn_code make_scratch(firn_context *c, bool in_warehouse, firn_err *err)
{
    const char *temporary = getenv("TMPDIR");
    const char *base =
        in_warehouse ? firn_arena_printf(c->arena, "%s/.firn/tmp", c->warehouse)
                     : firn_arena_printf(c->arena, "%s/firn-%lld",
                                         temporary && temporary[0] == '/' ? temporary : "/tmp",
                                         (long long)geteuid());
    c->scratch = base ? firn_arena_printf(c->arena, "%s/%s", base, c->run_id) : NULL;
    if (!c->scratch)
        return firn_arena_raise(c->arena, err);
    c->scratch_in_warehouse = in_warehouse;
    if (!in_warehouse)
        FIRN_TRY(firn_fs_private(base, err));
    return lock_scratch(c, err);
}

firn_code firn_context_scratch(firn_context *c, firn_arena *a, const char **ret, firn_err *err)
{
    if (!c->scratch)
        return firn_raise(err, FIRN_E_BUG, "a plan wants scratch space");
    unsigned n = atomic_fetch_add(&c->scratch_next, 1);
    const char *path = firn_arena_printf(a, "%s/%u", c->scratch, n);
    if (!path)
        return firn_arena_raise(a, err);
    if (mkdir(path, 0700) != 0)
        return firn_raise_errno(err, errno, "scratch folder %s", firn_quotec(path).s);
    *ret = path;
    return FIRN_OK;
}

/* The lock goes last: what has one can be told from a folder that is being made. */
firn_code firn_context_remove_scratch(firn_env *env, const char *folder, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a folder", 0);
    firn_str *names;
    size_t count;
    if (!a)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_fs_list(env, folder, a, &names, &count, err));
    for (size_t i = 0; i < count; i++) {
        if (firn_str_eqc(names[i], FIRN_SCRATCH_LOCK))
            continue;
        const char *path = firn_arena_printf(a, "%s/%.*s", folder, FIRN_STR_ARG(names[i]));
        if (!path)
            return firn_arena_raise(a, err);
        FIRN_TRY(firn_fs_remove_tree(env, path, folder, err));
    }
    const char *slash = strrchr(folder, '/');
    const char *base = firn_arena_strndup(a, folder, (size_t)(slash - folder));
    return base ? firn_fs_remove_tree(env, folder, base, err) : firn_arena_raise(a, err);
}

static void remove_scratch(firn_context *c)
{
    if (c->scratch && firn_fs_exists(c->env, c->scratch)) {
        firn_err ignored = {0}; /* what stays is reclaimed by the next run */
        if (firn_context_remove_scratch(c->env, c->scratch, &ignored) != FIRN_OK)
            firn_debug("scratch: %s", ignored.text);
    }
    if (c->scratch_lock >= 0)
        close(c->scratch_lock);
}

/* --- opening ------------------------------------------------------------------------------- */

static unsigned core_count(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (unsigned)FIRN_MIN(n, 64) : 1;
}

static firn_code open_catalog(firn_context *c, const firn_context_conf *conf, firn_err *err)
{
    firn_str file = conf->catalog_file;
    if (!file.p) {
        const char *path = firn_arena_printf(c->arena, "%s/catalog.db", c->warehouse);
        if (!path)
            return firn_arena_raise(c->arena, err);
        file = firn_str_of(path);
    }
    if (c->shadow)
        return firn_catalog_sqlite_copy(file, conf->catalog_name, &c->catalog, err);
    const char *slash = file.n ? memrchr(file.p, '/', file.n) : NULL;
    if (!conf->read_only && slash && slash != file.p) {
        const char *folder = firn_arena_strndup(c->arena, file.p, (size_t)(slash - file.p));
        if (!folder)
            return firn_arena_raise(c->arena, err);
        FIRN_TRY(firn_fs_mkdirs(c->env, folder, err));
    }
    return firn_catalog_sqlite_open(file, conf->catalog_name, conf->read_only, &c->catalog, err);
}

/* Scratch folders outside of warehouses that killed commands left. */
static void sweep(firn_context *c)
{
    size_t removed;
    firn_err ignored = {0};
    if (firn_context_reclaim(c, &removed, &ignored) != FIRN_OK)
        firn_debug("scratch: %s", ignored.text);
}

static firn_code take_names(firn_context *c, const firn_context_conf *conf, firn_err *err)
{
    if (conf->names) {
        c->names = *conf->names;
        snprintf(c->run_id, sizeof c->run_id, "%s", conf->run_id);
        return FIRN_OK;
    }
    FIRN_TRY(firn_run_names_new(c->io, &c->names, err));
    firn_run_names_next(&c->names, c->run_id);
    return FIRN_OK;
}

static firn_code fill_context(firn_context *c, const firn_context_conf *conf, firn_err *err)
{
    uint64_t memory = conf->memory_bytes ? conf->memory_bytes : FIRN_MEMORY_DEFAULT;
    c->arena = firn_arena_new("a command", 0);
    if (!c->arena)
        return firn_raise_nomem(err);
    if (conf->warehouse.p)
        c->warehouse = firn_arena_strndup(c->arena, conf->warehouse.p, conf->warehouse.n);
    if (conf->warehouse.p && !c->warehouse)
        return firn_arena_raise(c->arena, err);
    if (conf->shadow) {
        FIRN_TRY(firn_shadow_open(c->env, &c->shadow, err));
        c->io = firn_shadow_io(c->shadow);
    }
    c->memory = memory_split(FIRN_MAX(memory, FIRN_MEMORY_MIN));
    c->threads = conf->threads ? conf->threads : core_count();
    c->keep_order = conf->keep_order;
    c->views = conf->views;
    c->view_count = conf->view_count;
    FIRN_TRY(take_names(c, conf, err));
    c->events = (firn_events){.env = c->env,
                              .run_id = c->run_id,
                              .fn = conf->on_event,
                              .arg = conf->event_arg,
                              .started_us = firn_env_mono_us(c->env)};
    pthread_mutex_init(&c->events.lock, NULL);
    if (c->warehouse)
        FIRN_TRY(open_catalog(c, conf, err));
    if (c->shadow)
        return FIRN_OK;
    FIRN_TRY(make_scratch(c, c->warehouse && !conf->read_only, err));
    if (!c->scratch_in_warehouse)
        sweep(c);
    return FIRN_OK;
}

firn_code firn_context_open(firn_env *env, const firn_context_conf *conf, firn_context **ret,
                            firn_err *err)
{
    firn_context *c = firn_mem_alloc(sizeof *c);
    if (!c)
        return firn_raise_nomem(err);
    memset(c, 0, sizeof *c);
    c->env = env;
    c->io = firn_env_io(env);
    c->scratch_lock = -1;
    pthread_mutex_init(&c->lock, NULL);
    firn_code code = fill_context(c, conf, err);
    if (code != FIRN_OK) {
        firn_context_close(c);
        return code;
    }
    *ret = c;
    return FIRN_OK;
}

void firn_context_close(firn_context *c)
{
    if (!c)
        return;
    if (c->engine)
        c->ops->close(c->engine);
    if (c->catalog)
        c->catalog->ops->close(c->catalog);
    if (c->arena)
        remove_scratch(c);
    pthread_mutex_destroy(&c->events.lock);
    pthread_mutex_destroy(&c->lock);
    firn_shadow_close(c->shadow);
    firn_arena_free(c->arena);
    firn_mem_free(c);
}

/* --- the engine ---------------------------------------------------------------------------- */

static firn_code open_engine(firn_context *c, firn_err *err)
{
    const char *spill = c->scratch ? firn_arena_printf(c->arena, "%s/spill", c->scratch) : NULL;
    if (c->scratch && !spill)
        return firn_arena_raise(c->arena, err);
    FIRN_TRY(firn_engine_load(&c->ops, err));
    const firn_engine_conf conf = {.memory_bytes = c->memory.engine,
                                   .threads = c->threads,
                                   .scratch = spill,
                                   .preserve_order = c->keep_order};
    return c->ops->open(&conf, &c->engine, err);
}

/* With the lock. */
static firn_code open_session(firn_context *c, firn_session **ret, firn_err *err)
{
    firn_session *s;
    if (!c->engine)
        FIRN_TRY(open_engine(c, err));
    FIRN_TRY(c->ops->session(c->engine, &s, err));
    if (!firn_vec_push(c->arena, &c->sessions, s)) {
        c->ops->session_close(s);
        return firn_arena_raise(c->arena, err);
    }
    *ret = s;
    return FIRN_OK;
}

firn_code firn_context_session(firn_context *c, firn_session **ret, firn_err *err)
{
    pthread_mutex_lock(&c->lock);
    firn_code code = open_session(c, ret, err);
    pthread_mutex_unlock(&c->lock);
    return code;
}

void firn_context_session_close(firn_context *c, firn_session *s)
{
    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < c->sessions.n; i++)
        if (c->sessions.v[i] == s)
            c->sessions.v[i] = c->sessions.v[--c->sessions.n];
    c->ops->session_close(s);
    pthread_mutex_unlock(&c->lock);
}

void firn_context_cancel(firn_context *c)
{
    atomic_store(&c->cancelled, true);
    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < c->sessions.n; i++)
        c->ops->interrupt(c->sessions.v[i]);
    pthread_mutex_unlock(&c->lock);
}

void firn_context_interrupt(firn_context *c)
{
    atomic_store(&c->cancelled, true);
    firn_env_stop(c->env, true); /* files are planned without the engine */
    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; c->busy && i < c->sessions.n; i++)
        c->ops->interrupt(c->sessions.v[i]);
    pthread_mutex_unlock(&c->lock);
}

void firn_context_resume(firn_context *c)
{
    firn_env_stop(c->env, false);
    atomic_store(&c->cancelled, false);
}

void firn_context_busy(firn_context *c, bool busy)
{
    pthread_mutex_lock(&c->lock);
    c->busy = busy;
    pthread_mutex_unlock(&c->lock);
}

firn_code firn_context_check(const firn_context *c, firn_err *err)
{
    if (!atomic_load(&c->cancelled))
        return FIRN_OK;
    return firn_raise(err, FIRN_E_CANCELLED, "interrupted");
}

firn_commit_ctx firn_context_commit(firn_context *c)
{
    return (firn_commit_ctx){
        .catalog = c->catalog, .io = c->io, .names = &c->names, .engine_version = FIRN_VERSION};
}
