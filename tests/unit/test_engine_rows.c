/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that firn makes for the engine (firn_rows): values, lifetimes, errors, threads.  Expected
 * values come from SQL that computes them another way. */
#include "engine_open.h"

#include "base/mem.h"

#include <pthread.h>
#include <stdatomic.h>

/* --- rows made by firn --------------------------------------------------------------------- */

/* What a generator does beside making rows. */
typedef struct generator {
    int64_t rows;         /* INT64_MAX: no end */
    size_t chunk;         /* rows of a call at most */
    int64_t fail_at;      /* row; -1: never */
    bool fail_open;       /* no worker opens */
    const char *message;  /* of the error */
    _Atomic int64_t next; /* row */
    atomic_int open;      /* workers now */
    atomic_int opened;    /* workers ever */
    pthread_mutex_t lock;
    pthread_cond_t called; /* fill was called */
    bool was_called;
} generator;

/* Texts of a call live in blocks that the next call frees: under ASan a text that the engine still
 * looks at is found at once, elsewhere it is overwritten. */
typedef struct gen_worker {
    generator *g;
    char **blocks;
    size_t count;
    size_t cap;
} gen_worker;

static void poison(gen_worker *w)
{
    for (size_t i = 0; i < w->count; i++) {
        memset(w->blocks[i], '#', strlen(w->blocks[i]));
        firn_mem_free(w->blocks[i]);
    }
    w->count = 0;
}

static firn_strview text(gen_worker *w, const char *prefix, long long i)
{
    char *p = firn_mem_alloc(96);
    firn_assert(p);
    int n = snprintf(p, 96, "%s%lld", prefix, i);
    if (w->count == w->cap) {
        w->cap = w->cap ? w->cap * 2 : 1024;
        w->blocks = firn_mem_realloc(w->blocks, w->cap * sizeof *w->blocks);
        firn_assert(w->blocks);
    }
    w->blocks[w->count++] = p;
    return firn_strview_of(p, (size_t)n);
}

static firn_code gen_open(void *arg, void **ret, firn_err *err)
{
    generator *g = arg;
    if (g->fail_open) {
        firn_raise(err, FIRN_E_AUTH, "%s", g->message);
        return firn_err_advise(err, "ask nicely");
    }
    gen_worker *w = firn_mem_alloc(sizeof *w);
    if (!w)
        return firn_raise_nomem(err);
    *w = (gen_worker){.g = g};
    g->open++;
    g->opened++;
    *ret = w;
    return FIRN_OK;
}

static void gen_close(void *worker)
{
    gen_worker *w = worker;
    poison(w);
    w->g->open--;
    firn_mem_free(w->blocks);
    firn_mem_free(w);
}

/* Row i is null in a column when i % 7 is this. */
enum { NULL_ROW = 3 };

static firn_code fill_scalars(firn_column *c, gen_worker *w, size_t row, int64_t i, firn_err *err)
{
    ((uint8_t *)c[0].data)[row] = i % 2 == 0;
    ((int32_t *)c[1].data)[row] = (int32_t)(i * 3 - 7);
    ((int64_t *)c[2].data)[row] = i * 10000000000 - 5;
    ((float *)c[3].data)[row] = (float)i / 2;
    ((double *)c[4].data)[row] = (double)i / 4;
    firn_column_put_dec(&c[5], row, i % 1000);
    firn_column_put_dec(&c[6], row, -i);
    firn_column_put_dec(&c[7], row, (firn_i128)i * 1000000007);
    firn_column_put_dec(&c[8], row, (firn_i128)i * 1000000007 * 1000000007);
    ((int32_t *)c[9].data)[row] = (int32_t)(i % 20000) - 10000;
    ((int64_t *)c[10].data)[row] = i % 86400 * 1000000;
    ((int64_t *)c[11].data)[row] = (i - 500) * 3600000000;
    ((int64_t *)c[12].data)[row] = (i - 500) * 60000000;
    ((firn_strview *)c[13].data)[row] = text(w, i % 2 ? "" : "a longer text, number ", i);
    ((firn_i128 *)c[14].data)[row] = (firn_i128)(((firn_u128)(uint64_t)i) ^ ((firn_u128)1 << 127));
    ((firn_strview *)c[15].data)[row] = text(w, "bytes of row number ", i);
    if (i % 7 == NULL_ROW)
        for (size_t k = 0; k < 16; k++)
            FIRN_TRY(firn_column_null(&c[k], row, err));
    return FIRN_OK;
}

/* [i, i + 1, …] of i % 90 elements, every fifth null: longer than the engine's vectors soon. */
static firn_code fill_list(firn_column *c, size_t row, int64_t i, firn_err *err)
{
    firn_column *e = &c->children[0];
    size_t n = (size_t)(i % 90);
    FIRN_TRY(firn_column_reserve(e, e->length + n, err));
    ((firn_listview *)c->data)[row] = (firn_listview){e->length, n};
    for (size_t k = 0; k < n; k++) {
        ((int64_t *)e->data)[e->length + k] = i + (int64_t)k;
        if (k % 5 == 4)
            FIRN_TRY(firn_column_set_null(e, e->length + k, err));
    }
    e->length += n;
    return FIRN_OK;
}

/* One entry of the deep column: {n: k, tags: [i/k …], attrs: {"k": [k, …]}}. */
static firn_code fill_entry(firn_column *entry, gen_worker *w, size_t at, int64_t i, size_t k,
                            firn_err *err)
{
    firn_column *tags = &entry->children[1].children[0];
    firn_column *attr = &entry->children[2].children[0];
    firn_column *numbers = &attr->children[1].children[0];
    ((int32_t *)entry->children[0].data)[at] = (int32_t)k;
    FIRN_TRY(firn_column_reserve(tags, tags->length + k, err));
    ((firn_listview *)entry->children[1].data)[at] = (firn_listview){tags->length, k};
    for (size_t t = 0; t < k; t++)
        ((firn_strview *)tags->data)[tags->length++] = text(w, "tag of row number ", i);
    FIRN_TRY(firn_column_reserve(attr, attr->length + 1, err));
    ((firn_listview *)entry->children[2].data)[at] = (firn_listview){attr->length, 1};
    ((firn_strview *)attr->children[0].data)[attr->length] = text(w, "key number ", i);
    FIRN_TRY(firn_column_reserve(numbers, numbers->length + k, err));
    ((firn_listview *)attr->children[1].data)[attr->length] = (firn_listview){numbers->length, k};
    for (size_t t = 0; t < k; t++)
        ((int32_t *)numbers->data)[numbers->length++] = (int32_t)t;
    attr->length++;
    return FIRN_OK;
}

/* A list of i % 6 entries; one in eleven is null. */
static firn_code fill_deep(firn_column *c, gen_worker *w, size_t row, int64_t i, firn_err *err)
{
    firn_column *entry = &c->children[0];
    size_t n = (size_t)(i % 6);
    FIRN_TRY(firn_column_reserve(entry, entry->length + n, err));
    ((firn_listview *)c->data)[row] = (firn_listview){entry->length, n};
    for (size_t k = 0; k < n; k++) {
        size_t at = entry->length++;
        if ((i + (int64_t)k) % 11 == 0)
            FIRN_TRY(firn_column_null(entry, at, err));
        else
            FIRN_TRY(fill_entry(entry, w, at, i, k, err));
    }
    return FIRN_OK;
}

#define GENERATED                                                                                  \
    "struct<n: long, c0: boolean, c1: int, c2: long, c3: float, c4: double, c5: decimal(4,1), "    \
    "c6: decimal(9,2), c7: decimal(18,0), c8: decimal(38,3), c9: date, c10: time, "                \
    "c11: timestamp, c12: timestamptz, c13: string, c14: uuid, c15: binary, l: list<long>, "       \
    "deep: list<struct<n: int, tags: list<string>, attrs: map<string, list<int>>>>>"

static void was_called(generator *g)
{
    pthread_mutex_lock(&g->lock);
    g->was_called = true;
    pthread_cond_broadcast(&g->called);
    pthread_mutex_unlock(&g->lock);
}

static firn_code gen_fill(void *worker, firn_column *root, size_t max, size_t *ret_rows,
                          firn_err *err)
{
    gen_worker *w = worker;
    generator *g = w->g;
    size_t n = FIRN_MIN(max, g->chunk);
    was_called(g);
    poison(w);
    int64_t first = atomic_fetch_add(&g->next, (int64_t)n);
    if (first >= g->rows)
        n = 0;
    else if (g->rows - first < (int64_t)n)
        n = (size_t)(g->rows - first);
    for (size_t row = 0; row < n; row++) {
        int64_t i = first + (int64_t)row;
        if (i == g->fail_at) {
            firn_raise(err, FIRN_E_SOURCE_LOST, "%s", g->message);
            firn_err_where(err, "row %lld", (long long)i);
            return firn_err_advise(err, "look behind the sofa");
        }
        ((int64_t *)root->children[0].data)[row] = i;
        FIRN_TRY(fill_scalars(&root->children[1], w, row, i, err));
        FIRN_TRY(fill_list(&root->children[17], row, i, err));
        FIRN_TRY(fill_deep(&root->children[18], w, row, i, err));
    }
    *ret_rows = n;
    return FIRN_OK;
}

/* The same columns computed by the engine from n. */
static const char *const recomputed =
    "SELECT n, "
    "CASE WHEN n % 7 <> 3 THEN n % 2 = 0 END AS c0, "
    "CASE WHEN n % 7 <> 3 THEN (n * 3 - 7)::INT END AS c1, "
    "CASE WHEN n % 7 <> 3 THEN n * 10000000000 - 5 END AS c2, "
    "CASE WHEN n % 7 <> 3 THEN (n / 2)::FLOAT END AS c3, "
    "CASE WHEN n % 7 <> 3 THEN n / 4 END AS c4, "
    "CASE WHEN n % 7 <> 3 THEN ((n % 1000)::DECIMAL(18,1) / 10)::DECIMAL(4,1) END AS c5, "
    "CASE WHEN n % 7 <> 3 THEN (n::DECIMAL(18,2) / -100)::DECIMAL(9,2) END AS c6, "
    "CASE WHEN n % 7 <> 3 THEN (n::HUGEINT * 1000000007)::DECIMAL(18,0) END AS c7, "
    "CASE WHEN n % 7 <> 3 THEN "
    "  ((n::HUGEINT * 1000000014000000049)::VARCHAR)::DECIMAL(38,0)::DECIMAL(38,3) * 0.001 "
    "  END::DECIMAL(38,3) AS c8, "
    "CASE WHEN n % 7 <> 3 THEN DATE '1970-01-01' + ((n % 20000) - 10000)::INT END AS c9, "
    "CASE WHEN n % 7 <> 3 THEN TIME '00:00:00' + to_seconds(n % 86400) END AS c10, "
    "CASE WHEN n % 7 <> 3 THEN make_timestamp((n - 500) * 3600000000) END AS c11, "
    "CASE WHEN n % 7 <> 3 THEN make_timestamp((n - 500) * 60000000)::TIMESTAMPTZ END AS c12, "
    "CASE WHEN n % 7 <> 3 THEN CASE WHEN n % 2 = 1 THEN n::VARCHAR "
    "  ELSE 'a longer text, number ' || n END END AS c13, "
    "CASE WHEN n % 7 <> 3 THEN format('00000000-0000-0000-0000-{:012x}', n)::UUID END AS c14, "
    "CASE WHEN n % 7 <> 3 THEN ('bytes of row number ' || n)::BLOB END AS c15, "
    "list_transform(range(n % 90), lambda k: CASE WHEN k % 5 <> 4 THEN n + k END) AS l, "
    "list_transform(range(n % 6), lambda k: CASE WHEN (n + k) % 11 <> 0 THEN struct_pack("
    "  n := k::INT, tags := list_transform(range(k), lambda t: 'tag of row number ' || n), "
    "  attrs := MAP {'key number ' || n: range(k)::INT[]}) END) AS deep "
    "FROM (SELECT range AS n FROM range($1)) t";

/* The template with $1 and $2 replaced. */
static const char *fill_in(firn_arena *a, const char *template, const char *x, const char *y)
{
    firn_err err = {0};
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(65536);
    for (const char *p = template; *p; p++) {
        if (*p == '$' && (p[1] == '1' || p[1] == '2'))
            check_ok(firn_buf_adds(&out, *++p == '1' ? x : y, &err), &err);
        else
            check_ok(firn_buf_addc(&out, *p, &err), &err);
    }
    return firn_arena_strdup(a, firn_buf_cstr(&out));
}

typedef struct fixture {
    generator g;
    firn_type *type;
    firn_arena *a;
    int64_t id;
} fixture;

static void open_fixture(fixture *f, int64_t rows, unsigned threads)
{
    firn_err err = {0};
    *f = (fixture){.g = {.rows = rows, .chunk = 2048, .fail_at = -1, .message = "gone"}};
    pthread_mutex_init(&f->g.lock, NULL);
    pthread_cond_init(&f->g.called, NULL);
    f->a = firn_arena_new("test", 0);
    f->type = firn_arena_zalloc(f->a, sizeof *f->type);
    check_ok(firn_type_parse(FIRN_STR_LIT(GENERATED), f->a, f->type, &err), &err);
    firn_row_source source = {.type = f->type,
                              .threads = threads,
                              .arg = &f->g,
                              .open_worker = gen_open,
                              .fill = gen_fill,
                              .close_worker = gen_close};
    check_ok(ops->source_add(engine, &source, &f->id, &err), &err);
}

static void close_fixture(fixture *f)
{
    ops->source_remove(engine, f->id);
    assert_int_equal(f->g.open, 0); /* every worker was closed */
    firn_arena_free(f->a);
    pthread_mutex_destroy(&f->g.lock);
    pthread_cond_destroy(&f->g.called);
}

/* All types, lists that outgrow their first capacity, 1, 2 and 4 workers, chunks of all sizes: the
 * same rows as the engine computes. */
static void source_rows(void **state FIRN_UNUSED)
{
    static const struct {
        int64_t rows;
        unsigned threads;
        size_t chunk;
    } cases[] = {{0, 1, 2048},     {1, 1, 2048},     {2048, 1, 2048},
                 {2049, 2, 2048},  {30000, 1, 2048}, {30000, 2, 2048},
                 {30000, 4, 2048}, {5000, 4, 1},     {5000, 2, 777}};
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        fixture f;
        open_fixture(&f, cases[i].rows, cases[i].threads);
        f.g.chunk = cases[i].chunk;
        const char *want =
            fill_in(f.a, recomputed, firn_arena_printf(f.a, "%lld", (long long)cases[i].rows), "");
        const char *sql = firn_arena_printf(
            f.a,
            "WITH got AS MATERIALIZED (FROM firn_rows(%lld)), want AS MATERIALIZED (%s) SELECT "
            "(SELECT count(*) FROM got) AS rows, "
            "(SELECT count(*) FROM (FROM got EXCEPT ALL FROM want)) AS odd, "
            "(SELECT count(*) FROM (FROM want EXCEPT ALL FROM got)) AS missing",
            (long long)f.id, want);
        const char *rows =
            firn_arena_printf(f.a, "{rows: %lld, odd: 0, missing: 0}", (long long)cases[i].rows);
        check_rows(ops, session, sql, rows);
        assert_true(f.g.opened >= 1 && f.g.opened <= (int)cases[i].threads);
        close_fixture(&f);
    }
}

/* Texts point into memory that the next call frees.  In every kind of plan the engine must have
 * copied them by then. */
static void texts_are_copied(void **state FIRN_UNUSED)
{
    static const char *const plans[] = {
        "SELECT n, c13 FROM $1",
        "SELECT n, c13 FROM $1 WHERE n % 100 = 5", /* few rows of each chunk */
        "SELECT n, c13, c15 FROM $1 ORDER BY c13",
        "SELECT c13 AS n, count(*) AS c13 FROM $1 GROUP BY ALL",
        "SELECT DISTINCT c13, c13 AS n FROM $1",
        "SELECT min(c13) AS n, max(c13) AS c13, string_agg(c13, ',' ORDER BY n) AS s FROM $1",
        "SELECT first(c13 ORDER BY n DESC) AS n, list(c13 ORDER BY n) AS c13 FROM $1",
        "SELECT a.n, b.c13 FROM $1 a JOIN $2 b ON a.c13 = b.c13",
        "SELECT a.n, a.c13 FROM $1 a JOIN range(3000) r(k) ON a.n = r.k",
        "SELECT a.n, b.c13 FROM range(3000) r(k), $1 a, $2 b WHERE a.n = r.k AND a.n = b.n",
        "SELECT n, c13, k FROM $1, range(3) r(k)",
        "SELECT n, unnest(['x' || c13, c13]) AS c13 FROM $1",
        "SELECT n, unnest(deep) AS c13 FROM $1",
        "SELECT n, deep FROM $1 ORDER BY n DESC",
        "SELECT n, c13, row_number() OVER (PARTITION BY c13 ORDER BY n) AS r FROM $1",
        "SELECT n, lag(c13) OVER (ORDER BY n) AS c13 FROM $1",
        "SELECT n, c13 FROM $1 UNION ALL SELECT n, c13 FROM $2",
        "SELECT c13 AS n, c13 FROM $1 EXCEPT SELECT c13, c13 FROM $2 WHERE n > 100",
        "SELECT n, c13 FROM $1 ORDER BY c13 DESC, n LIMIT 50",
        "WITH x AS MATERIALIZED (FROM $1) SELECT a.n, b.c13 FROM x a, x b WHERE a.n = b.n + 1",
        "SELECT n, c13 FROM $1 WHERE c13 IN (SELECT c13 FROM $2 WHERE n < 50)",
        "SELECT n, substr(c13, 2) AS c13, c13 || '!' AS d FROM $1",
        "SELECT n, {'a': c13, 'b': [c13]} AS c13, MAP {n: c13} AS m FROM $1",
        "SELECT n, CASE WHEN n % 2 = 0 THEN c13 ELSE 'y' END AS c13 FROM $1",
        "PIVOT (SELECT n, c13, n % 3 AS p FROM $1) ON p IN (0, 1, 2) USING max(c13) GROUP BY n",
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(plans); i++) {
        fixture f;
        fixture g;
        open_fixture(&f, 4096, 4);
        open_fixture(&g, 4096, 4);
        const char *x = firn_arena_printf(f.a, "firn_rows(%lld)", (long long)f.id);
        const char *y = firn_arena_printf(f.a, "firn_rows(%lld)", (long long)g.id);
        const char *w = firn_arena_printf(f.a, "(%s)", fill_in(f.a, recomputed, "4096", ""));
        const char *sql = firn_arena_printf(
            f.a,
            "WITH got AS MATERIALIZED (%s), want AS MATERIALIZED (%s) "
            "SELECT (SELECT count(*) FROM (FROM got EXCEPT ALL FROM want)) AS odd, "
            "(SELECT count(*) FROM (FROM want EXCEPT ALL FROM got)) AS missing",
            fill_in(f.a, plans[i], x, y), fill_in(f.a, plans[i], w, w));
        check_rows(ops, session, sql, "{odd: 0, missing: 0}");
        close_fixture(&f);
        close_fixture(&g);
    }
}

/* The same where the rows leave the engine: as a result, read slowly. */
static void texts_in_results(void **state FIRN_UNUSED)
{
    fixture f;
    firn_err err = {0};
    firn_result *r;
    int64_t rows = 0;
    open_fixture(&f, 200000, 4);
    const char *sql =
        firn_arena_printf(f.a, "SELECT n, c13, deep FROM firn_rows(%lld)", (long long)f.id);
    check_ok(ops->query(session, firn_str_of(sql), &r, &err), &err);
    for (;;) {
        const firn_column *root;
        size_t n;
        check_ok(ops->next(r, &root, &n, &err), &err);
        if (n == 0)
            break;
        for (size_t k = 0; k < n; k++) {
            char want[64];
            int64_t i = ((const int64_t *)root->children[0].data)[k];
            if (i % 7 == NULL_ROW) {
                assert_false(firn_column_is_valid(&root->children[1], k));
                continue;
            }
            snprintf(want, sizeof want, "%s%lld", i % 2 ? "" : "a longer text, number ",
                     (long long)i);
            check_str(firn_strview_str(&((const firn_strview *)root->children[1].data)[k]), want);
        }
        rows += (int64_t)n;
    }
    ops->result_close(r);
    assert_int_equal(rows, 200000);
    close_fixture(&f);
}

/* An error of a worker comes back as it was raised, not as the engine retells it. */
static void source_errors(void **state FIRN_UNUSED)
{
    static const int64_t places[] = {0, 1, 2047, 2048, 20000};
    for (size_t i = 0; i < FIRN_COUNT_OF(places); i++) {
        for (unsigned threads = 1; threads <= 4; threads *= 2) {
            fixture f;
            firn_err err = {0};
            FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF((size_t)1 << 28);
            open_fixture(&f, 25000, threads);
            f.g.fail_at = places[i];
            f.g.message = "the cursor 'x' is gone with its data";
            const char *sql = firn_arena_printf(
                f.a, "SELECT n, c13 FROM firn_rows(%lld) WHERE n >= 0", (long long)f.id);
            check_fails(run(ops, session, sql, &out, &err), FIRN_E_SOURCE_LOST, &err, f.g.message);
            assert_string_equal(err.text, f.g.message);
            assert_string_equal(err.advice, "look behind the sofa");
            assert_memory_equal(err.where, "row ", 4);
            /* the same through exec */
            f.g.next = 0;
            sql = firn_arena_printf(f.a, "CREATE OR REPLACE TABLE e AS FROM firn_rows(%lld)",
                                    (long long)f.id);
            check_fails(ops->exec(session, firn_str_of(sql), &err), FIRN_E_SOURCE_LOST, &err,
                        f.g.message);
            /* and no trace of it afterwards */
            f.g.next = 0;
            f.g.fail_at = -1;
            f.g.rows = 10;
            sql = firn_arena_printf(f.a, "SELECT count(*) AS c FROM firn_rows(%lld)",
                                    (long long)f.id);
            check_rows(ops, session, sql, "{c: 10}");
            check_fails(ops->exec(session, FIRN_STR_LIT("SELECT nope"), &err), FIRN_E_SQL, &err,
                        "nope");
            close_fixture(&f);
        }
    }
}

static void worker_does_not_open(void **state FIRN_UNUSED)
{
    fixture f;
    firn_err err = {0};
    open_fixture(&f, 10, 2);
    f.g.fail_open = true;
    f.g.message = "wrong password";
    const char *sql =
        firn_arena_printf(f.a, "CREATE TABLE w AS FROM firn_rows(%lld)", (long long)f.id);
    check_fails(ops->exec(session, firn_str_of(sql), &err), FIRN_E_AUTH, &err, "wrong password");
    assert_string_equal(err.advice, "ask nicely");
    close_fixture(&f);
}

/* Two sessions fail at the same time, each for its own reason. */
typedef struct failing {
    firn_session *s;
    fixture *f;
    bool own_sql; /* fails by its SQL, not by its source */
    int wrong;
} failing;

static void *fail_often(void *arg)
{
    failing *x = arg;
    for (int i = 0; i < 50; i++) {
        firn_err err = {0};
        char sql[128];
        x->f->g.next = 0;
        snprintf(sql, sizeof sql,
                 "CREATE OR REPLACE TEMP TABLE t AS SELECT %s FROM firn_rows(%lld)",
                 x->own_sql ? "error('mine') AS x" : "*", (long long)x->f->id);
        firn_code code = x->s ? ops->exec(x->s, firn_str_of(sql), &err) : FIRN_OK;
        firn_code want = x->own_sql ? FIRN_E_SQL : FIRN_E_SOURCE_LOST;
        if (code != want || !strstr(err.text, x->own_sql ? "mine" : x->f->g.message))
            x->wrong++;
    }
    return NULL;
}

static void errors_stay_apart(void **state FIRN_UNUSED)
{
    static const char *const messages[] = {"first", "second", "unused"};
    fixture f[3];
    failing x[3];
    pthread_t threads[3];
    firn_err err = {0};
    for (int i = 0; i < 3; i++) {
        open_fixture(&f[i], 10000, 2);
        f[i].g.message = messages[i];
        f[i].g.fail_at = i < 2 ? 3000 : -1;
        x[i] = (failing){.f = &f[i], .own_sql = i == 2};
        check_ok(ops->session(engine, &x[i].s, &err), &err);
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, fail_often, &x[i]), 0);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        ops->session_close(x[i].s);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(x[i].wrong, 0);
        close_fixture(&f[i]);
    }
}

typedef struct running {
    const char *sql;
    firn_code code;
    firn_err err;
} running;

static void *run_in_thread(void *arg)
{
    running *r = arg;
    r->code = ops->exec(session, firn_str_of(r->sql), &r->err);
    return NULL;
}

static void interrupt(void **state FIRN_UNUSED)
{
    fixture f;
    pthread_t thread;
    open_fixture(&f, INT64_MAX, 2);
    running r = {
        .sql = firn_arena_printf(f.a, "CREATE TABLE i AS SELECT sum(n) AS s FROM firn_rows(%lld)",
                                 (long long)f.id)};
    assert_int_equal(pthread_create(&thread, NULL, run_in_thread, &r), 0);
    pthread_mutex_lock(&f.g.lock);
    while (!f.g.was_called)
        pthread_cond_wait(&f.g.called, &f.g.lock);
    pthread_mutex_unlock(&f.g.lock);
    assert_true(ops->progress(session) <= 100.0);
    ops->interrupt(session);
    pthread_join(thread, NULL);
    assert_int_equal(r.code, FIRN_E_CANCELLED);
    close_fixture(&f);
    check_rows(ops, session, "SELECT 1 AS a", "{a: 1}"); /* the session goes on */
}

static void many_sources(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    fixture f;
    open_fixture(&f, 5, 1);
    firn_row_source source = {.type = f.type,
                              .threads = 1,
                              .arg = &f.g,
                              .open_worker = gen_open,
                              .fill = gen_fill,
                              .close_worker = gen_close};
    int64_t ids[64];
    int64_t more = -1;
    size_t n = 0;
    while (n < 63)
        check_ok(ops->source_add(engine, &source, &ids[n++], &err), &err);
    check_fails(ops->source_add(engine, &source, &more, &err), FIRN_E_LIMIT, &err, "64 sources");
    assert_int_equal(more, -1);
    while (n > 0)
        ops->source_remove(engine, ids[--n]);
    check_ok(ops->source_add(engine, &source, &more, &err), &err);
    ops->source_remove(engine, more);
    const char *sql = firn_arena_printf(f.a, "FROM firn_rows(%lld)", (long long)more);
    check_fails(ops->exec(session, firn_str_of(sql), &err), FIRN_E_SQL, &err, "no such source");
    close_fixture(&f);
}

/* The engine cannot write fixed[n]. */
static void fixed_is_refused(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    fixture f;
    int64_t id;
    open_fixture(&f, 5, 1);
    firn_type type;
    check_ok(firn_type_parse(FIRN_STR_LIT("struct<a: list<fixed[4]>>"), f.a, &type, &err), &err);
    firn_row_source source = {.type = &type,
                              .threads = 1,
                              .arg = &f.g,
                              .open_worker = gen_open,
                              .fill = gen_fill,
                              .close_worker = gen_close};
    check_ok(ops->source_add(engine, &source, &id, &err), &err);
    const char *sql = firn_arena_printf(f.a, "FROM firn_rows(%lld)", (long long)id);
    check_fails(ops->exec(session, firn_str_of(sql), &err), FIRN_E_SQL, &err, "cannot write");
    ops->source_remove(engine, id);
    close_fixture(&f);
}

static firn_code count_only(void *worker, firn_column *root, size_t max, size_t *ret_rows,
                            firn_err *err FIRN_UNUSED)
{
    generator *g = ((gen_worker *)worker)->g;
    assert_int_equal(root->child_count, 0);
    int64_t first = atomic_fetch_add(&g->next, (int64_t)max);
    *ret_rows = first < g->rows ? FIRN_MIN(max, (size_t)(g->rows - first)) : 0;
    return FIRN_OK;
}

/* A source without a column still has rows, or none, and its workers are called. */
static void no_columns(void **state FIRN_UNUSED)
{
    static const int64_t counts[] = {0, 1, 5000};
    for (size_t i = 0; i < FIRN_COUNT_OF(counts); i++) {
        firn_err err = {0};
        fixture f;
        int64_t id;
        open_fixture(&f, counts[i], 1);
        firn_type none = {.kind = FIRN_T_STRUCT};
        firn_row_source source = {.type = &none,
                                  .threads = 2,
                                  .arg = &f.g,
                                  .open_worker = gen_open,
                                  .fill = count_only,
                                  .close_worker = gen_close};
        check_ok(ops->source_add(engine, &source, &id, &err), &err);
        const char *sql = firn_arena_printf(
            f.a, "SELECT count(*) AS n FROM (SELECT 1 AS one FROM firn_rows(%lld))", (long long)id);
        check_rows(ops, session, sql, firn_arena_printf(f.a, "{n: %lld}", (long long)counts[i]));
        assert_true(f.g.next >= f.g.rows);
        ops->source_remove(engine, id);
        close_fixture(&f);
    }
}

/* One worker and insertion order kept: rows come in the source's order. */
static void ordered(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    firn_engine *kept = engine;
    firn_engine_conf conf = {.memory_bytes = 1 << 28, .threads = 4, .preserve_order = true};
    firn_session *s;
    fixture f;
    firn_result *r;
    int64_t next = 0;
    check_ok(ops->open(&conf, &engine, &err), &err);
    check_ok(ops->session(engine, &s, &err), &err);
    open_fixture(&f, 50000, 1);
    const char *sql =
        firn_arena_printf(f.a, "SELECT n FROM firn_rows(%lld) WHERE n %% 3 = 0", (long long)f.id);
    check_ok(ops->query(s, firn_str_of(sql), &r, &err), &err);
    for (;;) {
        const firn_column *root;
        size_t n;
        check_ok(ops->next(r, &root, &n, &err), &err);
        if (n == 0)
            break;
        for (size_t k = 0; k < n; k++, next += 3)
            assert_int_equal(((const int64_t *)root->children[0].data)[k], next);
    }
    assert_int_equal(next, 50001);
    ops->result_close(r);
    close_fixture(&f);
    ops->session_close(s);
    ops->close(engine);
    engine = kept;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(source_rows),
        cmocka_unit_test(texts_are_copied),
        cmocka_unit_test(texts_in_results),
        cmocka_unit_test(source_errors),
        cmocka_unit_test(worker_does_not_open),
        cmocka_unit_test(errors_stay_apart),
        cmocka_unit_test(interrupt),
        cmocka_unit_test(many_sources),
        cmocka_unit_test(fixed_is_refused),
        cmocka_unit_test(no_columns),
        cmocka_unit_test(ordered),
    };
    return cmocka_run_group_tests_name("engine_rows", tests, open_engine, close_engine);
}
