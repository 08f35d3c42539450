/* SPDX-License-Identifier: Apache-2.0 */
/* What runs that died left behind: found by their scratch folder, whose lock died with them, and
 * told by their id, which stands in the name of every file they wrote.
 *
 * A file is removed only if no snapshot needs it that any of the tables still lists into which the
 * run wrote: several may keep their files in one folder.  All manifests are read; that is slow on a
 * large table, and happens after a crash only. */
#include "pipeline/context.h"

#include "base/map.h"
#include "base/str.h"
#include "env/fail.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUN_PREFIX_BYTES 30 /* what all names of a run have in common */

/* --- noting what a run touches ------------------------------------------------------------- */

static firn_code note_line(firn_str data_folder, firn_str metadata_folder, firn_ident ident,
                           firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *line = json_object();
    FIRN_TRY(firn_json_set(line, "data", firn_json_new_str(data_folder), err));
    FIRN_TRY(firn_json_set(line, "metadata", firn_json_new_str(metadata_folder), err));
    FIRN_TRY(firn_json_set(line, "namespace", firn_json_new_str(ident.ns), err));
    FIRN_TRY(firn_json_set(line, "table", firn_json_new_str(ident.name), err));
    FIRN_TRY(firn_json_print(line, 0, out, err));
    return firn_buf_addc(out, '\n', err);
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

firn_code firn_context_note_table(firn_context *c, firn_str data_folder, firn_str metadata_folder,
                                  firn_ident ident, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf line = FIRN_BUF((size_t)1 << 20);
    FIRN_AUTO(firn_buf_free) firn_buf path = FIRN_BUF((size_t)1 << 16);
    if (c->shadow)
        return FIRN_OK;
    FIRN_TRY(note_line(data_folder, metadata_folder, ident, &line, err));
    FIRN_TRY(firn_buf_addf(&path, err, "%s/tables", c->scratch));
    FIRN_AUTO(close_fd)
    int fd = open(firn_buf_cstr(&path), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, line.p, line.n) != (ssize_t)line.n)
        return firn_raise_errno(err, errno, "%s", firn_quotec(firn_buf_cstr(&path)).s);
    return FIRN_OK;
}

/* --- which of its files are needed --------------------------------------------------------- */

typedef struct reclaiming {
    firn_context *c;
    firn_arena *a;
    firn_str prefix;
    firn_map keep; /* base names with the prefix that a snapshot needs */
    size_t removed;
} reclaiming;

static firn_str base_name(firn_str path)
{
    const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
    if (!slash)
        return path;
    return (firn_str){slash + 1, path.n - (size_t)(slash + 1 - path.p)};
}

static bool is_of_run(const reclaiming *r, firn_str name)
{
    return name.n >= r->prefix.n && memmem(name.p, name.n, r->prefix.p, r->prefix.n) != NULL;
}

static firn_code keep_path(reclaiming *r, firn_str path, firn_err *err)
{
    static int present;
    firn_str name = base_name(path);
    if (!is_of_run(r, name) || firn_map_get(&r->keep, name))
        return FIRN_OK;
    firn_str key = firn_arena_str(r->a, name);
    if (!key.p || !firn_map_put(&r->keep, key, &present))
        return firn_arena_raise(r->a, err);
    return FIRN_OK;
}

static firn_code keep_entry(void *arg, const firn_manifest_entry *e, bool *stop FIRN_UNUSED,
                            firn_err *err)
{
    return keep_path(arg, e->file.file_path, err);
}

static firn_code keep_snapshot(reclaiming *r, const firn_metadata *m, const firn_snapshot *s,
                               firn_map *seen, firn_err *err)
{
    static int present;
    firn_manifest_file *list;
    size_t count;
    FIRN_TRY(keep_path(r, s->manifest_list, err));
    FIRN_TRY(firn_manifest_list_read(r->c->io, s, NULL, r->a, &list, &count, NULL, err));
    for (size_t i = 0; i < count; i++) {
        if (firn_map_get(seen, list[i].manifest_path))
            continue;
        if (!firn_map_put(seen, list[i].manifest_path, &present))
            return firn_arena_raise(r->a, err);
        FIRN_TRY(keep_path(r, list[i].manifest_path, err));
        FIRN_TRY(firn_manifest_read(r->c->io, m, &list[i], FIRN_DETAIL_FILES, keep_entry, r, err));
    }
    return FIRN_OK;
}

static firn_code keep_table(reclaiming *r, const firn_metadata *m, firn_err *err)
{
    firn_map seen = FIRN_MAP(r->a);
    const json_t *log = json_object_get(m->root, "metadata-log");
    FIRN_TRY(keep_path(r, m->location_of_file, err));
    for (size_t i = 0; i < json_array_size(log); i++) {
        const json_t *file = json_object_get(json_array_get(log, i), "metadata-file");
        if (json_is_string(file))
            FIRN_TRY(keep_path(r, firn_json_text(file), err));
    }
    for (size_t i = 0; i < m->snapshot_count; i++)
        FIRN_TRY(keep_snapshot(r, m, &m->snapshots[i], &seen, err));
    return FIRN_OK;
}

/* --- removing ------------------------------------------------------------------------------ */

static firn_code remove_below(reclaiming *r, const char *folder, int depth, firn_err *err);

static firn_code remove_entry(reclaiming *r, const char *path, firn_str name, int depth,
                              firn_err *err)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return FIRN_OK; /* gone meanwhile */
    if (S_ISDIR(st.st_mode))
        return remove_below(r, path, depth + 1, err);
    if (!S_ISREG(st.st_mode) || !is_of_run(r, name) || firn_map_get(&r->keep, name))
        return FIRN_OK;
    r->removed++;
    return firn_fs_remove(r->c->env, path, err);
}

static firn_code remove_below(reclaiming *r, const char *folder, int depth, firn_err *err)
{
    firn_str *names;
    size_t count;
    if (depth > 64 || !firn_fs_exists(r->c->env, folder))
        return FIRN_OK;
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a folder", 0);
    if (!a)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_fs_list(r->c->env, folder, a, &names, &count, err));
    for (size_t i = 0; i < count; i++) {
        const char *path = firn_arena_printf(a, "%s/%.*s", folder, FIRN_STR_ARG(names[i]));
        if (!path)
            return firn_arena_raise(a, err);
        FIRN_TRY(remove_entry(r, path, names[i], depth, err));
    }
    return FIRN_OK;
}

static firn_code remove_in_uri(reclaiming *r, firn_str uri, firn_err *err)
{
    firn_str path = firn_local_path(uri);
    const char *folder = path.p ? firn_arena_strndup(r->a, path.p, path.n) : NULL;
    return folder ? remove_below(r, folder, 0, err) : FIRN_OK;
}

/* What the tables of a run need. */
static firn_code keep_line(reclaiming *r, const json_t *line, firn_err *err)
{
    firn_ident ident;
    const firn_metadata *m = NULL;
    FIRN_TRY(firn_json_str(line, "namespace", &ident.ns, err));
    FIRN_TRY(firn_json_str(line, "table", &ident.name, err));
    firn_code code = firn_table_load(r->c->catalog, r->c->io, ident, r->a, &m, err);
    if (code == FIRN_E_NOTFOUND)
        return FIRN_OK;
    return code == FIRN_OK ? keep_table(r, m, err) : code;
}

static firn_code clear_line(reclaiming *r, const json_t *line, firn_err *err)
{
    firn_str data;
    firn_str metadata;
    FIRN_TRY(firn_json_str(line, "data", &data, err));
    FIRN_TRY(firn_json_str(line, "metadata", &metadata, err));
    FIRN_TRY(FIRN_FAIL("reclaim.before_remove", err));
    FIRN_TRY(remove_in_uri(r, data, err));
    return remove_in_uri(r, metadata, err);
}

typedef firn_code (*line_fn)(reclaiming *r, const json_t *line, firn_err *err);

static firn_code each_line(reclaiming *r, firn_slice text, line_fn fn, firn_err *err)
{
    firn_str rest = {(const char *)text.p, text.n};
    while (rest.p && rest.n) {
        firn_str line = firn_str_cut(&rest, '\n');
        FIRN_AUTO(firn_json_unref) json_t *j = NULL;
        firn_slice bytes = {(const uint8_t *)line.p, line.n};
        if (!rest.p || firn_json_parse(bytes, &j, NULL) != FIRN_OK)
            continue; /* the run died while it wrote this line: it had not begun */
        FIRN_TRY(fn(r, j, err));
    }
    return FIRN_OK;
}

static firn_code reclaim_tables(reclaiming *r, const char *folder, firn_err *err)
{
    firn_slice text;
    const char *path = firn_arena_printf(r->a, "%s/tables", folder);
    if (!path)
        return firn_arena_raise(r->a, err);
    if (!firn_fs_exists(r->c->env, path))
        return FIRN_OK;
    FIRN_TRY(firn_fs_read(r->c->env, path, (uint64_t)16 << 20, r->a, &text, err));
    r->keep = FIRN_MAP(r->a);
    FIRN_TRY(each_line(r, text, keep_line, err));
    return each_line(r, text, clear_line, err);
}

/* Takes the lock of a scratch folder; false if its run lives.  A folder without a lock is one that
 * is being made, or one whose removal was cut off behind the lock: empty both times. */
static bool lock_dead(const char *folder, firn_arena *a, int *ret_fd)
{
    const char *path = firn_arena_printf(a, "%s/" FIRN_SCRATCH_LOCK, folder);
    *ret_fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (*ret_fd < 0) {
        if (path && errno == ENOENT)
            (void)rmdir(folder); /* who is making it makes it again */
        return false;
    }
    return flock(*ret_fd, LOCK_EX | LOCK_NB) == 0;
}

static firn_code reclaim_run(reclaiming *r, const char *base, firn_str name, firn_err *err)
{
    FIRN_AUTO(close_fd) int fd = -1;
    const char *folder = firn_arena_printf(r->a, "%s/%.*s", base, FIRN_STR_ARG(name));
    if (!folder)
        return firn_arena_raise(r->a, err);
    if (!lock_dead(folder, r->a, &fd))
        return FIRN_OK;
    r->prefix = (firn_str){name.p, RUN_PREFIX_BYTES};
    if (r->c->scratch_in_warehouse)
        FIRN_TRY(reclaim_tables(r, folder, err));
    return firn_context_remove_scratch(r->c->env, folder, err);
}

firn_code firn_context_reclaim(firn_context *c, size_t *ret_removed, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("reclaiming", 0);
    firn_str *names;
    size_t count;
    *ret_removed = 0;
    if (!a)
        return firn_raise_nomem(err);
    if (!c->scratch)
        return FIRN_OK;
    const char *slash = strrchr(c->scratch, '/');
    const char *base = firn_arena_strndup(a, c->scratch, (size_t)(slash - c->scratch));
    if (!base)
        return firn_arena_raise(a, err);
    FIRN_TRY(firn_fs_list(c->env, base, a, &names, &count, err));
    reclaiming r = {.c = c, .a = a};
    for (size_t i = 0; i < count; i++) {
        bool own = firn_str_eqc(names[i], c->run_id);
        if (own || names[i].n != FIRN_RUN_UUID_TEXT - 1)
            continue;
        FIRN_TRY(reclaim_run(&r, base, names[i], err));
    }
    *ret_removed = r.removed;
    return FIRN_OK;
}
