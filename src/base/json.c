/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

void firn_json_unref(json_t **j)
{
    json_decref(*j);
    *j = NULL;
}

static firn_code parse(firn_slice text, size_t flags, json_t **ret, firn_err *err)
{
    json_error_t e;
    json_t *j =
        json_loadb((const char *)text.p, text.n, flags | JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);
    if (!j && json_error_code(&e) == json_error_out_of_memory)
        return firn_raise_nomem(err);
    if (!j)
        return firn_raise(err, FIRN_E_DATA, "not JSON: %s at line %d column %d",
                          firn_quotec(e.text).s, e.line, e.column);
    *ret = j;
    return FIRN_OK;
}

firn_code firn_json_parse(firn_slice text, json_t **ret, firn_err *err)
{
    return parse(text, JSON_REJECT_DUPLICATES, ret, err);
}

firn_code firn_json_parse_loose(firn_slice text, json_t **ret, firn_err *err)
{
    return parse(text, JSON_DECODE_INT_AS_REAL, ret, err);
}

typedef struct sink {
    firn_buf *out;
    firn_err *err;
} sink;

static int write_piece(const char *p, size_t n, void *arg)
{
    sink *s = arg;
    if (s->err->code != FIRN_OK)
        return -1;
    return firn_buf_add(s->out, p, n, s->err) == FIRN_OK ? 0 : -1;
}

firn_code firn_json_print(const json_t *j, int indent, firn_buf *out, firn_err *err)
{
    firn_err local = {0};
    sink s = {out, &local};
    size_t flags = JSON_ENCODE_ANY | (indent ? JSON_INDENT((size_t)indent) : JSON_COMPACT);
    int rc = json_dump_callback(j, write_piece, &s, flags);
    /* jansson goes on behind a key that could not be written, and says that all is well */
    if (rc == 0 && local.code == FIRN_OK)
        return FIRN_OK;
    if (local.code == FIRN_OK)
        return firn_raise_nomem(err);
    if (err)
        *err = local;
    return local.code;
}

static const char *type_name(json_type t)
{
    switch (t) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
        return "an integer";
    case JSON_REAL:
        return "a real number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";
    case JSON_NULL:
        break;
    }
    return "null";
}

static firn_code missing(const char *key, firn_err *err)
{
    return firn_raise(err, FIRN_E_DATA, "'%s' is missing", key);
}

static firn_code wrong(const char *key, json_type want, const json_t *v, firn_err *err)
{
    return firn_raise(err, FIRN_E_DATA, "'%s' should be %s and is %s", key, type_name(want),
                      type_name(json_typeof(v)));
}

/* Finds a member of one type; NULL in *ret when it is absent or null. */
static firn_code member(const json_t *obj, const char *key, json_type want, json_t **ret,
                        firn_err *err)
{
    json_t *v = json_object_get(obj, key);
    *ret = NULL;
    if (!v || json_is_null(v))
        return FIRN_OK;
    bool same = json_typeof(v) == want || (want == JSON_TRUE && json_is_boolean(v));
    if (!same)
        return wrong(key, want, v, err);
    *ret = v;
    return FIRN_OK;
}

static firn_code must(const json_t *obj, const char *key, json_type want, json_t **ret,
                      firn_err *err)
{
    FIRN_TRY(member(obj, key, want, ret, err));
    return *ret ? FIRN_OK : missing(key, err);
}

firn_code firn_json_i64(const json_t *obj, const char *key, int64_t *ret, firn_err *err)
{
    json_t *v;
    FIRN_TRY(must(obj, key, JSON_INTEGER, &v, err));
    *ret = json_integer_value(v);
    return FIRN_OK;
}

firn_code firn_json_i32(const json_t *obj, const char *key, int32_t *ret, firn_err *err)
{
    int64_t v;
    FIRN_TRY(firn_json_i64(obj, key, &v, err));
    if (v < INT32_MIN || v > INT32_MAX)
        return firn_raise(err, FIRN_E_DATA, "'%s' is out of range: %lld", key, (long long)v);
    *ret = (int32_t)v;
    return FIRN_OK;
}

firn_str firn_json_text(const json_t *string)
{
    return (firn_str){json_string_value(string), json_string_length(string)};
}

firn_code firn_json_str(const json_t *obj, const char *key, firn_str *ret, firn_err *err)
{
    json_t *v;
    FIRN_TRY(must(obj, key, JSON_STRING, &v, err));
    *ret = firn_json_text(v);
    return FIRN_OK;
}

firn_code firn_json_array(const json_t *obj, const char *key, json_t **ret, firn_err *err)
{
    return must(obj, key, JSON_ARRAY, ret, err);
}

firn_code firn_json_object(const json_t *obj, const char *key, json_t **ret, firn_err *err)
{
    return must(obj, key, JSON_OBJECT, ret, err);
}

firn_code firn_json_opt_i64(const json_t *obj, const char *key, int64_t otherwise, int64_t *ret,
                            firn_err *err)
{
    json_t *v;
    FIRN_TRY(member(obj, key, JSON_INTEGER, &v, err));
    *ret = v ? json_integer_value(v) : otherwise;
    return FIRN_OK;
}

firn_code firn_json_opt_str(const json_t *obj, const char *key, firn_str *ret, firn_err *err)
{
    json_t *v;
    FIRN_TRY(member(obj, key, JSON_STRING, &v, err));
    *ret = v ? firn_json_text(v) : (firn_str){NULL, 0};
    return FIRN_OK;
}

firn_code firn_json_opt_bool(const json_t *obj, const char *key, bool otherwise, bool *ret,
                             firn_err *err)
{
    json_t *v;
    FIRN_TRY(member(obj, key, JSON_TRUE, &v, err));
    *ret = v ? json_is_true(v) : otherwise;
    return FIRN_OK;
}

firn_code firn_json_opt_array(const json_t *obj, const char *key, json_t **ret, firn_err *err)
{
    return member(obj, key, JSON_ARRAY, ret, err);
}

firn_code firn_json_opt_object(const json_t *obj, const char *key, json_t **ret, firn_err *err)
{
    return member(obj, key, JSON_OBJECT, ret, err);
}

firn_code firn_json_set(json_t *obj, const char *key, json_t *value, firn_err *err)
{
    if (!value || json_object_set_new(obj, key, value) != 0)
        return firn_raise_nomem(err);
    return FIRN_OK;
}

firn_code firn_json_setn(json_t *obj, firn_str key, json_t *value, firn_err *err)
{
    char stack[256];
    char *name = key.n < sizeof stack ? stack : firn_mem_alloc(key.n + 1);
    if (!name) {
        json_decref(value);
        return firn_raise_nomem(err);
    }
    memcpy(name, key.p, key.n);
    name[key.n] = '\0';
    firn_code code = firn_json_set(obj, name, value, err);
    if (name != stack)
        firn_mem_free(name);
    return code;
}

firn_code firn_json_append(json_t *array, json_t *value, firn_err *err)
{
    if (!value || json_array_append_new(array, value) != 0)
        return firn_raise_nomem(err);
    return FIRN_OK;
}

json_t *firn_json_new_str(firn_str s)
{
    return json_stringn(s.p ? s.p : "", s.n);
}

static firn_code escape_char(unsigned char c, firn_buf *out, firn_err *err)
{
    switch (c) {
    case '"':
        return firn_buf_adds(out, "\\\"", err);
    case '\\':
        return firn_buf_adds(out, "\\\\", err);
    case '\n':
        return firn_buf_adds(out, "\\n", err);
    case '\r':
        return firn_buf_adds(out, "\\r", err);
    case '\t':
        return firn_buf_adds(out, "\\t", err);
    default:
        return firn_buf_addf(out, err, "\\u%04x", c);
    }
}

firn_code firn_json_escape(firn_str s, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_addc(out, '"', err));
    size_t i = 0;
    while (i < s.n) {
        size_t run = i;
        while (run < s.n && (unsigned char)s.p[run] >= 0x20 && s.p[run] != '"' &&
               s.p[run] != '\\' && (unsigned char)s.p[run] < 0x7f)
            run++;
        FIRN_TRY(firn_buf_add(out, s.p + i, run - i, err));
        i = run;
        if (i == s.n)
            break;
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x80) {
            FIRN_TRY(c == 0x7f ? firn_buf_addc(out, (char)c, err) : escape_char(c, out, err));
            i++;
            continue;
        }
        uint32_t cp;
        size_t len = firn_utf8_decode(s.p + i, s.n - i, &cp);
        FIRN_TRY(len ? firn_buf_add(out, s.p + i, len, err)
                     : firn_buf_adds(out, "\xef\xbf\xbd", err));
        i += len ? len : 1;
    }
    return firn_buf_addc(out, '"', err);
}
