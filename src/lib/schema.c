/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas: reading the core's, making new ones. */
#include "lib/lib_int.h"

#include "base/mem.h"

#include <string.h>

/* --- reading ------------------------------------------------------------------------------- */

int32_t firn_schema_id(const firn_schema *schema)
{
    return schema->schema_id;
}

size_t firn_schema_column_count(const firn_schema *schema)
{
    return schema->type.field_count;
}

const firn_field *firn_schema_column(const firn_schema *schema, size_t index)
{
    return firn_type_child(&schema->type, index);
}

const firn_field *firn_schema_by_name(const firn_schema *schema, const char *path)
{
    return firn_schema_find(&schema->type, firn_str_of(path));
}

const firn_field *firn_schema_by_id(const firn_schema *schema, int32_t id)
{
    return firn_schema_field(&schema->type, id);
}

size_t firn_schema_identifier_count(const firn_schema *schema)
{
    return schema->identifier_count;
}

int32_t firn_schema_identifier(const firn_schema *schema, size_t index)
{
    return index < schema->identifier_count ? schema->identifier_ids[index] : 0;
}

static firn_code format_json(const firn_schema *schema, char **ret, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *j = NULL;
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)256 << 20);
    FIRN_TRY(firn_lib_need(schema, "schema", err));
    FIRN_TRY(firn_schema_to_json(schema, &j, err));
    FIRN_TRY(firn_json_print(j, 0, &text, err));
    char *copy = firn_mem_alloc(text.n + 1);
    if (!copy)
        return firn_raise_nomem(err);
    memcpy(copy, firn_buf_cstr(&text), text.n + 1);
    *ret = copy;
    return FIRN_OK;
}

firn_status firn_schema_format_json(const firn_schema *schema, char **ret, firn_error *error)
{
    firn_err err = {0};
    return firn_lib_end(format_json(schema, ret, &err), &err, error);
}

void firn_free(void *text)
{
    firn_mem_free(text);
}

/* --- making -------------------------------------------------------------------------------- */

static firn_code fill_schema(firn_arena *a, const firn_type *type, const int32_t *identifiers,
                             size_t identifier_count, firn_schema **ret, firn_err *err)
{
    int32_t last = firn_schema_max_id(type);
    firn_lib_schema *s = firn_arena_zalloc(a, sizeof *s);
    if (!s)
        return firn_arena_raise(a, err);
    s->arena = a;
    s->schema.type = firn_type_copy(type, a);
    s->schema.identifier_ids =
        firn_arena_array(a, identifier_count, sizeof *s->schema.identifier_ids);
    if (s->schema.type.kind == FIRN_TYPE_KIND_COUNT || !s->schema.identifier_ids)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < identifier_count; i++)
        s->schema.identifier_ids[i] = identifiers[i];
    s->schema.identifier_count = identifier_count;
    firn_schema_assign_ids(&s->schema.type, &last);
    *ret = &s->schema;
    return FIRN_OK;
}

firn_code firn_lib_schema_make(const firn_type *type, const int32_t *identifiers,
                               size_t identifier_count, firn_schema **ret, firn_err *err)
{
    firn_arena *a = firn_arena_new("a schema", 0);
    if (!a)
        return firn_raise_nomem(err);
    firn_code code = fill_schema(a, type, identifiers, identifier_count, ret, err);
    if (code != FIRN_OK)
        firn_arena_free(a);
    return code;
}

void firn_schema_free(firn_schema *schema)
{
    if (schema)
        firn_arena_free(((firn_lib_schema *)schema)->arena);
}

static firn_code parse_json(const char *json, firn_schema **ret, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *j = NULL;
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a schema", 0);
    firn_schema s = {0};
    firn_str text;
    if (!a)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_lib_text(json, "json", &text, err));
    FIRN_TRY(firn_json_parse((firn_slice){(const uint8_t *)text.p, text.n}, &j, err));
    FIRN_TRY(firn_schema_parse(j, a, &s, err));
    return firn_lib_schema_make(&s.type, s.identifier_ids, s.identifier_count, ret, err);
}

firn_status firn_schema_parse_json(const char *json, firn_schema **ret, firn_error *error)
{
    firn_err err = {0};
    return firn_lib_end(parse_json(json, ret, &err), &err, error);
}

/* --- column by column ---------------------------------------------------------------------- */

struct firn_schema_builder {
    firn_arena *arena;
    FIRN_VEC(firn_field) columns;
    FIRN_VEC(uint32_t) flags;
};

firn_status firn_schema_builder_new(firn_schema_builder **ret, firn_error *error)
{
    firn_err err = {0};
    firn_arena *a = firn_arena_new("a schema being built", 0);
    firn_schema_builder *b = a ? firn_arena_zalloc(a, sizeof *b) : NULL;
    if (!b) {
        firn_arena_free(a);
        return firn_lib_fail(firn_raise_nomem(&err), &err, error);
    }
    b->arena = a;
    *ret = b;
    return FIRN_STATUS_OK;
}

void firn_schema_builder_free(firn_schema_builder *builder)
{
    if (builder)
        firn_arena_free(builder->arena);
}

static firn_code add_column(firn_schema_builder *b, const char *name, const char *type,
                            uint32_t flags, const char *doc, firn_err *err)
{
    firn_arena *a = b->arena;
    firn_field f = {.required = flags != 0};
    firn_str type_text;
    firn_str text;
    FIRN_TRY(firn_lib_text(name, "name", &text, err));
    FIRN_TRY(firn_lib_text(type, "type", &type_text, err));
    if (flags & ~(uint32_t)(FIRN_COLUMN_REQUIRED | FIRN_COLUMN_IDENTIFIER))
        return firn_raise(err, FIRN_E_UNSUPPORTED, "unknown flags of column %s",
                          firn_quote(text).s);
    for (size_t i = 0; i < b->columns.n; i++)
        if (firn_str_eq(b->columns.v[i].name, text))
            return firn_raise(err, FIRN_E_EXISTS, "there is a column %s already",
                              firn_quote(text).s);
    if (firn_type_parse(type_text, a, &f.type, err) != FIRN_OK)
        return firn_wrap(err, "column %s", firn_quote(text).s);
    f.name = firn_arena_str(a, text);
    if (doc) {
        FIRN_TRY(firn_lib_text(doc, "doc", &text, err));
        f.doc = firn_arena_str(a, text);
    }
    if (!f.name.p || (doc && !f.doc.p) || !firn_vec_push(a, &b->flags, flags))
        return firn_arena_raise(a, err);
    if (!firn_vec_push(a, &b->columns, f)) {
        b->flags.n--;
        return firn_arena_raise(a, err);
    }
    return FIRN_OK;
}

firn_status firn_schema_builder_add(firn_schema_builder *builder, const char *name,
                                    const char *type, uint32_t flags, const char *doc,
                                    firn_error *error)
{
    firn_err err = {0};
    return firn_lib_end(add_column(builder, name, type, flags, doc, &err), &err, error);
}

static firn_code build(const firn_schema_builder *b, firn_schema **ret, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a schema", 0);
    int32_t *identifiers = a ? firn_arena_array(a, b->columns.n, sizeof *identifiers) : NULL;
    size_t count = 0;
    if (!identifiers)
        return firn_raise_nomem(err);
    /* the columns get ids 1, 2, … as firn_schema_assign_ids gives them */
    for (size_t i = 0; i < b->columns.n; i++)
        if (b->flags.v[i] & FIRN_COLUMN_IDENTIFIER)
            identifiers[count++] = (int32_t)i + 1;
    const firn_type type = {
        .kind = FIRN_T_STRUCT, .fields = b->columns.v, .field_count = b->columns.n};
    return firn_lib_schema_make(&type, identifiers, count, ret, err);
}

firn_status firn_schema_builder_build(const firn_schema_builder *builder, firn_schema **ret,
                                      firn_error *error)
{
    firn_err err = {0};
    return firn_lib_end(build(builder, ret, &err), &err, error);
}
