/* SPDX-License-Identifier: Apache-2.0 */
/* firn run: land what is new, make the models. */
#include "cli/common.h"
#include "cli/events_print.h"
#include "cli/models.h"
#include "cli/verbs.h"

#include "base/str.h"
#include "pipeline/run.h"

#include <string.h>

static const firn_arg run_args[] = {
    FIRN_ARG_PROJECT,
    {"exclude", 'x', "PATTERN", "leave out what this selects; several with commas"},
    {"only", 0, "KINDS", "ingest, models, or both with a comma (default: both)"},
    FIRN_ARG_VAR,
    {"full-refresh", 0, NULL, "land everything anew and replace the tables"},
    {"accept-position", 0, "SNAPSHOT", "take this snapshot's position as the true one"},
    FIRN_ARG_MEMORY,
    FIRN_ARG_THREADS,
    FIRN_ARG_JSON,
    FIRN_ARG_QUIET,
    FIRN_ARG_HELP,
    {NULL, 0, NULL, NULL},
};

static firn_code not_a_kind(const char *word, firn_err *err)
{
    firn_raise(err, FIRN_E_USAGE, "--only takes ingest and models, not %s", firn_quotec(word).s);
    return firn_err_advise(err, "for example --only ingest");
}

static firn_code read_selection(const firn_args *args, firn_arena *a, firn_selection *ret,
                                firn_err *err)
{
    firn_words exclude = {0};
    firn_words only = {0};
    const char *text = firn_args_get(args, "exclude");
    *ret = (firn_selection){
        .select = args->rest, .select_count = args->rest_count, .ingest = true, .models = true};
    if (text)
        FIRN_TRY(firn_words_add(text, a, &exclude, err));
    ret->exclude = exclude.v;
    ret->exclude_count = exclude.n;
    text = firn_args_get(args, "only");
    if (!text)
        return FIRN_OK;
    FIRN_TRY(firn_words_add(text, a, &only, err));
    ret->ingest = false;
    ret->models = false;
    for (size_t i = 0; i < only.n; i++) {
        if (strcmp(only.v[i], "ingest") == 0)
            ret->ingest = true;
        else if (strcmp(only.v[i], "models") == 0)
            ret->models = true;
        else
            return not_a_kind(only.v[i], err);
    }
    return FIRN_OK;
}

firn_code firn_run_chosen(firn_command *c, const firn_args *args, firn_graph *ret, firn_err *err)
{
    firn_model *models;
    size_t count;
    firn_selection sel;
    FIRN_TRY(firn_command_project(c, args, err));
    FIRN_TRY(firn_command_models(c, args, &models, &count, err));
    FIRN_TRY(firn_graph_make(c->project, models, count, c->arena, ret, err));
    FIRN_TRY(read_selection(args, c->arena, &sel, err));
    return firn_graph_select(ret, &sel, err);
}

firn_code firn_run_options(const char *verb, const firn_args *args, firn_arena *a,
                           firn_run_opt *ret, firn_err *err)
{
    const char *accept = firn_args_get(args, "accept-position");
    *ret = (firn_run_opt){.full_refresh = firn_args_has(args, "full-refresh"),
                          .command = firn_command_text(verb, args, a)};
    if (accept &&
        (!firn_str_i64(firn_str_of(accept), &ret->accept_position) || ret->accept_position <= 0)) {
        firn_raise(err, FIRN_E_USAGE, "--accept-position wants the id of a snapshot, not %s",
                   firn_quotec(accept).s);
        return firn_err_advise(err, "`firn history TABLE` lists them; take one with a position");
    }
    return FIRN_OK;
}

static firn_events_style events_style_of(const firn_args *args)
{
    if (firn_args_has(args, "json"))
        return FIRN_EVENTS_JSON;
    return firn_args_has(args, "quiet") ? FIRN_EVENTS_QUIET : FIRN_EVENTS_HUMAN;
}

/* A run whose record cannot be written still runs; the record of a newer firn is not touched. */
static firn_code open_record(firn_command *c, const firn_args *args, firn_runs **ret, firn_err *err)
{
    firn_err local = {0};
    *ret = NULL;
    firn_code code =
        firn_runs_open(c->env, c->project->warehouse, c->project->run_record_ms, ret, &local);
    if (code == FIRN_E_UNSUPPORTED || code == FIRN_E_NOMEM) {
        *err = local;
        return code;
    }
    if (code != FIRN_OK && events_style_of(args) == FIRN_EVENTS_HUMAN)
        fprintf(stderr, "note: this run is not recorded: %s\n", local.text);
    return FIRN_OK;
}

/* Everything behind the opened project: also what `firn load` runs. */
firn_code firn_run_command(firn_command *c, const firn_args *args, firn_graph *graph,
                           const firn_run_opt *opt, const char *sql, int *ret_status, firn_err *err)
{
    firn_runs *runs = NULL;
    firn_events_printer *printer;
    firn_run_result result;
    FIRN_TRY(open_record(c, args, &runs, err));
    firn_code code = firn_events_printer_new(events_style_of(args), runs, &printer, err);
    if (code != FIRN_OK) {
        firn_runs_close(runs);
        return code;
    }
    const firn_command_opt open = {.on_event = firn_events_print, .event_arg = printer};
    code = firn_command_open(c, args, &open, err);
    if (code == FIRN_OK) {
        firn_catch_signals(c->run);
        code = firn_run_graph(c->run, c->project, graph, opt, &result, err);
    }
    if (code == FIRN_OK) {
        firn_events_summary(printer, sql);
        *ret_status = result.exit_status;
    }
    firn_events_printer_free(printer);
    firn_context_close(c->run); /* with its files: where they filled the disk there is room now */
    c->run = NULL;
    if (runs && !firn_runs_finish(runs) && events_style_of(args) == FIRN_EVENTS_HUMAN)
        fprintf(stderr, "note: the record of this run is not whole: it could not be written\n");
    firn_runs_close(runs);
    return code;
}

static firn_code run(firn_command *c, const firn_args *args, int *ret_status, firn_err *err)
{
    firn_graph graph;
    firn_run_opt opt;
    FIRN_TRY(firn_run_chosen(c, args, &graph, err));
    FIRN_TRY(firn_run_options("run", args, c->arena, &opt, err));
    const char *file = firn_args_get(args, "project");
    const char *sql = file ? firn_arena_printf(c->arena, "firn sql -p %s", file) : "firn sql";
    if (!sql)
        return firn_arena_raise(c->arena, err);
    return firn_run_command(c, args, &graph, &opt, sql, ret_status, err);
}

static int verb_run(const firn_args *args)
{
    return firn_command_do(args, run);
}

const firn_verb firn_verb_run = {
    .name = "run",
    .synopsis = "[SELECT…] [options]",
    .summary = "land what is new and make the models",
    .details =
        "Without SELECT everything in the project.  SELECT is a table (raw.orders), a stream\n"
        "(shop.orders.csv) or a pattern of them (raw.*); +curated.x adds what it needs, raw.x+\n"
        "what needs it.  What did not change is not done again.\n"
        "\n"
        "  firn run\n"
        "  firn run +curated.sales --exclude raw.returns\n"
        "  firn run raw.orders --full-refresh\n"
        "\n"
        "Exit status: 0 done, 1 failed, 2 wrong usage or project, 3 done with rejected records\n"
        "(rejects.exit in the project file), 4 a check failed.",
    .args = run_args,
    .run = verb_run,
};
