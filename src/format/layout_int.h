/* SPDX-License-Identifier: Apache-2.0 */
/* layout_int.h — what the parts of layout.c share: the given columns as a tree, leaf nodes made
 * from types.  Not for callers of layout.h. */
#ifndef FIRN_LAYOUT_INT_H
#define FIRN_LAYOUT_INT_H

#include "base/str.h"
#include "format/layout.h"

#define FIRN_GIVEN_MAX_DEPTH 32

/* A place in the tree of columns about which the user said something, or below which he did. */
typedef struct firn_given_node firn_given_node;
struct firn_given_node {
    firn_str name; /* of the column; "" for the root and elements */
    firn_str from; /* key in the source; .p == NULL: not said */
    bool named;    /* an entry of `columns:` ends here */
    bool has_type;
    bool json;              /* a string that holds JSON text */
    firn_contract contract; /* for it and what is below */
    bool required;
    firn_type type; /* has_type: a struct's and a list's parts are nodes below as well */
    const firn_datefmt *format;
    FIRN_VEC(firn_given_node *) children; /* of a struct */
    firn_given_node *element;             /* of a list */
};

/* Makes the tree of the entries.  `seen` and `old` (each may be NULL) tell a column whose name
 * holds a point from a path.  FIRN_E_CONFIG. */
FIRN_NODISCARD firn_code firn_given_tree(const firn_layout_in *in, firn_arena *a,
                                         const firn_given_node **ret, firn_err *err);

/* Returns the child with this column name, or NULL; accepts NULL. */
const firn_given_node *firn_given_child(const firn_given_node *g, firn_str name);
/* Returns the child that reads this key, or NULL; accepts NULL. */
const firn_given_node *firn_given_by_key(const firn_given_node *g, firn_str key);

/* Makes a node and everything below it for a type; key and name are `name`. */
FIRN_NODISCARD firn_code firn_layout_from_type(const firn_type *type, firn_str name, bool given,
                                               bool required, firn_arena *a, firn_layout *ret,
                                               firn_err *err);

/* Fills by_key of a struct node: where two children have one key, the one whose key was said
 * (told by `rank`, NULL: by a key that is not the name) gets it. */
FIRN_NODISCARD firn_code firn_layout_index(firn_layout *node, const uint8_t *rank, firn_arena *a,
                                           firn_err *err);

/* --- layout_leaf.c ------------------------------------------------------------------------- */

typedef struct firn_layout_maker {
    const firn_layout_in *in;
    firn_arena *a;
    firn_err *err;
    bool changed;
    bool overflows; /* a residual column is needed */
    FIRN_VEC(firn_layout_note) notes;
} firn_layout_maker;

/* A place in the tree and the three things that may be known about it. */
typedef struct firn_layout_place {
    const struct firn_layout_place *parent;
    firn_str name; /* of the column; "" for the root, and for elements */
    size_t level;  /* the root is 1 */
    const firn_layout *old;
    const firn_given_node *given;
    const firn_shape *seen;
} firn_layout_place;

/* Adds "column 'lines[].debit' …"; at the root the text stands alone. */
FIRN_NODISCARD firn_code firn_layout_note_add(firn_layout_maker *m, const firn_layout_place *at,
                                              const char *fmt, ...) FIRN_PRINTF(3, 4);
firn_quoted firn_layout_quoted(const firn_layout_place *at);

/* Says what was seen that a column cannot take; nothing if it was said before. */
FIRN_NODISCARD firn_code firn_layout_note_misfits(firn_layout_maker *m, const firn_layout_place *at,
                                                  const firn_layout *node);
/* Whether something was seen that a column cannot take. */
bool firn_layout_misfits(const firn_layout_place *at, const firn_layout *node);

size_t firn_layout_max_fields(const firn_layout_maker *m);

/* Makes a node of this type. */
FIRN_NODISCARD firn_code firn_layout_leaf(firn_layout_maker *m, const firn_layout_place *at,
                                          const firn_type *type, bool given, firn_layout *ret);

/* Makes a node of the primitive type that its shape has. */
FIRN_NODISCARD firn_code firn_layout_new_leaf(firn_layout_maker *m, const firn_layout_place *at,
                                              const firn_type *type, firn_layout *ret);

/* Makes a node from an old one, widened as far as what was given or seen asks for it. */
FIRN_NODISCARD firn_code firn_layout_old_leaf(firn_layout_maker *m, const firn_layout_place *at,
                                              firn_layout *ret);

/* Settles the type of an old column with the one that was given for it.  FIRN_E_CONFIG. */
FIRN_NODISCARD firn_code firn_layout_settle(firn_layout_maker *m, const firn_layout_place *at,
                                            const firn_type *old, firn_type *ret);

/* --- layout_policy.c ----------------------------------------------------------------------- */

/* What is said at a place about new types and new fields, FIRN_CONTRACT_EVOLVE if nothing is. */
firn_contract firn_layout_type_contract(const firn_layout_maker *m, const firn_layout_place *at,
                                        bool given);
firn_contract firn_layout_field_contract(const firn_layout_maker *m, const firn_layout_place *at);

/* What becomes of keys without a column in the struct at a place. */
firn_misfit firn_layout_key_misfit(const firn_layout_maker *m, const firn_layout_place *at,
                                   bool given);

/* What a new column becomes by what was seen of it. */
typedef struct firn_layout_head {
    bool known; /* something else than null was seen */
    bool json;
    bool map;
    firn_type type;
    firn_shape seen; /* what was seen of the kind that the column has */
} firn_layout_head;

firn_layout_head firn_layout_choose(const firn_layout_maker *m, const firn_layout_place *at);

/* Says in a node that was made what becomes of values that do not fit it. */
void firn_layout_decide(firn_layout_maker *m, const firn_layout_place *at, firn_layout *node);

/* "to the rejects", "to _residual": where misfits go. */
const char *firn_layout_way(firn_misfit how);

#endif
