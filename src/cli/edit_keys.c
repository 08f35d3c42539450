/* SPDX-License-Identifier: Apache-2.0 */
/* From bytes of the terminal to keys. */
#include "cli/edit_int.h"

#include "base/str.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ESC_WAIT_MS 60 /* what belongs to a key comes at once; Esc alone is followed by nothing */
#define PASTE_MAX   ((size_t)16 << 20)
#define PASTE_END   "\033[201~"

/* --- bytes --------------------------------------------------------------------------------- */

typedef enum arrival { ARRIVED, NOTHING, RESIZED, LEAVE } arrival;

static arrival read_wake(int fd)
{
    char c = 0;
    arrival what = NOTHING;
    while (read(fd, &c, 1) == 1) {
        if (c == 'q')
            return LEAVE;
        if (c == 'w')
            what = RESIZED;
    }
    return what;
}

/* Waits for bytes, at most `ms` (-1: for good). */
static arrival fill(firn_keys *k, int ms)
{
    for (;;) {
        struct pollfd fds[2] = {{STDIN_FILENO, POLLIN, 0}, {k->wake, POLLIN, 0}};
        int n = poll(fds, k->wake >= 0 ? 2 : 1, ms);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            return NOTHING;
        if (n < 0)
            return LEAVE;
        if (fds[1].revents && k->wake >= 0) {
            arrival told = read_wake(k->wake);
            if (told != NOTHING)
                return told;
            continue;
        }
        ssize_t got = read(STDIN_FILENO, k->bytes, sizeof k->bytes);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got <= 0)
            return LEAVE;
        k->at = 0;
        k->n = (size_t)got;
        return ARRIVED;
    }
}

/* The next byte of a key; -1: there is none. */
static int next_byte(firn_keys *k)
{
    if (k->at == k->n && fill(k, ESC_WAIT_MS) != ARRIVED)
        return -1;
    return k->bytes[k->at++];
}

/* --- sequences ----------------------------------------------------------------------------- */

static firn_key of_final(int final, bool moved)
{
    switch (final) {
    case 'A':
        return FIRN_KEY_UP;
    case 'B':
        return FIRN_KEY_DOWN;
    case 'C':
        return moved ? FIRN_KEY_WORD_RIGHT : FIRN_KEY_RIGHT;
    case 'D':
        return moved ? FIRN_KEY_WORD_LEFT : FIRN_KEY_LEFT;
    case 'H':
        return FIRN_KEY_HOME;
    case 'F':
        return FIRN_KEY_END;
    default:
        return FIRN_KEY_NONE;
    }
}

static firn_key of_number(long number)
{
    static const struct {
        long number;
        firn_key key;
    } keys[] = {{1, FIRN_KEY_HOME},    {3, FIRN_KEY_DELETE},    {4, FIRN_KEY_END},
                {5, FIRN_KEY_PAGE_UP}, {6, FIRN_KEY_PAGE_DOWN}, {7, FIRN_KEY_HOME},
                {8, FIRN_KEY_END},     {200, FIRN_KEY_PASTE}};
    for (size_t i = 0; i < FIRN_COUNT_OF(keys); i++)
        if (keys[i].number == number)
            return keys[i].key;
    return FIRN_KEY_NONE;
}

/* Behind ESC [ */
static firn_key read_csi(firn_keys *k)
{
    char params[32];
    size_t n = 0;
    int c = next_byte(k);
    for (; c >= 0x20 && c < 0x40; c = next_byte(k))
        if (n + 1 < sizeof params)
            params[n++] = (char)c;
    params[n] = '\0';
    if (c == '~')
        return of_number(strtol(params, NULL, 10));
    return of_final(c, strchr(params, ';') != NULL);
}

static firn_key read_escape(firn_keys *k)
{
    int c = next_byte(k);
    switch (c) {
    case '[':
        return read_csi(k);
    case 'O':
        return of_final(next_byte(k), false);
    case 'b':
        return FIRN_KEY_WORD_LEFT;
    case 'f':
        return FIRN_KEY_WORD_RIGHT;
    case 'd':
        return FIRN_KEY_KILL_WORD;
    case 127:
    case 8:
        return FIRN_KEY_KILL_WORD_LEFT;
    case '\r':
    case '\n':
        return FIRN_KEY_NEWLINE;
    case '<':
        return FIRN_KEY_OLDEST;
    case '>':
        return FIRN_KEY_NEWEST;
    default:
        return FIRN_KEY_NONE;
    }
}

/* Up to the sequence that ends it.  The line end behind the last line is not meant to be one. */
static firn_code read_paste(firn_keys *k, firn_err *err)
{
    static const char end[] = PASTE_END;
    const size_t end_n = sizeof end - 1;
    firn_buf *b = &k->text;
    for (;;) {
        if (k->at == k->n && fill(k, -1) == LEAVE)
            return FIRN_OK;
        if (k->at == k->n)
            continue;
        char c = (char)k->bytes[k->at++];
        FIRN_TRY(firn_buf_addc(b, c == '\r' ? '\n' : c, err));
        if (b->n >= end_n && memcmp(b->p + b->n - end_n, end, end_n) == 0)
            break;
    }
    b->n -= end_n;
    while (b->n && b->p[b->n - 1] == '\n')
        b->n--;
    return FIRN_OK;
}

/* The bytes of a character that begins with `first`. */
static firn_code read_character(firn_keys *k, int first, firn_err *err)
{
    size_t more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
    FIRN_TRY(firn_buf_addc(&k->text, (char)first, err));
    for (; more > 0; more--) {
        int c = next_byte(k);
        if (c < 0x80 || c >= 0xc0)
            break;
        FIRN_TRY(firn_buf_addc(&k->text, (char)c, err));
    }
    if (!firn_utf8_valid((const char *)k->text.p, k->text.n))
        firn_buf_clear(&k->text);
    return FIRN_OK;
}

firn_code firn_keys_next(firn_keys *k, firn_key *ret, firn_err *err)
{
    firn_buf_clear(&k->text);
    *ret = FIRN_KEY_NONE;
    if (k->at == k->n) {
        arrival what = fill(k, -1);
        *ret = what == RESIZED ? FIRN_KEY_RESIZED : what == LEAVE ? FIRN_KEY_LEAVE : FIRN_KEY_NONE;
        if (what != ARRIVED)
            return FIRN_OK;
    }
    int c = k->bytes[k->at++];
    if (c == 27)
        *ret = read_escape(k);
    else if (c < 32 || c == 127)
        *ret = (firn_key)c;
    else
        *ret = FIRN_KEY_TEXT;
    if (*ret == FIRN_KEY_PASTE)
        return read_paste(k, err);
    return *ret == FIRN_KEY_TEXT ? read_character(k, c, err) : FIRN_OK;
}

/* --- the terminal -------------------------------------------------------------------------- */

void firn_terminal_open(firn_terminal *t)
{
    t->is_one = tcgetattr(STDIN_FILENO, &t->found) == 0;
}

void firn_terminal_restore(const firn_terminal *t)
{
    if (t->is_one)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &t->found);
}

void firn_terminal_running(const firn_terminal *t)
{
    struct termios m = t->found;
    if (!t->is_one)
        return;
    m.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
    m.c_lflag |= ISIG;
    m.c_iflag &= ~(tcflag_t)(ICRNL | INLCR);
    m.c_cc[VMIN] = 1;
    m.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &m);
}
