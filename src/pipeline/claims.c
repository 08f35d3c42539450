/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/claims.h"

static uint64_t bounded(const firn_claims *c, uint64_t claim)
{
    return FIRN_MIN(claim, c->total);
}

bool firn_claims_fit(const firn_claims *c, uint64_t claim)
{
    return claim == 0 || c->running == 0 || c->claimed + bounded(c, claim) <= c->total;
}

void firn_claims_take(firn_claims *c, uint64_t claim)
{
    c->running++;
    c->claimed += bounded(c, claim);
    c->unlimited += claim == 0;
}

void firn_claims_release(firn_claims *c, uint64_t claim)
{
    c->running--;
    c->claimed -= bounded(c, claim);
    c->unlimited -= claim == 0;
}

uint64_t firn_claims_limit(const firn_claims *c)
{
    return c->unlimited || c->claimed == 0 ? c->total : FIRN_MIN(c->claimed, c->total);
}
