/* SPDX-License-Identifier: Apache-2.0 */
#include "iceberg/travel.h"

#include "base/datetime.h"
#include "base/str.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SHOWN 4 /* snapshots or refs that a message names */

/* --- times --------------------------------------------------------------------------------- */

/* "… 10:00 UTC" and "… 10:00 +02:00" as "… 10:00" and "… 10:00+02:00". */
static firn_str without_zone_blank(firn_str s, char out[64])
{
    size_t n = s.n;
    if (n > 3 && firn_str_ieq((firn_str){s.p + n - 3, 3}, FIRN_STR_LIT("UTC")))
        return firn_str_trim((firn_str){s.p, n - 3});
    const char *blank = n > 11 ? memchr(s.p + 11, ' ', n - 11) : NULL;
    if (!blank || n >= 64)
        return s;
    size_t before = (size_t)(blank - s.p);
    firn_str zone = firn_str_trim((firn_str){blank, n - before});
    if (!zone.n || (zone.p[0] != '+' && zone.p[0] != '-' && zone.p[0] != 'Z'))
        return s;
    memcpy(out, s.p, before);
    memcpy(out + before, zone.p, zone.n);
    return (firn_str){out, before + zone.n};
}

bool firn_at_time(firn_str text, int64_t *ret_ms)
{
    char copy[64];
    int32_t days;
    int64_t us;
    bool zoned;
    firn_str s = firn_str_trim(text);
    if (firn_date_parse(s, &days)) {
        *ret_ms = (int64_t)days * (FIRN_US_PER_DAY / 1000);
        return true;
    }
    if (!firn_timestamp_parse(without_zone_blank(s, copy), &us, &zoned))
        return false;
    *ret_ms = firn_floor_div(us, 1000);
    return true;
}

static bool all_digits(firn_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.n > 0;
}

/* Whether a text was meant to be a date or time: a branch may be called 2026-q1, but one called
 * 2026-13-45 is a mistake. */
static bool looks_like_time(firn_str s)
{
    static const char form[] = "dddd-dd-dd";
    if (s.n < sizeof form - 1)
        return false;
    for (size_t i = 0; i < sizeof form - 1; i++) {
        bool digit = s.p[i] >= '0' && s.p[i] <= '9';
        if (form[i] == 'd' ? !digit : s.p[i] != form[i])
            return false;
    }
    return s.n == sizeof form - 1 || s.p[10] == ' ' || s.p[10] == 'T' || s.p[10] == 't';
}

firn_code firn_at_parse(firn_str text, firn_at *ret, firn_err *err)
{
    firn_str s = firn_str_trim(text);
    firn_at at = {.kind = FIRN_AT_REF, .name = s};
    if (s.n == 0)
        return firn_raise(err, FIRN_E_USAGE, "no snapshot, time, branch or tag is said");
    if (all_digits(s)) {
        at.kind = FIRN_AT_VERSION;
        if (!firn_str_i64(s, &at.snapshot_id))
            return firn_raise(err, FIRN_E_USAGE, "%s is too large for a snapshot id",
                              firn_quote(s).s);
    } else if (firn_at_time(s, &at.timestamp_ms)) {
        at.kind = FIRN_AT_TIMESTAMP;
        at.name = (firn_str){NULL, 0};
    } else if (looks_like_time(s)) {
        firn_raise(err, FIRN_E_USAGE, "%s is no time", firn_quote(s).s);
        return firn_err_advise(err, "write it as 2026-11-01, '2026-11-01 10:00:00' (UTC) or "
                                    "2026-11-01T10:00:00+02:00");
    }
    *ret = at;
    return FIRN_OK;
}

/* --- printing ------------------------------------------------------------------------------ */

typedef struct time_text {
    char s[FIRN_TIME_TEXT_MAX + 8];
} time_text;

static time_text time_of(int64_t ms)
{
    time_text t;
    char text[FIRN_TIME_TEXT_MAX];
    firn_timestamp_print(ms * 1000, false, text);
    text[10] = ' ';
    snprintf(t.s, sizeof t.s, "%s UTC", text);
    return t;
}

firn_code firn_at_print(const firn_at *at, firn_buf *out, firn_err *err)
{
    switch (at->kind) {
    case FIRN_AT_CURRENT:
        return firn_buf_adds(out, "now", err);
    case FIRN_AT_VERSION:
        return firn_buf_addf(out, err, "snapshot %" PRId64, at->snapshot_id);
    case FIRN_AT_TIMESTAMP:
        return firn_buf_adds(out, time_of(at->timestamp_ms).s, err);
    case FIRN_AT_BRANCH:
        return firn_buf_addf(out, err, "branch %s", firn_quote(at->name).s);
    case FIRN_AT_TAG:
        return firn_buf_addf(out, err, "tag %s", firn_quote(at->name).s);
    case FIRN_AT_REF:
        break;
    }
    return firn_buf_adds(out, firn_quote(at->name).s, err);
}

/* --- what is not there --------------------------------------------------------------------- */

/* A list of a few things in a message: ", " between them, "…" behind the last one shown. */
typedef struct listing {
    char s[360];
    size_t n;
} listing;

static void list(listing *l, const char *item)
{
    int n = snprintf(l->s + l->n, sizeof l->s - l->n, "%s%s", l->n ? ", " : "", item);
    if (n > 0)
        l->n = FIRN_MIN(l->n + (size_t)n, sizeof l->s - 1);
}

static void list_snapshot(listing *l, const firn_snapshot *s)
{
    char item[80];
    snprintf(item, sizeof item, "%" PRId64 " (%s)", s->snapshot_id, time_of(s->timestamp_ms).s);
    list(l, item);
}

/* The snapshot whose digits are nearest to the id, first; then the newest ones. */
static void list_snapshots(const firn_metadata *m, int64_t id, listing *l)
{
    char digits[32];
    char texts[64][24];
    firn_str words[64];
    size_t n = FIRN_MIN(m->snapshot_count, FIRN_COUNT_OF(words));
    size_t first = m->snapshot_count - n;
    snprintf(digits, sizeof digits, "%" PRId64, id);
    for (size_t i = 0; i < n; i++) {
        snprintf(texts[i], sizeof texts[i], "%" PRId64, m->snapshots[first + i].snapshot_id);
        words[i] = firn_str_of(texts[i]);
    }
    int near = firn_str_nearest(firn_str_of(digits), words, n);
    if (near >= 0)
        list_snapshot(l, &m->snapshots[first + (size_t)near]);
    for (size_t i = 0; i < SHOWN && i < n; i++)
        if ((int)(n - 1 - i) != near)
            list_snapshot(l, &m->snapshots[m->snapshot_count - 1 - i]);
    if (m->snapshot_count > SHOWN)
        list(l, "…");
}

/* Whether the table once had the snapshot: a younger one was made from it. */
static bool was_there(const firn_metadata *m, int64_t id)
{
    for (size_t i = 0; i < m->snapshot_count; i++)
        if (m->snapshots[i].parent_id == id)
            return true;
    return false;
}

static firn_code no_snapshot(const firn_metadata *m, int64_t id, firn_err *err)
{
    listing l = {.n = 0};
    firn_raise(err, FIRN_E_NOTFOUND,
               was_there(m, id) ? "snapshot %" PRId64 " of the table is expired"
                                : "the table has no snapshot %" PRId64,
               id);
    list_snapshots(m, id, &l);
    if (l.n == 0)
        return firn_err_advise(err, "it has no snapshot at all: nothing was written yet");
    return firn_err_advise(err, "it has %s; `firn history` lists them", l.s);
}

static firn_code no_ref(const firn_metadata *m, const firn_at *at, const char *what, firn_err *err)
{
    listing l = {.n = 0};
    firn_str words[64];
    size_t n = 0;
    for (size_t i = 0; i < m->ref_count && n < FIRN_COUNT_OF(words); i++)
        words[n++] = m->refs[i].name;
    firn_raise(err, FIRN_E_NOTFOUND, "the table has no %s %s", what, firn_quote(at->name).s);
    int near = firn_str_nearest(at->name, words, n);
    if (near >= 0)
        return firn_err_advise(err, "did you mean %s %s?",
                               m->refs[near].is_branch ? "branch" : "tag",
                               firn_quote(m->refs[near].name).s);
    for (size_t i = 0; i < n && i < SHOWN; i++) {
        char item[sizeof(firn_quoted) + 8];
        snprintf(item, sizeof item, "%s %s", m->refs[i].is_branch ? "branch" : "tag",
                 firn_quote(m->refs[i].name).s);
        list(&l, item);
    }
    if (n > SHOWN)
        list(&l, "…");
    return firn_err_advise(err, "it has %s", l.n ? l.s : "neither branches nor tags");
}

/* --- resolving ----------------------------------------------------------------------------- */

static const firn_snapshot *first_ancestor(const firn_metadata *m)
{
    const firn_snapshot *s = firn_metadata_current(m);
    for (size_t i = 0; s && i < m->snapshot_count; i++) {
        const firn_snapshot *parent = firn_metadata_snapshot(m, s->parent_id);
        if (!parent)
            break;
        s = parent;
    }
    return s;
}

static firn_code nothing_then(const firn_metadata *m, int64_t ms, firn_err *err)
{
    const json_t *log = json_object_get(m->root, "snapshot-log");
    const json_t *entry = json_array_get(log, 0);
    const firn_snapshot *first =
        entry ? firn_metadata_snapshot(m, json_integer_value(json_object_get(entry, "snapshot-id")))
              : first_ancestor(m);
    firn_raise(err, FIRN_E_NOTFOUND, "the table has no snapshot of %s or before", time_of(ms).s);
    if (!first)
        return firn_err_advise(err, m->snapshot_count ? "`firn history` lists its snapshots"
                                                      : "nothing was written yet");
    int64_t since =
        entry ? json_integer_value(json_object_get(entry, "timestamp-ms")) : first->timestamp_ms;
    bool expired = first->parent_id != FIRN_NO_SNAPSHOT;
    return firn_err_advise(err, "its first one is %" PRId64 " of %s%s", first->snapshot_id,
                           time_of(since).s, expired ? "; earlier ones are expired" : "");
}

/* The log is optional: without one, what the current snapshot was made from tells the history. */
static const firn_snapshot *ancestor_as_of(const firn_metadata *m, int64_t ms)
{
    const firn_snapshot *s = firn_metadata_current(m);
    for (size_t i = 0; s && s->timestamp_ms > ms && i < m->snapshot_count; i++)
        s = firn_metadata_snapshot(m, s->parent_id);
    return s && s->timestamp_ms <= ms ? s : NULL;
}

static firn_code resolve_time(const firn_metadata *m, int64_t ms, const firn_snapshot **ret,
                              firn_err *err)
{
    const json_t *log = json_object_get(m->root, "snapshot-log");
    int64_t id = FIRN_NO_SNAPSHOT;
    if (json_array_size(log) == 0) {
        *ret = ancestor_as_of(m, ms);
        return *ret ? FIRN_OK : nothing_then(m, ms, err);
    }
    for (size_t i = 0; i < json_array_size(log); i++) {
        const json_t *entry = json_array_get(log, i);
        if (json_integer_value(json_object_get(entry, "timestamp-ms")) <= ms)
            id = json_integer_value(json_object_get(entry, "snapshot-id"));
    }
    if (id == FIRN_NO_SNAPSHOT)
        return nothing_then(m, ms, err);
    *ret = firn_metadata_snapshot(m, id);
    if (*ret)
        return FIRN_OK;
    firn_code code = no_snapshot(m, id, err);
    firn_wrap(err, "at %s", time_of(ms).s);
    return code;
}

static firn_code wrong_kind(const firn_ref *ref, firn_err *err)
{
    firn_raise(err, FIRN_E_NOTFOUND, "%s is a %s of the table, not a %s", firn_quote(ref->name).s,
               ref->is_branch ? "branch" : "tag", ref->is_branch ? "tag" : "branch");
    return firn_err_advise(err, "write AT (%s => %s)", ref->is_branch ? "BRANCH" : "TAG",
                           firn_quote(ref->name).s);
}

static firn_code resolve_ref(const firn_metadata *m, const firn_at *at, const firn_snapshot **ret,
                             bool *ret_branch, firn_err *err)
{
    const firn_ref *ref = firn_metadata_ref(m, at->name);
    const char *what = at->kind == FIRN_AT_BRANCH ? "branch"
                       : at->kind == FIRN_AT_TAG  ? "tag"
                                                  : "branch or tag";
    if (!ref && at->kind != FIRN_AT_TAG && firn_str_eqc(at->name, "main")) {
        *ret_branch = true; /* a table without snapshots, or of version 1 */
        *ret = firn_metadata_current(m);
        return FIRN_OK;
    }
    if (!ref)
        return no_ref(m, at, what, err);
    if ((at->kind == FIRN_AT_BRANCH && !ref->is_branch) ||
        (at->kind == FIRN_AT_TAG && ref->is_branch))
        return wrong_kind(ref, err);
    *ret_branch = ref->is_branch;
    *ret = firn_metadata_snapshot(m, ref->snapshot_id);
    return FIRN_OK;
}

static firn_code resolve_version(const firn_metadata *m, const firn_at *at,
                                 const firn_snapshot **ret, bool *ret_branch, firn_err *err)
{
    *ret_branch = false;
    *ret = firn_metadata_snapshot(m, at->snapshot_id);
    if (*ret)
        return FIRN_OK;
    if (at->name.p && firn_metadata_ref(m, at->name)) {
        firn_at ref = {.kind = FIRN_AT_REF, .name = at->name};
        return resolve_ref(m, &ref, ret, ret_branch, err);
    }
    return no_snapshot(m, at->snapshot_id, err);
}

firn_code firn_at_resolve(const firn_metadata *m, const firn_at *at,
                          const firn_snapshot **ret_snapshot, const firn_schema **ret_schema,
                          firn_err *err)
{
    const firn_snapshot *s = NULL;
    bool current = false;
    switch (at->kind) {
    case FIRN_AT_CURRENT:
        s = firn_metadata_current(m);
        current = true;
        break;
    case FIRN_AT_VERSION:
        FIRN_TRY(resolve_version(m, at, &s, &current, err));
        break;
    case FIRN_AT_TIMESTAMP:
        FIRN_TRY(resolve_time(m, at->timestamp_ms, &s, err));
        break;
    case FIRN_AT_BRANCH:
    case FIRN_AT_TAG:
    case FIRN_AT_REF:
        FIRN_TRY(resolve_ref(m, at, &s, &current, err));
        break;
    }
    /* snapshots of version 1 may not say which schema they had */
    const firn_schema *own = s && !current ? firn_metadata_schema(m, s->schema_id) : NULL;
    *ret_snapshot = s;
    *ret_schema = own ? own : m->schema;
    return FIRN_OK;
}
