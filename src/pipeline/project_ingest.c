/* SPDX-License-Identifier: Apache-2.0 */
/* Ingest entries: which stream lands in which table, and how. */
#include "pipeline/project_int.h"

#include <string.h>

static const char *const mode_words[] = {"full", "incremental", NULL};
static const char *const write_words[] = {"append", "replace", NULL};
static const char *const infer_words[] = {"lookahead", "full", NULL};

typedef struct ingest_raw {
    const firn_conf *from;
    const firn_conf *into;
    int mode;
    int write;
    int infer;
    const firn_conf *partition;
    const firn_conf *sort;
    const firn_conf *columns;
    const firn_conf *checks;
    const firn_conf *properties;
    firn_about_raw about;
    int64_t format_version;
    firn_policy_raw policy;
    firn_format_raw format;
} ingest_raw;

const firn_option firn_ingest_options[] = {
    {.key = "from",
     .kind = FIRN_OPT_CONF,
     .flags = FIRN_OPT_REQUIRED,
     .offset = offsetof(ingest_raw, from),
     .shapes = FIRN_CONF_TEXT,
     .example = "drop.orders/*.json",
     .help = "SOURCE.STREAM; for files the stream is a path or glob below the source's path."},
    {.key = "into",
     .kind = FIRN_OPT_CONF,
     .flags = FIRN_OPT_REQUIRED,
     .offset = offsetof(ingest_raw, into),
     .shapes = FIRN_CONF_TEXT,
     .example = "raw.orders",
     .help = "The table, NAMESPACE.TABLE; a namespace may have several parts."},
    {.key = "mode",
     .kind = FIRN_OPT_ENUM,
     .offset = offsetof(ingest_raw, mode),
     .computed = "as write says: full with replace, incremental with append",
     .words = mode_words,
     .example = "full",
     .help = "full: everything is read; incremental: what has not been landed yet."},
    {.key = "write",
     .kind = FIRN_OPT_ENUM,
     .offset = offsetof(ingest_raw, write),
     .computed = "as mode says; append if neither is given",
     .words = write_words,
     .example = "replace",
     .help = "append: rows are added; replace: the table is what was read, in one visible change."},
    {.key = "partition",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(ingest_raw, partition),
     .shapes = FIRN_CONF_TEXT | FIRN_CONF_LIST,
     .example = "[month(date)]",
     .help = "Columns, or year(x), month(x), day(x), hour(x), bucket(16, x), truncate(4, x) of "
             "one, by which files are kept apart."},
    FIRN_OPTION_SORT(ingest_raw),
    {.key = "columns",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(ingest_raw, columns),
     .shapes = FIRN_CONF_MAP,
     .example = "{amount: decimal(18,2)}",
     .help = "Columns whose type, format or name is known; the others are found out."},
    {.key = "on_conflict_of_types",
     .kind = FIRN_OPT_ENUM,
     .offset = offsetof(ingest_raw, policy.conflicts),
     .computed = "residual for documents, string for CSV",
     .words = firn_conflicts_words,
     .example = "string",
     .help = "Values of several kinds at one path. residual: the column has the kind seen most, "
             "other values go to the JSON column _residual, by their path; string: a new column is "
             "text; json: it is JSON text; reject: records with other values go to the rejects; "
             "fail: nothing lands."},
    {.key = "contract",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(ingest_raw, policy.contract),
     .shapes = FIRN_CONF_TEXT | FIRN_CONF_MAP,
     .computed = "evolve",
     .example = "{columns: freeze, data_type: discard_value}",
     .help = "What may change once the table exists: one word for columns and types (evolve, "
             "freeze, discard_value, discard_row, reject), or a map."},
    {.key = "nested",
     .kind = FIRN_OPT_ENUM,
     .offset = offsetof(ingest_raw, policy.nested),
     .otherwise = "native",
     .words = firn_nested_words,
     .example = "json",
     .help = "Objects and arrays in records. native: structs, lists and maps; json: JSON text; "
             "flatten: objects become columns a__b, arrays tables TABLE__a."},
    {.key = "max_fields",
     .kind = FIRN_OPT_INT,
     .offset = offsetof(ingest_raw, policy.max_fields),
     .otherwise = "1000",
     .min = 1,
     .max = FIRN_SHAPE_MAX_KEYS,
     .example = "100",
     .help = "An object with more different keys than this is no struct: its keys are data. It "
             "becomes a map, or JSON text where its values are of several kinds."},
    FIRN_OPTIONS_OF_TABLE(ingest_raw),
    FIRN_OPTIONS_ABOUT(ingest_raw),
    {.key = "infer",
     .kind = FIRN_OPT_ENUM,
     .offset = offsetof(ingest_raw, infer),
     .otherwise = "lookahead",
     .words = infer_words,
     .example = "full",
     .help = "Types of a new table come from its first 64 MB (lookahead), or from everything, "
             "which is then read twice (full)."},
    {.key = "format",
     .kind = FIRN_OPT_ENUM,
     .offset = offsetof(ingest_raw, format.format),
     .computed = "the source's",
     .words = firn_format_words,
     .example = "csv",
     .help = "As in the source."},
    {.key = "separator",
     .kind = FIRN_OPT_CHAR,
     .offset = offsetof(ingest_raw, format.separator),
     .computed = "the source's",
     .example = "\";\"",
     .help = "As in the source."},
    {.key = "quote",
     .kind = FIRN_OPT_ENUM,
     .offset = offsetof(ingest_raw, format.quote),
     .computed = "the source's",
     .words = firn_quote_words,
     .example = "none",
     .help = "As in the source."},
    {.key = "header",
     .kind = FIRN_OPT_BOOL,
     .offset = offsetof(ingest_raw, format.header),
     .computed = "the source's",
     .example = "false",
     .help = "As in the source."},
    {.key = "encoding",
     .kind = FIRN_OPT_STRING,
     .offset = offsetof(ingest_raw, format.encoding),
     .computed = "the source's",
     .example = "windows-1252",
     .help = "As in the source."},
    {.key = "null_text",
     .kind = FIRN_OPT_STRING,
     .offset = offsetof(ingest_raw, format.null_text),
     .computed = "the source's",
     .example = "\"NULL\"",
     .help = "As in the source."},
    {.key = "extended",
     .kind = FIRN_OPT_ENUM,
     .offset = offsetof(ingest_raw, format.extended),
     .computed = "the source's",
     .words = firn_extended_words,
     .example = "false",
     .help = "As in the source."},
    {.key = "records",
     .kind = FIRN_OPT_STRING,
     .offset = offsetof(ingest_raw, format.records),
     .computed = "the source's",
     .example = "data.invoices",
     .help = "As in the source."},
    {.key = "identity",
     .kind = FIRN_OPT_ENUM,
     .offset = offsetof(ingest_raw, format.identity),
     .computed = "the source's",
     .words = firn_identity_words,
     .example = "content",
     .help = "As in the source."},
    {.key = NULL},
};

/* --- from ---------------------------------------------------------------------------------- */

static firn_code bad_from(const firn_conf *c, const char *why, const char *advice, firn_err *err)
{
    firn_raise_conf(err, c->place, FIRN_ID_SOURCE, "'from': %s %s", firn_conf_quote(c).s, why);
    firn_err_advise(err, "%s", advice);
    return FIRN_E_CONFIG;
}

static firn_code unknown_source(const firn_conf *c, firn_str name, const firn_project *p,
                                firn_arena *a, firn_err *err)
{
    firn_str *words = firn_arena_array(a, p->source_count, sizeof *words);
    if (!words)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < p->source_count; i++)
        words[i] = p->sources[i].name;
    bool show = !c->replaced && firn_is_source_name(name);
    firn_raise_conf(err, c->place, FIRN_ID_SOURCE, "there is no source %s",
                    c->replaced ? firn_conf_quote(c).s : firn_quote(name).s);
    int near = firn_str_nearest(name, words, p->source_count);
    if (near >= 0)
        firn_err_advise(err, "did you mean '%.*s'?", FIRN_STR_ARG(words[near]));
    else
        firn_err_advise(err, "add it: sources: {%.*s: {type: files, path: ./data}}",
                        FIRN_STR_ARG(show ? name : FIRN_STR_LIT("NAME")));
    return FIRN_E_CONFIG;
}

/* A stream of files stays below the source's path. */
static firn_code check_stream(const firn_conf *c, firn_str stream, firn_err *err)
{
    if (stream.n == 0)
        return bad_from(c, "names a source but no stream",
                        "write SOURCE.STREAM, like drop.orders.json or drop.*.csv", err);
    if (stream.p[0] == '/')
        return bad_from(c, "begins with a '/' behind the source",
                        "a stream is a path or glob below the source's path", err);
    firn_str rest = stream;
    while (rest.p)
        if (firn_str_eqc(firn_str_cut(&rest, '/'), ".."))
            return bad_from(c, "leaves the source's path with '..'",
                            "give the other folder a source of its own", err);
    for (size_t i = 0; i < stream.n; i++)
        if ((unsigned char)stream.p[i] < ' ' || stream.p[i] == 0x7f)
            return bad_from(c, "holds a control character", "a stream is a path or glob", err);
    return FIRN_OK;
}

static firn_code read_from(const firn_conf *c, const firn_project *p, firn_arena *a,
                           firn_ingest *ret, firn_err *err)
{
    firn_str stream = c->text;
    firn_str name = firn_str_cut(&stream, '.');
    ret->source = firn_project_source(p, name);
    if (!ret->source)
        return unknown_source(c, name, p, a, err);
    FIRN_TRY(check_stream(c, stream, err));
    ret->stream = stream;
    return FIRN_OK;
}

/* --- mode and write ------------------------------------------------------------------------ */

/* One says the other; together they must make sense. */
static firn_code read_mode(const ingest_raw *raw, const firn_conf *map, firn_ingest *ret,
                           firn_err *err)
{
    const firn_conf *mode = firn_conf_get(map, "mode");
    const firn_conf *write = firn_conf_get(map, "write");
    ret->mode = (firn_ingest_mode)raw->mode;
    ret->write = (firn_write_mode)raw->write;
    if (!mode)
        ret->mode = ret->write == FIRN_WRITE_REPLACE ? FIRN_MODE_FULL : FIRN_MODE_INCREMENTAL;
    else if (!write)
        ret->write = ret->mode == FIRN_MODE_FULL ? FIRN_WRITE_REPLACE : FIRN_WRITE_APPEND;
    if (ret->mode == FIRN_MODE_FULL && ret->write == FIRN_WRITE_APPEND) {
        firn_raise_conf(err, write->place, FIRN_ID_VALUE,
                        "mode full with write append adds every row again at each run");
        firn_err_advise(err, "write: replace, or mode: incremental");
        return FIRN_E_CONFIG;
    }
    if (ret->mode == FIRN_MODE_INCREMENTAL && ret->write == FIRN_WRITE_REPLACE) {
        firn_raise_conf(err, write->place, FIRN_ID_VALUE,
                        "mode incremental with write replace keeps the newest rows only");
        firn_err_advise(err, "write: append, or mode: full");
        return FIRN_E_CONFIG;
    }
    return FIRN_OK;
}

/* --- one entry ----------------------------------------------------------------------------- */

static firn_code read_entry(const firn_conf *c, const firn_project *p,
                            const firn_source_raw *sources, firn_arena *a, firn_ingest *ret,
                            firn_err *err)
{
    if (c->kind != FIRN_CONF_MAP) {
        firn_raise_conf(err, c->place, FIRN_ID_SHAPE, "an ingest entry is a map of keys, not %s",
                        firn_conf_is_null(c) ? "nothing" : firn_conf_kind_name(c->kind));
        firn_err_advise(err, "write it like this: - {from: drop.orders.json, into: raw.orders}");
        return FIRN_E_CONFIG;
    }
    /* `from` first: what the entry does not say itself is the source's */
    const firn_conf *from = firn_conf_get(c, "from");
    ingest_raw raw = {.write = FIRN_WRITE_APPEND};
    if (from && from->kind == FIRN_CONF_TEXT) {
        firn_str stream = from->text;
        const firn_source_conf *source = firn_project_source(p, firn_str_cut(&stream, '.'));
        if (source)
            raw.format = sources[source - p->sources].format;
    }
    FIRN_TRY(firn_options_fill(firn_ingest_options, c, true, &raw, a, err));
    ret->place = c->place;
    FIRN_TRY(read_from(raw.from, p, a, ret, err));
    FIRN_TRY(firn_conf_ident(raw.into, &ret->table.ident, err));
    FIRN_TRY(read_mode(&raw, c, ret, err));
    FIRN_TRY(firn_read_partition(raw.partition, a, &ret->table, err));
    FIRN_TRY(firn_read_sort(raw.sort, a, &ret->table, err));
    FIRN_TRY(firn_read_properties(raw.properties, a, &ret->table, err));
    FIRN_TRY(firn_read_about(&raw.about, c, &ret->table, err));
    ret->table.format_version = (int32_t)raw.format_version;
    FIRN_TRY(firn_read_policy(&raw.policy, c, a, ret, err));
    ret->infer = (firn_infer)raw.infer;
    ret->identity = (firn_file_identity)raw.format.identity;
    FIRN_TRY(firn_format_finish(&raw.format, c, &ret->format, err));
    firn_columns_in in = {.columns = raw.columns, .checks = raw.checks, .typed = true};
    return firn_read_columns(&in, a, &ret->table, &ret->columns, &ret->column_count, err);
}

/* --- several entries ----------------------------------------------------------------------- */

static bool same_partition(const firn_table_conf *x, const firn_table_conf *y)
{
    if (x->partition_count != y->partition_count)
        return false;
    for (size_t i = 0; i < x->partition_count; i++)
        if (x->partition[i].kind != y->partition[i].kind ||
            !firn_str_eq(x->partition[i].column, y->partition[i].column))
            return false;
    return true;
}

/* Two entries that land in one table. */
static firn_code check_pair(const firn_ingest *first, const firn_ingest *second,
                            const firn_conf *map, firn_err *err)
{
    firn_quoted name = firn_quote(firn_conf_get(map, "into")->text);
    firn_place place = firn_conf_get(map, "into")->place;
    if (first->source == second->source && firn_str_eq(first->stream, second->stream)) {
        firn_raise_conf(err, firn_conf_get(map, "from")->place, FIRN_ID_CLASH,
                        "line %u lands the same stream in %s", first->place.line, name.s);
        firn_err_advise(err, "take one of the two entries out");
        return FIRN_E_CONFIG;
    }
    if (first->write == FIRN_WRITE_REPLACE || second->write == FIRN_WRITE_REPLACE) {
        firn_raise_conf(err, place, FIRN_ID_CLASH,
                        "line %u lands in %s as well, and one of the two replaces the whole table",
                        first->place.line, name.s);
        firn_err_advise(err, "write: append in both, or land them in two tables");
        return FIRN_E_CONFIG;
    }
    if (!same_partition(&first->table, &second->table)) {
        firn_raise_conf(err, place, FIRN_ID_CLASH, "line %u partitions %s in another way",
                        first->place.line, name.s);
        firn_err_advise(err, "a table has one partition: write the same in both entries");
        return FIRN_E_CONFIG;
    }
    return FIRN_OK;
}

firn_code firn_read_ingest(const firn_conf *list, firn_project *p, const firn_source_raw *sources,
                           firn_arena *a, firn_err *err)
{
    size_t count = list ? list->count : 0;
    firn_names names = FIRN_NAMES(a);
    p->ingest = firn_arena_array(a, count, sizeof *p->ingest);
    if (!p->ingest)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < count; i++) {
        firn_ingest *entry = &p->ingest[i];
        const firn_conf *c = &list->items[i];
        FIRN_TRY(read_entry(c, p, sources, a, entry, err));
        FIRN_TRY(firn_names_add(&names, entry->table.ident, FIRN_OWNER_INGEST,
                                firn_conf_get(c, "into")->place, err));
        for (size_t k = 0; k < i; k++)
            if (firn_ident_eq(p->ingest[k].table.ident, entry->table.ident))
                FIRN_TRY(check_pair(&p->ingest[k], entry, c, err));
    }
    p->ingest_count = count;
    return FIRN_OK;
}
