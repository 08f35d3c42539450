/* SPDX-License-Identifier: Apache-2.0 */
/* firn init: a project file for the files that are here. */
#include "cli/common.h"
#include "cli/verbs.h"

#include "base/str.h"

#include <string.h>
#include <unistd.h>

static const firn_arg init_args[] = {
    FIRN_ARG_HELP,
    {NULL, 0, NULL, NULL},
};

/* One file that a stream is written for. */
typedef struct found_file {
    firn_str name;
    const char *table;
} found_file;

typedef FIRN_VEC(found_file) found_files;

static bool is_data_file(firn_str name)
{
    static const char *const endings[] = {".json", ".jsonl", ".ndjson", ".csv", ".tsv"};
    firn_str bare = name;
    if (firn_str_ends(name, ".gz"))
        bare.n -= 3;
    for (size_t i = 0; i < FIRN_COUNT_OF(endings); i++)
        if (firn_str_ends(bare, endings[i]) && bare.p[0] != '.')
            return true;
    return false;
}

static firn_code find_files(firn_command *c, const char *folder, found_files *ret, firn_err *err)
{
    firn_str *names;
    size_t count;
    FIRN_TRY(firn_fs_list(c->env, folder, c->arena, &names, &count, err));
    for (size_t i = 0; i < count; i++) {
        if (!is_data_file(names[i]))
            continue;
        found_file f = {names[i], NULL};
        FIRN_TRY(firn_table_name_of(names[i], c->arena, &f.table, err));
        if (!firn_vec_push(c->arena, ret, f))
            return firn_arena_raise(c->arena, err);
    }
    if (ret->n)
        return FIRN_OK;
    firn_raise(err, FIRN_E_NOTFOUND, "there is no JSON or CSV file in %s", firn_quotec(folder).s);
    return firn_err_advise(err, "name the folder that holds the data: firn init FOLDER");
}

/* YAML in single quotes. */
static firn_code add_quoted(firn_str s, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_addc(out, '\'', err));
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\'')
            FIRN_TRY(firn_buf_addc(out, '\'', err));
        FIRN_TRY(firn_buf_addc(out, s.p[i], err));
    }
    return firn_buf_addc(out, '\'', err);
}

static firn_code write_project(const char *name, const char *folder, const found_files *files,
                               firn_buf *out, firn_err *err)
{
    FIRN_TRY(
        firn_buf_adds(out,
                      "# A firn project.  `firn check` looks it over, `firn run` lands what is "
                      "new and makes\n"
                      "# the models, `firn sql \"FROM raw.x\"` asks the tables.\n",
                      err));
    FIRN_TRY(firn_buf_addf(out, err, "name: '%s'\n", name));
    FIRN_TRY(firn_buf_adds(out,
                           "warehouse: ./lake            # the tables, and their catalog "
                           "lake/catalog.db\n\n"
                           "sources:\n"
                           "  data: {type: files, path: ",
                           err));
    FIRN_TRY(add_quoted(firn_str_of(folder), out, err));
    FIRN_TRY(firn_buf_adds(out,
                           "}\n\n"
                           "# One entry a stream.  Types are found out; to say them yourself:\n"
                           "#   columns: {amount: decimal(18,2), date: {type: date, format: "
                           "\"%d.%m.%Y\"}}\n"
                           "#   partition: [month(date)]\n"
                           "#   write: replace        # the newest files are all there is\n"
                           "ingest:\n",
                           err));
    for (size_t i = 0; i < files->n; i++) {
        FIRN_AUTO(firn_buf_free) firn_buf stream = FIRN_BUF((size_t)1 << 16);
        FIRN_TRY(firn_buf_adds(&stream, "data.", err));
        FIRN_TRY(firn_buf_addstr(&stream, files->v[i].name, err));
        FIRN_TRY(firn_buf_adds(out, "  - from: ", err));
        FIRN_TRY(add_quoted(firn_buf_str(&stream), out, err));
        FIRN_TRY(firn_buf_addf(out, err, "\n    into: raw.%s\n", files->v[i].table));
    }
    return firn_buf_adds(out,
                         "\n# models/curated/x.sql holds the SELECT that makes the table "
                         "curated.x\n",
                         err);
}

static firn_code write_model(const found_files *files, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out,
                           "/* firn\n"
                           "materialize: table\n"
                           "checks: [\"rows >= 0\"]\n"
                           "*/\n",
                           err));
    for (size_t i = 0; i < files->n; i++)
        FIRN_TRY(firn_buf_addf(out, err, "%sSELECT '%s' AS name, count(*) AS rows FROM raw.%s\n",
                               i ? "UNION ALL\n" : "", files->v[i].table, files->v[i].table));
    return FIRN_OK;
}

static firn_code init(firn_command *c, const firn_args *args, int *ret_status FIRN_UNUSED,
                      firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf project = FIRN_BUF((size_t)16 << 20);
    FIRN_AUTO(firn_buf_free) firn_buf model = FIRN_BUF((size_t)16 << 20);
    found_files files = {0};
    const char *cwd;
    const char *name;
    const char *folder = args->rest_count ? args->rest[0] : ".";
    if (args->rest_count > 1)
        return firn_raise(err, FIRN_E_USAGE, "one folder at a time");
    FIRN_TRY(firn_path_absolute(FIRN_STR_LIT("."), c->arena, &cwd, err));
    const char *file = firn_arena_printf(c->arena, "%s/%s", cwd, FIRN_PROJECT_FILE);
    const char *models = firn_arena_printf(c->arena, "%s/models/curated", cwd);
    const char *sql = firn_arena_printf(c->arena, "%s/models/curated/row_counts.sql", cwd);
    if (!file || !models || !sql)
        return firn_arena_raise(c->arena, err);
    if (firn_fs_exists(c->env, file)) {
        firn_raise(err, FIRN_E_EXISTS, "there is a %s here already", FIRN_PROJECT_FILE);
        return firn_err_advise(err, "firn check looks it over");
    }
    FIRN_TRY(find_files(c, folder, &files, err));
    firn_str here = firn_str_of(strrchr(cwd, '/') + 1);
    bool unnamed = here.n == 0 || here.p[0] == '.';
    FIRN_TRY(firn_table_name_of(unnamed ? FIRN_STR_LIT("project") : here, c->arena, &name, err));
    FIRN_TRY(write_project(name, folder, &files, &project, err));
    FIRN_TRY(write_model(&files, &model, err));
    FIRN_TRY(firn_fs_mkdirs(c->env, models, err));
    if (!firn_fs_exists(c->env, sql))
        FIRN_TRY(firn_fs_replace(c->env, sql, firn_buf_slice(&model), err));
    FIRN_TRY(firn_fs_replace(c->env, file, firn_buf_slice(&project), err));
    printf("wrote %s with %zu stream%s, and models/curated/row_counts.sql\nnext: firn run\n",
           FIRN_PROJECT_FILE, files.n, files.n == 1 ? "" : "s");
    return FIRN_OK;
}

static int verb_init(const firn_args *args)
{
    return firn_command_do(args, init);
}

const firn_verb firn_verb_init = {
    .name = "init",
    .synopsis = "[FOLDER]",
    .summary = "write a project for the JSON and CSV files of a folder",
    .details =
        "Writes firn.yml and a first model into the current folder.  The project runs as it is.\n"
        "\n"
        "  firn init data\n"
        "  firn run",
    .args = init_args,
    .run = verb_init,
};
