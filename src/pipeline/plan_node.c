/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan says of a node, and of all of them together. */
#include "pipeline/plan_int.h"

#include "base/str.h"
#include "iceberg/schema_diff.h"
#include "pipeline/runs.h"

#include <string.h>
#include <sys/statvfs.h>

/* --- reading what was heard ---------------------------------------------------------------- */

static int64_t num(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

static double real(const json_t *o, const char *key)
{
    return json_number_value(json_object_get(o, key));
}

static const char *str(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static bool is(const json_t *o, const char *key, const char *value)
{
    return strcmp(str(o, key), value) == 0;
}

/* --- what would happen --------------------------------------------------------------------- */

static bool is_view(const firn_node *n)
{
    return n->model && n->model->materialize == FIRN_MATERIALIZE_VIEW;
}

static const char *action_of(const firn_planner *p, const firn_plan_in *in, const json_t *finished)
{
    const firn_node *n = in->node;
    bool replaces = n->model || p->full_refresh || n->ingest->write == FIRN_WRITE_REPLACE;
    if (is(json_object_get(finished, "error"), "code", "out of memory"))
        return "unknown"; /* the plan's memory, not the run's, which spills */
    if (is(finished, "status", "failed"))
        return "fail";
    if (!finished || is(finished, "status", "skipped"))
        return "skip";
    if (is(finished, "status", "unchanged"))
        return "nothing";
    if (is_view(n))
        return "view";
    if (!in->before)
        return "create";
    return replaces ? "replace" : "append";
}

static const char *stream_why(const firn_planner *p, const firn_plan_in *in, const char *action,
                              const json_t *files)
{
    int64_t read = num(files, "read");
    int64_t found = num(files, "found");
    if (strcmp(action, "create") == 0)
        return "there is no such table yet";
    if (strcmp(action, "replace") == 0)
        return p->full_refresh ? "--full-refresh" : "its files are not those of last time";
    if (strcmp(action, "append") == 0)
        return firn_arena_printf(p->a, "%lld of %lld files %s not landed yet", (long long)read,
                                 (long long)found, read == 1 ? "has" : "have");
    if (strcmp(action, "nothing") != 0)
        return "";
    if (read)
        return "its new files hold no records";
    return !in->before ? "there is nothing to land" : "everything has landed";
}

static firn_code set_why(const firn_planner *p, const firn_plan_in *in, const char *action,
                         json_t *o, firn_err *err)
{
    const json_t *finished = json_object_get(in->heard, "finished");
    const char *why = str(finished, "why");
    if (in->node->ingest)
        why = stream_why(p, in, action, json_object_get(in->heard, "files"));
    if (is(finished, "status", "skipped") && !json_object_get(finished, "error"))
        why = p->failed ? "what it needs would fail" : "what it needs is not known";
    if (strcmp(action, "unknown") == 0)
        why = "it takes more memory than this plan has; more of --memory may tell";
    return firn_json_set(o, "why", json_string(why ? why : ""), err);
}

/* --- parts of an entry --------------------------------------------------------------------- */

static firn_code set_files(const firn_plan_in *in, json_t *o, firn_err *err)
{
    static const char *const keys[] = {"found", "read", "bytes", "names", "changed"};
    const json_t *files = json_object_get(in->heard, "files");
    json_t *copy = json_object();
    FIRN_TRY(firn_json_set(o, "files", copy, err));
    for (size_t i = 0; i < FIRN_COUNT_OF(keys); i++) {
        json_t *v = json_object_get(files, keys[i]);
        json_t *none = i >= 3 ? json_array() : json_integer(0);
        if (v)
            json_decref(none);
        FIRN_TRY(firn_json_set(copy, keys[i], v ? json_incref(v) : none, err));
    }
    return FIRN_OK;
}

static firn_code set_changes(firn_planner *p, const firn_plan_in *in, json_t *o, firn_err *err)
{
    static const firn_schema empty = {.type = {.kind = FIRN_T_STRUCT}};
    json_t *list = json_array();
    firn_schema_change *changes;
    size_t count;
    FIRN_TRY(firn_json_set(o, "schema", list, err));
    if (!in->after || is_view(in->node))
        return FIRN_OK;
    /* a table that is replaced may give a column of the same name another id */
    FIRN_TRY(firn_schema_diff(in->before ? in->before->schema : &empty, in->after->schema,
                              FIRN_MATCH_NAMES, p->a, &changes, &count, err));
    for (size_t i = 0; i < count; i++) {
        const firn_schema_change *c = &changes[i];
        json_t *j = json_object();
        FIRN_TRY(firn_json_append(list, j, err));
        FIRN_TRY(firn_json_set(j, "change", json_string(firn_schema_change_word(c->kind)), err));
        FIRN_TRY(firn_json_set(j, "column", firn_event_text(c->column), err));
        FIRN_TRY(firn_json_set(j, "was", c->was.p ? firn_event_text(c->was) : json_null(), err));
        FIRN_TRY(firn_json_set(j, "now", c->now.p ? firn_event_text(c->now) : json_null(), err));
    }
    return FIRN_OK;
}

/* "month(date)" for each field of the spec that rows are written by. */
static firn_code set_partition(const firn_plan_in *in, json_t *o, firn_err *err)
{
    json_t *fields = json_array();
    const firn_metadata *m = in->after;
    const firn_snapshot *s = m ? firn_metadata_current(m) : NULL;
    int64_t touched = 0;
    FIRN_TRY(firn_json_set(o, "partition", fields, err));
    for (size_t i = 0; m && i < m->spec->field_count; i++)
        FIRN_TRY(firn_json_append(fields, firn_event_text(m->spec->fields[i].name), err));
    bool written = s && (!in->before || !firn_metadata_current(in->before) ||
                         firn_metadata_current(in->before)->snapshot_id != s->snapshot_id);
    if (written && m->spec->field_count)
        firn_str_i64(firn_snapshot_summary(s, "changed-partition-count"), &touched);
    return firn_json_set(o, "partitions", json_integer(touched), err);
}

static firn_code set_numbers(const firn_plan_in *in, json_t *o, firn_err *err)
{
    static const char *const all[] = {"rows", "data_files", "bytes_written"};
    static const char *const streams[] = {"rejects", "bytes_read"};
    const json_t *finished = json_object_get(in->heard, "finished");
    bool known = !is(o, "action", "unknown");
    for (size_t i = 0; i < FIRN_COUNT_OF(all); i++)
        FIRN_TRY(firn_json_set(o, all[i], known ? json_integer(num(finished, all[i])) : json_null(),
                               err));
    for (size_t i = 0; in->node->ingest && i < FIRN_COUNT_OF(streams); i++)
        FIRN_TRY(firn_json_set(o, streams[i],
                               known ? json_integer(num(finished, streams[i])) : json_null(), err));
    return firn_json_set(o, "sampled",
                         json_boolean(json_is_true(json_object_get(finished, "sampled"))), err);
}

/* Failing rows as events tell them, with the checks that found none. */
static firn_code set_lists(const firn_plan_in *in, json_t *o, firn_err *err)
{
    static const char *const keys[] = {"notes", "checks", "conflicts"};
    for (size_t i = 0; i < FIRN_COUNT_OF(keys) - (in->node->model != NULL); i++) {
        json_t *list = json_object_get(in->heard, keys[i]);
        FIRN_TRY(firn_json_set(o, keys[i], list ? json_incref(list) : json_array(), err));
    }
    json_t *error = json_object_get(json_object_get(in->heard, "finished"), "error");
    if (is(o, "action", "unknown"))
        return FIRN_OK;
    return error ? firn_json_set(o, "error", json_incref(error), err) : FIRN_OK;
}

/* --- how long ------------------------------------------------------------------------------ */

firn_code firn_plan_history(firn_planner *p, firn_err *err)
{
    firn_runs *runs = NULL;
    firn_err ignored = {0};
    json_t *list = NULL;
    if (firn_runs_open_copy(p->env, p->project->warehouse, &runs, &ignored) != FIRN_OK || !runs)
        return FIRN_OK; /* a convenience */
    firn_code code = firn_runs_last_done(runs, &list, &ignored);
    firn_runs_close(runs);
    if (code != FIRN_OK)
        return FIRN_OK;
    p->history = list;
    return firn_arena_defer(p->a, (void (*)(void *))json_decref, list, err);
}

static const json_t *history_of(const firn_planner *p, const firn_node *n)
{
    for (size_t i = 0; i < json_array_size(p->history); i++) {
        const json_t *h = json_array_get(p->history, i);
        if (firn_str_eqc(n->ident.ns, str(h, "namespace")) &&
            firn_str_eqc(n->ident.name, str(h, "table")) &&
            firn_str_eqc(n->ingest ? n->stream : FIRN_STR_LIT(""), str(h, "stream")))
            return h;
    }
    return NULL;
}

/* What earlier runs of the same node took for as much, else what the plan itself took. */
static firn_code set_seconds(const firn_planner *p, const firn_plan_in *in, const char *action,
                             json_t *o, firn_err *err)
{
    const json_t *finished = json_object_get(in->heard, "finished");
    const json_t *past = history_of(p, in->node);
    const char *amount = in->node->ingest ? "bytes_read" : "rows";
    double now = real(finished, amount);
    double then = real(past, amount);
    bool works = strcmp(action, "create") == 0 || strcmp(action, "append") == 0 ||
                 strcmp(action, "replace") == 0;
    bool known = works && past && real(past, "seconds") > 0 && then > 0 && now > 0;
    double seconds = known ? real(past, "seconds") * FIRN_MAX(now / then, 0.05)
                           : real(finished, "seconds") + real(finished, "more_seconds");
    const char *from = !works ? "nothing" : known ? "record" : "measured";
    FIRN_TRY(firn_json_set(o, "seconds", json_real(works ? seconds : 0), err));
    return firn_json_set(o, "seconds_from", json_string(from), err);
}

/* --- an entry ------------------------------------------------------------------------------ */

static firn_code fill_node(firn_planner *p, const firn_plan_in *in, json_t *o, firn_err *err)
{
    const firn_node *n = in->node;
    const char *action = action_of(p, in, json_object_get(in->heard, "finished"));
    p->failed = p->failed || strcmp(action, "fail") == 0;
    if (n->ingest)
        FIRN_TRY(firn_json_set(o, "stream", firn_event_text(n->stream), err));
    FIRN_TRY(firn_json_set(o, "namespace", firn_event_text(n->ident.ns), err));
    FIRN_TRY(firn_json_set(o, "table", firn_event_text(n->ident.name), err));
    FIRN_TRY(firn_json_set(o, "action", json_string(action), err));
    FIRN_TRY(set_why(p, in, action, o, err));
    if (n->ingest)
        FIRN_TRY(set_files(in, o, err));
    FIRN_TRY(set_numbers(in, o, err));
    if (n->model && n->model->memory)
        FIRN_TRY(firn_json_set(o, "memory", json_integer((json_int_t)n->model->memory), err));
    FIRN_TRY(set_changes(p, in, o, err));
    FIRN_TRY(set_partition(in, o, err));
    if (n->ingest)
        FIRN_TRY(firn_plan_rejects(p, in, o, err));
    FIRN_TRY(set_lists(in, o, err));
    return set_seconds(p, in, action, o, err);
}

firn_code firn_plan_node(firn_planner *p, const firn_plan_in *in, json_t **ret, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *o = json_object();
    FIRN_TRY(fill_node(p, in, o, err));
    *ret = json_incref(o);
    return FIRN_OK;
}

/* --- all of them --------------------------------------------------------------------------- */

/* Files wait in scratch until they are moved into their table: of a landing that is not parted a
 * few at a time, of everything else all, and parted rows are there twice. */
static int64_t scratch_of(const firn_planner *p, const json_t *node, bool stream)
{
    int64_t written = num(node, "bytes_written");
    firn_str ns = firn_json_text(json_object_get(node, "namespace"));
    int64_t target = (int64_t)firn_project_maintenance(p->project, ns)->target_file_size;
    if (json_array_size(json_object_get(node, "partition")))
        return 2 * written;
    return stream ? FIRN_MIN(written, 2 * target * (int64_t)p->run->threads) : written;
}

/* Of the file system that the warehouse is on, or would be. */
static int64_t free_space(const char *folder)
{
    FIRN_AUTO(firn_buf_free) firn_buf path = FIRN_BUF((size_t)1 << 16);
    struct statvfs v;
    if (firn_buf_adds(&path, folder, NULL) != FIRN_OK)
        return -1;
    while (path.n > 1 && statvfs(firn_buf_cstr(&path), &v) != 0) {
        while (path.n > 1 && path.p[path.n - 1] != '/')
            path.n--;
        path.n -= path.n > 1;
        path.p[path.n] = '\0';
    }
    if (statvfs(firn_buf_cstr(&path), &v) != 0)
        return -1;
    return (int64_t)((uint64_t)v.f_bavail * v.f_frsize);
}

static firn_code set_scratch(firn_planner *p, json_t *doc, firn_err *err)
{
    static const char *const kinds[] = {"streams", "models"};
    int64_t needed = 0;
    const json_t *node;
    size_t i;
    for (size_t k = 0; k < FIRN_COUNT_OF(kinds); k++) {
        json_array_foreach(json_object_get(doc, kinds[k]), i, node)
        {
            int64_t n = scratch_of(p, node, k == 0);
            needed = k == 0 ? FIRN_MAX(needed, n) : needed + n; /* models run side by side */
        }
    }
    int64_t space = free_space(p->project->warehouse);
    return firn_json_set(doc, "scratch",
                         json_pack("{s:I, s:o}", "needed", (json_int_t)needed, "free",
                                   space < 0 ? json_null() : json_integer(space)),
                         err);
}

static firn_code set_all_seconds(const firn_planner *p, json_t *doc, firn_err *err)
{
    double landing = 0; /* one stream at a time */
    double sum = 0;     /* of models, which run side by side … */
    double longest = 0;
    bool record = false;
    bool measured = false;
    const json_t *node;
    size_t i;
    json_array_foreach(json_object_get(doc, "streams"), i, node)
    {
        landing += real(node, "seconds");
        record = record || is(node, "seconds_from", "record");
        measured = measured || is(node, "seconds_from", "measured");
    }
    json_array_foreach(json_object_get(doc, "models"), i, node)
    {
        sum += real(node, "seconds");
        longest = FIRN_MAX(longest, real(node, "seconds"));
        record = record || is(node, "seconds_from", "record");
        measured = measured || is(node, "seconds_from", "measured");
    }
    double seconds = landing + FIRN_MAX(longest, sum / p->run->threads);
    const char *from = record && measured ? "both"
                       : record           ? "record"
                       : measured         ? "measured"
                                          : "nothing";
    FIRN_TRY(firn_json_set(doc, "seconds", json_real(seconds), err));
    return firn_json_set(doc, "seconds_from", json_string(from), err);
}

static firn_code set_totals(json_t *doc, firn_err *err)
{
    static const char *const actions[] = {"create",  "append",  "replace", "view",
                                          "nothing", "unknown", "fail",    "skip"};
    static const char *const sums[] = {"rows", "rejects", "bytes_read", "bytes_written",
                                       "data_files"};
    static const char *const kinds[] = {"streams", "models"};
    json_t *totals = json_object();
    FIRN_TRY(firn_json_set(doc, "totals", totals, err));
    for (size_t x = 0; x < FIRN_COUNT_OF(actions) + FIRN_COUNT_OF(sums); x++) {
        bool sum = x >= FIRN_COUNT_OF(actions);
        const char *key = sum ? sums[x - FIRN_COUNT_OF(actions)] : actions[x];
        int64_t total = 0;
        for (size_t k = 0; k < FIRN_COUNT_OF(kinds); k++) {
            const json_t *node;
            size_t i;
            json_array_foreach(json_object_get(doc, kinds[k]), i, node) total +=
                sum ? num(node, key) : is(node, "action", key);
        }
        FIRN_TRY(firn_json_set(totals, key, json_integer(total), err));
    }
    return FIRN_OK;
}

firn_code firn_plan_totals(firn_planner *p, json_t *doc, firn_err *err)
{
    FIRN_TRY(set_scratch(p, doc, err));
    FIRN_TRY(set_all_seconds(p, doc, err));
    return set_totals(doc, err);
}
