/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/landed.h"

#include "base/hash.h"
#include "base/map.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#define ENTRY_BYTES    24
#define SIZE_MAX_KEPT  ((UINT64_C(1) << 40) - 1)
#define TRUST_AFTER_US 2000000
#define MAX_BYTES      ((size_t)64 << 20)

/* --- entries ------------------------------------------------------------------------------- */

static uint32_t hash_times(const firn_stat *st)
{
    const int64_t times[2] = {st->mtime_ns, st->ctime_ns};
    uint32_t h = (uint32_t)(firn_hash64(times, sizeof times) & 0xffffff);
    return h ? h : 1;
}

static uint64_t kept_size(uint64_t size)
{
    return FIRN_MIN(size, SIZE_MAX_KEPT);
}

firn_landed_file firn_landed_entry(firn_str name, const firn_stat *st, uint64_t content_hash,
                                   int64_t now_us)
{
    bool settled = st->mtime_ns / 1000 < now_us - TRUST_AFTER_US;
    return (firn_landed_file){
        .name_hash = firn_hash64(name.p, name.n),
        .size = kept_size(st->size),
        .times_hash = settled ? hash_times(st) : 0,
        .content_hash = content_hash,
    };
}

static void put_le(uint8_t *p, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static uint64_t get_le(const uint8_t *p)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

static int by_name(const void *a, const void *b)
{
    const firn_landed_file *x = a;
    const firn_landed_file *y = b;
    if (x->name_hash != y->name_hash)
        return x->name_hash < y->name_hash ? -1 : 1;
    if (x->content_hash != y->content_hash)
        return x->content_hash < y->content_hash ? -1 : 1;
    return 0;
}

static void sort(firn_landed *set)
{
    if (set->n > 1)
        qsort(set->v, set->n, sizeof *set->v, by_name);
}

/* --- text form ----------------------------------------------------------------------------- */

firn_code firn_landed_parse(const json_t *part, firn_arena *a, firn_landed *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf bytes = FIRN_BUF(MAX_BYTES);
    *ret = (firn_landed){0};
    if (!part)
        return FIRN_OK;
    if (!json_is_string(part))
        return firn_raise(err, FIRN_E_DATA, "the position of the files is no text");
    FIRN_TRY(firn_unbase64(firn_json_text(part), &bytes, err));
    if (bytes.n % ENTRY_BYTES)
        return firn_raise(err, FIRN_E_DATA, "the position of the files has %zu bytes", bytes.n);
    size_t n = bytes.n / ENTRY_BYTES;
    ret->v = firn_arena_array(a, n, sizeof *ret->v);
    if (!ret->v)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < n; i++) {
        const uint8_t *p = bytes.p + i * ENTRY_BYTES;
        uint64_t middle = get_le(p + 8);
        ret->v[i] = (firn_landed_file){.name_hash = get_le(p),
                                       .size = middle & SIZE_MAX_KEPT,
                                       .times_hash = (uint32_t)(middle >> 40),
                                       .content_hash = get_le(p + 16)};
    }
    ret->n = n;
    sort(ret);
    return FIRN_OK;
}

firn_code firn_landed_print(const firn_landed *set, json_t **ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf bytes = FIRN_BUF(MAX_BYTES);
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF(MAX_BYTES * 2);
    for (size_t i = 0; i < set->n; i++) {
        const firn_landed_file *f = &set->v[i];
        uint8_t p[ENTRY_BYTES];
        put_le(p, f->name_hash);
        put_le(p + 8, f->size | (uint64_t)f->times_hash << 40);
        put_le(p + 16, f->content_hash);
        FIRN_TRY(firn_buf_add(&bytes, p, sizeof p, err));
    }
    FIRN_TRY(firn_base64(firn_buf_slice(&bytes), &text, err));
    *ret = firn_json_new_str(firn_buf_str(&text));
    return *ret ? FIRN_OK : firn_raise_nomem(err);
}

/* --- looking up ---------------------------------------------------------------------------- */

const firn_landed_file *firn_landed_by_name(const firn_landed *set, firn_str name)
{
    uint64_t want = firn_hash64(name.p, name.n);
    size_t lo = 0;
    size_t hi = set->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (set->v[mid].name_hash < want)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < set->n && set->v[lo].name_hash == want ? &set->v[lo] : NULL;
}

static const firn_landed_file *landed_by_content(const firn_landed *set, uint64_t size,
                                                 uint64_t content_hash)
{
    for (size_t i = 0; i < set->n; i++)
        if (set->v[i].content_hash == content_hash && set->v[i].size == kept_size(size))
            return &set->v[i];
    return NULL;
}

static bool has_size(const firn_landed *set, uint64_t size)
{
    for (size_t i = 0; i < set->n; i++)
        if (set->v[i].size == kept_size(size))
            return true;
    return false;
}

firn_code firn_landed_state(const firn_landed *set, const firn_source_file *f, bool by_content,
                            firn_file_state *ret, uint64_t *ret_hash, firn_err *err)
{
    const firn_landed_file *same = firn_landed_by_name(set, f->name);
    uint64_t hash = 0;
    *ret_hash = 0;
    if (f->stat.size == 0) {
        *ret = FIRN_FILE_EMPTY;
        return FIRN_OK;
    }
    bool same_size = same && same->size == kept_size(f->stat.size);
    if (same_size && same->times_hash == hash_times(&f->stat)) {
        *ret = FIRN_FILE_LANDED;
        return FIRN_OK;
    }
    bool decide = same_size || (by_content && has_size(set, f->stat.size));
    if (decide) {
        FIRN_TRY(firn_file_hash(f->path, &hash, err));
        *ret_hash = hash;
    }
    bool landed = (same_size && same->content_hash == hash) ||
                  (decide && by_content && landed_by_content(set, f->stat.size, hash));
    *ret = landed ? FIRN_FILE_LANDED : same && !by_content ? FIRN_FILE_CHANGED : FIRN_FILE_NEW;
    return FIRN_OK;
}

firn_code firn_landed_union(const firn_landed *old, const firn_landed_file *added, size_t count,
                            bool replace, firn_arena *a, firn_landed *ret, firn_err *err)
{
    size_t kept = replace ? 0 : old->n;
    firn_landed set = {.v = firn_arena_array(a, kept + count, sizeof *set.v), .n = kept + count};
    if (!set.v)
        return firn_arena_raise(a, err);
    if (kept)
        memcpy(set.v, old->v, kept * sizeof *set.v);
    if (count)
        memcpy(set.v + kept, added, count * sizeof *set.v);
    sort(&set);
    *ret = set;
    return FIRN_OK;
}

/* --- the same content twice in one run ----------------------------------------------------- */

/* Remembers a key; *ret_first is false if it was there before. */
static firn_code note_key(firn_map *m, const void *key, size_t n, bool *ret_first, firn_err *err)
{
    firn_str text = {key, n};
    *ret_first = firn_map_get(m, text) == NULL;
    if (!*ret_first)
        return FIRN_OK;
    text = firn_arena_str(m->arena, text);
    if (!text.p || !firn_map_put(m, text, m))
        return firn_arena_raise(m->arena, err);
    return FIRN_OK;
}

firn_code firn_landed_drop_twins(firn_source_file *files, size_t *count, firn_arena *a,
                                 firn_err *err)
{
    firn_map sizes = FIRN_MAP(a);
    firn_map shared = FIRN_MAP(a); /* sizes of two files or more */
    firn_map contents = FIRN_MAP(a);
    size_t kept = 0;
    bool first;
    for (size_t i = 0; i < *count; i++) {
        const uint64_t size = files[i].stat.size;
        FIRN_TRY(note_key(&sizes, &size, sizeof size, &first, err));
        if (!first)
            FIRN_TRY(note_key(&shared, &size, sizeof size, &first, err));
    }
    for (size_t i = 0; i < *count; i++) {
        uint64_t key[2] = {files[i].stat.size, 0};
        first = true;
        if (firn_map_get(&shared, (firn_str){(const char *)key, sizeof key[0]})) {
            FIRN_TRY(firn_file_hash(files[i].path, &key[1], err));
            FIRN_TRY(note_key(&contents, key, sizeof key, &first, err));
        }
        if (first)
            files[kept++] = files[i];
    }
    *count = kept;
    return FIRN_OK;
}
