/* SPDX-License-Identifier: Apache-2.0 */
/* Builds values from bytes.  Every count is compared with the bytes that are left before memory is
 * taken for it; items that take no bytes are counted against what the file may have of them. */
#include "format/avro_value.h"

#include "base/str.h"

#include <string.h>

#define FIRST_ITEMS 4096u

typedef struct decoder {
    firn_avro_in in;
    firn_arena *a;
    firn_err *err;
    unsigned depth;
    uint64_t free_items;
    firn_avro_keys only;
} decoder;

typedef firn_code (*read_fn)(decoder *d, const firn_avro_plan *p, firn_avro_value *out);

static const read_fn readers[FIRN_AVRO_T_COUNT];

static inline firn_code read_value(decoder *d, const firn_avro_plan *p, firn_avro_value *out)
{
    return readers[p->type](d, p, out);
}

static firn_code enter(decoder *d)
{
    if (d->depth >= FIRN_AVRO_MAX_DEPTH)
        return firn_avro_bad(&d->in, d->err, "values are nested too deep");
    d->depth++;
    return FIRN_OK;
}

/* --- values without parts ------------------------------------------------------------------ */

static firn_code read_null(decoder *d FIRN_UNUSED, const firn_avro_plan *p FIRN_UNUSED,
                           firn_avro_value *out)
{
    *out = (firn_avro_value){.kind = FIRN_AVRO_NULL};
    return FIRN_OK;
}

static firn_code read_boolean(decoder *d, const firn_avro_plan *p FIRN_UNUSED, firn_avro_value *out)
{
    if (firn_avro_rest(&d->in) < 1)
        return firn_avro_bad(&d->in, d->err, "the data ends within a value");
    if (*d->in.p > 1)
        return firn_avro_bad(&d->in, d->err, "a boolean is neither 0 nor 1");
    out->kind = FIRN_AVRO_BOOLEAN;
    out->u.b = *d->in.p++ == 1;
    return FIRN_OK;
}

static firn_code read_long(decoder *d, const firn_avro_plan *p FIRN_UNUSED, firn_avro_value *out)
{
    out->kind = FIRN_AVRO_LONG;
    return firn_avro_long(&d->in, &out->u.i, d->err);
}

static firn_code read_int(decoder *d, const firn_avro_plan *p FIRN_UNUSED, firn_avro_value *out)
{
    int64_t i = 0;
    FIRN_TRY(firn_avro_long(&d->in, &i, d->err));
    if (i < INT32_MIN || i > INT32_MAX)
        return firn_avro_bad(&d->in, d->err, "an int of more than 32 bits");
    out->kind = FIRN_AVRO_LONG;
    out->u.i = i;
    return FIRN_OK;
}

/* Reads n bytes (4 or 8) as a little-endian number. */
static firn_code read_bits(decoder *d, unsigned n, uint64_t *ret)
{
    if (firn_avro_rest(&d->in) < n)
        return firn_avro_bad(&d->in, d->err, "the data ends within a value");
    uint64_t bits = 0;
    for (unsigned i = 0; i < n; i++)
        bits |= (uint64_t)d->in.p[i] << (8 * i);
    d->in.p += n;
    *ret = bits;
    return FIRN_OK;
}

static firn_code read_float(decoder *d, const firn_avro_plan *p FIRN_UNUSED, firn_avro_value *out)
{
    uint64_t wide = 0;
    FIRN_TRY(read_bits(d, 4, &wide));
    uint32_t bits = (uint32_t)wide;
    out->kind = FIRN_AVRO_FLOAT;
    memcpy(&out->u.f, &bits, sizeof out->u.f);
    return FIRN_OK;
}

static firn_code read_double(decoder *d, const firn_avro_plan *p FIRN_UNUSED, firn_avro_value *out)
{
    uint64_t bits = 0;
    FIRN_TRY(read_bits(d, 8, &bits));
    out->kind = FIRN_AVRO_DOUBLE;
    memcpy(&out->u.d, &bits, sizeof out->u.d);
    return FIRN_OK;
}

static firn_code read_bytes(decoder *d, const firn_avro_plan *p FIRN_UNUSED, firn_avro_value *out)
{
    out->kind = FIRN_AVRO_BYTES;
    return firn_avro_run(&d->in, &out->u.bytes, d->err);
}

static firn_code read_fixed(decoder *d, const firn_avro_plan *p, firn_avro_value *out)
{
    uint64_t n = p->node->fixed_bytes;
    if (n > firn_avro_rest(&d->in))
        return firn_avro_bad(&d->in, d->err, "the data ends within a value");
    out->kind = FIRN_AVRO_BYTES;
    out->u.bytes = (firn_slice){d->in.p, n};
    d->in.p += n;
    return FIRN_OK;
}

static firn_code read_enum(decoder *d, const firn_avro_plan *p, firn_avro_value *out)
{
    int64_t i = 0;
    FIRN_TRY(firn_avro_long(&d->in, &i, d->err));
    if (i < 0 || (uint64_t)i >= p->node->symbol_count)
        return firn_avro_bad(&d->in, d->err, "an enum has no such symbol");
    firn_str s = p->node->symbols[i];
    out->kind = FIRN_AVRO_BYTES;
    out->u.bytes = (firn_slice){(const uint8_t *)s.p, s.n};
    return FIRN_OK;
}

/* --- records ------------------------------------------------------------------------------- */

/* Returns memory for count × each values, not zeroed; NULL when there is none. */
static firn_avro_value *take_values(decoder *d, size_t count, size_t each)
{
    size_t n;
    size_t bytes;
    if (__builtin_mul_overflow(count, each, &n) ||
        __builtin_mul_overflow(n, sizeof(firn_avro_value), &bytes))
        return NULL;
    return firn_arena_alloc(d->a, bytes);
}

/* Reads a record whose items are to stand in `slots`. */
static firn_code read_fields(decoder *d, const firn_avro_plan *p, firn_avro_value *slots,
                             firn_avro_value *out)
{
    FIRN_TRY(enter(d));
    if (p->has_gaps)
        memset(slots, 0, p->slot_count * sizeof *slots);
    const firn_avro_step *step = p->steps;
    const firn_avro_step *end = step + p->step_count;
    for (; step < end; step++) {
        if (!step->plan)
            FIRN_TRY(firn_avro_skip_value(&d->in, &step->skip, d->depth, d->err));
        else if (read_value(d, step->plan, &slots[step->slot]) != FIRN_OK)
            return firn_wrap(d->err, "field %s", firn_quote(step->name).s);
    }
    d->depth--;
    out->kind = FIRN_AVRO_RECORD;
    out->u.items.v = slots;
    out->u.items.n = p->slot_count;
    return FIRN_OK;
}

static firn_code read_record(decoder *d, const firn_avro_plan *p, firn_avro_value *out)
{
    firn_avro_value *slots = take_values(d, 1, p->slot_count);
    if (!slots)
        return firn_arena_raise(d->a, d->err);
    return read_fields(d, p, slots, out);
}

static firn_code read_union(decoder *d, const firn_avro_plan *p, firn_avro_value *out)
{
    int64_t branch = 0;
    FIRN_TRY(firn_avro_long(&d->in, &branch, d->err));
    if (branch < 0 || (uint64_t)branch >= p->node->branch_count)
        return firn_avro_bad(&d->in, d->err, "a union has no such branch");
    return read_value(d, p->branches[branch], out);
}

/* --- arrays and maps ----------------------------------------------------------------------- */

/* Items while they are read: `room` more fit behind n; so many records' items fit in `slots`. */
typedef struct list {
    firn_avro_value *v;
    size_t n;
    size_t room;
    firn_avro_value *slots;
} list;

/* Makes room for at least one more item, for `expect` if the count is believable. */
static firn_code grow(decoder *d, list *l, size_t expect, size_t slot_count)
{
    size_t more = l->n ? l->n : FIRN_MIN(expect, (size_t)FIRST_ITEMS);
    firn_avro_value *v = take_values(d, l->n + more, 1);
    if (!v)
        return firn_arena_raise(d->a, d->err);
    if (l->n)
        memcpy(v, l->v, l->n * sizeof *v);
    if (slot_count) {
        l->slots = take_values(d, more, slot_count);
        if (!l->slots)
            return firn_arena_raise(d->a, d->err);
    }
    l->v = v;
    l->room = more;
    return FIRN_OK;
}

/* Refuses counts that the bytes left cannot hold. */
static firn_code check_count(decoder *d, uint64_t count, uint64_t item_bytes)
{
    if (item_bytes > 0) {
        if (count > firn_avro_rest(&d->in) / item_bytes)
            return firn_avro_bad(&d->in, d->err, "more items than the data can hold");
        return FIRN_OK;
    }
    if (count > d->free_items)
        return firn_avro_bad(&d->in, d->err, "more empty items than the file may have");
    d->free_items -= count;
    return FIRN_OK;
}

static firn_code read_items(decoder *d, const firn_avro_plan *item, uint64_t count, list *l)
{
    size_t slot_count = item->type == FIRN_AVRO_T_RECORD ? item->slot_count : 0;
    for (; count > 0; count--) {
        if (l->room == 0)
            FIRN_TRY(grow(d, l, count, slot_count));
        firn_avro_value *out = &l->v[l->n];
        if (slot_count) {
            FIRN_TRY(read_fields(d, item, l->slots, out));
            l->slots += slot_count;
        } else {
            FIRN_TRY(read_value(d, item, out));
        }
        l->n++;
        l->room--;
    }
    return FIRN_OK;
}

static bool is_wanted(const decoder *d, int64_t key)
{
    for (size_t i = 0; i < d->only.n; i++)
        if (d->only.v[i] == key)
            return true;
    return false;
}

/* Items of an int-keyed map of which few are wanted. */
static firn_code read_some_items(decoder *d, const firn_avro_plan *item, uint64_t count, list *l)
{
    const firn_avro_skip *value = &item->node->fields[1].type->skip;
    for (; count > 0; count--) {
        const uint8_t *start = d->in.p;
        int64_t key = 0;
        FIRN_TRY(firn_avro_long(&d->in, &key, d->err));
        if (is_wanted(d, key)) {
            d->in.p = start;
            FIRN_TRY(read_items(d, item, 1, l));
        } else {
            FIRN_TRY(firn_avro_skip_value(&d->in, value, d->depth, d->err));
        }
    }
    return FIRN_OK;
}

static firn_code read_pairs(decoder *d, const firn_avro_plan *item, uint64_t count, list *l)
{
    for (; count > 0; count--) {
        if (l->room < 2)
            FIRN_TRY(grow(d, l, 2 * count, 0));
        FIRN_TRY(read_bytes(d, item, &l->v[l->n]));
        FIRN_TRY(read_value(d, item, &l->v[l->n + 1]));
        l->n += 2;
        l->room -= 2;
    }
    return FIRN_OK;
}

static firn_code read_list(decoder *d, const firn_avro_plan *p, firn_avro_value *out)
{
    list l = {0};
    bool is_map = p->type == FIRN_AVRO_T_MAP;
    FIRN_TRY(enter(d));
    for (;;) {
        uint64_t count = 0;
        const uint8_t *stop = NULL;
        FIRN_TRY(firn_avro_block(&d->in, &count, &stop, d->err));
        if (count == 0)
            break;
        FIRN_TRY(check_count(d, count, p->item->node->min_bytes + is_map));
        if (is_map)
            FIRN_TRY(read_pairs(d, p->item, count, &l));
        else if (d->only.n && p->item->is_pair)
            FIRN_TRY(read_some_items(d, p->item, count, &l));
        else
            FIRN_TRY(read_items(d, p->item, count, &l));
        if (stop && d->in.p != stop)
            return firn_avro_bad(&d->in, d->err, "items do not take the bytes they say");
    }
    d->depth--;
    out->kind = is_map ? FIRN_AVRO_MAP : FIRN_AVRO_ARRAY;
    out->u.items.v = l.v;
    out->u.items.n = l.n;
    return FIRN_OK;
}

static const read_fn readers[FIRN_AVRO_T_COUNT] = {
    [FIRN_AVRO_T_NULL] = read_null,     [FIRN_AVRO_T_BOOLEAN] = read_boolean,
    [FIRN_AVRO_T_INT] = read_int,       [FIRN_AVRO_T_LONG] = read_long,
    [FIRN_AVRO_T_FLOAT] = read_float,   [FIRN_AVRO_T_DOUBLE] = read_double,
    [FIRN_AVRO_T_BYTES] = read_bytes,   [FIRN_AVRO_T_STRING] = read_bytes,
    [FIRN_AVRO_T_FIXED] = read_fixed,   [FIRN_AVRO_T_ENUM] = read_enum,
    [FIRN_AVRO_T_RECORD] = read_record, [FIRN_AVRO_T_ARRAY] = read_list,
    [FIRN_AVRO_T_MAP] = read_list,      [FIRN_AVRO_T_UNION] = read_union,
};

firn_code firn_avro_read_record(firn_avro_in *in, const firn_avro_plan *plan, firn_avro_keys only,
                                uint64_t *free_items, firn_arena *a, firn_avro_value *ret,
                                firn_err *err)
{
    decoder d = {.in = *in, .a = a, .err = err, .free_items = *free_items, .only = only};
    firn_avro_value v = {0};
    firn_code code = read_record(&d, plan, &v);
    *in = d.in;
    *free_items = d.free_items;
    if (code == FIRN_OK)
        *ret = v;
    return code;
}
