/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a scan as an Arrow stream. */
#include "lib/arrow_build.h"
#include "lib/engine_use.h"
#include "lib/filter.h"

#include "base/mem.h"
#include "engine/sql.h"
#include "engine/view.h"

#include <errno.h>
#include <string.h>

#define BATCH_ROWS  65536
#define BATCH_BYTES ((size_t)32 << 20)
#define ALIAS       "__firn_scan"

typedef struct scan_stream {
    firn_scanner *scanner;
    firn_arena *arena;
    firn_type type;            /* struct of the columns selected */
    const firn_schema *schema; /* the scanner's, with names that the engine can tell apart */
    firn_lib_engine engine;
    firn_view_keep keep;
    firn_result *result;
    firn_arrow_builder builder;
    bool done;
    firn_err err;
} scan_stream;

/* --- the statement ------------------------------------------------------------------------- */

/* The name that the engine knows a column by. */
static firn_str name_of(const scan_stream *w, const firn_field *column)
{
    return firn_schema_field(&w->schema->type, column->id)->name;
}

static firn_code add_columns(const scan_stream *w, firn_buf *out, firn_err *err)
{
    const firn_scanner *s = w->scanner;
    for (size_t i = 0; i < s->column_count; i++) {
        const firn_field *f = s->columns[i];
        FIRN_TRY(firn_buf_adds(out, i ? ", " : "", err));
        /* results have no type for nanoseconds: their number is in memory what Arrow wants */
        bool ns = f->type.kind == FIRN_T_TIMESTAMP_NS;
        FIRN_TRY(firn_buf_adds(out, ns ? "epoch_ns(" : "", err));
        FIRN_TRY(firn_sql_ident(out, name_of(w, f), err));
        FIRN_TRY(firn_buf_adds(out, ns ? ")" : "", err));
    }
    return FIRN_OK;
}

/* The engine takes names that differ only in case for one: then all columns are called by id. */
static firn_code choose_names(scan_stream *w, firn_err *err)
{
    const firn_schema *given = w->scanner->schema;
    const firn_type *t = &given->type;
    w->schema = given;
    if (!firn_lib_names_clash(t))
        return FIRN_OK;
    firn_schema *schema = firn_arena_zalloc(w->arena, sizeof *schema);
    firn_field *fields = firn_arena_array(w->arena, t->field_count, sizeof *fields);
    if (!schema || !fields)
        return firn_arena_raise(w->arena, err);
    *schema = *given;
    schema->type.fields = fields;
    for (size_t i = 0; i < t->field_count; i++) {
        fields[i] = t->fields[i];
        fields[i].name = firn_str_of(firn_arena_printf(w->arena, "c%d", (int)fields[i].id));
        if (!fields[i].name.n)
            return firn_arena_raise(w->arena, err);
    }
    w->schema = schema;
    return FIRN_OK;
}

static bool holds_ns(const firn_type *t)
{
    for (size_t i = 0; i < t->field_count; i++)
        if (t->fields[i].type.kind == FIRN_T_TIMESTAMP_NS || holds_ns(&t->fields[i].type))
            return true;
    return false;
}

/* Where the caller's storage keeps the table for the engine. */
static firn_code find_moved(scan_stream *w, firn_moved *ret, bool *ret_moved, firn_err *err)
{
    firn_error error = FIRN_ERROR_INIT;
    const firn_table *t = w->scanner->table;
    const firn_storage *s = &t->storage->given;
    *ret_moved = s->local_path != NULL;
    if (!*ret_moved)
        return FIRN_OK;
    char *path = firn_arena_zalloc(w->arena, 4096);
    if (!path)
        return firn_arena_raise(w->arena, err);
    firn_status status = s->local_path(s->context, t->location, path, 4096, &error);
    if (status != FIRN_STATUS_OK)
        return firn_lib_raise(err, status, &error, "the path of the table");
    return firn_moved_make(t->m->location, firn_str_of(path), (firn_str){NULL, 0}, w->arena, ret,
                           err);
}

static firn_code add_view(scan_stream *w, firn_buf *out, firn_err *err)
{
    const firn_scanner *s = w->scanner;
    firn_moved moved;
    bool is_moved;
    FIRN_TRY(find_moved(w, &moved, &is_moved, err));
    const firn_view_request rq = {.io = &s->table->storage->io,
                                  .metadata = s->table->m,
                                  .schema = w->schema,
                                  .plan = &s->plan,
                                  .moved = is_moved ? &moved : NULL};
    return firn_view_select(w->engine.session, &rq, &w->keep, out, err);
}

static firn_code write_statement(scan_stream *w, firn_buf *out, firn_err *err)
{
    const firn_scanner *s = w->scanner;
    FIRN_TRY(firn_buf_adds(out, "SELECT ", err));
    FIRN_TRY(add_columns(w, out, err));
    FIRN_TRY(firn_buf_adds(out, " FROM (", err));
    FIRN_TRY(add_view(w, out, err));
    FIRN_TRY(firn_buf_adds(out, ") AS " ALIAS, err));
    if (!s->filter)
        return FIRN_OK;
    FIRN_TRY(firn_buf_adds(out, " WHERE ", err));
    return firn_lib_filter_sql(s->filter, s->schema, w->schema, ALIAS, out, err);
}

/* --- opening ------------------------------------------------------------------------------- */

static void free_stream(scan_stream *w)
{
    if (w->result)
        w->engine.ops->result_close(w->result);
    if (w->engine.engine)
        firn_view_close(&w->keep);
    firn_lib_engine_close(&w->engine);
    firn_arrow_builder_free(&w->builder);
    firn_arena_free(w->arena);
    firn_mem_free(w);
}

static firn_code selected_type(scan_stream *w, firn_err *err)
{
    const firn_scanner *s = w->scanner;
    w->type = (firn_type){.kind = FIRN_T_STRUCT, .field_count = s->column_count};
    w->type.fields = firn_arena_array(w->arena, s->column_count, sizeof *w->type.fields);
    if (!w->type.fields)
        return firn_arena_raise(w->arena, err);
    for (size_t i = 0; i < s->column_count; i++) {
        w->type.fields[i] = *s->columns[i];
        if (holds_ns(&s->columns[i]->type))
            return firn_raise(err, FIRN_E_UNSUPPORTED,
                              "column %s: nanoseconds within structs, lists and maps are not read",
                              firn_quote(s->columns[i]->name).s);
    }
    return firn_arrow_builder_new(&w->type, w->arena, &w->builder, err);
}

static firn_code open_stream(scan_stream *w, const firn_engine_options *options, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    firn_engine_options o;
    w->arena = firn_arena_new("a scan", 0);
    if (!w->arena)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_lib_engine_options(options, &o, err));
    FIRN_TRY(selected_type(w, err));
    FIRN_TRY(choose_names(w, err));
    FIRN_TRY(firn_lib_engine_open(&o, o.scratch_folder, &w->engine, err));
    w->keep = (firn_view_keep){.ops = w->engine.ops, .engine = w->engine.engine, .arena = w->arena};
    FIRN_TRY(write_statement(w, &sql, err));
    return w->engine.ops->query(w->engine.session, firn_buf_str(&sql), &w->result, err);
}

/* --- the stream ---------------------------------------------------------------------------- */

static int errno_of(firn_code code)
{
    if (code == FIRN_OK)
        return 0;
    if (code == FIRN_E_NOMEM)
        return ENOMEM;
    return code == FIRN_E_CANCELLED ? ECANCELED : code == FIRN_E_INVAL ? EINVAL : EIO;
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    scan_stream *w = stream->private_data;
    const firn_scanner *s = w->scanner;
    firn_err_clear(&w->err);
    return errno_of(firn_arrow_export_fields(s->columns, s->column_count, out, &w->err));
}

static firn_code next_batch(scan_stream *w, struct ArrowArray *out, firn_err *err)
{
    const firn_column *root;
    size_t rows;
    out->release = NULL;
    while (!w->done && w->builder.length < BATCH_ROWS &&
           firn_arrow_builder_bytes(&w->builder) < BATCH_BYTES) {
        FIRN_TRY(w->engine.ops->next(w->result, &root, &rows, err));
        w->done = rows == 0;
        if (rows)
            FIRN_TRY(firn_arrow_builder_add(&w->builder, root, 0, rows, err));
    }
    return w->builder.length ? firn_arrow_builder_finish(&w->builder, out, err) : FIRN_OK;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    scan_stream *w = stream->private_data;
    firn_err_clear(&w->err);
    firn_code code = next_batch(w, out, &w->err);
    if (code != FIRN_OK) {
        w->done = true; /* what was gathered would be a part */
        firn_arrow_builder_free(&w->builder);
        w->builder.length = 0;
    }
    return errno_of(code);
}

static const char *get_last_error(struct ArrowArrayStream *stream)
{
    const scan_stream *w = stream->private_data;
    return w->err.code == FIRN_OK ? NULL : w->err.text;
}

static void release(struct ArrowArrayStream *stream)
{
    free_stream(stream->private_data);
    stream->release = NULL;
}

static firn_code scan(firn_scanner *scanner, const firn_engine_options *options,
                      struct ArrowArrayStream *ret, firn_err *err)
{
    FIRN_TRY(firn_lib_need(ret, "ret", err));
    scan_stream *w = firn_mem_alloc(sizeof *w);
    if (!w)
        return firn_raise_nomem(err);
    memset(w, 0, sizeof *w);
    w->scanner = scanner;
    firn_code code = open_stream(w, options, err);
    if (code != FIRN_OK) {
        free_stream(w);
        return code;
    }
    *ret = (struct ArrowArrayStream){.get_schema = get_schema,
                                     .get_next = get_next,
                                     .get_last_error = get_last_error,
                                     .release = release,
                                     .private_data = w};
    return FIRN_OK;
}

firn_status firn_scan(firn_scanner *scanner, const firn_engine_options *options,
                      struct ArrowArrayStream *ret, firn_error *error)
{
    firn_err err = {0};
    firn_code code = firn_lib_need(scanner, "scanner", &err);
    if (code == FIRN_OK && !scanner->planned) {
        firn_status status = firn_scanner_plan(scanner, error);
        if (status != FIRN_STATUS_OK)
            return status;
    }
    if (code == FIRN_OK && !scanner->files)
        code = firn_raise(&err, FIRN_E_INVAL, "the plan of the scan failed");
    if (code == FIRN_OK)
        code = scan(scanner, options, ret, &err);
    return firn_lib_end(code, &err, error);
}
