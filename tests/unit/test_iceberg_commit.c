/* SPDX-License-Identifier: Apache-2.0 */
/* iceberg/commit: what each operation makes of a table, in memory and on local files with the
 * SQLite catalog.  Conflicts and failures: test_iceberg_conflict.c. */
#include "check.h"
#include "ice_help.h"
#include "lake_help.h"

static void a_table_is_created_once(void **state FIRN_UNUSED)
{
    const firn_metadata *m = create("t", NULL);
    assert_int_equal(m->format_version, 2);
    assert_int_equal(m->uuid.n, 36);
    assert_int_equal(m->uuid.p[14], '4'); /* a random uuid */
    check_i64(firn_metadata_file_version(m->location_of_file), 0);
    check_str(m->location, firn_arena_printf(A, "%s/raw/t", L.dir));
    check_i64(m->current_snapshot_id, FIRN_NO_SNAPSHOT);
    assert_int_equal(json_array_size(json_object_get(m->root, "metadata-log")), 0);
    const firn_table_change again = {
        .ident = ident("t"), .location = m->location, .schema = columns(), .last_column_id = 3};
    check_fails(commit1(&again, NULL), FIRN_E_CONFLICT, &E, "'raw'.'t' was created");
    check_no_leftovers("t");
    /* two tables of one run have uuids of their own */
    const firn_metadata *other = create("u", NULL);
    assert_true(memcmp(m->uuid.p, other->uuid.p, 13) != 0);
}

static void a_slash_at_the_end_of_a_location_goes(void **state FIRN_UNUSED)
{
    const firn_table_change c = {.ident = ident("t"),
                                 .location = s_(firn_arena_printf(A, "%s/raw/t//", L.dir)),
                                 .schema = columns(),
                                 .last_column_id = 3};
    check_ok(commit1(&c, NULL), &E);
    const char *location = json_string_value(json_object_get(load("t")->root, "location"));
    assert_string_equal(location, firn_arena_printf(A, "%s/raw/t", L.dir));
}

static void files_are_appended(void **state FIRN_UNUSED)
{
    const firn_metadata *m = create("t", NULL);
    const firn_data_file first[] = {file_of("/a", "", 10), file_of("/b", "", 5)};
    const firn_property extra = {"firn.run", s_("r1")};
    firn_table_change c = change_of(m, "t", FIRN_OP_APPEND, first, 2);
    firn_table_result r;
    c.summary = &extra;
    c.summary_count = 1;
    check_ok(commit1(&c, &r), &E);
    const firn_metadata *one = load("t");
    check_i64(one->current_snapshot_id, r.snapshot_id);
    check_str(one->location_of_file, firn_arena_strndup(A, r.metadata->location_of_file.p,
                                                        r.metadata->location_of_file.n));
    check_i64(firn_metadata_file_version(one->location_of_file), 1);
    assert_string_equal(files_of(one), "/a /b");
    check_ok(append(one, "t", "/c"), &E);
    const firn_metadata *two = load("t");
    assert_string_equal(files_of(two), "/a /b /c");

    const firn_snapshot *s = firn_metadata_current(two);
    check_i64(s->parent_id, r.snapshot_id);
    check_i64(s->sequence_number, 2);
    check_i64(two->last_sequence_number, 2);
    assert_int_equal(s->schema_id, 0);
    check_i64(firn_metadata_ref(two, s_("main"))->snapshot_id, s->snapshot_id);
    assert_null(firn_metadata_ref(two, s_("firn"))); /* nothing was landed */
    static const char *const first_summary[][2] = {
        {"operation", "append"},          {"added-data-files", "2"},
        {"added-records", "15"},          {"added-files-size", "1500"},
        {"total-records", "15"},          {"total-data-files", "2"},
        {"total-delete-files", "0"},      {"total-files-size", "1500"},
        {"changed-partition-count", "1"}, {"engine-name", "firn"},
        {"engine-version", "0.0"},        {"firn.run", "r1"},
        {"deleted-data-files", "-"},      {"firn.position", "-"}};
    for (size_t i = 0; i < FIRN_COUNT_OF(first_summary); i++)
        assert_string_equal(summary_of(one, first_summary[i][0]), first_summary[i][1]);
    assert_string_equal(summary_of(two, "total-records"), "25");
    assert_string_equal(summary_of(two, "total-data-files"), "3");
    check_no_leftovers("t");
}

/* Sequence numbers and snapshot ids of files are those of the commit that brought them. */
static void files_keep_their_numbers(void **state FIRN_UNUSED)
{
    const firn_metadata *m = create("t", "kind");
    int64_t ids[4] = {0};
    for (int i = 1; i <= 3; i++) {
        const firn_data_file f = file_of(firn_arena_printf(A, "/f%d", i), i == 2 ? "x" : "y", i);
        firn_table_result r;
        firn_table_change c = change_of(m, "t", FIRN_OP_APPEND, &f, 1);
        check_ok(commit1(&c, &r), &E);
        ids[i] = r.snapshot_id;
        m = load("t");
    }
    /* rewriting the manifest of /f2 out, and nothing else */
    const firn_data_file f = file_of("/f4", "x", 4);
    const firn_table_change c = change_of(m, "t", FIRN_OP_REPLACE_PARTITIONS, &f, 1);
    check_ok(commit1(&c, NULL), &E);
    m = load("t");
    firn_scan_plan plan;
    check_ok(firn_scan_plan_make(L.io, m, firn_metadata_current(m), NULL, A, &plan, &E), &E);
    assert_int_equal(plan.count, 3);
    for (size_t i = 0; i < plan.count; i++) {
        int64_t n = plan.files[i].file.file_path.p[2] - '0';
        check_i64(plan.files[i].sequence_number, n);
        if (n < 4)
            check_i64(plan.files[i].snapshot_id, ids[n]);
    }
}

static void a_table_is_replaced(void **state FIRN_UNUSED)
{
    const firn_metadata *m = create("t", "kind");
    check_ok(append(m, "t", "/a"), &E);
    m = load("t");
    check_ok(append(m, "t", "/b"), &E);
    m = load("t");
    const firn_data_file f = file_of("/c", "z", 3);
    firn_table_change c = change_of(m, "t", FIRN_OP_REPLACE, &f, 1);
    check_ok(commit1(&c, NULL), &E);
    m = load("t");
    assert_string_equal(files_of(m), "/c");
    static const char *const summary[][2] = {
        {"operation", "overwrite"},      {"added-data-files", "1"}, {"deleted-data-files", "2"},
        {"added-records", "3"},          {"deleted-records", "20"}, {"removed-files-size", "2000"},
        {"total-records", "3"},          {"total-data-files", "1"}, {"total-files-size", "300"},
        {"changed-partition-count", "2"}};
    for (size_t i = 0; i < FIRN_COUNT_OF(summary); i++)
        assert_string_equal(summary_of(m, summary[i][0]), summary[i][1]);
    /* manifests that hold nothing but deleted files are named by that snapshot only */
    check_ok(append(m, "t", "/d"), &E);
    firn_manifest_file *list;
    size_t n;
    m = load("t");
    check_ok(firn_manifest_list_read(L.io, firn_metadata_current(m), NULL, A, &list, &n, NULL, &E),
             &E);
    assert_int_equal(n, 2);
    assert_string_equal(files_of(m), "/c /d");
    check_no_leftovers("t");
}

static void a_table_is_emptied(void **state FIRN_UNUSED)
{
    const firn_metadata *m = create("t", NULL);
    check_ok(append(m, "t", "/a"), &E);
    const firn_table_change c = change_of(load("t"), "t", FIRN_OP_REPLACE, NULL, 0);
    check_ok(commit1(&c, NULL), &E);
    m = load("t");
    assert_string_equal(files_of(m), "");
    assert_string_equal(summary_of(m, "operation"), "delete");
    assert_string_equal(summary_of(m, "total-records"), "0");
    check_ok(append(m, "t", "/b"), &E);
    assert_string_equal(files_of(load("t")), "/b");
}

static void touched_partitions_are_replaced(void **state FIRN_UNUSED)
{
    const firn_metadata *m = create("t", "kind");
    const firn_data_file old[] = {file_of("/x1", "x", 1), file_of("/y1", "y", 1),
                                  file_of("/n1", "null", 1), file_of("/x2", "x", 1)};
    firn_table_change c = change_of(m, "t", FIRN_OP_APPEND, old, 4);
    check_ok(commit1(&c, NULL), &E);
    /* the text "null" is another partition than null */
    firn_value word = {.u.bytes = {(const uint8_t *)"null", 4}};
    firn_data_file named = file_of("/w1", "y", 1);
    named.partition = &word;
    c = change_of(load("t"), "t", FIRN_OP_APPEND, &named, 1);
    check_ok(commit1(&c, NULL), &E);
    const firn_data_file x = file_of("/x3", "x", 7);
    c = change_of(load("t"), "t", FIRN_OP_REPLACE_PARTITIONS, &x, 1);
    check_ok(commit1(&c, NULL), &E);
    m = load("t");
    assert_string_equal(files_of(m), "/n1 /w1 /x3 /y1");
    assert_string_equal(summary_of(m, "operation"), "overwrite");
    assert_string_equal(summary_of(m, "deleted-data-files"), "2");
    assert_string_equal(summary_of(m, "total-records"), "10");
    assert_string_equal(summary_of(m, "changed-partition-count"), "1");
    firn_data_file w2 = file_of("/w2", "y", 1);
    w2.partition = &word;
    c = change_of(m, "t", FIRN_OP_REPLACE_PARTITIONS, &w2, 1);
    check_ok(commit1(&c, NULL), &E);
    assert_string_equal(files_of(load("t")), "/n1 /w2 /x3 /y1");
    const firn_data_file n2 = file_of("/n2", "null", 1);
    c = change_of(load("t"), "t", FIRN_OP_REPLACE_PARTITIONS, &n2, 1);
    check_ok(commit1(&c, NULL), &E);
    assert_string_equal(files_of(load("t")), "/n2 /w2 /x3 /y1");
    check_no_leftovers("t");
}

static void without_partitions_all_is_one_partition(void **state FIRN_UNUSED)
{
    const firn_metadata *m = create("t", NULL);
    check_ok(append(m, "t", "/a"), &E);
    const firn_data_file f = file_of("/b", "", 1);
    const firn_table_change c = change_of(load("t"), "t", FIRN_OP_REPLACE_PARTITIONS, &f, 1);
    check_ok(commit1(&c, NULL), &E);
    assert_string_equal(files_of(load("t")), "/b");
}

static void schema_and_rows_change_in_one_commit(void **state FIRN_UNUSED)
{
    const firn_metadata *m = create("t", NULL);
    check_ok(append(m, "t", "/a"), &E);
    m = load("t");
    int32_t last = m->last_column_id;
    bool changed;
    firn_type wide;
    firn_type want = type_of("struct<note: string>");
    check_ok(firn_schema_merge(&m->schema->type, &want, &last, A, &wide, &changed, &E), &E);
    const firn_data_file f = file_of("/b", "", 1);
    const firn_property properties[] = {{"owner", s_("me")}, {"gone", {NULL, 0}}};
    firn_table_change c = change_of(m, "t", FIRN_OP_APPEND, &f, 1);
    c.schema = &wide;
    c.last_column_id = last;
    c.properties = properties;
    c.property_count = 2;
    check_ok(commit1(&c, NULL), &E);
    m = load("t");
    assert_int_equal(m->schema->schema_id, 1);
    assert_int_equal(m->last_column_id, 4);
    assert_int_equal(firn_metadata_current(m)->schema_id, 1);
    check_str(firn_metadata_property(m, "owner"), "me");
    assert_string_equal(files_of(m), "/a /b");
    check_i64(firn_metadata_file_version(m->location_of_file), 2); /* one commit */
    /* the same schema again makes no new one */
    c = change_of(m, "t", FIRN_OP_APPEND, NULL, 0);
    c.schema = &wide;
    c.last_column_id = last;
    check_ok(commit1(&c, NULL), &E);
    assert_int_equal(load("t")->schema_count, 2);
}

static void properties_change_without_a_snapshot(void **state FIRN_UNUSED)
{
    const firn_metadata *m = create("t", NULL);
    const firn_property set = {"owner", s_("me")};
    firn_table_change c = change_of(m, "t", FIRN_OP_NONE, NULL, 0);
    c.properties = &set;
    c.property_count = 1;
    firn_table_result r;
    check_ok(commit1(&c, &r), &E);
    check_i64(r.snapshot_id, FIRN_NO_SNAPSHOT);
    m = load("t");
    check_str(firn_metadata_property(m, "owner"), "me");
    const firn_property unset = {"owner", {NULL, 0}};
    c = change_of(m, "t", FIRN_OP_NONE, NULL, 0);
    c.properties = &unset;
    c.property_count = 1;
    check_ok(commit1(&c, NULL), &E);
    assert_null(firn_metadata_property(load("t"), "owner").p);
    assert_int_equal(load("t")->snapshot_count, 0);
}

/* --- positions ----------------------------------------------------------------------------- */

static firn_code land(const firn_metadata *start, const char *path, const char *from,
                      const char *to)
{
    const firn_data_file f = file_of(path, "k", 10);
    const firn_position_move move = {s_("s"), s_("p"), from ? json_of(from) : NULL, json_of(to)};
    firn_table_change c = change_of(start, "t", FIRN_OP_APPEND, &f, 1);
    c.moves = &move;
    c.move_count = 1;
    return commit1(&c, NULL);
}

static const char *position(const firn_metadata *m)
{
    firn_position p;
    check_ok(firn_position_find(L.io, m, A, &p, &E), &E);
    return p.root ? text_of(json_object_get(p.root, "streams")) : "-";
}

static void the_position_moves_with_the_rows(void **state FIRN_UNUSED)
{
    create("t", NULL);
    assert_string_equal(position(load("t")), "-");
    check_ok(land(load("t"), "/a", NULL, "1"), &E);
    const firn_metadata *m = load("t");
    assert_string_equal(position(m), "{\"s\":{\"seq\":1,\"parts\":{\"p\":1}}}");
    check_i64(firn_metadata_ref(m, s_("firn"))->snapshot_id, m->current_snapshot_id);
    assert_false(firn_metadata_ref(m, s_("firn"))->is_branch);
    check_str(firn_metadata_property(m, "firn.stamped"), "true");
    /* a commit that moves nothing carries it over, and the tag follows */
    check_ok(append(m, "t", "/b"), &E);
    m = load("t");
    assert_string_equal(position(m), "{\"s\":{\"seq\":1,\"parts\":{\"p\":1}}}");
    check_i64(firn_metadata_ref(m, s_("firn"))->snapshot_id, m->current_snapshot_id);
    check_ok(land(m, "/c", "1", "2"), &E);
    assert_string_equal(position(load("t")), "{\"s\":{\"seq\":2,\"parts\":{\"p\":2}}}");
    check_no_leftovers("t");
}

static void a_large_position_lies_in_the_list(void **state FIRN_UNUSED)
{
    create("t", NULL);
    char *big = firn_arena_zalloc(A, 6000);
    uint64_t seed = 4;
    big[0] = '\'';
    for (size_t i = 1; i < 5000; i++)
        big[i] = (char)('a' + splitmix(&seed) % 26);
    big[5000] = '\'';
    check_ok(land(load("t"), "/a", NULL, big), &E);
    const firn_metadata *m = load("t");
    assert_string_equal(summary_of(m, "firn.position"), "-");
    assert_non_null(strstr(position(m), "\"seq\":1"));
    check_ok(land(m, "/b", big, "2"), &E);
    assert_string_equal(position(load("t")), "{\"s\":{\"seq\":2,\"parts\":{\"p\":2}}}");
}

static void a_full_refresh_starts_from_nothing(void **state FIRN_UNUSED)
{
    create("t", NULL);
    check_ok(land(load("t"), "/a", NULL, "1"), &E);
    firn_table_change c = change_of(load("t"), "t", FIRN_OP_REPLACE, NULL, 0);
    c.reset_position = true;
    check_ok(commit1(&c, NULL), &E);
    assert_string_equal(position(load("t")), "{}"); /* and not that of the parent */
    check_ok(land(load("t"), "/b", NULL, "7"), &E);
    assert_string_equal(position(load("t")), "{\"s\":{\"seq\":1,\"parts\":{\"p\":7}}}");
}

static void an_operator_may_choose_a_position(void **state FIRN_UNUSED)
{
    create("t", NULL);
    check_ok(land(load("t"), "/a", NULL, "1"), &E);
    int64_t first = load("t")->current_snapshot_id;
    check_ok(land(load("t"), "/b", "1", "2"), &E);
    const firn_data_file f = file_of("/c", "k", 10);
    const firn_position_move move = {s_("s"), s_("p"), json_of("1"), json_of("9")};
    firn_table_change c = change_of(load("t"), "t", FIRN_OP_APPEND, &f, 1);
    c.moves = &move;
    c.move_count = 1;
    check_fails(commit1(&c, NULL), FIRN_E_CONFLICT, &E, "stream 's'");
    c.accept_position = first;
    check_ok(commit1(&c, NULL), &E);
    assert_string_equal(position(load("t")), "{\"s\":{\"seq\":2,\"parts\":{\"p\":9}}}");
    c = change_of(load("t"), "t", FIRN_OP_APPEND, &f, 1);
    c.accept_position = 12345;
    check_fails(commit1(&c, NULL), FIRN_E_NOTFOUND, &E, "snapshot 12345 has no position");
}

static void a_position_needs_a_snapshot(void **state FIRN_UNUSED)
{
    create("t", NULL);
    const firn_position_move move = {s_("s"), s_("p"), NULL, json_of("9")};
    firn_table_change c = change_of(load("t"), "t", FIRN_OP_NONE, NULL, 0);
    c.moves = &move;
    c.move_count = 1;
    check_fails(commit1(&c, NULL), FIRN_E_INVAL, &E, "only with a snapshot");
}

/* --- several tables ------------------------------------------------------------------------ */

static void two_tables_change_together_or_not_at_all(void **state FIRN_UNUSED)
{
    create("t", NULL);
    create("u", NULL);
    const firn_data_file a = file_of("/a", "", 1);
    const firn_data_file b = file_of("/b", "", 2);
    firn_table_result r[2];
    firn_table_change both[] = {change_of(load("t"), "t", FIRN_OP_APPEND, &a, 1),
                                change_of(load("u"), "u", FIRN_OP_REPLACE, &b, 1)};
    check_ok(firn_commit(&L.ctx, both, 2, A, r, &E), &E);
    assert_string_equal(files_of(load("t")), "/a");
    assert_string_equal(files_of(load("u")), "/b");
    check_i64(r[1].snapshot_id, load("u")->current_snapshot_id);

    /* u gets rows meanwhile: its replacement is off, and t must not change either */
    const firn_data_file c = file_of("/c", "", 1);
    both[0] = change_of(load("t"), "t", FIRN_OP_APPEND, &c, 1);
    both[1] = change_of(load("u"), "u", FIRN_OP_REPLACE, &c, 1);
    check_ok(append(load("u"), "u", "/other"), &E);
    check_fails(firn_commit(&L.ctx, both, 2, A, r, &E), FIRN_E_CONFLICT, &E,
                "'raw'.'u' got or lost");
    assert_string_equal(files_of(load("t")), "/a");
    assert_string_equal(files_of(load("u")), "/b /other");
    check_no_leftovers("t");
    check_no_leftovers("u");

    /* t is new in the same commit in which u changes */
    both[0] = (firn_table_change){.ident = ident("v"),
                                  .location = s_(firn_arena_printf(A, "%s/raw/v", L.dir)),
                                  .schema = columns(),
                                  .last_column_id = 3,
                                  .operation = FIRN_OP_APPEND,
                                  .files = &c,
                                  .file_count = 1};
    both[1] = change_of(load("u"), "u", FIRN_OP_APPEND, &c, 1);
    check_ok(firn_commit(&L.ctx, both, 2, A, r, &E), &E);
    assert_string_equal(files_of(load("v")), "/c");
    assert_string_equal(files_of(load("u")), "/b /c /other");
}

static void a_catalog_of_single_commits_says_so(void **state FIRN_UNUSED)
{
    create("t", NULL);
    create("u", NULL);
    const firn_table_change both[] = {change_of(load("t"), "t", FIRN_OP_APPEND, NULL, 0),
                                      change_of(load("u"), "u", FIRN_OP_APPEND, NULL, 0)};
    firn_table_result r[2];
    L.hook.ops.caps = FIRN_CATALOG_DEFINITE;
    check_fails(firn_commit(&L.ctx, both, 2, A, r, &E), FIRN_E_UNSUPPORTED, &E,
                "cannot change several tables");
    assert_int_equal(load("t")->snapshot_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAKE_TEST(a_table_is_created_once),
        LAKE_TEST(a_slash_at_the_end_of_a_location_goes),
        LAKE_TEST(files_are_appended),
        LAKE_TEST(files_keep_their_numbers),
        LAKE_TEST(a_table_is_replaced),
        LAKE_TEST(a_table_is_emptied),
        LAKE_TEST(touched_partitions_are_replaced),
        LAKE_TEST(without_partitions_all_is_one_partition),
        LAKE_TEST(schema_and_rows_change_in_one_commit),
        LAKE_TEST(properties_change_without_a_snapshot),
        LAKE_TEST(the_position_moves_with_the_rows),
        LAKE_TEST(a_large_position_lies_in_the_list),
        LAKE_TEST(a_full_refresh_starts_from_nothing),
        LAKE_TEST(an_operator_may_choose_a_position),
        LAKE_TEST(a_position_needs_a_snapshot),
        LAKE_TEST(two_tables_change_together_or_not_at_all),
        LAKE_TEST(a_catalog_of_single_commits_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
