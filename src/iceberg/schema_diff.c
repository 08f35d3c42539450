/* SPDX-License-Identifier: Apache-2.0 */
#include "iceberg/schema_diff.h"

#include "base/str.h"

typedef FIRN_VEC(firn_schema_change) change_list;

typedef struct differ {
    firn_schema_match match;
    firn_arena *a;
    change_list changes;
} differ;

const char *firn_schema_change_word(firn_schema_change_kind kind)
{
    static const char *const words[] = {"added", "dropped", "renamed", "type",      "required",
                                        "moved", "doc",     "default", "identifier"};
    return words[kind];
}

static firn_code add(differ *d, firn_schema_change_kind kind, const char *column, firn_str was,
                     firn_str now, firn_err *err)
{
    firn_schema_change c = {.kind = kind, .column = firn_str_of(column), .was = was, .now = now};
    if (!firn_vec_push(d->a, &d->changes, c))
        return firn_arena_raise(d->a, err);
    return FIRN_OK;
}

/* Index of the field in `t` that is `f`; -1: none. */
static int place_of(const differ *d, const firn_type *t, const firn_field *f)
{
    for (size_t i = 0; i < t->field_count; i++) {
        const firn_field *o = &t->fields[i];
        bool same = d->match == FIRN_MATCH_IDS ? o->id == f->id : firn_str_ieq(o->name, f->name);
        if (same)
            return (int)i;
    }
    return -1;
}

static const char *path_of(differ *d, const char *parent, firn_str name)
{
    return firn_arena_printf(d->a, "%s%s%.*s", parent, *parent ? "." : "", FIRN_STR_ARG(name));
}

static firn_str type_text(differ *d, const firn_type *t)
{
    return firn_str_of(firn_type_text(t, d->a));
}

static bool is_nullable_same(firn_str a, firn_str b)
{
    return (a.p != NULL) == (b.p != NULL) && firn_str_eq(a, b);
}

static firn_code diff_fields(differ *d, const firn_type *was, const firn_type *now,
                             const char *parent, firn_err *err);

/* Nested types change by their parts, unless they are of another kind altogether. */
static firn_code diff_types(differ *d, const firn_type *was, const firn_type *now, const char *path,
                            firn_err *err)
{
    if (was->kind == now->kind && firn_type_is_nested(now->kind))
        return diff_fields(d, was, now, path, err);
    if (firn_type_eq(was, now))
        return FIRN_OK;
    return add(d, FIRN_SCHEMA_TYPE, path, type_text(d, was), type_text(d, now), err);
}

static firn_code diff_field(differ *d, const firn_field *was, const firn_field *now,
                            const char *path, firn_err *err)
{
    static const char *const words[] = {"optional", "required"};
    if (d->match == FIRN_MATCH_IDS && !firn_str_eq(was->name, now->name))
        FIRN_TRY(add(d, FIRN_SCHEMA_RENAMED, path, was->name, now->name, err));
    FIRN_TRY(diff_types(d, &was->type, &now->type, path, err));
    if (was->required != now->required)
        FIRN_TRY(add(d, FIRN_SCHEMA_REQUIRED, path, firn_str_of(words[was->required]),
                     firn_str_of(words[now->required]), err));
    if (!is_nullable_same(was->doc, now->doc))
        FIRN_TRY(add(d, FIRN_SCHEMA_DOC, path, was->doc, now->doc, err));
    if (!is_nullable_same(was->write_default, now->write_default))
        FIRN_TRY(add(d, FIRN_SCHEMA_DEFAULT, path, was->write_default, now->write_default, err));
    return FIRN_OK;
}

/* Of the places, the longest run that ascends: says which belong to it. */
static firn_code longest_run(const int *places, size_t n, firn_arena *a, bool **ret, firn_err *err)
{
    size_t *length = firn_arena_array(a, n, sizeof *length);
    size_t *before = firn_arena_array(a, n, sizeof *before);
    bool *in = firn_arena_array(a, n, sizeof *in);
    size_t best = 0;
    if (!length || !before || !in)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < n; i++) {
        length[i] = 1;
        before[i] = i;
        for (size_t k = 0; k < i; k++) {
            if (places[k] < places[i] && length[k] + 1 > length[i]) {
                length[i] = length[k] + 1;
                before[i] = k;
            }
        }
        best = length[i] > length[best] ? i : best;
    }
    for (size_t i = best; n; i = before[i]) {
        in[i] = true;
        if (before[i] == i)
            break;
    }
    *ret = in;
    return FIRN_OK;
}

/* Among the fields that both structs have, as few as must have moved to give the new order. */
static firn_code diff_order(differ *d, const firn_type *was, const firn_type *now,
                            const char *parent, firn_err *err)
{
    int *places = firn_arena_array(d->a, now->field_count, sizeof *places);
    size_t *fields = firn_arena_array(d->a, now->field_count, sizeof *fields);
    bool *stayed;
    size_t n = 0;
    if (!places || !fields)
        return firn_arena_raise(d->a, err);
    for (size_t i = 0; i < now->field_count; i++) {
        places[n] = place_of(d, was, &now->fields[i]);
        fields[n] = i;
        n += places[n] >= 0;
    }
    FIRN_TRY(longest_run(places, n, d->a, &stayed, err));
    for (size_t i = 0; i < n; i++) {
        if (stayed[i])
            continue;
        const char *path = path_of(d, parent, now->fields[fields[i]].name);
        const char *from = firn_arena_printf(d->a, "%d", places[i] + 1);
        const char *to = firn_arena_printf(d->a, "%zu", fields[i] + 1);
        if (!path || !from || !to)
            return firn_arena_raise(d->a, err);
        FIRN_TRY(add(d, FIRN_SCHEMA_MOVED, path, firn_str_of(from), firn_str_of(to), err));
    }
    return FIRN_OK;
}

static firn_code diff_fields(differ *d, const firn_type *was, const firn_type *now,
                             const char *parent, firn_err *err)
{
    const firn_str none = {NULL, 0};
    for (size_t i = 0; i < now->field_count; i++) {
        const firn_field *f = &now->fields[i];
        int place = place_of(d, was, f);
        const char *path = path_of(d, parent, f->name);
        if (!path)
            return firn_arena_raise(d->a, err);
        if (place < 0)
            FIRN_TRY(add(d, FIRN_SCHEMA_ADDED, path, none, type_text(d, &f->type), err));
        else /* schemas are of limited depth */
            FIRN_TRY(diff_field(d, &was->fields[place], f, path, err));
    }
    for (size_t i = 0; i < was->field_count; i++) {
        const firn_field *f = &was->fields[i];
        const char *path = path_of(d, parent, f->name);
        if (!path)
            return firn_arena_raise(d->a, err);
        if (place_of(d, now, f) < 0)
            FIRN_TRY(add(d, FIRN_SCHEMA_DROPPED, path, type_text(d, &f->type), none, err));
    }
    return now->kind == FIRN_T_STRUCT ? diff_order(d, was, now, parent, err) : FIRN_OK;
}

static firn_code identifier_names(differ *d, const firn_schema *s, firn_str *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)1 << 20);
    for (size_t i = 0; i < s->identifier_count; i++) {
        const firn_field *f = firn_schema_field(&s->type, s->identifier_ids[i]);
        FIRN_TRY(firn_buf_adds(&text, i ? ", " : "", err));
        FIRN_TRY(firn_buf_addstr(&text, f ? f->name : FIRN_STR_LIT("?"), err));
    }
    *ret = (firn_str){NULL, 0};
    if (text.n == 0)
        return FIRN_OK;
    *ret = firn_arena_str(d->a, firn_buf_str(&text));
    return ret->p ? FIRN_OK : firn_arena_raise(d->a, err);
}

static bool has_id(const firn_schema *s, int32_t id)
{
    for (size_t i = 0; i < s->identifier_count; i++)
        if (s->identifier_ids[i] == id)
            return true;
    return false;
}

static bool same_identifiers(const firn_schema *a, const firn_schema *b)
{
    if (a->identifier_count != b->identifier_count)
        return false;
    for (size_t i = 0; i < a->identifier_count; i++)
        if (!has_id(b, a->identifier_ids[i]))
            return false;
    return true;
}

firn_code firn_schema_diff(const firn_schema *was, const firn_schema *now, firn_schema_match match,
                           firn_arena *a, firn_schema_change **ret, size_t *ret_count,
                           firn_err *err)
{
    differ d = {.match = match, .a = a};
    FIRN_TRY(diff_fields(&d, &was->type, &now->type, "", err));
    if (match == FIRN_MATCH_IDS && !same_identifiers(was, now)) {
        firn_str before;
        firn_str after;
        FIRN_TRY(identifier_names(&d, was, &before, err));
        FIRN_TRY(identifier_names(&d, now, &after, err));
        FIRN_TRY(add(&d, FIRN_SCHEMA_IDENTIFIER, "", before, after, err));
    }
    *ret = d.changes.v;
    *ret_count = d.changes.n;
    return FIRN_OK;
}

/* --- the widest types ---------------------------------------------------------------------- */

static const firn_field *by_id(const firn_type *t, int32_t id)
{
    for (size_t i = 0; i < t->field_count; i++)
        if (t->fields[i].id == id)
            return &t->fields[i];
    return NULL;
}

firn_code firn_schema_widest(const firn_type *was, const firn_type *now, bool common, firn_arena *a,
                             firn_type *ret, firn_err *err)
{
    if (!firn_type_is_nested(now->kind)) {
        *ret = firn_schema_may_become(now, was, 3) ? *was : *now;
        return FIRN_OK;
    }
    firn_type t = *now;
    t.field_count = 0;
    t.fields = firn_arena_array(a, now->field_count, sizeof *t.fields);
    if (!t.fields)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < now->field_count; i++) {
        const firn_field *old = by_id(was, now->fields[i].id);
        if (!old && common)
            continue;
        firn_field *f = &t.fields[t.field_count++];
        *f = now->fields[i];
        f->required = f->required && old && old->required;
        if (old)
            FIRN_TRY(
                firn_schema_widest(&old->type, &now->fields[i].type, common, a, &f->type, err));
    }
    *ret = t;
    return FIRN_OK;
}
