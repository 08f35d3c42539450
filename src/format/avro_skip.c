/* SPDX-License-Identifier: Apache-2.0 */
/* Moving over encoded values.  Runs of fields are merged when the schema is read, so that maps of
 * statistics that nobody wants cost a few instructions an entry; parts that take no bytes are left
 * out, so that the work is bounded by the bytes whatever the schema looks like. */
#include "format/avro_int.h"

#include <string.h>

#define MAX_MERGED ((uint64_t)1 << 32)

firn_code firn_avro_bad(const firn_avro_in *in, firn_err *err, const char *what)
{
    size_t at = (size_t)(in->p - in->start);
    if (in->inflated)
        return firn_raise(err, FIRN_E_DATA, "%s at byte %zu of the inflated block at byte %zu",
                          what, at, in->offset);
    return firn_raise(err, FIRN_E_DATA, "%s at byte %zu", what, in->offset + at);
}

firn_code firn_avro_long_slow(firn_avro_in *in, int64_t *ret, firn_err *err)
{
    uint64_t z = 0;
    const uint8_t *p = in->p;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (p == in->end)
            return firn_avro_bad(in, err, "the data ends within an integer");
        uint8_t b = *p++;
        if (shift == 63 && b > 1)
            break;
        z |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80) {
            *ret = (int64_t)(z >> 1) ^ -(int64_t)(z & 1);
            in->p = p;
            return FIRN_OK;
        }
    }
    return firn_avro_bad(in, err, "an integer of more than 64 bits");
}

firn_code firn_avro_run(firn_avro_in *in, firn_slice *ret, firn_err *err)
{
    int64_t n = 0;
    FIRN_TRY(firn_avro_long(in, &n, err));
    if (n < 0 || (uint64_t)n > firn_avro_rest(in))
        return firn_avro_bad(in, err, "a length beyond the end of the data");
    *ret = (firn_slice){in->p, (size_t)n};
    in->p += n;
    return FIRN_OK;
}

firn_code firn_avro_block(firn_avro_in *in, uint64_t *ret_count, const uint8_t **ret_stop,
                          firn_err *err)
{
    int64_t count = 0;
    FIRN_TRY(firn_avro_long(in, &count, err));
    if (count >= 0) {
        *ret_count = (uint64_t)count;
        *ret_stop = NULL;
        return FIRN_OK;
    }
    int64_t bytes = 0;
    FIRN_TRY(firn_avro_long(in, &bytes, err));
    if (bytes < 0 || (uint64_t)bytes > firn_avro_rest(in))
        return firn_avro_bad(in, err, "items beyond the end of the data");
    *ret_count = 0 - (uint64_t)count;
    *ret_stop = in->p + bytes;
    return FIRN_OK;
}

/* --- skipping ------------------------------------------------------------------------------ */

static firn_code skip_bytes(firn_avro_in *in, uint64_t n, firn_err *err)
{
    if (n > firn_avro_rest(in))
        return firn_avro_bad(in, err, "the data ends within a value");
    in->p += n;
    return FIRN_OK;
}

/* An integer ends with the first byte below 0x80: eight bytes are looked at at a time. */
static firn_code skip_varints(firn_avro_in *in, uint64_t n, firn_err *err)
{
    const uint8_t *p = in->p;
    while (n >= 8 && in->end - p >= 8) {
        uint64_t word;
        memcpy(&word, p, sizeof word);
        n -= (uint64_t)__builtin_popcountll(~word & UINT64_C(0x8080808080808080));
        p += 8;
    }
    /* the last integer seen may go on behind the word: n counts ends, so nothing is lost */
    while (n > 0 && p < in->end)
        n -= *p++ < 0x80;
    if (n > 0)
        return firn_avro_bad(in, err, "the data ends within integers");
    in->p = p;
    return FIRN_OK;
}

static firn_code skip_runs(firn_avro_in *in, uint64_t n, firn_err *err)
{
    firn_slice s = {0};
    for (; n > 0; n--)
        FIRN_TRY(firn_avro_run(in, &s, err));
    return FIRN_OK;
}

static firn_code skip_node(firn_avro_in *in, const firn_avro_node *node, unsigned depth,
                           firn_err *err);

firn_code firn_avro_skip_value(firn_avro_in *in, const firn_avro_skip *skip, unsigned depth,
                               firn_err *err)
{
    switch (skip->kind) {
    case FIRN_AVRO_SKIP_BYTES:
        return skip_bytes(in, skip->n, err);
    case FIRN_AVRO_SKIP_VARINTS:
        return skip_varints(in, skip->n, err);
    case FIRN_AVRO_SKIP_RUNS:
        return skip_runs(in, skip->n, err);
    case FIRN_AVRO_SKIP_NODE:
        break;
    }
    return skip_node(in, skip->node, depth, err);
}

static firn_code skip_items(firn_avro_in *in, const firn_avro_node *node, uint64_t count,
                            unsigned depth, firn_err *err)
{
    bool is_map = node->type == FIRN_AVRO_T_MAP;
    const firn_avro_skip *skip = &node->item->skip;
    uint64_t least = node->item->min_bytes + is_map;
    if (least > 0 && count > firn_avro_rest(in) / least)
        return firn_avro_bad(in, err, "more items than the data can hold");
    if (!is_map && skip->kind == FIRN_AVRO_SKIP_BYTES)
        return skip->n ? skip_bytes(in, count * skip->n, err) : FIRN_OK;
    if (!is_map && skip->kind == FIRN_AVRO_SKIP_VARINTS)
        return skip_varints(in, count * skip->n, err);
    for (; count > 0; count--) {
        if (is_map)
            FIRN_TRY(skip_runs(in, 1, err));
        FIRN_TRY(firn_avro_skip_value(in, skip, depth, err));
    }
    return FIRN_OK;
}

static firn_code skip_list(firn_avro_in *in, const firn_avro_node *node, unsigned depth,
                           firn_err *err)
{
    for (;;) {
        uint64_t count = 0;
        const uint8_t *stop = NULL;
        FIRN_TRY(firn_avro_block(in, &count, &stop, err));
        if (count == 0)
            return FIRN_OK;
        if (stop)
            in->p = stop;
        else
            FIRN_TRY(skip_items(in, node, count, depth, err));
    }
}

static firn_code skip_union(firn_avro_in *in, const firn_avro_node *node, unsigned depth,
                            firn_err *err)
{
    int64_t branch = 0;
    FIRN_TRY(firn_avro_long(in, &branch, err));
    if (branch < 0 || (uint64_t)branch >= node->branch_count)
        return firn_avro_bad(in, err, "a union has no such branch");
    return firn_avro_skip_value(in, &node->branches[branch]->skip, depth, err);
}

static firn_code skip_node(firn_avro_in *in, const firn_avro_node *node, unsigned depth,
                           firn_err *err)
{
    if (depth >= FIRN_AVRO_MAX_DEPTH)
        return firn_avro_bad(in, err, "values are nested too deep");
    if (node->type == FIRN_AVRO_T_UNION)
        return skip_union(in, node, depth + 1, err);
    if (node->type != FIRN_AVRO_T_RECORD)
        return skip_list(in, node, depth + 1, err);
    for (size_t i = 0; i < node->step_count; i++)
        FIRN_TRY(firn_avro_skip_value(in, &node->steps[i], depth + 1, err));
    return FIRN_OK;
}

/* --- what a type costs --------------------------------------------------------------------- */

void firn_avro_skip_append(firn_avro_skip *steps, size_t *n, const firn_avro_skip *one)
{
    if (one->kind == FIRN_AVRO_SKIP_BYTES && one->n == 0)
        return;
    firn_avro_skip *last = *n ? &steps[*n - 1] : NULL;
    bool merges = last && one->kind == last->kind && one->kind != FIRN_AVRO_SKIP_NODE &&
                  one->n + last->n <= MAX_MERGED;
    if (merges)
        last->n += one->n;
    else
        steps[(*n)++] = *one;
}

static uint64_t add_bytes(uint64_t a, uint64_t b)
{
    return FIRN_MIN(a + b, (uint64_t)1 << 62);
}

static firn_code plan_record(firn_avro_node *node, firn_arena *a, firn_err *err)
{
    node->steps = firn_arena_array(a, node->field_count, sizeof *node->steps);
    if (!node->steps)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < node->field_count; i++) {
        const firn_avro_node *type = node->fields[i].type;
        node->min_bytes = add_bytes(node->min_bytes, type->min_bytes);
        firn_avro_skip_append(node->steps, &node->step_count, &type->skip);
    }
    if (node->step_count == 0)
        node->skip = (firn_avro_skip){.kind = FIRN_AVRO_SKIP_BYTES};
    else if (node->step_count == 1)
        node->skip = node->steps[0];
    return FIRN_OK;
}

firn_code firn_avro_skip_plan(firn_avro_node *node, firn_arena *a, firn_err *err)
{
    node->skip = (firn_avro_skip){.kind = FIRN_AVRO_SKIP_NODE, .node = node};
    node->min_bytes = 1;
    if (node->type == FIRN_AVRO_T_ENUM)
        node->skip = (firn_avro_skip){.kind = FIRN_AVRO_SKIP_VARINTS, .n = 1};
    if (node->type == FIRN_AVRO_T_FIXED) {
        node->min_bytes = node->fixed_bytes;
        node->skip = (firn_avro_skip){.kind = FIRN_AVRO_SKIP_BYTES, .n = node->fixed_bytes};
    }
    if (node->type != FIRN_AVRO_T_RECORD)
        return FIRN_OK;
    node->min_bytes = 0;
    return plan_record(node, a, err);
}
