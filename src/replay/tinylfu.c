/* W-TinyLFU (Einziger, Friedman, Manes, "TinyLFU: a highly efficient cache admission policy", ACM TOS 2017) with a window that adapts by
 * hill climbing (Einziger, Eytan, Friedman, Manes, "Adaptive software cache management", Middleware 2018). What leaves the window
 * comes in for what has less frequency a byte. Frequencies are exact, up to 15, halved after as many requests as ten
 * times the objects that are there, or would be there if all were alike. */
#include <stdlib.h>

#include "replay/model.h"
#include "replay/queue.h"

enum where { OUT, WINDOW, PROBATION, PROTECTED };
enum { COUNT_MOST = 15, PERIOD = 10, START_PERCENT = 1, PROTECTED_PERCENT = 80 };
#define STEP 0.0625
#define STEP_KEPT 0.98
#define RESTART 0.05

typedef struct tinylfu {
    const wtl_trace *t;
    uint64_t capacity, period; /* requests, at least */
    double window_most, step, rate_before;
    uint64_t asked, found, counted; /* in this period; since counts were halved */
    uint8_t *where, *count;
    wtl_queue_link *link;
    wtl_queue window, probation, guarded;
} tinylfu;

static void tinylfu_close(void *m)
{
    tinylfu *s = m;
    if (s == NULL)
        return;
    free(s->where);
    free(s->count);
    free(s->link);
    free(s);
}

static int tinylfu_open(void **out, const wtl_trace *t, const wtl_model_options *o, wtl_err *err)
{
    tinylfu *s = calloc(1, sizeof *s);
    ENSURE(s != NULL, err, WTL_NOMEM, "out of memory");
    *s = (tinylfu){.t = t, .capacity = o->capacity};
    s->period = PERIOD * (uint64_t)((double)o->capacity * t->keys / (double)t->footprint + 1);
    s->window_most = (double)o->capacity * START_PERCENT / 100;
    s->step = -STEP * (double)o->capacity;
    s->where = calloc(t->keys, 1);
    s->count = calloc(t->keys, 1);
    s->link = calloc(t->keys, sizeof *s->link);
    wtl_queue_init(&s->window, s->link, t->size);
    wtl_queue_init(&s->probation, s->link, t->size);
    wtl_queue_init(&s->guarded, s->link, t->size);
    if (s->where == NULL || s->count == NULL || s->link == NULL) {
        tinylfu_close(s);
        return WTL_FAIL(err, WTL_NOMEM, "out of memory");
    }
    *out = s;
    return WTL_OK;
}

static wtl_queue *queue_of(tinylfu *s, uint32_t k)
{
    return s->where[k] == WINDOW ? &s->window : s->where[k] == PROBATION ? &s->probation : &s->guarded;
}

static void move(tinylfu *s, uint32_t k, enum where to)
{
    if (s->where[k] != OUT)
        wtl_queue_remove(queue_of(s, k), k);
    s->where[k] = (uint8_t)to;
    if (to != OUT)
        wtl_queue_push(queue_of(s, k), k);
}

static uint64_t used(const tinylfu *s)
{
    return s->window.bytes + s->probation.bytes + s->guarded.bytes;
}

static uint64_t period(const tinylfu *s)
{
    uint64_t n = PERIOD * (s->window.n + s->probation.n + s->guarded.n);
    return n > s->period ? n : s->period;
}

static void note(tinylfu *s, uint32_t k)
{
    s->count[k] += s->count[k] < COUNT_MOST;
    if (++s->counted < period(s))
        return;
    s->counted /= 2;
    for (uint32_t i = 0; i < s->t->keys; i++)
        s->count[i] /= 2;
}

static double density(const tinylfu *s, uint32_t k)
{
    return (double)s->count[k] / (double)s->t->size[k];
}

/* The candidate against the main part's victims. */
static void admit(tinylfu *s, uint32_t k)
{
    while (used(s) > s->capacity) {
        uint32_t victim = s->probation.oldest;
        if (victim == k || victim == WTL_QUEUE_NONE)
            victim = s->guarded.n > 0 ? s->guarded.oldest : k;
        bool wins = victim != k && density(s, k) > density(s, victim);
        move(s, wins ? victim : k, OUT);
        if (!wins)
            return;
    }
}

static void shrink_window(tinylfu *s)
{
    while (s->window.n > 0 && (double)s->window.bytes > s->window_most && s->window.n > 1) {
        uint32_t k = s->window.oldest;
        move(s, k, PROBATION);
        admit(s, k);
    }
}

/* What is over the capacity though the window is small enough: it has room for one at least. */
static void settle(tinylfu *s)
{
    shrink_window(s);
    while (used(s) > s->capacity) {
        uint32_t k = s->probation.n > 0 ? s->probation.oldest
                     : s->guarded.n > 0 ? s->guarded.oldest
                                        : s->window.oldest;
        move(s, k, OUT);
    }
}

static void climb(tinylfu *s)
{
    s->asked++;
    if (s->asked < period(s))
        return;
    double rate = (double)s->found / (double)s->asked;
    double change = rate - s->rate_before;
    double by = change >= 0 ? s->step : -s->step;
    bool far = change >= RESTART || change <= -RESTART;
    s->step = far ? STEP * (double)s->capacity * (by >= 0 ? 1 : -1) : STEP_KEPT * by;
    s->rate_before = rate;
    s->asked = s->found = 0;
    double most = s->window_most + by;
    s->window_most = most < 0 ? 0 : most > 0.8 * (double)s->capacity ? 0.8 * (double)s->capacity : most;
    wtl_queue *from;
    while ((from = s->probation.n > 0 ? &s->probation : &s->guarded)->n > 0 &&
           (double)(s->window.bytes + s->t->size[from->oldest]) <= s->window_most)
        move(s, from->oldest, WINDOW);
    shrink_window(s);
}

static void hit(tinylfu *s, uint32_t k)
{
    s->found++;
    if (s->where[k] != PROBATION) {
        wtl_queue_renew(queue_of(s, k), k);
        return;
    }
    move(s, k, PROTECTED);
    double most = ((double)s->capacity - s->window_most) * PROTECTED_PERCENT / 100;
    while (s->guarded.n > 1 && (double)s->guarded.bytes > most)
        move(s, s->guarded.oldest, PROBATION);
}

static bool tinylfu_ask(void *m, uint32_t k)
{
    tinylfu *s = m;
    bool in = s->where[k] != OUT;
    note(s, k);
    if (in) {
        hit(s, k);
    } else if (s->t->size[k] <= s->capacity) {
        move(s, k, WINDOW);
        settle(s);
    }
    climb(s);
    return in;
}

const wtl_model wtl_tinylfu_model = {
    .name = "W-TinyLFU", .open = tinylfu_open, .ask = tinylfu_ask, .close = tinylfu_close};
