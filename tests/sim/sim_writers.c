/* SPDX-License-Identifier: Apache-2.0 */
/* Writers as firn's landing is one: load, look where the stream stands, commit, and look again when
 * the answer was not clear. */
#include "sim.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

enum { MAX_TRIES = 6 };

sim_commit sim_commits[MAX_COMMITS];
size_t sim_commit_count;
sim_plan sim_plans[3];

static const char *const own_streams[] = {"w0", "w1", "w2"};
static const char shared_stream[] = "shared";

static bool has_stream(sim_kind k)
{
    return k != APPEND_PLAIN && k != REPLACE;
}

const char *sim_stream(const sim_commit *c)
{
    if (!has_stream(c->kind))
        return NULL;
    return c->kind == APPEND_SHARED ? shared_stream : own_streams[c->writer];
}

void sim_row(size_t number, char out[32])
{
    snprintf(out, 32, "/row%zu", number);
}

/* --- one commit ---------------------------------------------------------------------------- */

/* What a step has at hand. */
typedef struct step {
    sim_writer *me;
    sim_plan *plan;
    size_t n; /* of the plan */
    firn_arena *a;
    const firn_metadata *base; /* NULL: the table is to be created */
    int64_t at;                /* the stream's value in it */
} step;

static firn_ident ident_of(int table)
{
    return (firn_ident){FIRN_STR_LIT("n"), firn_str_of(sim_table_names[table])};
}

static const firn_type *first_schema(void)
{
    static firn_field id = {.id = 1, .name = {"id", 2}, .type = {.kind = FIRN_T_LONG}};
    static const firn_type schema = {.kind = FIRN_T_STRUCT, .fields = &id, .field_count = 1};
    return &schema;
}

/* Manifests are not compressed here: that takes time and proves nothing.  Merging comes into most
 * commits. */
static const firn_property properties[] = {
    {"write.manifest.compression-codec", {"none", 4}},
    {"commit.manifest.min-count-to-merge", {"3", 1}},
};

static firn_table_change change_of(int table, const firn_metadata *base)
{
    static const char *const locations[TABLES] = {"/a", "/b", "/c"};
    firn_table_change c = {.ident = ident_of(table), .start = base, .operation = FIRN_OP_APPEND};
    if (base)
        return c;
    c.location = firn_str_of(locations[table]);
    c.schema = first_schema();
    c.last_column_id = 1;
    c.properties = properties;
    c.property_count = FIRN_COUNT_OF(properties);
    return c;
}

static firn_data_file row_file(const char *path)
{
    static firn_value no_partition = {.is_null = true};
    return (firn_data_file){.file_path = firn_str_of(path),
                            .file_format = FIRN_STR_LIT("PARQUET"),
                            .partition = &no_partition,
                            .record_count = 1,
                            .file_size_in_bytes = 1,
                            .sort_order_id = -1};
}

/* Loads a table; NULL in *ret when there is none. */
static firn_code load(firn_arena *a, int table, const firn_metadata **ret, firn_err *err)
{
    firn_code code = firn_table_load(sim_catalog, &sim_io, ident_of(table), a, ret, err);
    if (code != FIRN_E_NOTFOUND)
        return code;
    *ret = NULL;
    return FIRN_OK;
}

/* Adds a column of its own to the schema. */
static firn_code add_column(step *s, sim_commit *c, firn_table_change *change, firn_err *err)
{
    firn_type *merged = firn_arena_alloc(s->a, sizeof *merged);
    bool changed;
    if (!merged)
        return firn_arena_raise(s->a, err);
    snprintf(c->column, sizeof c->column, "c%d", (int)(c - sim_commits));
    firn_field field = {.name = firn_str_of(c->column), .type = {.kind = FIRN_T_INT}};
    const firn_type want = {.kind = FIRN_T_STRUCT, .fields = &field, .field_count = 1};
    change->last_column_id = s->base->last_column_id;
    FIRN_TRY(firn_schema_merge(&s->base->schema->type, &want, &change->last_column_id, s->a, merged,
                               &changed, err));
    change->schema = merged;
    return FIRN_OK;
}

/* The row of a commit, and its number in the summary, for one table. */
typedef struct entry {
    char row[32];
    char number[24];
    firn_data_file file;
    firn_property summary;
} entry;

static firn_table_change row_change(int table, const firn_metadata *base, const sim_commit *c,
                                    entry *e)
{
    firn_table_change change = change_of(table, base);
    sim_row((size_t)(c - sim_commits), e->row);
    snprintf(e->number, sizeof e->number, "%d", (int)(c - sim_commits));
    e->file = row_file(e->row);
    e->summary = (firn_property){"n", firn_str_of(e->number)};
    change.operation = c->kind == REPLACE ? FIRN_OP_REPLACE : FIRN_OP_APPEND;
    change.files = &e->file;
    change.file_count = 1;
    change.summary = &e->summary;
    change.summary_count = 1;
    return change;
}

static firn_code do_commit(step *s, sim_commit *c, firn_err *err)
{
    entry e;
    firn_table_result results[2];
    const firn_commit_ctx ctx = {sim_catalog, &sim_io, &s->me->names, "0"};
    firn_table_change changes[2] = {row_change(c->table, s->base, c, &e)};
    firn_position_move move = {.part = FIRN_STR_LIT("p")};
    if (sim_stream(c)) {
        move.stream = firn_str_of(sim_stream(c));
        move.from = c->value > 1 ? json_integer(c->value - 1) : NULL;
        move.to = json_integer(c->value);
        changes[0].moves = &move;
        changes[0].move_count = 1;
    }
    if (c->kind == ADD_COLUMN && s->base)
        FIRN_TRY(add_column(s, c, &changes[0], err));
    if (c->kind == TWO_TABLES) {
        const firn_metadata *other;
        FIRN_TRY(load(s->a, c->other, &other, err));
        if (!other)
            return firn_raise(err, FIRN_E_NOTFOUND, "no other table");
        changes[1] = row_change(c->other, other, c, &e);
    }
    size_t count = c->kind == TWO_TABLES ? 2 : 1;
    return firn_commit(&ctx, changes, count, s->a, results, err);
}

/* --- one step ------------------------------------------------------------------------------ */

/* Reads up to where the step's stream was landed. */
static firn_code look(step *s, sim_kind kind, firn_err *err)
{
    firn_position p;
    const sim_commit c = {.kind = kind, .writer = s->plan->number};
    FIRN_TRY(load(s->a, s->plan->tables[s->n], &s->base, err));
    s->at = 0;
    if (!s->base || !sim_stream(&c))
        return FIRN_OK;
    FIRN_TRY(firn_position_find(&sim_io, s->base, s->a, &p, err));
    s->at =
        json_integer_value(firn_position_part(&p, firn_str_of(sim_stream(&c)), FIRN_STR_LIT("p")));
    return FIRN_OK;
}

static sim_commit *new_commit(const step *s, sim_kind kind)
{
    if (sim_commit_count == MAX_COMMITS)
        sim_fail("too many commits");
    sim_commit *c = &sim_commits[sim_commit_count++];
    *c = (sim_commit){.kind = kind,
                      .writer = s->plan->number,
                      .table = s->plan->tables[s->n],
                      .other = s->plan->tables[s->n] == 0 ? 1 : 0,
                      .value = has_stream(kind) ? s->at + 1 : 0};
    return c;
}

/* By what its stream holds, a step of its own stream happened in an earlier try. */
static bool happened(const step *s, sim_kind kind)
{
    const sim_plan *p = s->plan;
    int64_t target = p->targets[s->n];
    if (!has_stream(kind) || kind == APPEND_SHARED || !target)
        return false;
    if (s->at + 1 < target)
        sim_fail("writer %d: its stream went back to %lld", p->number, (long long)s->at);
    return s->at >= target;
}

/* Tries a step once; true when there is nothing more to do about it. */
static bool try_step(step *s)
{
    firn_err err = {0};
    sim_plan *p = s->plan;
    sim_kind kind = p->steps[s->n];
    if (!has_stream(kind) && p->tried[s->n])
        return true; /* without a stream nobody can tell whether it happened */
    firn_code code = look(s, kind, &err);
    if (code == FIRN_E_SOURCE_LOST || code == FIRN_E_DATA)
        sim_fail("writer %d: %s", p->number, err.text);
    if (code != FIRN_OK)
        return false;
    if (happened(s, kind))
        return true;
    p->targets[s->n] = s->at + 1;
    p->tried[s->n] = true;
    sim_commit *c = new_commit(s, kind);
    code = do_commit(s, c, &err);
    if (code == FIRN_E_BUG || code == FIRN_E_DATA || code == FIRN_E_EXISTS)
        sim_fail("writer %d: %s", p->number, err.text);
    c->result = code == FIRN_OK ? ACKNOWLEDGED : code == FIRN_E_COMMIT_UNKNOWN ? UNKNOWN : REFUSED;
    if (code == FIRN_E_CONFLICT && !has_stream(kind))
        p->tried[s->n] = false;
    return code == FIRN_OK;
}

void sim_writer_main(void)
{
    sim_writer *me = &W.writers[W.current];
    sim_plan *p = me->plan;
    firn_err err = {0};
    if (firn_run_names_new(&sim_io, &me->names, &err) != FIRN_OK)
        sim_fail("no names");
    for (; p->done < p->count; p->done++) {
        bool finished = false;
        for (int i = 0; i < MAX_TRIES && !finished; i++) {
            step s = {.me = me, .plan = p, .n = p->done, .a = firn_arena_new("a step", 0)};
            finished = try_step(&s);
            firn_arena_free(s.a);
        }
    }
}

/* --- who does what ------------------------------------------------------------------------- */

static sim_kind choose_kind(void)
{
    static const sim_kind kinds[] = {APPEND_OWN, APPEND_OWN,   APPEND_SHARED, APPEND_SHARED,
                                     REPLACE,    APPEND_PLAIN, ADD_COLUMN,    TWO_TABLES};
    return kinds[sim_below(FIRN_COUNT_OF(kinds))];
}

void sim_start_writers(void)
{
    static const int tables[] = {0, 0, 0, 0, 0, 0, 1, 2};
    static const size_t counts[] = {1, 1, 1, 1, 1, 2, 2, 3};
    sim_commit_count = 0;
    for (int i = 0; i < 3; i++) {
        sim_plan *p = &sim_plans[i];
        *p = (sim_plan){.number = i, .count = counts[sim_below(FIRN_COUNT_OF(counts))]};
        for (size_t k = 0; k < p->count; k++) {
            p->steps[k] = choose_kind();
            p->tables[k] = tables[sim_below(FIRN_COUNT_OF(tables))];
        }
        sim_spawn(p);
    }
}

bool sim_replace_dead(void)
{
    bool any = false;
    size_t count = W.writer_count;
    for (size_t i = 0; i < count; i++) {
        sim_writer *w = &W.writers[i];
        if (w->state != DEAD)
            continue;
        w->state = IDLE;
        any = true;
        if (W.writer_count < MAX_WRITERS)
            sim_spawn(w->plan);
    }
    return any;
}

void sim_make_tables(bool with_rows)
{
    firn_err err = {0};
    firn_run_names names;
    firn_table_result r;
    firn_arena *a = firn_arena_new("the first tables", 0);
    const firn_commit_ctx ctx = {sim_catalog, &sim_io, &names, "0"};
    firn_code code = firn_run_names_new(&sim_io, &names, &err);
    for (int i = 0; i < 2 && code == FIRN_OK; i++) {
        firn_table_change c = change_of(i, NULL);
        const firn_data_file file = row_file("/base");
        const firn_property summary = {"n", FIRN_STR_LIT("base")};
        c.operation = with_rows ? FIRN_OP_APPEND : FIRN_OP_NONE;
        c.files = &file;
        c.file_count = 1;
        c.summary = &summary;
        c.summary_count = 1;
        code = firn_commit(&ctx, &c, 1, a, &r, &err);
    }
    firn_arena_free(a);
    if (code != FIRN_OK)
        sim_fail("no tables: %s", err.text);
}
