/* SPDX-License-Identifier: Apache-2.0 */
/* format/csv on random files: what a writer wrote is read, damage does no harm and is seen the same
 * however a file is cut, and every allocation may fail. */
#include "csv_help.h"

static uint64_t random_state = 1;

static uint64_t random_below(uint64_t n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % n;
}

/* --- a writer that remembers --------------------------------------------------------------- */

enum { MAX_COLUMNS = 6, MAX_ROWS = 40, MAX_CELL = 40 };

typedef struct model {
    firn_format_opt opt;
    int ends; /* 0: LF, 1: CRLF, 2: either, 3: CR */
    size_t columns;
    size_t rows;
    bool null[MAX_ROWS][MAX_COLUMNS];
    size_t n[MAX_ROWS][MAX_COLUMNS];
    char text[MAX_ROWS][MAX_COLUMNS][MAX_CELL];
    firn_buf file;
} model;

static void put(model *m, const char *p, size_t n)
{
    firn_err err = {0};
    check_ok(firn_buf_add(&m->file, p, n, &err), &err);
}

static size_t random_text(const model *m, char *out)
{
    static const char *const pieces[] = {"a",  "b",  "0",    " ",        "\"",          "'",
                                         "\n", "\r", "\r\n", "\0",       ",",           ";",
                                         "\t", "|",  "\\",   "\xc3\xa9", "\xe2\x82\xac"};
    size_t n = 0;
    for (size_t i = random_below(10); i; i--) {
        size_t k = random_below(FIRN_COUNT_OF(pieces) + 1);
        const char one[] = {m->opt.separator, m->opt.quote};
        const char *piece = k < FIRN_COUNT_OF(pieces) ? pieces[k] : &one[random_below(2)];
        size_t piece_n = k < FIRN_COUNT_OF(pieces) ? FIRN_MAX(strlen(piece), (size_t)1) : 1;
        memcpy(out + n, piece, piece_n);
        n += piece_n;
    }
    return n;
}

static bool must_quote(const model *m, const char *p, size_t n)
{
    if (n == 0 || p[0] == m->opt.quote)
        return true;
    for (size_t i = 0; i < n; i++)
        if (p[i] == '\n' || p[i] == '\r' || p[i] == m->opt.separator)
            return true;
    return false;
}

static void put_cell(model *m, const char *p, size_t n)
{
    if (!must_quote(m, p, n) && random_below(3)) {
        put(m, p, n);
        return;
    }
    put(m, &m->opt.quote, 1);
    for (size_t i = 0; i < n; i++) {
        put(m, p + i, 1);
        if (p[i] == m->opt.quote)
            put(m, p + i, 1);
    }
    put(m, &m->opt.quote, 1);
}

static void put_line_end(model *m)
{
    static const char *const ends[] = {"\n", "\r\n", "", "\r"};
    const char *end = ends[m->ends == 2 ? (int)random_below(2) : m->ends];
    put(m, end, strlen(end));
}

static void put_row(model *m, size_t row)
{
    for (size_t k = 0; k < m->columns; k++) {
        if (k)
            put(m, &m->opt.separator, 1);
        m->null[row][k] = m->columns > 1 && random_below(5) == 0;
        if (m->null[row][k])
            continue;
        m->n[row][k] = random_text(m, m->text[row][k]);
        put_cell(m, m->text[row][k], m->n[row][k]);
    }
}

/* The last line may lack its end. */
static void write_file(model *m)
{
    m->opt.separator = ",;\t|^"[random_below(5)];
    m->opt.quote = "\"\"'~"[random_below(4)];
    m->ends = (int)random_below(4);
    m->columns = 1 + random_below(MAX_COLUMNS);
    m->rows = random_below(MAX_ROWS);
    for (size_t k = 0; k < m->columns; k++) {
        if (k)
            put(m, &m->opt.separator, 1);
        char name[] = {'c', (char)('0' + k)};
        put_cell(m, name, sizeof name);
    }
    put_line_end(m);
    for (size_t row = 0; row < m->rows; row++) {
        put_row(m, row);
        if (row + 1 < m->rows || random_below(2))
            put_line_end(m);
        if (random_below(20) == 0)
            put_line_end(m);
    }
}

/* --- reading it back ----------------------------------------------------------------------- */

static void check_row(const model *m, size_t row, const firn_column *root, size_t at)
{
    for (size_t k = 0; k < m->columns; k++) {
        const firn_column *col = &root->children[k];
        bool valid = firn_column_is_valid(col, at);
        if (valid == m->null[row][k])
            fail_msg("row %zu column %zu: null %d", row, k, !valid);
        if (!valid)
            continue;
        firn_str got = firn_strview_str((const firn_strview *)col->data + at);
        firn_str want = {m->text[row][k], m->n[row][k]};
        if (!firn_str_eq(got, want))
            fail_msg("row %zu column %zu: %s instead of %s", row, k, firn_quote(got).s,
                     firn_quote(want).s);
    }
}

static const firn_layout *string_columns(const model *m, firn_arena *a)
{
    firn_err err = {0};
    firn_given given[MAX_COLUMNS];
    firn_layout_out made;
    for (size_t k = 0; k < m->columns; k++)
        given[k] = (firn_given){.name = firn_str_of(firn_arena_printf(a, "c%zu", k)),
                                .has_type = true,
                                .type.kind = FIRN_T_STRING};
    const firn_layout_in in = {.given = given, .given_count = m->columns};
    check_ok(firn_layout_make(&in, a, &made, &err), &err);
    return made.layout;
}

static void check_file(const model *m, const csv_run *run, firn_arena *a)
{
    static const size_t chunks[] = {1, 7, 2048};
    firn_err err = {0};
    csv_batches b = {.framer = NULL};
    const firn_layout *layout = string_columns(m, a);
    firn_rejects rejects = {.arena = a};
    size_t seen = 0;
    check_ok(csv_open_and_cut(run, firn_buf_slice(&m->file), &b, a, &err), &err);
    for (size_t i = 0; i < b.v.n; i++) {
        bool misfit = true;
        check_ok(firn_decoder_csv.walk(&b.v.v[i], layout, firn_shape_new(a), a, &misfit, &err),
                 &err);
        assert_false(misfit);
        for (size_t next = 0; next < b.v.v[i].count;) {
            firn_column root;
            size_t rows;
            size_t chunk = chunks[random_below(FIRN_COUNT_OF(chunks))];
            check_ok(firn_columns_in_arena(&layout->type, chunk, a, &root, &err), &err);
            check_ok(firn_decoder_csv.fill(&b.v.v[i], &next, layout, &root, 0, chunk, &rows,
                                           &rejects, a, &err),
                     &err);
            for (size_t at = 0; at < rows; at++)
                check_row(m, seen + at, &root, at);
            seen += rows;
        }
    }
    if (rejects.n)
        fail_msg("%.*s", FIRN_STR_ARG(rejects.v[0].reason));
    check_i64(seen, m->rows);
}

static void what_is_written_is_read(void **state FIRN_UNUSED)
{
    static model m;
    for (int i = 0; i < 3000; i++) {
        m = (model){.file = FIRN_BUF((size_t)1 << 20)};
        random_state = (uint64_t)i * UINT64_C(0x9e3779b97f4a7c15) + 1;
        firn_arena *a = firn_arena_new("run", 0);
        write_file(&m);
        csv_run run = {.opt = m.opt, .piece = random_below(3) ? 1 + random_below(200) : 0};
        run.cap = random_below(3) ? 0 : 1 + random_below(10);
        check_file(&m, &run, a);
        firn_arena_free(a);
        firn_buf_free(&m.file);
    }
}

/* --- damage -------------------------------------------------------------------------------- */

static const char *const samples[] = {
    "a,b,c\n1,x,2025-05-31\n2,\"y,\"\"z\"\"\",2025-06-01\n3,,\n",
    "a;b\r\n1,5;\"x\r\ny\"\r\n2,5;z\r\n",
    "\xef\xbb\xbfname\tvalue\nMueller\t1.25\nM\xc3\xbcller\t-7\n",
    "a,b\r1,'x'\r2,'y'\r",
    "a|b|c|d\n1|2|3|4\n5|6|7|8\n\"9\"|\"10\"|\"11\"|\"12\"\n",
    "one column\ntext\n\"quoted text\"\n\n",
    "id,when\n1,29-Jun-17\n2,1-Jul-17\n3,31-Dec-99\n",
};

static size_t damage(char *p, size_t n, size_t cap)
{
    static const char bytes[] = "\"\"\"',;\t|\r\n\n\0\xff\xc3 ax1.-";
    for (size_t edits = 1 + random_below(4); edits && n; edits--) {
        size_t at = random_below(n);
        size_t length = 1 + random_below(FIRN_MIN(n - at, (size_t)8));
        switch (random_below(4)) {
        case 0:
            p[at] = bytes[random_below(sizeof bytes - 1)];
            break;
        case 1:
            memmove(p + at, p + at + length, n - at - length);
            n -= length;
            break;
        case 2:
            if (n + length > cap)
                break;
            memmove(p + at + length, p + at, n - at);
            n += length;
            break;
        default:
            p[at] = (char)random_below(256);
        }
    }
    return n;
}

static void damage_is_seen_the_same_in_every_cut(void **state FIRN_UNUSED)
{
    for (int i = 0; i < 20000; i++) {
        char text[512];
        random_state = (uint64_t)i * UINT64_C(0x9e3779b97f4a7c15) + 7;
        const char *from = samples[random_below(FIRN_COUNT_OF(samples))];
        size_t n = strlen(from);
        memcpy(text, from, n);
        n = damage(text, n, sizeof text);
        csv_run run = {.opt = {.max_record_bytes = random_below(3) ? 0 : 1 + random_below(30),
                               .no_header = random_below(4) == 0,
                               .no_quote = random_below(8) == 0}};
        firn_arena *a = firn_arena_new("run", 0);
        firn_slice bytes = {(const uint8_t *)text, n};
        const char *once = csv_print(&run, bytes, a);
        assert_null(strstr(once, "internal"));
        run.piece = 1 + random_below(20);
        run.cap = random_below(2) ? 0 : 1 + random_below(3);
        run.chunk = 1 + random_below(4);
        const char *again = csv_print(&run, bytes, a);
        if (strcmp(once, again) != 0)
            fail_msg("%d: %s\n%s--- pieces of %zu:\n%s", i, firn_quote((firn_str){text, n}).s, once,
                     run.piece, again);
        firn_arena_free(a);
    }
}

/* --- memory -------------------------------------------------------------------------------- */

static void every_allocation_may_fail(void **state FIRN_UNUSED)
{
    static const char text[] = "a,a,,\"d\"\"\"\n1,\"a text that is not short, \"\"quoted\"\"\",2,\n"
                               "x,y\n1,2,z,4\n1,\xff,2,3\n";
    const firn_slice bytes = {(const uint8_t *)text, sizeof text - 1};
    for (int piece = 0; piece < 2; piece++) {
        bool failed = true;
        for (uint64_t nth = 1; failed; nth++) {
            firn_err err = {0};
            csv_run run = {.piece = piece ? 9 : 0};
            firn_buf out = FIRN_BUF((size_t)1 << 20);
            firn_arena *a = firn_arena_new("run", 0);
            firn_mem_fail_nth(nth, nth % 2);
            firn_code code = csv_decode(&run, bytes, a, &out, &err);
            failed = firn_mem_failed() > 0;
            firn_mem_fail_nth(0, false);
            /* one refusal alone may only cost the name of a type in a message */
            if (!failed || nth % 2)
                assert_int_equal(code, failed ? FIRN_E_NOMEM : FIRN_OK);
            firn_buf_free(&out);
            firn_arena_free(a);
            assert_true(nth < 1000);
        }
    }
}

/* The limit of an arena is met at every step: it grows by a little from run to run. */
static void every_limit_may_be_met(void **state FIRN_UNUSED)
{
    static const char text[] = "a,a,,\"d\"\"\"\n1,Caf\xe9,2,\n1,M\xfcller,2,\n1,Stra\xdf\x65,2,\n";
    const firn_slice bytes = {(const uint8_t *)text, sizeof text - 1};
    const firn_format_opt opt = {.separator = 0};
    size_t refused = 0;
    for (size_t limit = 16;; limit += 16) {
        firn_err err = {0};
        firn_framer *framer = NULL;
        firn_arena *a = firn_arena_new("small", limit);
        firn_code code = firn_decoder_csv.open(&opt, bytes, true, a, &framer, &err);
        firn_arena_free(a);
        if (code == FIRN_OK)
            break;
        assert_int_equal(code, FIRN_E_LIMIT);
        assert_null(framer);
        refused++;
    }
    assert_true(refused > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(damage_is_seen_the_same_in_every_cut),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(every_limit_may_be_met),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
