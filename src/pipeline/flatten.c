/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/flatten.h"

#include "base/map.h"
#include "base/str.h"
#include "engine/sql.h"

#define BETWEEN "__"
#define LIMIT   ((size_t)64 << 20)

typedef FIRN_VEC(firn_flat_table) flat_tables;

/* Where an array is: its table is made when that of its parent is done. */
typedef struct list_at {
    const firn_type *element;
    firn_str suffix;
    firn_str expr; /* in the scope of its parent's rows */
} list_at;

/* A table under construction. */
typedef struct flat {
    firn_arena *a;
    firn_err *err;
    firn_str suffix;
    FIRN_VEC(firn_field) fields;
    firn_buf exprs; /* "e1 AS n1, e2 AS n2" */
    firn_map taken; /* names in small letters */
    FIRN_VEC(list_at) lists;
    flat_tables *tables;
} flat;

/* --- names --------------------------------------------------------------------------------- */

static firn_str small_letters(firn_arena *a, firn_str s)
{
    firn_str copy = firn_arena_str(a, s);
    char *p = (char *)(uintptr_t)copy.p;
    for (size_t i = 0; p && i < copy.n; i++)
        if (p[i] >= 'A' && p[i] <= 'Z')
            p[i] = (char)(p[i] - 'A' + 'a');
    return copy;
}

static firn_str joined(firn_arena *a, firn_str before, firn_str name)
{
    const char *text = before.n ? firn_arena_printf(a, "%.*s" BETWEEN "%.*s", FIRN_STR_ARG(before),
                                                    FIRN_STR_ARG(name))
                                : firn_arena_strndup(a, name.p, name.n);
    return text ? firn_str_of(text) : (firn_str){NULL, 0};
}

static firn_code take_name(flat *f, firn_str name)
{
    firn_str key = small_letters(f->a, name);
    if (!key.p)
        return firn_arena_raise(f->a, f->err);
    if (firn_map_get(&f->taken, key)) {
        firn_raise(f->err, FIRN_E_CONFIG, "nested: flatten makes two columns %s of different paths",
                   firn_quote(name).s);
        return firn_err_advise(f->err, "give one of the keys another name: columns: {NEW_NAME: "
                                       "{from: KEY}}, or use nested: native");
    }
    return firn_map_put(&f->taken, key, f) ? FIRN_OK : firn_arena_raise(f->a, f->err);
}

/* --- columns ------------------------------------------------------------------------------- */

static firn_code add_column(flat *f, firn_str name, const firn_type *type, firn_str expr)
{
    firn_field field = {.name = name, .type = firn_type_copy(type, f->a)};
    FIRN_TRY(take_name(f, name));
    if (field.type.kind == FIRN_TYPE_KIND_COUNT || !firn_vec_push(f->a, &f->fields, field))
        return firn_arena_raise(f->a, f->err);
    if (f->exprs.n)
        FIRN_TRY(firn_buf_adds(&f->exprs, ", ", f->err));
    FIRN_TRY(firn_buf_addstr(&f->exprs, expr, f->err));
    FIRN_TRY(firn_buf_adds(&f->exprs, " AS ", f->err));
    return firn_sql_ident(&f->exprs, name, f->err);
}

/* "struct_extract(EXPR, 'name')", or the column itself where EXPR is empty. */
static firn_code part_expr(flat *f, firn_str expr, firn_str name, firn_str *ret)
{
    FIRN_AUTO(firn_buf_free) firn_buf b = FIRN_BUF(LIMIT);
    if (!expr.n) {
        FIRN_TRY(firn_sql_ident(&b, name, f->err));
    } else {
        FIRN_TRY(firn_buf_addf(&b, f->err, "struct_extract(%.*s, ", FIRN_STR_ARG(expr)));
        FIRN_TRY(firn_sql_text(&b, name, f->err));
        FIRN_TRY(firn_buf_addc(&b, ')', f->err));
    }
    *ret = firn_arena_str(f->a, firn_buf_str(&b));
    return ret->p ? FIRN_OK : firn_arena_raise(f->a, f->err);
}

static firn_code add_list(flat *f, firn_str name, const firn_type *element, firn_str expr)
{
    bool kept =
        firn_str_ieq(name, FIRN_STR_LIT("rejects")) || firn_str_ieq(name, FIRN_STR_LIT("failures"));
    const char *suffix = firn_arena_printf(f->a, "%.*s" BETWEEN "%.*s%s", FIRN_STR_ARG(f->suffix),
                                           FIRN_STR_ARG(name), kept && !f->suffix.n ? "_2" : "");
    if (!suffix)
        return firn_arena_raise(f->a, f->err);
    const list_at list = {element, firn_str_of(suffix), expr};
    for (size_t i = 0; i < f->lists.n; i++)
        if (firn_str_ieq(f->lists.v[i].suffix, list.suffix))
            return firn_raise(f->err, FIRN_E_CONFIG, "nested: flatten makes two tables %s",
                              firn_quote(list.suffix).s);
    return firn_vec_push(f->a, &f->lists, list) ? FIRN_OK : firn_arena_raise(f->a, f->err);
}

/* Adds a value: a struct part by part, an array as a table, anything else as a column.  Recursion
 * ends with the depth of types. */
static firn_code add_value(flat *f, firn_str name, const firn_type *type, firn_str expr)
{
    if (type->kind == FIRN_T_LIST)
        return add_list(f, name, &type->fields[0].type, expr);
    if (type->kind != FIRN_T_STRUCT)
        return add_column(f, name, type, expr);
    for (size_t i = 0; i < type->field_count; i++) {
        const firn_field *part = &type->fields[i];
        firn_str part_name = joined(f->a, name, part->name);
        firn_str inner;
        if (!part_name.p)
            return firn_arena_raise(f->a, f->err);
        size_t before = f->fields.n;
        FIRN_TRY(part_expr(f, expr, part->name, &inner));
        FIRN_TRY(add_value(f, part_name, &part->type, inner));
        if (!expr.n && f->fields.n > before && !firn_type_is_nested(part->type.kind))
            f->fields.v[before].required = part->required;
    }
    return FIRN_OK;
}

/* --- tables -------------------------------------------------------------------------------- */

static firn_code finish(flat *f, const char *from)
{
    FIRN_AUTO(firn_buf_free) firn_buf b = FIRN_BUF(LIMIT);
    firn_flat_table table = {.suffix = f->suffix};
    table.type =
        (firn_type){.kind = FIRN_T_STRUCT, .fields = f->fields.v, .field_count = f->fields.n};
    FIRN_TRY(firn_buf_adds(&b, "SELECT ", f->err));
    FIRN_TRY(firn_buf_addstr(&b, firn_buf_str(&f->exprs), f->err));
    FIRN_TRY(firn_buf_addf(&b, f->err, " FROM %s", from));
    table.select = firn_arena_str(f->a, firn_buf_str(&b));
    if (!table.select.p || !firn_vec_push(f->a, f->tables, table))
        return firn_arena_raise(f->a, f->err);
    return FIRN_OK;
}

static bool holds_list(const firn_type *type)
{
    if (type->kind == FIRN_T_LIST)
        return true;
    for (size_t i = 0; type->kind == FIRN_T_STRUCT && i < type->field_count; i++)
        if (holds_list(&type->fields[i].type))
            return true;
    return false;
}

static firn_code make_children(flat *parent, const char *from);

/* The rows of an array: each element `e` with the id of its parent, its place, and an id that
 * follows from both. */
static firn_code child_rows(flat *parent, const list_at *list, const char *from, const char **ret)
{
    FIRN_AUTO(firn_buf_free) firn_buf path = FIRN_BUF(LIMIT);
    FIRN_TRY(firn_sql_text(&path, list->suffix, parent->err));
    *ret = firn_arena_printf(
        parent->a,
        "(SELECT " FIRN_PARENT_ID ", " FIRN_INDEX ", e, CAST(md5(CAST(" FIRN_PARENT_ID
        " AS VARCHAR) || %s || " FIRN_INDEX ") AS UUID) AS " FIRN_ROW_ID
        " FROM (SELECT " FIRN_PARENT_ID ", unnest(l) AS e, unnest(range(len(l))) AS " FIRN_INDEX
        " FROM (SELECT " FIRN_ROW_ID " AS " FIRN_PARENT_ID
        ", %.*s AS l FROM %s) WHERE len(l) > 0))",
        firn_buf_cstr(&path), FIRN_STR_ARG(list->expr), from);
    return *ret ? FIRN_OK : firn_arena_raise(parent->a, parent->err);
}

static firn_code make_child(flat *parent, const list_at *list, const char *from)
{
    const firn_type uuid = {.kind = FIRN_T_UUID};
    const firn_type place = {.kind = FIRN_T_LONG};
    const firn_type *e = list->element;
    flat f = {.a = parent->a,
              .err = parent->err,
              .suffix = list->suffix,
              .exprs = FIRN_BUF(LIMIT),
              .taken = FIRN_MAP(parent->a),
              .tables = parent->tables};
    const char *rows = NULL;
    firn_code code = child_rows(parent, list, from, &rows);
    if (!code && holds_list(e))
        code = add_column(&f, FIRN_STR_LIT(FIRN_ROW_ID), &uuid, FIRN_STR_LIT(FIRN_ROW_ID));
    if (!code)
        code = add_column(&f, FIRN_STR_LIT(FIRN_PARENT_ID), &uuid, FIRN_STR_LIT(FIRN_PARENT_ID));
    if (!code)
        code = add_column(&f, FIRN_STR_LIT(FIRN_INDEX), &place, FIRN_STR_LIT(FIRN_INDEX));
    firn_str name = e->kind == FIRN_T_STRUCT ? FIRN_STR_LIT("")
                    : e->kind == FIRN_T_LIST ? FIRN_STR_LIT("list")
                                             : FIRN_STR_LIT("value");
    if (!code)
        code = add_value(&f, name, e, FIRN_STR_LIT("e"));
    if (!code)
        code = finish(&f, rows);
    if (!code)
        code = make_children(&f, rows);
    firn_buf_free(&f.exprs);
    return code;
}

static firn_code make_children(flat *parent, const char *from)
{
    for (size_t i = 0; i < parent->lists.n; i++)
        FIRN_TRY(make_child(parent, &parent->lists.v[i], from));
    return FIRN_OK;
}

firn_code firn_flatten(const firn_layout *nested, firn_arena *a, firn_flat_table **ret,
                       size_t *ret_count, firn_err *err)
{
    flat_tables tables = {0};
    flat f = {.a = a,
              .err = err,
              .suffix = FIRN_STR_LIT(""),
              .exprs = FIRN_BUF(LIMIT),
              .taken = FIRN_MAP(a),
              .tables = &tables};
    firn_code code = add_value(&f, f.suffix, &nested->type, FIRN_STR_LIT(""));
    if (!code)
        code = finish(&f, FIRN_FLAT_ROWS);
    if (!code)
        code = make_children(&f, FIRN_FLAT_ROWS);
    firn_buf_free(&f.exprs);
    FIRN_TRY(code);
    *ret = tables.v;
    *ret_count = tables.n;
    return FIRN_OK;
}
