/* SPDX-License-Identifier: Apache-2.0 */
/* puffin.h — Puffin files: blobs (deletion vectors, sketches) and a footer that lists them.
 * Every byte is untrusted; a blob is handed out only where it lies inside of the file.
 * Source: Iceberg Puffin spec; ICEBERG.md §7. */
#ifndef FIRN_PUFFIN_H
#define FIRN_PUFFIN_H

#include "base/arena.h"

#define FIRN_PUFFIN_DELETION_VECTOR "deletion-vector-v1"

typedef struct firn_puffin_blob {
    firn_str type;
    int32_t *fields; /* ids it was computed from */
    size_t field_count;
    int64_t snapshot_id;     /* -1: none */
    int64_t sequence_number; /* -1: none */
    int64_t offset;
    int64_t length;
    firn_str compression;          /* .p == NULL: none */
    firn_str referenced_data_file; /* of a deletion vector; .p == NULL: not said */
    int64_t cardinality;           /* of a deletion vector; -1: not said */
} firn_puffin_blob;

typedef struct firn_puffin {
    firn_puffin_blob *blobs;
    size_t blob_count;
} firn_puffin;

/* Reads the footer of a file that lies whole in memory.  Everything in `a`.  FIRN_E_DATA names what
 * is damaged, FIRN_E_UNSUPPORTED a footer that is compressed (LZ4) or has unknown flags. */
FIRN_NODISCARD firn_code firn_puffin_read(firn_slice file, firn_arena *a, firn_puffin *ret,
                                          firn_err *err);

/* The bytes of a blob; FIRN_E_UNSUPPORTED names its compression if it has one. */
FIRN_NODISCARD firn_code firn_puffin_bytes(firn_slice file, const firn_puffin_blob *blob,
                                           firn_slice *ret, firn_err *err);

#endif
