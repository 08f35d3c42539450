/* SPDX-License-Identifier: Apache-2.0 */
/* bson_fast.h — the inner loop: one document, read once from left to right along its plan, which
 * is that of json_plan.h with other ends of keys.
 *
 * Included by bson_walk.c (FIRN_BSON_STORE 0: nothing is written, the question is whether it all
 * fits) and bson_fill.c (FIRN_BSON_STORE 1: values go straight into the columns).  Each function
 * returns the place behind what it read, or NULL for anything out of the ordinary: the document is
 * then checked and goes the way of JSON.
 *
 * Reading may run past the end of a broken document, up to FIRN_JSON_SLACK bytes; before each
 * element it is seen that it did not. */
#include "base/datetime.h"
#include "base/hash.h"
#include "base/str.h"
#include "format/bson.h"
#include "format/extjson.h"
#include "format/json_plan.h"

#ifndef FIRN_BSON_STORE
#error "say what this copy is for"
#endif

static const char *bson_value(firn_json_run *run, firn_json_node *n, size_t row, uint8_t type,
                              const char *p);

static inline int32_t load_i32(const char *p)
{
    return firn_bson_i32((const uint8_t *)p);
}

#if FIRN_BSON_STORE
#define SET(type, value) (((type *)n->col->data)[row] = (value))
#else
#define SET(type, value) ((void)row, (void)(value))
#endif

static inline const char *bson_done(firn_json_node *n, size_t row, const char *p)
{
#if FIRN_BSON_STORE
    firn_column_set_valid(n->col, row);
#endif
    (void)n;
    (void)row;
    return p;
}

static const char *bson_null(firn_json_run *run, firn_json_node *n, size_t row, const char *p)
{
    if (n->required)
        return NULL;
#if FIRN_BSON_STORE
    run->code = firn_column_null(n->col, row, run->err);
#endif
    (void)row;
    return run->code ? NULL : p;
}

/* --- texts --------------------------------------------------------------------------------- */

static inline bool is_ascii(const char *p, size_t n)
{
    uint64_t high = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        high |= firn_load8(p + i);
    if (i < n)
        high |= firn_load8(p + i) & ((UINT64_C(1) << (8 * (n - i))) - 1);
    return !(high & UINT64_C(0x8080808080808080));
}

/* Reads a text; NULL: it is broken. */
static inline const char *text_at(const firn_json_run *run, const char *p, firn_str *ret)
{
    ptrdiff_t left = run->end - p;
    int32_t n = load_i32(p);
    if (FIRN_UNLIKELY(left < 5 || n < 1 || n > left - 4 || p[4 + n - 1] != 0))
        return NULL;
    *ret = (firn_str){p + 4, (size_t)n - 1};
    return p + 4 + n;
}

static const char *object_id(firn_json_run *run, firn_json_node *n, size_t row, const char *p)
{
#if FIRN_BSON_STORE
    char *hex = firn_arena_alloc(run->arena, 25);
    if (!hex) {
        run->code = firn_arena_raise(run->arena, run->err);
        return NULL;
    }
    firn_hex(p, 12, hex);
    firn_json_put_text(n->col, row, hex, 24);
#endif
    (void)run;
    return bson_done(n, row, p + 12);
}

#if FIRN_BSON_STORE

static bool put_cell(firn_json_run *run, firn_json_node *n, size_t row, uint8_t type,
                     firn_slice value)
{
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(value.n * 24 + 4096);
    run->code = firn_bson_print_cell(type, value, n->op == FIRN_JSON_RAW, &out, run->err);
    firn_str text =
        run->code ? (firn_str){NULL, 0} : firn_arena_str(run->arena, firn_buf_str(&out));
    if (!run->code && !text.p)
        run->code = firn_arena_raise(run->arena, run->err);
    if (!run->code)
        ((firn_strview *)n->col->data)[row] = firn_strview_of(text.p, text.n);
    return !run->code;
}

#endif

/* Any value in a column of JSON texts, or what is no text in one of texts. */
static const char *bson_cell(firn_json_run *run, firn_json_node *n, size_t row, uint8_t type,
                             const char *p)
{
    bool empty;
    firn_bson_why why;
    if (p > run->end)
        return NULL;
    firn_slice value = {(const uint8_t *)p, 0};
    value.n = firn_bson_value_bytes(type, value.p, (const uint8_t *)run->end, &empty);
    if ((!value.n && !empty) || !firn_bson_check_value(type, value, n->depth, &why))
        return NULL;
#if FIRN_BSON_STORE
    if (!put_cell(run, n, row, type, value))
        return NULL;
#endif
    return bson_done(n, row, p + value.n);
}

static inline const char *bson_text(firn_json_run *run, firn_json_node *n, size_t row, uint8_t type,
                                    const char *p)
{
    firn_str text;
    if (FIRN_UNLIKELY(type != FIRN_BSON_STRING)) {
        if (type == FIRN_BSON_OBJECT_ID)
            return object_id(run, n, row, p);
        return n->layout->strict ? NULL : bson_cell(run, n, row, type, p);
    }
    const char *behind = text_at(run, p, &text);
    if (FIRN_UNLIKELY(!behind) ||
        FIRN_UNLIKELY(!is_ascii(text.p, text.n) && !firn_utf8_valid(text.p, text.n)))
        return NULL;
#if FIRN_BSON_STORE
    firn_json_put_text(n->col, row, text.p, text.n);
#endif
    return bson_done(n, row, behind);
}

/* Reads a text that is not stored as it is: a date in some spelling. */
static const char *bson_spelled(firn_json_run *run, firn_json_node *n, size_t row, const char *p)
{
    firn_str text;
    const char *behind = text_at(run, p, &text);
    if (!behind || !firn_utf8_valid(text.p, text.n))
        return NULL;
#if FIRN_BSON_STORE
    firn_fit fit = firn_scalar_put(n->col, row, text, &n->layout->read, run->arena);
    if (fit == FIRN_FIT_NOMEM)
        run->code = firn_arena_raise(run->arena, run->err);
#else
    (void)row;
    firn_fit fit = firn_scalar_fits(&n->layout->type, text, &n->layout->read);
#endif
    return fit == FIRN_FIT_OK ? behind : NULL;
}

/* --- numbers ------------------------------------------------------------------------------- */

/* Up to here every integer is a double of its own. */
#define MAX_EXACT (INT64_C(1) << 53)

/* Reads an integer, also one that is spelled as a double. */
static inline bool integer_at(uint8_t type, const char **p, int64_t *ret)
{
    double d;
    switch (type) {
    case FIRN_BSON_INT:
        *ret = load_i32(*p);
        *p += 4;
        return true;
    case FIRN_BSON_LONG:
        *ret = (int64_t)firn_load8(*p);
        *p += 8;
        return true;
    case FIRN_BSON_DOUBLE:
        d = firn_bson_f64((const uint8_t *)*p);
        if (!(d >= -(double)MAX_EXACT && d <= (double)MAX_EXACT) || d != (double)(int64_t)d ||
            firn_load8(*p) == UINT64_C(1) << 63) /* -0.0 */
            return false;
        *ret = (int64_t)d;
        *p += 8;
        return true;
    default:
        return false;
    }
}

static inline const char *bson_integer(firn_json_node *n, size_t row, uint8_t type, const char *p)
{
    int64_t v;
    if (FIRN_UNLIKELY(!integer_at(type, &p, &v)))
        return NULL;
    if (n->op == FIRN_JSON_INT && (v < INT32_MIN || v > INT32_MAX))
        return NULL;
    if (n->op == FIRN_JSON_INT)
        SET(int32_t, (int32_t)v);
    else
        SET(int64_t, v);
    return bson_done(n, row, p);
}

/* A whole number in a column of decimals of up to 18 digits. */
static const char *whole_decimal(firn_json_node *n, size_t row, uint8_t type, const char *p)
{
    int64_t v;
    int64_t unscaled;
    if (n->op != FIRN_JSON_DECIMAL || !integer_at(type, &p, &v) ||
        __builtin_mul_overflow(v, (int64_t)firn_dec_pow10(n->scale), &unscaled) ||
        unscaled <= -(int64_t)n->limit || unscaled >= (int64_t)n->limit)
        return NULL;
#if FIRN_BSON_STORE
    firn_column_put_dec(n->col, row, unscaled);
#endif
    return bson_done(n, row, p);
}

/* Any decimal, not only of up to 18 digits. */
static inline const char *bson_decimal(firn_json_node *n, size_t row, uint8_t type, const char *p)
{
    firn_i128 v;
    const firn_type *t = &n->layout->type;
    int64_t usual;
    if (FIRN_UNLIKELY(type != FIRN_BSON_DECIMAL128))
        return whole_decimal(n, row, type, p);
    if (FIRN_LIKELY(n->op == FIRN_JSON_DECIMAL &&
                    firn_d128_usual((const uint8_t *)p, n->scale, n->limit, &usual))) {
#if FIRN_BSON_STORE
        firn_column_put_dec(n->col, row, usual);
#endif
        return bson_done(n, row, p + 16);
    }
    firn_d128 d = firn_d128_read((const uint8_t *)p);
    if (FIRN_UNLIKELY(firn_d128_to_dec(&d, t->precision, t->scale, &v) != FIRN_FIT_OK))
        return NULL;
#if FIRN_BSON_STORE
    firn_column_put_dec(n->col, row, v);
#endif
    return bson_done(n, row, p + 16);
}

static inline const char *bson_double(firn_json_node *n, size_t row, uint8_t type, const char *p)
{
    double d;
    int64_t v;
    if (FIRN_LIKELY(type == FIRN_BSON_DOUBLE)) {
        d = firn_bson_f64((const uint8_t *)p);
        p += 8;
    } else if (integer_at(type, &p, &v) && v >= -MAX_EXACT && v <= MAX_EXACT) {
        d = (double)v;
    } else {
        return NULL;
    }
    SET(double, FIRN_LIKELY(d == d) ? d : (double)__builtin_nanf("")); /* one NaN is enough */
    return bson_done(n, row, p);
}

static const char *bson_boolean(firn_json_node *n, size_t row, uint8_t type, const char *p)
{
    if (type != FIRN_BSON_BOOLEAN || (uint8_t)*p > 1)
        return NULL;
    SET(uint8_t, (uint8_t)*p);
    return bson_done(n, row, p + 1);
}

/* --- dates --------------------------------------------------------------------------------- */

static inline const char *bson_date(firn_json_run *run, firn_json_node *n, size_t row, uint8_t type,
                                    const char *p)
{
    int32_t days;
    firn_str text;
    if (FIRN_UNLIKELY(type != FIRN_BSON_STRING))
        return NULL;
    const char *behind = text_at(run, p, &text);
    if (FIRN_UNLIKELY(!behind || text.n != 10 || !firn_fast_date(text.p, 10, &days)))
        return bson_spelled(run, n, row, p);
    SET(int32_t, days);
    return bson_done(n, row, behind);
}

static inline const char *bson_timestamp(firn_json_run *run, firn_json_node *n, size_t row,
                                         uint8_t type, const char *p)
{
    int64_t us;
    bool zoned;
    firn_str text;
    bool instant = n->layout->type.kind == FIRN_T_TIMESTAMPTZ;
    if (type == FIRN_BSON_DATE && instant && firn_ms_to_us((int64_t)firn_load8(p), &us)) {
        SET(int64_t, us);
        return bson_done(n, row, p + 8);
    }
    if (type != FIRN_BSON_STRING)
        return NULL;
    const char *behind = text_at(run, p, &text);
    if (FIRN_UNLIKELY(!behind || !firn_fast_timestamp(text.p, text.n, &us, &zoned) ||
                      zoned != instant))
        return bson_spelled(run, n, row, p);
    SET(int64_t, us);
    return bson_done(n, row, behind);
}

/* --- binaries and others ------------------------------------------------------------------- */

/* Numbers that are no long, int or small decimal, and what is spelled as a text in JSON. */
static const char *bson_other(firn_json_run *run, firn_json_node *n, size_t row, uint8_t type,
                              const char *p)
{
    firn_type_kind kind = n->layout->type.kind;
    if (kind == FIRN_T_DECIMAL)
        return bson_decimal(n, row, type, p);
    if (type == FIRN_BSON_STRING && n->op == FIRN_JSON_TEXT)
        return bson_spelled(run, n, row, p);
    if (type != FIRN_BSON_BINARY || run->end - p < 5)
        return NULL;
    int32_t bytes = load_i32(p);
    uint8_t subtype = (uint8_t)p[4];
    bool uuid = kind == FIRN_T_UUID && subtype == 4 && bytes == 16;
    if (bytes < 0 || bytes > run->end - p - 5 || (!uuid && kind != FIRN_T_BINARY) || subtype == 2)
        return NULL;
#if FIRN_BSON_STORE
    if (uuid)
        firn_column_put_uuid(n->col, row, (const uint8_t *)p + 5);
    else
        firn_json_put_text(n->col, row, p + 5, (size_t)bytes);
#endif
    return bson_done(n, row, p + 5 + bytes);
}

/* Looks whether whatever stands here may be skipped. */
static const char *bson_any(firn_json_run *run, uint8_t type, const char *p)
{
    bool empty;
    if (p > run->end)
        return NULL;
    size_t n = firn_bson_value_bytes(type, (const uint8_t *)p, (const uint8_t *)run->end, &empty);
    return n || empty ? p + n : NULL;
}

/* --- documents and arrays ------------------------------------------------------------------ */

/* Moves into a document or array; returns its end, NULL: its length is wrong. */
static inline const char *enter(const firn_json_run *run, const char **p)
{
    ptrdiff_t left = run->end - *p;
    int32_t n = load_i32(*p);
    if (FIRN_UNLIKELY(left < FIRN_BSON_MIN_BYTES || n < FIRN_BSON_MIN_BYTES || n > left))
        return NULL;
    const char *end = *p + n;
    *p += 4;
    return end;
}

/* Moves behind the number of an element; NULL: it does not end. */
static inline const char *behind_index(const firn_json_run *run, const char *p)
{
    if (FIRN_LIKELY(p[0] && !p[1]))
        return p + 2;
    const char *zero = memchr(p, 0, (size_t)(run->end - p));
    return zero ? zero + 1 : NULL;
}

static const char *bson_array(firn_json_run *run, firn_json_node *n, size_t row, const char *p)
{
#if FIRN_BSON_STORE
    firn_column *child = n->col->children;
    size_t first = child->length;
#endif
    const char *end = enter(run, &p);
    if (!end)
        return NULL;
    for (uint8_t type = (uint8_t)*p++; type; type = (uint8_t)*p++) {
        size_t at = 0;
        p = p < run->end ? behind_index(run, p) : NULL;
        if (FIRN_UNLIKELY(!p))
            return NULL;
#if FIRN_BSON_STORE
        if (FIRN_UNLIKELY(child->length == child->capacity))
            run->code = firn_column_reserve(child, child->length + 1, run->err);
        if (FIRN_UNLIKELY(run->code))
            return NULL;
        at = child->length;
#endif
        p = bson_value(run, n->children, at, type, p);
        if (FIRN_UNLIKELY(!p || p >= end))
            return NULL;
#if FIRN_BSON_STORE
        child->length++;
#endif
    }
    if (FIRN_UNLIKELY(p != end))
        return NULL;
#if FIRN_BSON_STORE
    SET(firn_listview, ((firn_listview){first, child->length - first}));
#endif
    return bson_done(n, row, p);
}

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
    firn_json_node *child = *link;
    for (int i = 0; child && i < 4; i++) {
        child = child->next;
        if (child && is_key(child, p, run->end)) {
            *ret_child = child;
            return p + child->key_bytes;
        }
    }
    const char *zero = memchr(p, 0, (size_t)(run->end - p));
    if (!zero)
        return NULL;
    const firn_layout *found = firn_map_get(&n->layout->by_key, (firn_str){p, (size_t)(zero - p)});
    *ret_child = found ? &n->children[found - n->layout->children] : NULL;
    if (found)
        *link = *ret_child;
    return found || firn_utf8_valid(p, (size_t)(zero - p)) ? zero + 1 : NULL;
}

/* Reads an element; *link is where its key was expected, and where the next one is. */
static inline const char *element(firn_json_run *run, firn_json_node *n, firn_json_node ***link,
                                  uint32_t *found, size_t row, uint8_t type, const char *p)
{
    firn_json_node *child = **link;
    if (FIRN_UNLIKELY(p >= run->end))
        return NULL;
    if (FIRN_LIKELY(child && is_key(child, p, run->end)))
        p += child->key_bytes;
    else
        p = other_key(run, n, *link, p, &child);
    if (FIRN_UNLIKELY(!p))
        return NULL;
    if (FIRN_UNLIKELY(!child)) /* a value that no column takes may be null */
        return type == FIRN_BSON_NULL || type == FIRN_BSON_UNDEFINED ? p : NULL;
    bool again = child->stamp == n->instance;
    child->stamp = n->instance;
    run->duplicate_keys += again;
    *found += !again;
    *link = &child->next;
    return bson_value(run, child, row, type, p);
}

static const char *bson_document(firn_json_run *run, firn_json_node *n, size_t row, const char *p)
{
    firn_json_node **link = &n->first;
    uint32_t found = 0;
    const char *end = enter(run, &p);
    if (FIRN_UNLIKELY(!end))
        return NULL;
    n->instance++;
    for (uint8_t type = (uint8_t)*p++; type; type = (uint8_t)*p++) {
        p = element(run, n, &link, &found, row, type, p);
        if (FIRN_UNLIKELY(!p || p >= end))
            return NULL;
    }
    if (FIRN_UNLIKELY(p != end) ||
        (FIRN_BSON_STORE && FIRN_UNLIKELY(found < n->expected) && !firn_json_absent(run, n, row)))
        return NULL;
    return n->col && n != run->root ? bson_done(n, row, p) : p;
}

/* --- any value ----------------------------------------------------------------------------- */

static const char *bson_value(firn_json_run *run, firn_json_node *n, size_t row, uint8_t type,
                              const char *p)
{
    if (FIRN_UNLIKELY(type == FIRN_BSON_NULL || type == FIRN_BSON_UNDEFINED))
        return n->op == FIRN_JSON_ANY ? p : bson_null(run, n, row, p);
    switch (n->op) {
    case FIRN_JSON_STRING:
        return bson_text(run, n, row, type, p);
    case FIRN_JSON_LONG:
    case FIRN_JSON_INT:
        return bson_integer(n, row, type, p);
    case FIRN_JSON_DECIMAL:
        return bson_decimal(n, row, type, p);
    case FIRN_JSON_DOUBLE:
        return bson_double(n, row, type, p);
    case FIRN_JSON_DATE:
        return bson_date(run, n, row, type, p);
    case FIRN_JSON_TIMESTAMP:
        return bson_timestamp(run, n, row, type, p);
    case FIRN_JSON_STRUCT:
        return type == FIRN_BSON_DOCUMENT ? bson_document(run, n, row, p) : NULL;
    case FIRN_JSON_LIST:
        return type == FIRN_BSON_ARRAY ? bson_array(run, n, row, p) : NULL;
    case FIRN_JSON_BOOLEAN:
        return bson_boolean(n, row, type, p);
    case FIRN_JSON_NUMBER:
    case FIRN_JSON_TEXT:
        return bson_other(run, n, row, type, p);
    case FIRN_JSON_ANY:
        return bson_any(run, type, p);
    case FIRN_JSON_RAW:
        return bson_cell(run, n, row, type, p);
    case FIRN_JSON_MAP:
        break;
    }
    return NULL;
}

/* Reads a whole document; false if it is not as expected. */
static inline bool bson_record(firn_json_run *run, size_t row, firn_str record)
{
    run->end = record.p + record.n;
    run->duplicate_keys = 0;
    return bson_document(run, run->root, row, record.p) == run->end;
}
