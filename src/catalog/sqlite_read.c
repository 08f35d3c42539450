/* SPDX-License-Identifier: Apache-2.0 */
/* Three states of a file in WAL mode decide how it is opened:
 *   no log beside it          as a file that never changes: no lock, no log, no index
 *   a log and its index       read-only, the index too: somebody has it open, or died with it
 *   a log without an index    without locks, the index in our own memory: nobody has it open
 * Without SQLite's locks what was read is believed only if file and log are afterwards what they
 * were before. */
#include "catalog/sqlite_read.h"

#include "base/buf.h"
#include "base/str.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define MAX_TRIES 50
#define PAUSE_MS  20

/* --- is it as it was? ---------------------------------------------------------------------- */

typedef struct file_state {
    bool there;
    off_t size;
    struct timespec changed;
    ino_t inode;
} file_state;

typedef struct state {
    file_state file;
    file_state log;
    file_state index;
    file_state journal;
} state;

static firn_code look_at(const char *path, const char *suffix, file_state *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf name = FIRN_BUF((size_t)1 << 16);
    struct stat st;
    FIRN_TRY(firn_buf_addf(&name, err, "%s%s", path, suffix));
    *ret = (file_state){0};
    if (stat(firn_buf_cstr(&name), &st) == 0)
        *ret = (file_state){true, st.st_size, st.st_mtim, st.st_ino};
    return FIRN_OK;
}

static firn_code look(const char *path, state *ret, firn_err *err)
{
    FIRN_TRY(look_at(path, "", &ret->file, err));
    FIRN_TRY(look_at(path, "-wal", &ret->log, err));
    FIRN_TRY(look_at(path, "-shm", &ret->index, err));
    return look_at(path, "-journal", &ret->journal, err);
}

static bool same_file(const file_state *x, const file_state *y)
{
    return x->there == y->there && x->size == y->size && x->inode == y->inode &&
           x->changed.tv_sec == y->changed.tv_sec && x->changed.tv_nsec == y->changed.tv_nsec;
}

static bool same_state(const state *x, const state *y)
{
    return same_file(&x->file, &y->file) && same_file(&x->log, &y->log) &&
           same_file(&x->journal, &y->journal);
}

/* --- opening ------------------------------------------------------------------------------- */

static bool has_log(const state *s)
{
    return s->log.there && s->log.size > 0;
}

static firn_code make_uri(const char *path, const char *query, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, "file:", err));
    for (const char *p = path; *p; p++) {
        bool special = *p == '?' || *p == '#' || *p == '%';
        FIRN_TRY(special ? firn_buf_addf(out, err, "%%%02X", (unsigned)(unsigned char)*p)
                         : firn_buf_addc(out, *p, err));
    }
    return firn_buf_addf(out, err, "?mode=ro%s", query);
}

static firn_code fail(sqlite3 *db, const char *path, int rc, firn_err *err)
{
    bool damaged = (rc & 0xff) == SQLITE_NOTADB || (rc & 0xff) == SQLITE_CORRUPT;
    return firn_raise(err, damaged ? FIRN_E_DATA : FIRN_E_IO, "%s: %s", firn_quotec(path).s,
                      db ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
}

static void close_db(sqlite3 **db)
{
    sqlite3_close(*db);
    *db = NULL;
}

static firn_code open_db(const char *path, const state *s, sqlite3 **ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf uri = FIRN_BUF((size_t)1 << 18);
    bool alone = has_log(s) && !s->index.there;
    const char *query = !has_log(s) ? "&immutable=1" : alone ? "" : "&readonly_shm=1";
    FIRN_TRY(make_uri(path, query, &uri, err));
    int rc = sqlite3_open_v2(firn_buf_cstr(&uri), ret,
                             SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX,
                             alone ? "unix-none" : NULL);
    if (rc != SQLITE_OK)
        return fail(*ret, path, rc, err);
    sqlite3_db_config(*ret, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (alone) /* keeps the index of the log in memory */
        rc = sqlite3_exec(*ret, "PRAGMA locking_mode=EXCLUSIVE", NULL, NULL, NULL);
    return rc == SQLITE_OK ? FIRN_OK : fail(*ret, path, rc, err);
}

/* --- copying ------------------------------------------------------------------------------- */

/* *ret_again: somebody is writing; it may go better at once. */
static firn_code copy(const char *path, const state *s, sqlite3 *into, bool *ret_again,
                      firn_err *err)
{
    FIRN_AUTO(close_db) sqlite3 *db = NULL;
    FIRN_TRY(open_db(path, s, &db, err));
    sqlite3_backup *b = sqlite3_backup_init(into, "main", db, "main");
    if (!b)
        return fail(into, path, sqlite3_errcode(into), err);
    int rc = sqlite3_backup_step(b, -1);
    sqlite3_backup_finish(b);
    if (rc == SQLITE_DONE)
        return FIRN_OK;
    *ret_again = true;
    return fail(db, path, rc, err);
}

static firn_code refuse_journal(const char *path, firn_err *err)
{
    firn_raise(err, FIRN_E_DATA, "a program died while it changed %s", firn_quotec(path).s);
    return firn_err_advise(err, "only who may write there can take the change back: run `firn "
                                "tables` once as its owner");
}

firn_code firn_sqlite_read(const char *path, sqlite3 *into, firn_err *err)
{
    static const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    firn_err local = {0};
    state before = {0};
    state after;
    bool again = true;
    for (int i = 0; i < MAX_TRIES; i++) {
        FIRN_TRY(look(path, &before, err));
        if (!before.file.there || before.file.size == 0)
            return FIRN_OK;
        again = false;
        firn_err_clear(&local);
        firn_code code = copy(path, &before, into, &again, &local);
        FIRN_TRY(look(path, &after, err));
        bool locked = has_log(&before) && before.index.there; /* SQLite keeps writers apart */
        bool same = same_state(&before, &after);
        bool unfinished = after.journal.there && after.journal.size > 0;
        if (code == FIRN_OK && (locked || (same && !unfinished)))
            return FIRN_OK;
        if (code != FIRN_OK && same && !again)
            break;
        nanosleep(&pause, NULL);
    }
    if (before.journal.there && before.journal.size > 0)
        return refuse_journal(path, err);
    if (local.code != FIRN_OK) {
        if (err)
            *err = local;
        return local.code;
    }
    return firn_raise(err, FIRN_E_CONFLICT, "%s changes all the time", firn_quotec(path).s);
}
