/* SPDX-License-Identifier: Apache-2.0 */
#include "iceberg/term.h"

#include "base/str.h"

#include <string.h>

static const struct {
    const char *word;
    firn_transform_kind kind;
    bool wide; /* takes a number beside the column */
} transforms[] = {
    {"identity", FIRN_TRANSFORM_IDENTITY, false}, {"year", FIRN_TRANSFORM_YEAR, false},
    {"years", FIRN_TRANSFORM_YEAR, false},        {"month", FIRN_TRANSFORM_MONTH, false},
    {"months", FIRN_TRANSFORM_MONTH, false},      {"day", FIRN_TRANSFORM_DAY, false},
    {"days", FIRN_TRANSFORM_DAY, false},          {"date", FIRN_TRANSFORM_DAY, false},
    {"hour", FIRN_TRANSFORM_HOUR, false},         {"hours", FIRN_TRANSFORM_HOUR, false},
    {"date_hour", FIRN_TRANSFORM_HOUR, false},    {"void", FIRN_TRANSFORM_VOID, false},
    {"bucket", FIRN_TRANSFORM_BUCKET, true},      {"truncate", FIRN_TRANSFORM_TRUNCATE, true},
};

/* --- names and lists ----------------------------------------------------------------------- */

static bool is_quote(char c)
{
    return c == '"' || c == '`';
}

/* The index behind the quoted text that begins at i; text.n if it is not closed. */
static size_t skip_quoted(firn_str text, size_t i)
{
    char quote = text.p[i++];
    for (; i < text.n; i++) {
        if (text.p[i] != quote)
            continue;
        if (i + 1 == text.n || text.p[i + 1] != quote)
            return i + 1;
        i++;
    }
    return text.n;
}

firn_str firn_list_cut(firn_str *rest)
{
    int depth = 0;
    size_t i = 0;
    while (i < rest->n) {
        char c = rest->p[i];
        if (is_quote(c) || c == '\'') {
            i = skip_quoted(*rest, i);
            continue;
        }
        depth += c == '(' || c == '<' || c == '[';
        depth -= c == ')' || c == '>' || c == ']';
        if (c == ',' && depth == 0)
            break;
        i++;
    }
    firn_str piece = {rest->p, i};
    *rest = i < rest->n ? (firn_str){rest->p + i + 1, rest->n - i - 1} : (firn_str){NULL, 0};
    return piece;
}

firn_code firn_name_unquote(firn_str text, firn_arena *a, firn_str *ret, firn_err *err)
{
    text = firn_str_trim(text);
    char *out = firn_arena_alloc(a, text.n + 1);
    size_t n = 0;
    if (!out)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < text.n;) {
        if (!is_quote(text.p[i])) {
            out[n++] = text.p[i++];
            continue;
        }
        char quote = text.p[i];
        size_t end = skip_quoted(text, i);
        if (end == i + 1 || text.p[end - 1] != quote)
            return firn_raise(err, FIRN_E_CONFIG, "the quotes of %s are not closed",
                              firn_quote(text).s);
        for (size_t k = i + 1; k < end - 1; k++) {
            out[n++] = text.p[k];
            k += text.p[k] == quote;
        }
        i = end;
    }
    out[n] = '\0';
    *ret = (firn_str){out, n};
    return FIRN_OK;
}

/* --- terms --------------------------------------------------------------------------------- */

static firn_code bad_term(firn_str text, const char *why, firn_err *err)
{
    firn_raise(err, FIRN_E_CONFIG, "%s: %s", firn_quote(text).s, why);
    return firn_err_advise(err, "write a column, or year(x), month(x), day(x), hour(x), "
                                "bucket(16, x), truncate(4, x) of one");
}

static firn_code unknown_transform(firn_str text, firn_str word, firn_err *err)
{
    firn_str words[FIRN_COUNT_OF(transforms)];
    for (size_t i = 0; i < FIRN_COUNT_OF(transforms); i++)
        words[i] = firn_str_of(transforms[i].word);
    bad_term(text, "there is no such transform", err);
    int near = firn_str_nearest(word, words, FIRN_COUNT_OF(transforms));
    if (near >= 0)
        firn_err_advise(err,
                        transforms[near].wide ? "did you mean %s(16, …)?" : "did you mean %s(…)?",
                        transforms[near].word);
    return FIRN_E_CONFIG;
}

static bool read_width(firn_str text, int64_t *ret)
{
    return firn_str_i64(firn_str_trim(text), ret) && *ret >= 1 && *ret <= INT32_MAX;
}

/* The number may come before the column or behind it. */
static firn_code read_wide(firn_str text, firn_str width, firn_str inside, firn_str *ret_column,
                           int64_t *ret_width, firn_err *err)
{
    static const char *const wrong = "a number from 1 to 2147483647 and one column stand in the "
                                     "brackets";
    firn_str first = inside;
    if (width.n == 0) {
        first = firn_list_cut(&inside);
        width = inside;
        if (!inside.p || firn_list_cut(&inside).p == NULL || inside.p)
            return bad_term(text, wrong, err);
        if (!read_width(width, ret_width)) {
            firn_str swap = first;
            first = width;
            width = swap;
        }
    }
    if (!read_width(width, ret_width))
        return bad_term(text, wrong, err);
    *ret_column = first;
    return FIRN_OK;
}

firn_str firn_term_cut_width(firn_str *word)
{
    firn_str rest = *word;
    firn_str name = firn_str_cut(&rest, '[');
    if (!rest.p || rest.n == 0 || rest.p[rest.n - 1] != ']')
        return (firn_str){"", 0};
    *word = firn_str_trim(name);
    return (firn_str){rest.p, rest.n - 1};
}

static firn_code read_call(firn_str text, firn_str word, firn_str inside, firn_arena *a,
                           firn_partition_term *ret, firn_err *err)
{
    firn_str column = inside;
    firn_str width = firn_term_cut_width(&word);
    for (size_t i = 0; i < FIRN_COUNT_OF(transforms); i++) {
        if (!firn_str_ieq(word, firn_str_of(transforms[i].word)))
            continue;
        *ret = (firn_partition_term){.kind = transforms[i].kind};
        if (transforms[i].wide)
            FIRN_TRY(read_wide(text, width, inside, &column, &ret->width, err));
        FIRN_TRY(firn_name_unquote(column, a, &ret->column, err));
        firn_str list = column;
        firn_list_cut(&list);
        return ret->column.n && !list.p ? FIRN_OK
                                        : bad_term(text, "one column stands in the brackets", err);
    }
    return unknown_transform(text, word, err);
}

firn_code firn_partition_term_parse(firn_str text, firn_arena *a, firn_partition_term *ret,
                                    firn_err *err)
{
    text = firn_str_trim(text);
    size_t i = 0;
    while (i < text.n && text.p[i] != '(')
        i = is_quote(text.p[i]) ? skip_quoted(text, i) : i + 1;
    if (text.n == 0)
        return bad_term(text, "it is empty", err);
    if (i == text.n) {
        *ret = (firn_partition_term){.kind = FIRN_TRANSFORM_IDENTITY};
        return firn_name_unquote(text, a, &ret->column, err);
    }
    if (text.p[text.n - 1] != ')')
        return bad_term(text, "the bracket is not closed", err);
    firn_str inside = firn_str_trim((firn_str){text.p + i + 1, text.n - i - 2});
    return read_call(text, firn_str_trim((firn_str){text.p, i}), inside, a, ret, err);
}

/* Takes a word off the end; false if it does not stand there. */
static bool take_last(firn_str *text, const char *word)
{
    size_t n = strlen(word);
    if (text->n <= n)
        return false;
    firn_str last = {text->p + text->n - n, n};
    char before = text->p[text->n - n - 1];
    bool apart = before == ' ' || before == '\t' || before == '\n' || before == '\r' ||
                 before == ')' || is_quote(before);
    if (!apart || !firn_str_ieq(last, firn_str_of(word)))
        return false;
    *text = firn_str_trim((firn_str){text->p, text->n - n});
    return true;
}

/* Takes NULLS FIRST or NULLS LAST off the end. */
static bool take_nulls(firn_str *text, bool *ret_last)
{
    firn_str rest = *text;
    bool last = take_last(&rest, "last");
    if ((!last && !take_last(&rest, "first")) || !take_last(&rest, "nulls"))
        return false;
    *text = rest;
    *ret_last = last;
    return true;
}

firn_code firn_sort_term_parse(firn_str text, firn_arena *a, firn_sort_term *ret, firn_err *err)
{
    firn_partition_term term;
    firn_str rest = firn_str_trim(text);
    bool nulls_last = false;
    bool has_nulls = take_nulls(&rest, &nulls_last);
    bool descending = take_last(&rest, "desc");
    if (!descending)
        take_last(&rest, "asc");
    FIRN_TRY(firn_partition_term_parse(rest, a, &term, err));
    *ret = (firn_sort_term){.kind = term.kind,
                            .width = term.width,
                            .column = term.column,
                            .descending = descending,
                            .nulls_last = has_nulls ? nulls_last : descending};
    return FIRN_OK;
}
