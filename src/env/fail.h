/* SPDX-License-Identifier: Apache-2.0 */
/* fail.h — named places where a test can make firn fail or die.
 *
 *   FIRN_TRY(FIRN_FAIL("commit.after_manifest_list", err));
 *
 * compiles to nothing without -Dfailpoints=true.  With it, FIRN_FAILPOINTS in the environment
 * holds `name=action` pairs separated by `;`.  Actions: off, kill (SIGKILL), exit, nospc (ENOSPC),
 * io (EIO), unknown (COMMIT_UNKNOWN), conflict, sleep:MS, and nth:N:action for the n-th time the
 * place is passed (from then on: nth:N+:action).  FIRN_FAILPOINTS_LOG names a file to which every
 * place passed is appended, a line each. */
#ifndef FIRN_FAIL_H
#define FIRN_FAIL_H

#include "base/err.h"

#ifdef FIRN_FAILPOINTS
#define FIRN_FAIL(name, err) firn_fail_at((name), (err))
FIRN_NODISCARD firn_code firn_fail_at(const char *name, firn_err *err);
#else
#define FIRN_FAIL(name, err) FIRN_OK
#endif

/* Makes allocations fail as FIRN_FAIL_MEMORY says ("12": the 12th, "12+": all from then on; the
 * engine module reads FIRN_FAIL_ENGINE_MEMORY).  When the process ends, a line
 * "memory COUNTED REFUSED" goes to FIRN_FAILPOINTS_LOG. */
#ifdef FIRN_FAILPOINTS
void firn_fail_memory(void);
#else
static inline void firn_fail_memory(void)
{
}
#endif

/* Every place in the sources, made at build time by tools/failpoints.py; NULL-terminated. */
extern const char *const firn_fail_names[];

#endif
