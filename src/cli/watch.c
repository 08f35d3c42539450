/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#define AGAIN_MS    10   /* a statement that is about to begin is not interrupted yet */
#define PATIENCE    3    /* more Ctrl-C than that … */
#define PATIENCE_MS 3000 /* … for so long end the shell, where the statement does not end */

static void tell(firn_watch *w, char what)
{
    if (write(w->told[1], &what, 1) < 0)
        return; /* full: it has been told */
}

/* Interrupts the statement at work; false: there is none. */
static bool interrupt(firn_watch *w)
{
    pthread_mutex_lock(&w->lock);
    bool there = w->run && !atomic_load(&w->pager->waiting);
    if (there) {
        atomic_store(&w->stopped, true);
        firn_context_interrupt(w->run);
        pid_t pager = atomic_load(&w->pager->pid);
        if (pager > 0)
            kill(pager, SIGTERM);
    }
    pthread_mutex_unlock(&w->lock);
    return there;
}

static int64_t clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void ask_to_leave(firn_watch *w)
{
    atomic_store(&w->leave, true);
    tell(w, 'q');
}

/* Until the statement has ended; false: there was none. */
static bool stop_statement(firn_watch *w)
{
    const struct timespec pause = {0, AGAIN_MS * 1000000L};
    int64_t began = clock_ms();
    unsigned presses = 1;
    bool any = false;
    while (interrupt(w)) {
        any = true;
        int signal = sigtimedwait(&w->signals, NULL, &pause);
        presses += signal == SIGINT;
        if (signal == SIGWINCH)
            tell(w, 'w');
        if (signal == SIGTERM || signal == SIGHUP)
            ask_to_leave(w);
        if (presses > PATIENCE && clock_ms() - began > PATIENCE_MS) {
            firn_terminal_restore(w->terminal);
            _exit(130);
        }
    }
    return any;
}

static void *watch(void *arg)
{
    firn_watch *w = arg;
    int signal;
    while (!atomic_load(&w->over) && sigwait(&w->signals, &signal) == 0) {
        if (atomic_load(&w->over))
            break;
        if (signal == SIGWINCH) {
            tell(w, 'w');
        } else if (signal == SIGINT) {
            if (!stop_statement(w))
                tell(w, 'i');
        } else {
            ask_to_leave(w);
            stop_statement(w);
        }
    }
    return NULL;
}

firn_code firn_watch_start(firn_watch *w, firn_err *err)
{
    if (pipe2(w->told, O_CLOEXEC | O_NONBLOCK) != 0)
        return firn_raise_errno(err, errno, "a pipe");
    pthread_mutex_init(&w->lock, NULL);
    sigemptyset(&w->signals);
    sigaddset(&w->signals, SIGINT);
    sigaddset(&w->signals, SIGTERM);
    sigaddset(&w->signals, SIGHUP);
    sigaddset(&w->signals, SIGWINCH);
    pthread_sigmask(SIG_BLOCK, &w->signals, NULL);
    int wrong = pthread_create(&w->thread, NULL, watch, w);
    if (wrong)
        return firn_raise_errno(err, wrong, "a thread for signals");
    return FIRN_OK;
}

void firn_watch_stop(firn_watch *w)
{
    atomic_store(&w->over, true);
    pthread_kill(w->thread, SIGWINCH); /* it waits for that */
    pthread_join(w->thread, NULL);
    pthread_mutex_destroy(&w->lock);
    close(w->told[0]);
    close(w->told[1]);
}

/* Ctrl-C that came while there was nothing to end. */
static bool was_told(firn_watch *w)
{
    bool told = false;
    char what;
    while (read(w->told[0], &what, 1) == 1)
        told = told || what == 'i';
    return told;
}

void firn_watch_begin(firn_watch *w, firn_context *run)
{
    pthread_mutex_lock(&w->lock);
    bool stop = was_told(w) || atomic_load(&w->leave);
    firn_context_resume(run);
    atomic_store(&w->stopped, stop);
    w->run = run;
    if (stop)
        firn_context_interrupt(run);
    pthread_mutex_unlock(&w->lock);
}

void firn_watch_swap(firn_watch *w, firn_context *run)
{
    pthread_mutex_lock(&w->lock);
    w->run = run;
    if (atomic_load(&w->stopped))
        firn_context_interrupt(run);
    pthread_mutex_unlock(&w->lock);
}

void firn_watch_end(firn_watch *w)
{
    pthread_mutex_lock(&w->lock);
    if (w->run)
        firn_context_resume(w->run);
    w->run = NULL;
    pthread_mutex_unlock(&w->lock);
}
