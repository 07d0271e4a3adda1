#include "unit.h"

#include <errno.h>
#include <pthread.h>

#include "loop/loop.h"

enum { THREADS = 4, EACH = 20000, LIVES = 300 };

struct message {
    wtl_loop_post post; /* first: the call gets its address */
    struct sender *sender;
    uint32_t number;
};

struct sender {
    pthread_t thread;
    struct inbox *inbox;
    struct message *message;
    uint32_t seen;
};

/* Read and written by the loop's thread alone. */
struct inbox {
    wtl_loop *loop;
    wtl_loop_timer open; /* keeps the loop going */
    struct sender sender[THREADS];
    uint32_t seen;
    wtl_err err;
};

static void never(void *arg)
{
    (void)arg;
    fail_msg("a time that does not come");
}

static void get(wtl_loop_post *self)
{
    struct message *m = (struct message *)self;
    struct inbox *in = m->sender->inbox;
    assert_int_equal(m->number, m->sender->seen); /* as its sender sent them */
    m->sender->seen++;
    if (++in->seen == THREADS * EACH)
        wtl_loop_stop(in->loop);
}

static void *send_all(void *arg)
{
    struct sender *s = arg;
    for (uint32_t i = 0; i < EACH; i++) {
        s->message[i] = (struct message){.post.call = get, .sender = s, .number = i};
        wtl_loop_post_to(s->inbox->loop, &s->message[i].post);
    }
    return NULL;
}

static void threads_post_and_nothing_is_lost(void **state)
{
    (void)state;
    struct inbox in = {0};
    assert_good(wtl_loop_new(&in.loop, &in.err), &in.err);
    assert_good(wtl_loop_timer_at(in.loop, &in.open, INT64_MAX, never, NULL, &in.err), &in.err);
    for (size_t i = 0; i < THREADS; i++) {
        in.sender[i].inbox = &in;
        in.sender[i].message = calloc(EACH, sizeof(struct message));
        assert_non_null(in.sender[i].message);
        assert_int_equal(pthread_create(&in.sender[i].thread, NULL, send_all, &in.sender[i]), 0);
    }
    assert_good(wtl_loop_run(in.loop, &in.err), &in.err);
    assert_int_equal(in.seen, THREADS * EACH);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(in.sender[i].thread, NULL), 0);
        free(in.sender[i].message);
    }
    wtl_loop_free(in.loop);
}

struct last {
    wtl_loop_post post;
    wtl_loop *loop;
    int calls;
};

static void stop(wtl_loop_post *self)
{
    struct last *l = (struct last *)self;
    l->calls++;
    wtl_loop_stop(l->loop);
}

static void *post_one(void *arg)
{
    struct last *l = arg;
    wtl_loop_post_to(l->loop, &l->post);
    return NULL;
}

/* As soon as the call has come the loop may go: the poster has done with it. Shown by the sanitizers. */
static void a_loop_may_be_freed_after_the_last_post(void **state)
{
    (void)state;
    for (int i = 0; i < LIVES; i++) {
        struct last l = {.post.call = stop};
        wtl_loop_timer open = {0};
        pthread_t t;
        wtl_err err;
        assert_good(wtl_loop_new(&l.loop, &err), &err);
        assert_good(wtl_loop_timer_at(l.loop, &open, INT64_MAX, never, NULL, &err), &err);
        assert_int_equal(pthread_create(&t, NULL, post_one, &l), 0);
        assert_good(wtl_loop_run(l.loop, &err), &err);
        wtl_loop_free(l.loop);
        assert_int_equal(l.calls, 1);
        assert_int_equal(pthread_join(t, NULL), 0);
    }
}

static void post_again(wtl_loop_post *self)
{
    struct last *l = (struct last *)self;
    if (++l->calls < 10)
        wtl_loop_post_to(l->loop, self);
}

/* Nothing else is registered: what was posted comes, and then the loop ends. */
static void a_pending_post_keeps_the_loop(void **state)
{
    (void)state;
    struct last l = {.post.call = post_again};
    struct last other = {.post.call = post_again};
    wtl_err err;
    assert_good(wtl_loop_new(&l.loop, &err), &err);
    other.loop = l.loop;
    errno = 77;
    wtl_loop_post_to(l.loop, &l.post);
    wtl_loop_post_to(l.loop, &other.post);
    assert_int_equal(errno, 77); /* a signal handler may post */
    assert_good(wtl_loop_run(l.loop, &err), &err);
    assert_int_equal(l.calls, 10);
    assert_int_equal(other.calls, 10);
    wtl_loop_free(l.loop);
}

/* Posts that are never taken are forgotten with the loop. */
static void a_loop_is_freed_with_posts_in_it(void **state)
{
    (void)state;
    struct last l = {.post.call = stop};
    wtl_err err;
    assert_good(wtl_loop_new(&l.loop, &err), &err);
    wtl_loop_post_to(l.loop, &l.post);
    wtl_loop_free(l.loop);
    assert_int_equal(l.calls, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_post_and_nothing_is_lost),
        cmocka_unit_test(a_loop_may_be_freed_after_the_last_post),
        cmocka_unit_test(a_pending_post_keeps_the_loop),
        cmocka_unit_test(a_loop_is_freed_with_posts_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
