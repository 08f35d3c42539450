/* SPDX-License-Identifier: Apache-2.0 */
/* firn tables: what is in the catalog; and what the verbs about tables share. */
#include "cli/table_args.h"
#include "cli/verbs.h"

#include "base/str.h"
#include "pipeline/located.h"

#include <errno.h>
#include <string.h>

/* --- the catalog of a project or of a warehouse -------------------------------------------- */

/* Whether the first argument is a folder with a catalog, as in `firn show ./lake raw.orders`. */
static const char *warehouse_arg(firn_command *c, const firn_args *args, size_t *rest)
{
    *rest = 0;
    if (args->rest_count == 0)
        return NULL;
    const char *db = firn_arena_printf(c->arena, "%s/catalog.db", args->rest[0]);
    if (!db || !firn_fs_exists(c->env, db))
        return NULL;
    *rest = 1;
    return args->rest[0];
}

/* A word that means a folder: it has a slash, or is one. */
static bool is_no_warehouse(firn_command *c, const char *word)
{
    firn_stat st;
    return strchr(word, '/') || (firn_fs_stat(c->env, word, &st, NULL) == FIRN_OK && st.is_dir);
}

static firn_code no_warehouse(const char *folder, firn_err *err)
{
    firn_raise(err, FIRN_E_NOTFOUND, "%s is no warehouse: it holds no catalog.db",
               firn_quotec(folder).s);
    return firn_err_advise(err,
                           "name the folder that a project calls `warehouse`; or make one: "
                           "firn load FILES --into %.200s",
                           folder);
}

firn_code firn_command_lake(firn_command *c, const firn_args *args, const char *what,
                            size_t *ret_rest, firn_err *err)
{
    const firn_command_opt opt = {.read_only = true};
    const char *warehouse = warehouse_arg(c, args, ret_rest);
    if (what && *ret_rest >= args->rest_count)
        return firn_raise(err, FIRN_E_USAGE, "%s", what);
    if (warehouse)
        FIRN_TRY(firn_project_bare(c->env, FIRN_STR_LIT("lake"), firn_str_of(warehouse), c->arena,
                                   &c->project, err));
    else if (args->rest_count && is_no_warehouse(c, args->rest[0]))
        return no_warehouse(args->rest[0], err);
    else
        FIRN_TRY(firn_command_project(c, args, err));
    if (!firn_fs_exists(c->env, c->project->catalog.path)) {
        firn_raise(err, FIRN_E_NOTFOUND, "there is no catalog %s yet",
                   firn_quotec(c->project->catalog.path).s);
        return firn_err_advise(err, "`firn run` makes it");
    }
    return firn_command_open(c, args, &opt, err);
}

static firn_code nearest_table(firn_command *c, const char *name, firn_err *err)
{
    firn_ident *tables;
    size_t count;
    firn_str names[512];
    FIRN_TRY(c->run->catalog->ops->list_tables(c->run->catalog, c->arena, &tables, &count, err));
    count = FIRN_MIN(count, FIRN_COUNT_OF(names));
    for (size_t i = 0; i < count; i++)
        names[i] = firn_str_of(firn_arena_printf(c->arena, "%.*s.%.*s", FIRN_STR_ARG(tables[i].ns),
                                                 FIRN_STR_ARG(tables[i].name)));
    firn_raise(err, FIRN_E_NOTFOUND, "there is no table %s", firn_quotec(name).s);
    int near = firn_str_nearest(firn_str_of(name), names, count);
    if (near >= 0)
        return firn_err_advise(err, "did you mean %.*s?", FIRN_STR_ARG(names[near]));
    return firn_err_advise(err, "`firn tables` lists those there are");
}

firn_code firn_command_table(firn_command *c, const char *name, firn_ident *ident,
                             const firn_metadata **ret, firn_err *err)
{
    firn_err local = {0};
    firn_str text = firn_str_of(name);
    firn_str rest = text;
    firn_str first = firn_str_cut(&rest, '.');
    if (rest.p && memchr(rest.p, '.', rest.n) && firn_str_eq(first, c->run->catalog->name))
        text = rest; /* lake.raw.orders */
    if (firn_ident_parse(text, c->arena, ident, NULL) != FIRN_OK)
        return nearest_table(c, name, err);
    firn_code code = firn_table_load(c->run->catalog, c->run->io, *ident, c->arena, ret, &local);
    if (code == FIRN_E_NOTFOUND)
        return nearest_table(c, name, err);
    if (code != FIRN_OK)
        *err = local;
    return code;
}

/* Whether an argument is meant as the place of a table: no name of one has a slash. */
static bool is_place(const char *arg)
{
    return strchr(arg, '/') || firn_str_ends(firn_str_of(arg), ".metadata.json");
}

static firn_code table_at_place(firn_command *c, const firn_args *args, firn_ident *ret_ident,
                                const firn_metadata **ret, firn_err *err)
{
    const firn_command_opt opt = {.read_only = true};
    const firn_located_conf conf = {.where = firn_str_of(args->rest[0]), .version = -1};
    firn_located found;
    FIRN_TRY(firn_command_open(c, args, &opt, err));
    FIRN_TRY(firn_located_load(c->env, &conf, c->arena, &found, err));
    *ret_ident = (firn_ident){.ns = {"", 0}, .name = conf.where};
    *ret = found.metadata;
    return FIRN_OK;
}

firn_code firn_command_find_table(firn_command *c, const firn_args *args, const char *what,
                                  size_t *ret_rest, firn_ident *ret_ident,
                                  const firn_metadata **ret, firn_err *err)
{
    size_t rest;
    if (!warehouse_arg(c, args, &rest) && args->rest_count && is_place(args->rest[0])) {
        *ret_rest = 1;
        return table_at_place(c, args, ret_ident, ret, err);
    }
    FIRN_TRY(firn_command_lake(c, args, what, &rest, err));
    *ret_rest = rest + 1;
    return firn_command_table(c, args->rest[rest], ret_ident, ret, err);
}

firn_code firn_command_table_at(firn_command *c, const firn_args *args, const char *what,
                                firn_table_at *ret, firn_err *err)
{
    size_t rest;
    const char *at = firn_args_get(args, "at");
    firn_table_at t = {.at = {.kind = FIRN_AT_CURRENT}};
    if (at)
        FIRN_TRY(firn_at_parse(firn_str_of(at), &t.at, err));
    FIRN_TRY(firn_command_find_table(c, args, what, &rest, &t.ident, &t.metadata, err));
    if (rest < args->rest_count)
        return firn_raise(err, FIRN_E_USAGE, "%s is one argument too many",
                          firn_quotec(args->rest[rest]).s);
    FIRN_TRY(firn_at_resolve(t.metadata, &t.at, &t.snapshot, &t.schema, err));
    *ret = t;
    return FIRN_OK;
}

firn_code firn_command_totals(firn_command *c, const firn_metadata *m, const firn_snapshot *s,
                              firn_totals *ret, firn_err *ret_why, firn_err *err)
{
    firn_err_clear(ret_why);
    firn_code code = firn_snapshot_totals(c->run->io, m, s, ret, ret_why);
    if (code == FIRN_OK)
        return FIRN_OK;
    *ret = (firn_totals){-1, -1, -1, -1, -1, -1};
    if (code != FIRN_E_NOMEM && code != FIRN_E_CANCELLED)
        return FIRN_OK;
    *err = *ret_why;
    return code;
}

void firn_human_total(int64_t n, char out[32])
{
    if (n >= 0)
        firn_human_count((uint64_t)n, out);
    else
        memcpy(out, "?", 2);
}

/* --- JSON ---------------------------------------------------------------------------------- */

static json_t *known(int64_t n)
{
    return n >= 0 ? json_integer(n) : json_null();
}

firn_code firn_command_print_json(const json_t *j, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)1 << 30);
    FIRN_TRY(firn_json_print(j, 2, &text, err));
    if (fwrite(text.p, 1, text.n, stdout) != text.n || putchar('\n') == EOF || fflush(stdout) != 0)
        return firn_raise_errno(err, errno, "cannot write the result");
    return FIRN_OK;
}

firn_code firn_json_set_text(json_t *o, const char *key, firn_str text, firn_err *err)
{
    return firn_json_set(o, key, text.p ? firn_json_new_str(text) : json_null(), err);
}

firn_code firn_json_set_snapshot(json_t *o, const firn_snapshot *s, firn_err *err)
{
    if (!s)
        return firn_json_set(o, "snapshot_id", json_null(), err);
    FIRN_TRY(firn_json_set(o, "snapshot_id", json_integer(s->snapshot_id), err));
    return firn_json_set(o, "timestamp_ms", json_integer(s->timestamp_ms), err);
}

firn_code firn_json_set_totals(json_t *o, const firn_totals *t, firn_err *err)
{
    FIRN_TRY(firn_json_set(o, "rows", known(t->rows), err));
    FIRN_TRY(firn_json_set(o, "data_files", known(t->data_files), err));
    FIRN_TRY(firn_json_set(o, "delete_files", known(t->delete_files), err));
    FIRN_TRY(firn_json_set(o, "position_deletes", known(t->position_deletes), err));
    FIRN_TRY(firn_json_set(o, "equality_deletes", known(t->equality_deletes), err));
    return firn_json_set(o, "bytes", known(t->bytes), err);
}

/* --- tables -------------------------------------------------------------------------------- */

static const firn_arg tables_args[] = {
    FIRN_ARG_PROJECT,
    FIRN_ARG_JSON_DOCUMENT,
    FIRN_ARG_HELP,
    {NULL, 0, NULL, NULL},
};

static firn_code add_table_row(firn_command *c, firn_ident ident, const firn_metadata *m,
                               const firn_totals *totals, firn_text_table *t, firn_err *err)
{
    char rows[32];
    char files[32];
    char bytes[24] = "?";
    char when[32] = "";
    const firn_snapshot *s = firn_metadata_current(m);
    firn_human_total(totals->rows, rows);
    firn_human_total(totals->data_files, files);
    if (totals->bytes >= 0)
        firn_human_bytes((uint64_t)totals->bytes, bytes);
    if (s)
        firn_human_time(s->timestamp_ms, when);
    const char *name =
        firn_arena_printf(c->arena, "%.*s.%.*s", FIRN_STR_ARG(ident.ns), FIRN_STR_ARG(ident.name));
    const char *const cells[] = {name, rows, files, bytes, when};
    return firn_text_table_add(t, cells, err);
}

static firn_code add_table_json(firn_ident ident, const firn_metadata *m, const firn_totals *totals,
                                json_t *list, firn_err *err)
{
    json_t *o = json_object();
    FIRN_TRY(firn_json_append(list, o, err));
    FIRN_TRY(firn_json_set(o, "namespace", firn_json_new_str(ident.ns), err));
    FIRN_TRY(firn_json_set(o, "table", firn_json_new_str(ident.name), err));
    FIRN_TRY(firn_json_set(o, "format_version", json_integer(m->format_version), err));
    FIRN_TRY(firn_json_set(o, "location", firn_json_new_str(m->location), err));
    FIRN_TRY(firn_json_set(o, "metadata", firn_json_new_str(m->location_of_file), err));
    FIRN_TRY(firn_json_set_snapshot(o, firn_metadata_current(m), err));
    return firn_json_set_totals(o, totals, err);
}

/* Views that the catalog keeps, behind the tables. */
static firn_code add_view_rows(firn_command *c, firn_text_table *t, firn_err *err)
{
    firn_ident *views;
    size_t count;
    FIRN_TRY(firn_views_list(NULL, 0, c->run->catalog, c->arena, &views, &count, err));
    for (size_t i = 0; i < count; i++) {
        const char *name = firn_arena_printf(c->arena, "%.*s.%.*s", FIRN_STR_ARG(views[i].ns),
                                             FIRN_STR_ARG(views[i].name));
        const char *const cells[] = {name, "view", "", "", ""};
        FIRN_TRY(firn_text_table_add(t, cells, err));
    }
    return FIRN_OK;
}

static firn_code list_tables(firn_command *c, firn_text_table *t, json_t *list, firn_err *err)
{
    firn_ident *tables;
    size_t count;
    FIRN_TRY(c->run->catalog->ops->list_tables(c->run->catalog, c->arena, &tables, &count, err));
    for (size_t i = 0; i < count; i++) {
        const firn_metadata *m;
        firn_totals totals;
        firn_err why;
        FIRN_TRY(firn_table_load(c->run->catalog, c->run->io, tables[i], c->arena, &m, err));
        FIRN_TRY(firn_command_totals(c, m, firn_metadata_current(m), &totals, &why, err));
        FIRN_TRY(list ? add_table_json(tables[i], m, &totals, list, err)
                      : add_table_row(c, tables[i], m, &totals, t, err));
    }
    return list ? FIRN_OK : add_view_rows(c, t, err);
}

static firn_code views_to_json(firn_command *c, json_t *root, firn_err *err)
{
    firn_ident *views;
    size_t count;
    json_t *list = json_array();
    FIRN_TRY(firn_json_set(root, "views", list, err));
    FIRN_TRY(firn_views_list(NULL, 0, c->run->catalog, c->arena, &views, &count, err));
    for (size_t i = 0; i < count; i++) {
        json_t *o = json_object();
        FIRN_TRY(firn_json_append(list, o, err));
        FIRN_TRY(firn_json_set(o, "namespace", firn_json_new_str(views[i].ns), err));
        FIRN_TRY(firn_json_set(o, "view", firn_json_new_str(views[i].name), err));
    }
    return FIRN_OK;
}

static firn_code tables_as_json(firn_command *c, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *root = json_object();
    json_t *list = json_array();
    FIRN_TRY(firn_json_set(root, "v", json_integer(1), err));
    FIRN_TRY(firn_json_set(root, "tables", list, err));
    FIRN_TRY(list_tables(c, NULL, list, err));
    FIRN_TRY(views_to_json(c, root, err));
    return firn_command_print_json(root, err);
}

static firn_code tables(firn_command *c, const firn_args *args, int *ret_status FIRN_UNUSED,
                        firn_err *err)
{
    static const char *const heads[] = {"table", "rows", "files", "size", "last commit (UTC)"};
    static const bool right[] = {false, true, true, true, false};
    firn_text_table *t;
    size_t rest;
    firn_print_opt opt = firn_print_defaults();
    FIRN_TRY(firn_command_lake(c, args, NULL, &rest, err));
    if (rest < args->rest_count) {
        firn_raise(err, FIRN_E_USAGE, "%s is one argument too many",
                   firn_quotec(args->rest[rest]).s);
        return firn_err_advise(err, "of one table: firn show %.200s", args->rest[rest]);
    }
    if (firn_args_has(args, "json"))
        return tables_as_json(c, err);
    FIRN_TRY(firn_text_table_new(heads, FIRN_COUNT_OF(heads), right, &t, err));
    firn_code code = list_tables(c, t, NULL, err);
    if (code == FIRN_OK)
        code = firn_text_table_print(t, &opt, stdout, err);
    firn_text_table_free(t);
    return code;
}

static int verb_tables(const firn_args *args)
{
    return firn_command_do(args, tables);
}

const firn_verb firn_verb_tables = {
    .name = "tables",
    .synopsis = "[WAREHOUSE] [options]",
    .summary = "list the tables and views of the catalog",
    .details = "  firn tables\n  firn tables ./lake",
    .args = tables_args,
    .run = verb_tables,
};
