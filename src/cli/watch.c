/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#define AGAIN_MS 10 /* a statement that is about to begin is not interrupted yet */
#define PATIENCE 3  /* so many Ctrl-C end the shell if the statement does not end */

static void tell(firn_watch *w, char what)
{
    if (write(w->told[1], &what, 1) < 0)
        return; /* full: it has been told */
}

/* Interrupts the statement at work; false: there is none. */
static bool interrupt(firn_watch *w)
{
    pthread_mutex_lock(&w->lock);
    bool there = w->run != NULL;
    if (there) {
        atomic_store(&w->stopped, true);
        firn_context_interrupt(w->run);
        pid_t pager = atomic_load(w->pager);
        if (pager > 0)
            kill(pager, SIGTERM);
    }
    pthread_mutex_unlock(&w->lock);
    return there;
}

/* Until the statement has ended. */
static void stop_statement(firn_watch *w)
{
    const struct timespec pause = {0, AGAIN_MS * 1000000L};
    unsigned presses = 1;
    while (interrupt(w)) {
        int signal = sigtimedwait(&w->signals, NULL, &pause);
        presses += signal == SIGINT;
        if (signal == SIGTERM || signal == SIGHUP) {
            atomic_store(&w->leave, true);
            tell(w, 'q');
        }
        if (presses > PATIENCE) {
            firn_terminal_restore(w->terminal);
            _exit(130);
        }
    }
}

static void *watch(void *arg)
{
    firn_watch *w = arg;
    int signal;
    while (sigwait(&w->signals, &signal) == 0 && !atomic_load(&w->over)) {
        if (signal == SIGWINCH) {
            tell(w, 'w');
        } else if (signal == SIGINT) {
            pthread_mutex_lock(&w->lock);
            bool there = w->run != NULL;
            pthread_mutex_unlock(&w->lock);
            if (there)
                stop_statement(w);
            else
                tell(w, 'i');
        } else {
            atomic_store(&w->leave, true);
            tell(w, 'q');
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

void firn_watch_begin(firn_watch *w, firn_context *run)
{
    pthread_mutex_lock(&w->lock);
    firn_context_resume(run);
    atomic_store(&w->stopped, false);
    w->run = run;
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
