/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

static firn_log_level current;

void firn_log_set_level(firn_log_level level)
{
    current = level;
}

bool firn_log_on(firn_log_level level)
{
    return level <= current;
}

void firn_log_line(const char *file, int line, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    fprintf(stderr, "%lld.%06ld %s:%d: %s\n", (long long)now.tv_sec, now.tv_nsec / 1000, file, line,
            text);
}
