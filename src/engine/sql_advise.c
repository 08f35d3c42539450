/* SPDX-License-Identifier: Apache-2.0 */
/* What to do about a statement that the engine refused, told by its message. */
#include "engine/sql_front.h"

#include "base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define MAX_CANDIDATES 16

/* Takes "\nLABEL…" out of the text; *ret is what stood behind the label, in `out`. */
static bool cut_line(char *text, const char *label, char *out, size_t cap)
{
    char *at = strstr(text, label);
    if (!at || at == text || at[-1] != '\n')
        return false;
    const char *rest = at + strlen(label);
    size_t n = strcspn(rest, "\n");
    snprintf(out, cap, "%.*s", (int)FIRN_MIN(n, cap - 1), rest);
    memmove(at - 1, rest + n, strlen(rest + n) + 1);
    return true;
}

/* The next text in double quotes; .p == NULL: there is none. */
static firn_str next_quoted(const char **at)
{
    const char *begin = strchr(*at, '"');
    const char *end = begin ? strchr(begin + 1, '"') : NULL;
    if (!end)
        return (firn_str){NULL, 0};
    *at = end + 1;
    return (firn_str){begin + 1, (size_t)(end - begin - 1)};
}

/* "Candidate bindings: "a", "b"": the nearest one, or all of them. */
static bool advise_columns(firn_err *err)
{
    char list[512];
    firn_str names[MAX_CANDIDATES];
    size_t n = 0;
    const char *text = err->text;
    firn_str wanted = next_quoted(&text);
    if (!wanted.p || !strstr(err->text, "eferenced column"))
        return false;
    char name[128];
    snprintf(name, sizeof name, "%.*s", (int)FIRN_MIN(wanted.n, sizeof name - 1), wanted.p);
    if (!cut_line(err->text, "Candidate bindings: ", list, sizeof list))
        return false;
    const char *at = list;
    for (firn_str s; n < MAX_CANDIDATES && (s = next_quoted(&at)).p;)
        names[n++] = s;
    int near = firn_str_nearest(firn_str_of(name), names, n);
    if (near >= 0)
        firn_err_advise(err, "did you mean %.*s?", FIRN_STR_ARG(names[near]));
    else
        firn_err_advise(err, "columns there are: %.300s", list);
    return true;
}

static bool advise_function(firn_err *err)
{
    char list[256];
    if (!cut_line(err->text, "Did you mean ", list, sizeof list))
        return false;
    const char *at = list;
    firn_str name = next_quoted(&at);
    if (!name.p || !name.n || !isalpha((unsigned char)name.p[0]))
        return false;
    firn_err_advise(err, "did you mean %.*s?", FIRN_STR_ARG(name));
    return true;
}

void firn_sql_advise(firn_err *err)
{
    static const struct {
        const char *part;
        const char *advice;
    } known[] = {
        {"Conversion Error", "TRY_CAST(x AS type), or try_strptime for dates, gives NULL where a "
                             "value cannot be read"},
        {"No files found that match", "look at the path, which is seen from the current folder; a "
                                      "table is written namespace.table, without quotes"},
        {"does not exist because schema", "`firn tables` lists the tables; where there is no "
                                          "project, name the warehouse: firn sql ./lake \"…\""},
        {"GROUP BY clause", "write it behind GROUP BY, or GROUP BY ALL"},
        {"No function matches", "give the arguments other types: x::DOUBLE, x::VARCHAR, …"},
        {"Table with name", "`firn tables` lists the tables; they are named namespace.table"},
        {"yntax error", "names with other characters than letters, digits and _ stand in double "
                        "quotes, texts in single ones; docs/SQL.md has examples"},
        {"Parser Error", "names with other characters than letters, digits and _ stand in double "
                         "quotes, texts in single ones; docs/SQL.md has examples"},
    };
    if (!err || err->advice[0] || advise_columns(err) || advise_function(err))
        return;
    for (size_t i = 0; i < FIRN_COUNT_OF(known); i++)
        if (strstr(err->text, known[i].part)) {
            firn_err_advise(err, "%s", known[i].advice);
            return;
        }
}
