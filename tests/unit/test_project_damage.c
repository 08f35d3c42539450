/* SPDX-License-Identifier: Apache-2.0 */
/* Damaged project files and models give an error or a project: no crash, no hang, no leak. */
#include "check.h"

#include "base/errprint.h"
#include "base/mem.h"
#include "pipeline/model.h"
#include "pipeline/project.h"
#include "pipeline/yaml.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROUNDS    5000
#define MAX_BYTES ((size_t)8192)
#define MAX_SEEDS ((size_t)400)

static firn_env *env;
static firn_arena *seeds_arena;
static firn_str seeds[MAX_SEEDS];
static bool seed_is_model[MAX_SEEDS];
static size_t seed_count;
static unsigned rounds = ROUNDS;

/* xorshift64: the same damage at every run. */
static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

static size_t below(size_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (size_t)(state % n);
}

/* --- seeds: every file of the golden folders ------------------------------------------------- */

static void add_seeds(const char *folder, int depth)
{
    firn_err err = {0};
    firn_str *names;
    size_t count;
    check_ok(firn_fs_list(env, folder, seeds_arena, &names, &count, &err), &err);
    for (size_t i = 0; i < count && depth < 8; i++) {
        const char *path = firn_arena_printf(seeds_arena, "%s/%s", folder, names[i].p);
        firn_stat st;
        check_ok(firn_fs_stat(env, path, &st, &err), &err);
        if (st.is_dir) {
            add_seeds(path, depth + 1);
            continue;
        }
        bool model = firn_str_ends(names[i], ".sql");
        if ((!model && !firn_str_eqc(names[i], "firn.yml")) || seed_count == MAX_SEEDS)
            continue;
        firn_slice bytes;
        check_ok(firn_fs_read(env, path, MAX_BYTES / 2, seeds_arena, &bytes, &err), &err);
        seed_is_model[seed_count] = model;
        seeds[seed_count++] = (firn_str){(const char *)bytes.p, bytes.n};
    }
}

/* --- damage -------------------------------------------------------------------------------- */

static const char *const tokens[] = {
    ":",
    ": ",
    "\n",
    "\n  ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    ",",
    "#",
    " #",
    "&a ",
    "*a",
    "!x ",
    "|\n",
    ">-\n",
    "'",
    "\"",
    "\\",
    "%",
    "@",
    "`",
    "?",
    "? ",
    "<<: ",
    "---\n",
    "...\n",
    "\t",
    "\r",
    "${",
    "}",
    "${A}",
    "$${",
    "(",
    ")",
    "decimal(",
    "map<string",
    "\xff",
    "\xc3\xa9",
    "\x01",
    "null",
    "~",
    "true",
    "1e99",
    "\\x00",
    "\"\\u00",
    "/* firn",
    "*/",
    "--",
    "..",
    "/",
    "%a\n",
    "!!",
    "!<",
    "\xe2\x80\xa8",
    "\xef\xbb\xbf",
    "  ",
    "- - - ",
    "{{{{[[[[",
};

static size_t insert(char *text, size_t n, size_t at, const char *what, size_t what_n)
{
    if (n + what_n > MAX_BYTES)
        return n;
    memmove(text + at + what_n, text + at, n - at);
    memcpy(text + at, what, what_n);
    return n + what_n;
}

static size_t damage(char *text, size_t n)
{
    size_t at = below(n + 1);
    const char *token = tokens[below(FIRN_COUNT_OF(tokens))];
    size_t len = n > at ? 1 + below(FIRN_MIN(n - at, (size_t)40)) : 0;
    char copy[64];
    switch (below(7)) {
    case 0: /* another byte */
        if (at < n)
            text[at] = (char)below(256);
        return n;
    case 1: /* a run is missing */
        memmove(text + at, text + at + len, n - at - len);
        return n - len;
    case 2: /* a run stands twice */
        memcpy(copy, text + at, len);
        return insert(text, n, below(n + 1), copy, len);
    case 3: /* the end is missing */
        return at;
    case 4: /* a bit is wrong */
        if (at < n)
            text[at] = (char)(text[at] ^ (1 << below(8)));
        return n;
    default:
        return insert(text, n, at, token, strlen(token));
    }
}

/* --- trying -------------------------------------------------------------------------------- */

static firn_code try_model(firn_str text, firn_arena *a, firn_err *err)
{
    firn_ident ident = {FIRN_STR_LIT("raw"), FIRN_STR_LIT("a")};
    firn_model model;
    return firn_model_parse(text, ident, "a.sql", a, &model, err);
}

static firn_code try_project(firn_str text, firn_arena *a, firn_err *err)
{
    const firn_project *p;
    FILE *f = fopen("firn.yml", "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text.p, 1, text.n, f), text.n);
    assert_int_equal(fclose(f), 0);
    return firn_project_load(env, "firn.yml", a, &p, err);
}

/* Whatever comes out has a place, a text and no control characters. */
static void check_message(const firn_err *err, firn_str text)
{
    char printed[FIRN_ERR_PRINT_MAX];
    size_t n = firn_err_format(err, false, printed);
    assert_true(n > 10 && printed[n - 1] == '\n');
    if (err->code != FIRN_E_CONFIG)
        fail_msg("code %d: %s\n%.*s", (int)err->code, printed, FIRN_STR_ARG(text));
    if (!firn_utf8_valid(printed, n) || err->id < FIRN_ID_YAML || err->id > FIRN_ID_TOO_LARGE)
        fail_msg("%s\n%.*s", printed, FIRN_STR_ARG(text));
    if (!err->advice[0])
        fail_msg("no advice: %s\n%.*s", printed, FIRN_STR_ARG(text));
    if (!err->where[0])
        fail_msg("no place: %s\n%.*s", printed, FIRN_STR_ARG(text));
}

static void damaged_files_give_an_error_or_a_project(void **unused FIRN_UNUSED)
{
    size_t good = 0;
    for (unsigned i = 0; i < rounds; i++) {
        char text[MAX_BYTES + 1];
        size_t seed = below(seed_count);
        size_t n = seeds[seed].n;
        memcpy(text, seeds[seed].p, n);
        for (size_t k = 1 + below(4); k > 0; k--)
            n = damage(text, n);
        /* exactly as long as it is, so that reading behind its end is seen */
        firn_arena *a = firn_arena_new("one round", 0);
        char *exact = firn_mem_alloc(n);
        assert_non_null(exact);
        memcpy(exact, text, n);
        firn_str s = {exact, n};
        firn_err err = {0};
        alarm(20); /* a hang kills the test */
        firn_code code = seed_is_model[seed] ? try_model(s, a, &err) : try_project(s, a, &err);
        firn_conf *root;
        if (firn_yaml_parse(s, "f", a, &root, NULL) != FIRN_OK && !seed_is_model[seed])
            assert_int_not_equal(code, FIRN_OK);
        if (code != FIRN_OK)
            check_message(&err, s);
        good += code == FIRN_OK;
        firn_mem_free(exact);
        firn_arena_free(a);
    }
    alarm(0);
    assert_true(good > rounds / 50);
    assert_true(good < rounds);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_files_give_an_error_or_a_project),
    };
    char folder[] = "/tmp/firn-damage-XXXXXX";
    const char *data = getenv("FIRN_TEST_DATA");
    firn_err err = {0};
    int64_t value;
    if (argc > 1 && firn_str_i64(firn_str_of(argv[1]), &value))
        rounds = (unsigned)value;
    if (argc > 2 && firn_str_i64(firn_str_of(argv[2]), &value))
        state ^= (uint64_t)value << 20;
    seeds_arena = firn_arena_new("seeds", 0);
    if (!data || !seeds_arena || firn_env_new(&env, &err) != FIRN_OK || !mkdtemp(folder))
        return 1;
    add_seeds(firn_arena_printf(seeds_arena, "%s/project", data), 0);
    add_seeds(firn_arena_printf(seeds_arena, "%s/project-ok", data), 0);
    if (chdir(folder) != 0)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink("firn.yml");
    firn_arena_free(seeds_arena);
    firn_env_free(env);
    return rmdir(folder) != 0 || failed;
}
