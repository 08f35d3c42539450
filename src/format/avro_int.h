/* SPDX-License-Identifier: Apache-2.0 */
/* avro_int.h — what the parts of the Avro reader and writer share: the schema as a graph of nodes,
 * a cursor over encoded bytes, skipping, block codecs.  Not for callers of avro.h. */
#ifndef FIRN_AVRO_INT_H
#define FIRN_AVRO_INT_H

#include "format/avro.h"

#define FIRN_AVRO_MAX_DEPTH  64
#define FIRN_AVRO_SYNC_BYTES 16

typedef enum firn_avro_type {
    FIRN_AVRO_T_NULL,
    FIRN_AVRO_T_BOOLEAN,
    FIRN_AVRO_T_INT,
    FIRN_AVRO_T_LONG,
    FIRN_AVRO_T_FLOAT,
    FIRN_AVRO_T_DOUBLE,
    FIRN_AVRO_T_BYTES,
    FIRN_AVRO_T_STRING, /* the last one without parts */
    FIRN_AVRO_T_FIXED,
    FIRN_AVRO_T_ENUM,
    FIRN_AVRO_T_RECORD,
    FIRN_AVRO_T_ARRAY,
    FIRN_AVRO_T_MAP,
    FIRN_AVRO_T_UNION,
    FIRN_AVRO_T_COUNT
} firn_avro_type;

/* --- schema -------------------------------------------------------------------------------- */

typedef struct firn_avro_node firn_avro_node;

/* How to get past a value whose content nobody wants. */
typedef enum firn_avro_skip_kind {
    FIRN_AVRO_SKIP_BYTES,   /* n bytes */
    FIRN_AVRO_SKIP_VARINTS, /* n variable-length integers */
    FIRN_AVRO_SKIP_RUNS,    /* n times a length and that many bytes */
    FIRN_AVRO_SKIP_NODE,    /* by the node's type */
} firn_avro_skip_kind;

typedef struct firn_avro_skip {
    firn_avro_skip_kind kind;
    uint64_t n;
    const firn_avro_node *node;
} firn_avro_skip;

typedef struct firn_avro_field {
    firn_str name;
    int32_t id; /* -1: none */
    const firn_avro_node *type;
} firn_avro_field;

/* A type.  Named types are one node however often they are referred to, so a recursive schema is a
 * cycle of nodes. */
struct firn_avro_node {
    firn_avro_type type;
    firn_str name;           /* full name of a record, enum or fixed */
    firn_avro_field *fields; /* record */
    size_t field_count;
    const firn_avro_node **branches; /* union */
    size_t branch_count;
    firn_str *symbols; /* enum */
    size_t symbol_count;
    const firn_avro_node *item; /* array: items; map: values */
    uint64_t fixed_bytes;
    uint64_t min_bytes;    /* no value is shorter; a lower bound for recursive types */
    firn_avro_skip skip;   /* the whole value */
    firn_avro_skip *steps; /* record: its fields, merged, without those that take no bytes */
    size_t step_count;
};

/* Reads a schema whose root is a record.  `strict` also refuses what only a lenient reader takes:
 * a name defined twice, names outside of [A-Za-z_][A-Za-z0-9_]*, unions directly in unions or with
 * the same type twice.  Everything is copied into `a`.  FIRN_E_DATA. */
FIRN_NODISCARD firn_code firn_avro_schema_parse(firn_slice json, bool strict, firn_arena *a,
                                                const firn_avro_node **ret, firn_err *err);

/* "long", "record", … */
const char *firn_avro_type_name(firn_avro_type t);

/* --- bytes --------------------------------------------------------------------------------- */

/* Where a decoder stands. */
typedef struct firn_avro_in {
    const uint8_t *p;
    const uint8_t *end;
    const uint8_t *start;
    size_t offset; /* in the file: of `start`, or of the block that was inflated to it */
    bool inflated;
} firn_avro_in;

/* Raises FIRN_E_DATA with `what` and the offset. */
firn_code firn_avro_bad(const firn_avro_in *in, firn_err *err, const char *what);

/* Reads a zig-zag integer of up to 10 bytes. */
FIRN_NODISCARD firn_code firn_avro_long_slow(firn_avro_in *in, int64_t *ret, firn_err *err);

static inline size_t firn_avro_rest(const firn_avro_in *in)
{
    return (size_t)(in->end - in->p);
}

FIRN_NODISCARD static inline firn_code firn_avro_long(firn_avro_in *in, int64_t *ret, firn_err *err)
{
    if (FIRN_LIKELY(in->p < in->end && *in->p < 0x80)) {
        uint8_t z = *in->p++;
        *ret = (int64_t)(z >> 1) ^ -(int64_t)(z & 1);
        return FIRN_OK;
    }
    return firn_avro_long_slow(in, ret, err);
}

/* Reads a length and that many bytes; the slice points into the input. */
FIRN_NODISCARD firn_code firn_avro_run(firn_avro_in *in, firn_slice *ret, firn_err *err);

/* Starts the next block of an array or map: *ret_count items follow, 0 at the end.  *ret_stop is
 * where the block ends if it says so, else NULL. */
FIRN_NODISCARD firn_code firn_avro_block(firn_avro_in *in, uint64_t *ret_count,
                                         const uint8_t **ret_stop, firn_err *err);

/* Moves past one value (`depth` = how deep it lies).  Content is not validated beyond what is
 * needed to find the end. */
FIRN_NODISCARD firn_code firn_avro_skip_value(firn_avro_in *in, const firn_avro_skip *skip,
                                              unsigned depth, firn_err *err);

/* Appends a skip to a list of `*n` that has room for one more, merging it with the last. */
void firn_avro_skip_append(firn_avro_skip *steps, size_t *n, const firn_avro_skip *one);

/* Sets min_bytes, skip and steps of a node whose parts are complete. */
FIRN_NODISCARD firn_code firn_avro_skip_plan(firn_avro_node *node, firn_arena *a, firn_err *err);

/* --- projection ---------------------------------------------------------------------------- */

typedef struct firn_avro_plan firn_avro_plan;

/* One step through a record: a wanted field, or a run of others. */
typedef struct firn_avro_step {
    const firn_avro_plan *plan; /* NULL: skip */
    size_t slot;                /* index of the want */
    firn_str name;
    firn_avro_skip skip;
} firn_avro_step;

/* How to read a wanted value: the writer's type joined with what is wanted of it. */
struct firn_avro_plan {
    firn_avro_type type;
    bool has_gaps; /* record: some wants have no field */
    bool is_pair;  /* record: a whole number and one more field, both wanted, in this order */
    const firn_avro_node *node;
    const firn_avro_plan *item;      /* array, map */
    const firn_avro_plan **branches; /* union; as many as the node has */
    firn_avro_step *steps;           /* record */
    size_t step_count;
    size_t slot_count;
};

/* Joins a record with the wants.  FIRN_E_DATA as firn_avro_project. */
FIRN_NODISCARD firn_code firn_avro_plan_make(const firn_avro_node *record,
                                             const firn_avro_want *wants, size_t count,
                                             firn_arena *a, const firn_avro_plan **ret,
                                             firn_err *err);

/* The keys that are wanted of int-keyed maps; none: all. */
typedef struct firn_avro_keys {
    const int32_t *v;
    size_t n;
} firn_avro_keys;

/* --- codecs -------------------------------------------------------------------------------- */

/* State of a block codec, reused from block to block; zeroed = not open yet. */
typedef struct firn_avro_press firn_avro_press;

/* Returns the codec of a name in a header; FIRN_E_UNSUPPORTED names one that firn lacks. */
FIRN_NODISCARD firn_code firn_avro_codec_find(firn_str name, firn_avro_codec *ret, firn_err *err);
const char *firn_avro_codec_name(firn_avro_codec codec);

/* Replaces the content of `out` by what `in` inflates to, at most out->max bytes (FIRN_E_LIMIT).
 * *state is made at first use.  Codec null: not to be called.  FIRN_E_DATA without an offset. */
FIRN_NODISCARD firn_code firn_avro_inflate(firn_avro_press **state, firn_avro_codec codec,
                                           firn_slice in, firn_buf *out, firn_err *err);

/* The other way. */
FIRN_NODISCARD firn_code firn_avro_deflate(firn_avro_press **state, firn_avro_codec codec,
                                           firn_slice in, firn_buf *out, firn_err *err);

/* Releases the state and sets it to NULL. */
void firn_avro_press_free(firn_avro_press **state);

#endif
