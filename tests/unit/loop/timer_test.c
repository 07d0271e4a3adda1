#include "unit.h"

#include <time.h>

#include "loop/loop.h"

enum { MANY = 20000, ROUNDS = 60000 };

static const int64_t MS = 1000000;

struct entry {
    wtl_loop_timer timer;
    struct world *world;
    int64_t wanted; /* as the reference has it */
    uint64_t order;
    bool set, fired;
};

/* What fires is compared with the smallest of a plain list. */
struct world {
    wtl_loop *loop;
    struct entry entry[MANY];
    uint64_t rnd, order;
    int64_t last_at;
    uint64_t last_order;
    size_t fired, set;
    wtl_err err;
};

static uint64_t rnd(struct world *w)
{
    w->rnd ^= w->rnd << 13;
    w->rnd ^= w->rnd >> 7;
    w->rnd ^= w->rnd << 17;
    return w->rnd;
}

static void random_fire(void *arg);

static void set(struct world *w, struct entry *e, int64_t at)
{
    assert_good(wtl_loop_timer_at(w->loop, &e->timer, at, random_fire, e, &w->err), &w->err);
    int64_t now = wtl_loop_now(w->loop);
    e->wanted = at > now ? at : now;
    e->order = w->order++;
    w->set += !e->set;
    e->set = true;
}

static void unset(struct world *w, struct entry *e)
{
    wtl_loop_timer_off(&e->timer);
    assert_null(e->timer.loop);
    w->set -= e->set;
    e->set = false;
}

/* Now and then moves and cancels others, and itself. */
static void random_fire(void *arg)
{
    struct entry *e = arg;
    struct world *w = e->world;
    assert_true(e->set);
    assert_null(e->timer.loop);
    assert_true(wtl_loop_now(w->loop) >= e->wanted);
    if (e->wanted < w->last_at || (e->wanted == w->last_at && e->order < w->last_order))
        fail_msg("fired out of order");
    w->last_at = e->wanted;
    w->last_order = e->order;
    e->set = false;
    e->fired = true;
    w->set--;
    w->fired++;
    struct entry *other = &w->entry[rnd(w) % MANY];
    if (rnd(w) % 4 == 0)
        unset(w, other);
    if (rnd(w) % 4 == 0)
        set(w, other, wtl_loop_now(w->loop) + (int64_t)(rnd(w) % (uint64_t)(5 * MS)));
}

static void nothing_is_lost_or_out_of_order(void **state)
{
    (void)state;
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->rnd = 88172645463325252;
    assert_good(wtl_loop_new(&w->loop, &w->err), &w->err);
    int64_t now = wtl_loop_now(w->loop);
    for (size_t i = 0; i < MANY; i++)
        w->entry[i].world = w;
    for (size_t i = 0; i < ROUNDS; i++) {
        struct entry *e = &w->entry[rnd(w) % MANY];
        if (rnd(w) % 5 == 0)
            unset(w, e);
        else
            set(w, e, now - 5 * MS + (int64_t)(rnd(w) % (uint64_t)(40 * MS)) / 1000 * 1000);
    }
    size_t at_start = w->set;
    assert_good(wtl_loop_run(w->loop, &w->err), &w->err);
    assert_true(w->fired > at_start / 2);
    assert_int_equal(w->set, 0);
    for (size_t i = 0; i < MANY; i++)
        assert_false(w->entry[i].set);
    wtl_loop_free(w->loop);
    free(w);
}

struct one {
    wtl_loop *loop;
    wtl_loop_timer timer, other;
    int fired, other_fired;
    int64_t at, seen;
    wtl_err err;
};

static void note(void *arg)
{
    struct one *o = arg;
    o->fired++;
    o->seen = wtl_loop_now(o->loop);
}

static void note_other(void *arg)
{
    struct one *o = arg;
    o->other_fired++;
}

static void is_never_early_and_hardly_late(void **state)
{
    (void)state;
    int64_t best = INT64_MAX;
    for (int i = 0; i < 50; i++) {
        struct one o = {0};
        assert_good(wtl_loop_new(&o.loop, &o.err), &o.err);
        o.at = wtl_loop_now_fresh(o.loop) + 300000 + i * 7919;
        assert_good(wtl_loop_timer_at(o.loop, &o.timer, o.at, note, &o, &o.err), &o.err);
        assert_good(wtl_loop_run(o.loop, &o.err), &o.err);
        assert_int_equal(o.fired, 1);
        assert_true(o.seen >= o.at);
        best = o.seen - o.at < best ? o.seen - o.at : best;
        wtl_loop_free(o.loop);
    }
    /* One of them ran undisturbed, however busy the machine is. */
    assert_true(best < MS);
}

/* Waiting takes no processor time: a loop that spins until its timer would burn all of it. */
static void waiting_does_not_spin(void **state)
{
    (void)state;
    struct one o = {0};
    struct timespec t0, t1;
    assert_good(wtl_loop_new(&o.loop, &o.err), &o.err);
    o.at = wtl_loop_now(o.loop) + 200 * MS;
    assert_good(wtl_loop_timer_at(o.loop, &o.timer, o.at, note, &o, &o.err), &o.err);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t0);
    assert_good(wtl_loop_run(o.loop, &o.err), &o.err);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t1);
    int64_t used = (t1.tv_sec - t0.tv_sec) * 1000000000 + t1.tv_nsec - t0.tv_nsec;
    assert_true(used < 50 * MS);
    wtl_loop_free(o.loop);
}

static void cancel_other(void *arg)
{
    struct one *o = arg;
    o->fired++;
    wtl_loop_timer_off(&o->other);
}

static void one_due_timer_cancels_another(void **state)
{
    (void)state;
    struct one o = {0};
    assert_good(wtl_loop_new(&o.loop, &o.err), &o.err);
    int64_t now = wtl_loop_now(o.loop);
    assert_good(wtl_loop_timer_at(o.loop, &o.timer, now, cancel_other, &o, &o.err), &o.err);
    assert_good(wtl_loop_timer_at(o.loop, &o.other, now, note_other, &o, &o.err), &o.err);
    assert_good(wtl_loop_run(o.loop, &o.err), &o.err);
    assert_int_equal(o.fired, 1);
    assert_int_equal(o.other_fired, 0);
    wtl_loop_timer_off(&o.other);
    wtl_loop_free(o.loop);
}

static void move_other(void *arg)
{
    struct one *o = arg;
    o->fired++;
    o->at = wtl_loop_now(o->loop) + 2 * MS;
    assert_good(wtl_loop_timer_at(o->loop, &o->other, o->at, note, o, &o->err), &o->err);
}

static void one_due_timer_moves_another(void **state)
{
    (void)state;
    struct one o = {0};
    assert_good(wtl_loop_new(&o.loop, &o.err), &o.err);
    int64_t now = wtl_loop_now(o.loop);
    assert_good(wtl_loop_timer_at(o.loop, &o.timer, now, move_other, &o, &o.err), &o.err);
    assert_good(wtl_loop_timer_at(o.loop, &o.other, now, note_other, &o, &o.err), &o.err);
    assert_good(wtl_loop_run(o.loop, &o.err), &o.err);
    assert_int_equal(o.fired, 2);
    assert_int_equal(o.other_fired, 0);
    assert_true(o.seen >= o.at);
    wtl_loop_free(o.loop);
}

static void again_at_once(void *arg)
{
    struct one *o = arg;
    o->fired++;
    if (o->other_fired == 0)
        assert_good(wtl_loop_timer_at(o->loop, &o->timer, 0, again_at_once, o, &o->err), &o->err);
}

/* It sets itself to long ago each time; the other, due after it, still has its turn. */
static void a_timer_that_is_always_due_starves_nobody(void **state)
{
    (void)state;
    struct one o = {0};
    assert_good(wtl_loop_new(&o.loop, &o.err), &o.err);
    int64_t now = wtl_loop_now(o.loop);
    assert_good(wtl_loop_timer_at(o.loop, &o.timer, 0, again_at_once, &o, &o.err), &o.err);
    assert_good(wtl_loop_timer_at(o.loop, &o.other, now + MS, note_other, &o, &o.err), &o.err);
    assert_good(wtl_loop_run(o.loop, &o.err), &o.err);
    assert_int_equal(o.other_fired, 1);
    assert_true(o.fired > 1);
    wtl_loop_free(o.loop);
}

static void can_move_to_another_loop(void **state)
{
    (void)state;
    struct one o = {0};
    wtl_loop *first = NULL;
    assert_good(wtl_loop_new(&first, &o.err), &o.err);
    assert_good(wtl_loop_new(&o.loop, &o.err), &o.err);
    assert_good(wtl_loop_timer_at(first, &o.timer, 0, note, &o, &o.err), &o.err);
    assert_good(wtl_loop_timer_at(o.loop, &o.timer, 0, note, &o, &o.err), &o.err);
    assert_good(wtl_loop_run(first, &o.err), &o.err);
    assert_int_equal(o.fired, 0);
    assert_good(wtl_loop_run(o.loop, &o.err), &o.err);
    assert_int_equal(o.fired, 1);
    wtl_loop_free(first);
    wtl_loop_free(o.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_or_out_of_order),
        cmocka_unit_test(is_never_early_and_hardly_late),
        cmocka_unit_test(waiting_does_not_spin),
        cmocka_unit_test(one_due_timer_cancels_another),
        cmocka_unit_test(one_due_timer_moves_another),
        cmocka_unit_test(a_timer_that_is_always_due_starves_nobody),
        cmocka_unit_test(can_move_to_another_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
