/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/run.h"
#include "pipeline/claims.h"
#include "pipeline/describe.h"
#include "pipeline/landing.h"
#include "pipeline/model_run.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define MAX_WORKERS 8

/* One run; guarded by its lock where it changes. */
typedef struct running {
    firn_context *run;
    const firn_project *project;
    firn_graph *graph;
    const firn_run_opt *opt;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    firn_node_status *status;
    size_t active;  /* nodes being worked on */
    uint64_t begun; /* nodes that were begun so far */
    firn_claims claims;
    bool landing; /* one stream at a time: a landing has queues and threads of its own */
    firn_run_result result;
    int64_t files_landed;
    int64_t bytes_read;
    int64_t bytes_written;
    int64_t data_files;
    bool check_failed;
    bool stopped; /* told to stop before everything was done */
} running;

/* --- events -------------------------------------------------------------------------------- */

static json_t *node_fields(const firn_node *n)
{
    return json_pack("{s:s, s:o, s:o, s:o}", "kind", n->ingest ? "ingest" : "model", "namespace",
                     firn_json_new_str(n->ident.ns), "table", firn_json_new_str(n->ident.name),
                     "stream", n->ingest ? firn_json_new_str(n->stream) : json_null());
}

static void set_int(json_t *fields, const char *key, int64_t v)
{
    if (fields)
        json_object_set_new(fields, key, json_integer(v));
}

static const char *status_word(firn_node_status s)
{
    static const char *const words[] = {"waiting",   "running", "done",
                                        "unchanged", "failed",  "skipped"};
    return words[s];
}

/* Of a view: it has no rows. */
static void mark_view(json_t *fields, const firn_node *n)
{
    if (fields && n->model && n->model->materialize == FIRN_MATERIALIZE_VIEW)
        json_object_set_new(fields, "view", json_true());
}

static void send_started(running *r, const firn_node *n)
{
    firn_event(&r->run->events, "node_started", node_fields(n));
}

/* --- one node ------------------------------------------------------------------------------ */

/* CPU time of the process, all of its threads. */
static double cpu_seconds(void)
{
    struct rusage u = {0};
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* CPU time belongs to a node only if no other one is worked on meanwhile. */
typedef struct alone {
    bool yes;
    uint64_t begun;
    double cpu;
} alone;

static alone begin_alone(running *r)
{
    pthread_mutex_lock(&r->lock);
    alone a = {.yes = r->active++ == 0, .begun = ++r->begun, .cpu = cpu_seconds()};
    pthread_mutex_unlock(&r->lock);
    return a;
}

static void end_alone(running *r, const alone *a, json_t *fields)
{
    pthread_mutex_lock(&r->lock);
    r->active--;
    bool still = a->yes && r->begun == a->begun;
    pthread_mutex_unlock(&r->lock);
    if (still && fields)
        json_object_set_new(fields, "cpu_seconds", json_real(cpu_seconds() - a->cpu));
}

typedef struct outcome {
    firn_node_status status;
    uint64_t rows;
    uint64_t rejects;
    json_t *fields;
    firn_err err;
} outcome;

static void land_node(running *r, const firn_node *n, outcome *o)
{
    const firn_landing_opt opt = {.full_refresh = r->opt->full_refresh,
                                  .accept_position = r->opt->accept_position};
    firn_landed_result x;
    firn_code code = firn_land(r->run, r->project, n->ingest, &opt, &x, &o->err);
    if (code == FIRN_E_DATA && !o->err.advice[0])
        firn_err_advise(&o->err, "nothing of this table was landed; mend the file or take it away, "
                                 "and run again");
    bool nothing = code == FIRN_OK && x.snapshot_id == FIRN_NO_SNAPSHOT;
    o->status = code != FIRN_OK ? FIRN_NODE_FAILED : nothing ? FIRN_NODE_UNCHANGED : FIRN_NODE_DONE;
    o->rows = x.rows;
    o->rejects = code == FIRN_OK ? x.rejects : 0;
    set_int(o->fields, "rows", (int64_t)x.rows);
    set_int(o->fields, "rejects", (int64_t)x.rejects);
    set_int(o->fields, "files_found", (int64_t)x.files_found);
    set_int(o->fields, "files_landed", (int64_t)x.files_landed);
    set_int(o->fields, "bytes_read", (int64_t)x.bytes_read);
    set_int(o->fields, "bytes_written", x.bytes_written);
    set_int(o->fields, "data_files", (int64_t)x.data_files);
    set_int(o->fields, "duplicate_keys", (int64_t)x.duplicate_keys);
    set_int(o->fields, "warnings", (int64_t)x.warnings);
    if (x.snapshot_id != FIRN_NO_SNAPSHOT)
        set_int(o->fields, "snapshot_id", x.snapshot_id);
    if (x.sampled && o->fields) {
        json_object_set_new(o->fields, "sampled", json_true());
        json_object_set_new(o->fields, "more_seconds", json_real(x.more_seconds));
    }
    if (nothing && !x.exists && o->fields)
        json_object_set_new(o->fields, "exists", json_false());
}

static void make_node(running *r, const firn_node *n, outcome *o)
{
    firn_model_result x;
    firn_code code =
        firn_model_run(r->run, r->project, n->model, r->opt->full_refresh, &x, &o->err);
    o->status = code != FIRN_OK ? FIRN_NODE_FAILED
                : x.unchanged   ? FIRN_NODE_UNCHANGED
                                : FIRN_NODE_DONE;
    o->rows = x.rows;
    if (x.sampled && o->fields)
        json_object_set_new(o->fields, "sampled", json_true());
    if (o->fields && x.why[0])
        json_object_set_new(o->fields, "why", firn_event_text(firn_str_of(x.why)));
    set_int(o->fields, "rows", (int64_t)x.rows);
    set_int(o->fields, "bytes_written", x.bytes_written);
    set_int(o->fields, "data_files", (int64_t)x.data_files);
    set_int(o->fields, "warnings", (int64_t)x.warnings);
    if (x.snapshot_id != FIRN_NO_SNAPSHOT)
        set_int(o->fields, "snapshot_id", x.snapshot_id);
}

static int64_t num(const json_t *fields, const char *key)
{
    return json_integer_value(json_object_get(fields, key));
}

/* Of several nodes that were stopped together one says so; the others did just not come to run. */
static void settle_interruption(running *r, outcome *o)
{
    if (o->status != FIRN_NODE_FAILED || o->err.code != FIRN_E_CANCELLED)
        return;
    pthread_mutex_lock(&r->lock);
    if (r->stopped)
        o->status = FIRN_NODE_SKIPPED;
    r->stopped = true;
    pthread_mutex_unlock(&r->lock);
}

static void finish(running *r, const firn_node *n, outcome *o, int64_t started_us)
{
    settle_interruption(r, o);
    int64_t us = firn_env_mono_us(r->run->env) - started_us;
    if (o->fields) {
        json_object_set_new(o->fields, "status", json_string(status_word(o->status)));
        json_object_set_new(o->fields, "seconds", json_real((double)us / 1e6));
        if (o->status == FIRN_NODE_FAILED)
            json_object_set_new(o->fields, "error", firn_event_error(&o->err));
    }
    int64_t files_landed = num(o->fields, "files_landed");
    int64_t bytes_read = num(o->fields, "bytes_read");
    int64_t bytes_written = num(o->fields, "bytes_written");
    int64_t data_files = num(o->fields, "data_files");
    firn_event(&r->run->events, "node_finished", o->fields);
    pthread_mutex_lock(&r->lock);
    r->files_landed += files_landed;
    r->bytes_read += bytes_read;
    r->bytes_written += bytes_written;
    r->data_files += data_files;
    r->status[n - r->graph->nodes] = o->status;
    r->result.rows += o->status == FIRN_NODE_DONE ? o->rows : 0;
    r->result.rejects += o->rejects;
    r->result.done += o->status == FIRN_NODE_DONE;
    r->result.unchanged += o->status == FIRN_NODE_UNCHANGED;
    r->result.failed += o->status == FIRN_NODE_FAILED;
    r->result.skipped += o->status == FIRN_NODE_SKIPPED;
    bool check = o->status == FIRN_NODE_FAILED && o->err.code == FIRN_E_CHECK;
    r->check_failed = r->check_failed || check;
    if (o->status == FIRN_NODE_FAILED && !check)
        r->result.exit_status = firn_code_policy_of(o->err.code)->exit_status;
    if (n->ingest)
        r->landing = false;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

/* What was done, said in the table as well. */
static void describe_node(running *r, const firn_node *n, outcome *o)
{
    bool view = n->model && n->model->materialize == FIRN_MATERIALIZE_VIEW;
    const firn_table_conf *conf = n->ingest ? &n->ingest->table : &n->model->table;
    if (view || (o->status != FIRN_NODE_DONE && o->status != FIRN_NODE_UNCHANGED))
        return;
    if (firn_describe(r->run, conf, &o->err) == FIRN_OK)
        return;
    firn_wrap(&o->err, "the table's description");
    o->status = FIRN_NODE_FAILED;
}

static uint64_t claim_of(const firn_node *n)
{
    return n->model ? n->model->memory : 0;
}

/* Gives the engine the limit that belongs to what runs now.  With the lock. */
static void set_engine_limit(running *r)
{
    firn_session *s;
    firn_err ignored = {0};
    char sql[64];
    uint64_t limit = firn_claims_limit(&r->claims);
    if (r->run->shadow) /* what a plan keeps is there beside its nodes */
        return;
    if (limit == r->claims.limit || firn_context_session(r->run, &s, &ignored) != FIRN_OK)
        return; /* whoever needs the engine says why it does not open */
    snprintf(sql, sizeof sql, "SET GLOBAL memory_limit = '%llu KiB'",
             (unsigned long long)(limit / 1024));
    if (r->run->ops->exec(s, firn_str_of(sql), &ignored) == FIRN_OK)
        r->claims.limit = limit; /* else it is tried again: more is in use now */
    firn_context_session_close(r->run, s);
}

static void release_claim(running *r, const firn_node *n)
{
    pthread_mutex_lock(&r->lock);
    firn_claims_release(&r->claims, claim_of(n));
    if (r->claims.running)
        set_engine_limit(r);
    pthread_mutex_unlock(&r->lock);
}

static void run_node(running *r, const firn_node *n)
{
    outcome o = {.fields = node_fields(n)};
    mark_view(o.fields, n);
    int64_t started = firn_env_mono_us(r->run->env);
    alone a = begin_alone(r);
    send_started(r, n);
    if (n->ingest)
        land_node(r, n, &o);
    else
        make_node(r, n, &o);
    describe_node(r, n, &o);
    end_alone(r, &a, o.fields);
    release_claim(r, n);
    finish(r, n, &o, started);
}

/* --- choosing the next one ----------------------------------------------------------------- */

typedef enum readiness { READY, BLOCKED, DOOMED } readiness;

static readiness readiness_of(const running *r, const firn_node *n)
{
    readiness all = READY;
    for (size_t i = 0; i < n->need_count; i++) {
        size_t k = n->needs[i];
        firn_node_status s = r->status[k];
        if (!r->graph->nodes[k].selected)
            continue; /* as it is */
        if (s == FIRN_NODE_FAILED || s == FIRN_NODE_SKIPPED)
            return DOOMED;
        if (s == FIRN_NODE_WAITING || s == FIRN_NODE_RUNNING)
            all = BLOCKED;
    }
    if (n->ingest && r->landing)
        all = BLOCKED;
    return all;
}

/* The first node that is left out because the run was told to stop says so. */
static void add_stop(running *r, json_t *fields)
{
    firn_err err = {0};
    if (r->stopped || firn_context_check(r->run, &err) == FIRN_OK)
        return;
    r->stopped = true;
    json_object_set_new(fields, "error", firn_event_error(&err));
}

static void skip(running *r, size_t i, readiness why)
{
    json_t *fields = node_fields(&r->graph->nodes[i]);
    r->status[i] = FIRN_NODE_SKIPPED;
    r->result.skipped++;
    if (fields)
        json_object_set_new(fields, "status", json_string("skipped"));
    if (fields && why == READY)
        add_stop(r, fields);
    firn_event(&r->run->events, "node_finished", fields);
}

/* Returns a node to run; NULL when none is left.  With the lock. */
static const firn_node *next_node(running *r)
{
    for (;;) {
        bool waiting = false;
        for (size_t i = 0; i < r->graph->count; i++) {
            const firn_node *n = &r->graph->nodes[i];
            if (!n->selected || r->status[i] != FIRN_NODE_WAITING)
                continue;
            readiness ready = readiness_of(r, n);
            bool stop = atomic_load(&r->run->cancelled);
            if (ready == DOOMED || (ready == READY && stop)) {
                skip(r, i, ready);
                pthread_cond_broadcast(&r->changed);
                continue;
            }
            if (ready == READY && firn_claims_fit(&r->claims, claim_of(n))) {
                r->status[i] = FIRN_NODE_RUNNING;
                r->landing = r->landing || n->ingest;
                firn_claims_take(&r->claims, claim_of(n));
                set_engine_limit(r);
                return n;
            }
            waiting = true;
        }
        if (!waiting)
            return NULL;
        pthread_cond_wait(&r->changed, &r->lock);
    }
}

static void *worker(void *arg)
{
    running *r = arg;
    for (;;) {
        pthread_mutex_lock(&r->lock);
        const firn_node *n = next_node(r);
        pthread_mutex_unlock(&r->lock);
        if (!n)
            return NULL;
        run_node(r, n);
    }
}

/* --- the run ------------------------------------------------------------------------------- */

static firn_code check_memory(const running *r, firn_err *err)
{
    for (size_t i = 0; i < r->graph->count; i++) {
        const firn_node *n = &r->graph->nodes[i];
        if (!n->selected || claim_of(n) <= r->run->memory.total)
            continue;
        unsigned long long mb = (unsigned long long)(claim_of(n) >> 20);
        firn_raise(err, FIRN_E_CONFIG,
                   "%.*s asks for %llu MB of memory, the whole process has %llu MB",
                   FIRN_STR_ARG(n->name), mb, (unsigned long long)(r->run->memory.total >> 20));
        firn_err_advise(err, "ask for less, or give the process more: firn run --memory %lluMB",
                        mb + 512);
        return firn_err_place(err, n->model->memory_place);
    }
    return FIRN_OK;
}

static void run_workers(running *r)
{
    pthread_t threads[MAX_WORKERS];
    size_t want = FIRN_MIN(r->run->threads, (unsigned)MAX_WORKERS);
    size_t n = 0;
    while (n + 1 < want && pthread_create(&threads[n], NULL, worker, r) == 0)
        n++;
    worker(r); /* this thread is one of them */
    for (size_t i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
}

static void set_exit_status(running *r)
{
    firn_run_result *x = &r->result;
    if (x->exit_status == 0 && r->check_failed)
        x->exit_status = firn_code_policy_of(FIRN_E_CHECK)->exit_status;
    if (x->exit_status == 0 && r->stopped)
        x->exit_status = firn_code_policy_of(FIRN_E_CANCELLED)->exit_status;
    if (x->exit_status == 0 && x->rejects)
        x->exit_status = r->project->rejects.exit_status;
}

static void send_run_started(running *r)
{
    json_t *nodes = json_array();
    for (size_t i = 0; nodes && i < r->graph->count; i++)
        if (r->graph->nodes[i].selected)
            json_array_append_new(nodes, node_fields(&r->graph->nodes[i]));
    firn_event(&r->run->events, "run_started",
               json_pack("{s:o, s:o, s:s, s:i, s:i, s:I, s:o}", "command",
                         firn_event_text(firn_str_of(r->opt->command)), "project",
                         firn_event_text(firn_str_of(r->project->file)), "version", FIRN_VERSION,
                         "pid", (int)getpid(), "threads", (int)r->run->threads, "memory",
                         (json_int_t)r->run->memory.total, "nodes", nodes));
}

static void send_run_finished(running *r, int64_t started_us)
{
    struct rusage u = {0};
    const firn_run_result *x = &r->result;
    firn_env_counters c = firn_env_count(r->run->env);
    getrusage(RUSAGE_SELF, &u);
    double seconds = (double)(firn_env_mono_us(r->run->env) - started_us) / 1e6;
    json_t *fields =
        json_pack("{s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:I}", "exit", x->exit_status,
                  "done", (json_int_t)x->done, "unchanged", (json_int_t)x->unchanged, "failed",
                  (json_int_t)x->failed, "skipped", (json_int_t)x->skipped, "rows",
                  (json_int_t)x->rows, "rejects", (json_int_t)x->rejects, "seconds", seconds,
                  "cpu_seconds", cpu_seconds(), "peak_memory", (json_int_t)u.ru_maxrss * 1024);
    set_int(fields, "files_landed", r->files_landed);
    set_int(fields, "bytes_read", r->bytes_read);
    set_int(fields, "bytes_written", r->bytes_written);
    set_int(fields, "data_files", r->data_files);
    set_int(fields, "files_published", (int64_t)c.files_published);
    set_int(fields, "syncs", (int64_t)c.syncs);
    firn_event(&r->run->events, "run_finished", fields);
}

firn_code firn_run_graph(firn_context *run, const firn_project *project, firn_graph *graph,
                         const firn_run_opt *opt, firn_run_result *ret, firn_err *err)
{
    running r = {.run = run,
                 .project = project,
                 .graph = graph,
                 .opt = opt,
                 .claims = {.total = run->memory.engine, .limit = run->memory.engine}};
    int64_t started = firn_env_mono_us(run->env);
    size_t reclaimed;
    FIRN_TRY(check_memory(&r, err));
    FIRN_TRY(firn_context_reclaim(run, &reclaimed, err));
    r.status = firn_mem_alloc((graph->count + 1) * sizeof *r.status);
    if (!r.status)
        return firn_raise_nomem(err);
    memset(r.status, 0, (graph->count + 1) * sizeof *r.status);
    pthread_mutex_init(&r.lock, NULL);
    pthread_cond_init(&r.changed, NULL);
    send_run_started(&r);
    run_workers(&r);
    set_exit_status(&r);
    send_run_finished(&r, started);
    pthread_cond_destroy(&r.changed);
    pthread_mutex_destroy(&r.lock);
    firn_mem_free(r.status);
    *ret = r.result;
    return FIRN_OK;
}
