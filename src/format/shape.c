/* SPDX-License-Identifier: Apache-2.0 */
/* Summaries of what was seen, their join, and the types that follow from them.
 *
 * Every member of a shape only ever grows (bits, flags, maxima, sets of keys) or only ever shrinks
 * (spellings), which is what makes the join a lattice join. */
#include "format/shape.h"

#include "base/dec.h"
#include "base/str.h"
#include "format/scalar.h"

#include <stdio.h>

/* Digits of a number whose exponent is beyond counting ("1e999999999"): no decimal holds it. */
#define UNCOUNTED_DIGITS ((int64_t)1 << 40)

/* What any 15 digits are is what a double gives back (DBL_DIG). */
#define EXACT_DOUBLE_DIGITS 15

static const firn_shape_limits default_limits = {.max_fields = 1000, .max_depth = 32};

firn_shape *firn_shape_new(firn_arena *a)
{
    firn_shape *s = firn_arena_zalloc(a, sizeof *s);
    if (s)
        s->by_key = FIRN_MAP(a);
    return s;
}

/* --- recording ----------------------------------------------------------------------------- */

static void saw(firn_shape *s, uint32_t kind)
{
    s->seen |= kind;
    s->count++;
    s->counts[__builtin_ctz(kind)]++;
}

void firn_shape_add_null(firn_shape *s)
{
    saw(s, FIRN_SEEN_NULL);
}

void firn_shape_add_boolean(firn_shape *s)
{
    saw(s, FIRN_SEEN_BOOLEAN);
}

void firn_shape_add_object(firn_shape *s)
{
    saw(s, FIRN_SEEN_OBJECT);
}

void firn_shape_add_array(firn_shape *s)
{
    saw(s, FIRN_SEEN_ARRAY);
}

static bool token_fits(firn_type_kind kind, firn_str token)
{
    const firn_type type = {.kind = kind};
    const firn_scalar_opt inferred = {.format = NULL};
    return firn_scalar_fits(&type, token, &inferred) == FIRN_FIT_OK;
}

static void saw_digits(firn_shape *s, int64_t int_digits, int64_t scale, int64_t written)
{
    s->int_digits = FIRN_MAX(s->int_digits, int_digits);
    s->scale = FIRN_MAX(s->scale, scale);
    s->written = FIRN_MAX(s->written, written);
}

void firn_shape_add_number(firn_shape *s, firn_str token)
{
    firn_shape_add_number_of(s, FIRN_NUMBER_PLAIN, token);
}

void firn_shape_add_not_finite(firn_shape *s, firn_number_kind kind)
{
    saw(s, FIRN_SEEN_NUMBER);
    s->numbers |= kind;
    s->not_finite = true;
}

void firn_shape_add_kind(firn_shape *s, firn_seen kind)
{
    saw(s, kind);
}

static int digits_of(uint64_t v)
{
    int n = 0;
    for (; v; v /= 10)
        n++;
    return n;
}

void firn_shape_add_integer(firn_shape *s, firn_number_kind kind, int64_t v)
{
    char text[24];
    int digits = digits_of(v < 0 ? -(uint64_t)v : (uint64_t)v);
    if (digits <= EXACT_DOUBLE_DIGITS) {
        saw(s, FIRN_SEEN_NUMBER);
        s->numbers |= kind;
        saw_digits(s, digits, 0, 0);
        return;
    }
    int n = snprintf(text, sizeof text, "%lld", (long long)v);
    firn_shape_add_number_of(s, kind, (firn_str){text, (size_t)n});
}

void firn_shape_add_scaled(firn_shape *s, firn_number_kind kind, uint64_t digits, int scale)
{
    int written = scale;
    int all = digits_of(digits);
    for (; scale > 0 && digits % 10 == 0; scale--)
        digits /= 10;
    saw(s, FIRN_SEEN_NUMBER);
    s->numbers |= kind;
    saw_digits(s, FIRN_MAX(all - written, 0), digits ? scale : 0, written);
    s->not_long |= digits && (scale > 0 || all > 18);
    s->not_double |= all > EXACT_DOUBLE_DIGITS;
}

void firn_shape_add_number_of(firn_shape *s, firn_number_kind kind, firn_str token)
{
    saw(s, FIRN_SEEN_NUMBER);
    s->numbers |= kind;
    int64_t v;
    if (firn_fast_i64(token.p, token.n, &v)) {
        int digits = v ? firn_dec_digits(v) : 0;
        saw_digits(s, digits, 0, 0);
        if (digits <= EXACT_DOUBLE_DIGITS)
            return;
    } else {
        firn_dec_shape d;
        if (firn_dec_shape_of(token, &d))
            saw_digits(s, d.int_digits, d.scale, d.written_scale);
        else
            saw_digits(s, UNCOUNTED_DIGITS, UNCOUNTED_DIGITS, UNCOUNTED_DIGITS);
        if (!s->not_long)
            s->not_long = !token_fits(FIRN_T_LONG, token);
    }
    if (!s->not_double)
        s->not_double = !firn_double_is_exact(token);
}

void firn_shape_add_text(firn_shape *s, firn_str text)
{
    bool first = !(s->seen & FIRN_SEEN_TEXT);
    saw(s, FIRN_SEEN_TEXT);
    if (s->plain_text && s->ambiguous_date)
        return; /* nothing more can be learned: spellings are none */
    uint32_t spellings = firn_spellings_of(text);
    s->spellings = first ? spellings : s->spellings & spellings;
    if (spellings)
        return;
    if (firn_date_is_ambiguous(text))
        s->ambiguous_date = true;
    else
        s->plain_text = true;
}

static size_t digit_run(firn_str s, size_t from)
{
    size_t i = from;
    while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
        i++;
    return i - from;
}

/* [eE][+-]?[0-9]+ or nothing: the whole rest from `at` on. */
static bool is_exponent(firn_str s, size_t at)
{
    if (at == s.n)
        return true;
    if (s.p[at] != 'e' && s.p[at] != 'E')
        return false;
    at++;
    if (at < s.n && (s.p[at] == '+' || s.p[at] == '-'))
        at++;
    size_t digits = digit_run(s, at);
    return digits && at + digits == s.n;
}

/* -?(0|[1-9][0-9]*)?(.[0-9]+)?([eE][+-]?[0-9]+)?, at least one digit before the exponent. */
static bool looks_like_number(firn_str s)
{
    size_t i = s.n && s.p[0] == '-' ? 1 : 0;
    size_t whole = digit_run(s, i);
    if (whole > 1 && s.p[i] == '0')
        return false;
    i += whole;
    if (i == s.n || s.p[i] != '.')
        return whole && is_exponent(s, i);
    size_t fraction = digit_run(s, i + 1);
    return fraction && is_exponent(s, i + 1 + fraction);
}

void firn_shape_add_cell(firn_shape *s, firn_str cell)
{
    if (cell.n == 0)
        firn_shape_add_null(s);
    else if (looks_like_number(cell))
        firn_shape_add_number(s, cell);
    else if ((cell.n == 4 || cell.n == 5) && token_fits(FIRN_T_BOOLEAN, cell))
        firn_shape_add_boolean(s);
    else
        firn_shape_add_text(s, cell);
}

/* --- fields -------------------------------------------------------------------------------- */

static firn_shape_field *find_field(const firn_shape *s, firn_str key)
{
    uintptr_t at = (uintptr_t)firn_map_get(&s->by_key, key);
    return at ? &s->fields[at - 1] : NULL;
}

/* Forgets the fields: their keys are too many to be columns.  What was seen of their values stays,
 * as of one. */
static firn_shape *collapse(firn_shape *s, firn_arena *a)
{
    if (s->rest)
        return s->rest;
    s->rest = firn_shape_values(s, a);
    if (!s->rest)
        return NULL;
    s->fields = NULL;
    s->field_count = 0;
    s->field_cap = 0;
    s->by_key = FIRN_MAP(a);
    return s->rest;
}

firn_shape *firn_shape_values(const firn_shape *s, firn_arena *a)
{
    firn_shape *all = firn_shape_new(a);
    if (all && s->rest && firn_shape_join(all, s->rest, a, NULL) != FIRN_OK)
        return NULL;
    for (size_t i = 0; all && i < s->field_count; i++)
        if (firn_shape_join(all, s->fields[i].shape, a, NULL) != FIRN_OK)
            return NULL;
    return all;
}

static bool push_field(firn_shape *s, firn_shape_field field, firn_arena *a)
{
    void *fields = s->fields;
    if (!firn_vec_room(a, &fields, &s->field_cap, s->field_count + 1, sizeof field))
        return false;
    s->fields = fields;
    if (!firn_map_put(&s->by_key, field.key, (void *)(uintptr_t)(s->field_count + 1)))
        return false;
    s->fields[s->field_count++] = field;
    return true;
}

firn_shape *firn_shape_field_of(firn_shape *s, firn_str key, firn_arena *a)
{
    firn_shape_field *there = find_field(s, key);
    if (there)
        return there->shape;
    if (s->rest || s->field_count == FIRN_SHAPE_MAX_KEYS)
        return collapse(s, a);
    firn_shape_field field = {.key = firn_arena_str(a, key), .shape = firn_shape_new(a)};
    if (!field.key.p || !field.shape || !push_field(s, field, a))
        return NULL;
    return field.shape;
}

firn_shape *firn_shape_element_of(firn_shape *s, firn_arena *a)
{
    if (!s->element)
        s->element = firn_shape_new(a);
    return s->element;
}

/* --- join and comparison ------------------------------------------------------------------- */

static void join_scalars(firn_shape *into, const firn_shape *from)
{
    if (from->seen & FIRN_SEEN_TEXT)
        into->spellings =
            into->seen & FIRN_SEEN_TEXT ? into->spellings & from->spellings : from->spellings;
    into->seen |= from->seen;
    into->count += from->count;
    for (size_t i = 0; i < FIRN_SEEN_KINDS; i++)
        into->counts[i] += from->counts[i];
    into->numbers |= from->numbers;
    into->not_finite |= from->not_finite;
    into->far_date |= from->far_date;
    into->not_long |= from->not_long;
    into->not_double |= from->not_double;
    saw_digits(into, from->int_digits, from->scale, from->written);
    into->ambiguous_date |= from->ambiguous_date;
    into->plain_text |= from->plain_text;
}

/* Recursion ends with the depth of documents, which decoders limit. */
firn_code firn_shape_join(firn_shape *into, const firn_shape *from, firn_arena *a, firn_err *err)
{
    join_scalars(into, from);
    if (from->rest && !collapse(into, a))
        return firn_arena_raise(a, err);
    if (from->rest)
        FIRN_TRY(firn_shape_join(into->rest, from->rest, a, err));
    for (size_t i = 0; i < from->field_count; i++) {
        firn_shape *field = firn_shape_field_of(into, from->fields[i].key, a);
        if (!field)
            return firn_arena_raise(a, err);
        FIRN_TRY(firn_shape_join(field, from->fields[i].shape, a, err));
    }
    if (!from->element)
        return FIRN_OK;
    firn_shape *element = firn_shape_element_of(into, a);
    if (!element)
        return firn_arena_raise(a, err);
    return firn_shape_join(element, from->element, a, err);
}

static bool scalars_eq(const firn_shape *a, const firn_shape *b)
{
    return a->seen == b->seen && a->numbers == b->numbers && a->not_finite == b->not_finite &&
           a->far_date == b->far_date && a->not_long == b->not_long &&
           a->not_double == b->not_double && a->int_digits == b->int_digits &&
           a->scale == b->scale && a->written == b->written && a->spellings == b->spellings &&
           a->ambiguous_date == b->ambiguous_date && a->plain_text == b->plain_text;
}

bool firn_shape_eq(const firn_shape *a, const firn_shape *b)
{
    if (!scalars_eq(a, b) || a->field_count != b->field_count || !a->rest != !b->rest ||
        !a->element != !b->element)
        return false;
    for (size_t i = 0; i < a->field_count; i++) {
        const firn_shape_field *other = find_field(b, a->fields[i].key);
        if (!other || !firn_shape_eq(a->fields[i].shape, other->shape))
            return false;
    }
    return !a->element || firn_shape_eq(a->element, b->element);
}

/* --- kinds --------------------------------------------------------------------------------- */

/* From the one that says most: where two were seen equally often, the first of them is meant. */
static const firn_seen ranks[] = {FIRN_SEEN_OBJECT, FIRN_SEEN_ARRAY, FIRN_SEEN_NUMBER,
                                  FIRN_SEEN_BOOLEAN, FIRN_SEEN_TEXT};

static uint64_t rank_of(uint32_t kind)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(ranks); i++)
        if (ranks[i] == kind)
            return FIRN_COUNT_OF(ranks) - i;
    return FIRN_COUNT_OF(ranks) + 1; /* what only BSON has says more than any of them */
}

uint32_t firn_shape_main_kind(const firn_shape *s)
{
    uint32_t best = 0;
    uint64_t most = 0;
    for (uint32_t left = s->seen & ~(uint32_t)FIRN_SEEN_NULL; left; left &= left - 1) {
        uint32_t kind = left & -left;
        uint64_t n = s->counts[__builtin_ctz(kind)];
        if (best && (n < most || (n == most && rank_of(kind) <= rank_of(best))))
            continue;
        best = kind;
        most = n;
    }
    return best;
}

/* --- types --------------------------------------------------------------------------------- */

int firn_shape_spelling(const firn_shape *s)
{
    const uint32_t slashes = 1u << FIRN_SP_DMY_SLASH | 1u << FIRN_SP_MDY_SLASH;
    const uint32_t dashes = 1u << FIRN_SP_DMY_DASH | 1u << FIRN_SP_MDY_DASH;
    if (!(s->seen & FIRN_SEEN_TEXT) || s->spellings == 0)
        return FIRN_SP_COUNT;
    if ((s->spellings & slashes) == slashes || (s->spellings & dashes) == dashes)
        return FIRN_SP_COUNT;
    return __builtin_ctz(s->spellings);
}

/* What the source says of its numbers counts: a double stays one though it be 4.0, a Decimal128 a
 * decimal though it be 4. */
static firn_type number_type(const firn_shape *s)
{
    bool fractions = s->numbers & (FIRN_NUMBER_DOUBLE | FIRN_NUMBER_DECIMAL);
    if (s->numbers == FIRN_NUMBER_INT)
        return (firn_type){.kind = FIRN_T_INT};
    if (!s->not_long && !fractions)
        return (firn_type){.kind = FIRN_T_LONG};
    if (!s->not_double && !(s->numbers & FIRN_NUMBER_DECIMAL))
        return (firn_type){.kind = FIRN_T_DOUBLE};
    if (s->not_finite || s->int_digits + s->scale > FIRN_DEC_MAX_PRECISION)
        return (firn_type){.kind = FIRN_T_STRING};
    bool room = s->int_digits + s->written <= FIRN_DEC_MAX_PRECISION;
    int scale = (int)(room ? s->written : s->scale);
    return (firn_type){.kind = FIRN_T_DECIMAL,
                       .precision = FIRN_MAX((int)s->int_digits + scale, 1),
                       .scale = scale};
}

static firn_type_kind text_kind(const firn_shape *s)
{
    switch (firn_shape_spelling(s)) {
    case FIRN_SP_COUNT:
        return FIRN_T_STRING;
    case FIRN_SP_ISO_TIMESTAMP:
        return FIRN_T_TIMESTAMP;
    case FIRN_SP_ISO_TIMESTAMPTZ:
        return FIRN_T_TIMESTAMPTZ;
    default:
        return FIRN_T_DATE;
    }
}

/* An object whose values were all null has no column below it yet, so it stays whole as text. */
static bool has_known_field(const firn_shape *s)
{
    for (size_t i = 0; i < s->field_count; i++)
        if (s->fields[i].shape->seen & ~(uint32_t)FIRN_SEEN_NULL)
            return true;
    return false;
}

bool firn_shape_head(const firn_shape *s, const firn_shape_limits *limits, size_t level,
                     firn_type *ret)
{
    const firn_shape_limits *l = limits ? limits : &default_limits;
    uint32_t kinds = s->seen & ~(uint32_t)FIRN_SEEN_NULL;
    if (!kinds)
        return false;
    *ret = (firn_type){.kind = FIRN_T_STRING};
    if (kinds == FIRN_SEEN_BOOLEAN)
        ret->kind = FIRN_T_BOOLEAN;
    else if (kinds == FIRN_SEEN_NUMBER)
        *ret = number_type(s);
    else if (kinds == FIRN_SEEN_TEXT)
        ret->kind = text_kind(s);
    else if (kinds == FIRN_SEEN_DATE)
        ret->kind = FIRN_T_TIMESTAMPTZ;
    else if (kinds == FIRN_SEEN_UUID)
        ret->kind = FIRN_T_UUID;
    else if (!(kinds & ~(uint32_t)(FIRN_SEEN_BINARY | FIRN_SEEN_UUID)))
        ret->kind = FIRN_T_BINARY;
    else if (level > l->max_depth)
        return true;
    else if (kinds == FIRN_SEEN_ARRAY)
        ret->kind = FIRN_T_LIST;
    else if (kinds == FIRN_SEEN_OBJECT && s->field_count <= l->max_fields && has_known_field(s))
        ret->kind = FIRN_T_STRUCT;
    return true;
}

static firn_code type_at(const firn_shape *s, const firn_shape_limits *limits, size_t level,
                         firn_arena *a, firn_type *ret, bool *ret_known, firn_err *err);

static firn_code struct_fields(const firn_shape *s, const firn_shape_limits *limits, size_t level,
                               firn_arena *a, firn_type *ret, firn_err *err)
{
    ret->fields = firn_arena_array(a, s->field_count, sizeof *ret->fields);
    if (!ret->fields)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < s->field_count; i++) {
        firn_field field = {.name = firn_arena_str(a, s->fields[i].key)};
        bool known;
        if (!field.name.p)
            return firn_arena_raise(a, err);
        FIRN_TRY(type_at(s->fields[i].shape, limits, level + 1, a, &field.type, &known, err));
        if (known)
            ret->fields[ret->field_count++] = field;
    }
    return FIRN_OK;
}

static firn_code list_element(const firn_shape *s, const firn_shape_limits *limits, size_t level,
                              firn_arena *a, firn_type *ret, firn_err *err)
{
    firn_field field = {.name = FIRN_STR_LIT("element"), .type = {.kind = FIRN_T_STRING}};
    bool known = false;
    if (s->element)
        FIRN_TRY(type_at(s->element, limits, level + 1, a, &field.type, &known, err));
    ret->fields = firn_arena_array(a, 1, sizeof *ret->fields);
    if (!ret->fields)
        return firn_arena_raise(a, err);
    ret->fields[0] = field;
    ret->field_count = 1;
    return FIRN_OK;
}

static firn_code type_at(const firn_shape *s, const firn_shape_limits *limits, size_t level,
                         firn_arena *a, firn_type *ret, bool *ret_known, firn_err *err)
{
    firn_type type = {.kind = FIRN_T_STRING};
    bool known = firn_shape_head(s, limits, level, &type);
    if (known && type.kind == FIRN_T_STRUCT)
        FIRN_TRY(struct_fields(s, limits, level, a, &type, err));
    if (known && type.kind == FIRN_T_LIST)
        FIRN_TRY(list_element(s, limits, level, a, &type, err));
    if (known)
        *ret = type;
    *ret_known = known;
    return FIRN_OK;
}

firn_code firn_shape_type(const firn_shape *s, const firn_shape_limits *limits, firn_arena *a,
                          firn_type *ret, bool *ret_known, firn_err *err)
{
    return type_at(s, limits, 1, a, ret, ret_known, err);
}
