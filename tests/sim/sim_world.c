/* SPDX-License-Identifier: Apache-2.0 */
#include "sim.h"

#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

sim_world W;
const char *const sim_table_names[TABLES] = {"a", "b", "c"};

_Noreturn void sim_fail(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fprintf(stderr, "FAIL seed %llu: ", (unsigned long long)W.seed);
    vfprintf(stderr, fmt, ap);
    fprintf(stderr, "\n");
    va_end(ap);
    exit(1);
}

/* --- chance -------------------------------------------------------------------------------- */

static uint64_t next_random(void)
{
    uint64_t z = W.rng += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint32_t sim_below(uint32_t n)
{
    return (uint32_t)((next_random() >> 32) * n >> 32);
}

bool sim_one_in(uint32_t n)
{
    return sim_below(n) == 0;
}

/* --- turns --------------------------------------------------------------------------------- */

/* Chooses who goes on; -1 if nobody can. */
static int choose(void)
{
    int able[MAX_WRITERS];
    uint32_t n = 0;
    for (size_t i = 0; i < W.writer_count; i++)
        if (W.writers[i].state == RUNNABLE)
            able[n++] = (int)i;
    return n ? able[sim_below(n)] : -1;
}

/* Goes on with another writer, or with the main program when there is none. */
static void hand_over(ucontext_t *from, int to)
{
    W.current = to;
    swapcontext(from, to < 0 ? &W.main : &W.writers[to].context);
}

static void lose_unsynced(void)
{
    for (size_t i = 0; i < W.file_count; i++)
        W.files[i].gone |= !W.files[i].synced;
}

/* Every call of a writer comes through here: whatever others do may happen now. */
static void yield(void)
{
    sim_writer *me = W.current < 0 ? NULL : &W.writers[W.current];
    if (!me)
        return;
    if (W.delayed.set && sim_one_in(8))
        sim_settle();
    if (W.faults.kills && sim_one_in(40)) {
        me->state = DEAD;
        W.orphans_allowed = true;
    }
    if (W.faults.power_cut && !W.cut && sim_one_in(60)) {
        W.cut = W.orphans_allowed = true;
        lose_unsynced();
        for (size_t i = 0; i < W.writer_count; i++)
            if (W.writers[i].state == RUNNABLE)
                W.writers[i].state = DEAD;
    }
    int to = choose();
    if (to != W.current)
        hand_over(&me->context, to);
}

static void run_writer(void)
{
    sim_writer_main();
    sim_writer *me = &W.writers[W.current];
    me->state = DONE;
    hand_over(&me->context, choose());
}

void sim_spawn(sim_plan *plan)
{
    if (W.writer_count == MAX_WRITERS)
        sim_fail("too many writers");
    sim_writer *w = &W.writers[W.writer_count++];
    w->plan = plan;
    w->state = RUNNABLE;
    getcontext(&w->context);
    w->context.uc_stack.ss_sp = w->stack;
    w->context.uc_stack.ss_size = STACK_BYTES;
    w->context.uc_link = &W.main;
    makecontext(&w->context, run_writer, 0);
}

void sim_run(void)
{
    int to = choose();
    if (to >= 0)
        hand_over(&W.main, to);
    W.current = -1;
}

/* --- files --------------------------------------------------------------------------------- */

static uint32_t hash_of(firn_str s)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (uint8_t)s.p[i]) * 16777619u;
    return h;
}

static sim_file *find(firn_str name)
{
    uint32_t h = hash_of(name);
    for (size_t i = W.file_count; i > 0; i--) {
        sim_file *f = &W.files[i - 1];
        if (!f->gone && f->hash == h && firn_str_eqc(name, f->name))
            return f;
    }
    return NULL;
}

const sim_file *sim_find(firn_str name)
{
    return find(name);
}

static firn_code sim_read(void *ctx FIRN_UNUSED, firn_str uri, uint64_t max FIRN_UNUSED,
                          firn_arena *a, firn_slice *ret, firn_err *err)
{
    yield();
    if (W.current >= 0 && W.faults.io_errors && sim_one_in(40))
        return firn_raise(err, FIRN_E_NET, "the network");
    const sim_file *f = find(uri);
    if (!f)
        return firn_raise(err, FIRN_E_NOTFOUND, "no file %s", firn_quote(uri).s);
    *ret = firn_arena_copy(a, (firn_slice){f->bytes, f->n});
    return ret->p ? FIRN_OK : firn_arena_raise(a, err);
}

static firn_code sim_write(void *ctx FIRN_UNUSED, firn_str uri, firn_slice bytes, firn_err *err)
{
    yield();
    if (W.current >= 0 && W.faults.io_errors && sim_one_in(30))
        return firn_raise(err, FIRN_E_NOSPC, "the disk is full");
    if (find(uri))
        return firn_raise(err, FIRN_E_EXISTS, "%s exists", firn_quote(uri).s);
    if (W.file_count == MAX_FILES || uri.n >= sizeof W.files[0].name)
        sim_fail("too many files, or too long a name: %.*s", FIRN_STR_ARG(uri));
    sim_file *f = &W.files[W.file_count++];
    uint8_t *copy = malloc(bytes.n + 1);
    if (!copy)
        sim_fail("out of memory");
    memcpy(copy, bytes.p, bytes.n);
    *f = (sim_file){.bytes = copy, .n = bytes.n, .hash = hash_of(uri), .writer = W.current};
    memcpy(f->name, uri.p, uri.n);
    return FIRN_OK;
}

static firn_code sim_flush(void *ctx FIRN_UNUSED, firn_err *err)
{
    yield();
    if (W.current >= 0 && W.faults.io_errors && sim_one_in(40))
        return firn_raise(err, FIRN_E_IO, "the disk");
    for (size_t i = 0; i < W.file_count; i++)
        W.files[i].synced |= W.files[i].writer == W.current;
    return FIRN_OK;
}

static firn_code sim_remove(void *ctx FIRN_UNUSED, firn_str uri, firn_err *err FIRN_UNUSED)
{
    yield();
    sim_file *f = find(uri);
    if (f)
        f->gone = true;
    return FIRN_OK;
}

static int64_t sim_now(void *ctx FIRN_UNUSED)
{
    W.clock_ms += sim_below(3);
    if (W.faults.clock_jumps && sim_one_in(10))
        W.clock_ms -= 600000;
    return W.clock_ms;
}

static firn_code sim_random(void *ctx FIRN_UNUSED, void *p, size_t n, firn_err *err FIRN_UNUSED)
{
    uint8_t *out = p;
    for (; n; n -= FIRN_MIN(n, sizeof(uint64_t)), out += sizeof(uint64_t)) {
        uint64_t r = next_random();
        memcpy(out, &r, FIRN_MIN(n, sizeof r));
    }
    return FIRN_OK;
}

static void sim_sleep(void *ctx FIRN_UNUSED, int64_t ms)
{
    W.clock_ms += ms;
    yield();
}

const firn_io sim_io = {NULL,    sim_read,   sim_write, sim_flush, sim_remove,
                        sim_now, sim_random, sim_sleep, false};

/* --- the catalog --------------------------------------------------------------------------- */

static int table_of(firn_ident ident)
{
    for (int i = 0; i < TABLES; i++)
        if (firn_str_eqc(ident.name, sim_table_names[i]))
            return i;
    sim_fail("the table %.*s", FIRN_STR_ARG(ident.name));
}

static firn_code catalog_load(firn_catalog *c FIRN_UNUSED, firn_ident ident, firn_arena *a,
                              firn_str *ret, firn_err *err)
{
    yield();
    if (W.current >= 0 && W.faults.io_errors && sim_one_in(40))
        return firn_raise(err, FIRN_E_NET, "the network");
    const char *location = W.location[table_of(ident)];
    if (!*location)
        return firn_raise(err, FIRN_E_NOTFOUND, "no table");
    *ret = firn_arena_str(a, firn_str_of(location));
    return ret->p ? FIRN_OK : firn_arena_raise(a, err);
}

static sim_delayed change_of(const firn_catalog_change *changes, size_t count)
{
    sim_delayed d = {.set = true, .count = count};
    for (size_t i = 0; i < count; i++) {
        firn_str base = {NULL, 0};
        if (changes[i].base)
            base = changes[i].base->location_of_file;
        d.tables[i] = table_of(changes[i].ident);
        snprintf(d.base[i], sizeof d.base[i], "%.*s", FIRN_STR_ARG(base));
        snprintf(d.to[i], sizeof d.to[i], "%.*s", FIRN_STR_ARG(changes[i].new_location));
    }
    return d;
}

static bool apply(const sim_delayed *d)
{
    for (size_t i = 0; i < d->count; i++)
        if (strcmp(d->base[i], W.location[d->tables[i]]) != 0)
            return false;
    for (size_t i = 0; i < d->count; i++) {
        const sim_file *f = find(firn_str_of(d->to[i]));
        if (!f || !f->synced)
            sim_fail("%s is named before it is durable", d->to[i]);
        memcpy(W.location[d->tables[i]], d->to[i], sizeof d->to[i]);
    }
    return true;
}

void sim_settle(void)
{
    if (W.delayed.set)
        apply(&W.delayed);
    W.delayed.set = false;
}

static firn_code unknown(firn_err *err)
{
    W.orphans_allowed = true;
    yield();
    return firn_raise(err, FIRN_E_COMMIT_UNKNOWN, "no answer");
}

static firn_code conflict(firn_err *err)
{
    return firn_raise(err, FIRN_E_CONFLICT, "somebody was first");
}

static firn_code catalog_commit(firn_catalog *c FIRN_UNUSED, const firn_catalog_change *changes,
                                size_t count, firn_err *err)
{
    yield();
    sim_delayed d = change_of(changes, count);
    if (W.faults.refusals && sim_one_in(12))
        return conflict(err);
    if (W.faults.refusals && sim_one_in(12))
        return firn_raise(err, FIRN_E_IO, "the catalog");
    if (W.faults.lost_replies && sim_one_in(8))
        return unknown(err);
    if (W.faults.lost_replies && !W.faults.definite && !W.delayed.set && sim_one_in(8)) {
        W.delayed = d;
        return unknown(err);
    }
    if (!apply(&d))
        return conflict(err);
    if (W.faults.lost_replies && sim_one_in(6))
        return unknown(err);
    yield();
    return FIRN_OK;
}

static firn_catalog_ops ops = {.name = "simulated",
                               .caps = FIRN_CATALOG_MULTI_TABLE,
                               .load = catalog_load,
                               .commit = catalog_commit};
static firn_catalog catalog = {.ops = &ops};
firn_catalog *const sim_catalog = &catalog;

/* --- an interleaving ----------------------------------------------------------------------- */

static sim_file kept_files[64];
static size_t kept_count;
static char kept_location[TABLES][72];

void sim_world_keep(void)
{
    if (W.file_count > FIRN_COUNT_OF(kept_files))
        sim_fail("too many files to start from");
    memcpy(kept_files, W.files, W.file_count * sizeof *W.files);
    memcpy(kept_location, W.location, sizeof W.location);
    kept_count = W.file_count;
}

static sim_faults choose_faults(void)
{
    return (sim_faults){.definite = sim_one_in(2),
                        .lost_replies = sim_one_in(3),
                        .refusals = sim_one_in(4),
                        .kills = sim_one_in(4),
                        .power_cut = sim_one_in(10),
                        .io_errors = sim_one_in(8),
                        .clock_jumps = sim_one_in(4)};
}

void sim_world_start(uint64_t seed)
{
    static _Alignas(64) uint8_t stacks[MAX_WRITERS][STACK_BYTES];
    W.seed = seed;
    W.rng = seed * UINT64_C(0xd1342543de82ef95) + 1;
    W.faults = choose_faults();
    W.clock_ms = INT64_C(1700000000000);
    W.cut = W.orphans_allowed = false;
    W.delayed = (sim_delayed){0};
    W.writer_count = 0;
    W.current = -1;
    for (size_t i = 0; i < MAX_WRITERS; i++)
        W.writers[i].stack = stacks[i];
    memcpy(W.files, kept_files, kept_count * sizeof *W.files);
    W.file_count = kept_count;
    memcpy(W.location, kept_location, sizeof W.location);
    ops.caps = FIRN_CATALOG_MULTI_TABLE | (W.faults.definite ? FIRN_CATALOG_DEFINITE : 0);
}
