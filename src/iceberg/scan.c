/* SPDX-License-Identifier: Apache-2.0 */
#include "iceberg/scan_int.h"

#include "base/mem.h"
#include "base/str.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

/* Two manifests of this size are worth a thread. */
#define MIN_PARALLEL_BYTES ((int64_t)1 << 20)
#define MAX_THREADS        16
#define MAX_COLUMNS        64 /* more of a filter: all metrics are read */

/* Files found, in pieces that are freed as they are joined: a plan of a million files shall not
 * need their memory twice. */
#define PIECE_FILES 2048

/* What a manifest list says of numbers of files is believed within these limits. */
#define LEAST_ENTRY_BYTES 8
#define MAX_FORETOLD      2000000

typedef struct piece {
    struct piece *next;
    size_t n;
    firn_scan_file files[PIECE_FILES];
} piece;

/* What one manifest came to.  Without a filter the list says how many files there are: they find
 * their place at once, and pieces hold only what was not foretold. */
typedef struct part {
    const firn_manifest_file *mf;
    firn_scan_file *slots;
    size_t room;
    size_t filled;
    piece *first;
    piece *last;
    size_t n;
    int64_t live;
    int64_t rows;
    int64_t bytes;
    firn_code code;
    firn_err err;
} part;

/* What all threads of a plan share; nothing but `next` and `stop` changes. */
typedef struct job {
    const firn_io *io;
    const firn_metadata *m;
    const firn_expr *filter;
    int32_t columns[MAX_COLUMNS]; /* of the filter */
    size_t column_count;          /* 0: all */
    part *parts;
    size_t count;
    atomic_size_t next;
    atomic_size_t stop; /* parts from here on are not wanted: an earlier one failed */
} job;

/* One thread's own. */
typedef struct planning {
    job *job;
    const firn_metadata *m;
    const firn_expr *filter;
    firn_spec_use use;
    int64_t stamp_of; /* the snapshot looked at last, */
    bool stamp_known;
    bool stamped; /* and whether firn made it */
    firn_arena *a;
    part *part;
    firn_str format;                 /* of the file taken last, which neighbours share … */
    firn_value *partition;           /* … like its partition … */
    const firn_spec *partition_spec; /* … of this spec */
} planning;

/* firn's own files have all columns; its snapshots are stamped with the run. */
static bool is_ours(planning *p, int64_t snapshot_id)
{
    if (!p->stamp_known || p->stamp_of != snapshot_id) {
        const firn_snapshot *s = firn_metadata_snapshot(p->m, snapshot_id);
        p->stamped = s && firn_snapshot_summary(s, "firn.run").p;
        p->stamp_of = snapshot_id;
        p->stamp_known = true;
    }
    return p->stamped;
}

/* A column that is partitioned by as it is, and is still in the table. */
static bool is_kept_identity(const planning *p, const firn_partition_field *f)
{
    return f->transform.kind == FIRN_TRANSFORM_IDENTITY &&
           firn_schema_field(&p->m->schema->type, f->source_id);
}

static bool is_unproven(planning *p, const firn_manifest_entry *e)
{
    for (size_t i = 0; i < p->use.spec->field_count; i++)
        if (is_kept_identity(p, &p->use.spec->fields[i]) && !e->file.partition[i].is_null)
            return !is_ours(p, e->snapshot_id);
    return false;
}

firn_code firn_scan_refuse_encrypted(const firn_data_file *f, firn_err *err)
{
    if (!f->key_metadata.p)
        return FIRN_OK;
    firn_raise(err, FIRN_E_UNSUPPORTED, "file %s is encrypted (key_metadata), which is not read",
               firn_quote(f->file_path).s);
    return firn_err_advise(err, "rewrite the table without encryption with the engine that has "
                                "its keys");
}

/* --- files that stay ----------------------------------------------------------------------- */

static firn_code copy_partition(planning *p, const firn_data_file *f, firn_value **ret,
                                firn_err *err)
{
    size_t n = p->use.spec->field_count;
    bool same = p->partition && p->partition_spec == p->use.spec;
    for (size_t i = 0; i < n && same; i++)
        same = firn_value_eq(&p->use.types[i], &p->partition[i], &f->partition[i]);
    if (!same) {
        firn_value *v = firn_arena_array(p->a, n, sizeof *v);
        bool ok = v != NULL;
        for (size_t i = 0; ok && i < n; i++)
            ok = firn_value_copy(&p->use.types[i], &f->partition[i], p->a, &v[i]);
        if (!ok)
            return firn_arena_raise(p->a, err);
        p->partition = v;
        p->partition_spec = p->use.spec;
    }
    *ret = p->partition;
    return FIRN_OK;
}

/* Copies what a scan needs of a data file; the metrics did their work. */
static firn_code copy_file(planning *p, const firn_data_file *f, firn_data_file *ret, firn_err *err)
{
    *ret = (firn_data_file){.content = f->content,
                            .spec_id = f->spec_id,
                            .record_count = f->record_count,
                            .file_size_in_bytes = f->file_size_in_bytes,
                            .sort_order_id = f->sort_order_id,
                            .first_row_id = f->first_row_id,
                            .content_offset = f->content_offset,
                            .content_size_in_bytes = f->content_size_in_bytes};
    FIRN_TRY(copy_partition(p, f, &ret->partition, err));
    if (!firn_str_eq(p->format, f->file_format))
        p->format = firn_arena_str(p->a, f->file_format);
    ret->file_format = p->format;
    ret->file_path = firn_arena_str(p->a, f->file_path);
    if (!ret->file_format.p || !ret->file_path.p)
        return firn_arena_raise(p->a, err);
    return FIRN_OK;
}

static firn_code push_in_piece(part *t, const firn_scan_file *f, firn_err *err)
{
    if (!t->last || t->last->n == PIECE_FILES) {
        piece *fresh = firn_mem_alloc(sizeof *fresh);
        if (!fresh)
            return firn_raise_nomem(err);
        fresh->next = NULL;
        fresh->n = 0;
        *(t->last ? &t->last->next : &t->first) = fresh;
        t->last = fresh;
    }
    t->last->files[t->last->n++] = *f;
    return FIRN_OK;
}

static firn_code push_file(part *t, const firn_scan_file *f, firn_err *err)
{
    if (t->filled < t->room)
        t->slots[t->filled++] = *f;
    else
        FIRN_TRY(push_in_piece(t, f, err));
    t->n++;
    t->rows = firn_sum(t->rows, f->file.record_count);
    t->bytes = firn_sum(t->bytes, f->file.file_size_in_bytes);
    return FIRN_OK;
}

static firn_code take_entry(planning *p, const firn_manifest_entry *e, firn_err *err)
{
    if (e->status == FIRN_ENTRY_DELETED)
        return FIRN_OK;
    p->part->live++;
    FIRN_TRY(firn_metadata_use_spec(p->m, e->file.spec_id, p->a, &p->use, err));
    if (p->filter && !firn_expr_file_may_match(p->filter, p->use.spec, p->use.types, &e->file))
        return FIRN_OK;
    if (!firn_str_ieq(e->file.file_format, FIRN_STR_LIT("parquet")))
        return firn_raise(err, FIRN_E_UNSUPPORTED, "data file %s is %s; only Parquet is read",
                          firn_quote(e->file.file_path).s, firn_quote(e->file.file_format).s);
    FIRN_TRY(firn_scan_refuse_encrypted(&e->file, err));
    firn_scan_file f = {.sequence_number = e->sequence_number, .snapshot_id = e->snapshot_id};
    f.partition_column_unproven = is_unproven(p, e);
    FIRN_TRY(copy_file(p, &e->file, &f.file, err));
    return push_file(p->part, &f, err);
}

/* --- manifests ----------------------------------------------------------------------------- */

static void close_manifest(firn_manifest_reader **r)
{
    firn_manifest_close(*r);
}

static firn_code read_part(planning *p, firn_err *err)
{
    FIRN_AUTO(close_manifest) firn_manifest_reader *r = NULL;
    const firn_manifest_file *mf = p->part->mf;
    firn_manifest_detail detail = p->filter ? FIRN_DETAIL_STATS : FIRN_DETAIL_FILES;
    FIRN_TRY(firn_manifest_open(p->job->io, p->m, mf, detail, &r, err));
    firn_manifest_only_columns(r, p->job->columns, p->job->column_count);
    for (;;) {
        const firn_manifest_entry *e;
        FIRN_TRY(firn_manifest_next(r, &e, err));
        if (!e)
            return FIRN_OK;
        if (take_entry(p, e, err) != FIRN_OK)
            return firn_wrap(err, "manifest %s", firn_quote(mf->manifest_path).s);
    }
}

/* Parts are taken in order, so that all before one that fails are looked at: whatever the threads
 * do, the first error is that of the first manifest that has one. */
static void *read_parts(void *arg)
{
    planning *p = arg;
    job *j = p->job;
    for (;;) {
        size_t i = atomic_fetch_add(&j->next, 1);
        if (i >= j->count || i >= atomic_load(&j->stop))
            return NULL;
        p->part = &j->parts[i];
        p->part->code = read_part(p, &p->part->err);
        if (p->part->code == FIRN_OK)
            continue;
        size_t stop = atomic_load(&j->stop);
        while (i < stop && !atomic_compare_exchange_weak(&j->stop, &stop, i))
            ;
    }
}

/* --- threads ------------------------------------------------------------------------------- */

static void free_arena(void *a)
{
    firn_arena_free(a);
}

static size_t threads_for(const job *j)
{
    int64_t bytes = 0;
    for (size_t i = 0; i < j->count; i++)
        bytes = firn_sum(bytes, j->parts[i].mf->manifest_length);
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (bytes < 2 * MIN_PARALLEL_BYTES || cores < 2 || j->io->one_thread)
        return 1;
    size_t n = FIRN_MIN((size_t)(bytes / MIN_PARALLEL_BYTES), (size_t)cores);
    return FIRN_MIN(FIRN_MIN(n, j->count), (size_t)MAX_THREADS);
}

/* Reads all parts with as many threads as are worth it; this one is one of them.  What they find
 * lives as long as `a`. */
static firn_code run_threads(job *j, firn_arena *a, firn_err *err)
{
    planning workers[MAX_THREADS];
    pthread_t threads[MAX_THREADS];
    size_t wanted = threads_for(j);
    size_t started = 1;
    for (size_t i = 0; i < wanted; i++) {
        workers[i] = (planning){.job = j, .m = j->m, .filter = j->filter, .a = a};
        if (i == 0)
            continue; /* an arena belongs to one thread at a time: the others get their own */
        workers[i].a = firn_arena_new("a plan", 0);
        if (!workers[i].a)
            break;
        firn_code code = firn_arena_defer(a, free_arena, workers[i].a, err);
        if (code != FIRN_OK) {
            firn_arena_free(workers[i].a);
            return code;
        }
    }
    for (; started < wanted && workers[started].a; started++)
        if (pthread_create(&threads[started], NULL, read_parts, &workers[started]) != 0)
            break; /* fewer do */
    read_parts(&workers[0]);
    for (size_t i = 1; i < started; i++)
        pthread_join(threads[i], NULL);
    return FIRN_OK;
}

static void free_pieces(part *t)
{
    while (t->first) {
        piece *gone = t->first;
        t->first = gone->next;
        firn_mem_free(gone);
    }
    t->last = NULL;
}

/* The error of the first part that has one. */
static firn_code first_error(const job *j, firn_err *err)
{
    for (size_t i = 0; i < j->count; i++) {
        if (j->parts[i].code == FIRN_OK)
            continue;
        if (err)
            *err = j->parts[i].err;
        return j->parts[i].code;
    }
    return FIRN_OK;
}

/* Moves a part's files to their place in the plan, which never lies behind their slots. */
static void place_part(part *t, firn_scan_plan *plan)
{
    if (t->filled && plan->files + plan->count != t->slots)
        memmove(plan->files + plan->count, t->slots, t->filled * sizeof *t->slots);
    plan->count += t->filled;
    while (t->first) {
        piece *p = t->first;
        memcpy(plan->files + plan->count, p->files, p->n * sizeof *p->files);
        plan->count += p->n;
        t->first = p->next;
        firn_mem_free(p);
    }
    plan->rows = firn_sum(plan->rows, t->rows);
    plan->bytes = firn_sum(plan->bytes, t->bytes);
    plan->files_total += t->live;
}

/* Puts the parts' files behind each other, in the order of the manifests. */
static firn_code join_parts(job *j, firn_arena *a, firn_scan_plan *plan, firn_err *err)
{
    size_t total = 0;
    bool foretold = j->count && j->parts[0].slots;
    FIRN_TRY(first_error(j, err));
    for (size_t i = 0; i < j->count; i++) {
        total += j->parts[i].n;
        foretold = foretold && !j->parts[i].first;
    }
    if (foretold)
        plan->files = j->parts[0].slots;
    else if (total) /* not zeroed: all of it is written */
        plan->files = firn_arena_alloc(a, total * sizeof *plan->files);
    if (total && !plan->files)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < j->count; i++)
        place_part(&j->parts[i], plan);
    return FIRN_OK;
}

/* How many files the list says that a part has; -1 if that cannot be. */
static int64_t foretold_files(const part *t)
{
    const firn_manifest_file *mf = t->mf;
    int64_t n = (int64_t)mf->added_files_count + mf->existing_files_count;
    bool known = mf->added_files_count >= 0 && mf->existing_files_count >= 0;
    return known && n <= mf->manifest_length / LEAST_ENTRY_BYTES ? n : -1;
}

/* Without a filter: gives each part the room that the list foretells, if that can be. */
static firn_code foretell(job *j, firn_arena *a, firn_err *err)
{
    int64_t total = 0;
    for (size_t i = 0; i < j->count; i++) {
        int64_t n = foretold_files(&j->parts[i]);
        if (n < 0 || total + n > MAX_FORETOLD)
            return FIRN_OK;
        total += n;
    }
    if (total == 0)
        return FIRN_OK;
    firn_scan_file *slots = firn_arena_alloc(a, (size_t)total * sizeof *slots);
    if (!slots)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < j->count; i++) {
        j->parts[i].slots = slots;
        j->parts[i].room = (size_t)foretold_files(&j->parts[i]);
        slots += j->parts[i].room;
    }
    return FIRN_OK;
}

/* --- the plan ------------------------------------------------------------------------------ */

/* Notes the columns of a filter; false if they are too many. */
static bool note_columns(const firn_expr *e, job *j, int depth)
{
    if (depth > 100)
        return false;
    for (size_t i = 0; i < e->part_count; i++)
        if (!note_columns(e->parts[i], j, depth + 1))
            return false;
    if (e->field_id == 0)
        return true;
    for (size_t i = 0; i < j->column_count; i++)
        if (j->columns[i] == e->field_id)
            return true;
    if (j->column_count == MAX_COLUMNS)
        return false;
    j->columns[j->column_count++] = e->field_id;
    return true;
}

static bool has_live_entries(const firn_manifest_file *mf)
{
    return mf->added_files_count != 0 || mf->existing_files_count != 0;
}

static firn_code refuse_encrypted(const firn_manifest_file *mf, firn_err *err)
{
    if (!mf->key_metadata.p)
        return FIRN_OK;
    return firn_raise(err, FIRN_E_UNSUPPORTED,
                      "manifest %s is encrypted (key_metadata), which is not read",
                      firn_quote(mf->manifest_path).s);
}

/* Makes parts of the data manifests that may hold a file of the scan. */
static firn_code choose_manifests(planning *p, const firn_manifest_file *manifests, size_t count,
                                  firn_scan_plan *plan, firn_err *err)
{
    job *j = p->job;
    for (size_t i = 0; i < count; i++) {
        const firn_manifest_file *mf = &manifests[i];
        if (!has_live_entries(mf))
            continue;
        FIRN_TRY(refuse_encrypted(mf, err));
        if (mf->deletes)
            continue;
        bool spec_known = mf->partition_spec_id >= 0; /* else the manifest itself says */
        if (spec_known)
            FIRN_TRY(firn_metadata_use_spec(p->m, mf->partition_spec_id, p->a, &p->use, err));
        if (!p->filter || !spec_known ||
            firn_expr_manifest_may_match(p->filter, p->use.spec, p->use.types, mf))
            j->parts[j->count++] = (part){.mf = mf};
        else
            plan->files_total +=
                FIRN_MAX(mf->added_files_count, 0) + FIRN_MAX(mf->existing_files_count, 0);
    }
    plan->manifests_read = j->count;
    return FIRN_OK;
}

static firn_code plan_files(job *j, const firn_manifest_file *manifests, size_t count,
                            firn_arena *a, firn_scan_plan *plan, firn_err *err)
{
    planning p = {.job = j, .m = j->m, .filter = j->filter, .a = a};
    j->parts = firn_arena_array(a, count, sizeof *j->parts);
    if (!j->parts)
        return firn_arena_raise(a, err);
    if (j->filter && !note_columns(j->filter, j, 0))
        j->column_count = 0;
    FIRN_TRY(choose_manifests(&p, manifests, count, plan, err));
    if (!j->filter)
        FIRN_TRY(foretell(j, a, err));
    firn_code code = run_threads(j, a, err);
    if (code == FIRN_OK)
        code = join_parts(j, a, plan, err);
    for (size_t i = 0; i < j->count; i++)
        free_pieces(&j->parts[i]);
    return code;
}

firn_code firn_scan_plan_make(const firn_io *io, const firn_metadata *m, const firn_snapshot *s,
                              const firn_expr *filter, firn_arena *a, firn_scan_plan *ret,
                              firn_err *err)
{
    firn_scan_plan plan = {0};
    job j = {.io = io, .m = m, .filter = filter, .stop = SIZE_MAX};
    firn_manifest_file *manifests = NULL;
    size_t count = 0;
    if (s && s->key_id.p)
        return firn_raise(err, FIRN_E_UNSUPPORTED,
                          "snapshot %lld is encrypted (key-id), which is not read",
                          (long long)s->snapshot_id);
    if (s)
        FIRN_TRY(firn_manifest_list_read(io, s, NULL, a, &manifests, &count, NULL, err));
    plan.manifests_total = count;
    FIRN_TRY(plan_files(&j, manifests, count, a, &plan, err));
    FIRN_TRY(firn_scan_attach_deletes(io, m, filter, manifests, count, a, &plan, err));
    *ret = plan;
    return FIRN_OK;
}
