/* SPDX-License-Identifier: Apache-2.0 */
/* format/avro: vectors of the Avro 1.11 specification, containers written by fastavro, round trips,
 * the manifests of other writers. */
#include "avro_help.h"

#include <fts.h>
#include <stdlib.h>

/* --- one value of each type ---------------------------------------------------------------- */

static const char suit[] =
    "{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"A\",\"B\",\"C\",\"D\"]}";
static const char longs[] = "{\"type\":\"array\",\"items\":\"long\"}";
static const char pair[] = "{\"type\":\"record\",\"name\":\"test\",\"fields\":["
                           "{\"name\":\"a\",\"type\":\"long\",\"field-id\":2},"
                           "{\"name\":\"b\",\"type\":\"string\",\"field-id\":3}]}";
static const char opt_pairs[] = "{\"type\":\"array\",\"logicalType\":\"map\",\"items\":"
                                "{\"type\":\"record\",\"name\":\"k2_v3\",\"fields\":["
                                "{\"name\":\"key\",\"type\":\"int\",\"field-id\":2},"
                                "{\"name\":\"value\",\"type\":[\"null\",\"bytes\"],\"field-id\":3}"
                                "]}}";
static const char list_node[] = "{\"type\":\"record\",\"name\":\"node\",\"fields\":["
                                "{\"name\":\"v\",\"type\":\"int\",\"field-id\":2},"
                                "{\"name\":\"next\",\"type\":[\"null\",\"node\"],"
                                "\"field-id\":3}]}";

/* The bytes are those of the specification's "Binary Encoding", or follow from its text. */
static const struct vector {
    const char *type;
    const char *hex;
    const char *shown;
    bool nested;  /* wants the fields 2 and 3 of the value */
    bool one_way; /* a writer encodes it otherwise */
} vectors[] = {
    {"\"null\"", "", "null", false, false},
    {"\"boolean\"", "00", "false", false, false},
    {"\"boolean\"", "01", "true", false, false},
    {"\"long\"", "00", "0", false, false},
    {"\"long\"", "01", "-1", false, false},
    {"\"long\"", "02", "1", false, false},
    {"\"long\"", "03", "-2", false, false},
    {"\"long\"", "04", "2", false, false},
    {"\"long\"", "7f", "-64", false, false},
    {"\"long\"", "8001", "64", false, false},
    {"\"long\"", "feffffffffffffffff01", "9223372036854775807", false, false},
    {"\"long\"", "ffffffffffffffffff01", "-9223372036854775808", false, false},
    {"\"long\"", "8000", "0", false, true},
    {"\"int\"", "feffffff0f", "2147483647", false, false},
    {"\"int\"", "ffffffff0f", "-2147483648", false, false},
    {"{\"type\":\"int\",\"logicalType\":\"date\"}", "36", "27", false, false},
    {"\"float\"", "0000c03f", "1.5f", false, false},
    {"\"double\"", "000000000000d03f", "0.25", false, false},
    {"\"double\"", "000000000000f0ff", "-inf", false, false},
    {"\"string\"", "06666f6f", "'foo'", false, false},
    {"\"string\"", "00", "''", false, false},
    {"\"bytes\"", "0600ff41", "'\\00\\ffA'", false, false},
    {"{\"type\":\"fixed\",\"name\":\"md5\",\"size\":3}", "616263", "'abc'", false, false},
    {suit, "00", "'A'", false, false},
    {suit, "06", "'D'", false, false},
    {longs, "04063600", "[3,27]", false, false},
    {longs, "00", "[]", false, false},
    {"{\"type\":\"array\",\"items\":\"boolean\"}", "04010000", "[true,false]", false, false},
    {"{\"type\":\"array\",\"items\":\"null\"}", "0400", "[null,null]", false, false},
    {"{\"type\":[\"null\",\"long\"]}", "0236", "27", false, false},
    {longs, "0304063600", "[3,27]", false, true}, /* count -2, 2 bytes */
    {longs,
     "0206010236"
     "00",
     "[3,27]", false, true}, /* two blocks, the second with its size */
    {"{\"type\":\"map\",\"values\":\"long\"}",
     "020261"
     "36"
     "00",
     "<'a',27>", false, false},
    {"{\"type\":\"map\",\"values\":\"long\"}",
     "0106026136"
     "00",
     "<'a',27>", false, true},
    {"[\"null\",\"string\"]", "00", "null", false, false},
    {"[\"null\",\"string\"]", "020261", "'a'", false, false},
    {"[\"string\",\"long\",\"boolean\"]", "0236", "27", false, false},
    {"[\"null\",[\"null\",\"long\"]]", "020236", "27", false, true}, /* nested unions */
    {pair, "3606666f6f", "{27,'foo'}", true, false},
    {pair, "3606666f6f", "{}", false, true},
    {opt_pairs,
     "040200"
     "04020241"
     "00",
     "[{1,null},{2,'A'}]", true, false},
    {list_node, "020204020600", "{1,{}}", true, true},
};

static const firn_avro_want inner_wants[] = {{2, NULL, 0}, {3, NULL, 0}};

static void values_are_read_as_specified(void **state FIRN_UNUSED)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(vectors); i++) {
        const struct vector *v = &vectors[i];
        FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MEBI);
        FIRN_AUTO(firn_buf_free) firn_buf body = FIRN_BUF(MEBI);
        char schema[512];
        char expected[128];
        one_field(schema, sizeof schema, v->type);
        snprintf(expected, sizeof expected, "{%s}\n", v->shown);
        put_header(&file, schema, i % 2 ? "null" : NULL);
        put_hex(&body, v->hex);
        put_block(&file, 1, firn_buf_slice(&body));
        firn_avro_want want = {1, v->nested ? inner_wants : NULL, v->nested ? 2 : 0};
        check_reads(firn_buf_slice(&file), &want, 1, expected);
    }
}

/* What is not wanted is passed over to the byte: a long stands behind it. */
static void values_are_skipped_to_the_byte(void **state FIRN_UNUSED)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(vectors); i++) {
        const struct vector *v = &vectors[i];
        FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MEBI);
        FIRN_AUTO(firn_buf_free) firn_buf body = FIRN_BUF(MEBI);
        char schema[1024];
        snprintf(schema, sizeof schema,
                 "{\"type\":\"record\",\"name\":\"r\",\"fields\":["
                 "{\"name\":\"p\",\"type\":\"int\",\"field-id\":8},"
                 "{\"name\":\"x\",\"type\":%s,\"field-id\":1},"
                 "{\"name\":\"q\",\"type\":\"int\"},"
                 "{\"name\":\"y\",\"type\":\"long\",\"field-id\":9}]}",
                 v->type);
        put_header(&file, schema, NULL);
        for (int k = 0; k < 2; k++) {
            put_long(&body, 1000);
            put_hex(&body, v->hex);
            put_long(&body, -1);
            put_long(&body, 77 + k);
        }
        put_block(&file, 2, firn_buf_slice(&body));
        firn_avro_want wants[] = {{9, NULL, 0}, {5, NULL, 0}};
        check_reads(firn_buf_slice(&file), wants, 2, "{77,null}\n{78,null}\n");
    }
}

static void values_are_written_as_specified(void **state FIRN_UNUSED)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(vectors); i++) {
        const struct vector *v = &vectors[i];
        if (v->one_way)
            continue;
        firn_err err = {0};
        FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
        FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MEBI);
        FIRN_AUTO(firn_buf_free) firn_buf body = FIRN_BUF(MEBI);
        FIRN_AUTO(firn_buf_free) firn_buf again = FIRN_BUF(MEBI);
        char schema[768];
        one_field(schema, sizeof schema, v->type);
        put_header(&file, schema, NULL);
        put_hex(&body, v->hex);
        put_block(&file, 1, firn_buf_slice(&body));

        firn_avro_want want = {1, v->nested ? inner_wants : NULL, v->nested ? 2 : 0};
        firn_avro_reader *r = NULL;
        firn_avro_writer *w = NULL;
        firn_avro_value record;
        bool end = true;
        check_ok(firn_avro_open(firn_buf_slice(&file), MEBI, a, &r, &err), &err);
        check_ok(firn_avro_project(r, &want, 1, &err), &err);
        check_ok(firn_avro_next(r, a, &record, &end, &err), &err);
        assert_false(end);
        check_ok(firn_avro_writer_new(firn_str_of(schema), NULL, 0, FIRN_AVRO_CODEC_NULL,
                                      sync_marker, &again, a, &w, &err),
                 &err);
        check_ok(firn_avro_write(w, &record, &err), &err);
        check_ok(firn_avro_finish(w, &err), &err);
        firn_slice bytes = body_of(firn_buf_slice(&again), body.n);
        assert_memory_equal(bytes.p, body.p, body.n);
        assert_int_equal(bytes.p[-1], 2 * body.n); /* the block's size stands before */
        firn_avro_close(r);
    }
}

/* Long arrays, in blocks with and without their sizes; no field of a record has the id 3. */
static void long_arrays_are_read(void **state FIRN_UNUSED)
{
    enum { ITEMS = 20000, BLOCK = 7000 };
    FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MEBI);
    FIRN_AUTO(firn_buf_free) firn_buf body = FIRN_BUF(MEBI);
    FIRN_AUTO(firn_buf_free) firn_buf expected = FIRN_BUF(MEBI);
    put_text(&expected, "{[");
    for (int64_t i = 0; i < ITEMS; i += BLOCK) {
        firn_err err = {0};
        FIRN_AUTO(firn_buf_free) firn_buf items = FIRN_BUF(MEBI);
        int64_t n = FIRN_MIN(ITEMS - i, BLOCK);
        for (int64_t k = i; k < i + n; k++) {
            put_long(&items, k);
            check_ok(firn_buf_addf(&expected, &err, "%s{%lld,null}", k ? "," : "", (long long)k),
                     &err);
        }
        put_long(&body, i == BLOCK ? -n : n);
        if (i == BLOCK)
            put_long(&body, (int64_t)items.n);
        put(&body, items.p, items.n);
    }
    put_long(&body, 0);
    put_text(&expected, "]}\n");
    char schema[512];
    one_field(schema, sizeof schema,
              "{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"i\",\"fields\":["
              "{\"name\":\"v\",\"type\":\"int\",\"field-id\":2}]}}");
    put_header(&file, schema, NULL);
    put_block(&file, 1, firn_buf_slice(&body));
    firn_avro_want want = {1, inner_wants, 2};
    check_reads(firn_buf_slice(&file), &want, 1, firn_buf_cstr(&expected));
}

/* Any number of integers of any length, any number of bytes behind them. */
static void integers_are_skipped(void **state FIRN_UNUSED)
{
    static const char schema[] =
        "{\"type\":\"record\",\"name\":\"r\",\"fields\":["
        "{\"name\":\"x\",\"type\":{\"type\":\"array\",\"items\":\"long\"}},"
        "{\"name\":\"y\",\"type\":\"string\",\"field-id\":1}]}";
    static const firn_avro_want wants[] = {{1, NULL, 0}};
    static const char text[] = "0123456789";
    for (int64_t n = 0; n < 500; n++) {
        FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MEBI);
        FIRN_AUTO(firn_buf_free) firn_buf body = FIRN_BUF(MEBI);
        char expected[32];
        const char *tail = text + n % 11;
        snprintf(expected, sizeof expected, "{'%s'}\n", tail);
        if (n % 50)
            put_long(&body, n % 50);
        for (int64_t k = 0; k < n % 50; k++) /* lengths of 1 byte first, then mixed */
            put_long(&body, (INT64_C(1) << (n / 50 * k * 3 % 62)) - 1);
        put_long(&body, 0);
        put_string(&body, tail);
        put_header(&file, schema, NULL);
        put_block(&file, 1, firn_buf_slice(&body));
        check_reads(firn_buf_slice(&file), wants, 1, expected);
    }
}

/* --- containers ---------------------------------------------------------------------------- */

/* Blocks as fastavro 1.13.1 wrote them (three records), sync marker and header left out.  The one
 * of deflate ends with the checksum that a zlib stream has and Avro has not. */
static const struct {
    const char *codec;
    const char *block;
} foreign_blocks[] = {
    {"null", "0694010d2a6120726f772c206120726f772c206120726f772030f8887a2a6120726f772c206120726f77"
             "2c206120726f772031fe91f4012a6120726f772c206120726f772c206120726f772032"},
    {"deflate", "063ee3d54a5428ca2fd75140a6140c7e7454619530fc37f10b235619230088ae18"},
    {"snappy", "064c4a200d2a6120726f772c202e0700102030f8887a5219001031fe91f401521a00003265df38ac"},
    {"zstandard", "065028b52ffd204afd0000a00d2a6120726f772c202030f8887a31fe91f4013203003d3fcdf3d3e2"
                  "ca11"},
};

static const char foreign_schema[] =
    "{\"type\": \"record\", \"name\": \"r\", \"fields\": [{\"name\": \"x\", \"type\": \"long\", "
    "\"field-id\": 1}, {\"name\": \"s\", \"type\": \"string\", \"field-id\": 2}]}";

static void foreign_codecs_are_read(void **state FIRN_UNUSED)
{
    static const firn_avro_want wants[] = {{2, NULL, 0}, {1, NULL, 0}};
    for (size_t i = 0; i < FIRN_COUNT_OF(foreign_blocks); i++) {
        FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MEBI);
        put_header(&file, foreign_schema, foreign_blocks[i].codec);
        put_hex(&file, foreign_blocks[i].block);
        put(&file, sync_marker, SYNC_BYTES);
        check_reads(firn_buf_slice(&file), wants, 2,
                    "{'a row, a row, a row 0',-7}\n"
                    "{'a row, a row, a row 1',999996}\n"
                    "{'a row, a row, a row 2',1999999}\n");
    }
}

/* Files, blocks of several records, and a header in blocks with sizes. */
static void containers_may_be_laid_out_freely(void **state FIRN_UNUSED)
{
    static const firn_avro_want wants[] = {{1, NULL, 0}};
    char schema[512];
    one_field(schema, sizeof schema, "\"long\"");
    FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MEBI);
    FIRN_AUTO(firn_buf_free) firn_buf entry = FIRN_BUF(MEBI);
    put_string(&entry, "avro.schema");
    put_string(&entry, schema);
    put(&file, "Obj\1", 4);
    put_long(&file, -1);
    put_long(&file, (int64_t)entry.n);
    put(&file, entry.p, entry.n);
    put_long(&file, 2);
    put_string(&file, "twice");
    put_string(&file, "first");
    put_string(&file, "twice");
    put_string(&file, "last");
    put_long(&file, 0);
    put(&file, sync_marker, SYNC_BYTES);
    check_reads(firn_buf_slice(&file), wants, 1, "");
    put_block(&file, 2, (firn_slice){(const uint8_t *)"\2\4", 2});
    put_block(&file, 0, (firn_slice){NULL, 0});
    put_block(&file, 1, (firn_slice){(const uint8_t *)"\6", 1});
    check_reads(firn_buf_slice(&file), wants, 1, "{1}\n{2}\n{3}\n");

    firn_err err = {0};
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    firn_avro_reader *r = NULL;
    check_ok(firn_avro_open(firn_buf_slice(&file), MEBI, a, &r, &err), &err);
    firn_slice last = firn_avro_meta(r, "twice");
    check_str(((firn_str){(const char *)last.p, last.n}), "last");
    assert_null(firn_avro_meta(r, "none").p);
    firn_avro_close(r);
}

/* Namespaces as in the specification's "Names"; a name that is defined again means the new type
 * from there on. */
static void names_are_resolved(void **state FIRN_UNUSED)
{
    static const char schema[] =
        "{\"type\":\"record\",\"name\":\"a.b.r\",\"fields\":["
        "{\"name\":\"p\",\"field-id\":1,\"type\":{\"type\":\"fixed\",\"name\":\"f\",\"size\":1}},"
        "{\"name\":\"q\",\"field-id\":2,\"type\":{\"type\":\"fixed\",\"name\":\"f\",\"size\":2,"
        "\"namespace\":\"c\"}},"
        "{\"name\":\"s\",\"field-id\":3,\"type\":\"f\"},"
        "{\"name\":\"t\",\"field-id\":4,\"type\":\"c.f\"},"
        "{\"name\":\"u\",\"field-id\":5,\"type\":\"a.b.f\"},"
        "{\"name\":\"v\",\"field-id\":6,\"type\":{\"type\":\"fixed\",\"name\":\"f\",\"size\":3}},"
        "{\"name\":\"w\",\"field-id\":7,\"type\":{\"type\":\"f\"}},"
        "{\"name\":\"y\",\"field-id\":8,\"type\":{\"type\":\"fixed\",\"name\":\"g\",\"size\":1,"
        "\"namespace\":\"\"}},"
        "{\"name\":\"z\",\"field-id\":9,\"type\":\"g\"}]}"; /* as Java finds it */
    static const firn_avro_want wants[] = {{9, NULL, 0}, {8, NULL, 0}, {7, NULL, 0},
                                           {6, NULL, 0}, {5, NULL, 0}, {4, NULL, 0},
                                           {3, NULL, 0}, {2, NULL, 0}, {1, NULL, 0}};
    FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MEBI);
    put_header(&file, schema, NULL);
    put_block(&file, 1, (firn_slice){(const uint8_t *)"pqqsttuvvvwwwyz", 15});
    check_reads(firn_buf_slice(&file), wants, 9, "{'z','y','www','vvv','u','tt','s','qq','p'}\n");

    firn_err err = {0};
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    firn_avro_writer *w = NULL;
    check_fails(firn_avro_writer_new(firn_str_of(schema), NULL, 0, FIRN_AVRO_CODEC_NULL,
                                     sync_marker, &file, a, &w, &err),
                FIRN_E_INVAL, &err, "'a.b.f' is defined twice");
    assert_null(w);
}

/* --- round trips --------------------------------------------------------------------------- */

static void what_is_written_is_read(void **state FIRN_UNUSED)
{
    static const firn_avro_codec codecs[] = {FIRN_AVRO_CODEC_NULL, FIRN_AVRO_CODEC_DEFLATE,
                                             FIRN_AVRO_CODEC_ZSTD, FIRN_AVRO_CODEC_SNAPPY};
    static const int64_t counts[] = {0, 1, 3000}; /* 3000: several blocks */
    for (size_t i = 0; i < FIRN_COUNT_OF(codecs) * FIRN_COUNT_OF(counts); i++) {
        int64_t count = counts[i % FIRN_COUNT_OF(counts)];
        firn_err err = {0};
        FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(8 * MEBI);
        FIRN_AUTO(firn_buf_free) firn_buf expected = FIRN_BUF(8 * MEBI);
        check_ok(write_sample(codecs[i / FIRN_COUNT_OF(counts)], count, &file, &err), &err);
        show_samples(&expected, count);
        check_reads(firn_buf_slice(&file), sample_wants, SAMPLE_WANTS, firn_buf_cstr(&expected));
    }
}

/* The contract: with the reader's own arena everything stays, across blocks too. */
static void values_stay_in_the_readers_arena(void **state FIRN_UNUSED)
{
    enum { COUNT = 2000 };
    firn_err err = {0};
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(8 * MEBI);
    FIRN_AUTO(firn_buf_free) firn_buf expected = FIRN_BUF(8 * MEBI);
    FIRN_AUTO(firn_buf_free) firn_buf shown = FIRN_BUF(8 * MEBI);
    firn_avro_value *kept = firn_arena_array(a, COUNT, sizeof *kept);
    firn_avro_reader *r = NULL;
    bool end = false;
    check_ok(write_sample(FIRN_AVRO_CODEC_DEFLATE, COUNT, &file, &err), &err);
    check_ok(firn_avro_open(firn_buf_slice(&file), MEBI, a, &r, &err), &err);
    check_fails(firn_avro_next(r, a, &kept[0], &end, &err), FIRN_E_INVAL, &err, "projected");
    firn_avro_close(NULL);
    firn_avro_reader *none_read = NULL;
    check_fails(firn_avro_open(firn_buf_slice(&file), 0, a, &none_read, &err), FIRN_E_INVAL, &err,
                "at most 0 bytes");
    check_ok(firn_avro_project(r, sample_wants, SAMPLE_WANTS, &err), &err);
    for (size_t i = 0; i < COUNT; i++) {
        check_ok(firn_avro_next(r, a, &kept[i], &end, &err), &err);
        assert_false(end);
    }
    firn_avro_value none;
    for (int i = 0; i < 2; i++) {
        check_ok(firn_avro_next(r, a, &none, &end, &err), &err);
        assert_true(end);
    }
    firn_avro_close(r);
    for (size_t i = 0; i < COUNT; i++) {
        show_value(&shown, &kept[i]);
        put_text(&shown, "\n");
    }
    show_samples(&expected, COUNT);
    assert_string_equal(firn_buf_cstr(&shown), firn_buf_cstr(&expected));
}

/* With another arena, which is emptied between records, memory is that of a record and a block. */
static void memory_is_that_of_one_record(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("reader", 128 << 10);
    FIRN_AUTO(firn_arena_freep) firn_arena *record = firn_arena_new("record", 16 << 10);
    FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(8 * MEBI);
    firn_avro_reader *r = NULL;
    bool end = false;
    int64_t offsets = 0;
    check_ok(write_sample(FIRN_AVRO_CODEC_ZSTD, 5000, &file, &err), &err);
    check_ok(firn_avro_open(firn_buf_slice(&file), MEBI, a, &r, &err), &err);
    check_ok(firn_avro_project(r, sample_wants, SAMPLE_WANTS, &err), &err);
    for (;;) {
        firn_avro_value v;
        check_ok(firn_avro_next(r, record, &v, &end, &err), &err);
        if (end)
            break;
        firn_avro_value split = v.u.items.v[2].u.items.v[3];
        offsets += split.u.items.n ? split.u.items.v[1].u.i : 0;
        firn_arena_reset(record);
    }
    check_i64(offsets, INT64_C(1000000007) * (2499 * 2500)); /* the even numbers below 5000 */
    firn_avro_close(r);
}

/* A reader whose arena was too small goes on where it was. */
static void a_failed_record_can_be_read_again(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("reader", 0);
    FIRN_AUTO(firn_arena_freep) firn_arena *small = firn_arena_new("small", 64);
    FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(8 * MEBI);
    FIRN_AUTO(firn_buf_free) firn_buf expected = FIRN_BUF(MEBI);
    FIRN_AUTO(firn_buf_free) firn_buf shown = FIRN_BUF(MEBI);
    firn_avro_reader *r = NULL;
    firn_avro_value v = {.kind = FIRN_AVRO_LONG, .u.i = 5};
    bool end = true;
    check_ok(write_sample(FIRN_AVRO_CODEC_DEFLATE, 1, &file, &err), &err);
    check_ok(firn_avro_open(firn_buf_slice(&file), MEBI, a, &r, &err), &err);
    check_ok(firn_avro_project(r, sample_wants, SAMPLE_WANTS, &err), &err);
    check_fails(firn_avro_next(r, small, &v, &end, &err), FIRN_E_LIMIT, &err, "small needs more");
    check_i64(v.u.i, 5);
    assert_true(end);
    check_ok(firn_avro_next(r, a, &v, &end, &err), &err);
    assert_false(end);
    show_value(&shown, &v);
    put_text(&shown, "\n");
    show_samples(&expected, 1);
    assert_string_equal(firn_buf_cstr(&shown), firn_buf_cstr(&expected));
    firn_avro_close(r);
}

/* --- projection ---------------------------------------------------------------------------- */

static void projections_are_checked(void **state FIRN_UNUSED)
{
    static const firn_avro_want twice[] = {{0, NULL, 0}, {1, NULL, 0}, {0, NULL, 0}};
    static const firn_avro_want records[] = {{1, inner_wants, 2}};
    firn_err err = {0};
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MEBI);
    firn_avro_reader *r = NULL;
    check_ok(write_sample(FIRN_AVRO_CODEC_NULL, 1, &file, &err), &err);
    check_ok(firn_avro_open(firn_buf_slice(&file), MEBI, a, &r, &err), &err);
    check_fails(firn_avro_project(r, twice, 3, &err), FIRN_E_INVAL, &err, "0 is wanted twice");
    check_fails(firn_avro_project(r, records, 1, &err), FIRN_E_DATA, &err,
                "field 'snapshot_id' (id 1): it is written as long where records are expected");
    check_reads(firn_buf_slice(&file), file_path_wants, 1, "{{'s3://bucket/a.parquet'}}\n");
    check_reads(firn_buf_slice(&file), NULL, 0, "{}\n");
    firn_avro_close(r);
}

/* --- other writers' tables ----------------------------------------------------------------- */

static bool load(const char *path, firn_buf *out)
{
    firn_err err = {0};
    char piece[16384];
    FILE *f = fopen(path, "rbe");
    if (!f)
        return false;
    size_t n;
    while ((n = fread(piece, 1, sizeof piece, f)) > 0)
        check_ok(firn_buf_add(out, piece, n, &err), &err);
    fclose(f);
    return true;
}

/* Files and rows by status: existing, added, deleted. */
typedef struct totals {
    int64_t files[3];
    int64_t rows[3];
} totals;

static void count_entries(const char *path, firn_slice file, totals *t)
{
    static const firn_avro_want file_parts[] = {{103, NULL, 0}};
    static const firn_avro_want wants[] = {{0, NULL, 0}, {2, file_parts, 1}};
    firn_err err = {0};
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    firn_avro_reader *r = NULL;
    bool end = false;
    check_ok(firn_avro_open(file, 64 * MEBI, a, &r, &err), &err);
    check_ok(firn_avro_project(r, wants, 2, &err), &err);
    for (;;) {
        firn_avro_value v;
        check_ok(firn_avro_next(r, a, &v, &end, &err), &err);
        if (end)
            break;
        int64_t status = v.u.items.v[0].u.i;
        if (status < 0 || status > 2)
            fail_msg("%s: status %lld", path, (long long)status);
        t->files[status]++;
        t->rows[status] += v.u.items.v[1].u.items.v[0].u.i;
    }
    firn_avro_close(r);
}

/* A manifest must hold what the manifest list says of it. */
static bool check_manifest(const char *list_path, const firn_avro_value *entry)
{
    /* counts: added, existing, deleted files; added, existing, deleted rows */
    static const size_t order[] = {1, 0, 2};
    firn_slice uri = entry->u.items.v[0].u.bytes;
    const char *name = memrchr(uri.p, '/', uri.n);
    assert_non_null(name);
    const char *folder_end = strrchr(list_path, '/');
    char path[4096];
    snprintf(path, sizeof path, "%.*s%.*s", (int)(folder_end - list_path), list_path,
             (int)((const char *)uri.p + uri.n - name), name);
    FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(64 * MEBI);
    if (!load(path, &file))
        return false;
    check_i64(file.n, entry->u.items.v[1].u.i);
    totals t = {0};
    count_entries(path, firn_buf_slice(&file), &t);
    for (size_t i = 0; i < 3; i++) {
        check_i64(t.files[order[i]], entry->u.items.v[2 + i].u.i);
        check_i64(t.rows[order[i]], entry->u.items.v[5 + i].u.i);
    }
    return true;
}

static size_t check_list(const char *path)
{
    static const firn_avro_want wants[] = {{500, NULL, 0}, {501, NULL, 0}, {504, NULL, 0},
                                           {505, NULL, 0}, {506, NULL, 0}, {512, NULL, 0},
                                           {513, NULL, 0}, {514, NULL, 0}};
    firn_err err = {0};
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(64 * MEBI);
    firn_avro_reader *r = NULL;
    bool end = false;
    size_t checked = 0;
    assert_true(load(path, &file));
    check_ok(firn_avro_open(firn_buf_slice(&file), 64 * MEBI, a, &r, &err), &err);
    check_ok(firn_avro_project(r, wants, FIRN_COUNT_OF(wants), &err), &err);
    for (;;) {
        firn_avro_value v;
        check_ok(firn_avro_next(r, a, &v, &end, &err), &err);
        if (end)
            break;
        checked += check_manifest(path, &v);
    }
    firn_avro_close(r);
    return checked;
}

static void other_writers_tables_are_read(void **state FIRN_UNUSED)
{
    const char *shared = getenv("FIRN_SHARED");
    if (!shared) {
        print_message("FIRN_SHARED is not set: no tables of other writers to read\n");
        skip();
    }
    char folder[4096];
    char *const roots[] = {folder, NULL};
    snprintf(folder, sizeof folder, "%s/iceberg-tables", shared);
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    assert_non_null(tree);
    size_t lists = 0;
    size_t manifests = 0;
    for (;;) {
        const FTSENT *e = fts_read(tree);
        if (!e)
            break;
        firn_str name = firn_str_of(e->fts_name);
        if (e->fts_info != FTS_F || !firn_str_starts(name, "snap-") ||
            !firn_str_ends(name, ".avro"))
            continue;
        manifests += check_list(e->fts_path);
        lists++;
    }
    fts_close(tree);
    print_message("%zu manifests of %zu manifest lists hold what the lists say\n", manifests,
                  lists);
    assert_true(lists > 0 && manifests >= lists);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_read_as_specified),
        cmocka_unit_test(values_are_skipped_to_the_byte),
        cmocka_unit_test(values_are_written_as_specified),
        cmocka_unit_test(long_arrays_are_read),
        cmocka_unit_test(integers_are_skipped),
        cmocka_unit_test(foreign_codecs_are_read),
        cmocka_unit_test(containers_may_be_laid_out_freely),
        cmocka_unit_test(names_are_resolved),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(values_stay_in_the_readers_arena),
        cmocka_unit_test(memory_is_that_of_one_record),
        cmocka_unit_test(a_failed_record_can_be_read_again),
        cmocka_unit_test(projections_are_checked),
        cmocka_unit_test(other_writers_tables_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
