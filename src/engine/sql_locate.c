/* SPDX-License-Identifier: Apache-2.0 */
/* Where an error is: the engine's marks, and places in a statement. */
#include "engine/sql_front.h"

#include "base/str.h"

#include <stdio.h>
#include <limits.h>
#include <string.h>

/* The engine's last "LINE n: excerpt" with the line of its caret below. */
typedef struct mark {
    char *start; /* of the blank line before it */
    int line;
    firn_str excerpt;
    size_t place; /* of the caret, counted in the excerpt's width on a terminal */
} mark;

static bool parse_mark(char *start, mark *ret)
{
    int prefix = 0;
    char *line = start + 2;
    if (sscanf(line, "LINE %d:%n", &ret->line, &prefix) < 1 || !prefix || line[prefix] != ' ')
        return false;
    const char *excerpt = line + prefix + 1;
    const char *end = strchr(excerpt, '\n');
    if (!end)
        return false;
    size_t caret = strspn(end + 1, " ");
    if (end[1 + caret] != '^' || caret < (size_t)prefix + 1)
        return false;
    ret->start = start;
    ret->excerpt = (firn_str){excerpt, (size_t)(end - excerpt)};
    ret->place = caret - (size_t)prefix - 1;
    return true;
}

static bool find_mark(char *text, mark *ret)
{
    bool found = false;
    for (char *at = strstr(text, "\n\nLINE "); at; at = strstr(at + 1, "\n\nLINE "))
        found = parse_mark(at, ret) || found;
    return found;
}

/* How wide the engine takes a character to be when it places the caret. */
static size_t width_of(uint32_t cp)
{
    static const struct {
        uint32_t first;
        uint32_t last;
    } wide[] = {{0x1100, 0x115F},   {0x2E80, 0xA4CF},  {0xAC00, 0xD7A3}, {0xF900, 0xFAFF},
                {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},  {0xFFE0, 0xFFE6}, {0x1F300, 0x1F64F},
                {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
    if (cp < 0x20 || (cp >= 0x300 && cp < 0x370))
        return 0;
    for (size_t i = 0; i < FIRN_COUNT_OF(wide); i++)
        if (cp >= wide[i].first && cp <= wide[i].last)
            return 2;
    return 1;
}

/* The place of the caret in the excerpt, in characters from 1. */
static int caret_of(const mark *m)
{
    size_t width = 0;
    int column = 1;
    for (size_t i = 0; i < m->excerpt.n; column++) {
        uint32_t cp;
        size_t n = firn_utf8_decode(m->excerpt.p + i, m->excerpt.n - i, &cp);
        size_t w = n ? width_of(cp) : 1;
        if (width >= m->place && w)
            break;
        width += w;
        i += n ? n : 1;
    }
    return column;
}

static firn_str line_of(firn_str sql, int number)
{
    firn_str line = firn_str_cut(&sql, '\n');
    for (int i = 1; i < number; i++)
        line = firn_str_cut(&sql, '\n');
    return line;
}

static int count_chars(const char *from, const char *to)
{
    int n = 0;
    for (; from < to; from++)
        n += ((unsigned char)*from & 0xc0) != 0x80;
    return n;
}

/* The column of the caret in characters from 1.  Of a long line the engine shows but a part,
 * "...": it is looked for in the statement.  0 if that does not tell. */
static int column_of(const mark *m, firn_str sql)
{
    static const size_t dots = 3;
    int caret = caret_of(m);
    if (!firn_str_starts(m->excerpt, "..."))
        return caret;
    firn_str part = {m->excerpt.p + dots, m->excerpt.n - dots};
    if (firn_str_ends(part, "..."))
        part.n -= dots;
    firn_str line = sql.p ? line_of(sql, m->line) : sql;
    const char *found = line.n && part.n ? memmem(line.p, line.n, part.p, part.n) : NULL;
    if (!found)
        return 0;
    size_t rest = line.n - (size_t)(found + 1 - line.p);
    bool again = memmem(found + 1, rest, part.p, part.n) != NULL;
    return again ? 0 : count_chars(line.p, found) + caret - (int)dots;
}

int firn_sql_unshift(const firn_sql_origin *origin, int line, int column)
{
    int result = column;
    for (size_t i = 0; i < origin->shift_count; i++) {
        const firn_sql_shift *s = &origin->shifts[i];
        if (s->line != line || column <= s->column)
            continue;
        if (column < s->column + s->length) /* inside: where it begins */
            return result - (column - s->column);
        result -= s->length - s->written;
    }
    return result;
}

void firn_sql_locate(firn_err *err, firn_str sql, const firn_sql_origin *origin)
{
    mark m;
    if (!err)
        return;
    if (!find_mark(err->text, &m)) {
        firn_sql_advise(err);
        return;
    }
    int column = column_of(&m, sql);
    int line = m.line <= INT_MAX - origin->line ? m.line + origin->line - 1 : m.line;
    if (m.line == 1 && column)
        column = FIRN_MAX(column - origin->before, 1);
    column = firn_sql_unshift(origin, m.line, column);
    if (m.line == 1 && column)
        column += origin->column - 1;
    *m.start = '\0';
    firn_sql_advise(err);
    err->where[0] = '\0';
    if (origin->file && column)
        firn_err_where(err, "%.200s:%d:%d", origin->file, line, column);
    else if (origin->file)
        firn_err_where(err, "%.200s:%d", origin->file, line);
    else if (column)
        firn_err_where(err, "line %d, column %d", line, column);
    else
        firn_err_where(err, "line %d", line);
}

firn_code firn_sql_place(firn_err *err, firn_str sql, size_t offset, const firn_sql_origin *origin)
{
    int line = 1;
    int column = 1;
    if (!err)
        return FIRN_E_SQL;
    for (size_t i = 0; i < offset && i < sql.n; i++) {
        bool continues = ((unsigned char)sql.p[i] & 0xc0) == 0x80;
        column = sql.p[i] == '\n' ? 1 : column + !continues;
        line += sql.p[i] == '\n';
    }
    column = firn_sql_unshift(origin, line, column) + (line == 1 ? origin->column - 1 : 0);
    line += origin->line - 1;
    err->where[0] = '\0';
    if (origin->file)
        firn_err_where(err, "%.200s:%d:%d", origin->file, line, column);
    else
        firn_err_where(err, "line %d, column %d", line, column);
    return err->code;
}
