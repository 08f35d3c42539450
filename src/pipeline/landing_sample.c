/* SPDX-License-Identifier: Apache-2.0 */
/* For the plan of a large landing: a part of the files becomes rows, of more of them the records
 * are counted, and what the whole would be is worked out from that.
 *
 * Files are chosen by their bytes, evenly over all of them in landing order, so that small and
 * large, old and new ones are among them as they are in the whole. */
#include "pipeline/landing_int.h"

#include "base/str.h"

#include <math.h>

#define MB            ((uint64_t)1 << 20)
#define DECODED_FILES 64          /* whose first bytes become rows */
#define FRAMED_BYTES  (2048 * MB) /* of records that are counted, when they are not too many */
#define FRAMED_FILES  512
#define FRAMED_PART   (4 * MB)
#define ZIP_RATIO     6 /* of raw to stored bytes, until it is measured */
#define PARQUET_RATIO 4

/* --- which part ---------------------------------------------------------------------------- */

static uint64_t raw_bytes(const landing *l, size_t i)
{
    const firn_source_file *f = &l->files[i];
    bool zipped = firn_str_ends(f->name, ".gz") || firn_str_ends(f->name, ".zst");
    return f->stat.size * (l->kind == FIRN_FILE_PARQUET ? PARQUET_RATIO : zipped ? ZIP_RATIO : 1);
}

/* Gives `each` bytes to the files in which the middles of `count` equal parts of all bytes lie. */
static void spread(const landing *l, uint64_t total, size_t count, uint64_t each, bool decoded,
                   firn_feed_part *parts)
{
    uint64_t end = 0;
    size_t k = 0;
    for (size_t i = 0; i < l->file_count; i++) {
        end += raw_bytes(l, i);
        for (; k < count && (double)total * ((double)k + 0.5) / (double)count < (double)end; k++) {
            parts[i].decoded += decoded ? each : 0;
            parts[i].framed += each;
        }
    }
}

static firn_code choose_parts(landing *l, uint64_t total, uint64_t sample, firn_err *err)
{
    firn_feed_part *parts = firn_arena_array(l->a, l->file_count, sizeof *parts);
    size_t files = FIRN_MIN(l->file_count, (size_t)DECODED_FILES);
    if (!parts)
        return firn_arena_raise(l->a, err);
    for (size_t i = 0; i < l->file_count; i++)
        parts[i] = (firn_feed_part){.framed = total <= FRAMED_BYTES ? UINT64_MAX / 2 : 0};
    if (total > FRAMED_BYTES)
        spread(l, total, FRAMED_FILES, FRAMED_PART, false, parts);
    spread(l, total, files, sample / files, true, parts);
    l->parts = parts;
    return FIRN_OK;
}

firn_code firn_landing_sample(landing *l, firn_err *err)
{
    uint64_t total = 0;
    if (!l->run->shadow)
        return FIRN_OK;
    for (size_t i = 0; i < l->file_count; i++)
        total += raw_bytes(l, i);
    firn_shadow_budget budget =
        firn_shadow_budget_of(l->run->shadow, l->run->memory.engine >> (l->way->samples * 2));
    if (total <= budget.exact && !l->way->samples) {
        firn_shadow_take(l->run->shadow, total);
        return FIRN_OK;
    }
    l->sampled = true;
    l->sample = (firn_shadow_sample){0};
    if (l->kind != FIRN_FILE_PARQUET)
        return choose_parts(l, total, budget.sample, err);
    l->sample.limit = (int64_t)(budget.sample / 256); /* rows: their width is not known yet */
    return FIRN_OK;
}

/* --- the whole ----------------------------------------------------------------------------- */

typedef struct whole {
    double records;
    double raw;
} whole;

/* Files that were not looked at are taken for as dense as the others together. */
static whole estimate(const landing *l)
{
    whole w = {0};
    double looked_at = 0;
    double others = 0;
    for (size_t i = 0; i < l->file_count; i++) {
        const firn_feed_file *f = &l->done[i];
        double size = (double)l->files[i].stat.size;
        if (f->consumed == 0) {
            others += size;
            continue;
        }
        double times = size / (double)f->consumed;
        w.records += (double)f->seen * times;
        w.raw += (double)f->raw * times;
        looked_at += size;
    }
    double more = looked_at > 0 ? 1 + others / looked_at : 1;
    return (whole){w.records * more, w.raw * more};
}

static int64_t ceil_div(double a, double b)
{
    return b > 0 ? (int64_t)ceil(a / b) : 0;
}

/* Unit by unit, as land_units() makes them. */
static int64_t count_files(const landing *l, double rows, double bytes, double raw)
{
    double target = (double)l->target.format.target_file_bytes;
    double left = raw;
    int64_t files = 0;
    if (l->spec.field_count) {
        double times = l->kept > 0 ? rows / (double)l->kept : 1;
        return (int64_t)((double)l->data.n * pow(FIRN_MAX(times, 1.0), l->sample.growth) + 0.5);
    }
    if (l->kind == FIRN_FILE_PARQUET)
        return firn_write_file_count(l->run, &l->target, (int64_t)rows, (int64_t)bytes);
    for (double unit = target * FIRN_LANDING_FIRST_RATIO; left > 0; unit = target * raw / bytes) {
        double share = FIRN_MIN(unit, left) / raw;
        if (unit <= 0 || !(bytes > 0))
            return 1;
        if (left > unit && unit == target * raw / bytes) { /* the others are alike */
            int64_t units = ceil_div(left, unit) - 1;
            files += units * firn_write_file_count(l->run, &l->target, (int64_t)(rows * share),
                                                   (int64_t)(bytes * share));
            left -= (double)units * unit;
            continue;
        }
        files += firn_write_file_count(l->run, &l->target, (int64_t)FIRN_MAX(rows * share, 1.0),
                                       (int64_t)(bytes * share));
        left -= unit;
    }
    return files;
}

static firn_code check_rejects(const landing *l, const whole *w, double rejects, firn_err *err)
{
    const firn_reject_limits *limits = &l->project->rejects;
    bool by_share = w->records > 1000 && rejects / w->records > limits->max_ratio;
    if (rejects <= (double)limits->max && !by_share)
        return FIRN_OK;
    firn_raise(err, FIRN_E_LIMIT,
               "about %.0f of %.0f records would be rejected, judged by a sample of them", rejects,
               w->records);
    return firn_err_advise(err, "give the columns their types, or raise rejects.max and "
                                "rejects.max_ratio");
}

static whole whole_of(const landing *l)
{
    if (l->feed)
        return estimate(l);
    double raw = 0;
    for (size_t i = 0; i < l->file_count; i++)
        raw += (double)raw_bytes(l, i);
    return (whole){(double)l->parquet_records, raw};
}

/* The main one, and those of arrays that had rows: each unit makes files in all of them. */
static size_t tables_written(const landing *l)
{
    size_t n = 1;
    for (size_t i = 0; i < l->children.n; i++)
        n += l->children.v[i]->data.n > 0;
    return n;
}

/* Of Parquet all rejects are known, of other files as many as became rows would have. */
firn_code firn_landing_sample_done(landing *l, firn_err *err)
{
    firn_landed_result *r = l->result;
    if (!l->sampled)
        return FIRN_OK;
    whole w = whole_of(l);
    double decoded = l->feed ? (double)firn_feed_total(l->feed).records : (double)l->kept;
    double times = decoded > 0 ? FIRN_MAX(w.records / decoded, 1.0) : 1;
    double rejects = (double)l->reject_count * (l->feed ? times : 1);
    double rows = l->feed ? (double)l->kept * times : w.records - rejects;
    double per_row = l->kept > 0 ? (double)r->bytes_written / (double)l->kept : 0;
    double per_raw = r->bytes_read ? (double)r->bytes_written / (double)r->bytes_read : 0;
    double bytes = l->feed ? per_raw * w.raw : per_row * rows;
    FIRN_TRY(check_rejects(l, &w, rejects, err));
    for (size_t i = 0; i < l->data.n; i++)
        FIRN_TRY(firn_shadow_set_scale(l->run->shadow, l->data.v[i].file_path,
                                       l->kept > 0 ? rows / (double)l->kept : 1, err));
    r->sampled = true;
    r->rows = (uint64_t)(rows + 0.5);
    r->rejects = (uint64_t)(rejects + 0.5);
    double share = r->bytes_written ? (double)l->kept_bytes / (double)r->bytes_written : 1;
    r->data_files = (size_t)count_files(l, rows, bytes * share, w.raw) * tables_written(l);
    r->bytes_written = (int64_t)bytes;
    r->bytes_read = l->feed ? (uint64_t)w.raw : r->bytes_read;
    r->more_seconds = l->sample.seconds * (times - 1);
    return FIRN_OK;
}
