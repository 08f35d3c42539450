/* SPDX-License-Identifier: Apache-2.0 */
/* powercut — preloaded into a program (LD_PRELOAD), it keeps what the program synced: what would be
 * left after a power cut.  tests/suites/durability.py puts the kept things together.
 *
 *   POWERCUT_DIR     folder for what is kept: a copy of each synced file, the entries of each
 * synced folder, and `log`, a line for each sync POWERCUT_BELOW   only what lies below this folder
 * is looked at (or is the folder itself) POWERCUT_AT      the number of the sync behind which the
 * program is killed; 0: never POWERCUT_IGNORE  patterns with `:` between them; a sync of a path
 * that fits one is not made and not kept, as if the program had forgotten it
 *
 * A file is told by its inode and the time it was made, for inodes are used again. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned long syncs;

int powercut_id(const char *path, char *id, size_t size);

/* Writes what tells the file at `path` from all others; returns 0, or -1 with errno set. */
int powercut_id(const char *path, char *id, size_t size)
{
    struct statx x;
    int flags = AT_SYMLINK_NOFOLLOW;
    if (statx(AT_FDCWD, path, flags, STATX_INO | STATX_BTIME | STATX_TYPE, &x) != 0)
        return -1;
    snprintf(id, size, "%s%llu.%lld.%u", S_ISDIR(x.stx_mode) ? "d" : "f",
             (unsigned long long)x.stx_ino, (long long)x.stx_btime.tv_sec, x.stx_btime.tv_nsec);
    return 0;
}

/* The test is worth nothing if keeping fails: stop loudly. */
static void fail(const char *what)
{
    fprintf(stderr, "powercut: %s: %s\n", what, strerror(errno));
    abort();
}

static FILE *create(const char *name, const char *mode)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", getenv("POWERCUT_DIR"), name);
    FILE *f = fopen(path, mode);
    if (!f)
        fail(path);
    return f;
}

static void keep_file(const char *path, const char *name)
{
    char block[1 << 16];
    FILE *from = fopen(path, "r");
    FILE *to = create(name, "w");
    if (!from)
        fail(path);
    for (size_t n; (n = fread(block, 1, sizeof block, from)) > 0;)
        if (fwrite(block, 1, n, to) != n)
            fail(name);
    fclose(from);
    if (fclose(to) != 0)
        fail(name);
}

static void keep_folder(const char *path, const char *name)
{
    char entry[2 * PATH_MAX];
    char id[96];
    DIR *d = opendir(path);
    FILE *to = create(name, "w");
    if (!d)
        fail(path);
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        snprintf(entry, sizeof entry, "%s/%s", path, e->d_name);
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
            powercut_id(entry, id, sizeof id) == 0)
            fprintf(to, "%s %s\n", id, e->d_name);
    }
    closedir(d);
    if (fclose(to) != 0)
        fail(name);
}

/* Keeps the n-th sync and dies if it is the one to die behind. */
static void keep(const char *path, const char *id)
{
    char name[32];
    const char *at = getenv("POWERCUT_AT");
    unsigned long n = ++syncs;
    snprintf(name, sizeof name, "%lu", n);
    if (id[0] == 'd')
        keep_folder(path, name);
    else
        keep_file(path, name);
    FILE *log = create("log", "a");
    fprintf(log, "%lu %s %s\n", n, id, path);
    if (fclose(log) != 0)
        fail("log");
    if (at && strtoul(at, NULL, 10) == n)
        kill(getpid(), SIGKILL);
}

static int is_below(const char *path)
{
    const char *top = getenv("POWERCUT_BELOW");
    size_t n = top ? strlen(top) : 0;
    return n && strncmp(path, top, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

static int is_ignored(const char *path)
{
    const char *pattern = getenv("POWERCUT_IGNORE");
    return pattern && fnmatch(pattern, path, 0) == 0;
}

static void be_slow(void)
{
    const char *slow = getenv("POWERCUT_SLOW");
    long ms = slow ? strtol(slow, NULL, 10) : 0;
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

static int sync_of(long call, int fd)
{
    char link[64];
    char path[PATH_MAX];
    char id[96];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    path[n > 0 ? n : 0] = '\0';
    if (!getenv("POWERCUT_DIR") || !is_below(path))
        return (int)syscall(call, fd);
    if (is_ignored(path))
        return 0;
    if (powercut_id(path, id, sizeof id) == 0 && id[0] == 'd')
        be_slow();
    pthread_mutex_lock(&lock);
    int rc = (int)syscall(call, fd);
    int saved = errno;
    if (rc == 0 && powercut_id(path, id, sizeof id) == 0)
        keep(path, id);
    pthread_mutex_unlock(&lock);
    errno = saved;
    return rc;
}

int fsync(int fd)
{
    return sync_of(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return sync_of(SYS_fdatasync, fd);
}
