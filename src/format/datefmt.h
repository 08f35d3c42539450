/* SPDX-License-Identifier: Apache-2.0 */
/* datefmt.h — dates and times in foreign spellings: strptime-like formats, compiled once.
 *
 * Directives: %Y (4 digits), %y (2 digits: 69–99 → 19xx, 00–68 → 20xx, as POSIX), %m, %d, %e
 * (1 or 2 digits), %b and %B (English month names, short and long, any case), %H, %I, %p, %M, %S,
 * %f (1–6 digits of a fraction), %z (Z, ±hh, ±hhmm, ±hh:mm), %j, %a and %A (read, must be a day
 * name), %% and literal bytes; %m, %d, %H, %I, %M, %S take one or two digits.
 * A format that lacks a part of the date is refused when it is compiled. */
#ifndef FIRN_DATEFMT_H
#define FIRN_DATEFMT_H

#include "base/arena.h"

typedef struct firn_datefmt firn_datefmt;

/* Compiles into `a`.  FIRN_E_CONFIG names the directive that is not understood or missing. */
FIRN_NODISCARD firn_code firn_datefmt_compile(firn_str format, firn_arena *a,
                                              const firn_datefmt **ret, firn_err *err);

firn_str firn_datefmt_text(const firn_datefmt *f);  /* as given */
bool firn_datefmt_has_clock(const firn_datefmt *f); /* holds %H or %I */
bool firn_datefmt_has_zone(const firn_datefmt *f);  /* holds %z */

/* Reads the whole text (blanks around it are not trimmed).  A date without a clock is midnight;
 * with %z the offset is applied.  False if it does not match or names a day that does not exist or
 * lies outside of years 0001–9999.  Pure; any thread. */
bool firn_datefmt_parse(const firn_datefmt *f, firn_str s, int64_t *ret_us);

/* The spellings that are looked for when nobody gave a format: bit i of a mask is spelling i.
 * ISO dates and timestamps are among them.  Formats with two-digit years in numbers only
 * ("01/02/03") are deliberately not: nobody can tell what they mean. */
typedef enum firn_spelling {
    FIRN_SP_ISO_DATE,        /* 2025-05-31 */
    FIRN_SP_ISO_TIMESTAMP,   /* 2025-05-31T10:11:12[.123456], blank or T */
    FIRN_SP_ISO_TIMESTAMPTZ, /* the same with Z or an offset */
    FIRN_SP_DMY_DOT,         /* 31.05.2025 */
    FIRN_SP_DMY_SLASH,       /* 31/05/2025 */
    FIRN_SP_MDY_SLASH,       /* 05/31/2025 */
    FIRN_SP_YMD_SLASH,       /* 2025/05/31 */
    FIRN_SP_DMY_DASH,        /* 31-05-2025 */
    FIRN_SP_MDY_DASH,        /* 05-31-2025 */
    FIRN_SP_D_MON_Y,         /* 31-May-2025 */
    FIRN_SP_D_MON_YY,        /* 29-Jun-17 */
    FIRN_SP_D_MON_Y_BLANK,   /* 31 May 2025 */
    FIRN_SP_COUNT
} firn_spelling;

/* Returns the mask of all spellings that read the text; 0 for most texts, cheaply (length and
 * first byte are looked at first). */
uint32_t firn_spellings_of(firn_str s);

/* Returns the format of a spelling ("%d.%m.%Y"), NULL for the three ISO ones. */
const char *firn_spelling_format(firn_spelling sp);

/* True for texts that look like a date nobody can read for sure ("01/02/03"): to be said. */
bool firn_date_is_ambiguous(firn_str s);

#endif
