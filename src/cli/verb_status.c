/* SPDX-License-Identifier: Apache-2.0 */
/* firn status: how fresh the tables are, what failed, and whether a run is going on. */
#include "cli/models.h"
#include "cli/runs_print.h"
#include "cli/table_args.h"
#include "cli/verbs.h"

#include "base/errprint.h"
#include "base/str.h"
#include "pipeline/graph.h"

#include <inttypes.h>
#include <string.h>

#define RUNS_LOOKED_AT 20 /* so many of the newest runs may still be going on */

/* --- what is known ------------------------------------------------------------------------- */

typedef struct status {
    firn_command *c;
    json_t *running; /* runs that are going on, newest first */
    json_t *last;    /* the newest run; NULL: none */
    json_t *nodes;   /* the newest outcome of each stream and model */
} status;

static void status_clear(status *s)
{
    json_decref(s->running);
    json_decref(s->last);
    json_decref(s->nodes);
}

static firn_code read_record(status *s, firn_runs *runs, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *list = NULL;
    s->running = json_array();
    s->nodes = json_array();
    if (!s->running || !s->nodes)
        return firn_raise_nomem(err);
    if (!runs)
        return FIRN_OK;
    json_decref(s->nodes);
    s->nodes = NULL;
    FIRN_TRY(firn_runs_newest(runs, &s->nodes, err));
    FIRN_TRY(firn_runs_list(runs, RUNS_LOOKED_AT, &list, err));
    s->last = json_incref(json_array_get(list, 0));
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *run = json_array_get(list, i);
        json_t *whole;
        if (strcmp(firn_row_text(run, "state"), "running") != 0)
            continue;
        FIRN_TRY(firn_runs_find(runs, firn_row_text(run, "run"), &whole, err));
        FIRN_TRY(firn_json_append(s->running, whole, err));
    }
    return FIRN_OK;
}

static json_t *find_node(const status *s, firn_ident ident, firn_str stream)
{
    for (size_t i = 0; i < json_array_size(s->nodes); i++) {
        json_t *n = json_array_get(s->nodes, i);
        if (firn_str_eqc(ident.ns, firn_row_text(n, "namespace")) &&
            firn_str_eqc(ident.name, firn_row_text(n, "table")) &&
            firn_str_eqc(stream, firn_row_text(n, "stream")))
            return n;
    }
    return NULL;
}

/* Notes which nodes the project has; those that never ran are added. */
static firn_code join_project(status *s, const firn_args *args, firn_err *err)
{
    firn_model *models;
    size_t count;
    firn_graph graph;
    FIRN_TRY(firn_command_models(s->c, args, &models, &count, err));
    FIRN_TRY(firn_graph_make(s->c->project, models, count, s->c->arena, &graph, err));
    for (size_t i = 0; i < graph.count; i++) {
        const firn_node *node = &graph.nodes[i];
        json_t *n = find_node(s, node->ident, node->stream);
        if (!n) {
            n = json_pack("{s:s, s:o, s:o, s:o, s:s}", "kind", node->ingest ? "ingest" : "model",
                          "namespace", firn_json_new_str(node->ident.ns), "table",
                          firn_json_new_str(node->ident.name), "stream",
                          firn_json_new_str(node->stream), "status", "never");
            FIRN_TRY(firn_json_append(s->nodes, n, err));
        }
        FIRN_TRY(firn_json_set(n, "in_project", json_true(), err));
    }
    for (size_t i = 0; i < json_array_size(s->nodes); i++) {
        json_t *n = json_array_get(s->nodes, i);
        if (!firn_row_has(n, "in_project"))
            FIRN_TRY(firn_json_set(n, "in_project", json_false(), err));
    }
    return FIRN_OK;
}

/* --- for people ---------------------------------------------------------------------------- */

static const char *node_status(const json_t *n)
{
    const char *word = firn_row_text(n, "status");
    bool dead = strcmp(firn_row_text(n, "state"), "killed") == 0;
    return dead && strcmp(word, "running") == 0 ? "killed" : word;
}

static void print_progress(const json_t *node)
{
    const json_t *p = json_object_get(node, "progress");
    char rows[32];
    char done[24];
    char total[24];
    char rest[32];
    printf("  %s.%s: ", firn_row_text(node, "namespace"), firn_row_text(node, "table"));
    if (!json_is_object(p)) {
        puts("begun");
        return;
    }
    firn_human_count((uint64_t)firn_row_num(p, "records"), rows);
    firn_human_bytes((uint64_t)firn_row_num(p, "stored_bytes"), done);
    firn_human_bytes((uint64_t)firn_row_num(p, "stored_total"), total);
    printf("%s rows, %s of %s", rows, done, total);
    if (firn_row_has(p, "eta_seconds")) {
        firn_human_seconds((double)firn_row_num(p, "eta_seconds"), rest);
        printf(", %s left", rest);
    }
    putchar('\n');
}

static void print_running(const status *s)
{
    for (size_t i = 0; i < json_array_size(s->running); i++) {
        const json_t *run = json_array_get(s->running, i);
        const json_t *nodes = json_object_get(run, "nodes");
        char ago[32];
        size_t over = 0;
        for (size_t k = 0; k < json_array_size(nodes); k++)
            over += firn_row_has(json_array_get(nodes, k), "finished_at");
        firn_human_since(s->c->env, firn_row_text(run, "started_at"), ago);
        printf("run %.8s is going on (firn %s, process %" PRId64 "): begun %s, %zu of %" PRId64
               " done\n",
               firn_row_text(run, "run"), firn_row_text(run, "command"), firn_row_num(run, "pid"),
               ago, over, firn_row_num(run, "node_count"));
        for (size_t k = 0; k < json_array_size(nodes); k++)
            if (!firn_row_has(json_array_get(nodes, k), "finished_at"))
                print_progress(json_array_get(nodes, k));
    }
}

static void print_last(const status *s)
{
    char ago[32];
    const char *state = firn_row_text(s->last, "state");
    if (!s->last || strcmp(state, "running") == 0)
        return;
    bool killed = strcmp(state, "killed") == 0;
    bool seen = killed && firn_row_has(s->last, "seen_at");
    const char *when = !killed ? "finished_at" : seen ? "seen_at" : "started_at";
    firn_human_since(s->c->env, firn_row_text(s->last, when), ago);
    printf("last run: %.8s (firn %s), ", firn_row_text(s->last, "run"),
           firn_row_text(s->last, "command"));
    if (killed)
        printf("killed; it last said something %s\n", ago);
    else
        printf("ended %s with exit status %" PRId64 "\n", ago, firn_row_num(s->last, "exit"));
}

static const char *since(const status *s, const json_t *n, const char *key)
{
    char ago[32];
    firn_human_since(s->c->env, firn_row_text(n, key), ago);
    return firn_arena_strdup(s->c->arena, ago);
}

static const char *checks_cell(const status *s, const json_t *n)
{
    if (!firn_row_num(n, "checks"))
        return "";
    int64_t failing = firn_row_num(n, "checks_failing");
    return failing ? firn_arena_printf(s->c->arena, "%" PRId64 " of %" PRId64 " failed", failing,
                                       firn_row_num(n, "checks"))
                   : firn_arena_printf(s->c->arena, "%" PRId64 " held", firn_row_num(n, "checks"));
}

static firn_code add_node(const status *s, const json_t *n, firn_text_table *t, firn_err *err)
{
    char rows[32] = "";
    char rejects[32] = "";
    if (firn_row_has(n, "rows"))
        firn_human_count((uint64_t)firn_row_num(n, "rows"), rows);
    if (firn_row_num(n, "rejects"))
        firn_human_count((uint64_t)firn_row_num(n, "rejects"), rejects);
    bool gone = json_is_false(json_object_get(n, "in_project"));
    const char *const cells[] = {
        firn_row_table(n, s->c->arena),
        firn_row_text(n, "stream"),
        gone ? firn_arena_printf(s->c->arena, "%s (not in the project)", node_status(n))
             : node_status(n),
        since(s, n, firn_row_has(n, "finished_at") ? "finished_at" : "started_at"),
        since(s, n, "looked_at"),
        since(s, n, "done_at"),
        rows,
        rejects,
        checks_cell(s, n)};
    return firn_text_table_add(t, cells, err);
}

static firn_code print_nodes(const status *s, firn_err *err)
{
    static const char *const heads[] = {"table",     "stream", "status",  "last run", "fresh as of",
                                        "last rows", "rows",   "rejects", "checks"};
    static const bool right[] = {false, false, false, false, false, false, true, true, false};
    firn_text_table *t;
    firn_print_opt opt = firn_print_defaults();
    FIRN_TRY(firn_text_table_new(heads, FIRN_COUNT_OF(heads), right, &t, err));
    firn_code code = FIRN_OK;
    for (size_t i = 0; code == FIRN_OK && i < json_array_size(s->nodes); i++)
        code = add_node(s, json_array_get(s->nodes, i), t, err);
    if (code == FIRN_OK)
        code = firn_text_table_print(t, &opt, stdout, err);
    firn_text_table_free(t);
    return code;
}

static const json_t *first_with(const status *s, const char *word)
{
    for (size_t i = 0; i < json_array_size(s->nodes); i++)
        if (strcmp(node_status(json_array_get(s->nodes, i)), word) == 0)
            return json_array_get(s->nodes, i);
    return NULL;
}

static void print_next(const status *s)
{
    const json_t *failed = first_with(s, "failed");
    if (json_array_size(s->running))
        puts("next: firn status");
    else if (failed)
        printf("next: firn history %.8s\n", firn_row_text(failed, "run"));
    else if (!s->c->project->file)
        puts("next: firn history --runs");
    else if (first_with(s, "killed") || first_with(s, "skipped") || first_with(s, "never") ||
             !s->last)
        puts("next: firn run");
    else
        puts("next: firn history last");
}

static firn_code print_text(const status *s, firn_err *err)
{
    if (!s->last)
        puts("nothing ran here yet");
    print_running(s);
    print_last(s);
    if (json_array_size(s->nodes))
        FIRN_TRY(print_nodes(s, err));
    for (size_t i = 0; i < json_array_size(s->nodes); i++) {
        const json_t *n = json_array_get(s->nodes, i);
        if (firn_row_has(n, "error"))
            firn_print_kept_error(json_object_get(n, "error"), firn_row_table(n, s->c->arena),
                                  stdout);
    }
    print_next(s);
    return FIRN_OK;
}

/* --- the verb ------------------------------------------------------------------------------ */

static firn_code print_as_json(const status *s, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *o = json_object();
    const firn_project *p = s->c->project;
    FIRN_TRY(firn_json_set(o, "v", json_integer(1), err));
    FIRN_TRY(firn_json_set(o, "project", p->file ? json_string(p->file) : json_null(), err));
    FIRN_TRY(firn_json_set(o, "warehouse", firn_json_new_str(firn_str_of(p->warehouse)), err));
    FIRN_TRY(firn_json_set(o, "running", json_incref(s->running), err));
    FIRN_TRY(firn_json_set(o, "last_run", s->last ? json_incref(s->last) : json_null(), err));
    FIRN_TRY(firn_json_set(o, "nodes", json_incref(s->nodes), err));
    return firn_command_print_json(o, err);
}

static firn_code show(firn_command *c, const firn_args *args, firn_runs *runs, firn_err *err)
{
    FIRN_AUTO(status_clear) status s = {.c = c};
    FIRN_TRY(read_record(&s, runs, err));
    firn_err local = {0};
    if (c->project->file && join_project(&s, args, &local) != FIRN_OK) {
        fprintf(stderr, "note: what ran is shown, not what the project holds:\n");
        firn_err_print(&local, stderr, firn_use_colour(stderr));
    }
    return firn_args_has(args, "json") ? print_as_json(&s, err) : print_text(&s, err);
}

static firn_code run(firn_command *c, const firn_args *args, int *ret_status FIRN_UNUSED,
                     firn_err *err)
{
    firn_runs *runs;
    size_t rest;
    FIRN_TRY(firn_command_runs(c, args, &rest, &runs, err));
    if (rest < args->rest_count) {
        firn_runs_close(runs);
        firn_raise(err, FIRN_E_USAGE, "%s is one argument too many",
                   firn_quotec(args->rest[rest]).s);
        return firn_err_advise(err, "`firn status` is about all tables; `firn show %s` about one",
                               args->rest[rest]);
    }
    firn_code code = show(c, args, runs, err);
    firn_runs_close(runs);
    return code;
}

static int verb_status(const firn_args *args)
{
    return firn_command_do(args, run);
}

static const firn_arg status_args[] = {
    FIRN_ARG_JSON_DOCUMENT,
    FIRN_ARG_PROJECT,
    FIRN_ARG_HELP,
    {NULL, 0, NULL, NULL},
};

const firn_verb firn_verb_status = {
    .name = "status",
    .synopsis = "[WAREHOUSE] [options]",
    .summary = "show how fresh the tables are, what failed and what is running",
    .details =
        "For each stream and model: how its newest run went, when it was last brought up to date\n"
        "(fresh as of: also if there was nothing new), and when rows last came.  A run that is\n"
        "going on is shown with how far it is; one whose process is gone is called killed.\n"
        "\n"
        "  firn status\n"
        "  firn status ./lake --json",
    .args = status_args,
    .run = verb_status,
};
