/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/arrow_build.h"

#include "base/mem.h"

#include <string.h>

/* Offsets of Arrow's usual texts and lists have 32 bits. */
#define TEXTS_MAX  ((size_t)INT32_MAX)
#define BUFFER_MAX ((size_t)16 << 30)

static bool is_text(const firn_type *t)
{
    return t->kind == FIRN_T_STRING || t->kind == FIRN_T_BINARY;
}

static bool is_list(const firn_arrow_builder *b)
{
    return !b->entries && (b->type->kind == FIRN_T_LIST || b->type->kind == FIRN_T_MAP);
}

/* --- making -------------------------------------------------------------------------------- */

static firn_code new_children(firn_arrow_builder *b, firn_arena *a, firn_err *err)
{
    const firn_type *t = b->type;
    bool map = t->kind == FIRN_T_MAP && !b->entries;
    b->child_count = map ? 1 : t->field_count;
    b->children = firn_arena_array(a, b->child_count, sizeof *b->children);
    if (!b->children)
        return firn_arena_raise(a, err);
    if (map) {
        b->children[0] = (firn_arrow_builder){.type = t, .entries = true};
        b->children[0].validity = b->children[0].data = b->children[0].texts = FIRN_BUF(BUFFER_MAX);
        return new_children(&b->children[0], a, err);
    }
    for (size_t i = 0; i < b->child_count; i++)
        FIRN_TRY(firn_arrow_builder_new(&t->fields[i].type, a, &b->children[i], err));
    return FIRN_OK;
}

firn_code firn_arrow_builder_new(const firn_type *type, firn_arena *a, firn_arrow_builder *ret,
                                 firn_err *err)
{
    if (type->kind == FIRN_T_TIMESTAMPTZ_NS || type->kind == FIRN_T_FOREIGN)
        return firn_raise(err, FIRN_E_UNSUPPORTED, "values of type %s are not read",
                          firn_type_text(type, a));
    *ret = (firn_arrow_builder){.type = type,
                                .validity = FIRN_BUF(BUFFER_MAX),
                                .data = FIRN_BUF(BUFFER_MAX),
                                .texts = FIRN_BUF(TEXTS_MAX)};
    return new_children(ret, a, err);
}

void firn_arrow_builder_free(firn_arrow_builder *b)
{
    firn_buf_free(&b->validity);
    firn_buf_free(&b->data);
    firn_buf_free(&b->texts);
    for (size_t i = 0; i < b->child_count; i++)
        firn_arrow_builder_free(&b->children[i]);
}

size_t firn_arrow_builder_bytes(const firn_arrow_builder *b)
{
    size_t most = b->texts.n;
    for (size_t i = 0; i < b->child_count; i++)
        most = FIRN_MAX(most, firn_arrow_builder_bytes(&b->children[i]));
    return most;
}

/* --- adding -------------------------------------------------------------------------------- */

/* Makes a run of bits long enough; new ones are 0. */
static firn_code grow_bits(firn_buf *bits, int64_t length, firn_err *err)
{
    static const uint8_t zeros[64];
    size_t want = (size_t)(length + 7) / 8;
    while (bits->n < want)
        FIRN_TRY(firn_buf_add(bits, zeros, FIRN_MIN(want - bits->n, sizeof zeros), err));
    return FIRN_OK;
}

static void set_bit(firn_buf *bits, int64_t i)
{
    bits->p[i / 8] |= (uint8_t)(1u << (i % 8));
}

static firn_code add_validity(firn_arrow_builder *b, const firn_column *col, size_t from,
                              size_t count, firn_err *err)
{
    FIRN_TRY(grow_bits(&b->validity, b->length + (int64_t)count, err));
    for (size_t i = 0; i < count; i++) {
        if (firn_column_is_valid(col, from + i))
            set_bit(&b->validity, b->length + (int64_t)i);
        else
            b->null_count++;
    }
    return FIRN_OK;
}

static firn_code add_booleans(firn_arrow_builder *b, const firn_column *col, size_t from,
                              size_t count, firn_err *err)
{
    const uint8_t *v = col->data;
    FIRN_TRY(grow_bits(&b->data, b->length + (int64_t)count, err));
    for (size_t i = 0; i < count; i++)
        if (firn_column_is_valid(col, from + i) && v[from + i])
            set_bit(&b->data, b->length + (int64_t)i);
    return FIRN_OK;
}

static firn_code add_decimals(firn_arrow_builder *b, const firn_column *col, size_t from,
                              size_t count, firn_err *err)
{
    for (size_t i = 0; i < count; i++) {
        firn_i128 v = firn_column_is_valid(col, from + i) ? firn_column_dec(col, from + i) : 0;
        FIRN_TRY(firn_buf_add(&b->data, &v, sizeof v, err));
    }
    return FIRN_OK;
}

static firn_code add_uuids(firn_arrow_builder *b, const firn_column *col, size_t from, size_t count,
                           firn_err *err)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t bytes[16] = {0};
        if (firn_column_is_valid(col, from + i))
            firn_column_uuid(col, from + i, bytes);
        FIRN_TRY(firn_buf_add(&b->data, bytes, sizeof bytes, err));
    }
    return FIRN_OK;
}

static firn_code add_fixed(firn_arrow_builder *b, const firn_column *col, size_t from, size_t count,
                           firn_err *err)
{
    size_t n = (size_t)b->type->length;
    for (size_t i = 0; i < count; i++) {
        bool valid = firn_column_is_valid(col, from + i);
        firn_str s = valid ? firn_strview_str(&((const firn_strview *)col->data)[from + i])
                           : (firn_str){NULL, 0};
        if (valid && s.n != n)
            return firn_raise(err, FIRN_E_DATA, "%zu bytes in a column of fixed[%zu]", s.n, n);
        FIRN_TRY(firn_buf_reserve(&b->data, n, err));
        if (valid)
            memcpy(b->data.p + b->data.n, s.p, n);
        else
            memset(b->data.p + b->data.n, 0, n);
        b->data.n += n;
    }
    return FIRN_OK;
}

/* Offsets begin with a 0; each value adds where it ends. */
static firn_code add_offset(firn_arrow_builder *b, int64_t end, firn_err *err)
{
    int32_t offset = (int32_t)end;
    if (end > INT32_MAX)
        return firn_raise(err, FIRN_E_LIMIT, "more than 2^31 elements in one batch");
    return firn_buf_add(&b->data, &offset, sizeof offset, err);
}

static firn_code begin_offsets(firn_arrow_builder *b, firn_err *err)
{
    return b->data.n ? FIRN_OK : add_offset(b, 0, err);
}

static firn_code add_texts(firn_arrow_builder *b, const firn_column *col, size_t from, size_t count,
                           firn_err *err)
{
    FIRN_TRY(begin_offsets(b, err));
    for (size_t i = 0; i < count; i++) {
        if (firn_column_is_valid(col, from + i))
            FIRN_TRY(firn_buf_addstr(
                &b->texts, firn_strview_str(&((const firn_strview *)col->data)[from + i]), err));
        FIRN_TRY(add_offset(b, (int64_t)b->texts.n, err));
    }
    return FIRN_OK;
}

static firn_code add_lists(firn_arrow_builder *b, const firn_column *col, size_t from, size_t count,
                           firn_err *err)
{
    firn_arrow_builder *child = &b->children[0];
    FIRN_TRY(begin_offsets(b, err));
    for (size_t i = 0; i < count; i++) {
        firn_listview v = ((const firn_listview *)col->data)[from + i];
        if (firn_column_is_valid(col, from + i))
            FIRN_TRY(firn_arrow_builder_add(child, &col->children[0], v.offset, v.length, err));
        FIRN_TRY(add_offset(b, child->length, err));
    }
    return FIRN_OK;
}

static firn_code add_values(firn_arrow_builder *b, const firn_column *col, size_t from,
                            size_t count, firn_err *err)
{
    switch (b->type->kind) {
    case FIRN_T_BOOLEAN:
        return add_booleans(b, col, from, count, err);
    case FIRN_T_DECIMAL:
        return add_decimals(b, col, from, count, err);
    case FIRN_T_UUID:
        return add_uuids(b, col, from, count, err);
    case FIRN_T_FIXED:
        return add_fixed(b, col, from, count, err);
    case FIRN_T_STRING:
    case FIRN_T_BINARY:
        return add_texts(b, col, from, count, err);
    case FIRN_T_UNKNOWN:
        return FIRN_OK;
    case FIRN_T_INT:
    case FIRN_T_LONG:
    case FIRN_T_FLOAT:
    case FIRN_T_DOUBLE:
    case FIRN_T_DATE:
    case FIRN_T_TIME:
    case FIRN_T_TIMESTAMP:
    case FIRN_T_TIMESTAMPTZ:
    case FIRN_T_TIMESTAMP_NS:
    case FIRN_T_TIMESTAMPTZ_NS:
    case FIRN_T_FOREIGN:
    case FIRN_T_STRUCT:
    case FIRN_T_LIST:
    case FIRN_T_MAP:
    case FIRN_TYPE_KIND_COUNT:
        break;
    }
    return firn_buf_add(&b->data, (const uint8_t *)col->data + from * col->width,
                        count * col->width, err);
}

firn_code firn_arrow_builder_add(firn_arrow_builder *b, const firn_column *col, size_t from,
                                 size_t count, firn_err *err)
{
    if (count == 0)
        return is_list(b) || is_text(b->type) ? begin_offsets(b, err) : FIRN_OK;
    FIRN_TRY(add_validity(b, col, from, count, err));
    if (is_list(b)) {
        FIRN_TRY(add_lists(b, col, from, count, err));
    } else if (b->child_count) {
        for (size_t i = 0; i < b->child_count; i++)
            FIRN_TRY(firn_arrow_builder_add(&b->children[i], &col->children[i], from, count, err));
    } else if (b->type->kind != FIRN_T_STRUCT) {
        FIRN_TRY(add_values(b, col, from, count, err));
    }
    b->length += (int64_t)count;
    return FIRN_OK;
}

/* --- handing over -------------------------------------------------------------------------- */

/* What an array owns; children may be moved out of it. */
typedef struct holder {
    const void *buffers[3];
    void *owned[3];
    struct ArrowArray **children;
    int64_t child_count;
} holder;

static void release(struct ArrowArray *array)
{
    holder *h = array->private_data;
    for (int64_t i = 0; h->children && i < h->child_count; i++) {
        if (h->children[i] && h->children[i]->release)
            h->children[i]->release(h->children[i]);
        firn_mem_free(h->children[i]);
    }
    for (size_t i = 0; i < FIRN_COUNT_OF(h->owned); i++)
        firn_mem_free(h->owned[i]);
    firn_mem_free(h->children);
    firn_mem_free(h);
    array->release = NULL;
}

/* Moves a buffer's memory out; readers want a pointer even where there are no bytes. */
static const void *move_out(firn_buf *b, void **owned)
{
    static const uint64_t nothing;
    *owned = b->p;
    const void *p = b->p ? (const void *)b->p : &nothing;
    b->p = NULL;
    b->n = b->cap = 0;
    return p;
}

static int64_t buffer_count(const firn_arrow_builder *b)
{
    if (b->type->kind == FIRN_T_UNKNOWN)
        return 0;
    if (b->entries || b->type->kind == FIRN_T_STRUCT)
        return 1;
    return is_text(b->type) ? 3 : 2;
}

static firn_code finish_children(firn_arrow_builder *b, holder *h, firn_err *err)
{
    h->children = firn_mem_alloc(b->child_count * sizeof(struct ArrowArray *));
    if (!h->children)
        return firn_raise_nomem(err);
    for (size_t i = 0; i < b->child_count; i++) {
        struct ArrowArray *child = firn_mem_alloc(sizeof *child);
        if (!child)
            return firn_raise_nomem(err);
        memset(child, 0, sizeof *child);
        h->children[h->child_count++] = child;
        FIRN_TRY(firn_arrow_builder_finish(&b->children[i], child, err));
    }
    return FIRN_OK;
}

firn_code firn_arrow_builder_finish(firn_arrow_builder *b, struct ArrowArray *ret, firn_err *err)
{
    holder *h = firn_mem_alloc(sizeof *h);
    if (!h)
        return firn_raise_nomem(err);
    memset(h, 0, sizeof *h);
    firn_code code = finish_children(b, h, err);
    if (code == FIRN_OK && (is_list(b) || is_text(b->type)))
        code = begin_offsets(b, err);
    *ret = (struct ArrowArray){.length = b->length,
                               .null_count = b->null_count,
                               .n_buffers = buffer_count(b),
                               .n_children = h->child_count,
                               .buffers = h->buffers,
                               .children = h->children,
                               .release = release,
                               .private_data = h};
    if (code != FIRN_OK) {
        release(ret);
        return code;
    }
    const void *validity = move_out(&b->validity, &h->owned[0]);
    h->buffers[0] = b->null_count ? validity : NULL;
    h->buffers[1] = move_out(&b->data, &h->owned[1]);
    h->buffers[2] = move_out(&b->texts, &h->owned[2]);
    if (b->type->kind == FIRN_T_UNKNOWN)
        ret->null_count = b->length;
    b->length = 0;
    b->null_count = 0;
    return FIRN_OK;
}
