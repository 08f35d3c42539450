/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pager.h"

#include "cli/screen.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define HELD_MAX ((size_t)64 << 20)

static bool write_all(int fd, const void *p, size_t n)
{
    const char *at = p;
    while (n) {
        ssize_t put = write(fd, at, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        at += put;
        n -= (size_t)put;
    }
    return true;
}

/* --- starting it --------------------------------------------------------------------------- */

static const char *command_of(const firn_pager *p)
{
    const char *env = getenv("PAGER");
    if (p->command)
        return p->command;
    return env ? env : "less";
}

/* The shell's own signals are not the pager's. */
static bool spawn_command(const char *command, int in, pid_t *ret)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t none;
    sigset_t defaults;
    char sh[] = "sh";
    char flag[] = "-c";
    char text[4096];
    char *argv[] = {sh, flag, text, NULL};
    char *alone[] = {text, NULL};
    bool plain = !strpbrk(command, " \t|&;<>()$`\\\"'*?[#~=%");
    snprintf(text, sizeof text, "%s", command);
    sigemptyset(&none);
    sigfillset(&defaults);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &defaults);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int wrong = plain ? posix_spawnp(ret, text, &actions, &attr, alone, environ)
                      : posix_spawn(ret, "/bin/sh", &actions, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&actions);
    return wrong == 0;
}

/* Quits where all fits after all (F), shows colours (R), leaves the text on the screen (X), and
 * ends at Ctrl-C like what it shows (K). */
static void start(firn_pager *p)
{
    int ends[2];
    pid_t pid = 0;
    const char *command = command_of(p);
    p->none = true;
    if (command[0] == '\0' || strcmp(command, "cat") == 0 || pipe2(ends, O_CLOEXEC) != 0)
        return;
    setenv("LESS", "FRXK", 0);
    setenv("LESSCHARSET", "utf-8", 0);
    firn_terminal_restore(p->terminal);
    bool started = spawn_command(command, ends[0], &pid);
    close(ends[0]);
    if (!started) {
        close(ends[1]);
        firn_terminal_running(p->terminal);
        return;
    }
    p->none = false;
    p->pipe = ends[1];
    atomic_store(&p->pid, pid);
}

/* --- the stream ---------------------------------------------------------------------------- */

/* Counts the rows that the bytes take on the screen. */
static void measure(firn_pager *p, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == 27)
            p->escape = true;
        else if (p->escape)
            p->escape = !(c >= 'A' && c != '[' && c < 127);
        else if (c == '\n') {
            p->used++;
            p->column = 0;
        } else if ((c & 0xc0) != 0x80 && p->column++ == p->columns) {
            p->used++;
            p->column = 1;
        }
    }
}

static ssize_t on_write(void *cookie, const char *s, size_t n)
{
    firn_pager *p = cookie;
    if (p->pipe < 0 && !p->none) {
        measure(p, s, n);
        if (firn_buf_add(&p->held, s, n, NULL) != FIRN_OK)
            return 0;
        if (p->used + 2 <= p->rows)
            return (ssize_t)n;
        start(p);
        s = (const char *)p->held.p;
        if (!write_all(p->none ? STDOUT_FILENO : p->pipe, s, p->held.n))
            p->gone = true;
        firn_buf_clear(&p->held);
        return p->gone ? 0 : (ssize_t)n;
    }
    if (p->gone || !write_all(p->none ? STDOUT_FILENO : p->pipe, s, n)) {
        p->gone = true;
        return 0;
    }
    return (ssize_t)n;
}

FILE *firn_pager_open(firn_pager *p)
{
    p->held = FIRN_BUF(HELD_MAX);
    p->pipe = -1;
    p->none = p->gone = p->escape = false;
    p->used = p->column = 0;
    firn_screen_size(STDOUT_FILENO, &p->rows, &p->columns);
    return fopencookie(p, "w", (cookie_io_functions_t){.write = on_write});
}

static void wait_for(firn_pager *p, bool stop)
{
    int status;
    pid_t pid = atomic_load(&p->pid);
    close(p->pipe);
    p->pipe = -1;
    if (stop)
        kill(pid, SIGTERM);
    atomic_store(&p->pid, 0); /* all is written: Ctrl-C is the pager's business */
    atomic_store(&p->waiting, true);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    atomic_store(&p->waiting, false);
    firn_terminal_running(p->terminal);
}

firn_code firn_pager_close(firn_pager *p, FILE *f, bool stop, bool *ret_gone, firn_err *err)
{
    firn_code code = FIRN_OK;
    bool failed = fclose(f) != 0;
    int wrong = errno;
    bool paged = p->pipe >= 0;
    if (paged)
        wait_for(p, stop);
    else if (p->held.n && !write_all(STDOUT_FILENO, p->held.p, p->held.n))
        code = firn_raise_errno(err, errno, "cannot write the result");
    if (failed && !paged)
        code = firn_raise_errno(err, wrong, "cannot write the result");
    firn_buf_free(&p->held);
    *ret_gone = paged && p->gone;
    return code;
}
