/* SPDX-License-Identifier: Apache-2.0 */
/* located.h — tables found by their place in the file system instead of by a catalog. */
#ifndef FIRN_LOCATED_H
#define FIRN_LOCATED_H

#include "env/env.h"
#include "iceberg/metadata.h"
#include "iceberg/moved.h"

typedef struct firn_located {
    const firn_metadata *metadata;
    firn_str folder;         /* of the table, absolute, symbolic links resolved */
    const firn_moved *moved; /* NULL: its files are looked for where they were recorded */
    const firn_io *io;       /* to read it with */
    bool elsewhere;          /* it was recorded at another place than `folder` */
} firn_located;

typedef struct firn_located_conf {
    firn_str where; /* folder of a table, its folder metadata, or a metadata file; file: URIs */
    bool moved;     /* its files moved along with it */
    firn_str moved_from; /* the recorded place that moved; .p == NULL: told by the two paths */
    int64_t version;     /* number of the metadata file; -1: the newest */
} firn_located_conf;

/* Finds and reads the metadata; everything in `a`.  In a folder the file is the one that
 * version-hint.text names (v<N>: or a newer one), else the one with the highest number.
 * FIRN_E_NOTFOUND; FIRN_E_CONFIG when several files have the highest number. */
FIRN_NODISCARD firn_code firn_located_load(firn_env *env, const firn_located_conf *conf,
                                           firn_arena *a, firn_located *ret, firn_err *err);

/* Adds to the error of a file that could not be read that the table may have been moved. */
firn_code firn_located_advise(const firn_located *t, firn_err *err);

#endif
