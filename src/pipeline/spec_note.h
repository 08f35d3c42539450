/* SPDX-License-Identifier: Apache-2.0 */
/* spec_note.h — what is said when a table is partitioned in another way than it is asked to be. */
#ifndef FIRN_SPEC_NOTE_H
#define FIRN_SPEC_NOTE_H

#include "pipeline/context.h"
#include "pipeline/project.h"

/* Sends a note if `asked` says how to partition and the table is not partitioned so.  A table that
 * is there keeps its way.  `stream` is empty for a model. */
FIRN_NODISCARD firn_code firn_spec_note(firn_context *run, const firn_table_conf *asked,
                                        firn_str stream, const firn_metadata *table, firn_arena *a,
                                        firn_err *err);

#endif
