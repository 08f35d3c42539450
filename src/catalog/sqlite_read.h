/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_read.h — an SQLite file read without leaving a trace: nothing is opened for writing, no
 * log, index or journal is made beside it, nothing is locked, and no time stamp changes, also while
 * another program writes to it. */
#ifndef FIRN_SQLITE_READ_H
#define FIRN_SQLITE_READ_H

#include "base/buf.h"

#include <sqlite3.h>

/* Gives `into`, a connection to an empty database in memory, a copy of the database at `path` as it
 * was last committed, with what stands in its log.  A file that is not there leaves `into` empty.
 * FIRN_E_DATA: it is no database; FIRN_E_CONFLICT: it changed again and again while it was read, or
 * a program died in the middle of a change that only a writer can take back. */
FIRN_NODISCARD firn_code firn_sqlite_read(const char *path, sqlite3 *into, firn_err *err);

/* Adds the path as a URI that SQLite takes for a file that never changes: it needs no lock, no log
 * and no shared memory beside it. */
FIRN_NODISCARD firn_code firn_sqlite_immutable_uri(const char *path, firn_buf *out, firn_err *err);

#endif
