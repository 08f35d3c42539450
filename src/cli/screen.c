/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/screen.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <wchar.h>

static size_t char_width(uint32_t cp)
{
    if (cp >= 0x20 && cp < 0x7f)
        return 1;
    int w = wcwidth((wchar_t)cp);
    return w < 0 ? 0 : (size_t)w;
}

/* Length of the run of plain ASCII at `i`; a large part of all texts is nothing else. */
static size_t plain_run(firn_str s, size_t i)
{
    size_t k = i;
    while (k < s.n && s.p[k] >= 0x20 && s.p[k] < 0x7f)
        k++;
    return k - i;
}

size_t firn_text_width(firn_str s)
{
    size_t width = plain_run(s, 0);
    size_t i = width;
    while (i < s.n) {
        uint32_t cp;
        size_t n = firn_utf8_decode(s.p + i, s.n - i, &cp);
        width += n ? char_width(cp) : 1;
        i += n ? n : 1;
    }
    return width;
}

size_t firn_text_fit(firn_str s, size_t width, size_t *ret_width)
{
    size_t taken = 0;
    size_t i = 0;
    while (i < s.n) {
        uint32_t cp;
        size_t n = firn_utf8_decode(s.p + i, s.n - i, &cp);
        size_t w = n ? char_width(cp) : 1;
        if (taken + w > width)
            break;
        taken += w;
        i += n ? n : 1;
    }
    *ret_width = taken;
    return i;
}

/* Control characters, and those that turn the direction of what follows or end a line. */
static bool is_unsafe(uint32_t cp)
{
    return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || (cp >= 0x2028 && cp <= 0x202e) ||
           (cp >= 0x2066 && cp <= 0x2069) || cp == 0xfeff;
}

/* How a character that must not reach the terminal is written. */
static void escape(uint32_t cp, unsigned char byte, bool valid, char out[12])
{
    if (!valid || (cp < 0x100 && cp != '\n' && cp != '\t' && cp != '\r'))
        snprintf(out, 12, "\\x%02x", valid ? (unsigned)cp : byte);
    else if (cp >= 0x100)
        snprintf(out, 12, "\\u%04x", (unsigned)cp);
    else
        snprintf(out, 12, "\\%c", cp == '\n' ? 'n' : cp == '\t' ? 't' : 'r');
}

firn_code firn_text_safe(firn_str s, size_t max_width, bool lines, firn_buf *out, firn_err *err)
{
    size_t width = 0;
    size_t i = 0;
    while (i < s.n) {
        uint32_t cp = 0;
        char escaped[12] = "";
        size_t run = plain_run(s, i);
        if (run && width + run < max_width) {
            FIRN_TRY(firn_buf_add(out, s.p + i, run, err));
            width += run;
            i += run;
            continue;
        }
        size_t n = firn_utf8_decode(s.p + i, s.n - i, &cp);
        bool keep = n && (!is_unsafe(cp) || (lines && cp == '\n'));
        if (!keep)
            escape(cp, (unsigned char)s.p[i], n != 0, escaped);
        size_t w = keep ? char_width(cp) : strlen(escaped);
        bool last = i + (n ? n : 1) >= s.n;
        if (width + w > max_width - !last)
            return firn_buf_adds(out, "…", err);
        FIRN_TRY(keep ? firn_buf_add(out, s.p + i, n, err) : firn_buf_adds(out, escaped, err));
        width += w;
        i += n ? n : 1;
    }
    return FIRN_OK;
}

bool firn_screen_size(int fd, size_t *ret_rows, size_t *ret_columns)
{
    struct winsize size;
    *ret_rows = 24;
    *ret_columns = 80;
    if (ioctl(fd, TIOCGWINSZ, &size) != 0)
        return false;
    if (size.ws_row)
        *ret_rows = size.ws_row;
    if (size.ws_col)
        *ret_columns = size.ws_col;
    return true;
}
