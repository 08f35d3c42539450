/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of an Arrow stream become data files: encoded in a scratch folder, described, taken into the
 * storage, added to a transaction. */
#include "lib/arrow_read.h"
#include "lib/engine_use.h"
#include "lib/transaction.h"

#include "base/log.h"
#include "engine/copy.h"
#include "engine/partition_sql.h"
#include "engine/sql.h"
#include "engine/view_int.h"
#include "iceberg/location.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_FILE_BYTES (INT64_C(512) << 20)
#define DEFAULT_CODEC      FIRN_STR_LIT("zstd")
#define MAX_FILE_BYTES     ((uint64_t)64 << 30)

/* One write on its way. */
typedef struct writing {
    firn_transaction *tx;
    const firn_metadata *m;
    firn_engine_options options;
    firn_arena *arena;   /* of the write; what the transaction keeps is in its own */
    const char *scratch; /* NULL: not made yet */
    const char *above;   /* the folder it lies in */
    firn_lib_engine engine;
    firn_data_layout layout;
    firn_run_names names;
    firn_type *types; /* of the partition's fields */
    uint32_t number;  /* of files */
} writing;

/* --- scratch ------------------------------------------------------------------------------- */

/* Beside the data, so that publishing is a rename; with a storage of the caller's anywhere. */
static firn_code choose_folder(writing *w, firn_err *err)
{
    const firn_lib_storage *s = w->tx->table->storage;
    firn_str location = firn_local_path(w->m->location);
    const char *tmp = getenv("TMPDIR");
    if (w->options.scratch_folder)
        w->above = firn_arena_strdup(w->arena, w->options.scratch_folder);
    else if (!s->given.size && location.p)
        w->above = firn_arena_strndup(w->arena, location.p, location.n);
    else
        w->above = firn_arena_strdup(w->arena, tmp && tmp[0] == '/' ? tmp : "/tmp");
    return w->above ? FIRN_OK : firn_arena_raise(w->arena, err);
}

static firn_code make_scratch(writing *w, firn_err *err)
{
    char uuid[FIRN_UUID_TEXT];
    firn_env *env = w->tx->table->storage->env;
    FIRN_TRY(choose_folder(w, err));
    FIRN_TRY(firn_fs_mkdirs(env, w->above, err));
    FIRN_TRY(firn_env_uuid(env, uuid, err));
    const char *scratch = firn_arena_printf(w->arena, "%s/.firn-%s", w->above, uuid);
    const char *copy = firn_arena_printf(w->arena, "%s/.firn-%s/copy", w->above, uuid);
    if (!scratch || !copy)
        return firn_arena_raise(w->arena, err);
    FIRN_TRY(firn_fs_private(scratch, err));
    w->scratch = scratch;
    return firn_fs_mkdirs(env, copy, err);
}

static void remove_scratch(const writing *w)
{
    firn_err ignored; /* what stays is a hidden folder that nobody reads */
    if (w->scratch &&
        firn_fs_remove_tree(w->tx->table->storage->env, w->scratch, w->above, &ignored) != FIRN_OK)
        firn_debug("scratch: %s", ignored.text);
}

/* --- encoding ------------------------------------------------------------------------------ */

static firn_str codec_of(const firn_metadata *m)
{
    firn_str codec = firn_metadata_property(m, "write.parquet.compression-codec");
    bool known = firn_str_eqc(codec, "snappy") || firn_str_eqc(codec, "zstd") ||
                 firn_str_eqc(codec, "gzip") || firn_str_eqc(codec, "uncompressed");
    return codec.p && known ? codec : DEFAULT_CODEC;
}

/* The columns of the table: the stream's, and defaults for those that it does not have. */
static firn_code select_columns(const writing *w, const firn_arrow_source *source, int64_t id,
                                firn_buf *out, firn_err *err)
{
    const firn_type *t = &w->m->schema->type;
    FIRN_TRY(firn_buf_adds(out, "SELECT ", err));
    for (size_t i = 0; i < t->field_count; i++) {
        const firn_field *f = &t->fields[i];
        FIRN_TRY(firn_buf_adds(out, i ? ", " : "", err));
        if (f->write_default.p && !firn_arrow_source_has(source, i)) {
            FIRN_TRY(firn_view_default(&f->type, f->write_default, out, err));
            FIRN_TRY(firn_buf_adds(out, " AS ", err));
        }
        FIRN_TRY(firn_sql_ident(out, f->name, err));
    }
    return firn_buf_addf(out, err, " FROM firn_rows(%lld)", (long long)id);
}

static firn_code select_rows(const writing *w, const firn_arrow_source *source, int64_t id,
                             firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf columns = FIRN_SQL_BUF;
    const firn_spec *spec = w->m->spec;
    FIRN_TRY(select_columns(w, source, id, &columns, err));
    firn_str select = firn_buf_str(&columns);
    if (spec->field_count == 0)
        return firn_buf_addstr(out, select, err);
    FIRN_TRY(
        firn_partition_functions(w->engine.ops, w->engine.engine, &w->m->schema->type, spec, err));
    return firn_partition_select(&w->m->schema->type, spec, select, out, err);
}

static firn_code copy_rows(writing *w, const firn_arrow_source *source, int64_t id,
                           firn_copied_file **files, size_t *count, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    FIRN_TRY(select_rows(w, source, id, &sql, err));
    const firn_copy_job job = {
        .select = firn_buf_str(&sql),
        .schema = &w->m->schema->type,
        .partition_count = w->m->spec->field_count,
        .folder = firn_arena_printf(w->arena, "%s/copy", w->scratch),
        .compression = codec_of(w->m),
        .compression_level =
            (int)firn_metadata_property_i64(w->m, "write.parquet.compression-level", 0),
        .file_bytes =
            firn_metadata_property_i64(w->m, "write.target-file-size-bytes", DEFAULT_FILE_BYTES),
    };
    if (!job.folder)
        return firn_arena_raise(w->arena, err);
    return firn_copy_run(w->engine.ops, w->engine.session, &job, w->arena, files, count, err);
}

static firn_code encode(writing *w, firn_arrow_source *source, firn_copied_file **files,
                        size_t *count, firn_err *err)
{
    int64_t id;
    const firn_row_source rows = firn_arrow_rows(source);
    FIRN_TRY(w->engine.ops->source_add(w->engine.engine, &rows, &id, err));
    firn_code code = copy_rows(w, source, id, files, count, err);
    w->engine.ops->source_remove(w->engine.engine, id);
    return code;
}

/* --- describing ---------------------------------------------------------------------------- */

static firn_code take_partition(const writing *w, const firn_copied_file *f, firn_data_file *ret,
                                firn_err *err)
{
    firn_arena *a = w->tx->arena;
    const firn_spec *spec = w->m->spec;
    ret->partition = firn_arena_array(a, spec->field_count, sizeof *ret->partition);
    if (!ret->partition)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < spec->field_count; i++) {
        ret->partition[i] = FIRN_VALUE_NULL;
        if (f->partition[i].p &&
            !firn_value_from_engine(&w->types[i], f->partition[i], a, &ret->partition[i]))
            return firn_raise(err, FIRN_E_DATA, "%s is no value of partition %s",
                              firn_quote(f->partition[i]).s, firn_quote(spec->fields[i].name).s);
    }
    return FIRN_OK;
}

static firn_code name_file(writing *w, firn_data_file *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf path = FIRN_BUF((size_t)1 << 20);
    char uuid[FIRN_RUN_UUID_TEXT];
    char name[FIRN_RUN_UUID_TEXT + 32];
    firn_run_names_next(&w->names, uuid);
    int n = snprintf(name, sizeof name, "%05u-0-%s.parquet", w->number++, uuid);
    FIRN_TRY(firn_data_layout_path(&w->layout, w->m->spec, w->types, ret->partition,
                                   (firn_str){name, (size_t)n}, &path, err));
    ret->file_path = firn_arena_str(w->tx->arena, firn_buf_str(&path));
    return ret->file_path.p ? FIRN_OK : firn_arena_raise(w->tx->arena, err);
}

static firn_code describe(writing *w, const firn_copied_file *f, firn_data_file *ret, firn_err *err)
{
    *ret = (firn_data_file){.content = FIRN_CONTENT_DATA,
                            .file_format = FIRN_STR_LIT("PARQUET"),
                            .spec_id = w->m->spec->spec_id,
                            .record_count = f->rows,
                            .file_size_in_bytes = f->bytes,
                            .first_row_id = -1,
                            .content_offset = -1,
                            .content_size_in_bytes = -1};
    FIRN_TRY(take_partition(w, f, ret, err));
    FIRN_TRY(name_file(w, ret, err));
    return firn_metrics_fill(w->m, &w->m->schema->type, f->columns, f->column_count, w->tx->arena,
                             ret, err);
}

/* --- publishing ---------------------------------------------------------------------------- */

static firn_code publish_given(const writing *w, const firn_lib_storage *s, const char *scratch,
                               firn_str path, firn_err *err)
{
    firn_error error = FIRN_ERROR_INIT;
    firn_slice bytes;
    if (s->given.publish) {
        /* paths of described files end in NUL, see firn_arena_str */
        firn_status status = s->given.publish(s->given.context, scratch, path.p, &error);
        return status == FIRN_STATUS_OK ? FIRN_OK
                                        : firn_lib_raise(err, status, &error, "publishing a file");
    }
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a data file", 0);
    if (!a)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_fs_read(s->env, scratch, MAX_FILE_BYTES, a, &bytes, err));
    (void)w;
    return s->io.write_new(s->io.ctx, path, bytes, err);
}

static firn_code publish(writing *w, const firn_copied_file *f, const firn_data_file *file,
                         firn_err *err)
{
    firn_transaction *tx = w->tx;
    const firn_lib_storage *s = tx->table->storage;
    firn_str *slot;
    /* noted before it is there: what fails half way is removed as well */
    if (!firn_vec_push(tx->arena, &tx->written, file->file_path))
        return firn_arena_raise(tx->arena, err);
    slot = &tx->written.v[tx->written.n - 1];
    firn_code code = s->given.size ? publish_given(w, s, f->path.p, file->file_path, err)
                                   : firn_env_publish(s->env, f->path.p, file->file_path, err);
    if (code == FIRN_E_EXISTS) { /* somebody else's: a name of ours is there once */
        *slot = tx->written.v[--tx->written.n];
        return code;
    }
    return code;
}

static firn_code take_files(writing *w, const firn_copied_file *files, size_t count, firn_err *err)
{
    for (size_t i = 0; i < count; i++) {
        firn_data_file f;
        FIRN_TRY(describe(w, &files[i], &f, err));
        FIRN_TRY(publish(w, &files[i], &f, err));
        FIRN_TRY(firn_tx_add(w->tx, &f, err));
    }
    return FIRN_OK;
}

/* --- the write ----------------------------------------------------------------------------- */

static firn_code run(writing *w, firn_arrow_source *source, firn_err *err)
{
    firn_copied_file *files;
    size_t count;
    const firn_metadata *m = w->m;
    FIRN_TRY(firn_run_names_new(&w->tx->table->storage->io, &w->names, err));
    FIRN_TRY(firn_data_layout_read(m->location, m->properties, w->arena, &w->layout, err));
    FIRN_TRY(firn_metadata_partition_types(m, m->spec, w->arena, &w->types, err));
    FIRN_TRY(make_scratch(w, err));
    FIRN_TRY(firn_lib_engine_open(&w->options, w->scratch, &w->engine, err));
    FIRN_TRY(encode(w, source, &files, &count, err));
    return take_files(w, files, count, err);
}

static firn_code check(const firn_transaction *tx, uint32_t flags, firn_err *err)
{
    FIRN_TRY(firn_tx_check(tx, err));
    if (flags & ~(uint32_t)FIRN_WRITE_IGNORE_EXTRA)
        return firn_raise(err, FIRN_E_UNSUPPORTED, "flags that this version does not know");
    bool same = firn_schema_same(&tx->table->m->schema->type, firn_evolve_columns(tx->evolution));
    if (!same || tx->reshaped)
        return firn_raise(err, FIRN_E_INVAL,
                          "the transaction changes columns or partitions: commit it first, and "
                          "write in the next one");
    if (firn_lib_names_clash(&tx->table->m->schema->type))
        return firn_raise(err, FIRN_E_UNSUPPORTED,
                          "columns whose names differ only in case are not written");
    if (!firn_spec_is_known(tx->table->m->spec))
        return firn_raise(
            err, FIRN_E_UNSUPPORTED,
            "the table is partitioned by a transform that this version does not know");
    return FIRN_OK;
}

/* What was published by a write that failed belongs to no transaction. */
static void take_back(firn_transaction *tx, size_t files, size_t written)
{
    const firn_io *io = &tx->table->storage->io;
    while (tx->written.n > written)
        (void)io->remove(io->ctx, tx->written.v[--tx->written.n], NULL);
    tx->files.n = files; /* their paths stay taken: they are random */
}

static firn_code write_rows(firn_transaction *tx, struct ArrowArrayStream *stream, uint32_t flags,
                            const firn_engine_options *options, int64_t *ret_rows, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a write", 0);
    firn_arrow_source *source = NULL;
    writing w = {.tx = tx, .arena = a};
    if (!a)
        return firn_raise_nomem(err);
    FIRN_TRY(check(tx, flags, err));
    FIRN_TRY(firn_lib_engine_options(options, &w.options, err));
    w.m = tx->table->m;
    FIRN_TRY(firn_arrow_source_open(stream, &w.m->schema->type, flags & FIRN_WRITE_IGNORE_EXTRA, a,
                                    &source, err));
    size_t files = tx->files.n;
    size_t written = tx->written.n;
    firn_code code = run(&w, source, err);
    firn_lib_engine_close(&w.engine);
    remove_scratch(&w);
    if (code == FIRN_OK && ret_rows)
        *ret_rows = firn_arrow_source_rows(source);
    if (code != FIRN_OK)
        take_back(tx, files, written);
    firn_arrow_source_close(source);
    return code;
}

/* Runs a write; the stream is released whatever happens. */
static firn_code write_and_release(firn_transaction *tx, struct ArrowArrayStream *stream,
                                   uint32_t flags, const firn_engine_options *options,
                                   int64_t *ret_rows, firn_err *err)
{
    FIRN_TRY(firn_lib_need(stream, "stream", err));
    if (!stream->release)
        return firn_raise(err, FIRN_E_INVAL, "the stream was released already");
    firn_code code = write_rows(tx, stream, flags, options, ret_rows, err);
    if (stream->release)
        stream->release(stream);
    return code;
}

firn_status firn_write(firn_transaction *tx, struct ArrowArrayStream *stream, uint32_t flags,
                       const firn_engine_options *options, int64_t *ret_rows, firn_error *error)
{
    firn_err err = {0};
    firn_code code = write_and_release(tx, stream, flags, options, ret_rows, &err);
    return firn_lib_end(code, &err, error);
}

firn_status firn_append(firn_table *table, struct ArrowArrayStream *stream,
                        const firn_engine_options *options, firn_error *error)
{
    firn_transaction *tx = NULL;
    firn_status status = firn_transaction_begin(table, &tx, error);
    if (status != FIRN_STATUS_OK) {
        if (stream && stream->release)
            stream->release(stream);
        return status;
    }
    status = firn_write(tx, stream, 0, options, NULL, error);
    if (status == FIRN_STATUS_OK)
        status = firn_transaction_commit(tx, NULL, error);
    firn_transaction_free(tx);
    return status;
}
