/* SPDX-License-Identifier: Apache-2.0 */
/* Values of Arrow arrays as values of the engine's columns: exactly, or not at all. */
#include "lib/arrow_read.h"

#include <math.h>
#include <string.h>

/* Why a value does not become one of its column. */
typedef enum fit { FIT, OUT_OF_RANGE, LOSES_DIGITS, NO_UTF8 } fit;

static bool bit(const void *bits, int64_t i)
{
    return ((const uint8_t *)bits)[i / 8] >> (i % 8) & 1;
}

/* Whether the i-th value of a buffer, offset counted in, is not null. */
static bool is_valid(const struct ArrowArray *array, int64_t i)
{
    return array->n_buffers == 0 || !array->buffers[0] || bit(array->buffers[0], i);
}

static void set_valid(firn_column *col, size_t row)
{
    if (col->validity)
        col->validity[row / 64] |= UINT64_C(1) << (row % 64);
}

/* --- single values ------------------------------------------------------------------------- */

/* Whole numbers up to 64 bits, as 128. */
static firn_i128 integer_at(const firn_arrow_format *f, const void *data, int64_t i)
{
    switch (f->width * (f->is_signed ? 1 : -1)) {
    case 1:
        return ((const int8_t *)data)[i];
    case -1:
        return ((const uint8_t *)data)[i];
    case 2:
        return ((const int16_t *)data)[i];
    case -2:
        return ((const uint16_t *)data)[i];
    case 4:
        return ((const int32_t *)data)[i];
    case -4:
        return ((const uint32_t *)data)[i];
    case 8:
        return ((const int64_t *)data)[i];
    default:
        return ((const uint64_t *)data)[i];
    }
}

static double half_at(const void *data, int64_t i)
{
    uint16_t h = ((const uint16_t *)data)[i];
    int exponent = h >> 10 & 31;
    double fraction = h & 1023;
    double sign = h & 0x8000 ? -1 : 1;
    if (exponent == 31)
        return fraction > 0 ? (double)NAN : sign * (double)INFINITY;
    if (exponent == 0)
        return sign * ldexp(fraction, -24);
    return sign * ldexp(1024 + fraction, exponent - 25);
}

static double float_at(const firn_arrow_format *f, const void *data, int64_t i)
{
    if (f->width == 2)
        return half_at(data, i);
    return f->width == 4 ? (double)((const float *)data)[i] : ((const double *)data)[i];
}

/* A decimal of any width; false if it has more digits than 128 bits hold. */
static bool decimal_at(const firn_arrow_format *f, const void *data, int64_t i, firn_i128 *ret)
{
    const uint8_t *p = (const uint8_t *)data + i * f->width;
    int32_t narrow;
    int64_t middle;
    uint64_t parts[2];
    switch (f->width) {
    case 4:
        memcpy(&narrow, p, sizeof narrow);
        *ret = narrow;
        return true;
    case 8:
        memcpy(&middle, p, sizeof middle);
        *ret = middle;
        return true;
    default:
        memcpy(ret, p, sizeof *ret);
        if (f->width == 16)
            return true;
        memcpy(parts, p + 16, sizeof parts); /* must only continue the sign */
        uint64_t sign = *ret < 0 ? UINT64_MAX : 0;
        return parts[0] == sign && parts[1] == sign;
    }
}

/* Brings an unscaled value from one scale to another. */
static fit rescale(firn_i128 v, int from, const firn_type *t, firn_i128 *ret)
{
    int up = t->scale - from;
    if (up < 0) {
        if (up < -FIRN_DEC_MAX_PRECISION)
            return v == 0 ? FIT : LOSES_DIGITS;
        firn_i128 unit = firn_dec_pow10(-up);
        if (v % unit != 0)
            return LOSES_DIGITS;
        v /= unit;
    } else if (up > 0 && v != 0) {
        if (up > FIRN_DEC_MAX_PRECISION || __builtin_mul_overflow(v, firn_dec_pow10(up), &v))
            return OUT_OF_RANGE;
    }
    *ret = v;
    return firn_dec_digits(v) <= t->precision ? FIT : OUT_OF_RANGE;
}

static fit put_decimal(const firn_arrow_plan *p, const void *data, int64_t i, firn_column *col,
                       size_t row)
{
    firn_i128 v = 0;
    fit f;
    if (p->format.kind == FIRN_ARROW_INT)
        v = integer_at(&p->format, data, i);
    else if (!decimal_at(&p->format, data, i, &v))
        return OUT_OF_RANGE;
    f = rescale(v, p->format.scale, p->type, &v);
    if (f == FIT)
        firn_column_put_dec(col, row, v);
    return f;
}

/* Brings a count of one unit to another, given as digits behind the second. */
static fit change_unit(int64_t v, int from, int to, int64_t *ret)
{
    int64_t factor = 1;
    for (int k = from < to ? from : to; k < (from < to ? to : from); k++)
        factor *= 10;
    if (from > to) {
        *ret = v / factor;
        return v % factor ? LOSES_DIGITS : FIT;
    }
    return __builtin_mul_overflow(v, factor, ret) ? OUT_OF_RANGE : FIT;
}

static fit put_time(const firn_arrow_plan *p, const void *data, int64_t i, firn_column *col,
                    size_t row)
{
    int64_t v = p->format.width == 4 ? ((const int32_t *)data)[i] : ((const int64_t *)data)[i];
    int to = p->type->kind == FIRN_T_TIMESTAMP_NS ? 9 : 6;
    fit f = change_unit(v, p->format.unit, to, &v);
    if (f == FIT && p->type->kind == FIRN_T_TIME && (v < 0 || v >= FIRN_US_PER_DAY))
        return OUT_OF_RANGE;
    /* the engine's infinities, which Iceberg does not have */
    if (f == FIT && (v == INT64_MAX || v <= -INT64_MAX))
        return OUT_OF_RANGE;
    if (f == FIT)
        ((int64_t *)col->data)[row] = v;
    return f;
}

static fit put_date(const firn_arrow_plan *p, const void *data, int64_t i, firn_column *col,
                    size_t row)
{
    const int64_t day_ms = 86400000;
    int64_t v = p->format.width == 4 ? ((const int32_t *)data)[i] : ((const int64_t *)data)[i];
    if (p->format.width == 8) {
        if (v % day_ms)
            return LOSES_DIGITS;
        v /= day_ms;
    }
    if (v < FIRN_DATE_MIN || v > FIRN_DATE_MAX)
        return OUT_OF_RANGE;
    ((int32_t *)col->data)[row] = (int32_t)v;
    return FIT;
}

static fit put_integer(const firn_arrow_plan *p, const void *data, int64_t i, firn_column *col,
                       size_t row)
{
    firn_i128 v = integer_at(&p->format, data, i);
    if (p->type->kind == FIRN_T_INT) {
        if (v < INT32_MIN || v > INT32_MAX)
            return OUT_OF_RANGE;
        ((int32_t *)col->data)[row] = (int32_t)v;
        return FIT;
    }
    if (v > INT64_MAX)
        return OUT_OF_RANGE;
    ((int64_t *)col->data)[row] = (int64_t)v;
    return FIT;
}

/* --- texts and bytes ----------------------------------------------------------------------- */

/* Arrow's view of a text: in place up to 12 bytes, else where it begins in which buffer. */
typedef union text_view {
    struct {
        int32_t n;
        char inlined[12];
    } near;
    struct {
        int32_t n;
        char prefix[4];
        int32_t buffer;
        int32_t offset;
    } far;
} text_view;

static firn_str view_at(const struct ArrowArray *array, int64_t i)
{
    const text_view *v = (const text_view *)array->buffers[1] + i;
    if (v->near.n <= 12)
        return (firn_str){v->near.inlined, (size_t)v->near.n};
    const char *data = array->buffers[2 + v->far.buffer];
    return (firn_str){data + v->far.offset, (size_t)v->far.n};
}

static firn_str bytes_at(const firn_arrow_format *f, const struct ArrowArray *array, int64_t i)
{
    if (f->kind == FIRN_ARROW_FIXED)
        return (firn_str){(const char *)array->buffers[1] + i * f->fixed, (size_t)f->fixed};
    if (f->width == 0)
        return view_at(array, i);
    const char *data = array->buffers[2];
    if (f->width == 4) {
        const int32_t *offsets = array->buffers[1];
        return (firn_str){data + offsets[i], (size_t)(offsets[i + 1] - offsets[i])};
    }
    const int64_t *offsets = array->buffers[1];
    return (firn_str){data + offsets[i], (size_t)(offsets[i + 1] - offsets[i])};
}

static fit put_bytes(const firn_arrow_plan *p, const struct ArrowArray *array, int64_t i,
                     firn_column *col, size_t row)
{
    firn_str s = bytes_at(&p->format, array, i);
    if (p->type->kind == FIRN_T_UUID) {
        firn_column_put_uuid(col, row, (const uint8_t *)s.p);
        return FIT;
    }
    if (s.n > UINT32_MAX)
        return OUT_OF_RANGE;
    if (p->type->kind == FIRN_T_STRING && !firn_utf8_valid(s.p, s.n))
        return NO_UTF8;
    ((firn_strview *)col->data)[row] = firn_strview_of(s.p, s.n);
    return FIT;
}

static fit put_value(const firn_arrow_plan *p, const struct ArrowArray *array, int64_t i,
                     firn_column *col, size_t row)
{
    const void *data = array->buffers[1];
    switch (p->format.kind) {
    case FIRN_ARROW_BOOL:
        ((uint8_t *)col->data)[row] = bit(data, i);
        return FIT;
    case FIRN_ARROW_INT:
        return p->type->kind == FIRN_T_DECIMAL ? put_decimal(p, data, i, col, row)
                                               : put_integer(p, data, i, col, row);
    case FIRN_ARROW_FLOAT:
        if (p->type->kind == FIRN_T_FLOAT)
            ((float *)col->data)[row] = (float)float_at(&p->format, data, i);
        else
            ((double *)col->data)[row] = float_at(&p->format, data, i);
        return FIT;
    case FIRN_ARROW_DECIMAL:
        return put_decimal(p, data, i, col, row);
    case FIRN_ARROW_DATE:
        return put_date(p, data, i, col, row);
    case FIRN_ARROW_TIME:
    case FIRN_ARROW_TIMESTAMP:
        return put_time(p, data, i, col, row);
    case FIRN_ARROW_TEXT:
    case FIRN_ARROW_BYTES:
    case FIRN_ARROW_FIXED:
        return put_bytes(p, array, i, col, row);
    case FIRN_ARROW_NULL:
    case FIRN_ARROW_LIST:
    case FIRN_ARROW_LIST_VIEW:
    case FIRN_ARROW_FIXED_LIST:
    case FIRN_ARROW_STRUCT:
    case FIRN_ARROW_MAP:
        break;
    }
    return OUT_OF_RANGE;
}

/* --- columns ------------------------------------------------------------------------------- */

static firn_code put_null(const firn_arrow_plan *p, firn_column *col, size_t row, firn_err *err)
{
    if (p->required)
        return firn_raise(err, FIRN_E_DATA, "a null in column %s, which is required",
                          firn_quotec(p->path).s);
    return firn_column_null(col, row, err);
}

static firn_code raise_fit(const firn_arrow_plan *p, fit f, firn_err *err)
{
    static const char *const why[] = {"", "is out of range", "has digits that would be lost",
                                      "is not UTF-8"};
    char type[64];
    firn_type_format(p->type, type, sizeof type);
    return firn_raise(err, FIRN_E_DATA, "column %s: a value %s for %s", firn_quotec(p->path).s,
                      why[f], type);
}

static firn_code fill_primitive(const firn_arrow_plan *p, const struct ArrowArray *array,
                                int64_t start, size_t count, firn_column *col, size_t row,
                                firn_err *err)
{
    const struct ArrowArray *values = p->dictionary ? array->dictionary : array;
    for (size_t k = 0; k < count; k++) {
        int64_t i = array->offset + start + (int64_t)k;
        bool valid = p->format.kind != FIRN_ARROW_NULL && is_valid(array, i);
        if (valid && p->dictionary) {
            i = (int64_t)integer_at(&p->index, array->buffers[1], i);
            if (i < 0 || i >= values->length)
                return firn_raise(err, FIRN_E_DATA, "column %s: an index beyond its dictionary",
                                  firn_quotec(p->path).s);
            i += values->offset;
            valid = is_valid(values, i);
        }
        if (!valid) {
            FIRN_TRY(put_null(p, col, row + k, err));
            continue;
        }
        fit f = put_value(p, values, i, col, row + k);
        if (f != FIT)
            return raise_fit(p, f, err);
        set_valid(col, row + k);
    }
    return FIRN_OK;
}

static firn_code fill_struct(const firn_arrow_plan *p, const struct ArrowArray *array,
                             int64_t start, size_t count, firn_column *col, size_t row,
                             firn_err *err)
{
    size_t k = 0;
    while (k < count) {
        size_t from = k;
        while (k < count && is_valid(array, array->offset + start + (int64_t)k))
            set_valid(col, row + k++);
        /* what lies below nulls means nothing: only runs of others are looked at */
        for (size_t c = 0; c < p->child_count && k > from; c++) {
            const firn_arrow_plan *child = &p->children[c];
            const struct ArrowArray *below = child->missing ? NULL : array->children[child->source];
            FIRN_TRY(firn_arrow_fill(child, below, array->offset + start + (int64_t)from, k - from,
                                     &col->children[c], row + from, err));
        }
        for (; k < count && !is_valid(array, array->offset + start + (int64_t)k); k++)
            FIRN_TRY(put_null(p, col, row + k, err));
    }
    return FIRN_OK;
}

/* Where the elements of the i-th list lie in the child. */
static void list_at(const firn_arrow_format *f, const struct ArrowArray *array, int64_t i,
                    int64_t *offset, int64_t *n)
{
    if (f->kind == FIRN_ARROW_FIXED_LIST) {
        *offset = i * f->fixed;
        *n = f->fixed;
    } else if (f->width == 4) {
        const int32_t *offsets = array->buffers[1];
        *offset = offsets[i];
        *n = f->kind == FIRN_ARROW_LIST_VIEW ? ((const int32_t *)array->buffers[2])[i]
                                             : offsets[i + 1] - offsets[i];
    } else {
        const int64_t *offsets = array->buffers[1];
        *offset = offsets[i];
        *n = f->kind == FIRN_ARROW_LIST_VIEW ? ((const int64_t *)array->buffers[2])[i]
                                             : offsets[i + 1] - offsets[i];
    }
}

/* Elements that lie one after the other, to be written at once. */
typedef struct element_run {
    int64_t from;
    int64_t n;
} element_run;

static firn_code write_run(const firn_arrow_plan *p, const struct ArrowArray *array,
                           element_run *run, firn_column *col, firn_err *err)
{
    firn_column *child = &col->children[0];
    if (run->n == 0)
        return FIRN_OK;
    const struct ArrowArray *below = array->children[0];
    if (run->from < 0 || run->from + run->n > below->length)
        return firn_raise(err, FIRN_E_DATA, "column %s: a list beyond its elements",
                          firn_quotec(p->path).s);
    FIRN_TRY(firn_column_reserve(child, child->length + (size_t)run->n, err));
    FIRN_TRY(firn_arrow_fill(&p->children[0], below, run->from, (size_t)run->n, child,
                             child->length, err));
    child->length += (size_t)run->n;
    run->n = 0;
    return FIRN_OK;
}

static firn_code fill_list(const firn_arrow_plan *p, const struct ArrowArray *array, int64_t start,
                           size_t count, firn_column *col, size_t row, firn_err *err)
{
    element_run run = {0};
    for (size_t k = 0; k < count; k++) {
        int64_t i = array->offset + start + (int64_t)k;
        int64_t offset;
        int64_t n;
        if (!is_valid(array, i)) {
            FIRN_TRY(put_null(p, col, row + k, err));
            continue;
        }
        list_at(&p->format, array, i, &offset, &n);
        if (n < 0)
            return firn_raise(err, FIRN_E_DATA, "column %s: a list of negative length",
                              firn_quotec(p->path).s);
        if (run.n && offset != run.from + run.n)
            FIRN_TRY(write_run(p, array, &run, col, err));
        if (run.n == 0)
            run.from = offset;
        ((firn_listview *)col->data)[row + k] = (firn_listview){
            .offset = col->children[0].length + (size_t)run.n, .length = (uint64_t)n};
        run.n += n;
        set_valid(col, row + k);
    }
    return write_run(p, array, &run, col, err);
}

firn_code firn_arrow_fill(const firn_arrow_plan *p, const struct ArrowArray *array, int64_t start,
                          size_t count, firn_column *col, size_t row, firn_err *err)
{
    if (p->missing) {
        for (size_t k = 0; k < count; k++)
            FIRN_TRY(put_null(p, col, row + k, err));
        return FIRN_OK;
    }
    switch (p->format.kind) {
    case FIRN_ARROW_STRUCT:
        return fill_struct(p, array, start, count, col, row, err);
    case FIRN_ARROW_LIST:
    case FIRN_ARROW_LIST_VIEW:
    case FIRN_ARROW_FIXED_LIST:
    case FIRN_ARROW_MAP:
        return fill_list(p, array, start, count, col, row, err);
    case FIRN_ARROW_NULL:
    case FIRN_ARROW_BOOL:
    case FIRN_ARROW_INT:
    case FIRN_ARROW_FLOAT:
    case FIRN_ARROW_DECIMAL:
    case FIRN_ARROW_DATE:
    case FIRN_ARROW_TIME:
    case FIRN_ARROW_TIMESTAMP:
    case FIRN_ARROW_TEXT:
    case FIRN_ARROW_BYTES:
    case FIRN_ARROW_FIXED:
        break;
    }
    return fill_primitive(p, array, start, count, col, row, err);
}

/* --- checking ------------------------------------------------------------------------------ */

static int64_t buffers_needed(const firn_arrow_format *f)
{
    switch (f->kind) {
    case FIRN_ARROW_NULL:
        return 0;
    case FIRN_ARROW_STRUCT:
    case FIRN_ARROW_FIXED_LIST:
        return 1;
    case FIRN_ARROW_TEXT:
    case FIRN_ARROW_BYTES:
        return 3; /* of views: at least validity, views, sizes */
    case FIRN_ARROW_LIST_VIEW:
        return 3;
    case FIRN_ARROW_BOOL:
    case FIRN_ARROW_INT:
    case FIRN_ARROW_FLOAT:
    case FIRN_ARROW_DECIMAL:
    case FIRN_ARROW_DATE:
    case FIRN_ARROW_TIME:
    case FIRN_ARROW_TIMESTAMP:
    case FIRN_ARROW_FIXED:
    case FIRN_ARROW_LIST:
    case FIRN_ARROW_MAP:
        break;
    }
    return 2;
}

static firn_code broken(const firn_arrow_plan *p, firn_err *err)
{
    return firn_raise(err, FIRN_E_DATA, "column %s: an Arrow array without the buffers of its type",
                      firn_quotec(p->path).s);
}

static bool has_buffers(const firn_arrow_plan *p, const struct ArrowArray *array)
{
    const struct ArrowArray *values = p->dictionary ? array->dictionary : array;
    int64_t needed = buffers_needed(&p->format);
    if (array->length < 0 || array->offset < 0 || !values || values->n_buffers < needed)
        return false;
    if (p->dictionary && array->n_buffers < 2)
        return false;
    return needed < 2 || values->length == 0 || values->buffers[1];
}

firn_code firn_arrow_check(const firn_arrow_plan *p, const struct ArrowArray *array, firn_err *err)
{
    if (p->missing)
        return FIRN_OK;
    if (!has_buffers(p, array))
        return broken(p, err);
    for (size_t c = 0; c < p->child_count; c++) {
        const firn_arrow_plan *child = &p->children[c];
        if (child->missing)
            continue;
        if ((int64_t)child->source >= array->n_children)
            return broken(p, err);
        FIRN_TRY(firn_arrow_check(child, array->children[child->source], err));
    }
    return FIRN_OK;
}
