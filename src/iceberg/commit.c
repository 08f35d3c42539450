/* SPDX-License-Identifier: Apache-2.0 */
/* The commit driver: prepare, try, rebase, look up.  See docs/design/commit.md. */
#include "iceberg/commit_int.h"

#include "base/str.h"
#include "env/fail.h"

#include <stdio.h>
#include <string.h>

#define MAX_ATTEMPTS  20
#define FIRST_WAIT_MS 20
#define MAX_WAIT_MS   5000
#define STATUS_CHECKS 3

/* --- names of a run ------------------------------------------------------------------------ */

firn_code firn_run_names_new(const firn_io *io, firn_run_names *ret, firn_err *err)
{
    uint8_t b[13];
    FIRN_TRY(io->random(io->ctx, b, sizeof b, err));
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    snprintf(ret->prefix, sizeof ret->prefix,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x", b[0], b[1], b[2], b[3],
             b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12]);
    ret->next = 0;
    return FIRN_OK;
}

void firn_run_names_next(firn_run_names *n, char out[FIRN_RUN_UUID_TEXT])
{
    uint32_t number = n->next++;
    snprintf(out, FIRN_RUN_UUID_TEXT, "%.30s%06x", n->prefix, number & 0xffffffu);
}

/* --- what was written, to be removed when it is not needed --------------------------------- */

firn_code firn_commit_note(firn_commit_work *w, firn_str path, int attempt,
                           const firn_pending *manifest_of, firn_err *err)
{
    const firn_written f = {.path = path, .attempt = attempt, .manifest_of = manifest_of};
    if (!firn_vec_push(w->arena, &w->written, f))
        return firn_arena_raise(w->arena, err);
    return FIRN_OK;
}

/* Removes what the attempts other than `keep` wrote, and the manifests that `keep` merged into
 * others; keep == ATTEMPT_NONE: everything.  Failing to remove is no failure. */
static void remove_written(firn_commit_work *w, int keep)
{
    for (size_t i = 0; i < w->written.n; i++) {
        const firn_written *f = &w->written.v[i];
        bool stays = keep != ATTEMPT_NONE && (f->attempt == keep || f->attempt == ATTEMPT_ALL);
        if (!stays || f->unused)
            (void)w->ctx->io->remove(w->ctx->io->ctx, f->path, NULL);
    }
}

static firn_str logged_file(const json_t *log, size_t i)
{
    const json_t *file = json_object_get(json_array_get(log, i), "metadata-file");
    return json_is_string(file) ? firn_json_text(file) : (firn_str){NULL, 0};
}

/* Metadata files that the log has just dropped, if the table wants them removed. */
static void remove_old_metadata(firn_commit_work *w, const firn_pending *p)
{
    static int present;
    firn_str wanted = firn_metadata_property(p->next, "write.metadata.delete-after-commit.enabled");
    if (!p->base || !wanted.p || !firn_str_ieq(wanted, FIRN_STR_LIT("true")))
        return;
    const json_t *before = json_object_get(p->base->root, "metadata-log");
    const json_t *after = json_object_get(p->next->root, "metadata-log");
    firn_map kept = FIRN_MAP(w->arena);
    for (size_t i = 0; i < json_array_size(after); i++) {
        firn_str file = logged_file(after, i);
        if (file.p && !firn_map_put(&kept, file, &present))
            return; /* they stay a little longer */
    }
    for (size_t i = 0; i < json_array_size(before); i++) {
        firn_str file = logged_file(before, i);
        if (file.p && !firn_map_get(&kept, file))
            (void)w->ctx->io->remove(w->ctx->io->ctx, file, NULL);
    }
}

/* --- one attempt --------------------------------------------------------------------------- */

static firn_code write_metadata(firn_commit_work *w, firn_pending *p, int attempt, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)2 << 30);
    char uuid[FIRN_RUN_UUID_TEXT];
    firn_str folder;
    FIRN_TRY(firn_metadata_folder(p->next, w->arena, &folder, err));
    int64_t version = p->base ? firn_metadata_file_version(p->base->location_of_file) + 1 : 0;
    firn_run_names_next(w->ctx->names, uuid);
    const char *path = firn_arena_printf(w->arena, "%.*s/%05lld-%s.metadata.json",
                                         FIRN_STR_ARG(folder), (long long)version, uuid);
    if (!path)
        return firn_arena_raise(w->arena, err);
    FIRN_TRY(firn_metadata_print(p->next, &text, err));
    const firn_io *io = w->ctx->io;
    FIRN_TRY(firn_commit_note(w, firn_str_of(path), attempt, NULL, err));
    FIRN_TRY(io->write_new(io->ctx, firn_str_of(path), firn_buf_slice(&text), err));
    firn_metadata *named = firn_arena_alloc(w->arena, sizeof *named);
    if (!named)
        return firn_arena_raise(w->arena, err);
    *named = *p->next;
    named->location_of_file = firn_str_of(path);
    p->next = named;
    return FIRN_FAIL("commit.after_metadata", err);
}

static firn_code reload(firn_commit_work *w, firn_pending *p, firn_err *err)
{
    firn_code code =
        firn_table_load(w->ctx->catalog, w->ctx->io, p->change->ident, w->arena, &p->base, err);
    if (code != FIRN_E_NOTFOUND)
        return code;
    if (!p->change->start) {
        p->base = NULL;
        return FIRN_OK;
    }
    return firn_raise(err, FIRN_E_CONFLICT, "the table %s was dropped meanwhile",
                      firn_quote(p->change->ident.name).s);
}

static firn_code prepare_all(firn_commit_work *w, int attempt, firn_err *err)
{
    for (size_t i = 0; i < w->count; i++) {
        firn_pending *p = &w->pending[i];
        p->base = p->change->start;
        if (attempt > 0)
            FIRN_TRY(reload(w, p, err));
        FIRN_TRY(firn_commit_rebase_check(p, err));
        FIRN_TRY(firn_commit_build(w, p, attempt, err));
        FIRN_TRY(write_metadata(w, p, attempt, err));
    }
    return w->ctx->io->flush(w->ctx->io->ctx, err);
}

static firn_code swap(firn_commit_work *w, firn_err *err)
{
    FIRN_TRY(FIRN_FAIL("commit.before_swap", err));
    for (size_t i = 0; i < w->count; i++) {
        const firn_pending *p = &w->pending[i];
        w->swaps[i] = (firn_catalog_change){.ident = p->change->ident,
                                            .base = p->base,
                                            .updates = &p->updates,
                                            .new_location = p->next->location_of_file};
    }
    firn_catalog *c = w->ctx->catalog;
    FIRN_TRY(c->ops->commit(c, w->swaps, w->count, err));
    /* whatever goes wrong from here on: the commit may stand */
    if (FIRN_FAIL("commit.after_swap", err) != FIRN_OK)
        return firn_raise(err, FIRN_E_COMMIT_UNKNOWN, "interrupted behind the commit");
    return FIRN_OK;
}

/* --- unknown outcomes ---------------------------------------------------------------------- */

/* Whether the table as it is now contains what the last attempt wrote. */
static bool contains(const firn_metadata *now, const firn_pending *p)
{
    if (p->snapshot_id != FIRN_NO_SNAPSHOT)
        return firn_metadata_snapshot(now, p->snapshot_id) != NULL;
    if (firn_str_eq(now->location_of_file, p->next->location_of_file))
        return true;
    const json_t *log = json_object_get(now->root, "metadata-log");
    for (size_t i = 0; i < json_array_size(log); i++) {
        const json_t *file = json_object_get(json_array_get(log, i), "metadata-file");
        if (json_is_string(file) && firn_str_eq(firn_json_text(file), p->next->location_of_file))
            return true;
    }
    return false;
}

/* Returns FIRN_OK if the commit happened, FIRN_E_CONFLICT if it surely did not, else
 * FIRN_E_COMMIT_UNKNOWN. */
static firn_code look_up_once(firn_commit_work *w, firn_err *err)
{
    const firn_pending *p = &w->pending[0]; /* the tables change together: one speaks for all */
    const firn_metadata *now = NULL;
    firn_err local = {0};
    firn_code code =
        firn_table_load(w->ctx->catalog, w->ctx->io, p->change->ident, w->arena, &now, &local);
    bool definite = w->ctx->catalog->ops->caps & FIRN_CATALOG_DEFINITE;
    if (code == FIRN_OK && contains(now, p))
        return FIRN_OK;
    bool absent = code == FIRN_OK || (code == FIRN_E_NOTFOUND && !p->change->start);
    if (absent && definite)
        return firn_raise(err, FIRN_E_CONFLICT, "the commit did not happen");
    return firn_raise(err, FIRN_E_COMMIT_UNKNOWN,
                      "it is not known whether the commit of %s happened",
                      firn_quote(p->change->ident.name).s);
}

static firn_code look_up(firn_commit_work *w, firn_err *err)
{
    firn_code code = FIRN_E_COMMIT_UNKNOWN;
    for (int i = 0; i < STATUS_CHECKS && code == FIRN_E_COMMIT_UNKNOWN; i++) {
        if (i)
            w->ctx->io->sleep_ms(w->ctx->io->ctx, 100 << (2 * i));
        code = look_up_once(w, err);
    }
    if (code == FIRN_E_COMMIT_UNKNOWN)
        firn_err_advise(err, "nothing was deleted; run the same command again: it looks up what "
                             "happened and goes on from there");
    return code;
}

/* --- the loop ------------------------------------------------------------------------------ */

static void wait_before(firn_commit_work *w, int attempt)
{
    uint32_t random = 0;
    int64_t ceiling = FIRN_MIN((int64_t)FIRST_WAIT_MS << FIRN_MIN(attempt, 10), MAX_WAIT_MS);
    if (w->ctx->io->random(w->ctx->io->ctx, &random, sizeof random, NULL) != FIRN_OK)
        random = 1;
    w->ctx->io->sleep_ms(w->ctx->io->ctx, (int64_t)(random % (uint32_t)ceiling) + 1);
}

/* A conflict seen by the catalog may be rebased; one raised by the checks may not.  The metadata
 * that the change was prepared on may be old: expiry may have removed files it names. */
static firn_code try_once(firn_commit_work *w, int attempt, bool *ret_rebase, firn_err *err)
{
    firn_code code = prepare_all(w, attempt, err);
    *ret_rebase = code == FIRN_E_NOTFOUND && attempt == 0;
    FIRN_TRY(code);
    code = swap(w, err);
    if (code == FIRN_E_COMMIT_UNKNOWN)
        code = look_up(w, err);
    *ret_rebase = code == FIRN_E_CONFLICT;
    return code;
}

static firn_code run_attempts(firn_commit_work *w, firn_err *err)
{
    bool rebase = true;
    firn_code code = FIRN_OK;
    for (int attempt = 0; rebase && attempt < MAX_ATTEMPTS; attempt++) {
        if (attempt)
            wait_before(w, attempt);
        firn_err_clear(err);
        code = try_once(w, attempt, &rebase, err);
        w->last_attempt = attempt;
    }
    return code;
}

static firn_code start_work(firn_commit_work *w, const firn_table_change *changes, firn_err *err)
{
    w->pending = firn_arena_array(w->arena, w->count, sizeof *w->pending);
    w->swaps = firn_arena_array(w->arena, w->count, sizeof *w->swaps);
    if (!w->pending || !w->swaps)
        return firn_arena_raise(w->arena, err);
    for (size_t i = 0; i < w->count; i++)
        w->pending[i] = (firn_pending){
            .change = &changes[i], .snapshot_id = FIRN_NO_SNAPSHOT, .merged = FIRN_MAP(w->arena)};
    for (size_t i = 0; i < w->count; i++)
        if (changes[i].move_count && changes[i].operation == FIRN_OP_NONE)
            return firn_raise(err, FIRN_E_INVAL, "a position moves only with a snapshot");
    if (w->count > 1 && !(w->ctx->catalog->ops->caps & FIRN_CATALOG_MULTI_TABLE))
        return firn_raise(err, FIRN_E_UNSUPPORTED,
                          "catalog type %s cannot change several tables in one commit",
                          w->ctx->catalog->ops->name);
    return FIRN_OK;
}

firn_code firn_commit(const firn_commit_ctx *ctx, const firn_table_change *changes, size_t count,
                      firn_arena *a, firn_table_result *results, firn_err *err)
{
    firn_err local = {0};
    firn_err *e = err ? err : &local;
    firn_commit_work w = {.ctx = ctx, .arena = a, .count = count};
    FIRN_TRY(start_work(&w, changes, e));
    firn_code code = run_attempts(&w, e);
    if (code == FIRN_E_COMMIT_UNKNOWN)
        return code; /* any of the attempts' files may be live */
    remove_written(&w, code == FIRN_OK ? w.last_attempt : ATTEMPT_NONE);
    if (code != FIRN_OK)
        return code;
    for (size_t i = 0; i < count; i++)
        remove_old_metadata(&w, &w.pending[i]);
    for (size_t i = 0; i < count; i++)
        results[i] = (firn_table_result){w.pending[i].next, w.pending[i].snapshot_id};
    return FIRN_OK;
}
