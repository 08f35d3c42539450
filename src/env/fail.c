/* SPDX-License-Identifier: Apache-2.0 */
/* Fail points: parsed once from the environment, counted per name. */
#include "env/fail.h"

#ifdef FIRN_FAILPOINTS

#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_POINTS 64

typedef struct point {
    firn_str name;
    firn_str action;
    uint64_t nth; /* 0: every time */
    bool from_then_on;
    uint64_t passed;
} point;

static point points[MAX_POINTS];
static size_t point_count;
static int log_fd = -1;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void add_point(firn_str pair)
{
    point p = {0};
    p.action = pair;
    p.name = firn_str_trim(firn_str_cut(&p.action, '='));
    p.action = firn_str_trim(p.action);
    if (firn_str_starts(p.action, "nth:")) {
        firn_str rest = {p.action.p + 4, p.action.n - 4};
        firn_str n = firn_str_cut(&rest, ':');
        p.from_then_on = firn_str_ends(n, "+");
        if (p.from_then_on)
            n.n--;
        firn_str_u64(n, &p.nth);
        p.action = rest;
    }
    if (p.name.n && point_count < MAX_POINTS)
        points[point_count++] = p;
}

static void parse_environment(void)
{
    const char *log = getenv("FIRN_FAILPOINTS_LOG");
    if (log)
        log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    firn_str rest = firn_str_of(getenv("FIRN_FAILPOINTS"));
    while (rest.p && rest.n)
        add_point(firn_str_cut(&rest, ';'));
}

static void log_pass(const char *name)
{
    char line[160];
    size_t n = FIRN_MIN(strlen(name), sizeof line - 1);
    memcpy(line, name, n);
    line[n] = '\n';
    if (write(log_fd, line, n + 1) < 0)
        log_fd = -1;
}

static bool due(point *p)
{
    p->passed++;
    return p->nth == 0 || p->passed == p->nth || (p->from_then_on && p->passed > p->nth);
}

static firn_code act(firn_str action, const char *name, firn_err *err)
{
    int64_t ms;
    if (firn_str_eqc(action, "kill"))
        kill(getpid(), SIGKILL);
    if (firn_str_eqc(action, "exit"))
        _exit(1);
    if (firn_str_eqc(action, "nospc"))
        return firn_raise_errno(err, ENOSPC, "fail point %s", name);
    if (firn_str_eqc(action, "io"))
        return firn_raise_errno(err, EIO, "fail point %s", name);
    if (firn_str_eqc(action, "unknown"))
        return firn_raise(err, FIRN_E_COMMIT_UNKNOWN, "fail point %s", name);
    if (firn_str_eqc(action, "conflict"))
        return firn_raise(err, FIRN_E_CONFLICT, "fail point %s", name);
    if (firn_str_starts(action, "sleep:") &&
        firn_str_i64((firn_str){action.p + 6, action.n - 6}, &ms)) {
        struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
        nanosleep(&t, NULL);
    }
    return FIRN_OK;
}

firn_code firn_fail_at(const char *name, firn_err *err)
{
    pthread_once(&once, parse_environment);
    if (point_count == 0 && log_fd < 0)
        return FIRN_OK;
    firn_str action = {NULL, 0};
    pthread_mutex_lock(&lock);
    if (log_fd >= 0)
        log_pass(name);
    for (size_t i = 0; i < point_count; i++)
        if (firn_str_eqc(points[i].name, name) && due(&points[i]))
            action = points[i].action;
    pthread_mutex_unlock(&lock);
    return action.n ? act(action, name, err) : FIRN_OK;
}

/* --- memory -------------------------------------------------------------------------------- */

static void log_memory(void)
{
    const char *log = getenv("FIRN_FAILPOINTS_LOG");
    FILE *f = log ? fopen(log, "ae") : NULL;
    if (!f)
        return;
    fprintf(f, "memory %llu %llu\n", (unsigned long long)firn_mem_counted(),
            (unsigned long long)firn_mem_failed());
    fclose(f);
}

void firn_fail_memory(void)
{
    const char *nth = getenv("FIRN_FAIL_MEMORY");
    if (!nth)
        return;
    firn_mem_fail_from(nth);
    atexit(log_memory);
}

#endif
