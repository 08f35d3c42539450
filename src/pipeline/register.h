/* SPDX-License-Identifier: Apache-2.0 */
/* register.h — making a table that exists known to the catalog. */
#ifndef FIRN_REGISTER_H
#define FIRN_REGISTER_H

#include "pipeline/context.h"
#include "pipeline/located.h"

typedef struct firn_register_conf {
    firn_ident ident;
    firn_str where; /* the table's folder, or a metadata file of it */
    bool replace;   /* a table of that name may be there: the catalog then names this one */
} firn_register_conf;

typedef struct firn_registered {
    firn_str location; /* of the metadata file, as the catalog has it now */
    const firn_metadata *metadata;
    size_t manifests;
    bool replaced;
} firn_registered;

/* Adds the table to the catalog as it is; no file is written or changed.  The namespace is made.
 * What the catalog will need is looked for before: the manifest lists and manifests of the current
 * state and of all branches and tags.
 * FIRN_E_EXISTS if there is a table of that name, or the catalog has this one under another;
 * FIRN_E_CONFIG if it was moved since it was written. */
FIRN_NODISCARD firn_code firn_register(firn_context *run, const firn_register_conf *conf,
                                       firn_arena *a, firn_registered *ret, firn_err *err);

#endif
