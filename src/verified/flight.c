#include "verified/flight.h"

#include <stdlib.h>
#include <string.h>

void wtl_flights_init(wtl_flights *all)
{
    for (unsigned i = 0; i < WTL_FLIGHT_STRIPES; i++) {
        pthread_mutex_init(&all->stripe[i].lock, NULL);
        all->stripe[i].first = NULL;
    }
}

void wtl_flights_free(wtl_flights *all)
{
    for (unsigned i = 0; i < WTL_FLIGHT_STRIPES; i++)
        pthread_mutex_destroy(&all->stripe[i].lock);
}

static unsigned stripe_of(const wtl_flight_subject *of)
{
    return of->print[0] % WTL_FLIGHT_STRIPES;
}

static bool equal(wtl_bytes a, wtl_bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static bool same(const wtl_flight_subject *a, const wtl_flight_subject *b)
{
    return memcmp(a->print, b->print, sizeof a->print) == 0 && a->epoch == b->epoch &&
           equal(a->scope, b->scope) && equal(a->subject, b->subject);
}

static wtl_flight *make(const wtl_flight_subject *of)
{
    pthread_condattr_t attr;
    wtl_flight *f = calloc(1, sizeof *f);
    if (f == NULL)
        return NULL;
    f->of = *of;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&f->ended, &attr);
    pthread_condattr_destroy(&attr);
    return f;
}

static void unmake(wtl_flight *f)
{
    pthread_cond_destroy(&f->ended);
    wtl_buf_free(&f->result);
    free(f);
}

/* With the stripe's lock. */
static enum wtl_flight_role wait_for(wtl_flight **f, pthread_mutex_t *lock, const struct timespec *limit)
{
    int rc = 0;
    (*f)->waiting++;
    while (!(*f)->done && rc == 0)
        rc = pthread_cond_timedwait(&(*f)->ended, lock, limit);
    if ((*f)->done && (*f)->good)
        return WTL_FLIGHT_GOOD;
    enum wtl_flight_role role = (*f)->done ? WTL_FLIGHT_AGAIN : WTL_FLIGHT_ALONE;
    if (--(*f)->waiting == 0 && (*f)->done)
        unmake(*f);
    *f = NULL;
    return role;
}

enum wtl_flight_role wtl_flight_join(wtl_flights *all, const wtl_flight_subject *of,
                                     const struct timespec *limit, wtl_flight **f)
{
    unsigned s = stripe_of(of);
    enum wtl_flight_role role = WTL_FLIGHT_LEAD;
    pthread_mutex_lock(&all->stripe[s].lock);
    for (*f = all->stripe[s].first; *f != NULL && !same(&(*f)->of, of); *f = (*f)->next)
        ;
    if (*f != NULL) {
        role = wait_for(f, &all->stripe[s].lock, limit);
    } else if ((*f = make(of)) != NULL) {
        (*f)->next = all->stripe[s].first;
        all->stripe[s].first = *f;
    }
    pthread_mutex_unlock(&all->stripe[s].lock);
    return role;
}

static void take_result(wtl_flight *f, const wtl_record *record, wtl_bytes result)
{
    if (record == NULL)
        return;
    f->record = *record;
    wtl_buf_bytes(&f->result, result);
    f->good = wtl_buf_check(&f->result, NULL) == WTL_OK;
}

void wtl_flight_end(wtl_flights *all, wtl_flight *f, const wtl_record *record, wtl_bytes result)
{
    if (f == NULL)
        return;
    unsigned s = stripe_of(&f->of);
    pthread_mutex_lock(&all->stripe[s].lock);
    wtl_flight **at = &all->stripe[s].first;
    while (*at != f)
        at = &(*at)->next;
    *at = f->next;
    f->done = true;
    bool alone = f->waiting == 0;
    if (!alone) {
        take_result(f, record, result);
        pthread_cond_broadcast(&f->ended);
    }
    pthread_mutex_unlock(&all->stripe[s].lock);
    if (alone)
        unmake(f);
}

void wtl_flight_drop(wtl_flights *all, wtl_flight *f)
{
    unsigned s = stripe_of(&f->of);
    pthread_mutex_lock(&all->stripe[s].lock);
    bool last = --f->waiting == 0;
    pthread_mutex_unlock(&all->stripe[s].lock);
    if (last)
        unmake(f);
}
