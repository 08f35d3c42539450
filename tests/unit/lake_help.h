/* SPDX-License-Identifier: Apache-2.0 */
/* lake_help.h — a small lake for tests of commits: on local files with an SQLite catalog, or all in
 * memory.  A hook stands before the catalog: it can lose commits, or the answers to them.  Include
 * check.h and ice_help.h first. */
#ifndef FIRN_LAKE_HELP_H
#define FIRN_LAKE_HELP_H

#include "catalog/catalogs.h"
#include "env/env.h"
#include "iceberg/commit.h"
#include "iceberg/scan.h"

#include <unistd.h>

/* --- a catalog in memory ------------------------------------------------------------------- */

typedef struct mem_table {
    char ns[40];
    char name[40];
    char location[300];
} mem_table;

typedef struct mem_catalog {
    firn_catalog head;
    mem_table tables[32];
    size_t count;
} mem_catalog;

static FIRN_UNUSED mem_table *mem_table_find(mem_catalog *c, firn_ident ident)
{
    for (size_t i = 0; i < c->count; i++)
        if (firn_str_eqc(ident.ns, c->tables[i].ns) && firn_str_eqc(ident.name, c->tables[i].name))
            return &c->tables[i];
    return NULL;
}

static FIRN_UNUSED firn_code mem_load(firn_catalog *head, firn_ident ident, firn_arena *a,
                                      firn_str *ret, firn_err *err)
{
    const mem_table *t = mem_table_find((mem_catalog *)head, ident);
    if (!t)
        return firn_raise(err, FIRN_E_NOTFOUND, "there is no table %s", firn_quote(ident.name).s);
    *ret = firn_arena_str(a, s_(t->location));
    return ret->p ? FIRN_OK : firn_arena_raise(a, err);
}

static FIRN_UNUSED bool mem_fits(mem_catalog *c, const firn_catalog_change *x)
{
    const mem_table *t = mem_table_find(c, x->ident);
    return x->base ? t && firn_str_eqc(x->base->location_of_file, t->location) : !t;
}

static FIRN_UNUSED firn_code mem_commit(firn_catalog *head, const firn_catalog_change *changes,
                                        size_t count, firn_err *err)
{
    mem_catalog *c = (mem_catalog *)head;
    for (size_t i = 0; i < count; i++)
        if (!mem_fits(c, &changes[i]))
            return firn_raise(err, FIRN_E_CONFLICT, "changed meanwhile");
    for (size_t i = 0; i < count; i++) {
        mem_table *t = mem_table_find(c, changes[i].ident);
        assert_true(t || c->count < FIRN_COUNT_OF(c->tables));
        if (!t)
            t = &c->tables[c->count++];
        snprintf(t->ns, sizeof t->ns, "%.*s", FIRN_STR_ARG(changes[i].ident.ns));
        snprintf(t->name, sizeof t->name, "%.*s", FIRN_STR_ARG(changes[i].ident.name));
        snprintf(t->location, sizeof t->location, "%.*s", FIRN_STR_ARG(changes[i].new_location));
    }
    return FIRN_OK;
}

static FIRN_UNUSED firn_code mem_drop(firn_catalog *head, firn_ident ident, firn_err *err)
{
    mem_catalog *c = (mem_catalog *)head;
    mem_table *t = mem_table_find(c, ident);
    if (!t)
        return firn_raise(err, FIRN_E_NOTFOUND, "there is no table");
    *t = c->tables[--c->count];
    return FIRN_OK;
}

static FIRN_UNUSED void mem_close_catalog(firn_catalog *head FIRN_UNUSED)
{
}

/* --- a hook before a catalog --------------------------------------------------------------- */

typedef enum outcome {
    PASS,
    APPLIED_BUT_UNKNOWN, /* the answer is lost */
    LOST_AND_UNKNOWN,    /* the question was */
    REFUSED,             /* a definite failure */
    CONFLICT,            /* somebody else was first, it says */
} outcome;

typedef struct hook_catalog {
    firn_catalog head;
    firn_catalog_ops ops;
    firn_catalog *inner;
    outcome next; /* of the commits to come, `times` of them */
    int times;
    firn_code no_load; /* what load says; FIRN_OK: it works */
    int commits;
} hook_catalog;

static FIRN_UNUSED firn_code hook_load(firn_catalog *head, firn_ident ident, firn_arena *a,
                                       firn_str *ret, firn_err *err)
{
    hook_catalog *h = (hook_catalog *)head;
    if (h->no_load != FIRN_OK)
        return firn_raise(err, h->no_load, "the catalog does not answer");
    return h->inner->ops->load(h->inner, ident, a, ret, err);
}

static FIRN_UNUSED firn_code hook_commit(firn_catalog *head, const firn_catalog_change *changes,
                                         size_t count, firn_err *err)
{
    hook_catalog *h = (hook_catalog *)head;
    outcome now = h->times > 0 ? h->next : PASS;
    h->times--;
    h->commits++;
    if (now == PASS || now == APPLIED_BUT_UNKNOWN)
        FIRN_TRY(h->inner->ops->commit(h->inner, changes, count, err));
    if (now == PASS)
        return FIRN_OK;
    if (now == REFUSED)
        return firn_raise(err, FIRN_E_NOSPC, "the catalog is full");
    if (now == CONFLICT)
        return firn_raise(err, FIRN_E_CONFLICT, "somebody was first");
    return firn_raise(err, FIRN_E_COMMIT_UNKNOWN, "no answer");
}

/* --- the lake ------------------------------------------------------------------------------ */

typedef struct lake {
    mem_io mem;
    mem_catalog mem_cat;
    firn_catalog_ops mem_ops;
    firn_env *env; /* NULL: all in memory */
    char dir[64];
    hook_catalog hook;
    firn_run_names names;
    firn_commit_ctx ctx;
    const firn_io *io;
    firn_io awake; /* that of env, but it never sleeps */
} lake;

static lake L;

static FIRN_UNUSED void hook_up(firn_catalog *inner)
{
    L.hook = (hook_catalog){.inner = inner, .ops = *inner->ops};
    L.hook.ops.load = hook_load;
    L.hook.ops.commit = hook_commit;
    L.hook.head = (firn_catalog){&L.hook.ops, inner->name};
    check_ok(firn_run_names_new(L.io, &L.names, &E), &E);
    L.ctx = (firn_commit_ctx){&L.hook.head, L.io, &L.names, "0.0"};
}

static FIRN_UNUSED int open_mem_lake(void **state)
{
    open_arena(state);
    memset(&L, 0, sizeof L);
    mem_open(&L.mem);
    L.io = &L.mem.io;
    L.mem_ops = (firn_catalog_ops){.name = "memory",
                                   .caps = FIRN_CATALOG_MULTI_TABLE | FIRN_CATALOG_DEFINITE,
                                   .close = mem_close_catalog,
                                   .load = mem_load,
                                   .commit = mem_commit,
                                   .drop = mem_drop};
    L.mem_cat.head = (firn_catalog){&L.mem_ops, s_("memory")};
    snprintf(L.dir, sizeof L.dir, "/lake");
    hook_up(&L.mem_cat.head);
    return 0;
}

static FIRN_UNUSED void stay_awake(void *ctx FIRN_UNUSED, int64_t ms FIRN_UNUSED)
{
}

static FIRN_UNUSED int open_local_lake(void **state)
{
    open_arena(state);
    memset(&L, 0, sizeof L);
    snprintf(L.dir, sizeof L.dir, "/tmp/firn-test-XXXXXX");
    if (!mkdtemp(L.dir))
        return -1;
    check_ok(firn_env_new(&L.env, &E), &E);
    L.awake = *firn_env_io(L.env);
    L.awake.sleep_ms = stay_awake;
    L.io = &L.awake;
    firn_catalog *c = NULL;
    check_ok(firn_catalog_sqlite_open(s_(firn_arena_printf(A, "%s/catalog.db", L.dir)), s_("lake"),
                                      false, &c, &E),
             &E);
    hook_up(c);
    return 0;
}

static FIRN_UNUSED int close_lake(void **state)
{
    firn_mem_fail_nth(0, false);
    L.hook.inner->ops->close(L.hook.inner);
    if (L.env) {
        check_ok(firn_fs_remove_tree(L.env, L.dir, "/tmp", &E), &E);
        firn_env_free(L.env);
    }
    mem_close(&L.mem);
    return close_arena(state);
}

/* Each test once in memory and once on local files. */
#define LAKE_TEST(f)                                                                               \
    {#f ".memory", f, open_mem_lake, close_lake, NULL},                                            \
    {                                                                                              \
#f ".local", f, open_local_lake, close_lake, NULL                                          \
    }

/* --- changes ------------------------------------------------------------------------------- */

static FIRN_UNUSED firn_ident ident(const char *name)
{
    return (firn_ident){s_("raw"), s_(name)};
}

static FIRN_UNUSED const firn_metadata *load(const char *name)
{
    const firn_metadata *m = NULL;
    check_ok(firn_table_load(L.hook.inner, L.io, ident(name), A, &m, &E), &E);
    return m;
}

/* Columns id long, day date, kind string with ids 1 to 3. */
static FIRN_UNUSED const firn_type *columns(void)
{
    firn_type *t = firn_arena_alloc(A, sizeof *t);
    int32_t last = 0;
    *t = type_of("struct<id: long, day: date, kind: string>");
    firn_schema_assign_ids(t, &last);
    return t;
}

static FIRN_UNUSED firn_code commit1(const firn_table_change *c, firn_table_result *ret)
{
    firn_table_result ignored;
    firn_err_clear(&E);
    return firn_commit(&L.ctx, c, 1, A, ret ? ret : &ignored, &E);
}

/* Creates raw.NAME, partitioned by identity of `partition` (NULL: not), with these properties. */
static FIRN_UNUSED const firn_metadata *create(const char *name, const char *partition)
{
    firn_spec spec = {0};
    int32_t last = 999;
    const firn_partition_term term = {.column = s_(partition)};
    if (partition)
        check_ok(firn_spec_make(columns(), &term, 1, &last, A, &spec, &E), &E);
    firn_table_change c = {.ident = ident(name),
                           .location = s_(firn_arena_printf(A, "%s/raw/%s", L.dir, name)),
                           .schema = columns(),
                           .last_column_id = 3,
                           .spec = &spec};
    check_ok(commit1(&c, NULL), &E);
    return load(name);
}

/* A data file in partition `kind` ("null": null; "": unpartitioned) of this many rows. */
static FIRN_UNUSED firn_data_file file_of(const char *path, const char *kind, int64_t rows)
{
    firn_value *p = firn_arena_zalloc(A, sizeof *p);
    firn_type t = type_of("string");
    *p = value_of(&t, kind);
    return (firn_data_file){.file_path = s_(path),
                            .file_format = s_("PARQUET"),
                            .partition = p,
                            .record_count = rows,
                            .file_size_in_bytes = rows * 100,
                            .sort_order_id = 0};
}

static FIRN_UNUSED firn_table_change change_of(const firn_metadata *start, const char *name,
                                               firn_operation op, const firn_data_file *files,
                                               size_t count)
{
    return (firn_table_change){
        .ident = ident(name), .start = start, .operation = op, .files = files, .file_count = count};
}

/* Appends one file of 10 rows to what `start` is. */
static FIRN_UNUSED firn_code append(const firn_metadata *start, const char *name, const char *path)
{
    const firn_data_file f = file_of(path, "k", 10);
    const firn_table_change c = change_of(start, name, FIRN_OP_APPEND, &f, 1);
    return commit1(&c, NULL);
}

/* What another engine does: applies changes and commits them by itself. */
static FIRN_UNUSED firn_code commit_updates(const firn_metadata *base, const char *name,
                                            const firn_updates *u)
{
    static unsigned n;
    firn_buf text = FIRN_BUF(1 << 20);
    const firn_metadata *next;
    check_ok(firn_metadata_apply(base, u, L.io->now_ms(L.io->ctx), A, &next, &E), &E);
    check_ok(firn_metadata_print(next, &text, &E), &E);
    const char *path = firn_arena_printf(
        A, "%.*s/metadata/%05d-other%u.metadata.json", FIRN_STR_ARG(base->location),
        (int)firn_metadata_file_version(base->location_of_file) + 1, n++);
    check_ok(L.io->write_new(L.io->ctx, s_(path), firn_buf_slice(&text), &E), &E);
    firn_buf_free(&text);
    const firn_catalog_change change = {ident(name), base, u, s_(path)};
    return L.hook.inner->ops->commit(L.hook.inner, &change, 1, &E);
}

static FIRN_UNUSED firn_updates new_updates(void)
{
    firn_updates u;
    check_ok(firn_updates_new(A, &u, &E), &E);
    return u;
}

/* --- looking ------------------------------------------------------------------------------- */

static FIRN_UNUSED int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The live files of a table, sorted: "a b c". */
static FIRN_UNUSED const char *files_of(const firn_metadata *m)
{
    firn_scan_plan plan;
    const char *names[64];
    char *out = firn_arena_zalloc(A, 4096);
    check_ok(firn_scan_plan_make(L.io, m, firn_metadata_current(m), NULL, A, &plan, &E), &E);
    assert_true(plan.count < 64);
    for (size_t i = 0; i < plan.count; i++)
        names[i] =
            firn_arena_strndup(A, plan.files[i].file.file_path.p, plan.files[i].file.file_path.n);
    qsort(names, plan.count, sizeof *names, by_text);
    for (size_t i = 0; i < plan.count; i++)
        snprintf(out + strlen(out), 4096 - strlen(out), "%s%s", i ? " " : "", names[i]);
    return out;
}

static FIRN_UNUSED const char *summary_of(const firn_metadata *m, const char *key)
{
    firn_str s = firn_snapshot_summary(firn_metadata_current(m), key);
    return s.p ? firn_arena_strndup(A, s.p, s.n) : "-";
}

/* All files in the metadata folder of a table, but for "*.db". */
static FIRN_UNUSED size_t metadata_files(const char *name, const char **ret, size_t max)
{
    size_t n = 0;
    const char *folder = firn_arena_printf(A, "%s/raw/%s/metadata", L.dir, name);
    firn_str *list = NULL;
    size_t count = 0;
    if (L.env && firn_fs_exists(L.env, folder))
        check_ok(firn_fs_list(L.env, folder, A, &list, &count, &E), &E);
    for (size_t i = 0; i < count; i++)
        ret[n++] = firn_arena_printf(A, "%s/%.*s", folder, FIRN_STR_ARG(list[i]));
    for (size_t i = 0; i < L.mem.count; i++)
        if (firn_str_starts(s_(L.mem.files[i].name), folder))
            ret[n++] = firn_arena_strdup(A, L.mem.files[i].name);
    assert_true(n <= max);
    return n;
}

static FIRN_UNUSED void forget(const char **files, size_t n, firn_str path)
{
    for (size_t i = 0; i < n; i++)
        if (files[i] && firn_str_eqc(path, files[i]))
            files[i] = NULL;
}

/* Every file in the table's metadata folder is named by the table: nothing was left behind. */
static FIRN_UNUSED void check_no_leftovers(const char *name)
{
    const char *files[512];
    const firn_metadata *m = load(name);
    size_t n = metadata_files(name, files, FIRN_COUNT_OF(files));
    forget(files, n, m->location_of_file);
    const json_t *log = json_object_get(m->root, "metadata-log");
    for (size_t i = 0; i < json_array_size(log); i++)
        forget(files, n, firn_json_text(json_object_get(json_array_get(log, i), "metadata-file")));
    for (size_t i = 0; i < m->snapshot_count; i++) {
        firn_manifest_file *list;
        size_t count;
        forget(files, n, m->snapshots[i].manifest_list);
        check_ok(firn_manifest_list_read(L.io, &m->snapshots[i], NULL, A, &list, &count, NULL, &E),
                 &E);
        for (size_t k = 0; k < count; k++)
            forget(files, n, list[k].manifest_path);
    }
    for (size_t i = 0; i < n; i++)
        if (files[i])
            fail_msg("%s was left behind", files[i]);
}

#endif
