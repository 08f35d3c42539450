/* SPDX-License-Identifier: Apache-2.0 */
#include "iceberg/position.h"
#include "iceberg/metadata_int.h"

#include "base/hash.h"
#include "base/map.h"
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
#define MAX_ANCESTORS     ((size_t)1000000) /* a chain of parents may be a ring */

/* --- stamps -------------------------------------------------------------------------------- */

static firn_code compress(firn_slice in, firn_buf *out, firn_err *err)
{
    size_t bound = ZSTD_compressBound(in.n);
    FIRN_TRY(firn_buf_reserve(out, bound, err));
    size_t n = ZSTD_compress(out->p, bound, in.p, in.n, 3);
    if (ZSTD_isError(n))
        return firn_raise(err, FIRN_E_BUG, "zstd: %s", ZSTD_getErrorName(n));
    out->n = n;
    out->p[n] = '\0';
    return FIRN_OK;
}

static firn_code decompress(firn_slice in, uint64_t size, firn_buf *out, firn_err *err)
{
    if (size > PLAIN_MAX_BYTES)
        return firn_raise(err, FIRN_E_DATA, "it has %llu bytes", (unsigned long long)size);
    FIRN_TRY(firn_buf_reserve(out, (size_t)size, err));
    size_t n = ZSTD_decompress(out->p, (size_t)size, in.p, in.n);
    if (ZSTD_isError(n) || n != size)
        return firn_raise(err, FIRN_E_DATA, "it is damaged");
    out->n = n;
    out->p[n] = '\0';
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
    if (version > POSITION_VERSION) {
        firn_raise(err, FIRN_E_UNSUPPORTED, "it has version %lld, this firn knows %d",
                   (long long)version, POSITION_VERSION);
        return firn_err_advise(err, "a newer firn wrote the table: use that, or one still newer");
    }
    if (version < 1 || !json_is_object(json_object_get(root, "streams")))
        return firn_raise(err, FIRN_E_DATA, "it has no streams");
    *ret = root;
    return FIRN_OK;
}

/* Reads a position from the header of the snapshot's manifest list, checking size and digest.
 * Errors call it "it": the caller says whose position. */
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
        return firn_raise(err, FIRN_E_DATA, "it is not in the manifest list %s",
                          firn_quote(s->manifest_list).s);
    FIRN_TRY(firn_unbase64((firn_str){(const char *)header.p, header.n}, &packed, err));
    FIRN_TRY(decompress(firn_buf_slice(&packed), size, &text, err));
    uint8_t sha[32];
    char hex[65];
    FIRN_TRY(firn_sha256(text.p, text.n, sha, err));
    firn_hex(sha, sizeof sha, hex);
    if (!firn_str_eqc(firn_snapshot_summary(s, "firn.position-sha256"), hex))
        return firn_raise(err, FIRN_E_DATA, "it is damaged");
    return parse_position(firn_buf_slice(&text), a, ret, err);
}

firn_code firn_position_of(const firn_io *io, const firn_snapshot *s, firn_arena *a, json_t **ret,
                           firn_err *err)
{
    firn_str text = firn_snapshot_summary(s, HEADER_KEY);
    firn_str size = firn_snapshot_summary(s, "firn.position-size");
    json_t *root = NULL;
    firn_code code = FIRN_OK;
    if (text.p)
        code = parse_position((firn_slice){(const uint8_t *)text.p, text.n}, a, &root, err);
    else if (size.p)
        code = position_in_header(io, s, size, a, &root, err);
    if (code != FIRN_OK)
        return firn_wrap(err, "the position of snapshot %lld", (long long)s->snapshot_id);
    *ret = root;
    return FIRN_OK;
}

/* --- finding the position of a table ------------------------------------------------------- */

/* The walk from main to its ancestors. */
typedef struct walk {
    const firn_io *io;
    const firn_metadata *m;
    firn_arena *arena;          /* of `older` */
    const firn_metadata *older; /* metadata read from the log last; NULL: none yet */
    size_t next_log;            /* entries of the metadata log not read yet */
    bool cut;                   /* a parent is in no metadata that can be read */
} walk;

static void end_walk(walk *w)
{
    firn_arena_free(w->arena);
}

/* Files of the log that were removed, or cannot be made out, are passed over. */
static bool may_be_passed_over(firn_code code)
{
    return code == FIRN_E_NOTFOUND || code == FIRN_E_DATA || code == FIRN_E_UNSUPPORTED;
}

static firn_code load_older(walk *w, firn_err *err)
{
    firn_err local = {0};
    const json_t *log = json_object_get(w->m->root, "metadata-log");
    const json_t *file = json_object_get(json_array_get(log, --w->next_log), "metadata-file");
    if (!json_is_string(file))
        return FIRN_OK;
    firn_arena_free(w->arena);
    w->older = NULL;
    w->arena = firn_arena_new("older metadata", 0);
    if (!w->arena)
        return firn_raise_nomem(err);
    firn_code code = firn_metadata_load(w->io, firn_json_text(file), w->arena, &w->older, &local);
    if (code == FIRN_OK || may_be_passed_over(code))
        return FIRN_OK;
    if (err)
        *err = local;
    return code;
}

/* Looks for a snapshot in the table, then in the metadata files of the log, newest first; NULL in
 * *ret if it left no trace.  What is found in older metadata lives until the next call. */
static firn_code find_snapshot(walk *w, int64_t id, bool in_log, const firn_snapshot **ret,
                               firn_err *err)
{
    const firn_snapshot *s = firn_metadata_snapshot(w->m, id);
    if (!s && w->older)
        s = firn_metadata_snapshot(w->older, id);
    while (!s && in_log && w->next_log > 0) {
        FIRN_TRY(load_older(w, err));
        s = w->older ? firn_metadata_snapshot(w->older, id) : NULL;
    }
    *ret = s;
    return FIRN_OK;
}

/* The parent that a snapshot had before others expired it: PyIceberg then writes the snapshot as if
 * it had never had one.  FIRN_NO_SNAPSHOT in *ret if it had none, or none is known. */
static firn_code older_parent(walk *w, int64_t child, int64_t *ret, firn_err *err)
{
    *ret = FIRN_NO_SNAPSHOT;
    for (;;) {
        const firn_snapshot *s = w->older ? firn_metadata_snapshot(w->older, child) : NULL;
        if (s && s->parent_id != FIRN_NO_SNAPSHOT)
            *ret = s->parent_id;
        bool made_later = w->older && !s;
        if (*ret != FIRN_NO_SNAPSHOT || made_later || w->next_log == 0)
            return FIRN_OK;
        FIRN_TRY(load_older(w, err));
    }
}

/* Finds the newest stamped ancestor of main; NULL in *ret if there is none, or none to be found. */
static firn_code find_stamped(walk *w, bool in_log, const firn_snapshot **ret, firn_err *err)
{
    int64_t id = w->m->current_snapshot_id;
    *ret = NULL;
    for (size_t steps = 0; id != FIRN_NO_SNAPSHOT; steps++) {
        const firn_snapshot *s;
        FIRN_TRY(find_snapshot(w, id, in_log, &s, err));
        if (!s || steps > MAX_ANCESTORS) {
            w->cut = true;
            return FIRN_OK;
        }
        if (is_stamped(s)) {
            *ret = s;
            return FIRN_OK;
        }
        id = s->parent_id;
        if (id == FIRN_NO_SNAPSHOT && in_log)
            FIRN_TRY(older_parent(w, s->snapshot_id, &id, err));
    }
    return FIRN_OK;
}

/* The snapshot that the tag pins; NULL if there is no tag, or one that is not firn's. */
static const firn_snapshot *tagged(const firn_metadata *m)
{
    const firn_ref *tag = firn_metadata_ref(m, FIRN_STR_LIT(FIRN_POSITION_TAG));
    const firn_snapshot *s = tag ? firn_metadata_snapshot(m, tag->snapshot_id) : NULL;
    return s && is_stamped(s) ? s : NULL;
}

/* The oldest ancestor of a snapshot; NULL if expiry cut the chain. */
static const firn_snapshot *root_of(const firn_metadata *m, const firn_snapshot *s)
{
    for (size_t steps = 0; s && s->parent_id != FIRN_NO_SNAPSHOT && steps < MAX_ANCESTORS; steps++)
        s = firn_metadata_snapshot(m, s->parent_id);
    return s && s->parent_id == FIRN_NO_SNAPSHOT ? s : NULL;
}

/* Whether main was rolled back to before anything was landed: its ancestors, none of which is
 * stamped, are also those of a stamped snapshot.  A table that was made anew has others. */
static bool is_before_landing(const firn_metadata *m, const firn_snapshot *tag)
{
    const firn_snapshot *stamped = tag;
    for (size_t i = m->snapshot_count; i > 0 && !stamped; i--)
        if (is_stamped(&m->snapshots[i - 1]))
            stamped = &m->snapshots[i - 1];
    const firn_snapshot *root = root_of(m, firn_metadata_current(m));
    return stamped && root && root == root_of(m, stamped);
}

static firn_code lost(const firn_metadata *m, const firn_snapshot *tag, const char *why,
                      firn_err *err)
{
    char tag_text[64] = "there is no tag 'firn'";
    if (tag)
        snprintf(tag_text, sizeof tag_text, "tag 'firn' names snapshot %lld",
                 (long long)tag->snapshot_id);
    firn_raise(err, FIRN_E_SOURCE_LOST,
               "it cannot be told up to where the sources were landed: main is at snapshot %lld, "
               "%s, %s",
               (long long)m->current_snapshot_id, tag_text, why);
    if (!tag)
        return firn_err_advise(err, "to land everything anew, run again with --full-refresh");
    return firn_err_advise(err,
                           "if the rows of snapshot %lld are all in the table, run again with "
                           "--accept-position %lld; to land everything anew: --full-refresh",
                           (long long)tag->snapshot_id, (long long)tag->snapshot_id);
}

static firn_code use_stamp(const walk *w, const firn_snapshot *s, const firn_snapshot *tag,
                           firn_arena *a, firn_position *ret, firn_err *err)
{
    json_t *root;
    firn_code code = firn_position_of(w->io, s, a, &root, err);
    if (code == FIRN_E_NOTFOUND)
        return lost(w->m, tag, "and the position of its newest stamped ancestor was removed", err);
    FIRN_TRY(code);
    *ret =
        (firn_position){.state = FIRN_POSITION_FOUND, .root = root, .snapshot_id = s->snapshot_id};
    return FIRN_OK;
}

firn_code firn_position_find(const firn_io *io, const firn_metadata *m, firn_arena *a,
                             firn_position *ret, firn_err *err)
{
    FIRN_AUTO(end_walk) walk w = {.io = io, .m = m};
    const firn_snapshot *stamped;
    const firn_snapshot *tag = tagged(m);
    bool ours = tag || firn_metadata_property(m, FIRN_POSITION_PROPERTY).p;
    w.next_log = json_array_size(json_object_get(m->root, "metadata-log"));
    FIRN_TRY(find_stamped(&w, ours, &stamped, err));
    if (stamped)
        return use_stamp(&w, stamped, tag, a, ret, err);
    if (ours && w.cut)
        return lost(m, tag,
                    tag ? "and expired snapshots between them left no trace"
                        : "and expired snapshots before it left no trace",
                    err);
    bool has_rows = m->current_snapshot_id != FIRN_NO_SNAPSHOT;
    if (ours && has_rows && !is_before_landing(m, tag))
        return lost(m, tag, "and no snapshot that it was built on carries a position", err);
    *ret = (firn_position){.state = FIRN_POSITION_NONE, .snapshot_id = FIRN_NO_SNAPSHOT};
    return FIRN_OK;
}

/* --- parts and moves ----------------------------------------------------------------------- */

static json_t *get_n(const json_t *obj, firn_str key)
{
    return key.p ? json_object_getn(obj, key.p, key.n) : NULL;
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
    firn_err_id(err, FIRN_ID_TWIN);
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
    if (!json_is_object(parts))
        return firn_raise(err, FIRN_E_DATA, "the position of the stream %s has no parts",
                          firn_quote(move->stream).s);
    const json_t *have = get_n(parts, move->part);
    bool same = have && move->from ? json_equal(have, move->from) : !have && !move->from;
    if (!same)
        return twin(move->stream, err);
    return firn_json_setn(parts, move->part, json_deep_copy(move->to), err);
}

/* Streams that moved count one commit more. */
static firn_code count_streams(json_t *root, const firn_position_move *moves, size_t count,
                               firn_arena *a, firn_err *err)
{
    static int seen;
    firn_map counted = FIRN_MAP(a);
    for (size_t i = 0; i < count; i++) {
        if (firn_map_get(&counted, moves[i].stream))
            continue;
        if (!firn_map_put(&counted, moves[i].stream, &seen))
            return firn_arena_raise(a, err);
        json_t *stream = stream_of(root, moves[i].stream);
        int64_t seq = json_integer_value(json_object_get(stream, "seq"));
        if (seq == INT64_MAX)
            return firn_raise(err, FIRN_E_LIMIT, "stream %s: its commits cannot be counted on",
                              firn_quote(moves[i].stream).s);
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
    if (base->root && !json_equal(root, base->root))
        return firn_raise_nomem(err); /* jansson leaves out what it has no memory for */
    for (size_t i = 0; i < count; i++)
        FIRN_TRY(apply_move(root, &moves[i], err));
    FIRN_TRY(count_streams(root, moves, count, a, err));
    *ret = root;
    return FIRN_OK;
}
