/* SPDX-License-Identifier: Apache-2.0 */
/* Sources, and how their files are read. */
#include "pipeline/project_int.h"

#include <iconv.h>
#include <string.h>

const char *const firn_format_words[] = {"auto", "json", "csv", "tsv", "bson", "parquet", NULL};
/* In the order of firn_extended. */
const char *const firn_extended_words[] = {"auto", "true", "false", NULL};
const char *const firn_quote_words[] = {"auto", "\"", "'", "none", NULL};
const char *const firn_identity_words[] = {"path", "content", NULL};
static const char *const type_words[] = {"files", NULL};

typedef struct source_raw {
    int type;
    const firn_conf *path;
    firn_format_raw format;
} source_raw;

const firn_option firn_source_options[] = {
    {.key = "type",
     .kind = FIRN_OPT_ENUM,
     .flags = FIRN_OPT_REQUIRED,
     .offset = offsetof(source_raw, type),
     .words = type_words,
     .example = "files",
     .help = "What kind of source it is; files: JSON, CSV, TSV, BSON and Parquet files in a "
             "folder."},
    {.key = "path",
     .kind = FIRN_OPT_CONF,
     .flags = FIRN_OPT_REQUIRED | FIRN_OPT_PATH,
     .offset = offsetof(source_raw, path),
     .shapes = FIRN_CONF_TEXT,
     .example = "./data",
     .help = "The folder with the files; streams are paths or globs below it."},
    {.key = "format",
     .kind = FIRN_OPT_ENUM,
     .offset = offsetof(source_raw, format.format),
     .otherwise = "auto",
     .words = firn_format_words,
     .example = "csv",
     .help = "What the files hold; auto: found out by their names, else by looking at them. JSON, "
             "CSV, TSV and BSON may be compressed (.gz, .zst)."},
    {.key = "separator",
     .kind = FIRN_OPT_CHAR,
     .offset = offsetof(source_raw, format.separator),
     .computed = "found out",
     .example = "\";\"",
     .help = "CSV: what stands between two cells."},
    {.key = "quote",
     .kind = FIRN_OPT_ENUM,
     .offset = offsetof(source_raw, format.quote),
     .otherwise = "auto",
     .words = firn_quote_words,
     .example = "none",
     .help = "CSV: what cells are quoted with; none: quotes are ordinary characters."},
    {.key = "header",
     .kind = FIRN_OPT_BOOL,
     .offset = offsetof(source_raw, format.header),
     .otherwise = "true",
     .example = "false",
     .help = "CSV: the first line names the columns; false: they are column_1, column_2, …"},
    {.key = "encoding",
     .kind = FIRN_OPT_STRING,
     .offset = offsetof(source_raw, format.encoding),
     .otherwise = "auto",
     .example = "windows-1252",
     .help = "CSV: the character encoding, as iconv names it."},
    {.key = "null_text",
     .kind = FIRN_OPT_STRING,
     .offset = offsetof(source_raw, format.null_text),
     .example = "\"NULL\"",
     .help = "CSV: an unquoted cell with this text is null, besides the empty one."},
    {.key = "records",
     .kind = FIRN_OPT_STRING,
     .offset = offsetof(source_raw, format.records),
     .computed = "the top level",
     .example = "data.invoices",
     .help = "JSON: the path to the array of records."},
    {.key = "extended",
     .kind = FIRN_OPT_ENUM,
     .offset = offsetof(source_raw, format.extended),
     .otherwise = "auto",
     .words = firn_extended_words,
     .example = "false",
     .help = "JSON: objects like {\"$oid\": …} are values of MongoDB's Extended JSON (auto), also "
             "in the spellings of MongoDB 4.0 and before (true), or objects like others (false)."},
    {.key = "identity",
     .kind = FIRN_OPT_ENUM,
     .offset = offsetof(source_raw, format.identity),
     .otherwise = "path",
     .words = firn_identity_words,
     .example = "content",
     .help = "By what a file counts as landed already: its path, or its content."},
    {.key = NULL},
};

/* --- formats of files ---------------------------------------------------------------------- */

static firn_code check_encoding(const firn_conf *c, firn_err *err)
{
    static const firn_str common[] = {
        {"utf-8", 5},         {"utf-16", 6},        {"utf-16le", 8},     {"utf-16be", 8},
        {"latin1", 6},        {"iso-8859-1", 10},   {"iso-8859-15", 11}, {"windows-1252", 12},
        {"windows-1250", 12}, {"windows-1251", 12}, {"macintosh", 9},    {"cp850", 5}};
    char name[64];
    firn_str s = c->text;
    bool good = s.n > 0 && s.n < sizeof name && !memchr(s.p, '/', s.n);
    if (good) {
        memcpy(name, s.p, s.n);
        name[s.n] = '\0';
        iconv_t cd = iconv_open("UTF-8", name);
        good = cd != (iconv_t)-1;
        if (good)
            iconv_close(cd);
    }
    if (good)
        return FIRN_OK;
    firn_raise_conf(err, c->place, FIRN_ID_VALUE, "there is no encoding %s", firn_conf_quote(c).s);
    int near = c->replaced ? -1 : firn_str_nearest(s, common, FIRN_COUNT_OF(common));
    if (near >= 0)
        firn_err_advise(err, "did you mean '%s'?", common[near].p);
    else
        firn_err_advise(err, "`iconv -l` lists them; usual ones are utf-8, utf-16, latin1 and "
                             "windows-1252");
    return FIRN_E_CONFIG;
}

static firn_code is_for_other(const firn_conf *c, const char *kind, const char *format,
                              firn_err *err)
{
    firn_raise_conf(err, c->key_place, FIRN_ID_VALUE,
                    "'%.*s' is for %s files, and the format is %s", FIRN_STR_ARG(c->key), kind,
                    format);
    firn_err_advise(err, "take one of the two out");
    return FIRN_E_CONFIG;
}

/* Options of the other format, written in the same map as `format:`. */
static firn_code check_foreign(const firn_format_raw *raw, const firn_conf *map, firn_err *err)
{
    static const char *const csv_only[] = {"separator", "quote", "header", "encoding", "null_text"};
    const char *format = firn_format_words[raw->format];
    bool json = raw->format == 0 || strcmp(format, "json") == 0;
    bool csv = raw->format == 0 || strcmp(format, "csv") == 0 || strcmp(format, "tsv") == 0;
    if (!firn_conf_get(map, "format"))
        return FIRN_OK;
    static const char *const json_only[] = {"records", "extended"};
    for (size_t i = 0; i < FIRN_COUNT_OF(json_only) && !json; i++) {
        const firn_conf *c = firn_conf_get(map, json_only[i]);
        if (c)
            return is_for_other(c, "JSON", format, err);
    }
    for (size_t i = 0; i < FIRN_COUNT_OF(csv_only) && !csv; i++) {
        const firn_conf *c = firn_conf_get(map, csv_only[i]);
        if (c)
            return is_for_other(c, "CSV", format, err);
    }
    return FIRN_OK;
}

static firn_code check_separator(const firn_format_raw *raw, const firn_conf *map, firn_err *err)
{
    const firn_conf *c = firn_conf_get(map, "separator");
    char quote = firn_quote_words[raw->quote][1] ? '\0' : firn_quote_words[raw->quote][0];
    if (!c || !raw->separator || raw->separator != quote)
        return FIRN_OK;
    firn_raise_conf(err, c->place, FIRN_ID_VALUE, "'separator' and 'quote' are the same character");
    firn_err_advise(err, "change one of them, or write quote: none");
    return FIRN_E_CONFIG;
}

firn_code firn_format_finish(const firn_format_raw *raw, const firn_conf *map,
                             firn_file_format *ret, firn_err *err)
{
    const firn_conf *encoding = firn_conf_get(map, "encoding");
    bool found_out = firn_str_eqc(raw->encoding, "auto");
    FIRN_TRY(check_foreign(raw, map, err));
    FIRN_TRY(check_separator(raw, map, err));
    if (encoding && !found_out)
        FIRN_TRY(check_encoding(encoding, err));
    const char *word = firn_format_words[raw->format];
    const char *quote = firn_quote_words[raw->quote];
    *ret = (firn_file_format){
        .decoder = firn_str_of(raw->format ? word : ""),
        .opt =
            {
                .records = raw->records,
                .separator = raw->separator,
                .quote = quote[1] ? '\0' : quote[0],
                .no_quote = strcmp(quote, "none") == 0,
                .no_header = !raw->header,
                .encoding = found_out ? firn_str_of("") : raw->encoding,
                .null_text = raw->null_text,
                .extended = (firn_extended)raw->extended,
            },
    };
    return FIRN_OK;
}

/* --- sources ------------------------------------------------------------------------------- */

bool firn_is_source_name(firn_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '-'))
            return false;
    }
    return s.n > 0 && s.n <= 100;
}

static firn_code check_source_name(const firn_conf *c, firn_err *err)
{
    if (firn_is_source_name(c->key))
        return FIRN_OK;
    firn_raise_conf(err, c->key_place, FIRN_ID_NAME, "%s is not the name of a source",
                    firn_quote(c->key).s);
    firn_err_advise(err, "a name is letters, digits, '_' and '-'");
    return FIRN_E_CONFIG;
}

static firn_code read_source(const firn_conf *c, const char *folder, firn_arena *a,
                             firn_source_raw *ret, firn_err *err)
{
    FIRN_TRY(check_source_name(c, err));
    if (c->kind != FIRN_CONF_MAP) {
        firn_raise_conf(err, c->place, FIRN_ID_SHAPE, "a source is a map of keys, not %s",
                        firn_conf_is_null(c) ? "nothing" : firn_conf_kind_name(c->kind));
        firn_err_advise(err, "write it like this: %.*s: {type: files, path: ./data}",
                        FIRN_STR_ARG(c->key));
        return FIRN_E_CONFIG;
    }
    source_raw raw = {0};
    FIRN_TRY(firn_options_fill(firn_source_options, c, true, &raw, a, err));
    ret->format = raw.format;
    ret->conf = (firn_source_conf){
        .name = c->key,
        .place = c->key_place,
        .type = firn_str_of(type_words[raw.type]),
        .identity = (firn_file_identity)raw.format.identity,
    };
    FIRN_TRY(firn_conf_path(raw.path, "path", folder, a, &ret->conf.path, err));
    return firn_format_finish(&raw.format, c, &ret->conf.format, err);
}

firn_code firn_read_sources(const firn_conf *map, const char *folder, firn_arena *a,
                            firn_source_raw **ret, size_t *ret_count, firn_err *err)
{
    size_t count = map ? map->count : 0;
    firn_source_raw *sources = firn_arena_array(a, count, sizeof *sources);
    if (!sources)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < count; i++)
        FIRN_TRY(read_source(&map->items[i], folder, a, &sources[i], err));
    *ret = sources;
    *ret_count = count;
    return FIRN_OK;
}
