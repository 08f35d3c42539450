/* SPDX-License-Identifier: Apache-2.0 */
/* Changes to the partition spec and the sort order.  Names, ids and what is refused are as in
 * Java's BaseUpdatePartitionSpec, so that two engines that make the same change make the same spec.
 */
#include "iceberg/evolve_int.h"

#include "base/str.h"

#include <string.h>

/* --- what is there ------------------------------------------------------------------------- */

static bool is_void(const firn_partition_field *f)
{
    return f->transform.kind == FIRN_TRANSFORM_VOID;
}

const char *firn_evolve_user_of(const firn_evolution *e, int32_t column_id)
{
    for (size_t i = 0; i < e->spec.n; i++)
        if (e->spec.v[i].source_id == column_id && !is_void(&e->spec.v[i]))
            return firn_arena_printf(e->a, "partition field %s", firn_quote(e->spec.v[i].name).s);
    for (size_t i = 0; i < e->sort.field_count; i++)
        if (e->sort.fields[i].source_id == column_id)
            return "the sort order";
    return NULL;
}

static const char *term_text(const firn_evolution *e, firn_transform tr, int32_t source_id)
{
    const char *path = firn_evolve_path(e, &e->view.type, source_id);
    if (tr.kind == FIRN_TRANSFORM_IDENTITY)
        return path;
    const char *text = firn_arena_printf(e->a, "%.*s(%s)", FIRN_STR_ARG(tr.text), path);
    return text ? text : "?";
}

/* The index of the field that partitions a column in a way; -1: none. */
static int find_term(const firn_evolution *e, int32_t source_id, firn_transform tr)
{
    for (size_t i = 0; i < e->spec.n; i++)
        if (e->spec.v[i].source_id == source_id &&
            firn_str_eq(e->spec.v[i].transform.text, tr.text))
            return (int)i;
    return -1;
}

static int find_name(const firn_evolution *e, firn_str name)
{
    for (size_t i = 0; i < e->spec.n; i++)
        if (firn_str_eq(e->spec.v[i].name, name))
            return (int)i;
    return -1;
}

static firn_code resolve_term(const firn_evolution *e, const firn_partition_term *term,
                              firn_transform *ret, const firn_field **ret_source, firn_err *err)
{
    firn_column_node node;
    firn_type result;
    FIRN_TRY(firn_evolve_find(e, term->column, &node, err));
    FIRN_TRY(firn_transform_of_term(term, e->a, ret, err));
    if (firn_schema_is_repeated(&e->view.type, node.field->id))
        return firn_raise(err, FIRN_E_INVAL,
                          "column %s lies in a list or map; only single values can partition a "
                          "table",
                          firn_quote(term->column).s);
    if (!firn_transform_result(*ret, &node.field->type, &result))
        return firn_raise(err, FIRN_E_INVAL, "%.*s of column %s does not work: it is %s",
                          FIRN_STR_ARG(ret->text), firn_quote(term->column).s,
                          firn_type_text(&node.field->type, e->a));
    *ret_source = node.field;
    return FIRN_OK;
}

/* --- add ----------------------------------------------------------------------------------- */

static firn_code check_redundant(const firn_evolution *e, const firn_field *source,
                                 firn_transform tr, firn_err *err)
{
    for (size_t i = 0; i < e->spec.n; i++) {
        const firn_partition_field *f = &e->spec.v[i];
        if (f->source_id != source->id || is_void(f))
            continue;
        if (firn_str_eq(f->transform.text, tr.text))
            return firn_raise(err, FIRN_E_EXISTS, "the table is partitioned by %s already",
                              term_text(e, tr, source->id));
        if (!firn_transform_is_time(f->transform.kind) || !firn_transform_is_time(tr.kind))
            continue;
        firn_raise(err, FIRN_E_INVAL,
                   "the table is partitioned by %s already; %s beside it says "
                   "the same twice",
                   term_text(e, f->transform, source->id), term_text(e, tr, source->id));
        return firn_err_advise(err,
                               "replace the field instead: REPLACE PARTITION FIELD %.*s WITH "
                               "%s",
                               FIRN_STR_ARG(f->name), term_text(e, tr, source->id));
    }
    return FIRN_OK;
}

/* A field of an earlier spec that says the same: its id is used again, as the specification wants
 * it whatever the field is called, and without another wish its name. */
static const firn_partition_field *earlier_field(const firn_evolution *e, int32_t source_id,
                                                 firn_transform tr)
{
    for (size_t i = 0; e->version >= 2 && i < e->base->spec_count; i++)
        for (size_t k = 0; k < e->base->specs[i].field_count; k++) {
            const firn_partition_field *f = &e->base->specs[i].fields[k];
            if (f->source_id == source_id && firn_str_eq(f->transform.text, tr.text))
                return f;
        }
    return NULL;
}

/* ts_day, id_bucket_16, data_trunc_4. */
static const char *default_name(const firn_evolution *e, const firn_field *source,
                                firn_transform tr)
{
    const char *column = firn_evolve_path(e, &e->view.type, source->id);
    if (tr.kind == FIRN_TRANSFORM_IDENTITY)
        return column;
    if (tr.kind == FIRN_TRANSFORM_BUCKET)
        return firn_arena_printf(e->a, "%s_bucket_%lld", column, (long long)tr.width);
    if (tr.kind == FIRN_TRANSFORM_TRUNCATE)
        return firn_arena_printf(e->a, "%s_trunc_%lld", column, (long long)tr.width);
    return firn_arena_printf(e->a, "%s_%.*s", column, FIRN_STR_ARG(tr.text));
}

/* A void field gives its name away. */
static firn_code free_name(firn_evolution *e, firn_str name, firn_err *err)
{
    int at = find_name(e, name);
    if (at < 0)
        return FIRN_OK;
    firn_partition_field *f = &e->spec.v[at];
    if (!is_void(f)) {
        firn_raise(err, FIRN_E_EXISTS, "there is a partition field %s already", firn_quote(name).s);
        return firn_err_advise(err, "give the new one another name with AS");
    }
    const char *other = firn_arena_printf(e->a, "%.*s_%d", FIRN_STR_ARG(f->name), f->field_id);
    if (!other)
        return firn_arena_raise(e->a, err);
    f->name = firn_str_of(other);
    return FIRN_OK;
}

static firn_code check_field_name(const firn_evolution *e, const firn_partition_field *f,
                                  firn_err *err)
{
    const firn_field *column = firn_type_field(&e->view.type, f->name);
    bool own = column && f->transform.kind == FIRN_TRANSFORM_IDENTITY && column->id == f->source_id;
    if (f->name.n == 0 || !firn_utf8_valid(f->name.p, f->name.n))
        return firn_raise(err, FIRN_E_INVAL, "a partition field needs a name in UTF-8");
    if (!column || own)
        return FIRN_OK;
    firn_raise(err, FIRN_E_EXISTS, "the partition field would be called %s like a column",
               firn_quote(f->name).s);
    return firn_err_advise(err, "give it another name with AS");
}

/* At the end, or where it stood before it was dropped by this same evolution. */
static firn_code insert_field(firn_evolution *e, firn_partition_field f, firn_err *err)
{
    size_t at = e->spec.n;
    for (size_t i = 0; i < e->base->spec->field_count; i++) {
        if (e->base->spec->fields[i].field_id != f.field_id)
            continue;
        at = 0;
        for (size_t k = 0; k < i; k++)
            for (size_t n = 0; n < e->spec.n; n++)
                at += e->spec.v[n].field_id == e->base->spec->fields[k].field_id;
    }
    if (!firn_vec_push(e->a, &e->spec, f))
        return firn_arena_raise(e->a, err);
    memmove(&e->spec.v[at + 1], &e->spec.v[at], (e->spec.n - 1 - at) * sizeof f);
    e->spec.v[at] = f;
    return FIRN_OK;
}

firn_code firn_evolve_add_partition(firn_evolution *e, const firn_partition_term *term,
                                    firn_str name, firn_err *err)
{
    firn_transform tr;
    const firn_field *source;
    FIRN_TRY(resolve_term(e, term, &tr, &source, err));
    if (tr.kind == FIRN_TRANSFORM_VOID)
        return firn_raise(err, FIRN_E_INVAL, "void partitions nothing");
    FIRN_TRY(check_redundant(e, source, tr, err));
    const firn_partition_field *earlier = earlier_field(e, source->id, tr);
    firn_partition_field f = {.source_id = source->id,
                              .field_id = earlier ? earlier->field_id : e->last_partition_id + 1,
                              .transform = tr};
    f.name = name.p ? firn_arena_str(e->a, name)
                    : (earlier ? earlier->name : firn_str_of(default_name(e, source, tr)));
    if (!f.name.p)
        return firn_arena_raise(e->a, err);
    FIRN_TRY(check_field_name(e, &f, err));
    FIRN_TRY(free_name(e, f.name, err));
    e->last_partition_id = FIRN_MAX(e->last_partition_id, f.field_id);
    return insert_field(e, f, err);
}

/* --- drop, rename -------------------------------------------------------------------------- */

/* In format version 1 the fields of all specs are told apart by their places. */
static firn_code drop_at(firn_evolution *e, int at)
{
    firn_partition_field *f = &e->spec.v[at];
    if (e->version < 2) {
        f->transform = (firn_transform){.kind = FIRN_TRANSFORM_VOID, .text = FIRN_STR_LIT("void")};
        return FIRN_OK;
    }
    memmove(f, f + 1, (e->spec.n - (size_t)at - 1) * sizeof *f);
    e->spec.n--;
    return FIRN_OK;
}

static firn_code no_field(const firn_evolution *e, const char *what, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf list = FIRN_BUF(EVOLVE_TEXT_MAX);
    firn_raise(err, FIRN_E_NOTFOUND, "there is no partition field %s", firn_quotec(what).s);
    for (size_t i = 0; i < e->spec.n; i++)
        if (!is_void(&e->spec.v[i]) && firn_buf_addf(&list, NULL, "%s%.*s", list.n ? ", " : "",
                                                     FIRN_STR_ARG(e->spec.v[i].name)) != FIRN_OK)
            break;
    if (list.n)
        return firn_err_advise(err, "the table is partitioned by %s", firn_buf_cstr(&list));
    return firn_err_advise(err, "the table is not partitioned");
}

firn_code firn_evolve_drop_partition(firn_evolution *e, const firn_partition_term *term,
                                     firn_err *err)
{
    firn_transform tr;
    const firn_field *source;
    FIRN_TRY(resolve_term(e, term, &tr, &source, err));
    int at = tr.kind == FIRN_TRANSFORM_VOID ? -1 : find_term(e, source->id, tr);
    return at < 0 ? no_field(e, term_text(e, tr, source->id), err) : drop_at(e, at);
}

firn_code firn_evolve_drop_partition_named(firn_evolution *e, firn_str name, firn_err *err)
{
    int at = find_name(e, name);
    const char *text = firn_arena_strndup(e->a, name.p, name.n);
    if (!text)
        return firn_arena_raise(e->a, err);
    if (at < 0 || is_void(&e->spec.v[at]))
        return no_field(e, text, err);
    return drop_at(e, at);
}

firn_code firn_evolve_rename_partition(firn_evolution *e, firn_str name, firn_str new_name,
                                       firn_err *err)
{
    int at = find_name(e, name);
    const char *text = firn_arena_strndup(e->a, name.p, name.n);
    firn_str kept = firn_arena_str(e->a, new_name);
    if (!text || !kept.p)
        return firn_arena_raise(e->a, err);
    if (at < 0)
        return no_field(e, text, err);
    if (firn_str_eq(name, new_name))
        return FIRN_OK;
    firn_partition_field renamed = e->spec.v[at];
    renamed.name = kept;
    FIRN_TRY(check_field_name(e, &renamed, err));
    FIRN_TRY(free_name(e, kept, err));
    e->spec.v[at].name = kept;
    return FIRN_OK;
}

firn_code firn_evolve_partition_by(firn_evolution *e, const firn_partition_term *terms,
                                   size_t count, firn_err *err)
{
    for (size_t i = e->spec.n; i > 0; i--) {
        const firn_partition_field *f = &e->spec.v[i - 1];
        bool wanted = is_void(f);
        for (size_t k = 0; k < count && !wanted; k++) {
            firn_transform tr;
            const firn_field *source;
            FIRN_TRY(resolve_term(e, &terms[k], &tr, &source, err));
            wanted = source->id == f->source_id && firn_str_eq(tr.text, f->transform.text);
        }
        if (!wanted)
            FIRN_TRY(drop_at(e, (int)i - 1));
    }
    for (size_t k = 0; k < count; k++) {
        firn_transform tr;
        const firn_field *source;
        FIRN_TRY(resolve_term(e, &terms[k], &tr, &source, err));
        if (find_term(e, source->id, tr) < 0)
            FIRN_TRY(firn_evolve_add_partition(e, &terms[k], (firn_str){NULL, 0}, err));
    }
    return FIRN_OK;
}

/* --- sort order ---------------------------------------------------------------------------- */

firn_code firn_evolve_sort_by(firn_evolution *e, const firn_sort_term *terms, size_t count,
                              firn_err *err)
{
    firn_sort_order order;
    firn_sort_term *exact = firn_arena_array(e->a, count, sizeof *exact);
    if (!exact)
        return firn_arena_raise(e->a, err);
    for (size_t i = 0; i < count; i++) { /* in the letters of the schema */
        firn_column_node node;
        FIRN_TRY(firn_evolve_find(e, terms[i].column, &node, err));
        exact[i] = terms[i];
        exact[i].column = firn_str_of(firn_evolve_path(e, &e->view.type, node.field->id));
    }
    firn_code code = firn_sort_order_make(&e->view.type, exact, count, e->a, &order, err);
    if (code == FIRN_E_CONFIG && err) { /* no project file is wrong here */
        err->code = FIRN_E_INVAL;
        firn_err_id(err, firn_code_policy_of(FIRN_E_INVAL)->generic_id);
    }
    if (code != FIRN_OK)
        return code == FIRN_E_CONFIG ? FIRN_E_INVAL : code;
    e->sort = order;
    return FIRN_OK;
}

/* --- updates ------------------------------------------------------------------------------- */

static firn_spec spec_of(const firn_evolution *e)
{
    return (firn_spec){.fields = e->spec.v, .field_count = e->spec.n};
}

bool firn_evolve_spec_changed(const firn_evolution *e)
{
    firn_spec now = spec_of(e);
    return !firn_spec_same(&now, e->base->spec);
}

static firn_code spec_updates(const firn_evolution *e, firn_updates *u, firn_err *err)
{
    firn_spec now = spec_of(e);
    for (size_t i = 0; i < e->base->spec_count; i++) {
        json_t *obj = json_object();
        if (!firn_spec_same(&now, &e->base->specs[i])) {
            json_decref(obj);
            now.spec_id = FIRN_MAX(now.spec_id, e->base->specs[i].spec_id + 1);
            continue;
        }
        FIRN_TRY(firn_json_append(u->list, obj, err));
        FIRN_TRY(firn_json_set(obj, "action", json_string("set-default-spec"), err));
        return firn_json_set(obj, "spec-id", json_integer(e->base->specs[i].spec_id), err);
    }
    return firn_update_spec(u, &now, err);
}

firn_code firn_evolve_spec_updates(const firn_evolution *e, firn_updates *u, firn_err *err)
{
    if (firn_evolve_spec_changed(e))
        FIRN_TRY(spec_updates(e, u, err));
    if (!firn_sort_order_same(&e->sort, &e->base_sort))
        FIRN_TRY(firn_update_sort_order(u, &e->sort, err));
    return FIRN_OK;
}
