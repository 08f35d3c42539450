/* SPDX-License-Identifier: Apache-2.0 */
/* Avro containers: whatever is wanted of one, the number of records is the same, and skipping is
 * never stricter than reading. */
#include "fuzz.h"

#include "format/avro.h"

#define MAX_BLOCK ((size_t)1 << 20)

const char *const fuzz_tokens[] = {
    "Obj\x01",
    "avro.schema",
    "avro.codec",
    "null",
    "deflate",
    "snappy",
    "zstandard",
    "\"record\"",
    "\"array\"",
    "\"map\"",
    "\"fixed\"",
    "\"enum\"",
    "\"field-id\"",
    "\"type\":",
    "\"items\":",
    "\"values\":",
    "\"int\"",
    "\"long\"",
    "\"bytes\"",
    "\"string\"",
    "[\"null\",",
    "\"fields\":[",
    "\"size\":",
    "\"element-id\":",
    "\x80\x80\x80\x80\x10",
    NULL,
};

static const firn_avro_want inner[] = {
    {100, NULL, 0}, {101, NULL, 0}, {103, NULL, 0}, {104, NULL, 0},
    {2, NULL, 0},   {3, NULL, 0},   {1, NULL, 0},
};
static const firn_avro_want pairs[] = {{117, NULL, 0}, {118, NULL, 0}, {119, NULL, 0}};
static const firn_avro_want nested[] = {
    {2, inner, FIRN_COUNT_OF(inner)},
    {108, pairs, FIRN_COUNT_OF(pairs)},
    {1, inner, FIRN_COUNT_OF(inner)},
};
static const firn_avro_want wants_flat[] = {
    {0, NULL, 0}, {1, NULL, 0},   {2, NULL, 0},   {3, NULL, 0},
    {4, NULL, 0}, {500, NULL, 0}, {517, NULL, 0},
};
static const firn_avro_want wants_nested[] = {
    {2, inner, FIRN_COUNT_OF(inner)},
    {1, nested, FIRN_COUNT_OF(nested)},
    {0, NULL, 0},
};

static size_t look_at(const firn_avro_value *v, int depth)
{
    size_t sum = 1;
    fuzz_require(depth < 200, "deeper than any schema");
    switch (v->kind) {
    case FIRN_AVRO_BYTES:
        for (size_t i = 0; i < v->u.bytes.n; i++)
            sum += v->u.bytes.p[i];
        break;
    case FIRN_AVRO_RECORD:
    case FIRN_AVRO_ARRAY:
    case FIRN_AVRO_MAP:
        for (size_t i = 0; i < v->u.items.n; i++)
            sum += look_at(&v->u.items.v[i], depth + 1);
        break;
    case FIRN_AVRO_NULL:
    case FIRN_AVRO_BOOLEAN:
    case FIRN_AVRO_LONG:
    case FIRN_AVRO_FLOAT:
    case FIRN_AVRO_DOUBLE:
        break;
    }
    return sum;
}

static void close_reader(firn_avro_reader **r)
{
    firn_avro_close(*r);
}

/* Reads all; the number of records in *ret. */
static firn_code count(firn_slice file, const firn_avro_want *wants, size_t n, firn_arena *a,
                       firn_arena *record, size_t *ret, firn_err *err)
{
    FIRN_AUTO(close_reader) firn_avro_reader *r = NULL;
    FIRN_TRY(firn_avro_open(file, MAX_BLOCK, a, &r, err));
    (void)firn_avro_meta(r, "partition-spec-id");
    FIRN_TRY(firn_avro_project(r, wants, n, err));
    for (size_t i = 0;; i++) {
        firn_avro_value v;
        bool end;
        if (record != a)
            firn_arena_reset(record);
        FIRN_TRY(firn_avro_next(r, record, &v, &end, err));
        if (end) {
            *ret = i;
            return FIRN_OK;
        }
        fuzz_require(v.kind == FIRN_AVRO_RECORD && v.u.items.n == n, "kind %d", (int)v.kind);
        look_at(&v, 0);
    }
}

static bool try_wants(firn_slice file, const firn_avro_want *wants, size_t n, bool reset,
                      size_t *ret)
{
    firn_err err = {0};
    firn_arena *a = fuzz_arena();
    firn_arena *record = fuzz_arena();
    bool ok = fuzz_ok(count(file, wants, n, a, reset ? record : a, ret, &err), &err);
    /* blocks inflate, as far as they may */
    fuzz_free(record, file.n, 4 * MAX_BLOCK, 4000);
    fuzz_free(a, file.n, 4 * MAX_BLOCK, 4000);
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    firn_slice file = {data, size};
    size_t skipped = 0;
    size_t n = 0;
    bool skips = try_wants(file, NULL, 0, true, &skipped);
    if (try_wants(file, wants_flat, FIRN_COUNT_OF(wants_flat), false, &n))
        fuzz_require(skips && n == skipped, "%zu records, but %zu when they are skipped", n,
                     skipped);
    if (try_wants(file, wants_nested, FIRN_COUNT_OF(wants_nested), true, &n))
        fuzz_require(skips && n == skipped, "%zu records, but %zu when they are skipped", n,
                     skipped);
    return 0;
}
