/* SPDX-License-Identifier: Apache-2.0 */
/* Which files a stream has: a file, a folder, or a glob, never outside of the source's folder. */
#include "source/files.h"

#include "base/hash.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_DEPTH 64

typedef FIRN_VEC(firn_source_file) file_list;

typedef struct finding {
    firn_env *env;
    firn_arena *a;
    const char *root; /* absolute, links resolved */
    firn_str pattern; /* for messages */
    file_list files;
    size_t folders_seen; /* below the folder asked for */
} finding;

static bool is_glob(firn_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (strchr("*?[", s.p[i]))
            return true;
    return false;
}

/* Whether a resolved path lies in the source's folder. */
static bool is_inside(const finding *f, const char *resolved)
{
    size_t n = strlen(f->root);
    if (strcmp(f->root, "/") == 0)
        return true;
    return strncmp(resolved, f->root, n) == 0 && (resolved[n] == '/' || resolved[n] == '\0');
}

static firn_code resolve(const finding *f, firn_str name, const char **ret, firn_err *err)
{
    char resolved[PATH_MAX];
    const char *path = firn_arena_printf(f->a, "%s/%.*s", f->root, FIRN_STR_ARG(name));
    if (!path)
        return firn_arena_raise(f->a, err);
    if (!realpath(path, resolved))
        return firn_raise_errno(err, errno, "file %s", firn_quotec(path).s);
    if (!is_inside(f, resolved)) {
        firn_raise(err, FIRN_E_INVAL, "%s leads out of the source's folder to %s",
                   firn_quotec(path).s, firn_quotec(resolved).s);
        return firn_err_advise(err, "copy the file into the folder, or give the source the path "
                                    "that holds both");
    }
    *ret = firn_arena_strdup(f->a, resolved);
    return *ret ? FIRN_OK : firn_arena_raise(f->a, err);
}

static firn_code add_file(finding *f, firn_str name, firn_err *err)
{
    firn_source_file file = {.name = firn_arena_str(f->a, name)};
    FIRN_TRY(resolve(f, name, &file.path, err));
    FIRN_TRY(firn_fs_stat(f->env, file.path, &file.stat, err));
    if (!file.stat.is_file) {
        firn_raise(err, FIRN_E_INVAL, "%s is no regular file", firn_quotec(file.path).s);
        return firn_err_advise(err, "pipes and devices cannot be read twice; write their content "
                                    "to a file first");
    }
    if (!file.name.p || !firn_vec_push(f->a, &f->files, file))
        return firn_arena_raise(f->a, err);
    return FIRN_OK;
}

static firn_str join(const finding *f, firn_str folder, firn_str name)
{
    if (folder.n == 0)
        return name;
    const char *p = firn_arena_printf(f->a, "%.*s/%.*s", FIRN_STR_ARG(folder), FIRN_STR_ARG(name));
    return p ? firn_str_of(p) : (firn_str){NULL, 0};
}

static firn_code list(const finding *f, firn_str folder, firn_str **ret, size_t *ret_count,
                      firn_err *err)
{
    const char *path =
        folder.n ? firn_arena_printf(f->a, "%s/%.*s", f->root, FIRN_STR_ARG(folder)) : f->root;
    if (!path)
        return firn_arena_raise(f->a, err);
    return firn_fs_list(f->env, path, f->a, ret, ret_count, err);
}

/* What a name in a folder is; links are followed, broken ones are nothing. */
static bool stat_name(const finding *f, firn_str name, bool *ret_dir, bool *ret_link)
{
    struct stat st;
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%.*s", f->root, FIRN_STR_ARG(name));
    if (n < 0 || n >= PATH_MAX || lstat(path, &st) != 0)
        return false;
    *ret_link = S_ISLNK(st.st_mode);
    if (*ret_link && stat(path, &st) != 0)
        return false;
    *ret_dir = S_ISDIR(st.st_mode);
    return true;
}

static bool matches(firn_str pattern, firn_str name)
{
    char p[NAME_MAX + 1];
    char s[NAME_MAX + 1];
    if (pattern.n > NAME_MAX || name.n > NAME_MAX)
        return false;
    memcpy(p, pattern.p, pattern.n);
    memcpy(s, name.p, name.n);
    p[pattern.n] = '\0';
    s[name.n] = '\0';
    return fnmatch(p, s, FNM_PERIOD) == 0;
}

static firn_code walk(finding *f, firn_str folder, firn_str pattern, int depth, firn_err *err);

/* `**`: the rest of the pattern here, and in every folder below.  Links to folders are not
 * followed: they may lead in circles. */
static firn_code walk_any_depth(finding *f, firn_str folder, firn_str rest, int depth,
                                firn_err *err)
{
    firn_str *names;
    size_t count;
    FIRN_TRY(walk(f, folder, rest, depth, err));
    FIRN_TRY(list(f, folder, &names, &count, err));
    for (size_t i = 0; i < count; i++) {
        bool dir;
        bool link;
        firn_str name = join(f, folder, names[i]);
        if (names[i].p[0] == '.' || !stat_name(f, name, &dir, &link) || !dir || link)
            continue;
        FIRN_TRY(walk_any_depth(f, name, rest, depth + 1, err));
    }
    return FIRN_OK;
}

static firn_code walk_level(finding *f, firn_str folder, firn_str level, firn_str rest, int depth,
                            firn_err *err)
{
    firn_str *names;
    size_t count;
    FIRN_TRY(list(f, folder, &names, &count, err));
    for (size_t i = 0; i < count; i++) {
        bool dir = false;
        bool link;
        if (!matches(level, names[i]))
            continue;
        firn_str name = join(f, folder, names[i]);
        if (!name.p)
            return firn_arena_raise(f->a, err);
        if (!stat_name(f, name, &dir, &link))
            continue;
        if (rest.p && dir)
            FIRN_TRY(walk(f, name, rest, depth + 1, err));
        if (!rest.p && !dir)
            FIRN_TRY(add_file(f, name, err));
    }
    return FIRN_OK;
}

static firn_code walk(finding *f, firn_str folder, firn_str pattern, int depth, firn_err *err)
{
    if (depth > MAX_DEPTH)
        return firn_raise(err, FIRN_E_LIMIT, "folders nested deeper than %d", MAX_DEPTH);
    firn_str rest = pattern;
    firn_str level = firn_str_cut(&rest, '/');
    if (firn_str_eqc(level, "**") && rest.p)
        return walk_any_depth(f, folder, rest, depth, err);
    return walk_level(f, folder, level, rest, depth, err);
}

static firn_code nothing_matches(const finding *f, firn_err *err)
{
    firn_raise(err, FIRN_E_NOTFOUND, "no file matches %s in %s", firn_quote(f->pattern).s,
               firn_quotec(f->root).s);
    if (f->folders_seen)
        return firn_err_advise(err,
                               "there are only folders in it; to read the files below them, "
                               "write %.*s/**/*",
                               FIRN_STR_ARG(f->pattern));
    return firn_err_advise(err, "check the path; * does not cross folders, ** does");
}

static firn_code find_in_folder(finding *f, firn_str folder, firn_err *err)
{
    firn_str *names;
    size_t count;
    FIRN_TRY(list(f, folder, &names, &count, err));
    for (size_t i = 0; i < count; i++) {
        bool dir;
        bool link;
        firn_str name = join(f, folder, names[i]);
        if (names[i].p[0] == '.' || !stat_name(f, name, &dir, &link))
            continue;
        if (dir)
            f->folders_seen++;
        else
            FIRN_TRY(add_file(f, name, err));
    }
    return f->files.n ? FIRN_OK : nothing_matches(f, err);
}

/* A name without glob characters, or one that happens to hold them: the file itself wins. */
static firn_code find_named(finding *f, firn_str name, bool *ret_found, firn_err *err)
{
    bool dir;
    bool link;
    *ret_found = stat_name(f, name, &dir, &link);
    if (!*ret_found)
        return FIRN_OK;
    if (!dir)
        return add_file(f, name, err);
    const char *resolved;
    FIRN_TRY(resolve(f, name, &resolved, err));
    return find_in_folder(f, name, err);
}

static const char *const told[] = {".metadata.json", ".metadata.json.gz", ".metadata.json.zst"};
static const char *const dumped[] = {".bson", ".bson.gz", ".bson.zst"};

/* The name without the ending that mongodump gives to what it knows of a collection. */
static bool stem_of_told(firn_str name, firn_str *ret)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(told); i++) {
        if (!firn_str_ends(name, told[i]))
            continue;
        *ret = (firn_str){name.p, name.n - strlen(told[i])};
        return true;
    }
    return false;
}

bool firn_files_tell_of(firn_str name, firn_str dump)
{
    firn_str stem;
    if (!stem_of_told(name, &stem))
        return false;
    for (size_t i = 0; i < FIRN_COUNT_OF(dumped); i++)
        if (dump.n == stem.n + strlen(dumped[i]) && memcmp(dump.p, stem.p, stem.n) == 0 &&
            firn_str_ends(dump, dumped[i]))
            return true;
    return false;
}

/* That is no data, unless it is asked for by its name. */
static bool tells_of_a_dump(const finding *f, firn_str name)
{
    char path[PATH_MAX];
    bool dir;
    bool link;
    firn_str stem;
    if (!stem_of_told(name, &stem))
        return false;
    for (size_t k = 0; k < FIRN_COUNT_OF(dumped); k++) {
        int n = snprintf(path, sizeof path, "%.*s%s", FIRN_STR_ARG(stem), dumped[k]);
        if (n > 0 && n < PATH_MAX && stat_name(f, (firn_str){path, (size_t)n}, &dir, &link))
            return true;
    }
    return false;
}

static void drop_metadata(finding *f)
{
    size_t kept = 0;
    for (size_t i = 0; i < f->files.n; i++)
        if (!tells_of_a_dump(f, f->files.v[i].name))
            f->files.v[kept++] = f->files.v[i];
    f->files.n = kept;
}

static int by_name(const void *a, const void *b)
{
    return firn_str_natural_cmp(((const firn_source_file *)a)->name,
                                ((const firn_source_file *)b)->name);
}

static firn_code no_such_file(finding *f, firn_str name, firn_err *err)
{
    firn_str *names = NULL;
    size_t count = 0;
    firn_raise(err, FIRN_E_NOTFOUND, "there is no file or folder %s in %s", firn_quote(name).s,
               firn_quotec(f->root).s);
    if (firn_fs_list(f->env, f->root, f->a, &names, &count, NULL) != FIRN_OK)
        count = 0;
    int near = firn_str_nearest(name, names, count);
    if (near >= 0)
        return firn_err_advise(err, "did you mean %.*s?", FIRN_STR_ARG(names[near]));
    return firn_err_advise(err, "check the name and the path of the source");
}

static firn_code find_all(finding *f, firn_str pattern, firn_err *err)
{
    bool found = false;
    if (pattern.n == 0 || firn_str_eqc(pattern, "."))
        return find_in_folder(f, FIRN_STR_LIT(""), err);
    FIRN_TRY(find_named(f, pattern, &found, err));
    if (found)
        return FIRN_OK;
    if (access(f->root, R_OK | X_OK) != 0)
        return firn_raise_errno(err, errno, "the source's folder %s", firn_quotec(f->root).s);
    if (!is_glob(pattern))
        return no_such_file(f, pattern, err);
    FIRN_TRY(walk(f, FIRN_STR_LIT(""), pattern, 0, err));
    return f->files.n ? FIRN_OK : nothing_matches(f, err);
}

/* The source's folder with links resolved, into `resolved` (PATH_MAX). */
static firn_code resolve_root(const char *path, char *resolved, firn_err *err)
{
    struct stat st;
    if (!realpath(path, resolved)) {
        firn_raise_errno(err, errno, "the source's path %s", firn_quotec(path).s);
        return firn_err_advise(err, "check `path` of the source; it is relative to the project "
                                    "file");
    }
    if (stat(resolved, &st) == 0 && !S_ISDIR(st.st_mode)) {
        firn_raise(err, FIRN_E_CONFIG, "the source's path %s is no folder", firn_quotec(path).s);
        return firn_err_advise(err,
                               "let `path` be the folder of the file, and name the file "
                               "after the source: from: SOURCE.%s",
                               strrchr(resolved, '/') + 1);
    }
    return FIRN_OK;
}

firn_code firn_files_find(firn_env *env, firn_str folder, firn_str pattern, firn_arena *a,
                          firn_source_file **ret, size_t *ret_count, firn_err *err)
{
    char resolved[PATH_MAX];
    const char *path;
    while (pattern.n > 1 && pattern.p[pattern.n - 1] == '/')
        pattern.n--;
    while (firn_str_starts(pattern, "./"))
        pattern = (firn_str){pattern.p + 2, pattern.n - 2};
    FIRN_TRY(firn_path_absolute(folder, a, &path, err));
    FIRN_TRY(resolve_root(path, resolved, err));
    finding f = {.env = env, .a = a, .root = resolved, .pattern = pattern};
    FIRN_TRY(find_all(&f, pattern, err));
    if (f.files.n > 1)
        drop_metadata(&f);
    if (f.files.n > 1)
        qsort(f.files.v, f.files.n, sizeof *f.files.v, by_name);
    *ret = f.files.v;
    *ret_count = f.files.n;
    return FIRN_OK;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static void free_hash(firn_hash64_state **h)
{
    firn_hash64_free(*h);
}

firn_code firn_file_hash(const char *path, uint64_t *ret, firn_err *err)
{
    uint8_t block[1 << 16];
    FIRN_AUTO(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    FIRN_AUTO(free_hash) firn_hash64_state *h = firn_hash64_new();
    if (!h)
        return firn_raise_nomem(err);
    if (fd < 0)
        return firn_raise_errno(err, errno, "file %s", firn_quotec(path).s);
    for (;;) {
        ssize_t n = read(fd, block, sizeof block);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return firn_raise_errno(err, errno, "file %s", firn_quotec(path).s);
        if (n == 0)
            break;
        firn_hash64_add(h, block, (size_t)n);
    }
    *ret = firn_hash64_value(h);
    return FIRN_OK;
}
