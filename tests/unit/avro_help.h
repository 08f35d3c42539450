/* SPDX-License-Identifier: Apache-2.0 */
/* avro_help.h — containers made by hand, and values as text, for the tests of Avro. */
#ifndef FIRN_TEST_AVRO_HELP_H
#define FIRN_TEST_AVRO_HELP_H

#include "check.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "format/avro.h"

#define MEBI       ((size_t)1 << 20)
#define SYNC_BYTES 16u

static const uint8_t sync_marker[SYNC_BYTES] = "0123456789abcde";

static inline void put(firn_buf *b, const void *p, size_t n)
{
    firn_err err = {0};
    check_ok(firn_buf_add(b, p, n, &err), &err);
}

static inline void put_text(firn_buf *b, const char *s)
{
    put(b, s, strlen(s));
}

/* A zig-zag integer, byte for byte as the specification describes it. */
static inline void put_long(firn_buf *b, int64_t v)
{
    uint64_t z = v < 0 ? ((~(uint64_t)v) << 1) | 1 : (uint64_t)v << 1;
    do {
        uint8_t byte = (uint8_t)(z % 128);
        z /= 128;
        if (z)
            byte = (uint8_t)(byte + 128);
        put(b, &byte, 1);
    } while (z);
}

static inline void put_string(firn_buf *b, const char *s)
{
    put_long(b, (int64_t)strlen(s));
    put_text(b, s);
}

static inline void put_hex(firn_buf *b, const char *hex)
{
    uint8_t bytes[512];
    size_t n = strlen(hex) / 2;
    assert_true(n <= sizeof bytes);
    assert_true(firn_unhex(firn_str_of(hex), bytes));
    put(b, bytes, n);
}

/* The header of a container; codec NULL leaves it out. */
static inline void put_header(firn_buf *b, const char *schema, const char *codec)
{
    put(b, "Obj\1", 4);
    put_long(b, codec ? 2 : 1);
    if (codec) {
        put_string(b, "avro.codec");
        put_string(b, codec);
    }
    put_string(b, "avro.schema");
    put_string(b, schema);
    put_long(b, 0);
    put(b, sync_marker, SYNC_BYTES);
}

static inline void put_block(firn_buf *b, int64_t count, firn_slice bytes)
{
    put_long(b, count);
    put_long(b, (int64_t)bytes.n);
    put(b, bytes.p, bytes.n);
    put(b, sync_marker, SYNC_BYTES);
}

/* {"name":"x","type":TYPE,"field-id":1} in a record. */
static inline void one_field(char *out, size_t n, const char *type)
{
    int len =
        snprintf(out, n,
                 "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"x\",\"type\":%s,"
                 "\"field-id\":1}]}",
                 type);
    assert_true(len > 0 && (size_t)len < n);
}

/* --- values -------------------------------------------------------------------------------- */

static inline void show_value(firn_buf *b, const firn_avro_value *v);

static inline void show_items(firn_buf *b, const firn_avro_value *v, const char *ends)
{
    put(b, &ends[0], 1);
    for (size_t i = 0; i < v->u.items.n; i++) {
        if (i)
            put_text(b, ",");
        show_value(b, &v->u.items.v[i]);
    }
    put(b, &ends[1], 1);
}

static inline void show_bytes(firn_buf *b, firn_slice s)
{
    char hex[3];
    put_text(b, "'");
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] >= 0x20 && s.p[i] < 0x7f) {
            put(b, &s.p[i], 1);
            continue;
        }
        firn_hex(&s.p[i], 1, hex);
        put_text(b, "\\");
        put_text(b, hex);
    }
    put_text(b, "'");
}

/* null · true · 27 · 1.5f · 0.25 · 'foo\00' · {record} · [array] · <map> */
static inline void show_value(firn_buf *b, const firn_avro_value *v)
{
    char text[64] = "no kind at all";
    switch (v->kind) {
    case FIRN_AVRO_NULL:
        snprintf(text, sizeof text, "null");
        break;
    case FIRN_AVRO_BOOLEAN:
        snprintf(text, sizeof text, "%s", v->u.b ? "true" : "false");
        break;
    case FIRN_AVRO_LONG:
        snprintf(text, sizeof text, "%lld", (long long)v->u.i);
        break;
    case FIRN_AVRO_FLOAT:
        snprintf(text, sizeof text, "%.9gf", (double)v->u.f);
        break;
    case FIRN_AVRO_DOUBLE:
        snprintf(text, sizeof text, "%.17g", v->u.d);
        break;
    case FIRN_AVRO_BYTES:
        show_bytes(b, v->u.bytes);
        return;
    case FIRN_AVRO_RECORD:
        show_items(b, v, "{}");
        return;
    case FIRN_AVRO_ARRAY:
        show_items(b, v, "[]");
        return;
    case FIRN_AVRO_MAP:
        show_items(b, v, "<>");
        return;
    }
    put_text(b, text);
}

static inline firn_avro_value a_null(void)
{
    return (firn_avro_value){.kind = FIRN_AVRO_NULL};
}

static inline firn_avro_value a_long(int64_t i)
{
    return (firn_avro_value){.kind = FIRN_AVRO_LONG, .u.i = i};
}

static inline firn_avro_value a_bytes(const void *p, size_t n)
{
    return (firn_avro_value){.kind = FIRN_AVRO_BYTES, .u.bytes = {p, n}};
}

static inline firn_avro_value a_text(const char *s)
{
    return a_bytes(s, strlen(s));
}

static inline firn_avro_value a_list(firn_avro_kind kind, firn_avro_value *v, size_t n)
{
    return (firn_avro_value){.kind = kind, .u.items = {v, n}};
}

/* --- reading ------------------------------------------------------------------------------- */

/* Reads all records and shows them, one a line; the arena is of `limit` bytes. */
static inline firn_code show_all(firn_slice file, const firn_avro_want *wants, size_t count,
                                 size_t limit, size_t max_block, firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("reading", limit);
    if (!a)
        return firn_raise_nomem(err);
    firn_avro_reader *r = NULL;
    FIRN_TRY(firn_avro_open(file, max_block, a, &r, err));
    firn_code code = firn_avro_project(r, wants, count, err);
    bool end = false;
    while (code == FIRN_OK && !end) {
        firn_avro_value v;
        code = firn_avro_next(r, a, &v, &end, err);
        if (code != FIRN_OK || end)
            break;
        if (out) {
            show_value(out, &v);
            put_text(out, "\n");
        }
    }
    firn_avro_close(r);
    return code;
}

/* Reads a container by the wants given and compares what it holds. */
static inline void check_reads(firn_slice file, const firn_avro_want *wants, size_t count,
                               const char *expected)
{
    firn_err err = {0};
    FIRN_AUTO(firn_buf_free) firn_buf shown = FIRN_BUF(64 * MEBI);
    check_ok(show_all(file, wants, count, 0, MEBI, &shown, &err), &err);
    assert_string_equal(firn_buf_cstr(&shown), expected);
}

/* The body of the only block of a container that was written with the codec null. */
static inline firn_slice body_of(firn_slice file, size_t body_bytes)
{
    return (firn_slice){file.p + file.n - SYNC_BYTES - body_bytes, body_bytes};
}

/* --- a container with all that manifests have ---------------------------------------------- */

static const char sample_schema[] =
    "{\"type\":\"record\",\"name\":\"manifest_entry\",\"fields\":["
    "{\"name\":\"status\",\"type\":\"int\",\"field-id\":0},"
    "{\"name\":\"snapshot_id\",\"type\":[\"null\",\"long\"],\"default\":null,\"field-id\":1},"
    "{\"name\":\"data_file\",\"field-id\":2,\"type\":{\"type\":\"record\",\"name\":\"r2\","
    "\"fields\":["
    "{\"name\":\"file_path\",\"type\":\"string\",\"field-id\":100},"
    "{\"name\":\"partition\",\"field-id\":102,\"type\":{\"type\":\"record\",\"name\":\"r102\","
    "\"fields\":[{\"name\":\"d\",\"field-id\":1000,\"type\":[\"null\",{\"type\":\"fixed\","
    "\"name\":\"decimal_4_2\",\"size\":2,\"logicalType\":\"decimal\",\"precision\":4,"
    "\"scale\":2}],\"default\":null}]}},"
    "{\"name\":\"lower_bounds\",\"field-id\":125,\"default\":null,\"type\":[\"null\","
    "{\"type\":\"array\",\"logicalType\":\"map\",\"items\":{\"type\":\"record\","
    "\"name\":\"k126_v127\",\"fields\":[{\"name\":\"key\",\"type\":\"int\",\"field-id\":126},"
    "{\"name\":\"value\",\"type\":\"bytes\",\"field-id\":127}]}}]},"
    "{\"name\":\"split_offsets\",\"field-id\":132,\"type\":[\"null\",{\"type\":\"array\","
    "\"items\":\"long\",\"element-id\":133}],\"default\":null}]}},"
    "{\"name\":\"f\",\"type\":\"float\",\"field-id\":3},"
    "{\"name\":\"g\",\"type\":\"double\",\"field-id\":4},"
    "{\"name\":\"ok\",\"type\":\"boolean\",\"field-id\":5},"
    "{\"name\":\"suit\",\"field-id\":6,\"type\":{\"type\":\"enum\",\"name\":\"suit\","
    "\"symbols\":[\"A\",\"B\"]}},"
    "{\"name\":\"tags\",\"field-id\":7,\"type\":{\"type\":\"map\",\"values\":\"r102\","
    "\"key-id\":8,\"value-id\":9}},"
    "{\"name\":\"nothing\",\"type\":\"null\",\"field-id\":10}]}";

static const firn_avro_want bounds_wants[] = {{126, NULL, 0}, {127, NULL, 0}};
static const firn_avro_want partition_wants[] = {{1000, NULL, 0}};
static const firn_avro_want file_wants[] = {
    {100, NULL, 0}, {102, partition_wants, 1}, {125, bounds_wants, 2}, {132, NULL, 0}};
static const firn_avro_want sample_wants[] = {
    {0, NULL, 0}, {1, NULL, 0}, {2, file_wants, 4},      {3, NULL, 0}, {4, NULL, 0},
    {5, NULL, 0}, {6, NULL, 0}, {7, partition_wants, 1}, {10, NULL, 0}};
#define SAMPLE_WANTS (sizeof sample_wants / sizeof sample_wants[0])

static const firn_avro_want path_wants[] = {{100, NULL, 0}};
static const firn_avro_want file_path_wants[] = {{2, path_wants, 1}};

/* A record of the sample; its parts live in static memory of the caller. */
typedef struct sample {
    firn_avro_value fields[SAMPLE_WANTS];
    firn_avro_value file[4];
    firn_avro_value partition[1];
    firn_avro_value bounds[3];
    firn_avro_value pairs[3][2];
    firn_avro_value offsets[2];
    firn_avro_value tags[4];
    firn_avro_value tag_parts[2];
    firn_avro_value record;
} sample;

/* Makes record number i; every second one has nulls where they are allowed. */
static inline void make_sample(sample *s, int64_t i)
{
    static const uint8_t bytes[4] = {0, 1, 0xfe, 0xff};
    bool full = i % 2 == 0;
    for (size_t k = 0; k < 3; k++) {
        s->pairs[k][0] = a_long((int64_t)k + 1);
        s->pairs[k][1] = a_bytes(bytes, k + 1);
        s->bounds[k] = a_list(FIRN_AVRO_RECORD, s->pairs[k], 2);
    }
    s->partition[0] = full ? a_bytes(bytes, 2) : a_null();
    s->offsets[0] = a_long(4);
    s->offsets[1] = a_long(i * 1000000007);
    s->file[0] = a_text("s3://bucket/a.parquet");
    s->file[1] = a_list(FIRN_AVRO_RECORD, s->partition, 1);
    s->file[2] = full ? a_list(FIRN_AVRO_ARRAY, s->bounds, 3) : a_null();
    s->file[3] = a_list(FIRN_AVRO_ARRAY, s->offsets, full ? 2 : 0);
    s->tag_parts[0] = a_bytes(bytes + 1, 2);
    s->tag_parts[1] = a_null();
    for (size_t k = 0; k < 2; k++) {
        s->tags[2 * k] = a_text(k ? "k" : "");
        s->tags[2 * k + 1] = a_list(FIRN_AVRO_RECORD, &s->tag_parts[k], 1);
    }
    s->fields[0] = a_long(full ? 1 : 2);
    s->fields[1] = full ? a_long(INT64_MIN + i) : a_null();
    s->fields[2] = a_list(FIRN_AVRO_RECORD, s->file, 4);
    s->fields[3] = (firn_avro_value){.kind = FIRN_AVRO_FLOAT, .u.f = 1.5f};
    s->fields[4] = (firn_avro_value){.kind = FIRN_AVRO_DOUBLE, .u.d = -0.25};
    s->fields[5] = (firn_avro_value){.kind = FIRN_AVRO_BOOLEAN, .u.b = full};
    s->fields[6] = a_text(full ? "B" : "A");
    s->fields[7] = a_list(FIRN_AVRO_MAP, s->tags, full ? 4 : 0);
    s->fields[8] = a_null();
    s->record = a_list(FIRN_AVRO_RECORD, s->fields, SAMPLE_WANTS);
}

static inline void show_samples(firn_buf *out, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        sample s;
        make_sample(&s, i);
        show_value(out, &s.record);
        put_text(out, "\n");
    }
}

/* Writes `count` sample records; the writer lives in an arena of `limit` bytes. */
static inline firn_code write_limited(firn_avro_codec codec, int64_t count, size_t limit,
                                      firn_buf *out, firn_err *err)
{
    static const firn_avro_meta_entry meta[] = {{"content", {(const uint8_t *)"data", 4}}};
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("writing", limit);
    firn_avro_writer *w = NULL;
    if (!a)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_avro_writer_new(firn_str_of(sample_schema), meta, 1, codec, sync_marker, out, a,
                                  &w, err));
    for (int64_t i = 0; i < count; i++) {
        sample s;
        make_sample(&s, i);
        FIRN_TRY(firn_avro_write(w, &s.record, err));
    }
    return firn_avro_finish(w, err);
}

static inline firn_code write_sample(firn_avro_codec codec, int64_t count, firn_buf *out,
                                     firn_err *err)
{
    return write_limited(codec, count, 0, out, err);
}

#endif
