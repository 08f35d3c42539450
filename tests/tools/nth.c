/* SPDX-License-Identifier: Apache-2.0 */
/* nth — preloaded into a program (LD_PRELOAD), it makes the n-th call to the file system, or the
 * n-th allocation of a library, fail.  For tests/suites/nth.py.
 *
 *   NTH_IO     "12": the 12th call fails, "12+": all from then on
 *   NTH_ERRNO  with which errno (a number)
 *   NTH_BELOW  only calls on files below this folder count
 *   NTH_MEMORY as NTH_IO, for malloc, calloc and realloc called by …
 *   NTH_LIBS   … the libraries whose names begin with one of these words, ':' between them
 *   NTH_LOG    "io COUNTED FAILED NAME" and "memory COUNTED FAILED" go there in the end
 *
 * What counts: open, read, write, fsync, rename, link, unlink, mkdir, truncate and listing. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

typedef struct counting {
    _Atomic unsigned long counted;
    _Atomic unsigned long failed;
    unsigned long nth; /* 0: off */
    bool sticky;
} counting;

static counting io;
static counting memory;
static int io_errno = EIO;
static char below[PATH_MAX];
static size_t below_n;
static const char *_Atomic last = "-"; /* the call that failed last */

#define MAX_RANGES 64
static struct range {
    uintptr_t from;
    uintptr_t to;
} ranges[MAX_RANGES];
static size_t range_count;
static bool ready;

/* --- setting up ---------------------------------------------------------------------------- */

static void take(counting *c, const char *text)
{
    char *end = NULL;
    c->nth = text ? strtoul(text, &end, 10) : 0;
    c->sticky = text && *end == '+';
}

static bool is_listed(const char *name)
{
    const char *libs = getenv("NTH_LIBS");
    const char *slash = strrchr(name, '/');
    const char *base = slash ? slash + 1 : name;
    while (libs && *libs) {
        size_t n = strcspn(libs, ":");
        if (n && strncmp(base, libs, n) == 0)
            return true;
        libs += n + (libs[n] == ':');
    }
    return false;
}

static int find_range(struct dl_phdr_info *info, size_t size, void *arg)
{
    (void)size;
    (void)arg;
    for (int i = 0; i < info->dlpi_phnum && is_listed(info->dlpi_name); i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        if (p->p_type == PT_LOAD && (p->p_flags & PF_X) && range_count < MAX_RANGES)
            ranges[range_count++] = (struct range){info->dlpi_addr + p->p_vaddr,
                                                   info->dlpi_addr + p->p_vaddr + p->p_memsz};
    }
    return 0;
}

__attribute__((constructor)) static void set_up(void)
{
    const char *number = getenv("NTH_ERRNO");
    const char *folder = getenv("NTH_BELOW");
    take(&io, getenv("NTH_IO"));
    take(&memory, getenv("NTH_MEMORY"));
    io_errno = number ? (int)strtol(number, NULL, 10) : EIO;
    if (folder) {
        snprintf(below, sizeof below, "%s", folder);
        below_n = strlen(below);
    }
    dl_iterate_phdr(find_range, NULL);
    ready = true;
}

__attribute__((destructor)) static void tell(void)
{
    const char *log = getenv("NTH_LOG");
    ready = false;
    FILE *f = log ? fopen(log, "ae") : NULL;
    if (!f)
        return;
    fprintf(f, "io %lu %lu %s\nmemory %lu %lu\n", io.counted, io.failed, last, memory.counted,
            memory.failed);
    fclose(f);
}

static bool due(counting *c)
{
    if (!ready || c->nth == 0)
        return false;
    unsigned long now = atomic_fetch_add(&c->counted, 1) + 1;
    if (now < c->nth || (now > c->nth && !c->sticky))
        return false;
    atomic_fetch_add(&c->failed, 1);
    return true;
}

/* --- memory -------------------------------------------------------------------------------- */

static bool refused(void *caller)
{
    uintptr_t at = (uintptr_t)caller;
    for (size_t i = 0; i < range_count; i++)
        if (at >= ranges[i].from && at < ranges[i].to)
            return due(&memory);
    return false;
}

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

void *malloc(size_t n)
{
    if (range_count && refused(__builtin_return_address(0))) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    if (range_count && refused(__builtin_return_address(0))) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    if (range_count && refused(__builtin_return_address(0))) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_realloc(p, n);
}

/* --- files --------------------------------------------------------------------------------- */

static bool is_below(const char *path)
{
    return below_n && strncmp(path, below, below_n) == 0 &&
           (path[below_n] == '/' || path[below_n] == '\0');
}

static bool fails_at(const char *path, const char *name)
{
    char absolute[PATH_MAX];
    if (!ready || io.nth == 0 || !path)
        return false;
    if (path[0] != '/') {
        char cwd[PATH_MAX];
        if (!getcwd(cwd, sizeof cwd))
            return false;
        snprintf(absolute, sizeof absolute, "%.2000s/%.2000s", cwd,
                 strncmp(path, "./", 2) == 0 ? path + 2 : path);
        path = absolute;
    }
    if (!is_below(path) || !due(&io))
        return false;
    last = name;
    errno = io_errno;
    return true;
}

static bool fails_on(int fd, const char *name)
{
    char link[64];
    char path[PATH_MAX];
    if (!ready || io.nth == 0)
        return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0)
        return false;
    path[n] = '\0';
    return fails_at(path, name);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int open_real(int dir, const char *path, int flags, mode_t mode)
{
    return (int)syscall(SYS_openat, dir, path, flags, mode);
}

#define OPEN_MODE                                                                                  \
    mode_t mode = 0;                                                                               \
    if (flags & (O_CREAT | __O_TMPFILE)) {                                                         \
        va_list args;                                                                              \
        va_start(args, flags);                                                                     \
        mode = va_arg(args, mode_t);                                                               \
        va_end(args);                                                                              \
    }

int open(const char *path, int flags, ...)
{
    OPEN_MODE
    return fails_at(path, "open") ? -1 : open_real(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    OPEN_MODE
    return fails_at(path, "open") ? -1 : open_real(AT_FDCWD, path, flags, mode);
}

int openat(int dir, const char *path, int flags, ...)
{
    OPEN_MODE
    bool whole = dir == AT_FDCWD || path[0] == '/';
    return whole && fails_at(path, "open") ? -1 : open_real(dir, path, flags, mode);
}

ssize_t read(int fd, void *p, size_t n)
{
    return fails_on(fd, "read") ? -1 : REAL(read)(fd, p, n);
}

ssize_t pread(int fd, void *p, size_t n, off_t at)
{
    return fails_on(fd, "pread") ? -1 : REAL(pread)(fd, p, n, at);
}

ssize_t pread64(int fd, void *p, size_t n, off64_t at)
{
    return fails_on(fd, "pread") ? -1 : REAL(pread64)(fd, p, n, at);
}

ssize_t write(int fd, const void *p, size_t n)
{
    return fails_on(fd, "write") ? -1 : REAL(write)(fd, p, n);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
    return fails_on(fd, "pwrite") ? -1 : REAL(pwrite)(fd, p, n, at);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
    return fails_on(fd, "pwrite") ? -1 : REAL(pwrite64)(fd, p, n, at);
}

ssize_t writev(int fd, const struct iovec *v, int n)
{
    return fails_on(fd, "writev") ? -1 : REAL(writev)(fd, v, n);
}

int fsync(int fd)
{
    return fails_on(fd, "fsync") ? -1 : REAL(fsync)(fd);
}

int fdatasync(int fd)
{
    return fails_on(fd, "fdatasync") ? -1 : REAL(fdatasync)(fd);
}

int ftruncate(int fd, off_t n)
{
    return fails_on(fd, "ftruncate") ? -1 : REAL(ftruncate)(fd, n);
}

int ftruncate64(int fd, off64_t n)
{
    return fails_on(fd, "ftruncate") ? -1 : REAL(ftruncate64)(fd, n);
}

int rename(const char *from, const char *to)
{
    return fails_at(to, "rename") ? -1 : REAL(rename)(from, to);
}

int renameat2(int a, const char *from, int b, const char *to, unsigned flags)
{
    return fails_at(to, "renameat2") ? -1 : REAL(renameat2)(a, from, b, to, flags);
}

int link(const char *from, const char *to)
{
    return fails_at(to, "link") ? -1 : REAL(link)(from, to);
}

int unlink(const char *path)
{
    return fails_at(path, "unlink") ? -1 : REAL(unlink)(path);
}

int mkdir(const char *path, mode_t mode)
{
    return fails_at(path, "mkdir") ? -1 : REAL(mkdir)(path, mode);
}

DIR *opendir(const char *path)
{
    return fails_at(path, "opendir") ? NULL : REAL(opendir)(path);
}

struct dirent *readdir(DIR *d)
{
    return fails_on(dirfd(d), "readdir") ? NULL : REAL(readdir)(d);
}
