/* SPDX-License-Identifier: Apache-2.0 */
/* Finding and loading the engine module, by its place relative to the program or, in other people's
 * programs, to the library. */
#include "engine/engine.h"

#include "base/str.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MODULE "firn_engine_duckdb.so"

/* Names another file to load: for unit tests, which do not lie beside the module. */
#define MODULE_VARIABLE "FIRN_ENGINE_MODULE"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const firn_engine_ops *loaded;

/* The program, or the library that this code is part of. */
static firn_code own_file(char out[PATH_MAX], bool *ret_library, firn_err *err)
{
    char library[PATH_MAX];
    Dl_info info;
    ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);
    if (n < 0)
        return firn_raise_errno(err, errno, "where the program lies");
    out[n] = '\0';
    *ret_library = dladdr(&lock, &info) && info.dli_fname && realpath(info.dli_fname, library) &&
                   strcmp(library, out) != 0;
    if (*ret_library)
        memcpy(out, library, strlen(library) + 1);
    return FIRN_OK;
}

/* The folder of it, without the slash. */
static firn_code own_folder(char out[PATH_MAX], bool *ret_library, firn_err *err)
{
    FIRN_TRY(own_file(out, ret_library, err));
    char *slash = strrchr(out, '/');
    if (slash)
        *slash = '\0';
    return FIRN_OK;
}

/* In an installed tree, or (the build tree) right beside the program or library. */
static bool find_module(const char *folder, bool library, char out[PATH_MAX])
{
    const char *const below[] = {library ? "/firn/" : "/../lib/firn/", "/"};
    for (size_t i = 0; i < FIRN_COUNT_OF(below); i++) {
        int n = snprintf(out, PATH_MAX, "%s%s" MODULE, folder, below[i]);
        if (n > 0 && n < PATH_MAX && access(out, R_OK) == 0)
            return true;
    }
    return false;
}

static firn_code load_module(const char *path, firn_err *err)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        firn_raise(err, FIRN_E_NOTFOUND, "the engine module does not load: %s", dlerror());
        return firn_err_advise(err, "libduckdb must lie beside it, as `make` and `make install` "
                                    "put it");
    }
    const firn_engine_ops *(*entry)(void);
    void *symbol = dlsym(handle, "firn_engine_module");
    memcpy(&entry, &symbol, sizeof entry);
    if (!symbol || entry()->abi != FIRN_ENGINE_ABI)
        return firn_raise(err, FIRN_E_UNSUPPORTED, "%s belongs to another firn",
                          firn_quotec(path).s);
    loaded = entry();
    return FIRN_OK;
}

static firn_code load_locked(firn_err *err)
{
    char folder[PATH_MAX];
    char path[PATH_MAX];
    bool library;
    if (loaded)
        return FIRN_OK;
    const char *given = getenv(MODULE_VARIABLE);
    if (given && given[0])
        return load_module(given, err);
    FIRN_TRY(own_folder(folder, &library, err));
    if (find_module(folder, library, path))
        return load_module(path, err);
    firn_raise(err, FIRN_E_NOTFOUND, "the engine module %s is not beside the %s in %s", MODULE,
               library ? "library" : "program", firn_quotec(folder).s);
    return firn_err_advise(err, "build it with `make`, or install firn again");
}

firn_code firn_engine_load(const firn_engine_ops **ret, firn_err *err)
{
    pthread_mutex_lock(&lock);
    firn_code code = load_locked(err);
    if (code == FIRN_OK)
        *ret = loaded;
    pthread_mutex_unlock(&lock);
    return code;
}
