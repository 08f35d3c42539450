/* SPDX-License-Identifier: Apache-2.0 */
/* sql_run.h — scripts of `firn sql`: SQL statements and lines that begin with a dot, one after the
 * other, typed, read from a file or from a pipe, and where their results go. */
#ifndef FIRN_SQL_RUN_H
#define FIRN_SQL_RUN_H

#include "cli/common.h"
#include "cli/history.h"
#include "cli/pager.h"
#include "cli/watch.h"

/* A function of the engine. */
typedef struct firn_function_name {
    firn_str name;
    bool table; /* it stands behind FROM */
} firn_function_name;

typedef struct firn_sql_run {
    firn_command *c; /* its context is open */
    const firn_args *args;
    firn_session *session; /* opened when it is needed */
    bool read_only;        /* the context; statements that change tables get one of their own */
    bool prune;
    bool json_events;
    bool fitted;  /* results go to a screen, unless to a file */
    size_t width; /* .width; 0: that of the screen */
    bool timer;
    bool verbatim; /* the texts of the first column as they are: .schema */

    firn_print_opt print;
    const char *out_path; /* NULL: standard output */
    const char *out_made; /* what is written until it is whole; NULL: out_path itself */
    FILE *out;            /* NULL: the engine writes the file, or standard output */
    unsigned results;     /* written to it */
    uint64_t rows;        /* of the last result */

    /* of the shell; in scripts all is off */
    bool shell;
    bool paging;
    bool leave; /* .quit */
    unsigned depth;
    firn_history *history; /* NULL: none */
    firn_terminal terminal;
    firn_watch *watch; /* NULL: none */
    firn_pager pager;
    const firn_function_name *functions; /* of the engine, for completion; NULL: not asked yet */
    size_t function_count;
} firn_sql_run;

/* Runs a script; ends at the first error, whose place is shown with its line.  `file`: its name for
 * messages; NULL: typed.  *ret_count (may be NULL) is how many things there were to do. */
FIRN_NODISCARD firn_code firn_sql_script(firn_sql_run *q, firn_str script, const char *file,
                                         size_t *ret_count, firn_err *err);

/* Runs a line that begins with a dot. */
FIRN_NODISCARD firn_code firn_dot_run(firn_sql_run *q, firn_str line, firn_err *err);

/* Runs one statement that the shell makes itself. */
FIRN_NODISCARD firn_code firn_sql_one(firn_sql_run *q, firn_str sql, firn_err *err);

/* The session; the engine starts with the first one. */
FIRN_NODISCARD firn_code firn_sql_session(firn_sql_run *q, firn_session **ret, firn_err *err);

/* Sends what follows to a file.  `whole`: it appears under its name when it is closed, and not at
 * all if `keep` is false then. */
FIRN_NODISCARD firn_code firn_sql_output(firn_sql_run *q, const char *path, bool whole,
                                         firn_err *err);
FIRN_NODISCARD firn_code firn_sql_output_close(firn_sql_run *q, bool keep, firn_err *err);

/* A script from a file; "-" is standard input. */
FIRN_NODISCARD firn_code firn_sql_read(firn_command *c, const char *file, firn_arena *a,
                                       firn_str *ret, firn_err *err);

/* --- the shell ----------------------------------------------------------------------------- */

/* Reads statements from the terminal until who types leaves. */
FIRN_NODISCARD firn_code firn_shell_run(firn_sql_run *q, firn_err *err);

/* Completions of what is typed; see edit.h.  `arg` is a firn_sql_run. */
FIRN_NODISCARD firn_code firn_shell_complete(void *arg, firn_str text, size_t cursor, firn_arena *a,
                                             firn_completions *ret, firn_err *err);

/* The words that lines with a dot begin with, from 0 on; NULL: no more. */
const char *firn_dot_name(size_t i);

#endif
