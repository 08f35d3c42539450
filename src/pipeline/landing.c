/* SPDX-License-Identifier: Apache-2.0 */
/* The way of a stream: find its files, leave out what landed, land the rest unit by unit, commit
 * everything in one snapshot. */
#include "pipeline/landing_int.h"
#include "pipeline/progress.h"
#include "pipeline/sorted.h"
#include "pipeline/spec_note.h"

#include "base/datetime.h"
#include "base/str.h"
#include "engine/sql.h"
#include "env/fail.h"

#include <stdlib.h>
#include <string.h>

#define MB                 ((uint64_t)1 << 20)
#define BATCH_BYTES        (4 * MB)
#define SAMPLE_BATCH_BYTES (MB / 2) /* of a part of the files, of which there may be many */
#define LOOKAHEAD_BYTES    (64 * MB)
#define WINDOW_BYTES       (32 * MB)
#define HEAD_BYTES         (16 * MB)
#define DIRECT_UNIT_BYTES  ((uint64_t)4 << 30)
#define PARTED_UNIT_BYTES  ((uint64_t)16 << 30)
#define MAX_TRIES          3

firn_code firn_stream_name(const firn_ingest *ingest, firn_arena *a, firn_str *ret, firn_err *err)
{
    const char *name = firn_arena_printf(a, "%.*s.%.*s", FIRN_STR_ARG(ingest->source->name),
                                         FIRN_STR_ARG(ingest->stream));
    if (!name)
        return firn_arena_raise(a, err);
    *ret = firn_str_of(name);
    return FIRN_OK;
}

void firn_landing_note(landing *l, firn_str message)
{
    const firn_ident *i = &l->ingest->table.ident;
    firn_event_note(&l->run->events, l->stream, i->ns, i->name, message);
}

/* --- what a plan is told beside --------------------------------------------------------------- */

static json_t *plan_fields(const landing *l)
{
    return json_pack("{s:o, s:o, s:o}", "stream", firn_event_text(l->stream), "namespace",
                     firn_event_text(l->ingest->table.ident.ns), "table",
                     firn_event_text(l->ingest->table.ident.name));
}

static json_t *file_names(const landing *l, bool changed)
{
    json_t *names = json_array();
    size_t count = changed ? l->changed_count : l->file_count;
    for (size_t i = 0; names && i < FIRN_MIN(count, (size_t)FIRN_PLAN_NAMES_MAX); i++) {
        const firn_source_file *f = changed ? l->changed[i] : &l->files[i];
        json_array_append_new(names, json_pack("{s:o, s:I}", "name", firn_event_text(f->name),
                                               "bytes", (json_int_t)f->stat.size));
    }
    return names;
}

/* Which files a run would read, and which of all have other content than when they landed. */
static void tell_files(const landing *l)
{
    uint64_t bytes = 0;
    json_t *fields = l->run->shadow ? plan_fields(l) : NULL;
    if (!fields)
        return;
    for (size_t i = 0; i < l->file_count; i++)
        bytes += l->files[i].stat.size;
    json_object_set_new(fields, "found", json_integer((json_int_t)l->found_count));
    json_object_set_new(fields, "read", json_integer((json_int_t)l->file_count));
    json_object_set_new(fields, "bytes", json_integer((json_int_t)bytes));
    json_object_set_new(fields, "names", file_names(l, false));
    json_object_set_new(fields, "changed", file_names(l, true));
    firn_event(&l->run->events, "files", fields);
}

/* Values that would land beside their columns, or not at all, of records that would. */
static void tell_conflicts(const landing *l)
{
    json_t *fields = l->run->shadow && l->feed ? plan_fields(l) : NULL;
    json_t *list = fields ? json_array() : NULL;
    if (!list) {
        json_decref(fields);
        return;
    }
    const firn_conflicts_seen *c = firn_feed_seen(l->feed).conflicts;
    for (size_t i = 0; i < FIRN_MIN(c->n, (size_t)FIRN_PLAN_NAMES_MAX); i++)
        json_array_append_new(list,
                              json_pack("{s:o, s:I, s:o}", "path", firn_event_text(c->v[i].path),
                                        "count", (json_int_t)c->v[i].count, "example",
                                        firn_event_text(c->v[i].example)));
    json_object_set_new(fields, "conflicts", list);
    firn_event(&l->run->events, "conflicts", fields);
}

/* --- which files --------------------------------------------------------------------------- */

static firn_code find_files(landing *l, firn_err *err)
{
    const firn_ingest *in = l->ingest;
    firn_code code = firn_files_find(l->run->env, firn_str_of(in->source->path), in->stream, l->a,
                                     &l->found, &l->found_count, err);
    if (code != FIRN_OK) {
        firn_wrap(err, "stream %s", firn_quote(l->stream).s);
        return firn_err_place(err, in->place);
    }
    l->files = firn_arena_array(l->a, l->found_count, sizeof *l->files);
    l->changed = firn_arena_array(l->a, l->found_count, sizeof *l->changed);
    return l->files && l->changed ? FIRN_OK : firn_arena_raise(l->a, err);
}

static firn_code changed_file(const landing *l, const firn_source_file *f, firn_err *err)
{
    const firn_landed_file *old = firn_landed_by_name(&l->landed, f->name);
    bool project = l->project->file != NULL; /* else `firn load`: names are below / */
    firn_raise(err, FIRN_E_CONFLICT,
               "file %s landed before with %llu bytes and has other content now (%llu bytes)",
               project ? firn_quote(f->name).s : firn_quotec(f->path).s,
               (unsigned long long)old->size, (unsigned long long)f->stat.size);
    firn_err_id(err, FIRN_ID_CHANGED);
    if (!project)
        return firn_err_advise(err, "give the new content a new name, or load it with --replace");
    return firn_err_advise(err, "append never lands a name twice: give the new content a new name, "
                                "or use `write: replace`; for content under any name use "
                                "`identity: content`");
}

static firn_code say_empty(landing *l, const firn_source_file *f)
{
    const char *message = firn_arena_printf(l->a, "file %s is empty", firn_quote(f->name).s);
    if (message)
        firn_landing_note(l, firn_str_of(message));
    return FIRN_OK;
}

/* append: everything that has not landed. */
static firn_code choose_new(landing *l, firn_err *err)
{
    bool by_content = l->ingest->identity == FIRN_IDENTITY_CONTENT;
    for (size_t i = 0; i < l->found_count; i++) {
        const firn_source_file *f = &l->found[i];
        firn_file_state state;
        uint64_t hash;
        FIRN_TRY(firn_landed_state(&l->landed, f, by_content, &state, &hash, err));
        if (state == FIRN_FILE_CHANGED && !l->run->shadow)
            return changed_file(l, f, err);
        if (state == FIRN_FILE_CHANGED)
            l->changed[l->changed_count++] = f;
        if (state == FIRN_FILE_EMPTY)
            FIRN_TRY(say_empty(l, f));
        if (state == FIRN_FILE_NEW)
            l->files[l->file_count++] = *f;
    }
    if (l->changed_count) { /* a plan tells all of them */
        tell_files(l);
        return changed_file(l, l->changed[0], err);
    }
    return by_content ? firn_landed_drop_twins(l->files, &l->file_count, l->a, err) : FIRN_OK;
}

/* replace: all of them, if any of them is not as it was, or one is gone. */
static firn_code choose_all(landing *l, firn_err *err)
{
    bool same = l->metadata && !l->opt->full_refresh;
    size_t kept = 0;
    for (size_t i = 0; i < l->found_count; i++) {
        const firn_source_file *f = &l->found[i];
        firn_file_state state;
        uint64_t hash;
        FIRN_TRY(firn_landed_state(&l->landed, f, false, &state, &hash, err));
        if (state == FIRN_FILE_EMPTY) {
            FIRN_TRY(say_empty(l, f));
            continue;
        }
        if (state == FIRN_FILE_CHANGED)
            l->changed[l->changed_count++] = f;
        same = same && state == FIRN_FILE_LANDED;
        l->files[kept++] = *f;
    }
    l->file_count = same && kept == l->landed.n ? 0 : kept;
    return FIRN_OK;
}

/* A replaced table belongs to one stream. */
static firn_code refuse_shared_replace(const landing *l, firn_err *err)
{
    size_t entries = 0;
    for (size_t i = 0; i < l->project->ingest_count; i++)
        entries += firn_ident_eq(l->project->ingest[i].table.ident, l->ingest->table.ident);
    if (entries < 2)
        return FIRN_OK;
    firn_raise(err, FIRN_E_CONFIG,
               "%.*s.%.*s is fed by %zu streams: replacing it with one would "
               "lose the others",
               FIRN_STR_ARG(l->ingest->table.ident.ns), FIRN_STR_ARG(l->ingest->table.ident.name),
               entries);
    firn_err_advise(err, "land each stream into a table of its own, and join them in a model");
    return firn_err_place(err, l->ingest->place);
}

/* --- the format ---------------------------------------------------------------------------- */

/* The format, and the options that follow from it. */
static firn_code choose_format(landing *l, firn_err *err)
{
    FIRN_TRY(firn_files_kind(l->run->env, l->files, l->file_count, l->ingest->format.decoder,
                             &l->kind, err));
    l->format = l->ingest->format.opt;
    if (l->kind == FIRN_FILE_PARQUET)
        return FIRN_OK;
    l->decoder = firn_file_kind_decoder(l->kind, &l->format);
    if (l->decoder)
        return FIRN_OK;
    return firn_raise(err, FIRN_E_UNSUPPORTED, "files of the format %s are not read yet",
                      firn_file_kind_name(l->kind));
}

static firn_code open_feed(landing *l, firn_err *err)
{
    static const firn_str reserved[] = {{FIRN_LOADED_AT, sizeof FIRN_LOADED_AT - 1},
                                        {FIRN_RESIDUAL_NAME, sizeof FIRN_RESIDUAL_NAME - 1}};
    unsigned readers = FIRN_MIN(l->run->threads, 4u);
    l->feed_conf = (firn_feed_conf){
        .env = l->run->env,
        .decoder = l->decoder,
        .format = &l->format,
        .files = l->files,
        .file_count = l->file_count,
        .readers = readers,
        .layout = l->layout,
        .given = l->ingest->columns,
        .given_count = l->ingest->column_count,
        .limits = &l->limits,
        .policy = &l->policy,
        .exists = l->metadata != NULL,
        .reserved = reserved,
        .reserved_count = l->policy.conflicts == FIRN_CONFLICTS_RESIDUAL ? 2 : 1,
        .parts = l->parts,
        .infer_full = l->ingest->infer == FIRN_INFER_FULL,
        .batch_bytes = l->parts ? SAMPLE_BATCH_BYTES : BATCH_BYTES,
        .queue_bytes = l->run->memory.queue,
        .lookahead_bytes = LOOKAHEAD_BYTES,
        .window_bytes = WINDOW_BYTES,
        .stream = l->stream,
        .by_content = l->ingest->identity == FIRN_IDENTITY_CONTENT,
        .rejects_max = (uint64_t)l->project->rejects.max,
        .rejects_ratio = l->project->rejects.max_ratio,
    };
    return firn_feed_open(&l->feed_conf, &l->feed, err);
}

/* --- units --------------------------------------------------------------------------------- */

firn_code firn_landing_publish_new(landing *l, firn_err *err)
{
    while (l->published < l->data.n) {
        size_t i = l->published++;
        FIRN_TRY(firn_publisher_add(l->publisher, l->scratch.v[i], l->data.v[i].file_path, err));
    }
    return FIRN_OK;
}

static int64_t bytes_of(const firn_data_files *files)
{
    int64_t bytes = 0;
    for (size_t i = 0; i < files->n; i++)
        bytes += files->v[i].file_size_in_bytes;
    return bytes;
}

/* How many raw bytes make a file of the target size, as far as is known. */
static uint64_t unit_size(const landing *l)
{
    int64_t written = bytes_of(&l->data);
    double ratio = written > 0 && l->raw_bytes > 0 ? (double)l->raw_bytes / (double)written
                                                   : FIRN_LANDING_FIRST_RATIO;
    return (uint64_t)((double)l->target.format.target_file_bytes * ratio);
}

/* Each unit of a partitioned table makes a file in each partition: as few units as possible.  What
 * was planned for few partitions is looked at again sooner, for there may be more later. */
static uint64_t partitioned_unit_size(const landing *l)
{
    if (!l->head)
        return HEAD_BYTES;
    return l->target.spread.buckets > 1 ? PARTED_UNIT_BYTES : DIRECT_UNIT_BYTES;
}

static void say_notes(landing *l)
{
    size_t count;
    const firn_layout_note *notes = firn_feed_notes(l->feed, &count);
    while (l->notes_said < count)
        firn_landing_note(l, notes[l->notes_said++].text);
}

static bool is_partitioned(const landing *l)
{
    return l->metadata ? l->metadata->spec->field_count > 0 : l->ingest->table.partition_count > 0;
}

/* *ret_more: false at the end, or when there is nothing but blanks. */
static firn_code begin_unit(landing *l, bool *ret_more, firn_err *err)
{
    bool flat = l->policy.nested == FIRN_NESTED_FLATTEN;
    uint64_t size = is_partitioned(l) && !flat ? partitioned_unit_size(l) : unit_size(l);
    if (flat) /* its rows wait in the engine */
        size = FIRN_MIN(size, l->run->memory.engine / 2);
    FIRN_TRY(firn_context_check(l->run, err));
    FIRN_TRY(firn_feed_begin_unit(l->feed, size, &l->layout, ret_more, err));
    say_notes(l);
    return l->layout ? firn_landing_schema(l, err) : FIRN_OK;
}

static firn_code write_unit(landing *l, firn_session *s, bool fed, firn_err *err)
{
    bool flat = l->policy.nested == FIRN_NESTED_FLATTEN;
    FIRN_TRY(flat ? firn_landing_copy_flat(l, s, err) : firn_landing_copy_unit(l, s, fed, err));
    FIRN_TRY(firn_landing_publish_new(l, err));
    return FIRN_FAIL("landing.after_unit", err);
}

static firn_code land_units(landing *l, firn_session *s, firn_err *err)
{
    for (;;) {
        bool more;
        FIRN_TRY(begin_unit(l, &more, err));
        if (!more)
            return l->head ? write_unit(l, s, false, err) : FIRN_OK;
        if (is_partitioned(l) && !l->head && l->policy.nested != FIRN_NESTED_FLATTEN)
            FIRN_TRY(firn_landing_take_head(l, s, err));
        else
            FIRN_TRY(write_unit(l, s, true, err));
    }
}

/* --- one try ------------------------------------------------------------------------------- */

/* What was published and will not be committed. */
static void remove_data(landing *l)
{
    for (size_t i = 0; i < l->data.n; i++)
        (void)l->run->io->remove(l->run->io->ctx, l->data.v[i].file_path, NULL);
    for (size_t i = 0; i < l->reject_data.n; i++)
        (void)l->run->io->remove(l->run->io->ctx, l->reject_data.v[i].file_path, NULL);
    for (size_t i = 0; i < l->children.n; i++)
        for (size_t k = 0; k < l->children.v[i]->data.n; k++)
            (void)l->run->io->remove(l->run->io->ctx, l->children.v[i]->data.v[k].file_path, NULL);
}

static firn_code land_feed(landing *l, firn_session *s, firn_err *err)
{
    firn_progress p;
    const firn_progress_source source = firn_progress_of_feed(l->feed, &l->feed_conf);
    firn_progress_begin(&p, &l->run->events, &source, l->stream, l->ingest->table.ident);
    firn_code code = land_units(l, s, err);
    firn_progress_end(&p);
    FIRN_TRY(code);
    l->done = firn_feed_files(l->feed);
    l->rejects = firn_feed_rejects(l->feed, &l->reject_count);
    return FIRN_OK;
}

static firn_code land_files(landing *l, firn_err *err)
{
    firn_session *s = NULL;
    FIRN_TRY(firn_context_session(l->run, &s, err));
    firn_code code = l->feed ? land_feed(l, s, err) : firn_landing_parquet(l, s, err);
    firn_context_session_close(l->run, s);
    FIRN_TRY(code);
    FIRN_TRY(firn_landing_write_rejects(l, err));
    FIRN_TRY(firn_landing_gone_children(l, err));
    FIRN_TRY(firn_publisher_wait(l->publisher, err));
    return firn_landing_commit(l, err);
}

/* Files of blanks, or of an empty list.  Ten are enough to see what is going on. */
static void say_no_records(landing *l)
{
    const firn_feed_file *done = l->done;
    size_t n = 0;
    for (size_t i = 0; i < l->file_count; i++) {
        if (done[i].records || n++ >= 10)
            continue;
        const char *message =
            firn_arena_printf(l->a, "file %s holds no records", firn_quote(l->files[i].name).s);
        if (message)
            firn_landing_note(l, firn_str_of(message));
    }
    const char *more = n > 10 ? firn_arena_printf(l->a, "%zu more files hold none", n - 10) : NULL;
    if (more)
        firn_landing_note(l, firn_str_of(more));
}

/* Values beside their columns are easily missed: sums do not count them. */
static void say_residual(landing *l)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)1 << 16);
    if (!l->feed)
        return;
    const firn_conflicts_seen *c = firn_feed_seen(l->feed).conflicts;
    if (!c->residual)
        return;
    firn_code code = firn_buf_addf(
        &text, NULL, "%llu value%s did not fit and went to %s:", (unsigned long long)c->residual,
        c->residual == 1 ? "" : "s", FIRN_RESIDUAL_NAME);
    for (size_t i = 0; !code && i < c->n && i < 8; i++)
        code = firn_buf_addf(&text, NULL, "%s %s (%llu)", i ? "," : "", firn_quote(c->v[i].path).s,
                             (unsigned long long)c->v[i].count);
    if (!code && c->n > 8)
        code = firn_buf_addf(&text, NULL, " and %zu more paths", c->n - 8);
    if (!code)
        firn_landing_note(l, firn_buf_str(&text));
}

static void fill_result(landing *l)
{
    firn_landed_result *r = l->result;
    firn_feed_totals t = {.bytes = l->raw_bytes};
    if (l->feed)
        t = firn_feed_total(l->feed);
    r->rejects = l->reject_count;
    r->bytes_read = t.bytes;
    r->duplicate_keys = t.duplicate_keys;
    r->files_landed = l->file_count;
    r->data_files = l->data.n;
    r->bytes_written = bytes_of(&l->data);
    for (size_t i = 0; i < l->data.n; i++)
        r->rows += (uint64_t)l->data.v[i].record_count;
    l->kept = (int64_t)r->rows;
    l->kept_bytes = r->bytes_written;
    for (size_t i = 0; i < l->children.n; i++) {
        r->data_files += l->children.v[i]->data.n;
        r->bytes_written += bytes_of(&l->children.v[i]->data);
    }
}

static firn_code land_chosen(landing *l, firn_err *err)
{
    const firn_table_conf *table = &l->ingest->table;
    FIRN_TRY(choose_format(l, err));
    FIRN_TRY(firn_landing_sample(l, err));
    l->policy = firn_ingest_policy(l->ingest, l->decoder);
    FIRN_TRY(firn_landing_old_layout(l, err));
    FIRN_TRY(firn_write_target_make(l->project, table->ident, l->ingest, table, l->metadata, l->a,
                                    &l->target, err));
    /* so that what this run leaves behind can be found if it dies */
    FIRN_TRY(firn_write_target_note(l->run, &l->target, table->ident, err));
    if (l->metadata)
        FIRN_TRY(firn_spec_note(l->run, table, l->stream, l->metadata, l->a, err));
    if (l->metadata)
        FIRN_TRY(firn_sort_note(l->run, table, l->stream, l->metadata, l->a, err));
    l->target.sample = l->sampled ? &l->sample : NULL;
    FIRN_TRY(firn_publisher_open(l->run->env, &l->publisher, err));
    firn_code code = l->decoder ? open_feed(l, err) : FIRN_OK;
    if (code == FIRN_OK)
        code = land_files(l, err);
    firn_publisher_close(l->publisher);
    if (code == FIRN_OK) {
        fill_result(l);
        if (!l->sampled)
            say_no_records(l);
        say_residual(l);
        tell_conflicts(l);
        code = firn_landing_sample_done(l, err);
    } else if (code != FIRN_E_COMMIT_UNKNOWN) {
        remove_data(l);
    }
    firn_feed_close(l->feed);
    l->feed = NULL;
    return code;
}

static firn_code land_once(landing *l, firn_err *err)
{
    FIRN_TRY(firn_stream_name(l->ingest, l->a, &l->stream, err));
    l->replace = l->ingest->write == FIRN_WRITE_REPLACE || l->opt->full_refresh;
    l->limits = firn_ingest_limits(l->ingest);
    if (l->replace)
        FIRN_TRY(refuse_shared_replace(l, err));
    FIRN_TRY(firn_landing_load_table(l, err));
    l->result->exists = l->metadata != NULL;
    FIRN_TRY(find_files(l, err));
    l->result->files_found = l->found_count;
    FIRN_TRY(l->replace ? choose_all(l, err) : choose_new(l, err));
    tell_files(l);
    return l->file_count ? land_chosen(l, err) : FIRN_OK;
}

/* A twin is told by its id; every other conflict may be gone at the next try.  What the look at the
 * first rows promised may not hold for the others: then memory ends, and they are parted. */
static bool try_again(const firn_context *run, firn_code code, const firn_err *err, int tries,
                      landing_way *way)
{
    if (code == FIRN_E_NOMEM && run->shadow) /* where a run would spill, or part its rows */
        return way->samples++ < MAX_TRIES;
    if (code == FIRN_E_NOMEM && !way->part_all)
        return way->part_all = true;
    return code == FIRN_E_CONFLICT && tries < MAX_TRIES && err->id != FIRN_ID_TWIN &&
           err->id != FIRN_ID_CHANGED;
}

firn_code firn_land(firn_context *run, const firn_project *project, const firn_ingest *ingest,
                    const firn_landing_opt *opt, firn_landed_result *ret, firn_err *err)
{
    firn_err local = {0};
    firn_err *e = err ? err : &local;
    landing_way way = {.part_all = ingest->table.partition_count == 0};
    for (int tries = 1;; tries++) {
        FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a landing", 0);
        if (!a)
            return firn_raise_nomem(e);
        *ret = (firn_landed_result){.snapshot_id = FIRN_NO_SNAPSHOT};
        landing l = {.run = run,
                     .project = project,
                     .ingest = ingest,
                     .opt = opt,
                     .result = ret,
                     .way = &way,
                     .a = a};
        firn_err_clear(e);
        firn_code code = land_once(&l, e);
        if (!try_again(run, code, e, tries, &way))
            return code;
    }
}
