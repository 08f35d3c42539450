/* SPDX-License-Identifier: Apache-2.0 */
/* iceberg/location: where data files lie.  Hashes are those of Java's TestLocationProvider
 * (testHashInjection), rules those of LocationProviders in Iceberg 1.10; ICEBERG.md §5.5. */
#include "check.h"
#include "ice_help.h"

#include "iceberg/location.h"

#define ON      "'write.object-storage.enabled':'true'"
#define BARE    "'write.object-storage.partitioned-paths':'false'"
#define DATA(x) "'write.data.path':'" x "'"

/* The path of the file x in partition k=v of a table at file:///lake/ns/t; `name` instead of x. */
static const char *path_in(const char *properties, bool partitioned, const char *name)
{
    firn_partition_field field = {1, 1000, s_("k"), firn_transform_parse(s_("identity"))};
    firn_spec spec = {.fields = &field, .field_count = partitioned};
    firn_type type;
    firn_data_layout l;
    firn_buf out = FIRN_BUF(4096);
    check_ok(firn_type_parse(s_("string"), A, &type, &E), &E);
    firn_value v = value_of(&type, "v");
    check_ok(firn_data_layout_read(s_("file:///lake/ns/t"), json_of(properties), A, &l, &E), &E);
    check_ok(firn_data_layout_path(&l, &spec, &type, &v, s_(name), &out, &E), &E);
    const char *text = firn_arena_strdup(A, firn_buf_cstr(&out));
    firn_buf_free(&out);
    return text;
}

static void hashes_are_javas(void **state FIRN_UNUSED)
{
    static const char *const rows[][2] = {
        {"a", "file:///lake/ns/t/data/0101/0110/1001/10110010/a"},
        {"b", "file:///lake/ns/t/data/1110/0111/1110/00000011/b"},
        {"c", "file:///lake/ns/t/data/0010/1101/0110/01011111/c"},
        {"d", "file:///lake/ns/t/data/1001/0001/0100/01110011/d"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++)
        assert_string_equal(path_in("{" ON "}", false, rows[i][0]), rows[i][1]);
}

/* Of an unpartitioned table, whose file "a" has the hash above. */
static void properties_say_where(void **state FIRN_UNUSED)
{
    static const char *const hash = "0101/0110/1001/10110010";
    static const struct {
        const char *properties;
        const char *path; /* # stands for the hash */
    } rows[] = {
        {"{}", "file:///lake/ns/t/data/a"},
        {"{'write.object-storage.enabled':'false'}", "file:///lake/ns/t/data/a"},
        {"{'write.object-storage.enabled':'yes'}", "file:///lake/ns/t/data/a"},
        {"{'write.object-storage.enabled':'TRUE'}", "file:///lake/ns/t/data/#/a"},
        {"{" DATA("/d") "}", "/d/a"},
        {"{" DATA("/d///") "}", "/d/a"},
        {"{" DATA("s3://b/d") "}", "s3://b/d/a"},
        {"{'write.folder-storage.path':'/f'}", "/f/a"},
        {"{" DATA("/d") ",'write.folder-storage.path':'/f'}", "/d/a"},
        {"{'write.object-storage.path':'/o'}", "file:///lake/ns/t/data/a"},
        {"{" ON ",'write.object-storage.path':'/o','write.folder-storage.path':'/f'}",
         "/o/#/ns/t/a"},
        {"{" ON "," DATA("/d") ",'write.object-storage.path':'/o'}", "/d/#/ns/t/a"},
        {"{" ON ",'write.folder-storage.path':'/f'}", "/f/#/ns/t/a"},
        {"{" ON "," DATA("file:///lake/ns/t/x/") "}", "file:///lake/ns/t/x/#/a"},
        {"{" ON "," DATA("file:///lake/ns/t2") "}", "file:///lake/ns/t2/#/a"},
        {"{" BARE "}", "file:///lake/ns/t/data/a"},
        {"{" ON "," BARE "}", "file:///lake/ns/t/data/#-a"},
        {"{" ON "," BARE "," DATA("/d") "}", "/d/#/ns/t/a"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        const char *mark = strchr(rows[i].path, '#');
        const char *want = mark ? firn_arena_printf(A, "%.*s%s%s", (int)(mark - rows[i].path),
                                                    rows[i].path, hash, mark + 1)
                                : rows[i].path;
        assert_string_equal(path_in(rows[i].properties, false, "a"), want);
    }
}

/* The partition counts in the hash exactly if it stands in the path. */
static void partitions_are_part_of_the_path(void **state FIRN_UNUSED)
{
    assert_string_equal(path_in("{}", true, "a"), "file:///lake/ns/t/data/k=v/a");
    assert_string_equal(path_in("{" BARE "}", true, "a"), "file:///lake/ns/t/data/k=v/a");
    assert_string_equal(path_in("{" ON "," BARE "}", true, "a"),
                        "file:///lake/ns/t/data/0101/0110/1001/10110010-a");
    /* mmh3.hash("k=v/a") & 0xfffff by Python's mmh3 */
    assert_string_equal(path_in("{" ON "}", true, "a"),
                        "file:///lake/ns/t/data/1110/1101/0110/01000000/k=v/a");
}

/* Values as Spark 3.5.3 with Iceberg 1.12 wrote them (tests/suites/layout.py with --full). */
static void texts_are_javas(void **state FIRN_UNUSED)
{
    static const struct {
        const char *transform;
        const char *type; /* of the result */
        const char *value;
        const char *text;
    } rows[] = {
        {"identity", "timestamp", "2017-12-01 10:12:00", "2017-12-01T10:12:00"},
        {"identity", "timestamp", "2017-12-01 10:12:55.5", "2017-12-01T10:12:55.5"},
        {"identity", "timestamp", "2017-12-01 10:12:55.038194", "2017-12-01T10:12:55.038194"},
        {"identity", "timestamp", "0001-01-01 00:00:00", "0001-01-01T00:00:00"},
        {"identity", "timestamptz", "1969-12-31 23:59:59+00", "1969-12-31T23:59:59+00:00"},
        {"identity", "time", "22:31:08.1", "22:31:08.1"},
        {"identity", "date", "0001-01-01", "0001-01-01"},
        {"identity", "float", "16777216", "1.6777216E7"},
        {"identity", "float", "9999999", "9999999.0"},
        {"identity", "float", "0.001", "0.001"},
        {"identity", "float", "0.0001", "1.0E-4"},
        {"identity", "float", "0.1", "0.1"},
        {"identity", "float", "123456.7", "123456.7"},
        {"identity", "float", "1e-45", "1.4E-45"},
        {"identity", "double", "1e300", "1.0E300"},
        {"identity", "double", "5e-324", "4.9E-324"},
        {"identity", "double", "9999999.5", "9999999.5"},
        {"identity", "double", "12345678.9", "1.23456789E7"},
        {"identity", "double", "100", "100.0"},
        {"identity", "double", "-0.001", "-0.001"},
        {"identity", "decimal(38,10)", "0.0000000001", "1E-10"},
        {"identity", "decimal(38,10)", "-0.0000009999", "-9.999E-7"},
        {"identity", "decimal(38,10)", "0", "0E-10"},
        {"identity", "decimal(38,10)", "0.000001", "0.0000010000"},
        {"identity", "decimal(9,2)", "-0.01", "-0.01"},
        {"identity", "binary", "00ff", "AP8="},
        {"identity", "uuid", "f79c3e09-677c-4bbd-a479-3f349cb785e7",
         "f79c3e09-677c-4bbd-a479-3f349cb785e7"},
        {"identity", "boolean", "false", "false"},
        {"year", "int", "-1970", "0000"},
        {"year", "int", "-1971", "-001"},
        {"month", "int", "-1", "1969-12"},
        {"hour", "int", "-1", "1969-12-31-23"},
        {"bucket[7]", "int", "3", "3"},
        {"void", "int", "null", "null"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_partition_field f = {1, 1000, s_("k"), firn_transform_parse(s_(rows[i].transform))};
        firn_type type;
        firn_buf out = FIRN_BUF(4096);
        check_ok(firn_type_parse(s_(rows[i].type), A, &type, &E), &E);
        firn_value v = value_of(&type, rows[i].value);
        check_ok(firn_partition_text(&f, &type, &v, &out, &E), &E);
        assert_string_equal(firn_buf_cstr(&out), rows[i].text);
        firn_buf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ICE_TEST(hashes_are_javas),
        ICE_TEST(properties_say_where),
        ICE_TEST(partitions_are_part_of_the_path),
        ICE_TEST(texts_are_javas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
