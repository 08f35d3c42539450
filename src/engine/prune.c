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
    static const char *const words[] = {" AND", " OR", " IS ", " IN ", " AS "};
    if (s.n == 0)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (strchr("<>=!'\"().,:\n", s.p[i]))
            return false;
    for (size_t k = 0; k < FIRN_COUNT_OF(words); k++)
        if (memmem(s.p, s.n, words[k], strlen(words[k])))
            return false;
    return s.p[0] != ' ' && s.p[s.n - 1] != ' ';
}

static bool all_names_plain(const firn_type *t)
{
    for (size_t i = 0; i < t->field_count; i++)
        if (!is_plain_name(t->fields[i].name) || !all_names_plain(&t->fields[i].type))
            return false;
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
    case FIRN_T_TIMESTAMP_NS:
        return eat(rest, "::TIMESTAMP_NS");
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
    case FIRN_T_TIMESTAMPTZ_NS: /* the engine compares it by the microsecond: prunes nothing */
    case FIRN_T_UNKNOWN:
    case FIRN_T_FOREIGN:
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

static const firn_expr *make_bool(const firn_field *f, bool b, firn_arena *a)
{
    firn_value *v = firn_arena_alloc(a, sizeof *v);
    if (!v || f->type.kind != FIRN_T_BOOLEAN)
        return NULL;
    *v = (firn_value){.u.b = b};
    return make(a, (firn_expr){.op = FIRN_EXPR_EQ,
                               .field_id = f->id,
                               .type = &f->type,
                               .values = v,
                               .value_count = 1});
}

/* A term without parentheses around it; NULL when it is not understood. */
static const firn_expr *read_plain_term(firn_str *rest, const firn_type *schema, firn_arena *a)
{
    const firn_field *f = read_column(schema, rest);
    if (!f || firn_type_is_nested(f->type.kind))
        return NULL;
    firn_expr e = {.field_id = f->id, .type = &f->type};
    bool ok = true;
    if (eat(rest, " IS NULL"))
        e.op = FIRN_EXPR_IS_NULL;
    else if (eat(rest, " IS NOT NULL"))
        e.op = FIRN_EXPR_NOT_NULL;
    else if (eat(rest, " IN "))
        ok = read_in_list(rest, &f->type, a, &e);
    else if (rest->n == 0 || rest->p[0] == ' ' || rest->p[0] == ')')
        return make_bool(f, true, a);
    else
        ok = read_comparison(rest, f, a, &e);
    return ok ? make(a, e) : NULL;
}

/* --- casts between dates and timestamps ---------------------------------------------------- */

typedef struct moment {
    int64_t us;
    bool date; /* a whole day, us its beginning */
} moment;

static bool read_moment(firn_str *rest, const firn_type *t, firn_arena *a, moment *ret)
{
    firn_value v;
    if (!read_literal(rest, t, a, &v))
        return false;
    ret->date = t->kind == FIRN_T_DATE;
    ret->us = ret->date ? v.u.i * FIRN_US_PER_DAY : v.u.i;
    return true;
}

static const firn_expr *compare(const firn_field *f, firn_expr_op op, int64_t i, firn_arena *a)
{
    firn_value *v = firn_arena_alloc(a, sizeof *v);
    if (!v)
        return NULL;
    *v = (firn_value){.u.i = i};
    return make(
        a,
        (firn_expr){.op = op, .field_id = f->id, .type = &f->type, .values = v, .value_count = 1});
}

/* column >= m (m included), as the column's own values: a timestamp not before the day's first
 * microsecond, a date not before the first midnight from m on.  `beyond`: column > m. */
static const firn_expr *at_least(const firn_field *f, moment m, bool beyond, firn_arena *a)
{
    int64_t us = m.us;
    if (beyond)
        us += m.date ? FIRN_US_PER_DAY : 1;
    if (f->type.kind == FIRN_T_DATE)
        us = firn_floor_div(us + FIRN_US_PER_DAY - 1, FIRN_US_PER_DAY);
    return compare(f, FIRN_EXPR_GE, us, a);
}

/* column <= m, or column < m when `below`. */
static const firn_expr *at_most(const firn_field *f, moment m, bool below, firn_arena *a)
{
    int64_t us = m.us - 1;
    if (!below)
        us += m.date ? FIRN_US_PER_DAY : 1;
    if (f->type.kind == FIRN_T_DATE)
        us = firn_floor_div(us, FIRN_US_PER_DAY);
    return compare(f, FIRN_EXPR_LE, us, a);
}

typedef FIRN_VEC(const firn_expr *) expr_list;

static const firn_expr *join(firn_expr_op op, const expr_list *parts, firn_arena *a)
{
    if (parts->n == 1)
        return parts->v[0];
    return make(a, (firn_expr){.op = op, .parts = parts->v, .part_count = parts->n});
}

static const firn_expr *between(const firn_field *f, moment low, moment high, firn_arena *a)
{
    expr_list parts = {0};
    const firn_expr *from = at_least(f, low, false, a);
    const firn_expr *to = at_most(f, high, false, a);
    if (!from || !to || !firn_vec_push(a, &parts, from) || !firn_vec_push(a, &parts, to))
        return NULL;
    return join(FIRN_EXPR_AND, &parts, a);
}

/* The type behind "CAST(column AS": a date for a timestamp, or the other way round.  Both are in
 * UTC, the engine's time zone. */
static bool read_cast_type(firn_str *rest, firn_type_kind column, firn_type *ret)
{
    bool timestamp = column == FIRN_T_TIMESTAMP || column == FIRN_T_TIMESTAMPTZ;
    if (timestamp && eat(rest, " AS DATE) "))
        *ret = (firn_type){.kind = FIRN_T_DATE};
    else if (column == FIRN_T_DATE && eat(rest, " AS TIMESTAMP) "))
        *ret = (firn_type){.kind = FIRN_T_TIMESTAMP};
    else if (column == FIRN_T_DATE && eat(rest, " AS TIMESTAMP WITH TIME ZONE) "))
        *ret = (firn_type){.kind = FIRN_T_TIMESTAMPTZ};
    else
        return false;
    return true;
}

/* Behind "CAST(": "ts AS DATE) >= '2024-01-01'::DATE", or BETWEEN two of them (of which the plan
 * does not say whether the ends belong to it). */
static const firn_expr *read_cast(firn_str *rest, const firn_type *schema, firn_arena *a)
{
    const firn_field *f = read_column(schema, rest);
    firn_type t;
    firn_expr_op op;
    moment low;
    moment high;
    if (!f || !read_cast_type(rest, f->type.kind, &t))
        return NULL;
    if (eat(rest, "BETWEEN ")) {
        bool ok =
            read_moment(rest, &t, a, &low) && eat(rest, " AND ") && read_moment(rest, &t, a, &high);
        return ok ? between(f, low, high, a) : NULL;
    }
    if (!read_operator(rest, &op) || !eat(rest, " ") || !read_moment(rest, &t, a, &low))
        return NULL;
    if (op == FIRN_EXPR_EQ)
        return between(f, low, low, a);
    if (op == FIRN_EXPR_GT || op == FIRN_EXPR_GE)
        return at_least(f, low, op == FIRN_EXPR_GT, a);
    if (op == FIRN_EXPR_LT || op == FIRN_EXPR_LE)
        return at_most(f, low, op == FIRN_EXPR_LT, a);
    return NULL;
}

/* --- what the engine joins ----------------------------------------------------------------- */

/* Expressions stand in parentheses: (x IS NULL), (NOT b), (CAST(ts AS DATE) = …). */
static const firn_expr *read_parenthesised(firn_str *rest, const firn_type *schema, firn_arena *a)
{
    const firn_expr *e;
    if (eat(rest, "NOT ")) {
        const firn_field *f = read_column(schema, rest);
        e = f ? make_bool(f, false, a) : NULL;
    } else if (eat(rest, "CAST(")) {
        e = read_cast(rest, schema, a);
    } else {
        e = read_plain_term(rest, schema, a);
    }
    return e && eat(rest, ")") ? e : NULL;
}

static const firn_expr *read_term(firn_str *rest, const firn_type *schema, firn_arena *a)
{
    eat(rest, "optional: ");
    if (eat(rest, "("))
        return read_parenthesised(rest, schema, a);
    if (eat(rest, "starts_with("))
        return read_prefix(rest, schema, a);
    return read_plain_term(rest, schema, a);
}

/* Reads "term AND term …" or "term OR term …" to its end; NULL if any of it is not understood: a
 * misread beginning could turn the rest around.  The two are not mixed, as the plan prints no
 * parentheses that would tell which comes first. */
static const firn_expr *read_chain(firn_str text, const firn_type *schema, firn_arena *a)
{
    expr_list parts = {0};
    firn_str rest = text;
    const char *word = NULL;
    do {
        const firn_expr *e = read_term(&rest, schema, a);
        if (!e || !firn_vec_push(a, &parts, e))
            return NULL;
        if (!word)
            word = firn_str_starts(rest, " OR ") ? " OR " : " AND ";
    } while (eat(&rest, word));
    if (rest.n)
        return NULL;
    return join(word[1] == 'O' ? FIRN_EXPR_OR : FIRN_EXPR_AND, &parts, a);
}

firn_code firn_prune_condition(firn_str text, const firn_type *schema, firn_arena *a,
                               const firn_expr **ret, firn_err *err FIRN_UNUSED)
{
    *ret = &everything;
    if (!all_names_plain(schema))
        return FIRN_OK;
    const firn_expr *e = read_chain(text, schema, a);
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

static size_t count_quotes(const json_t *text)
{
    firn_str s = json_is_string(text) ? firn_json_text(text) : (firn_str){NULL, 0};
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == '\'';
    return n;
}

/* The plan cuts conditions at line ends, those inside of texts as well: name='a<newline>id>5' comes
 * as two, of which the second says nothing of the rows.  Quotes inside of texts are doubled, so a
 * piece of a text has an odd number of them. */
static bool holds_cut_text(const json_t *filters)
{
    if (count_quotes(filters) % 2)
        return true;
    for (size_t i = 0; i < json_array_size(filters); i++)
        if (count_quotes(json_array_get(filters, i)) % 2)
            return true;
    return false;
}

static firn_code add_scan(search *s, const json_t *filters, firn_err *err)
{
    expr_list conditions = {0};
    if (holds_cut_text(filters))
        filters = NULL;
    FIRN_TRY(add_condition(s, filters, &conditions, err));
    for (size_t i = 0; i < json_array_size(filters); i++)
        FIRN_TRY(add_condition(s, json_array_get(filters, i), &conditions, err));
    const firn_expr *e = conditions.n ? join(FIRN_EXPR_AND, &conditions, s->a) : &everything;
    if (!e || !firn_vec_push(s->a, &s->scans, e))
        return firn_arena_raise(s->a, err);
    return FIRN_OK;
}

/* Compares lake.raw."My t", as the plan quotes names that need it, with plain names joined by
 * dots. */
static bool is_table(const json_t *printed, firn_str table)
{
    firn_str p = json_is_string(printed) ? firn_json_text(printed) : (firn_str){NULL, 0};
    size_t n = 0;
    bool quoted = false;
    for (size_t i = 0; i < p.n; i++) {
        if (p.p[i] == '"') {
            bool doubled = quoted && i + 1 < p.n && p.p[i + 1] == '"';
            if (!doubled) {
                quoted = !quoted;
                continue;
            }
            i++;
        }
        if (n == table.n || !firn_str_ieq((firn_str){p.p + i, 1}, (firn_str){table.p + n, 1}))
            return false;
        n++;
    }
    return p.n && n == table.n;
}

static firn_code visit(search *s, const json_t *node, int depth, firn_err *err)
{
    if (depth > 1000)
        return firn_raise(err, FIRN_E_LIMIT, "a plan nested deeper than 1000 levels");
    const json_t *info = json_object_get(node, "extra_info");
    if (is_table(json_object_get(info, "Table"), s->table))
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
