/* SPDX-License-Identifier: Apache-2.0 */
/* The tables at the end, against what the commits in the order of their histories make of them.
 * Lists and manifests are decoded here by hand: only metadata.json is read by firn's own code. */
#include "sim.h"

#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LIVE = 80 };

/* --- Avro by hand -------------------------------------------------------------------------- */

typedef struct bytes {
    const uint8_t *p;
    const uint8_t *end;
} bytes;

static int64_t get_long(bytes *b)
{
    uint64_t v = 0;
    for (int shift = 0; b->p < b->end && shift < 64; shift += 7) {
        uint8_t x = *b->p++;
        v |= (uint64_t)(x & 0x7f) << shift;
        if (x < 0x80)
            return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
    }
    sim_fail("an Avro file ends within a number");
}

static firn_str get_text(bytes *b)
{
    int64_t n = get_long(b);
    if (n < 0 || n > b->end - b->p)
        sim_fail("an Avro file ends within a text");
    firn_str s = {(const char *)b->p, (size_t)n};
    b->p += n;
    return s;
}

static void need_null(bytes *b)
{
    if (get_long(b) != 0)
        sim_fail("a value where there is none");
}

static bytes open_avro(firn_str name)
{
    const sim_file *f = sim_find(name);
    if (!f || !f->synced)
        sim_fail("%.*s is not there", FIRN_STR_ARG(name));
    bytes b = {f->bytes, f->bytes + f->n};
    if (f->n < 4 || memcmp(b.p, "Obj\1", 4) != 0)
        sim_fail("%.*s is no Avro file", FIRN_STR_ARG(name));
    b.p += 4;
    for (int64_t n = get_long(&b); n != 0; n = get_long(&b))
        for (; n > 0; n--) {
            get_text(&b);
            get_text(&b);
        }
    b.p += 16;
    return b;
}

/* The records of the next block; 0 at the end. */
static int64_t next_block(bytes *b)
{
    if (b->p >= b->end)
        return 0;
    int64_t n = get_long(b);
    (void)get_long(b);
    return n;
}

/* --- one table ----------------------------------------------------------------------------- */

typedef struct rows {
    char v[MAX_LIVE][32];
    size_t n;
} rows;

static void add_row(rows *r, firn_str name)
{
    if (r->n == MAX_LIVE || name.n >= sizeof r->v[0])
        sim_fail("too many rows");
    snprintf(r->v[r->n++], sizeof r->v[0], "%.*s", FIRN_STR_ARG(name));
}

static size_t count_row(const rows *r, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++)
        n += strcmp(r->v[i], name) == 0;
    return n;
}

static void read_manifest(firn_str path, rows *live)
{
    bytes b = open_avro(path);
    for (int64_t n = next_block(&b); n > 0; n = next_block(&b)) {
        for (; n > 0; n--) {
            int64_t status = get_long(&b);
            for (int i = 0; i < 3; i++) /* snapshot and sequence numbers */
                if (get_long(&b))
                    get_long(&b);
            get_long(&b); /* content */
            firn_str name = get_text(&b);
            get_text(&b); /* format */
            get_long(&b); /* records */
            get_long(&b); /* bytes */
            for (int i = 0; i < 11; i++)
                need_null(&b);
            if (status != 2)
                add_row(live, name);
        }
        b.p += 16;
    }
}

/* Notes a file as named by a table. */
static bool named[MAX_FILES];

static void name_file(firn_str path)
{
    const sim_file *f = sim_find(path);
    if (!f || !f->synced)
        sim_fail("%.*s is named and not there", FIRN_STR_ARG(path));
    named[f - W.files] = true;
}

/* Reads a list; live rows are wanted of the current snapshot only. */
static void read_list(firn_str path, rows *live)
{
    bytes b = open_avro(path);
    for (int64_t n = next_block(&b); n > 0; n = next_block(&b)) {
        for (; n > 0; n--) {
            firn_str manifest = get_text(&b);
            int64_t length = get_long(&b);
            for (int i = 0; i < 11; i++)
                get_long(&b);
            need_null(&b); /* partitions */
            need_null(&b); /* key metadata */
            name_file(manifest);
            if (sim_find(manifest)->n != (size_t)length)
                sim_fail("%.*s has another length", FIRN_STR_ARG(manifest));
            if (live)
                read_manifest(manifest, live);
        }
        b.p += 16;
    }
}

/* --- the history --------------------------------------------------------------------------- */

/* In how many snapshots of each table a commit stands. */
static int seen[MAX_COMMITS][TABLES];

/* Up to where each stream must be landed in the table. */
typedef struct streams {
    int64_t own[3];
    int64_t shared;
} streams;

static int64_t *stream_of(streams *s, const sim_commit *c)
{
    return c->kind == APPEND_SHARED ? &s->shared : &s->own[c->writer];
}

static void check_link(const firn_metadata *m, size_t i)
{
    const firn_snapshot *s = &m->snapshots[i];
    int64_t parent = i ? m->snapshots[i - 1].snapshot_id : FIRN_NO_SNAPSHOT;
    if (s->parent_id != parent)
        sim_fail("snapshot %zu of %.*s has the parent %lld", i, FIRN_STR_ARG(m->location),
                 (long long)s->parent_id);
    if (s->sequence_number != (int64_t)i + 1)
        sim_fail("snapshot %zu of %.*s has the sequence number %lld", i, FIRN_STR_ARG(m->location),
                 (long long)s->sequence_number);
    if (i && s->timestamp_ms < m->snapshots[i - 1].timestamp_ms)
        sim_fail("snapshot %zu of %.*s is older than its parent", i, FIRN_STR_ARG(m->location));
    const json_t *log = json_array_get(json_object_get(m->root, "snapshot-log"), i);
    if (json_integer_value(json_object_get(log, "snapshot-id")) != s->snapshot_id ||
        json_integer_value(json_object_get(log, "timestamp-ms")) != s->timestamp_ms)
        sim_fail("entry %zu of the snapshot log of %.*s", i, FIRN_STR_ARG(m->location));
}

static void replay(const firn_metadata *m, int table, size_t i, rows *live, streams *at)
{
    char row[32];
    int64_t n;
    firn_str text = firn_snapshot_summary(&m->snapshots[i], "n");
    if (firn_str_eqc(text, "base")) {
        add_row(live, FIRN_STR_LIT("/base"));
        return;
    }
    if (!text.p || !firn_str_i64(text, &n) || n < 0 || (size_t)n >= sim_commit_count)
        sim_fail("a snapshot of nobody");
    const sim_commit *c = &sim_commits[n];
    bool belongs = c->table == table || (c->kind == TWO_TABLES && c->other == table);
    if (!belongs || ++seen[n][table] > 1)
        sim_fail("commit %lld stands twice, or in the wrong table", (long long)n);
    if (c->result == REFUSED)
        sim_fail("commit %lld was refused and is there", (long long)n);
    if (c->kind == REPLACE)
        live->n = 0;
    sim_row((size_t)n, row);
    add_row(live, firn_str_of(row));
    if (!sim_stream(c) || c->table != table)
        return;
    if (c->value != *stream_of(at, c) + 1)
        sim_fail("commit %lld lands %lld behind %lld: a row twice, or not at all", (long long)n,
                 (long long)c->value, (long long)*stream_of(at, c));
    *stream_of(at, c) = c->value;
}

/* --- what the table says of itself --------------------------------------------------------- */

static void check_position(const firn_metadata *m, firn_arena *a, const streams *at)
{
    static const char *const names[] = {"w0", "w1", "w2", "shared"};
    firn_position p;
    firn_err err = {0};
    if (firn_position_find(&sim_io, m, a, &p, &err) != FIRN_OK)
        sim_fail("the position: %s", err.text);
    for (size_t i = 0; i < 4; i++) {
        int64_t want = i < 3 ? at->own[i] : at->shared;
        const json_t *part = firn_position_part(&p, firn_str_of(names[i]), FIRN_STR_LIT("p"));
        if (json_integer_value(part) != want ||
            firn_position_seq(&p, firn_str_of(names[i])) != want)
            sim_fail("%s of %.*s is at %lld, not at %lld", names[i], FIRN_STR_ARG(m->location),
                     (long long)json_integer_value(part), (long long)want);
    }
    const firn_ref *tag = firn_metadata_ref(m, FIRN_STR_LIT(FIRN_POSITION_TAG));
    if (p.state == FIRN_POSITION_FOUND && (!tag || tag->snapshot_id != m->current_snapshot_id))
        sim_fail("the tag of %.*s is not at its head", FIRN_STR_ARG(m->location));
}

static void check_columns(const firn_metadata *m, int table)
{
    const firn_type *t = &m->schema->type;
    for (size_t i = 0; i < t->field_count; i++)
        for (size_t k = 0; k < i; k++)
            if (t->fields[i].id == t->fields[k].id ||
                firn_str_eq(t->fields[i].name, t->fields[k].name))
                sim_fail("two columns share an id or a name");
    for (size_t n = 0; n < sim_commit_count; n++) {
        const sim_commit *c = &sim_commits[n];
        bool there = *c->column && firn_type_field(t, firn_str_of(c->column));
        bool wanted = *c->column && seen[n][table];
        if (c->table == table && there != wanted)
            sim_fail("column %s of commit %zu is %s", c->column, n, there ? "there" : "missing");
    }
}

static void check_rows(const firn_metadata *m, const rows *want)
{
    rows got = {.n = 0};
    const firn_snapshot *s = firn_metadata_current(m);
    if (s)
        read_list(s->manifest_list, &got);
    if (got.n != want->n)
        sim_fail("%.*s has %zu rows, not %zu", FIRN_STR_ARG(m->location), got.n, want->n);
    for (size_t i = 0; i < want->n; i++)
        if (count_row(&got, want->v[i]) != 1)
            sim_fail("%s stands %zu times", want->v[i], count_row(&got, want->v[i]));
    char total[24];
    snprintf(total, sizeof total, "%zu", want->n);
    if (s && (!firn_str_eqc(firn_snapshot_summary(s, "total-data-files"), total) ||
              !firn_str_eqc(firn_snapshot_summary(s, "total-records"), total)))
        sim_fail("the totals of %.*s are wrong", FIRN_STR_ARG(m->location));
}

static void name_files(const firn_metadata *m)
{
    name_file(m->location_of_file);
    const json_t *log = json_object_get(m->root, "metadata-log");
    for (size_t i = 0; i < json_array_size(log); i++)
        name_file(firn_json_text(json_object_get(json_array_get(log, i), "metadata-file")));
    for (size_t i = 0; i < m->snapshot_count; i++) {
        name_file(m->snapshots[i].manifest_list);
        read_list(m->snapshots[i].manifest_list, NULL);
    }
}

static void check_table(int table, firn_arena *a)
{
    const firn_metadata *m;
    firn_err err = {0};
    rows live = {.n = 0};
    streams at = {0};
    if (!*W.location[table])
        return;
    if (firn_metadata_load(&sim_io, firn_str_of(W.location[table]), a, &m, &err) != FIRN_OK)
        sim_fail("%s", err.text);
    for (size_t i = 0; i < m->snapshot_count; i++) {
        check_link(m, i);
        replay(m, table, i, &live, &at);
    }
    size_t n = m->snapshot_count;
    if (n && m->current_snapshot_id != m->snapshots[n - 1].snapshot_id)
        sim_fail("the newest snapshot is not the current one");
    if (m->last_sequence_number != (int64_t)n)
        sim_fail("last-sequence-number is %lld", (long long)m->last_sequence_number);
    check_rows(m, &live);
    check_position(m, a, &at);
    check_columns(m, table);
    name_files(m);
}

/* --- all ----------------------------------------------------------------------------------- */

static void check_answers(void)
{
    for (size_t n = 0; n < sim_commit_count; n++) {
        const sim_commit *c = &sim_commits[n];
        bool here = seen[n][c->table] == 1;
        if (c->result == ACKNOWLEDGED && !here)
            sim_fail("commit %zu was acknowledged and is not there", n);
        if (c->kind == TWO_TABLES && here != (seen[n][c->other] == 1))
            sim_fail("commit %zu stands in one table and not in the other", n);
    }
}

void sim_check_tables(void)
{
    firn_arena *a = firn_arena_new("the check", 0);
    memset(seen, 0, sizeof seen);
    memset(named, 0, sizeof named);
    for (int i = 0; i < TABLES; i++)
        check_table(i, a);
    check_answers();
    for (size_t i = 0; i < W.file_count && !W.orphans_allowed; i++)
        if (!W.files[i].gone && !named[i])
            sim_fail("%s was left behind", W.files[i].name);
    firn_arena_free(a);
}
