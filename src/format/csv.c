/* SPDX-License-Identifier: Apache-2.0 */
/* The CSV format: what a file is, its header, and the table of what can be done with it. */
#include "format/csv_int.h"

#include "base/buf.h"
#include "base/str.h"

#include <string.h>

#define MAX_RECORD_LIMIT ((size_t)1 << 31)
#define MAX_COLUMNS      ((size_t)100000)

/* --- options ------------------------------------------------------------------------------- */

/* Bytes that numbers, dates and words are made of would be torn out of them. */
static bool may_be_quote(char c)
{
    return (c > ' ' && c < 0x7f) && !strchr("+-.:/", c) && !(c >= '0' && c <= '9') &&
           !((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static firn_code check_options(const firn_format_opt *opt, firn_err *err)
{
    if (opt->separator == '\n' || opt->separator == '\r')
        return firn_raise(err, FIRN_E_CONFIG, "a line end cannot be the separator");
    if ((unsigned char)opt->separator >= 0x80)
        return firn_raise(err, FIRN_E_CONFIG, "the separator must be an ASCII character");
    if (opt->quote && !opt->no_quote && !may_be_quote(opt->quote))
        return firn_raise(err, FIRN_E_CONFIG, "%s cannot be the quote",
                          firn_quote((firn_str){&opt->quote, 1}).s);
    if (opt->quote && !opt->no_quote && opt->quote == opt->separator)
        return firn_raise(err, FIRN_E_CONFIG, "%s cannot be both separator and quote",
                          firn_quote((firn_str){&opt->quote, 1}).s);
    return FIRN_OK;
}

/* Files that are often named .csv by mistake. */
static firn_code check_magic(firn_slice head, firn_err *err)
{
    static const struct {
        const char *bytes;
        size_t n;
        const char *what;
    } others[] = {
        {"PK\3\4", 4, "a ZIP archive or a spreadsheet (.xlsx, .ods)"},
        {"\xd0\xcf\x11\xe0", 4, "a spreadsheet (.xls)"},
        {"PAR1", 4, "a Parquet file"},
        {"\x1f\x8b", 2, "a gzip file"},
        {"%PDF-", 5, "a PDF file"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(others); i++)
        if (head.n >= others[i].n && memcmp(head.p, others[i].bytes, others[i].n) == 0)
            return firn_raise(err, FIRN_E_DATA, "it is no CSV file but %s", others[i].what);
    return FIRN_OK;
}

/* --- header -------------------------------------------------------------------------------- */

/* Returns name_2, name_3, …: the first that neither stands in the header nor was used; .p == NULL:
 * no memory. */
static firn_str free_name(firn_str name, const firn_map *used, const firn_map *header,
                          firn_arena *a)
{
    for (size_t i = 2;; i++) {
        char *text = firn_arena_printf(a, "%.*s_%zu", FIRN_STR_ARG(name), i);
        firn_str next = firn_str_of(text);
        if (!text)
            return (firn_str){NULL, 0};
        if (!firn_map_get(used, next) && !firn_map_get(header, next))
            return next;
    }
}

/* Makes empty names column_N and duplicate ones different, in place. */
static firn_code settle_names(firn_str *names, size_t count, firn_arena *a, firn_err *err)
{
    firn_map header = FIRN_MAP(a);
    firn_map used = FIRN_MAP(a);
    for (size_t i = 0; i < count; i++)
        if (names[i].n && !firn_map_put(&header, names[i], &names[i]))
            return firn_arena_raise(a, err);
    for (size_t i = 0; i < count; i++) {
        const firn_map *taken = &used;
        if (names[i].n == 0) {
            names[i] = firn_str_of(firn_arena_printf(a, "column_%zu", i + 1));
            taken = &header;
        }
        if (names[i].n && firn_map_get(taken, names[i]))
            names[i] = free_name(names[i], &used, &header, a);
        if (names[i].n == 0 || !firn_map_put(&used, names[i], &names[i]))
            return firn_arena_raise(a, err);
    }
    return FIRN_OK;
}

static firn_code bad_header(firn_csv_trouble trouble, size_t at, firn_err *err)
{
    if (trouble == FIRN_CSV_UNCLOSED)
        firn_raise(err, FIRN_E_DATA, "the header has a quote that never closes, at byte %zu", at);
    else
        firn_raise(err, FIRN_E_DATA, "the header has text behind the closing quote of cell %zu",
                   at + 1);
    return firn_err_advise(err, "if quotes are ordinary characters in this file, say quote: none");
}

static firn_code name_cells(const firn_csv_dialect *d, const firn_csv_cell *cells, size_t count,
                            firn_arena *a, firn_str *names, firn_err *err)
{
    for (size_t i = 0; i < count; i++) {
        firn_str text = firn_csv_text(d, &cells[i], a);
        if (!text.p)
            return firn_arena_raise(a, err);
        if (!firn_utf8_valid(text.p, text.n)) {
            firn_raise(err, FIRN_E_DATA, "name %s in the header is not UTF-8", firn_quote(text).s);
            return firn_err_advise(err, "name the encoding of the file, such as windows-1252");
        }
        names[i] = firn_arena_str(a, text);
        if (!names[i].p)
            return firn_arena_raise(a, err);
    }
    return FIRN_OK;
}

/* Reads the names that stand in the header's record. */
static firn_code read_header(firn_csv_file *file, firn_str record, firn_arena *a, firn_err *err)
{
    const firn_csv_dialect *d = &file->dialect;
    const char *end = record.p + record.n;
    size_t count = 0;
    size_t at = 0;
    firn_csv_trouble trouble = firn_csv_split(d, record, end, NULL, 0, &count, &at);
    if (trouble)
        return bad_header(trouble, at, err);
    if (count > MAX_COLUMNS)
        return firn_raise(err, FIRN_E_LIMIT, "the header has %zu columns, the limit is %zu", count,
                          MAX_COLUMNS);
    firn_csv_cell *cells = firn_arena_array(a, count, sizeof *cells);
    file->names = firn_arena_array(a, count, sizeof *file->names);
    if (!cells || !file->names)
        return firn_arena_raise(a, err);
    (void)firn_csv_split(d, record, end, cells, count, &count, &at);
    FIRN_TRY(name_cells(d, cells, count, a, file->names, err));
    file->count = count;
    return settle_names(file->names, count, a, err);
}

static firn_code number_columns(firn_csv_file *file, size_t count, firn_arena *a, firn_err *err)
{
    if (count > MAX_COLUMNS)
        return firn_raise(err, FIRN_E_LIMIT, "the records have %zu cells, the limit is %zu", count,
                          MAX_COLUMNS);
    file->names = firn_arena_array(a, count, sizeof *file->names);
    if (!file->names)
        return firn_arena_raise(a, err);
    file->count = count;
    return settle_names(file->names, count, a, err);
}

/* Finds the first record; *ret_found: false if there is none but blank lines. */
static firn_code first_record(const firn_csv_file *file, firn_str text, bool whole, firn_str *ret,
                              bool *ret_found, firn_err *err)
{
    firn_csv_file own = *file;
    firn_framer framer = {.file = &own, .started = true, .last = -1};
    firn_record record;
    firn_cut cut = {.records = &record, .cap = 1};
    own.max_record_bytes = text.n;
    FIRN_TRY(firn_csv_cut(&framer, (firn_slice){(const uint8_t *)text.p, text.n}, whole, false,
                          &cut, err));
    *ret_found = cut.n == 1;
    if (cut.n)
        *ret = (firn_str){text.p + record.offset, record.length};
    if (cut.n || whole || cut.consumed == text.n)
        return FIRN_OK;
    firn_raise(err, FIRN_E_DATA, "the first line does not end within %zu bytes", text.n);
    return firn_err_advise(err, "is it a CSV file?  If it begins with a quote that is an ordinary "
                                "character, say quote: none");
}

/* --- opening ------------------------------------------------------------------------------- */

static firn_code add_note(firn_buf *note, firn_err *err, const char *what)
{
    if (note->n)
        FIRN_TRY(firn_buf_adds(note, ", ", err));
    return firn_buf_adds(note, what, err);
}

/* Says what is not usual about the file. */
static firn_code describe_file(const firn_framer *f, firn_buf *note, firn_err *err)
{
    const firn_csv_dialect *d = &f->file->dialect;
    char text[32] = "separator ''";
    text[11] = (char)d->separator;
    text[12] = '\'';
    if (f->file->count && d->separator < 0)
        FIRN_TRY(add_note(note, err, "one column"));
    else if (d->separator == '\t')
        FIRN_TRY(add_note(note, err, "separator tab"));
    else if (f->file->count && d->separator != ',')
        FIRN_TRY(add_note(note, err, text));
    if (d->quote == '\'')
        FIRN_TRY(add_note(note, err, "quote '"));
    if (d->lone_cr)
        FIRN_TRY(add_note(note, err, "lines end in CR"));
    if (firn_str_eqc(f->encoding, "WINDOWS-1252"))
        return add_note(note, err, "windows-1252");
    if (f->encoding.n == 0)
        return FIRN_OK;
    if (note->n)
        FIRN_TRY(firn_buf_adds(note, ", ", err));
    return firn_buf_addstr(note, f->encoding, err);
}

static firn_code make_note(firn_framer *f, firn_arena *a, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf note = FIRN_BUF(1024);
    FIRN_TRY(describe_file(f, &note, err));
    f->note = firn_arena_str(a, firn_buf_str(&note));
    return f->note.p ? FIRN_OK : firn_arena_raise(a, err);
}

static firn_code make_columns(firn_framer *f, const firn_format_opt *opt, firn_str text, bool whole,
                              firn_arena *a, firn_err *err)
{
    firn_str record = FIRN_STR_LIT("");
    bool found;
    firn_csv_guess guess = firn_csv_guess_dialect(opt, text, whole);
    f->file->dialect = guess.dialect;
    FIRN_TRY(first_record(f->file, text, whole, &record, &found, err));
    if (!found)
        return FIRN_OK;
    if (opt->no_header)
        return number_columns(f->file, FIRN_MAX(guess.cells, (size_t)1), a, err);
    f->header_pending = true;
    return read_header(f->file, record, a, err);
}

static firn_code csv_open(const firn_format_opt *opt, firn_slice head, bool whole, firn_arena *a,
                          firn_framer **ret, firn_err *err)
{
    firn_str text;
    FIRN_TRY(check_options(opt, err));
    FIRN_TRY(check_magic(head, err));
    firn_framer *f = firn_arena_zalloc(a, sizeof *f);
    firn_csv_file *file = firn_arena_zalloc(a, sizeof *file);
    if (!f || !file)
        return firn_arena_raise(a, err);
    size_t max = opt->max_record_bytes ? opt->max_record_bytes : FIRN_MAX_RECORD_BYTES;
    file->max_record_bytes = FIRN_MIN(max, MAX_RECORD_LIMIT);
    file->null_text = firn_arena_str(a, opt->null_text);
    *f = (firn_framer){.file = file, .last = -1};
    firn_str encoding;
    FIRN_TRY(firn_csv_encoding(opt, head, &encoding, err));
    f->encoding = firn_arena_str(a, encoding);
    if (!file->null_text.p || !f->encoding.p)
        return firn_arena_raise(a, err);
    FIRN_TRY(firn_csv_decode_head(f->encoding, head, a, &text, err));
    FIRN_TRY(make_columns(f, opt, text, whole, a, err));
    FIRN_TRY(make_note(f, a, err));
    *ret = f;
    return FIRN_OK;
}

/* --- the table ----------------------------------------------------------------------------- */

static const void *csv_file(firn_framer *f)
{
    return f->file;
}

static firn_str csv_describe(const firn_framer *f)
{
    return f->note;
}

static firn_str csv_encoding(const firn_framer *f)
{
    return f->encoding;
}

static bool csv_lone_cr(const firn_framer *f)
{
    return f->file->dialect.lone_cr;
}

size_t firn_csv_header(const void *file, const firn_str **names)
{
    const firn_csv_file *f = file;
    *names = f->names;
    return f->count;
}

const firn_decoder_ops firn_decoder_csv = {
    .name = "csv",
    .open = csv_open,
    .cut = firn_csv_cut,
    .file = csv_file,
    .describe = csv_describe,
    .encoding = csv_encoding,
    .lone_cr = csv_lone_cr,
    .walk = firn_csv_walk,
    .fill = firn_csv_fill,
};
