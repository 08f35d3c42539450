/* SPDX-License-Identifier: Apache-2.0 */
/* Avro schemas: one that a writer takes is one that a reader takes, and an empty container of it
 * holds no records.  The input is the JSON text. */
#include "fuzz.h"

#include "format/avro.h"

const char *const fuzz_tokens[] = {
    "{\"type\":\"record\",\"name\":\"r\",\"fields\":[",
    "{\"type\":\"array\",\"items\":",
    "{\"type\":\"map\",\"values\":",
    "{\"type\":\"fixed\",\"name\":\"f\",\"size\":16}",
    "{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"A\"]}",
    "[\"null\",\"int\"]",
    "\"field-id\":1",
    "\"logicalType\":\"map\"",
    "\"default\":null",
    "\"namespace\":\"a.b\"",
    "\"r\"",
    "}",
    "]",
    ",",
    NULL,
};

static void close_reader(firn_avro_reader **r)
{
    firn_avro_close(*r);
}

static void read_back(firn_slice file, firn_arena *a)
{
    firn_err err = {0};
    FIRN_AUTO(close_reader) firn_avro_reader *r = NULL;
    firn_avro_value v;
    bool end = false;
    fuzz_require(firn_avro_open(file, 1 << 20, a, &r, &err) == FIRN_OK, "%s", err.text);
    fuzz_require(firn_avro_project(r, NULL, 0, &err) == FIRN_OK, "%s", err.text);
    fuzz_require(firn_avro_next(r, a, &v, &end, &err) == FIRN_OK && end, "%s", err.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t sync[16] = {1, 2, 3};
    firn_err err = {0};
    firn_arena *a = fuzz_arena();
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF((size_t)1 << 26);
    firn_avro_writer *w;
    firn_str schema = {(const char *)data, size};
    firn_code code = firn_avro_writer_new(schema, NULL, 0,
                                          size % 2 ? FIRN_AVRO_CODEC_DEFLATE : FIRN_AVRO_CODEC_NULL,
                                          sync, &out, a, &w, &err);
    if (fuzz_ok(code, &err)) {
        fuzz_require(firn_avro_finish(w, &err) == FIRN_OK, "%s", err.text);
        read_back(firn_buf_slice(&out), a);
    }
    firn_str name = firn_avro_sanitize(schema, a);
    fuzz_require(name.p, "no memory");
    fuzz_free(a, size, (size_t)8 << 20, 2000);
    return 0;
}
