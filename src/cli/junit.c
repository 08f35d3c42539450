/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/junit.h"

#include "base/str.h"

#include <string.h>

#define MAX_XML ((size_t)256 << 20)

/* --- texts --------------------------------------------------------------------------------- */

static bool is_xml_char(uint32_t cp)
{
    if (cp < 0x20)
        return cp == '\t' || cp == '\n' || cp == '\r';
    return cp != 0xfffe && cp != 0xffff;
}

static const char *entity(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    default:
        return NULL;
    }
}

/* In an attribute a line end would become a blank. */
static firn_code put_text(firn_str s, bool attribute, firn_buf *out, firn_err *err)
{
    while (s.n) {
        uint32_t cp = 0;
        size_t n = firn_utf8_decode(s.p, s.n, &cp);
        const char *name = n == 1 ? entity(s.p[0]) : NULL;
        if (n == 0 || !is_xml_char(cp))
            FIRN_TRY(firn_buf_adds(out, "\xef\xbf\xbd", err));
        else if (name)
            FIRN_TRY(firn_buf_adds(out, name, err));
        else if (attribute && cp < 0x20)
            FIRN_TRY(firn_buf_addf(out, err, "&#%u;", (unsigned)cp));
        else
            FIRN_TRY(firn_buf_add(out, s.p, n, err));
        n = n ? n : 1;
        s = (firn_str){s.p + n, s.n - n};
    }
    return FIRN_OK;
}

static firn_code put_attribute(const char *name, firn_str value, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_addf(out, err, " %s=\"", name));
    FIRN_TRY(put_text(value, true, out, err));
    return firn_buf_addc(out, '"', err);
}

/* --- collecting ---------------------------------------------------------------------------- */

firn_code firn_junit_add(firn_junit *j, const firn_junit_case *c, firn_err *err)
{
    firn_junit_case copy = *c;
    copy.group = firn_arena_str(j->a, c->group);
    copy.name = firn_arena_str(j->a, c->name);
    copy.message = firn_arena_str(j->a, c->message);
    copy.text = firn_arena_str(j->a, c->text);
    bool copied = copy.group.p && copy.name.p && copy.message.p && copy.text.p;
    return copied && firn_vec_push(j->a, &j->cases, copy) ? FIRN_OK : firn_arena_raise(j->a, err);
}

/* --- the document -------------------------------------------------------------------------- */

typedef struct sums {
    size_t tests;
    size_t failures;
    size_t errors;
    double seconds;
} sums;

/* Of one suite, or of all (NULL). */
static sums add_up(const firn_junit *j, const char *suite)
{
    sums s = {0};
    for (size_t i = 0; i < j->cases.n; i++) {
        const firn_junit_case *c = &j->cases.v[i];
        if (suite && strcmp(c->suite, suite) != 0)
            continue;
        s.tests++;
        s.failures += c->outcome == FIRN_JUNIT_FAILED;
        s.errors += c->outcome == FIRN_JUNIT_ERROR;
        s.seconds += c->seconds;
    }
    return s;
}

static firn_code put_sums(const sums *s, firn_buf *out, firn_err *err)
{
    return firn_buf_addf(out, err,
                         " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" time=\"%.3f\">\n",
                         s->tests, s->failures, s->errors, s->seconds);
}

/* <failure message="…">text</failure> */
static firn_code put_outcome(const firn_junit_case *c, firn_buf *out, firn_err *err)
{
    static const char *const tags[] = {
        [FIRN_JUNIT_PASSED] = "",
        [FIRN_JUNIT_WARNED] = "system-out",
        [FIRN_JUNIT_FAILED] = "failure",
        [FIRN_JUNIT_ERROR] = "error",
    };
    FIRN_TRY(firn_buf_addf(out, err, ">\n      <%s", tags[c->outcome]));
    if (c->outcome != FIRN_JUNIT_WARNED)
        FIRN_TRY(put_attribute("message", c->message, out, err));
    FIRN_TRY(firn_buf_addc(out, '>', err));
    if (c->outcome == FIRN_JUNIT_WARNED) {
        FIRN_TRY(put_text(c->message, false, out, err));
        FIRN_TRY(firn_buf_addc(out, '\n', err));
    }
    FIRN_TRY(put_text(c->text, false, out, err));
    return firn_buf_addf(out, err, "</%s>\n    </testcase>\n", tags[c->outcome]);
}

static firn_code put_case(const firn_junit_case *c, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, "    <testcase", err));
    FIRN_TRY(put_attribute("classname", c->group, out, err));
    FIRN_TRY(put_attribute("name", c->name, out, err));
    if (c->file)
        FIRN_TRY(put_attribute("file", firn_str_of(c->file), out, err));
    if (c->file && c->line)
        FIRN_TRY(firn_buf_addf(out, err, " line=\"%u\"", c->line));
    FIRN_TRY(firn_buf_addf(out, err, " time=\"%.3f\"", c->seconds));
    if (c->outcome == FIRN_JUNIT_PASSED)
        return firn_buf_adds(out, "/>\n", err);
    return put_outcome(c, out, err);
}

static bool is_first_of_suite(const firn_junit *j, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(j->cases.v[i].suite, j->cases.v[at].suite) == 0)
            return false;
    return true;
}

static firn_code put_suite(const firn_junit *j, const char *suite, firn_buf *out, firn_err *err)
{
    sums s = add_up(j, suite);
    FIRN_TRY(firn_buf_adds(out, "  <testsuite", err));
    FIRN_TRY(put_attribute("name", firn_str_of(suite), out, err));
    FIRN_TRY(put_sums(&s, out, err));
    for (size_t i = 0; i < j->cases.n; i++)
        if (strcmp(j->cases.v[i].suite, suite) == 0)
            FIRN_TRY(put_case(&j->cases.v[i], out, err));
    return firn_buf_adds(out, "  </testsuite>\n", err);
}

firn_code firn_junit_print(const firn_junit *j, firn_buf *out, firn_err *err)
{
    sums all = add_up(j, NULL);
    FIRN_TRY(firn_buf_adds(out,
                           "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"firn "
                           "test\"",
                           err));
    FIRN_TRY(put_sums(&all, out, err));
    for (size_t i = 0; i < j->cases.n; i++)
        if (is_first_of_suite(j, i))
            FIRN_TRY(put_suite(j, j->cases.v[i].suite, out, err));
    return firn_buf_adds(out, "</testsuites>\n", err);
}

firn_code firn_junit_write(const firn_junit *j, firn_env *env, const char *path, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(MAX_XML);
    FIRN_TRY(firn_junit_print(j, &out, err));
    if (firn_fs_replace(env, path, (firn_slice){(const uint8_t *)out.p, out.n}, err) != FIRN_OK)
        return firn_wrap(err, "--junit");
    return FIRN_OK;
}
