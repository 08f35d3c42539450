/* SPDX-License-Identifier: Apache-2.0 */
/* position.h — up to where each source was read: in the snapshot itself.
 *
 * Format: docs/formats/position.md.  A position is JSON:
 *   {"v":1,"streams":{"books.journal":{"seq":17,"parts":{…}}}}
 * Up to 2 KB it stands in the summary of the snapshot (`firn.position`); a larger one stands
 * compressed in the Avro header of the snapshot's own manifest list, and the summary holds its size
 * and SHA-256.  A tag `firn` pins the newest stamped snapshot; every commit stamps all streams. */
#ifndef FIRN_POSITION_H
#define FIRN_POSITION_H

#include "iceberg/manifest.h"

#define FIRN_POSITION_TAG "firn"
#define FIRN_ID_TWIN      3004 /* error id: another firn landed the stream meanwhile */
/* A table property: set with the first stamp, it tells a table whose stamps were lost from one that
 * never had any. */
#define FIRN_POSITION_PROPERTY "firn.stamped"

typedef enum firn_position_state {
    FIRN_POSITION_NONE, /* nothing was ever landed here */
    FIRN_POSITION_FOUND,
} firn_position_state;

typedef struct firn_position {
    firn_position_state state;
    json_t *root;        /* kept by the arena; NULL when NONE */
    int64_t snapshot_id; /* that carries it */
} firn_position;

/* Finds the position that belongs to the table's current rows (DESIGN.md §5): that of the newest
 * stamped ancestor of main, which is the tagged one unless somebody rolled back.  Where expiry cut
 * the chain, older metadata files settle it.  FIRN_E_SOURCE_LOST, with what was found, when nothing
 * can, or when another engine made the table anew on top of what was landed: the operator must
 * choose. */
FIRN_NODISCARD firn_code firn_position_find(const firn_io *io, const firn_metadata *m,
                                            firn_arena *a, firn_position *ret, firn_err *err);

/* Reads the stamp of one snapshot; *ret is NULL if it has none. */
FIRN_NODISCARD firn_code firn_position_of(const firn_io *io, const firn_snapshot *s, firn_arena *a,
                                          json_t **ret, firn_err *err);

/* Returns the part of a stream, or NULL. */
const json_t *firn_position_part(const firn_position *p, firn_str stream, firn_str part);
/* Returns how many commits a stream has had; 0 if it is new. */
int64_t firn_position_seq(const firn_position *p, firn_str stream);

/* One key that a commit moves.  A commit finds `from` there or fails. */
typedef struct firn_position_move {
    firn_str stream;
    firn_str part;
    const json_t *from; /* NULL: nothing was there */
    const json_t *to;
} firn_position_move;

/* Makes the position after the moves: FIRN_E_CONFLICT when a key does not hold its `from`, naming
 * the stream: another firn landed it meanwhile. */
FIRN_NODISCARD firn_code firn_position_advance(const firn_position *base,
                                               const firn_position_move *moves, size_t count,
                                               firn_arena *a, json_t **ret, firn_err *err);

/* The stamp of a new snapshot: entries for its summary, and what goes into the header of its
 * manifest list (key NULL: nothing). */
typedef struct firn_position_stamp {
    const char *header_key;
    firn_slice header_value;
} firn_position_stamp;
FIRN_NODISCARD firn_code firn_position_stamp_make(const json_t *position, firn_arena *a,
                                                  json_t *summary, firn_position_stamp *ret,
                                                  firn_err *err);

#endif
