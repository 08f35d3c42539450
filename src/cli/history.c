/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/history.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEPT       5000
#define ENTRY_MAX  ((size_t)1 << 20)
#define FILE_BYTES ((size_t)64 << 20)

struct firn_history {
    firn_arena *arena;
    const char *path; /* NULL: nothing is kept */
    FIRN_VEC(firn_str) list;
};

/* --- the file ------------------------------------------------------------------------------ */

static bool make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool made = mkdir(path, 0700) == 0 || errno == EEXIST;
        *slash = '/';
        if (!made)
            return false;
    }
    return true;
}

static const char *find_path(firn_arena *a)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    char *path = NULL;
    if (state && state[0] == '/')
        path = firn_arena_printf(a, "%s/firn/history", state);
    else if (home && home[0] == '/')
        path = firn_arena_printf(a, "%s/.local/state/firn/history", home);
    return path && make_folders(path) ? path : NULL;
}

static firn_code read_file(const char *path, firn_buf *out, firn_err *err)
{
    char block[16384];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return FIRN_OK;
    firn_code code = FIRN_OK;
    for (;;) {
        ssize_t n = read(fd, block, sizeof block);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        code = firn_buf_add(out, block, (size_t)n, err);
        if (code != FIRN_OK)
            break;
    }
    close(fd);
    return code;
}

static void write_all(int fd, const firn_buf *b)
{
    size_t at = 0;
    while (at < b->n) {
        ssize_t n = write(fd, b->p + at, b->n - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return; /* a full disk loses history, nothing else */
        at += (size_t)n;
    }
}

static firn_code add_escaped(firn_str text, firn_buf *out, firn_err *err)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\\' || text.p[i] == '\n')
            FIRN_TRY(firn_buf_addc(out, '\\', err));
        FIRN_TRY(firn_buf_addc(out, text.p[i] == '\n' ? 'n' : text.p[i], err));
    }
    return firn_buf_addc(out, '\n', err);
}

static firn_str unescape(firn_str line, firn_arena *a)
{
    char *p = firn_arena_strndup(a, line.p, line.n);
    size_t n = 0;
    if (!p)
        return (firn_str){NULL, 0};
    for (size_t i = 0; i < line.n; i++) {
        bool escaped = line.p[i] == '\\' && i + 1 < line.n;
        i += escaped;
        p[n++] = escaped && line.p[i] == 'n' ? '\n' : line.p[i];
    }
    p[n] = '\0';
    return (firn_str){p, n};
}

/* Writes the list anew, beside the file and then in its place. */
static firn_code rewrite(firn_history *h, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf all = FIRN_BUF(FILE_BYTES);
    const char *beside = firn_arena_printf(h->arena, "%s.%ld", h->path, (long)getpid());
    if (!beside)
        return firn_arena_raise(h->arena, err);
    for (size_t i = 0; i < h->list.n; i++)
        FIRN_TRY(add_escaped(h->list.v[i], &all, err));
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return FIRN_OK;
    write_all(fd, &all);
    close(fd);
    if (rename(beside, h->path) != 0)
        unlink(beside);
    return FIRN_OK;
}

static firn_code append(const firn_history *h, firn_str text, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf line = FIRN_BUF(ENTRY_MAX * 2);
    FIRN_TRY(add_escaped(text, &line, err));
    int fd = open(h->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return FIRN_OK;
    if (fchmod(fd, 0600) == 0) /* also where it was made by another program */
        write_all(fd, &line);
    close(fd);
    return FIRN_OK;
}

/* --- the list ------------------------------------------------------------------------------ */

/* Puts an entry at the end; *ret_old: the same text was there before. */
static firn_code put(firn_history *h, firn_str text, bool *ret_old, firn_err *err)
{
    *ret_old = false;
    for (size_t i = h->list.n; i-- > 0 && !*ret_old;) {
        if (!firn_str_eq(h->list.v[i], text))
            continue;
        *ret_old = true;
        memmove(h->list.v + i, h->list.v + i + 1, (h->list.n - i - 1) * sizeof *h->list.v);
        h->list.n--;
    }
    if (!firn_vec_push(h->arena, &h->list, text))
        return firn_arena_raise(h->arena, err);
    return FIRN_OK;
}

static firn_code load(firn_history *h, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf all = FIRN_BUF(FILE_BYTES);
    bool again = false;
    FIRN_TRY(read_file(h->path, &all, err));
    firn_str rest = firn_buf_str(&all);
    while (rest.n) {
        firn_str line = firn_str_cut(&rest, '\n');
        firn_str text = unescape(line, h->arena);
        bool old = false;
        if (!text.p)
            return firn_arena_raise(h->arena, err);
        if (text.n)
            FIRN_TRY(put(h, text, &old, err));
        again = again || old;
    }
    if (h->list.n > KEPT) {
        size_t surplus = h->list.n - KEPT;
        memmove(h->list.v, h->list.v + surplus, KEPT * sizeof *h->list.v);
        h->list.n = KEPT;
        again = true;
    }
    return again ? rewrite(h, err) : FIRN_OK;
}

firn_code firn_history_open(firn_history **ret, firn_err *err)
{
    firn_history *h = firn_mem_alloc(sizeof *h);
    if (!h)
        return firn_raise_nomem(err);
    memset(h, 0, sizeof *h);
    h->arena = firn_arena_new("the history", 0);
    if (!h->arena) {
        firn_history_free(h);
        return firn_raise_nomem(err);
    }
    h->path = find_path(h->arena);
    firn_err ignored = {0};
    if (h->path && load(h, &ignored) != FIRN_OK)
        h->path = NULL;
    *ret = h;
    return FIRN_OK;
}

void firn_history_free(firn_history *h)
{
    if (!h)
        return;
    firn_arena_free(h->arena);
    firn_mem_free(h);
}

firn_code firn_history_add(firn_history *h, firn_str text, firn_err *err)
{
    bool old;
    if (text.n == 0 || text.n > ENTRY_MAX || text.p[0] == ' ')
        return FIRN_OK;
    firn_str kept = firn_arena_str(h->arena, text);
    if (!kept.p)
        return firn_arena_raise(h->arena, err);
    bool newest = h->list.n && firn_str_eq(h->list.v[h->list.n - 1], text);
    FIRN_TRY(put(h, kept, &old, err));
    return h->path && !newest ? append(h, kept, err) : FIRN_OK;
}

size_t firn_history_count(const firn_history *h)
{
    return h->list.n;
}

firn_str firn_history_get(const firn_history *h, size_t i)
{
    return h->list.v[i];
}
