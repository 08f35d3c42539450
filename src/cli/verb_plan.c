/* SPDX-License-Identifier: Apache-2.0 */
/* firn plan: what a run would do, without doing it. */
#include "cli/models.h"
#include "cli/plan_print.h"
#include "cli/verbs.h"

#include "base/str.h"
#include "pipeline/plan.h"

#include <string.h>

static const firn_arg plan_args[] = {
    FIRN_ARG_PROJECT,
    {"exclude", 'x', "PATTERN", "leave out what this selects; several with commas"},
    {"only", 0, "KINDS", "ingest, models, or both with a comma (default: both)"},
    FIRN_ARG_VAR,
    {"full-refresh", 0, NULL, "as if everything were landed anew"},
    {"accept-position", 0, "SNAPSHOT", "as if this snapshot's position were the true one"},
    FIRN_ARG_MEMORY,
    FIRN_ARG_THREADS,
    {"json", 0, NULL, "one JSON document (docs/formats/plan.md)"},
    {"quiet", 'q', NULL, "only tables that would change, and errors"},
    FIRN_ARG_HELP,
    {NULL, 0, NULL, NULL},
};

static firn_code print_json(const json_t *plan, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)256 << 20);
    FIRN_TRY(firn_json_print(plan, 2, &text, err));
    FIRN_TRY(firn_buf_addc(&text, '\n', err));
    if (fwrite(text.p, 1, text.n, stdout) != text.n || fflush(stdout) != 0)
        return firn_raise(err, FIRN_E_IO, "standard output");
    return FIRN_OK;
}

/* The same words with another verb in front. */
static const char *next_command(const firn_args *args, firn_arena *a)
{
    const char *text = firn_command_text("run", args, a);
    const char *next = text ? firn_arena_printf(a, "firn %s", text) : NULL;
    return next ? next : "firn run";
}

static firn_code print_plan(firn_command *c, const firn_args *args, const json_t *plan,
                            firn_err *err)
{
    if (firn_args_has(args, "json"))
        return print_json(plan, err);
    const firn_plan_style style = {.colour = firn_use_colour(stdout),
                                   .unicode = firn_print_defaults().unicode,
                                   .quiet = firn_args_has(args, "quiet")};
    firn_plan_print(plan, &style, next_command(args, c->arena), stdout);
    return FIRN_OK;
}

/* Only how far it is: everything else is said once, in the plan.  The end of the run takes the line
 * of progress back. */
static void show_progress(void *printer, const json_t *event)
{
    const char *name = json_string_value(json_object_get(event, "event"));
    bool shown = name && (strcmp(name, "progress") == 0 || strcmp(name, "run_finished") == 0);
    if (shown)
        firn_events_print(printer, event);
}

static firn_code make_and_print(firn_command *c, const firn_args *args, firn_planner *p,
                                firn_graph *graph, const firn_run_opt *opt, int *ret_status,
                                firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *plan = NULL;
    firn_catch_signals(firn_planner_context(p));
    FIRN_TRY(firn_planner_plan(p, graph, opt, &plan, err));
    FIRN_TRY(print_plan(c, args, plan, err));
    *ret_status = (int)json_integer_value(json_object_get(plan, "exit"));
    return FIRN_OK;
}

/* The planner goes last: signals may come until then. */
static firn_code plan_nodes(firn_command *c, const firn_args *args, firn_context_conf conf,
                            firn_graph *graph, const firn_run_opt *opt, int *ret_status,
                            firn_err *err)
{
    firn_planner *p;
    firn_events_printer *printer;
    FIRN_TRY(firn_events_printer_new(FIRN_EVENTS_HUMAN, NULL, &printer, err));
    conf.on_event = show_progress;
    conf.event_arg = printer;
    firn_code code = firn_planner_open(c->env, c->project, conf, &p, err);
    if (code == FIRN_OK) {
        code = make_and_print(c, args, p, graph, opt, ret_status, err);
        firn_planner_close(p);
    }
    firn_events_printer_free(printer);
    return code;
}

static firn_code plan(firn_command *c, const firn_args *args, int *ret_status, firn_err *err)
{
    firn_graph graph;
    firn_run_opt opt;
    firn_context_conf conf;
    FIRN_TRY(firn_run_chosen(c, args, &graph, err));
    FIRN_TRY(firn_run_options("plan", args, c->arena, &opt, err));
    FIRN_TRY(firn_command_conf(c, args, &(firn_command_opt){0}, &conf, err));
    return plan_nodes(c, args, conf, &graph, &opt, ret_status, err);
}

static int verb_plan(const firn_args *args)
{
    return firn_command_do(args, plan);
}

const firn_verb firn_verb_plan = {
    .name = "plan",
    .synopsis = "[SELECT…] [options]",
    .summary = "say what `firn run` would do, without doing it",
    .details =
        "SELECT and the options are those of `firn run`.  Each stream and model is done in "
        "memory,\n"
        "with its rejects and checks, so that rows and files are counted; of more than 256 MB a\n"
        "sample is.  Told are the files to be read, the tables to be created, appended to or\n"
        "replaced, what changes in their columns, what is written, how the memory is split and\n"
        "about how long it takes.  Nothing is opened for writing: no table, no catalog, no "
        "scratch,\n"
        "no run record.\n"
        "\n"
        "  firn plan\n"
        "  firn plan +curated.sales\n"
        "  firn plan --json raw.orders\n"
        "\n"
        "Exit status: 0, or 1 if the run would fail; 2 wrong usage or project.",
    .args = plan_args,
    .run = verb_plan,
};
