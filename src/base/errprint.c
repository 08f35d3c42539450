/* SPDX-License-Identifier: Apache-2.0 */
#include "base/errprint.h"

#include "base/str.h"

#include <string.h>

#define RED   "\033[1;31m"
#define BOLD  "\033[1m"
#define CYAN  "\033[36m"
#define RESET "\033[0m"

/* A fixed room; what does not fit is left out. */
typedef struct page {
    char *p;
    size_t n;
    bool colour;
} page;

static void put(page *out, const char *s)
{
    size_t n = strlen(s);
    if (n >= FIRN_ERR_PRINT_MAX - out->n)
        return;
    memcpy(out->p + out->n, s, n + 1);
    out->n += n;
}

static void paint(page *out, const char *sequence)
{
    if (out->colour)
        put(out, sequence);
}

/* Appends one character of a foreign text and returns its length: newlines are indented, other
 * control characters and broken UTF-8 cannot play with the terminal. */
static size_t put_character(page *out, const char *s, size_t n)
{
    char piece[8] = {0};
    uint32_t cp = 0;
    size_t len = firn_utf8_decode(s, n, &cp);
    if (cp == '\n')
        memcpy(piece, "\n  ", sizeof "\n  ");
    else if (len == 0)
        firn_utf8_encode(0xfffd, piece);
    else if ((cp < 0x20 && cp != '\t') || (cp >= 0x7f && cp < 0xa0))
        snprintf(piece, sizeof piece, "\\x%02x", (unsigned)cp);
    else
        memcpy(piece, s, len);
    put(out, piece);
    return len ? len : 1;
}

static void put_text(page *out, const char *s)
{
    size_t n = strlen(s);
    while (n && s[n - 1] == '\n')
        n--;
    for (size_t i = 0; i < n;)
        i += put_character(out, s + i, n - i);
}

/* Nobody is left without something to do: where nothing better was said, the help is named. */
static void put_advice(page *out, const firn_err *err)
{
    char help[48];
    snprintf(help, sizeof help, "`firn help E%04u` says more", err->id);
    put(out, "\n  ");
    paint(out, CYAN);
    put_text(out, err->advice[0] ? err->advice : help);
    paint(out, RESET);
    if (err->code == FIRN_E_BUG && err->file) {
        char place[32];
        snprintf(place, sizeof place, ":%d", err->line);
        put(out, "\n  raised in ");
        put_text(out, err->file);
        put(out, place);
    }
}

size_t firn_err_format(const firn_err *err, bool colour, char out[FIRN_ERR_PRINT_MAX])
{
    page p = {.p = out, .colour = colour};
    char id[32];
    snprintf(id, sizeof id, "error E%04u", err->id);
    out[0] = '\0';
    paint(&p, RED);
    put(&p, id);
    paint(&p, RESET);
    if (err->where[0]) {
        put(&p, " ");
        paint(&p, BOLD);
        put_text(&p, err->where);
        paint(&p, RESET);
    }
    put(&p, ": ");
    put_text(&p, err->text[0] ? err->text : firn_code_policy_of(err->code)->name);
    put_advice(&p, err);
    put(&p, "\n");
    return p.n;
}

void firn_err_print(const firn_err *err, FILE *f, bool colour)
{
    char text[FIRN_ERR_PRINT_MAX];
    fwrite(text, 1, firn_err_format(err, colour, text), f);
}
