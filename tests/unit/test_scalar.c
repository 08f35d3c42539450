/* SPDX-License-Identifier: Apache-2.0 */
/* format/scalar: expected values by IEEE 754, RFC 4648, RFC 9562 and the calendar; the fast paths
 * are compared with strtod, printf and base/ on random texts. */
#include "check.h"

#include "base/arena.h"
#include "base/datetime.h"
#include "base/hash.h"
#include "base/mem.h"
#include "format/scalar.h"

#include <math.h>
#include <stdlib.h>

static firn_str s(const char *text)
{
    return firn_str_of(text);
}

static firn_arena *arena;

static int set_up(void **state FIRN_UNUSED)
{
    arena = firn_arena_new("test", 0);
    return arena ? 0 : -1;
}

static int tear_down(void **state FIRN_UNUSED)
{
    firn_arena_free(arena);
    return 0;
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* --- values of each type ------------------------------------------------------------------- */

enum { INFERRED = 0, GIVEN = 1, BOTH = 2 };

static const struct vector {
    const char *type;
    const char *format; /* of dates; NULL: ISO */
    int who;
    const char *text;
    const char *want; /* NULL: `fit` says why not */
    firn_fit fit;
} vectors[] = {
    {"boolean", NULL, BOTH, "true", "1", FIRN_FIT_OK},
    {"boolean", NULL, BOTH, "FALSE", "0", FIRN_FIT_OK},
    {"boolean", NULL, BOTH, " True ", "1", FIRN_FIT_OK},
    {"boolean", NULL, BOTH, "yes", NULL, FIRN_FIT_SYNTAX},
    {"boolean", NULL, BOTH, "1", NULL, FIRN_FIT_SYNTAX},
    {"boolean", NULL, BOTH, "", NULL, FIRN_FIT_SYNTAX},

    {"int", NULL, BOTH, "0", "0", FIRN_FIT_OK},
    {"int", NULL, BOTH, "-12", "-12", FIRN_FIT_OK},
    {"int", NULL, BOTH, " 12 ", "12", FIRN_FIT_OK},
    {"int", NULL, BOTH, "\t12\r\n", "12", FIRN_FIT_OK},
    {"int", NULL, BOTH, "5.0", "5", FIRN_FIT_OK},
    {"int", NULL, BOTH, "5e0", "5", FIRN_FIT_OK},
    {"int", NULL, BOTH, "50e-1", "5", FIRN_FIT_OK},
    {"int", NULL, BOTH, "1.5", NULL, FIRN_FIT_INEXACT},
    {"int", NULL, BOTH, "1e-400", NULL, FIRN_FIT_INEXACT},
    {"int", NULL, BOTH, "1e-999999999999", NULL, FIRN_FIT_INEXACT},
    {"int", NULL, BOTH, "1e400", NULL, FIRN_FIT_RANGE},
    {"int", NULL, BOTH, "1e999999999999", NULL, FIRN_FIT_RANGE},
    {"int", NULL, BOTH, "0e999999999999", "0", FIRN_FIT_OK},
    {"int", NULL, BOTH, "-0", NULL, FIRN_FIT_INEXACT},
    {"int", NULL, BOTH, "-0.0", NULL, FIRN_FIT_INEXACT},
    {"int", NULL, BOTH, "2147483647", "2147483647", FIRN_FIT_OK},
    {"int", NULL, BOTH, "-2147483648", "-2147483648", FIRN_FIT_OK},
    {"int", NULL, BOTH, "2147483648", NULL, FIRN_FIT_RANGE},
    {"int", NULL, GIVEN, "+5", "5", FIRN_FIT_OK},
    {"int", NULL, GIVEN, "007", "7", FIRN_FIT_OK},
    {"int", NULL, GIVEN, "-007", "-7", FIRN_FIT_OK},
    {"int", NULL, INFERRED, "+5", NULL, FIRN_FIT_INEXACT},
    {"int", NULL, INFERRED, "007", NULL, FIRN_FIT_INEXACT},
    {"int", NULL, INFERRED, "-007", NULL, FIRN_FIT_INEXACT},
    {"int", NULL, BOTH, "", NULL, FIRN_FIT_SYNTAX},
    {"int", NULL, BOTH, "-", NULL, FIRN_FIT_SYNTAX},
    {"int", NULL, BOTH, "1 2", NULL, FIRN_FIT_SYNTAX},
    {"int", NULL, BOTH, "1,200", NULL, FIRN_FIT_SYNTAX},
    {"int", NULL, BOTH, "0x10", NULL, FIRN_FIT_SYNTAX},
    {"int", NULL, BOTH, "12a", NULL, FIRN_FIT_SYNTAX},
    {"int", NULL, BOTH, "1e", NULL, FIRN_FIT_SYNTAX},
    {"int", NULL, BOTH, "1e+", NULL, FIRN_FIT_SYNTAX},
    {"int", NULL, BOTH, "e5", NULL, FIRN_FIT_SYNTAX},
    {"int", NULL, BOTH, ".", NULL, FIRN_FIT_SYNTAX},

    {"long", NULL, BOTH, "9223372036854775807", "9223372036854775807", FIRN_FIT_OK},
    {"long", NULL, BOTH, "-9223372036854775808", "-9223372036854775808", FIRN_FIT_OK},
    {"long", NULL, BOTH, "9223372036854775808", NULL, FIRN_FIT_RANGE},
    {"long", NULL, BOTH, "123456789012345678", "123456789012345678", FIRN_FIT_OK},
    {"long", NULL, BOTH, "12345678901234567a", NULL, FIRN_FIT_SYNTAX},
    {"long", NULL, BOTH, "a2345678901234567", NULL, FIRN_FIT_SYNTAX},
    {"long", NULL, BOTH, "9007199254740993.000", "9007199254740993", FIRN_FIT_OK},

    {"double", NULL, BOTH, "0", "0", FIRN_FIT_OK},
    {"double", NULL, BOTH, "-0", "-0", FIRN_FIT_OK},
    {"double", NULL, BOTH, "-0.00", "-0", FIRN_FIT_OK},
    {"double", NULL, BOTH, "0.1", "0.10000000000000001", FIRN_FIT_OK},
    {"double", NULL, BOTH, "0.10", "0.10000000000000001", FIRN_FIT_OK},
    {"double", NULL, BOTH, "1e22", "1e+22", FIRN_FIT_OK},
    {"double", NULL, BOTH, "1e23", "9.9999999999999992e+22", FIRN_FIT_OK},
    {"double", NULL, BOTH, "9007199254740992", "9007199254740992", FIRN_FIT_OK},
    {"double", NULL, INFERRED, "9007199254740993", NULL, FIRN_FIT_INEXACT},
    {"double", NULL, GIVEN, "9007199254740993", "9007199254740992", FIRN_FIT_OK},
    {"double", NULL, INFERRED, "0.12345678901234567890", NULL, FIRN_FIT_INEXACT},
    {"double", NULL, GIVEN, "0.12345678901234567890", "0.12345678901234568", FIRN_FIT_OK},
    {"double", NULL, BOTH, "1e400", NULL, FIRN_FIT_RANGE},
    {"double", NULL, BOTH, "-1e999999999999", NULL, FIRN_FIT_RANGE},
    {"double", NULL, BOTH, "1e-400", NULL, FIRN_FIT_RANGE},
    {"double", NULL, BOTH, "0e999999999999", "0", FIRN_FIT_OK},
    {"double", NULL, BOTH, "5e-324", "4.9406564584124654e-324", FIRN_FIT_OK},
    {"double", NULL, BOTH, "1.7976931348623157e308", "1.7976931348623157e+308", FIRN_FIT_OK},
    {"double", NULL, GIVEN, "1.7976931348623158e308", "1.7976931348623157e+308", FIRN_FIT_OK},
    {"double", NULL, INFERRED, "1.7976931348623158e308", NULL, FIRN_FIT_INEXACT},
    {"double", NULL, BOTH, "1.7976931348623159e308", NULL, FIRN_FIT_RANGE},
    {"double", NULL, BOTH, "2.2250738585072014e-308", "2.2250738585072014e-308", FIRN_FIT_OK},
    {"double", NULL, BOTH, " 2.5 ", "2.5", FIRN_FIT_OK},
    {"double", NULL, BOTH, "nan", NULL, FIRN_FIT_SYNTAX},
    {"double", NULL, BOTH, "inf", NULL, FIRN_FIT_SYNTAX},
    {"double", NULL, BOTH, "0x1p3", NULL, FIRN_FIT_SYNTAX},
    {"double", NULL, BOTH, "1.5f", NULL, FIRN_FIT_SYNTAX},
    {"double", NULL, BOTH, "1,5", NULL, FIRN_FIT_SYNTAX},
    {"double", NULL, INFERRED, "01.5", NULL, FIRN_FIT_INEXACT},
    {"double", NULL, GIVEN, "01.5", "1.5", FIRN_FIT_OK},
    {"double", NULL, GIVEN, "+1.5", "1.5", FIRN_FIT_OK},
    {"double", NULL, INFERRED, "0.5", "0.5", FIRN_FIT_OK},

    {"float", NULL, BOTH, "0.1", "0.10000000149011612", FIRN_FIT_OK},
    {"float", NULL, BOTH, "16777216", "16777216", FIRN_FIT_OK},
    {"float", NULL, INFERRED, "16777217", NULL, FIRN_FIT_INEXACT},
    {"float", NULL, GIVEN, "16777217", "16777216", FIRN_FIT_OK},
    {"float", NULL, BOTH, "1e39", NULL, FIRN_FIT_RANGE},
    {"float", NULL, BOTH, "1e-50", NULL, FIRN_FIT_RANGE},
    {"float", NULL, BOTH, "1e-45", "1.4012984643248171e-45", FIRN_FIT_OK},
    {"float", NULL, BOTH, "-0", "-0", FIRN_FIT_OK},

    {"decimal(9,2)", NULL, BOTH, "12.50", "1250", FIRN_FIT_OK},
    {"decimal(9,2)", NULL, BOTH, "12.5", "1250", FIRN_FIT_OK},
    {"decimal(9,2)", NULL, BOTH, "12", "1200", FIRN_FIT_OK},
    {"decimal(9,2)", NULL, BOTH, "12.", "1200", FIRN_FIT_OK},
    {"decimal(9,2)", NULL, BOTH, ".5", "50", FIRN_FIT_OK},
    {"decimal(9,2)", NULL, BOTH, "-.5", "-50", FIRN_FIT_OK},
    {"decimal(9,2)", NULL, BOTH, "12.500", "1250", FIRN_FIT_OK},
    {"decimal(9,2)", NULL, BOTH, "1.25e1", "1250", FIRN_FIT_OK},
    {"decimal(9,2)", NULL, BOTH, "12.501", NULL, FIRN_FIT_INEXACT},
    {"decimal(9,2)", NULL, BOTH, "1e-999999999999", NULL, FIRN_FIT_INEXACT},
    {"decimal(9,2)", NULL, BOTH, "9999999.99", "999999999", FIRN_FIT_OK},
    {"decimal(9,2)", NULL, BOTH, "-9999999.99", "-999999999", FIRN_FIT_OK},
    {"decimal(9,2)", NULL, BOTH, "10000000", NULL, FIRN_FIT_RANGE},
    {"decimal(9,2)", NULL, BOTH, "1e400", NULL, FIRN_FIT_RANGE},
    {"decimal(9,2)", NULL, BOTH, "1e999999999999", NULL, FIRN_FIT_RANGE},
    {"decimal(9,2)", NULL, BOTH, "-0.00", "0", FIRN_FIT_OK},
    {"decimal(9,2)", NULL, BOTH, " 7.25 ", "725", FIRN_FIT_OK},
    {"decimal(9,2)", NULL, BOTH, " 1,200,000.00 ", NULL, FIRN_FIT_SYNTAX},
    {"decimal(9,2)", NULL, BOTH, "1..2", NULL, FIRN_FIT_SYNTAX},
    {"decimal(9,2)", NULL, BOTH, "-", NULL, FIRN_FIT_SYNTAX},
    {"decimal(9,2)", NULL, BOTH, ".", NULL, FIRN_FIT_SYNTAX},
    {"decimal(9,2)", NULL, BOTH, "", NULL, FIRN_FIT_SYNTAX},
    {"decimal(9,2)", NULL, INFERRED, "007.5", NULL, FIRN_FIT_INEXACT},
    {"decimal(9,2)", NULL, GIVEN, "007.5", "750", FIRN_FIT_OK},
    {"decimal(4,0)", NULL, BOTH, "9999", "9999", FIRN_FIT_OK},
    {"decimal(4,0)", NULL, BOTH, "10000", NULL, FIRN_FIT_RANGE},
    {"decimal(18,4)", NULL, BOTH, "99999999999999.9999", "999999999999999999", FIRN_FIT_OK},
    {"decimal(18,4)", NULL, BOTH, "100000000000000", NULL, FIRN_FIT_RANGE},
    {"decimal(18,18)", NULL, BOTH, "0.123456789012345678", "123456789012345678", FIRN_FIT_OK},
    {"decimal(38,20)", NULL, BOTH, "0.12345678901234567890", "12345678901234567890", FIRN_FIT_OK},
    {"decimal(38,0)", NULL, BOTH, "99999999999999999999999999999999999999",
     "99999999999999999999999999999999999999", FIRN_FIT_OK},
    {"decimal(38,0)", NULL, BOTH, "100000000000000000000000000000000000000", NULL, FIRN_FIT_RANGE},

    {"date", NULL, BOTH, "2025-05-31", "20239", FIRN_FIT_OK},
    {"date", NULL, BOTH, " 2025-05-31 ", "20239", FIRN_FIT_OK},
    {"date", NULL, BOTH, "1969-12-31", "-1", FIRN_FIT_OK},
    {"date", NULL, BOTH, "0001-01-01", "-719162", FIRN_FIT_OK},
    {"date", NULL, BOTH, "9999-12-31", "2932896", FIRN_FIT_OK},
    {"date", NULL, BOTH, "2000-02-29", "11016", FIRN_FIT_OK},
    {"date", NULL, BOTH, "1900-02-29", NULL, FIRN_FIT_SYNTAX},
    {"date", NULL, BOTH, "2025-06-31", NULL, FIRN_FIT_SYNTAX},
    {"date", NULL, BOTH, "2025-13-01", NULL, FIRN_FIT_SYNTAX},
    {"date", NULL, BOTH, "2025/05/31", NULL, FIRN_FIT_SYNTAX},
    {"date", NULL, BOTH, "31.05.2025", NULL, FIRN_FIT_SYNTAX},
    {"date", NULL, BOTH, "2025-5-31", NULL, FIRN_FIT_SYNTAX},
    {"date", NULL, BOTH, "20250531", NULL, FIRN_FIT_SYNTAX},
    {"date", NULL, BOTH, "", NULL, FIRN_FIT_SYNTAX},
    {"date", NULL, BOTH, "0000-02-29", NULL, FIRN_FIT_RANGE},
    {"date", NULL, BOTH, "0000-02-30", NULL, FIRN_FIT_SYNTAX},
    {"date", NULL, GIVEN, "2025-05-31T00:00:00", "20239", FIRN_FIT_OK},
    {"date", NULL, GIVEN, "2025-05-31 00:00:00.000", "20239", FIRN_FIT_OK},
    {"date", NULL, GIVEN, "2025-05-31T00:00:00Z", "20239", FIRN_FIT_OK},
    {"date", NULL, GIVEN, "2025-05-31T00:00:00+02:00", NULL, FIRN_FIT_INEXACT},
    {"date", NULL, GIVEN, "2025-05-31T10:00:00", NULL, FIRN_FIT_INEXACT},
    {"date", NULL, INFERRED, "2025-05-31T00:00:00", NULL, FIRN_FIT_INEXACT},
    {"date", "%d-%b-%y", BOTH, "29-Jun-17", "17346", FIRN_FIT_OK},
    {"date", "%d-%b-%y", BOTH, " 29-Jun-17 ", "17346", FIRN_FIT_OK},
    {"date", "%d-%b-%y", BOTH, "2017-06-29", NULL, FIRN_FIT_SYNTAX},
    {"date", "%d.%m.%Y %H:%M", GIVEN, "31.05.2025 00:00", "20239", FIRN_FIT_OK},
    {"date", "%d.%m.%Y %H:%M", GIVEN, "31.05.2025 00:01", NULL, FIRN_FIT_INEXACT},

    {"time", NULL, BOTH, "22:31:08", "81068000000", FIRN_FIT_OK},
    {"time", NULL, BOTH, "22:31:08.123456", "81068123456", FIRN_FIT_OK},
    {"time", NULL, BOTH, "24:00:00", NULL, FIRN_FIT_SYNTAX},
    {"time", NULL, BOTH, "22:31", NULL, FIRN_FIT_SYNTAX},

    {"timestamp", NULL, BOTH, "2025-05-31T22:31:08", "1748730668000000", FIRN_FIT_OK},
    {"timestamp", NULL, BOTH, "2025-05-31 22:31:08", "1748730668000000", FIRN_FIT_OK},
    {"timestamp", NULL, BOTH, "2025-05-31 22:31", "1748730660000000", FIRN_FIT_OK},
    {"timestamp", NULL, BOTH, "2017-06-29 00:00:00.000000", "1498694400000000", FIRN_FIT_OK},
    {"timestamp", NULL, BOTH, "2025-05-31T22:31:08.5", "1748730668500000", FIRN_FIT_OK},
    {"timestamp", NULL, BOTH, "2025-05-31T22:31:08.123456", "1748730668123456", FIRN_FIT_OK},
    {"timestamp", NULL, BOTH, "2025-05-31T22:31:08.123456000", "1748730668123456", FIRN_FIT_OK},
    {"timestamp", NULL, BOTH, "2025-05-31T22:31:08.1234567", NULL, FIRN_FIT_SYNTAX},
    {"timestamp", NULL, BOTH, "1969-12-31T23:59:59.999999", "-1", FIRN_FIT_OK},
    {"timestamp", NULL, BOTH, "0001-01-01T00:00:00", "-62135596800000000", FIRN_FIT_OK},
    {"timestamp", NULL, BOTH, "9999-12-31T23:59:59.999999", "253402300799999999", FIRN_FIT_OK},
    {"timestamp", NULL, BOTH, "0000-12-31T23:59:59", NULL, FIRN_FIT_RANGE},
    {"timestamp", NULL, BOTH, "2025-05-31T22:31:08Z", NULL, FIRN_FIT_INEXACT},
    {"timestamp", NULL, BOTH, "2025-05-31T22:31:08+02:00", NULL, FIRN_FIT_INEXACT},
    {"timestamp", NULL, BOTH, "2025-05-31T22:31:60", NULL, FIRN_FIT_SYNTAX},
    {"timestamp", NULL, BOTH, "2025-05-31T", NULL, FIRN_FIT_SYNTAX},
    {"timestamp", NULL, GIVEN, "2025-05-31", "1748649600000000", FIRN_FIT_OK},
    {"timestamp", NULL, INFERRED, "2025-05-31", NULL, FIRN_FIT_SYNTAX},
    {"timestamp", "%d.%m.%Y %H:%M", GIVEN, "31.05.2025 22:31", "1748730660000000", FIRN_FIT_OK},
    {"timestamp", "%d.%m.%Y", GIVEN, "31.05.2025", "1748649600000000", FIRN_FIT_OK},
    {"timestamp", "%Y-%m-%dT%H:%M%z", GIVEN, "2025-05-31T22:31+02", "1748723460000000",
     FIRN_FIT_OK},

    {"timestamptz", NULL, BOTH, "2025-05-31T22:31:08Z", "1748730668000000", FIRN_FIT_OK},
    {"timestamptz", NULL, BOTH, "2025-05-31T22:31:08.25Z", "1748730668250000", FIRN_FIT_OK},
    {"timestamptz", NULL, BOTH, "2025-05-31T22:31:08+02:00", "1748723468000000", FIRN_FIT_OK},
    {"timestamptz", NULL, GIVEN, "2025-05-31T22:31:08", "1748730668000000", FIRN_FIT_OK},
    {"timestamptz", NULL, INFERRED, "2025-05-31T22:31:08", NULL, FIRN_FIT_SYNTAX},
    {"timestamptz", NULL, BOTH, "0001-01-01T00:00:00+02:00", NULL, FIRN_FIT_RANGE},
    {"timestamptz", NULL, BOTH, "9999-12-31T23:00:00-02:00", NULL, FIRN_FIT_RANGE},
    {"timestamptz", NULL, BOTH, "9999-12-31T23:00:00-02:x0", NULL, FIRN_FIT_SYNTAX},
    {"timestamptz", "%d.%m.%Y %H:%M", GIVEN, "31.05.2025 22:31", "1748730660000000", FIRN_FIT_OK},

    {"string", NULL, BOTH, "", "", FIRN_FIT_OK},
    {"string", NULL, BOTH, " a b ", " a b ", FIRN_FIT_OK},
    {"string", NULL, BOTH, "exactly twelv", "exactly twelv", FIRN_FIT_OK},
    {"string", NULL, BOTH, "gr\xc3\xbc\xc3\x9f\x65 an alle Leute",
     "gr\xc3\xbc\xc3\x9f\x65 an alle Leute", FIRN_FIT_OK},
    {"string", NULL, BOTH, "caf\xe9", NULL, FIRN_FIT_UTF8},
    {"string", NULL, BOTH, "long enough for words \xff", NULL, FIRN_FIT_UTF8},
    {"string", NULL, BOTH, "\xed\xa0\x80", NULL, FIRN_FIT_UTF8}, /* a surrogate */

    {"uuid", NULL, BOTH, "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "f81d4fae7dec11d0a76500a0c91e6bf6",
     FIRN_FIT_OK},
    {"uuid", NULL, BOTH, "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6", "f81d4fae7dec11d0a76500a0c91e6bf6",
     FIRN_FIT_OK},
    {"uuid", NULL, BOTH, "f81d4fae7dec11d0a76500a0c91e6bf6", NULL, FIRN_FIT_SYNTAX},
    {"uuid", NULL, BOTH, "f81d4fae-7dec-11d0-a765-00a0c91e6bfg", NULL, FIRN_FIT_SYNTAX},
    {"uuid", NULL, BOTH, "f81d4fae-7dec-11d0-a76500-a0c91e6bf6", NULL, FIRN_FIT_SYNTAX},
    {"uuid", NULL, BOTH, "f81d4fa--7dec-11d0-a765-00a0c91e6bf6", NULL, FIRN_FIT_SYNTAX},

    /* RFC 4648, 10 */
    {"binary", NULL, BOTH, "", "", FIRN_FIT_OK},
    {"binary", NULL, BOTH, "Zg==", "66", FIRN_FIT_OK},
    {"binary", NULL, BOTH, "Zm8=", "666f", FIRN_FIT_OK},
    {"binary", NULL, BOTH, "Zm9v", "666f6f", FIRN_FIT_OK},
    {"binary", NULL, BOTH, "Zm9vYg==", "666f6f62", FIRN_FIT_OK},
    {"binary", NULL, BOTH, "Zm9vYmE=", "666f6f6261", FIRN_FIT_OK},
    {"binary", NULL, BOTH, "Zm9vYmFy", "666f6f626172", FIRN_FIT_OK},
    {"binary", NULL, BOTH, "+/+/AAECAwQFBgcICQ==", "fbffbf00010203040506070809", FIRN_FIT_OK},
    {"binary", NULL, BOTH, "Zg=", NULL, FIRN_FIT_SYNTAX},
    {"binary", NULL, BOTH, "Zg", NULL, FIRN_FIT_SYNTAX},
    {"binary", NULL, BOTH, "Zh==", NULL, FIRN_FIT_SYNTAX}, /* a bit behind the end */
    {"binary", NULL, BOTH, "Z===", NULL, FIRN_FIT_SYNTAX},
    {"binary", NULL, BOTH, "====", NULL, FIRN_FIT_SYNTAX},
    {"binary", NULL, BOTH, "Zg==Zg==", NULL, FIRN_FIT_SYNTAX},
    {"binary", NULL, BOTH, "Zm9\n", NULL, FIRN_FIT_SYNTAX},
    {"binary", NULL, BOTH, "Zm-_", NULL, FIRN_FIT_SYNTAX},

    {"fixed[3]", NULL, BOTH, "Zm9v", NULL, FIRN_FIT_SYNTAX},
    {"list<int>", NULL, BOTH, "[1]", NULL, FIRN_FIT_SYNTAX},
    {"struct<a: int>", NULL, BOTH, "{}", NULL, FIRN_FIT_SYNTAX},
    {"map<string, int>", NULL, BOTH, "{}", NULL, FIRN_FIT_SYNTAX},
};

static void print_int(firn_i128 v, char *out, size_t n)
{
    char text[FIRN_DEC_TEXT_MAX];
    firn_dec_print(v, 0, text);
    snprintf(out, n, "%s", text);
}

/* Reads an unscaled value of any width, as column.h lays it out. */
static firn_i128 unscaled(const firn_column *col, size_t row)
{
    switch (col->width) {
    case 2:
        return ((int16_t *)col->data)[row];
    case 4:
        return ((int32_t *)col->data)[row];
    case 8:
        return ((int64_t *)col->data)[row];
    default:
        return ((firn_i128 *)col->data)[row];
    }
}

static void print_value(const firn_column *col, size_t row, char *out, size_t n)
{
    const firn_strview *view = (const firn_strview *)col->data + row;
    uint8_t bytes[16];
    switch ((int)col->type->kind) {
    case FIRN_T_BOOLEAN:
        snprintf(out, n, "%d", ((uint8_t *)col->data)[row]);
        return;
    case FIRN_T_FLOAT:
        snprintf(out, n, "%.17g", (double)((float *)col->data)[row]);
        return;
    case FIRN_T_DOUBLE:
        snprintf(out, n, "%.17g", ((double *)col->data)[row]);
        return;
    case FIRN_T_STRING:
        snprintf(out, n, "%.*s", FIRN_STR_ARG(firn_strview_str(view)));
        return;
    case FIRN_T_BINARY:
        assert_true(view->near.n * 2 < n);
        firn_hex(firn_strview_str(view).p, view->near.n, out);
        return;
    case FIRN_T_UUID:
        for (size_t i = 0; i < 16; i++) /* big-endian, the top bit flipped */
            bytes[i] = (uint8_t)((firn_u128)((firn_i128 *)col->data)[row] >> (120 - 8 * i));
        bytes[0] ^= 0x80;
        firn_hex(bytes, sizeof bytes, out);
        return;
    default:
        print_int(unscaled(col, row), out, n);
    }
}

static void check_vector(const struct vector *v, bool given)
{
    enum { ROW = 5, ROWS = 7 };
    firn_err err = {0};
    firn_type type;
    firn_column col;
    firn_scalar_opt opt = {.given = given};
    char got[128] = "";
    check_ok(firn_type_parse(s(v->type), arena, &type, &err), &err);
    check_ok(firn_columns_in_arena(&type, ROWS, arena, &col, &err), &err);
    if (v->format)
        check_ok(firn_datefmt_compile(s(v->format), arena, &opt.format, &err), &err);
    check_ok(firn_column_null(&col, ROW, &err), &err);

    firn_fit fits = firn_scalar_fits(&type, s(v->text), &opt);
    firn_fit put = firn_scalar_put(&col, ROW, s(v->text), &opt, arena);
    if (fits != v->fit || put != v->fit)
        fail_msg("%s '%s' given %d: fits %s, put %s", v->type, v->text, given, firn_fit_text(fits),
                 firn_fit_text(put));
    assert_int_equal(firn_column_is_valid(&col, ROW), v->want != NULL);
    if (!v->want)
        return;
    print_value(&col, ROW, got, sizeof got);
    if (strcmp(got, v->want) != 0)
        fail_msg("%s '%s': %s instead of %s", v->type, v->text, got, v->want);
    for (size_t i = 0; i < (size_t)ROWS * col.width; i++)
        if (i / col.width != ROW)
            assert_int_equal(((uint8_t *)col.data)[i], 0);
}

static void texts_become_values(void **state FIRN_UNUSED)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(vectors); i++) {
        const struct vector *v = &vectors[i];
        if (v->who != GIVEN)
            check_vector(v, false);
        if (v->who != INFERRED)
            check_vector(v, true);
    }
}

static void fits_are_described(void **state FIRN_UNUSED)
{
    for (int fit = 0; fit < FIRN_FIT_COUNT; fit++)
        assert_string_not_equal(firn_fit_text((firn_fit)fit), "is unknown");
}

static void binary_says_when_memory_is_out(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    firn_type type = {.kind = FIRN_T_BINARY};
    firn_column col;
    firn_scalar_opt opt = {.given = true};
    firn_arena *tiny = firn_arena_new("tiny", 8);
    check_ok(firn_columns_in_arena(&type, 1, arena, &col, &err), &err);
    assert_int_equal(firn_scalar_put(&col, 0, s("Zm9vYmFyZm9vYmFyZm9vYmFy"), &opt, tiny),
                     FIRN_FIT_NOMEM);
    firn_arena_free(tiny);
}

/* --- doubles: against strtod and printf ---------------------------------------------------- */

/* A number as digits without zeros at either end, and the exponent of the last one. */
typedef struct decimal {
    char digits[80];
    long long exponent;
} decimal;

static decimal decimal_of(const char *text)
{
    decimal d = {.exponent = 0};
    size_t n = 0;
    const char *point = strchr(text, '.');
    const char *p = text;
    for (; *p && *p != 'e'; p++) {
        if (*p < '0' || *p > '9' || (n == 0 && *p == '0' && !point))
            continue;
        d.digits[n++] = *p;
    }
    if (point)
        d.exponent = -(p - point - 1);
    if (*p)
        d.exponent += strtoll(p + 1, NULL, 10);
    while (n && d.digits[n - 1] == '0') {
        n--;
        d.exponent++;
    }
    d.digits[n] = '\0';
    size_t zeros = strspn(d.digits, "0");
    memmove(d.digits, d.digits + zeros, n - zeros + 1);
    return d;
}

/* The definition, by the C library: the shortest "%.{1..17}g" that reads as the same double. */
static bool prints_back(const char *token)
{
    double d = strtod(token, NULL);
    char text[40];
    decimal want = decimal_of(token);
    if (isinf(d) || (d == 0 && want.digits[0]))
        return false;
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*e", digits - 1, d);
        if (strtod(text, NULL) == d)
            break;
    }
    decimal back = decimal_of(text);
    if (!want.digits[0])
        return true;
    return strcmp(back.digits, want.digits) == 0 && back.exponent == want.exponent;
}

static void check_double(const char *token, bool compare_exactness)
{
    const firn_type type = {.kind = FIRN_T_DOUBLE};
    const firn_scalar_opt given = {.given = true};
    double want = strtod(token, NULL);
    double got = -1;
    firn_column col = {.type = &type, .width = 8, .data = &got};
    firn_fit fit = firn_scalar_put(&col, 0, s(token), &given, arena);
    if (isinf(want)) {
        assert_int_equal(fit, FIRN_FIT_RANGE);
        return;
    }
    if (want == 0 && fit == FIRN_FIT_RANGE)
        return;
    if (fit || memcmp(&want, &got, sizeof got) != 0)
        fail_msg("%s: %.17g instead of %.17g (%s)", token, got, want, firn_fit_text(fit));
    if (compare_exactness && firn_double_is_exact(s(token)) != prints_back(token))
        fail_msg("%s: exact %d", token, firn_double_is_exact(s(token)));
}

static double random_double(uint64_t *random)
{
    uint64_t bits = next_random(random);
    double d;
    if (next_random(random) % 2) /* of a usual size */
        bits = (bits & UINT64_C(0x800fffffffffffff)) | (963 + next_random(random) % 120) << 52;
    memcpy(&d, &bits, sizeof d);
    return isfinite(d) ? d : 1.5;
}

static void doubles_print_back(void **state FIRN_UNUSED)
{
    uint64_t random = 7;
    char token[80];
    for (int i = 0; i < 60000; i++) {
        double d = random_double(&random);
        snprintf(token, sizeof token, "%.*e", (int)(next_random(&random) % 19), d);
        check_double(token, true);
        snprintf(token, sizeof token, "%.17g", d);
        check_double(token, true);
    }
    /* halfway cases and their neighbours: digits of numbers between two doubles */
    for (int i = 0; i < 60000; i++) {
        uint64_t odd = (UINT64_C(1) << 53 | next_random(&random) >> 11) | 1;
        unsigned shift = (unsigned)(next_random(&random) % 10);
        snprintf(token, sizeof token, "%llu",
                 (unsigned long long)((odd << shift) + next_random(&random) % 3 - 1));
        check_double(token, true);
        snprintf(token, sizeof token, "%llue%d", (unsigned long long)next_random(&random),
                 (int)(next_random(&random) % 80) - 40);
        check_double(token, true);
    }
}

static void long_numbers_are_rounded_once(void **state FIRN_UNUSED)
{
    /* 2^53 + 1 is halfway; one more digit far behind the point decides */
    check_double("9007199254740993.00000000000000000000000000000000000000000000000001", false);
    check_double("9007199254740993.00000000000000000000000000000000000000000000000000", false);
    check_double("9007199254740992.99999999999999999999999999999999999999999999999999", false);
    check_double("1.00000000000000011102230246251565404236316680908203125", false);
    check_double("1.00000000000000011102230246251565404236316680908203124", false);
    check_double("1.00000000000000011102230246251565404236316680908203126", false);
    check_double("2.4703282292062327208e-324", false);
    check_double("2.4703282292062327209e-324", false);
    assert_false(firn_double_is_exact(s("9007199254740992.5")));
    assert_true(firn_double_is_exact(s("9007199254740992.0000000000000000000000000")));
    assert_true(firn_double_is_exact(s("100000000000000000000000000000000000000000")));
    assert_true(firn_double_is_exact(s("0.00000000000000000000000000000000000001")));
    assert_false(firn_double_is_exact(s("12a")));
    assert_false(firn_double_is_exact(s("")));
}

/* --- fast paths: against base/ ------------------------------------------------------------- */

static void fast_integers_agree(void **state FIRN_UNUSED)
{
    static const char bytes[] = "0123456789-./:a";
    uint64_t random = 11;
    size_t read = 0;
    for (int i = 0; i < 300000; i++) {
        char text[24];
        size_t n = next_random(&random) % 21;
        for (size_t j = 0; j < n; j++)
            text[j] = bytes[next_random(&random) % (next_random(&random) % 20 ? 10 : 15)];
        if (n && next_random(&random) % 4 == 0)
            text[0] = '-';
        int64_t want = 0;
        int64_t got = 0;
        firn_str t = {text, n};
        bool ok =
            firn_str_i64(t, &want) && n - (text[0] == '-') <= 18 && !(want == 0 && text[0] == '-');
        assert_int_equal(firn_fast_i64(text, n, &got), ok);
        if (ok)
            check_i64(got, want);
        read += ok;
    }
    assert_true(read > 100000);
}

static void fast_decimals_agree(void **state FIRN_UNUSED)
{
    uint64_t random = 13;
    size_t read = 0;
    for (int i = 0; i < 300000; i++) {
        char text[24];
        size_t n = next_random(&random) % 21;
        int scale = (int)(next_random(&random) % 8);
        for (size_t j = 0; j < n; j++)
            text[j] = "0123456789-.e"[next_random(&random) % (next_random(&random) % 20 ? 10 : 13)];
        if (n > 3 && next_random(&random) % 4)
            text[n - 1 - next_random(&random) % 3] = '.';
        if (n && next_random(&random) % 4 == 0)
            text[0] = '-';
        firn_i128 want = 0;
        int64_t got = 0;
        bool ok = firn_fast_dec64(text, n, scale, &got);
        read += ok;
        if (!ok)
            continue;
        assert_int_equal(firn_dec_parse((firn_str){text, n}, 38, scale, &want), FIRN_DEC_OK);
        assert_true(want == got);
    }
    assert_true(read > 100000);
    int64_t v = 0;
    assert_true(firn_fast_dec64("-12.5", 5, 2, &v));
    check_i64(v, -1250);
    assert_true(firn_fast_dec64("123456789012345678", 18, 0, &v));
    check_i64(v, INT64_C(123456789012345678));
    assert_false(firn_fast_dec64("1e2", 3, 2, &v));
}

static void fast_dates_agree(void **state FIRN_UNUSED)
{
    char text[FIRN_TIME_TEXT_MAX];
    for (int32_t day = FIRN_DATE_MIN; day <= FIRN_DATE_MAX; day++) {
        int32_t got = INT32_MIN;
        size_t n = firn_date_print(day, text);
        assert_true(firn_fast_date(text, n, &got));
        assert_int_equal(got, day);
    }
}

static void fast_timestamps_agree(void **state FIRN_UNUSED)
{
    static const char *const samples[] = {
        "2025-05-31",           "2025-05-31T22:31:08",      "2025-05-31 22:31:08",
        "2024-02-29T00:00:00Z", "2025-05-31T22:31:08.123Z", "2025-05-31T22:31:08.123456"};
    static const char bytes[] = "0123456789-:TZ. +/;\xff";
    uint64_t random = 17;
    size_t read = 0;
    for (int i = 0; i < 1000000; i++) {
        char text[32];
        const char *from = samples[next_random(&random) % FIRN_COUNT_OF(samples)];
        size_t n = strlen(from);
        memcpy(text, from, n);
        for (size_t edits = next_random(&random) % 4; edits; edits--)
            text[next_random(&random) % n] = bytes[next_random(&random) % (sizeof bytes - 1)];
        firn_str t = {text, n};
        int32_t day = 0;
        int32_t want_day = 0;
        bool is_date = firn_date_parse(t, &want_day);
        assert_int_equal(firn_fast_date(text, n, &day), is_date);
        assert_int_equal(day, want_day);
        int64_t us = 0;
        int64_t want_us = 0;
        bool zoned = false;
        bool want_zoned = false;
        if (firn_fast_timestamp(text, n, &us, &zoned)) {
            assert_true(firn_timestamp_parse(t, &want_us, &want_zoned));
            check_i64(us, want_us);
            assert_int_equal(zoned, want_zoned);
            read++;
        }
    }
    assert_true(read > 200000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_become_values),
        cmocka_unit_test(fits_are_described),
        cmocka_unit_test(binary_says_when_memory_is_out),
        cmocka_unit_test(doubles_print_back),
        cmocka_unit_test(long_numbers_are_rounded_once),
        cmocka_unit_test(fast_integers_agree),
        cmocka_unit_test(fast_decimals_agree),
        cmocka_unit_test(fast_dates_agree),
        cmocka_unit_test(fast_timestamps_agree),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
