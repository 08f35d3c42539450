/* SPDX-License-Identifier: Apache-2.0 */
/* layout.h — which key of a source document goes to which column, and how it is read.
 *
 * A tree parallel to the type of the table: a struct node has one child a column, a list node one
 * (element), a map node two (key, value).  Immutable once built, so that threads share it; a new
 * layout is made when the schema changes. */
#ifndef FIRN_LAYOUT_H
#define FIRN_LAYOUT_H

#include "base/json.h"
#include "format/scalar.h"
#include "format/shape.h"

typedef struct firn_layout firn_layout;
struct firn_layout {
    firn_str key;   /* in the source document or header; "" for the root and for elements */
    firn_str name;  /* of the column */
    firn_type type; /* of the column; struct: its fields[i] belongs to children[i] */
    firn_scalar_opt read;
    bool given;    /* by the user: never changed by what is seen */
    bool required; /* null or absent → reject */
    firn_layout *children;
    size_t child_count;
    firn_map by_key; /* struct: key → firn_layout of the child */
};

/* A column given by the user (`columns:` of an ingest entry). */
typedef struct firn_given {
    firn_str name;   /* of the column; nested ones by path: "lines[].debit", "address.city" */
    firn_str from;   /* key in the source; .p == NULL: the name */
    firn_str format; /* of dates; .p == NULL: ISO */
    bool has_type;
    firn_type type;
    bool required;
} firn_given;

/* What was decided while a layout was made, to be said to the user: "column 'when' stays text:
 * 01/02/03 can be read in more than one way; give it a format". */
typedef struct firn_layout_note {
    firn_str text;
} firn_layout_note;

typedef struct firn_layout_in {
    const firn_layout *old; /* NULL: a new stream */
    const firn_shape *seen; /* NULL: nothing seen */
    const firn_given *given;
    size_t given_count;
    const firn_shape_limits *limits;
    const firn_str *reserved; /* column names the pipeline adds itself (x_loaded_at) */
    size_t reserved_count;
    bool null_columns; /* CSV: a column in which nothing was seen becomes a string column;
                        * otherwise it waits until its type is known */
    bool freeze;       /* keep the columns as they are (no new ones, no wider ones) */
} firn_layout_in;

typedef struct firn_layout_out {
    const firn_layout *layout;
    bool changed; /* compared with in->old: a new column or a wider type */
    firn_layout_note *notes;
    size_t note_count;
} firn_layout_out;

/* Makes the layout of a stream from what was there, what was given and what was seen.
 * Existing columns keep name and order; a type only changes as Iceberg can in place: int→long,
 * float→double, decimal(p,s)→decimal(p',s).  New keys become new columns at the end of their
 * struct, in the order of first appearance, optional.  Names: the key itself, except that an empty
 * key becomes "_", and a name that is reserved or differs from an earlier one only in case gets the
 * suffix _2, _3, …  What cannot be stored in an existing column is left to the decoder's rejects.
 * A given path that was never seen is still a column, a string if no type was given.
 * FIRN_E_CONFIG: given entries contradict each other, the table or the types; FIRN_E_LIMIT: the
 * records have more than FIRN_SHAPE_MAX_KEYS keys.  Everything returned lives in `a`. */
FIRN_NODISCARD firn_code firn_layout_make(const firn_layout_in *in, firn_arena *a,
                                          firn_layout_out *ret, firn_err *err);

/* Makes a layout for an existing table: the columns of `schema` (a struct; those named in `skip`
 * left out) with the keys and formats that `saved` (see below, may be NULL) remembers. */
FIRN_NODISCARD firn_code firn_layout_of_type(const firn_type *schema, const firn_str *skip,
                                             size_t skip_count, const json_t *saved, firn_arena *a,
                                             const firn_layout **ret, firn_err *err);

/* What a layout knows beyond the table's schema, as a JSON array for a table property: one object
 * {"path": [column names], "key": …, "format": …} for each column whose key is not its name or
 * that has a format; an empty array if there is none. *ret is a new reference. */
FIRN_NODISCARD firn_code firn_layout_save(const firn_layout *l, json_t **ret, firn_err *err);

#endif
