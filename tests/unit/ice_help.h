/* SPDX-License-Identifier: Apache-2.0 */
/* ice_help.h — what the tests of iceberg/ share: JSON with single quotes, hex, values, and files in
 * memory.  Include check.h first. */
#ifndef FIRN_ICE_HELP_H
#define FIRN_ICE_HELP_H

#include "base/arena.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/json.h"
#include "base/mem.h"
#include "iceberg/value.h"

#include <stdlib.h>

/* --- one arena a test ---------------------------------------------------------------------- */

static firn_arena *A;
static firn_err E;

static FIRN_UNUSED int open_arena(void **state FIRN_UNUSED)
{
    A = firn_arena_new("a test", 0);
    E = (firn_err){0};
    return A ? 0 : -1;
}

static FIRN_UNUSED int close_arena(void **state FIRN_UNUSED)
{
    firn_mem_fail_nth(0, false);
    firn_arena_freep(&A);
    return 0;
}

#define ICE_TEST(f) cmocka_unit_test_setup_teardown(f, open_arena, close_arena)

static FIRN_UNUSED firn_str s_(const char *text)
{
    return firn_str_of(text);
}

/* --- JSON ---------------------------------------------------------------------------------- */

static FIRN_UNUSED void unref_json(void *j)
{
    json_decref(j);
}

/* The tree of a text in which ' stands for ". */
static FIRN_UNUSED json_t *json_of(const char *text)
{
    char *copy = firn_arena_strdup(A, text);
    for (char *p = copy; *p; p++)
        *p = *p == '\'' ? '"' : *p;
    json_t *j = NULL;
    check_ok(firn_json_parse((firn_slice){(uint8_t *)copy, strlen(copy)}, &j, &E), &E);
    check_ok(firn_arena_defer(A, unref_json, j, &E), &E);
    return j;
}

static FIRN_UNUSED const char *text_of(const json_t *j)
{
    firn_buf b = FIRN_BUF((size_t)64 << 20);
    check_ok(firn_json_print(j, 0, &b, &E), &E);
    char *text = firn_arena_strdup(A, firn_buf_cstr(&b));
    firn_buf_free(&b);
    return text;
}

static FIRN_UNUSED void check_json(const json_t *actual, const char *expected)
{
    const json_t *want = json_of(expected);
    if (!json_equal((json_t *)(uintptr_t)actual, (json_t *)(uintptr_t)want))
        fail_msg("is   %s\nnot  %s", text_of(actual), text_of(want));
}

/* --- types, values, bytes ------------------------------------------------------------------ */

static FIRN_UNUSED firn_type type_of(const char *text)
{
    firn_type t;
    if (!firn_type_parse_primitive(s_(text), &t))
        check_ok(firn_type_parse(s_(text), A, &t, &E), &E);
    return t;
}

static FIRN_UNUSED firn_slice unhex(const char *hex)
{
    size_t n = strlen(hex) / 2;
    uint8_t *p = firn_arena_alloc(A, n + 1);
    if (!firn_unhex(s_(hex), p))
        fail_msg("'%s' is no hex", hex);
    return (firn_slice){p, n};
}

static FIRN_UNUSED const char *hex_of(firn_slice b)
{
    char *out = firn_arena_alloc(A, 2 * b.n + 1);
    firn_hex(b.p, b.n, out);
    out[2 * b.n] = '\0';
    return out;
}

/* A value from the text that the engine prints; "null" is null. */
static FIRN_UNUSED firn_value value_of(const firn_type *t, const char *text)
{
    firn_value v = FIRN_VALUE_NULL;
    if (strcmp(text, "null") != 0 && !firn_value_from_engine(t, s_(text), A, &v))
        fail_msg("'%s' is no %s", text, firn_type_text(t, A));
    return v;
}

/* --- files in memory ----------------------------------------------------------------------- */

typedef struct mem_file {
    char *name;
    uint8_t *bytes;
    size_t n;
} mem_file;

typedef struct mem_io {
    firn_io io;
    mem_file *files;
    size_t count;
    int64_t now_ms;
    uint64_t seed;
    size_t reads;
    size_t writes;
    size_t removes;
    firn_code fail_writes; /* FIRN_OK: they work */
} mem_io;

static FIRN_UNUSED mem_file *mem_find(const mem_io *m, firn_str uri)
{
    for (size_t i = 0; i < m->count; i++)
        if (firn_str_eqc(uri, m->files[i].name))
            return &m->files[i];
    return NULL;
}

/* The bytes of a file that must be there. */
static FIRN_UNUSED firn_slice mem_bytes(const mem_io *m, const char *name)
{
    const mem_file *f = mem_find(m, s_(name));
    if (f)
        return (firn_slice){f->bytes, f->n};
    fail_msg("there is no file %s", name);
    return (firn_slice){NULL, 0};
}

static FIRN_UNUSED firn_code mem_read(void *ctx, firn_str uri, uint64_t max, firn_arena *a,
                                      firn_slice *ret, firn_err *err)
{
    mem_io *m = ctx;
    const mem_file *f = mem_find(m, uri);
    m->reads++;
    if (!f)
        return firn_raise(err, FIRN_E_NOTFOUND, "no file %s", firn_quote(uri).s);
    if (f->n > max)
        return firn_raise(err, FIRN_E_LIMIT, "too long");
    *ret = firn_arena_copy(a, (firn_slice){f->bytes, f->n});
    return ret->p ? FIRN_OK : firn_arena_raise(a, err);
}

static FIRN_UNUSED firn_code mem_write(void *ctx, firn_str uri, firn_slice bytes, firn_err *err)
{
    mem_io *m = ctx;
    m->writes++;
    if (m->fail_writes != FIRN_OK)
        return firn_raise(err, m->fail_writes, "the disk");
    if (mem_find(m, uri))
        return firn_raise(err, FIRN_E_EXISTS, "file %s exists", firn_quote(uri).s);
    m->files = realloc(m->files, (m->count + 1) * sizeof *m->files);
    mem_file *f = &m->files[m->count++];
    f->name = malloc(uri.n + 1);
    memcpy(f->name, uri.p, uri.n);
    f->name[uri.n] = '\0';
    f->bytes = malloc(bytes.n + 1);
    memcpy(f->bytes, bytes.p, bytes.n);
    f->n = bytes.n;
    return FIRN_OK;
}

static FIRN_UNUSED firn_code mem_flush(void *ctx FIRN_UNUSED, firn_err *err FIRN_UNUSED)
{
    return FIRN_OK;
}

static FIRN_UNUSED firn_code mem_remove(void *ctx, firn_str uri, firn_err *err FIRN_UNUSED)
{
    mem_io *m = ctx;
    mem_file *f = mem_find(m, uri);
    m->removes++;
    if (!f)
        return FIRN_OK;
    free(f->name);
    free(f->bytes);
    *f = m->files[--m->count];
    return FIRN_OK;
}

static FIRN_UNUSED int64_t mem_now(void *ctx)
{
    return ((mem_io *)ctx)->now_ms;
}

static FIRN_UNUSED uint64_t splitmix(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static FIRN_UNUSED firn_code mem_random(void *ctx, void *p, size_t n, firn_err *err FIRN_UNUSED)
{
    mem_io *m = ctx;
    uint8_t *out = p;
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)splitmix(&m->seed);
    return FIRN_OK;
}

static FIRN_UNUSED void mem_sleep(void *ctx, int64_t ms)
{
    ((mem_io *)ctx)->now_ms += ms;
}

static FIRN_UNUSED void mem_open(mem_io *m)
{
    *m = (mem_io){.now_ms = INT64_C(1700000000000), .seed = 1};
    m->io = (firn_io){m,       mem_read,   mem_write, mem_flush, mem_remove,
                      mem_now, mem_random, mem_sleep, false};
}

static FIRN_UNUSED void mem_close(mem_io *m)
{
    while (m->count)
        mem_remove(m, s_(m->files[0].name), NULL);
    free(m->files);
    m->files = NULL;
}

/* How many files have this in their names. */
static FIRN_UNUSED size_t mem_count(const mem_io *m, const char *part)
{
    size_t n = 0;
    for (size_t i = 0; i < m->count; i++)
        n += strstr(m->files[i].name, part) != NULL;
    return n;
}

#endif
