/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/survey.h"

#include "base/str.h"
#include "engine/sql.h"
#include "pipeline/records_guess.h"

#include <string.h>

#define SAMPLE_BYTES ((uint64_t)8 << 20)
#define SAMPLE_ROWS  100000
#define TABLE        "firn_survey"
/* Two numbers and a year, told apart by one of these. */
#define DATES "[0-9]{1,2}([./-])[0-9]{1,2}[./-]([0-9]{2}|[0-9]{4})"
#define FACTS 6

typedef struct surveying {
    firn_context *run;
    firn_session *s;
    firn_arena *a;
    firn_survey *ret;
} surveying;

/* --- numbers of a column ------------------------------------------------------------------- */

static bool is_scalar(firn_type_kind k)
{
    return !firn_type_is_nested(k);
}

/* For each column: values, different values, whether all are dates, one of them, the largest first
 * and second number of them, whether all are JSON. */
static firn_code add_facts(const firn_surveyed_column *c, firn_buf *sql, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf x = FIRN_SQL_BUF;
    FIRN_TRY(firn_sql_ident(&x, c->name, err));
    const char *p = firn_buf_cstr(&x);
    FIRN_TRY(firn_buf_addf(sql, err, ", count(%s)", p));
    FIRN_TRY(is_scalar(c->type->kind) ? firn_buf_addf(sql, err, ", count(DISTINCT %s)", p)
                                      : firn_buf_adds(sql, ", CAST(-1 AS BIGINT)", err));
    if (c->type->kind != FIRN_T_STRING)
        return firn_buf_adds(sql, ", '', CAST(0 AS BIGINT), CAST(0 AS BIGINT), false", err);
    return firn_buf_addf(
        sql, err,
        ", CASE WHEN count(%s) > 0 AND bool_and(regexp_full_match(%s, '" DATES "')) THEN min(%s) "
        "ELSE '' END, coalesce(max(TRY_CAST(regexp_extract(%s, '^[0-9]{1,2}') AS BIGINT)), 0), "
        "coalesce(max(TRY_CAST(regexp_extract(%s, '^[0-9]{1,2}[./-]([0-9]{1,2})', 1) AS BIGINT)), "
        "0), coalesce(avg(CAST(left(%s, 1) IN ('{', '[') AS INTEGER)) > 0.5, false)",
        p, p, p, p, p, p);
}

/* "%d.%m.%Y", or both orders where the numbers do not tell. */
static firn_code date_formats(surveying *w, firn_surveyed_column *c, int64_t first, int64_t second,
                              firn_err *err)
{
    size_t at = 0;
    while (at < c->example.n && c->example.p[at] >= '0' && c->example.p[at] <= '9')
        at++;
    const char *last = memrchr(c->example.p, c->example.p[at], c->example.n);
    bool long_year = last && c->example.p + c->example.n - last == 5;
    char sep = c->example.p[at];
    char y = long_year ? 'Y' : 'y';
    const char *text;
    if (first > 12)
        text = firn_arena_printf(w->a, "%%d%c%%m%c%%%c", sep, sep, y);
    else if (second > 12)
        text = firn_arena_printf(w->a, "%%m%c%%d%c%%%c", sep, sep, y);
    else
        text =
            firn_arena_printf(w->a, "%%d%c%%m%c%%%c or %%m%c%%d%c%%%c", sep, sep, y, sep, sep, y);
    c->formats = firn_str_of(text);
    return text ? FIRN_OK : firn_arena_raise(w->a, err);
}

static firn_code read_facts(surveying *w, const firn_column *root, firn_err *err)
{
    w->ret->rows = (uint64_t)((const int64_t *)root->children[0].data)[0];
    for (size_t i = 0; i < w->ret->count; i++) {
        firn_surveyed_column *c = &w->ret->columns[i];
        const firn_column *f = &root->children[1 + i * FACTS];
        int64_t values = ((const int64_t *)f[0].data)[0];
        int64_t different = ((const int64_t *)f[1].data)[0];
        const firn_strview *example = f[2].data;
        c->full = values == (int64_t)w->ret->rows && values > 0;
        c->unique = values > 1 && different == values;
        c->json = ((const uint8_t *)f[5].data)[0];
        c->example = firn_arena_str(w->a, firn_strview_str(&example[0]));
        if (!c->example.p)
            return firn_arena_raise(w->a, err);
        if (c->example.n)
            FIRN_TRY(date_formats(w, c, ((const int64_t *)f[3].data)[0],
                                  ((const int64_t *)f[4].data)[0], err));
    }
    return FIRN_OK;
}

static firn_code ask_facts(surveying *w, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    firn_result *r;
    const firn_column *root;
    size_t rows;
    FIRN_TRY(firn_buf_adds(&sql, "SELECT count(*)", err));
    for (size_t i = 0; i < w->ret->count; i++)
        FIRN_TRY(add_facts(&w->ret->columns[i], &sql, err));
    FIRN_TRY(firn_buf_adds(&sql, " FROM " TABLE, err));
    FIRN_TRY(w->run->ops->query(w->s, firn_buf_str(&sql), &r, err));
    firn_code code = w->run->ops->next(r, &root, &rows, err);
    if (code == FIRN_OK && rows == 1)
        code = read_facts(w, root, err);
    w->run->ops->result_close(r);
    return code;
}

/* --- guesses ------------------------------------------------------------------------------- */

/* How much a name looks like that of a key; 0: not at all. */
static int id_rank(firn_str name, firn_str table)
{
    static const char *const endings[] = {"_id", "Id",      "ID",   "_key", "_no",
                                          "_nr", "_number", "uuid", "_code"};
    char own[80];
    if (firn_str_ieq(name, FIRN_STR_LIT("id")) || firn_str_ieq(name, FIRN_STR_LIT("_id")))
        return 100;
    firn_str one = table;
    if (one.n > 1 && one.p[one.n - 1] == 's')
        one.n--; /* orders: order_id */
    snprintf(own, sizeof own, "%.*s_id", FIRN_STR_ARG(one));
    if (firn_str_ieq(name, firn_str_of(own)))
        return 90;
    if (firn_str_ieq(name, FIRN_STR_LIT("key")) || firn_str_ieq(name, FIRN_STR_LIT("uuid")) ||
        firn_str_ieq(name, FIRN_STR_LIT("code")))
        return 80;
    for (size_t i = 0; i < FIRN_COUNT_OF(endings); i++)
        if (firn_str_ends(name, endings[i]))
            return 50 - (int)i;
    return 0;
}

static bool is_key_type(firn_type_kind k)
{
    return k == FIRN_T_INT || k == FIRN_T_LONG || k == FIRN_T_STRING || k == FIRN_T_UUID;
}

static bool is_instant(firn_type_kind k)
{
    return k == FIRN_T_TIMESTAMP || k == FIRN_T_TIMESTAMPTZ;
}

static bool contains_word(firn_str name, const char *word)
{
    return memmem(name.p, name.n, word, strlen(word)) != NULL;
}

static bool tells_change(const firn_surveyed_column *c)
{
    static const char *const words[] = {"updated",     "modified",   "changed",
                                        "last_update", "lastUpdate", "mtime"};
    bool time = is_instant(c->type->kind) || c->type->kind == FIRN_T_DATE;
    for (size_t i = 0; time && i < FIRN_COUNT_OF(words); i++)
        if (contains_word(c->name, words[i]))
            return true;
    return false;
}

static bool is_measure(const firn_surveyed_column *c)
{
    static const char *const words[] = {
        "amount",   "amt",  "value",   "price", "total",  "sum",    "gross", "net",   "qty",
        "quantity", "cost", "revenue", "debit", "credit", "Amount", "Value", "Price", "Total"};
    firn_type_kind k = c->type->kind;
    bool number = k == FIRN_T_DECIMAL || k == FIRN_T_DOUBLE || k == FIRN_T_FLOAT ||
                  k == FIRN_T_INT || k == FIRN_T_LONG;
    for (size_t i = 0; number && i < FIRN_COUNT_OF(words); i++)
        if (contains_word(c->name, words[i]))
            return true;
    return false;
}

/* Also text whose format is certain: the project file will say so. */
static bool is_time(const firn_surveyed_column *c)
{
    bool date = c->formats.p && !memmem(c->formats.p, c->formats.n, " or ", 4);
    return date || is_instant(c->type->kind) || c->type->kind == FIRN_T_DATE;
}

static void guess(firn_survey *v)
{
    int best = 0;
    for (size_t i = 0; i < v->count; i++) {
        const firn_surveyed_column *c = &v->columns[i];
        int rank = c->full && c->unique && is_key_type(c->type->kind)
                       ? id_rank(c->name, v->stream->table)
                       : 0;
        if (rank > best) {
            best = rank;
            v->id = c;
        }
        bool time = is_time(c);
        if (!v->changed && tells_change(c))
            v->changed = c;
        else if (!v->day && time && c->full)
            v->day = c;
        if (!v->amount && is_measure(c))
            v->amount = c;
    }
}

/* --- one stream ---------------------------------------------------------------------------- */

static firn_code make_columns(surveying *w, const firn_layout *l, firn_err *err)
{
    w->ret->columns = firn_arena_array(w->a, l->child_count, sizeof *w->ret->columns);
    if (!w->ret->columns)
        return firn_arena_raise(w->a, err);
    w->ret->count = l->child_count;
    for (size_t i = 0; i < l->child_count; i++) {
        /* the layout goes with the peek */
        firn_type *type = firn_arena_alloc(w->a, sizeof *type);
        if (!type)
            return firn_arena_raise(w->a, err);
        *type = firn_type_copy(&l->type.fields[i].type, w->a);
        w->ret->columns[i] =
            (firn_surveyed_column){.name = firn_arena_str(w->a, l->children[i].name),
                                   .key = firn_arena_str(w->a, l->children[i].key),
                                   .type = type};
        if (type->kind == FIRN_TYPE_KIND_COUNT || !w->ret->columns[i].name.p ||
            !w->ret->columns[i].key.p)
            return firn_arena_raise(w->a, err);
    }
    return FIRN_OK;
}

static firn_code survey_rows(surveying *w, firn_peek *p, firn_err *err)
{
    const firn_engine_ops *ops = w->run->ops;
    size_t rejects;
    const char *sql =
        firn_arena_printf(w->a,
                          "CREATE OR REPLACE TEMP TABLE " TABLE " AS SELECT * FROM %.*s "
                          "LIMIT %d",
                          FIRN_STR_ARG(p->rows), SAMPLE_ROWS);
    if (!sql)
        return firn_arena_raise(w->a, err);
    FIRN_TRY(make_columns(w, p->layout, err));
    FIRN_TRY(ops->exec(w->s, firn_str_of(sql), err));
    FIRN_TRY(ask_facts(w, err));
    firn_peek_rejects(p, &rejects);
    w->ret->rejects = rejects;
    w->ret->whole = firn_peek_is_whole(p) && w->ret->rows < SAMPLE_ROWS;
    guess(w->ret);
    return ops->exec(w->s, FIRN_STR_LIT("DROP TABLE " TABLE), err);
}

firn_code firn_survey_stream(firn_context *run, firn_session *s, const firn_found_stream *stream,
                             firn_arena *a, firn_survey *ret, firn_err *err)
{
    surveying w = {run, s, a, ret};
    firn_peek p = {.run = run};
    firn_ingest ingest = {.format = {.decoder = {"", 0}}};
    *ret = (firn_survey){.stream = stream, .records = {"", 0}, .format = ""};
    if (stream->kind == FIRN_FILE_JSON)
        FIRN_TRY(firn_records_guess(run->env, &stream->files[0], a, &ret->records, err));
    ingest.format.opt.records = ret->records;
    const firn_peek_conf conf = {.ingest = &ingest,
                                 .files = stream->files,
                                 .file_count = stream->file_count,
                                 .sample_bytes = SAMPLE_BYTES};
    firn_code code = firn_peek_open(run, s, &conf, a, &p, err);
    if (code == FIRN_OK) {
        ret->format = p.format ? p.format : "";
        if (p.layout)
            code = survey_rows(&w, &p, err);
    }
    firn_peek_close(&p);
    return code == FIRN_OK ? FIRN_OK : firn_wrap(err, "stream %s", firn_quote(stream->pattern).s);
}
