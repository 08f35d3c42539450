/* SPDX-License-Identifier: Apache-2.0 */
/* iceberg/schema: JSON, ids, lookups, evolution.  ICEBERG.md §2, §3, §9. */
#include "check.h"
#include "ice_help.h"

#include "iceberg/schema.h"

static firn_schema parse(const char *json)
{
    firn_schema schema;
    check_ok(firn_schema_parse(json_of(json), A, &schema, &E), &E);
    return schema;
}

/* --- JSON ---------------------------------------------------------------------------------- */

static const char everything[] =
    "{'type':'struct','schema-id':4,'identifier-field-ids':[1],'fields':["
    "{'id':1,'name':'id','required':true,'type':'long','doc':'the key'},"
    "{'id':2,'name':'a.b','required':false,'type':'decimal(9,2)'},"
    "{'id':3,'name':'tags','required':false,'type':{'type':'list','element-id':6,"
    "'element':'string','element-required':false}},"
    "{'id':4,'name':'m','required':false,'type':{'type':'map','key-id':7,'key':'string',"
    "'value-id':8,'value':{'type':'struct','fields':[{'id':9,'name':'x','required':true,"
    "'type':'uuid','doc':''}]},'value-required':true}},"
    "{'id':5,'name':'f','required':false,'type':'fixed[16]'}]}";

static void a_schema_comes_back_from_its_json(void **state FIRN_UNUSED)
{
    firn_schema schema = parse(everything);
    json_t *back = NULL;
    assert_int_equal(schema.schema_id, 4);
    assert_int_equal(schema.identifier_count, 1);
    assert_int_equal(schema.type.field_count, 5);
    assert_true(schema.type.fields[0].required);
    check_str(schema.type.fields[0].doc, "the key");
    assert_true(schema.type.fields[3].type.fields[0].required); /* keys are */
    check_ok(firn_schema_to_json(&schema, &back, &E), &E);
    check_json(back, everything);
    json_decref(back);
}

/* PyIceberg writes a blank behind the comma. */
static void blanks_in_a_type_are_accepted(void **state FIRN_UNUSED)
{
    firn_schema schema = parse("{'type':'struct','fields':[{'id':1,'name':'d','required':false,"
                               "'type':'decimal(9, 2)'}]}");
    json_t *back = NULL;
    assert_int_equal(schema.type.fields[0].type.precision, 9);
    check_ok(firn_schema_to_json(&schema, &back, &E), &E);
    check_json(back, "{'type':'struct','schema-id':0,'fields':[{'id':1,'name':'d',"
                     "'required':false,'type':'decimal(9,2)'}]}");
    json_decref(back);
}

#define FIELD(type)                                                                                \
    "{'type':'struct','fields':[{'id':1,'name':'c','required':false,'type':" type "}]}"

static void what_is_no_schema_is_refused(void **state FIRN_UNUSED)
{
    static const struct {
        const char *json;
        firn_code code;
        const char *part;
    } rows[] = {
        {"{'type':'struct'}", FIRN_E_DATA, "'fields' is missing"},
        {"{'fields':[{'id':1,'name':'c','required':true}]}", FIRN_E_DATA, "'type' is missing"},
        {"{'fields':[{'name':'c','type':'int','required':true}]}", FIRN_E_DATA, "'id' is missing"},
        {"{'fields':[{'id':1,'type':'int','required':true}]}", FIRN_E_DATA, "'name' is missing"},
        {"{'fields':[{'id':'1','name':'c','type':'int'}]}", FIRN_E_DATA, "'id' should be"},
        {"{'fields':[{'id':2147483648,'name':'c','type':'int'}]}", FIRN_E_DATA, "out of range"},
        {FIELD("'integer'"), FIRN_E_DATA, "'integer' is no Iceberg type"},
        {FIELD("'decimal(39,0)'"), FIRN_E_DATA, "no Iceberg type"},
        {FIELD("7"), FIRN_E_DATA, ""},
        {FIELD("'variants'"), FIRN_E_DATA, "'variants' is no Iceberg type"},
        {FIELD("'foreign'"), FIRN_E_DATA, "'foreign' is no Iceberg type"},
        {FIELD("{'type':'list','element':'int'}"), FIRN_E_DATA, "element-id"},
        {FIELD("{'type':'map','key-id':2,'key':'int','value-id':3}"), FIRN_E_DATA, "'value'"},
        {"{'fields':[{'id':1,'name':'a','type':'int'},{'id':1,'name':'b','type':'int'}]}",
         FIRN_E_DATA, "field id 1 stands twice"},
        {FIELD("{'type':'list','element-id':1,'element':'int','element-required':true}"),
         FIRN_E_DATA, "field id 1 stands twice"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_schema schema;
        check_fails(firn_schema_parse(json_of(rows[i].json), A, &schema, &E), rows[i].code, &E,
                    rows[i].part);
    }
}

static void a_schema_nested_too_deep_is_refused(void **state FIRN_UNUSED)
{
    firn_buf text = FIRN_BUF((size_t)1 << 20);
    check_ok(firn_buf_adds(&text, "{'fields':[{'id':1,'name':'c','required':true,'type':", &E), &E);
    for (int i = 0; i < 200; i++)
        check_ok(firn_buf_addf(
                     &text, &E,
                     "{'type':'list','element-required':true,'element-id':%d,'element':", i + 2),
                 &E);
    check_ok(firn_buf_adds(&text, "'int'", &E), &E);
    for (int i = 0; i < 200; i++)
        check_ok(firn_buf_addc(&text, '}', &E), &E);
    check_ok(firn_buf_adds(&text, "}]}", &E), &E);
    firn_schema schema;
    check_fails(firn_schema_parse(json_of(firn_buf_cstr(&text)), A, &schema, &E), FIRN_E_LIMIT, &E,
                "deeper");
    firn_buf_free(&text);
}

/* --- ids and lookups ----------------------------------------------------------------------- */

/* ICEBERG.md §3: the columns 1..n first, then what is in them. */
static void ids_are_given_level_by_level(void **state FIRN_UNUSED)
{
    firn_type t = type_of("struct<a: int, tags: list<string>, d: struct<x: int, y: list<int>>, "
                          "m: map<string, struct<z: int>>, e: int>");
    int32_t last = 0;
    firn_schema_assign_ids(&t, &last);
    assert_int_equal(last, 12);
    assert_int_equal(t.fields[4].id, 5);
    assert_int_equal(t.fields[1].type.fields[0].id, 6);                 /* tags.element */
    assert_int_equal(t.fields[2].type.fields[1].id, 8);                 /* d.y */
    assert_int_equal(t.fields[2].type.fields[1].type.fields[0].id, 9);  /* d.y.element */
    assert_int_equal(t.fields[3].type.fields[1].id, 11);                /* m.value */
    assert_int_equal(t.fields[3].type.fields[1].type.fields[0].id, 12); /* m.value.z */
    assert_int_equal(firn_schema_max_id(&t), 12);
}

static void fields_are_found_by_path(void **state FIRN_UNUSED)
{
    firn_schema schema = parse(everything);
    const struct {
        const char *path;
        int32_t id;
        bool repeated;
    } rows[] = {{"id", 1, false},   {"a.b", 2, false},    {"tags.element", 6, true},
                {"m.key", 7, true}, {"m.value", 8, true}, {"m.value.x", 9, true},
                {"f", 5, false}};
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        const firn_field *f = firn_schema_find(&schema.type, s_(rows[i].path));
        assert_non_null(f);
        assert_int_equal(f->id, rows[i].id);
        assert_ptr_equal(firn_schema_field(&schema.type, rows[i].id), f);
        assert_int_equal(firn_schema_is_repeated(&schema.type, f->id), rows[i].repeated);
    }
    assert_null(firn_schema_find(&schema.type, s_("ID")));
    assert_null(firn_schema_find(&schema.type, s_("a")));
    assert_null(firn_schema_find(&schema.type, s_("m.value.y")));
    assert_null(firn_schema_field(&schema.type, 99));
    assert_false(firn_schema_is_repeated(&schema.type, 3)); /* the list itself is not */
}

/* --- evolution ----------------------------------------------------------------------------- */

static void only_some_types_widen(void **state FIRN_UNUSED)
{
    static const char *const types[] = {
        "boolean",       "int",           "long",      "float",       "double",
        "date",          "time",          "timestamp", "timestamptz", "string",
        "uuid",          "binary",        "fixed[4]",  "fixed[5]",    "decimal(9,2)",
        "decimal(18,2)", "decimal(18,3)", "list<int>", "list<long>",  "struct<a: int>"};
    static const char *const allowed[][2] = {
        {"int", "long"}, {"float", "double"}, {"decimal(9,2)", "decimal(18,2)"}};
    for (size_t i = 0; i < FIRN_COUNT_OF(types); i++) {
        for (size_t k = 0; k < FIRN_COUNT_OF(types); k++) {
            bool want = i == k;
            for (size_t x = 0; x < FIRN_COUNT_OF(allowed); x++)
                want |=
                    strcmp(types[i], allowed[x][0]) == 0 && strcmp(types[k], allowed[x][1]) == 0;
            firn_type from = type_of(types[i]);
            firn_type to = type_of(types[k]);
            if (firn_schema_promotes(&from, &to) != want)
                fail_msg("%s to %s should be %s", types[i], types[k], want ? "fine" : "refused");
        }
    }
}

/* What `have` (ids from 1) becomes when `want` is merged into it; ids stand behind the names. */
static const struct {
    const char *have;
    const char *want;
    const char *merged; /* NULL: a conflict that names the column */
    const char *column;
} merges[] = {
    {"a: int", "a: int", "a: int", NULL},
    {"a: int", "a: long", "a: long", NULL},
    {"a: long", "a: int", "a: long", NULL}, /* fits already */
    {"a: float", "a: double", "a: double", NULL},
    {"a: double", "a: float", "a: double", NULL},
    {"a: decimal(9,2)", "a: decimal(12,2)", "a: decimal(12,2)", NULL},
    {"a: decimal(12,2)", "a: decimal(9,2)", "a: decimal(12,2)", NULL},
    {"a: decimal(9,2)", "a: decimal(12,4)", NULL, "a"},
    {"a: int", "a: string", NULL, "a"},
    {"a: long", "a: double", NULL, "a"},
    {"a: date", "a: timestamp", NULL, "a"},
    {"a: timestamp", "a: timestamptz", NULL, "a"},
    {"a: int", "b: string", "a: int, b: string", NULL},
    {"a: int, b: int", "b: long, c: int", "a: int, b: long, c: int", NULL},
    {"a: int", "A: int", "a: int, A: int", NULL},
    {"s: struct<x: int>", "s: struct<x: long, y: string>", "s: struct<x: long, y: string>", NULL},
    {"s: struct<x: int, y: int>", "s: struct<y: int>", "s: struct<x: int, y: int>", NULL},
    {"s: struct<x: int>", "s: struct<x: string>", NULL, "x"},
    {"l: list<int>", "l: list<long>", "l: list<long>", NULL},
    {"l: list<struct<x: int>>", "l: list<struct<y: int>>", "l: list<struct<x: int, y: int>>", NULL},
    {"l: list<int>", "l: int", NULL, "l"},
    {"l: list<int>", "l: list<string>", NULL, "l"},
    {"m: map<string, int>", "m: map<string, long>", "m: map<string, long>", NULL},
    {"m: map<int, int>", "m: map<long, int>", NULL, "m"}, /* keys do not evolve */
    {"m: map<long, int>", "m: map<int, int>", "m: map<long, int>", NULL},
    {"m: map<struct<x: int>, int>", "m: map<struct<x: int, y: int>, int>", NULL, "m"},
    {"m: map<string, int>", "m: struct<x: int>", NULL, "m"},
};

static firn_type table_of(const char *columns, int32_t *last)
{
    firn_type t = type_of(firn_arena_printf(A, "struct<%s>", columns));
    *last = 0;
    firn_schema_assign_ids(&t, last);
    return t;
}

static void schemas_are_merged(void **state FIRN_UNUSED)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(merges); i++) {
        int32_t last;
        int32_t unused;
        bool changed = false;
        firn_type have = table_of(merges[i].have, &last);
        firn_type want = table_of(merges[i].want, &unused);
        firn_type got;
        if (!merges[i].merged) {
            check_fails(firn_schema_merge(&have, &want, &last, A, &got, &changed, &E),
                        FIRN_E_CONFLICT, &E, firn_quotec(merges[i].column).s);
            continue;
        }
        check_ok(firn_schema_merge(&have, &want, &last, A, &got, &changed, &E), &E);
        const char *text = firn_arena_printf(A, "struct<%s>", merges[i].merged);
        assert_string_equal(firn_type_text(&got, A), text);
        assert_int_equal(changed, strcmp(merges[i].have, merges[i].merged) != 0);
        assert_int_equal(firn_schema_max_id(&got), last);
    }
}

static void ids_are_kept_and_never_reused(void **state FIRN_UNUSED)
{
    int32_t last;
    int32_t unused;
    bool changed;
    firn_type got;
    firn_type have = table_of("a: int, s: struct<x: int>, gone: int", &last);
    assert_int_equal(last, 4);
    last = 9; /* columns 5 to 9 were there once */
    firn_type want =
        table_of("n: struct<p: int, q: list<int>>, s: struct<y: int>, a: long", &unused);
    check_ok(firn_schema_merge(&have, &want, &last, A, &got, &changed, &E), &E);
    const struct {
        const char *path;
        int32_t id;
    } rows[] = {{"a", 1},    {"s", 2},    {"gone", 3}, {"s.x", 4},         {"n", 10},
                {"s.y", 11}, {"n.p", 12}, {"n.q", 13}, {"n.q.element", 14}};
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++)
        assert_int_equal(firn_schema_find(&got, s_(rows[i].path))->id, rows[i].id);
    assert_int_equal(last, 14);
    /* once more changes nothing */
    firn_type again;
    check_ok(firn_schema_merge(&got, &want, &last, A, &again, &changed, &E), &E);
    assert_false(changed);
    assert_true(firn_schema_same(&got, &again));
}

static void new_columns_are_optional_and_old_ones_stay_as_they_are(void **state FIRN_UNUSED)
{
    int32_t last;
    int32_t unused;
    bool changed;
    firn_type got;
    firn_type have = table_of("a: int", &last);
    firn_type want = table_of("a: int, b: int", &unused);
    have.fields[0].required = true;
    want.fields[1].required = true;
    want.fields[1].doc = s_("of b");
    check_ok(firn_schema_merge(&have, &want, &last, A, &got, &changed, &E), &E);
    assert_true(got.fields[0].required);
    assert_false(got.fields[1].required);
    check_str(got.fields[1].doc, "of b");
}

static void schemas_are_the_same_only_in_everything(void **state FIRN_UNUSED)
{
    int32_t last;
    firn_type a = table_of("a: int, s: struct<x: decimal(9,2)>", &last);
    firn_type b = table_of("a: int, s: struct<x: decimal(9,2)>", &last);
    assert_true(firn_schema_same(&a, &b));
    b.fields[1].type.fields[0].id = 77;
    assert_false(firn_schema_same(&a, &b));
    b.fields[1].type.fields[0].id = a.fields[1].type.fields[0].id;
    b.fields[0].required = true;
    assert_false(firn_schema_same(&a, &b));
    b.fields[0].required = false;
    b.fields[0].doc = s_("d");
    assert_false(firn_schema_same(&a, &b));
    b.fields[0].doc = (firn_str){NULL, 0};
    b.fields[1].type.fields[0].type.precision = 10;
    assert_false(firn_schema_same(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ICE_TEST(a_schema_comes_back_from_its_json),
        ICE_TEST(blanks_in_a_type_are_accepted),
        ICE_TEST(what_is_no_schema_is_refused),
        ICE_TEST(a_schema_nested_too_deep_is_refused),
        ICE_TEST(ids_are_given_level_by_level),
        ICE_TEST(fields_are_found_by_path),
        ICE_TEST(only_some_types_widen),
        ICE_TEST(schemas_are_merged),
        ICE_TEST(ids_are_kept_and_never_reused),
        ICE_TEST(new_columns_are_optional_and_old_ones_stay_as_they_are),
        ICE_TEST(schemas_are_the_same_only_in_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
