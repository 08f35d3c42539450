/* SPDX-License-Identifier: Apache-2.0 */
/* The project file and models: golden messages of wrong ones, every field of right ones. */
#include "check.h"

#include "base/errprint.h"
#include "base/mem.h"
#include "pipeline/model.h"
#include "pipeline/project.h"

#include <stdlib.h>
#include <unistd.h>

static firn_env *env;
static firn_arena *arena;
static char start_folder[4096];

static int set_up(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    check_ok(firn_env_new(&env, &err), &err);
    arena = firn_arena_new("a test", 0);
    assert_non_null(arena);
    assert_non_null(getcwd(start_folder, sizeof start_folder));
    return 0;
}

static int tear_down(void **state FIRN_UNUSED)
{
    firn_arena_free(arena);
    firn_env_free(env);
    return chdir(start_folder);
}

static const char *data_folder(const char *name)
{
    const char *root = getenv("FIRN_TEST_DATA");
    assert_non_null(root);
    return firn_arena_printf(arena, "%s/%s", root, name);
}

static void enter(const char *folder)
{
    if (chdir(folder) != 0)
        fail_msg("cannot enter %s", folder);
}

/* --- wrong projects ------------------------------------------------------------------------ */

static firn_code load_all(const char *where, const firn_project **ret, firn_model **models,
                          size_t *count, firn_err *err)
{
    FIRN_TRY(firn_project_load(env, where, arena, ret, err));
    return firn_models_load(env, *ret, NULL, arena, models, count, err);
}

/* Returns whether the message is the one of expected.txt. */
static bool golden_is_met(const char *folder, const char *name)
{
    firn_err err = {0};
    const firn_project *p;
    firn_model *models;
    size_t count;
    char got[FIRN_ERR_PRINT_MAX] = "no error\n";
    firn_slice expected;
    enter(firn_arena_printf(arena, "%s/%s", folder, name));
    check_ok(firn_fs_read(env, "expected.txt", 65536, arena, &expected, &err), &err);
    firn_code code = load_all(NULL, &p, &models, &count, &err);
    if (code != FIRN_OK)
        firn_err_format(&err, false, got);
    /* each says what is wrong and, in a line of its own, what to do */
    if (strcmp(got, (const char *)expected.p) == 0 && code == FIRN_E_CONFIG && strstr(got, "\n  "))
        return true;
    printf("--- %s\nexpected: %sgot:      %s", name, (const char *)expected.p, got);
    return false;
}

static void wrong_projects_say_what_to_do(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    firn_str *names;
    size_t count;
    size_t wrong = 0;
    const char *folder = data_folder("project");
    check_ok(firn_fs_list(env, folder, arena, &names, &count, &err), &err);
    assert_true(count >= 100);
    for (size_t i = 0; i < count; i++) {
        /* without the system's table of zones every name is taken */
        if (strstr(names[i].p, "unknown-time-zone") && !firn_fs_exists(env, "/usr/share/zoneinfo"))
            continue;
        wrong += !golden_is_met(folder, names[i].p);
    }
    if (wrong)
        fail_msg("%zu of %zu messages differ", wrong, count);
}

/* --- right projects ------------------------------------------------------------------------ */

static const firn_project *load(const char *name)
{
    firn_err err = {0};
    const firn_project *p = NULL;
    enter(data_folder(name));
    check_ok(firn_project_load(env, NULL, arena, &p, &err), &err);
    return p;
}

#define check_cstr(actual, expected) check_str(firn_str_of(actual), (expected))

static const char *under(const char *folder, const char *rest)
{
    char real[4096];
    assert_non_null(realpath(data_folder(folder), real));
    return firn_arena_printf(arena, "%s%s", real, rest);
}

static void a_short_project_gets_every_default(void **state FIRN_UNUSED)
{
    const firn_project *p = load("project-ok/minimal");
    check_str(p->name, "2025 shop-data");
    check_cstr(p->file, "firn.yml");
    check_cstr(p->folder, under("project-ok/minimal", ""));
    check_cstr(p->warehouse, under("project-ok/minimal", "/lake"));
    check_str(p->catalog.type, "sqlite");
    check_str(p->catalog.name, "_2025_shop_data");
    check_cstr(p->catalog.path, under("project-ok/minimal", "/lake/catalog.db"));
    check_str(p->layout, "{warehouse}/{namespace}/{table}");
    check_i64(p->source_count, 0);
    check_i64(p->ingest_count, 0);
    check_i64(p->namespace_count, 0);
    check_cstr(p->models, under("project-ok/minimal", "/models"));
    check_cstr(p->models_shown, "models");
    check_i64(p->maintenance.target_file_size, 128 << 20);
    check_str(p->maintenance.compression, "snappy");
    check_i64(p->maintenance.compression_level, 0);
    check_i64(p->maintenance.row_group_rows, 122880);
    check_i64(p->rejects.max, 1000);
    assert_true(p->rejects.max_ratio == 0.05);
    check_i64(p->rejects.exit_status, 3);
    check_str(p->timezone, "UTC");
    check_i64(p->memory, 1 << 30);
    check_i64(p->threads, 0);

    firn_err err = {0};
    firn_model *models;
    size_t count = 1;
    check_ok(firn_models_load(env, p, NULL, arena, &models, &count, &err), &err);
    check_i64(count, 0);
}

static void the_top_level_is_read(void **state FIRN_UNUSED)
{
    const firn_project *p = load("project-ok/full");
    check_str(p->name, "accounting");
    check_cstr(p->warehouse, under("project-ok", "/lake/books"));
    check_str(p->catalog.name, "lake");
    check_cstr(p->catalog.path, under("project-ok/full", "/state/catalog.db"));
    check_str(p->layout, "{warehouse}/{namespace}.db/{table}");
    check_i64(p->maintenance.target_file_size, 256 << 20);
    check_i64(p->maintenance.row_group_rows, 200000);
    check_i64(p->rejects.max, 20);
    assert_true(p->rejects.max_ratio == 0.025);
    check_i64(p->rejects.exit_status, 0);
    check_str(p->timezone, "Europe/Berlin");
    check_i64(p->memory, INT64_C(2) << 30);
    check_i64(p->threads, 3);

    const firn_maintenance *raw = firn_project_maintenance(p, FIRN_STR_LIT("raw.bank"));
    check_i64(raw->target_file_size, 64 << 20);
    check_str(raw->compression, "zstd");
    check_i64(raw->compression_level, 9);
    check_i64(raw->row_group_rows, 200000); /* the project's */
    assert_ptr_equal(firn_project_maintenance(p, FIRN_STR_LIT("rawer")), &p->maintenance);
}

static void sources_are_read(void **state FIRN_UNUSED)
{
    const firn_project *p = load("project-ok/full");
    check_i64(p->source_count, 2);
    const firn_source_conf *drop = firn_project_source(p, FIRN_STR_LIT("drop"));
    check_str(drop->type, "files");
    check_cstr(drop->path, under("project-ok/full", "/data"));
    check_str(drop->format.decoder, "");
    check_i64(drop->format.opt.separator, 0);
    check_i64(drop->format.opt.quote, 0);
    assert_false(drop->format.opt.no_quote || drop->format.opt.no_header);
    check_str(drop->format.opt.encoding, "");
    check_str(drop->format.opt.null_text, "");
    check_i64(drop->identity, FIRN_IDENTITY_PATH);
    check_i64(drop->place.line, 8);
    check_i64(drop->place.column, 3);

    const firn_source_conf *bank = firn_project_source(p, FIRN_STR_LIT("bank-2"));
    check_cstr(bank->path, "/srv/bank");
    check_str(bank->format.decoder, "csv");
    check_i64(bank->format.opt.separator, ';');
    check_i64(bank->format.opt.quote, '\'');
    assert_true(bank->format.opt.no_header);
    check_str(bank->format.opt.encoding, "windows-1252");
    check_str(bank->format.opt.null_text, "NULL");
    check_i64(bank->identity, FIRN_IDENTITY_CONTENT);
    assert_null(firn_project_source(p, FIRN_STR_LIT("bank")));
}

static void check_term(const firn_table_conf *t, size_t i, firn_transform_kind kind,
                       const char *column)
{
    assert_true(i < t->partition_count);
    check_i64(t->partition[i].kind, kind);
    check_str(t->partition[i].column, column);
}

static void entries_are_read(void **state FIRN_UNUSED)
{
    const firn_project *p = load("project-ok/full");
    check_i64(p->ingest_count, 5);
    const firn_ingest *e = &p->ingest[0];
    assert_ptr_equal(e->source, &p->sources[0]);
    check_str(e->stream, "journal_entries/*.json");
    check_str(e->table.ident.ns, "raw");
    check_str(e->table.ident.name, "journal_entries");
    check_i64(e->mode, FIRN_MODE_INCREMENTAL);
    check_i64(e->write, FIRN_WRITE_APPEND);
    check_i64(e->infer, FIRN_INFER_FULL);
    check_i64(e->place.line, 23);
    check_i64(e->table.partition_count, 3);
    check_term(&e->table, 0, FIRN_TRANSFORM_MONTH, "date");
    check_term(&e->table, 1, FIRN_TRANSFORM_IDENTITY, "company");
    check_term(&e->table, 2, FIRN_TRANSFORM_IDENTITY, "country");
    check_i64(e->table.partition_place.line, 27);

    e = &p->ingest[1]; /* `mode` and `write` given, format auto with records */
    check_i64(e->mode, FIRN_MODE_FULL);
    check_i64(e->write, FIRN_WRITE_REPLACE);
    check_i64(e->infer, FIRN_INFER_LOOKAHEAD);
    check_str(e->format.opt.records, "data.invoices");
    check_i64(e->table.partition_place.line, 0);

    e = &p->ingest[2]; /* neither given */
    check_i64(e->mode, FIRN_MODE_INCREMENTAL);
    check_i64(e->write, FIRN_WRITE_APPEND);

    e = &p->ingest[4]; /* one says the other */
    check_i64(e->mode, FIRN_MODE_FULL);
    check_term(&e->table, 0, FIRN_TRANSFORM_HOUR, "ts");
}

static void entries_start_from_their_source(void **state FIRN_UNUSED)
{
    const firn_project *p = load("project-ok/full");
    const firn_ingest *e = &p->ingest[3];
    check_str(e->stream, "2025/**/*.csv.gz");
    check_str(e->table.ident.ns, "raw.bank");
    check_str(e->table.ident.name, "statements");
    check_str(e->format.decoder, "csv");
    check_i64(e->format.opt.separator, '\t');
    assert_true(e->format.opt.no_quote && e->format.opt.no_header);
    check_i64(e->format.opt.quote, 0);
    check_str(e->format.opt.encoding, "windows-1252");
    check_str(e->format.opt.null_text, "");
    check_i64(e->identity, FIRN_IDENTITY_CONTENT);

    check_str(p->ingest[4].format.decoder, "json");
    check_i64(p->ingest[4].format.opt.separator, ';');
}

static const char *type_of(const firn_given *g)
{
    return g->has_type ? firn_type_text(&g->type, arena) : "";
}

static void columns_are_read(void **state FIRN_UNUSED)
{
    const firn_project *p = load("project-ok/full");
    const firn_ingest *e = &p->ingest[0];
    check_i64(e->column_count, 3);
    check_str(e->columns[0].name, "amount");
    check_cstr(type_of(&e->columns[0]), "decimal(18,2)");
    assert_null(e->columns[0].from.p);
    assert_null(e->columns[0].format.p);
    assert_false(e->columns[0].required);
    check_cstr(type_of(&e->columns[1]), "date");
    check_str(e->columns[1].format, "%d-%b-%y");
    check_str(e->columns[1].from, " DATE ");
    assert_true(e->columns[1].required);
    check_cstr(type_of(&e->columns[2]), "map<string, long>");

    e = &p->ingest[3]; /* id has checks only: it is no given column */
    check_i64(e->column_count, 2);
    check_str(e->columns[0].name, "lines[].debit");
    check_cstr(type_of(&e->columns[0]), "decimal(9,2)");
    check_str(e->columns[1].name, "address.city");
    check_str(e->columns[1].from, "City");
    assert_false(e->columns[1].has_type);
}

static void check_is(const firn_check *c, firn_check_kind kind, const char *column,
                     const char *name, firn_severity severity)
{
    check_i64(c->kind, kind);
    check_str(c->column, column);
    check_str(c->name, name);
    check_i64(c->severity, severity);
}

static void checks_are_read(void **state FIRN_UNUSED)
{
    const firn_project *p = load("project-ok/full");
    const firn_table_conf *t = &p->ingest[0].table;
    check_i64(t->check_count, 2);
    check_is(&t->checks[0], FIRN_CHECK_EXPRESSION, "", "amount >= 0", FIRN_SEVERITY_ERROR);
    check_str(t->checks[0].sql, "amount >= 0");
    check_is(&t->checks[1], FIRN_CHECK_EXPRESSION, "", "balanced", FIRN_SEVERITY_WARN);
    check_str(t->checks[1].sql, "debit = credit");

    t = &p->ingest[3].table;
    check_i64(t->check_count, 3);
    check_is(&t->checks[0], FIRN_CHECK_NOT_NULL, "id", "not_null(id)", FIRN_SEVERITY_ERROR);
    check_is(&t->checks[1], FIRN_CHECK_UNIQUE, "id", "unique(id)", FIRN_SEVERITY_ERROR);
    check_is(&t->checks[2], FIRN_CHECK_EXPRESSION, "id", "length(id) < 20", FIRN_SEVERITY_WARN);
    check_i64(t->checks[2].place.line, 39);
    check_i64(t->checks[2].place.column, 39);
}

static void check_location(const firn_project *p, const char *table, const firn_ingest *e,
                           const char *rest)
{
    firn_err err = {0};
    firn_ident ident;
    const char *got;
    check_ok(firn_ident_parse(firn_str_of(table), arena, &ident, &err), &err);
    check_ok(firn_project_location(p, ident, e, arena, &got, &err), &err);
    check_cstr(got, firn_arena_printf(arena, "%s%s", p->warehouse, rest));
}

static void layouts_give_each_table_a_folder(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    const firn_project *p = load("project-ok/full");
    check_location(p, "raw.bank.statements", &p->ingest[3], "/raw/bank.db/statements");
    check_location(p, "curated.a", NULL, "/curated.db/a");
    check_location(p, "stage.accounts", &p->ingest[4], "/stage/accounting/bank-2/accounts.json");
    firn_ident rejects = {FIRN_STR_LIT("stage"), FIRN_STR_LIT("accounts__rejects")};
    const char *got;
    check_ok(firn_project_location(p, rejects, &p->ingest[4], arena, &got, &err), &err);
    check_cstr(got, firn_arena_printf(arena, "%s/stage/accounting/bank-2/accounts.json__rejects",
                                      p->warehouse));
    check_fails(firn_project_location(p, p->ingest[4].table.ident, NULL, arena, &got, &err),
                FIRN_E_CONFIG, &err, "which a model does not have");
    assert_string_equal(err.where, "firn.yml:47:19");
}

static void models_are_read(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    const firn_project *p = load("project-ok/full");
    firn_model *m;
    size_t count = 0;
    check_ok(firn_models_load(env, p, NULL, arena, &m, &count, &err), &err);
    check_i64(count, 3);

    check_str(m[0].table.ident.name, "UPPER");
    check_str(m[0].sql, "SELECT 2 AS b");
    check_i64(m[0].sql_place.line, 1);
    check_i64(m[0].sql_place.column, 14);

    check_str(m[1].table.ident.ns, "curated");
    check_str(m[1].table.ident.name, "journal_lines");
    check_cstr(m[1].file, "models/curated/journal_lines.sql");
    check_i64(m[1].materialize, FIRN_MATERIALIZE_TABLE);
    check_term(&m[1].table, 0, FIRN_TRANSFORM_MONTH, "entry_date");
    check_i64(m[1].table.check_count, 4);
    check_is(&m[1].table.checks[0], FIRN_CHECK_NOT_NULL, "entry_id", "not_null(entry_id)",
             FIRN_SEVERITY_ERROR);
    check_is(&m[1].table.checks[2], FIRN_CHECK_EXPRESSION, "line_no", "line_no > 0",
             FIRN_SEVERITY_WARN);
    check_is(&m[1].table.checks[3], FIRN_CHECK_EXPRESSION, "", "debit >= 0 AND credit >= 0",
             FIRN_SEVERITY_ERROR);
    check_str(m[1].sql, "SELECT 'a;b' AS entry_id, 1 AS line_no -- one line");
    check_i64(m[1].sql_place.line, 8);
    check_i64(m[1].sql_place.column, 1);

    check_str(m[2].table.ident.ns, "curated.shared");
    check_str(m[2].table.ident.name, "dim_products");
    check_str(m[2].sql, "-- no header at all\nSELECT 1 AS a");
    check_i64(m[2].table.check_count, 0);
}

/* --- where it is --------------------------------------------------------------------------- */

static void projects_are_found(void **state FIRN_UNUSED)
{
    static const struct {
        const char *cwd;
        const char *where;
        const char *shown;
        const char *models;
    } cases[] = {
        {"project-ok/full", NULL, "firn.yml", "models"},
        {"project-ok/full", ".", "firn.yml", "models"},
        {"project-ok/full", "firn.yml", "firn.yml", "models"},
        {"project-ok/full", "./firn.yml", "./firn.yml", "./models"},
        {"project-ok/full/sub", NULL, "../firn.yml", "../models"},
        {"project-ok/full/models/curated", NULL, "../../firn.yml", "../../models"},
        {"project-ok", "full", "full/firn.yml", "full/models"},
        {"project-ok", "full//", "full/firn.yml", "full/models"},
        {"project-ok", "full/firn.yml", "full/firn.yml", "full/models"},
    };
    const char *folder = under("project-ok/full", "");
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        firn_err err = {0};
        const firn_project *p;
        enter(data_folder(cases[i].cwd));
        check_ok(firn_project_load(env, cases[i].where, arena, &p, &err), &err);
        check_cstr(p->file, cases[i].shown);
        check_cstr(p->models_shown, cases[i].models);
        check_cstr(p->folder, folder);
    }
}

static void missing_projects_are_told_apart(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    const firn_project *p;
    enter(data_folder("project-ok"));
    check_fails(firn_project_load(env, "nowhere", arena, &p, &err), FIRN_E_CONFIG, &err,
                "there is no file or folder 'nowhere'");
    check_i64(err.id, FIRN_ID_NO_PROJECT);
    check_fails(firn_project_load(env, ".", arena, &p, &err), FIRN_E_CONFIG, &err,
                "there is no firn.yml in '.'");
    check_fails(firn_project_load(env, "", arena, &p, &err), FIRN_E_CONFIG, &err, "there is no");
    check_i64(firn_code_policy_of(err.code)->exit_status, 2);
}

static void folders_do_without_a_project(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    const firn_project *p;
    enter(data_folder("project-ok"));
    check_ok(firn_project_bare(env, FIRN_STR_LIT("lake"), FIRN_STR_LIT("./lake"), arena, &p, &err),
             &err);
    assert_null(p->file);
    check_cstr(p->warehouse, under("project-ok", "/lake"));
    check_str(p->catalog.name, "lake");
    check_i64(p->rejects.max, 1000);
    check_location(p, "raw.orders", NULL, "/raw/orders");
    check_fails(
        firn_project_bare(env, FIRN_STR_LIT("lake"), FIRN_STR_LIT("s3://b/lake"), arena, &p, &err),
        FIRN_E_CONFIG, &err, "s3:// is not supported");
    assert_string_equal(err.where, "");
}

/* The environment wins over .env. */
static void the_environment_wins(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    const firn_project *p;
    enter(data_folder("project-ok/full"));
    setenv("FIRN_TEST_MEMORY", "3GB", 1);
    setenv("FIRN_TEST_THREADS", "", 1); /* empty counts as unset for :- */
    check_ok(firn_project_load(env, NULL, arena, &p, &err), &err);
    check_i64(p->memory, INT64_C(3) << 30);
    check_i64(p->threads, 3);
    unsetenv("FIRN_TEST_MEMORY");
    unsetenv("FIRN_TEST_THREADS");
}

/* --- when memory is out -------------------------------------------------------------------- */

static void memory_may_run_out_anywhere(void **state FIRN_UNUSED)
{
    enter(data_folder("project-ok/full"));
    uint64_t n = 0;
    uint64_t refused = 1;
    while (refused) {
        firn_err err = {0};
        const firn_project *p;
        firn_model *models;
        size_t count;
        n++;
        firn_mem_fail_nth(n, false);
        firn_arena *keep = arena;
        arena = firn_arena_new("the n-th", 0);
        firn_code code = arena ? load_all(NULL, &p, &models, &count, &err) : FIRN_E_NOMEM;
        firn_arena_free(arena);
        arena = keep;
        refused = firn_mem_failed();
        firn_mem_fail_nth(0, false);
        if (code != (refused ? FIRN_E_NOMEM : FIRN_OK))
            fail_msg("allocation %llu: code %d: %s", (unsigned long long)n, (int)code, err.text);
    }
    assert_true(n > 20);
}

/* --- documentation ------------------------------------------------------------------------- */

static void tables_become_help(void **state FIRN_UNUSED)
{
    size_t count;
    const firn_option_section *sections = firn_project_tables(&count);
    firn_err err = {0};
    for (size_t i = 0; i < count; i++) {
        FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF(1 << 20);
        check_ok(firn_options_help(sections[i].options, 100, &text, &err), &err);
        check_ok(firn_options_markdown(sections[i].options, &text, &err), &err);
        for (const firn_option *o = sections[i].options; o->key; o++) {
            assert_non_null(strstr(firn_buf_cstr(&text), o->key));
            assert_non_null(o->help);
            assert_non_null(o->example);
        }
    }
    assert_true(count >= 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(wrong_projects_say_what_to_do, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_short_project_gets_every_default, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_top_level_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sources_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(entries_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(entries_start_from_their_source, set_up, tear_down),
        cmocka_unit_test_setup_teardown(columns_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(checks_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(layouts_give_each_table_a_folder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(models_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(projects_are_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(missing_projects_are_told_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(folders_do_without_a_project, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_environment_wins, set_up, tear_down),
        cmocka_unit_test_setup_teardown(memory_may_run_out_anywhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tables_become_help, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
