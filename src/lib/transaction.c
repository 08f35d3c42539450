/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions: begin, replay, commit. */
#include "lib/transaction.h"

#include "iceberg/metadata_int.h"

#include <string.h>

/* --- begin and end ------------------------------------------------------------------------- */

static firn_code begin(firn_table *table, firn_transaction **ret, firn_err *err)
{
    FIRN_TRY(firn_lib_need(table, "table", err));
    if (!firn_lib_catalog_writable(table->catalog))
        return firn_raise(err, FIRN_E_UNSUPPORTED,
                          "the table is read only: its catalog cannot be written to");
    firn_arena *a = firn_arena_new("a transaction", 0);
    firn_transaction *tx = a ? firn_arena_zalloc(a, sizeof *tx) : NULL;
    if (!tx) {
        firn_arena_free(a);
        return firn_raise_nomem(err);
    }
    tx->table = table;
    tx->arena = a;
    tx->paths = FIRN_MAP(a);
    tx->operation = FIRN_OP_APPEND;
    firn_code code = firn_evolve_begin(table->m, a, &tx->evolution, err);
    if (code != FIRN_OK) {
        firn_arena_free(a);
        return code;
    }
    *ret = tx;
    return FIRN_OK;
}

firn_status firn_transaction_begin(firn_table *table, firn_transaction **ret, firn_error *error)
{
    firn_err err = {0};
    return firn_lib_end(begin(table, ret, &err), &err, error);
}

void firn_transaction_free(firn_transaction *tx)
{
    if (!tx)
        return;
    const firn_io *io = &tx->table->storage->io;
    for (size_t i = 0; i < tx->written.n; i++)
        (void)io->remove(io->ctx, tx->written.v[i], NULL);
    firn_arena_free(tx->arena);
}

firn_code firn_tx_check(const firn_transaction *tx, firn_err *err)
{
    FIRN_TRY(firn_lib_need(tx, "tx", err));
    return tx->finished ? firn_raise(err, FIRN_E_INVAL, "the transaction was committed already")
                        : FIRN_OK;
}

firn_code firn_tx_replay(const firn_transaction *tx, const firn_metadata *base, firn_arena *a,
                         firn_evolution **ret, firn_err *err)
{
    firn_evolution *e;
    FIRN_TRY(firn_evolve_begin(base, a, &e, err));
    for (size_t i = 0; i < tx->edits.n; i++)
        FIRN_TRY(tx->edits.v[i].apply(e, &tx->edits.v[i], a, err));
    *ret = e;
    return FIRN_OK;
}

/* --- snapshots ----------------------------------------------------------------------------- */

static firn_code replace(firn_transaction *tx, firn_replacement replacement, firn_err *err)
{
    FIRN_TRY(firn_tx_check(tx, err));
    switch (replacement) {
    case FIRN_KEEP:
        tx->operation = FIRN_OP_APPEND;
        tx->snapshot = false;
        return FIRN_OK;
    case FIRN_REPLACE_TABLE:
        tx->operation = FIRN_OP_REPLACE;
        tx->snapshot = true;
        return FIRN_OK;
    case FIRN_REPLACE_PARTITIONS:
        tx->operation = FIRN_OP_REPLACE_PARTITIONS;
        tx->snapshot = false; /* without files it touches nothing */
        return FIRN_OK;
    }
    return firn_raise(err, FIRN_E_UNSUPPORTED, "a replacement that this version does not know");
}

firn_status firn_transaction_replace(firn_transaction *tx, firn_replacement replacement,
                                     firn_error *error)
{
    firn_err err = {0};
    return firn_lib_end(replace(tx, replacement, &err), &err, error);
}

/* What the commit writes into the summary itself. */
static bool is_own_key(firn_str key)
{
    static const char *const starts[] = {"operation", "added-",      "deleted-",   "removed-",
                                         "total-",    "changed-",    "manifests-", "engine-",
                                         "replace-",  "partitions.", "partition-", "firn.position"};
    for (size_t i = 0; i < FIRN_COUNT_OF(starts); i++)
        if (firn_str_starts(key, starts[i]))
            return true;
    return false;
}

static firn_code note(firn_transaction *tx, const char *key, const char *value, firn_err *err)
{
    firn_str k;
    firn_str v;
    FIRN_TRY(firn_tx_check(tx, err));
    FIRN_TRY(firn_lib_text(key, "key", &k, err));
    FIRN_TRY(firn_lib_text(value, "value", &v, err));
    if (k.n == 0 || is_own_key(k))
        return firn_raise(err, FIRN_E_INVAL, "%s is no key for notes: the commit writes it",
                          firn_quote(k).s);
    const char *copy = firn_arena_strndup(tx->arena, k.p, k.n);
    v = firn_arena_str(tx->arena, v);
    if (!copy || !v.p || !firn_vec_push(tx->arena, &tx->notes, (firn_property){copy, v}))
        return firn_arena_raise(tx->arena, err);
    return FIRN_OK;
}

firn_status firn_transaction_note(firn_transaction *tx, const char *key, const char *value,
                                  firn_error *error)
{
    firn_err err = {0};
    return firn_lib_end(note(tx, key, value, &err), &err, error);
}

/* --- commit -------------------------------------------------------------------------------- */

static firn_code make_again(void *arg, const firn_metadata *base, firn_arena *a, firn_updates *u,
                            firn_err *err)
{
    firn_evolution *e;
    FIRN_TRY(firn_tx_replay(arg, base, a, &e, err));
    return firn_evolve_updates(e, u, err);
}

/* The result's metadata without all else that the commit needed memory for. */
static firn_code detach(const firn_metadata *m, firn_arena *a, const firn_metadata **ret,
                        firn_err *err)
{
    firn_str where = firn_arena_str(a, m->location_of_file);
    if (!where.p)
        return firn_arena_raise(a, err);
    FIRN_TRY(firn_json_keep(json_incref(m->root), a, err));
    return firn_metadata_view(m->root, where, a, ret, err);
}

static firn_code commit_change(firn_transaction *tx, firn_arena *a, firn_table_result *ret,
                               firn_err *err)
{
    firn_table *t = tx->table;
    bool snapshot = tx->snapshot || tx->files.n > 0;
    firn_run_names names;
    const firn_table_change c = {
        .ident = t->ident,
        .start = t->m,
        .evolve = tx->edits.n ? make_again : NULL,
        .evolve_arg = tx,
        .summary = tx->notes.v,
        .summary_count = tx->notes.n,
        .operation = snapshot ? tx->operation : FIRN_OP_NONE,
        .files = tx->files.v,
        .file_count = tx->files.n,
    };
    const firn_commit_ctx ctx = {.catalog = t->catalog,
                                 .io = &t->storage->io,
                                 .names = &names,
                                 .engine_version = firn_version()};
    FIRN_TRY(firn_run_names_new(ctx.io, &names, err));
    return firn_commit(&ctx, &c, 1, a, ret, err);
}

static firn_code commit_and_become(firn_transaction *tx, firn_commit_result *result, firn_err *err)
{
    firn_table_result r;
    const firn_metadata *m;
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a commit", 0);
    FIRN_AUTO(firn_arena_freep) firn_arena *next = firn_arena_new("a table's metadata", 0);
    if (!a || !next)
        return firn_raise_nomem(err);
    FIRN_TRY(commit_change(tx, a, &r, err));
    tx->written.n = 0; /* they belong to the table now */
    const firn_commit_result done = {.snapshot_id = r.snapshot_id};
    firn_lib_give(result, &done, sizeof done);
    bool small = detach(r.metadata, next, &m, NULL) == FIRN_OK;
    firn_lib_table_become(tx->table, small ? next : a, small ? m : r.metadata);
    if (small)
        next = NULL;
    else
        a = NULL;
    return FIRN_OK;
}

static firn_code commit(firn_transaction *tx, firn_commit_result *result, firn_err *err)
{
    const firn_commit_result nothing = {.snapshot_id = FIRN_NONE};
    firn_commit_result known;
    FIRN_TRY(firn_tx_check(tx, err));
    FIRN_TRY(firn_lib_take(&known, sizeof known, result, "firn_commit_result", err));
    tx->finished = true;
    if (tx->edits.n == 0 && tx->files.n == 0 && !tx->snapshot) {
        firn_lib_give(result, &nothing, sizeof nothing);
        return FIRN_OK;
    }
    firn_code code = commit_and_become(tx, result, err);
    if (code == FIRN_E_COMMIT_UNKNOWN)
        tx->written.n = 0; /* any of them may be live */
    return code;
}

firn_status firn_transaction_commit(firn_transaction *tx, firn_commit_result *result,
                                    firn_error *error)
{
    firn_err err = {0};
    return firn_lib_end(commit(tx, result, &err), &err, error);
}
