/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/model_int.h"

#include "base/hash.h"
#include "base/str.h"
#include "engine/sql.h"
#include "engine/sql_front.h"
#include "env/fail.h"
#include "pipeline/checks.h"
#include "pipeline/landing_int.h"
#include "pipeline/replace_schema.h"
#include "pipeline/sorted.h"
#include "pipeline/spec_note.h"

#include <stdio.h>
#include <string.h>

#define MAX_TRIES   3
#define FINGERPRINT "firn.model" /* in the summary: what the snapshot was made from */

typedef struct model_work {
    firn_context *run;
    const firn_project *project;
    const firn_model *model;
    firn_model_result *result;
    firn_arena *a;

    const firn_metadata *before; /* NULL: the table is to be created */
    firn_replaced_view view;     /* that has the table's name so far */
    firn_inputs inputs;
    char fingerprint[65];
    firn_str parts; /* of the fingerprint, for people */

    firn_str select; /* rewritten, with its columns cast to what a table can keep */
    firn_type schema;
    int32_t last_column_id;
    firn_spec spec;
    firn_write_target target;
    firn_data_files data;
    firn_scratch_paths scratch;
    firn_shadow_sample sample; /* with a shadow: what it reads may be a part of all */
} model_work;

/* --- is there anything to do? -------------------------------------------------------------- */

static firn_code fingerprint_checks(const model_work *w, firn_buf *b, firn_err *err)
{
    const firn_table_conf *t = &w->model->table;
    for (size_t i = 0; i < t->check_count; i++) {
        FIRN_TRY(firn_buf_addc(b, '\n', err));
        FIRN_TRY(firn_check_print(&t->checks[i], b, err));
    }
    for (size_t i = 0; i < t->sort_count; i++)
        FIRN_TRY(firn_buf_addf(b, err, "\nsort %d %lld %.*s %d %d", (int)t->sort[i].kind,
                               (long long)t->sort[i].width, FIRN_STR_ARG(t->sort[i].column),
                               t->sort[i].descending, t->sort[i].nulls_last));
    for (size_t i = 0; i < t->partition_count; i++)
        FIRN_TRY(firn_buf_addf(b, err, "\npartition %d %lld %.*s", (int)t->partition[i].kind,
                               (long long)t->partition[i].width,
                               FIRN_STR_ARG(t->partition[i].column)));
    return FIRN_OK;
}

/* `b` holds the version on its first line, and all but the inputs. */
static firn_code make_parts(model_work *w, const firn_buf *b, firn_err *err)
{
    uint8_t sha[32];
    char text[17];
    firn_str rest = firn_buf_str(b);
    firn_str_cut(&rest, '\n');
    FIRN_TRY(firn_sha256((const uint8_t *)rest.p, rest.n, sha, err));
    firn_hex(sha, 8, text);
    return firn_model_parts(firn_str_of(text), &w->inputs, w->a, &w->parts, err);
}

/* What the result depends on: the statement, its checks, the snapshots of its inputs. */
static firn_code make_fingerprint(model_work *w, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf b = FIRN_SQL_BUF;
    uint8_t sha[32];
    FIRN_TRY(firn_buf_addf(&b, err, "1 %s\n", FIRN_VERSION));
    FIRN_TRY(firn_buf_addstr(&b, w->model->sql, err));
    FIRN_TRY(fingerprint_checks(w, &b, err));
    for (size_t i = 0; i < w->inputs.view_count; i++) {
        const firn_view_def *v = w->inputs.views[i].def;
        FIRN_TRY(firn_buf_addf(&b, err, "\nview %.*s %.*s %.*s", FIRN_STR_ARG(v->ident.ns),
                               FIRN_STR_ARG(v->ident.name), FIRN_STR_ARG(v->sql)));
    }
    FIRN_TRY(make_parts(w, &b, err));
    for (size_t i = 0; i < w->inputs.n; i++) {
        const firn_input *in = &w->inputs.v[i];
        FIRN_TRY(
            firn_buf_addf(&b, err, "\ninput %.*s %.*s %.*s %lld %d", FIRN_STR_ARG(in->ident.ns),
                          FIRN_STR_ARG(in->ident.name), FIRN_STR_ARG(in->metadata->uuid),
                          (long long)(in->snapshot ? in->snapshot->snapshot_id : FIRN_NO_SNAPSHOT),
                          (int)in->schema->schema_id));
        if (in->metadata_table) /* some tell of the whole history */
            FIRN_TRY(firn_buf_addf(&b, err, " %.*s %.*s", FIRN_STR_ARG(in->metadata_word),
                                   FIRN_STR_ARG(in->metadata->location_of_file)));
    }
    FIRN_TRY(firn_sha256(b.p, b.n, sha, err));
    firn_hex(sha, sizeof sha, w->fingerprint);
    return FIRN_OK;
}

static bool is_volatile(const model_work *w)
{
    bool again = firn_sql_is_volatile(w->model->sql) || w->model->filled.volatile_;
    for (size_t i = 0; i < w->inputs.view_count; i++)
        again = again || firn_sql_is_volatile(w->inputs.views[i].def->sql);
    return again;
}

/* Also says why. */
static bool is_unchanged(model_work *w, bool full_refresh)
{
    const firn_snapshot *s = w->before ? firn_metadata_current(w->before) : NULL;
    firn_str made_from = s ? firn_snapshot_summary(s, FINGERPRINT) : (firn_str){NULL, 0};
    char *why = w->result->why;
    bool same = made_from.p && firn_str_eqc(made_from, w->fingerprint);
    if (!w->before)
        snprintf(why, FIRN_MODEL_WHY_MAX, "it was never made");
    else if (full_refresh)
        snprintf(why, FIRN_MODEL_WHY_MAX, "--full-refresh");
    else if (!made_from.p)
        snprintf(why, FIRN_MODEL_WHY_MAX, "the table was changed by another program");
    else if (same && is_volatile(w))
        snprintf(why, FIRN_MODEL_WHY_MAX, "its result depends on the time or on chance");
    else if (same)
        snprintf(why, FIRN_MODEL_WHY_MAX, "its statement and what it reads are as they were");
    else
        firn_model_why(firn_snapshot_summary(s, FIRN_MODEL_PARTS), w->parts, why);
    return same && !full_refresh && !is_volatile(w);
}

static firn_code load_behind_view(model_work *w, firn_err *err)
{
    FIRN_TRY(firn_view_find_replaced(w->run, w->model->table.ident, w->a, &w->view, err));
    if (!w->view.there)
        return FIRN_E_CONFLICT;
    if (!w->view.kept.name.p)
        return FIRN_OK;
    return firn_table_load(w->run->catalog, w->run->io, w->view.kept, w->a, &w->before, err);
}

static firn_code load_state(model_work *w, firn_err *err)
{
    firn_err local = {0};
    firn_code code = firn_table_load(w->run->catalog, w->run->io, w->model->table.ident, w->a,
                                     &w->before, &local);
    if (code == FIRN_E_UNSUPPORTED) /* the name is a view's: the table that it was before, if any */
        code = load_behind_view(w, &local);
    if (code != FIRN_OK && code != FIRN_E_NOTFOUND) {
        *err = local;
        return code;
    }
    const firn_sql_origin origin = firn_model_origin(w->model);
    FIRN_TRY(firn_tables_find(w->run, w->model->sql, &origin, w->a, &w->inputs, err));
    FIRN_TRY(firn_model_refuse_itself(w->model, &w->inputs, err));
    return make_fingerprint(w, err);
}

/* --- columns ------------------------------------------------------------------------------- */

/* SELECT "a", CAST("b" AS DECIMAL(38,0)) AS "b" FROM (…): the engine's own types where a table can
 * keep them. */
static firn_code cast_columns(model_work *w, firn_str rewritten, const firn_result_column *columns,
                              size_t count, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    FIRN_TRY(firn_buf_adds(&sql, "SELECT ", err));
    for (size_t i = 0; i < count; i++) {
        FIRN_AUTO(firn_buf_free) firn_buf type = FIRN_SQL_BUF;
        bool wider = !firn_type_eq(&columns[i].type, &w->schema.fields[i].type);
        FIRN_TRY(firn_sql_type(&type, &w->schema.fields[i].type, err));
        bool cast = wider || !columns[i].mapped;
        FIRN_TRY(firn_buf_adds(&sql, i ? ", " : "", err));
        FIRN_TRY(firn_buf_adds(&sql, cast ? "CAST(" : "", err));
        FIRN_TRY(firn_sql_ident(&sql, columns[i].name, err));
        if (cast)
            FIRN_TRY(firn_buf_addf(&sql, err, " AS %s) AS ", firn_buf_cstr(&type)));
        if (cast)
            FIRN_TRY(firn_sql_ident(&sql, columns[i].name, err));
    }
    FIRN_TRY(firn_buf_adds(&sql, " FROM (", err));
    FIRN_TRY(firn_buf_addstr(&sql, rewritten, err));
    FIRN_TRY(firn_buf_adds(&sql, "\n) AS firn_model", err));
    w->select = firn_arena_str(w->a, firn_buf_str(&sql));
    return w->select.p ? FIRN_OK : firn_arena_raise(w->a, err);
}

static firn_code make_schema(model_work *w, const firn_result_column *columns, size_t count,
                             firn_err *err)
{
    firn_field *fields;
    FIRN_TRY(firn_model_fields(w->model, columns, count, w->a, &fields, err));
    w->schema = (firn_type){.kind = FIRN_T_STRUCT, .fields = fields, .field_count = count};
    w->last_column_id = w->before ? w->before->last_column_id : 0;
    if (w->before)
        firn_replace_schema(&w->before->schema->type, &w->schema, &w->last_column_id, w->a);
    else
        firn_schema_assign_ids(&w->schema, &w->last_column_id);
    if (w->before)
        return firn_spec_of_table(w->before, &w->schema, &w->spec, err);
    int32_t last = FIRN_PARTITION_FIRST_ID - 1;
    const firn_table_conf *t = &w->model->table;
    firn_code code =
        firn_spec_make(&w->schema, t->partition, t->partition_count, &last, w->a, &w->spec, err);
    return code == FIRN_OK ? code : firn_err_place(err, t->partition_place);
}

static firn_code explain_error(const model_work *w, firn_str sql, firn_err *err)
{
    const char *full = firn_arena_printf(w->a, FIRN_EXPLAIN "%.*s", FIRN_STR_ARG(sql));
    return firn_model_engine_error(w->run, w->model, firn_str_of(full), FIRN_EXPLAIN_COLUMNS, err);
}

/* --- running ------------------------------------------------------------------------------- */

static firn_code describe(model_work *w, firn_tables *t, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    firn_statement_kind kind;
    firn_result_column *columns;
    size_t count;
    FIRN_TRY(firn_tables_rewrite(t, &sql, err));
    if (firn_tables_prune(t, firn_buf_str(&sql), err) != FIRN_OK)
        return explain_error(w, firn_buf_str(&sql), err);
    FIRN_TRY(firn_tables_views(t, err));
    if (w->run->ops->describe(t->session, firn_buf_str(&sql), w->a, &kind, &columns, &count, err) !=
        FIRN_OK)
        return firn_model_engine_error(w->run, w->model, firn_buf_str(&sql), 0, err);
    if (kind != FIRN_STATEMENT_SELECT) {
        firn_raise(err, FIRN_E_CONFIG, "a model is one SELECT");
        firn_err_advise(err, FIRN_ONE_SELECT_ADVICE);
        return firn_err_place(err, w->model->sql_place);
    }
    FIRN_TRY(make_schema(w, columns, count, err));
    return cast_columns(w, firn_buf_str(&sql), columns, count, err);
}

/* What it reads may stand for more, or not be there. */
static firn_code look_for_samples(model_work *w, firn_err *err)
{
    for (size_t i = 0; w->run->shadow && i < w->inputs.n; i++) {
        const firn_input *in = &w->inputs.v[i];
        for (size_t k = 0; k < in->plan.count; k++) {
            double scale = firn_shadow_scale(w->run->shadow, in->plan.files[k].file.file_path);
            if (scale < 0)
                return firn_raise(err, FIRN_E_NOMEM, "the rows of %.*s.%.*s are not there",
                                  FIRN_STR_ARG(in->ident.ns), FIRN_STR_ARG(in->ident.name));
            w->sample.scale = FIRN_MAX(w->sample.scale, scale);
        }
    }
    w->target.sample = w->sample.scale > 1 ? &w->sample : NULL;
    w->target.may_lose = true;
    return FIRN_OK;
}

static firn_code say_sample(model_work *w, firn_err *err)
{
    firn_model_result *r = w->result;
    double scale = r->rows ? (double)w->sample.rows / (double)r->rows : 1;
    if (w->sample.scale <= 1 || w->sample.files == 0)
        return FIRN_OK;
    for (size_t i = 0; i < w->data.n; i++)
        FIRN_TRY(firn_shadow_set_scale(w->run->shadow, w->data.v[i].file_path, scale, err));
    r->sampled = true;
    r->rows = (uint64_t)w->sample.rows;
    r->bytes_written = w->sample.bytes;
    r->data_files = (size_t)w->sample.files;
    return FIRN_OK;
}

static firn_code write_rows(model_work *w, firn_session *s, firn_err *err)
{
    FIRN_TRY(look_for_samples(w, err));
    w->target.schema = &w->schema;
    w->target.spec = &w->spec;
    FIRN_TRY(
        firn_sort_of_table(w->before, &w->model->table, &w->schema, w->a, &w->target.sort, err));
    firn_code code =
        firn_write_rows(w->run, s, &w->target, w->select, w->a, &w->data, &w->scratch, err);
    if (code == FIRN_E_SQL) { /* an error of a value: no place is known in the model's own text */
        firn_sql_locate(err, (firn_str){NULL, 0}, &(firn_sql_origin){.line = 1, .column = 1});
        err->where[0] = '\0';
        firn_err_place(err, w->model->sql_place);
    }
    return code;
}

static firn_code select_into_files(model_work *w, firn_err *err)
{
    firn_session *s = NULL;
    firn_tables t;
    FIRN_TRY(firn_context_session(w->run, &s, err));
    firn_code code = firn_tables_open(w->run, s, &w->inputs, w->a, &t, err);
    if (code == FIRN_OK) {
        code = describe(w, &t, err);
        if (code == FIRN_OK)
            code = write_rows(w, s, err);
        firn_tables_close(&t);
    }
    firn_context_session_close(w->run, s);
    return code;
}

static firn_code publish(model_work *w, firn_err *err)
{
    for (size_t i = 0; i < w->data.n; i++)
        FIRN_TRY(firn_written_publish(w->run, w->scratch.v[i], w->data.v[i].file_path, err));
    return FIRN_FAIL("model.after_publish", err);
}

static firn_code check(model_work *w, firn_err *err)
{
    const firn_check_input in = {.project = w->project,
                                 .ident = w->model->table.ident,
                                 .checks = w->model->table.checks,
                                 .check_count = w->model->table.check_count,
                                 .schema = &w->schema,
                                 .files = w->data.v,
                                 .file_count = w->data.n};
    firn_check_counts counts;
    firn_code code = firn_checks_run(w->run, &in, &counts, err);
    w->result->warnings = counts.warnings;
    return code;
}

static firn_code commit(model_work *w, firn_err *err)
{
    const firn_property summary[] = {{"firn.run", firn_str_of(w->run->run_id)},
                                     {FINGERPRINT, firn_str_of(w->fingerprint)},
                                     {FIRN_MODEL_PARTS, w->parts}};
    bool same = w->before && firn_schema_same(&w->before->schema->type, &w->schema);
    const firn_table_change change = {
        .ident = w->model->table.ident,
        .start = w->before,
        .location = w->target.location,
        .schema = same ? NULL : &w->schema,
        .last_column_id = w->last_column_id,
        .spec = &w->spec,
        .sort_order = &w->target.sort,
        .format_version = w->target.format_version,
        .properties = w->target.properties,
        .property_count = w->target.property_count,
        .summary = summary,
        .summary_count = FIRN_COUNT_OF(summary),
        .operation = w->before ? FIRN_OP_REPLACE : FIRN_OP_APPEND,
        .files = w->data.v,
        .file_count = w->data.n,
    };
    firn_table_result result;
    firn_commit_ctx ctx = firn_context_commit(w->run);
    FIRN_TRY(
        w->run->catalog->ops->create_namespace(w->run->catalog, w->model->table.ident.ns, err));
    if (w->view.there)
        FIRN_TRY(firn_view_give_way(w->run, w->model->table.ident, &w->view, err));
    FIRN_TRY(firn_commit(&ctx, &change, 1, w->a, &result, err));
    w->result->snapshot_id = result.snapshot_id;
    return FIRN_OK;
}

static void remove_data(model_work *w)
{
    for (size_t i = 0; i < w->data.n; i++)
        (void)w->run->io->remove(w->run->io->ctx, w->data.v[i].file_path, NULL);
}

static firn_code find_target(model_work *w, firn_err *err)
{
    const firn_table_conf *table = &w->model->table;
    FIRN_TRY(firn_write_target_make(w->project, table->ident, NULL, table, w->before, w->a,
                                    &w->target, err));
    return firn_write_target_note(w->run, &w->target, table->ident, err);
}

static firn_code run_once(model_work *w, bool full_refresh, firn_err *err)
{
    FIRN_TRY(firn_context_check(w->run, err));
    FIRN_TRY(load_state(w, err));
    w->result->unchanged = is_unchanged(w, full_refresh);
    if (w->result->unchanged)
        return FIRN_OK;
    FIRN_TRY(find_target(w, err));
    if (w->before)
        FIRN_TRY(firn_spec_note(w->run, &w->model->table, FIRN_STR_LIT(""), w->before, w->a, err));
    if (w->before)
        FIRN_TRY(firn_sort_note(w->run, &w->model->table, FIRN_STR_LIT(""), w->before, w->a, err));
    firn_code code = select_into_files(w, err);
    if (code == FIRN_OK)
        code = publish(w, err);
    if (code == FIRN_OK)
        code = check(w, err);
    if (code == FIRN_OK)
        code = commit(w, err);
    if (code != FIRN_OK && code != FIRN_E_COMMIT_UNKNOWN)
        remove_data(w);
    for (size_t i = 0; i < w->data.n; i++) {
        w->result->rows += (uint64_t)w->data.v[i].record_count;
        w->result->bytes_written += w->data.v[i].file_size_in_bytes;
    }
    w->result->data_files = w->data.n;
    return code == FIRN_OK ? say_sample(w, err) : code;
}

firn_code firn_model_run(firn_context *run, const firn_project *project, const firn_model *model,
                         bool full_refresh, firn_model_result *ret, firn_err *err)
{
    firn_code code = FIRN_E_CONFLICT;
    firn_err local = {0};
    firn_err *e = err ? err : &local;
    for (int tries = 0; code == FIRN_E_CONFLICT && tries < MAX_TRIES; tries++) {
        FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a model", 0);
        if (!a)
            return firn_raise_nomem(e);
        *ret = (firn_model_result){.snapshot_id = FIRN_NO_SNAPSHOT};
        model_work w = {.run = run, .project = project, .model = model, .result = ret, .a = a};
        firn_err_clear(e);
        code = model->materialize == FIRN_MATERIALIZE_VIEW
                   ? firn_view_run(run, project, model, full_refresh, a, ret, e)
                   : run_once(&w, full_refresh, e);
    }
    return code;
}
