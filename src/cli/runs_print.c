/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/runs_print.h"
#include "cli/help_docs.h"

#include "base/errprint.h"
#include "base/str.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- rows ---------------------------------------------------------------------------------- */

const char *firn_row_text(const json_t *row, const char *key)
{
    const char *s = json_string_value(json_object_get(row, key));
    return s ? s : "";
}

int64_t firn_row_num(const json_t *row, const char *key)
{
    return json_integer_value(json_object_get(row, key));
}

bool firn_row_has(const json_t *row, const char *key)
{
    const json_t *v = json_object_get(row, key);
    return v && !json_is_null(v);
}

const char *firn_row_table(const json_t *row, firn_arena *a)
{
    return firn_arena_printf(a, "%s.%s", firn_row_text(row, "namespace"),
                             firn_row_text(row, "table"));
}

static double real(const json_t *row, const char *key)
{
    return json_number_value(json_object_get(row, key));
}

void firn_print_kept_error(const json_t *error, const char *table, FILE *f)
{
    const char *id = firn_row_text(error, "id");
    firn_err err = {.code = FIRN_E_IO};
    err.id = id[0] == 'E' ? (uint16_t)strtoul(id + 1, NULL, 10) : 0;
    snprintf(err.where, sizeof err.where, "%s", firn_row_text(error, "where"));
    snprintf(err.text, sizeof err.text, "%s: %s", table, firn_row_text(error, "text"));
    snprintf(err.advice, sizeof err.advice, "%s", firn_row_text(error, "advice"));
    firn_err_print(&err, f, firn_use_colour(f));
}

/* --- cells --------------------------------------------------------------------------------- */

static const char *count_cell(const json_t *row, const char *key, bool zero, firn_arena *a)
{
    char text[32];
    int64_t n = firn_row_num(row, key);
    if (!firn_row_has(row, key) || (n == 0 && !zero))
        return "";
    firn_human_count((uint64_t)n, text);
    return firn_arena_strdup(a, text);
}

static const char *bytes_cell(const json_t *row, const char *key, firn_arena *a)
{
    char text[24];
    if (firn_row_num(row, key) <= 0)
        return "";
    firn_human_bytes((uint64_t)firn_row_num(row, key), text);
    return firn_arena_strdup(a, text);
}

static const char *seconds_cell(const json_t *row, const char *key, firn_arena *a)
{
    char text[32];
    if (!firn_row_has(row, key))
        return "";
    firn_human_seconds(real(row, key), text);
    return firn_arena_strdup(a, text);
}

static const char *microseconds(void)
{
    return firn_print_defaults().unicode ? "µs" : "us";
}

static const char *cost_cell(const json_t *row, firn_arena *a)
{
    if (!firn_row_has(row, "cpu_us_per_row"))
        return "";
    return firn_arena_printf(a, "%.2f %s", real(row, "cpu_us_per_row"), microseconds());
}

static const char *snapshot_cell(const json_t *row, firn_arena *a)
{
    if (!firn_row_has(row, "snapshot_id"))
        return "";
    return firn_arena_printf(a, "%" PRId64, firn_row_num(row, "snapshot_id"));
}

/* "2025-05-31 10:11:12" of 2025-05-31T10:11:12.123456Z. */
static const char *time_cell(const json_t *row, const char *key, firn_arena *a)
{
    char *text = firn_arena_printf(a, "%.19s", firn_row_text(row, key));
    if (text && strlen(text) == 19)
        text[10] = ' ';
    return text;
}

/* What became of a run, in a word or two. */
static const char *outcome_cell(const json_t *run, firn_arena *a)
{
    const char *state = firn_row_text(run, "state");
    int64_t exit = firn_row_num(run, "exit");
    if (strcmp(state, "finished") != 0)
        return state;
    if (exit == 0)
        return "done";
    return firn_arena_printf(a, "%s (exit %" PRId64 ")",
                             exit == 3   ? "rejects"
                             : exit == 4 ? "a check failed"
                                         : "failed",
                             exit);
}

/* --- a list of runs ------------------------------------------------------------------------ */

static firn_code add_run(firn_command *c, const json_t *run, firn_text_table *t, firn_err *err)
{
    const char *const cells[] = {
        firn_arena_printf(c->arena, "%.8s", firn_row_text(run, "run")),
        time_cell(run, "started_at", c->arena),
        outcome_cell(run, c->arena),
        count_cell(run, "rows", true, c->arena),
        count_cell(run, "rejects", false, c->arena),
        bytes_cell(run, "bytes_read", c->arena),
        seconds_cell(run, "seconds", c->arena),
        cost_cell(run, c->arena),
        bytes_cell(run, "peak_memory", c->arena),
        firn_arena_printf(c->arena, "%.60s", firn_row_text(run, "command")),
    };
    return firn_text_table_add(t, cells, err);
}

firn_code firn_print_runs(firn_command *c, const json_t *runs, firn_err *err)
{
    static const char *const heads[] = {"run",  "began (UTC)", "outcome",   "rows",   "rejects",
                                        "read", "time",        "CPU a row", "memory", "command"};
    static const bool right[] = {false, false, false, true, true, true, true, true, true, false};
    firn_text_table *t;
    firn_print_opt opt = firn_print_defaults();
    FIRN_TRY(firn_text_table_new(heads, FIRN_COUNT_OF(heads), right, &t, err));
    firn_code code = FIRN_OK;
    for (size_t i = 0; code == FIRN_OK && i < json_array_size(runs); i++)
        code = add_run(c, json_array_get(runs, i), t, err);
    if (code == FIRN_OK)
        code = firn_text_table_print(t, &opt, stdout, err);
    firn_text_table_free(t);
    return code;
}

/* --- one run ------------------------------------------------------------------------------- */

static void print_outcome(firn_command *c, const json_t *run)
{
    char ago[32];
    const char *state = firn_row_text(run, "state");
    bool finished = strcmp(state, "finished") == 0;
    const char *last = firn_row_has(run, "seen_at") ? "seen_at" : "started_at";
    firn_human_since(c->env, firn_row_text(run, finished ? "finished_at" : last), ago);
    if (finished)
        printf("finished %s with exit status %" PRId64 ": %s\n", ago, firn_row_num(run, "exit"),
               firn_exit_meaning((int)firn_row_num(run, "exit")));
    else if (strcmp(state, "running") == 0)
        printf("running; it last said something %s\n", ago);
    else
        printf("killed: it last said something %s, and its process is gone\n", ago);
}

static void print_head(firn_command *c, const json_t *run)
{
    char ago[32];
    printf("run %s\nfirn %s", firn_row_text(run, "run"), firn_row_text(run, "command"));
    if (firn_row_text(run, "project")[0])
        printf(", project %s", firn_row_text(run, "project"));
    firn_human_since(c->env, firn_row_text(run, "started_at"), ago);
    printf(", firn %s\nbegan %s UTC, %s", firn_row_text(run, "version"),
           time_cell(run, "started_at", c->arena), ago);
    if (firn_row_has(run, "seconds"))
        printf(", and took %s", seconds_cell(run, "seconds", c->arena));
    putchar('\n');
    print_outcome(c, run);
}

static void print_totals(firn_command *c, const json_t *run)
{
    firn_arena *a = c->arena;
    if (!firn_row_has(run, "rows"))
        return;
    printf("%s row%s", count_cell(run, "rows", true, a), firn_row_num(run, "rows") == 1 ? "" : "s");
    if (firn_row_num(run, "rejects"))
        printf(", %s reject%s", count_cell(run, "rejects", true, a),
               firn_row_num(run, "rejects") == 1 ? "" : "s");
    if (firn_row_num(run, "bytes_read"))
        printf(", %s read of %s file%s", bytes_cell(run, "bytes_read", a),
               count_cell(run, "files_landed", true, a),
               firn_row_num(run, "files_landed") == 1 ? "" : "s");
    if (firn_row_num(run, "bytes_written"))
        printf(", %s written to %s file%s", bytes_cell(run, "bytes_written", a),
               count_cell(run, "data_files", true, a),
               firn_row_num(run, "data_files") == 1 ? "" : "s");
    printf("\n%s of CPU", seconds_cell(run, "cpu_seconds", a));
    if (firn_row_has(run, "cpu_us_per_row"))
        printf(" (%s a row)", cost_cell(run, a));
    printf(", %s of memory at most\n", bytes_cell(run, "peak_memory", a));
}

static const char *node_status(const json_t *run, const json_t *node)
{
    const char *status = firn_row_text(node, "status");
    bool dead = strcmp(firn_row_text(run, "state"), "killed") == 0;
    return dead && strcmp(status, "running") == 0 ? "killed" : status;
}

static firn_code print_nodes(firn_command *c, const json_t *run, firn_err *err)
{
    static const char *const heads[] = {"table", "status",    "rows",    "rejects",
                                        "read",  "written",   "files",   "time",
                                        "CPU",   "CPU a row", "snapshot"};
    static const bool right[] = {false, false, true, true, true, true,
                                 true,  true,  true, true, true};
    const json_t *nodes = json_object_get(run, "nodes");
    firn_text_table *t;
    firn_print_opt opt = firn_print_defaults();
    FIRN_TRY(firn_text_table_new(heads, FIRN_COUNT_OF(heads), right, &t, err));
    firn_code code = FIRN_OK;
    for (size_t i = 0; code == FIRN_OK && i < json_array_size(nodes); i++) {
        const json_t *n = json_array_get(nodes, i);
        const char *const cells[] = {firn_row_table(n, c->arena),
                                     node_status(run, n),
                                     count_cell(n, "rows", true, c->arena),
                                     count_cell(n, "rejects", false, c->arena),
                                     bytes_cell(n, "bytes_read", c->arena),
                                     bytes_cell(n, "bytes_written", c->arena),
                                     count_cell(n, "data_files", false, c->arena),
                                     seconds_cell(n, "seconds", c->arena),
                                     seconds_cell(n, "cpu_seconds", c->arena),
                                     cost_cell(n, c->arena),
                                     snapshot_cell(n, c->arena)};
        code = firn_text_table_add(t, cells, err);
    }
    if (code == FIRN_OK)
        code = firn_text_table_print(t, &opt, stdout, err);
    firn_text_table_free(t);
    return code;
}

/* "held", "3 rows". */
static const char *check_cell(const json_t *check, firn_arena *a)
{
    if (firn_row_num(check, "failing") == 0)
        return "held";
    if (firn_row_text(check, "text")[0])
        return firn_row_text(check, "text");
    return firn_arena_printf(a, "%" PRId64 " rows", firn_row_num(check, "failing"));
}

static firn_code print_checks(firn_command *c, const json_t *run, firn_err *err)
{
    static const char *const heads[] = {"check of", "check", "severity", "result"};
    static const bool right[] = {false, false, false, false};
    const json_t *checks = json_object_get(run, "checks");
    firn_text_table *t;
    firn_print_opt opt = firn_print_defaults();
    if (json_array_size(checks) == 0)
        return FIRN_OK;
    FIRN_TRY(firn_text_table_new(heads, FIRN_COUNT_OF(heads), right, &t, err));
    firn_code code = FIRN_OK;
    for (size_t i = 0; code == FIRN_OK && i < json_array_size(checks); i++) {
        const json_t *k = json_array_get(checks, i);
        const char *const cells[] = {firn_row_table(k, c->arena), firn_row_text(k, "name"),
                                     firn_row_text(k, "severity"), check_cell(k, c->arena)};
        code = firn_text_table_add(t, cells, err);
    }
    if (code == FIRN_OK)
        code = firn_text_table_print(t, &opt, stdout, err);
    firn_text_table_free(t);
    return code;
}

firn_code firn_print_run(firn_command *c, const json_t *run, firn_err *err)
{
    const json_t *nodes = json_object_get(run, "nodes");
    print_head(c, run);
    print_totals(c, run);
    FIRN_TRY(print_nodes(c, run, err));
    FIRN_TRY(print_checks(c, run, err));
    for (size_t i = 0; i < json_array_size(nodes); i++) {
        const json_t *n = json_array_get(nodes, i);
        if (firn_row_has(n, "error"))
            firn_print_kept_error(json_object_get(n, "error"), firn_row_table(n, c->arena), stdout);
    }
    return FIRN_OK;
}

/* --- finding it ---------------------------------------------------------------------------- */

static bool is_warehouse(firn_command *c, const char *folder)
{
    const char *catalog = firn_arena_printf(c->arena, "%s/catalog.db", folder);
    const char *record = firn_arena_printf(c->arena, "%s/.firn/runs.db", folder);
    return (catalog && firn_fs_exists(c->env, catalog)) ||
           (record && firn_fs_exists(c->env, record));
}

firn_code firn_command_runs(firn_command *c, const firn_args *args, size_t *ret_rest,
                            firn_runs **ret, firn_err *err)
{
    const char *first = args->rest_count ? args->rest[0] : NULL;
    *ret_rest = 0;
    if (first && is_warehouse(c, first)) {
        *ret_rest = 1;
        FIRN_TRY(firn_project_bare(c->env, FIRN_STR_LIT("lake"), firn_str_of(first), c->arena,
                                   &c->project, err));
    } else if (first && strchr(first, '/')) {
        firn_raise(err, FIRN_E_NOTFOUND, "%s is no warehouse: it holds no catalog.db",
                   firn_quotec(first).s);
        return firn_err_advise(err, "name the folder that a project calls `warehouse`, or stand in "
                                    "the project and name none");
    } else {
        FIRN_TRY(firn_command_project(c, args, err));
    }
    return firn_runs_open_to_read(c->env, c->project->warehouse, ret, err);
}
