/* SPDX-License-Identifier: Apache-2.0 */
/* A statement with other names in it. */
#include "engine/sql.h"
#include "engine/sql_refs.h"

#include "base/str.h"

#include <string.h>

/* --- names --------------------------------------------------------------------------------- */

firn_code firn_sql_flat_namespace(firn_str ns, firn_arena *a, firn_str *ret, firn_err *err)
{
    char *copy = firn_arena_strndup(a, ns.p, ns.n);
    if (!copy)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < ns.n; i++)
        if (copy[i] == '.')
            copy[i] = '$';
    *ret = (firn_str){copy, ns.n};
    return FIRN_OK;
}

static bool was_quoted(firn_str sql, const firn_sql_name *n, size_t part)
{
    return sql.p[n->starts[part]] == '"';
}

/* One name in the place of parts [from, to) of what was written, in quotes if one of them was. */
static firn_code add_joined(firn_str sql, const firn_sql_name *n, size_t from, size_t to,
                            firn_str prefix, firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf joined = FIRN_SQL_BUF;
    bool quoted = false;
    FIRN_TRY(firn_buf_addstr(&joined, prefix, err));
    for (size_t i = from; i < to; i++) {
        FIRN_TRY(firn_buf_adds(&joined, i > from ? "$" : "", err));
        FIRN_TRY(firn_buf_addstr(&joined, n->parts[i], err));
        quoted = quoted || was_quoted(sql, n, i);
    }
    if (quoted)
        return firn_sql_ident(out, firn_buf_str(&joined), err);
    return firn_buf_addstr(out, firn_buf_str(&joined), err);
}

/* The namespace of a reference; a quoted level may hold dots itself. */
static firn_code add_namespace(firn_str sql, const firn_sql_ref *ref, firn_str prefix,
                               firn_arena *a, firn_buf *out, firn_err *err)
{
    firn_sql_name flat = ref->name;
    flat.parts = firn_arena_array(a, ref->name.part_count, sizeof *flat.parts);
    if (!flat.parts)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < flat.part_count; i++)
        FIRN_TRY(firn_sql_flat_namespace(ref->name.parts[i], a, &flat.parts[i], err));
    return add_joined(sql, &flat, ref->first, ref->first + ref->ns_parts, prefix, out, err);
}

firn_code firn_sql_ref_text(firn_str sql, const firn_sql_ref *ref, firn_str alias, firn_str prefix,
                            firn_arena *a, firn_buf *out, firn_err *err)
{
    const firn_sql_name *n = &ref->name;
    size_t table = ref->first + ref->ns_parts;
    if (alias.p) {
        FIRN_TRY(firn_buf_addstr(out, alias, err));
        FIRN_TRY(firn_buf_addc(out, '.', err));
    }
    if (ref->call)
        return firn_buf_addf(out, err, "%.*smain.iceberg", FIRN_STR_ARG(prefix));
    FIRN_TRY(add_namespace(sql, ref, prefix, a, out, err));
    FIRN_TRY(firn_buf_addc(out, '.', err));
    bool spark = ref->metadata.p && ref->end > n->ends[table]; /* ns.t.files */
    if (spark)
        return add_joined(sql, n, table, table + 2, (firn_str){"", 0}, out, err);
    size_t from = n->starts[table];
    return firn_buf_add(out, sql.p + from, n->ends[table] - from, err);
}

/* --- edits --------------------------------------------------------------------------------- */

static size_t count_chars(firn_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

static firn_code add_blanks(firn_buf *out, size_t n, firn_err *err)
{
    for (size_t i = 0; i < n; i++)
        FIRN_TRY(firn_buf_addc(out, ' ', err));
    return FIRN_OK;
}

/* Puts a text in the place of another one.  `debt` is how many columns what follows on the line
 * stands too far to the right. */
static firn_code replace(firn_str was, firn_str text, size_t *debt, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_addstr(out, text, err));
    const char *last = was.n ? memrchr(was.p, '\n', was.n) : NULL;
    if (last) {
        for (size_t i = 0; i < was.n; i++)
            if (was.p[i] == '\n')
                FIRN_TRY(firn_buf_addc(out, '\n', err));
        *debt = 0;
        size_t tail = was.n - (size_t)(last + 1 - was.p);
        return add_blanks(out, count_chars((firn_str){last + 1, tail}), err);
    }
    size_t had = count_chars(was);
    size_t has = count_chars(text);
    if (has > had) {
        *debt += has - had;
        return FIRN_OK;
    }
    size_t room = had - has;
    size_t paid = FIRN_MIN(*debt, room ? room - 1 : 0); /* one stays between two words */
    *debt -= paid;
    return add_blanks(out, room - paid, err);
}

firn_code firn_sql_apply(firn_str sql, const firn_sql_edit *edits, size_t count, firn_buf *out,
                         firn_err *err)
{
    size_t done = 0;
    size_t debt = 0;
    for (size_t i = 0; i < count; i++) {
        const firn_sql_edit *e = &edits[i];
        firn_str before = {sql.p + done, e->from - done};
        FIRN_TRY(firn_buf_addstr(out, before, err));
        if (before.n && memchr(before.p, '\n', before.n))
            debt = 0;
        FIRN_TRY(replace((firn_str){sql.p + e->from, e->to - e->from}, e->text, &debt, out, err));
        done = e->to;
    }
    return done < sql.n ? firn_buf_add(out, sql.p + done, sql.n - done, err) : FIRN_OK;
}
