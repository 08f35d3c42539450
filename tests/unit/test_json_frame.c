/* SPDX-License-Identifier: Apache-2.0 */
/* JSON framing: what a file is, where its records are, which files are broken; the same whatever
 * pieces the file comes in. */
#include "json_help.h"

#define KILOBYTE ((size_t)1 << 10)

typedef struct frame_case {
    const char *text;
    const char *path;    /* records: */
    size_t max;          /* max_record_bytes; 0: the default */
    const char *records; /* one behind the other, '|' between; '!' before one that is too long */
    const char *error;   /* of open or cut; NULL: none */
} frame_case;

#define BOM "\xef\xbb\xbf"

static const frame_case cases[] = {
    /* nothing */
    {"", NULL, 0, "", NULL},
    {" \r\n\t \n", NULL, 0, "", NULL},
    {BOM, NULL, 0, "", NULL},
    {"[]", NULL, 0, "", NULL},
    {" [ \n ] \n", NULL, 0, "", NULL},
    /* lines */
    {"{\"a\":1}", NULL, 0, "{\"a\":1}", NULL},
    {"{\"a\":1}\n", NULL, 0, "{\"a\":1}", NULL},
    {"{\"a\":1}\n{\"a\":2}", NULL, 0, "{\"a\":1}|{\"a\":2}", NULL},
    {BOM "{\"a\":1}\r\n\r\n  \n{\"a\":2}\r\n", NULL, 0, "{\"a\":1}|{\"a\":2}", NULL},
    {"\n\n  {\"a\":1}  \n", NULL, 0, "{\"a\":1}  ", NULL},
    {"{\"a\":1}\nbroken\n{\"a\":2}\n", NULL, 0, "{\"a\":1}|broken|{\"a\":2}", NULL},
    {"{\"a\":1}\n{\"a\":{\n{\"a\":2}\n", NULL, 0, "{\"a\":1}|{\"a\":{|{\"a\":2}", NULL},
    {"{\"a\":1}\n{\"a\":\"x\n{\"a\":2}\n", NULL, 0, "{\"a\":1}|{\"a\":\"x|{\"a\":2}", NULL},
    {"{\"a\":1}, \n{\"a\":2}, \n", NULL, 0, "{\"a\":1}, |{\"a\":2}, ", NULL},
    {"{\"a\":1}\n{\"a\":2} {\"a\":3}\n", NULL, 0, "{\"a\":1}|{\"a\":2} {\"a\":3}", NULL},
    {"{\"a\":1}\n5\nnull\n\"x\"\n", NULL, 0, "{\"a\":1}|5|null|\"x\"", NULL},
    {"null\n{\"a\":1}\n", NULL, 0, "null|{\"a\":1}", NULL},
    {"17\n", NULL, 0, "17", NULL},
    {"{\"a\":\"}{][\\\"\"}\n{\"b\":1}\n", NULL, 0, "{\"a\":\"}{][\\\"\"}|{\"b\":1}", NULL},
    /* a first line that is broken is still a line if the second is whole */
    {"{\"a\":1\n{\"a\":2}\n{\"a\":3}\n", NULL, 0, "{\"a\":1|{\"a\":2}|{\"a\":3}", NULL},
    {"{\"a\":\"x\n{\"a\":2}\n", NULL, 0, "{\"a\":\"x|{\"a\":2}", NULL},
    {"{\"a\":1}}\n{\"a\":2}\n", NULL, 0, "{\"a\":1}}|{\"a\":2}", NULL},
    /* an array among lines */
    {"{\"a\":1}\n[{\"a\":2}]\n", NULL, 0, NULL, "byte 8: an array begins among lines"},
    {"{\"a\":1}\n \t[{\"a\":2}]\n", NULL, 0, NULL, "byte 10: an array begins among lines"},
    {BOM "{\"a\":1}\r\n[", NULL, 0, NULL, "byte 12: an array begins among lines"},
    /* objects over several lines */
    {"{\n \"a\": 1\n}", NULL, 0, "{\n \"a\": 1\n}", NULL},
    {"{\n \"a\": 1\n}\n{\n \"a\": 2\n}\n", NULL, 0, "{\n \"a\": 1\n}|{\n \"a\": 2\n}", NULL},
    {"{\"a\":1}{\"a\":2} {\"a\":3}\n{\"a\":4}", NULL, 0, "{\"a\":1}|{\"a\":2}|{\"a\":3}|{\"a\":4}",
     NULL},
    {"{\"a\":1}\r{\"a\":2}\r", NULL, 0, "{\"a\":1}|{\"a\":2}", NULL},
    {"{\"a\":\n{\"b\":1}\n}\n{\"a\":2}", NULL, 0, "{\"a\":\n{\"b\":1}\n}|{\"a\":2}", NULL},
    {"{\"a\":[\n{\"b\":1}\n]}", NULL, 0, "{\"a\":[\n{\"b\":1}\n]}", NULL},
    {"{\n\"a\":\"}\\\\\"\n}", NULL, 0, "{\n\"a\":\"}\\\\\"\n}", NULL},
    {"{\n\"a\":\"\\\"}\"\n}", NULL, 0, "{\n\"a\":\"\\\"}\"\n}", NULL},
    {"{\n\"a\":1\n", NULL, 0, "{\n\"a\":1\n", NULL}, /* not closed: a reject */
    {"{\n\"a\":1\n}\n[1]", NULL, 0, NULL, "byte 10: there is something between two objects"},
    {"{\n\"a\":1\n},\n{}", NULL, 0, NULL, "byte 9: there is something between two objects"},
    /* arrays */
    {"[{\"a\":1}]", NULL, 0, "{\"a\":1}", NULL},
    {BOM "\n [ {\"a\":1} ,\r\n {\"a\":2}\n] \n", NULL, 0, "{\"a\":1}|{\"a\":2}", NULL},
    {"[{\"a\":[1,{\"b\":\"]}\"}]},5,\"x\\\"]\",[1,[2]],null,tru]", NULL, 0,
     "{\"a\":[1,{\"b\":\"]}\"}]}|5|\"x\\\"]\"|[1,[2]]|null|tru", NULL},
    {"[{\"a\":[1},{\"a\":2}]", NULL, 0, "{\"a\":[1}|{\"a\":2}", NULL}, /* costs only itself */
    {"[{\"a\":1]},{\"a\":2}]", NULL, 0, "{\"a\":1]}|{\"a\":2}", NULL},
    {"[{\"a\":1} {\"a\":2}]", NULL, 0, NULL, "byte 9: a comma is missing"},
    {"[{\"a\":1}}]", NULL, 0, NULL, "byte 8: a comma is missing"},
    {"[{\"a\":1},]", NULL, 0, NULL, "byte 9: a record is missing before ']'"},
    {"[,{\"a\":1}]", NULL, 0, NULL, "byte 1: a record is missing before ','"},
    {"[{\"a\":1},,{}]", NULL, 0, NULL, "byte 9: a record is missing before ','"},
    {"[}]", NULL, 0, NULL, "byte 1: a record is missing before '}'"},
    {"[", NULL, 0, NULL, "byte 1: the file ends inside of an array"},
    {"[{\"a\":1}", NULL, 0, NULL, "byte 8: the file ends inside of an array"},
    {"[{\"a\":1},", NULL, 0, NULL, "byte 9: the file ends inside of an array"},
    {"[{\"a\":1},{\"a\":", NULL, 0, NULL, "byte 9: the file ends inside of a value"},
    {"[{\"a\":1},\"x", NULL, 0, NULL, "byte 9: the file ends inside of a value"},
    {"[5", NULL, 0, NULL, "the file ends inside of an array"},
    {"[{\"a\":1}] x", NULL, 0, NULL, "byte 10: there is something behind the end"},
    {"[{\"a\":1}]\n{\"a\":2}\n", NULL, 0, NULL, "byte 10: there is something behind the end"},
    {"[] []", NULL, 0, NULL, "byte 3: there is something behind the end"},
    /* no JSON */
    {"id,name\n1,x\n", NULL, 0, NULL, "this is not JSON: it begins with 'id,name\\x0a1,x\\x0a'"},
    {"1,2,3\n", NULL, 0, NULL, "this is not JSON"},
    {"\xff\xfe{\0", NULL, 0, NULL, "UTF-16"},
    {"\xfe\xff\0{", NULL, 0, NULL, "UTF-16"},
    /* too long: the limit counts the bytes of the record, not its line end */
    {"{\"a\":1}\n{\"a\":12}\n{\"a\":3}\n", NULL, 7, "{\"a\":1}|!{\"a\":12|{\"a\":3}", NULL},
    {"{\"a\":1}\r\n{\"a\":123456789}\r\n{\"a\":3}\r\n", NULL, 7, "{\"a\":1}|!{\"a\":12|{\"a\":3}",
     NULL},
    {"[{\"a\":1},{\"a\":\"}]\\\"\"},{\"a\":3}]", NULL, 7, "{\"a\":1}|!{\"a\":\"}|{\"a\":3}", NULL},
    {"[\"12345678\",12345678,[1,2,3,4],{\"a\":3}]", NULL, 7,
     "!\"123456|!1234567|![1,2,3,|{\"a\":3}", NULL},
    {"{\n\"a\":1}{\"a\":\"}x\"}{\"a\":3}", NULL, 8, "{\n\"a\":1}|!{\"a\":\"}x|{\"a\":3}", NULL},
    {"{\n\"a\":1}{\"a\":\"xxxxxxxx", NULL, 8, "{\n\"a\":1}|!{\"a\":\"xx", NULL},
    {"[{\"a\":1},{\"a\":\"xxxxxxxx", NULL, 8, NULL, "the file ends inside"},
    /* a path */
    {"{\"data\":{\"invoices\":[{\"a\":1},{\"a\":2}]}}", "data.invoices", 0, "{\"a\":1}|{\"a\":2}",
     NULL},
    {"{\"x\":[{\"data\":1}],\"y\":\"}\",\"z\":-1.5e3, \"data\" : {\"q\":{\"invoices\":[9]},"
     "\"invoices\" : [ {\"a\":1} ] , \"n\":null},\"after\":[[{}]]} \n",
     "data.invoices", 0, "{\"a\":1}", NULL},
    {"{\"data\":{\"invoices\":{\"a\":1},\"b\":2},\"c\":{}}", "data.invoices", 0, "{\"a\":1}", NULL},
    {"{\"d\\u0061ta\":[{}]}", "data", 0, "{}", NULL},
    {"{\"data\":[]}", "data", 0, "", NULL},
    {"{\"data\":[1,{},\"x\"]}", "data", 0, "1|{}|\"x\"", NULL},
    {"{\"id\":1,\"meta\":{\"n\":2}}", "data.invoices", 0, NULL,
     "there is no key 'data' (records: 'data.invoices'); there is 'id', 'meta'"},
    {"{\"data\":{\"a\":1,\"b\":[]}}", "data.invoices", 0, NULL,
     "there is no key 'invoices' in 'data' (records: 'data.invoices'); there is 'a', 'b'"},
    {"{}", "data", 0, NULL, "there are no keys"},
    {"{\"data\":5}", "data", 0, NULL, "byte 8: the value of 'data' is not an array of records"},
    {"{\"data\":null}", "data", 0, NULL, "is not an array of records"},
    {"{\"data\":[1]}", "data.x", 0, NULL, "the value of 'data' is not an object"},
    {"{\"data\":[],\"data\":[]}", "data", 0, NULL, "byte 11: key 'data' is there twice"},
    {"{\"data\":[{}]", "data", 0, NULL, "the file ends before its top object is closed"},
    {"{\"data\":[{}]}{", "data", 0, NULL, "byte 13: there is something behind the end"},
    {"{\"data\":[{}]]}", "data", 0, NULL, "byte 12: ',' is missing"},
    {"{\"data\":[{}],}", "data", 0, NULL, "byte 13: a key in double quotes is missing"},
    {"{\"a\"1,\"data\":[{}]}", "data", 0, NULL, "byte 4: ':' is missing"},
    {"{\"a\":,\"data\":[{}]}", "data", 0, NULL, "byte 5: a value is missing behind a key"},
    {"{\"a", "data", 0, NULL, "a key is not closed"},
    {"[{\"data\":[]}]", "data", 0, NULL, "needs a file that is one object"},
    {"{\"a\":1}", "data..x", 0, NULL, "an empty key"},
    {"{\"x\":\"12345678901\",\"data\":[{\"a\":1},{\"a\":123}]}", "data", 7, "{\"a\":1}|!{\"a\":12",
     NULL},
};

static size_t text_bytes(const frame_case *c)
{
    bool wide = (unsigned char)c->text[0] >= 0xfe;
    return wide ? 4 : strlen(c->text);
}

static firn_framer *open_framer(const frame_case *c, firn_arena *a, firn_err *err)
{
    firn_framer *framer = NULL;
    firn_format_opt opt = {.max_record_bytes = c->max};
    if (c->path)
        opt.records = firn_str_of(c->path);
    firn_slice head = {(const uint8_t *)c->text, text_bytes(c)};
    return firn_decoder_json.open(&opt, head, true, a, &framer, err) == FIRN_OK ? framer : NULL;
}

/* Adds what one call found. */
static void add_records(const firn_cut *cut, const uint8_t *bytes, char *out, size_t size)
{
    for (size_t i = 0; i < cut->n; i++) {
        const firn_record *r = &cut->records[i];
        size_t used = strlen(out);
        snprintf(out + used, size - used, "%s%s%.*s", used ? "|" : "",
                 r->flags & FIRN_REC_OVERSIZE ? "!" : "", (int)r->length,
                 (const char *)bytes + r->offset);
    }
}

/* Feeds a file in pieces as a reader does: `first` bytes, then `step` more each time.  Each call
 * sees a copy of exactly the bytes there are. */
static firn_code cut_pieces(const frame_case *c, size_t first, size_t step, size_t cap, char *out,
                            size_t size, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    size_t n = text_bytes(c);
    size_t at = 0;
    size_t end = FIRN_MIN(first, n);
    out[0] = '\0';
    firn_framer *framer = open_framer(c, a, err);
    if (!framer)
        return err->code;
    for (int calls = 0;; calls++) {
        firn_record records[16];
        uint8_t *piece = firn_mem_alloc(end - at);
        memcpy(piece, c->text + at, end - at);
        firn_cut cut = {.records = records, .cap = cap};
        firn_code code = firn_decoder_json.cut(framer, (firn_slice){piece, end - at}, end == n,
                                               false, &cut, err);
        if (code == FIRN_OK)
            add_records(&cut, piece, out, size);
        firn_mem_free(piece);
        FIRN_TRY(code);
        assert_true(cut.consumed <= end - at && cut.n <= cap);
        at += cut.consumed;
        if (end == n && at == n)
            return FIRN_OK;
        if (end == n && !cut.n && !cut.consumed)
            fail_msg("stuck at byte %zu of %s", at, c->text);
        end = FIRN_MIN(end + step, n);
        assert_true(calls < 10000);
    }
}

static void check_case(const frame_case *c, size_t first, size_t step, size_t cap)
{
    char got[KILOBYTE];
    firn_err err = {0};
    firn_code code = cut_pieces(c, first, step, cap, got, sizeof got, &err);
    if (c->error) {
        bool wrong_setting = code == FIRN_E_CONFIG && strstr(c->error, "empty key");
        if (code != FIRN_E_DATA && !wrong_setting)
            fail_msg("%s (%zu, %zu): code %d, '%s'", c->text, first, step, (int)code, got);
        if (!strstr(err.text, c->error))
            fail_msg("%s (%zu, %zu): '%s' does not hold '%s'", c->text, first, step, err.text,
                     c->error);
        return;
    }
    if (code != FIRN_OK)
        fail_msg("%s (%zu, %zu): %s", c->text, first, step, err.text);
    if (strcmp(got, c->records) != 0)
        fail_msg("%s (%zu, %zu): '%s' instead of '%s'", c->text, first, step, got, c->records);
}

static void test_whole_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++)
        check_case(&cases[i], SIZE_MAX, 1, 16);
}

/* Cut in two at every byte, and dripping in by 1, 2, 3 … bytes. */
static void test_any_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        size_t n = text_bytes(&cases[i]);
        for (size_t first = 0; first <= n; first++)
            check_case(&cases[i], first, n, 16);
        for (size_t step = 1; step < 20; step++)
            check_case(&cases[i], 0, step, 16);
    }
}

/* Room for one record at a time: the rest comes again. */
static void test_little_room(void **state)
{
    (void)state;
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        check_case(&cases[i], SIZE_MAX, 1, 1);
        check_case(&cases[i], 0, 3, 2);
    }
}

/* A buffer that is full and holds no whole record: its beginning is one, the rest is skipped. */
static void test_full_buffer(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *first;
        const char *then;
    } texts[] = {
        {"{\"a\":\"0123456789\"}\n{\"b\":1}\n", "!{\"a\":\"012", "{\"b\":1}"},
        {"[{\"a\":\"]}23456789\"},{\"b\":1}]", "!{\"a\":\"]}2", "{\"b\":1}"},
        {"{\n\"a\":\"}123456789\"}{\"b\":1}", "!{\n\"a\":\"}1", "{\"b\":1}"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(texts); i++) {
        FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
        firn_err err = {0};
        firn_record records[4];
        frame_case c = {.text = texts[i].text};
        firn_framer *framer = open_framer(&c, a, &err);
        const uint8_t *p = (const uint8_t *)c.text;
        size_t at = 0;
        char got[KILOBYTE] = "";
        firn_cut cut = {.records = records, .cap = 4};
        while (cut.n == 0) { /* a buffer of nine bytes */
            check_ok(
                firn_decoder_json.cut(framer, (firn_slice){p + at, 9}, false, true, &cut, &err),
                &err);
            add_records(&cut, p + at, got, sizeof got);
            at += cut.consumed;
        }
        assert_string_equal(got, texts[i].first);
        got[0] = '\0';
        check_ok(firn_decoder_json.cut(framer, (firn_slice){p + at, strlen(c.text) - at}, true,
                                       false, &cut, &err),
                 &err);
        add_records(&cut, p + at, got, sizeof got);
        assert_string_equal(got, texts[i].then);
    }
}

/* On the way to records a key that fills the buffer is no key that anybody looks for. */
static void test_endless_key(void **state)
{
    (void)state;
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    firn_err err = {0};
    firn_record record;
    frame_case c = {.text = "{\"aaaaaaaaaaaaaaaaaaaaaaaaaa", .path = "data"};
    firn_framer *framer = open_framer(&c, a, &err);
    firn_cut cut = {.records = &record, .cap = 1};
    const uint8_t *p = (const uint8_t *)c.text;
    check_ok(firn_decoder_json.cut(framer, (firn_slice){p, 9}, false, true, &cut, &err), &err);
    assert_int_equal(cut.consumed, 1);
    check_fails(firn_decoder_json.cut(framer, (firn_slice){p + 1, 9}, false, true, &cut, &err),
                FIRN_E_DATA, &err, "byte 1: a key is not closed");
}

/* Only white space in the head: what the file is shows later. */
static void test_late_start(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t n;
        const char *error;
    } rests[] = {
        {"{\"a\":1}\n{\"a\":2}\n", 2, NULL},
        {"[{\"a\":1},{\"a\":2}]", 2, NULL},
        {"{\n\"a\":1}", 1, NULL},
        {"hello", 0, "this is not JSON"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rests); i++) {
        FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
        firn_err err = {0};
        firn_format_opt opt = {0};
        firn_framer *framer;
        firn_record records[4];
        firn_cut cut = {.records = records, .cap = 4};
        firn_slice blank = {(const uint8_t *)"  \n ", 4};
        firn_slice rest = {(const uint8_t *)rests[i].text, strlen(rests[i].text)};
        check_ok(firn_decoder_json.open(&opt, blank, false, a, &framer, &err), &err);
        check_ok(firn_decoder_json.cut(framer, blank, false, false, &cut, &err), &err);
        assert_int_equal(cut.consumed, 4);
        firn_code code = firn_decoder_json.cut(framer, rest, true, false, &cut, &err);
        if (rests[i].error) {
            assert_int_equal(code, FIRN_E_DATA);
            assert_non_null(strstr(err.text, rests[i].error));
            continue;
        }
        check_ok(code, &err);
        assert_int_equal(cut.n, rests[i].n);
    }
}

static void test_descriptions(void **state)
{
    (void)state;
    static const struct {
        frame_case c;
        const char *text;
    } texts[] = {
        {{.text = "{}\n{}"}, "JSON, one object a line"},
        {{.text = "{\n}"}, "JSON, one object after the other"},
        {{.text = "[]"}, "JSON, an array of records"},
        {{.text = "{\"a\":[]}", .path = "a"}, "JSON, records inside of an object"},
        {{.text = ""}, ""},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(texts); i++) {
        FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
        firn_err err = {0};
        firn_framer *framer = open_framer(&texts[i].c, a, &err);
        check_str(firn_decoder_json.describe(framer), texts[i].text);
        check_str(firn_decoder_json.encoding(framer), "");
        assert_null(firn_decoder_json.file(framer));
    }
}

/* --- against a slow reader of the same rule ------------------------------------------------- */

/* The end of an object by the book, byte by byte. */
static size_t object_end(const char *p, size_t n)
{
    bool in_string = false;
    int depth = 0;
    for (size_t i = 0; i < n; i++) {
        bool escape = p[i] == '\\' && i + 1 < n && (p[i + 1] == '"' || p[i + 1] == '\\');
        if (escape)
            i++;
        else if (p[i] == '"')
            in_string = !in_string;
        else if (!in_string && p[i] == '{')
            depth++;
        else if (!in_string && p[i] == '}' && --depth == 0)
            return i + 1;
    }
    return 0;
}

/* Random bytes of the ones that matter, in all positions against the blocks of the scanner. */
static void test_scanner(void **state)
{
    (void)state;
    static const char bytes[] = "{}\"\\a{}\"\\ ,x";
    uint64_t seed = 7;
    for (int round = 0; round < 20000; round++) {
        char text[300] = "{\n";
        size_t n = 3 + below(&seed, 290);
        unsigned kinds = 1 + below(&seed, sizeof bytes - 1);
        for (size_t i = 2; i < n; i++)
            text[i] = bytes[below(&seed, kinds)];
        size_t end = object_end(text, n);
        FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
        firn_err err = {0};
        firn_format_opt opt = {0};
        firn_framer *framer;
        firn_record record;
        firn_cut cut = {.records = &record, .cap = 1};
        firn_slice head = {(const uint8_t *)"{\n", 2};
        check_ok(firn_decoder_json.open(&opt, head, true, a, &framer, &err), &err);
        size_t piece = below(&seed, (unsigned)n);
        firn_slice part = {(const uint8_t *)text, piece};
        firn_code code = firn_decoder_json.cut(framer, part, false, false, &cut, &err);
        if (code == FIRN_OK && cut.n == 0) {
            assert_int_equal(cut.consumed, 0);
            part.n = n;
            code = firn_decoder_json.cut(framer, part, false, false, &cut, &err);
        }
        assert_true(code == FIRN_OK || (code == FIRN_E_DATA && end)); /* what is behind it */
        if (end ? cut.n != 1 || record.length != end : cut.n != 0)
            fail_msg("round %d: %zu instead of %zu in %.*s", round,
                     cut.n ? (size_t)record.length : 0, end, (int)n, text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_files),  cmocka_unit_test(test_any_pieces),
        cmocka_unit_test(test_little_room),  cmocka_unit_test(test_full_buffer),
        cmocka_unit_test(test_endless_key),  cmocka_unit_test(test_late_start),
        cmocka_unit_test(test_descriptions), cmocka_unit_test(test_scanner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
