/* SPDX-License-Identifier: Apache-2.0 */
/* iceberg/position: stamps small and large, finding the one that holds, compare-and-set.
 * DESIGN.md §5. */
#include "check.h"
#include "ice_help.h"

#include "iceberg/position.h"

/* --- stamps -------------------------------------------------------------------------------- */

/* A position with `parts` parts of about 40 bytes that do not compress well. */
static json_t *position_of(size_t parts)
{
    json_t *root = json_of("{'v':1,'streams':{'files.drop':{'seq':3,'epoch':2,'parts':{}}}}");
    json_t *list =
        json_object_get(json_object_get(json_object_get(root, "streams"), "files.drop"), "parts");
    uint64_t seed = 1;
    for (size_t i = 0; i < parts; i++) {
        char key[40];
        snprintf(key, sizeof key, "%016llx", (unsigned long long)splitmix(&seed));
        json_object_set_new(list, key, json_integer((json_int_t)(splitmix(&seed) >> 1)));
    }
    return root;
}

/* Stamps a snapshot whose manifest list lies at /list, and returns it. */
static firn_snapshot stamp(mem_io *io, const json_t *position)
{
    json_t *summary = json_of("{'operation':'append'}");
    firn_position_stamp st;
    check_ok(firn_position_stamp_make(position, A, summary, &st, &E), &E);
    const firn_manifest_list_head head = {
        9, FIRN_NO_SNAPSHOT, 1, 0, NULL, st.header_key, st.header_value};
    check_ok(firn_manifest_list_write(&io->io, s_("/list"), &head, NULL, 0, &E), &E);
    return (firn_snapshot){.snapshot_id = 9, .summary = summary, .manifest_list = s_("/list")};
}

static void stamps_of_any_size_come_back(void **state FIRN_UNUSED)
{
    static const struct {
        size_t parts;
        bool in_summary;
    } rows[] = {{0, true}, {10, true}, {40, true}, {100, false}, {20000, false}};
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        mem_io io;
        mem_open(&io);
        const json_t *position = position_of(rows[i].parts);
        firn_snapshot snap = stamp(&io, position);
        json_t *back;
        assert_int_equal(json_object_get(snap.summary, "firn.position") != NULL,
                         rows[i].in_summary);
        assert_int_equal(json_object_get(snap.summary, "firn.position-size") != NULL,
                         !rows[i].in_summary);
        /* summaries are texts; nothing in them is long */
        const char *key;
        json_t *value;
        json_object_foreach((json_t *)(uintptr_t)snap.summary, key, value)
        {
            assert_true(json_is_string(value));
            assert_true(json_string_length(value) <= 2048);
        }
        check_ok(firn_position_of(&io.io, &snap, A, &back, &E), &E);
        assert_true(json_equal(back, (json_t *)(uintptr_t)position));
        mem_close(&io);
    }
}

static void a_position_too_large_for_a_snapshot_is_refused(void **state FIRN_UNUSED)
{
    json_t *summary = json_of("{}");
    firn_position_stamp st;
    check_fails(firn_position_stamp_make(position_of(200000), A, summary, &st, &E), FIRN_E_LIMIT,
                &E, "a snapshot keeps at most");
}

static void an_unstamped_snapshot_has_none(void **state FIRN_UNUSED)
{
    mem_io io;
    mem_open(&io);
    firn_snapshot snap = {.snapshot_id = 9, .summary = json_of("{'operation':'append'}")};
    json_t *back = (json_t *)&snap;
    check_ok(firn_position_of(&io.io, &snap, A, &back, &E), &E);
    assert_null(back);
    mem_close(&io);
}

static void damaged_small_stamps_are_refused(void **state FIRN_UNUSED)
{
    static const struct {
        const char *stamp;
        firn_code code;
        const char *part;
    } rows[] = {
        {"", FIRN_E_DATA, "not JSON"},
        {"{", FIRN_E_DATA, "not JSON"},
        {"[]", FIRN_E_DATA, "'v' is missing"},
        {"{'streams':{}}", FIRN_E_DATA, "'v' is missing"},
        {"{'v':'1','streams':{}}", FIRN_E_DATA, "'v' should be"},
        {"{'v':0,'streams':{}}", FIRN_E_DATA, "no streams"},
        {"{'v':1}", FIRN_E_DATA, "no streams"},
        {"{'v':1,'streams':[]}", FIRN_E_DATA, "no streams"},
        {"{'v':2,'streams':{}}", FIRN_E_UNSUPPORTED, "version 2, this firn knows 1"},
        {"{'v':2}", FIRN_E_UNSUPPORTED, "version 2"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        char text[100];
        snprintf(text, sizeof text, "%s", rows[i].stamp);
        for (char *p = text; *p; p++)
            *p = *p == '\'' ? '"' : *p;
        json_t *summary = json_of("{}");
        json_object_set_new(summary, "firn.position", json_string(text));
        mem_io io;
        mem_open(&io);
        firn_snapshot snap = {.snapshot_id = 9, .summary = summary};
        json_t *back;
        check_fails(firn_position_of(&io.io, &snap, A, &back, &E), rows[i].code, &E, rows[i].part);
        assert_non_null(strstr(E.text, "the position of snapshot 9"));
        mem_close(&io);
    }
}

/* The header of the list, its size and its digest must fit together. */
static void damaged_large_stamps_are_refused(void **state FIRN_UNUSED)
{
    static const struct {
        const char *key; /* of the summary; NULL: the header is replaced */
        const char *value;
        const char *part;
    } rows[] = {
        {"firn.position-size", "1", "damaged"},
        {"firn.position-size", "x", "not in the manifest list"},
        {"firn.position-size", "99999999999", "99999999999 bytes"},
        {"firn.position-sha256", "00", "damaged"},
        {"firn.position-sha256", NULL, "damaged"},
        {NULL, NULL, "not in the manifest list '/list'"},
        {NULL, "!!!", ""},
        {NULL, "AAAA", "damaged"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        mem_io io;
        mem_open(&io);
        firn_snapshot snap = stamp(&io, position_of(100));
        json_t *summary = (json_t *)(uintptr_t)snap.summary;
        if (rows[i].key && rows[i].value)
            json_object_set_new(summary, rows[i].key, json_string(rows[i].value));
        else if (rows[i].key)
            json_object_del(summary, rows[i].key);
        if (!rows[i].key) {
            firn_slice value = {(const uint8_t *)rows[i].value,
                                rows[i].value ? strlen(rows[i].value) : 0};
            const firn_manifest_list_head head = {
                9, FIRN_NO_SNAPSHOT, 1, 0, NULL, rows[i].value ? "firn.position" : NULL, value};
            mem_remove(&io, s_("/list"), NULL);
            check_ok(firn_manifest_list_write(&io.io, s_("/list"), &head, NULL, 0, &E), &E);
        }
        json_t *back;
        check_fails(firn_position_of(&io.io, &snap, A, &back, &E), FIRN_E_DATA, &E, rows[i].part);
        mem_close(&io);
    }
}

/* --- finding ------------------------------------------------------------------------------- */

/* Snapshots in a few letters: "1 2s 5<2s" are 1, 2 (stamped, child of 1), 5 (stamped, child of 2).
 * Without "<" the parent is the id below, of 1 none. */
static json_t *snapshots_of(const char *text)
{
    json_t *list = json_array();
    firn_str rest = s_(text);
    while (rest.p && rest.n) {
        firn_str word = firn_str_cut(&rest, ' ');
        bool stamped = firn_str_ends(word, "s");
        bool large = firn_str_ends(word, "l");
        word.n -= stamped || large;
        firn_str parent = word;
        firn_str id_text = firn_str_cut(&parent, '<');
        int64_t id = 0;
        int64_t parent_id = 0;
        assert_true(firn_str_i64(id_text, &id));
        if (!parent.p || !firn_str_i64(parent, &parent_id))
            parent_id = id - 1;
        json_t *s = json_of("{'timestamp-ms':1,'summary':{'operation':'append'}}");
        json_object_set_new(s, "snapshot-id", json_integer(id));
        json_object_set_new(s, "sequence-number", json_integer(id));
        json_object_set_new(s, "manifest-list",
                            json_string(firn_arena_printf(A, "/list%d", (int)id)));
        if (parent_id)
            json_object_set_new(s, "parent-snapshot-id", json_integer(parent_id));
        if (stamped)
            json_object_set_new(
                json_object_get(s, "summary"), "firn.position",
                json_string(firn_arena_printf(
                    A, "{\"v\":1,\"streams\":{\"s\":{\"seq\":%d,\"parts\":{}}}}", (int)id)));
        if (large) /* the list it points to is not there */
            json_object_set_new(json_object_get(s, "summary"), "firn.position-size",
                                json_string("5000"));
        json_array_append(list, s);
    }
    return list;
}

static json_t *metadata_of(const char *snapshots, int64_t main, int64_t tag, bool property)
{
    json_t *j = json_of("{'format-version':2,'table-uuid':'u','location':'/t','properties':{},"
                        "'last-sequence-number':9,'last-updated-ms':1,'last-column-id':1,"
                        "'current-schema-id':0,'schemas':[{'schema-id':0,'fields':[]}],"
                        "'default-spec-id':0,'partition-specs':[{'spec-id':0,'fields':[]}],"
                        "'last-partition-id':999,'sort-orders':[],'default-sort-order-id':0,"
                        "'refs':{},'metadata-log':[]}");
    json_object_set_new(j, "snapshots", snapshots_of(snapshots));
    json_object_set_new(j, "current-snapshot-id", json_integer(main ? main : -1));
    if (tag)
        json_object_set_new(json_object_get(j, "refs"), "firn",
                            json_pack("{s:I, s:s}", "snapshot-id", (json_int_t)tag, "type", "tag"));
    if (property)
        json_object_set_new(json_object_get(j, "properties"), "firn.stamped", json_string("true"));
    return j;
}

static const struct {
    const char *why;
    const char *snapshots;
    int64_t main;
    int64_t tag;
    bool property;
    const char *log[3]; /* older metadata, oldest first; "-" = the file is gone */
    int64_t found;      /* 0: none; -1: lost */
    const char *text;   /* of the error */
} tables[] = {
    {"an empty table", "", 0, 0, false, {NULL}, 0, NULL},
    {"never stamped", "1 2 3", 3, 0, false, {NULL}, 0, NULL},
    {"never stamped, expired", "3", 3, 0, false, {"1 2"}, 0, NULL},
    {"newest is stamped", "1s 2s 3s", 3, 3, true, {NULL}, 3, NULL},
    {"others came after", "1s 2s 3 4", 4, 2, true, {NULL}, 2, NULL},
    {"rolled back", "1s 2s 3s", 2, 3, true, {NULL}, 2, NULL},
    {"rolled back below an unstamped one", "1s 2 3s", 2, 3, true, {NULL}, 1, NULL},
    {"rolled back, then others", "1s 2s 3s 4<2 5<4", 5, 3, true, {NULL}, 2, NULL},
    {"rolled back, what was before expired", "2s 3s", 2, 3, true, {NULL}, 2, NULL},
    {"tag dropped", "1s 2s 3", 3, 0, true, {NULL}, 2, NULL},
    {"tag and property dropped", "1s 2s 3", 3, 0, false, {NULL}, 2, NULL},
    {"tag moved back by somebody", "1s 2s 3s", 3, 1, true, {NULL}, 3, NULL},
    {"tag moved to one that is not stamped", "1s 2 3s 4", 4, 2, true, {NULL}, 3, NULL},
    {"somebody else's tag", "1 2 3", 3, 2, false, {NULL}, 0, NULL},
    {"expired between, the log knows", "2s 5", 5, 2, true, {"1s 2s 3 4", "2s 3 4 5"}, 2, NULL},
    {"expired between, in two files of the log", "2s 5", 5, 2, true, {"2s 3", "2s 4"}, 2, NULL},
    {"expired between, one file is gone", "2s 5", 5, 2, true, {"1s 2s 3 4", "-"}, 2, NULL},
    {"expired between, the log is gone",
     "2s 5",
     5,
     2,
     true,
     {"-", "-"},
     -1,
     "tag 'firn' names snapshot 2, and expired snapshots between them"},
    {"expired between, no log", "2s 5", 5, 2, true, {NULL}, -1, "main is at snapshot 5"},
    {"rolled back, chain cut, the log knows", "3 5s", 3, 5, true, {"1 2s 3 4 5s"}, 2, NULL},
    {"rolled back, chain cut, no log",
     "3 5s",
     3,
     5,
     true,
     {NULL},
     -1,
     "tag 'firn' names snapshot 5"},
    {"tag dropped, stamp expired, the log knows", "3 4", 4, 0, true, {"1s 2s 3"}, 2, NULL},
    {"tag dropped, stamp expired", "3 4", 4, 0, true, {NULL}, -1, "there is no tag 'firn'"},
    {"tag dropped, stamp expired with its list", "3 4", 4, 0, true, {"1 2l 3"}, -1, "was removed"},
    {"rolled back to before the first stamp", "1 2s 3s", 1, 3, true, {NULL}, 0, NULL},
    {"the same, then others", "1 2s 3<1", 3, 2, true, {NULL}, 0, NULL},
    {"the same without the tag", "1 2s 3<1", 3, 0, true, {NULL}, 0, NULL},
    {"made anew without the tag", "1s 2s 9<0", 9, 0, true, {NULL}, -1, "was built on carries"},
    {"made anew by another engine", "1s 2s 9<0", 9, 2, true, {NULL}, -1, "was built on carries"},
    {"made anew, with a log", "1s 2s 9<0", 9, 2, true, {"1s", "1s 2s"}, -1, "was built on carries"},
    {"parent expired and unsaid", "2s 5<0", 5, 2, true, {"1s 2s 3 4", "2s 3 4 5"}, 2, NULL},
    {"in two steps", "2s 5<0", 5, 2, true, {"2s 3 4 5", "2s 4<0 5"}, 2, NULL},
    {"with the stamp", "5<0", 5, 0, true, {"1s 2s 3 4", "3 4 5", "5<0"}, 2, NULL},
    {"a file is gone", "2s 5<0", 5, 2, true, {"2s 3 4 5", "-"}, 2, NULL},
    {"the log is gone", "2s 5<0", 5, 2, true, {"-", "-"}, -1, "was built on carries"},
    {"property without stamp", "1 2", 2, 0, true, {NULL}, -1, "was built on carries"},
    {"rolled back to nothing", "1s 2s", 0, 2, true, {NULL}, 0, NULL},
    {"a ring of parents", "1<2 2<1", 2, 0, false, {NULL}, 0, NULL},
};

static void the_position_of_the_rows_is_found(void **state FIRN_UNUSED)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(tables); i++) {
        mem_io io;
        mem_open(&io);
        json_t *j =
            metadata_of(tables[i].snapshots, tables[i].main, tables[i].tag, tables[i].property);
        for (size_t k = 0; k < 3 && tables[i].log[k]; k++) {
            const char *path = firn_arena_printf(A, "/old%zu.json", k);
            json_array_append_new(
                json_object_get(j, "metadata-log"),
                json_pack("{s:i, s:s}", "timestamp-ms", 1, "metadata-file", path));
            if (strcmp(tables[i].log[k], "-") == 0)
                continue;
            const char *text = text_of(metadata_of(tables[i].log[k], 0, 0, true));
            check_ok(
                mem_write(&io, s_(path), (firn_slice){(const uint8_t *)text, strlen(text)}, &E),
                &E);
        }
        const firn_metadata *m;
        const char *text = text_of(j);
        check_ok(firn_metadata_parse((firn_slice){(const uint8_t *)text, strlen(text)}, s_("f"), A,
                                     &m, &E),
                 &E);
        firn_position p = {.snapshot_id = -7};
        firn_err_clear(&E);
        firn_code code = firn_position_find(&io.io, m, A, &p, &E);
        int64_t got = code == FIRN_E_SOURCE_LOST       ? -1
                      : code != FIRN_OK                ? -2
                      : p.state == FIRN_POSITION_FOUND ? p.snapshot_id
                                                       : 0;
        if (got != tables[i].found)
            fail_msg("%s: %lld instead of %lld (%s)", tables[i].why, (long long)got,
                     (long long)tables[i].found, E.text);
        if (got > 0)
            check_i64(firn_position_seq(&p, s_("s")), got);
        if (got == -1 && !strstr(E.text, tables[i].text))
            fail_msg("%s: %s", tables[i].why, E.text);
        if (got == -1) {
            assert_non_null(strstr(E.advice, "--full-refresh"));
            assert_int_equal(strstr(E.advice, "--accept-position") != NULL, tables[i].tag != 0);
        }
        mem_close(&io);
    }
}

/* A table that firn never stamped must not cost a look at a hundred older files. */
static void a_table_that_is_not_ours_costs_no_reads(void **state FIRN_UNUSED)
{
    mem_io io;
    mem_open(&io);
    json_t *j = metadata_of("7 8", 8, 0, false);
    for (int k = 0; k < 100; k++)
        json_array_append(json_object_get(j, "metadata-log"),
                          json_of("{'timestamp-ms':1,'metadata-file':'/gone'}"));
    const firn_metadata *m;
    const char *text = text_of(j);
    check_ok(
        firn_metadata_parse((firn_slice){(const uint8_t *)text, strlen(text)}, s_("f"), A, &m, &E),
        &E);
    firn_position p;
    check_ok(firn_position_find(&io.io, m, A, &p, &E), &E);
    assert_int_equal(p.state, FIRN_POSITION_NONE);
    assert_int_equal(io.reads, 0);
    mem_close(&io);
}

static firn_code no_net(void *ctx FIRN_UNUSED, firn_str uri FIRN_UNUSED, uint64_t max FIRN_UNUSED,
                        firn_arena *a FIRN_UNUSED, firn_slice *ret FIRN_UNUSED, firn_err *err)
{
    return firn_raise(err, FIRN_E_NET, "no route");
}

/* A store that does not answer has not lost anything. */
static void a_read_that_fails_is_not_a_loss(void **state FIRN_UNUSED)
{
    mem_io io;
    mem_open(&io);
    io.io.read = no_net;
    json_t *j = metadata_of("2s 5", 5, 2, true);
    json_array_append(json_object_get(j, "metadata-log"),
                      json_of("{'timestamp-ms':1,'metadata-file':'/old'}"));
    const firn_metadata *m;
    const char *text = text_of(j);
    check_ok(
        firn_metadata_parse((firn_slice){(const uint8_t *)text, strlen(text)}, s_("f"), A, &m, &E),
        &E);
    firn_position p;
    check_fails(firn_position_find(&io.io, m, A, &p, &E), FIRN_E_NET, &E, "no route");
    mem_close(&io);
}

/* --- compare-and-set ----------------------------------------------------------------------- */

static const struct {
    const char *base;        /* NULL: nothing was landed yet */
    const char *moves[3][4]; /* stream, part, from (NULL: nothing), to */
    const char *after;       /* NULL: a twin */
} steps[] = {
    {NULL, {{"a", "p", NULL, "1"}}, "{'v':1,'streams':{'a':{'seq':1,'parts':{'p':1}}}}"},
    {NULL, {{"a", "p", "0", "1"}}, NULL},
    {"{'v':1,'streams':{'a':{'seq':4,'epoch':7,'parts':{'p':1,'q':2}},'b':{'seq':2,'parts':{}}},"
     "'x':[1]}",
     {{"a", "p", "1", "5"}},
     "{'v':1,'streams':{'a':{'seq':5,'epoch':7,'parts':{'p':5,'q':2}},'b':{'seq':2,'parts':{}}},"
     "'x':[1]}"}, /* what it does not know is carried over */
    {"{'v':1,'streams':{'a':{'seq':4,'parts':{'p':1}}}}", {{"a", "p", NULL, "5"}}, NULL},
    {"{'v':1,'streams':{'a':{'seq':4,'parts':{'p':1}}}}", {{"a", "p", "2", "5"}}, NULL},
    {"{'v':1,'streams':{'a':{'seq':4,'parts':{'p':1}}}}", {{"a", "r", "2", "5"}}, NULL},
    {"{'v':1,'streams':{'a':{'seq':4,'parts':{'p':1}}}}",
     {{"a", "p", "1", "2"}, {"a", "q", NULL, "3"}, {"b", "p", NULL, "4"}},
     "{'v':1,'streams':{'a':{'seq':5,'parts':{'p':2,'q':3}},'b':{'seq':1,'parts':{'p':4}}}}"},
    {"{'v':1,'streams':{'a':{'seq':4,'parts':{'p':1}}}}",
     {{"b", "p", NULL, "4"}, {"a", "p", "9", "2"}},
     NULL}, /* all or none */
    {"{'v':1,'streams':{'a':{'seq':4,'parts':{'p':{'lsn':'1/2','ids':[1,2]}}}}}",
     {{"a", "p", "{'ids':[1,2],'lsn':'1/2'}", "{'lsn':'1/3'}"}},
     "{'v':1,'streams':{'a':{'seq':5,'parts':{'p':{'lsn':'1/3'}}}}}"},
    {"{'v':1,'streams':{'a':{'seq':4,'parts':{'p':1}}}}",
     {{NULL}},
     "{'v':1,'streams':{'a':{'seq':4,'parts':{'p':1}}}}"},
};

static void moves_are_compared_and_set(void **state FIRN_UNUSED)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(steps); i++) {
        firn_position base = {.root = steps[i].base ? json_of(steps[i].base) : NULL};
        firn_position_move moves[3];
        size_t n = 0;
        for (; n < 3 && steps[i].moves[n][0]; n++) {
            const char *const *m = steps[i].moves[n];
            moves[n] = (firn_position_move){s_(m[0]), s_(m[1]), m[2] ? json_of(m[2]) : NULL,
                                            json_of(m[3])};
        }
        json_t *after;
        if (!steps[i].after) {
            check_fails(firn_position_advance(&base, moves, n, A, &after, &E), FIRN_E_CONFLICT, &E,
                        "another firn landed the stream 'a'");
            continue;
        }
        check_ok(firn_position_advance(&base, moves, n, A, &after, &E), &E);
        check_json(after, steps[i].after);
        if (steps[i].base)
            check_json(base.root, steps[i].base); /* the base is not touched */
    }
}

static void parts_are_looked_up(void **state FIRN_UNUSED)
{
    firn_position p = {.root = json_of("{'v':1,'streams':{'a.b':{'seq':4,'parts':{'p':1}}}}")};
    firn_position none = {0};
    check_i64(json_integer_value(firn_position_part(&p, s_("a.b"), s_("p"))), 1);
    assert_null(firn_position_part(&p, s_("a.b"), s_("pp")));
    assert_null(firn_position_part(&p, s_("a"), s_("p")));
    assert_null(firn_position_part(&none, s_("a"), s_("p")));
    check_i64(firn_position_seq(&p, s_("a.b")), 4);
    check_i64(firn_position_seq(&p, s_("a")), 0);
    check_i64(firn_position_seq(&none, s_("a")), 0);
}

static void a_stream_without_parts_is_damage(void **state FIRN_UNUSED)
{
    firn_position base = {.root = json_of("{'v':1,'streams':{'a':{'seq':4}}}")};
    const firn_position_move move = {s_("a"), s_("p"), NULL, json_of("1")};
    json_t *after;
    check_fails(firn_position_advance(&base, &move, 1, A, &after, &E), FIRN_E_DATA, &E, "no parts");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ICE_TEST(stamps_of_any_size_come_back),
        ICE_TEST(a_position_too_large_for_a_snapshot_is_refused),
        ICE_TEST(an_unstamped_snapshot_has_none),
        ICE_TEST(damaged_small_stamps_are_refused),
        ICE_TEST(damaged_large_stamps_are_refused),
        ICE_TEST(the_position_of_the_rows_is_found),
        ICE_TEST(a_table_that_is_not_ours_costs_no_reads),
        ICE_TEST(a_read_that_fails_is_not_a_loss),
        ICE_TEST(moves_are_compared_and_set),
        ICE_TEST(parts_are_looked_up),
        ICE_TEST(a_stream_without_parts_is_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
