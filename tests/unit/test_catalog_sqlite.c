/* SPDX-License-Identifier: Apache-2.0 */
/* catalog/sqlite: exactly Iceberg's JDBC tables, those of version 0 kept as they are, commits that
 * swap all tables or none.  ICEBERG.md §10.2. */
#include "check.h"
#include "ice_help.h"
#include "lake_help.h"

#include <pthread.h>
#include <sqlite3.h>

static const char *catalog_path(void)
{
    return firn_arena_printf(A, "%s/c.db", L.dir);
}

static firn_catalog *open_as(const char *path, const char *name)
{
    firn_catalog *c = NULL;
    check_ok(firn_catalog_sqlite_open(s_(path), s_(name), false, &c, &E), &E);
    return c;
}

static int collect(void *arg, int n, char **values, char **names FIRN_UNUSED)
{
    firn_buf *out = arg;
    for (int i = 0; i < n; i++)
        check_ok(firn_buf_addf(out, &E, "%s%s",
                               i        ? "|"
                               : out->n ? "\n"
                                        : "",
                               values[i] ? values[i] : "NULL"),
                 &E);
    return 0;
}

/* What a query gives, "a|b\nc|d", through a connection of its own. */
static const char *ask(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    firn_buf out = FIRN_BUF(1 << 20);
    char *message = NULL;
    if (sqlite3_open(path, &db) != SQLITE_OK ||
        sqlite3_exec(db, sql, collect, &out, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
    sqlite3_close(db);
    const char *text = firn_arena_strdup(A, firn_buf_cstr(&out));
    firn_buf_free(&out);
    return text;
}

static firn_code put(firn_catalog *c, const char *ns, const char *name, const char *base,
                     const char *to)
{
    firn_metadata m = {.location_of_file = s_(base)};
    const firn_catalog_change x = {{s_(ns), s_(name)}, base ? &m : NULL, NULL, s_(to)};
    firn_err_clear(&E);
    return c->ops->commit(c, &x, 1, &E);
}

static const char *where(firn_catalog *c, const char *ns, const char *name)
{
    firn_str location = {NULL, 0};
    check_ok(c->ops->load(c, (firn_ident){s_(ns), s_(name)}, A, &location, &E), &E);
    return firn_arena_strndup(A, location.p, location.n);
}

static const char *listed(firn_catalog *c)
{
    firn_ident *tables;
    firn_str *names;
    size_t n;
    firn_buf out = FIRN_BUF(65536);
    check_ok(c->ops->list_namespaces(c, A, &names, &n, &E), &E);
    for (size_t i = 0; i < n; i++)
        check_ok(firn_buf_addf(&out, &E, "%.*s ", FIRN_STR_ARG(names[i])), &E);
    check_ok(c->ops->list_tables(c, A, &tables, &n, &E), &E);
    for (size_t i = 0; i < n; i++)
        check_ok(firn_buf_addf(&out, &E, "; %.*s/%.*s", FIRN_STR_ARG(tables[i].ns),
                               FIRN_STR_ARG(tables[i].name)),
                 &E);
    const char *text = firn_arena_strdup(A, firn_buf_cstr(&out));
    firn_buf_free(&out);
    return text;
}

/* --- the file ------------------------------------------------------------------------------ */

static void a_new_file_has_icebergs_tables(void **state FIRN_UNUSED)
{
    firn_catalog *c = open_as(catalog_path(), "lake");
    check_str(c->name, "lake");
    assert_string_equal(
        ask(catalog_path(), "SELECT name, type, \"notnull\", pk FROM "
                            "pragma_table_info('iceberg_tables')"),
        "catalog_name|VARCHAR(255)|1|1\ntable_namespace|VARCHAR(255)|1|2\n"
        "table_name|VARCHAR(255)|1|3\nmetadata_location|VARCHAR(1000)|0|0\n"
        "previous_metadata_location|VARCHAR(1000)|0|0\niceberg_type|VARCHAR(5)|0|0");
    assert_string_equal(ask(catalog_path(), "SELECT name, type, \"notnull\", pk FROM "
                                            "pragma_table_info('iceberg_namespace_properties')"),
                        "catalog_name|VARCHAR(255)|1|1\nnamespace|VARCHAR(255)|1|2\n"
                        "property_key|VARCHAR(255)|0|3\nproperty_value|VARCHAR(1000)|0|0");
    assert_string_equal(ask(catalog_path(), "PRAGMA journal_mode"), "wal");
    c->ops->close(c);
    c = open_as(catalog_path(), "lake"); /* and again */
    c->ops->close(c);
}

static void tables_come_and_go(void **state FIRN_UNUSED)
{
    firn_catalog *c = open_as(catalog_path(), "lake");
    assert_string_equal(listed(c), "");
    check_ok(c->ops->create_namespace(c, s_("empty"), &E), &E);
    check_ok(c->ops->create_namespace(c, s_("empty"), &E), &E);
    check_ok(put(c, "b.x", "t", NULL, "/1"), &E);
    check_ok(put(c, "a", "é", NULL, "/2"), &E);
    check_ok(put(c, "a", "b", NULL, "/3"), &E);
    assert_string_equal(listed(c), "a b.x empty ; a/b; a/é; b.x/t");
    assert_string_equal(where(c, "a", "é"), "/2");
    check_ok(put(c, "a", "b", "/3", "/4"), &E);
    assert_string_equal(where(c, "a", "b"), "/4");
    assert_string_equal(ask(catalog_path(), "SELECT * FROM iceberg_tables WHERE table_name = 'b'"),
                        "lake|a|b|/4|/3|TABLE");
    check_ok(c->ops->drop(c, (firn_ident){s_("a"), s_("b")}, &E), &E);
    firn_str location;
    check_fails(c->ops->load(c, (firn_ident){s_("a"), s_("b")}, A, &location, &E), FIRN_E_NOTFOUND,
                &E, "no table 'a'.'b' in catalog 'lake'");
    check_fails(c->ops->drop(c, (firn_ident){s_("a"), s_("b")}, &E), FIRN_E_NOTFOUND, &E, "");
    c->ops->close(c);
}

static void catalogs_of_one_file_do_not_see_each_other(void **state FIRN_UNUSED)
{
    firn_catalog *a = open_as(catalog_path(), "a");
    firn_catalog *b = open_as(catalog_path(), "b");
    check_ok(put(a, "n", "t", NULL, "/a"), &E);
    check_ok(put(b, "n", "t", NULL, "/b"), &E);
    assert_string_equal(where(a, "n", "t"), "/a");
    assert_string_equal(where(b, "n", "t"), "/b");
    check_ok(a->ops->drop(a, (firn_ident){s_("n"), s_("t")}, &E), &E);
    assert_string_equal(where(b, "n", "t"), "/b");
    a->ops->close(a);
    b->ops->close(b);
}

static void names_are_data_not_sql(void **state FIRN_UNUSED)
{
    static const char evil[] = "x'; DROP TABLE iceberg_tables; --";
    firn_catalog *c = open_as(catalog_path(), evil);
    check_ok(put(c, evil, evil, NULL, evil), &E);
    assert_string_equal(where(c, evil, evil), evil);
    c->ops->close(c);
}

/* --- commits ------------------------------------------------------------------------------- */

static void a_swap_needs_the_base(void **state FIRN_UNUSED)
{
    firn_catalog *c = open_as(catalog_path(), "lake");
    firn_catalog *other = open_as(catalog_path(), "lake");
    check_ok(put(c, "n", "t", NULL, "/1"), &E);
    check_fails(put(other, "n", "t", NULL, "/2"), FIRN_E_CONFLICT, &E, "was created meanwhile");
    check_ok(put(other, "n", "t", "/1", "/2"), &E);
    check_fails(put(c, "n", "t", "/1", "/3"), FIRN_E_CONFLICT, &E, "changed meanwhile");
    check_fails(put(c, "n", "gone", "/1", "/3"), FIRN_E_CONFLICT, &E, "changed meanwhile");
    assert_string_equal(where(c, "n", "t"), "/2");
    c->ops->close(c);
    other->ops->close(other);
}

static void all_tables_are_swapped_or_none(void **state FIRN_UNUSED)
{
    firn_catalog *c = open_as(catalog_path(), "lake");
    check_ok(put(c, "n", "t", NULL, "/t1"), &E);
    check_ok(put(c, "n", "u", NULL, "/u1"), &E);
    firn_metadata t1 = {.location_of_file = s_("/t1")};
    firn_metadata stale = {.location_of_file = s_("/u0")};
    firn_metadata u1 = {.location_of_file = s_("/u1")};
    firn_catalog_change both[] = {{{s_("n"), s_("t")}, &t1, NULL, s_("/t2")},
                                  {{s_("n"), s_("v")}, NULL, NULL, s_("/v1")},
                                  {{s_("n"), s_("u")}, &stale, NULL, s_("/u2")}};
    check_fails(c->ops->commit(c, both, 3, &E), FIRN_E_CONFLICT, &E, "'n'.'u' changed");
    assert_string_equal(where(c, "n", "t"), "/t1");
    assert_string_equal(listed(c), "n ; n/t; n/u");
    both[2].base = &u1;
    check_ok(c->ops->commit(c, both, 3, &E), &E);
    assert_string_equal(where(c, "n", "t"), "/t2");
    assert_string_equal(where(c, "n", "u"), "/u2");
    assert_string_equal(where(c, "n", "v"), "/v1");
    c->ops->close(c);
}

static void a_path_that_does_not_fit_is_refused(void **state FIRN_UNUSED)
{
    firn_catalog *c = open_as(catalog_path(), "lake");
    char path[1002];
    memset(path, 'x', sizeof path - 1);
    path[1001] = '\0';
    check_fails(put(c, "n", "t", NULL, path), FIRN_E_LIMIT, &E, "1001 bytes");
    path[1000] = '\0';
    check_ok(put(c, "n", "t", NULL, path), &E);
    c->ops->close(c);
}

/* --- what others made ---------------------------------------------------------------------- */

static const char v0[] =
    "CREATE TABLE iceberg_tables (catalog_name VARCHAR(255) NOT NULL, table_namespace "
    "VARCHAR(255) NOT NULL, table_name VARCHAR(255) NOT NULL, metadata_location VARCHAR(1000), "
    "previous_metadata_location VARCHAR(1000), PRIMARY KEY (catalog_name, table_namespace, "
    "table_name));"
    "CREATE TABLE iceberg_namespace_properties (catalog_name VARCHAR(255) NOT NULL, namespace "
    "VARCHAR(255) NOT NULL, property_key VARCHAR(255) NOT NULL, property_value VARCHAR(1000) NOT "
    "NULL, PRIMARY KEY (catalog_name, namespace, property_key));"
    "INSERT INTO iceberg_tables VALUES ('lake', 'n', 'old', '/o1', NULL);";

static void version_zero_is_read_and_kept(void **state FIRN_UNUSED)
{
    ask(catalog_path(), v0);
    const char *schema = ask(catalog_path(), "SELECT sql FROM sqlite_master");
    firn_catalog *c = open_as(catalog_path(), "lake");
    assert_string_equal(where(c, "n", "old"), "/o1");
    check_ok(put(c, "n", "old", "/o1", "/o2"), &E);
    check_ok(put(c, "n", "new", NULL, "/n1"), &E);
    check_fails(put(c, "n", "new", NULL, "/n2"), FIRN_E_CONFLICT, &E, "was created");
    check_fails(put(c, "n", "old", "/o1", "/o3"), FIRN_E_CONFLICT, &E, "changed");
    check_ok(c->ops->create_namespace(c, s_("m"), &E), &E);
    assert_string_equal(listed(c), "m n ; n/new; n/old");
    check_ok(c->ops->drop(c, (firn_ident){s_("n"), s_("new")}, &E), &E);
    c->ops->close(c);
    assert_string_equal(ask(catalog_path(), "SELECT sql FROM sqlite_master"), schema);
    assert_string_equal(ask(catalog_path(), "SELECT * FROM iceberg_tables"), "lake|n|old|/o2|/o1");
}

/* Views stand in the same table and are none of our business. */
static void views_are_left_alone(void **state FIRN_UNUSED)
{
    firn_catalog *c = open_as(catalog_path(), "lake");
    ask(catalog_path(),
        "INSERT INTO iceberg_tables VALUES ('lake', 'n', 'v', '/v', NULL, 'VIEW'),"
        "('lake', 'n', 'untyped', '/u', NULL, NULL), ('lake', 'n', 'nowhere', NULL, NULL, NULL)");
    assert_string_equal(listed(c), "n ; n/nowhere; n/untyped");
    assert_string_equal(where(c, "n", "untyped"), "/u");
    firn_str location;
    const firn_ident view = {s_("n"), s_("v")};
    check_fails(c->ops->load(c, view, A, &location, &E), FIRN_E_UNSUPPORTED, &E, "is a view");
    check_fails(c->ops->drop(c, view, &E), FIRN_E_NOTFOUND, &E, "no table");
    check_fails(put(c, "n", "v", "/v", "/w"), FIRN_E_CONFLICT, &E, "");
    check_fails(put(c, "n", "v", NULL, "/w"), FIRN_E_CONFLICT, &E, "");
    check_ok(put(c, "n", "untyped", "/u", "/u2"), &E);
    check_fails(c->ops->load(c, (firn_ident){s_("n"), s_("nowhere")}, A, &location, &E),
                FIRN_E_DATA, &E, "names no metadata");
    c->ops->close(c);
}

static void what_is_no_catalog_is_refused(void **state FIRN_UNUSED)
{
    firn_catalog *c;
    const char *path = catalog_path();
    check_ok(firn_fs_replace(L.env, path,
                             (firn_slice){(const uint8_t *)"not a database, but long "
                                                           "enough to be looked at",
                                          48},
                             &E),
             &E);
    check_fails(firn_catalog_sqlite_open(s_(path), s_("l"), false, &c, &E), FIRN_E_DATA, &E, path);
    check_fails(firn_catalog_sqlite_open(s_(path), s_("l"), true, &c, &E), FIRN_E_DATA, &E, path);
    const char *empty = firn_arena_printf(A, "%s/other.db", L.dir);
    ask(empty, "CREATE TABLE t(x)");
    check_fails(firn_catalog_sqlite_open(s_(empty), s_("l"), true, &c, &E), FIRN_E_DATA, &E,
                "no Iceberg catalog");
    const char *missing = firn_arena_printf(A, "%s/missing.db", L.dir);
    assert_int_not_equal(firn_catalog_sqlite_open(s_(missing), s_("l"), true, &c, &E), FIRN_OK);
    assert_false(firn_fs_exists(L.env, missing));
    const char *nowhere = firn_arena_printf(A, "%s/no/folder/c.db", L.dir);
    assert_int_not_equal(firn_catalog_sqlite_open(s_(nowhere), s_("l"), false, &c, &E), FIRN_OK);
}

/* Copies of the catalogs that PyIceberg made. */
static void catalogs_of_pyiceberg_are_opened(void **state FIRN_UNUSED)
{
    static const struct {
        const char *file;
        const char *catalog;
        const char *listed;
        const char *location;
    } rows[] = {
        {"case_sensitive_names/pyiceberg_catalog.db", "default",
         "default ; default/case_sensitive_names", "00001-a7a3a44c"},
        {"map_stats/pyiceberg_catalog.db", "default", "default ; default/map_stats",
         "00002-0e059d4b"},
        {"partition_timestamp/pyiceberg_catalog.db", "default",
         "default ; default/partition_timestamp", "00001-0c9938a5"},
        {"column_mapping/catalog.sqlite", "my_catalog", "default ; default/my_table",
         "00001-75643dae"},
    };
    const char *shared = getenv("FIRN_SHARED");
    if (!shared || !*shared) {
        print_message("FIRN_SHARED is not set\n");
        skip();
    }
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_slice bytes;
        firn_ident *tables;
        size_t n;
        const char *from = firn_arena_printf(A, "%s/iceberg-tables/%s", shared, rows[i].file);
        const char *copy = firn_arena_printf(A, "%s/copy%zu.db", L.dir, i);
        check_ok(firn_fs_read(L.env, from, 1 << 20, A, &bytes, &E), &E);
        check_ok(firn_fs_replace(L.env, copy, bytes, &E), &E);
        firn_catalog *c = open_as(copy, rows[i].catalog);
        assert_string_equal(listed(c), rows[i].listed);
        check_ok(c->ops->list_tables(c, A, &tables, &n, &E), &E);
        const char *location =
            where(c, "default", firn_arena_strndup(A, tables[0].name.p, tables[0].name.n));
        assert_non_null(strstr(location, rows[i].location));
        c->ops->close(c);
    }
}

/* --- several programs at once -------------------------------------------------------------- */

typedef struct worker {
    pthread_t thread;
    int number;
    int won;
    char error[200];
    char path[100];
} worker;

/* Opens the catalog, perhaps as the first of all, and counts one table up with the others. */
static void *count_up(void *arg)
{
    worker *w = arg;
    firn_err err = {0};
    firn_catalog *c = NULL;
    firn_arena *a = firn_arena_new("a worker", 0);
    firn_code code = firn_catalog_sqlite_open(s_(w->path), s_("lake"), false, &c, &err);
    const firn_ident id = {s_("n"), s_("t")};
    while (code == FIRN_OK && w->won < 20) {
        firn_str now = {NULL, 0};
        code = c->ops->load(c, id, a, &now, &err);
        firn_metadata m = {.location_of_file = now};
        bool is_new = code == FIRN_E_NOTFOUND;
        if (code != FIRN_OK && !is_new)
            break;
        char next[64];
        snprintf(next, sizeof next, "%.*s%c", is_new ? 0 : (int)now.n, now.p ? now.p : "",
                 'a' + w->number);
        const firn_catalog_change x = {id, is_new ? NULL : &m, NULL, s_(next)};
        code = c->ops->commit(c, &x, 1, &err);
        w->won += code == FIRN_OK;
        code = code == FIRN_E_CONFLICT ? FIRN_OK : code;
    }
    if (code != FIRN_OK)
        snprintf(w->error, sizeof w->error, "%.190s", err.text);
    if (c)
        c->ops->close(c);
    firn_arena_free(a);
    return NULL;
}

static void nobody_overwrites_anybody(void **state FIRN_UNUSED)
{
    worker workers[3] = {0};
    for (int i = 0; i < 3; i++) {
        workers[i].number = i;
        snprintf(workers[i].path, sizeof workers[i].path, "%s", catalog_path());
        assert_int_equal(pthread_create(&workers[i].thread, NULL, count_up, &workers[i]), 0);
    }
    for (int i = 0; i < 3; i++)
        pthread_join(workers[i].thread, NULL);
    firn_catalog *c = open_as(catalog_path(), "lake");
    const char *text = where(c, "n", "t");
    c->ops->close(c);
    size_t counts[3] = {0};
    for (const char *p = text; *p; p++)
        counts[*p - 'a']++;
    for (int i = 0; i < 3; i++) {
        assert_string_equal(workers[i].error, "");
        assert_int_equal(counts[i], 20);
    }
}

#define LOCAL(f) cmocka_unit_test_setup_teardown(f, open_local_lake, close_lake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOCAL(a_new_file_has_icebergs_tables),
        LOCAL(tables_come_and_go),
        LOCAL(catalogs_of_one_file_do_not_see_each_other),
        LOCAL(names_are_data_not_sql),
        LOCAL(a_swap_needs_the_base),
        LOCAL(all_tables_are_swapped_or_none),
        LOCAL(a_path_that_does_not_fit_is_refused),
        LOCAL(version_zero_is_read_and_kept),
        LOCAL(views_are_left_alone),
        LOCAL(what_is_no_catalog_is_refused),
        LOCAL(catalogs_of_pyiceberg_are_opened),
        LOCAL(nobody_overwrites_anybody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
