/* SPDX-License-Identifier: Apache-2.0 */
/* json_plan.h — a layout made ready for one call of walk or fill: what is to be done at each node,
 * its column, and what is expected next.  Unlike a layout a plan changes while it is used. */
#ifndef FIRN_JSON_PLAN_H
#define FIRN_JSON_PLAN_H

#include "format/decoder.h"
#include "format/extjson.h"
#include "format/json_lex.h"

/* How a value becomes one of its column. */
typedef enum firn_json_op {
    FIRN_JSON_ANY,    /* walk: whatever it is, it changes nothing */
    FIRN_JSON_STRING, /* texts; where the column is not strict, others as they are written */
    FIRN_JSON_RAW,    /* any value, as it is written */
    FIRN_JSON_BOOLEAN,
    FIRN_JSON_INT,
    FIRN_JSON_LONG,
    FIRN_JSON_DECIMAL,
    FIRN_JSON_DOUBLE,
    FIRN_JSON_NUMBER, /* float: by firn_scalar_put */
    FIRN_JSON_DATE,
    FIRN_JSON_TIMESTAMP, /* with and without a zone */
    FIRN_JSON_TEXT,      /* others that are spelled as JSON strings: by firn_scalar_put */
    FIRN_JSON_STRUCT,
    FIRN_JSON_LIST,
    FIRN_JSON_MAP,
} firn_json_op;

typedef struct firn_json_node firn_json_node;
struct firn_json_node {
    /* the key as it is expected, quote and colon (of BSON: a zero) behind it, in words of eight
     * bytes */
    uint64_t key_words[2];
    uint64_t key_masks[2];
    const char *key; /* all of it, behind the first 16 bytes it is compared from here */
    uint32_t key_bytes;
    uint32_t spellings; /* learned so far, see firn_json_find */
    uint32_t stamp;     /* the instance of the struct above in which this was last seen */

    firn_json_op op;
    bool required;
    uint8_t depth; /* objects and arrays around its values */
    uint8_t scale; /* decimal */
    uint32_t child_count;
    uint32_t expected;        /* struct: how many of its children have a key */
    uint32_t instance;        /* struct: counts its objects */
    uint64_t limit;           /* decimal: its unscaled value stays below */
    firn_column *col;         /* NULL in walk */
    firn_json_node *next;     /* the sibling that came next the last time */
    firn_json_node *first;    /* struct: the child that came first */
    firn_json_node *children; /* in the order of the layout */

    const firn_layout *layout;
    const char *value; /* the careful pass: where the value of this key begins */
    size_t saved;      /* list, map: rows used by their child before the record */
};

/* State of one call. */
typedef struct firn_json_run {
    const char *end;     /* of the record */
    firn_arena *arena;   /* for decoded texts */
    firn_arena *scratch; /* for what is needed until the record is done */
    bool scratch_used;
    firn_extended extended;
    bool bson; /* keys end with a zero */
    firn_err *err;
    firn_code code;          /* a failure that is not the record's */
    uint64_t duplicate_keys; /* in this record */
    firn_json_node *root;
    firn_arena *plan;
    FIRN_VEC(firn_json_node *) lists; /* all lists and maps */
} firn_json_run;

/* Makes the plan.  root == NULL: for walk. */
FIRN_NODISCARD firn_code firn_json_plan(firn_json_run *run, const firn_layout *layout,
                                        firn_column *root, firn_err *err);

/* Before a record: remembers how long its lists are. */
void firn_json_save(firn_json_run *run);
/* Takes back what was written for the record that was to become `row`. */
void firn_json_undo(firn_json_run *run, size_t row);

/* Finds the child with a key that did not come as expected; NULL: there is none.  `p` is behind
 * the key's opening quote, *ret_behind is where its closing one stands.  From now on this spelling
 * is expected.  *ret_behind == NULL: the key is broken, or run->code says what failed. */
firn_json_node *firn_json_find(firn_json_run *run, firn_json_node *node, const char *p,
                               const char **ret_behind);

/* The text of a checked string of n raw bytes: in place, or unescaped into `a`.  .p == NULL: out
 * of memory. */
firn_str firn_json_decode(const char *p, size_t n, bool escaped, firn_arena *a);

/* Reads a value of Extended JSON; NULL: it is none, or run->code says what failed. */
const char *firn_json_typed(firn_json_run *run, const char *p, firn_arena *a, firn_typed *ret);

/* A checked value as a column of JSON texts has it: as it is written, but for values of Extended
 * JSON, which are relaxed.  .p == NULL: run->code says what failed. */
firn_str firn_json_raw(firn_json_run *run, const char *p, const char *behind);

/* What the columns of a struct or map see of a checked value: the object, or the one inside of its
 * spelling; NULL: a value of another kind.  What a struct has a column for is no spelling. */
const char *firn_json_object_in(firn_json_run *run, const firn_json_node *n, const char *p);

/* Whether a checked value is null, or what Extended JSON has for it. */
bool firn_json_is_null(firn_json_run *run, const char *p);

/* Stores a text, of which 12 bytes can be read, without a branch on its length: lengths are hard to
 * foretell. */
static inline void firn_json_put_text(firn_column *col, size_t row, const char *p, size_t bytes)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    static const uint64_t masks[] = {
        0,
        UINT64_C(0xff),
        UINT64_C(0xffff),
        UINT64_C(0xffffff),
        UINT64_C(0xffffffff),
        UINT64_C(0xffffffffff),
        UINT64_C(0xffffffffffff),
        UINT64_C(0xffffffffffffff),
        UINT64_MAX,
    };
    size_t near = FIRN_MIN(bytes, (size_t)12);
    uint64_t first = firn_load8(p) & masks[FIRN_MIN(near, (size_t)4)];
    uint64_t rest = firn_load8(p + 4) & masks[near > 4 ? near - 4 : 0];
    uint64_t words[2] = {(uint64_t)bytes | first << 32, bytes <= 12 ? rest : (uintptr_t)p};
    memcpy((char *)col->data + row * sizeof words, words, sizeof words);
#else
    ((firn_strview *)col->data)[row] = firn_strview_of(p, bytes);
#endif
}

/* A record with FIRN_JSON_SLACK readable bytes behind it: where it is, or a copy in `a` near the
 * end of a batch.  .p == NULL: out of memory. */
firn_str firn_json_span(const firn_batch *b, const firn_record *rec, firn_arena *a);

/* What a record or object without some of its keys has there: nulls are written into row `row`;
 * false if one of them is required, or with run->code set. */
bool firn_json_absent(firn_json_run *run, const firn_json_node *n, size_t row);

#endif
