/* SPDX-License-Identifier: Apache-2.0 */
/* pager.h — what does not fit on the screen goes through $PAGER, or less. */
#ifndef FIRN_PAGER_H
#define FIRN_PAGER_H

#include "base/buf.h"
#include "cli/edit.h"

#include <stdatomic.h>
#include <stdio.h>
#include <sys/types.h>

/* Output that waits until it is known whether it fits. */
typedef struct firn_pager {
    const char *command; /* NULL: $PAGER, or less */
    const firn_terminal *terminal;
    _Atomic pid_t pid;   /* of the pager while it runs; 0: none.  Any thread may read it */
    atomic_bool waiting; /* all is written, and it is still being read */
    firn_buf held;
    size_t rows, columns; /* of the screen */
    size_t used, column;  /* rows and columns of what is held */
    bool escape;          /* inside of a sequence that has no width */
    int pipe;             /* to the pager; -1: none yet */
    bool none;            /* there is none to be had: all goes to the screen */
    bool gone;            /* it was left before the end */
} firn_pager;

/* A stream to standard output through the pager; NULL: no memory.  Close it with
 * firn_pager_close. */
FILE *firn_pager_open(firn_pager *p);

/* Writes what was held, or waits until the pager is left (`stop`: ends it).  *ret_gone: it was
 * left before all was written, which is no error. */
FIRN_NODISCARD firn_code firn_pager_close(firn_pager *p, FILE *f, bool stop, bool *ret_gone,
                                          firn_err *err);

#endif
