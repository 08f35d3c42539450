/* SPDX-License-Identifier: Apache-2.0 */
/* engine_open.h — an engine and a session for a group of tests. */
#ifndef FIRN_ENGINE_OPEN_H
#define FIRN_ENGINE_OPEN_H

#include "engine_help.h"

#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

static const firn_engine_ops *ops;
static firn_engine *engine; /* land/models: 4 threads, no order */
static firn_session *session;
static char scratch[64];

static inline int remove_entry(const char *path, const struct stat *st FIRN_UNUSED,
                               int flag FIRN_UNUSED, struct FTW *ftw FIRN_UNUSED)
{
    return remove(path);
}

static inline int open_engine(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    snprintf(scratch, sizeof scratch, "/tmp/firn-test-engine-XXXXXX");
    if (!mkdtemp(scratch))
        return -1;
    firn_engine_conf conf = {.memory_bytes = 512 << 20, .threads = 4, .scratch = scratch};
    if (firn_engine_load(&ops, &err) != FIRN_OK || ops->open(&conf, &engine, &err) != FIRN_OK ||
        ops->session(engine, &session, &err) != FIRN_OK) {
        fprintf(stderr, "%s\n", err.text);
        return -1;
    }
    return 0;
}

static inline int close_engine(void **state FIRN_UNUSED)
{
    ops->session_close(session);
    ops->close(engine);
    return nftw(scratch, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
