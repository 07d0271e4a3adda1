#include "loop/loop_impl.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { MARK = 4096 };

static const int64_t NS = 1000000000;

static int64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * NS + t.tv_nsec;
}

static void ring_init(wtl_loop_later *ring)
{
    ring->next = ring->prev = ring;
}

/* Where the kernel cannot clear the page in a child (before Linux 4.14), a child goes unnoticed. */
static int mark_mine(wtl_loop *loop, wtl_err *err)
{
    void *p = mmap(NULL, MARK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ENSURE(p != MAP_FAILED, err, WTL_NOMEM, "no memory for an event loop");
    (void)madvise(p, MARK, MADV_WIPEONFORK);
    loop->mine = p;
    loop->mine[0] = 1;
    return WTL_OK;
}

static int open_descriptors(wtl_loop *loop, wtl_err *err)
{
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot make an event loop");
    loop->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    struct epoll_event e = {.events = EPOLLIN | EPOLLET, .data.ptr = loop};
    if (loop->wake < 0 || epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->wake, &e) != 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot make an event loop");
    return WTL_OK;
}

int wtl_loop_new(wtl_loop **out, wtl_err *err)
{
    AUTO(wtl_loop) *loop = calloc(1, sizeof *loop);
    ENSURE(loop != NULL, err, WTL_NOMEM, "no memory for an event loop");
    loop->epoll = loop->wake = -1;
    ring_init(&loop->todo);
    ring_init(&loop->doing);
    atomic_init(&loop->posts, NULL);
    TRY(mark_mine(loop, err));
    TRY(open_descriptors(loop, err));
    loop->now = clock_ns();
    *out = loop;
    loop = NULL;
    return WTL_OK;
}

void wtl_loop_free(wtl_loop *loop)
{
    if (loop == NULL)
        return;
    if (loop->epoll >= 0)
        close(loop->epoll);
    if (loop->wake >= 0)
        close(loop->wake);
    if (loop->mine != NULL)
        munmap(loop->mine, MARK);
    free(loop->heap);
    free(loop);
}

void wtl_loop_auto(wtl_loop **loop)
{
    wtl_loop_free(*loop);
}

int64_t wtl_loop_now(const wtl_loop *loop)
{
    return loop->now;
}

int64_t wtl_loop_now_fresh(wtl_loop *loop)
{
    loop->now = clock_ns();
    return loop->now;
}

void wtl_loop_stop(wtl_loop *loop)
{
    loop->stopped = true;
}

static int add(wtl_loop *loop, wtl_loop_fd *h, int fd, uint32_t events, wtl_err *err)
{
    ENSURE(wtl_loop_is_mine(loop), err, WTL_BUG, "the event loop belongs to the process that made it");
    ENSURE(h->loop == NULL, err, WTL_BUG, "the handle of descriptor %d is registered already", h->fd);
    struct epoll_event e = {.events = events, .data.ptr = h};
    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &e) != 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot wait for descriptor %d", fd);
    h->loop = loop;
    h->fd = fd;
    loop->fds++;
    return WTL_OK;
}

int wtl_loop_fd_on(wtl_loop *loop, wtl_loop_fd *h, int fd, void (*ready)(void *arg, unsigned what), void *arg,
                   wtl_err *err)
{
    TRY(add(loop, h, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, err));
    h->ready = ready;
    h->arg = arg;
    return WTL_OK;
}

int wtl_loop_fd_listen(wtl_loop *loop, wtl_loop_fd *h, int fd, void (*ready)(void *arg, unsigned what),
                       void *arg, wtl_err *err)
{
    TRY(add(loop, h, fd, EPOLLIN | EPOLLEXCLUSIVE, err));
    h->ready = ready;
    h->arg = arg;
    return WTL_OK;
}

/* What this turn has fetched for it is never told, as its memory and number may be another's by then. */
static void forget(wtl_loop_fd *h)
{
    wtl_loop *loop = h->loop;
    h->loop = NULL;
    loop->fds--;
    for (size_t i = loop->event_at; i < loop->events; i++)
        if (loop->event[i].data.ptr == h)
            loop->event[i].data.ptr = NULL;
}

void wtl_loop_fd_off(wtl_loop_fd *h)
{
    wtl_loop *loop = h->loop;
    if (loop == NULL)
        return;
    forget(h);
    if (wtl_loop_is_mine(loop))
        (void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, h->fd, NULL);
}

void wtl_loop_fd_close(wtl_loop_fd *h)
{
    if (h->loop == NULL)
        return;
    forget(h);
    close(h->fd);
}

void wtl_loop_later_on(wtl_loop *loop, wtl_loop_later *l, void (*call)(void *arg), void *arg)
{
    l->call = call;
    l->arg = arg;
    if (l->loop == loop)
        return;
    wtl_loop_later_off(l);
    l->loop = loop;
    l->next = &loop->todo;
    l->prev = loop->todo.prev;
    l->prev->next = l;
    loop->todo.prev = l;
    loop->laters++;
}

void wtl_loop_later_off(wtl_loop_later *l)
{
    if (l->loop == NULL)
        return;
    l->prev->next = l->next;
    l->next->prev = l->prev;
    l->loop->laters--;
    l->loop = NULL;
    l->next = l->prev = NULL;
}

static void run_laters(wtl_loop *loop)
{
    if (loop->laters == 0)
        return;
    wtl_loop_later *ring = &loop->doing;
    *ring = (wtl_loop_later){.next = loop->todo.next, .prev = loop->todo.prev};
    ring->next->prev = ring->prev->next = ring;
    ring_init(&loop->todo);
    while (ring->next != ring) {
        wtl_loop_later *l = ring->next;
        wtl_loop_later_off(l);
        l->call(l->arg);
    }
}

/* Only who finds the list empty wakes the loop, and the loop takes the list only when woken: so when the node's call runs,
 * the poster no longer uses the loop, which may be freed. The release pairs with the acquire in run_posts and hands the
 * node's content over; each exchange continues the release sequence of those before it. */
void wtl_loop_post_to(wtl_loop *loop, wtl_loop_post *node)
{
    int eno = errno;
    int wake = loop->wake;
    wtl_loop_post *head = atomic_load_explicit(&loop->posts, memory_order_relaxed);
    do {
        node->next = head;
    } while (!atomic_compare_exchange_weak_explicit(&loop->posts, &head, node, memory_order_release,
                                                    memory_order_relaxed));
    static const uint64_t one = 1;
    while (head == NULL && write(wake, &one, sizeof one) < 0 && errno == EINTR)
        continue;
    errno = eno;
}

static void run_posts(wtl_loop *loop)
{
    wtl_loop_post *newest = atomic_exchange_explicit(&loop->posts, NULL, memory_order_acquire);
    wtl_loop_post *oldest = NULL;
    while (newest != NULL) {
        wtl_loop_post *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest != NULL) {
        wtl_loop_post *self = oldest;
        oldest = self->next;
        self->call(self);
    }
}

static unsigned ready_of(uint32_t events)
{
    if ((events & (EPOLLERR | EPOLLHUP)) != 0)
        return WTL_LOOP_READ | WTL_LOOP_WRITE | WTL_LOOP_GONE | WTL_LOOP_LAST;
    return ((events & EPOLLIN) != 0 ? (unsigned)WTL_LOOP_READ : 0) |
           ((events & EPOLLOUT) != 0 ? (unsigned)WTL_LOOP_WRITE : 0) |
           ((events & EPOLLRDHUP) != 0 ? (unsigned)(WTL_LOOP_READ | WTL_LOOP_LAST) : 0);
}

static void run_events(wtl_loop *loop)
{
    while (loop->event_at < loop->events) {
        const struct epoll_event *e = &loop->event[loop->event_at++];
        if (e->data.ptr == NULL)
            continue;
        if (e->data.ptr == loop) {
            run_posts(loop);
            continue;
        }
        wtl_loop_fd *h = e->data.ptr;
        h->ready(h->arg, ready_of(e->events));
    }
    loop->event_at = loop->events = 0;
}

/* Nanoseconds to wait at most, or negative for ever. */
static int64_t patience(wtl_loop *loop)
{
    if (loop->laters > 0)
        return 0;
    if (loop->timers == 0)
        return -1;
    /* The callbacks of this turn took time. */
    int64_t left = loop->heap[0].at - wtl_loop_now_fresh(loop);
    return left > 0 ? left : 0;
}

static int wait_coarse(wtl_loop *loop, int64_t ns)
{
    int64_t ms = ns < 0 ? -1 : ns / 1000000 + (ns % 1000000 != 0);
    return epoll_wait(loop->epoll, loop->event, WTL_LOOP_BATCH, ms < INT_MAX ? (int)ms : INT_MAX);
}

static int wait_fine(wtl_loop *loop, int64_t ns)
{
    struct timespec t = {.tv_sec = ns / NS, .tv_nsec = ns % NS};
    return epoll_pwait2(loop->epoll, loop->event, WTL_LOOP_BATCH, ns < 0 ? NULL : &t, NULL);
}

static int wait_events(wtl_loop *loop, wtl_err *err)
{
    int64_t ns = patience(loop);
    int n = loop->coarse ? wait_coarse(loop, ns) : wait_fine(loop, ns);
    /* EPERM is how filters of some container hosts answer what they do not know. */
    if (n < 0 && !loop->coarse && (errno == ENOSYS || errno == EPERM)) {
        loop->coarse = true;
        n = wait_coarse(loop, ns);
    }
    if (n < 0 && errno != EINTR)
        return WTL_FAIL_SYS(err, WTL_BUG, errno, "cannot wait for events");
    loop->event_at = 0;
    loop->events = n > 0 ? (size_t)n : 0;
    loop->now = clock_ns();
    return WTL_OK;
}

static bool has_work(wtl_loop *loop)
{
    return loop->fds + loop->timers + loop->laters > 0 ||
           atomic_load_explicit(&loop->posts, memory_order_relaxed) != NULL;
}

int wtl_loop_run(wtl_loop *loop, wtl_err *err)
{
    ENSURE(wtl_loop_is_mine(loop), err, WTL_BUG, "the event loop belongs to the process that made it");
    ENSURE(!loop->running, err, WTL_BUG, "the event loop runs already");
    loop->running = true;
    int rc = WTL_OK;
    while (rc == WTL_OK && !loop->stopped && has_work(loop)) {
        rc = wait_events(loop, err);
        if (rc < 0)
            break;
        run_events(loop);
        wtl_loop_timer_run(loop);
        run_laters(loop);
    }
    loop->running = loop->stopped = false;
    return rc;
}
