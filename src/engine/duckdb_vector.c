/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's vectors as column.h views: one tree a thread, pointed at each chunk in turn.
 *
 * firn_strview has the layout of duckdb_string_t, firn_listview that of duckdb_list_entry, and
 * decimals, uuids and the rest are stored alike: what a decoder writes is what the engine reads. */
#include "engine/duckdb_int.h"

_Static_assert(sizeof(firn_strview) == sizeof(duckdb_string_t), "strings differ");
_Static_assert(sizeof(firn_listview) == sizeof(duckdb_list_entry), "lists differ");
_Static_assert(sizeof(firn_i128) == sizeof(duckdb_hugeint), "128-bit numbers differ");

/* A column's place in the engine: its own vector and, for the child of a list, the list's. */
typedef struct place {
    duckdb_vector vector;
    duckdb_vector list;
} place;

static void attach(firn_column *col, duckdb_vector vector, duckdb_vector list, size_t capacity);

static void attach_children(firn_column *col, duckdb_vector vector, size_t capacity)
{
    if (col->type->kind == FIRN_T_STRUCT) {
        for (size_t i = 0; i < col->child_count; i++)
            attach(&col->children[i], duckdb_struct_vector_get_child(vector, i), NULL, capacity);
        return;
    }
    if (col->child_count) {
        attach(&col->children[0], duckdb_list_vector_get_child(vector), vector, 0);
        col->children[0].length = duckdb_list_vector_get_size(vector);
    }
}

static void attach(firn_column *col, duckdb_vector vector, duckdb_vector list, size_t capacity)
{
    place *p = col->owner;
    p->vector = vector;
    p->list = list;
    col->data = col->width ? duckdb_vector_get_data(vector) : NULL;
    col->validity = duckdb_vector_get_validity(vector);
    col->capacity = capacity;
    col->length = 0;
    attach_children(col, vector, capacity);
}

void firn_duckdb_attach(firn_column *root, duckdb_data_chunk chunk, size_t capacity)
{
    root->capacity = capacity;
    for (size_t i = 0; i < root->child_count; i++)
        attach(&root->children[i], duckdb_data_chunk_get_vector(chunk, i), NULL, capacity);
}

static firn_code need_validity(firn_column *col, firn_err *err)
{
    place *p = col->owner;
    duckdb_vector_ensure_validity_writable(p->vector);
    col->validity = duckdb_vector_get_validity(p->vector);
    return col->validity ? FIRN_OK : firn_raise_nomem(err);
}

/* After a list's child grew, its data (and that of the structs in it) may have moved; lists below
 * it keep the content of their own children. */
static void refresh(firn_column *col, duckdb_vector vector, size_t capacity)
{
    place *p = col->owner;
    p->vector = vector;
    col->data = col->width ? duckdb_vector_get_data(vector) : NULL;
    col->validity = duckdb_vector_get_validity(vector);
    col->capacity = capacity;
    if (col->type->kind == FIRN_T_STRUCT) {
        for (size_t i = 0; i < col->child_count; i++)
            refresh(&col->children[i], duckdb_struct_vector_get_child(vector, i), capacity);
    } else if (col->child_count) {
        place *child = col->children[0].owner;
        child->list = vector;
        refresh(&col->children[0], duckdb_list_vector_get_child(vector), col->children[0].capacity);
    }
}

static firn_code reserve(firn_column *col, size_t rows, firn_err *err)
{
    place *p = col->owner;
    firn_assert(p->list);
    size_t want = 2048;
    while (want < rows)
        want *= 2;
    if (duckdb_list_vector_reserve(p->list, want) != DuckDBSuccess)
        return firn_raise_nomem(err);
    refresh(col, duckdb_list_vector_get_child(p->list), want);
    return FIRN_OK;
}

static const firn_column_ops vector_ops = {need_validity, reserve};

static void set_sizes(firn_column *col)
{
    bool is_list = col->type->kind == FIRN_T_LIST || col->type->kind == FIRN_T_MAP;
    if (is_list) {
        place *p = col->owner;
        duckdb_list_vector_set_size(p->vector, col->children[0].length);
    }
    for (size_t i = 0; i < col->child_count; i++)
        set_sizes(&col->children[i]);
}

void firn_duckdb_finish(firn_column *root)
{
    for (size_t i = 0; i < root->child_count; i++)
        set_sizes(&root->children[i]);
}

/* The child of a map is a struct of key and value, which the type tree has no node for. */
static const firn_type *entries_of(const firn_type *map, firn_arena *a)
{
    firn_type *t = firn_arena_zalloc(a, sizeof *t);
    if (t)
        *t = (firn_type){
            .kind = FIRN_T_STRUCT, .fields = map->fields, .field_count = map->field_count};
    return t;
}

firn_code firn_duckdb_columns(const firn_type *type, firn_arena *a, firn_column *ret, firn_err *err)
{
    const firn_type *only = NULL;
    if (type->kind == FIRN_T_LIST)
        only = &type->fields[0].type;
    if (type->kind == FIRN_T_MAP)
        only = entries_of(type, a);
    *ret = (firn_column){.type = type,
                         .width = firn_column_width(type),
                         .ops = &vector_ops,
                         .owner = firn_arena_zalloc(a, sizeof(place)),
                         .child_count = only ? 1 : type->field_count};
    ret->children = firn_arena_array(a, ret->child_count, sizeof *ret->children);
    if (!ret->owner || !ret->children || (type->kind == FIRN_T_MAP && !only))
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < ret->child_count; i++)
        FIRN_TRY(
            firn_duckdb_columns(only ? only : &type->fields[i].type, a, &ret->children[i], err));
    return FIRN_OK;
}
