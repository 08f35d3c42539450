/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/progress.h"

#include "base/datetime.h"
#include "base/str.h"

#define INTERVAL_MS 250
#define QUIET_US    FIRN_US_PER_SECOND /* a command that is done by then says nothing on the way */

static void set_num(json_t *fields, const char *key, double v)
{
    json_object_set_new(fields, key, json_integer((json_int_t)v));
}

/* What is left takes as long as what was done, byte for byte; nothing is said before a tenth of a
 * percent is done. */
static bool estimate(const firn_progress *p, const firn_feed_totals *t, double seconds, double *ret)
{
    if (t->bytes == 0 || p->source->stored_total == 0)
        return false;
    double done = (double)t->stored * (double)(t->bytes - t->waiting) / (double)t->bytes;
    double total = (double)p->source->stored_total;
    if (done < total / 1000 || done > total)
        return false;
    *ret = (total - done) * seconds / done;
    return true;
}

static void send_progress(const firn_progress *p)
{
    firn_feed_totals t = p->source->total(p->source->arg);
    if (t.bytes == 0 && t.records == 0)
        return; /* nothing is known yet */
    double seconds = (double)(firn_env_mono_us(p->events->env) - p->started_us) / 1e6;
    json_t *fields =
        json_pack("{s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:f}", "stream", firn_event_text(p->stream),
                  "namespace", firn_event_text(p->ident.ns), "table",
                  firn_event_text(p->ident.name), "records", (json_int_t)t.records, "bytes",
                  (json_int_t)t.bytes, "stored_bytes", (json_int_t)t.stored, "stored_total",
                  (json_int_t)p->source->stored_total, "seconds", seconds);
    double left;
    if (fields && seconds > 0)
        set_num(fields, "records_per_second", (double)t.records / seconds);
    if (fields && estimate(p, &t, seconds, &left))
        set_num(fields, "eta_seconds", left + 0.5);
    firn_event(p->events, "progress", fields);
}

/* Waits for the next time; false: it is over. */
static bool wait_a_little(firn_progress *p)
{
    pthread_mutex_lock(&p->lock);
    bool signalled = true;
    while (!p->stop && signalled)
        signalled = firn_env_wait(&p->changed, &p->lock, INTERVAL_MS);
    bool on = !p->stop;
    pthread_mutex_unlock(&p->lock);
    return on;
}

static void *send_often(void *arg)
{
    firn_progress *p = arg;
    while (wait_a_little(p))
        if (firn_env_mono_us(p->events->env) - p->events->started_us >= QUIET_US)
            send_progress(p);
    return NULL;
}

static firn_feed_totals total_of_feed(void *arg)
{
    return firn_feed_total(arg);
}

firn_progress_source firn_progress_of_feed(firn_feed *feed, const firn_feed_conf *conf)
{
    firn_progress_source s = {.total = total_of_feed, .arg = feed};
    for (size_t i = 0; i < conf->file_count; i++)
        s.stored_total += conf->files[i].stat.size;
    return s;
}

void firn_progress_begin(firn_progress *p, firn_events *events, const firn_progress_source *source,
                         firn_str stream, firn_ident ident)
{
    *p = (firn_progress){.events = events, .source = source, .stream = stream, .ident = ident};
    if (!events->fn)
        return;
    p->started_us = firn_env_mono_us(events->env);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    p->running = pthread_create(&p->thread, NULL, send_often, p) == 0;
}

void firn_progress_end(firn_progress *p)
{
    if (!p->events->fn)
        return;
    if (p->running) {
        pthread_mutex_lock(&p->lock);
        p->stop = true;
        pthread_cond_signal(&p->changed);
        pthread_mutex_unlock(&p->lock);
        pthread_join(p->thread, NULL);
    }
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
}
