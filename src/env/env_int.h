/* SPDX-License-Identifier: Apache-2.0 */
/* env_int.h — what the files of env/ share. */
#ifndef FIRN_ENV_INT_H
#define FIRN_ENV_INT_H

#include "base/map.h"
#include "env/env.h"

#include <pthread.h>
#include <stdatomic.h>

struct firn_env {
    firn_io io;
    atomic_bool stopped;
    pthread_mutex_t folders; /* held while folders are made, and by a flush; taken before lock */
    pthread_mutex_t lock;    /* guards all below */
    firn_arena *arena;       /* names in `dirty`; reset by flush */
    firn_map dirty;          /* folders with entries that are not synced yet */
    firn_env_counters counters;
};

/* The path of a local URI with a NUL; FIRN_E_UNSUPPORTED for another scheme. */
FIRN_NODISCARD firn_code firn_local_cpath(firn_str uri, firn_arena *a, const char **ret,
                                          firn_err *err);

firn_code firn_local_write_new(void *env, firn_str uri, firn_slice bytes, firn_err *err);
firn_code firn_local_remove(void *env, firn_str uri, firn_err *err);

#endif
