/* SPDX-License-Identifier: Apache-2.0 */
/* view_metadata.h — Iceberg views: the metadata file of a view, read and written.
 * Source: Iceberg view spec, format version 1. */
#ifndef FIRN_VIEW_METADATA_H
#define FIRN_VIEW_METADATA_H

#include "iceberg/catalog.h"

/* The dialect that firn writes and prefers. */
#define FIRN_VIEW_DIALECT "duckdb"

typedef struct firn_view_metadata {
    const json_t *json; /* the whole file */
    firn_str location_of_file;
    firn_str uuid;
    firn_str location;
    int64_t version_id; /* of the current version */
    int64_t timestamp_ms;
    firn_str sql; /* in FIRN_VIEW_DIALECT, else in the first dialect there is */
    firn_str dialect;
    firn_str default_catalog;   /* .p == NULL: none */
    firn_str default_namespace; /* levels joined by dots; "": none */
    firn_schema schema;
    const json_t *properties; /* NULL: none */
} firn_view_metadata;

/* Loads the view of a catalog.  FIRN_E_NOTFOUND; FIRN_E_DATA for a damaged file; FIRN_E_UNSUPPORTED
 * for a newer format version. */
FIRN_NODISCARD firn_code firn_view_load(firn_catalog *c, const firn_io *io, firn_ident ident,
                                        firn_arena *a, const firn_view_metadata **ret,
                                        firn_err *err);

/* Reads a metadata file. */
FIRN_NODISCARD firn_code firn_view_metadata_load(const firn_io *io, firn_str location,
                                                 firn_arena *a, const firn_view_metadata **ret,
                                                 firn_err *err);

/* A property of the view; .p == NULL if it has none of this name. */
firn_str firn_view_property(const firn_view_metadata *v, const char *key);

/* What a view is to be. */
typedef struct firn_view_wanted {
    firn_ident ident;
    firn_str location; /* of a new one */
    firn_str sql;
    const firn_type *columns; /* with ids and docs */
    const struct firn_property *properties;
    size_t property_count; /* a value of .p == NULL takes a property away */
    const char *engine_version;
    int64_t now_ms;
    const char *uuid; /* a fresh one, for the view or the name of the file */
} firn_view_wanted;

/* Whether a view is what is wanted already: statement, columns with their docs, properties. */
bool firn_view_metadata_is(const firn_view_metadata *v, const firn_view_wanted *want);

/* Prints the metadata that follows on `before` (NULL: of a new view).  The newest ten versions are
 * kept, the schema is shared where it did not change. */
FIRN_NODISCARD firn_code firn_view_metadata_next(const firn_view_metadata *before,
                                                 const firn_view_wanted *want, firn_buf *out,
                                                 firn_err *err);

#endif
