/* SPDX-License-Identifier: Apache-2.0 */
/* The run record: asked. */
#include "pipeline/runs_int.h"

#include "catalog/sqlite_read.h"

#include "base/mem.h"
#include "base/str.h"
#include "pipeline/context.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- opening ------------------------------------------------------------------------------- */

static firn_code try_open(firn_runs *r, const char *name, const char *path, int flags,
                          int *ret_version, firn_err *err)
{
    sqlite3_close(r->db);
    r->db = NULL;
    if (sqlite3_open_v2(name, &r->db, flags, NULL) != SQLITE_OK)
        return firn_runs_fail(r, path, err);
    sqlite3_busy_timeout(r->db, FIRN_RUNS_BUSY_MS);
    return firn_runs_version(r, path, ret_version, err);
}

/* Read-write where that can be: who closes last puts the log away. */
static firn_code open_db(firn_runs *r, const char *path, int *ret_version, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf uri = FIRN_BUF((size_t)1 << 16);
    firn_err local = {0};
    firn_code code = try_open(r, path, path, SQLITE_OPEN_READWRITE, ret_version, &local);
    int rc = sqlite3_errcode(r->db) & 0xff;
    if (code == FIRN_E_IO && (rc == SQLITE_CANTOPEN || rc == SQLITE_READONLY)) {
        FIRN_TRY(firn_sqlite_immutable_uri(path, &uri, err));
        return try_open(r, firn_buf_cstr(&uri), path, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
                        ret_version, err);
    }
    if (code != FIRN_OK && err)
        *err = local;
    return code;
}

firn_code firn_runs_open_to_read(firn_env *env, const char *warehouse, firn_runs **ret,
                                 firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf path = FIRN_BUF((size_t)1 << 16);
    firn_runs *r;
    int version = 0;
    *ret = NULL;
    FIRN_TRY(firn_runs_new(env, warehouse, &r, &path, err));
    if (!firn_fs_exists(env, firn_buf_cstr(&path))) {
        firn_runs_close(r);
        return FIRN_OK;
    }
    firn_code code = open_db(r, firn_buf_cstr(&path), &version, err);
    if (code == FIRN_OK && version == 0) { /* it is being made */
        firn_runs_close(r);
        return FIRN_OK;
    }
    if (code != FIRN_OK) {
        if (code == FIRN_E_IO)
            firn_err_advise(err, "it is a convenience: move the file away, and the next run begins "
                                 "a new one");
        firn_runs_close(r);
        return code;
    }
    *ret = r;
    return FIRN_OK;
}

/* --- rows as objects ----------------------------------------------------------------------- */

static bool holds_json(const char *column)
{
    static const char *const names[] = {"error", "samples", "progress"};
    for (size_t i = 0; i < FIRN_COUNT_OF(names); i++)
        if (strcmp(column, names[i]) == 0)
            return true;
    return false;
}

static json_t *text_value(const char *column, firn_str text)
{
    json_t *j = NULL;
    firn_slice bytes = {(const uint8_t *)text.p, text.n};
    if (holds_json(column) && firn_json_parse(bytes, &j, NULL) == FIRN_OK)
        return j;
    j = firn_json_new_str(text);
    return j ? j : json_string("?");
}

static json_t *value(sqlite3_stmt *st, int i)
{
    switch (sqlite3_column_type(st, i)) {
    case SQLITE_INTEGER:
        return json_integer(sqlite3_column_int64(st, i));
    case SQLITE_FLOAT:
        return json_real(sqlite3_column_double(st, i));
    case SQLITE_NULL:
        return json_null();
    default:
        break;
    }
    const char *text = (const char *)sqlite3_column_text(st, i);
    firn_str s = {text ? text : "", (size_t)sqlite3_column_bytes(st, i)};
    return text_value(sqlite3_column_name(st, i), s);
}

/* What a row cost: microseconds of CPU, where both are known. */
static firn_code set_cost(json_t *row, firn_err *err)
{
    const json_t *cpu = json_object_get(row, "cpu_seconds");
    int64_t rows = json_integer_value(json_object_get(row, "rows"));
    if (!cpu)
        return FIRN_OK;
    bool known = json_is_number(cpu) && rows > 0;
    double cost = known ? json_number_value(cpu) * 1e6 / (double)rows : 0;
    return firn_json_set(row, "cpu_us_per_row", known ? json_real(cost) : json_null(), err);
}

static firn_code add_row(sqlite3_stmt *st, json_t *list, firn_err *err)
{
    json_t *row = json_object();
    FIRN_TRY(firn_json_append(list, row, err));
    for (int i = 0; i < sqlite3_column_count(st); i++)
        FIRN_TRY(firn_json_set(row, sqlite3_column_name(st, i), value(st, i), err));
    return set_cost(row, err);
}

static firn_code refused(firn_runs *r, firn_err *err)
{
    firn_raise(err, FIRN_E_IO, "the run record of %s: %s", firn_quotec(r->warehouse).s,
               sqlite3_errmsg(r->db));
    return firn_err_advise(err, "it is a convenience: move .firn/runs.db away, and the next run "
                                "begins a new one");
}

/* The rows of a statement with one text in it. */
static firn_code query(firn_runs *r, const char *sql, const char *text, json_t **ret, firn_err *err)
{
    FIRN_AUTO(firn_runs_finalize) sqlite3_stmt *st = NULL;
    FIRN_AUTO(firn_json_unref) json_t *list = json_array();
    int rc = sqlite3_prepare_v2(r->db, sql, -1, &st, NULL);
    if (rc == SQLITE_OK && text)
        rc = sqlite3_bind_text(st, 1, text, -1, SQLITE_STATIC);
    if (rc != SQLITE_OK)
        return refused(r, err);
    while ((rc = sqlite3_step(st)) == SQLITE_ROW)
        FIRN_TRY(add_row(st, list, err));
    if (rc != SQLITE_DONE)
        return refused(r, err);
    *ret = json_incref(list);
    return FIRN_OK;
}

/* --- whether a run lives ------------------------------------------------------------------- */

static const char *str(const json_t *row, const char *key)
{
    const char *s = json_string_value(json_object_get(row, key));
    return s ? s : "";
}

/* A run holds the lock of its scratch folder as long as its process lives. */
static bool lives(const firn_runs *r, const char *run)
{
    FIRN_AUTO(firn_buf_free) firn_buf path = FIRN_BUF((size_t)1 << 16);
    if (firn_buf_addf(&path, NULL, "%s/.firn/tmp/%s/" FIRN_SCRATCH_LOCK, r->warehouse, run) !=
        FIRN_OK)
        return false;
    int fd = open(firn_buf_cstr(&path), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == EACCES; /* another user's: what cannot be told is not called dead */
    bool held = flock(fd, LOCK_SH | LOCK_NB) != 0;
    close(fd);
    return held;
}

static firn_code set_state(const firn_runs *r, json_t *run, firn_err *err)
{
    const char *state = "finished";
    if (!str(run, "finished_at")[0])
        state = lives(r, str(run, "run")) ? "running" : "killed";
    return firn_json_set(run, "state", json_string(state), err);
}

static firn_code set_states(const firn_runs *r, json_t *list, firn_err *err)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        FIRN_TRY(set_state(r, json_array_get(list, i), err));
    return FIRN_OK;
}

/* --- questions ----------------------------------------------------------------------------- */

firn_code firn_runs_list(firn_runs *r, size_t max, json_t **ret, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *list = NULL;
    char limit[24];
    snprintf(limit, sizeof limit, "%zu", FIRN_MIN(max, (size_t)1 << 30));
    FIRN_TRY(query(r,
                   "SELECT * FROM runs ORDER BY started_at DESC, rowid DESC "
                   "LIMIT CAST(? AS INTEGER)",
                   limit, &list, err));
    FIRN_TRY(set_states(r, list, err));
    *ret = json_incref(list);
    return FIRN_OK;
}

static firn_code not_one(size_t count, const char *id, firn_err *err)
{
    if (count) {
        firn_raise(err, FIRN_E_USAGE, "%zu runs begin with %s", count, firn_quotec(id).s);
        return firn_err_advise(err, "`firn history --runs` lists them; write more of the id");
    }
    firn_raise(err, FIRN_E_NOTFOUND, "there is no run %s in the run record", firn_quotec(id).s);
    return firn_err_advise(err, "`firn history --runs` lists those there are");
}

firn_code firn_runs_find(firn_runs *r, const char *id, json_t **ret, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *found = NULL;
    json_t *more = NULL;
    bool last = strcmp(id, "last") == 0;
    FIRN_TRY(last ? query(r, "SELECT * FROM runs ORDER BY started_at DESC, rowid DESC LIMIT 1",
                          NULL, &found, err)
                  : query(r, "SELECT * FROM runs WHERE substr(run, 1, length(?1)) = lower(?1)", id,
                          &found, err));
    if (json_array_size(found) != 1)
        return not_one(json_array_size(found), id, err);
    json_t *run = json_array_get(found, 0);
    const char *whole = str(run, "run");
    FIRN_TRY(set_state(r, run, err));
    FIRN_TRY(query(r, "SELECT * FROM nodes WHERE run = ? ORDER BY rowid", whole, &more, err));
    FIRN_TRY(firn_json_set(run, "nodes", more, err));
    FIRN_TRY(query(r, "SELECT * FROM checks WHERE run = ? ORDER BY rowid", whole, &more, err));
    FIRN_TRY(firn_json_set(run, "checks", more, err));
    *ret = json_incref(run);
    return FIRN_OK;
}

/* When a node of the same table and stream last ended so. */
#define NEWEST_WITH(status)                                                                        \
    "(SELECT max(finished_at) FROM nodes d WHERE d.namespace = n.namespace AND d.\"table\" = "     \
    "n.\"table\" AND d.stream = n.stream AND d.status = '" status "')"
#define CHECKS_OF_NODE                                                                             \
    " FROM checks c WHERE c.run = n.run AND c.namespace = n.namespace AND c.\"table\" = "          \
    "n.\"table\""

firn_code firn_runs_newest(firn_runs *r, json_t **ret, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *list = NULL;
    FIRN_TRY(
        query(r,
              "SELECT n.*, r.finished_at AS run_finished_at, " NEWEST_WITH(
                  "done") " AS done_at,"
                          " nullif(max(ifnull(" NEWEST_WITH("done") ", ''), ifnull(" NEWEST_WITH(
                              "unchanged") ", '')), '') AS looked_at, "
                                           "(SELECT count(*)" CHECKS_OF_NODE ") AS checks, "
                                           "(SELECT count(*)" CHECKS_OF_NODE
                                           " AND c.failing > 0) AS checks_failing "
                                           "FROM nodes n JOIN runs r ON r.run = n.run WHERE "
                                           "n.rowid IN (SELECT max(rowid) "
                                           "FROM nodes GROUP BY namespace, \"table\", stream) "
                                           "ORDER BY n.namespace, n.\"table\", n.stream",
              NULL, &list, err));
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *node = json_array_get(list, i);
        bool finished = str(node, "run_finished_at")[0] != '\0';
        const char *state = finished                     ? "finished"
                            : lives(r, str(node, "run")) ? "running"
                                                         : "killed";
        FIRN_TRY(firn_json_set(node, "state", json_string(state), err));
    }
    *ret = json_incref(list);
    return FIRN_OK;
}

firn_code firn_runs_last_done(firn_runs *r, json_t **ret, firn_err *err)
{
    return query(r,
                 "SELECT * FROM nodes WHERE rowid IN (SELECT max(rowid) FROM nodes WHERE status = "
                 "'done' GROUP BY namespace, \"table\", stream)",
                 NULL, ret, err);
}
