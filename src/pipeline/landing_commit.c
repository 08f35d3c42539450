/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a landing: checks over what is not committed yet, then one commit of the table and the
 * rejects beside it, with the position. */
#include "pipeline/landing_int.h"

#include "base/str.h"
#include "env/fail.h"
#include "pipeline/checks.h"
#include "pipeline/seen.h"

#define BINDINGS "firn.columns"

/* --- position ------------------------------------------------------------------------------ */

static firn_code new_position(landing *l, json_t **ret, firn_err *err)
{
    const firn_feed_file *done = l->done;
    firn_landed_file *added = firn_arena_array(l->a, l->file_count, sizeof *added);
    firn_landed set;
    int64_t now = firn_env_now_us(l->run->env);
    if (!added)
        return firn_arena_raise(l->a, err);
    for (size_t i = 0; i < l->file_count; i++)
        added[i] = firn_landed_entry(l->files[i].name, &done[i].stat, done[i].hash, now);
    FIRN_TRY(firn_landed_union(&l->landed, added, l->file_count, l->replace, l->a, &set, err));
    FIRN_TRY(firn_landed_print(&set, ret, err));
    return firn_arena_defer(l->a, (void (*)(void *))json_decref, *ret, err);
}

/* --- properties ---------------------------------------------------------------------------- */

firn_code firn_landing_stream_property(landing *l, const char *key, json_t *mine, firn_str *ret,
                                       firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *root = NULL;
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)64 << 20);
    firn_str old = l->metadata ? firn_metadata_property(l->metadata, key) : (firn_str){NULL, 0};
    *ret = (firn_str){NULL, 0};
    if (old.p)
        FIRN_TRY(firn_json_parse((firn_slice){(const uint8_t *)old.p, old.n}, &root, err));
    else
        root = json_object();
    if (!root)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_json_setn(root, l->stream, json_incref(mine), err));
    FIRN_TRY(firn_json_print(root, 0, &text, err));
    if (firn_str_eq(firn_buf_str(&text), old))
        return FIRN_OK;
    *ret = firn_arena_str(l->a, firn_buf_str(&text));
    return ret->p ? FIRN_OK : firn_arena_raise(l->a, err);
}

/* The property that remembers keys and formats, changed for this stream; .p == NULL: as it is. */
static firn_code new_bindings(landing *l, firn_str *ret, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *mine = NULL;
    *ret = (firn_str){NULL, 0};
    FIRN_TRY(firn_layout_save(l->layout, &mine, err));
    bool had = l->metadata && firn_metadata_property(l->metadata, BINDINGS).p;
    if (!had && json_array_size(mine) == 0)
        return FIRN_OK;
    return firn_landing_stream_property(l, BINDINGS, mine, ret, err);
}

/* The property that remembers what was seen, changed for this stream; .p == NULL: as it is. */
static firn_code new_seen(landing *l, firn_str *ret, firn_err *err)
{
    firn_seen_stream *streams = NULL;
    size_t count = 0;
    firn_seen_stream mine = {.stream = l->stream};
    firn_str old = {NULL, 0};
    *ret = old;
    if (!l->feed)
        return FIRN_OK;
    firn_feed_seen_result seen = firn_feed_seen(l->feed);
    if (l->metadata) {
        old = firn_metadata_property(l->metadata, FIRN_SEEN_PROPERTY);
        FIRN_TRY(firn_seen_read(l->metadata, l->a, &streams, &count, err));
    }
    for (size_t i = 0; !l->replace && i < count; i++)
        if (firn_str_eq(streams[i].stream, l->stream))
            mine = streams[i];
    if (seen.shape)
        FIRN_TRY(firn_seen_add_shape(&mine, seen.shape, l->a, err));
    mine.records += seen.records;
    FIRN_TRY(firn_seen_add_conflicts(&mine, seen.conflicts->v, seen.conflicts->n, l->a, err));
    return firn_seen_print(&mine, old, l->a, ret, err);
}

static firn_code properties(landing *l, firn_property **ret, size_t *ret_count, firn_err *err)
{
    firn_str bindings;
    firn_str seen;
    firn_str nested;
    size_t n = l->target.property_count;
    firn_property *list = firn_arena_array(l->a, n + 3, sizeof *list);
    if (!list)
        return firn_arena_raise(l->a, err);
    for (size_t i = 0; i < n; i++)
        list[i] = l->target.properties[i];
    FIRN_TRY(new_bindings(l, &bindings, err));
    if (bindings.p)
        list[n++] = (firn_property){BINDINGS, bindings};
    FIRN_TRY(new_seen(l, &seen, err));
    if (seen.p)
        list[n++] = (firn_property){FIRN_SEEN_PROPERTY, seen};
    FIRN_TRY(firn_landing_nested_property(l, &nested, err));
    if (nested.p)
        list[n++] = (firn_property){"firn.nested", nested};
    *ret = list;
    *ret_count = n;
    return FIRN_OK;
}

/* --- the commit ---------------------------------------------------------------------------- */

static firn_code check_table(landing *l, firn_err *err)
{
    const firn_check_input in = {
        .project = l->project,
        .ingest = l->ingest,
        .ident = l->ingest->table.ident,
        .checks = l->ingest->table.checks,
        .check_count = l->ingest->table.check_count,
        .schema = &l->schema,
        .files = l->data.v,
        .file_count = l->data.n,
        .before = l->replace ? NULL : l->metadata,
    };
    firn_check_counts counts;
    firn_code code = firn_checks_run(l->run, &in, &counts, err);
    l->result->warnings = counts.warnings;
    return code;
}

static firn_code commit(landing *l, const firn_table_change *changes, size_t count, firn_err *err)
{
    firn_table_result *results = firn_arena_array(l->a, count, sizeof *results);
    firn_commit_ctx ctx = firn_context_commit(l->run);
    if (!results)
        return firn_arena_raise(l->a, err);
    FIRN_TRY(
        l->run->catalog->ops->create_namespace(l->run->catalog, l->ingest->table.ident.ns, err));
    FIRN_TRY(firn_commit(&ctx, changes, count, l->a, results, err));
    l->result->snapshot_id = results[count - 1].snapshot_id;
    firn_code ignored = FIRN_FAIL("landing.after_commit", NULL); /* what is done is done */
    (void)ignored;
    return FIRN_OK;
}

firn_code firn_landing_commit(landing *l, firn_err *err)
{
    json_t *to;
    firn_property *props;
    size_t prop_count;
    if (!l->layout)
        return FIRN_OK; /* files of blanks: they are looked at again next time */
    FIRN_TRY(check_table(l, err));
    FIRN_TRY(new_position(l, &to, err));
    FIRN_TRY(properties(l, &props, &prop_count, err));
    const firn_position_move move = {
        .stream = l->stream,
        .part = FIRN_STR_LIT("files"),
        .from = l->opt->full_refresh ? NULL : l->part,
        .to = to,
    };
    const firn_property summary[] = {{"firn.run", firn_str_of(l->run->run_id)},
                                     {"firn.stream", l->stream}};
    firn_table_change *changes = firn_arena_array(l->a, l->children.n + 2, sizeof *changes);
    size_t count = 0;
    if (!changes)
        return firn_arena_raise(l->a, err);
    if (l->rejects_change.ident.name.p)
        changes[count++] = l->rejects_change;
    firn_landing_child_changes(l, summary, FIRN_COUNT_OF(summary), changes, &count);
    changes[count++] = (firn_table_change){
        .ident = l->ingest->table.ident,
        .start = l->metadata,
        .location = l->target.location,
        .schema = !l->metadata || l->schema_changed ? &l->schema : NULL,
        .last_column_id = l->last_column_id,
        .spec = &l->spec,
        .sort_order = &l->target.sort,
        .format_version = l->target.format_version,
        .properties = props,
        .property_count = prop_count,
        .summary = summary,
        .summary_count = FIRN_COUNT_OF(summary),
        .operation = l->replace && l->metadata ? FIRN_OP_REPLACE : FIRN_OP_APPEND,
        .files = l->data.v,
        .file_count = l->data.n,
        .moves = &move,
        .move_count = 1,
        .accept_position = l->opt->accept_position,
        .reset_position = l->opt->full_refresh,
    };
    return commit(l, changes, count, err);
}
