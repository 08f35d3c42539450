/* SPDX-License-Identifier: Apache-2.0 */
/* log.h — what happened inside, for those who ask: FIRN_LOG=debug.  Goes to standard error.
 * Library code logs at debug only; what a person should see are events and errors. */
#ifndef FIRN_LOG_H
#define FIRN_LOG_H

#include "base/base.h"

typedef enum firn_log_level { FIRN_LOG_OFF, FIRN_LOG_INFO, FIRN_LOG_DEBUG } firn_log_level;

/* Process-wide; set once at start. */
void firn_log_set_level(firn_log_level level);
bool firn_log_on(firn_log_level level);

#define firn_debug(...)                                                                            \
    do {                                                                                           \
        if (firn_log_on(FIRN_LOG_DEBUG))                                                           \
            firn_log_line(__FILE__, __LINE__, __VA_ARGS__);                                        \
    } while (0)
void firn_log_line(const char *file, int line, const char *fmt, ...) FIRN_PRINTF(3, 4);

#endif
