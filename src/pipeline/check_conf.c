/* SPDX-License-Identifier: Apache-2.0 */
/* Checks as they are written: a word, an SQL condition, or a map that says more. */
#include "pipeline/project_int.h"

#include "base/datetime.h"

#include <string.h>

static const char *const severity_words[] = {"error", "warn", NULL};

typedef struct check_raw {
    firn_str check;
    const firn_conf *accepted_values;
    const firn_conf *relationships;
    const firn_conf *row_count;
    const firn_conf *freshness;
    const firn_conf *unique;
    int severity;
    firn_str name;
    firn_str where;
} check_raw;

const firn_option firn_check_options[] = {
    {.key = "check",
     .kind = FIRN_OPT_STRING,
     .flags = FIRN_OPT_NOT_EMPTY,
     .offset = offsetof(check_raw, check),
     .example = "\"debit >= 0\"",
     .help = "An SQL condition that holds for every row; for a column also not_null or unique."},
    {.key = "accepted_values",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(check_raw, accepted_values),
     .shapes = FIRN_CONF_LIST | FIRN_CONF_MAP,
     .example = "[open, paid]",
     .help = "Of a column: the values it may have, beside null."},
    {.key = "relationships",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(check_raw, relationships),
     .shapes = FIRN_CONF_MAP,
     .example = "{to: curated.dim_owner, field: id}",
     .help = "Each value of the column, beside null, is there in that column of that table."},
    {.key = "row_count",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(check_raw, row_count),
     .shapes = FIRN_CONF_TEXT | FIRN_CONF_MAP,
     .example = "{min: 1, max: 1000000}",
     .help = "How many rows the whole table has; a number alone: exactly so many."},
    {.key = "freshness",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(check_raw, freshness),
     .shapes = FIRN_CONF_TEXT | FIRN_CONF_MAP,
     .example = "{column: loaded_at, max_age: 2d}",
     .help = "How old the newest value may be when it is looked at; at a column the age alone is "
             "enough."},
    {.key = "unique",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(check_raw, unique),
     .shapes = FIRN_CONF_TEXT | FIRN_CONF_LIST,
     .example = "[entry_id, line_no]",
     .help = "Columns that together have no value twice; rows with a null in one of them do not "
             "count."},
    {.key = "severity",
     .kind = FIRN_OPT_ENUM,
     .offset = offsetof(check_raw, severity),
     .otherwise = "error",
     .words = severity_words,
     .example = "warn",
     .help = "error: nothing is committed; warn: the rows are counted and said."},
    {.key = "name",
     .kind = FIRN_OPT_STRING,
     .flags = FIRN_OPT_NOT_EMPTY,
     .offset = offsetof(check_raw, name),
     .computed = "the check itself",
     .example = "balanced",
     .help = "What the check is called in results."},
    {.key = "where",
     .kind = FIRN_OPT_STRING,
     .flags = FIRN_OPT_NOT_EMPTY,
     .offset = offsetof(check_raw, where),
     .example = "\"status = 'paid'\"",
     .help = "An SQL condition: only rows for which it is true are looked at."},
    {.key = NULL},
};

typedef struct values_raw {
    const firn_conf *values;
    bool quote; /* dbt's; values are read as the column's type is */
} values_raw;

static const firn_option values_options[] = {
    {.key = "values",
     .kind = FIRN_OPT_CONF,
     .flags = FIRN_OPT_REQUIRED,
     .offset = offsetof(values_raw, values),
     .shapes = FIRN_CONF_LIST,
     .example = "[open, paid]",
     .help = "The values."},
    {.key = "quote",
     .kind = FIRN_OPT_BOOL,
     .offset = offsetof(values_raw, quote),
     .otherwise = "true",
     .example = "false",
     .help = "Taken for dbt's sake; values are read as the column's type is."},
    {.key = NULL},
};

typedef struct relationships_raw {
    firn_str column;
    const firn_conf *to;
    firn_str field;
} relationships_raw;

const firn_option firn_relationships_options[] = {
    {.key = "to",
     .kind = FIRN_OPT_CONF,
     .flags = FIRN_OPT_REQUIRED,
     .offset = offsetof(relationships_raw, to),
     .shapes = FIRN_CONF_TEXT,
     .example = "curated.dim_owner",
     .help = "The table or view that has the values; made before this one."},
    {.key = "field",
     .kind = FIRN_OPT_STRING,
     .flags = FIRN_OPT_NOT_EMPTY,
     .offset = offsetof(relationships_raw, field),
     .computed = "the column's name",
     .example = "id",
     .help = "The column there."},
    {.key = "column",
     .kind = FIRN_OPT_STRING,
     .flags = FIRN_OPT_NOT_EMPTY,
     .offset = offsetof(relationships_raw, column),
     .computed = "the column it stands at",
     .example = "owner_id",
     .help = "The column here, where the check stands at the table."},
    {.key = NULL},
};

typedef struct row_count_raw {
    int64_t min;
    int64_t max;
} row_count_raw;

const firn_option firn_row_count_options[] = {
    {.key = "min",
     .kind = FIRN_OPT_INT,
     .offset = offsetof(row_count_raw, min),
     .min = 0,
     .max = INT64_MAX,
     .example = "1",
     .help = "Rows at least."},
    {.key = "max",
     .kind = FIRN_OPT_INT,
     .offset = offsetof(row_count_raw, max),
     .min = 0,
     .max = INT64_MAX,
     .example = "1000000",
     .help = "Rows at most."},
    {.key = NULL},
};

typedef struct freshness_raw {
    firn_str column;
    int64_t max_age_ms;
} freshness_raw;

const firn_option firn_freshness_options[] = {
    {.key = "column",
     .kind = FIRN_OPT_STRING,
     .flags = FIRN_OPT_NOT_EMPTY,
     .offset = offsetof(freshness_raw, column),
     .computed = "the column it stands at",
     .example = "updated_at",
     .help = "A date or timestamp; without a zone it is taken as UTC, a date as its beginning."},
    {.key = "max_age",
     .kind = FIRN_OPT_DURATION,
     .flags = FIRN_OPT_REQUIRED,
     .offset = offsetof(freshness_raw, max_age_ms),
     .min = 1,
     .max = INT64_MAX / 1000,
     .example = "2d",
     .help = "From the newest value to the moment at which the check looks."},
    {.key = NULL},
};

/* --- words --------------------------------------------------------------------------------- */

static const firn_str kind_words[] = {
    {"not_null", 8},       {"unique", 6},    {"accepted_values", 15},
    {"relationships", 13}, {"row_count", 9}, {"freshness", 9},
};

static const char *const kind_examples[] = {
    "[not_null]",
    "[unique]",
    "[{accepted_values: [a, b]}]",
    "[{relationships: {to: ns.table, field: id}}]",
    "[{row_count: {min: 1}}]",
    "[{freshness: {column: updated_at, max_age: 2d}}]",
};

static bool is_word(firn_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
              (i && c >= '0' && c <= '9')))
            return false;
    }
    return s.n > 0;
}

static firn_code unknown_word(const firn_conf *c, firn_str word, firn_err *err)
{
    firn_raise_conf(err, c->place, FIRN_ID_CHECK, "there is no check %s", firn_quote(word).s);
    int near = firn_str_nearest(word, kind_words, FIRN_COUNT_OF(kind_words));
    if (near >= 0)
        firn_err_advise(err, "did you mean '%s'?", kind_words[near].p);
    else
        firn_err_advise(err, "a check of a column is not_null, unique, accepted_values, "
                             "relationships, freshness or an SQL condition like \"amount >= 0\"");
    return FIRN_E_CONFIG;
}

/* A word that needs more than itself: accepted_values, … */
static firn_code word_alone(const firn_conf *c, size_t word, firn_err *err)
{
    firn_raise_conf(err, c->place, FIRN_ID_CHECK, "the check '%s' does not say enough",
                    kind_words[word].p);
    firn_err_advise(err, "write it like this: checks: %s", kind_examples[word]);
    return FIRN_E_CONFIG;
}

static firn_code wants_column(const firn_conf *c, const char *word, firn_err *err)
{
    firn_raise_conf(err, c->place, FIRN_ID_CHECK, "'%s' is a check of a column", word);
    if (strcmp(word, "not_null") == 0 || strcmp(word, "unique") == 0)
        firn_err_advise(err, "write it there: columns: {NAME: {checks: [%s]}}", word);
    else if (strcmp(word, "accepted_values") == 0)
        firn_err_advise(err, "write it there: columns: {NAME: {checks: [{accepted_values: [a, "
                             "b]}]}}");
    else
        firn_err_advise(err,
                        "write it there, columns: {NAME: {checks: [{%s: …}]}}, or add "
                        "column: NAME",
                        word);
    return FIRN_E_CONFIG;
}

/* The one column that a check looks at; it must not be inside of a list. */
static firn_code check_column(const firn_conf *c, const char *word, firn_str column, firn_err *err)
{
    if (column.n == 0)
        return wants_column(c, word, err);
    if (!memmem(column.p, column.n, "[]", 2))
        return FIRN_OK;
    firn_raise_conf(err, c->place, FIRN_ID_CHECK, "'%s' cannot look into a list", word);
    firn_err_advise(err, "write an SQL condition on the list, or check the table of a model that "
                         "unnests it");
    return FIRN_E_CONFIG;
}

/* A column named inside of a check that stands at a column already. */
static firn_code merge_column(const firn_conf *c, const char *word, firn_str inside,
                              firn_check *ret, firn_err *err)
{
    if (ret->column.n && inside.n && !firn_str_eq(ret->column, inside)) {
        firn_raise_conf(err, c->place, FIRN_ID_CHECK,
                        "this check stands at column %s and names another one",
                        firn_quote(ret->column).s);
        firn_err_advise(err, "leave column: out, or move the check to the checks: of the table");
        return FIRN_E_CONFIG;
    }
    if (inside.n)
        ret->column = inside;
    return check_column(c, word, ret->column, err);
}

/* --- each kind ----------------------------------------------------------------------------- */

/* not_null, unique, or a condition. */
static firn_code set_text(const firn_conf *c, firn_str text, firn_arena *a, firn_check *ret,
                          firn_err *err)
{
    size_t word = 0;
    while (word < FIRN_COUNT_OF(kind_words) && !firn_str_eq(text, kind_words[word]))
        word++;
    if (word >= FIRN_COUNT_OF(kind_words)) {
        ret->kind = FIRN_CHECK_EXPRESSION;
        ret->sql = text;
        return ret->column.n && is_word(text) ? unknown_word(c, text, err) : FIRN_OK;
    }
    if (word > 1)
        return word_alone(c, word, err);
    ret->kind = word == 0 ? FIRN_CHECK_NOT_NULL : FIRN_CHECK_UNIQUE;
    FIRN_TRY(check_column(c, kind_words[word].p, ret->column, err));
    ret->columns.v = firn_arena_array(a, 1, sizeof *ret->columns.v);
    if (!ret->columns.v)
        return firn_arena_raise(a, err);
    ret->columns.v[ret->columns.n++] = ret->column;
    return FIRN_OK;
}

/* The texts of a list; `what` is "a value", "a column". */
static firn_code read_texts(const firn_conf *list, const char *what, firn_arena *a,
                            firn_strings *ret, firn_err *err)
{
    size_t count = list->kind == FIRN_CONF_LIST ? list->count : 1;
    const firn_conf *items = list->kind == FIRN_CONF_LIST ? list->items : list;
    ret->v = firn_arena_array(a, count, sizeof *ret->v);
    if (!ret->v)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < count; i++) {
        if (items[i].kind == FIRN_CONF_TEXT && !firn_conf_is_null(&items[i])) {
            ret->v[ret->n++] = items[i].text;
            continue;
        }
        firn_raise_conf(err, items[i].place, FIRN_ID_SHAPE, "%s is a text, not %s", what,
                        firn_conf_is_null(&items[i]) ? "nothing"
                                                     : firn_conf_kind_name(items[i].kind));
        firn_err_advise(err, "%s",
                        firn_conf_is_null(&items[i])
                            ? "take it out: null is always accepted; not_null refuses it"
                            : "write it like this: [a, b]");
        return FIRN_E_CONFIG;
    }
    return FIRN_OK;
}

static firn_code empty_list(const firn_conf *c, const char *what, firn_err *err)
{
    firn_raise_conf(err, c->place, FIRN_ID_CHECK, "%s is empty", what);
    firn_err_advise(err, "write it like this: [a, b]");
    return FIRN_E_CONFIG;
}

static firn_code set_values(const firn_conf *c, firn_arena *a, firn_check *ret, firn_err *err)
{
    values_raw raw = {.values = c};
    ret->kind = FIRN_CHECK_ACCEPTED_VALUES;
    FIRN_TRY(check_column(c, "accepted_values", ret->column, err));
    if (c->kind == FIRN_CONF_MAP)
        FIRN_TRY(firn_options_fill(values_options, c, true, &raw, a, err));
    if (raw.values->count == 0)
        return empty_list(raw.values, "the list of accepted values", err);
    return read_texts(raw.values, "a value", a, &ret->values, err);
}

static firn_code set_relationships(const firn_conf *c, firn_arena *a, firn_check *ret,
                                   firn_err *err)
{
    relationships_raw raw = {.to = NULL};
    ret->kind = FIRN_CHECK_RELATIONSHIPS;
    FIRN_TRY(firn_options_fill(firn_relationships_options, c, true, &raw, a, err));
    FIRN_TRY(merge_column(c, "relationships", raw.column, ret, err));
    FIRN_TRY(firn_conf_ident(raw.to, &ret->to, err));
    ret->field = raw.field.n ? raw.field : ret->column;
    return FIRN_OK;
}

static firn_code bad_row_count(const firn_conf *c, const char *why, firn_err *err)
{
    firn_raise_conf(err, c->place, FIRN_ID_CHECK, "row_count: %s", why);
    firn_err_advise(err, "write it like this: {row_count: {min: 1, max: 1000}} or {row_count: 12}");
    return FIRN_E_CONFIG;
}

static firn_code set_row_count(const firn_conf *c, firn_arena *a, firn_check *ret, firn_err *err)
{
    row_count_raw raw = {0};
    ret->kind = FIRN_CHECK_ROW_COUNT;
    if (ret->column.n) {
        firn_raise_conf(err, c->place, FIRN_ID_CHECK, "row_count is a check of the table");
        firn_err_advise(err, "move it out of columns: to the table's own checks:");
        return FIRN_E_CONFIG;
    }
    ret->min_rows = 0;
    ret->max_rows = INT64_MAX;
    if (c->kind == FIRN_CONF_TEXT) {
        bool number = firn_str_i64(c->text, &ret->min_rows) && ret->min_rows >= 0;
        ret->max_rows = ret->min_rows;
        return number ? FIRN_OK : bad_row_count(c, "a number of rows stands there", err);
    }
    FIRN_TRY(firn_options_fill(firn_row_count_options, c, true, &raw, a, err));
    bool min = firn_conf_get(c, "min") != NULL;
    bool max = firn_conf_get(c, "max") != NULL;
    if (!min && !max)
        return bad_row_count(c, "neither min nor max is given", err);
    if (min)
        ret->min_rows = raw.min;
    if (max)
        ret->max_rows = raw.max;
    return ret->min_rows <= ret->max_rows ? FIRN_OK
                                          : bad_row_count(c, "min is larger than max", err);
}

static firn_code set_freshness(const firn_conf *c, firn_arena *a, firn_check *ret, firn_err *err)
{
    freshness_raw raw = {0};
    ret->kind = FIRN_CHECK_FRESHNESS;
    if (c->kind == FIRN_CONF_MAP)
        FIRN_TRY(firn_options_fill(firn_freshness_options, c, true, &raw, a, err));
    FIRN_TRY(merge_column(c, "freshness", raw.column, ret, err));
    ret->max_age_ms = raw.max_age_ms;
    bool age = c->kind == FIRN_CONF_MAP ||
               (firn_duration_parse(c->text, &ret->max_age_ms) && ret->max_age_ms > 0);
    if (age)
        return FIRN_OK;
    firn_raise_conf(err, c->place, FIRN_ID_VALUE, "freshness: %s is no age", firn_conf_quote(c).s);
    firn_err_advise(err, "write it like this: {freshness: 2d}; also 90m, 36h, 2w");
    return FIRN_E_CONFIG;
}

static firn_code set_unique(const firn_conf *c, firn_arena *a, firn_check *ret, firn_err *err)
{
    ret->kind = FIRN_CHECK_UNIQUE;
    if (ret->column.n) {
        firn_raise_conf(err, c->place, FIRN_ID_CHECK,
                        "unique over a list of columns is a check of the table");
        firn_err_advise(err, "move it to the table's own checks:; of one column write: {check: "
                             "unique, severity: warn}");
        return FIRN_E_CONFIG;
    }
    FIRN_TRY(read_texts(c, "a column", a, &ret->columns, err));
    if (ret->columns.n == 0)
        return empty_list(c, "the list of columns", err);
    for (size_t i = 0; i < ret->columns.n; i++)
        FIRN_TRY(check_column(c, "unique", ret->columns.v[i], err));
    return FIRN_OK;
}

/* --- names --------------------------------------------------------------------------------- */

static firn_code add_list(firn_buf *b, const firn_strings *list, firn_err *err)
{
    for (size_t i = 0; i < list->n; i++)
        FIRN_TRY(firn_buf_addf(b, err, "%s%.*s", i ? ", " : "", FIRN_STR_ARG(list->v[i])));
    return FIRN_OK;
}

static firn_code add_name(const firn_check *k, firn_buf *b, firn_err *err)
{
    switch (k->kind) {
    case FIRN_CHECK_EXPRESSION:
        return firn_buf_addstr(b, k->sql, err);
    case FIRN_CHECK_NOT_NULL:
        return firn_buf_addf(b, err, "not_null(%.*s)", FIRN_STR_ARG(k->column));
    case FIRN_CHECK_UNIQUE:
        FIRN_TRY(firn_buf_adds(b, "unique(", err));
        FIRN_TRY(add_list(b, &k->columns, err));
        return firn_buf_addc(b, ')', err);
    case FIRN_CHECK_ACCEPTED_VALUES:
        return firn_buf_addf(b, err, "accepted_values(%.*s)", FIRN_STR_ARG(k->column));
    case FIRN_CHECK_RELATIONSHIPS:
        return firn_buf_addf(b, err, "relationships(%.*s, %.*s.%.*s.%.*s)", FIRN_STR_ARG(k->column),
                             FIRN_STR_ARG(k->to.ns), FIRN_STR_ARG(k->to.name),
                             FIRN_STR_ARG(k->field));
    case FIRN_CHECK_ROW_COUNT:
        return firn_buf_adds(b, "row_count", err);
    case FIRN_CHECK_FRESHNESS:
        return firn_buf_addf(b, err, "freshness(%.*s)", FIRN_STR_ARG(k->column));
    }
    return FIRN_OK;
}

static firn_code set_name(firn_str given, firn_arena *a, firn_check *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf b = FIRN_BUF((size_t)1 << 20);
    ret->name = given;
    if (given.n)
        return FIRN_OK;
    FIRN_TRY(add_name(ret, &b, err));
    ret->name = firn_arena_str(a, firn_buf_str(&b));
    return ret->name.p ? FIRN_OK : firn_arena_raise(a, err);
}

/* --- a check ------------------------------------------------------------------------------- */

static firn_code not_a_check(const firn_conf *c, firn_err *err)
{
    firn_raise_conf(err, c->place, FIRN_ID_SHAPE, "a check is a text or a map, not %s",
                    c->kind == FIRN_CONF_LIST ? "a list" : "nothing");
    firn_err_advise(err, "write it like this: checks: [\"debit >= 0\", {check: \"credit >= 0\", "
                         "severity: warn}]");
    return FIRN_E_CONFIG;
}

/* A map says one thing to check. */
static firn_code count_kinds(const firn_conf *c, const check_raw *raw, firn_err *err)
{
    int kinds = (raw->check.n > 0) + (raw->accepted_values != NULL) + (raw->relationships != NULL) +
                (raw->row_count != NULL) + (raw->freshness != NULL) + (raw->unique != NULL);
    if (kinds == 1)
        return FIRN_OK;
    firn_raise_conf(err, c->place, kinds ? FIRN_ID_CHECK : FIRN_ID_MISSING,
                    kinds ? "a check checks one thing, this one says %d"
                          : "this check does not say what to check",
                    kinds);
    firn_err_advise(err, kinds ? "make a list item of each: [{check: …}, {unique: …}]"
                               : "add one of check, unique, accepted_values, relationships, "
                                 "row_count, freshness");
    return FIRN_E_CONFIG;
}

static firn_code set_kind(const firn_conf *c, const check_raw *raw, firn_arena *a, firn_check *ret,
                          firn_err *err)
{
    if (raw->accepted_values)
        return set_values(raw->accepted_values, a, ret, err);
    if (raw->relationships)
        return set_relationships(raw->relationships, a, ret, err);
    if (raw->row_count)
        return set_row_count(raw->row_count, a, ret, err);
    if (raw->freshness)
        return set_freshness(raw->freshness, a, ret, err);
    if (raw->unique)
        return set_unique(raw->unique, a, ret, err);
    return set_text(c, firn_str_trim(raw->check), a, ret, err);
}

static firn_code read_check(const firn_conf *c, firn_str column, firn_arena *a, firn_check *ret,
                            firn_err *err)
{
    check_raw raw = {.check = c->text};
    bool map = c->kind == FIRN_CONF_MAP;
    if (map)
        FIRN_TRY(firn_options_fill(firn_check_options, c, true, &raw, a, err));
    bool text = c->kind == FIRN_CONF_TEXT && !firn_conf_is_null(c) && firn_str_trim(c->text).n;
    if (!map && !text)
        return not_a_check(c, err);
    if (map)
        FIRN_TRY(count_kinds(c, &raw, err));
    *ret = (firn_check){.severity = (firn_severity)raw.severity,
                        .column = column,
                        .where = firn_str_trim(raw.where),
                        .place = c->place};
    FIRN_TRY(set_kind(c, &raw, a, ret, err));
    return set_name(raw.name, a, ret, err);
}

firn_code firn_read_checks(const firn_conf *list, firn_str column, firn_arena *a,
                           firn_check_vec *vec, firn_err *err)
{
    for (size_t i = 0; list && i < list->count; i++) {
        firn_check check;
        FIRN_TRY(read_check(&list->items[i], column, a, &check, err));
        for (size_t k = 0; k < vec->n; k++) {
            if (!firn_str_eq(vec->v[k].name, check.name))
                continue;
            firn_raise_conf(err, check.place, FIRN_ID_CLASH, "there are two checks %s",
                            firn_quote(check.name).s);
            firn_err_advise(err,
                            "the first one is in line %u; take one out, or give it another "
                            "name: {check: …, name: …}",
                            vec->v[k].place.line);
            return FIRN_E_CONFIG;
        }
        if (!firn_vec_push(a, vec, check))
            return firn_arena_raise(a, err);
    }
    return FIRN_OK;
}
