/* SPDX-License-Identifier: Apache-2.0 */
/* The dialect of a file, from its first records: line ends, quote, separator, number of cells. */
#include "format/csv_int.h"

#include <string.h>

#define SAMPLE_RECORDS 100

static const char separators[] = {',', ';', '\t', '|'};

/* How the first records look under a dialect. */
typedef struct sample {
    size_t records;
    size_t first; /* cells of the first record */
    size_t cells; /* the most frequent number of cells */
    size_t agree; /* records with that number */
    bool wrapped; /* each record but the first has a quoted cell, and no other cell a quote */
} sample;

/* --- line ends ----------------------------------------------------------------------------- */

/* Whether the quote at i may open a cell, as long as the separator is not known. */
static bool may_open(const firn_format_opt *opt, firn_str text, size_t i)
{
    char before = i ? text.p[i - 1] : '\n';
    if (before == '\n' || before == '\r')
        return true;
    return opt->separator ? before == opt->separator
                          : memchr(separators, before, sizeof separators) != NULL;
}

/* CR ends the lines of a file in which no LF stands outside of quotes. */
static bool has_lone_cr(const firn_format_opt *opt, firn_str text, bool whole)
{
    char quote = opt->quote ? opt->quote : '"';
    size_t behind_closed = 0; /* a quote there is the second one of a pair */
    bool in_quotes = false;
    bool cr = false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == quote && !opt->no_quote) {
            bool closes = in_quotes;
            in_quotes = !closes && (may_open(opt, text, i) || i == behind_closed);
            behind_closed = closes ? i + 1 : 0;
        } else if (c == '\n' && !in_quotes) {
            return false;
        } else if (c == '\r' && !in_quotes) {
            cr |= whole || i + 1 < text.n; /* an LF may follow the last byte of a head */
        }
    }
    return cr;
}

/* --- cells --------------------------------------------------------------------------------- */

static bool is_wrapped(const firn_csv_dialect *d, const firn_csv_cell *cells, size_t count)
{
    size_t quoted = 0;
    for (size_t i = 0; i < count; i++) {
        if (cells[i].form != FIRN_CSV_PLAIN)
            quoted++;
        else if (cells[i].n && memchr(cells[i].p, d->quote, cells[i].n))
            return false;
    }
    return quoted > 0;
}

/* The most frequent of `counts`, the first one of several; a record that cannot be split counts
 * as 0, which never wins. */
static void find_mode(const size_t *counts, size_t n, sample *ret)
{
    for (size_t i = 0; i < n; i++) {
        size_t agree = 0;
        for (size_t k = 0; k < n; k++)
            agree += counts[k] == counts[i];
        if (counts[i] == 0 || agree <= ret->agree)
            continue;
        ret->agree = agree;
        ret->cells = counts[i];
    }
}

static sample take_sample(const firn_csv_dialect *d, firn_str text, bool whole)
{
    enum { CELLS = 64 }; /* that are looked at; more are counted */
    firn_csv_file file = {.dialect = *d, .max_record_bytes = text.n};
    firn_framer framer = {.file = &file, .started = true, .last = -1};
    firn_record records[SAMPLE_RECORDS];
    firn_cut cut = {.records = records, .cap = SAMPLE_RECORDS};
    firn_csv_cell cells[CELLS];
    size_t counts[SAMPLE_RECORDS] = {0};
    sample s = {.wrapped = true};
    firn_err ignored;
    firn_slice bytes = {(const uint8_t *)text.p, text.n};
    if (firn_csv_cut(&framer, bytes, whole, false, &cut, &ignored) != FIRN_OK)
        return (sample){0};
    for (size_t i = 0; i < cut.n; i++) {
        firn_str record = {text.p + records[i].offset, records[i].length};
        size_t at;
        firn_csv_trouble trouble =
            firn_csv_split(d, record, text.p + text.n, cells, CELLS, &counts[i], &at);
        bool wrapped =
            trouble == FIRN_CSV_FINE && is_wrapped(d, cells, FIRN_MIN(counts[i], (size_t)CELLS));
        s.wrapped &= wrapped || (i == 0 && cut.n > 1 && trouble == FIRN_CSV_FINE);
    }
    s.records = cut.n;
    s.first = counts[0];
    s.wrapped &= cut.n > 0;
    find_mode(counts, cut.n, &s);
    return s;
}

/* Finds the separator that gives most records the same number of cells, more than one.  Where
 * records differ too much for that, one that stands in the header: the records that disagree with
 * it are seen as rejects then. */
static int find_separator(const firn_format_opt *opt, firn_csv_dialect d, firn_str text, bool whole)
{
    int best[2] = {FIRN_CSV_NONE, FIRN_CSV_NONE};
    size_t agree[2] = {0, 0};
    for (size_t i = 0; i < sizeof separators; i++) {
        d.separator = (unsigned char)separators[i];
        sample s = take_sample(&d, text, whole);
        bool most = s.cells > 1 && s.agree * 2 > s.records;
        bool header = !opt->no_header && s.first > 1;
        if ((!most && !header) || s.agree <= agree[!most])
            continue;
        best[!most] = d.separator;
        agree[!most] = s.agree;
    }
    return best[0] != FIRN_CSV_NONE ? best[0] : best[1];
}

static sample guess_separator(const firn_format_opt *opt, firn_csv_dialect *d, firn_str text,
                              bool whole)
{
    d->separator = (unsigned char)opt->separator;
    if (!opt->separator)
        d->separator = find_separator(opt, *d, text, whole);
    return take_sample(d, text, whole);
}

firn_csv_guess firn_csv_guess_dialect(const firn_format_opt *opt, firn_str text, bool whole)
{
    firn_csv_dialect d = {.quote = '"', .lone_cr = has_lone_cr(opt, text, whole)};
    if (opt->quote)
        d.quote = (unsigned char)opt->quote;
    if (opt->no_quote)
        d.quote = FIRN_CSV_NONE;
    sample s = guess_separator(opt, &d, text, whole);
    if (opt->quote || opt->no_quote || (text.n && memchr(text.p, '"', text.n)))
        return (firn_csv_guess){.dialect = d, .cells = s.cells};

    firn_csv_dialect single = d;
    single.quote = '\'';
    sample t = guess_separator(opt, &single, text, whole);
    if (t.wrapped)
        return (firn_csv_guess){.dialect = single, .cells = t.cells};
    return (firn_csv_guess){.dialect = d, .cells = s.cells};
}
