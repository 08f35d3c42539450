/* SPDX-License-Identifier: Apache-2.0 */
/* context.h — what one command works with: the environment, the catalog, the engine, its scratch
 * folder, its memory and its name.
 *
 * Made by the command, shared by the threads of a run; what changes in it is guarded. */
#ifndef FIRN_CONTEXT_H
#define FIRN_CONTEXT_H

#include "engine/engine.h"
#include "iceberg/commit.h"
#include "env/env.h"
#include "pipeline/events.h"
#include "pipeline/shadow.h"
#include "pipeline/views.h"

#include <pthread.h>
#include <stdatomic.h>

#define FIRN_MEMORY_DEFAULT ((uint64_t)1 << 30)
#define FIRN_MEMORY_MIN     ((uint64_t)256 << 20)

/* How --memory is split: engine + queue + arenas + base. */
typedef struct firn_memory_plan {
    uint64_t total;
    uint64_t engine; /* the engine's own limit */
    uint64_t queue;  /* raw batches between readers and engine */
    uint64_t arenas; /* decoded texts, metadata */
    uint64_t base;   /* program, libraries, stacks */
} firn_memory_plan;

typedef struct firn_context_conf {
    firn_str warehouse;    /* absolute folder */
    firn_str catalog_file; /* of the SQLite catalog; .p == NULL: WAREHOUSE/catalog.db */
    firn_str catalog_name;
    uint64_t memory_bytes;  /* 0: default */
    unsigned threads;       /* 0: one a core */
    bool read_only;         /* nothing is created: neither catalog nor scratch in the warehouse */
    bool shadow;            /* nothing is written at all: see shadow.h */
    bool keep_order;        /* the engine keeps insertion order (queries) */
    firn_event_fn on_event; /* may be NULL */
    void *event_arg;
    const firn_run_names *names; /* to go on with, and … */
    const char *run_id;          /* … the one taken of them; names == NULL: new ones */
    const firn_view_def *views;  /* of the project; live as long as the context */
    size_t view_count;
} firn_context_conf;

typedef struct firn_context {
    firn_env *env;
    const firn_io *io;
    firn_catalog *catalog; /* NULL: none */
    firn_shadow *shadow;   /* NULL: what is done is done */
    const char *warehouse;
    unsigned threads;
    firn_memory_plan memory;
    bool keep_order;

    const firn_view_def *views; /* of the project */
    size_t view_count;

    firn_run_names names;
    char run_id[FIRN_RUN_UUID_TEXT];
    const char *scratch; /* of this command; removed at the end; NULL: none, with a shadow */
    int scratch_lock;    /* descriptor that keeps others from reclaiming it */
    _Atomic unsigned scratch_next;
    bool scratch_in_warehouse;

    pthread_mutex_t lock; /* guards the engine and its being opened */
    const firn_engine_ops *ops;
    firn_engine *engine;
    FIRN_VEC(firn_session *) sessions; /* open ones; guarded by lock */
    bool busy; /* a statement runs that may be interrupted; guarded by lock */

    firn_events events;
    atomic_bool cancelled;
    firn_arena *arena; /* of the context's own texts; guarded by lock */
} firn_context;

/* Opens the catalog and makes a scratch folder.  *ret must be closed with firn_context_close. */
FIRN_NODISCARD firn_code firn_context_open(firn_env *env, const firn_context_conf *conf,
                                           firn_context **ret, firn_err *err);
void firn_context_close(firn_context *c);

/* Opens the engine at its first use and returns a session of it, to be closed by the caller.  Any
 * thread. */
FIRN_NODISCARD firn_code firn_context_session(firn_context *c, firn_session **ret, firn_err *err);
void firn_context_session_close(firn_context *c, firn_session *s);

/* Stops the command: statements that run are interrupted, firn_context_check fails from now on. Any
 * thread. */
void firn_context_cancel(firn_context *c);

/* Ends the statement at hand, and only it, so that the command can go on with another one after
 * firn_context_resume.  To be called again until the statement has ended: one that is about to
 * begin is not interrupted yet.  Any thread. */
void firn_context_interrupt(firn_context *c);
void firn_context_resume(firn_context *c);

/* Brackets what may be interrupted: what puts a session in order behind it must not be. */
void firn_context_busy(firn_context *c, bool busy);

/* Makes an empty folder in the scratch of the command; the text lives in `a`.  Any thread. */
FIRN_NODISCARD firn_code firn_context_scratch(firn_context *c, firn_arena *a, const char **ret,
                                              firn_err *err);

/* Raises FIRN_E_CANCELLED once the command was interrupted. */
FIRN_NODISCARD firn_code firn_context_check(const firn_context *c, firn_err *err);

/* A commit context for firn_commit. */
firn_commit_ctx firn_context_commit(firn_context *c);

/* Removes what runs that died left behind: their scratch folders, and the files they had written
 * for tables and never committed (told by the run in their names).  Their number is reported in
 * *ret_removed.  FIRN_OK also when nothing could be told. */
FIRN_NODISCARD firn_code firn_context_reclaim(firn_context *c, size_t *ret_removed, firn_err *err);

#define FIRN_SCRATCH_LOCK "lock" /* the file in a scratch folder that its run keeps locked */

/* Removes a scratch folder with all that is in it, its lock last: removal that is cut off leaves a
 * folder that the next run finds. */
FIRN_NODISCARD firn_code firn_context_remove_scratch(firn_env *env, const char *folder,
                                                     firn_err *err);

/* Notes that the run writes to a table, so that what it leaves can be found if it dies. */
FIRN_NODISCARD firn_code firn_context_note_table(firn_context *c, firn_str data_folder,
                                                 firn_str metadata_folder, firn_ident ident,
                                                 firn_err *err);

#endif
