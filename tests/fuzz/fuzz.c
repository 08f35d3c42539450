/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers of the fuzz targets: broken promises, errors, arenas, files in memory. */
#include "fuzz.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void fuzz_broken(const char *cond, const char *file, int line, const char *fmt, ...)
{
    va_list args;
    fprintf(stderr, "fuzz: %s:%d: promise broken (%s): ", file, line, cond);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    abort();
}

static bool is_printable(const char *s)
{
    for (; *s; s++)
        if (iscntrl((unsigned char)*s) && *s != '\n')
            return false;
    return true;
}

uint64_t fuzz_good;

bool fuzz_ok(firn_code code, const firn_err *err)
{
    if (code == FIRN_OK) {
        fuzz_good++;
        return true;
    }
    fuzz_require(err->code == code, "code %d, but the error says %d: %s", (int)code, (int)err->code,
                 err->text);
    fuzz_require(code != FIRN_E_BUG && code != FIRN_E_NOMEM, "%s", err->text);
    fuzz_require(err->text[0], "an error without a text, raised at %s:%d", err->file, err->line);
    fuzz_require(is_printable(err->text) && firn_utf8_valid(err->text, strlen(err->text)),
                 "a text that cannot be printed: %s", err->text);
    fuzz_require(is_printable(err->advice) && is_printable(err->where), "%s | %s | %s", err->text,
                 err->advice, err->where);
    return false;
}

/* --- arenas -------------------------------------------------------------------------------- */

firn_arena *fuzz_arena(void)
{
    firn_arena *a = firn_arena_new("an input", 0);
    fuzz_require(a, "no memory");
    return a;
}

void fuzz_free(firn_arena *a, size_t size, size_t base, size_t per_byte)
{
    size_t used = firn_arena_used(a);
    fuzz_require(used <= base + per_byte * size, "%zu bytes of memory for %zu bytes of input", used,
                 size);
    firn_arena_free(a);
}

/* --- inputs -------------------------------------------------------------------------------- */

firn_slice fuzz_take(firn_slice *rest, size_t n)
{
    firn_slice taken = {rest->p, FIRN_MIN(n, rest->n)};
    if (taken.n)
        rest->p += taken.n;
    rest->n -= taken.n;
    return taken;
}

uint8_t fuzz_byte(firn_slice *rest)
{
    firn_slice b = fuzz_take(rest, 1);
    return b.n ? b.p[0] : 0;
}

firn_str fuzz_str(firn_slice s)
{
    return (firn_str){(const char *)s.p, s.n};
}

static void unref(void *j)
{
    json_decref(j);
}

void fuzz_keep_json(json_t *j, firn_arena *a)
{
    fuzz_require(firn_arena_defer(a, unref, j, NULL) == FIRN_OK, "no memory");
}

json_t *fuzz_json(const char *text, firn_arena *a)
{
    json_t *j = NULL;
    firn_err err = {0};
    firn_code code = firn_json_parse((firn_slice){(const uint8_t *)text, strlen(text)}, &j, &err);
    fuzz_require(code == FIRN_OK, "%s in %s", err.text, text);
    fuzz_keep_json(j, a);
    return j;
}

/* --- files in memory ----------------------------------------------------------------------- */

static firn_code read_file(void *ctx, firn_str uri, uint64_t max, firn_arena *a, firn_slice *ret,
                           firn_err *err)
{
    fuzz_io *m = ctx;
    firn_slice found = {(const uint8_t *)m->any.p, m->any.n};
    m->reads++;
    for (size_t i = 0; i < m->count; i++)
        if (firn_str_eq(uri, m->names[i]))
            found = firn_buf_slice(&m->bytes[i]);
    if (!found.p)
        return firn_raise(err, FIRN_E_NOTFOUND, "there is no file %s", firn_quote(uri).s);
    if (found.n > max)
        return firn_raise(err, FIRN_E_LIMIT, "%s is too long", firn_quote(uri).s);
    *ret = firn_arena_copy(a, found);
    return ret->p ? FIRN_OK : firn_arena_raise(a, err);
}

static firn_code write_file(void *ctx, firn_str uri, firn_slice bytes, firn_err *err)
{
    fuzz_io *m = ctx;
    fuzz_require(m->count < FUZZ_FILES, "too many files");
    m->names[m->count] = uri;
    m->bytes[m->count] = FIRN_BUF((size_t)1 << 30);
    FIRN_TRY(firn_buf_add(&m->bytes[m->count], bytes.p, bytes.n, err));
    m->count++;
    return FIRN_OK;
}

static firn_code flush_files(void *ctx FIRN_UNUSED, firn_err *err FIRN_UNUSED)
{
    return FIRN_OK;
}

static firn_code remove_file(void *ctx FIRN_UNUSED, firn_str uri FIRN_UNUSED,
                             firn_err *err FIRN_UNUSED)
{
    return FIRN_OK;
}

static int64_t now_ms(void *ctx FIRN_UNUSED)
{
    return INT64_C(1700000000000);
}

static firn_code no_random(void *ctx FIRN_UNUSED, void *p, size_t n, firn_err *err FIRN_UNUSED)
{
    memset(p, 7, n);
    return FIRN_OK;
}

static void no_sleep(void *ctx FIRN_UNUSED, int64_t ms FIRN_UNUSED)
{
}

void fuzz_io_open(fuzz_io *m)
{
    *m = (fuzz_io){.count = 0};
    m->io = (firn_io){m,      read_file, write_file, flush_files, remove_file,
                      now_ms, no_random, no_sleep,   false};
}

void fuzz_io_close(fuzz_io *m)
{
    for (size_t i = 0; i < m->count; i++)
        firn_buf_free(&m->bytes[i]);
}

void fuzz_io_put(fuzz_io *m, const char *name, firn_slice bytes)
{
    firn_err err = {0};
    fuzz_require(write_file(m, firn_str_of(name), bytes, &err) == FIRN_OK, "%s", err.text);
}
