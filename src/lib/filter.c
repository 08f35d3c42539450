/* SPDX-License-Identifier: Apache-2.0 */
/* Filters: building, freeing, printing as the caller gave them. */
#include "lib/filter.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

/* --- building ------------------------------------------------------------------------------ */

static firn_filter *new_node(filter_kind kind)
{
    firn_filter *f = firn_mem_alloc(sizeof *f);
    if (f) {
        memset(f, 0, sizeof *f);
        f->kind = kind;
        f->depth = 1;
    }
    return f;
}

static bool copy_literal(const firn_literal *from, firn_literal *to)
{
    *to = *from;
    if (from->kind != FIRN_LITERAL_TEXT && from->kind != FIRN_LITERAL_BYTES)
        return true;
    void *copy = firn_mem_alloc(from->value.bytes.size);
    if (copy && from->value.bytes.size)
        memcpy(copy, from->value.bytes.data, from->value.bytes.size);
    to->value.bytes.data = copy;
    return copy != NULL;
}

static bool copy_values(firn_filter *f, const firn_literal *values, size_t count)
{
    if (count > SIZE_MAX / sizeof *f->values)
        return false;
    f->values = firn_mem_alloc(count * sizeof *f->values);
    if (!f->values)
        return false;
    for (; f->value_count < count; f->value_count++)
        if (!copy_literal(&values[f->value_count], &f->values[f->value_count]))
            return false;
    return true;
}

static firn_filter *new_leaf(filter_kind kind, const char *column, const firn_literal *values,
                             size_t count)
{
    firn_filter *f = new_node(kind);
    size_t n = column ? strlen(column) : 0;
    if (!f)
        return NULL;
    f->column = firn_mem_alloc(n + 1);
    if (f->column) {
        memcpy(f->column, column ? column : "", n);
        f->column[n] = '\0';
    }
    if (f->column && copy_values(f, values, count))
        return f;
    firn_filter_free(f);
    return NULL;
}

firn_filter *firn_filter_compare(const char *column, firn_comparison comparison, firn_literal value)
{
    firn_filter *f = new_leaf(FILTER_COMPARE, column, &value, 1);
    if (f)
        f->comparison = comparison;
    return f;
}

firn_filter *firn_filter_in(const char *column, const firn_literal *values, size_t count)
{
    return new_leaf(FILTER_IN, column, values, count);
}

firn_filter *firn_filter_is_null(const char *column)
{
    return new_leaf(FILTER_IS_NULL, column, NULL, 0);
}

firn_filter *firn_filter_is_not_null(const char *column)
{
    return new_leaf(FILTER_NOT_NULL, column, NULL, 0);
}

static bool push_part(firn_filter *f, firn_filter *part)
{
    if (f->part_count == f->part_cap) {
        size_t cap = f->part_cap ? 2 * f->part_cap : 4;
        firn_filter **more = firn_mem_realloc(f->parts, cap * sizeof(firn_filter *));
        if (!more)
            return false;
        f->parts = more;
        f->part_cap = cap;
    }
    f->parts[f->part_count++] = part;
    f->depth = FIRN_MAX(f->depth, part->depth + 1);
    return true;
}

/* Gives a node up that went too deep, and says so in its place. */
static firn_filter *within_depth(firn_filter *f)
{
    if (f->depth <= FILTER_MAX_DEPTH)
        return f;
    firn_filter_free(f);
    f = new_node(FILTER_TOO_DEEP);
    if (f)
        f->depth = FILTER_MAX_DEPTH; /* whatever holds it is too deep as well */
    return f;
}

static firn_filter *give_up(firn_filter *left, firn_filter *right)
{
    firn_filter_free(left);
    firn_filter_free(right);
    return NULL;
}

static firn_filter *join(filter_kind kind, firn_filter *left, firn_filter *right)
{
    if (!left || !right)
        return give_up(left, right);
    if (left->kind == kind)
        return push_part(left, right) ? within_depth(left) : give_up(left, right);
    firn_filter *f = new_node(kind);
    if (!f || !push_part(f, left)) {
        firn_mem_free(f);
        return give_up(left, right);
    }
    return push_part(f, right) ? within_depth(f) : give_up(f, right);
}

firn_filter *firn_filter_and(firn_filter *left, firn_filter *right)
{
    return join(FILTER_AND, left, right);
}

firn_filter *firn_filter_or(firn_filter *left, firn_filter *right)
{
    return join(FILTER_OR, left, right);
}

firn_filter *firn_filter_not(firn_filter *filter)
{
    firn_filter *f = filter ? new_node(FILTER_NOT) : NULL;
    if (!f || !push_part(f, filter)) {
        firn_mem_free(f);
        return give_up(filter, NULL);
    }
    return within_depth(f);
}

void firn_filter_free(firn_filter *filter)
{
    if (!filter)
        return;
    for (size_t i = 0; i < filter->part_count; i++)
        firn_filter_free(filter->parts[i]); /* the depth is limited */
    for (size_t i = 0; i < filter->value_count; i++) {
        const firn_literal *v = &filter->values[i];
        if (v->kind == FIRN_LITERAL_TEXT || v->kind == FIRN_LITERAL_BYTES)
            firn_mem_free((void *)(uintptr_t)v->value.bytes.data);
    }
    firn_mem_free(filter->column);
    firn_mem_free(filter->values);
    firn_mem_free(filter->parts);
    firn_mem_free(filter);
}

/* --- printing ------------------------------------------------------------------------------ */

static firn_code add_quoted(firn_str s, char quote, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_addc(out, quote, err));
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == quote)
            FIRN_TRY(firn_buf_addc(out, quote, err));
        FIRN_TRY(firn_buf_addc(out, s.p[i], err));
    }
    return firn_buf_addc(out, quote, err);
}

static firn_code add_hex(const firn_literal *v, firn_buf *out, firn_err *err)
{
    const uint8_t *p = v->value.bytes.data;
    FIRN_TRY(firn_buf_adds(out, "X'", err));
    for (size_t i = 0; i < v->value.bytes.size; i++)
        FIRN_TRY(firn_buf_addf(out, err, "%02X", p[i]));
    return firn_buf_addc(out, '\'', err);
}

static firn_code add_literal(const firn_literal *v, firn_buf *out, firn_err *err)
{
    switch (v->kind) {
    case FIRN_LITERAL_BOOLEAN:
        return firn_buf_adds(out, v->value.boolean ? "TRUE" : "FALSE", err);
    case FIRN_LITERAL_INTEGER:
        return firn_buf_addf(out, err, "%lld", (long long)v->value.integer);
    case FIRN_LITERAL_DOUBLE:
        return firn_buf_addf(out, err, "%.17g", v->value.number);
    case FIRN_LITERAL_TEXT:
        return add_quoted((firn_str){v->value.bytes.data, v->value.bytes.size}, '\'', out, err);
    case FIRN_LITERAL_BYTES:
        return add_hex(v, out, err);
    case FIRN_LITERAL_NULL:
        break;
    }
    return firn_buf_adds(out, "NULL", err);
}

static firn_code add_filter(const firn_filter *f, firn_buf *out, firn_err *err);

static firn_code add_parts(const firn_filter *f, const char *between, firn_buf *out, firn_err *err)
{
    for (size_t i = 0; i < f->part_count; i++) {
        const firn_filter *part = f->parts[i];
        bool group = part->kind == FILTER_AND || part->kind == FILTER_OR;
        FIRN_TRY(firn_buf_adds(out, i ? between : "", err));
        FIRN_TRY(firn_buf_adds(out, group ? "(" : "", err));
        FIRN_TRY(add_filter(part, out, err));
        FIRN_TRY(firn_buf_adds(out, group ? ")" : "", err));
    }
    return FIRN_OK;
}

static firn_code add_in(const firn_filter *f, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, " IN (", err));
    for (size_t i = 0; i < f->value_count; i++) {
        FIRN_TRY(firn_buf_adds(out, i ? ", " : "", err));
        FIRN_TRY(add_literal(&f->values[i], out, err));
    }
    return firn_buf_addc(out, ')', err);
}

static firn_code add_leaf(const firn_filter *f, firn_buf *out, firn_err *err)
{
    static const char *const signs[] = {" = ", " <> ", " < ", " <= ", " > ", " >= "};
    bool prefix = f->kind == FILTER_COMPARE && f->comparison == FIRN_STARTS_WITH;
    FIRN_TRY(firn_buf_adds(out, prefix ? "starts_with(" : "", err));
    FIRN_TRY(add_quoted(firn_str_of(f->column), '"', out, err));
    if (f->kind == FILTER_IN)
        return add_in(f, out, err);
    if (f->kind != FILTER_COMPARE)
        return firn_buf_adds(out, f->kind == FILTER_IS_NULL ? " IS NULL" : " IS NOT NULL", err);
    bool known = (size_t)f->comparison < FIRN_COUNT_OF(signs);
    FIRN_TRY(firn_buf_adds(out, prefix ? ", " : known ? signs[f->comparison] : " ? ", err));
    FIRN_TRY(add_literal(&f->values[0], out, err));
    return firn_buf_adds(out, prefix ? ")" : "", err);
}

static firn_code add_filter(const firn_filter *f, firn_buf *out, firn_err *err)
{
    switch (f->kind) {
    case FILTER_AND:
        return add_parts(f, " AND ", out, err);
    case FILTER_OR:
        return add_parts(f, " OR ", out, err);
    case FILTER_NOT:
        FIRN_TRY(firn_buf_adds(out, "NOT (", err));
        FIRN_TRY(add_filter(f->parts[0], out, err));
        return firn_buf_addc(out, ')', err);
    case FILTER_NEVER:
        return firn_buf_adds(out, "FALSE", err);
    case FILTER_TOO_DEEP:
        return firn_buf_adds(out, "(nested too deeply)", err);
    case FILTER_COMPARE:
    case FILTER_IN:
    case FILTER_IS_NULL:
    case FILTER_NOT_NULL:
        break;
    }
    return add_leaf(f, out, err);
}

size_t firn_filter_format(const firn_filter *filter, char *out, size_t capacity)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)64 << 20);
    if (!filter || add_filter(filter, &text, NULL) != FIRN_OK)
        firn_buf_clear(&text);
    return firn_lib_print(firn_buf_str(&text), out, capacity);
}
