/* SPDX-License-Identifier: Apache-2.0 */
/* Defaults of columns: from what people write to the JSON of a single value (Iceberg table spec,
 * Appendix D), and back to see whether it is one. */
#include "iceberg/evolve_int.h"

#include "base/hash.h"
#include "base/str.h"
#include "iceberg/value.h"

#include <math.h>

static bool is_zoned(firn_type_kind k)
{
    return k == FIRN_T_TIMESTAMPTZ || k == FIRN_T_TIMESTAMPTZ_NS;
}

static bool is_timestamp(firn_type_kind k)
{
    return is_zoned(k) || k == FIRN_T_TIMESTAMP || k == FIRN_T_TIMESTAMP_NS;
}

static bool is_bytes(firn_type_kind k)
{
    return k == FIRN_T_BINARY || k == FIRN_T_FIXED;
}

static bool is_finite(const firn_type *t, const firn_value *v)
{
    if (t->kind == FIRN_T_FLOAT)
        return isfinite(v->u.f);
    return t->kind != FIRN_T_DOUBLE || isfinite(v->u.d);
}

static firn_code no_value(const firn_type *t, firn_str text, firn_arena *a, firn_err *err)
{
    firn_raise(err, FIRN_E_INVAL, "%s is no value of type %s", firn_quote(text).s,
               firn_type_text(t, a));
    if (is_bytes(t->kind))
        firn_err_advise(err, "bytes are written in hex: X'00ff'");
    return FIRN_E_INVAL;
}

/* As the text is, else with what may be left out: the time of day, the zone (UTC). */
static firn_code read_value(const firn_type *t, firn_str text, firn_arena *a, firn_value *ret,
                            firn_err *err)
{
    static const char *const left_out[] = {"", " 00:00:00", "+00:00", " 00:00:00+00:00"};
    size_t forms = is_timestamp(t->kind) ? FIRN_COUNT_OF(left_out) : 1;
    for (size_t i = 0; i < forms; i++) {
        const char *full = firn_arena_printf(a, "%.*s%s", FIRN_STR_ARG(text), left_out[i]);
        if (!full)
            return firn_arena_raise(a, err);
        if (!firn_value_from_engine(t, firn_str_of(full), a, ret))
            continue;
        bool whole = t->kind != FIRN_T_FIXED || (int64_t)ret->u.bytes.n == t->length;
        return whole && is_finite(t, ret) ? FIRN_OK : no_value(t, text, a, err);
    }
    return no_value(t, text, a, err);
}

/* Numbers and booleans stand in JSON as they are, everything else as a text. */
static firn_code print_json(const firn_type *t, const firn_value *v, firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF(EVOLVE_TEXT_MAX);
    bool bare = t->kind == FIRN_T_BOOLEAN || t->kind == FIRN_T_INT || t->kind == FIRN_T_LONG ||
                t->kind == FIRN_T_FLOAT || t->kind == FIRN_T_DOUBLE;
    if (bare)
        return firn_value_print(t, v, out, err);
    if (is_bytes(t->kind)) {
        char two[3];
        for (size_t i = 0; i < v->u.bytes.n; i++) {
            firn_hex(v->u.bytes.p + i, 1, two);
            FIRN_TRY(firn_buf_adds(&text, two, err));
        }
    } else {
        FIRN_TRY(firn_value_print(t, v, &text, err));
    }
    return firn_json_escape(firn_buf_str(&text), out, err);
}

static firn_str lower_word(firn_str text, firn_arena *a)
{
    char *copy = firn_arena_strndup(a, text.p, text.n);
    for (size_t i = 0; copy && i < text.n; i++)
        if (copy[i] >= 'A' && copy[i] <= 'Z')
            copy[i] = (char)(copy[i] + 32);
    return copy ? (firn_str){copy, text.n} : text;
}

firn_code firn_evolve_default(const firn_type *type, firn_str text, firn_arena *a,
                              firn_str *ret_json, firn_err *err)
{
    firn_value v;
    FIRN_AUTO(firn_buf_free) firn_buf json = FIRN_BUF(EVOLVE_TEXT_MAX);
    bool has_values = type->kind < FIRN_T_UNKNOWN;
    if (!has_values)
        return firn_raise(err, FIRN_E_INVAL, "a column of type %s has no default but null",
                          firn_type_text(type, a));
    if (type->kind == FIRN_T_BOOLEAN)
        text = lower_word(text, a);
    if (type->kind == FIRN_T_STRING && !firn_utf8_valid(text.p, text.n))
        return no_value(type, text, a, err);
    FIRN_TRY(read_value(type, text, a, &v, err));
    FIRN_TRY(print_json(type, &v, &json, err));
    firn_str kept = firn_arena_str(a, firn_buf_str(&json));
    if (!kept.p)
        return firn_arena_raise(a, err);
    *ret_json = kept;
    return FIRN_OK;
}

static bool is_number(firn_type_kind k)
{
    return k == FIRN_T_INT || k == FIRN_T_LONG || k == FIRN_T_FLOAT || k == FIRN_T_DOUBLE;
}

static bool fits_kind(const json_t *j, const firn_type *t)
{
    if (t->kind == FIRN_T_BOOLEAN)
        return json_is_boolean(j);
    if (t->kind == FIRN_T_INT || t->kind == FIRN_T_LONG)
        return json_is_integer(j);
    return is_number(t->kind) ? json_is_number(j) : json_is_string(j);
}

firn_code firn_evolve_default_json(const firn_type *type, firn_str json, json_t **ret,
                                   firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a default", 0);
    FIRN_AUTO(firn_json_unref) json_t *j = NULL;
    firn_str again;
    if (!a)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_json_parse((firn_slice){(const uint8_t *)json.p, json.n}, &j, err));
    firn_str text = json_is_string(j) ? firn_json_text(j) : json;
    if (type->kind < FIRN_T_UNKNOWN && !fits_kind(j, type))
        return no_value(type, json, a, err);
    FIRN_TRY(firn_evolve_default(type, text, a, &again, err));
    *ret = json_incref(j);
    return FIRN_OK;
}
