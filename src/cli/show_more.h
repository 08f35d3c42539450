/* SPDX-License-Identifier: Apache-2.0 */
/* show_more.h — what `firn show` says beside the metadata: up to where each stream was landed, and
 * the tables that belong to the one that is shown. */
#ifndef FIRN_SHOW_MORE_H
#define FIRN_SHOW_MORE_H

#include "cli/table_args.h"

/* The streams of the table's position: a list of {"stream", "commits", "files" (how many landed),
 * "newest" (of those that are there; null if it is not known), "new_files" (there, and not landed
 * yet; null if the source is not known)}.  The caller owns *ret. */
FIRN_NODISCARD firn_code firn_show_streams(firn_command *c, const firn_table_at *t, json_t **ret,
                                           firn_err *err);

/* The tables of rejects and of failing rows that are there: a list of {"table", "rows" (null if it
 * cannot be told), "what"}.  The caller owns *ret. */
FIRN_NODISCARD firn_code firn_show_beside(firn_command *c, const firn_table_at *t, json_t **ret,
                                          firn_err *err);

/* What was seen at each path of each stream (pipeline/seen.h): a list of {"stream", "records",
 * "left_out", "paths": [{"path", "seen": {KIND: count}, "conflicts", "example"}]}.  The caller owns
 * *ret. */
FIRN_NODISCARD firn_code firn_show_seen(const firn_table_at *t, firn_arena *a, json_t **ret,
                                        firn_err *err);
FIRN_NODISCARD firn_code firn_print_seen(const firn_table_at *t, firn_arena *a, firn_err *err);

/* As lines for people. */
void firn_print_streams(const json_t *streams);
void firn_print_beside(const json_t *beside);

/* "3 minutes ago by firn run 7c1f2a3b", "2 days ago by spark". */
FIRN_NODISCARD firn_code firn_snapshot_words(firn_command *c, const firn_snapshot *s, firn_buf *out,
                                             firn_err *err);

/* What can be typed next about the table. */
void firn_print_show_next(firn_command *c, const firn_args *args, const firn_table_at *t,
                          const json_t *beside);

#endif
