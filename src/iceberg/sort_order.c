/* SPDX-License-Identifier: Apache-2.0 */
#include "iceberg/sort_order.h"

#include "base/str.h"

/* --- JSON ---------------------------------------------------------------------------------- */

static firn_code parse_field(const json_t *j, firn_arena *a, firn_sort_field *ret, firn_err *err)
{
    firn_str transform;
    firn_str direction;
    firn_str nulls;
    int64_t source;
    FIRN_TRY(firn_json_str(j, "transform", &transform, err));
    FIRN_TRY(firn_json_str(j, "direction", &direction, err));
    FIRN_TRY(firn_json_str(j, "null-order", &nulls, err));
    FIRN_TRY(firn_json_opt_i64(j, "source-id", 0, &source, err)); /* v3 may have source-ids */
    *ret = (firn_sort_field){.source_id = (int32_t)source,
                             .transform = firn_transform_parse(firn_arena_str(a, transform)),
                             .descending = firn_str_ieq(direction, FIRN_STR_LIT("desc")),
                             .nulls_last = firn_str_ieq(nulls, FIRN_STR_LIT("nulls-last"))};
    return ret->transform.text.p ? FIRN_OK : firn_arena_raise(a, err);
}

/* Reads {"order-id", "fields"}. */
static firn_code sort_order_parse(const json_t *j, firn_arena *a, firn_sort_order *ret,
                                  firn_err *err)
{
    firn_sort_order s = {0};
    json_t *fields;
    FIRN_TRY(firn_json_i32(j, "order-id", &s.order_id, err));
    FIRN_TRY(firn_json_array(j, "fields", &fields, err));
    s.field_count = json_array_size(fields);
    s.fields = firn_arena_array(a, s.field_count, sizeof *s.fields);
    if (!s.fields)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < s.field_count; i++)
        FIRN_TRY(parse_field(json_array_get(fields, i), a, &s.fields[i], err));
    *ret = s;
    return FIRN_OK;
}

/* Returns the JSON; *ret is a new reference. */
static firn_code sort_order_to_json(const firn_sort_order *s, json_t **ret, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *obj = json_object();
    json_t *fields = json_array();
    FIRN_TRY(firn_json_set(obj, "order-id", json_integer(s->order_id), err));
    FIRN_TRY(firn_json_set(obj, "fields", fields, err));
    for (size_t i = 0; i < s->field_count; i++) {
        const firn_sort_field *f = &s->fields[i];
        json_t *field = json_object();
        FIRN_TRY(firn_json_append(fields, field, err));
        FIRN_TRY(firn_json_set(field, "transform", firn_json_new_str(f->transform.text), err));
        FIRN_TRY(firn_json_set(field, "source-id", json_integer(f->source_id), err));
        FIRN_TRY(
            firn_json_set(field, "direction", json_string(f->descending ? "desc" : "asc"), err));
        FIRN_TRY(firn_json_set(field, "null-order",
                               json_string(f->nulls_last ? "nulls-last" : "nulls-first"), err));
    }
    *ret = json_incref(obj);
    return FIRN_OK;
}

firn_code firn_metadata_sort_order(const firn_metadata *m, firn_arena *a, firn_sort_order *ret,
                                   firn_err *err)
{
    const json_t *list = json_object_get(m->root, "sort-orders");
    *ret = (firn_sort_order){.order_id = FIRN_UNSORTED_ID};
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *j = json_array_get(list, i);
        if (json_integer_value(json_object_get(j, "order-id")) == m->default_sort_order_id)
            return sort_order_parse(j, a, ret, err);
    }
    return FIRN_OK;
}

/* --- making one ---------------------------------------------------------------------------- */

static firn_code make_field(const firn_type *schema, const firn_sort_term *term, firn_arena *a,
                            firn_sort_field *ret, firn_err *err)
{
    firn_type result;
    firn_transform tr;
    const firn_field *f = firn_schema_find(schema, term->column);
    const firn_partition_term as_partition = {
        .kind = term->kind, .width = term->width, .column = term->column};
    if (!f) {
        firn_raise(err, FIRN_E_CONFIG, "sort column %s is not in the table",
                   firn_quote(term->column).s);
        return firn_schema_advise(schema, term->column, err);
    }
    if (firn_schema_is_repeated(schema, f->id))
        return firn_raise(err, FIRN_E_CONFIG,
                          "sort column %s lies in a list or map; only single values can be sorted "
                          "by",
                          firn_quote(term->column).s);
    FIRN_TRY(firn_transform_of_term(&as_partition, a, &tr, err));
    if (!firn_transform_result(tr, &f->type, &result))
        return firn_raise(err, FIRN_E_CONFIG, "nothing can be sorted by %.*s of column %s, a %s",
                          FIRN_STR_ARG(tr.text), firn_quote(term->column).s,
                          firn_type_text(&f->type, a));
    *ret = (firn_sort_field){.source_id = f->id,
                             .transform = tr,
                             .descending = term->descending,
                             .nulls_last = term->nulls_last};
    return FIRN_OK;
}

firn_code firn_sort_order_make(const firn_type *schema, const firn_sort_term *terms, size_t count,
                               firn_arena *a, firn_sort_order *ret, firn_err *err)
{
    firn_sort_order s = {.order_id = count ? 1 : FIRN_UNSORTED_ID, .field_count = count};
    s.fields = firn_arena_array(a, count, sizeof *s.fields);
    if (!s.fields)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < count; i++) {
        FIRN_TRY(make_field(schema, &terms[i], a, &s.fields[i], err));
        for (size_t k = 0; k < i; k++)
            if (s.fields[k].source_id == s.fields[i].source_id &&
                firn_str_eq(s.fields[k].transform.text, s.fields[i].transform.text))
                return firn_raise(err, FIRN_E_CONFIG, "sort column %s stands twice",
                                  firn_quote(terms[i].column).s);
    }
    *ret = s;
    return FIRN_OK;
}

bool firn_sort_order_same(const firn_sort_order *a, const firn_sort_order *b)
{
    if (a->field_count != b->field_count)
        return false;
    for (size_t i = 0; i < a->field_count; i++) {
        const firn_sort_field *x = &a->fields[i];
        const firn_sort_field *y = &b->fields[i];
        if (x->source_id != y->source_id || x->descending != y->descending ||
            x->nulls_last != y->nulls_last || !firn_str_eq(x->transform.text, y->transform.text))
            return false;
    }
    return true;
}

bool firn_sort_order_is_usable(const firn_sort_order *s, const firn_type *schema)
{
    for (size_t i = 0; i < s->field_count; i++) {
        firn_type result;
        const firn_field *f = firn_schema_field(schema, s->fields[i].source_id);
        if (!f || !firn_transform_result(s->fields[i].transform, &f->type, &result))
            return false;
    }
    return true;
}

/* --- for people ---------------------------------------------------------------------------- */

static firn_code print_path(const firn_type *type, int32_t id, firn_buf *out, firn_err *err)
{
    for (size_t i = 0; i < type->field_count; i++) {
        const firn_field *f = &type->fields[i];
        if (f->id == id)
            return firn_buf_addstr(out, f->name, err);
        if (!firn_schema_field(&f->type, id))
            continue;
        FIRN_TRY(firn_buf_addf(out, err, "%.*s.", FIRN_STR_ARG(f->name)));
        return print_path(&f->type, id, out, err);
    }
    return firn_buf_addf(out, err, "column %d", (int)id);
}

firn_code firn_sort_order_print(const firn_sort_order *s, const firn_type *schema, firn_buf *out,
                                firn_err *err)
{
    if (s->field_count == 0)
        return firn_buf_adds(out, "unsorted", err);
    for (size_t i = 0; i < s->field_count; i++) {
        const firn_sort_field *f = &s->fields[i];
        bool plain = f->transform.kind == FIRN_TRANSFORM_IDENTITY;
        FIRN_TRY(firn_buf_adds(out, i ? ", " : "", err));
        if (!plain)
            FIRN_TRY(firn_buf_addf(out, err, "%.*s(", FIRN_STR_ARG(f->transform.text)));
        FIRN_TRY(print_path(schema, f->source_id, out, err));
        FIRN_TRY(firn_buf_addf(out, err, "%s %s NULLS %s", plain ? "" : ")",
                               f->descending ? "DESC" : "ASC", f->nulls_last ? "LAST" : "FIRST"));
    }
    return FIRN_OK;
}

/* --- updates ------------------------------------------------------------------------------- */

static firn_code add_update(firn_updates *u, const char *action, const char *key, json_t *value,
                            firn_err *err)
{
    json_t *obj = json_object();
    firn_code code = firn_json_append(u->list, obj, err);
    if (code != FIRN_OK) {
        json_decref(value);
        return code;
    }
    code = firn_json_set(obj, key, value, err);
    return code == FIRN_OK ? firn_json_set(obj, "action", json_string(action), err) : code;
}

firn_code firn_update_sort_order(firn_updates *u, const firn_sort_order *s, firn_err *err)
{
    json_t *order;
    FIRN_TRY(sort_order_to_json(s, &order, err));
    FIRN_TRY(add_update(u, "add-sort-order", "sort-order", order, err));
    return add_update(u, "set-default-sort-order", "sort-order-id", json_integer(-1), err);
}
