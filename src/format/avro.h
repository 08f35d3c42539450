/* SPDX-License-Identifier: Apache-2.0 */
/* avro.h — Avro object container files as Iceberg uses them: manifests and manifest lists.
 *
 * Reading resolves by field id, never by name or position: the caller says which ids it wants and
 * gets a tree of values in its own order, whatever the writer's schema looks like.  Writing takes
 * a schema (JSON text) and values of the same tree.  Layout of the bytes: Avro 1.11 specification,
 * "Object Container Files" and "Binary Encoding". */
#ifndef FIRN_AVRO_H
#define FIRN_AVRO_H

#include "base/arena.h"
#include "base/buf.h"

typedef enum firn_avro_kind {
    FIRN_AVRO_NULL, /* also: the writer did not have this field */
    FIRN_AVRO_BOOLEAN,
    FIRN_AVRO_LONG, /* int and long */
    FIRN_AVRO_FLOAT,
    FIRN_AVRO_DOUBLE,
    FIRN_AVRO_BYTES, /* bytes, string, fixed; enum: the symbol */
    FIRN_AVRO_RECORD,
    FIRN_AVRO_ARRAY,
    FIRN_AVRO_MAP, /* Avro's own map: items are key (bytes), value, key, value, … */
} firn_avro_kind;

typedef struct firn_avro_value firn_avro_value;
struct firn_avro_value {
    firn_avro_kind kind;
    union {
        bool b;
        int64_t i;
        float f;
        double d;
        firn_slice bytes;
        struct {
            firn_avro_value *v;
            size_t n;
        } items;
    } u;
};

/* A field that is wanted.  For a record (or an array of records, or a map whose values are
 * records) `fields` are its wanted children; for anything else they are empty. */
typedef struct firn_avro_want {
    int32_t id;
    const struct firn_avro_want *fields;
    size_t field_count;
} firn_avro_want;

/* --- reading ------------------------------------------------------------------------------- */

typedef struct firn_avro_reader firn_avro_reader;

/* Opens a container that lies whole in memory (`file` must outlive the reader; values may point
 * into it).  Everything of the reader lives in `a`.  Reads codecs null, deflate, snappy and
 * zstandard; a block inflates to at most max_block_bytes.  FIRN_E_DATA names the offset. */
FIRN_NODISCARD firn_code firn_avro_open(firn_slice file, size_t max_block_bytes, firn_arena *a,
                                        firn_avro_reader **ret, firn_err *err);

/* Returns an entry of the header's metadata ("partition-spec"), .p == NULL if it is absent. */
firn_slice firn_avro_meta(const firn_avro_reader *r, const char *key);

/* Says what of the top-level record is wanted; must be called once before firn_avro_next.  What is
 * not wanted is skipped without being built.  FIRN_E_DATA if the writer's type at a wanted id
 * cannot be what the caller asks (a primitive where records are wanted). */
FIRN_NODISCARD firn_code firn_avro_project(firn_avro_reader *r, const firn_avro_want *wants,
                                           size_t count, firn_err *err);

/* Lets int-keyed maps (arrays of records of a whole number and one more field, as Iceberg writes
 * them) leave out what has another key than these: a reader of few columns is spared the metrics of
 * all others.  Maps of other shapes are read whole.  `keys` must outlive the reader. */
void firn_avro_only_keys(firn_avro_reader *r, const int32_t *keys, size_t count);

/* Reads the next record into *ret: kind RECORD with `count` items in the order of the wants.
 * Values live in `a` (which may be reset between records) or in the block and stay valid until
 * the next block is read: copy what must stay (pass the same arena for blocks and values to keep
 * all).  *ret_end: there was none left. */
FIRN_NODISCARD firn_code firn_avro_next(firn_avro_reader *r, firn_arena *a, firn_avro_value *ret,
                                        bool *ret_end, firn_err *err);

/* Releases blocks and codec state held outside of the arena; accepts NULL. */
void firn_avro_close(firn_avro_reader *r);

/* --- writing ------------------------------------------------------------------------------- */

typedef struct firn_avro_writer firn_avro_writer;

typedef struct firn_avro_meta_entry {
    const char *key;
    firn_slice value;
} firn_avro_meta_entry;

typedef enum firn_avro_codec {
    FIRN_AVRO_CODEC_NULL,
    FIRN_AVRO_CODEC_DEFLATE,
    FIRN_AVRO_CODEC_ZSTD,
    FIRN_AVRO_CODEC_SNAPPY,
} firn_avro_codec;

/* Starts a container in `out`: magic, metadata (avro.schema, avro.codec and `meta`), and the sync
 * marker given.  schema_json stands in the header byte for byte as given, ids and all.
 * FIRN_E_INVAL if it is not an Avro schema of a record. */
FIRN_NODISCARD firn_code firn_avro_writer_new(firn_str schema_json,
                                              const firn_avro_meta_entry *meta, size_t meta_count,
                                              firn_avro_codec codec, const uint8_t sync[16],
                                              firn_buf *out, firn_arena *a, firn_avro_writer **ret,
                                              firn_err *err);

/* Appends one record: its items in the order of the schema's fields.  A union takes the first
 * branch that fits the value; a value that fits none, an int out of range, a fixed of another
 * length, a text that is not UTF-8 for a string: FIRN_E_INVAL naming the field. */
FIRN_NODISCARD firn_code firn_avro_write(firn_avro_writer *w, const firn_avro_value *record,
                                         firn_err *err);

/* Ends the last block. */
FIRN_NODISCARD firn_code firn_avro_finish(firn_avro_writer *w, firn_err *err);

/* Returns a name that Avro accepts, as Java's AvroSchemaUtil.sanitize makes it: a leading digit d
 * → _d, another character → _x<HEX>; `name` itself if it is fine. .p == NULL: out of memory. */
firn_str firn_avro_sanitize(firn_str name, firn_arena *a);

#endif
