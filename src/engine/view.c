/* SPDX-License-Identifier: Apache-2.0 */
/* A view is up to three SELECTs: files without deletes as they are, files with rows deleted by
 * position, files with rows deleted by key.  What each needs beside the schema's columns is hidden
 * behind them, and nothing of it is paid by files that do not need it. */
#include "engine/view_int.h"

#include "base/str.h"

#include <string.h>

/* --- files not committed yet --------------------------------------------------------------- */

const char *const firn_view_meta_types[] = {"VARCHAR", "BIGINT", "BIGINT", "BIGINT", "INTEGER"};

static firn_code add_empty(const firn_type *schema, unsigned meta_columns, firn_buf *out,
                           firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, "SELECT ", err));
    for (size_t i = 0; i < schema->field_count; i++) {
        FIRN_TRY(firn_buf_adds(out, i ? ", CAST(NULL AS " : "CAST(NULL AS ", err));
        FIRN_TRY(firn_sql_type(out, &schema->fields[i].type, err));
        FIRN_TRY(firn_buf_adds(out, ") AS ", err));
        FIRN_TRY(firn_sql_ident(out, schema->fields[i].name, err));
    }
    for (unsigned i = 0; i < FIRN_META_COLUMN_COUNT; i++)
        if (meta_columns >> i & 1)
            FIRN_TRY(firn_buf_addf(out, err, ", CAST(NULL AS %s) AS %s", firn_view_meta_types[i],
                                   firn_meta_column_name(i)));
    return firn_buf_adds(out, " WHERE false", err);
}

firn_code firn_view_select_paths(const firn_type *schema, const firn_str *paths, size_t count,
                                 firn_buf *out, firn_err *err)
{
    if (count == 0)
        return add_empty(schema, 0, out, err);
    FIRN_TRY(firn_buf_adds(out, "SELECT * FROM read_parquet([", err));
    for (size_t i = 0; i < count; i++) {
        FIRN_TRY(firn_buf_adds(out, i ? "," : "", err));
        FIRN_TRY(firn_view_add_path(paths[i], out, err));
    }
    FIRN_TRY(firn_buf_adds(out, "], hive_partitioning = false, schema = ", err));
    FIRN_TRY(firn_view_schema_map(schema, true, out, err));
    return firn_buf_addc(out, ')', err);
}

/* --- branches ------------------------------------------------------------------------------ */

/* Files that are read alike. */
typedef enum branch_kind { CLEAN, BY_POSITION, BY_KEY, BRANCHES } branch_kind;

typedef struct branch {
    FIRN_VEC(firn_view_file) files;
    FIRN_VEC(size_t) places; /* in the plan */
} branch;

/* A view on its way. */
typedef struct making {
    firn_view_work *w;
    firn_type want;
    unsigned meta;        /* metadata columns */
    size_t row_id_column; /* hidden columns of metadata columns */
    size_t sequence_column;
    bool footers;
    firn_view_keys *keys; /* NULL: no deletes by key */
    branch branches[BRANCHES];
    FIRN_VEC(firn_str) tables; /* of the engine, in place of files */
    FIRN_VEC(const firn_type *) table_types;
    firn_buf *out;
    bool some; /* a SELECT is there already */
} making;

static branch_kind kind_of(const firn_scan_file *f)
{
    branch_kind kind = CLEAN;
    for (size_t i = 0; i < f->delete_count; i++) {
        if (f->deletes[i]->file.content == FIRN_CONTENT_EQUALITY_DELETES)
            return BY_KEY;
        kind = BY_POSITION;
    }
    return kind;
}

/* Several files may be in one table. */
static firn_code take_table(making *k, const firn_scan_file *f, bool *ret_taken, firn_err *err)
{
    const firn_view_memory *memory = k->w->rq->memory;
    const firn_type *type = NULL;
    firn_str table =
        memory ? memory->table(memory->arg, f->file.file_path, &type) : FIRN_STR_LIT("");
    *ret_taken = table.n > 0;
    for (size_t i = 0; i < k->tables.n; i++)
        if (firn_str_eq(k->tables.v[i], table))
            return FIRN_OK;
    if (*ret_taken && (!firn_vec_push(k->w->a, &k->tables, table) ||
                       !firn_vec_push(k->w->a, &k->table_types, type)))
        return firn_arena_raise(k->w->a, err);
    return FIRN_OK;
}

static firn_code sort_files(making *k, firn_err *err)
{
    const firn_scan_plan *plan = k->w->rq->plan;
    for (size_t i = 0; i < plan->count; i++) {
        const firn_scan_file *f = &plan->files[i];
        bool taken;
        FIRN_TRY(take_table(k, f, &taken, err));
        if (taken)
            continue;
        branch *b = &k->branches[kind_of(f)];
        firn_view_file v = {.file = &f->file, .sequence_number = f->sequence_number, .place = -1};
        if (k->keys && b == &k->branches[BY_KEY])
            FIRN_TRY(firn_view_keys_place(k->w, k->keys, &f->file, &v.place, err));
        if (!firn_vec_push(k->w->a, &b->files, v) || !firn_vec_push(k->w->a, &b->places, i))
            return firn_arena_raise(k->w->a, err);
        k->footers |= f->partition_column_unproven;
    }
    for (int i = BY_POSITION; i <= BY_KEY; i++)
        if (k->branches[i].files.n)
            FIRN_TRY(firn_view_load_deleted(k->w, k->branches[i].places.v, k->branches[i].places.n,
                                            k->branches[i].files.v, err));
    return FIRN_OK;
}

/* --- wanted columns ------------------------------------------------------------------------ */

/* Room for it was made. */
static size_t add_hidden(making *k, int32_t id)
{
    firn_type *t = &k->want;
    t->fields[t->field_count] =
        (firn_field){.id = id, .name = FIRN_STR_LIT("_lineage"), .type = {.kind = FIRN_T_LONG}};
    return t->field_count++;
}

static firn_code want_columns(making *k, firn_err *err)
{
    const firn_view_request *rq = k->w->rq;
    const firn_type *schema = &rq->schema->type;
    size_t n = schema->field_count;
    firn_field *fields = firn_arena_array(k->w->a, n + 2, sizeof *fields);
    if (!fields)
        return firn_arena_raise(k->w->a, err);
    if (n)
        memcpy(fields, schema->fields, n * sizeof *fields);
    k->want = (firn_type){.kind = FIRN_T_STRUCT, .fields = fields, .field_count = n};
    if (k->meta & FIRN_META_ROW_ID)
        k->row_id_column = add_hidden(k, FIRN_ID_ROW_ID);
    if (k->meta & FIRN_META_SEQUENCE)
        k->sequence_column = add_hidden(k, FIRN_ID_SEQUENCE);
    FIRN_TRY(firn_view_keys_make(k->w, &k->want, &k->footers, &k->keys, err));
    k->footers = k->footers || firn_view_needs_footers(rq->metadata, &k->want);
    return FIRN_OK;
}

/* --- SQL ----------------------------------------------------------------------------------- */

/* Rows have ids only where the table gave their file one; a row that was moved brings its own.
 * Source: Iceberg table spec, "Row Lineage"; ICEBERG.md §4.2. */
static firn_code add_meta_column(const making *k, unsigned bit, firn_buf *out, firn_err *err)
{
    switch (bit) {
    case FIRN_META_FILE:
        return firn_buf_adds(out, ", d.t0 AS _file", err);
    case FIRN_META_POS:
        return firn_buf_adds(out, ", d.r AS _pos", err);
    case FIRN_META_ROW_ID:
        return firn_buf_addf(out, err,
                             ", CASE WHEN d.n1 IS NULL THEN NULL ELSE coalesce(d.c%zu, d.n1 + d.r) "
                             "END AS _row_id",
                             k->row_id_column);
    case FIRN_META_SEQUENCE:
        return firn_buf_addf(out, err,
                             ", CASE WHEN d.n1 IS NULL THEN NULL ELSE coalesce(d.c%zu, d.n0) END "
                             "AS _last_updated_sequence_number",
                             k->sequence_column);
    default:
        return firn_buf_adds(out, ", CAST(d.n2 AS INTEGER) AS _spec_id", err);
    }
}

static firn_code add_columns(const making *k, firn_buf *out, firn_err *err)
{
    const firn_type *schema = &k->w->rq->schema->type;
    for (size_t i = 0; i < schema->field_count; i++) {
        FIRN_TRY(firn_buf_addf(out, err, "%sd.c%zu AS ", i ? ", " : "", i));
        FIRN_TRY(firn_sql_ident(out, schema->fields[i].name, err));
    }
    for (unsigned i = 0; i < FIRN_META_COLUMN_COUNT; i++)
        if (k->meta >> i & 1)
            FIRN_TRY(add_meta_column(k, 1u << i, out, err));
    return FIRN_OK;
}

static firn_view_extra extra_of(const making *k, branch_kind kind)
{
    unsigned meta = k->meta;
    const bool lineage = meta & (FIRN_META_ROW_ID | FIRN_META_SEQUENCE);
    firn_view_extra x = {.row = meta & (FIRN_META_POS | FIRN_META_ROW_ID),
                         .path = meta & FIRN_META_FILE};
    if (lineage)
        x.numbers |= 1u << FIRN_FILE_FIRST_ROW | 1u << FIRN_FILE_SEQUENCE;
    if (meta & FIRN_META_SPEC_ID)
        x.numbers |= 1u << FIRN_FILE_SPEC;
    if (kind == BY_KEY)
        x.numbers |= 1u << FIRN_FILE_SEQUENCE | 1u << FIRN_FILE_PLACE;
    for (size_t i = 0; i < k->branches[kind].files.n && kind != CLEAN; i++)
        x.deleted |= k->branches[kind].files.v[i].deleted != NULL;
    return x;
}

static firn_code add_plain(making *k, const branch *b, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(k->out, "SELECT * FROM read_parquet(", err));
    FIRN_TRY(firn_view_paths(k->w, b->files.v, b->files.n, k->out, err));
    FIRN_TRY(firn_buf_adds(k->out, ", hive_partitioning = false, schema = ", err));
    FIRN_TRY(firn_view_schema_map(&k->w->rq->schema->type, true, k->out, err));
    return firn_buf_addc(k->out, ')', err);
}

static firn_code add_branch(making *k, branch_kind kind, firn_err *err)
{
    const branch *b = &k->branches[kind];
    if (b->files.n == 0)
        return FIRN_OK;
    FIRN_TRY(firn_buf_adds(k->out, k->some ? " UNION ALL " : "", err));
    k->some = true;
    if (kind == CLEAN && !k->footers && !k->meta)
        return add_plain(k, b, err);
    const firn_view_extra x = extra_of(k, kind);
    FIRN_TRY(firn_buf_adds(k->out, "SELECT ", err));
    FIRN_TRY(add_columns(k, k->out, err));
    FIRN_TRY(firn_buf_adds(k->out, " FROM (", err));
    FIRN_TRY(firn_view_source(k->w, &k->want, b->files.v, b->files.n, &x, k->footers, k->out, err));
    FIRN_TRY(firn_buf_adds(k->out, ") AS d", err));
    return kind == BY_KEY ? firn_view_keys_joins(k->w, k->keys, k->out, err) : FIRN_OK;
}

static firn_code add_tables(making *k, firn_err *err)
{
    for (size_t i = 0; i < k->tables.n; i++) {
        FIRN_TRY(firn_buf_adds(k->out, k->some ? " UNION ALL " : "", err));
        k->some = true;
        FIRN_TRY(firn_view_select_memory(&k->w->rq->schema->type, k->meta, k->tables.v[i],
                                         k->table_types.v[i], k->out, err));
    }
    return FIRN_OK;
}

static firn_code select_all(making *k, firn_err *err)
{
    const firn_view_request *rq = k->w->rq;
    FIRN_TRY(firn_view_refuse_types(&rq->schema->type, err));
    k->meta = firn_meta_columns_for(&rq->schema->type, rq->meta_columns);
    if (rq->plan->count == 0)
        return add_empty(&rq->schema->type, k->meta, k->out, err);
    FIRN_TRY(want_columns(k, err));
    FIRN_TRY(sort_files(k, err));
    for (int i = CLEAN; i < BRANCHES; i++)
        FIRN_TRY(add_branch(k, (branch_kind)i, err));
    return add_tables(k, err);
}

firn_code firn_view_select(firn_session *s, const firn_view_request *rq, firn_view_keep *keep,
                           firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a view", 0);
    if (!a)
        return firn_raise_nomem(err);
    firn_view_work w = {.s = s, .rq = rq, .keep = keep, .a = a};
    making k = {.w = &w, .out = out};
    firn_code code = select_all(&k, err);
    json_decref(w.mapping);
    return code;
}
