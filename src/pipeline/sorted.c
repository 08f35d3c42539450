/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/sorted.h"

#include "base/str.h"
#include "engine/partition_sql.h"
#include "engine/sql.h"

#define TEXT_MAX ((size_t)1 << 16)

typedef FIRN_VEC(firn_copied_file) copied_files;

/* One copy in progress. */
typedef struct sorting {
    firn_context *run;
    firn_session *s;
    const firn_copy_job *job;
    const firn_sort_order *order;
    firn_arena *a;
    copied_files files;
} sorting;

/* --- statements ---------------------------------------------------------------------------- */

firn_code firn_sort_functions(firn_context *run, const firn_type *schema,
                              const firn_sort_order *order, firn_arena *a, firn_err *err)
{
    firn_spec spec = {.field_count = order->field_count};
    spec.fields = firn_arena_array(a, spec.field_count, sizeof *spec.fields);
    if (!spec.fields)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < spec.field_count; i++)
        spec.fields[i] = (firn_partition_field){.source_id = order->fields[i].source_id,
                                                .transform = order->fields[i].transform};
    return firn_partition_functions(run->ops, run->engine, schema, &spec, err);
}

static firn_code select_sorted(const sorting *w, firn_str rows, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, "SELECT * FROM (", err));
    FIRN_TRY(firn_buf_addstr(out, rows, err));
    /* on a line of its own: the SELECT may end in a comment */
    FIRN_TRY(firn_buf_adds(out, "\n) AS firn_rows", err));
    return firn_order_by(w->job->schema, w->order, out, err);
}

/* The rows of a file from one place on, in their order. */
static firn_code select_part(firn_str path, int64_t from, int64_t to, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, "SELECT * EXCLUDE (file_row_number) FROM read_parquet(", err));
    FIRN_TRY(firn_sql_text(out, path, err));
    return firn_buf_addf(out, err,
                         ", file_row_number = true, hive_partitioning = false) WHERE "
                         "file_row_number >= %lld AND file_row_number < %lld ORDER BY "
                         "file_row_number",
                         (long long)from, (long long)to);
}

/* --- one file ------------------------------------------------------------------------------ */

/* The rows as they come, in one file; *ret_rows == 0: there are none. */
static firn_code copy_one(sorting *w, firn_str select, firn_copied_file *ret, firn_err *err)
{
    firn_copied_file *copied;
    size_t count;
    firn_copy_job job = *w->job;
    job.select = select;
    job.partition_count = 0;
    job.file_bytes = 0;
    *ret = (firn_copied_file){0};
    FIRN_TRY(firn_context_check(w->run, err));
    FIRN_TRY(firn_context_scratch(w->run, w->a, &job.folder, err));
    FIRN_TRY(firn_copy_run(w->run->ops, w->s, &job, w->a, &copied, &count, err));
    if (count > 1)
        return firn_raise(err, FIRN_E_BUG, "one file was asked for, %zu were written", count);
    if (count)
        *ret = copied[0];
    return FIRN_OK;
}

static firn_code push(sorting *w, firn_copied_file f, firn_str *partition, firn_err *err)
{
    f.partition = partition;
    if (f.rows > 0 && !firn_vec_push(w->a, &w->files, f))
        return firn_arena_raise(w->a, err);
    return FIRN_OK;
}

/* A sorted file that is too large becomes several with a part of its rows each. */
static firn_code cut(sorting *w, const firn_copied_file *whole, firn_str *partition, firn_err *err)
{
    int64_t limit = w->job->file_bytes;
    int64_t parts = limit > 0 ? (whole->bytes + limit / 2) / limit : 1;
    parts = FIRN_MIN(parts, whole->rows);
    if (parts < 2)
        return push(w, *whole, partition, err);
    for (int64_t i = 0; i < parts; i++) {
        FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
        firn_copied_file f;
        int64_t from = whole->rows / parts * i;
        int64_t to = i + 1 == parts ? whole->rows : whole->rows / parts * (i + 1);
        FIRN_TRY(select_part(whole->path, from, to, &sql, err));
        FIRN_TRY(copy_one(w, firn_buf_str(&sql), &f, err));
        FIRN_TRY(push(w, f, partition, err));
    }
    return firn_fs_remove(w->run->env, whole->path.p, err);
}

/* --- a table ------------------------------------------------------------------------------- */

static firn_code copy_whole(sorting *w, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    firn_copied_file f;
    FIRN_TRY(select_sorted(w, w->job->select, &sql, err));
    FIRN_TRY(copy_one(w, firn_buf_str(&sql), &f, err));
    return f.rows ? cut(w, &f, NULL, err) : FIRN_OK;
}

static firn_code sort_partition(sorting *w, const firn_copied_file *files, size_t count,
                                firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf rows = FIRN_SQL_BUF;
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    firn_copied_file f;
    firn_str *paths = firn_arena_array(w->a, count, sizeof *paths);
    if (!paths)
        return firn_arena_raise(w->a, err);
    for (size_t i = 0; i < count; i++)
        paths[i] = files[i].path;
    FIRN_TRY(firn_bucket_select(paths, count, &rows, err));
    FIRN_TRY(select_sorted(w, firn_buf_str(&rows), &sql, err));
    FIRN_TRY(copy_one(w, firn_buf_str(&sql), &f, err));
    for (size_t i = 0; i < count; i++)
        FIRN_TRY(firn_fs_remove(w->run->env, paths[i].p, err));
    return f.rows ? cut(w, &f, files[0].partition, err) : FIRN_OK;
}

/* The copy returns the files of a partition one behind the other. */
static firn_code copy_partitions(sorting *w, firn_spread spread, firn_err *err)
{
    firn_copied_file *files;
    size_t count;
    size_t n = w->job->partition_count;
    FIRN_TRY(firn_spread_copy(w->run, w->s, w->job, spread, w->a, &files, &count, err));
    for (size_t from = 0; from < count;) {
        size_t to = from + 1;
        while (to < count && firn_copied_same_partition(&files[from], &files[to], n))
            to++;
        FIRN_TRY(sort_partition(w, &files[from], to - from, err));
        from = to;
    }
    return FIRN_OK;
}

firn_code firn_sorted_copy(firn_context *run, firn_session *s, const firn_copy_job *job,
                           firn_spread spread, const firn_sort_order *order, firn_arena *a,
                           firn_copied_file **ret, size_t *ret_count, firn_err *err)
{
    sorting w = {.run = run, .s = s, .job = job, .order = order, .a = a};
    if (order->field_count == 0)
        return firn_spread_copy(run, s, job, spread, a, ret, ret_count, err);
    FIRN_TRY(firn_sort_functions(run, job->schema, order, a, err));
    FIRN_TRY(job->partition_count ? copy_partitions(&w, spread, err) : copy_whole(&w, err));
    *ret = w.files.v;
    *ret_count = w.files.n;
    return FIRN_OK;
}

/* --- which order --------------------------------------------------------------------------- */

firn_code firn_sort_of_table(const firn_metadata *m, const firn_table_conf *conf,
                             const firn_type *schema, firn_arena *a, firn_sort_order *ret,
                             firn_err *err)
{
    *ret = (firn_sort_order){.order_id = FIRN_UNSORTED_ID};
    if (!m && !conf)
        return FIRN_OK;
    if (!m) {
        firn_code code = firn_sort_order_make(schema, conf->sort, conf->sort_count, a, ret, err);
        return code == FIRN_OK ? code : firn_err_place(err, conf->sort_place);
    }
    FIRN_TRY(firn_metadata_sort_order(m, a, ret, err));
    if (!firn_sort_order_is_usable(ret, schema))
        *ret = (firn_sort_order){.order_id = FIRN_UNSORTED_ID};
    return FIRN_OK;
}

firn_code firn_sort_note(firn_context *run, const firn_table_conf *asked, firn_str stream,
                         const firn_metadata *table, firn_arena *a, firn_err *err)
{
    firn_sort_order have;
    firn_sort_order want;
    firn_err local = {0};
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF(TEXT_MAX);
    if (asked->sort_place.line == 0)
        return FIRN_OK;
    FIRN_TRY(firn_metadata_sort_order(table, a, &have, err));
    firn_code code = firn_sort_order_make(&table->schema->type, asked->sort, asked->sort_count, a,
                                          &want, &local);
    if (code == FIRN_OK && firn_sort_order_same(&have, &want))
        return FIRN_OK;
    FIRN_TRY(firn_buf_adds(&text, "the table's order is ", err));
    FIRN_TRY(firn_sort_order_print(&have, &table->schema->type, &text, err));
    FIRN_TRY(firn_buf_addf(&text, err,
                           " and stays so: `sort` is for a table that is made; firn alter "
                           "%.*s.%.*s sort by … changes it",
                           FIRN_STR_ARG(asked->ident.ns), FIRN_STR_ARG(asked->ident.name)));
    firn_event_note(&run->events, stream, asked->ident.ns, asked->ident.name, firn_buf_str(&text));
    return FIRN_OK;
}
