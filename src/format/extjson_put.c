/* SPDX-License-Identifier: Apache-2.0 */
/* Values with a type of their own into columns, shapes and texts. */
#include "format/extjson.h"

#include "base/datetime.h"
#include "base/str.h"

#include <math.h>
#include <stdio.h>

#define MS_PER_DAY INT64_C(86400000)

/* --- into columns -------------------------------------------------------------------------- */

/* Where a value goes; without a column the question is whether it would fit. */
typedef struct place {
    const firn_type *type;
    firn_column *col;
    size_t row;
    const firn_scalar_opt *opt;
    firn_arena *a;
} place;

static firn_fit put_as_text(const place *at, firn_str text)
{
    return at->col ? firn_scalar_put(at->col, at->row, text, at->opt, at->a)
                   : firn_scalar_fits(at->type, text, at->opt);
}

#define STORE(place, ctype, value)                                                                 \
    do {                                                                                           \
        if ((place)->col) {                                                                        \
            ((ctype *)(place)->col->data)[(place)->row] = (value);                                 \
            firn_column_set_valid((place)->col, (place)->row);                                     \
        }                                                                                          \
    } while (0)

static firn_fit put_bytes(const place *at, firn_slice bytes)
{
    if (bytes.n > UINT32_MAX)
        return FIRN_FIT_RANGE;
    STORE(at, firn_strview, firn_strview_of((const char *)bytes.p, bytes.n));
    return FIRN_FIT_OK;
}

static bool is_number(firn_type_kind kind)
{
    return kind == FIRN_T_INT || kind == FIRN_T_LONG || kind == FIRN_T_FLOAT ||
           kind == FIRN_T_DOUBLE || kind == FIRN_T_DECIMAL;
}

static firn_fit put_double(const place *at, const firn_typed *v)
{
    if (at->type->kind == FIRN_T_DOUBLE) {
        STORE(at, double, v->d);
        return FIRN_FIT_OK;
    }
    if (at->type->kind == FIRN_T_FLOAT && !isfinite(v->d)) {
        STORE(at, float, (float)v->d);
        return FIRN_FIT_OK;
    }
    if (!isfinite(v->d))
        return FIRN_FIT_RANGE;
    return is_number(at->type->kind) ? put_as_text(at, v->text) : FIRN_FIT_SYNTAX;
}

static firn_fit put_decimal(const place *at, const firn_typed *v)
{
    firn_i128 unscaled;
    if (v->dec.kind != FIRN_D128_FINITE)
        return FIRN_FIT_RANGE;
    if (at->type->kind != FIRN_T_DECIMAL)
        return is_number(at->type->kind) ? put_as_text(at, v->text) : FIRN_FIT_SYNTAX;
    firn_fit fit = firn_d128_to_dec(&v->dec, at->type->precision, at->type->scale, &unscaled);
    if (fit == FIRN_FIT_OK && at->col) {
        firn_column_put_dec(at->col, at->row, unscaled);
        firn_column_set_valid(at->col, at->row);
    }
    return fit;
}

/* An instant is no local time; a column that was given so takes it as UTC. */
static firn_fit put_date(const place *at, const firn_typed *v)
{
    int64_t us;
    bool instant = at->type->kind == FIRN_T_TIMESTAMPTZ;
    bool local = at->opt->given && at->type->kind == FIRN_T_TIMESTAMP;
    bool day = at->opt->given && at->type->kind == FIRN_T_DATE;
    if (!instant && !local && !day)
        return FIRN_FIT_SYNTAX;
    if (!firn_ms_to_us(v->ms, &us))
        return FIRN_FIT_RANGE;
    if (day && (v->us || us % FIRN_US_PER_DAY))
        return FIRN_FIT_INEXACT;
    if (day)
        STORE(at, int32_t, (int32_t)(us / FIRN_US_PER_DAY));
    else
        STORE(at, int64_t, us + v->us);
    return FIRN_FIT_OK;
}

static firn_fit put_binary(const place *at, const firn_typed *v)
{
    bool uuid = at->type->kind == FIRN_T_UUID && v->bytes.n == 16 &&
                (v->kind == FIRN_TYPED_UUID || at->opt->given);
    if (at->type->kind == FIRN_T_BINARY)
        return put_bytes(at, v->bytes);
    if (!uuid)
        return FIRN_FIT_SYNTAX;
    if (at->col) {
        firn_column_put_uuid(at->col, at->row, v->bytes.p);
        firn_column_set_valid(at->col, at->row);
    }
    return FIRN_FIT_OK;
}

/* As a JSON string: numbers and booleans are read from texts only where they were given so. */
static firn_fit put_text(const place *at, const firn_typed *v)
{
    bool wants_own = is_number(at->type->kind) || at->type->kind == FIRN_T_BOOLEAN;
    return wants_own && !at->opt->given ? FIRN_FIT_SYNTAX : put_as_text(at, v->text);
}

static firn_fit put(const place *at, const firn_typed *v)
{
    if (at->type->kind == FIRN_T_STRING)
        return put_bytes(at, (firn_slice){(const uint8_t *)v->text.p, v->text.n});
    switch (v->kind) {
    case FIRN_TYPED_TEXT:
        return put_text(at, v);
    case FIRN_TYPED_INT:
    case FIRN_TYPED_LONG:
        return is_number(at->type->kind) ? put_as_text(at, v->text) : FIRN_FIT_SYNTAX;
    case FIRN_TYPED_DOUBLE:
        return put_double(at, v);
    case FIRN_TYPED_DECIMAL:
        return put_decimal(at, v);
    case FIRN_TYPED_DATE:
        return put_date(at, v);
    case FIRN_TYPED_UUID:
    case FIRN_TYPED_BINARY:
        return put_binary(at, v);
    case FIRN_TYPED_NOMEM:
        return FIRN_FIT_NOMEM;
    case FIRN_TYPED_NULL:
        break;
    }
    return FIRN_FIT_SYNTAX;
}

firn_fit firn_typed_put(firn_column *col, size_t row, const firn_typed *v,
                        const firn_scalar_opt *opt, firn_arena *a)
{
    const place at = {col->type, col, row, opt, a};
    return put(&at, v);
}

firn_fit firn_typed_fits(const firn_type *type, const firn_typed *v, const firn_scalar_opt *opt)
{
    const place at = {.type = type, .opt = opt};
    return put(&at, v);
}

/* --- into shapes --------------------------------------------------------------------------- */

void firn_typed_see(firn_shape *s, const firn_typed *v)
{
    int64_t us;
    switch (v->kind) {
    case FIRN_TYPED_TEXT:
        firn_shape_add_text(s, v->text);
        break;
    case FIRN_TYPED_INT:
        firn_shape_add_number_of(s, FIRN_NUMBER_INT, v->text);
        break;
    case FIRN_TYPED_LONG:
        firn_shape_add_number_of(s, FIRN_NUMBER_LONG, v->text);
        break;
    case FIRN_TYPED_DOUBLE:
        if (isfinite(v->d))
            firn_shape_add_number_of(s, FIRN_NUMBER_DOUBLE, v->text);
        else
            firn_shape_add_not_finite(s, FIRN_NUMBER_DOUBLE);
        break;
    case FIRN_TYPED_DECIMAL:
        if (v->dec.kind == FIRN_D128_FINITE)
            firn_shape_add_number_of(s, FIRN_NUMBER_DECIMAL, v->text);
        else
            firn_shape_add_not_finite(s, FIRN_NUMBER_DECIMAL);
        break;
    case FIRN_TYPED_DATE:
        firn_shape_add_kind(s, FIRN_SEEN_DATE);
        s->far_date |= !firn_ms_to_us(v->ms, &us);
        break;
    case FIRN_TYPED_UUID:
        firn_shape_add_kind(s, FIRN_SEEN_UUID);
        break;
    case FIRN_TYPED_BINARY:
        firn_shape_add_kind(s, FIRN_SEEN_BINARY);
        break;
    case FIRN_TYPED_NULL:
    case FIRN_TYPED_NOMEM:
        firn_shape_add_null(s);
        break;
    }
}

/* --- texts --------------------------------------------------------------------------------- */

/* Near the ends of the range fewer than 15 digits may do. */
static int first_digits(double d)
{
    double size = fabs(d);
    return size < 1e-290 || size > 1e290 ? 1 : 15;
}

size_t firn_f64_print(double d, char out[FIRN_F64_TEXT_MAX])
{
    if (isnan(d))
        return (size_t)snprintf(out, FIRN_F64_TEXT_MAX, "NaN");
    if (isinf(d))
        return (size_t)snprintf(out, FIRN_F64_TEXT_MAX, d < 0 ? "-Infinity" : "Infinity");
    if (fabs(d) < 1e15 && d == (double)(int64_t)d && !(d == 0 && signbit(d)))
        return (size_t)snprintf(out, FIRN_F64_TEXT_MAX, "%lld.0", (long long)d);
    int n = 0;
    for (int digits = first_digits(d); digits <= 17; digits++) {
        double back;
        n = snprintf(out, FIRN_F64_TEXT_MAX, "%.*G", digits, d);
        if (firn_str_f64((firn_str){out, (size_t)n}, &back) && back == d)
            break;
    }
    if (!strpbrk(out, ".E"))
        n += snprintf(out + n, FIRN_F64_TEXT_MAX - (size_t)n, ".0");
    return (size_t)n;
}

bool firn_ms_to_us(int64_t ms, int64_t *ret_us)
{
    if (ms < FIRN_DATE_MIN * MS_PER_DAY || ms >= (FIRN_DATE_MAX + INT64_C(1)) * MS_PER_DAY)
        return false;
    *ret_us = ms * 1000;
    return true;
}

size_t firn_ms_print(int64_t ms, char out[FIRN_MS_TEXT_MAX])
{
    int64_t day = firn_floor_div(ms, MS_PER_DAY);
    int64_t us;
    if (!firn_ms_to_us(ms, &us))
        return (size_t)snprintf(out, FIRN_MS_TEXT_MAX, "%lld", (long long)ms);
    int rest = (int)(ms - day * MS_PER_DAY);
    size_t n = firn_date_print((int32_t)day, out);
    int more = snprintf(out + n, FIRN_MS_TEXT_MAX - n, "T%02d:%02d:%02d", rest / 3600000,
                        rest / 60000 % 60, rest / 1000 % 60);
    n += (size_t)more;
    if (rest % 1000)
        n += (size_t)snprintf(out + n, FIRN_MS_TEXT_MAX - n, ".%03d", rest % 1000);
    n += (size_t)snprintf(out + n, FIRN_MS_TEXT_MAX - n, "Z");
    return n;
}

void firn_uuid_print(const uint8_t bytes[16], char out[FIRN_UUID_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[at++] = '-';
        out[at++] = digits[bytes[i] >> 4];
        out[at++] = digits[bytes[i] & 15];
    }
}
