/* SPDX-License-Identifier: Apache-2.0 */
/* Reads Avro object containers: header, blocks, records.
 *
 *   "Obj" 1 · metadata (map of bytes) · sync[16] · { count · size · bytes[size] · sync[16] }…
 *
 * A failed call leaves the reader where it was, so that it fails alike when called again. */
#include "format/avro_int.h"
#include "format/avro_value.h"

#include "base/str.h"

#include <string.h>

#define MAGIC_BYTES ((size_t)4)

/* Items and records that take no bytes: as many as the file has bytes, and a few for small ones. */
#define FREE_ITEMS ((uint64_t)1 << 16)

typedef struct meta_entry {
    firn_str key;
    firn_slice value;
} meta_entry;

struct firn_avro_reader {
    firn_slice file;
    firn_arena *arena;
    FIRN_VEC(meta_entry) meta;
    firn_avro_codec codec;
    firn_avro_press *press;
    const uint8_t *sync;
    const firn_avro_node *schema;
    const firn_avro_plan *plan;
    firn_buf inflated;   /* the current block */
    firn_avro_in in;     /* in the current block */
    uint64_t left;       /* records of the current block */
    uint64_t free_items; /* see FREE_ITEMS */
    firn_avro_keys only;
    const uint8_t *next; /* the next block, in the file */
};

/* --- header -------------------------------------------------------------------------------- */

static firn_avro_in file_at(const firn_avro_reader *r, const uint8_t *p)
{
    return (firn_avro_in){.p = p, .end = r->file.p + r->file.n, .start = r->file.p};
}

static firn_code check_magic(firn_slice file, firn_err *err)
{
    if (file.n >= MAGIC_BYTES && memcmp(file.p, "Obj\1", MAGIC_BYTES) == 0)
        return FIRN_OK;
    if (file.n >= MAGIC_BYTES && memcmp(file.p, "AGS1", MAGIC_BYTES) == 0)
        return firn_raise(err, FIRN_E_UNSUPPORTED, "the file is encrypted (AES GCM stream)");
    return firn_raise(err, FIRN_E_DATA, "not an Avro container: no magic at byte 0");
}

static firn_code read_entries(firn_avro_reader *r, firn_avro_in *in, uint64_t count, firn_err *err)
{
    for (; count > 0; count--) {
        firn_slice key = {0};
        firn_slice value = {0};
        FIRN_TRY(firn_avro_run(in, &key, err));
        FIRN_TRY(firn_avro_run(in, &value, err));
        meta_entry e = {{(const char *)key.p, key.n}, value};
        if (!firn_vec_push(r->arena, &r->meta, e))
            return firn_arena_raise(r->arena, err);
    }
    return FIRN_OK;
}

static firn_code read_header(firn_avro_reader *r, firn_err *err)
{
    FIRN_TRY(check_magic(r->file, err));
    firn_avro_in in = file_at(r, r->file.p + MAGIC_BYTES);
    for (;;) {
        uint64_t count = 0;
        const uint8_t *stop = NULL;
        FIRN_TRY(firn_avro_block(&in, &count, &stop, err));
        if (count == 0)
            break;
        FIRN_TRY(read_entries(r, &in, count, err));
        if (stop && in.p != stop)
            return firn_avro_bad(&in, err, "metadata does not take the bytes it says");
    }
    if (firn_avro_rest(&in) < FIRN_AVRO_SYNC_BYTES)
        return firn_avro_bad(&in, err, "the data ends within the header");
    r->sync = in.p;
    r->next = in.p + FIRN_AVRO_SYNC_BYTES;
    return FIRN_OK;
}

firn_slice firn_avro_meta(const firn_avro_reader *r, const char *key)
{
    for (size_t i = r->meta.n; i > 0; i--) /* the last of two wins, as in other readers */
        if (firn_str_eqc(r->meta.v[i - 1].key, key))
            return r->meta.v[i - 1].value;
    return (firn_slice){NULL, 0};
}

static firn_code read_schema(firn_avro_reader *r, firn_err *err)
{
    firn_slice schema = firn_avro_meta(r, "avro.schema");
    if (!schema.p)
        return firn_raise(err, FIRN_E_DATA, "the header at byte %zu holds no avro.schema",
                          MAGIC_BYTES);
    if (firn_avro_schema_parse(schema, false, r->arena, &r->schema, err) != FIRN_OK)
        return firn_wrap(err, "avro.schema at byte %zu", (size_t)(schema.p - r->file.p));
    firn_slice codec = firn_avro_meta(r, "avro.codec");
    if (!codec.n)
        return FIRN_OK;
    return firn_avro_codec_find((firn_str){(const char *)codec.p, codec.n}, &r->codec, err);
}

firn_code firn_avro_open(firn_slice file, size_t max_block_bytes, firn_arena *a,
                         firn_avro_reader **ret, firn_err *err)
{
    if (max_block_bytes == 0)
        return firn_raise(err, FIRN_E_INVAL, "blocks of at most 0 bytes");
    firn_avro_reader *r = firn_arena_zalloc(a, sizeof *r);
    if (!r)
        return firn_arena_raise(a, err);
    r->file = file;
    r->arena = a;
    r->codec = FIRN_AVRO_CODEC_NULL;
    r->inflated = FIRN_BUF(max_block_bytes);
    r->free_items = FREE_ITEMS;
    FIRN_TRY(read_header(r, err));
    FIRN_TRY(read_schema(r, err));
    *ret = r;
    return FIRN_OK;
}

void firn_avro_close(firn_avro_reader *r)
{
    if (!r)
        return;
    firn_buf_free(&r->inflated);
    firn_avro_press_free(&r->press);
    r->left = 0;
}

firn_code firn_avro_project(firn_avro_reader *r, const firn_avro_want *wants, size_t count,
                            firn_err *err)
{
    return firn_avro_plan_make(r->schema, wants, count, r->arena, &r->plan, err);
}

void firn_avro_only_keys(firn_avro_reader *r, const int32_t *keys, size_t count)
{
    r->only = (firn_avro_keys){keys, count};
}

/* --- blocks -------------------------------------------------------------------------------- */

/* Points *ret to the bytes of a block's records.  If values are to live as long as the reader's
 * arena, so must the block. */
static firn_code open_block(firn_avro_reader *r, firn_slice bytes, bool keep, firn_avro_in *ret,
                            firn_err *err)
{
    size_t offset = (size_t)(bytes.p - r->file.p);
    bool inflated = r->codec != FIRN_AVRO_CODEC_NULL;
    if (inflated) {
        if (firn_avro_inflate(&r->press, r->codec, bytes, &r->inflated, err) != FIRN_OK)
            return firn_wrap(err, "the block at byte %zu", offset);
        bytes = firn_buf_slice(&r->inflated);
        if (keep)
            bytes = firn_arena_copy(r->arena, bytes);
        if (keep && !bytes.p)
            return firn_arena_raise(r->arena, err);
    }
    *ret = (firn_avro_in){.p = bytes.p,
                          .end = bytes.p + bytes.n,
                          .start = bytes.p,
                          .offset = offset,
                          .inflated = inflated};
    return FIRN_OK;
}

/* Checks what a block says of itself against its bytes. */
static firn_code check_count(const firn_avro_reader *r, const firn_avro_in *block, int64_t count,
                             uint64_t *free_items, firn_err *err)
{
    uint64_t least = r->schema->min_bytes;
    uint64_t bytes = firn_avro_rest(block);
    *free_items += bytes;
    if (count < 0)
        return firn_avro_bad(block, err, "a negative number of records in the block");
    if (least > 0 && (uint64_t)count > bytes / least)
        return firn_avro_bad(block, err, "more records than the block can hold");
    if (least > 0)
        return FIRN_OK;
    if ((uint64_t)count > *free_items)
        return firn_avro_bad(block, err, "more empty records than the file may have");
    *free_items -= (uint64_t)count;
    return FIRN_OK;
}

static firn_code next_block(firn_avro_reader *r, bool keep, firn_err *err)
{
    firn_avro_in in = file_at(r, r->next);
    int64_t count = 0;
    firn_slice bytes = {0};
    FIRN_TRY(firn_avro_long(&in, &count, err));
    FIRN_TRY(firn_avro_run(&in, &bytes, err));
    if (firn_avro_rest(&in) < FIRN_AVRO_SYNC_BYTES)
        return firn_avro_bad(&in, err, "the data ends within a block");
    if (memcmp(in.p, r->sync, FIRN_AVRO_SYNC_BYTES) != 0)
        return firn_avro_bad(&in, err, "no sync marker behind the block");
    firn_avro_in block = {0};
    uint64_t free_items = r->free_items;
    FIRN_TRY(open_block(r, bytes, keep, &block, err));
    FIRN_TRY(check_count(r, &block, count, &free_items, err));
    r->in = block;
    r->left = (uint64_t)count;
    r->free_items = free_items;
    r->next = in.p + FIRN_AVRO_SYNC_BYTES;
    return FIRN_OK;
}

/* Makes the next record the current one; false in *ret if there is none. */
static firn_code find_record(firn_avro_reader *r, bool keep, bool *ret, firn_err *err)
{
    while (r->left == 0) {
        if (r->in.p != r->in.end)
            return firn_avro_bad(&r->in, err, "the block goes on behind its last record");
        r->in = (firn_avro_in){0};
        if (r->next == r->file.p + r->file.n) {
            *ret = false;
            return FIRN_OK;
        }
        FIRN_TRY(next_block(r, keep, err));
    }
    *ret = true;
    return FIRN_OK;
}

firn_code firn_avro_next(firn_avro_reader *r, firn_arena *a, firn_avro_value *ret, bool *ret_end,
                         firn_err *err)
{
    if (!r->plan)
        return firn_raise(err, FIRN_E_INVAL, "nothing was projected");
    bool found = false;
    FIRN_TRY(find_record(r, a == r->arena, &found, err));
    if (found) {
        firn_avro_in in = r->in;
        uint64_t free_items = r->free_items;
        FIRN_TRY(firn_avro_read_record(&in, r->plan, r->only, &free_items, a, ret, err));
        r->in = in;
        r->free_items = free_items;
        r->left--;
    }
    *ret_end = !found;
    return FIRN_OK;
}
