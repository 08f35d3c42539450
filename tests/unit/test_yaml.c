/* SPDX-License-Identifier: Apache-2.0 */
/* YAML as a tree with places (YAML 1.2.2 and the rules of yaml.h), variables, .env. */
#include "arena_help.h"
#include "check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "pipeline/interpolate.h"
#include "pipeline/yaml.h"

#include <stdlib.h>

/* "{a=1, b=[x, 'y']}": quoted texts in quotes, with the place if asked. */
static void dump(const firn_conf *c, bool places, firn_buf *out)
{
    firn_err err = {0};
    if (c->kind == FIRN_CONF_TEXT) {
        const char *quote = c->plain ? "" : "'";
        check_ok(firn_buf_addf(out, &err, "%s%.*s%s", quote, FIRN_STR_ARG(c->text), quote), &err);
    } else {
        check_ok(firn_buf_addc(out, c->kind == FIRN_CONF_MAP ? '{' : '[', &err), &err);
    }
    for (size_t i = 0; i < c->count; i++) {
        if (i)
            check_ok(firn_buf_adds(out, ", ", &err), &err);
        if (c->items[i].key.p)
            check_ok(firn_buf_addf(out, &err, "%.*s", FIRN_STR_ARG(c->items[i].key)), &err);
        if (c->items[i].key.p && places)
            check_ok(firn_buf_addf(out, &err, "@%u:%u", c->items[i].key_place.line,
                                   c->items[i].key_place.column),
                     &err);
        if (c->items[i].key.p)
            check_ok(firn_buf_addc(out, '=', &err), &err);
        dump(&c->items[i], places, out);
    }
    if (c->kind != FIRN_CONF_TEXT)
        check_ok(firn_buf_addc(out, c->kind == FIRN_CONF_MAP ? '}' : ']', &err), &err);
    if (places)
        check_ok(firn_buf_addf(out, &err, "@%u:%u", c->place.line, c->place.column), &err);
}

static const char *tree(const char *yaml, bool places)
{
    firn_err err = {0};
    firn_conf *root = NULL;
    check_ok(firn_yaml_parse(firn_str_of(yaml), "f", arena, &root, &err), &err);
    if (!root)
        return "nothing";
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(1 << 20);
    dump(root, places, &out);
    return firn_arena_strdup(arena, firn_buf_cstr(&out));
}

static void trees(void **state FIRN_UNUSED)
{
    static const char *const cases[][2] = {
        {"", "nothing"},
        {"# only a comment\n", "nothing"},
        {"a: 1\nb: [x, \"y\", 'z']\nc:\n  - 1\n  - k: v\n    l: w\n",
         "{a=1, b=[x, 'y', 'z'], c=[1, {k=v, l=w}]}"},
        {"a:\n- x\n- y\nb: {}\nc: []\n", "{a=[x, y], b={}, c=[]}"},
        {"- - a\n  - b\n- c\n", "[[a, b], c]"},
        {"---\na: 1\n...\n", "{a=1}"},
        {"\xef\xbb\xbf"
         "a: 1\r\nb: 2\r\n",
         "{a=1, b=2}"},
        {"a: no\nb: 1.10\nc: 0o17\nd: 2025-01-01\n", "{a=no, b=1.10, c=0o17, d=2025-01-01}"},
        {"a: x#y # comment\nb: http://h/p?q\nc: a,b [c]\n", "{a=x#y, b=http://h/p?q, c=a,b [c]}"},
        {"a: one\n  two\nb: \"one\n  two\"\n", "{a=one two, b='one two'}"},
        {"a: |\n  one\n   two\nb: >-\n  one\n  two\n", "{a='one\n two\n', b='one two'}"},
        {"a key: v\n\"b: c\": v\n'd''e': v\n", "{a key=v, b: c=v, d'e=v}"},
        {"a: {\n  b: 1,\n  c: [\n  2\n],\n}\n", "{a={b=1, c=[2]}}"},
        {"a: \"x\\ty\\u00e9\\\\\"\nb: 'x\\ty'\n", "{a='x\ty\u00e9\\', b='x\\ty'}"},
        {"a: [b: 1, c]\n", "{a=[{b=1}, c]}"},
        {"a: what ? no # quoi ?\n?b: ?c\nd: x?\n", "{a=what ? no, ?b=?c, d=x?}"},
        {"a:\nb: ~\nc: [d, ]\n", "{a=, b=~, c=[d]}"},
        {"{\"a\": [1, true, null, \"x\"]}\n", "{a=[1, true, null, 'x']}"},
        {"text\n", "text"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++)
        check_str(firn_str_of(tree(cases[i][0], false)), cases[i][1]);
}

/* YAML 1.2.2: examples 7.5, 7.6, 7.9 and the rules of escapes and folding; PyYAML gives the same
 * values. */
static void quoted_texts(void **state FIRN_UNUSED)
{
    static const char *const cases[][2] = {
        {"''''", "'''"},
        {"' '''''", "' '''"},
        {"''''''", "''''"},
        {"'a''''\n\n  '", "'a''\n'"},
        {"'  1st non-empty\n\n 2nd non-empty \n\t3rd non-empty '",
         "'  1st non-empty\n2nd non-empty 3rd non-empty '"},
        {"\"folded \nto a space,\t\n \nto a line feed, or \t\\\n \\ \tnon-content\"",
         "'folded to a space,\nto a line feed, or \t \tnon-content'"},
        {"\" 1st non-empty\n\n 2nd non-empty \n\t3rd non-empty \"",
         "' 1st non-empty\n2nd non-empty 3rd non-empty '"},
        {"\"\\ \n\n \"", "' \n'"},
        {"\"a\\\n  \n  b\"", "'a\nb'"},
        {"\"a\r\n b\r\n\r\n c\"", "'a b\nc'"},
        {"\"\\x41\\u00e9\\U0001F600\\/\\\"\\\\\\t\"", "'A\u00e9\U0001F600/\"\\\t'"},
        {"\"\\a\\b\\e\\f\\v\\_\\N\\L\\P\"",
         "'\a\b\x1b\f\v\xc2\xa0\xc2\x85\xe2\x80\xa8\xe2\x80\xa9'"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++)
        check_str(firn_str_of(tree(cases[i][0], false)), cases[i][1]);
}

/* A comma in brackets belongs to its text. */
static void brackets_hold_commas(void **state FIRN_UNUSED)
{
    static const char *const cases[][2] = {
        {"{amount: decimal(18,2), date: date}", "{amount=decimal(18,2), date=date}"},
        {"{amount: decimal( 18 , 2 )}", "{amount=decimal( 18 , 2 )}"},
        {"[bucket(16, id), truncate(4, name), x]", "[bucket(16, id), truncate(4, name), x]"},
        {"[f(a, g(b, c), d), e]", "[f(a, g(b, c), d), e]"},
        {"{m: map<string, long>, l: list<struct<a:int,b:decimal(9,2)>>, n: int}",
         "{m=map<string, long>, l=list<struct<a:int,b:decimal(9,2)>>, n=int}"},
        {"{m: MAP<string, long>}", "{m=MAP<string, long>}"},
        {"[a < 5, b > 3]", "[a < 5, b > 3]"},
        {"[\"a(b\", c]", "['a(b', c]"},
        {"[(a), (b), c)]", "[(a), (b), c)]"},
        {"{a: {b: f(1, 2)}, c: [g(3, 4)]}", "{a={b=f(1, 2)}, c=[g(3, 4)]}"},
        {"{a: f(1, 2), b, c: d}", "{a=f(1, 2), b=, c=d}"},
        {"a: decimal(18,2)\n", "{a=decimal(18,2)}"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++)
        check_str(firn_str_of(tree(cases[i][0], false)), cases[i][1]);

    static const char *const wrong[] = {
        "[f(a, b]",
        "{a: f(1, b: 2}",
        "[f(a,\n b)]",
        "{a: f(1, {b: 2}}",
        "{a: f(1, \"b\": 2}",
        "{a: map<string, long, b: c}",
        "[f(a, b, g(c, d), e]",
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(wrong); i++) {
        firn_err err = {0};
        firn_conf *root;
        check_fails(firn_yaml_parse(firn_str_of(wrong[i]), "f", arena, &root, &err), FIRN_E_CONFIG,
                    &err, "is not closed");
    }
}

static void places_count_characters(void **state FIRN_UNUSED)
{
    static const char *const cases[][2] = {
        {"a: 1\nb:\n  - \"x\"\n  - 'y'\n", "{a@1:1=1@1:4, b@2:1=['x'@3:5, 'y'@4:5]@3:3}@1:1"},
        {"é: [é, é, x]\n", "{é@1:1=[é@1:5, é@1:8, x@1:11]@1:4}@1:1"},
        {"\n\n  a: {b: c}\n", "{a@3:3={b@3:7=c@3:10}@3:6}@3:3"},
        {"a:\nb:\n", "{a@1:1=@1:1, b@2:1=@2:1}@1:1"},
        {"\xef\xbb\xbf"
         "a: 1\n",
         "{a@1:1=1@1:4}@1:1"},
        {"{a: f(1, 2), b: 3}", "{a@1:2=f(1, 2)@1:5, b@1:14=3@1:17}@1:1"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++)
        check_str(firn_str_of(tree(cases[i][0], true)), cases[i][1]);
}

static void null_is_a_plain_word(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    firn_conf *root;
    const char *yaml = "[~, null, Null, NULL, nUll, \"\", \"null\", '~', no, 0]";
    check_ok(firn_yaml_parse(firn_str_of(yaml), "f", arena, &root, &err), &err);
    for (size_t i = 0; i < root->count; i++)
        check_i64(firn_conf_is_null(&root->items[i]), i < 4);
}

static void sizes_have_limits(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    firn_conf *root;
    size_t n = FIRN_YAML_MAX_BYTES + 1;
    char *big = firn_arena_alloc(arena, n + 1);
    memset(big, '#', n);
    big[n] = '\0';
    check_fails(firn_yaml_parse((firn_str){big, n}, "f", arena, &root, &err), FIRN_E_CONFIG, &err,
                "the limit is 1048576");
    check_ok(firn_yaml_parse((firn_str){big, n - 1}, "f", arena, &root, &err), &err);
    memset(big, '[', n);
    check_fails(firn_yaml_parse((firn_str){big, n - 1}, "f", arena, &root, &err), FIRN_E_CONFIG,
                &err, "nest deeper than 32");
    check_str(firn_str_of(
                  tree("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", false)),
              "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
}

/* Escapes must not bring in what the file itself may not hold. */
static void escapes_are_looked_at(void **state FIRN_UNUSED)
{
    static const char *const wrong[] = {"a: \"\\0\"", "a: \"\\x00\"", "a: \"\\ud800\"",
                                        "\"\\0\": a"};
    for (size_t i = 0; i < FIRN_COUNT_OF(wrong); i++) {
        firn_err err = {0};
        firn_conf *root;
        check_fails(firn_yaml_parse(firn_str_of(wrong[i]), "f", arena, &root, &err), FIRN_E_CONFIG,
                    &err, "");
        check_i64(err.id, FIRN_ID_YAML);
    }
}

/* Found by a fuzzer: each once made the reader look behind the end of the text, or would have. */
static void the_end_of_the_text_is_the_end(void **state FIRN_UNUSED)
{
    static const char *const cases[] = {": |", ":",   ": ", "a: |",    "a: \"\\",
                                        "[",   "{a:", "? ", "? D:\t:", "- "};
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        firn_err err = {0};
        firn_conf *root;
        size_t n = strlen(cases[i]);
        char *exact = firn_mem_alloc(n);
        assert_non_null(exact);
        memcpy(exact, cases[i], n);
        firn_code code = firn_yaml_parse((firn_str){exact, n}, "f", arena, &root, &err);
        assert_true(code == FIRN_OK || (code == FIRN_E_CONFIG && err.where[0]));
        firn_mem_free(exact);
    }
}

/* --- variables ----------------------------------------------------------------------------- */

static firn_code replace(const char *text, const firn_vars *vars, firn_conf *c, firn_err *err)
{
    *c = (firn_conf){.kind = FIRN_CONF_TEXT,
                     .text = firn_str_of(text),
                     .written = firn_str_of(text),
                     .place = firn_place_in("f", 1, 1)};
    return firn_conf_replace(c, vars, arena, err);
}

static firn_vars some_vars(void)
{
    firn_err err = {0};
    firn_vars vars;
    setenv("FIRN_T_SET", "real", 1);
    setenv("FIRN_T_EMPTY", "", 1);
    unsetenv("FIRN_T_NONE");
    unsetenv("FIRN_T_FILE");
    check_ok(firn_vars_parse(FIRN_STR_LIT("FIRN_T_SET=file\nFIRN_T_FILE='a}b'\n"), ".env", arena,
                             &vars, &err),
             &err);
    return vars;
}

static void variables_are_replaced(void **state FIRN_UNUSED)
{
    static const struct {
        const char *in;
        const char *out;
        bool replaced;
    } cases[] = {
        {"plain", "plain", false},
        {"$x $ $$ {a} }", "$x $ $$ {a} }", false},
        {"${FIRN_T_SET}", "real", true},
        {"a/${FIRN_T_SET}/${FIRN_T_FILE}/b", "a/real/a}b/b", true},
        {"${FIRN_T_EMPTY}", "", true},
        {"${FIRN_T_EMPTY:-x}", "x", true},
        {"${FIRN_T_NONE:-}", "", true},
        {"${FIRN_T_NONE:-a b:c?}", "a b:c?", true},
        {"${FIRN_T_SET:?why}", "real", true},
        {"$${FIRN_T_SET}", "${FIRN_T_SET}", false},
        {"$$${FIRN_T_SET}", "$${FIRN_T_SET}", false},
        {"$${a} ${FIRN_T_SET} $${b", "${a} real ${b", true},
    };
    firn_vars vars = some_vars();
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        firn_err err = {0};
        firn_conf c;
        check_ok(replace(cases[i].in, &vars, &c, &err), &err);
        check_str(c.text, cases[i].out);
        check_i64(c.replaced, cases[i].replaced);
        check_str(c.written, cases[i].in);
    }
}

static void wrong_variables_are_errors(void **state FIRN_UNUSED)
{
    static const char *const cases[][2] = {
        {"${FIRN_T_NONE}", "FIRN_T_NONE is not set"},
        {"${FIRN_T_NONE:?ask Ann}", "is not set: 'ask Ann'"},
        {"${FIRN_T_EMPTY:?ask Ann}", "is not set: 'ask Ann'"},
        {"${FIRN_T_SET", "'${FIRN_T_SET' is not a variable"},
        {"${}", "is not a variable"},
        {"${1A}", "is not a variable"},
        {"${FIRN_T_SET:}", "is not a variable"},
        {"${FIRN_T_SET:+x}", "is not a variable"},
        {"${FIRN_T_SET-x}", "is not a variable"},
        {"${ FIRN_T_SET }", "is not a variable"},
        {"${FIRN_T_NONE:-${FIRN_T_SET}}", "holds another variable"},
    };
    firn_vars vars = some_vars();
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        firn_err err = {0};
        firn_conf c;
        check_fails(replace(cases[i][0], &vars, &c, &err), FIRN_E_CONFIG, &err, cases[i][1]);
        check_i64(err.id, FIRN_ID_VARIABLE);
        check_fails(replace(cases[i][0], NULL, &c, &err), FIRN_E_CONFIG, &err, "in a header");
    }
}

static void check_var(const firn_vars *vars, const char *name, const char *expected)
{
    firn_str value = {NULL, 0};
    unsetenv(name);
    assert_true(firn_vars_get(vars, firn_str_of(name), &value) == (expected != NULL));
    if (expected)
        check_str(value, expected);
}

static void dotenv_is_read(void **state FIRN_UNUSED)
{
    static const char text[] = "\xef\xbb\xbf# comment\r\n"
                               "\n"
                               "T_A=1\r\n"
                               "  export T_B = two words  # and a comment\n"
                               "T_C=a#b\n"
                               "T_D='x # \"y\" \\n ${z}'  # c\n"
                               "T_E=\"a\\n\\t\\\"\\\\\\$b # $c\"\n"
                               "T_F=\n"
                               "T_G=1\n"
                               "T_G=2\n"
                               "export\tT_H=it's\n"
                               "exportT_I=9";
    firn_err err = {0};
    firn_vars vars;
    check_ok(firn_vars_parse(firn_str_of(text), ".env", arena, &vars, &err), &err);
    check_var(&vars, "T_A", "1");
    check_var(&vars, "T_B", "two words");
    check_var(&vars, "T_C", "a#b");
    check_var(&vars, "T_D", "x # \"y\" \\n ${z}");
    check_var(&vars, "T_E", "a\n\t\"\\$b # $c");
    check_var(&vars, "T_F", "");
    check_var(&vars, "T_G", "2");
    check_var(&vars, "T_H", "it's");
    check_var(&vars, "exportT_I", "9");
    check_var(&vars, "T_J", NULL);
}

static void wrong_dotenv_says_the_line(void **state FIRN_UNUSED)
{
    static const char *const cases[][2] = {
        {"A=1\nB\n", ".env:2:1"},    {"A B=1\n", ".env:1:1"},     {"=1\n", ".env:1:1"},
        {"\n\nA='x\n", ".env:3:1"},  {"A=\"x\\\"\n", ".env:1:1"}, {"A=\"x\" y\n", ".env:1:1"},
        {"A=\"\\q\"\n", ".env:1:1"}, {"A=${B}\n", ".env:1:1"},    {"A=\"${B}\"\n", ".env:1:1"},
        {"1A=x\n", ".env:1:1"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        firn_err err = {0};
        firn_vars vars;
        check_fails(firn_vars_parse(firn_str_of(cases[i][0]), ".env", arena, &vars, &err),
                    FIRN_E_CONFIG, &err, "");
        assert_string_equal(err.where, cases[i][1]);
        check_i64(err.id, FIRN_ID_DOTENV);
    }
}

/* --- when memory is out -------------------------------------------------------------------- */

static void memory_may_run_out_anywhere(void **state FIRN_UNUSED)
{
    const char *yaml = "a: [b, {c: f(1, 2), d: \"x\"}]\ne: |\n  text\nf: [1, 2, 3, 4, 5, 6]\n";
    uint64_t refused = 1;
    for (uint64_t n = 1; refused; n++) {
        firn_err err = {0};
        firn_conf *root;
        firn_mem_fail_nth(n, false);
        firn_arena *a = firn_arena_new("the n-th", 0);
        firn_code code = a ? firn_yaml_parse(firn_str_of(yaml), "f", a, &root, &err) : FIRN_E_NOMEM;
        firn_arena_free(a);
        refused = firn_mem_failed();
        firn_mem_fail_nth(0, false);
        check_i64(code, refused ? FIRN_E_NOMEM : FIRN_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(trees, set_up, tear_down),
        cmocka_unit_test_setup_teardown(quoted_texts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(brackets_hold_commas, set_up, tear_down),
        cmocka_unit_test_setup_teardown(places_count_characters, set_up, tear_down),
        cmocka_unit_test_setup_teardown(null_is_a_plain_word, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sizes_have_limits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(escapes_are_looked_at, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_end_of_the_text_is_the_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(variables_are_replaced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wrong_variables_are_errors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(dotenv_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wrong_dotenv_says_the_line, set_up, tear_down),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
