/* SPDX-License-Identifier: Apache-2.0 */
/* Files as the engine opens them, and what it is told about them beside their rows. */
#include "engine/view_int.h"

#include "base/str.h"
#include "env/env.h"

#include <string.h>

/* --- paths --------------------------------------------------------------------------------- */

static bool is_pattern_sign(char c)
{
    return c == '*' || c == '?' || c == '[';
}

static bool is_pattern(firn_str path)
{
    for (size_t i = 0; i < path.n; i++)
        if (is_pattern_sign(path.p[i]))
            return true;
    return false;
}

static firn_str local_or_uri(firn_str path)
{
    firn_str local = firn_local_path(path);
    return local.p ? local : path;
}

/* The engine takes every path for a pattern: `kind=a*b` would also read the folder kind=axb. */
firn_code firn_view_add_path(firn_str path, firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf escaped = FIRN_BUF((size_t)1 << 20);
    path = local_or_uri(path);
    if (!is_pattern(path))
        return firn_sql_text(out, path, err);
    if (memchr(path.p, '\\', path.n))
        return firn_raise(err, FIRN_E_UNSUPPORTED,
                          "the engine cannot open %s: a backslash beside one of * ? [",
                          firn_quote(path).s);
    for (size_t i = 0; i < path.n; i++) {
        bool sign = is_pattern_sign(path.p[i]);
        FIRN_TRY(sign ? firn_buf_addf(&escaped, err, "[%c]", path.p[i])
                      : firn_buf_addc(&escaped, path.p[i], err));
    }
    return firn_sql_text(out, firn_buf_str(&escaped), err);
}

firn_code firn_view_opened_path(firn_view_work *w, firn_str path, firn_str *ret, firn_err *err)
{
    FIRN_TRY(firn_moved_place(w->rq->moved, path, w->a, ret, err));
    *ret = local_or_uri(*ret);
    return FIRN_OK;
}

firn_code firn_view_paths(firn_view_work *w, const firn_view_file *files, size_t count,
                          firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_addc(out, '[', err));
    for (size_t i = 0; i < count; i++) {
        firn_str path;
        FIRN_TRY(firn_view_opened_path(w, files[i].file->file_path, &path, err));
        FIRN_TRY(firn_buf_adds(out, i ? "," : "", err));
        FIRN_TRY(firn_view_add_path(path, out, err));
    }
    return firn_buf_addc(out, ']', err);
}

/* --- sets ---------------------------------------------------------------------------------- */

typedef struct set_file {
    firn_str path;
    int64_t numbers[4]; /* -1: null */
    const firn_bitmap *deleted;
} set_file;

typedef struct file_set {
    set_file *files;
    firn_str *texts;
    size_t text_count;
} file_set;

/* Rows come in runs of one file. */
static void set_deleted(void *arg, const uint64_t *files, const int64_t *rows, size_t n, bool *ret)
{
    const file_set *s = arg;
    size_t from = 0;
    while (from < n) {
        size_t to = from + 1;
        while (to < n && files[to] == files[from])
            to++;
        const firn_bitmap *deleted = s->files[files[from]].deleted;
        if (deleted)
            firn_bitmap_mark(deleted, rows + from, to - from, ret + from);
        else
            memset(ret + from, 0, (to - from) * sizeof *ret);
        from = to;
    }
}

static bool set_number(void *arg, int32_t which, uint64_t file, int64_t *ret)
{
    const file_set *s = arg;
    if (which < 0 || which > FIRN_FILE_PLACE || s->files[file].numbers[which] < 0)
        return false;
    *ret = s->files[file].numbers[which];
    return true;
}

static firn_str set_text(void *arg, int32_t which, uint64_t file)
{
    const file_set *s = arg;
    if (which == FIRN_FILE_PATH)
        return s->files[file].path;
    size_t k = (size_t)(which - FIRN_FILE_CONSTANT);
    if (which < 0 || k >= s->text_count)
        return (firn_str){NULL, 0};
    return s->texts[file * s->text_count + k];
}

static firn_code fill_set(firn_arena *a, const firn_view_file *files, size_t count,
                          const firn_str *texts, file_set *s, firn_err *err)
{
    s->files = firn_arena_array(a, count, sizeof *s->files);
    s->texts = firn_arena_array(a, count * s->text_count, sizeof *s->texts);
    if (!s->files || !s->texts)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < count; i++) {
        const firn_view_file *f = &files[i];
        s->files[i] = (set_file){.path = firn_arena_str(a, f->file->file_path),
                                 .numbers = {[FIRN_FILE_SEQUENCE] = f->sequence_number,
                                             [FIRN_FILE_FIRST_ROW] = f->file->first_row_id,
                                             [FIRN_FILE_SPEC] = f->file->spec_id,
                                             [FIRN_FILE_PLACE] = f->place},
                                 .deleted = f->deleted};
        if (!s->files[i].path.p)
            return firn_arena_raise(a, err);
    }
    for (size_t i = 0; i < count * s->text_count; i++) {
        s->texts[i] = texts[i].p ? firn_arena_str(a, texts[i]) : texts[i];
        if (texts[i].p && !s->texts[i].p)
            return firn_arena_raise(a, err);
    }
    return FIRN_OK;
}

firn_code firn_view_add_set(firn_view_work *w, const firn_view_file *files, size_t count,
                            const firn_str *texts, size_t text_count, int64_t *ret_id,
                            firn_err *err)
{
    firn_view_keep *keep = w->keep;
    file_set *s = firn_arena_zalloc(keep->arena, sizeof *s);
    int64_t id;
    if (!s || !firn_vec_room(keep->arena, (void **)&keep->sets.v, &keep->sets.cap, keep->sets.n + 1,
                             sizeof *keep->sets.v))
        return firn_arena_raise(keep->arena, err);
    s->text_count = text_count;
    FIRN_TRY(fill_set(keep->arena, files, count, texts, s, err));
    const firn_file_set set = {
        .arg = s, .count = count, .deleted = set_deleted, .number = set_number, .text = set_text};
    FIRN_TRY(keep->ops->files_add(keep->engine, &set, &id, err));
    keep->sets.v[keep->sets.n++] = id;
    *ret_id = id;
    return FIRN_OK;
}

void firn_view_close(firn_view_keep *keep)
{
    for (size_t i = 0; i < keep->sets.n; i++)
        keep->ops->files_remove(keep->engine, keep->sets.v[i]);
    keep->sets.n = 0;
}
