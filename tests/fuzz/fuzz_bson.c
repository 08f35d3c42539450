/* SPDX-License-Identifier: Apache-2.0 */
/* BSON data: whatever the pieces, the rows and the rejects are the same; what is printed as
 * Extended JSON is JSON, and lands as the same rows. */
#include "fuzz_decode.h"

#include "format/bson.h"

const char *const fuzz_tokens[] = {
    "\x01",
    "\x02",
    "\x03",
    "\x04",
    "\x05",
    "\x07",
    "\x09",
    "\x0b",
    "\x0f",
    "\x11",
    "\x13",
    "\x7f",
    "\xff",
    "\x02"
    "a",
    "\x10"
    "a",
    "\x12"
    "a",
    "\x03"
    "a",
    "\x04"
    "a",
    "\x13"
    "a",
    "\x08"
    "b",
    "2024-01-31",
    "2024-01-31T10:00:00Z",
    "_id",
    "$ref",
    "$id",
    "\xed\xa0\x80",
    "\x7f\xff\xff\xff",
    NULL,
};

/* The JSON of every document that can be read. */
static void print_all(firn_slice data, firn_buf *out)
{
    firn_bson_why why;
    size_t at = 0;
    while (data.n - at >= FIRN_BSON_MIN_BYTES) {
        int32_t n = firn_bson_i32(data.p + at);
        if (n < FIRN_BSON_MIN_BYTES || (size_t)n > data.n - at)
            return;
        firn_slice document = {data.p + at, (size_t)n};
        if (firn_bson_check(document, &why)) {
            size_t before = out->n;
            fuzz_require(firn_bson_print(FIRN_BSON_DOCUMENT, document, out, NULL) == FIRN_OK,
                         "no memory");
            fuzz_require(firn_utf8_valid((const char *)out->p + before, out->n - before),
                         "not UTF-8");
            fuzz_require(firn_buf_addc(out, '\n', NULL) == FIRN_OK, "no memory");
        } else {
            fuzz_require(why.id && why.what && why.at <= document.n, "a reason at %zu", why.at);
        }
        at += (size_t)n;
    }
}

/* What stands before the rejects, which name other places. */
static size_t rows_of(const char *print)
{
    const char *rejects = strstr(print, "\n! ");
    return rejects ? (size_t)(rejects + 1 - print) : strlen(print);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const firn_format_opt options[] = {{.records = {NULL, 0}}, {.max_record_bytes = 40}};
    const firn_slice bytes = {data, size};
    for (size_t i = 0; i < FIRN_COUNT_OF(options); i++)
        fuzz_decode_all(&firn_decoder_bson, &options[i], bytes);
    FIRN_AUTO(firn_buf_free) firn_buf json = FIRN_BUF((size_t)1 << 28);
    FIRN_AUTO(firn_arena_freep) firn_arena *a = fuzz_arena();
    print_all(bytes, &json);
    const fuzz_decode as_bson = {.ops = &firn_decoder_bson, .rows = 1000};
    const fuzz_decode as_json = {.ops = &firn_decoder_json, .rows = 1000};
    const char *x = fuzz_decode_print(&as_bson, bytes, a);
    const char *y = fuzz_decode_print(&as_json, firn_buf_slice(&json), a);
    bool failed = strncmp(x, "error: ", 7) == 0 || strncmp(y, "error: ", 7) == 0;
    fuzz_require(failed || (rows_of(x) == rows_of(y) && memcmp(x, y, rows_of(x)) == 0),
                 "BSON and its JSON differ\n--- BSON\n%.600s\n--- JSON\n%.600s", x, y);
    return 0;
}
