/* SPDX-License-Identifier: Apache-2.0 */
/* The encoding of a file: given, told by a byte order mark, or by what its first bytes are. */
#include "format/csv_int.h"

#include "base/str.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

static const struct {
    const char *name;
    uint8_t bytes[4];
    size_t n;
} marks[] = {
    {"", {0xef, 0xbb, 0xbf}, 3},
    {"UTF-32LE", {0xff, 0xfe, 0, 0}, 4}, /* before UTF-16LE, whose mark it begins with */
    {"UTF-32BE", {0, 0, 0xfe, 0xff}, 4},
    {"UTF-16LE", {0xff, 0xfe}, 2},
    {"UTF-16BE", {0xfe, 0xff}, 2},
};

/* --- without a mark ------------------------------------------------------------------------ */

/* ASCII in UTF-16 has a zero as every second byte. */
static const char *utf16_by_zeros(firn_slice head)
{
    size_t zeros[2] = {0, 0};
    size_t pairs = head.n / 2;
    for (size_t i = 0; i < pairs * 2; i++)
        zeros[i % 2] += head.p[i] == 0;
    if (pairs < 2)
        return NULL;
    if (zeros[0] == 0 && zeros[1] * 4 > pairs * 3)
        return "UTF-16LE";
    if (zeros[1] == 0 && zeros[0] * 4 > pairs * 3)
        return "UTF-16BE";
    return NULL;
}

static bool is_ascii_letter(uint8_t c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* Letters of windows-1252 beyond ASCII. */
static bool is_1252_letter(uint8_t c)
{
    static const uint8_t others[] = {0x8a, 0x8c, 0x8e, 0x9a, 0x9c, 0x9e, 0x9f};
    if (c >= 0xc0)
        return c != 0xd7 && c != 0xf7;
    return memchr(others, c, sizeof others);
}

static bool is_1252(uint8_t c)
{
    static const uint8_t undefined[] = {0x81, 0x8d, 0x8f, 0x90, 0x9d};
    return !memchr(undefined, c, sizeof undefined);
}

/* True if the head is text of western Europe in one byte a character: no sequence of UTF-8 in it,
 * and the bytes beyond ASCII are letters inside of words in at least three lines.  One in four may
 * be something else, such as a euro sign or the French "à". */
static bool looks_like_1252(firn_slice head)
{
    size_t letters = 0;
    size_t others = 0;
    size_t lines = 0;
    bool counted = false;
    for (size_t i = 0; i < head.n; i++) {
        uint8_t c = head.p[i];
        uint32_t cp;
        counted &= c != '\n' && c != '\r';
        if (c < 0x80)
            continue;
        size_t left = head.n - i;
        if (!is_1252(c) || firn_utf8_decode((const char *)head.p + i, left, &cp))
            return false;
        bool in_word =
            (i && is_ascii_letter(head.p[i - 1])) || (left > 1 && is_ascii_letter(head.p[i + 1]));
        bool letter = in_word && is_1252_letter(c);
        letters += letter;
        others += !letter;
        lines += letter && !counted;
        counted |= letter;
    }
    return lines >= 3 && letters >= 3 * others;
}

/* --- given --------------------------------------------------------------------------------- */

static firn_code unknown_encoding(firn_str name, firn_err *err)
{
    firn_raise(err, FIRN_E_CONFIG, "there is no encoding %s", firn_quote(name).s);
    return firn_err_advise(err, "use a name that iconv knows: utf-8, utf-16, windows-1252, latin1");
}

typedef struct converter {
    iconv_t handle; /* NULL: not asked for yet */
} converter;

/* A handle that iconv_open refused to give is refused here as well, which does no harm. */
static void close_converter(converter *c)
{
    if (c->handle)
        iconv_close(c->handle);
}

static firn_code open_converter(firn_str encoding, converter *ret, firn_err *err)
{
    char name[64];
    if (encoding.n == 0 || encoding.n >= sizeof name || memchr(encoding.p, '\0', encoding.n))
        return unknown_encoding(encoding, err);
    memcpy(name, encoding.p, encoding.n);
    name[encoding.n] = '\0';
    ret->handle = iconv_open("UTF-8", name);
    if (ret->handle != (iconv_t)-1)
        return FIRN_OK;
    if (errno == EINVAL)
        return unknown_encoding(encoding, err);
    return firn_raise_errno(err, errno, "encoding %s", firn_quote(encoding).s);
}

static firn_code given_encoding(firn_str given, firn_str *ret, firn_err *err)
{
    FIRN_AUTO(close_converter) converter c = {.handle = NULL};
    if (firn_str_ieq(given, FIRN_STR_LIT("utf-8")) || firn_str_ieq(given, FIRN_STR_LIT("utf8"))) {
        *ret = FIRN_STR_LIT("");
        return FIRN_OK;
    }
    FIRN_TRY(open_converter(given, &c, err));
    *ret = given;
    return FIRN_OK;
}

firn_code firn_csv_encoding(const firn_format_opt *opt, firn_slice head, firn_str *ret,
                            firn_err *err)
{
    if (opt->encoding.n)
        return given_encoding(opt->encoding, ret, err);
    for (size_t i = 0; i < FIRN_COUNT_OF(marks); i++) {
        if (head.n >= marks[i].n && memcmp(head.p, marks[i].bytes, marks[i].n) == 0) {
            *ret = firn_str_of(marks[i].name);
            return FIRN_OK;
        }
    }
    const char *utf16 = utf16_by_zeros(head);
    *ret = firn_str_of(utf16 ? utf16 : looks_like_1252(head) ? "WINDOWS-1252" : "");
    return FIRN_OK;
}

/* --- the head as text ---------------------------------------------------------------------- */

/* A byte that means nothing in the encoding becomes one that stands in no UTF-8 text, as where
 * the file itself is converted. */
static size_t convert_head(iconv_t convert, firn_slice head, char *out, size_t out_bytes)
{
    firn_str copy = {(const char *)head.p, head.n};
    char *to = out;
    while (copy.n && out_bytes) {
        char *from;
        memcpy(&from, &copy.p, sizeof from); /* iconv's parameter is not const */
        size_t state = iconv(convert, &from, &copy.n, &to, &out_bytes);
        copy.p = from;
        if (state != (size_t)-1 || errno != EILSEQ || out_bytes == 0)
            break;
        copy.p++;
        copy.n--;
        *to++ = (char)0xff;
        out_bytes--;
    }
    return (size_t)(to - out);
}

static firn_str without_mark(firn_str text)
{
    if (text.n >= 3 && memcmp(text.p, marks[0].bytes, marks[0].n) == 0)
        return (firn_str){text.p + 3, text.n - 3};
    return text;
}

firn_code firn_csv_decode_head(firn_str encoding, firn_slice head, firn_arena *a, firn_str *ret,
                               firn_err *err)
{
    FIRN_AUTO(close_converter) converter c = {.handle = NULL};
    if (encoding.n == 0) {
        *ret = without_mark((firn_str){(const char *)head.p, head.n});
        return FIRN_OK;
    }
    FIRN_TRY(open_converter(encoding, &c, err));
    size_t room = head.n * 3 + 16; /* three bytes of UTF-8 for one of the encoding at most */
    char *out = firn_arena_alloc(a, room);
    if (!out)
        return firn_arena_raise(a, err);
    *ret = without_mark((firn_str){out, convert_head(c.handle, head, out, room)});
    return FIRN_OK;
}
