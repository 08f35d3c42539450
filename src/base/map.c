/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing over an insertion-ordered array. */
#include "base/map.h"

#include "base/hash.h"
#include "base/str.h"

static uint32_t *slot_of(const firn_map *m, firn_str key, uint64_t hash)
{
    size_t mask = m->slot_count - 1;
    size_t i = (size_t)hash & mask;
    while (m->slots[i]) {
        const firn_map_entry *e = &m->v[m->slots[i] - 1];
        if (e->hash == hash && firn_str_eq(e->key, key))
            break;
        i = (i + 1) & mask;
    }
    return &m->slots[i];
}

void *firn_map_get(const firn_map *m, firn_str key)
{
    if (m->n == 0)
        return NULL;
    uint32_t at = *slot_of(m, key, firn_hash64(key.p, key.n));
    return at ? m->v[at - 1].value : NULL;
}

static bool grow_slots(firn_map *m)
{
    size_t count = m->slot_count ? m->slot_count * 2 : 16;
    uint32_t *slots = firn_arena_array(m->arena, count, sizeof *slots);
    if (!slots)
        return false;
    m->slots = slots;
    m->slot_count = count;
    for (size_t i = 0; i < m->n; i++)
        *slot_of(m, m->v[i].key, m->v[i].hash) = (uint32_t)i + 1;
    return true;
}

bool firn_map_put(firn_map *m, firn_str key, void *value)
{
    if ((m->n + 1) * 2 > m->slot_count && !grow_slots(m))
        return false;
    uint64_t hash = firn_hash64(key.p, key.n);
    uint32_t *slot = slot_of(m, key, hash);
    if (*slot) {
        m->v[*slot - 1].value = value;
        return true;
    }
    if (!firn_vec_push(m->arena, m, (firn_map_entry){key, value, hash}))
        return false;
    *slot = (uint32_t)m->n;
    return true;
}
