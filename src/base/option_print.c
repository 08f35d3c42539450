/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of options for people: text for `firn help`, Markdown for the documentation. */
#include "base/option.h"

#include <string.h>

#define MAX_INDENT 32

/* "TEXT", "true|false", "a|b|c": what can be written behind the colon. */
static firn_code put_kind(const firn_option *o, firn_buf *out, firn_err *err)
{
    switch (o->kind) {
    case FIRN_OPT_STRING:
        return firn_buf_adds(out, o->flags & FIRN_OPT_PATH ? "PATH" : "TEXT", err);
    case FIRN_OPT_BOOL:
        return firn_buf_adds(out, "true|false", err);
    case FIRN_OPT_INT:
        return firn_buf_adds(out, "NUMBER", err);
    case FIRN_OPT_BYTES:
        return firn_buf_adds(out, "SIZE", err);
    case FIRN_OPT_DURATION:
        return firn_buf_adds(out, "TIME", err);
    case FIRN_OPT_PERCENT:
        return firn_buf_adds(out, "PERCENT", err);
    case FIRN_OPT_CHAR:
        return firn_buf_adds(out, "CHARACTER", err);
    case FIRN_OPT_STRINGS:
        return firn_buf_adds(out, "[TEXT, …]", err);
    case FIRN_OPT_CONF:
        if (o->shapes & FIRN_CONF_MAP)
            return firn_buf_adds(out, "{…}", err);
        if (o->shapes & FIRN_CONF_LIST)
            return firn_buf_adds(out, "[…]", err);
        return firn_buf_adds(out, o->flags & FIRN_OPT_PATH ? "PATH" : "TEXT", err);
    case FIRN_OPT_ENUM:
        break;
    }
    for (size_t i = 0; o->words[i]; i++) {
        if (i)
            FIRN_TRY(firn_buf_addc(out, '|', err));
        FIRN_TRY(firn_buf_adds(out, o->words[i], err));
    }
    return FIRN_OK;
}

/* " (required)", " (default: x)". */
static firn_code put_default(const firn_option *o, firn_buf *out, firn_err *err)
{
    if (o->flags & FIRN_OPT_REQUIRED)
        return firn_buf_adds(out, " (required)", err);
    if (o->otherwise && o->otherwise[0])
        return firn_buf_addf(out, err, " (default: %s)", o->otherwise);
    if (o->computed)
        return firn_buf_addf(out, err, " (default: %s)", o->computed);
    return FIRN_OK;
}

static size_t columns_of(firn_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

/* Appends words, broken before `width`, further lines indented. */
static firn_code put_wrapped(firn_str text, size_t indent, size_t at, size_t width, firn_buf *out,
                             firn_err *err)
{
    while (text.p) {
        firn_str word = firn_str_cut(&text, ' ');
        size_t n = columns_of(word);
        if (at > indent && at + 1 + n > width) {
            FIRN_TRY(firn_buf_addf(out, err, "\n%*s", (int)indent, ""));
            at = indent;
        } else if (at > indent) {
            FIRN_TRY(firn_buf_addc(out, ' ', err));
            at++;
        }
        FIRN_TRY(firn_buf_addstr(out, word, err));
        at += n;
    }
    return firn_buf_addc(out, '\n', err);
}

static firn_code put_head(const firn_option *o, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_addf(out, err, "  %s ", o->key));
    return put_kind(o, out, err);
}

static firn_code put_row(const firn_option *o, size_t indent, size_t width, firn_buf *out,
                         firn_err *err)
{
    size_t start = out->n;
    FIRN_TRY(put_head(o, out, err));
    size_t at = columns_of((firn_str){(const char *)out->p + start, out->n - start});
    if (at + 1 > indent) {
        FIRN_TRY(firn_buf_addc(out, '\n', err));
        at = 0;
    }
    FIRN_TRY(firn_buf_addf(out, err, "%*s", (int)(indent - at), ""));
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF(65536);
    FIRN_TRY(firn_buf_adds(&text, o->help, err));
    FIRN_TRY(put_default(o, &text, err));
    return put_wrapped(firn_buf_str(&text), indent, indent, width, out, err);
}

firn_code firn_options_help(const firn_option *table, unsigned width, firn_buf *out, firn_err *err)
{
    size_t indent = 0;
    for (const firn_option *o = table; o->key; o++) {
        FIRN_AUTO(firn_buf_free) firn_buf head = FIRN_BUF(4096);
        FIRN_TRY(put_head(o, &head, err));
        size_t n = columns_of(firn_buf_str(&head)) + 2;
        if (n <= MAX_INDENT)
            indent = FIRN_MAX(indent, n);
    }
    indent = indent ? indent : MAX_INDENT;
    for (const firn_option *o = table; o->key; o++)
        FIRN_TRY(put_row(o, indent, FIRN_MAX((size_t)width, indent + 20), out, err));
    return FIRN_OK;
}

/* A cell of a Markdown table: `|` would end it. */
static firn_code put_cell(const char *text, firn_buf *out, firn_err *err)
{
    for (; *text; text++) {
        if (*text == '|')
            FIRN_TRY(firn_buf_addc(out, '\\', err));
        FIRN_TRY(firn_buf_addc(out, *text == '\n' ? ' ' : *text, err));
    }
    return firn_buf_adds(out, " | ", err);
}

static firn_code put_code_cell(const char *text, firn_buf *out, firn_err *err)
{
    if (!text || !text[0])
        return firn_buf_adds(out, "| ", err);
    FIRN_AUTO(firn_buf_free) firn_buf b = FIRN_BUF(4096);
    FIRN_TRY(firn_buf_addf(&b, err, "`%s`", text));
    return put_cell(firn_buf_cstr(&b), out, err);
}

static firn_code put_markdown_row(const firn_option *o, firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf kind = FIRN_BUF(4096);
    FIRN_TRY(put_kind(o, &kind, err));
    FIRN_TRY(firn_buf_adds(out, "| ", err));
    FIRN_TRY(put_code_cell(o->key, out, err));
    FIRN_TRY(put_code_cell(firn_buf_cstr(&kind), out, err));
    if (o->flags & FIRN_OPT_REQUIRED)
        FIRN_TRY(put_cell("required", out, err));
    else if (o->otherwise)
        FIRN_TRY(put_code_cell(o->otherwise, out, err));
    else
        FIRN_TRY(put_cell(o->computed ? o->computed : "", out, err));
    FIRN_TRY(put_code_cell(o->example, out, err));
    FIRN_TRY(put_cell(o->help, out, err));
    out->n--; /* the blank behind the last bar */
    out->p[out->n] = '\0';
    return firn_buf_addc(out, '\n', err);
}

firn_code firn_options_markdown(const firn_option *table, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out,
                           "| key | value | default | example | meaning |\n"
                           "|---|---|---|---|---|\n",
                           err));
    for (const firn_option *o = table; o->key; o++)
        FIRN_TRY(put_markdown_row(o, out, err));
    return FIRN_OK;
}
