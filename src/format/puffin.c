/* SPDX-License-Identifier: Apache-2.0 */
#include "format/puffin.h"

#include "base/json.h"
#include "base/str.h"

#include <string.h>

#define MAGIC          "PFA1"
#define TRAILER_BYTES  ((size_t)12) /* payload size, flags, magic */
#define FLAG_LZ4       0x01
#define MAX_BLOB_COUNT ((size_t)1 << 24)

static firn_code damaged(const char *what, firn_err *err)
{
    return firn_raise(err, FIRN_E_DATA, "damaged Puffin file: %s", what);
}

static uint32_t le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool is_magic(const uint8_t *p)
{
    return memcmp(p, MAGIC, 4) == 0;
}

/* Finds the footer's JSON; *ret_end is where the blobs end. */
static firn_code find_payload(firn_slice file, firn_slice *ret, size_t *ret_end, firn_err *err)
{
    if (file.n < 8 + TRAILER_BYTES || !is_magic(file.p) || !is_magic(file.p + file.n - 4))
        return damaged("no magic bytes at its ends", err);
    const uint8_t *trailer = file.p + file.n - TRAILER_BYTES;
    uint32_t size = le32(trailer);
    uint32_t flags = le32(trailer + 4);
    if (flags & ~(uint32_t)FLAG_LZ4)
        return firn_raise(err, FIRN_E_UNSUPPORTED, "a Puffin footer with flags 0x%08x", flags);
    if (size > file.n - TRAILER_BYTES - 8)
        return damaged("its footer is longer than the file", err);
    const uint8_t *payload = trailer - size;
    if (!is_magic(payload - 4))
        return damaged("no magic bytes before its footer", err);
    if (flags & FLAG_LZ4)
        return firn_raise(err, FIRN_E_UNSUPPORTED,
                          "a Puffin footer that is compressed with LZ4 is not read");
    *ret = (firn_slice){payload, size};
    *ret_end = (size_t)(payload - 4 - file.p);
    return FIRN_OK;
}

static firn_code keep_text(firn_str text, firn_arena *a, firn_str *ret, firn_err *err)
{
    *ret = text.p ? firn_arena_str(a, text) : text;
    return text.p && !ret->p ? firn_arena_raise(a, err) : FIRN_OK;
}

static firn_code read_properties(const json_t *j, firn_arena *a, firn_puffin_blob *b, firn_err *err)
{
    json_t *properties;
    firn_str path = {NULL, 0};
    firn_str cardinality = {NULL, 0};
    b->cardinality = -1;
    FIRN_TRY(firn_json_opt_object(j, "properties", &properties, err));
    if (!properties)
        return FIRN_OK;
    FIRN_TRY(firn_json_opt_str(properties, "referenced-data-file", &path, err));
    FIRN_TRY(firn_json_opt_str(properties, "cardinality", &cardinality, err));
    if (cardinality.p && (!firn_str_i64(cardinality, &b->cardinality) || b->cardinality < 0))
        return damaged("a cardinality that is no number", err);
    return keep_text(path, a, &b->referenced_data_file, err);
}

static firn_code read_fields(const json_t *j, firn_arena *a, firn_puffin_blob *b, firn_err *err)
{
    json_t *fields;
    FIRN_TRY(firn_json_opt_array(j, "fields", &fields, err));
    b->field_count = json_array_size(fields);
    b->fields = firn_arena_array(a, b->field_count, sizeof *b->fields);
    if (!b->fields)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < b->field_count; i++) {
        const json_t *id = json_array_get(fields, i);
        if (!json_is_integer(id) || json_integer_value(id) != (int32_t)json_integer_value(id))
            return damaged("a field id that is no number", err);
        b->fields[i] = (int32_t)json_integer_value(id);
    }
    return FIRN_OK;
}

static firn_code read_blob(const json_t *j, size_t end, firn_arena *a, firn_puffin_blob *b,
                           firn_err *err)
{
    firn_str type;
    firn_str compression;
    FIRN_TRY(firn_json_str(j, "type", &type, err));
    FIRN_TRY(firn_json_i64(j, "offset", &b->offset, err));
    FIRN_TRY(firn_json_i64(j, "length", &b->length, err));
    FIRN_TRY(firn_json_opt_i64(j, "snapshot-id", -1, &b->snapshot_id, err));
    FIRN_TRY(firn_json_opt_i64(j, "sequence-number", -1, &b->sequence_number, err));
    FIRN_TRY(firn_json_opt_str(j, "compression-codec", &compression, err));
    if (b->offset < 4 || b->length < 0 || (uint64_t)b->offset > end ||
        (uint64_t)b->length > end - (uint64_t)b->offset)
        return damaged("a blob outside of it", err);
    FIRN_TRY(keep_text(type, a, &b->type, err));
    FIRN_TRY(keep_text(compression, a, &b->compression, err));
    FIRN_TRY(read_fields(j, a, b, err));
    return read_properties(j, a, b, err);
}

firn_code firn_puffin_read(firn_slice file, firn_arena *a, firn_puffin *ret, firn_err *err)
{
    firn_slice payload;
    size_t end;
    json_t *list;
    firn_puffin p = {0};
    FIRN_AUTO(firn_json_unref) json_t *root = NULL;
    FIRN_TRY(find_payload(file, &payload, &end, err));
    if (firn_json_parse(payload, &root, err) != FIRN_OK)
        return firn_wrap(err, "footer of a Puffin file");
    FIRN_TRY(firn_json_array(root, "blobs", &list, err));
    p.blob_count = json_array_size(list);
    if (p.blob_count > MAX_BLOB_COUNT)
        return damaged("too many blobs", err);
    p.blobs = firn_arena_array(a, p.blob_count, sizeof *p.blobs);
    if (!p.blobs)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < p.blob_count; i++)
        if (read_blob(json_array_get(list, i), end, a, &p.blobs[i], err) != FIRN_OK)
            return firn_wrap(err, "blob %zu", i);
    *ret = p;
    return FIRN_OK;
}

firn_code firn_puffin_bytes(firn_slice file, const firn_puffin_blob *blob, firn_slice *ret,
                            firn_err *err)
{
    if (blob->compression.p)
        return firn_raise(err, FIRN_E_UNSUPPORTED, "a Puffin blob compressed with %s is not read",
                          firn_quote(blob->compression).s);
    if (blob->offset < 0 || blob->length < 0 || (uint64_t)blob->offset > file.n ||
        (uint64_t)blob->length > file.n - (uint64_t)blob->offset)
        return damaged("a blob outside of it", err);
    *ret = (firn_slice){file.p + blob->offset, (size_t)blob->length};
    return FIRN_OK;
}
