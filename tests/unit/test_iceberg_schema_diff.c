/* SPDX-License-Identifier: Apache-2.0 */
/* iceberg/schema_diff: what differs between two schemas, and the types that hold both. */
#include "check.h"
#include "ice_help.h"

#include "iceberg/schema_diff.h"

static firn_schema parse(const char *fields)
{
    firn_schema schema;
    const char *text = firn_arena_printf(A, "{'type':'struct','fields':[%s]}", fields);
    check_ok(firn_schema_parse(json_of(text), A, &schema, &E), &E);
    return schema;
}

/* The changes in one text: "renamed b a>b; …". */
static const char *changes(const char *was, const char *now, firn_schema_match match)
{
    firn_schema old = parse(was);
    firn_schema new = parse(now);
    firn_schema_change *list;
    size_t count;
    const char *text = "";
    check_ok(firn_schema_diff(&old, &new, match, A, &list, &count, &E), &E);
    for (size_t i = 0; i < count; i++)
        text = firn_arena_printf(
            A, "%s%s%s %.*s %.*s>%.*s", text, i ? "; " : "", firn_schema_change_word(list[i].kind),
            FIRN_STR_ARG(list[i].column), FIRN_STR_ARG(list[i].was), FIRN_STR_ARG(list[i].now));
    return text;
}

#define F(id, name, type) "{'id':" #id ",'name':'" name "','required':false,'type':" type "}"
#define ABC               F(1, "a", "'int'") "," F(2, "b", "'string'") "," F(3, "c", "'date'")

static void columns_are_found_by_id(void **state FIRN_UNUSED)
{
    static const struct {
        const char *was;
        const char *now;
        const char *wanted;
    } rows[] = {
        {ABC, ABC, ""},
        {F(1, "a", "'int'"), F(1, "b", "'int'"), "renamed b a>b"},
        {F(1, "a", "'int'"), F(2, "a", "'int'"), "added a >int; dropped a int>"},
        {F(1, "a", "'int'"), F(1, "a", "'long'"), "type a int>long"},
        {F(1, "a", "'int'"), "{'id':1,'name':'a','required':true,'type':'int','doc':'d'}",
         "required a optional>required; doc a >d"},
        {F(1, "s", "{'type':'struct','fields':[" F(2, "x", "'int'") "]}"),
         F(1, "t", "{'type':'struct','fields':[" F(3, "y", "'int'") "," F(2, "z", "'long'") "]}"),
         "renamed t s>t; added t.y >int; renamed t.z x>z; type t.z int>long"},
        {F(1, "l", "{'type':'list','element-id':2,'element':'int','element-required':false}"),
         F(1, "l", "{'type':'list','element-id':2,'element':'long','element-required':true}"),
         "type l.element int>long; required l.element optional>required"},
        {F(1, "m",
           "{'type':'map','key-id':2,'key':'string','value-id':3,'value':'float',"
           "'value-required':false}"),
         F(1, "m",
           "{'type':'map','key-id':2,'key':'string','value-id':3,'value':'double',"
           "'value-required':false}"),
         "type m.value float>double"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++)
        assert_string_equal(changes(rows[i].was, rows[i].now, FIRN_MATCH_IDS), rows[i].wanted);
}

static void as_few_as_can_be_have_moved(void **state FIRN_UNUSED)
{
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    static const struct {
        const char *order; /* of the columns 1 to 5 */
        const char *wanted;
    } rows[] = {
        {"12345", ""},
        {"51234", "moved e 5>1"},
        {"23451", "moved a 1>5"},
        {"13245", NULL}, /* one of the two */
        {"54321", NULL},
        {"345", "dropped a int>; dropped b int>"},
    };
    static const size_t moved[] = {0, 1, 1, 1, 4, 0};
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        const char *was = "";
        const char *now = "";
        for (size_t k = 0; k < 5; k++)
            was = firn_arena_printf(A, "%s%s{'id':%zu,'name':'%s','required':false,'type':'int'}",
                                    was, k ? "," : "", k + 1, names[k]);
        for (const char *p = rows[i].order; *p; p++)
            now = firn_arena_printf(A, "%s%s{'id':%c,'name':'%s','required':false,'type':'int'}",
                                    now, *now ? "," : "", *p, names[*p - '1']);
        const char *found = changes(was, now, FIRN_MATCH_IDS);
        size_t n = 0;
        for (const char *p = found; (p = strstr(p, "moved")); p++)
            n++;
        check_i64(n, moved[i]);
        if (rows[i].wanted)
            assert_string_equal(found, rows[i].wanted);
    }
}

static void columns_of_two_tables_are_found_by_name(void **state FIRN_UNUSED)
{
    assert_string_equal(
        changes(ABC, F(7, "B", "'string'") "," F(8, "x", "'int'"), FIRN_MATCH_NAMES),
        "added x >int; dropped a int>; dropped c date>");
    assert_string_equal(
        changes(ABC, F(3, "a", "'int'") "," F(1, "b", "'string'") "," F(2, "c", "'date'"),
                FIRN_MATCH_NAMES),
        "");
}

static void identifiers_are_compared_as_sets(void **state FIRN_UNUSED)
{
    firn_schema was = parse(ABC);
    firn_schema now = parse(ABC);
    int32_t ab[] = {1, 2};
    int32_t ba[] = {2, 1};
    firn_schema_change *list;
    size_t count;
    was.identifier_ids = ab;
    was.identifier_count = 2;
    now.identifier_ids = ba;
    now.identifier_count = 2;
    check_ok(firn_schema_diff(&was, &now, FIRN_MATCH_IDS, A, &list, &count, &E), &E);
    check_i64(count, 0);
    now.identifier_count = 1;
    check_ok(firn_schema_diff(&was, &now, FIRN_MATCH_IDS, A, &list, &count, &E), &E);
    check_i64(count, 1);
    assert_int_equal(list[0].kind, FIRN_SCHEMA_IDENTIFIER);
    check_str(list[0].was, "a, b");
    check_str(list[0].now, "b");
}

/* --- types that hold both ------------------------------------------------------------------ */

static void the_widest_types_hold_both(void **state FIRN_UNUSED)
{
    static const struct {
        const char *was;
        const char *now;
        const char *wanted; /* and with the columns in common only: */
        const char *common;
    } rows[] = {
        {F(1, "a", "'int'"), F(1, "b", "'long'"), "struct<b: long>", "struct<b: long>"},
        {F(1, "a", "'long'"), F(1, "b", "'int'"), "struct<b: long>", "struct<b: long>"},
        {F(1, "a", "'decimal(9,2)'"), F(1, "a", "'decimal(5,2)'"), "struct<a: decimal(9,2)>",
         "struct<a: decimal(9,2)>"},
        {F(1, "a", "'int'"), F(1, "a", "'int'") "," F(2, "n", "'date'"), "struct<a: int, n: date>",
         "struct<a: int>"},
        {F(1, "s", "{'type':'struct','fields':[" F(2, "x", "'double'") "]}"),
         F(1, "s", "{'type':'struct','fields':[" F(2, "x", "'float'") "," F(3, "y", "'int'") "]}"),
         "struct<s: struct<x: double, y: int>>", "struct<s: struct<x: double>>"},
        {F(1, "l", "{'type':'list','element-id':2,'element':'long','element-required':false}"),
         F(1, "l", "{'type':'list','element-id':2,'element':'int','element-required':false}"),
         "struct<l: list<long>>", "struct<l: list<long>>"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_schema was = parse(rows[i].was);
        firn_schema now = parse(rows[i].now);
        firn_type t;
        check_ok(firn_schema_widest(&was.type, &now.type, false, A, &t, &E), &E);
        assert_string_equal(firn_type_text(&t, A), rows[i].wanted);
        check_ok(firn_schema_widest(&was.type, &now.type, true, A, &t, &E), &E);
        assert_string_equal(firn_type_text(&t, A), rows[i].common);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ICE_TEST(columns_are_found_by_id),
        ICE_TEST(as_few_as_can_be_have_moved),
        ICE_TEST(columns_of_two_tables_are_found_by_name),
        ICE_TEST(identifiers_are_compared_as_sets),
        ICE_TEST(the_widest_types_hold_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
