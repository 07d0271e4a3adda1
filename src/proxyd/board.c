#include "proxyd/board.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/secret.h"
#include "proxy/event.h"
#include "tls/ticket.h"

enum { SERIES = 4096, TRIES = 1000 };

struct slot {
    _Atomic pid_t pid;
    _Atomic unsigned generation, index, state;
    _Atomic uint64_t connections;
};

/* The writer fills the half that is not shown and then shows it: `turn` odd or even says which. A reader that saw the same turn before and after its
 * copy was not overtaken: the half it read is written again only after the turn went on (release and acquire on `turn`, and the fence between). */
struct text {
    _Atomic uint64_t turn;
    _Atomic uint32_t n[2];
    uint8_t half[2][WTL_BOARD_TEXT];
};

struct shared {
    struct slot slot[WTL_BOARD_SLOTS];
    struct text text[WTL_BOARD_TEXTS];
};

struct wtl_board {
    struct shared *shared;
    uint8_t *secret; /* a page */
    size_t page;
    wtl_metric *metrics;
    wtl_pin *pins;
};

const char *wtl_board_state_name(enum wtl_board_state s)
{
    static const char *const names[] = {"free", "starting", "serving", "draining", "ending"};
    return s <= WTL_BOARD_ENDING ? names[s] : "unknown";
}

static void *map(size_t n, int flags)
{
    void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

static int make_secret(wtl_board *b, wtl_err *err)
{
    b->page = (size_t)sysconf(_SC_PAGESIZE);
    b->secret = map(b->page, MAP_PRIVATE);
    ENSURE(b->secret != NULL, err, WTL_NOMEM, "no memory for the secret of session tickets");
    madvise(b->secret, b->page, MADV_DONTDUMP);
    wtl_board_secret_lock(b);
    ssize_t got;
    do
        got = getrandom(b->secret, WTL_TICKET_SECRET, 0);
    while (got < 0 && errno == EINTR);
    if (got != WTL_TICKET_SECRET)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "no random bytes for the secret of session tickets");
    return WTL_OK;
}

static int fill(wtl_board *b, wtl_err *err)
{
    b->shared = map(sizeof *b->shared, MAP_SHARED);
    ENSURE(b->shared != NULL, err, WTL_NOMEM, "no memory for what the workers share");
    TRY(make_secret(b, err));
    TRY(wtl_metric_new(&b->metrics, wtl_proxy_metrics(), WTL_PROXY_METRICS, SERIES, err));
    return wtl_pin_new(&b->pins, err);
}

int wtl_board_new(wtl_board **out, wtl_err *err)
{
    wtl_board *b = calloc(1, sizeof *b);
    ENSURE(b != NULL, err, WTL_NOMEM, "no memory for what the workers share");
    int rc = fill(b, err);
    if (rc < 0) {
        wtl_board_free(b);
        return rc;
    }
    *out = b;
    return WTL_OK;
}

void wtl_board_free(wtl_board *b)
{
    if (b == NULL)
        return;
    wtl_board_secret_forget(b);
    wtl_pin_free(b->pins);
    wtl_metric_free(b->metrics);
    if (b->shared != NULL)
        munmap(b->shared, sizeof *b->shared);
    free(b);
}

wtl_metric *wtl_board_metrics(const wtl_board *b)
{
    return b->metrics;
}

wtl_pin *wtl_board_pins(const wtl_board *b)
{
    return b->pins;
}

wtl_bytes wtl_board_secret(const wtl_board *b)
{
    return (wtl_bytes){b->secret, b->secret != NULL ? WTL_TICKET_SECRET : 0};
}

/* Where the limit on locked memory is too small the page is merely out of core files. */
void wtl_board_secret_lock(const wtl_board *b)
{
    if (mlock(b->secret, b->page) != 0)
        errno = 0;
}

void wtl_board_secret_forget(wtl_board *b)
{
    if (b->secret == NULL)
        return;
    wtl_secret_wipe(b->secret, b->page);
    munmap(b->secret, b->page);
    b->secret = NULL;
}

void wtl_board_set(wtl_board *b, unsigned slot, const wtl_board_worker *w)
{
    struct slot *s = &b->shared->slot[slot];
    s->pid = w->pid;
    s->generation = w->generation;
    s->index = w->index;
    s->connections = w->connections;
    s->state = w->state;
}

void wtl_board_state_set(wtl_board *b, unsigned slot, enum wtl_board_state state)
{
    b->shared->slot[slot].state = state;
}

void wtl_board_connections(wtl_board *b, unsigned slot, uint64_t n)
{
    b->shared->slot[slot].connections = n;
}

void wtl_board_get(const wtl_board *b, unsigned slot, wtl_board_worker *out)
{
    struct slot *s = &b->shared->slot[slot];
    *out = (wtl_board_worker){.pid = s->pid,
                              .generation = s->generation,
                              .index = s->index,
                              .state = (enum wtl_board_state)s->state,
                              .connections = s->connections};
}

int wtl_board_write(wtl_board *b, enum wtl_board_text which, wtl_bytes text, wtl_err *err)
{
    ENSURE(text.n <= WTL_BOARD_TEXT, err, WTL_POLICY,
           "the description of the services has %zu bytes, %d are the most", text.n, WTL_BOARD_TEXT);
    struct text *t = &b->shared->text[which];
    uint64_t next = atomic_load_explicit(&t->turn, memory_order_relaxed) + 1;
    atomic_thread_fence(memory_order_release);
    memcpy(t->half[next & 1], text.p, text.n);
    atomic_store_explicit(&t->n[next & 1], (uint32_t)text.n, memory_order_relaxed);
    atomic_store_explicit(&t->turn, next, memory_order_release);
    return WTL_OK;
}

int wtl_board_read(const wtl_board *b, enum wtl_board_text which, wtl_buf *out, wtl_err *err)
{
    struct text *t = &b->shared->text[which];
    size_t before = out->n;
    for (int i = 0; i < TRIES; i++) {
        uint64_t turn = atomic_load_explicit(&t->turn, memory_order_acquire);
        uint32_t n = atomic_load_explicit(&t->n[turn & 1], memory_order_relaxed);
        ENSURE(n <= WTL_BOARD_TEXT, err, WTL_FORMAT, "the shared memory of the workers is damaged");
        wtl_buf_add(out, t->half[turn & 1], n);
        TRY(wtl_buf_check(out, err));
        atomic_thread_fence(memory_order_acquire);
        if (atomic_load_explicit(&t->turn, memory_order_relaxed) == turn)
            return WTL_OK;
        out->n = before;
    }
    return WTL_FAIL(err, WTL_BUSY, "the state of the workers changes all the time");
}
