/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/show_more.h"
#include "cli/runs_print.h"

#include "base/str.h"
#include "iceberg/position.h"
#include "pipeline/landed.h"

#include <inttypes.h>
#include <string.h>

/* --- streams ------------------------------------------------------------------------------- */

static const firn_ingest *find_ingest(const firn_project *p, const char *stream, firn_ident ident)
{
    for (size_t i = 0; p && i < p->ingest_count; i++) {
        const firn_ingest *in = &p->ingest[i];
        firn_str name = firn_str_of(stream);
        bool named = name.n == in->source->name.n + 1 + in->stream.n &&
                     memcmp(name.p, in->source->name.p, in->source->name.n) == 0 &&
                     memcmp(name.p + in->source->name.n + 1, in->stream.p, in->stream.n) == 0;
        if (named && firn_str_eq(in->table.ident.ns, ident.ns) &&
            firn_str_eq(in->table.ident.name, ident.name))
            return in;
    }
    return NULL;
}

/* Looks which of the files that are there have landed; says nothing where they cannot be found. */
static firn_code look_at_files(firn_command *c, const firn_ingest *in, const firn_landed *set,
                               json_t *o, firn_err *err)
{
    firn_source_file *files;
    size_t count;
    const firn_source_file *newest = NULL;
    int64_t fresh = 0;
    if (firn_files_find(c->env, firn_str_of(in->source->path), in->stream, c->arena, &files, &count,
                        NULL) != FIRN_OK)
        return FIRN_OK;
    for (size_t i = 0; i < count; i++) {
        const firn_source_file *f = &files[i];
        if (!firn_landed_by_name(set, f->name))
            fresh += f->stat.size > 0;
        else if (!newest || f->stat.mtime_ns >= newest->stat.mtime_ns)
            newest = f;
    }
    FIRN_TRY(firn_json_set(o, "new_files", json_integer(fresh), err));
    return newest ? firn_json_set(o, "newest", firn_json_new_str(newest->name), err) : FIRN_OK;
}

static firn_code add_stream(firn_command *c, const firn_table_at *t, const char *name,
                            const json_t *part, json_t *list, firn_err *err)
{
    firn_landed set;
    json_t *o = json_object();
    const json_t *files = json_object_get(json_object_get(part, "parts"), "files");
    FIRN_TRY(firn_json_append(list, o, err));
    FIRN_TRY(firn_json_set(o, "stream", json_string(name), err));
    FIRN_TRY(firn_json_set(o, "commits", json_integer(firn_row_num(part, "seq")), err));
    FIRN_TRY(firn_landed_parse(files, c->arena, &set, err));
    FIRN_TRY(firn_json_set(o, "files", json_integer((json_int_t)set.n), err));
    FIRN_TRY(firn_json_set(o, "newest", json_null(), err));
    FIRN_TRY(firn_json_set(o, "new_files", json_null(), err));
    const firn_ingest *in = find_ingest(c->project, name, t->ident);
    return in ? look_at_files(c, in, &set, o, err) : FIRN_OK;
}

firn_code firn_show_streams(firn_command *c, const firn_table_at *t, json_t **ret, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *list = json_array();
    firn_position p;
    const char *name;
    json_t *part;
    if (!list)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_position_find(c->run->io, t->metadata, c->arena, &p, err));
    json_object_foreach(json_object_get(p.root, "streams"), name, part)
    {
        FIRN_TRY(add_stream(c, t, name, part, list, err));
    }
    *ret = json_incref(list);
    return FIRN_OK;
}

static const char *plural(int64_t n)
{
    return n == 1 ? "" : "s";
}

void firn_print_streams(const json_t *streams)
{
    for (size_t i = 0; i < json_array_size(streams); i++) {
        const json_t *s = json_array_get(streams, i);
        char files[32];
        firn_human_count((uint64_t)firn_row_num(s, "files"), files);
        printf("landed: %s file%s of %s in %" PRId64 " commit%s", files,
               plural(firn_row_num(s, "files")), firn_row_text(s, "stream"),
               firn_row_num(s, "commits"), plural(firn_row_num(s, "commits")));
        if (firn_row_has(s, "newest"))
            printf(", newest %s", firn_row_text(s, "newest"));
        if (firn_row_num(s, "new_files"))
            printf("; %" PRId64 " new file%s to land", firn_row_num(s, "new_files"),
                   plural(firn_row_num(s, "new_files")));
        putchar('\n');
    }
}

/* --- tables beside it ---------------------------------------------------------------------- */

static firn_code add_beside(firn_command *c, const firn_table_at *t, const char *suffix,
                            const char *what, json_t *list, firn_err *err)
{
    const firn_metadata *m;
    firn_totals totals;
    firn_err why = {0};
    const char *name = firn_arena_printf(c->arena, "%.*s%s", FIRN_STR_ARG(t->ident.name), suffix);
    if (!name)
        return firn_arena_raise(c->arena, err);
    const firn_ident ident = {.ns = t->ident.ns, .name = firn_str_of(name)};
    if (firn_table_load(c->run->catalog, c->run->io, ident, c->arena, &m, &why) != FIRN_OK)
        return FIRN_OK;
    json_t *o = json_object();
    FIRN_TRY(firn_json_append(list, o, err));
    FIRN_TRY(firn_command_totals(c, m, firn_metadata_current(m), &totals, &why, err));
    FIRN_TRY(firn_json_set(o, "table", json_string(name), err));
    FIRN_TRY(firn_json_set(o, "namespace", firn_json_new_str(t->ident.ns), err));
    FIRN_TRY(firn_json_set(o, "what", json_string(what), err));
    return firn_json_set(o, "rows", totals.rows < 0 ? json_null() : json_integer(totals.rows), err);
}

firn_code firn_show_beside(firn_command *c, const firn_table_at *t, json_t **ret, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *list = json_array();
    if (!list)
        return firn_raise_nomem(err);
    if (c->run->catalog && t->ident.ns.n) {
        FIRN_TRY(add_beside(c, t, FIRN_REJECTS_SUFFIX, "rejected records", list, err));
        FIRN_TRY(add_beside(c, t, "__failures", "rows that failed checks", list, err));
    }
    *ret = json_incref(list);
    return FIRN_OK;
}

void firn_print_beside(const json_t *beside)
{
    for (size_t i = 0; i < json_array_size(beside); i++) {
        const json_t *b = json_array_get(beside, i);
        char rows[32] = "?";
        if (firn_row_has(b, "rows"))
            firn_human_count((uint64_t)firn_row_num(b, "rows"), rows);
        printf("%s: %s in %s.%s\n", firn_row_text(b, "what"), rows, firn_row_text(b, "namespace"),
               firn_row_text(b, "table"));
    }
}

/* --- words --------------------------------------------------------------------------------- */

firn_code firn_snapshot_words(firn_command *c, const firn_snapshot *s, firn_buf *out, firn_err *err)
{
    char ago[32];
    int64_t now_ms = firn_env_now_us(c->env) / 1000;
    firn_str engine = firn_snapshot_summary(s, "engine-name");
    firn_str run = firn_snapshot_summary(s, "firn.run");
    if (!engine.p && firn_snapshot_summary(s, "spark.app.id").p)
        engine = FIRN_STR_LIT("spark");
    firn_human_ago((now_ms - s->timestamp_ms) / 1000, ago);
    FIRN_TRY(firn_buf_adds(out, ago, err));
    if (engine.n)
        FIRN_TRY(firn_buf_addf(out, err, " by %.*s", FIRN_STR_ARG(engine)));
    if (run.n)
        FIRN_TRY(firn_buf_addf(out, err, " run %.*s", (int)FIRN_MIN(run.n, (size_t)8), run.p));
    return FIRN_OK;
}

void firn_print_show_next(firn_command *c, const firn_args *args, const firn_table_at *t,
                          const json_t *beside)
{
    const char *project = firn_args_get(args, "project");
    const char *lake = c->project && !c->project->file ? args->rest[0] : "";
    const json_t *b = json_array_get(beside, 0);
    if (!t->ident.ns.n) {
        printf("next: firn sql \"FROM iceberg('%.*s') LIMIT 10\"\n", FIRN_STR_ARG(t->ident.name));
        return;
    }
    printf("next: firn sql %s%s%s%s", project ? "-p " : "", project ? project : "", lake,
           project || *lake ? " " : "");
    if (b && firn_row_num(b, "rows"))
        printf("\"FROM %s.%s LIMIT 10\"\n", firn_row_text(b, "namespace"),
               firn_row_text(b, "table"));
    else
        printf("\"FROM " FIRN_IDENT_FMT " LIMIT 10\"\n", FIRN_IDENT_ARG(t->ident));
}
