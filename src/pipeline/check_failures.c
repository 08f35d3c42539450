/* SPDX-License-Identifier: Apache-2.0 */
/* NS.TABLE__failures: rows that checks found at the last look, whole.  A table like any other; it
 * is replaced in a commit of its own before the audited one, which may never come. */
#include "pipeline/checks_int.h"

#include "base/datetime.h"
#include "base/str.h"
#include "engine/sql.h"
#include "iceberg/scan.h"
#include "pipeline/replace_schema.h"
#include "pipeline/writer.h"

#include <inttypes.h>
#include <stdio.h>

#define KEPT_ROWS 100 /* of each check */
#define MAX_TRIES 5

static const struct {
    const char *name;
    firn_type_kind kind;
} columns[] = {
    {"check_name", FIRN_T_STRING},      {"severity", FIRN_T_STRING},
    {"failing", FIRN_T_LONG},           {"run_id", FIRN_T_STRING},
    {"checked_at", FIRN_T_TIMESTAMPTZ}, {"row", FIRN_T_STRING}, /* JSON */
};

/* One try to replace the table. */
typedef struct keeping {
    firn_checking *c;
    firn_arena *a;
    firn_ident ident;
    const firn_metadata *before; /* NULL: it is to be created */
    firn_type schema;
    int32_t last_column_id;
    firn_spec spec; /* unpartitioned, when it is made */
    firn_write_target target;
    firn_data_files files;
    firn_scratch_paths scratch;
} keeping;

/* --- the rows ------------------------------------------------------------------------------ */

/* SELECT 'not_null(x)' AS check_name, …, CAST(to_json(t) AS VARCHAR) AS "row" */
static firn_code add_columns(const firn_checking *c, const firn_finding *f, firn_buf *out,
                             firn_err *err)
{
    char at[FIRN_TIME_TEXT_MAX];
    size_t n = firn_timestamp_print(c->now_us, true, at);
    bool warn = f->check->severity == FIRN_SEVERITY_WARN;
    FIRN_TRY(firn_buf_adds(out, "SELECT CAST(", err));
    FIRN_TRY(firn_sql_text(out, f->check->name, err));
    FIRN_TRY(firn_buf_addf(out, err,
                           " AS VARCHAR) AS check_name, CAST('%s' AS VARCHAR) AS severity, "
                           "CAST(%" PRId64 " AS BIGINT) AS failing, CAST('%s' AS VARCHAR) AS "
                           "run_id, CAST('%.*s' AS TIMESTAMPTZ) AS checked_at, CAST(",
                           warn ? "warn" : "error", f->failing, c->run->run_id, (int)n, at));
    if (f->fact.p)
        FIRN_TRY(firn_sql_text(out, f->fact, err));
    else
        FIRN_TRY(firn_buf_adds(out, "to_json(firn_row)", err));
    return firn_buf_adds(out, " AS VARCHAR) AS \"row\"", err);
}

/* The rows have a name of their own there: one of their columns may be called like the table. */
static firn_code add_finding(firn_checking *c, const firn_finding *f, firn_buf *out, firn_err *err)
{
    FIRN_TRY(add_columns(c, f, out, err));
    if (f->fact.p)
        return FIRN_OK;
    FIRN_TRY(firn_buf_adds(out, " FROM (", err));
    FIRN_TRY(firn_checking_rows(c, f->check, "SELECT *", out, err));
    return firn_buf_addf(out, err, " LIMIT %d) AS firn_row", KEPT_ROWS);
}

static firn_code select_rows(firn_checking *c, firn_buf *out, firn_err *err)
{
    for (size_t i = 0; i < c->found.n; i++) {
        FIRN_TRY(firn_buf_adds(out, i ? " UNION ALL (" : "(", err));
        FIRN_TRY(add_finding(c, &c->found.v[i], out, err));
        FIRN_TRY(firn_buf_addc(out, ')', err));
    }
    return FIRN_OK;
}

/* --- the table ----------------------------------------------------------------------------- */

static firn_code load(keeping *k, firn_err *err)
{
    const firn_ident *of = &k->c->in->ident;
    firn_context *run = k->c->run;
    firn_err local = {0};
    const char *name = firn_arena_printf(k->a, "%.*s" FIRN_FAILURES_SUFFIX, FIRN_STR_ARG(of->name));
    if (!name)
        return firn_arena_raise(k->a, err);
    k->ident = (firn_ident){of->ns, firn_str_of(name)};
    firn_code code = firn_table_load(run->catalog, run->io, k->ident, k->a, &k->before, &local);
    if (code == FIRN_OK || code == FIRN_E_NOTFOUND)
        return FIRN_OK;
    *err = local;
    return code;
}

static firn_code is_empty(const keeping *k, bool *ret, firn_err *err)
{
    const firn_snapshot *s = k->before ? firn_metadata_current(k->before) : NULL;
    firn_scan_plan plan;
    *ret = true;
    if (!s)
        return FIRN_OK;
    FIRN_TRY(firn_scan_plan_make(k->c->run->io, k->before, s, NULL, k->a, &plan, err));
    *ret = plan.count == 0;
    return FIRN_OK;
}

static firn_code make_schema(keeping *k, firn_err *err)
{
    size_t n = FIRN_COUNT_OF(columns);
    firn_field *fields = firn_arena_array(k->a, n, sizeof *fields);
    if (!fields)
        return firn_arena_raise(k->a, err);
    for (size_t i = 0; i < n; i++)
        fields[i] = (firn_field){.name = firn_str_of(columns[i].name),
                                 .required = true,
                                 .type = {.kind = columns[i].kind}};
    k->schema = (firn_type){.kind = FIRN_T_STRUCT, .fields = fields, .field_count = n};
    k->last_column_id = k->before ? k->before->last_column_id : 0;
    if (!k->before)
        firn_schema_assign_ids(&k->schema, &k->last_column_id);
    else
        firn_replace_schema(&k->before->schema->type, &k->schema, &k->last_column_id, k->a);
    return k->before ? firn_spec_of_table(k->before, &k->schema, &k->spec, err) : FIRN_OK;
}

static firn_code write_rows(keeping *k, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    firn_checking *c = k->c;
    FIRN_TRY(firn_write_target_make(c->in->project, k->ident, c->in->ingest, NULL, k->before, k->a,
                                    &k->target, err));
    FIRN_TRY(firn_write_target_note(c->run, &k->target, k->ident, err));
    k->target.schema = &k->schema;
    k->target.spec = &k->spec;
    if (c->found.n == 0)
        return FIRN_OK;
    FIRN_TRY(select_rows(c, &sql, err));
    FIRN_TRY(firn_write_rows(c->run, c->session, &k->target, firn_buf_str(&sql), k->a, &k->files,
                             &k->scratch, err));
    for (size_t i = 0; i < k->files.n; i++)
        FIRN_TRY(firn_written_publish(c->run, k->scratch.v[i], k->files.v[i].file_path, err));
    return FIRN_OK;
}

static firn_code commit(keeping *k, firn_err *err)
{
    firn_context *run = k->c->run;
    const firn_property summary[] = {{"firn.run", firn_str_of(run->run_id)}};
    bool same = k->before && firn_schema_same(&k->before->schema->type, &k->schema);
    const firn_table_change change = {
        .ident = k->ident,
        .start = k->before,
        .location = k->target.location,
        .schema = same ? NULL : &k->schema,
        .last_column_id = k->last_column_id,
        .spec = &k->spec,
        .format_version = k->target.format_version,
        .properties = k->target.properties,
        .property_count = k->target.property_count,
        .summary = summary,
        .summary_count = FIRN_COUNT_OF(summary),
        .operation = k->before ? FIRN_OP_REPLACE : FIRN_OP_APPEND,
        .files = k->files.v,
        .file_count = k->files.n,
    };
    firn_table_result result;
    firn_commit_ctx ctx = firn_context_commit(run);
    FIRN_TRY(run->catalog->ops->create_namespace(run->catalog, k->ident.ns, err));
    return firn_commit(&ctx, &change, 1, k->a, &result, err);
}

/* Without checks of its own a table may have a neighbour of that name that is no work of ours. */
static bool is_ours(const keeping *k)
{
    const firn_snapshot *s = k->before ? firn_metadata_current(k->before) : NULL;
    return k->c->in->check_count > 0 || (s && firn_snapshot_summary(s, "firn.run").n > 0);
}

static firn_code keep_once(keeping *k, firn_err *err)
{
    bool empty;
    FIRN_TRY(load(k, err));
    if (!is_ours(k))
        return FIRN_OK;
    FIRN_TRY(is_empty(k, &empty, err));
    if (k->c->found.n == 0 && empty)
        return FIRN_OK;
    FIRN_TRY(make_schema(k, err));
    firn_code code = write_rows(k, err);
    if (code == FIRN_OK)
        code = commit(k, err);
    for (size_t i = 0; code != FIRN_OK && code != FIRN_E_COMMIT_UNKNOWN && i < k->files.n; i++)
        (void)k->c->run->io->remove(k->c->run->io->ctx, k->files.v[i].file_path, NULL);
    return code;
}

/* Another run that audits the same table: the later one's rows stay. */
firn_code firn_checking_keep(firn_checking *c, firn_err *err)
{
    firn_code code = FIRN_E_CONFLICT;
    if (!c->run->catalog || !c->in->project)
        return FIRN_OK;
    for (int tries = 0; code == FIRN_E_CONFLICT && tries < MAX_TRIES; tries++) {
        FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("failing rows", 0);
        if (!a)
            return firn_raise_nomem(err);
        keeping k = {.c = c, .a = a};
        firn_err_clear(err);
        code = keep_once(&k, err);
    }
    return code;
}
