/* SPDX-License-Identifier: Apache-2.0 */
#include "iceberg/moved.h"

#include "base/str.h"

#include <string.h>

/* "file:///a/b" and "file:/a/b" as "/a/b", "./a" as "a": Hadoop records a location as it was given,
 * and the paths below it without the dot.  Other schemes stay. */
static firn_str without_file(firn_str path)
{
    size_t n = firn_str_starts(path, "file://") ? 7 : firn_str_starts(path, "file:") ? 5 : 0;
    path = (firn_str){path.p + n, path.n - n};
    while (path.n > 2 && path.p[0] == '.' && path.p[1] == '/')
        path = (firn_str){path.p + 2, path.n - 2};
    return path;
}

static firn_str without_slashes(firn_str path)
{
    while (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    return path;
}

/* Whether a path is the folder or below it; *ret_rest begins with the slash, or is empty. */
static bool is_below(firn_str path, firn_str folder, firn_str *ret_rest)
{
    if (path.n < folder.n || memcmp(path.p, folder.p, folder.n) != 0)
        return false;
    firn_str rest = {path.p + folder.n, path.n - folder.n};
    if (rest.n && rest.p[0] != '/' && !(folder.n && folder.p[folder.n - 1] == '/'))
        return false;
    *ret_rest = rest;
    return true;
}

static firn_str last_part(firn_str path)
{
    const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
    return slash ? (firn_str){slash + 1, path.n - (size_t)(slash + 1 - path.p)} : path;
}

/* Takes the folders off both ends that are called the same; not all of the location, as then
 * nothing would be left to tell its paths by. */
static void cut_common_tail(firn_str *location, firn_str *folder)
{
    for (;;) {
        firn_str x = last_part(*location);
        firn_str y = last_part(*folder);
        bool more = x.n + 1 < location->n && y.n + 1 < folder->n;
        if (!more || x.n == 0 || !firn_str_eq(x, y))
            return;
        location->n -= x.n + 1;
        folder->n -= y.n + 1;
    }
}

static firn_code not_above(firn_str location, firn_str from, firn_err *err)
{
    firn_raise(err, FIRN_E_CONFIG, "the table was recorded at %s, which is not below %s",
               firn_quote(location).s, firn_quote(from).s);
    return firn_err_advise(err, "moved_from takes the table's recorded location, or a folder "
                                "above it");
}

firn_code firn_moved_make(firn_str location, firn_str folder, firn_str from_given, firn_arena *a,
                          firn_moved *ret, firn_err *err)
{
    firn_str from = without_slashes(without_file(location));
    firn_str to = without_slashes(without_file(folder));
    if (!from_given.p) {
        cut_common_tail(&from, &to);
    } else {
        firn_str given = without_slashes(without_file(from_given));
        firn_str tail;
        if (!is_below(from, given, &tail) || given.n == 0)
            return not_above(location, from_given, err);
        if (to.n <= tail.n || memcmp(to.p + to.n - tail.n, tail.p, tail.n) != 0) {
            firn_raise(err, FIRN_E_CONFIG, "%s does not end with %s, as the recorded location does",
                       firn_quote(folder).s, firn_quote(tail).s);
            return firn_err_advise(err, "give moved_from the recorded location itself: %s",
                                   firn_quote(location).s);
        }
        from = given;
        to.n -= tail.n;
    }
    ret->from = firn_arena_str(a, from);
    ret->to = firn_arena_str(a, to);
    return ret->from.p && ret->to.p ? FIRN_OK : firn_arena_raise(a, err);
}

firn_code firn_moved_place(const firn_moved *moved, firn_str recorded, firn_arena *a, firn_str *ret,
                           firn_err *err)
{
    firn_str rest;
    if (!moved || !is_below(without_file(recorded), moved->from, &rest)) {
        *ret = recorded;
        return FIRN_OK;
    }
    const char *place =
        firn_arena_printf(a, "%.*s%.*s", FIRN_STR_ARG(moved->to), FIRN_STR_ARG(rest));
    if (!place)
        return firn_arena_raise(a, err);
    *ret = firn_str_of(place);
    return FIRN_OK;
}

/* --- reading ------------------------------------------------------------------------------- */

typedef struct moved_ctx {
    firn_io io;
    const firn_io *inner;
    const firn_moved *moved;
} moved_ctx;

static firn_code moved_read(void *ctx, firn_str uri, uint64_t max_bytes, firn_arena *a,
                            firn_slice *ret, firn_err *err)
{
    const moved_ctx *c = ctx;
    firn_str place;
    FIRN_TRY(firn_moved_place(c->moved, uri, a, &place, err));
    return c->inner->read(c->inner->ctx, place, max_bytes, a, ret, err);
}

static firn_code refuse_write(void *ctx FIRN_UNUSED, firn_str uri, firn_slice bytes FIRN_UNUSED,
                              firn_err *err)
{
    return firn_raise(err, FIRN_E_UNSUPPORTED,
                      "%s belongs to a table that was moved: it is only "
                      "read",
                      firn_quote(uri).s);
}

static firn_code refuse_remove(void *ctx, firn_str uri, firn_err *err)
{
    return refuse_write(ctx, uri, (firn_slice){NULL, 0}, err);
}

static firn_code no_flush(void *ctx FIRN_UNUSED, firn_err *err FIRN_UNUSED)
{
    return FIRN_OK;
}

static int64_t moved_now(void *ctx)
{
    const moved_ctx *c = ctx;
    return c->inner->now_ms(c->inner->ctx);
}

static firn_code moved_random(void *ctx, void *p, size_t n, firn_err *err)
{
    const moved_ctx *c = ctx;
    return c->inner->random(c->inner->ctx, p, n, err);
}

static void moved_sleep(void *ctx, int64_t ms)
{
    const moved_ctx *c = ctx;
    c->inner->sleep_ms(c->inner->ctx, ms);
}

firn_code firn_moved_io(const firn_io *inner, const firn_moved *moved, firn_arena *a,
                        const firn_io **ret, firn_err *err)
{
    moved_ctx *c = firn_arena_zalloc(a, sizeof *c);
    if (!c)
        return firn_arena_raise(a, err);
    c->inner = inner;
    c->moved = moved;
    c->io = (firn_io){.ctx = c,
                      .read = moved_read,
                      .write_new = refuse_write,
                      .flush = no_flush,
                      .remove = refuse_remove,
                      .now_ms = moved_now,
                      .random = moved_random,
                      .sleep_ms = moved_sleep};
    *ret = &c->io;
    return FIRN_OK;
}
