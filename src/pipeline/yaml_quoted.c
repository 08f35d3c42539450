/* SPDX-License-Identifier: Apache-2.0 */
/* Texts in quotes: escapes and the folding of lines (YAML 1.2.2, §5.7, §6.5, §7.3).
 *
 * Our own, because libfyaml 0.7.12 gets some of them wrong without a word: '''''' has one quote too
 * many, and blanks that were escaped before a line break are lost. */
#include "pipeline/yaml_int.h"

#include <string.h>

/* Length of the line break at `i`, 0 if there is none. */
static size_t break_at(firn_str s, size_t i)
{
    if (i >= s.n || (s.p[i] != '\n' && s.p[i] != '\r'))
        return 0;
    return s.p[i] == '\r' && i + 1 < s.n && s.p[i + 1] == '\n' ? 2 : 1;
}

static size_t skip_white(firn_str s, size_t i)
{
    while (i < s.n && (s.p[i] == ' ' || s.p[i] == '\t'))
        i++;
    return i;
}

/* Folds the line breaks at *at: one becomes a blank (`escaped`: nothing), further ones stay. */
static firn_code fold(firn_str s, size_t *at, bool escaped, firn_buf *out, firn_err *err)
{
    size_t breaks = 0;
    size_t i = *at;
    for (size_t n = break_at(s, i); n; n = break_at(s, i)) {
        breaks++;
        i = skip_white(s, i + n);
    }
    *at = i;
    if (breaks == 1 && !escaped)
        return firn_buf_addc(out, ' ', err);
    for (; breaks > 1; breaks--)
        FIRN_TRY(firn_buf_addc(out, '\n', err));
    return FIRN_OK;
}

/* Cuts blanks off the end of what was written, down to `keep` bytes. */
static void trim(firn_buf *out, size_t keep)
{
    while (out->n > keep && (out->p[out->n - 1] == ' ' || out->p[out->n - 1] == '\t'))
        out->n--;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The code point of `digits` hex digits behind *at; false if they are none, or it is none. */
static bool read_hex(firn_str s, size_t *at, size_t digits, uint32_t *ret)
{
    uint32_t cp = 0;
    for (size_t end = *at + digits; *at < end; (*at)++) {
        int d = *at < s.n ? hex_digit(s.p[*at]) : -1;
        if (d < 0)
            return false;
        cp = cp << 4 | (uint32_t)d;
    }
    *ret = cp;
    return cp > 0 && cp <= 0x10ffff && !(cp >= 0xd800 && cp <= 0xdfff);
}

/* Reads the escape behind a backslash at *at. */
static bool read_escape(firn_str s, size_t *at, uint32_t *ret)
{
    static const struct {
        char c;
        uint32_t cp;
    } simple[] = {
        {'a', 7},     {'b', 8},    {'t', '\t'}, {'\t', '\t'},  {'n', '\n'},   {'v', 11},
        {'f', 12},    {'r', '\r'}, {'e', 27},   {' ', ' '},    {'"', '"'},    {'/', '/'},
        {'\\', '\\'}, {'N', 0x85}, {'_', 0xa0}, {'L', 0x2028}, {'P', 0x2029},
    };
    if (*at >= s.n)
        return false;
    char c = s.p[(*at)++];
    if (c == 'x' || c == 'u' || c == 'U')
        return read_hex(s, at, c == 'x' ? 2 : c == 'u' ? 4 : 8, ret);
    for (size_t i = 0; i < FIRN_COUNT_OF(simple); i++) {
        if (simple[i].c != c)
            continue;
        *ret = simple[i].cp;
        return true;
    }
    return false;
}

/* Appends what the backslash before *at means. */
static firn_code put_escape(firn_str s, size_t *at, firn_buf *out, firn_err *err)
{
    if (break_at(s, *at))
        return fold(s, at, true, out, err);
    uint32_t cp;
    char bytes[4];
    if (!read_escape(s, at, &cp))
        return firn_raise(err, FIRN_E_DATA, "not an escape");
    return firn_buf_add(out, bytes, firn_utf8_encode(cp, bytes), err);
}

firn_code firn_yaml_unquote(firn_str s, bool single, firn_buf *out, firn_err *err)
{
    size_t keep = out->n;
    size_t i = 0;
    while (i < s.n) {
        char c = s.p[i];
        if (break_at(s, i)) {
            trim(out, keep);
            FIRN_TRY(fold(s, &i, false, out, err));
            keep = out->n;
        } else if (!single && c == '\\') {
            i++;
            FIRN_TRY(put_escape(s, &i, out, err));
            keep = out->n;
        } else {
            FIRN_TRY(firn_buf_addc(out, c, err));
            i += single && c == '\'' ? 2 : 1; /* '' is one quote */
        }
    }
    return FIRN_OK;
}
