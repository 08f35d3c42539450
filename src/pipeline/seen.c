/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/seen.h"

#include "base/json.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#define PROPERTY_BYTES ((size_t)64 << 10)

static const char *const words[FIRN_SEEN_KINDS] = {"null",  "boolean", "number", "text", "object",
                                                   "array", "date",    "binary", "uuid"};

const char *firn_seen_word(size_t kind)
{
    return kind < FIRN_SEEN_KINDS ? words[kind] : NULL;
}

/* --- gathering ----------------------------------------------------------------------------- */

/* Returns the entry of a path, made if there is room; *ret == NULL: there is none. */
static firn_code entry_of(firn_seen_stream *s, firn_str path, firn_arena *a, firn_seen_path **ret,
                          firn_err *err)
{
    *ret = NULL;
    for (size_t i = 0; i < s->count; i++)
        if (firn_str_eq(s->paths[i].path, path))
            *ret = &s->paths[i];
    if (*ret)
        return FIRN_OK;
    if (s->count == FIRN_SEEN_MAX_PATHS) {
        s->left_out++;
        return FIRN_OK;
    }
    void *paths = s->paths;
    firn_seen_path entry = {.path = firn_arena_str(a, path)};
    if (!entry.path.p || !firn_vec_room(a, &paths, &s->cap, s->count + 1, sizeof entry))
        return firn_arena_raise(a, err);
    s->paths = paths;
    s->paths[s->count] = entry;
    *ret = &s->paths[s->count++];
    return FIRN_OK;
}

static firn_code add_shape(firn_seen_stream *s, const firn_shape *shape, const firn_spot *at,
                           firn_arena *a, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf path = FIRN_BUF((size_t)1 << 20);
    firn_seen_path *entry;
    FIRN_TRY(firn_spot_add(at, &path, err));
    FIRN_TRY(entry_of(s, firn_buf_str(&path), a, &entry, err));
    if (!entry)
        return FIRN_OK; /* what is below does not get in either */
    for (size_t i = 0; i < FIRN_SEEN_KINDS; i++)
        entry->counts[i] += shape->counts[i];
    for (size_t i = 0; i < shape->field_count; i++) {
        const firn_spot here = {.parent = at, .key = shape->fields[i].key};
        FIRN_TRY(add_shape(s, shape->fields[i].shape, &here, a, err));
    }
    const firn_spot element = {.parent = at, .index = FIRN_SPOT_ANY};
    return shape->element ? add_shape(s, shape->element, &element, a, err) : FIRN_OK;
}

firn_code firn_seen_add_shape(firn_seen_stream *s, const firn_shape *shape, firn_arena *a,
                              firn_err *err)
{
    return add_shape(s, shape, NULL, a, err);
}

static int by_path(const void *x, const void *y)
{
    const firn_conflict *a = x;
    const firn_conflict *b = y;
    int c = memcmp(a->path.p, b->path.p, FIRN_MIN(a->path.n, b->path.n));
    return c ? c : (a->path.n > b->path.n) - (a->path.n < b->path.n);
}

firn_code firn_seen_add_conflicts(firn_seen_stream *s, const firn_conflict *list, size_t count,
                                  firn_arena *a, firn_err *err)
{
    firn_conflict *v = firn_arena_array(a, count, sizeof *v);
    if (!v)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < count; i++)
        v[i] = list[i];
    if (count > 1) /* the order in which they were found is a matter of threads */
        qsort(v, count, sizeof *v, by_path);
    for (size_t i = 0; i < count; i++) {
        firn_seen_path *entry;
        FIRN_TRY(entry_of(s, v[i].path, a, &entry, err));
        if (!entry)
            continue;
        entry->conflicts += v[i].count;
        if (!entry->example.p && v[i].example.p) {
            entry->example = firn_arena_str(a, v[i].example);
            if (!entry->example.p)
                return firn_arena_raise(a, err);
        }
    }
    return FIRN_OK;
}

/* --- reading ------------------------------------------------------------------------------- */

static uint64_t count_of(const json_t *obj, const char *key)
{
    const json_t *v = json_object_get(obj, key);
    return json_is_integer(v) && json_integer_value(v) > 0 ? (uint64_t)json_integer_value(v) : 0;
}

static firn_code read_path(const json_t *obj, firn_arena *a, firn_seen_path *ret, firn_err *err)
{
    const json_t *example = json_object_get(obj, "example");
    *ret = (firn_seen_path){.conflicts = count_of(obj, "conflicts")};
    ret->path = firn_arena_str(a, firn_json_text(json_object_get(obj, "path")));
    if (json_is_string(example))
        ret->example = firn_arena_str(a, firn_json_text(example));
    if (!ret->path.p || (json_is_string(example) && !ret->example.p))
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < FIRN_SEEN_KINDS && words[i]; i++)
        ret->counts[i] = count_of(obj, words[i]);
    return FIRN_OK;
}

static firn_code read_stream(const char *name, const json_t *obj, firn_arena *a,
                             firn_seen_stream *ret, firn_err *err)
{
    const json_t *paths = json_object_get(obj, "paths");
    size_t n = FIRN_MIN(json_array_size(paths), (size_t)FIRN_SEEN_MAX_PATHS);
    *ret = (firn_seen_stream){
        .records = count_of(obj, "records"), .left_out = count_of(obj, "left_out"), .cap = n};
    ret->stream = firn_arena_str(a, firn_str_of(name));
    ret->paths = firn_arena_array(a, n, sizeof *ret->paths);
    if (!ret->stream.p || !ret->paths)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < n; i++) {
        const json_t *entry = json_array_get(paths, i);
        if (json_is_string(json_object_get(entry, "path")))
            FIRN_TRY(read_path(entry, a, &ret->paths[ret->count++], err));
    }
    return FIRN_OK;
}

firn_code firn_seen_read(const firn_metadata *m, firn_arena *a, firn_seen_stream **ret,
                         size_t *ret_count, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *root = NULL;
    firn_str text = firn_metadata_property(m, FIRN_SEEN_PROPERTY);
    *ret = NULL;
    *ret_count = 0;
    if (!text.p || firn_json_parse((firn_slice){(const uint8_t *)text.p, text.n}, &root, NULL) != 0)
        return FIRN_OK;
    firn_seen_stream *list = firn_arena_array(a, json_object_size(root), sizeof *list);
    size_t n = 0;
    const char *name;
    json_t *value;
    if (!list)
        return firn_arena_raise(a, err);
    json_object_foreach(root, name, value)
    {
        if (json_is_object(value))
            FIRN_TRY(read_stream(name, value, a, &list[n++], err));
    }
    *ret = list;
    *ret_count = n;
    return FIRN_OK;
}

/* --- printing ------------------------------------------------------------------------------ */

static firn_code set_count(json_t *obj, const char *key, uint64_t n, firn_err *err)
{
    return n ? firn_json_set(obj, key, json_integer((json_int_t)n), err) : FIRN_OK;
}

static firn_code path_json(const firn_seen_path *p, json_t *list, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *obj = json_object();
    if (!obj)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_json_set(obj, "path", firn_json_new_str(p->path), err));
    for (size_t i = 0; i < FIRN_SEEN_KINDS && words[i]; i++)
        FIRN_TRY(set_count(obj, words[i], p->counts[i], err));
    FIRN_TRY(set_count(obj, "conflicts", p->conflicts, err));
    if (p->example.p)
        FIRN_TRY(firn_json_set(obj, "example", firn_json_new_str(p->example), err));
    return firn_json_append(list, json_incref(obj), err);
}

static firn_code stream_json(const firn_seen_stream *s, json_t **ret, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *obj = json_object();
    FIRN_AUTO(firn_json_unref) json_t *paths = json_array();
    if (!obj || !paths)
        return firn_raise_nomem(err);
    FIRN_TRY(set_count(obj, "records", s->records, err));
    FIRN_TRY(set_count(obj, "left_out", s->left_out, err));
    for (size_t i = 0; i < s->count; i++)
        FIRN_TRY(path_json(&s->paths[i], paths, err));
    FIRN_TRY(firn_json_set(obj, "paths", json_incref(paths), err));
    *ret = json_incref(obj);
    return FIRN_OK;
}

firn_code firn_seen_print(const firn_seen_stream *s, firn_str old, firn_arena *a, firn_str *ret,
                          firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *root = NULL;
    FIRN_AUTO(firn_json_unref) json_t *mine = NULL;
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)64 << 20);
    *ret = (firn_str){NULL, 0};
    if (!s->count)
        return FIRN_OK;
    FIRN_TRY(stream_json(s, &mine, err));
    if (!old.p ||
        firn_json_parse((firn_slice){(const uint8_t *)old.p, old.n}, &root, NULL) != FIRN_OK ||
        !json_is_object(root)) {
        firn_json_unref(&root);
        root = json_object();
    }
    if (!root)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_json_setn(root, s->stream, json_incref(mine), err));
    FIRN_TRY(firn_json_print(root, 0, &text, err));
    if (text.n > PROPERTY_BYTES || firn_str_eq(firn_buf_str(&text), old))
        return FIRN_OK; /* long names: nothing is kept rather than a part that nobody can read */
    *ret = firn_arena_str(a, firn_buf_str(&text));
    return ret->p ? FIRN_OK : firn_arena_raise(a, err);
}
