/* SPDX-License-Identifier: Apache-2.0 */
/* json_fast.h — the inner loop: one record, read once from left to right along its plan.
 *
 * Included by json_walk.c (FIRN_JSON_STORE 0: nothing is written, the question is whether it all
 * fits) and json_fill.c (FIRN_JSON_STORE 1: values go straight into the columns).  Each function
 * returns the place behind what it read, or NULL for anything out of the ordinary: the caller then
 * looks at the record again, carefully, to find out what it is.
 *
 * Reading may run past the end of a broken record, up to FIRN_JSON_SLACK bytes; before each key
 * and element it is seen that it did not. */
#include "base/str.h"
#include "format/json_plan.h"

#ifndef FIRN_JSON_STORE
#error "say what this copy is for"
#endif

static const char *fast_value(firn_json_run *run, firn_json_node *n, size_t row, const char *p);

/* --- writing ------------------------------------------------------------------------------- */

#if FIRN_JSON_STORE

/* Raises what a failed call says and makes the record fail. */
static const char *fail(firn_json_run *run, firn_code code)
{
    run->code = code;
    return NULL;
}

#define SET(type, value) (((type *)n->col->data)[row] = (value))

#endif

static inline const char *done(firn_json_node *n, size_t row, const char *p)
{
#if FIRN_JSON_STORE
    firn_column_set_valid(n->col, row);
#endif
    (void)n;
    (void)row;
    return p;
}

/* --- the ways a value can be unexpected ---------------------------------------------------- */

static const char *null_value(firn_json_run *run, firn_json_node *n, size_t row, const char *p)
{
    if (memcmp(p, "null", 4) != 0 || n->required)
        return NULL;
#if FIRN_JSON_STORE
    firn_code code = firn_column_null(n->col, row, run->err);
    if (code)
        return fail(run, code);
#endif
    (void)run;
    (void)row;
    return p + 4;
}

/* Reads a text that is not stored as it is: a date in some spelling, a number in quotes. */
static const char *spelled_value(firn_json_run *run, firn_json_node *n, size_t row, const char *p)
{
    bool escaped;
    firn_json_why why;
    const char *close = firn_json_string(p + 1, run->end, &escaped, &why);
    if (!close)
        return NULL;
    run->scratch_used |= escaped;
    firn_str text = firn_json_decode(p + 1, (size_t)(close - p - 1), escaped, run->scratch);
    firn_fit fit = FIRN_FIT_NOMEM;
#if FIRN_JSON_STORE
    if (text.p)
        fit = firn_scalar_put(n->col, row, text, &n->layout->read, run->arena);
    if (fit == FIRN_FIT_NOMEM)
        return fail(run, firn_arena_raise(text.p ? run->arena : run->scratch, run->err));
#else
    (void)row;
    if (text.p)
        fit = firn_scalar_fits(&n->layout->type, text, &n->layout->read);
    if (fit == FIRN_FIT_NOMEM)
        run->code = firn_raise_nomem(run->err);
#endif
    return fit == FIRN_FIT_OK ? close + 1 : NULL;
}

/* Reads an object that is a value of Extended JSON. */
static const char *typed_value(firn_json_run *run, firn_json_node *n, size_t row, const char *p)
{
    firn_typed v;
    firn_arena *a = FIRN_JSON_STORE ? run->arena : run->scratch;
    const char *behind = firn_json_typed(run, p, a, &v);
    if (!behind || (v.kind == FIRN_TYPED_NULL && n->required) ||
        (v.kind != FIRN_TYPED_NULL && v.kind != FIRN_TYPED_TEXT && n->layout->strict))
        return NULL;
#if FIRN_JSON_STORE
    if (v.kind == FIRN_TYPED_NULL) {
        firn_code code = firn_column_null(n->col, row, run->err);
        return code ? fail(run, code) : behind;
    }
    firn_fit fit = firn_typed_put(n->col, row, &v, &n->layout->read, a);
#else
    (void)row;
    if (v.kind == FIRN_TYPED_NULL)
        return behind;
    firn_fit fit = firn_typed_fits(&n->layout->type, &v, &n->layout->read);
#endif
    if (FIRN_UNLIKELY(fit == FIRN_FIT_NOMEM))
        run->code = firn_arena_raise(a, run->err);
    return fit == FIRN_FIT_OK ? behind : NULL;
}

/* What a column of texts in some spelling finds where it expects one. */
static const char *no_text(firn_json_run *run, firn_json_node *n, size_t row, const char *p)
{
    if (*p == 'n')
        return null_value(run, n, row, p);
    return *p == '{' ? typed_value(run, n, row, p) : NULL;
}

/* What a column of numbers or booleans finds where it expects its own: null, or a text, which only
 * given columns read. */
static const char *other_value(firn_json_run *run, firn_json_node *n, size_t row, const char *p)
{
    if (*p == 'n')
        return null_value(run, n, row, p);
    if (*p == '"' && n->layout->read.given)
        return spelled_value(run, n, row, p);
    return *p == '{' ? typed_value(run, n, row, p) : NULL;
}

/* --- numbers ------------------------------------------------------------------------------- */

static inline bool starts_number(char c)
{
    return (unsigned)(unsigned char)c - '0' <= 9 || c == '-';
}

/* A number in a spelling or size that needs a closer look. */
static const char *odd_number(firn_json_run *run, firn_json_node *n, size_t row, const char *p,
                              const char *behind)
{
    firn_str token = {p, (size_t)(behind - p)};
#if FIRN_JSON_STORE
    firn_fit fit = firn_scalar_put(n->col, row, token, &n->layout->read, run->arena);
#else
    firn_fit fit = firn_scalar_fits(&n->layout->type, token, &n->layout->read);
    (void)row;
#endif
    if (fit == FIRN_FIT_NOMEM)
        run->code = firn_raise_nomem(run->err);
    return fit == FIRN_FIT_OK ? behind : NULL;
}

static inline const char *integer_value(firn_json_run *run, firn_json_node *n, size_t row,
                                        const char *p)
{
    firn_json_number v;
    if (FIRN_UNLIKELY(!starts_number(*p)))
        return other_value(run, n, row, p);
    const char *behind = firn_json_read_number(p, run->end, &v);
    if (FIRN_UNLIKELY(!behind))
        return NULL;
    if (FIRN_UNLIKELY(!v.plain || v.fraction || (v.negative && v.digits == 0)))
        return odd_number(run, n, row, p, behind);
    int64_t i = v.negative ? -(int64_t)v.digits : (int64_t)v.digits;
    if (n->op == FIRN_JSON_INT && (i < INT32_MIN || i > INT32_MAX))
        return NULL;
#if FIRN_JSON_STORE
    if (n->op == FIRN_JSON_INT)
        SET(int32_t, (int32_t)i);
    else
        SET(int64_t, i);
#endif
    return done(n, row, behind);
}

static inline const char *decimal_value(firn_json_run *run, firn_json_node *n, size_t row,
                                        const char *p)
{
    static const uint64_t tens[] = {UINT64_C(1),
                                    UINT64_C(10),
                                    UINT64_C(100),
                                    UINT64_C(1000),
                                    UINT64_C(10000),
                                    UINT64_C(100000),
                                    UINT64_C(1000000),
                                    UINT64_C(10000000),
                                    UINT64_C(100000000),
                                    UINT64_C(1000000000),
                                    UINT64_C(10000000000),
                                    UINT64_C(100000000000),
                                    UINT64_C(1000000000000),
                                    UINT64_C(10000000000000),
                                    UINT64_C(100000000000000),
                                    UINT64_C(1000000000000000),
                                    UINT64_C(10000000000000000),
                                    UINT64_C(100000000000000000),
                                    UINT64_C(1000000000000000000)};
    firn_json_number v;
    if (FIRN_UNLIKELY(!starts_number(*p)))
        return other_value(run, n, row, p);
    const char *behind = firn_json_read_number(p, run->end, &v);
    if (FIRN_UNLIKELY(!behind))
        return NULL;
    uint64_t unscaled;
    if (FIRN_UNLIKELY(!v.plain || v.fraction > n->scale ||
                      __builtin_mul_overflow(v.digits, tens[n->scale - v.fraction], &unscaled) ||
                      unscaled >= n->limit))
        return odd_number(run, n, row, p, behind);
#if FIRN_JSON_STORE
    int64_t i = v.negative ? -(int64_t)unscaled : (int64_t)unscaled;
    if (FIRN_LIKELY(n->col->width == 8))
        SET(int64_t, i);
    else
        firn_column_put_dec(n->col, row, i);
#endif
    return done(n, row, behind);
}

/* Up to 15 digits and a power of ten that is exact: one operation that rounds once, and what comes
 * out prints back as it was. */
static inline const char *double_value(firn_json_run *run, firn_json_node *n, size_t row,
                                       const char *p)
{
    static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                  1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};
    const uint64_t exact_digits = UINT64_C(1000000000000000);
    firn_json_number v;
    if (FIRN_UNLIKELY(!starts_number(*p)))
        return other_value(run, n, row, p);
    const char *behind = firn_json_read_number(p, run->end, &v);
    if (FIRN_UNLIKELY(!behind))
        return NULL;
    if (FIRN_UNLIKELY(!v.plain || v.digits >= exact_digits))
        return odd_number(run, n, row, p, behind);
#if FIRN_JSON_STORE
    double d = (double)v.digits / tens[v.fraction];
    SET(double, v.negative ? -d : d);
#endif
    (void)tens;
    return done(n, row, behind);
}

static const char *number_value(firn_json_run *run, firn_json_node *n, size_t row, const char *p)
{
    firn_json_number v;
    if (!starts_number(*p))
        return other_value(run, n, row, p);
    const char *behind = firn_json_read_number(p, run->end, &v);
    return behind ? odd_number(run, n, row, p, behind) : NULL;
}

/* --- texts --------------------------------------------------------------------------------- */

/* Reads a string with escapes, or a broken one. */
static const char *odd_string(firn_json_run *run, firn_json_node *n, size_t row, const char *p)
{
    bool escaped;
    firn_json_why why;
    const char *close = firn_json_string(p, run->end, &escaped, &why);
    if (!close)
        return NULL;
#if FIRN_JSON_STORE
    firn_str text = firn_json_decode(p, (size_t)(close - p), escaped, run->arena);
    if (!text.p)
        return fail(run, firn_arena_raise(run->arena, run->err));
    ((firn_strview *)n->col->data)[row] = firn_strview_of(text.p, text.n);
#endif
    return done(n, row, close + 1);
}

/* A value that is no text in a column of texts stands there as it is written, unless they are to
 * be texts. */
static const char *raw_value(firn_json_run *run, firn_json_node *n, size_t row, const char *p)
{
    firn_json_why why;
    if (*p == 'n')
        return null_value(run, n, row, p);
    bool typed = *p == '{' && (n->op == FIRN_JSON_STRING || firn_json_is_null(run, p));
    const char *behind = typed ? typed_value(run, n, row, p) : NULL;
    if (behind || run->code)
        return behind;
    if (n->op == FIRN_JSON_STRING && n->layout->strict)
        return NULL;
    behind = firn_json_skip(p, run->end, n->depth, &why);
    if (!behind)
        return NULL;
#if FIRN_JSON_STORE
    firn_str text = firn_json_raw(run, p, behind);
    if (FIRN_UNLIKELY(!text.p))
        return NULL;
    ((firn_strview *)n->col->data)[row] = firn_strview_of(text.p, text.n);
#endif
    return done(n, row, behind);
}

static inline const char *string_value(firn_json_run *run, firn_json_node *n, size_t row,
                                       const char *p)
{
    bool high;
    if (FIRN_UNLIKELY(*p != '"'))
        return raw_value(run, n, row, p);
    const char *close = firn_json_plain(++p, run->end, &high);
    if (FIRN_UNLIKELY(close >= run->end || *close != '"'))
        return odd_string(run, n, row, p);
    if (FIRN_UNLIKELY(high) && !firn_utf8_valid(p, (size_t)(close - p)))
        return NULL;
#if FIRN_JSON_STORE
    firn_json_put_text(n->col, row, p, (size_t)(close - p));
#endif
    return done(n, row, close + 1);
}

static inline const char *date_value(firn_json_run *run, firn_json_node *n, size_t row,
                                     const char *p)
{
    int32_t days;
    const size_t bytes = 10;
    if (FIRN_UNLIKELY(*p != '"'))
        return no_text(run, n, row, p);
    if (FIRN_UNLIKELY(p[bytes + 1] != '"' || !firn_fast_date(p + 1, bytes, &days)))
        return spelled_value(run, n, row, p);
#if FIRN_JSON_STORE
    SET(int32_t, days);
#endif
    return done(n, row, p + bytes + 2);
}

static inline const char *timestamp_value(firn_json_run *run, firn_json_node *n, size_t row,
                                          const char *p)
{
    int64_t us;
    bool high;
    bool zoned;
    if (FIRN_UNLIKELY(*p != '"'))
        return no_text(run, n, row, p);
    const char *close = firn_json_plain(p + 1, run->end, &high);
    bool fits = close < run->end && *close == '"' &&
                firn_fast_timestamp(p + 1, (size_t)(close - p - 1), &us, &zoned) &&
                zoned == (n->layout->type.kind == FIRN_T_TIMESTAMPTZ);
    if (FIRN_UNLIKELY(!fits))
        return spelled_value(run, n, row, p);
#if FIRN_JSON_STORE
    SET(int64_t, us);
#endif
    return done(n, row, close + 1);
}

static const char *boolean_value(firn_json_run *run, firn_json_node *n, size_t row, const char *p)
{
    bool yes = memcmp(p, "true", 4) == 0;
    if (FIRN_UNLIKELY(!yes && memcmp(p, "false", 5) != 0))
        return other_value(run, n, row, p);
#if FIRN_JSON_STORE
    SET(uint8_t, yes);
#endif
    return done(n, row, p + (yes ? 4 : 5));
}

/* --- lists --------------------------------------------------------------------------------- */

#if FIRN_JSON_STORE

static inline bool make_room(firn_json_run *run, firn_column *child)
{
    if (FIRN_UNLIKELY(child->length == child->capacity))
        run->code = firn_column_reserve(child, child->length + 1, run->err);
    return run->code == FIRN_OK;
}

#endif

static const char *list_value(firn_json_run *run, firn_json_node *n, size_t row, const char *p)
{
    if (FIRN_UNLIKELY(*p != '['))
        return *p == 'n' ? null_value(run, n, row, p) : NULL;
#if FIRN_JSON_STORE
    firn_column *child = n->col->children;
    size_t first = child->length;
#endif
    p = firn_json_space(p + 1, run->end);
    bool more = *p != ']';
    while (more) {
        size_t at = 0;
#if FIRN_JSON_STORE
        if (!make_room(run, child))
            return NULL;
        at = child->length;
#endif
        p = p < run->end ? fast_value(run, n->children, at, p) : NULL;
        if (FIRN_UNLIKELY(!p))
            return NULL;
#if FIRN_JSON_STORE
        child->length++;
#endif
        p = firn_json_space(p, run->end);
        more = *p == ',';
        if (more)
            p = firn_json_space(p + 1, run->end);
        else if (FIRN_UNLIKELY(*p != ']'))
            return NULL;
    }
#if FIRN_JSON_STORE
    SET(firn_listview, ((firn_listview){first, child->length - first}));
#endif
    return done(n, row, p + 1);
}

/* --- objects ------------------------------------------------------------------------------- */

static inline bool is_key(const firn_json_node *n, const char *p, const char *end)
{
    uint64_t differ = ((firn_load8(p) ^ n->key_words[0]) & n->key_masks[0]) |
                      ((firn_load8(p + 8) ^ n->key_words[1]) & n->key_masks[1]);
    if (differ)
        return false;
    return FIRN_LIKELY(n->key_bytes <= 16) ||
           ((size_t)(end - p) >= n->key_bytes && memcmp(p, n->key, n->key_bytes) == 0);
}

/* Reads a key that is not the expected one.  The next few are tried first: some keys are only
 * there at times.  Returns the place of the value; *ret_child == NULL: no column has this key. */
static const char *other_key(firn_json_run *run, firn_json_node *n, firn_json_node **link,
                             const char *p, firn_json_node **ret_child)
{
    const char *behind;
    firn_json_node *child = *link;
    for (int i = 0; child && i < 4; i++) {
        child = child->next;
        if (child && is_key(child, p, run->end)) {
            *ret_child = child;
            return firn_json_space(p + child->key_bytes, run->end);
        }
    }
    child = firn_json_find(run, n, p, &behind);
    if (!behind)
        return NULL;
    *ret_child = child;
    if (child)
        *link = child;
    p = firn_json_space(behind + 1, run->end);
    return *p == ':' ? firn_json_space(p + 1, run->end) : NULL;
}

/* Reads a key and its value; *link is where the key was expected, and where the next one is. */
static inline const char *member(firn_json_run *run, firn_json_node *n, firn_json_node ***link,
                                 uint32_t *found, size_t row, const char *p)
{
    firn_json_node *child = **link;
    if (FIRN_UNLIKELY(p >= run->end || *p != '"'))
        return NULL;
    if (FIRN_LIKELY(child && is_key(child, p + 1, run->end)))
        p = firn_json_space(p + 1 + child->key_bytes, run->end);
    else
        p = other_key(run, n, *link, p + 1, &child);
    if (FIRN_UNLIKELY(!p))
        return NULL;
    if (FIRN_UNLIKELY(!child)) /* a value that no column takes may be null */
        return memcmp(p, "null", 4) == 0 ? p + 4 : NULL;
    bool again = child->stamp == n->instance;
    child->stamp = n->instance;
    run->duplicate_keys += again;
    *found += !again;
    *link = &child->next;
    return fast_value(run, child, row, p);
}

static const char *object_value(firn_json_run *run, firn_json_node *n, size_t row, const char *p)
{
    if (FIRN_UNLIKELY(*p != '{'))
        return *p == 'n' ? null_value(run, n, row, p) : NULL;
    firn_json_node **link = &n->first;
    uint32_t found = 0;
    n->instance++;
    p = firn_json_space(p + 1, run->end);
    bool more = *p != '}';
    while (more) {
        p = member(run, n, &link, &found, row, p);
        if (FIRN_UNLIKELY(!p))
            return NULL;
        p = firn_json_space(p, run->end);
        more = *p == ',';
        if (more)
            p = firn_json_space(p + 1, run->end);
        else if (FIRN_UNLIKELY(*p != '}'))
            return NULL;
    }
    if (FIRN_JSON_STORE && FIRN_UNLIKELY(found < n->expected) && !firn_json_absent(run, n, row))
        return NULL;
    return n->col && n != run->root ? done(n, row, p + 1) : p + 1;
}

/* --- any value ----------------------------------------------------------------------------- */

/* Looks whether whatever stands here is well formed. */
static inline const char *any_value(firn_json_run *run, firn_json_node *n, const char *p)
{
    firn_json_why why;
    bool high;
    if (*p == '"') {
        const char *close = firn_json_plain(p + 1, run->end, &high);
        if (FIRN_LIKELY(close < run->end && *close == '"' && !high))
            return close + 1;
    }
    return firn_json_skip(p, run->end, n->depth, &why);
}

/* Each copy has its own. */
static const char *map_value(firn_json_run *run, firn_json_node *n, size_t row, const char *p);

static const char *fast_value(firn_json_run *run, firn_json_node *n, size_t row, const char *p)
{
    switch (n->op) {
    case FIRN_JSON_STRING:
        return string_value(run, n, row, p);
    case FIRN_JSON_LONG:
    case FIRN_JSON_INT:
        return integer_value(run, n, row, p);
    case FIRN_JSON_DECIMAL:
        return decimal_value(run, n, row, p);
    case FIRN_JSON_DOUBLE:
        return double_value(run, n, row, p);
    case FIRN_JSON_DATE:
        return date_value(run, n, row, p);
    case FIRN_JSON_TIMESTAMP:
        return timestamp_value(run, n, row, p);
    case FIRN_JSON_STRUCT:
        return object_value(run, n, row, p);
    case FIRN_JSON_LIST:
        return list_value(run, n, row, p);
    case FIRN_JSON_BOOLEAN:
        return boolean_value(run, n, row, p);
    case FIRN_JSON_NUMBER:
        return number_value(run, n, row, p);
    case FIRN_JSON_MAP:
        return map_value(run, n, row, p);
    case FIRN_JSON_RAW:
        return raw_value(run, n, row, p);
    case FIRN_JSON_ANY:
        return any_value(run, n, p);
    case FIRN_JSON_TEXT:
        break;
    }
    return *p == '"' ? spelled_value(run, n, row, p) : no_text(run, n, row, p);
}

/* Reads a whole record; false if it is not as expected. */
static inline bool fast_record(firn_json_run *run, size_t row, firn_str record)
{
    run->end = record.p + record.n;
    run->duplicate_keys = 0;
    const char *p = firn_json_space(record.p, run->end);
    if (*p != '{')
        return false;
    p = object_value(run, run->root, row, p);
    return p && firn_json_space(p, run->end) == run->end;
}
