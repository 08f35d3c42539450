/* SPDX-License-Identifier: Apache-2.0 */
/* JSON against jansson: the same records are accepted, with the same values; and no change of
 * bytes, however mean, does more than that. */
#include "base/json.h"
#include "json_help.h"

#include <stdlib.h>

#define MEGABYTE ((size_t)1 << 20)

/* --- comparing a row with a jansson tree ----------------------------------------------------- */

static bool same_value(const json_t *j, const firn_layout *l, const firn_column *col, size_t row);

static bool same_number(const json_t *j, const firn_column *col, size_t row)
{
    char text[FIRN_DEC_TEXT_MAX];
    if (col->type->kind == FIRN_T_DOUBLE) {
        double d = ((double *)col->data)[row];
        return memcmp(&d, &(double){json_number_value(j)}, sizeof d) == 0 ||
               (json_is_integer(j) && d == 0 && json_integer_value(j) == 0);
    }
    firn_i128 v = dump_integer(col, row);
    if (json_is_integer(j) && col->type->scale == 0)
        return v == json_integer_value(j);
    firn_dec_print(v, col->type->scale, text);
    return strtod(text, NULL) == json_number_value(j);
}

/* What is no text stands in a column of texts as JSON. */
static bool same_text(const json_t *j, firn_str text)
{
    if (json_is_string(j))
        return firn_str_eq(firn_json_text(j), text);
    json_error_t e;
    json_t *raw = json_loadb(text.p, text.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);
    bool same = raw && json_equal(raw, j);
    json_decref(raw);
    return same;
}

static bool same_time(const json_t *j, const firn_layout *l, const firn_column *col, size_t row)
{
    firn_str text = firn_json_text(j);
    int64_t us;
    int32_t days;
    bool zoned;
    if (l->read.format && firn_datefmt_parse(l->read.format, text, &us))
        return us == dump_integer(col, row) * FIRN_US_PER_DAY;
    if (col->type->kind == FIRN_T_DATE)
        return firn_date_parse(text, &days) && days == dump_integer(col, row);
    return firn_timestamp_parse(text, &us, &zoned) && us == dump_integer(col, row) &&
           zoned == (col->type->kind == FIRN_T_TIMESTAMPTZ);
}

static bool same_list(const json_t *j, const firn_layout *l, const firn_column *col, size_t row)
{
    firn_listview v = ((firn_listview *)col->data)[row];
    if (!json_is_array(j) || json_array_size(j) != v.length)
        return false;
    for (size_t i = 0; i < v.length; i++)
        if (!same_value(json_array_get(j, i), &l->children[0], col->children, v.offset + i))
            return false;
    return true;
}

static bool same_struct(const json_t *j, const firn_layout *l, const firn_column *col, size_t row)
{
    const char *key;
    size_t n;
    json_t *value;
    size_t found = 0;
    if (!json_is_object(j))
        return false;
    json_object_keylen_foreach((json_t *)(uintptr_t)j, key, n, value)
    {
        const firn_layout *child = firn_map_get(&l->by_key, (firn_str){key, n});
        found += child != NULL;
        if (!child && !json_is_null(value))
            return false;
        size_t i = child ? (size_t)(child - l->children) : 0;
        if (child && !same_value(value, child, &col->children[i], row))
            return false;
    }
    size_t valid = 0;
    for (size_t i = 0; i < col->child_count; i++)
        valid += firn_column_is_valid(&col->children[i], row);
    return valid <= found;
}

static bool same_value(const json_t *j, const firn_layout *l, const firn_column *col, size_t row)
{
    if (!firn_column_is_valid(col, row))
        return json_is_null(j);
    switch (col->type->kind) {
    case FIRN_T_BOOLEAN:
        return json_is_boolean(j) && json_is_true(j) == (dump_integer(col, row) != 0);
    case FIRN_T_LONG:
    case FIRN_T_DOUBLE:
    case FIRN_T_DECIMAL:
        return json_is_number(j) && same_number(j, col, row);
    case FIRN_T_STRING:
        return same_text(j, firn_strview_str(&((firn_strview *)col->data)[row]));
    case FIRN_T_DATE:
    case FIRN_T_TIMESTAMP:
    case FIRN_T_TIMESTAMPTZ:
        return json_is_string(j) && same_time(j, l, col, row);
    case FIRN_T_LIST:
        return same_list(j, l, col, row);
    case FIRN_T_STRUCT:
        return same_struct(j, l, col, row);
    case FIRN_T_INT:
    case FIRN_T_FLOAT:
    case FIRN_T_TIME:
    case FIRN_T_UUID:
    case FIRN_T_FIXED:
    case FIRN_T_TIMESTAMP_NS:
    case FIRN_T_TIMESTAMPTZ_NS:
    case FIRN_T_UNKNOWN:
    case FIRN_T_FOREIGN:
    case FIRN_T_BINARY:
    case FIRN_T_MAP:
    case FIRN_TYPE_KIND_COUNT:
        break;
    }
    return false; /* never inferred */
}

/* --- one record ------------------------------------------------------------------------------ */

/* What jansson says: 1 an object, 0 not, -1 it gave up for a reason that is no matter of JSON's
 * grammar (numbers beyond C's, a NUL in a key).  A raw NUL byte, which jansson passes over behind a
 * number, is never JSON. */
static int by_jansson(const char *text, size_t n, json_t **ret)
{
    json_error_t e;
    if (memchr(text, '\0', n))
        return 0;
    *ret = json_loadb(text, n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);
    if (*ret)
        return json_is_object(*ret);
    enum json_error_code code = json_error_code(&e);
    return code == json_error_numeric_overflow || code == json_error_null_byte_in_key ? -1 : 0;
}

/* Reads one record with a layout made from it alone: it must land, and as jansson sees it. */
static void check_values(const firn_batch *b, const firn_shape *seen, const json_t *j,
                         firn_arena *a)
{
    firn_err err = {0};
    firn_layout_out made;
    firn_layout_in in = {.seen = seen};
    firn_rejects rejects = {.arena = a};
    firn_column root;
    size_t next = 0;
    size_t rows = 0;
    const char *text = (const char *)b->bytes.p;
    check_ok(firn_layout_make(&in, a, &made, &err), &err);
    check_ok(firn_columns_in_arena(&made.layout->type, 1, a, &root, &err), &err);
    check_ok(firn_decoder_json.fill(b, &next, made.layout, &root, 0, 1, &rows, &rejects, a, &err),
             &err);
    if (rows != 1)
        fail_msg("%.*s: rejected: %s: %s", (int)b->bytes.n, text, rejects.v[0].path.p,
                 rejects.v[0].reason.p);
    if (j && !same_struct(j, made.layout, &root, 0))
        fail_msg("%.*s: other values than jansson's", (int)b->bytes.n, text);
}

/* Returns whether the record was accepted. */
static bool check_record(const char *text, size_t n)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("record", 0);
    FIRN_AUTO(firn_json_unref) json_t *j = NULL;
    firn_err err = {0};
    bool misfit;
    uint8_t *bytes = firn_mem_alloc(n); /* exactly: reading behind it is seen */
    memcpy(bytes, text, n);
    firn_record record = {.length = (uint32_t)n};
    firn_batch b = {.bytes = {bytes, n}, .records = &record, .count = 1};
    firn_shape *seen = firn_shape_new(a);
    check_ok(firn_decoder_json.walk(&b, NULL, seen, a, &misfit, &err), &err);
    bool accepted = seen->count == 1;
    int theirs = by_jansson(text, n, &j);
    if (theirs >= 0 && accepted != (theirs == 1))
        fail_msg("%.*s: %s by us", (int)n, text, accepted ? "accepted" : "refused");
    if (accepted)
        check_values(&b, seen, j, a);
    firn_mem_free(bytes);
    return accepted;
}

/* --- random documents ------------------------------------------------------------------------ */

static void random_value(uint64_t *seed, int depth, firn_buf *out);

static void add(firn_buf *out, const char *text)
{
    assert_int_equal(firn_buf_adds(out, text, NULL), FIRN_OK);
}

static void random_scalar(uint64_t *seed, firn_buf *out)
{
    static const char *const some[] = {
        "null",
        "true",
        "false",
        "0",
        "-1",
        "42",
        "1.5",
        "-0.25",
        "1e3",
        "1E-2",
        "0.1",
        "123456789012",
        "9007199254740993",
        "0.30000000000000004",
        "1.10",
        "-0",
        "-0.0",
        "\"\"",
        "\"x\"",
        "\"twelve bytes\"",
        "\"thirteen byte\"",
        "\"2025-05-31\"",
        "\"2025-05-31T10:11:12.5Z\"",
        "\"2025-05-31 10:11:12\"",
        "\"31.05.2025\"",
        "\"\\u00e9\\ud83d\\ude00\\n\"",
        "\"é€😀\"",
        "\"\\\"\\\\\"",
        "\"a\\u0000b\"",
        "\"a longer text with an é at some place in the middle of it\"",
        "[]",
        "{}",
        "5e-324",
        "1e308",
        "12345678901234567890",
    };
    add(out, some[below(seed, FIRN_COUNT_OF(some))]);
}

static void random_items(uint64_t *seed, int depth, bool object, firn_buf *out)
{
    static const char *const keys[] = {"a",   "b", "\\u0061", "é", "", "a longer key of a record",
                                       "k\\n"};
    static const char *const blanks[] = {"", "", "", "", " ", "\t \r"};
    unsigned n = below(seed, 5);
    add(out, object ? "{" : "[");
    for (unsigned i = 0; i < n; i++) {
        add(out, i ? "," : "");
        add(out, blanks[below(seed, 6)]);
        if (object) {
            add(out, "\"");
            add(out, keys[below(seed, FIRN_COUNT_OF(keys))]);
            add(out, "\"");
            add(out, blanks[below(seed, 6)]);
            add(out, ":");
            add(out, blanks[below(seed, 6)]);
        }
        random_value(seed, depth - 1, out);
        add(out, blanks[below(seed, 6)]);
    }
    add(out, object ? "}" : "]");
}

static void random_value(uint64_t *seed, int depth, firn_buf *out)
{
    unsigned kind = depth > 0 ? below(seed, 4) : 2;
    if (kind >= 2)
        random_scalar(seed, out);
    else
        random_items(seed, depth, kind == 0, out);
}

static void test_random_documents(void **state)
{
    (void)state;
    uint64_t seed = 4711;
    for (int i = 0; i < 5000; i++) {
        FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF(MEGABYTE);
        random_items(&seed, 5, true, &text);
        if (!check_record((const char *)text.p, text.n))
            fail_msg("%s: refused", firn_buf_cstr(&text));
    }
}

/* --- damage ---------------------------------------------------------------------------------- */

/* Replaces, inserts or removes a byte; bytes that mean something come more often. */
static void damage(uint64_t *seed, firn_buf *text)
{
    static const char mean[] = "{}[]\",:\\u0123456789eE+-.tfn \t\r\xc3\xed\xf0\x80\xff\x1f";
    size_t at = below(seed, (unsigned)text->n + 1);
    char byte = below(seed, 4) ? mean[below(seed, sizeof mean - 1)] : (char)below(seed, 256);
    unsigned how = below(seed, 3);
    if (how == 0 || at == text->n) {
        assert_int_equal(firn_buf_addc(text, ' ', NULL), FIRN_OK);
        memmove(text->p + at + 1, text->p + at, text->n - at - 1);
    } else if (how == 1) {
        memmove(text->p + at, text->p + at + 1, text->n - at);
        text->n--;
        return;
    }
    text->p[at] = (uint8_t)byte;
}

static void test_damaged_documents(void **state)
{
    (void)state;
    uint64_t seed = 815;
    unsigned accepted = 0;
    for (int i = 0; i < 20000; i++) {
        FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF(MEGABYTE);
        random_items(&seed, 4, true, &text);
        for (unsigned n = 1 + below(&seed, 3); n; n--)
            damage(&seed, &text);
        accepted += check_record((const char *)text.p, text.n);
    }
    assert_true(accepted > 1000 && accepted < 19000); /* both happen */
}

/* --- damaged files --------------------------------------------------------------------------- */

static const char *const files[] = {
    "{\"_id\":\"5c00\",\"n\":1,\"date\":\"2021-10-19\",\"ts\":\"2021-10-19T17:24:03.457Z\","
    "\"lines\":[{\"account\":\"1763 Customs\",\"debit\":22235.09,\"memo\":\"Zürich\"},{}]}\n"
    "{\"_id\":\"5c01\",\"n\":-2,\"date\":null,\"lines\":[],\"m\":{\"x\":1,\"y\":2}}\r\n"
    "{\"n\":3,\"_id\":\"\\u00e9\",\"m\":{},\"lines\":[{\"debit\":0.00,\"account\":\"long account "
    "name, past the inlined ones\"}]}\n",
    "[{\"_id\":\"a\",\"n\":1},\n {\"_id\":\"b\",\"lines\":[{\"debit\":1.5}]} ,\n{\"n\":2}]\n",
    "{\n \"_id\": \"x\",\n \"n\": 5\n}\n{\n \"_id\": \"y\", \"m\": {\"a\\n\": 1}\n}\n",
    "{\"meta\":{\"a\":[1,2]},\"data\":{\"rows\":[{\"n\":1},{\"_id\":\"}]\"}]},\"end\":\"\\\"\"}",
};

static const char file_type[] =
    "struct<_id: string, n: long, date: date, ts: timestamptz, "
    "lines: list<struct<account: string, debit: decimal(18,2), memo: string>>, "
    "m: map<string, int>>";

static const firn_layout *file_layout(firn_arena *a)
{
    firn_err err = {0};
    firn_type type;
    const firn_layout *l;
    check_ok(firn_type_parse(firn_str_of(file_type), a, &type, &err), &err);
    check_ok(firn_layout_of_type(&type, NULL, 0, NULL, a, &l, &err), &err);
    return l;
}

/* Frames, walks with and without a layout, and fills: every record lands or is rejected. */
static void run_file(const char *text, size_t n, bool path, const firn_layout *l)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("file", 0);
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(MEGABYTE);
    firn_err err = {0};
    firn_format_opt opt = {0};
    firn_rejects rejects = {.arena = a};
    file f;
    bool misfit;
    if (path)
        opt.records = FIRN_STR_LIT("data.rows");
    firn_code code = file_make(&opt, text, n, a, &f, &err);
    if (code != FIRN_OK) {
        assert_int_equal(code, FIRN_E_DATA);
        file_free(&f);
        return;
    }
    check_ok(firn_decoder_json.walk(&f.batch, NULL, firn_shape_new(a), a, &misfit, &err), &err);
    check_ok(firn_decoder_json.walk(&f.batch, l, firn_shape_new(a), a, &misfit, &err), &err);
    check_ok(fill_text(&f.batch, l, 2, &rejects, &out, &err), &err);
    size_t rows = 0;
    for (size_t i = 0; i < out.n; i++)
        rows += out.p[i] == '\n';
    assert_true(rows + rejects.n >= f.batch.count); /* texts may hold newlines */
    for (size_t i = 1; i < rejects.n; i++)
        assert_true(rejects.v[i].record > rejects.v[i - 1].record);
    file_free(&f);
}

static void test_damaged_files(void **state)
{
    (void)state;
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("layout", 0);
    const firn_layout *l = file_layout(a);
    uint64_t seed = 1;
    for (int i = 0; i < 20000; i++) {
        FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF(MEGABYTE);
        size_t which = below(&seed, FIRN_COUNT_OF(files));
        add(&text, files[which]);
        for (unsigned n = 1 + below(&seed, 4); n; n--)
            damage(&seed, &text);
        run_file((const char *)text.p, text.n, which == 3, l);
    }
}

/* Records that lie anywhere in their batch: nothing outside of it may be read. */
static void test_any_records(void **state)
{
    (void)state;
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("layout", 0);
    const firn_layout *l = file_layout(a);
    uint64_t seed = 2;
    for (int i = 0; i < 5000; i++) {
        FIRN_AUTO(firn_arena_freep) firn_arena *texts = firn_arena_new("texts", 0);
        FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(MEGABYTE);
        const char *source = files[below(&seed, FIRN_COUNT_OF(files))];
        size_t n = 1 + below(&seed, (unsigned)strlen(source));
        uint8_t *bytes = firn_mem_alloc(n);
        firn_record records[8];
        memcpy(bytes, source, n);
        for (size_t r = 0; r < 8; r++) {
            uint32_t offset = below(&seed, (unsigned)n);
            records[r] = (firn_record){offset, below(&seed, (unsigned)n - offset + 1), 0};
        }
        firn_err err = {0};
        firn_rejects rejects = {.arena = texts};
        bool misfit;
        firn_batch b = {.bytes = {bytes, n}, .records = records, .count = 8};
        check_ok(firn_decoder_json.walk(&b, l, firn_shape_new(texts), texts, &misfit, &err), &err);
        check_ok(fill_text(&b, l, 8, &rejects, &out, &err), &err);
        assert_true(rejects.n <= 8);
        firn_mem_free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_documents),
        cmocka_unit_test(test_damaged_documents),
        cmocka_unit_test(test_damaged_files),
        cmocka_unit_test(test_any_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
