/* SPDX-License-Identifier: Apache-2.0 */
/* events_print.h — the events of a run on the screen, as JSON lines, and in the run record. */
#ifndef FIRN_EVENTS_PRINT_H
#define FIRN_EVENTS_PRINT_H

#include "cli/result_print.h"
#include "pipeline/events.h"
#include "pipeline/runs.h"

typedef struct firn_events_printer firn_events_printer;

typedef enum firn_events_style {
    FIRN_EVENTS_HUMAN, /* progress on a terminal, a table and the next command at the end */
    FIRN_EVENTS_JSON,
    FIRN_EVENTS_QUIET, /* errors only */
} firn_events_style;

FIRN_NODISCARD firn_code firn_events_printer_new(firn_events_style style, firn_runs *runs,
                                                 firn_events_printer **ret, firn_err *err);
/* A firn_event_fn; arg is the printer. */
void firn_events_print(void *printer, const json_t *event);
/* Prints the table at the end and what to type next (`sql` is the command that asks the tables:
 * "firn sql" or "firn sql ./lake"). */
void firn_events_summary(firn_events_printer *p, const char *sql);
void firn_events_printer_free(firn_events_printer *p);

#endif
