/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of options, and how errors look: the rules of base/option.h and base/errprint.h. */
#include "arena_help.h"
#include "check.h"

#include "base/errprint.h"
#include "base/mem.h"
#include "base/option.h"

typedef struct sample {
    firn_str text;
    bool flag;
    int64_t number;
    uint64_t size;
    int64_t time;
    double share;
    int word;
    char sign;
    firn_strings list;
    const firn_conf *more;
    firn_str password;
} sample;

static const char *const words[] = {"red", "green", "blue", NULL};

static const firn_option options[] = {
    {.key = "text",
     .kind = FIRN_OPT_STRING,
     .flags = FIRN_OPT_NOT_EMPTY,
     .offset = offsetof(sample, text),
     .otherwise = "none",
     .example = "words",
     .help = "Some text."},
    {.key = "flag",
     .kind = FIRN_OPT_BOOL,
     .offset = offsetof(sample, flag),
     .otherwise = "true",
     .example = "false",
     .help = "Yes or no."},
    {.key = "number",
     .kind = FIRN_OPT_INT,
     .offset = offsetof(sample, number),
     .otherwise = "7",
     .min = -5,
     .max = 10,
     .example = "3",
     .help = "A number that is long enough to be broken into two lines of help by its width."},
    {.key = "size",
     .kind = FIRN_OPT_BYTES,
     .offset = offsetof(sample, size),
     .otherwise = "1MB",
     .min = 1 << 10,
     .max = 1 << 30,
     .example = "4MB",
     .help = "A size."},
    {.key = "time",
     .kind = FIRN_OPT_DURATION,
     .offset = offsetof(sample, time),
     .otherwise = "30d",
     .min = 1000,
     .max = INT64_C(31536000000),
     .example = "12h",
     .help = "A time."},
    {.key = "share",
     .kind = FIRN_OPT_PERCENT,
     .offset = offsetof(sample, share),
     .otherwise = "5%",
     .example = "2.5%",
     .help = "A share."},
    {.key = "word",
     .kind = FIRN_OPT_ENUM,
     .offset = offsetof(sample, word),
     .otherwise = "green",
     .words = words,
     .example = "blue",
     .help = "A|B."},
    {.key = "sign",
     .kind = FIRN_OPT_CHAR,
     .offset = offsetof(sample, sign),
     .computed = "found out",
     .example = "\";\"",
     .help = "A sign."},
    {.key = "list",
     .kind = FIRN_OPT_STRINGS,
     .offset = offsetof(sample, list),
     .example = "[a, b]",
     .help = "Texts."},
    {.key = "more",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(sample, more),
     .shapes = FIRN_CONF_MAP | FIRN_CONF_LIST,
     .example = "{a: 1}",
     .help = "More."},
    {.key = "password",
     .kind = FIRN_OPT_STRING,
     .flags = FIRN_OPT_SECRET | FIRN_OPT_REQUIRED | FIRN_OPT_NOT_EMPTY,
     .offset = offsetof(sample, password),
     .example = "\"${PASSWORD}\"",
     .help = "A secret."},
    {.key = NULL},
};

static firn_conf text(const char *key, const char *value, bool plain)
{
    return (firn_conf){
        .kind = FIRN_CONF_TEXT,
        .plain = plain,
        .key = firn_str_of(key),
        .key_place = firn_place_in("f", 1, 2),
        .place = firn_place_in("f", 1, 9),
        .text = firn_str_of(value),
        .written = firn_str_of(value),
    };
}

static firn_conf map_of(firn_conf *items, size_t count)
{
    return (firn_conf){
        .kind = FIRN_CONF_MAP, .place = firn_place_in("f", 1, 1), .items = items, .count = count};
}

static void defaults_are_those_of_the_table(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    sample s = {0};
    firn_conf items[] = {text("password", "x", true)};
    firn_conf map = map_of(items, 1);
    check_ok(firn_options_fill(options, &map, true, &s, arena, &err), &err);
    check_str(s.text, "none");
    assert_true(s.flag);
    check_i64(s.number, 7);
    check_i64(s.size, 1 << 20);
    check_i64(s.time, INT64_C(2592000000));
    assert_true(s.share == 0.05);
    check_i64(s.word, 1);
    check_i64(s.sign, 0);
    check_i64(s.list.n, 0);
    assert_null(s.more);
    check_str(s.password, "x");
}

static void a_map_may_override_another(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    sample s = {.number = 3, .word = 2};
    firn_conf items[] = {text("number", "-5", true)};
    firn_conf map = map_of(items, 1);
    check_ok(firn_options_fill(options, &map, false, &s, arena, &err), &err);
    check_i64(s.number, -5);
    check_i64(s.word, 2);
    check_i64(s.size, 0);
    check_ok(firn_options_fill(options, NULL, false, &s, arena, &err), &err);
    check_i64(s.number, -5);
}

static firn_code fill_one(const char *key, const char *value, bool plain, sample *s, firn_err *err)
{
    firn_conf items[] = {text(key, value, plain)};
    firn_conf map = map_of(items, 1);
    return firn_options_fill(options, &map, false, s, arena, err);
}

static void values_are_read(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    sample s = {0};
    check_ok(fill_one("flag", "true", true, &s, &err), &err);
    assert_true(s.flag);
    check_ok(fill_one("text", "null and void", false, &s, &err), &err);
    check_str(s.text, "null and void");
    check_ok(fill_one("size", "1.5 MiB", false, &s, &err), &err);
    check_i64(s.size, 3 << 19);
    check_ok(fill_one("time", "36h", true, &s, &err), &err);
    check_i64(s.time, 129600000);
    check_ok(fill_one("share", "100 %", true, &s, &err), &err);
    assert_true(s.share == 1);
    check_ok(fill_one("word", "red", true, &s, &err), &err);
    check_i64(s.word, 0);
    check_ok(fill_one("sign", ";", false, &s, &err), &err);
    check_i64(s.sign, ';');
    check_ok(fill_one("sign", "tab", true, &s, &err), &err);
    check_i64(s.sign, '\t');
    check_ok(fill_one("sign", "\\t", false, &s, &err), &err);
    check_i64(s.sign, '\t');
    check_ok(fill_one("list", "one", true, &s, &err), &err);
    check_i64(s.list.n, 1);
    check_str(s.list.v[0], "one");
}

static void wrong_values_say_what_is_wanted(void **state FIRN_UNUSED)
{
    static const struct {
        const char *key;
        const char *value;
        bool plain;
        uint16_t id;
        const char *message;
        const char *advice;
    } cases[] = {
        {"flag", "yes", true, FIRN_ID_VALUE, "'flag' wants true or false, not 'yes'",
         "write it like this: flag: true"},
        {"flag", "True", true, FIRN_ID_VALUE, "'flag' wants true or false, not 'True'",
         "write it like this: flag: true"},
        {"flag", "true", false, FIRN_ID_VALUE, "'flag' wants true or false, not a text in quotes",
         "write it like this: flag: false"},
        {"number", "1.0", true, FIRN_ID_VALUE, "'number' wants a whole number, not '1.0'",
         "write it like this: number: 3"},
        {"number", "11", true, FIRN_ID_VALUE, "'number' must be between -5 and 10, not '11'",
         "write it like this: number: 3"},
        {"size", "-1MB", true, FIRN_ID_VALUE, "'size' wants a size, not '-1MB'",
         "write it like this: size: 4MB"},
        {"size", "2GB", true, FIRN_ID_VALUE, "'size' must be between 1KB and 1GB, not '2GB'",
         "write it like this: size: 4MB"},
        {"time", "12", true, FIRN_ID_VALUE,
         "'time' wants a time with its unit (ms, s, m, h, d, w), not '12'",
         "write it like this: time: 12h"},
        {"time", "500ms", true, FIRN_ID_VALUE, "'time' must be between 1s and 365d, not '500ms'",
         "write it like this: time: 12h"},
        {"share", "5", true, FIRN_ID_VALUE, "'share' wants a percentage, not '5'",
         "write it like this: share: 2.5%"},
        {"share", "101%", true, FIRN_ID_VALUE,
         "'share' wants a percentage from 0% to 100%, not '101%'",
         "write it like this: share: 2.5%"},
        {"share", "nan%", true, FIRN_ID_VALUE,
         "'share' wants a percentage from 0% to 100%, not 'nan%'",
         "write it like this: share: 2.5%"},
        {"word", "gren", true, FIRN_ID_VALUE, "'word' can be red, green or blue, not 'gren'",
         "did you mean 'green'?"},
        {"word", "ultraviolet", true, FIRN_ID_VALUE,
         "'word' can be red, green or blue, not 'ultraviolet'", "write it like this: word: blue"},
        {"sign", "\xc2\xa7", true, FIRN_ID_VALUE,
         "'sign' wants one ASCII character, or the word tab, not '\xc2\xa7'",
         "write it like this: sign: \";\""},
        {"text", "  ", false, FIRN_ID_VALUE, "'text' is empty", "write it like this: text: words"},
        {"text", "", true, FIRN_ID_SHAPE, "'text' has no value",
         "write it like this: text: words; or take the key out"},
        {"text", "null", true, FIRN_ID_SHAPE, "'text' has no value",
         "'null' means nothing in YAML; put it in quotes if it is the word"},
        {"more", "x", true, FIRN_ID_SHAPE, "'more' wants a list or a map, not a text",
         "write it like this: more: {a: 1}"},
        {"nubmer", "1", true, FIRN_ID_KEY, "unknown key 'nubmer'", "did you mean 'number'?"},
        {"zzz", "1", true, FIRN_ID_KEY, "unknown key 'zzz'",
         "the keys here are text, flag, number, size, time, share, word, sign, list, more, "
         "password"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        firn_err err = {0};
        sample s = {.number = 99};
        check_i64(fill_one(cases[i].key, cases[i].value, cases[i].plain, &s, &err), FIRN_E_CONFIG);
        assert_string_equal(err.text, cases[i].message);
        assert_string_equal(err.advice, cases[i].advice);
        check_i64(err.id, cases[i].id);
        assert_string_equal(err.where, cases[i].id == FIRN_ID_KEY ? "f:1:2" : "f:1:9");
        check_i64(s.number, 99);
    }
}

static void missing_keys_show_an_example(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    sample s = {0};
    firn_conf map = map_of(NULL, 0);
    check_fails(firn_options_fill(options, &map, true, &s, arena, &err), FIRN_E_CONFIG, &err,
                "the key 'password' is missing");
    assert_string_equal(err.where, "f:1:1");
    assert_string_equal(err.advice, "add a line like this: password: \"${PASSWORD}\"");
    check_fails(firn_options_fill(options, NULL, true, &s, arena, &err), FIRN_E_CONFIG, &err,
                "the key 'password' is missing");
    assert_string_equal(err.where, "");
}

/* Nothing of a secret, and nothing that came from a variable, is in any part of an error. */
static void secrets_are_not_shown(void **state FIRN_UNUSED)
{
    firn_option secret = {.key = "pin",
                          .offset = offsetof(sample, text),
                          .flags = FIRN_OPT_SECRET,
                          .min = 1,
                          .max = 2,
                          .words = words};
    for (int kind = FIRN_OPT_BOOL; kind <= FIRN_OPT_CHAR; kind++) {
        for (int variable = 0; variable < 2; variable++) {
            firn_err err = {0};
            union {
                sample s;
                char bytes[64];
            } out = {0};
            firn_option table[] = {secret, {.key = NULL}};
            firn_conf items[] = {text("pin", "gr33n", true)};
            firn_conf map = map_of(items, 1);
            table[0].kind = (firn_option_kind)kind;
            table[0].flags = variable ? 0 : FIRN_OPT_SECRET;
            items[0].replaced = variable;
            items[0].written = FIRN_STR_LIT("${PIN}");
            check_i64(firn_options_fill(table, &map, false, &out, arena, &err), FIRN_E_CONFIG);
            char printed[FIRN_ERR_PRINT_MAX];
            firn_err_format(&err, false, printed);
            assert_null(strstr(printed, "gr33n"));
            assert_null(strstr(printed, "green'?")); /* a hint would tell */
            assert_true((strstr(printed, "${PIN}") != NULL) == (variable == 1));
        }
    }
}

static void lists_hold_texts(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    sample s = {0};
    firn_conf items[] = {text(NULL, "a", true), text(NULL, "b", false)};
    items[0].key = items[1].key = (firn_str){NULL, 0};
    firn_conf list = {.kind = FIRN_CONF_LIST,
                      .key = FIRN_STR_LIT("list"),
                      .items = items,
                      .count = 2,
                      .place = firn_place_in("f", 2, 2)};
    firn_conf map = map_of(&list, 1);
    check_ok(firn_options_fill(options, &map, false, &s, arena, &err), &err);
    check_i64(s.list.n, 2);
    check_str(s.list.v[1], "b");
    items[1].kind = FIRN_CONF_MAP;
    check_fails(firn_options_fill(options, &map, false, &s, arena, &err), FIRN_E_CONFIG, &err,
                "'list' is a list of texts");
    list.kind = FIRN_CONF_MAP;
    check_fails(firn_options_fill(options, &map, false, &s, arena, &err), FIRN_E_CONFIG, &err,
                "'list' wants a text or a list, not a map");
}

static void tables_print_as_help(void **state FIRN_UNUSED)
{
    static const char expected[] = "  text TEXT            Some text. (default: none)\n"
                                   "  flag true|false      Yes or no. (default: true)\n"
                                   "  number NUMBER        A number that is long enough to\n"
                                   "                       be broken into two lines of help\n"
                                   "                       by its width. (default: 7)\n"
                                   "  size SIZE            A size. (default: 1MB)\n"
                                   "  time TIME            A time. (default: 30d)\n"
                                   "  share PERCENT        A share. (default: 5%)\n"
                                   "  word red|green|blue  A|B. (default: green)\n"
                                   "  sign CHARACTER       A sign. (default: found out)\n"
                                   "  list [TEXT, …]       Texts.\n"
                                   "  more {…}             More.\n"
                                   "  password TEXT        A secret. (required)\n";
    firn_err err = {0};
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(1 << 20);
    check_ok(firn_options_help(options, 56, &out, &err), &err);
    assert_string_equal(firn_buf_cstr(&out), expected);
}

static void tables_print_as_markdown(void **state FIRN_UNUSED)
{
    static const char head[] = "| key | value | default | example | meaning |\n"
                               "|---|---|---|---|---|\n"
                               "| `text` | `TEXT` | `none` | `words` | Some text. |\n"
                               "| `flag` | `true\\|false` | `true` | `false` | Yes or no. |\n";
    static const char tail[] =
        "| `word` | `red\\|green\\|blue` | `green` | `blue` | A\\|B. |\n"
        "| `sign` | `CHARACTER` | found out | `\";\"` | A sign. |\n"
        "| `list` | `[TEXT, …]` |  | `[a, b]` | Texts. |\n"
        "| `more` | `{…}` |  | `{a: 1}` | More. |\n"
        "| `password` | `TEXT` | required | `\"${PASSWORD}\"` | A secret. |\n";
    firn_err err = {0};
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(1 << 20);
    check_ok(firn_options_markdown(options, &out, &err), &err);
    const char *got = firn_buf_cstr(&out);
    assert_memory_equal(got, head, sizeof head - 1);
    assert_string_equal(got + out.n - (sizeof tail - 1), tail);
}

static void printing_survives_without_memory(void **state FIRN_UNUSED)
{
    uint64_t refused = 1;
    for (uint64_t n = 1; refused; n++) {
        firn_err err = {0};
        FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(1 << 20);
        firn_mem_fail_nth(n, false);
        firn_code code = firn_options_help(options, 56, &out, &err);
        if (code == FIRN_OK)
            code = firn_options_markdown(options, &out, &err);
        refused = firn_mem_failed();
        firn_mem_fail_nth(0, false);
        check_i64(code, refused ? FIRN_E_NOMEM : FIRN_OK);
    }
}

/* --- errors -------------------------------------------------------------------------------- */

static const char *print(const firn_err *err, bool colour)
{
    static char out[FIRN_ERR_PRINT_MAX];
    size_t n = firn_err_format(err, colour, out);
    check_i64(n, strlen(out));
    return out;
}

static void errors_look_like_this(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    firn_raise_conf(&err, firn_place_in("firn.yml", 3, 1), FIRN_ID_KEY, "unknown key 'warehose'");
    firn_err_advise(&err, "did you mean 'warehouse'?");
    assert_string_equal(print(&err, false), "error E1102 firn.yml:3:1: unknown key 'warehose'\n"
                                            "  did you mean 'warehouse'?\n");
    assert_string_equal(print(&err, true),
                        "\033[1;31merror E1102\033[0m \033[1mfirn.yml:3:1\033[0m: unknown key "
                        "'warehose'\n  \033[36mdid you mean 'warehouse'?\033[0m\n");

    firn_raise(&err, FIRN_E_IO, "the disk is broken");
    assert_string_equal(print(&err, false), "error E5001: the disk is broken\n"
                                            "  `firn help E5001` says more\n");
    err = (firn_err){.code = FIRN_E_NOMEM, .id = 5002};
    assert_string_equal(print(&err, false), "error E5002: out of memory\n"
                                            "  `firn help E5002` says more\n");
    firn_raise_at(&err, FIRN_E_BUG, "src/x.c", 7, "odd");
    assert_string_equal(print(&err, false), "error E9001: odd\n  `firn help E9001` says more\n"
                                            "  raised in src/x.c:7\n");
}

static void errors_cannot_play_with_the_terminal(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    firn_raise(&err, FIRN_E_SQL, "two\nlines\x1b[2J\r\x7f end\n");
    firn_err_where(&err, "a\nb\x07");
    assert_string_equal(print(&err, false),
                        "error E4001 a\n  b\\x07: two\n  lines\\x1b[2J\\x0d\\x7f end\n"
                        "  `firn help E4001` says more\n");
    firn_raise(&err, FIRN_E_SQL, "\xc2\x9b caf\xc3\xa9 \xff \xc3");
    assert_string_equal(print(&err, false), "error E4001: \\x9b caf\u00e9 \ufffd \ufffd\n"
                                            "  `firn help E4001` says more\n");
}

static void the_longest_error_fits(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    memset(err.text, 1, sizeof err.text - 1);
    memset(err.where, 1, sizeof err.where - 1);
    memset(err.advice, 1, sizeof err.advice - 1);
    err.code = FIRN_E_BUG;
    err.id = 9001;
    err.file = __FILE__;
    err.line = 12345;
    const char *out = print(&err, true);
    assert_true(strlen(out) > 4 * (sizeof err.text + sizeof err.where + sizeof err.advice - 3));
    assert_true(firn_str_ends(firn_str_of(out), ":12345\n"));
}

static void long_paths_keep_their_end(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    char path[600];
    memset(path, 'a', sizeof path);
    memcpy(path + sizeof path - 10, "/firn.yml", 10);
    firn_raise_conf(&err, firn_place_in(path, 4000000000u, 4000000000u), FIRN_ID_KEY, "x");
    assert_true(firn_str_ends(firn_str_of(err.where), "a/firn.yml:4000000000:4000000000"));
    assert_true(firn_str_starts(firn_str_of(err.where), "…aaa"));
    firn_raise_conf(&err, firn_place_in("f", 0, 0), FIRN_ID_KEY, "x");
    assert_string_equal(err.where, "f");
    firn_raise_conf(&err, firn_place_in(NULL, 1, 1), FIRN_ID_KEY, "x");
    assert_string_equal(err.where, "");
}

static void every_id_is_explained(void **state FIRN_UNUSED)
{
    for (uint16_t id = FIRN_ID_YAML; id <= FIRN_ID_TOO_LARGE; id++) {
        const firn_errid *row = firn_errid_find(id);
        assert_non_null(row);
        assert_true(strlen(row->text) > 40);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(defaults_are_those_of_the_table, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_map_may_override_another, set_up, tear_down),
        cmocka_unit_test_setup_teardown(values_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wrong_values_say_what_is_wanted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(missing_keys_show_an_example, set_up, tear_down),
        cmocka_unit_test_setup_teardown(secrets_are_not_shown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lists_hold_texts, set_up, tear_down),
        cmocka_unit_test(tables_print_as_help),
        cmocka_unit_test(tables_print_as_markdown),
        cmocka_unit_test(printing_survives_without_memory),
        cmocka_unit_test(errors_look_like_this),
        cmocka_unit_test(errors_cannot_play_with_the_terminal),
        cmocka_unit_test(the_longest_error_fits),
        cmocka_unit_test(long_paths_keep_their_end),
        cmocka_unit_test(every_id_is_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
