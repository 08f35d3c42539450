/* SPDX-License-Identifier: Apache-2.0 */
/* Columns without parts: the type a new one gets, how an old one widens, and the notes that say
 * what was decided. */
#include "format/layout_int.h"

#include "base/dec.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>

#define DEFAULT_MAX_FIELDS 1000
#define INT_MAX_DIGITS     9 /* any 9 digits are an int; with 10 some are not */

/* --- notes --------------------------------------------------------------------------------- */

/* Writes "lines[].debit"; what is too long for a message is cut there. */
static void print_path(const firn_layout_place *at, firn_buf *out)
{
    if (!at->parent)
        return;
    print_path(at->parent, out);
    firn_code code = FIRN_OK;
    if (at->name.n && out->n)
        code = firn_buf_addc(out, '.', NULL);
    if (code == FIRN_OK)
        code = at->name.n ? firn_buf_addstr(out, at->name, NULL) : firn_buf_adds(out, "[]", NULL);
    (void)code;
}

firn_quoted firn_layout_quoted(const firn_layout_place *at)
{
    FIRN_AUTO(firn_buf_free) firn_buf b = FIRN_BUF(4096);
    print_path(at, &b);
    return firn_quote(firn_buf_str(&b));
}

firn_code firn_layout_note_add(firn_layout_maker *m, const firn_layout_place *at, const char *fmt,
                               ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n < 0)
        return firn_raise(m->err, FIRN_E_BUG, "a note cannot be formatted");
    const char *line = at->parent
                           ? firn_arena_printf(m->a, "column %s %s", firn_layout_quoted(at).s, text)
                           : firn_arena_strdup(m->a, text);
    if (!line || !firn_vec_push(m->a, &m->notes, (firn_layout_note){firn_str_of(line)}))
        return firn_arena_raise(m->a, m->err);
    return FIRN_OK;
}

size_t firn_layout_max_fields(const firn_layout_maker *m)
{
    return m->in->limits ? m->in->limits->max_fields : DEFAULT_MAX_FIELDS;
}

/* --- leaves -------------------------------------------------------------------------------- */

firn_code firn_layout_leaf(firn_layout_maker *m, const firn_layout_place *at, const firn_type *type,
                           bool given, firn_layout *ret)
{
    return firn_layout_from_type(type, at->name, given, false, m->a, ret, m->err);
}

static firn_code set_format(firn_layout_maker *m, firn_layout *leaf, const char *format)
{
    if (!format)
        return FIRN_OK;
    return firn_datefmt_compile(firn_str_of(format), m->a, &leaf->read.format, m->err);
}

/* Says why a new column holds JSON text, unless that is what they wanted. */
static firn_code note_json(firn_layout_maker *m, const firn_layout_place *at, bool objects)
{
    const firn_shape *s = at->seen;
    size_t max = firn_layout_max_fields(m);
    if (m->in->policy && m->in->policy->nested == FIRN_NESTED_JSON)
        return FIRN_OK;
    if (s->rest || (objects && s->field_count > max))
        return firn_layout_note_add(
            m, at, "holds JSON text: its objects have more than %zu different keys", max);
    if (objects && s->field_count == 0)
        return firn_layout_note_add(m, at, "holds JSON text: its objects were empty");
    return firn_layout_note_add(m, at,
                                "holds JSON text: nothing but null was seen in it, or it is "
                                "nested too deep");
}

/* Says why a new column is text where the user may expect more. */
static firn_code note_string(firn_layout_maker *m, const firn_layout_place *at)
{
    const firn_shape *s = at->seen;
    uint32_t kinds = s->seen & ~(uint32_t)FIRN_SEEN_NULL;
    if (kinds & (kinds - 1))
        return firn_layout_note_add(m, at, "is text: values of different kinds were seen");
    if (kinds == FIRN_SEEN_NUMBER && s->not_finite)
        return firn_layout_note_add(m, at, "is text: one of its numbers is NaN or infinite");
    if (kinds == FIRN_SEEN_NUMBER)
        return firn_layout_note_add(m, at, "is text: its numbers need more than %d digits",
                                    FIRN_DEC_MAX_PRECISION);
    if (kinds == FIRN_SEEN_OBJECT || kinds == FIRN_SEEN_ARRAY)
        return note_json(m, at, kinds == FIRN_SEEN_OBJECT);
    if (s->spellings)
        return firn_layout_note_add(
            m, at,
            "stays text: day and month of its dates cannot be told apart; give it "
            "a format");
    if (s->ambiguous_date && !s->plain_text)
        return firn_layout_note_add(
            m, at,
            "stays text: dates like 01/02/03 can be read in more than one way; "
            "give it a format");
    return FIRN_OK;
}

firn_code firn_layout_new_leaf(firn_layout_maker *m, const firn_layout_place *at,
                               const firn_type *type, firn_layout *ret)
{
    FIRN_TRY(firn_layout_leaf(m, at, type, false, ret));
    if (type->kind == FIRN_T_STRING)
        return note_string(m, at);
    int spelling = type->kind == FIRN_T_DATE ? firn_shape_spelling(at->seen) : FIRN_SP_COUNT;
    if (spelling == FIRN_SP_COUNT)
        return FIRN_OK;
    return set_format(m, ret, firn_spelling_format((firn_spelling)spelling));
}

static bool is_widening(const firn_type *from, const firn_type *to)
{
    if (from->kind == FIRN_T_DECIMAL)
        return to->kind == FIRN_T_DECIMAL && to->scale == from->scale &&
               to->precision > from->precision;
    return (from->kind == FIRN_T_INT && to->kind == FIRN_T_LONG) ||
           (from->kind == FIRN_T_FLOAT && to->kind == FIRN_T_DOUBLE);
}

/* The type an old leaf needs for the numbers seen, as far as Iceberg widens in place. */
static firn_type widened(const firn_type *old, const firn_shape *seen)
{
    firn_type wide = *old;
    if (!(seen->seen & FIRN_SEEN_NUMBER))
        return wide;
    if (old->kind == FIRN_T_INT && seen->int_digits > INT_MAX_DIGITS)
        wide.kind = FIRN_T_LONG;
    if (old->kind == FIRN_T_FLOAT)
        wide.kind = FIRN_T_DOUBLE;
    if (old->kind == FIRN_T_DECIMAL && seen->int_digits <= FIRN_DEC_MAX_PRECISION - old->scale)
        wide.precision = FIRN_MAX(old->precision, (int)seen->int_digits + old->scale);
    return wide;
}

bool firn_layout_widens(const firn_type *type, const firn_shape *seen)
{
    firn_type wide = widened(type, seen);
    return is_widening(type, &wide);
}

/* The kinds of values that a column reads, some of them at least. */
static uint32_t kinds_of(const firn_layout *node)
{
    switch (node->type.kind) {
    case FIRN_T_BOOLEAN:
        return FIRN_SEEN_BOOLEAN;
    case FIRN_T_INT:
    case FIRN_T_LONG:
    case FIRN_T_FLOAT:
    case FIRN_T_DOUBLE:
    case FIRN_T_DECIMAL:
        return FIRN_SEEN_NUMBER;
    case FIRN_T_STRING:
        return node->strict ? FIRN_SEEN_TEXT : ~(uint32_t)0;
    case FIRN_T_STRUCT:
    case FIRN_T_MAP:
        return FIRN_SEEN_OBJECT;
    case FIRN_T_LIST:
        return FIRN_SEEN_ARRAY;
    case FIRN_T_DATE:
    case FIRN_T_TIMESTAMP:
    case FIRN_T_TIMESTAMPTZ:
        return FIRN_SEEN_TEXT | FIRN_SEEN_DATE;
    case FIRN_T_UUID:
        return FIRN_SEEN_TEXT | FIRN_SEEN_UUID;
    case FIRN_T_BINARY:
        return FIRN_SEEN_TEXT | FIRN_SEEN_BINARY | FIRN_SEEN_UUID;
    case FIRN_T_TIME:
    case FIRN_T_FIXED:
    case FIRN_T_TIMESTAMP_NS:
    case FIRN_T_TIMESTAMPTZ_NS:
    case FIRN_T_UNKNOWN:
    case FIRN_T_FOREIGN:
    case FIRN_TYPE_KIND_COUNT:
        break;
    }
    return FIRN_SEEN_TEXT;
}

/* Whether all values seen of a column's own kind fit it, as far as a shape can tell. */
static bool own_kind_fits(const firn_type *type, const firn_shape *seen)
{
    bool binary_float = type->kind == FIRN_T_FLOAT || type->kind == FIRN_T_DOUBLE;
    if (seen->not_finite && type->kind != FIRN_T_STRING &&
        (!binary_float || seen->numbers & FIRN_NUMBER_DECIMAL))
        return false;
    switch (type->kind) {
    case FIRN_T_INT:
        return !seen->not_long && seen->int_digits <= INT_MAX_DIGITS;
    case FIRN_T_LONG:
        return !seen->not_long;
    case FIRN_T_FLOAT:
    case FIRN_T_DOUBLE:
        return !seen->not_double;
    case FIRN_T_DECIMAL:
        return seen->scale <= type->scale && seen->int_digits <= type->precision - type->scale;
    case FIRN_T_DATE: /* a text that can be read was not recorded */
    case FIRN_T_TIMESTAMP:
    case FIRN_T_TIMESTAMPTZ:
    case FIRN_T_TIME:
    case FIRN_T_UUID:
    case FIRN_T_FIXED:
    case FIRN_T_BINARY:
    case FIRN_T_TIMESTAMP_NS:
    case FIRN_T_TIMESTAMPTZ_NS:
    case FIRN_T_UNKNOWN:
    case FIRN_T_FOREIGN:
        return false;
    case FIRN_T_BOOLEAN:
    case FIRN_T_STRING:
    case FIRN_T_STRUCT:
    case FIRN_T_LIST:
    case FIRN_T_MAP:
    case FIRN_TYPE_KIND_COUNT:
        break;
    }
    return true;
}

static const struct {
    uint32_t kind;
    const char *other;
    const char *same;
} misfit_words[] = {
    {FIRN_SEEN_BOOLEAN, "booleans", NULL},
    {FIRN_SEEN_NUMBER, "numbers", "numbers that do not fit"},
    {FIRN_SEEN_TEXT, "texts", "texts that cannot be read"},
    {FIRN_SEEN_OBJECT, "objects", NULL},
    {FIRN_SEEN_ARRAY, "arrays", NULL},
    {FIRN_SEEN_DATE, "dates", "dates that do not fit"},
    {FIRN_SEEN_BINARY, "binaries", NULL},
    {FIRN_SEEN_UUID, "uuids", NULL},
};

/* The word for values of a kind that the column does not take; NULL: it takes them, or has none. */
static const char *misfit_word(const firn_layout *node, const firn_layout_place *at, size_t i)
{
    const firn_shape *seen = at->seen;
    if (!(seen->seen & misfit_words[i].kind))
        return NULL;
    if (!(kinds_of(node) & misfit_words[i].kind))
        return misfit_words[i].other;
    if (misfit_words[i].kind == FIRN_SEEN_DATE && node->type.kind != FIRN_T_STRING)
        return at->old || seen->far_date ? misfit_words[i].same : NULL;
    bool fits = !at->old || own_kind_fits(&node->type, seen); /* a new one was made for them */
    return fits ? NULL : misfit_words[i].same;
}

bool firn_layout_misfits(const firn_layout_place *at, const firn_layout *node)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(misfit_words); i++)
        if (misfit_word(node, at, i))
            return true;
    return false;
}

firn_code firn_layout_note_misfits(firn_layout_maker *m, const firn_layout_place *at,
                                   const firn_layout *node)
{
    char list[240];
    size_t n = 0;
    if (at->old && at->old->settled)
        return FIRN_OK;
    for (size_t i = 0; i < FIRN_COUNT_OF(misfit_words); i++) {
        const char *word = misfit_word(node, at, i);
        if (!word)
            continue;
        int k = snprintf(list + n, sizeof list - n, "%s%s", n ? ", " : "", word);
        n += k > 0 ? (size_t)k : 0;
    }
    if (!n)
        return FIRN_OK;
    return firn_layout_note_add(m, at, "%s %s: there are %s, which %s", at->old ? "stays" : "is",
                                firn_type_text(&node->type, m->a), list,
                                firn_layout_way(node->misfit));
}

/* Settles an old leaf with a type that was given for it. */
firn_code firn_layout_settle(firn_layout_maker *m, const firn_layout_place *at,
                             const firn_type *old, firn_type *ret)
{
    const firn_type *given = &at->given->type;
    *ret = *old;
    if (firn_type_eq(old, given))
        return FIRN_OK;
    if (is_widening(given, old))
        return firn_layout_note_add(m, at, "stays %s: the table has it so",
                                    firn_type_text(old, m->a));
    if (is_widening(old, given)) {
        if (!m->in->freeze)
            *ret = *given;
        return FIRN_OK;
    }
    firn_raise(m->err, FIRN_E_CONFIG, "column %s is %s in the table and cannot become %s",
               firn_layout_quoted(at).s, firn_type_text(old, m->a), firn_type_text(given, m->a));
    return firn_err_advise(m->err, "give it the type it has, or give the new type to a new column "
                                   "that reads the same key (`from:`)");
}

firn_code firn_layout_old_leaf(firn_layout_maker *m, const firn_layout_place *at, firn_layout *ret)
{
    const firn_layout *old = at->old;
    firn_type type = firn_type_copy(&old->type, m->a);
    if (type.kind == FIRN_TYPE_KIND_COUNT)
        return firn_arena_raise(m->a, m->err);
    bool given = old->given;
    if (at->given && at->given->has_type) {
        FIRN_TRY(firn_layout_settle(m, at, &old->type, &type));
        given = true;
    }
    bool open =
        !given && !m->in->freeze && firn_layout_type_contract(m, at, false) == FIRN_CONTRACT_EVOLVE;
    if (at->seen && open)
        type = widened(&type, at->seen);
    m->changed |= is_widening(&old->type, &type);
    FIRN_TRY(firn_layout_leaf(m, at, &type, given, ret));
    ret->json = at->given && at->given->has_type ? at->given->json : old->json;
    ret->role = old->role;
    if (old->read.format) {
        firn_str format = firn_datefmt_text(old->read.format);
        FIRN_TRY(firn_datefmt_compile(format, m->a, &ret->read.format, m->err));
    }
    return FIRN_OK;
}
