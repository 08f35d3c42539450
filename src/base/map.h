/* SPDX-License-Identifier: Apache-2.0 */
/* map.h — texts to pointers, in an arena; keeps the order of insertion.
 * Keys are borrowed: they must live as long as the map.  One thread at a time. */
#ifndef FIRN_MAP_H
#define FIRN_MAP_H

#include "base/arena.h"

typedef struct firn_map_entry {
    firn_str key;
    void *value;
    uint64_t hash;
} firn_map_entry;

typedef struct firn_map {
    firn_arena *arena;
    firn_map_entry *v; /* in order of insertion */
    size_t n;
    size_t cap;
    uint32_t *slots; /* index + 1 into v; 0 = empty */
    size_t slot_count;
} firn_map;

#define FIRN_MAP(a) ((firn_map){.arena = (a)})

/* Returns the value of a key, or NULL. */
void *firn_map_get(const firn_map *m, firn_str key);

/* Adds a key that is not there yet, or replaces its value; false when memory is out. */
bool firn_map_put(firn_map *m, firn_str key, void *value);

#endif
