/* SPDX-License-Identifier: Apache-2.0 */
/* sim.h — a world for commits in which everything that may happen between two calls happens: files,
 * a catalog, a clock and writers that take turns, all from one seed.
 *
 *   sim_heap.c     memory that is thrown away as a whole after each interleaving
 *   sim_memo.c     texts are parsed once
 *   sim_world.c    files, catalog, clock, faults; every call may hand over to another writer
 *   sim_writers.c  what the writers want, and how they go about it
 *   sim_check.c    whether the tables that result are right
 *   sim_main.c     the loop over seeds */
#ifndef FIRN_SIM_H
#define FIRN_SIM_H

#include "base/base.h"

#include "iceberg/commit.h"

#include <ucontext.h>

/* --- memory -------------------------------------------------------------------------------- */

/* Everything allocated from here on is taken back by heap_reset: writers that were killed leave
 * their memory behind.  Without effect under sanitizers, which want malloc for themselves. */
void heap_mark(void);
void heap_reset(void);

/* Texts that were parsed: schemas are kept until the program ends, unless it was closed before they
 * came; JSON trees until the next reset. */
void sim_memo_close(void);
void sim_memo_reset(void);

/* --- the world ----------------------------------------------------------------------------- */

enum { TABLES = 3, MAX_WRITERS = 24, MAX_COMMITS = 64, MAX_FILES = 1024, STACK_BYTES = 128 << 10 };

typedef struct sim_file {
    char name[96];
    const uint8_t *bytes;
    size_t n;
    uint32_t hash;
    int writer;  /* -1: the main program */
    bool synced; /* survives a power cut */
    bool gone;
} sim_file;

/* How the interleaving is made difficult; chosen by the seed. */
typedef struct sim_faults {
    bool definite;     /* a fresh load tells whether a commit happened */
    bool lost_replies; /* commits that are, or are not, applied without an answer */
    bool refusals;     /* conflicts and failures for no reason */
    bool kills;        /* writers vanish */
    bool power_cut;    /* all of them, with what was not flushed */
    bool io_errors;    /* reads and writes that fail */
    bool clock_jumps;  /* ten minutes back */
} sim_faults;

/* A commit that the catalog applies when it likes. */
typedef struct sim_delayed {
    bool set;
    size_t count;
    int tables[TABLES];
    char base[TABLES][72]; /* "": the table is created */
    char to[TABLES][72];
} sim_delayed;

typedef enum sim_state { IDLE, RUNNABLE, DONE, DEAD } sim_state;

struct sim_plan;

typedef struct sim_writer {
    sim_state state;
    ucontext_t context;
    uint8_t *stack;
    struct sim_plan *plan;
    firn_run_names names;
} sim_writer;

typedef struct sim_world {
    uint64_t seed;
    uint64_t rng;
    sim_faults faults;
    int64_t clock_ms;
    bool cut; /* the power was cut once */
    bool orphans_allowed;
    sim_file files[MAX_FILES];
    size_t file_count;
    char location[TABLES][72]; /* "": there is no such table */
    sim_delayed delayed;
    sim_writer writers[MAX_WRITERS];
    size_t writer_count;
    int current; /* -1: the main program */
    ucontext_t main;
} sim_world;

extern sim_world W;
extern const firn_io sim_io;
extern firn_catalog *const sim_catalog;
extern const char *const sim_table_names[TABLES];

/* A number below n; n > 0. */
uint32_t sim_below(uint32_t n);
/* True once in n times. */
bool sim_one_in(uint32_t n);

/* Starts an interleaving from the files and tables that sim_world_keep kept. */
void sim_world_keep(void);
void sim_world_start(uint64_t seed);

const sim_file *sim_find(firn_str name);

/* Adds a writer that works on a plan, on a stack of its own. */
void sim_spawn(struct sim_plan *plan);
/* Lets all writers run to their end. */
void sim_run(void);
/* Applies a commit that is still on its way, if it can be. */
void sim_settle(void);

_Noreturn void sim_fail(const char *fmt, ...) FIRN_PRINTF(1, 2);

/* --- writers ------------------------------------------------------------------------------- */

typedef enum sim_kind {
    APPEND_OWN,    /* a row of its own stream */
    APPEND_SHARED, /* a row of the stream that all of them land */
    APPEND_PLAIN,  /* no stream at all */
    REPLACE,       /* the whole table */
    ADD_COLUMN,    /* and a row of its own stream */
    TWO_TABLES,    /* a row of its own stream here, one in another table */
} sim_kind;

typedef enum sim_result { PENDING, ACKNOWLEDGED, REFUSED, UNKNOWN } sim_result;

/* One call of firn_commit: what was wanted and what was answered. */
typedef struct sim_commit {
    sim_kind kind;
    int writer;
    int table;
    int other;     /* of TWO_TABLES */
    int64_t value; /* of the stream, after it; 0: none */
    sim_result result;
    char column[16]; /* of ADD_COLUMN */
} sim_commit;

extern sim_commit sim_commits[MAX_COMMITS];
extern size_t sim_commit_count;

enum { MAX_STEPS = 3 };

/* What a writer is to land, in order; a writer that dies leaves it to the next. */
typedef struct sim_plan {
    int number;
    sim_kind steps[MAX_STEPS];
    int tables[MAX_STEPS];
    int64_t targets[MAX_STEPS]; /* of the stream, once chosen */
    bool tried[MAX_STEPS];
    size_t count;
    size_t done;
} sim_plan;

extern sim_plan sim_plans[3];

/* Makes the tables that every interleaving starts from. */
void sim_make_tables(bool with_rows);
/* Chooses plans and spawns a writer for each. */
void sim_start_writers(void);
/* What a writer does: the rest of its plan. */
void sim_writer_main(void);
/* Gives the work of writers that died to new ones; false if there are none. */
bool sim_replace_dead(void);

/* The stream of a commit: of its writer, the shared one, or none (NULL). */
const char *sim_stream(const sim_commit *c);
/* The file that is a commit's row. */
void sim_row(size_t number, char out[32]);

/* --- the check ----------------------------------------------------------------------------- */

/* Fails unless all tables are what the commits, in the order of their histories, make of them. */
void sim_check_tables(void);

#endif
