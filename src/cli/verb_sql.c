/* SPDX-License-Identifier: Apache-2.0 */
/* firn sql: statements over the tables, one after the other. */
#include "cli/common.h"
#include "cli/value_text.h"
#include "cli/verbs.h"

#include "base/json.h"
#include "base/str.h"
#include "engine/sql_front.h"
#include "pipeline/statement.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const firn_arg sql_args[] = {
    FIRN_ARG_PROJECT,
    {"command", 'c', "SQL", "run this"},
    {"file", 'f', "FILE", "run the statements of a file; - is standard input"},
    {"format", 'o', "FORMAT", "table, csv or json (default: table)"},
    {"rows", 'n', "N", "rows of a table that are shown (default: 1000)"},
    {"no-prune", 0, NULL, "open all files of the tables, also those that cannot matter"},
    FIRN_ARG_MEMORY,
    FIRN_ARG_THREADS,
    FIRN_ARG_JSON,
    FIRN_ARG_HELP,
    {NULL, 0, NULL, NULL},
};

/* What is to be run, and how the results are to look. */
typedef struct sql_command {
    firn_command *c;
    const firn_args *args;
    firn_str script;
    const char *file; /* for messages; NULL: typed */
    firn_print_opt print;
    bool json_events;
} sql_command;

/* --- the script ---------------------------------------------------------------------------- */

static firn_code read_stdin(firn_arena *a, firn_str *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf b = FIRN_BUF((size_t)256 << 20);
    char block[65536];
    for (;;) {
        ssize_t n = read(STDIN_FILENO, block, sizeof block);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return firn_raise_errno(err, errno, "standard input");
        if (n == 0)
            break;
        FIRN_TRY(firn_buf_add(&b, block, (size_t)n, err));
    }
    *ret = firn_arena_str(a, firn_buf_str(&b));
    return ret->p ? FIRN_OK : firn_arena_raise(a, err);
}

static firn_code read_script(sql_command *q, const char *file, firn_err *err)
{
    firn_slice text;
    if (strcmp(file, "-") == 0)
        return read_stdin(q->c->arena, &q->script, err);
    q->file = file;
    FIRN_TRY(firn_fs_read(q->c->env, file, (uint64_t)256 << 20, q->c->arena, &text, err));
    q->script = (firn_str){(const char *)text.p, text.n};
    return FIRN_OK;
}

static bool is_folder(firn_command *c, const char *path)
{
    firn_stat st;
    return firn_fs_stat(c->env, path, &st, NULL) == FIRN_OK && st.is_dir;
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
    if (rest == 1 && a->rest_count == 2) {
        firn_raise(err, FIRN_E_USAGE, "there is no folder %s", firn_quotec(a->rest[0]).s);
        return firn_err_advise(err, "firn sql takes a warehouse and a statement, or a statement: "
                                    "put it in quotes");
    }
    if (rest < a->rest_count)
        return firn_raise(err, FIRN_E_USAGE, "%s is one argument too many",
                          firn_quotec(a->rest[rest]).s);
    if (command && file)
        return firn_raise(err, FIRN_E_USAGE, "either a statement or a file of them, not both");
    if (file)
        return read_script(q, file, err);
    if (command) {
        q->script = firn_str_of(command);
        return FIRN_OK;
    }
    if (!isatty(STDIN_FILENO))
        return read_stdin(q->c->arena, &q->script, err);
    firn_raise(err, FIRN_E_USAGE, "there is no statement to run");
    return firn_err_advise(err, "firn sql \"SELECT …\", firn sql -f FILE, or firn sql ./lake "
                                "\"SELECT …\"");
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
    if (code == FIRN_OK || none)
        return FIRN_OK;
    *err = local;
    return code;
}

/* --- results ------------------------------------------------------------------------------- */

static json_t *table_stats(const firn_query_table *t)
{
    return json_pack(
        "{s:o, s:o, s:I, s:I, s:I, s:I, s:I}", "namespace", firn_json_new_str(t->ident.ns), "table",
        firn_json_new_str(t->ident.name), "snapshot_id", (json_int_t)t->snapshot_id, "files_total",
        (json_int_t)t->files_total, "files_opened", (json_int_t)t->files_opened, "manifests_total",
        (json_int_t)t->manifests_total, "manifests_read", (json_int_t)t->manifests_read);
}

static firn_code send_rows(const firn_engine_ops *ops, firn_result *r, uint64_t *ret_rows,
                           firn_err *err)
{
    *ret_rows = 0;
    for (;;) {
        const firn_column *root;
        size_t rows;
        FIRN_TRY(ops->next(r, &root, &rows, err));
        if (rows == 0)
            return FIRN_OK;
        for (size_t i = 0; i < rows; i++) {
            FIRN_AUTO(firn_buf_free) firn_buf line = FIRN_BUF((size_t)1 << 30);
            FIRN_TRY(firn_buf_adds(&line, "{\"event\":\"row\",\"values\":", err));
            FIRN_TRY(firn_value_json(root, i, &line, err));
            FIRN_TRY(firn_buf_adds(&line, "}\n", err));
            if (fwrite(line.p, 1, line.n, stdout) != line.n)
                return firn_raise_errno(err, errno, "cannot write the result");
        }
        *ret_rows += rows;
    }
}

static firn_code print_events(sql_command *q, const firn_engine_ops *ops, firn_result *r,
                              const firn_query_table *tables, size_t count, firn_err *err)
{
    uint64_t rows;
    FIRN_TRY(send_rows(ops, r, &rows, err));
    json_t *list = json_array();
    for (size_t i = 0; list && i < count; i++)
        json_array_append_new(list, table_stats(&tables[i]));
    firn_event(&q->c->run->events, "query_finished",
               json_pack("{s:I, s:o}", "rows", (json_int_t)rows, "tables", list));
    return FIRN_OK;
}

static firn_code on_result(void *arg, const firn_engine_ops *ops, firn_result *r,
                           const firn_query_table *tables, size_t count, firn_err *err)
{
    sql_command *q = arg;
    if (q->json_events)
        return print_events(q, ops, r, tables, count, err);
    return firn_result_print(ops, r, &q->print, stdout, err);
}

/* --- running ------------------------------------------------------------------------------- */

/* The line and column (from 1) at which a statement begins in the script. */
static void place_of(firn_str script, const char *p, int *line, int *column)
{
    *line = 1;
    *column = 1;
    for (const char *s = script.p; s < p; s++) {
        bool continues = ((unsigned char)*s & 0xc0) == 0x80;
        *column = *s == '\n' ? 1 : *column + !continues;
        *line += *s == '\n';
    }
}

static firn_code run_statements(sql_command *q, firn_session *s, firn_err *err)
{
    firn_str *list;
    size_t count;
    FIRN_TRY(firn_sql_split(q->script, q->c->arena, &list, &count, err));
    if (count == 0)
        return firn_raise(err, FIRN_E_USAGE, "there is no statement to run");
    for (size_t i = 0; i < count; i++) {
        firn_query_conf conf = {
            .sql = list[i], .file = q->file, .prune = !firn_args_has(q->args, "no-prune")};
        place_of(q->script, list[i].p, &conf.line, &conf.column);
        FIRN_TRY(firn_context_check(q->c->run, err));
        FIRN_TRY(firn_statement_run(q->c->run, s, &conf, on_result, q, err));
        if (fflush(stdout) != 0) /* who reads need not wait for the next statement */
            return firn_raise_errno(err, errno, "cannot write the result");
    }
    return FIRN_OK;
}

static firn_code print_options(sql_command *q, firn_err *err)
{
    const char *format = firn_args_get(q->args, "format");
    const char *rows = firn_args_get(q->args, "rows");
    int64_t n;
    q->print = firn_print_defaults();
    q->json_events = firn_args_has(q->args, "json");
    if (format && !firn_print_format_parse(format, &q->print.format))
        return firn_raise(err, FIRN_E_USAGE, "--format takes table, csv or json, not %s",
                          firn_quotec(format).s);
    if (rows && (!firn_str_i64(firn_str_of(rows), &n) || n < 0))
        return firn_raise(err, FIRN_E_USAGE, "--rows wants a number, not %s", firn_quotec(rows).s);
    if (rows)
        q->print.max_rows = (size_t)n;
    return FIRN_OK;
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
    const char *warehouse;
    firn_session *s;
    FIRN_TRY(print_options(&q, err));
    FIRN_TRY(choose(&q, &warehouse, err));
    FIRN_TRY(find_tables(&q, warehouse, err));
    bool changes;
    FIRN_TRY(firn_statement_script_changes(q.script, c->arena, &changes, err));
    const firn_command_opt open = {.read_only = !changes,
                                   .keep_order = true,
                                   .on_event = q.json_events ? print_event_line : NULL};
    FIRN_TRY(firn_command_open(c, args, &open, err));
    firn_catch_signals(c->run);
    FIRN_TRY(firn_context_session(c->run, &s, err));
    firn_code code = run_statements(&q, s, err);
    firn_context_session_close(c->run, s);
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
        "\n"
        "  firn sql \"SELECT * FROM raw.orders WHERE order_date = DATE '2025-05-31'\"\n"
        "  firn sql ./lake \"FROM raw.orders LIMIT 10\"\n"
        "  firn sql \"FROM raw.orders AT (TIMESTAMP => '2025-05-30 18:00:00')\"\n"
        "  firn sql \"FROM iceberg('/data/orders')\"\n"
        "  firn sql \"FROM 'orders.csv'\"\n"
        "  firn sql -f report.sql -o csv > report.csv",
    .args = sql_args,
    .run = verb_sql,
};
