/* SPDX-License-Identifier: Apache-2.0 */
/* What is guessed of files: formats, streams, the place of records, conversions of types. */
#include "check.h"

#include "base/mem.h"
#include "engine/convert.h"
#include "pipeline/records_guess.h"
#include "pipeline/streams.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct place {
    firn_env *env;
    firn_arena *arena;
    char folder[64];
} place;

static int set_up(void **state)
{
    place *p = firn_mem_alloc(sizeof *p);
    firn_err err = {0};
    snprintf(p->folder, sizeof p->folder, "/tmp/firn-streams-XXXXXX");
    p->arena = firn_arena_new("test", 0);
    if (!p->arena || !mkdtemp(p->folder) || firn_env_new(&p->env, &err) != FIRN_OK)
        return -1;
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    place *p = *state;
    firn_err err = {0};
    check_ok(firn_fs_remove_tree(p->env, p->folder, "/tmp", &err), &err);
    firn_env_free(p->env);
    firn_arena_free(p->arena);
    firn_mem_free(p);
    return 0;
}

static const char *put(place *p, const char *name, firn_slice bytes)
{
    firn_err err = {0};
    const char *path = firn_arena_printf(p->arena, "%s/%s", p->folder, name);
    const char *folder = firn_arena_strndup(p->arena, path, (size_t)(strrchr(path, '/') - path));
    check_ok(firn_fs_mkdirs(p->env, folder, &err), &err);
    check_ok(firn_fs_replace(p->env, path, bytes, &err), &err);
    return path;
}

static firn_slice bytes_of(const char *text)
{
    return (firn_slice){(const uint8_t *)text, strlen(text)};
}

/* --- formats ------------------------------------------------------------------------------- */

static void formats_by_name(void **state)
{
    static const struct {
        const char *name;
        int kind; /* -1: none */
    } cases[] = {
        {"a.json", FIRN_FILE_JSON},
        {"a.JSON.GZ", FIRN_FILE_JSON},
        {"x/a.ndjson.zst", FIRN_FILE_JSON},
        {"a.csv", FIRN_FILE_CSV},
        {"a.tsv.gz", FIRN_FILE_TSV},
        {"a.tab", FIRN_FILE_TSV},
        {"a.bson", FIRN_FILE_BSON},
        {"a.snappy.parquet", FIRN_FILE_PARQUET},
        {"json", -1},
        {".json", -1},
        {"a.gz", -1},
        {"a.jsonx", -1},
        {"a.xml", -1},
    };
    (void)state;
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        firn_file_kind kind = FIRN_FILE_KIND_COUNT;
        bool found = firn_file_kind_of_name(firn_str_of(cases[i].name), &kind);
        if ((found ? (int)kind : -1) != cases[i].kind)
            fail_msg("%s: %d", cases[i].name, found ? (int)kind : -1);
    }
}

static void formats_by_content(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
        firn_file_kind kind;
    } cases[] = {
        {"", 0, FIRN_FILE_JSON},
        {" \n[1]", 5, FIRN_FILE_JSON},
        {"\xef\xbb\xbf{", 4, FIRN_FILE_JSON},
        {"a,b\n", 4, FIRN_FILE_CSV},
        {"PAR1....", 8, FIRN_FILE_PARQUET},
        {"\5\0\0\0\0", 5, FIRN_FILE_BSON},
        {"\14\0\0\0\x10"
         "a\0\1\0\0\0\0",
         12, FIRN_FILE_BSON},
        {"\5\0\0\0\x55", 5, FIRN_FILE_CSV},
    };
    place *p = *state;
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        firn_err err = {0};
        firn_file_kind kind;
        firn_slice bytes = {(const uint8_t *)cases[i].bytes, cases[i].n};
        firn_source_file f = {.name = FIRN_STR_LIT("x"), .path = put(p, "x", bytes)};
        f.stat.size = cases[i].n;
        check_ok(firn_files_kind(p->env, &f, 1, FIRN_STR_LIT(""), &kind, &err), &err);
        if (kind != cases[i].kind)
            fail_msg("case %zu: %s", i, firn_file_kind_name(kind));
    }
}

static void formats_that_differ(void **state)
{
    place *p = *state;
    firn_err err = {0};
    firn_file_kind kind;
    const firn_source_file files[] = {{.name = FIRN_STR_LIT("a.csv")},
                                      {.name = FIRN_STR_LIT("odd")},
                                      {.name = FIRN_STR_LIT("b.json.gz")}};
    check_fails(firn_files_kind(p->env, files, 3, FIRN_STR_LIT(""), &kind, &err), FIRN_E_DATA, &err,
                "'b.json.gz' is json");
    check_ok(firn_files_kind(p->env, files, 3, FIRN_STR_LIT("tsv"), &kind, &err), &err);
    check_i64(kind, FIRN_FILE_TSV);
}

/* --- records ------------------------------------------------------------------------------- */

static void records_of_documents(void **state)
{
    static const struct {
        const char *text;
        const char *path;
    } cases[] = {
        {"{\"data\": {\"invoices\": [{\"id\": 1}]}}", "data.invoices"},
        {"{\"data\": [{\"id\": 1}, {}]}", "data"},
        {"{\"n\": 2, \"results\": [{}, {}]}", "results"},
        {"{\"a\": [{}], \"b\": [{}, {}]}", "b"},
        {"{\"a\": \"[{\\\"x\", \"rows\": [{}]}", "rows"},
        {"{\"data\": [{\"x\": [{}, {}, {}]}", "data"}, /* cut off: the list inside is no record's */
        {"[{\"a\": [{}]}]", ""},
        {"{\"a\": 1}\n{\"a\": 2}\n", ""},
        {"{\"rows\": [{}]}\n{\"rows\": [{}]}", ""},
        {"{\"id\": 1, \"lines\": [{}, {}]}", ""},
        {"{\"order_id\": 1, \"rows\": [{}, {}]}", ""},
        {"{\"name\": \"x\", \"lines\": [{}, {}]}", ""},
        {"{\"a.b\": [{}, {}]}", ""},
        {"{\"a\": [1, 2], \"b\": {}}", ""},
        {"", ""},
        {"a,b\n1,2\n", ""},
        {"}]", ""},
        {"{\"", ""},
    };
    place *p = *state;
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        firn_err err = {0};
        firn_str path;
        const firn_source_file f = {.name = FIRN_STR_LIT("x"),
                                    .path = put(p, "x", bytes_of(cases[i].text))};
        check_ok(firn_records_guess(p->env, &f, p->arena, &path, &err), &err);
        if (!firn_str_eqc(path, cases[i].path))
            fail_msg("%s: '%.*s'", cases[i].text, FIRN_STR_ARG(path));
    }
}

/* --- streams ------------------------------------------------------------------------------- */

static void streams_of_a_folder(void **state)
{
    static const char *const names[] = {
        "2025-01.csv",
        "2025-02.csv",
        "sales_v2_1.json",
        "sales_v2_10.json.gz",
        "people.csv",
        "eu/people.csv",
        "log/2025/day-1.tsv",
        "log/2026/day-2.tsv",
        "README.txt",
        ".hidden.json",
        "x.bson",
        "x.metadata.json",
        "old/catalog.db",
        "old/raw/t/data/a.parquet",
    };
    static const struct {
        const char *pattern;
        const char *table;
        size_t files;
    } wanted[] = {
        {"*-*.csv", "", 2},    {"eu/people.csv", "people", 1},      {"log/*/day-*.tsv", "day", 2},
        {"people.csv", "", 1}, {"sales_v2_*.json*", "sales_v2", 2}, {"x.bson", "x", 1},
    };
    place *p = *state;
    firn_err err = {0};
    firn_found_stream *found;
    size_t count;
    for (size_t i = 0; i < FIRN_COUNT_OF(names); i++)
        put(p, names[i], bytes_of("x"));
    check_ok(firn_streams_find(p->env, firn_str_of(p->folder), p->arena, &found, &count, &err),
             &err);
    check_i64(count, FIRN_COUNT_OF(wanted));
    for (size_t w = 0; w < FIRN_COUNT_OF(wanted); w++) {
        size_t i = 0;
        while (i < count && !firn_str_eqc(found[i].pattern, wanted[w].pattern))
            i++;
        if (i == count)
            fail_msg("there is no stream %s", wanted[w].pattern);
        check_i64(found[i].file_count, wanted[w].files);
        if (wanted[w].table[0])
            check_str(found[i].table, wanted[w].table);
        for (size_t k = 0; k < i; k++)
            assert_false(firn_str_eq(found[i].table, found[k].table));
    }
}

/* --- conversions --------------------------------------------------------------------------- */

static void conversions(void **state)
{
    static const struct {
        const char *from;
        const char *to;
        firn_convert_kind kind;
    } cases[] = {
        {"int", "int", FIRN_CONVERT_EXACT},
        {"int", "long", FIRN_CONVERT_EXACT},
        {"long", "int", FIRN_CONVERT_CHECKED},
        {"int", "double", FIRN_CONVERT_EXACT},
        {"long", "double", FIRN_CONVERT_CHECKED},
        {"int", "decimal(12,2)", FIRN_CONVERT_EXACT},
        {"int", "decimal(11,2)", FIRN_CONVERT_CHECKED},
        {"decimal(9,2)", "decimal(11,4)", FIRN_CONVERT_EXACT},
        {"decimal(9,2)", "decimal(9,1)", FIRN_CONVERT_CHECKED},
        {"string", "date", FIRN_CONVERT_CHECKED},
        {"date", "string", FIRN_CONVERT_EXACT},
        {"binary", "string", FIRN_CONVERT_CHECKED},
        {"boolean", "int", FIRN_CONVERT_NONE},
        {"date", "long", FIRN_CONVERT_NONE},
        {"list<int>", "string", FIRN_CONVERT_EXACT},
        {"list<int>", "int", FIRN_CONVERT_NONE},
        {"list<int>", "list<long>", FIRN_CONVERT_EXACT},
        {"list<string>", "list<int>", FIRN_CONVERT_CHECKED},
        {"struct<a: int>", "struct<A: long, b: string>", FIRN_CONVERT_EXACT},
        {"struct<a: int>", "struct<a: boolean>", FIRN_CONVERT_NONE},
        {"map<string, int>", "map<string, string>", FIRN_CONVERT_EXACT},
    };
    place *p = *state;
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        firn_err err = {0};
        firn_type from;
        firn_type to;
        check_ok(firn_type_parse(firn_str_of(cases[i].from), p->arena, &from, &err), &err);
        check_ok(firn_type_parse(firn_str_of(cases[i].to), p->arena, &to, &err), &err);
        firn_convert_kind kind = firn_convert_kind_of(&from, &to);
        if (kind != cases[i].kind)
            fail_msg("%s to %s: %d", cases[i].from, cases[i].to, (int)kind);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(formats_by_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(formats_by_content, set_up, tear_down),
        cmocka_unit_test_setup_teardown(formats_that_differ, set_up, tear_down),
        cmocka_unit_test_setup_teardown(records_of_documents, set_up, tear_down),
        cmocka_unit_test_setup_teardown(streams_of_a_folder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(conversions, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
