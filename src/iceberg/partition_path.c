/* SPDX-License-Identifier: Apache-2.0 */
/* Partitions as folders, letter for letter as Java writes them: engines do not read values back
 * from paths, but people look for their files there, and orphan searches compare the texts. */
#include "iceberg/partition.h"

#include "base/datetime.h"
#include "base/hash.h"
#include "base/str.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names of files end at 255 bytes. */
#define MAX_COMPONENT_BYTES ((size_t)200)

/* Java's URLEncoder: a space becomes +, everything but these a %XX. */
static firn_code add_encoded(firn_str s, firn_buf *out, firn_err *err)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '.' || c == '-' || c == '*' || c == '_';
        if (plain)
            FIRN_TRY(firn_buf_addc(out, c, err));
        else if (c == ' ')
            FIRN_TRY(firn_buf_addc(out, '+', err));
        else
            FIRN_TRY(firn_buf_addf(out, err, "%%%02X", (unsigned char)c));
    }
    return FIRN_OK;
}

/* --- dates and times ----------------------------------------------------------------------- */

/* String.format("%04d-%02d-%02d"): the sign counts among the four. */
static firn_code add_day(int64_t days, firn_buf *out, firn_err *err)
{
    firn_civil c = firn_civil_from_days((int32_t)days);
    return firn_buf_addf(out, err, "%04d-%02d-%02d", (int)c.year, (int)c.month, (int)c.day);
}

static firn_code add_month(int64_t months, firn_buf *out, firn_err *err)
{
    int64_t years = firn_floor_div(months, 12);
    return firn_buf_addf(out, err, "%04lld-%02lld", (long long)(1970 + years),
                         (long long)(months - years * 12 + 1));
}

static firn_code add_hour(int64_t hours, firn_buf *out, firn_err *err)
{
    int64_t days = firn_floor_div(hours, 24);
    FIRN_TRY(add_day(days, out, err));
    return firn_buf_addf(out, err, "-%02lld", (long long)(hours - days * 24));
}

/* DateTimeFormatter.ISO_LOCAL_TIME: as many digits of a fraction as there are. */
static firn_code add_time(int64_t ns, firn_buf *out, firn_err *err)
{
    long long seconds = ns / 1000000000;
    long long rest = ns % 1000000000;
    int digits = 9;
    FIRN_TRY(firn_buf_addf(out, err, "%02lld:%02lld:%02lld", seconds / 3600, seconds / 60 % 60,
                           seconds % 60));
    if (rest == 0)
        return FIRN_OK;
    for (; rest % 10 == 0; digits--)
        rest /= 10;
    return firn_buf_addf(out, err, ".%0*lld", digits, rest);
}

/* ISO_LOCAL_DATE_TIME; its year has at least four digits beside the sign, and a plus from 10000
 * on. */
static firn_code add_timestamp(int64_t v, int64_t units_per_day, bool zoned, firn_buf *out,
                               firn_err *err)
{
    int64_t days = firn_floor_div(v, units_per_day);
    int64_t ns_per_unit = FIRN_US_PER_DAY * 1000 / units_per_day;
    firn_civil c = firn_civil_from_days((int32_t)days);
    const char *sign = c.year < 0 ? "-" : c.year > 9999 ? "+" : "";
    FIRN_TRY(firn_buf_addf(out, err, "%s%04d-%02d-%02dT", sign, abs((int)c.year), (int)c.month,
                           (int)c.day));
    FIRN_TRY(add_time((v - days * units_per_day) * ns_per_unit, out, err));
    return zoned ? firn_buf_adds(out, "+00:00", err) : FIRN_OK;
}

/* --- numbers ------------------------------------------------------------------------------- */

/* BigDecimal.toString: an exponent where more than six zeros would stand in front. */
static firn_code add_decimal(const firn_type *t, firn_i128 v, firn_buf *out, firn_err *err)
{
    char text[FIRN_DEC_TEXT_MAX];
    int digits = firn_dec_digits(v);
    int exponent = digits - 1 - t->scale;
    if (exponent >= -6) {
        firn_dec_print(v, t->scale, text);
        return firn_buf_adds(out, text, err);
    }
    firn_dec_print(v < 0 ? -v : v, 0, text);
    return firn_buf_addf(out, err, "%s%c%s%sE%d", v < 0 ? "-" : "", text[0], digits > 1 ? "." : "",
                         text + 1, exponent);
}

static bool reads_back(const char *text, double d, bool is_float)
{
    double back;
    if (!firn_str_f64(firn_str_of(text), &back))
        return false;
    return is_float ? (float)back == (float)d : back == d;
}

/* Double.toString: the shortest digits, at least two; plain from 0.001 up to 10000000. */
static firn_code add_double(double d, bool is_float, firn_buf *out, firn_err *err)
{
    if (isnan(d))
        return firn_buf_adds(out, "NaN", err);
    if (signbit(d))
        FIRN_TRY(firn_buf_addc(out, '-', err));
    d = fabs(d);
    if (isinf(d))
        return firn_buf_adds(out, "Infinity", err);
    char text[40];
    int digits = 1;
    do
        snprintf(text, sizeof text, "%.*e", digits, d);
    while (!reads_back(text, d, is_float) && ++digits < 17);
    const char *e = strchr(text, 'e');
    int exponent = e ? (int)strtol(e + 1, NULL, 10) : 0;
    bool plain = d == 0.0 || (exponent >= -3 && exponent < 7);
    if (digits == 1 && text[2] == '0')
        digits = 0; /* 1.0E-3 is 0.001 */
    if (plain)
        return firn_buf_addf(out, err, "%.*f", FIRN_MAX(digits - exponent, 1), d);
    return firn_buf_addf(out, err, "%.*sE%d", (int)(e - text), text, exponent);
}

/* --- values -------------------------------------------------------------------------------- */

/* A value as Java's Transform.toHumanString has it. */
static firn_code add_value(const firn_type *type, const firn_value *v, firn_buf *out, firn_err *err)
{
    switch (type->kind) {
    case FIRN_T_DATE:
        return add_day(v->u.i, out, err);
    case FIRN_T_TIME:
        return add_time(v->u.i * 1000, out, err);
    case FIRN_T_TIMESTAMP:
    case FIRN_T_TIMESTAMPTZ:
        return add_timestamp(v->u.i, FIRN_US_PER_DAY, type->kind == FIRN_T_TIMESTAMPTZ, out, err);
    case FIRN_T_TIMESTAMP_NS:
    case FIRN_T_TIMESTAMPTZ_NS:
        return add_timestamp(v->u.i, FIRN_US_PER_DAY * 1000, type->kind == FIRN_T_TIMESTAMPTZ_NS,
                             out, err);
    case FIRN_T_DECIMAL:
        return add_decimal(type, v->u.dec, out, err);
    case FIRN_T_FLOAT:
        return add_double((double)v->u.f, true, out, err);
    case FIRN_T_DOUBLE:
        return add_double(v->u.d, false, out, err);
    case FIRN_T_BOOLEAN:
    case FIRN_T_INT:
    case FIRN_T_LONG:
    case FIRN_T_STRING:
    case FIRN_T_UUID:
    case FIRN_T_FIXED:
    case FIRN_T_BINARY:
    case FIRN_T_UNKNOWN:
    case FIRN_T_FOREIGN:
    case FIRN_T_STRUCT:
    case FIRN_T_LIST:
    case FIRN_T_MAP:
    case FIRN_TYPE_KIND_COUNT:
        break;
    }
    return firn_value_print(type, v, out, err);
}

firn_code firn_partition_text(const firn_partition_field *f, const firn_type *type,
                              const firn_value *v, firn_buf *out, firn_err *err)
{
    if (v->is_null)
        return firn_buf_adds(out, "null", err);
    switch (f->transform.kind) {
    case FIRN_TRANSFORM_YEAR:
        return firn_buf_addf(out, err, "%04lld", (long long)(1970 + v->u.i));
    case FIRN_TRANSFORM_MONTH:
        return add_month(v->u.i, out, err);
    case FIRN_TRANSFORM_DAY:
        return add_day(v->u.i, out, err);
    case FIRN_TRANSFORM_HOUR:
        return add_hour(v->u.i, out, err);
    case FIRN_TRANSFORM_IDENTITY:
    case FIRN_TRANSFORM_BUCKET:
    case FIRN_TRANSFORM_TRUNCATE:
    case FIRN_TRANSFORM_VOID:
    case FIRN_TRANSFORM_UNKNOWN:
        break;
    }
    return add_value(type, v, out, err);
}

static firn_code add_component(const firn_partition_field *f, const firn_type *type,
                               const firn_value *v, firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)64 << 20);
    FIRN_AUTO(firn_buf_free) firn_buf part = FIRN_BUF((size_t)256 << 20);
    FIRN_TRY(firn_partition_text(f, type, v, &text, err));
    FIRN_TRY(add_encoded(f->name, &part, err));
    FIRN_TRY(firn_buf_addc(&part, '=', err));
    FIRN_TRY(add_encoded(firn_buf_str(&text), &part, err));
    if (part.n <= MAX_COMPONENT_BYTES)
        return firn_buf_addstr(out, firn_buf_str(&part), err);
    /* nobody reads values back from a path */
    FIRN_TRY(firn_buf_add(out, part.p, MAX_COMPONENT_BYTES - 20, err));
    return firn_buf_addf(out, err, "...%016llx", (unsigned long long)firn_hash64(part.p, part.n));
}

firn_code firn_partition_path(const firn_spec *spec, const firn_type *types,
                              const firn_value *values, firn_buf *out, firn_err *err)
{
    for (size_t i = 0; i < spec->field_count; i++) {
        if (i)
            FIRN_TRY(firn_buf_addc(out, '/', err));
        FIRN_TRY(add_component(&spec->fields[i], &types[i], &values[i], out, err));
    }
    return FIRN_OK;
}
