/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/prune.h"

#include "base/datetime.h"
#include "base/str.h"

#include <string.h>

/* --- names --------------------------------------------------------------------------------- */

/* The plan prints names without quotes.  A table is pruned by conditions only if none of its names
 * could be mistaken for a part of one. */
static bool is_plain_name(firn_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (strchr("<>=!'\"().,:", s.p[i]))
            return false;
    for (size_t i = 0; i + 4 < s.n; i++)
        if (memcmp(s.p + i, " AND", 4) == 0 || memcmp(s.p + i, " IS ", 4) == 0 ||
            memcmp(s.p + i, " IN ", 4) == 0)
            return false;
    return s.n > 0 && s.p[0] != ' ' && s.p[s.n - 1] != ' ';
}

static bool all_names_plain(const firn_type *t)
{
    for (size_t i = 0; i < t->field_count; i++) {
        if (!is_plain_name(t->fields[i].name))
            return false;
        if (t->fields[i].type.kind == FIRN_T_STRUCT && !all_names_plain(&t->fields[i].type))
            return false;
    }
    return true;
}

/* Reads the longest column name (or path through structs) at the start of the text. */
static const firn_field *read_column(const firn_type *t, firn_str *rest)
{
    const firn_field *best = NULL;
    for (size_t i = 0; i < t->field_count; i++) {
        firn_str name = t->fields[i].name;
        if (rest->n >= name.n && memcmp(rest->p, name.p, name.n) == 0 &&
            (!best || name.n > best->name.n))
            best = &t->fields[i];
    }
    if (!best)
        return NULL;
    firn_str after = {rest->p + best->name.n, rest->n - best->name.n};
    if (best->type.kind == FIRN_T_STRUCT && after.n && after.p[0] == '.') {
        after = (firn_str){after.p + 1, after.n - 1};
        best = read_column(&best->type, &after);
    }
    *rest = after;
    return best;
}

/* --- literals ------------------------------------------------------------------------------ */

static bool eat(firn_str *rest, const char *word)
{
    size_t n = strlen(word);
    if (rest->n < n || memcmp(rest->p, word, n) != 0)
        return false;
    *rest = (firn_str){rest->p + n, rest->n - n};
    return true;
}

/* 'it''s' → it's, in `a`. */
static bool read_quoted(firn_str *rest, firn_arena *a, firn_str *ret)
{
    size_t n = 0;
    size_t i = 1;
    if (rest->n < 2 || rest->p[0] != '\'')
        return false;
    char *out = firn_arena_alloc(a, rest->n);
    if (!out)
        return false;
    for (; i < rest->n; i++) {
        if (rest->p[i] == '\'') {
            if (i + 1 >= rest->n || rest->p[i + 1] != '\'')
                break;
            i++;
        }
        out[n++] = rest->p[i];
    }
    if (i >= rest->n)
        return false;
    *rest = (firn_str){rest->p + i + 1, rest->n - i - 1};
    *ret = (firn_str){out, n};
    return true;
}

static bool read_number(firn_str *rest, firn_str *ret)
{
    size_t n = 0;
    while (n < rest->n && strchr("0123456789.+-eE", rest->p[n]))
        n++;
    *ret = (firn_str){rest->p, n};
    *rest = (firn_str){rest->p + n, rest->n - n};
    return n > 0;
}

/* The cast behind a quoted literal must be the one that the column's type calls for. */
static bool eat_cast(firn_str *rest, firn_type_kind kind)
{
    switch (kind) {
    case FIRN_T_DATE:
        return eat(rest, "::DATE");
    case FIRN_T_TIME:
        return eat(rest, "::TIME");
    case FIRN_T_TIMESTAMP:
        return !eat(rest, "::TIMESTAMP WITH") && eat(rest, "::TIMESTAMP");
    case FIRN_T_TIMESTAMPTZ:
        return eat(rest, "::TIMESTAMP WITH TIME ZONE");
    case FIRN_T_UUID:
        return eat(rest, "::UUID");
    case FIRN_T_STRING:
        return true;
    case FIRN_T_BOOLEAN:
    case FIRN_T_INT:
    case FIRN_T_LONG:
    case FIRN_T_FLOAT:
    case FIRN_T_DOUBLE:
    case FIRN_T_DECIMAL:
    case FIRN_T_FIXED:
    case FIRN_T_BINARY:
    case FIRN_T_STRUCT:
    case FIRN_T_LIST:
    case FIRN_T_MAP:
    case FIRN_TYPE_KIND_COUNT:
        break;
    }
    return false;
}

static bool read_literal(firn_str *rest, const firn_type *t, firn_arena *a, firn_value *ret)
{
    firn_str text;
    if (rest->n && rest->p[0] == '\'') {
        return read_quoted(rest, a, &text) && eat_cast(rest, t->kind) &&
               firn_value_from_engine(t, text, a, ret);
    }
    if (t->kind == FIRN_T_BOOLEAN) {
        bool yes = eat(rest, "true");
        *ret = (firn_value){.u.b = yes};
        return yes || eat(rest, "false");
    }
    bool number = t->kind == FIRN_T_INT || t->kind == FIRN_T_LONG || t->kind == FIRN_T_FLOAT ||
                  t->kind == FIRN_T_DOUBLE || t->kind == FIRN_T_DECIMAL;
    return number && read_number(rest, &text) && firn_value_from_engine(t, text, a, ret);
}

/* --- conditions ---------------------------------------------------------------------------- */

static const firn_expr everything = {.op = FIRN_EXPR_TRUE};

static const firn_expr *make(firn_arena *a, firn_expr e)
{
    firn_expr *p = firn_arena_alloc(a, sizeof *p);
    if (p)
        *p = e;
    return p;
}

static bool read_operator(firn_str *rest, firn_expr_op *ret)
{
    static const struct {
        const char *text;
        firn_expr_op op;
    } operators[] = {{">=", FIRN_EXPR_GE}, {"<=", FIRN_EXPR_LE}, {"!=", FIRN_EXPR_NE},
                     {"<>", FIRN_EXPR_NE}, {">", FIRN_EXPR_GT},  {"<", FIRN_EXPR_LT},
                     {"=", FIRN_EXPR_EQ}};
    for (size_t i = 0; i < FIRN_COUNT_OF(operators); i++) {
        if (!eat(rest, operators[i].text))
            continue;
        *ret = operators[i].op;
        return true;
    }
    return false;
}

/* `id IN (1, 2, 3)` behind the IN. */
static bool read_in_list(firn_str *rest, const firn_type *t, firn_arena *a, firn_expr *e)
{
    FIRN_VEC(firn_value) values = {0};
    if (!eat(rest, "("))
        return false;
    do {
        firn_value v;
        eat(rest, " ");
        if (!read_literal(rest, t, a, &v) || !firn_vec_push(a, &values, v))
            return false;
    } while (eat(rest, ","));
    e->op = FIRN_EXPR_IN;
    e->values = values.v;
    e->value_count = values.n;
    return eat(rest, ")");
}

static bool read_comparison(firn_str *rest, const firn_field *f, firn_arena *a, firn_expr *e)
{
    firn_value *v = firn_arena_alloc(a, sizeof *v);
    if (!v || !read_operator(rest, &e->op) || !read_literal(rest, &f->type, a, v))
        return false;
    e->values = v;
    e->value_count = 1;
    return true;
}

/* One term; NULL when it is not understood. */
static const firn_expr *read_term(firn_str *rest, const firn_type *schema, firn_arena *a)
{
    const firn_field *f = read_column(schema, rest);
    if (!f || firn_type_is_nested(f->type.kind))
        return NULL;
    firn_expr e = {.field_id = f->id, .type = &f->type};
    bool ok;
    if (eat(rest, " IS NULL")) {
        e.op = FIRN_EXPR_IS_NULL;
        ok = true;
    } else if (eat(rest, " IS NOT NULL")) {
        e.op = FIRN_EXPR_NOT_NULL;
        ok = true;
    } else if (eat(rest, " IN ")) {
        ok = read_in_list(rest, &f->type, a, &e);
    } else {
        ok = read_comparison(rest, f, a, &e);
    }
    return ok ? make(a, e) : NULL;
}

/* A parenthesised expression of the engine: (x IS NULL), (x IS NOT NULL). */
static firn_str strip_parentheses(firn_str s)
{
    if (s.n > 2 && s.p[0] == '(' && s.p[s.n - 1] == ')' &&
        (firn_str_ends(s, " IS NULL)") || firn_str_ends(s, " IS NOT NULL)")))
        return (firn_str){s.p + 1, s.n - 2};
    return s;
}

/* starts_with(name, 'ab') */
static const firn_expr *read_prefix(firn_str *rest, const firn_type *schema, firn_arena *a)
{
    firn_str text;
    const firn_field *f = read_column(schema, rest);
    if (!f || f->type.kind != FIRN_T_STRING || !eat(rest, ", ") || !read_quoted(rest, a, &text) ||
        !eat(rest, ")"))
        return NULL;
    firn_value *v = firn_arena_alloc(a, sizeof *v);
    if (!v)
        return NULL;
    *v = (firn_value){.u.bytes = {(const uint8_t *)text.p, text.n}};
    return make(a, (firn_expr){.op = FIRN_EXPR_STARTS_WITH,
                               .field_id = f->id,
                               .type = &f->type,
                               .values = v,
                               .value_count = 1});
}

typedef FIRN_VEC(const firn_expr *) expr_list;

static const firn_expr *join(firn_expr_op op, const expr_list *parts, firn_arena *a)
{
    if (parts->n == 1)
        return parts->v[0];
    return make(a, (firn_expr){.op = op, .parts = parts->v, .part_count = parts->n});
}

/* Reads "term AND term …" to its end; NULL if any of it is not understood: a misread beginning
 * could turn the rest around. */
static const firn_expr *read_conjunction(firn_str text, const firn_type *schema, firn_arena *a)
{
    expr_list parts = {0};
    firn_str rest = text;
    do {
        const firn_expr *e = eat(&rest, "starts_with(") ? read_prefix(&rest, schema, a)
                                                        : read_term(&rest, schema, a);
        if (!e || !firn_vec_push(a, &parts, e))
            return NULL;
    } while (eat(&rest, " AND "));
    return rest.n == 0 ? join(FIRN_EXPR_AND, &parts, a) : NULL;
}

firn_code firn_prune_condition(firn_str text, const firn_type *schema, firn_arena *a,
                               const firn_expr **ret, firn_err *err FIRN_UNUSED)
{
    firn_str t = text;
    *ret = &everything;
    if (!all_names_plain(schema))
        return FIRN_OK;
    eat(&t, "optional: ");
    const firn_expr *e = read_conjunction(strip_parentheses(t), schema, a);
    if (e)
        *ret = e;
    return FIRN_OK;
}

/* --- plans --------------------------------------------------------------------------------- */

typedef struct search {
    firn_str table;
    const firn_type *schema;
    firn_arena *a;
    expr_list scans; /* one a scan of the table */
} search;

static firn_code add_condition(search *s, const json_t *text, expr_list *conditions, firn_err *err)
{
    const firn_expr *e;
    if (!json_is_string(text))
        return FIRN_OK;
    FIRN_TRY(firn_prune_condition(firn_json_text(text), s->schema, s->a, &e, err));
    if (e->op != FIRN_EXPR_TRUE && !firn_vec_push(s->a, conditions, e))
        return firn_arena_raise(s->a, err);
    return FIRN_OK;
}

static firn_code add_scan(search *s, const json_t *filters, firn_err *err)
{
    expr_list conditions = {0};
    FIRN_TRY(add_condition(s, filters, &conditions, err));
    for (size_t i = 0; i < json_array_size(filters); i++)
        FIRN_TRY(add_condition(s, json_array_get(filters, i), &conditions, err));
    const firn_expr *e = conditions.n ? join(FIRN_EXPR_AND, &conditions, s->a) : &everything;
    if (!e || !firn_vec_push(s->a, &s->scans, e))
        return firn_arena_raise(s->a, err);
    return FIRN_OK;
}

static firn_code visit(search *s, const json_t *node, int depth, firn_err *err)
{
    if (depth > 1000)
        return firn_raise(err, FIRN_E_LIMIT, "a plan nested deeper than 1000 levels");
    const json_t *info = json_object_get(node, "extra_info");
    const json_t *table = json_object_get(info, "Table");
    if (json_is_string(table) && firn_str_ieq(firn_json_text(table), s->table))
        FIRN_TRY(add_scan(s, json_object_get(info, "Filters"), err));
    const json_t *children = json_object_get(node, "children");
    for (size_t i = 0; i < json_array_size(children); i++)
        FIRN_TRY(visit(s, json_array_get(children, i), depth + 1, err));
    return FIRN_OK;
}

firn_code firn_prune_filter(const json_t *plan, firn_str table, const firn_type *schema,
                            firn_arena *a, const firn_expr **ret, firn_err *err)
{
    search s = {.table = table, .schema = schema, .a = a};
    *ret = NULL;
    for (size_t i = 0; i < json_array_size(plan); i++)
        FIRN_TRY(visit(&s, json_array_get(plan, i), 0, err));
    if (s.scans.n == 0)
        return FIRN_OK; /* not in the plan: nothing is known */
    for (size_t i = 0; i < s.scans.n; i++)
        if (s.scans.v[i]->op == FIRN_EXPR_TRUE)
            return FIRN_OK;
    *ret = join(FIRN_EXPR_OR, &s.scans, a);
    return *ret ? FIRN_OK : firn_arena_raise(a, err);
}
