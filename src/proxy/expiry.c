#include "proxy/expiry.h"

#include <time.h>

#define SECOND INT64_C(1000000000)
#define DAY INT64_C(86400)
enum { WARN_DAYS = 30, ERROR_DAYS = 7 };

static void say_cred(wtl_service *s, const wtl_service_cred *c, int64_t now)
{
    wtl_event_sink *sink = s->worker->env->sink;
    const char *subject = wtl_cred_subject(c->cred);
    int64_t end = wtl_cred_not_after(c->cred);
    if (end == INT64_MAX || end - now >= WARN_DAYS * DAY)
        return;
    int64_t days = (end - now) / DAY;
    if (now > end)
        wtl_event_say(sink, WTL_EVENT_ERROR, "wattle.certificate.expiry", s->name,
                      "the certificate %s (%s) has expired: peers refuse it", c->path, subject);
    else
        wtl_event_say(sink, days < ERROR_DAYS ? WTL_EVENT_ERROR : WTL_EVENT_WARN, "wattle.certificate.expiry",
                      s->name, "the certificate %s (%s) expires in %lld day%s", c->path, subject,
                      (long long)days, days == 1 ? "" : "s");
}

static bool outdated(const wtl_service_cred *c, int64_t now)
{
    return wtl_cred_staple(c->cred).n > 0 && now > wtl_cred_staple_until(c->cred);
}

/* Seconds from now until there is something new to say. */
static int64_t until_next(const wtl_service *s, int64_t now)
{
    int64_t next = DAY;
    for (size_t i = 0; i < s->n_creds; i++) {
        int64_t end = wtl_cred_staple_until(s->cred[i].cred);
        if (wtl_cred_staple(s->cred[i].cred).n > 0 && end >= now && end - now + 1 < next)
            next = end - now + 1;
    }
    return next;
}

static void remind(void *arg)
{
    wtl_service *s = arg;
    wtl_loop *loop = s->worker->loop;
    int64_t now = (int64_t)time(NULL);
    bool daily = now - s->expiry_said >= DAY;
    for (size_t i = 0; i < s->n_creds; i++) {
        const wtl_service_cred *c = &s->cred[i];
        if (daily)
            say_cred(s, c, now);
        if (outdated(c, now))
            wtl_event_say(s->worker->env->sink, WTL_EVENT_WARN, "wattle.certificate.staple", s->name,
                          "the OCSP response for the certificate %s is outdated and is sent no more: fetch a "
                          "new one",
                          c->path);
    }
    if (daily)
        s->expiry_said = now;
    (void)!wtl_loop_timer_at(loop, &s->expiry, wtl_loop_now(loop) + until_next(s, now) * SECOND, remind, s,
                             NULL);
}

void wtl_expiry_begin(wtl_service *s)
{
    if (s->n_creds > 0 && s->worker->env->first)
        remind(s);
}

void wtl_expiry_end(wtl_service *s)
{
    wtl_loop_timer_off(&s->expiry);
}
