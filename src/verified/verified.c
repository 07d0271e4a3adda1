#include <wattle/verified.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "verified/asking.h"
#include "verified/verified_impl.h"

enum { HANDLES = 128, HANDLES_MOST = 4096, DENIED = 4096, PERCENT = 6 };
#define SECOND UINT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define YEAR (HOUR * 24 * 366)
#define DENIED_MOST (1u << 22)
#define MIB (UINT64_C(1) << 20)
/* The ledger has a line for each verdict of this size, and then begins at the oldest again. */
#define SMALLEST 512

wtl_denied_now wtl_verified_now(const wtl_verified_cache *c)
{
    struct timespec t;
    wtl_denied_now now;
    if (c->o.wall != NULL) {
        now.wall = c->o.wall(c->o.clock_arg);
    } else {
        clock_gettime(CLOCK_REALTIME_COARSE, &t);
        now.wall = t.tv_sec;
    }
    if (c->o.monotonic_ms != NULL) {
        now.ms = c->o.monotonic_ms(c->o.clock_arg);
    } else {
        clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
        now.ms = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
    }
    return now;
}

/* ---- opening */

static void if_zero(uint64_t *option, uint64_t value)
{
    if (*option == 0)
        *option = value;
}

static void fill_in(wtl_verified_options *o)
{
    if_zero(&o->largest, o->capacity / 8 < MIB ? o->capacity / 8 : MIB);
    if_zero(&o->ttl_most_ms, HOUR);
    if_zero(&o->ttl_ms, 5 * MINUTE);
    if_zero(&o->negative_ttl_ms, 5 * SECOND);
    if_zero(&o->negative_window_ms, MINUTE);
    if_zero(&o->wait_ms, SECOND);
    o->negative_percent = o->negative_percent != 0 ? o->negative_percent : PERCENT;
    o->denied = o->denied != 0 ? o->denied : DENIED;
    o->handles = o->handles != 0 ? o->handles : HANDLES;
}

static uint64_t negative_bytes(const wtl_verified_options *o)
{
    uint64_t n = o->capacity / 100 * o->negative_percent;
    return o->no_negatives ? 0 : n > WTL_CACHE_CAPACITY_LEAST ? n : WTL_CACHE_CAPACITY_LEAST;
}

static int check(const wtl_verified_options *o, wtl_err *err)
{
    ENSURE(o->capacity >= WTL_VERIFIED_CAPACITY_LEAST && o->capacity <= UINT64_C(1) << 46, err, WTL_USAGE,
           "a verification cache's capacity of %llu bytes is out of bounds: it is 256 KiB to 64 TiB",
           (unsigned long long)o->capacity);
    ENSURE(o->largest <= (o->capacity - negative_bytes(o)) / 2 && o->largest < UINT32_MAX, err, WTL_USAGE,
           "a verification cache of %llu bytes cannot hold verdicts of %llu: the largest is half of what is "
           "there for "
           "them",
           (unsigned long long)o->capacity, (unsigned long long)o->largest);
    ENSURE(o->ttl_most_ms <= YEAR && o->negative_ttl_ms <= YEAR && o->negative_window_ms <= 24 * HOUR &&
               o->wait_ms <= YEAR,
           err, WTL_USAGE, "a verdict's time to live is at most a year, the window for a second no a day");
    ENSURE(o->negative_percent <= 50 && o->denied <= DENIED_MOST && o->handles <= HANDLES_MOST, err,
           WTL_USAGE,
           "a verification cache keeps at most half for verdicts of no, denies at most %u ids and has at "
           "most %d "
           "handles",
           DENIED_MOST, HANDLES_MOST);
    return WTL_OK;
}

static int open_cache(wtl_cache **out, const wtl_verified_options *o, uint64_t capacity, wtl_err *err)
{
    uint64_t largest = o->largest < capacity / 2 ? o->largest : capacity / 2;
    wtl_cache_options c = {.capacity = capacity,
                           .max_value = largest,
                           .readers = o->handles,
                           .small_pages = o->small_pages,
                           .lazy = o->lazy,
                           .clock_ms = o->monotonic_ms,
                           .clock_arg = o->clock_arg};
    return wtl_cache_open(out, &c, err);
}

static int make_secrets(wtl_verified_cache *c, wtl_err *err)
{
    const wtl_fingerprint *way;
    enum wtl_cpu_level level = wtl_cpu_forced();
    const char *name = c->o.cpu_level;
    for (int i = 0; name != NULL && i <= WTL_CPU_LEVELS; i++) {
        ENSURE(i < WTL_CPU_LEVELS, err, WTL_USAGE, "there is no processor level of the name that was given");
        level = (enum wtl_cpu_level)i;
        if (strcmp(name, wtl_cpu_name(level)) == 0)
            break;
    }
    TRY(wtl_fingerprint_pick(&way, level, err));
    c->print = way->of;
    c->cpu_level = way->name;
    if (RAND_priv_bytes((uint8_t *)&c->of_subjects, sizeof c->of_subjects) != 1 ||
        RAND_priv_bytes((uint8_t *)&c->of_ids, sizeof c->of_ids) != 1)
        return WTL_FAIL_OSSL(err, WTL_BUG, "cannot have random bytes for a verification cache");
    return WTL_OK;
}

static int open_ledger(wtl_verified_cache *c, wtl_err *err)
{
    const wtl_verified_options *o = &c->o;
    uint64_t most = o->capacity / SMALLEST;
    if (o->tenant_entries == 0 && o->tenant_bytes == 0)
        return WTL_OK;
    return wtl_ledger_new(&c->ledger, o->tenant_entries, o->tenant_bytes,
                          (uint32_t)(most < 1u << 30 ? most : 1u << 30), err);
}

static int set_up(wtl_verified_cache *c, const wtl_verified_options *o, wtl_err *err)
{
    c->o = *o;
    fill_in(&c->o);
    TRY(check(&c->o, err));
    TRY(make_secrets(c, err));
    TRY(wtl_denied_init(&c->denied, c->o.denied, err));
    TRY(open_ledger(c, err));
    uint64_t negative = negative_bytes(&c->o);
    TRY(open_cache(&c->yes, &c->o, c->o.capacity - negative, err));
    if (negative != 0)
        TRY(open_cache(&c->no, &c->o, negative, err));
    c->pid = getpid();
    return WTL_OK;
}

static void free_all(wtl_verified_cache *c)
{
    (void)wtl_cache_close(c->yes, NULL); /* nothing of it is open */
    (void)wtl_cache_close(c->no, NULL);
    wtl_ledger_free(c->ledger);
    wtl_denied_free(&c->denied);
    wtl_flights_free(&c->flights);
    pthread_mutex_destroy(&c->lock);
    OPENSSL_cleanse(&c->of_subjects, sizeof c->of_subjects);
    OPENSSL_cleanse(&c->of_ids, sizeof c->of_ids);
    free(c);
}

int wtl_verified_open(wtl_verified_cache **out, const wtl_verified_options *o, wtl_err *err)
{
    *out = NULL;
    wtl_verified_cache *c = aligned_alloc(64, sizeof *c);
    ENSURE(c != NULL, err, WTL_NOMEM, "out of memory for a verification cache");
    memset(c, 0, sizeof *c);
    pthread_mutex_init(&c->lock, NULL);
    wtl_flights_init(&c->flights);
    int rc = set_up(c, o, err);
    if (rc < 0) {
        free_all(c);
        return rc;
    }
    *out = c;
    return WTL_OK;
}

void wtl_verified_adopt(wtl_verified_cache *c)
{
    pid_t pid = getpid();
    if (c->pid == pid)
        return;
    pthread_mutex_init(&c->lock, NULL);
    wtl_flights_init(&c->flights); /* those of the parent's threads end there */
    wtl_denied_adopt(&c->denied);
    c->handles = NULL;
    c->n_handles = 0;
    c->life++;
    c->pid = pid;
}

int wtl_verified_close(wtl_verified_cache *c, wtl_err *err)
{
    if (c == NULL)
        return WTL_OK;
    wtl_verified_adopt(c);
    pthread_mutex_lock(&c->lock);
    unsigned n = c->n_handles;
    pthread_mutex_unlock(&c->lock);
    ENSURE(n == 0, err, WTL_BUSY, "a verification cache cannot be closed while %u handles of it are open", n);
    free_all(c);
    return WTL_OK;
}

/* ---- handles */

static void free_handle(wtl_verified_handle *h)
{
    wtl_buf_free(&h->result);
    free(h);
}

static void close_readers(wtl_verified_handle *h)
{
    wtl_cache_reader_close(h->yes);
    wtl_cache_reader_close(h->no);
}

/* The quotas of a child whose cache begins empty begin so too. */
static void adopt_ledger(wtl_verified_cache *c)
{
    wtl_cache_stats s;
    wtl_cache_stats_read(c->yes, &s);
    wtl_ledger_adopt(c->ledger, s.entries == 0);
}

static int open_readers(wtl_verified_handle *h, wtl_err *err)
{
    TRY(wtl_cache_reader_open(&h->yes, h->c->yes, err));
    if (h->c->no != NULL)
        TRY(wtl_cache_reader_open(&h->no, h->c->no, err));
    return WTL_OK;
}

int wtl_verified_handle_open(wtl_verified_handle **out, wtl_verified_cache *c, wtl_err *err)
{
    *out = NULL;
    bool child = c->pid != getpid();
    wtl_verified_adopt(c);
    wtl_verified_handle *h = calloc(1, sizeof *h);
    ENSURE(h != NULL, err, WTL_NOMEM, "out of memory for a handle of a verification cache");
    h->c = c;
    h->life = c->life;
    int rc = open_readers(h, err);
    if (child && c->ledger != NULL)
        adopt_ledger(c);
    if (rc < 0) {
        close_readers(h);
        free_handle(h);
        return rc;
    }
    pthread_mutex_lock(&c->lock);
    h->next = c->handles;
    c->handles = h;
    c->n_handles++;
    pthread_mutex_unlock(&c->lock);
    *out = h;
    return WTL_OK;
}

static void part(wtl_verified_cache *c, wtl_verified_handle *h)
{
    pthread_mutex_lock(&c->lock);
    wtl_verified_handle **at = &c->handles;
    while (*at != h)
        at = &(*at)->next;
    *at = h->next;
    c->n_handles--;
    for (unsigned i = 0; i < WTL_VERIFIED_COUNTS; i++)
        c->past[i] += atomic_load_explicit(&h->count[i], memory_order_relaxed);
    pthread_mutex_unlock(&c->lock);
}

void wtl_verified_handle_close(wtl_verified_handle *h)
{
    if (h == NULL)
        return;
    wtl_verified_cache *c = h->c;
    if (h->life == c->life && c->pid == getpid()) {
        wtl_verified_done(h);
        close_readers(h);
        part(c, h);
    }
    free_handle(h);
}

/* ---- asking */

void wtl_verified_done(wtl_verified_handle *h)
{
    wtl_cache_reader *r = h->inside;
    h->inside = NULL;
    if (r != NULL && h->life == h->c->life)
        wtl_cache_leave(r);
}

int wtl_verified(wtl_verified_handle *h, const wtl_verified_ask *ask, wtl_verified_fn *verify, void *arg,
                 wtl_verified_answer *answer, wtl_err *err)
{
    *answer = (wtl_verified_answer){.text = NULL};
    ENSURE(h->life == h->c->life, err, WTL_USAGE,
           "this handle is not of this process: after fork open one in the child");
    ENSURE(!h->calling, err, WTL_USAGE, "this handle waits for its callback: ask with another one");
    wtl_verified_done(h);
    h->ask = ask;
    int rc = wtl_asking(h, verify, arg, answer, err);
    h->ask = NULL;
    if (rc != WTL_OK && rc != WTL_NO)
        *answer = (wtl_verified_answer){.text = NULL};
    return rc;
}

/* ---- what the callback says */

int wtl_verified_result(wtl_verified_verdict *v, wtl_bytes result, wtl_err *err)
{
    wtl_verified_handle *h = v->own;
    ENSURE(result.n < UINT32_MAX, err, WTL_USAGE, "a verdict's result is at most 4 GiB");
    wtl_buf_free(&h->result);
    wtl_buf_bytes(&h->result, result);
    int rc = wtl_buf_check(&h->result, err);
    if (rc < 0)
        wtl_buf_free(&h->result);
    return rc;
}

int wtl_verified_id(wtl_verified_verdict *v, const char *name, wtl_bytes value, wtl_err *err)
{
    wtl_verified_handle *h = v->own;
    ENSURE(h->record.n_ids < WTL_VERIFIED_IDS, err, WTL_USAGE, "a verdict has at most %d ids",
           WTL_VERIFIED_IDS);
    wtl_verified_id_of(h->c, name, value, h->record.id[h->record.n_ids++]);
    return WTL_OK;
}

void wtl_verified_key(wtl_verified_verdict *v, const uint8_t key[WTL_VERIFIED_KEY])
{
    wtl_verified_handle *h = v->own;
    h->record.has_key = true;
    memcpy(h->record.key, key, WTL_VERIFIED_KEY);
}

/* ---- taking verdicts back */

int wtl_verified_deny(wtl_verified_cache *c, const char *name, wtl_bytes value, int64_t until, wtl_err *err)
{
    uint8_t id[WTL_FINGERPRINT];
    wtl_verified_id_of(c, name, value, id);
    return wtl_denied_add(&c->denied, id, until, wtl_verified_now(c), err);
}

int wtl_verified_allow(wtl_verified_cache *c, const char *name, wtl_bytes value)
{
    uint8_t id[WTL_FINGERPRINT];
    wtl_verified_id_of(c, name, value, id);
    return wtl_denied_remove(&c->denied, id, wtl_verified_now(c));
}

void wtl_verified_revoke_all(wtl_verified_cache *c)
{
    atomic_fetch_add(&c->epoch, 1); /* with a full fence, as a denial */
}

/* ---- statistics */

static void add_cache(wtl_verified_stats *out, wtl_cache *cache, uint64_t *entries)
{
    wtl_cache_stats s;
    if (cache == NULL)
        return;
    wtl_cache_stats_read(cache, &s);
    *entries = s.entries;
    out->entry_bytes += s.entry_bytes;
    out->capacity += s.capacity;
}

void wtl_verified_stats_read(wtl_verified_cache *c, wtl_verified_stats *out)
{
    uint64_t sum[WTL_VERIFIED_COUNTS];
    pthread_mutex_lock(&c->lock);
    memcpy(sum, c->past, sizeof sum);
    for (const wtl_verified_handle *h = c->handles; h != NULL; h = h->next) {
        for (unsigned i = 0; i < WTL_VERIFIED_COUNTS; i++)
            sum[i] += atomic_load_explicit(&h->count[i], memory_order_relaxed);
    }
    *out = (wtl_verified_stats){.handles = c->n_handles, .cpu_level = c->cpu_level};
    pthread_mutex_unlock(&c->lock);
#define X(name) out->name = sum[WTL_COUNT_##name];
#include "verified/counter.def"
#undef X
    add_cache(out, c->yes, &out->entries);
    add_cache(out, c->no, &out->negative_entries);
    pthread_mutex_lock(&c->denied.lock);
    out->denials = c->denied.used;
    pthread_mutex_unlock(&c->denied.lock);
}
