/* SPDX-License-Identifier: Apache-2.0 */
/* Roaring bitmaps and deletion vectors: counting, asking and going through a set agree, and a set
 * takes no more memory than its bytes are worth.  The input is the bitmaps of a deletion vector,
 * which gets its length, magic and checksum here, so that mutations come behind them. */
#include "fuzz.h"

#include "format/roaring.h"

#include <zlib.h>

#define MAX_SET ((size_t)64 << 20)
#define LOOK_AT 3000

const char *const fuzz_tokens[] = {
    "\x3a\x30", "\x3b\x30", "\x3b\x30\x01", "\x01\x01\x01\x01", "\xff\xff\xff\xff", "\xff\xff",
    "\x10\x20", "\x01\x10", NULL,
};

static void ask(const firn_bitmap *b)
{
    firn_err err = {0};
    int64_t positions[LOOK_AT];
    bool marked[LOOK_AT];
    size_t n = 0;
    firn_bitmap *again = firn_bitmap_new(MAX_SET);
    fuzz_require(again, "no memory");
    for (int64_t at = firn_bitmap_next(b, 0); at >= 0 && n < LOOK_AT; n++) {
        fuzz_require(n == 0 || at > positions[n - 1], "%lld comes late", (long long)at);
        fuzz_require(firn_bitmap_has(b, at), "%lld is not there", (long long)at);
        fuzz_require(firn_bitmap_add(again, at, &err) == FIRN_OK, "%s", err.text);
        positions[n] = at;
        at = at == INT64_MAX ? -1 : firn_bitmap_next(b, at + 1);
    }
    fuzz_require(n == LOOK_AT || n == firn_bitmap_count(b), "%zu of %llu", n,
                 (unsigned long long)firn_bitmap_count(b));
    fuzz_require(firn_bitmap_count(again) == n, "added otherwise");
    firn_bitmap_mark(b, positions, n, marked);
    for (size_t i = 0; i < n; i++)
        fuzz_require(marked[i], "%lld is not marked", (long long)positions[i]);
    firn_bitmap_free(again);
}

static void try_bitmap(firn_slice bytes)
{
    firn_err err = {0};
    size_t used = 0;
    firn_bitmap *b = firn_bitmap_new(MAX_SET);
    fuzz_require(b, "no memory");
    if (fuzz_ok(firn_roaring_read(bytes, (uint64_t)3 << 32, b, &used, &err), &err)) {
        fuzz_require(used <= bytes.n, "%zu of %zu bytes", used, bytes.n);
        fuzz_require(firn_bitmap_bytes(b) <= 4096 + 64 * bytes.n, "%zu bytes for %zu",
                     firn_bitmap_bytes(b), bytes.n);
        ask(b);
    }
    firn_bitmap_free(b);
}

static void big_endian(uint32_t v, uint8_t out[4])
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void try_vector(firn_slice blob)
{
    firn_err err = {0};
    firn_bitmap *b = NULL;
    if (!fuzz_ok(firn_deletion_vector_read(blob, MAX_SET, &b, &err), &err))
        return;
    ask(b);
    firn_bitmap_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t magic[4] = {0xd1, 0xd3, 0x39, 0x64};
    FIRN_AUTO(firn_buf_free) firn_buf blob = FIRN_BUF((size_t)1 << 28);
    uint8_t word[4];
    try_bitmap((firn_slice){data, size});
    try_vector((firn_slice){data, size});
    big_endian((uint32_t)size + 4, word);
    bool ok = firn_buf_add(&blob, word, 4, NULL) == FIRN_OK &&
              firn_buf_add(&blob, magic, 4, NULL) == FIRN_OK &&
              firn_buf_add(&blob, data, size, NULL) == FIRN_OK;
    fuzz_require(ok, "no memory");
    big_endian((uint32_t)crc32(0, blob.p + 4, (uInt)size + 4), word);
    fuzz_require(firn_buf_add(&blob, word, 4, NULL) == FIRN_OK, "no memory");
    try_vector(firn_buf_slice(&blob));
    return 0;
}
