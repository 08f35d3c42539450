/* SPDX-License-Identifier: Apache-2.0 */
/* Local files: reading, listing, and writing that survives a power cut.
 *
 * A file becomes durable in two steps: its bytes are synced before it gets its name, and the
 * folder that holds the name is remembered and synced by firn_env_flush.  A failed fsync is never
 * tried again on the same descriptor: the kernel may have dropped the pages. */
#include "env/env_int.h"

#include "base/mem.h"
#include "base/str.h"
#include "env/fail.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* --- names --------------------------------------------------------------------------------- */

firn_str firn_local_path(firn_str uri)
{
    if (firn_str_starts(uri, "file://"))
        return (firn_str){uri.p + 7, uri.n - 7};
    if (firn_str_starts(uri, "file:"))
        return (firn_str){uri.p + 5, uri.n - 5};
    if (uri.n && uri.p[0] == '/')
        return uri;
    return (firn_str){NULL, 0};
}

firn_code firn_local_cpath(firn_str uri, firn_arena *a, const char **ret, firn_err *err)
{
    firn_str path = firn_local_path(uri);
    if (!path.p || path.n == 0 || path.p[0] != '/')
        return firn_raise(err, FIRN_E_UNSUPPORTED, "%s is not a local path", firn_quote(uri).s);
    if (memchr(path.p, '\0', path.n))
        return firn_raise(err, FIRN_E_INVAL, "%s holds a NUL", firn_quote(uri).s);
    *ret = firn_arena_strndup(a, path.p, path.n);
    return *ret ? FIRN_OK : firn_arena_raise(a, err);
}

firn_code firn_path_absolute(firn_str path, firn_arena *a, const char **ret, firn_err *err)
{
    char cwd[PATH_MAX];
    bool relative = path.n == 0 || path.p[0] != '/';
    if (relative && !getcwd(cwd, sizeof cwd))
        return firn_raise_errno(err, errno, "the current folder");
    while (path.n >= 2 && path.p[0] == '.' && path.p[1] == '/')
        path = (firn_str){path.p + 2, path.n - 2};
    while (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    if (relative && (path.n == 0 || firn_str_eqc(path, ".")))
        *ret = firn_arena_strdup(a, cwd);
    else if (relative)
        *ret = firn_arena_printf(a, "%s/%.*s", firn_str_eqc(firn_str_of(cwd), "/") ? "" : cwd,
                                 FIRN_STR_ARG(path));
    else
        *ret = firn_arena_strndup(a, path.p, path.n);
    return *ret ? FIRN_OK : firn_arena_raise(a, err);
}

/* --- reading ------------------------------------------------------------------------------- */

static int64_t ns_of(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

firn_code firn_fs_stat(firn_env *env FIRN_UNUSED, const char *path, firn_stat *ret, firn_err *err)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return firn_raise_errno(err, errno, "%s", firn_quotec(path).s);
    *ret = (firn_stat){
        .size = (uint64_t)st.st_size,
        .mtime_ns = ns_of(st.st_mtim),
        .ctime_ns = ns_of(st.st_ctim),
        .inode = st.st_ino,
        .device = st.st_dev,
        .is_file = S_ISREG(st.st_mode),
        .is_dir = S_ISDIR(st.st_mode),
    };
    return FIRN_OK;
}

bool firn_fs_exists(firn_env *env FIRN_UNUSED, const char *path)
{
    return access(path, F_OK) == 0;
}

static firn_code read_fully(int fd, uint8_t *p, size_t n, size_t *ret, firn_err *err)
{
    size_t done = 0;
    while (done < n) {
        ssize_t got = read(fd, p + done, n - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return firn_raise_errno(err, errno, "read");
        if (got == 0)
            break;
        done += (size_t)got;
    }
    *ret = done;
    return FIRN_OK;
}

firn_code firn_fs_read(firn_env *env FIRN_UNUSED, const char *path, uint64_t max_bytes,
                       firn_arena *a, firn_slice *ret, firn_err *err)
{
    FIRN_AUTO(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0)
        return firn_raise_errno(err, errno, "%s", firn_quotec(path).s);
    if (!S_ISREG(st.st_mode))
        return firn_raise(err, FIRN_E_INVAL, "%s is not a regular file", firn_quotec(path).s);
    if ((uint64_t)st.st_size > max_bytes)
        return firn_raise(err, FIRN_E_LIMIT, "%s has %lld bytes; at most %llu are read",
                          firn_quotec(path).s, (long long)st.st_size,
                          (unsigned long long)max_bytes);
    size_t size = (size_t)st.st_size;
    uint8_t *p = firn_arena_alloc(a, size + 1);
    if (!p)
        return firn_arena_raise(a, err);
    size_t got = 0;
    if (read_fully(fd, p, size, &got, err) != FIRN_OK)
        return firn_wrap(err, "%s", firn_quotec(path).s);
    p[got] = '\0';
    *ret = (firn_slice){p, got};
    return FIRN_OK;
}

static int by_name(const void *a, const void *b)
{
    return firn_str_cmp(*(const firn_str *)a, *(const firn_str *)b);
}

static void close_dir(DIR **d)
{
    if (*d)
        closedir(*d);
    *d = NULL;
}

firn_code firn_fs_list(firn_env *env FIRN_UNUSED, const char *path, firn_arena *a, firn_str **ret,
                       size_t *ret_count, firn_err *err)
{
    FIRN_AUTO(close_dir) DIR *d = opendir(path);
    if (!d)
        return firn_raise_errno(err, errno, "%s", firn_quotec(path).s);
    FIRN_VEC(firn_str) names = {0};
    for (;;) {
        errno = 0;
        struct dirent *e = readdir(d);
        if (!e && errno)
            return firn_raise_errno(err, errno, "listing %s", firn_quotec(path).s);
        if (!e)
            break;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        firn_str name = firn_arena_str(a, firn_str_of(e->d_name));
        if (!name.p || !firn_vec_push(a, &names, name))
            return firn_arena_raise(a, err);
    }
    if (names.n)
        qsort(names.v, names.n, sizeof *names.v, by_name);
    *ret = names.v;
    *ret_count = names.n;
    return FIRN_OK;
}

/* --- folders and their syncing ------------------------------------------------------------- */

static firn_code mark_folder(firn_env *env, firn_str dir, firn_err *err)
{
    firn_code code = FIRN_OK;
    pthread_mutex_lock(&env->lock);
    if (!firn_map_get(&env->dirty, dir)) {
        firn_str copy = firn_arena_str(env->arena, dir);
        static int present;
        if (!copy.p || !firn_map_put(&env->dirty, copy, &present))
            code = firn_raise_nomem(err);
    }
    pthread_mutex_unlock(&env->lock);
    return code;
}

/* Remembers the folder that holds `path` for the next flush. */
static firn_code mark_parent(firn_env *env, const char *path, firn_err *err)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return firn_raise(err, FIRN_E_INVAL, "%s is not absolute", firn_quotec(path).s);
    firn_str dir = {path, slash == path ? 1 : (size_t)(slash - path)};
    return mark_folder(env, dir, err);
}

static firn_code sync_fd(firn_env *env, int fd, const char *path, firn_err *err)
{
    pthread_mutex_lock(&env->lock);
    env->counters.syncs++;
    pthread_mutex_unlock(&env->lock);
    if (fsync(fd) != 0)
        return firn_raise_errno(err, errno, "fsync of %s", firn_quotec(path).s);
    return FIRN_OK;
}

static firn_code sync_dir(firn_env *env, const char *path, firn_err *err)
{
    FIRN_AUTO(close_fd) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return firn_raise_errno(err, errno, "%s", firn_quotec(path).s);
    return sync_fd(env, fd, path, err);
}

/* Takes the marked folders out of the environment: marks made from now on belong to the next
 * flush. */
static firn_arena *take_dirty(firn_env *env, firn_map *ret)
{
    firn_arena *fresh = firn_arena_new("the list of changed folders", 0);
    if (!fresh)
        return NULL;
    pthread_mutex_lock(&env->lock);
    firn_arena *taken = env->arena;
    *ret = env->dirty;
    env->arena = fresh;
    env->dirty = FIRN_MAP(fresh);
    pthread_mutex_unlock(&env->lock);
    return taken;
}

/* Syncs the folders from *done on. */
static firn_code sync_dirs(firn_env *env, const firn_map *dirty, size_t *done, firn_err *err)
{
    for (; *done < dirty->n; (*done)++) {
        const char *path = dirty->v[*done].key.p; /* copies made by mark_folder end in NUL */
        firn_code code = sync_dir(env, path, err);
        if (code != FIRN_E_NOTFOUND) /* else removed again in the meantime: nothing to keep */
            FIRN_TRY(code);
    }
    return FIRN_OK;
}

static firn_code flush_folders(firn_env *env, firn_err *err)
{
    firn_map dirty;
    size_t done = 0;
    FIRN_AUTO(firn_arena_freep) firn_arena *taken = take_dirty(env, &dirty);
    if (!taken)
        return firn_raise_nomem(err);
    firn_code code = sync_dirs(env, &dirty, &done, err);
    /* what is not synced must not be taken for synced by the next flush */
    for (; done < dirty.n; done++)
        if (mark_folder(env, dirty.v[done].key, NULL) != FIRN_OK)
            return firn_raise_nomem(err);
    return code;
}

/* One at a time: who finds nothing to sync must not go ahead while another still syncs what both
 * need. */
firn_code firn_env_flush(firn_env *env, firn_err *err)
{
    FIRN_TRY(FIRN_FAIL("flush.before", err));
    pthread_mutex_lock(&env->folders);
    firn_code code = flush_folders(env, err);
    pthread_mutex_unlock(&env->folders);
    FIRN_TRY(code);
    return FIRN_FAIL("flush.after", err);
}

static firn_code make_folders(firn_env *env, const char *path, size_t n, firn_err *err)
{
    char part[PATH_MAX];
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0777) == 0) {
            FIRN_TRY(mark_parent(env, part, err));
            continue;
        }
        if (errno != EEXIST)
            return firn_raise_errno(err, errno, "cannot create the folder %s", firn_quotec(part).s);
    }
    return FIRN_OK;
}

/* A folder is made and marked in one step: who finds it there flushes it too. */
firn_code firn_fs_mkdirs(firn_env *env, const char *path, firn_err *err)
{
    size_t n = strlen(path);
    if (n >= PATH_MAX || path[0] != '/')
        return firn_raise(err, FIRN_E_INVAL, "%s is no absolute path of at most %d bytes",
                          firn_quotec(path).s, PATH_MAX);
    if (firn_fs_exists(env, path))
        return FIRN_OK;
    pthread_mutex_lock(&env->folders);
    firn_code code = make_folders(env, path, n, err);
    pthread_mutex_unlock(&env->folders);
    return code;
}

static firn_code not_private(const char *path, const char *why, firn_err *err)
{
    firn_raise(err, FIRN_E_IO, "the folder for scratch files, %s, %s", firn_quotec(path).s, why);
    return firn_err_advise(err, "remove it, or let TMPDIR in the environment name a folder that is "
                                "yours alone");
}

firn_code firn_fs_private(const char *path, firn_err *err)
{
    struct stat st;
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        firn_raise_errno(err, errno, "cannot create the folder %s for scratch files",
                         firn_quotec(path).s);
        return firn_err_advise(err, "let TMPDIR in the environment name a folder that you may "
                                    "write to");
    }
    FIRN_AUTO(close_fd) int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
        return not_private(path, "is a link or a file", err);
    if (fd < 0 && errno == EACCES)
        return not_private(path, "is closed to this user", err);
    if (fd < 0 || fstat(fd, &st) != 0)
        return firn_raise_errno(err, errno, "the folder %s", firn_quotec(path).s);
    if (st.st_uid != geteuid())
        return not_private(path, "belongs to another user", err);
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        return not_private(path, "may be written to by other users", err);
    if ((st.st_mode & 07777) != 0700 && fchmod(fd, 0700) != 0)
        return firn_raise_errno(err, errno, "the folder %s", firn_quotec(path).s);
    return FIRN_OK;
}

static firn_code mkdirs_for(firn_env *env, const char *file_path, firn_err *err)
{
    char dir[PATH_MAX];
    const char *slash = strrchr(file_path, '/');
    if (!slash || (size_t)(slash - file_path) >= sizeof dir)
        return firn_raise(err, FIRN_E_INVAL, "%s is no absolute path", firn_quotec(file_path).s);
    memcpy(dir, file_path, (size_t)(slash - file_path));
    dir[slash - file_path] = '\0';
    return dir[0] ? firn_fs_mkdirs(env, dir, err) : FIRN_OK;
}

/* --- writing ------------------------------------------------------------------------------- */

static firn_code write_fully(int fd, firn_slice bytes, const char *path, firn_err *err)
{
    size_t done = 0;
    while (done < bytes.n) {
        ssize_t put = write(fd, bytes.p + done, bytes.n - done);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return firn_raise_errno(err, errno, "cannot write %s", firn_quotec(path).s);
        done += (size_t)put;
    }
    return FIRN_OK;
}

/* Writes and syncs a temporary file beside `path`; its name comes back in tmp. */
static firn_code write_temporary(firn_env *env, const char *path, firn_slice bytes,
                                 char tmp[PATH_MAX], firn_err *err)
{
    uint64_t unique;
    const char *slash = strrchr(path, '/');
    FIRN_TRY(mkdirs_for(env, path, err));
    FIRN_TRY(firn_env_random(env, &unique, sizeof unique, err));
    int n = snprintf(tmp, PATH_MAX, "%.*s/.%.180s.%016llx.tmp", (int)(slash - path), path,
                     slash + 1, (unsigned long long)unique);
    if (n < 0 || n >= PATH_MAX)
        return firn_raise(err, FIRN_E_INVAL, "%s is too long a path", firn_quotec(path).s);
    FIRN_AUTO(close_fd) int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return firn_raise_errno(err, errno, "cannot create %s", firn_quotec(tmp).s);
    firn_code code = write_fully(fd, bytes, path, err);
    if (code == FIRN_OK)
        code = sync_fd(env, fd, path, err);
    if (code != FIRN_OK)
        unlink(tmp);
    return code;
}

/* Renames without overwriting. */
static firn_code rename_new(const char *from, const char *to, firn_err *err)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return FIRN_OK;
    if (errno != EINVAL && errno != ENOSYS)
        return firn_raise_errno(err, errno, "cannot create %s", firn_quotec(to).s);
    /* a file system without RENAME_NOREPLACE: a hard link refuses to replace as well */
    if (link(from, to) != 0)
        return firn_raise_errno(err, errno, "cannot create %s", firn_quotec(to).s);
    if (unlink(from) != 0)
        return firn_raise_errno(err, errno, "cannot remove %s", firn_quotec(from).s);
    return FIRN_OK;
}

static firn_code write_new_at(firn_env *env, const char *path, firn_slice bytes, firn_err *err)
{
    char tmp[PATH_MAX];
    FIRN_TRY(FIRN_FAIL("write.before", err));
    FIRN_TRY(write_temporary(env, path, bytes, tmp, err));
    firn_code code = FIRN_FAIL("write.before_rename", err);
    if (code == FIRN_OK)
        code = rename_new(tmp, path, err);
    if (code != FIRN_OK) {
        unlink(tmp);
        return code;
    }
    pthread_mutex_lock(&env->lock);
    env->counters.objects_written++;
    env->counters.bytes_written += bytes.n;
    pthread_mutex_unlock(&env->lock);
    return mark_parent(env, path, err);
}

firn_code firn_local_write_new(void *ctx, firn_str uri, firn_slice bytes, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a path", 0);
    if (!a)
        return firn_raise_nomem(err);
    const char *path;
    FIRN_TRY(firn_local_cpath(uri, a, &path, err));
    return write_new_at(ctx, path, bytes, err);
}

firn_code firn_fs_replace(firn_env *env, const char *path, firn_slice bytes, firn_err *err)
{
    char tmp[PATH_MAX];
    FIRN_TRY(write_temporary(env, path, bytes, tmp, err));
    if (rename(tmp, path) != 0) {
        int saved = errno;
        unlink(tmp);
        return firn_raise_errno(err, saved, "cannot replace %s", firn_quotec(path).s);
    }
    return mark_parent(env, path, err);
}

firn_code firn_env_publish(firn_env *env, const char *scratch_path, firn_str uri, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a path", 0);
    if (!a)
        return firn_raise_nomem(err);
    const char *path;
    struct stat st;
    FIRN_TRY(firn_local_cpath(uri, a, &path, err));
    FIRN_TRY(FIRN_FAIL("publish.before_sync", err));

    FIRN_AUTO(close_fd) int fd = open(scratch_path, O_RDWR | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        return firn_raise_errno(err, errno, "%s", firn_quotec(scratch_path).s);
    FIRN_TRY(sync_fd(env, fd, scratch_path, err));
    FIRN_TRY(mkdirs_for(env, path, err));
    FIRN_TRY(FIRN_FAIL("publish.before_rename", err));
    FIRN_TRY(rename_new(scratch_path, path, err));
    FIRN_TRY(FIRN_FAIL("publish.after_rename", err));

    pthread_mutex_lock(&env->lock);
    env->counters.files_published++;
    env->counters.bytes_published += (uint64_t)st.st_size;
    pthread_mutex_unlock(&env->lock);
    return mark_parent(env, path, err);
}

/* --- removing ------------------------------------------------------------------------------ */

firn_code firn_fs_remove(firn_env *env FIRN_UNUSED, const char *path, firn_err *err)
{
    if (unlink(path) == 0 || errno == ENOENT)
        return FIRN_OK;
    return firn_raise_errno(err, errno, "cannot remove %s", firn_quotec(path).s);
}

firn_code firn_local_remove(void *ctx, firn_str uri, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a path", 0);
    if (!a)
        return firn_raise_nomem(err);
    const char *path;
    FIRN_TRY(firn_local_cpath(uri, a, &path, err));
    return firn_fs_remove(ctx, path, err);
}

/* Removes one level at a time through descriptors: a symlink is removed, never followed. */
static firn_code remove_in(int parent, const char *name, int depth, firn_err *err)
{
    if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
        return FIRN_OK;
    if (errno != EISDIR && errno != EPERM)
        return firn_raise_errno(err, errno, "cannot remove %s", firn_quotec(name).s);
    if (depth > 64)
        return firn_raise(err, FIRN_E_LIMIT, "%s is nested too deeply", firn_quotec(name).s);
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return firn_raise_errno(err, errno, "%s", firn_quotec(name).s);
    FIRN_AUTO(close_dir) DIR *d = fdopendir(fd);
    if (!d) {
        close(fd);
        return firn_raise_errno(err, ENOMEM, "%s", firn_quotec(name).s);
    }
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        FIRN_TRY(remove_in(dirfd(d), e->d_name, depth + 1, err));
    }
    if (unlinkat(parent, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
        return firn_raise_errno(err, errno, "cannot remove the folder %s", firn_quotec(name).s);
    return FIRN_OK;
}

firn_code firn_fs_remove_tree(firn_env *env FIRN_UNUSED, const char *path, const char *inside,
                              firn_err *err)
{
    size_t n = strlen(inside);
    firn_assert(strncmp(path, inside, n) == 0 && path[n] == '/' && path[n + 1] != '\0' &&
                !strstr(path + n, "/../"));
    return remove_in(AT_FDCWD, path, 0, err);
}
