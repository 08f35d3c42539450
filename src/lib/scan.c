/* SPDX-License-Identifier: Apache-2.0 */
/* Scanners: what is to be read, and the plan as public structs. */
#include "lib/lib_int.h"

#include "iceberg/travel.h"

/* --- the request --------------------------------------------------------------------------- */

/* Chooses a state; the columns are all of its schema until some are selected. */
static firn_code use(firn_scanner *s, const firn_at *at, firn_err *err)
{
    const firn_snapshot *snapshot;
    const firn_schema *schema;
    FIRN_TRY(firn_at_resolve(s->table->m, at, &snapshot, &schema, err));
    const firn_field **columns =
        firn_arena_array(s->arena, schema->type.field_count, sizeof *columns);
    if (!columns)
        return firn_arena_raise(s->arena, err);
    for (size_t i = 0; i < schema->type.field_count; i++)
        columns[i] = &schema->type.fields[i];
    s->snapshot = snapshot;
    s->schema = schema;
    s->columns = columns;
    s->column_count = schema->type.field_count;
    return FIRN_OK;
}

static firn_code new_scanner(const firn_table *table, firn_scanner **ret, firn_err *err)
{
    FIRN_TRY(firn_lib_need(table, "table", err));
    firn_arena *a = firn_arena_new("a scanner", 0);
    firn_scanner *s = a ? firn_arena_zalloc(a, sizeof *s) : NULL;
    if (!s) {
        firn_arena_free(a);
        return firn_raise_nomem(err);
    }
    s->table = table;
    s->arena = a;
    firn_code code = use(s, &(firn_at){.kind = FIRN_AT_CURRENT}, err);
    if (code != FIRN_OK) {
        firn_scanner_free(s);
        return code;
    }
    *ret = s;
    return FIRN_OK;
}

firn_status firn_scanner_new(const firn_table *table, firn_scanner **ret, firn_error *error)
{
    firn_err err = {0};
    return firn_lib_end(new_scanner(table, ret, &err), &err, error);
}

void firn_scanner_free(firn_scanner *scanner)
{
    if (!scanner)
        return;
    firn_filter_free(scanner->filter);
    firn_arena_free(scanner->arena);
}

static firn_code check_open(const firn_scanner *s, firn_err *err)
{
    FIRN_TRY(firn_lib_need(s, "scanner", err));
    return s->planned ? firn_raise(err, FIRN_E_INVAL, "the scan is planned already") : FIRN_OK;
}

static firn_code use_at(firn_scanner *s, const firn_at *at, firn_err *err)
{
    FIRN_TRY(check_open(s, err));
    if (s->filter || s->selected)
        return firn_raise(err, FIRN_E_INVAL, "choose the state before columns and filter");
    return use(s, at, err);
}

firn_status firn_scanner_use_snapshot(firn_scanner *scanner, int64_t snapshot_id, firn_error *error)
{
    firn_err err = {0};
    const firn_at at = {.kind = FIRN_AT_VERSION, .snapshot_id = snapshot_id};
    return firn_lib_end(use_at(scanner, &at, &err), &err, error);
}

firn_status firn_scanner_use_time(firn_scanner *scanner, int64_t timestamp_ms, firn_error *error)
{
    firn_err err = {0};
    const firn_at at = {.kind = FIRN_AT_TIMESTAMP, .timestamp_ms = timestamp_ms};
    return firn_lib_end(use_at(scanner, &at, &err), &err, error);
}

firn_status firn_scanner_use_ref(firn_scanner *scanner, const char *name, firn_error *error)
{
    firn_err err = {0};
    firn_at at = {.kind = FIRN_AT_REF};
    firn_code code = firn_lib_text(name, "name", &at.name, &err);
    if (code == FIRN_OK)
        code = use_at(scanner, &at, &err);
    return firn_lib_end(code, &err, error);
}

static firn_code select_columns(firn_scanner *s, const char *const *names, size_t count,
                                firn_err *err)
{
    firn_str name;
    FIRN_TRY(check_open(s, err));
    if (count)
        FIRN_TRY(firn_lib_need(names, "columns", err));
    const firn_field **columns = firn_arena_array(s->arena, count, sizeof *columns);
    if (!columns)
        return firn_arena_raise(s->arena, err);
    for (size_t i = 0; i < count; i++) {
        FIRN_TRY(firn_lib_text(names[i], "a column's name", &name, err));
        columns[i] = firn_type_field(&s->schema->type, name);
        if (!columns[i])
            return firn_raise(err, FIRN_E_NOTFOUND, "there is no column %s", firn_quote(name).s);
        for (size_t k = 0; k < i; k++)
            if (columns[k] == columns[i])
                return firn_raise(err, FIRN_E_INVAL, "column %s is selected twice",
                                  firn_quote(name).s);
    }
    if (count == 0)
        return firn_raise(err, FIRN_E_INVAL, "no columns are selected");
    s->columns = columns;
    s->column_count = count;
    s->selected = true;
    return FIRN_OK;
}

firn_status firn_scanner_select(firn_scanner *scanner, const char *const *columns, size_t count,
                                firn_error *error)
{
    firn_err err = {0};
    return firn_lib_end(select_columns(scanner, columns, count, &err), &err, error);
}

static firn_code add_filter(firn_scanner *s, firn_filter *filter, firn_err *err)
{
    const firn_expr *checked;
    firn_code code = check_open(s, err);
    if (code == FIRN_OK)
        code = firn_lib_filter_bind(filter, s->schema, s->arena, &checked, err);
    if (code != FIRN_OK) {
        firn_filter_free(filter);
        return code;
    }
    if (!s->filter) {
        s->filter = filter;
        return FIRN_OK;
    }
    s->filter = firn_filter_and(s->filter, filter);
    if (s->filter)
        return FIRN_OK;
    s->planned = true; /* rows would come that were not asked for */
    return firn_raise_nomem(err);
}

firn_status firn_scanner_filter(firn_scanner *scanner, firn_filter *filter, firn_error *error)
{
    firn_err err = {0};
    firn_code code = filter ? add_filter(scanner, filter, &err) : firn_raise_nomem(&err);
    return firn_lib_end(code, &err, error);
}

/* --- files as public structs --------------------------------------------------------------- */

/* What the files of one plan share. */
typedef struct showing {
    firn_scanner *s;
    const firn_file **deletes; /* by their place in the plan */
    firn_spec_use use;
} showing;

static firn_code show_partition(showing *w, const firn_data_file *f, firn_file *ret, firn_err *err)
{
    FIRN_TRY(firn_metadata_use_spec(w->s->table->m, f->spec_id, w->s->arena, &w->use, err));
    size_t n = w->use.spec->field_count;
    firn_literal *values = firn_arena_array(w->s->arena, n, sizeof *values);
    if (!values)
        return firn_arena_raise(w->s->arena, err);
    for (size_t i = 0; i < n; i++)
        FIRN_TRY(
            firn_lib_literal(&w->use.types[i], &f->partition[i], w->s->arena, &values[i], err));
    ret->partition = values;
    ret->partition_count = n;
    return FIRN_OK;
}

static firn_code show_file(showing *w, const firn_data_file *f, firn_file *ret, firn_err *err)
{
    *ret = (firn_file){.size = sizeof *ret,
                       .content = (firn_file_content)f->content,
                       .path = f->file_path.p, /* texts of plans end in NUL, see firn_arena_str */
                       .format = f->file_format.p,
                       .record_count = f->record_count,
                       .file_size_bytes = f->file_size_in_bytes,
                       .equality_ids = f->equality_ids,
                       .equality_id_count = f->equality_id_count,
                       .spec_id = f->spec_id,
                       .sort_order_id = FIRN_MAX(f->sort_order_id, 0),
                       .referenced_data_file = f->referenced_data_file.p,
                       .content_offset = f->content_offset,
                       .content_size_bytes = f->content_size_in_bytes,
                       .first_row_id = f->first_row_id};
    return show_partition(w, f, ret, err);
}

static firn_code show_deletes(showing *w, firn_err *err)
{
    const firn_scan_plan *plan = &w->s->plan;
    firn_file *files = firn_arena_array(w->s->arena, plan->delete_count, sizeof *files);
    w->deletes = firn_arena_array(w->s->arena, plan->delete_count, sizeof *w->deletes);
    if (!files || !w->deletes)
        return firn_arena_raise(w->s->arena, err);
    for (size_t i = 0; i < plan->delete_count; i++) {
        FIRN_TRY(show_file(w, &plan->deletes[i]->file, &files[i], err));
        w->deletes[plan->deletes[i]->place] = &files[i];
    }
    return FIRN_OK;
}

static firn_code show_planned(showing *w, const firn_scan_file *f, firn_planned_file *ret,
                              firn_err *err)
{
    firn_arena *a = w->s->arena;
    firn_file *file = firn_arena_zalloc(a, sizeof *file);
    const firn_file **deletes = firn_arena_array(a, f->delete_count, sizeof *deletes);
    if (!file || !deletes)
        return firn_arena_raise(a, err);
    FIRN_TRY(show_file(w, &f->file, file, err));
    for (size_t i = 0; i < f->delete_count; i++)
        deletes[i] = w->deletes[f->deletes[i]->place];
    *ret = (firn_planned_file){.size = sizeof *ret,
                               .file = file,
                               .sequence_number = f->sequence_number,
                               .snapshot_id = f->snapshot_id,
                               .deletes = deletes,
                               .delete_count = f->delete_count};
    if (!w->s->filter)
        return FIRN_OK;
    return firn_lib_filter_residual(w->s->filter, w->s->schema, w->use.spec, w->use.types,
                                    f->file.partition, a, &ret->residual, err);
}

static firn_code show_plan(firn_scanner *s, firn_err *err)
{
    showing w = {.s = s};
    firn_planned_file *files = firn_arena_array(s->arena, s->plan.count, sizeof *files);
    if (!files)
        return firn_arena_raise(s->arena, err);
    FIRN_TRY(show_deletes(&w, err));
    for (size_t i = 0; i < s->plan.count; i++)
        FIRN_TRY(show_planned(&w, &s->plan.files[i], &files[i], err));
    s->files = files;
    return FIRN_OK;
}

/* --- the plan ------------------------------------------------------------------------------ */

static firn_code plan(firn_scanner *s, firn_err *err)
{
    const firn_expr *filter = NULL;
    FIRN_TRY(check_open(s, err));
    s->planned = true; /* a plan that fails is not made again on what it left */
    if (s->filter)
        FIRN_TRY(firn_lib_filter_bind(s->filter, s->schema, s->arena, &filter, err));
    FIRN_TRY(firn_scan_plan_make(&s->table->storage->io, s->table->m, s->snapshot, filter, s->arena,
                                 &s->plan, err));
    return show_plan(s, err);
}

firn_status firn_scanner_plan(firn_scanner *scanner, firn_error *error)
{
    firn_err err = {0};
    return firn_lib_end(plan(scanner, &err), &err, error);
}

size_t firn_scanner_file_count(const firn_scanner *scanner)
{
    return scanner->files ? scanner->plan.count : 0;
}

const firn_planned_file *firn_scanner_file(const firn_scanner *scanner, size_t index)
{
    return index < firn_scanner_file_count(scanner) ? &scanner->files[index] : NULL;
}

static firn_code counts(const firn_scanner *s, firn_plan_counts *ret, firn_err *err)
{
    firn_plan_counts known;
    FIRN_TRY(firn_lib_need(s, "scanner", err));
    FIRN_TRY(firn_lib_need(ret, "ret", err));
    FIRN_TRY(firn_lib_take(&known, sizeof known, ret, "firn_plan_counts", err));
    if (!s->files)
        return firn_raise(err, FIRN_E_INVAL, "the scan is not planned");
    known = (firn_plan_counts){.files = (int64_t)s->plan.count,
                               .files_total = s->plan.files_total,
                               .rows = s->plan.rows,
                               .bytes = s->plan.bytes,
                               .manifests_read = (int64_t)s->plan.manifests_read,
                               .manifests_total = (int64_t)s->plan.manifests_total};
    firn_lib_give(ret, &known, sizeof known);
    return FIRN_OK;
}

firn_status firn_scanner_counts(const firn_scanner *scanner, firn_plan_counts *ret,
                                firn_error *error)
{
    firn_err err = {0};
    return firn_lib_end(counts(scanner, ret, &err), &err, error);
}

const firn_snapshot *firn_scanner_snapshot(const firn_scanner *scanner)
{
    return scanner->snapshot;
}

const firn_schema *firn_scanner_schema(const firn_scanner *scanner)
{
    return scanner->schema;
}

size_t firn_scanner_column_count(const firn_scanner *scanner)
{
    return scanner->column_count;
}

const firn_field *firn_scanner_column(const firn_scanner *scanner, size_t index)
{
    return index < scanner->column_count ? scanner->columns[index] : NULL;
}
