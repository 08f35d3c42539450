/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of positions, Roaring bitmaps and deletion vectors.  The golden files are pyroaring's (see
 * tests/tools/make_roaring.py), the short vectors Java's, as ICEBERG.md §7 has them. */
#include "check.h"

#include "base/hash.h"
#include "base/mem.h"
#include "format/roaring.h"

#include <stdlib.h>
#include <zlib.h>

static firn_err E;
static const size_t MAX = (size_t)64 << 20;

static bool in_array(int64_t i)
{
    return i < 3000 && i % 3 == 0;
}

static bool in_bits(int64_t i)
{
    return i < 100000 && i * i % 7 < 3;
}

static bool in_runs(int64_t i)
{
    return (i >= 10 && i < 5000) || (i >= 70000 && i < 200000);
}

static bool in_sparse(int64_t i)
{
    return i % 65536 == 0 && i / 65536 < 100;
}

static bool in_mixed(int64_t i)
{
    return i < 65536 || (i < 131072 && i % 2 == 0) ||
           (i >= 131072 && i < 200000 && (i - 131072) % 100 == 0) || (i >= 300000 && i < 400000);
}

static const struct {
    const char *name;
    bool (*has)(int64_t i);
    int64_t end;
} sets[] = {
    {"array.bin", in_array, 3000},   {"bits.bin", in_bits, 100000},
    {"runs.bin", in_runs, 200000},   {"sparse.bin", in_sparse, (int64_t)100 << 16},
    {"mixed.bin", in_mixed, 400000},
};

static firn_slice golden(const char *name)
{
    static uint8_t bytes[1 << 20];
    char path[512];
    snprintf(path, sizeof path, "%s/roaring/%s", getenv("FIRN_TEST_DATA"), name);
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_msg("no %s", path);
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    return (firn_slice){bytes, n};
}

/* Every position up to a little beyond the end is in the set exactly if the formula says so. */
static void check_set(const firn_bitmap *b, int64_t base, bool (*has)(int64_t), int64_t end)
{
    int64_t positions[1024];
    bool got[1024];
    for (int64_t from = 0; from < end + 70000; from += 1024) {
        for (int i = 0; i < 1024; i++)
            positions[i] = base + from + i;
        firn_bitmap_mark(b, positions, 1024, got);
        for (int i = 0; i < 1024; i++)
            if (got[i] != has(from + i))
                fail_msg("position %lld", (long long)positions[i]);
    }
}

static uint64_t count_of(bool (*has)(int64_t), int64_t end)
{
    uint64_t n = 0;
    for (int64_t i = 0; i < end; i++)
        n += has(i);
    return n;
}

static void test_golden(void **state FIRN_UNUSED)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(sets); i++) {
        firn_slice bytes = golden(sets[i].name);
        FIRN_AUTO(firn_bitmap_freep) firn_bitmap *b = firn_bitmap_new(MAX);
        size_t used;
        check_ok(firn_roaring_read(bytes, 0, b, &used, &E), &E);
        check_i64(used, bytes.n);
        check_i64(firn_bitmap_count(b), count_of(sets[i].has, sets[i].end));
        check_set(b, 0, sets[i].has, sets[i].end);
    }
}

static void test_golden_iterates(void **state FIRN_UNUSED)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(sets); i++) {
        FIRN_AUTO(firn_bitmap_freep) firn_bitmap *b = firn_bitmap_new(MAX);
        size_t used;
        check_ok(firn_roaring_read(golden(sets[i].name), 0, b, &used, &E), &E);
        int64_t at = firn_bitmap_next(b, -1);
        for (int64_t v = 0; v < sets[i].end; v++) {
            if (!sets[i].has(v))
                continue;
            check_i64(at, v);
            at = firn_bitmap_next(b, at + 1);
        }
        check_i64(at, -1);
    }
}

static void test_vector_of_halves(void **state FIRN_UNUSED)
{
    FIRN_AUTO(firn_bitmap_freep) firn_bitmap *b = NULL;
    check_ok(firn_deletion_vector_read(golden("halves.dv"), MAX, &b, &E), &E);
    check_set(b, 0, in_mixed, 400000);
    check_set(b, ((int64_t)INT32_MAX - 1) << 32, in_array, 3000);
    assert_true(firn_bitmap_has(b, ((int64_t)1 << 32) + 7));
    assert_false(firn_bitmap_has(b, ((int64_t)1 << 32) + 8));
    assert_false(firn_bitmap_has(b, ((int64_t)2 << 32) + 7));
    check_i64(firn_bitmap_count(b), count_of(in_mixed, 400000) + 1 + 1000);
}

/* ICEBERG.md §7; the second is Java's own resource file. */
static const struct {
    const char *hex;
    int64_t positions[5];
    size_t n;
} vectors[] = {
    {"0000000cd1d339640000000000000000bf18480c", {0}, 0},
    {"0000002ad1d339640100000000000000000000003a3000000100000000000400100000000100030005000700"
     "0900b3fb20be",
     {1, 3, 5, 7, 9},
     5},
    {"0000003cd1d339640200000000000000000000003a300000010000000000020010000000010003000500010000"
     "003a3000000100000000000000100000000700"
     "39f33967",
     {1, 3, 5, INT64_C(0x100000007)},
     4},
};

static firn_slice unhex(const char *hex)
{
    static uint8_t bytes[256];
    assert_true(firn_unhex(firn_str_of(hex), bytes));
    return (firn_slice){bytes, strlen(hex) / 2};
}

static void test_vectors(void **state FIRN_UNUSED)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(vectors); i++) {
        FIRN_AUTO(firn_bitmap_freep) firn_bitmap *b = NULL;
        check_ok(firn_deletion_vector_read(unhex(vectors[i].hex), MAX, &b, &E), &E);
        check_i64(firn_bitmap_count(b), vectors[i].n);
        int64_t at = -1;
        for (size_t k = 0; k < vectors[i].n; k++) {
            at = firn_bitmap_next(b, at + 1);
            check_i64(at, vectors[i].positions[k]);
        }
        check_i64(firn_bitmap_next(b, at + 1), -1);
    }
}

/* --- damage -------------------------------------------------------------------------------- */

/* Every single byte changed, every length cut: an error, as the checksum says. */
static void test_damaged_vectors(void **state FIRN_UNUSED)
{
    firn_slice blob = golden("halves.dv");
    uint8_t *copy = malloc(blob.n);
    for (size_t i = 0; i < blob.n; i += i < 200 ? 1 : 97) {
        firn_bitmap *b = NULL;
        memcpy(copy, blob.p, blob.n);
        copy[i] ^= 0x10;
        assert_int_equal(firn_deletion_vector_read((firn_slice){copy, blob.n}, MAX, &b, &E),
                         FIRN_E_DATA);
        assert_int_equal(firn_deletion_vector_read((firn_slice){blob.p, i}, MAX, &b, &E),
                         FIRN_E_DATA);
    }
    free(copy);
}

/* The checksum made right again: whatever comes out, nothing is read beyond the blob. */
static void test_forged_vectors(void **state FIRN_UNUSED)
{
    firn_slice blob = golden("halves.dv");
    size_t refused = 0;
    for (size_t i = 8; i < blob.n - 4; i += i < 400 ? 1 : 31) {
        for (int k = 0; k < 4; k++) {
            uint8_t *copy = malloc(blob.n); /* exactly as long: the sanitizer sees the rest */
            memcpy(copy, blob.p, blob.n);
            copy[i] ^= (uint8_t)(k == 3 ? 0xff : 1 << (3 * k));
            uint32_t crc = (uint32_t)crc32_z(0, copy + 4, blob.n - 8);
            for (int n = 0; n < 4; n++)
                copy[blob.n - 4 + (size_t)n] = (uint8_t)(crc >> (24 - 8 * n));
            FIRN_AUTO(firn_bitmap_freep) firn_bitmap *b = NULL;
            refused +=
                firn_deletion_vector_read((firn_slice){copy, blob.n}, MAX, &b, &E) == FIRN_E_DATA;
            free(copy);
        }
    }
    assert_true(refused > 500);
}

static void test_refusals(void **state FIRN_UNUSED)
{
    static const struct {
        const char *hex;
        const char *why;
    } rows[] = {
        {"", "cut off"},
        {"3a30", "cut off"},
        {"393000000100000000000000", "no such cookie"},
        {"3a300000ffffffff", "more containers than bytes"},
        {"3a30000001000100", "more containers than bytes"},
        /* one container of 2 values, the second not greater */
        {"3a30000001000000000001001000000005000500", "an array out of order"},
        {"3a300000010000000000010010000000050004", "an array cut off"},
        {"3a30000001000000000001001100000005000600", "another offset"},
        /* two containers of one key */
        {"3a3000000200000000000000000000001800000019000000050006", "containers out of order"},
        /* one run container: 2 values said, 3 there; a run beyond the end; runs that overlap */
        {"3b30000001000001000100050002"
         "00",
         "runs with another count"},
        {"3b3000000100000000010"
         "0ffff0100",
         "runs out of order"},
        {"3b300000010000030002000500010006"
         "000100",
         "runs out of order"},
        {"3b300000010000030002000500010006", "runs cut off"},
        {"3b3000000100000300000", "cut off"},
        {"3a300000010000000000ffff10000000", "a bit field cut off"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        FIRN_AUTO(firn_bitmap_freep) firn_bitmap *b = firn_bitmap_new(MAX);
        uint8_t bytes[64];
        size_t n = strlen(rows[i].hex) / 2;
        assert_true(n == 0 || firn_unhex((firn_str){rows[i].hex, 2 * n}, bytes));
        size_t used;
        check_fails(firn_roaring_read((firn_slice){bytes, n}, 0, b, &used, &E), FIRN_E_DATA, &E,
                    rows[i].why);
    }
}

/* A few bytes for every container of a full half: memory stays near what was read. */
static void test_runs_stay_small(void **state FIRN_UNUSED)
{
    size_t n = 65536;
    size_t bytes = 4 + n / 8 + n * 8 + n * 6;
    uint8_t *p = calloc(1, bytes);
    memcpy(p, "\x3b\x30\xff\xff", 4);
    memset(p + 4, 0xff, n / 8);
    uint8_t *keys = p + 4 + n / 8;
    uint8_t *offsets = keys + n * 4;
    uint8_t *runs = offsets + n * 4;
    for (size_t i = 0; i < n; i++) {
        size_t at = (size_t)(runs - p) + i * 6;
        keys[i * 4] = (uint8_t)i;
        keys[i * 4 + 1] = (uint8_t)(i >> 8);
        memset(keys + i * 4 + 2, 0xff, 2);
        for (int k = 0; k < 4; k++)
            offsets[i * 4 + (size_t)k] = (uint8_t)(at >> (8 * k));
        memcpy(runs + i * 6, "\x01\x00\x00\x00\xff\xff", 6);
    }
    FIRN_AUTO(firn_bitmap_freep) firn_bitmap *b = firn_bitmap_new(MAX);
    size_t used;
    check_ok(firn_roaring_read((firn_slice){p, bytes}, 0, b, &used, &E), &E);
    assert_true(firn_bitmap_count(b) == (uint64_t)1 << 32);
    assert_true(firn_bitmap_bytes(b) < bytes * 8);
    assert_true(firn_bitmap_has(b, UINT32_MAX));
    assert_false(firn_bitmap_has(b, (int64_t)UINT32_MAX + 1));
    FIRN_AUTO(firn_bitmap_freep) firn_bitmap *small = firn_bitmap_new((size_t)1 << 16);
    check_fails(firn_roaring_read((firn_slice){p, bytes}, 0, small, &used, &E), FIRN_E_LIMIT, &E,
                "65536 bytes");
    free(p);
}

/* --- building ------------------------------------------------------------------------------ */

static void test_added(void **state FIRN_UNUSED)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(sets); i++) {
        FIRN_AUTO(firn_bitmap_freep) firn_bitmap *up = firn_bitmap_new(MAX);
        FIRN_AUTO(firn_bitmap_freep) firn_bitmap *down = firn_bitmap_new(MAX);
        for (int64_t v = 0; v < sets[i].end; v++)
            if (sets[i].has(v))
                check_ok(firn_bitmap_add(up, v, &E), &E);
        for (int64_t v = sets[i].end - 1; v >= 0; v--)
            for (int twice = 0; twice < 2 && sets[i].has(v); twice++)
                check_ok(firn_bitmap_add(down, v, &E), &E);
        check_i64(firn_bitmap_count(up), count_of(sets[i].has, sets[i].end));
        check_i64(firn_bitmap_count(down), firn_bitmap_count(up));
        check_set(up, 0, sets[i].has, sets[i].end);
        check_set(down, 0, sets[i].has, sets[i].end);
    }
    FIRN_AUTO(firn_bitmap_freep) firn_bitmap *empty = firn_bitmap_new(MAX);
    check_fails(firn_bitmap_add(empty, -1, &E), FIRN_E_DATA, &E, "-1");
}

/* What is read can be added to: runs become a bit field. */
static void test_added_to_runs(void **state FIRN_UNUSED)
{
    FIRN_AUTO(firn_bitmap_freep) firn_bitmap *b = firn_bitmap_new(MAX);
    size_t used;
    check_ok(firn_roaring_read(golden("runs.bin"), 0, b, &used, &E), &E);
    uint64_t before = firn_bitmap_count(b);
    check_ok(firn_bitmap_add(b, 20, &E), &E);
    check_i64(firn_bitmap_count(b), before);
    check_ok(firn_bitmap_add(b, 5, &E), &E);
    check_i64(firn_bitmap_count(b), before + 1);
    assert_true(firn_bitmap_has(b, 5) && firn_bitmap_has(b, 4999) && !firn_bitmap_has(b, 5000));
}

static void test_limit(void **state FIRN_UNUSED)
{
    FIRN_AUTO(firn_bitmap_freep) firn_bitmap *b = firn_bitmap_new(4096);
    firn_code code = FIRN_OK;
    int64_t i = 0;
    while (code == FIRN_OK && i < 100000)
        code = firn_bitmap_add(b, 7 * i++, &E);
    assert_int_equal(code, FIRN_E_LIMIT);
    assert_true(firn_bitmap_bytes(b) <= 4096);
    assert_true(i > 500);
}

/* Each allocation fails in turn: an error, and nothing is lost or leaked. */
static void test_no_memory(void **state FIRN_UNUSED)
{
    firn_slice blob = golden("halves.dv");
    for (uint64_t n = 1;; n++) {
        firn_bitmap *b = NULL;
        firn_mem_fail_nth(n, true);
        firn_code code = firn_deletion_vector_read(blob, MAX, &b, &E);
        uint64_t failed = firn_mem_failed();
        firn_mem_fail_nth(0, false);
        firn_bitmap_free(b);
        if (!failed) {
            assert_int_equal(code, FIRN_OK);
            assert_true(n > 10);
            break;
        }
        assert_int_equal(code, FIRN_E_NOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_golden_iterates),
        cmocka_unit_test(test_vector_of_halves),
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_damaged_vectors),
        cmocka_unit_test(test_forged_vectors),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_runs_stay_small),
        cmocka_unit_test(test_added),
        cmocka_unit_test(test_added_to_runs),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
