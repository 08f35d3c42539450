/* SPDX-License-Identifier: Apache-2.0 */
/* firn test: unit tests of models, and the checks of the tables that are there. */
#include "cli/junit.h"
#include "cli/models.h"
#include "cli/screen.h"
#include "cli/unit_print.h"
#include "cli/verbs.h"

#include "base/errprint.h"
#include "base/str.h"
#include "pipeline/checks.h"
#include "pipeline/graph.h"

#include <fnmatch.h>
#include <string.h>
#include <unistd.h>

static const firn_arg test_args[] = {
    FIRN_ARG_PROJECT,
    {"unit", 'u', NULL, "only unit tests: nothing that landed is read, nothing is written"},
    {"data", 'd', NULL, "only the checks of tables and views as they are"},
    {"exclude", 'x', "PATTERN", "leave out what this selects; several with commas"},
    FIRN_ARG_VAR,
    FIRN_ARG_MEMORY,
    FIRN_ARG_THREADS,
    {"junit", 0, "FILE", "also write the outcome as JUnit's XML, for CI servers"},
    FIRN_ARG_JSON,
    FIRN_ARG_QUIET,
    FIRN_ARG_HELP,
    {NULL, 0, NULL, NULL},
};

typedef struct testing {
    firn_command *c;
    const firn_args *args;
    bool unit;
    bool data;
    bool json;
    bool quiet;
    firn_unit_print_opt look;
    firn_model *models;
    size_t model_count;
    firn_graph graph;
    firn_unit_tests tests;
    bool *chosen; /* by test: selected by its own name */
    firn_variables vars;
    const char *junit_file; /* NULL: none */
    bool junit_short;       /* memory was out */
    firn_junit junit;
    firn_str failing_table; /* that has rows to look at; .p == NULL: none */

    size_t unit_passed;
    size_t unit_failed;
    size_t unit_wrong; /* of them: the test itself is not right */
    firn_check_counts checks;
    size_t broken; /* tables whose checks could not be run */
    size_t absent; /* tables with checks that are not there yet */
} testing;

/* --- events -------------------------------------------------------------------------------- */

static const char *str(const json_t *e, const char *key)
{
    const char *s = json_string_value(json_object_get(e, key));
    return s ? s : "";
}

static void print_samples(const json_t *samples)
{
    for (size_t i = 0; i < json_array_size(samples); i++) {
        FIRN_AUTO(firn_buf_free) firn_buf line = FIRN_BUF((size_t)1 << 16);
        if (firn_text_safe(firn_str_of(json_string_value(json_array_get(samples, i))), 200, false,
                           &line, NULL) == FIRN_OK)
            printf("      %s\n", firn_buf_cstr(&line));
    }
}

/* ✓ curated.orders · not_null(id) */
static void print_check(const testing *t, const json_t *e)
{
    static const char *const marks[2][3] = {{"ok  ", "FAIL", "WARN"}, {"✓", "✗", "!"}};
    static const char *const inks[3] = {"\x1b[32m", "\x1b[31m", "\x1b[33m"};
    bool failing = json_integer_value(json_object_get(e, "failing")) != 0;
    size_t k = !failing ? 0 : strcmp(str(e, "severity"), "warn") == 0 ? 2 : 1;
    if (t->quiet && k != 1)
        return;
    printf("  %s%s%s %s.%s · %s", t->look.colour ? inks[k] : "", marks[t->look.unicode][k],
           t->look.colour ? "\x1b[0m" : "", str(e, "namespace"), str(e, "table"), str(e, "check"));
    printf(failing ? ": %s\n" : "\n", str(e, "text"));
    print_samples(json_object_get(e, "samples"));
}

/* What cannot be kept for --junit is missed when it is written. */
static void note_check(testing *t, const json_t *e)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)64 << 20);
    const json_t *samples = json_object_get(e, "samples");
    bool failing = json_integer_value(json_object_get(e, "failing")) != 0;
    bool warn = strcmp(str(e, "severity"), "warn") == 0;
    const char *table =
        firn_arena_printf(t->c->arena, "%s.%s", str(e, "namespace"), str(e, "table"));
    if (failing)
        t->failing_table = firn_str_of(table);
    for (size_t i = 0; i < json_array_size(samples); i++)
        if (firn_buf_addf(&text, NULL, "%s\n", json_string_value(json_array_get(samples, i))) !=
            FIRN_OK)
            return;
    const firn_junit_case c = {.suite = "checks",
                               .group = firn_str_of(table),
                               .name = firn_str_of(str(e, "check")),
                               .outcome = !failing ? FIRN_JUNIT_PASSED
                                          : warn   ? FIRN_JUNIT_WARNED
                                                   : FIRN_JUNIT_FAILED,
                               .message = firn_str_of(str(e, "text")),
                               .text = firn_buf_str(&text)};
    if (t->junit_file && firn_junit_add(&t->junit, &c, NULL) != FIRN_OK)
        t->junit_short = true;
}

static void print_event(const json_t *event)
{
    FIRN_AUTO(firn_buf_free) firn_buf line = FIRN_BUF((size_t)64 << 20);
    if (firn_json_print(event, 0, &line, NULL) != FIRN_OK)
        return;
    printf("%s\n", firn_buf_cstr(&line));
    fflush(stdout);
}

static void on_event(void *arg, const json_t *event)
{
    testing *t = arg;
    bool check = strcmp(str(event, "event"), "check") == 0;
    if (check)
        note_check(t, event);
    if (t->json)
        print_event(event);
    else if (check)
        print_check(t, event);
    else if (strcmp(str(event, "event"), "note") == 0 && !t->quiet)
        fprintf(stderr, "note %s.%s: %s\n", str(event, "namespace"), str(event, "table"),
                str(event, "text"));
}

/* --- what is selected ---------------------------------------------------------------------- */

static bool matches(const char *pattern, firn_str name)
{
    char text[512];
    if (name.n >= sizeof text)
        return false;
    memcpy(text, name.p, name.n);
    text[name.n] = '\0';
    return fnmatch(pattern, text, 0) == 0;
}

/* A word that is the name of tests selects these; others select models and tables. */
static bool choose_tests(testing *t, const char *word)
{
    bool any = false;
    for (size_t i = 0; i < t->tests.n; i++)
        if (matches(word, t->tests.v[i].name)) {
            t->chosen[i] = true;
            any = true;
        }
    return any;
}

static bool matches_node(const testing *t, const char *word)
{
    for (size_t i = 0; i < t->graph.count; i++)
        if (matches(word, t->graph.nodes[i].name))
            return true;
    return false;
}

static firn_code choose(testing *t, firn_err *err)
{
    firn_arena *a = t->c->arena;
    firn_words select = {0};
    firn_words exclude = {0};
    bool named = false;
    t->chosen = firn_arena_array(a, t->tests.n + 1, sizeof *t->chosen);
    if (!t->chosen)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < t->args->rest_count; i++) {
        const char *word = t->args->rest[i];
        if (!matches_node(t, word) && choose_tests(t, word))
            named = true;
        else if (!firn_vec_push(a, &select, word))
            return firn_arena_raise(a, err);
    }
    if (firn_args_get(t->args, "exclude"))
        FIRN_TRY(firn_words_add(firn_args_get(t->args, "exclude"), a, &exclude, err));
    const firn_selection s = {.select = select.v,
                              .select_count = select.n,
                              .exclude = exclude.v,
                              .exclude_count = exclude.n,
                              .ingest = true,
                              .models = true};
    FIRN_TRY(firn_graph_select(&t->graph, &s, err));
    for (size_t i = 0; named && select.n == 0 && i < t->graph.count; i++)
        t->graph.nodes[i].selected = false;
    return FIRN_OK;
}

/* --- unit tests ---------------------------------------------------------------------------- */

static firn_code note_unit(testing *t, const firn_unit_result *r, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)64 << 20);
    FIRN_AUTO(firn_buf_free) firn_buf message = FIRN_BUF((size_t)1 << 16);
    const firn_unit_print_opt plain = {.unicode = true, .width = 120};
    static const firn_junit_outcome outcomes[] = {
        [FIRN_UNIT_PASSED] = FIRN_JUNIT_PASSED,
        [FIRN_UNIT_FAILED] = FIRN_JUNIT_FAILED,
        [FIRN_UNIT_ERROR] = FIRN_JUNIT_ERROR,
    };
    if (r->status == FIRN_UNIT_FAILED) {
        FIRN_TRY(firn_unit_print_diff(r, &plain, &text, err));
        FIRN_TRY(firn_buf_addf(&message, err, "%zu row%s", r->diff_count,
                               r->diff_count == 1 ? " differs" : "s differ"));
    }
    if (r->status == FIRN_UNIT_ERROR) {
        FIRN_TRY(firn_buf_addf(&message, err, "%s", r->err.text));
        FIRN_TRY(firn_buf_addf(&text, err, "%s\n%s\n", r->err.where, r->err.advice));
    }
    const firn_unit_test *u = r->test;
    const firn_junit_case c = {.suite = "unit tests",
                               .group = u->node->name,
                               .name = u->name,
                               .file = u->place.file,
                               .line = u->place.line,
                               .seconds = (double)r->duration_us / 1e6,
                               .outcome = outcomes[r->status],
                               .message = firn_buf_str(&message),
                               .text = firn_buf_str(&text)};
    return firn_junit_add(&t->junit, &c, err);
}

static firn_code run_one(testing *t, firn_unit_bench *bench, const firn_unit_test *test,
                         firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a unit test", 0);
    firn_unit_result r;
    if (!a)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_unit_test_run(bench, test, a, &r, err));
    bool passed = r.status == FIRN_UNIT_PASSED;
    t->unit_passed += passed;
    t->unit_failed += !passed;
    t->unit_wrong +=
        r.status == FIRN_UNIT_ERROR && firn_code_policy_of(r.err.code)->exit_status ==
                                           firn_code_policy_of(FIRN_E_CONFIG)->exit_status;
    if (t->junit_file)
        FIRN_TRY(note_unit(t, &r, err));
    if (t->json)
        firn_event(&t->c->run->events, "unit_test", firn_unit_json(&r));
    else if (!passed || !t->quiet)
        return firn_unit_print(&r, &t->look, stdout, err);
    return FIRN_OK;
}

static firn_code run_units(testing *t, firn_err *err)
{
    firn_unit_bench *bench;
    if (!t->unit || t->tests.n == 0)
        return FIRN_OK;
    FIRN_TRY(firn_unit_bench_open(t->c->run, t->c->project, &t->graph, &t->tests, &t->vars, &bench,
                                  err));
    firn_code code = FIRN_OK;
    for (size_t i = 0; code == FIRN_OK && i < t->tests.n; i++)
        if (t->chosen[i] || t->tests.v[i].node->selected)
            code = run_one(t, bench, &t->tests.v[i], err);
    firn_unit_bench_close(bench);
    return code;
}

/* --- checks of data ------------------------------------------------------------------------ */

/* A view is there when what it reads is.  Recursion ends as models stand on no circles. */
static bool is_there(const testing *t, const firn_node *n)
{
    const firn_metadata *m;
    if (n->ingest || n->model->materialize != FIRN_MATERIALIZE_VIEW)
        return t->c->run->catalog && firn_table_load(t->c->run->catalog, t->c->run->io, n->ident,
                                                     t->c->arena, &m, NULL) == FIRN_OK;
    for (size_t i = 0; i < n->need_count; i++)
        if (!is_there(t, &t->graph.nodes[n->needs[i]]))
            return false;
    return true;
}

static void say_broken(testing *t, const firn_node *n, const firn_err *e)
{
    const firn_junit_case c = {.suite = "checks",
                               .group = n->name,
                               .name = FIRN_STR_LIT("all checks"),
                               .outcome = FIRN_JUNIT_ERROR,
                               .message = firn_str_of(e->text),
                               .text = firn_str_of(e->where)};
    t->broken++;
    if (t->junit_file && firn_junit_add(&t->junit, &c, NULL) != FIRN_OK)
        t->junit_short = true;
    if (t->json) {
        firn_event(&t->c->run->events, "check_error",
                   json_pack("{s:o, s:o, s:o}", "namespace", firn_json_new_str(n->ident.ns),
                             "table", firn_json_new_str(n->ident.name), "error",
                             firn_event_error(e)));
        return;
    }
    fflush(stdout);
    firn_err_print(e, stderr, firn_use_colour(stderr));
}

static firn_code check_node(testing *t, const firn_node *n, firn_err *err)
{
    const firn_table_conf *table = n->ingest ? &n->ingest->table : &n->model->table;
    const firn_check_input in = {.project = t->c->project,
                                 .ingest = n->ingest,
                                 .ident = n->ident,
                                 .checks = table->checks,
                                 .check_count = table->check_count,
                                 .committed = true};
    firn_check_counts counts;
    firn_err local = {0};
    if (table->check_count == 0)
        return FIRN_OK;
    if (!is_there(t, n)) {
        t->absent++;
        return FIRN_OK;
    }
    FIRN_TRY(firn_context_check(t->c->run, err));
    firn_code code = firn_checks_run(t->c->run, &in, &counts, &local);
    t->checks.passed += counts.passed;
    t->checks.warnings += counts.warnings;
    t->checks.errors += counts.errors;
    if (code == FIRN_E_CANCELLED || code == FIRN_E_NOMEM) {
        *err = local;
        return code;
    }
    if (code != FIRN_OK && code != FIRN_E_CHECK)
        say_broken(t, n, &local);
    return FIRN_OK;
}

static firn_code run_checks(testing *t, firn_err *err)
{
    for (size_t i = 0; t->data && i < t->graph.count; i++)
        if (t->graph.nodes[i].selected)
            FIRN_TRY(check_node(t, &t->graph.nodes[i], err));
    return FIRN_OK;
}

/* --- the end ------------------------------------------------------------------------------- */

static int exit_status(const testing *t)
{
    if (t->unit_wrong)
        return firn_code_policy_of(FIRN_E_CONFIG)->exit_status;
    if (t->unit_failed || t->checks.errors)
        return firn_code_policy_of(FIRN_E_CHECK)->exit_status;
    return t->broken ? 1 : 0;
}

static void print_units(const testing *t)
{
    size_t all = t->unit_passed + t->unit_failed;
    printf("%zu unit test%s", all, all == 1 ? "" : "s");
    if (t->unit_failed)
        printf(": %zu passed, %zu failed", t->unit_passed, t->unit_failed);
    else if (all)
        printf(" passed");
}

static void print_checks(const testing *t)
{
    const firn_check_counts *c = &t->checks;
    size_t all = c->passed + c->warnings + c->errors;
    if (all == 0 && t->unit)
        return;
    printf("%s%zu check%s", t->unit ? ", " : "", all, all == 1 ? "" : "s");
    if (c->errors || c->warnings)
        printf(": %zu passed, %zu failed, %zu warned", c->passed, c->errors, c->warnings);
    else if (all)
        printf(" passed");
}

static void print_hint(const testing *t)
{
    if (t->unit && t->tests.n == 0)
        printf("there are no unit tests in %s/: see `firn help E1121` for one\n",
               t->c->project->tests_shown);
    if (t->absent)
        printf("%zu table%s with checks %s not there yet: firn run\n", t->absent,
               t->absent == 1 ? "" : "s", t->absent == 1 ? "is" : "are");
    if (t->failing_table.p)
        printf("next: firn sql \"FROM %.*s" FIRN_FAILURES_SUFFIX "\"\n",
               FIRN_STR_ARG(t->failing_table));
}

static void finish(testing *t, int64_t began_us)
{
    double seconds = (double)(firn_env_mono_us(t->c->env) - began_us) / 1e6;
    if (t->json) {
        firn_event(&t->c->run->events, "test_finished",
                   json_pack("{s:i, s:I, s:I, s:I, s:I, s:I, s:f}", "exit", exit_status(t),
                             "unit_passed", (json_int_t)t->unit_passed, "unit_failed",
                             (json_int_t)t->unit_failed, "checks_passed",
                             (json_int_t)t->checks.passed, "checks_warned",
                             (json_int_t)t->checks.warnings, "checks_failed",
                             (json_int_t)t->checks.errors, "seconds", seconds));
        return;
    }
    if (t->quiet)
        return;
    if (t->unit)
        print_units(t);
    if (t->data)
        print_checks(t);
    printf(" (%.2f s)\n", seconds);
    print_hint(t);
}

/* --- the verb ------------------------------------------------------------------------------ */

/* Without a catalog nothing is created by looking; checks of data keep the rows that fail. */
static firn_code open_context(testing *t, firn_err *err)
{
    firn_command *c = t->c;
    const firn_project *p = c->project;
    bool catalog = firn_fs_exists(c->env, p->catalog.path);
    const firn_command_opt opt = {.read_only = !t->data || !catalog,
                                  .keep_order = true,
                                  .on_event = on_event,
                                  .event_arg = t};
    c->project = catalog ? p : NULL;
    firn_code code = firn_command_open(c, t->args, &opt, err);
    c->project = p;
    FIRN_TRY(code);
    firn_catch_signals(c->run);
    return FIRN_OK;
}

static firn_code load(testing *t, firn_err *err)
{
    firn_command *c = t->c;
    FIRN_TRY(firn_command_project(c, t->args, err));
    FIRN_TRY(firn_command_models(c, t->args, &t->models, &t->model_count, err));
    FIRN_TRY(firn_command_variables(c, t->args, &t->vars, err));
    FIRN_TRY(firn_graph_make(c->project, t->models, t->model_count, c->arena, &t->graph, err));
    if (t->unit) {
        FIRN_TRY(firn_unit_tests_load(c->env, c->project, c->arena, &t->tests, err));
        FIRN_TRY(firn_unit_tests_bind(&t->tests, &t->graph, err));
    }
    return choose(t, err);
}

static firn_code test(firn_command *c, const firn_args *args, int *ret_status, firn_err *err)
{
    bool unit = firn_args_has(args, "unit");
    bool data = firn_args_has(args, "data");
    size_t rows;
    int64_t began = firn_env_mono_us(c->env);
    firn_print_opt look = firn_print_defaults();
    testing t = {.c = c,
                 .args = args,
                 .unit = unit || !data,
                 .data = data || !unit,
                 .json = firn_args_has(args, "json"),
                 .quiet = firn_args_has(args, "quiet"),
                 .junit = {.a = c->arena},
                 .look = {.colour = look.colour, .unicode = look.unicode}};
    if (!firn_screen_size(STDOUT_FILENO, &rows, &t.look.width))
        t.look.width = 120;
    if (firn_args_get(args, "junit"))
        FIRN_TRY(firn_path_absolute(firn_str_of(firn_args_get(args, "junit")), c->arena,
                                    &t.junit_file, err));
    FIRN_TRY(load(&t, err));
    FIRN_TRY(open_context(&t, err));
    FIRN_TRY(run_units(&t, err));
    FIRN_TRY(run_checks(&t, err));
    if (t.junit_short)
        return firn_raise_nomem(err);
    if (t.junit_file)
        FIRN_TRY(firn_junit_write(&t.junit, c->env, t.junit_file, err));
    finish(&t, began);
    *ret_status = exit_status(&t);
    return FIRN_OK;
}

static int verb_test(const firn_args *args)
{
    return firn_command_do(args, test);
}

const firn_verb firn_verb_test = {
    .name = "test",
    .synopsis = "[SELECT…] [options]",
    .summary = "run the unit tests of models and the checks of tables",
    .details =
        "Unit tests stand in tests/*.yml: rows that are given, rows that are expected.  They run\n"
        "in memory, whether anything has landed or not.  Then the checks of the project look at\n"
        "the tables and views that are there; rows that fail are kept in NS.TABLE__failures.\n"
        "SELECT is a table or pattern as for run, or the name of a test.\n"
        "\n"
        "  firn test\n"
        "  firn test curated.orders --unit\n"
        "  firn test 'a missing contact*' --var today=2025-01-31\n"
        "\n"
        "Exit status: 0 all passed, 2 a wrong test or project, 4 a test or check failed.",
    .args = test_args,
    .run = verb_test,
};
