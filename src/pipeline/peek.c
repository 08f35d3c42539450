/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/peek.h"

#include "base/str.h"
#include "engine/sql.h"

#include <stdio.h>
#include <string.h>

#define BATCH_BYTES ((size_t)256 << 10)

/* --- the format in words ------------------------------------------------------------------- */

static const char *kind_word(firn_file_kind kind)
{
    static const char *const words[FIRN_FILE_KIND_COUNT] = {
        [FIRN_FILE_JSON] = "JSON", [FIRN_FILE_CSV] = "CSV",         [FIRN_FILE_TSV] = "TSV",
        [FIRN_FILE_BSON] = "BSON", [FIRN_FILE_PARQUET] = "Parquet",
    };
    return words[kind];
}

static const char *codec_word(firn_str name)
{
    if (firn_str_ends(name, ".gz"))
        return " (gzip)";
    return firn_str_ends(name, ".zst") ? " (zstd)" : "";
}

/* What the first file says of itself. */
static firn_code describe(firn_peek *p, const firn_peek_conf *conf, firn_arena *a, firn_err *err)
{
    const firn_file_reader_opt opt = {
        .decoder = p->feed_conf.decoder, .format = &p->opt, .batch_bytes = BATCH_BYTES};
    firn_file_reader *r;
    FIRN_TRY(firn_file_reader_open(p->run->env, &conf->files[0], &opt, a, &r, err));
    firn_str note = firn_file_reader_note(r);
    bool records = p->kind == FIRN_FILE_JSON && p->opt.records.n;
    const char *kind = kind_word(p->kind);
    bool named = firn_str_starts(note, kind); /* "JSON, one object a line" */
    firn_str rest = named ? (firn_str){note.p + strlen(kind), note.n - strlen(kind)} : note;
    p->format = firn_arena_printf(a, "%s%s%s%.*s%s%.*s", kind, codec_word(conf->files[0].name),
                                  rest.n && !named ? ", " : "", FIRN_STR_ARG(rest),
                                  records ? ": " : "", FIRN_STR_ARG(p->opt.records));
    firn_file_reader_close(r);
    return p->format ? FIRN_OK : firn_arena_raise(a, err);
}

/* --- decoded formats ----------------------------------------------------------------------- */

static firn_code start_feed(firn_peek *p, const firn_peek_conf *conf, firn_err *err)
{
    static const firn_str reserved[] = {{"x_loaded_at", 11},
                                        {FIRN_RESIDUAL_NAME, sizeof FIRN_RESIDUAL_NAME - 1}};
    const firn_ingest *in = conf->ingest;
    p->limits = firn_ingest_limits(in);
    p->policy = firn_ingest_policy(in, p->feed_conf.decoder);
    p->feed_conf = (firn_feed_conf){
        .env = p->run->env,
        .decoder = p->feed_conf.decoder,
        .format = &p->opt,
        .files = conf->files,
        .file_count = conf->file_count,
        .readers = 1,
        .given = in->columns,
        .given_count = in->column_count,
        .limits = &p->limits,
        .policy = &p->policy,
        .reserved = reserved,
        .reserved_count = p->policy.conflicts == FIRN_CONFLICTS_RESIDUAL ? 2 : 1,
        .batch_bytes = BATCH_BYTES,
        .queue_bytes = BATCH_BYTES,
        .lookahead_bytes = conf->sample_bytes,
        .window_bytes = conf->sample_bytes,
        .rejects_max = UINT64_MAX,
        .rejects_ratio = 1.0,
    };
    return firn_feed_open(&p->feed_conf, &p->feed, err);
}

static firn_code look_at_records(firn_peek *p, const firn_peek_conf *conf, firn_arena *a,
                                 firn_err *err)
{
    firn_row_source source;
    bool more;
    FIRN_TRY(start_feed(p, conf, err));
    FIRN_TRY(firn_feed_begin_unit(p->feed, conf->sample_bytes, &p->layout, &more, err));
    p->notes = firn_feed_notes(p->feed, &p->note_count);
    if (!p->layout || p->layout->type.field_count == 0) {
        p->layout = NULL;
        return FIRN_OK;
    }
    firn_feed_source(p->feed, &source, 1);
    FIRN_TRY(p->run->ops->source_add(p->run->engine, &source, &p->source, err));
    p->has_source = true;
    p->rows = firn_str_of(firn_arena_printf(a, "firn_rows(%lld)", (long long)p->source));
    return p->rows.n ? FIRN_OK : firn_arena_raise(a, err);
}

/* --- Parquet ------------------------------------------------------------------------------- */

/* The rows of the first files that have the same columns. */
static firn_code parquet_rows(firn_peek *p, const firn_peek_conf *conf, firn_arena *a,
                              firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    firn_parquet_check *checks;
    size_t count;
    size_t same = 1;
    while (same < conf->file_count && p->parquet.group_of[same] == p->parquet.group_of[0])
        same++;
    FIRN_TRY(firn_buf_adds(&sql, "(SELECT ", err));
    FIRN_TRY(firn_parquet_select(&p->parquet.groups[p->parquet.group_of[0]], p->layout,
                                 conf->ingest->columns, conf->ingest->column_count, a, &sql,
                                 &checks, &count, err));
    FIRN_TRY(firn_buf_adds(&sql, " FROM ", err));
    FIRN_TRY(firn_parquet_from(conf->files, same, &sql, err));
    for (size_t i = 0; i < count; i++)
        FIRN_TRY(firn_buf_addf(&sql, err, "%s(%.*s)", i ? " AND " : " WHERE ",
                               FIRN_STR_ARG(checks[i].sql)));
    FIRN_TRY(firn_buf_adds(&sql, ") AS firn_parquet", err));
    p->rows = firn_arena_str(a, firn_buf_str(&sql));
    p->whole = same == conf->file_count;
    return p->rows.p ? FIRN_OK : firn_arena_raise(a, err);
}

static firn_code look_at_parquet(firn_peek *p, firn_session *s, const firn_peek_conf *conf,
                                 firn_arena *a, firn_err *err)
{
    static const firn_str reserved[] = {{"x_loaded_at", 11}};
    const firn_parquet_in in = {.given = conf->ingest->columns,
                                .given_count = conf->ingest->column_count,
                                .reserved = reserved,
                                .reserved_count = 1,
                                .files = conf->files};
    firn_parquet_out out;
    FIRN_TRY(firn_parquet_look(p->run->ops, s, conf->files, conf->file_count, in.given,
                               in.given_count, a, &p->parquet, err));
    FIRN_TRY(firn_parquet_layout(&p->parquet, &in, a, &out, err));
    p->layout = out.layout;
    p->notes = out.notes;
    p->note_count = out.note_count;
    for (size_t i = 0; i < conf->file_count; i++)
        p->total_rows += p->parquet.rows[i];
    p->format = kind_word(p->kind);
    return parquet_rows(p, conf, a, err);
}

/* --- opening ------------------------------------------------------------------------------- */

firn_code firn_peek_open(firn_context *run, firn_session *s, const firn_peek_conf *conf,
                         firn_arena *a, firn_peek *ret, firn_err *err)
{
    *ret = (firn_peek){.run = run, .opt = conf->ingest->format.opt};
    for (size_t i = 0; i < conf->file_count; i++)
        ret->total_bytes += conf->files[i].stat.size;
    FIRN_TRY(firn_files_kind(run->env, conf->files, conf->file_count, conf->ingest->format.decoder,
                             &ret->kind, err));
    if (ret->kind == FIRN_FILE_PARQUET)
        return look_at_parquet(ret, s, conf, a, err);
    ret->feed_conf.decoder = firn_file_kind_decoder(ret->kind, &ret->opt);
    if (!ret->feed_conf.decoder)
        return firn_raise(err, FIRN_E_UNSUPPORTED, "files of the format %s are not read yet",
                          firn_file_kind_name(ret->kind));
    FIRN_TRY(describe(ret, conf, a, err));
    return look_at_records(ret, conf, a, err);
}

uint64_t firn_peek_bytes(const firn_peek *p)
{
    return p->feed ? firn_feed_total(p->feed).stored : p->total_bytes;
}

bool firn_peek_is_whole(const firn_peek *p)
{
    return p->feed ? firn_peek_bytes(p) >= p->total_bytes : p->whole;
}

const firn_feed_reject *firn_peek_rejects(const firn_peek *p, size_t *ret_count)
{
    *ret_count = 0;
    return p->feed ? firn_feed_rejects(p->feed, ret_count) : NULL;
}

void firn_peek_close(firn_peek *p)
{
    if (p->has_source)
        p->run->ops->source_remove(p->run->engine, p->source);
    firn_feed_close(p->feed);
    *p = (firn_peek){.run = p->run};
}
