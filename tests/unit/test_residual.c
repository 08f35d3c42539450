/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of values that do not fit: by each policy, with paths of all kinds, and the same
 * however a stream is cut into batches and chunks. */
#include "base/str.h"
#include "format/residual.h"
#include "json_help.h"

static firn_arena *arena;

/* --- paths --------------------------------------------------------------------------------- */

static void paths_are_read_in_one_way(void **state FIRN_UNUSED)
{
    const firn_spot top = {.key = FIRN_STR_LIT("lines")};
    const firn_spot item = {.parent = &top, .index = 2};
    const firn_spot any = {.parent = &top, .index = FIRN_SPOT_ANY};
    const firn_spot inner = {.parent = &item, .index = 0};
    const struct {
        const firn_spot *parent;
        const char *key;
        const char *path;
    } cases[] = {
        {NULL, "a", "a"},
        {NULL, "", "\"\""},
        {NULL, "a.b", "\"a.b\""},
        {NULL, "a[0]", "\"a[0]\""},
        {NULL, "]", "\"]\""},
        {NULL, "say \"x\"", "\"say \\\"x\\\"\""},
        {NULL, "a\\b", "\"a\\\\b\""},
        {NULL, "$set", "\"$set\""},
        {NULL, "/p", "\"/p\""},
        {NULL, "a b-c_d", "a b-c_d"},
        {&item, "debit", "lines[2].debit"},
        {&item, "a.b", "lines[2].\"a.b\""},
        {&any, "debit", "lines[].debit"},
        {&inner, "x", "lines[2][0].x"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(1000);
        const firn_spot s = {.parent = cases[i].parent, .key = firn_str_of(cases[i].key)};
        assert_int_equal(firn_spot_add(&s, &out, NULL), FIRN_OK);
        assert_string_equal(firn_buf_cstr(&out), cases[i].path);
    }
}

/* --- policies ------------------------------------------------------------------------------ */

/* Lands a text with a layout made from it (over `old`, NULL: none): the type, the rows and the
 * rejects. */
static const char *landed(const char *text, const firn_layout_in *how, size_t chunk)
{
    firn_err err = {0};
    firn_format_opt opt = {0};
    firn_buf out = FIRN_BUF((size_t)16 << 20);
    firn_layout_in in = *how;
    firn_layout_out made;
    firn_rejects rejects = {.arena = arena};
    firn_shape *seen = firn_shape_new(arena);
    file f;
    bool misfit = false;
    check_ok(file_make(&opt, text, strlen(text), arena, &f, &err), &err);
    check_ok(firn_decoder_json.walk(&f.batch, in.old, seen, arena, &misfit, &err), &err);
    in.seen = seen;
    check_ok(firn_layout_make(&in, arena, &made, &err), &err);
    assert_int_equal(firn_type_print(&made.layout->type, &out, &err), FIRN_OK);
    assert_int_equal(firn_buf_addc(&out, '\n', &err), FIRN_OK);
    check_ok(fill_text(&f.batch, made.layout, chunk, &rejects, &out, &err), &err);
    for (size_t i = 0; i < rejects.n; i++) {
        const firn_reject *r = &rejects.v[i];
        assert_int_equal(firn_buf_addf(&out, &err, "%s %zu %.*s %.*s\n", r->fatal ? "fails" : "!",
                                       r->record, FIRN_STR_ARG(r->path), FIRN_STR_ARG(r->value)),
                         FIRN_OK);
    }
    const char *ret = firn_arena_strdup(arena, firn_buf_cstr(&out));
    firn_buf_free(&out);
    file_free(&f);
    return ret;
}

#define MIXED "{\"a\":1}\n{\"a\":\"x\"}\n{\"a\":2,\"l\":[{\"n\":1},{\"n\":[ ]},null]}\n"

static void each_policy_has_its_way(void **state FIRN_UNUSED)
{
    static const struct {
        firn_conflicts conflicts;
        const char *want;
    } cases[] = {
        {FIRN_CONFLICTS_STRING, "struct<a: string, l: list<struct<n: string>>>\n"
                                "{a: '1', l: null}\n"
                                "{a: 'x', l: null}\n"
                                "{a: '2', l: [{n: '1'}, {n: '[ ]'}, null]}\n"},
        {FIRN_CONFLICTS_RESIDUAL,
         "struct<a: long, l: list<struct<n: list<string>>>, _residual: string>\n"
         "{a: 1, l: null, _residual: null}\n"
         "{a: null, l: null, _residual: '{\"a\":\"x\"}'}\n"
         "{a: 2, l: [{n: null}, {n: []}, null], _residual: '{\"l[0].n\":1}'}\n"},
        {FIRN_CONFLICTS_JSON, "struct<a: string, l: list<struct<n: string>>>\n"
                              "{a: '1', l: null}\n"
                              "{a: '\"x\"', l: null}\n"
                              "{a: '2', l: [{n: '1'}, {n: '[ ]'}, null]}\n"},
        {FIRN_CONFLICTS_REJECT, "struct<a: long, l: list<struct<n: list<string>>>>\n"
                                "{a: 1, l: null}\n"
                                "! 1 a \n"
                                "! 2 l[0].n \n"},
        {FIRN_CONFLICTS_FAIL, "struct<a: long, l: list<struct<n: list<string>>>>\n"
                              "{a: 1, l: null}\n"
                              "fails 1 a \n"
                              "fails 2 l[0].n \n"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        const firn_layout_policy policy = {.conflicts = cases[i].conflicts};
        const firn_layout_in in = {.policy = &policy};
        assert_string_equal(landed(MIXED, &in, 100), cases[i].want);
        assert_string_equal(landed(MIXED, &in, 1), cases[i].want);
    }
}

static const firn_layout *layout_of(const char *text, const firn_layout_policy *policy)
{
    firn_err err = {0};
    firn_layout_out made;
    firn_shape *seen = firn_shape_new(arena);
    const firn_layout_in in = {.policy = policy, .seen = seen};
    walk_text(text, seen, arena);
    check_ok(firn_layout_make(&in, arena, &made, &err), &err);
    return made.layout;
}

static void contracts_hold_for_tables_that_are_there(void **state FIRN_UNUSED)
{
    static const struct {
        firn_contract columns;
        firn_contract data_type;
        const char *want;
    } cases[] = {
        {FIRN_CONTRACT_EVOLVE, FIRN_CONTRACT_EVOLVE,
         "struct<a: long, new: long, _residual: string>\n"
         "{a: null, new: 5, _residual: '{\"a\":\"x\"}'}\n"
         "{a: 3, new: null, _residual: null}\n"},
        {FIRN_CONTRACT_DISCARD_VALUE, FIRN_CONTRACT_DISCARD_VALUE,
         "struct<a: long>\n{a: null}\n{a: 3}\n! 0 new 5\n! 0 a \"x\"\n"},
        {FIRN_CONTRACT_DISCARD_VALUE, FIRN_CONTRACT_REJECT, "struct<a: long>\n{a: 3}\n! 0 a \n"},
        {FIRN_CONTRACT_REJECT, FIRN_CONTRACT_EVOLVE,
         "struct<a: long, _residual: string>\n{a: 3, _residual: null}\n! 0 new \n"},
        {FIRN_CONTRACT_FREEZE, FIRN_CONTRACT_EVOLVE,
         "struct<a: long, _residual: string>\n{a: 3, _residual: null}\nfails 0 new \n"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        const firn_layout_policy policy = {.conflicts = FIRN_CONFLICTS_RESIDUAL,
                                           .columns = cases[i].columns,
                                           .data_type = cases[i].data_type};
        const firn_layout_in in = {
            .policy = &policy, .old = layout_of("{\"a\":1}", &policy), .exists = true};
        assert_string_equal(landed("{\"a\":\"x\",\"new\":5}\n{\"a\":3}\n", &in, 100),
                            cases[i].want);
    }
}

/* Of equal keys without a column the last one wins, as of others. */
static void keys_may_come_twice(void **state FIRN_UNUSED)
{
    const firn_layout_policy policy = {.conflicts = FIRN_CONFLICTS_RESIDUAL,
                                       .columns = FIRN_CONTRACT_DISCARD_VALUE};
    const firn_layout_in in = {
        .policy = &policy, .old = layout_of("{\"a\":1}", &policy), .exists = true};
    assert_string_equal(
        landed("{\"n\":1,\"a\":\"x\",\"n\":2,\"a\":5,\"m\":3,\"m\":null}\n", &in, 100),
        "struct<a: long>\n{a: 5}\n! 0 n 2\n");
}

/* --- batches ------------------------------------------------------------------------------- */

static void add_value(uint64_t *seed, unsigned depth, firn_buf *out)
{
    static const char *const scalars[] = {"1",     "2.5", "true",           "null",
                                          "\"x\"", "-0",  "\"2025-01-31\"", "{}"};
    unsigned kind = below(seed, depth ? 12 : 8);
    firn_code code = FIRN_OK;
    if (kind < 8) {
        code = firn_buf_adds(out, scalars[kind], NULL);
    } else if (kind < 10) {
        unsigned n = below(seed, 3);
        code = firn_buf_addc(out, '[', NULL);
        for (unsigned i = 0; i < n; i++) {
            if (i)
                code |= firn_buf_addc(out, ',', NULL);
            add_value(seed, depth - 1, out);
        }
        code |= firn_buf_addc(out, ']', NULL);
    } else {
        code = firn_buf_adds(out, "{\"p\":", NULL);
        add_value(seed, depth - 1, out);
        code |= firn_buf_adds(out, ",\"q\":", NULL);
        add_value(seed, depth - 1, out);
        code |= firn_buf_addc(out, '}', NULL);
    }
    assert_int_equal(code, FIRN_OK);
}

static void add_record(uint64_t *seed, firn_buf *out)
{
    const char *between = "{";
    for (char key = 'a'; key < 'e'; key++) {
        if (below(seed, 4) == 0)
            continue;
        assert_int_equal(firn_buf_addf(out, NULL, "%s\"%c\":", between, key), FIRN_OK);
        add_value(seed, 3, out);
        between = ",";
    }
    assert_int_equal(firn_buf_adds(out, *between == '{' ? "{}\n" : "}\n", NULL), FIRN_OK);
}

/* Walks records in batches of random sizes and joins what they hold. */
static firn_shape *joined(const firn_batch *all, uint64_t *seed)
{
    firn_err err = {0};
    firn_shape *seen = firn_shape_new(arena);
    for (size_t at = 0, n; at < all->count; at += n) {
        bool misfit;
        n = below(seed, 7) + 1;
        n = FIRN_MIN(all->count - at, n);
        firn_batch part = *all;
        firn_shape *shape = firn_shape_new(arena);
        part.records += at;
        part.count = n;
        check_ok(firn_decoder_json.walk(&part, NULL, shape, arena, &misfit, &err), &err);
        check_ok(firn_shape_join(seen, shape, arena, &err), &err);
    }
    return seen;
}

/* Everything lands, and neither the schema nor a row depends on how the records were cut; what was
 * seen changes nothing when it is seen again. */
static void check_stream(uint64_t seed, const firn_layout_policy *policy)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)1 << 20);
    FIRN_AUTO(firn_buf_free) firn_buf first = FIRN_BUF((size_t)16 << 20);
    firn_err err = {0};
    firn_format_opt opt = {0};
    file f;
    for (unsigned i = 0, n = below(&seed, 40) + 1; i < n; i++)
        add_record(&seed, &text);
    check_ok(file_make(&opt, firn_buf_cstr(&text), text.n, arena, &f, &err), &err);
    for (unsigned round = 0; round < 3; round++) {
        FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF((size_t)16 << 20);
        firn_layout_out made;
        firn_layout_out again;
        firn_rejects rejects = {.arena = arena};
        firn_layout_in in = {.seen = joined(&f.batch, &seed), .policy = policy};
        bool misfit;
        check_ok(firn_layout_make(&in, arena, &made, &err), &err);
        assert_int_equal(firn_type_print(&made.layout->type, &out, &err), FIRN_OK);
        check_ok(fill_text(&f.batch, made.layout, below(&seed, 9) + 1, &rejects, &out, &err), &err);
        if (rejects.n)
            fail_msg("%s: rejected: %s: %s", firn_buf_cstr(&text), rejects.v[0].path.p,
                     rejects.v[0].reason.p);
        if (round && strcmp(firn_buf_cstr(&first), firn_buf_cstr(&out)) != 0)
            fail_msg("%s\nis\n%s\nor\n%s", firn_buf_cstr(&text), firn_buf_cstr(&first),
                     firn_buf_cstr(&out));
        firn_buf_clear(&first);
        assert_int_equal(firn_buf_addstr(&first, firn_buf_str(&out), NULL), FIRN_OK);
        firn_shape *left = firn_shape_new(arena);
        check_ok(firn_decoder_json.walk(&f.batch, made.layout, left, arena, &misfit, &err), &err);
        in = (firn_layout_in){.old = made.layout, .seen = left, .policy = policy};
        check_ok(firn_layout_make(&in, arena, &again, &err), &err);
        if (again.changed)
            fail_msg("%s: a second look changes the columns", firn_buf_cstr(&text));
    }
    file_free(&f);
}

static void batches_make_no_difference(void **state FIRN_UNUSED)
{
    static const firn_conflicts policies[] = {FIRN_CONFLICTS_RESIDUAL, FIRN_CONFLICTS_JSON,
                                              FIRN_CONFLICTS_STRING};
    for (uint64_t seed = 1; seed <= 400; seed++) {
        const firn_layout_policy policy = {.conflicts = policies[seed % 3],
                                           .nested =
                                               seed % 5 ? FIRN_NESTED_NATIVE : FIRN_NESTED_JSON};
        check_stream(seed * 7919, &policy);
        firn_arena_reset(arena);
    }
}

/* --- memory -------------------------------------------------------------------------------- */

static void examples_are_bounded(void **state FIRN_UNUSED)
{
    firn_conflicts_seen list = {0};
    char text[200];
    for (int i = 0; i < 100000; i++) {
        int n = snprintf(text, sizeof text, "%0150d", 999999 - i);
        const firn_conflict c = {FIRN_STR_LIT("a"), 1, {text, (size_t)n}};
        assert_int_equal(firn_conflicts_add(&list, &c, arena, NULL), FIRN_OK);
    }
    assert_int_equal(list.n, 1);
    assert_int_equal(list.v[0].count, 100000);
    assert_true(firn_arena_used(arena) < 1 << 20);
}

static int open_arena(void **state FIRN_UNUSED)
{
    arena = firn_arena_new("a test", 0);
    return arena ? 0 : -1;
}

static int close_arena(void **state FIRN_UNUSED)
{
    firn_arena_free(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_read_in_one_way),
        cmocka_unit_test(each_policy_has_its_way),
        cmocka_unit_test(contracts_hold_for_tables_that_are_there),
        cmocka_unit_test(keys_may_come_twice),
        cmocka_unit_test(batches_make_no_difference),
        cmocka_unit_test(examples_are_bounded),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
