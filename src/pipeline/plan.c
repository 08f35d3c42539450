/* SPDX-License-Identifier: Apache-2.0 */
/* A plan is a run against a shadow, listened to: what its events say of each node, and how the
 * tables of the shadow differ from those that are there. */
#include "pipeline/plan.h"
#include "pipeline/plan_int.h"

#include "base/datetime.h"
#include "base/mem.h"
#include "base/str.h"

#include <string.h>

#define NOTES_MAX 50

/* --- listening ----------------------------------------------------------------------------- */

static bool same_text(const json_t *a, const json_t *b)
{
    const char *x = json_string_value(a);
    const char *y = json_string_value(b);
    return strcmp(x ? x : "", y ? y : "") == 0;
}

/* What was told of a node so far; an event about a table alone is about its newest node. */
static json_t *heard_of(firn_planner *p, const json_t *event)
{
    const json_t *stream = json_object_get(event, "stream");
    for (size_t i = json_array_size(p->heard); i > 0; i--) {
        json_t *h = json_array_get(p->heard, i - 1);
        bool table =
            same_text(json_object_get(h, "namespace"), json_object_get(event, "namespace")) &&
            same_text(json_object_get(h, "table"), json_object_get(event, "table"));
        if (table && (!stream || same_text(json_object_get(h, "stream"), stream)))
            return h;
    }
    json_t *h =
        json_pack("{s:O, s:O, s:[], s:[]}", "namespace", json_object_get(event, "namespace"),
                  "table", json_object_get(event, "table"), "notes", "checks");
    if (h && stream)
        json_object_set(h, "stream", (json_t *)(uintptr_t)stream);
    json_array_append_new(p->heard, h);
    return h;
}

static void keep_check(json_t *h, const json_t *event)
{
    static const char *const keys[] = {"check", "severity", "failing", "samples"};
    json_t *c = json_object();
    for (size_t i = 0; c && i < FIRN_COUNT_OF(keys); i++)
        json_object_set(c, keys[i], json_object_get(event, keys[i]));
    json_array_append_new(json_object_get(h, "checks"), c);
}

/* A plan that says less than it could is no failure: what cannot be kept is left out. */
static void listen(void *arg, const json_t *event)
{
    firn_planner *p = arg;
    const char *name = json_string_value(json_object_get(event, "event"));
    if (p->on_event)
        p->on_event(p->event_arg, event);
    if (!name || !json_object_get(event, "table"))
        return;
    json_t *h = heard_of(p, event);
    json_t *notes = json_object_get(h, "notes");
    if (strcmp(name, "note") == 0 && json_array_size(notes) < NOTES_MAX)
        json_array_append(notes, json_object_get(event, "text"));
    else if (strcmp(name, "check") == 0)
        keep_check(h, event);
    else if (strcmp(name, "files") == 0)
        json_object_set(h, "files", (json_t *)(uintptr_t)event);
    else if (strcmp(name, "conflicts") == 0)
        json_object_set(h, name, json_object_get(event, name));
    else if (strcmp(name, "node_finished") == 0)
        json_object_set(h, "finished", (json_t *)(uintptr_t)event);
}

static const json_t *heard_of_node(const firn_planner *p, const firn_node *n)
{
    for (size_t i = 0; i < json_array_size(p->heard); i++) {
        const json_t *h = json_array_get(p->heard, i);
        const char *stream = json_string_value(json_object_get(h, "stream"));
        if (firn_str_eqc(n->ident.ns, json_string_value(json_object_get(h, "namespace"))) &&
            firn_str_eqc(n->ident.name, json_string_value(json_object_get(h, "table"))) &&
            firn_str_eqc(n->ingest ? n->stream : FIRN_STR_LIT(""), stream ? stream : ""))
            return h;
    }
    return NULL;
}

/* --- opening ------------------------------------------------------------------------------- */

firn_code firn_planner_open(firn_env *env, const firn_project *project, firn_context_conf conf,
                            firn_planner **ret, firn_err *err)
{
    firn_planner *p = firn_mem_alloc(sizeof *p);
    if (!p)
        return firn_raise_nomem(err);
    *p = (firn_planner){.env = env,
                        .project = project,
                        .on_event = conf.on_event,
                        .event_arg = conf.event_arg,
                        .heard = json_array(),
                        .a = firn_arena_new("a plan", 0)};
    conf.shadow = true;
    conf.on_event = listen;
    conf.event_arg = p;
    firn_code code =
        p->heard && p->a ? firn_context_open(env, &conf, &p->run, err) : firn_raise_nomem(err);
    if (code != FIRN_OK) {
        firn_planner_close(p);
        return code;
    }
    *ret = p;
    return FIRN_OK;
}

void firn_planner_close(firn_planner *p)
{
    if (!p)
        return;
    firn_context_close(p->run);
    json_decref(p->heard);
    firn_arena_free(p->a);
    firn_mem_free(p);
}

firn_context *firn_planner_context(firn_planner *p)
{
    return p->run;
}

/* --- before and after ---------------------------------------------------------------------- */

/* A table that cannot be loaded is told about by the node that needs it. */
static const firn_metadata *load(firn_planner *p, firn_ident ident)
{
    const firn_metadata *m = NULL;
    firn_err ignored = {0};
    firn_code code = firn_table_load(p->run->catalog, p->run->io, ident, p->a, &m, &ignored);
    return code == FIRN_OK ? m : NULL;
}

static firn_code load_before(firn_planner *p, const firn_graph *g, firn_err *err)
{
    p->before = firn_arena_array(p->a, g->count, sizeof *p->before);
    if (!p->before)
        return firn_arena_raise(p->a, err);
    for (size_t i = 0; i < g->count; i++)
        p->before[i] = g->nodes[i].selected ? load(p, g->nodes[i].ident) : NULL;
    return FIRN_OK;
}

/* --- the document -------------------------------------------------------------------------- */

static firn_code add_nodes(firn_planner *p, const firn_graph *g, bool models, json_t *list,
                           firn_err *err)
{
    for (size_t i = 0; i < g->count; i++) {
        const firn_node *n = &g->nodes[i];
        if (!n->selected || (n->model != NULL) != models)
            continue;
        const firn_plan_in in = {.node = n,
                                 .heard = heard_of_node(p, n),
                                 .before = p->before[i],
                                 .after = load(p, n->ident)};
        json_t *node;
        FIRN_TRY(firn_plan_node(p, &in, &node, err));
        FIRN_TRY(firn_json_append(list, node, err));
    }
    return FIRN_OK;
}

static firn_code set_memory(const firn_planner *p, json_t *doc, firn_err *err)
{
    const firn_memory_plan *m = &p->run->memory;
    return firn_json_set(doc, "memory",
                         json_pack("{s:I, s:I, s:I, s:I, s:I}", "total", (json_int_t)m->total,
                                   "engine", (json_int_t)m->engine, "queues", (json_int_t)m->queue,
                                   "arenas", (json_int_t)m->arenas, "base", (json_int_t)m->base),
                         err);
}

static firn_code head(const firn_planner *p, const firn_run_opt *opt, json_t *doc, firn_err *err)
{
    char at[FIRN_TIME_TEXT_MAX];
    firn_timestamp_print(firn_env_now_us(p->env), true, at);
    FIRN_TRY(firn_json_set(doc, "v", json_integer(FIRN_PLAN_VERSION), err));
    FIRN_TRY(firn_json_set(doc, "at", json_string(at), err));
    FIRN_TRY(firn_json_set(doc, "version", json_string(FIRN_VERSION), err));
    FIRN_TRY(firn_json_set(doc, "command", firn_event_text(firn_str_of(opt->command)), err));
    FIRN_TRY(firn_json_set(doc, "project", firn_event_text(firn_str_of(p->project->file)), err));
    return firn_json_set(doc, "warehouse", firn_event_text(firn_str_of(p->project->warehouse)),
                         err);
}

static firn_code fill_document(firn_planner *p, const firn_graph *g, const firn_run_opt *opt,
                               json_t *doc, firn_err *err)
{
    json_t *streams = json_array();
    json_t *models = json_array();
    FIRN_TRY(head(p, opt, doc, err));
    FIRN_TRY(firn_json_set(doc, "exit", json_integer(0), err));
    FIRN_TRY(firn_json_set(doc, "streams", streams, err));
    FIRN_TRY(firn_json_set(doc, "models", models, err));
    FIRN_TRY(add_nodes(p, g, false, streams, err));
    FIRN_TRY(add_nodes(p, g, true, models, err));
    FIRN_TRY(firn_json_set(doc, "exit", json_integer(p->failed), err));
    FIRN_TRY(set_memory(p, doc, err));
    FIRN_TRY(firn_json_set(doc, "threads", json_integer(p->run->threads), err));
    return firn_plan_totals(p, doc, err);
}

/* A plan that was told to stop is none. */
firn_code firn_planner_plan(firn_planner *p, firn_graph *graph, const firn_run_opt *opt,
                            json_t **ret, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *doc = json_object();
    firn_run_result result;
    p->full_refresh = opt->full_refresh;
    FIRN_TRY(load_before(p, graph, err));
    FIRN_TRY(firn_run_graph(p->run, p->project, graph, opt, &result, err));
    FIRN_TRY(firn_context_check(p->run, err));
    FIRN_TRY(firn_plan_history(p, err));
    FIRN_TRY(fill_document(p, graph, opt, doc, err));
    *ret = json_incref(doc);
    return FIRN_OK;
}
