/* SPDX-License-Identifier: Apache-2.0 */
/* NS.TABLE__rejects: records that could not land, whole, with the reason.  Written like any table,
 * committed together with the table it stands beside. */
#include "pipeline/landing_int.h"

#include "base/datetime.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

/* --- the table ----------------------------------------------------------------------------- */

enum {
    R_AT,
    R_RUN,
    R_STREAM,
    R_FILE,
    R_LINE,
    R_OFFSET,
    R_ERROR,
    R_PATH,
    R_REASON,
    R_RAW,
    R_RAW_BYTES,
    R_CUT,
    R_LANDED,
    R_VALUE,
    R_COUNT
};

static const struct {
    const char *name;
    firn_type_kind kind;
    bool required;
} columns[R_COUNT] = {
    [R_AT] = {"x_rejected_at", FIRN_T_TIMESTAMPTZ, true},
    [R_RUN] = {"x_run", FIRN_T_STRING, true},
    [R_STREAM] = {"stream", FIRN_T_STRING, true},
    [R_FILE] = {"file", FIRN_T_STRING, false},
    [R_LINE] = {"line", FIRN_T_LONG, false},
    [R_OFFSET] = {"offset", FIRN_T_LONG, false},
    [R_ERROR] = {"error", FIRN_T_STRING, true},
    [R_PATH] = {"path", FIRN_T_STRING, false},
    [R_REASON] = {"reason", FIRN_T_STRING, true},
    [R_RAW] = {"raw", FIRN_T_STRING, false},
    [R_RAW_BYTES] = {"raw_bytes", FIRN_T_BINARY, false}, /* what is not UTF-8 */
    [R_CUT] = {"cut", FIRN_T_BOOLEAN, true},             /* raw is only the beginning */
    [R_LANDED] = {"landed", FIRN_T_BOOLEAN, false},      /* the record did, without … */
    [R_VALUE] = {"value", FIRN_T_STRING, false},         /* … this one */
};

static firn_code rejects_type(firn_arena *a, firn_type *ret, firn_err *err)
{
    firn_field *fields = firn_arena_array(a, R_COUNT, sizeof *fields);
    if (!fields)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < R_COUNT; i++)
        fields[i] = (firn_field){.name = firn_str_of(columns[i].name),
                                 .required = columns[i].required,
                                 .type = {.kind = columns[i].kind}};
    *ret = (firn_type){.kind = FIRN_T_STRUCT, .fields = fields, .field_count = R_COUNT};
    return FIRN_OK;
}

/* --- its rows ------------------------------------------------------------------------------ */

typedef struct reject_rows {
    const landing *l;
    const firn_feed_reject *v;
    size_t count;
    int64_t at_us;
    size_t next;
    firn_arena *texts; /* of the last call */
} reject_rows;

static firn_code open_worker(void *arg, void **ret, firn_err *err)
{
    reject_rows *rows = arg;
    rows->texts = firn_arena_new("texts of rejects", 0);
    if (!rows->texts)
        return firn_raise_nomem(err);
    *ret = rows;
    return FIRN_OK;
}

static void close_worker(void *worker)
{
    reject_rows *rows = worker;
    firn_arena_free(rows->texts);
    rows->texts = NULL;
}

static void put_text(firn_column *col, size_t row, firn_str s)
{
    ((firn_strview *)col->data)[row] = firn_strview_of(s.p ? s.p : "", s.n);
}

static firn_code put_raw(firn_column *c, size_t row, const firn_feed_reject *r, firn_err *err)
{
    firn_str raw = {(const char *)r->raw.p, r->raw.n};
    bool readable = firn_utf8_valid(raw.p, raw.n);
    if (r->binary) {
        put_text(&c[R_RAW], row, r->text);
        put_text(&c[R_RAW_BYTES], row, raw);
        return r->text.p ? FIRN_OK : firn_column_set_null(&c[R_RAW], row, err);
    }
    put_text(&c[readable ? R_RAW : R_RAW_BYTES], row, raw);
    return firn_column_set_null(&c[readable ? R_RAW_BYTES : R_RAW], row, err);
}

static firn_code put_reject(reject_rows *rows, firn_column *c, size_t row,
                            const firn_feed_reject *r, firn_err *err)
{
    const char *id = firn_arena_printf(rows->texts, "E%04u", (unsigned)r->id);
    if (!id)
        return firn_arena_raise(rows->texts, err);
    ((int64_t *)c[R_AT].data)[row] = rows->at_us;
    put_text(&c[R_RUN], row, firn_str_of(rows->l->run->run_id));
    put_text(&c[R_STREAM], row, rows->l->stream);
    put_text(&c[R_FILE], row, rows->l->files[r->file].name);
    ((int64_t *)c[R_LINE].data)[row] = (int64_t)r->line;
    ((int64_t *)c[R_OFFSET].data)[row] = (int64_t)r->offset;
    put_text(&c[R_ERROR], row, firn_str_of(id));
    put_text(&c[R_PATH], row, r->path);
    put_text(&c[R_REASON], row, r->reason);
    ((uint8_t *)c[R_CUT].data)[row] = r->cut;
    ((uint8_t *)c[R_LANDED].data)[row] = r->landed;
    put_text(&c[R_VALUE], row, r->value);
    if (!r->landed)
        FIRN_TRY(firn_column_set_null(&c[R_VALUE], row, err));
    if (r->path.n == 0)
        FIRN_TRY(firn_column_set_null(&c[R_PATH], row, err));
    return put_raw(c, row, r, err);
}

static firn_code fill(void *worker, firn_column *root, size_t max, size_t *ret_rows, firn_err *err)
{
    reject_rows *rows = worker;
    size_t n = FIRN_MIN(max, rows->count - rows->next);
    firn_arena_reset(rows->texts);
    for (size_t i = 0; i < n; i++)
        FIRN_TRY(put_reject(rows, root->children, i, &rows->v[rows->next + i], err));
    rows->next += n;
    *ret_rows = n;
    return FIRN_OK;
}

/* --- writing them -------------------------------------------------------------------------- */

static firn_code prepare_change(landing *l, firn_type *schema, firn_write_target *target,
                                firn_err *err)
{
    firn_table_change *c = &l->rejects_change;
    firn_err local = {0};
    const firn_ident *main_table = &l->ingest->table.ident;
    const char *name =
        firn_arena_printf(l->a, "%.*s%s", FIRN_STR_ARG(main_table->name), FIRN_REJECTS_SUFFIX);
    if (!name)
        return firn_arena_raise(l->a, err);
    c->ident = (firn_ident){main_table->ns, firn_str_of(name)};
    firn_code code =
        firn_table_load(l->run->catalog, l->run->io, c->ident, l->a, &c->start, &local);
    if (code != FIRN_OK && code != FIRN_E_NOTFOUND) {
        *err = local;
        return code;
    }
    FIRN_TRY(rejects_type(l->a, schema, err));
    c->last_column_id = c->start ? c->start->last_column_id : 0;
    if (c->start) {
        firn_type merged;
        bool changed;
        FIRN_TRY(firn_schema_merge(&c->start->schema->type, schema, &c->last_column_id, l->a,
                                   &merged, &changed, err));
        *schema = merged;
        c->schema = changed ? schema : NULL;
    } else {
        firn_schema_assign_ids(schema, &c->last_column_id);
        c->schema = schema;
    }
    FIRN_TRY(
        firn_write_target_make(l->project, c->ident, l->ingest, NULL, c->start, l->a, target, err));
    c->location = target->location;
    return firn_write_target_note(l->run, target, c->ident, err);
}

static firn_code copy_rejects(landing *l, firn_session *s, const firn_write_target *target,
                              reject_rows *rows, firn_err *err)
{
    const firn_row_source source = {.type = target->schema,
                                    .threads = 1,
                                    .arg = rows,
                                    .open_worker = open_worker,
                                    .fill = fill,
                                    .close_worker = close_worker};
    int64_t id;
    FIRN_TRY(l->run->ops->source_add(l->run->engine, &source, &id, err));
    char sql[64];
    snprintf(sql, sizeof sql, "SELECT * FROM firn_rows(%lld)", (long long)id);
    firn_code code = firn_write_rows(l->run, s, target, firn_str_of(sql), l->a, &l->reject_data,
                                     &l->reject_scratch, err);
    l->run->ops->source_remove(l->run->engine, id);
    return code;
}

static firn_code write_rejects(landing *l, const firn_feed_reject *v, size_t count, firn_err *err)
{
    firn_type *schema = firn_arena_zalloc(l->a, sizeof *schema);
    firn_spec *unpartitioned = firn_arena_zalloc(l->a, sizeof *unpartitioned);
    firn_write_target target;
    reject_rows rows = {.l = l, .v = v, .count = count, .at_us = firn_env_now_us(l->run->env)};
    firn_session *s = NULL;
    if (!schema || !unpartitioned)
        return firn_arena_raise(l->a, err);
    FIRN_TRY(prepare_change(l, schema, &target, err));
    target.schema = schema;
    target.spec = unpartitioned;
    target.seq = l->seq;
    FIRN_TRY(firn_context_session(l->run, &s, err));
    firn_code code = copy_rejects(l, s, &target, &rows, err);
    firn_context_session_close(l->run, s);
    FIRN_TRY(code);
    for (size_t i = 0; i < l->reject_data.n; i++)
        FIRN_TRY(firn_publisher_add(l->publisher, l->reject_scratch.v[i],
                                    l->reject_data.v[i].file_path, err));
    l->rejects_change.operation = FIRN_OP_APPEND;
    l->rejects_change.files = l->reject_data.v;
    l->rejects_change.file_count = l->reject_data.n;
    return FIRN_OK;
}

firn_code firn_landing_write_rejects(landing *l, firn_err *err)
{
    if (l->reject_count == 0)
        return FIRN_OK;
    if (write_rejects(l, l->rejects, l->reject_count, err) != FIRN_OK)
        return firn_wrap(err, "the table of rejected records");
    return FIRN_OK;
}
