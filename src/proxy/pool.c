#include "proxy/pool.h"

#include <stdlib.h>
#include <string.h>

#define MILLISECOND INT64_C(1000000)
#define FIRST_WAIT (100 * MILLISECOND)
#define MOST_WAIT (30000 * MILLISECOND)
enum { MOST_EARLY = 256 * 1024 };

typedef struct wtl_pool_one {
    struct wtl_pool_one *next, *prev;
    wtl_pool *pool;
    wtl_reach reach;
    wtl_end *end; /* NULL: not ready yet */
    wtl_target *target;
    int64_t until;
    uint8_t *early;
    size_t n_early;
} wtl_pool_one;

struct wtl_pool {
    wtl_service *service;
    wtl_pool_one *first, *last; /* the longest ready first */
    size_t n;
    bool running;
    int64_t wait;
    wtl_loop_timer again, idle;
};

int wtl_pool_new(wtl_pool **out, wtl_service *service, wtl_err *err)
{
    *out = calloc(1, sizeof **out);
    ENSURE(*out != NULL, err, WTL_NOMEM, "out of memory");
    **out = (wtl_pool){.service = service, .wait = FIRST_WAIT};
    return WTL_OK;
}

static void unlink_one(wtl_pool_one *o)
{
    wtl_pool *p = o->pool;
    if (o->prev != NULL)
        o->prev->next = o->next;
    else
        p->first = o->next;
    if (o->next != NULL)
        o->next->prev = o->prev;
    else
        p->last = o->prev;
    o->next = o->prev = NULL;
    p->n--;
}

static void append(wtl_pool *p, wtl_pool_one *o)
{
    o->prev = p->last;
    o->next = NULL;
    if (p->last != NULL)
        p->last->next = o;
    else
        p->first = o;
    p->last = o;
    p->n++;
}

static void count(wtl_pool *p, int by)
{
    wtl_metric_live(p->service->worker->env->sink->metrics, p->service->pooled, by);
}

static void discard(wtl_pool_one *o)
{
    unlink_one(o);
    wtl_reach_stop(&o->reach);
    if (o->end != NULL)
        count(o->pool, -1);
    wtl_end_free(o->end);
    free(o->early);
    free(o);
}

static void fill(wtl_pool *p);

static void try_again(void *arg)
{
    fill(arg);
}

static void later(wtl_pool *p)
{
    wtl_loop *loop = p->service->worker->loop;
    if (!p->running || p->again.loop != NULL)
        return;
    if (wtl_loop_timer_at(loop, &p->again, wtl_loop_now(loop) + p->wait, try_again, p, NULL) < 0)
        return; /* the next one that is taken fills up */
    p->wait = p->wait * 2 > MOST_WAIT ? MOST_WAIT : p->wait * 2;
}

static void lost(wtl_pool_one *o)
{
    wtl_pool *p = o->pool;
    discard(o);
    later(p);
}

/* Tickets come here, and greetings of protocols in which the server speaks first. */
static void wake(void *arg)
{
    wtl_pool_one *o = arg;
    wtl_worker *w = o->pool->service->worker;
    size_t got = 1;
    while (wtl_end_can_read(o->end) && o->n_early < MOST_EARLY) {
        if (wtl_end_read(o->end, w->scratch, WTL_WORKER_SCRATCH, &got, NULL) < 0 || o->end->eof) {
            lost(o);
            return;
        }
        uint8_t *p = got == 0 ? o->early : realloc(o->early, o->n_early + got);
        if (p == NULL && got > 0) {
            lost(o);
            return;
        }
        if (got == 0)
            break;
        o->early = p;
        memcpy(o->early + o->n_early, w->scratch, got);
        o->n_early += got;
    }
    if (wtl_end_flush(o->end, NULL) < 0 || o->end->gone)
        lost(o);
}

/* Those that were ready for too long. */
static void too_old(void *arg)
{
    wtl_pool *p = arg;
    wtl_loop *loop = p->service->worker->loop;
    int64_t now = wtl_loop_now(loop);
    int64_t next = INT64_MAX;
    wtl_pool_one *following;
    for (wtl_pool_one *o = p->first; o != NULL; o = following) {
        following = o->next;
        if (o->end != NULL && o->until <= now) {
            (void)!wtl_end_shut(o->end, NULL);
            discard(o);
        } else if (o->end != NULL && o->until < next)
            next = o->until;
    }
    if (next != INT64_MAX)
        (void)!wtl_loop_timer_at(loop, &p->idle, next, too_old, p, NULL);
}

static void ready(void *arg, wtl_end *end, wtl_target *target, const wtl_err *why)
{
    wtl_pool_one *o = arg;
    wtl_pool *p = o->pool;
    (void)why;
    if (end == NULL) {
        lost(o);
        return;
    }
    wtl_loop *loop = p->service->worker->loop;
    o->end = end;
    o->target = target;
    o->until = wtl_loop_now(loop) + p->service->pool_idle;
    end->wake = wake;
    end->arg = o;
    count(p, 1);
    unlink_one(o);
    append(p, o);
    if (p->idle.loop == NULL)
        (void)!wtl_loop_timer_at(loop, &p->idle, o->until, too_old, p, NULL);
    wake(o);
}

static bool add(wtl_pool *p)
{
    wtl_pool_one *o = calloc(1, sizeof *o);
    if (o == NULL)
        return false;
    o->pool = p;
    o->reach = (wtl_reach){.service = p->service, .done = ready, .arg = o};
    append(p, o);
    if (wtl_reach_start(&o->reach, NULL) == WTL_OK)
        return true;
    discard(o);
    return false;
}

static void fill(wtl_pool *p)
{
    while (p->running && p->n < p->service->pool_size) {
        if (!add(p)) {
            later(p);
            return;
        }
    }
}

void wtl_pool_start(wtl_pool *p)
{
    p->running = true;
    fill(p);
}

void wtl_pool_stop(wtl_pool *p)
{
    p->running = false;
    wtl_loop_timer_off(&p->again);
    wtl_loop_timer_off(&p->idle);
    while (p->first != NULL) {
        if (p->first->end != NULL)
            (void)!wtl_end_shut(p->first->end, NULL);
        discard(p->first);
    }
}

void wtl_pool_free(wtl_pool *p)
{
    if (p == NULL)
        return;
    wtl_pool_stop(p);
    free(p);
}

wtl_end *wtl_pool_take(wtl_pool *p, wtl_target **target, uint8_t **early, size_t *n_early)
{
    wtl_pool_one *o = p->first;
    while (o != NULL && o->end == NULL)
        o = o->next;
    wtl_end *end = NULL;
    if (o != NULL) {
        end = o->end;
        *target = o->target;
        *early = o->early;
        *n_early = o->n_early;
        o->end = NULL;
        o->early = NULL;
        count(p, -1);
        discard(o);
        p->wait = FIRST_WAIT;
    }
    if (p->again.loop == NULL)
        fill(p);
    return end;
}
