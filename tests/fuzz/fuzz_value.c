/* SPDX-License-Identifier: Apache-2.0 */
/* Single values: bytes → value → bytes → value is the same; bounds enclose; transforms and prints
 * take whatever was read.  The first byte chooses the type, the second a transform. */
#include "fuzz.h"

#include "iceberg/partition.h"
#include "iceberg/value.h"

const char *const fuzz_tokens[] = {
    "\x7f\xff\xff\xff",
    "\xff\xff\xff\xff\xff\xff\xff\x7f",
    "2024-01-31",
    "1969-12-31 23:59:59.999",
    "infinity",
    "nan",
    "-0.0",
    "1e400",
    "99999999999999999999999999999999999999",
    "\xf4\x8f\xbf\xbf",
    "\xed\x9f\xbf",
    "true",
    "00:00:00",
    "12:34:56.789+02",
    "\\x00ff",
    NULL,
};

static const char *const types[] = {
    "boolean", "int",          "long",          "float",          "double",       "date",
    "time",    "timestamp",    "timestamptz",   "string",         "uuid",         "fixed[4]",
    "binary",  "decimal(9,2)", "decimal(18,4)", "decimal(38,10)", "decimal(1,0)",
};
static const char *const transforms[] = {"identity",
                                         "year",
                                         "month",
                                         "day",
                                         "hour",
                                         "bucket[16]",
                                         "truncate[3]",
                                         "void",
                                         "bucket[2147483647]",
                                         "truncate[9223372036854775807]"};

static void print(const firn_type *t, const firn_value *v)
{
    firn_err err = {0};
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF((size_t)1 << 22);
    fuzz_require(firn_value_print(t, v, &out, &err) == FIRN_OK, "%s", err.text);
}

static void enclose(const firn_type *t, const firn_value *v, firn_slice bytes, firn_arena *a)
{
    firn_err err = {0};
    firn_slice upper;
    bool has;
    firn_value low;
    firn_value high;
    for (size_t length = 1; length < 20; length += 6) {
        firn_slice lower = firn_bound_lower(t, bytes, length);
        fuzz_require(firn_value_from_bytes(t, lower, &low), "a lower bound that is no value");
        fuzz_require(firn_value_cmp(t, &low, v) <= 0, "a lower bound above");
        fuzz_require(firn_bound_upper(t, bytes, length, a, &upper, &has, &err) == FIRN_OK, "%s",
                     err.text);
        if (!has)
            continue;
        fuzz_require(firn_value_from_bytes(t, upper, &high), "an upper bound that is no value");
        fuzz_require(firn_value_cmp(t, &high, v) >= 0, "an upper bound below");
    }
}

static void round_trip(const firn_type *t, firn_slice bytes, firn_arena *a)
{
    firn_err err = {0};
    firn_value v;
    firn_value again;
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF((size_t)1 << 22);
    if (!firn_value_from_bytes(t, bytes, &v) || v.is_null)
        return;
    fuzz_require(firn_value_cmp(t, &v, &v) == 0, "it is not itself");
    print(t, &v);
    if (!fuzz_ok(firn_value_to_bytes(t, &v, &out, &err), &err))
        return;
    fuzz_require(firn_value_from_bytes(t, firn_buf_slice(&out), &again), "what was written");
    fuzz_require(firn_value_cmp(t, &v, &again) == 0 && firn_value_eq(t, &v, &again), "another");
    bool text = t->kind == FIRN_T_STRING;
    if (!text || firn_utf8_valid((const char *)bytes.p, bytes.n))
        enclose(t, &v, firn_buf_slice(&out), a);
}

static void transform(const firn_type *t, firn_slice bytes, uint8_t which)
{
    firn_value v;
    firn_type result;
    firn_transform tr =
        firn_transform_parse(firn_str_of(transforms[which % FIRN_COUNT_OF(transforms)]));
    if (!firn_transform_result(tr, t, &result) || !firn_value_from_bytes(t, bytes, &v))
        return;
    firn_value got = firn_transform_apply(tr, t, &v);
    fuzz_require(firn_transform_apply(tr, t, &FIRN_VALUE_NULL).is_null, "null stays null");
    print(&result, &got);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    firn_slice rest = {data, size};
    firn_type t;
    firn_value v;
    uint8_t type = fuzz_byte(&rest);
    uint8_t which = fuzz_byte(&rest);
    firn_arena *a = fuzz_arena();
    if (type < 250)
        fuzz_require(firn_type_parse_primitive(firn_str_of(types[type % FIRN_COUNT_OF(types)]), &t),
                     "a type");
    else if (!firn_type_parse_primitive(fuzz_str(fuzz_take(&rest, 14)), &t))
        t = (firn_type){.kind = FIRN_T_LONG};
    round_trip(&t, rest, a);
    transform(&t, rest, which);
    if (firn_value_from_engine(&t, fuzz_str(rest), a, &v) && !v.is_null)
        print(&t, &v);
    fuzz_free(a, size, (size_t)1 << 20, 100);
    return 0;
}
