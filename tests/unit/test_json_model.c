/* SPDX-License-Identifier: Apache-2.0 */
/* JSON against a model: random types, random documents of them, written down twice: as JSON in all
 * its spellings, and as the row that must come out. */
#include "json_help.h"

#include <stdlib.h>

#define MEGABYTE ((size_t)1 << 20)

typedef struct model {
    uint64_t seed;
    firn_arena *a;
    firn_buf json;
    firn_buf rows;           /* what must come out */
    uint64_t duplicate_keys; /* in records that land */
} model;

static void add(firn_buf *b, const char *text)
{
    assert_int_equal(firn_buf_adds(b, text, NULL), FIRN_OK);
}

static void both(model *m, const char *text)
{
    add(&m->json, text);
    add(&m->rows, text);
}

/* White space where JSON allows it, most often none. */
static void blank(model *m)
{
    static const char *const blanks[] = {"", "", "", "", "", "", " ", "\t", "\r", "  \t "};
    add(&m->json, blanks[below(&m->seed, FIRN_COUNT_OF(blanks))]);
}

/* --- random types --------------------------------------------------------------------------- */

static firn_type random_type(model *m, int depth);

static firn_field random_field(model *m, size_t i, int depth)
{
    static const char *const names[] = {"a",   "b2", "third key", "a key longer than sixteen bytes",
                                        "été", "f",  "g",         "h"};
    return (firn_field){.name = firn_str_of(names[i]), .type = random_type(m, depth)};
}

static firn_type random_struct(model *m, int depth)
{
    firn_type t = {.kind = FIRN_T_STRUCT, .field_count = 1 + below(&m->seed, 7)};
    t.fields = firn_arena_array(m->a, t.field_count, sizeof *t.fields);
    for (size_t i = 0; i < t.field_count; i++)
        t.fields[i] = random_field(m, i, depth - 1);
    return t;
}

static firn_type random_type(model *m, int depth)
{
    static const firn_type_kind leaves[] = {FIRN_T_BOOLEAN, FIRN_T_INT,    FIRN_T_LONG,
                                            FIRN_T_DOUBLE,  FIRN_T_DATE,   FIRN_T_TIMESTAMP,
                                            FIRN_T_STRING,  FIRN_T_STRING, FIRN_T_TIMESTAMPTZ};
    unsigned pick = below(&m->seed, depth > 0 ? 14 : 11);
    if (pick < FIRN_COUNT_OF(leaves))
        return (firn_type){.kind = leaves[pick]};
    if (pick < 11) {
        int precision = 1 + (int)below(&m->seed, 38);
        return (firn_type){.kind = FIRN_T_DECIMAL,
                           .precision = precision,
                           .scale = (int)below(&m->seed, (unsigned)precision + 1)};
    }
    if (pick == 11)
        return random_struct(m, depth);
    firn_type t = {.kind = pick == 12 ? FIRN_T_LIST : FIRN_T_MAP};
    t.field_count = pick == 12 ? 1 : 2;
    t.fields = firn_arena_array(m->a, 2, sizeof *t.fields);
    t.fields[0].name = firn_str_of(pick == 12 ? "element" : "key");
    t.fields[1].name = firn_str_of("value");
    t.fields[0].type = (firn_type){.kind = FIRN_T_STRING};
    t.fields[t.field_count - 1].type = random_type(m, depth - 1);
    return t;
}

/* --- random values -------------------------------------------------------------------------- */

static void random_value(model *m, const firn_type *t);

/* A number given by its digits, in one of the spellings JSON has for it. */
static void spell_number(model *m, bool negative, const char *whole, const char *fraction)
{
    const char *zeros = below(&m->seed, 4) == 0 ? "000" : "";
    const char *point = fraction[0] || zeros[0] ? "." : "";
    char text[128];
    unsigned spelling = below(&m->seed, 8);
    snprintf(text, sizeof text, "%s%s%s%s%s%s", negative ? "-" : "", whole, point, fraction, zeros,
             spelling == 0   ? "e0"
             : spelling == 1 ? "E+00"
                             : "");
    add(&m->json, text);
}

static void random_digits(model *m, unsigned n, char *out)
{
    for (unsigned i = 0; i < n; i++)
        out[i] = (char)('0' + below(&m->seed, 10));
    out[n] = '\0';
}

static const char *without_leading_zeros(const char *digits)
{
    while (digits[0] == '0' && digits[1])
        digits++;
    return digits;
}

static void random_integer(model *m, const firn_type *t)
{
    int64_t v = (int64_t)next_random(&m->seed) >> below(&m->seed, 64);
    char text[32];
    if (t->kind == FIRN_T_INT)
        v = (int32_t)v;
    snprintf(text, sizeof text, "%lld", (long long)v);
    add(&m->rows, text);
    spell_number(m, v < 0, v < 0 ? text + 1 : text, "");
}

static void random_decimal(model *m, const firn_type *t)
{
    char whole[64];
    char fraction[64];
    unsigned whole_digits = below(&m->seed, (unsigned)(t->precision - t->scale) + 1);
    random_digits(m, whole_digits, whole);
    random_digits(m, (unsigned)t->scale, fraction);
    const char *digits = whole_digits ? without_leading_zeros(whole) : "0";
    bool zero = strspn(digits, "0") == strlen(digits) && strspn(fraction, "0") == (size_t)t->scale;
    bool negative = !zero && below(&m->seed, 2);
    char text[160];
    snprintf(text, sizeof text, "%s%s%s%s", negative ? "-" : "", digits, t->scale ? "." : "",
             fraction);
    add(&m->rows, text);
    unsigned shown = (unsigned)t->scale; /* zeros at the end need not be there */
    while (shown && fraction[shown - 1] == '0' && below(&m->seed, 2))
        shown--;
    fraction[shown] = '\0';
    spell_number(m, negative, digits, fraction);
}

static void random_double(model *m)
{
    char whole[32];
    char fraction[32];
    char text[128];
    unsigned n = below(&m->seed, 8);
    random_digits(m, 1 + n, whole);
    random_digits(m, below(&m->seed, 8 - n), fraction);
    bool negative = below(&m->seed, 2);
    const char *digits = without_leading_zeros(whole);
    spell_number(m, negative, digits, fraction);
    snprintf(text, sizeof text, "%s%s.%s0", negative ? "-" : "", digits, fraction);
    char printed[64];
    snprintf(printed, sizeof printed, "%.17gd", strtod(text, NULL));
    add(&m->rows, printed);
}

static void random_time(model *m, const firn_type *t)
{
    char text[FIRN_TIME_TEXT_MAX];
    int32_t days = (int32_t)below(&m->seed, FIRN_DATE_MAX - FIRN_DATE_MIN - 2) + FIRN_DATE_MIN + 1;
    bool zoned = t->kind == FIRN_T_TIMESTAMPTZ;
    if (t->kind == FIRN_T_DATE) {
        firn_date_print(days, text);
        add(&m->rows, text);
    } else {
        static const int64_t units[] = {1, 1000, FIRN_US_PER_SECOND};
        int64_t unit = units[below(&m->seed, 3)];
        int64_t us = days * FIRN_US_PER_DAY +
                     (int64_t)(next_random(&m->seed) % (uint64_t)FIRN_US_PER_DAY) / unit * unit;
        firn_timestamp_print(us, zoned, text);
        add(&m->rows, text);
        if (zoned && below(&m->seed, 4) == 0) { /* the same moment, two and a half hours east */
            size_t n = firn_timestamp_print(us + FIRN_US_PER_HOUR * 5 / 2, false, text);
            memcpy(text + n, "+02:30", 7);
        }
        if (below(&m->seed, 4) == 0)
            text[10] = ' ';
    }
    add(&m->json, "\"");
    add(&m->json, text);
    add(&m->json, "\"");
}

static uint32_t random_code_point(model *m)
{
    switch (below(&m->seed, 12)) {
    case 0:
        return below(&m->seed, 0x20);
    case 1:
        return 0x80 + below(&m->seed, 0x780);
    case 2:
        return 0xe000 + below(&m->seed, 0x2000);
    case 3:
        return 0x10000 + below(&m->seed, 0x100000);
    case 4:
        return (unsigned char)"\"\\/'"[below(&m->seed, 4)];
    default:
        return 0x20 + below(&m->seed, 0x5f);
    }
}

/* One character in a JSON string, in one of its spellings. */
static void spell_char(model *m, uint32_t cp)
{
    static const char shorts[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
    char text[16];
    bool must = cp < 0x20 || cp == '"' || cp == '\\';
    if (!must && below(&m->seed, 8)) {
        text[firn_utf8_encode(cp, text)] = '\0';
        add(&m->json, text);
        return;
    }
    for (size_t i = 0; i + 1 < sizeof shorts && below(&m->seed, 4); i += 2) {
        if ((uint32_t)shorts[i + 1] != cp)
            continue;
        snprintf(text, sizeof text, "\\%c", shorts[i]);
        add(&m->json, text);
        return;
    }
    if (cp >= 0x10000) {
        snprintf(text, sizeof text, "\\u%04x", 0xd800 + ((cp - 0x10000) >> 10));
        add(&m->json, text);
        cp = 0xdc00 + ((cp - 0x10000) & 0x3ff);
    }
    snprintf(text, sizeof text, "\\u%04X", cp);
    add(&m->json, text);
}

static void random_text(model *m)
{
    unsigned n = below(&m->seed, below(&m->seed, 4) ? 14 : 100);
    both(m, "");
    add(&m->json, "\"");
    for (unsigned i = 0; i < n; i++) {
        char utf8[5] = "";
        uint32_t cp = random_code_point(m);
        size_t bytes = firn_utf8_encode(cp ? cp : 'x', utf8);
        utf8[bytes] = '\0';
        add(&m->rows, utf8);
        spell_char(m, cp ? cp : 'x');
    }
    add(&m->json, "\"");
}

/* What is no text stands in a column of texts as it is written. */
static void random_string(model *m)
{
    static const char *const raw[] = {"1.50", "-0",   "true", "[1, {\"x\":\"\\u0041\"}]",
                                      "{ }",  "1e400"};
    add(&m->rows, "'");
    if (below(&m->seed, 10))
        random_text(m);
    else
        both(m, raw[below(&m->seed, FIRN_COUNT_OF(raw))]);
    add(&m->rows, "'");
}

static void random_list(model *m, const firn_type *t)
{
    unsigned n = below(&m->seed, 5);
    both(m, "[");
    for (unsigned i = 0; i < n; i++) {
        if (i) {
            add(&m->json, ",");
            add(&m->rows, ", ");
        }
        blank(m);
        random_value(m, &t->fields[0].type);
        blank(m);
    }
    both(m, "]");
}

static void random_map(model *m, const firn_type *t)
{
    unsigned n = below(&m->seed, 4);
    add(&m->json, "{");
    add(&m->rows, "[");
    for (unsigned i = 0; i < n; i++) {
        char key[64];
        snprintf(key, sizeof key, "%sk%u", i % 2 ? "" : "a longer key of a map ", i);
        add(&m->json, i ? ",\"" : "\"");
        add(&m->json, key);
        add(&m->json, "\":");
        add(&m->rows, i ? ", {key: '" : "{key: '");
        add(&m->rows, key);
        add(&m->rows, "', value: ");
        random_value(m, &t->fields[1].type);
        add(&m->rows, "}");
    }
    add(&m->json, "}");
    add(&m->rows, "]");
}

/* Writes a key and its value; the value's row text goes to *row. */
static void random_member(model *m, const firn_field *f, bool *comma, firn_buf *row)
{
    firn_buf rows = m->rows;
    add(&m->json, *comma ? "," : "");
    *comma = true;
    blank(m);
    assert_int_equal(firn_buf_addf(&m->json, NULL, "\"%.*s\"", FIRN_STR_ARG(f->name)), FIRN_OK);
    blank(m);
    add(&m->json, ":");
    blank(m);
    m->rows = *row;
    firn_buf_clear(&m->rows);
    random_value(m, &f->type);
    *row = m->rows;
    m->rows = rows;
    blank(m);
}

/* The members in some order, some of them missing, some of them twice. */
static void random_object(model *m, const firn_type *t)
{
    firn_buf rows[8];
    size_t order[8];
    bool comma = false;
    for (size_t i = 0; i < t->field_count; i++) {
        rows[i] = FIRN_BUF(MEGABYTE);
        add(&rows[i], "null");
        order[i] = i;
    }
    if (below(&m->seed, 4) == 0) {
        size_t i = below(&m->seed, (unsigned)t->field_count);
        size_t swap = order[0];
        order[0] = order[i];
        order[i] = swap;
    }
    add(&m->json, "{");
    for (size_t i = 0; i < t->field_count; i++) {
        size_t k = order[i];
        if (below(&m->seed, 8) == 0)
            continue;
        if (t->fields[k].type.kind < FIRN_T_STRUCT && below(&m->seed, 30) == 0) {
            random_member(m, &t->fields[k], &comma, &rows[k]);
            m->duplicate_keys++;
        }
        random_member(m, &t->fields[k], &comma, &rows[k]);
    }
    if (below(&m->seed, 10) == 0)
        add(&m->json, comma ? ",\"nobody\":null" : "\"nobody\":null");
    add(&m->json, "}");
    add(&m->rows, "{");
    for (size_t i = 0; i < t->field_count; i++) {
        assert_int_equal(firn_buf_addf(&m->rows, NULL, "%s%.*s: ", i ? ", " : "",
                                       FIRN_STR_ARG(t->fields[i].name)),
                         FIRN_OK);
        add(&m->rows, firn_buf_cstr(&rows[i]));
        firn_buf_free(&rows[i]);
    }
    add(&m->rows, "}");
}

static void random_value(model *m, const firn_type *t)
{
    if (below(&m->seed, 8) == 0) {
        both(m, "null");
        return;
    }
    switch (t->kind) {
    case FIRN_T_BOOLEAN:
        both(m, below(&m->seed, 2) ? "true" : "false");
        return;
    case FIRN_T_INT:
    case FIRN_T_LONG:
        random_integer(m, t);
        return;
    case FIRN_T_DOUBLE:
        random_double(m);
        return;
    case FIRN_T_DECIMAL:
        random_decimal(m, t);
        return;
    case FIRN_T_DATE:
    case FIRN_T_TIMESTAMP:
    case FIRN_T_TIMESTAMPTZ:
        random_time(m, t);
        return;
    case FIRN_T_STRING:
        random_string(m);
        return;
    case FIRN_T_STRUCT:
        random_object(m, t);
        return;
    case FIRN_T_LIST:
        random_list(m, t);
        return;
    case FIRN_T_MAP:
        random_map(m, t);
        return;
    case FIRN_T_FLOAT:
    case FIRN_T_TIME:
    case FIRN_T_UUID:
    case FIRN_T_FIXED:
    case FIRN_T_TIMESTAMP_NS:
    case FIRN_T_TIMESTAMPTZ_NS:
    case FIRN_T_UNKNOWN:
    case FIRN_T_FOREIGN:
    case FIRN_T_BINARY:
    case FIRN_TYPE_KIND_COUNT:
        break;
    }
    fail_msg("no such type");
}

/* --- files ---------------------------------------------------------------------------------- */

enum { RECORDS = 60, GOOD = 0, UNKNOWN_KEY, TRUNCATED };

/* Writes a record, spoiled in the way asked for: then there is no row. */
static void random_record(model *m, const firn_type *t, int spoil)
{
    size_t rows = m->rows.n;
    size_t json = m->json.n;
    uint64_t duplicate_keys = m->duplicate_keys;
    random_object(m, t);
    add(&m->rows, "\n");
    if (spoil == GOOD)
        return;
    m->rows.n = rows;
    m->rows.p[rows] = '\0';
    m->duplicate_keys = duplicate_keys;
    if (spoil == TRUNCATED) {
        m->json.n = json + 1 + below(&m->seed, (unsigned)(m->json.n - json) - 1);
        return;
    }
    m->json.n--;
    bool empty = m->json.p[m->json.n - 1] == '{';
    add(&m->json, empty ? "\"unknown\":[]}" : ",\"unknown\":[]}");
}

/* Compares line by line, so that a failure can be read. */
static void check_lines(const char *got, const char *want)
{
    firn_str got_rest = firn_str_of(got);
    firn_str want_rest = firn_str_of(want);
    for (int line = 1; got_rest.p || want_rest.p; line++) {
        firn_str g = firn_str_cut(&got_rest, '\n');
        firn_str w = firn_str_cut(&want_rest, '\n');
        if (!firn_str_eq(g, w))
            fail_msg("line %d is\n%.*s\ninstead of\n%.*s", line, FIRN_STR_ARG(g), FIRN_STR_ARG(w));
    }
}

static void check_fill(const model *m, const file *f, const firn_layout *l, size_t rows,
                       const int *spoiled)
{
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(64 * MEGABYTE);
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("rejects", 0);
    firn_err err = {0};
    firn_rejects rejects = {.arena = a};
    size_t reject = 0;
    check_ok(fill_text(&f->batch, l, rows, &rejects, &out, &err), &err);
    for (size_t i = 0; i < RECORDS; i++) {
        if (spoiled[i] == GOOD)
            continue;
        assert_true(reject < rejects.n);
        assert_int_equal(rejects.v[reject].record, i);
        uint16_t id = rejects.v[reject].id;
        bool cut_pair =
            spoiled[i] == TRUNCATED && id == FIRN_REJ_UTF8; /* within a pair of surrogates */
        if (!cut_pair)
            assert_int_equal(id, spoiled[i] == TRUNCATED ? FIRN_REJ_SYNTAX : FIRN_REJ_TYPE);
        reject++;
    }
    if (reject != rejects.n)
        fail_msg("record %zu was rejected: %s: %s", rejects.v[reject].record,
                 rejects.v[reject].path.p, rejects.v[reject].reason.p);
    check_lines(firn_buf_cstr(&out), firn_buf_cstr(&m->rows));
    assert_int_equal(rejects.duplicate_keys, m->duplicate_keys);
}

/* Walk must say no exactly where the file holds an unknown key. */
static void check_walk(const file *f, const firn_layout *l, const int *spoiled)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("shape", 0);
    firn_err err = {0};
    bool misfit;
    bool want = false;
    firn_shape *seen = firn_shape_new(a);
    for (size_t i = 0; i < RECORDS; i++)
        want |= spoiled[i] == UNKNOWN_KEY;
    check_ok(firn_decoder_json.walk(&f->batch, l, seen, a, &misfit, &err), &err);
    assert_int_equal(misfit, want);
    assert_int_equal(seen->field_count, want);
}

/* Lines, or an array: there a truncated record would take the file with it. */
static void run_model(uint64_t seed, bool array)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("model", 0);
    model m = {
        .seed = seed, .a = a, .json = FIRN_BUF(64 * MEGABYTE), .rows = FIRN_BUF(64 * MEGABYTE)};
    firn_err err = {0};
    firn_format_opt opt = {0};
    int spoiled[RECORDS];
    const firn_layout *l;
    file f;
    firn_type type = random_struct(&m, 3);
    add(&m.json, array ? "[" : "");
    add(&m.rows, "");
    for (size_t i = 0; i < RECORDS; i++) {
        unsigned die = i ? below(&m.seed, 20) : 5; /* the first line says what the file is */
        spoiled[i] = die == 0 ? UNKNOWN_KEY : die == 1 && !array ? TRUNCATED : GOOD;
        add(&m.json, i == 0 ? "" : array ? " ,\n" : "\n");
        random_record(&m, &type, spoiled[i]);
    }
    add(&m.json, array ? "]\n" : below(&m.seed, 2) ? "\n" : "");
    check_ok(firn_layout_of_type(&type, NULL, 0, NULL, a, &l, &err), &err);
    check_ok(file_make(&opt, firn_buf_cstr(&m.json), m.json.n, a, &f, &err), &err);
    assert_int_equal(f.batch.count, RECORDS);
    static const size_t chunks[] = {1, 7, 2048};
    for (size_t i = 0; i < FIRN_COUNT_OF(chunks); i++)
        check_fill(&m, &f, l, chunks[i], spoiled);
    check_walk(&f, l, spoiled);
    file_free(&f);
    firn_buf_free(&m.json);
    firn_buf_free(&m.rows);
}

static void test_lines(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 150; seed++)
        run_model(seed, false);
}

static void test_arrays(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 150; seed++)
        run_model(seed * 7919, true);
}

/* --- nothing silently changed ---------------------------------------------------------------- */

/* Issue, files as a source: 1e400, -0, 2^63, 20 decimal places, and their like come out as they
 * went in, whatever type was inferred for them. */
static void test_nothing_changes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *type;
        const char *rows;
    } cases[] = {
        {"{\"v\":1e400}", "string", "{v: '1e400'}\n"},
        {"{\"v\":-0}", "double", "{v: -0d}\n"},
        {"{\"v\":9223372036854775807}\n{\"v\":9223372036854775808}", "decimal(19,0)",
         "{v: 9223372036854775807}\n{v: 9223372036854775808}\n"},
        {"{\"v\":0.12345678901234567890}\n{\"v\":5}", "decimal(21,20)",
         "{v: 0.12345678901234567890}\n{v: 5.00000000000000000000}\n"},
        {"{\"v\":1.00000000000000000001}", "decimal(21,20)", "{v: 1.00000000000000000001}\n"},
        {"{\"v\":9007199254740993}\n{\"v\":0.5}", "decimal(17,1)",
         "{v: 9007199254740993.0}\n{v: 0.5}\n"},
        {"{\"v\":1e400}\n{\"v\":-0}\n{\"v\":1.10}", "string",
         "{v: '1e400'}\n{v: '-0'}\n{v: '1.10'}\n"},
        {"{\"v\":\"01/02/03\"}", "string", "{v: '01/02/03'}\n"},
        {"{\"v\":1}\n{\"v\":\"x\"}\n{\"v\":[1]}\n{\"v\":true}", "string",
         "{v: '1'}\n{v: 'x'}\n{v: '[1]'}\n{v: 'true'}\n"},
        {"{\"v\":{}}\n{\"v\":null}\n{}", "string", "{v: '{}'}\n{v: null}\n{v: null}\n"},
        {"\xef\xbb\xbf{\"v\":\"\xef\xbb\xbf\"}\r\n{\"v\":\"a\\r\\nb\"}\r\n", "string",
         "{v: '\xef\xbb\xbf'}\n{v: 'a\r\nb'}\n"},
        {"{\"v\":\"a\\u0000b\"}", "string", "{v: 'a\0b'}\n"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
        FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(MEGABYTE);
        firn_err err = {0};
        firn_format_opt opt = {0};
        firn_rejects rejects = {.arena = a};
        firn_layout_out made;
        firn_layout_in in = {.seen = firn_shape_new(a)};
        firn_shape *seen = firn_shape_new(a);
        file f;
        walk_text(cases[i].text, seen, a);
        in.seen = seen;
        check_ok(firn_layout_make(&in, a, &made, &err), &err);
        assert_string_equal(firn_type_text(&made.layout->type.fields[0].type, a), cases[i].type);
        check_ok(file_make(&opt, cases[i].text, strlen(cases[i].text), a, &f, &err), &err);
        check_ok(fill_text(&f.batch, made.layout, 2, &rejects, &out, &err), &err);
        assert_int_equal(rejects.n, 0);
        size_t n = i + 1 == FIRN_COUNT_OF(cases) ? 11 : strlen(cases[i].rows);
        assert_int_equal(out.n, n);
        assert_memory_equal(out.p, cases[i].rows, n);
        file_free(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_arrays),
        cmocka_unit_test(test_nothing_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
