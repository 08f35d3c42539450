/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/runs.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

#include <sqlite3.h>
#include <string.h>

#define SCHEMA_VERSION  1
#define BUSY_TIMEOUT_MS 5000

struct firn_runs {
    sqlite3 *db;
};

static const char schema[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE IF NOT EXISTS runs(run TEXT PRIMARY KEY, command TEXT, project TEXT,"
    " version TEXT, started_at TEXT NOT NULL, finished_at TEXT, exit INTEGER, seconds REAL,"
    " cpu_seconds REAL, peak_memory INTEGER, rows INTEGER, rejects INTEGER);"
    "CREATE TABLE IF NOT EXISTS nodes(run TEXT NOT NULL, namespace TEXT NOT NULL,"
    " \"table\" TEXT NOT NULL, stream TEXT NOT NULL, kind TEXT NOT NULL, started_at TEXT,"
    " finished_at TEXT, status TEXT, seconds REAL, rows INTEGER, rejects INTEGER,"
    " bytes_read INTEGER, bytes_written INTEGER, data_files INTEGER, snapshot_id INTEGER,"
    " error TEXT, PRIMARY KEY (run, namespace, \"table\", stream));"
    "CREATE TABLE IF NOT EXISTS checks(run TEXT NOT NULL, namespace TEXT NOT NULL,"
    " \"table\" TEXT NOT NULL, name TEXT NOT NULL, severity TEXT, failing INTEGER, samples TEXT);"
    "PRAGMA user_version = 1;"
    "COMMIT";

/* --- writing ------------------------------------------------------------------------------- */

static void finalize(sqlite3_stmt **st)
{
    sqlite3_finalize(*st);
    *st = NULL;
}

/* Binds a JSON value; what is no text or number becomes its JSON text, absent null. */
static int bind(sqlite3_stmt *st, int i, const json_t *v)
{
    if (json_is_string(v))
        return sqlite3_bind_text(st, i, json_string_value(v), (int)json_string_length(v),
                                 SQLITE_TRANSIENT);
    if (json_is_integer(v))
        return sqlite3_bind_int64(st, i, json_integer_value(v));
    if (json_is_real(v))
        return sqlite3_bind_double(st, i, json_real_value(v));
    if (!v || json_is_null(v))
        return sqlite3_bind_null(st, i);
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)1 << 20);
    if (firn_json_print(v, 0, &text, NULL) != FIRN_OK)
        return sqlite3_bind_null(st, i);
    return sqlite3_bind_text(st, i, firn_buf_cstr(&text), (int)text.n, SQLITE_TRANSIENT);
}

/* Runs a statement whose parameters are members of the event. */
static void put(firn_runs *r, const char *sql, const json_t *event, const char *const *keys,
                int count)
{
    FIRN_AUTO(finalize) sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(r->db, sql, -1, &st, NULL);
    for (int i = 0; i < count && rc == SQLITE_OK; i++)
        rc = bind(st, i + 1, json_object_get(event, keys[i]));
    if (rc == SQLITE_OK)
        rc = sqlite3_step(st);
    if (rc != SQLITE_DONE)
        firn_debug("run record: %s", sqlite3_errmsg(r->db));
}

#define PUT(r, sql, event, ...)                                                                    \
    do {                                                                                           \
        static const char *const put_keys_[] = {__VA_ARGS__};                                      \
        put((r), (sql), (event), put_keys_, (int)FIRN_COUNT_OF(put_keys_));                        \
    } while (0)

static void run_started(firn_runs *r, const json_t *e)
{
    PUT(r,
        "INSERT OR REPLACE INTO runs(run, command, project, version, started_at) VALUES "
        "(?, ?, ?, ?, ?)",
        e, "run", "command", "project", "version", "at");
}

static void run_finished(firn_runs *r, const json_t *e)
{
    PUT(r,
        "UPDATE runs SET finished_at = ?, exit = ?, seconds = ?, cpu_seconds = ?, "
        "peak_memory = ?, rows = ?, rejects = ? WHERE run = ?",
        e, "at", "exit", "seconds", "cpu_seconds", "peak_memory", "rows", "rejects", "run");
}

static void node_started(firn_runs *r, const json_t *e)
{
    PUT(r,
        "INSERT OR REPLACE INTO nodes(run, namespace, \"table\", stream, kind, started_at, "
        "status) VALUES (?, ?, ?, coalesce(?, ''), ?, ?, 'running')",
        e, "run", "namespace", "table", "stream", "kind", "at");
}

static void node_finished(firn_runs *r, const json_t *e)
{
    PUT(r,
        "INSERT OR IGNORE INTO nodes(run, namespace, \"table\", stream, kind) VALUES "
        "(?, ?, ?, coalesce(?, ''), ?)",
        e, "run", "namespace", "table", "stream", "kind");
    PUT(r,
        "UPDATE nodes SET finished_at = ?, status = ?, seconds = ?, rows = ?, rejects = ?, "
        "bytes_read = ?, bytes_written = ?, data_files = ?, snapshot_id = ?, error = ? WHERE "
        "run = ? AND namespace = ? AND \"table\" = ? AND stream = coalesce(?, '')",
        e, "at", "status", "seconds", "rows", "rejects", "bytes_read", "bytes_written",
        "data_files", "snapshot_id", "error", "run", "namespace", "table", "stream");
}

static void check(firn_runs *r, const json_t *e)
{
    PUT(r,
        "INSERT INTO checks(run, namespace, \"table\", name, severity, failing, samples) VALUES "
        "(?, ?, ?, ?, ?, ?, ?)",
        e, "run", "namespace", "table", "check", "severity", "failing", "samples");
}

void firn_runs_event(firn_runs *r, const json_t *event)
{
    static const struct {
        const char *name;
        void (*put)(firn_runs *r, const json_t *e);
    } handlers[] = {{"run_started", run_started},
                    {"run_finished", run_finished},
                    {"node_started", node_started},
                    {"node_finished", node_finished},
                    {"check", check}};
    const char *name = json_string_value(json_object_get(event, "event"));
    for (size_t i = 0; name && i < FIRN_COUNT_OF(handlers); i++)
        if (strcmp(name, handlers[i].name) == 0)
            handlers[i].put(r, event);
}

/* --- opening ------------------------------------------------------------------------------- */

static firn_code fail(firn_runs *r, const char *path, firn_err *err)
{
    return firn_raise(err, FIRN_E_IO, "the run record %s: %s", firn_quotec(path).s,
                      sqlite3_errmsg(r->db));
}

static firn_code user_version(firn_runs *r, const char *path, int *ret, firn_err *err)
{
    FIRN_AUTO(finalize) sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(r->db, "PRAGMA user_version", -1, &st, NULL) != SQLITE_OK ||
        sqlite3_step(st) != SQLITE_ROW)
        return fail(r, path, err);
    *ret = sqlite3_column_int(st, 0);
    return FIRN_OK;
}

static firn_code open_db(firn_runs *r, const char *path, firn_err *err)
{
    int version = 0;
    if (sqlite3_open(path, &r->db) != SQLITE_OK)
        return fail(r, path, err);
    sqlite3_busy_timeout(r->db, BUSY_TIMEOUT_MS);
    /* what a power cut takes from the record is no loss: NORMAL does not wait for the disk */
    if (sqlite3_exec(r->db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL", NULL, NULL,
                     NULL) != SQLITE_OK)
        return fail(r, path, err);
    FIRN_TRY(user_version(r, path, &version, err));
    if (version > SCHEMA_VERSION)
        return firn_raise(err, FIRN_E_UNSUPPORTED,
                          "the run record %s has version %d, this firn knows %d",
                          firn_quotec(path).s, version, SCHEMA_VERSION);
    if (version == SCHEMA_VERSION)
        return FIRN_OK;
    if (sqlite3_exec(r->db, schema, NULL, NULL, NULL) == SQLITE_OK)
        return FIRN_OK;
    fail(r, path, err);
    sqlite3_exec(r->db, "ROLLBACK", NULL, NULL, NULL);
    return err ? err->code : FIRN_E_IO;
}

firn_code firn_runs_open(firn_env *env, const char *warehouse, firn_runs **ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf path = FIRN_BUF((size_t)1 << 16);
    FIRN_TRY(firn_buf_addf(&path, err, "%s/.firn", warehouse));
    FIRN_TRY(firn_fs_mkdirs(env, firn_buf_cstr(&path), err));
    FIRN_TRY(firn_buf_adds(&path, "/runs.db", err));
    firn_runs *r = firn_mem_alloc(sizeof *r);
    if (!r)
        return firn_raise_nomem(err);
    *r = (firn_runs){0};
    firn_code code = open_db(r, firn_buf_cstr(&path), err);
    if (code != FIRN_OK) {
        firn_runs_close(r);
        return code;
    }
    *ret = r;
    return FIRN_OK;
}

void firn_runs_close(firn_runs *r)
{
    if (!r)
        return;
    sqlite3_close(r->db);
    firn_mem_free(r);
}
