/* SPDX-License-Identifier: Apache-2.0 */
/* CSV in a unit test: commas, a header, RFC 4180's quotes. */
#include "pipeline/unit_int.h"

#include "base/str.h"

#include <string.h>

typedef FIRN_VEC(firn_conf) conf_vec;

typedef struct reading {
    const firn_conf *c;
    firn_str text;
    size_t at;
    uint32_t line; /* of the text, from 0 */
    firn_arena *a;
} reading;

/* A block text begins at its first line. */
static firn_place place_of(const reading *r)
{
    return firn_place_in(r->c->place.file, r->c->place.line + r->line, r->c->place.column);
}

static firn_code bad_csv(const reading *r, const char *what, const char *advice, firn_err *err)
{
    firn_raise_conf(err, place_of(r), FIRN_ID_UNIT_TEST, "csv: %s", what);
    firn_err_advise(err, "%s", advice);
    return FIRN_E_CONFIG;
}

/* "…" with "" for a quote; stands behind the closing one afterwards. */
static firn_code read_quoted(reading *r, firn_conf *ret, firn_err *err)
{
    char *out = firn_arena_strndup(r->a, r->text.p + r->at, r->text.n - r->at);
    size_t n = 0;
    if (!out)
        return firn_arena_raise(r->a, err);
    for (r->at++; r->at < r->text.n; r->at++) {
        char c = r->text.p[r->at];
        bool twice = c == '"' && r->at + 1 < r->text.n && r->text.p[r->at + 1] == '"';
        if (c == '"' && !twice) {
            r->at++;
            ret->text = (firn_str){out, n};
            return FIRN_OK;
        }
        r->at += twice;
        r->line += c == '\n';
        out[n++] = c;
    }
    firn_raise_conf(err, ret->place, FIRN_ID_UNIT_TEST, "csv: a quote is not closed");
    firn_err_advise(err, "end the cell with \"");
    return FIRN_E_CONFIG;
}

static firn_code read_cell(reading *r, firn_conf *ret, firn_err *err)
{
    *ret = (firn_conf){.kind = FIRN_CONF_TEXT, .place = place_of(r)};
    while (r->at < r->text.n && r->text.p[r->at] == ' ')
        r->at++;
    if (r->at < r->text.n && r->text.p[r->at] == '"') {
        FIRN_TRY(read_quoted(r, ret, err));
        while (r->at < r->text.n && (r->text.p[r->at] == ' ' || r->text.p[r->at] == '\r'))
            r->at++;
        bool ends = r->at == r->text.n || r->text.p[r->at] == ',' || r->text.p[r->at] == '\n';
        ret->written = ret->text;
        return ends ? FIRN_OK
                    : bad_csv(r, "text stands behind a quoted cell",
                              "write quotes inside of a cell twice: \"a \"\"b\"\" c\"", err);
    }
    size_t from = r->at;
    while (r->at < r->text.n && r->text.p[r->at] != ',' && r->text.p[r->at] != '\n')
        r->at++;
    ret->plain = true;
    ret->text = firn_str_trim((firn_str){r->text.p + from, r->at - from});
    ret->written = ret->text;
    return FIRN_OK;
}

/* One line; *ret_more: false at the end of the text. */
static firn_code read_line(reading *r, conf_vec *cells, bool *ret_more, firn_err *err)
{
    cells->n = 0;
    *ret_more = r->at < r->text.n;
    while (*ret_more) {
        firn_conf cell;
        FIRN_TRY(read_cell(r, &cell, err));
        if (!firn_vec_push(r->a, cells, cell))
            return firn_arena_raise(r->a, err);
        bool comma = r->at < r->text.n && r->text.p[r->at] == ',';
        r->at++;
        if (!comma)
            break;
    }
    return FIRN_OK;
}

static bool is_blank(const conf_vec *cells)
{
    return cells->n == 1 && cells->v[0].plain && cells->v[0].text.n == 0;
}

static firn_code read_header(reading *r, conf_vec *header, firn_err *err)
{
    bool more;
    FIRN_TRY(read_line(r, header, &more, err));
    if (!more || is_blank(header))
        return bad_csv(r, "the header is not there", "the first line names the columns: id,city",
                       err);
    for (size_t i = 0; i < header->n; i++) {
        if (header->v[i].text.n == 0)
            return bad_csv(r, "a column has no name", "name it in the first line", err);
        for (size_t k = 0; k < i; k++)
            if (firn_str_ieq(header->v[i].text, header->v[k].text))
                return bad_csv(r, "a column is there twice", "take one of them out", err);
    }
    r->line++;
    return FIRN_OK;
}

static firn_code make_row(const reading *r, const conf_vec *header, const conf_vec *cells,
                          firn_conf *ret, firn_err *err)
{
    *ret = (firn_conf){.kind = FIRN_CONF_MAP, .place = place_of(r), .count = header->n};
    if (cells->n != header->n)
        return bad_csv(r,
                       cells->n < header->n ? "this line has fewer cells than the header"
                                            : "this line has more cells than the header",
                       "put a cell with a comma in it into quotes; leave a cell empty for null",
                       err);
    ret->items = firn_arena_array(r->a, header->n, sizeof *ret->items);
    if (!ret->items)
        return firn_arena_raise(r->a, err);
    for (size_t i = 0; i < header->n; i++) {
        ret->items[i] = cells->v[i];
        ret->items[i].key = header->v[i].text;
        ret->items[i].key_place = header->v[i].place;
    }
    return FIRN_OK;
}

firn_code firn_unit_csv(const firn_conf *c, firn_arena *a, firn_conf **ret, size_t *ret_count,
                        firn_err *err)
{
    reading r = {.c = c, .text = c->text, .a = a};
    conf_vec header = {0};
    conf_vec cells = {0};
    conf_vec rows = {0};
    FIRN_TRY(read_header(&r, &header, err));
    for (bool more = true; more; r.line++) {
        firn_conf row;
        FIRN_TRY(read_line(&r, &cells, &more, err));
        if (!more || (is_blank(&cells) && header.n > 1) || (is_blank(&cells) && r.at >= r.text.n))
            continue;
        FIRN_TRY(make_row(&r, &header, &cells, &row, err));
        if (!firn_vec_push(a, &rows, row))
            return firn_arena_raise(a, err);
    }
    *ret = rows.v;
    *ret_count = rows.n;
    return FIRN_OK;
}
