/* SPDX-License-Identifier: Apache-2.0 */
/* Puffin footers: the layout as the specification draws it, and damage at every byte. */
#include "check.h"

#include "format/puffin.h"

#include <stdlib.h>

static firn_err E;
static firn_arena *A;

static int setup(void **state FIRN_UNUSED)
{
    A = firn_arena_new("test", 0);
    return A ? 0 : -1;
}

static int teardown(void **state FIRN_UNUSED)
{
    firn_arena_free(A);
    return 0;
}

/* magic, blobs, magic, payload, size, flags, magic */
static firn_slice puffin_of(const char *blobs, const char *payload, uint8_t flag)
{
    uint8_t *p = firn_arena_zalloc(A, 24 + strlen(blobs) + strlen(payload));
    size_t n = 0;
    memcpy(p, "PFA1", 4);
    n = 4;
    memcpy(p + n, blobs, strlen(blobs));
    n += strlen(blobs);
    memcpy(p + n, "PFA1", 4);
    n += 4;
    memcpy(p + n, payload, strlen(payload));
    n += strlen(payload);
    p[n] = (uint8_t)strlen(payload);
    p[n + 1] = (uint8_t)(strlen(payload) >> 8);
    p[n + 4] = flag;
    memcpy(p + n + 8, "PFA1", 4);
    return (firn_slice){p, n + 12};
}

static const char two[] =
    "{\"blobs\":[{\"type\":\"deletion-vector-v1\",\"fields\":[2147483645],\"snapshot-id\":-1,"
    "\"sequence-number\":-1,\"offset\":4,\"length\":3,\"properties\":{"
    "\"referenced-data-file\":\"s3://b/f.parquet\",\"cardinality\":\"12\"}},"
    "{\"type\":\"apache-datasketches-theta-v1\",\"fields\":[1,3],\"snapshot-id\":77,"
    "\"sequence-number\":5,\"offset\":7,\"length\":2,\"compression-codec\":\"zstd\"}],"
    "\"properties\":{\"created-by\":\"a test\"}}";

static void test_read(void **state FIRN_UNUSED)
{
    firn_slice file = puffin_of("abcde", two, 0);
    firn_puffin p;
    firn_slice bytes;
    check_ok(firn_puffin_read(file, A, &p, &E), &E);
    check_i64(p.blob_count, 2);
    check_str(p.blobs[0].type, FIRN_PUFFIN_DELETION_VECTOR);
    check_str(p.blobs[0].referenced_data_file, "s3://b/f.parquet");
    check_i64(p.blobs[0].cardinality, 12);
    check_i64(p.blobs[0].fields[0], 2147483645);
    check_i64(p.blobs[0].snapshot_id, -1);
    check_ok(firn_puffin_bytes(file, &p.blobs[0], &bytes, &E), &E);
    check_str(((firn_str){(const char *)bytes.p, bytes.n}), "abc");
    check_i64(p.blobs[1].field_count, 2);
    check_i64(p.blobs[1].snapshot_id, 77);
    check_i64(p.blobs[1].cardinality, -1);
    check_fails(firn_puffin_bytes(file, &p.blobs[1], &bytes, &E), FIRN_E_UNSUPPORTED, &E, "zstd");
}

static void test_empty(void **state FIRN_UNUSED)
{
    firn_puffin p;
    check_ok(firn_puffin_read(puffin_of("", "{\"blobs\":[]}", 0), A, &p, &E), &E);
    check_i64(p.blob_count, 0);
}

static void test_refused(void **state FIRN_UNUSED)
{
    static const struct {
        const char *payload;
        uint8_t flags;
        firn_code code;
        const char *why;
    } rows[] = {
        {"{\"blobs\":[]}", 1, FIRN_E_UNSUPPORTED, "LZ4"},
        {"{\"blobs\":[]}", 2, FIRN_E_UNSUPPORTED, "flags 0x00000002"},
        {"{}", 0, FIRN_E_DATA, "'blobs' is missing"},
        {"{\"blobs\":[", 0, FIRN_E_DATA, "not JSON"},
        {"[]", 0, FIRN_E_DATA, "blobs"},
        {"{\"blobs\":[7]}", 0, FIRN_E_DATA, "blob 0"},
        {"{\"blobs\":[{\"type\":\"t\",\"offset\":3,\"length\":1}]}", 0, FIRN_E_DATA, "outside"},
        {"{\"blobs\":[{\"type\":\"t\",\"offset\":4,\"length\":6}]}", 0, FIRN_E_DATA, "outside"},
        {"{\"blobs\":[{\"type\":\"t\",\"offset\":4,\"length\":-1}]}", 0, FIRN_E_DATA, "outside"},
        {"{\"blobs\":[{\"type\":\"t\",\"offset\":9223372036854775807,"
         "\"length\":9223372036854775807}]}",
         0, FIRN_E_DATA, "outside"},
        {"{\"blobs\":[{\"type\":\"t\",\"offset\":4,\"length\":1,\"fields\":[\"x\"]}]}", 0,
         FIRN_E_DATA, "field id"},
        {"{\"blobs\":[{\"type\":\"t\",\"offset\":4,\"length\":1,"
         "\"properties\":{\"cardinality\":\"many\"}}]}",
         0, FIRN_E_DATA, "cardinality"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_puffin p;
        check_fails(firn_puffin_read(puffin_of("abcde", rows[i].payload, rows[i].flags), A, &p, &E),
                    rows[i].code, &E, rows[i].why);
    }
}

/* Whatever byte is changed, and wherever the file ends: blobs lie inside of it, or there is an
 * error. */
static void test_damage(void **state FIRN_UNUSED)
{
    firn_slice file = puffin_of("abcde", two, 0);
    size_t refused = 0;
    for (size_t i = 0; i < file.n; i++) {
        for (int k = 0; k < 8; k++) {
            uint8_t *copy = malloc(file.n);
            firn_puffin p;
            memcpy(copy, file.p, file.n);
            copy[i] ^= (uint8_t)(1 << k);
            firn_slice damaged = {copy, file.n};
            bool ok = firn_puffin_read(damaged, A, &p, &E) == FIRN_OK;
            for (size_t b = 0; ok && b < p.blob_count; b++)
                assert_true(p.blobs[b].offset >= 4 && p.blobs[b].offset + p.blobs[b].length <= 9);
            refused += !ok;
            free(copy);
        }
        firn_puffin cut;
        uint8_t *copy = malloc(i + 1);
        memcpy(copy, file.p, i);
        assert_int_not_equal(firn_puffin_read((firn_slice){copy, i}, A, &cut, &E), FIRN_OK);
        free(copy);
    }
    assert_true(refused > file.n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
