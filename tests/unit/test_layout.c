/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts: what was there, what was given and what was seen become columns (layout.h). */
#include "base/json.h"
#include "json_help.h"

#define MEGABYTE ((size_t)1 << 20)

/* A given column with its type as text; NULL: none. */
typedef struct given {
    const char *name;
    const char *type;
    const char *from;
    const char *format;
    bool required;
} given;

typedef struct layout_case {
    const char *old;  /* type of the table; NULL: a new stream */
    const char *docs; /* "" or NULL: nothing seen */
    given columns[3];
    const char *type;
    const char *saved; /* keys and formats beyond the schema */
    bool changed;
    const char *note; /* part of one of the notes; NULL: there is none */
    bool freeze;
    bool null_columns;
} layout_case;

static firn_str text_of(const char *s)
{
    return s ? firn_str_of(s) : (firn_str){NULL, 0};
}

static firn_type parsed(const char *text, firn_arena *a)
{
    firn_err err = {0};
    firn_type type;
    check_ok(firn_type_parse(firn_str_of(text), a, &type, &err), &err);
    return type;
}

static size_t givens_of(const given *columns, size_t n, firn_given *out, firn_arena *a)
{
    size_t count = 0;
    for (size_t i = 0; i < n && columns[i].name; i++)
        out[count++] = (firn_given){
            .name = firn_str_of(columns[i].name),
            .from = text_of(columns[i].from),
            .format = text_of(columns[i].format),
            .has_type = columns[i].type != NULL,
            .type = columns[i].type ? parsed(columns[i].type, a) : (firn_type){0},
            .required = columns[i].required,
        };
    return count;
}

static const firn_str reserved[] = {{"x_loaded_at", 11}};
static const firn_shape_limits limits = {.max_fields = 6, .max_depth = 4};

/* Walks the documents under the old layout, as the pipeline does. */
static firn_shape *seen_in(const char *docs, const firn_layout *old, firn_arena *a)
{
    firn_err err = {0};
    firn_format_opt opt = {0};
    file f;
    bool misfit;
    firn_shape *seen = firn_shape_new(a);
    check_ok(file_make(&opt, docs, strlen(docs), a, &f, &err), &err);
    check_ok(firn_decoder_json.walk(&f.batch, old, seen, a, &misfit, &err), &err);
    file_free(&f);
    return seen;
}

static firn_code make(const layout_case *c, firn_arena *a, firn_layout_out *out, firn_err *err)
{
    firn_given givens[3];
    firn_layout_in in = {.given = givens,
                         .given_count = givens_of(c->columns, 3, givens, a),
                         .limits = &limits,
                         .reserved = reserved,
                         .reserved_count = 1,
                         .freeze = c->freeze,
                         .null_columns = c->null_columns};
    if (c->old) {
        firn_type type = parsed(c->old, a);
        check_ok(firn_layout_of_type(&type, NULL, 0, NULL, a, &in.old, err), err);
    }
    if (c->docs)
        in.seen = seen_in(c->docs, in.old, a);
    return firn_layout_make(&in, a, out, err);
}

static const char *saved_text(const firn_layout *l, firn_arena *a)
{
    firn_err err = {0};
    FIRN_AUTO(firn_json_unref) json_t *saved = NULL;
    FIRN_AUTO(firn_buf_free) firn_buf b = FIRN_BUF(MEGABYTE);
    check_ok(firn_layout_save(l, &saved, &err), &err);
    check_ok(firn_json_print(saved, 0, &b, &err), &err);
    return firn_arena_strdup(a, firn_buf_cstr(&b));
}

/* The tree must be parallel to the type, and keys must be found. */
static void check_tree(const firn_layout *l)
{
    size_t want = l->type.kind == FIRN_T_STRUCT ? l->type.field_count
                  : l->type.kind == FIRN_T_LIST ? 1
                  : l->type.kind == FIRN_T_MAP  ? 2
                                                : 0;
    assert_int_equal(l->child_count, want);
    for (size_t i = 0; i < want; i++) {
        const firn_layout *child = &l->children[i];
        assert_true(firn_type_eq(&child->type, &l->type.fields[i].type));
        if (l->type.kind == FIRN_T_STRUCT)
            assert_true(firn_str_eq(child->name, l->type.fields[i].name));
        if (l->type.kind == FIRN_T_STRUCT)
            assert_non_null(firn_map_get(&l->by_key, child->key));
        check_tree(child);
    }
}

static void check_notes(const layout_case *c, const firn_layout_out *out, size_t index)
{
    if (!c->note && out->note_count)
        fail_msg("case %zu: note '%.*s'", index, FIRN_STR_ARG(out->notes[0].text));
    for (size_t i = 0; c->note && i < out->note_count; i++)
        if (strstr(out->notes[i].text.p, c->note))
            return;
    if (c->note)
        fail_msg("case %zu: no note holds '%s'; the first is '%s'", index, c->note,
                 out->note_count ? out->notes[0].text.p : "");
}

static const layout_case cases[] = {
    /* new streams */
    {.type = "struct<>", .changed = true, .saved = "[]"},
    {.docs = "{\"a\":1,\"b\":\"x\",\"c\":null}",
     .type = "struct<a: long, b: string>",
     .saved = "[]",
     .changed = true},
    {.docs = "{\"a\":null}",
     .null_columns = true,
     .type = "struct<a: string>",
     .saved = "[]",
     .changed = true},
    {.docs = "{\"b\":[{\"x\":1}]} {\"a\":{\"y\":true}} {\"b\":[{\"z\":null},{\"w\":1.5}]}",
     .type = "struct<b: list<struct<x: long, w: double>>, a: struct<y: boolean>>",
     .saved = "[]",
     .changed = true},
    {.docs = "{\"a\":[[],[{\"k\":[1]}]]}",
     .type = "struct<a: list<list<struct<k: string>>>>",
     .saved = "[]",
     .changed = true,
     .note = "column 'a[][].k' holds JSON text"},
    /* names */
    {.docs = "{\"Id\":1,\"id\":2,\"ID\":3}",
     .type = "struct<Id: long, id_2: long, ID_3: long>",
     .saved = "[{\"path\":[\"id_2\"],\"key\":\"id\"},{\"path\":[\"ID_3\"],\"key\":\"ID\"}]",
     .changed = true,
     .note = "column 'id_2' is the key 'id'"},
    {.docs = "{\"\":1,\"_\":2,\"x_loaded_at\":3}",
     .type = "struct<_: long, __2: long, x_loaded_at_2: long>",
     .saved = "[{\"path\":[\"_\"],\"key\":\"\"},{\"path\":[\"__2\"],\"key\":\"_\"},"
              "{\"path\":[\"x_loaded_at_2\"],\"key\":\"x_loaded_at\"}]",
     .changed = true,
     .note = "'x_loaded_at_2'"},
    {.docs = "{\"s\":{\"x_loaded_at\":1,\"A\":1,\"a\":1}}",
     .type = "struct<s: struct<x_loaded_at: long, A: long, a_2: long>>",
     .saved = "[{\"path\":[\"s\",\"a_2\"],\"key\":\"a\"}]",
     .changed = true,
     .note = "'s.a_2'"},
    {.docs = "{\"a\":1,\"a_2\":2,\"A\":3}",
     .type = "struct<a: long, a_2: long, A_3: long>",
     .saved = "[{\"path\":[\"A_3\"],\"key\":\"A\"}]",
     .changed = true,
     .note = "'A_3'"},
    /* dates in foreign spellings */
    {.docs = "{\"d\":\"31.05.2025\",\"e\":\"29-Jun-17\",\"f\":\"2025-05-31\"}",
     .type = "struct<d: date, e: date, f: date>",
     .saved = "[{\"path\":[\"d\"],\"key\":\"d\",\"format\":\"%d.%m.%Y\"},"
              "{\"path\":[\"e\"],\"key\":\"e\",\"format\":\"%d-%b-%y\"}]",
     .changed = true},
    {.docs = "{\"d\":\"01/02/03\"}",
     .type = "struct<d: string>",
     .saved = "[]",
     .changed = true,
     .note = "column 'd' stays text: dates like 01/02/03"},
    {.docs = "{\"d\":\"05/06/2025\"}",
     .type = "struct<d: string>",
     .saved = "[]",
     .changed = true,
     .note = "day and month"},
    /* what is said of texts */
    {.docs = "{\"d\":1} {\"d\":\"x\"}",
     .type = "struct<d: string>",
     .saved = "[]",
     .changed = true,
     .note = "values of different kinds"},
    {.docs = "{\"d\":1e400}",
     .type = "struct<d: string>",
     .saved = "[]",
     .changed = true,
     .note = "more than 38 digits"},
    {.docs = "{\"d\":{}}",
     .type = "struct<d: string>",
     .saved = "[]",
     .changed = true,
     .note = "objects were empty"},
    /* limits: an object of data becomes text, the root stops at max_fields */
    {.docs = "{\"o\":{\"1\":1,\"2\":1,\"3\":1,\"4\":1,\"5\":1,\"6\":1,\"7\":1}}",
     .type = "struct<o: string>",
     .saved = "[]",
     .changed = true,
     .note = "more than 6 different keys"},
    {.docs = "{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1}",
     .type = "struct<a: long, b: long, c: long, d: long, e: long, f: long>",
     .saved = "[]",
     .changed = true,
     .note = "'g' and 1 more are not made: there are too many"},
    /* given columns */
    {.docs = "{\"amount\":1.5,\"x\":2}",
     .columns = {{.name = "amount", .type = "decimal(18,2)"}},
     .type = "struct<amount: decimal(18,2), x: long>",
     .saved = "[]",
     .changed = true},
    {.docs = "{\"x\":2,\" DATE \":\"1-Jan-20\"}",
     .columns = {{.name = "date", .type = "date", .from = " DATE ", .format = "%d-%b-%y"},
                 {.name = "never", .type = "long"}},
     .type = "struct<x: long, date: date, never: long>",
     .saved = "[{\"path\":[\"date\"],\"key\":\" DATE \",\"format\":\"%d-%b-%y\"}]",
     .changed = true},
    {.docs = "{\"x\":2}",
     .columns = {{.name = "t", .format = "%Y-%m-%d %H:%M"},
                 {.name = "z", .format = "%Y%m%dT%H%M%z"},
                 {.name = "y"}},
     .type = "struct<x: long, t: timestamp, z: timestamptz, y: string>",
     .saved = "[{\"path\":[\"t\"],\"key\":\"t\",\"format\":\"%Y-%m-%d %H:%M\"},"
              "{\"path\":[\"z\"],\"key\":\"z\",\"format\":\"%Y%m%dT%H%M%z\"}]",
     .changed = true,
     .note = "column 'y' is text: it was given without a type"},
    {.docs = "{\"lines\":[{\"debit\":1,\"memo\":\"x\"}],\"address\":{\"zip\":1}}",
     .columns = {{.name = "lines[].debit", .type = "decimal(18,2)"},
                 {.name = "address.city", .type = "string"}},
     .type = "struct<lines: list<struct<debit: decimal(18,2), memo: string>>, "
             "address: struct<zip: long, city: string>>",
     .saved = "[]",
     .changed = true},
    {.docs = "{\"a.b\":1}",
     .columns = {{.name = "a.b", .type = "string"}, {.name = "m[][]", .type = "int"}},
     .type = "struct<a.b: string, m: list<list<int>>>",
     .saved = "[]",
     .changed = true},
    /* a given struct is exactly that */
    {.docs = "{\"s\":{\"a\":1,\"b\":2}}",
     .columns = {{.name = "s", .type = "struct<a: int>"}},
     .type = "struct<s: struct<a: int>>",
     .saved = "[]",
     .changed = true},
    {.docs = "{\"m\":{\"a\":1,\"b\":2}}",
     .columns = {{.name = "m", .type = "map<string, decimal(9,2)>"}},
     .type = "struct<m: map<string, decimal(9,2)>>",
     .saved = "[]",
     .changed = true},
    /* a given name is not given away */
    {.docs = "{\"Total\":1,\"sum\":2}",
     .columns = {{.name = "total", .type = "long", .from = "sum"}},
     .type = "struct<Total_2: long, total: long>",
     .saved = "[{\"path\":[\"Total_2\"],\"key\":\"Total\"},{\"path\":[\"total\"],\"key\":\"sum\"}]",
     .changed = true,
     .note = "'Total_2'"},
    /* evolution */
    {.old = "struct<a: long>", .type = "struct<a: long>", .saved = "[]"},
    {.old = "struct<a: long, b: string>",
     .docs = "{\"b\":\"x\",\"a\":1} {\"b\":5} {\"b\":{\"x\":[1]}}",
     .type = "struct<a: long, b: string>",
     .saved = "[]"},
    {.old = "struct<a: long>",
     .docs = "{\"c\":1.5,\"b\":null} {\"b\":\"x\",\"c\":1}",
     .type = "struct<a: long, c: double, b: string>",
     .saved = "[]",
     .changed = true},
    {.old = "struct<a: long>",
     .docs = "{\"A\":\"x\"}",
     .type = "struct<a: long, A_2: string>",
     .saved = "[{\"path\":[\"A_2\"],\"key\":\"A\"}]",
     .changed = true,
     .note = "'A_2'"},
    {.old = "struct<i: int, f: float, d: decimal(5,2)>",
     .docs = "{\"i\":2147483647,\"f\":0.5,\"d\":999.99}",
     .type = "struct<i: int, f: float, d: decimal(5,2)>",
     .saved = "[]"},
    {.old = "struct<i: int, f: float, d: decimal(5,2)>",
     .docs = "{\"i\":2147483648,\"f\":0.123456789012,\"d\":1000}",
     .type = "struct<i: long, f: double, d: decimal(6,2)>",
     .saved = "[]",
     .changed = true},
    {.old = "struct<d: decimal(5,2)>",
     .docs = "{\"d\":1.234}",
     .type = "struct<d: decimal(5,2)>",
     .saved = "[]",
     .note = "stays decimal(5,2): there are numbers that do not fit"},
    {.old = "struct<d: decimal(38,2)>",
     .docs = "{\"d\":1e36}",
     .type = "struct<d: decimal(38,2)>",
     .saved = "[]",
     .note = "stays decimal(38,2)"},
    {.old = "struct<a: long>",
     .docs = "{\"a\":1.5} {\"a\":\"x\"}",
     .type = "struct<a: long>",
     .saved = "[]",
     .note = "column 'a' stays long: there are numbers that do not fit, texts, which go to"},
    {.old = "struct<d: date>",
     .docs = "{\"d\":\"31.05.2025\"}",
     .type = "struct<d: date>",
     .saved = "[]",
     .note = "texts that cannot be read"},
    {.old = "struct<s: struct<a: int>>",
     .docs = "{\"s\":{\"b\":[1]}} {\"s\":{\"a\":3000000000}}",
     .type = "struct<s: struct<a: long, b: list<long>>>",
     .saved = "[]",
     .changed = true},
    {.old = "struct<l: list<struct<a: int>>>",
     .docs = "{\"l\":[{\"a\":1},{\"a\":3000000000,\"b\":true}]}",
     .type = "struct<l: list<struct<a: long, b: boolean>>>",
     .saved = "[]",
     .changed = true},
    {.old = "struct<l: list<int>, s: struct<a: int>>",
     .docs = "{\"l\":5,\"s\":[1]}",
     .type = "struct<l: list<int>, s: struct<a: int>>",
     .saved = "[]",
     .note = "column 's' stays struct<a: int>: there are arrays"},
    {.old = "struct<m: map<string, int>>",
     .docs = "{\"m\":{\"x\":1,\"y\":3000000000}}",
     .type = "struct<m: map<string, long>>",
     .saved = "[]",
     .changed = true},
    {.old = "struct<a: int, b: int, c: int, d: int, e: int, f: int>",
     .docs = "{\"g\":1}",
     .type = "struct<a: int, b: int, c: int, d: int, e: int, f: int>",
     .saved = "[]",
     .note = "'g' is not made: there are too many"},
    {.old = "struct<a: int>",
     .docs = "{\"a\":3000000000,\"b\":1}",
     .freeze = true,
     .type = "struct<a: int>",
     .saved = "[]",
     .note = "'b' is not made: the columns are frozen"},
    /* given for what is there */
    {.old = "struct<a: int, d: decimal(5,2)>",
     .columns = {{.name = "a", .type = "long"}, {.name = "d", .type = "decimal(9,2)"}},
     .type = "struct<a: long, d: decimal(9,2)>",
     .saved = "[]",
     .changed = true},
    {.old = "struct<a: long>",
     .columns = {{.name = "a", .type = "int"}},
     .type = "struct<a: long>",
     .saved = "[]",
     .note = "stays long: the table has it so"},
    {.old = "struct<a: long>",
     .docs = "{\"Amount\":7}",
     .columns = {{.name = "a", .from = "Amount"}},
     .type = "struct<a: long>",
     .saved = "[{\"path\":[\"a\"],\"key\":\"Amount\"}]"},
    {.old = "struct<a: long>",
     .docs = "{\"a\":\"x\",\"b\":1}",
     .columns = {{.name = "a", .type = "long"}},
     .type = "struct<a: long, b: long>",
     .saved = "[]",
     .changed = true},
    {.old = "struct<l: list<struct<a: int>>>",
     .columns = {{.name = "l[].b", .type = "date"}},
     .type = "struct<l: list<struct<a: int, b: date>>>",
     .saved = "[]",
     .changed = true},
    /* an old column whose key another one was told to read stays, and stays empty */
    {.old = "struct<Amount: long>",
     .docs = "{\"Amount\":1.5}",
     .columns = {{.name = "amount_exact", .type = "decimal(9,2)", .from = "Amount"}},
     .type = "struct<Amount: long, amount_exact: decimal(9,2)>",
     .saved = "[{\"path\":[\"amount_exact\"],\"key\":\"Amount\"}]",
     .changed = true},
};

static void test_layouts(void **state)
{
    (void)state;
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        const layout_case *c = &cases[i];
        FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
        firn_err err = {0};
        firn_layout_out out;
        check_ok(make(c, a, &out, &err), &err);
        const char *type = firn_type_text(&out.layout->type, a);
        if (strcmp(type, c->type) != 0)
            fail_msg("case %zu: %s instead of %s", i, type, c->type);
        const char *saved = saved_text(out.layout, a);
        if (strcmp(saved, c->saved) != 0)
            fail_msg("case %zu: saved %s instead of %s", i, saved, c->saved);
        if (out.changed != c->changed)
            fail_msg("case %zu: changed is %d", i, out.changed);
        check_notes(c, &out, i);
        check_tree(out.layout);
    }
}

static const struct {
    layout_case c;
    firn_code code;
    const char *error;
} wrong_cases[] = {
    {{.columns = {{.name = "a", .type = "int"}, {.name = "a", .type = "long"}}},
     FIRN_E_CONFIG,
     "'a': it is given twice"},
    {{.columns = {{.name = "a", .type = "int"}, {.name = "A", .type = "long"}}},
     FIRN_E_CONFIG,
     "'a' and 'A' differ only in case"},
    {{.columns = {{.name = "a", .type = "int", .from = "k"},
                  {.name = "b", .type = "long", .from = "k"}}},
     FIRN_E_CONFIG,
     "'a' and 'b' read the same key"},
    {{.columns = {{.name = "a..b", .type = "int"}}}, FIRN_E_CONFIG, "a name is missing"},
    {{.columns = {{.name = "", .type = "int"}}}, FIRN_E_CONFIG, "a name is missing"},
    {{.columns = {{.name = "[]", .type = "int"}}}, FIRN_E_CONFIG, "a name is missing"},
    {{.columns = {{.name = "a", .type = "struct<x: int>"}, {.name = "a.y", .type = "int"}}},
     FIRN_E_CONFIG,
     "'a.y': it lies inside of a column whose type is given"},
    {{.columns = {{.name = "a.y", .type = "int"}, {.name = "a", .type = "struct<x: int>"}}},
     FIRN_E_CONFIG,
     "column 'a': it has a type, and so have parts of it"},
    {{.columns = {{.name = "a.y", .type = "int"}, {.name = "a[].y", .type = "int"}}},
     FIRN_E_CONFIG,
     "a list in one entry"},
    {{.columns = {{.name = "a[].y", .type = "int"}, {.name = "a.y", .type = "int"}}},
     FIRN_E_CONFIG,
     "a list in one entry"},
    {{.columns = {{.name = "a", .type = "struct<x: int, x: long>"}}},
     FIRN_E_CONFIG,
     "field 'x' is there twice"},
    {{.columns = {{.name = "a", .type = "int", .format = "%Y-%m-%d"}}},
     FIRN_E_CONFIG,
     "column 'a': a format is for dates and times, the type is int"},
    {{.columns = {{.name = "a", .type = "date", .format = "%Q"}}}, FIRN_E_CONFIG, "%Q"},
    {{.columns = {{.name = "X_LOADED_AT", .type = "date"}}},
     FIRN_E_CONFIG,
     "there cannot be a column"},
    {{.columns = {{.name = "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z.A.B.C.D.E.F.G",
                   .type = "int"}}},
     FIRN_E_CONFIG,
     "nested too deep"},
    {{.old = "struct<a: long>", .columns = {{.name = "a", .type = "decimal(9,2)"}}},
     FIRN_E_CONFIG,
     "column 'a' is long in the table and cannot become decimal(9,2)"},
    {{.old = "struct<a: long>", .columns = {{.name = "A", .type = "long"}}},
     FIRN_E_CONFIG,
     "cannot be a column"},
    {{.old = "struct<a: long>", .columns = {{.name = "a.b", .type = "long"}}},
     FIRN_E_CONFIG,
     "column 'a' is long in the table and given as a struct"},
    {{.old = "struct<a: list<long>>", .columns = {{.name = "a", .type = "long"}}},
     FIRN_E_CONFIG,
     "column 'a' is list<long> in the table and given as long"},
    {{.old = "struct<a: list<long>>", .columns = {{.name = "a", .type = "list<string>"}}},
     FIRN_E_CONFIG,
     "column 'a[]' is long in the table and cannot become string"},
    {{.old = "struct<m: map<string, long>>",
      .columns = {{.name = "m", .type = "map<string, string>"}}},
     FIRN_E_CONFIG,
     "cannot become map<string, string>"},
};

static void test_wrong_columns(void **state)
{
    (void)state;
    for (size_t i = 0; i < FIRN_COUNT_OF(wrong_cases); i++) {
        FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
        firn_err err = {0};
        firn_layout_out out;
        check_fails(make(&wrong_cases[i].c, a, &out, &err), wrong_cases[i].code, &err,
                    wrong_cases[i].error);
    }
}

/* required: of a new stream in the schema too; of an old table only in the layout, since Iceberg
 * cannot make an optional column required. */
static void test_required(void **state)
{
    (void)state;
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    firn_err err = {0};
    firn_layout_out out;
    layout_case new_stream = {.docs = "{\"a\":1}",
                              .columns = {{.name = "a", .type = "long", .required = true},
                                          {.name = "b", .type = "long"}}};
    check_ok(make(&new_stream, a, &out, &err), &err);
    assert_true(out.layout->children[0].required);
    assert_true(out.layout->type.fields[0].required);
    assert_false(out.layout->children[1].required);

    layout_case old_table = {.old = "struct<a: long>",
                             .columns = {{.name = "a", .required = true},
                                         {.name = "b", .type = "int", .required = true}}};
    check_ok(make(&old_table, a, &out, &err), &err);
    for (size_t i = 0; i < 2; i++) {
        assert_true(out.layout->children[i].required);
        assert_false(out.layout->type.fields[i].required);
    }
}

/* given and read.given: the whole of a given type, nothing around a given path. */
static void test_given_marks(void **state)
{
    (void)state;
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    firn_err err = {0};
    firn_layout_out out;
    layout_case c = {
        .docs = "{\"l\":[{\"x\":1,\"y\":1}],\"s\":{\"p\":1}}",
        .columns = {{.name = "l[].x", .type = "int"}, {.name = "s", .type = "struct<p: int>"}}};
    check_ok(make(&c, a, &out, &err), &err);
    const firn_layout *list = &out.layout->children[0];
    const firn_layout *element = &list->children[0];
    assert_false(out.layout->given || list->given || element->given);
    assert_true(element->children[0].given && element->children[0].read.given);
    assert_false(element->children[1].given || element->children[1].read.given);
    const firn_layout *s = &out.layout->children[1];
    assert_true(s->given && s->children[0].given && s->children[0].read.given);
}

/* Field ids and docs of a table survive; so do keys and formats, through save and of_type. */
static void test_of_type_and_back(void **state)
{
    (void)state;
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    firn_err err = {0};
    firn_layout_out out;
    layout_case c = {.docs = "{\"L\":[{\"D\":\"31.05.2025\",\"d\":1}],\"x_loaded_at\":1}"};
    check_ok(make(&c, a, &out, &err), &err);
    FIRN_AUTO(firn_json_unref) json_t *saved = NULL;
    check_ok(firn_layout_save(out.layout, &saved, &err), &err);

    firn_type table = firn_type_copy(&out.layout->type, a);
    firn_field fields[3] = {table.fields[0],
                            {.name = firn_str_of("gone"), .type = {.kind = FIRN_T_LONG}},
                            table.fields[1]};
    fields[0].id = 7;
    fields[0].doc = firn_str_of("lines");
    fields[0].required = true;
    table.fields = fields;
    table.field_count = 3;
    firn_str skip = firn_str_of("gone");
    const firn_layout *again;
    check_ok(firn_layout_of_type(&table, &skip, 1, saved, a, &again, &err), &err);
    assert_int_equal(again->child_count, 2);
    assert_true(again->children[0].required);
    check_tree(again);
    assert_string_equal(saved_text(again, a), saved_text(out.layout, a));
    check_str(again->children[1].key, "x_loaded_at");
    check_str(again->children[1].name, "x_loaded_at_2");

    firn_layout_in in = {.old = again, .seen = seen_in("{\"n\":1}", again, a)};
    check_ok(firn_layout_make(&in, a, &out, &err), &err);
    assert_true(out.changed);
    assert_int_equal(out.layout->type.fields[0].id, 7);
    check_str(out.layout->type.fields[0].doc, "lines");
    assert_true(out.layout->type.fields[0].required);
    assert_int_equal(out.layout->type.fields[2].id, 0);
    assert_string_equal(saved_text(out.layout, a), saved_text(again, a));
    const firn_layout *date = &out.layout->children[0].children[0].children[0];
    check_str(firn_datefmt_text(date->read.format), "%d.%m.%Y");
}

static void test_saved_by_others(void **state)
{
    (void)state;
    static const struct {
        const char *saved;
        const char *error; /* NULL: passed over */
    } texts[] = {
        {"{}", "not an array"},
        {"[1]", "no object"},
        {"[{\"key\":\"x\"}]", "path"},
        {"[{\"path\":[1],\"key\":\"x\"}]", "no names"},
        {"[{\"path\":[\"a\"],\"key\":5}]", "key"},
        {"[{\"path\":[\"d\"],\"format\":\"%Q\"}]", "%Q"},
        {"[{\"path\":[\"dropped\",\"b\"],\"key\":\"x\"}]", NULL},
        {"[{\"path\":[\"a\"],\"format\":\"%Y-%m-%d\"}]", NULL},
        {"[{\"path\":[]}]", NULL},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(texts); i++) {
        FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
        FIRN_AUTO(firn_json_unref) json_t *saved = NULL;
        firn_err err = {0};
        const firn_layout *l;
        firn_type type = parsed("struct<a: long, d: date>", a);
        firn_slice text = {(const uint8_t *)texts[i].saved, strlen(texts[i].saved)};
        check_ok(firn_json_parse(text, &saved, &err), &err);
        if (texts[i].error) {
            firn_code code = firn_layout_of_type(&type, NULL, 0, saved, a, &l, &err);
            assert_true(code == FIRN_E_DATA || code == FIRN_E_CONFIG);
            assert_non_null(strstr(err.text, texts[i].error));
            continue;
        }
        check_ok(firn_layout_of_type(&type, NULL, 0, saved, a, &l, &err), &err);
        assert_string_equal(saved_text(l, a), "[]");
    }
}

static void test_too_many_keys(void **state)
{
    (void)state;
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    firn_err err = {0};
    firn_layout_out out;
    firn_shape *seen = firn_shape_new(a);
    firn_shape_add_object(seen);
    for (int i = 0; i <= FIRN_SHAPE_MAX_KEYS; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        firn_shape_add_boolean(firn_shape_field_of(seen, firn_str_of(key), a));
    }
    firn_layout_in in = {.seen = seen};
    check_fails(firn_layout_make(&in, a, &out, &err), FIRN_E_LIMIT, &err, "different keys");
    firn_type type = parsed("struct<a: long>", a);
    check_ok(firn_layout_of_type(&type, NULL, 0, NULL, a, &in.old, &err), &err);
    check_ok(firn_layout_make(&in, a, &out, &err), &err);
    assert_false(out.changed);
    assert_int_equal(out.note_count, 1);
}

/* What fits a layout made from it leaves nothing to see: walk after make is silent, and making it
 * again changes nothing. */
static void test_made_layout_fits(void **state)
{
    (void)state;
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        const layout_case *c = &cases[i];
        if (!c->docs || c->old || c->columns[0].name || (c->note && strstr(c->note, "not made")))
            continue;
        FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
        firn_err err = {0};
        firn_layout_out out;
        check_ok(make(c, a, &out, &err), &err);
        firn_shape *seen = seen_in(c->docs, out.layout, a);
        if (seen->seen)
            fail_msg("case %zu: something does not fit", i);
        firn_layout_in in = {.old = out.layout, .seen = seen, .null_columns = c->null_columns};
        check_ok(firn_layout_make(&in, a, &out, &err), &err);
        assert_false(out.changed);
        assert_string_equal(firn_type_text(&out.layout->type, a), c->type);
    }
}

static void test_arena_limits(void **state)
{
    (void)state;
    firn_code code = FIRN_E_LIMIT;
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    firn_shape *seen = seen_in("{\"a\":1,\"A\":\"31.05.2025\",\"b\":[{\"c\":1e400}]}", NULL, a);
    given columns[3] = {{.name = "b[].d", .type = "struct<x: int, y: list<int>>"},
                        {.name = "t", .format = "%Y-%m-%d"}};
    firn_given givens[3];
    firn_layout_in in = {
        .seen = seen, .given = givens, .given_count = givens_of(columns, 3, givens, a)};
    for (size_t limit = 16; code != FIRN_OK; limit += 16) {
        FIRN_AUTO(firn_arena_freep) firn_arena *small = firn_arena_new("test", limit);
        firn_err err = {0};
        firn_layout_out out;
        const firn_layout *again;
        code = firn_layout_make(&in, small, &out, &err);
        if (code == FIRN_OK)
            code = firn_layout_of_type(&out.layout->type, NULL, 0, NULL, small, &again, &err);
        assert_true(code == FIRN_OK || code == FIRN_E_LIMIT);
        assert_true(limit < MEGABYTE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layouts),          cmocka_unit_test(test_wrong_columns),
        cmocka_unit_test(test_required),         cmocka_unit_test(test_given_marks),
        cmocka_unit_test(test_of_type_and_back), cmocka_unit_test(test_saved_by_others),
        cmocka_unit_test(test_too_many_keys),    cmocka_unit_test(test_made_layout_fits),
        cmocka_unit_test(test_arena_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
