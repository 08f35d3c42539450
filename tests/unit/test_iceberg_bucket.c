/* SPDX-License-Identifier: Apache-2.0 */
/* iceberg/bucket and truncate, by the vectors of the specification's Appendix B and ICEBERG.md
 * §5.2–5.3; what they prune, by brute force over small tables. */
#include "check.h"
#include "ice_help.h"

#include "iceberg/bucket.h"
#include "iceberg/partition.h"

static firn_value typed_value(firn_arena *a, const char *type, const char *text, firn_type *ret)
{
    firn_err err = {0};
    firn_value v;
    check_ok(firn_type_parse(s_(type), a, ret, &err), &err);
    if (!firn_value_from_engine(ret, s_(text), a, &v))
        fail_msg("%s is no %s", text, type);
    return v;
}

static void hashes_are_those_of_the_specification(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        const char *text;
        int64_t hash;
        int mod16;
        int mod100;
    } rows[] = {
        {"int", "34", 2017239379, 3, 79},
        {"long", "34", 2017239379, 3, 79},
        {"long", "0", 1669671676, 12, 76},
        {"long", "1", 1392991556, 4, 56},
        {"long", "-1", 1651860712, 8, 12},
        {"long", "2147483648", 386683422, 14, 22},
        {"long", "-9223372036854775808", 1366273829, 5, 29},
        {"long", "9223372036854775807", -2106506049, 15, 99},
        {"date", "2017-11-16", -653330422, 10, 26},
        {"time", "22:31:08", -662762989, 3, 59},
        {"timestamp", "2017-11-16 22:31:08", -2047944441, 7, 7},
        {"timestamp", "2017-11-16 22:31:08.000001", -1207196810, 6, 38},
        {"timestamp_ns", "2017-11-16 22:31:08", -2047944441, 7, 7},
        {"timestamp_ns", "2017-11-16 22:31:08.000001001", -1207196810, 6, 38},
        {"timestamptz_ns", "2017-11-16 22:31:08.000001999+00", -1207196810, 6, 38},
        {"decimal(9,2)", "14.20", -500754589, 3, 59},
        {"decimal(9,2)", "0.00", 1364076727, 7, 27},
        {"decimal(9,2)", "-0.01", -43192051, 13, 97},
        {"decimal(9,2)", "1.28", 1544076949, 5, 49},
        {"decimal(9,2)", "-1.28", 267099677, 13, 77},
        {"decimal(38,0)", "10000000000000000000000000000000000000", 2139453790, 14, 90},
        {"string", "iceberg", 1210000089, 9, 89},
        {"string", "", 0, 0, 0},
        {"string", "é", 269551495, 7, 95},
        {"string", "😀", -1095487750, 10, 98},
        {"uuid", "f79c3e09-677c-4bbd-a479-3f349cb785e7", 1488055340, 12, 40},
        {"binary", "00010203", -188683207, 9, 41},
        {"binary", "00", 1364076727, 7, 27},
        {"binary", "ffffff", -1089298394, 6, 54},
    };
    firn_arena *a = firn_arena_new("test", 0);
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_type t;
        firn_value v = typed_value(a, rows[i].type, rows[i].text, &t);
        int32_t hash = (int32_t)firn_bucket_hash(&t, &v);
        if (hash != rows[i].hash)
            fail_msg("%s %s hashes to %d", rows[i].type, rows[i].text, hash);
        check_i64(firn_bucket_of(&t, &v, 16), rows[i].mod16);
        check_i64(firn_bucket_of(&t, &v, 100), rows[i].mod100);
    }
    firn_arena_free(a);
}

static void values_are_truncated(void **state)
{
    (void)state;
    static const struct {
        const char *transform;
        const char *type;
        const char *text;
        const char *want;
    } rows[] = {
        {"truncate[10]", "int", "1", "0"},
        {"truncate[10]", "int", "-1", "-10"},
        {"truncate[10]", "long", "-10", "-10"},
        {"truncate[10]", "long", "-11", "-20"},
        {"truncate[10]", "long", "9", "0"},
        {"truncate[50]", "decimal(9,2)", "10.65", "10.50"},
        {"truncate[50]", "decimal(9,2)", "-0.05", "-0.50"},
        {"truncate[50]", "decimal(9,2)", "-12.34", "-12.50"},
        {"truncate[3]", "string", "iceberg", "ice"},
        {"truncate[3]", "string", "ab", "ab"},
        {"truncate[2]", "string", "é😀x", "é😀"},
        {"truncate[2]", "binary", "00ff10", "00ff"},
        /* wraps like Java's int and long */
        {"truncate[10]", "int", "-2147483648", "2147483646"},
        {"truncate[10]", "long", "-9223372036854775808", "9223372036854775806"},
    };
    firn_arena *a = firn_arena_new("test", 0);
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_type t;
        firn_value v = typed_value(a, rows[i].type, rows[i].text, &t);
        firn_value want = typed_value(a, rows[i].type, rows[i].want, &t);
        firn_value found =
            firn_transform_apply(firn_transform_parse(s_(rows[i].transform)), &t, &v);
        if (!firn_value_eq(&t, &found, &want))
            fail_msg("%s of %s is not %s", rows[i].transform, rows[i].text, rows[i].want);
    }
    firn_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_are_those_of_the_specification),
        cmocka_unit_test(values_are_truncated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
