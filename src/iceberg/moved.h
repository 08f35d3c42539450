/* SPDX-License-Identifier: Apache-2.0 */
/* moved.h — tables whose files lie elsewhere than their metadata says: copied, mounted, restored.
 *
 * The recorded paths stay what they are (position deletes name files by them); only where they are
 * opened is another place looked at. */
#ifndef FIRN_MOVED_H
#define FIRN_MOVED_H

#include "base/arena.h"
#include "base/io.h"

/* Paths below `from` lie below `to`.  Without slashes at their ends; `from` without file:. */
typedef struct firn_moved {
    firn_str from;
    firn_str to;
} firn_moved;

/* Makes the change that brings a table recorded at `location` to the folder where it is found.
 * from_given.p == NULL: all folders above that are called the same moved along
 * ("/a/wh/db/t" found at "/b/wh/db/t": from /a to /b).  Otherwise `from_given` must be the location
 * or a folder above it.  FIRN_E_CONFIG if it is neither, or the two places do not fit. */
FIRN_NODISCARD firn_code firn_moved_make(firn_str location, firn_str folder, firn_str from_given,
                                         firn_arena *a, firn_moved *ret, firn_err *err);

/* Returns where a recorded path is to be opened, in `a` or the path itself; moved == NULL: there.
 */
FIRN_NODISCARD firn_code firn_moved_place(const firn_moved *moved, firn_str recorded, firn_arena *a,
                                          firn_str *ret, firn_err *err);

/* Returns an io that reads recorded paths where they lie now; it writes and removes nothing.  Lives
 * in `a`; `inner` and `moved` must outlive it. */
FIRN_NODISCARD firn_code firn_moved_io(const firn_io *inner, const firn_moved *moved, firn_arena *a,
                                       const firn_io **ret, firn_err *err);

#endif
