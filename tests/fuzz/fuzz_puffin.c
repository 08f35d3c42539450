/* SPDX-License-Identifier: Apache-2.0 */
/* Puffin files: every blob that is handed out lies inside of the file. */
#include "fuzz.h"

#include "format/puffin.h"
#include "format/roaring.h"

const char *const fuzz_tokens[] = {
    "PFA1",
    "{\"blobs\":[",
    "\"type\":\"deletion-vector-v1\"",
    "\"fields\":[",
    "\"snapshot-id\":-1",
    "\"sequence-number\":-1",
    "\"offset\":4",
    "\"length\":",
    "\"compression-codec\":\"zstd\"",
    "\"properties\":{\"referenced-data-file\":\"/a\",\"cardinality\":\"1\"}",
    NULL,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    firn_err err = {0};
    firn_slice file = {data, size};
    firn_arena *a = fuzz_arena();
    firn_puffin p;
    if (fuzz_ok(firn_puffin_read(file, a, &p, &err), &err)) {
        for (size_t i = 0; i < p.blob_count; i++) {
            firn_slice blob;
            firn_bitmap *b = NULL;
            if (!fuzz_ok(firn_puffin_bytes(file, &p.blobs[i], &blob, &err), &err))
                continue;
            fuzz_require(blob.n == 0 || (blob.p >= data && blob.p + blob.n <= data + size),
                         "blob %zu lies outside", i);
            if (i < 10 && fuzz_ok(firn_deletion_vector_read(blob, 1 << 24, &b, &err), &err))
                firn_bitmap_free(b);
        }
    }
    fuzz_free(a, size, (size_t)1 << 20, 500);
    return 0;
}
