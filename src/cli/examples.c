/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/examples.h"

#include "base/str.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_DEPTH 8
#define MAX_BYTES ((uint64_t)64 << 20)

bool firn_is_example(const char *name)
{
    static const char *const names[] = {"accounting", "orders"};
    for (size_t i = 0; i < FIRN_COUNT_OF(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

firn_code firn_own_path(firn_arena *a, const char **ret, firn_err *err)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n < 0)
        return firn_raise_errno(err, errno, "the path of the program");
    *ret = firn_arena_strndup(a, path, (size_t)n);
    return *ret ? FIRN_OK : firn_arena_raise(a, err);
}

static firn_code find_example(firn_command *c, const char *name, const char **ret, firn_err *err)
{
    static const char *const places[] = {"../share/firn/examples", "../examples"};
    const char *own;
    const char *said = getenv("FIRN_EXAMPLES");
    if (said && *said) {
        *ret = firn_arena_printf(c->arena, "%s/%s", said, name);
        return *ret ? FIRN_OK : firn_arena_raise(c->arena, err);
    }
    FIRN_TRY(firn_own_path(c->arena, &own, err));
    int folder = (int)(strrchr(own, '/') - own);
    for (size_t i = 0; i < FIRN_COUNT_OF(places); i++) {
        *ret = firn_arena_printf(c->arena, "%.*s/%s/%s", folder, own, places[i], name);
        const char *project = firn_arena_printf(c->arena, "%s/%s", *ret, FIRN_PROJECT_FILE);
        if (!*ret || !project)
            return firn_arena_raise(c->arena, err);
        if (firn_fs_exists(c->env, project))
            return FIRN_OK;
    }
    firn_raise(err, FIRN_E_NOTFOUND, "the examples are not beside the program %s",
               firn_quotec(own).s);
    return firn_err_advise(err, "make install puts them into share/firn/examples; FIRN_EXAMPLES "
                                "names the folder that holds them");
}

static bool is_left_over(firn_str name)
{
    return firn_str_eqc(name, "lake") || firn_str_eqc(name, "__pycache__") ||
           (name.n && name.p[0] == '.' && !firn_str_eqc(name, ".gitignore"));
}

/* One pass looks whether something is in the way, the next one copies. */
typedef struct copying {
    firn_command *c;
    bool write;
    size_t files;
} copying;

static firn_code copy_file(copying *x, const char *from, const char *to, firn_err *err)
{
    firn_slice bytes;
    x->files++;
    if (!x->write) {
        if (!firn_fs_exists(x->c->env, to))
            return FIRN_OK;
        firn_raise(err, FIRN_E_EXISTS, "there is a %s already", firn_quotec(to).s);
        return firn_err_advise(err, "nothing was written; name another folder");
    }
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a file", 0);
    if (!a)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_fs_read(x->c->env, from, MAX_BYTES, a, &bytes, err));
    return firn_fs_replace(x->c->env, to, bytes, err);
}

static firn_code copy_folder(copying *x, const char *from, const char *to, int depth, firn_err *err)
{
    firn_arena *a = x->c->arena;
    firn_str *names;
    size_t count;
    if (depth > MAX_DEPTH)
        return firn_raise(err, FIRN_E_LIMIT, "folders nested deeper than %d", MAX_DEPTH);
    if (x->write)
        FIRN_TRY(firn_fs_mkdirs(x->c->env, to, err));
    FIRN_TRY(firn_fs_list(x->c->env, from, a, &names, &count, err));
    for (size_t i = 0; i < count; i++) {
        firn_stat st;
        if (is_left_over(names[i]))
            continue;
        const char *source = firn_arena_printf(a, "%s/%.*s", from, FIRN_STR_ARG(names[i]));
        const char *target = firn_arena_printf(a, "%s/%.*s", to, FIRN_STR_ARG(names[i]));
        if (!source || !target)
            return firn_arena_raise(a, err);
        FIRN_TRY(firn_fs_stat(x->c->env, source, &st, err));
        FIRN_TRY(st.is_dir ? copy_folder(x, source, target, depth + 1, err)
                           : copy_file(x, source, target, err));
    }
    return FIRN_OK;
}

firn_code firn_example_copy(firn_command *c, const char *name, const char *to, size_t *ret_files,
                            firn_err *err)
{
    const char *from;
    const char *absolute;
    copying look = {.c = c};
    copying copy = {.c = c, .write = true};
    FIRN_TRY(find_example(c, name, &from, err));
    FIRN_TRY(firn_path_absolute(firn_str_of(to), c->arena, &absolute, err));
    FIRN_TRY(copy_folder(&look, from, absolute, 0, err));
    FIRN_TRY(copy_folder(&copy, from, absolute, 0, err));
    *ret_files = copy.files;
    return FIRN_OK;
}
