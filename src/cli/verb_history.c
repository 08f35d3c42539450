/* SPDX-License-Identifier: Apache-2.0 */
/* firn history: the snapshots of a table, which came from which, and who made them; the runs, and
 * one of them. */
#include "cli/runs_print.h"
#include "cli/table_args.h"
#include "cli/verbs.h"

#include "base/str.h"

#include <inttypes.h>
#include <string.h>

/* What became of a snapshot. */
typedef enum fate {
    CURRENT,   /* the table's current snapshot, where its lineage is shown */
    HEAD,      /* the head of another lineage that is shown */
    ANCESTOR,  /* the head stems from it */
    ROLLED,    /* main once stood on it, and does no longer */
    ELSEWHERE, /* on another branch, or on none */
} fate;

static const char *const fate_words[] = {"current", "head", "ancestor", "rolled back", "elsewhere"};

typedef struct history_view {
    firn_command *c;
    const firn_table_at *t;
    bool *ancestors; /* of the head, itself among them */
    bool *main;      /* of main's head */
    bool all;        /* also snapshots that the head does not stem from */
} history_view;

static fate fate_of(const history_view *v, size_t i)
{
    const firn_metadata *m = v->t->metadata;
    const firn_snapshot *s = &m->snapshots[i];
    if (v->t->snapshot == s)
        return s->snapshot_id == m->current_snapshot_id ? CURRENT : HEAD;
    if (v->ancestors[i])
        return ANCESTOR;
    return firn_snapshot_was_main(m, s->snapshot_id) && !v->main[i] ? ROLLED : ELSEWHERE;
}

/* The number in a summary, -1 if it is not said. */
static int64_t number(const firn_snapshot *s, const char *key)
{
    int64_t n;
    return firn_str_i64(firn_snapshot_summary(s, key), &n) && n >= 0 ? n : -1;
}

static bool has_position(const firn_snapshot *s)
{
    return firn_snapshot_summary(s, "firn.position").p ||
           firn_snapshot_summary(s, "firn.position-size").p;
}

/* --- as a table ---------------------------------------------------------------------------- */

static const char *count_text(firn_command *c, const firn_snapshot *s, const char *key)
{
    char text[32];
    int64_t n = number(s, key);
    if (n < 0)
        return "";
    firn_human_count((uint64_t)n, text);
    return firn_arena_strdup(c->arena, text);
}

/* "firn 1.2 run 3f2a51c0", "spark". */
static const char *writer_text(firn_command *c, const firn_snapshot *s)
{
    firn_str engine = firn_snapshot_summary(s, "engine-name");
    firn_str run = firn_snapshot_summary(s, "firn.run");
    if (!engine.p && firn_snapshot_summary(s, "spark.app.id").p)
        engine = FIRN_STR_LIT("spark");
    if (!engine.p && firn_snapshot_summary(s, "flink.job-id").p)
        engine = FIRN_STR_LIT("flink");
    run.n = FIRN_MIN(run.n, (size_t)8);
    return firn_arena_printf(c->arena, "%.*s%s%.*s", FIRN_STR_ARG(engine), run.n ? " run " : "",
                             FIRN_STR_ARG(run));
}

/* "current, main, tag v1"; "rolled back". */
static const char *notes_text(const history_view *v, size_t i)
{
    const firn_metadata *m = v->t->metadata;
    fate f = fate_of(v, i);
    const char *text = f == ANCESTOR ? "" : f == ELSEWHERE ? "not in this lineage" : fate_words[f];
    for (size_t k = 0; text && k < m->ref_count; k++) {
        const firn_ref *r = &m->refs[k];
        if (r->snapshot_id == m->snapshots[i].snapshot_id)
            text = firn_arena_printf(v->c->arena, "%s%s%s %.*s", text, *text ? ", " : "",
                                     r->is_branch ? "branch" : "tag", FIRN_STR_ARG(r->name));
    }
    return text;
}

static firn_code add_row(const history_view *v, size_t i, firn_text_table *t, firn_err *err)
{
    firn_command *c = v->c;
    const firn_snapshot *s = &v->t->metadata->snapshots[i];
    char when[32];
    char id[24];
    firn_str operation = firn_snapshot_summary(s, "operation");
    firn_str stream = firn_snapshot_summary(s, "firn.stream");
    firn_human_time(s->timestamp_ms, when);
    snprintf(id, sizeof id, "%" PRId64, s->snapshot_id);
    const char *const cells[] = {when,
                                 id,
                                 firn_arena_strndup(c->arena, operation.p, operation.n),
                                 count_text(c, s, "added-records"),
                                 count_text(c, s, "deleted-records"),
                                 count_text(c, s, "total-records"),
                                 writer_text(c, s),
                                 firn_arena_strndup(c->arena, stream.p, stream.n),
                                 has_position(s) ? "yes" : "",
                                 notes_text(v, i)};
    return firn_text_table_add(t, cells, err);
}

static firn_code print_rows(const history_view *v, firn_err *err)
{
    static const char *const heads[] = {"time (UTC)", "snapshot", "operation", "added",
                                        "deleted",    "rows",     "by",        "stream",
                                        "position",   ""};
    static const bool right[] = {false, true, false, true, true, true, false, false, false, false};
    const firn_metadata *m = v->t->metadata;
    firn_text_table *t;
    firn_print_opt opt = firn_print_defaults();
    FIRN_TRY(firn_text_table_new(heads, FIRN_COUNT_OF(heads), right, &t, err));
    firn_code code = FIRN_OK;
    for (size_t i = 0; code == FIRN_OK && i < m->snapshot_count; i++)
        if (v->all || v->ancestors[i])
            code = add_row(v, i, t, err);
    if (code == FIRN_OK)
        code = firn_text_table_print(t, &opt, stdout, err);
    firn_text_table_free(t);
    return code;
}

/* Where the lineage ends at a snapshot that is gone, that is said. */
static void print_cut(const history_view *v)
{
    const firn_metadata *m = v->t->metadata;
    for (size_t i = 0; i < m->snapshot_count; i++) {
        int64_t parent = m->snapshots[i].parent_id;
        if (v->ancestors[i] && parent != FIRN_NO_SNAPSHOT && !firn_metadata_snapshot(m, parent))
            printf("snapshot %" PRId64 " and those before it have expired\n", parent);
    }
}

/* --- as JSON ------------------------------------------------------------------------------- */

static firn_code set_count(json_t *o, const char *key, const firn_snapshot *s, const char *summary,
                           firn_err *err)
{
    int64_t n = number(s, summary);
    return firn_json_set(o, key, n < 0 ? json_null() : json_integer(n), err);
}

static firn_code set_refs(const firn_metadata *m, const firn_snapshot *s, json_t *o, firn_err *err)
{
    json_t *list = json_array();
    FIRN_TRY(firn_json_set(o, "refs", list, err));
    for (size_t i = 0; i < m->ref_count; i++) {
        const firn_ref *r = &m->refs[i];
        json_t *ref = json_object();
        if (r->snapshot_id != s->snapshot_id) {
            json_decref(ref);
            continue;
        }
        FIRN_TRY(firn_json_append(list, ref, err));
        FIRN_TRY(firn_json_set(ref, "name", firn_json_new_str(r->name), err));
        FIRN_TRY(firn_json_set(ref, "type", json_string(r->is_branch ? "branch" : "tag"), err));
    }
    return FIRN_OK;
}

static firn_code snapshot_to_json(const history_view *v, size_t i, json_t *list, firn_err *err)
{
    const firn_metadata *m = v->t->metadata;
    const firn_snapshot *s = &m->snapshots[i];
    bool root = s->parent_id == FIRN_NO_SNAPSHOT;
    json_t *o = json_object();
    FIRN_TRY(firn_json_append(list, o, err));
    FIRN_TRY(firn_json_set_snapshot(o, s, err));
    FIRN_TRY(firn_json_set(o, "parent_id", root ? json_null() : json_integer(s->parent_id), err));
    FIRN_TRY(firn_json_set(o, "sequence_number", json_integer(s->sequence_number), err));
    FIRN_TRY(firn_json_set(o, "state", json_string(fate_words[fate_of(v, i)]), err));
    FIRN_TRY(firn_json_set(o, "on_main", json_boolean(v->main[i]), err));
    FIRN_TRY(set_refs(m, s, o, err));
    FIRN_TRY(firn_json_set_text(o, "operation", firn_snapshot_summary(s, "operation"), err));
    FIRN_TRY(set_count(o, "added_rows", s, "added-records", err));
    FIRN_TRY(set_count(o, "deleted_rows", s, "deleted-records", err));
    FIRN_TRY(set_count(o, "rows", s, "total-records", err));
    FIRN_TRY(set_count(o, "data_files", s, "total-data-files", err));
    FIRN_TRY(set_count(o, "delete_files", s, "total-delete-files", err));
    FIRN_TRY(set_count(o, "bytes", s, "total-files-size", err));
    FIRN_TRY(firn_json_set_text(o, "engine", firn_snapshot_summary(s, "engine-name"), err));
    FIRN_TRY(firn_json_set_text(o, "run", firn_snapshot_summary(s, "firn.run"), err));
    FIRN_TRY(firn_json_set_text(o, "stream", firn_snapshot_summary(s, "firn.stream"), err));
    FIRN_TRY(firn_json_set(o, "position", json_boolean(has_position(s)), err));
    return firn_json_set(o, "summary", s->summary ? json_deep_copy(s->summary) : json_null(), err);
}

static firn_code print_as_json(const history_view *v, firn_err *err)
{
    const firn_metadata *m = v->t->metadata;
    FIRN_AUTO(firn_json_unref) json_t *o = json_object();
    json_t *list = json_array();
    FIRN_TRY(firn_json_set(o, "v", json_integer(1), err));
    FIRN_TRY(firn_json_set(o, "namespace", firn_json_new_str(v->t->ident.ns), err));
    FIRN_TRY(firn_json_set(o, "table", firn_json_new_str(v->t->ident.name), err));
    FIRN_TRY(firn_json_set(o, "snapshots", list, err));
    for (size_t i = 0; i < m->snapshot_count; i++)
        if (v->all || v->ancestors[i])
            FIRN_TRY(snapshot_to_json(v, i, list, err));
    return firn_command_print_json(o, err);
}

/* --- runs ---------------------------------------------------------------------------------- */

#define RUNS_SHOWN 20

/* "last", or the beginning of a run's id; tables have a '.' in their names. */
static bool is_run(const char *word)
{
    size_t n = strlen(word);
    if (strcmp(word, "last") == 0)
        return true;
    return n >= 4 && n <= 36 && strspn(word, "0123456789abcdefABCDEF-") == n;
}

static firn_code no_runs(firn_err *err)
{
    firn_raise(err, FIRN_E_NOTFOUND, "nothing ran here yet");
    return firn_err_advise(err, "`firn run` runs the project; then ask again");
}

static firn_code list_runs(firn_command *c, const firn_args *args, firn_runs *runs, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *root = json_object();
    const char *rows = firn_args_get(args, "rows");
    json_t *list = NULL;
    int64_t max = RUNS_SHOWN;
    if (rows && (!firn_str_i64(firn_str_of(rows), &max) || max < 1)) {
        firn_raise(err, FIRN_E_USAGE, "--rows wants a number from 1 on, not %s",
                   firn_quotec(rows).s);
        return firn_err_advise(err, "for example --rows 100");
    }
    FIRN_TRY(firn_runs_list(runs, (size_t)max, &list, err));
    FIRN_TRY(firn_json_set(root, "runs", list, err));
    if (!firn_args_has(args, "json"))
        return firn_print_runs(c, list, err);
    FIRN_TRY(firn_json_set(root, "v", json_integer(1), err));
    return firn_command_print_json(root, err);
}

static firn_code show_run(firn_command *c, const firn_args *args, firn_runs *runs, const char *id,
                          firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *found = NULL;
    FIRN_TRY(firn_runs_find(runs, id, &found, err));
    FIRN_TRY(firn_json_set(found, "v", json_integer(1), err));
    return firn_args_has(args, "json") ? firn_command_print_json(found, err)
                                       : firn_print_run(c, found, err);
}

static firn_code history_of_runs(firn_command *c, const firn_args *args, firn_err *err)
{
    firn_runs *runs;
    size_t rest;
    FIRN_TRY(firn_command_runs(c, args, &rest, &runs, err));
    firn_code code;
    if (!runs)
        code = no_runs(err);
    else if (rest < args->rest_count)
        code = show_run(c, args, runs, args->rest[rest], err);
    else
        code = list_runs(c, args, runs, err);
    firn_runs_close(runs);
    return code;
}

/* --- the verb ------------------------------------------------------------------------------ */

static firn_code history(firn_command *c, const firn_args *args, int *ret_status FIRN_UNUSED,
                         firn_err *err)
{
    firn_table_at t;
    bool run = args->rest_count && is_run(args->rest[args->rest_count - 1]);
    if (run || firn_args_has(args, "runs"))
        return history_of_runs(c, args, err);
    FIRN_TRY(firn_command_table_at(c, args, "the history of which table?", &t, err));
    history_view v = {.c = c, .t = &t, .all = t.at.kind == FIRN_AT_CURRENT};
    FIRN_TRY(firn_snapshot_ancestors(t.metadata, t.snapshot, c->arena, &v.ancestors, err));
    FIRN_TRY(firn_snapshot_ancestors(t.metadata, firn_metadata_current(t.metadata), c->arena,
                                     &v.main, err));
    if (firn_args_has(args, "json"))
        return print_as_json(&v, err);
    FIRN_TRY(print_rows(&v, err));
    print_cut(&v);
    return FIRN_OK;
}

static int verb_history(const firn_args *args)
{
    return firn_command_do(args, history);
}

static const firn_arg history_args[] = {
    FIRN_ARG_AT,
    {"runs", 0, NULL, "the runs that the run record holds, newest first"},
    {"rows", 'n', "N", "so many of the runs (default: 20)"},
    FIRN_ARG_JSON_DOCUMENT,
    FIRN_ARG_PROJECT,
    FIRN_ARG_HELP,
    {NULL, 0, NULL, NULL},
};

const firn_verb firn_verb_history = {
    .name = "history",
    .synopsis = "[WAREHOUSE] TABLE | RUN | --runs [options]",
    .summary = "show the snapshots of a table, or what ran and how it went",
    .details =
        "Oldest first, with branches and tags beside them; those that main was rolled back from,\n"
        "or that are on other branches, are marked.  With --at: only what led to that state.  A\n"
        "snapshot with a position was made by firn and says up to where the sources were landed.\n"
        "A RUN is the beginning of its id, or last: what was run, its outcome for each table, "
        "what\n"
        "was read and written, checks, CPU and memory, and the errors as they were printed.\n"
        "\n"
        "  firn history raw.orders --at audit\n"
        "  firn history --runs\n"
        "  firn history last",
    .args = history_args,
    .run = verb_history,
};
