/* SPDX-License-Identifier: Apache-2.0 */
/* Parquet files into a table: the engine reads them, firn says which files, which types, and what
 * may not land.  All types are known before the first row is read, so that a landing has one schema
 * and its units are files. */
#include "pipeline/landing_int.h"
#include "pipeline/parquet.h"
#include "pipeline/progress.h"

#include "base/str.h"
#include "engine/convert.h"
#include "engine/partition_sql.h"
#include "engine/sql.h"
#include "env/fail.h"

#include <string.h>

/* A unit is one COPY: of a partitioned table as few as possible, for each makes a file a partition.
 */
#define UNIT_BYTES        ((uint64_t)1 << 30)
#define PARTED_UNIT_BYTES ((uint64_t)16 << 30)
#define KEPT_OF_RECORD    ((size_t)1 << 20)
/* A share of fewer records says little. */
#define RATIO_FROM 1000

/* The hashes of the files' bytes, made beside the copy. */
typedef struct hashing {
    const firn_source_file *files;
    size_t count;
    firn_feed_file *done;
    _Atomic bool stop;
    pthread_t thread;
    bool running;
    firn_err err;
} hashing;

typedef struct parquet_work {
    landing *l;
    firn_session *s;
    firn_parquet files;
    hashing hashing;
    firn_arena *rejects;
    FIRN_VEC(firn_feed_reject) rejected;
    _Atomic uint64_t done_bytes; /* of the units that were copied */
    _Atomic uint64_t done_rows;
    _Atomic uint64_t unit_bytes; /* of the one that is copied now; 0: none is */
    _Atomic uint64_t unit_rows;
} parquet_work;

/* --- hashes -------------------------------------------------------------------------------- */

static void *hash_files(void *arg)
{
    hashing *h = arg;
    for (size_t i = 0; i < h->count && !h->stop && h->err.code == FIRN_OK; i++)
        if (firn_file_hash(h->files[i].path, &h->done[i].hash, &h->err) != FIRN_OK)
            break;
    return NULL;
}

static void start_hashing(hashing *h, const landing *l, firn_feed_file *done)
{
    h->files = l->files;
    h->count = l->file_count;
    h->done = done;
    h->running = pthread_create(&h->thread, NULL, hash_files, h) == 0;
}

static firn_code finish_hashing(hashing *h, bool wanted, firn_err *err)
{
    h->stop = !wanted;
    if (h->running)
        pthread_join(h->thread, NULL);
    else if (wanted)
        (void)hash_files(h);
    if (wanted && h->err.code != FIRN_OK && err)
        *err = h->err;
    return wanted ? h->err.code : FIRN_OK;
}

static firn_code check_unchanged(landing *l, firn_feed_file *done, firn_err *err)
{
    for (size_t i = 0; i < l->file_count; i++) {
        const firn_stat *was = &l->files[i].stat;
        firn_stat *now = &done[i].stat;
        FIRN_TRY(firn_fs_stat(l->run->env, l->files[i].path, now, err));
        if (now->size == was->size && now->mtime_ns == was->mtime_ns && now->inode == was->inode &&
            now->device == was->device)
            continue;
        firn_raise(err, FIRN_E_DATA, "file %s changed while it was read",
                   firn_quote(l->files[i].name).s);
        return firn_err_advise(err, "nothing of this file was landed; put the whole file in its "
                                    "place and run again");
    }
    return FIRN_OK;
}

/* --- rejects ------------------------------------------------------------------------------- */

static firn_code too_many(const parquet_work *w, uint64_t records, firn_err *err)
{
    const firn_feed_reject *r = &w->rejected.v[0];
    firn_raise(err, FIRN_E_LIMIT,
               "more than %lld of %llu records were rejected, the first in %s row %llu: "
               "column %.*s: %.*s",
               (long long)w->rejected.n - 1, (unsigned long long)records,
               firn_quote(w->l->files[r->file].name).s, (unsigned long long)r->line,
               FIRN_STR_ARG(r->path), FIRN_STR_ARG(r->reason));
    return firn_err_advise(err, "nothing was landed; give the columns their types, or raise "
                                "rejects.max and rejects.max_ratio");
}

static firn_code keep_reject(parquet_work *w, size_t file, const firn_parquet_check *check,
                             int64_t row, firn_str raw, firn_err *err)
{
    bool cut = raw.n > KEPT_OF_RECORD;
    if (cut)
        raw.n = firn_utf8_valid_prefix(raw.p, KEPT_OF_RECORD);
    firn_slice bytes = {(const uint8_t *)raw.p, raw.n};
    const firn_feed_reject r = {.file = file,
                                .line = (uint64_t)row + 1,
                                .offset = (uint64_t)row,
                                .id = check->id,
                                .cut = cut,
                                .path = check->path,
                                .reason = check->reason,
                                .raw = firn_arena_copy(w->rejects, bytes)};
    if (!r.raw.p || !firn_vec_push(w->rejects, &w->rejected, r))
        return firn_arena_raise(w->rejects, err);
    return FIRN_OK;
}

/* Whether the file's own columns hide the engine's number of the row. */
static bool hides_row_number(const firn_parquet_group *g)
{
    for (size_t i = 0; i < g->count; i++)
        if (firn_str_ieq(g->columns[i].name, FIRN_STR_LIT("file_row_number")))
            return true;
    return false;
}

static firn_code reject_select(const parquet_work *w, size_t file, const firn_parquet_check *checks,
                               size_t count, firn_buf *sql, firn_err *err)
{
    const firn_parquet_group *g = &w->files.groups[w->files.group_of[file]];
    FIRN_TRY(firn_buf_adds(sql, "SELECT CAST(", err));
    FIRN_TRY(firn_buf_adds(sql, hides_row_number(g) ? "-1" : "file_row_number", err));
    FIRN_TRY(firn_buf_adds(sql, " AS BIGINT), CASE", err));
    for (size_t i = 0; i < count; i++)
        FIRN_TRY(
            firn_buf_addf(sql, err, " WHEN NOT (%.*s) THEN %zu", FIRN_STR_ARG(checks[i].sql), i));
    FIRN_TRY(firn_buf_adds(sql, " END, CAST(to_json(firn_t) AS VARCHAR) FROM ", err));
    FIRN_TRY(firn_parquet_from(&w->l->files[file], 1, sql, err));
    FIRN_TRY(firn_buf_adds(sql, " AS firn_t WHERE NOT (true", err));
    for (size_t i = 0; i < count; i++)
        FIRN_TRY(firn_buf_addf(sql, err, " AND (%.*s)", FIRN_STR_ARG(checks[i].sql)));
    return firn_buf_addf(sql, err, ") LIMIT %lld",
                         (long long)w->l->project->rejects.max + 1 - (long long)w->rejected.n);
}

static firn_code read_rejects(parquet_work *w, size_t file, const firn_parquet_check *checks,
                              firn_result *r, firn_err *err)
{
    for (;;) {
        const firn_column *root;
        size_t rows;
        FIRN_TRY(w->l->run->ops->next(r, &root, &rows, err));
        if (rows == 0)
            return FIRN_OK;
        for (size_t i = 0; i < rows; i++) {
            const firn_strview *raw = root->children[2].data;
            FIRN_TRY(keep_reject(w, file, &checks[((const int32_t *)root->children[1].data)[i]],
                                 ((const int64_t *)root->children[0].data)[i],
                                 firn_strview_str(&raw[i]), err));
        }
    }
}

static firn_code find_rejects(parquet_work *w, size_t file, const firn_parquet_check *checks,
                              size_t count, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    firn_result *r;
    FIRN_TRY(firn_context_check(w->l->run, err));
    FIRN_TRY(reject_select(w, file, checks, count, &sql, err));
    FIRN_TRY(w->l->run->ops->query(w->s, firn_buf_str(&sql), &r, err));
    firn_code code = read_rejects(w, file, checks, r, err);
    w->l->run->ops->result_close(r);
    FIRN_TRY(code);
    if ((int64_t)w->rejected.n > w->l->project->rejects.max)
        return too_many(w, w->l->parquet_records, err);
    return FIRN_OK;
}

/* --- a unit -------------------------------------------------------------------------------- */

/* Files behind each other with the same columns. */
static size_t unit_end(const parquet_work *w, size_t from)
{
    const landing *l = w->l;
    uint64_t max = l->target.spec->field_count ? PARTED_UNIT_BYTES : UNIT_BYTES;
    uint64_t bytes = l->files[from].stat.size;
    size_t to = from + 1;
    while (to < l->file_count && w->files.group_of[to] == w->files.group_of[from] &&
           bytes + l->files[to].stat.size <= max)
        bytes += l->files[to++].stat.size;
    return to;
}

/* SELECT … FROM read_parquet([…]) WHERE …, with the columns of the layout. */
static firn_code unit_rows(parquet_work *w, size_t from, size_t to, firn_parquet_check **checks,
                           size_t *check_count, firn_buf *sql, firn_err *err)
{
    landing *l = w->l;
    const firn_parquet_group *g = &w->files.groups[w->files.group_of[from]];
    FIRN_TRY(firn_buf_adds(sql, "(SELECT ", err));
    FIRN_TRY(firn_parquet_select(g, l->layout, l->ingest->columns, l->ingest->column_count, l->a,
                                 sql, checks, check_count, err));
    FIRN_TRY(firn_buf_adds(sql, " FROM ", err));
    FIRN_TRY(firn_parquet_from(&l->files[from], to - from, sql, err));
    for (size_t i = 0; i < *check_count; i++)
        FIRN_TRY(firn_buf_addf(sql, err, "%s(%.*s)", i ? " AND " : " WHERE ",
                               FIRN_STR_ARG((*checks)[i].sql)));
    return firn_buf_adds(sql, ") AS firn_parquet", err);
}

/* A negative zero among the rows: the files must be written without dictionaries. */
static firn_code look_for_zeros(parquet_work *w, const char *rows, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    landing *l = w->l;
    bool any = false;
    firn_result *r;
    const firn_column *root;
    size_t n;
    FIRN_TRY(firn_buf_addf(&sql, err, "SELECT 1 FROM %s WHERE false", rows));
    for (size_t i = 0; i < l->layout->child_count; i++) {
        FIRN_AUTO(firn_buf_free) firn_buf name = FIRN_SQL_BUF;
        FIRN_AUTO(firn_buf_free) firn_buf cond = FIRN_SQL_BUF;
        bool possible;
        FIRN_TRY(firn_sql_ident(&name, l->layout->children[i].name, err));
        FIRN_TRY(firn_convert_negative_zero(&l->layout->type.fields[i].type, firn_buf_str(&name),
                                            &cond, &possible, err));
        any = any || possible;
        if (possible)
            FIRN_TRY(firn_buf_addf(&sql, err, " OR %s", firn_buf_cstr(&cond)));
    }
    if (!any)
        return FIRN_OK;
    FIRN_TRY(firn_buf_adds(&sql, " LIMIT 1", err));
    FIRN_TRY(l->run->ops->query(w->s, firn_buf_str(&sql), &r, err));
    firn_code code = l->run->ops->next(r, &root, &n, err);
    l->run->ops->result_close(r);
    if (code == FIRN_OK && n)
        l->way->keep_signs = true;
    return code;
}

/* Copies what unit_rows said; the engine knows how far it is. */
static firn_code copy_unit(parquet_work *w, size_t from, size_t to, firn_str select, firn_err *err)
{
    landing *l = w->l;
    uint64_t rows = 0;
    uint64_t bytes = 0;
    for (size_t i = from; i < to; i++) {
        rows += w->files.rows[i];
        bytes += l->files[i].stat.size;
    }
    w->unit_rows = rows;
    w->unit_bytes = bytes;
    firn_code code =
        firn_write_rows(l->run, w->s, &l->target, select, l->a, &l->data, &l->scratch, err);
    w->unit_bytes = 0;
    w->done_rows += rows;
    w->done_bytes += bytes;
    return code;
}

/* From the thread of the progress. */
static firn_feed_totals total(void *arg)
{
    parquet_work *w = arg;
    firn_feed_totals t = {.stored = w->done_bytes, .records = w->done_rows};
    uint64_t unit = w->unit_bytes;
    double part = unit ? w->l->run->ops->progress(w->s) / 100 : 0;
    if (part > 0 && part <= 1) {
        t.stored += (uint64_t)(part * (double)unit);
        t.records += (uint64_t)(part * (double)w->unit_rows);
    }
    t.bytes = t.stored;
    return t;
}

static firn_code land_unit(parquet_work *w, size_t from, size_t to, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf rows = FIRN_SQL_BUF;
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    landing *l = w->l;
    firn_parquet_check *checks;
    size_t count;
    uint64_t bytes = 0;
    for (size_t i = from; i < to; i++)
        bytes += l->files[i].stat.size;
    FIRN_TRY(firn_context_check(l->run, err));
    FIRN_TRY(unit_rows(w, from, to, &checks, &count, &rows, err));
    for (size_t i = from; count && i < to; i++)
        FIRN_TRY(find_rejects(w, i, checks, count, err));
    if (!l->way->keep_signs)
        FIRN_TRY(look_for_zeros(w, firn_buf_cstr(&rows), err));
    l->target.keep_signs = l->way->keep_signs;
    FIRN_TRY(firn_landing_select(l, firn_buf_cstr(&rows), &sql, err));
    if (l->target.spec->field_count)
        FIRN_TRY(firn_landing_spread(l, w->s, firn_buf_str(&sql), bytes, err));
    FIRN_TRY(copy_unit(w, from, to, firn_buf_str(&sql), err));
    l->raw_bytes += bytes;
    FIRN_TRY(firn_landing_publish_new(l, err));
    return FIRN_FAIL("landing.after_unit", err);
}

/* The engine does not say which file it could not read: each is read by itself. */
static firn_code name_damaged(parquet_work *w, size_t from, size_t to, firn_err *err)
{
    for (size_t i = from; i < to; i++) {
        FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
        firn_err local = {0};
        firn_code code = firn_buf_adds(&sql, "SELECT count(hash(firn_t)) FROM ", &local);
        if (code == FIRN_OK)
            code = firn_parquet_from(&w->l->files[i], 1, &sql, &local);
        if (code == FIRN_OK)
            code = firn_buf_adds(&sql, " AS firn_t", &local);
        if (code == FIRN_OK)
            code = w->l->run->ops->exec(w->s, firn_buf_str(&sql), &local);
        if (code == FIRN_E_SQL) {
            *err = local;
            return firn_parquet_damaged(&w->l->files[i], err);
        }
    }
    return err->code;
}

/* --- the whole ----------------------------------------------------------------------------- */

static firn_code make_layout(parquet_work *w, firn_err *err)
{
    static const firn_str reserved[] = {{FIRN_LOADED_AT, sizeof FIRN_LOADED_AT - 1}};
    landing *l = w->l;
    const firn_parquet_in in = {
        .old = l->layout,
        .old_type = l->metadata && !l->replace ? &l->metadata->schema->type : NULL,
        .given = l->ingest->columns,
        .given_count = l->ingest->column_count,
        .reserved = reserved,
        .reserved_count = 1,
        .policy = &l->policy,
        .files = l->files,
    };
    firn_parquet_out out;
    FIRN_TRY(firn_parquet_look(l->run->ops, w->s, l->files, l->file_count, in.given, in.given_count,
                               l->a, &w->files, err));
    FIRN_TRY(firn_parquet_layout(&w->files, &in, l->a, &out, err));
    for (size_t i = 0; i < out.note_count; i++)
        firn_landing_note(l, out.notes[i].text);
    l->layout = out.layout;
    return firn_landing_schema(l, err);
}

static firn_code check_rejects(parquet_work *w, firn_err *err)
{
    landing *l = w->l;
    uint64_t rows = 0;
    double n = (double)w->rejected.n;
    for (size_t i = 0; i < l->data.n; i++)
        rows += (uint64_t)l->data.v[i].record_count;
    if (l->parquet_records > RATIO_FROM &&
        n > l->project->rejects.max_ratio * (double)l->parquet_records)
        return too_many(w, l->parquet_records, err);
    if (l->sampled || rows + w->rejected.n == l->parquet_records)
        return FIRN_OK;
    return firn_raise(
        err, FIRN_E_DATA, "the files hold %llu records, and %llu were read: they changed meanwhile",
        (unsigned long long)l->parquet_records, (unsigned long long)(rows + w->rejected.n));
}

static firn_code land(parquet_work *w, firn_feed_file *done, firn_err *err)
{
    landing *l = w->l;
    FIRN_TRY(make_layout(w, err));
    for (size_t i = 0; i < l->file_count; i++) {
        done[i].records = w->files.rows[i];
        l->parquet_records += w->files.rows[i];
    }
    for (size_t from = 0; from < l->file_count;) {
        size_t to = unit_end(w, from);
        firn_code code = land_unit(w, from, to, err);
        if (code == FIRN_E_SQL && err)
            return name_damaged(w, from, to, err);
        FIRN_TRY(code);
        from = to;
    }
    return check_rejects(w, err);
}

firn_code firn_landing_parquet(landing *l, firn_session *s, firn_err *err)
{
    parquet_work w = {.l = l, .s = s, .rejects = l->a};
    firn_feed_file *done = firn_arena_array(l->a, l->file_count, sizeof *done);
    if (!done)
        return firn_arena_raise(l->a, err);
    firn_progress p;
    firn_progress_source source = {.total = total, .arg = &w};
    for (size_t i = 0; i < l->file_count; i++)
        source.stored_total += l->files[i].stat.size;
    start_hashing(&w.hashing, l, done);
    firn_progress_begin(&p, &l->run->events, &source, l->stream, l->ingest->table.ident);
    firn_code code = land(&w, done, err);
    firn_progress_end(&p);
    firn_err *hash_err = code == FIRN_OK ? err : NULL;
    firn_code hashed = finish_hashing(&w.hashing, code == FIRN_OK, hash_err);
    FIRN_TRY(code);
    FIRN_TRY(hashed);
    FIRN_TRY(check_unchanged(l, done, err));
    l->done = done;
    l->rejects = w.rejected.v;
    l->reject_count = w.rejected.n;
    return FIRN_OK;
}
