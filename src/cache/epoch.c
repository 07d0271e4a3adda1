#include "cache/epoch.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int barrier_call(int command)
{
    return (int)syscall(SYS_membarrier, command, 0, 0);
}

static bool barrier_there(void)
{
    int commands = barrier_call(MEMBARRIER_CMD_QUERY);
    return commands > 0 && (commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED) != 0 &&
           barrier_call(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0;
}

int wtl_epoch_init(wtl_epoch *e, unsigned readers, bool no_membarrier, wtl_err *err)
{
    size_t n = readers * sizeof *e->readers;
    void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return WTL_FAIL_SYS(err, WTL_NOMEM, errno, "cannot have memory for %u handles of a cache", readers);
    if (madvise(p, n, MADV_WIPEONFORK) < 0) {
        int eno = errno;
        munmap(p, n);
        return WTL_FAIL_SYS(err, WTL_IO, eno, "the system cannot keep a cache's handles from a forked child");
    }
    pthread_mutex_init(&e->lock, NULL);
    e->readers = p;
    e->most = readers;
    e->membarrier = !no_membarrier && barrier_there();
    atomic_store(&e->now, 2);
    return WTL_OK;
}

void wtl_epoch_free(wtl_epoch *e)
{
    if (e->readers == NULL)
        return;
    munmap(e->readers, e->most * sizeof *e->readers);
    pthread_mutex_destroy(&e->lock);
    e->readers = NULL;
}

bool wtl_epoch_reset(wtl_epoch *e)
{
    bool alone = e->open == 0 || (!e->several && pthread_equal(e->owner, pthread_self()));
    pthread_mutex_init(&e->lock, NULL);
    e->used = 0;
    e->open = 0;
    e->several = false;
    e->membarrier = e->membarrier && barrier_there();
    return alone;
}

wtl_cache_reader *wtl_epoch_join(wtl_epoch *e)
{
    wtl_cache_reader *r = NULL;
    pthread_mutex_lock(&e->lock);
    for (unsigned i = 0; i < e->most && r == NULL; i++) {
        if (!atomic_load(&e->readers[i].open))
            r = &e->readers[i];
    }
    if (r != NULL) {
        unsigned at = (unsigned)(r - e->readers);
        e->used = at < e->used ? e->used : at + 1;
        atomic_store(&r->open, true);
        e->several = e->several || e->open > 0;
        e->open++;
        e->owner = pthread_self();
    }
    pthread_mutex_unlock(&e->lock);
    return r;
}

void wtl_epoch_part(wtl_epoch *e, wtl_cache_reader *r)
{
    pthread_mutex_lock(&e->lock);
    e->past_misses += atomic_exchange(&r->misses, 0);
    e->past_hits += atomic_exchange(&r->hits, 0);
    e->past_expired += atomic_exchange(&r->expired, 0);
    r->within = 0;
    r->cache = NULL;
    r->kind = 0;
    atomic_store(&r->epoch, 0);
    atomic_store(&r->open, false);
    e->open--;
    e->several = e->several && e->open > 0;
    pthread_mutex_unlock(&e->lock);
}

unsigned wtl_epoch_open(wtl_epoch *e)
{
    pthread_mutex_lock(&e->lock);
    unsigned n = e->open;
    pthread_mutex_unlock(&e->lock);
    return n;
}

/* Sections under way that are not of this epoch. */
static unsigned behind(const wtl_epoch *e, uint64_t epoch)
{
    unsigned n = 0;
    for (unsigned i = 0; i < e->used; i++) {
        uint64_t at = atomic_load_explicit(&e->readers[i].epoch, memory_order_acquire);
        n += at != 0 && at != epoch;
    }
    return n;
}

bool wtl_epoch_advance(wtl_epoch *e)
{
    if (pthread_mutex_trylock(&e->lock) != 0)
        return true;
    uint64_t now = atomic_load(&e->now);
    if (e->membarrier)
        barrier_call(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
    else
        atomic_thread_fence(memory_order_seq_cst);
    bool free = behind(e, now) == 0;
    if (free)
        atomic_store(&e->now, now + 1);
    pthread_mutex_unlock(&e->lock);
    return free;
}

uint32_t wtl_epoch_stamp(const wtl_epoch *e)
{
    if (!e->membarrier)
        atomic_thread_fence(memory_order_seq_cst);
    return (uint32_t)atomic_load(&e->now);
}

bool wtl_epoch_over(const wtl_epoch *e, uint32_t stamp)
{
    return (int32_t)((uint32_t)atomic_load(&e->now) - stamp) >= 2;
}

unsigned wtl_epoch_stalled(wtl_epoch *e)
{
    pthread_mutex_lock(&e->lock);
    unsigned n = behind(e, atomic_load(&e->now));
    pthread_mutex_unlock(&e->lock);
    return n;
}

void wtl_epoch_sum(wtl_epoch *e, wtl_cache_stats *out)
{
    pthread_mutex_lock(&e->lock);
    uint64_t misses = e->past_misses;
    out->hits = e->past_hits;
    out->expired = e->past_expired;
    for (unsigned i = 0; i < e->used; i++) {
        const wtl_cache_reader *r = &e->readers[i];
        misses += atomic_load_explicit(&r->misses, memory_order_relaxed);
        out->hits += atomic_load_explicit(&r->hits, memory_order_relaxed);
        out->expired += atomic_load_explicit(&r->expired, memory_order_relaxed);
    }
    out->gets = out->hits + misses;
    pthread_mutex_unlock(&e->lock);
}
