/* SPDX-License-Identifier: Apache-2.0 */
/* enginetool — src/engine for scripts: reads one JSON document from stdin,
 *   {"engine": {"memory": bytes, "threads": n, "preserve_order": bool, "scratch": folder},
 *    "steps": [{"op": "exec", "sql": …}, …]}
 * and prints a line of JSON for each step.  A step that fails says {"error": {…}}; the next ones
 * run all the same.  The ops and their members stand in the table at the end. */
#include "base/hash.h"
#include "base/json.h"
#include "base/str.h"
#include "engine/copy.h"
#include "engine/partition_sql.h"
#include "engine/engine.h"
#include "engine/prune.h"
#include "engine/sql.h"
#include "engine/sql_front.h"
#include "engine/view.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct tool {
    const firn_engine_ops *ops;
    firn_engine *engine;
    firn_session *session;
    firn_arena *a; /* of a step */
} tool;

/* --- values as JSON ------------------------------------------------------------------------ */

static json_t *text_json(firn_str s)
{
    return json_stringn(s.n ? s.p : "", s.n);
}

static json_t *hex_json(const void *p, size_t n, firn_arena *a)
{
    char *hex = firn_arena_alloc(a, 2 * n + 1);
    if (!hex)
        return NULL;
    firn_hex(p, n, hex);
    return json_string(hex);
}

static json_t *real_json(double d)
{
    if (isnan(d))
        return json_string("nan");
    if (isinf(d))
        return json_string(d > 0 ? "inf" : "-inf");
    return json_real(d);
}

static json_t *decimal_json(const firn_column *c, size_t row)
{
    firn_i128 v = c->width == 2   ? ((const int16_t *)c->data)[row]
                  : c->width == 4 ? ((const int32_t *)c->data)[row]
                  : c->width == 8 ? ((const int64_t *)c->data)[row]
                                  : ((const firn_i128 *)c->data)[row];
    char text[FIRN_DEC_TEXT_MAX];
    firn_dec_print(v, c->type->scale, text);
    return json_string(text);
}

static json_t *uuid_json(const firn_column *c, size_t row, firn_arena *a)
{
    firn_u128 v = (firn_u128)((const firn_i128 *)c->data)[row] ^ ((firn_u128)1 << 127);
    uint8_t bytes[16];
    for (int i = 15; i >= 0; i--, v >>= 8)
        bytes[i] = (uint8_t)v;
    return hex_json(bytes, sizeof bytes, a);
}

static json_t *value_json(const firn_column *c, size_t row, firn_arena *a);

/* Lists as arrays, maps as arrays of {"key", "value"}. */
static json_t *list_json(const firn_column *c, size_t row, firn_arena *a)
{
    firn_listview view = ((const firn_listview *)c->data)[row];
    json_t *list = json_array();
    for (size_t i = 0; i < view.length; i++)
        json_array_append_new(list, value_json(&c->children[0], view.offset + i, a));
    return list;
}

static json_t *struct_json(const firn_column *c, size_t row, firn_arena *a)
{
    json_t *o = json_object();
    for (size_t i = 0; i < c->child_count; i++)
        json_object_setn_new(o, c->type->fields[i].name.p, c->type->fields[i].name.n,
                             value_json(&c->children[i], row, a));
    return o;
}

static json_t *value_json(const firn_column *c, size_t row, firn_arena *a)
{
    if (!firn_column_is_valid(c, row))
        return json_null();
    firn_str text;
    switch (c->type->kind) {
    case FIRN_T_BOOLEAN:
        return json_boolean(((const uint8_t *)c->data)[row]);
    case FIRN_T_INT:
    case FIRN_T_UNKNOWN:
    case FIRN_T_DATE:
        return json_integer(((const int32_t *)c->data)[row]);
    case FIRN_T_LONG:
    case FIRN_T_TIME:
    case FIRN_T_TIMESTAMP:
    case FIRN_T_TIMESTAMPTZ:
    case FIRN_T_TIMESTAMP_NS:
    case FIRN_T_TIMESTAMPTZ_NS:
        return json_integer(((const int64_t *)c->data)[row]);
    case FIRN_T_FLOAT:
        return real_json((double)((const float *)c->data)[row]);
    case FIRN_T_DOUBLE:
        return real_json(((const double *)c->data)[row]);
    case FIRN_T_DECIMAL:
        return decimal_json(c, row);
    case FIRN_T_UUID:
        return uuid_json(c, row, a);
    case FIRN_T_STRING:
        return text_json(firn_strview_str(&((const firn_strview *)c->data)[row]));
    case FIRN_T_FIXED:
    case FIRN_T_BINARY:
        text = firn_strview_str(&((const firn_strview *)c->data)[row]);
        return hex_json(text.p, text.n, a);
    case FIRN_T_LIST:
    case FIRN_T_MAP:
        return list_json(c, row, a);
    case FIRN_T_STRUCT:
        return struct_json(c, row, a);
    case FIRN_T_FOREIGN:
    case FIRN_TYPE_KIND_COUNT:
        break;
    }
    return NULL;
}

static firn_code printed_json(const firn_type *t, const firn_value *v, json_t **ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)1 << 20);
    if (t->kind == FIRN_T_FLOAT || t->kind == FIRN_T_DOUBLE)
        *ret = real_json(t->kind == FIRN_T_FLOAT ? (double)v->u.f : v->u.d);
    else {
        FIRN_TRY(firn_value_print(t, v, &text, err));
        *ret = v->is_null ? json_null() : text_json(firn_buf_str(&text));
    }
    return FIRN_OK;
}

/* --- plain steps --------------------------------------------------------------------------- */

static firn_code step_exec(tool *t, const json_t *step, json_t *out FIRN_UNUSED, firn_err *err)
{
    firn_str sql;
    FIRN_TRY(firn_json_str(step, "sql", &sql, err));
    return t->ops->exec(t->session, sql, err);
}

static firn_code step_describe(tool *t, const json_t *step, json_t *out, firn_err *err)
{
    static const char *const kinds[] = {"select", "change", "other"};
    firn_str sql;
    firn_statement_kind kind;
    firn_result_column *columns;
    size_t count;
    FIRN_TRY(firn_json_str(step, "sql", &sql, err));
    FIRN_TRY(t->ops->describe(t->session, sql, t->a, &kind, &columns, &count, err));
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        const firn_result_column *c = &columns[i];
        json_array_append_new(
            list, json_pack("{s:o, s:o, s:b, s:b, s:s, s:o}", "name", text_json(c->name), "engine",
                            text_json(c->engine_type), "mapped", c->mapped, "refuse", c->refuse,
                            "type", firn_type_text(&c->type, t->a), "cast", text_json(c->cast)));
    }
    json_object_set_new(out, "kind", json_string(kinds[kind]));
    json_object_set_new(out, "columns", list);
    return FIRN_OK;
}

static firn_code read_rows(tool *t, firn_result *r, int64_t max, json_t *out, firn_err *err)
{
    json_t *list = json_array();
    int64_t total = 0;
    json_object_set_new(out, "rows", list);
    for (;;) {
        const firn_column *root;
        size_t n;
        FIRN_TRY(t->ops->next(r, &root, &n, err));
        if (n == 0)
            break;
        for (size_t i = 0; i < n && (int64_t)json_array_size(list) < max; i++)
            json_array_append_new(list, struct_json(root, i, t->a));
        total += (int64_t)n;
    }
    json_object_set_new(out, "count", json_integer(total));
    json_object_set_new(out, "type", json_string(firn_type_text(t->ops->result_type(r), t->a)));
    return FIRN_OK;
}

static firn_code run_query(tool *t, firn_str sql, int64_t max, json_t *out, firn_err *err)
{
    firn_result *r;
    FIRN_TRY(t->ops->query(t->session, sql, &r, err));
    firn_code code = read_rows(t, r, max, out, err);
    t->ops->result_close(r);
    return code;
}

static firn_code step_query(tool *t, const json_t *step, json_t *out, firn_err *err)
{
    firn_str sql;
    int64_t max;
    FIRN_TRY(firn_json_str(step, "sql", &sql, err));
    FIRN_TRY(firn_json_opt_i64(step, "max", INT64_MAX, &max, err));
    return run_query(t, sql, max, out, err);
}

/* --- copy ---------------------------------------------------------------------------------- */

typedef struct copy_step {
    firn_schema schema;
    firn_spec spec;
    firn_type *types; /* of the partition values */
    firn_copy_job job;
} copy_step;

static firn_code read_copy_step(tool *t, const json_t *step, copy_step *c, firn_err *err)
{
    json_t *schema;
    json_t *spec;
    int64_t level;
    firn_str folder;
    FIRN_TRY(firn_json_object(step, "schema", &schema, err));
    FIRN_TRY(firn_schema_parse(schema, t->a, &c->schema, err));
    FIRN_TRY(firn_json_opt_array(step, "partition", &spec, err));
    if (spec)
        FIRN_TRY(firn_spec_parse(spec, 0, t->a, &c->spec, err));
    FIRN_TRY(firn_spec_types(&c->schema.type, &c->spec, t->a, &c->types, err));
    FIRN_TRY(firn_json_str(step, "folder", &folder, err));
    c->job.folder = firn_arena_strndup(t->a, folder.p, folder.n);
    c->job.schema = &c->schema.type;
    c->job.partition_count = c->spec.field_count;
    FIRN_TRY(firn_json_opt_str(step, "compression", &c->job.compression, err));
    if (!c->job.compression.p)
        c->job.compression = FIRN_STR_LIT("snappy");
    FIRN_TRY(firn_json_opt_i64(step, "level", 0, &level, err));
    c->job.compression_level = (int)level;
    FIRN_TRY(firn_json_opt_i64(step, "row_group_rows", 0, &c->job.row_group_rows, err));
    return firn_json_opt_i64(step, "file_bytes", 0, &c->job.file_bytes, err);
}

static firn_code partition_json(tool *t, const copy_step *c, const firn_copied_file *f, json_t *out,
                                firn_err *err)
{
    json_t *texts = json_array();
    json_t *values = json_array();
    json_object_set_new(out, "partition_text", texts);
    json_object_set_new(out, "partition", values);
    for (size_t i = 0; i < c->spec.field_count; i++) {
        firn_value v = FIRN_VALUE_NULL;
        json_t *j = json_null();
        firn_str text = f->partition[i];
        json_array_append_new(texts, text.p ? text_json(text) : json_null());
        if (text.p && !firn_value_from_engine(&c->types[i], text, t->a, &v))
            return firn_raise(err, FIRN_E_DATA, "partition value %s", firn_quote(text).s);
        if (text.p)
            FIRN_TRY(printed_json(&c->types[i], &v, &j, err));
        json_array_append_new(values, j);
    }
    return FIRN_OK;
}

static json_t *bound_json(firn_slice b, firn_arena *a)
{
    return b.p ? hex_json(b.p, b.n, a) : json_null();
}

static firn_code metrics_json(tool *t, const copy_step *c, const firn_copied_file *f, json_t *out,
                              firn_err *err)
{
    firn_data_file file = {.record_count = f->rows};
    json_t *list = json_array();
    json_object_set_new(out, "metrics", list);
    FIRN_TRY(
        firn_metrics_fill(NULL, &c->schema.type, f->columns, f->column_count, t->a, &file, err));
    for (size_t i = 0; i < file.metrics_count; i++) {
        const firn_column_metrics *m = &file.metrics[i];
        json_array_append_new(list, json_pack("{s:i, s:I, s:I, s:I, s:I, s:o, s:o}", "id",
                                              (int)m->field_id, "size", (json_int_t)m->column_size,
                                              "values", (json_int_t)m->value_count, "nulls",
                                              (json_int_t)m->null_value_count, "nans",
                                              (json_int_t)m->nan_value_count, "lower",
                                              bound_json(m->lower_bound, t->a), "upper",
                                              bound_json(m->upper_bound, t->a)));
    }
    return FIRN_OK;
}

static firn_code step_copy(tool *t, const json_t *step, json_t *out, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    copy_step c = {0};
    firn_copied_file *files;
    size_t count;
    firn_str select;
    FIRN_TRY(read_copy_step(t, step, &c, err));
    FIRN_TRY(firn_json_str(step, "select", &select, err));
    FIRN_TRY(firn_partition_select(&c.schema.type, &c.spec, select, &sql, err));
    c.job.select = firn_buf_str(&sql);
    FIRN_TRY(firn_copy_run(t->ops, t->session, &c.job, t->a, &files, &count, err));
    json_t *list = json_array();
    json_object_set_new(out, "files", list);
    for (size_t i = 0; i < count; i++) {
        json_t *f = json_pack("{s:o, s:I, s:I}", "path", text_json(files[i].path), "rows",
                              (json_int_t)files[i].rows, "bytes", (json_int_t)files[i].bytes);
        json_array_append_new(list, f);
        FIRN_TRY(partition_json(t, &c, &files[i], f, err));
        FIRN_TRY(metrics_json(t, &c, &files[i], f, err));
    }
    return FIRN_OK;
}

/* --- views --------------------------------------------------------------------------------- */

static firn_code write_view(tool *t, const json_t *step, firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)64 << 20);
    json_t *metadata;
    json_t *paths;
    const firn_metadata *m;
    FIRN_TRY(firn_json_object(step, "metadata", &metadata, err));
    FIRN_TRY(firn_json_array(step, "files", &paths, err));
    FIRN_TRY(firn_json_print(metadata, 0, &text, err));
    FIRN_TRY(firn_metadata_parse(firn_buf_slice(&text), FIRN_STR_LIT("/m.json"), t->a, &m, err));
    size_t n = json_array_size(paths);
    firn_scan_file *files = firn_arena_array(t->a, n, sizeof *files);
    if (!files)
        return firn_arena_raise(t->a, err);
    for (size_t i = 0; i < n; i++)
        files[i].file.file_path = firn_json_text(json_array_get(paths, i));
    const firn_scan_plan plan = {.files = files, .count = n};
    const firn_view_request request = {.metadata = m, .schema = m->schema, .plan = &plan};
    firn_view_keep keep = {.ops = t->ops, .engine = t->engine, .arena = t->a};
    return firn_view_select(t->session, &request, &keep, out, err);
}

static firn_code step_view(tool *t, const json_t *step, json_t *out, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    firn_str tail;
    FIRN_TRY(firn_buf_adds(&sql, "SELECT * FROM (", err));
    FIRN_TRY(write_view(t, step, &sql, err));
    FIRN_TRY(firn_buf_adds(&sql, ") ", err));
    FIRN_TRY(firn_json_opt_str(step, "tail", &tail, err));
    FIRN_TRY(firn_buf_addstr(&sql, tail, err));
    json_object_set_new(out, "sql", text_json(firn_buf_str(&sql)));
    return run_query(t, firn_buf_str(&sql), INT64_MAX, out, err);
}

/* --- pruning ------------------------------------------------------------------------------- */

static firn_code expr_json(const firn_expr *e, json_t **ret, firn_err *err)
{
    static const char *const words[] = {
        "true", "false", "and", "or", "=",       "!=",       "<",
        "<=",   ">",     ">=",  "in", "is null", "not null", "starts"};
    json_t *o = json_pack("{s:s}", "op", words[e->op]);
    json_t *list = json_array();
    *ret = o;
    json_object_set_new(o, e->part_count ? "parts" : "values", list);
    for (size_t i = 0; i < e->part_count; i++) {
        json_t *part;
        FIRN_TRY(expr_json(e->parts[i], &part, err));
        json_array_append_new(list, part);
    }
    if (e->type)
        json_object_set_new(o, "id", json_integer(e->field_id));
    for (size_t i = 0; i < e->value_count; i++) {
        json_t *value;
        FIRN_TRY(printed_json(e->type, &e->values[i], &value, err));
        json_array_append_new(list, value);
    }
    return FIRN_OK;
}

static firn_code read_plan(const firn_engine_ops *ops, firn_result *r, json_t **ret, firn_err *err)
{
    const firn_column *root;
    size_t n;
    FIRN_TRY(ops->next(r, &root, &n, err));
    if (n != 1 || root->child_count != 2)
        return firn_raise(err, FIRN_E_BUG, "no plan");
    firn_str text = firn_strview_str(&((const firn_strview *)root->children[1].data)[0]);
    return firn_json_parse((firn_slice){(const uint8_t *)text.p, text.n}, ret, err);
}

static firn_code explain(tool *t, firn_str sql, json_t **ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_SQL_BUF;
    firn_result *r;
    FIRN_TRY(firn_buf_adds(&text, "EXPLAIN (FORMAT json) ", err));
    FIRN_TRY(firn_buf_addstr(&text, sql, err));
    FIRN_TRY(t->ops->query(t->session, firn_buf_str(&text), &r, err));
    firn_code code = read_plan(t->ops, r, ret, err);
    t->ops->result_close(r);
    return code;
}

static firn_code step_prune(tool *t, const json_t *step, json_t *out, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *plan = NULL;
    json_t *schema_json;
    firn_schema schema;
    firn_str sql;
    firn_str table;
    const firn_expr *e;
    json_t *j = json_null();
    FIRN_TRY(firn_json_str(step, "sql", &sql, err));
    FIRN_TRY(firn_json_str(step, "table", &table, err));
    FIRN_TRY(firn_json_object(step, "schema", &schema_json, err));
    FIRN_TRY(firn_schema_parse(schema_json, t->a, &schema, err));
    FIRN_TRY(explain(t, sql, &plan, err));
    FIRN_TRY(firn_prune_filter(plan, table, &schema.type, t->a, &e, err));
    if (e)
        FIRN_TRY(expr_json(e, &j, err));
    json_object_set_new(out, "expr", j);
    return FIRN_OK;
}

/* --- the tool ------------------------------------------------------------------------------ */

typedef firn_code (*step_fn)(tool *t, const json_t *step, json_t *out, firn_err *err);

static const struct {
    const char *op;
    step_fn run;
} steps[] = {
    {"exec", step_exec},         /* sql */
    {"describe", step_describe}, /* sql → kind, columns */
    {"query", step_query},       /* sql, max → rows, count, type */
    {"copy", step_copy},         /* select, schema, partition, folder, compression, level,
                                    row_group_rows, file_bytes → files */
    {"view", step_view},         /* metadata, files, tail → sql, rows */
    {"prune", step_prune},       /* sql, table, schema → expr */
};

static firn_code run_step(tool *t, const json_t *step, json_t *out, firn_err *err)
{
    firn_str op;
    FIRN_TRY(firn_json_str(step, "op", &op, err));
    for (size_t i = 0; i < FIRN_COUNT_OF(steps); i++)
        if (firn_str_eqc(op, steps[i].op))
            return steps[i].run(t, step, out, err);
    return firn_raise(err, FIRN_E_USAGE, "no op %s", firn_quote(op).s);
}

static void add_error(json_t *out, const firn_err *e)
{
    json_object_set_new(out, "error",
                        json_pack("{s:s, s:s, s:s, s:s}", "code",
                                  firn_code_policy_of(e->code)->name, "text", e->text, "where",
                                  e->where, "advice", e->advice));
}

static void do_step(tool *t, const json_t *step)
{
    firn_err err = {0};
    json_t *out = json_object();
    if (run_step(t, step, out, &err) != FIRN_OK) {
        firn_sql_locate(&err, (firn_str){NULL, 0}, &(firn_sql_origin){.line = 1, .column = 1});
        add_error(out, &err);
    }
    json_dumpf(out, stdout, JSON_COMPACT);
    fputc('\n', stdout);
    json_decref(out);
    firn_arena_reset(t->a);
}

static firn_code open_engine(tool *t, const json_t *conf, firn_err *err)
{
    int64_t memory;
    int64_t threads;
    firn_engine_conf c = {0};
    firn_str scratch;
    FIRN_TRY(firn_json_opt_i64(conf, "memory", INT64_C(1) << 30, &memory, err));
    FIRN_TRY(firn_json_opt_i64(conf, "threads", 2, &threads, err));
    FIRN_TRY(firn_json_opt_bool(conf, "preserve_order", false, &c.preserve_order, err));
    FIRN_TRY(firn_json_opt_str(conf, "scratch", &scratch, err));
    c.memory_bytes = (uint64_t)memory;
    c.threads = (unsigned)threads;
    c.scratch = scratch.p; /* JSON texts end in NUL */
    FIRN_TRY(firn_engine_load(&t->ops, err));
    FIRN_TRY(t->ops->open(&c, &t->engine, err));
    return t->ops->session(t->engine, &t->session, err);
}

static firn_code run_document(tool *t, const json_t *doc, firn_err *err)
{
    json_t *list;
    json_t *conf;
    FIRN_TRY(firn_json_array(doc, "steps", &list, err));
    FIRN_TRY(firn_json_opt_object(doc, "engine", &conf, err));
    FIRN_TRY(open_engine(t, conf, err));
    for (size_t i = 0; i < json_array_size(list); i++)
        do_step(t, json_array_get(list, i));
    return FIRN_OK;
}

static firn_code read_stdin(firn_buf *out, firn_err *err)
{
    char piece[65536];
    size_t n;
    while ((n = fread(piece, 1, sizeof piece, stdin)) > 0)
        FIRN_TRY(firn_buf_add(out, piece, n, err));
    return FIRN_OK;
}

int main(void)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)256 << 20);
    FIRN_AUTO(firn_json_unref) json_t *doc = NULL;
    firn_err err = {0};
    tool t = {.a = firn_arena_new("a step", 0)};
    firn_code code = read_stdin(&text, &err);
    if (code == FIRN_OK)
        code = firn_json_parse(firn_buf_slice(&text), &doc, &err);
    if (code == FIRN_OK)
        code = run_document(&t, doc, &err);
    if (code != FIRN_OK)
        fprintf(stderr, "enginetool: %s\n", err.text);
    if (t.session)
        t.ops->session_close(t.session);
    if (t.engine)
        t.ops->close(t.engine);
    firn_arena_free(t.a);
    return code == FIRN_OK ? 0 : 1;
}
