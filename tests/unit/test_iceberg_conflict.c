/* SPDX-License-Identifier: Apache-2.0 */
/* iceberg/commit: what happens when others were first, when answers are lost, when writing fails.
 * Each test in memory and on local files with the SQLite catalog.  DESIGN.md §5. */
#include "check.h"
#include "ice_help.h"
#include "lake_help.h"

/* --- others were first --------------------------------------------------------------------- */

static void an_append_is_rebased(void **state FIRN_UNUSED)
{
    const firn_metadata *start = create("t", NULL);
    check_ok(append(start, "t", "/other1"), &E);
    check_ok(append(load("t"), "t", "/other2"), &E);
    L.hook.commits = 0;
    check_ok(append(start, "t", "/mine"), &E);
    assert_int_equal(L.hook.commits, 2); /* one that lost, one that won */
    const firn_metadata *m = load("t");
    assert_string_equal(files_of(m), "/mine /other1 /other2");
    assert_int_equal(m->snapshot_count, 3);
    for (size_t i = 0; i < 3; i++) {
        check_i64(m->snapshots[i].sequence_number, i + 1);
        check_i64(m->snapshots[i].parent_id,
                  i ? m->snapshots[i - 1].snapshot_id : FIRN_NO_SNAPSHOT);
    }
    assert_string_equal(summary_of(m, "total-records"), "30");
    check_no_leftovers("t"); /* the lists and metadata of the lost attempt are gone */
}

static void a_rebase_ends(void **state FIRN_UNUSED)
{
    const firn_metadata *start = create("t", NULL);
    L.hook.next = CONFLICT;
    L.hook.times = 1000;
    L.hook.commits = 0;
    check_fails(append(start, "t", "/mine"), FIRN_E_CONFLICT, &E, "somebody was first");
    assert_true(L.hook.commits >= 5 && L.hook.commits <= 50);
    L.hook.times = 0;
    assert_string_equal(files_of(load("t")), "");
    check_no_leftovers("t");
}

static void a_replacement_is_not_rebased_over_rows(void **state FIRN_UNUSED)
{
    static const firn_operation ops[] = {FIRN_OP_REPLACE, FIRN_OP_REPLACE_PARTITIONS};
    const firn_metadata *start = create("t", "kind");
    check_ok(append(start, "t", "/other"), &E);
    for (size_t i = 0; i < 2; i++) {
        const firn_data_file f = file_of("/mine", "k", 1);
        const firn_table_change c = change_of(start, "t", ops[i], &f, 1);
        check_fails(commit1(&c, NULL), FIRN_E_CONFLICT, &E, "'raw'.'t' got or lost rows");
        assert_string_equal(files_of(load("t")), "/other");
        check_no_leftovers("t");
    }
}

/* A snapshot that another engine adds: the files of the current one, under another operation. */
static void foreign_snapshot(const char *name, int64_t id, int64_t parent, const char *operation)
{
    const firn_metadata *m = load(name);
    firn_updates u = new_updates();
    const firn_snapshot *now = firn_metadata_current(m);
    json_t *s = json_pack("{s:I, s:I, s:I, s:{s:s}, s:s}", "snapshot-id", (json_int_t)id,
                          "sequence-number", (json_int_t)(m->last_sequence_number + 1),
                          "timestamp-ms", (json_int_t)m->last_updated_ms, "summary", "operation",
                          operation, "manifest-list",
                          firn_arena_strndup(A, now->manifest_list.p, now->manifest_list.n));
    json_object_set_new(s, "parent-snapshot-id", json_integer(parent));
    check_ok(firn_update_snapshot(&u, s, &E), &E);
    check_ok(firn_update_ref(&u, "main", id, true, &E), &E);
    check_ok(commit_updates(m, name, &u), &E);
}

static void a_replacement_survives_compaction(void **state FIRN_UNUSED)
{
    create("t", NULL);
    check_ok(append(load("t"), "t", "/a"), &E);
    const firn_metadata *start = load("t");
    foreign_snapshot("t", 77, start->current_snapshot_id, "replace");
    foreign_snapshot("t", 78, 77, "replace");
    const firn_data_file f = file_of("/b", "", 1);
    firn_table_change c = change_of(start, "t", FIRN_OP_REPLACE, &f, 1);
    check_ok(commit1(&c, NULL), &E);
    assert_string_equal(files_of(load("t")), "/b");
    /* but not an overwrite, nor a rollback */
    start = load("t");
    foreign_snapshot("t", 79, start->current_snapshot_id, "overwrite");
    c = change_of(start, "t", FIRN_OP_REPLACE, &f, 1);
    check_fails(commit1(&c, NULL), FIRN_E_CONFLICT, &E, "got or lost rows");
    start = load("t");
    firn_updates u = new_updates();
    check_ok(firn_update_ref(&u, "main", 78, true, &E), &E);
    check_ok(commit_updates(start, "t", &u), &E);
    c = change_of(start, "t", FIRN_OP_REPLACE, &f, 1);
    check_fails(commit1(&c, NULL), FIRN_E_CONFLICT, &E, "got or lost rows");
}

static void a_dropped_table_is_a_conflict(void **state FIRN_UNUSED)
{
    const firn_metadata *start = create("t", NULL);
    check_ok(L.hook.inner->ops->drop(L.hook.inner, ident("t"), &E), &E);
    check_fails(append(start, "t", "/mine"), FIRN_E_CONFLICT, &E, "dropped");
    check_fails(L.hook.inner->ops->drop(L.hook.inner, ident("t"), &E), FIRN_E_NOTFOUND, &E, "");
    const firn_table_change c = {.ident = ident("t"),
                                 .location = s_(firn_arena_printf(A, "%s/raw/t2", L.dir)),
                                 .schema = columns(),
                                 .last_column_id = 3};
    check_ok(commit1(&c, NULL), &E);
    check_fails(append(start, "t", "/mine"), FIRN_E_CONFLICT, &E, "dropped and made anew");
}

/* Somebody changes the table through `change` after `start`; then we append what was written
 * before. */
typedef void (*foreign_change)(firn_updates *u, const firn_metadata *m);

static void set_schema(firn_updates *u, const firn_metadata *m, const char *type_text,
                       const int32_t *ids, bool required)
{
    firn_schema schema = *m->schema;
    schema.type = type_of(type_text);
    int32_t last = m->last_column_id;
    for (size_t i = 0; i < schema.type.field_count; i++) {
        schema.type.fields[i].id = ids[i];
        schema.type.fields[i].required = required && i + 1 == schema.type.field_count;
        last = FIRN_MAX(last, ids[i]);
    }
    check_ok(firn_update_schema(u, &schema, last, &E), &E);
}

static void adds_a_column(firn_updates *u, const firn_metadata *m)
{
    set_schema(u, m, "struct<id: long, day: date, kind: string, more: int>",
               (const int32_t[]){1, 2, 3, 4}, false);
}

static void adds_a_required_column(firn_updates *u, const firn_metadata *m)
{
    set_schema(u, m, "struct<id: long, day: date, kind: string, more: int>",
               (const int32_t[]){1, 2, 3, 4}, true);
}

static void makes_a_column_required(firn_updates *u, const firn_metadata *m)
{
    set_schema(u, m, "struct<id: long, day: date, kind: string>", (const int32_t[]){1, 2, 3}, true);
}

static void renames_a_column(firn_updates *u, const firn_metadata *m)
{
    set_schema(u, m, "struct<key: long, day: date, kind: string>", (const int32_t[]){1, 2, 3},
               false);
}

static void drops_a_column(firn_updates *u, const firn_metadata *m)
{
    set_schema(u, m, "struct<id: long, kind: string>", (const int32_t[]){1, 3}, false);
}

static void makes_a_column_anew(firn_updates *u, const firn_metadata *m)
{
    set_schema(u, m, "struct<id: long, day: date, kind: string>", (const int32_t[]){1, 2, 4},
               false);
}

static void changes_a_type(firn_updates *u, const firn_metadata *m)
{
    set_schema(u, m, "struct<id: string, day: date, kind: string>", (const int32_t[]){1, 2, 3},
               false);
}

static void changes_the_spec(firn_updates *u, const firn_metadata *m)
{
    firn_partition_field f = {2, m->last_partition_id + 1, s_("day_month"),
                              firn_transform_parse(s_("month"))};
    const firn_spec spec = {.fields = &f, .field_count = 1};
    check_ok(firn_update_spec(u, &spec, &E), &E);
}

static void sets_a_property(firn_updates *u, const firn_metadata *m FIRN_UNUSED)
{
    check_ok(firn_update_property(u, "owner", s_("them"), &E), &E);
}

static const struct {
    foreign_change change;
    const char *append; /* why an append fails; NULL: it is fine */
    const char *evolve; /* why a change of our own to the schema does */
} changes[] = {
    {adds_a_column, NULL, "got another schema"},
    {adds_a_required_column, "lost or changed a column", "got another schema"},
    {makes_a_column_required, "lost or changed a column", "got another schema"},
    {renames_a_column, NULL, "got another schema"},
    {drops_a_column, "lost or changed a column", "got another schema"},
    {makes_a_column_anew, "lost or changed a column", "got another schema"},
    {changes_a_type, "lost or changed a column", "got another schema"},
    {changes_the_spec, "got another partition spec", NULL},
    {sets_a_property, NULL, NULL},
};

static void a_change_of_the_table_is_survived_or_not(void **state FIRN_UNUSED)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(changes); i++) {
        const char *name = firn_arena_printf(A, "t%zu", i);
        const firn_metadata *start = create(name, "kind");
        firn_updates u = new_updates();
        changes[i].change(&u, start);
        check_ok(commit_updates(start, name, &u), &E);
        if (changes[i].append)
            check_fails(append(start, name, "/mine"), FIRN_E_CONFLICT, &E, changes[i].append);
        else
            check_ok(append(start, name, "/mine"), &E);
        assert_string_equal(files_of(load(name)), changes[i].append ? "" : "/mine");

        /* a new column of our own: its id may be taken */
        firn_type wide;
        firn_type want = type_of("struct<mine: int>");
        int32_t last = start->last_column_id;
        bool changed;
        check_ok(firn_schema_merge(&start->schema->type, &want, &last, A, &wide, &changed, &E), &E);
        firn_table_change c = change_of(start, name, FIRN_OP_NONE, NULL, 0);
        c.schema = &wide;
        c.last_column_id = last;
        if (changes[i].evolve)
            check_fails(commit1(&c, NULL), FIRN_E_CONFLICT, &E, changes[i].evolve);
        else
            check_ok(commit1(&c, NULL), &E);
        check_no_leftovers(name);
    }
}

/* Ids of columns that came and went are not given again. */
static void an_id_given_away_meanwhile_is_not_used_again(void **state FIRN_UNUSED)
{
    const firn_metadata *start = create("t", NULL);
    firn_updates u = new_updates();
    adds_a_column(&u, start);
    check_ok(commit_updates(start, "t", &u), &E);
    u = new_updates();
    makes_a_column_required(&u, start); /* drops the new column again, … */
    check_ok(commit_updates(load("t"), "t", &u), &E);
    u = new_updates();
    set_schema(&u, start, "struct<id: long, day: date, kind: string>", (const int32_t[]){1, 2, 3},
               false); /* … and leaves the schema as it was */
    check_ok(commit_updates(load("t"), "t", &u), &E);
    assert_true(firn_schema_same(&start->schema->type, &load("t")->schema->type));
    firn_type wide;
    firn_type want = type_of("struct<mine: int>");
    int32_t last = start->last_column_id;
    bool changed;
    check_ok(firn_schema_merge(&start->schema->type, &want, &last, A, &wide, &changed, &E), &E);
    firn_table_change c = change_of(start, "t", FIRN_OP_APPEND, NULL, 0);
    c.schema = &wide;
    c.last_column_id = last;
    check_fails(commit1(&c, NULL), FIRN_E_CONFLICT, &E, "got another schema");
}

/* --- twins --------------------------------------------------------------------------------- */

static firn_code land(const firn_metadata *start, const char *path, const char *stream,
                      const char *from, const char *to)
{
    const firn_data_file f = file_of(path, "k", 10);
    const firn_position_move move = {s_(stream), s_("p"), from ? json_of(from) : NULL, json_of(to)};
    firn_table_change c = change_of(start, "t", FIRN_OP_APPEND, &f, 1);
    c.moves = &move;
    c.move_count = 1;
    return commit1(&c, NULL);
}

static void of_twins_one_wins(void **state FIRN_UNUSED)
{
    create("t", NULL);
    check_ok(land(load("t"), "/0", "s", NULL, "0"), &E);
    const firn_metadata *start = load("t");
    check_ok(land(start, "/first", "s", "0", "1"), &E);
    check_fails(land(start, "/second", "s", "0", "1"), FIRN_E_CONFLICT, &E,
                "another firn landed the stream 's' meanwhile");
    assert_non_null(strstr(E.advice, "run again"));
    /* another stream of the same table is a colleague */
    check_ok(land(start, "/other", "r", NULL, "5"), &E);
    assert_string_equal(files_of(load("t")), "/0 /first /other");
    firn_position p;
    check_ok(firn_position_find(L.io, load("t"), A, &p, &E), &E);
    check_json(json_object_get(p.root, "streams"),
               "{'s':{'seq':2,'parts':{'p':1}},'r':{'seq':1,'parts':{'p':5}}}");
    check_no_leftovers("t");
}

static void a_rollback_takes_the_position_back(void **state FIRN_UNUSED)
{
    create("t", NULL);
    check_ok(land(load("t"), "/1", "s", NULL, "1"), &E);
    int64_t first = load("t")->current_snapshot_id;
    check_ok(land(load("t"), "/2", "s", "1", "2"), &E);
    const firn_metadata *start = load("t");
    firn_updates u = new_updates();
    check_ok(firn_update_ref(&u, "main", first, true, &E), &E);
    check_ok(commit_updates(start, "t", &u), &E);
    check_fails(land(start, "/3", "s", "2", "3"), FIRN_E_CONFLICT, &E, "stream 's'");
    check_ok(land(load("t"), "/2b", "s", "1", "2"), &E);
    assert_string_equal(files_of(load("t")), "/1 /2b");
}

/* --- unknown outcomes ---------------------------------------------------------------------- */

static const struct {
    const char *name;
    outcome next;
    bool definite;     /* what the catalog says of itself */
    firn_code no_load; /* while it is looked up */
    firn_code code;
    const char *files;
} unknowns[] = {
    {"it happened", APPLIED_BUT_UNKNOWN, true, FIRN_OK, FIRN_OK, "/mine"},
    {"it happened, catalog not sure", APPLIED_BUT_UNKNOWN, false, FIRN_OK, FIRN_OK, "/mine"},
    {"it did not: tried again", LOST_AND_UNKNOWN, true, FIRN_OK, FIRN_OK, "/mine"},
    {"it did not, catalog not sure", LOST_AND_UNKNOWN, false, FIRN_OK, FIRN_E_COMMIT_UNKNOWN, ""},
    {"no answer, it happened", APPLIED_BUT_UNKNOWN, true, FIRN_E_NET, FIRN_E_COMMIT_UNKNOWN,
     "/mine"},
    {"no answer, it did not", LOST_AND_UNKNOWN, true, FIRN_E_NET, FIRN_E_COMMIT_UNKNOWN, ""},
};

static void unknown_outcomes_are_looked_up(void **state FIRN_UNUSED)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(unknowns); i++) {
        const char *name = firn_arena_printf(A, "t%zu", i);
        const firn_metadata *start = create(name, NULL);
        L.hook.next = unknowns[i].next;
        L.hook.times = 1;
        L.hook.no_load = unknowns[i].no_load;
        L.hook.ops.caps = unknowns[i].definite ? FIRN_CATALOG_DEFINITE : 0;
        const char *files[64];
        firn_code code = append(start, name, "/mine");
        if (code != unknowns[i].code)
            fail_msg("%s: code %d: %s", unknowns[i].name, (int)code, E.text);
        L.hook.no_load = FIRN_OK;
        assert_string_equal(files_of(load(name)), unknowns[i].files);
        if (code == FIRN_OK) {
            check_no_leftovers(name);
            assert_int_equal(load(name)->snapshot_count, 1);
            continue;
        }
        /* nothing is removed that might be live: metadata 0 and 1, a list and a manifest */
        assert_non_null(strstr(E.advice, "nothing was deleted"));
        assert_int_equal(metadata_files(name, files, 64), 4);
    }
}

/* A commit without a snapshot is known by its file. */
static void an_unknown_change_of_properties_is_looked_up(void **state FIRN_UNUSED)
{
    const firn_metadata *start = create("t", NULL);
    const firn_property set = {"owner", s_("me")};
    firn_table_change c = change_of(start, "t", FIRN_OP_NONE, NULL, 0);
    c.properties = &set;
    c.property_count = 1;
    L.hook.next = APPLIED_BUT_UNKNOWN;
    L.hook.times = 1;
    check_ok(commit1(&c, NULL), &E);
    assert_int_equal(json_array_size(json_object_get(load("t")->root, "metadata-log")), 1);
    L.hook.next = LOST_AND_UNKNOWN;
    L.hook.times = 1;
    c.start = load("t");
    check_ok(commit1(&c, NULL), &E);
    assert_int_equal(json_array_size(json_object_get(load("t")->root, "metadata-log")), 2);
    check_no_leftovers("t");
}

static void an_unknown_creation_is_looked_up(void **state FIRN_UNUSED)
{
    static const outcome outcomes[] = {APPLIED_BUT_UNKNOWN, LOST_AND_UNKNOWN};
    for (size_t i = 0; i < 2; i++) {
        const char *name = firn_arena_printf(A, "t%zu", i);
        L.hook.next = outcomes[i];
        L.hook.times = 1;
        create(name, NULL);
        check_i64(load(name)->current_snapshot_id, FIRN_NO_SNAPSHOT);
        check_no_leftovers(name);
    }
}

/* --- failures ------------------------------------------------------------------------------ */

static void a_definite_failure_leaves_nothing_behind(void **state FIRN_UNUSED)
{
    const firn_metadata *start = create("t", NULL);
    L.hook.next = REFUSED;
    L.hook.times = 1;
    check_fails(append(start, "t", "/mine"), FIRN_E_NOSPC, &E, "the catalog is full");
    check_no_leftovers("t");
    assert_string_equal(files_of(load("t")), "");
    check_ok(append(start, "t", "/mine"), &E);
    assert_string_equal(files_of(load("t")), "/mine");
}

/* The n-th write fails: whatever was written before is removed again. */
static firn_code (*real_write)(void *ctx, firn_str uri, firn_slice bytes, firn_err *err);
static int writes_left;

static firn_code failing_write(void *ctx, firn_str uri, firn_slice bytes, firn_err *err)
{
    if (writes_left-- == 0)
        return firn_raise(err, FIRN_E_NOSPC, "the disk is full");
    return real_write(ctx, uri, bytes, err);
}

static void a_failed_write_leaves_nothing_behind(void **state FIRN_UNUSED)
{
    firn_io io = *L.io;
    create("t", "kind");
    check_ok(append(load("t"), "t", "/a"), &E);
    check_ok(append(load("t"), "t", "/b"), &E);
    real_write = io.write_new;
    io.write_new = failing_write;
    L.ctx.io = &io;
    const firn_data_file f = file_of("/c", "k", 1);
    const firn_table_change c = change_of(load("t"), "t", FIRN_OP_REPLACE, &f, 1);
    int n = 0;
    for (;; n++) {
        writes_left = n;
        firn_code code = commit1(&c, NULL);
        if (code == FIRN_OK)
            break;
        assert_int_equal(code, FIRN_E_NOSPC);
        assert_string_equal(files_of(load("t")), "/a /b");
        check_no_leftovers("t");
    }
    assert_int_equal(n, 5); /* three manifests, a list, the metadata */
    assert_string_equal(files_of(load("t")), "/c");
    check_no_leftovers("t");
}

/* The metadata that a change was prepared on is old: expiry has removed the list it names. */
static void an_expired_start_is_loaded_again(void **state FIRN_UNUSED)
{
    create("t", NULL);
    check_ok(append(load("t"), "t", "/a"), &E);
    const firn_metadata *start = load("t");
    check_ok(append(start, "t", "/b"), &E);
    check_ok(L.io->remove(L.io->ctx, firn_metadata_current(start)->manifest_list, &E), &E);
    check_ok(append(start, "t", "/mine"), &E);
    assert_string_equal(files_of(load("t")), "/a /b /mine");
    /* if it is the current one that is gone, the table is damaged, and that is said */
    start = load("t");
    check_ok(L.io->remove(L.io->ctx, firn_metadata_current(start)->manifest_list, &E), &E);
    check_fails(append(start, "t", "/more"), FIRN_E_NOTFOUND, &E, "manifest list");
}

static void version_one_is_not_written(void **state FIRN_UNUSED)
{
    const char *path = firn_arena_printf(A, "%s/raw/v1/metadata/00000-a.metadata.json", L.dir);
    const char *text =
        text_of(json_of("{'format-version':1,'table-uuid':'u','location':'/t','last-updated-ms':1,"
                        "'last-column-id':1,'schema':{'fields':[]},'partition-spec':[]}"));
    const firn_slice bytes = {(const uint8_t *)text, strlen(text)};
    check_ok(L.io->write_new(L.io->ctx, s_(path), bytes, &E), &E);
    const firn_catalog_change make = {.ident = ident("v1"), .new_location = s_(path)};
    check_ok(L.hook.inner->ops->commit(L.hook.inner, &make, 1, &E), &E);
    check_fails(append(load("v1"), "v1", "/a"), FIRN_E_UNSUPPORTED, &E,
                "'v1' has format version 1; only versions 2 and 3 are written");
    check_no_leftovers("v1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAKE_TEST(an_append_is_rebased),
        LAKE_TEST(a_rebase_ends),
        LAKE_TEST(a_replacement_is_not_rebased_over_rows),
        LAKE_TEST(a_replacement_survives_compaction),
        LAKE_TEST(a_dropped_table_is_a_conflict),
        LAKE_TEST(a_change_of_the_table_is_survived_or_not),
        LAKE_TEST(an_id_given_away_meanwhile_is_not_used_again),
        LAKE_TEST(of_twins_one_wins),
        LAKE_TEST(a_rollback_takes_the_position_back),
        LAKE_TEST(unknown_outcomes_are_looked_up),
        LAKE_TEST(an_unknown_change_of_properties_is_looked_up),
        LAKE_TEST(an_unknown_creation_is_looked_up),
        LAKE_TEST(a_definite_failure_leaves_nothing_behind),
        LAKE_TEST(a_failed_write_leaves_nothing_behind),
        LAKE_TEST(an_expired_start_is_loaded_again),
        LAKE_TEST(version_one_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
