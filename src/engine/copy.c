/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/copy.h"
#include "engine/partition_sql.h"
#include "engine/sql.h"

#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- the statement ------------------------------------------------------------------------- */

static firn_code add_field_ids(const firn_type *t, firn_buf *out, firn_err *err);

/* `5`, or for a nested type {__duckdb_field_id: 5, …children}. */
static firn_code add_id(const firn_field *f, firn_buf *out, firn_err *err)
{
    if (!firn_type_is_nested(f->type.kind))
        return firn_buf_addf(out, err, "%d", (int)f->id);
    FIRN_TRY(firn_buf_addf(out, err, "{__duckdb_field_id: %d, ", (int)f->id));
    FIRN_TRY(add_field_ids(&f->type, out, err));
    return firn_buf_addc(out, '}', err);
}

static firn_code add_field_ids(const firn_type *t, firn_buf *out, firn_err *err)
{
    for (size_t i = 0; i < t->field_count; i++) {
        if (i)
            FIRN_TRY(firn_buf_adds(out, ", ", err));
        FIRN_TRY(firn_sql_ident(out, t->fields[i].name, err));
        FIRN_TRY(firn_buf_adds(out, ": ", err));
        FIRN_TRY(add_id(&t->fields[i], out, err));
    }
    return FIRN_OK;
}

static firn_code add_partition_options(const firn_copy_job *job, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, ", PARTITION_BY (", err));
    FIRN_TRY(firn_partition_names(job->partition_count, out, err));
    return firn_buf_adds(out,
                         "), WRITE_PARTITION_COLUMNS false, HIVE_FILE_PATTERN false, "
                         "FILENAME_PATTERN 'f-{uuid}'",
                         err);
}

static bool holds_floats(const firn_type *t)
{
    if (t->kind == FIRN_T_FLOAT || t->kind == FIRN_T_DOUBLE)
        return true;
    for (size_t i = 0; i < t->field_count; i++)
        if (holds_floats(&t->fields[i].type))
            return true;
    return false;
}

/* The engine (1.5.5) takes -0.0 and 0.0 for one value when it makes a dictionary: all zeros get the
 * sign of the first, and the bloom filter made of the dictionary denies the other, so that x = 0
 * finds nothing. */
static firn_code add_zeros(const firn_copy_job *job, firn_buf *out, firn_err *err)
{
    if (!holds_floats(job->schema))
        return FIRN_OK;
    FIRN_TRY(firn_buf_adds(out, ", WRITE_BLOOM_FILTER false", err));
    return job->keep_signs ? firn_buf_adds(out, ", DICTIONARY_SIZE_LIMIT 0", err) : FIRN_OK;
}

static firn_code add_options(const firn_copy_job *job, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, " (FORMAT parquet, RETURN_STATS, COMPRESSION ", err));
    FIRN_TRY(firn_sql_text(out, job->compression, err));
    if (job->compression_level)
        FIRN_TRY(firn_buf_addf(out, err, ", COMPRESSION_LEVEL %d", job->compression_level));
    if (job->row_group_rows)
        FIRN_TRY(firn_buf_addf(out, err, ", ROW_GROUP_SIZE %lld", (long long)job->row_group_rows));
    FIRN_TRY(add_zeros(job, out, err));
    FIRN_TRY(firn_buf_adds(out, ", FIELD_IDS {", err));
    FIRN_TRY(add_field_ids(job->schema, out, err));
    FIRN_TRY(firn_buf_addc(out, '}', err));
    if (!job->folder) /* no temporary name beside it */
        FIRN_TRY(firn_buf_adds(out, ", USE_TMP_FILE false", err));
    if (job->partition_count)
        FIRN_TRY(add_partition_options(job, out, err));
    else if (job->file_bytes)
        FIRN_TRY(firn_buf_addf(out, err, ", FILE_SIZE_BYTES %lld, FILENAME_PATTERN 'f-{uuid}'",
                               (long long)job->file_bytes));
    return firn_buf_addc(out, ')', err);
}

/* A column of the table with the name of a partition column would be taken for it. */
static firn_code check_names(const firn_copy_job *job, firn_err *err)
{
    for (size_t i = 0; i < job->partition_count; i++) {
        char name[32];
        snprintf(name, sizeof name, "__p%zu", i);
        for (size_t k = 0; k < job->schema->field_count; k++)
            if (firn_str_ieq(job->schema->fields[k].name, firn_str_of(name)))
                return firn_raise(err, FIRN_E_UNSUPPORTED,
                                  "a column with the name %s in a partitioned table", name);
    }
    return FIRN_OK;
}

static firn_code add_copy(const firn_copy_job *job, firn_str target, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, "COPY (", err));
    FIRN_TRY(firn_buf_addstr(out, job->select, err));
    /* on a line of its own: the SELECT may end in a comment */
    FIRN_TRY(firn_buf_adds(out, "\n) TO ", err));
    FIRN_TRY(firn_sql_text(out, target, err));
    return add_options(job, out, err);
}

static firn_code write_statement(const firn_copy_job *job, firn_buf *out, firn_err *err)
{
    bool one_file = job->partition_count == 0 && job->file_bytes == 0;
    FIRN_AUTO(firn_buf_free) firn_buf target = FIRN_BUF(8192);
    FIRN_TRY(firn_buf_adds(&target, job->folder, err));
    if (one_file)
        FIRN_TRY(firn_buf_adds(&target, "/f.parquet", err));
    return add_copy(job, firn_buf_str(&target), out, err);
}

/* --- what comes back ----------------------------------------------------------------------- */

/* The columns of RETURN_STATS. */
typedef struct stat_columns {
    const firn_column *filename;
    const firn_column *count;
    const firn_column *size;
    const firn_column *statistics;
    const firn_column *partition;
} stat_columns;

static const firn_column *child_named(const firn_column *root, const char *name)
{
    for (size_t i = 0; i < root->child_count; i++)
        if (firn_str_eqc(root->type->fields[i].name, name))
            return &root->children[i];
    return NULL;
}

static firn_str text_at(const firn_column *col, size_t row)
{
    if (!firn_column_is_valid(col, row))
        return (firn_str){NULL, 0};
    return firn_strview_str(&((const firn_strview *)col->data)[row]);
}

static int64_t count_at(const firn_column *col, size_t row)
{
    return ((const int64_t *)col->data)[row];
}

static bool keep_text(firn_str text, firn_arena *a, firn_str *ret)
{
    *ret = firn_arena_str(a, text);
    return ret->p != NULL;
}

/* One key of a column's statistics. */
static bool read_statistic(firn_str key, firn_str value, firn_arena *a, firn_engine_column *c)
{
    if (firn_str_eqc(key, "min")) {
        c->has_min = true;
        return keep_text(value, a, &c->min);
    }
    if (firn_str_eqc(key, "max")) {
        c->has_max = true;
        return keep_text(value, a, &c->max);
    }
    if (firn_str_eqc(key, "null_count"))
        firn_str_i64(value, &c->null_count);
    if (firn_str_eqc(key, "column_size_bytes"))
        firn_str_i64(value, &c->column_size);
    if (firn_str_eqc(key, "has_nan"))
        c->has_nan = firn_str_eqc(value, "true") || firn_str_eqc(value, "1");
    return true;
}

static firn_code read_columns(const firn_column *map, size_t row, firn_arena *a,
                              firn_copied_file *f, firn_err *err)
{
    firn_listview outer = ((const firn_listview *)map->data)[row];
    const firn_column *names = &map->children[0].children[0];
    const firn_column *values = &map->children[0].children[1];
    f->columns = firn_arena_array(a, outer.length, sizeof *f->columns);
    if (!f->columns)
        return firn_arena_raise(a, err);
    f->column_count = outer.length;
    for (size_t i = 0; i < outer.length; i++) {
        firn_engine_column *c = &f->columns[i];
        *c = (firn_engine_column){.null_count = -1, .column_size = -1, .has_nan = -1};
        bool ok = keep_text(text_at(names, outer.offset + i), a, &c->path);
        firn_listview inner = ((const firn_listview *)values->data)[outer.offset + i];
        const firn_column *keys = &values->children[0].children[0];
        const firn_column *texts = &values->children[0].children[1];
        for (size_t k = 0; ok && k < inner.length; k++)
            ok = read_statistic(text_at(keys, inner.offset + k), text_at(texts, inner.offset + k),
                                a, c);
        if (!ok)
            return firn_arena_raise(a, err);
    }
    return FIRN_OK;
}

static firn_code read_partition(const firn_column *map, size_t row, size_t count, firn_arena *a,
                                firn_copied_file *f, firn_err *err)
{
    f->partition = firn_arena_array(a, count, sizeof *f->partition);
    if (!f->partition)
        return firn_arena_raise(a, err);
    if (count == 0)
        return FIRN_OK;
    firn_listview entries = ((const firn_listview *)map->data)[row];
    const firn_column *keys = &map->children[0].children[0];
    const firn_column *values = &map->children[0].children[1];
    for (size_t i = 0; i < entries.length; i++) {
        firn_str key = text_at(keys, entries.offset + i);
        firn_str value = text_at(values, entries.offset + i);
        int64_t place;
        if (key.n < 4 || !firn_str_i64((firn_str){key.p + 3, key.n - 3}, &place) ||
            place >= (int64_t)count)
            return firn_raise(err, FIRN_E_BUG, "partition key %s", firn_quote(key).s);
        if (value.p && !keep_text(value, a, &f->partition[place]))
            return firn_arena_raise(a, err);
    }
    return FIRN_OK;
}

static firn_code read_file(const stat_columns *c, size_t row, size_t partition_count, firn_arena *a,
                           firn_copied_file *f, firn_err *err)
{
    f->rows = count_at(c->count, row);
    f->bytes = count_at(c->size, row);
    if (!keep_text(text_at(c->filename, row), a, &f->path))
        return firn_arena_raise(a, err);
    FIRN_TRY(read_columns(c->statistics, row, a, f, err));
    return read_partition(c->partition, row, partition_count, a, f, err);
}

typedef FIRN_VEC(firn_copied_file) file_list;

static firn_code read_result(const firn_engine_ops *ops, firn_result *r, size_t partition_count,
                             firn_arena *a, file_list *files, firn_err *err)
{
    for (;;) {
        const firn_column *root;
        size_t rows;
        FIRN_TRY(ops->next(r, &root, &rows, err));
        if (rows == 0)
            return FIRN_OK;
        stat_columns c = {child_named(root, "filename"), child_named(root, "count"),
                          child_named(root, "file_size_bytes"),
                          child_named(root, "column_statistics"),
                          child_named(root, "partition_keys")};
        if (!c.filename || !c.count || !c.size || !c.statistics || !c.partition)
            return firn_raise(err, FIRN_E_BUG, "the engine returned no statistics");
        for (size_t i = 0; i < rows; i++) {
            firn_copied_file f = {0};
            FIRN_TRY(read_file(&c, i, partition_count, a, &f, err));
            if (f.rows > 0 && !firn_vec_push(a, files, f))
                return firn_arena_raise(a, err);
        }
    }
}

/* Nulls first, then the texts. */
static int cmp_value(firn_str x, firn_str y)
{
    if (!x.p || !y.p)
        return (x.p != NULL) - (y.p != NULL);
    return firn_str_cmp(x, y);
}

static int by_partition(const void *a, const void *b, void *partition_count)
{
    const firn_copied_file *x = a;
    const firn_copied_file *y = b;
    size_t n = *(const size_t *)partition_count;
    for (size_t i = 0; i < n; i++) {
        int c = cmp_value(x->partition[i], y->partition[i]);
        if (c)
            return c;
    }
    return firn_str_cmp(x->path, y->path);
}

bool firn_copied_same_partition(const firn_copied_file *x, const firn_copied_file *y, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (cmp_value(x->partition[i], y->partition[i]) != 0)
            return false;
    return true;
}

firn_code firn_copy_run(const firn_engine_ops *ops, firn_session *s, const firn_copy_job *job,
                        firn_arena *a, firn_copied_file **ret, size_t *ret_count, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    firn_result *r = NULL;
    file_list files = {0};
    FIRN_TRY(check_names(job, err));
    FIRN_TRY(write_statement(job, &sql, err));
    FIRN_TRY(ops->query(s, firn_buf_str(&sql), &r, err));
    firn_code code = read_result(ops, r, job->partition_count, a, &files, err);
    ops->result_close(r);
    FIRN_TRY(code);
    size_t partition_count = job->partition_count;
    if (files.n > 1)
        qsort_r(files.v, files.n, sizeof *files.v, by_partition, &partition_count);
    *ret = files.v;
    *ret_count = files.n;
    return FIRN_OK;
}

/* --- into nothing -------------------------------------------------------------------------- */

static firn_code copy_into(const firn_engine_ops *ops, firn_session *s, const firn_copy_job *job,
                           const char *target, firn_arena *a, firn_copied_file *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    firn_result *r = NULL;
    file_list files = {0};
    FIRN_TRY(add_copy(job, firn_str_of(target), &sql, err));
    FIRN_TRY(ops->query(s, firn_buf_str(&sql), &r, err));
    firn_code code = read_result(ops, r, 0, a, &files, err);
    ops->result_close(r);
    FIRN_TRY(code);
    *ret = files.n ? files.v[0] : (firn_copied_file){0};
    ret->path = (firn_str){NULL, 0};
    return FIRN_OK;
}

/* Takes what comes until the last writer has closed. */
static void *drain(void *arg)
{
    char bytes[1 << 16];
    const int *fd = arg;
    for (;;) {
        ssize_t n = read(*fd, bytes, sizeof bytes);
        if (n == 0 || (n < 0 && errno != EINTR))
            return NULL;
    }
}

/* The engine locks what it writes to, be it /dev/null, against other processes; pipes it does not.
 */
static firn_code copy_into_pipe(const firn_engine_ops *ops, firn_session *s,
                                const firn_copy_job *job, firn_arena *a, firn_copied_file *ret,
                                firn_err *err)
{
    int ends[2];
    char target[40];
    pthread_t thread;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return firn_raise_errno(err, errno, "a pipe");
    int rc = pthread_create(&thread, NULL, drain, &ends[0]);
    if (rc != 0) {
        close(ends[0]);
        close(ends[1]);
        return firn_raise_errno(err, rc, "a thread to read a pipe");
    }
    snprintf(target, sizeof target, "/proc/self/fd/%d", ends[1]);
    firn_code code = copy_into(ops, s, job, target, a, ret, err);
    close(ends[1]);
    pthread_join(thread, NULL);
    close(ends[0]);
    return code;
}

firn_code firn_copy_measure(const firn_engine_ops *ops, firn_session *s, const firn_copy_job *job,
                            firn_arena *a, firn_copied_file *ret, firn_err *err)
{
    firn_err local = {0};
    firn_copy_job one = *job;
    one.folder = NULL;
    one.partition_count = 0;
    one.file_bytes = 0;
    firn_code code = copy_into(ops, s, &one, "/dev/null", a, ret, &local);
    if (code == FIRN_E_IO) /* another process does the same */
        return copy_into_pipe(ops, s, &one, a, ret, err);
    if (code != FIRN_OK && err)
        *err = local;
    return code;
}
