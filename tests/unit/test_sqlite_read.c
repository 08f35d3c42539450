/* SPDX-License-Identifier: Apache-2.0 */
/* catalog/sqlite_read: what it reads of a file and its log is what SQLite itself makes of them, of
 * copies of the same bytes: at every length of the log, with bytes changed in it, at every size of
 * pages. */
#include "check.h"

#include "base/buf.h"
#include "catalog/sqlite_read.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64];
static firn_err E;

static uint64_t seed;

/* The same numbers each time. */
static size_t some(void)
{
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    return (size_t)(seed >> 33);
}

static const char *path_of(const char *name)
{
    static char paths[8][128];
    static unsigned next;
    char *p = paths[next++ % 8];
    snprintf(p, sizeof paths[0], "%s/%s", dir, name);
    return p;
}

/* --- files --------------------------------------------------------------------------------- */

typedef struct content {
    uint8_t *p;
    size_t n;
} content;

static content load(const char *path)
{
    content c = {0};
    FILE *f = fopen(path, "rb");
    if (!f)
        return c;
    c.p = calloc(1, 1 << 22);
    assert_non_null(c.p);
    c.n = fread(c.p, 1, 1 << 22, f);
    fclose(f);
    return c;
}

static void store(const char *path, const uint8_t *p, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    fclose(f);
}

/* --- asking -------------------------------------------------------------------------------- */

static int collect(void *arg, int n, char **values, char **names FIRN_UNUSED)
{
    firn_buf *out = arg;
    for (int i = 0; i < n; i++)
        check_ok(firn_buf_addf(out, &E, "%s|", values[i] ? values[i] : "NULL"), &E);
    return 0;
}

/* All rows, or "?" when there is no such table. */
static void ask(sqlite3 *db, firn_buf *out)
{
    firn_buf_clear(out);
    if (sqlite3_exec(db, "SELECT a, length(b), hex(substr(b, 1, 9)) FROM t ORDER BY a", collect,
                     out, NULL) != SQLITE_OK)
        check_ok(firn_buf_adds(out, "?", &E), &E);
}

static void ask_sqlite(const char *path, firn_buf *out)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    ask(db, out);
    sqlite3_close(db);
}

static firn_code ask_us(const char *path, firn_buf *out)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    firn_code code = firn_sqlite_read(path, db, &E);
    if (code == FIRN_OK)
        ask(db, out);
    sqlite3_close(db);
    return code;
}

/* Ours first: SQLite puts the log away when it closes the file. */
static void compare(const content *file, const uint8_t *log, size_t log_n, const char *what)
{
    firn_buf ours = FIRN_BUF(1 << 20);
    firn_buf theirs = FIRN_BUF(1 << 20);
    unlink(path_of("copy.db-shm"));
    store(path_of("copy.db"), file->p, file->n);
    store(path_of("copy.db-wal"), log, log_n);
    check_ok(ask_us(path_of("copy.db"), &ours), &E);
    assert_int_equal(access(path_of("copy.db-shm"), F_OK), -1);
    ask_sqlite(path_of("copy.db"), &theirs);
    if (strcmp(firn_buf_cstr(&ours), firn_buf_cstr(&theirs)) != 0)
        fail_msg("%s: '%s', SQLite says '%s'", what, firn_buf_cstr(&ours), firn_buf_cstr(&theirs));
    firn_buf_free(&ours);
    firn_buf_free(&theirs);
}

/* --- cases --------------------------------------------------------------------------------- */

static sqlite3 *make(int page_size)
{
    sqlite3 *db = NULL;
    char sql[256];
    unlink(path_of("a.db"));
    unlink(path_of("a.db-wal"));
    unlink(path_of("a.db-shm"));
    assert_int_equal(sqlite3_open(path_of("a.db"), &db), SQLITE_OK);
    snprintf(sql, sizeof sql,
             "PRAGMA page_size=%d; PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;"
             "CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)",
             page_size);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    return db;
}

static void change(sqlite3 *db, unsigned i)
{
    char sql[256];
    snprintf(sql, sizeof sql,
             "INSERT OR REPLACE INTO t VALUES(%u, randomblob(%u)); DELETE FROM t WHERE a = %u",
             i % 7, 40 + i * 331 % 3000, (i + 3) % 11);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static void cut_anywhere(int page_size)
{
    sqlite3 *db = make(page_size);
    for (unsigned i = 0; i < 9; i++) {
        change(db, i);
        if (i == 4) /* the log begins anew, over what it held */
            assert_int_equal(sqlite3_exec(db, "PRAGMA wal_checkpoint(RESTART)", NULL, NULL, NULL),
                             SQLITE_OK);
    }
    content file = load(path_of("a.db"));
    content log = load(path_of("a.db-wal"));
    assert_true(log.n > 32);
    for (size_t n = 0; n <= log.n; n += n < 64 ? 1 : 977)
        compare(&file, log.p, n, "cut");
    compare(&file, log.p, log.n, "whole");
    free(file.p);
    free(log.p);
    sqlite3_close(db);
}

static void pages(void **state FIRN_UNUSED)
{
    static const int sizes[] = {512, 1024, 4096, 65536};
    for (size_t i = 0; i < FIRN_COUNT_OF(sizes); i++)
        cut_anywhere(sizes[i]);
}

static void changed_bytes(void **state FIRN_UNUSED)
{
    sqlite3 *db = make(1024);
    for (unsigned i = 0; i < 6; i++)
        change(db, i);
    content file = load(path_of("a.db"));
    content log = load(path_of("a.db-wal"));
    seed = 1;
    for (int i = 0; i < 300; i++) {
        size_t at = some() % log.n;
        uint8_t was = log.p[at];
        log.p[at] = (uint8_t)(was + 1 + some() % 255);
        compare(&file, log.p, log.n, "changed");
        log.p[at] = was;
    }
    free(file.p);
    free(log.p);
    sqlite3_close(db);
}

/* Any error, or anything else: but no fault. */
static void damaged_file(void **state FIRN_UNUSED)
{
    firn_buf out = FIRN_BUF(1 << 20);
    sqlite3 *db = make(1024);
    change(db, 1);
    sqlite3_close(db);
    content file = load(path_of("a.db"));
    seed = 2;
    unlink(path_of("copy.db-wal"));
    for (int i = 0; i < 300; i++) {
        size_t at = some() % FIRN_MIN(file.n, (size_t)1100);
        uint8_t was = file.p[at];
        file.p[at] = (uint8_t)some();
        store(path_of("copy.db"), file.p, i % 3 ? file.n : some() % file.n);
        firn_code code = ask_us(path_of("copy.db"), &out);
        assert_true(code == FIRN_OK || code == FIRN_E_DATA);
        file.p[at] = was;
    }
    free(file.p);
    firn_buf_free(&out);
}

static void not_there(void **state FIRN_UNUSED)
{
    firn_buf out = FIRN_BUF(1 << 20);
    check_ok(ask_us(path_of("nix.db"), &out), &E);
    check_str(firn_buf_str(&out), "?");
    store(path_of("empty.db"), (const uint8_t *)"", 0);
    check_ok(ask_us(path_of("empty.db"), &out), &E);
    store(path_of("text.db"), (const uint8_t *)"no database at all", 18);
    check_fails(ask_us(path_of("text.db"), &out), FIRN_E_DATA, &E, "text.db");
    firn_buf_free(&out);
}

/* A change that was not finished: told, after a while, and not half of it read. */
static void hot_journal(void **state FIRN_UNUSED)
{
    static const uint8_t journal[] = {0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7, 0, 0, 0, 1};
    firn_buf out = FIRN_BUF(1 << 20);
    sqlite3 *db = make(1024);
    sqlite3_close(db);
    store(path_of("a.db-journal"), journal, sizeof journal);
    check_fails(ask_us(path_of("a.db"), &out), FIRN_E_CONFLICT, &E, "a.db");
    unlink(path_of("a.db-journal"));
    check_ok(ask_us(path_of("a.db"), &out), &E);
    firn_buf_free(&out);
}

static int make_dir(void **state FIRN_UNUSED)
{
    const char *base = getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%.30s/firn-read-XXXXXX", base ? base : "/tmp");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state FIRN_UNUSED)
{
    static const char *const names[] = {"a.db",        "a.db-wal",    "a.db-shm", "copy.db",
                                        "copy.db-wal", "copy.db-shm", "empty.db", "text.db"};
    for (size_t i = 0; i < FIRN_COUNT_OF(names); i++)
        unlink(path_of(names[i]));
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages),        cmocka_unit_test(changed_bytes),
        cmocka_unit_test(damaged_file), cmocka_unit_test(not_there),
        cmocka_unit_test(hot_journal),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
