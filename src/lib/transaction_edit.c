/* SPDX-License-Identifier: Apache-2.0 */
/* Edits of a transaction: each is tried on the table with the edits so far, and kept so that it can
 * be made again when somebody else's commit comes first. */
#include "lib/transaction.h"

/* --- keeping ------------------------------------------------------------------------------- */

static firn_code keep_text(firn_transaction *tx, const char *text, const char *what, firn_str *ret,
                           firn_err *err)
{
    firn_str s;
    FIRN_TRY(firn_tx_check(tx, err));
    FIRN_TRY(firn_lib_text(text, what, &s, err));
    *ret = firn_arena_str(tx->arena, s);
    return ret->p ? FIRN_OK : firn_arena_raise(tx->arena, err);
}

static firn_code keep_optional(firn_transaction *tx, const char *text, const char *what,
                               firn_str *ret, firn_err *err)
{
    return text ? keep_text(tx, text, what, ret, err) : FIRN_OK;
}

static firn_code keep_type(firn_transaction *tx, const char *type, firn_type *ret, firn_err *err)
{
    firn_str text;
    FIRN_TRY(keep_text(tx, type, "type", &text, err));
    return firn_type_parse(text, tx->arena, ret, err);
}

/* Tries an edit; one that fails leaves the transaction as it was. */
static firn_code record(firn_transaction *tx, const edit *x, firn_err *err)
{
    firn_evolution *again = NULL;
    if (x->reshapes && tx->files.n)
        return firn_raise(err, FIRN_E_INVAL,
                          "files were added already: change partitions and format version in a "
                          "transaction before");
    if (!firn_vec_room(tx->arena, (void **)&tx->edits.v, &tx->edits.cap, tx->edits.n + 1,
                       sizeof *tx->edits.v))
        return firn_arena_raise(tx->arena, err);
    firn_code code = x->apply(tx->evolution, x, tx->arena, err);
    if (code == FIRN_OK) {
        tx->edits.v[tx->edits.n++] = *x;
        tx->reshaped |= x->reshapes;
        return FIRN_OK;
    }
    /* the evolution may be half way: it worked before, and does so again */
    firn_code other = firn_tx_replay(tx, tx->table->m, tx->arena, &again, NULL);
    if (other == FIRN_OK)
        tx->evolution = again;
    else
        tx->finished = true;
    return code;
}

/* --- columns ------------------------------------------------------------------------------- */

/* A literal as the core wants defaults. */
static firn_code default_json(const firn_type *t, const firn_literal *value, firn_arena *a,
                              firn_str *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)64 << 20);
    firn_value v;
    bool binary = t->kind == FIRN_T_BINARY || t->kind == FIRN_T_FIXED;
    FIRN_TRY(firn_lib_value(t, value, a, "the default", &v, err));
    if (v.is_null)
        return FIRN_OK;
    for (size_t i = 0; binary && i < v.u.bytes.n; i++)
        FIRN_TRY(firn_buf_addf(&text, err, "%02x", v.u.bytes.p[i]));
    if (!binary)
        FIRN_TRY(firn_value_print(t, &v, &text, err));
    return firn_evolve_default(t, firn_buf_str(&text), a, ret, err);
}

static firn_code apply_add(firn_evolution *e, const edit *x, firn_arena *a, firn_err *err)
{
    firn_new_column c = {.path = x->path, .type = &x->type, .required = x->flag, .doc = x->text};
    if (x->value)
        FIRN_TRY(default_json(&x->type, x->value, a, &c.initial_default, err));
    c.write_default = c.initial_default;
    return firn_evolve_add_column(e, &c, err);
}

static firn_code add(firn_transaction *tx, const char *path, const char *type,
                     const firn_literal *value, bool required, const char *doc, firn_err *err)
{
    edit x = {.apply = apply_add, .flag = required};
    FIRN_TRY(keep_text(tx, path, "path", &x.path, err));
    FIRN_TRY(keep_optional(tx, doc, "doc", &x.text, err));
    FIRN_TRY(keep_type(tx, type, &x.type, err));
    if (value) {
        firn_literal *copy = firn_arena_zalloc(tx->arena, sizeof *copy);
        if (!copy)
            return firn_arena_raise(tx->arena, err);
        *copy = *value;
        if (value->kind == FIRN_LITERAL_TEXT || value->kind == FIRN_LITERAL_BYTES) {
            firn_slice bytes = {value->value.bytes.data, value->value.bytes.size};
            copy->value.bytes.data = firn_arena_copy(tx->arena, bytes).p;
            if (!copy->value.bytes.data)
                return firn_arena_raise(tx->arena, err);
        }
        x.value = copy;
    }
    return record(tx, &x, err);
}

firn_status firn_transaction_add_column(firn_transaction *tx, const char *path, const char *type,
                                        const char *doc, firn_error *error)
{
    firn_err err = {0};
    return firn_lib_end(add(tx, path, type, NULL, false, doc, &err), &err, error);
}

firn_status firn_transaction_add_column_default(firn_transaction *tx, const char *path,
                                                const char *type, firn_literal value, bool required,
                                                const char *doc, firn_error *error)
{
    firn_err err = {0};
    return firn_lib_end(add(tx, path, type, &value, required, doc, &err), &err, error);
}

static firn_code apply_drop(firn_evolution *e, const edit *x, firn_arena *a, firn_err *err)
{
    (void)a;
    return firn_evolve_drop_column(e, x->path, err);
}

static firn_code apply_rename(firn_evolution *e, const edit *x, firn_arena *a, firn_err *err)
{
    (void)a;
    return firn_evolve_rename_column(e, x->path, x->text, err);
}

static firn_code apply_widen(firn_evolution *e, const edit *x, firn_arena *a, firn_err *err)
{
    (void)a;
    return firn_evolve_column_type(e, x->path, &x->type, err);
}

static firn_code apply_optional(firn_evolution *e, const edit *x, firn_arena *a, firn_err *err)
{
    (void)a;
    return firn_evolve_column_required(e, x->path, false, err);
}

static firn_code apply_move(firn_evolution *e, const edit *x, firn_arena *a, firn_err *err)
{
    (void)a;
    firn_move place = {.kind = x->text.p ? FIRN_MOVE_AFTER : FIRN_MOVE_FIRST, .other = x->text};
    return firn_evolve_move_column(e, x->path, place, err);
}

static firn_code apply_describe(firn_evolution *e, const edit *x, firn_arena *a, firn_err *err)
{
    (void)a;
    return firn_evolve_column_doc(e, x->path, x->text, err);
}

/* An edit of a column that takes one more text at most. */
static firn_code edit_column(firn_transaction *tx, const edit *like, const char *path,
                             const char *text, const char *what, firn_err *err)
{
    edit x = *like;
    FIRN_TRY(keep_text(tx, path, "path", &x.path, err));
    FIRN_TRY(keep_optional(tx, text, what, &x.text, err));
    return record(tx, &x, err);
}

firn_status firn_transaction_drop_column(firn_transaction *tx, const char *path, firn_error *error)
{
    firn_err err = {0};
    const edit like = {.apply = apply_drop};
    return firn_lib_end(edit_column(tx, &like, path, NULL, "", &err), &err, error);
}

firn_status firn_transaction_rename_column(firn_transaction *tx, const char *path, const char *name,
                                           firn_error *error)
{
    firn_err err = {0};
    const edit like = {.apply = apply_rename};
    firn_code code = firn_lib_need(name, "name", &err);
    if (code == FIRN_OK)
        code = edit_column(tx, &like, path, name, "name", &err);
    return firn_lib_end(code, &err, error);
}

static firn_code widen(firn_transaction *tx, const char *path, const char *type, firn_err *err)
{
    edit like = {.apply = apply_widen};
    FIRN_TRY(keep_type(tx, type, &like.type, err));
    return edit_column(tx, &like, path, NULL, "", err);
}

firn_status firn_transaction_widen_column(firn_transaction *tx, const char *path, const char *type,
                                          firn_error *error)
{
    firn_err err = {0};
    return firn_lib_end(widen(tx, path, type, &err), &err, error);
}

firn_status firn_transaction_make_optional(firn_transaction *tx, const char *path,
                                           firn_error *error)
{
    firn_err err = {0};
    const edit like = {.apply = apply_optional};
    return firn_lib_end(edit_column(tx, &like, path, NULL, "", &err), &err, error);
}

firn_status firn_transaction_move_column(firn_transaction *tx, const char *path, const char *after,
                                         firn_error *error)
{
    firn_err err = {0};
    const edit like = {.apply = apply_move};
    return firn_lib_end(edit_column(tx, &like, path, after, "after", &err), &err, error);
}

firn_status firn_transaction_describe_column(firn_transaction *tx, const char *path,
                                             const char *doc, firn_error *error)
{
    firn_err err = {0};
    const edit like = {.apply = apply_describe};
    return firn_lib_end(edit_column(tx, &like, path, doc, "doc", &err), &err, error);
}

static firn_code apply_identify(firn_evolution *e, const edit *x, firn_arena *a, firn_err *err)
{
    (void)a;
    return firn_evolve_set_identifiers(e, x->list, x->count, err);
}

static firn_code identify(firn_transaction *tx, const char *const *paths, size_t count,
                          firn_err *err)
{
    edit x = {.apply = apply_identify, .count = count};
    FIRN_TRY(firn_tx_check(tx, err));
    firn_str *list = firn_arena_array(tx->arena, count, sizeof *list);
    if (!list)
        return firn_arena_raise(tx->arena, err);
    if (count)
        FIRN_TRY(firn_lib_need(paths, "paths", err));
    for (size_t i = 0; i < count; i++)
        FIRN_TRY(keep_text(tx, paths[i], "path", &list[i], err));
    x.list = list;
    return record(tx, &x, err);
}

firn_status firn_transaction_identify_by(firn_transaction *tx, const char *const *paths,
                                         size_t count, firn_error *error)
{
    firn_err err = {0};
    return firn_lib_end(identify(tx, paths, count, &err), &err, error);
}

/* --- partitions and order ------------------------------------------------------------------ */

static firn_code apply_partition(firn_evolution *e, const edit *x, firn_arena *a, firn_err *err)
{
    (void)a;
    return firn_evolve_partition_by(e, x->partition, x->count, err);
}

static firn_code partition_by(firn_transaction *tx, const char *const *terms, size_t count,
                              firn_err *err)
{
    edit x = {.apply = apply_partition, .count = count, .reshapes = true};
    firn_partition_term *list;
    FIRN_TRY(firn_tx_check(tx, err));
    FIRN_TRY(firn_lib_partition_terms(terms, count, tx->arena, &list, err));
    x.partition = list;
    return record(tx, &x, err);
}

firn_status firn_transaction_partition_by(firn_transaction *tx, const char *const *terms,
                                          size_t count, firn_error *error)
{
    firn_err err = {0};
    return firn_lib_end(partition_by(tx, terms, count, &err), &err, error);
}

static firn_code apply_sort(firn_evolution *e, const edit *x, firn_arena *a, firn_err *err)
{
    (void)a;
    return firn_evolve_sort_by(e, x->sort, x->count, err);
}

static firn_code sort_by(firn_transaction *tx, const char *const *terms, size_t count,
                         firn_err *err)
{
    edit x = {.apply = apply_sort, .count = count};
    firn_sort_term *list;
    FIRN_TRY(firn_tx_check(tx, err));
    FIRN_TRY(firn_lib_sort_terms(terms, count, tx->arena, &list, err));
    x.sort = list;
    return record(tx, &x, err);
}

firn_status firn_transaction_sort_by(firn_transaction *tx, const char *const *terms, size_t count,
                                     firn_error *error)
{
    firn_err err = {0};
    return firn_lib_end(sort_by(tx, terms, count, &err), &err, error);
}

/* --- properties, refs, version ------------------------------------------------------------- */

static firn_code apply_set(firn_evolution *e, const edit *x, firn_arena *a, firn_err *err)
{
    (void)a;
    return x->text.p ? firn_evolve_set_property(e, x->path, x->text, err)
                     : firn_evolve_unset_property(e, x->path, err);
}

firn_status firn_transaction_set_property(firn_transaction *tx, const char *key, const char *value,
                                          firn_error *error)
{
    firn_err err = {0};
    const edit like = {.apply = apply_set};
    return firn_lib_end(edit_column(tx, &like, key, value, "value", &err), &err, error);
}

static firn_code apply_ref(firn_evolution *e, const edit *x, firn_arena *a, firn_err *err)
{
    (void)a;
    const firn_ref_change c = {.name = x->path,
                               .is_branch = x->flag,
                               .mode = FIRN_REF_CREATE_OR_REPLACE,
                               .snapshot_id = x->number,
                               .retention = x->retention};
    return firn_evolve_set_ref(e, &c, err);
}

static firn_code check_kind(firn_ref_kind kind, firn_err *err)
{
    return kind == FIRN_REF_TAG || kind == FIRN_REF_BRANCH
               ? FIRN_OK
               : firn_raise(err, FIRN_E_INVAL, "a ref that is neither branch nor tag");
}

static firn_code set_ref(firn_transaction *tx, firn_ref_kind kind, const char *name,
                         int64_t snapshot_id, const firn_ref_retention *retention, firn_err *err)
{
    edit x = {.apply = apply_ref, .flag = kind == FIRN_REF_BRANCH, .number = snapshot_id};
    firn_ref_retention r;
    FIRN_TRY(check_kind(kind, err));
    FIRN_TRY(keep_text(tx, name, "name", &x.path, err));
    FIRN_TRY(firn_lib_take(&r, sizeof r, retention, "firn_ref_retention", err));
    x.retention = FIRN_RETENTION_NONE;
    if (retention)
        x.retention = (firn_retention){r.max_ref_age_ms > 0 ? r.max_ref_age_ms : -1,
                                       r.min_snapshots_to_keep > 0 ? r.min_snapshots_to_keep : -1,
                                       r.max_snapshot_age_ms > 0 ? r.max_snapshot_age_ms : -1};
    return record(tx, &x, err);
}

firn_status firn_transaction_set_ref(firn_transaction *tx, firn_ref_kind kind, const char *name,
                                     int64_t snapshot_id, const firn_ref_retention *retention,
                                     firn_error *error)
{
    firn_err err = {0};
    return firn_lib_end(set_ref(tx, kind, name, snapshot_id, retention, &err), &err, error);
}

static firn_code apply_drop_ref(firn_evolution *e, const edit *x, firn_arena *a, firn_err *err)
{
    (void)a;
    return firn_evolve_drop_ref(e, x->path, x->flag, err);
}

firn_status firn_transaction_drop_ref(firn_transaction *tx, firn_ref_kind kind, const char *name,
                                      firn_error *error)
{
    firn_err err = {0};
    const edit like = {.apply = apply_drop_ref, .flag = kind == FIRN_REF_BRANCH};
    firn_code code = check_kind(kind, &err);
    if (code == FIRN_OK)
        code = edit_column(tx, &like, name, NULL, "", &err);
    return firn_lib_end(code, &err, error);
}

static firn_code apply_forward(firn_evolution *e, const edit *x, firn_arena *a, firn_err *err)
{
    (void)a;
    return firn_evolve_fast_forward(e, x->path, x->text, err);
}

firn_status firn_transaction_fast_forward(firn_transaction *tx, const char *branch, const char *to,
                                          firn_error *error)
{
    firn_err err = {0};
    const edit like = {.apply = apply_forward};
    firn_code code = firn_lib_need(to, "to", &err);
    if (code == FIRN_OK)
        code = edit_column(tx, &like, branch, to, "to", &err);
    return firn_lib_end(code, &err, error);
}

static firn_code apply_version(firn_evolution *e, const edit *x, firn_arena *a, firn_err *err)
{
    (void)a;
    return firn_evolve_format_version(e, (int)x->number, err);
}

static firn_code upgrade(firn_transaction *tx, int32_t format_version, firn_err *err)
{
    const edit x = {.apply = apply_version, .number = format_version, .reshapes = true};
    FIRN_TRY(firn_tx_check(tx, err));
    return record(tx, &x, err);
}

firn_status firn_transaction_upgrade(firn_transaction *tx, int32_t format_version,
                                     firn_error *error)
{
    firn_err err = {0};
    return firn_lib_end(upgrade(tx, format_version, &err), &err, error);
}
