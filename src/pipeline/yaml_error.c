/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a file that is not YAML, in words that help. */
#include "pipeline/yaml_int.h"

#include <stdio.h>
#include <string.h>

firn_place firn_place_of(firn_str text, size_t offset, const char *file)
{
    firn_place p = {file, 1, 1};
    for (size_t i = 0; i < offset && i < text.n; i++) {
        if (text.p[i] == '\n') {
            p.line++;
            p.column = 1;
        } else if (((unsigned char)text.p[i] & 0xc0) != 0x80) {
            p.column++;
        }
    }
    return p;
}

/* The byte at which a line begins, and that of a column in it; the end if there is no such. */
static size_t offset_of(firn_str text, uint32_t line, uint32_t column)
{
    size_t i = 0;
    for (; line > 1 && i < text.n; i++)
        line -= text.p[i] == '\n';
    for (; column > 1 && i < text.n; column--) {
        i++;
        while (i < text.n && ((unsigned char)text.p[i] & 0xc0) == 0x80)
            i++;
    }
    return i;
}

/* --- before the parser sees it ------------------------------------------------------------- */

static firn_code scan_encoding(firn_str text, const char *file, firn_err *err)
{
    bool wide = text.n >= 2 && (memcmp(text.p, "\xff\xfe", 2) == 0 ||
                                memcmp(text.p, "\xfe\xff", 2) == 0 || !text.p[0] || !text.p[1]);
    size_t good = firn_utf8_valid_prefix(text.p, text.n);
    if (!wide && good == text.n)
        return FIRN_OK;
    firn_raise_conf(err, firn_place_of(text, wide ? 0 : good, file), FIRN_ID_YAML,
                    wide ? "the file is UTF-16 or UTF-32, not UTF-8" : "the file is not UTF-8");
    firn_err_advise(err, "save it as UTF-8");
    return FIRN_E_CONFIG;
}

/* Whether a '?' at `i` would be taken for the sign of an explicit key: a blank behind it, and
 * before it nothing, a sign after which a value begins, or an anchor or tag. */
static bool is_key_sign(firn_str text, size_t i)
{
    static const char blanks[] = " \t\r\n";
    if (i + 1 < text.n && !strchr(blanks, text.p[i + 1]))
        return false;
    size_t at = i;
    while (at > 0 && (text.p[at - 1] == ' ' || text.p[at - 1] == '\t'))
        at--;
    if (at == 0 || strchr("\r\n-:,[{?", text.p[at - 1]))
        return true;
    while (at > 0 && !strchr(" \t\r\n,[{", text.p[at - 1]))
        at--;
    return text.p[at] == '&' || text.p[at] == '!';
}

static firn_code scan_byte(firn_str text, size_t i, const char *file, firn_err *err)
{
    unsigned char c = (unsigned char)text.p[i];
    bool first = i == 0 || text.p[i - 1] == '\n' || text.p[i - 1] == '\r';
    if (first && c == '%') {
        firn_raise_conf(err, firn_place_of(text, i, file), FIRN_ID_FEATURE,
                        "directives (%%NAME) are not taken");
        firn_err_advise(err, "take the line out; the file is read as YAML 1.2");
        return FIRN_E_CONFIG;
    }
    /* libfyaml 0.7.12 frees twice when it fails behind such a key */
    if (c == '?' && is_key_sign(text, i)) {
        firn_raise_conf(err, firn_place_of(text, i, file), FIRN_ID_FEATURE,
                        "explicit keys ('? key') are not taken");
        firn_err_advise(err, "write it like this: key: value");
        return FIRN_E_CONFIG;
    }
    if ((c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) {
        firn_raise_conf(err, firn_place_of(text, i, file), FIRN_ID_YAML,
                        "a control character (byte 0x%02x) stands here", c);
        firn_err_advise(err, "take it out, or write it as \"\\x%02x\" in double quotes", c);
        return FIRN_E_CONFIG;
    }
    return FIRN_OK;
}

firn_code firn_yaml_scan(firn_str text, const char *file, firn_err *err)
{
    if (text.n > FIRN_YAML_MAX_BYTES) {
        firn_raise_conf(err, firn_place_in(file, 0, 0), FIRN_ID_TOO_LARGE,
                        "%zu bytes are more than settings need; the limit is %zu", text.n,
                        FIRN_YAML_MAX_BYTES);
        firn_err_advise(err, "is this the right file?");
        return FIRN_E_CONFIG;
    }
    FIRN_TRY(scan_encoding(text, file, err));
    for (size_t i = 0; i < text.n; i++)
        FIRN_TRY(scan_byte(text, i, file, err));
    return FIRN_OK;
}

/* --- after it gave up ---------------------------------------------------------------------- */

/* Parts of libfyaml's messages, and what they mean to somebody who writes a project file. */
static const struct {
    const char *part;
    const char *text;
    const char *advice;
} meanings[] = {
    {"without closing quote", "a text in quotes has no closing quote",
     "end it with the quote it begins with; inside of '…' a quote is written twice"},
    {"multiline plain key", "this text runs on into the next line, which is a key",
     "write 'key: value' with a blank behind the colon, and let the keys of one map begin in one "
     "column"},
    {"multiline double-quoted scalar used as key", "a key cannot go over several lines",
     "write it in one line"},
    {"nested block mapping on the same line", "a second ': ' stands in this line",
     "put the value in quotes if the colon belongs to it, or begin a new line for the inner map"},
    {"block sequence on the same line", "a list with '-' begins in a line of its own",
     "or write it in one line: [a, b]"},
    {"escape", "this is no escape that double quotes know",
     "use single quotes, in which a backslash is a backslash"},
    {"extra comma", "there is nothing between two commas", "take one of them out"},
    {"comma in the beginning", "a comma stands before the first value", "take it out"},
    {"mismatched flow", "this bracket does not match the open one",
     "'[' ends with ']', '{' with '}'"},
    {"extra closing", "this bracket closes nothing", "take it out"},
    {"no linebreak found", "nothing may stand behind '|' or '>'",
     "write the text into the next lines, indented; or put it in quotes"},
    {"trailing content", "something stands behind the closing quote",
     "put all of the text in quotes, or none of it"},
    {"node content", "a value is wanted here",
     "a '-' wants one behind it, and a text that begins with a comma wants quotes"},
    {"expected key", "this line does not continue what stands above it",
     "the keys of one map begin in one column, and so do the '-' of one list"},
    {"indent", "this line does not continue what stands above it",
     "the keys of one map begin in one column, and so do the '-' of one list"},
    {"indendation", "this line does not continue what stands above it",
     "the keys of one map begin in one column, and so do the '-' of one list"},
    {"end of block sequence", "this line does not continue what stands above it",
     "the keys of one map begin in one column, and so do the '-' of one list"},
    {"expected '-'", "this line does not continue what stands above it",
     "the keys of one map begin in one column, and so do the '-' of one list"},
};

static firn_code raise_yaml(firn_place place, const char *text, const char *advice, firn_err *err)
{
    firn_raise_conf(err, place, FIRN_ID_YAML, "%s", text);
    firn_err_advise(err, "%s", advice);
    return FIRN_E_CONFIG;
}

/* A tab among the blanks that indent the line of the fault or the one behind it; false if there is
 * none. */
static bool find_tab(const firn_yaml_fault *fault, firn_place *ret)
{
    size_t start = offset_of(fault->text, fault->line, 1);
    for (uint32_t line = fault->line; line <= fault->line + 1; line++) {
        size_t i = start;
        while (i < fault->text.n && fault->text.p[i] == ' ')
            i++;
        if (i < fault->text.n && fault->text.p[i] == '\t') {
            *ret = firn_place_of(fault->text, i, fault->file);
            return true;
        }
        const char *end = memchr(fault->text.p + start, '\n', fault->text.n - start);
        if (!end)
            return false;
        start = (size_t)(end - fault->text.p) + 1;
    }
    return false;
}

/* Nothing but blanks and comments follow. */
static bool is_at_end(firn_str text, size_t at)
{
    firn_str rest = {text.p + at, text.n - at};
    while (rest.p) {
        firn_str line = firn_str_trim(firn_str_cut(&rest, '\n'));
        if (line.n && line.p[0] != '#')
            return false;
    }
    return true;
}

/* A comma is missing: often because a text should have been in quotes. */
static firn_code missing_comma(const firn_yaml_fault *fault, size_t at, firn_place place,
                               firn_err *err)
{
    firn_str t = fault->text;
    if (at > 0 && at < t.n && t.p[at] == '{' && t.p[at - 1] == '$') {
        place.column--;
        return raise_yaml(place, "inside of '{…}' and '[…]' a variable needs quotes",
                          "write it like this: \"${NAME}\"", err);
    }
    if (at < t.n && t.p[at] == ':')
        return raise_yaml(place, "inside of '{…}' and '[…]' a text with ': ' needs quotes",
                          "put the whole value in quotes, or take the blank behind the colon out",
                          err);
    return raise_yaml(place, "a comma is missing before this",
                      "values of '[…]' and '{…}' are separated by commas", err);
}

/* A value behind a list or map that is closed, or a line without a colon. */
static firn_code value_too_many(const firn_yaml_fault *fault, size_t at, firn_place place,
                                firn_err *err)
{
    firn_str before = {fault->text.p, at};
    while (before.n && before.p[before.n - 1] == ' ')
        before.n--;
    char c = before.n ? before.p[before.n - 1] : '\n';
    if (c == '}' || c == ']')
        return raise_yaml(place, "something stands behind the end of a list or map",
                          "put the whole value in quotes", err);
    return raise_yaml(place, "this is no 'key: value'",
                      "a line of a map is a key, a colon, a blank and a value", err);
}

static firn_code cannot_begin(const firn_yaml_fault *fault, size_t at, firn_place place,
                              firn_err *err)
{
    char text[sizeof(firn_quoted) + 32];
    snprintf(text, sizeof text, "a text cannot begin with %s",
             firn_quote((firn_str){fault->text.p + at, at < fault->text.n}).s);
    return raise_yaml(place, text, "put it in quotes", err);
}

firn_code firn_yaml_explain(const firn_yaml_fault *fault, firn_err *err)
{
    firn_place place = {fault->file, fault->line, fault->column};
    firn_place tab;
    const char *message = fault->message ? fault->message : "";
    size_t at = offset_of(fault->text, fault->line, fault->column);
    if (find_tab(fault, &tab))
        return raise_yaml(tab, "a tab indents this line", "YAML is indented with blanks", err);
    if (fault->opener.line && is_at_end(fault->text, at))
        return raise_yaml(fault->opener, "this bracket is not closed",
                          "write the ']' or '}' that belongs to it", err);
    if (strstr(message, "missing comma"))
        return missing_comma(fault, at, place, err);
    if (strstr(message, "cannot start with"))
        return cannot_begin(fault, at, place, err);
    if (strstr(message, "invalid value after mapping"))
        return value_too_many(fault, at, place, err);
    for (size_t i = 0; i < FIRN_COUNT_OF(meanings); i++) {
        if (!strstr(message, meanings[i].part))
            continue;
        if (strstr(message, "closing quote"))
            place.column -= place.column > 1; /* the mark is behind the quote */
        return raise_yaml(place, meanings[i].text, meanings[i].advice, err);
    }
    firn_raise_conf(err, place, FIRN_ID_YAML, "this is not YAML%s%s", *message ? ": " : "",
                    *message ? firn_quotec(message).s : "");
    firn_err_advise(err, "put the text in quotes, or look at the brackets and the indentation");
    return FIRN_E_CONFIG;
}
