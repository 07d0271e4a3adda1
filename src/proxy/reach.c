#include "proxy/reach.h"

#include <time.h>

#include "hello/pgssl.h"
#include "proxy/tell.h"

static void drop(wtl_reach *r)
{
    wtl_loop_timer_off(&r->timer);
    wtl_end_free(r->end);
    r->end = NULL;
}

void wtl_reach_stop(wtl_reach *r)
{
    wtl_dial_stop(&r->dial);
    drop(r);
}

static void tell(wtl_reach *r, int rc, const wtl_err *why, bool late, enum wtl_facts_reason reason)
{
    wtl_tell t = {.peer = r->target->text,
                  .link = rc == WTL_OK ? r->end->link : NULL,
                  .reason = reason,
                  .began = r->began,
                  .late = late};
    wtl_tell_handshake(r->service, &t, rc, why);
}

static void give_up(wtl_reach *r, const wtl_err *why)
{
    wtl_reach_stop(r);
    r->done(r->arg, NULL, NULL, why);
}

/* Whether a peer that could not be spoken to may be asked once more for less. A wrong certificate is no reason to. */
static bool may_weaken(const wtl_reach *r, int rc, bool late)
{
    if (r->classical || r->service->policy.mode != WTL_POLICY_CLASSICAL_FALLBACK || r->end == NULL ||
        r->end->link == NULL)
        return false;
    AUTO(wtl_buf) groups = {0};
    if (wtl_policy_weaker(&r->service->policy, &groups, NULL) < 0 || groups.n == 0)
        return false;
    return late || rc == WTL_IO || wtl_link_alerted(r->end->link);
}

static void failed(wtl_reach *r, int rc, const wtl_err *why, bool late)
{
    tell(r, rc, why, late, WTL_FACTS_NO_FALLBACK);
    bool again = may_weaken(r, rc, late);
    if (!again) {
        give_up(r, why);
        return;
    }
    drop(r);
    r->classical = true;
    wtl_err err;
    if (wtl_reach_start(r, &err) < 0)
        give_up(r, &err);
}

static void timed_out(void *arg)
{
    wtl_reach *r = arg;
    wtl_err err;
    (void)WTL_FAIL(&err, WTL_IO, "%s did not finish the handshake in time", r->target->text);
    failed(r, WTL_IO, &err, true);
}

/* A peer that was post-quantum once is held to it; one that is so now will be. */
static int keep_pins(wtl_reach *r, const wtl_facts *f, wtl_err *err)
{
    const wtl_proxy_env *env = r->service->worker->env;
    int64_t now = (int64_t)time(NULL);
    char last[32] = "";
    if (env->pins == NULL)
        return WTL_OK;
    bool weak = f->group == NULL || f->group->class == WTL_GROUP_CLASSICAL;
    if (weak) {
        bool held = r->service->policy.mode != WTL_POLICY_CLASSICAL_FALLBACK &&
                    wtl_pin_holds(env->pins, r->target->text, now, last);
        ENSURE(!held, err, WTL_POLICY,
               "%s now answers with %s, but agreed on %s before: refused as a downgrade (forget its pin when "
               "this is "
               "meant to be)",
               r->target->text, f->group == NULL ? "no group" : f->group->name, last);
        return WTL_OK;
    }
    wtl_err full;
    if (wtl_pin_saw(env->pins, r->target->text, f->group->name, now, &full) < 0)
        wtl_event_say(env->sink, WTL_EVENT_WARN, "wattle.pin", r->service->name, "%s", full.text);
    else if (wtl_pin_changed(env->pins) && env->pinned != NULL)
        env->pinned(env->arg);
    return WTL_OK;
}

static void finished(wtl_reach *r)
{
    wtl_err err;
    const wtl_facts *f = wtl_link_facts(r->end->link);
    enum wtl_facts_reason reason = WTL_FACTS_PEER_DID_NOT_OFFER;
    if (r->classical)
        reason = WTL_FACTS_PEER_REFUSED;
    else if (r->service->classical_by_policy)
        reason = WTL_FACTS_BY_POLICY;
    int rc = keep_pins(r, f, &err);
    if (rc < 0) {
        failed(r, rc, &err, false);
        return;
    }
    tell(r, WTL_OK, NULL, false, reason);
    wtl_end *end = r->end;
    r->end = NULL;
    wtl_loop_timer_off(&r->timer);
    r->done(r->arg, end, r->target, NULL);
}

/* One byte, and not more: what follows it must be TLS. */
static int hear_answer(wtl_reach *r, wtl_err *err)
{
    uint8_t answer = 0;
    size_t got = 0;
    if (!r->end->readable)
        return WTL_OK;
    TRY(wtl_end_recv(r->end, &answer, 1, &got, err));
    ENSURE(!r->end->eof, err, WTL_IO, "%s closed instead of answering SSLRequest", r->target->text);
    if (got == 0)
        return WTL_OK;
    ENSURE(answer == 'S', err, WTL_POLICY, "%s does no TLS (it answered SSLRequest with 0x%02x)",
           r->target->text, answer);
    r->agreed = true;
    return WTL_OK;
}

static int weaken(const wtl_reach *r, wtl_err *err)
{
    AUTO(wtl_buf) groups = {0};
    TRY(wtl_policy_weaker(&r->service->policy, &groups, err));
    const char *list = wtl_buf_cstr(&groups);
    ENSURE(list != NULL, err, WTL_NOMEM, "out of memory");
    return wtl_link_groups(r->end->link, list, err);
}

static int make_link(wtl_reach *r, wtl_err *err)
{
    wtl_end *e = r->end;
    wtl_link *link = NULL;
    TRY(wtl_link_new(&link, r->service->worker->links, r->target->ctx, e->on.fd, (wtl_bytes){0}, err));
    wtl_end_link(e, link);
    if (r->classical)
        return weaken(r, err);
    SSL_SESSION *session = wtl_resume_take(&r->target->resume);
    if (session == NULL)
        return WTL_OK;
    int rc = wtl_link_resume(e->link, session, err);
    SSL_SESSION_free(session);
    return rc;
}

static int step(wtl_reach *r, bool *done, wtl_err *err)
{
    *done = false;
    if (r->first.n > 0 && !r->sent)
        TRY(wtl_end_send(r->end, r->first, err));
    r->sent = true;
    if (r->service->postgres && !r->asked)
        TRY(wtl_end_send(r->end, (wtl_bytes){wtl_pgssl_request, sizeof wtl_pgssl_request}, err));
    r->asked = true;
    if (r->service->postgres && !r->agreed)
        TRY(hear_answer(r, err));
    if (r->service->postgres && !r->agreed)
        return WTL_OK;
    if (r->end->link == NULL)
        TRY(make_link(r, err));
    return wtl_end_handshake(r->end, done, err);
}

static void wake(void *arg)
{
    wtl_reach *r = arg;
    wtl_err err = {0};
    bool done;
    int rc = step(r, &done, &err);
    if (rc < 0)
        failed(r, rc, &err, false);
    else if (done)
        finished(r);
}

static void dialled(void *arg, wtl_end *end, wtl_target *target, const wtl_err *why)
{
    wtl_reach *r = arg;
    if (end == NULL) {
        give_up(r, why);
        return;
    }
    r->end = end;
    r->target = target;
    end->wake = wake;
    end->arg = r;
    wtl_loop *loop = r->service->worker->loop;
    r->began = wtl_loop_now(loop);
    wtl_err err;
    if (wtl_loop_timer_at(loop, &r->timer, r->began + r->service->handshake_timeout, timed_out, r, &err) < 0)
        give_up(r, &err);
    else
        wake(r);
}

int wtl_reach_start(wtl_reach *r, wtl_err *err)
{
    r->sent = r->asked = r->agreed = false;
    r->dial = (wtl_dial){
        .service = r->service, .to = &r->service->to, .bytes_wait = true, .done = dialled, .arg = r};
    return wtl_dial_start(&r->dial, err);
}
