/* SPDX-License-Identifier: Apache-2.0 */
/* lib_help.h — a storage and a catalog in memory, as a caller of the library may have them, with a
 * clock that stands, random numbers that repeat, and calls that fail on demand. */
#ifndef FIRN_LIB_HELP_H
#define FIRN_LIB_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <unistd.h>

#include <cmocka.h>

#include "firn/iceberg.h"

#define OK(expr)                                                                                   \
    do {                                                                                           \
        error = (firn_error)FIRN_ERROR_INIT;                                                       \
        firn_status status_ = (expr);                                                              \
        if (status_ != FIRN_STATUS_OK)                                                             \
            fail_msg("%s: %s: %s", #expr, firn_status_name(status_), error.message);               \
    } while (0)

/* Fails with this status, and its message holds `part`. */
#define FAILS(expr, want, part)                                                                    \
    do {                                                                                           \
        error = (firn_error)FIRN_ERROR_INIT;                                                       \
        firn_status status_ = (expr);                                                              \
        if (status_ != (want))                                                                     \
            fail_msg("%s: %s, not %s: %s", #expr, firn_status_name(status_),                       \
                     firn_status_name(want), error.message);                                       \
        if (!strstr(error.message, (part)))                                                        \
            fail_msg("%s: '%s' does not hold '%s'", #expr, error.message, (part));                 \
        assert_int_equal(error.status, want);                                                      \
    } while (0)

enum { OBJECTS_MAX = 4000 };

typedef struct object {
    char *location;
    void *bytes;
    size_t size;
} object;

typedef struct world {
    object objects[OBJECTS_MAX];
    size_t count;
    char current[512]; /* the catalog: one table's metadata; "": none */
    int64_t now_ms;
    uint64_t seed;
    uint64_t calls;
    uint64_t fail_at; /* the call that fails; 0: none */
    bool for_ever;    /* and all that come after it */
    firn_status fail_with;
    firn_status swap_says; /* what the next swap answers instead of doing it */
    bool swap_done_anyway; /* … after having done it */
} world;

static inline firn_status called(world *w, firn_error *e)
{
    w->calls++;
    bool fails = w->fail_at && (w->calls == w->fail_at || (w->for_ever && w->calls > w->fail_at));
    return fails ? firn_error_set(e, w->fail_with ? w->fail_with : FIRN_STATUS_IO,
                                  "call %llu fails", (unsigned long long)w->calls)
                 : FIRN_STATUS_OK;
}

static inline object *find_object(world *w, const char *location)
{
    for (size_t i = 0; i < w->count; i++)
        if (strcmp(w->objects[i].location, location) == 0)
            return &w->objects[i];
    return NULL;
}

static inline firn_status world_read(void *context, const char *location, uint64_t max_bytes,
                                     firn_buffer *out, firn_error *e)
{
    world *w = context;
    firn_status s = called(w, e);
    const object *o = find_object(w, location);
    if (s != FIRN_STATUS_OK)
        return s;
    if (!o)
        return firn_error_set(e, FIRN_STATUS_NOT_FOUND, "nothing there");
    if (o->size > max_bytes)
        return firn_error_set(e, FIRN_STATUS_LIMIT, "too large");
    void *p = firn_buffer_resize(out, o->size);
    if (!p)
        return firn_error_set(e, FIRN_STATUS_NO_MEMORY, "no memory");
    memcpy(p, o->bytes, o->size);
    return FIRN_STATUS_OK;
}

static inline firn_status world_write(void *context, const char *location, const void *bytes,
                                      size_t size, firn_error *e)
{
    world *w = context;
    firn_status s = called(w, e);
    if (s != FIRN_STATUS_OK)
        return s;
    if (find_object(w, location))
        return firn_error_set(e, FIRN_STATUS_EXISTS, "there is one");
    assert_true(w->count < OBJECTS_MAX);
    object *o = &w->objects[w->count++];
    o->location = test_malloc(strlen(location) + 1);
    memcpy(o->location, location, strlen(location) + 1);
    o->bytes = test_malloc(size + 1);
    memcpy(o->bytes, bytes, size);
    o->size = size;
    return FIRN_STATUS_OK;
}

static inline firn_status world_flush(void *context, firn_error *e)
{
    return called(context, e);
}

static inline void drop_object(world *w, object *o)
{
    test_free(o->location);
    test_free(o->bytes);
    *o = w->objects[--w->count];
}

static inline firn_status world_remove(void *context, const char *location, firn_error *e)
{
    world *w = context;
    firn_status s = called(w, e);
    object *o = find_object(w, location);
    if (s == FIRN_STATUS_OK && o)
        drop_object(w, o);
    return s;
}

static inline int64_t world_now(void *context)
{
    return ((world *)context)->now_ms;
}

static inline firn_status world_random(void *context, void *out, size_t size, firn_error *e)
{
    world *w = context;
    uint8_t *p = out;
    firn_status s = called(w, e);
    for (size_t i = 0; i < size && s == FIRN_STATUS_OK; i++) {
        w->seed = w->seed * 6364136223846793005u + 1442695040888963407u;
        p[i] = (uint8_t)(w->seed >> 56);
    }
    return s;
}

static inline void world_sleep(void *context, int64_t ms)
{
    ((world *)context)->now_ms += ms;
}

static inline firn_status world_load(void *context, const char *ns, const char *table,
                                     char *location, size_t capacity, firn_error *e)
{
    world *w = context;
    firn_status s = called(w, e);
    if (s != FIRN_STATUS_OK)
        return s;
    assert_string_equal(ns, "ns");
    assert_string_equal(table, "t");
    if (!w->current[0])
        return firn_error_set(e, FIRN_STATUS_NOT_FOUND, "no table");
    assert_true(capacity >= 4096);
    memcpy(location, w->current, strlen(w->current) + 1);
    return FIRN_STATUS_OK;
}

static inline firn_status world_swap(void *context, const char *ns, const char *table,
                                     const char *current, const char *next, firn_error *e)
{
    world *w = context;
    firn_status s = called(w, e);
    (void)ns, (void)table;
    if (s != FIRN_STATUS_OK)
        return s;
    firn_status says = w->swap_says;
    w->swap_says = FIRN_STATUS_OK;
    if (says != FIRN_STATUS_OK && !w->swap_done_anyway)
        return firn_error_set(e, says, "as told");
    if (strcmp(current ? current : "", w->current) != 0)
        return firn_error_set(e, FIRN_STATUS_CONFLICT, "it holds another one");
    snprintf(w->current, sizeof w->current, "%s", next);
    return says == FIRN_STATUS_OK ? says : firn_error_set(e, says, "as told");
}

static inline firn_storage world_storage(world *w)
{
    return (firn_storage){.size = sizeof(firn_storage),
                          .context = w,
                          .read = world_read,
                          .write = world_write,
                          .flush = world_flush,
                          .remove = world_remove,
                          .now_ms = world_now,
                          .random = world_random,
                          .sleep_ms = world_sleep};
}

static inline firn_catalog *world_catalog(world *w)
{
    firn_error error;
    firn_catalog *c = NULL;
    const firn_catalog_functions f = {.size = sizeof f,
                                      .flags = FIRN_CATALOG_IS_DEFINITE,
                                      .context = w,
                                      .name = "memory",
                                      .load = world_load,
                                      .swap = world_swap};
    OK(firn_catalog_open_functions(&f, &c, &error));
    return c;
}

static inline world *new_world(void)
{
    world *w = test_calloc(1, sizeof *w);
    w->now_ms = 1717200000000;
    w->seed = 1;
    return w;
}

static inline void free_world(world *w)
{
    while (w->count)
        drop_object(w, &w->objects[0]);
    test_free(w);
}

/* A table id long, region string, ts timestamptz, partitioned by region and day(ts). */
static inline firn_status make_table(world *w, firn_catalog *c, firn_table **ret, firn_error *e)
{
    static const char *const parts[] = {"region", "day(ts)"};
    const firn_storage storage = world_storage(w);
    firn_error error;
    firn_schema_builder *b = NULL;
    firn_schema *schema = NULL;
    OK(firn_schema_builder_new(&b, &error));
    OK(firn_schema_builder_add(b, "id", "long", FIRN_COLUMN_REQUIRED, "the key", &error));
    OK(firn_schema_builder_add(b, "region", "string", 0, NULL, &error));
    OK(firn_schema_builder_add(b, "ts", "timestamptz", 0, NULL, &error));
    OK(firn_schema_builder_build(b, &schema, &error));
    firn_schema_builder_free(b);
    const firn_table_definition d = {.size = sizeof d,
                                     .schema = schema,
                                     .location = "mem://bucket/ns/t",
                                     .partition_by = parts,
                                     .partition_by_count = 2};
    firn_status status = firn_table_create(c, &storage, "ns", "t", &d, ret, e);
    firn_schema_free(schema);
    return status;
}

/* A file of 10 rows with ids from … from + 9. */
static inline firn_status add_given(firn_transaction *tx, const char *name, const char *region,
                                    const char *day, int64_t from, firn_error *e)
{
    char path[128];
    snprintf(path, sizeof path, "mem://bucket/ns/t/data/%s.parquet", name);
    const firn_literal partition[] = {region ? firn_literal_text(region) : firn_literal_null(),
                                      firn_literal_text(day)};
    const firn_column_stats columns[] = {{.field_id = 1,
                                          .size_bytes = 80,
                                          .value_count = 10,
                                          .null_count = 0,
                                          .nan_count = -1,
                                          .lower = firn_literal_integer(from),
                                          .upper = firn_literal_integer(from + 9)}};
    const int64_t offsets[] = {4};
    const firn_file f = {.size = sizeof f,
                         .path = path,
                         .record_count = 10,
                         .file_size_bytes = 1234,
                         .partition = partition,
                         .partition_count = 2,
                         .columns = columns,
                         .column_count = 1,
                         .split_offsets = offsets,
                         .split_offset_count = 1};
    return firn_transaction_add_file(tx, &f, e);
}

/* One file in one commit. */
static inline firn_status append_given(firn_table *t, const char *name, const char *region,
                                       const char *day, int64_t from, firn_error *e)
{
    firn_transaction *tx = NULL;
    firn_status s = firn_transaction_begin(t, &tx, e);
    if (s == FIRN_STATUS_OK)
        s = add_given(tx, name, region, day, from, e);
    if (s == FIRN_STATUS_OK)
        s = firn_transaction_commit(tx, NULL, e);
    firn_transaction_free(tx);
    return s;
}

/* Removes a folder of the test and all below it. */
static inline void remove_all(const char *path)
{
    DIR *d = opendir(path);
    char below[4096];
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        int n = snprintf(below, sizeof below, "%s/%s", path, e->d_name);
        if (n < (int)sizeof below && unlink(below) != 0)
            remove_all(below);
    }
    if (d)
        closedir(d);
    rmdir(path);
}

#endif
