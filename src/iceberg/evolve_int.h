/* SPDX-License-Identifier: Apache-2.0 */
/* evolve_int.h — what the files of evolve.h share.
 *
 * The current schema is changed as the JSON that it is, so that members of other engines survive;
 * `view` is read from it anew after every change. */
#ifndef FIRN_EVOLVE_INT_H
#define FIRN_EVOLVE_INT_H

#include "base/map.h"
#include "iceberg/evolve.h"
#include "iceberg/metadata_int.h"

#define EVOLVE_TEXT_MAX ((size_t)16 << 20)

struct firn_evolution {
    const firn_metadata *base;
    firn_arena *a;
    int version; /* of the format */

    json_t *schema; /* owned through the arena */
    firn_schema view;
    int32_t last_column_id;

    FIRN_VEC(firn_partition_field) spec;
    int32_t last_partition_id;

    firn_sort_order sort;
    firn_sort_order base_sort;

    json_t *mapping; /* the name mapping, owned through the arena; NULL: the table has none */
    bool mapping_changed;
    firn_updates others; /* version, location, properties, refs, in the order of the calls */
    json_t *refs;        /* as they are with the changes so far */
    json_t *properties;  /* the same */
    FIRN_VEC(const char *) notes; /* lines on what is not seen from the schema */
};

/* --- columns by path (evolve_path.c) ------------------------------------------------------- */

/* Where a column stands in the schema's JSON. */
typedef struct firn_column_node {
    const firn_field *field; /* in the view */
    json_t *json;            /* the field's object; of items: the list or map */
    const char *type_key;    /* "type", "element", "key", "value" */
    const char *required_key;
    json_t *siblings; /* the array that it is in; NULL for items */
    size_t index;
} firn_column_node;

/* Raises FIRN_E_NOTFOUND with the nearest name. */
FIRN_NODISCARD firn_code firn_evolve_find(const firn_evolution *e, firn_str path,
                                          firn_column_node *ret, firn_err *err);
/* The field, or NULL. */
const firn_field *firn_evolve_lookup(const firn_type *type, firn_str path);
/* The node of an id, which is there. */
/* The array of fields that columns below `path` are in ("": the top); FIRN_E_INVAL if it is not a
 * struct, nor a list or map of structs.  *ret_type is that struct in the view. */
FIRN_NODISCARD firn_code firn_evolve_struct(const firn_evolution *e, firn_str path, json_t **ret,
                                            const firn_type **ret_type, firn_err *err);
/* The struct that holds a field, in the view; NULL for items of lists and maps. */
const firn_type *firn_evolve_parent(const firn_type *type, int32_t id);
/* Whether the id stands inside a map's key. */
bool firn_evolve_in_key(const firn_type *type, int32_t id);
/* "a.b.element.c"; "?" when memory is out. */
const char *firn_evolve_path(const firn_evolution *e, const firn_type *type, int32_t id);

/* --- the rest ------------------------------------------------------------------------------ */

/* Reads the view again. */
FIRN_NODISCARD firn_code firn_evolve_refresh(firn_evolution *e, firn_err *err);
/* A line for firn_evolve_print. */
FIRN_NODISCARD firn_code firn_evolve_note(firn_evolution *e, firn_err *err, const char *fmt, ...)
    FIRN_PRINTF(3, 4);
/* Adds an update; *ret gets the object, borrowed. */
FIRN_NODISCARD firn_code firn_evolve_other(firn_evolution *e, const char *action, json_t **ret,
                                           firn_err *err);
/* FIRN_E_UNSUPPORTED unless the table has this version; `what` "defaults of columns". */
FIRN_NODISCARD firn_code firn_evolve_need(const firn_evolution *e, int version, const char *what,
                                          firn_err *err);

/* Advises the key of a JSON object that is nearest to one that is not there; returns
 * FIRN_E_NOTFOUND, which was raised before. */
firn_code firn_evolve_advise_key(const firn_evolution *e, json_t *object, firn_str key,
                                 firn_err *err);

/* Whether the JSON text is a value of the type (evolve_default.c); *ret is a new reference. */
FIRN_NODISCARD firn_code firn_evolve_default_json(const firn_type *type, firn_str json,
                                                  json_t **ret, firn_err *err);

/* The name mapping follows the columns (evolve_mapping.c). */
FIRN_NODISCARD firn_code firn_evolve_mapping_load(firn_evolution *e, firn_err *err);
FIRN_NODISCARD firn_code firn_evolve_mapping_add(firn_evolution *e, int32_t parent_id,
                                                 const firn_field *field, firn_err *err);
FIRN_NODISCARD firn_code firn_evolve_mapping_rename(firn_evolution *e, int32_t id, firn_str name,
                                                    firn_err *err);

/* Parts of firn_evolve_updates and firn_evolve_print. */
bool firn_evolve_spec_changed(const firn_evolution *e);
FIRN_NODISCARD firn_code firn_evolve_spec_updates(const firn_evolution *e, firn_updates *u,
                                                  firn_err *err);
FIRN_NODISCARD firn_code firn_evolve_diff_columns(const firn_evolution *e, firn_buf *out,
                                                  firn_err *err);
FIRN_NODISCARD firn_code firn_evolve_diff_layout(const firn_evolution *e, firn_buf *out,
                                                 firn_err *err);

/* The columns a partition field or the sort order stands on (evolve_partition.c): NULL or what to
 * say about it, "partition field 'ts_day'". */
const char *firn_evolve_user_of(const firn_evolution *e, int32_t column_id);

#endif
