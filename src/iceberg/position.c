/* SPDX-License-Identifier: Apache-2.0 */
#include "iceberg/position.h"
#include "iceberg/metadata_int.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>
#include <zstd.h>

#define POSITION_VERSION  1
#define SUMMARY_MAX_BYTES ((size_t)2048)
#define HEADER_MAX_BYTES  ((size_t)4 << 20)
#define PLAIN_MAX_BYTES   ((size_t)64 << 20)
#define HEADER_KEY        "firn.position"

/* --- stamps -------------------------------------------------------------------------------- */

static firn_code compress(firn_slice in, firn_buf *out, firn_err *err)
{
    size_t bound = ZSTD_compressBound(in.n);
    FIRN_TRY(firn_buf_reserve(out, bound, err));
    size_t n = ZSTD_compress(out->p, bound, in.p, in.n, 3);
    if (ZSTD_isError(n))
        return firn_raise(err, FIRN_E_BUG, "zstd: %s", ZSTD_getErrorName(n));
    out->n = n;
    return FIRN_OK;
}

static firn_code decompress(firn_slice in, uint64_t size, firn_buf *out, firn_err *err)
{
    if (size > PLAIN_MAX_BYTES)
        return firn_raise(err, FIRN_E_DATA, "a position of %llu bytes", (unsigned long long)size);
    FIRN_TRY(firn_buf_reserve(out, (size_t)size, err));
    size_t n = ZSTD_decompress(out->p, (size_t)size, in.p, in.n);
    if (ZSTD_isError(n) || n != size)
        return firn_raise(err, FIRN_E_DATA, "the position is damaged");
    out->n = n;
    return FIRN_OK;
}

static firn_code stamp_header(firn_slice text, firn_arena *a, json_t *summary,
                              firn_position_stamp *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf packed = FIRN_BUF(PLAIN_MAX_BYTES * 2);
    FIRN_AUTO(firn_buf_free) firn_buf base64 = FIRN_BUF(PLAIN_MAX_BYTES * 4);
    uint8_t sha[32];
    char hex[65];
    FIRN_TRY(compress(text, &packed, err));
    FIRN_TRY(firn_base64(firn_buf_slice(&packed), &base64, err));
    if (base64.n > HEADER_MAX_BYTES)
        return firn_raise(err, FIRN_E_LIMIT,
                          "the position needs %zu bytes; a snapshot keeps at most %zu", base64.n,
                          HEADER_MAX_BYTES);
    FIRN_TRY(firn_sha256(text.p, text.n, sha, err));
    firn_hex(sha, sizeof sha, hex);
    char size[24];
    snprintf(size, sizeof size, "%zu", text.n);
    FIRN_TRY(firn_json_set(summary, "firn.position-size", json_string(size), err));
    FIRN_TRY(firn_json_set(summary, "firn.position-sha256", json_string(hex), err));
    ret->header_key = HEADER_KEY;
    ret->header_value = firn_arena_copy(a, firn_buf_slice(&base64));
    return ret->header_value.p ? FIRN_OK : firn_arena_raise(a, err);
}

firn_code firn_position_stamp_make(const json_t *position, firn_arena *a, json_t *summary,
                                   firn_position_stamp *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF(PLAIN_MAX_BYTES);
    *ret = (firn_position_stamp){0};
    FIRN_TRY(firn_json_print(position, 0, &text, err));
    if (text.n > SUMMARY_MAX_BYTES)
        return stamp_header(firn_buf_slice(&text), a, summary, ret, err);
    return firn_json_set(summary, HEADER_KEY, firn_json_new_str(firn_buf_str(&text)), err);
}

static bool is_stamped(const firn_snapshot *s)
{
    return firn_snapshot_summary(s, HEADER_KEY).p ||
           firn_snapshot_summary(s, "firn.position-size").p;
}

static firn_code parse_position(firn_slice text, firn_arena *a, json_t **ret, firn_err *err)
{
    json_t *root = NULL;
    int64_t version;
    FIRN_TRY(firn_json_parse(text, &root, err));
    FIRN_TRY(firn_json_keep(root, a, err));
    FIRN_TRY(firn_json_i64(root, "v", &version, err));
    if (version > POSITION_VERSION)
        return firn_raise(err, FIRN_E_UNSUPPORTED,
                          "the position has version %lld, this firn knows %d: use a newer firn",
                          (long long)version, POSITION_VERSION);
    *ret = root;
    return FIRN_OK;
}

/* Reads a position from the header of the snapshot's manifest list, checking size and digest. */
static firn_code position_in_header(const firn_io *io, const firn_snapshot *s, firn_str size_text,
                                    firn_arena *a, json_t **ret, firn_err *err)
{
    firn_manifest_file *list;
    size_t count;
    firn_slice header;
    uint64_t size = 0;
    FIRN_AUTO(firn_buf_free) firn_buf packed = FIRN_BUF(HEADER_MAX_BYTES);
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF(PLAIN_MAX_BYTES);
    FIRN_TRY(firn_manifest_list_read(io, s, HEADER_KEY, a, &list, &count, &header, err));
    if (!header.p || !firn_str_u64(size_text, &size))
        return firn_raise(err, FIRN_E_DATA, "the manifest list of snapshot %lld has no position",
                          (long long)s->snapshot_id);
    FIRN_TRY(firn_unbase64((firn_str){(const char *)header.p, header.n}, &packed, err));
    FIRN_TRY(decompress(firn_buf_slice(&packed), size, &text, err));
    uint8_t sha[32];
    char hex[65];
    FIRN_TRY(firn_sha256(text.p, text.n, sha, err));
    firn_hex(sha, sizeof sha, hex);
    if (!firn_str_eqc(firn_snapshot_summary(s, "firn.position-sha256"), hex))
        return firn_raise(err, FIRN_E_DATA, "the position of snapshot %lld is damaged",
                          (long long)s->snapshot_id);
    return parse_position(firn_buf_slice(&text), a, ret, err);
}

firn_code firn_position_of(const firn_io *io, const firn_snapshot *s, firn_arena *a, json_t **ret,
                           firn_err *err)
{
    firn_str text = firn_snapshot_summary(s, HEADER_KEY);
    firn_str size = firn_snapshot_summary(s, "firn.position-size");
    *ret = NULL;
    if (text.p)
        return parse_position((firn_slice){(const uint8_t *)text.p, text.n}, a, ret, err);
    return size.p ? position_in_header(io, s, size, a, ret, err) : FIRN_OK;
}

/* --- finding the position of a table ------------------------------------------------------- */

/* Where the walk from main to its ancestors ended. */
typedef struct walk {
    const firn_metadata *older;   /* metadata read from the log so far; NULL: none yet */
    size_t next_log;              /* entries of the metadata log not read yet */
    const firn_snapshot *stamped; /* newest stamped ancestor */
    bool met_tag;
    bool cut; /* a parent is in no metadata that can be read */
} walk;

/* Looks for a snapshot in the metadata files of the log, newest first. */
static const firn_snapshot *find_in_log(const firn_io *io, const firn_metadata *m, int64_t id,
                                        firn_arena *a, walk *w)
{
    const json_t *log = json_object_get(m->root, "metadata-log");
    for (;;) {
        const firn_snapshot *s = w->older ? firn_metadata_snapshot(w->older, id) : NULL;
        if (s || w->next_log == 0)
            return s;
        const json_t *entry = json_array_get(log, --w->next_log);
        const json_t *file = json_object_get(entry, "metadata-file");
        const firn_metadata *older;
        if (json_is_string(file) &&
            firn_metadata_load(io, firn_json_text(file), a, &older, NULL) == FIRN_OK)
            w->older = older; /* one that is gone is passed over */
    }
}

static void walk_ancestors(const firn_io *io, const firn_metadata *m, const firn_ref *tag,
                           firn_arena *a, walk *w)
{
    int64_t id = m->current_snapshot_id;
    w->next_log = json_array_size(json_object_get(m->root, "metadata-log"));
    for (size_t steps = 0; id != FIRN_NO_SNAPSHOT; steps++) {
        const firn_snapshot *s = firn_metadata_snapshot(m, id);
        if (!s)
            s = find_in_log(io, m, id, a, w);
        if (!s || steps > 10000000) {
            w->cut = true;
            return;
        }
        if (!w->stamped && is_stamped(s))
            w->stamped = s;
        if (tag && tag->snapshot_id == id) {
            w->met_tag = true;
            return;
        }
        if (w->stamped && !tag)
            return;
        id = s->parent_id;
    }
}

static firn_code lost(const firn_metadata *m, const firn_ref *tag, const walk *w, firn_err *err)
{
    char tag_text[64] = "there is no tag 'firn'";
    char stamped_text[64] = "no ancestor of main is stamped";
    if (tag)
        snprintf(tag_text, sizeof tag_text, "tag 'firn' names snapshot %lld",
                 (long long)tag->snapshot_id);
    if (w->stamped)
        snprintf(stamped_text, sizeof stamped_text, "the newest stamped ancestor is %lld",
                 (long long)w->stamped->snapshot_id);
    firn_raise(err, FIRN_E_SOURCE_LOST,
               "it cannot be told up to where the sources were landed: main is at snapshot %lld, "
               "%s, %s, and expired snapshots between them left no trace",
               (long long)m->current_snapshot_id, tag_text, stamped_text);
    long long offer = tag ? tag->snapshot_id : w->stamped ? w->stamped->snapshot_id : 0;
    if (offer)
        return firn_err_advise(err,
                               "if the rows of snapshot %lld are all in the table, run again with "
                               "--accept-position %lld; to land everything anew: --full-refresh",
                               offer, offer);
    return firn_err_advise(err, "to land everything anew, run again with --full-refresh");
}

static firn_code use_stamp(const firn_io *io, const firn_snapshot *s, firn_arena *a,
                           firn_position *ret, firn_err *err)
{
    json_t *root;
    FIRN_TRY(firn_position_of(io, s, a, &root, err));
    *ret =
        (firn_position){.state = FIRN_POSITION_FOUND, .root = root, .snapshot_id = s->snapshot_id};
    return FIRN_OK;
}

firn_code firn_position_find(const firn_io *io, const firn_metadata *m, firn_arena *a,
                             firn_position *ret, firn_err *err)
{
    const firn_ref *tag = firn_metadata_ref(m, FIRN_STR_LIT(FIRN_POSITION_TAG));
    walk w = {0};
    walk_ancestors(io, m, tag, a, &w);
    if (w.met_tag) {
        const firn_snapshot *s = firn_metadata_snapshot(m, tag->snapshot_id);
        if (!is_stamped(s))
            return lost(m, tag, &w, err);
        return use_stamp(io, s, a, ret, err);
    }
    if (w.cut && (tag || !w.stamped)) {
        bool ours = tag || firn_metadata_property(m, "firn.stamped").p;
        if (ours)
            return lost(m, tag, &w, err);
    }
    if (w.stamped)
        return use_stamp(io, w.stamped, a, ret, err);
    *ret = (firn_position){.state = FIRN_POSITION_NONE, .snapshot_id = FIRN_NO_SNAPSHOT};
    return FIRN_OK;
}

/* --- parts and moves ----------------------------------------------------------------------- */

static json_t *get_n(const json_t *obj, firn_str key)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)obj, name, value)
    {
        if (firn_str_eqc(key, name))
            return value;
    }
    return NULL;
}

static json_t *stream_of(const json_t *root, firn_str stream)
{
    return get_n(json_object_get(root, "streams"), stream);
}

const json_t *firn_position_part(const firn_position *p, firn_str stream, firn_str part)
{
    return get_n(json_object_get(stream_of(p->root, stream), "parts"), part);
}

int64_t firn_position_seq(const firn_position *p, firn_str stream)
{
    return json_integer_value(json_object_get(stream_of(p->root, stream), "seq"));
}

static firn_code twin(firn_str stream, firn_err *err)
{
    firn_raise(err, FIRN_E_CONFLICT,
               "another firn landed the stream %s meanwhile; this run committed nothing of it",
               firn_quote(stream).s);
    return firn_err_advise(err, "run again: what the other one landed is then left out");
}

static firn_code apply_move(json_t *root, const firn_position_move *move, firn_err *err)
{
    json_t *streams = json_object_get(root, "streams");
    json_t *stream = get_n(streams, move->stream);
    if (!stream) {
        stream = json_object();
        FIRN_TRY(firn_json_setn(streams, move->stream, stream, err));
        FIRN_TRY(firn_json_set(stream, "seq", json_integer(0), err));
        FIRN_TRY(firn_json_set(stream, "parts", json_object(), err));
    }
    json_t *parts = json_object_get(stream, "parts");
    const json_t *have = get_n(parts, move->part);
    bool same = have && move->from ? json_equal(have, move->from) : !have && !move->from;
    if (!same)
        return twin(move->stream, err);
    return firn_json_setn(parts, move->part, json_deep_copy(move->to), err);
}

/* Streams that moved count one commit more. */
static firn_code count_streams(json_t *root, const firn_position_move *moves, size_t count,
                               firn_err *err)
{
    for (size_t i = 0; i < count; i++) {
        bool first = true;
        for (size_t k = 0; k < i; k++)
            first = first && !firn_str_eq(moves[k].stream, moves[i].stream);
        json_t *stream = stream_of(root, moves[i].stream);
        int64_t seq = json_integer_value(json_object_get(stream, "seq"));
        if (first)
            FIRN_TRY(firn_json_set(stream, "seq", json_integer(seq + 1), err));
    }
    return FIRN_OK;
}

firn_code firn_position_advance(const firn_position *base, const firn_position_move *moves,
                                size_t count, firn_arena *a, json_t **ret, firn_err *err)
{
    json_t *root = base->root ? json_deep_copy(base->root)
                              : json_pack("{s:i, s:{}}", "v", POSITION_VERSION, "streams");
    if (!root)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_json_keep(root, a, err));
    if (!json_is_object(json_object_get(root, "streams")))
        return firn_raise(err, FIRN_E_DATA, "the position has no streams");
    for (size_t i = 0; i < count; i++)
        FIRN_TRY(apply_move(root, &moves[i], err));
    FIRN_TRY(count_streams(root, moves, count, err));
    *ret = root;
    return FIRN_OK;
}
