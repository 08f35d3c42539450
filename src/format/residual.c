/* SPDX-License-Identifier: Apache-2.0 */
#include "format/residual.h"

#include "base/json.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Of a residual and of a path: no more than a record may have. */
#define TEXT_BYTES ((size_t)64 << 20)
/* Paths whose conflicts are counted, and what is kept of a value as an example. */
#define MAX_CONFLICTS 400
#define EXAMPLE_BYTES 80

/* --- paths --------------------------------------------------------------------------------- */

static bool is_plain_key(firn_str key)
{
    if (key.n == 0 || key.p[0] == '$' || key.p[0] == '/')
        return false;
    for (size_t i = 0; i < key.n; i++)
        if ((unsigned char)key.p[i] < ' ' || memchr(".[]\"\\", key.p[i], 5))
            return false;
    return true;
}

/* Recursion ends with the depth of documents, which decoders limit. */
firn_code firn_spot_add(const firn_spot *s, firn_buf *out, firn_err *err)
{
    if (!s)
        return FIRN_OK;
    FIRN_TRY(firn_spot_add(s->parent, out, err));
    if (!s->key.p && s->index == FIRN_SPOT_ANY)
        return firn_buf_adds(out, "[]", err);
    if (!s->key.p)
        return firn_buf_addf(out, err, "[%zu]", s->index);
    if (s->parent)
        FIRN_TRY(firn_buf_addc(out, '.', err));
    return is_plain_key(s->key) ? firn_buf_addstr(out, s->key, err)
                                : firn_json_escape(s->key, out, err);
}

/* The same with [] for every index. */
static firn_code add_general(const firn_spot *s, firn_buf *out, firn_err *err)
{
    if (!s)
        return FIRN_OK;
    FIRN_TRY(add_general(s->parent, out, err));
    firn_spot step = {.key = s->key, .index = FIRN_SPOT_ANY};
    if (s->key.p && s->parent)
        FIRN_TRY(firn_buf_addc(out, '.', err));
    return firn_spot_add(&step, out, err);
}

/* --- records ------------------------------------------------------------------------------- */

void firn_misfits_open(firn_misfits *m, const firn_layout *layout, firn_rejects *rejects,
                       firn_arena *a)
{
    *m = (firn_misfits){.layout = layout, .rejects = rejects, .a = a};
    m->text = FIRN_BUF(TEXT_BYTES);
    m->path = FIRN_BUF(TEXT_BYTES);
    m->general = FIRN_BUF(TEXT_BYTES);
}

void firn_misfits_close(firn_misfits *m)
{
    firn_buf_free(&m->text);
    firn_buf_free(&m->path);
    firn_buf_free(&m->general);
}

void firn_misfits_begin(firn_misfits *m, size_t record)
{
    m->record = record;
    m->mark = m->rejects->n;
    m->counted.n = 0;
    m->residual = 0;
    if (m->text.n)
        firn_buf_clear(&m->text);
}

static firn_code set_path(firn_misfits *m, const firn_spot *at, firn_err *err)
{
    firn_buf_clear(&m->path);
    return firn_spot_add(at, &m->path, err);
}

/* Values of a record that does not land are no conflicts of what landed. */
static void count_back(firn_misfits *m)
{
    for (size_t i = 0; i < m->counted.n; i++)
        m->rejects->conflicts.v[m->counted.v[i]].count--;
    m->rejects->conflicts.residual -= m->residual;
    m->counted.n = 0;
    m->residual = 0;
}

/* Adds a reject whose path was set; what was discarded of a record that does not land is in it. */
static firn_code add_reject(firn_misfits *m, uint16_t id, bool fatal, const char *reason,
                            firn_err *err)
{
    m->rejects->n = m->mark;
    count_back(m);
    FIRN_TRY(
        firn_rejects_add(m->rejects, m->record, id, firn_buf_str(&m->path), err, "%s", reason));
    m->rejects->v[m->mark].fatal = fatal;
    return FIRN_OK;
}

static firn_code add_discard(firn_misfits *m, uint16_t id, firn_str json, const char *reason,
                             firn_err *err)
{
    firn_str value = firn_arena_str(m->rejects->arena, json);
    if (!value.p)
        return firn_arena_raise(m->rejects->arena, err);
    FIRN_TRY(
        firn_rejects_add(m->rejects, m->record, id, firn_buf_str(&m->path), err, "%s", reason));
    m->rejects->v[m->rejects->n - 1].value = value;
    return FIRN_OK;
}

/* Adds a member whose path was set. */
static firn_code add_member(firn_misfits *m, firn_str json, firn_err *err)
{
    FIRN_TRY(firn_buf_addc(&m->text, m->text.n ? ',' : '{', err));
    FIRN_TRY(firn_json_escape(firn_buf_str(&m->path), &m->text, err));
    FIRN_TRY(firn_buf_addc(&m->text, ':', err));
    return firn_buf_addstr(&m->text, json, err);
}

static bool is_before(firn_str a, firn_str b)
{
    int c = memcmp(a.p, b.p, FIRN_MIN(a.n, b.n));
    return c < 0 || (c == 0 && a.n < b.n);
}

/* Keeps an example in the room that a conflict has for one. */
static void keep_example(firn_conflict *c, firn_str example)
{
    char *room = (char *)(uintptr_t)c->example.p;
    c->example.n = FIRN_MIN(example.n, (size_t)EXAMPLE_BYTES);
    if (c->example.n)
        memcpy(room, example.p, c->example.n);
}

/* Of the examples the first one in the order of bytes stays: which one came first is a matter of
 * threads.  *ret: where it is counted, the list's length if there is no room. */
static firn_code add_conflict(firn_conflicts_seen *list, const firn_conflict *c, firn_arena *a,
                              size_t *ret, firn_err *err)
{
    for (size_t i = 0; i < list->n; i++) {
        if (!firn_str_eq(list->v[i].path, c->path))
            continue;
        list->v[i].count += c->count;
        if (is_before(c->example, list->v[i].example))
            keep_example(&list->v[i], c->example);
        *ret = i;
        return FIRN_OK;
    }
    *ret = list->n;
    if (list->n == MAX_CONFLICTS)
        return FIRN_OK;
    firn_conflict copy = {.path = firn_arena_str(a, c->path), .count = c->count};
    copy.example.p = firn_arena_alloc(a, EXAMPLE_BYTES);
    if (!copy.path.p || !copy.example.p)
        return firn_arena_raise(a, err);
    keep_example(&copy, c->example);
    return firn_vec_push(a, list, copy) ? FIRN_OK : firn_arena_raise(a, err);
}

firn_code firn_conflicts_add(firn_conflicts_seen *list, const firn_conflict *c, firn_arena *a,
                             firn_err *err)
{
    size_t ignored;
    return c->count ? add_conflict(list, c, a, &ignored, err) : FIRN_OK;
}

/* Counts a value that has no place in its column, of a record that goes on. */
static firn_code count_conflict(firn_misfits *m, const firn_spot *at, firn_str json, firn_err *err)
{
    firn_buf_clear(&m->general);
    FIRN_TRY(add_general(at, &m->general, err));
    size_t n = firn_utf8_valid_prefix(json.p, FIRN_MIN(json.n, (size_t)EXAMPLE_BYTES));
    const firn_conflict c = {firn_buf_str(&m->general), 1, {json.p, n}};
    firn_conflicts_seen *list = &m->rejects->conflicts;
    size_t where;
    FIRN_TRY(add_conflict(list, &c, m->rejects->arena, &where, err));
    if (where == list->n)
        return FIRN_OK;
    return firn_vec_push(m->a, &m->counted, where) ? FIRN_OK : firn_arena_raise(m->a, err);
}

static firn_code settle(firn_misfits *m, firn_misfit how, const firn_spot *at, firn_str json,
                        uint16_t id, const char *reason, bool *ret_lands, firn_err *err)
{
    *ret_lands = how == FIRN_MISFIT_RESIDUAL || how == FIRN_MISFIT_DISCARD;
    m->rejects->conflicts.residual += how == FIRN_MISFIT_RESIDUAL;
    m->residual += how == FIRN_MISFIT_RESIDUAL;
    if (*ret_lands)
        FIRN_TRY(count_conflict(m, at, json, err));
    if (how == FIRN_MISFIT_RESIDUAL)
        return add_member(m, json, err);
    if (how == FIRN_MISFIT_DISCARD)
        return add_discard(m, id, json, reason, err);
    return add_reject(m, id, how == FIRN_MISFIT_FAIL, reason, err);
}

firn_code firn_misfits_value(firn_misfits *m, const firn_layout *node, const firn_spot *at,
                             firn_str json, uint16_t id, bool *ret_lands, firn_err *err,
                             const char *fmt, ...)
{
    char reason[480];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(reason, sizeof reason, fmt, ap);
    va_end(ap);
    firn_misfit how = node->misfit;
    bool keeps = how == FIRN_MISFIT_RESIDUAL || how == FIRN_MISFIT_DISCARD;
    if ((keeps && node->required) || (how == FIRN_MISFIT_RESIDUAL && !m->layout->residual))
        how = FIRN_MISFIT_REJECT;
    FIRN_TRY(set_path(m, at, err));
    return settle(m, how, at, json, id, reason, ret_lands, err);
}

firn_code firn_misfits_key(firn_misfits *m, const firn_layout *node, const firn_spot *at,
                           firn_str json, bool *ret_lands, firn_err *err)
{
    char reason[sizeof(firn_quoted) + 64];
    firn_misfit how = node->unknown;
    if (how == FIRN_MISFIT_RESIDUAL && !m->layout->residual)
        how = FIRN_MISFIT_REJECT;
    snprintf(reason, sizeof reason, "there is no column for this key: %s", firn_quote(at->key).s);
    FIRN_TRY(set_path(m, at, err));
    return settle(m, how, at, json, FIRN_REJ_TYPE, reason, ret_lands, err);
}

firn_code firn_misfits_reject(firn_misfits *m, const firn_spot *at, uint16_t id, firn_err *err,
                              const char *fmt, ...)
{
    char reason[480];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(reason, sizeof reason, fmt, ap);
    va_end(ap);
    FIRN_TRY(set_path(m, at, err));
    return add_reject(m, id, false, reason, err);
}

firn_code firn_misfits_end(firn_misfits *m, firn_column *root, size_t row, firn_err *err)
{
    if (!m->layout->residual)
        return FIRN_OK;
    firn_column *col = &root->children[m->layout->residual - 1];
    if (!m->text.n)
        return firn_column_null(col, row, err);
    FIRN_TRY(firn_buf_addc(&m->text, '}', err));
    firn_str text = firn_arena_str(m->a, firn_buf_str(&m->text));
    firn_buf_clear(&m->text);
    if (!text.p)
        return firn_arena_raise(m->a, err);
    ((firn_strview *)col->data)[row] = firn_strview_of(text.p, text.n);
    firn_column_set_valid(col, row);
    return FIRN_OK;
}

/* --- walk ---------------------------------------------------------------------------------- */

bool firn_misfit_matters(const firn_layout *root, const firn_layout *node, const firn_shape *value)
{
    if (node->widens && firn_layout_widens(&node->type, value))
        return true;
    if (node->settled)
        return false;
    return node->misfit != FIRN_MISFIT_RESIDUAL || !root->residual;
}

bool firn_misfit_key_matters(const firn_layout *root, const firn_layout *node)
{
    if (node->grows)
        return true;
    if (node->crowded)
        return false;
    return node->unknown != FIRN_MISFIT_RESIDUAL || !root->residual;
}
