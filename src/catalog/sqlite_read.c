/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite itself opens a log for writing and changes its owner, even of a database that it opens to
 * be read; so file and log are read as bytes here, the committed frames of the log are put over the
 * file's pages, and SQLite gets the result.
 * Sources: sqlite.org/fileformat2.html, "The Write-Ahead Log"; sqlite.org/walformat.html.
 *
 * No lock is taken.  What was read is believed if a second look shows the same file, and a log that
 * was not begun anew: a log only grows until all of it is in the file. */
#include "catalog/sqlite_read.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAX_TRIES     100
#define PAUSE_MS      20
#define MAX_BYTES     ((size_t)1 << 30)
#define LOG_HEADER    32
#define FRAME_HEADER  24
#define LOG_MAGIC     0x377f0682U /* the last bit: words of checksums are big-endian */
#define READ_VERSION  18          /* bytes of the file's header: 2 is WAL, 1 is not */
#define WRITE_VERSION 19
#define FILE_HEADER   100

typedef struct bytes {
    uint8_t *p;
    size_t n;
    bool there;
    struct timespec changed;
} bytes;

static void bytes_free(bytes *b)
{
    firn_mem_free(b->p);
    *b = (bytes){0};
}

/* --- reading ------------------------------------------------------------------------------- */

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static firn_code read_all(int fd, const char *name, bytes *ret, firn_err *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return firn_raise_errno(err, errno, "%s", firn_quotec(name).s);
    if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > MAX_BYTES)
        return firn_raise(err, FIRN_E_LIMIT, "%s is no file of at most 1 GB", firn_quotec(name).s);
    size_t size = (size_t)st.st_size;
    ret->p = firn_mem_alloc(size + 1);
    if (!ret->p)
        return firn_raise_nomem(err);
    ret->there = true;
    ret->changed = st.st_mtim;
    while (ret->n < size) {
        ssize_t got = pread(fd, ret->p + ret->n, size - ret->n, (off_t)ret->n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return firn_raise_errno(err, errno, "%s", firn_quotec(name).s);
        if (got == 0)
            break;
        ret->n += (size_t)got;
    }
    return FIRN_OK;
}

/* A file that is not there is no error. */
static firn_code read_file(const char *path, const char *suffix, bytes *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf name = FIRN_BUF((size_t)1 << 16);
    FIRN_TRY(firn_buf_addf(&name, err, "%s%s", path, suffix));
    FIRN_AUTO(close_fd) int fd = open(firn_buf_cstr(&name), O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return FIRN_OK;
    if (fd < 0)
        return firn_raise_errno(err, errno, "%s", firn_quotec(firn_buf_cstr(&name)).s);
    return read_all(fd, firn_buf_cstr(&name), ret, err);
}

/* --- the log ------------------------------------------------------------------------------- */

static uint32_t get_be(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t get_le(const uint8_t *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static void add_checksum(const uint8_t *p, size_t n, bool big, uint32_t sum[2])
{
    for (size_t i = 0; i + 8 <= n; i += 8) {
        sum[0] += (big ? get_be(p + i) : get_le(p + i)) + sum[1];
        sum[1] += (big ? get_be(p + i + 4) : get_le(p + i + 4)) + sum[0];
    }
}

typedef struct wal {
    size_t page;   /* bytes */
    size_t frames; /* up to the last one that ends a commit */
    size_t pages;  /* of the database after that */
} wal;

static const uint8_t *frame_at(const bytes *log, const wal *w, size_t i)
{
    return log->p + LOG_HEADER + i * (FRAME_HEADER + w->page);
}

/* How much of the log counts: nothing of one that is empty or was not written to its end. */
static wal look_at_log(const bytes *log)
{
    wal w = {0};
    uint32_t sum[2] = {0};
    if (log->n < LOG_HEADER || (get_be(log->p) & ~1U) != LOG_MAGIC)
        return w;
    bool big = get_be(log->p) & 1;
    size_t page = get_be(log->p + 8);
    add_checksum(log->p, 24, big, sum);
    if (page < 512 || page > 65536 || sum[0] != get_be(log->p + 24) ||
        sum[1] != get_be(log->p + 28))
        return w;
    w.page = page;
    size_t count = (log->n - LOG_HEADER) / (FRAME_HEADER + page);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *f = frame_at(log, &w, i);
        bool ours = memcmp(f + 8, log->p + 16, 8) == 0; /* the salts */
        add_checksum(f, 8, big, sum);
        add_checksum(f + FRAME_HEADER, page, big, sum);
        if (!ours || get_be(f) == 0 || sum[0] != get_be(f + 16) || sum[1] != get_be(f + 20))
            break;
        if (get_be(f + 4)) {
            w.frames = i + 1;
            w.pages = get_be(f + 4);
        }
    }
    return w;
}

/* The pages of file and log, as SQLite wants them. */
static firn_code merge(const char *path, const bytes *file, const bytes *log, uint8_t **ret,
                       size_t *ret_n, firn_err *err)
{
    wal w = look_at_log(log);
    size_t n = w.frames ? w.pages * w.page : file->n;
    if (n > MAX_BYTES || (n && n < FILE_HEADER))
        return firn_raise(err, FIRN_E_DATA, "%s is no database", firn_quotec(path).s);
    uint8_t *p = n ? sqlite3_malloc64(n) : NULL;
    *ret = p;
    *ret_n = n;
    if (!p)
        return n ? firn_raise_nomem(err) : FIRN_OK;
    memset(p, 0, n);
    if (file->n)
        memcpy(p, file->p, FIRN_MIN(file->n, n));
    for (size_t i = 0; i < w.frames; i++) {
        const uint8_t *f = frame_at(log, &w, i);
        size_t at = (size_t)(get_be(f) - 1) * w.page;
        if (at + w.page <= n)
            memcpy(p + at, f + FRAME_HEADER, w.page);
    }
    p[READ_VERSION] = FIRN_MIN(p[READ_VERSION], 1);
    p[WRITE_VERSION] = FIRN_MIN(p[WRITE_VERSION], 1);
    return FIRN_OK;
}

/* --- one try ------------------------------------------------------------------------------- */

/* A journal whose beginning was not wiped out belongs to a change that is under way. */
static firn_code is_changing(const char *path, bool *ret, firn_err *err)
{
    static const uint8_t magic[] = {0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7};
    FIRN_AUTO(bytes_free) bytes journal = {0};
    FIRN_TRY(read_file(path, "-journal", &journal, err));
    *ret = journal.n >= sizeof magic && memcmp(journal.p, magic, sizeof magic) == 0;
    return FIRN_OK;
}

static bool same_bytes(const bytes *x, const bytes *y)
{
    return x->there == y->there && x->n == y->n && x->changed.tv_sec == y->changed.tv_sec &&
           x->changed.tv_nsec == y->changed.tv_nsec && (x->n == 0 || memcmp(x->p, y->p, x->n) == 0);
}

/* One that is gone was put into the file, which shows. */
static bool same_log(const bytes *was, const bytes *now)
{
    size_t n = FIRN_MIN(was->n, (size_t)LOG_HEADER);
    return n == 0 || (now->n >= n && memcmp(was->p, now->p, n) == 0);
}

/* The log before the file: what moves from one to the other meanwhile is in both. */
static firn_code try_read(const char *path, uint8_t **ret, size_t *ret_n, bool *ret_changing,
                          firn_err *err)
{
    FIRN_AUTO(bytes_free) bytes before = {0};
    FIRN_AUTO(bytes_free) bytes log = {0};
    FIRN_AUTO(bytes_free) bytes file = {0};
    FIRN_AUTO(bytes_free) bytes log_after = {0};
    bool journal;
    FIRN_TRY(read_file(path, "", &before, err));
    FIRN_TRY(read_file(path, "-wal", &log, err));
    FIRN_TRY(is_changing(path, &journal, err));
    FIRN_TRY(read_file(path, "", &file, err));
    FIRN_TRY(read_file(path, "-wal", &log_after, err));
    *ret_changing = journal || !same_bytes(&before, &file) || !same_log(&log, &log_after);
    return *ret_changing ? FIRN_OK : merge(path, &file, &log, ret, ret_n, err);
}

static firn_code refuse(const char *path, firn_err *err)
{
    firn_raise(err, FIRN_E_CONFLICT, "%s is being changed, or a program died while it changed it",
               firn_quotec(path).s);
    return firn_err_advise(err, "if nothing runs there, `firn tables` run once by its owner takes "
                                "the half change back");
}

static firn_code hand_over(const char *path, uint8_t *p, size_t n, sqlite3 *into, firn_err *err)
{
    if (n == 0)
        return FIRN_OK;
    int rc = sqlite3_deserialize(into, "main", p, (sqlite3_int64)n, (sqlite3_int64)n,
                                 SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(into, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        return FIRN_OK;
    return firn_raise(err, rc == SQLITE_NOMEM ? FIRN_E_NOMEM : FIRN_E_DATA, "%s: %s",
                      firn_quotec(path).s, sqlite3_errmsg(into));
}

firn_code firn_sqlite_read(const char *path, sqlite3 *into, firn_err *err)
{
    static const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    for (int i = 0; i < MAX_TRIES; i++) {
        uint8_t *p = NULL;
        size_t n = 0;
        bool changing;
        FIRN_TRY(try_read(path, &p, &n, &changing, err));
        if (!changing)
            return hand_over(path, p, n, into, err);
        nanosleep(&pause, NULL);
    }
    return refuse(path, err);
}

firn_code firn_sqlite_immutable_uri(const char *path, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, "file:", err));
    for (const char *p = path; *p; p++) {
        bool special = *p == '?' || *p == '#' || *p == '%';
        FIRN_TRY(special ? firn_buf_addf(out, err, "%%%02X", (unsigned)(unsigned char)*p)
                         : firn_buf_addc(out, *p, err));
    }
    return firn_buf_adds(out, "?immutable=1", err);
}
