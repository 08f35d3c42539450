/* SPDX-License-Identifier: Apache-2.0 */
/* env.h — the door to the operating system: clock, random numbers, files, counters.
 *
 * One environment a process, made by cli and reachable from everything that does I/O.  All
 * functions may be called from any thread. */
#ifndef FIRN_ENV_H
#define FIRN_ENV_H

#include "base/arena.h"
#include "base/io.h"

#include <pthread.h>

typedef struct firn_env firn_env;

/* What passed through the door; printed by runs, asserted by tests. */
typedef struct firn_env_counters {
    uint64_t files_published;
    uint64_t bytes_published;
    uint64_t objects_written; /* metadata files, manifests, lists */
    uint64_t bytes_written;
    uint64_t syncs;
} firn_env_counters;

/* *ret must be freed with firn_env_free. */
FIRN_NODISCARD firn_code firn_env_new(firn_env **ret, firn_err *err);
void firn_env_free(firn_env *env);

/* The table through which the Iceberg core reads and writes; valid as long as env. */
const firn_io *firn_env_io(firn_env *env);
firn_env_counters firn_env_count(firn_env *env);
/* As long as it is set, reading through that table fails with FIRN_E_CANCELLED. */
void firn_env_stop(firn_env *env, bool stop);

int64_t firn_env_now_us(firn_env *env);  /* wall clock since 1970, UTC */
int64_t firn_env_mono_us(firn_env *env); /* for durations */

/* With `lock` held: waits until `changed` is signalled (or for no reason), at most ms milliseconds;
 * false when they are over. */
bool firn_env_wait(pthread_cond_t *changed, pthread_mutex_t *lock, int64_t ms);

FIRN_NODISCARD firn_code firn_env_random(firn_env *env, void *p, size_t n, firn_err *err);

/* A random (version 4) UUID as 36 characters and NUL. */
#define FIRN_UUID_TEXT 37
FIRN_NODISCARD firn_code firn_env_uuid(firn_env *env, char out[FIRN_UUID_TEXT], firn_err *err);

/* --- local files --------------------------------------------------------------------------- */

/* "file:///a/b", "file:/a/b" and "/a/b" all name /a/b; another scheme: .p == NULL. */
firn_str firn_local_path(firn_str uri);
/* The absolute form of a path, without "." and ".." at the end of it; it need not exist. */
FIRN_NODISCARD firn_code firn_path_absolute(firn_str path, firn_arena *a, const char **ret,
                                            firn_err *err);

typedef struct firn_stat {
    uint64_t size;
    int64_t mtime_ns;
    int64_t ctime_ns;
    uint64_t inode;
    uint64_t device;
    bool is_file; /* regular */
    bool is_dir;
} firn_stat;
/* Follows symlinks.  FIRN_E_NOTFOUND. */
FIRN_NODISCARD firn_code firn_fs_stat(firn_env *env, const char *path, firn_stat *ret,
                                      firn_err *err);
bool firn_fs_exists(firn_env *env, const char *path);

/* Reads a whole file into `a`; the bytes are followed by a NUL that does not count. */
FIRN_NODISCARD firn_code firn_fs_read(firn_env *env, const char *path, uint64_t max_bytes,
                                      firn_arena *a, firn_slice *ret, firn_err *err);

/* Creates the folder and its parents; durable after firn_env_flush. */
FIRN_NODISCARD firn_code firn_fs_mkdirs(firn_env *env, const char *path, firn_err *err);

/* Creates a folder that nobody else may enter, in a folder where others may write, or makes sure
 * that what is there is one: no link, ours, not open to others' writes.  FIRN_E_IO. */
FIRN_NODISCARD firn_code firn_fs_private(const char *path, firn_err *err);

/* Names in a folder, sorted, without "." and "..", in `a`. */
FIRN_NODISCARD firn_code firn_fs_list(firn_env *env, const char *path, firn_arena *a,
                                      firn_str **ret, size_t *ret_count, firn_err *err);

/* Removes a file (absent is no error) or a whole tree, which must lie below `inside`. */
FIRN_NODISCARD firn_code firn_fs_remove(firn_env *env, const char *path, firn_err *err);
FIRN_NODISCARD firn_code firn_fs_remove_tree(firn_env *env, const char *path, const char *inside,
                                             firn_err *err);

/* Writes a file that may replace an older one: temporary name, fsync, rename. */
FIRN_NODISCARD firn_code firn_fs_replace(firn_env *env, const char *path, firn_slice bytes,
                                         firn_err *err);

/* --- publishing ---------------------------------------------------------------------------- */

/* Moves a finished scratch file to its place in a table: fsync, rename without overwrite.  Scratch
 * and table must be on one file system.  Durable after firn_env_flush.  FIRN_E_EXISTS. */
FIRN_NODISCARD firn_code firn_env_publish(firn_env *env, const char *scratch_path, firn_str uri,
                                          firn_err *err);

/* Syncs every folder whose entries changed since the last flush. */
FIRN_NODISCARD firn_code firn_env_flush(firn_env *env, firn_err *err);

#endif
