/* SPDX-License-Identifier: Apache-2.0 */
/* Writes Avro object containers.  A record is encoded into a block of its own memory, which goes to
 * the output whole: after a failure neither holds half of anything. */
#include "format/avro_int.h"

#include "base/str.h"

#include <string.h>

#define BLOCK_BYTES     ((size_t)64 << 10) /* a block is full when it has so many */
#define MAX_BLOCK_BYTES ((size_t)1 << 30)

struct firn_avro_writer {
    const firn_avro_node *schema;
    firn_buf *out;
    firn_avro_codec codec;
    firn_avro_press *press;
    firn_buf block;  /* encoded records */
    firn_buf packed; /* the block, compressed */
    int64_t count;   /* records in it */
    uint8_t sync[FIRN_AVRO_SYNC_BYTES];
    bool finished;
};

typedef struct encoder {
    firn_buf *out;
    firn_err *err;
    unsigned depth;
} encoder;

typedef firn_code (*put_fn)(encoder *e, const firn_avro_node *node, const firn_avro_value *v);

static const put_fn putters[FIRN_AVRO_T_COUNT];

/* --- small pieces -------------------------------------------------------------------------- */

static firn_code put_varint(firn_buf *out, int64_t v, firn_err *err)
{
    uint8_t b[10];
    size_t n = 0;
    uint64_t z = ((uint64_t)v << 1) ^ (uint64_t)(v >> 63);
    for (; z >= 0x80; z >>= 7)
        b[n++] = (uint8_t)(z | 0x80);
    b[n++] = (uint8_t)z;
    return firn_buf_add(out, b, n, err);
}

static firn_code put_run(firn_buf *out, const void *p, size_t n, firn_err *err)
{
    FIRN_TRY(put_varint(out, (int64_t)n, err));
    return firn_buf_add(out, p, n, err);
}

/* Writes the low n bytes of a number, little-endian. */
static firn_code put_bits(firn_buf *out, uint64_t bits, unsigned n, firn_err *err)
{
    uint8_t b[8];
    for (unsigned i = 0; i < n; i++)
        b[i] = (uint8_t)(bits >> (8 * i));
    return firn_buf_add(out, b, n, err);
}

/* Cuts a buffer back to where it was. */
static void cut(firn_buf *b, size_t n)
{
    b->n = n;
    if (b->p)
        b->p[n] = '\0';
}

/* --- does a value fit a type? -------------------------------------------------------------- */

static const char *kind_name(firn_avro_kind k)
{
    static const char *const names[] = {
        [FIRN_AVRO_NULL] = "null",       [FIRN_AVRO_BOOLEAN] = "a boolean",
        [FIRN_AVRO_LONG] = "a long",     [FIRN_AVRO_FLOAT] = "a float",
        [FIRN_AVRO_DOUBLE] = "a double", [FIRN_AVRO_BYTES] = "bytes",
        [FIRN_AVRO_RECORD] = "a record", [FIRN_AVRO_ARRAY] = "an array",
        [FIRN_AVRO_MAP] = "a map",
    };
    return names[k];
}

static bool is_text(firn_slice s)
{
    return firn_utf8_valid((const char *)s.p, s.n);
}

/* Returns the index of an enum's symbol, or its number of symbols. */
static size_t find_symbol(const firn_avro_node *node, firn_slice s)
{
    size_t i = 0;
    while (i < node->symbol_count &&
           !firn_str_eq(node->symbols[i], (firn_str){(const char *)s.p, s.n}))
        i++;
    return i;
}

static bool bytes_fit(const firn_avro_node *node, firn_slice s)
{
    if (node->type == FIRN_AVRO_T_STRING)
        return is_text(s);
    if (node->type == FIRN_AVRO_T_FIXED)
        return s.n == node->fixed_bytes;
    if (node->type == FIRN_AVRO_T_ENUM)
        return find_symbol(node, s) < node->symbol_count;
    return node->type == FIRN_AVRO_T_BYTES;
}

static bool long_fits(const firn_avro_node *node, int64_t i)
{
    if (node->type == FIRN_AVRO_T_INT)
        return i >= INT32_MIN && i <= INT32_MAX;
    return node->type == FIRN_AVRO_T_LONG;
}

/* Without a look at the items of records, arrays and maps. */
static bool fits(const firn_avro_node *node, const firn_avro_value *v)
{
    switch (v->kind) {
    case FIRN_AVRO_NULL:
        return node->type == FIRN_AVRO_T_NULL;
    case FIRN_AVRO_BOOLEAN:
        return node->type == FIRN_AVRO_T_BOOLEAN;
    case FIRN_AVRO_LONG:
        return long_fits(node, v->u.i);
    case FIRN_AVRO_FLOAT:
        return node->type == FIRN_AVRO_T_FLOAT;
    case FIRN_AVRO_DOUBLE:
        return node->type == FIRN_AVRO_T_DOUBLE;
    case FIRN_AVRO_BYTES:
        return bytes_fit(node, v->u.bytes);
    case FIRN_AVRO_RECORD:
        return node->type == FIRN_AVRO_T_RECORD && v->u.items.n == node->field_count;
    case FIRN_AVRO_ARRAY:
        return node->type == FIRN_AVRO_T_ARRAY;
    case FIRN_AVRO_MAP:
        return node->type == FIRN_AVRO_T_MAP && v->u.items.n % 2 == 0;
    }
    return false;
}

static bool fits_deep(const firn_avro_node *node, const firn_avro_value *v, unsigned depth);

/* Returns the first branch from `from` on that fits, or the number of branches. */
static size_t find_branch(const firn_avro_node *node, const firn_avro_value *v, size_t from)
{
    size_t i = from;
    while (i < node->branch_count && !fits(node->branches[i], v))
        i++;
    return i;
}

static bool fits_some(const firn_avro_node *node, const firn_avro_value *v, unsigned depth)
{
    size_t i = find_branch(node, v, 0);
    while (i < node->branch_count && !fits_deep(node->branches[i], v, depth))
        i = find_branch(node, v, i + 1);
    return i < node->branch_count;
}

/* The type that item i of a value of this type has. */
static const firn_avro_node *item_type(const firn_avro_node *node, size_t i)
{
    static const firn_avro_node key = {.type = FIRN_AVRO_T_STRING};
    if (node->type == FIRN_AVRO_T_RECORD)
        return node->fields[i].type;
    return node->type == FIRN_AVRO_T_MAP && i % 2 == 0 ? &key : node->item;
}

static bool fits_deep(const firn_avro_node *node, const firn_avro_value *v, unsigned depth)
{
    if (node->type == FIRN_AVRO_T_UNION)
        return fits_some(node, v, depth);
    if (depth == FIRN_AVRO_MAX_DEPTH || !fits(node, v))
        return false;
    if (v->kind < FIRN_AVRO_RECORD)
        return true;
    for (size_t i = 0; i < v->u.items.n; i++)
        if (!fits_deep(item_type(node, i), &v->u.items.v[i], depth + 1))
            return false;
    return true;
}

/* Chooses the branch of a union; the items of records, arrays and maps are only looked at when
 * they decide. */
static size_t choose_branch(const firn_avro_node *node, const firn_avro_value *v, unsigned depth)
{
    size_t first = find_branch(node, v, 0);
    if (v->kind < FIRN_AVRO_RECORD || first == node->branch_count)
        return first;
    size_t i = first;
    if (find_branch(node, v, first + 1) == node->branch_count)
        return first;
    while (i < node->branch_count && !fits_deep(node->branches[i], v, depth))
        i = find_branch(node, v, i + 1);
    return i < node->branch_count ? i : first; /* none: the first one says what is wrong */
}

/* --- values -------------------------------------------------------------------------------- */

static firn_code misfit(encoder *e, const firn_avro_node *node, const firn_avro_value *v)
{
    if (v->kind == FIRN_AVRO_LONG && node->type == FIRN_AVRO_T_INT)
        return firn_raise(e->err, FIRN_E_INVAL, "%lld is out of range for int", (long long)v->u.i);
    if (v->kind == FIRN_AVRO_BYTES && node->type == FIRN_AVRO_T_STRING)
        return firn_raise(e->err, FIRN_E_INVAL, "a text that is not UTF-8");
    if (v->kind == FIRN_AVRO_BYTES && node->type == FIRN_AVRO_T_FIXED)
        return firn_raise(e->err, FIRN_E_INVAL, "%zu bytes for a fixed of %zu", v->u.bytes.n,
                          (size_t)node->fixed_bytes);
    if (v->kind == FIRN_AVRO_BYTES && node->type == FIRN_AVRO_T_ENUM)
        return firn_raise(e->err, FIRN_E_INVAL, "the enum %s has no such symbol",
                          firn_quote(node->name).s);
    if (v->kind == FIRN_AVRO_RECORD && node->type == FIRN_AVRO_T_RECORD)
        return firn_raise(e->err, FIRN_E_INVAL, "%zu items for a record of %zu fields",
                          v->u.items.n, node->field_count);
    return firn_raise(e->err, FIRN_E_INVAL, "%s does not fit the type %s", kind_name(v->kind),
                      firn_avro_type_name(node->type));
}

static firn_code put_value(encoder *e, const firn_avro_node *node, const firn_avro_value *v)
{
    if (node->type != FIRN_AVRO_T_UNION && !fits(node, v))
        return misfit(e, node, v);
    return putters[node->type](e, node, v);
}

static firn_code put_null(encoder *e FIRN_UNUSED, const firn_avro_node *node FIRN_UNUSED,
                          const firn_avro_value *v FIRN_UNUSED)
{
    return FIRN_OK;
}

static firn_code put_boolean(encoder *e, const firn_avro_node *node FIRN_UNUSED,
                             const firn_avro_value *v)
{
    return firn_buf_addc(e->out, v->u.b ? 1 : 0, e->err);
}

static firn_code put_long(encoder *e, const firn_avro_node *node FIRN_UNUSED,
                          const firn_avro_value *v)
{
    return put_varint(e->out, v->u.i, e->err);
}

static firn_code put_float(encoder *e, const firn_avro_node *node FIRN_UNUSED,
                           const firn_avro_value *v)
{
    uint32_t bits;
    memcpy(&bits, &v->u.f, sizeof bits);
    return put_bits(e->out, bits, sizeof bits, e->err);
}

static firn_code put_double(encoder *e, const firn_avro_node *node FIRN_UNUSED,
                            const firn_avro_value *v)
{
    uint64_t bits;
    memcpy(&bits, &v->u.d, sizeof bits);
    return put_bits(e->out, bits, sizeof bits, e->err);
}

static firn_code put_bytes(encoder *e, const firn_avro_node *node FIRN_UNUSED,
                           const firn_avro_value *v)
{
    return put_run(e->out, v->u.bytes.p, v->u.bytes.n, e->err);
}

static firn_code put_fixed(encoder *e, const firn_avro_node *node FIRN_UNUSED,
                           const firn_avro_value *v)
{
    return firn_buf_add(e->out, v->u.bytes.p, v->u.bytes.n, e->err);
}

static firn_code put_enum(encoder *e, const firn_avro_node *node, const firn_avro_value *v)
{
    return put_varint(e->out, (int64_t)find_symbol(node, v->u.bytes), e->err);
}

static firn_code enter(encoder *e)
{
    if (e->depth == FIRN_AVRO_MAX_DEPTH)
        return firn_raise(e->err, FIRN_E_INVAL, "values are nested deeper than %d levels",
                          FIRN_AVRO_MAX_DEPTH);
    e->depth++;
    return FIRN_OK;
}

static firn_code put_record(encoder *e, const firn_avro_node *node, const firn_avro_value *v)
{
    FIRN_TRY(enter(e));
    for (size_t i = 0; i < node->field_count; i++) {
        const firn_avro_field *field = &node->fields[i];
        if (put_value(e, field->type, &v->u.items.v[i]) != FIRN_OK)
            return firn_wrap(e->err, "field %s", firn_quote(field->name).s);
    }
    e->depth--;
    return FIRN_OK;
}

/* An array or a map: one block of all items, and its end. */
static firn_code put_list(encoder *e, const firn_avro_node *node, const firn_avro_value *v)
{
    size_t n = v->u.items.n;
    FIRN_TRY(enter(e));
    if (n > 0)
        FIRN_TRY(put_varint(e->out, (int64_t)(v->kind == FIRN_AVRO_MAP ? n / 2 : n), e->err));
    for (size_t i = 0; i < n; i++)
        FIRN_TRY(put_value(e, item_type(node, i), &v->u.items.v[i]));
    e->depth--;
    return put_varint(e->out, 0, e->err);
}

static firn_code put_union(encoder *e, const firn_avro_node *node, const firn_avro_value *v)
{
    size_t i = choose_branch(node, v, e->depth);
    bool optional = node->branch_count == 2 && node->branches[0]->type == FIRN_AVRO_T_NULL;
    if (i == node->branch_count && optional && v->kind != FIRN_AVRO_NULL)
        return misfit(e, node->branches[1], v);
    if (i == node->branch_count)
        return misfit(e, node, v);
    FIRN_TRY(put_varint(e->out, (int64_t)i, e->err));
    return putters[node->branches[i]->type](e, node->branches[i], v);
}

static const put_fn putters[FIRN_AVRO_T_COUNT] = {
    [FIRN_AVRO_T_NULL] = put_null,     [FIRN_AVRO_T_BOOLEAN] = put_boolean,
    [FIRN_AVRO_T_INT] = put_long,      [FIRN_AVRO_T_LONG] = put_long,
    [FIRN_AVRO_T_FLOAT] = put_float,   [FIRN_AVRO_T_DOUBLE] = put_double,
    [FIRN_AVRO_T_BYTES] = put_bytes,   [FIRN_AVRO_T_STRING] = put_bytes,
    [FIRN_AVRO_T_FIXED] = put_fixed,   [FIRN_AVRO_T_ENUM] = put_enum,
    [FIRN_AVRO_T_RECORD] = put_record, [FIRN_AVRO_T_ARRAY] = put_list,
    [FIRN_AVRO_T_MAP] = put_list,      [FIRN_AVRO_T_UNION] = put_union,
};

/* --- container ----------------------------------------------------------------------------- */

static firn_code put_meta(firn_buf *out, firn_str key, firn_slice value, firn_err *err)
{
    FIRN_TRY(put_run(out, key.p, key.n, err));
    return put_run(out, value.p, value.n, err);
}

static firn_slice bytes_of(firn_str s)
{
    return (firn_slice){(const uint8_t *)s.p, s.n};
}

static firn_code put_header(firn_avro_writer *w, firn_str schema_json,
                            const firn_avro_meta_entry *meta, size_t meta_count, firn_err *err)
{
    firn_str codec = firn_str_of(firn_avro_codec_name(w->codec));
    FIRN_TRY(firn_buf_add(w->out, "Obj\1", 4, err));
    FIRN_TRY(put_varint(w->out, (int64_t)meta_count + 2, err));
    FIRN_TRY(put_meta(w->out, FIRN_STR_LIT("avro.schema"), bytes_of(schema_json), err));
    FIRN_TRY(put_meta(w->out, FIRN_STR_LIT("avro.codec"), bytes_of(codec), err));
    for (size_t i = 0; i < meta_count; i++)
        FIRN_TRY(put_meta(w->out, firn_str_of(meta[i].key), meta[i].value, err));
    FIRN_TRY(put_varint(w->out, 0, err));
    return firn_buf_add(w->out, w->sync, sizeof w->sync, err);
}

static firn_code check_meta(const firn_avro_meta_entry *meta, size_t count, firn_err *err)
{
    for (size_t i = 0; i < count; i++) {
        firn_str key = firn_str_of(meta[i].key);
        if (firn_str_starts(key, "avro.") || !firn_utf8_valid(key.p, key.n))
            return firn_raise(err, FIRN_E_INVAL, "the metadata key %s is not for callers",
                              firn_quote(key).s);
    }
    return FIRN_OK;
}

/* A schema that is wrong is the caller's mistake here, not damaged data. */
static firn_code parse_schema(firn_str json, firn_arena *a, const firn_avro_node **ret,
                              firn_err *err)
{
    firn_err cause = {0};
    firn_code code = firn_avro_schema_parse(bytes_of(json), true, a, ret, &cause);
    if (code == FIRN_OK)
        return FIRN_OK;
    return firn_raise(err, code == FIRN_E_DATA ? FIRN_E_INVAL : code, "avro schema: %s",
                      cause.text);
}

static void release(void *arg)
{
    firn_avro_writer *w = arg;
    firn_buf_free(&w->block);
    firn_buf_free(&w->packed);
    firn_avro_press_free(&w->press);
}

firn_code firn_avro_writer_new(firn_str schema_json, const firn_avro_meta_entry *meta,
                               size_t meta_count, firn_avro_codec codec, const uint8_t sync[16],
                               firn_buf *out, firn_arena *a, firn_avro_writer **ret, firn_err *err)
{
    FIRN_TRY(check_meta(meta, meta_count, err));
    firn_avro_writer *w = firn_arena_zalloc(a, sizeof *w);
    if (!w)
        return firn_arena_raise(a, err);
    w->out = out;
    w->codec = codec;
    w->block = FIRN_BUF(MAX_BLOCK_BYTES);
    w->packed = FIRN_BUF(MAX_BLOCK_BYTES + MAX_BLOCK_BYTES / 4);
    memcpy(w->sync, sync, sizeof w->sync);
    FIRN_TRY(parse_schema(schema_json, a, &w->schema, err));
    FIRN_TRY(firn_arena_defer(a, release, w, err));
    size_t before = out->n;
    firn_code code = put_header(w, schema_json, meta, meta_count, err);
    if (code != FIRN_OK) {
        cut(out, before);
        return code;
    }
    *ret = w;
    return FIRN_OK;
}

static firn_code put_block(firn_avro_writer *w, firn_slice bytes, firn_err *err)
{
    FIRN_TRY(put_varint(w->out, w->count, err));
    FIRN_TRY(put_run(w->out, bytes.p, bytes.n, err));
    return firn_buf_add(w->out, w->sync, sizeof w->sync, err);
}

static firn_code end_block(firn_avro_writer *w, firn_err *err)
{
    if (w->count == 0)
        return FIRN_OK;
    firn_slice bytes = firn_buf_slice(&w->block);
    if (w->codec != FIRN_AVRO_CODEC_NULL) {
        FIRN_TRY(firn_avro_deflate(&w->press, w->codec, bytes, &w->packed, err));
        bytes = firn_buf_slice(&w->packed);
    }
    size_t before = w->out->n;
    firn_code code = put_block(w, bytes, err);
    if (code != FIRN_OK) {
        cut(w->out, before);
        return code;
    }
    w->count = 0;
    firn_buf_clear(&w->block);
    return FIRN_OK;
}

firn_code firn_avro_write(firn_avro_writer *w, const firn_avro_value *record, firn_err *err)
{
    if (w->finished)
        return firn_raise(err, FIRN_E_INVAL, "the container is finished");
    if (w->block.n >= BLOCK_BYTES)
        FIRN_TRY(end_block(w, err));
    size_t before = w->block.n;
    encoder e = {.out = &w->block, .err = err};
    firn_code code = put_value(&e, w->schema, record);
    if (code != FIRN_OK) {
        cut(&w->block, before);
        return code;
    }
    w->count++;
    return FIRN_OK;
}

firn_code firn_avro_finish(firn_avro_writer *w, firn_err *err)
{
    FIRN_TRY(end_block(w, err));
    w->finished = true;
    release(w);
    return FIRN_OK;
}
