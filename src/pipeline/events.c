/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/events.h"

#include "base/datetime.h"
#include "base/str.h"

#include <stdio.h>

static json_t *text(const char *s)
{
    json_t *j = json_string(s);
    return j ? j : json_string("?"); /* bytes that are not UTF-8 */
}

void firn_event(firn_events *e, const char *name, json_t *fields)
{
    if (!e->fn || !fields) {
        json_decref(fields);
        return;
    }
    char at[FIRN_TIME_TEXT_MAX];
    int64_t now = firn_env_now_us(e->env);
    int64_t fraction = now % FIRN_US_PER_SECOND; /* always six digits */
    size_t n = firn_timestamp_print(now - fraction, false, at);
    snprintf(at + n, sizeof at - n, ".%06lldZ", (long long)fraction);
    json_t *event = json_pack("{s:i, s:s, s:s, s:s}", "v", FIRN_EVENTS_VERSION, "event", name, "at",
                              at, "run", e->run_id);
    if (event && json_object_update(event, fields) == 0) {
        pthread_mutex_lock(&e->lock);
        e->fn(e->arg, event);
        pthread_mutex_unlock(&e->lock);
    }
    json_decref(event);
    json_decref(fields);
}

json_t *firn_event_text(firn_str s)
{
    json_t *j = firn_json_new_str(s);
    return j ? j : json_string("?");
}

void firn_event_note(firn_events *e, firn_str stream, firn_str ns, firn_str table, firn_str message)
{
    firn_event(e, "note",
               json_pack("{s:o, s:o, s:o, s:o}", "stream",
                         stream.n ? firn_event_text(stream) : json_null(), "namespace",
                         firn_event_text(ns), "table", firn_event_text(table), "text",
                         firn_event_text(message)));
}

json_t *firn_event_error(const firn_err *err)
{
    char id[8];
    snprintf(id, sizeof id, "E%04u", (unsigned)err->id);
    return json_pack("{s:s, s:s, s:o, s:o, s:o}", "id", id, "code",
                     firn_code_policy_of(err->code)->name, "where", text(err->where), "text",
                     text(err->text), "advice", text(err->advice));
}
