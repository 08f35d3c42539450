/* SPDX-License-Identifier: Apache-2.0 */
/* claims.h — what the nodes of a run may use of the engine's memory.
 *
 * The engine has one limit for all that runs in it.  A node with a claim (`memory:` of a model)
 * waits until the claims of those that run leave room for it; while only nodes with claims run, the
 * engine's limit is their sum, so that they spill instead of taking more.  Not guarded: the caller
 * has a lock. */
#ifndef FIRN_CLAIMS_H
#define FIRN_CLAIMS_H

#include "pipeline/context.h"

typedef struct firn_claims {
    uint64_t total;   /* bytes, the engine's */
    uint64_t claimed; /* of the nodes that run */
    size_t unlimited; /* nodes that run without a claim */
    size_t running;
    uint64_t limit; /* that the engine has now */
} firn_claims;

/* Whether a node with this claim (0: none) may begin. */
bool firn_claims_fit(const firn_claims *c, uint64_t claim);

/* Note that a node begins or ends. */
void firn_claims_take(firn_claims *c, uint64_t claim);
void firn_claims_release(firn_claims *c, uint64_t claim);

/* The limit that the engine ought to have now. */
uint64_t firn_claims_limit(const firn_claims *c);

#endif
