/* SPDX-License-Identifier: Apache-2.0 */
/* Which file is the project's: the one named, or the nearest one at or above the current folder. */
#include "pipeline/project_int.h"

#include "pipeline/yaml.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const file_names[] = {FIRN_PROJECT_FILE, "firn.yaml"};

static firn_code no_project(firn_err *err, const char *advice, const char *fmt, ...)
    FIRN_PRINTF(3, 4);

static firn_code no_project(firn_err *err, const char *advice, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    firn_raise(err, FIRN_E_CONFIG, "%s", text);
    firn_err_id(err, FIRN_ID_NO_PROJECT);
    firn_err_advise(err, "%s", advice);
    return FIRN_E_CONFIG;
}

/* The name of the project file in a folder, or NULL; two of them are an error. */
static firn_code name_in(firn_env *env, const char *folder, const char *shown, firn_arena *a,
                         const char **ret, firn_err *err)
{
    const char *found = NULL;
    for (size_t i = 0; i < FIRN_COUNT_OF(file_names); i++) {
        const char *path = firn_arena_printf(a, "%s/%s", folder, file_names[i]);
        if (!path)
            return firn_arena_raise(a, err);
        if (!firn_fs_exists(env, path))
            continue;
        if (found)
            return no_project(err, "keep one of them", "both %s and %s are in %s", file_names[0],
                              file_names[1], *shown ? firn_quotec(shown).s : "this folder");
        found = file_names[i];
    }
    *ret = found;
    return FIRN_OK;
}

/* Fills in what follows from the folder; links in its path are resolved, so that the project means
 * the same however it is reached. */
static firn_code settle(const char *folder, const char *prefix, const char *name, firn_arena *a,
                        firn_found *ret, firn_err *err)
{
    char real[PATH_MAX];
    if (!realpath(folder, real))
        return firn_raise_errno(err, errno, "%s", firn_quotec(folder).s);
    firn_found found = {
        .folder = firn_arena_strdup(a, real),
        .path = firn_arena_printf(a, "%s/%s", strcmp(real, "/") == 0 ? "" : real, name),
        .shown = firn_arena_printf(a, "%s%s", prefix, name),
        .prefix = firn_arena_strdup(a, prefix),
    };
    if (!found.folder || !found.path || !found.shown || !found.prefix)
        return firn_arena_raise(a, err);
    *ret = found;
    return FIRN_OK;
}

/* The current folder, then those above it. */
static firn_code find_upwards(firn_env *env, firn_arena *a, firn_found *ret, firn_err *err)
{
    char folder[PATH_MAX];
    char prefix[PATH_MAX] = "";
    if (!getcwd(folder, sizeof folder))
        return firn_raise_errno(err, errno, "the current folder");
    for (size_t depth = 0;; depth++) {
        const char *name;
        FIRN_TRY(name_in(env, folder, prefix, a, &name, err));
        if (name)
            return settle(*folder ? folder : "/", prefix, name, a, ret, err);
        char *slash = strrchr(folder, '/');
        if (!slash || slash[1] == '\0' || 3 * depth + 4 > sizeof prefix)
            break;
        *slash = '\0';
        memcpy(prefix + 3 * depth, "../", sizeof "../");
    }
    return no_project(err,
                      "`firn init FOLDER` writes one for the data there; or go into the project's "
                      "folder, or name it: -p FOLDER",
                      "there is no %s in this folder or above it", FIRN_PROJECT_FILE);
}

/* A folder as typed becomes what stands before the names of its files. */
static const char *prefix_of(const char *folder, firn_arena *a)
{
    size_t n = strlen(folder);
    while (n > 1 && folder[n - 1] == '/')
        n--;
    if (n == 0 || (n == 1 && folder[0] == '.'))
        return "";
    return firn_arena_printf(a, "%.*s%s", (int)n, folder, n == 1 && folder[0] == '/' ? "" : "/");
}

static firn_code find_in_folder(firn_env *env, const char *folder, firn_arena *a, firn_found *ret,
                                firn_err *err)
{
    const char *name;
    FIRN_TRY(name_in(env, folder, folder, a, &name, err));
    if (!name)
        return no_project(err, "`firn init` in that folder writes one", "there is no %s in %s",
                          FIRN_PROJECT_FILE, firn_quotec(folder).s);
    const char *prefix = prefix_of(folder, a);
    return prefix ? settle(folder, prefix, name, a, ret, err) : firn_arena_raise(a, err);
}

static firn_code find_file(const char *path, firn_arena *a, firn_found *ret, firn_err *err)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return settle(".", "", path, a, ret, err);
    size_t n = (size_t)(slash - path) + 1;
    const char *prefix = firn_arena_strndup(a, path, n);
    return prefix ? settle(prefix, prefix, slash + 1, a, ret, err) : firn_arena_raise(a, err);
}

firn_code firn_project_find(firn_env *env, const char *where, firn_arena *a, firn_found *ret,
                            firn_err *err)
{
    if (!where)
        return find_upwards(env, a, ret, err);
    firn_stat st;
    if (*where == '\0' || firn_fs_stat(env, where, &st, NULL) != FIRN_OK)
        return no_project(err, "name a project file, or a folder that holds one",
                          "there is no file or folder %s", firn_quotec(where).s);
    if (st.is_dir)
        return find_in_folder(env, where, a, ret, err);
    return find_file(where, a, ret, err);
}
