/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes a column: the old layout, the given columns and what was seen, walked together.
 *
 * Each node is made from up to three sources: its old self, what the user gave for it, the shape
 * that was seen there.  The old one decides name, order and type (which may widen), the given one
 * comes before what was seen, and what was seen fills the rest. */
#include "format/layout_int.h"

#include "base/str.h"

static firn_code make_node(firn_layout_maker *m, const firn_layout_place *at, firn_layout *ret,
                           bool *ret_exists);

/* --- structs ------------------------------------------------------------------------------- */

/* A struct under construction. */
typedef struct parts {
    FIRN_VEC(firn_layout) nodes;
    FIRN_VEC(firn_field) fields;
    FIRN_VEC(uint8_t) rank; /* who gets a key that two of them read */
    firn_map taken;         /* names, in lower case */
    firn_map keys;          /* that old columns read */
} parts;

static firn_str lower_name(firn_arena *a, firn_str name)
{
    firn_str copy = firn_arena_str(a, name);
    char *p = (char *)(uintptr_t)copy.p;
    for (size_t i = 0; p && i < copy.n; i++)
        if (p[i] >= 'A' && p[i] <= 'Z')
            p[i] = (char)(p[i] - 'A' + 'a');
    return copy;
}

/* Takes a name; *ret_free says whether it was free. */
static firn_code take_name(firn_layout_maker *m, parts *p, firn_str name, bool *ret_free)
{
    firn_str lower = lower_name(m->a, name);
    if (!lower.p)
        return firn_arena_raise(m->a, m->err);
    *ret_free = !firn_map_get(&p->taken, lower);
    if (*ret_free && !firn_map_put(&p->taken, lower, p))
        return firn_arena_raise(m->a, m->err);
    return FIRN_OK;
}

/* Makes a name for a column out of its key. */
static firn_code name_of_key(firn_layout_maker *m, parts *p, firn_str key, firn_str *ret)
{
    firn_str base = key.n ? key : FIRN_STR_LIT("_");
    firn_str name = base;
    bool is_free;
    FIRN_TRY(take_name(m, p, name, &is_free));
    for (unsigned i = 2; !is_free; i++) {
        const char *text = firn_arena_printf(m->a, "%.*s_%u", FIRN_STR_ARG(base), i);
        if (!text)
            return firn_arena_raise(m->a, m->err);
        name = firn_str_of(text);
        FIRN_TRY(take_name(m, p, name, &is_free));
    }
    *ret = name;
    return FIRN_OK;
}

/* The name of the residual column where its own is taken. */
static firn_code residual_name(firn_layout_maker *m, const firn_layout_place *at, parts *p,
                               firn_str *ret)
{
    bool is_reserved = false;
    for (size_t i = 0; i < m->in->reserved_count; i++)
        is_reserved |= firn_str_eqc(m->in->reserved[i], FIRN_RESIDUAL_NAME);
    if (is_reserved && !(at->old && firn_type_field(&at->old->type, *ret)))
        return FIRN_OK;
    return name_of_key(m, p, *ret, ret);
}

static const firn_shape *field_seen(const firn_shape *seen, firn_str key)
{
    uintptr_t at = seen ? (uintptr_t)firn_map_get(&seen->by_key, key) : 0;
    return at ? seen->fields[at - 1].shape : NULL;
}

/* The field of a column: an old one keeps its id and doc; a new one is required only in a new
 * table, where no row lacks it. */
static firn_field field_of(const firn_layout_maker *m, const firn_given_node *g,
                           const firn_field *old)
{
    if (!old)
        return (firn_field){.required = g && g->required && !m->in->old};
    firn_field field = *old;
    if (field.doc.p)
        field.doc = firn_arena_str(m->a, field.doc);
    return field;
}

/* Makes a column of a struct, if there is enough to make one. */
static firn_code add_part(firn_layout_maker *m, const firn_layout_place *at, firn_str key,
                          const firn_field *old_field, parts *p)
{
    const firn_given_node *g = at->given;
    firn_layout node = {0};
    bool exists;
    FIRN_TRY(make_node(m, at, &node, &exists));
    if (!exists)
        return FIRN_OK;
    firn_field field = field_of(m, g, old_field);
    m->changed |= !old_field;
    node.key = firn_arena_str(m->a, key);
    node.role = at->old ? at->old->role : FIRN_ROLE_VALUE;
    node.required = field.required || (g && g->required) || (at->old && at->old->required);
    field.name = node.name;
    field.type = node.type;
    uint8_t rank = g && g->named ? 2 : !firn_str_eq(key, node.name);
    if (!node.key.p || !firn_vec_push(m->a, &p->nodes, node) ||
        !firn_vec_push(m->a, &p->fields, field) || !firn_vec_push(m->a, &p->rank, rank))
        return firn_arena_raise(m->a, m->err);
    return FIRN_OK;
}

static firn_code old_parts(firn_layout_maker *m, const firn_layout_place *at, parts *p)
{
    for (size_t i = 0; at->old && i < at->old->child_count; i++) {
        const firn_layout *old = &at->old->children[i];
        const firn_given_node *g = firn_given_child(at->given, old->name);
        firn_str key = g && g->from.p ? g->from : old->key;
        const firn_given_node *reader = firn_given_by_key(at->given, key);
        bool lost = reader && reader != g; /* another column was told to read this key */
        lost |= old->role != FIRN_ROLE_VALUE;
        firn_layout_place here = {at,  old->name, at->level + 1,
                                  old, g,         lost ? NULL : field_seen(at->seen, key)};
        bool is_free;
        FIRN_TRY(take_name(m, p, old->name, &is_free));
        if (!lost && !firn_map_put(&p->keys, key, p))
            return firn_arena_raise(m->a, m->err);
        FIRN_TRY(add_part(m, &here, key, &at->old->type.fields[i], p));
    }
    return FIRN_OK;
}

/* Given names stand as they are, so they are taken before others are made up. */
static firn_code take_given_names(firn_layout_maker *m, const firn_layout_place *at, parts *p)
{
    for (size_t i = 0; at->given && i < at->given->children.n; i++) {
        firn_str name = at->given->children.v[i]->name;
        bool is_free;
        if (at->old && firn_type_field(&at->old->type, name))
            continue;
        FIRN_TRY(take_name(m, p, name, &is_free));
        if (!is_free)
            return firn_raise(m->err, FIRN_E_CONFIG,
                              "there cannot be a column %s: another one, or one that is added to "
                              "every table, differs at most in case",
                              firn_quote(name).s);
    }
    return FIRN_OK;
}

static bool is_done(const parts *p, const firn_given_node *g)
{
    for (size_t i = 0; i < p->nodes.n; i++)
        if (firn_str_eq(p->nodes.v[i].name, g->name))
            return true;
    return false;
}

/* Makes a column for a key that has none; *room: it may be an inferred one. */
static firn_code new_part(firn_layout_maker *m, const firn_layout_place *at,
                          const firn_shape_field *f, bool room, parts *p)
{
    const firn_given_node *g = firn_given_by_key(at->given, f->key);
    firn_str name;
    if (g && is_done(p, g))
        return FIRN_OK;
    if (!g && (firn_map_get(&p->keys, f->key) || !room))
        return FIRN_OK;
    if (g) {
        name = g->name;
    } else {
        if (!(f->shape->seen & ~(uint32_t)FIRN_SEEN_NULL) && !m->in->null_columns)
            return FIRN_OK;
        FIRN_TRY(name_of_key(m, p, f->key, &name));
    }
    firn_layout_place here = {at, name, at->level + 1, NULL, g, f->shape};
    if (!g && f->key.n && !firn_str_eq(name, f->key))
        FIRN_TRY(firn_layout_note_add(m, &here, "is the key %s: the name is taken",
                                      firn_quote(f->key).s));
    return add_part(m, &here, f->key, NULL, p);
}

static bool may_grow(const firn_layout_maker *m, const firn_layout_place *at)
{
    bool given = (at->given && at->given->has_type) || (at->old && at->old->given);
    return !m->in->freeze && !given && firn_layout_field_contract(m, at) == FIRN_CONTRACT_EVOLVE;
}

/* Counts the keys of a struct that have no column; *ret_first: one of them. */
static size_t count_left_out(const firn_layout_place *at, const parts *p, firn_str *ret_first)
{
    size_t left_out = 0;
    for (size_t i = 0; i < at->seen->field_count; i++) {
        const firn_shape_field *f = &at->seen->fields[i];
        bool known = firn_map_get(&p->keys, f->key) || firn_given_by_key(at->given, f->key);
        for (size_t j = 0; !known && j < p->nodes.n; j++)
            known = firn_str_eq(p->nodes.v[j].key, f->key);
        if (known || !(f->shape->seen & ~(uint32_t)FIRN_SEEN_NULL))
            continue;
        *ret_first = left_out++ ? *ret_first : f->key;
    }
    return left_out;
}

/* Says once for a struct that some of its keys have no column. */
static firn_code note_left_out(firn_layout_maker *m, const firn_layout_place *at, const parts *p,
                               bool grows, bool *ret_crowded)
{
    firn_str first = {0};
    bool whole = firn_layout_key_misfit(m, at, false) == FIRN_MISFIT_REJECT;
    const char *what = whole ? "records that have" : "values of";
    const char *way = firn_layout_way(firn_layout_key_misfit(m, at, false));
    size_t left_out = at->seen->rest ? 0 : count_left_out(at, p, &first);
    *ret_crowded = at->seen->rest || left_out;
    if (!*ret_crowded || (at->old && at->old->crowded))
        return FIRN_OK;
    if (at->seen->rest)
        return firn_layout_note_add(
            m, at, "there are more than %d different keys; %s others than those of the columns %s",
            FIRN_SHAPE_MAX_KEYS, what, way);
    firn_layout_place here = {at, first, at->level + 1, NULL, NULL, NULL};
    const char *why = m->in->freeze ? "the columns are frozen"
                      : !grows      ? "its contract does not allow it"
                                    : "there are too many (max_fields)";
    if (left_out == 1)
        return firn_layout_note_add(m, &here, "is not made: %s; %s it %s", why, what, way);
    return firn_layout_note_add(m, &here, "and %zu more are not made: %s; %s them %s", left_out - 1,
                                why, what, way);
}

/* Makes the given columns that were not seen. */
static firn_code given_parts(firn_layout_maker *m, const firn_layout_place *at, parts *p)
{
    for (size_t i = 0; at->given && i < at->given->children.n; i++) {
        const firn_given_node *g = at->given->children.v[i];
        firn_layout_place here = {at, g->name, at->level + 1, NULL, g, NULL};
        if (!is_done(p, g))
            FIRN_TRY(add_part(m, &here, g->from.p ? g->from : g->name, NULL, p));
    }
    return FIRN_OK;
}

static firn_code new_parts(firn_layout_maker *m, const firn_layout_place *at, parts *p,
                           bool *ret_crowded)
{
    bool given = (at->given && at->given->has_type) || (at->old && at->old->given);
    bool grows = may_grow(m, at);
    for (size_t i = 0; at->seen && !m->in->freeze && i < at->seen->field_count; i++)
        FIRN_TRY(new_part(m, at, &at->seen->fields[i],
                          grows && p->nodes.n < firn_layout_max_fields(m), p));
    if (!m->in->freeze)
        FIRN_TRY(given_parts(m, at, p));
    if (!at->seen || (!m->in->freeze && given))
        return FIRN_OK;
    return note_left_out(m, at, p, grows, ret_crowded);
}

/* 1 + index of the column with a role; 0: there is none. */
static size_t role_at(const parts *p, firn_role role)
{
    for (size_t i = 0; i < p->nodes.n; i++)
        if (p->nodes.v[i].role == role)
            return i + 1;
    return 0;
}

/* Adds a column that no key leads to. */
static firn_code add_role(firn_layout_maker *m, const firn_layout_place *at, firn_role role,
                          firn_str name, parts *p)
{
    const firn_type type = {.kind = role == FIRN_ROLE_RESIDUAL ? FIRN_T_STRING : FIRN_T_UUID};
    firn_layout node;
    firn_layout_place here = {at, name, at->level + 1, NULL, NULL, NULL};
    FIRN_TRY(firn_layout_leaf(m, &here, &type, false, &node));
    node.role = role;
    m->changed = true;
    const firn_field field = {.name = node.name, .type = node.type};
    if (!firn_vec_push(m->a, &p->nodes, node) || !firn_vec_push(m->a, &p->fields, field) ||
        !firn_vec_push(m->a, &p->rank, 0))
        return firn_arena_raise(m->a, m->err);
    return FIRN_OK;
}

/* The column for what has no place elsewhere, unless there is one. */
static firn_code add_residual(firn_layout_maker *m, const firn_layout_place *at, parts *p)
{
    firn_str name;
    bool is_free;
    if (role_at(p, FIRN_ROLE_RESIDUAL))
        return FIRN_OK;
    FIRN_TRY(take_name(m, p, FIRN_STR_LIT(FIRN_RESIDUAL_NAME), &is_free));
    name = FIRN_STR_LIT(FIRN_RESIDUAL_NAME);
    if (!is_free) /* reserved, or a column of an older table */
        FIRN_TRY(residual_name(m, at, p, &name));
    return add_role(m, at, FIRN_ROLE_RESIDUAL, name, p);
}

/* The id by which the rows of other tables name this one's. */
static firn_code add_row_id(firn_layout_maker *m, const firn_layout_place *at, parts *p)
{
    firn_str name;
    bool flat = m->in->policy && m->in->policy->nested == FIRN_NESTED_FLATTEN;
    if (at->parent || !flat || role_at(p, FIRN_ROLE_ROW_ID))
        return FIRN_OK;
    FIRN_TRY(name_of_key(m, p, FIRN_STR_LIT(FIRN_ROW_ID_NAME), &name));
    return add_role(m, at, FIRN_ROLE_ROW_ID, name, p);
}

static firn_code make_struct(firn_layout_maker *m, const firn_layout_place *at, firn_layout *ret)
{
    parts p = {.taken = FIRN_MAP(m->a), .keys = FIRN_MAP(m->a)};
    bool given = (at->given && at->given->has_type) || (at->old && at->old->given);
    firn_layout node = {.given = given, .read = {.given = given}, .type = {.kind = FIRN_T_STRUCT}};
    bool is_free;
    for (size_t i = 0; !at->parent && i < m->in->reserved_count; i++)
        FIRN_TRY(take_name(m, &p, m->in->reserved[i], &is_free));
    FIRN_TRY(old_parts(m, at, &p));
    FIRN_TRY(add_row_id(m, at, &p));
    FIRN_TRY(take_given_names(m, at, &p));
    FIRN_TRY(new_parts(m, at, &p, &node.crowded));
    node.child_count = p.nodes.n;
    firn_layout_decide(m, at, &node);
    if (!at->parent && m->overflows)
        FIRN_TRY(add_residual(m, at, &p));
    node.residual = at->parent ? 0 : role_at(&p, FIRN_ROLE_RESIDUAL);
    node.row_id = at->parent ? 0 : role_at(&p, FIRN_ROLE_ROW_ID);
    node.name = firn_arena_str(m->a, at->name);
    node.children = p.nodes.v;
    node.child_count = p.nodes.n;
    node.type = (firn_type){.kind = FIRN_T_STRUCT, .fields = p.fields.v, .field_count = p.fields.n};
    if (!node.name.p)
        return firn_arena_raise(m->a, m->err);
    FIRN_TRY(firn_layout_index(&node, p.rank.v, m->a, m->err));
    *ret = node;
    return FIRN_OK;
}

/* --- lists and maps ------------------------------------------------------------------------ */

/* Makes a list or map whose part `which` (element, value) is made anew from all that is known. */
static firn_code make_nested(firn_layout_maker *m, const firn_layout_place *at,
                             const firn_type *type, size_t which, const firn_layout_place *part,
                             firn_layout *ret)
{
    bool exists;
    firn_layout inner;
    FIRN_TRY(firn_layout_leaf(
        m, at, type, (at->given && at->given->has_type) || (at->old && at->old->given), ret));
    FIRN_TRY(make_node(m, part, &inner, &exists));
    firn_assert(exists);
    firn_type copy = firn_type_copy(type, m->a);
    if (copy.kind == FIRN_TYPE_KIND_COUNT)
        return firn_arena_raise(m->a, m->err);
    const firn_given_node *g = part->given;
    inner.key = ret->children[which].key;
    inner.required = copy.fields[which].required || (g && g->required);
    copy.fields[which].type = inner.type;
    ret->children[which] = inner;
    ret->type = copy;
    return FIRN_OK;
}

static firn_code make_list(firn_layout_maker *m, const firn_layout_place *at, firn_layout *ret)
{
    firn_field element = {.name = FIRN_STR_LIT("element"), .type = {.kind = FIRN_T_STRING}};
    firn_type list = {.kind = FIRN_T_LIST, .fields = &element, .field_count = 1};
    const firn_given_node *g = at->given ? at->given->element : NULL;
    element.required = g && g->required && !m->in->old;
    firn_layout_place part = {at,
                              FIRN_STR_LIT(""),
                              at->level + 1,
                              at->old ? &at->old->children[0] : NULL,
                              g,
                              at->seen ? at->seen->element : NULL};
    return make_nested(m, at, at->old ? &at->old->type : &list, 0, &part, ret);
}

/* The values of a map are seen at the element of its shape, see shape.h. */
static firn_code old_map(firn_layout_maker *m, const firn_layout_place *at, firn_layout *ret)
{
    if (at->given && at->given->has_type) {
        firn_type same;
        FIRN_TRY(firn_layout_settle(m, at, &at->old->type, &same));
        FIRN_TRY(firn_layout_leaf(m, at, &same, true, ret));
        return FIRN_OK;
    }
    firn_layout_place part = {at,
                              FIRN_STR_LIT(""),
                              at->level + 1,
                              &at->old->children[1],
                              NULL,
                              at->seen ? at->seen->element : NULL};
    return make_nested(m, at, &at->old->type, 1, &part, ret);
}

/* --- nodes --------------------------------------------------------------------------------- */

static bool wants_struct(const firn_given_node *g)
{
    return g && (g->has_type ? g->type.kind == FIRN_T_STRUCT : g->children.n > 0);
}

static bool wants_list(const firn_given_node *g)
{
    return g && (g->has_type ? g->type.kind == FIRN_T_LIST : g->element != NULL);
}

/* A part given by path says what its parent is: that must be what the table has. */
static firn_code check_given_kind(firn_layout_maker *m, const firn_layout_place *at)
{
    firn_type_kind kind = at->old->type.kind;
    bool wrong = (wants_struct(at->given) && kind != FIRN_T_STRUCT) ||
                 (wants_list(at->given) && kind != FIRN_T_LIST);
    if (at->given && at->given->has_type && !wants_struct(at->given) && !wants_list(at->given))
        wrong = kind == FIRN_T_STRUCT || kind == FIRN_T_LIST;
    if (!wrong)
        return FIRN_OK;
    return firn_raise(m->err, FIRN_E_CONFIG, "column %s is %s in the table and given as %s",
                      firn_layout_quoted(at).s, firn_type_text(&at->old->type, m->a),
                      wants_struct(at->given) ? "a struct"
                      : wants_list(at->given) ? "a list"
                                              : firn_type_text(&at->given->type, m->a));
}

static firn_code evolve(firn_layout_maker *m, const firn_layout_place *at, firn_layout *ret)
{
    FIRN_TRY(check_given_kind(m, at));
    firn_type_kind kind = at->old->type.kind;
    bool nested = firn_type_is_nested(kind);
    if (!nested)
        FIRN_TRY(firn_layout_old_leaf(m, at, ret));
    if (kind == FIRN_T_STRUCT)
        FIRN_TRY(make_struct(m, at, ret));
    if (kind == FIRN_T_LIST)
        FIRN_TRY(make_list(m, at, ret));
    if (kind == FIRN_T_MAP)
        FIRN_TRY(old_map(m, at, ret));
    if (at->given && at->given->format)
        ret->read.format = at->given->format;
    return FIRN_OK;
}

/* Keys that are data: their values as one column. */
static firn_code make_map(firn_layout_maker *m, const firn_layout_place *at, firn_layout *ret,
                          bool *ret_made)
{
    firn_field key_value[] = {
        {.name = FIRN_STR_LIT("key"), .type = {.kind = FIRN_T_STRING}, .required = true},
        {.name = FIRN_STR_LIT("value"), .type = {.kind = FIRN_T_STRING}}};
    const firn_type map = {.kind = FIRN_T_MAP, .fields = key_value, .field_count = 2};
    firn_shape *values = firn_shape_values(at->seen, m->a);
    if (!values)
        return firn_arena_raise(m->a, m->err);
    uint32_t kinds = values->seen & ~(uint32_t)FIRN_SEEN_NULL;
    *ret_made = kinds && (kinds & (kinds - 1)) == 0;
    if (!*ret_made)
        return FIRN_OK;
    firn_layout_place part = {at, FIRN_STR_LIT(""), at->level + 1, NULL, NULL, values};
    FIRN_TRY(make_nested(m, at, &map, 1, &part, ret));
    return firn_layout_note_add(m, at, "is a map: its objects have more than %zu different keys",
                                firn_layout_max_fields(m));
}

static firn_code string_leaf(firn_layout_maker *m, const firn_layout_place *at, firn_layout *ret)
{
    const firn_type string = {.kind = FIRN_T_STRING};
    return firn_layout_leaf(m, at, &string, false, ret);
}

/* Nothing is known but that it is, or may be, there: an element, or a column that was given or that
 * a header names, is text then. */
static firn_code create_unseen(firn_layout_maker *m, const firn_layout_place *at, firn_layout *ret,
                               bool *ret_exists)
{
    const firn_given_node *g = at->given;
    bool is_element = at->name.n == 0;
    *ret_exists = is_element || g || m->in->null_columns;
    if (g && g->named)
        FIRN_TRY(
            firn_layout_note_add(m, at, "is text: it was given without a type and never seen"));
    return *ret_exists ? string_leaf(m, at, ret) : FIRN_OK;
}

/* Makes a column of what was seen. */
static firn_code create_seen(firn_layout_maker *m, const firn_layout_place *at,
                             const firn_layout_head *head, firn_layout *ret)
{
    firn_layout_place main = *at;
    main.seen = &head->seen;
    bool mapped = false;
    if (head->map)
        FIRN_TRY(make_map(m, &main, ret, &mapped));
    if (mapped)
        return FIRN_OK;
    if (!head->json && head->type.kind == FIRN_T_STRUCT)
        return make_struct(m, &main, ret);
    if (!head->json && head->type.kind == FIRN_T_LIST)
        return make_list(m, &main, ret);
    FIRN_TRY(firn_layout_new_leaf(m, &main, &head->type, ret));
    ret->json = head->json || head->map;
    return FIRN_OK;
}

/* Makes a node without an old self. */
static firn_code create(firn_layout_maker *m, const firn_layout_place *at, firn_layout *ret,
                        bool *ret_exists)
{
    const firn_given_node *g = at->given;
    *ret_exists = true;
    if (wants_struct(g))
        return make_struct(m, at, ret);
    if (wants_list(g))
        return make_list(m, at, ret);
    if (g && g->has_type) {
        FIRN_TRY(firn_layout_leaf(m, at, &g->type, true, ret));
        ret->read.format = g->format;
        ret->json = g->json;
        return FIRN_OK;
    }
    if (!at->seen)
        return create_unseen(m, at, ret, ret_exists);
    firn_layout_head head = firn_layout_choose(m, at);
    return head.known ? create_seen(m, at, &head, ret) : create_unseen(m, at, ret, ret_exists);
}

static firn_code make_node(firn_layout_maker *m, const firn_layout_place *at, firn_layout *ret,
                           bool *ret_exists)
{
    *ret_exists = true;
    FIRN_TRY(at->old ? evolve(m, at, ret) : create(m, at, ret, ret_exists));
    if (!*ret_exists)
        return FIRN_OK;
    firn_layout_decide(m, at, ret);
    if (!at->seen || ret->given || m->in->freeze)
        return FIRN_OK;
    return firn_layout_note_misfits(m, at, ret);
}

static firn_code too_many_keys(firn_err *err)
{
    firn_raise(err, FIRN_E_LIMIT, "the records have more than %d different keys",
               FIRN_SHAPE_MAX_KEYS);
    return firn_err_advise(err, "keys that are data cannot be columns: turn each into a record "
                                "with the key as a value");
}

firn_code firn_layout_make(const firn_layout_in *in, firn_arena *a, firn_layout_out *ret,
                           firn_err *err)
{
    firn_layout_maker m = {.in = in, .a = a, .err = err, .changed = !in->old};
    const firn_given_node *given;
    firn_layout *root = firn_arena_zalloc(a, sizeof *root);
    if (!root)
        return firn_arena_raise(a, err);
    if (in->seen && in->seen->rest && !in->old)
        return too_many_keys(err);
    FIRN_TRY(firn_given_tree(in, a, &given, err));
    firn_layout_place at = {
        .name = FIRN_STR_LIT(""), .level = 1, .old = in->old, .given = given, .seen = in->seen};
    FIRN_TRY(make_struct(&m, &at, root));
    root->key = firn_arena_str(a, root->name);
    if (!root->key.p)
        return firn_arena_raise(a, err);
    *ret = (firn_layout_out){
        .layout = root, .changed = m.changed, .notes = m.notes.v, .note_count = m.notes.n};
    return FIRN_OK;
}
