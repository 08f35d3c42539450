/* SPDX-License-Identifier: Apache-2.0 */
/* firn tables, show, history: what is in the catalog, one table, its snapshots. */
#include "cli/common.h"
#include "cli/verbs.h"

#include "base/str.h"
#include "iceberg/position.h"

#include <inttypes.h>
#include <string.h>

/* --- the catalog of a project or of a warehouse -------------------------------------------- */

static firn_code open_read_only(firn_command *c, const firn_args *args, const char *warehouse,
                                firn_err *err)
{
    const firn_command_opt opt = {.read_only = true};
    if (warehouse)
        FIRN_TRY(firn_project_bare(c->env, FIRN_STR_LIT("lake"), firn_str_of(warehouse), c->arena,
                                   &c->project, err));
    else
        FIRN_TRY(firn_command_project(c, args, err));
    if (!firn_fs_exists(c->env, c->project->catalog.path)) {
        firn_raise(err, FIRN_E_NOTFOUND, "there is no catalog %s yet",
                   firn_quotec(c->project->catalog.path).s);
        return firn_err_advise(err, "`firn run` makes it");
    }
    return firn_command_open(c, args, &opt, err);
}

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

static uint64_t total(const firn_snapshot *s, const char *key)
{
    uint64_t n = 0;
    if (s)
        firn_str_u64(firn_snapshot_summary(s, key), &n);
    return n;
}

/* --- tables -------------------------------------------------------------------------------- */

static const firn_arg tables_args[] = {
    FIRN_ARG_PROJECT,
    FIRN_ARG_HELP,
    {NULL, 0, NULL, NULL},
};

static firn_code add_table_row(firn_command *c, firn_ident ident, firn_text_table *t, firn_err *err)
{
    const firn_metadata *m;
    char rows[32];
    char files[32];
    char bytes[24];
    char when[32] = "";
    FIRN_TRY(firn_table_load(c->run->catalog, c->run->io, ident, c->arena, &m, err));
    const firn_snapshot *s = firn_metadata_current(m);
    firn_human_count(total(s, "total-records"), rows);
    firn_human_count(total(s, "total-data-files"), files);
    firn_human_bytes(total(s, "total-files-size"), bytes);
    if (s)
        firn_human_time(s->timestamp_ms, when);
    const char *name =
        firn_arena_printf(c->arena, "%.*s.%.*s", FIRN_STR_ARG(ident.ns), FIRN_STR_ARG(ident.name));
    const char *const cells[] = {name, rows, files, bytes, when};
    return firn_text_table_add(t, cells, err);
}

static firn_code list_tables(firn_command *c, firn_text_table *t, firn_err *err)
{
    firn_ident *tables;
    size_t count;
    FIRN_TRY(c->run->catalog->ops->list_tables(c->run->catalog, c->arena, &tables, &count, err));
    for (size_t i = 0; i < count; i++)
        FIRN_TRY(add_table_row(c, tables[i], t, err));
    return FIRN_OK;
}

static firn_code tables(firn_command *c, const firn_args *args, int *ret_status FIRN_UNUSED,
                        firn_err *err)
{
    static const char *const heads[] = {"table", "rows", "files", "size", "last commit (UTC)"};
    static const bool right[] = {false, true, true, true, false};
    firn_text_table *t;
    size_t rest;
    const char *warehouse = warehouse_arg(c, args, &rest);
    firn_print_opt opt = firn_print_defaults();
    FIRN_TRY(open_read_only(c, args, warehouse, err));
    FIRN_TRY(firn_text_table_new(heads, FIRN_COUNT_OF(heads), right, &t, err));
    firn_code code = list_tables(c, t, err);
    if (code == FIRN_OK)
        code = firn_text_table_print(t, &opt, stdout, err);
    firn_text_table_free(t);
    return code;
}

/* --- show ---------------------------------------------------------------------------------- */

static firn_code print_columns(firn_command *c, const firn_metadata *m, firn_err *err)
{
    static const char *const heads[] = {"column", "type", "id", "required"};
    static const bool right[] = {false, false, true, false};
    firn_text_table *t;
    firn_print_opt opt = firn_print_defaults();
    const firn_type *schema = &m->schema->type;
    FIRN_TRY(firn_text_table_new(heads, FIRN_COUNT_OF(heads), right, &t, err));
    firn_code code = FIRN_OK;
    for (size_t i = 0; code == FIRN_OK && i < schema->field_count; i++) {
        const firn_field *f = &schema->fields[i];
        char id[16];
        snprintf(id, sizeof id, "%d", (int)f->id);
        const char *const cells[] = {firn_arena_strndup(c->arena, f->name.p, f->name.n),
                                     firn_type_text(&f->type, c->arena), id,
                                     f->required ? "yes" : ""};
        code = firn_text_table_add(t, cells, err);
    }
    if (code == FIRN_OK)
        code = firn_text_table_print(t, &opt, stdout, err);
    firn_text_table_free(t);
    return code;
}

static void print_partitions(const firn_metadata *m)
{
    printf("partitioned by:");
    for (size_t i = 0; i < m->spec->field_count; i++)
        printf(" %.*s", FIRN_STR_ARG(m->spec->fields[i].name));
    printf(m->spec->field_count ? "\n" : " nothing\n");
}

static firn_code print_position(firn_command *c, const firn_metadata *m, firn_err *err)
{
    firn_position p;
    FIRN_TRY(firn_position_find(c->run->io, m, c->arena, &p, err));
    const char *name;
    json_t *stream;
    json_object_foreach(json_object_get(p.root, "streams"), name, stream)
    {
        printf("landed from %s: %" PRId64 " commit%s\n", name,
               (int64_t)json_integer_value(json_object_get(stream, "seq")),
               json_integer_value(json_object_get(stream, "seq")) == 1 ? "" : "s");
    }
    return FIRN_OK;
}

static firn_code show(firn_command *c, const firn_args *args, int *ret_status FIRN_UNUSED,
                      firn_err *err)
{
    size_t rest;
    firn_ident ident;
    const firn_metadata *m;
    char rows[32];
    char bytes[24];
    const char *warehouse = warehouse_arg(c, args, &rest);
    if (rest >= args->rest_count)
        return firn_raise(err, FIRN_E_USAGE, "which table is to be shown?");
    FIRN_TRY(open_read_only(c, args, warehouse, err));
    FIRN_TRY(firn_command_table(c, args->rest[rest], &ident, &m, err));
    const firn_snapshot *s = firn_metadata_current(m);
    firn_human_count(total(s, "total-records"), rows);
    firn_human_bytes(total(s, "total-files-size"), bytes);
    uint64_t files = total(s, "total-data-files");
    printf("%.*s.%.*s: %s row%s, %s in %" PRIu64 " file%s\n", FIRN_STR_ARG(ident.ns),
           FIRN_STR_ARG(ident.name), rows, strcmp(rows, "1") == 0 ? "" : "s", bytes, files,
           files == 1 ? "" : "s");
    FIRN_TRY(print_columns(c, m, err));
    print_partitions(m);
    if (s) {
        char when[32];
        firn_human_time(s->timestamp_ms, when);
        printf("last commit: %s UTC, snapshot %" PRId64 "\n", when, s->snapshot_id);
    }
    FIRN_TRY(print_position(c, m, err));
    printf("location: %.*s\nmetadata: %.*s\n", FIRN_STR_ARG(m->location),
           FIRN_STR_ARG(m->location_of_file));
    return FIRN_OK;
}

/* --- history ------------------------------------------------------------------------------- */

static firn_code add_snapshot_row(firn_command *c, const firn_metadata *m, const firn_snapshot *s,
                                  firn_text_table *t, firn_err *err)
{
    char when[32];
    char id[24];
    char added[32];
    char deleted[32];
    char rows[32];
    firn_human_time(s->timestamp_ms, when);
    snprintf(id, sizeof id, "%" PRId64, s->snapshot_id);
    firn_human_count(total(s, "added-records"), added);
    firn_human_count(total(s, "deleted-records"), deleted);
    firn_human_count(total(s, "total-records"), rows);
    firn_str operation = firn_snapshot_summary(s, "operation");
    firn_str engine = firn_snapshot_summary(s, "engine-name");
    firn_str stream = firn_snapshot_summary(s, "firn.stream");
    bool stamped = firn_snapshot_summary(s, "firn.position").p ||
                   firn_snapshot_summary(s, "firn.position-size").p;
    const char *const cells[] = {when,
                                 id,
                                 firn_arena_strndup(c->arena, operation.p, operation.n),
                                 added,
                                 deleted,
                                 rows,
                                 firn_arena_strndup(c->arena, engine.p, engine.n),
                                 firn_arena_strndup(c->arena, stream.p, stream.n),
                                 stamped ? "yes" : "",
                                 s->snapshot_id == m->current_snapshot_id ? "current" : ""};
    return firn_text_table_add(t, cells, err);
}

static firn_code history(firn_command *c, const firn_args *args, int *ret_status FIRN_UNUSED,
                         firn_err *err)
{
    static const char *const heads[] = {"time (UTC)", "snapshot", "operation", "added",
                                        "deleted",    "rows",     "by",        "stream",
                                        "position",   ""};
    static const bool right[] = {false, true, false, true, true, true, false, false, false, false};
    size_t rest;
    firn_ident ident;
    const firn_metadata *m;
    firn_text_table *t;
    firn_print_opt opt = firn_print_defaults();
    const char *warehouse = warehouse_arg(c, args, &rest);
    if (rest >= args->rest_count)
        return firn_raise(err, FIRN_E_USAGE, "the history of which table?");
    FIRN_TRY(open_read_only(c, args, warehouse, err));
    FIRN_TRY(firn_command_table(c, args->rest[rest], &ident, &m, err));
    FIRN_TRY(firn_text_table_new(heads, FIRN_COUNT_OF(heads), right, &t, err));
    firn_code code = FIRN_OK;
    for (size_t i = 0; code == FIRN_OK && i < m->snapshot_count; i++)
        code = add_snapshot_row(c, m, &m->snapshots[i], t, err);
    if (code == FIRN_OK)
        code = firn_text_table_print(t, &opt, stdout, err);
    firn_text_table_free(t);
    return code;
}

/* --- verbs --------------------------------------------------------------------------------- */

static int verb_tables(const firn_args *args)
{
    return firn_command_do(args, tables);
}

static int verb_show(const firn_args *args)
{
    return firn_command_do(args, show);
}

static int verb_history(const firn_args *args)
{
    return firn_command_do(args, history);
}

const firn_verb firn_verb_tables = {
    .name = "tables",
    .synopsis = "[WAREHOUSE] [options]",
    .summary = "list the tables of the catalog",
    .details = "  firn tables\n  firn tables ./lake",
    .args = tables_args,
    .run = verb_tables,
};

const firn_verb firn_verb_show = {
    .name = "show",
    .synopsis = "[WAREHOUSE] TABLE [options]",
    .summary = "show a table: columns, size, last commit, what was landed",
    .details = "  firn show raw.orders\n  firn show ./lake raw.orders",
    .args = tables_args,
    .run = verb_show,
};

const firn_verb firn_verb_history = {
    .name = "history",
    .synopsis = "[WAREHOUSE] TABLE [options]",
    .summary = "show the snapshots of a table",
    .details =
        "Oldest first.  A snapshot with a position was made by firn and says up to where the\n"
        "sources were landed.\n"
        "\n"
        "  firn history raw.orders",
    .args = tables_args,
    .run = verb_history,
};
