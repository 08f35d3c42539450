/* SPDX-License-Identifier: Apache-2.0 */
/* The core's io table over the storage of a caller, and the local files as such a storage. */
#include "lib/lib_int.h"

#include <string.h>

struct firn_buffer {
    firn_arena *arena;
    uint64_t max;
    uint8_t *p;
    size_t n;
};

void *firn_buffer_resize(firn_buffer *buffer, size_t bytes)
{
    if (bytes > buffer->max)
        return NULL;
    uint8_t *p = firn_arena_alloc(buffer->arena, bytes + 1);
    if (!p)
        return NULL;
    if (buffer->n)
        memcpy(p, buffer->p, FIRN_MIN(buffer->n, bytes));
    p[bytes] = '\0'; /* some readers of texts look one byte ahead */
    buffer->p = p;
    buffer->n = bytes;
    return p;
}

/* --- what the caller gave ------------------------------------------------------------------ */

static firn_code raise_at(firn_err *err, firn_status status, const firn_error *from,
                          const char *verb, firn_str uri)
{
    char what[192];
    size_t n = firn_lib_print(firn_str_of(verb), what, sizeof what);
    firn_lib_print(firn_str_of(firn_quote(uri).s), what + n, sizeof what - n);
    return firn_lib_raise(err, status, from, what);
}

static const char *terminated(firn_str uri, firn_arena *a, firn_err *err)
{
    const char *text = firn_arena_strndup(a, uri.p, uri.n);
    if (!text)
        firn_arena_raise(a, err);
    return text;
}

static firn_code read_object(void *ctx, firn_str uri, uint64_t max_bytes, firn_arena *a,
                             firn_slice *ret, firn_err *err)
{
    const firn_lib_storage *s = ctx;
    firn_error error = FIRN_ERROR_INIT;
    firn_buffer out = {.arena = a, .max = max_bytes};
    const char *location = terminated(uri, a, err);
    if (!location)
        return FIRN_E_NOMEM;
    firn_status status = s->given.read(s->given.context, location, max_bytes, &out, &error);
    if (status != FIRN_STATUS_OK)
        return raise_at(err, status, &error, "reading ", uri);
    if (!out.p && !firn_buffer_resize(&out, 0))
        return firn_arena_raise(a, err);
    *ret = (firn_slice){out.p, out.n};
    return FIRN_OK;
}

static firn_code write_object(void *ctx, firn_str uri, firn_slice bytes, firn_err *err)
{
    const firn_lib_storage *s = ctx;
    firn_error error = FIRN_ERROR_INIT;
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a location", 0);
    if (!a)
        return firn_raise_nomem(err);
    if (!s->given.write)
        return firn_raise(err, FIRN_E_UNSUPPORTED, "the storage cannot write");
    const char *location = terminated(uri, a, err);
    if (!location)
        return FIRN_E_NOMEM;
    firn_status status = s->given.write(s->given.context, location,
                                        bytes.n ? (const void *)bytes.p : "", bytes.n, &error);
    return status == FIRN_STATUS_OK ? FIRN_OK : raise_at(err, status, &error, "writing ", uri);
}

static firn_code flush(void *ctx, firn_err *err)
{
    const firn_lib_storage *s = ctx;
    firn_error error = FIRN_ERROR_INIT;
    if (!s->given.flush)
        return FIRN_OK;
    firn_status status = s->given.flush(s->given.context, &error);
    return status == FIRN_STATUS_OK ? FIRN_OK : firn_lib_raise(err, status, &error, "flushing");
}

static firn_code remove_object(void *ctx, firn_str uri, firn_err *err)
{
    const firn_lib_storage *s = ctx;
    firn_error error = FIRN_ERROR_INIT;
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a location", 0);
    const char *location = a ? terminated(uri, a, err) : NULL;
    if (!location)
        return firn_raise_nomem(err);
    if (!s->given.remove)
        return FIRN_OK;
    firn_status status = s->given.remove(s->given.context, location, &error);
    return status == FIRN_STATUS_OK ? FIRN_OK : raise_at(err, status, &error, "removing ", uri);
}

static int64_t now_ms(void *ctx)
{
    const firn_lib_storage *s = ctx;
    return s->given.now_ms ? s->given.now_ms(s->given.context) : firn_env_now_us(s->env) / 1000;
}

static firn_code random_bytes(void *ctx, void *p, size_t n, firn_err *err)
{
    const firn_lib_storage *s = ctx;
    firn_error error = FIRN_ERROR_INIT;
    if (!s->given.random)
        return firn_env_random(s->env, p, n, err);
    firn_status status = s->given.random(s->given.context, p, n, &error);
    return status == FIRN_STATUS_OK ? FIRN_OK
                                    : firn_lib_raise(err, status, &error, "random numbers");
}

static void sleep_ms(void *ctx, int64_t ms)
{
    const firn_lib_storage *s = ctx;
    const firn_io *system = firn_env_io(s->env);
    if (s->given.sleep_ms)
        s->given.sleep_ms(s->given.context, ms);
    else
        system->sleep_ms(system->ctx, ms);
}

static firn_code fill(firn_lib_storage *s, const firn_storage *given, firn_err *err)
{
    FIRN_TRY(firn_env_new(&s->env, err));
    s->io = *firn_env_io(s->env);
    if (!given)
        return FIRN_OK;
    FIRN_TRY(firn_lib_take(&s->given, sizeof s->given, given, "firn_storage", err));
    if (!s->given.read)
        return firn_raise(err, FIRN_E_INVAL, "a firn_storage without .read");
    if (s->given.flags & ~(uint32_t)FIRN_STORAGE_THREAD_SAFE)
        return firn_raise(err, FIRN_E_UNSUPPORTED, "a firn_storage with unknown flags");
    s->io = (firn_io){.ctx = s,
                      .one_thread = !(s->given.flags & FIRN_STORAGE_THREAD_SAFE),
                      .read = read_object,
                      .write_new = write_object,
                      .flush = flush,
                      .remove = remove_object,
                      .now_ms = now_ms,
                      .random = random_bytes,
                      .sleep_ms = sleep_ms};
    return FIRN_OK;
}

firn_code firn_lib_storage_open(const firn_storage *given, firn_lib_storage **ret, firn_err *err)
{
    firn_arena *a = firn_arena_new("a storage", 0);
    firn_lib_storage *s = a ? firn_arena_zalloc(a, sizeof *s) : NULL;
    if (!s) {
        firn_arena_free(a);
        return firn_raise_nomem(err);
    }
    s->arena = a;
    firn_code code = fill(s, given, err);
    if (code != FIRN_OK) {
        firn_lib_storage_close(s);
        return code;
    }
    *ret = s;
    return FIRN_OK;
}

void firn_lib_storage_close(firn_lib_storage *s)
{
    if (!s)
        return;
    firn_env_free(s->env);
    firn_arena_free(s->arena);
}

/* --- local files --------------------------------------------------------------------------- */

static firn_status local_read(void *context, const char *location, uint64_t max_bytes,
                              firn_buffer *out, firn_error *error)
{
    firn_err err = {0};
    firn_slice bytes;
    const firn_io *io = firn_env_io(context);
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("an object", 0);
    if (!a)
        return firn_error_set(error, FIRN_STATUS_NO_MEMORY, "out of memory");
    firn_code code = io->read(io->ctx, firn_str_of(location), max_bytes, a, &bytes, &err);
    if (code != FIRN_OK)
        return firn_lib_fail(code, &err, error);
    void *p = firn_buffer_resize(out, bytes.n);
    if (!p)
        return firn_error_set(error, FIRN_STATUS_NO_MEMORY, "out of memory");
    memcpy(p, bytes.p, bytes.n);
    return FIRN_STATUS_OK;
}

static firn_status local_write(void *context, const char *location, const void *bytes, size_t size,
                               firn_error *error)
{
    firn_err err = {0};
    const firn_io *io = firn_env_io(context);
    firn_code code = io->write_new(io->ctx, firn_str_of(location), (firn_slice){bytes, size}, &err);
    return firn_lib_end(code, &err, error);
}

static firn_status local_flush(void *context, firn_error *error)
{
    firn_err err = {0};
    return firn_lib_end(firn_env_flush(context, &err), &err, error);
}

static firn_status local_remove(void *context, const char *location, firn_error *error)
{
    firn_err err = {0};
    const firn_io *io = firn_env_io(context);
    return firn_lib_end(io->remove(io->ctx, firn_str_of(location), &err), &err, error);
}

static firn_status local_publish(void *context, const char *local_file, const char *location,
                                 firn_error *error)
{
    firn_err err = {0};
    firn_code code = firn_env_publish(context, local_file, firn_str_of(location), &err);
    return firn_lib_end(code, &err, error);
}

firn_status firn_storage_local_open(firn_storage *ret, firn_error *error)
{
    firn_err err = {0};
    firn_env *env = NULL;
    firn_storage known;
    firn_code code = firn_lib_need(ret, "ret", &err);
    if (code == FIRN_OK)
        code = firn_lib_take(&known, sizeof known, ret, "firn_storage", &err);
    if (code == FIRN_OK)
        code = firn_env_new(&env, &err);
    if (code != FIRN_OK)
        return firn_lib_fail(code, &err, error);
    known = (firn_storage){.flags = FIRN_STORAGE_THREAD_SAFE,
                           .context = env,
                           .read = local_read,
                           .write = local_write,
                           .flush = local_flush,
                           .remove = local_remove,
                           .publish = local_publish};
    firn_lib_give(ret, &known, sizeof known);
    return FIRN_STATUS_OK;
}

void firn_storage_local_free(firn_storage *storage)
{
    if (!storage)
        return;
    firn_env_free(storage->context);
    storage->context = NULL;
}
