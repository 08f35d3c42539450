/* SPDX-License-Identifier: Apache-2.0 */
/* datetime.h — calendar arithmetic and ISO 8601, proleptic Gregorian, UTC, no leap seconds.
 * Days count from 1970-01-01, microseconds from 1970-01-01T00:00:00Z.  Pure. */
#ifndef FIRN_DATETIME_H
#define FIRN_DATETIME_H

#include "base/base.h"

#define FIRN_US_PER_SECOND INT64_C(1000000)
#define FIRN_US_PER_HOUR   (3600 * FIRN_US_PER_SECOND)
#define FIRN_US_PER_DAY    (86400 * FIRN_US_PER_SECOND)

/* What firn lands: years 0001 to 9999, the range that every reader of the tables can show. */
#define FIRN_DATE_MIN (-719162)
#define FIRN_DATE_MAX 2932896

typedef struct firn_civil {
    int32_t year;
    int32_t month; /* 1..12 */
    int32_t day;   /* 1..31 */
} firn_civil;

int32_t firn_days_from_civil(firn_civil c);
firn_civil firn_civil_from_days(int32_t days);
bool firn_civil_valid(firn_civil c); /* a day that exists */

/* "2025-05-31": exactly this form, a day that exists, years 0001–9999. */
bool firn_date_parse(firn_str s, int32_t *ret_days);

/* "22:31:08[.123456]" as microseconds of the day; digits beyond the sixth must be zeros. */
bool firn_time_parse(firn_str s, int64_t *ret_us);

/* "2025-05-31T22:31:08[.123456][Z|+02:00|+0200|+02]", a blank for the T allowed, seconds optional;
 * *ret_zoned says whether an offset stood there (it is then applied). */
bool firn_timestamp_parse(firn_str s, int64_t *ret_us, bool *ret_zoned);

/* Buffers of this size are always enough. */
#define FIRN_TIME_TEXT_MAX 48
size_t firn_date_print(int32_t days, char out[FIRN_TIME_TEXT_MAX]);
size_t firn_time_print(int64_t us,
                       char out[FIRN_TIME_TEXT_MAX]); /* fraction only if there is one */
/* "2025-05-31T22:31:08.123456", with "Z" behind it when zoned. */
size_t firn_timestamp_print(int64_t us, bool zoned, char out[FIRN_TIME_TEXT_MAX]);

/* "250ms", "30s", "20m", "36h", "30d", "2w": milliseconds. */
bool firn_duration_parse(firn_str s, int64_t *ret_ms);

/* Floor division, as Iceberg's time transforms want it for negative values. */
int64_t firn_floor_div(int64_t a, int64_t b);

#endif
