/* SPDX-License-Identifier: Apache-2.0 */
/* firn sql: statements over the tables, one after the other. */
#include "cli/common.h"
#include "cli/models.h"
#include "cli/sql_run.h"
#include "cli/verbs.h"

#include "base/json.h"
#include "base/str.h"
#include "pipeline/statement.h"

#include <string.h>
#include <unistd.h>

static const firn_arg sql_args[] = {
    FIRN_ARG_PROJECT,
    FIRN_ARG_VAR,
    {"command", 'c', "SQL", "run this"},
    {"file", 'f', "FILE", "run the statements of a file; - is standard input"},
    {"format", 'o', "FORMAT",
     "box, table, csv, json, jsonl, markdown, line or parquet (default: box on a terminal, else "
     "table)"},
    {"output", 0, "FILE", "write the result there"},
    {"rows", 'n', "N", "rows of a box or table that are shown, or all (default: 1000)"},
    {"no-prune", 0, NULL, "open all files of the tables, also those that cannot matter"},
    FIRN_ARG_MEMORY,
    FIRN_ARG_THREADS,
    FIRN_ARG_JSON,
    FIRN_ARG_HELP,
    {NULL, 0, NULL, NULL},
};

/* What is to be run. */
typedef struct sql_command {
    firn_command *c;
    const firn_args *args;
    firn_str script;
    const char *file; /* for messages; NULL: typed */
    bool shell;       /* nothing yet: it is going to be typed */
} sql_command;

/* --- what the command line says ------------------------------------------------------------ */

static firn_code read_script(sql_command *q, const char *file, firn_err *err)
{
    if (strcmp(file, "-") != 0)
        q->file = file;
    return firn_sql_read(q->c, file, q->c->arena, &q->script, err);
}

static bool is_folder(firn_command *c, const char *path)
{
    firn_stat st;
    return firn_fs_stat(c->env, path, &st, NULL) == FIRN_OK && st.is_dir;
}

/* No statement begins so. */
static bool looks_like_path(const char *text)
{
    bool path = text[0] == '/' || text[0] == '~' || strncmp(text, "./", 2) == 0 ||
                strncmp(text, "../", 3) == 0;
    return path && !strchr(text, ' ') && strncmp(text, "/*", 2) != 0;
}

/* What stands first may have been meant as a warehouse; `rest`: the words that are understood. */
static firn_code check_folder(const firn_args *a, size_t rest, const char *command, firn_err *err)
{
    if (rest != 1)
        return FIRN_OK;
    if (command && looks_like_path(command)) {
        firn_raise(err, FIRN_E_USAGE, "there is no folder %s", firn_quotec(command).s);
        return firn_err_advise(err, "firn load FILES --into %s makes a warehouse", command);
    }
    if (a->rest_count != 2)
        return FIRN_OK;
    firn_raise(err, FIRN_E_USAGE, "there is no folder %s", firn_quotec(a->rest[0]).s);
    return firn_err_advise(err, "firn sql takes a warehouse and a statement, or a statement: "
                                "put it in quotes");
}

/* firn sql [WAREHOUSE] [SQL] */
static firn_code choose(sql_command *q, const char **ret_warehouse, firn_err *err)
{
    const firn_args *a = q->args;
    const char *command = firn_args_get(a, "command");
    const char *file = firn_args_get(a, "file");
    size_t rest = 0;
    *ret_warehouse = NULL;
    if (rest < a->rest_count && is_folder(q->c, a->rest[rest]))
        *ret_warehouse = a->rest[rest++];
    if (!command && !file && rest < a->rest_count)
        command = a->rest[rest++];
    FIRN_TRY(check_folder(a, rest, command, err));
    if (rest < a->rest_count) {
        firn_raise(err, FIRN_E_USAGE, "%s is one argument too many", firn_quotec(a->rest[rest]).s);
        return firn_err_advise(err, "a statement is one argument: put it in quotes, "
                                    "firn sql \"FROM raw.orders LIMIT 10\"");
    }
    if (command && file)
        return firn_raise(err, FIRN_E_USAGE, "either a statement or a file of them, not both");
    if (file)
        return read_script(q, file, err);
    if (command) {
        q->script = firn_str_of(command);
        return FIRN_OK;
    }
    q->shell = isatty(STDIN_FILENO) && !firn_args_has(a, "json");
    return q->shell ? FIRN_OK : read_script(q, "-", err);
}

/* A model that is wrong is no reason not to answer: its project is asked without its views. */
static firn_code find_views(sql_command *q, firn_err *err)
{
    firn_model *models;
    size_t count;
    firn_err local = {0};
    firn_code code = firn_command_models(q->c, q->args, &models, &count, &local);
    if (code != FIRN_E_CONFIG) {
        if (code != FIRN_OK)
            *err = local;
        return code;
    }
    fprintf(stderr, "note: the project's views are left out: %s%s%s\n", local.where,
            local.where[0] ? ": " : "", local.text);
    return FIRN_OK;
}

/* The warehouse given, the project here, or (for statements over files) neither. */
static firn_code find_tables(sql_command *q, const char *warehouse, firn_err *err)
{
    firn_command *c = q->c;
    if (warehouse) {
        firn_str path = firn_str_of(warehouse);
        const char *db = firn_arena_printf(c->arena, "%s/catalog.db", warehouse);
        if (db && !firn_fs_exists(c->env, db)) {
            firn_raise(err, FIRN_E_NOTFOUND, "%s holds no catalog.db", firn_quotec(warehouse).s);
            return firn_err_advise(err, "firn load FILES --into %s makes one", warehouse);
        }
        return firn_project_bare(c->env, FIRN_STR_LIT("lake"), path, c->arena, &c->project, err);
    }
    firn_err local = {0};
    firn_code code = firn_command_project(c, q->args, &local);
    bool none =
        code != FIRN_OK && local.id == FIRN_ID_NO_PROJECT && !firn_args_has(q->args, "project");
    if (code == FIRN_OK)
        return find_views(q, err);
    if (none)
        return FIRN_OK;
    *err = local;
    return code;
}

/* --- running ------------------------------------------------------------------------------- */

/* "all", or a number. */
static firn_code rows_option(const char *text, size_t *ret, firn_err *err)
{
    int64_t n;
    if (strcmp(text, "all") == 0) {
        *ret = SIZE_MAX;
        return FIRN_OK;
    }
    if (!firn_str_i64(firn_str_of(text), &n) || n < 0)
        return firn_raise(err, FIRN_E_USAGE, "--rows wants a number or all, not %s",
                          firn_quotec(text).s);
    *ret = (size_t)n;
    return FIRN_OK;
}

/* On a terminal results are for people, elsewhere for whoever reads: wide tables stay whole. */
static firn_code print_options(const firn_args *args, firn_sql_run *q, firn_err *err)
{
    const char *format = firn_args_get(args, "format");
    const char *rows = firn_args_get(args, "rows");
    q->print = firn_print_defaults();
    q->fitted = isatty(STDOUT_FILENO);
    q->print.format = q->fitted ? FIRN_PRINT_BOX : FIRN_PRINT_TABLE;
    q->print.more_rows = "-n all shows all";
    q->print.more_columns = "-o line and -o table show all";
    q->json_events = firn_args_has(args, "json");
    q->prune = !firn_args_has(args, "no-prune");
    if (format && !firn_print_format_parse(format, &q->print.format))
        return firn_raise(err, FIRN_E_USAGE, "--format takes " FIRN_PRINT_WORDS ", not %s",
                          firn_quotec(format).s);
    return rows ? rows_option(rows, &q->print.max_rows, err) : FIRN_OK;
}

static firn_code run_script(sql_command *q, firn_sql_run *r, firn_err *err)
{
    size_t count;
    FIRN_TRY(firn_sql_script(r, q->script, q->file, &count, err));
    if (count == 0)
        return firn_raise(err, FIRN_E_USAGE, "there is no statement to run");
    return FIRN_OK;
}

static firn_code run_to(sql_command *q, firn_sql_run *r, firn_err *err)
{
    const char *output = firn_args_get(q->args, "output");
    if (output)
        FIRN_TRY(firn_sql_output(r, output, !q->shell, err));
    firn_code code = q->shell ? firn_shell_run(r, err) : run_script(q, r, err);
    firn_code closed = firn_sql_output_close(r, code == FIRN_OK, code == FIRN_OK ? err : NULL);
    return code == FIRN_OK ? closed : code;
}

static void print_event_line(void *arg FIRN_UNUSED, const json_t *event)
{
    FIRN_AUTO(firn_buf_free) firn_buf line = FIRN_BUF((size_t)64 << 20);
    if (firn_json_print(event, 0, &line, NULL) == FIRN_OK)
        printf("%s\n", firn_buf_cstr(&line));
}

static firn_code run(firn_command *c, const firn_args *args, int *ret_status FIRN_UNUSED,
                     firn_err *err)
{
    sql_command q = {.c = c, .args = args};
    firn_sql_run r = {.c = c, .args = args};
    const char *warehouse;
    bool changes;
    FIRN_TRY(print_options(args, &r, err));
    FIRN_TRY(choose(&q, &warehouse, err));
    FIRN_TRY(find_tables(&q, warehouse, err));
    FIRN_TRY(firn_statement_script_changes(q.script, c->arena, &changes, err));
    const firn_command_opt open = {.read_only = !changes,
                                   .keep_order = true,
                                   .on_event = r.json_events ? print_event_line : NULL};
    FIRN_TRY(firn_command_open(c, args, &open, err));
    r.read_only = !changes;
    if (!q.shell)
        firn_catch_signals(c->run);
    firn_code code = run_to(&q, &r, err);
    if (r.session)
        firn_context_session_close(c->run, r.session);
    return code;
}

static int verb_sql(const firn_args *args)
{
    return firn_command_do(args, run);
}

const firn_verb firn_verb_sql = {
    .name = "sql",
    .synopsis = "[WAREHOUSE] [SQL] [options]",
    .summary = "ask the tables with SQL",
    .details =
        "Tables are namespace.table or catalog.namespace.table; each is seen at one snapshot,\n"
        "the one at the start, or the one that AT (VERSION|TIMESTAMP|BRANCH|TAG => …) asks for.\n"
        "Only files that can matter are opened.  Without a project: name a warehouse, or ask\n"
        "files, or iceberg('FOLDER') for a table in no catalog.  SHOW and DESCRIBE list and\n"
        "describe tables; ALTER TABLE changes them.  docs/SQL.md says it all.\n"
        "On a terminal and without a statement it is a shell; .help says what can be typed there.\n"
        "\n"
        "  firn sql \"SELECT * FROM raw.orders WHERE order_date = DATE '2025-05-31'\"\n"
        "  firn sql ./lake \"FROM raw.orders LIMIT 10\"\n"
        "  firn sql \"FROM raw.orders AT (TIMESTAMP => '2025-05-30 18:00:00')\"\n"
        "  firn sql \"FROM iceberg('/data/orders')\"\n"
        "  firn sql \"FROM 'orders.csv'\"\n"
        "  firn sql -f report.sql -o csv > report.csv\n"
        "  firn sql \"FROM raw.orders\" -o parquet --output orders.parquet",
    .args = sql_args,
    .run = verb_sql,
};
