/* SPDX-License-Identifier: Apache-2.0 */
/* format/avro, writing: what is refused, what a failure leaves behind, names. */
#include "avro_help.h"

/* --- what a writer refuses ----------------------------------------------------------------- */

static firn_avro_value bad_bits = {.kind = FIRN_AVRO_BYTES,
                                   .u.bytes = {(const uint8_t *)"\xff", 1}};
static firn_avro_value one_long = {.kind = FIRN_AVRO_LONG, .u.i = 1};

static const struct {
    const char *type;
    firn_avro_value value;
    const char *part;
} misfits[] = {
    {"\"int\"", {.kind = FIRN_AVRO_LONG, .u.i = INT64_C(2147483648)}, "out of range for int"},
    {"[\"null\",\"int\"]",
     {.kind = FIRN_AVRO_LONG, .u.i = INT64_C(-2147483649)},
     "field 'x': -2147"},
    {"\"string\"", {.kind = FIRN_AVRO_BYTES, .u.bytes = {(const uint8_t *)"\xff", 1}}, "UTF-8"},
    {"{\"type\":\"fixed\",\"name\":\"f\",\"size\":2}",
     {.kind = FIRN_AVRO_BYTES, .u.bytes = {(const uint8_t *)"abc", 3}},
     "3 bytes for a fixed of 2"},
    {"{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"A\"]}",
     {.kind = FIRN_AVRO_BYTES, .u.bytes = {(const uint8_t *)"B", 1}},
     "no such symbol"},
    {"\"long\"", {.kind = FIRN_AVRO_NULL}, "null does not fit the type long"},
    {"\"double\"", {.kind = FIRN_AVRO_FLOAT}, "a float does not fit the type double"},
    {"[\"long\",\"string\"]", {.kind = FIRN_AVRO_BOOLEAN}, "a boolean does not fit the type union"},
    {"{\"type\":\"record\",\"name\":\"s\",\"fields\":[]}",
     {.kind = FIRN_AVRO_RECORD, .u.items = {&one_long, 1}},
     "1 items for a record of 0 fields"},
    {"{\"type\":\"array\",\"items\":\"string\"}",
     {.kind = FIRN_AVRO_ARRAY, .u.items = {&one_long, 1}},
     "a long does not fit the type string"},
    {"{\"type\":\"map\",\"values\":\"long\"}",
     {.kind = FIRN_AVRO_MAP, .u.items = {&one_long, 1}},
     "a map does not fit"},
    {"{\"type\":\"map\",\"values\":\"long\"}", {.kind = FIRN_AVRO_ARRAY}, "an array does not fit"},
    {"[{\"type\":\"array\",\"items\":\"string\"},\"bytes\"]",
     {.kind = FIRN_AVRO_ARRAY, .u.items = {&bad_bits, 1}},
     "UTF-8"},
};

static void misfits_are_refused(void **state FIRN_UNUSED)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(misfits); i++) {
        firn_err err = {0};
        FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
        FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MEBI);
        char schema[768];
        one_field(schema, sizeof schema, misfits[i].type);
        firn_avro_writer *w = NULL;
        firn_avro_value value = misfits[i].value;
        firn_avro_value record = a_list(FIRN_AVRO_RECORD, &value, 1);
        check_ok(firn_avro_writer_new(firn_str_of(schema), NULL, 0, FIRN_AVRO_CODEC_NULL,
                                      sync_marker, &file, a, &w, &err),
                 &err);
        check_fails(firn_avro_write(w, &record, &err), FIRN_E_INVAL, &err, misfits[i].part);
        check_fails(firn_avro_write(w, &record, &err), FIRN_E_INVAL, &err, "field 'x'");
        check_ok(firn_avro_finish(w, &err), &err);
        check_fails(firn_avro_write(w, &record, &err), FIRN_E_INVAL, &err, "finished");
    }
}

static void a_refused_record_leaves_no_trace(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MEBI);
    FIRN_AUTO(firn_buf_free) firn_buf expected = FIRN_BUF(MEBI);
    firn_avro_writer *w = NULL;
    sample s;
    check_ok(firn_avro_writer_new(firn_str_of(sample_schema), NULL, 0, FIRN_AVRO_CODEC_SNAPPY,
                                  sync_marker, &file, a, &w, &err),
             &err);
    make_sample(&s, 0);
    check_ok(firn_avro_write(w, &s.record, &err), &err);
    make_sample(&s, 2);
    s.tag_parts[1] = a_long(5);
    check_fails(firn_avro_write(w, &s.record, &err), FIRN_E_INVAL, &err,
                "field 'tags': field 'd': a long does not fit the type fixed");
    make_sample(&s, 1);
    check_ok(firn_avro_write(w, &s.record, &err), &err);
    check_ok(firn_avro_finish(w, &err), &err);
    show_samples(&expected, 2);
    check_reads(firn_buf_slice(&file), sample_wants, SAMPLE_WANTS, firn_buf_cstr(&expected));
}

/* A branch is chosen by all of the value when its outside leaves a choice. */
static void unions_take_the_first_branch_that_fits(void **state FIRN_UNUSED)
{
    static const char schema[] =
        "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"x\",\"field-id\":1,\"type\":["
        "{\"type\":\"record\",\"name\":\"a\",\"fields\":[{\"name\":\"i\",\"type\":\"int\","
        "\"field-id\":2}]},"
        "{\"type\":\"record\",\"name\":\"b\",\"fields\":[{\"name\":\"l\",\"field-id\":2,"
        "\"type\":[\"null\",{\"type\":\"map\",\"values\":\"long\"},\"long\"]}]},\"int\",\"long\"]}"
        "]}";
    static const struct {
        int64_t i;
        bool in_record;
        const char *hex;
    } rows[] = {
        {1, true, "0002"},
        {INT64_C(1) << 31, true, "02048080808010"},
        {1, false, "0402"},
        {INT64_C(1) << 31, false, "068080808010"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_err err = {0};
        FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
        FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MEBI);
        FIRN_AUTO(firn_buf_free) firn_buf body = FIRN_BUF(MEBI);
        firn_avro_writer *w = NULL;
        firn_avro_value number = a_long(rows[i].i);
        firn_avro_value inner = a_list(FIRN_AVRO_RECORD, &number, 1);
        firn_avro_value record = a_list(FIRN_AVRO_RECORD, rows[i].in_record ? &inner : &number, 1);
        check_ok(firn_avro_writer_new(firn_str_of(schema), NULL, 0, FIRN_AVRO_CODEC_NULL,
                                      sync_marker, &file, a, &w, &err),
                 &err);
        check_ok(firn_avro_write(w, &record, &err), &err);
        check_ok(firn_avro_finish(w, &err), &err);
        put_hex(&body, rows[i].hex);
        firn_slice bytes = body_of(firn_buf_slice(&file), body.n);
        assert_memory_equal(bytes.p, body.p, body.n);
        assert_int_equal(bytes.p[-1], 2 * body.n);
    }
}

/* What other readers would refuse is refused when it is written. */
static void schemas_for_writing_are_strict(void **state FIRN_UNUSED)
{
    static const struct {
        const char *schema;
        const char *part;
    } rows[] = {
        {"", "not JSON"},
        {"\"long\"", "is a long, not a record"},
        {"{\"type\":\"record\",\"name\":\"a b\",\"fields\":[]}", "'a b' is not a name"},
        {"{\"type\":\"record\",\"name\":\"1a\",\"fields\":[]}", "'1a' is not a name"},
        {"{\"type\":\"record\",\"name\":\"a..b\",\"fields\":[]}", "'' is not a name"},
        {"{\"type\":\"record\",\"name\":\"a\",\"fields\":[{\"name\":\"x-y\",\"type\":\"int\"}]}",
         "'x-y' is not a name"},
        {"{\"type\":\"record\",\"name\":\"a\",\"fields\":[{\"name\":\"x\",\"type\":\"int\"},"
         "{\"name\":\"x\",\"type\":\"int\"}]}",
         "two fields 'x'"},
        {"{\"type\":\"record\",\"name\":\"a\",\"fields\":[{\"name\":\"x\",\"type\":"
         "[\"int\",[\"null\"]]}]}",
         "directly in a union"},
        {"{\"type\":\"record\",\"name\":\"a\",\"fields\":[{\"name\":\"x\",\"type\":"
         "[\"int\",\"null\",\"int\"]}]}",
         "int twice"},
        {"{\"type\":\"record\",\"name\":\"a\",\"fields\":[{\"name\":\"x\",\"type\":"
         "[\"null\",\"a\",\"a\"]}]}",
         "record twice"},
    };
    static const firn_avro_meta_entry reserved[] = {{"avro.codec", {NULL, 0}}};
    firn_err err = {0};
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MEBI);
    firn_avro_writer *w = NULL;
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++)
        check_fails(firn_avro_writer_new(firn_str_of(rows[i].schema), NULL, 0, FIRN_AVRO_CODEC_NULL,
                                         sync_marker, &file, a, &w, &err),
                    FIRN_E_INVAL, &err, rows[i].part);
    check_fails(firn_avro_writer_new(firn_str_of(sample_schema), reserved, 1, FIRN_AVRO_CODEC_NULL,
                                     sync_marker, &file, a, &w, &err),
                FIRN_E_INVAL, &err, "avro.codec");
    assert_null(w);
    assert_int_equal(file.n, 0);
}

static void values_have_a_depth(void **state FIRN_UNUSED)
{
    static const char schema[] = "{\"type\":\"record\",\"name\":\"n\",\"fields\":["
                                 "{\"name\":\"next\",\"type\":[\"null\",\"n\"]}]}";
    enum { DEEP = 70 };
    firn_err err = {0};
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MEBI);
    firn_avro_writer *w = NULL;
    firn_avro_value nodes[DEEP] = {a_null()};
    for (size_t i = 1; i < DEEP; i++)
        nodes[i] = a_list(FIRN_AVRO_RECORD, &nodes[i - 1], 1);
    check_ok(firn_avro_writer_new(firn_str_of(schema), NULL, 0, FIRN_AVRO_CODEC_NULL, sync_marker,
                                  &file, a, &w, &err),
             &err);
    check_ok(firn_avro_write(w, &nodes[30], &err), &err);
    check_fails(firn_avro_write(w, &nodes[DEEP - 1], &err), FIRN_E_INVAL, &err,
                "deeper than 64 levels");
    check_ok(firn_avro_finish(w, &err), &err);
}

/* Blocks of about 64 KB: readers hold one, and split files at them. */
static void blocks_are_of_even_size(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(8 * MEBI);
    check_ok(write_sample(FIRN_AVRO_CODEC_NULL, 5000, &file, &err), &err);
    const uint8_t *end = file.p + file.n;
    const uint8_t *p = memmem(file.p, file.n, sync_marker, SYNC_BYTES);
    size_t blocks = 0;
    assert_non_null(p);
    for (p += SYNC_BYTES; p < end; blocks++) {
        const uint8_t *next = memmem(p, (size_t)(end - p), sync_marker, SYNC_BYTES);
        assert_non_null(next);
        size_t bytes = (size_t)(next - p);
        p = next + SYNC_BYTES;
        assert_true(bytes < 66000 && (bytes > 65000 || p == end));
    }
    assert_true(blocks > 3);
}

/* An output that is full keeps what it had. */
static void a_full_output_is_not_half_written(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    FIRN_AUTO(firn_buf_free) firn_buf whole = FIRN_BUF(MEBI);
    check_ok(write_sample(FIRN_AVRO_CODEC_NULL, 1, &whole, &err), &err);
    FIRN_AUTO(firn_buf_free) firn_buf tight = FIRN_BUF(whole.n - 1);
    check_fails(write_sample(FIRN_AVRO_CODEC_NULL, 1, &tight, &err), FIRN_E_LIMIT, &err, "bytes");
    check_reads(firn_buf_slice(&tight), sample_wants, SAMPLE_WANTS, "");
    FIRN_AUTO(firn_buf_free) firn_buf tiny = FIRN_BUF(100);
    check_fails(write_sample(FIRN_AVRO_CODEC_NULL, 1, &tiny, &err), FIRN_E_LIMIT, &err, "bytes");
    assert_int_equal(tiny.n, 0);
}

/* --- names --------------------------------------------------------------------------------- */

/* Rows with "Java" are the cases of Iceberg's TestAvroNameMapping. */
static void names_are_made_acceptable(void **state FIRN_UNUSED)
{
    static const char *const rows[][2] = {
        {"9x", "_9x"},              /* Java */
        {"x_", "x_"},               /* Java */
        {"a.b", "a_x2Eb"},          /* Java */
        {"\xe2\x98\x83", "_x2603"}, /* Java */
        {"a#b", "a_x23b"},          /* Java */
        {"_", "_"},
        {"a1", "a1"},
        {"1", "_1"},
        {"-1", "_x2D1"},
        {"a b", "a_x20b"},
        {"a\nb", "a_xAb"},
        {"\xf0\x9f\x98\x80", "_xD83D_xDE00"}, /* two of Java's characters */
        {"a\xff", "a_xFF"},                   /* not UTF-8: any name will do */
        {"", "_"},
    };
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++)
        check_str(firn_avro_sanitize(firn_str_of(rows[i][0]), a), rows[i][1]);
    firn_str fine = firn_str_of("fine");
    assert_ptr_equal(firn_avro_sanitize(fine, a).p, fine.p);
    FIRN_AUTO(firn_arena_freep) firn_arena *none = firn_arena_new("none", 1);
    assert_null(firn_avro_sanitize(firn_str_of("not fine"), none).p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(misfits_are_refused),
        cmocka_unit_test(a_refused_record_leaves_no_trace),
        cmocka_unit_test(unions_take_the_first_branch_that_fits),
        cmocka_unit_test(schemas_for_writing_are_strict),
        cmocka_unit_test(values_have_a_depth),
        cmocka_unit_test(blocks_are_of_even_size),
        cmocka_unit_test(a_full_output_is_not_half_written),
        cmocka_unit_test(names_are_made_acceptable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
