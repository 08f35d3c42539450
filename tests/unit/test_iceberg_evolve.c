/* SPDX-License-Identifier: Apache-2.0 */
/* iceberg/evolve: what changes become as updates, what of other engines survives, what is refused.
 * Forms and results against PyIceberg are in tests/suites/alter.py. */
#include "check.h"
#include "ice_help.h"

#include "iceberg/evolve.h"
#include "iceberg/term.h"

static const char table[] =
    "{'format-version':2,'table-uuid':'9c12d441-03fe-4693-9a96-a0705ddf69c1',"
    "'location':'file:///lake/t','last-sequence-number':2,'last-updated-ms':1600000000000,"
    "'last-column-id':5,'current-schema-id':1,'schemas':["
    "{'type':'struct','schema-id':0,'fields':[{'id':1,'name':'x','required':true,'type':'int'}]},"
    "{'type':'struct','schema-id':1,'x-note':[1],'identifier-field-ids':[1],'fields':["
    "{'id':1,'name':'x','required':true,'type':'int','x-hint':{'deep':[1,2]}},"
    "{'id':2,'name':'y','required':false,'type':'date'},"
    "{'id':3,'name':'l','required':false,'type':{'type':'list','element-id':4,'x-l':1,"
    "'element-required':false,'element':{'type':'struct','fields':["
    "{'id':5,'name':'a','required':false,'type':'int'}]}}}]}],"
    "'default-spec-id':1,'partition-specs':[{'spec-id':0,'fields':["
    "{'source-id':2,'field-id':1000,'name':'y_month','transform':'month'}]},"
    "{'spec-id':1,'fields':[]}],"
    "'last-partition-id':1000,'default-sort-order-id':0,'sort-orders':[{'order-id':0,'fields':[]}],"
    "'properties':{'owner':'someone'},"
    "'current-snapshot-id':2,'snapshots':["
    "{'snapshot-id':1,'timestamp-ms':1500000000000,'sequence-number':1,"
    "'summary':{'operation':'append'},'manifest-list':'file:///lake/t/s1.avro'},"
    "{'snapshot-id':2,'parent-snapshot-id':1,'timestamp-ms':1600000000000,'sequence-number':2,"
    "'summary':{'operation':'append'},'manifest-list':'file:///lake/t/s2.avro','schema-id':1},"
    "{'snapshot-id':3,'parent-snapshot-id':2,'timestamp-ms':1600000000000,'sequence-number':2,"
    "'summary':{'operation':'append'},'manifest-list':'file:///lake/t/s3.avro','schema-id':1}],"
    "'refs':{'main':{'snapshot-id':2,'type':'branch','max-snapshot-age-ms':7},"
    "'ahead':{'snapshot-id':3,'type':'branch'},"
    "'old':{'snapshot-id':1,'type':'tag','x-who':'me'}},"
    "'snapshot-log':[],'metadata-log':[]}";

static const firn_str none = {NULL, 0};

static const firn_metadata *parse(const char *text)
{
    const firn_metadata *m;
    const char *json = text_of(json_of(text));
    check_ok(firn_metadata_parse((firn_slice){(const uint8_t *)json, strlen(json)},
                                 s_("file:///lake/t/metadata/00001-a.metadata.json"), A, &m, &E),
             &E);
    return m;
}

static firn_evolution *begin(const char *text)
{
    firn_evolution *e;
    check_ok(firn_evolve_begin(parse(text), A, &e, &E), &E);
    return e;
}

static const json_t *updates_of(firn_evolution *e)
{
    firn_updates u;
    check_ok(firn_updates_new(A, &u, &E), &E);
    check_ok(firn_evolve_updates(e, &u, &E), &E);
    return u.list;
}

static firn_code add(firn_evolution *e, const char *path, const char *type, firn_err *err)
{
    firn_type t = type_of(type);
    const firn_new_column c = {.path = s_(path), .type = &t};
    return firn_evolve_add_column(e, &c, err);
}

static void a_schema_keeps_what_others_wrote(void **state FIRN_UNUSED)
{
    firn_evolution *e = begin(table);
    const firn_type t = type_of("long");
    check_ok(firn_evolve_column_type(e, s_("x"), &t, &E), &E);
    check_ok(add(e, "l.b", "string", &E), &E);
    check_json(updates_of(e),
               "[{'action':'add-schema','last-column-id':6,'schema':"
               "{'type':'struct','schema-id':2,'x-note':[1],'identifier-field-ids':[1],'fields':["
               "{'id':1,'name':'x','required':true,'type':'long','x-hint':{'deep':[1,2]}},"
               "{'id':2,'name':'y','required':false,'type':'date'},"
               "{'id':3,'name':'l','required':false,'type':{'type':'list','element-id':4,'x-l':1,"
               "'element-required':false,'element':{'type':'struct','fields':["
               "{'id':5,'name':'a','required':false,'type':'int'},"
               "{'id':6,'name':'b','required':false,'type':'string'}]}}}]}},"
               "{'action':'set-current-schema','schema-id':-1}]");
}

static void nothing_is_no_update(void **state FIRN_UNUSED)
{
    firn_evolution *e = begin(table);
    const firn_type t = type_of("int");
    check_ok(firn_evolve_column_type(e, s_("x"), &t, &E), &E);
    check_ok(firn_evolve_rename_column(e, s_("x"), s_("z"), &E), &E);
    check_ok(firn_evolve_rename_column(e, s_("z"), s_("x"), &E), &E);
    check_ok(firn_evolve_set_property(e, s_("owner"), s_("someone"), &E), &E);
    check_ok(firn_evolve_column_required(e, s_("y"), false, &E), &E);
    check_ok(firn_evolve_fast_forward(e, s_("main"), s_("main"), &E), &E);
    check_ok(firn_evolve_partition_by(e, NULL, 0, &E), &E);
    check_ok(firn_evolve_sort_by(e, NULL, 0, &E), &E);
    check_json(updates_of(e), "[]");
}

static void an_old_schema_and_spec_are_taken_again(void **state FIRN_UNUSED)
{
    firn_evolution *e = begin(table);
    firn_partition_term term;
    check_ok(firn_partition_term_parse(s_("months(Y)"), A, &term, &E), &E);
    check_ok(firn_evolve_add_partition(e, &term, none, &E), &E);
    check_fails(firn_evolve_drop_column(e, s_("y"), &E), FIRN_E_INVAL, &E, "y_month");
    check_json(updates_of(e), "[{'action':'set-default-spec','spec-id':0}]");

    e = begin(table);
    check_ok(firn_evolve_set_identifiers(e, NULL, 0, &E), &E);
    check_ok(firn_evolve_drop_column(e, s_("y"), &E), &E);
    check_ok(firn_evolve_drop_column(e, s_("l"), &E), &E);
    check_fails(firn_evolve_drop_column(e, s_("x"), &E), FIRN_E_INVAL, &E, "the last one");
    check_json(updates_of(e), "[{'action':'set-current-schema','schema-id':0}]");
}

static void a_sort_order_gets_the_next_id(void **state FIRN_UNUSED)
{
    firn_evolution *e = begin(table);
    firn_sort_term terms[2];
    check_ok(firn_sort_term_parse(s_("bucket(8, x) desc"), A, &terms[0], &E), &E);
    check_ok(firn_sort_term_parse(s_("y nulls last"), A, &terms[1], &E), &E);
    check_ok(firn_evolve_sort_by(e, terms, 2, &E), &E);
    firn_updates u;
    const firn_metadata *m;
    check_ok(firn_updates_new(A, &u, &E), &E);
    check_ok(firn_evolve_updates(e, &u, &E), &E);
    check_ok(firn_metadata_apply(parse(table), &u, 0, A, &m, &E), &E);
    check_i64(m->default_sort_order_id, 1);
    check_json(json_array_get(json_object_get(m->root, "sort-orders"), 1),
               "{'order-id':1,'fields':[{'transform':'bucket[8]','source-id':1,'direction':'desc',"
               "'null-order':'nulls-last'},{'transform':'identity','source-id':2,"
               "'direction':'asc','null-order':'nulls-last'}]}");
}

static void refs(void **state FIRN_UNUSED)
{
    firn_evolution *e = begin(table);
    firn_ref_change c = {.name = s_("new"),
                         .mode = FIRN_REF_CREATE,
                         .snapshot_id = FIRN_NO_SNAPSHOT,
                         .retention = FIRN_RETENTION_NONE};
    c.retention.max_ref_age_ms = 5;
    check_ok(firn_evolve_set_ref(e, &c, &E), &E);
    check_fails(firn_evolve_set_ref(e, &c, &E), FIRN_E_EXISTS, &E, "already");
    c.mode = FIRN_REF_REPLACE;
    c.is_branch = true;
    check_fails(firn_evolve_set_ref(e, &c, &E), FIRN_E_INVAL, &E, "is a tag, not a branch");
    check_fails(firn_evolve_fast_forward(e, s_("ahead"), s_("main"), &E), FIRN_E_INVAL, &E,
                "does not go on");
    check_ok(firn_evolve_fast_forward(e, s_("main"), s_("ahead"), &E), &E);
    check_ok(firn_evolve_drop_ref(e, s_("old"), false, &E), &E);
    check_json(updates_of(e),
               "[{'action':'set-snapshot-ref','ref-name':'new','snapshot-id':2,'type':'tag',"
               "'max-ref-age-ms':5},{'action':'set-snapshot-ref','ref-name':'main','snapshot-id':3,"
               "'type':'branch','max-snapshot-age-ms':7},"
               "{'action':'remove-snapshot-ref','ref-name':'old'}]");
}

/* Appendix D of the specification: single values as JSON. */
static void defaults(void **state FIRN_UNUSED)
{
    static const struct {
        const char *type;
        const char *text;
        const char *json; /* NULL: no value */
    } cases[] = {
        {"boolean", "TRUE", "true"},
        {"boolean", "yes", NULL},
        {"int", "34", "34"},
        {"int", "2147483648", NULL},
        {"long", "-9223372036854775808", "-9223372036854775808"},
        {"float", "1.0", "1.0"},
        {"double", "inf", NULL},
        {"decimal(9,2)", "14.2", "\"14.20\""},
        {"decimal(4,2)", "100", NULL},
        {"date", "2017-11-16", "\"2017-11-16\""},
        {"time", "22:31:08.123456", "\"22:31:08.123456\""},
        {"timestamp", "2017-11-16 22:31:08.123456", "\"2017-11-16T22:31:08.123456\""},
        {"timestamp", "2017-11-16", "\"2017-11-16T00:00:00\""},
        {"timestamp", "2017-11-16T22:31:08Z", NULL},
        {"timestamptz", "2017-11-16T22:31:08.123456-07:00", "\"2017-11-17T05:31:08.123456+00:00\""},
        {"timestamp_ns", "2017-11-16T22:31:08.123456789", "\"2017-11-16T22:31:08.123456789\""},
        {"string", "a \"quoted\" text", "\"a \\\"quoted\\\" text\""},
        {"string", "", "\"\""},
        {"uuid", "F79C3E09-677C-4BBD-A479-3F349CB785E7",
         "\"f79c3e09-677c-4bbd-a479-3f349cb785e7\""},
        {"fixed[4]", "00010203", "\"00010203\""},
        {"fixed[4]", "000102", NULL},
        {"binary", "00010fFF", "\"00010fff\""},
        {"binary", "0", NULL},
        {"list<int>", "1", NULL},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        firn_str json = none;
        const firn_type t = type_of(cases[i].type);
        firn_code code = firn_evolve_default(&t, s_(cases[i].text), A, &json, &E);
        if ((code == FIRN_OK) != (cases[i].json != NULL))
            fail_msg("%s '%s': code %d", cases[i].type, cases[i].text, (int)code);
        if (cases[i].json)
            check_str(json, cases[i].json);
        else
            assert_int_equal(code, FIRN_E_INVAL);
    }
}

static void defaults_of_others_are_looked_at(void **state FIRN_UNUSED)
{
    static const struct {
        const char *type;
        const char *json;
        bool fine;
    } cases[] = {
        {"int", "5", true},          {"int", "\"5\"", false},         {"string", "5", false},
        {"string", "\"5\"", true},   {"boolean", "1", false},         {"boolean", "false", true},
        {"double", "5", true},       {"decimal(9,2)", "14.2", false}, {"date", "17486", false},
        {"binary", "\"zz\"", false}, {"date", "\"2017-11-16\"", true}};
    firn_evolution *e = begin(table);
    check_ok(firn_evolve_format_version(e, 3, &E), &E);
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        const firn_type t = type_of(cases[i].type);
        const char *name = firn_arena_printf(A, "d%zu", i);
        const firn_new_column c = {
            .path = s_(name), .type = &t, .initial_default = s_(cases[i].json), .required = true};
        firn_code code = firn_evolve_add_column(e, &c, &E);
        if ((code == FIRN_OK) != cases[i].fine)
            fail_msg("%s %s: code %d", cases[i].type, cases[i].json, (int)code);
        if (code != FIRN_OK)
            check_ok(firn_evolve_begin(parse(table), A, &e, &E), &E);
        if (code != FIRN_OK)
            check_ok(firn_evolve_format_version(e, 3, &E), &E);
    }
}

static void terms(void **state FIRN_UNUSED)
{
    static const struct {
        const char *text;
        firn_transform_kind kind;
        int64_t width;
        const char *column; /* NULL: it is no term */
    } cases[] = {
        {"x", FIRN_TRANSFORM_IDENTITY, 0, "x"},
        {" identity ( a.b ) ", FIRN_TRANSFORM_IDENTITY, 0, "a.b"},
        {"DAYS(ts)", FIRN_TRANSFORM_DAY, 0, "ts"},
        {"date_hour(ts)", FIRN_TRANSFORM_HOUR, 0, "ts"},
        {"bucket(16, x)", FIRN_TRANSFORM_BUCKET, 16, "x"},
        {"bucket(x, 16)", FIRN_TRANSFORM_BUCKET, 16, "x"},
        {"bucket[16](x)", FIRN_TRANSFORM_BUCKET, 16, "x"},
        {"truncate(4, \"a, (b\")", FIRN_TRANSFORM_TRUNCATE, 4, "a, (b"},
        {"`a``b`.c", FIRN_TRANSFORM_IDENTITY, 0, "a`b.c"},
        {"bucket(x)", FIRN_TRANSFORM_VOID, 0, NULL},
        {"bucket(0, x)", FIRN_TRANSFORM_VOID, 0, NULL},
        {"bucket(1, 2, x)", FIRN_TRANSFORM_VOID, 0, NULL},
        {"day(a, b)", FIRN_TRANSFORM_VOID, 0, NULL},
        {"day()", FIRN_TRANSFORM_VOID, 0, NULL},
        {"day(a", FIRN_TRANSFORM_VOID, 0, NULL},
        {"\"a", FIRN_TRANSFORM_VOID, 0, NULL},
        {"", FIRN_TRANSFORM_VOID, 0, NULL},
        {"dya(x)", FIRN_TRANSFORM_VOID, 0, NULL},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        firn_partition_term t;
        firn_code code = firn_partition_term_parse(s_(cases[i].text), A, &t, &E);
        if (!cases[i].column) {
            assert_int_equal(code, FIRN_E_CONFIG);
            continue;
        }
        check_ok(code, &E);
        assert_int_equal(t.kind, cases[i].kind);
        check_i64(t.width, cases[i].width);
        check_str(t.column, cases[i].column);
    }
}

static void sort_terms(void **state FIRN_UNUSED)
{
    static const struct {
        const char *text;
        const char *column;
        bool descending;
        bool nulls_last;
    } cases[] = {{"x", "x", false, false},
                 {"x desc", "x", true, true},
                 {"x DESC NULLS FIRST", "x", true, false},
                 {"day(x) asc nulls last", "x", false, true},
                 {"desc", "desc", false, false},
                 {"\"nulls last\"", "nulls last", false, false},
                 {"xdesc", "xdesc", false, false}};
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        firn_sort_term t;
        check_ok(firn_sort_term_parse(s_(cases[i].text), A, &t, &E), &E);
        check_str(t.column, cases[i].column);
        assert_int_equal(t.descending, cases[i].descending);
        assert_int_equal(t.nulls_last, cases[i].nulls_last);
    }
}

/* One of everything. */
static firn_code everything(const firn_metadata *m, firn_arena *a, firn_err *err)
{
    firn_evolution *e;
    firn_updates u;
    firn_partition_term term;
    firn_sort_term sort;
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)1 << 20);
    const firn_type integer = {.kind = FIRN_T_INT};
    const firn_type wide = {.kind = FIRN_T_LONG};
    const firn_new_column c = {.path = s_("l.b"),
                               .type = &integer,
                               .doc = s_("d"),
                               .initial_default = s_("5"),
                               .place = {FIRN_MOVE_FIRST, {NULL, 0}}};
    FIRN_TRY(firn_evolve_begin(m, a, &e, err));
    FIRN_TRY(firn_evolve_format_version(e, 3, err));
    FIRN_TRY(firn_evolve_add_column(e, &c, err));
    FIRN_TRY(firn_evolve_rename_column(e, s_("l.a"), s_("z"), err));
    FIRN_TRY(firn_evolve_column_type(e, s_("x"), &wide, err));
    FIRN_TRY(firn_partition_term_parse(s_("bucket(4, x)"), a, &term, err));
    FIRN_TRY(firn_evolve_add_partition(e, &term, (firn_str){NULL, 0}, err));
    FIRN_TRY(firn_sort_term_parse(s_("y desc"), a, &sort, err));
    FIRN_TRY(firn_evolve_sort_by(e, &sort, 1, err));
    FIRN_TRY(firn_evolve_set_property(e, s_("k"), s_("v"), err));
    FIRN_TRY(firn_evolve_fast_forward(e, s_("main"), s_("ahead"), err));
    FIRN_TRY(firn_evolve_print(e, &text, err));
    FIRN_TRY(firn_updates_new(a, &u, err));
    return firn_evolve_updates(e, &u, err);
}

static void memory_that_is_out_is_said(void **state FIRN_UNUSED)
{
    const firn_metadata *m = parse(table);
    firn_code code = FIRN_E_NOMEM;
    int n = 0;
    for (; code != FIRN_OK && n < 5000; n++) {
        firn_err err = {0};
        firn_arena *a = firn_arena_new("one try", 0);
        firn_mem_fail_nth((uint64_t)n + 1, false);
        code = everything(m, a, &err);
        firn_mem_fail_nth(0, false);
        firn_arena_free(a);
        if (code != FIRN_OK && code != FIRN_E_NOMEM)
            fail_msg("allocation %d: %s", n + 1, err.text);
    }
    assert_int_equal(code, FIRN_OK);
    assert_true(n > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ICE_TEST(a_schema_keeps_what_others_wrote),
        ICE_TEST(nothing_is_no_update),
        ICE_TEST(an_old_schema_and_spec_are_taken_again),
        ICE_TEST(a_sort_order_gets_the_next_id),
        ICE_TEST(refs),
        ICE_TEST(defaults),
        ICE_TEST(defaults_of_others_are_looked_at),
        ICE_TEST(terms),
        ICE_TEST(sort_terms),
        ICE_TEST(memory_that_is_out_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
