/* SPDX-License-Identifier: Apache-2.0 */
/* What was seen at each path of the streams of a table, as firn show says it. */
#include "cli/show_more.h"

#include "base/str.h"
#include "pipeline/seen.h"

#include <inttypes.h>
#include <string.h>

#define PATHS_SHOWN 40

/* --- as JSON ------------------------------------------------------------------------------- */

static firn_code add_path(const firn_seen_path *p, json_t *list, firn_err *err)
{
    json_t *o = json_object();
    json_t *kinds = json_object();
    FIRN_TRY(firn_json_append(list, o, err));
    FIRN_TRY(firn_json_set(o, "path", firn_json_new_str(p->path), err));
    FIRN_TRY(firn_json_set(o, "seen", kinds, err));
    for (size_t k = 0; k < FIRN_SEEN_KINDS; k++) {
        const char *word = firn_seen_word(k);
        if (word && p->counts[k])
            FIRN_TRY(firn_json_set(kinds, word, json_integer((json_int_t)p->counts[k]), err));
    }
    FIRN_TRY(firn_json_set(o, "conflicts", json_integer((json_int_t)p->conflicts), err));
    return firn_json_set_text(o, "example", p->example, err);
}

firn_code firn_show_seen(const firn_table_at *t, firn_arena *a, json_t **ret, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *list = json_array();
    firn_seen_stream *streams;
    size_t count;
    if (!list)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_seen_read(t->metadata, a, &streams, &count, err));
    for (size_t i = 0; i < count; i++) {
        const firn_seen_stream *s = &streams[i];
        json_t *o = json_object();
        json_t *paths = json_array();
        FIRN_TRY(firn_json_append(list, o, err));
        FIRN_TRY(firn_json_set(o, "stream", firn_json_new_str(s->stream), err));
        FIRN_TRY(firn_json_set(o, "records", json_integer((json_int_t)s->records), err));
        FIRN_TRY(firn_json_set(o, "left_out", json_integer((json_int_t)s->left_out), err));
        FIRN_TRY(firn_json_set(o, "paths", paths, err));
        for (size_t k = 0; k < s->count; k++)
            FIRN_TRY(add_path(&s->paths[k], paths, err));
    }
    *ret = json_incref(list);
    return FIRN_OK;
}

/* --- for people ---------------------------------------------------------------------------- */

/* "number 12,345, null 3". */
static const char *kinds_text(const firn_seen_path *p, firn_arena *a)
{
    const char *text = "";
    for (size_t k = 0; text && k < FIRN_SEEN_KINDS; k++) {
        char count[32];
        const char *word = firn_seen_word(k);
        if (!word || !p->counts[k])
            continue;
        firn_human_count(p->counts[k], count);
        text = firn_arena_printf(a, "%s%s%s %s", text, *text ? ", " : "", word, count);
    }
    return text;
}

static firn_code add_row(const firn_seen_path *p, firn_text_table *t, firn_arena *a, firn_err *err)
{
    char conflicts[32] = "";
    if (p->conflicts)
        firn_human_count(p->conflicts, conflicts);
    firn_quoted example = firn_quote(p->example); /* without its quotes: it is JSON */
    example.s[strlen(example.s) - 1] = '\0';
    const char *const cells[] = {p->path.n ? firn_arena_strndup(a, p->path.p, p->path.n)
                                           : "(records)",
                                 kinds_text(p, a), conflicts, p->example.n ? example.s + 1 : ""};
    return firn_text_table_add(t, cells, err);
}

static firn_code print_stream(const firn_seen_stream *s, firn_arena *a, firn_err *err)
{
    static const char *const heads[] = {"path", "seen", "did not fit", "for example"};
    static const bool right[] = {false, false, true, false};
    firn_text_table *t;
    char records[32];
    firn_print_opt opt = firn_print_defaults();
    size_t shown = FIRN_MIN(s->count, (size_t)PATHS_SHOWN);
    firn_human_count(s->records, records);
    printf("seen in %s record%s of %.*s:\n", records, s->records == 1 ? "" : "s",
           FIRN_STR_ARG(s->stream));
    FIRN_TRY(firn_text_table_new(heads, FIRN_COUNT_OF(heads), right, &t, err));
    firn_code code = FIRN_OK;
    for (size_t i = 0; code == FIRN_OK && i < shown; i++)
        code = add_row(&s->paths[i], t, a, err);
    if (code == FIRN_OK)
        code = firn_text_table_print(t, &opt, stdout, err);
    firn_text_table_free(t);
    if (s->count - shown + s->left_out)
        printf("and %" PRIu64 " paths more (--json lists %zu)\n",
               (uint64_t)(s->count - shown) + s->left_out, s->count);
    return code;
}

firn_code firn_print_seen(const firn_table_at *t, firn_arena *a, firn_err *err)
{
    firn_seen_stream *streams;
    size_t count;
    FIRN_TRY(firn_seen_read(t->metadata, a, &streams, &count, err));
    for (size_t i = 0; i < count; i++)
        if (streams[i].count)
            FIRN_TRY(print_stream(&streams[i], a, err));
    return FIRN_OK;
}
