/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of positions in containers of 2^16: sorted arrays, bit fields, or runs as they were read. */
#include "format/roaring.h"

#include "base/mem.h"

#include <string.h>
#include <zlib.h>

#define ARRAY_MAX    4096u /* values; one more makes a bit field, as in Roaring */
#define WORDS        1024u /* of 64 bits in a bit field */
#define WORDS_BYTES  8192u
#define COOKIE       12346u /* without runs: followed by the number of containers */
#define COOKIE_RUNS  12347u /* low half; the upper one is the number of containers − 1 */
#define NO_OFFSETS   4u     /* fewer containers than this have no offsets beside runs */
#define MAX_HIGH_KEY ((uint64_t)INT32_MAX - 1)

typedef enum container_kind { C_ARRAY, C_BITS, C_RUNS } container_kind;

typedef struct run {
    uint16_t start;
    uint16_t last; /* in it */
} run;

typedef struct container {
    uint64_t key; /* position >> 16 */
    container_kind kind;
    uint32_t count; /* positions */
    uint32_t n;     /* array: = count; runs: how many */
    uint32_t cap;   /* array: values that fit */
    union {
        uint16_t *values;
        uint64_t *words;
        run *runs;
        void *p;
    } u;
} container;

struct firn_bitmap {
    container *v; /* ascending keys */
    size_t n;
    size_t cap;
    uint64_t count;
    size_t bytes;
    size_t max_bytes;
};

/* --- memory -------------------------------------------------------------------------------- */

firn_bitmap *firn_bitmap_new(size_t max_bytes)
{
    firn_bitmap *b = firn_mem_alloc(sizeof *b);
    if (b)
        *b = (firn_bitmap){.bytes = sizeof *b, .max_bytes = max_bytes};
    return b;
}

void firn_bitmap_free(firn_bitmap *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < b->n; i++)
        firn_mem_free(b->v[i].u.p);
    firn_mem_free(b->v);
    firn_mem_free(b);
}

void firn_bitmap_freep(firn_bitmap **b)
{
    firn_bitmap_free(*b);
    *b = NULL;
}

/* Grows or makes a block; the set's size is counted. */
static firn_code resize(firn_bitmap *b, void **p, size_t have, size_t want, firn_err *err)
{
    if (want - have > b->max_bytes || b->bytes > b->max_bytes - (want - have))
        return firn_raise(err, FIRN_E_LIMIT, "a set of deleted rows beyond %zu bytes",
                          b->max_bytes);
    void *grown = firn_mem_realloc(*p, want);
    if (!grown)
        return firn_raise_nomem(err);
    *p = grown;
    b->bytes += want - have;
    return FIRN_OK;
}

/* Index of the first container whose key is not less. */
static size_t find(const firn_bitmap *b, uint64_t key)
{
    size_t lo = 0;
    size_t hi = b->n;
    if (b->n && b->v[b->n - 1].key < key)
        return b->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (b->v[mid].key < key)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Makes room for a container at a place. */
static firn_code insert_at(firn_bitmap *b, size_t at, container c, firn_err *err)
{
    if (b->n == b->cap) {
        size_t cap = b->cap ? b->cap * 2 : 4;
        void *p = b->v;
        FIRN_TRY(resize(b, &p, b->cap * sizeof *b->v, cap * sizeof *b->v, err));
        b->v = p;
        b->cap = cap;
    }
    if (at < b->n)
        memmove(&b->v[at + 1], &b->v[at], (b->n - at) * sizeof *b->v);
    b->v[at] = c;
    b->n++;
    return FIRN_OK;
}

/* --- adding -------------------------------------------------------------------------------- */

static void set_bit(uint64_t *words, uint32_t v)
{
    words[v / 64] |= UINT64_C(1) << (v % 64);
}

static bool bit_is_set(const uint64_t *words, uint32_t v)
{
    return words[v / 64] >> (v % 64) & 1;
}

static uint32_t lower_bound(const uint16_t *values, uint32_t n, uint32_t v)
{
    uint32_t lo = 0;
    uint32_t hi = n;
    if (n && values[n - 1] < v)
        return n;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (values[mid] < v)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Index of the first run that does not end before v. */
static uint32_t find_run(const container *c, uint32_t v)
{
    uint32_t lo = 0;
    uint32_t hi = c->n;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (c->u.runs[mid].last < v)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static bool container_has(const container *c, uint32_t v)
{
    if (c->kind == C_BITS)
        return bit_is_set(c->u.words, v);
    if (c->kind == C_RUNS) {
        uint32_t i = find_run(c, v);
        return i < c->n && c->u.runs[i].start <= v;
    }
    uint32_t i = lower_bound(c->u.values, c->n, v);
    return i < c->n && c->u.values[i] == v;
}

/* An array or runs as a bit field. */
static firn_code make_bits(firn_bitmap *b, container *c, firn_err *err)
{
    void *p = NULL;
    size_t old = c->kind == C_RUNS ? c->n * sizeof(run) : c->cap * sizeof(uint16_t);
    FIRN_TRY(resize(b, &p, 0, WORDS_BYTES, err));
    uint64_t *words = p;
    memset(words, 0, WORDS_BYTES);
    for (uint32_t i = 0; i < c->n && c->kind == C_ARRAY; i++)
        set_bit(words, c->u.values[i]);
    for (uint32_t i = 0; i < c->n && c->kind == C_RUNS; i++)
        for (uint32_t v = c->u.runs[i].start; v <= c->u.runs[i].last; v++)
            set_bit(words, v);
    firn_mem_free(c->u.p);
    b->bytes -= old;
    c->u.words = words;
    c->kind = C_BITS;
    c->n = c->cap = 0;
    return FIRN_OK;
}

static firn_code add_to_array(firn_bitmap *b, container *c, uint32_t v, firn_err *err)
{
    uint32_t at = lower_bound(c->u.values, c->n, v);
    if (at < c->n && c->u.values[at] == v)
        return FIRN_OK;
    if (c->n == c->cap) {
        uint32_t cap = c->cap ? FIRN_MIN(c->cap * 2, ARRAY_MAX) : 4;
        FIRN_TRY(resize(b, &c->u.p, c->cap * sizeof(uint16_t), cap * sizeof(uint16_t), err));
        c->cap = cap;
    }
    if (at < c->n)
        memmove(&c->u.values[at + 1], &c->u.values[at], (c->n - at) * sizeof *c->u.values);
    c->u.values[at] = (uint16_t)v;
    c->n++;
    c->count++;
    b->count++;
    return FIRN_OK;
}

firn_code firn_bitmap_add(firn_bitmap *b, int64_t position, firn_err *err)
{
    if (position < 0)
        return firn_raise(err, FIRN_E_DATA, "row position %lld", (long long)position);
    uint64_t key = (uint64_t)position >> 16;
    uint32_t v = (uint32_t)position & 0xffff;
    size_t at = b->n && b->v[b->n - 1].key == key ? b->n - 1 : find(b, key);
    if (at == b->n || b->v[at].key != key)
        FIRN_TRY(insert_at(b, at, (container){.key = key}, err));
    container *c = &b->v[at];
    if (c->kind == C_ARRAY && c->n < ARRAY_MAX)
        return add_to_array(b, c, v, err);
    if (container_has(c, v))
        return FIRN_OK;
    if (c->kind != C_BITS)
        FIRN_TRY(make_bits(b, c, err));
    set_bit(c->u.words, v);
    c->count++;
    b->count++;
    return FIRN_OK;
}

/* --- asking -------------------------------------------------------------------------------- */

bool firn_bitmap_has(const firn_bitmap *b, int64_t position)
{
    bool ret;
    firn_bitmap_mark(b, &position, 1, &ret);
    return ret;
}

void firn_bitmap_mark(const firn_bitmap *b, const int64_t *positions, size_t n, bool *ret)
{
    const container *c = NULL;
    uint64_t key = UINT64_MAX; /* of no position */
    for (size_t i = 0; i < n; i++) {
        uint64_t p = (uint64_t)positions[i];
        if (p >> 16 != key) {
            key = p >> 16;
            size_t at = find(b, key);
            c = at < b->n && b->v[at].key == key ? &b->v[at] : NULL;
        }
        ret[i] = c && container_has(c, (uint32_t)p & 0xffff);
    }
}

uint64_t firn_bitmap_count(const firn_bitmap *b)
{
    return b->count;
}

size_t firn_bitmap_bytes(const firn_bitmap *b)
{
    return b->bytes;
}

/* Smallest value ≥ v in a container; 65536: none. */
static uint32_t next_in(const container *c, uint32_t v)
{
    if (c->kind == C_ARRAY) {
        uint32_t i = lower_bound(c->u.values, c->n, v);
        return i < c->n ? c->u.values[i] : 65536;
    }
    if (c->kind == C_RUNS) {
        uint32_t i = find_run(c, v);
        return i == c->n ? 65536 : FIRN_MAX(v, (uint32_t)c->u.runs[i].start);
    }
    while (v < 65536 && !bit_is_set(c->u.words, v))
        v++;
    return v;
}

int64_t firn_bitmap_next(const firn_bitmap *b, int64_t from)
{
    uint64_t p = from < 0 ? 0 : (uint64_t)from;
    for (size_t at = find(b, p >> 16); at < b->n; at++) {
        const container *c = &b->v[at];
        uint32_t v = next_in(c, c->key == p >> 16 ? (uint32_t)p & 0xffff : 0);
        if (v < 65536)
            return (int64_t)(c->key << 16 | v);
    }
    return -1;
}

/* --- the portable form --------------------------------------------------------------------- */

/* Bytes being read from the front. */
typedef struct cursor {
    firn_slice all;
    size_t at;
} cursor;

static bool has_bytes(const cursor *c, size_t n)
{
    return n <= c->all.n - c->at;
}

static firn_code damaged(const cursor *c, const char *what, firn_err *err)
{
    return firn_raise(err, FIRN_E_DATA, "damaged Roaring bitmap: %s at byte %zu", what, c->at);
}

static uint32_t le16(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t le32(const uint8_t *p)
{
    return le16(p) | le16(p + 2) << 16;
}

static uint64_t le64(const uint8_t *p)
{
    return le32(p) | (uint64_t)le32(p + 4) << 32;
}

/* What stands before the containers. */
typedef struct preamble {
    uint32_t n;
    const uint8_t *run_flags; /* NULL: no runs */
    const uint8_t *keys;      /* key and count − 1 of each */
    const uint8_t *offsets;   /* NULL: none */
} preamble;

static firn_code read_preamble(cursor *c, preamble *h, firn_err *err)
{
    if (!has_bytes(c, 4))
        return damaged(c, "cut off", err);
    uint32_t cookie = le32(c->all.p + c->at);
    c->at += 4;
    if ((cookie & 0xffff) == COOKIE_RUNS) {
        h->n = (cookie >> 16) + 1;
        if (!has_bytes(c, (h->n + 7) / 8))
            return damaged(c, "cut off", err);
        h->run_flags = c->all.p + c->at;
        c->at += (h->n + 7) / 8;
    } else if (cookie == COOKIE && has_bytes(c, 4)) {
        h->n = le32(c->all.p + c->at);
        c->at += 4;
    } else {
        return damaged(c, "no such cookie", err);
    }
    bool offsets = !h->run_flags || h->n >= NO_OFFSETS;
    if (h->n > 65536 || !has_bytes(c, (size_t)h->n * (offsets ? 8 : 4)))
        return damaged(c, "more containers than bytes", err);
    h->keys = c->all.p + c->at;
    c->at += (size_t)h->n * 4;
    h->offsets = offsets ? c->all.p + c->at : NULL;
    c->at += offsets ? (size_t)h->n * 4 : 0;
    return FIRN_OK;
}

static firn_code read_array(cursor *c, firn_bitmap *b, container *x, firn_err *err)
{
    size_t bytes = x->count * sizeof(uint16_t);
    if (!has_bytes(c, bytes))
        return damaged(c, "an array cut off", err);
    FIRN_TRY(resize(b, &x->u.p, 0, bytes, err));
    x->n = x->cap = x->count;
    for (uint32_t i = 0; i < x->n; i++) {
        x->u.values[i] = (uint16_t)le16(c->all.p + c->at + (size_t)i * 2);
        if (i && x->u.values[i] <= x->u.values[i - 1])
            return damaged(c, "an array out of order", err);
    }
    c->at += bytes;
    return FIRN_OK;
}

static firn_code read_bits(cursor *c, firn_bitmap *b, container *x, firn_err *err)
{
    uint32_t count = 0;
    if (!has_bytes(c, WORDS_BYTES))
        return damaged(c, "a bit field cut off", err);
    FIRN_TRY(resize(b, &x->u.p, 0, WORDS_BYTES, err));
    for (uint32_t i = 0; i < WORDS; i++) {
        x->u.words[i] = le64(c->all.p + c->at + (size_t)i * 8);
        count += (uint32_t)__builtin_popcountll(x->u.words[i]);
    }
    if (count != x->count)
        return damaged(c, "a bit field with another count", err);
    c->at += WORDS_BYTES;
    return FIRN_OK;
}

static firn_code read_runs(cursor *c, firn_bitmap *b, container *x, firn_err *err)
{
    if (!has_bytes(c, 2))
        return damaged(c, "runs cut off", err);
    uint32_t n = le16(c->all.p + c->at);
    c->at += 2;
    if (n == 0 || !has_bytes(c, (size_t)n * 4))
        return damaged(c, "runs cut off", err);
    FIRN_TRY(resize(b, &x->u.p, 0, n * sizeof(run), err));
    x->n = n;
    uint32_t count = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t start = le16(c->all.p + c->at);
        uint32_t last = start + le16(c->all.p + c->at + 2);
        if (last > 65535 || (i && start <= x->u.runs[i - 1].last))
            return damaged(c, "runs out of order", err);
        x->u.runs[i] = (run){(uint16_t)start, (uint16_t)last};
        count += last - start + 1;
        c->at += 4;
    }
    return count == x->count ? FIRN_OK : damaged(c, "runs with another count", err);
}

/* A container that fails half-way still belongs to the set, which frees it. */
static firn_code read_container(cursor *c, const preamble *h, uint32_t i, uint64_t base,
                                firn_bitmap *b, firn_err *err)
{
    const uint8_t *head = h->keys + (size_t)i * 4;
    container x = {.key = (base >> 16) + le16(head), .count = le16(head + 2) + 1};
    if (b->n && b->v[b->n - 1].key >= x.key)
        return damaged(c, "containers out of order", err);
    if (h->offsets && le32(h->offsets + (size_t)i * 4) != c->at)
        return damaged(c, "another offset", err);
    bool runs = h->run_flags && (h->run_flags[i / 8] >> (i % 8) & 1);
    x.kind = runs ? C_RUNS : x.count > ARRAY_MAX ? C_BITS : C_ARRAY;
    FIRN_TRY(insert_at(b, b->n, (container){.key = x.key}, err));
    firn_code code = runs               ? read_runs(c, b, &x, err)
                     : x.kind == C_BITS ? read_bits(c, b, &x, err)
                                        : read_array(c, b, &x, err);
    b->v[b->n - 1] = x;
    if (code == FIRN_OK)
        b->count += x.count;
    return code;
}

firn_code firn_roaring_read(firn_slice bytes, uint64_t base, firn_bitmap *into, size_t *ret_used,
                            firn_err *err)
{
    cursor c = {.all = bytes};
    preamble h = {0};
    FIRN_TRY(read_preamble(&c, &h, err));
    for (uint32_t i = 0; i < h.n; i++)
        FIRN_TRY(read_container(&c, &h, i, base, into, err));
    *ret_used = c.at;
    return FIRN_OK;
}

/* --- deletion vectors ---------------------------------------------------------------------- */

static firn_code bad_vector(const char *what, firn_err *err)
{
    return firn_raise(err, FIRN_E_DATA, "damaged deletion vector: %s", what);
}

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* A bitmap for each upper half of the positions, ascending. */
static firn_code read_halves(firn_slice s, firn_bitmap *b, firn_err *err)
{
    if (s.n < 8)
        return bad_vector("cut off", err);
    uint64_t n = le64(s.p);
    uint64_t above = 0;
    s = (firn_slice){s.p + 8, s.n - 8};
    for (uint64_t i = 0; i < n; i++) {
        size_t used;
        uint64_t key = s.n >= 4 ? le32(s.p) : UINT64_MAX;
        if (key > MAX_HIGH_KEY || key < above)
            return bad_vector("keys out of order or cut off", err);
        s = (firn_slice){s.p + 4, s.n - 4};
        FIRN_TRY(firn_roaring_read(s, key << 32, b, &used, err));
        s = (firn_slice){s.p + used, s.n - used};
        above = key + 1;
    }
    return s.n == 0 ? FIRN_OK : bad_vector("bytes behind its end", err);
}

firn_code firn_deletion_vector_read(firn_slice blob, size_t max_bytes, firn_bitmap **ret,
                                    firn_err *err)
{
    static const uint8_t magic[4] = {0xd1, 0xd3, 0x39, 0x64};
    if (blob.n < 20 || blob.n > UINT32_MAX || be32(blob.p) != blob.n - 8)
        return bad_vector("its length is wrong", err);
    firn_slice body = {blob.p + 4, blob.n - 8};
    if (memcmp(body.p, magic, sizeof magic) != 0)
        return bad_vector("no magic bytes", err);
    if (crc32_z(0, body.p, body.n) != be32(body.p + body.n))
        return bad_vector("its checksum is wrong", err);
    FIRN_AUTO(firn_bitmap_freep) firn_bitmap *b = firn_bitmap_new(max_bytes);
    if (!b)
        return firn_raise_nomem(err);
    FIRN_TRY(read_halves((firn_slice){body.p + 4, body.n - 4}, b, err));
    *ret = b;
    b = NULL;
    return FIRN_OK;
}
