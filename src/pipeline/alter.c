/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of a statement, made on the table as it is and, when somebody else was faster, made again
 * on what is there then. */
#include "pipeline/alter.h"

#include "base/str.h"
#include "engine/sql.h"
#include "pipeline/alter_int.h"

#include <string.h>

#define TEXT_MAX   ((size_t)16 << 20)
#define ID_REFUSED 3005 /* the change is none that tables take */

/* A statement on its way to a table. */
typedef struct altering {
    firn_context *run;
    const alter_reader *r;
    const alter_script *script;
    firn_ident ident;
    firn_arena *a;
    firn_str diff; /* of the last attempt */
} altering;

/* --- one change ---------------------------------------------------------------------------- */

/* What a change is made on. */
typedef struct making {
    firn_evolution *e;
    const firn_metadata *base;
    firn_arena *a;
} making;

static firn_code default_of(const making *m, const alter_change *c, const firn_type *type,
                            firn_str *ret, firn_err *err)
{
    *ret = (firn_str){NULL, 0};
    return c->literal.p ? firn_evolve_default(type, c->literal, m->a, ret, err) : FIRN_OK;
}

static firn_code add_column(const making *m, const alter_change *c, firn_err *err)
{
    firn_new_column column = {.path = c->name,
                              .type = &c->type,
                              .required = c->required,
                              .doc = c->doc,
                              .place = c->place};
    if (c->has_default)
        FIRN_TRY(default_of(m, c, &c->type, &column.initial_default, err));
    column.write_default = column.initial_default;
    return firn_evolve_add_column(m->e, &column, err);
}

static firn_code drop_column(const making *m, const alter_change *c, firn_err *err)
{
    return firn_evolve_drop_column(m->e, c->name, err);
}

static firn_code rename_column(const making *m, const alter_change *c, firn_err *err)
{
    return firn_evolve_rename_column(m->e, c->name, c->value, err);
}

static firn_code move_column(const making *m, const alter_change *c, firn_err *err)
{
    return firn_evolve_move_column(m->e, c->name, c->place, err);
}

static firn_code set_type(const making *m, const alter_change *c, firn_err *err)
{
    return firn_evolve_column_type(m->e, c->name, &c->type, err);
}

static firn_code set_required(const making *m, const alter_change *c, firn_err *err)
{
    return firn_evolve_column_required(m->e, c->name, c->kind == ALTER_REQUIRED, err);
}

static firn_code set_doc(const making *m, const alter_change *c, firn_err *err)
{
    return firn_evolve_column_doc(m->e, c->name, c->value, err);
}

/* The literal is read as the column's type, which must be found first. */
static firn_code set_default(const making *m, const alter_change *c, firn_err *err)
{
    firn_str json = {NULL, 0};
    const firn_field *f = firn_evolve_column(m->e, c->name);
    if (f)
        FIRN_TRY(default_of(m, c, &f->type, &json, err));
    return firn_evolve_write_default(m->e, c->name, json, err);
}

static firn_code set_identifiers(const making *m, const alter_change *c, firn_err *err)
{
    return firn_evolve_set_identifiers(m->e, c->names, c->name_count, err);
}

static firn_code drop_identifiers(const making *m, const alter_change *c, firn_err *err)
{
    return firn_evolve_drop_identifiers(m->e, c->names, c->name_count, err);
}

static firn_code add_field(const making *m, const alter_change *c, firn_err *err)
{
    return firn_evolve_add_partition(m->e, &c->terms[0], c->name, err);
}

static firn_code drop_field(const making *m, const alter_change *c, firn_err *err)
{
    if (c->by_term)
        return firn_evolve_drop_partition(m->e, &c->terms[0], err);
    firn_err by_name = {0};
    firn_code code = firn_evolve_drop_partition_named(m->e, c->name, &by_name);
    if (code == FIRN_E_NOTFOUND && firn_evolve_drop_partition(m->e, &c->terms[0], NULL) == FIRN_OK)
        return FIRN_OK; /* the column itself */
    if (code != FIRN_OK && err)
        *err = by_name;
    return code;
}

static firn_code replace_field(const making *m, const alter_change *c, firn_err *err)
{
    FIRN_TRY(drop_field(m, c, err));
    return firn_evolve_add_partition(m->e, &c->terms[1], c->value, err);
}

static firn_code rename_field(const making *m, const alter_change *c, firn_err *err)
{
    return firn_evolve_rename_partition(m->e, c->name, c->value, err);
}

static firn_code partition_by(const making *m, const alter_change *c, firn_err *err)
{
    return firn_evolve_partition_by(m->e, c->terms, c->term_count, err);
}

static firn_code sort_by(const making *m, const alter_change *c, firn_err *err)
{
    return firn_evolve_sort_by(m->e, c->sort, c->sort_count, err);
}

static firn_code set_property(const making *m, const alter_change *c, firn_err *err)
{
    return firn_evolve_set_property(m->e, c->name, c->value, err);
}

static firn_code unset_property(const making *m, const alter_change *c, firn_err *err)
{
    return firn_evolve_unset_property(m->e, c->name, err);
}

static firn_code set_version(const making *m, const alter_change *c, firn_err *err)
{
    return firn_evolve_format_version(m->e, (int)FIRN_MIN(FIRN_MAX(c->number, -1), 99), err);
}

static firn_code set_location(const making *m, const alter_change *c, firn_err *err)
{
    return firn_evolve_location(m->e, c->value, err);
}

static firn_code set_ref(const making *m, const alter_change *c, firn_err *err)
{
    const firn_schema *schema;
    const firn_snapshot *s = NULL;
    firn_ref_change ref = {.name = c->name,
                           .is_branch = c->is_branch,
                           .mode = c->mode,
                           .snapshot_id = FIRN_NO_SNAPSHOT,
                           .retention = c->retention};
    if (c->at.kind != FIRN_AT_CURRENT)
        FIRN_TRY(firn_at_resolve(m->base, &c->at, &s, &schema, err));
    if (s)
        ref.snapshot_id = s->snapshot_id;
    return firn_evolve_set_ref(m->e, &ref, err);
}

static firn_code drop_ref(const making *m, const alter_change *c, firn_err *err)
{
    return firn_evolve_drop_ref(m->e, c->name, c->is_branch, err);
}

static firn_code fast_forward(const making *m, const alter_change *c, firn_err *err)
{
    return firn_evolve_fast_forward(m->e, c->name, c->value, err);
}

static firn_code set_retention(const making *m, const alter_change *c, firn_err *err)
{
    return firn_evolve_retention(m->e, c->name, &c->retention, err);
}

static firn_code rename_branch(const making *m, const alter_change *c, firn_err *err)
{
    return firn_evolve_rename_branch(m->e, c->name, c->value, err);
}

static firn_code (*const makers[])(const making *m, const alter_change *c, firn_err *err) = {
    [ALTER_ADD_COLUMN] = add_column,
    [ALTER_DROP_COLUMN] = drop_column,
    [ALTER_RENAME_COLUMN] = rename_column,
    [ALTER_MOVE] = move_column,
    [ALTER_TYPE] = set_type,
    [ALTER_OPTIONAL] = set_required,
    [ALTER_REQUIRED] = set_required,
    [ALTER_DOC] = set_doc,
    [ALTER_DEFAULT] = set_default,
    [ALTER_SET_IDENTIFIERS] = set_identifiers,
    [ALTER_DROP_IDENTIFIERS] = drop_identifiers,
    [ALTER_ADD_PARTITION] = add_field,
    [ALTER_DROP_PARTITION] = drop_field,
    [ALTER_REPLACE_PARTITION] = replace_field,
    [ALTER_RENAME_PARTITION] = rename_field,
    [ALTER_PARTITION_BY] = partition_by,
    [ALTER_SORT_BY] = sort_by,
    [ALTER_SET_PROPERTY] = set_property,
    [ALTER_UNSET_PROPERTY] = unset_property,
    [ALTER_FORMAT_VERSION] = set_version,
    [ALTER_LOCATION] = set_location,
    [ALTER_SET_REF] = set_ref,
    [ALTER_DROP_REF] = drop_ref,
    [ALTER_FAST_FORWARD] = fast_forward,
    [ALTER_RETENTION] = set_retention,
    [ALTER_RENAME_BRANCH] = rename_branch,
    [ALTER_RENAME_TABLE] = NULL, /* no change of the table's metadata */
};

static firn_code apply(const altering *w, const making *m, const alter_change *c, firn_err *err)
{
    firn_err local = {0};
    firn_code code = makers[c->kind](m, c, &local);
    bool is_fine = code == FIRN_OK || (code == FIRN_E_NOTFOUND && c->if_exists) ||
                   (code == FIRN_E_EXISTS && c->if_absent);
    if (is_fine)
        return FIRN_OK;
    if (code == FIRN_E_INVAL)
        firn_err_id(&local, ID_REFUSED);
    firn_alter_where(w->r, c->offset, &local);
    if (err)
        *err = local;
    return code;
}

/* --- all of them --------------------------------------------------------------------------- */

/* For firn_table_change.evolve. */
static firn_code evolve(void *arg, const firn_metadata *base, firn_arena *a, firn_updates *u,
                        firn_err *err)
{
    altering *w = arg;
    making m = {.base = base, .a = w->a};
    FIRN_AUTO(firn_buf_free) firn_buf diff = FIRN_BUF(TEXT_MAX);
    FIRN_TRY(firn_evolve_begin(base, a, &m.e, err));
    for (size_t i = 0; i < w->script->changes.n; i++)
        FIRN_TRY(apply(w, &m, &w->script->changes.v[i], err));
    FIRN_TRY(firn_evolve_print(m.e, &diff, err));
    w->diff = firn_arena_str(w->a, firn_buf_str(&diff));
    if (!w->diff.p)
        return firn_arena_raise(w->a, err);
    return firn_evolve_updates(m.e, u, err);
}

/* --- the table ----------------------------------------------------------------------------- */

static firn_code join(const firn_str *parts, size_t count, firn_arena *a, firn_str *ret,
                      firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF(TEXT_MAX);
    for (size_t i = 0; i < count; i++) {
        FIRN_TRY(i ? firn_buf_addc(&text, '.', err) : FIRN_OK);
        FIRN_TRY(firn_buf_addstr(&text, parts[i], err));
    }
    *ret = firn_arena_str(a, firn_buf_str(&text));
    return ret->p ? FIRN_OK : firn_arena_raise(a, err);
}

static firn_code no_table(altering *w, const firn_ident *tables, size_t count, firn_str name,
                          firn_err *err)
{
    firn_str *names = firn_arena_array(w->a, count, sizeof *names);
    if (!names)
        return firn_arena_raise(w->a, err);
    for (size_t i = 0; i < count; i++)
        names[i] = firn_str_of(firn_arena_printf(w->a, "%.*s.%.*s", FIRN_STR_ARG(tables[i].ns),
                                                 FIRN_STR_ARG(tables[i].name)));
    firn_raise(err, FIRN_E_NOTFOUND, "there is no table %s", firn_quote(name).s);
    int near = firn_str_nearest(name, names, count);
    if (near >= 0)
        firn_err_advise(err, "did you mean %.*s?", FIRN_STR_ARG(names[near]));
    else
        firn_err_advise(err, "`firn tables` lists those there are");
    firn_alter_where(w->r, w->script->table_offset, err);
    return FIRN_E_NOTFOUND;
}

/* The table of the parts, with or without the catalog's name before them; letters in any case where
 * no other table is meant. */
static bool find_table(const firn_ident *tables, size_t count, firn_str name, bool fold,
                       firn_ident *ret)
{
    for (size_t i = 0; i < count; i++) {
        const firn_ident *t = &tables[i];
        size_t n = t->ns.n + 1 + t->name.n;
        if (n != name.n || name.p[t->ns.n] != '.')
            continue;
        firn_str ns = {name.p, t->ns.n};
        firn_str last = {name.p + t->ns.n + 1, t->name.n};
        if (fold ? firn_str_ieq(ns, t->ns) && firn_str_ieq(last, t->name)
                 : firn_str_eq(ns, t->ns) && firn_str_eq(last, t->name)) {
            *ret = *t;
            return true;
        }
    }
    return false;
}

/* Fails if the name is a view's. */
static firn_code refuse_view(altering *w, firn_str name, firn_err *err)
{
    firn_ident *views;
    firn_ident found;
    size_t count;
    FIRN_TRY(firn_views_list(w->run->views, w->run->view_count, w->run->catalog, w->a, &views,
                             &count, err));
    if (!find_table(views, count, name, true, &found))
        return FIRN_OK;
    firn_raise(err, FIRN_E_SQL, "%.*s.%.*s is a view: there is nothing of a table to change",
               FIRN_STR_ARG(found.ns), FIRN_STR_ARG(found.name));
    firn_err_advise(err,
                    "change its statement or header in the project and run it: firn run "
                    "%.*s.%.*s",
                    FIRN_STR_ARG(found.ns), FIRN_STR_ARG(found.name));
    firn_alter_where(w->r, w->script->table_offset, err);
    return FIRN_E_SQL;
}

static firn_code resolve(altering *w, firn_err *err)
{
    firn_ident *tables;
    size_t count;
    firn_str whole;
    const alter_script *s = w->script;
    firn_catalog *catalog = w->run->catalog;
    if (!catalog)
        return firn_raise(err, FIRN_E_NOTFOUND,
                          "there is no catalog: name a warehouse or make a "
                          "project");
    FIRN_TRY(catalog->ops->list_tables(catalog, w->a, &tables, &count, err));
    FIRN_TRY(join(s->table, s->table_parts, w->a, &whole, err));
    bool named = s->table_parts > 2 && firn_str_ieq(s->table[0], catalog->name);
    firn_str rest = whole;
    if (named)
        rest = (firn_str){whole.p + s->table[0].n + 1, whole.n - s->table[0].n - 1};
    for (int fold = 0; fold < 2; fold++)
        if (find_table(tables, count, rest, fold, &w->ident) ||
            find_table(tables, count, whole, fold, &w->ident))
            return FIRN_OK;
    FIRN_TRY(refuse_view(w, rest, err));
    return no_table(w, tables, count, whole, err);
}

/* --- commit -------------------------------------------------------------------------------- */

static firn_code load(altering *w, const firn_metadata **ret, firn_err *err)
{
    return firn_table_load(w->run->catalog, w->run->io, w->ident, w->a, ret, err);
}

static firn_code commit(altering *w, const firn_metadata *base, const firn_metadata **ret,
                        firn_err *err)
{
    firn_table_result result;
    firn_commit_ctx ctx = firn_context_commit(w->run);
    const firn_table_change change = {
        .ident = w->ident, .start = base, .evolve = evolve, .evolve_arg = w};
    firn_str metadata;
    firn_str data;
    FIRN_TRY(firn_metadata_folder(base, w->a, &metadata, err));
    FIRN_TRY(firn_data_folder(base, w->a, &data, err));
    FIRN_TRY(firn_context_note_table(w->run, data, metadata, w->ident, err));
    FIRN_TRY(firn_commit(&ctx, &change, 1, w->a, &result, err));
    *ret = result.metadata;
    return FIRN_OK;
}

/* Makes the changes on the table as it is; *ret_count says how many updates that are. */
static firn_code preview(altering *w, const firn_metadata *base, size_t *ret_count, firn_err *err)
{
    const firn_metadata *next;
    firn_updates u;
    FIRN_TRY(firn_updates_new(w->a, &u, err));
    FIRN_TRY(evolve(w, base, w->a, &u, err));
    *ret_count = json_array_size(u.list);
    return firn_metadata_apply(base, &u, base->last_updated_ms, w->a, &next, err);
}

static const alter_change *renaming(const alter_script *s)
{
    for (size_t i = 0; i < s->changes.n; i++)
        if (s->changes.v[i].kind == ALTER_RENAME_TABLE)
            return &s->changes.v[i];
    return NULL;
}

static firn_code need_namespace(altering *w, firn_str ns, firn_err *err)
{
    firn_str *list;
    size_t count;
    firn_catalog *catalog = w->run->catalog;
    FIRN_TRY(catalog->ops->list_namespaces(catalog, w->a, &list, &count, err));
    for (size_t i = 0; i < count; i++)
        if (firn_str_eq(list[i], ns))
            return FIRN_OK;
    firn_raise(err, FIRN_E_NOTFOUND, "there is no namespace %s", firn_quote(ns).s);
    int near = firn_str_nearest(ns, list, count);
    if (near >= 0)
        firn_err_advise(err, "did you mean %.*s?", FIRN_STR_ARG(list[near]));
    return FIRN_E_NOTFOUND;
}

/* The name that RENAME TO says: within the table's namespace, or in another one. */
static firn_code new_name(altering *w, const alter_change *c, firn_ident *ret, firn_err *err)
{
    bool named = c->name_count > 2 && firn_str_ieq(c->names[0], w->run->catalog->name);
    firn_ident to = {.ns = w->ident.ns, .name = c->names[c->name_count - 1]};
    if (c->name_count > 1)
        FIRN_TRY(join(c->names + named, c->name_count - named - 1, w->a, &to.ns, err));
    if (to.name.n == 0 || memchr(to.name.p, '.', to.name.n))
        return firn_raise(err, FIRN_E_INVAL, "%s is no name for a table", firn_quote(to.name).s);
    FIRN_TRY(need_namespace(w, to.ns, err));
    *ret = to;
    return FIRN_OK;
}

static firn_code rename_table(altering *w, const alter_change *c, bool dry_run, firn_altered *ret,
                              firn_err *err)
{
    firn_catalog *catalog = w->run->catalog;
    firn_ident to;
    if (w->script->changes.n > 1) {
        firn_raise(err, FIRN_E_UNSUPPORTED, "a table gets its new name in a statement of its own");
        return firn_alter_where(w->r, c->offset, err);
    }
    if (!catalog->ops->rename) {
        firn_raise(err, FIRN_E_UNSUPPORTED, "catalog type %s does not rename tables",
                   catalog->ops->name);
        return firn_alter_where(w->r, c->offset, err);
    }
    firn_code named = new_name(w, c, &to, err);
    if (named != FIRN_OK) {
        firn_alter_where(w->r, c->offset, err);
        return named;
    }
    const char *line =
        firn_arena_printf(w->a, "~ table %.*s.%.*s → %.*s.%.*s\n", FIRN_STR_ARG(w->ident.ns),
                          FIRN_STR_ARG(w->ident.name), FIRN_STR_ARG(to.ns), FIRN_STR_ARG(to.name));
    if (!line)
        return firn_arena_raise(w->a, err);
    if (!dry_run) {
        firn_code code = catalog->ops->rename(catalog, w->ident, to, err);
        if (code != FIRN_OK) {
            firn_alter_where(w->r, c->offset, err);
            return code;
        }
    }
    *ret = (firn_altered){.ident = dry_run ? w->ident : to, .diff = firn_str_of(line)};
    return FIRN_OK;
}

/* A source knows nothing of the table's new names: it would bring the old ones again. */
static firn_code make_hint(const altering *w, const firn_metadata *base, firn_str *ret,
                           firn_err *err)
{
    *ret = (firn_str){"", 0};
    if (!firn_metadata_property(base, FIRN_POSITION_PROPERTY).p)
        return FIRN_OK;
    for (size_t i = 0; i < w->script->changes.n; i++) {
        const alter_change *c = &w->script->changes.v[i];
        const char *text = NULL;
        if (c->kind == ALTER_RENAME_COLUMN)
            text = firn_arena_printf(w->a,
                                     "the table is landed from a source; if that still says %.*s: "
                                     "columns: {%.*s: {from: %.*s}} in the project",
                                     FIRN_STR_ARG(c->name), FIRN_STR_ARG(c->value),
                                     FIRN_STR_ARG(c->name));
        else if (c->kind == ALTER_DROP_COLUMN)
            text =
                firn_arena_printf(w->a,
                                  "the table is landed from a source; if that still has %.*s, the "
                                  "next landing adds it again",
                                  FIRN_STR_ARG(c->name));
        else
            continue;
        *ret = firn_str_of(text);
        return text ? FIRN_OK : firn_arena_raise(w->a, err);
    }
    return FIRN_OK;
}

static firn_code alter(altering *w, bool dry_run, firn_altered *ret, firn_err *err)
{
    const firn_metadata *base;
    size_t updates;
    const alter_change *rename = renaming(w->script);
    if (rename)
        return rename_table(w, rename, dry_run, ret, err);
    FIRN_TRY(load(w, &base, err));
    FIRN_TRY(preview(w, base, &updates, err));
    const firn_metadata *now = base;
    if (updates && !dry_run)
        FIRN_TRY(commit(w, base, &now, err));
    *ret = (firn_altered){.ident = w->ident, .diff = w->diff, .schema_id = now->schema->schema_id};
    return make_hint(w, base, &ret->hint, err);
}

firn_code firn_alter_run(firn_context *run, const firn_query_conf *conf, bool dry_run,
                         firn_arena *a, firn_altered *ret, firn_err *err)
{
    alter_reader r;
    alter_script script;
    firn_err local = {0};
    FIRN_TRY(firn_alter_lex(conf, a, &r, err));
    FIRN_TRY(firn_alter_parse(&r, &script, err));
    altering w = {.run = run, .r = &r, .script = &script, .a = a};
    firn_code code = resolve(&w, &local);
    if (code == FIRN_E_NOTFOUND && script.if_exists) {
        *ret = (firn_altered){.missing = true, .diff = {"", 0}};
        return join(script.table, script.table_parts, a, &ret->ident.name, err);
    }
    if (code == FIRN_OK)
        code = alter(&w, dry_run, ret, &local);
    if (code != FIRN_OK && err)
        *err = local;
    return code;
}

/* --- for SQL ------------------------------------------------------------------------------- */

static firn_code add_row(const firn_altered *done, firn_str line, firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf name = FIRN_BUF(TEXT_MAX);
    FIRN_TRY(firn_buf_addstr(&name, done->ident.ns, err));
    FIRN_TRY(firn_buf_adds(&name, done->ident.ns.n ? "." : "", err));
    FIRN_TRY(firn_buf_addstr(&name, done->ident.name, err));
    FIRN_TRY(firn_buf_adds(out, out->n ? " UNION ALL SELECT " : "SELECT ", err));
    FIRN_TRY(firn_sql_text(out, firn_buf_str(&name), err));
    FIRN_TRY(firn_buf_adds(out, " AS \"table\", ", err));
    FIRN_TRY(firn_sql_text(out, line, err));
    return firn_buf_adds(out, " AS \"change\"", err);
}

firn_code firn_alter_statement(firn_context *run, const firn_query_conf *conf, firn_arena *a,
                               firn_str *ret_sql, firn_err *err)
{
    firn_altered done;
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    FIRN_TRY(firn_alter_run(run, conf, false, a, &done, err));
    firn_str rest = done.diff;
    if (rest.n == 0)
        FIRN_TRY(add_row(&done,
                         done.missing ? FIRN_STR_LIT("there is no such table")
                                      : FIRN_STR_LIT("nothing: it is so already"),
                         &sql, err));
    while (rest.n) {
        firn_str line = firn_str_cut(&rest, '\n');
        if (line.n)
            FIRN_TRY(add_row(&done, line, &sql, err));
    }
    *ret_sql = firn_arena_str(a, firn_buf_str(&sql));
    return ret_sql->p ? FIRN_OK : firn_arena_raise(a, err);
}
