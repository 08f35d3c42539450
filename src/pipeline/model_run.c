/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/model_run.h"

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
#include "pipeline/tables.h"

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
    firn_inputs inputs;
    char fingerprint[65];

    firn_str select; /* rewritten, with its columns cast to what a table can keep */
    firn_type schema;
    int32_t last_column_id;
    firn_spec spec;
    firn_write_target target;
    firn_data_files data;
    firn_scratch_paths scratch;
} model_work;

/* --- is there anything to do? -------------------------------------------------------------- */

static firn_code refuse_itself(const model_work *w, firn_err *err)
{
    for (size_t i = 0; i < w->inputs.n; i++) {
        if (!firn_ident_eq(w->inputs.v[i].ident, w->model->table.ident))
            continue;
        firn_raise(err, FIRN_E_CONFIG, "model %.*s.%.*s reads itself",
                   FIRN_STR_ARG(w->model->table.ident.ns),
                   FIRN_STR_ARG(w->model->table.ident.name));
        firn_err_advise(err, "a table that is replaced as a whole cannot be its own input");
        return firn_err_place(err, w->model->sql_place);
    }
    return FIRN_OK;
}

static firn_code fingerprint_checks(const model_work *w, firn_buf *b, firn_err *err)
{
    const firn_table_conf *t = &w->model->table;
    for (size_t i = 0; i < t->check_count; i++)
        FIRN_TRY(firn_buf_addf(b, err, "\ncheck %d %d %.*s %.*s", (int)t->checks[i].kind,
                               (int)t->checks[i].severity, FIRN_STR_ARG(t->checks[i].column),
                               FIRN_STR_ARG(t->checks[i].sql)));
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

/* What the result depends on: the statement, its checks, the snapshots of its inputs. */
static firn_code make_fingerprint(model_work *w, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf b = FIRN_SQL_BUF;
    uint8_t sha[32];
    FIRN_TRY(firn_buf_addf(&b, err, "1 %s\n", FIRN_VERSION));
    FIRN_TRY(firn_buf_addstr(&b, w->model->sql, err));
    FIRN_TRY(fingerprint_checks(w, &b, err));
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

static bool is_unchanged(const model_work *w)
{
    const firn_snapshot *s = w->before ? firn_metadata_current(w->before) : NULL;
    if (!s || firn_sql_is_volatile(w->model->sql))
        return false;
    return firn_str_eqc(firn_snapshot_summary(s, FINGERPRINT), w->fingerprint);
}

static firn_code load_state(model_work *w, firn_err *err)
{
    firn_err local = {0};
    firn_code code = firn_table_load(w->run->catalog, w->run->io, w->model->table.ident, w->a,
                                     &w->before, &local);
    if (code != FIRN_OK && code != FIRN_E_NOTFOUND) {
        *err = local;
        return code;
    }
    const firn_sql_origin origin = {w->model->file, (int)w->model->sql_place.line,
                                    (int)w->model->sql_place.column};
    FIRN_TRY(firn_tables_find(w->run, w->model->sql, &origin, w->a, &w->inputs, err));
    FIRN_TRY(refuse_itself(w, err));
    return make_fingerprint(w, err);
}

/* --- columns ------------------------------------------------------------------------------- */

static firn_code refuse_column(const model_work *w, const firn_result_column *c, const char *why,
                               const char *advice, firn_err *err)
{
    firn_raise(err, FIRN_E_SQL, "column %s of model %.*s.%.*s %s", firn_quote(c->name).s,
               FIRN_STR_ARG(w->model->table.ident.ns), FIRN_STR_ARG(w->model->table.ident.name),
               why);
    firn_err_advise(err, "%s", advice);
    return firn_err_place(err, w->model->sql_place);
}

static firn_code check_column(const model_work *w, const firn_result_column *columns, size_t i,
                              firn_err *err)
{
    const firn_result_column *c = &columns[i];
    if (c->refuse) {
        const char *why = firn_arena_printf(w->a, "is %.*s, which no Iceberg table can keep",
                                            FIRN_STR_ARG(c->engine_type));
        return refuse_column(w, c, why ? why : "", "cast it, for example: CAST(x AS VARCHAR)", err);
    }
    if (c->name.n == 0)
        return refuse_column(w, c, "has no name", "give it one with AS", err);
    for (size_t k = 0; k < i; k++)
        if (firn_str_ieq(columns[k].name, c->name))
            return refuse_column(w, c, "is there twice (names are compared without case)",
                                 "give one of them another name with AS", err);
    return FIRN_OK;
}

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
    firn_field *fields = firn_arena_array(w->a, count, sizeof *fields);
    if (!fields)
        return firn_arena_raise(w->a, err);
    for (size_t i = 0; i < count; i++) {
        FIRN_TRY(check_column(w, columns, i, err));
        fields[i] = (firn_field){.name = columns[i].name, .type = columns[i].type};
    }
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

static firn_code engine_error(const model_work *w, firn_str sql, int shift, firn_err *err)
{
    if (err->code != FIRN_E_SQL)
        return err->code;
    firn_place p = w->model->sql_place;
    const firn_sql_origin origin = {w->model->file, (int)p.line, (int)p.column - shift};
    firn_sql_locate(err, sql, &origin);
    firn_tables_advise(w->run, err);
    return err->where[0] ? err->code : firn_err_place(err, p); /* it may say no line */
}

static firn_code explain_error(const model_work *w, firn_str sql, firn_err *err)
{
    const char *full = firn_arena_printf(w->a, FIRN_EXPLAIN "%.*s", FIRN_STR_ARG(sql));
    return engine_error(w, firn_str_of(full), FIRN_EXPLAIN_COLUMNS, err);
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
        return engine_error(w, firn_buf_str(&sql), 0, err);
    if (kind != FIRN_STATEMENT_SELECT) {
        firn_raise(err, FIRN_E_CONFIG, "a model is one SELECT");
        return firn_err_place(err, w->model->sql_place);
    }
    FIRN_TRY(make_schema(w, columns, count, err));
    return cast_columns(w, firn_buf_str(&sql), columns, count, err);
}

static firn_code write_rows(model_work *w, firn_session *s, firn_err *err)
{
    w->target.schema = &w->schema;
    w->target.spec = &w->spec;
    FIRN_TRY(
        firn_sort_of_table(w->before, &w->model->table, &w->schema, w->a, &w->target.sort, err));
    firn_code code =
        firn_write_rows(w->run, s, &w->target, w->select, w->a, &w->data, &w->scratch, err);
    if (code == FIRN_E_SQL) { /* an error of a value: no place is known in the model's own text */
        firn_sql_locate(err, (firn_str){NULL, 0}, &(firn_sql_origin){NULL, 1, 1});
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
        FIRN_TRY(firn_env_publish(w->run->env, w->scratch.v[i], w->data.v[i].file_path, err));
    return FIRN_FAIL("model.after_publish", err);
}

static firn_code check(model_work *w, firn_err *err)
{
    const firn_check_input in = {.ident = w->model->table.ident,
                                 .checks = w->model->table.checks,
                                 .check_count = w->model->table.check_count,
                                 .schema = &w->schema,
                                 .files = w->data.v,
                                 .file_count = w->data.n};
    return firn_checks_run(w->run, &in, &w->result->warnings, err);
}

static firn_code commit(model_work *w, firn_err *err)
{
    const firn_property summary[] = {{"firn.run", firn_str_of(w->run->run_id)},
                                     {FINGERPRINT, firn_str_of(w->fingerprint)}};
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
    w->result->unchanged = !full_refresh && is_unchanged(w);
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
    return code;
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
        code = run_once(&w, full_refresh, e);
    }
    return code;
}
