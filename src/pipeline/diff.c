/* SPDX-License-Identifier: Apache-2.0 */
/* Both states become views over the files that only one of them has, or that other deletes apply
 * to; one aggregate over both tells how often each row is there more in one than in the other. */
#include "pipeline/diff_int.h"

#include "base/map.h"
#include "base/str.h"
#include "engine/sql.h"
#include "engine/view.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define COUNTS "firn_diff_counts"
#define ROWS   "firn_diff_rows"

typedef struct comparing {
    firn_context *run;
    firn_session *session;
    const firn_diff_conf *conf;
    firn_arena *a;
    firn_diff *d;
    bool one_table;
    firn_scan_plan plans[2]; /* was, now: the files that are compared */
    firn_view_keep keep;
    firn_type columns; /* that are compared: names and types of the result */
} comparing;

static const firn_diff_side *side_of(const comparing *c, int i)
{
    return i ? &c->conf->now : &c->conf->was;
}

static firn_code exec(comparing *c, const firn_buf *sql, firn_err *err)
{
    return c->run->ops->exec(c->session, firn_buf_str(sql), err);
}

/* --- files --------------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A text that is the same for the same file with the same deletes. */
static firn_code file_key(comparing *c, const firn_scan_file *f, firn_str *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf key = FIRN_BUF((size_t)1 << 30);
    const char **deletes = firn_arena_array(c->a, f->delete_count, sizeof(const char *));
    if (!deletes)
        return firn_arena_raise(c->a, err);
    for (size_t i = 0; i < f->delete_count; i++) {
        const firn_data_file *del = &f->deletes[i]->file;
        deletes[i] = firn_arena_printf(c->a, "%" PRId64 " %.*s", del->content_offset,
                                       FIRN_STR_ARG(del->file_path));
        if (!deletes[i])
            return firn_arena_raise(c->a, err);
    }
    if (f->delete_count > 1)
        qsort(deletes, f->delete_count, sizeof(const char *), by_text);
    FIRN_TRY(firn_buf_addstr(&key, f->file.file_path, err));
    for (size_t i = 0; i < f->delete_count; i++)
        FIRN_TRY(firn_buf_addf(&key, err, "\n%s", deletes[i]));
    *ret = firn_arena_str(c->a, firn_buf_str(&key));
    return ret->p ? FIRN_OK : firn_arena_raise(c->a, err);
}

static firn_code keys_of(comparing *c, const firn_scan_plan *p, firn_str **ret, firn_map *set,
                         firn_err *err)
{
    firn_str *keys = firn_arena_array(c->a, p->count, sizeof *keys);
    if (!keys)
        return firn_arena_raise(c->a, err);
    for (size_t i = 0; i < p->count; i++) {
        FIRN_TRY(file_key(c, &p->files[i], &keys[i], err));
        if (!firn_map_put(set, keys[i], &p->files[i]))
            return firn_arena_raise(c->a, err);
    }
    *ret = keys;
    return FIRN_OK;
}

/* Takes the files out that the other side has too; returns how many. */
static int64_t drop_shared(firn_scan_plan *p, const firn_str *keys, const firn_map *others)
{
    size_t kept = 0;
    size_t count = p->count;
    for (size_t i = 0; i < count; i++)
        if (!firn_map_get(others, keys[i]))
            p->files[kept++] = p->files[i];
    p->count = kept;
    return (int64_t)(count - kept);
}

/* Files are never changed, so one that both have has the same rows in both. */
static firn_code find_files(comparing *c, firn_err *err)
{
    firn_map sets[2] = {FIRN_MAP(c->a), FIRN_MAP(c->a)};
    firn_str *keys[2] = {NULL, NULL};
    for (int i = 0; i < 2; i++) {
        const firn_diff_side *s = side_of(c, i);
        if (c->one_table && c->conf->was.snapshot == c->conf->now.snapshot)
            continue; /* nothing can differ but columns */
        if (firn_scan_plan_make(c->run->io, s->metadata, s->snapshot, NULL, c->a, &c->plans[i],
                                err) != FIRN_OK)
            return firn_wrap(err, "table %.*s%s%.*s", FIRN_STR_ARG(s->ident.ns),
                             s->ident.ns.n ? "." : "", FIRN_STR_ARG(s->ident.name));
    }
    if (c->one_table) {
        for (int i = 0; i < 2; i++)
            FIRN_TRY(keys_of(c, &c->plans[i], &keys[i], &sets[i], err));
        c->d->files_shared = drop_shared(&c->plans[0], keys[0], &sets[1]);
        drop_shared(&c->plans[1], keys[1], &sets[0]);
    }
    c->d->files_compared = (int64_t)(c->plans[0].count + c->plans[1].count);
    return FIRN_OK;
}

/* --- columns ------------------------------------------------------------------------------- */

static const firn_field *by_name(const firn_type *t, firn_str name)
{
    for (size_t i = 0; i < t->field_count; i++)
        if (firn_str_ieq(t->fields[i].name, name))
            return &t->fields[i];
    return NULL;
}

/* Whether the comparison goes back in time: what `was` does not have, it has dropped. */
static bool is_backwards(const comparing *c)
{
    const firn_snapshot *was = c->conf->was.snapshot;
    const firn_snapshot *now = c->conf->now.snapshot;
    if (!was || !now)
        return false;
    return was->sequence_number != now->sequence_number
               ? was->sequence_number > now->sequence_number
               : was->timestamp_ms > now->timestamp_ms;
}

/* Of one table: the new columns, in types that hold the old values too.  Of two: the columns that
 * both have. */
static firn_code choose_columns(comparing *c, firn_err *err)
{
    const firn_type *was = &c->conf->was.schema->type;
    const firn_type *now = &c->conf->now.schema->type;
    if (c->one_table)
        return firn_schema_widest(was, now, is_backwards(c), c->a, &c->columns, err);
    firn_type t = *now;
    t.field_count = 0;
    t.fields = firn_arena_array(c->a, now->field_count, sizeof *t.fields);
    if (!t.fields)
        return firn_arena_raise(c->a, err);
    for (size_t i = 0; i < now->field_count; i++) {
        const firn_field *f = &now->fields[i];
        const firn_field *old = by_name(was, f->name);
        if (!old)
            continue;
        t.fields[t.field_count] = *f;
        if (firn_schema_may_become(&f->type, &old->type, 3))
            t.fields[t.field_count].type = old->type;
        t.field_count++;
    }
    c->columns = t;
    return FIRN_OK;
}

static firn_code find_columns(comparing *c, firn_err *err)
{
    FIRN_TRY(choose_columns(c, err));
    if (c->columns.field_count == 0)
        return firn_raise(err, FIRN_E_UNSUPPORTED, "the %s have no column in common",
                          c->one_table ? "states" : "tables");
    return FIRN_OK;
}

/* --- views --------------------------------------------------------------------------------- */

/* Of two tables: the columns in common in their order, cast to the types that are compared. */
static firn_code select_common(const comparing *c, const firn_type *have, firn_buf *sql,
                               firn_err *err)
{
    FIRN_TRY(firn_buf_adds(sql, "SELECT ", err));
    for (size_t i = 0; i < c->columns.field_count; i++) {
        const firn_field *f = &c->columns.fields[i];
        FIRN_TRY(firn_buf_adds(sql, i ? ", CAST(" : "CAST(", err));
        const firn_field *own = by_name(have, f->name);
        FIRN_TRY(firn_sql_ident(sql, own ? own->name : f->name, err));
        FIRN_TRY(firn_buf_adds(sql, " AS ", err));
        FIRN_TRY(firn_sql_type(sql, &f->type, err));
        FIRN_TRY(firn_buf_addc(sql, ')', err));
    }
    return firn_buf_adds(sql, " FROM (", err);
}

static bool names_clash(const firn_type *t)
{
    for (size_t i = 0; i < t->field_count; i++)
        if (by_name(t, t->fields[i].name) != &t->fields[i])
            return true;
    return false;
}

/* SQL does not tell names apart that differ in case only: such columns are read by their number,
 * as they are found by id. */
static firn_code tell_apart(comparing *c, firn_type *t, firn_err *err)
{
    if (!names_clash(t))
        return FIRN_OK;
    firn_field *fields = firn_arena_array(c->a, t->field_count, sizeof *fields);
    if (!fields)
        return firn_arena_raise(c->a, err);
    for (size_t i = 0; i < t->field_count; i++) {
        const char *name = firn_arena_printf(c->a, "c%zu", i);
        if (!name)
            return firn_arena_raise(c->a, err);
        fields[i] = t->fields[i];
        fields[i].name = firn_str_of(name);
    }
    t->fields = fields;
    return FIRN_OK;
}

static firn_code make_view(comparing *c, int i, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    const firn_diff_side *s = side_of(c, i);
    firn_schema schema = *s->schema;
    if (c->one_table)
        schema.type = c->columns;
    if (c->one_table)
        FIRN_TRY(tell_apart(c, &schema.type, err));
    const firn_view_request request = {
        .io = c->run->io, .metadata = s->metadata, .schema = &schema, .plan = &c->plans[i]};
    FIRN_TRY(firn_buf_addf(&sql, err, "CREATE TEMP VIEW firn_diff_%d(", i));
    for (size_t k = 0; k < c->columns.field_count; k++)
        FIRN_TRY(firn_buf_addf(&sql, err, "%sc%zu", k ? ", " : "", k));
    FIRN_TRY(firn_buf_adds(&sql, ") AS ", err));
    if (!c->one_table)
        FIRN_TRY(select_common(c, &s->schema->type, &sql, err));
    FIRN_TRY(firn_view_select(c->session, &request, &c->keep, &sql, err));
    if (!c->one_table)
        FIRN_TRY(firn_buf_addc(&sql, ')', err));
    return exec(c, &sql, err);
}

static firn_code make_views(comparing *c, firn_err *err)
{
    for (int i = 0; i < 2; i++) {
        const firn_diff_side *s = side_of(c, i);
        if (make_view(c, i, err) != FIRN_OK)
            return firn_wrap(err, "table %.*s%s%.*s", FIRN_STR_ARG(s->ident.ns),
                             s->ident.ns.n ? "." : "", FIRN_STR_ARG(s->ident.name));
    }
    return FIRN_OK;
}

/* --- rows ---------------------------------------------------------------------------------- */

static firn_code add_column(const comparing *c, size_t i, bool whole, firn_buf *out, firn_err *err)
{
    char name[24];
    firn_str e = {name, (size_t)snprintf(name, sizeof name, "c%zu", i)};
    const firn_type *t = &c->columns.fields[i].type;
    if (!whole)
        return firn_diff_canonical(t, e, 1, out, err);
    if (firn_diff_has_map(t)) /* one of those that are equal */
        return firn_buf_addf(out, err, "any_value(%s) AS %s", name, name);
    return firn_buf_addstr(out, e, err);
}

/* How often each row is there more now than it was. */
static firn_code count_rows(comparing *c, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    FIRN_TRY(firn_buf_adds(&sql,
                           "CREATE TEMP TABLE " COUNTS " AS SELECT CAST(sum(s) AS BIGINT) "
                           "AS n",
                           err));
    for (size_t i = 0; i < c->columns.field_count; i++) {
        FIRN_TRY(firn_buf_adds(&sql, ", ", err));
        FIRN_TRY(add_column(c, i, true, &sql, err));
    }
    FIRN_TRY(firn_buf_adds(&sql,
                           " FROM (SELECT 1 AS s, * FROM firn_diff_1 UNION ALL "
                           "SELECT -1 AS s, * FROM firn_diff_0) GROUP BY ",
                           err));
    for (size_t i = 0; i < c->columns.field_count; i++) {
        FIRN_TRY(firn_buf_adds(&sql, i ? ", " : "", err));
        FIRN_TRY(add_column(c, i, false, &sql, err));
    }
    FIRN_TRY(firn_buf_adds(&sql, " HAVING sum(s) <> 0", err));
    return exec(c, &sql, err);
}

/* --- keys ---------------------------------------------------------------------------------- */

static const firn_field *child_named(const firn_type *t, firn_str name)
{
    const firn_field *f = firn_type_field(t, name);
    return f ? f : by_name(t, name);
}

/* Appends the expression for a dotted path through structs; false if there is no such column. */
static firn_code key_expression(const comparing *c, firn_str path, bool *ret_found, firn_buf *out,
                                firn_err *err)
{
    const firn_type *t = &c->columns;
    const firn_field *whole = child_named(t, path); /* a name may hold dots */
    firn_str rest = path;
    *ret_found = false;
    do {
        firn_str part = whole ? path : firn_str_cut(&rest, '.');
        const firn_field *f = child_named(t, part);
        if (!f)
            return FIRN_OK;
        if (t == &c->columns) {
            FIRN_TRY(firn_buf_addf(out, err, "c%zu", (size_t)(f - t->fields)));
        } else {
            FIRN_TRY(firn_buf_addc(out, '.', err));
            FIRN_TRY(firn_sql_ident(out, f->name, err));
        }
        t = &f->type;
        if (whole)
            break;
    } while (rest.p && t->kind == FIRN_T_STRUCT);
    *ret_found = whole || !rest.p;
    return FIRN_OK;
}

static firn_code no_such_key(const comparing *c, firn_str path, firn_err *err)
{
    firn_str *names = firn_arena_array(c->a, c->columns.field_count, sizeof *names);
    if (!names)
        return firn_arena_raise(c->a, err);
    for (size_t i = 0; i < c->columns.field_count; i++)
        names[i] = c->columns.fields[i].name;
    int near = firn_str_nearest(path, names, c->columns.field_count);
    firn_raise(err, FIRN_E_USAGE, "there is no column %s to be a key", firn_quote(path).s);
    if (near >= 0)
        return firn_err_advise(err, "did you mean %.*s?", FIRN_STR_ARG(names[near]));
    return err ? err->code : FIRN_E_USAGE;
}

/* The path of a column by its id, through structs; .p == NULL: it is not there. */
static firn_str path_by_id(const firn_type *t, int32_t id, const char *parent, firn_arena *a)
{
    for (size_t i = 0; i < t->field_count; i++) {
        const firn_field *f = &t->fields[i];
        const char *path =
            firn_arena_printf(a, "%s%s%.*s", parent, *parent ? "." : "", FIRN_STR_ARG(f->name));
        if (!path || f->id == id)
            return firn_str_of(path);
        firn_str found = {NULL, 0};
        if (f->type.kind == FIRN_T_STRUCT)
            found = path_by_id(&f->type, id, path, a);
        if (found.p)
            return found;
    }
    return (firn_str){NULL, 0};
}

/* The keys given, or the identifier fields of the new schema. */
static firn_code find_keys(comparing *c, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf ignored = FIRN_SQL_BUF;
    const firn_schema *s = c->conf->now.schema;
    size_t n = c->conf->keys ? c->conf->key_count : s->identifier_count;
    firn_str *keys = firn_arena_array(c->a, n, sizeof *keys);
    if (!keys)
        return firn_arena_raise(c->a, err);
    for (size_t i = 0; i < n; i++) {
        firn_str key =
            c->conf->keys ? c->conf->keys[i] : path_by_id(&s->type, s->identifier_ids[i], "", c->a);
        bool found = false;
        keys[i] = key;
        if (key.p)
            FIRN_TRY(key_expression(c, key, &found, &ignored, err));
        if (!found && c->conf->keys)
            return no_such_key(c, key, err);
        if (!found) /* identifier fields that are not compared tell nothing */
            return FIRN_OK;
    }
    c->d->keys = keys;
    c->d->key_count = n;
    return FIRN_OK;
}

/* Appends the key columns, separated by commas. */
static firn_code add_keys(const comparing *c, firn_buf *out, firn_err *err)
{
    for (size_t i = 0; i < c->d->key_count; i++) {
        bool found;
        FIRN_TRY(firn_buf_adds(out, i ? ", " : "", err));
        FIRN_TRY(key_expression(c, c->d->keys[i], &found, out, err));
    }
    return FIRN_OK;
}

/* Appends all columns that can be ordered without looking into them, for a steady order. */
static firn_code add_plain_columns(const comparing *c, firn_buf *out, firn_err *err)
{
    bool any = false;
    for (size_t i = 0; i < c->columns.field_count; i++) {
        if (firn_type_is_nested(c->columns.fields[i].type.kind))
            continue;
        FIRN_TRY(firn_buf_addf(out, err, "%sc%zu", any ? ", " : "", i));
        any = true;
    }
    return any ? FIRN_OK : firn_buf_adds(out, "1", err);
}

/* One row for each copy; those of one key, removed and added, are paired from the first on. */
static firn_code pair_rows(comparing *c, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    FIRN_AUTO(firn_buf_free) firn_buf keys = FIRN_SQL_BUF;
    FIRN_AUTO(firn_buf_free) firn_buf plain = FIRN_SQL_BUF;
    FIRN_TRY(add_keys(c, &keys, err));
    FIRN_TRY(add_plain_columns(c, &plain, err));
    const char *k = firn_buf_cstr(&keys);
    if (c->d->key_count == 0)
        FIRN_TRY(firn_buf_adds(&sql,
                               "CREATE TEMP TABLE " ROWS
                               " AS SELECT n > 0 AS is_new, false AS paired, 0 AS rn, "
                               "* FROM (SELECT *, unnest(range(abs(n))) AS copy FROM " COUNTS ")",
                               err));
    else
        FIRN_TRY(firn_buf_addf(
            &sql, err,
            "CREATE TEMP TABLE " ROWS " AS SELECT *, rn <= least(count(*) FILTER (is_new) OVER "
            "(PARTITION BY %s), count(*) FILTER (NOT is_new) OVER (PARTITION BY %s)) AS paired "
            "FROM (SELECT *, n > 0 AS is_new, row_number() OVER (PARTITION BY n > 0, %s ORDER BY "
            "%s) AS rn FROM (SELECT *, unnest(range(abs(n))) AS copy FROM " COUNTS "))",
            k, k, k, firn_buf_cstr(&plain)));
    return exec(c, &sql, err);
}

static firn_code read_counts(comparing *c, firn_err *err)
{
    static const char sql[] =
        "SELECT count(*) FILTER (is_new AND NOT paired), count(*) FILTER (NOT is_new AND NOT "
        "paired), count(*) FILTER (is_new AND paired) FROM " ROWS;
    const firn_engine_ops *ops = c->run->ops;
    const firn_column *root;
    firn_result *r;
    size_t rows;
    FIRN_TRY(ops->query(c->session, firn_str_of(sql), &r, err));
    firn_code code = ops->next(r, &root, &rows, err);
    if (code == FIRN_OK && rows != 1)
        code = firn_raise(err, FIRN_E_BUG, "the engine counted nothing");
    if (code == FIRN_OK) {
        c->d->added = ((const int64_t *)root->children[0].data)[0];
        c->d->removed = ((const int64_t *)root->children[1].data)[0];
        c->d->changed = ((const int64_t *)root->children[2].data)[0];
    }
    ops->result_close(r);
    return code;
}

/* What the columns must be cast to so that they can be read. */
static firn_code describe_columns(comparing *c, firn_result_column **ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    firn_statement_kind kind;
    size_t count;
    FIRN_TRY(firn_buf_adds(&sql, "SELECT ", err));
    for (size_t i = 0; i < c->columns.field_count; i++)
        FIRN_TRY(firn_buf_addf(&sql, err, "%sc%zu", i ? ", " : "", i));
    FIRN_TRY(firn_buf_adds(&sql, " FROM " ROWS, err));
    return c->run->ops->describe(c->session, firn_buf_str(&sql), c->a, &kind, ret, &count, err);
}

/* The statement that returns the rows, but for its limit. */
static firn_code make_select(comparing *c, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    firn_result_column *types;
    FIRN_TRY(describe_columns(c, &types, err));
    FIRN_TRY(firn_buf_adds(&sql,
                           "SELECT CASE WHEN paired THEN CASE WHEN is_new THEN "
                           "'UPDATE_AFTER' ELSE 'UPDATE_BEFORE' END WHEN is_new THEN 'INSERT' "
                           "ELSE 'DELETE' END AS _change_type",
                           err));
    for (size_t i = 0; i < c->columns.field_count; i++) {
        if (types[i].mapped)
            FIRN_TRY(firn_buf_addf(&sql, err, ", c%zu AS ", i));
        else
            FIRN_TRY(firn_buf_addf(&sql, err, ", CAST(c%zu AS %.*s) AS ", i,
                                   FIRN_STR_ARG(types[i].cast)));
        FIRN_TRY(firn_sql_ident(&sql, c->columns.fields[i].name, err));
    }
    FIRN_TRY(firn_buf_adds(&sql, " FROM " ROWS " ORDER BY ", err));
    if (c->d->key_count) {
        FIRN_TRY(add_keys(c, &sql, err));
        FIRN_TRY(firn_buf_adds(&sql, ", rn, ", err));
    } else {
        FIRN_TRY(add_plain_columns(c, &sql, err));
        FIRN_TRY(firn_buf_adds(&sql, ", ", err));
    }
    FIRN_TRY(firn_buf_adds(&sql, "is_new", err));
    c->d->select = firn_arena_strdup(c->a, firn_buf_cstr(&sql));
    return c->d->select ? FIRN_OK : firn_arena_raise(c->a, err);
}

static firn_code compare(comparing *c, firn_err *err)
{
    firn_schema_match match = c->one_table ? FIRN_MATCH_IDS : FIRN_MATCH_NAMES;
    FIRN_TRY(firn_schema_diff(c->conf->was.schema, c->conf->now.schema, match, c->a, &c->d->changes,
                              &c->d->change_count, err));
    FIRN_TRY(find_files(c, err));
    FIRN_TRY(find_columns(c, err));
    FIRN_TRY(find_keys(c, err));
    FIRN_TRY(make_views(c, err));
    FIRN_TRY(count_rows(c, err));
    FIRN_TRY(pair_rows(c, err));
    FIRN_TRY(read_counts(c, err));
    return make_select(c, err);
}

firn_code firn_diff_make(firn_context *run, firn_session *session, const firn_diff_conf *conf,
                         firn_arena *a, firn_diff *ret, firn_err *err)
{
    firn_diff d = {.run = run, .session = session};
    comparing c = {.run = run, .session = session, .conf = conf, .a = a, .d = &d};
    firn_str uuid = conf->was.metadata->uuid; /* tables of version 1 may have none */
    c.one_table = conf->was.metadata == conf->now.metadata ||
                  (uuid.n && firn_str_eq(uuid, conf->now.metadata->uuid));
    c.keep = (firn_view_keep){.ops = run->ops, .engine = run->engine, .arena = a};
    firn_code code = compare(&c, err);
    firn_view_close(&c.keep); /* the rows that differ are the session's own by now */
    FIRN_TRY(code);
    *ret = d;
    return FIRN_OK;
}

firn_code firn_diff_rows(const firn_diff *d, int64_t limit, firn_result **ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    FIRN_TRY(firn_buf_adds(&sql, d->select, err));
    if (limit >= 0)
        FIRN_TRY(firn_buf_addf(&sql, err, " LIMIT %" PRId64, limit));
    return d->run->ops->query(d->session, firn_buf_str(&sql), ret, err);
}
