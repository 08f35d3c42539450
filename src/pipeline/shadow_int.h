/* SPDX-License-Identifier: Apache-2.0 */
/* shadow_int.h — shared by shadow.c (files) and shadow_rows.c (rows). */
#ifndef FIRN_SHADOW_INT_H
#define FIRN_SHADOW_INT_H

#include "base/map.h"
#include "pipeline/shadow.h"

#include <pthread.h>
#include <stdatomic.h>

struct firn_shadow {
    firn_arena *a; /* guarded by lock, as the maps are */
    const firn_io *base;
    firn_io io;
    firn_view_memory memory;
    pthread_mutex_t lock;
    firn_map objects; /* path → firn_slice; .p == NULL: removed */
    firn_map files;   /* path of a data file → firn_shadow_rows */
    _Atomic unsigned next_table;
    _Atomic uint64_t taken; /* raw bytes whose rows are kept */
};

#endif
