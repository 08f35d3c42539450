/* SPDX-License-Identifier: Apache-2.0 */
#include "iceberg/location.h"

#include "base/json.h"
#include "base/str.h"
#include "iceberg/bucket.h"

#include <string.h>

#define HASH_BITS  20
#define HASH_DIR   4 /* bits of each of … */
#define HASH_DEPTH 3 /* … so many folders; what is left makes one more */

static firn_str property(const json_t *properties, const char *key)
{
    const json_t *v = json_object_get(properties, key);
    return json_is_string(v) ? firn_json_text(v) : (firn_str){NULL, 0};
}

/* Java's Boolean.parseBoolean. */
static bool flag(const json_t *properties, const char *key, bool otherwise)
{
    firn_str v = property(properties, key);
    return v.p ? firn_str_ieq(v, FIRN_STR_LIT("true")) : otherwise;
}

static firn_str without_slashes(firn_str path)
{
    while (path.n > 1 && path.p[path.n - 1] == '/' && !firn_str_ends(path, "://"))
        path.n--;
    return path;
}

/* The last two names of the table's location: "namespace/table". */
static firn_str context_of(firn_str location)
{
    size_t at = location.n;
    for (int names = 0; names < 2; names++) {
        at -= at && names;
        while (at && location.p[at - 1] != '/')
            at--;
    }
    return (firn_str){location.p + at, location.n - at};
}

firn_code firn_data_layout_read(firn_str location, const json_t *properties, firn_arena *a,
                                firn_data_layout *ret, firn_err *err)
{
    static const char *const keys[] = {"write.data.path", "write.object-storage.path",
                                       "write.folder-storage.path"};
    location = without_slashes(location);
    firn_data_layout l = {.hashed = flag(properties, "write.object-storage.enabled", false)};
    firn_str folder = {NULL, 0};
    for (size_t i = 0; i < FIRN_COUNT_OF(keys) && !folder.p; i++) {
        if (i == 1 && !l.hashed)
            continue; /* means something to that layout only */
        folder = without_slashes(property(properties, keys[i]));
        l.said = folder.p ? keys[i] : NULL;
    }
    if (folder.p) {
        l.folder = firn_arena_str(a, folder);
    } else {
        const char *data = firn_arena_printf(a, "%.*s/data", FIRN_STR_ARG(location));
        l.folder = firn_str_of(data);
    }
    l.context = FIRN_STR_LIT("");
    bool inside =
        l.folder.p && l.folder.n >= location.n && memcmp(l.folder.p, location.p, location.n) == 0;
    if (l.hashed && !inside)
        l.context = firn_arena_str(a, context_of(location));
    if (!l.folder.p || !l.context.p)
        return firn_arena_raise(a, err);
    l.unpartitioned = l.hashed && !flag(properties, "write.object-storage.partitioned-paths", true);
    *ret = l;
    return FIRN_OK;
}

/* The last bits of the hash as folders: "0101/0110/1001/10110010". */
static firn_code add_hash(firn_str path, firn_buf *out, firn_err *err)
{
    uint32_t hash = firn_murmur3((firn_slice){(const uint8_t *)path.p, path.n});
    for (int i = 0; i < HASH_BITS; i++) {
        bool next = i && i % HASH_DIR == 0 && i / HASH_DIR <= HASH_DEPTH;
        if (next)
            FIRN_TRY(firn_buf_addc(out, '/', err));
        FIRN_TRY(firn_buf_addc(out, hash >> (HASH_BITS - 1 - i) & 1 ? '1' : '0', err));
    }
    return FIRN_OK;
}

firn_code firn_data_layout_path(const firn_data_layout *l, const firn_spec *spec,
                                const firn_type *types, const firn_value *partition, firn_str name,
                                firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf path = FIRN_BUF((size_t)64 << 20);
    if (spec->field_count && !l->unpartitioned) {
        FIRN_TRY(firn_partition_path(spec, types, partition, &path, err));
        FIRN_TRY(firn_buf_addc(&path, '/', err));
    }
    FIRN_TRY(firn_buf_addstr(&path, name, err));
    FIRN_TRY(firn_buf_addstr(out, l->folder, err));
    FIRN_TRY(firn_buf_addc(out, '/', err));
    if (l->hashed) {
        FIRN_TRY(add_hash(firn_buf_str(&path), out, err));
        bool joined = l->unpartitioned && l->context.n == 0;
        FIRN_TRY(firn_buf_addc(out, joined ? '-' : '/', err));
    }
    if (l->context.n) {
        FIRN_TRY(firn_buf_addstr(out, l->context, err));
        FIRN_TRY(firn_buf_addc(out, '/', err));
    }
    return firn_buf_addstr(out, firn_buf_str(&path), err);
}
