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

/* --- what does not fit --------------------------------------------------------------------- */

/* What becomes of a value that its column does not take, or of a key that has no column. */
typedef enum firn_misfit {
    FIRN_MISFIT_REJECT,   /* the record does not land: it goes to the rejects, whole */
    FIRN_MISFIT_RESIDUAL, /* null here; the value goes to the residual column, by its path */
    FIRN_MISFIT_DISCARD,  /* null here; the value goes to the rejects, the record lands */
    FIRN_MISFIT_FAIL,     /* nothing lands */
} firn_misfit;

/* `on_conflict_of_types`: how a column comes about in which values of several kinds were seen. */
typedef enum firn_conflicts {
    FIRN_CONFLICTS_STRING,   /* text, JSON for what is no text; later misfits are rejects */
    FIRN_CONFLICTS_RESIDUAL, /* of the kind seen most; the rest goes to the residual column */
    FIRN_CONFLICTS_JSON,     /* JSON text; later misfits are rejects */
    FIRN_CONFLICTS_REJECT,   /* of the kind seen most; records with others are rejects */
    FIRN_CONFLICTS_FAIL,     /* of the kind seen most; another one ends the landing */
} firn_conflicts;

/* What a change of the schema meets (dlt's words). */
typedef enum firn_contract {
    FIRN_CONTRACT_UNSAID, /* as the stream says, or the column around; at last: evolve */
    FIRN_CONTRACT_EVOLVE,
    FIRN_CONTRACT_FREEZE,        /* the landing fails */
    FIRN_CONTRACT_DISCARD_VALUE, /* the record lands without the value */
    FIRN_CONTRACT_REJECT,        /* the record is a reject; "discard_row" says the same */
} firn_contract;

typedef enum firn_nested {
    FIRN_NESTED_NATIVE,  /* structs, lists, maps */
    FIRN_NESTED_JSON,    /* JSON text for every object and array below the record */
    FIRN_NESTED_FLATTEN, /* objects: columns a__b; arrays: tables of their own */
} firn_nested;

/* How the documents of a stream become columns. */
typedef struct firn_layout_policy {
    firn_conflicts conflicts;
    bool conflicts_said; /* by the user: it holds for given columns as well, which otherwise
                          * reject what they do not take */
    firn_contract tables;
    firn_contract columns;   /* holds once the table exists */
    firn_contract data_type; /* likewise */
    firn_nested nested;
} firn_layout_policy;

/* What a column is for. */
typedef enum firn_role {
    FIRN_ROLE_VALUE,    /* of a key */
    FIRN_ROLE_RESIDUAL, /* a string: what of a record has no place elsewhere, see residual.h */
    FIRN_ROLE_ROW_ID,   /* a uuid: which record of which file; the caller of fill writes it */
} firn_role;

#define FIRN_RESIDUAL_NAME "_residual"
#define FIRN_ROW_ID_NAME   "x_row_id"

/* --- layouts ------------------------------------------------------------------------------- */

typedef struct firn_layout firn_layout;
struct firn_layout {
    firn_str key;   /* in the source document or header; "" for the root and for elements */
    firn_str name;  /* of the column */
    firn_type type; /* of the column; struct: its fields[i] belongs to children[i] */
    firn_scalar_opt read;
    bool given;    /* by the user: never changed by what is seen */
    bool required; /* null or absent → reject */
    bool json;     /* a string that holds the JSON text of any value */
    bool strict;   /* a string that takes texts only; others: JSON text for what is no text */
    bool grows;    /* struct: a key without a column may become one */
    bool widens;   /* the type may become wider */
    bool settled;  /* misfits were seen here (unknown keys of a struct: `crowded`): the layout does
                    * not change by more of them, so walk passes over them */
    bool crowded;
    firn_role role;
    firn_misfit misfit;  /* a value that is not of the type, or too wide for it */
    firn_misfit unknown; /* struct: a key without a column */
    size_t residual;     /* root: 1 + index of the child that is the residual column; 0: none */
    size_t row_id;       /* root: the same of the id of rows, which nested: flatten adds */
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
    bool json;              /* the type is string, and holds JSON text */
    firn_contract contract; /* for new fields and types in it */
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
    const firn_layout_policy *policy; /* NULL: mixtures are text, misfits are rejects */
    bool exists;                      /* the table: contracts hold */
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

/* Whether a column of this type becomes a wider one because of numbers like these. */
bool firn_layout_widens(const firn_type *type, const firn_shape *seen);

/* Makes a layout for an existing table: the columns of `schema` (a struct; those named in `skip`
 * left out) with the keys and formats that `saved` (see below, may be NULL) remembers. */
FIRN_NODISCARD firn_code firn_layout_of_type(const firn_type *schema, const firn_str *skip,
                                             size_t skip_count, const json_t *saved, firn_arena *a,
                                             const firn_layout **ret, firn_err *err);

/* What a layout knows beyond the table's schema, as a JSON array for a table property: one object
 * {"path": [column names], "key": …, "format": …, "holds": "json" or "residual" or
 * "row_id"} for each column whose key is not its name or that has one of the others; an empty array
 * if there is none. *ret is a new reference. */
FIRN_NODISCARD firn_code firn_layout_save(const firn_layout *l, json_t **ret, firn_err *err);

#endif
