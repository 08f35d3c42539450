/* SPDX-License-Identifier: Apache-2.0 */
/* format/avro on damaged, hostile and unlucky input: a code and an offset, never a crash, never
 * more time or memory than the bytes are worth. */
#include "avro_help.h"

#include "base/json.h"

#include <snappy-c.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

/* --- one thing wrong ----------------------------------------------------------------------- */

#define ARRAY(item) "{\"type\":\"array\",\"items\":" item "}"
#define NODE                                                                                       \
    "{\"type\":\"record\",\"name\":\"node\",\"fields\":[{\"name\":\"n\",\"field-id\":2,"           \
    "\"type\":[\"null\",\"node\"]}]}"

static const struct damage {
    const char *type;
    const char *hex; /* of the block */
    const char *part;
    bool read_only; /* whoever skips the value does not look so closely */
} damages[] = {
    {"\"boolean\"", "02", "neither 0 nor 1 at byte", true},
    {"\"boolean\"", "", "more records than the block can hold", false},
    {"\"int\"", "8080808010", "more than 32 bits", true},
    {"\"int\"", "8180808010", "more than 32 bits", true},
    {"\"long\"", "80808080808080808002", "more than 64 bits", true},
    {"\"long\"", "8080808080808080808001", "more than 64 bits", true},
    {"\"long\"", "80", "the data ends within", false},
    {"\"float\"", "000000", "more records than", false},
    {"\"string\"", "02", "a length beyond the end", false},
    {"\"string\"", "01", "a length beyond the end", false},
    {"\"bytes\"", "feffffffffffffffff01", "a length beyond the end", false},
    {"\"bytes\"", "ffffffffffffffffff01", "a length beyond the end", false},
    {"{\"type\":\"fixed\",\"name\":\"f\",\"size\":2147483647}", "00", "more records", false},
    {"{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"A\"]}", "02", "no such symbol", true},
    {"{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"A\"]}", "01", "no such symbol", true},
    {"[\"null\",\"boolean\"]", "02", "the data ends within", false},
    {"[\"null\",\"double\"]", "0200000000000000", "the data ends within", false},
    {"[\"null\",{\"type\":\"fixed\",\"name\":\"f\",\"size\":3}]", "026161", "the data ends within",
     false},
    {"[\"null\",\"int\"]", "04", "no such branch", false},
    {"[\"null\",\"int\"]", "01", "no such branch", false},
    {"[]", "00", "no such branch", false},
    {"\"int\"", "0000", "goes on behind its last record", false},
    /* counts that nothing stands behind */
    {ARRAY("\"long\""), "808080808080808010", "more items than the data can hold", false},
    {ARRAY("\"null\""), "808080808080808010", "more empty items than the file may have", true},
    {ARRAY("{\"type\":\"fixed\",\"name\":\"f\",\"size\":0}"), "feffffffffffffffff01",
     "more empty items", true},
    {ARRAY("{\"type\":\"record\",\"name\":\"s\",\"fields\":[]}"), "feffffffffffffffff01",
     "more empty items", true},
    {ARRAY("{\"type\":\"fixed\",\"name\":\"f\",\"size\":2147483647}"), "feffffffffffffffff01",
     "more items than", false},
    {ARRAY("{\"type\":\"fixed\",\"name\":\"f\",\"size\":16}"), "80808080808080802000",
     "more items than", false}, /* 2^60 of 16 bytes: 2^64 */
    {ARRAY("\"int\""), "ffffffffffffffffff010200", "more items than", true}, /* -2^63 items */
    {ARRAY("\"int\""), "0104000000", "items do not take the bytes", true},
    {ARRAY("\"int\""), "010a00", "items beyond the end", false},
    {ARRAY("\"int\""), "010100", "items beyond the end", false}, /* a negative size */
    {ARRAY("\"int\""), "0200", "the data ends within", false},   /* no end */
    {"{\"type\":\"map\",\"values\":\"null\"}", "feffffffffffffffff01", "more items than", false},
    {"{\"type\":\"map\",\"values\":\"null\"}", "0204", "a length beyond", false},
};

/* A container of one record with the damaged field x (id 1); with `behind` a long stands behind. */
static void put_damaged(firn_buf *file, const struct damage *d, const char *codec)
{
    FIRN_AUTO(firn_buf_free) firn_buf body = FIRN_BUF(MEBI);
    char schema[512];
    one_field(schema, sizeof schema, d->type);
    put_header(file, schema, codec);
    put_hex(&body, d->hex);
    put_block(file, 1, firn_buf_slice(&body));
}

static void damage_is_named(void **state FIRN_UNUSED)
{
    static const firn_avro_want read[] = {{1, NULL, 0}};
    static const firn_avro_want skip_it[] = {{2, NULL, 0}};
    for (size_t i = 0; i < FIRN_COUNT_OF(damages); i++) {
        const struct damage *d = &damages[i];
        firn_err err = {0};
        FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MEBI);
        put_damaged(&file, d, NULL);
        check_fails(show_all(firn_buf_slice(&file), read, 1, MEBI, MEBI, NULL, &err), FIRN_E_DATA,
                    &err, d->part);
        assert_non_null(strstr(err.text, "at byte"));
        if (!d->read_only)
            check_fails(show_all(firn_buf_slice(&file), skip_it, 1, MEBI, MEBI, NULL, &err),
                        FIRN_E_DATA, &err, "at byte");
    }
}

/* The number in the message is where the bytes stand in the file. */
static void offsets_are_those_of_the_file(void **state FIRN_UNUSED)
{
    static const firn_avro_want read[] = {{1, NULL, 0}};
    static const struct damage d = {"[\"null\",\"long\"]", "06", "", false};
    firn_err err = {0};
    char expected[64];
    FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MEBI);
    put_damaged(&file, &d, NULL);
    snprintf(expected, sizeof expected, "no such branch at byte %zu", file.n - SYNC_BYTES);
    check_fails(show_all(firn_buf_slice(&file), read, 1, 0, MEBI, NULL, &err), FIRN_E_DATA, &err,
                expected);
    file.p[file.n - 1] ^= 1;
    snprintf(expected, sizeof expected, "no sync marker behind the block at byte %zu",
             file.n - SYNC_BYTES);
    check_fails(show_all(firn_buf_slice(&file), read, 1, 0, MEBI, NULL, &err), FIRN_E_DATA, &err,
                expected);
}

/* --- containers and schemas ---------------------------------------------------------------- */

static void containers_are_checked(void **state FIRN_UNUSED)
{
    static const struct {
        const char *bytes;
        size_t n;
        firn_code code;
        const char *part;
    } rows[] = {
        {"", 0, FIRN_E_DATA, "no magic at byte 0"},
        {"Obj", 3, FIRN_E_DATA, "no magic at byte 0"},
        {"PAR1....", 8, FIRN_E_DATA, "no magic at byte 0"},
        {"AGS1....", 8, FIRN_E_UNSUPPORTED, "encrypted"},
        {"Obj\1", 4, FIRN_E_DATA, "ends within an integer at byte 4"},
        {"Obj\1\2\2a", 7, FIRN_E_DATA, "ends within an integer at byte 7"},
        {"Obj\1\2\2a\4b", 9, FIRN_E_DATA, "beyond the end of the data at byte 8"},
        {"Obj\1\1\6\2a\2b\0", 11, FIRN_E_DATA, "does not take the bytes it says at byte 10"},
        {"Obj\1\2\2a\2b\0", 10, FIRN_E_DATA, "within the header at byte 10"},
        {"Obj\1\2\2a\2b\0"
         "0123456789abcdef",
         26, FIRN_E_DATA, "no avro.schema"},
        {"Obj\1\xfe\xff\xff\xff\xff\xff\xff\xff\xff\1", 14, FIRN_E_DATA, "within an integer"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_err err = {0};
        firn_slice file = {(const uint8_t *)rows[i].bytes, rows[i].n};
        check_fails(show_all(file, NULL, 0, 0, MEBI, NULL, &err), rows[i].code, &err, rows[i].part);
    }
}

static void schemas_are_checked(void **state FIRN_UNUSED)
{
    static const struct {
        const char *schema;
        const char *part;
    } rows[] = {
        {"{", "not JSON"},
        {"7", "neither a name, an object nor an array"},
        {"\"int\"", "is a int, not a record"},
        {"\"what\"", "no type is named 'what'"},
        {"{}", "no 'type'"},
        {"{\"type\":\"record\"}", "'name' is missing"},
        {"{\"type\":\"record\",\"name\":\"r\"}", "'fields' is missing"},
        {"{\"type\":\"record\",\"name\":\"r\",\"fields\":[5]}", "'name' is missing"},
        {"{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"x\"}]}", "'x' has no type"},
        {"{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"x\",\"type\":\"int\","
         "\"field-id\":\"7\"}]}",
         "'field-id' should be an integer"},
        {"{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"x\",\"type\":\"int\","
         "\"field-id\":2147483648}]}",
         "field-id 2147483648 of 'x' is out of range"},
        {"{\"type\":\"array\"}", "the array has no 'items'"},
        {"{\"type\":\"map\",\"items\":\"int\"}", "the map has no 'values'"},
        {"{\"type\":\"fixed\",\"name\":\"f\",\"size\":-1}", "has the size -1"},
        {"{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[1]}", "symbol 0 of the enum 'e'"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_err err = {0};
        FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MEBI);
        put_header(&file, rows[i].schema, NULL);
        check_fails(show_all(firn_buf_slice(&file), NULL, 0, 0, MEBI, NULL, &err), FIRN_E_DATA,
                    &err, rows[i].part);
        assert_non_null(strstr(err.text, "avro.schema at byte "));
    }
}

static void codecs_that_firn_lacks_are_named(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MEBI);
    put_header(&file, sample_schema, "bzip2");
    check_fails(show_all(firn_buf_slice(&file), NULL, 0, 0, MEBI, NULL, &err), FIRN_E_UNSUPPORTED,
                &err, "'bzip2'");
}

/* Two fields of one id: whose value would it be? */
static void ids_are_unambiguous(void **state FIRN_UNUSED)
{
    static const char schema[] = "{\"type\":\"record\",\"name\":\"r\",\"fields\":["
                                 "{\"name\":\"x\",\"type\":\"int\",\"field-id\":1},"
                                 "{\"name\":\"y\",\"type\":\"int\",\"field-id\":1}]}";
    static const firn_avro_want wants[] = {{1, NULL, 0}};
    firn_err err = {0};
    FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MEBI);
    put_header(&file, schema, NULL);
    check_fails(show_all(firn_buf_slice(&file), wants, 1, 0, MEBI, NULL, &err), FIRN_E_DATA, &err,
                "two fields have the id 1");
    check_ok(show_all(firn_buf_slice(&file), NULL, 0, 0, MEBI, NULL, &err), &err);
}

/* --- depth --------------------------------------------------------------------------------- */

static void schemas_have_a_depth(void **state FIRN_UNUSED)
{
    for (int levels = 50; levels < 100; levels += 49) {
        firn_err err = {0};
        FIRN_AUTO(firn_buf_free) firn_buf type = FIRN_BUF(MEBI);
        FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MEBI);
        char schema[8192];
        for (int i = 0; i < levels; i++)
            put_text(&type, "{\"type\":\"array\",\"items\":");
        put_text(&type, "\"int\"");
        for (int i = 0; i < levels; i++)
            put_text(&type, "}");
        one_field(schema, sizeof schema, firn_buf_cstr(&type));
        put_header(&file, schema, NULL);
        firn_code code = show_all(firn_buf_slice(&file), NULL, 0, 0, MEBI, NULL, &err);
        assert_int_equal(code, levels < 60 ? FIRN_OK : FIRN_E_DATA);
        if (code)
            assert_non_null(strstr(err.text, "deeper than 64"));
    }
}

/* A record that holds itself nests as deep as the bytes say. */
static void values_have_a_depth(void **state FIRN_UNUSED)
{
    firn_avro_want nested[100] = {{2, NULL, 0}};
    for (size_t i = 1; i < FIRN_COUNT_OF(nested); i++)
        nested[i] = (firn_avro_want){2, &nested[i - 1], 1};
    firn_avro_want read = {1, &nested[FIRN_COUNT_OF(nested) - 1], 1};
    static const firn_avro_want skip_it = {9, NULL, 0};
    for (size_t levels = 20; levels <= 200000; levels *= 100) {
        firn_err err = {0};
        FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MEBI);
        FIRN_AUTO(firn_buf_free) firn_buf body = FIRN_BUF(MEBI);
        char schema[512];
        for (size_t i = 0; i < levels; i++)
            put_long(&body, 1);
        put_long(&body, 0);
        one_field(schema, sizeof schema, NODE);
        put_header(&file, schema, NULL);
        put_block(&file, 1, firn_buf_slice(&body));
        firn_slice all = firn_buf_slice(&file);
        if (levels == 20) {
            check_ok(show_all(all, &read, 1, 0, MEBI, NULL, &err), &err);
            check_ok(show_all(all, &skip_it, 1, 0, MEBI, NULL, &err), &err);
            continue;
        }
        check_fails(show_all(all, &read, 1, 0, MEBI, NULL, &err), FIRN_E_DATA, &err, "too deep");
        check_fails(show_all(all, &skip_it, 1, 0, MEBI, NULL, &err), FIRN_E_DATA, &err, "too deep");
    }
}

static void records_that_hold_themselves_end(void **state FIRN_UNUSED)
{
    static const char *const types[] = {
        "{\"type\":\"record\",\"name\":\"n\",\"fields\":[{\"name\":\"a\",\"type\":\"n\","
        "\"field-id\":2}]}",
        ARRAY("{\"type\":\"record\",\"name\":\"n\",\"fields\":[{\"name\":\"a\",\"type\":\"n\"},"
              "{\"name\":\"b\",\"type\":\"n\"}]}"),
    };
    static const firn_avro_want wants[] = {{1, NULL, 0}, {9, NULL, 0}};
    for (size_t i = 0; i < 4; i++) {
        firn_err err = {0};
        FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MEBI);
        char schema[512];
        one_field(schema, sizeof schema, types[i % 2]);
        put_header(&file, schema, NULL);
        put_block(&file, 1, (firn_slice){(const uint8_t *)"\2\0", 2});
        check_fails(show_all(firn_buf_slice(&file), &wants[i / 2], 1, MEBI, MEBI, NULL, &err),
                    FIRN_E_DATA, &err, "at byte");
    }
}

/* --- more than the bytes are worth --------------------------------------------------------- */

/* Types that double at each level: nothing is walked that takes no bytes, or more than once. */
static void doubling_types_cost_nothing(void **state FIRN_UNUSED)
{
    static const char *const leaves[] = {"null", "int", "string"};
    static const firn_avro_want wants[] = {{9, NULL, 0}};
    for (size_t leaf = 0; leaf < FIRN_COUNT_OF(leaves); leaf++) {
        firn_err err = {0};
        FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MEBI);
        FIRN_AUTO(firn_buf_free) firn_buf schema = FIRN_BUF(MEBI);
        check_ok(firn_buf_addf(&schema, &err,
                               "{\"type\":\"record\",\"name\":\"r\",\"fields\":["
                               "{\"name\":\"x0\",\"type\":{\"type\":\"record\",\"name\":\"r0\","
                               "\"fields\":[{\"name\":\"a\",\"type\":\"%s\"},"
                               "{\"name\":\"b\",\"type\":\"float\"}]}}",
                               leaves[leaf]),
                 &err);
        if (leaf == 0) { /* nothing but nulls */
            char *f = strstr((char *)schema.p, "float");
            memcpy(f, "null\"", 5);
            f[5] = ' ';
        }
        for (int i = 1; i < 120; i++)
            check_ok(firn_buf_addf(&schema, &err,
                                   ",{\"name\":\"x%d\",\"type\":{\"type\":\"record\","
                                   "\"name\":\"r%d\",\"fields\":[{\"name\":\"a\",\"type\":\"r%d\"},"
                                   "{\"name\":\"b\",\"type\":\"r%d\"}]}}",
                                   i, i, i - 1, i - 1),
                     &err);
        put_text(&schema, "]}");
        put_header(&file, firn_buf_cstr(&schema), NULL);
        put_block(&file, 1000, (firn_slice){(const uint8_t *)"\0\0\0\0\0\0\0", leaf ? 7 : 0});
        firn_code code = show_all(firn_buf_slice(&file), wants, 1, MEBI, MEBI, NULL, &err);
        assert_int_equal(code, leaf ? FIRN_E_DATA : FIRN_OK);
    }
}

/* Unions of records that refer to each other: more ways through the schema than memory. */
static void tangled_schemas_are_refused(void **state FIRN_UNUSED)
{
    enum { TYPES = 60, LEVELS = 8 };
    firn_avro_want nested[LEVELS] = {{1, NULL, 0}};
    for (size_t i = 1; i < LEVELS; i++)
        nested[i] = (firn_avro_want){1, &nested[i - 1], 1};
    firn_err err = {0};
    FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MEBI);
    FIRN_AUTO(firn_buf_free) firn_buf schema = FIRN_BUF(MEBI);
    put_text(&schema, "{\"type\":\"record\",\"name\":\"r0\",\"fields\":[{\"name\":\"x\","
                      "\"field-id\":1,\"type\":[\"null\"");
    for (int i = 1; i < TYPES; i++) {
        check_ok(firn_buf_addf(&schema, &err,
                               ",{\"type\":\"record\",\"name\":\"r%d\",\"fields\":[{\"name\":\"x\","
                               "\"field-id\":1,\"type\":[\"null\"",
                               i),
                 &err);
        for (int k = 0; k <= i; k++)
            check_ok(firn_buf_addf(&schema, &err, ",\"r%d\"", k), &err);
        put_text(&schema, "]}]}");
    }
    put_text(&schema, "]}]}");
    put_header(&file, firn_buf_cstr(&schema), NULL);
    check_fails(
        show_all(firn_buf_slice(&file), &nested[LEVELS - 1], 1, 256 * MEBI, MEBI, NULL, &err),
        FIRN_E_DATA, &err, "refers to itself too often");
}

/* Empty items are counted over the whole file, not block by block. */
static void empty_items_are_counted(void **state FIRN_UNUSED)
{
    static const firn_avro_want wants[] = {{1, NULL, 0}};
    static const struct {
        int64_t items;
        int64_t blocks;
        firn_code code;
    } rows[] = {{1000, 10, FIRN_OK}, {60000, 1, FIRN_OK}, {60000, 3, FIRN_E_DATA}};
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_err err = {0};
        char schema[512];
        FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MEBI);
        FIRN_AUTO(firn_buf_free) firn_buf body = FIRN_BUF(MEBI);
        one_field(schema, sizeof schema, ARRAY("\"null\""));
        put_header(&file, schema, NULL);
        put_long(&body, rows[i].items);
        put_long(&body, 0);
        for (int64_t k = 0; k < rows[i].blocks; k++)
            put_block(&file, 1, firn_buf_slice(&body));
        firn_code code = show_all(firn_buf_slice(&file), wants, 1, 0, MEBI, NULL, &err);
        assert_int_equal(code, rows[i].code);
    }
}

static void empty_records_are_counted(void **state FIRN_UNUSED)
{
    static const struct {
        int64_t records;
        size_t blocks;
        const char *part; /* of the error, if there is to be one */
    } rows[] = {
        {-1, 1, "a negative number of records"},
        {INT64_MIN, 1, "a negative number of records"},
        {INT64_MAX, 1, "more empty records"},
        {INT64_C(1) << 60, 1, "more empty records"},
        {60000, 1, NULL},
        {60000, 3, "more empty records"},
    };
    char schema[512];
    one_field(schema, sizeof schema, "\"null\"");
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_err err = {0};
        FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MEBI);
        put_header(&file, schema, NULL);
        for (size_t k = 0; k < rows[i].blocks; k++)
            put_block(&file, rows[i].records, (firn_slice){NULL, 0});
        firn_slice all = firn_buf_slice(&file);
        if (rows[i].part)
            check_fails(show_all(all, NULL, 0, 0, MEBI, NULL, &err), FIRN_E_DATA, &err,
                        rows[i].part);
        else
            check_ok(show_all(all, NULL, 0, 0, MEBI, NULL, &err), &err);
    }
}

/* A large file may have more of them. */
static void empty_items_may_be_as_many_as_bytes(void **state FIRN_UNUSED)
{
    enum { BYTES = 300000 };
    static const char schema[] = "{\"type\":\"record\",\"name\":\"r\",\"fields\":["
                                 "{\"name\":\"s\",\"type\":\"bytes\"},"
                                 "{\"name\":\"n\",\"field-id\":1,\"type\":" ARRAY("\"null\"") "}]}";
    static const firn_avro_want wants[] = {{1, NULL, 0}};
    static const uint8_t zeros[BYTES];
    firn_err err = {0};
    FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MEBI);
    FIRN_AUTO(firn_buf_free) firn_buf body = FIRN_BUF(MEBI);
    put_long(&body, BYTES);
    put(&body, zeros, BYTES);
    put_long(&body, BYTES);
    put_long(&body, 0);
    put_header(&file, schema, NULL);
    put_block(&file, 1, firn_buf_slice(&body));
    check_ok(show_all(firn_buf_slice(&file), wants, 1, 0, MEBI, NULL, &err), &err);
}

/* The tree of a schema's JSON is much larger than its text. */
static void schemas_have_a_size(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    FIRN_AUTO(firn_buf_free) firn_buf schema = FIRN_BUF(8 * MEBI);
    FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(8 * MEBI);
    for (size_t i = 0; i < 4 * MEBI; i += 64)
        put_text(&schema, "                                                                ");
    put_text(&schema, sample_schema);
    put_header(&file, firn_buf_cstr(&schema), NULL);
    check_fails(show_all(firn_buf_slice(&file), NULL, 0, 0, MEBI, NULL, &err), FIRN_E_LIMIT, &err,
                "at most 4194304 are read");
}

/* --- compressed blocks --------------------------------------------------------------------- */

static size_t deflate_bytes(const uint8_t *in, size_t n, uint8_t *out, size_t room)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    uint8_t *start = firn_mem_alloc(n + 1);
    memcpy(start, in, n);
    z.next_in = start;
    z.avail_in = (uInt)n;
    z.next_out = out;
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    firn_mem_free(start);
    return room - z.avail_out;
}

static size_t compress_bytes(const char *codec, const uint8_t *in, size_t n, uint8_t *out,
                             size_t room)
{
    if (strcmp(codec, "deflate") == 0)
        return deflate_bytes(in, n, out, room);
    if (strcmp(codec, "zstandard") == 0) {
        size_t got = ZSTD_compress(out, room, in, n, 3);
        assert_false(ZSTD_isError(got));
        return got;
    }
    size_t got = room - 4;
    assert_int_equal(snappy_compress((const char *)in, n, (char *)out, &got), SNAPPY_OK);
    uint32_t crc = (uint32_t)crc32_z(0, in, n);
    for (int i = 0; i < 4; i++)
        out[got++] = (uint8_t)(crc >> (24 - 8 * i));
    return got;
}

static const char *const codecs[] = {"deflate", "zstandard", "snappy"};

/* A container of one block that inflates to n bytes: a record of n booleans that are false. */
static void put_zeros(firn_buf *file, const char *codec, size_t n)
{
    uint8_t *zeros = firn_mem_alloc(n);
    uint8_t *packed = firn_mem_alloc(2 * n + 1000);
    char schema[512];
    assert_true(zeros && packed);
    memset(zeros, 0, n);
    one_field(schema, sizeof schema, "\"boolean\"");
    put_header(file, schema, codec);
    size_t got = compress_bytes(codec, zeros, n, packed, 2 * n + 1000);
    put_block(file, (int64_t)n, (firn_slice){packed, got});
    firn_mem_free(zeros);
    firn_mem_free(packed);
}

static void bombs_do_not_go_off(void **state FIRN_UNUSED)
{
    static const firn_avro_want wants[] = {{9, NULL, 0}};
    for (size_t i = 0; i < FIRN_COUNT_OF(codecs); i++) {
        firn_err err = {0};
        FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(16 * MEBI);
        put_zeros(&file, codecs[i], 300000);
        firn_slice all = firn_buf_slice(&file);
        check_ok(show_all(all, wants, 1, 64 * MEBI, 300000, NULL, &err), &err);
        check_fails(show_all(all, wants, 1, 64 * MEBI, 299999, NULL, &err), FIRN_E_LIMIT, &err,
                    "inflates to more than 299999 bytes");
        check_fails(show_all(all, wants, 1, 64 * MEBI, 1, NULL, &err), FIRN_E_LIMIT, &err,
                    "more than 1 bytes");
    }
}

/* A frame need not say how large it is: here it is written piece by piece. */
static void frames_of_unknown_size_are_read(void **state FIRN_UNUSED)
{
    enum { PIECE = 1 << 16, PIECES = 32 };
    static const firn_avro_want wants[] = {{9, NULL, 0}};
    static uint8_t packed[PIECE];
    static const uint8_t zeros[PIECE];
    ZSTD_outBuffer out = {packed, sizeof packed, 0};
    ZSTD_CCtx *c = ZSTD_createCCtx();
    for (int i = 0; i < PIECES; i++) {
        ZSTD_inBuffer in = {zeros, sizeof zeros, 0};
        ZSTD_EndDirective how = i == PIECES - 1 ? ZSTD_e_end : ZSTD_e_continue;
        while (ZSTD_compressStream2(c, &out, &in, how) != 0 && how == ZSTD_e_end)
            ;
    }
    ZSTD_freeCCtx(c);
    assert_true(ZSTD_getFrameContentSize(packed, out.pos) == ZSTD_CONTENTSIZE_UNKNOWN);

    firn_err err = {0};
    FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MEBI);
    char schema[512];
    one_field(schema, sizeof schema, "\"boolean\"");
    put_header(&file, schema, "zstandard");
    put_block(&file, PIECE * PIECES, (firn_slice){packed, out.pos});
    firn_slice all = firn_buf_slice(&file);
    check_ok(show_all(all, wants, 1, 128 * MEBI, PIECE * PIECES, NULL, &err), &err);
    check_fails(show_all(all, wants, 1, MEBI, PIECE * PIECES - 1, NULL, &err), FIRN_E_LIMIT, &err,
                "inflates to more than");
}

/* Every byte of a compressed block is needed, and snappy's checksum is looked at. */
static void compressed_blocks_are_checked(void **state FIRN_UNUSED)
{
    static const uint8_t text[] = "\x26some text, text, te\x26some text, text, te";
    char schema[512];
    one_field(schema, sizeof schema, "\"string\"");
    for (size_t i = 0; i < FIRN_COUNT_OF(codecs); i++) {
        uint8_t packed[256];
        size_t n = compress_bytes(codecs[i], text, sizeof text - 1, packed, sizeof packed);
        for (size_t keep = 0; keep <= n; keep++) {
            firn_err err = {0};
            FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MEBI);
            put_header(&file, schema, codecs[i]);
            put_block(&file, 2, (firn_slice){packed, keep});
            firn_code code = show_all(firn_buf_slice(&file), NULL, 0, MEBI, MEBI, NULL, &err);
            assert_int_equal(code, keep == n ? FIRN_OK : FIRN_E_DATA);
            if (code)
                assert_non_null(strstr(err.text, "block at byte "));
        }
    }
    uint8_t packed[256];
    size_t n = compress_bytes("snappy", text, sizeof text - 1, packed, sizeof packed);
    firn_err err = {0};
    FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MEBI);
    packed[n - 2] ^= 0x10; /* in the checksum */
    put_header(&file, schema, "snappy");
    put_block(&file, 2, (firn_slice){packed, n});
    check_fails(show_all(firn_buf_slice(&file), NULL, 0, MEBI, MEBI, NULL, &err), FIRN_E_DATA, &err,
                "checksum");

    /* 42 bytes of snappy that say they inflate to 16000 */
    static const char liar[] = "\x80\x7d"
                               "0123456789012345678901234567890123456789crc4";
    firn_buf_clear(&file);
    put_header(&file, schema, "snappy");
    put_block(&file, 2, (firn_slice){(const uint8_t *)liar, sizeof liar - 1});
    check_fails(show_all(firn_buf_slice(&file), NULL, 0, MEBI, MEBI, NULL, &err), FIRN_E_DATA, &err,
                "no true length");
}

/* --- chance -------------------------------------------------------------------------------- */

static uint64_t next_random(uint64_t *seed)
{
    *seed += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
    uint64_t z = *seed;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Changes, removes or inserts a byte, or cuts the end off. */
static void mutate(firn_buf *file, uint64_t *seed)
{
    static const uint8_t odd[] = {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff};
    size_t at = next_random(seed) % file->n;
    uint8_t byte = (uint8_t)next_random(seed);
    switch (next_random(seed) % 8) {
    case 0:
        memmove(file->p + at, file->p + at + 1, file->n - at - 1);
        file->n--;
        break;
    case 1:
        put(file, &byte, 1);
        memmove(file->p + at + 1, file->p + at, file->n - at - 1);
        file->p[at] = byte;
        break;
    case 2:
        file->n = at + 1;
        break;
    case 3:
        file->p[at] ^= (uint8_t)(1u << (byte % 8));
        break;
    case 4:
    case 5:
        file->p[at] = odd[byte % sizeof odd];
        break;
    default:
        file->p[at] = byte;
        break;
    }
}

/* Reads what there is to read; memory must stay in proportion. */
static firn_code read_mutant(const firn_buf *file, const firn_avro_want *wants, size_t count,
                             firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("mutant", 0);
    firn_avro_reader *r = NULL;
    bool end = false;
    FIRN_TRY(firn_avro_open(firn_buf_slice(file), 65536, a, &r, err));
    firn_code code = firn_avro_project(r, wants, count, err);
    for (size_t n = 0; code == FIRN_OK && !end; n++) {
        firn_avro_value v;
        code = firn_avro_next(r, a, &v, &end, err);
        assert_true(n < 200000);
    }
    if (firn_arena_used(a) > 16 * MEBI)
        fail_msg("%zu bytes for a file of %zu", firn_arena_used(a), file->n);
    firn_avro_close(r);
    return code;
}

static void mutants_are_survived(void **state FIRN_UNUSED)
{
    enum { MUTANTS = 20000 };
    firn_buf valid[4];
    size_t damaged = 0;
    for (size_t i = 0; i < FIRN_COUNT_OF(valid); i++) {
        firn_err err = {0};
        valid[i] = FIRN_BUF(MEBI);
        check_ok(write_sample((firn_avro_codec)i, 4, &valid[i], &err), &err);
    }
    uint64_t seed = 20260101;
    for (size_t i = 0; i < MUTANTS; i++) {
        firn_err err = {0};
        FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MEBI);
        const firn_buf *from = &valid[i % 8 < 4 ? FIRN_AVRO_CODEC_NULL : i % 4];
        put(&file, from->p, from->n);
        for (uint64_t n = 1 + next_random(&seed) % 3; n > 0; n--)
            mutate(&file, &seed);
        bool some = i % 2;
        firn_code code = read_mutant(&file, some ? file_path_wants : sample_wants,
                                     some ? 1 : SAMPLE_WANTS, &err);
        if (code != FIRN_OK && code != FIRN_E_DATA && code != FIRN_E_LIMIT &&
            code != FIRN_E_UNSUPPORTED)
            fail_msg("mutant %zu: code %d: %s", i, (int)code, err.text);
        damaged += code == FIRN_E_DATA;
    }
    assert_true(damaged > MUTANTS / 2);
    for (size_t i = 0; i < FIRN_COUNT_OF(valid); i++)
        firn_buf_free(&valid[i]);
}

/* A container that was cut off anywhere is damaged, but for a cut between two blocks. */
static void cut_files_are_noticed(void **state FIRN_UNUSED)
{
    char schema[512];
    one_field(schema, sizeof schema, "\"string\"");
    FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MEBI);
    put_header(&file, schema, "null");
    size_t header = file.n;
    put_block(&file, 2, (firn_slice){(const uint8_t *)"\2a\6bcd", 6});
    size_t first = file.n;
    put_block(&file, 1, (firn_slice){(const uint8_t *)"\2e", 2});
    for (size_t n = 0; n <= file.n; n++) {
        static const firn_avro_want wants[] = {{1, NULL, 0}};
        firn_err err = {0};
        FIRN_AUTO(firn_buf_free) firn_buf part = FIRN_BUF(MEBI);
        put(&part, file.p, n);
        bool whole = n == header || n == first || n == file.n;
        firn_code code = show_all(firn_buf_slice(&part), wants, 1, 0, MEBI, NULL, &err);
        assert_int_equal(code, whole ? FIRN_OK : FIRN_E_DATA);
    }
}

/* --- memory that is out -------------------------------------------------------------------- */

static firn_code read_file(const firn_buf *file, firn_err *err)
{
    return show_all(firn_buf_slice(file), sample_wants, SAMPLE_WANTS, 0, MEBI, NULL, err);
}

static firn_code write_file(firn_avro_codec codec, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(8 * MEBI);
    return write_sample(codec, 700, &out, err); /* more than one block */
}

/* Each allocation fails once, alone and with all that follow it; but for those of jansson 2.14,
 * which aborts in its lexer when memory runs out within a string. */
static void every_allocation_may_fail(void **state FIRN_UNUSED)
{
    FIRN_AUTO(firn_json_unref) json_t *first_use = firn_json_new_str(firn_str_of("x"));
    assert_non_null(first_use);
    json_set_alloc_funcs(malloc, free);
    for (size_t i = 0; i < 16; i++) {
        firn_avro_codec codec = (firn_avro_codec)(i % 4);
        bool sticky = i & 4;
        bool reads = i & 8;
        firn_err err = {0};
        FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(8 * MEBI);
        check_ok(write_sample(codec, 30, &file, &err), &err);
        bool survived = false;
        for (uint64_t n = 1; !survived; n++) {
            firn_err_clear(&err);
            firn_mem_fail_nth(n, sticky);
            firn_code code = reads ? read_file(&file, &err) : write_file(codec, &err);
            survived = firn_mem_failed() == 0;
            firn_mem_fail_nth(0, false);
            if (code != FIRN_E_NOMEM && code != FIRN_OK)
                fail_msg("allocation %llu: code %d: %s", (unsigned long long)n, (int)code,
                         err.text);
            if (survived || sticky)
                assert_int_equal(code, survived ? FIRN_OK : FIRN_E_NOMEM);
            assert_true(n < 20000);
        }
    }
}

/* Arenas with any limit up to what is needed: each of their allocations is refused once. */
static void every_limit_is_kept(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(8 * MEBI);
    check_ok(write_sample(FIRN_AVRO_CODEC_DEFLATE, 2, &file, &err), &err);
    for (int writes = 0; writes < 2; writes++) {
        size_t refused = 0;
        for (size_t limit = 16; limit < 65536; limit += 16) {
            FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(8 * MEBI);
            firn_err_clear(&err);
            firn_code code = writes ? write_limited(FIRN_AVRO_CODEC_NULL, 2, limit, &out, &err)
                                    : show_all(firn_buf_slice(&file), sample_wants, SAMPLE_WANTS,
                                               limit, MEBI, NULL, &err);
            if (code != FIRN_OK && code != FIRN_E_LIMIT)
                fail_msg("limit %zu: code %d: %s", limit, (int)code, err.text);
            refused += code == FIRN_E_LIMIT;
            assert_true(code == FIRN_OK || limit < 32768);
        }
        assert_true(refused > 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damage_is_named),
        cmocka_unit_test(offsets_are_those_of_the_file),
        cmocka_unit_test(containers_are_checked),
        cmocka_unit_test(schemas_are_checked),
        cmocka_unit_test(codecs_that_firn_lacks_are_named),
        cmocka_unit_test(ids_are_unambiguous),
        cmocka_unit_test(schemas_have_a_depth),
        cmocka_unit_test(values_have_a_depth),
        cmocka_unit_test(records_that_hold_themselves_end),
        cmocka_unit_test(doubling_types_cost_nothing),
        cmocka_unit_test(tangled_schemas_are_refused),
        cmocka_unit_test(empty_items_are_counted),
        cmocka_unit_test(empty_records_are_counted),
        cmocka_unit_test(empty_items_may_be_as_many_as_bytes),
        cmocka_unit_test(schemas_have_a_size),
        cmocka_unit_test(bombs_do_not_go_off),
        cmocka_unit_test(frames_of_unknown_size_are_read),
        cmocka_unit_test(compressed_blocks_are_checked),
        cmocka_unit_test(mutants_are_survived),
        cmocka_unit_test(cut_files_are_noticed),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(every_limit_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
