/* SPDX-License-Identifier: Apache-2.0 */
/* What ingest entries and models say alike about their tables: partition and columns. */
#include "pipeline/project_int.h"

#include "format/datefmt.h"
#include "iceberg/term.h"

#include <string.h>

/* --- partition ----------------------------------------------------------------------------- */

static const struct {
    const char *word;
    firn_transform_kind kind;
    bool wide; /* a number comes first: bucket(16, id) */
} transforms[] = {
    {"identity", FIRN_TRANSFORM_IDENTITY, false}, {"year", FIRN_TRANSFORM_YEAR, false},
    {"month", FIRN_TRANSFORM_MONTH, false},       {"day", FIRN_TRANSFORM_DAY, false},
    {"hour", FIRN_TRANSFORM_HOUR, false},         {"bucket", FIRN_TRANSFORM_BUCKET, true},
    {"truncate", FIRN_TRANSFORM_TRUNCATE, true},
};

static firn_code bad_term(const firn_conf *c, const char *why, const char *advice, firn_err *err)
{
    firn_raise_conf(err, c->place, FIRN_ID_PARTITION, "partition %s: %s", firn_conf_quote(c).s,
                    why);
    firn_err_advise(err, "%s",
                    advice ? advice
                           : "a partition is a column, or year(x), month(x), day(x), hour(x), "
                             "bucket(16, x), truncate(4, x) of one");
    return FIRN_E_CONFIG;
}

static firn_code unknown_transform(const firn_conf *c, firn_str word, firn_err *err)
{
    firn_str words[FIRN_COUNT_OF(transforms)];
    for (size_t i = 0; i < FIRN_COUNT_OF(transforms); i++)
        words[i] = firn_str_of(transforms[i].word);
    bad_term(c, "there is no such transform", NULL, err);
    int near = c->replaced ? -1 : firn_str_nearest(word, words, FIRN_COUNT_OF(transforms));
    if (near >= 0)
        firn_err_advise(err,
                        transforms[near].wide ? "did you mean %s(16, …)?" : "did you mean %s(…)?",
                        transforms[near].word);
    return FIRN_E_CONFIG;
}

static firn_code read_width(const firn_conf *c, firn_str text, int64_t *ret, firn_err *err)
{
    if (firn_str_i64(firn_str_trim(text), ret) && *ret >= 1 && *ret <= INT32_MAX)
        return FIRN_OK;
    return bad_term(c, "a number from 1 to 2147483647 comes first in the brackets",
                    "write it like this: bucket(16, id) or truncate(4, name)", err);
}

/* What stands in the brackets: "id", or "16, id".  `width` is that of bucket[16](id), or "". */
static firn_code read_arguments(const firn_conf *c, firn_str width, firn_str inside, bool wide,
                                firn_partition_term *ret, firn_err *err)
{
    bool has_comma = memchr(inside.p, ',', inside.n) != NULL;
    if (wide && width.n == 0) {
        width = firn_str_cut(&inside, ',');
        if (!has_comma)
            return read_width(c, FIRN_STR_LIT(""), &ret->width, err);
        has_comma = memchr(inside.p, ',', inside.n) != NULL;
    }
    if (wide)
        FIRN_TRY(read_width(c, width, &ret->width, err));
    ret->column = firn_str_trim(inside);
    if (ret->column.n == 0 || has_comma || memchr(ret->column.p, '(', ret->column.n))
        return bad_term(c, "one column stands in the brackets", NULL, err);
    return FIRN_OK;
}

static firn_code not_a_term(const firn_conf *c, firn_err *err)
{
    firn_raise_conf(err, c->place, FIRN_ID_SHAPE, "a partition is a text, not %s",
                    firn_conf_is_null(c) ? "nothing" : firn_conf_kind_name(c->kind));
    firn_err_advise(err, "write it like this: partition: [month(date), country]");
    return FIRN_E_CONFIG;
}

/* "day(ts)", "country", "bucket(16, id)". */
static firn_code read_term(const firn_conf *c, firn_partition_term *ret, firn_err *err)
{
    if (c->kind != FIRN_CONF_TEXT || firn_conf_is_null(c))
        return not_a_term(c, err);
    firn_str inside = firn_str_trim(c->text);
    firn_str word = firn_str_trim(firn_str_cut(&inside, '('));
    if (!inside.p) {
        *ret = (firn_partition_term){.kind = FIRN_TRANSFORM_IDENTITY, .column = word};
        return word.n ? FIRN_OK : bad_term(c, "it is empty", NULL, err);
    }
    if (inside.n == 0 || inside.p[inside.n - 1] != ')')
        return bad_term(c, "the bracket is not closed", NULL, err);
    inside = firn_str_trim((firn_str){inside.p, inside.n - 1});
    firn_str width = firn_term_cut_width(&word);
    for (size_t i = 0; i < FIRN_COUNT_OF(transforms); i++) {
        bool found = firn_str_eqc(word, transforms[i].word) && (transforms[i].wide || width.n == 0);
        if (!found)
            continue;
        *ret = (firn_partition_term){.kind = transforms[i].kind};
        return read_arguments(c, width, inside, transforms[i].wide, ret, err);
    }
    return unknown_transform(c, word, err);
}

static firn_code check_redundant(const firn_conf *c, const firn_partition_term *terms, size_t n,
                                 firn_err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (!firn_str_eq(terms[i].column, terms[n].column))
            continue;
        if (terms[i].kind == terms[n].kind && terms[i].width == terms[n].width)
            return bad_term(c, "it stands in the list twice", "take one of them out", err);
        if (firn_transform_is_time(terms[i].kind) && firn_transform_is_time(terms[n].kind))
            return bad_term(c, "the column is partitioned by time already",
                            "keep the finer one of the two: queries on years and months prune "
                            "with it as well",
                            err);
    }
    return FIRN_OK;
}

firn_code firn_read_partition(const firn_conf *c, firn_arena *a, firn_table_conf *ret,
                              firn_err *err)
{
    if (!c)
        return FIRN_OK;
    const firn_conf *items = c->kind == FIRN_CONF_LIST ? c->items : c;
    size_t count = c->kind == FIRN_CONF_LIST ? c->count : 1;
    firn_partition_term *terms = firn_arena_array(a, count, sizeof *terms);
    if (!terms)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < count; i++) {
        FIRN_TRY(read_term(&items[i], &terms[i], err));
        FIRN_TRY(check_redundant(&items[i], terms, i, err));
    }
    ret->partition = terms;
    ret->partition_count = count;
    ret->partition_place = c->place;
    return FIRN_OK;
}

/* --- description and tags ------------------------------------------------------------------ */

static bool is_tag(firn_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == ',' || s.p[i] == '+' || s.p[i] == '*')
            return false;
    return s.n > 0;
}

firn_code firn_read_about(const firn_about_raw *raw, const firn_conf *map, firn_table_conf *ret,
                          firn_err *err)
{
    const firn_conf *tags = firn_conf_get(map, "tags");
    for (size_t i = 0; i < raw->tags.n; i++) {
        if (is_tag(raw->tags.v[i]))
            continue;
        firn_raise_conf(err, tags->kind == FIRN_CONF_LIST ? tags->items[i].place : tags->place,
                        FIRN_ID_VALUE, "%s is not a tag", firn_quote(raw->tags.v[i]).s);
        firn_err_advise(err, "a tag is one word without blanks, ',', '+' and '*'; several stand in "
                             "a list: tags: [daily, finance]");
        return FIRN_E_CONFIG;
    }
    ret->tags = raw->tags;
    ret->description = raw->description.n ? raw->description : (firn_str){NULL, 0};
    return FIRN_OK;
}

/* --- columns ------------------------------------------------------------------------------- */

typedef FIRN_VEC(firn_given) given_vec;

typedef struct column_raw {
    const firn_conf *type;
    const firn_conf *format;
    firn_str from;
    bool required;
    const firn_conf *contract;
    const firn_conf *checks;
    firn_str description;
} column_raw;

typedef FIRN_VEC(firn_column_doc) doc_vec;

#define OPTION_DESCRIPTION                                                                         \
    {                                                                                              \
        .key = "description", .kind = FIRN_OPT_STRING,                                             \
        .offset = offsetof(column_raw, description), .example = "\"Net of VAT, in euros\"",        \
        .help = "What the column means; kept as its doc in Iceberg, where all engines show it."    \
    }

const firn_option firn_ingest_column_options[] = {
    {.key = "type",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(column_raw, type),
     .shapes = FIRN_CONF_TEXT,
     .computed = "found out",
     .example = "decimal(18,2)",
     .help = "An Iceberg type: boolean, int, long, float, double, decimal(p,s), date, time, "
             "timestamp, timestamptz, string, uuid, binary, struct<…>, list<…>, map<…>; or json: a "
             "string that holds JSON text."},
    {.key = "format",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(column_raw, format),
     .shapes = FIRN_CONF_TEXT,
     .computed = "ISO 8601, or found out",
     .example = "\"%d-%b-%y\"",
     .help = "How a date or timestamp is spelled, as strptime has it."},
    {.key = "from",
     .kind = FIRN_OPT_STRING,
     .offset = offsetof(column_raw, from),
     .computed = "the column's name",
     .example = "\" DATE \"",
     .help = "The key or header in the source."},
    {.key = "required",
     .kind = FIRN_OPT_BOOL,
     .offset = offsetof(column_raw, required),
     .otherwise = "false",
     .example = "true",
     .help = "A record without a value goes to the rejects."},
    {.key = "contract",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(column_raw, contract),
     .shapes = FIRN_CONF_TEXT,
     .computed = "the entry's",
     .example = "discard_value",
     .help = "As the entry's contract, for this column and what is in it."},
    {.key = "checks",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(column_raw, checks),
     .shapes = FIRN_CONF_LIST,
     .example = "[not_null, unique]",
     .help = "not_null, unique or SQL conditions, audited before the commit."},
    OPTION_DESCRIPTION,
    {.key = NULL},
};

const firn_option firn_model_column_options[] = {
    {.key = "checks",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(column_raw, checks),
     .shapes = FIRN_CONF_LIST,
     .example = "[not_null, unique]",
     .help = "not_null, unique or SQL conditions, audited before the commit."},
    OPTION_DESCRIPTION,
    {.key = NULL},
};

/* Adds what is known about the place to an error of a parser that knows none. */
static firn_code at_column(const firn_conf *c, firn_str column, firn_code code, firn_err *err)
{
    if (code != FIRN_E_CONFIG && code != FIRN_E_LIMIT)
        return code;
    if (c->replaced) { /* its text may quote the value */
        firn_raise_conf(err, c->place, FIRN_ID_TYPE, "%s is not understood",
                        firn_quote(c->written).s);
        firn_err_advise(err, "look at the value of the variable; it is not shown here");
    }
    firn_wrap(err, "column %s", firn_quote(column).s);
    firn_err_id(err, FIRN_ID_TYPE);
    firn_err_place(err, c->place);
    if (err)
        err->code = FIRN_E_CONFIG;
    return FIRN_E_CONFIG;
}

/* The first type that is not landed; NULL: none.  Recursion is bounded by firn_type_parse. */
static const firn_type *not_landed(const firn_type *t)
{
    for (size_t i = 0; i < t->field_count; i++) {
        const firn_type *inside = not_landed(&t->fields[i].type);
        if (inside)
            return inside;
    }
    bool ns = t->kind == FIRN_T_TIMESTAMP_NS || t->kind == FIRN_T_TIMESTAMPTZ_NS;
    return ns || t->kind == FIRN_T_FIXED || t->kind == FIRN_T_UNKNOWN ? t : NULL;
}

static firn_code refuse_type(const firn_conf *c, const firn_given *g, const firn_type *t,
                             firn_err *err)
{
    const char *name = t->kind == FIRN_T_FIXED ? "fixed[n]" : firn_type_kind_name(t->kind);
    firn_raise_conf(err, c->place, FIRN_ID_UNSUPPORTED,
                    t->kind == FIRN_T_TIMESTAMPTZ_NS ? "column %s: firn does not write %s"
                                                     : "column %s: firn reads %s but does not "
                                                       "write it",
                    firn_quote(g->name).s, name);
    firn_err_advise(err, "%s",
                    t->kind == FIRN_T_FIXED            ? "use binary"
                    : t->kind == FIRN_T_UNKNOWN        ? "leave the type out: it is found out"
                    : t->kind == FIRN_T_TIMESTAMPTZ_NS ? "use timestamptz"
                                                       : "use timestamp");
    return FIRN_E_CONFIG;
}

static firn_code read_type(const firn_conf *c, firn_arena *a, firn_given *ret, firn_err *err)
{
    ret->json = firn_str_ieq(firn_str_trim(c->text), FIRN_STR_LIT("json"));
    firn_code code =
        firn_type_parse(ret->json ? FIRN_STR_LIT("string") : c->text, a, &ret->type, err);
    if (code != FIRN_OK && err && !err->advice[0])
        firn_err_advise(err, "a type is written like this: struct<a: int, b: list<string>>");
    if (code != FIRN_OK)
        return at_column(c, ret->name, code, err);
    const firn_type *refused = not_landed(&ret->type);
    if (refused)
        return refuse_type(c, ret, refused, err);
    ret->has_type = true;
    return FIRN_OK;
}

static firn_code read_format(const firn_conf *c, firn_arena *a, firn_given *ret, firn_err *err)
{
    const firn_datefmt *format;
    firn_code code = firn_datefmt_compile(c->text, a, &format, err);
    if (code == FIRN_E_CONFIG && err && !err->advice[0])
        firn_err_advise(err, "a format is spelled like this: \"%%d-%%b-%%y\" reads 29-Jun-17");
    if (code != FIRN_OK)
        return at_column(c, ret->name, code, err);
    ret->format = c->text;
    firn_type_kind k = ret->has_type ? ret->type.kind : FIRN_T_DATE;
    if (k == FIRN_T_DATE || k == FIRN_T_TIMESTAMP || k == FIRN_T_TIMESTAMPTZ)
        return FIRN_OK;
    firn_raise_conf(err, c->place, FIRN_ID_TYPE, "column %s: a format is for dates, not for %s",
                    firn_quote(ret->name).s, firn_type_text(&ret->type, a));
    firn_err_advise(err, "take it out, or make the type date, timestamp or timestamptz");
    return FIRN_E_CONFIG;
}

/* Columns that firn adds itself. */
static bool is_reserved(firn_str name)
{
    return firn_str_ieq(name, FIRN_STR_LIT("x_loaded_at")) ||
           firn_str_ieq(name, FIRN_STR_LIT("x_position")) ||
           firn_str_ieq(name, FIRN_STR_LIT(FIRN_ROW_ID_NAME)) ||
           firn_str_ieq(name, FIRN_STR_LIT(FIRN_RESIDUAL_NAME));
}

static firn_code reserved_name(const firn_conf *c, firn_err *err)
{
    firn_raise_conf(err, c->key_place, FIRN_ID_NAME, "column %s is one that firn adds itself",
                    firn_quote(c->key).s);
    firn_err_advise(err, "rename yours: NAME: {from: %.*s}", FIRN_STR_ARG(c->key));
    return FIRN_E_CONFIG;
}

static firn_code check_name(const firn_conf *c, const firn_columns_in *in, size_t index,
                            firn_err *err)
{
    bool typed = in->typed;
    firn_quoted name = firn_quote(c->key);
    if (typed && is_reserved(c->key))
        return reserved_name(c, err);
    firn_str rest = c->key;
    while (typed && rest.p) {
        firn_str step = firn_str_cut(&rest, '.');
        if (step.n && !firn_str_eqc(step, "[]"))
            continue;
        firn_raise_conf(err, c->key_place, FIRN_ID_NAME, "column %s: a part of the path is empty",
                        name.s);
        firn_err_advise(err, "nested columns are written as address.city or lines[].amount");
        return FIRN_E_CONFIG;
    }
    for (size_t i = 0; i < index; i++) {
        const firn_conf *first = &in->columns->items[i];
        if (!firn_str_ieq(first->key, c->key))
            continue;
        firn_raise_conf(err, c->key_place, FIRN_ID_CLASH,
                        "column %s differs from %s in line %u only in case", name.s,
                        firn_quote(first->key).s, first->key_place.line);
        firn_err_advise(err, "SQL does not tell them apart: rename one, and say with from: what "
                             "it is called in the source");
        return FIRN_E_CONFIG;
    }
    return FIRN_OK;
}

/* `name: type` or `name: {type: …}`. */
static firn_code read_column(const firn_conf *c, bool typed, firn_arena *a, firn_given *ret,
                             firn_check_vec *checks, doc_vec *docs, firn_err *err)
{
    column_raw raw = {0};
    *ret = (firn_given){.name = c->key};
    if (c->kind == FIRN_CONF_MAP)
        FIRN_TRY(firn_options_fill(typed ? firn_ingest_column_options : firn_model_column_options,
                                   c, true, &raw, a, err));
    else
        raw.type = c;
    if (c->kind == FIRN_CONF_LIST || firn_conf_is_null(c) || (!typed && c->kind != FIRN_CONF_MAP)) {
        firn_raise_conf(err, c->place, FIRN_ID_SHAPE, "column %s wants %s, not %s",
                        firn_quote(c->key).s, typed ? "a type or a map" : "a map of keys",
                        firn_conf_is_null(c) ? "nothing" : firn_conf_kind_name(c->kind));
        firn_err_advise(err, typed ? "write it like this: amount: decimal(18,2)"
                                   : "write it like this: amount: {checks: [not_null]}");
        return FIRN_E_CONFIG;
    }
    if (raw.type)
        FIRN_TRY(read_type(raw.type, a, ret, err));
    if (raw.format)
        FIRN_TRY(read_format(raw.format, a, ret, err));
    if (raw.description.n) {
        firn_column_doc doc = {c->key, raw.description};
        if (!firn_vec_push(a, docs, doc))
            return firn_arena_raise(a, err);
    }
    ret->from = raw.from;
    ret->required = raw.required;
    FIRN_TRY(firn_read_contract(raw.contract, &ret->contract, err));
    return firn_read_checks(raw.checks, c->key, a, checks, err);
}

firn_code firn_read_columns(const firn_columns_in *in, firn_arena *a, firn_table_conf *ret,
                            firn_given **ret_given, size_t *ret_given_count, firn_err *err)
{
    firn_check_vec checks = {0};
    given_vec given = {0};
    doc_vec docs = {0};
    for (size_t i = 0; in->columns && i < in->columns->count; i++) {
        const firn_conf *c = &in->columns->items[i];
        firn_given column;
        FIRN_TRY(check_name(c, in, i, err));
        FIRN_TRY(read_column(c, in->typed, a, &column, &checks, &docs, err));
        /* a column that only has checks is as its source makes it */
        bool says = column.has_type || column.from.p || column.format.p || column.required ||
                    column.contract != FIRN_CONTRACT_UNSAID;
        if (says && !firn_vec_push(a, &given, column))
            return firn_arena_raise(a, err);
    }
    FIRN_TRY(firn_read_checks(in->checks, (firn_str){"", 0}, a, &checks, err));
    ret->checks = checks.v;
    ret->check_count = checks.n;
    ret->docs = docs.v;
    ret->doc_count = docs.n;
    if (ret_given) {
        *ret_given = given.v;
        *ret_given_count = given.n;
    }
    return FIRN_OK;
}
