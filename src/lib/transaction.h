/* SPDX-License-Identifier: Apache-2.0 */
/* transaction.h — a transaction as a list of edits that can be made again, and files. */
#ifndef FIRN_LIB_TRANSACTION_H
#define FIRN_LIB_TRANSACTION_H

#include "lib/lib_int.h"

typedef struct edit edit;
struct edit {
    firn_code (*apply)(firn_evolution *e, const edit *x, firn_arena *a, firn_err *err);
    firn_str path;
    firn_str text; /* .p == NULL: none */
    firn_type type;
    const firn_literal *value; /* NULL: none */
    bool flag;
    bool reshapes; /* changes how files are parted */
    int64_t number;
    firn_retention retention;
    const firn_str *list;
    const firn_partition_term *partition;
    const firn_sort_term *sort;
    size_t count;
};

struct firn_transaction {
    firn_table *table;
    firn_arena *arena;
    firn_evolution *evolution; /* the table with the edits so far */
    FIRN_VEC(edit) edits;
    bool reshaped;
    FIRN_VEC(firn_data_file) files;
    firn_map paths; /* of the files, each once */
    FIRN_VEC(firn_property) notes;
    FIRN_VEC(firn_str) written; /* by firn_write: removed unless committed */
    firn_operation operation;   /* FIRN_OP_APPEND, or how it replaces */
    bool snapshot;              /* it makes one, even without files */
    bool finished;              /* committed, or tried to */
};

/* Begins again on `base`, with the edits so far. */
FIRN_NODISCARD firn_code firn_tx_replay(const firn_transaction *tx, const firn_metadata *base,
                                        firn_arena *a, firn_evolution **ret, firn_err *err);

/* FIRN_E_INVAL after a commit. */
FIRN_NODISCARD firn_code firn_tx_check(const firn_transaction *tx, firn_err *err);

/* Adds a file whose texts live in tx->arena. */
FIRN_NODISCARD firn_code firn_tx_add(firn_transaction *tx, const firn_data_file *f, firn_err *err);

#endif
