/* SPDX-License-Identifier: Apache-2.0 */
/* engine_help.h — values of columns as text, and statements with expected results. */
#ifndef FIRN_ENGINE_HELP_H
#define FIRN_ENGINE_HELP_H

#include "check.h"

#include "base/hash.h"
#include "engine/engine.h"

#include <math.h>

static void add_value(const firn_column *c, size_t row, firn_buf *out);

static inline void add_bytes(const firn_column *c, size_t row, firn_buf *out)
{
    firn_err err = {0};
    firn_str s = firn_strview_str(&((const firn_strview *)c->data)[row]);
    char hex[201];
    if (c->type->kind == FIRN_T_STRING) {
        check_ok(firn_buf_addf(out, &err, "'%.*s'", FIRN_STR_ARG(s)), &err);
        return;
    }
    firn_assert(s.n <= 100);
    firn_hex(s.p, s.n, hex);
    check_ok(firn_buf_addf(out, &err, "x%s", hex), &err);
}

static inline void add_uuid(const firn_column *c, size_t row, firn_buf *out)
{
    firn_err err = {0};
    firn_u128 v = (firn_u128)((const firn_i128 *)c->data)[row] ^ ((firn_u128)1 << 127);
    check_ok(firn_buf_addf(out, &err, "%016llx%016llx", (unsigned long long)(v >> 64),
                           (unsigned long long)v),
             &err);
}

static inline void add_decimal(const firn_column *c, size_t row, firn_buf *out)
{
    firn_err err = {0};
    char text[FIRN_DEC_TEXT_MAX];
    firn_i128 v = c->width == 2   ? ((const int16_t *)c->data)[row]
                  : c->width == 4 ? ((const int32_t *)c->data)[row]
                  : c->width == 8 ? ((const int64_t *)c->data)[row]
                                  : ((const firn_i128 *)c->data)[row];
    firn_dec_print(v, c->type->scale, text);
    check_ok(firn_buf_adds(out, text, &err), &err);
}

/* [1, 2] */
static inline void add_list(const firn_column *c, size_t row, firn_buf *out)
{
    firn_err err = {0};
    firn_listview view = ((const firn_listview *)c->data)[row];
    assert_true(view.offset + view.length <= c->children[0].length);
    check_ok(firn_buf_addc(out, '[', &err), &err);
    for (size_t i = 0; i < view.length; i++) {
        if (i)
            check_ok(firn_buf_adds(out, ", ", &err), &err);
        add_value(&c->children[0], view.offset + i, out);
    }
    check_ok(firn_buf_addc(out, ']', &err), &err);
}

/* {a: 1, b: 'x'} */
static inline void add_struct(const firn_column *c, size_t row, firn_buf *out)
{
    firn_err err = {0};
    check_ok(firn_buf_addc(out, '{', &err), &err);
    for (size_t i = 0; i < c->child_count; i++) {
        check_ok(firn_buf_addf(out, &err, "%s%.*s: ", i ? ", " : "",
                               FIRN_STR_ARG(c->type->fields[i].name)),
                 &err);
        add_value(&c->children[i], row, out);
    }
    check_ok(firn_buf_addc(out, '}', &err), &err);
}

static inline void add_number(const firn_column *c, size_t row, firn_buf *out)
{
    firn_err err = {0};
    bool wide = c->width == 8;
    bool real = c->type->kind == FIRN_T_FLOAT || c->type->kind == FIRN_T_DOUBLE;
    if (real)
        check_ok(firn_buf_addf(out, &err, "%.9g",
                               wide ? ((const double *)c->data)[row]
                                    : (double)((const float *)c->data)[row]),
                 &err);
    else
        check_ok(firn_buf_addf(out, &err, "%lld",
                               wide ? (long long)((const int64_t *)c->data)[row]
                                    : (long long)((const int32_t *)c->data)[row]),
                 &err);
}

static inline void add_value(const firn_column *c, size_t row, firn_buf *out)
{
    firn_err err = {0};
    if (!firn_column_is_valid(c, row)) {
        check_ok(firn_buf_adds(out, "null", &err), &err);
        return;
    }
    switch (c->type->kind) {
    case FIRN_T_BOOLEAN:
        check_ok(firn_buf_adds(out, ((const uint8_t *)c->data)[row] ? "true" : "false", &err),
                 &err);
        break;
    case FIRN_T_INT:
    case FIRN_T_UNKNOWN:
    case FIRN_T_DATE:
    case FIRN_T_LONG:
    case FIRN_T_TIME:
    case FIRN_T_TIMESTAMP:
    case FIRN_T_TIMESTAMPTZ:
    case FIRN_T_TIMESTAMP_NS:
    case FIRN_T_TIMESTAMPTZ_NS:
    case FIRN_T_FLOAT:
    case FIRN_T_DOUBLE:
        add_number(c, row, out);
        break;
    case FIRN_T_DECIMAL:
        add_decimal(c, row, out);
        break;
    case FIRN_T_UUID:
        add_uuid(c, row, out);
        break;
    case FIRN_T_STRING:
    case FIRN_T_BINARY:
    case FIRN_T_FIXED:
        add_bytes(c, row, out);
        break;
    case FIRN_T_LIST:
    case FIRN_T_MAP:
        add_list(c, row, out);
        break;
    case FIRN_T_STRUCT:
        add_struct(c, row, out);
        break;
    case FIRN_T_FOREIGN:
    case FIRN_TYPE_KIND_COUNT:
        fail();
    }
}

/* All rows of a result as "{a: 1} {a: 2}"; closes it. */
static inline firn_code drain(const firn_engine_ops *ops, firn_result *r, firn_buf *out,
                              firn_err *err)
{
    firn_code code;
    for (;;) {
        const firn_column *root;
        size_t n;
        code = ops->next(r, &root, &n, err);
        if (code != FIRN_OK || n == 0)
            break;
        for (size_t i = 0; i < n; i++) {
            if (out->n)
                check_ok(firn_buf_addc(out, ' ', err), err);
            add_struct(root, i, out);
        }
    }
    ops->result_close(r);
    return code;
}

static inline firn_code run(const firn_engine_ops *ops, firn_session *s, const char *sql,
                            firn_buf *out, firn_err *err)
{
    firn_result *r;
    FIRN_TRY(ops->query(s, firn_str_of(sql), &r, err));
    return drain(ops, r, out, err);
}

/* The statement must give these rows. */
static inline void check_rows(const firn_engine_ops *ops, firn_session *s, const char *sql,
                              const char *want)
{
    firn_err err = {0};
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF((size_t)1 << 26);
    check_ok(run(ops, s, sql, &out, &err), &err);
    if (strcmp(firn_buf_cstr(&out), want) != 0)
        fail_msg("%s\n  gives %.2000s\n  not   %.2000s", sql, firn_buf_cstr(&out), want);
}

#endif
