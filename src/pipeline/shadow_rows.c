/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that a run would write: kept in a table of the engine, encoded into nothing, and counted
 * into the files that they would become. */
#include "pipeline/shadow_int.h"

#include "base/str.h"
#include "engine/partition_sql.h"
#include "engine/sql.h"

#include <math.h>
#include <stdio.h>

#define ROW_GROUP_ROWS INT64_C(122880) /* the engine's default */
/* A Parquet file without rows takes this much and as much again for each column, about. */
#define FILE_BYTES   300
#define COLUMN_BYTES 120

typedef struct keeping {
    firn_shadow *sh;
    firn_session *s;
    const firn_shadow_job *job;
    firn_arena *a;
    firn_shadow_rows rows;
    firn_copied_file whole; /* as one file */
    FIRN_VEC(firn_copied_file) files;
} keeping;

/* --- into the engine ----------------------------------------------------------------------- */

static firn_code name_table(keeping *k, firn_err *err)
{
    firn_shadow *sh = k->sh;
    unsigned n = atomic_fetch_add(&sh->next_table, 1);
    pthread_mutex_lock(&sh->lock);
    const char *name = firn_arena_printf(sh->a, "memory.main.firn_plan_%u", n);
    firn_type *type = firn_arena_alloc(sh->a, sizeof *type);
    firn_code code = name && type ? FIRN_OK : firn_arena_raise(sh->a, err);
    if (code == FIRN_OK) {
        *type = firn_type_copy(k->job->copy.schema, sh->a);
        k->rows = (firn_shadow_rows){.table = firn_str_of(name), .type = type};
    }
    if (code == FIRN_OK && type->kind == FIRN_TYPE_KIND_COUNT)
        code = firn_arena_raise(sh->a, err);
    pthread_mutex_unlock(&sh->lock);
    return code;
}

/* Columns are c0, c1, …: names that differ only in case are one to the engine. */
static firn_code create(const keeping *k, int64_t limit, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    FIRN_TRY(firn_buf_addf(&sql, err, "CREATE TABLE %s AS SELECT * FROM (", k->rows.table.p));
    FIRN_TRY(firn_buf_addstr(&sql, k->job->copy.select, err));
    FIRN_TRY(firn_buf_adds(&sql, "\n) AS firn_rows(", err));
    for (size_t i = 0; i < k->rows.type->field_count; i++)
        FIRN_TRY(firn_buf_addf(&sql, err, "%sc%zu", i ? ", " : "", i));
    FIRN_TRY(firn_buf_addc(&sql, ')', err));
    if (limit >= 0)
        FIRN_TRY(firn_buf_addf(&sql, err, " LIMIT %lld", (long long)limit));
    return k->job->ops->exec(k->s, firn_buf_str(&sql), err);
}

static firn_code keep_rows(keeping *k, firn_err *err)
{
    firn_err local = {0};
    const firn_shadow_sample *x = k->job->sample;
    firn_code code = create(k, x && x->limit ? x->limit : -1, &local);
    if (code == FIRN_OK)
        return FIRN_OK;
    if (code != FIRN_E_NOMEM || !k->job->may_lose) {
        if (err)
            *err = local;
        return code;
    }
    k->rows.scale = FIRN_SHADOW_LOST;
    return create(k, 0, err);
}

/* The rows under their names again. */
static firn_code select_rows(const keeping *k, firn_buf *out, firn_err *err)
{
    if (k->rows.scale < 0) {
        FIRN_TRY(firn_buf_adds(out, "SELECT * FROM (", err));
        FIRN_TRY(firn_buf_addstr(out, k->job->copy.select, err));
        return firn_buf_adds(out, "\n) AS firn_lost", err);
    }
    FIRN_TRY(firn_buf_adds(out, "SELECT ", err));
    for (size_t i = 0; i < k->rows.type->field_count; i++) {
        FIRN_TRY(firn_buf_addf(out, err, "%sc%zu AS ", i ? ", " : "", i));
        FIRN_TRY(firn_sql_ident(out, k->rows.type->fields[i].name, err));
    }
    return firn_buf_addf(out, err, " FROM %s", k->rows.table.p);
}

static firn_code measure(keeping *k, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    firn_copy_job copy = k->job->copy;
    FIRN_TRY(select_rows(k, &sql, err));
    if (k->job->sort->field_count)
        FIRN_TRY(firn_order_by(k->job->copy.schema, k->job->sort, &sql, err));
    copy.select = firn_buf_str(&sql);
    return firn_copy_measure(k->job->ops, k->s, &copy, k->a, &k->whole, err);
}

/* --- files --------------------------------------------------------------------------------- */

/* Parts of the whole with these rows; their partition is `partition`. */
static firn_code add_files(keeping *k, int64_t rows, int64_t bytes, int64_t count,
                           firn_str *partition, firn_err *err)
{
    for (int64_t i = 0; i < count; i++) {
        firn_copied_file f = k->whole;
        f.rows = rows / count + (i < rows % count);
        f.bytes = bytes / count;
        f.partition = partition;
        if (f.rows > 0 && !firn_vec_push(k->a, &k->files, f))
            return firn_arena_raise(k->a, err);
    }
    return FIRN_OK;
}

/* As sorted.c cuts a file. */
static int64_t cut(int64_t rows, int64_t bytes, int64_t limit)
{
    int64_t parts = limit > 0 ? (bytes + limit / 2) / limit : 1;
    return FIRN_MAX(FIRN_MIN(parts, rows), INT64_C(1));
}

/* The engine begins a new file behind the row group with which one has passed the limit; with
 * several threads it looks at the size of files whose last group is still being encoded. */
static int64_t rotate(const firn_shadow_job *job, int64_t rows, int64_t bytes)
{
    const firn_copy_job *copy = &job->copy;
    int64_t group = copy->row_group_rows ? copy->row_group_rows : ROW_GROUP_ROWS;
    int64_t groups = (rows + group - 1) / group;
    double group_bytes = (double)bytes / (double)groups;
    if (copy->file_bytes <= 0 || groups < 2)
        return 1;
    double fit = (double)copy->file_bytes / group_bytes;
    int64_t in_file = job->threads > 1 && fit < 2.2 ? 1 : (int64_t)fit + 1;
    return (groups + in_file - 1) / in_file;
}

int64_t firn_shadow_file_count(const firn_shadow_job *job, int64_t rows, int64_t bytes)
{
    if (rows <= 0)
        return 0;
    return job->sort->field_count ? cut(rows, bytes, job->copy.file_bytes)
                                  : rotate(job, rows, bytes);
}

static firn_code one_partition(keeping *k, const firn_column *root, size_t row, firn_err *err)
{
    size_t n = k->job->spec->field_count;
    firn_str *values = firn_arena_array(k->a, n, sizeof *values);
    if (!values)
        return firn_arena_raise(k->a, err);
    for (size_t i = 0; i < n; i++) {
        const firn_column *col = &root->children[i];
        values[i] = (firn_str){NULL, 0};
        if (!firn_column_is_valid(col, row))
            continue;
        values[i] = firn_arena_str(k->a, firn_strview_str(&((const firn_strview *)col->data)[row]));
        if (!values[i].p)
            return firn_arena_raise(k->a, err);
    }
    int64_t rows = ((const int64_t *)root->children[n].data)[row];
    int64_t empty = FILE_BYTES + COLUMN_BYTES * (int64_t)k->rows.type->field_count;
    double share = (double)rows / (double)k->whole.rows;
    int64_t bytes = (int64_t)(share * (double)FIRN_MAX(k->whole.bytes - empty, INT64_C(0))) + empty;
    int64_t files =
        k->job->sort->field_count ? cut(rows, bytes, k->job->copy.file_bytes) : INT64_C(1);
    return add_files(k, rows, bytes, files, values, err);
}

static firn_code partition_statement(const keeping *k, firn_buf *sql, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf rows = FIRN_SQL_BUF;
    size_t n = k->job->spec->field_count;
    FIRN_TRY(select_rows(k, &rows, err));
    FIRN_TRY(firn_buf_adds(sql, "SELECT ", err));
    for (size_t i = 0; i < n; i++)
        FIRN_TRY(firn_buf_addf(sql, err, "CAST(__p%zu AS VARCHAR), ", i));
    FIRN_TRY(firn_buf_adds(sql, "count(*) FROM (", err));
    FIRN_TRY(
        firn_partition_select(k->job->copy.schema, k->job->spec, firn_buf_str(&rows), sql, err));
    FIRN_TRY(firn_buf_adds(sql, ") GROUP BY ", err));
    FIRN_TRY(firn_partition_names(n, sql, err));
    return firn_buf_adds(sql, " ORDER BY ALL NULLS FIRST", err);
}

static firn_code count_partitions(keeping *k, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    const firn_engine_ops *ops = k->job->ops;
    firn_result *r;
    size_t rows = 1;
    FIRN_TRY(partition_statement(k, &sql, err));
    FIRN_TRY(ops->query(k->s, firn_buf_str(&sql), &r, err));
    firn_code code = FIRN_OK;
    while (code == FIRN_OK && rows) {
        const firn_column *root;
        code = ops->next(r, &root, &rows, err);
        for (size_t i = 0; code == FIRN_OK && i < rows; i++)
            code = one_partition(k, root, i, err);
    }
    ops->result_close(r);
    return code;
}

static firn_code count_files(keeping *k, firn_err *err)
{
    if (k->whole.rows == 0)
        return FIRN_OK;
    if (k->job->spec->field_count)
        return count_partitions(k, err);
    int64_t files = firn_shadow_file_count(k->job, k->whole.rows, k->whole.bytes);
    return add_files(k, k->whole.rows, k->whole.bytes, files, NULL, err);
}

/* --- what grows ---------------------------------------------------------------------------- */

static firn_code query_count(const keeping *k, const firn_buf *sql, int64_t *ret, firn_err *err)
{
    const firn_engine_ops *ops = k->job->ops;
    firn_result *r;
    const firn_column *root;
    size_t rows;
    FIRN_TRY(ops->query(k->s, firn_buf_str(sql), &r, err));
    firn_code code = ops->next(r, &root, &rows, err);
    if (code == FIRN_OK)
        *ret = rows ? ((const int64_t *)root->children[0].data)[0] : 0;
    ops->result_close(r);
    return code;
}

/* Partitions among the first half of the rows, which came first: those of sorted input double with
 * it, those of rows in no order do not. */
static firn_code measure_growth(keeping *k, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    FIRN_AUTO(firn_buf_free) firn_buf rows = FIRN_SQL_BUF;
    int64_t half = 0;
    size_t n = k->job->spec->field_count;
    if (n == 0 || k->whole.rows < 2)
        return FIRN_OK;
    FIRN_TRY(select_rows(k, &rows, err));
    FIRN_TRY(firn_buf_addf(&rows, err, " WHERE rowid < %lld", (long long)k->whole.rows / 2));
    FIRN_TRY(firn_buf_adds(&sql, "SELECT count(DISTINCT hash(", err));
    FIRN_TRY(firn_partition_names(n, &sql, err));
    FIRN_TRY(firn_buf_adds(&sql, ")) FROM (", err));
    FIRN_TRY(
        firn_partition_select(k->job->copy.schema, k->job->spec, firn_buf_str(&rows), &sql, err));
    FIRN_TRY(firn_buf_addc(&sql, ')', err));
    FIRN_TRY(query_count(k, &sql, &half, err));
    double ratio = half ? (double)k->files.n / (double)half : 1;
    k->job->sample->growth = FIRN_MIN(FIRN_MAX(log2(ratio), 0.0), 1.0);
    return FIRN_OK;
}

static firn_code count_part(const keeping *k, const char *part, int64_t *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    char set[64];
    snprintf(set, sizeof set, "SET VARIABLE firn_part = %s", part);
    FIRN_TRY(k->job->ops->exec(k->s, firn_str_of(set), err));
    FIRN_TRY(firn_buf_adds(&sql, "SELECT count(*) FROM (", err));
    FIRN_TRY(firn_buf_addstr(&sql, k->job->copy.select, err));
    FIRN_TRY(firn_buf_adds(&sql, "\n) AS firn_rows", err));
    firn_code code = query_count(k, &sql, ret, err);
    firn_code reset = k->job->ops->exec(k->s, FIRN_STR_LIT("RESET VARIABLE firn_part"),
                                        code == FIRN_OK ? err : NULL);
    return code == FIRN_OK ? reset : code;
}

/* The result over t times the sample is taken for A + B·t^b; three of them give A, B and b.  Group
 * by few values stays (b = 0), rows of their own grow (1), pairs of them squared (2). */
static double extrapolate(double quarter, double half, double whole, double t)
{
    double d1 = whole - half;
    double d2 = half - quarter;
    if (d1 <= 0)
        return whole;
    double b = d2 > 0 ? FIRN_MIN(log2(d1 / d2), 2.0) : 1;
    if (b < 0.05) /* ever slower: as the logarithm at most */
        return whole + d1 * log2(t) * (b < -0.5 ? 0 : 1);
    return whole + d1 / (1 - exp2(-b)) * (pow(t, b) - 1);
}

static firn_code scale_up(keeping *k, firn_err *err)
{
    firn_shadow_sample *x = k->job->sample;
    int64_t quarter;
    int64_t half;
    if (x->scale <= 1)
        return FIRN_OK;
    FIRN_TRY(count_part(k, "0.25", &quarter, err));
    FIRN_TRY(count_part(k, "0.5", &half, err));
    double rows = extrapolate((double)quarter, (double)half, (double)k->whole.rows, x->scale);
    double more = k->whole.rows ? rows / (double)k->whole.rows : 1;
    x->rows = (int64_t)(rows + 0.5);
    x->bytes = (int64_t)((double)k->whole.bytes * more);
    x->files = k->job->spec->field_count
                   ? (int64_t)((double)k->files.n * pow(more, x->growth) + 0.5)
                   : firn_shadow_file_count(k->job, x->rows, x->bytes);
    return FIRN_OK;
}

static firn_code look_at_sample(keeping *k, firn_err *err)
{
    if (!k->job->sample || k->rows.scale < 0)
        return FIRN_OK;
    FIRN_TRY(measure_growth(k, err));
    return scale_up(k, err);
}

firn_code firn_shadow_copy(firn_shadow *sh, firn_session *s, const firn_shadow_job *job,
                           firn_arena *a, firn_copied_file **ret, size_t *ret_count,
                           firn_shadow_rows *ret_rows, firn_err *err)
{
    keeping k = {.sh = sh, .s = s, .job = job, .a = a};
    int64_t began = sh->base->now_ms(sh->base->ctx);
    FIRN_TRY(firn_partition_functions(job->ops, job->engine, job->copy.schema, job->spec, err));
    FIRN_TRY(name_table(&k, err));
    FIRN_TRY(keep_rows(&k, err));
    FIRN_TRY(measure(&k, err));
    FIRN_TRY(count_files(&k, err));
    FIRN_TRY(look_at_sample(&k, err));
    k.rows.rows = k.whole.rows;
    if (job->sample)
        job->sample->seconds += (double)(sh->base->now_ms(sh->base->ctx) - began) / 1000;
    *ret = k.files.v;
    *ret_count = k.files.n;
    *ret_rows = k.rows;
    return FIRN_OK;
}
