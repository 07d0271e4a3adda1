#include "verified/asking.h"

#include <stdio.h>
#include <string.h>

#include "verified/keep.h"
#include "verified/scope.h"

static wtl_bytes key_of(const wtl_verified_handle *h)
{
    return (wtl_bytes){h->of.print, WTL_FINGERPRINT};
}

/* ---- the answer */

static bool denied(const wtl_verified_handle *h, const wtl_record *r, const uint8_t *id)
{
    wtl_denied *d = &h->c->denied;
    if (r->denials == atomic_load_explicit(&d->state, memory_order_acquire))
        return false;
    for (unsigned i = 0; i < r->n_ids; i++) {
        if (wtl_denied_has(d, id + (size_t)i * WTL_FINGERPRINT, h->now))
            return true;
    }
    return false;
}

static int refuse(wtl_verified_handle *h, wtl_verified_answer *a, enum wtl_verified_why why, const char *text,
                  wtl_err *err)
{
    static const enum wtl_verified_counter count[] = {[WTL_VERIFIED_REFUSED] = WTL_VERIFIED_COUNTS,
                                                      [WTL_VERIFIED_EARLY] = WTL_COUNT_early,
                                                      [WTL_VERIFIED_LATE] = WTL_COUNT_late,
                                                      [WTL_VERIFIED_DENIED] = WTL_COUNT_denied};
    if (count[why] != WTL_VERIFIED_COUNTS)
        wtl_verified_add(h, count[why], 1);
    a->why = why;
    a->text = text;
    return WTL_FAIL(err, WTL_NO, "%s", text);
}

/* What the verdict comes to now. `key` and `id` are its, wherever they lie. */
static int conclude(wtl_verified_handle *h, const wtl_record *r, const uint8_t *key, const uint8_t *id,
                    wtl_bytes result, wtl_verified_answer *a, wtl_err *err)
{
    if (!r->yes) {
        a->code = r->code;
        return refuse(h, a, WTL_VERIFIED_REFUSED, (const char *)result.p, err);
    }
    if (h->now.wall < r->nbf)
        return refuse(h, a, WTL_VERIFIED_EARLY, "verified, but not valid yet", err);
    if (h->now.wall >= r->ends)
        return refuse(h, a, WTL_VERIFIED_LATE, "verified, but expired, or its key retired", err);
    if (denied(h, r, id))
        return refuse(h, a, WTL_VERIFIED_DENIED, "verified, but denied since by name or key", err);
    a->why = WTL_VERIFIED_GOOD;
    a->text = "";
    a->until = r->until;
    a->result = result;
    a->key = r->has_key ? key : NULL;
    return WTL_OK;
}

static int conclude_own(wtl_verified_handle *h, enum wtl_verified_from from, wtl_verified_answer *a,
                        wtl_err *err)
{
    a->from = from;
    return conclude(h, &h->record, h->record.key, h->record.id[0], wtl_buf_view(&h->result), a, err);
}

/* ---- looking up */

static bool same(const wtl_verified_handle *h, const wtl_record *r, wtl_bytes value)
{
    const uint8_t *at = value.p + sizeof *r;
    wtl_bytes scope = h->of.scope;
    wtl_bytes subject = h->of.subject;
    return r->scope_n == scope.n && r->subject_n == subject.n && wtl_record_size(r) == value.n &&
           memcmp(at, scope.p, scope.n) == 0 &&
           (subject.n == 0 || memcmp(at + scope.n, subject.p, subject.n) == 0);
}

/* Whether it still holds; else what it is counted as. */
static bool alive(wtl_verified_handle *h, const wtl_record *r, enum wtl_verified_counter *why)
{
    *why = r->epoch != h->of.epoch ? WTL_COUNT_revoked : WTL_COUNT_expired;
    return r->epoch == h->of.epoch && h->now.wall < r->until && h->now.ms < r->deadline;
}

/* WTL_OK with *rc: found, *rc is the call's, and the handle stays in its section. WTL_NO: not found. */
static int look_in(wtl_verified_handle *h, wtl_cache_reader *r, enum wtl_verified_counter hit,
                   wtl_verified_answer *a, int *rc, wtl_err *err)
{
    wtl_cache_ref ref;
    wtl_record rec;
    enum wtl_verified_counter why = WTL_COUNT_mixed;
    wtl_cache_enter(r);
    int got = wtl_cache_get(r, key_of(h), &ref);
    if (got == WTL_OK) {
        memcpy(&rec, ref.value.p, WTL_RECORD_FRONT);
        bool equal = same(h, &rec, ref.value);
        if (equal && alive(h, &rec, &why)) {
            size_t front = sizeof rec + rec.scope_n + rec.subject_n;
            h->inside = r;
            a->from = WTL_VERIFIED_HIT;
            wtl_verified_add(h, hit, 1);
            *rc = conclude(h, &rec, ref.value.p + offsetof(wtl_record, key),
                           ref.value.p + offsetof(wtl_record, id),
                           (wtl_bytes){ref.value.p + front, rec.result_n}, a, err);
            return WTL_OK;
        }
        wtl_verified_add(h, why, 1);
    }
    wtl_cache_leave(r);
    if (why != WTL_COUNT_mixed)
        wtl_cache_del(r, key_of(h)); /* whoever has put a new one there meanwhile loses little */
    return got == WTL_OK ? WTL_NO : got;
}

static int look(wtl_verified_handle *h, wtl_verified_answer *a, int *rc, wtl_err *err)
{
    int found = look_in(h, h->yes, WTL_COUNT_hits, a, rc, err);
    if (found == WTL_NO && h->no != NULL)
        found = look_in(h, h->no, WTL_COUNT_negative_hits, a, rc, err);
    return found;
}

/* ---- verifying */

static void at_most(int64_t *t, int64_t limit)
{
    if (limit < *t)
        *t = limit;
}

static uint64_t life(const wtl_verified_handle *h, const wtl_verified_verdict *v)
{
    const wtl_verified_options *o = &h->c->o;
    uint64_t ms = v->ttl_ms != 0 ? v->ttl_ms : h->ask->ttl_ms != 0 ? h->ask->ttl_ms : o->ttl_ms;
    if (ms > o->ttl_most_ms)
        ms = o->ttl_most_ms;
    return h->record.yes || ms < o->negative_ttl_ms ? ms : o->negative_ttl_ms;
}

/* Both ends of its life, counted from before the callback was called. */
static void date(wtl_verified_handle *h, const wtl_verified_verdict *v, wtl_denied_now from)
{
    wtl_record *r = &h->record;
    uint64_t ms = life(h, v);
    int64_t seconds = (int64_t)((ms + 999) / 1000);
    r->nbf = v->nbf;
    r->ends = v->exp;
    at_most(&r->ends, v->retires);
    r->until = from.wall > INT64_MAX - seconds ? INT64_MAX : from.wall + seconds;
    at_most(&r->until, r->yes ? r->ends : INT64_MAX);
    if (r->until <= from.wall)
        ms = 0;
    else if ((uint64_t)(r->until - from.wall) * 1000 < ms)
        ms = (uint64_t)(r->until - from.wall) * 1000;
    r->deadline = from.ms + ms;
}

/* Its ids, its key's last. They are looked up once; a hit looks again only when more was denied since. */
static void name(wtl_verified_handle *h)
{
    wtl_record *r = &h->record;
    uint64_t state = atomic_load_explicit(&h->c->denied.state, memory_order_acquire);
    if (r->has_key)
        wtl_verified_id_of(h->c, WTL_VERIFIED_ID_KEY, (wtl_bytes){r->key, sizeof r->key}, r->id[r->n_ids++]);
    r->denials = 0;
    if (!denied(h, r, r->id[0]))
        r->denials = state;
}

/* The sentence of a no goes where the result of a yes does. */
static int speak(wtl_verified_handle *h, wtl_verified_verdict *v, const wtl_err *e, wtl_err *err)
{
    v->text[sizeof v->text - 1] = '\0';
    if (v->text[0] == '\0')
        snprintf(v->text, sizeof v->text, "%s", e->text[0] != '\0' ? e->text : "it does not verify");
    wtl_buf_free(&h->result);
    wtl_buf_str(&h->result, v->text);
    wtl_buf_u8(&h->result, 0);
    return wtl_buf_check(&h->result, err);
}

static int call(wtl_verified_handle *h, wtl_verified_fn *verify, void *arg, wtl_err *err)
{
    wtl_denied_now from = h->now;
    wtl_err e;
    wtl_verified_verdict v = {
        .nbf = WTL_VERIFIED_ALWAYS, .exp = WTL_VERIFIED_NEVER, .retires = WTL_VERIFIED_NEVER, .own = h};
    h->record = (wtl_record){.epoch = h->of.epoch, .subject_n = h->of.subject.n};
    h->record.scope_n = (uint32_t)h->of.scope.n;
    wtl_buf_free(&h->result);
    e.text[0] = '\0';
    wtl_verified_add(h, WTL_COUNT_misses, 1);
    h->calling = true;
    int rc = verify(arg, h->ask, from.wall, &v, &e);
    h->calling = false;
    h->now = wtl_verified_now(h->c);
    if (rc < 0 && rc != WTL_NO) {
        wtl_verified_add(h, WTL_COUNT_failed, 1);
        if (err != NULL)
            *err = e;
        return rc;
    }
    h->record.yes = rc == WTL_OK && v.yes;
    h->record.code = v.code;
    if (!h->record.yes) {
        wtl_verified_add(h, WTL_COUNT_refused, 1);
        TRY(speak(h, &v, &e, err));
    }
    h->record.result_n = (uint32_t)h->result.n;
    date(h, &v, from);
    name(h);
    wtl_keep(h);
    return WTL_OK;
}

/* This thread's own verification, for all that wait for `f`. */
static int lead(wtl_verified_handle *h, wtl_flight *f, wtl_verified_fn *verify, void *arg,
                wtl_verified_answer *a, wtl_err *err)
{
    int rc = call(h, verify, arg, err);
    wtl_flight_end(&h->c->flights, f, rc == WTL_OK ? &h->record : NULL, wtl_buf_view(&h->result));
    return rc == WTL_OK ? conclude_own(h, WTL_VERIFIED_FRESH, a, err) : rc;
}

static int take(wtl_verified_handle *h, wtl_flight *f, wtl_err *err)
{
    h->record = f->record;
    wtl_buf_free(&h->result);
    wtl_buf_bytes(&h->result, wtl_buf_view(&f->result));
    wtl_flight_drop(&h->c->flights, f);
    h->now = wtl_verified_now(h->c);
    wtl_verified_add(h, WTL_COUNT_joined, 1);
    return wtl_buf_check(&h->result, err);
}

static struct timespec limit_of(uint64_t wait_ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += (time_t)(wait_ms / 1000);
    t.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

static int miss(wtl_verified_handle *h, wtl_verified_fn *verify, void *arg, wtl_verified_answer *a,
                wtl_err *err)
{
    struct timespec limit = limit_of(h->c->o.wait_ms);
    wtl_flight *f;
    int rc = WTL_OK;
    for (;;) {
        switch (wtl_flight_join(&h->c->flights, &h->of, &limit, &f)) {
        case WTL_FLIGHT_AGAIN:
            continue;
        case WTL_FLIGHT_GOOD:
            TRY(take(h, f, err));
            return conclude_own(h, WTL_VERIFIED_JOINED, a, err);
        case WTL_FLIGHT_ALONE:
            wtl_verified_add(h, WTL_COUNT_gave_up, 1);
            h->now = wtl_verified_now(h->c);
            return lead(h, NULL, verify, arg, a, err);
        case WTL_FLIGHT_LEAD:
            break;
        }
        /* between the first look and now another may have ended */
        h->now = wtl_verified_now(h->c);
        if (look(h, a, &rc, err) != WTL_OK)
            return lead(h, f, verify, arg, a, err);
        wtl_flight_end(&h->c->flights, f, NULL, (wtl_bytes){NULL, 0});
        return rc;
    }
}

int wtl_asking(wtl_verified_handle *h, wtl_verified_fn *verify, void *arg, wtl_verified_answer *a,
               wtl_err *err)
{
    wtl_verified_cache *c = h->c;
    int rc = WTL_OK;
    TRY(wtl_scope_make(h, h->ask, err));
    h->of.epoch = atomic_load_explicit(&c->epoch, memory_order_acquire);
    h->now = wtl_verified_now(c);
    c->print(&c->of_subjects, h->of.scope, h->of.subject, h->of.print);
    wtl_verified_add(h, WTL_COUNT_asks, 1);
    int found = look(h, a, &rc, err);
    if (found == WTL_OK)
        return rc;
    ENSURE(found == WTL_NO, err, WTL_USAGE,
           "this handle is not of this process: after fork open one in the child");
    return miss(h, verify, arg, a, err);
}
