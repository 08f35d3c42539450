/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/value_text.h"

#include "base/json.h"
#include "base/str.h"
#include "iceberg/value_column.h"

#include <math.h>
#include <string.h>

bool firn_value_is_number(const firn_type *t)
{
    return t->kind == FIRN_T_INT || t->kind == FIRN_T_LONG || t->kind == FIRN_T_FLOAT ||
           t->kind == FIRN_T_DOUBLE || t->kind == FIRN_T_DECIMAL;
}

/* --- for people ---------------------------------------------------------------------------- */

static firn_code nested_text(const firn_column *col, size_t row, firn_buf *out, firn_err *err)
{
    if (!firn_column_is_valid(col, row))
        return firn_buf_adds(out, "NULL", err);
    return firn_value_text(col, row, out, err);
}

static firn_code struct_text(const firn_column *col, size_t row, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_addc(out, '{', err));
    for (size_t i = 0; i < col->child_count; i++) {
        FIRN_TRY(firn_buf_adds(out, i ? ", " : "", err));
        FIRN_TRY(firn_buf_addstr(out, col->type->fields[i].name, err));
        FIRN_TRY(firn_buf_adds(out, ": ", err));
        FIRN_TRY(nested_text(&col->children[i], row, out, err));
    }
    return firn_buf_addc(out, '}', err);
}

static firn_code list_text(const firn_column *col, size_t row, firn_buf *out, firn_err *err)
{
    firn_listview v = ((const firn_listview *)col->data)[row];
    FIRN_TRY(firn_buf_addc(out, '[', err));
    for (uint64_t i = 0; i < v.length; i++) {
        FIRN_TRY(firn_buf_adds(out, i ? ", " : "", err));
        FIRN_TRY(nested_text(&col->children[0], v.offset + i, out, err));
    }
    return firn_buf_addc(out, ']', err);
}

static firn_code map_text(const firn_column *col, size_t row, firn_buf *out, firn_err *err)
{
    firn_listview v = ((const firn_listview *)col->data)[row];
    FIRN_TRY(firn_buf_addc(out, '{', err));
    for (uint64_t i = 0; i < v.length; i++) {
        FIRN_TRY(firn_buf_adds(out, i ? ", " : "", err));
        FIRN_TRY(nested_text(&col->children[0].children[0], v.offset + i, out, err));
        FIRN_TRY(firn_buf_addc(out, '=', err));
        FIRN_TRY(nested_text(&col->children[0].children[1], v.offset + i, out, err));
    }
    return firn_buf_addc(out, '}', err);
}

static firn_code binary_text(firn_slice bytes, firn_buf *out, firn_err *err)
{
    for (size_t i = 0; i < bytes.n; i++)
        FIRN_TRY(firn_buf_addf(out, err, "\\x%02X", bytes.p[i]));
    return FIRN_OK;
}

/* "2025-05-31 10:11:12", with +00 where the type has a zone. */
static firn_code timestamp_text(const firn_type *t, const firn_value *v, firn_buf *out,
                                firn_err *err)
{
    size_t at = out->n;
    FIRN_TRY(firn_value_print(t, v, out, err));
    char *mark = memchr(out->p + at, 'T', out->n - at);
    if (mark)
        *mark = ' ';
    if (t->kind == FIRN_T_TIMESTAMPTZ) /* "+00:00" → "+00" */
        out->n -= 3;
    return FIRN_OK;
}

firn_code firn_value_text(const firn_column *col, size_t row, firn_buf *out, firn_err *err)
{
    uint8_t uuid[16];
    const firn_type *t = col->type;
    if (!firn_column_is_valid(col, row))
        return FIRN_OK;
    if (t->kind == FIRN_T_STRUCT)
        return struct_text(col, row, out, err);
    if (t->kind == FIRN_T_LIST)
        return list_text(col, row, out, err);
    if (t->kind == FIRN_T_MAP)
        return map_text(col, row, out, err);
    firn_value v = firn_value_of_column(col, row, uuid);
    if (t->kind == FIRN_T_BINARY || t->kind == FIRN_T_FIXED)
        return binary_text(v.u.bytes, out, err);
    if (t->kind == FIRN_T_TIMESTAMP || t->kind == FIRN_T_TIMESTAMPTZ ||
        t->kind == FIRN_T_TIMESTAMP_NS)
        return timestamp_text(t, &v, out, err);
    return firn_value_print(t, &v, out, err);
}

/* --- JSON ---------------------------------------------------------------------------------- */

static firn_code struct_json(const firn_column *col, size_t row, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_addc(out, '{', err));
    for (size_t i = 0; i < col->child_count; i++) {
        if (i)
            FIRN_TRY(firn_buf_addc(out, ',', err));
        FIRN_TRY(firn_json_escape(col->type->fields[i].name, out, err));
        FIRN_TRY(firn_buf_addc(out, ':', err));
        FIRN_TRY(firn_value_json(&col->children[i], row, out, err));
    }
    return firn_buf_addc(out, '}', err);
}

static firn_code list_json(const firn_column *col, size_t row, firn_buf *out, firn_err *err)
{
    firn_listview v = ((const firn_listview *)col->data)[row];
    FIRN_TRY(firn_buf_addc(out, '[', err));
    for (uint64_t i = 0; i < v.length; i++) {
        if (i)
            FIRN_TRY(firn_buf_addc(out, ',', err));
        FIRN_TRY(firn_value_json(&col->children[0], v.offset + i, out, err));
    }
    return firn_buf_addc(out, ']', err);
}

static firn_code map_json(const firn_column *col, size_t row, firn_buf *out, firn_err *err)
{
    firn_listview v = ((const firn_listview *)col->data)[row];
    const firn_column *keys = &col->children[0].children[0];
    const firn_column *values = &col->children[0].children[1];
    bool object = keys->type->kind == FIRN_T_STRING;
    FIRN_TRY(firn_buf_addc(out, object ? '{' : '[', err));
    for (uint64_t i = 0; i < v.length; i++) {
        FIRN_TRY(firn_buf_adds(out, i ? "," : "", err));
        FIRN_TRY(firn_buf_adds(out, object ? "" : "[", err));
        FIRN_TRY(firn_value_json(keys, v.offset + i, out, err));
        FIRN_TRY(firn_buf_addc(out, object ? ':' : ',', err));
        FIRN_TRY(firn_value_json(values, v.offset + i, out, err));
        FIRN_TRY(firn_buf_adds(out, object ? "" : "]", err));
    }
    return firn_buf_addc(out, object ? '}' : ']', err);
}

static firn_code quoted_json(const firn_type *t, const firn_value *v, firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)1 << 30);
    FIRN_TRY(firn_value_print(t, v, &text, err));
    return firn_json_escape(firn_buf_str(&text), out, err);
}

static bool is_finite(const firn_type *t, const firn_value *v)
{
    if (t->kind == FIRN_T_DOUBLE)
        return isfinite(v->u.d);
    return t->kind != FIRN_T_FLOAT || isfinite(v->u.f);
}

firn_code firn_value_json(const firn_column *col, size_t row, firn_buf *out, firn_err *err)
{
    uint8_t uuid[16];
    const firn_type *t = col->type;
    if (!firn_column_is_valid(col, row))
        return firn_buf_adds(out, "null", err);
    if (t->kind == FIRN_T_STRUCT)
        return struct_json(col, row, out, err);
    if (t->kind == FIRN_T_LIST)
        return list_json(col, row, out, err);
    if (t->kind == FIRN_T_MAP)
        return map_json(col, row, out, err);
    firn_value v = firn_value_of_column(col, row, uuid);
    bool bare = t->kind == FIRN_T_BOOLEAN || (firn_value_is_number(t) && is_finite(t, &v));
    return bare ? firn_value_print(t, &v, out, err) : quoted_json(t, &v, out, err);
}
