/* SPDX-License-Identifier: Apache-2.0 */
/* iceberg/commit with every single allocation failing in turn, once and from then on: the commit
 * happens whole or not at all, and nothing leaks (LeakSanitizer looks at the end).  The JSON trees
 * are left out: jansson's parser frees what it never had when its own memory is refused. */
#include "check.h"
#include "ice_help.h"
#include "lake_help.h"

/* One change to try: an append that moves a position and adds a column, or a replacement. */
static firn_table_change make_change(const firn_metadata *start, bool replace,
                                     const firn_data_file *file, const firn_position_move *move)
{
    firn_table_change c =
        change_of(start, "t", replace ? FIRN_OP_REPLACE_PARTITIONS : FIRN_OP_APPEND, file, 1);
    int32_t last = start->last_column_id;
    bool changed;
    firn_type *wide = firn_arena_alloc(A, sizeof *wide);
    firn_type want = type_of(replace ? "struct<x: int>" : "struct<y: struct<z: list<int>>>");
    check_ok(firn_schema_merge(&start->schema->type, &want, &last, A, wide, &changed, &E), &E);
    c.schema = wide;
    c.last_column_id = last;
    c.moves = move;
    c.move_count = 1;
    return c;
}

/* Fails the n-th allocation of the commit; returns whether any was refused. */
static bool try_nth(uint64_t n, bool sticky, const firn_table_change *c, bool clean)
{
    const char *before = files_of(load("t"));
    int64_t version = firn_metadata_file_version(load("t")->location_of_file);
    firn_arena *a = firn_arena_new("a commit", 0);
    firn_table_result r;
    firn_err err = {0};
    firn_mem_fail_nth(n, sticky);
    firn_code code = firn_commit(&L.ctx, c, 1, a, &r, &err);
    bool refused = firn_mem_failed() > 0;
    firn_mem_fail_nth(0, false);
    const firn_metadata *now = load("t");
    bool happened = firn_metadata_file_version(now->location_of_file) != version;
    if (code == FIRN_OK && !happened)
        fail_msg("allocation %llu: said to be committed, and is not", (unsigned long long)n);
    if (code != FIRN_OK && code != FIRN_E_COMMIT_UNKNOWN && happened)
        fail_msg("allocation %llu: said to have failed, and is committed", (unsigned long long)n);
    if (!happened)
        assert_string_equal(files_of(now), before);
    if (code != FIRN_OK && err.code != code)
        fail_msg("allocation %llu: code %d, but the error says %d", (unsigned long long)n,
                 (int)code, (int)err.code);
    if (clean)
        check_no_leftovers("t");
    firn_arena_free(a);
    /* later rounds start from where they began */
    if (happened && refused) {
        firn_updates u = new_updates();
        check_ok(firn_update_ref(&u, "main", c->start->current_snapshot_id, true, &E), &E);
        check_ok(commit_updates(now, "t", &u), &E);
    }
    return refused;
}

static void torture(bool replace, bool sticky)
{
    create("t", "kind");
    check_ok(append(load("t"), "t", "/a"), &E);
    check_ok(append(load("t"), "t", "/b"), &E);
    const firn_data_file file = file_of("/c", "k", 1);
    const firn_position_move move = {s_("s"), s_("p"), NULL, json_of("{'a':[1,'x']}")};
    uint64_t n = 1;
    for (bool refused = true; refused; n++) {
        const firn_table_change c = make_change(load("t"), replace, &file, &move);
        /* a local file that cannot be removed for lack of memory is an orphan, no damage */
        refused = try_nth(n, sticky, &c, !L.env);
    }
    assert_true(n > 40); /* there is something to fail */
    assert_string_equal(files_of(load("t")), replace ? "/c" : "/a /b /c");
}

static void an_append_survives_a_refusal(void **state FIRN_UNUSED)
{
    torture(false, false);
}

static void an_append_survives_no_memory_at_all(void **state FIRN_UNUSED)
{
    torture(false, true);
}

static void a_replacement_survives_a_refusal(void **state FIRN_UNUSED)
{
    torture(true, false);
}

static void a_replacement_survives_no_memory_at_all(void **state FIRN_UNUSED)
{
    torture(true, true);
}

/* Reading the table, its manifests and its position. */
static void reading_survives_a_refusal(void **state FIRN_UNUSED)
{
    create("t", "kind");
    const firn_data_file file = file_of("/a", "k", 1);
    const firn_position_move move = {s_("s"), s_("p"), NULL, json_of("1")};
    firn_table_change c = change_of(load("t"), "t", FIRN_OP_APPEND, &file, 1);
    c.moves = &move;
    c.move_count = 1;
    check_ok(commit1(&c, NULL), &E);
    for (int sticky = 0; sticky < 2; sticky++) {
        bool refused = true;
        for (uint64_t n = 1; refused; n++) {
            firn_arena *a = firn_arena_new("a reader", 0);
            const firn_metadata *m;
            firn_scan_plan plan;
            firn_position p;
            firn_err err = {0};
            firn_mem_fail_nth(n, sticky == 1);
            firn_code code = firn_table_load(L.hook.inner, L.io, ident("t"), a, &m, &err);
            if (code == FIRN_OK)
                code = firn_scan_plan_make(L.io, m, firn_metadata_current(m), NULL, a, &plan, &err);
            if (code == FIRN_OK)
                code = firn_position_find(L.io, m, a, &p, &err);
            refused = firn_mem_failed() > 0;
            firn_mem_fail_nth(0, false);
            if (code == FIRN_OK) {
                assert_int_equal(plan.count, 1);
                check_i64(firn_position_seq(&p, s_("s")), 1);
            } else if (code != FIRN_E_NOMEM) {
                fail_msg("allocation %llu: code %d: %s", (unsigned long long)n, (int)code,
                         err.text);
            }
            firn_arena_free(a);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAKE_TEST(an_append_survives_a_refusal),
        LAKE_TEST(an_append_survives_no_memory_at_all),
        LAKE_TEST(a_replacement_survives_a_refusal),
        LAKE_TEST(a_replacement_survives_no_memory_at_all),
        LAKE_TEST(reading_survives_a_refusal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
