/* SPDX-License-Identifier: Apache-2.0 */
/* What Parquet files hold, from their footers. */
#include "pipeline/parquet.h"

#include "base/column.h"
#include "base/str.h"
#include "engine/sql.h"
#include "engine/view.h"

#include <string.h>

typedef struct looking {
    const firn_engine_ops *ops;
    firn_session *s;
    const firn_source_file *files;
    const firn_given *given;
    size_t given_count;
    firn_arena *a;
    firn_parquet *p;
} looking;

firn_code firn_parquet_from(const firn_source_file *files, size_t count, firn_buf *out,
                            firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, "read_parquet([", err));
    for (size_t i = 0; i < count; i++) {
        FIRN_TRY(firn_buf_adds(out, i ? ", " : "", err));
        FIRN_TRY(firn_view_add_path(firn_str_of(files[i].path), out, err));
    }
    return firn_buf_adds(out, "], hive_partitioning = false)", err);
}

firn_code firn_parquet_damaged(const firn_source_file *file, firn_err *err)
{
    char said[200];
    firn_str text = firn_str_of(err->text);
    firn_str first = firn_str_cut(&text, '\n');
    snprintf(said, sizeof said, "%.*s", FIRN_STR_ARG(first));
    if (err->code != FIRN_E_SQL)
        return err->code;
    firn_err_clear(err);
    firn_raise(err, FIRN_E_DATA, "file %s cannot be read as Parquet: %s", firn_quote(file->name).s,
               said);
    return firn_err_advise(err, "nothing of this file was landed; put the whole file in its place "
                                "and run again");
}

/* --- columns ------------------------------------------------------------------------------- */

static const firn_given *given_of(const looking *w, firn_str name)
{
    for (size_t i = 0; i < w->given_count; i++) {
        const firn_given *g = &w->given[i];
        if (g->has_type && firn_str_ieq(g->from.p ? g->from : g->name, name))
            return g;
    }
    return NULL;
}

static firn_code refuse_column(const firn_source_file *file, const firn_result_column *c,
                               firn_err *err)
{
    firn_raise(err, FIRN_E_UNSUPPORTED,
               "column %s of file %s is %.*s, which no Iceberg table can keep",
               firn_quote(c->name).s, firn_quote(file->name).s, FIRN_STR_ARG(c->engine_type));
    return firn_err_advise(err, "land it as text: columns: {%.*s: string}", FIRN_STR_ARG(c->name));
}

static firn_code add_value(const firn_result_column *c, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, c->mapped ? "" : "CAST(", err));
    FIRN_TRY(firn_sql_ident(out, c->name, err));
    return c->mapped ? FIRN_OK : firn_buf_addf(out, err, " AS %.*s)", FIRN_STR_ARG(c->cast));
}

static firn_code make_column(looking *w, const firn_source_file *file, firn_result_column *c,
                             firn_parquet_column *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf value = FIRN_BUF((size_t)1 << 20);
    const firn_given *g = given_of(w, c->name);
    if (firn_str_eqc(c->engine_type, "TIMESTAMP_NS")) {
        c->type = (firn_type){.kind = FIRN_T_TIMESTAMP_NS};
        c->mapped = true;
        c->refuse = false;
    }
    if (c->refuse && !(g && g->type.kind == FIRN_T_STRING))
        return refuse_column(file, c, err);
    FIRN_TRY(add_value(c, &value, err));
    *ret = (firn_parquet_column){.name = firn_arena_str(w->a, c->name),
                                 .type = c->type,
                                 .value = firn_arena_str(w->a, firn_buf_str(&value))};
    return ret->name.p && ret->value.p ? FIRN_OK : firn_arena_raise(w->a, err);
}

static firn_code refuse_twice(const firn_source_file *file, firn_str x, firn_str y, firn_err *err)
{
    firn_raise(err, FIRN_E_UNSUPPORTED, "file %s has the columns %s and %s",
               firn_quote(file->name).s, firn_quote(x).s, firn_quote(y).s);
    return firn_err_advise(err, "names are compared without case: give one of them another name");
}

static firn_code make_columns(looking *w, const firn_source_file *file, firn_result_column *c,
                              size_t count, firn_parquet_group *ret, firn_err *err)
{
    ret->columns = firn_arena_array(w->a, count, sizeof *ret->columns);
    ret->count = count;
    if (!ret->columns)
        return firn_arena_raise(w->a, err);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < i; k++)
            if (firn_str_ieq(c[k].name, c[i].name))
                return refuse_twice(file, c[k].name, c[i].name, err);
        FIRN_TRY(make_column(w, file, &c[i], &ret->columns[i], err));
    }
    return FIRN_OK;
}

/* --- what the engine does not say ---------------------------------------------------------- */

/* Columns whose values the engine would change without a word.  A decimal of more than 38 digits
 * it reads as a double, and wrongly; of times of day and of instants it cuts the nanoseconds. */
#define ODD                                                                                        \
    "SELECT name, CASE WHEN precision > 38 THEN 1 WHEN logical_type LIKE 'NullType%' THEN 3 WHEN " \
    "logical_type LIKE 'TimestampType(isAdjustedToUTC=1%NANOS=Nano%' OR logical_type LIKE "        \
    "'TimeType(%NANOS=Nano%' THEN 2 ELSE 0 END, coalesce(CAST(num_children AS BIGINT), 0) FROM "   \
    "parquet_schema(["

enum { ODD_DECIMAL = 1, ODD_CUT = 2, ODD_NULL = 3 };

typedef struct odd_column {
    firn_str name; /* without those of the columns around it */
    int32_t which;
    bool nested;
} odd_column;

typedef FIRN_VEC(odd_column) odd_columns;

static firn_parquet_column *column_named(firn_parquet_group *g, firn_str name)
{
    for (size_t i = 0; i < g->count; i++)
        if (firn_str_eq(g->columns[i].name, name))
            return &g->columns[i];
    return NULL;
}

static bool is_settled(const looking *w, firn_str name)
{
    for (size_t i = 0; i < w->given_count; i++) {
        firn_str path = w->given[i].name;
        const char *dot = path.n ? memrchr(path.p, '.', path.n) : NULL;
        firn_str last = dot ? (firn_str){dot + 1, path.n - (size_t)(dot + 1 - path.p)} : path;
        if (w->given[i].has_type && (firn_str_ieq(last, name) || given_of(w, name)))
            return true;
    }
    return false;
}

static firn_code settle_odd(looking *w, const firn_source_file *file, firn_parquet_group *g,
                            const odd_column *odd, firn_err *err)
{
    firn_str name = odd->name;
    firn_parquet_column *c = odd->nested ? NULL : column_named(g, name);
    if (odd->which == ODD_NULL) {
        if (c)
            c->nothing = true;
        return FIRN_OK;
    }
    if (odd->which == ODD_DECIMAL) {
        firn_raise(err, FIRN_E_UNSUPPORTED,
                   "column %s of file %s is a decimal of more than 38 "
                   "digits, which no Iceberg table can keep",
                   firn_quote(name).s, firn_quote(file->name).s);
        return firn_err_advise(err, "write it as text where the file is made");
    }
    if (is_settled(w, name))
        return FIRN_OK;
    firn_raise(err, FIRN_E_UNSUPPORTED,
               "column %s of file %s counts nanoseconds, and tables keep "
               "microseconds",
               firn_quote(name).s, firn_quote(file->name).s);
    return firn_err_advise(err, "columns: {%.*s: %s} lands it, cut to microseconds",
                           FIRN_STR_ARG(name),
                           c && c->type.kind == FIRN_T_TIME ? "time" : "timestamptz");
}

/* The rows are the file's tree, each part before those inside of it; the first is the whole. */
static firn_code read_odd(looking *w, firn_result *r, odd_columns *ret, firn_err *err)
{
    int64_t inside = -1; /* parts of a column that are still to come; -1: before the first row */
    for (;;) {
        const firn_column *root;
        size_t rows;
        FIRN_TRY(w->ops->next(r, &root, &rows, err));
        if (rows == 0)
            return FIRN_OK;
        for (size_t i = 0; i < rows; i++) {
            const firn_strview *names = root->children[0].data;
            odd_column odd = {.which = ((const int32_t *)root->children[1].data)[i],
                              .nested = inside > 0};
            int64_t parts = ((const int64_t *)root->children[2].data)[i];
            inside = inside < 0 ? 0 : FIRN_MAX(inside - 1, (int64_t)0) + parts;
            if (!odd.which)
                continue;
            odd.name = firn_arena_str(w->a, firn_strview_str(&names[i]));
            if (!odd.name.p || !firn_vec_push(w->a, ret, odd))
                return firn_arena_raise(w->a, err);
        }
    }
}

static firn_code find_odd(looking *w, const firn_source_file *file, odd_columns *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    firn_result *r;
    FIRN_TRY(firn_buf_adds(&sql, ODD, err));
    FIRN_TRY(firn_view_add_path(firn_str_of(file->path), &sql, err));
    FIRN_TRY(firn_buf_adds(&sql, "])", err));
    FIRN_TRY(w->ops->query(w->s, firn_buf_str(&sql), &r, err));
    firn_code code = read_odd(w, r, ret, err);
    w->ops->result_close(r);
    return code;
}

/* --- files --------------------------------------------------------------------------------- */

/* Two files with the same signature can be read by one statement. */
static firn_code make_signature(const firn_result_column *c, size_t count, const odd_columns *odd,
                                firn_buf *out, firn_err *err)
{
    for (size_t i = 0; i < odd->n; i++)
        FIRN_TRY(firn_buf_addf(out, err, "%d %d %.*s\n", odd->v[i].which, odd->v[i].nested,
                               FIRN_STR_ARG(odd->v[i].name)));
    for (size_t i = 0; i < count; i++)
        FIRN_TRY(firn_buf_addf(out, err, "%zu:%.*s %.*s\n", c[i].name.n, FIRN_STR_ARG(c[i].name),
                               FIRN_STR_ARG(c[i].engine_type)));
    return FIRN_OK;
}

static firn_code add_group(looking *w, size_t file, firn_result_column *c, size_t count,
                           const odd_columns *odd, firn_str signature, firn_err *err)
{
    firn_parquet *p = w->p;
    firn_parquet_group g = {.signature = firn_arena_str(w->a, signature), .example = file};
    if (!g.signature.p)
        return firn_arena_raise(w->a, err);
    FIRN_TRY(make_columns(w, &w->files[file], c, count, &g, err));
    for (size_t i = 0; i < odd->n; i++)
        FIRN_TRY(settle_odd(w, &w->files[file], &g, &odd->v[i], err));
    if (!firn_vec_room(w->a, (void **)&p->groups, &p->group_cap, p->group_count + 1, sizeof g))
        return firn_arena_raise(w->a, err);
    p->groups[p->group_count++] = g;
    return FIRN_OK;
}

static firn_code count_rows(looking *w, size_t file, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    firn_result *r;
    const firn_column *root;
    size_t rows;
    FIRN_TRY(firn_buf_adds(&sql, "SELECT num_rows FROM parquet_file_metadata([", err));
    FIRN_TRY(firn_view_add_path(firn_str_of(w->files[file].path), &sql, err));
    FIRN_TRY(firn_buf_adds(&sql, "])", err));
    FIRN_TRY(w->ops->query(w->s, firn_buf_str(&sql), &r, err));
    firn_code code = w->ops->next(r, &root, &rows, err);
    if (code == FIRN_OK && rows == 1)
        w->p->rows[file] = (uint64_t)((const int64_t *)root->children[0].data)[0];
    w->ops->result_close(r);
    return code;
}

static firn_code look_at(looking *w, size_t file, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    FIRN_AUTO(firn_buf_free) firn_buf signature = FIRN_BUF((size_t)64 << 20);
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("the columns of a file", 0);
    firn_statement_kind kind;
    firn_result_column *c;
    size_t count;
    size_t g = 0;
    odd_columns odd = {0};
    if (!a)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_buf_adds(&sql, "SELECT * FROM ", err));
    FIRN_TRY(firn_parquet_from(&w->files[file], 1, &sql, err));
    FIRN_TRY(w->ops->describe(w->s, firn_buf_str(&sql), a, &kind, &c, &count, err));
    FIRN_TRY(find_odd(w, &w->files[file], &odd, err));
    FIRN_TRY(make_signature(c, count, &odd, &signature, err));
    while (g < w->p->group_count &&
           !firn_str_eq(w->p->groups[g].signature, firn_buf_str(&signature)))
        g++;
    if (g == w->p->group_count) { /* its columns must live on */
        FIRN_TRY(w->ops->describe(w->s, firn_buf_str(&sql), w->a, &kind, &c, &count, err));
        FIRN_TRY(add_group(w, file, c, count, &odd, firn_buf_str(&signature), err));
    }
    w->p->group_of[file] = g;
    return count_rows(w, file, err);
}

firn_code firn_parquet_look(const firn_engine_ops *ops, firn_session *s,
                            const firn_source_file *files, size_t count, const firn_given *given,
                            size_t given_count, firn_arena *a, firn_parquet *ret, firn_err *err)
{
    firn_err local = {0};
    firn_err *e = err ? err : &local;
    looking w = {ops, s, files, given, given_count, a, ret};
    *ret = (firn_parquet){.group_of = firn_arena_array(a, count, sizeof *ret->group_of),
                          .rows = firn_arena_array(a, count, sizeof *ret->rows)};
    if (!ret->group_of || !ret->rows)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < count; i++)
        if (look_at(&w, i, e) != FIRN_OK)
            return firn_parquet_damaged(&files[i], e);
    return FIRN_OK;
}
