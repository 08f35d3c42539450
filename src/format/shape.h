/* SPDX-License-Identifier: Apache-2.0 */
/* shape.h — what was seen at one path of a stream, and the lattice join of such summaries.
 *
 * The join is associative, commutative (but for the order of fields, which is that of first
 * appearance) and idempotent (counts apart): the type of a stream depends on the set of its
 * values, never on how it was cut into batches or on threads. */
#ifndef FIRN_SHAPE_H
#define FIRN_SHAPE_H

#include "base/map.h"
#include "base/type.h"

typedef enum firn_seen { /* bits of firn_shape.seen */
                         FIRN_SEEN_NULL = 1 << 0,
                         FIRN_SEEN_BOOLEAN = 1 << 1,
                         FIRN_SEEN_NUMBER = 1 << 2,
                         FIRN_SEEN_TEXT = 1 << 3,
                         FIRN_SEEN_OBJECT = 1 << 4,
                         FIRN_SEEN_ARRAY = 1 << 5,
                         /* only in BSON and Extended JSON, where an ObjectId is a text: */
                         FIRN_SEEN_DATE = 1 << 6, /* milliseconds since 1970 */
                         FIRN_SEEN_BINARY = 1 << 7,
                         FIRN_SEEN_UUID = 1 << 8,
} firn_seen;

#define FIRN_SEEN_KINDS 16 /* room for bits of firn_seen */

typedef enum firn_number_kind {                             /* bits of firn_shape.numbers */
                                FIRN_NUMBER_PLAIN = 1 << 0, /* digits in a text */
                                FIRN_NUMBER_INT = 1 << 1,   /* 32 bits */
                                FIRN_NUMBER_LONG = 1 << 2,
                                FIRN_NUMBER_DOUBLE = 1 << 3,
                                FIRN_NUMBER_DECIMAL = 1 << 4, /* Decimal128 */
} firn_number_kind;

typedef struct firn_shape firn_shape;
typedef struct firn_shape_field {
    firn_str key; /* as in the source, in the shape's arena */
    firn_shape *shape;
} firn_shape_field;

struct firn_shape {
    uint32_t seen;                    /* firn_seen bits */
    uint64_t count;                   /* values, nulls included */
    uint64_t counts[FIRN_SEEN_KINDS]; /* of each kind, by the number of its bit */

    /* numbers (FIRN_SEEN_NUMBER) */
    uint32_t numbers;   /* firn_number_kind bits: what they were in the source */
    bool not_finite;    /* some number is NaN or infinite: only a double, or a text, can be that */
    bool not_long;      /* some number is not exactly an int64 ("1.5", "2^63", "-0") */
    bool not_double;    /* some number does not come back the same from a double */
    int64_t int_digits; /* most digits before the point */
    int64_t scale;      /* most digits behind it, trailing zeros apart */
    int64_t written;    /* with them: what a new decimal column keeps, if it can */

    bool far_date; /* some date lies outside of the years 0001 to 9999 */

    /* texts (FIRN_SEEN_TEXT) */
    uint32_t spellings;  /* firn_spelling bits that read *all* texts seen */
    bool ambiguous_date; /* some text looked like a date nobody can read for sure */
    bool plain_text;     /* some text was neither read by a spelling nor ambiguous */

    /* objects and arrays */
    firn_shape_field *fields; /* in order of first appearance */
    size_t field_count;
    size_t field_cap;
    firn_map by_key;     /* key → firn_shape_field index + 1, as a pointer-sized integer */
    firn_shape *element; /* of arrays; NULL: only empty ones seen.  Of objects that go to a map
                          * column: what does not fit of their values */
    firn_shape *rest;    /* not NULL: more than FIRN_SHAPE_MAX_KEYS keys were seen, which are data
                          * and no columns: the fields are gone, all values were seen here */
};

/* No setting of max_fields goes beyond it; it bounds the memory of a shape. */
#define FIRN_SHAPE_MAX_KEYS 10000

/* An empty shape in `a`; NULL when memory is out. */
firn_shape *firn_shape_new(firn_arena *a);

/* Records one value. */
void firn_shape_add_null(firn_shape *s);
void firn_shape_add_boolean(firn_shape *s);
void firn_shape_add_number(firn_shape *s, firn_str token);
void firn_shape_add_text(firn_shape *s, firn_str text);
/* A number of a kind; one that is NaN or infinite; a value of the kinds from FIRN_SEEN_DATE on. */
void firn_shape_add_number_of(firn_shape *s, firn_number_kind kind, firn_str token);
void firn_shape_add_integer(firn_shape *s, firn_number_kind kind, int64_t v);
/* digits × 10^-scale, the scale at most 18. */
void firn_shape_add_scaled(firn_shape *s, firn_number_kind kind, uint64_t digits, int scale);
void firn_shape_add_not_finite(firn_shape *s, firn_number_kind kind);
void firn_shape_add_kind(firn_shape *s, firn_seen kind);
/* A CSV cell: "" is null, else boolean, number or text by its looks; a number with a leading zero
 * or plus sign ("007", "+5") is text. */
void firn_shape_add_cell(firn_shape *s, firn_str cell);
/* Returns the shape of a field (made if new), NULL when memory is out.  The caller records the
 * object itself with firn_shape_add_object, the array with firn_shape_add_array. */
void firn_shape_add_object(firn_shape *s);
void firn_shape_add_array(firn_shape *s);
firn_shape *firn_shape_field_of(firn_shape *s, firn_str key, firn_arena *a);
firn_shape *firn_shape_element_of(firn_shape *s, firn_arena *a);

/* The values of all fields of an object as one shape, in `a`; NULL when memory is out. */
firn_shape *firn_shape_values(const firn_shape *s, firn_arena *a);

/* The kind that was seen most often, null apart: one bit, 0 if there is none.  Of two seen equally
 * often the one that says more: object, array, number, boolean, text. */
uint32_t firn_shape_main_kind(const firn_shape *s);

/* Joins `from` into `into`, copying what is needed to into's arena. */
FIRN_NODISCARD firn_code firn_shape_join(firn_shape *into, const firn_shape *from, firn_arena *a,
                                         firn_err *err);

/* Equal but for counts and the order of fields. */
bool firn_shape_eq(const firn_shape *a, const firn_shape *b);

/* Limits of what becomes columns. */
typedef struct firn_shape_limits {
    size_t max_fields; /* under one path; more: the object becomes JSON text (1000) */
    size_t max_depth;  /* of types; deeper: JSON text (32) */
} firn_shape_limits;

/* The narrowest type that loses nothing:
 *   boolean · int if the source has 32 bits for all · long, else double if every number comes back
 * the same, else decimal(int_digits + scale, scale) up to 38 digits, else string; what the source
 * has as a double is no long, what it has as a Decimal128 is a decimal · date: timestamptz · uuid:
 * uuid, and with other binaries: binary · text: date, timestamp or timestamptz if one spelling
 * reads all of it, else string · object: struct · array: list (of string if always empty) · a
 * mixture of kinds (null apart): string, holding JSON text for what is no text · object without
 * fields: string. Returns false if nothing but null was seen: no type is known yet. *ret_spelling
 * is FIRN_SP_COUNT unless the type came from a spelling. */
FIRN_NODISCARD firn_code firn_shape_type(const firn_shape *s, const firn_shape_limits *limits,
                                         firn_arena *a, firn_type *ret, bool *ret_known,
                                         firn_err *err);

/* The outermost step of the above, for a shape inside of level - 1 structs and lists (the root is
 * level 1): a struct or list comes without its fields.  limits == NULL: the defaults.  False if
 * nothing but null was seen. */
bool firn_shape_head(const firn_shape *s, const firn_shape_limits *limits, size_t level,
                     firn_type *ret);

/* Returns the one spelling of a text shape, FIRN_SP_COUNT if there is none or more than one day
 * order is possible (31/05 and 05/31). */
int firn_shape_spelling(const firn_shape *s);

#endif
