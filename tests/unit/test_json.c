/* SPDX-License-Identifier: Apache-2.0 */
/* JSON values in columns: what fits where, what is rejected and why (decoder.h, DESIGN.md §4). */
#include "json_help.h"

#define MEGABYTE ((size_t)1 << 20)

/* --- single values ------------------------------------------------------------------------- */

typedef struct value_case {
    const char *type;
    const char *value;  /* JSON */
    const char *stored; /* as json_help.h prints it; NULL: rejected */
    const char *reason; /* part of it */
    bool given;
} value_case;

static const value_case value_cases[] = {
    /* boolean */
    {"boolean", "true", "true", NULL, false},
    {"boolean", "false", "false", NULL, false},
    {"boolean", "null", "null", NULL, false},
    {"boolean", "1", NULL, "a number where the column is boolean: '1'", false},
    {"boolean", "\"true\"", NULL, "a text where the column is boolean", false},
    {"boolean", "\"True\"", "true", NULL, true},
    {"boolean", "\"yes\"", NULL, "value 'yes' is not", true},
    {"boolean", "1", NULL, "a number where", true},
    /* int, long */
    {"int", "0", "0", NULL, false},
    {"int", "-5", "-5", NULL, false},
    {"int", "2147483647", "2147483647", NULL, false},
    {"int", "-2147483648", "-2147483648", NULL, false},
    {"int", "2147483648", NULL, "out of range", false},
    {"int", "-2147483649", NULL, "out of range", false},
    {"int", "5.0", "5", NULL, false},
    {"int", "5e0", "5", NULL, false},
    {"int", "0.5e1", "5", NULL, false},
    {"int", "5.5", NULL, "would lose", false},
    {"int", "-0", NULL, "would lose", false},
    {"int", "-0.0", NULL, "would lose", true},
    {"int", "true", NULL, "a boolean where", false},
    {"int", "\"5\"", NULL, "a text where", false},
    {"int", "\"5\"", "5", NULL, true},
    {"int", "\" 5 \"", "5", NULL, true},
    {"int", "\"\\u0035\"", "5", NULL, true},
    {"int", "\"five\"", NULL, "value 'five' is not", true},
    {"int", "\"\"", NULL, "value '' is not", true},
    {"long", "9223372036854775807", "9223372036854775807", NULL, false},
    {"long", "-9223372036854775808", "-9223372036854775808", NULL, false},
    {"long", "9223372036854775808", NULL, "out of range", false},
    {"long", "-9223372036854775809", NULL, "out of range", false},
    {"long", "999999999999999999", "999999999999999999", NULL, false},
    {"long", "1000000000000000000", "1000000000000000000", NULL, false},
    {"long", "9.223372036854775807e18", "9223372036854775807", NULL, false},
    {"long", "1e400", NULL, "out of range", false},
    {"long", "-0", NULL, "would lose", false},
    {"long", "{}", NULL, "an object where the column is long: '{}'", false},
    {"long", "[1]", NULL, "an array where the column is long: '[1]'", false},
    /* double: inferred ones come back the same, given ones may round */
    {"double", "0.1", "0.10000000000000001d", NULL, false},
    {"double", "1", "1d", NULL, false},
    {"double", "-0", "-0d", NULL, false},
    {"double", "-0.0", "-0d", NULL, false},
    {"double", "123456789012345", "123456789012345d", NULL, false},
    {"double", "0.30000000000000004", "0.30000000000000004d", NULL, false},
    {"double", "9007199254740992", "9007199254740992d", NULL, false},
    {"double", "9007199254740993", NULL, "would lose", false},
    {"double", "9007199254740993", "9007199254740992d", NULL, true},
    {"double", "0.12345678901234567890", NULL, "would lose", false},
    {"double", "0.12345678901234567890", "0.12345678901234568d", NULL, true},
    {"double", "1e308", "1e+308d", NULL, false},
    {"double", "1e400", NULL, "out of range", false},
    {"double", "1e400", NULL, "out of range", true},
    {"double", "5e-324", "4.9406564584124654e-324d", NULL, false},
    {"double", "\"1.5\"", NULL, "a text where", false},
    {"double", "\"1.5\"", "1.5d", NULL, true},
    {"double", "\"NaN\"", NULL, "value 'NaN' is not", true},
    {"float", "0.5", "0.5f", NULL, false},
    {"float", "0.1", "0.100000001f", NULL, false},
    {"float", "16777217", NULL, "would lose", false},
    {"float", "16777217", "16777216f", NULL, true},
    {"float", "1e39", NULL, "out of range", true},
    /* decimal */
    {"decimal(4,2)", "99.99", "99.99", NULL, false},
    {"decimal(4,2)", "-0.01", "-0.01", NULL, false},
    {"decimal(4,2)", "100", NULL, "out of range", false},
    {"decimal(4,2)", "0.001", NULL, "would lose", false},
    {"decimal(4,2)", "0.010", "0.01", NULL, false},
    {"decimal(4,2)", "1.5e1", "15.00", NULL, false},
    {"decimal(9,2)", "1234567.89", "1234567.89", NULL, false},
    {"decimal(9,2)", "12345678.9", NULL, "out of range", false},
    {"decimal(18,2)", "22235.09", "22235.09", NULL, false},
    {"decimal(18,2)", "0.00", "0.00", NULL, false},
    {"decimal(18,2)", "9999999999999999.99", "9999999999999999.99", NULL, false},
    {"decimal(18,2)", "-9999999999999999.99", "-9999999999999999.99", NULL, false},
    {"decimal(18,2)", "10000000000000000", NULL, "out of range", false},
    {"decimal(18,2)", "100000000000000000", NULL, "out of range", false},
    {"decimal(18,18)", "0.123456789012345678", "0.123456789012345678", NULL, false},
    {"decimal(18,0)", "999999999999999999", "999999999999999999", NULL, false},
    {"decimal(18,0)", "0.5", NULL, "would lose", false},
    {"decimal(38,20)", "0.12345678901234567890", "0.12345678901234567890", NULL, false},
    {"decimal(38,20)", "123456789012345678.12345678901234567891",
     "123456789012345678.12345678901234567891", NULL, false},
    {"decimal(38,0)", "99999999999999999999999999999999999999",
     "99999999999999999999999999999999999999", NULL, false},
    {"decimal(38,0)", "1e400", NULL, "out of range", false},
    {"decimal(9,2)", "\"12.5\"", NULL, "a text where the column is decimal(9,2)", false},
    {"decimal(9,2)", "\"12.5\"", "12.50", NULL, true},
    {"decimal(9,2)", "\"1,200.00\"", NULL, "value '1,200.00' is not", true},
    /* dates and times */
    {"date", "\"2025-05-31\"", "2025-05-31", NULL, false},
    {"date", "\"2024-02-29\"", "2024-02-29", NULL, false},
    {"date", "\"2025-02-29\"", NULL, "value '2025-02-29' is not", false},
    {"date", "\"0001-01-01\"", "0001-01-01", NULL, false},
    {"date", "\"9999-12-31\"", "9999-12-31", NULL, false},
    {"date", "\"\\u0032025-05-31\"", "2025-05-31", NULL, false},
    {"date", "\"2025-05-31T00:00:00\"", NULL, "would lose", false},
    {"date", "\"2025-05-31T00:00:00\"", "2025-05-31", NULL, true},
    {"date", "20250531", NULL, "a number where the column is date", true},
    {"date", "\"31.05.2025\"", NULL, "value '31.05.2025' is not", false},
    {"timestamp", "\"2025-05-31T10:11:12\"", "2025-05-31T10:11:12", NULL, false},
    {"timestamp", "\"2025-05-31 10:11:12.000001\"", "2025-05-31T10:11:12.000001", NULL, false},
    {"timestamp", "\"2025-05-31T10:11:12.1234567\"", NULL, "is not", false},
    {"timestamp", "\"2025-05-31T10:11:12Z\"", NULL, "would lose", false},
    {"timestamptz", "\"2025-05-31T10:11:12.457Z\"", "2025-05-31T10:11:12.457Z", NULL, false},
    {"timestamptz", "\"2025-05-31T10:11:12+02:00\"", "2025-05-31T08:11:12Z", NULL, false},
    {"timestamptz", "\"2025-05-31T10:11:12\"", NULL, "value", false},
    {"timestamptz", "\"2025-05-31T10:11:12\"", "2025-05-31T10:11:12Z", NULL, true},
    {"timestamptz", "\"1969-12-31T23:59:59.5Z\"", "1969-12-31T23:59:59.500Z", NULL, false},
    {"time", "\"22:31:08.5\"", "22:31:08.500", NULL, false},
    {"time", "\"25:00:00\"", NULL, "is not", false},
    {"time", "5", NULL, "a number where the column is time", false},
    /* string: texts as they are, the rest as it is written */
    {"string", "\"x\"", "'x'", NULL, false},
    {"string", "\"\"", "''", NULL, false},
    {"string", "\"123456789012\"", "'123456789012'", NULL, false},
    {"string", "\"1234567890123\"", "'1234567890123'", NULL, false},
    {"string", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "'\"\\/\b\f\n\r\t'", NULL, false},
    {"string", "\"\\u00e9\\u20AC\\ud83d\\ude00\"", "'é€😀'", NULL, false},
    {"string", "\"é€😀 and a longer text behind it, past any block\"",
     "'é€😀 and a longer text behind it, past any block'", NULL, false},
    {"string", "\"\x7f\"", "'\x7f'", NULL, false},
    {"string", "1.50", "'1.50'", NULL, false},
    {"string", "-0", "'-0'", NULL, false},
    {"string", "1e400", "'1e400'", NULL, false},
    {"string", "true", "'true'", NULL, false},
    {"string", "null", "null", NULL, false},
    {"string", "{\"a\" : [1,\"\\u0041\"] }", "'{\"a\" : [1,\"\\u0041\"] }'", NULL, false},
    {"string", "[]", "'[]'", NULL, false},
    {"uuid", "\"00112233-4455-6677-8899-aAbBcCdDeEfF\"", "80112233445566778899aabbccddeeff", NULL,
     false},
    {"uuid", "\"00112233445566778899aabbccddeeff\"", NULL, "is not", false},
    {"binary", "\"aGVsbG8sIHdvcmxkIQ==\"", "'hello, world!'", NULL, false},
    {"binary", "\"aGk=\"", "'hi'", NULL, false},
    {"binary", "\"!\"", NULL, "is not", false},
    /* nested */
    {"list<int>", "[]", "[]", NULL, false},
    {"list<int>", "[1, null ,3]", "[1, null, 3]", NULL, false},
    {"list<int>", "null", "null", NULL, false},
    {"list<int>", "[1,\"x\"]", NULL, "a text where the column is int", false},
    {"list<int>", "5", NULL, "a number where the column is list<int>", false},
    {"list<list<string>>", "[[],[\"a\",[1]],null]", "[[], ['a', '[1]'], null]", NULL, false},
    {"struct<a: int, b: string>", "{\"b\":\"x\",\"a\":1}", "{a: 1, b: 'x'}", NULL, false},
    {"struct<a: int, b: string>", "{}", "{a: null, b: null}", NULL, false},
    {"struct<a: int, b: string>", "null", "null", NULL, false},
    {"struct<a: int>", "[1]", NULL, "an array where the column is struct<a: int>", false},
    {"struct<a: int>", "{\"a\":1,\"zz\":null}", "{a: 1}", NULL, false},
    {"struct<a: int>", "{\"a\":1,\"zz\":0}", NULL, "there is no column for this key: 'zz'", false},
    {"struct<a: int>", "{\"a\":1,\"zz\":0}", NULL, "there is no column for this key: 'zz'", true},
    {"map<string, int>", "{\"x\":1,\"\":null}", "[{key: 'x', value: 1}, {key: '', value: null}]",
     NULL, false},
    {"map<string, int>", "{}", "[]", NULL, false},
    {"map<string, int>", "null", "null", NULL, false},
    {"map<string, int>", "{\"x\":1,\"y\":2,\"x\":3,\"\\u0078\":4}",
     "[{key: 'x', value: 4}, {key: 'y', value: 2}]", NULL, false},
    {"map<string, int>", "{\"x\":\"1\"}", NULL, "a text where the column is int", false},
    {"map<string, list<struct<a: int>>>", "{\"x\":[{\"a\":1}],\"a long key of a map\":[]}",
     "[{key: 'x', value: [{a: 1}]}, {key: 'a long key of a map', value: []}]", NULL, false},
    {"map<int, string>", "{\"5\":\"x\"}", "[{key: 5, value: 'x'}]", NULL, false},
    {"map<int, string>", "{\"five\":\"x\"}", NULL, "key 'five' is not", false},
    {"map<string, int>", "[1]", NULL, "an array where", false},
};

/* Makes a layout whose one column is "v" (and an "id" that is always there). */
static const firn_layout *layout_of(const char *type_text, bool given, firn_arena *a)
{
    firn_err err = {0};
    firn_given column = {.name = firn_str_of("v"), .has_type = true};
    firn_given id = {.name = firn_str_of("id"), .has_type = true, .type = {.kind = FIRN_T_LONG}};
    firn_layout_out out;
    check_ok(firn_type_parse(firn_str_of(type_text), a, &column.type, &err), &err);
    firn_given columns[2] = {id, column};
    firn_layout_in in = {.given = columns, .given_count = 2};
    check_ok(firn_layout_make(&in, a, &out, &err), &err);
    if (given)
        return out.layout;
    const firn_layout *l;
    check_ok(firn_layout_of_type(&out.layout->type, NULL, 0, NULL, a, &l, &err), &err);
    return l;
}

static void check_stored(const value_case *c, const firn_rejects *rejects, const char *got)
{
    char want[1024];
    snprintf(want, sizeof want, "{id: 1, v: %s}\n{id: 2, v: null}\n", c->stored);
    if (rejects->n)
        fail_msg("%s %s: rejected: %.*s", c->type, c->value, FIRN_STR_ARG(rejects->v[0].reason));
    if (strcmp(got, want) != 0)
        fail_msg("%s %s: %s instead of %s", c->type, c->value, got, want);
}

static void check_rejected(const value_case *c, const firn_rejects *rejects, const char *got)
{
    if (strcmp(got, "{id: 2, v: null}\n") != 0 || rejects->n != 1)
        fail_msg("%s %s: %zu rejects, rows %s", c->type, c->value, rejects->n, got);
    const firn_reject *r = &rejects->v[0];
    if (!strstr(r->reason.p, c->reason))
        fail_msg("%s %s: '%s' does not hold '%s'", c->type, c->value, r->reason.p, c->reason);
    assert_int_equal(r->id, FIRN_REJ_TYPE);
    assert_int_equal(r->record, 0);
    assert_true(firn_str_starts(r->path, "v"));
}

static void run_value(const value_case *c, const char *text)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(MEGABYTE);
    firn_err err = {0};
    firn_format_opt opt = {0};
    file f;
    bool misfit;
    const firn_layout *l = layout_of(c->type, c->given, a);
    firn_rejects rejects = {.arena = a};
    firn_shape *seen = firn_shape_new(a);
    check_ok(file_make(&opt, text, strlen(text), a, &f, &err), &err);
    check_ok(firn_decoder_json.walk(&f.batch, l, seen, a, &misfit, &err), &err);
    check_ok(fill_text(&f.batch, l, 4, &rejects, &out, &err), &err);
    if (c->stored)
        check_stored(c, &rejects, firn_buf_cstr(&out));
    else
        check_rejected(c, &rejects, firn_buf_cstr(&out));
    /* walk says no exactly where fill does, but for given columns: those do not change; and keys
     * of maps, for which no other type could be better */
    bool key = c->reason && strstr(c->reason, "key 'five'");
    if (misfit != (!c->stored && !c->given && !key) || misfit != (seen->seen != 0))
        fail_msg("%s %s: walk says %d", c->type, c->value, misfit);
    file_free(&f);
}

static void test_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < FIRN_COUNT_OF(value_cases); i++) {
        char text[1024];
        snprintf(text, sizeof text, "{\"id\":1,\"v\":%s}\n{\"id\":2}\n", value_cases[i].value);
        run_value(&value_cases[i], text);
        snprintf(text, sizeof text, " { \"v\" : %s\t,\r \"id\" : 1 } \n{\"v\":null,\"id\":2}",
                 value_cases[i].value);
        run_value(&value_cases[i], text);
        snprintf(text, sizeof text, "[{\"v\":%s,\"id\":1},\n{\"v\":null , \"id\":2 }]",
                 value_cases[i].value);
        run_value(&value_cases[i], text);
    }
}

/* --- records that cannot be read ------------------------------------------------------------ */

static const struct {
    const char *record;
    uint16_t id;
    const char *reason;
} bad_records[] = {
    {"x", FIRN_REJ_SYNTAX, "a value is missing, or is none of JSON's, at byte 1 of the record"},
    {"5", FIRN_REJ_SYNTAX, "the record is not an object"},
    {"null", FIRN_REJ_SYNTAX, "the record is not an object"},
    {"\"id\"", FIRN_REJ_SYNTAX, "the record is not an object"},
    {"{", FIRN_REJ_SYNTAX, "a key in double quotes is missing, at byte 2"},
    {"{\"id\"", FIRN_REJ_SYNTAX, "a colon is missing"},
    {"{\"id\":", FIRN_REJ_SYNTAX, "it ends where a value should be"},
    {"{\"id\":1", FIRN_REJ_SYNTAX, "an object is not closed, at byte 8"},
    {"{\"id\":1,", FIRN_REJ_SYNTAX, "a key in double quotes is missing"},
    {"{\"id\":1,}", FIRN_REJ_SYNTAX, "a key in double quotes is missing, at byte 9"},
    {"{,}", FIRN_REJ_SYNTAX, "a key in double quotes is missing"},
    {"{\"id\":1]", FIRN_REJ_SYNTAX, "a comma or } is missing"},
    {"{\"id\":1}}", FIRN_REJ_SYNTAX, "there is something behind the record, at byte 9"},
    {"{\"id\":1} {\"id\":2}", FIRN_REJ_SYNTAX, "there is something behind the record"},
    {"{\"id\":1},", FIRN_REJ_SYNTAX, "there is something behind the record"},
    {"{id:1}", FIRN_REJ_SYNTAX, "a key in double quotes is missing"},
    {"{'id':1}", FIRN_REJ_SYNTAX, "a key in double quotes is missing"},
    {"{\"id\" 1}", FIRN_REJ_SYNTAX, "a colon is missing"},
    {"{\"id\":01}", FIRN_REJ_SYNTAX, "not a number"},
    {"{\"id\":-01}", FIRN_REJ_SYNTAX, "not a number"},
    {"{\"id\":+1}", FIRN_REJ_SYNTAX, "none of JSON's"},
    {"{\"id\":.5}", FIRN_REJ_SYNTAX, "none of JSON's"},
    {"{\"id\":5.}", FIRN_REJ_SYNTAX, "not a number"},
    {"{\"id\":-}", FIRN_REJ_SYNTAX, "not a number"},
    {"{\"id\":1e}", FIRN_REJ_SYNTAX, "not a number"},
    {"{\"id\":1e+}", FIRN_REJ_SYNTAX, "not a number"},
    {"{\"id\":1.5e1.5}", FIRN_REJ_SYNTAX, "a comma or } is missing"},
    {"{\"id\":0x1}", FIRN_REJ_SYNTAX, "a comma or } is missing"},
    {"{\"id\":NaN}", FIRN_REJ_SYNTAX, "none of JSON's"},
    {"{\"id\":Infinity}", FIRN_REJ_SYNTAX, "none of JSON's"},
    {"{\"id\":-Infinity}", FIRN_REJ_SYNTAX, "not a number"},
    {"{\"id\":True}", FIRN_REJ_SYNTAX, "none of JSON's"},
    {"{\"id\":nul}", FIRN_REJ_SYNTAX, "none of JSON's"},
    {"{\"id\":nullx}", FIRN_REJ_SYNTAX, "a comma or } is missing"},
    {"{\"v\":truee}", FIRN_REJ_SYNTAX, "a comma or } is missing"},
    {"{\"v\":[1,]}", FIRN_REJ_SYNTAX, "none of JSON's"},
    {"{\"v\":[1 2]}", FIRN_REJ_SYNTAX, "a comma or ] is missing"},
    {"{\"v\":[1}", FIRN_REJ_SYNTAX, "a comma or ] is missing"},
    {"{\"v\":{\"a\":1]}", FIRN_REJ_SYNTAX, "a comma or } is missing"},
    {"{\"v\":[", FIRN_REJ_SYNTAX, "it ends where a value should be"},
    {"{\"v\":\"x", FIRN_REJ_SYNTAX, "a string is not closed"},
    {"{\"v\":\"x\\\"}", FIRN_REJ_SYNTAX, "a string is not closed"},
    {"{\"v\":\"\\x\"}", FIRN_REJ_SYNTAX, "there is no such escape, at byte 7"},
    {"{\"v\":\"\\u12\"}", FIRN_REJ_SYNTAX, "four hex digits"},
    {"{\"v\":\"\\u12g4\"}", FIRN_REJ_SYNTAX, "four hex digits"},
    {"{\"v\":\"a\tb\"}", FIRN_REJ_SYNTAX, "a control byte in a string must be escaped, at byte 8"},
    {"{\"v\":\"\x01\"}", FIRN_REJ_SYNTAX, "a control byte"},
    {"{\"v\":\"x\"\"y\"}", FIRN_REJ_SYNTAX, "a comma or } is missing"},
    {"{\"v\":1 /* c */}", FIRN_REJ_SYNTAX, "a comma or } is missing"},
    {"{\"v\":\f1}", FIRN_REJ_SYNTAX, "none of JSON's"},
    /* bytes that are not UTF-8, in values and keys, also those nobody asked for */
    {"{\"v\":\"\xff\"}", FIRN_REJ_UTF8, "a byte is not UTF-8, at byte 7 of the record"},
    {"{\"v\":\"a\xc3\"}", FIRN_REJ_UTF8, "a byte is not UTF-8, at byte 8 of the record"},
    {"{\"v\":\"\xc0\xaf\"}", FIRN_REJ_UTF8, "not UTF-8"},
    {"{\"v\":\"\xed\xa0\x80\"}", FIRN_REJ_UTF8, "not UTF-8"},
    {"{\"v\":\"\xf4\x90\x80\x80\"}", FIRN_REJ_UTF8, "not UTF-8"},
    {"{\"v\":\"a long text, long enough for several blocks, with one bad byte \xfe\"}",
     FIRN_REJ_UTF8, "not UTF-8"},
    {"{\"\xff\":null}", FIRN_REJ_UTF8, "a byte is not UTF-8, at byte 3"},
    {"{\"v\":[{\"\xff\":1}]}", FIRN_REJ_UTF8, "not UTF-8"},
    {"{\"v\":\"\\ud800\"}", FIRN_REJ_UTF8, "half of a surrogate pair"},
    {"{\"v\":\"\\udc00\"}", FIRN_REJ_UTF8, "half of a surrogate pair"},
    {"{\"v\":\"\\ud800\\u0041\"}", FIRN_REJ_UTF8, "half of a surrogate pair"},
    {"{\"v\":\"\\ud800x\"}", FIRN_REJ_UTF8, "half of a surrogate pair"},
    {"{\"v\":\"\\ud83d\\ud83d\\ude00\"}", FIRN_REJ_UTF8, "half of a surrogate pair"},
    /* what cannot be read comes before what does not fit */
    {"{\"id\":\"x\",\"v\":\"\xff\"}", FIRN_REJ_UTF8, "not UTF-8"},
    {"{\"id\":\"x\",\"v\":1", FIRN_REJ_SYNTAX, "not closed"},
};

/* Each between two good ones, in lines and (where framing allows) in an array. */
static void test_bad_records(void **state)
{
    (void)state;
    for (size_t i = 0; i < FIRN_COUNT_OF(bad_records); i++) {
        FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
        FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(MEGABYTE);
        firn_err err = {0};
        firn_format_opt opt = {0};
        firn_rejects rejects = {.arena = a};
        char text[512];
        file f;
        bool misfit;
        snprintf(text, sizeof text, "{\"id\":1,\"v\":\"a\"}\n%s\n{\"id\":3,\"v\":\"c\"}",
                 bad_records[i].record);
        const firn_layout *l = layout_of("string", false, a);
        firn_shape *seen = firn_shape_new(a);
        check_ok(file_make(&opt, text, strlen(text), a, &f, &err), &err);
        check_ok(firn_decoder_json.walk(&f.batch, l, seen, a, &misfit, &err), &err);
        assert_false(misfit);
        check_ok(fill_text(&f.batch, l, 8, &rejects, &out, &err), &err);
        assert_string_equal(firn_buf_cstr(&out), "{id: 1, v: 'a'}\n{id: 3, v: 'c'}\n");
        assert_int_equal(rejects.n, 1);
        assert_int_equal(rejects.v[0].record, 1);
        if (rejects.v[0].id != bad_records[i].id ||
            !strstr(rejects.v[0].reason.p, bad_records[i].reason))
            fail_msg("%s: E%d '%s' instead of E%d '%s'", bad_records[i].record, rejects.v[0].id,
                     rejects.v[0].reason.p, bad_records[i].id, bad_records[i].reason);
        check_str(rejects.v[0].path, "");
        file_free(&f);
    }
}

/* 100 levels are read, 101 are not: the record itself is the first. */
static void test_depth(void **state)
{
    (void)state;
    for (int levels = 99; levels <= 102; levels++) {
        FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
        FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF(MEGABYTE);
        FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(MEGABYTE);
        firn_err err = {0};
        firn_format_opt opt = {0};
        firn_rejects rejects = {.arena = a};
        file f;
        check_ok(firn_buf_adds(&text, "{\"id\":1,\"v\":", &err), &err);
        for (int i = 1; i < levels; i++)
            check_ok(firn_buf_adds(&text, i % 2 ? "[" : "{\"k\":", &err), &err);
        check_ok(firn_buf_adds(&text, "1", &err), &err);
        for (int i = levels - 1; i >= 1; i--)
            check_ok(firn_buf_addc(&text, i % 2 ? ']' : '}', &err), &err);
        check_ok(firn_buf_adds(&text, "}\n", &err), &err);
        check_ok(file_make(&opt, firn_buf_cstr(&text), text.n, a, &f, &err), &err);
        check_ok(fill_text(&f.batch, layout_of("string", false, a), 1, &rejects, &out, &err), &err);
        assert_int_equal(rejects.n, levels > 100);
        if (rejects.n)
            assert_int_equal(rejects.v[0].id, FIRN_REJ_DEPTH);
        firn_shape *seen = firn_shape_new(a);
        walk_text(firn_buf_cstr(&text), seen, a);
        assert_int_equal(seen->count, levels <= 100);
        file_free(&f);
    }
}

/* --- paths and reasons ---------------------------------------------------------------------- */

static void test_paths(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        const char *record;
        uint16_t id;
        const char *path;
    } rows[] = {
        {"list<struct<d: decimal(9,2)>>", "{\"v\":[{\"d\":1},{},{\"d\":1.005}]}", FIRN_REJ_TYPE,
         "v[2].d"},
        {"struct<a: struct<b: list<list<int>>>>", "{\"v\":{\"a\":{\"b\":[[1],[2,3,true]]}}}",
         FIRN_REJ_TYPE, "v.a.b[1][2]"},
        {"struct<a: struct<b: int>>", "{\"v\":{\"a\":{\"b\":1,\"c d\":[]}}}", FIRN_REJ_TYPE,
         "v.a.c d"},
        {"map<string, list<int>>", "{\"v\":{\"x\":[1],\"y\":[1,2.5]}}", FIRN_REJ_TYPE, "v.y[1]"},
        {"int", "{\"new\":1}", FIRN_REJ_TYPE, "new"},
        {"int", "{\"n\\u0065w\":1}", FIRN_REJ_TYPE, "new"},
        {"int", "{\"v\":\"a\", \"v\":\"b\"}", FIRN_REJ_TYPE, "v"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
        FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(MEGABYTE);
        firn_err err = {0};
        firn_format_opt opt = {0};
        firn_rejects rejects = {.arena = a};
        file f;
        const firn_layout *l = layout_of(rows[i].type, false, a);
        check_ok(file_make(&opt, rows[i].record, strlen(rows[i].record), a, &f, &err), &err);
        check_ok(fill_text(&f.batch, l, 1, &rejects, &out, &err), &err);
        assert_int_equal(rejects.n, 1);
        assert_int_equal(rejects.v[0].id, rows[i].id);
        check_str(rejects.v[0].path, rows[i].path);
        file_free(&f);
    }
}

static void test_required(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":1,\"l\":[{\"b\":1}]}\n{\"a\":null}\n{\"l\":[]}\n{\"a\":2}\n"
                               "{\"a\":3,\"l\":[{\"b\":2},{}]}\n{\"a\":3,\"l\":[{\"b\":null}]}\n"
                               "{\"a\":4,\"l\":null}\n";
    static const char *const paths[] = {"a", "a", "l[1].b", "l[0].b"};
    static const size_t records[] = {1, 2, 4, 5};
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(MEGABYTE);
    firn_err err = {0};
    firn_format_opt opt = {0};
    firn_rejects rejects = {.arena = a};
    firn_layout_out made;
    file f;
    bool misfit;
    firn_given columns[] = {
        {.name = firn_str_of("a"),
         .has_type = true,
         .type = {.kind = FIRN_T_LONG},
         .required = true},
        {.name = firn_str_of("l[].b"),
         .has_type = true,
         .type = {.kind = FIRN_T_LONG},
         .required = true},
    };
    firn_layout_in in = {.given = columns, .given_count = 2};
    check_ok(firn_layout_make(&in, a, &made, &err), &err);
    check_ok(file_make(&opt, text, strlen(text), a, &f, &err), &err);
    check_ok(firn_decoder_json.walk(&f.batch, made.layout, firn_shape_new(a), a, &misfit, &err),
             &err);
    assert_false(misfit);
    check_ok(fill_text(&f.batch, made.layout, 16, &rejects, &out, &err), &err);
    assert_string_equal(firn_buf_cstr(&out),
                        "{a: 1, l: [{b: 1}]}\n{a: 2, l: null}\n{a: 4, l: null}\n");
    assert_int_equal(rejects.n, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(rejects.v[i].id, FIRN_REJ_REQUIRED);
        assert_int_equal(rejects.v[i].record, records[i]);
        check_str(rejects.v[i].path, paths[i]);
    }
    file_free(&f);
}

static void test_oversize(void **state)
{
    (void)state;
    static const char text[] =
        "{\"id\":1}\n{\"id\":2,\"v\":\"a text beyond the limit\"}\n{\"id\":3}";
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(MEGABYTE);
    firn_err err = {0};
    firn_format_opt opt = {.max_record_bytes = 20};
    firn_rejects rejects = {.arena = a};
    file f;
    bool misfit;
    const firn_layout *l = layout_of("int", false, a);
    check_ok(file_make(&opt, text, strlen(text), a, &f, &err), &err);
    check_ok(firn_decoder_json.walk(&f.batch, l, firn_shape_new(a), a, &misfit, &err), &err);
    assert_false(misfit); /* "v" does not fit, but the record will not land anyway */
    check_ok(fill_text(&f.batch, l, 16, &rejects, &out, &err), &err);
    assert_string_equal(firn_buf_cstr(&out), "{id: 1, v: null}\n{id: 3, v: null}\n");
    assert_int_equal(rejects.n, 1);
    assert_int_equal(rejects.v[0].id, FIRN_REJ_OVERSIZE);
    assert_int_equal(f.batch.records[1].length, 20);
    assert_int_equal(firn_batch_line(&f.batch, rejects.v[0].record), 2);
    file_free(&f);
}

/* --- lines --------------------------------------------------------------------------------- */

/* The line of the record that does not fit, whatever ends the lines. */
static void test_lines(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t line;
    } rows[] = {
        {"{\"id\":1}\n\n{\"id\":{}}\n", 3},    {"{\"id\":1}\r\n\r\n{\"id\":{}}\r\n", 3},
        {"[{\"id\":1},\r\r{\"id\":{}}]\r", 3}, {"[\r\n{\"id\":1},\r\n{\"id\":{}}\r\n]", 3},
        {"[\n\r{\"id\":1},{\"id\":{}}]", 3},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
        FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(MEGABYTE);
        firn_err err = {0};
        firn_format_opt opt = {0};
        firn_rejects rejects = {.arena = a};
        file f;
        check_ok(file_make(&opt, rows[i].text, strlen(rows[i].text), a, &f, &err), &err);
        check_ok(fill_text(&f.batch, layout_of("int", false, a), 16, &rejects, &out, &err), &err);
        assert_int_equal(rejects.n, 1);
        if (firn_batch_line(&f.batch, rejects.v[0].record) != rows[i].line)
            fail_msg("%s: line %d", rows[i].text,
                     (int)firn_batch_line(&f.batch, rejects.v[0].record));
        file_free(&f);
    }
}

/* --- keys ----------------------------------------------------------------------------------- */

/* The last value wins, even when an earlier one would not fit; each is counted once. */
static void test_duplicate_keys(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        const char *record;
        const char *row; /* NULL: rejected */
        unsigned count;
    } rows[] = {
        {"int", "{\"id\":1,\"v\":1,\"v\":2}", "{id: 1, v: 2}\n", 1},
        {"int", "{\"v\":1,\"v\":2,\"v\":3,\"id\":1,\"id\":2}", "{id: 2, v: 3}\n", 3},
        {"int", "{\"v\":1,\"\\u0076\":2}", "{id: null, v: 2}\n", 1},
        {"int", "{\"v\":\"x\",\"v\":2}", "{id: null, v: 2}\n", 1},
        {"int", "{\"v\":null,\"v\":2}", "{id: null, v: 2}\n", 1},
        {"int", "{\"v\":2,\"v\":null}", "{id: null, v: null}\n", 1},
        {"int", "{\"v\":2,\"v\":\"x\"}", NULL, 0},
        {"list<int>", "{\"v\":[1,2],\"v\":[3]}", "{id: null, v: [3]}\n", 1},
        {"list<int>", "{\"v\":[1,\"x\"],\"v\":[3]}", "{id: null, v: [3]}\n", 1},
        {"list<int>", "{\"v\":[1],\"v\":null}", "{id: null, v: null}\n", 1},
        {"struct<a: int, b: int>", "{\"v\":{\"a\":1},\"v\":{\"b\":2}}",
         "{id: null, v: {a: null, b: 2}}\n", 1},
        {"struct<a: int, b: int>", "{\"v\":{\"a\":1,\"a\":true,\"a\":3}}",
         "{id: null, v: {a: 3, b: null}}\n", 2},
        {"struct<a: int, b: int>", "{\"v\":{\"c\":1},\"v\":null}", "{id: null, v: null}\n", 1},
        {"list<struct<a: int>>", "{\"v\":[{\"a\":1,\"a\":2},{\"a\":3}]}",
         "{id: null, v: [{a: 2}, {a: 3}]}\n", 1},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
        FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(MEGABYTE);
        firn_err err = {0};
        firn_format_opt opt = {0};
        firn_rejects rejects = {.arena = a};
        file f;
        bool misfit;
        const firn_layout *l = layout_of(rows[i].type, false, a);
        check_ok(file_make(&opt, rows[i].record, strlen(rows[i].record), a, &f, &err), &err);
        check_ok(fill_text(&f.batch, l, 1, &rejects, &out, &err), &err);
        assert_string_equal(firn_buf_cstr(&out), rows[i].row ? rows[i].row : "");
        assert_int_equal(rejects.n, rows[i].row == NULL);
        if (rejects.duplicate_keys != rows[i].count)
            fail_msg("%s: %llu duplicates", rows[i].record,
                     (unsigned long long)rejects.duplicate_keys);
        check_ok(firn_decoder_json.walk(&f.batch, l, firn_shape_new(a), a, &misfit, &err), &err);
        assert_int_equal(misfit, rows[i].row == NULL);
        file_free(&f);
    }
}

/* Keys in any order, with gaps, escaped, long, empty: only the values count. */
static void test_key_orders(void **state)
{
    (void)state;
    static const char *const keys[] = {"a",
                                       "",
                                       "key of sixteen b",
                                       "a key of more than sixteen bytes",
                                       "fourteen bytes",
                                       "fifteen bytes k",
                                       "\\u0062c",
                                       "é",
                                       "\\u00e9\\u00e9"};
    enum { KEYS = FIRN_COUNT_OF(keys), RECORDS = 200 };
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF(MEGABYTE);
    FIRN_AUTO(firn_buf_free) firn_buf want = FIRN_BUF(MEGABYTE);
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(MEGABYTE);
    static const char *const names[] = {"a",
                                        "_",
                                        "key of sixteen b",
                                        "a key of more than sixteen bytes",
                                        "fourteen bytes",
                                        "fifteen bytes k",
                                        "bc",
                                        "é",
                                        "éé"};
    firn_err err = {0};
    firn_format_opt opt = {0};
    firn_rejects rejects = {.arena = a};
    uint64_t seed = 99;
    check_ok(firn_buf_adds(&text, "{", &err), &err);
    for (size_t k = 0; k < KEYS; k++)
        check_ok(firn_buf_addf(&text, &err, "%s\"%s\":0", k ? "," : "", keys[k]), &err);
    check_ok(firn_buf_adds(&text, "}\n", &err), &err);
    for (int r = 0; r < RECORDS; r++) {
        int values[KEYS];
        size_t order[KEYS];
        size_t n = 0;
        for (size_t k = 0; k < KEYS; k++) {
            values[k] = below(&seed, 4) ? (int)below(&seed, 1000) : -1;
            size_t at = r % 20 ? k : below(&seed, (unsigned)n + 1); /* most in one order */
            memmove(order + at + 1, order + at, (n - FIRN_MIN(at, n)) * sizeof *order);
            order[FIRN_MIN(at, n)] = k;
            n++;
        }
        check_ok(firn_buf_addc(&text, '{', &err), &err);
        const char *comma = "";
        for (size_t i = 0; i < KEYS; i++) {
            if (values[order[i]] < 0)
                continue;
            check_ok(
                firn_buf_addf(&text, &err, "%s\"%s\":%d", comma, keys[order[i]], values[order[i]]),
                &err);
            comma = ",";
        }
        check_ok(firn_buf_adds(&text, "}\n", &err), &err);
        for (size_t k = 0; k < KEYS; k++) {
            check_ok(firn_buf_addf(&want, &err, "%s%s: ", k ? ", " : "{", names[k]), &err);
            check_ok(values[k] < 0 ? firn_buf_adds(&want, "null", &err)
                                   : firn_buf_addf(&want, &err, "%d", values[k]),
                     &err);
        }
        check_ok(firn_buf_adds(&want, "}\n", &err), &err);
    }
    firn_layout_out made;
    firn_layout_in in = {.seen = firn_shape_new(a)};
    firn_shape *seen = firn_shape_new(a);
    file f;
    walk_text(firn_buf_cstr(&text), seen, a);
    in.seen = seen;
    check_ok(firn_layout_make(&in, a, &made, &err), &err);
    check_ok(file_make(&opt, firn_buf_cstr(&text), text.n, a, &f, &err), &err);
    check_ok(fill_text(&f.batch, made.layout, 64, &rejects, &out, &err), &err);
    assert_int_equal(rejects.n, 0);
    const char *rows = strchr(firn_buf_cstr(&out), '\n') + 1; /* without the first */
    assert_string_equal(rows, firn_buf_cstr(&want));
    file_free(&f);
}

/* --- traces --------------------------------------------------------------------------------- */

static const char mixed_type[] = "struct<a: int, s: struct<b: int, l: list<int>>, "
                                 "l: list<struct<c: int, l: list<string>>>, m: map<string, int>>";

/* What a rejected record wrote must not show: neither in rows, nor in lists, nor as nulls. */
static void test_rejects_leave_no_trace(void **state)
{
    (void)state;
    static const char bad[] =
        "{\"a\":null,\"s\":{\"b\":null,\"l\":[1,null]},\"l\":[{\"l\":[\"x\",null]},null],"
        "\"m\":{\"x\":null,\"y\":1},\"zz\":1}\n";
    static const char good[] = "{\"a\":1,\"s\":{\"b\":2,\"l\":[3,4]},"
                               "\"l\":[{\"c\":5,\"l\":[\"t\",\"u\"]},{\"c\":6,\"l\":[]}],"
                               "\"m\":{\"x\":7,\"y\":8}}\n";
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    firn_err err = {0};
    firn_type type;
    const firn_layout *l;
    check_ok(firn_type_parse(firn_str_of(mixed_type), a, &type, &err), &err);
    check_ok(firn_layout_of_type(&type, NULL, 0, NULL, a, &l, &err), &err);
    char text[2048];
    snprintf(text, sizeof text, "%s%s%s%s%s", bad, good, bad, good, bad);
    firn_format_opt opt = {0};
    firn_rejects rejects = {.arena = a};
    file f;
    size_t next = 0;
    size_t rows = 0;
    firn_column root;
    check_ok(firn_columns_in_arena(&l->type, 8, a, &root, &err), &err);
    check_ok(file_make(&opt, text, strlen(text), a, &f, &err), &err);
    check_ok(firn_decoder_json.fill(&f.batch, &next, l, &root, 3, 5, &rows, &rejects, a, &err),
             &err);
    assert_int_equal(rows, 2);
    assert_int_equal(next, 5);
    assert_int_equal(rejects.n, 3);
    static const char want[] = "{a: 1, s: {b: 2, l: [3, 4]}, l: [{c: 5, l: ['t', 'u']}, "
                               "{c: 6, l: []}], m: [{key: 'x', value: 7}, {key: 'y', value: 8}]}";
    for (size_t row = 3; row < 5; row++) {
        FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(MEGABYTE);
        dump_struct(&root, row, &out);
        assert_string_equal(firn_buf_cstr(&out), want);
    }
    const firn_column *lists[] = {&root.children[1].children[1], &root.children[2],
                                  &root.children[2].children[0].children[1], &root.children[3]};
    static const size_t lengths[] = {4, 4, 4, 4};
    for (size_t i = 0; i < FIRN_COUNT_OF(lists); i++)
        assert_int_equal(lists[i]->children[0].length, lengths[i]);
    for (size_t i = 0; i < FIRN_COUNT_OF(lists); i++)
        for (size_t row = lengths[i]; row < lists[i]->children[0].capacity; row++)
            assert_true(firn_column_is_valid(&lists[i]->children[0], row));
    assert_true(firn_column_is_valid(&root.children[0], 5));
    assert_true(firn_column_is_valid(&root.children[1].children[0], 5));
    file_free(&f);
}

/* --- walk ----------------------------------------------------------------------------------- */

/* Only what does not fit is recorded, at its place. */
static void test_walk_records_misfits(void **state)
{
    (void)state;
    static const struct {
        const char *record;
        const char *type; /* of what was recorded; NULL: nothing */
    } rows[] = {
        {"{\"a\":1,\"l\":[],\"m\":{\"x\":1}}", NULL},
        {"{\"a\":3000000000}", "struct<a: long>"},
        {"{\"a\":1,\"n\":{\"x\":[1,\"y\"]}}", "struct<n: struct<x: list<string>>>"},
        {"{\"n\":null,\"a\":\"x\"}", "struct<a: string>"},
        {"{\"s\":{\"b\":1,\"c\":true,\"l\":[1,2.5]}}",
         "struct<s: struct<c: boolean, l: list<double>>>"},
        {"{\"l\":[{\"c\":1},{\"c\":1e10,\"d\":\"2025-05-31\"}]}",
         "struct<l: list<struct<c: long, d: date>>>"},
        {"{\"l\":[5]}", "struct<l: list<long>>"},
        {"{\"l\":5}", "struct<l: long>"},
        {"{\"a\":1.5", NULL},                 /* unreadable */
        {"{\"a\":1.5,\"z\":\"\xff\"}", NULL}, /* unreadable */
        {"{\"a\":1.5,\"a\":1}", NULL},        /* the last one fits */
        {"{\"a\":\"x\",\"n\":null,\"a\":1}", NULL},
        {"{\"a\":\"x\",\"a\":1.5}", "struct<a: double>"},
        {"[]", NULL},
    };
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    firn_err err = {0};
    firn_type type;
    const firn_layout *l;
    check_ok(firn_type_parse(firn_str_of(mixed_type), a, &type, &err), &err);
    check_ok(firn_layout_of_type(&type, NULL, 0, NULL, a, &l, &err), &err);
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_record record = {.length = (uint32_t)strlen(rows[i].record)};
        firn_batch b = {.bytes = {(const uint8_t *)rows[i].record, record.length},
                        .records = &record,
                        .count = 1};
        firn_shape *seen = firn_shape_new(a);
        bool misfit;
        bool known;
        firn_type found;
        check_ok(firn_decoder_json.walk(&b, l, seen, a, &misfit, &err), &err);
        assert_int_equal(misfit, rows[i].type != NULL);
        check_ok(firn_shape_type(seen, NULL, a, &found, &known, &err), &err);
        if (!rows[i].type)
            assert_true(firn_shape_eq(seen, firn_shape_new(a)));
        else if (strcmp(firn_type_text(&found, a), rows[i].type) != 0)
            fail_msg("%s: %s", rows[i].record, firn_type_text(&found, a));
    }
    /* values of a map that do not fit are found at the element of its shape */
    firn_shape *seen = firn_shape_new(a);
    static const char map[] = "{\"m\":{\"x\":1,\"y\":3000000000}}";
    firn_record record = {.length = sizeof map - 1};
    firn_batch b = {.bytes = {(const uint8_t *)map, record.length}, .records = &record, .count = 1};
    bool misfit;
    check_ok(firn_decoder_json.walk(&b, l, seen, a, &misfit, &err), &err);
    assert_int_equal(seen->fields[0].shape->element->int_digits, 10);
    assert_int_equal(seen->fields[0].shape->element->count, 1);
}

/* --- memory --------------------------------------------------------------------------------- */

static firn_code decode_all(firn_err *err)
{
    static const char text[] = "{\"a\":1,\"s\":{\"b\":2,\"l\":[3,4]},\"l\":[{\"c\":5,\"l\":["
                               "\"tt\\u0041tttttttttttttt\"]}]}\n"
                               "{\"a\":\"x\",\"\\u0061\":2,\"m\":{\"x\\n\":7,\"y\":8}}\n"
                               "{\"a\":\"x\"}\n{\"n\\u0061\":1}\n{\"a\":1";
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    firn_record records[5];
    firn_framer *framer;
    firn_type type;
    const firn_layout *l;
    bool misfit;
    firn_format_opt opt = {0};
    firn_cut cut = {.records = records, .cap = 5};
    firn_slice all = {(const uint8_t *)text, sizeof text - 1};
    if (!a)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_decoder_json.open(&opt, all, true, a, &framer, err));
    FIRN_TRY(firn_decoder_json.cut(framer, all, true, false, &cut, err));
    assert_int_equal(cut.n, 5);
    firn_batch b = {.bytes = all, .records = records, .count = 5};
    FIRN_TRY(firn_type_parse(firn_str_of(mixed_type), a, &type, err));
    FIRN_TRY(firn_layout_of_type(&type, NULL, 0, NULL, a, &l, err));
    firn_shape *seen = firn_shape_new(a);
    if (!seen)
        return firn_arena_raise(a, err);
    FIRN_TRY(firn_decoder_json.walk(&b, l, seen, a, &misfit, err));
    firn_rejects rejects = {.arena = a};
    FIRN_AUTO(firn_arena_freep) firn_arena *texts = firn_arena_new("texts", 0);
    firn_column root;
    size_t next = 0;
    size_t rows;
    if (!texts)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_columns_in_arena(&l->type, 5, a, &root, err));
    FIRN_TRY(firn_decoder_json.fill(&b, &next, l, &root, 0, 5, &rows, &rejects, texts, err));
    assert_int_equal(rows, 2);
    assert_int_equal(rejects.n, 3);
    return FIRN_OK;
}

static void test_failing_allocations(void **state)
{
    (void)state;
    uint64_t refused = 1;
    uint64_t n = 0;
    uint64_t failures = 0;
    while (refused) {
        firn_err err = {0};
        firn_mem_fail_nth(++n, false);
        firn_code code = decode_all(&err);
        refused = firn_mem_failed();
        firn_mem_fail_nth(0, false);
        /* a type in a message may be "?", see firn_type_text */
        if (code != FIRN_OK && (code != FIRN_E_NOMEM || !refused))
            fail_msg("allocation %llu: code %d: %s", (unsigned long long)n, (int)code, err.text);
        failures += code != FIRN_OK;
    }
    assert_true(failures > 10 && failures + 3 > n);
}

/* Arenas of the caller with every possible limit. */
static void test_arena_limits(void **state)
{
    (void)state;
    static const char text[] =
        "{\"a\":\"\\u0031\",\"l\":[{\"c\":5,\"l\":[\"tt\\u0041tttttttttttttt\"]}],"
        "\"m\":{\"x\\n\":7}}\n{\"a\":\"x\"}\n{\"n\":1}";
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    firn_err err = {0};
    firn_format_opt opt = {0};
    firn_type type;
    const firn_layout *l;
    file f;
    check_ok(firn_type_parse(firn_str_of(mixed_type), a, &type, &err), &err);
    check_ok(firn_layout_of_type(&type, NULL, 0, NULL, a, &l, &err), &err);
    check_ok(file_make(&opt, text, strlen(text), a, &f, &err), &err);
    firn_code code = FIRN_E_LIMIT;
    for (size_t limit = 16; code != FIRN_OK; limit += 16) {
        FIRN_AUTO(firn_arena_freep) firn_arena *small = firn_arena_new("small", limit);
        firn_rejects rejects = {.arena = small};
        firn_column root;
        size_t next = 0;
        size_t rows;
        bool misfit;
        firn_shape *seen = firn_shape_new(small);
        code = seen ? firn_decoder_json.walk(&f.batch, l, seen, small, &misfit, &err)
                    : firn_arena_raise(small, &err);
        if (code == FIRN_OK)
            code = firn_columns_in_arena(&l->type, 3, small, &root, &err);
        if (code == FIRN_OK)
            code = firn_decoder_json.fill(&f.batch, &next, l, &root, 0, 3, &rows, &rejects, small,
                                          &err);
        assert_true(code == FIRN_OK || code == FIRN_E_LIMIT);
        assert_true(limit < MEGABYTE);
    }
    file_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_bad_records),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_required),
        cmocka_unit_test(test_oversize),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_duplicate_keys),
        cmocka_unit_test(test_key_orders),
        cmocka_unit_test(test_rejects_leave_no_trace),
        cmocka_unit_test(test_walk_records_misfits),
        cmocka_unit_test(test_failing_allocations),
        cmocka_unit_test(test_arena_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
