/* SPDX-License-Identifier: Apache-2.0 */
/* Columns by id: expressions that make the table's columns out of a file's own. */
#include "engine/view_int.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

/* Parameters of lambdas are called this and a number: the engine would take a column of the same
 * name first. */
typedef struct element_name {
    char s[64];
} element_name;

static bool is_prefix_of_column(const firn_type *have, const char *prefix)
{
    size_t n = strlen(prefix);
    for (size_t i = 0; i < have->field_count; i++) {
        firn_str name = have->fields[i].name;
        if (name.n >= n && firn_str_ieq((firn_str){name.p, n}, (firn_str){prefix, n}))
            return true;
    }
    return false;
}

static firn_code choose_element_name(const firn_type *have, element_name *ret, firn_err *err)
{
    for (size_t n = 1; n + 1 < sizeof ret->s; n++) {
        memset(ret->s, '_', n);
        memcpy(ret->s + n, "e", 2);
        if (!is_prefix_of_column(have, ret->s))
            return FIRN_OK;
    }
    return firn_raise(err, FIRN_E_UNSUPPORTED, "columns with too many underscores");
}

/* How far the writing of an expression has come. */
typedef struct rebuild {
    firn_buf *out;
    const firn_view_constants *constants;
    element_name element;
    int depth; /* of lambdas */
} rebuild;

static firn_code add_column(rebuild *b, const firn_field *want, const firn_type *have,
                            const char *from, firn_err *err);

static const firn_field *field_with_id(const firn_type *t, int32_t id)
{
    for (size_t i = 0; i < t->field_count; i++)
        if (t->fields[i].id == id)
            return &t->fields[i];
    return NULL;
}

static firn_code add_rebuilt(rebuild *b, const firn_field *want, const firn_field *have,
                             const char *expr, firn_err *err);

static firn_code add_struct(rebuild *b, const firn_type *want, const firn_type *have,
                            const char *expr, firn_err *err)
{
    firn_buf *out = b->out;
    FIRN_TRY(firn_buf_addf(out, err, "CASE WHEN %s IS NULL THEN NULL ELSE struct_pack(", expr));
    for (size_t i = 0; i < want->field_count; i++) {
        if (i)
            FIRN_TRY(firn_buf_adds(out, ", ", err));
        FIRN_TRY(firn_sql_ident(out, want->fields[i].name, err));
        FIRN_TRY(firn_buf_adds(out, " := ", err));
        FIRN_TRY(add_column(b, &want->fields[i], have, expr, err));
    }
    return firn_buf_adds(out, ") END", err);
}

static firn_code add_list(rebuild *b, const firn_type *want, const firn_type *have,
                          const char *expr, firn_err *err)
{
    char element[80];
    snprintf(element, sizeof element, "%s%d", b->element.s, b->depth++);
    FIRN_TRY(firn_buf_addf(b->out, err, "list_transform(%s, lambda %s: ", expr, element));
    FIRN_TRY(add_rebuilt(b, &want->fields[0], &have->fields[0], element, err));
    b->depth--;
    return firn_buf_addc(b->out, ')', err);
}

static firn_code add_map(rebuild *b, const firn_type *want, const firn_type *have, const char *expr,
                         firn_err *err)
{
    char element[80];
    char part[96];
    snprintf(element, sizeof element, "%s%d", b->element.s, b->depth++);
    FIRN_TRY(firn_buf_addf(b->out, err,
                           "map_from_entries(list_transform(map_entries(%s), lambda %s: "
                           "struct_pack(k := ",
                           expr, element));
    snprintf(part, sizeof part, "%s.\"key\"", element);
    FIRN_TRY(add_rebuilt(b, &want->fields[0], &have->fields[0], part, err));
    FIRN_TRY(firn_buf_adds(b->out, ", v := ", err));
    snprintf(part, sizeof part, "%s.\"value\"", element);
    FIRN_TRY(add_rebuilt(b, &want->fields[1], &have->fields[1], part, err));
    b->depth--;
    return firn_buf_adds(b->out, ")))", err);
}

/* The same ids under the same names in the same places. */
static bool same_fields(const firn_type *x, const firn_type *y)
{
    if (x->field_count != y->field_count)
        return false;
    for (size_t i = 0; i < x->field_count; i++)
        if (x->fields[i].id != y->fields[i].id ||
            !firn_str_eq(x->fields[i].name, y->fields[i].name) ||
            !same_fields(&x->fields[i].type, &y->fields[i].type))
            return false;
    return true;
}

/* Whether the engine would change the file's values to make them fit: 2 of 1.5, 7 of '7'. */
static bool changes_values(firn_type_kind want, firn_str have)
{
    bool wide = firn_str_eqc(have, "DOUBLE");
    if (firn_str_eqc(have, "VARCHAR"))
        return want < FIRN_T_STRING; /* numbers, times, booleans */
    if (want == FIRN_T_INT || want == FIRN_T_LONG)
        return wide || firn_str_eqc(have, "FLOAT") || firn_str_starts(have, "DECIMAL");
    return want == FIRN_T_FLOAT && wide;
}

/* The value of `expr`, a field of the file, as the table's field of the same id. */
static firn_code add_rebuilt(rebuild *b, const firn_field *want, const firn_field *have,
                             const char *expr, firn_err *err)
{
    firn_buf *out = b->out;
    bool nested = firn_type_is_nested(want->type.kind) || firn_type_is_nested(have->type.kind);
    if (nested && want->type.kind != have->type.kind)
        return firn_raise(err, FIRN_E_DATA, "column %s of a file is no %s",
                          firn_quote(want->name).s, firn_type_kind_name(want->type.kind));
    if (!nested && changes_values(want->type.kind, have->type.text))
        return firn_raise(err, FIRN_E_DATA, "column %s is %s, but %s in the file",
                          firn_quote(want->name).s, firn_type_kind_name(want->type.kind),
                          firn_quote(have->type.text).s);
    FIRN_TRY(firn_buf_adds(out, "CAST(", err));
    if (same_fields(&want->type, &have->type))
        FIRN_TRY(firn_buf_adds(out, expr, err));
    else if (want->type.kind == FIRN_T_STRUCT)
        FIRN_TRY(add_struct(b, &want->type, &have->type, expr, err));
    else if (want->type.kind == FIRN_T_LIST)
        FIRN_TRY(add_list(b, &want->type, &have->type, expr, err));
    else
        FIRN_TRY(add_map(b, &want->type, &have->type, expr, err));
    FIRN_TRY(firn_buf_adds(out, " AS ", err));
    FIRN_TRY(firn_sql_type(out, &want->type, err));
    return firn_buf_addc(out, ')', err);
}

static firn_code add_constant(rebuild *b, const firn_field *want, const firn_view_constant *c,
                              firn_err *err)
{
    FIRN_TRY(firn_buf_addf(b->out, err, "CAST(%sfirn_file_text(%lld, %d, file_index)%s AS ",
                           c->binary ? "from_base64(" : "", (long long)b->constants->set,
                           (int)c->which, c->binary ? ")" : ""));
    FIRN_TRY(firn_sql_type(b->out, &want->type, err));
    return firn_buf_addc(b->out, ')', err);
}

/* A field that the file does not have: the partition's value, else its default, else null. */
static firn_code add_missing(rebuild *b, const firn_field *want, firn_err *err)
{
    for (size_t i = 0; i < b->constants->n; i++) {
        const firn_view_constant *c = &b->constants->v[i];
        if (c->id == want->id)
            return add_constant(b, want, c, err);
        if (firn_schema_field(&want->type, c->id))
            return firn_raise(err, FIRN_E_UNSUPPORTED,
                              "a file without column %s, of which a field is partitioned by",
                              firn_quote(want->name).s);
    }
    if (want->initial_default.p)
        return firn_view_default(&want->type, want->initial_default, b->out, err);
    FIRN_TRY(firn_buf_adds(b->out, "CAST(NULL AS ", err));
    FIRN_TRY(firn_sql_type(b->out, &want->type, err));
    return firn_buf_addc(b->out, ')', err);
}

/* The table's field out of the struct `from` ("" = the row itself). */
static firn_code add_column(rebuild *b, const firn_field *want, const firn_type *have,
                            const char *from, firn_err *err)
{
    const firn_field *f = field_with_id(have, want->id);
    if (!f)
        return add_missing(b, want, err);
    FIRN_AUTO(firn_buf_free) firn_buf expr = FIRN_SQL_BUF;
    if (from[0])
        FIRN_TRY(firn_buf_addf(&expr, err, "%s.", from));
    FIRN_TRY(firn_sql_ident(&expr, f->name, err));
    return add_rebuilt(b, want, f, firn_buf_cstr(&expr), err);
}

firn_code firn_view_rebuild(const firn_type *want, const firn_type *have,
                            const firn_view_constants *constants, firn_buf *out, firn_err *err)
{
    rebuild b = {.out = out, .constants = constants};
    FIRN_TRY(choose_element_name(have, &b.element, err));
    for (size_t i = 0; i < want->field_count; i++) {
        if (i)
            FIRN_TRY(firn_buf_adds(out, ", ", err));
        FIRN_TRY(add_column(&b, &want->fields[i], have, "", err));
        FIRN_TRY(firn_buf_addf(out, err, " AS c%zu", i));
    }
    return FIRN_OK;
}
