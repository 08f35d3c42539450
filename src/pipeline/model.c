/* SPDX-License-Identifier: Apache-2.0 */
/* Models: finding the files, reading the header, finding the statement. */
#include "pipeline/model.h"

#include "engine/sql_front.h"
#include "pipeline/interpolate.h"
#include "pipeline/project_int.h"
#include "pipeline/yaml.h"

#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH  16
#define MAX_MODELS 10000

static const char *const materialize_words[] = {"table", "view", NULL};

typedef struct header_raw {
    int materialize;
    const firn_conf *partition;
    const firn_conf *sort;
    const firn_conf *columns;
    const firn_conf *checks;
    const firn_conf *properties;
    firn_about_raw about;
    uint64_t memory;
    int64_t format_version;
} header_raw;

const firn_option firn_model_options[] = {
    {.key = "materialize",
     .kind = FIRN_OPT_ENUM,
     .offset = offsetof(header_raw, materialize),
     .otherwise = "table",
     .words = materialize_words,
     .example = "table",
     .help = "table: each run replaces the whole table, in one visible change; view: no rows are "
             "kept, the statement is put in where the view is named."},
    {.key = "partition",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(header_raw, partition),
     .shapes = FIRN_CONF_TEXT | FIRN_CONF_LIST,
     .example = "[month(entry_date)]",
     .help = "Columns, or year(x), month(x), day(x), hour(x), bucket(16, x), truncate(4, x) of "
             "one, by which files are kept apart."},
    FIRN_OPTION_SORT(header_raw),
    {.key = "columns",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(header_raw, columns),
     .shapes = FIRN_CONF_MAP,
     .example = "{entry_id: {checks: [not_null]}}",
     .help = "Checks and descriptions of columns, by the column's name."},
    FIRN_OPTIONS_OF_TABLE(header_raw),
    FIRN_OPTIONS_ABOUT(header_raw),
    {.key = "memory",
     .kind = FIRN_OPT_BYTES,
     .offset = offsetof(header_raw, memory),
     .min = (int64_t)64 << 20,
     .max = (int64_t)64 << 40,
     .computed = "all that --memory leaves",
     .example = "500MB",
     .help = "What the engine may use for this model, within --memory; beyond it, it spills. The "
             "model waits until that much is free of what others asked for."},
    {.key = NULL},
};

/* --- one file ------------------------------------------------------------------------------ */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static size_t skip_blanks(firn_str s, size_t at)
{
    while (at < s.n && is_blank(s.p[at]))
        at++;
    return at;
}

/* Returns the offset behind the word of a header that begins at `at`, 0 if none does. */
static size_t header_word(firn_str s, size_t at)
{
    if (at + 2 > s.n || memcmp(s.p + at, "/*", 2) != 0)
        return 0;
    at += 2;
    while (at < s.n && (s.p[at] == ' ' || s.p[at] == '\t'))
        at++;
    if (at + 4 > s.n || memcmp(s.p + at, "firn", 4) != 0)
        return 0;
    at += 4;
    bool word_ends = at == s.n || is_blank(s.p[at]) || s.p[at] == '*';
    return word_ends ? at : 0;
}

/* Returns the offset behind a comment that begins at `at`, `at` itself if none does. */
static size_t skip_comment(firn_str s, size_t at)
{
    if (at + 2 <= s.n && memcmp(s.p + at, "--", 2) == 0) {
        while (at < s.n && s.p[at] != '\n')
            at++;
        return at;
    }
    if (at + 2 > s.n || memcmp(s.p + at, "/*", 2) != 0)
        return at;
    int depth = 0;
    for (size_t i = at; i + 1 < s.n; i++) {
        bool opens = s.p[i] == '/' && s.p[i + 1] == '*';
        bool closes = s.p[i] == '*' && s.p[i + 1] == '/';
        depth += opens - closes;
        i += opens || closes;
        if (depth == 0)
            return i + 1;
    }
    return s.n;
}

/* Returns the offset of the first word behind comments and blanks. */
static size_t skip_comments(firn_str s, size_t at)
{
    for (;;) {
        size_t next = skip_blanks(s, skip_comment(s, at));
        if (next == at)
            return at;
        at = next;
    }
}

/* A header behind other comments would be passed over silently. */
static firn_code check_late_header(firn_str text, size_t at, const char *file, firn_err *err)
{
    for (;;) {
        size_t next = skip_blanks(text, skip_comment(text, at));
        if (next == at)
            return FIRN_OK;
        at = next;
        if (!header_word(text, at))
            continue;
        firn_raise_conf(err, firn_place_of(text, at, file), FIRN_ID_MODEL,
                        "the header is not the first thing in the file");
        firn_err_advise(err, "move it to the top, before all comments");
        return FIRN_E_CONFIG;
    }
}

/* Variables are put into statements and into the conditions of checks, not into what shapes the
 * table.  Recursion is bounded by the depth of the tree. */
static firn_code refuse_variables(firn_conf *c, firn_arena *a, firn_err *err)
{
    if (c->key.p && firn_str_eqc(c->key, "checks"))
        return FIRN_OK;
    if (c->count == 0)
        return firn_conf_replace(c, NULL, a, err);
    for (size_t i = 0; i < c->count; i++)
        FIRN_TRY(refuse_variables(&c->items[i], a, err));
    return FIRN_OK;
}

/* The YAML of a header, with blanks where its beginning was, so that places stay true. */
static firn_code header_yaml(firn_str text, size_t word_end, size_t close, const char *file,
                             firn_arena *a, firn_conf **ret, firn_err *err)
{
    char *yaml = firn_arena_strndup(a, text.p, close);
    if (!yaml)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < word_end; i++)
        if (yaml[i] != '\n')
            yaml[i] = ' ';
    FIRN_TRY(firn_yaml_parse((firn_str){yaml, close}, file, a, ret, err));
    if (!*ret || firn_conf_is_null(*ret)) {
        *ret = NULL;
        return FIRN_OK;
    }
    if ((*ret)->kind == FIRN_CONF_MAP)
        return refuse_variables(*ret, a, err);
    firn_raise_conf(err, (*ret)->place, FIRN_ID_SHAPE, "a header is a map of keys, not %s",
                    firn_conf_kind_name((*ret)->kind));
    firn_err_advise(err,
                    "write it like this: /* firn {materialize: table} */; a comment that is no "
                    "header begins with another word");
    return FIRN_E_CONFIG;
}

/* What says how files are written says nothing of a view. */
static firn_code refuse_of_view(const firn_conf *root, firn_err *err)
{
    static const char *const keys[] = {"partition", "sort", "format_version", "properties",
                                       "memory"};
    for (size_t i = 0; i < FIRN_COUNT_OF(keys); i++) {
        const firn_conf *c = firn_conf_get(root, keys[i]);
        if (!c)
            continue;
        firn_raise_conf(err, c->key_place, FIRN_ID_VALUE, "a view has no %s: it has no rows",
                        keys[i]);
        firn_err_advise(err, "take the key out, or write materialize: table");
        return FIRN_E_CONFIG;
    }
    return FIRN_OK;
}

static firn_code read_header(const firn_conf *root, firn_arena *a, firn_model *ret, firn_err *err)
{
    header_raw raw = {0};
    FIRN_TRY(firn_options_fill(firn_model_options, root, true, &raw, a, err));
    ret->materialize = (firn_materialize)raw.materialize;
    if (ret->materialize == FIRN_MATERIALIZE_VIEW)
        FIRN_TRY(refuse_of_view(root, err));
    const firn_conf *memory = firn_conf_get(root, "memory");
    ret->memory = raw.memory;
    ret->memory_place = memory ? memory->place : (firn_place){0};
    FIRN_TRY(firn_read_about(&raw.about, root, &ret->table, err));
    FIRN_TRY(firn_read_partition(raw.partition, a, &ret->table, err));
    FIRN_TRY(firn_read_sort(raw.sort, a, &ret->table, err));
    FIRN_TRY(firn_read_properties(raw.properties, a, &ret->table, err));
    ret->table.format_version = (int32_t)raw.format_version;
    firn_columns_in in = {.columns = raw.columns, .checks = raw.checks};
    return firn_read_columns(&in, a, &ret->table, NULL, NULL, err);
}

/* Returns the offset of the statement's text: behind the header. */
static firn_code split_header(firn_str text, const char *file, firn_arena *a, firn_conf **ret,
                              size_t *ret_body, firn_err *err)
{
    size_t at = skip_blanks(text, 0);
    size_t word_end = header_word(text, at);
    *ret = NULL;
    *ret_body = 0;
    if (!word_end)
        return check_late_header(text, at, file, err);
    const char *end = memmem(text.p + word_end, text.n - word_end, "*/", 2);
    if (!end) {
        firn_raise_conf(err, firn_place_of(text, at, file), FIRN_ID_MODEL,
                        "the header is not closed");
        firn_err_advise(err, "end it with */ before the statement");
        return FIRN_E_CONFIG;
    }
    size_t close = (size_t)(end - text.p);
    *ret_body = close + 2;
    return header_yaml(text, word_end, close, file, a, ret, err);
}

static firn_code read_sql(firn_str text, size_t from, firn_arena *a, firn_model *ret, firn_err *err)
{
    firn_str body = {text.p + from, text.n - from};
    firn_str *parts;
    size_t count;
    FIRN_TRY(firn_sql_split(body, a, &parts, &count, err));
    if (count == 0) {
        firn_raise_conf(err, firn_place_of(text, skip_blanks(text, from), ret->file), FIRN_ID_MODEL,
                        "there is no statement in this model");
        firn_err_advise(err, "a model is one SELECT; begin the file's name with '_' to leave it "
                             "out");
        return FIRN_E_CONFIG;
    }
    if (count > 1) {
        size_t second = skip_comments(text, (size_t)(parts[1].p - text.p));
        firn_raise_conf(err, firn_place_of(text, second, ret->file), FIRN_ID_MODEL,
                        "a second statement begins here");
        firn_err_advise(err, "a model is one SELECT: put the other into a file of its own, or into "
                             "a WITH");
        return FIRN_E_CONFIG;
    }
    ret->written = ret->sql = ret->filled.sql = parts[0];
    ret->sql_place = firn_place_of(text, (size_t)(parts[0].p - text.p), ret->file);
    return FIRN_OK;
}

firn_code firn_model_parse(firn_str text, firn_ident ident, const char *file, firn_arena *a,
                           firn_model *ret, firn_err *err)
{
    firn_model model = {.table = {.ident = ident}, .file = file};
    firn_conf *root;
    size_t body;
    if (firn_str_starts(text, "\xef\xbb\xbf"))
        text = (firn_str){text.p + 3, text.n - 3};
    size_t good = firn_utf8_valid_prefix(text.p, text.n);
    const char *nul = text.n ? memchr(text.p, '\0', text.n) : NULL;
    if (good < text.n || nul) {
        size_t at = nul ? FIRN_MIN(good, (size_t)(nul - text.p)) : good;
        firn_raise_conf(err, firn_place_of(text, at, file), FIRN_ID_MODEL, "the file is not UTF-8");
        firn_err_advise(err, "save it as UTF-8");
        return FIRN_E_CONFIG;
    }
    FIRN_TRY(split_header(text, file, a, &root, &body, err));
    FIRN_TRY(read_header(root, a, &model, err));
    model.checks_written = model.table.checks;
    FIRN_TRY(read_sql(text, body, a, &model, err));
    *ret = model;
    return FIRN_OK;
}

static firn_code fill_text(const firn_variables *vars, firn_place place, firn_arena *a,
                           firn_str *text, firn_err *err)
{
    firn_filled filled;
    if (text->n == 0)
        return FIRN_OK;
    FIRN_TRY(firn_variables_fill(vars, *text, place, a, &filled, err));
    *text = filled.sql;
    return FIRN_OK;
}

static firn_code fill_checks(firn_model *m, const firn_variables *vars, firn_arena *a,
                             firn_err *err)
{
    firn_check *checks = firn_arena_array(a, m->table.check_count, sizeof *checks);
    if (!checks)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < m->table.check_count; i++) {
        checks[i] = m->checks_written[i];
        FIRN_TRY(fill_text(vars, checks[i].place, a, &checks[i].sql, err));
        FIRN_TRY(fill_text(vars, checks[i].place, a, &checks[i].where, err));
    }
    m->table.checks = checks;
    return FIRN_OK;
}

firn_code firn_model_fill(firn_model *m, const firn_variables *vars, firn_arena *a, firn_err *err)
{
    FIRN_TRY(fill_checks(m, vars, a, err));
    firn_place place = m->sql_place;
    place.file = m->file;
    FIRN_TRY(firn_variables_fill(vars, m->written, place, a, &m->filled, err));
    m->sql = m->filled.sql;
    return FIRN_OK;
}

firn_sql_origin firn_model_origin(const firn_model *m)
{
    return (firn_sql_origin){.file = m->file,
                             .line = (int)m->sql_place.line,
                             .column = (int)m->sql_place.column,
                             .shifts = m->filled.shifts,
                             .shift_count = m->filled.shift_count};
}

static firn_code view_of_model(const firn_model *m, firn_arena *a, firn_view_def *ret,
                               firn_err *err)
{
    const firn_table_conf *t = &m->table;
    firn_str *docs = firn_arena_array(a, 2 * t->doc_count, sizeof *docs);
    if (!docs)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < t->doc_count; i++) {
        docs[2 * i] = t->docs[i].column;
        docs[2 * i + 1] = t->docs[i].text;
    }
    *ret = (firn_view_def){.ident = t->ident,
                           .sql = m->sql,
                           .origin = firn_model_origin(m),
                           .description = t->description,
                           .docs = docs,
                           .doc_count = t->doc_count};
    return FIRN_OK;
}

firn_code firn_model_views(const firn_model *models, size_t count, firn_arena *a,
                           firn_view_def **ret, size_t *ret_count, firn_err *err)
{
    firn_view_def *views = firn_arena_array(a, count, sizeof *views);
    size_t n = 0;
    if (!views)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < count; i++) {
        const firn_model *m = &models[i];
        if (m->materialize != FIRN_MATERIALIZE_VIEW)
            continue;
        FIRN_TRY(view_of_model(m, a, &views[n++], err));
    }
    *ret = views;
    *ret_count = n;
    return FIRN_OK;
}

/* --- all files ----------------------------------------------------------------------------- */

typedef struct walker {
    firn_env *env;
    const firn_project *p;
    const firn_variables *vars;
    firn_arena *a;
    firn_names names;
    firn_locations locations;
    FIRN_VEC(firn_model) models;
} walker;

static firn_code at_file(const char *file, uint16_t id, firn_err *err, const char *advice,
                         const char *text)
{
    firn_raise_conf(err, firn_place_in(file, 0, 0), id, "%s", text);
    firn_err_advise(err, "%s", advice);
    return FIRN_E_CONFIG;
}

/* "curated/lines.sql" names the table curated.lines. */
static firn_code ident_of_path(walker *w, const char *shown, firn_str relative, firn_ident *ret,
                               firn_err *err)
{
    char *name = firn_arena_strndup(w->a, relative.p, relative.n - 4);
    if (!name)
        return firn_arena_raise(w->a, err);
    for (char *c = name; *c; c++)
        if (*c == '/')
            *c = '.';
    const char *fault = firn_ident_fault(firn_str_of(name));
    if (!fault) {
        *ret = firn_ident_of(firn_str_of(name));
        return FIRN_OK;
    }
    firn_raise_conf(err, firn_place_in(shown, 0, 0), FIRN_ID_NAME,
                    "the file's path is not the name of a table: %s", fault);
    firn_err_advise(err, "a model lies in the folder of its namespace: curated/orders.sql is the "
                         "table curated.orders");
    return FIRN_E_CONFIG;
}

static firn_code load_file(walker *w, const char *path, const char *shown, firn_str relative,
                           firn_err *err)
{
    firn_ident ident;
    firn_slice bytes;
    firn_model model;
    FIRN_TRY(ident_of_path(w, shown, relative, &ident, err));
    firn_code code = firn_fs_read(w->env, path, FIRN_YAML_MAX_BYTES, w->a, &bytes, err);
    if (code == FIRN_E_LIMIT)
        return at_file(shown, FIRN_ID_TOO_LARGE, err, "a model is one SELECT",
                       "a model has at most 1 MB");
    if (code != FIRN_OK) {
        firn_err_place(err, firn_place_in(shown, 0, 0));
        return code;
    }
    firn_str text = {(const char *)bytes.p, bytes.n};
    FIRN_TRY(firn_model_parse(text, ident, shown, w->a, &model, err));
    FIRN_TRY(firn_model_fill(&model, w->vars, w->a, err));
    firn_place place = {shown, 0, 0};
    FIRN_TRY(firn_names_add(&w->names, ident, FIRN_OWNER_MODEL, place, err));
    FIRN_TRY(firn_locations_add(&w->locations, ident, NULL, place, err));
    if (w->models.n >= MAX_MODELS)
        return firn_raise(err, FIRN_E_LIMIT, "more than %d models", MAX_MODELS);
    return firn_vec_push(w->a, &w->models, model) ? FIRN_OK : firn_arena_raise(w->a, err);
}

static firn_code load_folder(walker *w, firn_str relative, int depth, firn_err *err);

/* One name in a folder; `relative` is its path below the folder of models. */
static firn_code load_entry(walker *w, firn_str relative, int depth, firn_err *err)
{
    const char *path = firn_arena_printf(w->a, "%s/%.*s", w->p->models, FIRN_STR_ARG(relative));
    const char *shown =
        firn_arena_printf(w->a, "%s/%.*s", w->p->models_shown, FIRN_STR_ARG(relative));
    firn_stat st;
    if (!path || !shown)
        return firn_arena_raise(w->a, err);
    FIRN_TRY(firn_fs_stat(w->env, path, &st, err));
    if (st.is_dir)
        return load_folder(w, relative, depth + 1, err);
    if (firn_str_ends(relative, ".yml") || firn_str_ends(relative, ".yaml"))
        return at_file(shown, FIRN_ID_MODEL, err,
                       "checks and settings stand in the header of each model; begin the file's "
                       "name with '_' to leave it out",
                       "a folder of models holds .sql files only");
    firn_str tail = {relative.p + relative.n - 4, 4};
    if (relative.n <= 4 || !firn_str_ieq(tail, FIRN_STR_LIT(".sql")))
        return FIRN_OK;
    return load_file(w, path, shown, relative, err);
}

/* Recursion is bounded by MAX_DEPTH; links that lead back end there. */
static firn_code load_folder(walker *w, firn_str relative, int depth, firn_err *err)
{
    if (depth > MAX_DEPTH)
        return firn_raise(err, FIRN_E_LIMIT,
                          "folders of models nest to %d levels; is a link among "
                          "them?",
                          MAX_DEPTH);
    const char *sep = relative.n ? "/" : "";
    const char *path =
        firn_arena_printf(w->a, "%s%s%.*s", w->p->models, sep, FIRN_STR_ARG(relative));
    firn_str *names;
    size_t count;
    if (!path)
        return firn_arena_raise(w->a, err);
    FIRN_TRY(firn_fs_list(w->env, path, w->a, &names, &count, err));
    for (size_t i = 0; i < count; i++) {
        if (names[i].p[0] == '.' || names[i].p[0] == '_')
            continue;
        const char *child = firn_arena_printf(w->a, "%.*s%s%.*s", FIRN_STR_ARG(relative), sep,
                                              FIRN_STR_ARG(names[i]));
        if (!child)
            return firn_arena_raise(w->a, err);
        FIRN_TRY(load_entry(w, firn_str_of(child), depth, err));
    }
    return FIRN_OK;
}

static int by_name(const void *x, const void *y)
{
    const firn_ident *a = &((const firn_model *)x)->table.ident;
    const firn_ident *b = &((const firn_model *)y)->table.ident;
    int c = firn_str_cmp(a->ns, b->ns);
    return c ? c : firn_str_cmp(a->name, b->name);
}

/* The default folder need not exist; one that was named must. */
static firn_code check_folder(firn_env *env, const firn_project *p, bool *ret_there, firn_err *err)
{
    firn_stat st = {0};
    *ret_there = firn_fs_stat(env, p->models, &st, NULL) == FIRN_OK;
    if (*ret_there ? st.is_dir : p->models_place.line == 0)
        return FIRN_OK;
    firn_place place =
        p->models_place.line ? p->models_place : firn_place_in(p->models_shown, 0, 0);
    firn_raise_conf(err, place, FIRN_ID_MODEL, "the folder of models %s %s",
                    firn_quotec(p->models_shown).s,
                    *ret_there ? "is not a folder" : "is not there");
    firn_err_advise(err, "make it, or take the key 'models' out");
    return FIRN_E_CONFIG;
}

firn_code firn_models_load(firn_env *env, const firn_project *p, const firn_variables *vars,
                           firn_arena *a, firn_model **ret, size_t *ret_count, firn_err *err)
{
    walker w = {.env = env,
                .p = p,
                .vars = vars,
                .a = a,
                .names = FIRN_NAMES(a),
                .locations = FIRN_LOCATIONS(p, a)};
    bool there;
    FIRN_TRY(check_folder(env, p, &there, err));
    for (size_t i = 0; i < p->ingest_count; i++) {
        const firn_ingest *e = &p->ingest[i];
        FIRN_TRY(firn_names_add(&w.names, e->table.ident, FIRN_OWNER_INGEST, e->place, err));
        FIRN_TRY(firn_locations_add(&w.locations, e->table.ident, e, e->place, err));
    }
    if (there)
        FIRN_TRY(load_folder(&w, (firn_str){"", 0}, 0, err));
    if (w.models.n)
        qsort(w.models.v, w.models.n, sizeof *w.models.v, by_name);
    *ret = w.models.v;
    *ret_count = w.models.n;
    return FIRN_OK;
}
