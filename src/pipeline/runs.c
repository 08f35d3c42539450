/* SPDX-License-Identifier: Apache-2.0 */
/* The run record: opened and written. */
#include "pipeline/runs_int.h"

#include "base/datetime.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

#include <string.h>

#define PROGRESS_US FIRN_US_PER_SECOND /* progress is written as often */
#define MISSED_MAX  10000              /* events that wait to be written */

static const char schema_1[] =
    "CREATE TABLE IF NOT EXISTS runs(run TEXT PRIMARY KEY, command TEXT, project TEXT,"
    " version TEXT, started_at TEXT NOT NULL, finished_at TEXT, exit INTEGER, seconds REAL,"
    " cpu_seconds REAL, peak_memory INTEGER, rows INTEGER, rejects INTEGER);"
    "CREATE TABLE IF NOT EXISTS nodes(run TEXT NOT NULL, namespace TEXT NOT NULL,"
    " \"table\" TEXT NOT NULL, stream TEXT NOT NULL, kind TEXT NOT NULL, started_at TEXT,"
    " finished_at TEXT, status TEXT, seconds REAL, rows INTEGER, rejects INTEGER,"
    " bytes_read INTEGER, bytes_written INTEGER, data_files INTEGER, snapshot_id INTEGER,"
    " error TEXT, PRIMARY KEY (run, namespace, \"table\", stream));"
    "CREATE TABLE IF NOT EXISTS checks(run TEXT NOT NULL, namespace TEXT NOT NULL,"
    " \"table\" TEXT NOT NULL, name TEXT NOT NULL, severity TEXT, failing INTEGER, samples TEXT);";

static const char schema_2[] =
    "ALTER TABLE runs ADD COLUMN pid INTEGER;"
    "ALTER TABLE runs ADD COLUMN threads INTEGER;"
    "ALTER TABLE runs ADD COLUMN memory INTEGER;"
    "ALTER TABLE runs ADD COLUMN node_count INTEGER;"
    "ALTER TABLE runs ADD COLUMN done INTEGER;"
    "ALTER TABLE runs ADD COLUMN unchanged INTEGER;"
    "ALTER TABLE runs ADD COLUMN failed INTEGER;"
    "ALTER TABLE runs ADD COLUMN skipped INTEGER;"
    "ALTER TABLE runs ADD COLUMN files_landed INTEGER;"
    "ALTER TABLE runs ADD COLUMN bytes_read INTEGER;"
    "ALTER TABLE runs ADD COLUMN bytes_written INTEGER;"
    "ALTER TABLE runs ADD COLUMN data_files INTEGER;"
    "ALTER TABLE runs ADD COLUMN seen_at TEXT;"
    "ALTER TABLE nodes ADD COLUMN files_found INTEGER;"
    "ALTER TABLE nodes ADD COLUMN files_landed INTEGER;"
    "ALTER TABLE nodes ADD COLUMN duplicate_keys INTEGER;"
    "ALTER TABLE nodes ADD COLUMN warnings INTEGER;"
    "ALTER TABLE nodes ADD COLUMN cpu_seconds REAL;"
    "ALTER TABLE nodes ADD COLUMN progress TEXT;"
    "ALTER TABLE checks ADD COLUMN at TEXT;"
    "ALTER TABLE checks ADD COLUMN text TEXT;"
    "CREATE INDEX nodes_by_table ON nodes(namespace, \"table\", stream, status, finished_at);"
    "CREATE INDEX runs_by_time ON runs(started_at);"
    "CREATE INDEX checks_by_run ON checks(run);"
    "PRAGMA user_version = 2;";

/* --- writing ------------------------------------------------------------------------------- */

void firn_runs_finalize(sqlite3_stmt **st)
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

/* A file that somebody holds is waited for once, not again at each event. */
static void note_failure(firn_runs *r, int rc)
{
    firn_debug("run record: %s", sqlite3_errmsg(r->db));
    r->missed_one = true;
    r->given_up = (rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED;
}

/* Runs a statement whose parameters are members of the event; "" is the event itself. */
static void put(firn_runs *r, const char *sql, const json_t *event, const char *const *keys,
                int count)
{
    FIRN_AUTO(firn_runs_finalize) sqlite3_stmt *st = NULL;
    if (r->given_up) {
        r->missed_one = true;
        return;
    }
    int rc = sqlite3_prepare_v2(r->db, sql, -1, &st, NULL);
    for (int i = 0; i < count && rc == SQLITE_OK; i++)
        rc = bind(st, i + 1, keys[i][0] ? json_object_get(event, keys[i]) : event);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(st);
    if (rc != SQLITE_DONE)
        note_failure(r, rc);
}

#define PUT(r, sql, event, ...)                                                                    \
    do {                                                                                           \
        static const char *const put_keys_[] = {__VA_ARGS__};                                      \
        put((r), (sql), (event), put_keys_, (int)FIRN_COUNT_OF(put_keys_));                        \
    } while (0)

static void run_started(firn_runs *r, const json_t *e)
{
    PUT(r,
        "INSERT OR REPLACE INTO runs(run, command, project, version, started_at, pid, threads, "
        "memory, node_count, seen_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
        "json_array_length(?9), ?5)",
        e, "run", "command", "project", "version", "at", "pid", "threads", "memory", "nodes");
}

/* Old runs, but for those that say when a table was last worked on. */
static const char find_old[] =
    "INSERT INTO temp.old SELECT run FROM runs r WHERE started_at < ? AND NOT EXISTS (SELECT 1 "
    "FROM "
    "nodes n WHERE n.run = r.run AND NOT EXISTS (SELECT 1 FROM nodes m WHERE m.namespace = "
    "n.namespace AND m.\"table\" = n.\"table\" AND m.stream = n.stream AND m.rowid > n.rowid))";

static void forget(firn_runs *r)
{
    char before[FIRN_TIME_TEXT_MAX];
    int64_t now = firn_env_now_us(r->env);
    if (r->given_up || r->keep_ms <= 0 || r->keep_ms > now / 1000)
        return;
    firn_timestamp_print(now - r->keep_ms * 1000, true, before);
    json_t *limit = json_pack("{s:s}", "before", before);
    sqlite3_exec(r->db, "CREATE TEMP TABLE IF NOT EXISTS old(run TEXT); DELETE FROM temp.old", NULL,
                 NULL, NULL);
    PUT(r, find_old, limit, "before");
    int rc = sqlite3_exec(r->db,
                          "DELETE FROM nodes WHERE run IN (SELECT run FROM temp.old);"
                          "DELETE FROM checks WHERE run IN (SELECT run FROM temp.old);"
                          "DELETE FROM runs WHERE run IN (SELECT run FROM temp.old)",
                          NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        note_failure(r, rc);
    json_decref(limit);
}

static void run_finished(firn_runs *r, const json_t *e)
{
    PUT(r,
        "UPDATE runs SET finished_at = ?1, seen_at = ?1, exit = ?2, seconds = ?3, cpu_seconds = "
        "?4, peak_memory = ?5, rows = ?6, rejects = ?7, done = ?8, unchanged = ?9, failed = ?10, "
        "skipped = ?11, files_landed = ?12, bytes_read = ?13, bytes_written = ?14, data_files = "
        "?15 WHERE run = ?16",
        e, "at", "exit", "seconds", "cpu_seconds", "peak_memory", "rows", "rejects", "done",
        "unchanged", "failed", "skipped", "files_landed", "bytes_read", "bytes_written",
        "data_files", "run");
    forget(r);
}

static void node_started(firn_runs *r, const json_t *e)
{
    PUT(r,
        "INSERT OR REPLACE INTO nodes(run, namespace, \"table\", stream, kind, started_at, "
        "status) VALUES (?, ?, ?, coalesce(?, ''), ?, ?, 'running')",
        e, "run", "namespace", "table", "stream", "kind", "at");
    PUT(r, "UPDATE runs SET seen_at = ? WHERE run = ?", e, "at", "run");
}

static void progress(firn_runs *r, const json_t *e)
{
    int64_t now = firn_env_mono_us(r->env);
    if (now - r->progress_us < PROGRESS_US)
        return;
    r->progress_us = now;
    PUT(r,
        "UPDATE nodes SET progress = ? WHERE run = ? AND namespace = ? AND \"table\" = ? AND "
        "stream = coalesce(?, '')",
        e, "", "run", "namespace", "table", "stream");
    PUT(r, "UPDATE runs SET seen_at = ? WHERE run = ?", e, "at", "run");
}

static void node_finished(firn_runs *r, const json_t *e)
{
    PUT(r,
        "INSERT OR IGNORE INTO nodes(run, namespace, \"table\", stream, kind) VALUES "
        "(?, ?, ?, coalesce(?, ''), ?)",
        e, "run", "namespace", "table", "stream", "kind");
    PUT(r,
        "UPDATE nodes SET finished_at = ?, status = ?, seconds = ?, rows = ?, rejects = ?, "
        "bytes_read = ?, bytes_written = ?, data_files = ?, snapshot_id = ?, error = ?, "
        "files_found = ?, files_landed = ?, duplicate_keys = ?, warnings = ?, cpu_seconds = ?, "
        "progress = NULL WHERE run = ? AND namespace = ? AND \"table\" = ? AND stream = "
        "coalesce(?, '')",
        e, "at", "status", "seconds", "rows", "rejects", "bytes_read", "bytes_written",
        "data_files", "snapshot_id", "error", "files_found", "files_landed", "duplicate_keys",
        "warnings", "cpu_seconds", "run", "namespace", "table", "stream");
    PUT(r, "UPDATE runs SET seen_at = ? WHERE run = ?", e, "at", "run");
}

static void check(firn_runs *r, const json_t *e)
{
    PUT(r,
        "INSERT INTO checks(run, namespace, \"table\", name, severity, failing, samples, at, "
        "text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        e, "run", "namespace", "table", "check", "severity", "failing", "samples", "at", "text");
}

static void handle(firn_runs *r, const json_t *event)
{
    static const struct {
        const char *name;
        void (*put)(firn_runs *r, const json_t *e);
    } handlers[] = {{"run_started", run_started},   {"run_finished", run_finished},
                    {"node_started", node_started}, {"node_finished", node_finished},
                    {"progress", progress},         {"check", check}};
    const char *name = json_string_value(json_object_get(event, "event"));
    for (size_t i = 0; name && i < FIRN_COUNT_OF(handlers); i++)
        if (strcmp(name, handlers[i].name) == 0)
            handlers[i].put(r, event);
}

void firn_runs_event(firn_runs *r, const json_t *event)
{
    const char *name = json_string_value(json_object_get(event, "event"));
    r->missed_one = false;
    if (!r->missed) /* else they wait, for they are written in order */
        handle(r, event);
    if ((!r->missed && !r->missed_one) || !name || strcmp(name, "progress") == 0)
        return;
    if (!r->missed)
        r->missed = json_array();
    if (json_array_size(r->missed) < MISSED_MAX)
        (void)json_array_append_new(r->missed, json_deep_copy(event));
}

bool firn_runs_finish(firn_runs *r)
{
    FIRN_AUTO(firn_json_unref) json_t *missed = r->missed;
    size_t i;
    json_t *event;
    bool whole = true;
    r->missed = NULL;
    r->given_up = false; /* what matters most is tried once more */
    json_array_foreach(missed, i, event)
    {
        r->missed_one = false;
        handle(r, event);
        whole = whole && !r->missed_one;
    }
    return whole;
}

/* --- opening ------------------------------------------------------------------------------- */

firn_code firn_runs_fail(firn_runs *r, const char *path, firn_err *err)
{
    return firn_raise(err, FIRN_E_IO, "the run record %s: %s", firn_quotec(path).s,
                      sqlite3_errmsg(r->db));
}

firn_code firn_runs_version(firn_runs *r, const char *path, int *ret, firn_err *err)
{
    FIRN_AUTO(firn_runs_finalize) sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(r->db, "PRAGMA user_version", -1, &st, NULL) != SQLITE_OK ||
        sqlite3_step(st) != SQLITE_ROW)
        return firn_runs_fail(r, path, err);
    *ret = sqlite3_column_int(st, 0);
    if (*ret <= FIRN_RUNS_VERSION)
        return FIRN_OK;
    firn_raise(err, FIRN_E_UNSUPPORTED, "the run record %s has version %d, this firn knows %d",
               firn_quotec(path).s, *ret, FIRN_RUNS_VERSION);
    return firn_err_advise(err, "a newer firn worked here: use that one, or put the file aside "
                                "(the tables do not need it)");
}

/* Two may come at once: who is second finds it done. */
static firn_code migrate(firn_runs *r, const char *path, firn_err *err)
{
    int version = 0;
    if (sqlite3_exec(r->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
        return firn_runs_fail(r, path, err);
    firn_code code = firn_runs_version(r, path, &version, err);
    if (code == FIRN_OK && version < 1 &&
        sqlite3_exec(r->db, schema_1, NULL, NULL, NULL) != SQLITE_OK)
        code = firn_runs_fail(r, path, err);
    if (code == FIRN_OK && version < 2 &&
        sqlite3_exec(r->db, schema_2, NULL, NULL, NULL) != SQLITE_OK)
        code = firn_runs_fail(r, path, err);
    if (code == FIRN_OK && sqlite3_exec(r->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        code = firn_runs_fail(r, path, err);
    if (code != FIRN_OK)
        sqlite3_exec(r->db, "ROLLBACK", NULL, NULL, NULL);
    return code;
}

static firn_code open_db(firn_runs *r, const char *path, firn_err *err)
{
    int version = 0;
    if (sqlite3_open(path, &r->db) != SQLITE_OK)
        return firn_runs_fail(r, path, err);
    sqlite3_busy_timeout(r->db, FIRN_RUNS_BUSY_MS);
    FIRN_TRY(firn_runs_version(r, path, &version, err));
    /* the change to WAL is refused at once while another uses the file: then that one does it */
    int rc = sqlite3_exec(r->db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
    if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY && (rc & 0xff) != SQLITE_LOCKED)
        return firn_runs_fail(r, path, err);
    /* what a power cut takes from the record is no loss: NORMAL does not wait for the disk */
    if (sqlite3_exec(r->db, "PRAGMA synchronous=NORMAL", NULL, NULL, NULL) != SQLITE_OK)
        return firn_runs_fail(r, path, err);
    return version == FIRN_RUNS_VERSION ? FIRN_OK : migrate(r, path, err);
}

firn_code firn_runs_new(firn_env *env, const char *warehouse, firn_runs **ret, firn_buf *path,
                        firn_err *err)
{
    FIRN_TRY(firn_buf_addf(path, err, "%s/.firn/runs.db", warehouse));
    firn_runs *r = firn_mem_alloc(sizeof *r);
    if (!r)
        return firn_raise_nomem(err);
    *r = (firn_runs){.env = env, .warehouse = firn_mem_alloc(strlen(warehouse) + 1)};
    if (!r->warehouse) {
        firn_runs_close(r);
        return firn_raise_nomem(err);
    }
    memcpy(r->warehouse, warehouse, strlen(warehouse) + 1);
    *ret = r;
    return FIRN_OK;
}

firn_code firn_runs_open(firn_env *env, const char *warehouse, int64_t keep_ms, firn_runs **ret,
                         firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf folder = FIRN_BUF((size_t)1 << 16);
    FIRN_AUTO(firn_buf_free) firn_buf path = FIRN_BUF((size_t)1 << 16);
    firn_runs *r;
    FIRN_TRY(firn_buf_addf(&folder, err, "%s/.firn", warehouse));
    FIRN_TRY(firn_fs_mkdirs(env, firn_buf_cstr(&folder), err));
    FIRN_TRY(firn_runs_new(env, warehouse, &r, &path, err));
    r->keep_ms = keep_ms;
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
    json_decref(r->missed);
    firn_mem_free(r->warehouse);
    firn_mem_free(r);
}
