/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog in an SQLite file: exactly the tables of Iceberg's JDBC catalog, so that PyIceberg's
 * SqlCatalog and Spark's JdbcCatalog open the same file.  Source: ICEBERG.md §10.2.
 *
 * Version 0 files (without the column iceberg_type) are read and kept as they are.  One connection,
 * guarded by a mutex; other processes are kept apart by SQLite itself (WAL, busy timeout). */
#include "catalog/catalogs.h"
#include "catalog/sqlite_read.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "env/fail.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_TIMEOUT_MS 30000

typedef struct sqlite_catalog {
    firn_catalog head;
    pthread_mutex_t lock;
    sqlite3 *db;
    bool has_type; /* V1: the column iceberg_type */
    char *path;
    char *name;
} sqlite_catalog;

/* --- errors -------------------------------------------------------------------------------- */

static firn_code code_of(int rc)
{
    if (rc == SQLITE_IOERR_SHMSIZE)
        return FIRN_E_NOSPC; /* the shared index of the log gets its pages one by one */
    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return FIRN_E_TIMEOUT;
    case SQLITE_FULL:
        return FIRN_E_NOSPC;
    case SQLITE_NOMEM:
        return FIRN_E_NOMEM;
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN: /* the folder cannot be entered, or written */
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return FIRN_E_AUTH;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return FIRN_E_DATA;
    case SQLITE_CONSTRAINT:
        return FIRN_E_EXISTS;
    default:
        return FIRN_E_IO;
    }
}

static void advise(firn_code code, firn_err *err)
{
    if (code == FIRN_E_TIMEOUT)
        firn_err_advise(err, "another program holds the catalog; run again when it is done");
    if (code == FIRN_E_DATA)
        firn_err_advise(err, "put a copy of the file back; or move it away: tables that are there "
                             "are taken into a new one by `firn register raw.orders FOLDER`");
    if (code == FIRN_E_AUTH)
        firn_err_advise(err, "who may write the file and its folder? see ls -ld; chmod, chown, or "
                             "run as its owner");
}

static firn_code fail(sqlite_catalog *c, int rc, firn_err *err)
{
    firn_code code = code_of(rc);
    firn_raise(err, code, "catalog %s: %s", firn_quotec(c->path).s,
               c->db ? sqlite3_errmsg(c->db) : sqlite3_errstr(rc));
    advise(code, err);
    return code;
}

static firn_code exec(sqlite_catalog *c, const char *sql, firn_err *err)
{
    int rc = sqlite3_exec(c->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? FIRN_OK : fail(c, rc, err);
}

/* --- statements ---------------------------------------------------------------------------- */

static void finalize(sqlite3_stmt **st)
{
    sqlite3_finalize(*st);
    *st = NULL;
}

/* Prepares a statement and binds texts (a .p == NULL binds NULL). */
static firn_code prepare(sqlite_catalog *c, const char *sql, const firn_str *texts, int count,
                         sqlite3_stmt **ret, firn_err *err)
{
    int rc = sqlite3_prepare_v2(c->db, sql, -1, ret, NULL);
    for (int i = 0; i < count && rc == SQLITE_OK; i++) {
        const char *p = texts[i].n ? texts[i].p : texts[i].p ? "" : NULL;
        rc = sqlite3_bind_text(*ret, i + 1, p, (int)texts[i].n, SQLITE_STATIC);
    }
    return rc == SQLITE_OK ? FIRN_OK : fail(c, rc, err);
}

/* Runs a statement that returns no rows; *ret_changed is the number of rows it changed. */
static firn_code run(sqlite_catalog *c, const char *sql, const firn_str *texts, int count,
                     int *ret_changed, firn_err *err)
{
    FIRN_AUTO(finalize) sqlite3_stmt *st = NULL;
    FIRN_TRY(prepare(c, sql, texts, count, &st, err));
    int rc = sqlite3_step(st);
    if (rc != SQLITE_DONE)
        return fail(c, rc, err);
    if (ret_changed)
        *ret_changed = sqlite3_changes(c->db);
    return FIRN_OK;
}

static firn_str column(sqlite3_stmt *st, int i, firn_arena *a)
{
    const char *text = (const char *)sqlite3_column_text(st, i);
    return firn_arena_str(a, (firn_str){text ? text : "", (size_t)sqlite3_column_bytes(st, i)});
}

/* --- opening ------------------------------------------------------------------------------- */

static firn_code has_column(sqlite_catalog *c, bool *ret_table, bool *ret_column, firn_err *err)
{
    FIRN_AUTO(finalize) sqlite3_stmt *st = NULL;
    FIRN_TRY(prepare(c, "SELECT name FROM pragma_table_info('iceberg_tables')", NULL, 0, &st, err));
    *ret_table = false;
    *ret_column = false;
    int rc;
    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        *ret_table = true;
        *ret_column |= strcmp((const char *)sqlite3_column_text(st, 0), "iceberg_type") == 0;
    }
    return rc == SQLITE_DONE ? FIRN_OK : fail(c, rc, err);
}

static const char create_tables[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE IF NOT EXISTS iceberg_tables("
    " catalog_name VARCHAR(255) NOT NULL, table_namespace VARCHAR(255) NOT NULL,"
    " table_name VARCHAR(255) NOT NULL, metadata_location VARCHAR(1000),"
    " previous_metadata_location VARCHAR(1000), iceberg_type VARCHAR(5),"
    " PRIMARY KEY (catalog_name, table_namespace, table_name));"
    "CREATE TABLE IF NOT EXISTS iceberg_namespace_properties("
    " catalog_name VARCHAR(255) NOT NULL, namespace VARCHAR(255) NOT NULL,"
    " property_key VARCHAR(255), property_value VARCHAR(1000),"
    " PRIMARY KEY (catalog_name, namespace, property_key));"
    "COMMIT";

static firn_code make_schema(sqlite_catalog *c, bool read_only, firn_err *err)
{
    bool has_table;
    FIRN_TRY(has_column(c, &has_table, &c->has_type, err));
    if (has_table)
        return FIRN_OK;
    if (read_only) {
        firn_raise(err, FIRN_E_DATA, "%s is no Iceberg catalog", firn_quotec(c->path).s);
        return firn_err_advise(err, "is it another program's file? name the catalog's own in the "
                                    "project file: catalog: {path: ./catalog.db}");
    }
    firn_code code = exec(c, create_tables, err);
    if (code != FIRN_OK) {
        sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
        return code;
    }
    c->has_type = true;
    return FIRN_OK;
}

/* The change to WAL is refused at once while another program uses the file; commits are as safe
 * without it.  FULL: a commit is synced before it is acknowledged. */
static firn_code set_journal(sqlite_catalog *c, firn_err *err)
{
    int rc = sqlite3_exec(c->db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
    if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY && (rc & 0xff) != SQLITE_LOCKED)
        return fail(c, rc, err);
    return exec(c, "PRAGMA synchronous=FULL", err);
}

/* Whether commits stand in the log that are not in the file. */
static bool has_log(const char *path)
{
    FIRN_AUTO(firn_buf_free) firn_buf name = FIRN_BUF((size_t)1 << 16);
    struct stat st;
    return firn_buf_addf(&name, NULL, "%s-wal", path) != FIRN_OK ||
           (stat(firn_buf_cstr(&name), &st) == 0 && st.st_size > 0);
}

/* For a folder in which nothing can be written. */
static firn_code open_immutable(sqlite_catalog *c, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf uri = FIRN_BUF((size_t)1 << 16);
    if (has_log(c->path))
        return firn_err_advise(err,
                               "its log %s-wal holds commits that can only be read by who may "
                               "write there: run `firn tables` once as its owner",
                               c->path);
    FIRN_TRY(firn_sqlite_immutable_uri(c->path, &uri, err));
    sqlite3_close(c->db);
    c->db = NULL;
    firn_err_clear(err);
    int rc = sqlite3_open_v2(firn_buf_cstr(&uri), &c->db,
                             SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, NULL);
    return rc == SQLITE_OK ? make_schema(c, true, err) : fail(c, rc, err);
}

static firn_code open_to_write(sqlite_catalog *c, bool read_only, firn_err *err)
{
    /* also for reading: who closes last removes the log, which a read-only connection cannot */
    int create = read_only ? 0 : SQLITE_OPEN_CREATE;
    int rc = sqlite3_open_v2(c->path, &c->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | create,
                             NULL);
    if (rc != SQLITE_OK)
        return fail(c, rc, err);
    sqlite3_busy_timeout(c->db, BUSY_TIMEOUT_MS);
    sqlite3_extended_result_codes(c->db, 1);
    if (!read_only)
        FIRN_TRY(set_journal(c, err));
    return make_schema(c, read_only, err);
}

static firn_code open_db(sqlite_catalog *c, bool read_only, firn_err *err)
{
    firn_err local = {0};
    firn_err *e = err ? err : &local;
    firn_code code = open_to_write(c, read_only, e);
    int rc = c->db ? sqlite3_errcode(c->db) & 0xff : SQLITE_OK;
    bool refused = rc == SQLITE_READONLY || rc == SQLITE_CANTOPEN || rc == SQLITE_PERM;
    if (code == FIRN_OK || !read_only || !refused || access(c->path, R_OK) != 0)
        return code;
    return open_immutable(c, e);
}

/* A copy in memory.  A file that is there and no catalog is one of something else. */
static firn_code open_copy(sqlite_catalog *c, bool read_only FIRN_UNUSED, firn_err *err)
{
    bool is_catalog;
    int rc = sqlite3_open_v2(
        ":memory:", &c->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK)
        return fail(c, rc, err);
    sqlite3_extended_result_codes(c->db, 1);
    if (firn_sqlite_read(c->path, c->db, err) != FIRN_OK)
        return firn_wrap(err, "catalog");
    FIRN_TRY(has_column(c, &is_catalog, &c->has_type, err));
    return is_catalog ? FIRN_OK : make_schema(c, false, err);
}

static char *copy_text(firn_str s)
{
    char *p = firn_mem_alloc(s.n + 1);
    if (!p)
        return NULL;
    memcpy(p, s.n ? s.p : "", s.n);
    p[s.n] = '\0';
    return p;
}

/* The catalogs that the file holds; of these the one to be opened where none was named. */
static firn_code choose_name(sqlite_catalog *c, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("names of catalogs", 0);
    FIRN_AUTO(finalize) sqlite3_stmt *st = NULL;
    firn_str only = FIRN_STR_LIT("lake");
    size_t count = 0;
    bool lake = false;
    int rc;
    if (!a)
        return firn_raise_nomem(err);
    FIRN_TRY(prepare(c,
                     "SELECT catalog_name FROM iceberg_tables UNION "
                     "SELECT catalog_name FROM iceberg_namespace_properties ORDER BY 1",
                     NULL, 0, &st, err));
    for (; (rc = sqlite3_step(st)) == SQLITE_ROW; count++) {
        only = column(st, 0, a);
        lake = lake || firn_str_eqc(only, "lake");
    }
    if (rc != SQLITE_DONE)
        return fail(c, rc, err);
    if (lake)
        only = FIRN_STR_LIT("lake");
    if (count > 1 && !lake) {
        firn_raise(err, FIRN_E_CONFIG, "%s holds %zu catalogs, one of them %s",
                   firn_quotec(c->path).s, count, firn_quote(only).s);
        return firn_err_advise(err,
                               "name the one you mean in a project file: "
                               "catalog: {type: sqlite, name: %.*s}",
                               FIRN_STR_ARG(only));
    }
    firn_mem_free(c->name);
    c->name = copy_text(only);
    return c->name ? FIRN_OK : firn_raise_nomem(err);
}

static void close_catalog(firn_catalog *head)
{
    sqlite_catalog *c = (sqlite_catalog *)head;
    sqlite3_close(c->db);
    pthread_mutex_destroy(&c->lock);
    firn_mem_free(c->path);
    firn_mem_free(c->name);
    firn_mem_free(c);
}

static const firn_catalog_ops ops;
static const firn_catalog_ops read_only_ops;

/* What is only read is not made. */
static firn_code check_there(firn_str path, bool read_only, firn_err *err)
{
    char name[PATH_MAX];
    struct stat st;
    if (!read_only || path.n >= sizeof name)
        return FIRN_OK;
    memcpy(name, path.p, path.n);
    name[path.n] = '\0';
    if (stat(name, &st) == 0 || errno != ENOENT)
        return FIRN_OK;
    firn_raise(err, FIRN_E_NOTFOUND, "there is no catalog %s yet", firn_quote(path).s);
    return firn_err_advise(err, "`firn run` makes it");
}

typedef firn_code (*opening)(sqlite_catalog *c, bool read_only, firn_err *err);

static firn_code open_catalog(firn_str path, firn_str name, bool read_only, opening open,
                              firn_catalog **ret, firn_err *err)
{
    FIRN_TRY(check_there(path, read_only, err));
    sqlite_catalog *c = firn_mem_alloc(sizeof *c);
    if (!c)
        return firn_raise_nomem(err);
    *c = (sqlite_catalog){.head = {.ops = read_only ? &read_only_ops : &ops}};
    pthread_mutex_init(&c->lock, NULL);
    c->path = copy_text(path);
    c->name = copy_text(name);
    firn_code code = c->path && c->name ? open(c, read_only, err) : firn_raise_nomem(err);
    if (code == FIRN_OK && name.n == 0)
        code = choose_name(c, err);
    if (code != FIRN_OK) {
        close_catalog(&c->head);
        return code;
    }
    c->head.name = firn_str_of(c->name);
    *ret = &c->head;
    return FIRN_OK;
}

firn_code firn_catalog_sqlite_open(firn_str path, firn_str name, bool read_only, firn_catalog **ret,
                                   firn_err *err)
{
    return open_catalog(path, name, read_only, open_db, ret, err);
}

firn_code firn_catalog_sqlite_copy(firn_str path, firn_str name, firn_catalog **ret, firn_err *err)
{
    return open_catalog(path, name, false, open_copy, ret, err);
}

/* --- listing ------------------------------------------------------------------------------- */

/* Tables only: the same rows may name views. */
static const char *only_tables(const sqlite_catalog *c)
{
    return c->has_type ? " AND (iceberg_type = 'TABLE' OR iceberg_type IS NULL)" : "";
}

static firn_code collect_namespaces(sqlite_catalog *c, firn_arena *a, firn_str **ret,
                                    size_t *ret_count, firn_err *err)
{
    FIRN_VEC(firn_str) list = {0};
    FIRN_AUTO(finalize) sqlite3_stmt *st = NULL;
    firn_str texts[] = {c->head.name, c->head.name};
    FIRN_TRY(prepare(c,
                     "SELECT table_namespace FROM iceberg_tables WHERE catalog_name = ? UNION "
                     "SELECT namespace FROM iceberg_namespace_properties WHERE catalog_name = ? "
                     "ORDER BY 1",
                     texts, 2, &st, err));
    int rc;
    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        firn_str ns = column(st, 0, a);
        if (!ns.p || !firn_vec_push(a, &list, ns))
            return firn_arena_raise(a, err);
    }
    if (rc != SQLITE_DONE)
        return fail(c, rc, err);
    *ret = list.v;
    *ret_count = list.n;
    return FIRN_OK;
}

static firn_code collect_idents(sqlite_catalog *c, const char *which, firn_arena *a,
                                firn_ident **ret, size_t *ret_count, firn_err *err)
{
    FIRN_VEC(firn_ident) list = {0};
    FIRN_AUTO(finalize) sqlite3_stmt *st = NULL;
    const char *sql =
        firn_arena_printf(a,
                          "SELECT table_namespace, table_name FROM iceberg_tables WHERE "
                          "catalog_name = ?%s ORDER BY 1, 2",
                          which);
    if (!sql)
        return firn_arena_raise(a, err);
    FIRN_TRY(prepare(c, sql, &c->head.name, 1, &st, err));
    int rc;
    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        firn_ident ident = {column(st, 0, a), column(st, 1, a)};
        if (!ident.ns.p || !ident.name.p || !firn_vec_push(a, &list, ident))
            return firn_arena_raise(a, err);
    }
    if (rc != SQLITE_DONE)
        return fail(c, rc, err);
    *ret = list.v;
    *ret_count = list.n;
    return FIRN_OK;
}

static firn_code list_namespaces(firn_catalog *head, firn_arena *a, firn_str **ret,
                                 size_t *ret_count, firn_err *err)
{
    sqlite_catalog *c = (sqlite_catalog *)head;
    pthread_mutex_lock(&c->lock);
    firn_code code = collect_namespaces(c, a, ret, ret_count, err);
    pthread_mutex_unlock(&c->lock);
    return code;
}

static firn_code list_tables(firn_catalog *head, firn_arena *a, firn_ident **ret, size_t *ret_count,
                             firn_err *err)
{
    sqlite_catalog *c = (sqlite_catalog *)head;
    pthread_mutex_lock(&c->lock);
    firn_code code = collect_idents(c, only_tables(c), a, ret, ret_count, err);
    pthread_mutex_unlock(&c->lock);
    return code;
}

#define ONLY_VIEWS " AND iceberg_type = 'VIEW'"

static firn_code list_views(firn_catalog *head, firn_arena *a, firn_ident **ret, size_t *ret_count,
                            firn_err *err)
{
    sqlite_catalog *c = (sqlite_catalog *)head;
    *ret = NULL;
    *ret_count = 0;
    if (!c->has_type)
        return FIRN_OK;
    pthread_mutex_lock(&c->lock);
    firn_code code = collect_idents(c, ONLY_VIEWS, a, ret, ret_count, err);
    pthread_mutex_unlock(&c->lock);
    return code;
}

static firn_code create_namespace(firn_catalog *head, firn_str ns, firn_err *err)
{
    sqlite_catalog *c = (sqlite_catalog *)head;
    /* Java marks a namespace that holds no table with this property */
    firn_str texts[] = {c->head.name, ns};
    pthread_mutex_lock(&c->lock);
    firn_code code = run(c,
                         "INSERT OR IGNORE INTO iceberg_namespace_properties (catalog_name, "
                         "namespace, property_key, property_value) VALUES (?, ?, 'exists', 'true')",
                         texts, 2, NULL, err);
    pthread_mutex_unlock(&c->lock);
    return code;
}

/* --- tables -------------------------------------------------------------------------------- */

static firn_code not_there(const sqlite_catalog *c, firn_ident ident, firn_err *err)
{
    return firn_raise(err, FIRN_E_NOTFOUND, "there is no table %s.%s in catalog %s",
                      firn_quote(ident.ns).s, firn_quote(ident.name).s, firn_quote(c->head.name).s);
}

/* What stands under the name if no table does: nothing, or a view. */
static firn_code not_a_table(sqlite_catalog *c, firn_ident ident, firn_err *err)
{
    FIRN_AUTO(finalize) sqlite3_stmt *st = NULL;
    firn_str texts[] = {c->head.name, ident.ns, ident.name};
    FIRN_TRY(prepare(c,
                     "SELECT 1 FROM iceberg_tables WHERE catalog_name = ? AND table_namespace = ? "
                     "AND table_name = ?",
                     texts, 3, &st, err));
    int rc = sqlite3_step(st);
    if (rc == SQLITE_DONE)
        return not_there(c, ident, err);
    if (rc != SQLITE_ROW)
        return fail(c, rc, err);
    return firn_raise(err, FIRN_E_UNSUPPORTED, "%s.%s is a view of catalog %s, not a table",
                      firn_quote(ident.ns).s, firn_quote(ident.name).s, firn_quote(c->head.name).s);
}

static firn_code load_locked(sqlite_catalog *c, firn_ident ident, const char *which, firn_arena *a,
                             firn_str *ret_location, firn_err *err)
{
    FIRN_AUTO(finalize) sqlite3_stmt *st = NULL;
    firn_str texts[] = {c->head.name, ident.ns, ident.name};
    const char *sql = firn_arena_printf(a,
                                        "SELECT metadata_location FROM iceberg_tables WHERE "
                                        "catalog_name = ? AND table_namespace = ? AND "
                                        "table_name = ?%s",
                                        which);
    if (!sql)
        return firn_arena_raise(a, err);
    FIRN_TRY(prepare(c, sql, texts, 3, &st, err));
    int rc = sqlite3_step(st);
    if (rc == SQLITE_DONE)
        return not_a_table(c, ident, err);
    if (rc != SQLITE_ROW)
        return fail(c, rc, err);
    if (sqlite3_column_type(st, 0) == SQLITE_NULL)
        return firn_raise(err, FIRN_E_DATA, "the catalog names no metadata for table %s.%s",
                          firn_quote(ident.ns).s, firn_quote(ident.name).s);
    firn_str location = column(st, 0, a);
    if (!location.p)
        return firn_arena_raise(a, err);
    *ret_location = location;
    return FIRN_OK;
}

static firn_code load(firn_catalog *head, firn_ident ident, firn_arena *a, firn_str *ret_location,
                      firn_err *err)
{
    sqlite_catalog *c = (sqlite_catalog *)head;
    pthread_mutex_lock(&c->lock);
    firn_code code = load_locked(c, ident, only_tables(c), a, ret_location, err);
    pthread_mutex_unlock(&c->lock);
    return code;
}

static firn_code load_view(firn_catalog *head, firn_ident ident, firn_arena *a,
                           firn_str *ret_location, firn_err *err)
{
    sqlite_catalog *c = (sqlite_catalog *)head;
    firn_code code = FIRN_E_NOTFOUND;
    pthread_mutex_lock(&c->lock);
    if (c->has_type)
        code = load_locked(c, ident, ONLY_VIEWS, a, ret_location, err);
    pthread_mutex_unlock(&c->lock);
    if (code != FIRN_E_NOTFOUND && code != FIRN_E_UNSUPPORTED)
        return code;
    return firn_raise(err, FIRN_E_NOTFOUND, "there is no view %s.%s in catalog %s",
                      firn_quote(ident.ns).s, firn_quote(ident.name).s, firn_quote(c->head.name).s);
}

static firn_code changed_meanwhile(firn_ident ident, const char *how, firn_err *err)
{
    return firn_raise(err, FIRN_E_CONFLICT, "table %s.%s %s", firn_quote(ident.ns).s,
                      firn_quote(ident.name).s, how);
}

static firn_code insert_table(sqlite_catalog *c, const firn_catalog_change *x, firn_err *err)
{
    firn_str texts[] = {c->head.name, x->ident.ns, x->ident.name, x->new_location,
                        FIRN_STR_LIT("TABLE")};
    firn_code code =
        c->has_type
            ? run(c,
                  "INSERT INTO iceberg_tables (catalog_name, table_namespace, table_name, "
                  "metadata_location, previous_metadata_location, iceberg_type) VALUES "
                  "(?, ?, ?, ?, NULL, ?)",
                  texts, 5, NULL, err)
            : run(c,
                  "INSERT INTO iceberg_tables (catalog_name, table_namespace, table_name, "
                  "metadata_location, previous_metadata_location) VALUES (?, ?, ?, ?, NULL)",
                  texts, 4, NULL, err);
    return code == FIRN_E_EXISTS ? changed_meanwhile(x->ident, "was created meanwhile", err) : code;
}

static firn_code update_table(sqlite_catalog *c, const firn_catalog_change *x, firn_err *err)
{
    firn_str old = x->base->location_of_file;
    firn_str texts[] = {x->new_location, old, c->head.name, x->ident.ns, x->ident.name, old};
    static const char v0[] = "UPDATE iceberg_tables SET metadata_location = ?, "
                             "previous_metadata_location = ? WHERE catalog_name = ? AND "
                             "table_namespace = ? AND table_name = ? AND metadata_location = ?";
    static const char v1[] =
        "UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = ? WHERE "
        "catalog_name = ? AND table_namespace = ? AND table_name = ? AND metadata_location = ? "
        "AND (iceberg_type = 'TABLE' OR iceberg_type IS NULL)";
    int changed = 0;
    FIRN_TRY(run(c, c->has_type ? v1 : v0, texts, 6, &changed, err));
    return changed == 1 ? FIRN_OK : changed_meanwhile(x->ident, "changed meanwhile", err);
}

static firn_code swap_all(sqlite_catalog *c, const firn_catalog_change *changes, size_t count,
                          firn_err *err)
{
    for (size_t i = 0; i < count; i++) {
        const firn_catalog_change *x = &changes[i];
        if (x->new_location.n > 1000)
            return firn_raise(err, FIRN_E_LIMIT,
                              "the metadata path of %s has %zu bytes; the catalog keeps 1000",
                              firn_quote(x->ident.name).s, x->new_location.n);
        FIRN_TRY(x->base ? update_table(c, x, err) : insert_table(c, x, err));
    }
    return FIRN_FAIL("catalog.before_commit", err);
}

/* Ends what BEGIN began: `code` says how it went so far. */
static firn_code end_locked(sqlite_catalog *c, firn_code code, firn_err *err)
{
    if (code != FIRN_OK) {
        sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
        return code;
    }
    int rc = sqlite3_exec(c->db, "COMMIT", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        return FIRN_OK;
    code = fail(c, rc, err);
    bool undone = (rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_FULL;
    sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
    if (undone)
        return code;
    /* an I/O error while the log was synced: what the disk holds decides */
    return firn_raise(err, FIRN_E_COMMIT_UNKNOWN, "catalog %s: %s", firn_quotec(c->path).s,
                      sqlite3_errstr(rc));
}

static firn_code commit_locked(sqlite_catalog *c, const firn_catalog_change *changes, size_t count,
                               firn_err *err)
{
    FIRN_TRY(exec(c, "BEGIN IMMEDIATE", err));
    return end_locked(c, swap_all(c, changes, count, err), err);
}

static firn_code commit(firn_catalog *head, const firn_catalog_change *changes, size_t count,
                        firn_err *err)
{
    sqlite_catalog *c = (sqlite_catalog *)head;
    pthread_mutex_lock(&c->lock);
    firn_code code = commit_locked(c, changes, count, err);
    pthread_mutex_unlock(&c->lock);
    return code;
}

static firn_code drop(firn_catalog *head, firn_ident ident, firn_err *err)
{
    sqlite_catalog *c = (sqlite_catalog *)head;
    firn_str texts[] = {c->head.name, ident.ns, ident.name};
    int changed = 0;
    pthread_mutex_lock(&c->lock);
    firn_code code = run(c,
                         c->has_type ? "DELETE FROM iceberg_tables WHERE catalog_name = ? AND "
                                       "table_namespace = ? AND table_name = ? AND "
                                       "(iceberg_type = 'TABLE' OR iceberg_type IS NULL)"
                                     : "DELETE FROM iceberg_tables WHERE catalog_name = ? AND "
                                       "table_namespace = ? AND table_name = ?",
                         texts, 3, &changed, err);
    pthread_mutex_unlock(&c->lock);
    if (code == FIRN_OK && changed == 0)
        return not_there(c, ident, err);
    return code;
}

static firn_code rename_locked(sqlite_catalog *c, firn_ident from, firn_ident to, firn_err *err)
{
    firn_str texts[] = {to.ns, to.name, c->head.name, from.ns, from.name};
    int changed = 0;
    static const char v0[] = "UPDATE iceberg_tables SET table_namespace = ?, table_name = ? WHERE "
                             "catalog_name = ? AND table_namespace = ? AND table_name = ?";
    static const char v1[] = "UPDATE iceberg_tables SET table_namespace = ?, table_name = ? WHERE "
                             "catalog_name = ? AND table_namespace = ? AND table_name = ? AND "
                             "(iceberg_type = 'TABLE' OR iceberg_type IS NULL)";
    firn_code code = run(c, c->has_type ? v1 : v0, texts, 5, &changed, err);
    if (code == FIRN_E_EXISTS)
        return firn_raise(err, FIRN_E_EXISTS, "there is a table or view %s.%s already",
                          firn_quote(to.ns).s, firn_quote(to.name).s);
    if (code == FIRN_OK && changed == 0)
        return not_there(c, from, err);
    return code;
}

static firn_code rename_table(firn_catalog *head, firn_ident from, firn_ident to, firn_err *err)
{
    sqlite_catalog *c = (sqlite_catalog *)head;
    pthread_mutex_lock(&c->lock);
    firn_code code = rename_locked(c, from, to, err);
    pthread_mutex_unlock(&c->lock);
    return code;
}

/* --- views --------------------------------------------------------------------------------- */

static firn_code insert_view(sqlite_catalog *c, const firn_view_change *x, firn_err *err)
{
    firn_str texts[] = {c->head.name, x->ident.ns, x->ident.name, x->new_location};
    firn_code code = run(c,
                         "INSERT INTO iceberg_tables (catalog_name, table_namespace, table_name, "
                         "metadata_location, previous_metadata_location, iceberg_type) VALUES "
                         "(?, ?, ?, ?, NULL, 'VIEW')",
                         texts, 4, NULL, err);
    if (code != FIRN_E_EXISTS)
        return code;
    return firn_raise(err, FIRN_E_EXISTS, "there is a table or view %s.%s already",
                      firn_quote(x->ident.ns).s, firn_quote(x->ident.name).s);
}

static firn_code change_view(sqlite_catalog *c, const firn_view_change *x, firn_err *err)
{
    firn_str texts[] = {c->head.name, x->ident.ns, x->ident.name, x->base, x->new_location};
    int changed = 0;
    FIRN_TRY(run(c,
                 x->new_location.p
                     ? "UPDATE iceberg_tables SET metadata_location = ?5, "
                       "previous_metadata_location = ?4 WHERE catalog_name = ?1 AND "
                       "table_namespace = ?2 AND table_name = ?3 AND metadata_location = ?4 "
                       "AND iceberg_type = 'VIEW'"
                     : "DELETE FROM iceberg_tables WHERE catalog_name = ?1 AND table_namespace = "
                       "?2 AND table_name = ?3 AND metadata_location = ?4 AND iceberg_type = "
                       "'VIEW'",
                 texts, x->new_location.p ? 5 : 4, &changed, err));
    if (changed == 1)
        return FIRN_OK;
    return firn_raise(err, FIRN_E_CONFLICT, "view %s.%s changed meanwhile",
                      firn_quote(x->ident.ns).s, firn_quote(x->ident.name).s);
}

static firn_code swap_view_rows(sqlite_catalog *c, const firn_view_change *x, firn_err *err)
{
    bool made = x->new_location.p != NULL;
    if (x->new_location.n > 1000)
        return firn_raise(err, FIRN_E_LIMIT, "the metadata path of %s is too long for the catalog",
                          firn_quote(x->ident.name).s);
    if (x->move_table && made)
        FIRN_TRY(rename_locked(c, x->table_from, x->table_to, err));
    FIRN_TRY(x->base.p ? change_view(c, x, err) : insert_view(c, x, err));
    if (x->move_table && !made)
        FIRN_TRY(rename_locked(c, x->table_from, x->table_to, err));
    return FIRN_FAIL("catalog.before_commit", err);
}

static firn_code swap_view(firn_catalog *head, const firn_view_change *x, firn_err *err)
{
    sqlite_catalog *c = (sqlite_catalog *)head;
    if (!c->has_type)
        return firn_raise(err, FIRN_E_UNSUPPORTED,
                          "the catalog %s is of the old form that has no views",
                          firn_quotec(c->path).s);
    pthread_mutex_lock(&c->lock);
    firn_code code = exec(c, "BEGIN IMMEDIATE", err);
    if (code == FIRN_OK)
        code = end_locked(c, swap_view_rows(c, x, err), err);
    pthread_mutex_unlock(&c->lock);
    return code;
}

static const firn_catalog_ops ops = {
    .name = "sqlite",
    .caps = FIRN_CATALOG_MULTI_TABLE | FIRN_CATALOG_DEFINITE,
    .close = close_catalog,
    .list_namespaces = list_namespaces,
    .create_namespace = create_namespace,
    .list_tables = list_tables,
    .load = load,
    .commit = commit,
    .drop = drop,
    .rename = rename_table,
    .list_views = list_views,
    .load_view = load_view,
    .swap_view = swap_view,
};

/* --- opened to be read only: SQLite itself could write, see open_to_write() ------------------ */

static firn_code refuse(firn_catalog *c, firn_err *err)
{
    return firn_raise(err, FIRN_E_UNSUPPORTED, "the catalog %s was opened to be read only",
                      firn_quote(c->name).s);
}

static firn_code refuse_namespace(firn_catalog *c, firn_str ns FIRN_UNUSED, firn_err *err)
{
    return refuse(c, err);
}

static firn_code refuse_commit(firn_catalog *c, const firn_catalog_change *changes FIRN_UNUSED,
                               size_t count FIRN_UNUSED, firn_err *err)
{
    return refuse(c, err);
}

static firn_code refuse_drop(firn_catalog *c, firn_ident ident FIRN_UNUSED, firn_err *err)
{
    return refuse(c, err);
}

static firn_code refuse_rename(firn_catalog *c, firn_ident from FIRN_UNUSED,
                               firn_ident to FIRN_UNUSED, firn_err *err)
{
    return refuse(c, err);
}

static firn_code refuse_view(firn_catalog *c, const firn_view_change *x FIRN_UNUSED, firn_err *err)
{
    return refuse(c, err);
}

static const firn_catalog_ops read_only_ops = {
    .name = "sqlite",
    .caps = FIRN_CATALOG_MULTI_TABLE | FIRN_CATALOG_DEFINITE | FIRN_CATALOG_REFUSES,
    .close = close_catalog,
    .list_namespaces = list_namespaces,
    .create_namespace = refuse_namespace,
    .list_tables = list_tables,
    .load = load,
    .commit = refuse_commit,
    .drop = refuse_drop,
    .rename = refuse_rename,
    .list_views = list_views,
    .load_view = load_view,
    .swap_view = refuse_view,
};
