/* SPDX-License-Identifier: Apache-2.0 */
/* What the columns of Parquet files become: joined with each other, with the table and with what
 * the user says. */
#include "pipeline/parquet.h"

#include "base/str.h"
#include "engine/convert.h"
#include "engine/sql.h"
#include "iceberg/schema.h"
#include "pipeline/landing.h"

#include <string.h>

#define MAX_DEPTH 64

/* A column of the table to be. */
typedef struct target {
    firn_str key;  /* in the files */
    firn_str name; /* of the column */
    firn_type type;
    bool has_type;
    bool fixed; /* by the user */
    bool existing;
    bool left_out; /* by the contract */
    bool required;
    firn_contract contract; /* its own, as given */
    firn_str cut;           /* a field in it that the contract leaves out; .n == 0: none */
    size_t from;            /* the group whose type it has, for messages */
} target;

typedef struct joining {
    const firn_parquet *p;
    const firn_parquet_in *in;
    firn_arena *a;
    FIRN_VEC(target) targets;
    FIRN_VEC(firn_layout_note) notes;
    /* of the column whose types are joined */
    firn_contract fields;    /* for new ones in structs */
    firn_contract data_type; /* for wider types */
    const char *frozen;      /* what a contract does not let happen; NULL: nothing */
    firn_str cut;            /* a field that was left out */
} joining;

/* --- joining types ------------------------------------------------------------------------- */

static int whole_digits(const firn_type *t)
{
    return t->kind == FIRN_T_INT ? 10 : t->kind == FIRN_T_LONG ? 19 : t->precision - t->scale;
}

static bool is_exact(firn_type_kind k)
{
    return k == FIRN_T_INT || k == FIRN_T_LONG || k == FIRN_T_DECIMAL;
}

static bool is_binary_float(firn_type_kind k)
{
    return k == FIRN_T_FLOAT || k == FIRN_T_DOUBLE;
}

/* The narrowest number that holds both; what does not fit of a single value is a reject. */
static bool join_numbers(const firn_type *x, const firn_type *y, firn_type *ret)
{
    if (is_exact(x->kind) && is_exact(y->kind)) {
        int sx = x->kind == FIRN_T_DECIMAL ? x->scale : 0;
        int sy = y->kind == FIRN_T_DECIMAL ? y->scale : 0;
        int scale = FIRN_MAX(sx, sy);
        int precision = FIRN_MAX(whole_digits(x), whole_digits(y)) + scale;
        *ret = (firn_type){.kind = FIRN_T_DECIMAL, .precision = precision, .scale = scale};
        return precision <= 38;
    }
    bool floats = (is_binary_float(x->kind) || is_exact(x->kind)) &&
                  (is_binary_float(y->kind) || is_exact(y->kind)) && x->kind != FIRN_T_DECIMAL &&
                  y->kind != FIRN_T_DECIMAL;
    *ret = (firn_type){.kind = FIRN_T_DOUBLE};
    return floats;
}

static bool join_types(joining *j, const firn_type *x, const firn_type *y, bool keep, int depth,
                       firn_type *ret);

/* A field that the contract does not let in. */
static void leave_field(joining *j, firn_str name)
{
    if (j->fields == FIRN_CONTRACT_FREEZE)
        j->frozen = "has a new field in column";
    j->cut = name;
}

static bool join_structs(joining *j, const firn_type *x, const firn_type *y, bool keep, int depth,
                         firn_type *ret)
{
    firn_field *fields = firn_arena_array(j->a, x->field_count + y->field_count, sizeof *fields);
    size_t n = x->field_count;
    if (!fields)
        return false;
    if (n)
        memcpy(fields, x->fields, n * sizeof *fields);
    for (size_t i = 0; i < y->field_count; i++) {
        size_t k = 0;
        while (k < x->field_count && !firn_str_ieq(x->fields[k].name, y->fields[i].name))
            k++;
        if (k == x->field_count && j->fields == FIRN_CONTRACT_EVOLVE)
            fields[n++] = y->fields[i];
        else if (k == x->field_count)
            leave_field(j, y->fields[i].name);
        else if (!join_types(j, &x->fields[k].type, &y->fields[i].type, keep, depth + 1,
                             &fields[k].type))
            return false;
    }
    *ret = *x;
    ret->fields = fields;
    ret->field_count = n;
    return true;
}

static bool join_parts(joining *j, const firn_type *x, const firn_type *y, bool keep, int depth,
                       firn_type *ret)
{
    firn_field *fields = firn_arena_array(j->a, x->field_count, sizeof *fields);
    if (!fields)
        return false;
    memcpy(fields, x->fields, x->field_count * sizeof *fields);
    for (size_t i = 0; i < x->field_count; i++)
        if (!join_types(j, &x->fields[i].type, &y->fields[i].type, keep, depth + 1,
                        &fields[i].type))
            return false;
    *ret = *x;
    ret->fields = fields;
    return true;
}

/* `keep`: x is a column that is there, which may only become wider in place. */
static bool join_types(joining *j, const firn_type *x, const firn_type *y, bool keep, int depth,
                       firn_type *ret)
{
    if (depth > MAX_DEPTH)
        return false;
    if (x->kind == y->kind && x->kind == FIRN_T_STRUCT)
        return join_structs(j, x, y, keep, depth, ret);
    if (x->kind == y->kind && (x->kind == FIRN_T_LIST || x->kind == FIRN_T_MAP))
        return join_parts(j, x, y, keep, depth, ret);
    if (firn_schema_promotes(y, x) ||
        (keep && firn_convert_kind_of(y, x) == FIRN_CONVERT_EXACT && x->kind != FIRN_T_STRING)) {
        *ret = *x;
        return true;
    }
    if (firn_schema_promotes(x, y)) {
        if (j->data_type == FIRN_CONTRACT_FREEZE)
            j->frozen = "would widen column";
        *ret = j->data_type == FIRN_CONTRACT_EVOLVE ? *y : *x;
        return true;
    }
    return !keep && join_numbers(x, y, ret);
}

/* The type of a file's column as a table can keep it. */
static firn_type table_type(const firn_type *t)
{
    if (t->kind == FIRN_T_TIMESTAMP_NS)
        return (firn_type){.kind = FIRN_T_TIMESTAMP};
    return *t;
}

/* --- targets ------------------------------------------------------------------------------- */

static target *target_of_key(joining *j, firn_str key)
{
    for (size_t i = 0; i < j->targets.n; i++)
        if (firn_str_ieq(j->targets.v[i].key, key))
            return &j->targets.v[i];
    return NULL;
}

static bool name_is_taken(const joining *j, firn_str name)
{
    for (size_t i = 0; i < j->targets.n; i++)
        if (firn_str_ieq(j->targets.v[i].name, name))
            return true;
    for (size_t i = 0; i < j->in->reserved_count; i++)
        if (firn_str_ieq(j->in->reserved[i], name))
            return true;
    return false;
}

static firn_str free_name(const joining *j, firn_str key)
{
    firn_str name = key;
    for (int i = 2; name.p && name_is_taken(j, name); i++)
        name = firn_str_of(firn_arena_printf(j->a, "%.*s_%d", FIRN_STR_ARG(key), i));
    return name;
}

static firn_code take_existing(joining *j, firn_err *err)
{
    const firn_layout *old = j->in->old;
    for (size_t i = 0; old && i < old->child_count; i++) {
        const firn_layout *c = &old->children[i];
        const firn_field *f = j->in->old_type ? firn_type_field(j->in->old_type, c->name) : NULL;
        const target t = {.key = c->key,
                          .name = c->name,
                          .type = old->type.fields[i].type,
                          .has_type = true,
                          .existing = true,
                          .required = f ? f->required && !f->write_default.p
                                        : old->type.fields[i].required};
        if (!firn_vec_push(j->a, &j->targets, t))
            return firn_arena_raise(j->a, err);
    }
    return FIRN_OK;
}

/* Whether a given name is a path into a column. */
static bool is_nested(firn_str name)
{
    return memchr(name.p, '.', name.n) || memchr(name.p, '[', name.n);
}

static firn_code contradicts(const firn_given *g, const target *t, firn_arena *a, firn_err *err)
{
    firn_raise(err, FIRN_E_CONFIG, "column %s is given as %s, and the table has it as %s",
               firn_quote(g->name).s, firn_type_text(&g->type, a), firn_type_text(&t->type, a));
    return firn_err_advise(err, "firn run --full-refresh makes the table anew");
}

static void settle(target *t, const firn_given *g)
{
    t->key = g->from.p ? g->from : g->name;
    t->name = g->name;
    t->required = t->required || g->required;
    t->fixed = g->has_type;
    t->contract = g->contract;
    if (!g->has_type)
        return;
    t->type = g->type;
    t->has_type = true;
}

/* Columns of the table that are given. */
static firn_code take_given(joining *j, firn_err *err)
{
    for (size_t i = 0; i < j->in->given_count; i++) {
        const firn_given *g = &j->in->given[i];
        for (size_t k = 0; k < j->targets.n; k++) {
            target *t = &j->targets.v[k];
            if (!firn_str_eq(t->name, g->name))
                continue;
            if (g->has_type && !firn_schema_promotes(&t->type, &g->type))
                return contradicts(g, t, j->a, err);
            settle(t, g);
        }
    }
    return FIRN_OK;
}

static bool has_target(const joining *j, firn_str name)
{
    for (size_t i = 0; i < j->targets.n; i++)
        if (firn_str_eq(j->targets.v[i].name, name))
            return true;
    return false;
}

/* Those that no file has are columns all the same. */
static firn_code take_unseen(joining *j, firn_err *err)
{
    for (size_t i = 0; i < j->in->given_count; i++) {
        target t = {.required = false};
        if (is_nested(j->in->given[i].name) || has_target(j, j->in->given[i].name))
            continue;
        settle(&t, &j->in->given[i]);
        t.fixed = true;
        if (!firn_vec_push(j->a, &j->targets, t))
            return firn_arena_raise(j->a, err);
    }
    return FIRN_OK;
}

static const firn_given *given_of_key(const joining *j, firn_str key)
{
    for (size_t i = 0; i < j->in->given_count; i++) {
        const firn_given *g = &j->in->given[i];
        if (!is_nested(g->name) && firn_str_ieq(g->from.p ? g->from : g->name, key))
            return g;
    }
    return NULL;
}

/* --- contracts ----------------------------------------------------------------------------- */

/* For new columns or fields (`column`), or for types; t NULL: of the stream.  It holds once the
 * table exists, and for a given type. */
static firn_contract contract_of(const joining *j, const target *t, bool column)
{
    const firn_layout_policy *p = j->in->policy;
    firn_contract c = FIRN_CONTRACT_UNSAID;
    if (t && (t->existing || t->fixed))
        c = t->contract;
    if (c == FIRN_CONTRACT_UNSAID && p && j->in->old && (!t || t->existing))
        c = column ? p->columns : p->data_type;
    return c == FIRN_CONTRACT_UNSAID ? FIRN_CONTRACT_EVOLVE : c;
}

static firn_code frozen(const joining *j, const firn_parquet_group *g, firn_str name,
                        const char *what, firn_err *err)
{
    firn_raise(err, FIRN_E_DATA, "file %s %s %s, and the contract is freeze",
               firn_quote(j->in->files[g->example].name).s, what, firn_quote(name).s);
    return firn_err_advise(err, "nothing was landed; contract: evolve lets the table follow its "
                                "files");
}

/* --- columns of files ---------------------------------------------------------------------- */

static firn_code conflict(const joining *j, const target *t, const firn_parquet_column *c,
                          size_t group, firn_err *err)
{
    const firn_source_file *file = &j->in->files[j->p->groups[group].example];
    if (t->existing || t->fixed)
        firn_raise(err, FIRN_E_CONFLICT, "column %s is %s in file %s, and %s in the table",
                   firn_quote(t->name).s, firn_type_text(&c->type, j->a), firn_quote(file->name).s,
                   firn_type_text(&t->type, j->a));
    else
        firn_raise(err, FIRN_E_CONFLICT, "column %s is %s in file %s, and %s in file %s",
                   firn_quote(t->name).s, firn_type_text(&t->type, j->a),
                   firn_quote(j->in->files[j->p->groups[t->from].example].name).s,
                   firn_type_text(&c->type, j->a), firn_quote(file->name).s);
    firn_err_id(err, FIRN_ID_PARQUET_TYPES);
    if (t->existing)
        return firn_err_advise(err,
                               "nothing was landed; land it in another table, or say "
                               "columns: {%.*s: %s} to land the values that fit, the others "
                               "are rejects",
                               FIRN_STR_ARG(t->name), firn_type_text(&t->type, j->a));
    return firn_err_advise(err, "nothing was landed; say which it is: columns: {%.*s: string}",
                           FIRN_STR_ARG(t->name));
}

/* A column that is not there yet: given, or new. */
static firn_code add_target(joining *j, size_t group, const firn_parquet_column *c, firn_err *err)
{
    target t = {.key = c->name, .from = group};
    const firn_given *g = given_of_key(j, c->name);
    firn_contract contract = g ? FIRN_CONTRACT_EVOLVE : contract_of(j, NULL, true);
    if (contract == FIRN_CONTRACT_FREEZE && !c->nothing)
        return frozen(j, &j->p->groups[group], c->name, "has a new column", err);
    if (g)
        settle(&t, g);
    else
        t.name = free_name(j, c->name);
    t.left_out = contract != FIRN_CONTRACT_EVOLVE;
    if (!t.name.p || !firn_vec_push(j->a, &j->targets, t))
        return firn_arena_raise(j->a, err);
    return FIRN_OK;
}

/* Makes the target's type hold what a file has too, as far as the contract lets it. */
static firn_code widen(joining *j, target *t, size_t group, const firn_parquet_column *c,
                       firn_err *err)
{
    const firn_type type = table_type(&c->type);
    firn_type joined;
    j->fields = contract_of(j, t, true);
    j->data_type = contract_of(j, t, false);
    j->frozen = NULL;
    j->cut = (firn_str){NULL, 0};
    if (!join_types(j, &t->type, &type, t->existing, 0, &joined))
        return conflict(j, t, c, group, err);
    if (j->frozen)
        return frozen(j, &j->p->groups[group], c->name, j->frozen, err);
    if (j->cut.n && c->cut)
        t->cut = j->cut;
    t->type = joined;
    return FIRN_OK;
}

static firn_code join_column(joining *j, size_t group, firn_parquet_column *c, firn_err *err)
{
    target *t = target_of_key(j, c->name);
    if (!t) {
        FIRN_TRY(add_target(j, group, c, err));
        t = &j->targets.v[j->targets.n - 1];
    }
    c->refused = t->left_out && !c->nothing && contract_of(j, NULL, true) == FIRN_CONTRACT_REJECT;
    if (c->nothing || t->left_out)
        return FIRN_OK;
    c->cut = contract_of(j, t, true) == FIRN_CONTRACT_DISCARD_VALUE;
    if (!t->has_type) {
        t->type = table_type(&c->type);
        t->has_type = true;
        t->from = group;
        return FIRN_OK;
    }
    if (!t->fixed)
        return widen(j, t, group, c, err);
    bool none = firn_convert_kind_of(&c->type, &t->type) == FIRN_CONVERT_NONE;
    return none ? conflict(j, t, c, group, err) : FIRN_OK;
}

/* --- given paths into columns -------------------------------------------------------------- */

/* Cuts "lines[].debit" at its next step; *ret_list: the step is "[]". */
static firn_str next_step(firn_str *path, bool *ret_list)
{
    size_t n = 0;
    *ret_list = path->n >= 2 && memcmp(path->p, "[]", 2) == 0;
    if (*ret_list)
        n = 2;
    while (!*ret_list && n < path->n && path->p[n] != '.' && path->p[n] != '[')
        n++;
    firn_str step = {path->p, n};
    *path = (firn_str){path->p + n, path->n - n};
    if (path->n && path->p[0] == '.')
        *path = (firn_str){path->p + 1, path->n - 1};
    return step;
}

/* Sets what is given at a path; the types are copies of ours. */
static bool set_given(firn_type *type, firn_str path, const firn_given *g)
{
    bool list;
    firn_str step = next_step(&path, &list);
    firn_field *f = NULL;
    if (list && type->kind == FIRN_T_LIST)
        f = &type->fields[0];
    for (size_t i = 0; !list && type->kind == FIRN_T_STRUCT && i < type->field_count && !f; i++)
        if (firn_str_ieq(type->fields[i].name, step))
            f = &type->fields[i];
    if (!f)
        return false;
    if (path.n)
        return set_given(&f->type, path, g);
    if (g->has_type)
        f->type = g->type;
    f->required = f->required || g->required;
    return true;
}

static firn_code set_nested(joining *j, firn_err *err)
{
    for (size_t i = 0; i < j->in->given_count; i++) {
        const firn_given *g = &j->in->given[i];
        bool list;
        firn_str path = g->name;
        if (!is_nested(g->name))
            continue;
        firn_str step = next_step(&path, &list);
        target *t = target_of_key(j, step);
        if (!t || !t->has_type)
            continue;
        t->type = firn_type_copy(&t->type, j->a);
        if (t->type.kind == FIRN_TYPE_KIND_COUNT)
            return firn_arena_raise(j->a, err);
        if (!set_given(&t->type, path, g)) {
            firn_raise(err, FIRN_E_CONFIG, "there is no %s in the files", firn_quote(g->name).s);
            return firn_err_advise(err, "column %s is %s", firn_quote(t->name).s,
                                   firn_type_text(&t->type, j->a));
        }
    }
    return FIRN_OK;
}

/* --- the layout ---------------------------------------------------------------------------- */

static firn_code make_layout(joining *j, const firn_layout **ret, firn_err *err)
{
    size_t n = 0;
    firn_field *fields = firn_arena_array(j->a, j->targets.n, sizeof *fields);
    target *kept = firn_arena_array(j->a, j->targets.n, sizeof *kept);
    const firn_layout *base;
    firn_layout *layout = firn_arena_alloc(j->a, sizeof *layout);
    if (!fields || !kept || !layout)
        return firn_arena_raise(j->a, err);
    for (size_t i = 0; i < j->targets.n; i++) {
        target *t = &j->targets.v[i];
        if (t->left_out || (!t->has_type && !t->fixed && !t->required))
            continue;
        if (!t->has_type)
            t->type = (firn_type){.kind = FIRN_T_STRING};
        kept[n] = *t;
        fields[n++] = (firn_field){.name = t->name, .type = t->type, .required = t->required};
    }
    const firn_type type = {.kind = FIRN_T_STRUCT, .fields = fields, .field_count = n};
    FIRN_TRY(firn_layout_of_type(&type, NULL, 0, NULL, j->a, &base, err));
    *layout = *base;
    for (size_t i = 0; i < n; i++)
        layout->children[i].key = kept[i].key;
    *ret = layout;
    return FIRN_OK;
}

static firn_code say(joining *j, const char *text, firn_err *err)
{
    const firn_layout_note note = {firn_str_of(text)};
    if (!text || !firn_vec_push(j->a, &j->notes, note))
        return firn_arena_raise(j->a, err);
    return FIRN_OK;
}

static firn_code say_left_out(joining *j, firn_err *err)
{
    for (size_t i = 0; i < j->targets.n; i++) {
        const target *t = &j->targets.v[i];
        if (t->left_out)
            FIRN_TRY(say(j,
                         firn_arena_printf(j->a, "column %s is left out: so says the contract",
                                           firn_quote(t->name).s),
                         err));
        if (t->cut.n)
            FIRN_TRY(say(
                j,
                firn_arena_printf(j->a, "field %s in column %s is left out: so says the contract",
                                  firn_quote(t->cut).s, firn_quote(t->name).s),
                err));
    }
    return FIRN_OK;
}

firn_code firn_parquet_layout(const firn_parquet *p, const firn_parquet_in *in, firn_arena *a,
                              firn_parquet_out *ret, firn_err *err)
{
    joining j = {.p = p, .in = in, .a = a};
    firn_parquet_out out;
    FIRN_TRY(take_existing(&j, err));
    FIRN_TRY(take_given(&j, err));
    for (size_t g = 0; g < p->group_count; g++)
        for (size_t c = 0; c < p->groups[g].count; c++)
            FIRN_TRY(join_column(&j, g, &p->groups[g].columns[c], err));
    FIRN_TRY(take_unseen(&j, err));
    FIRN_TRY(set_nested(&j, err));
    FIRN_TRY(make_layout(&j, &out.layout, err));
    FIRN_TRY(say_left_out(&j, err));
    out.notes = j.notes.v;
    out.note_count = j.notes.n;
    *ret = out;
    return FIRN_OK;
}

/* --- the SELECT ---------------------------------------------------------------------------- */

const firn_parquet_column *firn_parquet_column_of(const firn_parquet_group *g,
                                                  const firn_layout *to)
{
    for (size_t i = 0; i < g->count; i++)
        if (firn_str_ieq(g->columns[i].name, to->key) && !g->columns[i].nothing)
            return &g->columns[i];
    return NULL;
}

static firn_str format_of(const firn_given *given, size_t count, firn_str name)
{
    for (size_t i = 0; i < count; i++)
        if (firn_str_eq(given[i].name, name) && given[i].format.p)
            return given[i].format;
    return (firn_str){NULL, 0};
}

typedef FIRN_VEC(firn_parquet_check) checks;

static firn_code add_check(checks *list, firn_str path, uint16_t id, const char *reason,
                           const firn_buf *sql, firn_arena *a, firn_err *err)
{
    const firn_parquet_check c = {.sql = firn_arena_str(a, firn_buf_str(sql)),
                                  .path = path,
                                  .reason = firn_str_of(reason),
                                  .id = id};
    if (!reason || !c.sql.p || !firn_vec_push(a, list, c))
        return firn_arena_raise(a, err);
    return FIRN_OK;
}

static firn_code add_checks(const firn_layout *to, bool required, const firn_parquet_column *c,
                            const firn_convert *convert, checks *list, firn_arena *a, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    if (required) {
        FIRN_TRY(c ? firn_buf_addf(&sql, err, "%.*s IS NOT NULL", FIRN_STR_ARG(c->value))
                   : firn_buf_adds(&sql, "false", err));
        FIRN_TRY(add_check(
            list, to->name, FIRN_REJ_REQUIRED,
            firn_arena_printf(a, "%s is required and has no value", firn_quote(to->name).s), &sql,
            a, err));
    }
    bool checked = c && (firn_convert_kind_of(convert->from, convert->to) != FIRN_CONVERT_EXACT ||
                         firn_convert_requires(convert->to));
    if (!checked)
        return FIRN_OK;
    firn_buf_clear(&sql);
    FIRN_TRY(firn_buf_adds(&sql, "coalesce(", err));
    FIRN_TRY(firn_convert_fits(convert, c->value, &sql, err));
    FIRN_TRY(firn_buf_adds(&sql, ", false)", err));
    return add_check(list, to->name, FIRN_REJ_TYPE,
                     firn_arena_printf(a, "the value, a %s, does not fit the column, a %s",
                                       firn_type_text(convert->from, a),
                                       firn_type_text(convert->to, a)),
                     &sql, a, err);
}

/* A column that the contract does not let in. */
static firn_code add_refused(const firn_parquet_column *c, checks *list, firn_arena *a,
                             firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    FIRN_TRY(firn_buf_addf(&sql, err, "%.*s IS NULL", FIRN_STR_ARG(c->value)));
    return add_check(list, c->name, FIRN_REJ_TYPE,
                     "a new column, and the contract rejects records that have one", &sql, a, err);
}

static firn_code add_column(const firn_layout *to, const firn_parquet_column *c,
                            const firn_convert *convert, firn_buf *list, firn_err *err)
{
    if (c) {
        FIRN_TRY(firn_convert_value(convert, c->value, list, err));
    } else {
        FIRN_TRY(firn_buf_adds(list, "CAST(NULL AS ", err));
        FIRN_TRY(firn_sql_type(list, convert->to, err));
        FIRN_TRY(firn_buf_addc(list, ')', err));
    }
    FIRN_TRY(firn_buf_adds(list, " AS ", err));
    return firn_sql_ident(list, to->name, err);
}

firn_code firn_parquet_select(const firn_parquet_group *g, const firn_layout *layout,
                              const firn_given *given, size_t given_count, firn_arena *a,
                              firn_buf *list, firn_parquet_check **ret, size_t *ret_count,
                              firn_err *err)
{
    checks found = {0};
    for (size_t i = 0; i < layout->child_count; i++) {
        const firn_layout *to = &layout->children[i];
        const firn_field *f = &layout->type.fields[i];
        const firn_parquet_column *c = firn_parquet_column_of(g, to);
        const firn_convert convert = {c ? &c->type : NULL, &f->type,
                                      format_of(given, given_count, to->name), c && c->cut};
        FIRN_TRY(firn_buf_adds(list, i ? ", " : "", err));
        FIRN_TRY(add_column(to, c, &convert, list, err));
        FIRN_TRY(add_checks(to, f->required, c, &convert, &found, a, err));
    }
    for (size_t i = 0; i < g->count; i++)
        if (g->columns[i].refused)
            FIRN_TRY(add_refused(&g->columns[i], &found, a, err));
    *ret = found.v;
    *ret_count = found.n;
    return FIRN_OK;
}
