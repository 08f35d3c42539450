/* SPDX-License-Identifier: Apache-2.0 */
#include "base/column.h"

#include <string.h>

uint8_t firn_column_width(const firn_type *t)
{
    switch (t->kind) {
    case FIRN_T_BOOLEAN:
        return 1;
    case FIRN_T_INT:
    case FIRN_T_DATE:
    case FIRN_T_FLOAT:
        return 4;
    case FIRN_T_LONG:
    case FIRN_T_DOUBLE:
    case FIRN_T_TIME:
    case FIRN_T_TIMESTAMP:
    case FIRN_T_TIMESTAMPTZ:
    case FIRN_T_TIMESTAMP_NS:
    case FIRN_T_TIMESTAMPTZ_NS:
        return 8;
    case FIRN_T_DECIMAL:
        return t->precision <= 4 ? 2 : t->precision <= 9 ? 4 : t->precision <= 18 ? 8 : 16;
    case FIRN_T_STRING:
    case FIRN_T_BINARY:
    case FIRN_T_FIXED:
    case FIRN_T_UUID:
    case FIRN_T_LIST:
    case FIRN_T_MAP:
        return 16;
    case FIRN_T_UNKNOWN:
        return 4;
    case FIRN_T_FOREIGN:
    case FIRN_T_STRUCT:
    case FIRN_TYPE_KIND_COUNT:
        break;
    }
    return 0;
}

firn_code firn_column_set_null(firn_column *col, size_t row, firn_err *err)
{
    if (!col->validity)
        FIRN_TRY(col->ops->need_validity(col, err));
    col->validity[row / 64] &= ~(UINT64_C(1) << (row % 64));
    return FIRN_OK;
}

firn_code firn_column_null(firn_column *col, size_t row, firn_err *err)
{
    FIRN_TRY(firn_column_set_null(col, row, err));
    if (col->type->kind == FIRN_T_LIST || col->type->kind == FIRN_T_MAP) {
        ((firn_listview *)col->data)[row] = (firn_listview){col->children[0].length, 0};
        return FIRN_OK;
    }
    for (size_t i = 0; i < col->child_count; i++)
        FIRN_TRY(firn_column_null(&col->children[i], row, err));
    return FIRN_OK;
}

firn_code firn_column_reserve(firn_column *child, size_t rows, firn_err *err)
{
    if (FIRN_LIKELY(rows <= child->capacity))
        return FIRN_OK;
    return child->ops->reserve(child, FIRN_MAX(rows, child->capacity * 2), err);
}

/* --- columns in plain memory --------------------------------------------------------------- */

static size_t validity_words(size_t rows)
{
    return (rows + 63) / 64;
}

static firn_code arena_need_validity(firn_column *col, firn_err *err)
{
    firn_arena *a = col->owner;
    size_t words = FIRN_MAX(validity_words(col->capacity), (size_t)1);
    uint64_t *bits = firn_arena_alloc(a, words * sizeof *bits);
    if (!bits)
        return firn_arena_raise(a, err);
    memset(bits, 0xff, words * sizeof *bits);
    col->validity = bits;
    return FIRN_OK;
}

static firn_code arena_reserve(firn_column *col, size_t rows, firn_err *err)
{
    firn_arena *a = col->owner;
    if (rows <= col->capacity)
        return FIRN_OK;
    if (col->width) {
        void *data = firn_arena_array(a, rows, col->width);
        if (!data)
            return firn_arena_raise(a, err);
        if (col->capacity)
            memcpy(data, col->data, col->capacity * col->width);
        col->data = data;
    }
    uint64_t *old = col->validity;
    size_t old_words = validity_words(col->capacity);
    col->capacity = rows;
    if (old) {
        FIRN_TRY(arena_need_validity(col, err));
        memcpy(col->validity, old, old_words * sizeof *old);
    }
    if (col->type->kind == FIRN_T_STRUCT)
        for (size_t i = 0; i < col->child_count; i++)
            FIRN_TRY(arena_reserve(&col->children[i], rows, err));
    return FIRN_OK;
}

static const firn_column_ops arena_ops = {arena_need_validity, arena_reserve};

/* A map's one child is a struct of its key and value: the type tree has no such node. */
static const firn_type *entries_type(const firn_type *map, firn_arena *a)
{
    firn_type *t = firn_arena_zalloc(a, sizeof *t);
    if (t)
        *t = (firn_type){
            .kind = FIRN_T_STRUCT, .fields = map->fields, .field_count = map->field_count};
    return t;
}

static firn_code build(const firn_type *type, size_t rows, firn_arena *a, firn_column *col,
                       firn_err *err)
{
    *col = (firn_column){
        .type = type, .width = firn_column_width(type), .ops = &arena_ops, .owner = a};
    size_t child_rows = rows;
    const firn_type *only = NULL;
    if (type->kind == FIRN_T_LIST || type->kind == FIRN_T_MAP) {
        only = type->kind == FIRN_T_LIST ? &type->fields[0].type : entries_type(type, a);
        if (!only)
            return firn_arena_raise(a, err);
        child_rows = 0;
    }
    col->child_count = only ? 1 : type->field_count;
    col->children = firn_arena_array(a, col->child_count, sizeof *col->children);
    if (!col->children)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < col->child_count; i++)
        FIRN_TRY(build(only ? only : &type->fields[i].type, child_rows, a, &col->children[i], err));
    return arena_reserve(col, rows, err);
}

firn_code firn_columns_in_arena(const firn_type *type, size_t rows, firn_arena *a, firn_column *ret,
                                firn_err *err)
{
    return build(type, rows, a, ret, err);
}
