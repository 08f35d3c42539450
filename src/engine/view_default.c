/* SPDX-License-Identifier: Apache-2.0 */
/* Defaults of the metadata as SQL.  Source: Iceberg table spec, "Default values" and Appendix D
 * ("JSON single-value serialization"); ICEBERG.md §6.1. */
#include "engine/view_int.h"

#include "base/str.h"

#define MAX_DEPTH 100

static firn_code add_value(const firn_type *t, const json_t *j, int depth, firn_buf *out,
                           firn_err *err);

static firn_code no_default(const firn_type *t, firn_err *err)
{
    return firn_raise(err, FIRN_E_DATA, "a default that is no %s", firn_type_kind_name(t->kind));
}

static firn_code add_null(const firn_type *t, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, "CAST(NULL AS ", err));
    FIRN_TRY(firn_sql_type(out, t, err));
    return firn_buf_addc(out, ')', err);
}

/* Fields by id; one that is not named has its own default. */
static firn_code add_struct(const firn_type *t, const json_t *j, int depth, firn_buf *out,
                            firn_err *err)
{
    if (!json_is_object(j))
        return no_default(t, err);
    FIRN_TRY(firn_buf_adds(out, "struct_pack(", err));
    for (size_t i = 0; i < t->field_count; i++) {
        const firn_field *f = &t->fields[i];
        FIRN_AUTO(firn_buf_free) firn_buf id = FIRN_BUF(32);
        FIRN_TRY(firn_buf_addf(&id, err, "%d", (int)f->id));
        const json_t *value = json_object_get(j, firn_buf_cstr(&id));
        FIRN_TRY(firn_buf_adds(out, i ? ", " : "", err));
        FIRN_TRY(firn_sql_ident(out, f->name, err));
        FIRN_TRY(firn_buf_adds(out, " := ", err));
        FIRN_TRY(!value && f->initial_default.p
                     ? firn_view_default(&f->type, f->initial_default, out, err)
                     : add_value(&f->type, value, depth + 1, out, err));
    }
    return firn_buf_addc(out, ')', err);
}

static firn_code add_list(const firn_type *element, const json_t *j, int depth, firn_buf *out,
                          firn_err *err)
{
    FIRN_TRY(firn_buf_addc(out, '[', err));
    for (size_t i = 0; i < json_array_size(j); i++) {
        FIRN_TRY(firn_buf_adds(out, i ? ", " : "", err));
        FIRN_TRY(add_value(element, json_array_get(j, i), depth + 1, out, err));
    }
    return firn_buf_addc(out, ']', err);
}

static firn_code add_map(const firn_type *t, const json_t *j, int depth, firn_buf *out,
                         firn_err *err)
{
    const json_t *keys = json_object_get(j, "keys");
    const json_t *values = json_object_get(j, "values");
    if (!json_is_array(keys) || json_array_size(keys) != json_array_size(values))
        return no_default(t, err);
    FIRN_TRY(firn_buf_adds(out, "CAST(map(", err));
    FIRN_TRY(add_list(&t->fields[0].type, keys, depth, out, err));
    FIRN_TRY(firn_buf_adds(out, ", ", err));
    FIRN_TRY(add_list(&t->fields[1].type, values, depth, out, err));
    FIRN_TRY(firn_buf_adds(out, ") AS ", err));
    FIRN_TRY(firn_sql_type(out, t, err));
    return firn_buf_addc(out, ')', err);
}

/* Numbers as JSON prints them, texts as they are: the engine reads both as the type. */
static firn_code add_primitive(const firn_type *t, const json_t *j, firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_SQL_BUF;
    bool bytes = t->kind == FIRN_T_BINARY || t->kind == FIRN_T_FIXED;
    if (json_is_object(j) || json_is_array(j) || (bytes && !json_is_string(j)))
        return no_default(t, err);
    if (json_is_string(j))
        FIRN_TRY(firn_buf_addstr(&text, firn_json_text(j), err));
    else
        FIRN_TRY(firn_json_print(j, 0, &text, err));
    FIRN_TRY(firn_buf_adds(out, bytes ? "CAST(unhex(" : "CAST(", err));
    FIRN_TRY(firn_sql_text(out, firn_buf_str(&text), err));
    FIRN_TRY(firn_buf_adds(out, bytes ? ") AS " : " AS ", err));
    FIRN_TRY(firn_sql_type(out, t, err));
    return firn_buf_addc(out, ')', err);
}

static firn_code add_value(const firn_type *t, const json_t *j, int depth, firn_buf *out,
                           firn_err *err)
{
    if (depth > MAX_DEPTH)
        return firn_raise(err, FIRN_E_LIMIT, "a default nested deeper than %d levels", MAX_DEPTH);
    if (!j || json_is_null(j) || t->kind == FIRN_T_UNKNOWN)
        return add_null(t, out, err);
    if (t->kind == FIRN_T_STRUCT)
        return add_struct(t, j, depth, out, err);
    if (t->kind == FIRN_T_MAP)
        return add_map(t, j, depth, out, err);
    if (t->kind != FIRN_T_LIST)
        return add_primitive(t, j, out, err);
    if (!json_is_array(j))
        return no_default(t, err);
    FIRN_TRY(firn_buf_adds(out, "CAST(", err));
    FIRN_TRY(add_list(&t->fields[0].type, j, depth, out, err));
    FIRN_TRY(firn_buf_adds(out, " AS ", err));
    FIRN_TRY(firn_sql_type(out, t, err));
    return firn_buf_addc(out, ')', err);
}

firn_code firn_view_default(const firn_type *t, firn_str json, firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *j = NULL;
    FIRN_TRY(firn_json_parse((firn_slice){(const uint8_t *)json.p, json.n}, &j, err));
    return add_value(t, j, 0, out, err);
}
