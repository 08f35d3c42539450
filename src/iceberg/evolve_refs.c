/* SPDX-License-Identifier: Apache-2.0 */
/* Branches and tags: made, moved, fast-forwarded, dropped, kept for a time. */
#include "iceberg/evolve_int.h"

#include "base/str.h"
#include "iceberg/position.h"

#include <string.h>

#define MAIN "main"

static const char *kind_word(bool is_branch)
{
    return is_branch ? "branch" : "tag";
}

static json_t *ref_of(const firn_evolution *e, firn_str name)
{
    return json_object_getn(e->refs, name.p, name.n);
}

static bool ref_is_branch(const json_t *ref)
{
    const json_t *type = json_object_get(ref, "type");
    return json_is_string(type) && firn_str_eqc(firn_json_text(type), "branch");
}

static int64_t ref_snapshot(const json_t *ref)
{
    return json_integer_value(json_object_get(ref, "snapshot-id"));
}

static firn_code no_ref(const firn_evolution *e, firn_str name, const char *what, firn_err *err)
{
    firn_raise(err, FIRN_E_NOTFOUND, "there is no %s %s", what, firn_quote(name).s);
    return firn_evolve_advise_key(e, e->refs, name, err);
}

static firn_code refuse_firn(firn_str name, firn_err *err)
{
    if (!firn_str_eqc(name, FIRN_POSITION_TAG))
        return FIRN_OK;
    firn_raise(err, FIRN_E_INVAL,
               "the tag " FIRN_POSITION_TAG " is firn's own: it keeps the snapshot that says how "
               "far sources have been read");
    return firn_err_advise(err, "take another name");
}

/* --- writing a ref ------------------------------------------------------------------------- */

static firn_code set_age(json_t *ref, const char *key, int64_t value, firn_err *err)
{
    return value < 0 ? FIRN_OK : firn_json_set(ref, key, json_integer(value), err);
}

/* The ref with its whole content, as an update and in e->refs. */
static firn_code put_ref(firn_evolution *e, firn_str name, json_t *ref, firn_err *err)
{
    json_t *obj;
    FIRN_AUTO(firn_json_unref) json_t *kept = ref;
    FIRN_TRY(firn_evolve_other(e, "set-snapshot-ref", &obj, err));
    FIRN_TRY(firn_json_set(obj, "ref-name", firn_json_new_str(name), err));
    if (json_object_update_missing(obj, kept) != 0)
        return firn_raise_nomem(err);
    return firn_json_setn(e->refs, name, json_incref(kept), err);
}

static firn_code take_ref(firn_evolution *e, firn_str name, firn_err *err)
{
    json_t *obj;
    FIRN_TRY(firn_evolve_other(e, "remove-snapshot-ref", &obj, err));
    FIRN_TRY(firn_json_set(obj, "ref-name", firn_json_new_str(name), err));
    json_object_deln(e->refs, name.p, name.n);
    return FIRN_OK;
}

static firn_code check_retention(bool is_branch, const firn_retention *r, firn_err *err)
{
    if (!is_branch && (r->min_snapshots_to_keep >= 0 || r->max_snapshot_age_ms >= 0))
        return firn_raise(err, FIRN_E_INVAL,
                          "a tag keeps one snapshot: how many and how old are for branches");
    if (r->max_ref_age_ms == 0 || r->min_snapshots_to_keep == 0 || r->max_snapshot_age_ms == 0)
        return firn_raise(err, FIRN_E_INVAL, "a retention of nothing: the least is 1");
    return FIRN_OK;
}

/* "3 days", "90 minutes", "5 ms". */
static const char *age_text(const firn_evolution *e, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *word;
    } units[] = {{86400000, "day"}, {3600000, "hour"}, {60000, "minute"}, {1, "ms"}};
    size_t i = 0;
    while (ms % units[i].ms)
        i++;
    int64_t n = ms / units[i].ms;
    bool plural = n != 1 && units[i].ms > 1;
    const char *text =
        firn_arena_printf(e->a, "%lld %s%s", (long long)n, units[i].word, plural ? "s" : "");
    return text ? text : "?";
}

static firn_code note_retention(firn_evolution *e, firn_str name, bool is_branch,
                                const firn_retention *r, firn_err *err)
{
    if (r->max_ref_age_ms >= 0)
        FIRN_TRY(firn_evolve_note(e, err, "~ %s %s is kept for %s", kind_word(is_branch),
                                  firn_quote(name).s, age_text(e, r->max_ref_age_ms)));
    if (r->min_snapshots_to_keep >= 0)
        FIRN_TRY(firn_evolve_note(e, err, "~ branch %s keeps at least %lld snapshots",
                                  firn_quote(name).s, (long long)r->min_snapshots_to_keep));
    if (r->max_snapshot_age_ms >= 0)
        FIRN_TRY(firn_evolve_note(e, err, "~ branch %s keeps snapshots for %s", firn_quote(name).s,
                                  age_text(e, r->max_snapshot_age_ms)));
    return FIRN_OK;
}

/* A copy of `old` (NULL: a new one) that stands at a snapshot, with what `r` says. */
static firn_code make_ref(const json_t *old, bool is_branch, int64_t snapshot_id,
                          const firn_retention *r, json_t **ret, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *ref = old ? json_deep_copy(old) : json_object();
    FIRN_TRY(firn_json_set(ref, "snapshot-id", json_integer(snapshot_id), err));
    FIRN_TRY(firn_json_set(ref, "type", json_string(kind_word(is_branch)), err));
    FIRN_TRY(set_age(ref, "min-snapshots-to-keep", r->min_snapshots_to_keep, err));
    FIRN_TRY(set_age(ref, "max-snapshot-age-ms", r->max_snapshot_age_ms, err));
    FIRN_TRY(set_age(ref, "max-ref-age-ms", r->max_ref_age_ms, err));
    *ret = json_incref(ref);
    return FIRN_OK;
}

/* --- create, replace ----------------------------------------------------------------------- */

static firn_code check_ref_name(firn_str name, firn_err *err)
{
    if (name.n == 0 || !firn_utf8_valid(name.p, name.n) || memchr(name.p, '\0', name.n))
        return firn_raise(err, FIRN_E_INVAL, "%s is no name for a branch or tag",
                          firn_quote(name).s);
    return refuse_firn(name, err);
}

static firn_code check_mode(const firn_evolution *e, const firn_ref_change *c, const json_t *old,
                            firn_err *err)
{
    if (!old)
        return c->mode == FIRN_REF_REPLACE ? no_ref(e, c->name, kind_word(c->is_branch), err)
                                           : FIRN_OK;
    bool is_branch = ref_is_branch(old);
    if (c->mode == FIRN_REF_CREATE)
        return firn_raise(err, FIRN_E_EXISTS, "there is a %s %s already", kind_word(is_branch),
                          firn_quote(c->name).s);
    if (is_branch != c->is_branch)
        return firn_raise(err, FIRN_E_INVAL, "%s is a %s, not a %s", firn_quote(c->name).s,
                          kind_word(is_branch), kind_word(c->is_branch));
    if (!firn_str_eqc(c->name, MAIN))
        return FIRN_OK;
    firn_raise(err, FIRN_E_INVAL, "the branch main is not moved like another one");
    return firn_err_advise(err, "fast-forward it to a branch that goes on from it");
}

static firn_code choose_snapshot(const firn_evolution *e, const firn_ref_change *c, int64_t *ret,
                                 firn_err *err)
{
    *ret = c->snapshot_id == FIRN_NO_SNAPSHOT ? e->base->current_snapshot_id : c->snapshot_id;
    if (*ret == FIRN_NO_SNAPSHOT)
        return firn_raise(err, FIRN_E_INVAL, "the table has no snapshot yet");
    if (firn_metadata_snapshot(e->base, *ret))
        return FIRN_OK;
    return firn_raise(err, FIRN_E_NOTFOUND, "the table has no snapshot %lld", (long long)*ret);
}

firn_code firn_evolve_set_ref(firn_evolution *e, const firn_ref_change *c, firn_err *err)
{
    int64_t id;
    json_t *ref = NULL;
    const json_t *old = ref_of(e, c->name);
    FIRN_TRY(firn_evolve_need(e, 2, c->is_branch ? "a branch" : "a tag", err));
    FIRN_TRY(check_ref_name(c->name, err));
    FIRN_TRY(check_mode(e, c, old, err));
    FIRN_TRY(check_retention(c->is_branch, &c->retention, err));
    FIRN_TRY(choose_snapshot(e, c, &id, err));
    const char *kind = kind_word(c->is_branch);
    if (!old)
        FIRN_TRY(firn_evolve_note(e, err, "+ %s %s at snapshot %lld", kind, firn_quote(c->name).s,
                                  (long long)id));
    else if (ref_snapshot(old) != id)
        FIRN_TRY(firn_evolve_note(e, err, "~ %s %s from snapshot %lld to %lld", kind,
                                  firn_quote(c->name).s, (long long)ref_snapshot(old),
                                  (long long)id));
    FIRN_TRY(note_retention(e, c->name, c->is_branch, &c->retention, err));
    FIRN_TRY(make_ref(old, c->is_branch, id, &c->retention, &ref, err));
    return put_ref(e, c->name, ref, err);
}

/* --- fast-forward -------------------------------------------------------------------------- */

static bool descends(const firn_metadata *m, int64_t id, int64_t from)
{
    size_t steps = 0;
    while (id != from) {
        const firn_snapshot *s = firn_metadata_snapshot(m, id);
        if (!s || steps++ > m->snapshot_count)
            return false;
        id = s->parent_id;
    }
    return true;
}

firn_code firn_evolve_fast_forward(firn_evolution *e, firn_str branch, firn_str to, firn_err *err)
{
    json_t *ref = NULL;
    const json_t *target = ref_of(e, to);
    const json_t *old = ref_of(e, branch);
    bool first_main = !old && firn_str_eqc(branch, MAIN);
    if (!target)
        return no_ref(e, to, "branch or tag", err);
    if (!old && !first_main)
        return no_ref(e, branch, "branch", err);
    if (old && !ref_is_branch(old))
        return firn_raise(err, FIRN_E_INVAL, "%s is a tag: tags stay where they are",
                          firn_quote(branch).s);
    int64_t from = old ? ref_snapshot(old) : e->base->current_snapshot_id;
    int64_t id = ref_snapshot(target);
    if (from == id && old)
        return FIRN_OK;
    if (!first_main && !descends(e->base, id, from)) {
        firn_raise(err, FIRN_E_INVAL, "%.150s does not go on from where %.150s stands",
                   firn_quote(to).s, firn_quote(branch).s);
        return firn_err_advise(err, "both got snapshots since they parted; a branch goes forward "
                                    "only to its own descendants");
    }
    FIRN_TRY(firn_evolve_note(e, err, "~ branch %.150s from snapshot %lld to %lld",
                              firn_quote(branch).s, (long long)from, (long long)id));
    const firn_retention nothing = FIRN_RETENTION_NONE;
    FIRN_TRY(make_ref(old, true, id, &nothing, &ref, err));
    return put_ref(e, branch, ref, err);
}

/* --- retention, drop, rename --------------------------------------------------------------- */

firn_code firn_evolve_retention(firn_evolution *e, firn_str name, const firn_retention *r,
                                firn_err *err)
{
    json_t *ref = NULL;
    const json_t *old = ref_of(e, name);
    if (!old)
        return no_ref(e, name, "branch or tag", err);
    FIRN_TRY(refuse_firn(name, err));
    FIRN_TRY(check_retention(ref_is_branch(old), r, err));
    if (r->max_ref_age_ms >= 0 && firn_str_eqc(name, MAIN))
        return firn_raise(err, FIRN_E_INVAL, "the branch main is always kept");
    FIRN_TRY(note_retention(e, name, ref_is_branch(old), r, err));
    FIRN_TRY(make_ref(old, ref_is_branch(old), ref_snapshot(old), r, &ref, err));
    return put_ref(e, name, ref, err);
}

firn_code firn_evolve_drop_ref(firn_evolution *e, firn_str name, bool is_branch, firn_err *err)
{
    const json_t *old = ref_of(e, name);
    if (firn_str_eqc(name, MAIN))
        return firn_raise(err, FIRN_E_INVAL, "the branch main cannot be dropped: it is the table");
    FIRN_TRY(refuse_firn(name, err));
    if (!old)
        return no_ref(e, name, kind_word(is_branch), err);
    if (ref_is_branch(old) != is_branch)
        return firn_raise(err, FIRN_E_INVAL, "%s is a %s, not a %s", firn_quote(name).s,
                          kind_word(!is_branch), kind_word(is_branch));
    FIRN_TRY(firn_evolve_note(e, err, "- %s %s at snapshot %lld", kind_word(is_branch),
                              firn_quote(name).s, (long long)ref_snapshot(old)));
    return take_ref(e, name, err);
}

firn_code firn_evolve_rename_branch(firn_evolution *e, firn_str name, firn_str new_name,
                                    firn_err *err)
{
    json_t *old = ref_of(e, name);
    if (!old || !ref_is_branch(old))
        return no_ref(e, name, "branch", err);
    if (firn_str_eqc(name, MAIN))
        return firn_raise(err, FIRN_E_INVAL, "the branch main has no other name");
    FIRN_TRY(check_ref_name(new_name, err));
    if (ref_of(e, new_name))
        return firn_raise(err, FIRN_E_EXISTS, "there is a branch or tag %s already",
                          firn_quote(new_name).s);
    json_incref(old);
    firn_code code = take_ref(e, name, err);
    if (code != FIRN_OK) {
        json_decref(old);
        return code;
    }
    FIRN_TRY(firn_evolve_note(e, err, "~ branch %.150s → %.150s", firn_quote(name).s,
                              firn_quote(new_name).s));
    return put_ref(e, new_name, old, err);
}
