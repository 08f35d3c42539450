/* SPDX-License-Identifier: Apache-2.0 */
#include "iceberg/schema.h"

#include "base/str.h"

#define MAX_DEPTH         100
#define MAX_DEFAULT_BYTES ((size_t)64 << 20)

/* Types that are kept but not read: a table that has one, or once had, can be looked at. */
static const char *const foreign_types[] = {"variant", "geometry", "geography"};

static firn_code parse_type(const json_t *j, int depth, firn_arena *a, firn_type *ret,
                            firn_err *err);

/* "geography", "geography(srid:4326, spherical)" */
static bool is_foreign(firn_str text)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(foreign_types); i++) {
        size_t n = strlen(foreign_types[i]);
        if (firn_str_starts(text, foreign_types[i]) && (text.n == n || text.p[n] == '('))
            return true;
    }
    return false;
}

static firn_code parse_primitive(firn_str text, firn_arena *a, firn_type *ret, firn_err *err)
{
    if (firn_type_parse_primitive(text, ret))
        return FIRN_OK;
    if (is_foreign(text)) {
        *ret = (firn_type){.kind = FIRN_T_FOREIGN, .text = firn_arena_str(a, text)};
        return ret->text.p ? FIRN_OK : firn_arena_raise(a, err);
    }
    return firn_raise(err, FIRN_E_DATA, "%s is no Iceberg type", firn_quote(text).s);
}

static firn_code parse_child(const json_t *j, const char *name, const char *id_key,
                             const char *type_key, const char *required_key, int depth,
                             firn_arena *a, firn_field *ret, firn_err *err)
{
    bool required = true;
    *ret = (firn_field){.name = firn_str_of(name)};
    FIRN_TRY(firn_json_i32(j, id_key, &ret->id, err));
    if (required_key)
        FIRN_TRY(firn_json_opt_bool(j, required_key, false, &required, err));
    ret->required = required;
    const json_t *type = json_object_get(j, type_key);
    if (!type)
        return firn_raise(err, FIRN_E_DATA, "'%s' is missing", type_key);
    return parse_type(type, depth, a, &ret->type, err);
}

/* A default stays text: what it means depends on the type, which may be widened later. */
static firn_code parse_default(const json_t *j, const char *key, firn_arena *a, firn_str *ret,
                               firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF(MAX_DEFAULT_BYTES);
    const json_t *value = json_object_get(j, key);
    if (!value || json_is_null(value))
        return FIRN_OK;
    FIRN_TRY(firn_json_print(value, 0, &text, err));
    *ret = firn_arena_str(a, firn_buf_str(&text));
    return ret->p ? FIRN_OK : firn_arena_raise(a, err);
}

static firn_code parse_field(const json_t *j, int depth, firn_arena *a, firn_field *ret,
                             firn_err *err)
{
    firn_str name;
    firn_str doc;
    FIRN_TRY(firn_json_str(j, "name", &name, err));
    FIRN_TRY(firn_json_opt_str(j, "doc", &doc, err));
    if (parse_child(j, "", "id", "type", "required", depth, a, ret, err) != FIRN_OK)
        return firn_wrap(err, "column %s", firn_quote(name).s);
    ret->name = firn_arena_str(a, name);
    if (doc.p)
        ret->doc = firn_arena_str(a, doc);
    if (!ret->name.p || (doc.p && !ret->doc.p))
        return firn_arena_raise(a, err);
    FIRN_TRY(parse_default(j, "initial-default", a, &ret->initial_default, err));
    return parse_default(j, "write-default", a, &ret->write_default, err);
}

static firn_code parse_struct(const json_t *j, int depth, firn_arena *a, firn_type *ret,
                              firn_err *err)
{
    json_t *fields;
    FIRN_TRY(firn_json_array(j, "fields", &fields, err));
    size_t n = json_array_size(fields);
    *ret = (firn_type){.kind = FIRN_T_STRUCT, .field_count = n};
    ret->fields = firn_arena_array(a, n, sizeof *ret->fields);
    if (!ret->fields)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < n; i++)
        FIRN_TRY(parse_field(json_array_get(fields, i), depth, a, &ret->fields[i], err));
    return FIRN_OK;
}

static firn_code parse_list_or_map(const json_t *j, bool map, int depth, firn_arena *a,
                                   firn_type *ret, firn_err *err)
{
    *ret = (firn_type){.kind = map ? FIRN_T_MAP : FIRN_T_LIST, .field_count = map ? 2 : 1};
    ret->fields = firn_arena_array(a, ret->field_count, sizeof *ret->fields);
    if (!ret->fields)
        return firn_arena_raise(a, err);
    if (!map)
        return parse_child(j, "element", "element-id", "element", "element-required", depth, a,
                           &ret->fields[0], err);
    FIRN_TRY(parse_child(j, "key", "key-id", "key", NULL, depth, a, &ret->fields[0], err));
    return parse_child(j, "value", "value-id", "value", "value-required", depth, a, &ret->fields[1],
                       err);
}

static firn_code parse_type(const json_t *j, int depth, firn_arena *a, firn_type *ret,
                            firn_err *err)
{
    if (depth > MAX_DEPTH)
        return firn_raise(err, FIRN_E_LIMIT, "a schema nested deeper than %d levels", MAX_DEPTH);
    if (json_is_string(j))
        return parse_primitive(firn_json_text(j), a, ret, err);
    firn_str kind;
    FIRN_TRY(firn_json_str(j, "type", &kind, err));
    if (firn_str_eqc(kind, "struct"))
        return parse_struct(j, depth + 1, a, ret, err);
    if (firn_str_eqc(kind, "list") || firn_str_eqc(kind, "map"))
        return parse_list_or_map(j, firn_str_eqc(kind, "map"), depth + 1, a, ret, err);
    return firn_raise(err, FIRN_E_UNSUPPORTED, "there is no nested type %s", firn_quote(kind).s);
}

typedef FIRN_VEC(int32_t) id_list;

static bool collect_ids(const firn_type *type, firn_arena *a, id_list *ids)
{
    for (size_t i = 0; i < type->field_count; i++)
        if (!firn_vec_push(a, ids, type->fields[i].id) ||
            !collect_ids(&type->fields[i].type, a, ids))
            return false;
    return true;
}

static int by_value(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a;
    int32_t y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static firn_code refuse_duplicate_ids(const firn_type *type, firn_arena *a, firn_err *err)
{
    id_list ids = {0};
    if (!collect_ids(type, a, &ids))
        return firn_arena_raise(a, err);
    if (ids.n)
        qsort(ids.v, ids.n, sizeof *ids.v, by_value);
    if (ids.n && ids.v[0] <= 0) /* 0 is a field that has no id yet */
        return firn_raise(err, FIRN_E_DATA, "a field has the id %d; ids begin with 1",
                          (int)ids.v[0]);
    for (size_t i = 1; i < ids.n; i++)
        if (ids.v[i] == ids.v[i - 1])
            return firn_raise(err, FIRN_E_DATA, "field id %d stands twice in the schema",
                              (int)ids.v[i]);
    return FIRN_OK;
}

static firn_code parse_identifiers(const json_t *j, firn_arena *a, firn_schema *s, firn_err *err)
{
    json_t *ids;
    FIRN_TRY(firn_json_opt_array(j, "identifier-field-ids", &ids, err));
    size_t n = json_array_size(ids);
    s->identifier_ids = firn_arena_array(a, n, sizeof *s->identifier_ids);
    if (!s->identifier_ids)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < n; i++)
        s->identifier_ids[i] = (int32_t)json_integer_value(json_array_get(ids, i));
    s->identifier_count = n;
    return FIRN_OK;
}

firn_code firn_schema_parse(const json_t *j, firn_arena *a, firn_schema *ret, firn_err *err)
{
    firn_schema s = {0};
    int64_t id;
    FIRN_TRY(firn_json_opt_i64(j, "schema-id", 0, &id, err));
    s.schema_id = (int32_t)id;
    FIRN_TRY(parse_struct(j, 0, a, &s.type, err));
    FIRN_TRY(refuse_duplicate_ids(&s.type, a, err));
    FIRN_TRY(parse_identifiers(j, a, &s, err));
    *ret = s;
    return FIRN_OK;
}

/* --- to JSON ------------------------------------------------------------------------------- */

static firn_code type_to_json(const firn_type *t, json_t **ret, firn_err *err);

static firn_code set_child(json_t *obj, const firn_field *f, const char *id_key,
                           const char *type_key, const char *required_key, firn_err *err)
{
    json_t *type = NULL;
    FIRN_TRY(firn_json_set(obj, id_key, json_integer(f->id), err));
    FIRN_TRY(type_to_json(&f->type, &type, err));
    FIRN_TRY(firn_json_set(obj, type_key, type, err));
    if (!required_key)
        return FIRN_OK;
    return firn_json_set(obj, required_key, json_boolean(f->required), err);
}

static firn_code set_default(json_t *obj, const char *key, firn_str text, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *value = NULL;
    if (!text.p)
        return FIRN_OK;
    FIRN_TRY(firn_json_parse((firn_slice){(const uint8_t *)text.p, text.n}, &value, err));
    return firn_json_set(obj, key, json_incref(value), err);
}

static firn_code field_to_json(const firn_field *f, json_t **ret, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *obj = json_object();
    json_t *type = NULL;
    FIRN_TRY(firn_json_set(obj, "id", json_integer(f->id), err));
    FIRN_TRY(firn_json_set(obj, "name", firn_json_new_str(f->name), err));
    FIRN_TRY(firn_json_set(obj, "required", json_boolean(f->required), err));
    FIRN_TRY(type_to_json(&f->type, &type, err));
    FIRN_TRY(firn_json_set(obj, "type", type, err));
    if (f->doc.p)
        FIRN_TRY(firn_json_set(obj, "doc", firn_json_new_str(f->doc), err));
    FIRN_TRY(set_default(obj, "initial-default", f->initial_default, err));
    FIRN_TRY(set_default(obj, "write-default", f->write_default, err));
    *ret = json_incref(obj);
    return FIRN_OK;
}

static firn_code struct_to_json(const firn_type *t, json_t *obj, firn_err *err)
{
    FIRN_TRY(firn_json_set(obj, "type", json_string("struct"), err));
    FIRN_AUTO(firn_json_unref) json_t *fields = json_array();
    for (size_t i = 0; i < t->field_count; i++) {
        json_t *field = NULL;
        FIRN_TRY(field_to_json(&t->fields[i], &field, err));
        FIRN_TRY(firn_json_append(fields, field, err));
    }
    return firn_json_set(obj, "fields", json_incref(fields), err);
}

static firn_code nested_to_json(const firn_type *t, json_t *obj, firn_err *err)
{
    if (t->kind == FIRN_T_STRUCT)
        return struct_to_json(t, obj, err);
    FIRN_TRY(firn_json_set(obj, "type", json_string(firn_type_kind_name(t->kind)), err));
    if (t->kind == FIRN_T_LIST)
        return set_child(obj, &t->fields[0], "element-id", "element", "element-required", err);
    FIRN_TRY(set_child(obj, &t->fields[0], "key-id", "key", NULL, err));
    return set_child(obj, &t->fields[1], "value-id", "value", "value-required", err);
}

static firn_code type_to_json(const firn_type *t, json_t **ret, firn_err *err)
{
    if (firn_type_is_nested(t->kind)) {
        FIRN_AUTO(firn_json_unref) json_t *obj = json_object();
        FIRN_TRY(nested_to_json(t, obj, err));
        *ret = json_incref(obj);
        return FIRN_OK;
    }
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)1 << 16);
    FIRN_TRY(firn_type_print(t, &text, err));
    json_t *j = json_string(firn_buf_cstr(&text));
    if (!j)
        return firn_raise_nomem(err);
    *ret = j;
    return FIRN_OK;
}

firn_code firn_schema_to_json(const firn_schema *s, json_t **ret, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *obj = json_object();
    FIRN_TRY(struct_to_json(&s->type, obj, err));
    FIRN_TRY(firn_json_set(obj, "schema-id", json_integer(s->schema_id), err));
    if (s->identifier_count) {
        json_t *ids = json_array();
        FIRN_TRY(firn_json_set(obj, "identifier-field-ids", ids, err));
        for (size_t i = 0; i < s->identifier_count; i++)
            FIRN_TRY(firn_json_append(ids, json_integer(s->identifier_ids[i]), err));
    }
    *ret = json_incref(obj);
    return FIRN_OK;
}

/* --- ids ----------------------------------------------------------------------------------- */

void firn_schema_assign_ids(firn_type *type, int32_t *last_id)
{
    for (size_t i = 0; i < type->field_count; i++)
        if (type->fields[i].id == 0)
            type->fields[i].id = ++*last_id;
    for (size_t i = 0; i < type->field_count; i++)
        firn_schema_assign_ids(&type->fields[i].type, last_id);
}

int32_t firn_schema_max_id(const firn_type *type)
{
    int32_t max = 0;
    for (size_t i = 0; i < type->field_count; i++) {
        int32_t below = firn_schema_max_id(&type->fields[i].type);
        max = FIRN_MAX(max, FIRN_MAX(type->fields[i].id, below));
    }
    return max;
}

const firn_field *firn_schema_field(const firn_type *type, int32_t id)
{
    for (size_t i = 0; i < type->field_count; i++) {
        if (type->fields[i].id == id)
            return &type->fields[i];
        const firn_field *below = firn_schema_field(&type->fields[i].type, id);
        if (below)
            return below;
    }
    return NULL;
}

const firn_field *firn_schema_find(const firn_type *type, firn_str path)
{
    const firn_field *whole = firn_type_field(type, path);
    if (whole)
        return whole;
    for (size_t i = 0; i < path.n; i++) {
        if (path.p[i] != '.')
            continue;
        const firn_field *head = firn_type_field(type, (firn_str){path.p, i});
        const firn_field *found =
            head ? firn_schema_find(&head->type, (firn_str){path.p + i + 1, path.n - i - 1}) : NULL;
        if (found)
            return found;
    }
    return NULL;
}

firn_code firn_schema_advise(const firn_type *type, firn_str path, firn_err *err)
{
    firn_str names[256] = {{NULL, 0}};
    char list[300];
    size_t at = 0;
    size_t n = FIRN_MIN(type->field_count, FIRN_COUNT_OF(names));
    for (size_t i = 0; i < n; i++)
        names[i] = type->fields[i].name;
    int near = firn_str_nearest(path, names, n);
    if (near >= 0)
        return firn_err_advise(err, "did you mean %.*s?", FIRN_STR_ARG(names[near]));
    list[0] = '\0';
    for (size_t i = 0; i < n && at + names[i].n + 3 < sizeof list; i++)
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%.*s", i ? ", " : "",
                               FIRN_STR_ARG(names[i]));
    return firn_err_advise(err, "its columns are %s", list);
}

bool firn_schema_is_repeated(const firn_type *type, int32_t id)
{
    for (size_t i = 0; i < type->field_count; i++) {
        const firn_field *f = &type->fields[i];
        bool below = firn_schema_field(&f->type, id) != NULL;
        if (!below)
            continue;
        return f->type.kind != FIRN_T_STRUCT || firn_schema_is_repeated(&f->type, id);
    }
    return false;
}

/* --- evolution ----------------------------------------------------------------------------- */

bool firn_schema_promotes(const firn_type *from, const firn_type *to)
{
    if (from->kind == FIRN_T_INT && to->kind == FIRN_T_LONG)
        return true;
    if (from->kind == FIRN_T_FLOAT && to->kind == FIRN_T_DOUBLE)
        return true;
    if (from->kind == FIRN_T_DECIMAL && to->kind == FIRN_T_DECIMAL)
        return from->scale == to->scale && from->precision <= to->precision;
    if (firn_type_is_nested(from->kind))
        return firn_type_eq(from, to);
    return from->kind == to->kind && from->length == to->length &&
           firn_str_eq(from->text, to->text);
}

firn_code firn_schema_refuse_unwritable(const firn_type *type, firn_err *err)
{
    for (size_t i = 0; i < type->field_count; i++) {
        const firn_field *f = &type->fields[i];
        firn_type_kind k = f->type.kind;
        if (k == FIRN_T_FOREIGN || k == FIRN_T_UNKNOWN || k == FIRN_T_TIMESTAMPTZ_NS) {
            firn_str text =
                k == FIRN_T_FOREIGN ? f->type.text : firn_str_of(firn_type_kind_name(k));
            return firn_raise(err, FIRN_E_UNSUPPORTED,
                              "column %s is of type %s, which is not written",
                              firn_quote(f->name).s, firn_quote(text).s);
        }
        if (firn_schema_refuse_unwritable(&f->type, err) != FIRN_OK)
            return firn_wrap(err, "column %s", firn_quote(f->name).s);
    }
    return FIRN_OK;
}

bool firn_schema_may_become(const firn_type *from, const firn_type *to, int32_t format_version)
{
    if (firn_schema_promotes(from, to))
        return true;
    if (format_version < 3)
        return false;
    if (from->kind == FIRN_T_UNKNOWN)
        return !firn_type_is_nested(to->kind);
    return from->kind == FIRN_T_DATE &&
           (to->kind == FIRN_T_TIMESTAMP || to->kind == FIRN_T_TIMESTAMP_NS);
}

static firn_code merge_type(firn_str name, const firn_type *have, const firn_type *want,
                            firn_arena *a, firn_type *ret, bool *changed, firn_err *err);

/* Ids of another table mean nothing here: all are given anew. */
static void forget_ids(firn_type *type)
{
    for (size_t i = 0; i < type->field_count; i++) {
        type->fields[i].id = 0;
        forget_ids(&type->fields[i].type);
    }
}

static firn_code copy_new_field(const firn_field *want, firn_arena *a, firn_field *ret,
                                firn_err *err)
{
    *ret = *want;
    ret->required = false; /* rows that are there have no value for it */
    ret->id = 0;
    ret->type = firn_type_copy(&want->type, a);
    ret->name = firn_arena_str(a, want->name);
    if (want->doc.p)
        ret->doc = firn_arena_str(a, want->doc);
    if (ret->type.kind == FIRN_TYPE_KIND_COUNT || !ret->name.p || (want->doc.p && !ret->doc.p))
        return firn_arena_raise(a, err);
    forget_ids(&ret->type);
    return FIRN_OK;
}

static firn_code merge_struct(const firn_type *have, const firn_type *want, firn_arena *a,
                              firn_type *ret, bool *changed, firn_err *err)
{
    FIRN_VEC(firn_field) fields = {0};
    for (size_t i = 0; i < have->field_count; i++) {
        firn_field f = have->fields[i];
        const firn_field *w = firn_type_field(want, f.name);
        if (w)
            FIRN_TRY(merge_type(f.name, &have->fields[i].type, &w->type, a, &f.type, changed, err));
        if (!firn_vec_push(a, &fields, f))
            return firn_arena_raise(a, err);
    }
    for (size_t i = 0; i < want->field_count; i++) {
        if (firn_type_field(have, want->fields[i].name))
            continue;
        firn_field f;
        FIRN_TRY(copy_new_field(&want->fields[i], a, &f, err));
        if (!firn_vec_push(a, &fields, f))
            return firn_arena_raise(a, err);
        *changed = true;
    }
    *ret = (firn_type){.kind = FIRN_T_STRUCT, .fields = fields.v, .field_count = fields.n};
    return FIRN_OK;
}

static firn_code cannot_become(firn_str name, const firn_type *have, const firn_type *want,
                               firn_arena *a, firn_err *err)
{
    return firn_raise(err, FIRN_E_CONFLICT, "column %s is %s and cannot become %s",
                      firn_quote(name).s, firn_type_text(have, a), firn_type_text(want, a));
}

/* A list's element, or a map's key and value.  Keys stay as they are: no engine lets them evolve,
 * since rows written before would no longer be found by them. */
static firn_code merge_items(firn_str name, const firn_type *have, const firn_type *want,
                             firn_arena *a, firn_type *ret, bool *changed, firn_err *err)
{
    firn_type merged = *have;
    merged.fields = firn_arena_array(a, have->field_count, sizeof *merged.fields);
    if (!merged.fields)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < have->field_count; i++) {
        bool item_changed = false;
        merged.fields[i] = have->fields[i];
        FIRN_TRY(merge_type(name, &have->fields[i].type, &want->fields[i].type, a,
                            &merged.fields[i].type, &item_changed, err));
        if (item_changed && have->kind == FIRN_T_MAP && i == 0)
            return cannot_become(name, have, want, a, err);
        *changed |= item_changed;
    }
    *ret = merged;
    return FIRN_OK;
}

static firn_code merge_type(firn_str name, const firn_type *have, const firn_type *want,
                            firn_arena *a, firn_type *ret, bool *changed, firn_err *err)
{
    if (have->kind == want->kind && have->kind == FIRN_T_STRUCT)
        return merge_struct(have, want, a, ret, changed, err);
    if (have->kind == want->kind && firn_type_is_nested(have->kind))
        return merge_items(name, have, want, a, ret, changed, err);
    if (firn_schema_promotes(want, have)) {
        *ret = *have; /* what is wanted fits already */
        return FIRN_OK;
    }
    if (!firn_schema_promotes(have, want))
        return cannot_become(name, have, want, a, err);
    *ret = *want;
    *changed = true;
    return FIRN_OK;
}

firn_code firn_schema_merge(const firn_type *have, const firn_type *want, int32_t *last_id,
                            firn_arena *a, firn_type *ret, bool *ret_changed, firn_err *err)
{
    bool changed = false;
    firn_type merged;
    FIRN_TRY(merge_struct(have, want, a, &merged, &changed, err));
    firn_schema_assign_ids(&merged, last_id);
    *ret = merged;
    *ret_changed = changed;
    return FIRN_OK;
}

static bool same_texts(const firn_field *x, const firn_field *y)
{
    return firn_str_eq(x->name, y->name) && firn_str_eq(x->doc, y->doc) &&
           firn_str_eq(x->initial_default, y->initial_default) &&
           firn_str_eq(x->write_default, y->write_default);
}

bool firn_schema_same(const firn_type *a, const firn_type *b)
{
    if (a->kind != b->kind || a->precision != b->precision || a->scale != b->scale ||
        a->length != b->length || a->field_count != b->field_count ||
        !firn_str_eq(a->text, b->text))
        return false;
    for (size_t i = 0; i < a->field_count; i++) {
        const firn_field *x = &a->fields[i];
        const firn_field *y = &b->fields[i];
        if (x->id != y->id || x->required != y->required || !same_texts(x, y) ||
            !firn_schema_same(&x->type, &y->type))
            return false;
    }
    return true;
}
